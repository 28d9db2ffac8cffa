//! Calls that last.

use std::time::Duration;

use testkit::mouth_to_ear::mouth_to_ear;
use xtask::house::{End, Options};
use xtask::recording::Sound;
use xtask::report::Report;

use crate::clinic::{Clinic, exit_of};
use crate::footage::Footage;

const CALL_SECS: u32 = 180;
const LONG_CALL_SECS: u32 = 1_800;

#[test]
fn long_a_call_of_three_minutes_keeps_its_rate_and_its_memory() {
    let clinic = Clinic::open();
    // Three minutes of pictures on a disk would be 2 GB: the size is not what this test is about.
    let small = |options| shown_small(options, "160x90");
    let mut host = clinic.host(&small(clinic.clinicians(CALL_SECS + 10)));
    let mut guest = clinic.join(&small(clinic.patients(CALL_SECS)));
    let call = Duration::from_secs(CALL_SECS.into());
    for end in [&mut guest, &mut host] {
        assert_eq!(exit_of(end, call), 0, "{}", end.process.stderr());
        let report = end.report().unwrap();
        let rate = report.shown_per_second().unwrap();
        assert!(rate > 25.0, "{rate} pictures a second");
        let memory: Vec<f64> = report.series("rss_mb").iter().map(|(_, megabytes)| *megabytes).collect();
        let (early, late) = (memory[30], memory[memory.len() - 3]);
        assert!(late < early + 15.0, "memory grew from {early} to {late} MB in {} s", memory.len());
    }
}

/// Half an hour, as a visit may last. What is heard must not come later and later, nor the memory fill.
#[test]
fn long_a_call_of_thirty_minutes_keeps_its_delay_and_its_memory() {
    let clinic = Clinic::open();
    let small = |options| shown_small(options, "32x18");
    let mut host = clinic.host(&small(clinic.clinicians(LONG_CALL_SECS + 10)));
    let mut guest = clinic.join(&small(clinic.patients(LONG_CALL_SECS)));
    let call = Duration::from_secs(LONG_CALL_SECS.into());
    for end in [&mut guest, &mut host] {
        assert_eq!(exit_of(end, call), 0, "{}", end.process.stderr());
        let report = end.report().unwrap();
        let memory: Vec<f64> = report.series("rss_mb").iter().map(|(_, megabytes)| *megabytes).collect();
        let (early, late) = (memory[120], memory[memory.len() - 3]);
        assert!(late < early + 10.0, "memory grew from {early} to {late} MB in {} s", memory.len());
    }
    for (said, mouth, ear) in [(&clinic.patient, &guest, &host), (&clinic.clinician, &host, &guest)] {
        let delays = delays(said, mouth, ear);
        let early = delays[..3].iter().min().expect("three");
        let late = delays[delays.len() - 3..].iter().max().expect("three");
        assert!(late.saturating_sub(*early) < Duration::from_millis(40), "later and later: {delays:?}");
        assert!(delays.iter().all(|delay| *delay < Duration::from_millis(250)), "late at times: {delays:?}");
    }
}

/// From one mouth to the other ear, each minute.
fn delays(said: &Footage, mouth: &End, ear: &End) -> Vec<Duration> {
    const LOOK_SECS: usize = 20;
    let seconds = |report: &Report, started: &str| report.number(started).expect("a start") / 1e6;
    let spoken_from = seconds(&mouth.report().unwrap(), "/microphone_started_unix_us");
    let heard_from = seconds(&ear.report().unwrap(), "/speaker_started_unix_us");
    let (voice, heard) = (Sound::read(&said.voice).unwrap(), Sound::read(&ear.files().speaker).unwrap());
    assert_eq!((voice.rate, heard.rate), (48_000, 48_000));
    let rate = voice.rate as usize;
    let minute = |start: usize| {
        // The voice is spoken in a loop.
        let spoken = ((heard_from - spoken_from) * rate as f64) as usize + start;
        let said: Vec<f32> = (0..LOOK_SECS * rate).map(|n| voice.samples[(spoken + n) % voice.samples.len()]).collect();
        let heard = &heard.samples[start..start + (LOOK_SECS + 1) * rate];
        mouth_to_ear(&said, heard, voice.rate, Duration::from_secs(1)).expect("the other's voice")
    };
    // The first minute has the waiting room in it, the last may be short.
    (1..heard.samples.len() / rate / 60 - 1).map(|minutes| minute(minutes * 60 * rate)).collect()
}

fn shown_small(options: Options, size: &str) -> Options {
    Options { more: ["--screen-size", size].map(Into::into).to_vec(), ..options }
}
