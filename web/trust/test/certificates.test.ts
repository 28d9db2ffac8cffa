import assert from "node:assert/strict";
import { test } from "node:test";

import {
  type Expected,
  nameHash,
  type RefusalName,
  sha256,
  signingKey,
  staffDevice,
  verifyChain,
} from "../src/index.js";
import { refused, turned } from "./refused.js";
import { type Vector, vectors } from "./vectors.js";

const file = vectors("certificates");

function expected(vector: Vector): Expected {
  const role = vector.at("role").isNull ? undefined : vector.at("role").number;
  assert.ok(role === undefined || role === 1 || role === 2 || role === 3 || role === 4);
  return {
    clinic: vector.at("clinic_fingerprint").bytes,
    now: BigInt(vector.at("now").number),
    leastEpoch: vector.at("least_epoch").number,
    ...(role !== undefined && { role }),
  };
}

test("every chain of the vectors is taken, or refused by its name", async () => {
  const outcomes = new Set<string>();
  for (const vector of file.at("chains").list) {
    const verify = () => verifyChain(vector.at("chain").bytes, expected(vector));
    if (vector.at("error").isNull) {
      await verify();
      outcomes.add("taken");
    } else {
      outcomes.add(await refused(verify, vector.at("error").text));
    }
  }
  assert.ok(outcomes.size > 10, [...outcomes].join());
});

test("what a good chain says is what its makers put in", async () => {
  const [good] = file.at("chains").list;
  assert.ok(good !== undefined);
  const chain = await verifyChain(good.at("chain").bytes, expected(good));
  const keys = await staffDevice(file.at("device_secret").bytes);
  assert.deepEqual(chain.device.signing, file.at("device_signing_public").bytes);
  assert.deepEqual(chain.device.agreement, file.at("device_agreement_public").bytes);
  assert.deepEqual(keys.signing.publicKey, chain.device.signing);
  assert.deepEqual(keys.agreement.publicKey, chain.device.agreement);
  assert.deepEqual(chain.device.nameHash, await nameHash(file.at("name").text, file.at("name_salt").bytes));
  assert.deepEqual(chain.device.nameHash, file.at("name_hash").bytes);
  assert.deepEqual(chain.issuing.key, (await signingKey(file.at("issuer_secret").bytes)).publicKey);
  assert.deepEqual(chain.issuing.key, file.at("issuer_public").bytes);
  const clinic = await signingKey(file.at("clinic_secret").bytes);
  assert.deepEqual(chain.clinicKey, clinic.publicKey);
  assert.deepEqual(await sha256(chain.clinicKey), good.at("clinic_fingerprint").bytes);
});

test("a chain with any byte changed, cut off or added is refused", async () => {
  const [good] = file.at("chains").list;
  assert.ok(good !== undefined);
  const chain = good.at("chain").bytes;
  const names = new Set<RefusalName>();
  for (let at = 0; at < chain.length; at += 1) {
    names.add(await refused(() => verifyChain(turned(chain, at), expected(good))));
    await refused(() => verifyChain(chain.slice(0, at), expected(good)), "Malformed");
  }
  assert.ok(names.has("AnotherClinic") && names.has("WrongSignature"), [...names].join());
  const later = chain.map((byte, at) => (at === 32 ? 2 : byte));
  await refused(() => verifyChain(later, expected(good)), "LaterVersion");
  for (const part of [32, 32 + 115, 32 + 115 + 186]) {
    const none = chain.map((byte, at) => (at === part ? 0 : byte));
    await refused(() => verifyChain(none, expected(good)), "Malformed");
  }
});
