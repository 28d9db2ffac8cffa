import assert from "node:assert/strict";
import { test } from "node:test";

import {
  type Announced,
  bundleId,
  guestBundle,
  hostBundle,
  inviteKey,
  isAuthentic,
  type OwnBundle,
  patientDeviceKey,
  preSharedKey,
  type RefusalName,
  type Role,
  SealedChannel,
  sealInfo,
  staffDevice,
  verifyGuest,
  verifyHost,
} from "../src/index.js";
import { places, refused, turned } from "./refused.js";
import { vectors } from "./vectors.js";

const file = vectors("sealed");
const [visit, invite] = [file.at("visit").bytes, file.at("invite").bytes];
const [hostBytes, guestBytes] = [file.at("host_bundle").bytes, file.at("guest_bundle").bytes];
const expected = {
  clinic: file.at("clinic_fingerprint").bytes,
  now: BigInt(file.at("now").number),
  leastEpoch: file.at("least_epoch").number,
};
const invited = await inviteKey(file.at("secret").bytes);
const psk = await preSharedKey(file.at("secret").bytes, invite);
const patient = await patientDeviceKey(file.at("patient_device_secret").bytes, expected.clinic);
const announced: Announced = { versions: { least: 1, most: 1 }, capabilities: [1, 2, 3, 4] };

async function ownHost(): Promise<OwnBundle> {
  const device = await staffDevice(vectors("certificates").at("device_secret").bytes);
  const chain = hostBytes.slice(95, -64);
  return hostBundle(device.signing, chain, visit, announced, file.at("host_random").bytes);
}

async function ownGuest(): Promise<OwnBundle> {
  return guestBundle(invited, invite, announced, file.at("guest_random").bytes);
}

/** Both sides as the vectors have them. */
async function channels(): Promise<Record<Role, SealedChannel>> {
  const [host, guest] = [await ownHost(), await ownGuest()];
  const seenGuest = await verifyGuest(guest.bytes, invited.publicKey, invite);
  const seenHost = await verifyHost(host.bytes, visit, expected);
  const [name, salt] = [file.at("clinician_name").text, file.at("name_salt").bytes];
  return {
    host: new SealedChannel({ visit, own: host, peer: seenGuest, psk, facts: { role: "host", name, salt } }),
    guest: new SealedChannel({ visit, own: guest, peer: seenHost, psk, facts: { role: "guest", device: patient } }),
  };
}

const other = { host: "guest", guest: "host" } as const;

function role(text: string): Role {
  assert.ok(text === "host" || text === "guest");
  return text;
}

/** Both sides after the talk of the vectors, and every box of it compared. */
async function afterTheTalk(): Promise<Record<Role, SealedChannel>> {
  const sides = await channels();
  const epochs = { host: -1, guest: -1 };
  for (const vector of file.at("boxes").list) {
    const from = role(vector.at("from").text);
    if (vector.at("epoch").number !== epochs[from]) {
      await sides[from].beginEpoch(vector.at("random").bytes);
      epochs[from] += 1;
    }
    const box = await sides[from].seal(vector.at("message").text);
    assert.deepEqual(box, vector.at("box").bytes);
    const opened = await sides[other[from]].open(box);
    assert.ok(opened.kind === "message");
    assert.equal(opened.json, vector.at("message").text);
    assert.equal(opened.epoch, vector.at("epoch").number);
  }
  return sides;
}

test("the bundles of the vectors are made again byte by byte, and verified", async () => {
  assert.deepEqual((await ownHost()).bytes, hostBytes);
  assert.deepEqual((await ownGuest()).bytes, guestBytes);
  assert.deepEqual(await bundleId(hostBytes), file.at("host_bundle_id").bytes);
  assert.deepEqual(await bundleId(guestBytes), file.at("guest_bundle_id").bytes);
  assert.deepEqual(patient.publicKey, file.at("patient_device_public").bytes);
  assert.deepEqual(psk.key, file.at("psk").bytes);
  assert.deepEqual(psk.id, file.at("psk_id").bytes);
  const both = { epoch: 0, visit, hostBundle: hostBytes, guestBundle: guestBytes };
  assert.deepEqual(sealInfo({ ...both, from: "host" }), file.at("info_of_the_hosts_epoch_0").bytes);
  assert.deepEqual(sealInfo({ ...both, from: "guest" }), file.at("info_of_the_guests_epoch_0").bytes);
});

