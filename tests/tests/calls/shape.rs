//! What a report is made of: the keys, types and nulls of `docs/headless.md`, no more and no less.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use xtask::report::Report;

/// The kind of one value.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    /// Not negative, without a fraction.
    Whole,
    /// Not negative.
    Number,
    NumberOrNull,
    Truth,
    /// With a sign.
    SignedOrNull,
    WholeOrNull,
    TextOrNull,
    /// A list of such; an object in it is looked at on its own.
    Wholes,
    WholesOrNulls,
    Objects,
    Object,
}

use Kind::{
    Number, NumberOrNull, Object, Objects, SignedOrNull, Text, TextOrNull, Truth, Whole, WholeOrNull, Wholes,
    WholesOrNulls,
};

const REPORT: [(&str, Kind); 21] = [
    ("schema", Text),
    ("started_unix_us", Whole),
    ("timeline_ms", Object),
    ("events", Objects),
    ("samples", Objects),
    ("totals", Object),
    ("microphone_started_unix_us", WholeOrNull),
    ("speaker_started_unix_us", WholeOrNull),
    ("captured_unix_us", WholesOrNulls),
    ("captured_rtp", WholesOrNulls),
    ("shown_unix_us", Wholes),
    ("shown_rtp", Wholes),
    ("lip_sync_ms", Object),
    ("handed", Object),
    ("level", TextOrNull),
    ("device", TextOrNull),
    ("name_certified", Truth),
    ("check", TextOrNull),
    ("refusal", TextOrNull),
    ("end", Text),
    ("exit", Whole),
];

const LIP_SYNC: [(&str, Kind); 2] = [("median", SignedOrNull), ("p95", NumberOrNull)];

const HANDED: [(&str, Kind); 11] = [
    ("lines_written", Whole),
    ("lines_arrived", Whole),
    ("lines_received", Whole),
    ("chat_saved_here", Truth),
    ("chat_saved_there", Truth),
    ("transfers", Objects),
    ("offers_turned_away", Whole),
    ("sent_bytes", Whole),
    ("sent_again_bytes", Whole),
    ("received_bytes", Whole),
    ("received_again_bytes", Whole),
];

const TRANSFER: [(&str, Kind); 6] = [
    ("incoming", Truth),
    ("still", Truth),
    ("bytes", Whole),
    ("offered_ms", Number),
    ("ended_ms", NumberOrNull),
    ("state", Text),
];

const TIMELINE: [(&str, Kind); 8] = [
    ("signed_in", NumberOrNull),
    ("joined", NumberOrNull),
    ("admitted", NumberOrNull),
    ("negotiated", NumberOrNull),
    ("ice_connected", NumberOrNull),
    ("dtls_connected", NumberOrNull),
    ("first_audio", NumberOrNull),
    ("first_video", NumberOrNull),
];

const EVENT: [(&str, Kind); 2] = [("t", Number), ("event", Text)];

const SAMPLE: [(&str, Kind); 22] = [
    ("t", Number),
    ("phase", Text),
    ("rtt_ms", NumberOrNull),
    ("target_kbps", Number),
    ("sent_kbps", Number),
    ("feedback_kbps", Number),
    ("received_kbps", Number),
    ("lost_ratio", Number),
    ("voice_lost_ratio", Number),
    ("loss_follows_loss", Number),
    ("retransmitted", Whole),
    ("fps_sent", Number),
    ("fps_shown", Number),
    ("width", Whole),
    ("height", Whole),
    ("frozen_ms", Number),
    ("audio_buffer_ms", Number),
    ("concealed_ratio", Number),
    ("path", TextOrNull),
    ("way", TextOrNull),
    ("cpu_s", Number),
    ("rss_mb", Number),
];

const TOTALS: [(&str, Kind); 6] = [
    ("frames_sent", Whole),
    ("frames_shown", Whole),
    ("freezes", Whole),
    ("frozen_ms", Number),
    ("cpu_s", Number),
    ("peak_rss_mb", Number),
];

/// The words that `end` may be.
const ENDS: [&str; 11] = [
    "hung_up",
    "they_hung_up",
    "denied",
    "removed",
    "visit_over",
    "no_connection",
    "handshake_unfinished",
    "connection_lost",
    "refused",
    "gave_up",
    "server_unreachable",
];

/// The words that a sample's `phase` may be.
const PHASES: [&str; 6] = ["lobby", "waiting_room", "connecting", "live", "reconnecting", "ended"];

/// The words that `level`, `device` and `check` may be, if they are not null.
const ASSURANCES: [(&str, &[&str]); 3] = [
    ("level", &["link_page", "link_app", "known_device", "digits_compared"]),
    ("device", &["new", "met", "compared", "changed"]),
    ("check", &["none", "asked", "shown", "same", "lost"]),
];

