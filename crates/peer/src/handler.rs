//! The library's callbacks, forwarded.
//!
//! They are awaited on the task that also drives ICE, DTLS and SRTP, so nothing may wait or decide here.

use std::sync::Arc;

use tokio::sync::mpsc;
use webrtc::data_channel::DataChannel;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{
    PeerConnectionEventHandler, RTCIceCandidate, RTCIceConnectionState, RTCIceGatheringState,
    RTCPeerConnectionIceEvent, RTCPeerConnectionState,
};

/// What the library said.
pub(crate) enum LibraryEvent {
    Candidate(Box<RTCIceCandidate>),
    Gathered,
    Ice(RTCIceConnectionState),
    Connection(RTCPeerConnectionState),
    Track(Arc<dyn TrackRemote>),
    /// The other side opened a data channel. Ours is agreed on beforehand and never comes this way.
    ForeignChannel(Arc<dyn DataChannel>),
}

/// Hands everything on; when nobody takes it for a long time, it is dropped and said so.
pub(crate) struct Forward(pub(crate) mpsc::Sender<LibraryEvent>);

impl Forward {
    fn forward(&self, event: LibraryEvent) {
        if self.0.try_send(event).is_err() {
            tracing::warn!("an event of the peer connection was dropped: nobody takes them");
        }
    }
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Forward {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        self.forward(LibraryEvent::Candidate(Box::new(event.candidate)));
    }

    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.forward(LibraryEvent::Gathered);
        }
    }

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        self.forward(LibraryEvent::Ice(state));
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.forward(LibraryEvent::Connection(state));
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        self.forward(LibraryEvent::ForeignChannel(channel));
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        self.forward(LibraryEvent::Track(track));
    }
}
