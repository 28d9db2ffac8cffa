//! The check before a visit: what will work, why not more, what to do; and the page for who looks after the network.

use std::fmt::Write as _;

use ::doctor::{
    Checked, DeviceOutcome, Fault, Findings, LinkState, Note, Outcome, Rate, Reason, Relay, Rung, Trial, Verdict, Way,
    Works,
};
use units::{DeviceKind, ScriptFault};

use super::devices::{device_kind, device_trouble};
use super::with_phone;

/// What comes of a check, for everybody: what will work, then each reason with its next step. Ready for a terminal: a line is a
/// paragraph.
pub fn doctor_verdict(verdict: &Verdict, port: u16, phone: Option<&str>) -> String {
    let mut lines = vec![headline(verdict).to_owned()];
    lines.extend(verdict.reasons.iter().map(|reason| because(*reason, port)));
    lines.extend(verdict.notes.iter().filter_map(|note| noted(*note)));
    // Who reads that it works needs no telephone.
    if verdict.works == Works::Nothing {
        lines.push(with_phone("If you cannot change that before your visit, call the clinic.", phone));
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
        _ if verdict.reasons.iter().any(is_blocked) => "Visits are blocked by this network.",
        Works::Nothing => "A visit will not work.",
        Works::Voice if is_thin => "Voice only: the link is too thin for a picture.",
        Works::Voice => "Voice only: too much gets lost for a picture.",
        Works::StillPictures => "Voice, and a new picture every few seconds.",
        Works::PictureAndVoice if unmeasured => "Visits get through from here.",
        Works::PictureAndVoice => "Picture and voice will work.",
    }
}

fn is_blocked(reason: &Reason) -> bool {
    matches!(reason, Reason::MediaBlocked | Reason::ProxyBlocks)
}

