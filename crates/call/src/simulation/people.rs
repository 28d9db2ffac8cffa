//! The two apps as they are made, and what a test changes of that.

use rand::SeedableRng;
use rand::rngs::StdRng;
use trust::{DeviceIdentity, Epoch, KnownDevices, Link, PatientDevice, UnixTime};
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
            invite: HostInvite { invite: INVITE, secret: secret(), visit: VISIT, not_after, patient: Some([5; 32]) },
            link,
            least_epoch: Epoch::default(),
            patient: Some([21; 32]),
            known_by_host: KnownDevices::default(),
            known_by_guest: KnownDevices::default(),
            guest_day: DAY,
        }
    }
}

impl People {
    pub(crate) fn host(&self, seed: u64) -> Call {
        let (device, invites) = (self.device.clone(), vec![self.invite.clone()]);
        let config = CallConfig::new(Party::Host { device, visit: VISIT, invites }, media(), DAY);
        call(CallConfig { known: self.known_by_host.clone(), ..config }, seed)
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
