//! Signing in, and what a token opens.

use hyper::StatusCode;
use serde_json::json;
use server::accounts::add_user;
use signaling_protocol::{Code, SignInReply, StaffRole};
use units::Phi;

use crate::client::{Clinic, PASSWORD};

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let sign_in = async |name, password| {
        client.post("/v1/auth/sign-in", None, &json!({ "name": name, "password": password })).await
    };
    let wrong = sign_in("lee", "wrong password").await;
    let unknown = sign_in("nobody", PASSWORD).await;
    assert_eq!(wrong.code(), Code::SignInRefused);
    assert_eq!(wrong.body, unknown.body);
    assert_eq!(sign_in("lee", PASSWORD).await.ok::<SignInReply>().role, StaffRole::Clinician);
}

#[tokio::test]
async fn an_account_made_while_the_server_serves_can_sign_in() {
    let clinic = Clinic::start().await;
    let password = Phi::new("another password".to_owned());
    add_user(clinic.data.path(), "kim", StaffRole::Auditor, &password, false).unwrap();
    let body = json!({ "name": "kim", "password": "another password" });
    let reply: SignInReply = clinic.client().post("/v1/auth/sign-in", None, &body).await.ok();
    let answer = clinic.client().post("/v1/visits", Some(reply.token.expose()), &json!({})).await;
    assert_eq!(answer.code(), Code::NotAllowed, "an auditor hosts nothing");
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
