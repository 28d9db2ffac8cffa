"""Scores a call by what both ends wrote down: `score.py FOLDER`, called by `cargo xtask bench call`.

FOLDER/run.json says which files belong to which end and which windows of time to look at; the result is
FOLDER/scores.json, one row for each way and window, and what concerns the call as a whole.

Picture: SSIM (Wang et al. 2004, on brightness, 7x7 windows) of each picture shown against the frame of the footage
that has the same RTP timestamp. Sound: PESQ-WB (ITU-T P.862.2) and STOI (Taal et al. 2011) of pieces of 8 s, each
aligned to the voice by cross-correlation around the time that the two reports give.
"""

import json
import sys
import warnings
import wave
from pathlib import Path

import numpy as np
from pesq import PesqError, pesq
from pystoi import stoi
from scipy.ndimage import uniform_filter
from scipy.signal import correlate, resample_poly

RATE = 16_000  # what PESQ-WB is defined for
PIECE_SECS = 8  # P.862 wants 8 to 12 s
MOST_DELAY_SECS = 6.0  # a mouth-to-ear delay beyond this is no call
PICTURES_SCORED = 120  # a window; spread evenly
PEERS = {"clinician": "patient", "patient": "clinician"}


class Film:
    """A 4:2:0 film, read by its frames' brightness."""

    def __init__(self, path):
        self.file = open(path, "rb")
        header = self.file.readline().split()
        if not header or header[0] != b"YUV4MPEG2":
            raise ValueError(f"{path} is no y4m film")
        fields = {word[:1]: word[1:] for word in header[1:]}
        self.width, self.height = int(fields[b"W"]), int(fields[b"H"])
        self.start = self.file.tell()
        chroma = 2 * ((self.width + 1) // 2) * ((self.height + 1) // 2)
        self.frame_bytes = len(b"FRAME\n") + self.width * self.height + chroma
        size = self.file.seek(0, 2)
        self.frames = (size - self.start) // self.frame_bytes

    def luma(self, index):
        self.file.seek(self.start + index * self.frame_bytes + len(b"FRAME\n"))
        data = self.file.read(self.width * self.height)
        return np.frombuffer(data, np.uint8).reshape(self.height, self.width).astype(np.float64)


def ssim(a, b):
    """Mean structural similarity of two pictures of one size."""
    mean_a, mean_b = uniform_filter(a, 7), uniform_filter(b, 7)
    var_a = uniform_filter(a * a, 7) - mean_a**2
    var_b = uniform_filter(b * b, 7) - mean_b**2
    both = uniform_filter(a * b, 7) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return float(np.mean(top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))))


