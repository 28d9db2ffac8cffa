// Connection parameters, as Housecall's apps send them to each other, out of the browser's SDP and back.
//
// SDP never travels. What the browser wrote is read here; what the other app said is written here anew, line by line.
// The JSON is that of an inner message's `parameters` and `candidates` (crates/trust/src/wire.rs).

const MID = "urn:ietf:params:rtp-hdrext:sdes:mid";
const TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// The parameters of who wrote this SDP.
export function parametersFrom(sdp) {
  const { session, media } = read(sdp);
  const voice = section(media, "audio");
  const picture = section(media, "video");
  const anywhere = (key) => only(key, [session, ...media].flatMap((lines) => values(lines, key)));
  const [hash, value] = anywhere("fingerprint").split(" ");
  const h264 = payloadType(picture, "H264");
  const [pictureSource, rtxSource] = sources(picture);
  return {
    ice: { ufrag: anywhere("ice-ufrag"), password: anywhere("ice-pwd") },
    keying: "dtls_srtp",
    fingerprints: [{ hash, value }],
    setup: anywhere("setup"),
    // What every browser offers in the handshake itself; the SDP does not say.
    srtp: ["aead_aes_256_gcm", "aead_aes_128_gcm"],
    voice: { ...voicePayloadTypes(voice), ssrc: firstSource(voice) },
    picture: {
      payload_type: h264,
      ssrc: pictureSource,
      rtx_payload_type: retransmissionsOf(picture, h264),
      rtx_ssrc: rtxSource,
      profile_level_id: format(picture, h264)["profile-level-id"],
    },
    extensions: { mid: extension(picture, MID), transport_cc: extension(picture, TRANSPORT_CC) },
  };
}

