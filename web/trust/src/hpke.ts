/** HPKE (RFC 9180) with the one suite that there is (docs/trust.md, "The promise"). */

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";

import { type Bytes, join, unsigned } from "./bytes.js";
import { demand, Refusal, type RefusalName } from "./refusal.js";
import { type AgreementKey, hasLowOrder, importPublic } from "./x25519.js";

/** The ids of KEM, KDF and AEAD, two bytes each. */
export const SUITE_IDS: Bytes = join(unsigned(0x0020, 2), unsigned(0x0001, 2), unsigned(0x0002, 2));

/** Bytes of an encapsulated key. */
export const ENC_BYTES = 32;

/** Bytes of a tag of AES-GCM. */
export const TAG_BYTES = 16;

/** PSK mode's secret (32 bytes) and its id. */
export interface PreSharedKey {
  readonly key: Bytes;
  readonly id: Bytes;
}

/** Seals one after another. */
export interface Sender {
  readonly enc: Bytes;
  seal(plain: Bytes, additional: Bytes): Promise<Bytes>;
}

/** Opens one after another; what does not open leaves it where it was. */
export interface Receiver {
  open(sealed: Bytes, additional: Bytes): Promise<Bytes>;
}

/** The key pair of a seed: DeriveKeyPair of RFC 9180, section 7.1.3. */
export async function deriveKeyPair(seed: Bytes): Promise<AgreementKey> {
  const pair = await suite().kem.deriveKeyPair(seed);
  return { pair, publicKey: new Uint8Array(await suite().kem.serializePublicKey(pair.publicKey)) };
}

/** A context to `receiver`, whose ephemeral key comes from 32 fresh random bytes. With `psk` in PSK mode. */
export async function sender(receiver: Bytes, info: Bytes, random: Bytes, psk?: PreSharedKey): Promise<Sender> {
  const { pair } = await deriveKeyPair(random);
  const recipientPublicKey = await importPublic(receiver);
  const context = await suite().createSenderContext({ recipientPublicKey, info, ekm: pair, ...(psk && { psk }) });
  return {
    enc: new Uint8Array(context.enc),
    seal: async (plain, additional) => new Uint8Array(await context.seal(plain, additional)),
  };
}

/** The other end of it. Refuses an `enc` of low order by `lowOrder`, and what does not open as `NotSealedForUs`. */
export async function receiver(
  own: AgreementKey,
  enc: Bytes,
  info: Bytes,
  lowOrder: RefusalName,
  psk?: PreSharedKey,
): Promise<Receiver> {
  demand(!(await hasLowOrder(enc)), lowOrder);
  const context = await suite().createRecipientContext({ recipientKey: own.pair, enc, info, ...(psk && { psk }) });
  return {
    open: async (sealed, additional) => {
      try {
        return new Uint8Array(await context.open(sealed, additional));
      } catch (cause) {
        throw new Refusal("NotSealedForUs", { cause });
      }
    },
  };
}

/** A fresh one: it keeps state. */
function suite(): CipherSuite {
  return new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}
