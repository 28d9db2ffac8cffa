//! The WebRTC peer connection: one other person, one encrypted path, voice, picture and a control channel.
//!
//! [`Peer`] wraps the `webrtc` library and gives away as little of it as possible. Five things are ours:
//!
//! - **What is negotiated.** Session descriptions never travel. The two sides exchange typed
//!   [`trust::ConnectionParameters`]; the SDP that the library wants is written here from those values, and
//!   the only SDP ever parsed is the library's own. So an SDP attack has nothing to attack.
//! - **What leaves when.** The library's retransmission, pacing and bandwidth estimation collapse on a weak link. One
//!   interceptor (`bridge`) replaces them and asks the pure crate `congestion` for every decision.
//! - **Who is heard.** The media gate lets not one RTP packet through, in either direction, until it is opened; the
//!   control channel works before that.
//! - **Which ways there are to a relay.** The library speaks to relays by UDP alone; `relay` carries what it says by TCP, TLS
//!   and proxies as well.
//! - **That it comes up at all.** On a lossy link the library's handshakes can wait for each other for ever; `repeater`
//!   sends the last datagrams again, and `control_repeater` the words on the control channel, which would wait for seconds.
//!
//! **Invariant:** nothing above this crate can name a type of `webrtc` or `rtc`.
//!
//! ```text
//! send_voice ──────────────▸ RTP ─┐
//! send_bulk ─────────────────▸ RTP ┤
//! send_picture ▸ FrameQueue ▸ RTP ┴▸ gate ▸ pacer ▸ transport-wide number ▸ SRTP ▸ UDP
//! PeerStreams ◂ RTP ◂ gate ◂ NACK, feedback ◂ SRTP ◂ UDP
//! ```

mod bridge;
mod bulk;
mod candidate;
mod certificate;
mod check_pacer;
mod config;
mod connection;
mod control;
mod control_repeater;
mod dtls_record;
mod engine;
mod error;
mod event;
mod handler;
mod packet;
mod peer;
mod receiver;
mod relay;
mod repeater;
mod repeating_runtime;
mod sender;
mod sender_clock;
mod sent_frames;
mod session_description;
mod shared;
mod stats;
mod supervisor;

pub use bulk::{BulkFate, BulkOut, BulkStreams, Fate};
pub use certificate::Certificate;
pub use config::{IceServer, PeerConfig};
pub use error::PeerError;
pub use event::PeerEvent;
pub use packet::{PeerStreams, PictureOut, ReceivedPacket, VoiceFormat, VoiceFormats, VoiceOut};
pub use peer::Peer;
pub use relay::{Dialing, RelayDialer, RelayProtocol, RelayStream};
pub use sender_clock::{MediaKind, SenderClock};
pub use stats::{Path, PeerStats};
