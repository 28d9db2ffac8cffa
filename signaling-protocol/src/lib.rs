//! The wire between an app and a clinic's server: types, limits, error codes, ids.
//!
//! `PROTOCOL.md` beside this crate is the specification and `vectors/` has one file a message; where they and this
//! code disagree, the specification is right.
//!
//! **Invariant:** what two endpoints say to each other is an opaque [`Envelope::sealed`] here. This crate, and so the
//! server, has no type for an SDP, a candidate or a fingerprint.

#![forbid(unsafe_code)]

mod account;
mod audit;
mod bytes;
mod envelope;
mod event;
mod ice_url;
mod id;
mod limits;
mod phone;
mod problem;
mod request;
mod schedule;
mod server_address;
mod staff;
mod take_over;

pub use account::{
    AccountState, AddStaffRequest, CodeReply, PasswordRequest, RecoveryCodesReply, RecoveryCodesRequest,
    RefreshRequest, RoleRequest, SessionRow, SessionsReply, SignInReply, SignInRequest, SignUpReply, SignUpRequest,
    StaffReply, StaffRole, StaffRow,
};
pub use audit::{
    AuditRowsReply, CheckpointReply, OriginHashes, OriginReply, ReceiptKind, ReceiptLevel, ReceiptPath, ReceiptRequest,
};
pub use bytes::{Base64, Challenge, ClinicFingerprint, InviteKey, NoteCommitment, Signature};
pub use envelope::{Envelope, SCHEME_OPEN, SCHEME_SEALED, is_sealed_size};
pub use event::{Admission, EndReason, Event, EventError, LeaveReason, Notice, Participant, Role, VisitState};
pub use ice_url::{IceScheme, IceUrl};
pub use id::{
    DeviceId, EndpointId, FreeId, IdError, InviteId, MessageId, ObjectId, SessionId, StaffId, TakeOverId, VisitId,
};
pub use limits::{Limits, StaffLimits};
pub use phone::is_phone_number;
pub use problem::{Code, Problem};
pub use request::{
    ChallengeReply, CreateInviteReply, CreateInviteRequest, CreateVisitReply, EndpointRequest, HostJoinRequest,
    IceReply, IceServer, JoinReply, JoinRequest, MEASURE_BYTES, MeasureByInviteRequest, MeasureReply, MeasureRequest,
    PollReply, PolledEvent, SendReply, SendRequest, VersionRange, join_signing_bytes, measure_signing_bytes,
};
pub use schedule::{
    AssignRequest, CancelReason, CancelRequest, CreateVisitRequest, GuestRole, LinkWindow, ListedInvite, ListedVisit,
    ListedWaiting, LockRequest, MOST_CODE_TRIES, NoteRequest, PlanRequest, Planned, TriesReply, VisitsReply,
    WaitingNote,
};
pub use server_address::{ServerAddress, ServerAddressError};
pub use staff::{
    BoxLabel, BoxReply, BoxesReply, CertifyRequest, CheckMessage, CheckReply, CheckSide, Clinic, ClinicReply, Device,
    DeviceReply, DevicesReply, EnrolRequest, NoticeRequest, StaffEvent, WaitingDevice, WriteBoxRequest,
};
pub use take_over::{
    NoteReply, Review, ReviewOutcome, ReviewRequest, TakeOver, TakeOverReason, TakeOverReply, TakeOverRequest,
    TakeOversReply,
};

/// The version of the protocol that this crate speaks; it stands in every path as `/v1`.
pub const VERSION: u16 = 1;
