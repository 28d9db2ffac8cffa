/** From the clinic's key to a device: the chain, and the checks that it must pass (docs/trust.md, "Certificates"). */

import { type Bytes, framed, Reader, same, utf8 } from "./bytes.js";
import {
  CLOCK_BEHIND,
  type DeviceCertificate,
  type DeviceRole,
  demandSigned,
  type IssuingCertificate,
  LONGEST,
  readDevice,
  readIssuing,
  readRevocations,
  type Revocations,
  type UnixTime,
  type Validity,
} from "./certificate.js";
import { sha256 } from "./digest.js";
import { demand, type RefusalName } from "./refusal.js";

/** A chain as it was read: nothing of it is verified. */
export interface Chain {
  readonly clinicKey: Bytes;
  readonly issuing: IssuingCertificate;
  readonly device: DeviceCertificate;
  readonly revocations: Revocations;
}

/** What a verifier knows before. */
export interface Expected {
  /** SHA-256 of the clinic's key. */
  readonly clinic: Bytes;
  readonly now: UnixTime;
  /** The link's, or the highest that this app ever saw of the clinic. */
  readonly leastEpoch: number;
  /** Any, without. */
  readonly role?: DeviceRole;
}

/** Reads a whole chain; refuses what has not its one form. */
export function parseChain(bytes: Bytes): Chain {
  const reader = new Reader(bytes);
  const clinicKey = reader.take(32);
  const issuing = readIssuing(reader);
  const device = readDevice(reader);
  const revocations = readRevocations(reader);
  reader.end();
  return { clinicKey, issuing, device, revocations };
}

/** Reads a chain and makes every check of docs/trust.md. */
export async function verifyChain(bytes: Bytes, expected: Expected): Promise<Chain> {
  const chain = parseChain(bytes);
  const { clinicKey, issuing, device, revocations } = chain;
  await demandIssuing(clinicKey, issuing, expected);
  await demandSigned(device, issuing.key, "housecall device v1", expected.clinic);
  demandValid(device.validity, LONGEST.device, expected.now, "Expired");
  await demandRevocations(revocations, issuing, expected);
  demand(!revocations.serials.includes(device.serial), "Revoked");
  demand(expected.role === undefined || device.role === expected.role, "WrongRole");
  return chain;
}

/**
 * Whether a verified device may go on, by a notice that came later. Refuses as `Revoked` if it may not: whatever is
 * going on with it is to be ended; after another refusal the notice is to be passed over. The notice's epoch, to be
 * remembered.
 */
export async function checkAgain(chain: Chain, notice: Bytes, expected: Expected): Promise<number> {
  const reader = new Reader(notice);
  const clinicKey = reader.take(32);
  const issuing = readIssuing(reader);
  const revocations = readRevocations(reader);
  reader.end();
  await demandIssuing(clinicKey, issuing, expected);
  const leastEpoch = Math.max(expected.leastEpoch, chain.revocations.epoch);
  await demandRevocations(revocations, issuing, { ...expected, leastEpoch });
  // Whoever replaced the issuing key has certified its devices anew, but for those that are lost.
  const isReplaced = issuing.generation > chain.issuing.generation;
  demand(!isReplaced && !revocations.serials.includes(chain.device.serial), "Revoked");
  return revocations.epoch;
}

/** Whether this can be the name of a person: 1 to 64 bytes of UTF-8 without control characters. */
export function isName(name: string): boolean {
  const { length } = utf8(name);
  return length >= 1 && length <= 64 && !/\p{Cc}/u.test(name);
}

/** SHA-256 of the name and its salt of 16 bytes, which stands in a device's certificate. */
export async function nameHash(name: string, salt: Bytes): Promise<Bytes> {
  return sha256(framed("housecall name v1", salt, utf8(name)));
}

async function demandIssuing(clinicKey: Bytes, issuing: IssuingCertificate, expected: Expected): Promise<void> {
  demand(same(await sha256(clinicKey), expected.clinic), "AnotherClinic");
  await demandSigned(issuing, clinicKey, "housecall issuing key v1", expected.clinic);
  demandValid(issuing.validity, LONGEST.issuing, expected.now, "Expired");
}

async function demandRevocations(
  revocations: Revocations,
  issuing: IssuingCertificate,
  expected: Expected,
): Promise<void> {
  await demandSigned(revocations, issuing.key, "housecall revocations v1", expected.clinic);
  demandValid(revocations.validity, LONGEST.revocations, expected.now, "RevocationsExpired");
  demand(revocations.epoch >>> 16 === issuing.generation, "AnotherGeneration");
  demand(revocations.epoch >= expected.leastEpoch, "RevocationsTooOld");
}

function demandValid({ from, until }: Validity, longest: bigint, now: UnixTime, over: RefusalName): void {
  demand(from <= until && until - from <= longest, "TooLong");
  demand(now + CLOCK_BEHIND >= from, "NotYetValid");
  demand(now <= until, over);
}
