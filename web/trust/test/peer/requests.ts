/** What the other implementation can ask of this one. */

import {
  type Announced,
  type Bytes,
  checkAgain,
  clinicKey,
  guestBundle,
  hostBundle,
  inviteKey,
  openStaffBox,
  type OwnBundle,
  type OwnFacts,
  patientDeviceKey,
  preSharedKey,
  readCheckMessage,
  readLink,
  readSheet,
  recoveryBoxKey,
  type Role,
  SealedChannel,
  sealStaffBox,
  sha256,
  SpokenCheck,
  staffDevice,
  utf8,
  verifyChain,
  verifyGuest,
  verifyHost,
  writeSheet,
} from "../../src/index.js";
import type { Vector } from "../vectors.js";

/** The answer to a request. */
type Answer = Readonly<Record<string, string | number | null>>;

/** One side of a visit: first a bundle, then the other's, then boxes. */
export class Peer {
  #own: OwnBundle | undefined;
  #channel: SealedChannel | undefined;
  #check: SpokenCheck | undefined;

  handle(request: Vector): Promise<Answer> {
    const name = request.at("do").text;
    const work = this.#requests.get(name);
    if (work === undefined) {
      throw new TypeError(`${name} is nothing that can be asked for`);
    }
    return work(request);
  }

