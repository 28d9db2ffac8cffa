//! Real streams over a real sound server: one of the test's own, which it kills and whose devices it unplugs.
#![cfg(target_os = "linux")]

mod our_server;
mod visitor;

use std::time::Duration;

use devices::sound::SAMPLE_RATE;
use devices::{DeviceError, MicrophoneChoice, SpeakerChoice};
use our_server::{OurServer, Refusing};
use testkit::allocations::{CountingAllocator, of_threads_named};
use units::{DeviceKind, DeviceMove, DeviceTrouble, MoveCause};
use visitor::{OURS, Visitor, noise, whistle};

#[test]
fn what_the_loudspeaker_plays_the_microphone_hears() {
    let server = OurServer::start();
    server.plug_in_microphone("near_speaker", "speaker");
    let mut visitor = Visitor::new(Some("near_speaker"), None, noise);
    // A stretch of what was heard is found in what was played. On a busy machine one or the other often has a hole.
    let mut best = 0.0_f32;
    for _ in 0..25 {
        visitor.talk(Duration::from_secs(1));
        best = best.max(likeness(&visitor.heard, &visitor.played));
        if best > 0.99 {
            break;
        }
    }
    assert!(best > 0.99, "correlation {best}");
    assert_eq!(visitor.problems, [""; 0]);
    visitor.the_loudspeaker_keeps_the_time();
    visitor.the_microphone_keeps_the_time();
}

/// How like a twentieth of a second of what was heard just now is to what was played about then. Both are counted from their
/// ends: a hole shifts all that came before it.
fn likeness(heard: &[f32], played: &[f32]) -> f32 {
    let back = second() * 7 / 10;
    let (Some(from), Some(about)) = (heard.len().checked_sub(back), played.len().checked_sub(back)) else { return 0.0 };
    let stretch = &heard[from..from + second() / 20];
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let power = dot(stretch, stretch);
    let around = &played[about.saturating_sub(second() / 2)..(about + second() / 2).min(played.len())];
    around
        .windows(stretch.len())
        .map(|other| dot(stretch, other) / (power * dot(other, other)).sqrt().max(1e-9))
        .fold(0.0, f32::max)
}

const fn second() -> usize {
    SAMPLE_RATE as usize
}

#[test]
fn after_a_restart_of_the_sound_server_both_streams_come_back() {
    let mut server = OurServer::start();
    server.whistle("mic_feed", 400);
    let mut visitor = Visitor::new(None, None, whistle);
    visitor.talk_until_heard(400);

    server.kill();
    visitor.talk(Duration::from_secs(1));
    server.restart();
    // Now the loudspeaker sounds into the microphone: what comes back went through both.
    server.loop_back("speaker", "mic_feed");
    visitor.talk_until_heard(OURS);

    visitor.the_microphone_keeps_the_time();
    visitor.problems.sort();
    assert_eq!(
        visitor.problems,
        [
            "the loudspeaker stopped: the sound system closed it; check its plug or choose another",
            "the microphone stopped: the sound system closed it; check its plug or choose another",
        ]
    );
}

#[test]
fn when_the_chosen_microphone_is_unplugged_the_systems_choice_takes_its_place_until_it_is_back() {
    let server = OurServer::start();
    server.plug_in_speaker("desk_feed");
    server.whistle("desk_feed", 400);
    server.whistle("mic_feed", 600);
    let desk = server.plug_in_microphone("desk", "desk_feed");
    let mut visitor = Visitor::new(Some("desk"), None, whistle);
    visitor.talk_until_heard(400);

    server.unplug(desk);
    visitor.talk_until_heard(600);
    assert_eq!(visitor.moves, [to("mic", away("desk", DeviceTrouble::Unplugged))]);

    server.plug_in_microphone("desk", "desk_feed");
    visitor.talk_until_heard(400);
    assert_eq!(visitor.moves[1..], [to("desk", MoveCause::ChosenBack)]);
    assert_eq!(visitor.problems, [""; 0]);
    assert_eq!(visitor.heard_since(0, OURS), Duration::ZERO);
    visitor.the_microphone_keeps_the_time();
}

