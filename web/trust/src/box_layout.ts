/** The bytes of a box: its head, its sizes, its content (docs/trust.md, "Boxes"). */

import { type Bytes, join, Reader, unsigned, utf8 } from "./bytes.js";
import { ENC_BYTES, TAG_BYTES } from "./hpke.js";
import { demand } from "./refusal.js";

/** What stands before the sealed bytes, and is HPKE's additional data. */
export interface Head {
  readonly epoch: number;
  /** 0 is the first of its epoch. */
  readonly number: number;
}

/** A box, taken apart. */
export interface Layout extends Head {
  /** The bytes of the head. */
  readonly head: Bytes;
  /** Of a first box; else nothing. */
  readonly enc: Bytes;
  readonly sealed: Bytes;
}

/** What is sealed, behind signature and facts. */
export type Content =
  | { readonly kind: "message"; readonly json: string }
  /** Asks for what is missing from here on. */
  | { readonly kind: "askAgain"; readonly epoch: number; readonly next: number }
  /** Of a later version: to be passed over. */
  | { readonly kind: "unknown" };

/** What we seal. */
export type OwnContent = Exclude<Content, { readonly kind: "unknown" }>;

/** The scheme of these boxes. */
export const SCHEME = 1;

/** The head's bytes. */
export function headBytes({ epoch, number }: Head): Bytes {
  return join(unsigned(SCHEME, 1), unsigned(epoch, 4), unsigned(number, 4));
}

/** Takes a box apart; refuses another scheme and what is not a size of boxes. */
export function parseBox(bytes: Bytes): Layout {
  const reader = new Reader(bytes);
  const scheme = reader.unsigned(1);
  demand(scheme <= SCHEME, "LaterScheme");
  // Scheme 0 is not sealed at all.
  demand(scheme === SCHEME && isBoxSize(bytes.length), "Malformed");
  const epoch = reader.unsigned(4);
  const number = reader.unsigned(4);
  const enc = reader.take(number === 0 ? ENC_BYTES : 0);
  return { epoch, number, head: bytes.slice(0, HEAD_BYTES), enc, sealed: reader.rest() };
}

/** The content's bytes, with zeros so that the whole box has a size of boxes; `before` comes before it, inside. */
export function paddedContent(content: OwnContent, head: Head, before: Bytes): Bytes {
  const [kind, bytes] =
    content.kind === "message"
      ? [1, utf8(content.json)]
      : [2, join(unsigned(content.epoch, 4), unsigned(content.next, 4))];
  const plain = join(before, unsigned(kind, 1), unsigned(bytes.length, 2), bytes);
  const around = HEAD_BYTES + (head.number === 0 ? ENC_BYTES : 0) + TAG_BYTES;
  return join(plain, new Uint8Array(boxSize(around + plain.length) - around - plain.length));
}

/** Reads the content to the end; refuses a padding that is not zeros. */
export function readContent(reader: Reader): Content {
  const kind = reader.unsigned(1);
  const length = reader.unsigned(2);
  const content = reader.fork(length);
  reader.demand(reader.rest().every((byte) => byte === 0));
  if (kind === 1) {
    return { kind: "message", json: content.text(content.left) };
  }
  if (kind !== 2) {
    return { kind: "unknown" };
  }
  const [epoch, next] = [content.unsigned(4), content.unsigned(4)];
  content.end();
  return { kind: "askAgain", epoch, next };
}

/** The least size of boxes that holds so many bytes. */
function boxSize(bytes: number): number {
  const { step } = STEPS.find(({ to }) => bytes <= to) ?? { step: 0 };
  if (step === 0) {
    throw new RangeError(`a box holds ${MOST_BOX_BYTES} bytes at most, not ${bytes}`);
  }
  return Math.max(Math.ceil(bytes / step) * step, LEAST_BOX_BYTES);
}

function isBoxSize(bytes: number): boolean {
  return bytes <= MOST_BOX_BYTES && boxSize(bytes) === bytes;
}

const LEAST_BOX_BYTES = 256;
const MOST_BOX_BYTES = 16_384;
const STEPS = [
  { to: 1024, step: 64 },
  { to: 4096, step: 256 },
  { to: MOST_BOX_BYTES, step: 1024 },
] as const;

const HEAD_BYTES = 9;
