use super::*;

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(1_000_000 + micros)
}

/// Follows the pacer's own timer and answers when each packet left (microseconds), what it was and its size.
fn run(pacer: &mut Pacer<&'static str>, for_micros: u64) -> Vec<(u64, &'static str, usize)> {
    let mut left = Vec::new();
    let mut now = at(0);
    while now <= at(for_micros) {
        while let Some(paced) = pacer.poll(now) {
            let micros = now.since(at(0)).as_micros() as u64;
            left.push(match paced {
                Paced::Packet { item, bytes, .. } => (micros, item, bytes),
                Paced::Padding { bytes, .. } => (micros, "padding", bytes),
            });
        }
        match pacer.poll_timeout(now) {
            Some(next) => {
                assert!(next > now, "the timer stands still");
                now = next;
            }
            None => break,
        }
    }
    left
}

#[test]
fn voice_leaves_at_once_whatever_waits() {
    let mut pacer = Pacer::new(DataRate::from_kbps(100));
    for _ in 0..20 {
        pacer.push(at(0), Class::Picture, 1_000, "picture");
    }
    while pacer.poll(at(0)).is_some() {}
    pacer.push(at(1), Class::Retransmission, 1_000, "again");
    pacer.push(at(1), Class::Voice, 100, "voice");
    assert!(matches!(pacer.poll(at(1)), Some(Paced::Packet { item: "voice", .. })));
    assert_eq!(pacer.poll(at(1)), None);
}

#[test]
fn retransmissions_go_before_new_picture() {
    let mut pacer = Pacer::new(DataRate::from_kbps(1_000));
    pacer.push(at(0), Class::Picture, 1_000, "picture");
    pacer.push(at(0), Class::Retransmission, 1_000, "again");
    let order: Vec<_> = run(&mut pacer, 100_000).into_iter().map(|(_, item, _)| item).collect();
    assert_eq!(order, ["again", "picture"]);
}

#[test]
fn picture_leaves_at_one_and_a_half_times_the_target() {
    let mut pacer = Pacer::new(DataRate::from_kbps(800));
    for _ in 0..151 {
        pacer.push(at(0), Class::Picture, 1_000, "picture");
    }
    assert!(pacer.backlog() > Duration::from_millis(990));
    let left = run(&mut pacer, 2_000_000);
    let last = left.last().expect("packets").0;
    assert_eq!(left.len(), 151);
    assert!((980_000..=1_000_000).contains(&last), "{last} µs");
    assert_eq!(pacer.poll_timeout(at(2_000_000)), None);
}

/// The voice of a thin link, 240 bytes each 60 ms, and single pictures in small packets; when each of these left,
/// and how much of the time the voice waited for them in a bottleneck of 64 kbps.
#[test]
fn single_pictures_leave_right_behind_the_voice_and_slower_than_the_target() {
    let mut pacer = Pacer::new(DataRate::from_kbps(54));
    pacer.set_known(at(0));
    for _ in 0..12 {
        pacer.push(at(0), Class::Slide, 234, "slide");
    }
    let (mut left, mut bottleneck, mut held) = (Vec::new(), 0_u64, 0_u64);
    for micros in (0..4_000_000_u64).step_by(1_000) {
        if micros % 60_000 == 0 {
            pacer.push(at(micros), Class::Voice, 240, "voice");
        }
        while let Some(Paced::Packet { item, bytes, .. }) = pacer.poll(at(micros)) {
            if item == "voice" {
                held = held.max(bottleneck.saturating_sub(micros));
            } else {
                assert!(micros % 60_000 <= 5_000, "between two words");
                left.push(micros);
            }
            bottleneck = bottleneck.max(micros) + bytes as u64 * 8_000 / 64;
        }
    }
    assert_eq!(left.len(), 12);
    let last = *left.last().expect("slides");
    assert!((1_300_000..2_900_000).contains(&last), "{last}: at what the voice leaves of the target");
    assert!(held <= 16_000, "the voice waited {held} µs");
}

