//! Who may not be here any more, by the real server: no new join after a second, out of live calls within five, and nothing
//! comes of what was begun before.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde_json::{Value, json};
use server::accounts::give_code;
use signaling_protocol::{
    Base64, Clinic as ClinicRow, ClinicFingerprint, Code, EnrolRequest, Notice, NoticeRequest, Problem, SignInReply,
    StaffRole, VisitId, VisitsReply,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use units::Phi;

use crate::client::{Client, Clinic, PATIENCE, Person};

/// How somebody of the staff is put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Disabled,
    BeginsAnew,
    AnotherRole,
    DeviceRevoked,
    /// By another process, which reaches nothing in the server's memory.
    ByCommandLine,
}

const WAYS: [Way; 5] = [Way::Disabled, Way::BeginsAnew, Way::AnotherRole, Way::DeviceRevoked, Way::ByCommandLine];

impl Way {
    /// A clinician whose name says what is going to happen to them.
    pub(crate) async fn victim(self, clinic: &Clinic) -> SignInReply {
        clinic.staff(&self.name(), StaffRole::Clinician).await
    }

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Puts them out. A device may be revoked once in a clinic.
    pub(crate) async fn carry_out(self, clinic: &Clinic, admin: &Phi<String>, who: &SignInReply) {
        let ask = async |what: &str, body: Value| {
            let path = format!("/v1/staff/{}/{what}", who.staff);
            clinic.client().post(&path, Some(admin.expose()), &body).await.is(StatusCode::OK);
        };
        match self {
            Self::Disabled => ask("disable", json!({})).await,
            Self::BeginsAnew => ask("code", json!({})).await,
            Self::AnotherRole => ask("role", json!({ "role": "front_desk" })).await,
            Self::DeviceRevoked => {
                let client = clinic.signaling();
                let row =
                    ClinicRow { fingerprint: ClinicFingerprint([1; 32]), generation: 1, head: Base64(vec![1; 147]) };
                client.set_up_clinic(admin, &row).await.unwrap();
                let request = EnrolRequest { request: Base64(vec![1; 64]) };
                let device = client.enrol_device(&who.token, &request).await.unwrap().device;
                let notice = Notice { epoch: 0x1_0001, notice: Base64(vec![1; 240]) };
                client.revoke(admin, &NoticeRequest { notice, revoked: vec![device] }).await.unwrap();
            }
            Self::ByCommandLine => drop(give_code(clinic.data.path(), &self.name()).unwrap()),
        }
    }
}

fn joining() -> Value {
    json!({ "protocol": { "min": 1, "max": 1 }, "bundle": Base64(b"host".to_vec()) })
}

/// A request that the server has let in, and of whose body the rest is on its way.
struct Begun {
    stream: TlsStream<TcpStream>,
    rest: Vec<u8>,
}

impl Begun {
    async fn post(client: &Client, path: &str, token: &str, body: &Value) -> Self {
        let mut stream = client.connect(&[&rustls::version::TLS13], b"http/1.1").await.unwrap();
        let mut body = serde_json::to_vec(body).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\
             expect: 100-continue\r\nconnection: close\r\n\r\n",
            client.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        // Said once somebody wants the body: whoever looks at the headers has looked.
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n") {
            heard.push(timeout(PATIENCE, stream.read_u8()).await.expect("in time").unwrap());
        }
        assert!(heard.starts_with(b"HTTP/1.1 100 "), "{}", String::from_utf8_lossy(&heard));
        let rest = body.split_off(body.len() / 2);
        stream.write_all(&body).await.unwrap();
        stream.flush().await.unwrap();
        Self { stream, rest }
    }

    /// Sends the rest; why it was refused, if it was.
    async fn finish(mut self) -> Result<(), Code> {
        self.stream.write_all(&self.rest).await.unwrap();
        self.stream.flush().await.unwrap();
        let mut answer = Vec::new();
        // The server may close without a last word of TLS.
        timeout(PATIENCE, self.stream.read_to_end(&mut answer)).await.expect("in time").ok();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        if head.starts_with("HTTP/1.1 200 ") {
            return Ok(());
        }
        let problem: Problem = serde_json::from_str(body).unwrap();
        Err(problem.code)
    }
}

