//! What is said inside a true seal, and who says it.

use super::*;

#[test]
fn a_certificate_cannot_change_within_an_epoch() {
    let (mut host, mut guest) = talking();
    assert_eq!(host.seal(&offer(1)).map(|sealed| sealed.seq), Ok(1));
    assert_eq!(host.seal(&offer(3)), Err(SealError::FingerprintChanged));
    // An app that does not keep to it is not followed.
    let (mut host, mut other) = (host, channels().1);
    host.begin_epoch([40; 32]);
    other.open(&host.seal(&offer(1)).unwrap().bytes).unwrap();
    let changed = sealed_raw(&mut host, KIND_MESSAGE, &offer(3).to_bytes());
    let error = other.open(&changed).unwrap_err();
    assert_eq!(error, OpenError::FingerprintChanged);
    assert!(error.is_authentic());
    assert_eq!(other.peer_fingerprint(), Some(DtlsFingerprint([1; 32])));
    // In another epoch it may.
    host.begin_epoch([41; 32]);
    guest.open(&host.seal(&HELLO).unwrap().bytes).unwrap();
    assert_eq!(guest.peer_fingerprint(), Some(DtlsFingerprint([1; 32])), "until another is said");
    guest.open(&host.seal(&offer(3)).unwrap().bytes).unwrap();
    assert_eq!(guest.peer_fingerprint(), Some(DtlsFingerprint([3; 32])));
    let sealed = guest.peer_fingerprint().unwrap();
    assert!(compare_certificate(&sealed, &DtlsFingerprint([3; 32])).is_ok());
    assert!(compare_certificate(&sealed, &DtlsFingerprint([1; 32])).is_err());
}

#[test]
fn a_message_that_was_not_sealed_pins_nothing() {
    let (mut host, _) = channels();
    host.seal(&HELLO).unwrap();
    let next = std::mem::replace(&mut host.sending.next, u32::MAX);
    assert_eq!(host.seal(&offer(1)), Err(SealError::TooLarge));
    host.sending.next = next;
    assert!(host.seal(&offer(2)).is_ok());
}

pub(super) fn without(capability: Capability) -> Capabilities {
    Capabilities::app().without(capability)
}

/// What happens to these parameters, said by a host or a guest, where the two can do this.
fn said(
    from_host: bool,
    host: &Capabilities,
    guest: &Capabilities,
    parameters: ConnectionParameters,
) -> Result<Opened, OpenError> {
    let host = OwnBundle::host([21; 64], VISIT, &device(), host);
    let guest = OwnBundle::guest([22; 64], INVITE, &secret(), guest);
    let (mut host, mut guest) = channels_of(&host, &guest);
    if from_host {
        guest.open(&host.seal(&InnerMessage::Offer { generation: 0, parameters }).unwrap().bytes)
    } else {
        host.open(&guest.seal(&InnerMessage::Answer { generation: 0, parameters }).unwrap().bytes)
    }
}

#[test]
fn parameters_must_be_what_the_bundles_say() {
    let all = &Capabilities::app();
    let mut no_red = parameters(1);
    no_red.voice.red_payload_type = None;
    let mut no_256 = parameters(1);
    no_256.srtp = vec![SrtpProfile::AeadAes128Gcm];
    for (capability, less) in [(Capability::VOICE_RED, no_red), (Capability::SRTP_AES_256, no_256)] {
        let cannot = &without(capability);
        let downgraded = Err(OpenError::Downgraded(capability));
        let not_announced = Err(OpenError::NotAnnounced(capability));
        assert_eq!(said(true, all, all, less.clone()), downgraded);
        assert_eq!(said(false, all, all, less.clone()), downgraded);
        assert_eq!(said(true, cannot, all, parameters(1)), not_announced);
        assert_eq!(said(false, all, cannot, parameters(1)), not_announced);
        assert!(said(true, cannot, all, less.clone()).is_ok());
        assert!(said(false, all, cannot, less.clone()).is_ok());
        assert!(said(false, cannot, all, less.clone()).is_ok(), "an answer leaves out what the offerer cannot do");
        assert_eq!(said(true, all, cannot, less.clone()), downgraded, "an offer does not know the other side yet");
        assert!(said(true, all, cannot, parameters(1)).is_ok());
    }
}

