//! The peer connections of a visit: one task each, which does the engine's commands in their order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use call::{PeerCommand, PeerInput, Preferences};
use peer::{BulkStreams, Certificate, Peer, PeerConfig, PeerError, PeerEvent, PeerStats, PeerStreams};
use signaling_client::SignalingClient;
use signaling_protocol::{EndpointId, IceServer};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use units::Clock;

use crate::media::PacketReceiver;
use crate::network::Change;
use crate::relays::{RelayDialing, clinics_own};

/// Commands that wait for a connection. `Block` does not fit a decider, so a full queue closes the connection.
const COMMANDS: usize = 256;
/// Inputs that wait for the engine. `Block`: the engine is quick, and an input must not be lost.
const INPUTS: usize = 1024;
/// Making an offer or an answer is local work; one that takes longer is a fault.
const NEGOTIATION_TIMEOUT: Duration = Duration::from_secs(10);

/// What a connection says, with the number of the connection that says it.
#[derive(Debug)]
pub(crate) struct FromPeer {
    endpoint: EndpointId,
    number: u64,
    what: Said,
}

#[derive(Debug)]
enum Said {
    Input(PeerInput),
    KeyFrameWanted,
}

/// What the driver does with what a connection said.
#[derive(Debug)]
pub(crate) enum Heard {
    Input(EndpointId, PeerInput),
    KeyFrameWanted,
}

/// What came of a command at once; the rest comes by and by.
pub(crate) enum Done {
    Nothing,
    /// Media is open: the media threads take it from here.
    Opened(Opened),
    /// There is no such connection, or none could be made.
    Failed,
}

/// The connection whose media is open, handed to the media threads.
pub(crate) struct Opened {
    pub(crate) peer: Arc<Peer>,
    pub(crate) voice: PacketReceiver,
    pub(crate) picture: PacketReceiver,
    pub(crate) bulk: BulkStreams,
}

/// All connections of this visit.
pub(crate) struct PeerHub {
    clock: Clock,
    preferences: Preferences,
    /// Knows how quickly the clinic's server answers this device.
    client: SignalingClient,
    connections: HashMap<EndpointId, Connection>,
    /// The number of the connection that was last opened to each, whether that came about or not.
    newest: HashMap<EndpointId, u64>,
    next_number: u64,
    /// One for all: who was once compared with us knows us by it. Made with the first connection.
    certificate: Option<Certificate>,
    include_loopback: bool,
    inputs: mpsc::Sender<FromPeer>,
    closing: JoinSet<()>,
}

/// The connection in use, and its figures.
pub(crate) struct Active {
    pub(crate) endpoint: EndpointId,
    /// Which of this visit's connections: figures begin anew with each.
    pub(crate) number: u64,
    pub(crate) stats: PeerStats,
    pub(crate) peer: Arc<Peer>,
}

struct Connection {
    number: u64,
    commands: mpsc::Sender<PeerCommand>,
    peer: Arc<Peer>,
    /// Until the media threads have them.
    packets: Option<(PacketReceiver, PacketReceiver, BulkStreams)>,
    media_open: bool,
    obeying: JoinHandle<()>,
}

impl Connection {
    fn command(&mut self, command: PeerCommand) -> Done {
        match command {
            PeerCommand::OpenMedia => {
                self.peer.set_media_open(true);
                self.media_open = true;
                match self.packets.take() {
                    Some((voice, picture, bulk)) => {
                        Done::Opened(Opened { peer: self.peer.clone(), voice, picture, bulk })
                    }
                    None => Done::Nothing,
                }
            }
            PeerCommand::CloseMedia => {
                self.peer.set_media_open(false);
                self.media_open = false;
                Done::Nothing
            }
            PeerCommand::SetWanted(wanted) => {
                self.peer.set_wanted(wanted);
                Done::Nothing
            }
            other => match self.commands.try_send(other) {
                Ok(()) => Done::Nothing,
                Err(_full) => Done::Failed,
            },
        }
    }

    /// Closes at once: the engine has given a `bye` its time.
    async fn close(self) {
        self.peer.set_media_open(false);
        self.obeying.abort();
        self.peer.close().await;
    }
}

impl PeerHub {
    /// No connection yet; with `include_loopback` the other side may be on this very machine.
    pub(crate) fn new(
        clock: Clock,
        preferences: Preferences,
        client: SignalingClient,
        include_loopback: bool,
    ) -> (Self, mpsc::Receiver<FromPeer>) {
        let (inputs, receiver) = mpsc::channel(INPUTS);
        let hub = Self {
            clock,
            preferences,
            client,
            connections: HashMap::new(),
            newest: HashMap::new(),
            next_number: 0,
            certificate: None,
            include_loopback,
            inputs,
            closing: JoinSet::new(),
        };
        (hub, receiver)
    }

