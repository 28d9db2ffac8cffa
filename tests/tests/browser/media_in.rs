//! Their picture and their voice, on their way in: put together and decoded as the app does it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use media::frame_assembly::{FrameAssembler, PicturePacket};
use media::voice::red;
use media::{h264, voice};
use peer::{Peer, ReceivedPacket, VoiceFormat};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use units::Clock;

use crate::seen::Seen;

/// Decodes pictures until there are no more, and asks for a key frame where none can be decoded without.
pub(crate) async fn pictures(mut packets: mpsc::Receiver<ReceivedPacket>, peer: Peer, clock: Clock, seen: Seen) {
    let mut assembler = FrameAssembler::new();
    let mut decoder = h264::Decoder::new().expect("the decoder starts");
    loop {
        match timeout(PATIENCE, packets.recv()).await {
            Ok(Some(packet)) => assembler.push(packet.arrived, assembled(packet)),
            Ok(None) => return,
            Err(_nothing_came) => {}
        }
        let now = || clock.timestamp(Instant::now());
        while let Some(frame) = assembler.next(now()) {
            match decoder.decode(&frame.annexb) {
                Ok(Some(picture)) => seen.see(&picture, frame.key),
                Ok(None) => {}
                Err(_) => assembler.decoder_failed(now()),
            }
        }
        if assembler.wants_key_frame(now()) {
            peer.request_key_frame();
        }
    }
}

/// Decodes the voice until there is no more, ten milliseconds at a time.
pub(crate) async fn voice(mut packets: mpsc::Receiver<ReceivedPacket>, peer: Peer, clock: Clock, seen: Seen) {
    let mut receiver = voice::Receiver::new().expect("the decoder starts");
    let mut every_frame = interval(Duration::from_millis(10));
    every_frame.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut earlier = Earlier::default();
    let mut frame = [0.0; voice::FRAME];
    loop {
        every_frame.tick().await;
        loop {
            match packets.try_recv() {
                Ok(ReceivedPacket { sequence, timestamp, payload, arrived, format, .. }) => {
                    let payload = match format {
                        Some(VoiceFormat::Red) => {
                            let opus = peer.own_voice_formats().expect("both have spoken").opus;
                            earlier.compare(&seen, opus, timestamp, &payload)
                        }
                        _ => {
                            seen.came_as_opus();
                            payload.to_vec()
                        }
                    };
                    receiver.push(arrived, voice::VoicePacket { sequence, timestamp, payload, redundant: Vec::new() });
                }
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => return,
            }
        }
        receiver.pull(clock.timestamp(Instant::now()), &mut frame);
        let stats = receiver.stats();
        seen.hear(&frame, stats.played_samples, stats.concealed_samples);
    }
}

/// What voice packets held, by their timestamps, to know a true copy by.
#[derive(Default)]
struct Earlier(BTreeMap<u32, Vec<u8>>);

impl Earlier {
    /// Counts the copies in a packet and gives the packet without them.
    fn compare(&mut self, seen: &Seen, opus: u8, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let red = red::parse(opus, payload).expect("RED");
        let copies = red.redundant_blocks();
        let payload = red.primary.to_vec();
        let of = |offset: u16| self.0.get(&timestamp.wrapping_sub(offset.into()));
        let known = copies.iter().filter_map(|copy| Some(*of(copy.offset)? == copy.payload)).collect::<Vec<_>>();
        let true_copies = known.iter().filter(|is_true| **is_true).count() as u64;
        seen.came_as_red(true_copies, known.len() as u64 - true_copies);
        self.0.insert(timestamp, payload.clone());
        payload
    }
}

fn assembled(packet: ReceivedPacket) -> PicturePacket {
    let ReceivedPacket { sequence, timestamp, marker, payload, .. } = packet;
    PicturePacket { sequence, timestamp, marker, payload: payload.to_vec() }
}

/// How long to wait for a packet before looking at what is overdue.
const PATIENCE: Duration = Duration::from_millis(10);