/// The report holds what the contract says, of the kinds that it says, in the order of time.
#[track_caller]
pub(crate) fn holds(report: &Report) {
    let report = report.value();
    let mut wrong = Vec::new();
    look("report", report, &REPORT, &mut wrong);
    look("timeline_ms", &report["timeline_ms"], &TIMELINE, &mut wrong);
    look("totals", &report["totals"], &TOTALS, &mut wrong);
    look("lip_sync_ms", &report["lip_sync_ms"], &LIP_SYNC, &mut wrong);
    look("handed", &report["handed"], &HANDED, &mut wrong);
    for transfer in list(&report["handed"], "transfers") {
        look("handed.transfers[]", transfer, &TRANSFER, &mut wrong);
    }
    for event in list(report, "events") {
        look("events[]", event, &EVENT, &mut wrong);
    }
    for sample in list(report, "samples") {
        look("samples[]", sample, &SAMPLE, &mut wrong);
        if !PHASES.iter().any(|phase| sample["phase"] == *phase) {
            wrong.push(format!("samples[].phase is {}", sample["phase"]));
        }
    }
    for (field, words) in ASSURANCES {
        if !report[field].is_null() && !words.iter().any(|word| report[field] == *word) {
            wrong.push(format!("{field} is {}", report[field]));
        }
    }
    if !ENDS.iter().any(|end| report["end"] == *end) {
        wrong.push(format!("end is {}", report["end"]));
    }
    for (one, other) in [("captured_unix_us", "captured_rtp"), ("shown_unix_us", "shown_rtp")] {
        let lengths = (list(report, one).len(), list(report, other).len());
        if lengths.0 != lengths.1 {
            wrong.push(format!("{one} and {other} have {lengths:?} entries"));
        }
    }
    for field in ["captured_unix_us", "captured_rtp", "shown_unix_us", "shown_rtp"] {
        let known: Vec<u64> = list(report, field).iter().filter_map(Value::as_u64).collect();
        if !known.is_sorted_by(|a, b| a < b) {
            wrong.push(format!("{field} does not ascend"));
        }
    }
    for field in ["events", "samples"] {
        if !list(report, field).iter().filter_map(|entry| entry["t"].as_f64()).is_sorted() {
            wrong.push(format!("{field}[].t does not ascend"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Entries of a list of the report; none where it is none, which [`holds`] says on its own.
pub(crate) fn list<'a>(report: &'a Value, field: &str) -> &'a [Value] {
    report[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The object has these keys and no others, each of its kind.
fn look(name: &str, value: &Value, keys: &[(&str, Kind)], wrong: &mut Vec<String>) {
    let nothing = Map::new();
    let object = value.as_object().unwrap_or(&nothing);
    let found: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    let told: BTreeSet<&str> = keys.iter().map(|(key, _)| *key).collect();
    wrong.extend(told.difference(&found).map(|key| format!("{name} lacks {key}")));
    wrong.extend(found.difference(&told).map(|key| format!("{name} has {key}, which the contract does not tell")));
    for (key, kind) in keys {
        if object.get(*key).is_some_and(|value| !is(value, *kind)) {
            wrong.push(format!("{name}.{key} is not {kind:?}: {:.80}", object[*key].to_string()));
        }
    }
}

fn is(value: &Value, kind: Kind) -> bool {
    let all = |kind| value.as_array().is_some_and(|list| list.iter().all(|entry| is(entry, kind)));
    match kind {
        Truth => value.is_boolean(),
        Text => value.is_string(),
        Whole => value.is_u64(),
        Number => value.as_f64().is_some_and(|number| number >= 0.0),
        NumberOrNull => value.is_null() || is(value, Number),
        SignedOrNull => value.is_null() || value.is_f64() || value.is_i64(),
        WholeOrNull => value.is_null() || value.is_u64(),
        TextOrNull => value.is_null() || value.is_string(),
        Wholes => all(Whole),
        WholesOrNulls => all(WholeOrNull),
        Objects => all(Object),
        Object => value.is_object(),
    }
}

#[test]
fn another_key_a_missing_key_and_a_wrong_kind_are_noticed() {
    let looked = |value: Value| {
        let mut wrong = Vec::new();
        look("event", &value, &EVENT, &mut wrong);
        wrong
    };
    assert!(looked(serde_json::json!({"t": 1.5, "event": "live"})).is_empty());
    for wrong in [
        serde_json::json!({"t": 1.5}),
        serde_json::json!({"t": 1.5, "event": "live", "who": "lee"}),
        serde_json::json!({"t": null, "event": "live"}),
        serde_json::json!({"t": -1.0, "event": "live"}),
        serde_json::json!([]),
    ] {
        assert!(!looked(wrong.clone()).is_empty(), "{wrong}");
    }
}
