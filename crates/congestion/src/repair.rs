//! Repair packets for the picture: any `k` of the `k + m` packets of a protected picture bring back all of it.
//!
//! For links on which a packet that is asked for again comes too late. The code is Reed and Solomon's over GF(2⁸) with a
//! Cauchy matrix (Blömer et al., "An XOR-based erasure-resilient coding scheme", ICSI TR-95-048), normalised so that the
//! first repair packet is the plain XOR of the others. Written here, because the crates that have it are made for
//! storage: one keeps 16 MB of tables for 65 536 shards, the other locks and an unmaintained cache.

mod galois;
mod plan;

use std::collections::{BTreeMap, VecDeque};

use self::galois::{add_scaled, divide};
pub use self::plan::RepairPlanner;
use crate::sequence::SequenceUnwrapper;

/// What of an RTP packet is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protected<T> {
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp.
    pub timestamp: u32,
    /// RTP marker.
    pub marker: bool,
    /// RTP payload.
    pub payload: T,
}

/// The payloads of `count` repair packets for `packets`, whose sequence numbers follow one another. Empty where that is not
/// so, or where there are more than [`MAX_PROTECTED`] packets or one is too long.
///
/// ```text
/// first sequence number (2) | packets protected (1) | which repair packet (1) | code
/// ```
/// The code is over packets each written as marker (1 bit), length of the payload (15 bits), timestamp (4 bytes) and
/// payload, all filled up with zeros to the length of the longest.
pub fn protect<T: AsRef<[u8]>>(packets: &[Protected<T>], count: usize) -> Vec<Vec<u8>> {
    let Some(first) = packets.first() else { return Vec::new() };
    let in_order =
        packets.iter().enumerate().all(|(place, it)| it.sequence == first.sequence.wrapping_add(place as u16));
    let longest = packets.iter().map(|it| it.payload.as_ref().len()).max().unwrap_or(0);
    if !in_order || packets.len() > MAX_PROTECTED || longest > MAX_PAYLOAD {
        return Vec::new();
    }
    let written: Vec<Vec<u8>> = packets.iter().map(write).collect();
    (0..count.min(MAX_REPAIRS))
        .map(|row| {
            let [high, low] = first.sequence.to_be_bytes();
            let mut repair = vec![high, low, packets.len() as u8, row as u8];
            repair.resize(HEADER + FIELDS + longest, 0);
            for (column, packet) in written.iter().enumerate() {
                add_scaled(&mut repair[HEADER..], packet, coefficient(row, column));
            }
            repair
        })
        .collect()
}

/// Brings lost packets back. Keeps the last [`KEPT_PACKETS`] packets and [`KEPT_GROUPS`] groups at most.
#[derive(Debug, Default)]
pub struct Rebuilder {
    unwrapper: SequenceUnwrapper,
    packets: BTreeMap<u64, Vec<u8>>,
    groups: VecDeque<Group>,
}

/// Packets that are protected together, and what repair packets came for them.
#[derive(Debug)]
struct Group {
    first: u64,
    length: usize,
    repairs: Vec<Repair>,
}

#[derive(Debug, Clone)]
struct Repair {
    row: usize,
    code: Vec<u8>,
}

impl Rebuilder {
    /// A rebuilder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A packet came, for the first time or again; answers those that can be brought back with it.
    pub fn on_packet<T: AsRef<[u8]>>(&mut self, packet: &Protected<T>) -> Vec<Protected<Vec<u8>>> {
        if packet.payload.as_ref().is_empty() || packet.payload.as_ref().len() > MAX_PAYLOAD {
            return Vec::new();
        }
        let number = self.keep(packet);
        let group = self.groups.iter().position(|it| (it.first..it.first + it.length as u64).contains(&number));
        group.map_or_else(Vec::new, |group| self.rebuild(group))
    }

    /// A repair packet came; answers the packets that can be brought back with it.
    pub fn on_repair(&mut self, payload: &[u8]) -> Vec<Protected<Vec<u8>>> {
        let Some((&[high, low, length, row], code)) = payload.split_first_chunk::<HEADER>() else { return Vec::new() };
        let (length, row) = (usize::from(length), usize::from(row));
        let fits = (FIELDS..=FIELDS + MAX_PAYLOAD).contains(&code.len());
        if !(1..=MAX_PROTECTED).contains(&length) || row >= MAX_REPAIRS || !fits {
            return Vec::new();
        }
        let first = self.unwrapper.peek(u16::from_be_bytes([high, low]));
        let known = self.groups.iter().position(|it| it.first == first && it.length == length);
        let group = known.unwrap_or_else(|| {
            if self.groups.len() == KEPT_GROUPS {
                self.groups.pop_front();
            }
            self.groups.push_back(Group { first, length, repairs: Vec::new() });
            self.groups.len() - 1
        });
        let Group { repairs, .. } = &mut self.groups[group];
        // All repair packets of a group are of one length.
        if repairs.iter().any(|it| it.row == row || it.code.len() != code.len()) {
            return Vec::new();
        }
        repairs.push(Repair { row, code: code.to_vec() });
        self.rebuild(group)
    }

