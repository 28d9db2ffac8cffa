/** The second implementation of Housecall's trust. The text it was written from is docs/trust.md. */

export { fromBase64url, toBase64url } from "./base64url.js";
export * from "./bundle.js";
export { type Bytes, framed, join, same, unsigned, utf8 } from "./bytes.js";
export type { Candidate } from "./candidate.js";
export { type DeviceRole, ROLES, type UnixTime, type Validity } from "./certificate.js";
export { type Chain, checkAgain, type Expected, isName, nameHash, parseChain, verifyChain } from "./chain.js";
export { type ChannelParts, type Opened, SealedChannel } from "./channel.js";
export { derive, hkdf, sha256 } from "./digest.js";
export { commitment, enrolmentTranscript, spokenDigits } from "./digits.js";
export { demandSignature, hasSmallOrder, type SigningKey, signingKey } from "./ed25519.js";
export { type Direction, type OwnFacts, type PeerFacts, sealInfo } from "./first_box.js";
export type { PreSharedKey } from "./hpke.js";
export { type InnerMessage, readInnerMessage } from "./inner_message.js";
export { inviteKey, patientDeviceKey, preSharedKey } from "./invite.js";
export { type Link, readLink, writeLink } from "./link.js";
export type { ConnectionParameters, Setup, SrtpProfile } from "./parameters.js";
export { clinicKey, readSheet, recoveryBoxKey, writeSheet } from "./recovery.js";
export { isAuthentic, Refusal, type RefusalName } from "./refusal.js";
export { type BoxContext, type BoxExpected, type OpenedBox, openStaffBox, sealStaffBox } from "./staff_box.js";
export { type StaffDevice, staffDevice } from "./staff_device.js";
export { type CheckMessage, readCheckMessage, SpokenCheck } from "./spoken_check.js";
export { type Ends, transcript } from "./transcript.js";
export { type AgreementKey, agreementKey, hasLowOrder } from "./x25519.js";
