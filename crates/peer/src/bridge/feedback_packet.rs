//! Transport-wide feedback on the wire (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1).

use std::time::Duration;

use congestion::{Feedback, PacketReport, SequenceUnwrapper};
use rtc::interceptor::convert_twcc;
use rtc::rtcp::transport_feedbacks::transport_layer_cc::{
    PacketStatusChunk, RecvDelta, RunLengthChunk, StatusChunkTypeTcc, StatusVectorChunk, SymbolSizeTypeTcc,
    SymbolTypeTcc, TransportLayerCc,
};
use units::Timestamp;

/// The unit of arrival times in a packet.
const TICK_MICROS: u64 = 250;
/// The unit of a packet's reference time.
const REFERENCE_TICKS: u64 = 64_000 / TICK_MICROS;
/// The reference time has 24 bits.
const REFERENCE_MASK: u64 = (1 << 24) - 1;
/// Symbols in a two-bit status vector.
const VECTOR_LENGTH: usize = 7;
/// A run of at least this many equal symbols is shorter as a run.
const MIN_RUN: usize = VECTOR_LENGTH + 1;
/// Run lengths have 13 bits.
const MAX_RUN: usize = 0x1fff;
/// How many packets a feedback packet that is read may tell of: twenty seconds of them at the highest rate. One of forty
/// bytes could claim 65,535.
const MAX_READ: u16 = 8_192;
/// How many packets one feedback packet tells of: at two bytes of delta each it still fits a datagram.
const MAX_STATUSES: usize = 400;

/// The RTCP packets that say what `feedback` says: one, unless it spans too many packets or too long a time.
pub(super) fn write(feedback: &Feedback, sender_ssrc: u32, media_ssrc: u32) -> Vec<TransportLayerCc> {
    let mut packets = Vec::new();
    let mut rest = feedback.arrivals.as_slice();
    let mut base = feedback.base;
    while let Some(first) = rest.iter().position(Option::is_some) {
        // Leading gaps belong to the packet only at its very start: that is where they are news.
        let skipped = if packets.is_empty() { 0 } else { first };
        (base, rest) = (base.wrapping_add(skipped as u16), &rest[skipped..]);
        let (packet, used) = write_one(rest, base, feedback.count, sender_ssrc, media_ssrc);
        packets.extend(packet);
        (base, rest) = (base.wrapping_add(used as u16), &rest[used..]);
    }
    packets
}

fn write_one(
    arrivals: &[Option<Timestamp>],
    base: u16,
    count: u8,
    sender_ssrc: u32,
    media_ssrc: u32,
) -> (Option<TransportLayerCc>, usize) {
    let Some(first) = arrivals.iter().flatten().next() else {
        return (None, arrivals.len());
    };
    let reference = first.as_micros() / TICK_MICROS / REFERENCE_TICKS;
    let mut last = (reference * REFERENCE_TICKS) as i64;
    let mut symbols = Vec::new();
    let mut recv_deltas = Vec::new();
    for arrival in arrivals.iter().take(MAX_STATUSES) {
        let Some(arrival) = arrival else {
            symbols.push(SymbolTypeTcc::PacketNotReceived);
            continue;
        };
        let ticks = (arrival.as_micros() / TICK_MICROS) as i64;
        let delta = ticks - last;
        let symbol = match delta {
            0..=255 => SymbolTypeTcc::PacketReceivedSmallDelta,
            -32_768..=32_767 => SymbolTypeTcc::PacketReceivedLargeDelta,
            // Eight seconds between two packets: the next feedback packet begins with a reference of its own.
            _ => break,
        };
        last = ticks;
        symbols.push(symbol);
        recv_deltas.push(RecvDelta { type_tcc_packet: symbol, delta: delta * TICK_MICROS as i64 });
    }
    let packet = TransportLayerCc {
        sender_ssrc,
        media_ssrc,
        base_sequence_number: base,
        packet_status_count: symbols.len() as u16,
        reference_time: (reference & REFERENCE_MASK) as u32,
        fb_pkt_count: count,
        packet_chunks: chunks(&symbols),
        recv_deltas,
    };
    (Some(packet), symbols.len())
}

fn chunks(symbols: &[SymbolTypeTcc]) -> Vec<PacketStatusChunk> {
    let mut chunks = Vec::new();
    let mut rest = symbols;
    while let Some(&symbol) = rest.first() {
        let run = rest.iter().take(MAX_RUN).take_while(|next| **next == symbol).count();
        if run >= MIN_RUN || run == rest.len() {
            chunks.push(PacketStatusChunk::RunLengthChunk(RunLengthChunk {
                type_tcc: StatusChunkTypeTcc::RunLengthChunk,
                packet_status_symbol: symbol,
                run_length: run as u16,
            }));
            rest = &rest[run..];
            continue;
        }
        let (head, tail) = rest.split_at(rest.len().min(VECTOR_LENGTH));
        let mut symbol_list = head.to_vec();
        symbol_list.resize(VECTOR_LENGTH, SymbolTypeTcc::PacketNotReceived);
        chunks.push(PacketStatusChunk::StatusVectorChunk(StatusVectorChunk {
            type_tcc: StatusChunkTypeTcc::StatusVectorChunk,
            symbol_size: SymbolSizeTypeTcc::TwoBit,
            symbol_list,
        }));
        rest = tail;
    }
    chunks
}

