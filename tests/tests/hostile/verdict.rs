//! An attack and its twin without the attack: the twin connects, the attack ends by its name and lets nothing through, or
//! the call goes on with the same keys.

use std::thread;
use std::time::Duration;

use call::{Check, EndReason, Intent, Refusal};
use session::Outcome;
use signaling_protocol::Role;

use crate::apps::Habit;
use crate::clinic::Clinic;
use crate::script::Script;
use crate::world::{LIMIT, Seen, World};

/// Under this script the app of this side refuses by this name, and nothing is seen or heard at either end; its twin, the
/// same two apps with an honest proxy, see and hear each other.
#[track_caller]
pub(crate) fn refused(victim: Role, refusal: Refusal, script: impl FnOnce() -> Script + Send) {
    refused_as(victim, refusal, |lies| if lies { (script(), Habit::default()) } else { honest() });
}

/// The same, where script or habits are made for attack and twin.
#[track_caller]
pub(crate) fn refused_as(victim: Role, refusal: Refusal, make: impl FnOnce(bool) -> (Script, Habit) + Send) {
    beside_a_twin(|clinic| {
        let (script, habit) = make(true);
        let mut world = World::open(clinic, script, &habit);
        world.until(LIMIT, |world| {
            let seen = world.seen(victim);
            seen.refused(refusal) || seen.ended.is_some() || world.is_live()
        });
        assert!(world.seen(victim).refused(refusal), "not refused as {}: {:?}", refusal.name(), world.seen);
        nothing_came_through(world, victim, refusal);
    });
}

/// Under this script the two see and hear each other all the same, by the same keys at both ends, also after what is
/// done `during` the call.
#[track_caller]
pub(crate) fn goes_on(script: impl FnOnce() -> Script + Send, during: impl FnOnce(&mut World<'_>) + Send) {
    beside_a_twin(|clinic| {
        let mut world = World::open(clinic, script(), &Habit::default());
        connects(&mut world);
        during(&mut world);
        same_keys(&mut world);
        world.close();
    });
}

/// Runs this beside an honest visit at the same server, which connects.
#[track_caller]
pub(crate) fn beside_a_twin(attack: impl FnOnce(&Clinic) + Send) {
    let clinic = Clinic::open();
    thread::scope(|scope| {
        let twin = scope.spawn(|| {
            let (script, habit) = honest();
            let mut world = World::open(&clinic, script, &habit);
            connects(&mut world);
            same_keys(&mut world);
            world.close();
        });
        attack(&clinic);
        if let Err(panic) = twin.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

pub(crate) fn honest() -> (Script, Habit) {
    (Script::honest(), Habit::default())
}

#[track_caller]
pub(crate) fn connects(world: &mut World<'_>) {
    let whole = world.until(LIMIT, |world| world.is_whole() || world.seen.iter().any(|seen| seen.ended.is_some()));
    assert!(whole && world.is_whole(), "not connected: {:?}", world.seen);
}

/// Digits over all that both must agree on, certificates and bundles, are the same at both ends.
#[track_caller]
pub(crate) fn same_keys(world: &mut World<'_>) {
    let live = world.until(LIMIT, |world| world.is_live() || world.seen.iter().any(|seen| seen.ended.is_some()));
    assert!(live, "not live: {:?}", world.seen);
    world.guest.visit.intend(Intent::StartCheck);
    let mut digits = [None; 2];
    world.until(LIMIT, |world| {
        let snapshots = [world.host.snapshot(), Some(world.guest.visit.snapshot())];
        digits = snapshots.map(|snapshot| match snapshot?.assurance?.check {
            Check::Shown(digits) => Some(digits),
            _ => None,
        });
        digits.iter().all(Option::is_some)
    });
    assert!(digits[0].is_some() && digits[0] == digits[1], "other keys at either end: {digits:?} {:?}", world.seen);
}

/// Ends it and looks at what was left of it: no sound, no picture, a sentence for people.
#[track_caller]
pub(crate) fn nothing_came_through(mut world: World<'_>, victim: Role, refusal: Refusal) {
    world.pass(AFTERWARDS);
    let (outcomes, seen, _) = world.close();
    for (outcome, seen) in outcomes.iter().zip(&seen) {
        is_silent(outcome, seen);
    }
    has_words(refusal);
    if seen[victim as usize].ended.is_some() {
        assert_eq!(seen[victim as usize].ended, Some(EndReason::Refused(refusal)));
        let (said, report) = (&outcomes[victim as usize].problem, &outcomes[victim as usize].report);
        assert_eq!((said.as_deref(), report.end.as_str(), report.exit), (Some(&*refusal.to_string()), "refused", 4));
    } else {
        let problems = seen[victim as usize].problems.iter().map(ToString::to_string);
        assert!(problems.into_iter().any(|words| words == refusal.to_string()), "no words for people");
    }
}

/// By the report, too.
#[track_caller]
pub(crate) fn is_silent(outcome: &Outcome, seen: &Seen) {
    let report = &outcome.report;
    assert!(!seen.has_media(), "media came through: {seen:?}");
    assert!(report.timeline_ms.first_audio.is_none() && report.timeline_ms.first_video.is_none(), "{report:?}");
    assert_eq!(report.totals.frames_shown, 0);
    assert!(report.events.iter().all(|event| event.event != "live"), "{:?}", report.events);
}

/// One plain sentence that names no type.
#[track_caller]
pub(crate) fn has_words(refusal: Refusal) {
    let words = refusal.to_string();
    assert!(words.ends_with('.') && words.contains(' ') && words.len() > 20, "{words:?}");
    assert!(!words.contains(['_', '{', '<']), "{words:?}");
}

/// Whether anything comes after all.
const AFTERWARDS: Duration = Duration::from_millis(150);
