//! Setting up the library: one connection, its interceptors, its sockets and its tracks.

use std::sync::Arc;

use congestion::EstimatorConfig;
use rtc::interceptor::{ReceiverReportBuilder, Registry, SenderReportBuilder, Slot};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::RTCIceTransportPolicy;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RTCRtpRtxParameters, RtpCodecKind,
};
use tokio::sync::mpsc;
use units::Clock;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{PeerConnection, PeerConnectionBuilder, RTCConfiguration, RTCConfigurationBuilder};
use webrtc::runtime::default_runtime;

use crate::bridge::Bridge;
use crate::handler::{Forward, LibraryEvent};
use crate::relay::{RelayRuntime, Relays};
use crate::repeating_runtime::{Repeaters, RepeatingRuntime};
use crate::shared::Shared;
use crate::{Certificate, IceServer, PeerConfig, PeerError, control, engine};

/// The library's connection, set up as we want it. Nothing is sent yet.
pub(crate) async fn build(
    config: &PeerConfig,
    clock: Clock,
    shared: Arc<Shared>,
    library: mpsc::Sender<LibraryEvent>,
    repeaters: Repeaters,
    relays: Arc<Relays>,
) -> Result<Arc<dyn PeerConnection>, PeerError> {
    let runtime = default_runtime().ok_or_else(|| engine::setup("no runtime"))?;
    let defaults = EstimatorConfig::default();
    let max = config.max_rate.unwrap_or(defaults.max).max(defaults.min);
    let estimator = EstimatorConfig { min: defaults.min, start: config.start_rate.clamp(defaults.min, max), max };
    // Wire-most to application-most: the bridge, then the stock reports of RFC 3550.
    let registry = Registry::new()
        .with(Slot::CongestionControl, Bridge::new(shared, clock, estimator, sequence()?))
        .with(Slot::ReceiverReport, ReceiverReportBuilder::new().build())
        .with(Slot::SenderReport, SenderReportBuilder::new().build());
    let mut addresses = vec!["0.0.0.0:0".to_owned(), "[::]:0".to_owned()];
    if config.include_loopback {
        addresses.push("127.0.0.1:0".to_owned());
    }
    let runtime = Arc::new(RelayRuntime::new(runtime, relays.clone()));
    let connection = PeerConnectionBuilder::new()
        .with_configuration(configuration(config, &relays, &config.ice_servers))
        .with_media_engine(engine::media_engine()?)
        .with_setting_engine(engine::setting_engine(config))
        .with_interceptor_registry(registry)
        .with_handler(Arc::new(Forward(library)))
        .with_runtime(Arc::new(RepeatingRuntime::new(runtime, repeaters)))
        .with_udp_addrs(addresses)
        .with_data_channel_send_buffer_limit(control::SEND_BUFFER)
        .build()
        .await
        .map_err(engine::setup)?;
    Ok(Arc::new(connection))
}

/// The library's configuration with these servers.
pub(crate) fn configuration(config: &PeerConfig, relays: &Relays, servers: &[IceServer]) -> RTCConfiguration {
    let policy = if config.relay_only { RTCIceTransportPolicy::Relay } else { RTCIceTransportPolicy::All };
    let certificates = config.certificate.clone().map(Certificate::into_library).into_iter().collect();
    RTCConfigurationBuilder::new()
        .with_ice_servers(relays.for_library(servers))
        .with_ice_transport_policy(policy)
        .with_certificates(certificates)
        .build()
}

/// A track that takes finished RTP packets.
pub(crate) fn track(
    name: &str,
    kind: RtpCodecKind,
    codec: RTCRtpCodec,
    ssrc: u32,
    rtx_ssrc: Option<u32>,
) -> Arc<TrackLocalStaticRTP> {
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters {
            ssrc: Some(ssrc),
            rtx: rtx_ssrc.map(|ssrc| RTCRtpRtxParameters { ssrc }),
            ..RTCRtpCodingParameters::default()
        },
        codec,
        active: true,
        ..RTCRtpEncodingParameters::default()
    };
    let track = MediaStreamTrack::new("local".into(), format!("local-{name}"), name.into(), kind, vec![coding]);
    Arc::new(TrackLocalStaticRTP::new(track))
}

/// Three random sources, not zero and all different (RFC 3550, section 8).
pub(crate) fn sources() -> Result<[u32; 3], PeerError> {
    loop {
        let sources = [random()?, random()?, random()?];
        let [a, b, c] = sources;
        if !sources.contains(&0) && a != b && b != c && a != c {
            return Ok(sources);
        }
    }
}

/// Where numbering starts: below the half, so that it does not wrap before the other side has seen a packet
/// (RFC 3711, section 3.3.1: the rollover counter is guessed from the first).
pub(crate) fn sequence() -> Result<u16, PeerError> {
    Ok((random()? & 0x7fff) as u16)
}

fn random() -> Result<u32, PeerError> {
    getrandom::u32().map_err(engine::setup)
}
