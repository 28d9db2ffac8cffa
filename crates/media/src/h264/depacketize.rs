//! RFC 6184 payloads to H.264 with start codes.
