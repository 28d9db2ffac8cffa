//! What colleagues share about a visit: who the patient is, notes, the code, the links' secrets. A staff box of its own kind
//! about the visit, so that it goes with the visit, and the server can read nothing of it.

use std::time::Duration;

use clinic::{BoxContext, BoxExpected, BoxSecret, StaffBoxError, open_staff_box, seal_staff_box};
use serde::{Deserialize, Serialize};
use signaling_protocol::{Base64, GuestRole, InviteId, Planned, VisitId};
use trust::{DeviceIdentity, DeviceRole, InviteSecret, UnixTime};
use units::Phi;

/// The kind of staff box that a visit's card is: the second of the clinic's list.
pub const VISIT_KIND: u8 = 2;

/// How long before its planned start a link opens.
pub const OPENS_BEFORE: Duration = Duration::from_secs(30 * 60);

/// How long after its planned end a link is good.
pub const GOOD_AFTER: Duration = Duration::from_secs(60 * 60);

/// The longest name or note.
const MOST_CHARS: usize = 2_000;

/// What colleagues know of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VisitCard {
    /// Who the patient is.
    pub name: Phi<String>,
    /// What colleagues should know.
    pub notes: Phi<String>,
    /// The code that whoever comes by a link must say, given to the patient by another way. Where it is a birth date it
    /// keeps apart patients who are mixed up, and nobody out who means ill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Phi<String>>,
    /// The links that were given out and are not taken back.
    pub links: Vec<CardLink>,
}

/// A link as its maker knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardLink {
    /// What it names.
    pub invite: InviteId,
    /// Its 32 secret bytes.
    pub secret: Phi<Base64>,
    /// For whom.
    #[serde(default)]
    pub role: GuestRole,
    /// The last second in which somebody may come in by it.
    pub not_after: u64,
}

impl CardLink {
    /// A link with this secret.
    pub fn new(invite: InviteId, secret: &[u8; 32], role: GuestRole, not_after: u64) -> Self {
        Self { invite, secret: Phi::new(Base64(secret.to_vec())), role, not_after }
    }

    /// Its secret; none if it is not one.
    pub fn secret(&self) -> Option<InviteSecret> {
        self.secret.expose().0.as_slice().try_into().ok().map(InviteSecret::from_random)
    }
}

impl VisitCard {
    /// As it is sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain structs, strings and numbers always serialise")
    }

    /// Reads what was sealed.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let card: Self = serde_json::from_slice(bytes).ok()?;
        let short = |text: &Phi<String>| text.expose().chars().count() <= MOST_CHARS;
        (short(&card.name) && short(&card.notes) && card.links.len() <= 32).then_some(card)
    }

    /// Takes a link out and puts another in.
    pub fn replace(&mut self, old: Option<InviteId>, new: CardLink) {
        self.links.retain(|link| Some(link.invite) != old && link.invite != new.invite);
        self.links.push(new);
    }

    /// Seals it to these devices.
    ///
    /// # Errors
    /// For too much text, or too many devices.
    pub fn seal(
        &self,
        visit: VisitId,
        revision: u32,
        readers: &[[u8; 32]],
        by: &DeviceIdentity,
        (made_at, random): (UnixTime, [u8; 32]),
    ) -> Result<Vec<u8>, StaffBoxError> {
        let context = BoxContext { kind: VISIT_KIND, object: *visit.as_bytes(), revision, made_at };
        seal_staff_box(&context, &self.to_bytes(), readers, by, &random)
    }

    /// Opens it, if a clinician or the front desk of this clinic made it about this visit.
    ///
    /// # Errors
    /// Whatever does not fit.
    pub fn open(
        sealed: &[u8],
        own: &BoxSecret,
        device: &DeviceIdentity,
        visit: VisitId,
        now: UnixTime,
    ) -> Result<Self, StaffBoxError> {
        let expected = BoxExpected {
            clinic: device.clinic(),
            kind: VISIT_KIND,
            object: *visit.as_bytes(),
            least_revision: 0,
            now,
        };
        let opened = open_staff_box(sealed, own, &expected)?;
        // An admin enters no visit and an auditor reads the log: neither makes links that patients are let in by.
        if !matches!(opened.creator.facts.role, DeviceRole::Clinician | DeviceRole::FrontDesk) {
            return Err(StaffBoxError::WrongSignature);
        }
        Self::read(&opened.payload).ok_or(StaffBoxError::Malformed)
    }
}

/// From when and for how many seconds the link of a visit is good: half an hour before its start to an hour after its end.
/// Both are the server's clock, which is the one that counts.
pub fn window(planned: &Planned) -> (u64, u64) {
    let opens = planned.start_unix_secs.saturating_sub(OPENS_BEFORE.as_secs());
    (opens, planned.end_unix_secs() + GOOD_AFTER.as_secs() - opens)
}

