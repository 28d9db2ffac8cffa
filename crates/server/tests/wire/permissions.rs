//! Every route × every role, as `PROTOCOL.md` says: it is the table here, so a route that stands there alone, or is let more
//! people in than stands there, fails.

use serde_json::json;
use signaling_protocol::{Base64, Code, StaffRole, TakeOverId, TakeOverReply};

use crate::client::{Answer, Client, Clinic};

/// Who may use a route, by the specification's word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Anybody,
    Endpoint,
    Staff(Vec<StaffRole>),
}

const ROLES: [StaffRole; 4] = [StaffRole::Admin, StaffRole::Clinician, StaffRole::FrontDesk, StaffRole::Auditor];

/// The rows of the specification's table of routes.
pub(crate) fn specified() -> Vec<(String, String, Who)> {
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
                    "auditor" => StaffRole::Auditor,
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
    let path = match path.contains("/sessions/") {
        true => path.replace("{s}", &format!("ses_{id}")),
        false => path.replace("{s}", &format!("stf_{id}")),
    };
    let path = path
        .replace("{t}", &format!("tov_{id}"))
        .replace("{d}", &format!("dev_{id}"))
        .replace("{k}", "7")
        .replace("{o}", &format!("obj_{id}"));
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
    // Who signs out is out: that comes last.
    let (last, first): (Vec<_>, Vec<_>) = routes.into_iter().partition(|(_, path, _)| path.ends_with("/sign-out"));
    for (method, path, who) in first.into_iter().chain(last) {
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
        ("PUT", "/v1/staff"),
        ("GET", "/v1/auth/sign-in"),
        ("GET", "/v1/sessions"),
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

/// A device of this account that waits.
async fn device_of(client: &Client, token: &str, number: u16) -> String {
    let body = json!({ "request": Base64(number.to_be_bytes().repeat(32)) });
    let reply: serde_json::Value = client.post("/v1/devices", Some(token), &body).await.ok();
    reply["device"].as_str().unwrap().to_owned()
}

/// What an admin's app keeps about a device before it certifies it; where that is read.
async fn card_of(client: &Client, admin: &str, device: &str) -> String {
    let path = format!("/v1/boxes/1/{device}");
    client.post(&path, Some(admin), &json!({ "revision": 1, "box": "AQID" })).await.is(hyper::StatusCode::OK);
    path
}

#[tokio::test]
async fn an_auditor_reads_the_card_of_a_device_of_their_own_and_no_other_box() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let ada = clinic.staff("ada", StaffRole::Admin).await.token.into_exposed();
    let aud = clinic.staff("aud", StaffRole::Auditor).await.token.into_exposed();
    let other = clinic.staff("odo", StaffRole::Auditor).await.token.into_exposed();
    let device = device_of(&client, &aud, 1).await;
    let card = card_of(&client, &ada, &device).await;
    let ask = async |token: &str, method: &str, path: &str| {
        let body = json!({ "revision": 2, "box": "AQID" }).to_string();
        code(&client.request(method, path, Some(token), body.into()).await)
    };
    assert_eq!(ask(&aud, "GET", &card).await, None);
    assert_eq!(ask(&other, "GET", &card).await, Some(Code::BoxNotFound), "as if there were none");
    assert_eq!(ask(&aud, "POST", &card).await, Some(Code::NotAllowed));
    assert_eq!(ask(&aud, "DELETE", &card).await, Some(Code::NotAllowed));
    assert_eq!(ask(&aud, "GET", "/v1/boxes/1").await, Some(Code::NotAllowed));
    // Another kind about the same device, the card of a colleague's, a visit's.
    let visit = clinic.link(&clinic.sign_in().await, 7).await.visit;
    let colleagues = card_of(&client, &ada, &device_of(&client, &ada, 2).await).await;
    for path in [format!("/v1/boxes/2/{device}"), format!("/v1/boxes/1/{visit}"), colleagues] {
        let written = client.post(&path, Some(&ada), &json!({ "revision": 2, "box": "AQID" })).await;
        written.is(hyper::StatusCode::OK);
        assert_eq!(ask(&ada, "GET", &path).await, None, "{path}");
        assert_eq!(ask(&aud, "GET", &path).await, Some(Code::BoxNotFound), "{path}");
    }
}

/// Whose a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Colleagues,
    /// There is none.
    Nobodys,
}

/// What comes of a request that has everything right but, perhaps, who asks about whose thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// It is carried out, or what refuses it is not who asks.
    LetIn,
    Refused(Code),
}

