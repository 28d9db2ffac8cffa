/** Ed25519 in its strict form (RFC 8032, section 5.1; docs/trust.md, "The promise"). */

import type { Bytes } from "./bytes.js";
import { importPrivateKey } from "./pkcs8.js";
import { demand, type RefusalName } from "./refusal.js";

/** Signs; knows its public half. */
export interface SigningKey {
  /** 32 bytes. */
  readonly publicKey: Bytes;
  /** A signature of 64 bytes. */
  sign(message: Bytes): Promise<Bytes>;
}

/** The key of a seed of 32 bytes. */
export async function signingKey(seed: Bytes): Promise<SigningKey> {
  const { privateKey, publicKey } = await importPrivateKey("Ed25519", seed, ["sign"]);
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, message)),
  };
}

/**
 * Refuses a signature that does not fit, and one that fits anything: WebCrypto may take keys and commitments of small
 * order, which the strict form does not.
 */
export async function demandSignature(
  publicKey: Bytes,
  signature: Bytes,
  message: Bytes,
  refusal: RefusalName,
): Promise<void> {
  demand(!hasSmallOrder(publicKey) && !hasSmallOrder(signature.slice(0, 32)), refusal);
  let fits: boolean;
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    fits = await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch {
    // Not the encoding of a point.
    fits = false;
  }
  demand(fits, refusal);
}

/** Whether this encodes one of the eight points of small order, in any of their encodings. */
export function hasSmallOrder(point: Bytes): boolean {
  const y = [...point].map((byte, at) => (at === 31 ? byte & 0x7f : byte));
  return SMALL_ORDER.some((small) => small.every((byte, at) => byte === y[at]));
}

/** The y of the points of order 1, 2, 4 and 8, little endian, also where it is written with p added (p, p + 1). */
const SMALL_ORDER: readonly (readonly number[])[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map((hex) => (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)));
