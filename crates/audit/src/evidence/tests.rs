//! Honest evidence is believed, and what somebody with the server's key makes of it is not, as soon as one honest checkpoint is
//! known.

use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::note::LogSigner;
use crate::receipt::PathKind;
use crate::tree::{MemoryNodes, consistency_proof, inclusion_proof, root};
use crate::{Happened, Receipt, row};

const VISIT: &str = "vis_AQEBAQEBAQEBAQEBAQEBAQ";
const OTHER: &str = "vis_AgICAgICAgICAgICAgICAg";
const HOST: &str = "end_AwMDAwMDAwMDAwMDAwMDAw";
const GUEST: &str = "end_BAQEBAQEBAQEBAQEBAQEBA";

fn signer() -> LogSigner {
    LogSigner::from_seed(&[1; 32]).unwrap()
}

/// A log, as who holds the server's key can make it.
#[derive(Clone)]
struct Log {
    rows: Vec<String>,
    nodes: MemoryNodes,
}

impl Log {
    fn of(rows: Vec<String>) -> Self {
        let nodes = MemoryNodes::of(rows.iter().map(|row| leaf_hash(row.as_bytes())));
        Self { rows, nodes }
    }

    fn size(&self) -> u64 {
        self.rows.len() as u64
    }

    fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        let root = root(&self.nodes, size).unwrap();
        SignedCheckpoint::sign(&signer(), Checkpoint { size, root, unix_micros: 9 })
    }

    fn evidence(&self, about: &str, since: &[u64]) -> Vec<String> {
        let size = self.size();
        let mut lines = vec![header(about, signer().public(), &self.checkpoint(size), 0).unwrap()];
        for since in since {
            let proof = consistency_proof(&self.nodes, *since, size).unwrap().unwrap();
            lines.push(consistency_line(*since, &proof).unwrap());
        }
        for (number, row) in self.rows.iter().enumerate() {
            if about == WHOLE {
                lines.push(row_line(row, None));
            } else if row.contains(about) {
                let proof = inclusion_proof(&self.nodes, size, number as u64).unwrap().unwrap();
                lines.push(row_line(row, Some(&proof)));
            }
        }
        lines
    }
}

fn check(lines: &[String], kept: &[&SignedCheckpoint]) -> Result<Verified, Refusal> {
    let known = Known {
        key: Some(signer().public().to_bytes()),
        kept: kept.iter().map(|kept| kept.note().to_owned()).collect(),
    };
    verify(lines.iter().map(String::as_str), &known)
}

/// Rows about two visits and about none, with their predecessors.
fn rows(count: u64, seed: u64) -> Vec<String> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut before = [None, None];
    let mut rows = Vec::new();
    for number in 0..count {
        let mut row = row(1_000 + number, "server", "visit").unwrap();
        row.put("nonce", u64::from(rng.random::<u32>())).unwrap();
        let which = rng.random_range(0..3usize);
        let follows = before.get(which).copied().flatten();
        if let Some(before) = before.get_mut(which) {
            row.put("visit", [VISIT, OTHER][which]).unwrap();
            *before = Some(number);
        }
        rows.push(row.finish(number, follows).unwrap());
    }
    rows
}

#[test]
fn a_whole_log_and_a_visit_of_it_are_believed() {
    let log = Log::of(rows(50, 1));
    let (early, late) = (log.checkpoint(7), log.checkpoint(50));
    let whole = check(&log.evidence(WHOLE, &[]), &[&early, &late, &log.checkpoint(0)]).unwrap();
    assert_eq!((whole.rows, whole.erased, whole.is_gapless), (50, 0, true));
    assert_eq!(whole.span, Some((1_000, 1_049)));
    assert_eq!(whole.since, [7, 50, 0]);
    let visit = check(&log.evidence(VISIT, &[7]), &[&early, &late]).unwrap();
    assert!(visit.rows > 5 && visit.is_gapless && !visit.begins_erased);
    assert_eq!(visit.since, [7, 50]);
}

#[test]
fn an_erased_row_leaves_its_hash_and_the_log_still_holds() {
    let log = Log::of(rows(20, 1));
    let mut lines = log.evidence(WHOLE, &[]);
    for number in [0, 5] {
        let hash = leaf_hash(log.rows[number].as_bytes());
        lines[number + 1] = erased_line(number as u64, &hash).unwrap();
    }
    let found = check(&lines, &[&log.checkpoint(9)]).unwrap();
    assert_eq!((found.rows, found.erased), (18, 2));
    lines[1] = erased_line(0, &[0; 32]).unwrap();
    assert_eq!(check(&lines, &[]), Err(Refusal::RootDiffers));
}

