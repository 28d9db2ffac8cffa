//! A call with somebody else's WebRTC: our `peer`, with its codecs and real sockets, and a Chromium without a window.
//!
//! ```text
//! test ── commands, inner messages (HTTP) ──▸ page (tests/browser)
//!  │                                           │
//! peer ◂── ICE · DTLS · SRTP · SCTP, over UDP ──▸ RTCPeerConnection
//! ```
//! Chromium shows the pattern of a patient and sounds a tone out of files that the test wrote; we show the pattern of a
//! clinician and sound another tone. What arrived is asked of both: our decoders, and Chromium's own statistics.

mod caller;
mod calls;
mod chromium;
mod footage;
mod link;
mod media_in;
mod media_out;
mod page;
mod red;
mod refusals;
mod repairs;
mod seen;
mod stats;
mod visit;
