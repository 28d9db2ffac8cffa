//! `cargo xtask demo`: a clinician and a patient in a call on this machine, with nothing prepared; in two windows where
//! there is a display.

use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::hardware::{self, Hardware};
use crate::house::{End, House, Options, Place, WindowOptions};
use crate::programs::{Profile, Programs};
use crate::report::Report;
use crate::say::say;
use crate::summary::{self, Fared};
use crate::voices::Voices;
use crate::workspace::Workspace;
use crate::{interrupt, setup};

/// How long the ends may take beside the call itself: to start, sign in, meet, and write their files.
const AROUND_THE_CALL: Duration = Duration::from_secs(45);

/// How long a call lasts that only shows that it works.
const HEADLESS_SECS: u32 = 15;

/// How long a call lasts that somebody looks at.
const WINDOW_SECS: u32 = 60;

/// How long after the beginning the clinician's window asks for the digits: time to look at the pictures first.
const DIGITS_AFTER: &str = "5s";

/// How long the windows show them before they are found to be the same: time to look at them.
const DIGITS_FOR: Duration = Duration::from_secs(10);

/// The one who does not hang up hangs up this much later.
const LATER_SECS: u32 = 5;

/// Builds, holds a call, and says how it was. An error unless picture and sound flowed both ways.
pub fn run(workspace: &Workspace, headless: bool, seconds: Option<u32>) -> Result<()> {
    interrupt::listen();
    setup::run()?;
    let in_windows = !headless && hardware::has_display();
    if in_windows {
        setup::for_windows()?;
    }
    let programs = Programs::build(workspace, Profile::Dev)?;
    // Under the target folder and not in /tmp: half a gigabyte of pictures is too much for a disk in memory.
    let folder = tempfile::Builder::new().prefix("demo-").tempdir_in(&workspace.target)?;
    if in_windows {
        call_in_windows(&programs, folder.path(), seconds.unwrap_or(WINDOW_SECS))
    } else {
        call(&programs, folder.path(), seconds.unwrap_or(HEADLESS_SECS))
    }
}

fn call(programs: &Programs, folder: &Path, seconds: u32) -> Result<()> {
    let here = Place::default();
    let house = open(programs, folder)?;
    let voices = Voices::in_folder(house.folder());
    // The patient hangs up and the clinician notices; the other way round is in the tests.
    let more = [words(["--compare-after", "1s"]), voices.words("clinician")].concat();
    let clinician = Options { duration_secs: seconds + LATER_SECS, more, ..Options::default() };
    let patient = Options { duration_secs: seconds, more: voices.words("patient"), ..Options::default() };
    let mut host = house.host(&here, &clinician, "1s", clinician_says)?;
    let mut guest = house.join(&here, &patient, patient_says)?;
    let statuses = while_they_compare(&voices, Duration::from_secs(1), || {
        Ok([guest.process.wait(limit(seconds))?, host.process.wait(limit(seconds))?])
    })?;

    let (host_report, guest_report) = (report(&host, "clinician")?, report(&guest, "patient")?);
    let clinician = Fared::judge(host.files(), &host_report, &host_report, seconds)?;
    let patient = Fared::judge(guest.files(), &guest_report, &host_report, seconds)?;
    conclude([clinician, patient], seconds, statuses.map(|status| status.success()))?;
    say_how_sure([&host_report, &guest_report]);
    Ok(())
}

fn call_in_windows(programs: &Programs, folder: &Path, seconds: u32) -> Result<()> {
    let house = open(programs, folder)?;
    let clinician = clinicians_devices(Hardware::of_this_machine(), seconds + LATER_SECS);
    // One camera cannot serve two, and two loudspeakers in one room howl.
    let patient =
        WindowOptions { camera: "pattern".into(), microphone: "tone", has_loudspeaker: false, duration_secs: seconds };
    say(format_args!(
        "Two windows open. The call lasts {seconds} s (--seconds changes that); closing a window ends it before."
    ));
    let voices = Voices::in_folder(folder);
    let mut command = house.host_window_command(&clinician);
    command.args(["--compare-after", DIGITS_AFTER]).args(voices.words("clinician"));
    let mut host = house.start_host(&mut command, clinician_says)?;
    let mut command = house.join_window_command(&patient)?;
    command.args(voices.words("patient"));
    let mut guest = house.start_guest(&mut command, patient_says)?;
    let statuses = while_they_compare(&voices, DIGITS_FOR, || {
        Ok([guest.process.wait(limit(seconds))?, host.process.wait(limit(seconds))?])
    })?;

    let (host_report, guest_report) = (report(&host, "clinician")?, report(&guest, "patient")?);
    let lasted = guest_report.live_secs().round() as u32;
    let rows = [
        Fared::in_window(host.files(), &host_report, &host_report, !clinician.has_loudspeaker)?,
        // A room may be quiet, a sample is not.
        Fared::in_window(guest.files(), &guest_report, &host_report, clinician.microphone != "device")?,
    ];
    conclude(rows, lasted, statuses.map(|status| status.success()))?;
    say_how_sure([&host_report, &guest_report]);
    Ok(())
}

