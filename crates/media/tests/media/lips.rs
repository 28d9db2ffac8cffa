//! A flash and a click made at the same moment, through the real codec and the real playout, in a time that is arithmetic.

use std::time::Duration;

use media::lip_sync::{LipSync, SenderClock};
use media::voice::{Encoder, FRAME, Receiver, VoicePacket, VoiceSettings};
use units::Timestamp;

/// When the receiver's program began, by the sender's clock.
const AGO_MS: u64 = 700_000;
const FIRST_VOICE: u32 = 4_000_000_000;
const FIRST_PICTURE: u32 = 77;

/// What is on its way, and when it is there.
struct Way<T>(Vec<(u64, T)>);

impl<T> Way<T> {
    fn arrived(&mut self, now: u64) -> Vec<T> {
        let (there, rest) = std::mem::take(&mut self.0).into_iter().partition(|(at, _)| *at <= now);
        self.0 = rest;
        there.into_iter().map(|(_, what)| what).collect()
    }
}

/// How much later each flash is seen than its click is heard, in milliseconds, after the first five seconds.
///
/// `voice` and `picture` say how long what is sent at a millisecond is on its way.
fn offsets(secs: u64, voice: impl Fn(u64) -> u64, picture: impl Fn(u64) -> u64) -> Vec<i64> {
    let mut encoder = Encoder::new(VoiceSettings::default()).expect("the encoder starts");
    let mut receiver = Receiver::new().expect("the decoder starts");
    let mut sync = LipSync::new();
    let (mut voice_way, mut picture_way) = (Way(Vec::new()), Way(Vec::new()));
    let (mut clicks, mut flashes) = (Vec::new(), Vec::new());
    let mut sequence = 0;
    for ms in 0..secs * 1_000 {
        let now = Timestamp::from_millis(ms + 5_000);
        if ms % 10 == 9 {
            // The ten milliseconds that end now; the first of each second click.
            let mut frame = [0.0; FRAME];
            if (ms / 10) % 100 == 0 {
                let tone = |n: usize| 0.8 * (std::f32::consts::TAU * 1_000.0 * n as f32 / 48_000.0).sin();
                frame.iter_mut().enumerate().for_each(|(n, sample)| *sample = tone(n));
            }
            if let Some(encoded) = encoder.push(&frame) {
                let packet = VoicePacket {
                    sequence,
                    timestamp: FIRST_VOICE.wrapping_add(encoded.timestamp),
                    payload: encoded.payload,
                    redundant: encoded.redundant,
                };
                sequence = sequence.wrapping_add(1);
                voice_way.0.push((ms + voice(ms), packet));
            }
        }
        if [0, 33, 67].contains(&(ms % 100)) {
            picture_way.0.push((ms + picture(ms), ms));
        }
        if ms % 1_000 == 500 {
            let ntp = (AGO_MS + ms) * ((1 << 32) / 1_000);
            sync.set_voice_clock(SenderClock { rtp: FIRST_VOICE.wrapping_add(ms as u32 * 48), ntp });
            sync.set_picture_clock(SenderClock { rtp: FIRST_PICTURE + ms as u32 * 90, ntp });
        }
        for packet in voice_way.arrived(ms) {
            receiver.push(now, packet);
        }
        for taken in picture_way.arrived(ms) {
            let shown = sync.on_picture(now, FIRST_PICTURE + taken as u32 * 90);
            if taken % 1_000 == 0 && taken >= 5_000 {
                flashes.push(shown.as_micros() as i64 / 1_000);
            }
        }
        if ms % 10 == 0 {
            let mut frame = [0.0; FRAME];
            receiver.pull(now, &mut frame);
            if let Some(place) = frame.iter().position(|sample| sample.abs() > 0.2) {
                let heard = now.as_millis() as i64 + place as i64 / 48;
                if clicks.last().is_none_or(|last| heard - last > 300) {
                    clicks.push(heard);
                }
            }
            if let Some((next, delay)) = receiver.next_timestamp().zip(receiver.playout_delay()) {
                sync.on_voice(now + Duration::from_millis(10), next, delay);
                receiver.set_least_delay(sync.least_voice_delay());
            }
        }
    }
    let nearest = |flash: &i64| clicks.iter().map(|click| flash - click).min_by_key(|offset| offset.abs());
    flashes.iter().filter_map(nearest).collect()
}

/// From 0 to `most`, without a pattern.
fn jitter(ms: u64, most: u64) -> u64 {
    ms.wrapping_mul(2_654_435_761) % 1_000 * most / 1_000
}

#[track_caller]
fn together(offsets: &[i64]) {
    assert!(offsets.len() >= 20, "{offsets:?}");
    let apart = offsets.iter().filter(|offset| offset.abs() > 45).count();
    assert!(apart * 20 <= offsets.len(), "{offsets:?}");
}

#[test]
fn a_flash_is_seen_with_its_click_where_the_voice_waits_for_its_own_jitter() {
    together(&offsets(30, |ms| 40 + jitter(ms, 160), |_| 60));
}

#[test]
fn a_flash_is_seen_with_its_click_where_the_picture_is_late() {
    for late in [90, 120, 140] {
        together(&offsets(30, |_| 40, |ms| late + jitter(ms, 12)));
    }
}

#[test]
fn a_flash_is_seen_with_its_click_where_both_take_the_same_way() {
    together(&offsets(30, |_| 40, |ms| 55 + jitter(ms, 20)));
}
