import assert from "node:assert/strict";
import { test } from "node:test";

import {
  type Announced,
  type Bytes,
  checkAgain,
  type Expected,
  framed,
  guestBundle,
  hostBundle,
  inviteKey,
  isAuthentic,
  join,
  nameHash,
  type OwnBundle,
  type OwnFacts,
  preSharedKey,
  type RefusalName,
  SealedChannel,
  sealInfo,
  sha256,
  signingKey,
  type SigningKey,
  unsigned,
  utf8,
  verifyChain,
  verifyGuest,
  verifyHost,
} from "../src/index.js";
import { type ChainFields, DAY, forgeBundle, forgeChain, forgeFirstBox, GOOD, NOW, signers } from "./forge.js";
import { refused } from "./refused.js";
import { vectors } from "./vectors.js";

const keys = await signers();
const expected: Expected = { clinic: await sha256(keys.clinic.publicKey), now: NOW, leastEpoch: 0x1_0001 };
const [visit, invite, secret] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2), new Uint8Array(32).fill(3)];
const invited = await inviteKey(secret);
const psk = await preSharedKey(secret, invite);
const salt = new Uint8Array(16).fill(4);
const NAME = "Dr Grace Hopper";
const APP: Announced = { versions: { least: 1, most: 1 }, capabilities: [1, 2, 3, 4] };
const stranger = await signingKey(new Uint8Array(32).fill(66));

test("each rule of chains is kept, though all is signed", async () => {
  await verifyChain(await forgeChain(GOOD), expected);
  await verifyChain(await forgeChain(GOOD), { ...expected, now: NOW - 600n });
  await verifyChain(await forgeChain(GOOD), { ...expected, now: NOW + 7n * DAY });
  const { issuing, device, revocations } = GOOD;
  const soon = { from: NOW + 601n, until: NOW + 2n * DAY };
  const over = { from: NOW - 2n * DAY, until: NOW - 1n };
  const many = Array.from({ length: 65 }, (_, at) => BigInt(at + 10));
  const cases: readonly (readonly [Partial<ChainFields>, RefusalName])[] = [
    [{ issuing: { ...issuing, ...soon } }, "NotYetValid"],
    [{ issuing: { ...issuing, ...over } }, "Expired"],
    [{ issuing: { ...issuing, until: issuing.until + 1n } }, "TooLong"],
    [{ issuing: { ...issuing, from: NOW + 2n, until: NOW + 1n } }, "TooLong"],
    [{ issuing: { ...issuing, generation: 2 } }, "AnotherGeneration"],
    [{ device: { ...device, ...soon } }, "NotYetValid"],
    [{ device: { ...device, ...over } }, "Expired"],
    [{ device: { ...device, until: device.until + 1n } }, "TooLong"],
    [{ device: { ...device, role: 0 } }, "Malformed"],
    [{ device: { ...device, role: 5 } }, "Malformed"],
    [{ device: { ...device, serial: 9n } }, "Revoked"],
    [{ revocations: { ...revocations, ...soon } }, "NotYetValid"],
    [{ revocations: { ...revocations, ...over } }, "RevocationsExpired"],
    [{ revocations: { ...revocations, until: revocations.until + 1n } }, "TooLong"],
    [{ revocations: { ...revocations, epoch: 0x1_0000 } }, "RevocationsTooOld"],
    [{ revocations: { ...revocations, epoch: 0x2_0001 } }, "AnotherGeneration"],
    [{ revocations: { ...revocations, serials: [9n, 1n] } }, "Malformed"],
    [{ revocations: { ...revocations, serials: [1n, 1n] } }, "Malformed"],
    [{ revocations: { ...revocations, serials: many } }, "Malformed"],
  ];
  for (const [change, name] of cases) {
    await refused(async () => verifyChain(await forgeChain({ ...GOOD, ...change }), expected), name);
  }
  for (const part of ["issuing", "device", "revocations"] as const) {
    const forged = await forgeChain(GOOD, undefined, { [part]: stranger });
    await refused(() => verifyChain(forged, expected), "WrongSignature");
  }
  await verifyChain(await forgeChain({ ...GOOD, revocations: { ...revocations, serials: many.slice(1) } }), expected);
});

