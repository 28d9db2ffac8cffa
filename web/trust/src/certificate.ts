/** The three signed parts of a chain: issuing key, device, revocations (docs/trust.md, "Certificates"). */

import { type Bytes, framed, Reader } from "./bytes.js";
import { demandSignature } from "./ed25519.js";
import { demand } from "./refusal.js";

/** Seconds since 1970. */
export type UnixTime = bigint;

/** Both ends are included. */
export interface Validity {
  readonly from: UnixTime;
  readonly until: UnixTime;
}

/** A part as it was signed. */
interface Signed {
  /** Version and fields. */
  readonly body: Bytes;
  readonly signature: Bytes;
}

/** Certifies devices and signs revocations, for the clinic. */
export interface IssuingCertificate extends Signed {
  readonly key: Bytes;
  readonly generation: number;
  readonly validity: Validity;
}

/** What a device may do. */
export type DeviceRole = 1 | 2 | 3 | 4;

/** The roles by their names. */
export const ROLES = { admin: 1, clinician: 2, frontDesk: 3, auditor: 4 } as const;

/** A device of the staff. */
export interface DeviceCertificate extends Signed {
  readonly signing: Bytes;
  readonly agreement: Bytes;
  readonly nameHash: Bytes;
  readonly role: DeviceRole;
  readonly serial: bigint;
  readonly validity: Validity;
}

/** Which devices were revoked. */
export interface Revocations extends Signed {
  /** Generation ‖ counter. */
  readonly epoch: number;
  readonly validity: Validity;
  readonly serials: readonly bigint[];
}

/** Reads an issuing key's certificate. */
export function readIssuing(reader: Reader): IssuingCertificate {
  return signed(reader, () => ({
    key: reader.take(32),
    generation: reader.unsigned(2),
    validity: readValidity(reader),
  }));
}

/** Reads a device's certificate. */
export function readDevice(reader: Reader): DeviceCertificate {
  return signed(reader, () => ({
    signing: reader.take(32),
    agreement: reader.take(32),
    nameHash: reader.take(32),
    role: readRole(reader),
    serial: reader.unsigned64(),
    validity: readValidity(reader),
  }));
}

/** Reads a statement of revocations. */
export function readRevocations(reader: Reader): Revocations {
  return signed(reader, () => ({
    epoch: reader.unsigned(4),
    validity: readValidity(reader),
    serials: readSerials(reader),
  }));
}

/** Who signs each part, by the label that it signs. */
export type PartLabel = "housecall issuing key v1" | "housecall device v1" | "housecall revocations v1";

/** Refuses a part that `signer` did not sign for the clinic of this fingerprint. */
export async function demandSigned(part: Signed, signer: Bytes, label: PartLabel, clinic: Bytes): Promise<void> {
  await demandSignature(signer, part.signature, framed(label, clinic, part.body), "WrongSignature");
}

/** Seconds that a verifier's clock may be behind. */
export const CLOCK_BEHIND: UnixTime = 600n;

const DAY: UnixTime = 86_400n;

/** How long each part may be good for. */
export const LONGEST = { issuing: 400n * DAY, device: 7n * DAY, revocations: 7n * DAY } as const;

function signed<Fields>(reader: Reader, fields: () => Fields): Fields & Signed {
  const start = reader.position;
  const version = reader.unsigned(1);
  demand(version <= 1, "LaterVersion");
  demand(version === 1, "Malformed");
  const read = fields();
  return { ...read, body: reader.since(start), signature: reader.take(64) };
}

function readValidity(reader: Reader): Validity {
  return { from: reader.unsigned64(), until: reader.unsigned64() };
}

function readRole(reader: Reader): DeviceRole {
  const role = reader.unsigned(1);
  demand(role === 1 || role === 2 || role === 3 || role === 4, "Malformed");
  return role;
}

function readSerials(reader: Reader): readonly bigint[] {
  const count = reader.unsigned(1);
  demand(count <= MOST_SERIALS, "Malformed");
  const serials = Array.from({ length: count }, () => reader.unsigned64());
  demand(ascending(serials), "Malformed");
  return serials;
}

/** Whether each is more than the one before. */
export function ascending<Value extends number | bigint>(values: readonly Value[]): boolean {
  return values.every((value, at) => {
    const before = values[at - 1];
    return before === undefined || before < value;
  });
}

const MOST_SERIALS = 64;
