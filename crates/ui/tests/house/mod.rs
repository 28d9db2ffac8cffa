//! What windows show in every moment that has a look of its own, for the tests and for `examples/screens`.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each binary uses a part")]

pub mod canvas;
mod notes;
mod pictures;
mod staff;
pub mod window;

use std::sync::Arc;
use std::time::Duration;

use call::transfer::{Kind, Line, LineState, Place, State, Still, TransferId, TransferView};
use call::{
    Assurance, Check, EndReason, HandingNews, Level, MediaState, Mode, Phase, PictureOff, PicturePlan, PictureSent,
    Recognition, ReconnectCause, Refusal, Remote, Snapshot, VoicePlan, Waiting,
};
use desk::day::DaySnapshot;
use desk::{
    CallEnd, CallSummary, Comparing, DeskPhase, DeskProblem, DeskSnapshot, DeviceId, DeviceRole, DeviceRow,
    DeviceStanding, Keeping, KeysSnapshot, NotesView, OfficeSnapshot, OfficeStage, RowState, Sheet, TalkSummary,
    WaitingRow,
};
use signaling_protocol::{Code, EndpointId, InviteId, ReceiptPath, Role};
use ui::{HandingModel, Language, Levels, Model, NotesModel, Photograph, Screen, Settings, TestSound};
use units::{DataRate, DeviceList, DeviceTrouble, Devices, KeyringTrouble, Phi, Timestamp, VoiceRedundancy};

pub use self::notes::noted;
pub use self::pictures::PlainPictures;
pub use self::staff::{VISIT, access, audit, beginning, colleagues, queue_row, recovery_codes, signed_in_twice, today};

/// A link that opens nothing.
pub const LINK: &str = "https://clinic.example/j/inv_AAAAAAAAAAAAAAAAAAAAAA#1.\
                        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What a window shows in one moment; [`Moment::model`] borrows from it.
#[derive(Debug, Clone)]
pub struct Moment {
    /// In which everything is said.
    pub language: Language,
    /// Which face.
    pub screen: Screen,
    /// The call.
    pub call: Option<Snapshot>,
    /// The desk.
    pub desk: Option<DeskSnapshot>,
    /// The keys.
    pub keys: Option<KeysSnapshot>,
    /// Where the sheet was written.
    pub sheet_page: Option<String>,
    /// The devices.
    pub devices: Devices,
    /// The day of who is signed in.
    pub day: Option<desk::day::DaySnapshot>,
    /// A problem of the app.
    pub problem: Option<String>,
    /// The clinic's number.
    pub phone: Option<String>,
    /// What the network will carry.
    pub network: Option<doctor::Checked>,
    pub relay_only: bool,
    /// How the clinician's last call ended.
    pub last_end: Option<EndReason>,
    /// Why this machine keeps no secret of the device.
    pub keyring_trouble: Option<KeyringTrouble>,
    /// Whether the link is still known.
    pub can_open_again: bool,
    /// Somebody speaks who is muted.
    pub speaks_while_muted: bool,
    /// What was chosen for all windows.
    pub settings: Settings,
    /// The report of a crash.
    pub crash: Option<String>,
    /// Whether another link was opened.
    pub other_link: bool,
    /// Whether there are pictures.
    pub pictures: bool,
    /// How loud our microphone is.
    pub microphone: f32,
    /// What came of the sound by which the loudspeaker is tried.
    pub test_sound: TestSound,
    /// What lies here of what the two hand each other.
    pub handing: Handing,
    /// The clinician's notes.
    pub notes: Option<NotesView>,
    /// When it is.
    pub now: Timestamp,
}

/// What lies on a device of what two people hand each other.
#[derive(Debug, Clone, Default)]
pub struct Handing {
    pub photographs: Vec<Photograph>,
    pub saved: Vec<(TransferId, Phi<String>)>,
    pub news: Option<HandingNews>,
    pub is_reading: bool,
}

