//! The WebRTC peer connection.
