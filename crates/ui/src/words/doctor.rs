//! The check before a visit: what will work, why not more, what to do; and the page for who looks after the network.

use std::fmt::Write as _;

use ::doctor::{
    Checked, DeviceOutcome, Fault, Findings, LinkState, Note, Outcome, Packets, Rate, Rates, Reason, Relay, Rung,
    Trial, Verdict, Way, Works,
};
use units::{DeviceKind, ScriptFault};

use super::devices::{device_in_list, device_key, device_trouble};
use super::{Language, rough_span, with_phone};

/// What comes of a check, for everybody: what will work, then each reason with its next step. Ready for a terminal: a line is a
/// paragraph.
pub fn doctor_verdict(language: Language, verdict: &Verdict, port: u16, phone: Option<&str>) -> String {
    language.speaks(|| verdict_in_words(verdict, port, phone))
}

fn verdict_in_words(verdict: &Verdict, port: u16, phone: Option<&str>) -> String {
    let mut lines = vec![headline(verdict).to_owned()];
    lines.extend(verdict.reasons.iter().map(|reason| because(*reason, port)));
    lines.extend(verdict.notes.iter().filter_map(|note| noted(*note)));
    // Who reads that it works needs no telephone.
    if verdict.works == Works::Nothing {
        lines.push(with_phone(say!(doctor_call_clinic), phone));
    }
    lines.join("\n")
}

/// What a patient reads of it before they join: what will work, and the next step; nothing where nothing is to be done.
pub(crate) fn lobby_check(Checked { verdict, port }: &Checked, phone: Option<&str>) -> Option<String> {
    let reason = verdict.before_joining()?;
    let said = format!("{} {}", headline(verdict), because(reason, *port));
    Some(if verdict.works == Works::Nothing { with_phone(&said, phone) } else { said })
}

/// What will work, in one sentence.
fn headline(verdict: &Verdict) -> &'static str {
    let unmeasured = [Note::RateNotAsked, Note::RateTooOften, Note::RateUnknown];
    let unmeasured = verdict.notes.iter().any(|note| unmeasured.contains(note));
    let is_thin = verdict.reasons.iter().any(|reason| matches!(reason, Reason::ThinUp(_) | Reason::ThinDown(_)));
    match verdict.works {
        _ if verdict.reasons.iter().any(is_blocked) => say!(headline_blocked),
        Works::Nothing => say!(headline_nothing),
        Works::Voice if is_thin => say!(headline_voice_thin),
        Works::Voice => say!(headline_voice_lossy),
        Works::StillPictures => say!(headline_still_pictures),
        Works::PictureAndVoice if unmeasured => say!(headline_unmeasured),
        Works::PictureAndVoice => say!(headline_picture_and_voice),
    }
}

fn is_blocked(reason: &Reason) -> bool {
    matches!(reason, Reason::MediaBlocked | Reason::ProxyBlocks)
}

