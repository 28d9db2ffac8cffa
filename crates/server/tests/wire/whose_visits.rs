//! Every route about a visit × every role × whose the visit is, over HTTP: one's own, a colleague's, nobody's yet, and one that
//! there is not. And every route of an endpoint × whose endpoint asks.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use signaling_protocol::{Base64, Code, CreateVisitReply, Signature, StaffRole};

use crate::client::{Answer, Clinic, Link};
use crate::permissions::{Who, specified};

const ROLES: [StaffRole; 4] = [StaffRole::Admin, StaffRole::Clinician, StaffRole::FrontDesk, StaffRole::Auditor];

/// Whose a visit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Colleagues,
    /// The front desk made it and has not said whose it is.
    Unassigned,
    /// There is none of this id.
    Nowhere,
}

const ALL: [Whose; 4] = [Whose::Own, Whose::Colleagues, Whose::Unassigned, Whose::Nowhere];

/// What is asked about a visit.
const ROUTES: [&str; 8] = ["plan", "assign-to-me", "assign-to-nobody", "cancel", "note", "invites", "revoke", "join"];

/// What the specification comes to. What does not stand here is refused.
fn refused(what: &str, role: StaffRole, whose: Whose) -> Option<Code> {
    match role {
        StaffRole::Admin | StaffRole::Auditor => Some(Code::NotAllowed),
        StaffRole::FrontDesk => match (what, whose) {
            ("join", _) => Some(Code::NotAllowed),
            // Before anything is looked up: only clinicians hold visits.
            ("assign-to-me", _) => Some(Code::ClinicianNotFound),
            (_, Whose::Nowhere) => Some(Code::VisitNotFound),
            _ => None,
        },
        StaffRole::Clinician => match (what, whose) {
            (_, Whose::Own) => None,
            // Nobody's visit is whose who takes it, and nobody may do anything else with it.
            ("assign-to-me" | "join", Whose::Unassigned) => None,
            _ => Some(Code::VisitNotFound),
        },
    }
}

/// Who asks.
struct Asker {
    role: StaffRole,
    token: String,
    staff: String,
}

struct House {
    clinic: Clinic,
    /// A clinician who is nobody of those that ask.
    colleague: (String, String),
    front_desk: String,
    made: std::cell::Cell<u8>,
}

impl House {
    async fn open() -> Self {
        let clinic = Clinic::start().await;
        let kim = clinic.staff("kim", StaffRole::Clinician).await;
        let front_desk = clinic.staff("fred", StaffRole::FrontDesk).await.token.into_exposed();
        let colleague = (kim.token.into_exposed(), kim.staff.to_string());
        Self { clinic, colleague, front_desk, made: std::cell::Cell::new(0) }
    }

    /// A visit with a link. An admin and an auditor have none of their own: theirs is a colleague's too.
    async fn visit(&self, asker: &Asker, whose: Whose) -> Link {
        let number = self.made.get() + 1;
        self.made.set(number);
        let client = self.clinic.client();
        let clinician = match (whose, asker.role) {
            (Whose::Own, StaffRole::Clinician) => json!({ "clinician": asker.staff }),
            (Whose::Own | Whose::Colleagues, _) => json!({ "clinician": self.colleague.1 }),
            (Whose::Unassigned | Whose::Nowhere, _) => json!({}),
        };
        let made: CreateVisitReply = client.post("/v1/visits", Some(&self.front_desk), &clinician).await.ok();
        client.link_to(&self.front_desk, made.visit, number).await
    }

    async fn ask(&self, asker: &Asker, what: &str, whose: Whose) -> Answer {
        let Link { mut visit, mut invite, .. } = self.visit(asker, whose).await;
        if whose == Whose::Nowhere {
            visit = signaling_protocol::VisitId::from_random([0xEE; 16]);
            invite = signaling_protocol::InviteId::from_random([0xEE; 16]);
        }
        let client = self.clinic.client();
        let (route, body) = match what {
            "plan" => ("plan", json!({ "start_unix_secs": 1, "length_minutes": 30, "time_zone": "Europe/Berlin" })),
            "assign-to-me" => ("assign", json!({ "clinician": asker.staff })),
            "assign-to-nobody" => ("assign", json!({})),
            "cancel" => ("cancel", json!({ "reason": "no_show" })),
            "note" => ("note", json!({ "note": { "about": "next" } })),
            "invites" => {
                let key = ed25519_dalek::SigningKey::from_bytes(&[self.made.get() ^ 0x80; 32]).verifying_key();
                ("invites", json!({ "invite_key": Base64(key.to_bytes().to_vec()), "expires_in_secs": 60 }))
            }
            "join" => ("join", json!({ "protocol": { "min": 1, "max": 1 }, "bundle": "AAAA" })),
            "revoke" => {
                let path = format!("/v1/visits/{visit}/invites/{invite}");
                return client.request("DELETE", &path, Some(&asker.token), Vec::new()).await;
            }
            other => panic!("{other}"),
        };
        client.post(&format!("/v1/visits/{visit}/{route}"), Some(&asker.token), &body).await
    }
}

fn code(answer: &Answer) -> Option<Code> {
    (!answer.status.is_success()).then(|| answer.code())
}

#[tokio::test]
async fn what_may_be_done_with_ones_own_visit_a_colleagues_nobodys_and_none() {
    let house = House::open().await;
    let mut walked = 0;
    for (role, name) in ROLES.into_iter().zip(["ada", "cleo", "fay", "aud"]) {
        let reply = house.clinic.staff(name, role).await;
        let asker = Asker { role, staff: reply.staff.to_string(), token: reply.token.into_exposed() };
        for what in ROUTES {
            for whose in ALL {
                let came = code(&house.ask(&asker, what, whose).await);
                assert_eq!(came, refused(what, role, whose), "{what} {role:?} {whose:?}");
                walked += 1;
            }
        }
    }
    assert_eq!(walked, 4 * 8 * 4);
}