    /// Does `command`.
    pub(crate) async fn command(&mut self, endpoint: EndpointId, command: PeerCommand) -> Done {
        match command {
            PeerCommand::Open { ice, offerer: _, relay_only } => {
                self.close(endpoint);
                self.open(endpoint, ice, relay_only).await
            }
            PeerCommand::Close => {
                self.close(endpoint);
                Done::Nothing
            }
            other => match self.connections.get_mut(&endpoint) {
                None => Done::Failed,
                Some(connection) => match connection.command(other) {
                    Done::Failed => {
                        tracing::error!("a connection does not keep up with its commands and is closed");
                        self.close(endpoint);
                        Done::Failed
                    }
                    done => done,
                },
            },
        }
    }

    /// What a connection said, unless it was closed meanwhile.
    pub(crate) fn heard(&self, from: FromPeer) -> Option<Heard> {
        (self.newest.get(&from.endpoint) == Some(&from.number)).then_some(match from.what {
            Said::Input(input) => Heard::Input(from.endpoint, input),
            Said::KeyFrameWanted => Heard::KeyFrameWanted,
        })
    }

    /// Whether media is open to this endpoint.
    pub(crate) fn is_active(&self, endpoint: EndpointId) -> bool {
        self.connections.get(&endpoint).is_some_and(|connection| connection.media_open)
    }

    /// The connection whose media is open.
    pub(crate) fn active(&self) -> Option<Active> {
        let (endpoint, connection) = self.connections.iter().find(|(_, connection)| connection.media_open)?;
        let peer = connection.peer.clone();
        Some(Active { endpoint: *endpoint, number: connection.number, stats: peer.stats(), peer })
    }

    /// Those whose path does not outlive this change of the network.
    pub(crate) fn killed_by(&self, change: &Change) -> Vec<EndpointId> {
        let has_died =
            |connection: &Connection| connection.peer.stats().path.is_some_and(|path| change.kills(path.leaves_by));
        self.connections.iter().filter(|(_, it)| has_died(it)).map(|(endpoint, _)| *endpoint).collect()
    }

    /// Closes all connections and waits until they are closed.
    pub(crate) async fn finish(mut self) {
        for (_, connection) in std::mem::take(&mut self.connections) {
            self.closing.spawn(connection.close());
        }
        while self.closing.join_next().await.is_some() {}
    }

    async fn open(&mut self, endpoint: EndpointId, ice: Vec<IceServer>, relay_only: bool) -> Done {
        let number = self.next_number;
        self.next_number += 1;
        self.newest.insert(endpoint, number);
        let certificate = match self.certificate.take().map_or_else(Certificate::generate, Ok) {
            Ok(certificate) => self.certificate.insert(certificate).clone(),
            Err(error) => {
                tracing::error!(%error, "a certificate could not be made");
                return Done::Failed;
            }
        };
        let config = PeerConfig {
            certificate: Some(certificate),
            ice_servers: clinics_own(ice, &self.client.host()),
            max_rate: self.preferences.max_rate,
            relay_dialer: Some(Arc::new(RelayDialing(self.client.dialer()))),
            relay_only,
            server_round_trip: self.client.round_trip(),
            include_loopback: self.include_loopback,
            ..PeerConfig::default()
        };
        let (commands, todo) = mpsc::channel(COMMANDS);
        let clinic = self.client.host();
        let say = Voice { endpoint, number, inputs: self.inputs.clone() };
        match Peer::open(config, self.clock).await {
            Ok((peer, PeerStreams { events, voice, picture, bulk })) => {
                let peer = Arc::new(peer);
                tokio::spawn(forward(events, say.clone()));
                let obeying = tokio::spawn(obey(peer.clone(), clinic, todo, say));
                let packets = Some((voice, picture, bulk));
                self.connections
                    .insert(endpoint, Connection { number, commands, peer, packets, media_open: false, obeying });
                Done::Nothing
            }
            Err(error) => {
                tracing::error!(%error, "a connection could not be opened");
                Done::Failed
            }
        }
    }

    fn close(&mut self, endpoint: EndpointId) {
        self.newest.remove(&endpoint);
        if let Some(connection) = self.connections.remove(&endpoint) {
            while self.closing.try_join_next().is_some() {}
            self.closing.spawn(connection.close());
        }
    }
}

#[derive(Clone)]
struct Voice {
    endpoint: EndpointId,
    number: u64,
    inputs: mpsc::Sender<FromPeer>,
}

