import assert from "node:assert/strict";
import { test } from "node:test";

import { type CheckMessage, readCheckMessage, SpokenCheck } from "../src/index.js";
import { refused, turned } from "./refused.js";
import { vectors } from "./vectors.js";

const file = vectors("digits");
const transcript = file.at("transcript").bytes;
const unused = new Uint8Array(32);

/** Fails if there is nothing to answer. */
function said(message: CheckMessage | undefined): CheckMessage {
  assert.ok(message !== undefined);
  return message;
}

function nonce(number: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(32).fill(number);
}

test("three checks go as in the vectors, word by word, and a fourth is refused", async () => {
  const host = new SpokenCheck("host", transcript);
  const guest = new SpokenCheck("guest", transcript);
  for (const vector of file.at("host_begins").list) {
    const first = await host.start(vector.at("host_nonce").bytes);
    const second = said(await guest.handle(first, vector.at("guest_nonce").bytes));
    const third = said(await host.handle(second, unused));
    const fourth = said(await guest.handle(third, unused));
    assert.equal(await host.handle(fourth, unused), undefined);
    assert.deepEqual([first, second, third, fourth], vector.at("said").raw);
    for (const message of [first, second, third, fourth]) {
      assert.deepEqual(readCheckMessage(JSON.stringify(message)), message);
    }
    assert.deepEqual([host.digits, guest.digits], [vector.at("digits").text, vector.at("digits").text]);
    assert.equal(host.personSays(true), undefined);
    assert.equal(guest.personSays(true), undefined);
    assert.ok(host.isCompared && guest.isCompared);
  }
  await refused(() => host.start(nonce(99)), "TooManyRuns");
});

test("both may begin at once", async () => {
  const [host, guest] = [new SpokenCheck("host", transcript), new SpokenCheck("guest", transcript)];
  const [byHost, byGuest] = [await host.start(nonce(1)), await guest.start(nonce(2))];
  const [hostShows, guestShows] = [await host.handle(byGuest, unused), await guest.handle(byHost, unused)];
  assert.equal(await host.handle(said(guestShows), unused), undefined);
  assert.equal(await guest.handle(said(hostShows), unused), undefined);
  assert.ok(host.digits !== undefined);
  assert.equal(host.digits, guest.digits);
});

test("who shows another number than was promised is refused, and the run is over", async () => {
  const [host, guest] = [new SpokenCheck("host", transcript), new SpokenCheck("guest", transcript)];
  const commits = await guest.handle(await host.start(nonce(1)), nonce(2));
  await host.handle(said(commits), unused);
  const another = readCheckMessage(`{"step":"reveal","run":1,"nonce":"${"A".repeat(43)}"}`);
  await refused(() => host.handle(another, unused), "NotCommitted");
  assert.equal(host.digits, undefined);
});

test("two who do not agree on everything do not see digits at all", async () => {
  const [host, guest] = [new SpokenCheck("host", transcript), new SpokenCheck("guest", turned(transcript, 31))];
  const commits = await guest.handle(await host.start(nonce(1)), nonce(2));
  const reveals = await host.handle(said(commits), unused);
  await refused(() => guest.handle(said(reveals), unused), "NotCommitted");
});

test("a commitment cannot be sent back to who made it", async () => {
  const host = new SpokenCheck("host", transcript);
  const commits = await host.start(nonce(1));
  const reveals = await host.handle(commits, unused);
  await refused(() => host.handle(said(reveals), unused), "NotCommitted");
});

test("a check out of turn is refused, a nonce serves once, and another transcript takes the level away", async () => {
  const [host, guest] = [new SpokenCheck("host", transcript), new SpokenCheck("guest", transcript)];
  await refused(() => host.personSays(true), "OutOfTurn");
  await refused(() => host.handle(readCheckMessage('{"step":"reveal","run":1,"nonce":""}'), unused), "NotCommitted");
  const third = said(await host.handle(said(await guest.handle(await host.start(nonce(1)), nonce(2))), unused));
  await refused(() => host.start(nonce(3)), "OutOfTurn");
  await host.handle(said(await guest.handle(third, unused)), unused);
  host.personSays(true);
  await refused(() => host.start(nonce(1)), "NonceUsedBefore");
  host.setTranscript(transcript);
  assert.ok(host.isCompared);
  host.setTranscript(turned(transcript, 0));
  assert.ok(!host.isCompared);
});

test("a person who finds the digits different ends it for good on both sides", async () => {
  const [host, guest] = [new SpokenCheck("host", transcript), new SpokenCheck("guest", transcript)];
  const third = said(await host.handle(said(await guest.handle(await host.start(nonce(1)), nonce(2))), unused));
  await host.handle(said(await guest.handle(third, unused)), unused);
  const differ = said(host.personSays(false));
  await refused(() => guest.handle(differ, unused), "Differ");
  await refused(() => guest.start(nonce(4)), "OutOfTurn");
  await refused(() => host.handle({ step: "commit", run: 2, hash: "A".repeat(43) }, nonce(5)), "Differ");
});