#[tokio::test]
async fn each_sees_on_the_list_what_they_may_do_something_with() {
    let house = House::open().await;
    for (role, name) in ROLES.into_iter().zip(["ada", "cleo", "fay", "aud"]) {
        let reply = house.clinic.staff(name, role).await;
        let asker = Asker { role, staff: reply.staff.to_string(), token: reply.token.into_exposed() };
        for whose in [Whose::Own, Whose::Colleagues, Whose::Unassigned] {
            let visit = house.visit(&asker, whose).await.visit.to_string();
            let answer = house.clinic.client().request("GET", "/v1/visits", Some(&asker.token), Vec::new()).await;
            if matches!(role, StaffRole::Admin | StaffRole::Auditor) {
                assert_eq!(answer.code(), Code::NotAllowed);
                continue;
            }
            let list: Value = answer.ok();
            let is_seen = list["visits"].as_array().unwrap().iter().any(|one| one["visit"] == visit.as_str());
            assert_eq!(is_seen, role == StaffRole::FrontDesk || whose != Whose::Colleagues, "{role:?} {whose:?}");
        }
    }
}

/// Routes of who is in a visit, and whether they are its host's alone.
const INSIDE: [(&str, &str, bool); 13] = [
    ("GET", "events?poll=1", false),
    ("GET", "ice", false),
    ("POST", "messages", false),
    ("POST", "admit", true),
    ("POST", "deny", true),
    ("POST", "remove", true),
    ("POST", "lock", true),
    ("POST", "tries", true),
    ("POST", "end", true),
    ("POST", "leave", false),
    ("GET", "checkpoint", false),
    ("POST", "receipts", false),
    ("POST", "nothing", false),
];

#[test]
fn no_route_of_who_is_in_a_visit_is_left_out() {
    let inside = |path: &str| path.strip_prefix("/v1/visits/{v}/").map(str::to_owned);
    let specified = specified().into_iter().filter(|(.., who)| *who == Who::Endpoint);
    let specified: BTreeSet<_> = specified.map(|(method, path, _)| (method, inside(&path).unwrap())).collect();
    let walked = INSIDE.iter().filter(|(_, what, _)| *what != "nothing");
    let walked: BTreeSet<_> =
        walked.map(|(method, what, _)| ((*method).to_owned(), what.trim_end_matches("?poll=1").to_owned())).collect();
    assert_eq!(walked, specified);
}

#[tokio::test]
async fn inside_a_visit_only_its_own_endpoints_may_do_anything_and_guests_nothing_of_the_hosts() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let (_, host, guest) = clinic.call().await;
    let staff = clinic.sign_in().await;
    let cleo = clinic.staff("cleo", StaffRole::Clinician).await.token.into_exposed();
    // Another visit of the same clinician, and a colleague's, with somebody who waits in each.
    let mut strangers = Vec::new();
    for (number, token) in [(21, &staff), (22, &cleo)] {
        let link = clinic.link(token, number).await;
        let waits = clinic.guest(&link).await;
        let theirs = clinic.host(token, link.visit).await;
        strangers.extend([waits, theirs].map(|one| one.joined.endpoint_token.expose().clone()));
    }
    let mut signed_in = vec![staff, cleo];
    for (role, name) in [(StaffRole::Admin, "ada"), (StaffRole::FrontDesk, "fay"), (StaffRole::Auditor, "aud")] {
        signed_in.push(clinic.staff(name, role).await.token.into_exposed());
    }
    let ask = async |method: &str, path: &str, token: &str, what: &str| {
        let body = match what {
            "messages" => json!({ "messages": [] }),
            "lock" => json!({ "locked": true }),
            "receipts" => json!({
                "peer": guest.joined.endpoint, "happened": "opened", "agreed": Base64(vec![1; 32]), "path": "direct",
                "level": "app", "receipt_at": 1, "signature": Signature([1; 64]),
            }),
            "admit" | "deny" | "remove" | "tries" => json!({ "endpoint": guest.joined.endpoint }),
            _ => json!({}),
        };
        let body = if method == "GET" { Vec::new() } else { serde_json::to_vec(&body).unwrap() };
        code(&client.request(method, path, Some(token), body).await)
    };
    for (method, what, is_hosts) in INSIDE {
        let path = host.path(what);
        if what == "nothing" {
            assert_eq!(ask(method, &path, host.joined.endpoint_token.expose(), what).await, Some(Code::RouteNotFound));
            continue;
        }
        for token in &signed_in {
            assert_eq!(ask(method, &path, token, what).await, Some(Code::NotSignedIn), "{what} by staff");
        }
        for token in &strangers {
            assert_eq!(ask(method, &path, token, what).await, Some(Code::VisitNotFound), "{what} from another visit");
        }
        if is_hosts {
            let came = ask(method, &path, guest.joined.endpoint_token.expose(), what).await;
            assert_eq!(came, Some(Code::NotAllowed), "{what} by the guest");
        }
    }
    // All of that has changed nothing: the guest is there still, and the host may what guests may not.
    let came = ask("POST", &host.path("lock"), host.joined.endpoint_token.expose(), "lock").await;
    assert_eq!(came, None);
    let came = ask("POST", &host.path("remove"), host.joined.endpoint_token.expose(), "remove").await;
    assert_eq!(came, None);
}
