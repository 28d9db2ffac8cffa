"""What a call was like from second to second: for how long the picture stood still, how the rates went, and how soon all was
well again after the link was.

Seconds are Unix seconds unless they are said to count from the admission.
"""

import numpy as np

MOVING_FPS = 15  # with fewer a second is no moving picture
RECENT = 30  # gaps that W3C webrtc-stats takes the mean of
MARGIN_S = 0.15  # a gap this much over the mean is seen by everybody (webrtc-stats)
OLD_RATE = (10, 20)  # seconds of the step at its first rate, once it was found
STEP_BACK_S = 40
AS_BEFORE = 0.8


def mean(values):
    return float(np.mean(values)) if len(values) else None


def percentile(values, part):
    return float(np.percentile(values, part)) if len(values) else None


def freezes(shown):
    """The gaps that webrtc-stats counts as frozen: longer than max(3 x mean, mean + 150 ms) of the gaps before."""
    gaps, frozen = [], []
    for before, after in zip(shown, shown[1:]):
        gap = after - before
        usual = mean(gaps[-RECENT:]) if gaps else MARGIN_S
        if gap > max(3 * usual, usual + MARGIN_S):
            frozen.append((before, after))
        gaps.append(gap)
    return frozen


def still(shown, frozen, start, end):
    """For how much of a second or less there was no moving picture, honestly: a slideshow is none, and voice alone is none."""
    span = end - start
    if sum(start <= at < end for at in shown) < MOVING_FPS * span:
        return span
    return min(span, sum(max(0.0, min(to, end) - max(since, start)) for since, to in frozen))


def stillness(shown, window):
    """Milliseconds without a moving picture in a window, and the longest wait for a new picture in it."""
    start, end = window["from_s"], window["to_s"]
    frozen = freezes(shown)
    seconds = np.arange(start, end, 1.0)
    without = sum(still(shown, frozen, at, min(at + 1, end)) for at in seconds)
    inside = [start] + [at for at in shown if start <= at < end] + [end]
    return {
        "frozen_ms": without * 1e3,
        "frozen_part": without / (end - start) if end > start else None,
        "longest_wait_ms": max(after - before for before, after in zip(inside, inside[1:])) * 1e3,
    }


def link(direction, run, window):
    """What the laboratory's counters say of this way over the patient's link; the queue's over the whole call."""
    zero = run["link_started_unix_s"]
    seconds = direction.get("series", [])[int(window["from_s"] - zero) : int(window["to_s"] - zero)]
    return {
        "queue_p95_ms": direction["queue_delay_ms"]["p95"],
        "link_kbps": mean([second["delivered_bytes"] * 8 / 1e3 for second in seconds]),
        "lab_late_ms": direction["timing_error_ms"]["p99"],
    }


def series(run, sent, got, pictures, direction):
    """One entry a second from the admission on, of one way."""
    zero = run["link_started_unix_s"]
    ends = got["started_unix_us"] / 1e6 + max([sample["t"] for sample in got["samples"]], default=0)
    shown = [picture["at"] for picture in pictures]
    frozen = freezes(shown)

    def sampled(report, field, start):
        begun = report["started_unix_us"] / 1e6
        for sample in report["samples"]:
            if start < begun + sample["t"] <= start + 1:
                return sample.get(field)
        return None

    entries = []
    for second in range(int(ends - zero)):
        start = zero + second
        inside = [picture for picture in pictures if start <= picture["at"] < start + 1]
        queue = direction.get("series", [])[second : second + 1]
        entries.append(
            {
                "t": second,
                "fps": len(inside),
                "frozen": still(shown, frozen, start, start + 1),
                "ssim": mean([picture["ssim"] for picture in inside if picture["ssim"] is not None]),
                "glass_to_glass_ms": percentile([p["delay_ms"] for p in inside if p["delay_ms"] is not None], 50),
                "rtt_ms": sampled(sent, "rtt_ms", start),
                "target_kbps": sampled(sent, "target_kbps", start),
                "sent_kbps": sampled(sent, "sent_kbps", start),
                "received_kbps": sampled(got, "received_kbps", start),
                "height": sampled(got, "height", start),
                "concealed": sampled(got, "concealed_ratio", start),
                "queue_ms": queue[0]["queue_delay_max_ms"] if queue else None,
            }
        )
    return entries


def recovery(run, by_way, shown_by_way, reports):
    """How soon what was asked for was there: 720 lines; the old rate and size after a step; the call after an outage. In
    seconds; null for never, and where the run is not about it."""
    result = {"tall_after_s": {}, "back_after_s": {}, "picture_again_s": {}, "live_again_s": {}}
    cut = run.get("cut")
    for way, entries in by_way.items():
        result["tall_after_s"][way] = first(entries, 0, lambda entry: (entry["height"] or 0) >= 720)
        if run["profile"].startswith("step"):
            before = [entry for entry in entries if OLD_RATE[0] <= entry["t"] < OLD_RATE[1]]
            rate = mean([entry["received_kbps"] for entry in before if entry["received_kbps"]])
            height = percentile([entry["height"] for entry in before if entry["height"]], 50)
            if rate and height:
                result["back_after_s"][way] = first(
                    entries,
                    STEP_BACK_S,
                    lambda e: (e["received_kbps"] or 0) >= AS_BEFORE * rate and (e["height"] or 0) >= height,
                )
        if cut:
            over = run["link_started_unix_s"] + cut["to_s"]
            result["picture_again_s"][way] = next((at - over for at in shown_by_way[way] if at > over), None)
    if cut:
        over = run["link_started_unix_s"] + cut["to_s"]
        for name, report in reports.items():
            begun = report["started_unix_us"] / 1e6
            words = [(begun + event["t"], event["event"]) for event in report["events"] if event["t"] is not None]
            lost = any(word.startswith("reconnecting") for _, word in words)
            again = [at - over for at, word in words if word == "live" and at > over]
            result["live_again_s"][name] = again[-1] if lost and again else None
    return result


def first(entries, since, is_so):
    """The first second since then, counted from then, that it was so."""
    return next((entry["t"] + 1 - since for entry in entries if entry["t"] >= since and is_so(entry)), None)
