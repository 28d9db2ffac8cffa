//! A person at a computer of their own: display, mouse, keyboard, loudspeaker, microphone, and perhaps a camera.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use atspi::Role;
use tempfile::TempDir;
use testkit::fake_camera::FakeCamera;
use testkit::sound_server::SoundServer;
use x11rb::protocol::xproto::Window;
use xtask::display::Display;
use xtask::process::{Process, wait_until};
use xtask::programs::Programs;
use xtask::say::complain;

use crate::ears::Ears;
use crate::eyes::{Eyes, Seen};
use crate::hands::{Hands, Key};
use crate::keyring::{self, Keyring};
use crate::panel::Panel;
use crate::picture::{Area, Picture};

/// How long anything may take that a person waits for: a password hash, a connection, a picture drawn in software, on
/// a machine that does something else as well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A person, and the program in front of them.
pub(crate) struct Person {
    name: &'static str,
    program: Option<Process>,
    keyring: Option<Keyring>,
    pub(crate) ears: Ears,
    pub(crate) hands: Hands,
    eyes: Eyes,
    pub(crate) sound: SoundServer,
    camera: Option<FakeCamera>,
    display: Display,
    folder: TempDir,
    begin: Instant,
    /// What was waited for, and when it had come, for who looks into a test that failed.
    story: RefCell<Vec<String>>,
}

impl Person {
    /// Somebody sits down at a computer on which nothing runs.
    pub(crate) fn sits_down(name: &'static str, camera: Option<FakeCamera>) -> Self {
        let folder = tempfile::Builder::new().prefix("housecall-windows-").tempdir().expect("a folder");
        let display = Display::start(1000, 720).expect("this test needs Xvfb: install the package xvfb");
        let sound = SoundServer::start();
        let at_home = |command: &mut Command| {
            command.envs(sound.environment()).env("HOME", folder.path());
            display.hand_to(command);
        };
        keyring::watch_for_questions(folder.path());
        let eyes = Eyes::open(folder.path(), at_home);
        let ears = Ears::at("speaker", at_home);
        let hands = Hands::on(display.name());
        let (begin, story) = (Instant::now(), RefCell::default());
        Self { name, program: None, keyring: None, ears, hands, eyes, sound, camera, display, folder, begin, story }
    }

    /// Has a desktop whose panel has a place for signs of programs.
    pub(crate) fn puts_up_a_panel(&self) -> Panel {
        Panel::put_up(self.eyes.session())
    }

    /// Signs in to the desktop: that opens the keyring.
    pub(crate) fn unlocks_the_keyring(&mut self) {
        self.keyring = Some(Keyring::unlock(self.folder.path(), self.eyes.address()));
        self.waits_until("the keyring is there", |person| keyring::is_open(person.eyes.session()));
    }

    /// Locks it again, as a screen saver may.
    pub(crate) fn locks_the_keyring(&self) {
        keyring::lock(self.eyes.session());
    }

    /// Whether the desktop wanted to ask this person for a password.
    pub(crate) fn was_asked_for_a_password(&self) -> bool {
        keyring::has_asked(self.folder.path())
    }

