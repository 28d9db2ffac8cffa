//! What the window's command line asks for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use session::{
    Habits, Link, MediaChoices, Memory, Paths, PatternKind, Pin, Processing, ScreenChoice, ToneKind, Unattended,
    WholeFile, WindowConfig, as_sentence,
};
use units::Clock;

use crate::arguments::{Span, WindowArguments};
use crate::headless::{
    account, camera, comparing, device_secret, microphone, preferences, processing, report_file, speaker,
};
use crate::language::Languages;
use crate::manners::{Found, places};

/// What the window was started with.
pub(crate) struct Options {
    /// By what the language is chosen in which everything is said.
    pub(crate) languages: Languages,
    pub(crate) link: Option<String>,
    /// Straight to the clinician's desk, with these words filled in.
    pub(crate) server: Option<String>,
    pub(crate) pin: Option<Pin>,
    pub(crate) user: Option<String>,
    pub(crate) identity: Option<PathBuf>,
    pub(crate) config: WindowConfig,
    /// What was found on this machine.
    pub(crate) found: Found,
    /// What is done without a click.
    pub(crate) unattended: Unattended,
    /// Whether the window closes by itself when the visit is over.
    pub(crate) closes: bool,
    /// Whether the exit status says how the first visit went, and standard output how it goes.
    pub(crate) judged: bool,
    pub(crate) report: Option<WholeFile>,
    /// Something that the person should know from the beginning: one sentence.
    pub(crate) problem: Option<String>,
}

/// How long an unattended window waits for the call to be live, or live again, when nothing else is said: as headless.
const GIVE_UP: Duration = Duration::from_secs(60);

/// Reads and opens what the arguments name.
///
/// # Errors
/// A file, a folder or an address cannot be used: better known before there is a window.
pub(crate) fn read(arguments: WindowArguments, clock: Clock, found: Found) -> Result<Options> {
    // Two sides on one machine must not look and sound alike.
    let (pattern, tone) = match arguments.server {
        Some(_) => (PatternKind::Clinician, ToneKind::Clinician),
        None => (PatternKind::Patient, ToneKind::Patient),
    };
    let span = |span: Option<Span>| span.map(|Span(span)| span);
    let closes = arguments.duration.is_some() || arguments.give_up.is_some();
    let habits = Habits {
        join_after: span(arguments.join_after),
        admit_after: span(arguments.admit_after),
        duration: span(arguments.duration),
        give_up: span(arguments.give_up).or(closes.then_some(GIVE_UP)),
        // Told with the files of the comparison.
        compare_after: None,
    };
    let account = match (&arguments.server, &arguments.user, &arguments.password_file) {
        (Some(server), Some(user), Some(password)) => {
            Some(account(server.clone(), arguments.pin, user.clone(), password, arguments.totp_file.as_deref())?)
        }
        _ => None,
    };
    if let (Some(link), true) = (&arguments.link, closes || arguments.report.is_some()) {
        // Nobody may sit there to read it in the window.
        link.0.parse::<Link>().context("the link cannot be used")?;
    }
    let report = arguments.report.map(|path| report_file(&path)).transpose()?;
    let (memory, problem) = memory(arguments.trust.known_file.as_deref())?;
    let mut preferences = preferences(&arguments.preferences);
    if preferences.paths == Paths::All && found.settings.kept().relay_only {
        preferences.paths = Paths::Relays;
    }
    Ok(Options {
        languages: arguments.spoken.languages(),
        link: arguments.link.map(|link| link.0),
        server: arguments.server,
        pin: arguments.pin,
        user: arguments.user,
        identity: arguments.identity,
        found,
        config: WindowConfig {
            clock,
            media: MediaChoices {
                camera: camera(arguments.devices.camera, pattern),
                microphone: microphone(arguments.devices.microphone, tone),
                speaker: speaker(arguments.devices.speaker),
                screen: ScreenChoice::None,
                processing: arguments.processing.map_or(Processing::OfDevices, processing),
            },
            preferences,
            memory,
            device: device_secret(&arguments.trust)?,
            proxies: arguments.network.proxies(),
            files_folder: places::downloads(),
            zone: Some(arguments.time_zone.or_else(system_zone).unwrap_or_else(|| "Etc/UTC".to_owned())),
        },
        unattended: Unattended::prepare(habits, account, arguments.invite_out)?
            .comparing(comparing(&arguments.trust))?,
        closes,
        judged: closes || report.is_some(),
        report,
        problem,
    })
}

/// Whom the app has met before. What cannot be used keeps nobody from a visit, unless it was named: the person is told.
fn memory(named: Option<&Path>) -> Result<(Memory, Option<String>)> {
    if let Some(path) = named {
        return Ok((Memory::open(path)?, None));
    }
    let opened = places::data("known").map(|path| Memory::open(&path));
    Ok(match opened {
        Some(Ok(memory)) => (memory, None),
        Some(Err(error)) => (Memory::of_this_run()?, Some(as_sentence(&error))),
        None => (Memory::of_this_run()?, None),
    })
}

/// The zone by which this machine shows its time, where the system says so by a name.
fn system_zone() -> Option<String> {
    let named = std::env::var("TZ").ok().filter(|name| name.contains('/') && !name.starts_with('/'));
    let link = || {
        std::fs::read_link("/etc/localtime").ok()?.to_str()?.split_once("zoneinfo/").map(|(_, name)| name.to_owned())
    };
    named.or_else(link)
}