#[test]
fn each_refusal_has_its_name() {
    let log = Log::of(rows(40, 2));
    let good = log.evidence(VISIT, &[]);
    let kept = log.checkpoint(9);
    assert_eq!(check(&good, &[&kept]), Err(Refusal::NoConsistency { kept: 9 }));
    let longer = Log::of(rows(60, 2)).checkpoint(60);
    assert_eq!(check(&good, &[&longer]), Err(Refusal::RolledBack { kept: 60, size: 40 }));
    let forked = Log::of(rows(40, 3)).checkpoint(9);
    let with_proof = log.evidence(VISIT, &[9]);
    assert_eq!(check(&with_proof, &[&forked]), Err(Refusal::Forked { kept: 9 }));
    // A row of the middle is left out.
    let mut lines = good.clone();
    lines.remove(3);
    assert!(matches!(check(&lines, &[]), Err(Refusal::Missing { .. })));
    let mut lines = good.clone();
    lines.remove(1);
    assert!(matches!(check(&lines, &[]), Err(Refusal::Missing { .. })), "the first one too");
    let mut lines = good.clone();
    lines.swap(2, 3);
    assert!(check(&lines, &[]).is_err());
    let mut lines = good.clone();
    lines[2] = lines[2].replace("\"nonce\":", "\"nonce\":1");
    assert!(matches!(check(&lines, &[]), Err(Refusal::NotIncluded { .. })));
    let mut lines = good.clone();
    lines[0] = lines[0].replace(VISIT, OTHER);
    assert!(matches!(check(&lines, &[]), Err(Refusal::Foreign { .. })));
    let mut lines = good.clone();
    lines[0] = lines[0].replace("\"evidence\":1", "\"evidence\":2");
    assert_eq!(check(&lines, &[]), Err(Refusal::Later));
    assert_eq!(check(&["{}".to_owned()], &[]), Err(Refusal::Malformed { line: 1 }));
    let known = Known { key: Some([9; 32]), kept: Vec::new() };
    assert_eq!(verify(good.iter().map(String::as_str), &known), Err(Refusal::OtherKey));
    let mut whole = log.evidence(WHOLE, &[]);
    whole.pop();
    assert_eq!(check(&whole, &[]), Err(Refusal::NotWhole { found: 39, size: 40 }));
}

/// What an attacker with the server's key does to rows that were in the log when the checkpoint was kept, and signs anew.
fn tamper(honest: &Log, kept: u64, rng: &mut StdRng) -> (&'static str, Log) {
    let mut rows = honest.rows.clone();
    let at = rng.random_range(0..kept) as usize;
    let name = match rng.random_range(0..6) {
        0 => {
            let (byte, bit) = (rng.random_range(0..rows[at].len()), rng.random_range(0..7));
            let mut bytes = rows[at].clone().into_bytes();
            bytes[byte] ^= 1 << bit;
            rows[at] = String::from_utf8(bytes).unwrap();
            "one bit"
        }
        1 => {
            rows.remove(at);
            "drop"
        }
        2 => {
            let other = (at + 1 + rng.random_range(0..rows.len() - 1)) % rows.len();
            rows.swap(at, other);
            "reorder"
        }
        3 => {
            rows.truncate(at);
            "rollback"
        }
        4 => {
            let fork = self::rows(rng.random_range(kept..kept + 50), rng.random());
            rows.splice(at.., fork.into_iter().skip(at));
            "fork"
        }
        _ => {
            let mut renumbered = row(5, "server", "visit").unwrap();
            renumbered.put("forged", true).unwrap();
            rows.insert(at, renumbered.finish(at as u64, None).unwrap());
            "insert"
        }
    };
    (name, Log::of(rows))
}

#[test]
fn who_holds_the_servers_key_is_found_out_by_one_honest_checkpoint_in_all_of_10_000_tamperings() {
    let mut rng = StdRng::seed_from_u64(0x6175_6469_7400);
    let mut counts = std::collections::BTreeMap::<&str, u64>::new();
    let honest: Vec<Log> = (0..20).map(|seed| Log::of(rows(30 + 7 * seed, seed))).collect();
    for number in 0..10_000 {
        let log = &honest[number % honest.len()];
        let kept = rng.random_range(1..=log.size());
        let checkpoint = log.checkpoint(kept);
        let (name, forged) = tamper(log, kept, &mut rng);
        *counts.entry(name).or_default() += 1;
        let since = if kept <= forged.size() { vec![kept] } else { Vec::new() };
        // All of it, a visit of it, and a visit of it with the honest log's proofs.
        for mut lines in [forged.evidence(WHOLE, &[]), forged.evidence(VISIT, &since), forged.evidence(OTHER, &since)] {
            let refused = check(&lines, &[&checkpoint]).expect_err(name);
            // Not by a fault of this test, such as a form that is never taken.
            assert!(
                !matches!(refused, Refusal::Later | Refusal::OtherKey | Refusal::Checkpoint(_)),
                "{name}: {refused}"
            );
            if since.is_empty() {
                continue;
            }
            if let Ok(proof) = consistency_proof(&log.nodes, kept, log.size()) {
                lines.insert(1, consistency_line(kept, &proof.unwrap()).unwrap());
                check(&lines, &[&checkpoint]).expect_err(name);
            }
        }
        // The twin: untouched, it is believed.
        if number % 100 == 0 {
            check(&log.evidence(WHOLE, &[]), &[&checkpoint]).unwrap();
            check(&log.evidence(VISIT, &[kept]), &[&checkpoint]).unwrap();
        }
    }
    assert!(counts.len() == 6 && counts.values().all(|count| *count > 1_000), "{counts:?}");
}

