//! The task that drains a track of the library: its queue is short and drops.

use std::sync::Arc;
use std::time::Instant;

use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use tokio::sync::mpsc;
use units::Clock;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};

use crate::ReceivedPacket;
use crate::shared::Shared;

/// Where received packets go: the sending ends of [`crate::PeerStreams`].
#[derive(Clone)]
pub(crate) struct ReceivedSenders {
    pub(crate) voice: mpsc::Sender<ReceivedPacket>,
    pub(crate) picture: mpsc::Sender<ReceivedPacket>,
}

/// Hands on what comes until the track ends.
pub(crate) async fn receive_track(
    track: Arc<dyn TrackRemote>,
    shared: Arc<Shared>,
    clock: Clock,
    senders: ReceivedSenders,
) {
    let (sender, is_voice) = match track.kind().await {
        RtpCodecKind::Audio => (senders.voice, true),
        RtpCodecKind::Video => (senders.picture, false),
        _ => return,
    };
    while let Some(event) = track.poll().await {
        let TrackRemoteEvent::OnRtpPacket(packet) = event else { continue };
        // The bridge drops while the gate is closed; a packet that was in the queue when it closed falls here.
        let Some(flows) = shared.flows().filter(|_| shared.is_open()) else { continue };
        let format = flows.voice_format(packet.header.payload_type).filter(|_| is_voice);
        if is_voice && format.is_none() {
            continue;
        }
        let received = ReceivedPacket {
            sequence: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload,
            format,
            arrived: clock.timestamp(Instant::now()),
        };
        // DropNewest: who does not take packets for seconds must not make the call grow without bound.
        let _ = sender.try_send(received);
    }
}
