//! A clinic that is new in every test: its keys, a clinician's device, a link, a visit.

use ::clinic::{IssuingKey, RecoverySecret};
use rand::rngs::StdRng;
use rand::{RngExt as _, make_rng};
use signaling_protocol::{InviteId, VisitId};
use trust::{
    Capabilities, DeviceFacts, DeviceIdentity, DeviceKeys, DeviceRole, Epoch, Expected, InviteSecret, Link, OwnBundle,
    PeerBundle, UnixTime, Validity, name_hash,
};

/// What a clinic and its patient hold.
pub(crate) struct Clinic {
    pub(crate) sheet: String,
    pub(crate) issuer: IssuingKey,
    pub(crate) device_secret: [u8; 32],
    pub(crate) device: DeviceIdentity,
    pub(crate) chain: Vec<u8>,
    pub(crate) salt: [u8; 16],
    pub(crate) visit: VisitId,
    pub(crate) invite_secret: [u8; 32],
    pub(crate) link: Link,
}

pub(crate) const NAME: &str = "Dr Zoë Ångström ✓";
pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);
pub(crate) const SERIAL: u64 = u64::MAX - 5;
pub(crate) const GENERATION: u16 = 0x8007;
pub(crate) const COUNTER: u16 = 3;

impl Clinic {
    /// All of it drawn anew.
    pub(crate) fn open() -> Self {
        let recovery = RecoverySecret::from_random(fresh());
        let issuer = issuer(&recovery, GENERATION);
        let (device_secret, salt) = (fresh(), fresh());
        let keys = DeviceKeys::from_secret(&device_secret);
        let name_hash = name_hash(&salt, NAME).expect("a name");
        let facts = DeviceFacts { role: DeviceRole::Clinician, serial: SERIAL, validity: days(7), name_hash };
        let certificate = issuer.certify_device(&keys.public(), &facts).expect("a week");
        let revocations = issuer.revoke(COUNTER, &[1, 2, u64::MAX], days(7)).expect("a week");
        let chain = issuer.chain(&certificate, &revocations);
        let device = DeviceIdentity::new(keys, chain.clone(), NAME, salt).expect("what was certified");
        let invite_secret = fresh();
        let link = Link {
            server: "clinic.example:8443".parse().expect("a host"),
            app_only: true,
            invite: InviteId::from_random(fresh()),
            secret: InviteSecret::from_random(invite_secret),
            clinic_key: device.clinic(),
            epoch: Some(device.epoch().0),
            pin: None,
        };
        let (sheet, visit) = (recovery.to_sheet(), VisitId::from_random(fresh()));
        Self { sheet, issuer, device_secret, device, chain, salt, visit, invite_secret, link }
    }

    /// Our own bundle as the clinician.
    pub(crate) fn host(&self) -> OwnBundle {
        OwnBundle::host(fresh(), self.visit, &self.device, &Capabilities::app())
    }

    /// Our own bundle as the patient.
    pub(crate) fn guest(&self) -> OwnBundle {
        OwnBundle::guest(fresh(), self.link.invite, &self.link.secret, &Capabilities::app())
    }

    /// The clinician's bundle, as the patient's app verifies it.
    pub(crate) fn host_seen(&self, bundle: &[u8]) -> PeerBundle {
        let least_epoch = Epoch(self.link.epoch.expect("given above"));
        let expected = Expected { clinic: self.link.clinic_key, least_epoch, role: None, now: NOW };
        PeerBundle::verify_host(bundle, self.visit, &expected).expect("the other implementation's bundle is a good one")
    }

    /// The patient's bundle, as the clinician's app verifies it.
    pub(crate) fn guest_seen(&self, bundle: &[u8]) -> PeerBundle {
        PeerBundle::verify_guest(bundle, self.link.invite, &self.link.secret.invite_key())
            .expect("the other implementation's bundle is a good one")
    }
}

/// A fresh issuing key of this clinic.
pub(crate) fn issuer(recovery: &RecoverySecret, generation: u16) -> IssuingKey {
    let secret: [u8; 32] = fresh();
    let key = IssuingKey::public_key(&secret);
    let head = recovery.clinic_key().certify_issuer(&key, generation, days(400)).expect("400 days");
    IssuingKey::new(&secret, &head).expect("its own")
}

/// From now on.
pub(crate) fn days(count: u64) -> Validity {
    Validity { from: NOW, until: NOW.plus(count * 86_400) }
}

/// Bytes that nobody has drawn before.
pub(crate) fn fresh<const N: usize>() -> [u8; N] {
    make_rng::<StdRng>().random()
}
