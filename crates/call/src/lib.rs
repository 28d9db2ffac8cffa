//! Every decision of one visit. Opens nothing.
//!
//! A [`Call`] is told what happens and what time it is ([`Call::handle_input`], [`Call::handle_timeout`]) and answers
//! what is to be done ([`Call::poll_output`]), when it wants to be woken ([`Call::poll_timeout`]) and how things stand
//! ([`Call::snapshot`]). It has no clock, no socket, no thread and no randomness of its own, so a test can run an hour
//! of two calls and a server against each other in a millisecond.

#![forbid(unsafe_code)]

mod admission;
mod call;
mod channel;
mod code_check;
mod config;
mod control_message;
mod facts;
mod handed_here;
mod ice;
mod input;
mod link_quality;
mod negotiation;
mod output;
mod phase;
mod quality;
mod reconnection;
mod refusal;
mod remote_party;
#[cfg(test)]
mod simulation;
mod snapshot;

pub use call::{Call, ReceiptDraft};
pub use code_check::CodeStanding;
pub use config::{
    CallConfig, CameraFormat, HostInvite, MediaConfig, Mode, Party, Paths, Preferences, RECONNECT_GRACE, RelayWay,
};
pub use control_message::{ControlMessage, ControlMessageError, MediaState, PictureSent};
pub use facts::{Facts, MOST_FACT_CHARS};
pub use handed_here::{HandingNews, NotSaved};
pub use input::{
    DeviceInput, HandingIntent, Input, Intent, NetworkInput, PeerInput, RequestKind, SignalingInput, StatsInput,
};
pub use link_quality::LinkQuality;
pub use output::{Milestone, MilestoneKind, Output, PeerCommand, SignalingRequest};
pub use phase::{EndReason, Phase, ReconnectCause};
pub use quality::{LinkEstimate, PictureOff, PicturePlan, Policy as QualityPolicy, VoiceLink, VoicePlan, VoicePolicy};
pub use refusal::Refusal;
pub use snapshot::{Around, Assurance, Check, Handed, Problem, Remote, Snapshot, TimeLeft, Waiting};
// What the snapshot is made of, and what is told of files, for who draws it.
pub use transfer;
pub use trust::{Digits, Level, Recognition};