#[test]
fn single_pictures_do_not_wait_for_a_voice_that_is_silent() {
    let mut pacer = Pacer::new(DataRate::from_kbps(60));
    pacer.set_known(at(0));
    for _ in 0..10 {
        pacer.push(at(0), Class::Slide, 375, "slide");
    }
    let left = run(&mut pacer, 2_000_000);
    assert_eq!(left.len(), 10);
    assert!((400_000..=450_000).contains(&left[9].0), "{left:?}");
    pacer.push(at(2_000_000), Class::Voice, 240, "last word");
    pacer.push(at(2_000_000), Class::Slide, 375, "slide");
    assert!(matches!(pacer.poll(at(2_000_000)), Some(Paced::Packet { item: "last word", .. })));
    pacer.push(at(2_000_001), Class::Slide, 375, "slide");
    let rest: Vec<u64> = (2_000_001..2_500_000)
        .step_by(1_000)
        .flat_map(|micros| std::iter::from_fn(|| pacer.poll(at(micros)).map(|_| micros)).collect::<Vec<_>>())
        .collect();
    assert_eq!(rest.len(), 2);
    assert!(rest[1] <= 2_160_000, "{rest:?}");
}

#[test]
fn single_pictures_wait_until_something_is_known_of_the_path_and_nothing_else_does() {
    let mut pacer = Pacer::new(DataRate::from_kbps(75));
    pacer.push(at(0), Class::Slide, 234, "slide");
    assert_eq!(run(&mut pacer, 1_000_000), []);
    pacer.push(at(1_000_000), Class::Voice, 240, "voice");
    pacer.push(at(1_000_000), Class::Retransmission, 100, "again");
    let left = std::iter::from_fn(|| pacer.poll(at(1_000_000))).count();
    assert_eq!((left, pacer.poll_timeout(at(1_000_000))), (2, None));
    pacer.set_known(at(1_100_000));
    pacer.push(at(1_120_000), Class::Voice, 240, "voice");
    assert_eq!(std::iter::from_fn(|| pacer.poll(at(1_120_000))).count(), 2);
}

#[test]
fn beside_a_voice_single_pictures_leave_at_sixteen_kilobits_whatever_is_believed() {
    let mut pacer = Pacer::new(DataRate::from_kbps(90));
    pacer.set_known(at(0));
    let mut bytes = 0;
    for micros in (0..10_000_000_u64).step_by(1_000) {
        if micros % 60_000 == 0 {
            pacer.push(at(micros), Class::Voice, 240, "voice");
            pacer.push(at(micros), Class::Slide, 234, "slide");
        }
        while let Some(Paced::Packet { item, bytes: sent, .. }) = pacer.poll(at(micros)) {
            bytes += if item == "slide" { sent as u64 } else { 0 };
        }
    }
    let rate = DataRate::of_bytes(bytes, Duration::from_secs(10));
    assert!((14..=16).contains(&rate.as_kbps()), "{rate}");
}

#[test]
fn a_moving_picture_after_single_ones_is_paced_as_ever() {
    let mut pacer = Pacer::new(DataRate::from_kbps(800));
    pacer.set_known(at(0));
    pacer.push(at(0), Class::Slide, 364, "slide");
    while pacer.poll(at(0)).is_some() {}
    pacer.push(at(0), Class::Voice, 100, "voice");
    for _ in 0..15 {
        pacer.push(at(10_000), Class::Picture, 1_000, "picture");
    }
    let last = run(&mut pacer, 2_000_000).last().expect("packets").0;
    assert!((85_000..=105_000).contains(&last), "{last} µs");
}

#[test]
fn a_probe_is_filled_up_with_padding_at_its_rate() {
    let mut pacer = Pacer::new(DataRate::from_kbps(100));
    pacer.push(at(0), Class::Picture, 600, "picture");
    let probe = Probe { cluster: 7, rate: DataRate::from_kbps(800), bytes: 3_000 };
    pacer.start_probe(at(0), probe);
    let left = run(&mut pacer, 100_000);
    assert_eq!(left[0].1, "picture");
    let bytes: usize = left.iter().map(|(_, _, bytes)| bytes).sum();
    assert!((2_950..=3_050).contains(&bytes), "{bytes}");
    let last = left.last().expect("packets");
    let rate = DataRate::of_bytes((bytes - last.2) as u64, Duration::from_micros(last.0));
    assert!((760..=840).contains(&rate.as_kbps()), "{rate}");
}

