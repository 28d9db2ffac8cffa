//! One of the two is a liar with good keys: what it says inside the seal, and what it shows in the handshake.

use std::time::Duration;

use call::{Check, ControlMessage, EndReason, Phase, Problem, Refusal, Snapshot};
use serde_json::{Value, json};
use session::Outcome;
use signaling_protocol::{Base64, Role};
use trust::{Capabilities, Capability, CheckMessage, Level};

use crate::apps::{Guest, Host, LOOK};
use crate::clinic::Clinic;
use crate::crook::{self, Conduct, Said, certified_name};
use crate::script::Script;
use crate::verdict::{beside_a_twin, has_words};
use crate::world::LIMIT;

/// The victim's snapshots until this is so, and how it went.
pub(crate) fn meets(
    clinic: &Clinic,
    victim: Role,
    conduct: Conduct,
    limit: Duration,
    mut enough: impl FnMut(&Snapshot) -> bool,
) -> (Vec<Snapshot>, Outcome) {
    let (proxy, folder) = (clinic.proxy(Script::honest()), clinic.folder());
    let mut seen: Vec<Snapshot> = Vec::new();
    let mut look = |snapshot: Snapshot| {
        let done = enough(&snapshot) || snapshot.phase.is_ended();
        if seen.last() != Some(&snapshot) {
            seen.push(snapshot);
        }
        done
    };
    let deadline = std::time::Instant::now() + limit;
    let (crook, outcome) = match victim {
        Role::Host => {
            let mut host = Host::open(&proxy.url(), Some(clinic.identity.pin()), &folder, true);
            let link = host.link().expect("a visit and its link");
            let crook = clinic.runtime.block_on(crook::patient(clinic, &proxy, link, conduct));
            let crook = clinic.runtime.spawn(crook);
            while std::time::Instant::now() < deadline && !host.snapshot().is_some_and(&mut look) {
                std::thread::sleep(LOOK);
            }
            (crook, host.close())
        }
        Role::Guest => {
            let (link, crook) = clinic.runtime.block_on(crook::clinician(clinic, &proxy, conduct));
            let crook = clinic.runtime.spawn(crook);
            let guest = Guest::open(link, &folder, Duration::ZERO);
            while std::time::Instant::now() < deadline && !look(guest.visit.snapshot()) {
                std::thread::sleep(LOOK);
            }
            (crook, guest.close())
        }
    };
    crook.abort();
    (seen, outcome)
}

pub(crate) fn is_live(snapshot: &Snapshot) -> bool {
    matches!(snapshot.phase, Phase::Live { .. })
}

/// Whether it has refused for this reason.
fn has_refused(snapshot: &Snapshot, refusal: Refusal) -> bool {
    let turned_away = matches!(snapshot.problem, Some(Problem::GuestRefused { reason, .. }) if reason == refusal);
    turned_away || snapshot.phase == Phase::Ended(EndReason::Refused(refusal))
}

/// A liar of this conduct is refused by this name and nothing of it is let through; the same liar, honest, is connected.
#[track_caller]
fn liar_is_refused(victim: Role, refusal: Refusal, conduct: impl FnOnce() -> Conduct + Send) {
    let clinic = Clinic::open();
    std::thread::scope(|scope| {
        let twin = scope.spawn(|| meets(&clinic, victim, Conduct::default(), LIMIT, is_live));
        let (seen, outcome) =
            meets(&clinic, victim, conduct(), LIMIT, |snapshot| has_refused(snapshot, refusal) || is_live(snapshot));
        let last = seen.last().expect("it joined");
        assert!(has_refused(last, refusal), "not refused as {}: {last:?}", refusal.name());
        assert!(seen.iter().all(|snapshot| !snapshot.media_open), "media was open");
        assert_eq!((outcome.report.totals.frames_shown, outcome.report.timeline_ms.first_audio), (0, None));
        has_words(refusal);
        let (seen, _) = twin.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        assert!(
            seen.last().is_some_and(|snapshot| is_live(snapshot) && snapshot.media_open),
            "the twin: {:?}",
            seen.last()
        );
    });
}

