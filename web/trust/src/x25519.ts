/** X25519 (RFC 7748): key pairs of a secret, and points that would agree on nothing. */

import type { Bytes } from "./bytes.js";
import { importPrivateKey } from "./pkcs8.js";

/** A key pair as WebCrypto and HPKE take it, and its public half. */
export interface AgreementKey {
  readonly pair: CryptoKeyPair;
  /** 32 bytes. */
  readonly publicKey: Bytes;
}

/** The key pair of a secret of 32 bytes. */
export async function agreementKey(secret: Bytes): Promise<AgreementKey> {
  const { privateKey, publicKey } = await importPrivateKey("X25519", secret, ["deriveBits"]);
  return { pair: { privateKey, publicKey: await importPublic(publicKey) }, publicKey };
}

/** A public key of 32 bytes as WebCrypto takes it. */
export async function importPublic(point: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", point, "X25519", true, []);
}

/**
 * Whether agreeing with this point gives zeros, whoever does it (RFC 7748, section 6.1). Every secret is a multiple of
 * the cofactor, so one shows it for all.
 */
export async function hasLowOrder(point: Bytes): Promise<boolean> {
  const any = await agreementKey(new Uint8Array(32).fill(1));
  try {
    const algorithm = { name: "X25519", public: await importPublic(point) };
    const shared = new Uint8Array(await crypto.subtle.deriveBits(algorithm, any.pair.privateKey, 256));
    return shared.every((byte) => byte === 0);
  } catch {
    // WebCrypto's own word for zeros.
    return true;
  }
}