impl Moment {
    /// Nothing is open.
    pub fn start() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let devices = Devices {
            cameras: DeviceList {
                names: names(&["Integrated Camera", "USB Document Camera"]),
                ..DeviceList::default()
            },
            microphones: DeviceList { names: names(&["Headset", "Built-in Microphone"]), ..DeviceList::default() },
            speakers: DeviceList { names: names(&["Headset", "Built-in Audio"]), ..DeviceList::default() },
            ..Devices::default()
        };
        let screen = Screen::Start;
        Self {
            screen,
            call: None,
            desk: None,
            day: None,
            keys: None,
            sheet_page: None,
            devices,
            problem: None,
            phone: None,
            network: None,
            relay_only: false,
            last_end: None,
            keyring_trouble: None,
            can_open_again: true,
            speaks_while_muted: false,
            settings: Settings::default(),
            crash: None,
            other_link: false,
            pictures: true,
            microphone: 0.2,
            test_sound: TestSound::Heard,
            language: Language::English,
            handing: Handing::default(),
            notes: None,
            now: NOW,
        }
    }

    /// The patient, in this phase.
    pub fn patient(phase: Phase) -> Self {
        Self { screen: Screen::Patient, call: Some(snapshot(Role::Guest, phase)), ..Self::start() }
    }

    /// The clinician's desk, without a call.
    pub fn desk(phase: DeskPhase) -> Self {
        let known = !matches!(phase, DeskPhase::SignedOut { .. });
        let desk = DeskSnapshot {
            name: known.then(|| Phi::new("doctor".to_owned())),
            server: known.then(|| "clinic.example".to_owned()),
            enters_visits: true,
            ..DeskSnapshot::of(phase)
        };
        Self { screen: Screen::Clinician, desk: Some(desk), ..Self::start() }
    }

    /// Who is signed in on a device that stands so.
    pub fn device(device: DeviceStanding) -> Self {
        let keys = KeysSnapshot { device, office: None, clinic: None, keeping: Keeping::Keyring, problem: None };
        Self { keys: Some(keys), ..Self::desk(DeskPhase::Keys) }
    }

    /// An admin, whose clinic's keys stand so.
    pub fn office(stage: OfficeStage) -> Self {
        let device = match stage {
            OfficeStage::NotSetUp | OfficeStage::Sheet(_) => DeviceStanding::NoClinic,
            OfficeStage::Elsewhere => DeviceStanding::Waiting,
            _ => {
                DeviceStanding::Certified { name: Phi::new("admin".to_owned()), role: DeviceRole::Admin, days_left: 6 }
            }
        };
        let (waiting, devices) =
            if stage == OfficeStage::Here { (waiting_devices(), devices()) } else { <_>::default() };
        let office =
            OfficeSnapshot { stage, waiting, devices, comparing: None, busy: false, issuer_days_left: Some(300) };
        let mut moment = Self::device(device);
        moment.keys.as_mut().expect("keys").office = Some(office);
        moment
    }

    /// With a change to the keys.
    pub fn with_keys(mut self, change: impl FnOnce(&mut KeysSnapshot)) -> Self {
        if let Some(keys) = &mut self.keys {
            change(keys);
        }
        self
    }

    /// The clinician in a visit, in this phase.
    pub fn clinician(phase: Phase) -> Self {
        let in_visit = Self::desk(DeskPhase::InVisit { link: Phi::new(LINK.to_owned()) });
        Self { call: Some(snapshot(Role::Host, phase)), ..in_visit }
    }

    /// With a change to the call.
    pub fn with_call(mut self, change: impl FnOnce(&mut Snapshot)) -> Self {
        if let Some(call) = &mut self.call {
            change(call);
        }
        self
    }

    /// With a change to how sure one is of who is there.
    pub fn with_assurance(self, change: impl FnOnce(&mut Assurance)) -> Self {
        self.with_call(|call| change(call.assurance.as_mut().expect("a call in which they have spoken")))
    }

    /// What is drawn.
    pub fn model(&self) -> Model<'_> {
        Model {
            language: self.language,
            screen: self.screen,
            call: self.call.as_ref(),
            desk: self.desk.as_ref(),
            day: self.day.as_ref(),
            keys: self.keys.as_ref(),
            sheet_page: self.sheet_page.as_deref(),
            devices: &self.devices,
            relay_only: self.relay_only,
            levels: Levels { microphone: self.microphone, speaker: 0.1 },
            test_sound: self.test_sound,
            speaks_while_muted: self.speaks_while_muted,
            now: self.now,
            talked_for: Some(Duration::from_secs(754)),
            last_end: self.last_end,
            keyring_trouble: self.keyring_trouble,
            settings: &self.settings,
            crash: self.crash.as_deref(),
            other_link: self.other_link,
            problem: self.problem.as_deref(),
            can_open_again: self.can_open_again,
            phone: self.phone.as_deref(),
            network: self.network.as_ref(),
            handing: HandingModel {
                photographs: &self.handing.photographs,
                saved: &self.handing.saved,
                news: self.handing.news.as_ref(),
                is_reading: self.handing.is_reading,
                folder: "/downloads",
                chat_file: "/downloads/messages.txt",
                photograph_file: "/downloads/photograph.jpg",
            },
            notes: self.notes.as_ref().map(|view| NotesModel { view, file: "/downloads/visit.txt" }),
        }
    }
}

