//! The yardstick: a call between two Chromiums on the same link, with the same footage, recorded and counted so that it can
//! be scored as ours is.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::devtools::Browser;
use super::half_core::HalfCore;
use super::lab::Lab;
use super::pair_report::{Record, unix_ms};
use super::usage::Meter;
use super::visit::{Equipment, Plan};
use super::wire::{self, Talk};
use crate::house::Server;
use crate::say::say;
use crate::{chromium, interrupt};

/// The page that both open.
const PAGE: &str = include_str!("../../../../tests/tools/pair.html");

/// The ends by name, and the laboratory's host of each.
const ENDS: [(&str, &str); 2] = [("clinician", "B"), ("patient", "A")];

/// Whole pictures kept a second, to be scored.
const KEPT_A_SECOND: u32 = 6;

/// Between being ready and the click, so that what starting cost is over.
const BREATH: Duration = Duration::from_secs(1);

/// What happens, from either end.
enum Event {
    /// The page told something.
    Told(usize, Value),
    /// The other end's words arrived over the link.
    Carried(usize, String),
}

/// One end of the call.
struct End {
    browser: Browser,
    talk: Talk,
    record: Record,
    meter: Meter,
    _held: Option<HalfCore>,
}

/// Holds one call; everything about it lies in the folder afterwards.
pub(super) fn hold(with: &Equipment, program: &Path, plan: &Plan, folder: &Path) -> Result<()> {
    let folder = &folder.canonicalize()?;
    fs::write(folder.join("pair.html"), PAGE)?;
    let lab = Lab::up(&with.laboratory, &plan.profile, plan.seed)?;
    let address = lab.server_address()?;
    let house = lab.place("S");
    // It tells both their addresses, as it does our programs.
    let server = Server::start(&with.programs, &house, &folder.join("server"), &format!("{address}:8443"))?;
    let carrier = wire::listen(&house, ["carry", &format!("{address}:8444")])?;
    let (happens, events) = mpsc::channel();
    let mut ends = Vec::new();
    for (index, (name, host)) in ENDS.into_iter().enumerate() {
        let own = folder.join(format!("browser-{name}"));
        fs::create_dir_all(&own)?;
        let footage = &with.footage(plan.is_tall)[index];
        let held = plan.half_core.then(|| HalfCore::new(&format!("browser-{name}"))).transpose()?;
        let free = lab.place(host);
        let place = held.as_ref().map_or_else(|| free.clone(), |held| held.around(&free));
        let (told, carried) = (happens.clone(), happens.clone());
        let talk = Talk::start(&free, &format!("{address}:8444"), move |line| {
            let _ = carried.send(Event::Carried(index, line));
        })?;
        let mut flags = chromium::flags(&own.join("profile"), &footage.film, &footage.voice);
        // The two find each other by addresses alone, as our apps do.
        flags.push("--disable-features=WebRtcHideLocalIpsWithMdns".into());
        let browser = Browser::open(program, &place, &own, &flags, &folder.join("pair.html"), move |what| {
            let _ = told.send(Event::Told(index, what));
        });
        let browser = browser.with_context(|| format!("the {name}'s browser"))?;
        let record = Record::new(folder, name)?;
        let meter = Meter::start(lab.namespace(host), "chrom");
        ends.push(End { browser, talk, record, meter, _held: held });
    }
    let (width, height) = if plan.is_tall { (1280, 720) } else { (640, 360) };
    let wish = json!({ "width": width, "height": height, "stun": format!("stun:{address}:8443"),
        "kept_per_second": KEPT_A_SECOND, "keeps_pictures": !plan.is_tall });
    for end in &ends {
        end.browser.evaluate(&format!("pair.prepare({wish})"))?;
    }
    pump(&mut ends, &events, BREATH)?;
    lab.restart()?;
    let link_started = unix_ms() / 1e3;
    // The clinician's, as the admission is with us.
    ends[0].browser.run("pair.click()")?;
    let seconds = Duration::from_secs(plan.seconds.into());
    let before = plan.cut.map_or(seconds, |cut| Duration::from_secs(cut.at.into()));
    pump(&mut ends, &events, before)?;
    let cut = plan.cut.map(|cut| cut.make(&lab, link_started)).transpose()?;
    pump(&mut ends, &events, seconds.saturating_sub(before))?;
    fs::write(folder.join("link.json"), lab.stats()?)?;
    let ended = unix_ms();
    for end in &ends {
        end.browser.evaluate("pair.hangUp()")?;
    }
    pump(&mut ends, &events, Duration::from_millis(500))?;
    drop((carrier, server));
    let Some(click) = ends[0].record.mark("click") else { bail!("nobody could click: {:?}", ends[0].record.faults) };
    let files = write(ends, with, plan, click, ended)?;
    plan.note(folder, link_started, cut, files)
}

/// Carries and keeps what happens, for so long.
fn pump(ends: &mut [End], events: &Receiver<Event>, span: Duration) -> Result<()> {
    let until = Instant::now() + span;
    while let Ok(event) = events.recv_timeout(until.saturating_duration_since(Instant::now())) {
        interrupt::check()?;
        match event {
            Event::Told(index, what) => {
                let end = &mut ends[index];
                if let Some(signal) = end.record.take(what)? {
                    end.talk.send(&signal.to_string())?;
                }
            }
            // It is JSON, and JSON is an expression.
            Event::Carried(index, line) => ends[index].browser.run(&format!("pair.onSignal({line})"))?,
        }
    }
    thread::sleep(until.saturating_duration_since(Instant::now()));
    Ok(())
}

/// Ends both browsers and writes what each has seen; gives the files of each.
fn write(ends: Vec<End>, with: &Equipment, plan: &Plan, click: f64, ended: f64) -> Result<Value> {
    let captured: Vec<_> = ends.iter().map(|end| end.record.captured()).collect();
    let mut files = serde_json::Map::new();
    for (index, end) in ends.into_iter().enumerate() {
        let End { browser, talk, record, meter, _held } = end;
        let used = meter.finish();
        drop((browser, talk));
        let mut written = record.write(click, ended, &captured[1 - index], &used)?;
        written["camera"] = json!(with.footage(plan.is_tall)[index].film);
        record.faults.iter().for_each(|fault| say(format_args!("  in the page: {fault}")));
        files.insert(ENDS[index].0.to_owned(), written);
    }
    Ok(Value::Object(files))
}
