//! What the voice's policy promises for every link, and what it does on some.

use proptest::prelude::*;

use super::super::plan::{overhead, red_overhead};
use super::*;

fn link(kbps: u64, loss: f32) -> VoiceLink {
    VoiceLink {
        share: DataRate::from_kbps(kbps),
        loss,
        loss_follows_loss: loss,
        round_trip: Some(Duration::from_millis(100)),
        takes_red: true,
        takes_dred: false,
    }
}

/// What a link that stays as it is comes to.
fn settled(link: VoiceLink) -> VoicePlan {
    let mut policy = VoicePolicy::new();
    for step in 0..400 {
        policy.decide(Timestamp::from_millis(step * 100), &link);
    }
    policy.plan()
}

/// How many whole copies of the voice are sent.
fn copies(plan: VoicePlan) -> f64 {
    match plan.redundancy {
        VoiceRedundancy::None => 1.0,
        VoiceRedundancy::InBand | VoiceRedundancy::Dred { .. } => 1.5,
        VoiceRedundancy::Red { copies, .. } => 1.0 + f64::from(copies),
    }
}

#[test]
fn where_there_is_room_the_voice_comes_in_short_packets_at_forty_kilobits() {
    let plan = settled(link(66, 0.0));
    assert_eq!((plan.packet_ms, plan.redundancy, plan.expected_loss), (20, VoiceRedundancy::None, 0.0));
    assert!((38..=40).contains(&plan.rate.as_kbps()), "{plan:?}");
}

#[test]
fn on_a_thin_link_packets_are_long_and_the_voice_whole() {
    let plan = settled(link(32, 0.0));
    assert_eq!((plan.packet_ms, plan.redundancy), (60, VoiceRedundancy::None));
    assert!(plan.rate.as_kbps() >= 22, "{plan:?}");
}

#[test]
fn losses_bring_copies_and_bursts_carry_them_farther() {
    let random = settled(link(32, 0.1));
    assert_eq!(random.packet_ms, 60);
    assert!(matches!(random.redundancy, VoiceRedundancy::Red { copies: 1, .. }), "{random:?}");
    // 60 ms of nothing at a time, counted on packets of 60 ms.
    let bursts = settled(VoiceLink { loss_follows_loss: 0.4, ..link(32, 0.1) });
    assert_eq!((bursts.packet_ms, bursts.redundancy), (60, VoiceRedundancy::Red { copies: 1, distance: 2 }));
}

#[test]
fn at_sixteen_kilobits_nothing_is_left_for_copies_and_below_packets_are_longest() {
    let plan = settled(link(16, 0.1));
    assert_eq!((plan.packet_ms, plan.redundancy), (60, VoiceRedundancy::None));
    assert!(plan.rate.as_kbps() >= 7 && plan.wire_rate() <= DataRate::from_kbps(16), "{plan:?}");
    assert_eq!(settled(link(13, 0.1)).packet_ms, 100);
}

#[test]
fn whole_copies_are_worth_more_than_outlines_to_who_takes_both() {
    let takes_both = |loss| settled(VoiceLink { takes_dred: true, ..link(32, loss) });
    for loss in [0.1, 0.2] {
        assert_eq!(takes_both(loss), settled(link(32, loss)), "{loss}");
    }
    let few = takes_both(0.03);
    assert!(
        matches!(few.redundancy, VoiceRedundancy::Dred { .. }),
        "few losses are no reason to halve the voice: {few:?}"
    );
}

#[test]
fn bursts_bring_outlines_to_who_takes_no_copies() {
    let bursts = VoiceLink { takes_red: false, takes_dred: true, loss_follows_loss: 0.5, ..link(32, 0.15) };
    assert!(matches!(settled(bursts).redundancy, VoiceRedundancy::Dred { .. }), "{:?}", settled(bursts));
    let none = VoiceLink { takes_red: false, takes_dred: true, ..link(32, 0.0) };
    assert_eq!(settled(none).redundancy, VoiceRedundancy::None);
}

#[test]
fn who_takes_no_red_gets_what_every_decoder_understands() {
    for kbps in [24, 32, 48, 66, 96] {
        let plan = settled(VoiceLink { takes_red: false, ..link(kbps, 0.1) });
        assert!(matches!(plan.redundancy, VoiceRedundancy::None | VoiceRedundancy::InBand), "{plan:?}");
        assert!(kbps < 32 || plan.redundancy == VoiceRedundancy::InBand, "{kbps}: {plan:?}");
    }
}

#[test]
fn a_link_far_away_is_not_made_farther_by_long_waits() {
    let near = settled(link(96, 0.03));
    let far = settled(VoiceLink { round_trip: Some(Duration::from_millis(600)), ..link(96, 0.03) });
    let waits = |plan: VoicePlan| Scheme { packet_ms: plan.packet_ms, redundancy: plan.redundancy }.delay();
    assert!(waits(far) <= waits(near), "{near:?} {far:?}");
}

