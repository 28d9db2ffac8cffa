//! What one direction of a voice costs, in CPU time.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use media::voice::{Encoder, FRAME, Receiver, VoicePacket, VoiceSettings};
use serde_json::{Value, json};
use units::{DataRate, Timestamp, VoiceRedundancy};

use crate::cpu;

/// The share of one core that sending and hearing takes, of each of two usual ways to code and one loss in ten.
pub(super) fn measure(said: &[f32]) -> Result<Value> {
    let room = VoiceSettings::default();
    let red = VoiceRedundancy::Red { copies: 1, distance: 1 };
    let thin = VoiceSettings { rate: DataRate::from_bps(23_400), packet_ms: 60, redundancy: red, expected_loss: 0.1 };
    [("20 ms, 40 kbps", room), ("60 ms, RED, 32 kbps on the wire", thin)]
        .into_iter()
        .map(|(name, settings)| of(name, settings, said))
        .collect()
}

fn of(name: &str, settings: VoiceSettings, said: &[f32]) -> Result<Value> {
    let mut encoder = Encoder::new(settings)?;
    let before = cpu_time();
    let coded: Vec<_> = said.as_chunks::<FRAME>().0.iter().map(|frame| encoder.push(frame)).collect();
    let encoding = cpu_time().saturating_sub(before);
    let mut receiver = Receiver::new()?;
    let mut out = [0.0; FRAME];
    let before = cpu_time();
    let mut sequence = 0_u16;
    for (index, voice) in coded.into_iter().enumerate() {
        let now = Timestamp::from_millis(index as u64 * 10);
        if let Some(voice) = voice {
            sequence += 1;
            if !sequence.is_multiple_of(10) {
                let (timestamp, payload, redundant) = (voice.timestamp, voice.payload, voice.redundant);
                receiver.push(now, VoicePacket { sequence, timestamp, payload, redundant });
            }
        }
        receiver.pull(now, &mut out);
    }
    let hearing = cpu_time().saturating_sub(before);
    let spoken = said.len() as f64 / 48_000.0;
    let percent = |took: Duration| took.as_secs_f64() / spoken * 100.0;
    Ok(json!({ "name": name, "encode_percent": percent(encoding), "decode_percent": percent(hearing) }))
}

/// CPU time of this thread where the system tells it; else the time that went by, which is no less.
fn cpu_time() -> Duration {
    cpu::used(Path::new("/proc/thread-self")).unwrap_or_else(since_the_first)
}

fn since_the_first() -> Duration {
    thread_local!(static FIRST: Instant = Instant::now());
    FIRST.with(Instant::elapsed)
}
