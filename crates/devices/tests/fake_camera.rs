//! The real camera code with a camera that the machine does not have.
#![cfg(target_os = "linux")]

use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime};

use devices::camera::PatternKind;
use devices::{Camera, CameraChoice, CapturedFrame, DeviceError};
use testkit::fake_camera::{FakeCamera, Fate, Kind, NAME, meets, with_camera};
use units::{Clock, PictureSize};

#[test]
fn a_usual_camera_gives_720_rows_thirty_times_a_second() {
    with_camera(
        "a_usual_camera_gives_720_rows_thirty_times_a_second",
        || FakeCamera::plug_in(Kind::Usual),
        || {
            assert_eq!(devices::camera::names(), [NAME]);
            gives_moving_pictures(PictureSize::new(1_280, 720), "30.00");
        },
    );
}

#[test]
fn a_camera_of_29_97_pictures_a_second_gives_them_and_says_so() {
    with_camera(
        "a_camera_of_29_97_pictures_a_second_gives_them_and_says_so",
        || FakeCamera::plug_in(Kind::Ntsc),
        || {
            let camera = gives_moving_pictures(PictureSize::new(1_280, 720), "29.97");
            let fps = camera.format().expect("a format").fps;
            assert_eq!((fps.numerator(), fps.denominator()), (30_000, 1_001));
        },
    );
}

#[test]
fn a_camera_of_half_that_rate_gives_pictures() {
    gives_pictures("a_camera_of_half_that_rate_gives_pictures", Kind::HalfNtsc, PictureSize::new(1_280, 720), "14.99");
}

#[test]
fn a_camera_that_another_program_left_slow_gives_thirty_pictures_a_second() {
    gives_pictures(
        "a_camera_that_another_program_left_slow_gives_thirty_pictures_a_second",
        Kind::LeftSlow,
        PictureSize::new(1_280, 720),
        "30.00",
    );
}

#[test]
fn a_camera_without_compression_gives_pictures() {
    gives_pictures(
        "a_camera_without_compression_gives_pictures",
        Kind::Uncompressed,
        PictureSize::new(640, 480),
        "30.00",
    );
}

#[test]
fn a_camera_with_unused_bytes_behind_each_row_gives_pictures() {
    gives_pictures(
        "a_camera_with_unused_bytes_behind_each_row_gives_pictures",
        Kind::Padded,
        PictureSize::new(640, 480),
        "30.00",
    );
}

#[test]
fn a_camera_with_planes_gives_pictures() {
    gives_pictures("a_camera_with_planes_gives_pictures", Kind::Planes, PictureSize::new(1_280, 720), "30.00");
}

#[test]
fn a_camera_that_can_do_any_size_and_rate_is_asked_for_the_usual_ones() {
    gives_pictures(
        "a_camera_that_can_do_any_size_and_rate_is_asked_for_the_usual_ones",
        Kind::Steps,
        PictureSize::new(1_280, 720),
        "30.00",
    );
}

#[test]
fn two_pictures_in_a_sixtieth_of_two_seconds_are_sixty_a_second() {
    gives_pictures(
        "two_pictures_in_a_sixtieth_of_two_seconds_are_sixty_a_second",
        Kind::Fast,
        PictureSize::new(1_280, 720),
        "60.00",
    );
}

#[test]
fn where_the_bus_has_no_room_for_one_format_the_next_is_taken() {
    gives_pictures(
        "where_the_bus_has_no_room_for_one_format_the_next_is_taken",
        Kind::NarrowBus,
        PictureSize::new(640, 480),
        "30.00",
    );
}

#[test]
fn a_photograph_is_as_large_as_the_camera_has_them_and_the_pictures_go_on_as_before() {
    with_camera(
        "a_photograph_is_as_large_as_the_camera_has_them_and_the_pictures_go_on_as_before",
        || FakeCamera::plug_in(Kind::Usual),
        || {
            let (mut camera, frames) = open(None).expect("a camera");
            let before = frames.recv_timeout(SOON).expect("a picture");
            let taken = camera.still_taker().take().expect("a photograph");
            assert_eq!(taken.size(), PictureSize::new(1_920, 1_080));
            while frames.try_recv().is_ok() {}
            let after = frames.recv_timeout(SOON).expect("a picture");
            assert_eq!(after.picture.size(), PictureSize::new(1_280, 720));
            assert!(after.index > before.index, "{} after {}", after.index, before.index);
            assert_eq!(camera.format().expect("a format").size, PictureSize::new(1_280, 720));
            assert!(camera.take_problem().is_none());
        },
    );
}

