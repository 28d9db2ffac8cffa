//! Breaking the glass: the note that is sealed to who reviews, and what somebody who could break it sees.

use clinic::{BoxContext, BoxExpected, BoxSecret, StaffBoxError, open_staff_box, seal_staff_box};
use serde::{Deserialize, Serialize};
use signaling_protocol::{Base64, NoteCommitment, TakeOverReason, VisitId, VisitsReply};
use trust::codec::hash;
use trust::{DeviceIdentity, DeviceRole, UnixTime};
use units::Phi;

use super::{Calendar, Colleague};

/// The kind of staff box that a note is: the third of the clinic's list.
const NOTE_KIND: u8 = 3;

/// A note is written once.
const REVISION: u32 = 1;

const COMMITMENT_LABEL: &[u8] = b"housecall take-over note v1";

/// The longest note, in characters.
const MOST_CHARS: usize = 2_000;

/// Why somebody took a visit over, in their own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOverNote {
    /// 32 random bytes, so that nobody finds the words by trying.
    salt: Phi<Base64>,
    text: Phi<String>,
}

impl TakeOverNote {
    /// A note; `salt` was drawn for it. None if there is nothing in it, or too much.
    pub fn new(text: &Phi<String>, salt: [u8; 32]) -> Option<Self> {
        let text = text.expose().trim();
        let fits = !text.is_empty() && text.chars().count() <= MOST_CHARS;
        fits.then(|| Self { salt: Phi::new(Base64(salt.to_vec())), text: Phi::new(text.to_owned()) })
    }

    /// What it says.
    pub const fn text(&self) -> &Phi<String> {
        &self.text
    }

    /// What the server is told of it (`PROTOCOL.md`, *Breaking the glass*).
    pub fn commitment(&self, visit: VisitId) -> NoteCommitment {
        let (salt, text) = (&self.salt.expose().0, self.text.expose().as_bytes());
        NoteCommitment(hash(&[COMMITMENT_LABEL, visit.as_bytes(), salt, text]))
    }

    /// Seals it to those of these colleagues who review, and to who wrote it. `random` was drawn for this box.
    ///
    /// # Errors
    /// There are too many of them.
    pub fn seal(
        &self,
        visit: VisitId,
        colleagues: &[Colleague],
        by: &DeviceIdentity,
        (made_at, random): (UnixTime, [u8; 32]),
    ) -> Result<Vec<u8>, StaffBoxError> {
        let reviews = |one: &&Colleague| matches!(one.role, DeviceRole::Admin | DeviceRole::Auditor);
        let mut readers = vec![by.public().agreement];
        readers.extend(colleagues.iter().filter(reviews).map(|one| one.agreement));
        readers.sort_unstable();
        readers.dedup();
        let context = BoxContext { kind: NOTE_KIND, object: *visit.as_bytes(), revision: REVISION, made_at };
        let bytes = serde_json::to_vec(self).expect("plain structs and strings always serialise");
        seal_staff_box(&context, &bytes, &readers, by, &random)
    }

    /// Opens the note of this visit, if a clinician of this clinic wrote it.
    ///
    /// # Errors
    /// Whatever does not fit; a note that is not the one that was committed to is [`StaffBoxError::AnotherObject`].
    pub fn open(
        sealed: &[u8],
        own: &BoxSecret,
        device: &DeviceIdentity,
        (visit, commitment): (VisitId, NoteCommitment),
        now: UnixTime,
    ) -> Result<Self, StaffBoxError> {
        let expected = BoxExpected {
            clinic: device.clinic(),
            kind: NOTE_KIND,
            object: *visit.as_bytes(),
            least_revision: REVISION,
            now,
        };
        let opened = open_staff_box(sealed, own, &expected)?;
        if opened.creator.facts.role != DeviceRole::Clinician {
            return Err(StaffBoxError::WrongSignature);
        }
        let note: Self = serde_json::from_slice(&opened.payload).map_err(|_| StaffBoxError::Malformed)?;
        let is_it = note.commitment(visit) == commitment && note.text.expose().chars().count() <= MOST_CHARS;
        is_it.then_some(note).ok_or(StaffBoxError::AnotherObject)
    }
}

/// What is typed to take a visit over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeOverWish {
    /// Why, by the closed list.
    pub reason: TakeOverReason,
    /// Why, in their own words: sealed to who reviews.
    pub note: Phi<String>,
    /// Fresh digits of the second factor.
    pub totp: Phi<String>,
}

/// A colleague's visit that could be taken over. Who the patient is is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColleaguesVisit {
    /// Which.
    pub visit: VisitId,
    /// When it is to be, on the clinic's clock.
    pub clock: Option<String>,
    /// Whose it is: the account's name, if their device is certified.
    pub clinician: Option<Phi<String>>,
    /// For how many seconds somebody has waited; none if nobody does.
    pub waits_secs: Option<u64>,
    /// Whether its clinician is in it.
    pub hosted: bool,
    /// Whether somebody is admitted.
    pub has_guest: bool,
}

