//! What of a picture a thin link carries beside the voice: a moving one, single sharp ones, none.

use std::time::Duration;

use units::{DataRate, Timestamp};

use super::plan::PicturePlan;
use crate::CameraFormat;

/// What is carried, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Carries {
    /// The voice alone.
    Nothing,
    /// One picture every few seconds.
    Slides,
    /// A picture that moves.
    Moving,
}

/// Decides between them: down when there has been no room for a while, up when the link has carried more for a while. In
/// the meantime a moving picture has what the voice leaves it, which may be next to nothing.
#[derive(Debug)]
pub(super) struct ThinLink {
    carries: Carries,
    /// Since when more was possible, and the least of what was.
    better: Option<(Timestamp, Carries)>,
    /// Since when there is no room for what is carried.
    less_since: Option<Timestamp>,
    /// How long more must be possible before it is believed.
    patience: Duration,
    /// Since when it is carried.
    since: Timestamp,
    /// Nothing was decided yet.
    begins: bool,
}

impl ThinLink {
    /// A link of which something is known for the first time: what is decided then is taken at once. What is thin begins
    /// with a single picture, or none: the first seconds of a call are no time for a full queue.
    pub(super) fn begin() -> Self {
        Self { begins: true, ..Self::new() }
    }

    /// A link of which nothing is known is not thin.
    pub(super) fn new() -> Self {
        Self {
            carries: Carries::Moving,
            better: None,
            less_since: None,
            patience: PATIENCE,
            since: Timestamp::ZERO,
            begins: false,
        }
    }

    /// Decides anew, for a link that carries `total` and leaves `rate` to the encoder of a picture.
    pub(super) fn decide(&mut self, now: Timestamp, total: DataRate, rate: DataRate) -> Carries {
        if std::mem::take(&mut self.begins) {
            self.take(now, carried(total, rate, MOVING_FROM, (SLIDES_FROM_TOTAL, SLIDES_BELOW)));
            return self.carries;
        }
        let holds = carried(total, rate, MOVING_BELOW, (SLIDES_BELOW_TOTAL, SLIDES_BELOW));
        if holds >= self.carries {
            self.less_since = None;
        } else {
            let less_since = *self.less_since.get_or_insert(now);
            let dip = match self.carries {
                Carries::Moving if total < DEEP => Duration::ZERO,
                Carries::Moving => DIP,
                _ => NO_ROOM_FOR,
            };
            if now.since(less_since) < dip {
                return self.carries;
            }
            // A link that takes back at once what it gave is believed less the next time; one that kept it for long is
            // believed as at first.
            let kept = self.carries < Carries::Moving || now.since(self.since) >= KEPT;
            self.patience = if kept { PATIENCE } else { (self.patience * 2).min(MOST_PATIENCE) };
            self.take(now, holds);
            return self.carries;
        }
        let possible = carried(total, rate, MOVING_FROM, (SLIDES_FROM_TOTAL, SLIDES_FROM));
        if possible <= self.carries {
            self.better = None;
            return self.carries;
        }
        let (since, least) = self.better.map_or((now, possible), |(since, least)| (since, least.min(possible)));
        self.better = Some((since, least));
        let patience = if least == Carries::Moving { self.patience } else { PATIENCE };
        if now.since(since) >= patience {
            self.take(now, least);
        } else if least == Carries::Moving && self.carries == Carries::Nothing && now.since(since) >= PATIENCE {
            // Single pictures need not wait for what a moving one waits for.
            self.carries = Carries::Slides;
        }
        self.carries
    }

    fn take(&mut self, now: Timestamp, carries: Carries) {
        self.carries = carries;
        self.since = now;
        (self.better, self.less_since) = (None, None);
    }
}

/// `moving` and the first of `slides` are of all that the link carries, the second is the encoder's.
fn carried(total: DataRate, rate: DataRate, moving: DataRate, slides: (DataRate, DataRate)) -> Carries {
    if total >= moving {
        Carries::Moving
    } else if total >= slides.0 && rate >= slides.1 {
        Carries::Slides
    } else {
        Carries::Nothing
    }
}