/// What the specification's table comes to for a route about one thing. A new one is to be added here.
fn wanted(method: &str, path: &str, role: StaffRole, whose: Whose) -> Wanted {
    use Wanted::{LetIn, Refused};
    let admin = role == StaffRole::Admin;
    match (method, path) {
        ("POST", "/v1/visits/{v}/join") => match (role, whose) {
            (StaffRole::Clinician, Whose::Own) => LetIn,
            (StaffRole::Clinician, _) => Refused(Code::VisitNotFound),
            _ => Refused(Code::NotAllowed),
        },
        // By breaking the glass, which is asked for in the body.
        ("POST", "/v1/visits/{v}/take-over") => match (role, whose) {
            (StaffRole::Clinician, Whose::Own | Whose::Colleagues) => LetIn,
            (StaffRole::Clinician, Whose::Nobodys) => Refused(Code::VisitNotFound),
            _ => Refused(Code::NotAllowed),
        },
        // Nobody's own is theirs to look at: who took over is told nothing of it here.
        (_, "/v1/take-overs/{t}/note" | "/v1/take-overs/{t}/review") => match (role, whose) {
            (StaffRole::Admin | StaffRole::Auditor, Whose::Nobodys) => Refused(Code::TakeOverNotFound),
            (StaffRole::Admin | StaffRole::Auditor, _) => LetIn,
            _ => Refused(Code::NotAllowed),
        },
        // The front desk plans for everybody.
        (
            "POST",
            "/v1/visits/{v}/invites"
            | "/v1/visits/{v}/plan"
            | "/v1/visits/{v}/assign"
            | "/v1/visits/{v}/cancel"
            | "/v1/visits/{v}/note",
        )
        | ("DELETE", "/v1/visits/{v}/invites/{i}") => match (role, whose) {
            (StaffRole::Clinician, Whose::Own) | (StaffRole::FrontDesk, Whose::Own | Whose::Colleagues) => LetIn,
            (StaffRole::Clinician | StaffRole::FrontDesk, _) => Refused(Code::VisitNotFound),
            _ => Refused(Code::NotAllowed),
        },
        ("POST", "/v1/devices/{d}/certificate") if !admin => Refused(Code::NotAllowed),
        ("POST", "/v1/devices/{d}/certificate") if whose == Whose::Nobodys => Refused(Code::DeviceNotFound),
        ("DELETE", "/v1/devices/{d}") if whose == Whose::Nobodys => LetIn,
        ("GET" | "POST", "/v1/devices/{d}/check") if whose == Whose::Nobodys => Refused(Code::DeviceNotFound),
        (_, "/v1/devices/{d}" | "/v1/devices/{d}/check") if whose == Whose::Colleagues && !admin => {
            Refused(Code::DeviceNotFound)
        }
        // The card of their own device, by which it is certified; of no other box do they hear that there is one.
        ("GET", "/v1/boxes/{k}/{o}") if role == StaffRole::Auditor => match whose {
            Whose::Own => LetIn,
            Whose::Colleagues | Whose::Nobodys => Refused(Code::BoxNotFound),
        },
        (_, "/v1/boxes/{k}/{o}" | "/v1/boxes/{k}") if role == StaffRole::Auditor => Refused(Code::NotAllowed),
        ("GET", "/v1/boxes/{k}/{o}") if whose == Whose::Nobodys => Refused(Code::BoxNotFound),
        ("DELETE", "/v1/boxes/{k}/{o}") if whose == Whose::Colleagues && !admin => Refused(Code::NotAllowed),
        ("GET", "/v1/staff/{s}/sessions") if whose == Whose::Nobodys => Refused(Code::StaffNotFound),
        // Who reads the log sees who has access.
        ("GET", "/v1/staff/{s}/sessions") if whose != Whose::Own && !admin && role != StaffRole::Auditor => {
            Refused(Code::StaffNotFound)
        }
        ("DELETE", "/v1/sessions/{s}") if whose == Whose::Colleagues && !admin => Refused(Code::NotAllowed),
        ("POST", path) if path.starts_with("/v1/staff/{s}/") && !admin => Refused(Code::NotAllowed),
        ("POST", path) if path.starts_with("/v1/staff/{s}/") && whose == Whose::Nobodys => Refused(Code::StaffNotFound),
        (
            _,
            "/v1/devices/{d}"
            | "/v1/devices/{d}/check"
            | "/v1/devices/{d}/certificate"
            | "/v1/boxes/{k}"
            | "/v1/boxes/{k}/{o}"
            | "/v1/staff/{s}/sessions"
            | "/v1/sessions/{s}"
            | "/v1/staff/{s}/code"
            | "/v1/staff/{s}/role"
            | "/v1/staff/{s}/disable"
            | "/v1/staff/{s}/enable",
        ) => LetIn,
        other => panic!("say in this test who may do this with whose: {other:?}"),
    }
}