    /// Opens the program, from a terminal with these words or with none from the desktop; in English, whatever the machine speaks.
    pub(crate) fn opens_housecall(&mut self, words: &[&str]) {
        let programs = Programs::for_tests().expect("the programs");
        let mut command = Command::new(&programs.app);
        command.args(words).env("LANGUAGE", "en").envs(self.sound.environment()).env("HOME", self.folder.path());
        command.env("DBUS_SESSION_BUS_ADDRESS", self.eyes.address()).env("HOUSECALL_LOG", LOG);
        // Everybody has a computer of their own: nobody's second start is another's.
        command.env("XDG_RUNTIME_DIR", self.folder.path());
        for place in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"] {
            command.env_remove(place);
        }
        self.display.hand_to(&mut command);
        if let Some(camera) = &self.camera {
            command.envs(camera.environment());
        }
        self.program = Some(Process::spawn("housecall", &mut command, |_| {}).expect("the program"));
        self.waits_until("the window is there", |person| person.hands.window().is_some());
        self.hands.give_keyboard_to(self.window().0);
        self.waits_until("there is something in it", |person| person.eyes.all().len() > 2);
    }

    /// Opens the program once more while it is open, as a click on a link does; how that start ends.
    pub(crate) fn starts_it_again(&self, words: &[&str]) -> Option<i32> {
        let programs = Programs::for_tests().expect("the programs");
        let mut command = Command::new(&programs.app);
        command.args(words).env("LANGUAGE", "en").env("HOME", self.folder.path());
        command.env("XDG_RUNTIME_DIR", self.folder.path());
        command.env("DBUS_SESSION_BUS_ADDRESS", self.eyes.address()).env("HOUSECALL_LOG", LOG);
        self.display.hand_to(&mut command);
        Process::spawn("housecall", &mut command, |_| {}).expect("the program").wait(PATIENCE).expect("an end").code()
    }

    /// Plugs in a further microphone of this name, and whistles into it.
    pub(crate) fn plugs_in_a_microphone(&self, name: &str, pitch: u32) {
        self.sound.plug_in_speaker("elsewhere");
        self.sound.whistle("elsewhere", pitch);
        let mut command = Command::new("pactl");
        command.envs(self.sound.environment()).args(["load-module", "module-remap-source", "master=elsewhere.monitor"]);
        command.args(["source_name=elsewhere_microphone", "channels=1"]);
        let output = command.arg(format!("source_properties=device.description={name}")).output().expect("pactl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Where everything of this person lies.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until something is there.
    #[track_caller]
    pub(crate) fn sees(&self, role: Role, name: &str) {
        self.waits_until(&format!("there is {role:?} {name:?}"), |person| person.has(role, name));
    }

    /// Waits until a text is there, however it begins and ends.
    #[track_caller]
    pub(crate) fn reads(&self, part: &str) {
        self.waits_until(&format!("there is {part:?}"), |person| {
            person.eyes.all().iter().any(|seen| seen.name().contains(part))
        });
    }

    /// Waits until a text is there that begins like this, and gives the whole of it.
    #[track_caller]
    pub(crate) fn what_reads(&self, beginning: &str) -> String {
        let mut whole = None;
        self.waits_until(&format!("there is {beginning:?} and more"), |person| {
            let all = person.eyes.all();
            whole = all.iter().map(Seen::name).find(|name| name.starts_with(beginning)).map(str::to_owned);
            whole.is_some()
        });
        whole.unwrap_or_default()
    }

    /// Whether something is there now.
    pub(crate) fn has(&self, role: Role, name: &str) -> bool {
        self.find(role, name).is_some()
    }

    /// Clicks on a button.
    #[track_caller]
    pub(crate) fn clicks(&self, name: &str) {
        self.clicks_on(Role::Button, name);
    }

    /// Clicks on anything.
    #[track_caller]
    pub(crate) fn clicks_on(&self, role: Role, name: &str) {
        self.hands.click(self.comes_to(role, name).middle());
    }

    /// Clicks into a field and types.
    #[track_caller]
    pub(crate) fn types_into(&self, name: &str, text: &str) {
        self.gives_keyboard_to(Role::Entry, name);
        self.types(Role::Entry, name, text);
    }

    /// Clicks into a field that shows nothing of what is typed, and types.
    #[track_caller]
    pub(crate) fn types_secretly_into(&self, name: &str, text: &str) {
        self.gives_keyboard_to(Role::PasswordText, name);
        self.types(Role::PasswordText, name, text);
    }

    /// Clicks into a field, unless it has the keyboard already, as the first of a view does. That is how people do it, and
    /// a click which changes nothing that is to be seen could not be waited for: hands as quick as these would type before
    /// it is understood, and it would then put the cursor before what was typed.
    #[track_caller]
    fn gives_keyboard_to(&self, role: Role, name: &str) {
        let place = self.comes_to(role, name);
        if !self.keyboard_is_at(role, name) {
            self.hands.click(place.middle());
        }
    }

    /// Types into the field that has the keyboard, or is about to have it.
    #[track_caller]
    pub(crate) fn types(&self, role: Role, name: &str, text: &str) {
        self.waits_until(&format!("{name:?} has the keyboard"), |person| person.keyboard_is_at(role, name));
        self.hands.type_text(text);
        self.waits_until(&format!("{name:?} holds what was typed"), |person| {
            let shown = person.find(role, name).and_then(|field| field.text()).unwrap_or_default();
            let is_secret = role == Role::PasswordText;
            assert!(!is_secret || shown != text, "a password is to be read");
            if is_secret { shown.chars().count() == text.chars().count() } else { shown == text }
        });
    }

    /// Clicks into a field and types in the place of what stands there.
    #[track_caller]
    pub(crate) fn types_anew_into(&self, name: &str, text: &str) {
        self.gives_keyboard_to(Role::Entry, name);
        self.waits_until(&format!("{name:?} has the keyboard"), |person| person.keyboard_is_at(Role::Entry, name));
        self.hands.press(&[Key::CONTROL, Key::of('a')]);
        self.types(Role::Entry, name, text);
    }

    /// All texts of a kind, from above.
    pub(crate) fn all(&self, role: Role) -> Vec<String> {
        self.eyes.all().iter().filter(|seen| seen.role() == role).map(|seen| seen.name().to_owned()).collect()
    }

    /// Whether a text is there that nobody has to scroll to.
    pub(crate) fn has_in_view(&self, part: &str) -> bool {
        let (_, window) = self.window();
        let all = self.eyes.all();
        let area = all.iter().find(|seen| seen.name().contains(part)).and_then(Seen::area);
        area.is_some_and(|area| area.y >= 0 && area.y + area.height <= window.height)
    }

    /// A picture of the display, to be looked at.
    pub(crate) fn photographs(&self, what: &str) {
        if std::env::var_os("HOUSECALL_PHOTOGRAPHS").is_some() {
            // What is to be heard is there a moment before it is to be seen.
            thread::sleep(Duration::from_millis(500));
            let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{what}.png", self.name));
            self.hands.look().write(&path);
        }
    }

    /// Clicks into a field and pastes.
    #[track_caller]
    pub(crate) fn pastes_into(&self, name: &str) {
        self.gives_keyboard_to(Role::Entry, name);
        self.waits_until(&format!("{name:?} has the keyboard"), |person| person.keyboard_is_at(Role::Entry, name));
        self.hands.press(&[Key::CONTROL, Key::of('v')]);
    }

    /// Presses Tab until something has the keyboard.
    #[track_caller]
    pub(crate) fn tabs_to(&self, role: Role, name: &str) {
        self.sees(role, name);
        let mut been = HashSet::new();
        loop {
            let before = self.keyboard_comes_to_rest();
            if self.keyboard_is_at(role, name) {
                return;
            }
            assert!(been.insert(before.clone()), "Tab goes round and does not come to {name:?}: {been:?}");
            self.hands.press(&[Key::TAB]);
            self.waits_until("Tab moves the keyboard on", |person| person.keyboard_is() != before);
        }
    }

    /// Where the keyboard is once it stays there: what was pressed before has then been understood.
    #[track_caller]
    fn keyboard_comes_to_rest(&self) -> Option<(String, String)> {
        const LOOKS: u32 = 6;
        let (mut at, mut looks) = (None, 0);
        self.waits_until("the keyboard comes to rest", |person| {
            let now = person.keyboard_is();
            looks = if now == at { looks + 1 } else { 0 };
            at = now;
            looks == LOOKS
        });
        at
    }

    /// What has the keyboard, by its address and its name.
    fn keyboard_is(&self) -> Option<(String, String)> {
        let all = self.eyes.all();
        let seen = all.iter().find(|seen| seen.has_keyboard())?;
        Some((seen.address().to_owned(), seen.name().to_owned()))
    }

    fn keyboard_is_at(&self, role: Role, name: &str) -> bool {
        self.find(role, name).is_some_and(|seen| seen.has_keyboard())
    }

    /// What a bar shows.
    pub(crate) fn value(&self, role: Role, name: &str) -> Option<f64> {
        self.find(role, name)?.value()
    }

    /// Where something stands on the display, once it stands still, can be pressed and is in the window: the wheel
    /// brings what is not.
    #[track_caller]
    pub(crate) fn comes_to(&self, role: Role, name: &str) -> Area {
        const LOOKS: u32 = 3;
        let (mut at, mut looks) = (None, 0);
        self.waits_until(&format!("{role:?} {name:?} can be pressed"), |person| {
            let (_, window) = person.window();
            let area = person.find(role, name).filter(Seen::is_enabled).and_then(|seen| seen.area());
            let area = area.map(|area| Area { x: area.x + window.x, y: area.y + window.y, ..area });
            looks = if area == at { looks + 1 } else { 0 };
            at = area;
            let Some(area) = area.filter(|_| looks >= LOOKS) else { return false };
            let (x, y) = area.middle();
            // What is scrolled lies behind the foot with the way to the settings, where there is one.
            let has_foot = name != SETTINGS && person.has(Role::Button, SETTINGS);
            let edge = if has_foot { FOOT } else { EDGE };
            // And what is beside the picture of a call behind the row of round buttons, which stand at one height.
            let row = person.find(Role::Button, HANG_UP).and_then(|seen| seen.area()).map(|row| row.y + window.y);
            let end = row.filter(|row| *row != area.y).map_or(window.y + window.height, |row| row - ABOVE_ROW);
            let inside = y > window.y + EDGE && y < end - edge;
            if !inside {
                person.hands.point_at((x, window.middle().1));
                person.hands.scroll(y > window.middle().1);
                looks = 0;
            }
            inside
        });
        at.unwrap_or_else(|| panic!("{name:?} has gone"))
    }

    /// Waits until a picture on the display is as wanted. `is_so` is given the display and the picture's place in it.
    #[track_caller]
    pub(crate) fn watches_until(&self, what: &str, picture: &str, mut is_so: impl FnMut(&Picture, Area) -> bool) {
        self.sees(Role::Image, picture);
        self.waits_until(what, |person| {
            let Some(area) = person.find(Role::Image, picture).and_then(|seen| seen.area()) else { return false };
            let (_, window) = person.window();
            is_so(&person.hands.look(), Area { x: area.x + window.x, y: area.y + window.y, ..area })
        });
    }

    /// Waits until it is so.
    #[track_caller]
    pub(crate) fn waits_until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let became_so = wait_until(PATIENCE, || Ok(is_so(self))).expect("no Ctrl-C");
        self.story.borrow_mut().push(format!("{:6.2} s {what}", self.begin.elapsed().as_secs_f64()));
        assert!(became_so, "the {}: not within {} s: {what}", self.name, PATIENCE.as_secs());
    }

    /// The network connections that the program has now: what goes to others must go through one.
    pub(crate) fn connections(&self) -> Vec<String> {
        let id = self.program.as_ref().map(Process::id).expect("a program");
        let held: HashSet<String> = fs::read_dir(format!("/proc/{id}/fd"))
            .expect("a running program")
            .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
            .filter_map(|to| Some(to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
            .collect();
        let lines = ["tcp", "tcp6", "udp", "udp6"].map(|kind| {
            let table = fs::read_to_string(format!("/proc/{id}/net/{kind}")).unwrap_or_default();
            table.lines().skip(1).map(|line| format!("{kind} {}", line.trim())).collect::<Vec<_>>()
        });
        // Column 10 of the table is the socket's number (proc(5)); one more for our first word.
        let is_held = |line: &String| line.split_whitespace().nth(10).is_some_and(|number| held.contains(number));
        lines.concat().into_iter().filter(is_held).collect()
    }

    /// Closes the window by its cross.
    pub(crate) fn closes_the_window(&self) {
        self.hands.close(self.window().0);
    }

    /// Waits for the end of the program; its exit status.
    #[track_caller]
    pub(crate) fn sees_it_end(&mut self) -> i32 {
        let mut program = self.program.take().expect("a program");
        let status = program.wait(PATIENCE).expect("a program that ends");
        let said = program.stderr();
        assert!(!said.contains("panicked"), "{said}");
        status.code().unwrap_or_else(|| panic!("ended by a signal: {said}"))
    }

    fn window(&self) -> (Window, Area) {
        self.hands.window().unwrap_or_else(|| panic!("the {}'s window has gone", self.name))
    }

    fn find(&self, role: Role, name: &str) -> Option<Seen<'_>> {
        self.eyes.all().into_iter().find(|seen| seen.role() == role && seen.name() == name)
    }

    /// What is to be known about a test that failed: a picture of the display, what stands in it, what was said.
    fn bears_witness(&self) {
        let test = thread::current().name().unwrap_or("windows").replace("::", "-");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("{test}-{}.png", self.name));
        self.hands.look().write(&path);
        complain(format_args!("The {}'s display: {}", self.name, path.display()));
        self.story.borrow().iter().for_each(|line| complain(format_args!("  {line}")));
        for seen in self.eyes.all() {
            complain(format_args!("  {:?} {:?} {:?}", seen.role(), seen.name(), seen.area()));
        }
        if let Some(program) = &self.program {
            complain(format_args!("The {}'s program said: {}{}", self.name, program.stdout(), program.stderr()));
        }
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        if thread::panicking() {
            self.bears_witness();
        }
    }
}

/// What a program writes down for who looks into a test that failed.
const LOG: &str = "warn,housecall=debug,session=debug,devices=debug,desk=debug,call=debug";

/// What is nearer to the window's edge than this is not pressed.
const EDGE: i32 = 12;
/// How high the foot below every window without a call is, and a little more.
const FOOT: i32 = 60;
/// What stands in it.
const SETTINGS: &str = "Settings";
/// What is free above a call's row of round buttons.
const ABOVE_ROW: i32 = 28;
/// What stands in that row.
const HANG_UP: &str = "Hang up";
