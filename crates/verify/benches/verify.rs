//! How long a whole log of a million rows takes to verify: `cargo bench -p verify`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement for developers")]

use std::time::Instant;

use audit::evidence::{Known, WHOLE, header, row_line, verify};
use audit::{Checkpoint, Frontier, LogSigner, SignedCheckpoint, leaf_hash, row};

const ROWS: u64 = 1_000_000;

fn main() {
    let signer = LogSigner::from_seed(&[1; 32]).unwrap();
    let (mut frontier, mut kept) = (Frontier::default(), None);
    let mut lines = Vec::new();
    for number in 0..ROWS {
        // As a host's join: among the longest rows that are common.
        let mut row = row(1_800_000_000_000_000 + number, "stf_AQEBAQEBAQEBAQEBAQEBAQ", "endpoint").unwrap();
        for (name, value) in [
            ("visit", "vis_AQEBAQEBAQEBAQEBAQEBAQ"),
            ("endpoint", "end_AQEBAQEBAQEBAQEBAQEBAQ"),
            ("role", "host"),
            ("admission", "admitted"),
            ("key", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"),
            ("by_session", "ses_AQEBAQEBAQEBAQEBAQEBAQ"),
            ("from", "AQEBAQEBAQEBAQEBAQEBAQ"),
            ("from_net", "AQEBAQEBAQEBAQEBAQEBAQ"),
        ] {
            row.put(name, value).unwrap();
        }
        row.put("from_key", 20_833).unwrap();
        let text = row.finish(number, number.checked_sub(7)).unwrap();
        frontier.push(leaf_hash(text.as_bytes()), |_, _, _| {});
        lines.push(row_line(&text, None));
        if number == ROWS / 3 {
            kept = Some(sign(&signer, &frontier));
        }
    }
    let signed = sign(&signer, &frontier);
    let head = header(WHOLE, signer.public(), &signed, 0).unwrap();
    let file = format!("{head}\n{}\n", lines.join("\n"));
    drop(lines);
    let known =
        Known { key: Some(signer.public().to_bytes()), kept: kept.iter().map(|kept| kept.note().to_owned()).collect() };
    let mut seconds: Vec<f64> = (0..5)
        .map(|_| {
            let begin = Instant::now();
            let found = verify(file.strip_suffix('\n').unwrap().split('\n'), &known).unwrap();
            assert_eq!((found.rows, found.since.len()), (ROWS, 1));
            begin.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!(
        "{ROWS} rows, {} MB: {:.2} s in the middle of five, {:.2} s at worst",
        file.len() / 1_000_000,
        seconds[2],
        seconds[4]
    );
    assert!(seconds[2] <= 5.0, "five seconds are promised");
}

fn sign(signer: &LogSigner, frontier: &Frontier) -> SignedCheckpoint {
    let checkpoint = Checkpoint { size: frontier.size(), root: frontier.root(), unix_micros: 1 };
    SignedCheckpoint::sign(signer, checkpoint)
}
