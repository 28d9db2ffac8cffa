//! Bundles in the place of others: who is not who the link names.

use call::Refusal;
use signaling_protocol::{Event, InviteId, Role, VisitId};
use trust::{Capabilities, InviteSecret, OwnBundle};

use crate::fixtures::{ANOTHER_CLINIC, Papers, guest_bundle, stolen_device};
use crate::script::{Script, now};
use crate::verdict::refused;

#[test]
fn a_clinicians_bundle_of_another_clinic() {
    let papers = Papers { clinic: ANOTHER_CLINIC, ..Papers::default() };
    refused(Role::Guest, Refusal::WrongClinicKey, || {
        Script::bundles(Role::Host, move |seat, _| papers.bundle(seat.visit))
    });
}

#[test]
fn a_clinicians_bundle_from_another_visit() {
    refused(Role::Guest, Refusal::AnotherVisit, || {
        Script::bundles(Role::Host, |_, _| {
            let another = VisitId::from_random([3; 16]);
            OwnBundle::host([4; 64], another, &stolen_device(), &Capabilities::app()).bytes().to_vec()
        })
    });
}

#[test]
fn a_clinicians_bundle_with_another_key_to_seal_to() {
    refused(Role::Guest, Refusal::ForgedCertificate, || {
        Script::bundles(Role::Host, |_, bundle| with_key(bundle, SEALING_KEY, &[9; 32]))
    });
}

#[test]
fn a_clinicians_bundle_with_another_key_to_sign_with() {
    refused(Role::Guest, Refusal::ForgedCertificate, || {
        Script::bundles(Role::Host, |_, bundle| with_key(bundle, SIGNING_KEY, &bundle[82..114]))
    });
}

#[test]
fn a_patients_bundle_with_another_key_to_seal_to() {
    refused(Role::Host, Refusal::NotByOurLink, || {
        Script::bundles(Role::Guest, |_, bundle| with_key(bundle, SEALING_KEY, &[9; 32]))
    });
}

#[test]
fn a_patients_bundle_signed_by_another_links_key() {
    refused(Role::Host, Refusal::NotByOurLink, || {
        Script::bundles(Role::Guest, |_, bundle| {
            let invite = InviteId::from_random(bundle[2..18].try_into().unwrap());
            guest_bundle(1, invite, &InviteSecret::from_random([66; 32]))
        })
    });
}

#[test]
fn a_patients_bundle_by_a_link_that_was_never_made() {
    refused(Role::Host, Refusal::NotByOurLink, || {
        Script::bundles(Role::Guest, |_, _| {
            guest_bundle(1, InviteId::from_random([5; 16]), &InviteSecret::from_random([66; 32]))
        })
    });
}

#[test]
fn a_patients_bundle_in_the_place_of_the_clinicians() {
    refused(Role::Guest, Refusal::Malformed, || {
        Script::bundles(Role::Host, |_, _| {
            guest_bundle(1, InviteId::from_random([5; 16]), &InviteSecret::from_random([66; 32]))
        })
    });
}

#[test]
fn another_bundle_under_the_same_name() {
    refused(Role::Guest, Refusal::BundleChanged, || {
        Script::honest().events(|seat, event| match &event {
            Event::Hello { participants, .. } if seat.role == Role::Guest && !participants.is_empty() => {
                let mut another = participants[0].clone();
                another.bundle.0 =
                    OwnBundle::host([4; 64], seat.visit, &stolen_device(), &Capabilities::app()).bytes().to_vec();
                [now(event), now(Event::Joined { participant: another })].concat()
            }
            _ => now(event),
        })
    });
}

#[test]
fn an_empty_bundle() {
    refused(Role::Guest, Refusal::Malformed, || Script::bundles(Role::Host, |_, _| Vec::new()));
}

#[test]
fn a_bundle_cut_short() {
    refused(Role::Guest, Refusal::Malformed, || Script::bundles(Role::Host, |_, bundle| bundle[..150].to_vec()));
}

fn with_key(bundle: &[u8], at: usize, key: &[u8]) -> Vec<u8> {
    let mut bundle = bundle.to_vec();
    bundle[at..at + 32].copy_from_slice(key);
    bundle
}

/// Where a bundle has its keys.
const SIGNING_KEY: usize = 18;
const SEALING_KEY: usize = 50;
