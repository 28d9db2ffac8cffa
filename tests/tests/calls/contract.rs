//! The report of a call that went well, and of one that was none: what it says is of the right kind and is true.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use xtask::house::Options;
use xtask::report::Report;

use crate::clinic::{Clinic, exit_of};
use crate::program::{NEVER_LIVE, WHOLE};
use crate::shape::{self, list};

const CALL_SECS: u32 = 7;
const CALL: Duration = Duration::from_secs(CALL_SECS as u64);

/// The kinds of candidate that a path may be made of (RFC 8839 section 5.1).
const CANDIDATES: [&str; 4] = ["host", "srflx", "prflx", "relay"];

fn now_unix_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros() as u64
}

#[test]
fn both_reports_of_a_call_are_as_the_contract_says() {
    let begun = now_unix_us();
    let clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(CALL_SECS + 10));
    let mut guest = clinic.join(&clinic.patients(CALL_SECS));
    let exits = [exit_of(&mut guest, CALL), exit_of(&mut host, CALL)];
    assert_eq!(exits, [WHOLE, WHOLE], "{}{}", guest.process.stderr(), host.process.stderr());
    let (host, guest) = (host.report().unwrap(), guest.report().unwrap());
    for (report, end) in [(&host, "they_hung_up"), (&guest, "hung_up")] {
        shape::holds(report);
        ends(report, end, WHOLE);
        times_lie_within(report, begun, now_unix_us());
        pictures_add_up(report);
        lips_are_with_their_voice(report);
        live_seconds_are_sane(report);
    }
    assert!(host.number("/timeline_ms/signed_in").is_some());
    assert!(guest.number("/timeline_ms/signed_in").is_none(), "a patient signs in nowhere");
    pictures_are_the_others(&host, &guest);
    pictures_are_the_others(&guest, &host);
    as_much_arrives_as_is_sent(&host, &guest);
    as_much_arrives_as_is_sent(&guest, &host);
}

#[test]
fn the_report_of_a_visit_to_which_nobody_came_has_the_same_fields() {
    let clinic = Clinic::open();
    let nothing = Options { camera: "none".into(), microphone: "none".into(), give_up_secs: 3, ..Options::default() };
    let mut host = clinic.host(&nothing);
    assert_eq!(exit_of(&mut host, CALL), NEVER_LIVE, "{}", host.process.stderr());
    let report = host.report().unwrap();
    shape::holds(&report);
    ends(&report, "gave_up", NEVER_LIVE);
    for step in ["admitted", "negotiated", "ice_connected", "dtls_connected", "first_audio", "first_video"] {
        assert!(report.value()["timeline_ms"][step].is_null(), "{step} without anybody");
    }
    assert!(report.value()["microphone_started_unix_us"].is_null(), "there is no microphone");
    assert_eq!((list(report.value(), "captured_rtp").len(), list(report.value(), "shown_rtp").len()), (0, 0));
    for sample in report.samples() {
        assert!(sample["rtt_ms"].is_null() && sample["path"].is_null(), "a path to nobody: {sample}");
    }
}

/// The report says how it ended, and its events say the same: who gives up hangs up.
fn ends(report: &Report, end: &str, exit: i32) {
    assert_eq!(report.value()["end"], end);
    assert_eq!(report.value()["exit"], exit);
    let events = report.events().into_iter().map(|(_, event)| event);
    let ended: Vec<String> = events.filter(|event| event.starts_with("ended:")).collect();
    assert_eq!(ended, [format!("ended:{}", if end == "gave_up" { "hung_up" } else { end })]);
}

/// Every time is one of this call.
fn times_lie_within(report: &Report, begun: u64, over: u64) {
    let value = report.value();
    let within = |what: &str, at: u64| assert!((begun..=over).contains(&at), "{what}: {at} not in {begun}..{over}");
    let started = value["started_unix_us"].as_u64().unwrap();
    within("started", started);
    for field in ["microphone_started_unix_us", "speaker_started_unix_us"] {
        within(field, value[field].as_u64().unwrap_or_else(|| panic!("no {field}")));
    }
    for field in ["captured_unix_us", "shown_unix_us"] {
        list(value, field).iter().filter_map(Value::as_u64).for_each(|at| within(field, at));
    }
    for step in value["timeline_ms"].as_object().unwrap().values().filter_map(Value::as_f64) {
        within("a step", started + (step * 1e3) as u64);
    }
    for field in ["events", "samples"] {
        let times = list(value, field).iter().filter_map(|entry| entry["t"].as_f64());
        times.for_each(|t| within(field, started + (t * 1e6) as u64));
    }
}

/// The lists of pictures and the sums say the same.
fn pictures_add_up(report: &Report) {
    let value = report.value();
    let sent = list(value, "captured_rtp").iter().filter(|rtp| !rtp.is_null()).count();
    assert_eq!(value["totals"]["frames_sent"], sent, "frames_sent");
    assert_eq!(value["totals"]["frames_shown"], list(value, "shown_rtp").len(), "frames_shown");
    let pairs = list(value, "captured_unix_us").iter().zip(list(value, "captured_rtp"));
    let unseen = pairs.filter(|(at, rtp)| at.is_null() && !rtp.is_null()).count();
    assert_eq!(unseen, 0, "pictures that were sent and never captured");
    let first = list(value, "shown_unix_us")[0].as_u64().unwrap() as f64 / 1e3;
    let said = report.unix_ms("first_video").unwrap();
    assert!((first - said).abs() < 1.0, "the first picture at {first} or at {said}");
}

