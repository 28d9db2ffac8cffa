//! Whether the queue on the path grows: a line through the delays of the last groups.

use std::collections::VecDeque;

use super::arrival_groups::GroupDelta;

/// Groups that the line goes through (libwebrtc): two thirds of a second at 30 frames a second.
const WINDOW: usize = 20;

/// On a slow link twenty groups take seconds: there these, over at least this many milliseconds, must do.
const FEW_GROUPS: usize = 7;
const LONG_MS: f64 = 500.0;

/// A single leap of the delay counts as noise up to this, in milliseconds.
const MAX_NOISE_MS: f64 = 50.0;

/// Delays are smoothed with this weight of the old before the line is drawn (libwebrtc).
const SMOOTHING: f64 = 0.9;

/// The slope is scaled by this and by the number of groups, up to 60, before it is compared (libwebrtc, Pion). Without
/// the latter only huge overloads would ever be noticed (the defect of the WebRTC library's own detector).
const GAIN: f64 = 4.0;
const MAX_SCALE: usize = 60;

/// The threshold begins here and adapts between the two others, in milliseconds (draft-ietf-rmcat-gcc-02, §5.4).
const THRESHOLD: f64 = 12.5;
const MIN_THRESHOLD: f64 = 6.0;
const MAX_THRESHOLD: f64 = 600.0;

/// How quickly the threshold follows a larger and a smaller trend, per millisecond (same).
const FOLLOW_UP: f64 = 0.0087;
const FOLLOW_DOWN: f64 = 0.039;

/// A trend that is this far above the threshold is a jump of the route or of the rate, not a reason to grow deaf
/// (libwebrtc).
const MAX_ADAPT_DISTANCE: f64 = 15.0;

/// The trend must stay above the threshold for this long, in milliseconds (same draft: 10 ms).
const OVERUSE_MS: f64 = 10.0;

/// After a silence of this long the old delays say nothing of the queue, in milliseconds.
const FORGET_MS: f64 = 2_000.0;

/// What the delays say of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Usage {
    #[default]
    Normal,
    /// The queue grows.
    Over,
    /// The queue shrinks.
    Under,
}

#[derive(Debug)]
pub(super) struct Trendline {
    points: VecDeque<(f64, f64)>,
    elapsed_ms: f64,
    delay_ms: f64,
    smoothed_ms: f64,
    groups: usize,
    threshold: f64,
    previous_trend: f64,
    over_ms: f64,
    over_count: u32,
    usage: Usage,
    /// Mean deviation of the deltas, milliseconds: how noisy delays are on this path.
    jitter_ms: f64,
    mean_ms: f64,
}

impl Default for Trendline {
    fn default() -> Self {
        Self {
            points: VecDeque::new(),
            elapsed_ms: 0.0,
            delay_ms: 0.0,
            smoothed_ms: 0.0,
            groups: 0,
            threshold: THRESHOLD,
            previous_trend: 0.0,
            over_ms: 0.0,
            over_count: 0,
            usage: Usage::Normal,
            jitter_ms: 0.0,
            mean_ms: 0.0,
        }
    }
}

impl Trendline {
    pub(super) fn on_group(&mut self, delta: GroupDelta) {
        if delta.apart_ms > FORGET_MS {
            *self = Self { threshold: self.threshold, jitter_ms: self.jitter_ms, ..Self::default() };
            return;
        }
        self.groups += 1;
        self.elapsed_ms += delta.apart_ms;
        self.delay_ms += delta.delay_ms;
        // Around their mean: a queue that grows steadily is no noise.
        let noise = (delta.delay_ms - self.mean_ms).abs().min(MAX_NOISE_MS);
        self.mean_ms += (delta.delay_ms - self.mean_ms) / 8.0;
        self.jitter_ms += (noise - self.jitter_ms) / 16.0;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.delay_ms;
        self.points.push_back((self.elapsed_ms, self.smoothed_ms));
        if self.points.len() > WINDOW {
            self.points.pop_front();
        }
        let span_ms = self.elapsed_ms - self.points.front().map_or(self.elapsed_ms, |(from, _)| *from);
        if self.points.len() == WINDOW || (self.points.len() >= FEW_GROUPS && span_ms >= LONG_MS) {
            let trend = slope(&self.points).unwrap_or(self.previous_trend);
            self.detect(trend, delta.apart_ms);
        }
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    /// Without a past, but for how noisy this path's delays are.
    pub(super) fn anew(&self) -> Self {
        Self { jitter_ms: self.jitter_ms, ..Self::default() }
    }

    /// How noisy the delays are (RFC 3550's interarrival jitter, of groups).
    pub(super) fn jitter_ms(&self) -> f64 {
        self.jitter_ms
    }

    fn detect(&mut self, trend: f64, apart_ms: f64) {
        let scaled = trend * self.groups.min(MAX_SCALE) as f64 * GAIN;
        if scaled > self.threshold {
            self.over_ms += apart_ms;
            self.over_count += 1;
            if self.over_ms > OVERUSE_MS && self.over_count > 1 && trend >= self.previous_trend {
                self.over_ms = 0.0;
                self.over_count = 0;
                self.usage = Usage::Over;
            }
        } else {
            self.over_ms = 0.0;
            self.over_count = 0;
            self.usage = if scaled < -self.threshold { Usage::Under } else { Usage::Normal };
        }
        self.previous_trend = trend;
        let distance = scaled.abs() - self.threshold;
        if distance <= MAX_ADAPT_DISTANCE {
            let follow = if distance < 0.0 { FOLLOW_DOWN } else { FOLLOW_UP };
            self.threshold += follow * distance * apart_ms.min(100.0);
            self.threshold = self.threshold.clamp(MIN_THRESHOLD, MAX_THRESHOLD);
        }
    }
}

/// The slope of the least-squares line; `None` if all points have the same time.
fn slope(points: &VecDeque<(f64, f64)>) -> Option<f64> {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let above: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let below: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use units::Timestamp;

    use super::*;

    fn feed(trend: &mut Trendline, groups: usize, delay_ms: f64) {
        for _ in 0..groups {
            trend.on_group(GroupDelta { delay_ms, apart_ms: 33.0 + delay_ms, received: Timestamp::ZERO });
        }
    }

    #[test]
    fn a_growing_queue_is_seen_and_a_shrinking_one_too() {
        let mut trend = Trendline::default();
        feed(&mut trend, 30, 0.0);
        assert_eq!(trend.usage(), Usage::Normal);
        feed(&mut trend, 15, 5.0);
        assert_eq!(trend.usage(), Usage::Over);
        feed(&mut trend, 40, -4.0);
        assert_eq!(trend.usage(), Usage::Under);
    }
}