#[test]
fn a_name_that_is_not_certified_is_refused() {
    let seen = |name: &str, salt| {
        let (_, mut guest) = channels();
        let mut own = host_bundle();
        own.name = Some((Phi::new(name.to_owned()), salt));
        let mut host =
            SealedChannel::new(VISIT, &own, &seen_guest(&guest_bundle()), &secret().psk(), None, [1; 32]).unwrap();
        guest.open(&host.seal(&HELLO).unwrap().bytes)
    };
    assert!(seen(NAME, SALT).is_ok());
    assert_eq!(seen("Dr Who", SALT), Err(OpenError::NameNotCertified));
    assert_eq!(seen(NAME, [0; 16]), Err(OpenError::NameNotCertified));
    assert!(OpenError::NameNotCertified.is_authentic());
    let (mut host, mut guest) = channels();
    host.name = None;
    assert_eq!(guest.open(&host.seal(&HELLO).unwrap().bytes), Err(OpenError::NameNotCertified));
}

fn guest_with(device: Option<&PatientDevice>) -> SealedChannel {
    let psk = secret().psk();
    SealedChannel::new(VISIT, &guest_bundle(), &seen_host(&host_bundle()), &psk, device, [32; 32]).unwrap()
}

#[test]
fn a_patients_device_proves_which_it_is() {
    let device = PatientDevice::for_clinic(&[5; 32], &clinic().fingerprint());
    let mut host = channels().0;
    let mut guest = guest_with(Some(&device));
    host.open(&guest.seal(&HELLO).unwrap().bytes).unwrap();
    let fingerprint = KeyFingerprint::of_key(&device.public_key());
    assert_eq!(host.peer_facts().unwrap().device, Some(fingerprint));
    guest.begin_epoch([50; 32]);
    assert!(host.open(&guest.seal(&HELLO).unwrap().bytes).is_ok(), "still the same");
    // Another one, or none, in a later epoch is not the same device.
    for other in [None, Some(&PatientDevice::for_clinic(&[6; 32], &clinic().fingerprint()))] {
        guest.device = other.cloned();
        guest.begin_epoch([51; 32]);
        assert_eq!(host.open(&guest.seal(&HELLO).unwrap().bytes), Err(OpenError::DeviceProof));
    }
}

#[test]
fn another_devices_key_cannot_be_borrowed() {
    // A guest that shows the key of a device that it is not: with a signature of its own, or one from another box.
    let device = PatientDevice::for_clinic(&[5; 32], &clinic().fingerprint());
    let mut guest = guest_with(Some(&device));
    let (info, enc) = (guest.pair.info(0, Role::Guest), [1; 32]);
    let psk = Some((guest.psk.bytes(), guest.pair.psk_id.as_slice()));
    let seal = |signature: [u8; 64], count: u8| {
        let (key, mut context) = suite::sender(&guest.peer.agreement, psk, &info, [8; 32]).unwrap();
        let mut plain = [&[count], device.public_key().as_slice(), &signature, &[9, 0, 0]].concat();
        plain.resize(512 - HEADER_BYTES - ENC_BYTES - TAG_BYTES - 64, 0);
        let signed = guest.signing.sign(&first_box_bytes(&key, &info, &plain)).to_bytes();
        let header = Header { epoch: 0, seq: 0 }.bytes();
        let sealed = context.seal(&[&signed, plain.as_slice()].concat(), &header).unwrap();
        (key, [header.as_slice(), &key, &sealed].concat())
    };
    let own = device.sign(&framed(&[DEVICE_LABEL, &seal([0; 64], 1).0, &info]));
    let open = |bytes: &[u8]| channels().0.open(bytes);
    assert_eq!(open(&seal(own, 1).1), Ok(Opened::Unknown));
    assert_eq!(open(&seal(own, 2).1), Err(OpenError::DeviceProof));
    let elsewhere = device.sign(&framed(&[DEVICE_LABEL, &enc, &info]));
    assert_eq!(open(&seal(elsewhere, 1).1), Err(OpenError::DeviceProof));
    let elsewhen = device.sign(&framed(&[DEVICE_LABEL, &seal([0; 64], 1).0, &guest.pair.info(1, Role::Guest)]));
    assert_eq!(open(&seal(elsewhen, 1).1), Err(OpenError::DeviceProof));
    assert!(guest.seal(&HELLO).is_ok());
}

#[test]
fn each_clinic_knows_a_patients_device_by_another_key() {
    let key =
        |secret: u8, clinic: u8| PatientDevice::for_clinic(&[secret; 32], &KeyFingerprint([clinic; 32])).public_key();
    assert_eq!(key(1, 1), key(1, 1));
    assert_ne!(key(1, 1), key(1, 2));
    assert_ne!(key(1, 1), key(2, 1));
}