test("a notice must be as good as a chain, and newer", async () => {
  const chain = await verifyChain(await forgeChain(GOOD), expected);
  const notice = async (change: Partial<ChainFields>, issuedBy?: SigningKey) => {
    const all = await forgeChain({ ...GOOD, ...change }, undefined, issuedBy && { issuing: issuedBy });
    return join(all.slice(0, 147), all.slice(147 + 186));
  };
  const { issuing, revocations } = GOOD;
  assert.equal(await checkAgain(chain, await notice({}), expected), 0x1_0001);
  const lost = { ...revocations, epoch: 0x1_0002, serials: [7n] };
  await refused(async () => checkAgain(chain, await notice({ revocations: lost }), expected), "Revoked");
  const older = { ...lost, epoch: 0x1_0000 };
  const any = { ...expected, leastEpoch: 0 };
  await refused(async () => checkAgain(chain, await notice({ revocations: older }), any), "RevocationsTooOld");
  const next = { issuing: { ...issuing, generation: 2 }, revocations: { ...revocations, epoch: 0x2_0000 } };
  await refused(async () => checkAgain(chain, await notice(next), expected), "Revoked");
  const many = { ...lost, serials: Array.from({ length: 65 }, (_, at) => BigInt(at)) };
  await refused(async () => checkAgain(chain, await notice({ revocations: many }), expected), "Malformed");
  await refused(async () => checkAgain(chain, await notice({}, stranger), expected), "WrongSignature");
  const elsewhere = { ...expected, clinic: await sha256(stranger.publicKey) };
  await refused(async () => checkAgain(chain, await notice({}), elsewhere), "AnotherClinic");
  await refused(async () => checkAgain(chain, join(await notice({}), unsigned(0, 1)), expected), "Malformed");
});

/** A guest's bundle, part by part. */
function guestParts(): Record<string, Bytes> {
  return {
    head: new Uint8Array([2, 2]),
    invite,
    signing: keys.device.publicKey,
    agreement: new Uint8Array(32).fill(9),
    versions: new Uint8Array([0, 1, 0, 1]),
    capabilities: new Uint8Array([1, 0, 1]),
  };
}

test("each rule of bundles is kept, though all is signed", async () => {
  const seen = async (change: Record<string, Bytes>) => {
    const bundle = await forgeBundle(invited, ...Object.values({ ...guestParts(), ...change }));
    return verifyGuest(bundle, invited.publicKey, invite);
  };
  await seen({});
  const ascending = Array.from({ length: 33 }, (_, at) => unsigned(at, 2));
  const cases: readonly (readonly [Record<string, Bytes>, RefusalName])[] = [
    [{ head: new Uint8Array([1, 2]) }, "OlderVersion"],
    [{ head: new Uint8Array([3, 2]) }, "LaterVersion"],
    [{ head: new Uint8Array([0, 2]) }, "Malformed"],
    [{ head: new Uint8Array([2, 1]) }, "Malformed"],
    [{ signing: join(unsigned(1, 1), new Uint8Array(31)) }, "WeakKey"],
    [{ agreement: new Uint8Array(32) }, "WeakKey"],
    [{ versions: new Uint8Array([0, 2, 0, 1]) }, "Malformed"],
    [{ capabilities: new Uint8Array([2, 0, 2, 0, 1]) }, "Malformed"],
    [{ capabilities: new Uint8Array([2, 0, 1, 0, 1]) }, "Malformed"],
    [{ capabilities: join(unsigned(33, 1), ...ascending) }, "Malformed"],
    [{ chain: await forgeChain(GOOD) }, "Malformed"],
  ];
  for (const [change, name] of cases) {
    await refused(() => seen(change), name);
  }
  await seen({ capabilities: join(unsigned(32, 1), ...ascending.slice(1)) });
});

test("only a clinician's device may host", async () => {
  const bundle = async (role: number, signer: SigningKey) => {
    const chain = await forgeChain({ ...GOOD, device: { ...GOOD.device, role } });
    return (await hostBundle(signer, chain, visit, APP, new Uint8Array(64).fill(5))).bytes;
  };
  await verifyHost(await bundle(2, keys.device), visit, expected);
  for (const role of [1, 3, 4] as const) {
    await refused(async () => verifyHost(await bundle(role, keys.device), visit, { ...expected, role }), "WrongRole");
  }
  await refused(async () => verifyHost(await bundle(2, stranger), visit, expected), "WrongSignature");
});

async function own(announced: Announced = APP): Promise<Readonly<Record<"host" | "guest", OwnBundle>>> {
  const chain = await forgeChain(GOOD, await nameHash(NAME, salt));
  return {
    host: await hostBundle(keys.device, chain, visit, announced, new Uint8Array(64).fill(5)),
    guest: await guestBundle(invited, invite, announced, new Uint8Array(64).fill(6)),
  };
}

