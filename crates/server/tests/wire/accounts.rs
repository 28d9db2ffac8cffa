//! Signing in, and what a token opens.

use axum::body::Body;
use futures_util::StreamExt;
use hyper::StatusCode;
use serde_json::json;
use server::accounts::set_up;
use server::{Config, serve};
use signaling_client::{ClientError, KeptSession};
use signaling_protocol::{
    AccountState, Base64, Code, CodeReply, SignInReply, SignInRequest, SignUpReply, StaffReply, StaffRole,
};
use units::Phi;

use crate::client::{Client, Clinic, PASSWORD, PATIENCE, People};

#[tokio::test]
async fn a_wrong_password_wrong_digits_and_an_unknown_name_get_the_same_answer() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let sign_in = async |name: &str, password: &str, totp: &str| {
        client.post("/v1/auth/sign-in", None, &json!({ "name": name, "password": password, "totp": totp })).await
    };
    let wrong = sign_in("lee", "wrong password", &client.people.digits("lee")).await;
    let unknown = sign_in("nobody", PASSWORD, "123456").await;
    let no_digits = client.post("/v1/auth/sign-in", None, &json!({ "name": "lee", "password": PASSWORD })).await;
    assert_eq!(wrong.code(), Code::SignInRefused);
    for other in [unknown, no_digits, sign_in("lee", PASSWORD, "000000").await] {
        assert_eq!(wrong.body, other.body);
    }
    let reply: SignInReply = sign_in("lee", PASSWORD, &client.people.digits("lee")).await.ok();
    assert_eq!(reply.role, StaffRole::Clinician);
}

#[tokio::test]
async fn an_account_made_while_the_server_serves_can_sign_in() {
    let clinic = Clinic::start().await;
    let reply = clinic.staff("kim", StaffRole::Auditor).await;
    let answer = clinic.client().post("/v1/visits", Some(reply.token.expose()), &json!({})).await;
    assert_eq!(answer.code(), Code::NotAllowed, "an auditor hosts nothing");
}

#[tokio::test]
async fn a_clinic_begins_by_its_code_and_its_admin_lets_a_colleague_begin() {
    let data = tempfile::tempdir().unwrap();
    let code = set_up(data.path()).unwrap().into_exposed();
    let running = serve(Config::new(data.path().to_owned(), "127.0.0.1:0".parse().unwrap())).await.unwrap();
    let client = Client::of_ready_line(&format!("ready {} {}", running.base_url, running.pin_text()), People::new());
    let begin = async |name: &str, code: &str, secret: u8| {
        let secret = vec![secret; 20];
        client.people.knows(name, &totp_rs::Secret::from(secret.clone()).to_base32());
        let body = json!({
            "code": code, "name": name, "password": PASSWORD, "totp_secret": Base64(secret),
            "totp": client.people.digits(name), "label": "a laptop",
        });
        client.post("/v1/auth/sign-up", None, &body).await
    };
    let ada: SignUpReply = begin("ada", &code, 1).await.ok();
    assert_eq!((ada.signed_in.role, ada.recovery_codes.len()), (StaffRole::Admin, 10));
    let token = Some(ada.signed_in.token.expose().as_str());
    let added = client.post("/v1/staff", token, &json!({ "name": "lee", "role": "clinician" })).await;
    let added: CodeReply = added.ok();
    assert_eq!(begin("eve", added.code.expose(), 2).await.code(), Code::SignInRefused, "the code is lee's");
    let lee: SignUpReply = begin("lee", added.code.expose(), 3).await.ok();
    client.link(lee.signed_in.token.expose(), 7).await;
    let all: StaffReply = client.request("GET", "/v1/staff", token, Vec::new()).await.ok();
    let all: Vec<_> = all.staff.iter().map(|row| (row.name.expose().as_str(), row.role, row.state)).collect();
    let active = AccountState::Active;
    assert_eq!(all, [("ada", StaffRole::Admin, active), ("lee", StaffRole::Clinician, active)]);
    let path = format!("/v1/staff/{}/disable", ada.signed_in.staff);
    assert_eq!(client.post(&path, token, &json!({})).await.code(), Code::LastAdmin);
    // A recovery code, and then no more of it.
    let by_code = async || {
        let body = json!({ "name": "ada", "password": PASSWORD, "recovery_code": ada.recovery_codes[0] });
        client.post("/v1/auth/sign-in", None, &body).await
    };
    by_code().await.is(StatusCode::OK);
    assert_eq!(by_code().await.code(), Code::SignInRefused);
}

