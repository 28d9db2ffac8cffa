//! The real sound system. Ignored unless asked for, because a machine for builds has none:
//! `cargo nextest run -p devices --run-ignored only`, with a sound server whose default microphone hears its default
//! loudspeaker (a PulseAudio null sink and its monitor).

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use devices::sound::{FRAME_SAMPLES, SAMPLE_RATE};
use devices::{MicrophoneChoice, SpeakerChoice};
use units::Clock;

#[test]
#[ignore = "needs a sound server"]
fn what_the_loudspeaker_plays_the_microphone_hears() {
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    let now = || clock.timestamp(Instant::now());
    let mut speaker = devices::speaker::open(&SpeakerChoice::Device(None)).expect("a loudspeaker");
    let mut microphone = devices::microphone::open(&MicrophoneChoice::Device(None)).expect("a microphone");

    let (mut played, mut heard) = (Vec::new(), Vec::new());
    let mut noise = 1_u32;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(6) {
        while speaker.wants(now()) {
            let frame: [f32; FRAME_SAMPLES] = std::array::from_fn(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((noise >> 8) as f32 / (1 << 23) as f32 - 1.0) * 0.3
            });
            speaker.play(&frame);
            played.extend(frame);
        }
        let mut frame = [0.0; FRAME_SAMPLES];
        while microphone.pull(now(), &mut frame) {
            heard.extend(frame);
        }
        thread::sleep(Duration::from_millis(10));
    }
    for problem in [speaker.take_problem(), microphone.take_problem()] {
        assert!(problem.is_none(), "{problem:?}");
    }

    // Both keep the time.
    for (samples, started) in [(&played, speaker.started()), (&heard, microphone.started())] {
        let expected = now().since(started.expect("a start")).as_secs_f64();
        let actual = samples.len() as f64 / f64::from(SAMPLE_RATE);
        assert!((actual - expected).abs() < 0.2, "{actual} s in {expected} s");
    }
    // A stretch of what was heard is found in what was played.
    let stretch = &heard[3 * SAMPLE_RATE as usize..][..9_600];
    let likeness = |from: usize| {
        let other = &played[from..from + stretch.len()];
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(stretch, other) / (dot(stretch, stretch) * dot(other, other)).sqrt().max(1e-9)
    };
    let (best, lag) = (2 * SAMPLE_RATE as usize..4 * SAMPLE_RATE as usize)
        .map(|from| (likeness(from), from))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .expect("lags");
    assert!(best > 0.99, "correlation {best} at {lag}");
}
