/** The sealed channel between two bundles, both ways (docs/trust.md, "Boxes"). */

import { CAPABILITIES, type OwnBundle, type PeerBundle } from "./bundle.js";
import { type Bytes, same } from "./bytes.js";
import type { OwnFacts, PeerFacts } from "./first_box.js";
import type { PreSharedKey } from "./hpke.js";
import { InTurn } from "./in_turn.js";
import { Incoming } from "./incoming.js";
import { type InnerMessage, readInnerMessage } from "./inner_message.js";
import { Outgoing } from "./outgoing.js";
import { demand } from "./refusal.js";
import { transcript } from "./transcript.js";

/** What was in a box. */
export type Opened =
  | { readonly kind: "message"; readonly epoch: number; readonly json: string; readonly message: InnerMessage }
  /** The other side misses what is not opened yet, from here on. */
  | { readonly kind: "askAgain"; readonly epoch: number; readonly next: number }
  /** Of a later version: to be passed over. */
  | { readonly kind: "unknown" };

/** All that a channel is made of. */
export interface ChannelParts {
  /** 16 bytes. */
  readonly visit: Bytes;
  readonly own: OwnBundle;
  readonly peer: PeerBundle;
  readonly psk: PreSharedKey;
  readonly facts: OwnFacts;
}

/** To be kept as long as our bundle lives: a fresh one for the same two bundles would take old boxes again. */
export class SealedChannel {
  readonly #own: OwnBundle;
  readonly #peer: PeerBundle;
  readonly #visit: Bytes;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  readonly #turns = new InTurn();
  readonly #ours = new Pin();
  readonly #theirs = new Pin();

  /** Refuses two that cannot speak with each other. */
  constructor({ visit, own, peer, psk, facts }: ChannelParts) {
    demand(own.role !== peer.role && facts.role === own.role, "SameRole");
    const newest = Math.min(own.versions.most, peer.versions.most);
    demand(newest >= own.versions.least && newest >= peer.versions.least, "NoCommonVersion");
    demand(peer.capabilities.includes(CAPABILITIES.suite1), "NoCommonSuite");
    [this.#own, this.#peer, this.#visit] = [own, peer, visit];
    const common = { visit, ...this.#bundles(), psk };
    this.#outgoing = new Outgoing({
      ...common,
      from: own.role,
      signing: own.signing,
      peerAgreement: peer.agreement,
      facts,
    });
    this.#incoming = new Incoming({
      ...common,
      from: peer.role,
      peerSigning: peer.signing,
      peerName: peer.chain?.device.nameHash,
      agreement: own.agreement,
    });
  }

  /** Begins our next epoch, the first included, from 32 fresh random bytes. Needed before another fingerprint. */
  beginEpoch(random: Bytes): Promise<void> {
    return this.#turns.run(() => this.#outgoing.begin(random));
  }

  /** Seals a message: JSON, as `readInnerMessage` takes it. */
  seal(json: string): Promise<Bytes> {
    return this.#turns.run(async () => {
      const fingerprint = fingerprintIn(readInnerMessage(json));
      const { epoch } = this.#outgoing;
      if (fingerprint !== undefined) {
        this.#ours.demandSame(epoch, fingerprint);
      }
      const box = await this.#outgoing.seal({ kind: "message", json });
      if (fingerprint !== undefined) {
        this.#ours.set(epoch, fingerprint);
      }
      return box;
    });
  }

  /** Asks for what is missing since the last box that was opened. */
  askAgain(): Promise<Bytes> {
    return this.#turns.run(async () => {
      const { epoch, number } = this.#incoming.next;
      return this.#outgoing.seal({ kind: "askAgain", epoch, next: number });
    });
  }

  /** Opens the next box. `isAuthentic` says of a refusal whether it tells something about the other side. */
  open(box: Bytes): Promise<Opened> {
    return this.#turns.run(async () => {
      const { epoch, content } = await this.#incoming.open(box);
      if (content.kind !== "message") {
        return content;
      }
      const message = readInnerMessage(content.json);
      if (message.kind === "unknown") {
        return { kind: "unknown" };
      }
      this.#demandAnnounced(epoch, message);
      return { kind: "message", epoch, json: content.json, message };
    });
  }

  /** What the other side said of itself in its first box. */
  get peerFacts(): PeerFacts | undefined {
    return this.#incoming.facts;
  }

  /** The one certificate that the other side may show, 32 bytes of SHA-256. */
  get peerFingerprint(): Bytes | undefined {
    return this.#theirs.last;
  }

  /** All that both must agree on, once both fingerprints were said. */
  async transcript(): Promise<Bytes | undefined> {
    const [ours, theirs] = [this.#ours.last, this.#theirs.last];
    if (ours === undefined || theirs === undefined) {
      return undefined;
    }
    const [hostFingerprint, guestFingerprint] = this.#own.role === "host" ? [ours, theirs] : [theirs, ours];
    return transcript({ visit: this.#visit, ...this.#bundles(), hostFingerprint, guestFingerprint });
  }

  #bundles(): { readonly hostBundle: Bytes; readonly guestBundle: Bytes } {
    const [own, peer] = [this.#own.bytes, this.#peer.bytes];
    return this.#own.role === "host" ? { hostBundle: own, guestBundle: peer } : { hostBundle: peer, guestBundle: own };
  }

  /** Parameters against both bundles, and the fingerprint against the one before. */
  #demandAnnounced(epoch: number, message: InnerMessage): void {
    if (message.kind !== "offer" && message.kind !== "answer") {
      return;
    }
    const { parameters } = message;
    this.#theirs.set(epoch, parameters.fingerprint);
    const uses = [
      [CAPABILITIES.red, parameters.voice.redPayloadType !== undefined],
      [CAPABILITIES.srtpAes256Gcm, parameters.srtp.includes("aead_aes_256_gcm")],
    ] as const;
    for (const [capability, used] of uses) {
      const theirs = this.#peer.capabilities.includes(capability);
      const ours = this.#own.capabilities.includes(capability);
      demand(!used || theirs, "NotAnnounced");
      // An answer leaves out what the offerer cannot do.
      demand(used || !theirs || (message.kind === "answer" && !ours), "Downgraded");
    }
  }
}

function fingerprintIn(message: InnerMessage): Bytes | undefined {
  return message.kind === "offer" || message.kind === "answer" ? message.parameters.fingerprint : undefined;
}

/** The fingerprint that one side said last: it cannot change within an epoch. */
class Pin {
  #last: Bytes | undefined;
  #epoch = -1;

  get last(): Bytes | undefined {
    return this.#last;
  }

  demandSame(epoch: number, fingerprint: Bytes): void {
    const before = epoch === this.#epoch ? this.#last : undefined;
    demand(before === undefined || same(before, fingerprint), "FingerprintChanged");
  }

  set(epoch: number, fingerprint: Bytes): void {
    this.demandSame(epoch, fingerprint);
    [this.#last, this.#epoch] = [fingerprint, epoch];
  }
}
