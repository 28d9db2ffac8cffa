/**
 * One side of a visit, led line by line: a request of JSON on standard input, its answer on standard output. For the
 * test in which the first implementation is the other side (tests/tests/second).
 */

import { createInterface } from "node:readline";

import { Refusal } from "../../src/index.js";
import { Vector } from "../vectors.js";
import { Peer } from "./requests.js";

const peer = new Peer();
for await (const line of createInterface({ input: process.stdin })) {
  const request: unknown = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await answer(new Vector(request, "request")))}\n`);
}

/** What was asked for, or by what name it was refused. Whatever else goes wrong ends the program, and so the test. */
async function answer(request: Vector): Promise<object> {
  try {
    return { done: await peer.handle(request) };
  } catch (error) {
    if (error instanceof Refusal) {
      return { refused: error.refusal };
    }
    throw error;
  }
}
