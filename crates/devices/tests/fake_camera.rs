//! The real camera code with a camera that the machine does not have.
#![cfg(target_os = "linux")]

use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime};

use devices::camera::PatternKind;
use devices::{Camera, CameraChoice, CapturedFrame, DeviceError};
use testkit::fake_camera::{FakeCamera, Fate, Kind, NAME, with_camera};
use units::{Clock, PictureSize};

#[test]
fn a_usual_camera_gives_720_rows_thirty_times_a_second() {
    with_camera(
        "a_usual_camera_gives_720_rows_thirty_times_a_second",
        || FakeCamera::plug_in(Kind::Usual),
        || {
            assert_eq!(devices::camera::names(), [NAME]);
            let camera = gives_moving_pictures(PictureSize::new(1_280, 720), Duration::from_secs(2));
            assert_eq!(camera.format().expect("a format").fps.to_string(), "30.00");
        },
    );
}

#[test]
fn a_camera_without_compression_gives_pictures() {
    with_camera(
        "a_camera_without_compression_gives_pictures",
        || FakeCamera::plug_in(Kind::Uncompressed),
        || {
            gives_moving_pictures(PictureSize::new(640, 480), Duration::from_secs(1));
        },
    );
}

#[test]
fn a_camera_with_planes_gives_pictures() {
    with_camera(
        "a_camera_with_planes_gives_pictures",
        || FakeCamera::plug_in(Kind::Planes),
        || {
            gives_moving_pictures(PictureSize::new(1_280, 720), Duration::from_secs(1));
        },
    );
}

#[test]
fn a_camera_that_the_kernel_does_not_list_gives_pictures() {
    let unlisted = || FakeCamera::unlisted(Kind::Usual);
    with_camera("a_camera_that_the_kernel_does_not_list_gives_pictures", unlisted, || {
        gives_moving_pictures(PictureSize::new(1_280, 720), Duration::from_secs(1));
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
            gives_moving_pictures(PictureSize::new(1_280, 720), Duration::from_secs(1));
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
            assert_eq!(refusal(None), "this program may not use the camera; allow it in the system's privacy settings");
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
        assert!(frames.iter().last().expect("a picture").index < 10);
        assert_eq!(
            problem(&mut camera, SOON),
            "the camera stopped: it was unplugged; check its plug or choose another"
        );
        drops_at_once(camera);
    });
}

#[test]
fn a_camera_that_stalls_is_given_up_and_the_program_goes_on() {
    let stalled = || usual(Fate::Stalls(10));
    with_camera("a_camera_that_stalls_is_given_up_and_the_program_goes_on", stalled, || {
        let (mut camera, frames) = open(None).expect("a camera");
        assert!(frames.iter().last().expect("a picture").index < 10);
        stalls(&mut camera);
        drops_at_once(camera);
        // The driver's call never comes back, so that only pulling the plug helps.
        assert_eq!(refusal(None), "the camera stopped: it still does not answer; check its plug or choose another");
        let (sender, frames) = mpsc::channel();
        let sink = Box::new(move |frame| drop(sender.send(frame)));
        let _other = devices::camera::open(&CameraChoice::Pattern(PatternKind::Clinician), clock(), sink);
        frames.recv_timeout(SOON).expect("a picture of another camera");
    });
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

#[test]
fn a_camera_of_29_97_pictures_a_second_is_refused_with_its_reason() {
    with_camera(
        "a_camera_of_29_97_pictures_a_second_is_refused_with_its_reason",
        || FakeCamera::plug_in(Kind::Ntsc),
        odd_rate,
    );
}

#[test]
fn a_camera_that_another_program_left_at_such_a_rate_is_refused_with_its_reason() {
    let test = "a_camera_that_another_program_left_at_such_a_rate_is_refused_with_its_reason";
    with_camera(test, || FakeCamera::plug_in(Kind::LeftSlow), odd_rate);
}

fn odd_rate() {
    assert_eq!(
        refusal(None),
        "the camera offers no format that can be used: it gives no whole number of pictures a second; plug it in anew or \
         choose another"
    );
}

#[test]
fn where_one_format_is_refused_the_next_is_taken() {
    with_camera(
        "where_one_format_is_refused_the_next_is_taken",
        || FakeCamera::plug_in(Kind::Fast),
        || {
            gives_moving_pictures(PictureSize::new(640, 480), Duration::from_secs(1));
        },
    );
}

fn usual(fate: Fate) -> FakeCamera {
    let camera = FakeCamera::plug_in(Kind::Usual);
    camera.meets(fate);
    camera
}

/// Opens the first camera and looks at what it gives for so long.
fn gives_moving_pictures(size: PictureSize, duration: Duration) -> Camera {
    let (mut camera, frames) = open(None).expect("a camera");
    assert_eq!(camera.format().expect("a format").size, size);
    let first = frames.recv_timeout(SOON).expect("a picture");
    let mut last = first.clone();
    let mut count = 1_u32;
    while last.captured.since(first.captured) < duration {
        let frame = frames.recv_timeout(SOON).expect("a picture");
        assert_eq!(frame.picture.size(), size);
        assert_eq!(bright_quarter(&frame), Some(frame.index % 4), "picture {}", frame.index);
        assert!(frame.index > last.index && frame.captured > last.captured);
        last = frame;
        count += 1;
    }
    // A slow machine may leave some out.
    let rate = (last.index - first.index) as f64 / last.captured.since(first.captured).as_secs_f64();
    assert!((25.0..=33.0).contains(&rate), "{rate} pictures a second");
    assert!(f64::from(count) > 15.0 * duration.as_secs_f64(), "{count} pictures");
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
        "the camera stopped: it gives no picture any more; check its plug or choose another"
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

const IN_USE: &str = "the camera is in use by another program; close that and try again";

/// Thirty pictures fit into it.
const SOON: Duration = Duration::from_secs(1);
