//! Two apps' engines and the server's visits against each other, in virtual time, over bad networks.
//!
//! Nothing here opens a socket: [`call::Call`] and [`server::visits::Visits`] are the product's own, everything between
//! them is a model. Each seed is another weather, another day. What must hold for every one of them:
//!
//! - nobody hears anybody before a person has admitted them, whatever the server says;
//! - no gate opens before that either;
//! - whoever is denied is gone at the server, and nobody who is heard is replaced without somebody's intent;
//! - once the network has calmed down, those who were admitted hear each other;
//! - both sides tell the same story of the visit;
//! - every visit ends, at both apps and at the server;
//! - a clinician without the link's key, and a connection with another certificate, never connect.

#![allow(clippy::unwrap_used, reason = "all of this crate is a test, the helpers too")]

mod app;
mod carrier;
mod clinic;
mod connection;
mod day;
mod path;
mod plan;
mod roaming;
mod witness;
mod world;

use std::time::Duration;

use call::{EndReason, Phase, Refusal};
use plan::{Lie, Plan, Who};
use signaling_protocol::VisitState;
use world::World;

/// Runs these seeds of this weather through a whole visit.
fn run(seeds: std::ops::Range<u64>, weather: fn(u64) -> Plan) {
    for seed in seeds {
        let plan = weather(seed);
        let calm = plan.calm_before_the_end;
        let mut world = World::new(plan);
        world.run_until_hang_up();
        if calm {
            world.assert_both_live();
        }
        world.hang_up_and_run_to_the_end();
        world.assert_everything_is_over();
        world.assert_same_story();
    }
}