/// A device's id.
pub const fn device(byte: u8) -> DeviceId {
    DeviceId::from_random([byte; 16])
}

fn waiting_devices() -> Vec<WaitingRow> {
    vec![WaitingRow { device: device(1), account: Some(Phi::new("lee".to_owned())), role: DeviceRole::Clinician }]
}

fn devices() -> Vec<DeviceRow> {
    let row = |byte, name: &str, role, state| {
        let name = Some(Phi::new(name.to_owned()));
        DeviceRow { device: device(byte), name, account: None, role: Some(role), state }
    };
    vec![
        row(2, "admin", DeviceRole::Admin, RowState::ThisOne),
        row(3, "Dr Grace Hopper", DeviceRole::Clinician, RowState::Certified),
        row(4, "Dr Ada Lovelace", DeviceRole::Clinician, RowState::ToCertifyAnew),
    ]
}

/// A recovery sheet.
pub fn sheet() -> Sheet {
    let groups = "0123S-4567T-89ABV-CDEFW-GHJKX-MNPQY-RSTVZ-WXYZ0".to_owned();
    Sheet { groups: Phi::new(groups), fingerprint: "A".repeat(43), asked: [3, 7] }
}

/// An admin who compares digits.
pub fn comparing(digits: Option<&str>) -> Moment {
    Moment::office(OfficeStage::Here).with_keys(|keys| {
        keys.office.as_mut().expect("an admin").comparing = Some(Comparing {
            device: device(1),
            name: Phi::new("Dr Lee".to_owned()),
            digits: digits.map(|digits| Phi::new(digits.to_owned())),
        });
    })
}

