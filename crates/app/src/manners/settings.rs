//! The file of settings: one, versioned, there whole or not at all. What cannot be read is kept aside, never overwritten.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};
use session::WholeFile;
use ui::Language;
use units::{DeviceKind, Listening};

/// The version of the file.
const VERSION: u32 = 1;
/// No file of settings is larger; bounds what a file can make us read.
const MOST_BYTES: u64 = 64 * 1024;
/// So many files that could not be read are kept aside.
const MOST_ASIDE: u32 = 100;

/// All that is kept of what the person chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(default)]
    look: Look,
    #[serde(default)]
    contrast: Contrast,
    #[serde(default = "usual_percent")]
    scale_percent: u16,
    /// Nothing moves by itself.
    #[serde(default)]
    still: bool,
    /// How loud the other side is played.
    #[serde(default = "full_volume")]
    volume_percent: u8,
    /// One's own picture is not shown as in a mirror.
    #[serde(default)]
    unmirrored: bool,
    /// What is protected was read.
    #[serde(default)]
    knows_protection: bool,
    /// The other side learns no address but a relay's.
    #[serde(default)]
    pub(crate) relay_only: bool,
    #[serde(default)]
    pub(crate) devices: KeptDevices,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) window: Option<Place>,
}

/// The devices that were chosen last; none is the system's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KeptDevices {
    #[serde(skip_serializing_if = "Option::is_none")]
    camera: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    microphone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speaker: Option<String>,
    listening: Hearing,
}

/// Where the window stood and how large it was, in points of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// Its corner; none where the system does not tell (Wayland).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) corner: Option<[f32; 2]>,
    pub(crate) size: [f32; 2],
    #[serde(default)]
    pub(crate) maximized: bool,
}

