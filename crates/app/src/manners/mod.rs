//! What belongs to the desktop and to no visit: settings, the window's place, a second start, notifications, crashes.

pub(crate) mod crash;
pub(crate) mod log_file;
mod notify;
pub(crate) mod place;
pub(crate) mod places;
pub(crate) mod settings;
pub(crate) mod single;
#[cfg(target_os = "linux")]
pub(crate) mod tray;
mod wishes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eframe::egui::{Context, UserAttentionType, ViewportCommand};
use ui::{CrashIntent, Language, Settings, SystemWishes};
use units::{DeviceKind, Listening};

use self::crash::CrashReport;
use self::notify::Notifier;
use self::settings::{Place, SettingsFile};
use self::single::{Instance, Told};
use self::wishes::Wishes;

/// What the program found on this machine before there was a window.
pub(crate) struct Found {
    pub(crate) settings: SettingsFile,
    /// Of an earlier run.
    pub(crate) crash: Option<CrashReport>,
    /// Hears of other starts, where this is the one that does.
    pub(crate) instance: Option<Instance>,
}

/// How the window gets on with the desktop around it.
pub(crate) struct Manners {
    file: SettingsFile,
    settings: Settings,
    crash: Option<CrashReport>,
    /// Whether the report is put away until the next start.
    crash_put_away: bool,
    instance: Option<Instance>,
    /// The link that another start brought while something went on.
    other_link: Option<String>,
    wishes: Wishes,
    /// What of it the window shows.
    shown: SystemWishes,
    notifier: Notifier,
    #[cfg(target_os = "linux")]
    tray: tray::Tray,
    /// Whether somebody pressed a notification, or the sign in the tray.
    called: Arc<AtomicBool>,
    place: Option<Place>,
    /// Whether the window is a small one above all others for a while.
    mini: bool,
}

impl Manners {
    /// Gives the window its look, and begins to listen to the desktop.
    pub(crate) fn start(creation: &eframe::CreationContext<'_>, found: Found) -> Self {
        let context = &creation.egui_ctx;
        let Found { settings: file, crash, instance } = found;
        let settings = file.kept().settings();
        ui::apply_theme(context);
        ui::apply_settings(context, &settings, SystemWishes::default());
        let (corner, width, screens) = place::screens(creation);
        place::bring_back(context, corner, width, &screens);
        if let Some(instance) = &instance {
            instance.wake_by(Box::new(waker(context)));
        }
        let called = Arc::new(AtomicBool::new(false));
        let (pressed, wake) = (called.clone(), waker(context));
        let show = move || {
            pressed.store(true, Ordering::Relaxed);
            wake();
        };
        #[cfg(target_os = "linux")]
        let tray = tray::Tray::start(show.clone());
        let notifier = Notifier::start(show);
        let (place, wishes) = (file.kept().window, Wishes::follow(waker(context)));
        let (other_link, shown) = (None, SystemWishes::default());
        Self {
            file,
            settings,
            crash,
            crash_put_away: false,
            instance,
            other_link,
            wishes,
            shown,
            notifier,
            #[cfg(target_os = "linux")]
            tray,
            called,
            place,
            mini: false,
        }
    }

    /// What kept the settings from being read, once.
    pub(crate) fn take_problem(&mut self, language: Language) -> Option<String> {
        self.file.take_problem().map(|problem| problem.said(language))
    }

    /// Makes the window a small one above all others, or what it was before.
    pub(crate) fn make_mini(&mut self, context: &Context, mini: bool) {
        match (std::mem::replace(&mut self.mini, mini), mini) {
            (false, true) => place::make_mini(context),
            (true, false) => place::make_usual(context, self.place),
            _ => {}
        }
    }

    /// Before each drawing: what the desktop wants. A link comes back that is to be opened now; `busy` with something else, it
    /// waits for the person's word.
    pub(crate) fn look_around(&mut self, context: &Context, busy: bool) -> Option<String> {
        let wishes = self.wishes.read();
        if wishes != self.shown {
            self.shown = wishes;
            ui::apply_settings(context, &self.settings, wishes);
        }
        if !self.mini {
            self.place = place::of_window(context, self.place).or(self.place);
        }
        if self.called.swap(false, Ordering::Relaxed) {
            to_front(context);
        }
        let told = self.instance.as_ref().and_then(Instance::take)?;
        to_front(context);
        match told {
            Told::Open(link) if !busy => return Some(link),
            Told::Open(link) => self.other_link = Some(link),
            Told::Show => {}
        }
        None
    }

    /// What was chosen for all windows.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// These from now on.
    pub(crate) fn set(&mut self, context: &Context, settings: Settings) {
        ui::apply_settings(context, &settings, self.shown);
        self.file.change(|kept| kept.set(&settings));
        self.settings = settings;
    }

    /// What was chosen of devices is chosen the next time, too.
    pub(crate) fn keep_device(&mut self, kind: DeviceKind, name: Option<String>) {
        self.file.change(|kept| *kept.devices.chosen(kind) = name);
    }

    pub(crate) fn keep_listening(&mut self, listening: Listening) {
        self.file.change(|kept| kept.devices.listen(listening));
    }

    pub(crate) fn keep_relay_only(&mut self, relay_only: bool) {
        self.file.change(|kept| kept.relay_only = relay_only);
    }

    /// Whether another start's link waits for the person's word.
    pub(crate) fn has_other_link(&self) -> bool {
        self.other_link.is_some()
    }

    /// That link; it waits no more.
    pub(crate) fn take_other_link(&mut self) -> Option<String> {
        self.other_link.take()
    }

    /// The report of a crash, while it is to be shown.
    pub(crate) fn crash(&self) -> Option<&str> {
        self.crash.as_ref().filter(|_| !self.crash_put_away).map(CrashReport::text)
    }

    pub(crate) fn obey_crash(&mut self, context: &Context, intent: CrashIntent) {
        match intent {
            CrashIntent::Copy => {
                if let Some(report) = &self.crash {
                    context.copy_text(report.text().to_owned());
                }
            }
            CrashIntent::Delete => {
                if let Some(report) = self.crash.take() {
                    report.delete();
                }
            }
            CrashIntent::Later => self.crash_put_away = true,
        }
    }

    /// Tells by a notification what happens, unless the person looks at the window.
    pub(crate) fn notify(&self, context: &Context, language: Language, sentence: String) {
        let looked_at = context.input(|input| input.viewport().focused.unwrap_or(input.focused));
        if !looked_at {
            self.notifier.say(language, sentence);
        }
    }

    /// At the clinician's desk, the tray says how many wait; elsewhere nothing is there.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_variables, clippy::unused_self, reason = "there is none there yet")
    )]
    pub(crate) fn say_who_waits(&mut self, language: Language, waiting: Option<usize>) {
        #[cfg(target_os = "linux")]
        self.tray.tell(waiting.map(|waiting| tray::Shown { language, waiting }));
    }

    /// Keeps where the window stood, and waits until all is written.
    pub(crate) fn close(&mut self) {
        let place = self.place;
        self.file.change(|kept| kept.window = place);
        self.file.close();
    }
}

/// Somebody is called to the window, as far as the desktop lets that be done.
pub(crate) fn to_front(context: &Context) {
    context.send_viewport_cmd(ViewportCommand::Minimized(false));
    context.send_viewport_cmd(ViewportCommand::Focus);
    context.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Informational));
}

/// Calls the window to draw, from any thread: a plain `request_repaint` draws two frames.
pub(crate) fn waker(context: &Context) -> impl Fn() + Send + Sync + Clone + 'static {
    let context = context.clone();
    move || context.request_repaint_after(Duration::from_millis(1))
}
