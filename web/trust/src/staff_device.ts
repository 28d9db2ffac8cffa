/** The keys of a device of the staff (docs/trust.md, "The keys"). */

import type { Bytes } from "./bytes.js";
import { derive } from "./digest.js";
import { type SigningKey, signingKey } from "./ed25519.js";
import { type AgreementKey, agreementKey } from "./x25519.js";

/** Both keys of a device. */
export interface StaffDevice {
  /** Signs bundles and staff boxes. */
  readonly signing: SigningKey;
  /** Opens staff boxes. */
  readonly agreement: AgreementKey;
}

/** The keys of a device's secret of 32 bytes. */
export async function staffDevice(secret: Bytes): Promise<StaffDevice> {
  return {
    signing: await signingKey(await derive(secret, "housecall device signing key v1")),
    agreement: await agreementKey(await derive(secret, "housecall device agreement key v1")),
  };
}
