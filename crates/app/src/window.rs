//! The window: carries what people want to who decides, and what is decided back to the screen.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, anyhow};
use eframe::egui::{self, Event, UserAttentionType, ViewportCommand};
use eframe::glow;
use session::call::{EndReason, Phase, Snapshot};
use session::desk::{DeskIntent, OfficeStage, Sheet};
use session::{DeskHandle, HeardBack, Link, Outcome, Session, Tell, Visit, as_sentence};
use ui::{Forms, Intent, Language, Levels, Model, Screen, Settings, TestSound};
use units::Phi;

use crate::awake::StayAwake;
use crate::handing::Handing;
use crate::headless::{cannot_begin, complain, write_report};
use crate::language::Languages;
use crate::manners::{Manners, place, to_front, waker};
use crate::notes::NotesHere;
use crate::options::Options;
use crate::painter::GlowPainter;
use crate::printer::Printer;
use crate::sheet_page::SheetPage;
use crate::troubles;

/// Never live, as headless says it: without a window there was no visit.
const EXIT_NO_WINDOW: u8 = 3;

/// Opens the window and runs it until it is closed; answers the exit status of `docs/windows.md`.
pub(crate) fn run(mut options: Options) -> ExitCode {
    let viewport = place::viewport(options.found.settings.kept().window.as_ref());
    let native = eframe::NativeOptions { viewport, ..Default::default() };
    let (judged, report) = (options.judged, options.report.take());
    let printer = judged.then(|| Arc::new(Printer::start()));
    let outcome = Arc::new(Mutex::new(None));
    let (told, kept) = (printer.clone(), outcome.clone());
    let open = move |creation: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, _> {
        Ok(Box::new(App::new(creation, options, told, kept)?))
    };
    match eframe::run_native("Housecall", native, Box::new(open)) {
        Ok(()) => {}
        Err(eframe::Error::AppCreation(error)) => return cannot_begin(&anyhow!(error)),
        Err(error) => {
            tracing::info!(%error, "no window");
            complain(
                "No window can be opened: there is no display here, or its graphics do not work. Start Housecall on \
                 a desktop, or use `housecall headless`.",
            );
            return ExitCode::from(EXIT_NO_WINDOW);
        }
    }
    if let Some(printer) = printer.and_then(Arc::into_inner) {
        printer.finish();
    }
    let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(outcome) = outcome.filter(|_| judged) else { return ExitCode::SUCCESS };
    if let Some(sentence) = &outcome.problem {
        complain(sentence);
    }
    match write_report(&outcome, report) {
        Ok(()) => ExitCode::from(outcome.report.exit),
        Err(error) => cannot_begin(&error),
    }
}

struct App {
    languages: Languages,
    /// In which everything is said.
    language: Language,
    session: Option<Session>,
    screen: Screen,
    visit: Option<Visit>,
    desk: Option<DeskHandle>,
    identity: Option<PathBuf>,
    forms: Forms,
    /// The link of the visit that was opened last, to open it again. Nowhere but here.
    last_link: Option<Phi<String>>,
    painter: GlowPainter,
    handing: Handing,
    notes: NotesHere,
    problem: Option<String>,
    /// What is to be known until the program ends.
    standing_problem: Option<String>,
    /// How the clinician's last call ended, for its summary.
    last_end: Option<EndReason>,
    /// The telephone number of the clinic whose link was opened last, once its server has said it.
    phone: Option<String>,
    manners: Manners,
    awake: Option<StayAwake>,
    /// The recovery sheet, written to be printed; deleted when it is shown no more.
    sheet_page: Option<SheetPage>,
    /// What was seen last, so that only a change calls somebody to the window.
    seen: (bool, usize),
    /// Arrivals in the waiting rooms of the day, and how many wait, as they were seen last.
    day_seen: (u64, usize),
    /// Drawings begun; the first two are told from the rest.
    drawings: u32,
    /// Whether a call was shown by the last of them.
    in_call: bool,
    /// Whether the window closes by itself when the visit is over.
    closes: bool,
    /// How the first visit went, for who opened the window.
    outcome: Arc<Mutex<Option<Outcome>>>,
}

