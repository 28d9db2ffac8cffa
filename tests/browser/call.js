// One call of the browser with a Housecall app, by the inner messages that apps exchange.

import { candidateFrom, candidateOf, descriptionOf, parametersFrom } from "/session_description.js";

export class Call {
  #connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  #control;
  #generation = 0;
  #version = 0;
  #tell;

  /// `tell` is handed what happens: inner messages for the other side under `message`, the rest under its own name.
  constructor(tell) {
    this.#tell = tell;
    // Agreed on beforehand, as the apps have it: no opening message.
    this.#control = this.#connection.createDataChannel("control", { negotiated: true, id: 0 });
    this.#control.binaryType = "arraybuffer";
    this.#control.onopen = () => tell({ channel: "open" });
    this.#control.onclose = () => tell({ channel: "closed" });
    this.#control.onmessage = ({ data }) =>
      tell({ control: typeof data === "string" ? data : new TextDecoder().decode(data) });
    this.#connection.onconnectionstatechange = () => tell({ connection: this.#connection.connectionState });
    this.#connection.onicecandidate = ({ candidate }) => this.#onCandidate(candidate);
    this.#connection.ontrack = ({ track }) => this.#onTrack(track);
  }

  /// What came: one element plays both, a context of its own listens.
  #remote = new MediaStream();

  /// Its voice shall go with copies of what was said just before, if the other side takes that.
  preferRed() {
    this.redFirst = true;
  }

  async takeDevices() {
    // A test tone is what the processing of voices is made to suppress.
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const local = await navigator.mediaDevices.getUserMedia({ audio, video: true });
    this.local = local;
    return local.getTracks().map((track) => ({ kind: track.kind, label: track.label, ...track.getSettings() }));
  }

  async offer({ restart }) {
    this.#addTracks();
    await this.#connection.setLocalDescription(await this.#connection.createOffer({ iceRestart: restart }));
    this.#generation += 1;
    return this.#own("offer");
  }

  async acceptOffer({ generation, parameters }) {
    this.#generation = generation;
    await this.#connection.setRemoteDescription({ type: "offer", sdp: this.#sdp(parameters) });
    this.#addTracks();
    await this.#connection.setLocalDescription();
    return this.#own("answer");
  }

  async acceptAnswer({ parameters }) {
    await this.#connection.setRemoteDescription({ type: "answer", sdp: this.#sdp(parameters) });
  }

  async addCandidates({ candidates }) {
    for (const candidate of candidates) {
      await this.#connection.addIceCandidate(candidateOf(candidate));
    }
  }

  send(text) {
    this.#control.send(text);
  }

  /// A channel that the apps have not agreed on.
  openAnotherChannel() {
    this.#connection.createDataChannel("another");
  }

  async stats() {
    return [...(await this.#connection.getStats()).values()];
  }

  hangUp() {
    this.#connection.close();
  }

  /// What is seen, as luma from 0 to 255, row by row, in a picture of this width.
  look({ width }) {
    const video = document.querySelector("video");
    if (!video.videoWidth) {
      return null;
    }
    const height = 2 * Math.round((width * video.videoHeight) / video.videoWidth / 2);
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const luma = [];
    for (let at = 0; at < data.length; at += 4) {
      // ITU-R BT.601.
      luma.push(Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]));
    }
    return { height, luma };
  }

  /// The strongest frequency of what is heard, in Hz, and how strong it is, in dB below the loudest possible.
  listen() {
    if (!this.analyser) {
      return null;
    }
    const spectrum = new Float32Array(this.analyser.frequencyBinCount);
    this.analyser.getFloatFrequencyData(spectrum);
    const strongest = spectrum.reduce((best, level, at) => (level > spectrum[best] ? at : best), 0);
    const level = spectrum[strongest];
    const frequency = (strongest * this.audio.sampleRate) / this.analyser.fftSize;
    return { frequency, level: Number.isFinite(level) ? level : -1000 };
  }

  #addTracks() {
    if (this.added) {
      return;
    }
    this.added = true;
    const [audio] = this.local?.getAudioTracks() ?? [];
    const [video] = this.local?.getVideoTracks() ?? [];
    for (const [kind, track] of [["audio", audio], ["video", video]]) {
      const offered = this.#connection.getTransceivers().find(({ receiver }) => receiver.track.kind === kind);
      const transceiver = offered ?? this.#connection.addTransceiver(kind);
      transceiver.direction = "sendrecv";
      transceiver.sender.replaceTrack(track ?? null);
      transceiver.setCodecPreferences(codecs(kind, this.redFirst));
    }
  }

  #onCandidate(candidate) {
    const generation = this.#generation;
    if (!candidate?.candidate) {
      this.#tell({ message: { kind: "end_of_candidates", generation } });
      return;
    }
    const found = candidateFrom(candidate);
    if (found) {
      this.#tell({ message: { kind: "candidates", generation, candidates: [found] } });
    }
  }

  #onTrack(track) {
    this.#remote.addTrack(track);
    const video = document.querySelector("video");
    video.srcObject = this.#remote;
    video.play().catch(() => {});
    if (track.kind === "audio") {
      this.audio = new AudioContext();
      this.analyser = new AnalyserNode(this.audio, { fftSize: 8192, smoothingTimeConstant: 0.5 });
      this.audio.createMediaStreamSource(new MediaStream([track])).connect(this.analyser);
    }
  }

  #own(kind) {
    const parameters = parametersFrom(this.#connection.localDescription.sdp);
    return { kind, generation: this.#generation, parameters };
  }

  #sdp(parameters) {
    this.#version += 1;
    return descriptionOf(parameters, this.#version, this.redFirst);
  }
}

/// What the apps speak, and nothing else: Opus, alone and in RED; H.264 constrained baseline in packetization mode 1; its
/// retransmission.
function codecs(kind, redFirst) {
  const all = RTCRtpReceiver.getCapabilities(kind).codecs;
  const isOurs = ({ mimeType, sdpFmtpLine = "" }) =>
    mimeType === "audio/opus" ||
    mimeType === "audio/red" ||
    mimeType === "video/rtx" ||
    (mimeType === "video/H264" &&
      sdpFmtpLine.includes("packetization-mode=1") &&
      sdpFmtpLine.includes("profile-level-id=42e01f"));
  const ours = all.filter(isOurs);
  const isRed = ({ mimeType }) => mimeType === "audio/red";
  return redFirst ? [...ours.filter(isRed), ...ours.filter((codec) => !isRed(codec))] : ours;
}
