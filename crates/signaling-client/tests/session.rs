//! A session goes on by itself: the next token in time, once for all who ask, and until the server says that it is over.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signaling_client::{ClientError, KeptSession};
use signaling_protocol::{Base64, Code, RefreshRequest, SignInRequest};
use support::{Answer, TestServer};
use units::Phi;

fn reply(number: usize, expires_in_secs: u64) -> Answer {
    Answer::json(&format!(
        r#"{{"token":"stt_{number}","expires_in_secs":{expires_in_secs},"staff":"stf_AAAAAAAAAAAAAAAAAAAAAA","role":"admin",
            "session":"ses_AAAAAAAAAAAAAAAAAAAAAA","session_ends_in_secs":86400,"refresh_token":"str_{number}"}}"#
    ))
}

fn sign_in() -> SignInRequest {
    SignInRequest::new("ada".to_owned().into(), "secret".to_owned().into(), Some("123456".to_owned().into()))
}

/// A server whose tokens are good for so long; the refreshes that it answered.
async fn server(expires_in_secs: u64, is_over: bool) -> (TestServer, Arc<AtomicUsize>) {
    let refreshed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&refreshed);
    let server = TestServer::start(move |asked| match asked.path.as_str() {
        "/v1/auth/sign-in" => reply(0, expires_in_secs),
        "/v1/auth/refresh" if is_over => Answer::problem(401, "not_signed_in"),
        "/v1/auth/refresh" => reply(count.fetch_add(1, Ordering::SeqCst) + 1, 900),
        "/v1/auth/sign-out" => Answer::json("{}"),
        // The first token is not known any more.
        _ if asked.header("authorization") == Some("Bearer stt_0") => Answer::problem(401, "not_signed_in"),
        _ => Answer::json(r#"{"staff":[]}"#),
    })
    .await;
    (server, refreshed)
}

#[tokio::test]
async fn a_token_that_is_about_to_end_is_followed_by_the_next_for_everybody_who_has_the_first() {
    let (server, refreshed) = server(59, false).await;
    let client = server.client();
    let token = client.sign_in(&sign_in()).await.unwrap().token;
    let other = client.clone();
    let (first, second) = tokio::join!(client.staff(&token), other.staff(&token));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(refreshed.load(Ordering::SeqCst), 1, "asked for once");
    let asked = server.asked();
    let shown: Vec<_> = asked.iter().filter(|asked| asked.path == "/v1/staff").collect();
    assert!(shown.iter().all(|asked| asked.header("authorization") == Some("Bearer stt_1")));
    let stranger = Phi::new("ept_of_a_visit".to_owned());
    client.staff(&stranger).await.unwrap();
    assert_eq!(server.asked().last().unwrap().header("authorization"), Some("Bearer ept_of_a_visit"));
}

#[tokio::test]
async fn a_token_that_the_server_does_not_know_any_more_is_followed_by_the_next() {
    let (server, refreshed) = server(900, false).await;
    let client = server.client();
    let token = client.sign_in(&sign_in()).await.unwrap().token;
    client.staff(&token).await.unwrap();
    client.staff(&token).await.unwrap();
    assert_eq!(refreshed.load(Ordering::SeqCst), 1);
    let asked = server.asked();
    let body = &asked.iter().find(|asked| asked.path == "/v1/auth/refresh").unwrap().body;
    let request: RefreshRequest = serde_json::from_slice(body).unwrap();
    assert_eq!(request.refresh_token.expose(), "str_0");
    assert!(request.nonce.expose().len() == 16 && request.password.is_none());
}

#[tokio::test]
async fn what_is_kept_is_another_with_each_token_and_gone_with_the_session() {
    let (server, _) = server(59, false).await;
    let client = server.client();
    let kept = client.kept();
    assert_eq!(*kept.borrow(), None);
    let token = client.sign_in(&sign_in()).await.unwrap().token;
    let first = kept.borrow().clone().unwrap();
    client.staff(&token).await.unwrap();
    let second = kept.borrow().clone().unwrap();
    assert_eq!((first.refresh_token.expose().as_str(), second.refresh_token.expose().as_str()), ("str_0", "str_1"));
    assert_ne!(first.nonce, second.nonce);
    client.sign_out().await.unwrap();
    assert_eq!(*kept.borrow(), None);
    assert_eq!(server.asked().last().unwrap().header("authorization"), Some("Bearer stt_1"));
    client.sign_out().await.unwrap();
}

#[tokio::test]
async fn a_session_that_is_over_is_said_once_and_asked_for_no_more() {
    let (server, _) = server(900, true).await;
    let client = server.client();
    let token = client.sign_in(&sign_in()).await.unwrap().token;
    for _ in 0..3 {
        let Err(ClientError::Refused(refusal)) = client.staff(&token).await else { panic!("it is over") };
        assert_eq!(refusal.code, Code::NotSignedIn);
    }
    assert_eq!(server.asked().iter().filter(|asked| asked.path == "/v1/auth/refresh").count(), 1);
    assert_eq!(*client.kept().borrow(), None);
}

#[tokio::test]
async fn who_was_away_goes_on_by_the_password() {
    let (server, _) = server(900, false).await;
    let client = server.client();
    let nonce = Phi::new(Base64(vec![7; 16]));
    let kept = KeptSession { refresh_token: Phi::new("str_kept".to_owned()), nonce: nonce.clone() };
    let password = Phi::new("secret".to_owned());
    let token = client.unlock(&kept, &password).await.unwrap().token;
    client.staff(&token).await.unwrap();
    let request: RefreshRequest = serde_json::from_slice(&server.asked()[0].body).unwrap();
    assert_eq!((request.refresh_token, request.nonce, request.password), (kept.refresh_token, nonce, Some(password)));
    assert!(!format!("{:?}", client.kept().borrow()).contains("str_"), "nothing of it is printed");
}