#[test]
fn a_camera_that_has_no_larger_pictures_gives_one_of_those() {
    with_camera(
        "a_camera_that_has_no_larger_pictures_gives_one_of_those",
        || FakeCamera::plug_in(Kind::Uncompressed),
        || {
            let (camera, _frames) = open(None).expect("a camera");
            assert_eq!(camera.still_taker().take().expect("a photograph").size(), PictureSize::new(640, 480));
        },
    );
}

#[test]
fn a_torn_picture_is_shown_to_nobody() {
    with_camera(
        "a_torn_picture_is_shown_to_nobody",
        || FakeCamera::plug_in(Kind::Torn),
        || {
            let (_camera, frames) = open(None).expect("a camera");
            for _ in 0..10 {
                let frame = frames.recv_timeout(SOON).expect("a picture");
                assert!(bright_quarter(&frame).is_some(), "picture {} is torn", frame.index);
            }
        },
    );
}

#[test]
fn a_camera_that_the_kernel_does_not_list_gives_pictures() {
    let unlisted = || FakeCamera::unlisted(Kind::Usual);
    with_camera("a_camera_that_the_kernel_does_not_list_gives_pictures", unlisted, || {
        gives_moving_pictures(PictureSize::new(1_280, 720), "30.00");
    });
}

#[test]
fn a_camera_is_opened_by_its_name_and_another_name_is_told_what_there_is() {
    with_camera(
        "a_camera_is_opened_by_its_name_and_another_name_is_told_what_there_is",
        || FakeCamera::plug_in(Kind::Usual),
        || {
            let (_camera, frames) = open(Some(NAME)).expect("a camera");
            frames.recv_timeout(SOON).expect("a picture");
            assert_eq!(
                refusal(Some("Roof")),
                "there is no camera called \"Roof\"; there is: Fake Camera; choose one of these"
            );
        },
    );
}

#[test]
fn a_camera_that_leaves_out_the_usual_tables_gives_pictures() {
    with_camera(
        "a_camera_that_leaves_out_the_usual_tables_gives_pictures",
        || FakeCamera::plug_in(Kind::Bare),
        || {
            gives_moving_pictures(PictureSize::new(1_280, 720), "30.00");
        },
    );
}

#[test]
fn a_camera_that_was_closed_can_be_opened_again_at_once() {
    with_camera(
        "a_camera_that_was_closed_can_be_opened_again_at_once",
        || FakeCamera::plug_in(Kind::Usual),
        || {
            for _ in 0..5 {
                let (camera, frames) = open(None).expect("a camera");
                frames.recv_timeout(SOON).expect("a picture");
                assert_eq!(refusal(None), IN_USE);
                drops_at_once(camera);
            }
        },
    );
}

#[test]
fn a_camera_that_another_program_has_is_said_to_be_in_use() {
    with_camera("a_camera_that_another_program_has_is_said_to_be_in_use", || FakeCamera::plug_in(Kind::Busy), in_use);
}

#[test]
fn a_camera_whose_stream_another_program_has_is_said_to_be_in_use() {
    with_camera(
        "a_camera_whose_stream_another_program_has_is_said_to_be_in_use",
        || FakeCamera::plug_in(Kind::Taken),
        in_use,
    );
}

#[test]
fn a_busy_camera_that_the_kernel_does_not_list_is_said_to_be_in_use() {
    let unlisted = || FakeCamera::unlisted(Kind::Busy);
    with_camera("a_busy_camera_that_the_kernel_does_not_list_is_said_to_be_in_use", unlisted, in_use);
}

fn in_use() {
    assert_eq!(refusal(None), IN_USE);
}

#[test]
fn a_forbidden_camera_is_said_to_be_forbidden() {
    with_camera(
        "a_forbidden_camera_is_said_to_be_forbidden",
        || FakeCamera::plug_in(Kind::Forbidden),
        || {
            assert_eq!(
                refusal(None),
                "this program may not use the camera; let an administrator add you to the group \"video\", then sign in to the \
                 system anew"
            );
        },
    );
}

#[test]
fn without_a_camera_that_is_said() {
    let unlisted = || FakeCamera::unlisted(Kind::Missing);
    with_camera("without_a_camera_that_is_said", unlisted, no_camera);
}

#[test]
fn a_camera_that_goes_while_it_is_opened_is_said_not_to_be_there() {
    with_camera(
        "a_camera_that_goes_while_it_is_opened_is_said_not_to_be_there",
        || FakeCamera::plug_in(Kind::Missing),
        no_camera,
    );
}