/// Why not all is well, and the next step.
fn because(reason: Reason, port: u16) -> String {
    let text = match reason {
        Reason::NoNetwork => say!(because_no_network),
        Reason::NameUnknown => {
            say!(because_name_unknown)
        }
        Reason::ServerSilent => {
            return say!(because_server_silent, port = port);
        }
        Reason::ServerRefuses => {
            return say!(because_server_refuses, port = port);
        }
        Reason::ProxyBlocks => {
            return say!(because_proxy_blocks, port = port);
        }
        Reason::ProxyScript(fault) => {
            return say!(because_proxy_script, fault = script(fault), port = port);
        }
        Reason::OtherCertificate => {
            say!(because_other_certificate)
        }
        Reason::UntrustedCertificate => {
            say!(because_untrusted_certificate)
        }
        Reason::TooOldTls => {
            say!(because_too_old_tls)
        }
        Reason::Stranger => {
            say!(because_stranger)
        }
        Reason::ServerBroken => {
            say!(because_server_broken)
        }
        Reason::ClockWrong(minutes) => {
            let by = rough_span(minutes.unsigned_abs());
            return if minutes > 0 { say!(because_clock_ahead, by = by) } else { say!(because_clock_behind, by = by) };
        }
        Reason::LinkUnusable => {
            say!(because_link_unusable)
        }
        Reason::LinkExpired => say!(because_link_expired),
        Reason::VisitOver => say!(because_visit_over),
        Reason::MediaBlocked => {
            return say!(because_media_blocked, port = port);
        }
        Reason::DatagramsBlocked { tls: true } => {
            return say!(because_datagrams_blocked_tls, port = port);
        }
        Reason::DatagramsBlocked { tls: false } => {
            return say!(because_datagrams_blocked_tcp, port = port);
        }
        Reason::RelayBlocked => {
            say!(because_relay_blocked)
        }
        Reason::NoRelay => {
            say!(because_no_relay)
        }
        Reason::NothingHides => return say!(because_nothing_hides, port = port),
        Reason::ThinUp(kbps) => {
            return say!(because_thin_up, kbps = kbps);
        }
        Reason::ThinDown(kbps) => {
            return say!(because_thin_down, kbps = kbps);
        }
        Reason::LosesPackets(percent) => {
            return say!(because_loses_packets, percent = percent);
        }
        Reason::FarAway(millis) => {
            return say!(because_far_away, seconds = millis / 1_000, tenths = millis % 1_000 / 100);
        }
        Reason::Device(kind, trouble) => return device_trouble(kind, trouble),
        Reason::SilentMicrophone => {
            say!(because_silent_microphone)
        }
    };
    text.to_owned()
}

fn noted(note: Note) -> Option<String> {
    let text = match note {
        Note::RateNotAsked => Some(say!(noted_rate_not_asked)),
        Note::RateTooOften => Some(say!(noted_rate_too_often)),
        Note::RateUnknown => Some(say!(noted_rate_unknown)),
        Note::ProxyScript(fault) => {
            return Some(say!(noted_proxy_script, fault = script(fault)));
        }
        // They stand on the page beneath.
        Note::ByProxy | Note::ProxyNotNeeded => None,
    };
    text.map(str::to_owned)
}

/// What is wrong with the network's proxy script: the beginning of a sentence.
pub(crate) fn script(fault: ScriptFault) -> &'static str {
    match fault {
        ScriptFault::Missing => say!(script_missing),
        ScriptFault::Broken => say!(script_broken),
        ScriptFault::Endless => say!(script_endless),
        ScriptFault::Greedy => say!(script_greedy),
        ScriptFault::NoWay => say!(script_no_way),
    }
}

/// The page beneath, for who looks after the network: what was tried, with whom, and what came of it.
pub fn doctor_page(language: Language, findings: &Findings) -> String {
    language.speaks(|| page(findings))
}

fn page(findings: &Findings) -> String {
    let mut page = String::new();
    let mut row = |what: &str, how: &str, with: &str, came: &str| {
        // A string takes whatever is written to it.
        let _ = writeln!(page, "{what:<22} {how:<9} {with:<32} {came}");
    };
    row(say!(page_what), say!(page_how), say!(page_with), say!(page_came));
    for Trial { rung, way, with, outcome, seen } in &findings.trials {
        let how = match way {
            Way::Straight => say!(page_straight),
            Way::Proxy => say!(page_by_proxy),
        };
        let seen = seen.map_or(String::new(), |seen| format!(", {}", say!(page_seen_as, address = seen.to_string())));
        row(rung_in_words(*rung), how, with, &format!("{}{seen}", outcome_in_words(*outcome)));
    }
    let proxy = findings.proxy.as_deref().unwrap_or(say!(page_proxy_none));
    let named = match findings.proxy_script {
        Some(fault) => script(fault),
        None if findings.proxy.is_some() => say!(page_proxy_named),
        None => "",
    };
    row(say!(page_proxy), "", proxy, named);
    let relay = match findings.relay {
        Relay::Unknown => say!(page_relay_unknown),
        Relay::There => say!(page_relay_there),
        Relay::Elsewhere => say!(page_relay_elsewhere),
        Relay::None => say!(page_relay_none),
    };
    row(say!(page_relay), "", "", relay);
    if let Some(packets) = findings.packets {
        let came = say!(
            page_packets_came,
            answered = packets.answered,
            sent = packets.sent,
            trip = packets.round_trip_ms,
            slowest = packets.slowest_ms
        );
        row(say!(page_packets), say!(page_straight), "", &came);
    }
    if let Rate::AtLeast(rates) = findings.rate {
        let came = say!(page_rate_came, up = rates.up.as_kbps(), down = rates.down.as_kbps());
        row(say!(page_rate), "", "", &came);
    }
    if let Some(ahead) = findings.clock_ahead_secs {
        row(say!(page_clock), "", "", &say!(page_clock_came, ahead = format!("{ahead:+}")));
    }
    let link = match findings.link {
        LinkState::Unknown => say!(page_link_unknown),
        LinkState::Good => say!(page_link_good),
        LinkState::Unusable => say!(page_link_unusable),
        LinkState::Expired => say!(page_link_expired),
        LinkState::Ended => say!(page_link_ended),
    };
    row(say!(page_link), "", "", link);
    for device in &findings.devices {
        let came = match device.outcome {
            DeviceOutcome::Works => say!(page_device_works),
            DeviceOutcome::Silent => say!(page_device_silent),
            DeviceOutcome::Trouble(_) => say!(page_device_trouble),
            DeviceOutcome::Unwanted => say!(page_device_unwanted),
        };
        let comma = if device.detail.is_empty() { "" } else { ": " };
        row(device_in_list(device.kind), "", "", &format!("{came}{comma}{}", device.detail));
    }
    page
}