const ourName: OwnFacts = { role: "host", name: NAME, salt };

async function channel(
  our: OwnBundle,
  their: OwnBundle,
  facts: OwnFacts = our.role === "host" ? ourName : { role: "guest" },
): Promise<SealedChannel> {
  const verify = their.role === "guest" ? verifyGuest(their.bytes, invited.publicKey, invite) : undefined;
  const peer = await (verify ?? verifyHost(their.bytes, visit, expected));
  return new SealedChannel({ visit, own: our, peer, psk, facts });
}

test("two that cannot speak with each other have no channel", async () => {
  const ours = await own();
  await refused(async () => channel(ours.guest, ours.guest), "SameRole");
  await refused(async () => channel(ours.host, ours.guest, { role: "guest" }), "SameRole");
  const later = await own({ ...APP, versions: { least: 2, most: 3 } });
  await refused(async () => channel(ours.host, later.guest), "NoCommonVersion");
  await refused(async () => channel(later.host, ours.guest), "NoCommonVersion");
  const other = await own({ ...APP, capabilities: [2, 3, 4] });
  await refused(async () => channel(ours.host, other.guest), "NoCommonSuite");
});

test("what the other side itself seals in a wrong form is refused as its own fault", async () => {
  const ours = await own();
  const { host, guest } = ours;
  const bye = join(unsigned(1, 1), unsigned(29, 2), utf8('{"kind":"bye","reason":"new"}'));
  const box = (rest: (enc: Bytes, info: Bytes) => Promise<Bytes>, padding = 0, from: "guest" | "host" = "guest") => {
    const info = sealInfo({ from, epoch: 0, visit, hostBundle: host.bytes, guestBundle: guest.bytes });
    const [mine, other] = from === "guest" ? [guest, host] : [host, guest];
    const to = other.agreement.publicKey;
    return forgeFirstBox({ epoch: 0, to, info, psk, signer: mine.signing, padding, rest: (enc) => rest(enc, info) });
  };
  const byDevice = (device: SigningKey, key: Bytes, of: (enc: Bytes) => Bytes) => async (enc: Bytes, info: Bytes) =>
    join(unsigned(1, 1), key, await device.sign(framed("housecall known device v1", of(enc), info)), bye);
  const plain = async () => join(unsigned(0, 1), bye);
  const same = (enc: Bytes) => enc;
  const key = stranger.publicKey;
  const open = async (bytes: Bytes) => (await channel(host, guest)).open(bytes);
  assert.equal((await open(await box(plain))).kind, "message");
  assert.equal((await open(await box(byDevice(stranger, key, same)))).kind, "message");
  assert.equal((await open(await box(async () => new Uint8Array([0, 3, 0, 1, 9])))).kind, "unknown");
  const asks = async (length: number) => join(new Uint8Array([0, 2, 0, length]), new Uint8Array(length));
  assert.equal((await open(await box(() => asks(8)))).kind, "askAgain");
  const cases: readonly (readonly [Bytes, RefusalName])[] = [
    [await box(plain, 1), "Padding"],
    [await box(() => asks(7)), "Padding"],
    [await box(() => asks(9)), "Padding"],
    [await box(async () => new Uint8Array([0, 1, 255, 255])), "Padding"],
    [await box(async () => new Uint8Array([0, 1, 0, 1, 255])), "Padding"],
    [await box(async () => join(unsigned(2, 1), bye)), "Padding"],
    [await box(async () => new Uint8Array([0, 1, 0, 0])), "Parameters"],
    [await box(byDevice(keys.device, key, same)), "DeviceProof"],
    [await box(byDevice(stranger, key, (enc) => enc.map((byte) => byte ^ 1))), "DeviceProof"],
  ];
  for (const [bytes, name] of cases) {
    assert.ok(isAuthentic(await refused(() => open(bytes), name)));
  }
  const named = async (name: Bytes, withSalt: Bytes) =>
    box(async () => join(unsigned(name.length, 1), name, withSalt, bye), 0, "host");
  const guestOpens = async (bytes: Bytes) => (await channel(guest, host)).open(bytes);
  assert.equal((await guestOpens(await named(utf8(NAME), salt))).kind, "message");
  await refused(async () => guestOpens(await named(utf8("Dr Mallory"), salt)), "NameNotCertified");
  await refused(async () => guestOpens(await named(utf8(NAME), new Uint8Array(16))), "NameNotCertified");
});

