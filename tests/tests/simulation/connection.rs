//! The model of a peer connection: descriptions that must match, delays, a gate, a path that comes and goes.

use signaling_protocol::EndpointId;
use trust::{
    Candidate, CandidateKind, ConnectionParameters, DtlsFingerprint, Extensions, IceCredentials, PictureParameters,
    Setup, SrtpProfile, Transport, VoiceParameters,
};
use units::Timestamp;

/// One end of a connection, in one app.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The app whose end this is.
    pub(crate) app: usize,
    /// To whom.
    pub(crate) to: EndpointId,
    /// Unique; certificate and sources follow from it.
    pub(crate) number: u16,
    pub(crate) open: bool,
    /// It could not be made.
    pub(crate) is_broken: bool,
    pub(crate) local: Option<ConnectionParameters>,
    /// An offered restart of ICE, which is in force when it is answered.
    unanswered: Option<ConnectionParameters>,
    pub(crate) remote: Option<ConnectionParameters>,
    pub(crate) has_candidates: bool,
    restarts: u16,
    /// The other end, once the two have found each other.
    pub(crate) other: Option<usize>,
    pub(crate) stage: Stage,
    /// Whether the two are about to meet.
    pub(crate) meeting: bool,
    /// The credentials by which the two found each other last.
    pub(crate) met_with: Option<(String, String)>,
    /// The address changed, or another path is looked for: this one is dead until the other is found.
    pub(crate) stale: bool,
    pub(crate) gate_open: bool,
    pub(crate) last_heard: Timestamp,
    pub(crate) said_silent: bool,
    pub(crate) said_disconnected: bool,
    pub(crate) heard_first: bool,
    /// When the last message of the control channel arrives at the other end: it keeps its order.
    pub(crate) last_control: Timestamp,
}

/// How far the two ends have come with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Apart,
    Ice,
    Dtls,
    Control,
}

impl Connection {
    pub(crate) fn new(app: usize, to: EndpointId, number: u16) -> Self {
        Self {
            app,
            to,
            number,
            open: true,
            is_broken: false,
            local: None,
            unanswered: None,
            remote: None,
            has_candidates: false,
            restarts: 0,
            other: None,
            stage: Stage::Apart,
            meeting: false,
            met_with: None,
            stale: false,
            gate_open: false,
            last_heard: Timestamp::ZERO,
            said_silent: false,
            said_disconnected: false,
            heard_first: false,
            last_control: Timestamp::ZERO,
        }
    }

    /// Offers itself, or another path.
    pub(crate) fn offer(&mut self, restart: bool) -> ConnectionParameters {
        let parameters = self.describe(Setup::ActPass);
        *if restart { &mut self.unanswered } else { &mut self.local } = Some(parameters.clone());
        parameters
    }

    /// Answers an offer. The library gives the old path up before it has another.
    pub(crate) fn answer(&mut self, offer: ConnectionParameters) -> ConnectionParameters {
        self.stale |= self.remote.is_some();
        let parameters = self.describe(Setup::Active);
        self.local = Some(parameters.clone());
        self.remote = Some(offer);
        parameters
    }

    pub(crate) fn accept_answer(&mut self, answer: ConnectionParameters) {
        if let Some(offered) = self.unanswered.take() {
            self.local = Some(offered);
            self.stale = true;
        }
        self.remote = Some(answer);
    }

    /// Another set of credentials, the same certificate and sources.
    fn describe(&mut self, setup: Setup) -> ConnectionParameters {
        self.restarts += 1;
        let first = u32::from(self.number) * 4;
        ConnectionParameters {
            ice: IceCredentials::new(
                &format!("u{:04x}{:04x}", self.number, self.restarts),
                "apasswordofmorethan22chars",
            )
            .unwrap(),
            fingerprint: self.fingerprint(),
            setup,
            srtp: vec![SrtpProfile::AeadAes256Gcm],
            voice: VoiceParameters { payload_type: 111, red_payload_type: Some(63), ssrc: first + 1 },
            picture: PictureParameters {
                payload_type: 102,
                ssrc: first + 2,
                rtx_payload_type: 103,
                rtx_ssrc: first + 3,
                profile_level_id: [0x42, 0xe0, 0x1f],
            },
            extensions: Extensions { mid: 1, transport_cc: 2 },
        }
    }

    pub(crate) fn fingerprint(&self) -> DtlsFingerprint {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&self.number.to_be_bytes());
        DtlsFingerprint(bytes)
    }

    pub(crate) fn candidate(&self) -> Candidate {
        Candidate {
            foundation: "1".parse().unwrap(),
            component: 1,
            transport: Transport::Udp,
            priority: 2_130_706_431,
            address: [192, 0, 2, 1].into(),
            port: 10_000 + self.number,
            kind: CandidateKind::Host,
            related: None,
        }
    }
}

/// Whether each has taken what the other described last.
pub(crate) fn match_each_other(one: &Connection, other: &Connection) -> bool {
    let ice = |parameters: &Option<ConnectionParameters>| parameters.as_ref().map(|known| known.ice.clone());
    let fits = |local, remote| ice(local).is_some() && ice(local) == ice(remote);
    one.open
        && other.open
        && fits(&one.local, &other.remote)
        && fits(&other.local, &one.remote)
        && (one.has_candidates || other.has_candidates)
}