fn receipt_row(number: u64, follows: u64, key: &SigningKey, receipt: &Receipt) -> String {
    let signature = key.sign(&receipt.signing_bytes().unwrap()).to_bytes();
    let mut row = row(number, &receipt.endpoint, "receipt").unwrap();
    row.put("visit", receipt.visit.as_str()).unwrap();
    row.put("endpoint", receipt.endpoint.as_str()).unwrap();
    row.put("peer", receipt.peer.as_str()).unwrap();
    row.put("happened", receipt.happened.word()).unwrap();
    row.put("agreed", to_base64(&receipt.agreed).as_str()).unwrap();
    row.put("path", receipt.path.word()).unwrap();
    row.put("level", receipt.level.as_str()).unwrap();
    row.put("receipt_at", receipt.unix_micros).unwrap();
    row.put("signature", to_base64(&signature).as_str()).unwrap();
    row.finish(number, Some(follows)).unwrap()
}

/// A visit of two, with their receipts; `saw`: what each saw of the certificates, and `key`: who signs the guest's.
fn visit(saw: [u8; 2], key: u8) -> Log {
    let keys = [SigningKey::from_bytes(&[11; 32]), SigningKey::from_bytes(&[12; 32])];
    let mut rows = Vec::new();
    for (number, (endpoint, key)) in [HOST, GUEST].into_iter().zip(&keys).enumerate() {
        let mut row = row(1, endpoint, "endpoint").unwrap();
        row.put("visit", VISIT).unwrap();
        row.put("endpoint", endpoint).unwrap();
        row.put("key", to_base64(&key.verifying_key().to_bytes()).as_str()).unwrap();
        let number = number as u64;
        rows.push(row.finish(number, number.checked_sub(1)).unwrap());
    }
    let receipt = |endpoint: &str, peer: &str, saw| Receipt {
        visit: VISIT.to_owned(),
        endpoint: endpoint.to_owned(),
        peer: peer.to_owned(),
        happened: Happened::Opened,
        agreed: [saw; 32],
        path: PathKind::Direct,
        level: "app".to_owned(),
        unix_micros: 5,
    };
    rows.push(receipt_row(2, 1, &keys[0], &receipt(HOST, GUEST, saw[0])));
    rows.push(receipt_row(3, 2, &SigningKey::from_bytes(&[key; 32]), &receipt(GUEST, HOST, saw[1])));
    Log::of(rows)
}

#[test]
fn receipts_of_both_ends_must_be_signed_and_match() {
    let found = check(&visit([1, 1], 12).evidence(VISIT, &[]), &[]).unwrap();
    assert_eq!((found.agreed, found.one_sided), (1, 0));
    let refused = check(&visit([1, 2], 12).evidence(VISIT, &[]), &[]).unwrap_err();
    assert_eq!(refused.name(), "receipts_differ");
    let refused = check(&visit([1, 1], 13).evidence(VISIT, &[]), &[]).unwrap_err();
    assert_eq!(refused, Refusal::Receipt { number: 3 });
    let mut alone = visit([1, 1], 12);
    alone.rows.pop();
    let found = check(&Log::of(alone.rows).evidence(VISIT, &[]), &[]).unwrap();
    assert_eq!((found.agreed, found.one_sided), (0, 1));
}

proptest! {
    #[test]
    fn one_bit_anywhere_in_a_file_is_found(seed in 0u64..4, at in any::<prop::sample::Index>(), bit in 0u8..7) {
        let log = Log::of(rows(20, seed));
        let kept = log.checkpoint(20);
        for about in [WHOLE, VISIT] {
            let text = log.evidence(about, &[]).join("\n");
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
            // How long rows are kept is only told, not proven.
            if let Ok(found) = check(&lines, &[&kept]) {
                prop_assert!(lines[0].contains("erased_before") && lines[0].len() == log.evidence(about, &[])[0].len());
                prop_assert_eq!(&lines[1..], &log.evidence(about, &[])[1..]);
                prop_assert!(!found.begins_erased);
            }
        }
    }

    #[test]
    fn whatever_is_shown_nothing_panics(text in "(\\{\"row\":|\\{\"proof\":\"|\",\"row\":|\\{\"at\":1\\}|\\}|\n|A){0,20}|\\PC{0,60}") {
        let log = Log::of(rows(3, 1));
        for about in [WHOLE, VISIT] {
            let head = header(about, signer().public(), &log.checkpoint(3), 0).unwrap();
            verify([head.as_str()].into_iter().chain(text.split('\n')), &Known::default()).ok();
        }
        verify(text.split('\n'), &Known::default()).ok();
    }
}