/// The same words as `ui`'s, as they are written: a name that is changed there does not change the file.
macro_rules! written {
    ($name:ident, $ours:ty, $usual:ident, $($variant:ident),+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum $name { #[default] $usual, $($variant),+ }

        impl From<$ours> for $name {
            fn from(ours: $ours) -> Self {
                match ours { <$ours>::$usual => Self::$usual, $(<$ours>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $ours {
            fn from(written: $name) -> Self {
                match written { $name::$usual => Self::$usual, $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

written!(Look, ui::Look, System, Light, Dark);
written!(Contrast, ui::Contrast, System, Usual, High);
written!(Hearing, Listening, Automatic, Loudspeaker, Headphones);

const fn usual_percent() -> u16 {
    100
}

const fn full_volume() -> u8 {
    100
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            version: VERSION,
            language: None,
            look: Look::default(),
            contrast: Contrast::default(),
            scale_percent: usual_percent(),
            still: false,
            volume_percent: full_volume(),
            unmirrored: false,
            knows_protection: false,
            relay_only: false,
            devices: KeptDevices::default(),
            window: None,
        }
    }
}

impl Kept {
    /// As the windows know them.
    pub(crate) fn settings(&self) -> ui::Settings {
        ui::Settings {
            language: self.language.clone(),
            look: self.look.into(),
            contrast: self.contrast.into(),
            scale: ui::Scale::of_percent(self.scale_percent),
            motion: if self.still { ui::Motion::Off } else { ui::Motion::System },
            volume: ui::Volume::of_percent(self.volume_percent),
            unmirrored: self.unmirrored,
            knows_protection: self.knows_protection,
        }
    }

    /// From now on these.
    pub(crate) fn set(&mut self, settings: &ui::Settings) {
        self.language.clone_from(&settings.language);
        self.look = settings.look.into();
        self.contrast = settings.contrast.into();
        self.scale_percent = settings.scale.percent();
        self.still = settings.motion == ui::Motion::Off;
        self.volume_percent = settings.volume.percent();
        self.unmirrored = settings.unmirrored;
        self.knows_protection = settings.knows_protection;
    }
}

impl KeptDevices {
    /// The name of the one that was chosen.
    pub(crate) fn chosen(&mut self, kind: DeviceKind) -> &mut Option<String> {
        match kind {
            DeviceKind::Camera => &mut self.camera,
            DeviceKind::Microphone => &mut self.microphone,
            DeviceKind::Speaker => &mut self.speaker,
        }
    }

    /// The names of those that were chosen: camera, microphone, loudspeaker.
    pub(crate) fn all(&self) -> [Option<String>; 3] {
        [self.camera.clone(), self.microphone.clone(), self.speaker.clone()]
    }

    pub(crate) fn listening(&self) -> Listening {
        self.listening.into()
    }

    pub(crate) fn listen(&mut self, listening: Listening) {
        self.listening = listening.into();
    }
}

/// What is kept, and the thread that writes it: a slow disk holds up no window.
pub(crate) struct SettingsFile {
    kept: Kept,
    keeper: Option<(Sender<Kept>, JoinHandle<()>)>,
    /// Something that the person should know.
    problem: Option<SettingsProblem>,
}

impl SettingsFile {
    /// What stands at `path`; the usual ones where nothing does. Without a path nothing is kept.
    pub(crate) fn open(path: Option<PathBuf>) -> Self {
        let Some(path) = path else { return Self { kept: Kept::default(), keeper: None, problem: None } };
        let (kept, problem) = match read(&path) {
            Ok(kept) => (kept, None),
            Err(reason) => {
                // No reason in the log: a reader quotes what it read.
                tracing::warn!(reason = reason.name(), "the settings cannot be read");
                match put_aside(&path) {
                    Some(aside) => (Kept::default(), Some(SettingsProblem::KeptAside(aside))),
                    // It cannot be moved: nothing is written over it.
                    None => {
                        let problem = Some(SettingsProblem::NotKept(path));
                        return Self { kept: Kept::default(), keeper: None, problem };
                    }
                }
            }
        };
        let (changes, waiting) = channel();
        let keep = move || write_all(&path, &waiting);
        let thread = std::thread::Builder::new().name("settings".to_owned()).spawn(keep).ok();
        Self { kept, keeper: thread.map(|thread| (changes, thread)), problem }
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// What kept the file from being read, once.
    pub(crate) fn take_problem(&mut self) -> Option<SettingsProblem> {
        self.problem.take()
    }

    /// Changes what is kept, and writes it if that changed anything.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Kept)) {
        let before = self.kept.clone();
        change(&mut self.kept);
        if let (true, Some((keeper, _))) = (self.kept != before, &self.keeper) {
            // A keeper that is gone has said why.
            let _ = keeper.send(self.kept.clone());
        }
    }

    /// Waits until all is written.
    pub(crate) fn close(&mut self) {
        if let Some((changes, thread)) = self.keeper.take() {
            drop(changes);
            let _ = thread.join();
        }
    }
}

/// What a person should know of their settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SettingsProblem {
    /// They could not be read, and are kept there.
    KeptAside(PathBuf),
    /// Neither read nor moved: what is chosen is not written over what stands there.
    NotKept(PathBuf),
}

impl SettingsProblem {
    /// In one sentence.
    pub(crate) fn said(&self, language: Language) -> String {
        match self {
            Self::KeptAside(aside) => ui::settings_kept_aside(language, &aside.display().to_string()),
            Self::NotKept(path) => ui::settings_not_kept(language, &path.display().to_string()),
        }
    }
}

/// Why a file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unreadable {
    Io,
    Foreign,
    Later,
}

impl Unreadable {
    const fn name(self) -> &'static str {
        match self {
            Self::Io => "the system does not let it be read",
            Self::Foreign => "it is not what was written",
            Self::Later => "a later version wrote it",
        }
    }
}

fn read(path: &Path) -> Result<Kept, Unreadable> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Kept::default()),
        Err(_) => return Err(Unreadable::Io),
    };
    let mut text = String::new();
    let read = file.take(MOST_BYTES + 1).read_to_string(&mut text);
    match read {
        Err(error) if error.kind() == ErrorKind::InvalidData => return Err(Unreadable::Foreign),
        Err(_) => return Err(Unreadable::Io),
        Ok(length) if length as u64 > MOST_BYTES => return Err(Unreadable::Foreign),
        Ok(_) => {}
    }
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let head: Head = toml::from_str(&text).map_err(|_| Unreadable::Foreign)?;
    if head.version > VERSION {
        return Err(Unreadable::Later);
    }
    let mut kept: Kept = toml::from_str(&text).map_err(|_| Unreadable::Foreign)?;
    if kept.window.is_some_and(|place| !place.is_sane()) {
        kept.window = None;
    }
    Ok(kept)
}

/// Moves the file to a name that is free.
fn put_aside(path: &Path) -> Option<PathBuf> {
    (1..=MOST_ASIDE).find_map(|number| {
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".aside-{number}"));
        let aside = PathBuf::from(aside);
        // Made anew or not at all: another window may look for a name at the same time.
        let free = fs::OpenOptions::new().write(true).create_new(true).open(&aside).is_ok();
        (free && fs::rename(path, &aside).is_ok()).then_some(aside)
    })
}