/// What a feedback packet says of the packets around `latest`, the last one that was sent.
pub(super) fn read(packet: &TransportLayerCc, latest: u64) -> Vec<PacketReport> {
    if packet.packet_status_count > MAX_READ {
        return Vec::new();
    }
    let unwrapper = SequenceUnwrapper::near(latest);
    let mut statuses = convert_twcc(packet);
    // The last vector is filled up with symbols that tell of nothing.
    statuses.truncate(usize::from(packet.packet_status_count));
    statuses
        .into_iter()
        // "Received, at an unknown time" would look like a loss; it is none, and says nothing about delay.
        .filter(|status| !status.arrived || status.arrival.is_some())
        .map(|status| PacketReport {
            number: unwrapper.peek(status.sequence_number),
            received: status.arrival.map(|since: Duration| Timestamp::ZERO + since),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rtc::rtcp::Packet;
    use rtc::shared::marshal::{Marshal, Unmarshal};

    use super::*;

    fn round_trip(feedback: &Feedback, latest: u64) -> Vec<PacketReport> {
        write(feedback, 1, 2)
            .iter()
            .flat_map(|packet| {
                let bytes = packet.marshal().unwrap();
                assert_eq!(bytes.len() % 4, 0);
                assert!(bytes.len() < 1_200, "{} bytes", bytes.len());
                let read_back = TransportLayerCc::unmarshal(&mut bytes.clone()).unwrap();
                assert!(packet.equal(&read_back) || packet.packet_status_count == read_back.packet_status_count);
                read(&read_back, latest)
            })
            .collect()
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn what_arrived_and_what_did_not_survives_the_wire() {
        let arrivals = vec![Some(at(1_000)), None, Some(at(1_020)), Some(at(1_015)), None, None, Some(at(1_700))];
        let reports = round_trip(&Feedback { count: 3, base: 65_534, arrivals: arrivals.clone() }, 0x2_0002);
        let numbers: Vec<u64> = reports.iter().map(|report| report.number).collect();
        assert_eq!(numbers, (0x1_fffe..=0x2_0004).collect::<Vec<u64>>());
        let first = reports[0].received.unwrap();
        for (report, arrival) in reports.iter().zip(&arrivals) {
            assert_eq!(report.received.is_some(), arrival.is_some());
            if let (Some(told), Some(true_time)) = (report.received, arrival) {
                let (told, truth) = (told.as_micros() as i64, true_time.as_micros() as i64);
                let shift = first.as_micros() as i64 - at(1_000).as_micros() as i64;
                assert!((told - truth - shift).abs() <= 250, "{told} {truth}");
            }
        }
    }

    #[test]
    fn a_long_report_is_told_in_several_packets_and_completely() {
        let arrivals: Vec<_> = (0..2_000).map(|n| (n % 5 != 0).then(|| at(5_000 + n * 3))).collect();
        let reports = round_trip(&Feedback { count: 0, base: 100, arrivals: arrivals.clone() }, 0x1_0000 + 2_100);
        let received = reports.iter().filter(|report| report.received.is_some()).count();
        assert_eq!(received, arrivals.iter().flatten().count());
    }

    #[test]
    fn a_pause_of_ten_seconds_starts_a_new_reference() {
        let arrivals = vec![Some(at(1_000)), Some(at(11_000)), Some(at(11_020))];
        let reports = round_trip(&Feedback { count: 0, base: 1, arrivals }, 0x1_0001);
        assert_eq!(reports.len(), 3);
        let gap = reports[1].received.unwrap().since(reports[0].received.unwrap());
        assert!(gap.abs_diff(Duration::from_secs(10)) < Duration::from_millis(1), "{gap:?}");
    }

    #[test]
    fn a_report_that_claims_more_than_a_call_can_have_sent_is_passed_over() {
        let lost = |run_length| {
            PacketStatusChunk::RunLengthChunk(RunLengthChunk {
                type_tcc: StatusChunkTypeTcc::RunLengthChunk,
                packet_status_symbol: SymbolTypeTcc::PacketNotReceived,
                run_length,
            })
        };
        let claims = |count, chunks: usize| TransportLayerCc {
            packet_status_count: count,
            packet_chunks: vec![lost(MAX_RUN as u16); chunks],
            ..TransportLayerCc::default()
        };
        assert_eq!(read(&claims(8_000, 1), 0x2_0000).len(), 8_000);
        assert!(read(&claims(u16::MAX, 9), 0x2_0000).is_empty());
    }

    #[test]
    fn a_report_of_nothing_is_no_packet() {
        assert!(write(&Feedback { count: 0, base: 1, arrivals: vec![None, None] }, 1, 2).is_empty());
    }
}
