use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::findings::{DeviceTrial, Outcome, Packets, Rate, Rates, Trial};

/// A network in which all is well.
fn well() -> Findings {
    let works = |rung| trial(rung, Way::Straight, Ok(20));
    Findings {
        host: "clinic.example".to_owned(),
        port: 443,
        proxy: None,
        proxy_script: None,
        phone: None,
        has_way_out: true,
        relay_only: false,
        trials: [Rung::Https, Rung::Stun, Rung::RelayUdp, Rung::RelayTcp, Rung::RelayTls].map(works).to_vec(),
        relay: Relay::There,
        link: LinkState::Good,
        packets: Some(Packets { sent: 40, answered: 40, round_trip_ms: 20, slowest_ms: 31 }),
        rate: Rate::AtLeast(Rates { up: DataRate::from_kbps(2_000), down: DataRate::from_kbps(4_000) }),
        clock_ahead_secs: Some(1),
        devices: DeviceKind::ALL
            .map(|kind| DeviceTrial { kind, outcome: DeviceOutcome::Works, detail: String::new() })
            .to_vec(),
    }
}

fn trial(rung: Rung, way: Way, outcome: Result<u64, Fault>) -> Trial {
    let outcome = outcome.map_or_else(|why| Outcome::Fails { why }, |took_ms| Outcome::Works { took_ms });
    Trial { rung, way, with: "192.0.2.1:443".to_owned(), outcome, seen: None }
}

/// The same where these fail so.
fn without(rungs: &[Rung], why: Fault) -> Findings {
    let mut found = well();
    for trial in found.trials.iter_mut().filter(|trial| rungs.contains(&trial.rung)) {
        trial.outcome = Outcome::Fails { why };
    }
    if rungs.contains(&Rung::Https) {
        (found.rate, found.link, found.clock_ahead_secs) = (Rate::NotAsked, LinkState::Unknown, None);
    }
    if rungs.contains(&Rung::Stun) {
        found.packets = None;
    }
    found
}

const DATAGRAMS: [Rung; 2] = [Rung::Stun, Rung::RelayUdp];
const ALL: [Rung; 5] = [Rung::Https, Rung::Stun, Rung::RelayUdp, Rung::RelayTcp, Rung::RelayTls];

/// What it comes to: what works, why not more, the exit status.
fn verdict(found: &Findings) -> (Works, Vec<Reason>, u8) {
    let Verdict { works, reasons, .. } = judge(found);
    let exit = judge(found).exit();
    (works, reasons, exit)
}

#[test]
fn where_all_is_well_nothing_is_said() {
    assert_eq!(verdict(&well()), (Works::PictureAndVoice, vec![], 0));
    assert_eq!(judge(&well()).notes, []);
}

#[test]
fn where_datagrams_do_not_get_through_media_goes_by_streams() {
    let found = without(&DATAGRAMS, Fault::Silent);
    assert_eq!(verdict(&found), (Works::PictureAndVoice, vec![Reason::DatagramsBlocked { tls: true }], 1));
    let web_alone = without(&[Rung::Stun, Rung::RelayUdp, Rung::RelayTcp], Fault::Silent);
    assert_eq!(verdict(&web_alone), (Works::PictureAndVoice, vec![Reason::DatagramsBlocked { tls: true }], 1));
    let tcp_alone = without(&[Rung::Stun, Rung::RelayUdp, Rung::RelayTls], Fault::Broken);
    assert_eq!(verdict(&tcp_alone).1, [Reason::DatagramsBlocked { tls: false }]);
}

#[test]
fn who_hides_needs_a_relay_and_nothing_straight() {
    let hidden = |found| Findings { relay_only: true, packets: None, ..found };
    assert_eq!(verdict(&hidden(without(&[Rung::Stun], Fault::Silent))), (Works::PictureAndVoice, vec![], 0));
    let by_tls = hidden(without(&[Rung::RelayUdp, Rung::RelayTcp], Fault::Silent));
    assert_eq!(verdict(&by_tls), (Works::PictureAndVoice, vec![Reason::DatagramsBlocked { tls: true }], 1));
    let none = without(&[Rung::RelayUdp, Rung::RelayTcp, Rung::RelayTls], Fault::NoRelay);
    assert_eq!(verdict(&none), (Works::PictureAndVoice, vec![Reason::NoRelay], 1), "straight it would go");
    assert_eq!(verdict(&hidden(none)), (Works::Nothing, vec![Reason::NothingHides], 2));
}

