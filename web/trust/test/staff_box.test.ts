import assert from "node:assert/strict";
import { test } from "node:test";

import {
  agreementKey,
  type BoxExpected,
  openStaffBox,
  type RefusalName,
  recoveryBoxKey,
  sealStaffBox,
  staffDevice,
  utf8,
} from "../src/index.js";
import { places, refused, turned } from "./refused.js";
import { vectors } from "./vectors.js";

const file = vectors("staff_box");
const box = file.at("box").bytes;
const payload = utf8(file.at("payload").text);
const context = {
  kind: file.at("kind").number,
  object: file.at("object").bytes,
  revision: file.at("revision").number,
  madeAt: BigInt(file.at("made_at").number),
};
const expected: BoxExpected = {
  clinic: file.at("clinic_fingerprint").bytes,
  kind: context.kind,
  object: context.object,
  leastRevision: context.revision,
  now: context.madeAt,
};
const reader = (await staffDevice(file.at("reader_device_secret").bytes)).agreement;
const recovery = await recoveryBoxKey(file.at("recovery_secret").bytes);
const creator = await staffDevice(file.at("creator_device_secret").bytes);

test("each reader of the vector's box opens it", async () => {
  assert.deepEqual(reader.publicKey, file.at("reader_public").bytes);
  assert.deepEqual(recovery.publicKey, file.at("recovery_public").bytes);
  for (const own of [reader, recovery]) {
    const opened = await openStaffBox(box, own, expected);
    assert.deepEqual(opened.payload, payload);
    assert.deepEqual(opened.context, context);
    assert.deepEqual(opened.creator.device.signing, creator.signing.publicKey);
  }
});

test("the same box is made from the same randomness, byte by byte", async () => {
  const chain = box.slice(64, 64 + 443);
  const readers = [reader.publicKey, recovery.publicKey];
  const by = { signing: creator.signing, chain };
  const made = await sealStaffBox(context, payload, readers, by, file.at("random").bytes);
  assert.deepEqual(made, box);
});

test("every box that the vectors refuse, truly signed and sealed, is refused by its name", async () => {
  for (const vector of file.at("refused").list) {
    await refused(() => openStaffBox(vector.at("box").bytes, reader, expected), vector.at("error").text);
  }
});

test("a box for others, about another thing, older, or from the future is refused", async () => {
  const open = (change: Partial<BoxExpected>) => openStaffBox(box, reader, { ...expected, ...change });
  await refused(async () => openStaffBox(box, await agreementKey(utf8("x".repeat(32))), expected), "NotSealedForUs");
  await refused(() => open({ kind: context.kind + 1 }), "AnotherObject");
  await refused(() => open({ object: turned(context.object, 15) }), "AnotherObject");
  await refused(() => open({ leastRevision: context.revision + 1 }), "OlderRevision");
  await refused(() => open({ now: context.madeAt - 601n }), "FromTheFuture");
  await refused(() => open({ clinic: turned(expected.clinic, 0) }), "AnotherClinic");
  await open({ now: context.madeAt - 600n });
});

test("a box with a byte changed or cut off is refused", async () => {
  const names = new Set<RefusalName>();
  for (const at of places(box)) {
    // What wraps the seed for one reader is nothing to the other.
    const own = at < box.length - 88 ? reader : recovery;
    names.add(await refused(() => openStaffBox(turned(box, at), own, expected)));
    await refused(() => openStaffBox(box.slice(0, at), reader, expected), "Malformed");
  }
  await refused(() => openStaffBox(new Uint8Array([...box, 0]), reader, expected), "Malformed");
  assert.ok(names.has("WrongSignature") && names.has("NotSealedForUs"), [...names].join());
});
