/** What both sides then agree on (docs/trust.md, "Boxes"). */

import { type Bytes, framed } from "./bytes.js";
import { sha256 } from "./digest.js";

/** The ends of a connection, as each side knows them. */
export interface Ends {
  /** 16 bytes. */
  readonly visit: Bytes;
  readonly hostBundle: Bytes;
  readonly guestBundle: Bytes;
  /** SHA-256 of the host's DTLS certificate, 32 bytes. */
  readonly hostFingerprint: Bytes;
  readonly guestFingerprint: Bytes;
}

/** The transcript, 32 bytes. */
export async function transcript(ends: Ends): Promise<Bytes> {
  const { visit, hostBundle, guestBundle, hostFingerprint, guestFingerprint } = ends;
  const all = framed("housecall transcript v1", visit, hostBundle, guestBundle, hostFingerprint, guestFingerprint);
  return sha256(all);
}