fn no_camera() {
    assert_eq!(refusal(None), "there is no camera on this computer; plug one in or choose another");
}

#[test]
fn a_camera_that_is_unplugged_says_so_at_once() {
    let unplugged = || usual(Fate::Unplugged(10));
    with_camera("a_camera_that_is_unplugged_says_so_at_once", unplugged, || {
        let (mut camera, frames) = open(None).expect("a camera");
        frames.recv_timeout(SOON).expect("a picture");
        assert_eq!(problem(&mut camera, SOON), UNPLUGGED);
        assert!(frames.try_iter().all(|frame| frame.index < 10));
        drops_at_once(camera);
    });
}

#[test]
fn a_camera_that_is_plugged_in_again_goes_on_by_itself() {
    with_camera(
        "a_camera_that_is_plugged_in_again_goes_on_by_itself",
        || FakeCamera::plug_in(Kind::Usual),
        || {
            let (mut camera, frames) = open(None).expect("a camera");
            frames.recv_timeout(SOON).expect("a picture");
            meets(Fate::Unplugged(0));
            assert_eq!(problem(&mut camera, SOON), UNPLUGGED);
            assert!(!camera.came_back());
            let last = frames.try_iter().last().map_or(0, |frame| frame.index);
            meets(Fate::Runs);
            let frame = frames.recv_timeout(BACK).expect("a picture again");
            assert!(frame.index > last && bright_quarter(&frame).is_some());
            assert!(camera.came_back() && !camera.came_back() && camera.take_problem().is_none());
        },
    );
}

#[test]
fn another_camera_that_is_plugged_in_instead_is_taken_for_what_it_is() {
    with_camera(
        "another_camera_that_is_plugged_in_instead_is_taken_for_what_it_is",
        || FakeCamera::plug_in(Kind::Usual),
        || {
            let (mut camera, frames) = open(None).expect("a camera");
            frames.recv_timeout(SOON).expect("a picture");
            meets(Fate::Unplugged(0));
            assert_eq!(problem(&mut camera, SOON), UNPLUGGED);
            while frames.try_recv().is_ok() {}
            meets(Fate::Replaced(Kind::HalfNtsc));
            frames.recv_timeout(BACK).expect("a picture of the other");
            let format = camera.format().expect("a format");
            assert_eq!((format.size, format.fps.to_string().as_str()), (PictureSize::new(1_280, 720), "14.99"));
        },
    );
}

#[test]
fn a_camera_that_stalls_is_given_up_and_can_be_opened_again_without_being_plugged_in_anew() {
    with_camera(
        "a_camera_that_stalls_is_given_up_and_can_be_opened_again_without_being_plugged_in_anew",
        || FakeCamera::plug_in(Kind::Usual),
        || {
            let (mut camera, frames) = open(None).expect("a camera");
            frames.recv_timeout(SOON).expect("a picture");
            meets(Fate::Stalls(0));
            stalls(&mut camera);
            // Told once, and it does not come back by being opened again in vain.
            std::thread::sleep(Duration::from_secs(3));
            assert!(camera.take_problem().is_none() && !camera.came_back());
            drops_at_once(camera);
            // Others are not kept waiting.
            let (sender, others) = mpsc::channel();
            let sink = Box::new(move |frame| drop(sender.send(frame)));
            let other = devices::camera::open(&CameraChoice::Pattern(PatternKind::Clinician), clock(), sink);
            others.recv_timeout(SOON).expect("a picture of another camera");
            drop(other);
            meets(Fate::Runs);
            let (_camera, frames) = open(None).expect("the camera");
            frames.recv_timeout(SOON).expect("a picture of it");
        },
    );
}

#[test]
fn a_camera_that_gets_stuck_for_once_is_started_anew_and_nobody_is_told() {
    with_camera(
        "a_camera_that_gets_stuck_for_once_is_started_anew_and_nobody_is_told",
        || usual(Fate::Hiccups(10)),
        || {
            let (mut camera, frames) = open(None).expect("a camera");
            let mut indices = (0..15).map(|_| frames.recv_timeout(SOON).expect("a picture").index);
            let mut last = indices.next().expect("a first");
            for index in indices {
                assert!(index > last, "{index} after {last}");
                last = index;
            }
            assert!(last >= 14, "{last}");
            assert!(camera.take_problem().is_none());
        },
    );
}

