/** Bytes: joining, framing and reading them (docs/trust.md, "Conventions"). */

import { demand, Refusal, type RefusalName } from "./refusal.js";

/** Bytes that WebCrypto takes. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** All of them, one after another. */
export function join(...parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Each part with its length, four bytes, before it. */
export function framed(label: string, ...parts: readonly Bytes[]): Bytes {
  return join(...[utf8(label), ...parts].flatMap((part) => [unsigned(part.length, 4), part]));
}

/** A number that is not negative, big endian, in this many bytes. */
export function unsigned(value: number | bigint, length: number): Bytes {
  const bytes = new Uint8Array(length);
  let left = BigInt(value);
  if (left < 0n) {
    throw new RangeError(`${value} is negative`);
  }
  for (let at = length - 1; at >= 0; at -= 1) {
    bytes[at] = Number(left & 0xffn);
    left >>= 8n;
  }
  if (left !== 0n) {
    throw new RangeError(`${value} does not go into ${length} bytes`);
  }
  return bytes;
}

/** The UTF-8 of a text. */
export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** Whether two are the same, in a time that does not tell where they differ. */
export function same(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) {
    return false;
  }
  let difference = 0;
  for (let at = 0; at < a.length; at += 1) {
    difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  }
  return difference === 0;
}

/** Reads what is hostile from the front to the end; what has not its form is refused, as `Malformed` or as told. */
export class Reader {
  readonly #bytes: Bytes;
  readonly #refusal: RefusalName;
  #at = 0;

  constructor(bytes: Bytes, refusal: RefusalName = "Malformed") {
    this.#bytes = bytes;
    this.#refusal = refusal;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** A copy of the next bytes. */
  take(length: number): Bytes {
    this.demand(length <= this.left);
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  /** A reader of the next bytes alone. */
  fork(length: number): Reader {
    return new Reader(this.take(length), this.#refusal);
  }

  /** The next bytes as UTF-8. */
  text(length: number): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(length));
    } catch (cause) {
      throw new Refusal(this.#refusal, { cause });
    }
  }

  /** Refuses unless `condition` holds. */
  demand(condition: boolean): void {
    demand(condition, this.#refusal);
  }

  /** All that is left. */
  rest(): Bytes {
    return this.take(this.left);
  }

  /** A number of one, two or four bytes. */
  unsigned(length: 1 | 2 | 4): number {
    return this.take(length).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** A number of eight bytes. */
  unsigned64(): bigint {
    return this.take(8).reduce((value, byte) => value * 256n + BigInt(byte), 0n);
  }

  /** All that was read since `start`, a value of `position`. */
  since(start: number): Bytes {
    return this.#bytes.slice(start, this.#at);
  }

  /** How many bytes were read. */
  get position(): number {
    return this.#at;
  }

  /** Refuses what follows the end. */
  end(): void {
    this.demand(this.left === 0);
  }
}
