//! Passwords, second factors, sessions, and guessing.

use super::*;

const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const UNIX: u64 = 1_767_225_600;

fn request(name: &str, password: &str, totp: Option<String>) -> SignInRequest {
    SignInRequest { name: Phi::new(name.to_owned()), password: Phi::new(password.to_owned()), totp: totp.map(Phi::new) }
}

fn phi(text: &str) -> Phi<String> {
    Phi::new(text.to_owned())
}

#[test]
fn a_session_ends_after_its_time() {
    let data = tempfile::tempdir().unwrap();
    add_user(data.path(), "lee", StaffRole::Clinician, &phi("correct horse"), false).unwrap();
    let accounts = Accounts::open(data.path()).unwrap();
    let reply = accounts.sign_in_blocking(Timestamp::ZERO, UNIX, FROM, &request("Lee", "correct horse", None)).unwrap();
    let end = Timestamp::ZERO + SESSION;
    let almost = end.before(Duration::from_secs(1));
    assert_eq!(accounts.session(almost, reply.token.expose()).unwrap().staff, reply.staff);
    assert_eq!(accounts.session(end, reply.token.expose()).err(), Some(Code::NotSignedIn));
    assert_eq!(accounts.session(almost, "stt_other").err(), Some(Code::NotSignedIn));
}

#[test]
fn who_lost_a_device_is_signed_out_everywhere_but_where_it_is_reported() {
    let data = tempfile::tempdir().unwrap();
    for name in ["lee", "kim"] {
        add_user(data.path(), name, StaffRole::Clinician, &phi("correct horse"), false).unwrap();
    }
    let accounts = Accounts::open(data.path()).unwrap();
    let sign_in = |name: &str| {
        accounts.sign_in_blocking(Timestamp::ZERO, UNIX, FROM, &request(name, "correct horse", None)).unwrap()
    };
    let (lost, here, other) = (sign_in("lee"), sign_in("lee"), sign_in("kim"));
    accounts.end_sessions(&[lost.staff], &Accounts::hash_of(here.token.expose()));
    let is_in = |reply: &SignInReply| accounts.session(Timestamp::ZERO, reply.token.expose()).is_ok();
    assert_eq!((is_in(&lost), is_in(&here), is_in(&other)), (false, true, true));
}

#[test]
fn a_second_factor_is_asked_for_and_good_once() {
    let data = tempfile::tempdir().unwrap();
    let secret = add_user(data.path(), "lee", StaffRole::Clinician, &phi("correct horse"), true).unwrap().unwrap();
    let accounts = Accounts::open(data.path()).unwrap();
    let totp = totp(Secret::try_from_base32(secret.expose()).unwrap().as_ref()).unwrap();
    let sign_in = |unix, totp| {
        accounts.sign_in_blocking(Timestamp::ZERO, unix, FROM, &request("lee", "correct horse", totp)).map(drop)
    };
    let digits = totp.generate(UNIX).to_string();
    assert_eq!(sign_in(UNIX, None), Err(Code::SignInRefused));
    assert_eq!(sign_in(UNIX, Some("000000".to_owned())), Err(Code::SignInRefused));
    assert_eq!(sign_in(UNIX, Some(digits.clone())), Ok(()));
    assert_eq!(sign_in(UNIX, Some(digits)), Err(Code::SignInRefused), "used");
    assert_eq!(sign_in(UNIX + 30, Some(totp.generate(UNIX + 30).to_string())), Ok(()));
}

#[test]
fn guessing_is_slowed_down_by_address() {
    let data = tempfile::tempdir().unwrap();
    add_user(data.path(), "lee", StaffRole::Clinician, &phi("correct horse"), false).unwrap();
    let accounts = Accounts::open(data.path()).unwrap();
    let guess =
        |password, from| accounts.sign_in_blocking(Timestamp::ZERO, UNIX, from, &request("lee", password, None)).err();
    for _ in 0..10 {
        assert_eq!(guess("wrong password", FROM), Some(Code::SignInRefused));
    }
    assert_eq!(guess("correct horse", FROM), Some(Code::TooManyRequests));
    assert_eq!(guess("correct horse", "192.0.2.7".parse().unwrap()), None, "nobody is locked out by a stranger");
}

#[test]
fn guesses_at_the_same_time_are_no_more_guesses() {
    let data = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(data.path()).unwrap();
    let refused = std::thread::scope(|scope| {
        let guess =
            || accounts.sign_in_blocking(Timestamp::ZERO, UNIX, FROM, &request("lee", "wrong password", None)).err();
        let guesses: Vec<_> = (0..16).map(|_| scope.spawn(guess)).collect();
        guesses.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(refused.iter().filter(|code| **code == Some(Code::SignInRefused)).count(), 10);
    assert_eq!(refused.iter().filter(|code| **code == Some(Code::TooManyRequests)).count(), 6);
}

#[test]
fn who_signs_in_rightly_is_never_slowed_down() {
    let data = tempfile::tempdir().unwrap();
    add_user(data.path(), "lee", StaffRole::Clinician, &phi("correct horse"), false).unwrap();
    let accounts = Accounts::open(data.path()).unwrap();
    for _ in 0..12 {
        accounts.sign_in_blocking(Timestamp::ZERO, UNIX, FROM, &request("lee", "correct horse", None)).unwrap();
    }
}

#[tokio::test]
async fn only_so_many_passwords_are_hashed_at_once() {
    let data = tempfile::tempdir().unwrap();
    let accounts = Arc::new(Accounts::open(data.path()).unwrap());
    let others = accounts.hashing.acquire_many(MOST_HASHES as u32).await.unwrap();
    let guess = Arc::clone(&accounts).sign_in(Timestamp::ZERO, UNIX, FROM, request("lee", "wrong password", None));
    let mut guess = std::pin::pin!(guess);
    assert!(futures_util::FutureExt::now_or_never(&mut guess).is_none());
    assert_eq!(accounts.hashing.available_permits(), 0);
    drop(others);
    assert_eq!(guess.await.err(), Some(Code::SignInRefused));
}

#[test]
fn an_account_wants_a_name_a_password_and_to_be_new() {
    let data = tempfile::tempdir().unwrap();
    let add =
        |name: &str, password: &str| add_user(data.path(), name, StaffRole::Clinician, &phi(password), false).map(drop);
    assert!(matches!(add("", "correct horse"), Err(AddUserError::Name)));
    assert!(matches!(add("a\nb", "correct horse"), Err(AddUserError::Name)));
    assert!(matches!(add("lee", "short"), Err(AddUserError::Password)));
    add("lee", "correct horse").unwrap();
    assert!(matches!(add("LEE", "correct horse"), Err(AddUserError::Taken)));
}
