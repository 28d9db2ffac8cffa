//! Two verifiers of different make: both believe what is honest, and both refuse what is not, by the same name.

#![allow(clippy::unwrap_used, reason = "all of this is a test, its helpers too")]

use std::io::Write;
use std::process::{Command, Stdio};

use audit::evidence::{WHOLE, consistency_line, erased_line, header, row_line};
use audit::{
    Checkpoint, Happened, LogSigner, MemoryNodes, PathKind, Receipt, SignedCheckpoint, consistency_proof,
    inclusion_proof, leaf_hash, root, row, to_base64,
};
use ed25519_dalek::{Signer, SigningKey};
use testkit::python::verify_evidence;

const VISIT: &str = "vis_AQEBAQEBAQEBAQEBAQEBAQ";
const HOST: &str = "end_AwMDAwMDAwMDAwMDAwMDAw";
const GUEST: &str = "end_BAQEBAQEBAQEBAQEBAQEBA";

/// A log with a visit of two people in it, whose apps have given receipts.
struct Log {
    signer: LogSigner,
    rows: Vec<String>,
    nodes: MemoryNodes,
}

impl Log {
    /// `saw`: what the guest's app saw of the certificates, where the host's saw 1; `signs`: whose key signs its receipt.
    fn new(saw: u8, signs: u8) -> Self {
        let mut log =
            Self { signer: LogSigner::from_seed(&[1; 32]).unwrap(), rows: Vec::new(), nodes: MemoryNodes::default() };
        let keys = [HOST, GUEST]
            .into_iter()
            .zip([11, 12])
            .map(|(endpoint, key)| (endpoint, SigningKey::from_bytes(&[key; 32])));
        let mut last = None;
        for number in 0..9 {
            log.add(number, "server", "key_drawn", None, &[]);
        }
        for (endpoint, key) in keys {
            let key = to_base64(&key.verifying_key().to_bytes());
            last = log.add(20, endpoint, "endpoint", last, &[("visit", VISIT), ("endpoint", endpoint), ("key", &key)]);
        }
        for (me, other, saw, key) in [(HOST, GUEST, 1, 11), (GUEST, HOST, saw, signs)] {
            let receipt = Receipt {
                visit: VISIT.to_owned(),
                endpoint: me.to_owned(),
                peer: other.to_owned(),
                happened: Happened::Opened,
                agreed: [saw; 32],
                path: PathKind::Relayed,
                level: "known".to_owned(),
                unix_micros: 25,
            };
            let signature = SigningKey::from_bytes(&[key; 32]).sign(&receipt.signing_bytes().unwrap());
            let (agreed, signature) = (to_base64(&[saw; 32]), to_base64(&signature.to_bytes()));
            let members = [
                ("visit", VISIT),
                ("endpoint", me),
                ("peer", other),
                ("happened", "opened"),
                ("agreed", &agreed),
                ("path", "relayed"),
                ("level", "known"),
                ("signature", &signature),
            ];
            last = log.add(30, me, "receipt", last, &members);
        }
        log.add(40, "stf_BQUFBQUFBQUFBQUFBQUFBQ", "exported", last, &[("visit", VISIT)]);
        log.nodes = MemoryNodes::of(log.rows.iter().map(|row| leaf_hash(row.as_bytes())));
        log
    }

    fn add(&mut self, at: u64, by: &str, what: &str, follows: Option<u64>, members: &[(&str, &str)]) -> Option<u64> {
        let number = self.rows.len() as u64;
        let mut row = row(at, by, what).unwrap();
        for (name, value) in members {
            row.put(name, *value).unwrap();
        }
        if what == "receipt" {
            row.put("receipt_at", 25).unwrap();
        }
        self.rows.push(row.finish(number, follows).unwrap());
        Some(number)
    }

    fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        let root = root(&self.nodes, size).unwrap();
        SignedCheckpoint::sign(&self.signer, Checkpoint { size, root, unix_micros: 99 })
    }

    fn key(&self) -> String {
        to_base64(&self.signer.public().to_bytes())
    }

    fn file(&self, about: &str, since: &[u64]) -> Vec<String> {
        let size = self.rows.len() as u64;
        let mut lines = vec![header(about, self.signer.public(), &self.checkpoint(size), 0).unwrap()];
        for since in since {
            let proof = consistency_proof(&self.nodes, *since, size).unwrap().unwrap();
            lines.push(consistency_line(*since, &proof).unwrap());
        }
        for (number, row) in self.rows.iter().enumerate() {
            let proof = inclusion_proof(&self.nodes, size, number as u64).unwrap().unwrap();
            if about == WHOLE {
                lines.push(row_line(row, None));
            } else if row.contains(about) {
                lines.push(row_line(row, Some(&proof)));
            }
        }
        lines
    }
}