#[tokio::test]
async fn who_is_put_out_while_the_body_of_a_request_comes_does_nothing_with_it() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let ada = clinic.staff("ada", StaffRole::Admin).await.token;
    let fay = clinic.staff("fay", StaffRole::FrontDesk).await.token;
    let is_hosted = async |visit: VisitId| {
        let reply: VisitsReply = client.request("GET", "/v1/visits", Some(fay.expose()), Vec::new()).await.ok();
        reply.visits.iter().find(|one| one.visit == visit).expect("it is listed").hosted
    };
    for (number, way) in (1..).zip(WAYS) {
        let who = way.victim(&clinic).await;
        let visit = client.link(who.token.expose(), number).await.visit;
        let path = format!("/v1/visits/{visit}/join");
        let join = Begun::post(&client, &path, who.token.expose(), &joining()).await;
        way.carry_out(&clinic, &ada, &who).await;
        if way == Way::ByCommandLine {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(join.finish().await, Err(Code::NotSignedIn), "{way:?}");
        assert!(!is_hosted(visit).await, "{way:?}");
    }
    // An admin who is disabled in the middle of making an account.
    let dan = clinic.staff("dan", StaffRole::Admin).await;
    let add = async |name: &str| {
        let body = json!({ "name": name, "role": "admin" });
        Begun::post(&client, "/v1/staff", dan.token.expose(), &body).await
    };
    let (before, after) = (add("nora").await, add("mallory").await);
    assert_eq!(before.finish().await, Ok(()), "nothing is in the way of who is signed in");
    Way::Disabled.carry_out(&clinic, &ada, &dan).await;
    assert_eq!(after.finish().await, Err(Code::NotSignedIn));
    let people = client.request("GET", "/v1/staff", Some(ada.expose()), Vec::new()).await.ok::<Value>().to_string();
    assert!(people.contains("nora") && !people.contains("mallory"), "{people}");
}

#[tokio::test]
async fn who_is_put_out_is_out_of_a_live_call_within_five_seconds_and_in_no_other_after_one() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let ada = clinic.staff("ada", StaffRole::Admin).await.token;
    for (number, way) in (1..).zip(WAYS) {
        let who = way.victim(&clinic).await;
        let token = who.token.expose();
        let link = client.link(token, number).await;
        let other = client.link(token, number + 100).await;
        let (host, guest) = (client.host(token, link.visit, b"host").await, clinic.guest(&link).await);
        host.post("admit", &json!({ "endpoint": guest.joined.endpoint })).await.is(StatusCode::OK);
        let (mut host_hears, mut guest_hears) = (host.listen(None).await, guest.listen(None).await);
        guest_hears.until("hello").await;
        way.carry_out(&clinic, &ada, &who).await;
        let put_out = Instant::now();
        host_hears.until("removed").await;
        assert_eq!(guest_hears.until("left").await["endpoint"], json!(host.joined.endpoint), "{way:?}");
        assert!(put_out.elapsed() < Duration::from_secs(5), "{way:?}: {:?}", put_out.elapsed());
        // A second after it was asked for, nothing lets them in, and nothing of what they had does anything.
        tokio::time::sleep(Duration::from_secs(1).saturating_sub(put_out.elapsed())).await;
        for visit in [link.visit, other.visit] {
            let answer = client.post(&format!("/v1/visits/{visit}/join"), Some(token), &joining()).await;
            assert_eq!(answer.code(), Code::NotSignedIn, "{way:?}");
        }
        let refresh = json!({ "refresh_token": who.refresh_token.expose(), "nonce": Base64(vec![7; 32]) });
        assert_eq!(client.post("/v1/auth/refresh", None, &refresh).await.code(), Code::NotSignedIn, "{way:?}");
        assert_eq!(host.get("ice").await.code(), Code::NotSignedIn, "{way:?}");
        let message = json!({ "messages": [host.message(&guest, 1, "still here")] });
        assert_eq!(host.post("messages", &message).await.code(), Code::NotSignedIn, "{way:?}");
        assert!(is_waiting_for_somebody(&guest).await, "{way:?}: the patient is not put out");
    }
}

/// Whether somebody is in their visit still.
async fn is_waiting_for_somebody(guest: &Person) -> bool {
    guest.get("ice").await.status == StatusCode::OK
}