/// Makes things for the walk, and asks.
struct Walk {
    clinic: Clinic,
    admin: String,
    /// Of whom nobody here is.
    colleague: String,
    victim: String,
    /// What cleo has taken over, and what the colleague has.
    taken: [TakeOverId; 2],
    made: std::cell::Cell<u16>,
}

/// Takes a new visit of `from` over.
async fn take_over(clinic: &Clinic, from: &str, (token, name): (&str, &str), number: u8) -> TakeOverId {
    let client = clinic.client();
    let visit = client.link(from, number).await.visit;
    let body = json!({
        "reason": "emergency", "totp": client.people.digits(name), "commitment": Base64(vec![number; 32]), "box": "AQID",
    });
    let path = format!("/v1/visits/{visit}/take-over");
    client.post(&path, Some(token), &body).await.ok::<TakeOverReply>().take_over
}

impl Walk {
    /// The path about a thing that is `token`'s own, a colleague's, or nobody's.
    async fn path(
        &self,
        path: &str,
        role: StaffRole,
        (token, staff, spare): (&str, &str, &str),
        whose: Whose,
    ) -> String {
        let client = self.clinic.client();
        let number = self.made.get() + 1;
        self.made.set(number);
        let owner = if whose == Whose::Own { token } else { &self.colleague };
        if whose == Whose::Nobodys {
            return concrete(path);
        }
        if path.contains("{v}") {
            // Who makes no visits has none of their own.
            let makes_visits = matches!(role, StaffRole::Clinician | StaffRole::FrontDesk);
            let owner = if makes_visits { owner } else { &self.colleague };
            let link = client.link(owner, number as u8).await;
            return path.replace("{v}", &link.visit.to_string()).replace("{i}", &link.invite.to_string());
        }
        if path.contains("{t}") {
            let [cleos, colleagues] = self.taken;
            let is_own = whose == Whose::Own && role == StaffRole::Clinician;
            return path.replace("{t}", &if is_own { cleos } else { colleagues }.to_string());
        }
        if path.contains("{d}") {
            return path.replace("{d}", &self.device_of(owner, number).await);
        }
        if path.contains("{o}") && role == StaffRole::Auditor {
            let device = self.device_of(owner, number).await;
            return card_of(&client, &self.admin, &device).await;
        }
        if path.contains("{o}") {
            let object =
                signaling_protocol::FreeId::from_random(std::array::from_fn(|at| number.to_be_bytes()[at % 2]));
            let path = path.replace("{k}", "7").replace("{o}", &object.to_string());
            let body = json!({ "revision": 1, "box": "AQID" });
            client.post(&path, Some(owner), &body).await.is(hyper::StatusCode::OK);
            return path;
        }
        if path.contains("/v1/sessions/") {
            let session = if whose == Whose::Own { spare.to_owned() } else { self.session_of_colleague().await };
            return path.replace("{s}", &session);
        }
        concrete(&path.replace("{s}", if whose == Whose::Own { staff } else { &self.victim }))
    }

    async fn device_of(&self, token: &str, number: u16) -> String {
        device_of(&self.clinic.client(), token, number).await
    }

    /// One that this walk may end; the colleague's own app has another.
    async fn session_of_colleague(&self) -> String {
        let all = self.clinic.client();
        let path = format!("/v1/staff/{}/sessions", self.victim);
        let reply: serde_json::Value = all.request("GET", &path, Some(&self.admin), Vec::new()).await.ok();
        reply["sessions"][0]["session"].as_str().unwrap_or("ses_AAAAAAAAAAAAAAAAAAAAAA").to_owned()
    }

    /// A body that is right for this route.
    fn body(path: &str) -> serde_json::Value {
        match path.rsplit('/').next().unwrap() {
            "join" => json!({ "protocol": { "min": 1, "max": 1 }, "bundle": "AAAA" }),
            "invites" => json!({ "invite_key": Base64(vec![0; 32]), "expires_in_secs": 60 }),
            "plan" => json!({ "start_unix_secs": 1, "length_minutes": 30, "time_zone": "Europe/Berlin" }),
            "cancel" => json!({ "reason": "no_show" }),
            "note" => json!({ "note": { "about": "next" } }),
            "role" => json!({ "role": "auditor" }),
            "take-over" => json!({
                "reason": "emergency", "totp": "000000", "commitment": Base64(vec![1; 32]), "box": "AQID",
            }),
            "review" => json!({ "outcome": "justified" }),
            "check" => json!({ "run": 1, "side": "device", "number": 0, "message": "AQ" }),
            "certificate" => json!({ "revision": 1, "issuer": "AQ", "certificate": "AQ" }),
            "{o}" => json!({ "revision": 2, "box": "AQID" }),
            _ => json!({}),
        }
    }
}

