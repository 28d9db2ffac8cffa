//! A file beside a call: what it gets, and what the voice and the picture notice of it.

use call::PicturePlan;
use testkit::link::{LinkConfig, Loss};

use crate::SEEDS;
use crate::path::{Media, Path};

/// The 95th of a hundred of the voice's delays, with a file and without, from the tenth second of it on.
fn late_voice(link: LinkConfig, seed: u64) -> (Path, u64, u64) {
    let with = Path::new(link, Media::all(), seed).file_from(10).run(50);
    let without = Path::new(link, Media::all(), seed).run(50);
    let (_, _, beside) = with.voice_delays(20.0, 50.0);
    let (_, _, alone) = without.voice_delays(20.0, 50.0);
    (with, beside, alone)
}

#[test]
fn of_twenty_megabits_a_file_gets_two_fifths_beside_a_call() {
    for seed in SEEDS {
        let (path, beside, alone) = late_voice(LinkConfig::of(20_000, 10, 100), seed);
        let files = path.mean(20.0, 50.0, |at| at.files);
        assert!(files >= 8_000, "seed {seed}: {files} kbps");
        assert!(beside <= alone + 30, "seed {seed}: the voice took {beside} ms, else {alone}");
        assert!(matches!(path.plans().1, PicturePlan::On { fps: 24.., .. }), "seed {seed}: {:?}", path.plans().1);
    }
}

#[test]
fn of_two_megabits_a_file_gets_two_fifths_beside_a_call() {
    for seed in SEEDS {
        let (path, beside, alone) = late_voice(LinkConfig::of(2_000, 30, 200), seed);
        let files = path.mean(20.0, 50.0, |at| at.files);
        assert!(files >= 800, "seed {seed}: {files} kbps");
        assert!(beside <= alone + 30, "seed {seed}: the voice took {beside} ms, else {alone}");
        assert!(matches!(path.plans().1, PicturePlan::On { fps: 24.., .. }), "seed {seed}: {:?}", path.plans().1);
    }
}

#[test]
fn a_rural_link_carries_two_megabytes_within_minutes_and_the_voice_hardly_notices() {
    for seed in SEEDS {
        let rural = LinkConfig::of(300, 75, 500).jitter_ms(8).loss(Loss::Random(0.02));
        let (path, beside, alone) = late_voice(rural, seed);
        let files = path.mean(20.0, 50.0, |at| at.files);
        // Of 584 bytes 512 are the file's: 60 kbps are 2 MB in five minutes.
        assert!(files >= 60, "seed {seed}: {files} kbps");
        assert!(beside <= alone + 30, "seed {seed}: the voice took {beside} ms, else {alone}");
    }
}
