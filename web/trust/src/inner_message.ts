/** What one app says to the other inside of a box (docs/trust.md, "Inner messages"). */

import { type Candidate, readCandidate } from "./candidate.js";
import { readObject } from "./json.js";
import { type ConnectionParameters, readParameters } from "./parameters.js";
import { demand } from "./refusal.js";

/** One message; only the host offers, and `generation` counts its offers. */
export type InnerMessage =
  | { readonly kind: "offer" | "answer"; readonly generation: number; readonly parameters: ConnectionParameters }
  | { readonly kind: "candidates"; readonly generation: number; readonly candidates: readonly Candidate[] }
  | { readonly kind: "end_of_candidates"; readonly generation: number }
  | { readonly kind: "offer_request" | "ice_restart_request" }
  | { readonly kind: "bye"; readonly reason: "hung_up" | "failed" | "refused" | "unknown" }
  /** Of a later version: to be passed over. */
  | { readonly kind: "unknown" };

/** Reads and checks a message. */
export function readInnerMessage(json: string): InnerMessage {
  demand(json.length <= MOST_CHARACTERS, "TooLarge");
  const fields = readObject(json, "Parameters");
  const kind = fields.text("kind");
  const generation = () => fields.number("generation", 0xffff_ffff);
  switch (kind) {
    case "offer":
    case "answer": {
      const parameters = readParameters(fields.fields("parameters"));
      // RFC 8842, section 5.3: the answerer decides.
      demand(kind === "offer" || parameters.setup !== "actpass", "Parameters");
      return { kind, generation: generation(), parameters };
    }
    case "candidates": {
      const candidates = fields.list("candidates");
      demand(candidates.length <= MOST_CANDIDATES, "TooLarge");
      return { kind, generation: generation(), candidates: candidates.map(readCandidate) };
    }
    case "end_of_candidates":
      return { kind, generation: generation() };
    case "offer_request":
    case "ice_restart_request":
      return { kind };
    case "bye": {
      const reason = fields.text("reason");
      return { kind, reason: REASONS.find((known) => known === reason) ?? "unknown" };
    }
    default:
      return { kind: "unknown" };
  }
}

const REASONS = ["hung_up", "failed", "refused"] as const;
/** What one box holds. */
const MOST_CHARACTERS = 16 * 1024;
const MOST_CANDIDATES = 32;
