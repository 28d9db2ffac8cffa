//! Every route × every role, as `PROTOCOL.md` says: it is the table here, so a route that stands there alone, or is let more
//! people in than stands there, fails.

use serde_json::json;
use signaling_protocol::{Base64, Code, StaffRole};

use crate::client::{Answer, Clinic};

/// Who may use a route, by the specification's word.
#[derive(Debug, PartialEq, Eq)]
enum Who {
    Anybody,
    Endpoint,
    Staff(Vec<StaffRole>),
}

const ROLES: [StaffRole; 4] = [StaffRole::Admin, StaffRole::Clinician, StaffRole::FrontDesk, StaffRole::Auditor];

/// The rows of the specification's table of routes.
fn specified() -> Vec<(String, String, Who)> {
    let text = include_str!("../../../../signaling-protocol/PROTOCOL.md");
    let (_, routes) = text.split_once("## Routes").unwrap();
    let (routes, _) = routes.split_once("##").unwrap();
    let rows = routes.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let names: Vec<&str> = cells[1].split(", ").map(|name| name.trim_matches('`')).collect();
        let (method, first) = names[0].split_once(' ').unwrap();
        let folder = first.rsplit_once('/').unwrap().0.to_owned();
        let paths: Vec<(String, String)> = names
            .iter()
            .map(|name| match name.split_once(' ') {
                Some((method, path)) => (method.to_owned(), path.to_owned()),
                None => (method.to_owned(), format!("{folder}/{name}")),
            })
            .collect();
        let said = cells[2].split('(').next().unwrap().trim().to_owned();
        paths.into_iter().map(move |(method, path)| (method, path, who(&said))).collect::<Vec<_>>()
    })
    .collect()
}

fn who(said: &str) -> Who {
    match said {
        "anybody" | "who holds the link" => Who::Anybody,
        "endpoint" | "host" => Who::Endpoint,
        "staff" => Who::Staff(ROLES.to_vec()),
        roles => Who::Staff(
            roles
                .split(", ")
                .map(|role| match role {
                    "admin" => StaffRole::Admin,
                    "clinician" | "the visit's clinician" => StaffRole::Clinician,
                    "front desk" => StaffRole::FrontDesk,
                    other => panic!("{other:?}"),
                })
                .collect(),
        ),
    }
}

/// The path with things in it that do not exist, and nothing that waits.
fn concrete(path: &str) -> String {
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    let path = path.replace("{v}", &format!("vis_{id}")).replace("{i}", &format!("inv_{id}"));
    let path = path.replace("{d}", &format!("dev_{id}")).replace("{k}", "7").replace("{o}", &format!("obj_{id}"));
    if path.ends_with("/events") { format!("{path}?poll=1") } else { path }
}

/// The code of what was refused; none if it was carried out.
fn code(answer: &Answer) -> Option<Code> {
    (!answer.status.is_success()).then(|| answer.code())
}

