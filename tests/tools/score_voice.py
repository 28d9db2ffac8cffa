"""Scores what was heard of a voice: `score_voice.py RUNS.json SCORES.json`, called by `cargo xtask bench voice`.

Each run names what was said (`voice`), what was heard (`heard`, whose first sample is heard at the moment in which the
first sample of `voice` is said) and how many seconds of it to score. Each is scored in pieces of 8 s, aligned by
cross-correlation: PESQ-WB (ITU-T P.862.2) and STOI (Taal et al. 2011).
"""

import json
import os
import sys
import warnings
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from pesq import PesqError, pesq
from pystoi import stoi
from score import PIECE_SECS, RATE, best_lag, looped, voice

MOST_DELAY_SECS = 1.0


def score(run):
    """The run with its scores."""
    warnings.simplefilter("ignore")
    said, heard = voice(run["voice"]), voice(run["heard"])
    pesqs, stois, delays = [], [], []
    count = PIECE_SECS * RATE
    for piece in range(run["seconds"] // PIECE_SECS):
        start = piece * count
        reference = looped(said, start, count)
        around = heard[start : start + count + int(MOST_DELAY_SECS * RATE)]
        lag = best_lag(around, reference)
        delays.append(lag / RATE * 1e3)
        degraded = around[lag : lag + count]
        try:
            pesqs.append(pesq(RATE, reference.astype(np.float32), degraded.astype(np.float32), "wb"))
        except PesqError:
            pesqs.append(1.0)  # it found no speech in what was heard
        stois.append(float(stoi(reference, degraded, RATE)))
    return run | {"pesq": float(np.mean(pesqs)), "stoi": float(np.mean(stois)), "lag_ms": float(np.mean(delays))}


def main(runs, scores):
    with Pool(os.cpu_count()) as pool:
        scored = pool.map(score, json.loads(runs.read_text()), chunksize=1)
    scores.write_text(json.dumps(scored, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
