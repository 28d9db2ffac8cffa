//! The whole life of a clinic by the public faces of `clinic` and `trust` alone: set-up, a second device, a visit, a lost device, a lost
//! admin's laptop.

use clinic::{IssuingKey, RecoverySecret};
use signaling_protocol::{InviteId, Role, VisitId};
use trust::{
    BundleError, Capabilities, CertificateError, DeviceFacts, DeviceIdentity, DeviceKeys, DeviceRole, Epoch, Expected,
    InnerMessage, InviteSecret, KnownDevices, Level, Link, Notice, Opened, OwnBundle, PatientDevice, PeerBundle,
    Recognition, SealedChannel, SpokenCheck, Transcript, UnixTime, Validity, name_hash,
};

const NOW: UnixTime = UnixTime(1_800_000_000);
const DAY: u64 = 86_400;
const VISIT: VisitId = VisitId::from_random([1; 16]);
const INVITE: InviteId = InviteId::from_random([2; 16]);
const SALT: [u8; 16] = [3; 16];
const NAME: &str = "Dr Grace Hopper";

fn week(from: UnixTime) -> Validity {
    Validity { from, until: from.plus(7 * DAY) }
}

/// The admin's app at set-up, or on another laptop after the first is lost.
fn admin_app(sheet: &str, generation: u16, secret: &[u8; 32], now: UnixTime) -> IssuingKey {
    let clinic = RecoverySecret::from_sheet(sheet).expect("as printed").clinic_key();
    let validity = Validity { from: now, until: now.plus(400 * DAY) };
    let head = clinic.certify_issuer(&IssuingKey::public_key(secret), generation, validity).expect("400 days");
    IssuingKey::new(secret, &head).expect("its own")
}

fn certified(issuer: &IssuingKey, keys: &DeviceKeys, serial: u64, revocations: &[u8], now: UnixTime) -> DeviceIdentity {
    let name_hash = name_hash(&SALT, NAME).expect("a name");
    let facts = DeviceFacts { role: DeviceRole::Clinician, serial, validity: week(now), name_hash };
    let device = issuer.certify_device(&keys.public(), &facts).expect("a week");
    DeviceIdentity::new(keys.clone(), issuer.chain(&device, revocations), NAME, SALT).expect("what was certified")
}

fn link_by(device: &DeviceIdentity) -> Link {
    Link {
        server: "clinic.example".parse().expect("a host"),
        app_only: true,
        invite: INVITE,
        secret: InviteSecret::from_random([4; 32]),
        clinic_key: device.clinic(),
        epoch: Some(device.epoch().0),
        pin: None,
    }
}

fn expected_by(link: &Link, now: UnixTime) -> Expected {
    Expected { clinic: link.clinic_key, least_epoch: Epoch(link.epoch.unwrap_or(0)), role: None, now }
}

/// What the patient's app says of the bundle of a clinician who hosts with this device.
fn host_seen(link: &Link, device: &DeviceIdentity, now: UnixTime) -> Result<PeerBundle, BundleError> {
    let bundle = OwnBundle::host([5; 64], VISIT, device, &Capabilities::app());
    PeerBundle::verify_host(bundle.bytes(), VISIT, &expected_by(link, now))
}

fn same_digits(one: &mut SpokenCheck, other: &mut SpokenCheck) -> bool {
    let fresh = |number| [number; 32];
    let commit = one.start(fresh(1)).expect("nothing is under way");
    let commit = other.handle(&commit, fresh(2)).expect("in turn").expect("an answer");
    let reveal = one.handle(&commit, fresh(3)).expect("in turn").expect("an answer");
    let reveal = other.handle(&reveal, fresh(4)).expect("in turn").expect("an answer");
    assert_eq!(one.handle(&reveal, fresh(5)), Ok(None));
    one.digits() == other.digits()
}

#[test]
fn a_visit_is_private_and_its_people_are_known_again() {
    let sheet = RecoverySecret::from_random([7; 20]).to_sheet();
    let issuer = admin_app(&sheet, 1, &[8; 32], NOW);
    let revocations = issuer.revoke(1, &[], week(NOW)).expect("a week");
    let device = certified(&issuer, &DeviceKeys::from_secret(&[9; 32]), 1, &revocations, NOW);
    let link: Link = link_by(&device).to_string().parse().expect("as written");

    // Both join; each verifies the other's bundle, which the server brought.
    let host_own = OwnBundle::host([10; 64], VISIT, &device, &Capabilities::app());
    let guest_own = OwnBundle::guest([11; 64], link.invite, &link.secret, &Capabilities::app());
    let guest_seen =
        PeerBundle::verify_guest(guest_own.bytes(), INVITE, &link.secret.invite_key()).expect("by the link");
    let host_seen = PeerBundle::verify_host(host_own.bytes(), VISIT, &expected_by(&link, NOW)).expect("by the clinic");
    let patient = PatientDevice::for_clinic(&[12; 32], &link.clinic_key);
    let psk = link.secret.psk();
    let mut host = SealedChannel::new(VISIT, &host_own, &guest_seen, &psk, None, [13; 32]).expect("they fit");
    let mut guest =
        SealedChannel::new(VISIT, &guest_own, &host_seen, &psk, Some(&patient), [14; 32]).expect("they fit");
    let said = InnerMessage::OfferRequest;
    for _ in 0..2 {
        let (there, back) = (host.seal(&said).expect("small"), guest.seal(&said).expect("small"));
        assert!(matches!(guest.open(&there.bytes), Ok(Opened::Message { .. })));
        assert!(matches!(host.open(&back.bytes), Ok(Opened::Message { .. })));
    }
    let clinician = guest.peer_facts().expect("said in the first box");
    assert_eq!(clinician.name.as_ref().expect("certified").expose(), NAME);

    // The clinic remembers the patient's device once digits were compared.
    let device_seen = host.peer_facts().expect("said in the first box").device;
    let mut known = KnownDevices::default();
    assert_eq!(Level::of(false, known.recognise(&[1; 32], device_seen), false), Level::LinkApp);
    known.remember([1; 32], device_seen.expect("proved"), true);
    assert_eq!(Level::of(false, known.recognise(&[1; 32], device_seen), false), Level::KnownDevice);
    assert_eq!(known.recognise(&[1; 32], None), Recognition::Changed);
}

