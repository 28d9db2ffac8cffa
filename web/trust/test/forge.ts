/** Chains, bundles and boxes with true signatures and a fault: what an app of ill will could make. */

import { sender } from "../src/hpke.js";
import {
  type Bytes,
  framed,
  join,
  type PreSharedKey,
  sha256,
  signingKey,
  type SigningKey,
  unsigned,
} from "../src/index.js";

/** A day in the seconds of certificates. */
export const DAY = 86_400n;

/** The time of day of all that is forged. */
export const NOW = 1_800_000_000n;

/** Fields of a chain, of which a test changes some. */
export interface ChainFields {
  readonly issuing: { readonly generation: number; readonly from: bigint; readonly until: bigint };
  readonly device: { readonly role: number; readonly serial: bigint; readonly from: bigint; readonly until: bigint };
  readonly revocations: {
    readonly epoch: number;
    readonly from: bigint;
    readonly until: bigint;
    readonly serials: readonly bigint[];
  };
}

/** A chain that is good. */
export const GOOD: ChainFields = {
  issuing: { generation: 1, from: NOW, until: NOW + 400n * DAY },
  device: { role: 2, serial: 7n, from: NOW, until: NOW + 7n * DAY },
  revocations: { epoch: 0x1_0001, from: NOW, until: NOW + 7n * DAY, serials: [1n, 9n] },
};

/** Who signs each part: not the right one, if a test says so. */
export interface Signers {
  readonly clinic: SigningKey;
  readonly issuing: SigningKey;
  readonly device: SigningKey;
}

/** Keys for a clinic. */
export async function signers(): Promise<Signers> {
  const key = async (seed: number) => signingKey(new Uint8Array(32).fill(seed));
  return { clinic: await key(1), issuing: await key(2), device: await key(3) };
}

/** The chain of these fields, each part signed by whom it should be, or by `instead`. */
export async function forgeChain(
  fields: ChainFields,
  nameHash: Bytes = new Uint8Array(32),
  instead: Partial<Record<keyof ChainFields, SigningKey>> = {},
): Promise<Bytes> {
  const keys = await signers();
  const fingerprint = await sha256(keys.clinic.publicKey);
  const { issuing, device, revocations } = fields;
  const time = ({ from, until }: { readonly from: bigint; readonly until: bigint }) =>
    join(unsigned(from, 8), unsigned(until, 8));
  const part = async (key: SigningKey, label: string, ...parts: readonly Bytes[]) => {
    const body = join(unsigned(1, 1), ...parts);
    return join(body, await key.sign(framed(label, fingerprint, body)));
  };
  const serials = revocations.serials.map((serial) => unsigned(serial, 8));
  return join(
    keys.clinic.publicKey,
    await part(
      instead.issuing ?? keys.clinic,
      "housecall issuing key v1",
      keys.issuing.publicKey,
      unsigned(issuing.generation, 2),
      time(issuing),
    ),
    await part(
      instead.device ?? keys.issuing,
      "housecall device v1",
      keys.device.publicKey,
      new Uint8Array(32).fill(9),
      nameHash,
      unsigned(device.role, 1),
      unsigned(device.serial, 8),
      time(device),
    ),
    await part(
      instead.revocations ?? keys.issuing,
      "housecall revocations v1",
      unsigned(revocations.epoch, 4),
      time(revocations),
      unsigned(serials.length, 1),
      ...serials,
    ),
  );
}

/** A bundle of these bytes, signed. */
export async function forgeBundle(signer: SigningKey, ...parts: readonly Bytes[]): Promise<Bytes> {
  const body = join(...parts);
  return join(body, await signer.sign(framed("housecall bundle v2", body)));
}

/** A first box of 512 bytes whose signed part is what `rest` makes of `enc`, with `padding` to the end. */
export async function forgeFirstBox(parts: {
  readonly epoch: number;
  readonly to: Bytes;
  readonly info: Bytes;
  readonly psk: PreSharedKey;
  readonly signer: SigningKey;
  readonly padding?: number;
  readonly rest: (enc: Bytes) => Promise<Bytes>;
}): Promise<Bytes> {
  const head = join(unsigned(1, 1), unsigned(parts.epoch, 4), unsigned(0, 4));
  const context = await sender(parts.to, parts.info, new Uint8Array(32).fill(parts.epoch + 1), parts.psk);
  const begun = await parts.rest(context.enc);
  const length = 512 - head.length - 32 - 64 - 16;
  const rest = join(begun, new Uint8Array(length - begun.length).fill(parts.padding ?? 0));
  const signature = await parts.signer.sign(framed("housecall first box v1", context.enc, parts.info, rest));
  return join(head, context.enc, await context.seal(join(signature, rest), head));
}
