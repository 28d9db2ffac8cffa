"""Scores a call by what both ends wrote down: `score.py FOLDER`, called by `cargo xtask bench call` and `bench links`.

FOLDER/run.json says which files belong to which end and which windows of time to look at; the result is
FOLDER/scores.json, one row for each way and window, and what concerns the call as a whole.

Windows count from the admission, which is when the link's schedule began (in a call between two browsers: the click).

Picture: SSIM (Wang et al. 2004, on brightness, 7x7 windows) of each picture shown against the frame of the footage
that has the same RTP timestamp. Sound: PESQ-WB (ITU-T P.862.2) of pieces of 8 s, the median; STOI (Taal et al. 2011) of
pieces of 2 s, the mean: it knows no delays that change, and a playout stretches and squeezes. Each piece is aligned to the
voice by cross-correlation around the time that the two reports give. A piece of silence while somebody spoke counts as the
worst there is, with no delay of its own, and a second that an end was not connected counts as made up.
"""

import json
import sys
import warnings
import wave
from functools import cache
from pathlib import Path

import numpy as np
from pesq import PesqError, pesq
from pystoi import stoi
from scipy.ndimage import uniform_filter, zoom
from scipy.signal import correlate, resample_poly

import score_time
from score_time import mean, percentile

RATE = 16_000  # what PESQ-WB is defined for
PIECE_SECS = 8  # P.862 wants 8 to 12 s
SHORT_SECS = 2  # a playout that is stretched or squeezed keeps its place for so long
WORST_PESQ, WORST_STOI = 1.0, 0.0  # of a piece in which nothing was heard
SILENCE = 1e-4  # -80 dB of full scale
NO_STOI = 1e-5  # what pystoi says of a piece in which hardly anything was said
MOST_DELAY_SECS = 6.0  # a mouth-to-ear delay beyond this is no call
SCORED_EVERY_S = 0.33  # a picture in so long, spread evenly
CONNECTED = ("live", "reconnecting")  # what is lost in a reconnection is counted as made up by the app itself
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


class Kept:
    """Those pictures that were kept of a film in whatever size they were shown, by their index among all shown."""

    def __init__(self, path, kept, width, height):
        self.file = open(path, "rb")
        self.pictures = {picture["shown"]: picture for picture in kept}
        self.width, self.height = width, height

    def luma(self, index):
        picture = self.pictures[index]
        width, height = picture["width"], picture["height"]
        self.file.seek(picture["at"])
        data = np.frombuffer(self.file.read(width * height), np.uint8).reshape(height, width).astype(np.float64)
        if (width, height) == (self.width, self.height):
            return data
        scale = (self.height / height, self.width / width)
        return zoom(data, scale, order=1, mode="nearest", grid_mode=True)


def ssim(a, b):
    """Mean structural similarity of two pictures of one size."""
    mean_a, mean_b = uniform_filter(a, 7), uniform_filter(b, 7)
    var_a = uniform_filter(a * a, 7) - mean_a**2
    var_b = uniform_filter(b * b, 7) - mean_b**2
    both = uniform_filter(a * b, 7) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return float(np.mean(top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))))


@cache
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


def look_at_pictures(sent, shown_report, run, sender, receiver):
    """Each picture that was shown: when, how long after it was taken, and for some how much like what was sent."""
    footage = Film(run["ends"][sender]["camera"])
    screen = run["ends"][receiver]["screen"]
    kept = shown_report.get("kept")
    if kept is not None:
        film = Kept(screen, kept, footage.width, footage.height)
        is_there, count = film.pictures.__contains__, len(shown_report["shown_unix_us"])
    else:
        film = Film(screen)
        is_there, count = film_has(film, footage), film.frames
    captured_at = {}
    for index, (rtp, at) in enumerate(zip(sent["captured_rtp"], sent["captured_unix_us"])):
        if rtp is not None:
            captured_at[rtp] = (index, at)
    pictures, last_scored = [], 0
    for k, (at, rtp) in enumerate(zip(shown_report["shown_unix_us"][:count], shown_report["shown_rtp"])):
        picture = {"at": at / 1e6, "delay_ms": None, "ssim": None}
        if rtp in captured_at:
            frame, taken = captured_at[rtp]
            picture["delay_ms"] = (at - taken) / 1e3 if taken else None
            if picture["at"] - last_scored >= SCORED_EVERY_S and is_there(k):
                picture["ssim"] = ssim(film.luma(k), footage.luma(frame % footage.frames))
                last_scored = picture["at"]
        pictures.append(picture)
    return pictures


def film_has(film, footage):
    """Whether a picture can be scored: not if the film was written in another size than what was sent."""
    is_of_one_size = (film.width, film.height) == (footage.width, footage.height)
    return lambda k: is_of_one_size


def score_pictures(pictures, window):
    """Rows about the pictures that were shown within the window."""
    inside = [picture for picture in pictures if window["from_s"] <= picture["at"] < window["to_s"]]
    delays = [picture["delay_ms"] for picture in inside if picture["delay_ms"] is not None]
    scores = [picture["ssim"] for picture in inside if picture["ssim"] is not None]
    span = window["to_s"] - window["from_s"]
    return {
        "fps_shown": len(inside) / span if span > 0 else 0,
        "ssim": mean(scores),
        "ssim_median": percentile(scores, 50),
        "ssim_p5": percentile(scores, 5),
        "glass_to_glass_ms": percentile(delays, 50),
        "glass_to_glass_p95_ms": percentile(delays, 95),
    }


