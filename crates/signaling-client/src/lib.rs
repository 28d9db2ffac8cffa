//! The small HTTPS client: requests, event stream, reconnect. Carries bytes.