impl App {
    fn new(
        creation: &eframe::CreationContext<'_>,
        options: Options,
        printer: Option<Arc<Printer>>,
        outcome: Arc<Mutex<Option<Outcome>>>,
    ) -> Result<Self> {
        let devices = options.found.settings.kept().devices.clone();
        let language = options.languages.spoken(&options.found.settings.kept().settings());
        let mut manners = Manners::start(creation, options.found);
        let repaint = Arc::new(waker(&creation.egui_ctx));
        let mut forms = Forms::default();
        forms.server = options.server.clone().unwrap_or_default();
        forms.pin = options.pin.map(|pin| pin.to_string()).unwrap_or_default();
        forms.name = options.user.unwrap_or_default();
        let judged = printer.is_some();
        let tell = printer.map(|printer| -> Tell { Arc::new(move |progress| printer.print(progress)) });
        let mut app = Self {
            languages: options.languages,
            language,
            session: Some(Session::start(options.config, options.unattended, tell, repaint)?),
            screen: Screen::Start,
            visit: None,
            desk: None,
            identity: options.identity,
            forms,
            last_link: None,
            painter: GlowPainter::new(),
            handing: Handing::new(),
            notes: NotesHere::new(),
            problem: None,
            standing_problem: options.problem.or_else(|| manners.take_problem(language)),
            last_end: None,
            phone: None,
            manners,
            awake: None,
            sheet_page: None,
            seen: (false, 0),
            day_seen: (0, 0),
            drawings: 0,
            in_call: false,
            closes: options.closes,
            outcome,
        };
        if let Some(session) = &app.session {
            session.begin_with(devices.all(), devices.listening());
        }
        if let Some(link) = options.link {
            app.open_link(&link);
        } else if options.server.is_some() {
            app.open_desk();
        }
        match app.problem.take_if(|_| judged) {
            // Nobody may sit there to read it in the window.
            Some(sentence) => Err(anyhow!(sentence)),
            None => Ok(app),
        }
    }

    fn open_link(&mut self, text: &str) {
        let Some(session) = &self.session else { return };
        let opened =
            text.parse::<Link>().map_err(|error| ui::link_trouble(self.language, troubles::of_link(error)).to_owned());
        match opened.and_then(|link| session.open_link(link).map_err(|error| as_sentence(&error))) {
            Ok(visit) => {
                self.visit = Some(visit);
                self.last_link = Some(Phi::new(text.to_owned()));
                self.screen = Screen::Patient;
                self.problem = None;
                self.forms.link.clear();
                // Of the clinic before, it may be.
                self.phone = None;
            }
            Err(sentence) => self.problem = Some(sentence),
        }
    }

    fn open_desk(&mut self) {
        let Some(session) = &self.session else { return };
        self.problem = None;
        if self.desk.is_none() {
            match session.open_desk(self.identity.as_deref()) {
                Ok(desk) => self.desk = Some(desk),
                Err(error) => return self.problem = Some(as_sentence(&error)),
            }
        }
        self.screen = Screen::Clinician;
    }

