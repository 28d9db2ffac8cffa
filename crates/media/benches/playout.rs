//! What playout costs beside the bare decoding of what came: ten seconds of voice over links of four kinds.

#[allow(dead_code)]
#[path = "../tests/media/signals.rs"]
mod signals;

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use media::voice::{Decoder, Encoder, FRAME, OpusDecoder, Receiver, VoicePacket, VoiceSettings};
use signals::{Random, babble};
use units::{DataRate, Timestamp, VoiceRedundancy};

const SECONDS: usize = 10;

/// Packets by their arrival in microseconds.
type Trace = Vec<(u64, VoicePacket)>;

/// Voice as it arrives over a link that delays each packet by so many microseconds, or loses it.
fn trace(settings: VoiceSettings, mut link: impl FnMut(u64) -> Option<u64>) -> Trace {
    let mut encoder = Encoder::new(settings).expect("an encoder");
    let mut trace = Trace::new();
    let mut sequence = 0_u16;
    for (index, frame) in babble(SECONDS).chunks_exact(FRAME).enumerate() {
        let now = (index as u64 + 1) * 10_000;
        let Some(voice) = encoder.push(frame.try_into().expect("480 samples")) else { continue };
        sequence += 1;
        if let Some(delay) = link(now) {
            let (timestamp, payload, redundant) = (voice.timestamp, voice.payload, voice.redundant);
            trace.push((now + delay, VoicePacket { sequence, timestamp, payload, redundant }));
        }
    }
    trace.sort_by_key(|&(at, _)| at);
    trace
}

fn decode(trace: &Trace) -> f32 {
    let mut decoder = OpusDecoder::new().expect("a decoder");
    let mut out = Vec::new();
    let mut sum = 0.0;
    for (_, packet) in trace {
        out.clear();
        decoder.decode(&packet.payload, &mut out).expect("a packet");
        sum += out.first().copied().unwrap_or_default();
    }
    sum
}

fn play(trace: &Trace) -> f32 {
    let mut receiver = Receiver::new().expect("a receiver");
    let mut packets = trace.iter().peekable();
    let (mut out, mut sum) = ([0.0; FRAME], 0.0);
    for tick in 0..SECONDS as u64 * 100 {
        while let Some((at, packet)) = packets.next_if(|(at, _)| *at <= tick * 10_000) {
            receiver.push(Timestamp::from_micros(*at), packet.clone());
        }
        receiver.pull(Timestamp::from_micros(tick * 10_000), &mut out);
        sum += out[0];
    }
    sum
}

fn compare(group: &mut BenchmarkGroup<'_, WallTime>, link: &str, trace: &Trace) {
    group.throughput(Throughput::Elements(SECONDS as u64 * 100));
    group.bench_function(format!("{link}/decode"), |bench| bench.iter(|| decode(black_box(trace))));
    group.bench_function(format!("{link}/play"), |bench| bench.iter(|| play(black_box(trace))));
}

fn playout(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("playout");
    group.sample_size(20).measurement_time(Duration::from_secs(8)).warm_up_time(Duration::from_secs(1));
    let exponential = |random: &mut Random, mean: f32| (-mean * (1.0 - random.share()).max(1e-6).ln()) as u64;

    let plain = VoiceSettings::default();
    compare(&mut group, "clean", &trace(plain, |_| Some(30_000)));

    let mut random = Random(5);
    compare(&mut group, "jitter", &trace(plain, |_| Some(30_000 + exponential(&mut random, 15_000.0))));

    let red = VoiceRedundancy::Red { copies: 1, distance: 1 };
    let weak = VoiceSettings { rate: DataRate::from_kbps(24), packet_ms: 60, redundancy: red, expected_loss: 0.1 };
    let mut random = Random(6);
    let lossy = |random: &mut Random| {
        let delay = 30_000 + exponential(random, 15_000.0);
        (random.share() > 0.1).then_some(delay)
    };
    compare(&mut group, "jitter, loss, RED", &trace(weak, |_| lossy(&mut random)));

    let outlines = VoiceSettings { redundancy: VoiceRedundancy::Dred { duration_ms: 200 }, ..weak };
    let mut random = Random(6);
    compare(&mut group, "jitter, loss, DRED", &trace(outlines, |_| lossy(&mut random)));

    // Every two seconds nothing comes for 300 ms, and then all at once: stretched and shrunk all the time.
    let spikes = |now: u64| Some(30_000 + 300_000_u64.saturating_sub(now % 2_000_000));
    compare(&mut group, "spikes", &trace(plain, spikes));
    group.finish();
}

criterion_group!(benches, playout);
criterion_main!(benches);
