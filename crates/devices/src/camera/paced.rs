//! A camera whose pictures are drawn or read: paced by the program's clock.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use media::picture::I420;
use units::{Clock, Timestamp};

use super::pool::Pool;
use super::{Camera, CameraFormat, CapturedFrame, FrameSink, Shared};
use crate::error::StopCause;
use crate::{DeviceError, FrameRate};
use units::DeviceKind;

/// Pictures by number.
pub(super) trait Source: Send + 'static {
    /// What it gives.
    fn format(&self) -> CameraFormat;

    /// Draws picture `index`, counting on through the loops, into `picture`.
    fn draw(&mut self, index: u64, picture: &mut I420) -> Result<(), DeviceError>;

    /// Picture `index` as large as there is one.
    fn still(&mut self, index: u64) -> Result<I420, DeviceError> {
        let mut picture = I420::new(self.format().size);
        self.draw(index, &mut picture)?;
        Ok(picture)
    }
}

/// Starts a thread that gives `source`'s pictures, each at its time.
pub(super) fn open(source: impl Source, clock: Clock, sink: FrameSink) -> Result<Camera, DeviceError> {
    let shared = Arc::new(Shared::giving(source.format()));
    let seen_by_thread = Arc::clone(&shared);
    let thread = thread::Builder::new()
        .name("camera".into())
        .spawn(move || {
            if let Err(problem) = run(source, clock, sink, &seen_by_thread) {
                seen_by_thread.fail(problem);
                seen_by_thread.stop();
                drop(seen_by_thread.wish.take());
            }
        })
        .map_err(|reason| DeviceError::Stopped {
            kind: DeviceKind::Camera,
            cause: StopCause::Failed(reason.to_string()),
        })?;
    Ok(Camera { shared, thread: Some(thread) })
}

fn run(mut source: impl Source, clock: Clock, mut sink: FrameSink, shared: &Shared) -> Result<(), DeviceError> {
    let CameraFormat { size, fps } = source.format();
    let mut pool = Pool::default();
    // Each picture is drawn ahead of its time, so that the time it takes to read it delays nobody.
    let mut ready = 0;
    let mut picture = pool.take(size);
    source.draw(ready, Arc::make_mut(&mut picture))?;
    let mut schedule = Schedule::starting(clock.timestamp(Instant::now()), fps);
    while !shared.is_stopping() {
        let now = clock.timestamp(Instant::now());
        let Some(index) = schedule.due(now) else {
            thread::park_timeout(schedule.next_at().since(now));
            continue;
        };
        if index != ready {
            source.draw(index, Arc::make_mut(&mut picture))?;
        }
        sink(CapturedFrame { picture: Arc::clone(&picture), captured: schedule.time_of(index), index });
        if let Some(answer) = shared.wish.take() {
            // Err: nobody waits any more.
            let _ = answer.send(source.still(index));
        }
        ready = index + 1;
        pool.put(picture);
        picture = pool.take(size);
        source.draw(ready, Arc::make_mut(&mut picture))?;
    }
    Ok(())
}

/// When each picture's turn is, and which have had theirs.
#[derive(Debug)]
struct Schedule {
    started: Timestamp,
    fps: FrameRate,
    next: u64,
}

impl Schedule {
    fn starting(started: Timestamp, fps: FrameRate) -> Self {
        Self { started, fps, next: 0 }
    }

    /// The newest picture whose time has come and that has not been given; those before it are skipped.
    fn due(&mut self, now: Timestamp) -> Option<u64> {
        if now < self.next_at() {
            return None;
        }
        let newest = self.fps.newest_at(now.since(self.started)).max(self.next);
        self.next = newest + 1;
        Some(newest)
    }

    fn next_at(&self) -> Timestamp {
        self.time_of(self.next)
    }

    fn time_of(&self, index: u64) -> Timestamp {
        self.started + self.fps.time_of(index)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, SystemTime};

    use units::PictureSize;

    use super::*;
    use crate::camera::file::FileSource;
    use crate::y4m;