#[tokio::test]
async fn a_session_goes_on_over_a_restart_until_it_is_signed_out() {
    let clinic = Clinic::start().await;
    let reply = clinic.client().sign_in("lee").await;
    let refresh = async |client: &Client, token: &Phi<String>| {
        let body = json!({ "refresh_token": token, "nonce": Base64(vec![1; 16]) });
        client.post("/v1/auth/refresh", None, &body).await
    };
    let next: SignInReply = refresh(&clinic.client(), &reply.refresh_token).await.ok();
    let clinic = clinic.restart().await;
    let client = clinic.client();
    for token in [&reply.token, &next.token] {
        client.request("GET", "/v1/clinic", Some(token.expose()), Vec::new()).await.is(StatusCode::OK);
    }
    let next: SignInReply = refresh(&client, &next.refresh_token).await.ok();
    assert_eq!(next.session, reply.session);
    client.post("/v1/auth/sign-out", Some(next.token.expose()), &json!({})).await.is(StatusCode::OK);
    for token in [&reply.token, &next.token] {
        let answer = client.request("GET", "/v1/clinic", Some(token.expose()), Vec::new()).await;
        assert_eq!(answer.code(), Code::NotSignedIn);
    }
    assert_eq!(refresh(&client, &next.refresh_token).await.code(), Code::NotSignedIn);
}

#[tokio::test]
async fn the_products_own_client_goes_on_by_what_it_kept_and_a_copy_of_that_ends_the_session() {
    let clinic = Clinic::start().await;
    let phi = |text: &str| Phi::new(text.to_owned());
    let client = clinic.signaling();
    let digits = phi(&clinic.client().people.digits("lee"));
    let reply = client.sign_in(&SignInRequest::new(phi("lee"), phi(PASSWORD), Some(digits))).await.unwrap();
    let kept = client.kept().borrow().clone().unwrap();
    let code = |result: Result<SignInReply, ClientError>| match result {
        Err(ClientError::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    };
    // The app is started again.
    let again = clinic.signaling();
    assert_eq!(code(again.unlock(&kept, &phi("wrong password")).await), Code::SignInRefused);
    let next = again.unlock(&kept, &phi(PASSWORD)).await.unwrap();
    assert_eq!(next.session, reply.session);
    again.clinic(&next.token).await.unwrap();
    // Somebody has copied what was kept, and knows the password too.
    let copy = KeptSession { nonce: Phi::new(Base64(vec![9; 16])), ..kept };
    assert_eq!(code(clinic.signaling().unlock(&copy, &phi(PASSWORD)).await), Code::NotSignedIn);
    assert!(again.clinic(&next.token).await.is_err(), "the session is over, for both");
    assert_eq!(*again.kept().borrow(), None);
}

#[tokio::test]
async fn whoever_is_signed_out_hears_the_end_of_their_stream_at_once() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let ada = clinic.staff("ada", StaffRole::Admin).await.token.into_exposed();
    let cleo = clinic.staff("cleo", StaffRole::Clinician).await;
    let mut stream = Body::new(client.stream("/v1/events", cleo.token.expose()).await.into_body()).into_data_stream();
    let began = std::time::Instant::now();
    client.post(&format!("/v1/staff/{}/disable", cleo.staff), Some(&ada), &json!({})).await.is(StatusCode::OK);
    let read = async { while stream.next().await.is_some_and(|chunk| chunk.is_ok()) {} };
    tokio::time::timeout(PATIENCE, read).await.expect("the stream ends");
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "it is not heard by the next comment only");
}

