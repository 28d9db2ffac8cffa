/** Why something was refused, by the names of docs/trust.md, each with its sentence. */

/** What is wrong, and what can be done. A closed list: whoever adds a name adds its sentence. */
const SENTENCES = {
  // Any structure.
  Malformed: "These bytes do not have the form they should have; leave them out.",
  WrongSignature: "The signature does not fit; do not trust this, and ask the clinic for a new link.",
  WeakKey: "This key protects nothing; do not trust who sent it.",
  LaterVersion: "This is of a later version; update this app.",
  OlderVersion: "This is of a version that did not protect the visit; update the other app.",
  // Chains.
  AnotherClinic: "This is of another clinic than the link; ask the clinic for a new link.",
  NotYetValid: "This certificate is not valid yet; look whether this device's clock is right.",
  Expired: "This certificate is over; the clinic's app has to renew it.",
  TooLong: "This certificate is good for longer than it may be; the clinic's app has to make it anew.",
  AnotherGeneration: "The revocations are of another issuing key; the clinic's app has to renew them.",
  RevocationsExpired: "The revocations are over; the clinic's app has to renew them.",
  RevocationsTooOld: "Newer revocations exist than these; do not trust who showed them.",
  Revoked: "The clinic has revoked this device; end the visit and call the clinic.",
  WrongRole: "This device may not do this; ask for a clinician.",
  // Bundles and the channel between them.
  AnotherVisit: "This bundle is of another visit; open the right link.",
  AnotherInvite: "This bundle is of another invite; open the right link.",
  SameRole: "The other app has the same part in the visit; ask for a link of your own.",
  NoCommonVersion: "This app and the other speak no common version; update the older one.",
  NoCommonSuite: "This app and the other know no common way to seal; update the older one.",
  // Boxes that whoever carries them may have made; they change nothing.
  LaterScheme: "This box is sealed in a way of a later version; update this app.",
  OldEpoch: "This box is of an epoch that is over; leave it out.",
  Replayed: "This box was opened before; leave it out.",
  Gap: "A box is missing before this one; hold it and ask again.",
  LowOrderPoint: "This box was sealed with a key that protects nothing; do not trust the server.",
  NotSealedForUs: "This was not sealed for us, or was changed on its way; do not trust the server.",
  NotSigned: "Somebody else who has the link tries to pass as the other side; ask the clinic.",
  // Boxes that the other side itself has made.
  Padding: "The other app sealed something that has not the right form; update both apps.",
  NameNotCertified: "The clinician's name is not the certified one; end the visit and ask the clinic.",
  DeviceProof: "The other side's device does not prove which it is; end the visit and ask the clinic.",
  FingerprintChanged: "The other side changed its certificate within an epoch; end the visit and ask the clinic.",
  Downgraded: "The other app leaves out what both can do; end the visit and ask the clinic.",
  NotAnnounced: "The other app uses what it did not announce; update both apps.",
  TooLarge: "This is more than may be said at once; say it in parts.",
  // Connection parameters and candidates inside of boxes.
  NotDtlsSrtp: "The other app wants a connection that is not encrypted end to end; do not make it.",
  NoFingerprint: "The other app does not say by which certificate it is known; update it.",
  SeveralFingerprints: "The other app names more than one certificate; update it.",
  FingerprintHash: "The other app names its certificate by another hash than SHA-256; update it.",
  Parameters: "The other app's connection parameters are not to be used; update it.",
  Candidate: "The other app names an address that is not to be used; leave it out.",
  // Links and recovery sheets.
  Link: "This is not a whole Housecall link; copy the whole link again.",
  Sheet: "This is not as it stands on the recovery sheet; compare group by group.",
  // The spoken check.
  OutOfTurn: "The comparison of digits was interrupted; start it again.",
  NotCommitted: "The other side did not keep to the comparison; start it again, and ask the clinic if it fails twice.",
  Differ: "The digits differ, somebody may be between the two; the visit is over, ask the clinic.",
  TooManyRuns: "Digits were compared too often in this visit; end it and ask the clinic for another link.",
  NonceUsedBefore: "This app drew no new random number; end the visit and start the app again.",
  // Staff boxes.
  AnotherObject: "The server gave something else than was asked for; do not trust it.",
  OlderRevision: "The server gave an older state than was seen before; do not trust it.",
  FromTheFuture: "This was shared at a time still to come; look whether this device's clock is right.",
} as const;

/** The name of a refusal, as docs/trust.md has it. */
export type RefusalName = keyof typeof SENTENCES;

/** Thrown by everything here that refuses; nothing else is thrown on bytes from outside. */
export class Refusal extends Error {
  readonly refusal: RefusalName;

  constructor(refusal: RefusalName, options?: ErrorOptions) {
    super(SENTENCES[refusal], options);
    this.name = "Refusal";
    this.refusal = refusal;
  }
}

/** Refuses by this name unless `condition` holds. */
export function demand(condition: boolean, refusal: RefusalName): asserts condition {
  if (!condition) {
    throw new Refusal(refusal);
  }
}

/** Refusals of boxes that whoever carries them could have made: they say nothing about the other side. */
const OF_THE_CARRIER: readonly RefusalName[] = [
  "Malformed",
  "LaterScheme",
  "OldEpoch",
  "Replayed",
  "Gap",
  "LowOrderPoint",
  "NotSealedForUs",
  "NotSigned",
];

/** Whether a box that was refused so was the other side's own. */
export function isAuthentic(refusal: RefusalName): boolean {
  return !OF_THE_CARRIER.includes(refusal);
}