/// The SDP that the browser is to take for the other side's, which has these parameters. It sends its voice in the
/// form that stands first: Opus alone, or with `redFirst` Opus with copies (RFC 2198), if the other side takes that.
export function descriptionOf(parameters, version, redFirst = false) {
  const { ice, fingerprints, setup, voice, picture, extensions } = parameters;
  const { hash, value } = only("fingerprint", fingerprints);
  const transport = (mid) => [
    "c=IN IP4 0.0.0.0",
    `a=setup:${setup}`,
    `a=mid:${mid}`,
    `a=ice-ufrag:${ice.ufrag}`,
    `a=ice-pwd:${ice.password}`,
  ];
  const rtp = ["a=rtcp-mux", "a=rtcp-rsize", `a=extmap:${extensions.mid} ${MID}`];
  const numbered = `a=extmap:${extensions.transport_cc} ${TRANSPORT_CC}`;
  const source = (ssrc, track) => [`a=ssrc:${ssrc} cname:other`, `a=ssrc:${ssrc} msid:other ${track}`];
  const { payload_type: opus, red_payload_type: red } = voice;
  const forms = red === undefined ? [opus] : redFirst ? [red, opus] : [opus, red];
  const feedback = (payloadType, kinds) => kinds.map((kind) => `a=rtcp-fb:${payloadType} ${kind}`);
  const lines = [
    "v=0",
    `o=- 1 ${version} IN IP4 0.0.0.0`,
    "s=-",
    "t=0 0",
    `a=fingerprint:${hash} ${value}`,
    "a=ice-options:trickle",
    "a=extmap-allow-mixed",
    "a=group:BUNDLE 0 1 2",

    `m=audio 9 UDP/TLS/RTP/SAVPF ${forms.join(" ")}`,
    ...transport("0"),
    ...rtp,
    numbered,
    `a=rtpmap:${opus} opus/48000/2`,
    `a=fmtp:${opus} minptime=10;useinbandfec=1`,
    ...feedback(opus, ["transport-cc"]),
    ...(red === undefined ? [] : [`a=rtpmap:${red} red/48000/2`, `a=fmtp:${red} ${opus}/${opus}`]),
    "a=msid:other voice",
    ...source(voice.ssrc, "voice"),
    "a=sendrecv",

    `m=video 9 UDP/TLS/RTP/SAVPF ${picture.payload_type} ${picture.rtx_payload_type}`,
    ...transport("1"),
    ...rtp,
    numbered,
    `a=rtpmap:${picture.payload_type} H264/90000`,
    `a=fmtp:${picture.payload_type} level-asymmetry-allowed=1;packetization-mode=1;` +
      `profile-level-id=${picture.profile_level_id}`,
    `a=rtpmap:${picture.rtx_payload_type} rtx/90000`,
    `a=fmtp:${picture.rtx_payload_type} apt=${picture.payload_type}`,
    ...feedback(picture.payload_type, ["ccm fir", "nack", "nack pli", "transport-cc"]),
    "a=msid:other picture",
    `a=ssrc-group:FID ${picture.ssrc} ${picture.rtx_ssrc}`,
    ...source(picture.ssrc, "picture"),
    ...source(picture.rtx_ssrc, "picture"),
    "a=sendrecv",

    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    ...transport("2"),
    "a=sctp-port:5000",
    "a=max-message-size:65536",
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}

/// A candidate of the browser in the apps' form; nothing for what the apps do not use: TCP, and names for addresses.
export function candidateFrom(candidate) {
  const { foundation, component, protocol, priority, port, type, relatedPort } = candidate;
  const [address, relatedAddress] = [candidate.address, candidate.relatedAddress].map(bare);
  if (protocol !== "udp" || component !== "rtp" || !address || address.endsWith(".local")) {
    return undefined;
  }
  const kind = { host: "host", srflx: "server_reflexive", prflx: "peer_reflexive", relay: "relay" }[type];
  const related = relatedAddress && kind !== "host" ? { related: socket(relatedAddress, relatedPort) } : {};
  return { foundation, component: 1, transport: "udp", priority, address, port, kind, ...related };
}

/// A candidate of an app as the browser takes it.
export function candidateOf({ foundation, component, transport, priority, address, port, kind }) {
  const type = { host: "host", server_reflexive: "srflx", peer_reflexive: "prflx", relay: "relay" }[kind];
  const candidate = `candidate:${foundation} ${component} ${transport} ${priority} ${address} ${port} typ ${type}`;
  return { candidate, sdpMid: "0", sdpMLineIndex: 0 };
}

/// Chromium writes IPv6 addresses in brackets.
function bare(address) {
  return address?.replace(/^\[(.*)\]$/, "$1");
}

function socket(address, port) {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function read(sdp) {
  const session = [];
  const media = [];
  for (const line of sdp.split("\r\n").filter(Boolean)) {
    if (line.startsWith("m=")) {
      media.push([line]);
    } else {
      (media.at(-1) ?? session).push(line);
    }
  }
  return { session, media };
}

function section(media, kind) {
  const found = media.find((lines) => lines[0].startsWith(`m=${kind} `));
  if (!found) {
    throw new Error(`the browser's SDP has no ${kind}`);
  }
  return found;
}

function values(lines, key) {
  const start = `a=${key}:`;
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
}

/// The value on which all agree.
function only(what, found) {
  const distinct = new Set(found.map((value) => JSON.stringify(value)));
  if (distinct.size !== 1) {
    throw new Error(`${distinct.size} different values of ${what} where there must be one`);
  }
  return found[0];
}

function payloadType(lines, codec) {
  const found = values(lines, "rtpmap").find((value) => value.split(" ")[1].startsWith(`${codec}/`));
  if (!found) {
    throw new Error(`the browser has no ${codec}`);
  }
  return Number(found.split(" ")[0]);
}

/// Opus, and Opus in RED if the browser has that: its format names what the blocks are.
function voicePayloadTypes(lines) {
  const opus = payloadType(lines, "opus");
  const red = values(lines, "fmtp").find((value) => value.split(" ")[1] === `${opus}/${opus}`);
  return { payload_type: opus, ...(red && { red_payload_type: Number(red.split(" ")[0]) }) };
}

function format(lines, payloadType) {
  const found = values(lines, "fmtp").find((value) => value.startsWith(`${payloadType} `)) ?? "";
  const pairs = found.slice(found.indexOf(" ") + 1).split(";");
  return Object.fromEntries(pairs.map((pair) => pair.split("=")));
}

function retransmissionsOf(lines, payloadType) {
  const found = values(lines, "fmtp").find((value) => value.split(" ")[1] === `apt=${payloadType}`);
  if (!found) {
    throw new Error(`the browser does not retransmit ${payloadType}`);
  }
  return Number(found.split(" ")[0]);
}

function firstSource(lines) {
  return Number(values(lines, "ssrc")[0].split(" ")[0]);
}

/// The picture's source and that of its retransmissions (RFC 5576, `FID`).
function sources(lines) {
  const group = values(lines, "ssrc-group").find((value) => value.startsWith("FID "));
  if (!group) {
    throw new Error("the browser names no source for retransmissions");
  }
  return group.split(" ").slice(1).map(Number);
}

function extension(lines, uri) {
  const found = values(lines, "extmap").find((value) => value.split(" ")[1] === uri);
  if (!found) {
    throw new Error(`the browser does not know the header extension ${uri}`);
  }
  return Number(found.split(" ")[0]);
}