  readonly #requests: ReadonlyMap<string, (request: Vector) => Promise<Answer>> = new Map(
    Object.entries({
      join_as_guest: async (request: Vector) => {
        const { secret, invite } = readLink(request.at("link").text);
        return this.#join(await guestBundle(await inviteKey(secret), invite, APP, random(64)));
      },
      join_as_host: async (request: Vector) => {
        const { signing } = await staffDevice(request.at("device_secret").bytes);
        const [chain, visit] = [request.at("chain").bytes, request.at("visit").bytes];
        return this.#join(await hostBundle(signing, chain, visit, APP, random(64)));
      },
      meet_host: async (request: Vector) => {
        const { secret, invite, clinic, epoch = 0 } = readLink(request.at("link").text);
        const visit = request.at("visit").bytes;
        const expected = { clinic, leastEpoch: epoch, now: BigInt(request.at("now").number) };
        const peer = await verifyHost(request.at("bundle").bytes, visit, expected);
        const known = request.at("patient_secret");
        const device = known.isNull ? undefined : await patientDeviceKey(known.bytes, clinic);
        const facts: OwnFacts = { role: "guest", ...(device && { device }) };
        const psk = await preSharedKey(secret, invite);
        this.#channel = new SealedChannel({ visit, own: this.#bundle(), peer, psk, facts });
        return this.#begin();
      },
      meet_guest: async (request: Vector) => {
        const [secret, invite] = [request.at("secret").bytes, request.at("invite").bytes];
        const visit = request.at("visit").bytes;
        const peer = await verifyGuest(request.at("bundle").bytes, (await inviteKey(secret)).publicKey, invite);
        const facts: OwnFacts = { role: "host", name: request.at("name").text, salt: request.at("salt").bytes };
        const psk = await preSharedKey(secret, invite);
        this.#channel = new SealedChannel({ visit, own: this.#bundle(), peer, psk, facts });
        return this.#begin();
      },
      begin_epoch: () => this.#begin(),
      seal: async (request: Vector) => ({ box: hexOf(await this.#sealed().seal(request.at("json").text)) }),
      ask_again: async () => ({ box: hexOf(await this.#sealed().askAgain()) }),
      open: (request: Vector) => this.#open(request.at("box").bytes),
      patient_device: async (request: Vector) => {
        const key = await patientDeviceKey(request.at("secret").bytes, request.at("clinic").bytes);
        return { device: hexOf(await sha256(key.publicKey)) };
      },
      check_start: async (request: Vector) => {
        const role = request.at("role").text;
        this.#check = new SpokenCheck(roleOf(role), await this.#transcript());
        return { said: request.at("begins").raw === true ? JSON.stringify(await this.#check.start(random(32))) : null };
      },
      check: async (request: Vector) => {
        const check = this.#check ?? fail("no check was begun");
        const said = await check.handle(readCheckMessage(request.at("said").text), random(32));
        return { said: said === undefined ? null : JSON.stringify(said), digits: check.digits ?? null };
      },
      notice: async (request: Vector) => {
        const expected = {
          clinic: request.at("clinic").bytes,
          leastEpoch: request.at("least_epoch").number,
          now: BigInt(request.at("now").number),
        };
        const chain = await verifyChain(request.at("chain").bytes, expected);
        return { epoch: await checkAgain(chain, request.at("notice").bytes, expected) };
      },
      sheet: async (request: Vector) => {
        const secret = readSheet(request.at("sheet").text);
        const clinic = await sha256((await clinicKey(secret)).publicKey);
        const reader = (await recoveryBoxKey(secret)).publicKey;
        return { sheet: writeSheet(secret), clinic: hexOf(clinic), reader: hexOf(reader) };
      },
      seal_staff_box: async (request: Vector) => {
        const { signing } = await staffDevice(request.at("device_secret").bytes);
        const readers = request.at("readers").list.map((reader) => reader.bytes);
        const creator = { signing, chain: request.at("chain").bytes };
        const payload = utf8(request.at("payload").text);
        return { box: hexOf(await sealStaffBox(context(request), payload, readers, creator, random(32))) };
      },
      open_staff_box: async (request: Vector) => {
        const { kind, object, revision, madeAt } = context(request);
        const sheet = request.at("sheet");
        const own = sheet.isNull
          ? (await staffDevice(request.at("device_secret").bytes)).agreement
          : await recoveryBoxKey(readSheet(sheet.text));
        const clinic = request.at("clinic").bytes;
        const expected = { clinic, kind, object, leastRevision: revision, now: madeAt };
        const opened = await openStaffBox(request.at("box").bytes, own, expected);
        return { payload: new TextDecoder().decode(opened.payload), serial: opened.creator.device.serial.toString() };
      },
    }),
  );

  async #join(own: OwnBundle): Promise<Answer> {
    this.#own = own;
    return { bundle: hexOf(own.bytes) };
  }

  async #begin(): Promise<Answer> {
    await this.#sealed().beginEpoch(random(32));
    return {};
  }

  async #open(box: Bytes): Promise<Answer> {
    const channel = this.#sealed();
    const opened = await channel.open(box);
    const facts = channel.peerFacts;
    const known = facts?.role === "guest" ? facts.device : null;
    return {
      kind: opened.kind,
      epoch: opened.kind === "unknown" ? null : opened.epoch,
      next: opened.kind === "askAgain" ? opened.next : null,
      json: opened.kind === "message" ? opened.json : null,
      name: facts?.role === "host" ? facts.name : null,
      device: known === null ? null : hexOf(await sha256(known)),
      fingerprint: channel.peerFingerprint === undefined ? null : hexOf(channel.peerFingerprint),
    };
  }

  async #transcript(): Promise<Bytes> {
    return (await this.#sealed().transcript()) ?? fail("not both fingerprints were said");
  }

  #bundle(): OwnBundle {
    return this.#own ?? fail("nobody joined");
  }

  #sealed(): SealedChannel {
    return this.#channel ?? fail("nobody was met");
  }
}

const APP: Announced = { versions: { least: 1, most: 1 }, capabilities: [1, 2, 3, 4] };

function context(request: Vector): { kind: number; object: Bytes; revision: number; madeAt: bigint } {
  return {
    kind: request.at("kind").number,
    object: request.at("object").bytes,
    revision: request.at("revision").number,
    madeAt: BigInt(request.at("made_at").number),
  };
}

function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

function hexOf(bytes: Bytes): string {
  return Buffer.from(bytes).toString("hex");
}

function roleOf(text: string): Role {
  return text === "host" || text === "guest" ? text : fail(`${text} is no role`);
}

function fail(what: string): never {
  throw new TypeError(what);
}
