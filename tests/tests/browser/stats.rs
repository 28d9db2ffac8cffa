//! Chromium's own statistics of the call (<https://www.w3.org/TR/webrtc-stats/>).

use serde_json::Value;

/// What `getStats` gave.
#[derive(Debug, Clone)]
pub(crate) struct Stats(Vec<Value>);

impl Stats {
    pub(crate) fn new(value: Value) -> Self {
        match value {
            Value::Array(entries) => Self(entries),
            other => panic!("statistics are a list, not {other}"),
        }
    }

    /// A number of the one entry of this type and this kind of media; zero while there is none.
    pub(crate) fn number(&self, typ: &str, kind: &str, key: &str) -> f64 {
        self.entry(typ, kind).map_or(0.0, |entry| entry[key].as_f64().unwrap_or(0.0))
    }

    /// A text of it; empty while there is none.
    pub(crate) fn text(&self, typ: &str, kind: &str, key: &str) -> String {
        self.entry(typ, kind).and_then(|entry| entry[key].as_str()).unwrap_or_default().to_owned()
    }

    /// What the codec in use is called, and how it is set up.
    pub(crate) fn codec(&self, typ: &str, kind: &str) -> (String, String) {
        let id = self.text(typ, kind, "codecId");
        let codec = self.0.iter().find(|entry| entry["id"] == *id);
        let text = |key| codec.and_then(|codec| codec[key].as_str()).unwrap_or_default().to_owned();
        (text("mimeType"), text("sdpFmtpLine"))
    }

    /// A text of the transport that all share.
    pub(crate) fn transport(&self, key: &str) -> String {
        self.the_transport().and_then(|entry| entry[key].as_str()).unwrap_or_default().to_owned()
    }

    /// The cipher of the media, as RFC 7714 calls it: newer Chromiums put `SRTP_` before it.
    pub(crate) fn srtp_cipher(&self) -> String {
        let name = self.transport("srtpCipher");
        name.strip_prefix("SRTP_").unwrap_or(&name).to_owned()
    }

    /// A number of the transport that all share.
    pub(crate) fn transport_number(&self, key: &str) -> f64 {
        self.the_transport().and_then(|entry| entry[key].as_f64()).unwrap_or(0.0)
    }

    /// A number of the path in use.
    pub(crate) fn path(&self, key: &str) -> f64 {
        let selected = self.transport("selectedCandidatePairId");
        self.0.iter().find(|entry| entry["id"] == *selected).map_or(0.0, |pair| pair[key].as_f64().unwrap_or(0.0))
    }

    fn the_transport(&self) -> Option<&Value> {
        self.0.iter().find(|entry| entry["type"] == "transport")
    }

    fn entry(&self, typ: &str, kind: &str) -> Option<&Value> {
        self.0.iter().find(|entry| entry["type"] == typ && entry["kind"] == kind)
    }
}
