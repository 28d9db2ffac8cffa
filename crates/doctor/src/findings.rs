//! What was found out.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;
use units::{DataRate, DeviceKind, DeviceTrouble, ScriptFault};

/// All that was found out. What is not there was not tried, or nobody could know it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// The clinic's server: a name or an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The network's proxy, `host:port`, where the app goes by way of one.
    pub proxy: Option<String>,
    /// Why the network's proxy script (PAC) cannot be used, if there is one; then the app goes straight.
    pub proxy_script: Option<ScriptFault>,
    /// Whether this machine knows any way to other networks.
    pub has_way_out: bool,
    /// Whether relays alone are to be used: then nothing is asked that serves a straight path.
    pub relay_only: bool,
    /// What was tried, and what came of it.
    pub trials: Vec<Trial>,
    /// What relays the clinic has.
    pub relay: Relay,
    /// Whether the visit's link can be used.
    pub link: LinkState,
    /// How packets fared that are like a voice's.
    pub packets: Option<Packets>,
    /// How fast the link is.
    pub rate: Rate,
    /// The clinic's telephone number, if its server said one.
    pub phone: Option<String>,
    /// How many seconds this machine's clock is ahead of the server's.
    pub clock_ahead_secs: Option<i64>,
    /// The devices.
    pub devices: Vec<DeviceTrial>,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// What.
    pub rung: Rung,
    /// How.
    pub way: Way,
    /// With whom: `host:port`.
    pub with: String,
    /// What came of it.
    pub outcome: Outcome,
    /// By which address this machine was seen there.
    pub seen: Option<SocketAddr>,
}

/// What is tried, from what everything needs to the last resort of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The server itself: what visits are joined by.
    Https,
    /// By which address the server sees this machine: what straight paths are found by.
    Stun,
    /// The relay by datagrams.
    RelayUdp,
    /// The relay by TCP.
    RelayTcp,
    /// The relay by TLS: on the port of the web this is what a web page is.
    RelayTls,
}

/// How something was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Straight.
    Straight,
    /// By way of the network's proxy.
    Proxy,
}

/// What came of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was answered as it should be, after so many milliseconds.
    Works {
        /// From the question to the answer, connections opened before not counted.
        took_ms: u64,
    },
    /// It was not.
    Fails {
        /// Why.
        why: Fault,
    },
}

/// Why something does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// No address is known for the name.
    NameUnknown,
    /// Somebody says that nobody listens there.
    Refused,
    /// Nothing comes back.
    Silent,
    /// This machine has no way there.
    NoRoute,
    /// The proxy is not reached, or does not connect there.
    Proxy,
    /// The network's proxy script cannot be used, and straight nobody is reached.
    ProxyScript,
    /// Another certificate than the one that is pinned.
    OtherCertificate,
    /// A certificate that nobody vouches for.
    Untrusted,
    /// No TLS 1.3.
    TooOldTls,
    /// Somebody else answers: a page to sign in to a network, often.
    Stranger,
    /// The server is reached and relays nothing.
    NoRelay,
    /// It ended in the middle, or something else.
    Broken,
}

/// What relays a clinic has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relay {
    /// Nobody said: the server itself was taken for one.
    Unknown,
    /// There are some.
    There,
    /// None was asked: they are on other machines than the server, or there was no need.
    Elsewhere,
    /// None: the server says so.
    None,
}

/// Whether a link can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// There is none, or the server could not be asked.
    Unknown,
    /// It leads to a visit.
    Good,
    /// It leads nowhere: unknown, used by somebody who was not let in, or made for another server.
    Unusable,
    /// Its time is over.
    Expired,
    /// Its visit is over.
    Ended,
}

/// How small packets fared, sent at the pace of a voice, there and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Packets {
    /// So many questions were sent.
    pub sent: u32,
    /// So many were answered.
    pub answered: u32,
    /// There and back, of the middle one.
    pub round_trip_ms: u64,
    /// There and back, of the slowest.
    pub slowest_ms: u64,
}

impl Packets {
    /// The share that was lost on one of the two ways, 0 to 1.
    pub fn loss(&self) -> f32 {
        if self.sent == 0 {
            return 0.0;
        }
        1.0 - self.answered.min(self.sent) as f32 / self.sent as f32
    }

    /// There and back.
    pub fn round_trip(&self) -> Duration {
        Duration::from_millis(self.round_trip_ms)
    }
}

/// What is known of how fast the link to the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
    /// It was measured.
    AtLeast(Rates),
    /// Nobody asked who may: there is no link and no account.
    NotAsked,
    /// Too much was measured from this network just now.
    TooOften,
    /// There was no answer, or the server knows no such question.
    NoAnswer,
}

/// How fast the link to the server is at least, each way by itself; in bits a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rates {
    /// From here.
    pub up: DataRate,
    /// To here.
    pub down: DataRate,
}

/// A device that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceTrial {
    /// Which.
    pub kind: DeviceKind,
    /// What came of it.
    pub outcome: DeviceOutcome,
    /// What it gave, for who looks after it: the format of a camera, the level of a microphone.
    pub detail: String,
}

/// What came of trying a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceOutcome {
    /// It works.
    Works,
    /// A microphone that gives nothing but silence: a switch, or a setting of the system's.
    Silent,
    /// It does not work.
    Trouble(DeviceTrouble),
    /// It is not wanted.
    Unwanted,
}

impl Outcome {
    /// Whether it was answered.
    pub fn works(self) -> bool {
        matches!(self, Self::Works { .. })
    }
}

impl Findings {
    /// The way that the app itself takes.
    pub fn own_way(&self, rung: Rung) -> Way {
        match rung {
            Rung::Stun | Rung::RelayUdp => Way::Straight,
            Rung::Https | Rung::RelayTcp | Rung::RelayTls if self.proxy.is_some() => Way::Proxy,
            Rung::Https | Rung::RelayTcp | Rung::RelayTls => Way::Straight,
        }
    }

    /// Whether something works by the way that the app takes.
    pub fn works(&self, rung: Rung) -> bool {
        self.works_by(rung, self.own_way(rung))
    }

    /// Whether it works by this way.
    pub fn works_by(&self, rung: Rung, way: Way) -> bool {
        self.of(rung, way).any(|trial| trial.outcome.works())
    }

    /// Why something does not work by the way that the app takes; `None` if it does, or was not tried.
    pub fn fault(&self, rung: Rung) -> Option<Fault> {
        if self.works(rung) {
            return None;
        }
        let faults = self.of(rung, self.own_way(rung)).filter_map(|trial| match trial.outcome {
            Outcome::Fails { why } => Some(why),
            Outcome::Works { .. } => None,
        });
        // Of several addresses an answer says more than silence, and silence more than an address of a family that is not there.
        faults.max_by_key(|fault| match fault {
            Fault::NoRoute => 0,
            Fault::Silent => 1,
            _ => 2,
        })
    }

    /// What was tried of this rung by this way.
    fn of(&self, rung: Rung, way: Way) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(move |trial| trial.rung == rung && trial.way == way)
    }
}
