//! What the two handed each other, for the report.

use std::collections::BTreeMap;

use call::Handed;
use transfer::{LineState, Place, State};
use units::Timestamp;

use super::FileMeters;
use crate::report::{HandedReport, TransferReport};

/// Keeps what of the snapshots is reported.
#[derive(Debug, Default)]
pub(crate) struct HandedLog {
    last: Handed,
    transfers: BTreeMap<Place, (Timestamp, Option<Timestamp>, &'static str, u64)>,
}

impl HandedLog {
    pub(crate) fn look(&mut self, now: Timestamp, handed: &Handed) {
        if *handed == self.last {
            return;
        }
        for view in &handed.transfers {
            let (_, ended, state, bytes) =
                self.transfers.entry(view.place).or_insert((now, None, word(view.state), view.bytes));
            *state = word(view.state);
            *bytes = view.bytes;
            if matches!(view.state, State::Arrived | State::Ended(_)) {
                ended.get_or_insert(now);
            }
        }
        self.last = handed.clone();
    }

    pub(crate) fn report(&self, meters: &FileMeters) -> HandedReport {
        let count = |ours: bool, state: Option<LineState>| {
            let lines = self.last.lines.iter().filter(|line| line.ours == ours);
            lines.filter(|line| state.is_none_or(|state| line.state == state)).count()
        };
        let transfers = self.transfers.iter().map(|(place, (began, ended, state, bytes))| TransferReport {
            incoming: place.incoming,
            bytes: *bytes,
            offered_ms: began.as_secs_f64() * 1e3,
            ended_ms: ended.map(|at| at.as_secs_f64() * 1e3),
            state,
        });
        let [sent_bytes, sent_again_bytes, received_bytes, received_again_bytes] = meters.read();
        HandedReport {
            lines_written: count(true, None),
            lines_arrived: count(true, Some(LineState::Arrived)),
            lines_received: count(false, None),
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
