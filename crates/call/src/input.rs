//! What the engine is told, by source.

use std::time::Duration;

use signaling_protocol::{Challenge, Code, EndpointId, Event, IceReply, JoinReply, MessageId};
use transfer::{FileHash, LocalFile, News, Place, TransferId};
use trust::{Candidate, ConnectionParameters, DtlsFingerprint, PatientDevice};
use units::{DataRate, Phi, Timestamp};

use crate::{CameraFormat, Facts, Mode};

/// Everything that can happen to a call.
#[derive(Debug, Clone)]
pub enum Input {
    /// The person wants something.
    Intent(Intent),
    /// The peer connection to this endpoint says something.
    Peer(EndpointId, PeerInput),
    /// The server says something.
    Signaling(SignalingInput),
    /// This device's network did something.
    Network(NetworkInput),
    /// A device says something.
    Device(DeviceInput),
    /// By what the clinic knows this patient's device again, found before [`Intent::Join`]; passed over after it. Guest only.
    OwnDevice(PatientDevice),
    /// Where our patient is and whom to call. Guest only; may be said again.
    Facts(Facts),
    /// The clinic's code as our person typed it. Guest only.
    Code(Phi<String>),
    /// The newest checkpoint of the clinic's audit log, which goes on from what this app had seen of it.
    Log(String),
    /// Our person wrote this to the other.
    Written(Phi<String>),
    /// Our person hands this file over.
    OfferFile(LocalFile),
    /// Who reads and writes files says this.
    Files(News),
    /// An earlier run of this app has a part of such a file, and its person wanted it.
    KeptPart {
        /// How long the whole is.
        bytes: u64,
        /// What the whole is.
        sha256: FileHash,
    },
    /// The log does not, or it is not the one that the other side has seen.
    LogRewritten,
    /// Somebody measured something.
    Stats(StatsInput),
}

/// What the person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Into the visit.
    Join,
    /// Let this one in. Host only.
    Admit(EndpointId),
    /// Do not let this one in. Host only.
    Deny(EndpointId),
    /// Take this one out who is in. Host only.
    Remove(EndpointId),
    /// Let nobody new into the waiting room, or again. Host only.
    SetLocked(bool),
    /// Give the visit more time. Host only.
    Extend,
    /// End the call. From the host it ends the visit.
    HangUp,
    /// Silence our microphone, or not.
    SetMuted(bool),
    /// Stop our camera, or not.
    SetCameraOff(bool),
    /// Movement or detail.
    SetMode(Mode),
    /// Spend little data, or not.
    SetSaveData(bool),
    /// Tell the other side no address but a relay's, or any. Before joining; later it is too late.
    SetRelayOnly(bool),
    /// Compare digits with the other side, by voice.
    StartCheck,
    /// The digits that are shown are those that the other side reads out.
    DigitsSame,
    /// They are not: the call is over.
    DigitsDiffer,
    /// Know the other side's device again.
    RememberDevice,
    /// Of what the two hand each other.
    Hand(HandingIntent),
}

/// What the person wants of what the two hand each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandingIntent {
    /// Take what they offer.
    Accept(TransferId),
    /// Not this, or not any more.
    Cancel(Place),
    /// Ask for a photograph in the camera's full size. Host only.
    AskStill,
    /// Let one be taken, or not.
    AnswerStill(bool),
    /// What was written is saved: both see it.
    ChatSaved,
}

/// What a peer connection says.
///
/// After [`PeerCommand::Close`](crate::PeerCommand::Close) the driver passes on nothing more of that connection: the
/// engine may open another one to the same endpoint at once.
#[derive(Debug, Clone)]
pub enum PeerInput {
    /// The offer that was asked for.
    Offer(ConnectionParameters),
    /// The answer to the offer that was accepted.
    Answer(ConnectionParameters),
    /// Ways to reach us that were found.
    Candidates(Vec<Candidate>),
    /// No more will be found.
    CandidatesEnded,
    /// A path was found, or found again.
    IceConnected,
    /// The encrypted connection stands, and this is who is at its other end.
    DtlsConnected {
        /// SHA-256 of the certificate that the other end showed.
        remote_fingerprint: DtlsFingerprint,
    },
    /// The path stopped answering; it may come back.
    Disconnected,
    /// The path will not come back by itself.
    Failed,
    /// The control channel is open.
    ControlOpened,
    /// A message came over the control channel.
    Control(Vec<u8>),
    /// The control channel was closed by the other end.
    ControlClosed,
    /// What the path carries.
    Estimate {
        /// What we may send, headers included.
        target: DataRate,
        /// The share of packets that did not arrive, 0 to 1.
        loss: f32,
        /// The share of voice packets that did not arrive, 0 to 1.
        voice_loss: f32,
        /// How likely the voice packet after a lost one is lost as well, 0 to 1: `voice_loss` itself where losses are
        /// independent, more where they come in bursts.
        loss_follows_loss: f32,
        /// There and back.
        round_trip: Option<Duration>,
    },
    /// The first sound of theirs came.
    HeardFirst,
    /// The first picture of theirs was decoded.
    SawFirst,
    /// No packet at all has come since then. Said when it has lasted a second, and again every half second.
    NothingHeard {
        /// When the last one came.
        since: Timestamp,
    },
    /// Packets come again after [`PeerInput::NothingHeard`].
    HeardAgain,
    /// The address by which our packets left is gone, or they do not leave by it any more: this path will not come back by
    /// itself.
    AddressLost,
    /// The handshake was not finished: the other end showed another certificate than was announced.
    AnotherCertificate,
    /// The connection refused what they offered or answered; the text is for the log.
    Refused(String),
}

