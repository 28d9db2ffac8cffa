//! `housecall headless`: one side of a visit without a window, measured by its report.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use session::headless::{self, Config, Guest, Host, Outcome, Party, Progress};
use session::{
    CameraChoice, FrameRate, MediaChoices, MicrophoneChoice, PatternKind, Preferences, ScreenChoice, SpeakerChoice,
    ToneKind,
};
use units::{DataRate, Phi, PictureSize};

use crate::arguments::{
    Camera, CommonArguments, Headless, HostArguments, JoinArguments, Microphone, Mode, Screen, Speaker, Switch,
    WindowArguments,
};

/// Something that was given cannot be used: a file, a folder, a link.
const EXIT_BAD_INPUT: u8 = 1;

pub(crate) fn run(command: Headless) -> ExitCode {
    let (config, report) = match configure(command) {
        Ok(configured) => configured,
        Err(error) => return bad_input(&error),
    };
    let outcome = match headless::run(config, &mut print_progress) {
        Ok(outcome) => outcome,
        Err(error) => return bad_input(&error.into()),
    };
    if let Some(sentence) = &outcome.problem {
        complain(sentence);
    }
    if let Some(path) = report
        && let Err(error) = write_report(&path, &outcome)
    {
        return bad_input(&error);
    }
    ExitCode::from(outcome.report.exit)
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
    let link = link.trim().parse().context("This is not a link to a visit")?;
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
    let text = fs::read_to_string(path).with_context(|| format!("{what} cannot be read from {}", path.display()))?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    anyhow::ensure!(!line.is_empty(), "{what} cannot be read from {}: its first line is empty", path.display());
    Ok(line)
}

fn write_report(path: &Path, outcome: &Outcome) -> Result<()> {
    let json = serde_json::to_vec_pretty(&outcome.report).context("the report cannot be put into JSON")?;
    fs::write(path, json).with_context(|| format!("the report cannot be written to {}", path.display()))
}

fn print_progress(progress: Progress<'_>) {
    let mut out = std::io::stdout().lock();
    // A closed pipe must not end a visit.
    let _ = match progress {
        Progress::Second(sample) => writeln!(
            out,
            "{:>5.0} s  {:<12} sends {:>4.1} fps {:>5.0} kbps  sees {:>4.1} fps {}x{}  hears {:>3.0} % as spoken  round trip {}",
            sample.t,
            sample.phase,
            sample.fps_sent,
            sample.sent_kbps,
            sample.fps_shown,
            sample.width,
            sample.height,
            100.0 * (1.0 - sample.concealed_ratio),
            sample.rtt_ms.map_or("-".to_owned(), |ms| format!("{ms:.0} ms")),
        ),
        Progress::Event(event) => writeln!(out, "{:>5.1} s  {}", event.t, event.event),
        Progress::Complaint(sentence) => {
            complain(sentence);
            Ok(())
        }
    };
    let _ = out.flush();
}

fn complain(sentence: &str) {
    let _ = writeln!(std::io::stderr().lock(), "housecall: {sentence}");
}

fn bad_input(error: &anyhow::Error) -> ExitCode {
    complain(&format!("{error:#}"));
    ExitCode::from(EXIT_BAD_INPUT)
}
