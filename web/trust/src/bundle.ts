/** Endpoint bundles, version 2: the fresh keys of one join (docs/trust.md, "Bundles"). */

import { type Bytes, framed, join, Reader, same, unsigned } from "./bytes.js";
import { ascending } from "./certificate.js";
import { type Chain, type Expected, verifyChain } from "./chain.js";
import { sha256 } from "./digest.js";
import { demandSignature, hasSmallOrder, type SigningKey, signingKey } from "./ed25519.js";
import { demand } from "./refusal.js";
import { type AgreementKey, agreementKey, hasLowOrder } from "./x25519.js";

/** Who hosts and who was invited. */
export type Role = "host" | "guest";

/** The bytes of the roles. */
export const ROLE_BYTE = { host: 1, guest: 2 } as const;

/** What an app can. Unknown ids are kept and mean nothing. */
export const CAPABILITIES = { suite1: 1, red: 2, srtpAes256Gcm: 3, spokenCheck: 4, page: 5 } as const;

/** What a bundle says beside its keys. */
export interface Announced {
  /** Versions of the protocol, both ends included. */
  readonly versions: { readonly least: number; readonly most: number };
  /** Ascending. */
  readonly capabilities: readonly number[];
}

/** The bundle of the other side, verified. */
export interface PeerBundle extends Announced {
  readonly role: Role;
  /** All of it. */
  readonly bytes: Bytes;
  /** The invite of a guest, the visit of a host; 16 bytes. */
  readonly place: Bytes;
  readonly signing: Bytes;
  readonly agreement: Bytes;
  /** Of a host. */
  readonly chain?: Chain;
}

/** Our own bundle, with the secrets to it. */
export interface OwnBundle extends Announced {
  readonly role: Role;
  readonly bytes: Bytes;
  readonly place: Bytes;
  readonly signing: SigningKey;
  readonly agreement: AgreementKey;
  /** Of a host. */
  readonly chain?: Bytes;
}

/** Makes a guest's bundle from 64 fresh random bytes. */
export async function guestBundle(
  inviteKey: SigningKey,
  invite: Bytes,
  announced: Announced,
  random: Bytes,
): Promise<OwnBundle> {
  return ownBundle("guest", inviteKey, invite, announced, random);
}

/** Makes a host's bundle from 64 fresh random bytes, with the chain that ends in `device`. */
export async function hostBundle(
  device: SigningKey,
  chain: Bytes,
  visit: Bytes,
  announced: Announced,
  random: Bytes,
): Promise<OwnBundle> {
  return ownBundle("host", device, visit, announced, random, chain);
}

/** Verifies a guest's bundle, as the host does: by the invite and its key. */
export async function verifyGuest(bytes: Bytes, inviteKey: Bytes, invite: Bytes): Promise<PeerBundle> {
  const read = await parse(bytes, "guest");
  demand(same(read.place, invite), "AnotherInvite");
  await demandSignature(inviteKey, read.signature, read.signed, "WrongSignature");
  return read.bundle;
}

/** Verifies a host's bundle, as the guest does: by the link. The role is a clinician's whatever `expected` says. */
export async function verifyHost(bytes: Bytes, visit: Bytes, expected: Expected): Promise<PeerBundle> {
  const read = await parse(bytes, "host");
  demand(same(read.place, visit), "AnotherVisit");
  const chain = await verifyChain(read.chain, { ...expected, role: 2 });
  await demandSignature(chain.device.signing, read.signature, read.signed, "WrongSignature");
  return { ...read.bundle, chain };
}

/** What two apps mean when they speak of a bundle. */
export async function bundleId(bytes: Bytes): Promise<Bytes> {
  return sha256(framed("housecall bundle id v2", bytes));
}

async function ownBundle(
  role: Role,
  signer: SigningKey,
  place: Bytes,
  announced: Announced,
  random: Bytes,
  chain?: Bytes,
): Promise<OwnBundle> {
  if (random.length !== 64 || place.length !== 16 || !ascending(announced.capabilities)) {
    throw new RangeError("a bundle takes 64 random bytes, an id of 16 and ascending capabilities");
  }
  const signing = await signingKey(random.slice(0, 32));
  const agreement = await agreementKey(random.slice(32));
  const body = join(
    new Uint8Array([VERSION, ROLE_BYTE[role]]),
    place,
    signing.publicKey,
    agreement.publicKey,
    unsigned(announced.versions.least, 2),
    unsigned(announced.versions.most, 2),
    unsigned(announced.capabilities.length, 1),
    ...announced.capabilities.map((id) => unsigned(id, 2)),
    chain ?? new Uint8Array(0),
  );
  const bytes = join(body, await signer.sign(framed(LABEL, body)));
  return { role, bytes, place, signing, agreement, ...announced, ...(chain && { chain }) };
}

/** A bundle's fields, of which nothing is verified but the form and the keys. */
interface Parsed {
  readonly bundle: PeerBundle;
  readonly place: Bytes;
  readonly chain: Bytes;
  readonly signed: Bytes;
  readonly signature: Bytes;
}

async function parse(bytes: Bytes, role: Role): Promise<Parsed> {
  const reader = new Reader(bytes);
  const version = reader.unsigned(1);
  demand(version !== 1, "OlderVersion");
  demand(version <= VERSION, "LaterVersion");
  demand(version === VERSION && reader.unsigned(1) === ROLE_BYTE[role], "Malformed");
  const place = reader.take(16);
  const signing = reader.take(32);
  const agreement = reader.take(32);
  const versions = { least: reader.unsigned(2), most: reader.unsigned(2) };
  demand(versions.least <= versions.most, "Malformed");
  const count = reader.unsigned(1);
  demand(count <= MOST_CAPABILITIES, "Malformed");
  const capabilities = Array.from({ length: count }, () => reader.unsigned(2));
  demand(ascending(capabilities), "Malformed");
  const chain = reader.take(Math.max(reader.left - 64, 0));
  demand(role === "host" || chain.length === 0, "Malformed");
  const signed = framed(LABEL, reader.since(0));
  const signature = reader.take(64);
  demand(!hasSmallOrder(signing) && !(await hasLowOrder(agreement)), "WeakKey");
  const bundle: PeerBundle = { role, bytes, place, signing, agreement, versions, capabilities };
  return { bundle, place, chain, signed, signature };
}

const VERSION = 2;
const LABEL = "housecall bundle v2";
const MOST_CAPABILITIES = 32;
