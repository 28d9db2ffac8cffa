//! Both ends of a picture of real packets.

use congestion::Class;
use units::Timestamp;

use super::{Answer, OVERHEAD, Path, REQUEST_BYTES, Waiting, What};
use crate::picture::Piece;

impl Path {
    /// Cuts what the pacer has room for into packets.
    pub(super) fn release(&mut self) {
        let now = self.now;
        let Some((source, _)) = &mut self.picture else { return };
        while let Some(coded) = source.frames.next(now, self.pacer.backlog()) {
            for piece in source.packets(now, &coded) {
                let bytes = piece.bytes() + OVERHEAD;
                self.pacer.push(now, Class::Picture, bytes, Waiting { what: What::Piece(piece), pushed: now });
            }
        }
        source.key_wanted |= source.frames.take_dropped().reference_lost;
    }

    /// What the receiver of the picture shows and asks for.
    pub(super) fn watch(&mut self) {
        let now = self.now;
        let Some((_, sink)) = &mut self.picture else { return };
        let wants_key_frame = sink.show(now);
        let missing = sink.nack.poll(now);
        if wants_key_frame {
            self.answer(REQUEST_BYTES, Answer::KeyFrame);
        }
        if !missing.is_empty() {
            self.answer(REQUEST_BYTES + missing.len(), Answer::Missing(missing));
        }
    }

    pub(super) fn take_answer(&mut self, at: Timestamp, answer: Answer) {
        match (answer, &mut self.picture) {
            (Answer::Report(feedback), _) => self.take_feedback(at, &feedback),
            (Answer::MissingOfSlide(missing), _) => {
                for (packet, bytes) in self.slideshow.repeat(at, &missing) {
                    let item = Waiting { what: What::Slide(packet), pushed: at };
                    self.pacer.push(at, Class::Retransmission, bytes, item);
                }
            }
            (Answer::KeyFrame, Some((source, _))) => source.key_wanted = true,
            (Answer::Missing(sequences), Some((source, _))) => {
                for sequence in sequences {
                    if let Some(packet) = source.history.get(at, sequence).cloned() {
                        let piece = Piece::Again(packet);
                        let bytes = piece.bytes() + OVERHEAD;
                        let item = Waiting { what: What::Piece(piece), pushed: at };
                        self.pacer.push(at, Class::Retransmission, bytes, item);
                    }
                }
            }
            (Answer::Voice | Answer::KeyFrame | Answer::Missing(_), _) => {}
        }
    }
}
