/** SHA-256 and the derivation of keys (RFC 5869, by WebCrypto). */

import { type Bytes, join, utf8 } from "./bytes.js";

/** SHA-256. */
export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** HKDF-SHA256: `length` bytes from a secret, its salt and what they are for. */
export async function hkdf(secret: Bytes, salt: Bytes, info: Bytes, length: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, length * 8));
}

/** derive(secret, label) of docs/trust.md: 32 bytes without salt. `more` follows the label in the info. */
export async function derive(secret: Bytes, label: string, ...more: readonly Bytes[]): Promise<Bytes> {
  return hkdf(secret, new Uint8Array(0), join(utf8(label), ...more), 32);
}