#[test]
fn of_relays_that_were_not_asked_nothing_is_said() {
    let found = Findings { relay: Relay::Elsewhere, ..without(&ALL[1..], Fault::Silent) };
    assert_eq!(verdict(&found), (Works::PictureAndVoice, vec![], 0));
}

#[test]
fn where_only_web_pages_get_through_there_is_no_visit() {
    let found = without(&[Rung::Stun, Rung::RelayUdp, Rung::RelayTcp, Rung::RelayTls], Fault::Silent);
    assert_eq!(verdict(&found), (Works::Nothing, vec![Reason::MediaBlocked], 2));
}

#[test]
fn a_proxy_is_the_way_that_counts() {
    let mut found = without(&[Rung::Https, Rung::Stun, Rung::RelayUdp, Rung::RelayTcp, Rung::RelayTls], Fault::Silent);
    found.proxy = Some("proxy.example:3128".to_owned());
    found.trials.push(trial(Rung::Https, Way::Proxy, Ok(60)));
    found.trials.push(trial(Rung::RelayTcp, Way::Proxy, Err(Fault::Proxy)));
    found.trials.push(trial(Rung::RelayTls, Way::Proxy, Ok(70)));
    assert_eq!(verdict(&found), (Works::PictureAndVoice, vec![Reason::DatagramsBlocked { tls: true }], 1));
    assert_eq!(judge(&found).notes, [Note::RateNotAsked, Note::ByProxy]);
    // And what would work without it does not help who has to go by it.
    let mut found = well();
    found.proxy = Some("proxy.example:3128".to_owned());
    found.trials.push(trial(Rung::Https, Way::Proxy, Err(Fault::Proxy)));
    assert_eq!(verdict(&found), (Works::Nothing, vec![Reason::ProxyBlocks], 2));
}

#[test]
fn a_proxy_script_that_cannot_be_used_is_the_reason_only_where_nobody_is_reached_without() {
    let endless = Some(ScriptFault::Endless);
    for why in [Fault::Silent, Fault::NameUnknown, Fault::Refused, Fault::ProxyScript] {
        let found = Findings { proxy_script: endless, ..without(&ALL, why) };
        assert_eq!(verdict(&found), (Works::Nothing, vec![Reason::ProxyScript(ScriptFault::Endless)], 2), "{why:?}");
    }
    let found = Findings { proxy_script: endless, ..without(&ALL, Fault::Stranger) };
    assert_eq!(verdict(&found).1, [Reason::Stranger], "who answers was reached");
    let found = Findings { proxy_script: endless, ..well() };
    assert_eq!(verdict(&found).2, 0);
    assert!(judge(&found).notes.contains(&Note::ProxyScript(ScriptFault::Endless)));
}

#[test]
fn why_the_server_is_not_reached_is_told_apart() {
    for (why, reason) in [
        (Fault::NameUnknown, Reason::NameUnknown),
        (Fault::Silent, Reason::ServerSilent),
        (Fault::NoRoute, Reason::ServerSilent),
        (Fault::Refused, Reason::ServerRefuses),
        (Fault::OtherCertificate, Reason::OtherCertificate),
        (Fault::Untrusted, Reason::UntrustedCertificate),
        (Fault::TooOldTls, Reason::TooOldTls),
        (Fault::Stranger, Reason::Stranger),
        (Fault::Broken, Reason::ServerBroken),
    ] {
        assert_eq!(verdict(&without(&ALL, why)), (Works::Nothing, vec![reason], 2), "{why:?}");
        // What else gets through is no visit either.
        assert_eq!(verdict(&without(&[Rung::Https], why)), (Works::Nothing, vec![reason], 2), "{why:?}");
    }
}