/// Every moment that has a look of its own, with a name.
pub fn moments() -> Vec<(&'static str, Moment)> {
    let since = Timestamp::from_millis(60_000);
    let talk = TalkSummary {
        hours: ["14:30", "14:43"].map(str::to_owned),
        talked_for: Duration::from_secs(754),
        fair_for: Duration::from_secs(70),
        poor_for: Duration::ZERO,
        reconnections: 1,
        path: ReceiptPath::Relayed,
        level: Some(Level::LinkApp),
    };
    let summary = CallSummary { end: CallEnd::ByUs, talk: Some(talk) };
    let mut last = Moment::desk(DeskPhase::Ready { problem: None });
    last.desk.as_mut().expect("a desk").last_visit = Some(summary.clone());
    let mut broken = Moment::patient(Phase::Lobby);
    broken.devices.cameras.trouble = Some(DeviceTrouble::Busy);
    broken.devices.microphones.trouble = Some(DeviceTrouble::Missing);
    broken.pictures = false;
    let mut unplugged = Moment::patient(Phase::Live { since });
    unplugged.devices.cameras.trouble = Some(DeviceTrouble::Unplugged);
    unplugged.devices.microphones.trouble = Some(DeviceTrouble::Stalled);
    unplugged.pictures = false;
    let mut muted = Moment::patient(Phase::Live { since }).with_call(|call| call.muted = true);
    muted.speaks_while_muted = true;
    let mut wrong_link = Moment::start();
    wrong_link.problem = Some("This link is damaged. Copy the whole link again.".to_owned());
    wrong_link.phone = Some("555 0100".to_owned());
    let live = Phase::Live { since };
    let mut stopped = Moment::desk(DeskPhase::Summary(CallSummary {
        end: CallEnd::Refused { sentence: "No.".to_owned() },
        ..summary.clone()
    }));
    stopped.last_end = Some(EndReason::Refused(Refusal::DigitsDiffer));
    vec![
        ("start", Moment::start()),
        ("audit", audit()),
        ("start-wrong-link", wrong_link),
        ("start-after-a-crash", Moment { crash: Some("Housecall 0.1.0".to_owned()), ..Moment::start() }),
        ("live-another-link", Moment { other_link: true, ..Moment::patient(live) }),
        ("sign-in", Moment::desk(DeskPhase::SignedOut { problem: None })),
        (
            "sign-in-refused",
            Moment::desk(DeskPhase::SignedOut { problem: Some(DeskProblem::Refused(Code::SignInRefused)) }),
        ),
        (
            "sign-in-delayed",
            Moment::desk(DeskPhase::SignedOut {
                problem: Some(DeskProblem::Delayed { until: NOW + Duration::from_secs(90) }),
            }),
        ),
        ("signing-in", Moment::desk(DeskPhase::SigningIn)),
        ("beginning", beginning()),
        ("recovery-codes", Moment::desk(DeskPhase::RecoveryCodes(recovery_codes()))),
        ("desk-sessions", signed_in_twice()),
        ("colleagues", colleagues()),
        ("locked", Moment::desk(DeskPhase::Locked { problem: None })),
        ("device-waits", Moment::device(DeviceStanding::Waiting)),
        ("device-compares", Moment::device(DeviceStanding::Comparing(Some(Phi::new("01234 56789".to_owned()))))),
        ("device-revoked", Moment::device(DeviceStanding::Revoked)),
        ("set-up", Moment::office(OfficeStage::NotSetUp)),
        ("set-up-sheet", Moment::office(OfficeStage::Sheet(sheet()))),
        ("clinics-devices", Moment::office(OfficeStage::Here)),
        ("clinics-devices-comparing", comparing(Some("01234 56789"))),
        ("clinic-elsewhere", Moment::office(OfficeStage::Elsewhere)),
        ("desk", Moment::desk(DeskPhase::Ready { problem: None })),
        ("desk-day", today()),
        ("desk-after-a-visit", last),
        ("desk-making-a-visit", Moment::desk(DeskPhase::MakingVisit)),
        ("summary", Moment::desk(DeskPhase::Summary(summary.clone()))),
        ("summary-with-notes", noted(Moment::desk(DeskPhase::Summary(summary)), true)),
        ("desk-with-notes", noted(Moment::desk(DeskPhase::Ready { problem: None }), false)),
        ("host-nobody-waits", Moment::clinician(Phase::WaitingRoom { since })),
        ("host-one-waits", Moment::clinician(Phase::WaitingRoom { since }).with_call(|call| call.waiting = waiting(1))),
        ("host-two-wait", Moment::clinician(Phase::WaitingRoom { since }).with_call(|call| call.waiting = waiting(2))),
        ("host-live", Moment::clinician(live)),
        ("host-live-another-waits", Moment::clinician(live).with_call(|call| call.waiting = waiting(1))),
        ("lobby", Moment::patient(Phase::Lobby)),
        ("lobby-broken-devices", broken),
        ("waiting-room", Moment::patient(Phase::WaitingRoom { since })),
        ("connecting", Moment::patient(Phase::Connecting { since })),
        ("live", Moment::patient(live)),
        (
            "live-all-off",
            Moment::patient(live).with_call(|call| {
                (call.muted, call.camera_off) = (true, true);
                call.remote = Some(Remote { muted: true, camera_off: true, ..theirs() });
            }),
        ),
        ("live-thin-link", Moment::patient(live).with_call(thin)),
        ("live-muted-and-speaking", muted),
        ("live-broken-devices", unplugged),
        (
            "live-new-messages",
            Moment::patient(live).with_call(|call| {
                let (text, state) = (Phi::new("12".to_owned()), LineState::Arrived);
                let line = |at| Line { ours: false, text: text.clone(), at: Timestamp::from_millis(at), state };
                call.around.handed.lines = [line(70_000), line(80_000)].into();
            }),
        ),
        (
            "live-photograph-asked",
            Moment::patient(live).with_call(|call| call.around.handed.still = Still::AskedByThem),
        ),
        ("reconnecting", Moment::patient(Phase::Reconnecting { since, cause: ReconnectCause::LinkLost })),
        ("their-app-stopped", Moment::clinician(Phase::Reconnecting { since, cause: ReconnectCause::TheirAppStopped })),
        ("host-used-link", Moment::clinician(Phase::WaitingRoom { since }).with_call(reused)),
        ("live-digits-asked", Moment::patient(live).with_assurance(|known| known.check = Check::Asked)),
        ("live-digits", Moment::patient(live).with_assurance(|known| known.check = shown())),
        ("host-live-digits", Moment::clinician(live).with_assurance(|known| known.check = shown())),
        ("live-compared", Moment::patient(live).with_assurance(compared)),
        ("live-digits-lost", Moment::patient(live).with_assurance(|known| known.check = Check::Lost)),
        ("host-live-changed", Moment::clinician(live).with_assurance(|known| known.device = Recognition::Changed)),
        ("stopped", Moment::patient(Phase::Ended(EndReason::Refused(Refusal::DigitsDiffer)))),
        ("host-stopped", stopped),
        ("ended", Moment::patient(Phase::Ended(EndReason::TheyHungUp))),
        ("refused", Moment::patient(Phase::Ended(EndReason::Refused(Refusal::Server(Code::InviteExpired))))),
    ]
}