#[test]
fn on_a_thin_link_far_away_the_copy_comes_with_the_next_packet() {
    // As 30 kbps with a fifth lost are counted: by chance a loss follows a loss a little more often.
    let thin = VoiceLink { loss_follows_loss: 0.26, round_trip: Some(Duration::from_millis(360)), ..link(22, 0.2) };
    let plan = settled(thin);
    assert_eq!((plan.packet_ms, plan.redundancy), (60, VoiceRedundancy::Red { copies: 1, distance: 1 }));
}

#[test]
fn losses_that_waver_do_not_change_the_voice_every_second() {
    let mut policy = VoicePolicy::new();
    let mut changes = 0;
    let mut before = policy.plan();
    for step in 0..3_000_u64 {
        // Between 1 and 7 % in waves of four seconds, as a short count of a steady 4 % looks.
        let loss = 0.04 + 0.03 * (step as f32 / 40.0 * std::f32::consts::TAU).sin();
        let plan = policy.decide(Timestamp::from_millis(step * 100), &link(40, loss));
        changes += u32::from(plan != before);
        before = plan;
    }
    assert!(changes <= 4, "{changes} changes in five minutes");
}

#[test]
fn what_is_said_now_is_protected_within_a_report_and_forgiven_slowly() {
    let mut policy = VoicePolicy::new();
    for step in 0..50 {
        policy.decide(Timestamp::from_millis(step * 100), &link(48, 0.0));
    }
    assert_eq!(policy.plan().redundancy, VoiceRedundancy::None);
    let plan = policy.decide(Timestamp::from_millis(5_100), &link(48, 0.2));
    assert_ne!(plan.redundancy, VoiceRedundancy::None, "{plan:?}");
    let plan = policy.decide(Timestamp::from_millis(5_200), &link(48, 0.0));
    assert_ne!(plan.redundancy, VoiceRedundancy::None, "not for one good report");
}

fn any_link() -> impl Strategy<Value = VoiceLink> {
    let share = (0.0..=1.0_f32, prop_oneof![Just(f32::NAN), -1.0..2.0_f32, 0.0..=1.0_f32]);
    (0_u64..200_000, share, prop::option::of(0_u64..5_000), any::<bool>(), any::<bool>()).prop_map(
        |(bps, (loss, follows), round_trip, takes_red, takes_dred)| VoiceLink {
            share: DataRate::from_bps(bps),
            loss,
            loss_follows_loss: follows,
            round_trip: round_trip.map(Duration::from_millis),
            takes_red,
            takes_dred,
        },
    )
}

proptest! {
    #[test]
    fn the_plan_is_valid_fits_its_share_and_asks_of_nobody_what_they_do_not_take(
        links in prop::collection::vec((any_link(), 0_u64..3_000), 1..40),
    ) {
        let mut policy = VoicePolicy::new();
        let mut now = 0;
        for (link, later) in links {
            now += later;
            let plan = policy.decide(Timestamp::from_millis(now), &link);
            prop_assert!([20, 40, 60, 100].contains(&plan.packet_ms));
            prop_assert!((6..=64).contains(&plan.rate.as_kbps()), "{:?}", plan);
            prop_assert!((0.0..=1.0).contains(&plan.expected_loss));
            // Below the leanest that libopus can do, the leanest it is.
            let leanest = LEAST + overhead(100);
            prop_assert!(plan.wire_rate() <= link.share.max(leanest), "{:?} {:?}", plan, link);
            match plan.redundancy {
                VoiceRedundancy::Red { copies, distance } => {
                    prop_assert!(link.takes_red && copies >= 1 && distance >= 1);
                    let each = plan.rate.saturating_sub(red_overhead(copies, plan.packet_ms)) * (1.0 / f64::from(copies + 1));
                    prop_assert!(each >= DataRate::from_kbps(5));
                }
                VoiceRedundancy::Dred { .. } => prop_assert!(link.takes_dred),
                VoiceRedundancy::None | VoiceRedundancy::InBand => {}
            }
        }
    }

    #[test]
    fn more_room_never_makes_a_worse_voice(kbps in 14_u64..100, more in 0_u64..60, loss in 0.0..0.3_f32) {
        let worth = |kbps: u64| {
            let link = link(kbps, loss);
            let plan = settled(link);
            let mut losses = Losses::none(20);
            losses.update(Timestamp::from_millis(60_000), loss, loss, 20);
            let scheme = Scheme { packet_ms: plan.packet_ms, redundancy: plan.redundancy };
            scheme.expected(link.share, &losses, Duration::from_millis(50)).unwrap_or(0.0)
        };
        prop_assert!(worth(kbps + more) >= worth(kbps) - WORTH_A_THOUGHT);
    }

    #[test]
    fn more_loss_never_takes_the_copies_away(kbps in 26_u64..100, loss in 0.0..0.2_f32, more in 0.0..0.2_f32) {
        let protected = |loss| copies(settled(link(kbps, loss))) > 1.0;
        prop_assert!(!protected(loss) || protected(loss + more));
    }
}