    fn keep<T: AsRef<[u8]>>(&mut self, packet: &Protected<T>) -> u64 {
        let mut number = self.unwrapper.peek(packet.sequence);
        let newest = self.packets.last_key_value().map(|(newest, _)| *newest);
        if newest.is_none_or(|newest| number > newest) {
            number = self.unwrapper.unwrap(packet.sequence);
        }
        self.packets.insert(number, write(packet));
        while self.packets.len() > KEPT_PACKETS {
            self.packets.pop_first();
        }
        number
    }

    fn rebuild(&mut self, group: usize) -> Vec<Protected<Vec<u8>>> {
        let Some(Group { first, length, repairs }) = self.groups.get(group) else { return Vec::new() };
        let (first, length) = (*first, *length);
        let held = |column: &usize| self.packets.contains_key(&(first + *column as u64));
        let missing: Vec<usize> = (0..length).filter(|column| !held(column)).collect();
        if missing.is_empty() {
            self.groups.remove(group);
            return Vec::new();
        }
        if repairs.len() < missing.len() {
            return Vec::new();
        }
        // What is left of the code when all that came is taken out of it.
        let mut left: Vec<Repair> = repairs[..missing.len()].to_vec();
        for column in (0..length).filter(held) {
            let Some(packet) = self.packets.get(&(first + column as u64)) else { continue };
            for repair in &mut left {
                if packet.len() > repair.code.len() {
                    // Whoever made the repair packet did not see this packet.
                    self.groups.remove(group);
                    return Vec::new();
                }
                add_scaled(&mut repair.code, packet, coefficient(repair.row, column));
            }
        }
        self.groups.remove(group);
        let packets = solve(left, &missing);
        let rebuilt: Vec<_> = missing
            .into_iter()
            .zip(&packets)
            .filter_map(|(column, packet)| read((first + column as u64) as u16, packet))
            .collect();
        for packet in &rebuilt {
            self.keep(packet);
        }
        rebuilt
    }
}

/// Gauss and Jordan: turns `repairs` of the packets in the columns `missing`, as many as they are, into those packets. Every
/// square part of a Cauchy matrix can be inverted, so that no pivot is zero in the end.
fn solve(mut repairs: Vec<Repair>, missing: &[usize]) -> Vec<Vec<u8>> {
    let size = missing.len();
    let mut matrix: Vec<Vec<u8>> =
        repairs.iter().map(|repair| missing.iter().map(|column| coefficient(repair.row, *column)).collect()).collect();
    for pivot in 0..size {
        let Some(swap) = (pivot..size).find(|row| matrix[*row][pivot] != 0) else { return Vec::new() };
        matrix.swap(pivot, swap);
        repairs.swap(pivot, swap);
        let scale = divide(1, matrix[pivot][pivot]);
        let (row, code) = (scaled(&matrix[pivot], scale), scaled(&repairs[pivot].code, scale));
        for other in (0..size).filter(|other| *other != pivot) {
            let factor = matrix[other][pivot];
            add_scaled(&mut matrix[other], &row, factor);
            add_scaled(&mut repairs[other].code, &code, factor);
        }
        matrix[pivot] = row;
        repairs[pivot].code = code;
    }
    repairs.into_iter().map(|repair| repair.code).collect()
}

fn scaled(bytes: &[u8], factor: u8) -> Vec<u8> {
    let mut scaled = vec![0; bytes.len()];
    add_scaled(&mut scaled, bytes, factor);
    scaled
}

/// The element of the Cauchy matrix, its columns scaled so that row 0 is all ones.
fn coefficient(row: usize, column: usize) -> u8 {
    let (x, first) = ((MAX_PROTECTED + row) as u8, MAX_PROTECTED as u8);
    divide(first ^ column as u8, x ^ column as u8)
}

fn write<T: AsRef<[u8]>>(packet: &Protected<T>) -> Vec<u8> {
    let payload = packet.payload.as_ref();
    let length = payload.len() as u16 | if packet.marker { MARKER } else { 0 };
    let mut written = Vec::with_capacity(FIELDS + payload.len());
    written.extend_from_slice(&length.to_be_bytes());
    written.extend_from_slice(&packet.timestamp.to_be_bytes());
    written.extend_from_slice(payload);
    written
}

fn read(sequence: u16, written: &[u8]) -> Option<Protected<Vec<u8>>> {
    let (length, rest) = written.split_first_chunk::<2>()?;
    let (timestamp, rest) = rest.split_first_chunk::<4>()?;
    let length = u16::from_be_bytes(*length);
    let payload = rest.get(..usize::from(length & !MARKER)).filter(|payload| !payload.is_empty())?;
    Some(Protected {
        sequence,
        timestamp: u32::from_be_bytes(*timestamp),
        marker: length & MARKER != 0,
        payload: payload.to_vec(),
    })
}

/// Bytes before the code of a repair packet.
const HEADER: usize = 4;
/// Bytes of a protected packet before its payload.
const FIELDS: usize = 6;
const MARKER: u16 = 0x8000;
/// How many packets are protected together at most: a key frame of 70 kB, or a fifth of a second of 3 Mbps.
pub const MAX_PROTECTED: usize = 64;
/// How many repair packets they have at most.
pub const MAX_REPAIRS: usize = 32;
/// No path carries more.
const MAX_PAYLOAD: usize = 1_500;
/// Four times the largest group, 300 kB: older ones no repair packet speaks of.
const KEPT_PACKETS: usize = 256;
/// About two seconds of protected pictures.
const KEPT_GROUPS: usize = 16;

#[cfg(test)]
mod tests;
