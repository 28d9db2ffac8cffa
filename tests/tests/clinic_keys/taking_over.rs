//! Breaking the glass with devices that the clinic certified, each with keys of its own: who can read what.

use std::collections::BTreeSet;
use std::time::{Instant, SystemTime};

use ::clinic::{ClinicKey, IssuingKey, StaffBoxError};
use session::desk::day::{TakeOverWish, VisitCard};
use session::desk::{ReviewOutcome, TakeOverReason};
use session::headless::InputError;
use session::take_over::take_overs;
use session::{Appointment, DayCommand, Office, VisitId};
use signaling_client::SignalingClient;
use signaling_protocol::{
    Base64, CertifyRequest, Clinic as ClinicRow, ClinicFingerprint, EnrolRequest, StaffId, StaffRole,
};
use trust::{DeviceFacts, DeviceIdentity, DeviceKeys, DeviceRole, UnixTime, Validity, name_hash};
use units::{Clock, Phi, Timestamp};

use crate::clinic::Clinic;

const PEOPLE: [(&str, StaffRole); 4] = [
    ("ada", StaffRole::Admin),
    ("lee", StaffRole::Clinician),
    ("cleo", StaffRole::Clinician),
    ("fay", StaffRole::FrontDesk),
];

/// Somebody at a certified device.
struct Colleague {
    office: Office,
    client: SignalingClient,
    token: Phi<String>,
    staff: StaffId,
    device: DeviceIdentity,
}

struct House {
    clinic: Clinic,
    people: Vec<Colleague>,
    now: UnixTime,
}

impl House {
    async fn open() -> Self {
        let clinic = Clinic::with(&PEOPLE).await;
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let now = UnixTime(clock.unix_micros(Timestamp::ZERO) / 1_000_000);
        let validity = Validity { from: UnixTime(now.0 - 60), until: now.plus(86_400) };
        let key = ClinicKey::from_secret(&[9; 32]);
        let head = key.certify_issuer(&IssuingKey::public_key(&[8; 32]), 1, validity).unwrap();
        let issuer = IssuingKey::new(&[8; 32], &head).unwrap();
        let revocations = issuer.revoke(1, &[], validity).unwrap();
        let mut people: Vec<Colleague> = Vec::new();
        for (number, (name, role)) in (1_u8..).zip(PEOPLE) {
            let client = clinic.client();
            let reply = clinic.sign_in_by(&client, name).await;
            let admin = people.first().map_or((&client, &reply.token), |ada| (&ada.client, &ada.token));
            if number == 1 {
                let fingerprint = ClinicFingerprint(key.fingerprint().0);
                let row = ClinicRow { fingerprint, generation: 1, head: Base64(head.clone()) };
                client.set_up_clinic(&reply.token, &row).await.unwrap();
            }
            let keys = DeviceKeys::from_secret(&[number; 32]);
            let role = match role {
                StaffRole::Admin => DeviceRole::Admin,
                StaffRole::Clinician => DeviceRole::Clinician,
                StaffRole::FrontDesk => DeviceRole::FrontDesk,
                StaffRole::Auditor => DeviceRole::Auditor,
            };
            let name_hash = name_hash(&[4; 16], name).unwrap();
            let facts = DeviceFacts { role, serial: number.into(), validity, name_hash };
            let certificate = issuer.certify_device(&keys.public(), &facts).unwrap();
            let request = EnrolRequest { request: Base64(vec![number; 64]) };
            let enrolled = client.enrol_device(&reply.token, &request).await.unwrap();
            let certified =
                CertifyRequest { revision: 1, issuer: Base64(head.clone()), certificate: Base64(certificate.clone()) };
            admin.0.certify_device(admin.1, enrolled.device, &certified).await.unwrap();
            let device = DeviceIdentity::new(keys, issuer.chain(&certificate, &revocations), name, [4; 16]).unwrap();
            let who = (client.clone(), reply.token.clone(), reply.staff);
            let office = Office::of(who, device.clone(), (clinic.address(), None), clock);
            people.push(Colleague { office, client, token: reply.token, staff: reply.staff, device });
        }
        Self { clinic, people, now }
    }

    fn of(&self, name: &str) -> &Colleague {
        let at = PEOPLE.iter().position(|(whose, _)| *whose == name).unwrap();
        &self.people[at]
    }

    /// The front desk plans a visit of lee's.
    async fn plan(&self, patient: &str) -> VisitId {
        let card = VisitCard { name: phi(patient), notes: phi("hard of hearing"), ..VisitCard::default() };
        let appointment = Appointment {
            start: None,
            zone: "Etc/UTC".to_owned(),
            choice: None,
            minutes: 30,
            clinician: Some(self.of("lee").staff),
            card,
        };
        let answer = self.of("fay").office.carry_out(DayCommand::Schedule(Box::new(appointment))).await.unwrap();
        answer["visit"].as_str().unwrap().parse().unwrap()
    }

    async fn take_over(&self, visit: VisitId, note: &str, totp: Phi<String>) -> Result<(), InputError> {
        let wish = TakeOverWish { reason: TakeOverReason::ClinicianAbsent, note: phi(note), totp };
        self.of("cleo").office.take_over(visit, &wish).await
    }

    async fn card(&self, name: &str, visit: VisitId) -> Result<VisitCard, InputError> {
        self.of(name).office.card(visit).await.map(|(card, _)| card)
    }
}