/// Each has written to the other.
pub fn written(moment: Moment) -> Moment {
    let line = |ours, text: &str, at, state| {
        let text = Phi::new(text.to_owned());
        Line { ours, text, at: Timestamp::from_millis(at), state }
    };
    moment.with_call(|call| {
        call.around.handed.lines = Arc::new([
            line(false, "See https://example.org", 100, LineState::Arrived),
            line(true, "I do", 200, LineState::Arrived),
            line(true, "And you?", 300, LineState::Waiting),
        ]);
    })
}

/// A file on its way, or in another state.
pub fn file(incoming: bool, id: u32, state: State) -> TransferView {
    TransferView {
        place: Place { incoming, id: TransferId(id) },
        kind: Kind::File,
        name: Phi::new(format!("{id}.pdf")),
        bytes: 50_000_000,
        moved: 0,
        rate: None,
        time_left: None,
        state,
    }
}

/// Files are offered, on their way, and here.
pub fn handed(moment: Moment) -> Moment {
    let (moved, time_left) = (12_500_000, Some(Duration::from_secs(150)));
    let moving =
        TransferView { moved, time_left, rate: Some(DataRate::from_kbps(2_000)), ..file(false, 8, State::Moving) };
    let mut moment = moment.with_call(|call| {
        call.around.handed.transfers = vec![file(true, 7, State::Offered), moving, file(true, 9, State::Arrived)];
    });
    moment.handing.saved = vec![(TransferId(9), Phi::new("/downloads/9.pdf".to_owned()))];
    moment
}

/// Digits that both are to read.
pub fn shown() -> Check {
    Check::Shown("12345 67890".parse().expect("ten digits"))
}

/// The digits were the same.
pub fn compared(known: &mut Assurance) {
    (known.level, known.check) = (Level::DigitsCompared, Check::Same);
}

/// Somebody waits by a link that another app came by.
fn reused(call: &mut Snapshot) {
    call.waiting = waiting(1);
    call.waiting[0].reused = true;
}

/// Both links are thin.
fn thin(call: &mut Snapshot) {
    let rate = DataRate::from_kbps(10);
    call.picture_plan = PicturePlan::Slides { height: 180, every: Duration::from_secs(3), rate };
    call.remote = Some(Remote { picture: PictureSent::LinkTooThin, ..theirs() });
}

/// Visitors who wait.
pub fn waiting(count: u8) -> Vec<Waiting> {
    let one = |index: u8| Waiting {
        endpoint: EndpointId::from_random([index; 16]),
        invite: InviteId::from_random([1; 16]),
        since: Timestamp::from_millis(100_000 + u64::from(index) * 30_000),
        warm: index == 0,
        reused: false,
        role: signaling_protocol::GuestRole::Patient,
        code: call::CodeStanding::NotWanted,
    };
    (0..count).map(one).collect()
}

/// The other side with all switched on.
pub fn theirs() -> Remote {
    MediaState::default().into()
}

/// A call in this phase.
pub fn snapshot(role: Role, phase: Phase) -> Snapshot {
    let in_call = matches!(phase, Phase::Connecting { .. } | Phase::Live { .. } | Phase::Reconnecting { .. });
    Snapshot {
        phase,
        role,
        waiting: Vec::new(),
        remote: Some(theirs()),
        partner: Some(EndpointId::from_random([9; 16])),
        media_open: true,
        signaling_up: true,
        muted: false,
        camera_off: false,
        mode: Mode::Smooth,
        save_data: false,
        voice_plan: VoicePlan {
            rate: DataRate::ZERO,
            packet_ms: 20,
            redundancy: VoiceRedundancy::None,
            expected_loss: 0.0,
        },
        around: call::Around::default(),
        picture_plan: PicturePlan::Off(PictureOff::NoCamera),
        problem: None,
        assurance: in_call.then(|| Assurance {
            level: Level::LinkApp,
            device: Recognition::New,
            name: (role == Role::Guest).then(|| Phi::new("Dr. Lee".to_owned())),
            check: Check::None,
            dropped_boxes: 0,
        }),
    }
}

/// When it is drawn.
pub const NOW: Timestamp = Timestamp::from_millis(300_000);
