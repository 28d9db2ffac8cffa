//! One measured call of the two programs as they are shipped, on two hosts of the link laboratory: the one way of holding
//! it, for `bench call` and `bench links`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::half_core::HalfCore;
use super::lab::{Lab, Laboratory};
use super::media::{self, Footage};
use super::pair_report::unix_ms;
use super::score::Scorer;
use crate::house::{End, House, Options};
use crate::process::wait_until;
use crate::programs::Programs;
use crate::say::say;
use crate::setup;
use crate::workspace::Workspace;

/// How long the ends may take beside the call itself.
const AROUND_THE_CALL: Duration = Duration::from_secs(120);

/// How long an end waits for the call to be live, or live again: longer than any outage that is measured.
const GIVE_UP_SECS: u32 = 150;

/// The step's schedule ends after this; other links are looked at for the time asked.
pub(super) const STEP_SECS: u32 = 62;

/// Where in a call's folder what was handed over lies.
pub(super) const ACCEPTED: &str = "accepted";

/// What all calls of a run share.
#[derive(Debug)]
pub(super) struct Equipment {
    pub(super) laboratory: Laboratory,
    pub(super) programs: Programs,
    pub(super) scorer: Scorer,
    /// The clinician's and the patient's.
    small: [Footage; 2],
    tall: Option<[Footage; 2]>,
    /// Where all of it lies.
    pub(super) home: PathBuf,
}

impl Equipment {
    /// Builds and makes all that is not there yet; `home` is a name in the target folder.
    pub(super) fn prepare(workspace: &Workspace, home: &str, needs_tall: bool) -> Result<Self> {
        setup::run()?;
        let laboratory = Laboratory::build(workspace)?;
        let scorer = Scorer::prepare(workspace)?;
        let programs = Programs::to_measure(workspace)?;
        let footage = workspace.target.join("bench-footage");
        let small = media::make(workspace, &footage, 360)?;
        let tall = needs_tall.then(|| media::make(workspace, &footage, 720)).transpose()?;
        Ok(Self { laboratory, programs, scorer, small, tall, home: workspace.target.join(home) })
    }

    /// What the ends show and say, the clinician's first.
    pub(super) fn footage(&self, is_tall: bool) -> &[Footage; 2] {
        self.tall.as_ref().filter(|_| is_tall).unwrap_or(&self.small)
    }
}

/// An outage of the patient's link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// Seconds after the admission.
    pub(super) at: u32,
    /// How long.
    pub(super) seconds: u32,
}

impl Cut {
    /// Cuts the link, now; gives when that was, in seconds after the admission, as the scoring is told.
    pub(super) fn make(self, lab: &Lab, admitted_unix_s: f64) -> Result<Value> {
        lab.cut(self.seconds)?;
        let from = unix_ms() / 1e3 - admitted_unix_s;
        Ok(json!({ "from_s": from, "to_s": from + f64::from(self.seconds) }))
    }
}

/// One call to hold.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The patient's link, as the laboratory calls it.
    pub(super) profile: String,
    pub(super) seed: u64,
    /// Of live call.
    pub(super) seconds: u32,
    /// How long whoever knocks waits.
    pub(super) admit_after: String,
    /// No cameras.
    pub(super) voice_alone: bool,
    /// 1280×720 instead of 640×360; its pictures are counted and not kept.
    pub(super) is_tall: bool,
    pub(super) cut: Option<Cut>,
    /// Each client held to half a core.
    pub(super) half_core: bool,
    /// A file that the patient hands to the clinician once they are connected; it lands in [`ACCEPTED`].
    pub(super) sends: Option<PathBuf>,
    /// Further words for both programs.
    pub(super) more: Vec<OsString>,
}

impl Plan {
    pub(super) fn is_step(&self) -> bool {
        self.profile.starts_with("step")
    }

    /// Writes for the scoring what was held, and by which files of which ends; the link's schedule began with the call.
    pub(super) fn note(&self, folder: &Path, started_unix_s: f64, cut: Option<Value>, ends: Value) -> Result<()> {
        let run = json!({ "profile": self.profile, "seed": self.seed, "link_started_unix_s": started_unix_s,
            "hangs_up": "patient", "cut": cut, "windows": windows(self), "ends": ends });
        Ok(fs::write(folder.join("run.json"), serde_json::to_string_pretty(&run)?)?)
    }
}