#[test]
fn a_probe_that_few_packets_of_the_picture_would_fill_is_of_small_ones() {
    let mut pacer = Pacer::new(DataRate::from_kbps(100));
    for item in ["first", "second"] {
        pacer.push(at(0), Class::Picture, 1_100, item);
    }
    pacer.push(at(0), Class::Voice, 140, "voice");
    pacer.start_probe(at(0), Probe { cluster: 7, rate: DataRate::from_kbps(450), bytes: 1_406 });
    let left: Vec<_> = run(&mut pacer, 1_000_000).into_iter().map(|(_, item, _)| item).collect();
    assert_eq!(left[0], "voice");
    assert!(left[1..].starts_with(&["padding"; 4]), "{left:?}");
    assert!(left.ends_with(&["first", "second"]), "{left:?}");
}

#[test]
fn a_probe_that_is_given_up_is_told_of() {
    let mut pacer: Pacer<&str> = Pacer::new(DataRate::from_kbps(100));
    let probe = |cluster| Probe { cluster, rate: DataRate::from_kbps(800), bytes: 3_000 };
    pacer.start_probe(at(0), probe(7));
    run(&mut pacer, 100_000);
    assert_eq!(pacer.take_abandoned_probe(), None, "it left in full");
    pacer.start_probe(at(100_000), probe(8));
    pacer.clear();
    assert_eq!(pacer.take_abandoned_probe(), Some(8));
    assert_eq!(pacer.take_abandoned_probe(), None);
    pacer.start_probe(at(200_000), probe(9));
    pacer.poll(at(900_000));
    assert_eq!(pacer.take_abandoned_probe(), Some(9));
}

#[test]
fn voice_alone_above_the_target_does_not_starve_the_picture_for_ever() {
    let mut pacer = Pacer::new(DataRate::from_kbps(40));
    for _ in 0..100 {
        pacer.push(at(0), Class::Voice, 1_000, "voice");
    }
    pacer.push(at(0), Class::Picture, 1_000, "picture");
    let left = run(&mut pacer, 5_000_000);
    assert_eq!(left.iter().filter(|(micros, item, _)| *item == "voice" && *micros == 0).count(), 100);
    let picture = left.iter().find(|(_, item, _)| *item == "picture").expect("the picture");
    assert!(picture.0 <= 500_000);
}

#[test]
fn while_held_only_what_is_urgent_leaves_and_frames_keep_waiting() {
    let mut pacer = Pacer::new(DataRate::from_kbps(1_000));
    pacer.push(at(0), Class::Picture, 1_000, "picture");
    pacer.push(at(0), Class::Retransmission, 1_000, "again");
    pacer.start_probe(at(0), Probe { cluster: 7, rate: DataRate::from_kbps(2_000), bytes: 5_000 });
    pacer.set_held(at(0), true);
    assert_eq!(pacer.take_abandoned_probe(), Some(7), "it would measure nothing");
    pacer.push(at(1), Class::Voice, 100, "voice");
    assert!(matches!(pacer.poll(at(1)), Some(Paced::Packet { item: "voice", .. })));
    assert_eq!((pacer.poll(at(1)), pacer.poll_timeout(at(1))), (None, None));
    assert!(pacer.backlog() >= HELD);
    pacer.set_held(at(50_000), false);
    assert!(matches!(pacer.poll(at(50_000)), Some(Paced::Packet { item: "again", .. })));
}

#[test]
fn a_picture_that_is_forgotten_does_not_leave_but_a_word_does() {
    let mut pacer = Pacer::new(DataRate::from_kbps(1_000));
    pacer.push(at(0), Class::Picture, 1_000, "picture");
    pacer.push(at(0), Class::Retransmission, 1_000, "again");
    pacer.push(at(0), Class::Voice, 100, "voice");
    pacer.forget_picture();
    let left: Vec<_> = run(&mut pacer, 100_000).into_iter().map(|(_, item, _)| item).collect();
    assert_eq!(left, ["voice"]);
}