macro_rules! seeds {
    ($($name:ident: $seeds:expr, $weather:expr;)*) => {
        $(#[test] fn $name() { run($seeds, $weather); })*
    };
}

// In pieces, so that they run side by side.
seeds! {
    a_quiet_day_is_the_same_visit_for_both: 0..100, Plan::quiet;
    messages_lost_late_and_twice_end_in_the_same_visit_1: 1_000..1_100, Plan::lossy;
    messages_lost_late_and_twice_end_in_the_same_visit_2: 1_100..1_200, Plan::lossy;
    broken_streams_and_restarts_of_the_server_end_in_the_same_visit_1: 2_000..2_100, Plan::broken_server;
    broken_streams_and_restarts_of_the_server_end_in_the_same_visit_2: 2_100..2_200, Plan::broken_server;
    lost_paths_and_changed_networks_end_in_the_same_visit_1: 3_000..3_100, Plan::lost_paths;
    lost_paths_and_changed_networks_end_in_the_same_visit_2: 3_100..3_200, Plan::lost_paths;
    networks_that_are_left_and_machines_that_sleep_end_in_the_same_visit_1: 11_000..11_100, Plan::roaming;
    networks_that_are_left_and_machines_that_sleep_end_in_the_same_visit_2: 11_100..11_200, Plan::roaming;
    killed_apps_that_are_started_again_end_in_the_same_visit: 4_000..4_100, Plan::killed_apps;
    everything_at_once_ends_in_the_same_visit_1: 5_000..5_100, Plan::everything;
    everything_at_once_ends_in_the_same_visit_2: 5_100..5_200, Plan::everything;
    hanging_up_in_the_middle_of_it_ends_the_visit_1: 6_000..6_100, Plan::hung_up_in_between;
    hanging_up_in_the_middle_of_it_ends_the_visit_2: 6_100..6_200, Plan::hung_up_in_between;
    connections_that_fail_or_are_never_made_end_in_the_same_visit_1: 8_000..8_050, Plan::faulty_connections;
    connections_that_fail_or_are_never_made_end_in_the_same_visit_2: 8_050..8_100, Plan::faulty_connections;
    a_slow_handshake_is_only_slow: 9_000..9_020, Plan::slow_handshake;
    a_server_that_is_away_for_long_in_the_call_ends_in_the_same_visit: 10_000..10_010, Plan::long_server_outage;
}

#[test]
fn a_clinician_without_the_links_key_never_connects() {
    for seed in 0..20 {
        let mut world = World::new(Plan { lie: Some(Lie::AnotherClinic), ..Plan::lossy(seed) });
        world.run_until_hang_up();
        let guest = world.app_of(Who::Guest);
        assert_eq!(world.phase(guest), Phase::Ended(EndReason::Refused(Refusal::WrongClinicKey)), "seed {seed}");
        assert!(!world.witness.was_connected(guest), "seed {seed}");
        world.hang_up_and_run_to_the_end();
        world.assert_everything_is_over();
    }
}

#[test]
fn a_server_that_says_admitted_by_itself_lets_nobody_hear_anybody() {
    for seed in 0..20 {
        let plan = Plan { lie: Some(Lie::Admitted), admits_after: None, ..Plan::lossy(seed) };
        let mut world = World::new(Plan { control_opens: seed % 2 == 0, ..plan });
        world.run_until_hang_up();
        assert!(world.witness.nobody_heard_anybody(), "seed {seed}");
        let (host, guest) = (world.app_of(Who::Host), world.app_of(Who::Guest));
        assert!(world.witness.was_connected(guest), "seed {seed}: the path was warm");
        assert!(!world.witness.opened_media(host), "seed {seed}: the host's gate stays closed");
        assert!(!world.witness.opened_media(guest), "seed {seed}: nor does the guest's");
        world.hang_up_and_run_to_the_end();
        world.assert_everything_is_over();
    }
}

#[test]
fn a_connection_with_another_certificate_is_refused_before_anything_is_heard() {
    for seed in 0..20 {
        let mut world = World::new(Plan { lie: Some(Lie::AnotherCertificate), ..Plan::quiet(seed) });
        world.run_until_hang_up();
        assert!(world.witness.nobody_heard_anybody(), "seed {seed}");
        let guest = world.app_of(Who::Guest);
        assert_eq!(world.phase(guest), Phase::Ended(EndReason::Refused(Refusal::FingerprintMismatch)), "seed {seed}");
        world.hang_up_and_run_to_the_end();
        world.assert_everything_is_over();
    }
}

#[test]
fn somebody_with_another_link_waits_and_hears_nothing() {
    for seed in 0..20 {
        let mut world = World::new(Plan { second_guest: true, ..Plan::lossy(seed) });
        world.run_until_hang_up();
        world.assert_both_live();
        let second = world.app_of(Who::SecondGuest);
        assert!(matches!(world.phase(second), Phase::WaitingRoom { .. }), "seed {seed}: {:?}", world.phase(second));
        assert!(!world.witness.heard_anybody(second), "seed {seed}");
        world.hang_up_and_run_to_the_end();
        world.assert_everything_is_over();
    }
}

#[test]
fn without_the_control_channel_no_gate_opens_and_both_are_told() {
    for seed in 7_000..7_020 {
        let mut world = World::new(Plan { hangs_up_at: plan::at(140.0), ..Plan::without_control_channel(seed) });
        world.run_until_hang_up();
        assert!(world.witness.nobody_heard_anybody(), "seed {seed}");
        for who in [Who::Host, Who::Guest] {
            let app = world.app_of(who);
            assert!(!world.witness.opened_media(app), "seed {seed}");
            assert!(world.phase(app).is_ended(), "seed {seed}: {:?}", world.phase(app));
        }
        let host = world.app_of(Who::Host);
        assert_eq!(world.phase(host), Phase::Ended(EndReason::HandshakeUnfinished), "seed {seed}");
    }
}

#[test]
fn somebody_who_is_denied_is_gone_and_the_visit_goes_on() {
    for seed in 0..40 {
        let mut world = World::new(Plan::denied_second(seed));
        world.run_until_hang_up();
        world.assert_both_live();
        assert!(!world.witness.denied.is_empty(), "seed {seed}: somebody was denied");
        world.assert_denied_are_gone();
        world.hang_up_and_run_to_the_end();
        world.assert_everything_is_over();
    }
}

#[test]
fn two_who_are_admitted_do_not_both_come_in() {
    for seed in 0..40 {
        let mut world = World::new(Plan::admits_two(seed));
        world.run_until_hang_up();
        world.assert_both_live();
        let second = world.app_of(Who::SecondGuest);
        assert!(!world.witness.heard_anybody(second), "seed {seed}");
        world.hang_up_and_run_to_the_end();
        world.assert_everything_is_over();
    }
}

#[test]
fn a_second_living_app_on_one_link_is_told_so_and_changes_nothing() {
    for seed in 0..20 {
        let mut world = World::new(Plan::second_living_app(seed, Who::Guest));
        world.run_until_hang_up();
        // Of the guest's apps, the first is the one in the call.
        let apps: Vec<_> = (0..world.apps.len()).filter(|app| world.apps[*app].who == Who::Guest).collect();
        assert!(matches!(world.phase(apps[0]), Phase::Live { .. }), "seed {seed}");
        let in_use = EndReason::Refused(Refusal::Server(signaling_protocol::Code::InviteInUse));
        assert_eq!(world.phase(apps[1]), Phase::Ended(in_use), "seed {seed}");
    }
}

#[test]
fn a_clinician_who_takes_over_on_another_device_goes_on_there() {
    for seed in 0..20 {
        let mut world = World::new(Plan::second_living_app(seed, Who::Host));
        world.run_until_hang_up();
        world.assert_both_live();
        let first = (0..world.apps.len()).find(|app| world.apps[*app].who == Who::Host).unwrap();
        assert_eq!(world.phase(first), Phase::Ended(EndReason::Removed), "seed {seed}");
    }
}

#[test]
fn a_server_that_dies_in_a_call_leaves_the_call_running() {
    for seed in 0..20 {
        let mut world = World::new(Plan::server_dies_in_the_call(seed));
        world.run_until_hang_up();
        world.assert_both_live();
        let (host, guest) = (world.app_of(Who::Host), world.app_of(Who::Guest));
        assert!(world.witness.never_reconnected(host) && world.witness.never_reconnected(guest), "seed {seed}");
    }
}

#[test]
fn from_admission_to_media_on_a_warm_path_is_one_request_and_one_word() {
    for seed in 0..20 {
        // Late enough for the path to be warm.
        let plan = Plan { admits_after: Some(Duration::from_secs(8)), ..Plan::quiet(seed) };
        let delay = plan.delay.end;
        let mut world = World::new(plan);
        world.run_until_hang_up();
        let took = world.witness.admission_took().expect("both heard each other");
        // The request there and back, the word, the first packets, and the model's own step.
        assert!(took <= delay * 4 + Duration::from_millis(300), "seed {seed}: {took:?} with {delay:?} a way");
    }
}

#[test]
fn a_lost_path_is_noticed_and_healed_in_time() {
    for seed in 0..20 {
        let plan = Plan::one_outage(seed, Duration::from_secs(60));
        // Where the address changed meanwhile, the server has to be found first to say so.
        let patience = Duration::from_secs(if plan.network_changes.is_empty() { 1 } else { 5 });
        let mut world = World::new(plan);
        world.run_until_hang_up();
        world.assert_both_live();
        let (noticed, healed) = world.witness.outage_took();
        assert!(noticed <= Duration::from_millis(3_500), "seed {seed}: noticed after {noticed:?}");
        assert!(healed <= patience, "seed {seed}: healed {healed:?} after the link's return");
    }
}

/// For how long either did not hear the other beyond this span without a network, in which nobody could; and one way through
/// it.
fn silence_beyond(span: Duration, plan: Plan) -> (Duration, Duration, World) {
    let delay = plan.delay.end;
    let mut world = World::new(plan);
    world.run_until_hang_up();
    world.assert_both_live();
    (world.witness.longest_silence.saturating_sub(span), delay, world)
}

#[test]
fn who_comes_to_another_network_is_heard_within_eleven_ways_through_it() {
    for seed in 0..40 {
        let gap = Duration::from_millis([0, 1_500, 30_000][seed as usize % 3]);
        let (silence, delay, world) = silence_beyond(gap, Plan::one_move(seed, gap));
        // The stream or the request, offer, answer and addresses, each up and down; the check there and back; the model's
        // own steps.
        let most = delay * 11 + Duration::from_millis(450);
        assert!(silence <= most, "seed {seed}: {silence:?} after {gap:?}, with {delay:?} a way");
        assert!(world.witness.restarts <= 2, "seed {seed}: {} restarts", world.witness.restarts);
    }
}

#[test]
fn a_network_that_comes_and_goes_is_no_storm_of_restarts() {
    for seed in 0..20 {
        let mut world = World::new(Plan::bad_cable(seed));
        world.run_until_hang_up();
        world.assert_both_live();
        // Twenty-one seconds of it.
        assert!(world.witness.restarts <= 24, "seed {seed}: {} restarts", world.witness.restarts);
    }
}

#[test]
fn a_machine_that_slept_is_heard_soon_after_it_woke() {
    for seed in 0..40 {
        let (silence, delay, _) = silence_beyond(Duration::from_secs(60), Plan::one_sleep(seed));
        let most = delay * 11 + Duration::from_millis(1_000);
        assert!(silence <= most, "seed {seed}: {silence:?} with {delay:?} a way");
    }
}

/// Offers of another path that a server kept were answered when the old path was back, by who had given it up for them, and the
/// answer passed over: five seconds of nothing.
#[test]
fn a_path_that_is_there_before_the_server_is_not_left_for_offers_of_long_ago() {
    for seed in 0..40 {
        let (silence, delay, world) = silence_beyond(Duration::from_secs(30), Plan::path_before_server(seed));
        let most = delay * 11 + Duration::from_millis(1_000);
        assert!(silence <= most, "seed {seed}: {silence:?} with {delay:?} a way");
        // The one that was offered while the guest slept.
        assert!(world.witness.restarts <= 1, "seed {seed}: {} restarts", world.witness.restarts);
    }
}

#[test]
fn an_app_that_is_killed_is_shown_as_what_it_is_within_five_seconds() {
    for seed in 0..20 {
        let mut world = World::new(Plan::one_kill(seed));
        world.run_until_hang_up();
        let took = world.witness.kill_shown_after().expect("it is shown");
        assert!(took <= Duration::from_secs(5), "seed {seed}: {took:?}");
    }
}

#[test]
fn an_app_that_the_server_forgot_in_the_waiting_room_waits_again() {
    for seed in 0..10 {
        let mut world = World::new(Plan::forgotten_while_waiting(seed));
        world.run_until_hang_up();
        world.assert_both_live();
        world.hang_up_and_run_to_the_end();
        world.assert_everything_is_over();
    }
}

#[test]
fn the_same_seed_is_the_same_day() {
    let story = |seed| {
        let mut world = World::new(Plan::everything(seed));
        world.run_until_hang_up();
        world.hang_up_and_run_to_the_end();
        (world.now(), world.witness.log())
    };
    assert_eq!(story(7), story(7));
    assert_ne!(story(7).1, story(8).1);
}

#[test]
fn a_visit_that_nobody_ends_ends_by_itself() {
    let mut world = World::new(Plan { hangs_up: None, ..Plan::quiet(1) });
    world.run_until_hang_up();
    world.kill_everybody();
    world.run_for(Duration::from_secs(25 * 60));
    assert_eq!(world.visit_state(), VisitState::Ended);
}
