//! Passwords, second factors, sessions, and guessing, on a real database.

use std::net::Ipv4Addr;

use signaling_protocol::{
    AccountState, AddStaffRequest, Base64, PasswordRequest, RefreshRequest, SignInRequest, SignUpReply, SignUpRequest,
    StaffRole,
};
use tempfile::TempDir;
use totp_rs::Secret;
use units::Phi;

use super::*;
use crate::permissions::{Caller, Scope};
use crate::store::Failed;

const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const UNIX: u64 = 1_767_225_600;
const PASSWORD: &str = "correct horse";

/// A data directory, the accounts in it, and what a person's authenticator app shows.
struct House {
    data: TempDir,
    accounts: Arc<Accounts>,
    secret: Vec<u8>,
}

impl House {
    /// With a clinician, lee.
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let secret = add_user(data.path(), "lee", StaffRole::Clinician, &phi(PASSWORD)).unwrap();
        let secret = bytes_of(secret.expose());
        let accounts = Arc::new(Accounts::open(data.path(), UNIX * 1_000_000).unwrap());
        Self { data, accounts, secret }
    }

    /// The same after a restart at this second.
    fn again(self, secs: u64) -> Self {
        let accounts = Arc::new(Accounts::open(self.data.path(), (UNIX + secs) * 1_000_000).unwrap());
        Self { accounts, ..self }
    }

    fn digits(&self, secs: u64) -> String {
        passwords::totp(&self.secret).unwrap().generate(UNIX + secs).to_string()
    }

    fn request(&self, secs: u64) -> SignInRequest {
        SignInRequest::new(phi("Lee"), phi(PASSWORD), Some(Phi::new(self.digits(secs))))
    }

    fn sign_in(&self, secs: u64) -> Result<SignInReply, Denied> {
        self.accounts.sign_in_blocking(at(secs), &self.request(secs))
    }

    fn refresh(&self, secs: u64, token: &Phi<String>, nonce: u8) -> Result<SignInReply, Denied> {
        self.accounts.refresh_blocking(at(secs), &refresh(token, nonce, None))
    }

    fn opens(&self, secs: u64, reply: &SignInReply) -> bool {
        self.accounts.session(at(secs).now, reply.token.expose()).is_ok()
    }
}

fn refresh(token: &Phi<String>, nonce: u8, password: Option<&str>) -> RefreshRequest {
    RefreshRequest {
        refresh_token: token.clone(),
        nonce: Phi::new(Base64(vec![nonce; 16])),
        password: password.map(phi),
    }
}

fn bytes_of(base32: &str) -> Vec<u8> {
    Secret::try_from_base32(base32).unwrap().as_ref().to_vec()
}

fn phi(text: &str) -> Phi<String> {
    Phi::new(text.to_owned())
}

fn at(secs: u64) -> Moment {
    Moment { now: Timestamp::from_millis(secs * 1_000), unix_micros: (UNIX + secs) * 1_000_000, from: FROM }
}

fn from(number: u8, secs: u64) -> Moment {
    Moment { from: IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)), ..at(secs) }
}

fn refused<T>(code: Code) -> Result<T, Denied> {
    Err(Denied::from(code))
}

fn admin() -> Caller {
    Caller::of(StaffId::from_random([9; 16]), StaffRole::Admin, Scope::All)
}

#[test]
fn a_token_is_good_for_a_quarter_of_an_hour_and_its_session_for_a_day() {
    let house = House::new();
    let mut reply = house.sign_in(0).unwrap();
    assert!(house.opens(899, &reply) && !house.opens(900, &reply));
    let mut secs = 0;
    for _ in 0..96 {
        secs += 890;
        reply = house.refresh(secs, &reply.refresh_token, 1).unwrap();
        assert!(house.opens(secs + 1, &reply));
    }
    assert!(secs < 24 * 3600);
    assert_eq!(house.refresh(24 * 3600, &reply.refresh_token, 1).err(), refused::<()>(Code::NotSignedIn).err());
    assert!(!house.opens(24 * 3600, &reply), "the token too");
}