test("a name that is none is refused, though its hash is certified", async () => {
  for (const name of ["", "a\nb", "x".repeat(65), "\u0085"]) {
    const chain = await forgeChain(GOOD, await nameHash(name, salt));
    const host = await hostBundle(keys.device, chain, visit, APP, new Uint8Array(64).fill(5));
    const { guest } = await own();
    const sends = await channel(host, guest, { role: "host", name, salt });
    await sends.beginEpoch(new Uint8Array(32).fill(1));
    const box = await sends.seal('{"kind":"offer_request"}');
    await refused(async () => (await channel(guest, host)).open(box), "NameNotCertified");
  }
});

test("a device cannot become another, or none, from one epoch to the next", async () => {
  const { host, guest } = await own();
  const device = await signingKey(new Uint8Array(32).fill(7));
  const none: OwnFacts = { role: "guest" };
  const facts: readonly OwnFacts[] = [{ ...none, device }, { ...none, device: stranger }, none];
  for (const before of facts) {
    for (const after of facts) {
      const receives = await channel(host, guest);
      const [first, second] = [await channel(guest, host, before), await channel(guest, host, after)];
      await first.beginEpoch(new Uint8Array(32).fill(1));
      await second.beginEpoch(new Uint8Array(32).fill(2));
      await second.beginEpoch(new Uint8Array(32).fill(3));
      await receives.open(await first.seal('{"kind":"offer_request"}'));
      const box = await second.seal('{"kind":"offer_request"}');
      if (before === after) {
        await receives.open(box);
      } else {
        await refused(() => receives.open(box), "DeviceProof");
      }
    }
  }
});

const [offered, , answered] = vectors("sealed").at("boxes").list;
assert.ok(offered !== undefined && answered !== undefined);
const [offer, answer] = [offered.at("message").text, answered.at("message").text];
const withoutRed = (json: string) => json.replace('"red_payload_type":63,', "");
const without256 = (json: string) => json.replace('"aead_aes_256_gcm",', "");

test("a fingerprint changes with an epoch alone, by either side", async () => {
  const { host, guest } = await own();
  const [sends, receives] = [await channel(host, guest), await channel(guest, host)];
  const changed = offer.replace("01:01", "01:02");
  await sends.beginEpoch(new Uint8Array(32).fill(1));
  await receives.open(await sends.seal(offer));
  await receives.open(await sends.seal(offer));
  await refused(() => sends.seal(changed), "FingerprintChanged");
  // What was refused was not sealed: nothing is missing.
  await receives.open(await sends.seal('{"kind":"offer_request"}'));
  // Another channel of the same host keeps no such rule.
  const forges = await channel(host, guest);
  await forges.beginEpoch(new Uint8Array(32).fill(1));
  for (let sealed = 0; sealed < 3; sealed += 1) {
    await forges.seal('{"kind":"offer_request"}');
  }
  const forged = await forges.seal(changed);
  assert.ok(isAuthentic(await refused(() => receives.open(forged), "FingerprintChanged")));
  await sends.beginEpoch(new Uint8Array(32).fill(2));
  await receives.open(await sends.seal(changed));
});

test("parameters keep to both bundles", async () => {
  const ours = await own();
  const small = await own({ ...APP, capabilities: [1, 4] });
  const says = async (from: OwnBundle, to: OwnBundle, json: string) => {
    const sends = await channel(from, to);
    await sends.beginEpoch(new Uint8Array(32).fill(1));
    const box = await sends.seal(json);
    return (await channel(to, from)).open(box);
  };
  const least = (json: string) => without256(withoutRed(json));
  await says(ours.host, ours.guest, offer);
  await says(small.host, ours.guest, least(offer));
  await says(ours.guest, small.host, least(answer));
  await refused(() => says(small.host, ours.guest, withoutRed(offer)), "NotAnnounced");
  await refused(() => says(small.host, ours.guest, without256(offer)), "NotAnnounced");
  await refused(() => says(small.guest, ours.host, answer), "NotAnnounced");
  await refused(() => says(ours.host, ours.guest, withoutRed(offer)), "Downgraded");
  await refused(() => says(ours.host, small.guest, without256(offer)), "Downgraded");
  await refused(() => says(ours.guest, ours.host, withoutRed(answer)), "Downgraded");
});
