//! What the two tell each other of their pictures: what they chose, and what their links leave.

use units::DataRate;

use super::in_the_call::estimate;
use super::*;
use crate::{MediaState, Mode, PictureSent};

/// What we last told them of ourselves.
fn told(scene: &mut Scene) -> Option<MediaState> {
    let of = |message| if let ControlMessage::MediaState(state) = message { Some(state) } else { None };
    control_messages(&scene.commands()).into_iter().filter_map(of).next_back()
}

#[test]
fn either_chooses_what_the_pictures_of_both_keep_and_the_newest_choice_holds() {
    for mut scene in [Scene::host_live(), Scene::guest_live()] {
        scene.outputs();
        let theirs =
            |mode, mode_choice| ControlMessage::MediaState(MediaState { mode, mode_choice, ..MediaState::default() });
        scene.control(theirs(Mode::Sharp, 1));
        assert_eq!(scene.call.snapshot().mode, Mode::Sharp, "they chose");
        let sharp = scene.call.snapshot().picture_plan;
        assert_eq!(told(&mut scene).map(|state| (state.mode, state.mode_choice)), Some((Mode::Sharp, 1)));
        scene.intent(Intent::SetMode(Mode::Smooth));
        assert_eq!(told(&mut scene).map(|state| (state.mode, state.mode_choice)), Some((Mode::Smooth, 2)));
        assert_ne!(scene.call.snapshot().picture_plan, sharp, "our own picture follows");
        scene.control(theirs(Mode::Sharp, 1));
        assert_eq!(scene.call.snapshot().mode, Mode::Smooth, "what they said before they heard of it");
        scene.control(theirs(Mode::Sharp, u32::MAX));
        scene.intent(Intent::SetMode(Mode::Smooth));
        assert_eq!(scene.call.snapshot().mode, Mode::Smooth, "whatever they count");
    }
}

#[test]
fn of_two_choices_at_the_same_moment_both_find_the_hosts_to_hold() {
    let (mut host, mut guest) = (Scene::host_live(), Scene::guest_live());
    // Both have chosen twice, the host for sharp and the guest for smooth.
    for (scene, last) in [(&mut host, Mode::Sharp), (&mut guest, Mode::Smooth)] {
        scene.intent(Intent::SetMode(Mode::Sharp));
        scene.intent(Intent::SetMode(Mode::Smooth));
        if last == Mode::Sharp {
            scene.intent(Intent::SetMode(last));
        } else {
            scene.control(ControlMessage::MediaState(MediaState {
                mode: last,
                mode_choice: 3,
                ..MediaState::default()
            }));
        }
    }
    let (from_host, from_guest) = (told(&mut host).expect("told"), told(&mut guest).expect("told"));
    assert_eq!((from_host.mode_choice, from_guest.mode_choice), (3, 3));
    guest.control(ControlMessage::MediaState(from_host));
    host.control(ControlMessage::MediaState(from_guest));
    assert_eq!((host.call.snapshot().mode, guest.call.snapshot().mode), (Mode::Sharp, Mode::Sharp));
    assert_eq!(told(&mut host), None, "nothing to add");
}

#[test]
fn data_that_is_dear_to_one_of_the_two_is_saved_by_both() {
    let mut scene = Scene::host_live();
    scene.peer(estimate(5_000));
    scene.wait(secs(3));
    scene.peer(estimate(5_000));
    let most = DataRate::from_kbps(250);
    let takes =
        |scene: &Scene| scene.call.snapshot().voice_plan.wire_rate() + scene.call.snapshot().picture_plan.rate();
    assert!(takes(&scene) > most);
    scene.control(ControlMessage::MediaState(MediaState { save_data: true, ..MediaState::default() }));
    assert!(takes(&scene) <= most);
    assert!(!scene.call.snapshot().save_data, "it is not our switch");
    scene.control(ControlMessage::MediaState(MediaState::default()));
    assert!(takes(&scene) > most);
    scene.outputs();
    scene.intent(Intent::SetSaveData(true));
    assert!(takes(&scene) <= most);
    assert!(told(&mut scene).is_some_and(|state| state.save_data));
}

#[test]
fn they_are_told_what_our_link_leaves_of_our_picture() {
    let mut scene = Scene::host_live();
    scene.outputs();
    let mut seen = Vec::new();
    for kbps in [1_000, 60, 30, 1_000] {
        for _ in 0..60 {
            scene.wait(Duration::from_millis(100));
            scene.peer(estimate(kbps));
        }
        seen.extend(told(&mut scene).map(|state| (kbps, state.picture)));
    }
    let wanted = [(60, PictureSent::Slides), (30, PictureSent::LinkTooThin), (1_000, PictureSent::Moving)];
    assert_eq!(seen, wanted, "and not while nothing changes");
    scene.control(ControlMessage::MediaState(MediaState { picture: PictureSent::Slides, ..MediaState::default() }));
    assert_eq!(scene.call.snapshot().remote.map(|remote| remote.picture), Some(PictureSent::Slides));
}

#[test]
fn who_waits_chooses_nothing() {
    let mut scene = Scene::host_warm();
    let theirs = MediaState { mode: Mode::Sharp, mode_choice: 9, save_data: true, ..MediaState::default() };
    scene.control(ControlMessage::MediaState(theirs));
    assert_eq!(scene.call.snapshot().mode, Mode::Smooth);
}