fn phi(text: &str) -> Phi<String> {
    Phi::new(text.to_owned())
}

fn is_sealed(card: &Result<VisitCard, InputError>) -> bool {
    matches!(card, Err(InputError::Card(StaffBoxError::NotSealedForUs)))
}

#[tokio::test]
async fn the_front_desks_window_lets_who_took_over_read_the_card_and_the_note_is_for_who_reviews() {
    let house = House::open().await;
    let visit = house.plan("Wilhelmina").await;
    assert_eq!(house.card("lee", visit).await.unwrap().name, phi("Wilhelmina"));
    let cleo = house.of("cleo");
    assert_eq!(cleo.office.colleagues_visits((0, u64::MAX)).await.unwrap().visits[0].visit, visit);
    assert!(is_sealed(&house.card("cleo", visit).await));
    let wrong = house.take_over(visit, "Lee is ill.", phi("000000")).await;
    assert!(matches!(wrong, Err(InputError::WrongDigits)), "{wrong:?}");
    let empty = house.take_over(visit, " ", phi("000000")).await;
    assert!(matches!(empty, Err(InputError::NoteMissing)), "{empty:?}");
    house.take_over(visit, "Lee is ill.", house.clinic.digits("cleo")).await.unwrap();
    // The server has given the visit; what is sealed it cannot give.
    let listed = cleo.office.listed(visit).await.unwrap();
    assert_eq!(listed.clinician, Some(cleo.staff));
    assert!(is_sealed(&house.card("cleo", visit).await));
    let fay = house.of("fay");
    assert!(fay.office.share_taken_over(&fay.office.listed(visit).await.unwrap()).await.unwrap());
    let card = house.card("cleo", visit).await.unwrap();
    assert_eq!((card.name, card.links.len()), (phi("Wilhelmina"), 1));
    assert!(card.links[0].secret().is_some(), "who waits by the link can be met");
    // The review.
    let ada = house.of("ada");
    let device = Some((&ada.device, house.now));
    let seen = take_overs(&ada.client, &ada.token, None, device).await.unwrap();
    let one = seen.reply.take_overs[0];
    assert_eq!((one.by, one.from, one.review), (cleo.staff, house.of("lee").staff, None));
    assert_eq!(seen.notes[&one.take_over], Ok(phi("Lee is ill.")));
    // Another device than those that it was sealed to opens nothing.
    let other = take_overs(&ada.client, &ada.token, None, Some((&fay.device, house.now))).await.unwrap();
    assert!(other.notes[&one.take_over].is_err());
    let review = Some((one.take_over, ReviewOutcome::Justified));
    let after = take_overs(&ada.client, &ada.token, review, device).await.unwrap();
    assert_eq!(after.reply.take_overs[0].review.map(|review| review.by), Some(ada.staff));
    assert!(after.notes.is_empty());
}

#[tokio::test]
async fn where_nobody_can_share_the_card_a_new_link_is_made_and_completed_later() {
    let house = House::open().await;
    let visit = house.plan("Wilhelmina").await;
    let old = house.card("lee", visit).await.unwrap().links[0].invite;
    house.take_over(visit, "Lee is ill.", house.clinic.digits("cleo")).await.unwrap();
    let cleo = house.of("cleo");
    cleo.office.carry_out(DayCommand::Reinvite(visit)).await.unwrap();
    let card = house.card("cleo", visit).await.unwrap();
    assert_eq!((card.name, card.links.len()), (phi(""), 1));
    let new = card.links[0].invite;
    let invites: Vec<_> = cleo.office.listed(visit).await.unwrap().invites.iter().map(|link| link.invite).collect();
    assert_eq!(invites, [new], "the old link is dead");
    // The next morning at the front desk.
    let fay = house.of("fay");
    let listed = fay.office.listed(visit).await.unwrap();
    assert!(fay.office.share_taken_over(&listed).await.unwrap());
    let card = house.card("cleo", visit).await.unwrap();
    assert_eq!((card.name, card.notes), (phi("Wilhelmina"), phi("hard of hearing")));
    assert_eq!(card.links.iter().map(|link| link.invite).collect::<Vec<_>>(), [new]);
    assert_ne!(old, new);
}

#[tokio::test]
async fn two_who_make_a_link_anew_at_the_same_time_lose_none_of_theirs() {
    let house = House::open().await;
    let visit = house.plan("Wilhelmina").await;
    let old = house.card("lee", visit).await.unwrap().links[0].invite;
    let anew = async |who: &str| house.of(who).office.carry_out(DayCommand::Reinvite(visit)).await.unwrap();
    // Each reads the card before the other has written it.
    let (lees, fays) = tokio::join!(anew("lee"), anew("fay"));
    let invite = |answer: &serde_json::Value| answer["link"].as_str().unwrap().parse::<trust::Link>().unwrap().invite;
    let made = BTreeSet::from([invite(&lees), invite(&fays)]);
    let on_card: BTreeSet<_> = house.card("lee", visit).await.unwrap().links.iter().map(|link| link.invite).collect();
    let listed = house.of("lee").office.listed(visit).await.unwrap();
    let on_list: BTreeSet<_> = listed.invites.iter().map(|link| link.invite).collect();
    assert!(made.len() == 2 && !made.contains(&old));
    assert_eq!((&on_card, &on_list), (&made, &made), "both are good and known, and the old one is dead");
}
