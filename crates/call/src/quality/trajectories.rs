//! What the encoders do while a link changes, second by second.

use std::time::Duration;

use units::{DataRate, PictureSize, Timestamp, VoiceRedundancy};

use super::{LinkEstimate, PictureOff, PicturePlan, Policy, VoicePlan};
use crate::{CameraFormat, MediaConfig, Mode, Preferences};

mod thin;

const CAMERA: CameraFormat = CameraFormat { size: PictureSize::new(1280, 720), fps: 30 };
const STEP: Duration = Duration::from_millis(100);

struct Drive {
    policy: Policy,
    now: Timestamp,
    changes: u32,
}

fn estimate(kbps: u64, loss: f32, round_trip: Option<Duration>) -> LinkEstimate {
    LinkEstimate {
        target: DataRate::from_kbps(kbps),
        loss,
        voice_loss: loss,
        loss_follows_loss: loss,
        round_trip,
        takes_red: true,
    }
}

impl Drive {
    fn new(camera: Option<CameraFormat>, preferences: Preferences) -> Self {
        let media = MediaConfig { sends_voice: true, camera, receives_picture: true };
        Self { policy: Policy::new(media, preferences), now: Timestamp::ZERO, changes: 0 }
    }

    fn smooth() -> Self {
        Self::new(Some(CAMERA), Preferences::default())
    }

    /// The link carries so much for so long; how often the encoders were told something.
    fn link(&mut self, kbps: u64, loss: f32, millis: u64) -> u32 {
        let before = self.changes;
        for _ in 0..millis / 100 {
            self.now += STEP;
            self.changes += u32::from(self.policy.on_estimate(self.now, estimate(kbps, loss, None)));
        }
        self.changes - before
    }

    /// What is known first of a link: such a round trip, and a rate that is a guess still.
    fn first_word(&mut self, kbps: u64, round_trip: Duration) {
        self.policy.on_estimate(self.now, estimate(kbps, 0.0, Some(round_trip)));
    }

    fn files(&mut self, sent: bool) {
        self.changes += u32::from(self.policy.set_files(self.now, sent));
    }

    fn voice(&self) -> VoicePlan {
        self.policy.plans().0
    }

    fn picture(&self) -> PicturePlan {
        self.policy.plans().1
    }

    fn height(&self) -> u32 {
        match self.picture() {
            PicturePlan::On { height, .. } => height,
            PicturePlan::Off(_) | PicturePlan::Slides { .. } => 0,
        }
    }

    fn fps(&self) -> u32 {
        match self.picture() {
            PicturePlan::On { fps, .. } => fps,
            PicturePlan::Off(_) | PicturePlan::Slides { .. } => 0,
        }
    }

    fn takes(&self) -> DataRate {
        self.voice().wire_rate() + self.picture().rate()
    }
}

#[test]
fn the_first_picture_from_far_away_is_a_small_one_and_grows_within_seconds() {
    for (round_trip_ms, first) in [(50, 360), (200, 180)] {
        let mut drive = Drive::smooth();
        drive.first_word(400, Duration::from_millis(round_trip_ms));
        assert_eq!(drive.height(), first, "{round_trip_ms} ms");
        drive.link(500, 0.0, 6_000);
        assert_eq!(drive.height(), 360, "{round_trip_ms} ms");
    }
}

#[test]
fn a_link_that_shrinks_and_grows_keeps_the_voice_and_gets_its_picture_back() {
    let mut drive = Drive::smooth();
    drive.link(1_000, 0.0, 5_000);
    assert_eq!((drive.height(), drive.fps(), drive.voice().packet_ms), (540, 30, 20));

    drive.link(150, 0.0, 100);
    assert_eq!((drive.height(), drive.voice().packet_ms), (180, 40), "down at the first word of it");
    assert!(drive.takes() <= DataRate::from_kbps(150), "{:?}", drive.takes());
    assert!(drive.voice().rate >= DataRate::from_kbps(20), "{:?}", drive.voice());

    drive.link(150, 0.0, 10_000);
    assert_eq!(drive.height(), 180);
    drive.link(1_000, 0.0, 1_000);
    assert_eq!(drive.height(), 180, "not yet: it may be a moment's luck");
    drive.link(1_000, 0.0, 1_000);
    assert_eq!(drive.height(), 540);
    drive.link(1_000, 0.0, 15_000);
    assert_eq!(drive.voice().packet_ms, 20);
}

#[test]
fn a_rate_that_is_a_little_short_for_a_moment_does_not_change_the_size() {
    let mut drive = Drive::smooth();
    drive.link(260, 0.0, 5_000);
    assert_eq!(drive.height(), 270);
    drive.link(150, 0.0, 1_000);
    assert_eq!(drive.height(), 270, "a queue that drains: {:?}", drive.picture());
    drive.link(260, 0.0, 5_000);
    assert_eq!(drive.height(), 270);
    drive.link(150, 0.0, 2_500);
    assert_eq!(drive.height(), 180, "it stays so");
    drive.link(260, 0.0, 5_000);
    drive.link(110, 0.0, 100);
    assert!(drive.height() < 180, "less than half is not borne: {:?}", drive.picture());
}