/// Single pictures of `camera` at `rate`.
pub(super) fn slides(camera: CameraFormat, rate: DataRate) -> PicturePlan {
    let rate = (rate * SLIDES_HEADERS).min(SLIDES_MOST);
    let every = EVERY_MILLIS.map(Duration::from_millis);
    let every = every.into_iter().find(|every| rate.bytes_in(*every) >= GOOD_SLIDE).unwrap_or(every[every.len() - 1]);
    PicturePlan::Slides { height: height(camera), every, rate }
}

/// The least rows with which the longer side is long enough to read a face or a word.
fn height(camera: CameraFormat) -> u32 {
    let size = camera.size;
    let longer = size.width.max(size.height).max(1);
    let rows = (u64::from(size.height) * u64::from(LONGER_SIDE)).div_ceil(u64::from(longer));
    (rows as u32).next_multiple_of(2).min(size.height)
}

/// Without so much in all, no moving picture: what is left beside the voice is hardly more than the lowest rung, each of
/// its key frames holds the voice up, and nobody can be recognised.
const MOVING_BELOW: DataRate = DataRate::from_kbps(75);
/// With so much in all, it comes back. A quarter more than what it goes at, so that it does not flicker.
const MOVING_FROM: DataRate = DataRate::from_kbps(92);
/// The encoder's rate below which a picture that can be read takes longer than anybody waits …
const SLIDES_BELOW: DataRate = DataRate::from_kbps(4);
/// … and from which single pictures come back.
const SLIDES_FROM: DataRate = DataRate::from_kbps(6);
/// Without so much in all there are none: a voice that codes for losses needs it, and it is known late that there are any.
const SLIDES_BELOW_TOTAL: DataRate = DataRate::from_kbps(32);
/// With so much in all they come back, or begin.
const SLIDES_FROM_TOTAL: DataRate = DataRate::from_kbps(40);
/// They go in small packets, so that none holds the voice up: 64 bytes of headers on 170 instead of on 1,100.
const SLIDES_HEADERS: f64 = 0.77;
/// More makes single pictures little better. With a voice it is 45 kbps on the wire: so much less than what a moving
/// picture comes back at that the estimate does not grow by itself until its queue is full, but by probes.
const SLIDES_MOST: DataRate = DataRate::from_kbps(9);
/// A face in 320 columns: P frames of 1,500 bytes, seconds apart, had an SSIM of 0.95 against what was coded and 0.88
/// against 640 columns of a noisy camera, key frames of 5 kB 0.98 and 0.91 (measured with our encoder).
const GOOD_SLIDE: u64 = 2_800;
/// From one to the next. With the longest, and a packet of it that is sent again, there is still a new one in five
/// seconds.
const EVERY_MILLIS: [u64; 4] = [2_000, 2_500, 3_000, 4_000];
/// A face fills a third of it, as in a passport's photograph on a telephone.
const LONGER_SIDE: u32 = 320;

/// Longer than an estimate stays down after it looked for more in vain.
const NO_ROOM_FOR: Duration = Duration::from_secs(3);
/// As long as a queue takes to drain after a rate that was too high: a link of 150 kbps is below for a moment now and then, …
const DIP: Duration = Duration::from_millis(1_500);
/// … but hardly below this, with which a voice has enough to do.
const DEEP: DataRate = DataRate::from_kbps(40);
/// How long more must be possible before it is taken, …
const PATIENCE: Duration = Duration::from_secs(1);
/// … and at most, where a moving picture came back in vain. Half a minute: people look away rather than at a picture that
/// comes and goes.
const MOST_PATIENCE: Duration = Duration::from_secs(32);
/// A picture that moved for so long was no mistake.
const KEPT: Duration = Duration::from_secs(10);
