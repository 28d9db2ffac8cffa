/** Staff boxes: what colleagues share, sealed to their devices (docs/trust.md, "Staff boxes"). */

import { type Bytes, framed, join, Reader, same, unsigned } from "./bytes.js";
import { CLOCK_BEHIND, type UnixTime } from "./certificate.js";
import { type Chain, verifyChain } from "./chain.js";
import { derive, sha256 } from "./digest.js";
import { demandSignature, type SigningKey } from "./ed25519.js";
import { deriveKeyPair, ENC_BYTES, receiver, sender, TAG_BYTES } from "./hpke.js";
import { demand, Refusal } from "./refusal.js";
import type { AgreementKey } from "./x25519.js";

/** What a box is about: in the open, and signed. */
export interface BoxContext {
  readonly kind: number;
  /** 16 bytes. */
  readonly object: Bytes;
  /** Counts the changes of the object. */
  readonly revision: number;
  /** By the creator's clock. */
  readonly madeAt: UnixTime;
}

/** What an opener asks of a box. */
export interface BoxExpected {
  /** The clinic's fingerprint. */
  readonly clinic: Bytes;
  readonly kind: number;
  readonly object: Bytes;
  /** The highest that was ever seen of it. */
  readonly leastRevision: number;
  readonly now: UnixTime;
}

/** What was in a box. */
export interface OpenedBox {
  readonly context: BoxContext;
  readonly creator: Chain;
  readonly payload: Bytes;
}

/** Seals a payload to these X25519 keys, by a device and its chain, from 32 fresh random bytes. */
export async function sealStaffBox(
  context: BoxContext,
  payload: Bytes,
  readers: readonly Bytes[],
  creator: { readonly signing: SigningKey; readonly chain: Bytes },
  random: Bytes,
): Promise<Bytes> {
  demand(payload.length <= MOST_PAYLOAD && readers.length >= 1 && readers.length <= MOST_READERS, "TooLarge");
  const seed = await derive(random, "seed");
  const content = await deriveKeyPair(seed);
  const head = join(
    new Uint8Array([VERSION, context.kind]),
    context.object,
    unsigned(context.revision, 4),
    unsigned(context.madeAt, 8),
    content.publicKey,
    unsigned(creator.chain.length, 2),
    creator.chain,
  );
  const plain = join(unsigned(payload.length, 4), payload);
  const padded = join(plain, new Uint8Array((STEP - (plain.length % STEP)) % STEP));
  const sealed = await seal(content.publicKey, contentInfo(head), await derive(random, "content"), padded);
  const signed = join(head, unsigned(sealed.length, 4), sealed);
  const body = join(signed, await creator.signing.sign(framed(SIGNATURE_LABEL, signed)));
  const entries: Bytes[] = [];
  for (const [at, reader] of readers.entries()) {
    const own = await derive(random, "reader", unsigned(at, 1));
    entries.push(await hint(reader), await seal(reader, await readerInfo(body, reader), own, seed));
  }
  return join(body, unsigned(readers.length, 1), ...entries);
}

/** Opens a box that is sealed to this key, among others. */
export async function openStaffBox(bytes: Bytes, own: AgreementKey, expected: BoxExpected): Promise<OpenedBox> {
  const parts = parse(bytes);
  const { context, chain } = parts;
  demand(context.kind === expected.kind && same(context.object, expected.object), "AnotherObject");
  demand(context.revision >= expected.leastRevision, "OlderRevision");
  demand(context.madeAt <= expected.now + CLOCK_BEHIND, "FromTheFuture");
  // Boxes outlive certificates: the creator's must have been good when the box was made.
  const creator = await verifyChain(chain, { clinic: expected.clinic, now: context.madeAt, leastEpoch: 0 });
  const message = framed(SIGNATURE_LABEL, parts.signed);
  await demandSignature(creator.device.signing, parts.signature, message, "WrongSignature");
  const seed = await unwrap(parts, own);
  const content = await deriveKeyPair(seed);
  // What is signed commits to the seed: no reader can be shown another payload than the others.
  demand(same(content.publicKey, parts.contentKey), "NotSealedForUs");
  const padded = await open(content, contentInfo(parts.head), parts.sealed);
  const plain = new Reader(padded);
  const payload = plain.take(plain.unsigned(4));
  demand(payload.length <= MOST_PAYLOAD, "Malformed");
  demand(padded.length === Math.ceil((4 + payload.length) / STEP) * STEP, "Malformed");
  demand(plain.rest().every((byte) => byte === 0), "Malformed");
  return { context, creator, payload };
}