/// A pacer that knows its path, with so many pieces of a file.
fn with_bulk(kbps: u64, pieces: usize, bytes: usize) -> Pacer<&'static str> {
    let mut pacer = Pacer::new(DataRate::from_kbps(kbps));
    pacer.set_known(at(0));
    (0..pieces).for_each(|_| pacer.push(at(0), Class::Bulk, bytes, "bulk"));
    pacer
}

#[test]
fn files_wait_for_everything_else_and_until_the_path_is_known() {
    let mut pacer = Pacer::new(DataRate::from_kbps(10_000));
    for (class, item) in
        [(Class::Voice, "voice"), (Class::Bulk, "bulk"), (Class::Picture, "picture"), (Class::Retransmission, "again")]
    {
        pacer.push(at(0), class, 1_000, item);
    }
    let order = |pacer: &mut Pacer<_>| run(pacer, 100_000).into_iter().map(|(_, item, _)| item).collect::<Vec<_>>();
    assert_eq!(order(&mut pacer), ["voice", "again", "picture"]);
    pacer.set_known(at(100_000));
    assert_eq!(order(&mut pacer), ["bulk"]);
}

#[test]
fn files_and_all_else_together_take_nine_tenths_of_the_target() {
    let mut pacer = with_bulk(2_000, 1_000, 1_000);
    // A picture of 2,500 bytes 25 times a second: 500 kbps.
    let mut left = [0, 0];
    for micros in (0..2_000_000).step_by(1_000) {
        if micros % 40_000 == 0 {
            pacer.push(at(micros), Class::Picture, 1_250, "picture");
            pacer.push(at(micros), Class::Picture, 1_250, "picture");
        }
        while let Some(Paced::Packet { class, bytes, .. }) = pacer.poll(at(micros)) {
            left[usize::from(class == Class::Bulk)] += bytes;
        }
    }
    assert_eq!(left[0], 125_000, "the picture does not feel them");
    let all = (left[0] + left[1]) as f64 * 8.0 / 2.0;
    assert!((1_750_000.0..=1_810_000.0).contains(&all), "{all}");
}

#[test]
fn the_timer_of_files_is_right() {
    let left = run(&mut with_bulk(800, 91, 1_000), 2_000_000);
    assert_eq!(left.len(), 91);
    let last = left.last().expect("packets").0;
    // 90 kB at 720 kbps, but for what may leave at once.
    assert!((985_000..=1_000_100).contains(&last), "{last} µs");
}

#[test]
fn on_a_thin_link_files_leave_right_behind_a_word() {
    let mut pacer = with_bulk(100, 100, 584);
    let mut bulk = 0;
    for micros in (0..2_000_000).step_by(1_000) {
        if micros % 60_000 == 0 {
            pacer.push(at(micros), Class::Voice, 240, "voice");
        }
        while let Some(Paced::Packet { class, .. }) = pacer.poll(at(micros)) {
            if class == Class::Bulk {
                bulk += 1;
                assert!(micros % 60_000 <= 5_000, "{} µs after the word", micros % 60_000);
            }
        }
    }
    // Of 90 kbps the voice has 32; the rest is 24 pieces, but one that is not paid for at a word waits for the next.
    assert!((15..=24).contains(&bulk), "{bulk}");
}

#[test]
fn a_probe_is_filled_with_files() {
    let mut pacer = with_bulk(1_000, 50, 600);
    pacer.start_probe(at(0), Probe { cluster: 7, rate: DataRate::from_kbps(4_000), bytes: 6_000 });
    let mut in_probe = 0;
    for micros in (0..20_000).step_by(100) {
        while let Some(paced) = pacer.poll(at(micros)) {
            match paced {
                Paced::Packet { class: Class::Bulk, probe: Some(7), bytes, .. } => in_probe += bytes,
                Paced::Packet { .. } => {}
                Paced::Padding { .. } => panic!("there is something better"),
            }
        }
    }
    assert_eq!(in_probe, 6_000);
}

#[test]
fn while_nobody_knows_what_becomes_of_what_left_no_file_leaves() {
    let mut pacer = with_bulk(1_000, 5, 600);
    pacer.set_held(at(0), true);
    assert_eq!((pacer.poll(at(1_000)), pacer.poll_timeout(at(1_000))), (None, None));
    assert_eq!(pacer.queued_bulk(), 5);
}