#[test]
fn a_second_device_is_enrolled_by_digits_and_the_first_one_revoked() {
    let sheet = RecoverySecret::from_random([7; 20]).to_sheet();
    let issuer = admin_app(&sheet, 1, &[8; 32], NOW);
    let before = issuer.revoke(1, &[], week(NOW)).expect("a week");
    let first = certified(&issuer, &DeviceKeys::from_secret(&[9; 32]), 1, &before, NOW);
    let old_link = link_by(&first);
    let in_a_call = host_seen(&old_link, &first, NOW).expect("certified");

    // The new device asks; a server that puts its own keys in the place of the device's is found by the digits.
    let keys = DeviceKeys::from_secret(&[15; 32]);
    let chain = issuer.chain(&[], &before);
    let check = |role, asked| SpokenCheck::new(role, Transcript::of_enrolment(asked, &chain));
    let asked = keys.public();
    let (mut admin, mut device) = (check(Role::Host, &asked), check(Role::Guest, &asked));
    assert!(same_digits(&mut admin, &mut device));
    let forged = DeviceKeys::from_secret(&[66; 32]).public();
    let (mut admin, mut device) = (check(Role::Host, &forged), check(Role::Guest, &asked));
    assert!(same_digits(&mut admin, &mut check(Role::Guest, &forged)), "the liar keeps to the protocol with both");
    assert!(same_digits(&mut check(Role::Host, &asked), &mut device));
    assert_ne!(admin.digits(), device.digits());
    let second = certified(&issuer, &keys, 2, &before, NOW);
    assert!(host_seen(&old_link, &second, NOW).is_ok());

    // The first is lost.
    let after = issuer.revoke(2, &[1], week(NOW)).expect("a week");
    let told = Notice::verify(&issuer.notice(&after), &expected_by(&old_link, NOW)).expect("signed");
    assert!(told.revokes(in_a_call.chain().expect("a host's")), "it ends the call");
    let second = certified(&issuer, &keys, 2, &after, NOW);
    let new_link = link_by(&second);
    assert!(host_seen(&new_link, &second, NOW).is_ok());
    let hidden = host_seen(&new_link, &first, NOW);
    assert_eq!(hidden, Err(BundleError::Certificate(CertificateError::RevocationsTooOld)));
    let shown = certified(&issuer, &DeviceKeys::from_secret(&[9; 32]), 1, &after, NOW);
    assert_eq!(host_seen(&new_link, &shown, NOW), Err(BundleError::Certificate(CertificateError::Revoked)));
    let later = host_seen(&old_link, &first, NOW.plus(7 * DAY + 1));
    assert_eq!(later, Err(BundleError::Certificate(CertificateError::Expired)), "a week at worst");
}

#[test]
fn a_lost_laptop_of_the_admin_is_not_the_end_of_the_clinic() {
    let sheet = RecoverySecret::from_random([7; 20]).to_sheet();
    let lost = admin_app(&sheet, 1, &[8; 32], NOW);
    let clinician = DeviceKeys::from_secret(&[9; 32]);
    let before = certified(&lost, &clinician, 1, &lost.revoke(1, &[], week(NOW)).expect("a week"), NOW);

    // The sheet is typed into another laptop: the clinic is the same, and its devices are certified anew.
    let found = admin_app(&sheet, 2, &[16; 32], NOW);
    assert_eq!(found.clinic(), lost.clinic());
    let revocations = found.revoke(1, &[], week(NOW)).expect("a week");
    let after = certified(&found, &clinician, 1, &revocations, NOW);
    assert_eq!(after.public(), before.public(), "patients who remember the device know it again");
    let link = link_by(&after);
    assert!(host_seen(&link, &after, NOW).is_ok());
    assert!(host_seen(&link_by(&before), &after, NOW).is_ok(), "links that were given out keep working");

    // Whoever has the old laptop can certify what they like: no new link takes it, whatever counter they choose.
    for counter in [1, u16::MAX] {
        let revocations = lost.revoke(counter, &[], week(NOW)).expect("a week");
        let thief = certified(&lost, &DeviceKeys::from_secret(&[66; 32]), 9, &revocations, NOW);
        let seen = host_seen(&link, &thief, NOW);
        assert_eq!(seen, Err(BundleError::Certificate(CertificateError::RevocationsTooOld)));
    }
}
