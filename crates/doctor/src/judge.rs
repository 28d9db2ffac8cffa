//! From what was found to what will work, why not more, and what is to be done.

use std::time::Duration;

use serde::Serialize;
use units::{DataRate, DeviceKind, DeviceTrouble, ScriptFault};

use crate::capacity::{Carries, carries};
use crate::findings::{DeviceOutcome, Fault, Findings, LinkState, Rate, Relay, Rung, Way};

/// What a check before a visit came to, and at which port of the clinic's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What it came to.
    pub verdict: Verdict,
    /// The server's port.
    pub port: u16,
}

/// What comes of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What the network carries.
    pub works: Works,
    /// Why not all is well, the weightiest first; empty if all is.
    pub reasons: Vec<Reason>,
    /// What is good to know and harms nothing.
    pub notes: Vec<Note>,
}

/// What of a visit the network carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Works {
    /// Nothing: there is no visit.
    Nothing,
    /// The voice.
    Voice,
    /// The voice, and a picture every few seconds.
    StillPictures,
    /// Picture and voice.
    PictureAndVoice,
}

/// Why something does not work, or not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// This machine is in no network.
    NoNetwork,
    /// Nobody knows the server's name.
    NameUnknown,
    /// Nothing comes back from the server.
    ServerSilent,
    /// Nobody listens at the server's port.
    ServerRefuses,
    /// The network's proxy does not connect to the server.
    ProxyBlocks,
    /// The network's proxy script cannot be used, and without a proxy the server is not reached.
    ProxyScript(ScriptFault),
    /// Another certificate than the one in the link.
    OtherCertificate,
    /// A certificate that this machine does not trust.
    UntrustedCertificate,
    /// The server, or who stands before it, speaks no TLS 1.3.
    TooOldTls,
    /// Somebody else answers in the server's place: most often a page to sign in to the network.
    Stranger,
    /// The connection to the server broke.
    ServerBroken,
    /// This machine's clock is wrong by so many minutes, ahead if positive.
    ClockWrong(i64),
    /// The link leads nowhere.
    LinkUnusable,
    /// The link's time is over.
    LinkExpired,
    /// The visit is over.
    VisitOver,
    /// No way for media gets through.
    MediaBlocked,
    /// Datagrams do not get through: media goes by TLS, or by TCP alone.
    DatagramsBlocked {
        /// Whether TLS gets through, and not TCP alone.
        tls: bool,
    },
    /// The relay is not reached: visits go straight or not at all.
    RelayBlocked,
    /// The clinic has no relay: likewise.
    NoRelay,
    /// This machine's address is to be hidden, and no relay that would hide it is reached.
    NothingHides,
    /// The link is too thin from here, in kbps.
    ThinUp(u64),
    /// The link is too thin to here, in kbps.
    ThinDown(u64),
    /// Of a hundred packets so many are lost.
    LosesPackets(u32),
    /// An answer takes so many milliseconds.
    FarAway(u64),
    /// A device does not work.
    Device(DeviceKind, DeviceTrouble),
    /// The microphone gives nothing but silence.
    SilentMicrophone,
}

/// What harms nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// How fast the link is was not measured: nobody asked who may.
    RateNotAsked,
    /// Too much was measured from this network just now.
    RateTooOften,
    /// There was no answer to that.
    RateUnknown,
    /// The app goes by way of the network's proxy.
    ByProxy,
    /// The network's proxy script cannot be used, and the app goes straight.
    ProxyScript(ScriptFault),
    /// What the app does by way of the proxy would work without it too.
    ProxyNotNeeded,
}

impl Verdict {
    /// The program's exit status: 0 all is well, 1 something is not, 2 nothing works.
    pub fn exit(&self) -> u8 {
        match self.works {
            Works::Nothing => 2,
            _ if self.reasons.is_empty() => 0,
            _ => 1,
        }
    }

