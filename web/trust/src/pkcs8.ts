/** Private keys of 32 bytes in and out of WebCrypto, which takes them in an envelope (RFC 8410, section 7). */

import { fromBase64url } from "./base64url.js";
import { type Bytes, join } from "./bytes.js";

/** Last byte of the algorithm's identifier: 1.3.101.110 and 1.3.101.112 (RFC 8410, section 3). */
const IDENTIFIERS = { X25519: 0x6e, Ed25519: 0x70 } as const;

/** A private key of WebCrypto, and the public one of 32 bytes that belongs to it. */
export async function importPrivateKey(
  algorithm: keyof typeof IDENTIFIERS,
  secret: Bytes,
  usages: readonly KeyUsage[],
): Promise<{ readonly privateKey: CryptoKey; readonly publicKey: Bytes }> {
  const head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, IDENTIFIERS[algorithm], 4, 0x22, 4, 0x20];
  const envelope = join(new Uint8Array(head), secret);
  // WebCrypto derives a public key nowhere, but tells it to who may export.
  const privateKey = await crypto.subtle.importKey("pkcs8", envelope, algorithm, true, [...usages]);
  const { x } = await crypto.subtle.exportKey("jwk", privateKey);
  if (x === undefined) {
    throw new TypeError(`this WebCrypto exports an ${algorithm} key without its public half`);
  }
  return { privateKey, publicKey: fromBase64url(x) };
}