/// Why not all is well, and the next step.
fn because(reason: Reason, port: u16) -> String {
    let text = match reason {
        Reason::NoNetwork => "This computer is in no network. Plug in a cable or choose a Wi-Fi, then try again.",
        Reason::NameUnknown => {
            "Nobody knows the clinic's server by its name. Check the address; if it is right, the network's name \
             service does not work: try another network."
        }
        Reason::ServerSilent => {
            return format!(
                "Nothing comes back from the clinic's server. Either it is off, or this network is closed: see \
                 whether a web page opens, and ask who runs the network for TCP and UDP port {port}."
            );
        }
        Reason::ServerRefuses => {
            return format!(
                "Nobody answers at port {port} of the clinic's server. It is off, or the address is wrong: ask the \
                 clinic, or try again later."
            );
        }
        Reason::ProxyBlocks => {
            return format!(
                "This network's proxy does not connect to the clinic's server. Ask who runs the network to let it \
                 connect there, port {port}."
            );
        }
        Reason::ProxyScript(fault) => {
            return format!(
                "{}, and without a proxy nobody is reached. Ask who runs the network to mend it, or to name a proxy that \
                 connects to the clinic's server, port {port}.",
                script(fault)
            );
        }
        Reason::OtherCertificate => {
            "The server's certificate is not the one that the clinic told. Somebody may be in between, a security \
             program or this network; or the clinic has a new certificate. Try another network, or ask the clinic \
             for a new link."
        }
        Reason::UntrustedCertificate => {
            "This computer does not trust the server's certificate. Check the computer's date and time; if they are \
             right, this network may look into what you send: ask who runs it, or try another."
        }
        Reason::TooOldTls => {
            "What answers in the clinic's place speaks no TLS 1.3. A filter in this network may stand in between: \
             ask who runs it to except the clinic's server, or try another network."
        }
        Reason::Stranger => {
            "Something else answers in the clinic's place. Many networks ask to sign in first: open any web page, \
             sign in to the network, then try again."
        }
        Reason::ServerBroken => {
            "The connection to the clinic's server breaks off. Try again; if it stays so, try another network."
        }
        Reason::ClockWrong(minutes) => {
            let direction = if minutes > 0 { "ahead" } else { "behind" };
            return format!(
                "This computer's clock is {} {direction}. Set the date and time, or signing in may fail.",
                span(minutes.unsigned_abs())
            );
        }
        Reason::LinkUnusable => {
            "This link cannot be used: it was made for another server, or it leads nowhere any more. Ask the clinic \
             for a new link."
        }
        Reason::LinkExpired => "This link's time is over. Ask the clinic for a new link.",
        Reason::VisitOver => "The visit that this link is for is over. Ask the clinic for a new link.",
        Reason::MediaBlocked => {
            return format!(
                "The clinic is reached, but this network lets neither voice nor picture through. Ask who runs it \
                 for port {port} to the clinic's server, by UDP or by TCP with TLS, without looking into it."
            );
        }
        Reason::DatagramsBlocked { tls: true } => {
            return format!(
                "This network lets no UDP through, so voice and picture go the way of web pages: they may stop for a \
                 moment where packets get lost. Better: ask who runs it for UDP port {port} to the clinic's server."
            );
        }
        Reason::DatagramsBlocked { tls: false } => {
            return format!(
                "This network lets neither UDP nor TLS to the relay through, so voice and picture go by TCP: they may \
                 stop for a moment where packets get lost. Better: ask who runs it for UDP port {port} to the clinic's \
                 server."
            );
        }
        Reason::RelayBlocked => {
            "The clinic's relay is not reached as it should be. Visits work where the two computers reach each other \
             straight. Ask who runs this network for UDP to the clinic's relay."
        }
        Reason::NoRelay => {
            "The clinic's server relays nothing. Visits work where the two computers reach each other straight, and \
             not in every network. Ask the clinic to run a relay."
        }
        Reason::NothingHides => {
            return format!(
                "This computer's address is to be hidden, and the clinic's relay, which would hide it, is not reached. Do \
                 not hide it, or ask who runs this network for port {port} to the clinic's server, by UDP or by TCP with TLS."
            );
        }
        Reason::ThinUp(kbps) => {
            return format!(
                "The link from here carries {kbps} kbps. Close what else sends, or move closer to the Wi-Fi, or use a \
                 cable."
            );
        }
        Reason::ThinDown(kbps) => {
            return format!(
                "The link to here carries {kbps} kbps. Close what else is downloading, or move closer to the Wi-Fi, or \
                 use a cable."
            );
        }
        Reason::LosesPackets(percent) => {
            return format!(
                "Of a hundred packets {percent} get lost on the way. Move closer to the Wi-Fi, or use a cable; voice \
                 and picture get by with a few."
            );
        }
        Reason::FarAway(millis) => {
            return format!(
                "An answer takes {}.{} seconds on this link, as by satellite. Wait a moment before you speak; \
                 another network may be nearer.",
                millis / 1_000,
                millis % 1_000 / 100
            );
        }
        Reason::Device(kind, trouble) => return device_trouble(kind, trouble),
        Reason::SilentMicrophone => {
            "The microphone gives nothing but silence. Look for a switch on it or on the headset, and whether it is \
             muted in the system's settings."
        }
    };
    text.to_owned()
}

fn noted(note: Note) -> Option<String> {
    let text = match note {
        Note::RateNotAsked => Some(
            "How fast the link is was not measured: that takes a visit's link, or an account of the clinic's staff.",
        ),
        Note::RateTooOften => Some(
            "How fast the link is was not measured: too much was measured from this network just now. Try again in a few \
             minutes.",
        ),
        Note::RateUnknown => Some("How fast the link is could not be measured."),
        Note::ProxyScript(fault) => {
            return Some(format!("{}; visits do without it. Tell who runs the network.", script(fault)));
        }
        // They stand on the page beneath.
        Note::ByProxy | Note::ProxyNotNeeded => None,
    };
    text.map(str::to_owned)
}

fn script(fault: ScriptFault) -> &'static str {
    match fault {
        ScriptFault::Missing => "This network's proxy script (PAC) cannot be had from where it should be",
        ScriptFault::Broken => "This network's proxy script (PAC) is no script, or it fails",
        ScriptFault::Endless => "This network's proxy script (PAC) does not come to an end",
        ScriptFault::Greedy => "This network's proxy script (PAC) wants more memory than it gets",
        ScriptFault::NoWay => "This network's proxy script (PAC) names no proxy that this app can use",
    }
}

