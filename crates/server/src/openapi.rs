//! `docs/openapi.json`, made from what there is and compared with it: which routes and who may use them by the table of
//! permissions, which bodies and answers by `PROTOCOL.md`, how those look by the protocol's vectors, and what of a body must be
//! there by taking it out and asking the type that the server reads it with.
//!
//! After a change of any of these: `HOUSECALL_WRITE_OPENAPI=1 cargo test -p server openapi`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use signaling_protocol as wire;

use crate::permissions::{Scope, TABLE, Who};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn accepts<T: DeserializeOwned>(value: &Value) -> bool {
    serde_json::from_value::<T>(value.clone()).is_ok()
}

/// The type that reads a body.
fn reader(name: &str) -> fn(&Value) -> bool {
    match name {
        "sign_in_request" => accepts::<wire::SignInRequest>,
        "sign_up_request" => accepts::<wire::SignUpRequest>,
        "refresh_request" => accepts::<wire::RefreshRequest>,
        "password_request" => accepts::<wire::PasswordRequest>,
        "recovery_codes_request" => accepts::<wire::RecoveryCodesRequest>,
        "add_staff_request" => accepts::<wire::AddStaffRequest>,
        "role_request" => accepts::<wire::RoleRequest>,
        "create_visit_request" => accepts::<wire::CreateVisitRequest>,
        "planned" => accepts::<wire::Planned>,
        "plan_request" => accepts::<wire::PlanRequest>,
        "assign_request" => accepts::<wire::AssignRequest>,
        "cancel_request" => accepts::<wire::CancelRequest>,
        "note_request" => accepts::<wire::NoteRequest>,
        "create_invite_request" => accepts::<wire::CreateInviteRequest>,
        "host_join_request" => accepts::<wire::HostJoinRequest>,
        "join_request" => accepts::<wire::JoinRequest>,
        "measure_by_invite_request" => accepts::<wire::MeasureByInviteRequest>,
        "measure_request" => accepts::<wire::MeasureRequest>,
        "receipt_request" => accepts::<wire::ReceiptRequest>,
        "send_request" => accepts::<wire::SendRequest>,
        "endpoint_request" => accepts::<wire::EndpointRequest>,
        "take_over_request" => accepts::<wire::TakeOverRequest>,
        "review_request" => accepts::<wire::ReviewRequest>,
        "lock_request" => accepts::<wire::LockRequest>,
        "clinic" => accepts::<wire::Clinic>,
        "notice_request" => accepts::<wire::NoticeRequest>,
        "enrol_request" => accepts::<wire::EnrolRequest>,
        "certify_request" => accepts::<wire::CertifyRequest>,
        "check_message" => accepts::<wire::CheckMessage>,
        "write_box_request" => accepts::<wire::WriteBoxRequest>,
        _ => panic!("{name} is a body that PROTOCOL.md names; say here which type reads it"),
    }
}

/// What `PROTOCOL.md` says of a route: the body and the answer by name, and whether it is an event stream.
#[derive(Default)]
struct Said {
    body: Option<String>,
    answer: Option<String>,
    is_stream: bool,
}

