/** The other side's direction of a sealed channel. */

import type { Role } from "./bundle.js";
import { type Bytes, Reader, same } from "./bytes.js";
import { type Content, type Layout, parseBox, readContent } from "./box_layout.js";
import { demandSignature } from "./ed25519.js";
import { firstBoxMessage, type PeerFacts, readFacts, sealInfo } from "./first_box.js";
import { type PreSharedKey, receiver, type Receiver } from "./hpke.js";
import { demand } from "./refusal.js";
import type { AgreementKey } from "./x25519.js";

/** What the epochs of the other side's direction have in common. */
export interface IncomingParts {
  readonly from: Role;
  readonly visit: Bytes;
  readonly hostBundle: Bytes;
  readonly guestBundle: Bytes;
  /** The Ed25519 key of the other side's bundle. */
  readonly peerSigning: Bytes;
  /** The hash in a host's certificate. */
  readonly peerName: Bytes | undefined;
  /** Of our bundle. */
  readonly agreement: AgreementKey;
  readonly psk: PreSharedKey;
}

/** What a box held. */
export interface Unsealed {
  readonly epoch: number;
  readonly number: number;
  readonly content: Content;
}

/** Opens, in order. */
export class Incoming {
  readonly #parts: IncomingParts;
  #epoch = -1;
  #next = 0;
  #context: Receiver | undefined;
  #facts: PeerFacts | undefined;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  /** Epoch and number of the box that is to come next. */
  get next(): { readonly epoch: number; readonly number: number } {
    return { epoch: Math.max(this.#epoch, 0), number: this.#next };
  }

  /** What the other side said of itself in its first box. */
  get facts(): PeerFacts | undefined {
    return this.#facts;
  }

  /** Opens a box. What is not authentic changes nothing. */
  async open(bytes: Bytes): Promise<Unsealed> {
    const box = parseBox(bytes);
    demand(box.epoch >= this.#epoch, "OldEpoch");
    const expected = box.epoch === this.#epoch ? this.#next : 0;
    demand(box.number >= expected, "Replayed");
    demand(box.number === expected, "Gap");
    const content = box.number === 0 ? await this.#openFirst(box) : await this.#openNext(box);
    return { epoch: box.epoch, number: box.number, content };
  }

  async #openFirst(box: Layout): Promise<Content> {
    const { from, visit, hostBundle, guestBundle, agreement, psk, peerSigning, peerName } = this.#parts;
    const info = sealInfo({ from, epoch: box.epoch, visit, hostBundle, guestBundle });
    const context = await receiver(agreement, box.enc, info, "LowOrderPoint", psk);
    const reader = new Reader(await context.open(box.sealed, box.head));
    const signature = reader.take(64);
    const rest = reader.rest();
    await demandSignature(peerSigning, signature, firstBoxMessage(box.enc, info, rest), "NotSigned");
    // Whoever signed this has begun an epoch, whatever else is wrong with it.
    this.#epoch = box.epoch;
    this.#next = 1;
    this.#context = context;
    const signed = new Reader(rest, "Padding");
    const facts = await readFacts(signed, from, box.enc, info, peerName);
    demand(this.#facts === undefined || sameFacts(this.#facts, facts), "DeviceProof");
    this.#facts = facts;
    return readContent(signed);
  }

  async #openNext(box: Layout): Promise<Content> {
    const context = this.#context;
    demand(context !== undefined, "Gap");
    const plain = await context.open(box.sealed, box.head);
    this.#next += 1;
    return readContent(new Reader(plain, "Padding"));
  }
}

function sameFacts(a: PeerFacts, b: PeerFacts): boolean {
  if (a.role === "host" || b.role === "host") {
    // The name is its certificate's, both times.
    return a.role === b.role;
  }
  return a.device === null || b.device === null ? a.device === b.device : same(a.device, b.device);
}
