/** What a first box proves: who sealed it, and what they say of themselves (docs/trust.md, "Boxes"). */

import { type Role, ROLE_BYTE } from "./bundle.js";
import { type Bytes, framed, join, type Reader, same, unsigned, utf8 } from "./bytes.js";
import { isName, nameHash } from "./chain.js";
import { demandSignature, type SigningKey } from "./ed25519.js";
import { SUITE_IDS } from "./hpke.js";
import { SCHEME } from "./box_layout.js";
import { demand } from "./refusal.js";

/** One epoch of one direction. */
export interface Direction {
  readonly from: Role;
  readonly epoch: number;
  /** 16 bytes. */
  readonly visit: Bytes;
  readonly hostBundle: Bytes;
  readonly guestBundle: Bytes;
}

/** HPKE's info: all that both must agree on. */
export function sealInfo({ from, epoch, visit, hostBundle, guestBundle }: Direction): Bytes {
  const scheme = unsigned(SCHEME, 1);
  const direction = unsigned(ROLE_BYTE[from], 1);
  return framed("housecall seal v1", scheme, SUITE_IDS, visit, unsigned(epoch, 4), direction, hostBundle, guestBundle);
}

/** What we say of ourselves: a host the name whose hash is certified, a guest its device, if it shall be known again. */
export type OwnFacts =
  | { readonly role: "host"; readonly name: string; readonly salt: Bytes }
  | { readonly role: "guest"; readonly device?: SigningKey };

/** What the other side says of itself, verified. */
export type PeerFacts =
  | { readonly role: "host"; readonly name: string; readonly salt: Bytes }
  | { readonly role: "guest"; readonly device: Bytes | null };

/** The bytes of our facts in a first box of this `enc` and `info`. */
export async function factBytes(facts: OwnFacts, enc: Bytes, info: Bytes): Promise<Bytes> {
  if (facts.role === "host") {
    const name = utf8(facts.name);
    return join(unsigned(name.length, 1), name, facts.salt);
  }
  if (facts.device === undefined) {
    return unsigned(0, 1);
  }
  const { publicKey } = facts.device;
  return join(unsigned(1, 1), publicKey, await facts.device.sign(framed(KNOWN_DEVICE, enc, info)));
}

/** Reads facts and proves them: a host's by `expectedName`, the hash in its certificate; a guest's by its own key. */
export async function readFacts(
  reader: Reader,
  role: Role,
  enc: Bytes,
  info: Bytes,
  expectedName: Bytes | undefined,
): Promise<PeerFacts> {
  if (role === "host") {
    const name = reader.text(reader.unsigned(1));
    const salt = reader.take(16);
    const isCertified = expectedName !== undefined && same(await nameHash(name, salt), expectedName);
    demand(isName(name) && isCertified, "NameNotCertified");
    return { role, name, salt };
  }
  const known = reader.unsigned(1);
  reader.demand(known === 0 || known === 1);
  if (known === 0) {
    return { role, device: null };
  }
  const device = reader.take(32);
  await demandSignature(device, reader.take(64), framed(KNOWN_DEVICE, enc, info), "DeviceProof");
  return { role, device };
}

/** What the bundle's key signs in a first box; `rest` is all that follows the signature. */
export function firstBoxMessage(enc: Bytes, info: Bytes, rest: Bytes): Bytes {
  return framed("housecall first box v1", enc, info, rest);
}

const KNOWN_DEVICE = "housecall known device v1";
