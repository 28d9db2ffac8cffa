use std::cell::RefCell;
use std::collections::BTreeMap;

use super::*;

const OURS: KeyFingerprint = KeyFingerprint([3; 32]);
const OTHERS: KeyFingerprint = KeyFingerprint([4; 32]);

fn fresh(byte: u8) -> Zeroizing<[u8; 32]> {
    Zeroizing::new([byte; 32])
}

/// A keyring in memory, with what is wrong with it.
#[derive(Default)]
struct Shelf {
    kept: RefCell<BTreeMap<String, Vec<u8>>>,
    trouble: Option<KeyringTrouble>,
    /// It says that it took something, and did not.
    forgets: bool,
}

impl QuietKeyring for Shelf {
    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
        self.trouble.map_or_else(|| Ok(self.kept.borrow().get(name).cloned().map(Into::into)), Err)
    }

    fn keep(&self, name: &str, secret: &[u8]) -> Result<(), KeyringTrouble> {
        if !self.forgets {
            self.kept.borrow_mut().insert(name.to_owned(), secret.to_vec());
        }
        Ok(())
    }
}

#[test]
fn a_secret_is_made_once_for_each_clinic() {
    let shelf = Shelf::default();
    assert_eq!(open_or_make(&shelf, &name(&OURS), fresh(1)), Ok(fresh(1)));
    assert_eq!(open_or_make(&shelf, &name(&OURS), fresh(2)), Ok(fresh(1)), "the same in the next visit");
    assert_eq!(open_or_make(&shelf, &name(&OTHERS), fresh(2)), Ok(fresh(2)), "no two clinics meet the same secret");
    assert_eq!(shelf.kept.borrow().len(), 2);
}

#[test]
fn what_is_not_kept_is_not_told_and_what_is_not_ours_is_left_as_it_is() {
    let forgetful = Shelf { forgets: true, ..Shelf::default() };
    assert_eq!(open_or_make(&forgetful, &name(&OURS), fresh(1)), Err(KeyringTrouble::Unusable));
    let locked = Shelf { trouble: Some(KeyringTrouble::Locked), ..Shelf::default() };
    assert_eq!(open_or_make(&locked, &name(&OURS), fresh(1)), Err(KeyringTrouble::Locked));
    assert!(locked.kept.borrow().is_empty());
    for wrong in [31, 33] {
        let shelf = Shelf::default();
        shelf.keep(&name(&OURS), &vec![7; wrong]).unwrap();
        assert_eq!(open_or_make(&shelf, &name(&OURS), fresh(1)), Err(KeyringTrouble::Unusable));
        assert_eq!(shelf.kept.borrow()[&name(&OURS)], [7].repeat(wrong));
    }
}

/// A question, how long who joins waits for its answer, and the hand that answers.
fn awaited(patience: Duration) -> (oneshot::Sender<Result<PatientDevice, KeyringTrouble>>, AwaitedDevice) {
    let (answers, answer) = oneshot::channel();
    let until = Instant::now() + patience;
    (answers, AwaitedDevice { answer, until, joins: false, trouble: watch::Sender::new(None) })
}

/// Longer than any test.
const AN_AGE: Duration = Duration::from_secs(86_400);

fn device() -> PatientDevice {
    PatientDevice::for_clinic(&[5; 32], &OURS)
}

/// Whether it ends without anything else happening.
async fn settles(awaited: &mut Option<AwaitedDevice>) -> Option<SettledDevice> {
    tokio::select! {
        biased;
        settled = AwaitedDevice::settle(awaited) => Some(settled),
        () = tokio::task::yield_now() => None,
    }
}

#[tokio::test]
async fn an_answer_before_the_join_delays_nobody() {
    let (answers, mut awaited) = awaited(AN_AGE);
    assert!(!awaited.holds(Intent::SetMuted(true)) && !awaited.holds(Intent::HangUp), "only who joins waits");
    let trouble = awaited.trouble();
    answers.send(Ok(device())).unwrap();
    let mut awaited = Some(awaited);
    let settled = settles(&mut awaited).await.unwrap();
    assert!(settled.device.is_some() && !settled.joins && awaited.is_none());
    assert_eq!(*trouble.borrow(), None);
    assert!(settles(&mut awaited).await.is_none(), "nothing more is to come");
}

#[tokio::test]
async fn while_the_preview_is_looked_at_the_keyring_may_take_its_time() {
    let (answers, awaited) = awaited(Duration::ZERO);
    let mut awaited = Some(awaited);
    assert!(settles(&mut awaited).await.is_none());
    answers.send(Ok(device())).unwrap();
    assert!(settles(&mut awaited).await.unwrap().device.is_some());
}