def voice(path):
    """A mono 16-bit file at 16 kHz, from -1 to 1; the samples a second it had."""
    data = Path(path).read_bytes()
    with wave.open(str(path)) as file:
        rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
    if (width, channels) != (2, 1):
        raise ValueError(f"{path} is not one channel of 16 bits")
    start = data.index(b"data") + 8
    samples = np.frombuffer(data[start : start + (len(data) - start) // 2 * 2], "<i2") / 32768.0
    return resample_poly(samples, RATE, rate) if rate != RATE else samples


def looped(samples, start, count):
    """`count` samples of a loop from sample `start`, which may be negative."""
    return samples[np.arange(start, start + count) % len(samples)]


def score_pictures(sent, shown_report, run, sender, receiver, window):
    """Rows about the pictures that were shown within the window."""
    footage = Film(run["ends"][sender]["camera"])
    film = Film(run["ends"][receiver]["screen"])
    captured_at = {}
    for index, (rtp, at) in enumerate(zip(sent["captured_rtp"], sent["captured_unix_us"])):
        if rtp is not None:
            captured_at[rtp] = (index, at)
    shown = list(zip(shown_report["shown_unix_us"], shown_report["shown_rtp"]))[: film.frames]
    inside = [k for k, (at, _) in enumerate(shown) if window["from_s"] <= at / 1e6 < window["to_s"]]
    matched = [k for k in inside if shown[k][1] in captured_at]
    delays = [(shown[k][0] - captured_at[shown[k][1]][1]) / 1e3 for k in matched if captured_at[shown[k][1]][1]]
    scores = []
    if (film.width, film.height) == (footage.width, footage.height):
        for k in matched[:: max(1, len(matched) // PICTURES_SCORED)]:
            frame = captured_at[shown[k][1]][0] % footage.frames
            scores.append(ssim(film.luma(k), footage.luma(frame)))
    span = window["to_s"] - window["from_s"]
    return {
        "fps_shown": len(inside) / span if span > 0 else 0,
        "unmatched": len(inside) - len(matched),
        "ssim": mean(scores),
        "ssim_p5": percentile(scores, 5),
        "glass_to_glass_ms": percentile(delays, 50),
        "glass_to_glass_p95_ms": percentile(delays, 95),
    }


def score_sound(sent, heard_report, run, sender, receiver, window):
    """Rows about what was heard within the window."""
    said, heard = voice(run["ends"][sender]["microphone"]), voice(run["ends"][receiver]["speaker"])
    mouth, ear = sent["microphone_started_unix_us"], heard_report["speaker_started_unix_us"]
    pesqs, stois, delays = [], [], []
    if mouth is None or ear is None:
        return {"pesq": None, "pesq_min": None, "stoi": None, "mouth_to_ear_ms": None, "pieces": 0}
    at = max(window["from_s"], ear / 1e6)
    while at + PIECE_SECS <= window["to_s"]:
        start = int((at - ear / 1e6) * RATE)
        piece = heard[start : start + PIECE_SECS * RATE]
        said_from = int((at - MOST_DELAY_SECS - mouth / 1e6) * RATE)
        at += PIECE_SECS
        if len(piece) < PIECE_SECS * RATE:
            break
        around = looped(said, said_from, int((PIECE_SECS + MOST_DELAY_SECS) * RATE))
        if np.sqrt(np.mean(around**2)) < 1e-4:
            continue  # nothing was said
        lag = best_lag(around, piece)
        reference = around[lag : lag + len(piece)]
        delays.append((MOST_DELAY_SECS - lag / RATE) * 1e3)
        try:
            pesqs.append(pesq(RATE, reference.astype(np.float32), piece.astype(np.float32), "wb"))
        except PesqError:
            pesqs.append(1.0)  # it found no speech in what was heard
        stois.append(float(stoi(reference, piece, RATE)))
    return {
        "pesq": percentile(pesqs, 50),
        "pesq_min": min(pesqs, default=None),
        "stoi": percentile(stois, 50),
        "mouth_to_ear_ms": percentile(delays, 50),
        "pieces": len(pesqs),
    }


def best_lag(around, piece):
    """Where in `around` the piece fits best, normalised by what is there: a loud passage does not win by loudness."""
    products = correlate(around, piece, mode="valid", method="fft")
    energy = np.cumsum(np.concatenate([[0.0], around**2]))
    energy = energy[len(piece) :] - energy[: -len(piece)]
    return int(np.argmax(products / np.sqrt(energy + 1e-6)))


def score_link(sender_report, receiver_report, window):
    """What the reports say about the window."""

    def within(report, field):
        start = report["started_unix_us"] / 1e6
        values = [(start + sample["t"], sample.get(field)) for sample in report["samples"]]
        return [v for at, v in values if v is not None and window["from_s"] < at <= window["to_s"]]

    frozen = within(receiver_report, "frozen_ms")
    return {
        "target_kbps": mean(within(sender_report, "target_kbps")),
        "sent_kbps": mean(within(sender_report, "sent_kbps")),
        "rtt_ms": percentile(within(sender_report, "rtt_ms"), 50),
        "height": percentile([h for h in within(receiver_report, "height") if h], 50),
        "frozen_ms": frozen[-1] - frozen[0] if frozen else None,
        "concealed": mean(within(receiver_report, "concealed_ratio")),
        "audio_buffer_ms": percentile(within(receiver_report, "audio_buffer_ms"), 50),
    }


def score_call(run, reports):
    """What concerns the call as a whole."""

    def unix_ms(name, step):
        at = reports[name]["timeline_ms"].get(step)
        return None if at is None else reports[name]["started_unix_us"] / 1e3 + at

    def ended_ms(name):
        ends = [e["t"] for e in reports[name]["events"] if e["event"].startswith("ended")]
        return reports[name]["started_unix_us"] / 1e3 + ends[0] * 1e3 if ends else None

    def since(later, earlier):
        return None if later is None or earlier is None else later - earlier

    admitted = unix_ms("clinician", "admitted")
    hung_up = run["hangs_up"]
    call = {"hang_up_noticed_ms": since(ended_ms(PEERS[hung_up]), ended_ms(hung_up))}
    for name, report in reports.items():
        samples = report["samples"]
        paths = [sample["path"] for sample in samples if sample.get("path")]
        live = [sample for sample in samples if sample["phase"] == "live"]
        cpu = (live[-1]["cpu_s"] - live[0]["cpu_s"]) / (live[-1]["t"] - live[0]["t"]) * 60 if len(live) > 1 else None
        call[name] = {
            "admit_to_picture_ms": since(unix_ms(name, "first_video"), admitted),
            "admit_to_sound_ms": since(unix_ms(name, "first_audio"), admitted),
            "path": paths[-1] if paths else None,
            "cpu_s_per_minute": cpu,
            "peak_rss_mb": report["totals"]["peak_rss_mb"],
            "freezes": report["totals"]["freezes"],
            "end": report.get("end"),
        }
    return call


def mean(values):
    return float(np.mean(values)) if len(values) else None


def percentile(values, part):
    return float(np.percentile(values, part)) if len(values) else None


def windows(run, reports):
    """The windows in Unix seconds; those that count from the admission are moved to it."""
    start = reports["clinician"]["started_unix_us"] / 1e6
    admitted_ms = reports["clinician"]["timeline_ms"].get("admitted")
    admitted = start + admitted_ms / 1e3 if admitted_ms is not None else start
    for window in run["windows"]:
        zero = run["link_started_unix_s"] if window["counts_from"] == "link" else admitted
        yield {"name": window["name"], "from_s": zero + window["from_s"], "to_s": zero + window["to_s"]}


def main(folder):
    warnings.simplefilter("ignore")
    run = json.loads((folder / "run.json").read_text())
    for end in run["ends"].values():
        for name in ("screen", "speaker", "report"):
            end[name] = folder / end[name]
    reports = {name: json.loads(Path(end["report"]).read_text()) for name, end in run["ends"].items()}
    rows = []
    for window in windows(run, reports):
        for sender, receiver in PEERS.items():
            sent, got = reports[sender], reports[receiver]
            row = {"window": window["name"], "way": f"{sender} to {receiver}"}
            row |= score_pictures(sent, got, run, sender, receiver, window)
            row |= score_sound(sent, got, run, sender, receiver, window)
            row |= score_link(sent, got, window)
            rows.append(row)
    result = {"profile": run["profile"], "rows": rows, "call": score_call(run, reports)}
    (folder / "scores.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
