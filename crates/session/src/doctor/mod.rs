//! The check before a visit: every way to the clinic, the rate of the link, the devices.
//!
//! What is found comes to a verdict in [`judge`], and to sentences in the program. This only finds out: every way is tried
//! at once and each by its own time limit, and who wants to show it hears of everything when it is known. Nothing is joined, and
//! nobody in the visit hears of it.

mod devices;
mod link;
mod quiet;
mod rungs;

use std::net::SocketAddr;
use std::sync::Arc;

pub use ::doctor::{
    Checked, DeviceTrial, Fault, Findings, LinkState, Note, Outcome, Packets, Rate, Rates, Reason, Relay, Rung, Trial,
    Verdict, Way, Works, judge,
};
use signaling_client::SignalingClient;
use tokio::sync::mpsc;
use trust::{Link, ServerAddress};
use units::DeviceKind;

pub(crate) use quiet::QuietCheck;

use crate::headless::{Account, InputError, Pin, client, runtime, server_address};
use crate::network::has_way_out;
use crate::proxies::{ProxyChoice, ProxyFinder};
use crate::{CameraChoice, MicrophoneChoice, SpeakerChoice};

/// What is checked.
#[derive(Debug)]
pub struct DoctorConfig {
    /// By what the clinic is known.
    pub clinic: Clinic,
    /// The camera, opened for a moment.
    pub camera: CameraChoice,
    /// The microphone, listened to for a moment.
    pub microphone: MicrophoneChoice,
    /// The loudspeaker, on which silence is played.
    pub speaker: SpeakerChoice,
    /// By way of which proxies the server is reached.
    pub proxies: ProxyChoice,
}

/// By what the clinic is known.
#[derive(Debug)]
pub enum Clinic {
    /// A visit's link, which is also asked whether it leads somewhere.
    Link(Link),
    /// The server's address: ways alone, no rate.
    Server {
        /// `https://host[:port]`
        address: String,
        /// Its certificate; without it the platform's roots decide.
        pin: Option<Pin>,
    },
    /// Who works there: ways and rate.
    Account(Account),
}

/// What has just been found out.
#[derive(Debug, Clone)]
pub enum DoctorEvent {
    /// A way was tried.
    Trial(Trial),
    /// Packets were counted.
    Packets(Packets),
    /// The rate was measured.
    Rates(Rates),
    /// A device was tried.
    Device(DeviceTrial),
}

/// Hears what is found out, from any thread; returns at once.
pub type TellDoctor = Arc<dyn Fn(&DoctorEvent) + Send + Sync>;

/// Checks everything; for programs without a runtime.
///
/// # Errors
/// [`InputError`] when something that was given cannot be used. What does not work is in the [`Findings`].
pub fn run(config: DoctorConfig, tell: TellDoctor) -> Result<Findings, InputError> {
    let runtime = runtime()?;
    let findings = runtime.block_on(examine(config, tell));
    // A device that does not come back from being opened keeps nobody.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    findings
}

/// Checks everything, within some ten seconds.
///
/// # Errors
/// As [`run`].
pub async fn examine(config: DoctorConfig, tell: TellDoctor) -> Result<Findings, InputError> {
    let DoctorConfig { clinic, camera, microphone, speaker, proxies } = config;
    let devices = tokio::spawn(devices::try_all(camera, microphone, speaker, tell.clone()));
    let (address, client) = clinic.server(proxies)?;
    let mut findings = findings_of(&address, &client).await;
    network(&clinic, &client, &mut findings, &tell).await?;
    findings.devices = devices.await.unwrap_or_default();
    findings.devices.sort_by_key(|device| DeviceKind::ALL.iter().position(|kind| *kind == device.kind));
    Ok(findings)
}

impl Clinic {
    fn server(&self, proxies: ProxyChoice) -> Result<(ServerAddress, SignalingClient), InputError> {
        let (address, pin) = match self {
            Self::Link(link) => (link.server.clone(), link.pin),
            Self::Server { address, pin } => (server_address(address)?, pin.map(|pin| pin.0)),
            Self::Account(account) => (account.address()?, account.pin.map(|pin| pin.0)),
        };
        let client = client(ProxyFinder::new(proxies), &address, pin.as_ref())?;
        Ok((address, client))
    }
}

/// Nothing is known yet.
async fn findings_of(address: &ServerAddress, client: &SignalingClient) -> Findings {
    let (host, port) = (client.host(), address.port());
    let (proxy, proxy_script) = match client.dialer().proxy(&host, port).await {
        Ok(proxy) => (proxy, None),
        Err(fault) => (None, Some(fault)),
    };
    Findings {
        proxy,
        proxy_script,
        phone: None,
        host,
        port,
        has_way_out: has_way_out(),
        relay_only: false,
        trials: Vec::new(),
        relay: Relay::Unknown,
        link: LinkState::Unknown,
        packets: None,
        rate: Rate::NotAsked,
        clock_ahead_secs: None,
        devices: Vec::new(),
    }
}

/// First who answers, all at once; then what the link does, one after the other: neither is to disturb the other's measure.
async fn network(
    clinic: &Clinic,
    client: &SignalingClient,
    findings: &mut Findings,
    tell: &TellDoctor,
) -> Result<(), InputError> {
    let (found, mut trials) = mpsc::unbounded_channel();
    let server = rungs::Server::new(client, findings);
    let ways = server.try_all(found.clone());
    let health = link::health(client, &server, found);
    let collect = async {
        let mut all = Vec::new();
        while let Some(trial) = trials.recv().await {
            tell(&DoctorEvent::Trial(Trial::clone(&trial)));
            all.push(trial);
        }
        all
    };
    let ((), clock_ahead_secs, all) = tokio::join!(ways, health, collect);
    (findings.trials, findings.clock_ahead_secs) = (all, clock_ahead_secs);
    if findings.works(Rung::Https) {
        let mut measuring = link::Measuring::begin(clinic, client).await?;
        findings.link = measuring.link();
        findings.phone = client.phone();
        if let Some(relays) = measuring.relays() {
            findings.relay = if relays.is_empty() { Relay::None } else { Relay::There };
            for trial in server.try_others(relays, &mut findings.trials).await {
                tell(&DoctorEvent::Trial(trial.clone()));
                findings.trials.push(trial);
            }
        }
        findings.packets = count_packets(findings, &**tell).await;
        findings.rate = measuring.rate().await;
        if let Rate::AtLeast(rates) = findings.rate {
            tell(&DoctorEvent::Rates(rates));
        }
    } else {
        findings.packets = count_packets(findings, &**tell).await;
    }
    // In the order in which they are needed.
    findings.trials.sort_by_key(|trial| (trial.rung as u8, trial.way as u8));
    Ok(())
}

async fn count_packets(findings: &Findings, tell: &(dyn Fn(&DoctorEvent) + Send + Sync)) -> Option<Packets> {
    let answers = |trial: &&Trial| trial.rung == Rung::Stun && trial.outcome.works();
    let with: SocketAddr = findings.trials.iter().find(answers)?.with.parse().ok()?;
    let packets = rungs::count(with).await?;
    tell(&DoctorEvent::Packets(packets));
    Some(packets)
}
