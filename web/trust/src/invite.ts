/** What the secret of a link gives (docs/trust.md, "The keys"). */

import { type Bytes, framed } from "./bytes.js";
import { derive } from "./digest.js";
import { type SigningKey, signingKey } from "./ed25519.js";
import type { PreSharedKey } from "./hpke.js";

/** The key that joins and that signs a guest's bundle; the server has its public half. */
export async function inviteKey(secret: Bytes): Promise<SigningKey> {
  return signingKey(await derive(secret, "housecall invite key v1"));
}

/** HPKE's pre-shared key for the boxes between who holds this secret, and its id. `invite` is 16 bytes. */
export async function preSharedKey(secret: Bytes, invite: Bytes): Promise<PreSharedKey> {
  return { key: await derive(secret, "housecall psk v1"), id: framed("housecall psk id v1", invite) };
}

/** The key by which this clinic, and no other, knows a patient's device again. `clinic` is its fingerprint. */
export async function patientDeviceKey(deviceSecret: Bytes, clinic: Bytes): Promise<SigningKey> {
  return signingKey(await derive(deviceSecret, "housecall patient device v1", clinic));
}