/// What is tried, in short.
pub fn rung_name(language: Language, rung: Rung) -> &'static str {
    language.speaks(|| rung_in_words(rung))
}

fn rung_in_words(rung: Rung) -> &'static str {
    match rung {
        Rung::Https => say!(rung_name_https),
        Rung::Stun => say!(rung_name_stun),
        Rung::RelayUdp => say!(rung_name_relay_udp),
        Rung::RelayTcp => say!(rung_name_relay_tcp),
        Rung::RelayTls => say!(rung_name_relay_tls),
    }
}

/// What came of it, in short.
pub fn came_of_it(language: Language, outcome: Outcome) -> String {
    language.speaks(|| outcome_in_words(outcome))
}

fn outcome_in_words(outcome: Outcome) -> String {
    match outcome {
        Outcome::Works { took_ms: 0 } => say!(works_at_once).to_owned(),
        Outcome::Works { took_ms } => say!(works_after, millis = took_ms),
        Outcome::Fails { why } => fault(why).to_owned(),
    }
}

fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::NameUnknown => say!(fault_name_unknown),
        Fault::Refused => say!(fault_refused),
        Fault::Silent => say!(fault_silent),
        Fault::NoRoute => say!(fault_no_route),
        Fault::Proxy => say!(fault_proxy),
        Fault::ProxyScript => say!(fault_proxy_script),
        Fault::OtherCertificate => say!(fault_other_certificate),
        Fault::Untrusted => say!(fault_untrusted),
        Fault::TooOldTls => say!(fault_too_old_tls),
        Fault::Stranger => say!(fault_stranger),
        Fault::NoRelay => say!(fault_no_relay),
        Fault::Broken => say!(fault_broken),
    }
}

/// How many packets came back, in one line.
pub fn packets_came_back(language: Language, packets: &Packets) -> String {
    language.speaks(|| say!(packets_came_back, answered = packets.answered, sent = packets.sent))
}

/// What the link carries, in one line.
pub fn rates_found(language: Language, rates: &Rates) -> String {
    language.speaks(|| say!(rates_found, up = rates.up.as_kbps(), down = rates.down.as_kbps()))
}

/// A device that was tried, in one line.
pub fn device_tried(language: Language, kind: DeviceKind, outcome: DeviceOutcome) -> String {
    language.speaks(|| device_in_words(kind, outcome))
}

fn device_in_words(kind: DeviceKind, outcome: DeviceOutcome) -> String {
    match outcome {
        DeviceOutcome::Works => say!(device_tried_works, device = device_key(kind)),
        DeviceOutcome::Silent => because(Reason::SilentMicrophone, 0),
        DeviceOutcome::Trouble(trouble) => device_trouble(kind, trouble),
        DeviceOutcome::Unwanted => say!(device_tried_unwanted, device = device_key(kind)),
    }
}