/// With its parameters taken out: the specification calls them by one letter.
fn shape(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

fn in_ticks(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn specification() -> BTreeMap<(String, String), Said> {
    let text = fs::read_to_string(repository().join("signaling-protocol/PROTOCOL.md")).unwrap();
    let (_, routes) = text.split_once("## Routes").unwrap();
    let (routes, _) = routes.split_once("\n## ").unwrap();
    let mut all = BTreeMap::new();
    for row in routes.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split(" | ").collect();
        let (mut method, mut path) = (String::new(), String::new());
        for name in in_ticks(cells[0]) {
            match name.split_once(' ') {
                Some((its, at)) => (method, path) = (its.to_owned(), at.to_owned()),
                None => path = format!("{}/{name}", path.rsplit_once('/').unwrap().0),
            }
            let (before, after) = cells[2].split_once('→').unwrap_or((cells[2], ""));
            let mut said = Said { is_stream: after.contains("event stream"), ..Said::default() };
            said.body = in_ticks(before).into_iter().next().filter(|_| !after.is_empty());
            said.answer = in_ticks(after).into_iter().find(|name| name.ends_with("_reply"));
            all.insert((method.clone(), shape(&path)), said);
        }
    }
    all
}

fn vector(name: &str) -> Value {
    let path = repository().join(format!("signaling-protocol/vectors/{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The prefixes of ids (`PROTOCOL.md`, "Ids").
const IDS: [&str; 9] = ["vis", "inv", "end", "msg", "stf", "ses", "dev", "tov", "obj"];

fn id_pattern(prefixes: &[&str]) -> Value {
    json!({ "type": "string", "pattern": format!("^({})_[A-Za-z0-9_-]{{22}}$", prefixes.join("|")) })
}

/// How a value looks, by an example of it.
fn schema(example: &Value) -> Value {
    match example {
        Value::Null => json!({}),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(number) if number.is_f64() => json!({ "type": "number" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(text) => match IDS.iter().find(|id| text.len() == 26 && text.starts_with(&format!("{id}_"))) {
            Some(id) => id_pattern(&[id]),
            None => json!({ "type": "string" }),
        },
        Value::Array(items) => json!({ "type": "array", "items": items.first().map_or(json!({}), schema) }),
        Value::Object(members) => {
            let properties: Map<_, _> = members.iter().map(|(name, value)| (name.clone(), schema(value))).collect();
            json!({ "type": "object", "properties": properties })
        }
    }
}

/// As [`schema`], with what must be there.
fn body_schema(name: &str) -> Value {
    let (example, reads) = (vector(name), reader(name));
    assert!(reads(&example), "the vector {name} is read by another type");
    let mut schema = schema(&example);
    let members = example.as_object().unwrap();
    let required: Vec<_> = members
        .keys()
        .filter(|key| {
            let without: Map<_, _> = members.clone().into_iter().filter(|(name, _)| name != *key).collect();
            !reads(&Value::Object(without))
        })
        .collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema["example"] = example;
    schema
}

fn parameter(name: &str) -> Value {
    let schema = match name {
        "visit" => id_pattern(&["vis"]),
        "invite" => id_pattern(&["inv"]),
        "staff" => id_pattern(&["stf"]),
        "session" => id_pattern(&["ses"]),
        "taken" => id_pattern(&["tov"]),
        "device" => id_pattern(&["dev"]),
        "object" => id_pattern(&["vis", "inv", "dev", "obj"]),
        "kind" => json!({ "type": "integer", "minimum": 0, "maximum": 255 }),
        _ => json!({ "type": "string" }),
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Nothing => "nothing",
        Scope::Own => "own",
        Scope::All => "all",
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn operation(path: &str, who: Who, said: &Said, schemas: &mut Map<String, Value>) -> Value {
    let answer = match (&said.answer, path) {
        (_, "/healthz" | "/readyz") => json!({ "text/plain": { "schema": { "type": "string" } } }),
        (_, "/v1/audit/evidence") => json!({ "application/jsonl": { "schema": { "type": "string" } } }),
        (Some(name), _) => {
            schemas.entry(name.clone()).or_insert_with(|| schema(&vector(name)));
            json!({ "application/json": { "schema": reference(name) } })
        }
        (None, _) => json!({ "application/json": { "schema": { "type": "object" } } }),
    };
    let mut answers = answer;
    if said.is_stream {
        answers["text/event-stream"] = json!({ "schema": { "type": "string" } });
    }
    let problem = json!({ "description": "A problem (RFC 9457)",
        "content": { "application/problem+json": { "schema": reference("problem") } } });
    let mut operation = json!({
        "responses": { "200": { "description": "Done", "content": answers }, "4XX": problem, "503": problem },
    });
    let names: Vec<_> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    let mut parameters: Vec<_> = names.into_iter().map(parameter).collect();
    if said.is_stream {
        let once = json!({ "type": "string", "enum": ["1"] });
        parameters.push(
            json!({ "name": "poll", "in": "query", "schema": once, "description": "Answers at the first event" }),
        );
    }
    operation["parameters"] = json!(parameters);
    if let Some(body) = &said.body {
        schemas.entry(body.clone()).or_insert_with(|| body_schema(body));
        let content = json!({ "application/json": { "schema": reference(body) } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    match who {
        Who::Anybody => operation["security"] = json!([]),
        Who::Endpoint => operation["security"] = json!([{ "endpoint": [] }]),
        Who::Staff([admin, clinician, front_desk, auditor]) => {
            operation["security"] = json!([{ "staff": [] }]);
            operation["x-roles"] = json!({ "admin": word(admin), "clinician": word(clinician),
                "front_desk": word(front_desk), "auditor": word(auditor) });
        }
    }
    operation
}

fn document() -> Value {
    let specification = specification();
    let mut schemas = Map::new();
    schemas.insert("problem".to_owned(), schema(&vector("problem")));
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (method, path, who) in TABLE {
        let said = specification.get(&((*method).to_owned(), shape(path)));
        let said = said.unwrap_or_else(|| panic!("{method} {path} does not stand in PROTOCOL.md"));
        let operation = operation(path, *who, said, &mut schemas);
        paths.entry(path).or_default().insert(method.to_lowercase(), operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Housecall, the clinic's server",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            "description": "Made from the table of permissions, PROTOCOL.md and its vectors, which say what everything means.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "staff": { "type": "http", "scheme": "bearer", "description": "The token of a sign-in" },
                "endpoint": { "type": "http", "scheme": "bearer", "description": "The token of a join" },
            },
        },
    })
}

#[test]
fn openapi_says_what_the_router_does() {
    let path = repository().join("docs/openapi.json");
    let text = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("HOUSECALL_WRITE_OPENAPI").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "docs/openapi.json is not what the server does: HOUSECALL_WRITE_OPENAPI=1 cargo test -p server openapi"
    );
}
