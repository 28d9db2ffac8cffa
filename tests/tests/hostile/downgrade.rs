//! Older, weaker, less: what a server or an app that lies leaves out or makes up of versions and capabilities.

use call::Refusal;
use signaling_protocol::{Base64, JoinReply, Role};

use crate::script::Script;
use crate::verdict::refused;

#[test]
fn a_clinicians_bundle_of_the_version_that_did_not_seal() {
    refused(Role::Guest, Refusal::OlderApp, || Script::bundles(Role::Host, |_, _| [vec![1, 1], vec![3; 208]].concat()));
}

#[test]
fn a_patients_bundle_of_the_version_that_did_not_seal() {
    refused(Role::Host, Refusal::OlderApp, || Script::bundles(Role::Guest, |_, _| [vec![1, 2], vec![3; 176]].concat()));
}

#[test]
fn a_clinicians_bundle_of_a_version_to_come() {
    refused(Role::Guest, Refusal::NewerApp, || Script::bundles(Role::Host, |_, bundle| [&[3], &bundle[1..]].concat()));
}

#[test]
fn a_clinicians_capability_taken_away() {
    refused(Role::Guest, Refusal::ForgedCertificate, || Script::bundles(Role::Host, |_, bundle| weaker(bundle)));
}

#[test]
fn a_patients_capability_taken_away() {
    refused(Role::Host, Refusal::NotByOurLink, || Script::bundles(Role::Guest, |_, bundle| weaker(bundle)));
}

#[test]
fn a_clinicians_versions_made_older() {
    refused(Role::Guest, Refusal::ForgedCertificate, || {
        Script::bundles(Role::Host, |_, bundle| {
            let mut bundle = bundle.to_vec();
            bundle[82..84].copy_from_slice(&[0, 0]);
            bundle
        })
    });
}

#[test]
fn a_scheme_that_is_not_known() {
    refused(Role::Guest, Refusal::NewerApp, || Script::boxes(Role::Guest, |envelope| envelope.scheme = 2));
}

#[test]
fn a_box_of_a_scheme_that_is_not_known() {
    refused(Role::Host, Refusal::NewerApp, || Script::boxes(Role::Host, |envelope| envelope.sealed.0[0] = 2));
}

#[test]
fn a_protocol_that_the_patient_never_said_it_speaks() {
    refused(Role::Guest, Refusal::Version, || speaks("/v1/invites/"));
}

#[test]
fn a_protocol_that_the_clinician_never_said_it_speaks() {
    refused(Role::Host, Refusal::Version, || speaks("/v1/visits/"));
}

/// The server settles on an older protocol with who joins there.
fn speaks(at: &'static str) -> Script {
    Script::honest().answers(move |path, _, body| {
        if path.starts_with(at)
            && path.ends_with("/join")
            && let Ok(reply) = serde_json::from_slice::<JoinReply>(body)
        {
            *body = serde_json::to_vec(&JoinReply { protocol: 0, ..reply }).unwrap();
        }
    })
}

/// Without the last of its capabilities.
fn weaker(bundle: &[u8]) -> Vec<u8> {
    let count = usize::from(bundle[86]);
    let mut weaker = bundle.to_vec();
    weaker[86] -= 1;
    weaker.drain(85 + 2 * count..87 + 2 * count);
    Base64(weaker).0
}