#[test]
fn when_the_last_microphone_is_unplugged_the_other_does_not_hear_himself() {
    let server = OurServer::start();
    server.unplug_the_usual_microphone();
    let desk = server.plug_in_microphone("desk", "mic_feed");
    server.whistle("mic_feed", 600);
    let mut visitor = Visitor::new(None, None, whistle);
    visitor.talk_until_heard(600);

    server.unplug(desk);
    // The trap: this is what the server moves the stream to.
    assert_eq!(server.default_microphone(), "speaker.monitor");
    visitor.talk(Duration::from_millis(500));
    let unplugged = visitor.heard.len();
    visitor.talk(Duration::from_secs(3));
    assert_eq!(visitor.heard_since(unplugged, OURS), Duration::ZERO);
    assert!(visitor.heard[unplugged..].iter().all(|&sample| sample == 0.0));
    assert_eq!(visitor.problems, ["the microphone stopped: it was unplugged; check its plug or choose another"]);
    assert!(devices::microphone::names().expect("a list").is_empty());

    server.plug_in_microphone("desk", "mic_feed");
    visitor.talk_until_heard(600);
    assert_eq!(visitor.problems.len(), 1, "{:?}", visitor.problems);
}

#[test]
fn when_the_chosen_loudspeaker_is_unplugged_the_sound_goes_on_from_the_systems_choice() {
    let server = OurServer::start();
    let headset = server.plug_in_speaker("headset");
    server.plug_in_microphone("near_speaker", "speaker");
    let mut visitor = Visitor::new(Some("near_speaker"), Some("headset"), whistle);
    visitor.talk(Duration::from_secs(1));
    assert_eq!(visitor.heard_since(0, OURS), Duration::ZERO);

    server.unplug(headset);
    visitor.talk_until_heard(OURS);
    assert_eq!(visitor.moves, [to("speaker", away("headset", DeviceTrouble::Unplugged))]);
    let replaced = visitor.heard.len();
    visitor.talk(Duration::from_secs(1));
    assert!(visitor.heard_since(replaced, OURS) > Duration::from_millis(800));

    server.plug_in_speaker("headset");
    visitor.talk_until_silent(OURS);
    assert_eq!(visitor.moves[1..], [to("headset", MoveCause::ChosenBack)]);
    assert_eq!(visitor.problems, [""; 0]);
}

#[test]
fn the_systems_choice_of_a_microphone_is_followed_when_it_changes_during_the_call() {
    let server = OurServer::start();
    server.plug_in_speaker("desk_feed");
    server.plug_in_microphone("desk", "desk_feed");
    server.whistle("mic_feed", 400);
    server.whistle("desk_feed", 600);
    let mut visitor = Visitor::new(None, None, whistle);
    visitor.talk_until_heard(400);
    server.make_default_microphone("desk");
    visitor.talk_until_heard(600);
    assert_eq!(visitor.moves, [to("desk", MoveCause::SystemChanged)]);
    assert_eq!(visitor.problems, [""; 0]);
    visitor.the_microphone_keeps_the_time();
}

#[test]
fn the_systems_choice_of_a_loudspeaker_is_followed_when_it_changes_during_the_call() {
    let server = OurServer::start();
    server.plug_in_speaker("headset");
    server.plug_in_microphone("near_headset", "headset");
    let mut visitor = Visitor::new(Some("near_headset"), None, whistle);
    visitor.talk(Duration::from_secs(1));
    assert_eq!(visitor.heard_since(0, OURS), Duration::ZERO);

    server.make_default_speaker("headset");
    visitor.talk_until_heard(OURS);
    assert_eq!(visitor.moves, [to("headset", MoveCause::SystemChanged)]);
    server.make_default_speaker("speaker");
    visitor.talk_until_silent(OURS);
    assert_eq!(visitor.moves[1..], [to("speaker", MoveCause::SystemChanged)]);
    assert_eq!(visitor.problems, [""; 0]);
}

#[test]
fn whoever_chose_a_device_stays_with_it_when_the_systems_choice_changes() {
    let server = OurServer::start();
    server.plug_in_speaker("desk_feed");
    server.plug_in_microphone("desk", "desk_feed");
    server.whistle("mic_feed", 400);
    server.whistle("desk_feed", 600);
    let mut visitor = Visitor::new(Some("mic"), None, whistle);
    visitor.talk_until_heard(400);
    server.make_default_microphone("desk");
    visitor.talk(Duration::from_secs(2));
    assert_eq!(visitor.heard_since(0, 600), Duration::ZERO);
    assert_eq!(visitor.moves, []);
}