#[cfg(test)]
mod tests {
    use units::DeviceTrouble;

    use super::*;

    const ALL: [Reason; 26] = [
        Reason::NoNetwork,
        Reason::NameUnknown,
        Reason::ServerSilent,
        Reason::ServerRefuses,
        Reason::ProxyBlocks,
        Reason::ProxyScript(ScriptFault::Endless),
        Reason::OtherCertificate,
        Reason::UntrustedCertificate,
        Reason::TooOldTls,
        Reason::Stranger,
        Reason::ServerBroken,
        Reason::ClockWrong(-7),
        Reason::LinkUnusable,
        Reason::LinkExpired,
        Reason::VisitOver,
        Reason::MediaBlocked,
        Reason::DatagramsBlocked { tls: true },
        Reason::DatagramsBlocked { tls: false },
        Reason::RelayBlocked,
        Reason::NoRelay,
        Reason::NothingHides,
        Reason::ThinUp(60),
        Reason::ThinDown(24),
        Reason::LosesPackets(10),
        Reason::FarAway(640),
        Reason::SilentMicrophone,
    ];

    #[test]
    fn every_reason_says_what_is_wrong_and_what_to_do() {
        let all = ALL.into_iter().chain([Reason::Device(DeviceKind::Camera, DeviceTrouble::Busy)]);
        for reason in all {
            let words = because(reason, 8_443);
            assert!(words.ends_with('.') && !words.contains("  "), "{words}");
            assert!(words.matches(". ").count() >= 1, "what is wrong, and what to do: {words}");
        }
        assert!(because(Reason::FarAway(640), 443).contains("0.6 seconds"));
        assert!(because(Reason::ClockWrong(-150), 443).contains("2 hours behind"));
    }

    #[test]
    fn who_is_blocked_reads_which_port_to_ask_for_and_whom_to_call() {
        let blocked = Verdict { works: Works::Nothing, reasons: vec![Reason::MediaBlocked], notes: vec![] };
        let words = doctor_verdict(Language::English, &blocked, 443, Some("+1 555 0100"));
        assert!(words.starts_with("Visits are blocked by this network.\n"), "{words}");
        assert!(words.contains("port 443") && words.contains("+1 555 0100"), "{words}");
    }

    #[test]
    fn a_patient_reads_before_they_join_what_will_work_and_one_next_step() {
        let said = |works, reasons: &[Reason]| {
            let verdict = Verdict { works, reasons: reasons.to_vec(), notes: vec![Note::RateTooOften] };
            lobby_check(&Checked { verdict, port: 443 }, Some("+1 555 0100"))
        };
        assert_eq!(said(Works::PictureAndVoice, &[]), None);
        assert_eq!(said(Works::PictureAndVoice, &[Reason::DatagramsBlocked { tls: true }]), None, "it goes");
        let thin =
            said(Works::Voice, &[Reason::DatagramsBlocked { tls: true }, Reason::ThinUp(24), Reason::FarAway(700)]);
        let thin = thin.unwrap();
        assert!(thin.starts_with("Voice only: the link is too thin for a picture. The link from here"), "{thin}");
        assert!(!thin.contains("UDP") && !thin.contains("satellite") && !thin.contains("+1"), "{thin}");
        let blocked = said(Works::Nothing, &[Reason::MediaBlocked]).unwrap();
        assert!(blocked.contains("port 443") && blocked.contains("+1 555 0100"), "{blocked}");
    }

    #[test]
    fn what_works_is_said_first_and_in_one_sentence() {
        let of = |works, reasons: &[Reason]| headline(&Verdict { works, reasons: reasons.to_vec(), notes: vec![] });
        assert_eq!(of(Works::PictureAndVoice, &[]), "Picture and voice will work.");
        assert_eq!(of(Works::Voice, &[Reason::ThinUp(24)]), "Voice only: the link is too thin for a picture.");
        assert_eq!(of(Works::Nothing, &[Reason::VisitOver]), "A visit will not work.");
    }
}