test("a bundle with a byte changed or cut off, or of another place, is refused", async () => {
  for (const at of places(hostBytes)) {
    await refused(() => verifyHost(turned(hostBytes, at), visit, expected));
    await refused(() => verifyHost(hostBytes.slice(0, at), visit, expected));
  }
  for (const at of places(guestBytes)) {
    await refused(() => verifyGuest(turned(guestBytes, at), invited.publicKey, invite));
    await refused(() => verifyGuest(guestBytes.slice(0, at), invited.publicKey, invite));
  }
  await refused(() => verifyHost(hostBytes, turned(visit, 0), expected), "AnotherVisit");
  await refused(() => verifyGuest(guestBytes, invited.publicKey, turned(invite, 0)), "AnotherInvite");
  await refused(() => verifyHost(guestBytes, visit, expected), "Malformed");
  const weak = guestBytes.map((byte, at) => (at >= 50 && at < 82 ? 0 : byte));
  await refused(() => verifyGuest(weak, invited.publicKey, invite), "WeakKey");
});

test("every box of the vectors is sealed byte by byte, and opened, and both agree", async () => {
  const { host, guest } = await afterTheTalk();
  assert.deepEqual(await host.transcript(), file.at("transcript").bytes);
  assert.deepEqual(await guest.transcript(), file.at("transcript").bytes);
  assert.deepEqual(host.peerFacts, { role: "guest", device: patient.publicKey });
  const facts = guest.peerFacts;
  assert.ok(facts?.role === "host");
  assert.equal(facts.name, file.at("clinician_name").text);
  const asked = await guest.askAgain();
  assert.deepEqual(asked, file.at("ask_again_by_the_guest").bytes);
  assert.deepEqual(await host.open(asked), { kind: "askAgain", epoch: 1, next: 1 });
});

test("every box that the vectors refuse is refused by its name and changes nothing", async () => {
  const { guest } = await afterTheTalk();
  for (const vector of file.at("refused").list) {
    assert.equal(vector.at("to").text, "guest");
    const name = await refused(() => guest.open(vector.at("box").bytes), vector.at("error").text);
    assert.ok(!isAuthentic(name));
  }
  const opened = await guest.open(file.at("next_by_the_host").bytes);
  assert.ok(opened.kind === "message" && opened.message.kind === "end_of_candidates");
});

test("a box with a byte changed or cut off is refused, and opens afterwards as it was", async () => {
  const sides = await channels();
  const [first, second] = file.at("boxes").list;
  assert.ok(first !== undefined && second !== undefined);
  for (const box of [first.at("box").bytes, second.at("box").bytes]) {
    const names = new Set<RefusalName>();
    for (const at of places(box)) {
      const name = await refused(() => sides.guest.open(turned(box, at)));
      assert.ok(!isAuthentic(name), name);
      names.add(name);
      await refused(() => sides.guest.open(box.slice(0, at)));
    }
    assert.ok(names.has("NotSealedForUs") && names.has("Gap"), [...names].join());
    assert.equal((await sides.guest.open(box)).kind, "message");
    await refused(() => sides.guest.open(box), "Replayed");
  }
});

test("boxes that are early, late, one's own or of another channel are refused", async () => {
  const sides = await channels();
  const boxes = file.at("boxes").list.map((vector) => vector.at("box").bytes);
  const [first, second, byGuest, , anew] = boxes;
  assert.ok(first !== undefined && second !== undefined && byGuest !== undefined && anew !== undefined);
  await refused(() => sides.guest.open(second), "Gap");
  await refused(() => sides.host.open(first), "NotSealedForUs");
  await sides.guest.open(anew);
  await refused(() => sides.guest.open(first), "OldEpoch");
  await sides.host.open(byGuest);
  const parts = {
    visit: turned(visit, 3),
    own: await ownGuest(),
    peer: await verifyHost(hostBytes, visit, expected),
    facts: { role: "guest" } as const,
  };
  await refused(() => new SealedChannel({ ...parts, psk }).open(first), "NotSealedForUs");
  const wrong = { key: turned(psk.key, 0), id: psk.id };
  await refused(() => new SealedChannel({ ...parts, visit, psk: wrong }).open(first), "NotSealedForUs");
});
