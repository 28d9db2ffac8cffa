import assert from "node:assert/strict";
import { test } from "node:test";

import {
  clinicKey,
  demandSignature,
  fromBase64url,
  hasLowOrder,
  hasSmallOrder,
  inviteKey,
  preSharedKey,
  readLink,
  readSheet,
  recoveryBoxKey,
  sha256,
  signingKey,
  toBase64url,
  utf8,
  writeLink,
  writeSheet,
} from "../src/index.js";
import { refused } from "./refused.js";
import { hex, vectors } from "./vectors.js";

test("a link and what its secret gives are those of the vectors", async () => {
  for (const vector of vectors("invite").list) {
    const text = vector.at("link").text;
    const link = readLink(` ${text}\n`);
    assert.equal(writeLink(link), text);
    assert.deepEqual(link.secret, vector.at("secret").bytes);
    assert.deepEqual(link.invite, vector.at("invite").bytes);
    assert.deepEqual(link.clinic, vector.at("clinic_fingerprint").bytes);
    assert.equal(link.epoch, vector.at("epoch").number);
    assert.deepEqual((await inviteKey(link.secret)).publicKey, vector.at("invite_key").bytes);
    assert.deepEqual((await preSharedKey(link.secret, link.invite)).key, vector.at("psk").bytes);
  }
});

test("a link that was cut, changed or lengthened is refused", async () => {
  for (const text of vectors("invite").list.map((vector) => vector.at("link").text)) {
    for (let length = 0; length < text.length; length += 1) {
      // What is left of the epoch is an epoch too.
      if (!/\.\d{1,6}$/.test(text.slice(0, length)) && !/#1\.[^.]{43}\.[^.]{43}$/.test(text.slice(0, length))) {
        await refused(() => readLink(text.slice(0, length)), "Link");
      }
    }
    await refused(() => readLink(`${text}.1`), "Link");
    await refused(() => readLink(text.replace("housecall:", "http:")), "Link");
    await refused(() => readLink(text.replace("#1.", "#2.")), "LaterVersion");
    await refused(() => readLink(text.replace(/\d+$/, "07")), "Link");
    await refused(() => readLink(text.replace(/\d+$/, "4294967296")), "Link");
    const pin = new Uint8Array(32).fill(0xb7);
    const pinned = `${text}.${toBase64url(pin)}`;
    assert.deepEqual(readLink(pinned).pin, pin);
    assert.equal(writeLink(readLink(pinned)), pinned);
    await refused(() => readLink(pinned.replace("housecall:", "https:")), "Link");
    await refused(() => readLink(text.replace("clinic.example", "0x7f.1")), "Link");
  }
});

test("a sheet and what it gives are those of the vectors", async () => {
  for (const vector of vectors("recovery").list) {
    const [secret, sheet] = [vector.at("secret").bytes, vector.at("sheet").text];
    assert.equal(writeSheet(secret), sheet);
    assert.deepEqual(readSheet(sheet), secret);
    assert.deepEqual(readSheet(` ${sheet.toLowerCase().replaceAll("0", "o").replaceAll("1", "l")}\n`), secret);
    assert.deepEqual(await sha256((await clinicKey(secret)).publicKey), vector.at("clinic_fingerprint").bytes);
    assert.deepEqual((await recoveryBoxKey(secret)).publicKey, vector.at("box_public").bytes);
  }
});

test("every slip on a sheet is refused", async () => {
  for (const sheet of vectors("recovery").list.map((vector) => vector.at("sheet").text)) {
    for (let at = 0; at < sheet.length; at += 1) {
      for (const wrong of "0123456789ABCDEFGHJKMNPQRSTVWXYZU") {
        if (sheet[at] !== "-" && sheet[at] !== wrong) {
          await refused(() => readSheet(sheet.slice(0, at) + wrong + sheet.slice(at + 1)), "Sheet");
        }
      }
    }
    await refused(() => readSheet(sheet.slice(1)), "Sheet");
    await refused(() => readSheet(`${sheet}0`), "Sheet");
  }
});

test("base64url has one form", async () => {
  for (let length = 0; length < 9; length += 1) {
    const bytes = new Uint8Array(length).map((_, at) => 250 + at * 7);
    assert.equal(toBase64url(bytes), Buffer.from(bytes).toString("base64url"));
    assert.deepEqual(fromBase64url(toBase64url(bytes)), bytes);
  }
  for (const wrong of ["A", "AB", "AAB", "AAAAA", "AA==", "A+", "A/", "A A", "AAé"]) {
    await refused(() => fromBase64url(wrong), "Malformed");
  }
});

test("a signature by a key of small order, which anybody can make, is refused", async () => {
  const identity = hex(`01${"00".repeat(31)}`);
  const anybodys = new Uint8Array([...identity, ...new Uint8Array(32)]);
  await refused(() => demandSignature(identity, anybodys, utf8("anything"), "WrongSignature"), "WrongSignature");
  const honest = await signingKey(new Uint8Array(32).fill(9));
  const message = utf8("a message");
  const signature = await honest.sign(message);
  await demandSignature(honest.publicKey, signature, message, "WrongSignature");
  assert.ok(!hasSmallOrder(honest.publicKey));
  for (let at = 0; at < signature.length; at += 1) {
    const changed = signature.map((byte, index) => (index === at ? byte ^ 0x10 : byte));
    await refused(() => demandSignature(honest.publicKey, changed, message, "WrongSignature"), "WrongSignature");
  }
});

test("points of low order are seen, and others not", async () => {
  // RFC 7748, section 6.1, and their twins above p.
  const low = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ];
  for (const point of low) {
    assert.ok(await hasLowOrder(hex(point)), point);
  }
  assert.ok(!(await hasLowOrder(hex(`09${"00".repeat(31)}`))));
});