    fn obey(&mut self, context: &egui::Context, intent: Intent) {
        match intent {
            Intent::Call(intent) => {
                if intent == session::call::Intent::Join && !self.manners.settings().knows_protection {
                    // It stood beside the button.
                    self.set(context, Settings { knows_protection: true, ..self.manners.settings().clone() });
                }
                if let Some(visit) = &self.visit {
                    visit.intend(intent);
                }
            }
            Intent::Desk(intent) => {
                if matches!(intent, DeskIntent::StartVisit | DeskIntent::StartVisitWith(_)) {
                    self.last_end = None;
                }
                if let Some(desk) = &self.desk {
                    desk.intend(intent);
                }
            }
            Intent::Keys(intent) => {
                if let Some(keys) = self.desk.as_ref().and_then(DeskHandle::keys) {
                    keys.intend(intent);
                }
            }
            Intent::PrintSheet => self.print_sheet(context),
            Intent::OpenLink(link) => self.open_link(link.expose()),
            Intent::OpenDesk => self.open_desk(),
            Intent::Back => self.leave(),
            Intent::Settings(settings) => self.set(context, settings),
            Intent::Crash(intent) => self.manners.obey_crash(context, intent),
            Intent::OtherLink(open) => {
                if let (Some(link), true) = (self.manners.take_other_link(), open) {
                    if let (Screen::Clinician, Some(desk)) = (self.screen, &self.desk) {
                        desk.intend(DeskIntent::CloseVisit);
                    }
                    self.leave();
                    self.open_link(&link);
                }
            }
            Intent::Choose(kind, name) => {
                self.manners.keep_device(kind, name.clone());
                if let Some(session) = &self.session {
                    session.choose(kind, name, self.visit.as_ref());
                }
            }
            Intent::Listen(listening) => {
                self.manners.keep_listening(listening);
                if let Some(session) = &self.session {
                    session.listen(listening, self.visit.as_ref());
                }
            }
            Intent::RelayOnly(relay_only) => {
                if let Some(session) = &self.session {
                    session.hide_address(relay_only, self.visit.as_ref());
                }
                self.manners.keep_relay_only(relay_only);
            }
            Intent::LookForDevices => {
                if let Some(session) = &self.session {
                    session.look_for_devices();
                }
            }
            Intent::Day(intent) => {
                if let Some(day) = self.desk.as_ref().and_then(DeskHandle::day) {
                    day.intend(intent);
                }
            }
            Intent::Hand(wish) => {
                if let Some(visit) = &self.visit {
                    self.handing.carry_out(visit, wish);
                }
            }
            Intent::Note(wish) => {
                if let Some(desk) = &self.desk {
                    self.notes.carry_out(desk.notes(), wish);
                }
            }
            Intent::SayFacts(facts) => {
                if let Some(visit) = &self.visit {
                    visit.say_facts(facts);
                }
            }
            Intent::SayCode(code) => {
                if let Some(visit) = &self.visit {
                    visit.say_code(code);
                }
            }
            Intent::CopyLink => {
                let phase = self.desk.as_ref().map(|desk| desk.snapshot().phase);
                if let Some(session::desk::DeskPhase::InVisit { link }) = phase {
                    context.copy_text(link.expose().clone());
                }
            }
            Intent::TestSpeaker => match (&self.visit, &self.session) {
                (Some(visit), _) => visit.chime(),
                (None, Some(session)) => session.test_speaker(),
                (None, None) => {}
            },
            Intent::MiniWindow(mini) => self.manners.make_mini(context, mini),
            Intent::FullScreen(full) => context.send_viewport_cmd(ViewportCommand::Fullscreen(full)),
            Intent::OpenAgain => {
                if let Some(link) = self.last_link.clone() {
                    self.leave();
                    self.open_link(link.expose());
                }
            }
            Intent::Quit => context.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    /// What was chosen for all windows holds at once.
    fn set(&mut self, context: &egui::Context, settings: Settings) {
        self.languages.changed(self.manners.settings(), &settings);
        self.language = self.languages.spoken(&settings);
        context.send_viewport_cmd(ViewportCommand::Title(ui::window_title(self.language, self.day_seen.1)));
        self.manners.set(context, settings);
    }

    /// Leaves what is open, back to the start.
    fn leave(&mut self) {
        if let Some(visit) = self.visit.take() {
            visit.intend(session::call::Intent::HangUp);
        }
        self.screen = Screen::Start;
        self.problem = None;
    }

    /// Whether something goes on that a link from outside must not end.
    fn is_busy(&self) -> bool {
        let visit = self.visit.as_ref().is_some_and(|visit| !visit.snapshot().phase.is_ended());
        visit || self.screen == Screen::Clinician
    }

    /// Writes the recovery sheet as a page, and opens it where pages are opened.
    fn print_sheet(&mut self, context: &egui::Context) {
        let Some((sheet, server)) = self.sheet() else { return };
        // The one before goes first: it has the same place.
        self.sheet_page = None;
        match SheetPage::write(&ui::recovery_page(self.language, &sheet, &server)) {
            Ok(page) => {
                context.open_url(egui::OpenUrl::new_tab(page.url()));
                (self.sheet_page, self.problem) = (Some(page), None);
            }
            Err((path, error)) => {
                let (path, error) = (path.display().to_string(), error.to_string());
                self.problem = Some(ui::sheet_not_written(self.language, &path, &error));
            }
        }
    }

    /// The recovery sheet, while it is shown.
    fn sheet(&self) -> Option<(Sheet, String)> {
        let desk = self.desk.as_ref()?;
        match desk.keys()?.snapshot().office?.stage {
            OfficeStage::Sheet(sheet) => Some((sheet, desk.snapshot().server.unwrap_or_default())),
            _ => None,
        }
    }

    /// Says once how soon after its start the program had a window: when the second drawing begins, the first is shown.
    fn note_first_frame(&mut self, context: &egui::Context) {
        self.drawings = self.drawings.saturating_add(1);
        match (self.drawings, &self.session) {
            (1, _) => context.request_repaint_after(Duration::from_millis(1)),
            (2, Some(session)) => tracing::debug!("first frame after {} ms", session.now().as_micros() / 1_000),
            _ => {}
        }
    }

    /// Says how many drawings there were when a call begins to be shown and when it is not any more: what a drawing costs is
    /// measured by it.
    fn count_drawings(&mut self, in_call: bool) {
        if std::mem::replace(&mut self.in_call, in_call) != in_call {
            let drawings = self.drawings;
            if in_call {
                tracing::debug!(drawings, "the call is shown");
            } else {
                tracing::debug!(drawings, "the call is shown no more");
            }
        }
    }

    /// Somebody was let in, or somebody knocks: a sound, and the window to the front.
    fn call_to_window(&mut self, context: &egui::Context, call: Option<&Snapshot>) {
        // Who reconnects was let in before.
        let admitted = call.is_some_and(|call| {
            matches!(call.phase, Phase::Connecting { .. } | Phase::Live { .. } | Phase::Reconnecting { .. })
        });
        let waiting = call.map_or(0, |call| call.waiting.len());
        let before = std::mem::replace(&mut self.seen, (admitted, waiting));
        let let_in = admitted && !before.0 && self.screen == Screen::Patient;
        if let_in || waiting > before.1 {
            if let Some(visit) = &self.visit {
                visit.chime();
            }
            let sentence = if let_in {
                ui::admitted_notification(self.language).to_owned()
            } else {
                ui::waiting_notification(self.language, waiting)
            };
            self.manners.notify(context, self.language, sentence);
            to_front(context);
        }
    }

    /// Somebody came into one of the day's waiting rooms: a sound once, the window to be looked at, the number in its title.
    /// A talk is not disturbed by more than the number.
    fn tell_of_arrivals(&mut self, context: &egui::Context) {
        let day = self.desk.as_ref().and_then(DeskHandle::day).map(|day| day.snapshot().queue);
        let seen = day.map_or((0, 0), |queue| (queue.arrivals, queue.badge));
        let before = std::mem::replace(&mut self.day_seen, seen);
        if seen.1 != before.1 {
            context.send_viewport_cmd(ViewportCommand::Title(ui::window_title(self.language, seen.1)));
        }
        let at_desk = self.screen == Screen::Clinician && self.desk.as_ref().is_some_and(DeskHandle::enters_visits);
        let (_, in_call) = self.seen;
        self.manners.say_who_waits(self.language, at_desk.then(|| seen.1.max(in_call)));
        if seen.0 > before.0 && self.visit.is_none() {
            if let Some(session) = &self.session {
                session.test_speaker();
            }
            self.manners.notify(context, self.language, ui::waiting_notification(self.language, seen.1));
            context.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Informational));
        }
    }

