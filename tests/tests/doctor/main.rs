//! The check before a visit, against the real server, by networks that let less and less through; and the server's own.

#![allow(clippy::unwrap_used, reason = "all of this crate is a test, the helpers too")]

mod clinic;
mod lobby;
mod network;

use std::process::Command;

use session::doctor::{
    Clinic as Whom, Fault, Findings, LinkState, Outcome, Rate, Rates, Reason, Relay, Rung, Works, judge,
};

use xtask::programs::Programs;

use crate::clinic::{Clinic, examine};
use crate::network::{Network, Passes};

const RUNGS: [Rung; 5] = [Rung::Https, Rung::Stun, Rung::RelayUdp, Rung::RelayTcp, Rung::RelayTls];

fn working(found: &Findings) -> Vec<Rung> {
    RUNGS.into_iter().filter(|rung| found.works(*rung)).collect()
}

#[track_caller]
fn rates(found: &Findings) -> Rates {
    match found.rate {
        Rate::AtLeast(rates) => rates,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_everything_gets_through_everything_works_and_nobody_in_the_visit_hears_of_it() {
    let clinic = Clinic::opens().await;
    let link = clinic.link().await;
    let found = examine(Whom::Link(link.clone())).await;
    assert_eq!(working(&found), RUNGS, "{found:?}");
    assert_eq!((found.link, found.relay), (LinkState::Good, Relay::There));
    let seen: Vec<_> = found.trials.iter().filter_map(|trial| trial.seen).collect();
    assert!(seen.iter().all(|address| address.ip().is_loopback()) && !seen.is_empty(), "{seen:?}");
    let Rates { up, down } = rates(&found);
    assert!(up.as_kbps() > 0 && down.as_kbps() > 0);
    assert!(found.packets.is_some_and(|packets| packets.answered > 0));
    assert_eq!(found.clock_ahead_secs.map(|ahead| ahead.abs() < 60), Some(true));
    assert_eq!(judge(&found).works, Works::PictureAndVoice, "{:?}", judge(&found));
    assert_eq!(clinic.guests().await, 0, "a check joins nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_link_the_ways_are_found_and_the_rate_is_not() {
    let clinic = Clinic::opens().await;
    let found = examine(clinic.by_address(clinic.address().port())).await;
    assert_eq!((working(&found), found.link, found.rate), (RUNGS.to_vec(), LinkState::Unknown, Rate::NotAsked));
    assert_eq!(found.relay, Relay::Unknown);
    let found = examine(clinic.by_account()).await;
    rates(&found);
    assert_eq!(found.relay, Relay::There);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_datagrams_do_not_get_through_streams_do() {
    let clinic = Clinic::opens().await;
    let network = Network::before(clinic.address(), Passes::Streams).await;
    let found = examine(Whom::Link(clinic.link_by(network.port).await)).await;
    assert_eq!(working(&found), [Rung::Https, Rung::RelayTcp, Rung::RelayTls], "{found:?}");
    let verdict = judge(&found);
    assert_eq!(verdict.works, Works::PictureAndVoice);
    assert_eq!(verdict.reasons, [Reason::DatagramsBlocked { tls: true }]);
    assert_eq!(verdict.exit(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_web_pages_get_through_there_is_no_visit() {
    let clinic = Clinic::opens().await;
    let network = Network::before(clinic.address(), Passes::WebPages).await;
    let found = examine(Whom::Link(clinic.link_by(network.port).await)).await;
    assert_eq!(working(&found), [Rung::Https], "{found:?}");
    let verdict = judge(&found);
    assert_eq!((verdict.reasons.as_slice(), verdict.exit()), (&[Reason::MediaBlocked][..], 2));
}

/// Nobody named the number to the program: it is learned from the link, and stands where it is needed.
#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_works_the_program_names_the_telephone_number_of_whose_link_it_was_given() {
    const PHONE: &str = "+1 555 0100";
    let clinic = Clinic::with_phone(PHONE).await;
    let network = Network::before(clinic.address(), Passes::WebPages).await;
    let says = async |link: trust::Link| {
        let mut command = Command::new(&Programs::for_tests().unwrap().app);
        command.arg("doctor").arg(link.to_string()).args(["--language", "en"]);
        command.args(["--camera", "none", "--microphone", "none", "--speaker", "none"]);
        // By whatever proxy this machine goes, no test does.
        for variable in ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            command.env_remove(variable).env_remove(variable.to_ascii_lowercase());
        }
        command.env_remove("XDG_CURRENT_DESKTOP");
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (exit, blocked) = says(clinic.link_by(network.port).await).await;
    assert_eq!(exit, Some(2), "{blocked}");
    assert!(blocked.contains("Visits are blocked by this network.") && blocked.contains(PHONE), "{blocked}");
    let (_, well) = says(clinic.link().await).await;
    assert!(!well.contains(PHONE), "who reads that it works needs no telephone: {well}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thin_link_is_told_by_its_direction() {
    let clinic = Clinic::opens().await;
    let network = Network::before(clinic.address(), Passes::ThinUp { bytes_a_second: 5_000 }).await;
    let found = examine(Whom::Link(clinic.link_by(network.port).await)).await;
    let rates = rates(&found);
    // What the network lets through is the most; how much less a busy machine measures is not the point.
    assert!((1..=60).contains(&rates.up.as_kbps()), "{rates:?}");
    assert!(rates.down > rates.up, "{rates:?}");
    let verdict = judge(&found);
    assert!(verdict.works < Works::PictureAndVoice, "{verdict:?}");
    assert!(verdict.reasons.contains(&Reason::ThinUp(rates.up.as_kbps())), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_in_the_clinics_place_is_told_apart() {
    let clinic = Clinic::opens().await;
    let portal = Network::portal().await;
    let found = examine(clinic.by_address(portal.port)).await;
    assert_eq!(judge(&found).reasons, [Reason::Stranger], "{found:?}");
    let nobody = Network::nobody().await;
    let found = examine(clinic.by_address(nobody)).await;
    assert_eq!(judge(&found).reasons, [Reason::ServerRefuses], "{found:?}");
    let other = Clinic::opens().await;
    let found = examine(clinic.by_address(other.address().port())).await;
    assert_eq!(judge(&found).reasons, [Reason::OtherCertificate], "{found:?}");
    assert_eq!(judge(&found).exit(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_leads_nowhere_is_told_in_the_best_of_networks() {
    let (clinic, other) = (Clinic::opens().await, Clinic::opens().await);
    let (link, elsewhere) = (clinic.link().await, other.link().await);
    let mistaken = trust::Link { invite: elsewhere.invite, secret: elsewhere.secret, ..link.clone() };
    let found = examine(Whom::Link(mistaken)).await;
    assert_eq!((found.link, judge(&found).reasons), (LinkState::Unusable, vec![Reason::LinkUnusable]));
    clinic.end_the_visit().await;
    let found = examine(Whom::Link(link)).await;
    assert_eq!((found.link, judge(&found).reasons), (LinkState::Ended, vec![Reason::VisitOver]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_relays_nothing_is_told_from_a_network_that_lets_nothing_through() {
    let clinic = Clinic::without_a_relay().await;
    let found = examine(Whom::Link(clinic.link().await)).await;
    assert_eq!((working(&found), found.relay), (vec![Rung::Https, Rung::Stun], Relay::None));
    assert_eq!(judge(&found).reasons, [Reason::NoRelay]);
    // Who has no link finds that out too: something answers there, and not as a relay.
    let found = examine(clinic.by_address(clinic.address().port())).await;
    assert_eq!(judge(&found).reasons, [Reason::NoRelay], "{found:?}");
    let tls = found.trials.iter().find(|trial| trial.rung == Rung::RelayTls).map(|trial| trial.outcome);
    assert_eq!(tls, Some(Outcome::Fails { why: Fault::NoRelay }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_own_doctor_asks_the_server_that_runs() {
    let clinic = Clinic::opens().await;
    let checkup = server::doctor::doctor(&clinic.config(), None).await;
    let answers: Vec<_> = checkup.checks.iter().filter(|check| check.what == "answers").collect();
    assert!(checkup.running && answers.len() == 1, "{}", checkup.page());
    assert_eq!(answers[0].state, server::doctor::State::Good, "{}", checkup.page());
    // A name that leads to the server is asked too, and one that leads nowhere is only a warning: it may be the router.
    let checkup = server::doctor::doctor(&clinic.config(), Some("clinic.invalid")).await;
    let named = checkup.checks.iter().find(|check| check.what == "answers" && check.says.contains("clinic.invalid"));
    assert_eq!(named.map(|check| check.state), Some(server::doctor::State::Warning), "{}", checkup.page());
}