/// Lips and voice are measured, and together: half of the pictures within what is seen.
fn lips_are_with_their_voice(report: &Report) {
    let lips = &report.value()["lip_sync_ms"];
    let number = |field: &str| lips[field].as_f64().unwrap_or_else(|| panic!("{field} in {lips}"));
    assert!(number("median").abs() <= 45.0, "{lips}");
    // A busy machine shows single pictures late.
    assert!(number("p95") <= 400.0, "{lips}");
}

/// Samples of a call that is live and neither begins nor ends in them.
fn live_seconds(report: &Report) -> Vec<&Value> {
    let live: Vec<&Value> = report.samples().iter().filter(|sample| sample["phase"] == "live").collect();
    assert!(live.len() as u32 >= CALL_SECS - 1, "only {} live seconds", live.len());
    live[2..live.len() - 1].to_vec()
}

fn live_seconds_are_sane(report: &Report) {
    let number = |sample: &Value, field: &str| sample[field].as_f64().unwrap_or_else(|| panic!("{field} in {sample}"));
    for sample in live_seconds(report) {
        // What a busy machine may cost is left open; what would be a wrong unit is not.
        let bounds = [
            ("fps_sent", 15.0, 40.0),
            ("fps_shown", 15.0, 40.0),
            ("received_kbps", 60.0, 5_000.0),
            ("sent_kbps", 60.0, 5_000.0),
            ("feedback_kbps", 0.5, 500.0),
            ("target_kbps", 60.0, 20_000.0),
            ("rtt_ms", 0.001, 250.0),
            ("audio_buffer_ms", 1.0, 500.0),
            ("lost_ratio", 0.0, 0.2),
            ("voice_lost_ratio", 0.0, 0.3),
            ("loss_follows_loss", 0.0, 1.0),
            ("concealed_ratio", 0.0, 0.5),
            ("width", 160.0, 640.0),
            ("height", 90.0, 360.0),
            ("rss_mb", 5.0, 1_000.0),
        ];
        for (field, least, most) in bounds {
            let value = number(sample, field);
            assert!((least..=most).contains(&value), "{field} is {value}, not in {least}..{most}: {sample}");
        }
        let path = sample["path"].as_str().unwrap_or_else(|| panic!("no path in {sample}"));
        let kinds: Vec<&str> = path.split('-').collect();
        assert!(kinds.len() == 2 && kinds.iter().all(|kind| CANDIDATES.contains(kind)), "{path}");
    }
    for field in ["retransmitted", "frozen_ms", "cpu_s"] {
        let series: Vec<f64> = report.series(field).iter().map(|(_, value)| *value).collect();
        assert!(series.is_sorted(), "{field} counts from the start: {series:?}");
    }
    let times: Vec<f64> = report.samples().iter().map(|sample| number(sample, "t")).collect();
    let late = times.windows(2).filter(|pair| !(0.4..1.7).contains(&(pair[1] - pair[0]))).count();
    assert!(late <= 1, "one a second: {times:?}");
    let most = report.series("rss_mb").iter().map(|(_, megabytes)| *megabytes).fold(0.0, f64::max);
    assert!(report.number("/totals/peak_rss_mb").unwrap() >= most);
}

/// Each picture shown is one that the other sent, and it was shown after it was captured.
fn pictures_are_the_others(seen: &Report, sent: &Report) {
    let times = list(sent.value(), "captured_rtp").iter().zip(list(sent.value(), "captured_unix_us"));
    let captured: std::collections::BTreeMap<u64, u64> =
        times.filter_map(|(rtp, at)| Some((rtp.as_u64()?, at.as_u64()?))).collect();
    for (rtp, at) in list(seen.value(), "shown_rtp").iter().zip(list(seen.value(), "shown_unix_us")) {
        let rtp = rtp.as_u64().unwrap();
        let from = captured.get(&rtp).unwrap_or_else(|| panic!("nobody sent the picture of {rtp}"));
        let late = at.as_u64().unwrap() as f64 / 1e3 - *from as f64 / 1e3;
        assert!((0.0..1_500.0).contains(&late), "shown {late} ms after it was captured");
    }
}

/// On this machine nothing gets lost: the two rates of one way are the same.
fn as_much_arrives_as_is_sent(to: &Report, from: &Report) {
    let mean = |report: &Report, field: &str| {
        let seconds = live_seconds(report);
        seconds.iter().filter_map(|sample| sample[field].as_f64()).sum::<f64>() / seconds.len() as f64
    };
    let ratio = mean(to, "received_kbps") / mean(from, "sent_kbps");
    assert!((0.7..1.3).contains(&ratio), "{ratio} of what was sent arrived");
}
