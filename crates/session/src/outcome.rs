//! How a visit went, for who started the program: a report, an exit status, and one sentence if not all went well.

use std::sync::atomic::Ordering;

use call::{EndReason, Phase};
use units::Timestamp;

use crate::driver::Ended;
use crate::media::Meters;
use crate::recorder::Recorder;
use crate::report::Report;
use crate::verdict::{self, EXIT_NEVER_LIVE, EXIT_REFUSED, Facts};

/// How it went.
#[derive(Debug)]
pub struct Outcome {
    /// In numbers.
    pub report: Report,
    /// One sentence for a person, if not all went well.
    pub problem: Option<String>,
}

/// What was to arrive: own loudspeaker and screen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) sound: bool,
    pub(crate) picture: bool,
}

/// Why there never was a visit; with one sentence where something went wrong.
#[derive(Debug)]
pub(crate) enum InVain {
    /// The program was told to stop, or its window was closed.
    Stopped,
    /// The server said no, or is not the right one.
    Refused(String),
    /// The server never answered.
    Unreachable(String),
}

/// The end of who was refused, did not reach the server, or was told to stop before there was a visit.
pub(crate) fn never_joined(why: InVain, now: Timestamp, mut recorder: Recorder, meters: &Meters) -> Outcome {
    let (end, exit, problem) = match why {
        InVain::Stopped => ("hung_up", EXIT_NEVER_LIVE, None),
        InVain::Refused(sentence) => ("refused", EXIT_REFUSED, Some(sentence)),
        InVain::Unreachable(sentence) => ("server_unreachable", EXIT_NEVER_LIVE, Some(sentence)),
    };
    recorder.event(now, format!("ended:{end}"));
    Outcome { report: recorder.finish(now, meters, end, exit), problem }
}

/// The end of a visit. Closes its devices and joins its threads, which takes its time.
pub(crate) fn of(mut ended: Ended, wanted: Wanted, gave_up: bool) -> Outcome {
    let shared = ended.media.shared().clone();
    let complaint = ended.media.finish().into_iter().next();
    let meters = &shared.meters;
    let verdict = verdict::judge(&Facts {
        phase: ended.phase,
        refused: ended.hopeless.is_some(),
        gave_up,
        unreachable: !ended.recorder.has_joined(),
        was_live: ended.was_live,
        heard: meters.voice_played.load(Ordering::Relaxed) > 0,
        saw: meters.has_shown(),
        wants_sound: wanted.sound,
        wants_picture: wanted.picture,
        remote: ended.remote,
    });
    if ended.hopeless.is_some() {
        ended.recorder.event(ended.at, format!("ended:{}", verdict.end));
    }
    let sentence = match (&ended.hopeless, ended.phase) {
        (Some(error), _) => Some(error.to_string()),
        (None, Phase::Ended(reason)) if !is_in_order(reason) => Some(reason.to_string()),
        _ if verdict.exit == EXIT_NEVER_LIVE => Some(ended.last_fault.unwrap_or_else(|| in_vain(ended.was_live))),
        _ => complaint.map(|complaint| complaint.to_string()),
    };
    Outcome { report: ended.recorder.finish(ended.at, meters, verdict.end, verdict.exit), problem: sentence }
}

fn is_in_order(reason: EndReason) -> bool {
    matches!(reason, EndReason::HungUp | EndReason::TheyHungUp | EndReason::VisitOver)
}

fn in_vain(was_live: bool) -> String {
    let sentence = if was_live {
        "The visit was live, but nothing was heard: check the other side's microphone."
    } else {
        "Nobody came, or nobody was let in; try again, or call the clinic."
    };
    sentence.to_owned()
}