#[test]
fn a_session_that_nobody_uses_for_half_a_day_is_over() {
    let house = House::new();
    let reply = house.sign_in(0).unwrap();
    assert!(house.refresh(12 * 3600 - 1, &reply.refresh_token, 1).is_ok());
    let other = house.sign_in(60).unwrap();
    assert_eq!(house.refresh(60 + 12 * 3600, &other.refresh_token, 1), refused(Code::NotSignedIn));
}

#[test]
fn a_lost_answer_is_asked_for_again_and_a_copied_token_ends_the_session() {
    let house = House::new();
    let first = house.sign_in(0).unwrap();
    let second = house.refresh(10, &first.refresh_token, 1).unwrap();
    let again = house.refresh(11, &first.refresh_token, 1).unwrap();
    assert_eq!(again.refresh_token, second.refresh_token);
    assert!(house.opens(12, &first) && house.opens(12, &second) && house.opens(12, &again));
    // A thief who has the first one, and draws a nonce of their own.
    assert_eq!(house.refresh(13, &first.refresh_token, 2), refused(Code::NotSignedIn));
    for reply in [&first, &second, &again] {
        assert!(!house.opens(14, reply), "the whole family is out");
        assert_eq!(house.refresh(14, &reply.refresh_token, 1), refused(Code::NotSignedIn));
    }
}

#[test]
fn a_token_of_two_steps_ago_ends_the_session_whatever_its_nonce() {
    let house = House::new();
    let first = house.sign_in(0).unwrap();
    let second = house.refresh(10, &first.refresh_token, 1).unwrap();
    let third = house.refresh(20, &second.refresh_token, 1).unwrap();
    assert_eq!(house.refresh(30, &first.refresh_token, 1), refused(Code::NotSignedIn));
    assert!(!house.opens(30, &third));
}

#[test]
fn a_restart_signs_nobody_out_and_nothing_that_is_kept_signs_anybody_in() {
    let house = House::new();
    let reply = house.sign_in(0).unwrap();
    let ended = house.sign_in(60).unwrap();
    house.accounts.change(Actor::Server, |rows, _| Ok(records::end_session(rows, ended.session)?), |_, ()| {}).unwrap();
    let house = house.again(120);
    // 120 seconds later by the wall, and zero by the new process's clock.
    let now = Timestamp::from_millis(0);
    assert_eq!(house.accounts.session(now, reply.token.expose()).unwrap().staff, reply.staff);
    assert!(house.accounts.session(now, ended.token.expose()).is_err());
    let later = Timestamp::from_millis((900 - 120) * 1_000);
    assert!(house.accounts.session(later, reply.token.expose()).is_err(), "its time went on");
    let moment = Moment { now, ..at(120) };
    assert!(house.accounts.refresh_blocking(moment, &refresh(&reply.refresh_token, 1, None)).is_ok());
    let file: Vec<u8> = ["housecall.sqlite3", "housecall.sqlite3-wal"]
        .iter()
        .flat_map(|name| std::fs::read(house.data.path().join(name)).unwrap_or_default())
        .collect();
    for secret in [&reply.token, &reply.refresh_token, reply.device_token.as_ref().unwrap()] {
        let secret = &secret.expose().as_bytes()[4..];
        assert!(!file.windows(secret.len()).any(|part| part == secret));
    }
}

#[test]
fn a_second_factor_is_asked_of_everybody_and_good_once() {
    let house = House::new();
    let try_with = |totp: Option<String>, secs| {
        let request = SignInRequest::new(phi("lee"), phi(PASSWORD), totp.map(Phi::new));
        house.accounts.sign_in_blocking(at(secs), &request).map(drop)
    };
    assert_eq!(try_with(None, 0), refused(Code::SignInRefused));
    assert_eq!(try_with(Some("000000".to_owned()), 0), refused(Code::SignInRefused));
    assert_eq!(try_with(Some(house.digits(0)), 0), Ok(()));
    assert_eq!(try_with(Some(house.digits(0)), 0), refused(Code::SignInRefused), "used");
    assert_eq!(try_with(Some(house.digits(30)), 30), Ok(()));
}