#[test]
fn a_machine_in_no_network_hears_that_and_not_that_the_server_is_silent() {
    for why in [Fault::NameUnknown, Fault::NoRoute, Fault::Silent] {
        let found = Findings { has_way_out: false, ..without(&ALL, why) };
        assert_eq!(verdict(&found), (Works::Nothing, vec![Reason::NoNetwork], 2));
    }
    // A server on this very machine needs no way out.
    assert_eq!(verdict(&Findings { has_way_out: false, ..well() }).2, 0);
}

#[test]
fn where_names_are_asked_in_vain_that_is_said_whatever_waited_for_them() {
    let mut found = without(&ALL, Fault::Silent);
    assert_eq!(verdict(&found).1, [Reason::ServerSilent]);
    for trial in found.trials.iter_mut().filter(|trial| DATAGRAMS.contains(&trial.rung)) {
        trial.outcome = Outcome::Fails { why: Fault::NameUnknown };
    }
    assert_eq!(verdict(&found).1, [Reason::NameUnknown]);
}

#[test]
fn a_family_that_leads_nowhere_harms_nothing_and_the_telling_answer_is_told() {
    let mut found = well();
    for rung in ALL {
        found.trials.push(trial(rung, Way::Straight, Err(Fault::NoRoute)));
    }
    assert_eq!(verdict(&found).2, 0);
    let mut found = without(&ALL, Fault::Refused);
    found.trials.push(trial(Rung::Https, Way::Straight, Err(Fault::NoRoute)));
    found.trials.push(trial(Rung::Https, Way::Straight, Err(Fault::Silent)));
    assert_eq!(verdict(&found).1, [Reason::ServerRefuses]);
}

#[test]
fn a_thin_link_is_told_by_its_direction() {
    let thin = |up, down| Findings {
        rate: Rate::AtLeast(Rates { up: DataRate::from_kbps(up), down: DataRate::from_kbps(down) }),
        ..well()
    };
    assert_eq!(verdict(&thin(60, 4_000)), (Works::StillPictures, vec![Reason::ThinUp(60)], 1));
    assert_eq!(verdict(&thin(2_000, 24)), (Works::Voice, vec![Reason::ThinDown(24)], 1));
    assert_eq!(verdict(&thin(24, 60)), (Works::Voice, vec![Reason::ThinUp(24), Reason::ThinDown(60)], 1));
    assert_eq!(verdict(&thin(2, 2)), (Works::Nothing, vec![Reason::ThinUp(2), Reason::ThinDown(2)], 2));
    let forty = verdict(&thin(40, 40));
    assert!(forty.0 < Works::PictureAndVoice && forty.0 > Works::Nothing, "{forty:?}");
}

#[test]
fn losses_and_distance_are_told() {
    let packets = |answered, round_trip_ms| Findings {
        packets: Some(Packets { sent: 40, answered, round_trip_ms, slowest_ms: round_trip_ms }),
        ..well()
    };
    assert_eq!(verdict(&packets(39, 20)).2, 0, "one of forty is chance");
    assert_eq!(verdict(&packets(36, 20)), (Works::PictureAndVoice, vec![Reason::LosesPackets(10)], 1));
    assert_eq!(verdict(&packets(24, 20)), (Works::Voice, vec![Reason::LosesPackets(40)], 1));
    assert_eq!(verdict(&packets(40, 640)), (Works::PictureAndVoice, vec![Reason::FarAway(640)], 1));
}

#[test]
fn without_a_relay_visits_go_straight_or_not_at_all() {
    let relays = [Rung::RelayUdp, Rung::RelayTcp, Rung::RelayTls];
    let none = Findings { relay: Relay::None, ..without(&relays, Fault::NoRelay) };
    assert_eq!(verdict(&none), (Works::PictureAndVoice, vec![Reason::NoRelay], 1));
    let nobody_said = Findings { relay: Relay::Unknown, ..without(&relays, Fault::NoRelay) };
    assert_eq!(verdict(&nobody_said).1, [Reason::NoRelay]);
    let blocked = without(&relays, Fault::Silent);
    assert_eq!(verdict(&blocked).1, [Reason::RelayBlocked]);
    let mut nothing = Findings { relay: Relay::None, ..without(&ALL[1..], Fault::Silent) };
    assert_eq!(verdict(&nothing), (Works::Nothing, vec![Reason::MediaBlocked], 2));
    nothing.relay = Relay::Unknown;
    assert_eq!(verdict(&nothing).0, Works::Nothing);
}