#[tokio::test]
async fn every_route_about_one_thing_by_every_role_over_its_own_a_colleagues_and_nobodys() {
    let clinic = Clinic::start().await;
    let client = clinic.client();
    let admin = clinic.staff("root", StaffRole::Admin).await.token.into_exposed();
    let clinic_key = json!({ "fingerprint": Base64(vec![1; 32]), "generation": 1, "head": "AQ" });
    client.post("/v1/clinic", Some(&admin), &clinic_key).await.is(hyper::StatusCode::OK);
    let colleague = clinic.sign_in().await;
    let vic = clinic.staff("vic", StaffRole::Clinician).await;
    let (mut people, mut taken) = (Vec::new(), Vec::new());
    for (role, name) in ROLES.into_iter().zip(["ada", "cleo", "fay", "aud"]) {
        let first = clinic.staff(name, role).await;
        if role == StaffRole::Clinician {
            taken.push(take_over(&clinic, vic.token.expose(), (first.token.expose(), name), 0xF1).await);
            taken.push(take_over(&clinic, vic.token.expose(), (&colleague, "lee"), 0xF2).await);
        }
        let spare = client.sign_in(name).await.session.to_string();
        people.push((role, first.token.into_exposed(), first.staff.to_string(), spare));
    }
    let (victim, taken) = (vic.staff.to_string(), taken.try_into().expect("two"));
    let walk = Walk { clinic, admin, colleague, victim, taken, made: std::cell::Cell::new(0) };
    // Those that sign somebody out or change what they may do come last, an admin's the very last.
    let mut routes: Vec<_> = specified()
        .into_iter()
        .filter(|(_, path, who)| matches!(who, Who::Staff(_)) && path.contains('{'))
        .map(|(method, path, _)| (method, path))
        .collect();
    routes.sort_by_key(|(_, path)| (path.contains("/v1/staff/") || path.contains("/v1/sessions/"), path.clone()));
    people.rotate_left(1);
    let mut walked = 0;
    for (method, path) in &routes {
        for (role, token, staff, spare) in &people {
            for whose in [Whose::Nobodys, Whose::Colleagues, Whose::Own] {
                let is_destructive = path.starts_with("/v1/staff/{s}/") && method == "POST";
                if is_destructive && whose == Whose::Own && *role == StaffRole::Admin {
                    // There is another admin, so it would be carried out.
                    continue;
                }
                let at = walk.path(path, *role, (token, staff, spare), whose).await;
                let body = serde_json::to_vec(&Walk::body(path)).unwrap();
                let came = code(&client.request(method, &at, Some(token), body).await);
                let is_let_in = !matches!(
                    came,
                    Some(
                        Code::NotAllowed
                            | Code::NotSignedIn
                            | Code::RouteNotFound
                            | Code::VisitNotFound
                            | Code::DeviceNotFound
                            | Code::BoxNotFound
                            | Code::StaffNotFound
                            | Code::TakeOverNotFound
                    )
                );
                let is = if is_let_in { Wanted::LetIn } else { Wanted::Refused(came.unwrap()) };
                // Nobody speaks for another's device in a check; an admin speaks for the other side.
                let speaks_for_another = (method.as_str(), path.as_str()) == ("POST", "/v1/devices/{d}/check")
                    && (*role, whose) == (StaffRole::Admin, Whose::Colleagues);
                let wanted = match speaks_for_another {
                    true => Wanted::Refused(Code::NotAllowed),
                    false => wanted(method, path, *role, whose),
                };
                assert_eq!(is, wanted, "{method} {path} {role:?} {whose:?}: {came:?}");
                walked += 1;
                // An account has few devices that wait.
                if let Some((_, device)) = at.split_once("dev_").filter(|_| !matches!(whose, Whose::Nobodys)) {
                    let device = format!("/v1/devices/dev_{}", device.split('/').next().unwrap());
                    client.request("DELETE", &device, Some(&walk.admin), Vec::new()).await;
                }
            }
        }
    }
    assert!(walked >= 150, "{walked}");
}
