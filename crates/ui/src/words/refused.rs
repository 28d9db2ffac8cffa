//! What was refused, for who is not a technician: what happened, and the one next step.

use call::Refusal;
use signaling_protocol::Role;

use super::of_code;

/// A title and what is to be read below it.
pub(crate) fn refused(refusal: Refusal, role: Role) -> (&'static str, String) {
    let (what, step) = match refusal {
        Refusal::Server(code) => return (say!(visit_could_not_go_on), of_code(code).to_owned()),
        other => of_refusal(other),
    };
    let title = match step {
        Step::Update | Step::Clock => say!(visit_could_not_go_on),
        _ => say!(visit_was_stopped),
    };
    (title, format!("{what} {}", step.words(role)))
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    NewLink,
    Telephone,
    KnownNumber,
    Update,
    Clock,
    ClinicsDevices,
}

impl Step {
    fn words(self, role: Role) -> &'static str {
        match (self, role) {
            (Self::NewLink, Role::Guest) => say!(step_new_link_guest),
            (Self::NewLink, Role::Host) => say!(step_new_link_host),
            (Self::Telephone, Role::Guest) => say!(step_telephone_guest),
            (Self::Telephone, Role::Host) => say!(step_telephone_host),
            (Self::KnownNumber, Role::Guest) => {
                say!(step_known_number_guest)
            }
            (Self::KnownNumber, Role::Host) => {
                say!(step_known_number_host)
            }
            (Self::Update, _) => say!(step_update),
            (Self::Clock, Role::Guest) => {
                say!(step_clock_guest)
            }
            (Self::Clock, Role::Host) => say!(step_clock_host),
            (Self::ClinicsDevices, Role::Guest) => say!(step_clinics_devices_guest),
            (Self::ClinicsDevices, Role::Host) => say!(step_clinics_devices_host),
        }
    }
}

fn of_refusal(refusal: Refusal) -> (&'static str, Step) {
    match refusal {
        Refusal::Server(code) => (of_code(code), Step::Telephone),
        Refusal::Version => (say!(refused_version), Step::Update),
        Refusal::WrongClinicKey => (say!(refused_wrong_clinic_key), Step::NewLink),
        Refusal::ForgedCertificate => (say!(refused_forged_certificate), Step::Telephone),
        Refusal::CertificateExpired => (say!(refused_certificate_expired), Step::Clock),
        Refusal::WrongRole => (say!(refused_wrong_role), Step::Telephone),
        Refusal::DeviceRevoked => (say!(refused_device_revoked), Step::ClinicsDevices),
        Refusal::OwnDeviceRevoked => (say!(refused_own_device_revoked), Step::ClinicsDevices),
        Refusal::RevocationsTooOld => (say!(refused_revocations_too_old), Step::Telephone),
        Refusal::AnotherVisit => (say!(refused_another_visit), Step::NewLink),
        Refusal::NotByOurLink => (say!(refused_not_by_our_link), Step::NewLink),
        Refusal::LinkExpired => (say!(refused_link_expired), Step::NewLink),
        Refusal::LinkOfAnotherVisit => (say!(refused_link_of_another_visit), Step::NewLink),
        Refusal::BundleChanged => (say!(refused_bundle_changed), Step::Telephone),
        Refusal::TooManyBundles => (say!(refused_too_many_bundles), Step::Telephone),
        Refusal::UnsafeKeys => (say!(refused_unsafe_keys), Step::Telephone),
        Refusal::OlderApp => (say!(refused_older_app), Step::Update),
        Refusal::NewerApp => (say!(refused_newer_app), Step::Update),
        Refusal::NotSealed => (say!(refused_not_sealed), Step::Telephone),
        Refusal::Tampered => (say!(refused_tampered), Step::Telephone),
        Refusal::Impostor => (say!(refused_impostor), Step::KnownNumber),
        Refusal::Downgraded => (say!(refused_downgraded), Step::Telephone),
        Refusal::NotAnnounced => (say!(refused_not_announced), Step::Update),
        Refusal::NameNotCertified => (say!(refused_name_not_certified), Step::Telephone),
        Refusal::DeviceProof => (say!(refused_device_proof), Step::Telephone),
        Refusal::FingerprintMismatch => (say!(refused_fingerprint_mismatch), Step::KnownNumber),
        Refusal::FingerprintChanged => (say!(refused_fingerprint_changed), Step::KnownNumber),
        Refusal::DigitsDiffer => (say!(refused_digits_differ), Step::KnownNumber),
        Refusal::CodeWrong => (say!(refused_code_wrong), Step::KnownNumber),
        Refusal::ClockWrong => (say!(refused_clock_wrong), Step::Clock),
        Refusal::Parameters => (say!(refused_parameters), Step::Update),
        Refusal::Malformed => (say!(refused_malformed), Step::Update),
    }
}

/// Somebody who knocked was turned away by the app itself; what the clinician should know of it, and do.
pub(crate) fn turned_away(reason: Refusal) -> String {
    let (what, step) = match reason {
        Refusal::NotByOurLink => {
            return say!(turned_away_not_by_our_link).to_owned();
        }
        other => of_refusal(other),
    };
    let next = match step {
        Step::Update => say!(turned_away_update),
        _ => say!(turned_away_new_link),
    };
    say!(turned_away, what = what, next = next)
}

#[cfg(test)]
mod tests {
    use signaling_protocol::Code;

    use super::*;

    fn all() -> Vec<Refusal> {
        let all = Refusal::all(Code::InviteExpired);
        let names: std::collections::BTreeSet<_> = all.iter().map(|refusal| refusal.name()).collect();
        assert_eq!(names.len(), all.len(), "each once");
        all.to_vec()
    }

    /// Words that a patient does not know.
    const JARGON: [&str; 14] = [
        "ertificate",
        "bundle",
        "ingerprint",
        "DTLS",
        "ICE ",
        "epoch",
        "nonce",
        "rotocol",
        "ryptograph",
        "andshake",
        "PSK",
        "ndpoint",
        "key",
        "revo",
    ];

    #[test]
    fn every_refusal_says_what_happened_and_one_next_step_without_jargon() {
        let mut said = std::collections::BTreeSet::new();
        for refusal in all() {
            for role in [Role::Guest, Role::Host] {
                let (title, words) = refused(refusal, role);
                assert!(!title.is_empty() && words.ends_with('.'), "{refusal:?}: {words}");
                assert!((1..=2).contains(&words.matches(". ").count()), "{refusal:?}: {words}");
                let steps = ["Ask", "Call", "Reach", "Update", "Check", "Start"];
                assert!(steps.iter().any(|step| words.contains(step)), "{refusal:?}: {words}");
                for word in JARGON {
                    assert!(!words.contains(word), "{word:?} in {refusal:?}: {words}");
                }
                said.insert(words);
            }
            let away = turned_away(refusal);
            assert!(away.contains("turned away") && away.ends_with('.'), "{away}");
            assert!(JARGON.iter().all(|word| !away.contains(word)), "{away}");
        }
        assert!(said.len() >= 2 * all().len() - 7, "each has words of its own: {}", said.len());
    }

    #[test]
    fn who_compared_digits_in_vain_is_told_to_use_a_number_that_they_know() {
        for role in [Role::Guest, Role::Host] {
            let (title, words) = refused(Refusal::DigitsDiffer, role);
            assert_eq!(title, "The visit was stopped");
            assert!(words.contains("stopped at both ends") && words.contains("number that you know"), "{words}");
        }
    }
}