#[test]
fn a_headset_is_known_by_what_the_server_says_of_it() {
    let server = OurServer::start();
    server.plug_in_speaker_of_form("on_the_head", "headset");
    server.plug_in_speaker_of_form("on_the_desk", "speaker");
    let is_headset = |name: &str| {
        let choice = SpeakerChoice::Device(Some(name.to_owned()));
        devices::speaker::open(&choice).expect("a loudspeaker").is_headset()
    };
    assert_eq!(is_headset("on_the_head"), Some(true));
    assert_eq!(is_headset("on_the_desk"), Some(false));
    assert_eq!(is_headset("speaker"), None);
}

/// Whole streams, from the server's words to the rings and back.
#[test]
fn a_stream_that_runs_asks_for_no_memory() {
    let server = OurServer::start();
    server.plug_in_microphone("near_speaker", "speaker");
    let mut visitor = Visitor::new(Some("near_speaker"), None, whistle);
    visitor.talk_until_heard(OURS);
    let streams = || ["microphone-io", "loudspeaker-io"].map(of_threads_named);
    let before = streams();
    assert!(before.iter().all(|threads| threads.len() == 1), "both threads are counted: {before:?}");
    visitor.talk(Duration::from_secs(3));
    assert_eq!(streams(), before);
    assert_eq!(visitor.problems, [""; 0]);
}

#[global_allocator]
static COUNTING: CountingAllocator = CountingAllocator;

#[test]
fn when_another_program_takes_the_chosen_microphone_the_systems_choice_takes_its_place_until_it_is_free() {
    let server = OurServer::start();
    server.plug_in_speaker("desk_feed");
    server.plug_in_microphone("desk", "desk_feed");
    server.whistle("desk_feed", 400);
    server.whistle("mic_feed", 600);
    let mut visitor = Visitor::new(Some("desk"), None, whistle);
    visitor.talk_until_heard(400);

    // What PulseAudio does when somebody opens the card past it.
    server.take_microphone("desk");
    visitor.talk_until_heard(600);
    assert_eq!(visitor.moves, [to("mic", away("desk", DeviceTrouble::Busy))]);
    server.give_microphone_back("desk");
    visitor.talk_until_heard(400);
    assert_eq!(visitor.moves[1..], [to("desk", MoveCause::ChosenBack)]);
    assert_eq!(visitor.problems, [""; 0]);
    visitor.the_microphone_keeps_the_time();
}

#[test]
fn when_another_program_takes_the_only_microphone_that_is_said_once() {
    let server = OurServer::start();
    server.whistle("mic_feed", 600);
    let mut visitor = Visitor::new(None, None, whistle);
    visitor.talk_until_heard(600);
    server.take_microphone("mic");
    visitor.talk(Duration::from_secs(9));
    assert_eq!(visitor.problems, ["the microphone is in use by another program; close that and try again"]);
    assert!(!visitor.came_back);
    server.give_microphone_back("mic");
    visitor.talk_until_heard(600);
    visitor.talk(Duration::from_secs(1));
    assert!(visitor.came_back);
    assert_eq!((visitor.problems.len(), visitor.moves.as_slice()), (1, [].as_slice()));
}

#[test]
fn a_server_that_does_not_let_us_in_is_said_as_what_it_is() {
    let _server = Refusing::start();
    for (kind, opened) in [
        (DeviceKind::Microphone, devices::microphone::open(&MicrophoneChoice::Device(None)).err()),
        (DeviceKind::Speaker, devices::speaker::open(&SpeakerChoice::Device(None)).err()),
    ] {
        assert!(matches!(opened, Some(DeviceError::Forbidden { kind: told }) if told == kind), "{opened:?}");
    }
}

fn away(chosen: &str, why: DeviceTrouble) -> MoveCause {
    MoveCause::ChosenAway { chosen: chosen.to_owned(), why }
}

fn to(name: &str, cause: MoveCause) -> DeviceMove {
    DeviceMove { to: name.to_owned(), cause }
}
