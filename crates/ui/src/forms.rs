//! What is being typed, and which drawers are open.

use std::fmt;
use std::path::PathBuf;

use call::transfer::TransferId;
use desk::auditing::{AuditFilter, AuditIntent};
use desk::{DeviceId, DeviceRole, StaffRole, TakeOverReason};
use egui::Vec2;
use signaling_protocol::{StaffId, VisitId};
use units::Timestamp;

use crate::qr::Squares;
use crate::widgets::Corner;
use crate::zoom::Zoom;

/// What is being typed; `app` owns it and gives it to each drawing.
///
/// It holds passwords and links while they are typed: `Debug` shows nothing of it, and what was sent is cleared.
#[derive(Default)]
pub struct Forms {
    /// The link on the start screen.
    pub link: String,
    /// The clinic's server.
    pub server: String,
    /// The server's certificate, as the server printed it.
    pub pin: String,
    /// The account's name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// What the clinician calls the patient of the next visit.
    pub patient: String,
    /// The one-time code.
    pub totp: String,
    /// The code by which somebody begins.
    pub code: String,
    /// The password of who begins, once more.
    pub(crate) password_again: String,
    /// Whether the two are not the same.
    pub(crate) passwords_differ: bool,
    /// The name of a colleague who is to have an account, and what they may do.
    pub(crate) colleague: String,
    pub(crate) colleague_role: Option<StaffRole>,
    /// The colleague for whom another role is looked for.
    pub(crate) colleague_open: Option<StaffId>,
    /// What is typed about one's own account.
    pub(crate) account: AccountForms,
    /// Whether the page of settings is open.
    pub(crate) settings_open: bool,
    /// What stands beside the picture of a visit.
    pub(crate) beside: Option<Beside>,
    /// Whether it is open how loud the other side is.
    pub(crate) volume_open: bool,
    /// How the pictures of the call are looked at.
    pub(crate) stage: StageForms,
    /// Whether our microphone has been heard in this visit.
    pub(crate) microphone_heard: bool,
    /// Whether our person says that they heard the sound by which the loudspeaker is tried.
    pub(crate) sound_heard: bool,
    /// Whether the call was told to fill the screen.
    pub(crate) fills_screen: bool,
    /// Whether the window is a small one above all others.
    pub(crate) mini: bool,
    /// Whether the digits that are shown were put away for now.
    pub(crate) digits_put_away: bool,
    /// Since when the other app is asked for its digits.
    pub(crate) asking_since: Option<Timestamp>,
    /// When Join was pressed, while the server has not answered yet.
    pub(crate) joining: Option<Timestamp>,
    /// When the link was copied.
    pub(crate) copied_at: Option<Timestamp>,
    /// Whether the pin that was typed is none.
    pub(crate) pin_is_wrong: bool,
    /// The QR code that is shown.
    pub(crate) qr: Option<Squares>,
    /// What is typed about keys.
    pub(crate) keys: KeyForms,
    /// What is typed to plan a visit.
    pub(crate) day: DayForms,
    /// What is looked for in the audit log.
    pub(crate) audit: AuditForms,
    /// What a patient types while they wait.
    pub(crate) asked: AskedForms,
    /// Whether it is open where the patient is.
    pub(crate) facts_open: bool,
    /// What is typed of what the two hand each other, and what of it is looked at.
    pub(crate) handing: HandingForms,
    /// What is typed of a note.
    pub(crate) notes: NoteForms,
}

/// What stands beside the picture of a visit, or in its place where there is no room: one thing at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// The choice of devices.
    Devices,
    /// How private the visit is.
    Privacy,
    /// What the two hand each other.
    Handing,
    /// The clinician's notes.
    Notes,
}

/// What is typed of what the two hand each other, and what of it is looked at.
#[derive(Default)]
pub(crate) struct HandingForms {
    /// Files and photographs, in the place of messages.
    pub(crate) files: bool,
    /// Whether it was opened just now: then what is typed goes into its first field.
    pub(crate) newly_open: bool,
    pub(crate) line: String,
    pub(crate) path: String,
    /// Files that were dropped onto the window.
    pub(crate) dropped: Vec<PathBuf>,
    pub(crate) folder: Proposed,
    pub(crate) chat_file: Proposed,
    pub(crate) photograph_file: Proposed,
    /// When the newest line was written that was seen.
    pub(crate) seen: Option<Timestamp>,
    /// Photographs that are looked at: none, one, or two beside each other.
    pub(crate) shown: Vec<TransferId>,
    /// How near they are: 0 is the whole of them, each more half as near again.
    pub(crate) nearer: u8,
    /// How far they are moved, in parts of their size.
    pub(crate) moved: Vec2,
}

/// What is typed of a note.
#[derive(Default)]
pub(crate) struct NoteForms {
    /// Whether it was opened just now: then what is typed goes into it.
    pub(crate) newly_open: bool,
    /// About which visit the text is.
    pub(crate) visit: Option<VisitId>,
    pub(crate) text: String,
    pub(crate) file: Proposed,
    /// Whether it is to be deleted, once that is said again.
    pub(crate) deletes: bool,
}

/// A text that is proposed; whoever types another keeps theirs.
#[derive(Default)]
pub(crate) struct Proposed {
    pub(crate) text: String,
    proposed: String,
}

impl Proposed {
    pub(crate) fn propose(&mut self, proposal: &str) {
        if self.text == self.proposed && self.proposed != proposal {
            proposal.clone_into(&mut self.proposed);
            proposal.clone_into(&mut self.text);
        }
    }
}

