/** The spoken check, step by step (docs/trust.md, "The spoken check"). */

import { fromBase64url, toBase64url } from "./base64url.js";
import type { Role } from "./bundle.js";
import { type Bytes, same } from "./bytes.js";
import { commitment, spokenDigits } from "./digits.js";
import { readObject } from "./json.js";
import { demand, Refusal } from "./refusal.js";

/** What the two apps say to each other, over the control channel. */
export type CheckMessage =
  | { readonly step: "commit"; readonly run: number; readonly hash: string }
  | { readonly step: "reveal"; readonly run: number; readonly nonce: string }
  | { readonly step: "differ" };

/** Reads a message of JSON. */
export function readCheckMessage(json: string): CheckMessage {
  const fields = readObject(json, "OutOfTurn");
  const step = fields.word("step", ["commit", "reveal", "differ"]);
  switch (step) {
    case "commit":
      return { step, run: fields.number("run", 255), hash: fields.text("hash") };
    case "reveal":
      return { step, run: fields.number("run", 255), nonce: fields.text("nonce") };
    case "differ":
      return { step };
  }
}

/**
 * ```text
 * idle ──start, or their commit──▶ committed ──their reveal──▶ shown ──person: same──▶ idle, compared
 *                                                                └──person or they: differ──▶ different (for good)
 * ```
 */
type Step =
  | { readonly name: "idle" | "different" }
  | { readonly name: "committed"; readonly nonce: Bytes; readonly theirs: Bytes | undefined; readonly revealed: boolean }
  | { readonly name: "shown"; readonly digits: string };

/** One side of the checks of one visit with one other endpoint. Calls are to be made one after another. */
export class SpokenCheck {
  readonly #role: Role;
  #transcript: Bytes;
  #step: Step = { name: "idle" };
  #compared = false;
  #runs = 0;
  readonly #used: Bytes[] = [];

  constructor(role: Role, transcript: Bytes) {
    this.#role = role;
    this.#transcript = transcript;
  }

  /** What is to be read out now. */
  get digits(): string | undefined {
    return this.#step.name === "shown" ? this.#step.digits : undefined;
  }

  /** Whether our person has found the digits the same, and nothing has changed since. */
  get isCompared(): boolean {
    return this.#compared;
  }

  /** The two agree on something else now: another bundle or certificate. */
  setTranscript(transcript: Bytes): void {
    if (!same(this.#transcript, transcript)) {
      this.#transcript = transcript;
      this.#compared = false;
      this.stop();
    }
  }

  /** A run that does not go on is given up. */
  stop(): void {
    if (this.#step.name !== "different") {
      this.#step = { name: "idle" };
    }
  }

  /** Our person wants to compare. `nonce`: 32 fresh random bytes. */
  async start(nonce: Bytes): Promise<CheckMessage> {
    demand(this.#step.name === "idle", "OutOfTurn");
    return this.#commit(this.#runs + 1, nonce, undefined);
  }

  /** They said something: what to answer, if anything. `nonce`: 32 fresh random bytes, used if they begin. */
  async handle(message: CheckMessage, nonce: Bytes): Promise<CheckMessage | undefined> {
    try {
      demand(this.#step.name !== "different" && message.step !== "differ", "Differ");
      return message.step === "commit"
        ? await this.#onCommit(message.run, readNonce(message.hash, "OutOfTurn"), nonce)
        : await this.#onReveal(message.run, readNonce(message.nonce, "NotCommitted"));
    } catch (error) {
      if (error instanceof Refusal && error.refusal === "Differ") {
        this.#end();
      }
      this.stop();
      throw error;
    }
  }

  /** Our person has compared. What to tell them, if the digits differ. */
  personSays(areSame: boolean): CheckMessage | undefined {
    demand(this.#step.name === "shown", "OutOfTurn");
    if (!areSame) {
      this.#end();
      return { step: "differ" };
    }
    [this.#compared, this.#step] = [true, { name: "idle" }];
    return undefined;
  }

  #end(): void {
    [this.#compared, this.#step] = [false, { name: "different" }];
  }

  async #commit(run: number, nonce: Bytes, theirs: Bytes | undefined): Promise<CheckMessage> {
    demand(run <= MOST_RUNS, "TooManyRuns");
    demand(!this.#used.some((used) => same(used, nonce)), "NonceUsedBefore");
    this.#runs = run;
    this.#used.push(nonce);
    this.#step = { name: "committed", nonce, theirs, revealed: false };
    return { step: "commit", run, hash: toBase64url(await commitment(this.#role, run, this.#transcript, nonce)) };
  }

  async #onCommit(run: number, hash: Bytes, fresh: Bytes): Promise<CheckMessage> {
    const step = this.#step;
    // Both began at once, or they answer.
    if (step.name === "committed" && step.theirs === undefined && run === this.#runs) {
      this.#step = { ...step, theirs: hash, revealed: true };
      return { step: "reveal", run, nonce: toBase64url(step.nonce) };
    }
    // They begin, or begin again after a run that did not end.
    demand(run > this.#runs, "OutOfTurn");
    return this.#commit(run, fresh, hash);
  }

  async #onReveal(run: number, theirs: Bytes): Promise<CheckMessage | undefined> {
    const step = this.#step;
    if (step.name !== "committed" || step.theirs === undefined) {
      throw new Refusal("OutOfTurn");
    }
    const theirRole = this.#role === "host" ? "guest" : "host";
    const opened = await commitment(theirRole, run, this.#transcript, theirs);
    demand(run === this.#runs && same(opened, step.theirs), "NotCommitted");
    const [host, guest] = this.#role === "host" ? [step.nonce, theirs] : [theirs, step.nonce];
    this.#step = { name: "shown", digits: await spokenDigits(run, this.#transcript, { host, guest }) };
    return step.revealed ? undefined : { step: "reveal", run, nonce: toBase64url(step.nonce) };
  }
}

function readNonce(text: string, refusal: "OutOfTurn" | "NotCommitted"): Bytes {
  try {
    const bytes = fromBase64url(text);
    demand(bytes.length === 32, refusal);
    return bytes;
  } catch (cause) {
    throw new Refusal(refusal, { cause });
  }
}

/** Each gives a liar one guess. */
const MOST_RUNS = 3;
