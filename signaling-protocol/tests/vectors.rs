//! Every message of the wire has a file in `vectors/`, which is read and written again without a difference.

#![allow(clippy::unwrap_used, reason = "all of this is a test, its helpers too")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signaling_protocol::{
    AddStaffRequest, AssignRequest, AuditRowsReply, Base64, BoxReply, BoxesReply, CancelRequest, CertifyRequest,
    Challenge, ChallengeReply, CheckMessage, CheckReply, CheckpointReply, Clinic, ClinicReply, Code, CodeReply,
    CreateInviteReply, CreateInviteRequest, CreateVisitReply, CreateVisitRequest, DeviceReply, DevicesReply,
    EndpointRequest, EnrolRequest, Envelope, Event, HostJoinRequest, IceReply, InviteId, JoinReply, JoinRequest,
    LockRequest, MeasureByInviteRequest, MeasureReply, MeasureRequest, NoteReply, NoteRequest, NoticeRequest,
    OriginReply, PasswordRequest, PlanRequest, Planned, PollReply, Problem, ReceiptRequest, RecoveryCodesReply,
    RecoveryCodesRequest, RefreshRequest, ReviewRequest, RoleRequest, SendReply, SendRequest, SessionsReply,
    SignInReply, SignInRequest, SignUpReply, SignUpRequest, StaffEvent, StaffReply, TakeOverReply, TakeOverRequest,
    TakeOversReply, TriesReply, VisitsReply, WriteBoxRequest, is_sealed_size, join_signing_bytes,
    measure_signing_bytes,
};

/// Reads a message and writes it again.
type Again = fn(&Value) -> Value;

/// What each file holds. Events are `event_` and their kind.
const MESSAGES: [(&str, Again); 63] = [
    ("take_over_request", again::<TakeOverRequest>),
    ("take_over_reply", again::<TakeOverReply>),
    ("take_overs_reply", again::<TakeOversReply>),
    ("review_request", again::<ReviewRequest>),
    ("note_reply", again::<NoteReply>),
    ("sign_up_request", again::<SignUpRequest>),
    ("sign_up_reply", again::<SignUpReply>),
    ("refresh_request", again::<RefreshRequest>),
    ("password_request", again::<PasswordRequest>),
    ("recovery_codes_request", again::<RecoveryCodesRequest>),
    ("recovery_codes_reply", again::<RecoveryCodesReply>),
    ("sessions_reply", again::<SessionsReply>),
    ("staff_reply", again::<StaffReply>),
    ("add_staff_request", again::<AddStaffRequest>),
    ("code_reply", again::<CodeReply>),
    ("role_request", again::<RoleRequest>),
    ("sign_in_request", again::<SignInRequest>),
    ("sign_in_reply", again::<SignInReply>),
    ("create_visit_request", again::<CreateVisitRequest>),
    ("plan_request", again::<PlanRequest>),
    ("planned", again::<Planned>),
    ("visits_reply", again::<VisitsReply>),
    ("assign_request", again::<AssignRequest>),
    ("cancel_request", again::<CancelRequest>),
    ("note_request", again::<NoteRequest>),
    ("lock_request", again::<LockRequest>),
    ("tries_reply", again::<TriesReply>),
    ("create_visit_reply", again::<CreateVisitReply>),
    ("create_invite_request", again::<CreateInviteRequest>),
    ("create_invite_reply", again::<CreateInviteReply>),
    ("challenge_reply", again::<ChallengeReply>),
    ("join_request", again::<JoinRequest>),
    ("host_join_request", again::<HostJoinRequest>),
    ("join_reply", again::<JoinReply>),
    ("join_reply_relay_only", again::<JoinReply>),
    ("send_request", again::<SendRequest>),
    ("send_reply", again::<SendReply>),
    ("endpoint_request", again::<EndpointRequest>),
    ("ice_reply", again::<IceReply>),
    ("ice_reply_relay_only", again::<IceReply>),
    ("measure_by_invite_request", again::<MeasureByInviteRequest>),
    ("measure_request", again::<MeasureRequest>),
    ("measure_reply", again::<MeasureReply>),
    ("poll_reply", again::<PollReply>),
    ("envelope", again::<Envelope>),
    ("envelope_sealed", again::<Envelope>),
    ("problem", again::<Problem>),
    ("clinic", again::<Clinic>),
    ("clinic_reply", again::<ClinicReply>),
    ("notice_request", again::<NoticeRequest>),
    ("enrol_request", again::<EnrolRequest>),
    ("device_reply", again::<DeviceReply>),
    ("devices_reply", again::<DevicesReply>),
    ("certify_request", again::<CertifyRequest>),
    ("check_message", again::<CheckMessage>),
    ("check_reply", again::<CheckReply>),
    ("write_box_request", again::<WriteBoxRequest>),
    ("box_reply", again::<BoxReply>),
    ("boxes_reply", again::<BoxesReply>),
    ("checkpoint_reply", again::<CheckpointReply>),
    ("receipt_request", again::<ReceiptRequest>),
    ("audit_rows_reply", again::<AuditRowsReply>),
    ("origin_reply", again::<OriginReply>),
];

const EVENTS: [&str; 17] = [
    "hello",
    "joined",
    "away",
    "back",
    "left",
    "admitted",
    "denied",
    "removed",
    "message",
    "visit",
    "ice_refresh",
    "limits",
    "notice",
    "locked",
    "note",
    "reset",
    "bye",
];

const STAFF_EVENTS: [&str; 2] = ["clinic", "bye"];

