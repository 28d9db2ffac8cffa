//! Bad input: malformed, oversized, too often, and a disk with no room.

use hyper::StatusCode;
use serde_json::json;
use signaling_protocol::{Base64, Code, Problem};

use crate::client::Clinic;

#[tokio::test]
async fn a_malformed_body_is_told_where_and_never_what() {
    let clinic = Clinic::start().await;
    let secret = "S3CRET-NAME";
    let bodies = ["", "{", "[]", &format!("{{\"name\": \"{secret}\", \"password\": 7}}"), "\u{0}\u{1}", "nullnull"];
    for body in bodies {
        let answer = clinic.client().request("POST", "/v1/auth/sign-in", None, body.as_bytes().to_vec()).await;
        assert_eq!(answer.code(), Code::Malformed, "{body}");
        assert!(!String::from_utf8_lossy(&answer.body).contains(secret));
        let problem: Problem = serde_json::from_slice(&answer.body).unwrap();
        assert!(problem.detail.unwrap().starts_with("line "));
    }
}

#[tokio::test]
async fn too_large_a_body_or_box_is_refused_and_the_visit_goes_on() {
    let clinic = Clinic::start().await;
    let (_, host, guest) = clinic.call().await;
    let path = host.path("messages");
    let token = host.joined.endpoint_token.expose().as_str();
    let large = vec![b' '; 64 * 1024 + 1];
    assert_eq!(clinic.client().request("POST", &path, Some(token), large).await.code(), Code::TooLarge);
    let mut message = host.message(&guest, 1, "");
    message["box"] = json!(Base64(vec![0; 16 * 1024 + 1]));
    assert_eq!(host.post("messages", &json!({ "messages": [message] })).await.code(), Code::TooLarge);
    let many: Vec<_> = (0..17).map(|n| host.message(&guest, n, "x")).collect();
    assert_eq!(host.post("messages", &json!({ "messages": many })).await.code(), Code::TooLarge);
    assert_eq!(host.post("messages", &json!({ "messages": [] })).await.code(), Code::Malformed);
    host.says(&guest, 1, "still fine").await;
}

#[tokio::test]
async fn a_message_id_is_good_for_one_message() {
    let clinic = Clinic::start().await;
    let (_, host, guest) = clinic.call().await;
    host.says(&guest, 1, "one").await;
    host.says(&guest, 1, "one").await;
    let other = json!({ "messages": [host.message(&guest, 1, "another")] });
    let answer = host.post("messages", &other).await;
    answer.is(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.code(), Code::MessageIdReused);
}

#[tokio::test]
async fn a_full_disk_refuses_what_must_be_kept_and_lets_people_hang_up() {
    let clinic = Clinic::start_with(|config| config.database_room = Some(16)).await;
    let (_, host, guest) = clinic.call().await;
    let mut heard = guest.listen(None).await;
    heard.until("hello").await;
    let staff = clinic.sign_in().await;
    let client = clinic.client();
    let mut answers = Vec::new();
    for _ in 0..200 {
        answers.push(client.post("/v1/visits", Some(&staff), &json!({})).await);
        if answers.last().unwrap().status != StatusCode::OK {
            break;
        }
    }
    let answer = answers.last().unwrap();
    assert_eq!(answer.code(), Code::StorageFailed);
    assert!(answer.headers.contains_key("retry-after"));
    assert!(answers.len() > 1, "there was room at first");
    let not_ready = client.request("GET", "/readyz", None, Vec::new()).await;
    not_ready.is(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(not_ready.code(), Code::StorageFailed);
    client.request("GET", "/healthz", None, Vec::new()).await.is(StatusCode::OK);
    host.says(&guest, 1, "boxes need no disk").await;
    heard.until("message").await;
    host.post("end", &json!({})).await.is(StatusCode::OK);
    assert_eq!(heard.until("visit").await["state"], "ended");
}

#[tokio::test]
async fn who_is_slowed_down_hears_when_the_bucket_has_something_again() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    // Another name each time, so that it is the address that is slowed down.
    let guess = async |number: u32| {
        let body = json!({ "name": format!("name {number}"), "password": "wrong password" });
        client.post("/v1/auth/sign-in", None, &body).await
    };
    let mut answer = guess(0).await;
    for number in 1..20 {
        if answer.code() == Code::TooManyRequests {
            break;
        }
        answer = guess(number).await;
    }
    assert_eq!(answer.code(), Code::TooManyRequests);
    let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3..=6).contains(&seconds), "{seconds}: one token every six seconds");
}
