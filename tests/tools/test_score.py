"""Checks the ruler before it measures: what `score.py` says of calls of which that is known. Run by whoever scores a call."""

import tempfile
import unittest
import wave
from pathlib import Path

import numpy as np
import score

RATE = score.RATE
SECONDS = 16
DELAY_S = 0.2


def voice():
    """Something like speech: noise in syllables."""
    random = np.random.default_rng(7)
    count = SECONDS * RATE
    times = np.arange(count) / RATE
    return random.normal(0, 0.1, count) * (0.05 + np.sin(2 * np.pi * 2.1 * times).clip(0) * random.uniform(0.5, 1))


def written(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return str(path)


class Sound(unittest.TestCase):
    def scored(self, said, heard):
        """What is said of a call from the mouth with these samples to the ear with those, from second 0 on."""
        with tempfile.TemporaryDirectory() as folder:
            microphone = written(Path(folder) / "said.wav", said)
            speaker = written(Path(folder) / "heard.wav", heard)
            run = {"ends": {"patient": {"microphone": microphone}, "clinician": {"speaker": speaker}}}
            mouth, ear = {"microphone_started_unix_us": 0}, {"speaker_started_unix_us": 0}
            window = {"from_s": 0.0, "to_s": float(SECONDS)}
            return score.score_sound(mouth, ear, run, "patient", "clinician", window)

    def heard(self):
        """All of it, a moment later."""
        return np.roll(voice(), int(DELAY_S * RATE))

    def test_what_was_heard_as_it_was_said_is_perfect(self):
        scores = self.scored(voice(), self.heard())
        self.assertGreater(scores["stoi"], 0.99)
        self.assertAlmostEqual(scores["mouth_to_ear_ms"], DELAY_S * 1e3, delta=1)

    def test_silence_while_somebody_speaks_is_the_worst_and_has_no_delay(self):
        scores = self.scored(voice(), np.zeros(SECONDS * RATE))
        self.assertEqual((scores["stoi"], scores["pesq"], scores["pieces"]), (0.0, 1.0, 2))
        self.assertIsNone(scores["mouth_to_ear_ms"])

    def test_a_call_that_begins_late_is_scored_with_the_time_before(self):
        heard = self.heard()
        heard[: SECONDS * RATE // 2] = 0
        scores = self.scored(voice(), heard)
        self.assertAlmostEqual(scores["stoi"], 0.5, delta=0.01)
        self.assertEqual(scores["pesq_min"], 1.0)
        self.assertAlmostEqual(scores["mouth_to_ear_ms"], DELAY_S * 1e3, delta=1)

    def test_where_nobody_speaks_silence_is_right(self):
        said, heard = voice(), self.heard()
        said[: SECONDS * RATE // 2] = heard[: SECONDS * RATE // 2 + int(DELAY_S * RATE)] = 0
        self.assertGreater(self.scored(said, heard)["stoi"], 0.95)


class Link(unittest.TestCase):
    def test_a_second_without_a_connection_is_no_voice_without_a_flaw(self):
        phases = [("connecting", 0.0), ("connecting", 0.0), ("live", 0.2), ("reconnecting", 0.8)]
        samples = [{"t": t + 1, "phase": phase, "concealed_ratio": part} for t, (phase, part) in enumerate(phases)]
        report = {"started_unix_us": 0, "samples": samples}
        row = score.score_link({"started_unix_us": 0, "samples": []}, report, {"from_s": 0, "to_s": 4})
        self.assertAlmostEqual(row["concealed"], 0.75)


if __name__ == "__main__":
    unittest.main()