    const SIZE: PictureSize = PictureSize::new(16, 16);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_picture_is_given_when_its_time_has_come_and_once() {
        let mut schedule = Schedule::starting(at(1_000), FrameRate::new(50, 1).expect("a rate"));
        assert_eq!(schedule.due(at(1_000)), Some(0));
        assert_eq!(schedule.due(at(1_000)), None);
        assert_eq!(schedule.due(at(1_019)), None);
        assert_eq!(schedule.next_at(), at(1_020));
        assert_eq!(schedule.due(at(1_020)), Some(1));
    }

    #[test]
    fn late_pacing_skips_to_the_newest_and_does_not_shift() {
        let mut schedule = Schedule::starting(at(0), FrameRate::new(50, 1).expect("a rate"));
        assert_eq!(schedule.due(at(0)), Some(0));
        assert_eq!(schedule.due(at(109)), Some(5));
        assert_eq!(schedule.due(at(119)), None);
        assert_eq!(schedule.due(at(120)), Some(6));
        assert_eq!(schedule.time_of(6), at(120));
    }

    #[test]
    fn a_late_tick_costs_no_picture_as_long_as_it_is_within_its_turn() {
        let fps = FrameRate::new(30_000, 1_001).expect("a rate");
        let mut schedule = Schedule::starting(at(3), fps);
        let mut expected = 0;
        let mut now = at(3);
        while expected < 10_000 {
            let late = Duration::from_micros(expected * 7_919 % 30_000);
            assert_eq!(schedule.due(now + late), Some(expected));
            expected += 1;
            now = schedule.next_at();
        }
    }

    /// A film of 200 pictures a second whose picture k is all k.
    fn film(pictures: u8) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.y4m");
        let mut writer = y4m::Writer::create(&path, SIZE, FrameRate::new(200, 1).expect("a rate")).unwrap();
        for shade in 0..pictures {
            let mut picture = I420::new(SIZE);
            picture.as_bytes_mut().fill(shade);
            writer.write(&picture).unwrap();
        }
        (folder, path)
    }

    #[test]
    fn a_film_is_looped_without_a_gap_at_its_own_pace() {
        let (_folder, path) = film(3);
        let (sender, frames) = mpsc::channel();
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let sink = Box::new(move |frame| drop(sender.send(frame)));
        let camera = open(FileSource::open(&path).expect("a film"), clock, sink).expect("a camera");
        let frames: Vec<CapturedFrame> = frames.iter().take(20).collect();
        let begin = frames[0].captured;
        assert_eq!(frames[0].index, 0);
        for pair in frames.windows(2) {
            assert!(pair[0].index < pair[1].index);
        }
        for frame in &frames {
            assert_eq!(frame.captured.since(begin), Duration::from_millis(5 * frame.index));
            assert!(frame.picture.as_bytes().iter().all(|&byte| u64::from(byte) == frame.index % 3));
        }
        drop(camera);
    }

    #[test]
    fn a_photograph_is_taken_beside_the_pictures_and_none_by_a_camera_that_is_closed() {
        let (_folder, path) = film(3);
        let (sender, frames) = mpsc::channel();
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let sink = Box::new(move |frame| drop(sender.send(frame)));
        let camera = open(FileSource::open(&path).expect("a film"), clock, sink).expect("a camera");
        let taker = camera.still_taker();
        let taken = taker.take().expect("a photograph");
        assert_eq!(taken.size(), SIZE);
        assert!(taken.as_bytes().iter().all(|byte| *byte == taken.as_bytes()[0] && *byte < 3));
        assert!(frames.iter().take(5).count() == 5, "it goes on");
        drop(camera);
        assert!(matches!(taker.take(), Err(DeviceError::Stopped { .. })), "of a camera that is closed");
    }

    #[test]
    fn a_film_that_breaks_while_it_runs_is_a_problem_told_once() {
        let (_folder, path) = film(3);
        let (sender, frames) = mpsc::channel();
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let sink = Box::new(move |frame| drop(sender.send(frame)));
        let mut camera = open(FileSource::open(&path).expect("a film"), clock, sink).expect("a camera");
        frames.recv().expect("a first picture");
        std::fs::write(&path, b"").unwrap();
        // The sink goes when the thread ends.
        while frames.recv().is_ok() {}
        let thread = camera.thread.take().expect("a thread");
        thread.join().expect("no panic");
        let problem = camera.take_problem().expect("a problem");
        assert!(matches!(problem, DeviceError::Film { .. }), "{problem}");
        assert!(camera.take_problem().is_none());
    }
}