/// What the server says.
#[derive(Debug, Clone)]
pub enum SignalingInput {
    /// What is to be signed to join.
    Challenge(Challenge),
    /// We are in.
    Joined(JoinReply),
    /// Servers for finding a path.
    Ice(IceReply),
    /// The event stream brought something.
    Event(Event),
    /// These messages were taken.
    Sent(Vec<MessageId>),
    /// The server wrote the admission down.
    Admitted(EndpointId),
    /// The server has counted a try at the code of this guest's link: so many with this one.
    TryCounted {
        /// Whose.
        endpoint: EndpointId,
        /// So many.
        used: u8,
    },
    /// A request succeeded that has no answer of its own.
    Done(RequestKind),
    /// A definite no. Network faults and `too_many_requests` never come here: the driver tries again by itself.
    Refused {
        /// What was asked.
        request: RequestKind,
        /// Why not.
        code: Code,
    },
    /// The event stream stands.
    StreamUp,
    /// The event stream broke; the driver opens it again by itself.
    StreamDown,
}

/// What this device's network did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkInput {
    /// Addresses or ways out came or went. Which paths are dead for it is said by [`PeerInput::AddressLost`], after this.
    Changed,
    /// The machine slept: whether a path still carries anything is not known. [`PeerInput::HeardAgain`] is said of one that
    /// does.
    Woke,
}

/// Which request an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// [`SignalingRequest::Challenge`](crate::SignalingRequest::Challenge)
    Challenge,
    /// [`SignalingRequest::JoinGuest`](crate::SignalingRequest::JoinGuest) or `JoinHost`
    Join,
    /// [`SignalingRequest::GetIce`](crate::SignalingRequest::GetIce)
    Ice,
    /// [`SignalingRequest::OpenEvents`](crate::SignalingRequest::OpenEvents)
    Events,
    /// [`SignalingRequest::Send`](crate::SignalingRequest::Send)
    Send,
    /// [`SignalingRequest::Admit`](crate::SignalingRequest::Admit)
    Admit(EndpointId),
    /// [`SignalingRequest::Deny`](crate::SignalingRequest::Deny)
    Deny(EndpointId),
    /// [`SignalingRequest::Remove`](crate::SignalingRequest::Remove)
    Remove(EndpointId),
    /// [`SignalingRequest::CountTry`](crate::SignalingRequest::CountTry)
    CountTry(EndpointId),
    /// [`SignalingRequest::Lock`](crate::SignalingRequest::Lock)
    Lock,
    /// [`SignalingRequest::End`](crate::SignalingRequest::End)
    End,
    /// [`Output::Receipt`](crate::Output::Receipt)
    Receipt,
    /// [`SignalingRequest::Leave`](crate::SignalingRequest::Leave)
    Leave,
}

/// What a device says. The call goes on without it; the person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceInput {
    /// The microphone is gone.
    MicrophoneLost,
    /// The microphone is there, for the first time or again.
    MicrophoneBack,
    /// The camera is gone.
    CameraLost,
    /// A camera is there, for the first time or again, and gives this: [`MediaConfig::camera`](crate::MediaConfig) from
    /// now on.
    CameraBack(CameraFormat),
    /// The loudspeaker is gone.
    SpeakerLost,
    /// The loudspeaker is there again.
    SpeakerBack,
}

/// What somebody measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatsInput {
    /// How long a picture took to encode, the mean of the last 200 ms.
    EncodeTime(Duration),
}