#[test]
fn somebody_begins_by_a_code_and_recovery_codes_take_the_place_of_the_digits_once() {
    let data = tempfile::tempdir().unwrap();
    let code = set_up(data.path()).unwrap();
    let accounts = Arc::new(Accounts::open(data.path(), UNIX * 1_000_000).unwrap());
    let secret = vec![7; 20];
    let now = Moment { unix_micros: unix_micros(), ..at(0) };
    let digits = passwords::totp(&secret).unwrap().generate(now.unix_secs()).to_string();
    let request = |code: &Phi<String>, password: &str, digits: &str| SignUpRequest {
        code: code.clone(),
        name: phi("ada"),
        password: phi(password),
        totp_secret: Phi::new(Base64(secret.clone())),
        totp: phi(digits),
        label: "a laptop".to_owned(),
    };
    let sign_up = |request: &SignUpRequest| accounts.sign_up_blocking(now, request);
    let wrong = phi("aaaa-bbbb-cccc-dddd");
    assert_eq!(sign_up(&request(&wrong, "short", "1")).err(), Some(Code::SignInRefused.into()), "of the code alone");
    assert_eq!(sign_up(&request(&code, "short", &digits)).err(), Some(Code::PasswordRefused.into()));
    assert_eq!(sign_up(&request(&code, PASSWORD, "000000")).err(), Some(Code::TotpRefused.into()));
    let SignUpReply { signed_in, recovery_codes } = sign_up(&request(&code, PASSWORD, &digits)).unwrap();
    assert_eq!((signed_in.role, recovery_codes.len()), (StaffRole::Admin, RECOVERY_CODES));
    assert!(accounts.session(now.now, signed_in.token.expose()).is_ok());
    assert_eq!(sign_up(&request(&code, PASSWORD, &digits)).err(), Some(Code::SignInRefused.into()), "used");
    assert!(matches!(set_up(data.path()), Err(AddUserError::HasAdmin)));
    let by_code = |code: &Phi<String>| {
        let recovery_code = Some(Phi::new(code.expose().to_uppercase()));
        let request = SignInRequest { recovery_code, ..SignInRequest::new(phi("ada"), phi(PASSWORD), None) };
        accounts.sign_in_blocking(now, &request).map(drop)
    };
    assert_eq!(by_code(&recovery_codes[3]), Ok(()));
    assert_eq!(by_code(&recovery_codes[3]), refused(Code::SignInRefused), "used");
    assert_eq!(by_code(&recovery_codes[4]), Ok(()));
}

#[tokio::test]
async fn a_colleague_is_added_made_to_begin_anew_disabled_and_let_in_again() {
    let house = House::new();
    let added = house.accounts.add(at(0), admin(), AddStaffRequest { name: phi(" sam "), role: StaffRole::FrontDesk });
    let added = added.await.unwrap();
    let twice = AddStaffRequest { name: phi("SAM"), role: StaffRole::Admin };
    assert_eq!(house.accounts.add(at(0), admin(), twice).await, refused(Code::NameTaken));
    let state = async || {
        let all = house.accounts.people().await.unwrap().staff;
        all.into_iter().find(|row| row.staff == added.staff).unwrap().state
    };
    assert_eq!(state().await, AccountState::Waiting);
    let secret = vec![5; 20];
    let begin = |code: &Phi<String>, secs: u64| {
        let digits = passwords::totp(&secret).unwrap().generate(UNIX + secs).to_string();
        let request = SignUpRequest {
            code: code.clone(),
            name: phi("Sam"),
            password: phi(PASSWORD),
            totp_secret: Phi::new(Base64(secret.clone())),
            totp: Phi::new(digits),
            label: String::new(),
        };
        house.accounts.sign_up_blocking(at(secs), &request)
    };
    let began = begin(&added.code, 10).unwrap();
    assert_eq!((began.signed_in.role, state().await), (StaffRole::FrontDesk, AccountState::Active));
    // A lost telephone.
    let anew = house.accounts.begin_anew(at(20), admin(), added.staff).await.unwrap();
    assert_eq!(state().await, AccountState::Waiting);
    assert!(!house.opens(20, &began.signed_in), "signed out at once");
    let digits = passwords::totp(&secret).unwrap().generate(UNIX + 40).to_string();
    let old = SignInRequest::new(phi("sam"), phi(PASSWORD), Some(Phi::new(digits)));
    assert_eq!(house.accounts.sign_in_blocking(at(40), &old), refused(Code::SignInRefused));
    let began = begin(&anew.code, 50).unwrap();
    // A colleague leaves, and comes back.
    house.accounts.set_disabled(admin(), added.staff, true).await.unwrap();
    assert!(!house.opens(50, &began.signed_in) && state().await == AccountState::Disabled);
    let sign_in = |secs: u64| {
        let digits = passwords::totp(&secret).unwrap().generate(UNIX + secs).to_string();
        let request = SignInRequest::new(phi("sam"), phi(PASSWORD), Some(Phi::new(digits)));
        house.accounts.sign_in_blocking(at(secs), &request)
    };
    assert_eq!(sign_in(100), refused(Code::SignInRefused));
    house.accounts.set_disabled(admin(), added.staff, false).await.unwrap();
    let signed_in = sign_in(130).unwrap();
    house.accounts.set_role(admin(), added.staff, StaffRole::Auditor).await.unwrap();
    assert!(!house.opens(130, &signed_in), "another role is another sign-in");
    assert_eq!(sign_in(160).unwrap().role, StaffRole::Auditor);
    let nobody = StaffId::from_random([77; 16]);
    assert_eq!(house.accounts.set_role(admin(), nobody, StaffRole::Admin).await, refused(Code::StaffNotFound));
}

