//! What a visit was like, in numbers: the report of the headless contract (`docs/headless.md`).
//!
//! **Invariant:** numbers, closed words and file-format versions only. No name, address, id or token can be put in.

use serde::Serialize;

/// The format of the report; a field is added without a new number, a meaning is never changed.
pub const SCHEMA: &str = "housecall.report/1";

/// The whole report, written at the end of a headless visit.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Unix time of the program's start, in microseconds; `timeline_ms` and `samples[].t` count from it.
    pub started_unix_us: u64,
    /// When what happened first.
    pub timeline_ms: Timeline,
    /// What happened, in order.
    pub events: Vec<ReportEvent>,
    /// One a second.
    pub samples: Vec<Sample>,
    /// Over the whole visit.
    pub totals: Totals,
    /// Unix time of the microphone's sample 0, in microseconds.
    pub microphone_started_unix_us: Option<u64>,
    /// Unix time of the loudspeaker's sample 0, in microseconds.
    pub speaker_started_unix_us: Option<u64>,
    /// Entry i: when frame i of the looping camera was captured; null where it was skipped.
    pub captured_unix_us: Vec<Option<u64>>,
    /// Entry i: the RTP timestamp under which frame i was encoded; null where it was not sent.
    pub captured_rtp: Vec<Option<u32>>,
    /// Entry k: when the k-th picture was shown.
    pub shown_unix_us: Vec<u64>,
    /// Entry k: the RTP timestamp of the k-th picture shown.
    pub shown_rtp: Vec<u32>,
    /// How far lips and voice were apart.
    pub lip_sync_ms: LipSyncMillis,
    /// What the two handed each other.
    pub handed: HandedReport,
    /// How sure this side was at last of who the other is, in a closed word; null when they never spoke.
    pub level: Option<&'static str>,
    /// Whether the other side's device was met before, in a closed word.
    pub device: Option<&'static str>,
    /// Whether the other side said a name that the clinic certified. The name itself is not in the report.
    pub name_certified: bool,
    /// Where the comparison of digits stood at last, in a closed word.
    pub check: Option<&'static str>,
    /// What was refused, in a closed word, if something was and it ended the visit.
    pub refusal: Option<&'static str>,
    /// How the visit ended, in a closed word.
    pub end: String,
    /// The exit status that goes with it.
    pub exit: u8,
}

/// What the two handed each other. No name of a file, and nothing that was written.
#[derive(Debug, Clone, Default, Serialize)]
pub struct HandedReport {
    /// Lines that this side wrote.
    pub lines_written: usize,
    /// How many of them are known to have arrived.
    pub lines_arrived: usize,
    /// Lines that came.
    pub lines_received: usize,
    /// This side's person has saved what was written.
    pub chat_saved_here: bool,
    /// The other's has.
    pub chat_saved_there: bool,
    /// Files and photographs.
    pub transfers: Vec<TransferReport>,
    /// Offers that nobody was asked about.
    pub offers_turned_away: u32,
    /// Bytes of files that left, in blocks.
    pub sent_bytes: u64,
    /// How many of them left not for the first time.
    pub sent_again_bytes: u64,
    /// Bytes of files that came.
    pub received_bytes: u64,
    /// How many of them were there already.
    pub received_again_bytes: u64,
}

/// One file.
#[derive(Debug, Clone, Serialize)]
pub struct TransferReport {
    /// Whether the other side offered it.
    pub incoming: bool,
    /// Whether it is a photograph that was asked for.
    pub still: bool,
    /// How long it is.
    pub bytes: u64,
    /// When it was offered, in milliseconds since the start.
    pub offered_ms: f64,
    /// When it had arrived, or was over.
    pub ended_ms: Option<f64>,
    /// Where it stood at last, in a closed word.
    pub state: &'static str,
}

/// How far lips and voice were apart, in milliseconds, over all pictures of which it is known.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct LipSyncMillis {
    /// How much later than its voice a picture was shown; negative if sooner.
    pub median: Option<f64>,
    /// How far apart, either way, 95 of 100 were at most.
    pub p95: Option<f64>,
}

/// Milliseconds since the start, each when it first happened; absent when it did not.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Timeline {
    /// The server took the password.
    pub signed_in: Option<f64>,
    /// The server took the app into the waiting room or the visit.
    pub joined: Option<f64>,
    /// At the host: its decision. At the guest: the host's word arrived.
    pub admitted: Option<f64>,
    /// Offer and answer are both applied.
    pub negotiated: Option<f64>,
    /// A path was found.
    pub ice_connected: Option<f64>,
    /// The path is encrypted and the other's certificate is the announced one.
    pub dtls_connected: Option<f64>,
    /// The other's voice arrived.
    pub first_audio: Option<f64>,
    /// The other's picture was shown.
    pub first_video: Option<f64>,
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
pub struct ReportEvent {
    /// Seconds since the start.
    pub t: f64,
    /// What, in a closed word.
    pub event: String,
}

/// How things stood at the end of one second.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sample {
    /// Seconds since the start.
    pub t: f64,
    /// The phase of the visit.
    pub phase: &'static str,
    /// Round trip of the path, in milliseconds.
    pub rtt_ms: Option<f64>,
    /// What the estimate allows to send.
    pub target_kbps: f64,
    /// What was sent in this second, headers included.
    pub sent_kbps: f64,
    /// How much of it was feedback and reports (RTCP).
    pub feedback_kbps: f64,
    /// What arrived in this second, headers included.
    pub received_kbps: f64,
    /// Part of the packets sent that the other did not get, 0 to 1.
    pub lost_ratio: f64,
    /// Part of the voice packets sent that the other did not get, 0 to 1.
    pub voice_lost_ratio: f64,
    /// How likely the voice packet after a lost one is lost as well, 0 to 1.
    pub loss_follows_loss: f64,
    /// Packets sent again since the beginning.
    pub retransmitted: u64,
    /// Pictures encoded and handed to the link in this second.
    pub fps_sent: f64,
    /// Pictures shown in this second.
    pub fps_shown: f64,
    /// Width of the last picture shown.
    pub width: u32,
    /// Height of the last picture shown.
    pub height: u32,
    /// Milliseconds frozen since the first picture.
    pub frozen_ms: f64,
    /// Voice that waits to be heard.
    pub audio_buffer_ms: f64,
    /// Part of this second's voice that was made up, 0 to 1.
    pub concealed_ratio: f64,
    /// Kinds of the two candidates in use, own first: `host-srflx`.
    pub path: Option<String>,
    /// Which way the packets go: `direct`, `relay_udp`, `relay_tcp` or `relay_tls` by a relay of ours, `relay_theirs` by one of
    /// theirs alone.
    pub way: Option<&'static str>,
    /// Seconds of CPU since the start.
    pub cpu_s: f64,
    /// Resident memory.
    pub rss_mb: f64,
}

/// Sums over the visit.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Totals {
    /// Pictures encoded and handed to the link.
    pub frames_sent: u64,
    /// Pictures shown.
    pub frames_shown: u64,
    /// How often the picture stood still.
    pub freezes: u32,
    /// For how long in all.
    pub frozen_ms: f64,
    /// Seconds of CPU.
    pub cpu_s: f64,
    /// The most resident memory.
    pub peak_rss_mb: f64,
}