#[tokio::test]
async fn each_route_is_for_those_whom_the_specification_names_and_for_nobody_else() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let (_, _, guest) = clinic.call().await;
    let endpoint = guest.joined.endpoint_token.expose().as_str();
    let mut tokens = Vec::new();
    for (role, name) in ROLES.into_iter().zip(["ada", "cleo", "fay", "aud"]) {
        tokens.push((role, clinic.staff(name, role).await.token.into_exposed()));
    }
    let routes = specified();
    assert!(routes.len() >= 30, "{routes:?}");
    for (method, path, who) in routes {
        let at = concrete(&path);
        let ask = async |token: Option<&str>| code(&client.request(&method, &at, token, b"{}".to_vec()).await);
        let nobody = ask(None).await;
        match who {
            Who::Anybody => {
                assert!(!matches!(nobody, Some(Code::NotSignedIn | Code::NotAllowed | Code::RouteNotFound)), "{path}");
            }
            Who::Endpoint => {
                assert_eq!(nobody, Some(Code::NotSignedIn), "{method} {path}");
                for (role, token) in &tokens {
                    assert_eq!(ask(Some(token)).await, Some(Code::NotSignedIn), "{method} {path} {role:?}");
                }
            }
            Who::Staff(roles) => {
                for token in [None, Some(""), Some("stt_made-up"), Some(endpoint)] {
                    assert_eq!(ask(token).await, Some(Code::NotSignedIn), "{method} {path}");
                }
                for (role, token) in &tokens {
                    let refused = ask(Some(token)).await;
                    let is_let_in =
                        !matches!(refused, Some(Code::NotAllowed | Code::NotSignedIn | Code::RouteNotFound));
                    assert_eq!(is_let_in, roles.contains(role), "{method} {path} {role:?}: {refused:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_stands_in_no_table_is_not_there_for_an_admin_either() {
    let clinic = Clinic::start().await;
    let ada = clinic.staff("ada", StaffRole::Admin).await.token.into_exposed();
    for (method, path) in [
        ("PUT", "/v1/clinic"),
        ("DELETE", "/v1/clinic"),
        ("GET", "/v1/clinic/notice"),
        ("GET", "/v1/staff"),
        ("PATCH", "/v1/devices"),
        ("GET", "/v1/boxes"),
        ("POST", "/v1/boxes/7"),
        ("PUT", "/v1/visits"),
    ] {
        let answer = clinic.client().request(method, path, Some(&ada), b"{}".to_vec()).await;
        assert_eq!(answer.code(), Code::RouteNotFound, "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_a_colleagues_own_is_nobody_elses() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let ada = clinic.staff("ada", StaffRole::Admin).await.token.into_exposed();
    let cleo = clinic.staff("cleo", StaffRole::Clinician).await.token.into_exposed();
    let fay = clinic.staff("fay", StaffRole::FrontDesk).await.token.into_exposed();
    let visit = clinic.link(&cleo, 7).await.visit;
    // A colleague's visit: as if there were none.
    let lee = clinic.sign_in().await;
    for what in ["invites", "join", "plan", "assign", "cancel", "note"] {
        let body = match what {
            "plan" => json!({ "start_unix_secs": 1, "length_minutes": 30, "time_zone": "Europe/Berlin" }),
            "assign" => json!({}),
            "cancel" => json!({ "reason": "no_show" }),
            "note" => json!({ "note": { "about": "next" } }),
            "join" => json!({ "protocol": { "min": 1, "max": 1 }, "bundle": "AAAA" }),
            _ => json!({ "invite_key": Base64(vec![0; 32]), "expires_in_secs": 60 }),
        };
        let answer = client.post(&format!("/v1/visits/{visit}/{what}"), Some(&lee), &body).await;
        assert_eq!(answer.code(), Code::VisitNotFound);
    }
    // A colleague's device that waits: as if there were none; an admin may.
    let reply: serde_json::Value = client.post("/v1/devices", Some(&cleo), &json!({ "request": "AQID" })).await.ok();
    let device = format!("/v1/devices/{}", reply["device"].as_str().unwrap());
    let ask = async |token: &str, method: &str, path: &str, body: serde_json::Value| {
        code(&client.request(method, path, Some(token), serde_json::to_vec(&body).unwrap()).await)
    };
    let check = format!("{device}/check");
    let message = |side: &str| json!({ "run": 1, "side": side, "number": 0, "message": "AQ" });
    assert_eq!(ask(&fay, "GET", &check, json!({})).await, Some(Code::DeviceNotFound));
    assert_eq!(ask(&fay, "POST", &check, message("device")).await, Some(Code::DeviceNotFound));
    assert_eq!(ask(&fay, "DELETE", &device, json!({})).await, Some(Code::DeviceNotFound));
    assert_eq!(
        ask(&cleo, "POST", &check, message("voucher")).await,
        Some(Code::NotAllowed),
        "nobody vouches for herself"
    );
    assert_eq!(ask(&ada, "POST", &check, message("device")).await, Some(Code::NotAllowed), "nor speaks for another");
    assert_eq!(ask(&cleo, "POST", &check, message("device")).await, None);
    assert_eq!(ask(&ada, "POST", &check, message("voucher")).await, None);
    assert_eq!(ask(&ada, "DELETE", &device, json!({})).await, None);
    assert_eq!(ask(&cleo, "GET", &check, json!({})).await, Some(Code::DeviceNotFound), "gone");
    // A colleague's box: to be read and followed, not to be taken away.
    let path = "/v1/boxes/7/obj_AAAAAAAAAAAAAAAAAAAAAA";
    let sealed = |revision: u32| json!({ "revision": revision, "box": "AQID" });
    assert_eq!(ask(&cleo, "POST", path, sealed(1)).await, None);
    assert_eq!(ask(&fay, "POST", path, sealed(2)).await, None);
    assert_eq!(ask(&fay, "DELETE", path, json!({})).await, Some(Code::NotAllowed));
    assert_eq!(ask(&cleo, "DELETE", path, json!({})).await, None);
    assert_eq!(ask(&fay, "GET", path, json!({})).await, Some(Code::BoxNotFound));
}