/// A hash of so many bytes, as fingerprints are written.
fn hash_of(bytes: usize) -> String {
    vec!["42"; bytes].join(":")
}

#[test]
fn a_second_fingerprint() {
    let second = json!({ "hash": "sha-256", "value": (hash_of(32)) });
    liar_is_refused(Role::Host, Refusal::Parameters, || {
        Conduct::parameters(move |parameters| {
            parameters["fingerprints"].as_array_mut().unwrap().push(second.clone());
        })
    });
}

#[test]
fn a_fingerprint_of_another_hash() {
    liar_is_refused(Role::Host, Refusal::Parameters, || {
        Conduct::parameters(|parameters| {
            parameters["fingerprints"] = json!([{ "hash": "sha-1", "value": (hash_of(20)) }]);
        })
    });
}

#[test]
fn no_fingerprint() {
    liar_is_refused(Role::Guest, Refusal::Parameters, || {
        Conduct::parameters(|parameters| parameters["fingerprints"] = json!([]))
    });
}

#[test]
fn keys_for_media_in_the_signalling() {
    liar_is_refused(Role::Guest, Refusal::Parameters, || {
        Conduct::parameters(|parameters| parameters["keying"] = json!("sdes"))
    });
}

#[test]
fn media_that_is_not_encrypted() {
    liar_is_refused(Role::Guest, Refusal::Parameters, || {
        Conduct::parameters(|parameters| parameters["srtp"] = json!([]))
    });
}

#[test]
fn an_old_encryption_of_media() {
    liar_is_refused(Role::Host, Refusal::Parameters, || {
        Conduct::parameters(|parameters| parameters["srtp"] = json!(["aes_cm_128_hmac_sha1_80"]))
    });
}

#[test]
fn the_stronger_encryption_left_out_by_a_patient() {
    liar_is_refused(Role::Host, Refusal::Downgraded, without_aes_256);
}

#[test]
fn the_stronger_encryption_left_out_by_a_clinician() {
    liar_is_refused(Role::Guest, Refusal::Downgraded, without_aes_256);
}

fn without_aes_256() -> Conduct {
    Conduct::parameters(|parameters| parameters["srtp"] = json!(["aead_aes_128_gcm"]))
}

#[test]
fn a_codec_that_repairs_losses_left_out() {
    liar_is_refused(Role::Host, Refusal::Downgraded, || {
        Conduct::parameters(|parameters| {
            parameters["voice"].as_object_mut().unwrap().remove("red_payload_type");
        })
    });
}

#[test]
fn a_codec_that_was_not_announced() {
    liar_is_refused(Role::Host, Refusal::NotAnnounced, || Conduct {
        capabilities: Capabilities::app().without(Capability::VOICE_RED),
        ..Conduct::default()
    });
}

#[test]
fn an_app_without_the_one_suite() {
    liar_is_refused(Role::Host, Refusal::OlderApp, || Conduct {
        capabilities: Capabilities::app().without(Capability::SUITE_1),
        ..Conduct::default()
    });
}

#[test]
fn another_fingerprint_in_the_same_epoch() {
    liar_is_refused(Role::Host, Refusal::FingerprintChanged, || Conduct {
        describe: Box::new(|message| vec![Said::Message(with_another_fingerprint(&message)), Said::Message(message)]),
        ..Conduct::default()
    });
}

#[test]
fn another_fingerprint_for_the_same_offer_in_the_next_epoch() {
    liar_is_refused(Role::Guest, Refusal::FingerprintChanged, || Conduct {
        describe: Box::new(|message| {
            vec![Said::Message(with_another_fingerprint(&message)), Said::BeginEpoch, Said::Message(message)]
        }),
        ..Conduct::default()
    });
}

