import assert from "node:assert/strict";
import { test } from "node:test";

import { readInnerMessage } from "../src/index.js";
import { refused } from "./refused.js";
import { vectors } from "./vectors.js";

const [first, , second] = vectors("sealed").at("boxes").list;
assert.ok(first !== undefined && second !== undefined);
const [offer, answer] = [first.at("message").text, second.at("message").text];

/** The offer with this put in the place of that, which must be there. */
function offerWith(that: string, instead: string): string {
  assert.ok(offer.includes(that), that);
  return offer.replace(that, instead);
}

function candidate(change: Readonly<Record<string, unknown>>): string {
  const where = { transport: "udp", address: "192.0.2.1", port: 9, kind: "relay" };
  const good = { foundation: "1", component: 1, priority: 9, ...where };
  return JSON.stringify({ kind: "candidates", generation: 0, candidates: [{ ...good, ...change }] });
}

test("an offer and an answer are read field by field", () => {
  const message = readInnerMessage(offer);
  assert.ok(message.kind === "offer");
  assert.deepEqual(message.parameters, {
    ice: { ufrag: "ufrag", password: "a+password+of+22+chars" },
    fingerprint: new Uint8Array(32).fill(1),
    setup: "active",
    srtp: ["aead_aes_256_gcm", "aead_aes_128_gcm"],
    voice: { payloadType: 111, redPayloadType: 63, ssrc: 1 },
    picture: { payloadType: 102, ssrc: 2, rtxPayloadType: 103, rtxSsrc: 3, profileLevelId: "42e01f" },
    extensions: { mid: 1, transportCc: 2 },
  });
  assert.equal(readInnerMessage(answer).kind, "answer");
});

test("unknown fields, kinds, reasons and profiles are passed over", () => {
  assert.equal(readInnerMessage(offerWith('"generation":0', '"generation":0,"new":{"a":[]}')).kind, "offer");
  assert.deepEqual(readInnerMessage('{"kind":"dance","generation":"x"}'), { kind: "unknown" });
  assert.deepEqual(readInnerMessage('{"kind":"bye","reason":"tired"}'), { kind: "bye", reason: "unknown" });
  const message = readInnerMessage(offerWith('"srtp":[', '"srtp":["aes_cm_128_hmac_sha1_80",'));
  assert.ok(message.kind === "offer" && message.parameters.srtp.length === 2);
});

test("a connection that somebody else could read is refused by name", async () => {
  const fingerprint = /\{"hash":"sha-256","value":"[^"]*"\}/.exec(offer)?.[0] ?? "";
  await refused(() => readInnerMessage(offerWith('"keying":"dtls_srtp",', "")), "NotDtlsSrtp");
  await refused(() => readInnerMessage(offerWith("dtls_srtp", "sdes")), "NotDtlsSrtp");
  await refused(() => readInnerMessage(offerWith(fingerprint, "")), "NoFingerprint");
  await refused(() => readInnerMessage(offerWith(fingerprint, `${fingerprint},${fingerprint}`)), "SeveralFingerprints");
  await refused(() => readInnerMessage(offerWith('"sha-256"', '"sha-1"')), "FingerprintHash");
});

test("parameters out of their range are refused", async () => {
  const changes: readonly (readonly [string, string])[] = [
    ['"ufrag":"ufrag"', '"ufrag":"ufr"'],
    ['"ufrag":"ufrag"', '"ufrag":"ufr\\r\\na"'],
    ['"password":"a+password+of+22+chars"', '"password":"short"'],
    ["01:01", "0101"],
    ["01:01", "0g:01"],
    ['"setup":"active"', '"setup":"holdconn"'],
    ['"srtp":["aead_aes_256_gcm","aead_aes_128_gcm"]', '"srtp":["aes_cm_128_hmac_sha1_80"]'],
    ['"srtp":[', '"srtp":[7,'],
    ['"payload_type":111', '"payload_type":95'],
    ['"payload_type":111', '"payload_type":102'],
    ['"red_payload_type":63', '"red_payload_type":64'],
    ['"red_payload_type":63', '"red_payload_type":111'],
    ['"ssrc":1', '"ssrc":0'],
    ['"ssrc":1', '"ssrc":2'],
    ['"ssrc":1', '"ssrc":4294967296'],
    ['"ssrc":1', '"ssrc":1.5'],
    ['"42e01f"', '"64e01f"'],
    ['"42e01f"', '"42801f"'],
    ['"42e01f"', '"42e01"'],
    ['"42e01f"', '"42e01g"'],
    ['"mid":1', '"mid":15'],
    ['"mid":1', '"mid":2'],
    ['"generation":0', '"generation":-1'],
  ];
  for (const [that, instead] of changes) {
    await refused(() => readInnerMessage(offerWith(that, instead)), "Parameters");
  }
  assert.equal(readInnerMessage(offerWith('"setup":"active"', '"setup":"actpass"')).kind, "offer");
  await refused(() => readInnerMessage(answer.replace('"setup":"active"', '"setup":"actpass"')), "Parameters");
  for (const text of ["", "[]", "null", "7", "{", '{"kind":7}', '{"kind":"bye"}']) {
    await refused(() => readInnerMessage(text), "Parameters");
  }
});

test("an address that is not one machine's, one written as none is, and too much of anything is refused", async () => {
  for (const address of ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "127.0.0.1", "fe80::1"]) {
    assert.equal(readInnerMessage(candidate({ address })).kind, "candidates");
  }
  const crowds = ["0.0.0.0", "::", "224.0.0.251", "ff02::fb", "255.255.255.255", "::ffff:224.0.0.1", "::ffff:0.0.0.0"];
  const nonsense = ["", "a.example", "1.2.3", "01.2.3.4", "1.2.3.256", "fe80::1%eth0", "[::1]", "1:2", 7, null];
  for (const address of [...crowds, ...nonsense]) {
    await refused(() => readInnerMessage(candidate({ address })), "Candidate");
  }
  const changes = [{ foundation: "" }, { foundation: "a b" }, { component: 0 }, { component: 256 }];
  const numbers = [{ priority: 0 }, { priority: 2 ** 31 }, { port: 0 }, { port: 65_536 }];
  const others = [...numbers, { kind: "nearby" }, { transport: 7 }];
  for (const change of [...changes, ...others, { kind: "host", related: "10.0.0.1:9" }, { related: "nowhere" }]) {
    await refused(() => readInnerMessage(candidate(change)), "Candidate");
  }
  assert.equal(readInnerMessage(candidate({ related: "10.0.0.1:9" })).kind, "candidates");
  assert.equal(readInnerMessage(candidate({ related: "[2001:db8::2]:9" })).kind, "candidates");
  const many = { kind: "candidates", generation: 0, candidates: new Array(33).fill({}) };
  await refused(() => readInnerMessage(JSON.stringify(many)), "TooLarge");
  const long = (length: number) => `{"kind":"bye","reason":"${"x".repeat(length - 26)}"}`;
  assert.equal(readInnerMessage(long(16_384)).kind, "bye");
  await refused(() => readInnerMessage(long(16_385)), "TooLarge");
});