/// Asks both; none if both believe it, or the name by which both refuse it.
fn ask(lines: &[String], key: Option<&str>, kept: &[&str]) -> Option<String> {
    let scratch = tempfile::tempdir().unwrap();
    let file = lines.join("\n") + "\n";
    let mut command = Command::new(env!("CARGO_BIN_EXE_housecall-verify"));
    command.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.args(key.map(|key| format!("--key={key}")));
    for (number, kept) in kept.iter().enumerate() {
        let path = scratch.path().join(number.to_string());
        std::fs::write(&path, format!("{kept}\n")).unwrap();
        command.arg("--checkpoint").arg(path);
    }
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let first = match output.status.code() {
        Some(0) => {
            assert!(said.starts_with("verified\n"), "{said}");
            None
        }
        Some(1) => Some(said.strip_prefix("refused ").unwrap().split(':').next().unwrap().to_owned()),
        other => panic!("{other:?} {said}"),
    };
    let second = verify_evidence(scratch.path(), &file, key, kept);
    assert_eq!(first, second, "the two verifiers differ about:\n{file}");
    first
}

#[test]
fn both_believe_a_visit_and_the_whole_log() {
    let log = Log::new(1, 12);
    let (key, kept) = (log.key(), log.checkpoint(5));
    for about in [WHOLE, VISIT] {
        assert_eq!(ask(&log.file(about, &[5]), Some(&key), &[kept.note()]), None);
        assert_eq!(ask(&log.file(about, &[]), None, &[log.checkpoint(0).note(), log.checkpoint(14).note()]), None);
    }
    let mut erased = log.file(WHOLE, &[]);
    erased[3] = erased_line(2, &leaf_hash(log.rows[2].as_bytes())).unwrap();
    assert_eq!(ask(&erased, Some(&key), &[kept.note()]), None);
}

#[test]
fn both_refuse_by_the_same_name() {
    let log = Log::new(1, 12);
    let kept = log.checkpoint(5);
    let good = log.file(VISIT, &[5]);
    let is = |lines: Vec<String>, name: &str| {
        assert_eq!(ask(&lines, None, &[kept.note()]).as_deref(), Some(name), "{lines:#?}");
    };
    let changed = |at: usize, from: &str, to: &str| {
        let mut lines = good.clone();
        assert!(lines[at].contains(from), "{}", lines[at]);
        lines[at] = lines[at].replace(from, to);
        lines
    };
    let without = |at: usize| {
        let mut lines = good.clone();
        lines.remove(at);
        lines
    };
    is(changed(2, "\"at\":20", "\"at\":21"), "not_included");
    is(changed(2, "\"n\":9", "\"n\":8"), "not_included");
    is(changed(2, "\"v\":1", "\"v\":2"), "later_version");
    is(changed(2, "\"v\":1", "\"v\": 1"), "row_malformed");
    is(changed(2, "{\"proof\":", "{\"prove\":"), "malformed");
    is(changed(0, "\"evidence\":1", "\"evidence\":2"), "later_version");
    is(changed(0, VISIT, "vis_CQkJCQkJCQkJCQkJCQkJCQ"), "foreign_row");
    is(changed(0, "\"erased_before\":0,", ""), "malformed");
    is(without(2), "row_missing");
    is(without(3), "row_missing");
    is(without(1), "no_consistency");
    let mut swapped = good.clone();
    swapped.swap(2, 3);
    is(swapped, "row_missing");
    let mut twice = good.clone();
    twice.insert(4, twice[3].clone());
    is(twice, "out_of_order");
    let mut short = log.file(WHOLE, &[]);
    short.pop();
    is(short, "not_whole");
    let mut other = log.file(WHOLE, &[]);
    other[12] = other[12].replace("\"known\"", "\"page\"");
    is(other, "root_differs");
    // The same, where a checkpoint knows better.
    let mut early = log.file(WHOLE, &[]);
    early[2] = early[2].replace("key_drawn", "key_drown");
    is(early, "forked");
    is(Log::new(2, 12).file(VISIT, &[5]), "receipts_differ");
    is(Log::new(1, 13).file(VISIT, &[5]), "receipt_not_signed");
    // Keys and checkpoints.
    assert_eq!(ask(&good, Some(&to_base64(&[9; 32])), &[]).as_deref(), Some("other_key"));
    let strange = LogSigner::from_seed(&[2; 32]).unwrap();
    let forged = SignedCheckpoint::sign(&strange, kept.checkpoint);
    assert_eq!(ask(&good, None, &[forged.note()]).as_deref(), Some("not_signed"));
    let edited = kept.note().replace("\n5\n", "\n6\n");
    assert_eq!(ask(&good, None, &[&edited]).as_deref(), Some("wrong_signature"));
    assert_eq!(ask(&good, None, &["nothing"]).as_deref(), Some("checkpoint_malformed"));
    let longer = SignedCheckpoint::sign(&log.signer, Checkpoint { size: 99, ..kept.checkpoint });
    assert_eq!(ask(&good, None, &[longer.note()]).as_deref(), Some("rolled_back"));
    let forked = SignedCheckpoint::sign(&log.signer, Checkpoint { root: [0; 32], ..kept.checkpoint });
    assert_eq!(ask(&good, None, &[forked.note()]).as_deref(), Some("forked"));
}

#[test]
fn what_cannot_be_read_is_no_verdict() {
    let status = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_housecall-verify"));
        command.args(arguments).stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(status(&["/nonexistent/file"]), Some(2));
    assert_eq!(status(&["/dev/null", "--key", "short"]), Some(2));
}