fn with_another_fingerprint(message: &Value) -> Value {
    let mut message = message.clone();
    message["parameters"]["fingerprints"][0]["value"] = json!(hash_of(32));
    message
}

#[test]
fn another_certificate_shown_to_the_clinician() {
    liar_is_refused(Role::Host, Refusal::FingerprintMismatch, shows_another_certificate);
}

#[test]
fn another_certificate_shown_to_the_patient() {
    liar_is_refused(Role::Guest, Refusal::FingerprintMismatch, shows_another_certificate);
}

/// The handshake is done for real, by somebody whose certificate is not the announced one.
fn shows_another_certificate() -> Conduct {
    Conduct {
        describe: Box::new(|message| vec![Said::Message(with_another_fingerprint(&message))]),
        ..Conduct::default()
    }
}

#[test]
fn a_name_that_was_not_certified() {
    liar_is_refused(Role::Guest, Refusal::NameNotCertified, || Conduct {
        facts: Some(Box::new(|_, _| certified_name("Dr Mabuse"))),
        ..Conduct::default()
    });
}

#[test]
fn a_device_of_a_patient_that_is_not_proved() {
    liar_is_refused(Role::Host, Refusal::DeviceProof, || Conduct {
        facts: Some(Box::new(|_, _| [vec![1], vec![5; 96]].concat())),
        ..Conduct::default()
    });
}

#[test]
fn a_message_that_is_none() {
    liar_is_refused(Role::Guest, Refusal::Malformed, || Conduct {
        describe: Box::new(|_| vec![Said::Content(1, b"{\"kind\":".to_vec())]),
        ..Conduct::default()
    });
}

#[test]
fn boxes_asked_for_that_were_never_sent() {
    liar_is_refused(Role::Host, Refusal::Malformed, || Conduct {
        describe: Box::new(|_| vec![Said::Content(2, [0, 0, 0, 0, 0, 0, 0, 99].to_vec())]),
        ..Conduct::default()
    });
}

#[test]
fn candidates_that_nobody_can_be_at() {
    // Passed over: the call comes about by the others.
    let conduct = Conduct {
        describe: Box::new(|message| {
            let candidate = |address: &str| {
                json!({ "foundation": "1", "component": 1, "transport": "udp", "priority": 1, "address": address,
                    "port": 9, "kind": "host" })
            };
            let injected = ["224.0.0.1", "0.0.0.0", "255.255.255.255"].map(candidate);
            let generation = message["generation"].clone();
            let candidates = json!({ "kind": "candidates", "generation": generation, "candidates": injected });
            vec![Said::Message(message), Said::Message(candidates)]
        }),
        ..Conduct::default()
    };
    beside_a_twin(|clinic| {
        let (seen, _) = meets(clinic, Role::Host, conduct, LIMIT, is_live);
        assert!(seen.last().is_some_and(is_live), "{:?}", seen.last());
    });
}

#[test]
fn digits_that_were_not_committed_to() {
    let check = |check| ControlMessage::Check { check };
    let commit = CheckMessage::Commit { run: 1, hash: Base64(vec![2; 32]) };
    let reveal = CheckMessage::Reveal { run: 1, nonce: Base64(vec![1; 32]) };
    let conduct = Conduct { words: vec![check(commit), check(reveal)], ..Conduct::default() };
    beside_a_twin(|clinic| {
        let (seen, _) =
            meets(clinic, Role::Host, conduct, LIMIT, |snapshot| snapshot.problem == Some(Problem::CheckInterrupted));
        let last = seen.last().unwrap();
        assert_eq!(last.problem, Some(Problem::CheckInterrupted), "{last:?}");
        for assurance in seen.iter().filter_map(|snapshot| snapshot.assurance.as_ref()) {
            assert!(!matches!(assurance.check, Check::Shown(_) | Check::Same), "{assurance:?}");
            assert_eq!(assurance.level, Level::LinkApp);
        }
    });
}
