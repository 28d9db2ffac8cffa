/** base64url without padding, in its one canonical form (RFC 4648, sections 5 and 3.5). */

import type { Bytes } from "./bytes.js";
import { demand } from "./refusal.js";

/** The text of these bytes. */
export function toBase64url(bytes: Bytes): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = [bytes[at], bytes[at + 1], bytes[at + 2]];
    const bits = group.reduce<number>((all, byte) => all * 256 + (byte ?? 0), 0);
    const characters = group.filter((byte) => byte !== undefined).length + 1;
    for (let place = 0; place < characters; place += 1) {
      text += ALPHABET.charAt(Math.floor(bits / 64 ** (3 - place)) % 64);
    }
  }
  return text;
}

/** The bytes of this text; any other form of them is refused as `Malformed`. */
export function fromBase64url(text: string): Bytes {
  const bytes = new Uint8Array(Math.floor((text.length * 6) / 8));
  let [bits, waiting, written] = [0, 0, 0];
  for (const character of text) {
    bits = ((bits << 6) | ALPHABET.indexOf(character)) & 0xffff;
    waiting += 6;
    if (waiting >= 8) {
      waiting -= 8;
      bytes[written] = (bits >> waiting) & 0xff;
      written += 1;
    }
  }
  // Whatever is not of the alphabet, too long by one or with bits left over is written in another way.
  demand(toBase64url(bytes) === text, "Malformed");
  return bytes;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
