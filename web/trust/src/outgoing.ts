/** Our direction of a sealed channel. */

import type { Role } from "./bundle.js";
import { type Bytes, join } from "./bytes.js";
import { headBytes, type OwnContent, paddedContent } from "./box_layout.js";
import type { SigningKey } from "./ed25519.js";
import { factBytes, firstBoxMessage, type OwnFacts, sealInfo } from "./first_box.js";
import { type PreSharedKey, sender, type Sender } from "./hpke.js";

/** What the epochs of our direction have in common. */
export interface OutgoingParts {
  readonly from: Role;
  readonly visit: Bytes;
  readonly hostBundle: Bytes;
  readonly guestBundle: Bytes;
  /** Of our bundle. */
  readonly signing: SigningKey;
  /** The X25519 key of the other side's bundle. */
  readonly peerAgreement: Bytes;
  readonly psk: PreSharedKey;
  readonly facts: OwnFacts;
}

/** Seals, in order. */
export class Outgoing {
  readonly #parts: OutgoingParts;
  #epoch = -1;
  #number = 0;
  #info: Bytes = new Uint8Array(0);
  #sender: Sender | undefined;

  constructor(parts: OutgoingParts) {
    this.#parts = parts;
  }

  /** The epoch of the next box; −1 before the first. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Begins the next epoch from 32 fresh random bytes. */
  async begin(random: Bytes): Promise<void> {
    const { from, visit, hostBundle, guestBundle, peerAgreement, psk } = this.#parts;
    const epoch = this.#epoch + 1;
    this.#info = sealInfo({ from, epoch, visit, hostBundle, guestBundle });
    this.#sender = await sender(peerAgreement, this.#info, random, psk);
    this.#epoch = epoch;
    this.#number = 0;
  }

  /** A whole box. */
  async seal(content: OwnContent): Promise<Bytes> {
    const context = this.#sender;
    if (context === undefined) {
      throw new TypeError("an epoch must have begun before something is sealed");
    }
    const at = { epoch: this.#epoch, number: this.#number };
    const head = headBytes(at);
    const first = at.number === 0;
    const plain = first ? await this.#first(content, context.enc) : paddedContent(content, at, new Uint8Array(0));
    const sealed = await context.seal(plain, head);
    this.#number += 1;
    return join(head, first ? context.enc : new Uint8Array(0), sealed);
  }

  /** Signature, facts and content. */
  async #first(content: OwnContent, enc: Bytes): Promise<Bytes> {
    const facts = await factBytes(this.#parts.facts, enc, this.#info);
    const at = { epoch: this.#epoch, number: 0 };
    // Padded with the place of the signature, which is over what was padded.
    const rest = paddedContent(content, at, join(new Uint8Array(64), facts)).slice(64);
    return join(await this.#parts.signing.sign(firstBoxMessage(enc, this.#info, rest)), rest);
  }
}