#[tokio::test]
async fn who_joins_waits_for_the_answer_a_little_and_goes_on_without_one() {
    let (answers, mut soon) = awaited(AN_AGE);
    assert!(soon.holds(Intent::Join));
    let mut soon = Some(soon);
    assert!(settles(&mut soon).await.is_none(), "there is time");
    answers.send(Ok(device())).unwrap();
    let settled = settles(&mut soon).await.unwrap();
    assert!(settled.joins && settled.device.is_some());

    let (_answers, mut never) = awaited(Duration::ZERO);
    let trouble = never.trouble();
    assert!(never.holds(Intent::Join));
    let settled = settles(&mut Some(never)).await.expect("the time is over");
    assert!(settled.joins && settled.device.is_none());
    assert_eq!(*trouble.borrow(), Some(KeyringTrouble::NoAnswer));
}

#[tokio::test]
async fn an_answer_that_is_there_counts_however_late_it_is() {
    let (answers, mut awaited) = awaited(Duration::ZERO);
    assert!(awaited.holds(Intent::Join));
    answers.send(Ok(device())).unwrap();
    assert!(settles(&mut Some(awaited)).await.unwrap().device.is_some());
}

#[tokio::test]
async fn a_keyring_that_fails_says_why_and_the_visit_goes_on() {
    let keyring = |trouble| PatientKeyring(Arc::new(move |_, _| Err(trouble)));
    for why in [KeyringTrouble::Missing, KeyringTrouble::Locked] {
        let awaited = keyring(why).ask(OURS).unwrap();
        let trouble = awaited.trouble();
        let settled = AwaitedDevice::settle(&mut Some(awaited)).await;
        assert!(settled.device.is_none());
        assert_eq!(*trouble.borrow(), Some(why));
    }
    let breaks = PatientKeyring(Arc::new(|_, _| panic!("a fault of the keyring's")));
    let awaited = breaks.ask(OURS).unwrap();
    let trouble = awaited.trouble();
    assert!(AwaitedDevice::settle(&mut Some(awaited)).await.device.is_none());
    assert_eq!(*trouble.borrow(), Some(KeyringTrouble::NoAnswer));
}

#[cfg(target_os = "linux")]
#[test]
fn a_secret_service_keeps_a_patients_secret_and_one_that_is_locked_asks_the_patient_for_nothing() {
    use crate::keys::{Vault, own_session};
    use desk::{Entry, Loaded};
    use secret_service::EncryptionType;
    use secret_service::blocking::SecretService;

    let test = "keys::patient::tests::\
                a_secret_service_keeps_a_patients_secret_and_one_that_is_locked_asks_the_patient_for_nothing";
    if !own_session::is_inside_or_runs(test) {
        return;
    }
    let ask = |clinic: &KeyFingerprint, byte| open_or_make(&system::open()?, &name(clinic), fresh(byte));
    assert_eq!(ask(&OURS, 1), Ok(fresh(1)));
    assert_eq!(ask(&OURS, 2), Ok(fresh(1)));
    assert_eq!(ask(&OTHERS, 2), Ok(fresh(2)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let lee = || "lee at a".to_owned();
    runtime.block_on(Vault::start().keep(lee(), Entry::Device, vec![9; 40].into()));

    let service = SecretService::connect(EncryptionType::Plain).unwrap();
    let collection = service.get_default_collection().unwrap();
    collection.lock().unwrap();
    assert!(collection.is_locked().unwrap());
    for clinic in [OURS, KeyFingerprint([5; 32])] {
        assert_eq!(ask(&clinic, 3), Err(KeyringTrouble::Locked), "kept before, or not");
    }
    assert!(!own_session::was_anybody_asked());
    // The same keyring, asked as the staff's keys are.
    assert!(matches!(runtime.block_on(Vault::start().load(lee())), Loaded::Locked));
    assert!(own_session::was_anybody_asked(), "nobody would have been asked anyway");
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_keyring_it_is_missing() {
    use crate::keys::own_session;

    if !own_session::is_inside_or_runs("keys::patient::tests::without_a_keyring_it_is_missing") {
        return;
    }
    // A session whose keyring has nowhere to keep anything, as one that nobody has unlocked yet.
    let service = secret_service::blocking::SecretService::connect(secret_service::EncryptionType::Plain).unwrap();
    service.get_default_collection().unwrap().delete().unwrap();
    let found = open_or_make(&system::open().unwrap(), &name(&OURS), fresh(1));
    assert_eq!(found, Err(KeyringTrouble::Missing));
    assert!(!own_session::was_anybody_asked());
}