#[tokio::test]
async fn the_last_admin_who_can_sign_in_stays_one() {
    let house = House::new();
    add_user(house.data.path(), "ada", StaffRole::Admin, &phi(PASSWORD)).unwrap();
    let waiting = AddStaffRequest { name: phi("ann"), role: StaffRole::Admin };
    let waiting = house.accounts.add(at(0), admin(), waiting).await.unwrap().staff;
    let all = house.accounts.people().await.unwrap().staff;
    let ada = all.iter().find(|row| row.name.expose() == "ada").unwrap().staff;
    let accounts = &house.accounts;
    assert_eq!(accounts.set_disabled(admin(), ada, true).await, refused(Code::LastAdmin), "ann cannot sign in yet");
    assert_eq!(accounts.set_role(admin(), ada, StaffRole::Auditor).await, refused(Code::LastAdmin));
    assert_eq!(accounts.begin_anew(at(0), admin(), ada).await.err(), Some(Code::LastAdmin.into()));
    accounts.set_disabled(admin(), waiting, true).await.unwrap();
    add_user(house.data.path(), "art", StaffRole::Admin, &phi(PASSWORD)).unwrap();
    accounts.set_disabled(admin(), ada, true).await.unwrap();
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_and_by_an_admin_alone() {
    let house = House::new();
    let labelled = SignInRequest { label: "Housecall on\n Linux".to_owned(), ..house.request(0) };
    let first = house.accounts.sign_in_blocking(at(0), &labelled).unwrap();
    let second = house.sign_in(30).unwrap();
    let own = Caller::of(first.staff, StaffRole::Clinician, Scope::Own);
    let listed = house.accounts.sessions(own, first.staff).await.unwrap().sessions;
    assert_eq!(listed.iter().map(|row| row.session).collect::<Vec<_>>(), [second.session, first.session]);
    assert_eq!((listed[1].label.as_str(), listed[1].began_unix_secs), ("Housecall on Linux", UNIX));
    let stranger = Caller::of(StaffId::from_random([8; 16]), StaffRole::Clinician, Scope::Own);
    assert_eq!(house.accounts.sessions(stranger, first.staff).await, refused(Code::StaffNotFound));
    assert_eq!(house.accounts.end_session(stranger, first.session).await, refused(Code::NotAllowed));
    assert!(house.opens(40, &first));
    house.accounts.end_session(own, first.session).await.unwrap();
    house.accounts.end_session(own, first.session).await.unwrap();
    assert!(!house.opens(40, &first) && house.opens(40, &second));
    house.accounts.end_session(admin(), second.session).await.unwrap();
    assert!(!house.opens(40, &second));
}

#[test]
fn another_password_wants_the_last_one_and_ends_all_other_sessions() {
    let house = House::new();
    let (here, there) = (house.sign_in(0).unwrap(), house.sign_in(30).unwrap());
    let by = house.accounts.session(at(30).now, here.token.expose()).unwrap();
    let try_with = |old: &str, new: &str, totp: &str| {
        let request = PasswordRequest { password: phi(old), new_password: phi(new), totp: phi(totp) };
        house.accounts.change_password_blocking(at(31), by, &request)
    };
    let change = |old: &str, new: &str| try_with(old, new, &house.digits(60));
    assert_eq!(change("wrong horse", "another horse"), refused(Code::SignInRefused));
    assert_eq!(change(PASSWORD, "short"), refused(Code::PasswordRefused));
    assert_eq!(try_with(PASSWORD, "another horse", "000000"), refused(Code::SignInRefused));
    assert_eq!(try_with(PASSWORD, "another horse", &house.digits(30)), refused(Code::SignInRefused), "used");
    assert!(house.opens(31, &there));
    change(PASSWORD, "another horse").unwrap();
    assert!(house.opens(31, &here) && !house.opens(31, &there));
    assert_eq!(house.sign_in(60), refused(Code::SignInRefused));
    for _ in 0..4 {
        assert_eq!(change("wrong horse", "another horse"), refused(Code::SignInRefused));
    }
    assert_eq!(change("wrong horse", "another horse").unwrap_err().code, Code::SignInRefused);
    assert_eq!(change("another horse", "a third horse").unwrap_err().code, Code::TooManyRequests, "guessed within");
}

#[test]
fn who_begins_anew_by_another_process_is_out_once_it_is_noticed_and_back_by_the_code() {
    let house = House::new();
    let before = house.sign_in(0).unwrap();
    add_user(house.data.path(), "kim", StaffRole::Clinician, &phi(PASSWORD)).unwrap();
    assert!(house.opens(1, &before) && house.accounts.notice_others().is_empty(), "that was nothing of lee's");
    let rings = house.accounts.watch_ended();
    let code = give_code(house.data.path(), "lee").unwrap();
    assert_eq!(house.accounts.notice_others(), [before.staff]);
    assert!(!house.opens(2, &before));
    assert!(rings.has_changed().unwrap(), "streams hear of it");
    assert!(house.accounts.notice_others().is_empty(), "once");
    assert_eq!(house.refresh(2, &before.refresh_token, 1), refused(Code::NotSignedIn));
    let request = SignUpRequest {
        code,
        name: phi("lee"),
        password: phi(PASSWORD),
        totp_secret: Phi::new(Base64(house.secret.clone())),
        totp: Phi::new(house.digits(30)),
        label: String::new(),
    };
    let now = Moment { unix_micros: (UNIX + 30) * 1_000_000, ..at(30) };
    let after = house.accounts.sign_up_blocking(now, &request).unwrap().signed_in;
    assert!(house.opens(31, &after) && house.accounts.notice_others().is_empty());
    let house = house.again(40);
    assert!(house.opens(41, &after), "a restart knows the generation too");
}

#[test]
fn to_know_who_asks_nobody_waits_for_the_disk() {
    let house = House::new();
    let reply = house.sign_in(0).unwrap();
    // Somebody reads, and the disk takes its time.
    let reading = lock(&house.accounts.others);
    let (tell, told) = std::sync::mpsc::channel();
    let accounts = Arc::clone(&house.accounts);
    let token = reply.token.clone();
    std::thread::spawn(move || tell.send(accounts.session(at(1).now, token.expose()).is_ok()));
    let opens = told.recv_timeout(Duration::from_secs(10));
    drop(reading);
    assert_eq!(opens, Ok(true));
}

#[test]
fn while_it_is_not_seen_whom_others_sign_out_no_token_opens() {
    let house = House::new();
    let reply = house.sign_in(0).unwrap();
    let outside = Connection::open(house.data.path().join("housecall.sqlite3")).unwrap();
    outside.execute("ALTER TABLE staff RENAME TO elsewhere", []).unwrap();
    assert!(house.accounts.notice_others().is_empty());
    assert_eq!(house.accounts.session(at(1).now, reply.token.expose()), Err(Code::StorageFailed));
    outside.execute("ALTER TABLE elsewhere RENAME TO staff", []).unwrap();
    assert!(house.accounts.notice_others().is_empty() && house.opens(2, &reply));
}

#[test]
fn failed_tries_are_counted_by_kind_and_account_and_written_together() {
    let house = House::new();
    let lee = house.sign_in(0).unwrap().staff;
    let try_as = |name: &str, password: &str, totp: Option<Phi<String>>| {
        let request = SignInRequest::new(phi(name), phi(password), totp);
        house.accounts.sign_in_blocking(from(1, 1), &request).map(drop)
    };
    for name in ["nobody", "somebody", "lee"] {
        assert_eq!(try_as(name, "wrong horse", None), refused(Code::SignInRefused));
    }
    for digits in [None, Some(phi("000000")), Some(Phi::new(house.digits(0)))] {
        assert_eq!(try_as("lee", PASSWORD, digits), refused(Code::SignInRefused));
    }
    let recovery_code = Some(phi("aaaa-bbbb-cccc-dddd"));
    let request = SignInRequest { recovery_code, ..SignInRequest::new(phi("lee"), phi(PASSWORD), None) };
    assert_eq!(house.accounts.sign_in_blocking(from(2, 1), &request).map(drop), refused(Code::SignInRefused));
    let expected = [
        (None, Failed::Password, 2),
        (Some(lee), Failed::Password, 1),
        (Some(lee), Failed::SecondFactor, 3),
        (Some(lee), Failed::RecoveryCode, 1),
    ];
    assert_eq!(house.accounts.unwritten(), expected);
    house.accounts.write_failures_blocking().unwrap();
    assert!(house.accounts.unwritten().is_empty());
}

#[test]
fn failed_tries_that_the_disk_does_not_take_wait_for_the_next_time() {
    let house = House::new();
    let wrong = SignInRequest::new(phi("nobody"), phi("wrong horse"), None);
    assert!(house.accounts.sign_in_blocking(at(0), &wrong).is_err());
    let other = rusqlite::Connection::open(house.data.path().join("housecall.sqlite3")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(house.accounts.write_failures_blocking(), refused(Code::StorageFailed));
    assert!(house.accounts.sign_in_blocking(at(1), &wrong).is_err());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(house.accounts.unwritten(), [(None, Failed::Password, 2)]);
    house.accounts.write_failures_blocking().unwrap();
    assert!(house.accounts.unwritten().is_empty());
}

#[test]
fn who_was_away_goes_on_by_the_password_and_a_wrong_one_ends_nothing() {
    let house = House::new();
    let reply = house.sign_in(0).unwrap();
    let unlock =
        |secs, password| house.accounts.refresh_blocking(at(secs), &refresh(&reply.refresh_token, 1, Some(password)));
    for _ in 0..5 {
        assert_eq!(unlock(1, "wrong horse"), refused(Code::SignInRefused));
    }
    assert_eq!(unlock(1, PASSWORD).unwrap_err(), Denied::until(Duration::from_secs(2)));
    let next = unlock(3, PASSWORD).unwrap();
    assert!(house.opens(4, &next) && next.session == reply.session);
}

#[test]
fn a_thousand_guesses_from_fifty_addresses_are_delayed_and_the_owner_still_signs_in() {
    let house = House::new();
    let device_token = house.sign_in(0).unwrap().device_token;
    let wrong = SignInRequest::new(phi("lee"), phi("wrong horse"), None);
    let mut looked_at = 0;
    for guess in 0..1_000_u64 {
        // Twenty rounds by fifty addresses within ten minutes.
        let moment = from((guess % 50) as u8, 60 + guess / 50 * 30);
        match house.accounts.sign_in_blocking(moment, &wrong) {
            Err(denied) if denied.code == Code::SignInRefused => looked_at += 1,
            Err(Denied { code: Code::TooManyRequests, wait: Some(wait) }) => assert!(wait > Duration::ZERO),
            other => panic!("{other:?}"),
        }
    }
    // 20 are free; within 570 s there is room for 1, 2, 4 … 256 seconds of delay, one try at the end of each, and for no more.
    assert!((20..=30).contains(&looked_at), "{looked_at}");
    let secs = 60 + 19 * 30;
    let stranger = house.accounts.sign_in_blocking(from(99, secs), &house.request(secs));
    assert_eq!(stranger.unwrap_err().code, Code::TooManyRequests, "from a device that nobody knows");
    let known = SignInRequest { device_token, ..house.request(secs) };
    let owner = house.accounts.sign_in_blocking(from(99, secs), &known).unwrap();
    assert!(house.opens(secs, &owner));
}

#[test]
fn a_device_of_somebody_else_is_a_stranger_here() {
    let house = House::new();
    let secret = bytes_of(add_user(house.data.path(), "kim", StaffRole::Clinician, &phi(PASSWORD)).unwrap().expose());
    let digits = passwords::totp(&secret).unwrap().generate(UNIX).to_string();
    let kim = SignInRequest::new(phi("kim"), phi(PASSWORD), Some(Phi::new(digits)));
    let device_token = house.accounts.sign_in_blocking(at(0), &kim).unwrap().device_token;
    let wrong =
        SignInRequest { device_token: device_token.clone(), ..SignInRequest::new(phi("lee"), phi("wrong"), None) };
    for _ in 0..5 {
        assert_eq!(house.accounts.sign_in_blocking(at(1), &wrong), refused(Code::SignInRefused));
    }
    assert_eq!(house.accounts.sign_in_blocking(at(1), &wrong).unwrap_err().code, Code::TooManyRequests);
    let right = SignInRequest { device_token: device_token.clone(), ..house.request(10) };
    let reply = house.accounts.sign_in_blocking(at(10), &right).unwrap();
    assert_ne!(reply.device_token, device_token, "one token knows one account");
}

#[test]
fn guesses_at_the_same_time_are_no_more_guesses() {
    let house = House::new();
    let wrong = SignInRequest::new(phi("nobody"), phi("wrong password"), None);
    let refused = std::thread::scope(|scope| {
        let guess = || house.accounts.sign_in_blocking(at(0), &wrong).unwrap_err().code;
        let guesses: Vec<_> = (0..12).map(|_| scope.spawn(guess)).collect();
        guesses.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(refused.iter().filter(|code| **code == Code::SignInRefused).count(), 5);
    assert_eq!(refused.iter().filter(|code| **code == Code::TooManyRequests).count(), 7);
}

#[test]
fn many_names_from_one_address_are_slowed_down_too() {
    let house = House::new();
    let guess = |name: u8| {
        let wrong = SignInRequest::new(phi(&name.to_string()), phi("wrong password"), None);
        house.accounts.sign_in_blocking(at(0), &wrong).unwrap_err().code
    };
    assert!((0..10).all(|name| guess(name) == Code::SignInRefused));
    assert_eq!(guess(11), Code::TooManyRequests);
}

#[tokio::test]
async fn only_so_many_passwords_are_hashed_at_once() {
    let house = House::new();
    let accounts = Arc::clone(&house.accounts);
    let others = accounts.hashing.acquire_many(MOST_HASHES as u32).await.unwrap();
    let guess = house.accounts.sign_in(at(0), SignInRequest::new(phi("lee"), phi("wrong password"), None));
    let mut guess = std::pin::pin!(guess);
    assert!(futures_util::FutureExt::now_or_never(&mut guess).is_none());
    assert_eq!(accounts.hashing.available_permits(), 0);
    drop(others);
    assert_eq!(guess.await, refused(Code::SignInRefused));
}

#[test]
fn an_account_wants_a_name_a_password_and_to_be_new() {
    let data = tempfile::tempdir().unwrap();
    let add = |name: &str, password: &str| add_user(data.path(), name, StaffRole::Clinician, &phi(password)).map(drop);
    assert!(matches!(add("", "correct horse"), Err(AddUserError::Name)));
    assert!(matches!(add("a\nb", "correct horse"), Err(AddUserError::Name)));
    assert!(matches!(add("lee", "short"), Err(AddUserError::Password)));
    add("lee", "correct horse").unwrap();
    assert!(matches!(add("LEE", "correct horse"), Err(AddUserError::Taken)));
    assert!(matches!(give_code(data.path(), "kim"), Err(AddUserError::Unknown)));
    give_code(data.path(), "lee").unwrap();
}

fn unix_micros() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_micros() as u64
}