def score_sound(sent, heard_report, run, sender, receiver, window):
    """Rows about what was heard within the window."""
    said, heard = voice(run["ends"][sender]["microphone"]), voice(run["ends"][receiver]["speaker"])
    mouth, ear = sent["microphone_started_unix_us"], heard_report["speaker_started_unix_us"]
    if mouth is None or ear is None:
        return {"pesq": None, "pesq_min": None, "stoi": None, "mouth_to_ear_ms": None, "mouth_to_ear_p95_ms": None, "pieces": 0}

    def pieces(seconds):
        """What was heard, what was said of it, and the delay in ms: in pieces that have a voice in them. Of a piece of
        silence, nothing but the piece."""
        at = max(window["from_s"], ear / 1e6)
        while at + seconds <= window["to_s"]:
            start = int((at - ear / 1e6) * RATE)
            piece = heard[start : start + seconds * RATE]
            said_from = int((at - MOST_DELAY_SECS - mouth / 1e6) * RATE)
            at += seconds
            if len(piece) < seconds * RATE:
                break
            around = looped(said, said_from, int((seconds + MOST_DELAY_SECS) * RATE))
            if is_silent(around[-seconds * RATE :] if is_silent(piece) else around):
                continue  # nothing was said
            if is_silent(piece):
                yield piece, None, None
                continue
            lag = best_lag(around, piece)
            yield piece, around[lag : lag + len(piece)], (MOST_DELAY_SECS - lag / RATE) * 1e3

    pesqs, stois, delays = [], [], []
    for piece, reference, _ in pieces(PIECE_SECS):
        if reference is None:
            pesqs.append(WORST_PESQ)  # pesq divides by its power
            continue
        try:
            pesqs.append(pesq(RATE, reference.astype(np.float32), piece.astype(np.float32), "wb"))
        except PesqError:
            pesqs.append(WORST_PESQ)  # it found no speech in what was heard
    for piece, reference, delay in pieces(SHORT_SECS):
        if reference is None:
            stois.append(WORST_STOI)
            continue
        score = float(stoi(reference, piece, RATE))
        if score != NO_STOI:
            stois.append(score)
            delays.append(delay)
    return {
        "pesq": percentile(pesqs, 50),
        "pesq_min": min(pesqs, default=None),
        "stoi": mean(stois),
        "mouth_to_ear_ms": percentile(delays, 50),
        "mouth_to_ear_p95_ms": percentile(delays, 95),
        "pieces": len(pesqs),
    }


def is_silent(samples):
    return np.sqrt(np.mean(samples**2)) < SILENCE


def best_lag(around, piece):
    """Where in `around` the piece fits best, normalised by what is there: a loud passage does not win by loudness."""
    products = correlate(around, piece, mode="valid", method="fft")
    energy = np.cumsum(np.concatenate([[0.0], around**2]))
    energy = energy[len(piece) :] - energy[: -len(piece)]
    return int(np.argmax(products / np.sqrt(energy + 1e-6)))


def score_link(sender_report, receiver_report, window):
    """What the reports say about the window."""

    def within(report, field):
        of = field if callable(field) else lambda sample: sample.get(field)
        start = report["started_unix_us"] / 1e6
        values = [(start + sample["t"], of(sample)) for sample in report["samples"]]
        return [v for at, v in values if v is not None and window["from_s"] < at <= window["to_s"]]

    def concealed(sample):
        """An end that is not connected plays nothing: that is no voice without a flaw."""
        return sample.get("concealed_ratio") if sample["phase"] in CONNECTED else 1.0

    sent, feedback = mean(within(sender_report, "sent_kbps")), mean(within(sender_report, "feedback_kbps"))
    return {
        "feedback_part": feedback / sent if sent and feedback is not None else None,
        "target_kbps": mean(within(sender_report, "target_kbps")),
        "sent_kbps": sent,
        "received_kbps": mean(within(receiver_report, "received_kbps")),
        "rtt_ms": percentile(within(sender_report, "rtt_ms"), 50),
        "width": percentile([w for w in within(receiver_report, "width") if w], 50),
        "height": percentile([h for h in within(receiver_report, "height") if h], 50),
        "concealed": mean(within(receiver_report, concealed)),
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


def windows(run):
    """The windows in Unix seconds."""
    zero = run["link_started_unix_s"]
    for window in run["windows"]:
        yield {"name": window["name"], "from_s": zero + window["from_s"], "to_s": zero + window["to_s"]}


def main(folder):
    warnings.simplefilter("ignore")
    run = json.loads((folder / "run.json").read_text())
    for end in run["ends"].values():
        for name in ("screen", "speaker", "report"):
            end[name] = folder / end[name]
    reports = {name: json.loads(Path(end["report"]).read_text()) for name, end in run["ends"].items()}
    link = json.loads((folder / "link.json").read_text())["links"]["A"]
    rows, series, shown_by_way = [], {}, {}
    for sender, receiver in PEERS.items():
        sent, got = reports[sender], reports[receiver]
        way = f"{sender} to {receiver}"
        direction = link["up" if sender == "patient" else "down"]
        pictures = look_at_pictures(sent, got, run, sender, receiver)
        shown = shown_by_way[way] = [picture["at"] for picture in pictures]
        for window in windows(run):
            row = {"window": window["name"], "way": way}
            row |= score_pictures(pictures, window)
            row |= score_time.stillness(shown, window)
            row |= score_sound(sent, got, run, sender, receiver, window)
            row |= score_link(sent, got, window)
            row |= score_time.link(direction, run, window)
            rows.append(row)
        series[way] = score_time.series(run, sent, got, pictures, direction)
    call = score_call(run, reports) | score_time.recovery(run, series, shown_by_way, reports)
    result = {"profile": run["profile"], "rows": rows, "series": series, "call": call}
    (folder / "scores.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