#[cfg(test)]
mod tests {
    use clinic::{ClinicKey, IssuingKey};
    use trust::{DeviceFacts, DeviceKeys, Validity, name_hash};

    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);
    const VISIT: VisitId = VisitId::from_random([1; 16]);

    fn device(clinic: &ClinicKey, role: DeviceRole, secret: u8) -> (DeviceIdentity, BoxSecret) {
        let validity = Validity { from: NOW, until: NOW.plus(86_400) };
        let head = clinic.certify_issuer(&IssuingKey::public_key(&[2; 32]), 1, validity).unwrap();
        let issuer = IssuingKey::new(&[2; 32], &head).unwrap();
        let keys = DeviceKeys::from_secret(&[secret; 32]);
        let facts = DeviceFacts { role, serial: 1, validity, name_hash: name_hash(&[4; 16], "Fay").unwrap() };
        let device = issuer.certify_device(&keys.public(), &facts).unwrap();
        let chain = issuer.chain(&device, &issuer.revoke(1, &[], validity).unwrap());
        let own = BoxSecret::of_device(&keys);
        (DeviceIdentity::new(keys, chain, "Fay", [4; 16]).unwrap(), own)
    }

    fn card() -> VisitCard {
        let mut card = VisitCard {
            name: Phi::new("Wilhelmina Planted-Patient".to_owned()),
            notes: Phi::new("hard of hearing".to_owned()),
            code: Some(Phi::new("4711".to_owned())),
            links: Vec::new(),
        };
        let invite = InviteId::from_random([2; 16]);
        card.replace(None, CardLink::new(invite, &[3; 32], GuestRole::Patient, NOW.0 + 60));
        card
    }

    #[test]
    fn a_card_is_read_by_those_it_is_for_and_nothing_of_it_by_anybody_else() {
        let clinic = ClinicKey::from_secret(&[1; 32]);
        let (fay, own) = device(&clinic, DeviceRole::FrontDesk, 5);
        let (lee, lees) = device(&clinic, DeviceRole::Clinician, 6);
        let (_, strangers) = device(&clinic, DeviceRole::Clinician, 7);
        let readers = [fay.public().agreement, lee.public().agreement];
        let sealed = card().seal(VISIT, 1, &readers, &fay, (NOW, [8; 32])).unwrap();
        assert_eq!(VisitCard::open(&sealed, &own, &fay, VISIT, NOW), Ok(card()));
        assert_eq!(VisitCard::open(&sealed, &lees, &lee, VISIT, NOW), Ok(card()));
        assert!(VisitCard::open(&sealed, &strangers, &lee, VISIT, NOW).is_err());
        assert!(VisitCard::open(&sealed, &lees, &lee, VisitId::from_random([9; 16]), NOW).is_err(), "another visit");
        for planted in ["Wilhelmina", "hearing", "4711"] {
            assert!(!sealed.windows(planted.len()).any(|bytes| bytes == planted.as_bytes()), "{planted}");
        }
        assert!(!format!("{:?}", card()).contains("Wilhelmina"));
    }

    #[test]
    fn only_who_may_schedule_makes_a_card() {
        let clinic = ClinicKey::from_secret(&[1; 32]);
        let (lee, lees) = device(&clinic, DeviceRole::Clinician, 6);
        for (role, may) in [
            (DeviceRole::Admin, false),
            (DeviceRole::Auditor, false),
            (DeviceRole::FrontDesk, true),
            (DeviceRole::Clinician, true),
        ] {
            let (somebody, _) = device(&clinic, role, 5);
            let sealed = card().seal(VISIT, 1, &[lee.public().agreement], &somebody, (NOW, [8; 32])).unwrap();
            assert_eq!(VisitCard::open(&sealed, &lees, &lee, VISIT, NOW).is_ok(), may, "{role:?}");
        }
    }

    #[test]
    fn a_link_is_good_from_half_an_hour_before_to_an_hour_after() {
        let planned = Planned { start_unix_secs: 10_000, length_minutes: 30, time_zone: "Europe/Berlin".to_owned() };
        assert_eq!(window(&planned), (8_200, 1_800 + 1_800 + 3_600));
    }

    #[test]
    fn of_a_link_that_was_replaced_nothing_stays() {
        let mut card = card();
        let (old, new) = (card.links[0].invite, InviteId::from_random([9; 16]));
        card.replace(Some(old), CardLink::new(new, &[4; 32], GuestRole::Patient, 1));
        assert_eq!(card.links.iter().map(|link| link.invite).collect::<Vec<_>>(), [new]);
        assert!(card.links[0].secret().is_some());
        assert_eq!(VisitCard::read(b"{}"), Some(VisitCard::default()));
        assert_eq!(VisitCard::read(b"not json"), None);
    }
}