/// Carries the digits of each end to the other, once both have shown them for so long, while `run` goes on. People at the
/// windows may be quicker.
fn while_they_compare<R>(voices: &Voices, shown_for: Duration, run: impl FnOnce() -> Result<R>) -> Result<R> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let Some([clinicians, patients]) = voices.both(&stop) else { return };
            say(format_args!(
                "Both read ten digits to each other: the clinician sees {clinicians}, the patient {patients}."
            ));
            thread::sleep(shown_for);
            for (end, digits) in [("clinician", &patients), ("patient", &clinicians)] {
                if let Err(error) = voices.say_to(end, digits) {
                    say(format_args!("{error:#}"));
                }
            }
        });
        let result = run();
        stop.store(true, Ordering::Relaxed);
        result
    })
}

/// Whether both ends count the digits as compared; whoever closes a window before has not.
fn say_how_sure(reports: [&Report; 2]) {
    say(if reports.iter().all(|report| report.value()["level"] == "digits_compared") {
        "Both compared ten digits: nobody stands between the two."
    } else {
        "The digits were not compared at both ends, because the call was over before."
    });
}

fn words<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words.map(OsString::from).to_vec()
}

/// The real ones where there are any; samples in the place of what is not there.
fn clinicians_devices(hardware: Hardware, duration_secs: u32) -> WindowOptions {
    let or = |is_there, device: &'static str, sample| if is_there { device } else { sample };
    let options = WindowOptions {
        camera: or(hardware.camera, "device", "pattern").into(),
        microphone: or(hardware.microphone, "device", "tone"),
        has_loudspeaker: hardware.speaker,
        duration_secs,
    };
    let real = |source: &str| if source == "device" { "this machine's" } else { "a sample in the place of a" };
    say(format_args!(
        "The clinician has {} camera, {} microphone and {} loudspeaker; the patient has samples and no loudspeaker.",
        real(&options.camera),
        real(options.microphone),
        if options.has_loudspeaker { "this machine's" } else { "no" },
    ));
    options
}

fn open(programs: &Programs, folder: &Path) -> Result<House> {
    let house = House::open(programs, folder, &Place::default(), "127.0.0.1:0")?;
    say(format_args!(
        "The server is ready at {}. The clinician makes a visit; the patient joins by its link.",
        house.server.url
    ));
    Ok(house)
}

fn limit(seconds: u32) -> Duration {
    AROUND_THE_CALL + Duration::from_secs(seconds.into())
}

fn clinician_says(line: &str) {
    say(format_args!("clinician │ {line}"));
}

fn patient_says(line: &str) {
    say(format_args!("patient   │ {line}"));
}

fn report(end: &End, name: &str) -> Result<Report> {
    end.report().with_context(|| format!("the {name}'s end left no report"))
}

/// Says how the clinician and the patient fared. `whole`: whether the patient's and the clinician's end count the call as
/// whole.
fn conclude([clinician, patient]: [Fared; 2], seconds: u32, whole: [bool; 2]) -> Result<()> {
    let flowed = [&clinician, &patient].iter().all(|fared| fared.saw && fared.heard);
    let rows = [("clinician saw and heard", clinician), ("patient saw and heard", patient)];
    say("");
    say(summary::table(&rows, seconds));
    say("");
    for (name, whole) in ["patient", "clinician"].into_iter().zip(whole) {
        if !whole {
            bail!("the {name}'s end did not count the call as whole; the lines above say why");
        }
    }
    if !flowed {
        bail!("picture or sound did not flow both ways; the table above says which");
    }
    say("Picture and sound flowed both ways, straight between the two programs, encrypted.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clinician_gets_what_the_machine_has_and_samples_for_the_rest() {
        let all = clinicians_devices(Hardware { camera: true, microphone: true, speaker: true }, 1);
        assert_eq!((all.camera.as_str(), all.microphone, all.has_loudspeaker), ("device", "device", true));
        let none = clinicians_devices(Hardware { camera: false, microphone: false, speaker: false }, 1);
        assert_eq!((none.camera.as_str(), none.microphone, none.has_loudspeaker), ("pattern", "tone", false));
    }
}
