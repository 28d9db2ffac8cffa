//! `housecall doctor`: the check before a visit, in a terminal.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use ::doctor::{Findings, Verdict};
use anyhow::{Context, Result};
use session::doctor::{Clinic, DoctorConfig, DoctorEvent, TellDoctor, judge};
use session::{PatternKind, ToneKind};
use ui::{Language, Settings};

use crate::EXIT_USAGE;
use crate::arguments::DoctorArguments;
use crate::headless::{account, camera, complain, first_line, microphone, speaker};

pub(crate) fn run(arguments: DoctorArguments) -> ExitCode {
    match try_run(arguments) {
        Ok(exit) => ExitCode::from(exit),
        // Not 1: that is a verdict here.
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(EXIT_USAGE)
        }
    }
}

fn try_run(arguments: DoctorArguments) -> Result<u8> {
    let (json, phone) = (arguments.json, arguments.phone.clone());
    let language = arguments.spoken.languages().spoken(&Settings::default());
    let config = configure(arguments)?;
    let tell: TellDoctor =
        if json { Arc::new(|_| {}) } else { Arc::new(move |event| print(&progress(language, event))) };
    let findings = session::doctor::run(config, tell)?;
    let verdict = judge(&findings);
    if json {
        print(&as_json(&findings, &verdict)?);
    } else {
        print("");
        let phone = phone.as_deref().or(findings.phone.as_deref());
        print(&ui::doctor_verdict(language, &verdict, findings.port, phone));
        print("");
        print(ui::doctor_page(language, &findings).trim_end());
    }
    Ok(verdict.exit())
}

fn configure(arguments: DoctorArguments) -> Result<DoctorConfig> {
    let DoctorArguments { link, link_file, server, pin, user, password_file, totp_file, .. } = arguments;
    let link = match (link, link_file) {
        (Some(link), _) => Some(link.0),
        (None, Some(path)) => Some(first_line("the link", &path)?),
        (None, None) => None,
    };
    let clinic = match (link, server, user.zip(password_file)) {
        (Some(link), ..) => Clinic::Link(link.trim().parse().context("the link cannot be used")?),
        (None, Some(server), Some((user, password))) => {
            Clinic::Account(account(server, pin, user, &password, totp_file.as_deref())?)
        }
        (None, Some(address), None) => Clinic::Server { address, pin },
        (None, None, _) => anyhow::bail!("give a visit's link, or --server"),
    };
    Ok(DoctorConfig {
        clinic,
        proxies: arguments.network.proxies(),
        camera: camera(arguments.devices.camera, PatternKind::Patient),
        microphone: microphone(arguments.devices.microphone, ToneKind::Patient),
        speaker: speaker(arguments.devices.speaker),
    })
}

/// One line for what was just found out.
fn progress(language: Language, event: &DoctorEvent) -> String {
    match event {
        DoctorEvent::Trial(trial) => {
            let (rung, came) = (ui::rung_name(language, trial.rung), ui::came_of_it(language, trial.outcome));
            format!("{rung} ({}): {came}", trial.with)
        }
        DoctorEvent::Packets(packets) => ui::packets_came_back(language, packets),
        DoctorEvent::Rates(rates) => ui::rates_found(language, rates),
        DoctorEvent::Device(device) => ui::device_tried(language, device.kind, device.outcome),
    }
}

fn as_json(findings: &Findings, verdict: &Verdict) -> Result<String> {
    let exit = verdict.exit();
    let all = serde_json::json!({ "exit": exit, "verdict": verdict, "findings": findings });
    serde_json::to_string_pretty(&all).context("what was found cannot be put into JSON")
}

/// Who closed the terminal reads nothing any more.
fn print(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}
