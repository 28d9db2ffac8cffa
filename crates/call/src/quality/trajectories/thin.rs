//! Below what a moving picture needs: single pictures, the voice alone, and back.

use proptest::prelude::*;

use super::*;

/// What is sent, without its numbers.
fn kind(picture: PicturePlan) -> &'static str {
    match picture {
        PicturePlan::On { .. } => "moving",
        PicturePlan::Slides { .. } => "slides",
        PicturePlan::Off(_) => "none",
    }
}

impl Drive {
    fn kind(&self) -> &'static str {
        kind(self.picture())
    }
}

#[test]
fn a_thin_mobile_link_carries_single_pictures_beside_an_unharmed_voice() {
    for kbps in [50, 53, 58, 64, 74] {
        let mut drive = Drive::smooth();
        drive.link(kbps, 0.05, 10_000);
        let PicturePlan::Slides { height, every, rate } = drive.picture() else { panic!("{:?}", drive.picture()) };
        assert_eq!(CAMERA.size.fitted_to_height(height).width, 320);
        assert!(every <= Duration::from_secs(4), "{every:?}");
        let bytes = rate.bytes_in(every);
        assert!((2_000..=9_000).contains(&bytes), "{kbps} kbps: {bytes} bytes a picture");
        assert!(drive.voice().wire_rate() >= DataRate::from_kbps(31), "{kbps} kbps: {:?}", drive.voice());
    }
}

#[test]
fn a_long_way_begins_with_a_single_picture_and_moves_once_it_carries_it() {
    let mut drive = Drive::smooth();
    drive.link(75, 0.0, 100);
    assert_eq!(drive.kind(), "slides", "believed of a path of half a second before anything was sent");
    drive.link(500, 0.0, 500);
    assert_eq!(drive.kind(), "slides", "a guess, perhaps");
    drive.link(500, 0.0, 1_000);
    assert_eq!(drive.kind(), "moving");
}

#[test]
fn the_ladder_is_gone_down_soon_and_up_again_by_itself() {
    let mut drive = Drive::smooth();
    let mut seen = Vec::new();
    for kbps in [1_000, 64, 30, 64, 1_000] {
        drive.link(kbps, 0.0, 300);
        let at_once = drive.kind();
        drive.link(kbps, 0.0, 4_000);
        seen.push((kbps, at_once, drive.kind()));
    }
    let down = [(1_000, "moving", "moving"), (64, "moving", "slides"), (30, "slides", "none")];
    let up = [(64, "none", "slides"), (1_000, "slides", "moving")];
    assert_eq!(seen, [down.as_slice(), &up].concat());
    assert!(drive.height() >= 360, "{:?}", drive.picture());
}

#[test]
fn a_link_that_takes_back_what_it_gave_is_believed_less_each_time() {
    let mut drive = Drive::smooth();
    drive.link(60, 0.0, 2_000);
    let mut kinds = vec![drive.kind()];
    // Two minutes of 110 for five seconds and 60 for two: each time long enough to be believed at first.
    for _ in 0..17 {
        for kbps in [110, 60] {
            for _ in 0..if kbps == 110 { 50 } else { 20 } {
                drive.link(kbps, 0.0, 100);
                kinds.push(drive.kind());
            }
        }
    }
    kinds.dedup();
    assert!(kinds.len() <= 9, "{kinds:?}");
    drive.link(110, 0.0, 40_000);
    assert_eq!(drive.kind(), "moving", "it comes back where the link stays");
}

#[test]
fn a_rate_that_wavers_around_either_step_does_not_flicker() {
    for (low, high) in [(72, 88), (38, 43), (40, 46)] {
        let mut drive = Drive::smooth();
        drive.link(low, 0.0, 5_000);
        let mut kinds = Vec::new();
        for second in 0..60 {
            drive.link(if second % 2 == 0 { high } else { low }, 0.0, 1_000);
            kinds.push(drive.kind());
        }
        kinds.dedup();
        assert!(kinds.len() <= 2, "{low} to {high}: {kinds:?}");
    }
}

#[test]
fn an_estimate_that_dips_for_a_moment_does_not_end_single_pictures() {
    let mut drive = Drive::smooth();
    drive.link(60, 0.05, 5_000);
    for _ in 0..5 {
        drive.link(36, 0.05, 2_500);
        assert_eq!(drive.kind(), "slides");
        drive.link(60, 0.05, 500);
    }
    drive.link(1_000, 0.0, 10_000);
    drive.link(30, 0.0, 100);
    assert_eq!(drive.kind(), "none", "a moving picture is too much for a moment, too");
}

#[test]
fn a_camera_of_any_shape_gives_single_pictures_that_can_be_read() {
    for (width, height, wide, high) in
        [(1_920, 1_080, 320, 180), (640, 480, 320, 240), (720, 1_280, 180, 320), (160, 120, 160, 120)]
    {
        let camera = CameraFormat { size: PictureSize::new(width, height), fps: 30 };
        let mut drive = Drive::new(Some(camera), Preferences::default());
        drive.link(60, 0.0, 3_000);
        let PicturePlan::Slides { height, .. } = drive.picture() else { panic!("{:?}", drive.picture()) };
        assert_eq!(camera.size.fitted_to_height(height), PictureSize::new(wide, high));
    }
}

#[test]
fn nothing_is_sent_of_a_camera_that_is_off_however_thin_the_link() {
    let mut drive = Drive::smooth();
    drive.link(60, 0.0, 3_000);
    drive.policy.set_camera_off(drive.now, true);
    assert_eq!(drive.picture(), PicturePlan::Off(PictureOff::CameraOff));
    drive.policy.set_camera_off(drive.now, false);
    assert_eq!(drive.kind(), "slides");
}

#[test]
fn saved_data_and_a_ceiling_lead_down_the_same_ladder() {
    let limited = Preferences { max_rate: Some(DataRate::from_kbps(60)), ..Preferences::default() };
    let mut drive = Drive::new(Some(CAMERA), limited);
    drive.link(5_000, 0.0, 5_000);
    assert_eq!(drive.kind(), "slides");
    assert!(drive.takes() <= DataRate::from_kbps(60));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn voice_comes_first_on_any_link_and_the_picture_comes_back_after_it(
        links in proptest::collection::vec((20_u64..2_000, 0_u32..30, 1_u64..60), 1..12),
        sharp in any::<bool>(),
    ) {
        let mode = if sharp { Mode::Sharp } else { Mode::Smooth };
        let mut drive = Drive::new(Some(CAMERA), Preferences { mode, ..Preferences::default() });
        let mut alone = Drive::new(None, Preferences::default());
        for (kbps, loss, tenths) in links {
            let loss = loss as f32 / 100.0;
            for _ in 0..tenths {
                drive.link(kbps, loss, 100);
                alone.link(kbps, loss, 100);
                let total = DataRate::from_kbps(kbps);
                prop_assert!(drive.takes() <= total, "{:?} on {total}", drive.policy.plans());
                let least = alone.voice().wire_rate().min(DataRate::from_kbps(28));
                prop_assert!(drive.voice().wire_rate() >= least * 0.9, "{:?} beside a picture", drive.voice());
                if let (Mode::Smooth, PicturePlan::On { fps, .. }) = (mode, drive.picture()) {
                    prop_assert!(fps >= 20, "{fps} a second are no signs any more");
                }
            }
        }
        drive.link(1_000, 0.0, 40_000);
        prop_assert_eq!(drive.kind(), "moving");
        prop_assert!(drive.height() >= 540);
        prop_assert!(drive.link(1_000, 0.0, 20_000) <= 1, "a steady link leaves the encoders alone");
    }
}
