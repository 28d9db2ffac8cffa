//! `housecall headless`: one side of a visit without a window, measured by its report.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use session::headless::{self, Config, Guest, Handing, Host, Party};
use session::{
    Account, CameraChoice, Comparing, DeviceSecret, FrameRate, MediaChoices, Memory, MicrophoneChoice, Outcome, Paths,
    PatternKind, Pin, Preferences, Processing, ScreenChoice, SpeakerChoice, ToneKind, WholeFile,
};
use units::{DataRate, Phi, PictureSize};

use crate::arguments::{
    AccountArguments, Camera, CommonArguments, Headless, HostArguments, JoinArguments, Microphone, Mode,
    PreferenceArguments, RelayWay, Screen, Span, Speaker, Switch, TrustArguments,
};
use crate::printer::Printer;

/// Something that was given cannot be used: a file, a folder, a link.
const EXIT_BAD_INPUT: u8 = 1;

pub(crate) fn run(command: Headless) -> ExitCode {
    match try_run(command) {
        Ok(exit) => ExitCode::from(exit),
        Err(error) => cannot_begin(&error),
    }
}

/// Says what cannot be used.
pub(crate) fn cannot_begin(error: &anyhow::Error) -> ExitCode {
    complain(&format!("{error:#}"));
    ExitCode::from(EXIT_BAD_INPUT)
}

fn try_run(command: Headless) -> Result<u8> {
    let command = match command {
        Headless::Day(day) => return crate::day::run(day),
        Headless::Keys(keys) => return crate::keys::run(keys),
        Headless::Audit(audit) => return crate::audit::run(audit),
        command => command,
    };
    let (config, report) = configure(command)?;
    // Made before the call: a mistyped folder must not cost the whole of it.
    let report = report.map(|path| report_file(&path)).transpose()?;
    let printer = Printer::start();
    let outcome = headless::run(config, &mut |progress| printer.print(progress))?;
    printer.finish();
    if let Some(sentence) = &outcome.problem {
        complain(sentence);
    }
    write_report(&outcome, report)?;
    Ok(outcome.report.exit)
}

/// Writes the report to where it was asked for.
pub(crate) fn write_report(outcome: &Outcome, file: Option<WholeFile>) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    let json = serde_json::to_vec_pretty(&outcome.report).context("the report cannot be put into JSON")?;
    file.finish(&json).context("the report cannot be written; make room on the disk")
}

pub(crate) fn report_file(path: &Path) -> Result<WholeFile> {
    WholeFile::prepare(path).map_err(|error| {
        anyhow!("the report cannot be written to {}: {}; name another place", path.display(), plain(&error))
    })
}

fn chat_file(path: &Path) -> Result<()> {
    WholeFile::prepare(path).map(drop).map_err(|error| {
        anyhow!("what is written cannot be saved to {}: {}; name another place", path.display(), plain(&error))
    })
}

fn configure(command: Headless) -> Result<(Config, Option<PathBuf>)> {
    // Two sides on one machine must not look and sound alike.
    let (pattern, tone) = match &command {
        Headless::Host(_) => (PatternKind::Clinician, ToneKind::Clinician),
        Headless::Join(_) | Headless::Day(_) | Headless::Keys(_) | Headless::Audit(_) => {
            (PatternKind::Patient, ToneKind::Patient)
        }
    };
    let (save_chat, still) = match &command {
        Headless::Host(host) => (host.save_chat.clone(), host.ask_still),
        Headless::Join(join) => (None, join.give_still),
        Headless::Day(_) | Headless::Keys(_) | Headless::Audit(_) => (None, false),
    };
    // Looked at before the call, as the report is.
    save_chat.as_deref().map(chat_file).transpose()?;
    let (party, common) = match command {
        Headless::Host(host) => host_party(host)?,
        Headless::Join(join) => guest_party(join)?,
        Headless::Day(_) | Headless::Keys(_) | Headless::Audit(_) => anyhow::bail!("nothing is to be held"),
    };
    let report = common.report.clone();
    let memory = match &common.trust.known_file {
        Some(path) => Memory::open(path)?,
        None => Memory::of_this_run()?,
    };
    let comparing = comparing(&common.trust);
    comparing.check()?;
    Ok((
        Config {
            party,
            media: MediaChoices {
                camera: camera(common.camera, pattern),
                microphone: microphone(common.microphone, tone),
                speaker: speaker(common.speaker),
                screen: screen(common.screen, common.screen_size),
                processing: processing(common.processing),
            },
            preferences: preferences(&common.preferences),
            duration: common.duration.0,
            give_up: common.give_up.0,
            memory,
            proxies: common.network.proxies(),
            comparing,
            handing: Handing {
                say: common.say.into_iter().map(Phi::new).collect(),
                send: common.send_file,
                accept: common.accept_files.map(|folder| existing_folder(&folder)).transpose()?,
                save_chat,
                still,
            },
        },
        report,
    ))
}

/// Looked at before the call: what is handed over must not be lost for a mistyped name.
fn existing_folder(path: &Path) -> Result<PathBuf> {
    anyhow::ensure!(path.is_dir(), "there is no folder {}; make it, or name another", path.display());
    Ok(path.to_owned())
}

fn host_party(host: HostArguments) -> Result<(Party, CommonArguments)> {
    let account = account_of(host.account)?;
    let party = Party::Host(Host {
        account,
        identity: host.identity,
        device: device_secret(&host.common.trust)?,
        invite_out: host.invite_out,
        visit: host.visit,
        claims: host.claim,
        admit_after: host.admit_after.0,
    });
    Ok((party, host.common))
}