fn span(minutes: u64) -> String {
    match minutes {
        0..=119 => format!("{minutes} minutes"),
        120..=2_879 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}

/// The page beneath, for who looks after the network: what was tried, with whom, and what came of it.
pub fn doctor_page(findings: &Findings) -> String {
    let mut page = String::new();
    let mut row = |what: &str, how: &str, with: &str, came: &str| {
        // A string takes whatever is written to it.
        let _ = writeln!(page, "{what:<22} {how:<9} {with:<32} {came}");
    };
    row("what", "how", "with", "came of it");
    for Trial { rung, way, with, outcome, seen } in &findings.trials {
        let how = match way {
            Way::Straight => "straight",
            Way::Proxy => "proxy",
        };
        let seen = seen.map_or(String::new(), |seen| format!(", seen as {seen}"));
        row(rung_name(*rung), how, with, &format!("{}{seen}", came_of_it(*outcome)));
    }
    let proxy = findings.proxy.as_deref().unwrap_or("none");
    let named = match findings.proxy_script {
        Some(fault) => script(fault),
        None if findings.proxy.is_some() => "named by the environment, the system or a script",
        None => "",
    };
    row("proxy", "", proxy, named);
    let relay = match findings.relay {
        Relay::Unknown => "not said; the server's own port was asked",
        Relay::There => "there is one",
        Relay::Elsewhere => "none was asked",
        Relay::None => "there is none",
    };
    row("the clinic's relay", "", "", relay);
    if let Some(packets) = findings.packets {
        let came = format!(
            "{} of {} answered; round trip {} ms, slowest {} ms",
            packets.answered, packets.sent, packets.round_trip_ms, packets.slowest_ms
        );
        row("packets like a voice's", "straight", "", &came);
    }
    if let Rate::AtLeast(rates) = findings.rate {
        let came = format!("up at least {} kbps, down at least {} kbps", rates.up.as_kbps(), rates.down.as_kbps());
        row("rate, by HTTPS", "", "", &came);
    }
    if let Some(ahead) = findings.clock_ahead_secs {
        row("clock", "", "", &format!("{ahead:+} s against the server's"));
    }
    let link = match findings.link {
        LinkState::Unknown => "not asked, or not answered",
        LinkState::Good => "leads to a visit",
        LinkState::Unusable => "cannot be used",
        LinkState::Expired => "its time is over",
        LinkState::Ended => "the visit is over",
    };
    row("the visit's link", "", "", link);
    for device in &findings.devices {
        let came = match device.outcome {
            DeviceOutcome::Works => "works",
            DeviceOutcome::Silent => "gives silence",
            DeviceOutcome::Trouble(_) => "does not work",
            DeviceOutcome::Unwanted => "not tried",
        };
        let comma = if device.detail.is_empty() { "" } else { ": " };
        row(&device_kind(device.kind).to_lowercase(), "", "", &format!("{came}{comma}{}", device.detail));
    }
    page
}

/// What is tried, in short.
pub fn rung_name(rung: Rung) -> &'static str {
    match rung {
        Rung::Https => "server, HTTPS",
        Rung::Stun => "own address, STUN",
        Rung::RelayUdp => "relay, UDP",
        Rung::RelayTcp => "relay, TCP",
        Rung::RelayTls => "relay, TLS",
    }
}

/// What came of it, in short.
pub fn came_of_it(outcome: Outcome) -> String {
    match outcome {
        Outcome::Works { took_ms: 0 } => "works, under 1 ms".to_owned(),
        Outcome::Works { took_ms } => format!("works, {took_ms} ms"),
        Outcome::Fails { why } => fault(why).to_owned(),
    }
}

fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::NameUnknown => "the name is not known",
        Fault::Refused => "refused: nobody listens there",
        Fault::Silent => "no answer in time",
        Fault::NoRoute => "no route from here",
        Fault::Proxy => "the proxy does not connect",
        Fault::ProxyScript => "the proxy script cannot be used, nor is it reached straight",
        Fault::OtherCertificate => "another certificate than the pinned one",
        Fault::Untrusted => "a certificate that is not trusted",
        Fault::TooOldTls => "no TLS 1.3",
        Fault::Stranger => "something else answers",
        Fault::NoRelay => "reached, and no relay answers",
        Fault::Broken => "the connection broke",
    }
}

/// A device that was tried, in one line.
pub fn device_tried(kind: DeviceKind, outcome: DeviceOutcome) -> String {
    match outcome {
        DeviceOutcome::Works => format!("{} works.", device_kind(kind)),
        DeviceOutcome::Silent => because(Reason::SilentMicrophone, 0),
        DeviceOutcome::Trouble(trouble) => device_trouble(kind, trouble),
        DeviceOutcome::Unwanted => format!("{} was not tried.", device_kind(kind)),
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
        let words = doctor_verdict(&blocked, 443, Some("+1 555 0100"));
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
