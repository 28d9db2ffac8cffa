//! What was refused, for who is not a technician: what happened, and the one next step.

use call::Refusal;
use signaling_protocol::Role;

use super::of_code;

/// A title and what is to be read below it.
pub(crate) fn refused(refusal: Refusal, role: Role) -> (&'static str, String) {
    let (what, step) = match refusal {
        Refusal::Server(code) => return ("The visit could not go on", of_code(code).to_owned()),
        other => of_refusal(other),
    };
    let title = match step {
        Step::Update | Step::Clock => "The visit could not go on",
        _ => "The visit was stopped",
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
    const fn words(self, role: Role) -> &'static str {
        match (self, role) {
            (Self::NewLink, Role::Guest) => "Ask the clinic for a new link.",
            (Self::NewLink, Role::Host) => "Start another visit and send its link by a way that you trust.",
            (Self::Telephone, Role::Guest) => "Call the clinic by telephone before you try again.",
            (Self::Telephone, Role::Host) => "Reach your patient by telephone before you try again.",
            (Self::KnownNumber, Role::Guest) => {
                "Call the clinic by a number that you know, not by one that came with the link."
            }
            (Self::KnownNumber, Role::Host) => {
                "Reach your patient by a number that you know, and send a new link by another way than before."
            }
            (Self::Update, _) => "Update Housecall on both sides, then try again.",
            (Self::Clock, Role::Guest) => {
                "Check the date and the time of this machine. If they are right, call the clinic."
            }
            (Self::Clock, Role::Host) => "Check the date and the time of this machine, then start Housecall again.",
            (Self::ClinicsDevices, Role::Guest) => "Call the clinic by telephone, and tell them of this.",
            (Self::ClinicsDevices, Role::Host) => "Ask who looks after the clinic's devices before you hold a visit.",
        }
    }
}

const fn of_refusal(refusal: Refusal) -> (&'static str, Step) {
    match refusal {
        Refusal::Server(code) => (of_code(code), Step::Telephone),
        Refusal::Version => ("This app and the clinic's server are of different ages.", Step::Update),
        Refusal::WrongClinicKey => {
            ("The app at the other end does not belong to the clinic that made your link.", Step::NewLink)
        }
        Refusal::ForgedCertificate => {
            ("The app at the other end could not prove that the clinic vouches for it.", Step::Telephone)
        }
        Refusal::CertificateExpired => {
            ("The time in which the clinic vouches for the other device is over.", Step::Clock)
        }
        Refusal::WrongRole => {
            ("The device at the other end is the clinic's, but may not hold visits.", Step::Telephone)
        }
        Refusal::DeviceRevoked => ("The clinic has locked the device at the other end.", Step::ClinicsDevices),
        Refusal::OwnDeviceRevoked => ("The clinic has locked this device.", Step::ClinicsDevices),
        Refusal::RevocationsTooOld => (
            "The clinic's list of locked devices is too old, so a lost device could be at the other end.",
            Step::Telephone,
        ),
        Refusal::AnotherVisit => ("The app at the other end belongs to another visit.", Step::NewLink),
        Refusal::NotByOurLink => ("Somebody tried to come in without one of your links.", Step::NewLink),
        Refusal::LinkExpired => ("Somebody came by a link whose time is over.", Step::NewLink),
        Refusal::LinkOfAnotherVisit => ("Somebody came by a link for another visit.", Step::NewLink),
        Refusal::BundleChanged => {
            ("The server suddenly showed another app in the place of the one that was there.", Step::Telephone)
        }
        Refusal::TooManyBundles => ("The server showed more apps than a visit can hold.", Step::Telephone),
        Refusal::UnsafeKeys => ("The app at the other end wanted a lock that anybody could open.", Step::Telephone),
        Refusal::OlderApp => ("The app at the other end is too old to be safe.", Step::Update),
        Refusal::NewerApp => ("The app at the other end is newer than this one.", Step::Update),
        Refusal::NotSealed => ("A message came open that must come sealed. The server may be lying.", Step::Telephone),
        Refusal::Tampered => ("Messages were changed on their way. The server may be lying.", Step::Telephone),
        Refusal::Impostor => {
            ("Somebody else who has the link tried to speak in the place of the other side.", Step::KnownNumber)
        }
        Refusal::Downgraded => ("Protection that both apps have was left out.", Step::Telephone),
        Refusal::NotAnnounced => ("The app at the other end did something that it had not announced.", Step::Update),
        Refusal::NameNotCertified => {
            ("The clinician's name is not the one that the clinic vouches for.", Step::Telephone)
        }
        Refusal::DeviceProof => ("The device at the other end could not prove which one it is.", Step::Telephone),
        Refusal::FingerprintMismatch => (
            "Somebody else answered at the other end of the connection than the one who was announced.",
            Step::KnownNumber,
        ),
        Refusal::FingerprintChanged => ("The other side was exchanged in the middle of the call.", Step::KnownNumber),
        Refusal::DigitsDiffer => (
            "The digits were not the same, so the call was stopped at both ends: somebody may have been between the two of \
             you.",
            Step::KnownNumber,
        ),
        Refusal::CodeWrong => ("Somebody did not know the code that the clinic gave the patient.", Step::KnownNumber),
        Refusal::ClockWrong => ("The clock of this machine and the clinic's do not agree.", Step::Clock),
        Refusal::Parameters => ("The app at the other end offered a connection that is not safe.", Step::Update),
        Refusal::Malformed => ("The app at the other end sent something that cannot be understood.", Step::Update),
    }
}

/// Somebody who knocked was turned away by the app itself; what the clinician should know of it, and do.
pub(crate) fn turned_away(reason: Refusal) -> String {
    let (what, step) = match reason {
        Refusal::NotByOurLink => {
            return "Somebody tried to come in without one of your links and was turned away. There is nothing to do."
                .to_owned();
        }
        other => of_refusal(other),
    };
    let next = match step {
        Step::Update => "If it was your patient, ask them to update Housecall.",
        _ => "If it was your patient, send them a new link.",
    };
    format!("Somebody who knocked was turned away. {what} {next}")
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