/// The secret by which this device is known again, if a file was named for it.
pub(crate) fn device_secret(words: &TrustArguments) -> Result<Option<DeviceSecret>> {
    Ok(words.device_key_file.as_deref().map(DeviceSecret::of_file).transpose()?)
}

/// How digits are compared without a hand.
pub(crate) fn comparing(words: &TrustArguments) -> Comparing {
    Comparing {
        after: words.compare_after.map(|Span(span)| span),
        digits_out: words.digits_out.clone(),
        digits_in: words.digits_in.clone(),
    }
}

/// Who signs in where that must be said.
pub(crate) fn account_of(words: AccountArguments) -> Result<Account> {
    let AccountArguments { server, pin, user, password_file, totp_file } = words;
    account(server, pin, user, &password_file, totp_file.as_deref())
}

/// Who signs in, with the secrets read from their files.
pub(crate) fn account(
    server: String,
    pin: Option<Pin>,
    user: String,
    password: &Path,
    totp: Option<&Path>,
) -> Result<Account> {
    let password = first_line("the password", password)?;
    let totp_secret = totp.map(|path| first_line("the TOTP secret", path)).transpose()?;
    Ok(Account {
        server,
        pin,
        user: Phi::new(user),
        password: password.into(),
        totp_secret: totp_secret.map(Into::into),
        known_file: None,
    })
}

pub(crate) const fn processing(wish: Switch) -> Processing {
    match wish {
        Switch::On => Processing::On,
        Switch::Off => Processing::Off,
    }
}

/// What to keep when the link is thin.
pub(crate) fn preferences(wish: &PreferenceArguments) -> Preferences {
    Preferences {
        mode: match wish.mode {
            Mode::Smooth => session::Mode::Smooth,
            Mode::Sharp => session::Mode::Sharp,
        },
        save_data: wish.save_data,
        max_rate: wish.max_kbps.map(DataRate::from_kbps),
        paths: match (wish.relay_by, wish.relay_only) {
            (Some(RelayWay::Udp), _) => Paths::RelaysBy(session::RelayWay::Udp),
            (Some(RelayWay::Tcp), _) => Paths::RelaysBy(session::RelayWay::Tcp),
            (Some(RelayWay::Tls), _) => Paths::RelaysBy(session::RelayWay::Tls),
            (None, true) => Paths::Relays,
            (None, false) => Paths::All,
        },
    }
}

fn guest_party(join: JoinArguments) -> Result<(Party, CommonArguments)> {
    let link = match (join.link, &join.link_file) {
        (Some(link), _) => link,
        (None, Some(path)) => first_line("the link", path)?,
        (None, None) => anyhow::bail!("give --link or --link-file"),
    };
    let link = link.trim().parse().context("the link cannot be used")?;
    let device = device_secret(&join.common.trust)?;
    let facts = join.facts_file.as_deref().map(|path| json_file("where the patient is", path)).transpose()?;
    let code = join.code_file.as_deref().map(|path| first_line("the code", path)).transpose()?.map(Phi::new);
    Ok((Party::Guest(Guest { link, device, facts, code }), join.common))
}

pub(crate) fn camera(camera: Camera, pattern: PatternKind) -> CameraChoice {
    match camera {
        Camera::Device => CameraChoice::Device(None),
        Camera::Pattern => CameraChoice::Pattern(pattern),
        Camera::None => CameraChoice::None,
        Camera::File(path) => CameraChoice::File(path),
    }
}

pub(crate) fn microphone(microphone: Microphone, tone: ToneKind) -> MicrophoneChoice {
    match microphone {
        Microphone::Device => MicrophoneChoice::Device(None),
        Microphone::Tone => MicrophoneChoice::Tone(tone),
        Microphone::None => MicrophoneChoice::None,
        Microphone::File(path) => MicrophoneChoice::File(path),
    }
}

pub(crate) fn speaker(speaker: Speaker) -> SpeakerChoice {
    match speaker {
        Speaker::Device => SpeakerChoice::Device(None),
        Speaker::None => SpeakerChoice::None,
        Speaker::File(path) => SpeakerChoice::File(path),
    }
}

fn screen(screen: Screen, size: PictureSize) -> ScreenChoice {
    match screen {
        Screen::None => ScreenChoice::None,
        // The rate in the header is nominal: the file holds one frame for each new picture, whenever it came.
        Screen::File(path) => ScreenChoice::File { path, size, fps: FrameRate::THIRTY },
    }
}

/// What stands in a file of JSON. What is wrong with it is told by its place, never by its words.
pub(crate) fn json_file<T: serde::de::DeserializeOwned>(what: &str, path: &Path) -> Result<T> {
    let bytes =
        fs::read(path).map_err(|error| anyhow!("{what} cannot be read from {}: {}", path.display(), plain(&error)))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        anyhow!("{what} cannot be read from {}: look at line {line}, column {column}", path.display())
    })
}

pub(crate) fn first_line(what: &str, path: &Path) -> Result<String> {
    let text = fs::read_to_string(path)
        .map_err(|error| anyhow!("{what} cannot be read from {}: {}", path.display(), plain(&error)))?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    anyhow::ensure!(!line.is_empty(), "{what} cannot be read from {}: its first line is empty", path.display());
    Ok(line)
}

/// What the system said, for a person.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        ErrorKind::PermissionDenied => "this user may not do that there".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::InvalidData => "it is not text".to_owned(),
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}

pub(crate) fn complain(sentence: &str) {
    let _ = writeln!(std::io::stderr().lock(), "housecall: {sentence}");
}