    /// No sleep while somebody waits or talks.
    fn stay_awake(&mut self, call: Option<&Snapshot>) {
        let needed = call.is_some_and(|call| call.phase != Phase::Lobby && !call.phase.is_ended());
        if needed {
            self.awake.get_or_insert_with(StayAwake::wish);
        } else {
            self.awake = None;
        }
    }
}

impl eframe::App for App {
    /// Before each drawing, and also while the window is minimised or covered: then nothing is drawn, and it is just
    /// then that somebody must be called to it.
    fn logic(&mut self, context: &egui::Context, _frame: &mut eframe::Frame) {
        let busy = self.is_busy();
        if let Some(link) = self.manners.look_around(context, busy) {
            self.leave();
            self.open_link(&link);
        }
        let Some(session) = &self.session else { return };
        if session.told_to_stop() || (self.closes && session.is_over()) {
            context.send_viewport_cmd(ViewportCommand::Close);
        }
        if self.sheet_page.is_some() && self.sheet().is_none() {
            self.sheet_page = None;
        }
        if self.screen == Screen::Clinician {
            let visit = self.desk.as_ref().and_then(DeskHandle::visit);
            if let (Some(before), None) = (&self.visit, &visit) {
                let phase = before.snapshot().phase;
                self.last_end = if let Phase::Ended(reason) = phase { Some(reason) } else { None };
            }
            self.visit = visit;
        }
        if self.screen == Screen::Patient
            && let Some(error) = self.visit.as_ref().and_then(Visit::end).and_then(|end| end.problem)
        {
            self.problem = Some(troubles::of_server(self.language, &error));
            self.visit = None;
            self.screen = Screen::Start;
        }
        if let Some(phone) = self.visit.as_ref().and_then(Visit::phone) {
            self.phone = Some(phone);
        }
        let call = self.visit.as_ref().map(Visit::snapshot);
        self.count_drawings(call.as_ref().is_some_and(|call| matches!(call.phase, Phase::Live { .. })));
        self.call_to_window(context, call.as_ref());
        self.tell_of_arrivals(context);
        self.stay_awake(call.as_ref());
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.note_first_frame(ui.ctx());
        let Some(session) = &self.session else { return };
        let context = ui.ctx().clone();
        let (now, devices) = (session.now(), session.devices());
        let end = self.visit.as_ref().and_then(Visit::end);
        let call = self.visit.as_ref().map(Visit::snapshot);
        let desk = self.desk.as_ref().map(DeskHandle::snapshot);
        let keys = self.desk.as_ref().and_then(DeskHandle::keys).map(|keys| keys.snapshot());
        let day = self.desk.as_ref().and_then(DeskHandle::day).map(|day| day.snapshot());
        let network = self.visit.as_ref().and_then(Visit::network_check);
        let sheet_page = self.sheet_page.as_ref().map(|page| page.path().display().to_string());
        self.painter.look(self.visit.as_ref());
        self.handing.look(&context, self.visit.as_ref());
        self.notes.look(self.desk.as_ref());
        if call.as_ref().is_some_and(|call| !call.phase.is_ended()) {
            // For the levels.
            context.request_repaint_after(Duration::from_millis(100));
        }
        let (microphone, speaker) = self.visit.as_ref().map_or((0.0, 0.0), Visit::levels);
        let model = Model {
            language: self.language,
            screen: self.screen,
            call: call.as_ref(),
            desk: desk.as_ref(),
            day: day.as_ref(),
            keys: keys.as_ref(),
            sheet_page: sheet_page.as_deref(),
            devices: &devices,
            relay_only: session.hides_address(),
            levels: Levels { microphone, speaker },
            test_sound: self.visit.as_ref().map_or(TestSound::NotPlayed, test_sound),
            speaks_while_muted: self.visit.as_ref().is_some_and(Visit::speaks_while_muted),
            now,
            talked_for: end.and_then(|end| end.talked).map(|talked| talked.talked_for),
            settings: self.manners.settings(),
            crash: self.manners.crash(),
            other_link: self.manners.has_other_link(),
            problem: self.problem.as_deref().or(self.standing_problem.as_deref()),
            last_end: self.last_end,
            keyring_trouble: self.visit.as_ref().and_then(Visit::keyring_trouble),
            can_open_again: self.last_link.is_some(),
            phone: self.phone.as_deref(),
            network: network.as_ref(),
            handing: self.handing.model(),
            notes: self.notes.model(),
        };
        if let Some(visit) = &self.visit {
            visit.set_volume(model.settings.volume.percent());
        }
        let mut intents = Vec::new();
        ui::housecall_ui(ui, &model, &mut self.forms, &mut self.painter, &mut intents);
        if let (true, Some(desk)) = (context.input(|input| input.events.iter().any(is_by_somebody)), &self.desk) {
            desk.intend(DeskIntent::Activity);
        }
        for intent in intents {
            self.obey(&context, intent);
            context.request_repaint_after(Duration::from_millis(1));
        }
    }