impl Voice {
    async fn input(&self, input: PeerInput) -> bool {
        self.say(Said::Input(input)).await
    }

    async fn say(&self, what: Said) -> bool {
        self.inputs.send(FromPeer { endpoint: self.endpoint, number: self.number, what }).await.is_ok()
    }
}

/// Does commands in their order; an answer to one goes back as an input.
async fn obey(peer: Arc<Peer>, clinic: String, mut commands: mpsc::Receiver<PeerCommand>, say: Voice) {
    while let Some(command) = commands.recv().await {
        let done = tokio::time::timeout(NEGOTIATION_TIMEOUT, obey_one(&peer, &clinic, command)).await;
        let input = match done {
            Ok(Ok(None)) => continue,
            Ok(Ok(Some(input))) => input,
            Ok(Err(error)) if is_refusal(&error) => refused(&error),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a step of the negotiation failed");
                PeerInput::Failed
            }
            Err(_too_long) => {
                tracing::warn!("a step of the negotiation took too long");
                PeerInput::Failed
            }
        };
        if !say.input(input).await {
            break;
        }
    }
}

/// Whether the other side's parameters were not safe, rather than our attempt having failed.
fn is_refusal(error: &PeerError) -> bool {
    matches!(
        error,
        PeerError::NoEncryption | PeerError::WrongRole | PeerError::FingerprintChanged | PeerError::FingerprintMismatch
    )
}

/// Who shows another certificate than was announced has a name of their own.
fn refused(error: &PeerError) -> PeerInput {
    match error {
        PeerError::FingerprintMismatch => PeerInput::AnotherCertificate,
        other => PeerInput::Refused(other.to_string()),
    }
}

async fn obey_one(peer: &Peer, clinic: &str, command: PeerCommand) -> Result<Option<PeerInput>, PeerError> {
    match command {
        PeerCommand::CreateOffer { restart } => Ok(Some(PeerInput::Offer(peer.create_offer(restart).await?))),
        PeerCommand::AcceptOffer(offer) => Ok(Some(PeerInput::Answer(peer.accept_offer(offer).await?))),
        PeerCommand::AcceptAnswer(answer) => peer.accept_answer(answer).await.map(|()| None),
        PeerCommand::AddCandidates(candidates) => peer.add_candidates(candidates).await.map(|()| None),
        PeerCommand::SetIceServers(servers) => {
            if let Err(error) = peer.set_ice_servers(clinics_own(servers, clinic)).await {
                // The present path goes on, and the next one is looked for as this one was.
                tracing::warn!(%error, "other servers for finding a path were not taken");
            }
            Ok(None)
        }
        PeerCommand::SendControl(bytes) => {
            if let Err(error) = peer.send_control(bytes).await {
                // The engine sees the channel close; a word that was lost with it needs no second fault.
                tracing::debug!(%error, "a control message was not sent");
            }
            Ok(None)
        }
        PeerCommand::Open { .. }
        | PeerCommand::OpenMedia
        | PeerCommand::CloseMedia
        | PeerCommand::SetWanted(_)
        | PeerCommand::Close => Ok(None),
    }
}

async fn forward(mut events: mpsc::Receiver<PeerEvent>, say: Voice) {
    while let Some(event) = events.recv().await {
        let what = match event {
            PeerEvent::Candidate(candidate) => Said::Input(PeerInput::Candidates(vec![candidate])),
            PeerEvent::CandidatesEnded => Said::Input(PeerInput::CandidatesEnded),
            PeerEvent::IceConnected => Said::Input(PeerInput::IceConnected),
            PeerEvent::DtlsConnected { remote_fingerprint } => {
                Said::Input(PeerInput::DtlsConnected { remote_fingerprint })
            }
            PeerEvent::Disconnected => Said::Input(PeerInput::Disconnected),
            PeerEvent::Failed => Said::Input(PeerInput::Failed),
            PeerEvent::ControlOpened => Said::Input(PeerInput::ControlOpened),
            PeerEvent::Control(bytes) => Said::Input(PeerInput::Control(bytes)),
            PeerEvent::ControlClosed => Said::Input(PeerInput::ControlClosed),
            PeerEvent::Estimate { target, loss, voice_loss, loss_follows_loss, round_trip } => {
                Said::Input(PeerInput::Estimate { target, loss, voice_loss, loss_follows_loss, round_trip })
            }
            PeerEvent::Refused(why) => Said::Input(refused(&why)),
            PeerEvent::KeyFrameWanted => Said::KeyFrameWanted,
        };
        if !say.say(what).await {
            break;
        }
    }
}
