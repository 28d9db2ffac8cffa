//! Test vectors for another implementation: what this one gives for given secrets and given randomness. They are compared
//! with the files in `tests/vectors`, in which `clinic` has its own; with `HOUSECALL_WRITE_VECTORS=1` the files are written instead.

use serde_json::{Value, json};

use signaling_protocol::Role;

use crate::certificate::DEVICE_SECONDS;
use crate::fixtures::*;
use crate::issuing::{ClinicKey, IssuingKey};
use crate::{
    Capabilities, Chain, CheckMessage, DeviceFacts, DeviceRole, Epoch, Expected, InnerMessage, InviteSecret, Link,
    OpenError, OwnBundle, PatientDevice, PeerBundle, SealedChannel, SpokenCheck, UnixTime, Validity, name_hash,
};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn compare(name: &str, vectors: &Value) {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = serde_json::to_string_pretty(vectors).unwrap() + "\n";
    if std::env::var_os("HOUSECALL_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written, text, "{name}.json is another: what is out there must keep working, or have another version");
}

#[test]
fn links_and_what_is_derived_from_them() {
    let vectors: Vec<_> = [[4; 32], std::array::from_fn(|at| at as u8)]
        .into_iter()
        .map(|bits| {
            let secret = InviteSecret::from_random(bits);
            let link = Link {
                server: "clinic.example".parse().unwrap(),
                app_only: true,
                invite: INVITE,
                secret: secret.clone(),
                clinic_key: clinic().fingerprint(),
                epoch: Some(Epoch::new(GENERATION, COUNTER).0),
                pin: None,
            };
            json!({
                "secret": hex(&bits),
                "invite": hex(INVITE.as_bytes()),
                "invite_key": hex(&secret.invite_key().0),
                "psk": hex(secret.psk().bytes()),
                "clinic_fingerprint": hex(&clinic().fingerprint().0),
                "epoch": Epoch::new(GENERATION, COUNTER).0,
                "link": link.to_string(),
            })
        })
        .collect();
    compare("invite", &json!(vectors));
}

#[test]
fn chains_that_are_taken_and_chains_that_are_not() {
    let issuer = issuer();
    let case = |name: &str, chain: &[u8], expected: Expected| {
        let error = Chain::verify(chain, &expected).err().map(|error| format!("{error:?}"));
        json!({
            "name": name,
            "chain": hex(chain),
            "now": expected.now.0,
            "least_epoch": expected.least_epoch.0,
            "role": expected.role.map(|role| role as u8),
            "clinic_fingerprint": hex(&expected.clinic.0),
            "error": error,
        })
    };
    let (good, wants) = (chain_with(&facts()), expected());
    let mut tampered = good.clone();
    tampered[200] ^= 1;
    let by_another = issuer_of(&ClinicKey::from_secret(&[66; 32]), GENERATION, around_now(DEVICE_SECONDS));
    let another = by_another
        .chain(&by_another.certify_device(&device_keys().public(), &facts()).unwrap(), &revocations(&by_another));
    let next = issuer_of(&clinic(), GENERATION + 1, around_now(DEVICE_SECONDS));
    let device = issuer.certify_device(&device_keys().public(), &facts()).unwrap();
    let short = Validity { from: facts().validity.from, until: NOW };
    let cases = [
        case("good", &good, wants),
        case(
            "any role",
            &chain_with(&DeviceFacts { role: DeviceRole::Auditor, ..facts() }),
            Expected { role: None, ..wants },
        ),
        case("tampered", &tampered, wants),
        case("another clinic", &another, wants),
        case("wrong role", &chain_with(&DeviceFacts { role: DeviceRole::FrontDesk, ..facts() }), wants),
        case("revoked", &chain_with(&DeviceFacts { serial: 76, ..facts() }), wants),
        case("not valid yet", &good, Expected { now: UnixTime(facts().validity.from.0 - 601), ..wants }),
        case("expired", &good, Expected { now: facts().validity.until.plus(1), ..wants }),
        case("revocations too old", &good, Expected { least_epoch: Epoch::new(GENERATION, COUNTER + 1), ..wants }),
        case(
            "revocations over",
            &issuer.chain(&device, &issuer.revoke(COUNTER, &[], short).unwrap()),
            Expected { now: NOW.plus(1), ..wants },
        ),
        case("another generation", &issuer.chain(&device, &revocations(&next)), wants),
        case("truncated", &good[..good.len() - 1], wants),
        case("longer", &[good.as_slice(), &[0]].concat(), wants),
    ];
    compare(
        "certificates",
        &json!({
            "clinic_secret": hex(&[11; 32]),
            "issuer_secret": hex(&[12; 32]),
            "issuer_public": hex(&IssuingKey::public_key(&[12; 32])),
            "device_secret": hex(&[13; 32]),
            "device_signing_public": hex(&device_keys().public().signing),
            "device_agreement_public": hex(&device_keys().public().agreement),
            "name": NAME,
            "name_salt": hex(&SALT),
            "name_hash": hex(&name_hash(&SALT, NAME).unwrap()),
            "chains": cases,
        }),
    );
}

/// Every box of a short talk, and the talk as the other side must see it.
#[test]
fn bundles_and_sealed_boxes() {
    let (host_own, guest_own) = (host_bundle(), guest_bundle());
    let patient = PatientDevice::for_clinic(&[5; 32], &clinic().fingerprint());
    let psk = secret().psk();
    let mut host = SealedChannel::new(VISIT, &host_own, &seen_guest(&guest_own), &psk, None, [31; 32]).unwrap();
    let mut guest =
        SealedChannel::new(VISIT, &guest_own, &seen_host(&host_own), &psk, Some(&patient), [32; 32]).unwrap();
    let mut boxes = Vec::new();
    let mut say = |from: &mut SealedChannel, to: &mut SealedChannel, role: Role, random: u8, said: &InnerMessage| {
        let sealed = from.seal(said).unwrap();
        assert!(to.open(&sealed.bytes).is_ok());
        boxes.push(json!({
            "from": if role == Role::Host { "host" } else { "guest" },
            "epoch": sealed.epoch,
            "seq": sealed.seq,
            "random": hex(&[random; 32]),
            "message": String::from_utf8(said.to_bytes()).unwrap(),
            "box": hex(&sealed.bytes),
        }));
    };
    let end = InnerMessage::EndOfCandidates { generation: 0 };
    say(&mut host, &mut guest, Role::Host, 31, &offer(1));
    say(&mut host, &mut guest, Role::Host, 31, &end);
    say(&mut guest, &mut host, Role::Guest, 32, &answer(2));
    say(&mut guest, &mut host, Role::Guest, 32, &end);
    host.begin_epoch([33; 32]);
    say(&mut host, &mut guest, Role::Host, 33, &offer(3));
    let transcript = host.transcript().unwrap();
    let ask_again = guest.ask_again().unwrap().bytes;
    let next = host.seal(&end).unwrap().bytes;
    let refused = |name: &str, bytes: &[u8], guest: &mut SealedChannel, error: OpenError| {
        assert_eq!(guest.open(bytes), Err(error), "{name}");
        json!({"name": name, "to": "guest", "box": hex(bytes), "error": format!("{error:?}")})
    };
    let mut tampered = next.clone();
    tampered[40] ^= 1;
    let mut low_order = vec![0; 256];
    low_order[..9].copy_from_slice(&[1, 0, 0, 0, 2, 0, 0, 0, 0]);
    let mut forger_own = host_bundle();
    forger_own.signing = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
    let mut forger = SealedChannel::new(VISIT, &forger_own, &seen_guest(&guest_own), &psk, None, [34; 32]).unwrap();
    for _ in 0..2 {
        forger.seal(&end).unwrap();
        forger.begin_epoch([34; 32]);
    }
    let forged = forger.seal(&offer(6)).unwrap().bytes;
    let refused = [
        refused("changed on its way", &tampered, &mut guest, OpenError::NotSealedForUs),
        refused("low-order point", &low_order, &mut guest, OpenError::LowOrderPoint),
        refused("by a holder of the secret", &forged, &mut guest, OpenError::NotSigned),
        refused("not a size", &next[..next.len() - 1], &mut guest, OpenError::Malformed),
        refused("open", &InnerMessage::OfferRequest.to_bytes(), &mut guest, OpenError::LaterScheme),
    ];
    compare(
        "sealed",
        &json!({
            "visit": hex(VISIT.as_bytes()),
            "invite": hex(INVITE.as_bytes()),
            "secret": hex(&[4; 32]),
            "psk": hex(psk.bytes()),
            "host_random": hex(&[21; 64]),
            "guest_random": hex(&[22; 64]),
            "host_bundle": hex(host_own.bytes()),
            "guest_bundle": hex(guest_own.bytes()),
            "host_bundle_id": hex(&host_own.id().0),
            "guest_bundle_id": hex(&guest_own.id().0),
            "now": NOW.0,
            "least_epoch": expected().least_epoch.0,
            "clinic_fingerprint": hex(&clinic().fingerprint().0),
            "clinician_name": NAME,
            "name_salt": hex(&SALT),
            "patient_device_secret": hex(&[5; 32]),
            "patient_device_public": hex(&patient.public_key()),
            "info_of_the_hosts_epoch_0": hex(&host.info(0, Role::Host)),
            "info_of_the_guests_epoch_0": hex(&host.info(0, Role::Guest)),
            "psk_id": hex(host.psk_id()),
            "boxes": boxes,
            "transcript": hex(&transcript.0),
            "ask_again_by_the_guest": hex(&ask_again),
            "next_by_the_host": hex(&next),
            "refused": refused,
        }),
    );
    let page = OwnBundle::guest([23; 64], INVITE, &secret(), &Capabilities::app().with(crate::Capability::PAGE));
    assert!(PeerBundle::verify_guest(page.bytes(), INVITE, &secret().invite_key()).is_ok());
}

#[test]
fn spoken_checks() {
    let transcript = crate::Transcript([7; 32]);
    let (mut host, mut guest) = (SpokenCheck::new(Role::Host, transcript), SpokenCheck::new(Role::Guest, transcript));
    let nonce = |number: u8| [number; 32];
    let checks: Vec<_> = [(1, 2), (3, 4), (5, 6)]
        .into_iter()
        .map(|(of_host, of_guest)| {
            let by_host = host.start(nonce(of_host)).unwrap();
            let by_guest = guest.handle(&by_host, nonce(of_guest)).unwrap().unwrap();
            let host_reveals = host.handle(&by_guest, nonce(0)).unwrap().unwrap();
            let guest_reveals = guest.handle(&host_reveals, nonce(0)).unwrap().unwrap();
            host.handle(&guest_reveals, nonce(0)).unwrap();
            let digits = host.digits().unwrap().to_string();
            host.stop();
            guest.stop();
            let said: [&CheckMessage; 4] = [&by_host, &by_guest, &host_reveals, &guest_reveals];
            json!({"host_nonce": hex(&nonce(of_host)), "guest_nonce": hex(&nonce(of_guest)), "said": said, "digits": digits})
        })
        .collect();
    compare("digits", &json!({"transcript": hex(&transcript.0), "host_begins": checks}));
}