#[test]
fn a_link_that_leads_nowhere_is_no_visit_in_the_best_of_networks() {
    for (link, reason) in [
        (LinkState::Unusable, Reason::LinkUnusable),
        (LinkState::Expired, Reason::LinkExpired),
        (LinkState::Ended, Reason::VisitOver),
    ] {
        let found = Findings { link, rate: Rate::NotAsked, ..well() };
        assert_eq!(verdict(&found), (Works::Nothing, vec![reason], 2));
    }
    let no_link = Findings { link: LinkState::Unknown, rate: Rate::NotAsked, relay: Relay::Unknown, ..well() };
    assert_eq!((verdict(&no_link).2, judge(&no_link).notes), (0, vec![Note::RateNotAsked]));
    let often = Findings { rate: Rate::TooOften, ..well() };
    assert_eq!((verdict(&often).2, judge(&often).notes), (0, vec![Note::RateTooOften]));
}

#[test]
fn a_clock_is_wrong_by_minutes() {
    let off = |secs| Findings { clock_ahead_secs: Some(secs), ..well() };
    for right in [0, 119, -119] {
        assert_eq!(verdict(&off(right)).2, 0);
    }
    assert_eq!(verdict(&off(-7_200)), (Works::PictureAndVoice, vec![Reason::ClockWrong(-120)], 1));
    assert_eq!(verdict(&off(120)).1, [Reason::ClockWrong(2)]);
}

#[test]
fn a_device_that_does_not_work_is_said_beside_what_the_network_carries() {
    let mut found = well();
    found.devices[0].outcome = DeviceOutcome::Trouble(DeviceTrouble::Busy);
    found.devices[1].outcome = DeviceOutcome::Silent;
    found.devices[2].outcome = DeviceOutcome::Unwanted;
    let reasons = vec![Reason::Device(found.devices[0].kind, DeviceTrouble::Busy), Reason::SilentMicrophone];
    assert_eq!(verdict(&found), (Works::PictureAndVoice, reasons, 1));
}

prop_compose! {
    fn any_outcome()(works in any::<bool>(), why in 0_usize..6) -> Outcome {
        let faults = [Fault::Silent, Fault::Refused, Fault::NoRoute, Fault::Broken, Fault::NoRelay, Fault::Untrusted];
        if works { Outcome::Works { took_ms: 9 } } else { Outcome::Fails { why: faults[why] } }
    }
}

proptest! {
    /// Whatever is found: who reads that nothing works reads why, no reason stands twice, and one more thing that works never
    /// makes it worse.
    #[test]
    fn every_verdict_has_its_reason(
        outcomes in prop::collection::vec(any_outcome(), 5), up in 1_u64..3_000, down in 1_u64..3_000,
        answered in 1_u32..=40, relay in 0_usize..3, mended in 0_usize..5,
    ) {
        let mut found = well();
        for (trial, outcome) in found.trials.iter_mut().zip(&outcomes) {
            trial.outcome = *outcome;
        }
        found.relay = [Relay::There, Relay::Unknown, Relay::None][relay];
        found.rate = Rate::AtLeast(Rates { up: DataRate::from_kbps(up), down: DataRate::from_kbps(down) });
        found.packets = Some(Packets { sent: 40, answered, round_trip_ms: 40, slowest_ms: 90 });
        let before = judge(&found);
        prop_assert!(before.works == Works::PictureAndVoice || !before.reasons.is_empty());
        prop_assert_eq!(before.reasons.iter().collect::<HashSet<_>>().len(), before.reasons.len());
        found.trials[mended].outcome = Outcome::Works { took_ms: 9 };
        prop_assert!(judge(&found).works >= before.works);
    }
}