    /// Why not all is well, the weightiest, for who is about to join and looks after no network. That datagrams do not get through costs
    /// them a moment now and then and nothing that they could mend.
    pub fn before_joining(&self) -> Option<Reason> {
        self.reasons.iter().copied().find(|reason| !matches!(reason, Reason::DatagramsBlocked { .. }))
    }
}

/// What was found comes to this.
pub fn judge(findings: &Findings) -> Verdict {
    let mut reasons: Vec<Reason> = Vec::new();
    let mut works = Works::PictureAndVoice;
    if let Some(reason) = server(findings) {
        (works, reasons) = (Works::Nothing, vec![reason]);
    } else if let Some(reason) = link(findings.link) {
        (works, reasons) = (Works::Nothing, vec![reason]);
    }
    reasons.extend(clock(findings));
    if findings.works(Rung::Https) {
        reasons.extend(media(findings));
        if reasons.contains(&Reason::MediaBlocked) || reasons.contains(&Reason::NothingHides) {
            works = Works::Nothing;
        }
        let (carried, why) = capacity(findings);
        works = works.min(carried);
        reasons.extend(why);
    }
    reasons.extend(findings.devices.iter().filter_map(|device| match device.outcome {
        DeviceOutcome::Trouble(trouble) => Some(Reason::Device(device.kind, trouble)),
        DeviceOutcome::Silent => Some(Reason::SilentMicrophone),
        DeviceOutcome::Works | DeviceOutcome::Unwanted => None,
    }));
    Verdict { works, reasons, notes: notes(findings) }
}

/// Why no visit can be joined.
fn server(findings: &Findings) -> Option<Reason> {
    let fault = findings.fault(Rung::Https)?;
    let not_reached = matches!(
        fault,
        Fault::NoRoute | Fault::NameUnknown | Fault::Silent | Fault::Refused | Fault::Broken | Fault::ProxyScript
    );
    if let (Some(script), true, true) = (findings.proxy_script, not_reached, findings.has_way_out) {
        // By the proxy that it should have named there might be a way.
        return Some(Reason::ProxyScript(script));
    }
    Some(match fault {
        Fault::NoRoute | Fault::NameUnknown | Fault::Silent if !findings.has_way_out => Reason::NoNetwork,
        // Where names are asked in vain, what needs them waits until its time is over.
        Fault::Silent if findings.proxy.is_none() && findings.fault(Rung::Stun) == Some(Fault::NameUnknown) => {
            Reason::NameUnknown
        }
        Fault::NoRoute => Reason::ServerSilent,
        Fault::NameUnknown => Reason::NameUnknown,
        Fault::Silent => Reason::ServerSilent,
        Fault::Refused => Reason::ServerRefuses,
        Fault::Proxy => Reason::ProxyBlocks,
        Fault::ProxyScript => Reason::ProxyScript(ScriptFault::Missing),
        Fault::OtherCertificate => Reason::OtherCertificate,
        Fault::Untrusted => Reason::UntrustedCertificate,
        Fault::TooOldTls => Reason::TooOldTls,
        Fault::Stranger => Reason::Stranger,
        Fault::NoRelay | Fault::Broken => Reason::ServerBroken,
    })
}

fn link(state: LinkState) -> Option<Reason> {
    match state {
        LinkState::Unknown | LinkState::Good => None,
        LinkState::Unusable => Some(Reason::LinkUnusable),
        LinkState::Expired => Some(Reason::LinkExpired),
        LinkState::Ended => Some(Reason::VisitOver),
    }
}

/// Certificates and links are good from one second to another; people's clocks are wrong by a minute.
fn clock(findings: &Findings) -> Option<Reason> {
    let ahead = findings.clock_ahead_secs?;
    (ahead.unsigned_abs() >= CLOCK_OFF.as_secs()).then_some(Reason::ClockWrong(ahead / 60))
}