#[test]
fn what_gives_no_pictures_is_said_to_give_none() {
    with_camera(
        "what_gives_no_pictures_is_said_to_give_none",
        || FakeCamera::plug_in(Kind::Codec),
        || {
            assert_eq!(
                refusal(None),
                "the camera offers no format that can be used: it gives no pictures that are known to this program; plug it \
                 in anew or choose another"
            );
        },
    );
}

#[test]
fn a_camera_that_never_gives_a_picture_is_given_up() {
    with_camera(
        "a_camera_that_never_gives_a_picture_is_given_up",
        || usual(Fate::Stalls(0)),
        || {
            let (mut camera, _frames) = open(None).expect("a camera");
            stalls(&mut camera);
            drops_at_once(camera);
        },
    );
}

fn usual(fate: Fate) -> FakeCamera {
    let camera = FakeCamera::plug_in(Kind::Usual);
    camera.meets(fate);
    camera
}

/// Opens the first camera and looks at a good number of its pictures.
fn gives_pictures(test: &str, kind: Kind, size: PictureSize, fps: &str) {
    with_camera(test, || FakeCamera::plug_in(kind), || drop(gives_moving_pictures(size, fps)));
}

fn gives_moving_pictures(size: PictureSize, fps: &str) -> Camera {
    let (mut camera, frames) = open(None).expect("a camera");
    let format = camera.format().expect("a format");
    assert_eq!((format.size, format.fps.to_string().as_str()), (size, fps));
    let first = frames.recv_timeout(SOON).expect("a picture");
    let mut last = first.clone();
    for _ in 0..30 {
        let frame = frames.recv_timeout(SOON).expect("a picture");
        assert_eq!(frame.picture.size(), size);
        assert_eq!(bright_quarter(&frame), Some(frame.index % 4), "picture {}", frame.index);
        assert!(frame.index > last.index && frame.captured > last.captured);
        last = frame;
    }
    // Not more than it says; a slow machine may make it less.
    let rate = (last.index - first.index) as f64 / last.captured.since(first.captured).as_secs_f64();
    assert!(rate < 1.2 * format.fps.as_f64(), "{rate} pictures a second");
    assert!(camera.take_problem().is_none());
    camera
}

/// Which quarter of the picture is bright, if it is one.
fn bright_quarter(frame: &CapturedFrame) -> Option<u64> {
    let [luma, ..] = frame.picture.planes();
    let width = frame.picture.size().width as usize;
    let rows = luma.chunks_exact(width);
    let mut bright = None;
    for quarter in 0..4 {
        let part = quarter * width / 4..(quarter + 1) * width / 4;
        let values = rows.clone().map(|row| &row[part.clone()]);
        // 235 and 16, less what a lossy format takes.
        if values.clone().flatten().all(|&value| value > 225) {
            bright = bright.is_none().then_some(quarter as u64);
        } else if values.flatten().any(|&value| value > 30) {
            return None;
        }
    }
    bright
}

fn open(name: Option<&str>) -> Result<(Camera, Receiver<CapturedFrame>), DeviceError> {
    let (sender, frames) = mpsc::channel();
    let sink = Box::new(move |frame| drop(sender.send(frame)));
    let choice = CameraChoice::Device(name.map(str::to_owned));
    Ok((devices::camera::open(&choice, clock(), sink)?, frames))
}

fn refusal(name: Option<&str>) -> String {
    open(name).map(drop).expect_err("no camera").to_string()
}

fn stalls(camera: &mut Camera) {
    assert_eq!(
        problem(camera, Duration::from_secs(8)),
        "the camera stopped: it does not answer any more; check its plug or choose another"
    );
}

fn problem(camera: &mut Camera, patience: Duration) -> String {
    let begin = Instant::now();
    loop {
        if let Some(problem) = camera.take_problem() {
            return problem.to_string();
        }
        assert!(begin.elapsed() < patience, "no word of a problem within {patience:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn drops_at_once(camera: Camera) {
    let begin = Instant::now();
    drop(camera);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

fn clock() -> Clock {
    Clock::starting_at(Instant::now(), SystemTime::now())
}

const UNPLUGGED: &str = "the camera stopped: it was unplugged; check its plug or choose another";

const IN_USE: &str = "the camera is in use by another program; close that and try again";

/// Longer than a busy machine takes for a picture, and than a camera that has got stuck takes to start anew.
const SOON: Duration = Duration::from_secs(4);

/// The longest pause between two attempts to get a camera back, and a busy machine.
const BACK: Duration = Duration::from_secs(10);
