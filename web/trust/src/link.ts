/** The link that the clinic gives its patient, by a way that is not the server (docs/trust.md, "Links"). */

import { fromBase64url, toBase64url } from "./base64url.js";
import type { Bytes } from "./bytes.js";
import { demand, Refusal } from "./refusal.js";

/** What a link says. */
export interface Link {
  /** Host, and port unless it is 443. */
  readonly server: string;
  /** Written as `housecall:`, so that only the app opens it. */
  readonly appOnly: boolean;
  /** 16 bytes. */
  readonly invite: Bytes;
  /** 32 bytes. */
  readonly secret: Bytes;
  /** The clinic's fingerprint, 32 bytes. */
  readonly clinic: Bytes;
  /** Older revocation statements are refused. */
  readonly epoch?: number;
  /** SHA-256 of the server's certificate, where that is self-signed; in links for the app alone. */
  readonly pin?: Bytes;
}

/** The link's text. */
export function writeLink(link: Link): string {
  const scheme = link.appOnly || link.pin !== undefined ? "housecall" : "https";
  const parts = ["1", toBase64url(link.secret), toBase64url(link.clinic)];
  if (link.epoch !== undefined) {
    parts.push(link.epoch.toString());
  }
  if (link.pin !== undefined) {
    parts.push(toBase64url(link.pin));
  }
  return `${scheme}://${link.server}/j/inv_${toBase64url(link.invite)}#${parts.join(".")}`;
}

/** Reads a link; white space around it does no harm. */
export function readLink(text: string): Link {
  const [, scheme, server, invite, fragment] = LINK.exec(text.replace(AROUND, "")) ?? [];
  if (server === undefined || invite === undefined || fragment === undefined) {
    throw new Refusal("Link");
  }
  const appOnly = scheme === "housecall";
  const [version, secret, clinic, ...tail] = fragment.split(".");
  demand(version !== undefined && NUMBER.test(version), "Link");
  demand(version === "1", version === "0" ? "Link" : "LaterVersion");
  const epoch = tail[0] !== undefined && tail[0].length !== CHARACTERS_OF_32 ? readNumber(tail.shift()) : undefined;
  const pin = tail.length > 0 ? read(tail.shift(), 32) : undefined;
  // A browser knows no pin.
  demand(tail.length === 0 && (pin === undefined || appOnly), "Link");
  return {
    server: readServer(server),
    appOnly,
    invite: read(invite, 16),
    secret: read(secret, 32),
    clinic: read(clinic, 32),
    ...(epoch !== undefined && { epoch }),
    ...(pin && { pin }),
  };
}

function read(text: string | undefined, length: number): Bytes {
  try {
    const bytes = fromBase64url(text ?? "");
    demand(bytes.length === length, "Malformed");
    return bytes;
  } catch (cause) {
    throw new Refusal("Link", { cause });
  }
}

function readNumber(text: string | undefined): number {
  const number = NUMBER.test(text ?? "") ? Number(text) : Number.NaN;
  demand(number <= 0xffff_ffff, "Link");
  return number;
}

/** Host and port in their one form: `new URL` refuses what is none; what it reads in another way is refused here. */
function readServer(text: string): string {
  demand(SERVER.test(text), "Link");
  let host: string;
  try {
    ({ host } = new URL(`https://${text}/`));
  } catch (cause) {
    throw new Refusal("Link", { cause });
  }
  const [, name = ""] = SERVER.exec(text) ?? [];
  demand(name.startsWith("[") || host.split(":")[0] === name.toLowerCase(), "Link");
  return host;
}

const LINK = /^(https|housecall):\/\/([^/#]+)\/j\/inv_([A-Za-z0-9_-]+)#(.*)$/s;
/** White space of ASCII. */
const AROUND = /^[\t\n\f\r ]+|[\t\n\f\r ]+$/g;
/** No sign, no zero before it. */
const NUMBER = /^(0|[1-9][0-9]{0,9})$/;
const SERVER = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[1-9][0-9]{0,4})?$/;
const CHARACTERS_OF_32 = 43;
