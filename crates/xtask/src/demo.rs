//! `cargo xtask demo`: a clinician and a patient in a call on this machine, with nothing prepared.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::house::{End, House, Options, Place};
use crate::programs::{Profile, Programs};
use crate::report::Report;
use crate::say::say;
use crate::summary::{self, Fared};
use crate::workspace::Workspace;
use crate::{interrupt, setup};

/// How long the ends may take beside the call itself: to start, sign in, meet, and write their files.
const AROUND_THE_CALL: Duration = Duration::from_secs(45);

/// Builds, holds a call of so many seconds, and says how it was. An error unless picture and sound flowed both ways.
pub fn run(workspace: &Workspace, seconds: u32) -> Result<()> {
    interrupt::listen();
    setup::run()?;
    let programs = Programs::build(workspace, Profile::Dev)?;
    // Under the target folder and not in /tmp: half a gigabyte of pictures is too much for a disk in memory.
    let folder = tempfile::Builder::new().prefix("demo-").tempdir_in(&workspace.target)?;
    call(&programs, folder.path(), seconds)
}

fn call(programs: &Programs, folder: &Path, seconds: u32) -> Result<()> {
    let here = Place::default();
    let house = House::open(programs, folder, &here, "127.0.0.1:0")?;
    say(format_args!(
        "The server is ready at {}. The clinician makes a visit; the patient joins by its link.",
        house.server.url
    ));
    // The patient hangs up and the clinician notices; the other way round is in the tests.
    let clinician = Options { duration_secs: seconds + 5, ..Options::default() };
    let patient = Options { duration_secs: seconds, ..Options::default() };
    let mut host = house.host(&here, &clinician, "1s", |line| say(format_args!("clinician │ {line}")))?;
    let mut guest = house.join(&here, &patient, |line| say(format_args!("patient   │ {line}")))?;
    let limit = AROUND_THE_CALL + Duration::from_secs(seconds.into());
    let guest_status = guest.process.wait(limit)?;
    let host_status = host.process.wait(limit)?;

    let host_report = report(&host, "clinician")?;
    let guest_report = report(&guest, "patient")?;
    let rows = [
        ("clinician saw and heard", Fared::judge(host.files(), &host_report, &host_report, seconds)?),
        ("patient saw and heard", Fared::judge(guest.files(), &guest_report, &host_report, seconds)?),
    ];
    let flowed = rows.iter().all(|(_, fared)| fared.saw && fared.heard);
    say("");
    say(summary::table(&rows, seconds));
    say("");
    for (name, status) in [("clinician", host_status), ("patient", guest_status)] {
        if !status.success() {
            bail!("the {name}'s end did not count the call as whole ({status}); the lines above say why");
        }
    }
    if !flowed {
        bail!("picture or sound did not flow both ways; the table above says which");
    }
    say("Picture and sound flowed both ways, straight between the two programs, encrypted.");
    Ok(())
}

fn report(end: &End, name: &str) -> Result<Report> {
    end.report().with_context(|| format!("the {name}'s end left no report"))
}
