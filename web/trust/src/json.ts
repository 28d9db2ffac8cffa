/** JSON from outside, field by field: what is not of its kind is refused; unknown fields are passed over. */

import { Refusal, type RefusalName } from "./refusal.js";

/** An object of JSON. Each getter refuses by the name it was made with. */
export class Fields {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #refusal: RefusalName;

  constructor(value: unknown, refusal: RefusalName) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Refusal(refusal);
    }
    this.#fields = new Map<string, unknown>(Object.entries(value));
    this.#refusal = refusal;
  }

  /** Whether there is such a field; `null` is none. */
  has(name: string): boolean {
    return (this.#fields.get(name) ?? null) !== null;
  }

  text(name: string): string {
    const value = this.#fields.get(name);
    return typeof value === "string" ? value : this.#refuse();
  }

  /** A whole number from 0 to `most`. */
  number(name: string, most: number): number {
    const value = this.#fields.get(name);
    return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most ? value : this.#refuse();
  }

  /** One of these words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.text(name);
    return words.find((word) => word === value) ?? this.#refuse();
  }

  fields(name: string): Fields {
    return this.of(this.#fields.get(name));
  }

  /** Another object, refused by the same name. */
  of(value: unknown): Fields {
    return new Fields(value, this.#refusal);
  }

  /** Nothing where it is not there. */
  list(name: string): readonly unknown[] {
    const value = this.#fields.get(name) ?? [];
    return Array.isArray(value) ? (value as readonly unknown[]) : this.#refuse();
  }

  #refuse(): never {
    throw new Refusal(this.#refusal);
  }
}

/** Reads an object. */
export function readObject(text: string, refusal: RefusalName): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Refusal(refusal, { cause });
  }
  return new Fields(value, refusal);
}
