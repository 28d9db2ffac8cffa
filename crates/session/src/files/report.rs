//! What the two handed each other, for the report.

use std::collections::BTreeMap;

use call::Handed;
use transfer::{Kind, LineState, Place, State};
use units::Timestamp;

use super::FileMeters;
use crate::report::{HandedReport, TransferReport};

/// What is kept of a transfer.
#[derive(Debug)]
struct Seen {
    began: Timestamp,
    ended: Option<Timestamp>,
    state: State,
    still: bool,
    bytes: u64,
}

/// Keeps what of the snapshots is reported.
#[derive(Debug, Default)]
pub(crate) struct HandedLog {
    last: Handed,
    transfers: BTreeMap<Place, Seen>,
}

impl HandedLog {
    pub(crate) fn look(&mut self, now: Timestamp, handed: &Handed) {
        if *handed == self.last {
            return;
        }
        for view in &handed.transfers {
            let (state, still, bytes) = (view.state, view.kind == Kind::Still, view.bytes);
            let new = Seen { began: now, ended: None, state, still, bytes };
            let seen = self.transfers.entry(view.place).or_insert(new);
            (seen.state, seen.bytes) = (state, bytes);
            if matches!(state, State::Arrived | State::Ended(_)) {
                seen.ended.get_or_insert(now);
            }
        }
        self.last = handed.clone();
    }

    pub(crate) fn report(&self, meters: &FileMeters) -> HandedReport {
        let count = |ours: bool, state: Option<LineState>| {
            let lines = self.last.lines.iter().filter(|line| line.ours == ours);
            lines.filter(|line| state.is_none_or(|state| line.state == state)).count()
        };
        let transfers = self.transfers.iter().map(|(place, seen)| TransferReport {
            incoming: place.incoming,
            still: seen.still,
            bytes: seen.bytes,
            offered_ms: seen.began.as_secs_f64() * 1e3,
            ended_ms: seen.ended.map(|at| at.as_secs_f64() * 1e3),
            state: word(seen.state),
        });
        let [sent_bytes, sent_again_bytes, received_bytes, received_again_bytes] = meters.read();
        HandedReport {
            lines_written: count(true, None),
            lines_arrived: count(true, Some(LineState::Arrived)),
            lines_received: count(false, None),
            chat_saved_here: self.last.saved_by_us,
            chat_saved_there: self.last.saved_by_them,
            transfers: transfers.collect(),
            offers_turned_away: self.last.turned_away,
            sent_bytes,
            sent_again_bytes,
            received_bytes,
            received_again_bytes,
        }
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Offered => "offered",
        State::Opening => "opening",
        State::Moving => "moving",
        State::Waiting => "waiting",
        State::Checking => "checking",
        State::Arrived => "arrived",
        State::Ended(ending) => ending.name(),
    }
}