    fn on_exit(&mut self, gl: Option<&glow::Context>) {
        self.count_drawings(false);
        self.sheet_page = None;
        self.manners.close();
        if let Some(gl) = gl {
            self.painter.destroy(gl);
        }
        let visits: Vec<Visit> =
            self.visit.take().into_iter().chain(self.desk.as_ref().and_then(DeskHandle::visit)).collect();
        if let Some(session) = self.session.take() {
            let outcome = session.close(&visits);
            *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        }
    }
}

/// What came of the chime, as the windows say it.
fn test_sound(visit: &Visit) -> TestSound {
    match visit.heard_back() {
        HeardBack::NotPlayed => TestSound::NotPlayed,
        HeardBack::Listening => TestSound::Playing,
        HeardBack::Heard => TestSound::Heard,
        HeardBack::NotHeard => TestSound::NotHeard,
    }
}

/// Whether somebody sits there who did this: by keys, the mouse, a finger or a screen reader.
fn is_by_somebody(event: &Event) -> bool {
    matches!(
        event,
        Event::Key { .. }
            | Event::Text(_)
            | Event::Ime(_)
            | Event::PointerMoved(_)
            | Event::PointerButton { .. }
            | Event::MouseWheel { .. }
            | Event::Touch { .. }
            | Event::AccessKitActionRequest(_)
    )
}
