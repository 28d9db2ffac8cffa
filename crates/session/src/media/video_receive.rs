//! The picture's way in: packets to frames, frames to pictures, the newest to the screen.

use std::sync::Arc;
use std::time::Duration;

use devices::screen::Screen;
use media::frame_assembly::{FrameAssembler, PicturePacket};
use media::h264;
use tokio::runtime::Handle;

use super::{PacketReceiver, Shared};

/// How long the thread waits for a packet before it looks at its deadlines.
const PATIENCE: Duration = Duration::from_millis(10);

pub(super) fn run(shared: &Shared, screen: Box<dyn Screen>, runtime: &Handle) {
    let mut receiver =
        PictureReceiver { screen, assembler: FrameAssembler::new(), decoder: None, packets: None, generation: 0 };
    while !shared.stopping() {
        receiver.turn(shared, runtime);
    }
    shared.complain(receiver.screen.finish().err());
}

struct PictureReceiver {
    screen: Box<dyn Screen>,
    assembler: FrameAssembler,
    decoder: Option<h264::Decoder>,
    packets: Option<PacketReceiver>,
    generation: u64,
}

impl PictureReceiver {
    fn turn(&mut self, shared: &Shared, runtime: &Handle) {
        if let Some(packets) = shared.routes.new_picture(&mut self.generation) {
            self.packets = packets;
            // The next picture may be another person's: nobody is shown in the place of another.
            shared.pictures.put_other(None);
            self.assembler = FrameAssembler::new();
            self.decoder = None;
        }
        let Some(packets) = &mut self.packets else {
            std::thread::sleep(PATIENCE);
            return;
        };
        // The runtime's timer must exist when the time-out is made, hence the block.
        match runtime.block_on(async { tokio::time::timeout(PATIENCE, packets.recv()).await }) {
            Ok(Some(packet)) => self.assembler.push(packet.arrived, assembled(packet)),
            Ok(None) => self.packets = None,
            Err(_nothing_came) => {}
        }
        while let Some(packet) = self.packets.as_mut().and_then(|packets| packets.try_recv().ok()) {
            self.assembler.push(packet.arrived, assembled(packet));
        }
        self.show(shared);
    }

    fn show(&mut self, shared: &Shared) {
        if let Some(deadline) = shared.meters.picture_deadline() {
            self.assembler.set_deadline(deadline);
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
                    let now = shared.now();
                    self.screen.show(&picture, now);
                    shared.complain(self.screen.take_problem());
                    shared.meters.on_shown(now, frame.timestamp, picture.size());
                    shared.pictures.put_other(Some(Arc::new(picture)));
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
}

fn assembled(packet: peer::ReceivedPacket) -> PicturePacket {
    PicturePacket {
        sequence: packet.sequence,
        timestamp: packet.timestamp,
        marker: packet.marker,
        payload: packet.payload.to_vec(),
    }
}