#[test]
fn an_estimate_that_falls_once_more_while_the_queue_drains_costs_one_change_of_size() {
    let mut drive = Drive::smooth();
    drive.link(1_000, 0.0, 5_000);
    drive.link(160, 0.0, 300);
    assert_eq!(drive.height(), 180);
    drive.link(95, 0.0, 600);
    assert_eq!(drive.height(), 180);
    drive.link(140, 0.0, 10_000);
    assert_eq!(drive.height(), 180);
}

#[test]
fn a_link_that_carries_far_more_again_is_believed_sooner_than_one_that_carries_a_little_more() {
    let mut drive = Drive::smooth();
    drive.link(150, 0.0, 5_000);
    assert_eq!(drive.height(), 180);
    drive.link(1_000, 0.0, 1_300);
    assert_eq!(drive.height(), 540);

    let mut drive = Drive::smooth();
    drive.link(150, 0.0, 5_000);
    drive.link(280, 0.0, 1_300);
    assert_eq!(drive.height(), 180);
    drive.link(280, 0.0, 500);
    assert_eq!(drive.height(), 270);
}

#[test]
fn a_rate_that_wavers_around_a_rung_does_not_change_the_size_every_second() {
    let mut drive = Drive::smooth();
    drive.link(460, 0.0, 5_000);
    let mut sizes = Vec::new();
    for second in 0..60 {
        drive.link(if second % 2 == 0 { 380 } else { 460 }, 0.0, 1_000);
        sizes.push(drive.height());
    }
    sizes.dedup();
    assert!(sizes.len() <= 2, "{sizes:?}");
}

#[test]
fn a_constant_link_leaves_the_encoders_alone() {
    let mut drive = Drive::smooth();
    drive.link(700, 0.0, 5_000);
    assert_eq!(drive.link(700, 0.0, 60_000), 0);
}

#[test]
fn below_what_a_moving_picture_needs_it_stops_and_comes_back() {
    let mut drive = Drive::smooth();
    drive.link(500, 0.0, 1_000);
    drive.link(80, 0.0, 2_000);
    assert!(drive.height() > 0, "just enough to keep it");
    drive.link(70, 0.0, 1_000);
    assert!(drive.height() > 0, "it may be a queue that drains");
    drive.link(70, 0.0, 1_000);
    assert_eq!(drive.height(), 0);
    drive.link(85, 0.0, 10_000);
    assert_eq!(drive.height(), 0, "not enough to bring it back");
    drive.link(95, 0.0, 2_500);
    assert!(drive.height() > 0);
}

#[test]
fn everything_fits_into_the_link_at_every_rate() {
    for kbps in [24, 30, 40, 50, 64, 80, 99, 120, 150, 199, 250, 300, 400, 600, 1_000, 2_500, 10_000] {
        for loss in [0.0, 0.03, 0.1, 0.2, 0.5] {
            let mut drive = Drive::smooth();
            drive.link(kbps, loss, 20_000);
            assert!(drive.takes() <= DataRate::from_kbps(kbps), "{kbps} kbps, {loss}: {:?}", drive.policy.plans());
            assert!(drive.voice().rate >= DataRate::from_kbps(8), "{kbps} kbps, {loss}: {:?}", drive.voice());
        }
    }
}

#[test]
fn thirty_kilobits_with_a_fifth_lost_are_a_voice_in_long_packets_with_copies() {
    let mut drive = Drive::smooth();
    drive.link(30, 0.2, 5_000);
    let voice = drive.voice();
    assert_eq!((voice.packet_ms, drive.height()), (60, 0));
    assert!(matches!(voice.redundancy, VoiceRedundancy::Red { .. }), "{voice:?}");
    assert!(voice.expected_loss > 0.0 && voice.rate >= DataRate::from_kbps(16), "{voice:?}");
}

#[test]
fn copies_in_the_voice_come_with_loss_and_go_long_after_it() {
    let mut drive = Drive::smooth();
    drive.link(1_000, 0.0, 2_000);
    assert_eq!(drive.voice().redundancy, VoiceRedundancy::None);
    drive.link(1_000, 0.05, 1_000);
    assert_ne!(drive.voice().redundancy, VoiceRedundancy::None);
    drive.link(1_000, 0.0, 2_000);
    assert_ne!(drive.voice().redundancy, VoiceRedundancy::None, "bursts come in company");
    drive.link(1_000, 0.0, 30_000);
    assert_eq!(drive.voice().redundancy, VoiceRedundancy::None);
}

#[test]
fn a_picture_is_never_larger_or_faster_than_the_camera() {
    let camera = CameraFormat { size: PictureSize::new(640, 360), fps: 24 };
    let mut drive = Drive::new(Some(camera), Preferences::default());
    drive.link(20_000, 0.0, 10_000);
    assert_eq!((drive.height(), drive.fps()), (360, 24));
    assert!(drive.picture().rate() <= DataRate::from_kbps(1_800));
}

