//! Calls that last.

use std::time::Duration;

use crate::clinic::{Clinic, exit_of};

const CALL_SECS: u32 = 180;

#[test]
fn long_a_call_of_three_minutes_keeps_its_rate_and_its_memory() {
    let clinic = Clinic::open();
    let small = |options: xtask::house::Options| {
        // Three minutes of pictures on a disk would be 2 GB: the size is not what this test is about.
        let more = ["--screen-size", "160x90"].map(Into::into).to_vec();
        xtask::house::Options { more, ..options }
    };
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
