//! The two apps as they are made, and what a test changes of that.

use rand::SeedableRng;
use rand::rngs::StdRng;
use signaling_protocol::GuestRole;
use trust::{
    ConnectionParameters, DeviceIdentity, DtlsFingerprint, Epoch, Extensions, IceCredentials, KnownDevices, Link,
    PatientDevice, PictureParameters, Setup, SrtpProfile, UnixTime, VoiceParameters,
};
use units::PictureSize;

use super::{DAY, INVITE, VISIT, device, epoch, secret};
use crate::{Call, CallConfig, CameraFormat, HostInvite, MediaConfig, Party};

/// What the two are made of.
pub(crate) struct People {
    pub(crate) device: DeviceIdentity,
    pub(crate) invite: HostInvite,
    pub(crate) link: Link,
    pub(crate) least_epoch: Epoch,
    pub(crate) patient: Option<[u8; 32]>,
    pub(crate) known_by_host: KnownDevices,
    pub(crate) known_by_guest: KnownDevices,
    /// How long the host's visits take at most.
    pub(crate) longest: Option<std::time::Duration>,
    /// The server's clock.
    pub(crate) server_day: UnixTime,
    /// The guest's clock.
    pub(crate) guest_day: UnixTime,
}

impl Default for People {
    fn default() -> Self {
        let link = Link {
            server: "clinic.example".parse().expect("a name"),
            app_only: false,
            invite: INVITE,
            secret: secret(),
            clinic_key: device().clinic(),
            epoch: Some(epoch().0),
            pin: None,
        };
        let not_after = DAY.plus(3_600);
        Self {
            device: device(),
            invite: HostInvite {
                invite: INVITE,
                secret: secret(),
                visit: VISIT,
                not_after,
                patient: Some([5; 32]),
                code: None,
                role: GuestRole::Patient,
            },
            link,
            least_epoch: Epoch::default(),
            patient: Some([21; 32]),
            known_by_host: KnownDevices::default(),
            known_by_guest: KnownDevices::default(),
            longest: None,
            server_day: DAY,
            guest_day: DAY,
        }
    }
}

impl People {
    pub(crate) fn host(&self, seed: u64) -> Call {
        let (device, invites) = (self.device.clone(), vec![self.invite.clone()]);
        let config = CallConfig::new(Party::Host { device, visit: VISIT, invites }, media(), DAY);
        call(CallConfig { known: self.known_by_host.clone(), longest: self.longest, ..config }, seed)
    }

    pub(crate) fn guest(&self, seed: u64) -> Call {
        let device = self.patient.map(|secret| PatientDevice::for_clinic(&secret, &self.link.clinic_key));
        let party = Party::Guest { link: self.link.clone(), device, least_epoch: self.least_epoch };
        let config = CallConfig::new(party, media(), self.guest_day);
        call(CallConfig { known: self.known_by_guest.clone(), ..config }, seed)
    }
}

fn media() -> MediaConfig {
    let camera = Some(CameraFormat { size: PictureSize::new(640, 360), fps: 30 });
    MediaConfig { sends_voice: true, camera, receives_picture: true }
}

fn call(config: CallConfig, seed: u64) -> Call {
    Call::new(config, Box::new(StdRng::seed_from_u64(seed)))
}

/// What a connection of this certificate says of itself.
pub(crate) fn parameters(certificate: u8, number: u32, generation: u8, setup: Setup) -> ConnectionParameters {
    let ssrc = number * 8;
    ConnectionParameters {
        ice: IceCredentials::new(&format!("uf{certificate}x{number}x{generation}"), "apasswordofmorethan22chars")
            .expect("characters of ICE"),
        fingerprint: DtlsFingerprint([certificate; 32]),
        setup,
        srtp: vec![SrtpProfile::AeadAes256Gcm, SrtpProfile::AeadAes128Gcm],
        voice: VoiceParameters { payload_type: 111, red_payload_type: Some(63), ssrc: ssrc + 1 },
        picture: PictureParameters {
            payload_type: 102,
            ssrc: ssrc + 2,
            rtx_payload_type: 103,
            rtx_ssrc: ssrc + 3,
            profile_level_id: [0x42, 0xe0, 0x1f],
        },
        extensions: Extensions { mid: 1, transport_cc: 2 },
    }
}