/// What the server's list of colleagues' visits says, with the names of accounts.
pub fn colleagues_visits(list: &VisitsReply, colleagues: &[Colleague], calendar: &Calendar) -> Vec<ColleaguesVisit> {
    let name = |staff| colleagues.iter().find(|one| Some(one.staff) == staff).and_then(|one| one.account.clone());
    let visits = list.visits.iter().map(|listed| ColleaguesVisit {
        visit: listed.visit,
        clock: listed.planned.as_ref().map(|planned| calendar.clock(planned.start_unix_secs)),
        clinician: name(listed.clinician),
        waits_secs: listed.waiting.iter().map(|one| list.now_unix_secs.saturating_sub(one.since_unix_secs)).max(),
        hosted: listed.hosted,
        has_guest: listed.admitted > 0,
    });
    visits.collect()
}

#[cfg(test)]
mod tests {
    use clinic::{ClinicKey, IssuingKey};
    use signaling_protocol::StaffId;
    use trust::{DeviceFacts, DeviceKeys, Validity, name_hash};

    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);
    const VISIT: VisitId = VisitId::from_random([7; 16]);

    /// A device of one clinic, and its secret.
    fn device(number: u8, role: DeviceRole) -> (DeviceIdentity, BoxSecret) {
        let validity = Validity { from: NOW, until: NOW.plus(86_400) };
        let key = ClinicKey::from_secret(&[9; 32]);
        let head = key.certify_issuer(&IssuingKey::public_key(&[2; 32]), 1, validity).unwrap();
        let issuer = IssuingKey::new(&[2; 32], &head).unwrap();
        let keys = DeviceKeys::from_secret(&[number; 32]);
        let name_hash = name_hash(&[4; 16], "Somebody").unwrap();
        let facts = DeviceFacts { role, serial: number.into(), validity, name_hash };
        let certificate = issuer.certify_device(&keys.public(), &facts).unwrap();
        let chain = issuer.chain(&certificate, &issuer.revoke(1, &[], validity).unwrap());
        let secret = BoxSecret::of_device(&keys);
        (DeviceIdentity::new(keys, chain, "Somebody", [4; 16]).unwrap(), secret)
    }

    fn colleague(number: u8, role: DeviceRole) -> Colleague {
        let agreement = DeviceKeys::from_secret(&[number; 32]).public().agreement;
        Colleague { staff: StaffId::from_random([number; 16]), account: None, role, agreement }
    }

    fn phi(text: &str) -> Phi<String> {
        Phi::new(text.to_owned())
    }

    #[test]
    fn a_note_is_read_by_who_reviews_and_is_the_one_that_was_committed_to() {
        let (writer, _) = device(1, DeviceRole::Clinician);
        let roles =
            [(2, DeviceRole::Admin), (3, DeviceRole::Auditor), (4, DeviceRole::FrontDesk), (5, DeviceRole::Clinician)];
        let colleagues: Vec<_> = roles.iter().map(|(number, role)| colleague(*number, *role)).collect();
        let note = TakeOverNote::new(&phi(" She did not wake up. "), [8; 32]).unwrap();
        let commitment = note.commitment(VISIT);
        let sealed = note.seal(VISIT, &colleagues, &writer, (NOW, [6; 32])).unwrap();
        let open = |number, role, about| {
            let (identity, secret) = device(number, role);
            TakeOverNote::open(&sealed, &secret, &identity, about, NOW)
        };
        for (number, role) in [(1, DeviceRole::Clinician), (2, DeviceRole::Admin), (3, DeviceRole::Auditor)] {
            assert_eq!(open(number, role, (VISIT, commitment)).unwrap().text().expose(), "She did not wake up.");
        }
        for (number, role) in [(4, DeviceRole::FrontDesk), (5, DeviceRole::Clinician)] {
            assert_eq!(open(number, role, (VISIT, commitment)), Err(StaffBoxError::NotSealedForUs));
        }
        let other = TakeOverNote::new(&phi("Something else."), [8; 32]).unwrap().commitment(VISIT);
        assert_eq!(open(2, DeviceRole::Admin, (VISIT, other)), Err(StaffBoxError::AnotherObject));
        let elsewhere = VisitId::from_random([1; 16]);
        assert_eq!(open(2, DeviceRole::Admin, (elsewhere, commitment)), Err(StaffBoxError::AnotherObject));
    }

    #[test]
    fn nobody_but_a_clinician_writes_one() {
        let (writer, _) = device(4, DeviceRole::FrontDesk);
        let note = TakeOverNote::new(&phi("Because."), [8; 32]).unwrap();
        let sealed = note.seal(VISIT, &[colleague(2, DeviceRole::Admin)], &writer, (NOW, [6; 32])).unwrap();
        let (admin, secret) = device(2, DeviceRole::Admin);
        let opened = TakeOverNote::open(&sealed, &secret, &admin, (VISIT, note.commitment(VISIT)), NOW);
        assert_eq!(opened, Err(StaffBoxError::WrongSignature));
    }

    #[test]
    fn a_commitment_says_nothing_without_the_salt_and_an_empty_note_is_none() {
        let [one, other] = [[1; 32], [2; 32]].map(|salt| TakeOverNote::new(&phi("Because."), salt).unwrap());
        assert_ne!(one.commitment(VISIT), other.commitment(VISIT));
        assert_ne!(one.commitment(VISIT), one.commitment(VisitId::from_random([8; 16])));
        assert!(TakeOverNote::new(&phi("  "), [1; 32]).is_none());
        assert!(TakeOverNote::new(&phi(&"x".repeat(MOST_CHARS + 1)), [1; 32]).is_none());
    }
}
