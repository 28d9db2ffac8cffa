/** The recovery sheet: the clinic's key on paper (docs/trust.md, "The keys"). */

import type { Bytes } from "./bytes.js";
import { derive } from "./digest.js";
import { type SigningKey, signingKey } from "./ed25519.js";
import { demand } from "./refusal.js";
import { type AgreementKey, agreementKey } from "./x25519.js";

/** The clinic's key, from the recovery secret of 20 bytes. */
export async function clinicKey(secret: Bytes): Promise<SigningKey> {
  return signingKey(await derive(secret, "housecall clinic key v1"));
}

/** The key to which every staff box is sealed too. */
export async function recoveryBoxKey(secret: Bytes): Promise<AgreementKey> {
  return agreementKey(await derive(secret, "housecall recovery box key v1"));
}

/** As it is printed: eight groups of four characters and one that checks them. */
export function writeSheet(secret: Bytes): string {
  const symbols = regroup(secret, 8, 5);
  const groups = Array.from({ length: GROUPS }, (_, group) => {
    const four = symbols.slice(group * 4, group * 4 + 4);
    return [...four, check(group, four)].map((symbol) => ALPHABET.charAt(symbol)).join("");
  });
  return groups.join("-");
}

/** Reads what somebody typed: in either case, with spaces and hyphens, with O for 0 and I or L for 1. */
export function readSheet(text: string): Bytes {
  // Letters of ASCII alone: no other alphabet's small letter has one of these for its capital.
  const capitals = text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
  const typed = capitals.replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  demand(typed.length === GROUPS * 5, "Sheet");
  const symbols = Array.from({ length: GROUPS }, (_, group) => {
    const five = [...typed.slice(group * 5, group * 5 + 5)].map((character) => ALPHABET.indexOf(character));
    const four = five.slice(0, 4);
    demand(!five.includes(-1) && check(group, four) === five[4], "Sheet");
    return four;
  });
  return new Uint8Array(regroup(symbols.flat(), 5, 8));
}

/** The same bits, first bit first, in numbers of another length; they must come out even. */
function regroup(from: Iterable<number>, bits: number, into: number): number[] {
  const all = [...from].map((value) => value.toString(2).padStart(bits, "0")).join("");
  return (all.match(new RegExp(`.{${into}}`, "g")) ?? []).map((group) => Number.parseInt(group, 2));
}

/** Odd weights find every single slip; with the group in it, groups cannot change places. */
function check(group: number, symbols: readonly number[]): number {
  const sum = symbols.reduce((all, symbol, place) => all + (2 * place + 3) * symbol, 0);
  return (sum + 5 * group + 7) % 32;
}

const GROUPS = 8;
/** Crockford's: no I, L, O and U. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
