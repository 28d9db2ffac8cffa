//! How long a visit takes: the person is told when it is nearly over and when it is, and may give it more. Nothing ends
//! because of it: whoever is heard is never cut off.

use std::time::Duration;

use signaling_protocol::Role;
use units::Timestamp;

use super::Call;
use crate::{Phase, TimeLeft};

/// How long before its end a visit is nearly over.
const NEARLY: Duration = Duration::from_secs(5 * 60);

/// How long a visit takes that has no plan: what a clinic's appointment book gives the longest usual one.
pub(super) const UNPLANNED: Duration = Duration::from_secs(60 * 60);

/// How much longer a visit takes that is given more.
const MORE: Duration = Duration::from_secs(15 * 60);

impl Call {
    /// The talk has begun: from now its time runs, once.
    pub(super) fn begin_span(&mut self, now: Timestamp) {
        if self.role() == Role::Host && matches!(self.phase, Phase::Live { .. }) && self.over_at.is_none() {
            self.over_at = Some(now + self.config.longest.unwrap_or(UNPLANNED));
        }
    }

    /// Our person gives it more.
    pub(super) fn extend(&mut self, now: Timestamp) {
        self.over_at = self.over_at.map(|at| at.max(now) + MORE);
    }

    pub(super) fn time_left(&self, now: Timestamp) -> TimeLeft {
        match self.over_at {
            Some(at) if now >= at => TimeLeft::Over,
            Some(at) if now + NEARLY >= at => TimeLeft::Nearly,
            _ => TimeLeft::Enough,
        }
    }

    /// When [`time_left`](Self::time_left) says something else of itself.
    pub(super) fn span_timer(&self) -> Option<Timestamp> {
        let at = self.over_at?;
        match self.snapshot.around.time_left {
            TimeLeft::Enough => Some(Timestamp::from_micros(at.as_micros().saturating_sub(NEARLY.as_micros() as u64))),
            TimeLeft::Nearly => Some(at),
            TimeLeft::Over => None,
        }
    }
}
