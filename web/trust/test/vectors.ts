/** The vectors that the first implementation wrote, with types. */

import { readFileSync } from "node:fs";

import type { Bytes } from "../src/index.js";

/** The bytes of this hexadecimal text. */
export function hex(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** A value of JSON whose fields are asked for one by one. */
export class Vector {
  readonly #value: unknown;
  readonly #name: string;

  constructor(value: unknown, name: string) {
    this.#value = value;
    this.#name = name;
  }

  at(name: string): Vector {
    if (typeof this.#value !== "object" || this.#value === null) {
      throw new TypeError(`${this.#name} is no object`);
    }
    return new Vector(new Map<string, unknown>(Object.entries(this.#value)).get(name), `${this.#name}.${name}`);
  }

  get list(): readonly Vector[] {
    if (!Array.isArray(this.#value) || this.#value.length === 0) {
      throw new TypeError(`${this.#name} is no list with something in it`);
    }
    return (this.#value as readonly unknown[]).map((value, at) => new Vector(value, `${this.#name}[${at}]`));
  }

  get text(): string {
    if (typeof this.#value !== "string") {
      throw new TypeError(`${this.#name} is no text`);
    }
    return this.#value;
  }

  get number(): number {
    if (typeof this.#value !== "number") {
      throw new TypeError(`${this.#name} is no number`);
    }
    return this.#value;
  }

  get bytes(): Bytes {
    return hex(this.text);
  }

  get isNull(): boolean {
    return this.#value === null;
  }

  /** As it stands in the file. */
  get raw(): unknown {
    return this.#value;
  }
}

/** The vectors of one file. */
export function vectors(name: string): Vector {
  const file = new URL(`../../../../crates/trust/tests/vectors/${name}.json`, import.meta.url);
  const value: unknown = JSON.parse(readFileSync(file, "utf8"));
  return new Vector(value, name);
}
