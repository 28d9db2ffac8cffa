//! The picture's way in: packets to frames, frames to pictures, each to the screen when its voice is heard.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use devices::screen::Screen;
use media::frame_assembly::{FrameAssembler, PicturePacket, patience};
use media::h264;
use media::picture::I420;
use tokio::runtime::Handle;
use units::Timestamp;

use super::{PacketReceiver, Shared};

/// How long the thread waits for a packet before it looks at its deadlines.
const PATIENCE: Duration = Duration::from_millis(10);
/// Pictures that wait for their voice at most: what `lip_sync` may hold back at 30 a second. One more, and the first is
/// shown: the screen never lacks what memory is full of.
const MOST_HELD: usize = 20;

pub(super) fn run(shared: &Shared, screen: Box<dyn Screen>, runtime: &Handle) {
    let mut receiver = PictureReceiver {
        screen,
        assembler: FrameAssembler::new(),
        decoder: None,
        held: VecDeque::new(),
        packets: None,
        generation: 0,
    };
    while !shared.stopping() {
        receiver.turn(shared, runtime);
    }
    shared.complain(receiver.screen.finish().err());
}

struct PictureReceiver {
    screen: Box<dyn Screen>,
    assembler: FrameAssembler,
    decoder: Option<h264::Decoder>,
    /// Decoded, in order, and not due yet.
    held: VecDeque<Held>,
    packets: Option<PacketReceiver>,
    generation: u64,
}

/// A picture that waits for its voice.
struct Held {
    due: Timestamp,
    rtp: u32,
    picture: Arc<I420>,
}

impl PictureReceiver {
    fn turn(&mut self, shared: &Shared, runtime: &Handle) {
        if let Some(packets) = shared.routes.new_picture(&mut self.generation) {
            self.packets = packets;
            // The next picture may be another person's: nobody is shown in the place of another.
            shared.pictures.put_other(None);
            self.assembler = FrameAssembler::new();
            self.decoder = None;
            self.held.clear();
        }
        let patience = self.held.front().map_or(PATIENCE, |held| held.due.since(shared.now()).min(PATIENCE));
        let Some(packets) = &mut self.packets else {
            std::thread::sleep(PATIENCE);
            return;
        };
        // The runtime's timer must exist when the time-out is made, hence the block.
        match runtime.block_on(async { tokio::time::timeout(patience, packets.recv()).await }) {
            Ok(Some(packet)) => self.assembler.push(packet.arrived, assembled(packet)),
            Ok(None) => self.packets = None,
            Err(_nothing_came) => {}
        }
        while let Some(packet) = self.packets.as_mut().and_then(|packets| packets.try_recv().ok()) {
            self.assembler.push(packet.arrived, assembled(packet));
        }
        self.decode(shared);
        self.show(shared);
    }

    fn decode(&mut self, shared: &Shared) {
        if let Some(deadline) = shared.meters.picture_deadline() {
            self.assembler.set_deadline(deadline);
        }
        if let Some(round_trip) = shared.routes.current().and_then(|route| route.peer.stats().round_trip) {
            self.assembler.set_patience(patience(round_trip));
        }
        while let Some(frame) = self.assembler.next(shared.now()) {
            let decoder = match &mut self.decoder {
                Some(decoder) => decoder,
                None => match h264::Decoder::new() {
                    Ok(decoder) => self.decoder.insert(decoder),
                    Err(error) => {
                        tracing::error!(%error, "the picture decoder did not start");
                        return;
                    }
                },
            };
            match decoder.decode(&frame.annexb) {
                Ok(Some(picture)) => {
                    let (route, rtp) = (shared.routes.current(), frame.timestamp);
                    let due = shared.lips.ready(shared.now(), rtp, route.as_ref().map(|route| &*route.peer));
                    self.held.push_back(Held { due, rtp, picture: Arc::new(picture) });
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(%error, "a frame could not be decoded");
                    self.assembler.decoder_failed(shared.now());
                }
            }
        }
        if self.assembler.wants_key_frame(shared.now())
            && let Some(route) = shared.routes.current()
        {
            route.peer.request_key_frame();
        }
    }

    /// Shows what is due, in order.
    fn show(&mut self, shared: &Shared) {
        loop {
            let now = shared.now();
            let full = self.held.len() > MOST_HELD;
            let Some(Held { rtp, picture, .. }) = self.held.pop_front_if(|held| full || held.due <= now) else {
                return;
            };
            self.screen.show(&picture, now);
            shared.complain(self.screen.take_problem());
            shared.meters.on_shown(now, rtp, picture.size());
            if let Some(offset) = shared.lips.offset(now, rtp) {
                shared.meters.on_lips(offset);
            }
            shared.pictures.put_other(Some(picture));
        }
    }
}

fn assembled(packet: peer::ReceivedPacket) -> PicturePacket {
    PicturePacket {
        sequence: packet.sequence,
        timestamp: packet.timestamp,
        marker: packet.marker,
        payload: packet.payload.to_vec(),
    }
}
