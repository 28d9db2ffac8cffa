//! `housecall headless`: one side of a visit without a window, measured by its report.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use session::WholeFile;
use session::headless::{self, Config, Guest, Host, Party};
use session::{
    CameraChoice, FrameRate, MediaChoices, MicrophoneChoice, PatternKind, Preferences, ScreenChoice, SpeakerChoice,
    ToneKind,
};
use units::{DataRate, Phi, PictureSize};

use crate::arguments::{
    Camera, CommonArguments, Headless, HostArguments, JoinArguments, Microphone, Mode, Screen, Speaker, Switch,
    WindowArguments,
};
use crate::printer::Printer;

/// Something that was given cannot be used: a file, a folder, a link.
const EXIT_BAD_INPUT: u8 = 1;

pub(crate) fn run(command: Headless) -> ExitCode {
    match try_run(command) {
        Ok(exit) => ExitCode::from(exit),
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(EXIT_BAD_INPUT)
        }
    }
}

fn try_run(command: Headless) -> Result<u8> {
    let (config, report) = configure(command)?;
    // Made before the call: a mistyped folder must not cost the whole of it.
    let report = report.map(|path| report_file(&path)).transpose()?;
    let printer = Printer::start();
    let outcome = headless::run(config, &mut |progress| printer.print(progress))?;
    printer.finish();
    if let Some(sentence) = &outcome.problem {
        complain(sentence);
    }
    if let Some(file) = report {
        let json = serde_json::to_vec_pretty(&outcome.report).context("the report cannot be put into JSON")?;
        file.finish(&json).context("the report cannot be written; make room on the disk")?;
    }
    Ok(outcome.report.exit)
}

fn report_file(path: &Path) -> Result<WholeFile> {
    WholeFile::prepare(path).map_err(|error| {
        anyhow!("the report cannot be written to {}: {}; name another place", path.display(), plain(&error))
    })
}

fn configure(command: Headless) -> Result<(Config, Option<PathBuf>)> {
    // Two sides on one machine must not look and sound alike.
    let (pattern, tone) = match &command {
        Headless::Host(_) => (PatternKind::Clinician, ToneKind::Clinician),
        Headless::Join(_) => (PatternKind::Patient, ToneKind::Patient),
    };
    let (party, common) = match command {
        Headless::Host(host) => host_party(host)?,
        Headless::Join(join) => guest_party(join)?,
    };
    if common.processing == Switch::On {
        complain("Voice processing is not built yet: the microphone is sent as it is.");
    }
    let report = common.report.clone();
    Ok((
        Config {
            party,
            media: MediaChoices {
                camera: camera(common.camera, pattern),
                microphone: microphone(common.microphone, tone),
                speaker: speaker(common.speaker),
                screen: screen(common.screen, common.screen_size),
            },
            preferences: Preferences {
                mode: match common.mode {
                    Mode::Smooth => session::Mode::Smooth,
                    Mode::Sharp => session::Mode::Sharp,
                },
                save_data: common.save_data,
                max_rate: common.max_kbps.map(DataRate::from_kbps),
            },
            duration: common.duration.0,
            give_up: common.give_up.0,
        },
        report,
    ))
}

/// What the window's command line asks for.
pub(crate) fn window_options(arguments: WindowArguments) -> crate::window::Options {
    let (pattern, tone) = match arguments.server {
        Some(_) => (PatternKind::Clinician, ToneKind::Clinician),
        None => (PatternKind::Patient, ToneKind::Patient),
    };
    crate::window::Options {
        media: MediaChoices {
            camera: camera(arguments.camera, pattern),
            microphone: microphone(arguments.microphone, tone),
            speaker: speaker(arguments.speaker),
            screen: ScreenChoice::None,
        },
        link: arguments.link,
        server: arguments.server,
        pin: arguments.pin,
        user: arguments.user,
        identity: arguments.identity,
    }
}

fn host_party(host: HostArguments) -> Result<(Party, CommonArguments)> {
    let password = first_line("the password", &host.password_file)?;
    let totp_secret = match &host.totp_file {
        Some(path) => Some(first_line("the TOTP secret", path)?.into()),
        None => None,
    };
    let party = Party::Host(Host {
        server: host.server,
        pin: host.pin,
        user: Phi::new(host.user),
        password: password.into(),
        totp_secret,
        identity: host.identity,
        invite_out: host.invite_out,
        admit_after: host.admit_after.0,
    });
    Ok((party, host.common))
}

fn guest_party(join: JoinArguments) -> Result<(Party, CommonArguments)> {
    let link = match (join.link, &join.link_file) {
        (Some(link), _) => link,
        (None, Some(path)) => first_line("the link", path)?,
        (None, None) => anyhow::bail!("give --link or --link-file"),
    };
    let link = link.trim().parse().context("the link cannot be used")?;
    Ok((Party::Guest(Guest { link }), join.common))
}

fn camera(camera: Camera, pattern: PatternKind) -> CameraChoice {
    match camera {
        Camera::Device => CameraChoice::Device(None),
        Camera::Pattern => CameraChoice::Pattern(pattern),
        Camera::None => CameraChoice::None,
        Camera::File(path) => CameraChoice::File(path),
    }
}

fn microphone(microphone: Microphone, tone: ToneKind) -> MicrophoneChoice {
    match microphone {
        Microphone::Device => MicrophoneChoice::Device(None),
        Microphone::Tone => MicrophoneChoice::Tone(tone),
        Microphone::None => MicrophoneChoice::None,
        Microphone::File(path) => MicrophoneChoice::File(path),
    }
}

fn speaker(speaker: Speaker) -> SpeakerChoice {
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

fn first_line(what: &str, path: &Path) -> Result<String> {
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