#[test]
fn a_good_link_shows_640_by_360_at_full_movement() {
    let camera = CameraFormat { size: PictureSize::new(640, 360), fps: 30 };
    let mut drive = Drive::new(Some(camera), Preferences::default());
    assert_eq!((drive.height(), drive.fps() >= 25), (360, true), "before anything is known");
    drive.link(2_000, 0.0, 3_000);
    assert_eq!((drive.height(), drive.fps()), (360, 30));
}

#[test]
fn sharp_spends_movement_where_smooth_spends_detail() {
    let mut smooth = Drive::smooth();
    let mut sharp = Drive::new(Some(CAMERA), Preferences { mode: Mode::Sharp, ..Preferences::default() });
    smooth.link(250, 0.0, 10_000);
    sharp.link(250, 0.0, 10_000);
    assert!(sharp.height() > smooth.height(), "{} {}", sharp.height(), smooth.height());
    assert!(sharp.fps() < smooth.fps());
    assert!(smooth.fps() >= 20, "signs stay readable");
}

#[test]
fn what_the_person_chose_is_a_ceiling() {
    let limited = Preferences { max_rate: Some(DataRate::from_kbps(200)), ..Preferences::default() };
    let mut drive = Drive::new(Some(CAMERA), limited);
    drive.link(5_000, 0.0, 10_000);
    assert!(drive.takes() <= DataRate::from_kbps(200));

    let mut drive = Drive::new(Some(CAMERA), Preferences { save_data: true, ..Preferences::default() });
    drive.link(5_000, 0.0, 10_000);
    assert!(drive.takes() <= DataRate::from_kbps(250));
    assert!(drive.height() > 0);
    assert!(drive.policy.set_save_data(drive.now, false));
}

#[test]
fn a_picture_that_nobody_sends_or_wants_takes_nothing() {
    let mut drive = Drive::smooth();
    drive.link(1_000, 0.0, 3_000);
    assert!(drive.policy.set_camera_off(drive.now, true));
    assert_eq!(drive.picture(), PicturePlan::Off(PictureOff::CameraOff));
    assert!(drive.policy.set_camera_off(drive.now, false));
    assert_eq!(drive.height(), 540, "back at once and as it was");
    assert!(drive.policy.set_wanted(drive.now, false));
    assert_eq!(drive.picture(), PicturePlan::Off(PictureOff::NotWanted));
    assert!(drive.policy.set_camera_lost(drive.now, true));
    assert_eq!(drive.picture(), PicturePlan::Off(PictureOff::NoCamera));
    assert_eq!(Drive::new(None, Preferences::default()).picture(), PicturePlan::Off(PictureOff::NoCamera));
}

#[test]
fn a_machine_that_cannot_keep_up_gets_a_smaller_picture_and_tries_again_later() {
    let mut drive = Drive::smooth();
    drive.link(3_000, 0.0, 5_000);
    assert_eq!(drive.height(), 720);
    for _ in 0..5 {
        drive.now += Duration::from_millis(200);
        drive.policy.on_encode_time(drive.now, Duration::from_millis(30));
    }
    assert_eq!(drive.height(), 540);
    for _ in 0..80 {
        drive.now += Duration::from_millis(200);
        drive.policy.on_encode_time(drive.now, Duration::from_millis(4));
    }
    drive.link(3_000, 0.0, 3_000);
    assert_eq!(drive.height(), 720);
}

#[test]
fn a_loss_that_is_no_number_does_no_harm() {
    let mut drive = Drive::smooth();
    drive.link(500, f32::NAN, 1_000);
    assert_eq!(drive.voice().redundancy, VoiceRedundancy::None);
    drive.link(500, f32::INFINITY, 1_000);
    assert!(drive.takes() <= DataRate::from_kbps(500));
}

#[test]
fn a_file_takes_from_the_picture_and_never_from_the_voice() {
    for kbps in [20_000, 4_000, 1_500, 600, 300, 150] {
        let mut drive = Drive::smooth();
        drive.link(kbps, 0.0, 10_000);
        let (voice, picture) = (drive.voice(), drive.picture().rate());
        drive.files(true);
        drive.link(kbps, 0.0, 10_000);
        assert_eq!(drive.voice(), voice, "{kbps} kbps");
        let beside = drive.picture().rate();
        assert!(beside <= picture && drive.height() > 0, "{kbps} kbps: {beside:?} of {picture:?}");
        let left = DataRate::from_kbps(kbps) * 0.9;
        let room = left.saturating_sub(voice.wire_rate()).saturating_sub(beside * (1.0 / 0.92));
        if kbps >= 600 {
            assert!(room >= DataRate::from_kbps(kbps) * 0.4, "{kbps} kbps leave a file {room:?}");
            assert!(drive.fps() >= 24, "{kbps} kbps");
        }
        drive.files(false);
        drive.link(kbps, 0.0, 10_000);
        assert!(drive.picture().rate() >= picture * 0.95, "{kbps} kbps: it has its own again");
    }
}
