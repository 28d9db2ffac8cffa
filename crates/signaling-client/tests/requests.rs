//! What is asked and how answers are read.

mod support;

use std::time::Duration;

use signaling_client::ClientError;
use signaling_protocol::{
    Base64, Challenge, Code, CreateInviteRequest, EndpointId, HostJoinRequest, InviteId, InviteKey, JoinRequest,
    SendRequest, SignInRequest, Signature, VersionRange, VisitId,
};
use support::{Answer, TestServer};
use units::Phi;

const INVITE: InviteId = InviteId::from_random([1; 16]);
const VISIT: VisitId = VisitId::from_random([2; 16]);
const SOMEBODY: EndpointId = EndpointId::from_random([3; 16]);

fn token() -> Phi<String> {
    Phi::new("a-token".to_owned())
}

#[tokio::test]
async fn each_request_has_its_method_its_path_and_its_token() {
    let joined = format!(
        r#"{{"protocol":1,"visit":"{VISIT}","endpoint":"{SOMEBODY}","endpoint_token":"t","role":"guest","limits":{{}}}}"#
    );
    let server = TestServer::start(move |asked| {
        let last = asked.path.rsplit('/').next().unwrap();
        Answer::json(&match last {
            "sign-in" => {
                r#"{"token":"t","expires_in_secs":900,"staff":"stf_AAAAAAAAAAAAAAAAAAAAAA","role":"clinician","later":1,
                    "session":"ses_AAAAAAAAAAAAAAAAAAAAAA","session_ends_in_secs":86400,"refresh_token":"r"}"#
                    .to_owned()
            }
            "visits" => format!(r#"{{"visit":"{VISIT}"}}"#),
            "invites" => format!(r#"{{"invite":"{INVITE}"}}"#),
            "challenge" => format!(r#"{{"challenge":"{}"}}"#, "A".repeat(64)),
            "join" => joined.clone(),
            "ice" => r#"{"servers":[{"urls":["stun:127.0.0.1:1"]}],"ttl_secs":60}"#.to_owned(),
            "messages" => r#"{"accepted":[]}"#.to_owned(),
            _ => "{}".to_owned(),
        })
    })
    .await;
    let client = server.client();
    assert_eq!(client.round_trip(), None, "nothing was asked");
    let token = token();
    let sign_in = SignInRequest::new("ada".to_owned().into(), "secret".to_owned().into(), None);
    client.sign_in(&sign_in).await.unwrap();
    client.create_visit(&token).await.unwrap();
    let invite = CreateInviteRequest::new(InviteKey([4; 32]), 3600);
    client.create_invite(&token, VISIT, &invite).await.unwrap();
    let before = client.round_trip().expect("something was answered");
    client.challenge(INVITE).await.unwrap();
    assert!(client.round_trip().is_some_and(|shortest| shortest <= before));
    let join = JoinRequest {
        protocol: VersionRange::CURRENT,
        challenge: Challenge([0; 48]),
        signature: Signature([0; 64]),
        bundle: Base64(vec![1]),
    };
    client.join_guest(INVITE, &join).await.unwrap();
    let host = HostJoinRequest { protocol: VersionRange::CURRENT, bundle: Base64(vec![1]), take_over: true };
    client.join_host(&token, VISIT, &host).await.unwrap();
    let ice = client.ice(&token, VISIT).await.unwrap();
    assert_eq!(ice.servers[0].urls, ["stun:127.0.0.1:1"]);
    client.send(&token, VISIT, &SendRequest { messages: vec![] }).await.unwrap();
    client.admit(&token, VISIT, SOMEBODY).await.unwrap();
    client.deny(&token, VISIT, SOMEBODY).await.unwrap();
    client.remove(&token, VISIT, SOMEBODY).await.unwrap();
    client.end(&token, VISIT).await.unwrap();
    client.leave(&token, VISIT).await.unwrap();

    let seen: Vec<(String, bool)> = server
        .asked()
        .iter()
        .map(|asked| {
            assert_eq!(asked.header("accept"), Some("application/json"));
            let body = String::from_utf8(asked.body.clone()).unwrap();
            assert_eq!(body.is_empty(), asked.method == "GET", "{body}");
            let token = asked.header("authorization");
            assert!(matches!(token, None | Some("Bearer a-token")), "{token:?}");
            (format!("{} {}", asked.method, asked.path), token.is_some())
        })
        .collect();
    let wanted = [
        ("POST /v1/auth/sign-in".to_owned(), false),
        ("POST /v1/visits".to_owned(), true),
        (format!("POST /v1/visits/{VISIT}/invites"), true),
        (format!("POST /v1/invites/{INVITE}/challenge"), false),
        (format!("POST /v1/invites/{INVITE}/join"), false),
        (format!("POST /v1/visits/{VISIT}/join"), true),
        (format!("GET /v1/visits/{VISIT}/ice"), true),
        (format!("POST /v1/visits/{VISIT}/messages"), true),
        (format!("POST /v1/visits/{VISIT}/admit"), true),
        (format!("POST /v1/visits/{VISIT}/deny"), true),
        (format!("POST /v1/visits/{VISIT}/remove"), true),
        (format!("POST /v1/visits/{VISIT}/end"), true),
        (format!("POST /v1/visits/{VISIT}/leave"), true),
    ];
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn a_problem_is_its_code_and_its_sentence_is_ours() {
    for (status, code, wanted) in [
        (401, "sign_in_refused", Code::SignInRefused),
        (404, "invite_not_usable", Code::InviteNotUsable),
        (410, "visit_ended", Code::VisitEnded),
        (429, "too_many_requests", Code::TooManyRequests),
        (503, "storage_failed", Code::StorageFailed),
        (418, "a_code_of_a_later_version", Code::Unknown),
    ] {
        let server = TestServer::start(move |_| Answer::problem(status, code)).await;
        let Err(error) = server.client().challenge(INVITE).await else { panic!("a refusal was wanted") };
        let ClientError::Refused(problem) = &error else { panic!("{error:?}") };
        assert_eq!((problem.code, problem.status), (wanted, status));
        assert!(!error.to_string().contains("whatever"), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_says_when_to_come_again() {
    let server = TestServer::start(|_| {
        let mut answer = Answer::problem(429, "too_many_requests");
        answer.headers.push(("retry-after", "17".to_owned()));
        answer
    })
    .await;
    let Err(ClientError::Refused(refusal)) = server.client().challenge(INVITE).await else { panic!("a refusal") };
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(17)));
}

#[tokio::test]
async fn what_is_no_housecall_server_is_told_from_one_that_refuses() {
    for answer in [
        || Answer::new(200, "text/html", "<h1>Please accept our terms</h1>"),
        || Answer::new(302, "text/html", ""),
        || Answer::new(404, "text/html", "not found"),
        || Answer::new(404, "application/json", "{}"),
        || Answer::new(200, "application/json", "{}"),
        || Answer::new(200, "application/json", "not JSON"),
        || Answer::new(404, "application/problem+json", "{}"),
        || Answer::new(200, "application/problem+json", r#"{"code":"visit_ended","title":"","status":410}"#),
        || Answer::new(200, "application/json", vec![b' '; 200 * 1024]),
    ] {
        let server = TestServer::start(move |_| answer()).await;
        assert_eq!(server.client().challenge(INVITE).await, Err(ClientError::NotHousecall));
    }
}

#[tokio::test]
async fn a_proxy_whose_server_is_away_is_asked_again() {
    let server = TestServer::start(|_| Answer::new(502, "text/html", "Bad Gateway")).await;
    assert_eq!(server.client().challenge(INVITE).await, Err(ClientError::Unreachable));
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let elsewhere = TestServer::start(|_| Answer::json("{}")).await;
    let location = elsewhere.base_url();
    let server = TestServer::start(move |_| {
        let mut answer = Answer::new(307, "application/json", "{}");
        answer.headers.push(("location", location.clone()));
        answer
    })
    .await;
    assert_eq!(server.client().leave(&token(), VISIT).await, Err(ClientError::NotHousecall));
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_token_that_is_none_is_not_sent() {
    let server = TestServer::start(|_| Answer::json("{}")).await;
    let token = Phi::new("a\r\nx: y".to_owned());
    assert_eq!(server.client().leave(&token, VISIT).await, Err(ClientError::NotHousecall));
    assert!(server.asked().is_empty());
}