/// Writes what was changed, the newest only.
fn write_all(path: &Path, changes: &Receiver<Kept>) {
    while let Ok(mut kept) = changes.recv() {
        while let Ok(newer) = changes.try_recv() {
            kept = newer;
        }
        if let Err(error) = write(path, &kept) {
            tracing::warn!(%error, "the settings cannot be kept");
        }
    }
}

fn write(path: &Path, kept: &Kept) -> std::io::Result<()> {
    let text = toml::to_string(kept).map_err(std::io::Error::other)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    WholeFile::prepare(path)?.finish(text.as_bytes())
}

impl Place {
    /// Whether a window can be so: what a file says is not believed.
    fn is_sane(&self) -> bool {
        let corner = self.corner.unwrap_or_default();
        corner.iter().all(|at| at.abs() < 100_000.0)
            && self.size.iter().all(|length| (100.0..20_000.0).contains(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen() -> Kept {
        let mut kept = Kept { relay_only: true, ..Kept::default() };
        kept.set(&ui::Settings {
            language: Some("es".to_owned()),
            look: ui::Look::Dark,
            contrast: ui::Contrast::High,
            scale: ui::Scale::of_percent(200),
            motion: ui::Motion::Off,
            volume: ui::Volume::of_percent(40),
            unmirrored: true,
            knows_protection: true,
        });
        *kept.devices.chosen(DeviceKind::Camera) = Some("USB \"Camera\" 王".to_owned());
        kept.devices.listen(Listening::Headphones);
        kept.window = Some(Place { corner: Some([10.0, -20.0]), size: [800.0, 600.0], maximized: true });
        kept
    }

    #[test]
    fn what_was_chosen_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("housecall/settings.toml");
        let mut file = SettingsFile::open(Some(path.clone()));
        assert_eq!(*file.kept(), Kept::default());
        file.change(|kept| *kept = chosen());
        file.close();
        let mut again = SettingsFile::open(Some(path.clone()));
        assert_eq!(again.take_problem(), None);
        assert_eq!(*again.kept(), chosen());
        let settings = again.kept().settings();
        assert_eq!((settings.scale.percent(), settings.volume.percent()), (200, 40));
        assert!(settings.unmirrored && settings.knows_protection);
        assert!(fs::read_to_string(&path).unwrap().starts_with("version = 1\n"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing lies beside it");
    }

    #[test]
    fn a_file_of_the_first_version_that_names_little_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        fs::write(&path, "version = 1\nlook = \"dark\"\n").unwrap();
        let file = SettingsFile::open(Some(path));
        assert_eq!(file.kept().settings(), ui::Settings { look: ui::Look::Dark, ..ui::Settings::default() });
    }

    #[test]
    fn what_cannot_be_read_is_kept_aside_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let large = format!("version = 1\n#{}", "x".repeat(70_000));
        let bad: [&[u8]; 6] = [
            b"look = \"dark\"",
            b"version = 2\n",
            b"version = 1\nlook = \"purple\"",
            b"\xFF\xFE",
            b"",
            large.as_bytes(),
        ];
        for (at, bytes) in bad.into_iter().enumerate() {
            fs::write(&path, bytes).unwrap();
            let mut file = SettingsFile::open(Some(path.clone()));
            assert_eq!(*file.kept(), Kept::default());
            let aside = folder.path().join(format!("settings.toml.aside-{}", at + 1));
            let problem = file.take_problem().expect("it is told");
            assert_eq!(problem, SettingsProblem::KeptAside(aside.clone()));
            let said = problem.said(Language::English);
            assert!(said.contains(&aside.display().to_string()), "{said}");
            assert_eq!(fs::read(&aside).unwrap(), bytes, "nothing is lost");
            file.change(|kept| kept.relay_only = true);
            file.close();
            assert!(SettingsFile::open(Some(path.clone())).kept().relay_only, "and new ones are kept");
        }
    }

    #[test]
    fn a_place_that_no_window_can_have_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        for window in [
            "size = [nan, 600.0]",
            "size = [1e9, 600.0]",
            "size = [1.0, 1.0]",
            "corner = [inf, 0.0]\nsize = [800.0, 600.0]",
        ] {
            fs::write(&path, format!("version = 1\nlook = \"dark\"\n[window]\n{window}\n")).unwrap();
            let mut file = SettingsFile::open(Some(path.clone()));
            assert_eq!((file.kept().window, file.take_problem()), (None, None), "{window}");
            assert_eq!(file.kept().settings().look, ui::Look::Dark, "the rest counts");
        }
    }

    #[test]
    fn without_a_place_settings_hold_until_the_window_closes() {
        let mut file = SettingsFile::open(None);
        file.change(|kept| kept.relay_only = true);
        assert!(file.kept().relay_only);
        file.close();
    }
}