#[tokio::test]
async fn whoever_is_disabled_is_out_of_their_visits_at_once_and_joins_no_more() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let ada = clinic.staff("ada", StaffRole::Admin).await.token.into_exposed();
    let (link, host, guest) = clinic.call().await;
    let lee = clinic.sign_in().await;
    let all: StaffReply = client.request("GET", "/v1/staff", Some(&ada), Vec::new()).await.ok();
    let staff = all.staff.iter().find(|row| row.name.expose() == "lee").unwrap().staff;
    let (mut host_hears, mut guest_hears) = (host.listen(None).await, guest.listen(None).await);
    client.post(&format!("/v1/staff/{staff}/disable"), Some(&ada), &json!({})).await.is(StatusCode::OK);
    host_hears.until("removed").await;
    assert_eq!(guest_hears.until("left").await["reason"], "removed");
    let body = json!({ "protocol": { "min": 1, "max": 1 }, "bundle": "AAAA" });
    let again = client.post(&format!("/v1/visits/{}/join", link.visit), Some(&lee), &body).await;
    assert_eq!(again.code(), Code::NotSignedIn);
    assert_eq!(host.get("ice").await.code(), Code::NotSignedIn, "nor by the endpoint's own token");
}

#[tokio::test]
async fn guesses_are_delayed_and_the_answer_says_for_how_long() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let known = client.sign_in("lee").await.device_token.unwrap();
    let guess = async || client.post("/v1/auth/sign-in", None, &json!({ "name": "lee", "password": "wrong" })).await;
    for _ in 0..5 {
        assert_eq!(guess().await.code(), Code::SignInRefused);
    }
    let delayed = guess().await;
    assert_eq!(delayed.code(), Code::TooManyRequests);
    assert!((1..=2).contains(&delayed.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap()));
    let body = json!({
        "name": "lee", "password": PASSWORD, "totp": client.people.digits("lee"), "device_token": known,
    });
    let reply: SignInReply = client.post("/v1/auth/sign-in", None, &body).await.ok();
    assert_eq!(reply.device_token, Some(known), "the owner's own device waits for nobody");
}

#[tokio::test]
async fn without_a_token_nothing_opens() {
    let clinic = Clinic::start().await;
    let (link, _, guest) = clinic.call().await;
    let client = clinic.client();
    for what in ["messages", "admit", "deny", "remove", "end", "leave", "invites", "join"] {
        let path = format!("/v1/visits/{}/{what}", link.visit);
        for token in [None, Some("ept_made-up"), Some("")] {
            let answer = client.post(&path, token, &json!({})).await;
            assert_eq!(answer.code(), Code::NotSignedIn, "{what}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
    for what in ["events", "ice"] {
        let path = format!("/v1/visits/{}/{what}", link.visit);
        assert_eq!(client.request("GET", &path, None, Vec::new()).await.code(), Code::NotSignedIn);
    }
    let token = guest.joined.endpoint_token.expose().as_str();
    let staff = client.post("/v1/visits", Some(token), &json!({})).await;
    assert_eq!(staff.code(), Code::NotSignedIn, "an endpoint's token is no clinician's");
    let other = clinic.link(&clinic.sign_in().await, 9).await;
    let path = format!("/v1/visits/{}/ice", other.visit);
    assert_eq!(client.request("GET", &path, Some(token), Vec::new()).await.code(), Code::VisitNotFound);
}

#[tokio::test]
async fn health_needs_nobody_and_other_paths_are_problems() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    client.request("GET", "/healthz", None, Vec::new()).await.is(StatusCode::OK);
    for (method, path) in [("GET", "/"), ("GET", "/v2/visits"), ("DELETE", "/v1/visits")] {
        assert_eq!(client.request(method, path, None, Vec::new()).await.code(), Code::RouteNotFound);
    }
}