fn again<T: Serialize + DeserializeOwned>(value: &Value) -> Value {
    // Through text, as on the wire.
    let message: T = serde_json::from_str(&value.to_string()).unwrap();
    serde_json::to_value(message).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn vector(name: &str) -> Value {
    let path = folder().join(format!("{name}.json"));
    serde_json::from_slice(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

/// The value with a member that no version knows yet.
fn with_something_later(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.insert("of_a_later_version".to_owned(), Value::Bool(true));
    }
    value
}

#[test]
fn every_message_is_written_as_it_was_read() {
    for (name, again) in MESSAGES {
        assert_eq!(again(&vector(name)), vector(name), "{name}");
        assert_eq!(again(&with_something_later(vector(name))), vector(name), "{name}: unknown members are ignored");
    }
}

#[test]
fn every_event_is_written_as_it_was_read() {
    for kind in EVENTS {
        let value = vector(&format!("event_{kind}"));
        for value in [value.clone(), with_something_later(value.clone())] {
            let event = Event::from_json(value.to_string().as_bytes()).unwrap();
            assert_eq!(event.kind(), kind);
            assert_eq!(serde_json::to_value(&event).unwrap(), vector(&format!("event_{kind}")));
        }
    }
}

#[test]
fn every_event_for_staff_is_written_as_it_was_read() {
    for kind in STAFF_EVENTS {
        let value = vector(&format!("staff_event_{kind}"));
        for value in [value.clone(), with_something_later(value.clone())] {
            let event = StaffEvent::from_json(value.to_string().as_bytes()).unwrap();
            assert_eq!(event.kind(), kind);
            assert_eq!(serde_json::to_value(&event).unwrap(), vector(&format!("staff_event_{kind}")));
        }
    }
}

#[test]
fn sealed_boxes_have_these_sizes_and_no_others() {
    let sizes: Vec<usize> = serde_json::from_value(vector("sealed_sizes")).unwrap();
    assert_eq!((0..100_000).filter(|size| is_sealed_size(*size)).collect::<Vec<_>>(), sizes);
    let envelope: Envelope = serde_json::from_value(vector("envelope_sealed")).unwrap();
    assert!(is_sealed_size(envelope.sealed.len()));
    // What the envelope repeats of the box's head: scheme, epoch, number.
    let head = [vec![envelope.scheme], envelope.epoch.to_be_bytes().into(), envelope.seq.to_be_bytes().into()].concat();
    assert!(envelope.sealed.0.starts_with(&head));
}

#[test]
fn what_is_signed_to_join_is_these_bytes() {
    #[derive(Deserialize)]
    struct Signing {
        invite: InviteId,
        challenge: Challenge,
        bundle: Base64,
        signed: Base64,
    }
    let case: Signing = serde_json::from_value(vector("join_signing_bytes")).unwrap();
    assert_eq!(join_signing_bytes(case.invite, &case.challenge, &case.bundle.0), case.signed.0);
}

#[test]
fn what_is_signed_to_measure_is_these_bytes() {
    #[derive(Deserialize)]
    struct Signing {
        invite: InviteId,
        challenge: Challenge,
        signed: Base64,
    }
    let case: Signing = serde_json::from_value(vector("measure_signing_bytes")).unwrap();
    assert_eq!(measure_signing_bytes(case.invite, &case.challenge), case.signed.0);
}

#[test]
fn there_is_no_file_that_nothing_reads() {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let known = MESSAGES.iter().map(|(name, _)| format!("{name}.json"));
    let known = known.chain(EVENTS.iter().map(|kind| format!("event_{kind}.json")));
    let known = known.chain(STAFF_EVENTS.iter().map(|kind| format!("staff_event_{kind}.json")));
    let known =
        known.chain(["join_signing_bytes.json", "measure_signing_bytes.json", "sealed_sizes.json"].map(str::to_owned));
    assert_eq!(files.collect::<BTreeSet<_>>(), known.collect::<BTreeSet<_>>());
}

#[test]
fn the_specification_names_every_code_with_its_status() {
    let specification = fs::read_to_string(folder().with_file_name("PROTOCOL.md")).unwrap();
    let codes = [
        Code::SignInRefused,
        Code::NotSignedIn,
        Code::NotAllowed,
        Code::InviteNotUsable,
        Code::InviteExpired,
        Code::InviteTooEarly,
        Code::InviteRevoked,
        Code::VisitLocked,
        Code::VisitGoingOn,
        Code::ClinicianNotFound,
        Code::InviteInUse,
        Code::InvitePlaceKept,
        Code::HostPresent,
        Code::VisitNotFound,
        Code::VisitEnded,
        Code::VisitFull,
        Code::EndpointNotFound,
        Code::MessageIdReused,
        Code::BoxSize,
        Code::StaffNotFound,
        Code::NameTaken,
        Code::LastAdmin,
        Code::PasswordRefused,
        Code::TotpRefused,
        Code::ClinicNotSetUp,
        Code::ClinicMismatch,
        Code::EpochRefused,
        Code::RevisionRefused,
        Code::DeviceNotFound,
        Code::CheckOutOfTurn,
        Code::ObjectNotFound,
        Code::BoxNotFound,
        Code::QuotaFull,
        Code::Malformed,
        Code::TooLarge,
        Code::TooManyRequests,
        Code::VersionNotSpoken,
        Code::RouteNotFound,
        Code::StorageFailed,
        Code::Internal,
    ];
    for code in codes {
        let word = serde_json::to_value(code).unwrap();
        let row = format!("| `{}` | {} |", word.as_str().unwrap(), code.status());
        assert!(specification.contains(&row), "{row}");
    }
    for kind in EVENTS.iter().chain(&STAFF_EVENTS) {
        assert!(specification.contains(&format!("| `{kind}` |")), "{kind}");
    }
}
