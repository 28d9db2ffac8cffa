/** Typed connection parameters: all that a peer must know of the other (docs/trust.md, "Inner messages"). */

import type { Bytes } from "./bytes.js";
import type { Fields } from "./json.js";
import { demand } from "./refusal.js";

/** Who begins the DTLS handshake (RFC 8842, section 5.2). */
export type Setup = "actpass" | "active" | "passive";

/** How RTP is protected (RFC 7714). */
export type SrtpProfile = "aead_aes_256_gcm" | "aead_aes_128_gcm";

/** What the rest of an app needs to make its SDP of. */
export interface ConnectionParameters {
  readonly ice: { readonly ufrag: string; readonly password: string };
  /** SHA-256 of the DTLS certificate, 32 bytes: the one that may be shown. */
  readonly fingerprint: Bytes;
  readonly setup: Setup;
  /** Best first; those that this version does not know are left out. */
  readonly srtp: readonly SrtpProfile[];
  readonly voice: { readonly payloadType: number; readonly redPayloadType?: number; readonly ssrc: number };
  readonly picture: {
    readonly payloadType: number;
    readonly ssrc: number;
    readonly rtxPayloadType: number;
    readonly rtxSsrc: number;
    /** Six hexadecimal digits (RFC 6184, section 8.1). */
    readonly profileLevelId: string;
  };
  readonly extensions: { readonly mid: number; readonly transportCc: number };
}

/** Reads and checks parameters. */
export function readParameters(fields: Fields): ConnectionParameters {
  demand(fields.has("keying") && fields.text("keying") === "dtls_srtp", "NotDtlsSrtp");
  const fingerprint = readFingerprint(fields);
  const parameters: ConnectionParameters = {
    ice: readIce(fields.fields("ice")),
    fingerprint,
    setup: fields.word("setup", ["actpass", "active", "passive"]),
    srtp: readProfiles(fields.list("srtp")),
    voice: readVoice(fields.fields("voice")),
    picture: readPicture(fields.fields("picture")),
    extensions: readExtensions(fields.fields("extensions")),
  };
  demandPayloadTypes(parameters);
  demand(distinct([parameters.voice.ssrc, parameters.picture.ssrc, parameters.picture.rtxSsrc, 0]), "Parameters");
  return parameters;
}

function readFingerprint(fields: Fields): Bytes {
  const all = fields.list("fingerprints");
  demand(all.length > 0, "NoFingerprint");
  demand(all.length === 1, "SeveralFingerprints");
  const [one] = all.map((value) => fields.of(value));
  demand(one?.text("hash") === "sha-256", "FingerprintHash");
  const value = one.text("value");
  demand(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}$/.test(value), "Parameters");
  return new Uint8Array(value.split(":").map((byte) => Number.parseInt(byte, 16)));
}

/** RFC 8839, section 5.4. */
function readIce(fields: Fields): ConnectionParameters["ice"] {
  const ice = { ufrag: fields.text("ufrag"), password: fields.text("password") };
  demand(/^[A-Za-z0-9+/]{4,256}$/.test(ice.ufrag) && /^[A-Za-z0-9+/]{22,256}$/.test(ice.password), "Parameters");
  return ice;
}

function readProfiles(names: readonly unknown[]): readonly SrtpProfile[] {
  demand(names.every((name) => typeof name === "string"), "Parameters");
  const known = names.flatMap((name) => PROFILES.filter((profile) => profile === name));
  demand(known.length > 0, "Parameters");
  return [...new Set(known)];
}

function readVoice(fields: Fields): ConnectionParameters["voice"] {
  const red = fields.has("red_payload_type") ? fields.number("red_payload_type", 255) : undefined;
  return {
    payloadType: fields.number("payload_type", 255),
    ssrc: fields.number("ssrc", 0xffff_ffff),
    ...(red !== undefined && { redPayloadType: red }),
  };
}

function readPicture(fields: Fields): ConnectionParameters["picture"] {
  const profileLevelId = fields.text("profile_level_id");
  demand(/^[0-9A-Fa-f]{6}$/.test(profileLevelId), "Parameters");
  // Constrained baseline: profile 66 with constraint_set1 (ITU-T H.264, A.2.1.1).
  const [profile, constraints] = [profileLevelId.slice(0, 2), Number.parseInt(profileLevelId.slice(2, 4), 16)];
  demand(profile === "42" && (constraints & 0x40) !== 0, "Parameters");
  return {
    payloadType: fields.number("payload_type", 255),
    ssrc: fields.number("ssrc", 0xffff_ffff),
    rtxPayloadType: fields.number("rtx_payload_type", 255),
    rtxSsrc: fields.number("rtx_ssrc", 0xffff_ffff),
    profileLevelId: profileLevelId.toLowerCase(),
  };
}

/** The one-byte form (RFC 8285, section 4.2). */
function readExtensions(fields: Fields): ConnectionParameters["extensions"] {
  const extensions = { mid: fields.number("mid", 14), transportCc: fields.number("transport_cc", 14) };
  demand(distinct([extensions.mid, extensions.transportCc, 0]), "Parameters");
  return extensions;
}

/** The dynamic range (RFC 3551, section 6); RED also from 35 to 63 (RFC 5761, section 4). */
function demandPayloadTypes({ voice, picture }: ConnectionParameters): void {
  const dynamic = [voice.payloadType, picture.payloadType, picture.rtxPayloadType];
  demand(dynamic.every((number) => number >= 96 && number <= 127), "Parameters");
  const red = voice.redPayloadType;
  demand(red === undefined || (red >= 35 && red <= 63) || (red >= 96 && red <= 127), "Parameters");
  demand(distinct(red === undefined ? dynamic : [...dynamic, red]), "Parameters");
}

function distinct(numbers: readonly number[]): boolean {
  return new Set(numbers).size === numbers.length;
}

const PROFILES: readonly SrtpProfile[] = ["aead_aes_256_gcm", "aead_aes_128_gcm"];