interface Parts {
  readonly context: BoxContext;
  readonly contentKey: Bytes;
  readonly chain: Bytes;
  /** Version to chain. */
  readonly head: Bytes;
  readonly sealed: Bytes;
  readonly signed: Bytes;
  readonly signature: Bytes;
  /** All but the readers. */
  readonly body: Bytes;
  readonly entries: readonly { readonly hint: Bytes; readonly sealed: Bytes }[];
}

function parse(bytes: Bytes): Parts {
  const reader = new Reader(bytes);
  const version = reader.unsigned(1);
  demand(version <= VERSION, "LaterVersion");
  demand(version === VERSION, "Malformed");
  const context = {
    kind: reader.unsigned(1),
    object: reader.take(16),
    revision: reader.unsigned(4),
    madeAt: reader.unsigned64(),
  };
  const contentKey = reader.take(32);
  const chain = reader.take(reader.unsigned(2));
  const head = reader.since(0);
  const sealed = reader.take(reader.unsigned(4));
  const signed = reader.since(0);
  const signature = reader.take(64);
  const body = reader.since(0);
  const count = reader.unsigned(1);
  demand(count >= 1 && count <= MOST_READERS, "Malformed");
  const entries = Array.from({ length: count }, () => ({ hint: reader.take(8), sealed: reader.take(WRAPPED) }));
  reader.end();
  return { context, contentKey, chain, head, sealed, signed, signature, body, entries };
}

/** The seed of the content key, out of the first entry with our hint that opens. */
async function unwrap(parts: Parts, own: AgreementKey): Promise<Bytes> {
  const ours = await hint(own.publicKey);
  const info = await readerInfo(parts.body, own.publicKey);
  for (const entry of parts.entries.filter((entry) => same(entry.hint, ours))) {
    try {
      return await open(own, info, entry.sealed);
    } catch (error) {
      // Another key may have the same hint.
      if (!(error instanceof Refusal)) {
        throw error;
      }
    }
  }
  throw new Refusal("NotSealedForUs");
}

/** By which a reader finds its entry. */
async function hint(key: Bytes): Promise<Bytes> {
  return (await sha256(framed("housecall staff box hint v1", key))).slice(0, 8);
}

function contentInfo(head: Bytes): Bytes {
  return framed("housecall staff box content v1", head);
}

async function readerInfo(body: Bytes, reader: Bytes): Promise<Bytes> {
  return framed("housecall staff box reader v1", await sha256(framed("housecall staff box body v1", body)), reader);
}

async function seal(to: Bytes, info: Bytes, random: Bytes, plain: Bytes): Promise<Bytes> {
  const context = await sender(to, info, random);
  return join(context.enc, await context.seal(plain, new Uint8Array(0)));
}

async function open(own: AgreementKey, info: Bytes, sealed: Bytes): Promise<Bytes> {
  const reader = new Reader(sealed);
  const context = await receiver(own, reader.take(ENC_BYTES), info, "NotSealedForUs");
  return context.open(reader.rest(), new Uint8Array(0));
}

const VERSION = 1;
const SIGNATURE_LABEL = "housecall staff box v1";
/** Payloads are padded to a multiple of it. */
const STEP = 256;
const MOST_PAYLOAD = 32 * 1024;
/** The recovery key among them. */
const MOST_READERS = 32;
/** A seed, sealed. */
const WRAPPED = ENC_BYTES + 32 + TAG_BYTES;
