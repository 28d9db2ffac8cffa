/** Commitments and digits of the spoken check (docs/trust.md, "The spoken check"). */

import { type Role, ROLE_BYTE } from "./bundle.js";
import { type Bytes, framed, join, Reader, unsigned, utf8 } from "./bytes.js";
import { hkdf, sha256 } from "./digest.js";

/** What is said before the nonce is shown, so that nobody can choose one by the other's. `run` counts from 1. */
export async function commitment(role: Role, run: number, transcript: Bytes, nonce: Bytes): Promise<Bytes> {
  const who = new Uint8Array([ROLE_BYTE[role], run]);
  return sha256(framed("housecall digits commitment v1", who, transcript, nonce));
}

/** The ten digits in two groups, as they are read out. */
export async function spokenDigits(
  run: number,
  transcript: Bytes,
  nonces: { readonly host: Bytes; readonly guest: Bytes },
): Promise<string> {
  const info = join(utf8("housecall digits v1"), unsigned(run, 1));
  const bytes = await hkdf(join(nonces.host, nonces.guest), transcript, info, 8);
  const digits = (new Reader(bytes).unsigned64() % 10_000_000_000n).toString().padStart(10, "0");
  return `${digits.slice(0, 5)} ${digits.slice(5)}`;
}

/** What a new device and the one that vouches for it compare, in the place of a transcript; the voucher is the host. */
export async function enrolmentTranscript(signing: Bytes, agreement: Bytes, voucherChain: Bytes): Promise<Bytes> {
  return sha256(framed("housecall enrolment v1", signing, agreement, voucherChain));
}