/// How the pictures of a call are looked at.
#[derive(Default)]
pub(crate) struct StageForms {
    /// How near theirs is.
    pub(crate) zoom: Zoom,
    /// Where ours stands.
    pub(crate) corner: Corner,
    /// How far a hand has moved it, which still holds it.
    pub(crate) dragged: Vec2,
    /// Whether ours is put away.
    pub(crate) own_hidden: bool,
}

/// What is typed to plan a visit, and which visit of the day is open.
#[derive(Default)]
pub(crate) struct DayForms {
    pub(crate) name: String,
    pub(crate) start: String,
    pub(crate) notes: String,
    pub(crate) code: String,
    pub(crate) minutes: u16,
    /// Whose the visit will be.
    pub(crate) clinician: Option<StaffId>,
    pub(crate) open: Option<VisitId>,
    /// The visit whose patient is to be let in as soon as it is open here.
    pub(crate) admits: Option<VisitId>,
    /// To when the visit that is open is to be moved.
    pub(crate) move_to: String,
    pub(crate) move_minutes: u16,
    /// What is typed to take a colleague's visit over.
    pub(crate) take_over: TakeOverForms,
}

/// What is typed to take a colleague's visit over.
#[derive(Default)]
pub(crate) struct TakeOverForms {
    pub(crate) visit: Option<VisitId>,
    pub(crate) reason: Option<TakeOverReason>,
    pub(crate) note: String,
    pub(crate) totp: String,
}

/// What is typed about one's own account.
#[derive(Default)]
pub(crate) struct AccountForms {
    pub(crate) password: String,
    pub(crate) new_password: String,
    pub(crate) again: String,
    pub(crate) totp: String,
    pub(crate) differ: bool,
    pub(crate) codes_totp: String,
    /// Whether it was drawn that the password is changed.
    pub(crate) is_done: bool,
}

/// What is looked for in the audit log.
#[derive(Default)]
pub(crate) struct AuditForms {
    pub(crate) filter: AuditFilter,
    /// Of which visit evidence is to be taken, and into which file.
    pub(crate) visit: String,
    pub(crate) file: String,
    /// The file that was proposed last; whoever typed another keeps it.
    proposed: String,
    /// Of which device visits are looked for, and when it was used.
    pub(crate) device: String,
    pub(crate) used_from: String,
    pub(crate) used_until: String,
}

impl AuditForms {
    /// A file in this folder, for the visit that was typed.
    pub(crate) fn propose_file(&mut self, folder: &str) {
        let visit = self.visit.trim();
        let is_id = visit.parse::<VisitId>().is_ok();
        if self.file == self.proposed && is_id {
            let path = std::path::Path::new(folder).join(format!("evidence-{visit}.jsonl"));
            self.proposed = path.display().to_string();
            self.file.clone_from(&self.proposed);
        }
    }

    /// What the device did that was typed.
    pub(crate) fn touched_by(&self) -> AuditIntent {
        let (device, from, until) = (self.device.clone(), self.used_from.clone(), self.used_until.clone());
        AuditIntent::TouchedBy { device, from, until }
    }
}

/// What a patient types while they wait.
#[derive(Default)]
pub(crate) struct AskedForms {
    pub(crate) place: String,
    pub(crate) call_back: String,
    pub(crate) emergency: String,
    pub(crate) guardian: bool,
    pub(crate) interpreter: bool,
    pub(crate) code: String,
    /// Whether what was said is to be said anew.
    pub(crate) changing: bool,
}

/// What is being typed about keys, and what is asked before it is done.
#[derive(Default)]
pub(crate) struct KeyForms {
    /// The groups of the sheet that are asked back.
    pub(crate) groups: [String; 2],
    /// The whole sheet.
    pub(crate) sheet: String,
    /// The device that is to be certified, and as whose.
    pub(crate) chosen: Option<DeviceId>,
    pub(crate) name: String,
    pub(crate) role: Option<DeviceRole>,
    /// The device that is to be revoked, once that is said again.
    pub(crate) revoking: Option<DeviceId>,
    /// Whether the clinic is to be recovered.
    pub(crate) recovering: bool,
}

impl Forms {
    /// Whether that is what stands beside the picture.
    pub(crate) fn shows(&self, what: Beside) -> bool {
        self.beside == Some(what)
    }

    /// Opens it in the place of what is open, or closes it.
    pub(crate) fn toggle(&mut self, what: Beside) {
        self.beside = (!self.shows(what)).then_some(what);
    }

    /// Nothing of a visit stays when it is over.
    pub(crate) fn forget_visit(&mut self) {
        self.copied_at = None;
        self.qr = None;
        self.beside = None;
        self.digits_put_away = false;
        self.facts_open = false;
        self.volume_open = false;
        self.stage = StageForms::default();
        self.microphone_heard = false;
        self.sound_heard = false;
        self.asked = AskedForms::default();
        self.handing = HandingForms::default();
    }
}

impl Forms {
    /// Nothing of a beginning stays when it is done, or given up.
    pub(crate) fn forget_beginning(&mut self) {
        for typed in [&mut self.code, &mut self.password, &mut self.password_again, &mut self.totp] {
            typed.clear();
        }
        self.passwords_differ = false;
        self.qr = None;
    }
}

impl fmt::Debug for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forms").finish_non_exhaustive()
    }
}
