/** ICE candidates, field by field (RFC 8839, section 5.1; docs/trust.md, "Inner messages"). */

import { Fields } from "./json.js";
import { demand } from "./refusal.js";

const TRANSPORTS = ["udp", "tcp"] as const;
const KINDS = ["host", "server_reflexive", "peer_reflexive", "relay"] as const;

/** One address at which a peer may be reached. */
export interface Candidate {
  readonly foundation: string;
  readonly component: number;
  readonly transport: (typeof TRANSPORTS)[number];
  readonly priority: number;
  readonly address: string;
  readonly port: number;
  readonly kind: (typeof KINDS)[number];
}

/** Reads a candidate; refuses one that cannot be real. */
export function readCandidate(value: unknown): Candidate {
  const fields = new Fields(value, "Candidate");
  const candidate = {
    foundation: fields.text("foundation"),
    component: fields.number("component", 255),
    transport: fields.word("transport", TRANSPORTS),
    // RFC 8445, section 5.1.2.
    priority: fields.number("priority", 0x7fff_ffff),
    address: readAddress(fields.text("address")),
    port: fields.number("port", 65_535),
    kind: fields.word("kind", KINDS),
  };
  demand(/^[A-Za-z0-9+/]{1,32}$/.test(candidate.foundation), "Candidate");
  demand(candidate.component > 0 && candidate.priority > 0 && candidate.port > 0, "Candidate");
  // `related` is for finding faults alone: it is looked at, not kept.
  if (fields.has("related")) {
    demand(candidate.kind !== "host", "Candidate");
    const [, address = ""] = /^(?:\[([^\]]+)\]|([^:]+)):\d{1,5}$/.exec(fields.text("related"))?.filter(Boolean) ?? [];
    canonical(address);
  }
  return candidate;
}

/** An address in its one form; refused if it is not that of one machine, since checks are sent to it. */
function readAddress(text: string): string {
  const address = canonical(text);
  const four = fourOf(address);
  const [first = 0] = four ?? [];
  const crowd = four === undefined ? /^ff..:/.test(address) : first >= 224 && first <= 239;
  const nobody = address === "::" || four?.every((byte) => byte === 0) === true;
  const everybody = four?.every((byte) => byte === 255) === true;
  demand(!crowd && !nobody && !everybody, "Candidate");
  return address;
}

/** The IPv4 address that this is, or that an IPv6 address stands for (`::ffff:`). */
function fourOf(address: string): readonly number[] | undefined {
  if (FOUR.test(address)) {
    return address.split(".").map(Number);
  }
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ?? [];
  if (high === undefined || low === undefined) {
    return undefined;
  }
  return [high, low].map((half) => Number.parseInt(half, 16)).flatMap((half) => [half >> 8, half & 0xff]);
}

/** By the rules of URLs, whose host an address can be. */
function canonical(text: string): string {
  if (text.includes(":")) {
    demand(/^[0-9A-Fa-f:.]+$/.test(text) && URL.canParse(`https://[${text}]/`), "Candidate");
    return new URL(`https://[${text}]/`).hostname.slice(1, -1);
  }
  demand(FOUR.test(text) && text.split(".").every((byte) => Number(byte) <= 255), "Candidate");
  return text;
}

const FOUR = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;