/// Two running ends and what they run on.
pub(super) struct Visit {
    /// When the clinician admitted, in Unix milliseconds.
    admitted: Arc<OnceLock<f64>>,
    house: House,
    host: End,
    guest: End,
    /// The outage that there was.
    cut: Option<Value>,
    _held: Vec<HalfCore>,
}

impl Visit {
    /// Opens a house at the port and starts both ends. The link's schedule and counters begin anew with the admission.
    pub(super) fn start(with: &Equipment, lab: &Arc<Lab>, plan: &Plan, folder: &Path, port: u16) -> Result<Self> {
        let address = lab.server_address()?;
        let house = House::open(&with.programs, folder, &lab.place("S"), &format!("{address}:{port}"))?;
        let mut held = Vec::new();
        let mut place = |host: &str| -> Result<_> {
            let place = lab.place(host);
            if !plan.half_core {
                return Ok(place);
            }
            let group = HalfCore::new(&format!("{host}-{port}"))?;
            let place = group.around(&place);
            held.push(group);
            Ok(place)
        };
        let admitted = Arc::new(OnceLock::new());
        // Weak: a thread that still reads when this call has failed must not take the next call's lab down.
        let (noted, restarted) = (Arc::clone(&admitted), Arc::downgrade(lab));
        let heard = move |line: &str| {
            let event = line.split_once(" s  ").map_or("", |(_, event)| event);
            if (event == "connecting" || event == "live") && noted.set(unix_ms()).is_ok() {
                // Without it the schedule has begun earlier, and the scores show it.
                let _ = restarted.upgrade().map(|lab| lab.restart());
            }
        };
        let [clinician, patient] = with.footage(plan.is_tall);
        // The patient hangs up.
        let mut hosts = options(plan, clinician, plan.seconds + 30);
        let mut guests = options(plan, patient, plan.seconds);
        if let Some(file) = &plan.sends {
            let accepted = folder.join(ACCEPTED);
            fs::create_dir_all(&accepted)?;
            hosts.more.extend(["--accept-files".into(), accepted.into()]);
            guests.more.extend(["--send-file".into(), file.into()]);
        }
        let host = house.host(&place("B")?, &hosts, &plan.admit_after, heard);
        let host = host.context("the clinician's end")?;
        let guest = house.join(&place("A")?, &guests, |_| {})?;
        Ok(Self { admitted, house, host, guest, cut: None, _held: held })
    }

    /// Waits for the admission; whether it came.
    pub(super) fn wait_for_admission(&mut self) -> Result<bool> {
        wait_until(AROUND_THE_CALL, || Ok(self.admitted.get().is_some() || !self.guest.process.is_running()))?;
        Ok(self.admitted.get().is_some())
    }

    /// Waits for the end and writes what the scoring needs.
    pub(super) fn finish(mut self, with: &Equipment, plan: &Plan, lab: &Lab) -> Result<()> {
        let limit = AROUND_THE_CALL + Duration::from_secs((plan.seconds + GIVE_UP_SECS).into());
        let guest_status = self.guest.process.wait(limit)?;
        let folder = self.house.folder();
        fs::write(folder.join("link.json"), lab.stats()?)?;
        let host_status = self.host.process.wait(limit)?;
        say(format_args!("  clinician {host_status}, patient {guest_status}"));
        for said in [self.host.process.stderr(), self.guest.process.stderr()] {
            said.lines().for_each(|line| say(format_args!("  {line}")));
        }
        let [clinician, patient] = with.footage(plan.is_tall);
        let ends =
            [("clinician", &self.host, clinician), ("patient", &self.guest, patient)].map(|(name, end, footage)| {
                let files = end.files();
                let name_of = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
                let end = json!({ "camera": footage.film, "microphone": footage.voice, "screen": name_of(&files.screen),
                "speaker": name_of(&files.speaker), "report": name_of(&files.report) });
                (name.to_owned(), end)
            });
        let link_started = self.admitted.get().copied().unwrap_or_else(unix_ms) / 1e3;
        plan.note(folder, link_started, self.cut.take(), Value::Object(ends.into_iter().collect()))
    }
}

