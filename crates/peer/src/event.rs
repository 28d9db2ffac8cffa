//! What a peer connection tells its owner.

use std::time::Duration;

use trust::{Candidate, DtlsFingerprint};
use units::DataRate;

use crate::PeerError;

/// Something that happened on a [`crate::Peer`].
#[derive(Debug, Clone, PartialEq)]
pub enum PeerEvent {
    /// A local candidate for the other side. It may come before the call that made the parameters has returned:
    /// send the parameters first.
    Candidate(Candidate),
    /// No more local candidates come, until the next ICE restart.
    CandidatesEnded,
    /// A path was found, for the first time or again.
    IceConnected,
    /// The handshake is done; `remote_fingerprint` is the SHA-256 of the certificate the other side showed, and equals
    /// the one in its parameters.
    DtlsConnected {
        /// Of the certificate that was shown in the handshake.
        remote_fingerprint: DtlsFingerprint,
    },
    /// Nothing was heard on the path for about three seconds. It may come back by itself.
    Disconnected,
    /// No path was found in time, or it is gone for good, or no handshake came about on it: another connection may.
    Failed,
    /// The control channel can carry messages. Again, when it shows that the other side may have missed what was said first.
    ControlOpened,
    /// A message of the other side on the control channel.
    Control(Vec<u8>),
    /// The other side closed, or its program ended in order.
    ControlClosed,
    /// The other side cannot decode, or a frame that others refer to was dropped here: encode a key frame next.
    KeyFrameWanted,
    /// How much may be sent. At most five a second; only the latest counts.
    Estimate {
        /// All that may be sent, voice and packet headers included.
        target: DataRate,
        /// Share of packets lost on the way there, 0 to 1.
        loss: f32,
        /// Share of voice packets lost on the way there, 0 to 1.
        voice_loss: f32,
        /// How likely the voice packet after a lost one is lost as well, 0 to 1: `voice_loss` itself where losses are
        /// independent, more where they come in bursts.
        loss_follows_loss: f32,
        /// There and back, where it is known.
        round_trip: Option<Duration>,
    },
    /// The connection must not be used, for this reason.
    Refused(PeerError),
}
