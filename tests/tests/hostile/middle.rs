//! Who sits between the two with all that can be stolen, a device of the clinic and the link: the digits tell.

use std::time::{Duration, Instant};

use call::{Check, Intent, Phase, Problem, Snapshot};
use signaling_protocol::Role;
use trust::Level;

use crate::apps::{Guest, Host, LOOK};
use crate::crook::{self, Accomplice, Conduct};
use crate::script::Script;
use crate::verdict::beside_a_twin;
use crate::world::LIMIT;

#[test]
fn digits_passed_on_by_who_sits_between_begun_by_the_clinician() {
    digits_passed_on(Role::Host);
}

#[test]
fn digits_passed_on_by_who_sits_between_begun_by_the_patient() {
    digits_passed_on(Role::Guest);
}

/// The liars meet the patient as the clinician and the clinician as the patient, and pass on all that is said of digits:
/// nobody is shown any. The twin's two are shown the same.
#[track_caller]
fn digits_passed_on(begins: Role) {
    beside_a_twin(|clinic| {
        let (proxy, folder) = (clinic.proxy(Script::honest()), clinic.folder());
        let [one, two] =
            Accomplice::two().map(|accomplice| Conduct { accomplice: Some(accomplice), ..Conduct::default() });
        let mut host = Host::open(&proxy.url(), Some(clinic.identity.pin()), &folder, true);
        let link = host.link().expect("a visit and its link");
        let patient = clinic.runtime.spawn(clinic.runtime.block_on(crook::patient(clinic, &proxy, link, one)));
        let (link, clinician) = clinic.runtime.block_on(crook::clinician(clinic, &proxy, two));
        let clinician = clinic.runtime.spawn(clinician);
        let guest = Guest::open(link, &folder, Duration::ZERO);

        let deadline = Instant::now() + LIMIT;
        let mut both = || [host.snapshot(), Some(guest.visit.snapshot())].map(Option::unwrap);
        let live = |snapshot: &Snapshot| matches!(snapshot.phase, Phase::Live { .. });
        while Instant::now() < deadline && !both().iter().all(live) {
            std::thread::sleep(LOOK);
        }
        assert!(both().iter().all(live), "the liars are not met: {:?}", both());
        match begins {
            Role::Host => host.visit().unwrap().intend(Intent::StartCheck),
            Role::Guest => guest.visit.intend(Intent::StartCheck),
        }
        let mut interrupted = false;
        let mut both = || [host.snapshot(), Some(guest.visit.snapshot())].map(Option::unwrap);
        while Instant::now() < deadline && !interrupted {
            for snapshot in both() {
                let assurance = snapshot.assurance.expect("they have spoken");
                assert!(!matches!(assurance.check, Check::Shown(_) | Check::Same), "{assurance:?}");
                assert_eq!(assurance.level, Level::LinkApp);
                interrupted |= snapshot.problem == Some(Problem::CheckInterrupted);
            }
            std::thread::sleep(LOOK);
        }
        assert!(interrupted, "nobody was told: {:?}", both());
        patient.abort();
        clinician.abort();
        host.close();
        guest.close();
    });
}
