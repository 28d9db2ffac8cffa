#![no_main]
//! A file behind an honest first line, and a note: nothing but what was signed is believed.

use audit::evidence::{Known, WHOLE, header, row_line, verify};
use audit::{Checkpoint, Frontier, LogSigner, SignedCheckpoint, leaf_hash};
use libfuzzer_sys::fuzz_target;

const ROW: &str = r#"{"at":1,"by":"server","n":0,"v":1,"what":"key_drawn"}"#;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(signer) = LogSigner::from_seed(&[1; 32]) else { return };
    let mut frontier = Frontier::default();
    frontier.push(leaf_hash(ROW.as_bytes()), |_, _, _| {});
    let checkpoint = Checkpoint { size: 1, root: frontier.root(), unix_micros: 1 };
    let signed = SignedCheckpoint::sign(&signer, checkpoint);
    let about = if kind & 1 == 0 { WHOLE } else { "vis_AQEBAQEBAQEBAQEBAQEBAQ" };
    match kind >> 1 {
        0 => {
            let read = SignedCheckpoint::parse(signer.public(), text);
            assert!(read.is_err() || text.starts_with(signer.public().name()));
        }
        1 => drop(verify(text.split('\n'), &Known::default())),
        _ => {
            let Ok(head) = header(about, signer.public(), &signed, 0) else { return };
            let known = Known { key: None, kept: vec![signed.note().to_owned()] };
            let found = verify([head.as_str()].into_iter().chain(text.split('\n')), &known);
            // The one row, as it was written or as its hash, and nothing else.
            if about == WHOLE && found.as_ref().is_ok_and(|found| found.rows > 0) {
                assert!(text.contains(&row_line(ROW, None)));
            }
            if about != WHOLE {
                assert!(found.is_err() || found.is_ok_and(|found| found.rows == 0));
            }
        }
    }
});
