/** Expecting refusals, and bytes with a fault. */

import assert from "node:assert/strict";

import { type Bytes, Refusal, type RefusalName } from "../src/index.js";

/** Fails unless this is refused, by this name if one is given. */
export async function refused(work: () => unknown, name?: string): Promise<RefusalName> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof Refusal, `not a refusal: ${String(error)}`);
    assert.equal(error.refusal, name ?? error.refusal);
    return error.refusal;
  }
  assert.fail(`was not refused${name === undefined ? "" : ` as ${name}`}`);
}

/** With one bit of one byte turned. */
export function turned(bytes: Bytes, at: number): Bytes {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}

/** Places to put a fault at: all of the beginning, where most fields are, every ninth from there on, and the last. */
export function places(bytes: Bytes): readonly number[] {
  const all = Array.from(bytes, (_, at) => at);
  return all.filter((at) => at < 64 || at % 9 === 0 || at === bytes.length - 1);
}
