//! The forms of the voice, its losses, and when it and the picture were taken.

use super::*;
use crate::sender_clock::MediaKind;

#[test]
fn voice_comes_as_opus_or_red_and_in_no_other_form() {
    let mut bench = Bench::open();
    for (payload_type, passes) in [(111, 1), (63, 1), (0, 0), (13, 0), (102, 0), (127, 0)] {
        let mut voice = packet(VOICE.remote_ssrc, 1, 60);
        voice.header.payload_type = payload_type;
        bench.read(Packet::Rtp(voice));
        assert_eq!(bench.passed_on(), passes, "voice as {payload_type}");
    }
    assert_eq!(bench.shared.stats().unannounced, 4);
    bench.shared.set_flows(Flows { red: None, ..FLOWS });
    let mut red = packet(VOICE.remote_ssrc, 2, 60);
    red.header.payload_type = RED.own_payload_type;
    bench.read(Packet::Rtp(red));
    assert_eq!(bench.passed_on(), 0, "RED that was not agreed on");
}

#[test]
fn our_reports_say_when_it_was_taken_and_theirs_are_kept_by_what_they_are_of() {
    let mut bench = Bench::open();
    let origin = bench.bridge.clock.timestamp(bench.start);
    let taken = |millis| origin + Duration::from_millis(millis);
    // A voice that waits for its packet, a picture for its encoder and its turn: both of one moment, half a second ago.
    bench.shared.note_capture(MediaKind::Voice, taken(500), 48_000);
    bench.shared.note_capture(MediaKind::Picture, taken(500), 90_000);
    bench.at(1_000);
    let mut told = Vec::new();
    for ssrc in [VOICE.local_ssrc, PICTURE.local_ssrc, RTX.local_ssrc] {
        let report = SenderReport { ssrc, ntp_time: 7, rtp_time: 7, packet_count: 5, ..SenderReport::default() };
        let report = bench.tagged(Packet::Rtcp(vec![Box::new(report)]));
        bench.bridge.handle_write(report).unwrap();
        for packet in bench.written() {
            let Packet::Rtcp(packets) = packet else { continue };
            told.extend(packets.iter().filter_map(|it| it.as_any().downcast_ref::<SenderReport>().cloned()));
        }
    }
    let ntp = sender_clock::ntp(&bench.bridge.clock, taken(1_000));
    let of = |report: &SenderReport| (report.ssrc, report.rtp_time, report.ntp_time, report.packet_count);
    let expected =
        [(VOICE.local_ssrc, 72_000, ntp, 5), (PICTURE.local_ssrc, 135_000, ntp, 5), (RTX.local_ssrc, 7, 7, 5)];
    assert_eq!(told.iter().map(of).collect::<Vec<_>>(), expected);

    assert_eq!(bench.shared.sender_clock(MediaKind::Voice), None);
    for (ssrc, rtp_time) in [(VOICE.remote_ssrc, 1), (RTX.remote_ssrc, 2), (PICTURE.remote_ssrc, 3), (99, 4)] {
        bench.read_rtcp(SenderReport { ssrc, ntp_time: 1 << 32, rtp_time, ..SenderReport::default() });
    }
    let clock = |rtp| Some(SenderClock { rtp, ntp: 1 << 32 });
    assert_eq!(bench.shared.sender_clock(MediaKind::Voice), clock(1));
    assert_eq!(bench.shared.sender_clock(MediaKind::Picture), clock(3));
    bench.shared.set_flows(FLOWS);
    assert_eq!(bench.shared.sender_clock(MediaKind::Voice), clock(1), "a new path is no new sender");
    bench.shared.set_flows(Flows { voice: Flow { remote_ssrc: 77, ..VOICE }, ..FLOWS });
    assert_eq!(bench.shared.sender_clock(MediaKind::Voice), None);
}

#[test]
fn the_estimate_tells_what_becomes_of_the_voice_alone() {
    let mut bench = Bench::open();
    let mut arrivals = Vec::new();
    for sequence in 0..600_u16 {
        let millis = 20 * u64::from(sequence);
        bench.at(millis);
        bench.write(packet(VOICE.local_ssrc, sequence, 60));
        bench.write(packet(PICTURE.local_ssrc, sequence, 200));
        for packet in bench.written_rtp() {
            // Every second pair of the voice's packets is lost, and nothing of the picture.
            let lost = packet.header.ssrc == VOICE.local_ssrc && sequence % 20 < 2;
            arrivals.push((number(&packet), (!lost).then(|| Timestamp::from_millis(5_000 + millis))));
        }
        if sequence % 5 == 4 {
            let base = arrivals[0].0;
            let told = arrivals.iter().map(|(_, at)| *at).collect();
            for report in feedback_packet::write(&congestion::Feedback { count: 0, base, arrivals: told }, 9, 1) {
                bench.read_rtcp(report);
            }
            arrivals.drain(..arrivals.len().saturating_sub(20));
        }
    }
    let stats = bench.shared.stats();
    assert!((0.08..0.12).contains(&stats.voice_loss), "{}", stats.voice_loss);
    assert!((0.4..0.55).contains(&stats.loss_follows_loss), "{}", stats.loss_follows_loss);
    let mut told = None;
    while let Ok(event) = bench.events.try_recv() {
        if let PeerEvent::Estimate { voice_loss, loss_follows_loss, .. } = event {
            told = Some((voice_loss, loss_follows_loss));
        }
    }
    let told = told.expect("it is told");
    assert!(told.0 > 0.08 && told.1 > 0.4, "{told:?}");
}