/// What is not well with the ways of media.
fn media(findings: &Findings) -> Option<Reason> {
    let works = |rung| findings.works(rung);
    let (stun, udp) = (works(Rung::Stun), works(Rung::RelayUdp));
    let (tcp, tls) = (works(Rung::RelayTcp), works(Rung::RelayTls));
    if udp || findings.relay == Relay::Elsewhere {
        return None;
    }
    if findings.relay_only && !(tcp || tls) {
        return Some(Reason::NothingHides);
    }
    if findings.relay_only {
        return Some(Reason::DatagramsBlocked { tls });
    }
    if findings.relay == Relay::None {
        return Some(if stun { Reason::NoRelay } else { Reason::MediaBlocked });
    }
    // Who does not say whether there is a relay, and answers and does not relay, has none.
    let says_no = [Rung::RelayUdp, Rung::RelayTcp, Rung::RelayTls]
        .iter()
        .any(|rung| findings.fault(*rung) == Some(Fault::NoRelay));
    Some(match (stun, tcp || tls) {
        (true, false) if says_no => Reason::NoRelay,
        // The server answers datagrams: only the relay's own are kept away.
        (true, false) => Reason::RelayBlocked,
        (false, false) => Reason::MediaBlocked,
        (true, true) => Reason::RelayBlocked,
        (false, true) => Reason::DatagramsBlocked { tls },
    })
}

/// What the link carries, and why not more.
fn capacity(findings: &Findings) -> (Works, Vec<Reason>) {
    let mut reasons = Vec::new();
    let loss = findings.packets.map_or(0.0, |packets| packets.loss());
    let round_trip = findings.packets.map(|packets| packets.round_trip());
    let mut works = Works::PictureAndVoice;
    if let Rate::AtLeast(rates) = findings.rate {
        let mut of = |rate: DataRate, reason: fn(u64) -> Reason| {
            let carried = carries(rate, loss, round_trip);
            if carried < Carries::Moving {
                reasons.push(reason(rate.as_kbps()));
            }
            works = works.min(match carried {
                Carries::Nothing => Works::Nothing,
                Carries::Voice => Works::Voice,
                Carries::Slides => Works::StillPictures,
                Carries::Moving => Works::PictureAndVoice,
            });
        };
        of(rates.up, Reason::ThinUp);
        of(rates.down, Reason::ThinDown);
    }
    if loss > LOSS_TO_SAY {
        reasons.push(Reason::LosesPackets((loss * 100.0).round() as u32));
    }
    if loss > LOSS_TOO_MUCH {
        works = works.min(Works::Voice);
    }
    if let Some(round_trip) = round_trip.filter(|span| *span > FAR_AWAY) {
        reasons.push(Reason::FarAway(round_trip.as_millis() as u64));
    }
    (works, reasons)
}

fn notes(findings: &Findings) -> Vec<Note> {
    let mut notes = Vec::new();
    if findings.works(Rung::Https) {
        notes.extend(match findings.rate {
            Rate::AtLeast(_) => None,
            Rate::NotAsked => Some(Note::RateNotAsked),
            Rate::TooOften => Some(Note::RateTooOften),
            Rate::NoAnswer => Some(Note::RateUnknown),
        });
        notes.extend(findings.proxy_script.map(Note::ProxyScript));
        if findings.proxy.is_some() {
            let straight = findings.works_by(Rung::Https, Way::Straight);
            notes.push(if straight { Note::ProxyNotNeeded } else { Note::ByProxy });
        }
    }
    notes
}

/// Nobody notices two minutes; a sign-in code of thirty seconds does, and that is said at the sign-in.
const CLOCK_OFF: Duration = Duration::from_secs(120);
/// Of fifty packets one or two may be lost by chance; three are a link that loses.
const LOSS_TO_SAY: f32 = 0.05;
/// The voice stays understood where a fifth is lost (docs/weak-links.md); a picture is no use beyond it.
const LOSS_TOO_MUCH: f32 = 0.25;
/// A satellite's round trip: people begin to talk over each other.
const FAR_AWAY: Duration = Duration::from_millis(500);

#[cfg(test)]
#[path = "judge/tests.rs"]
mod tests;