/// Holds one call; everything about it lies in the folder afterwards.
pub(super) fn hold(with: &Equipment, plan: &Plan, folder: &Path) -> Result<()> {
    let lab = Arc::new(Lab::up(&with.laboratory, &plan.profile, plan.seed)?);
    let mut visit = Visit::start(with, &lab, plan, folder, 8443)?;
    if let Some(cut) = plan.cut
        && visit.wait_for_admission()?
    {
        let admitted = visit.admitted.get().copied().unwrap_or_else(unix_ms);
        let since = (unix_ms() - admitted).max(0.0) / 1e3;
        thread::sleep(Duration::from_secs(cut.at.into()).saturating_sub(Duration::from_secs_f64(since)));
        visit.cut = Some(cut.make(&lab, admitted / 1e3)?);
    }
    visit.finish(with, plan, &lab)
}

fn options(plan: &Plan, footage: &Footage, seconds: u32) -> Options {
    let file = |path: &Path| format!("file:{}", path.display());
    let mut more = plan.more.clone();
    more.extend(["--processing", "off"].map(Into::into));
    if plan.is_tall {
        more.extend(["--screen-size", "320x180"].map(Into::into));
    }
    Options {
        camera: if plan.voice_alone { "none".into() } else { file(&footage.film) },
        microphone: file(&footage.voice),
        duration_secs: seconds,
        give_up_secs: GIVE_UP_SECS,
        more,
    }
}

/// Which stretches of the call to look at, from the admission on: from 10 s; a step by its phases; an outage by what was
/// before it and after it.
pub(super) fn windows(plan: &Plan) -> Value {
    let window = |name: &str, start: u32, end: u32| json!({ "name": name, "from_s": start, "to_s": end });
    if plan.is_step() {
        return json!([
            window("1 Mbps", 6, 20),
            window("150 kbps", 20, 40),
            window("150 kbps, settled", 25, 40),
            window("1 Mbps again", 40, 60)
        ]);
    }
    match plan.cut {
        Some(cut) => json!([window("before", 5, cut.at), window("after", cut.at + cut.seconds, plan.seconds)]),
        None => json!([window(STEADY, STEADY_FROM.min(plan.seconds / 2), plan.seconds)]),
    }
}

/// The window of a link that does not change.
pub(super) const STEADY: &str = "steady";
const STEADY_FROM: u32 = 10;

/// A folder for a call, empty: what an earlier run left there is removed.
pub(super) fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

/// Removes pictures and sounds: they are large.
pub(super) fn drop_recordings(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "y4m" || kind == "wav" || kind == "luma") {
            fs::remove_file(path)?;
        } else if path.is_dir() {
            // A browser's profile, a server's database.
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(profile: &str, seconds: u32, cut: Option<Cut>) -> Plan {
        Plan {
            profile: profile.into(),
            seed: 1,
            seconds,
            admit_after: "5s".into(),
            voice_alone: false,
            is_tall: false,
            cut,
            half_core: false,
            sends: None,
            more: vec![],
        }
    }

    #[test]
    fn a_step_is_looked_at_by_its_phases_and_other_links_as_a_whole() {
        assert_eq!(windows(&plan("good", 45, None)).as_array().unwrap().len(), 1);
        let step = windows(&plan("step", 62, None));
        let ends: Vec<_> = step.as_array().unwrap().iter().map(|window| window["to_s"].as_u64().unwrap()).collect();
        assert!(ends.len() > 1 && ends.iter().all(|end| *end <= STEP_SECS.into()));
    }

    #[test]
    fn an_outage_lies_between_the_windows() {
        let cut = windows(&plan("good", 60, Some(Cut { at: 15, seconds: 10 })));
        assert_eq!((cut[0]["to_s"].as_u64(), cut[1]["from_s"].as_u64()), (Some(15), Some(25)));
    }
}
