//! Test vectors for another implementation, beside those of `trust`: compared with the files in its `tests/vectors`; with
//! `HOUSECALL_WRITE_VECTORS=1` the files are written instead.

use serde_json::{Value, json};
use trust::DeviceKeys;

use crate::fixtures::*;
use crate::staff_box::{padded, seal_padded};
use crate::{BoxContext, BoxExpected, BoxSecret, RecoverySecret, open_staff_box, seal_staff_box};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn compare(name: &str, vectors: &Value) {
    let path = format!("{}/../trust/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = serde_json::to_string_pretty(vectors).unwrap() + "\n";
    if std::env::var_os("HOUSECALL_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written, text, "{name}.json is another: what is out there must keep working, or have another version");
}

#[test]
fn staff_boxes() {
    let reader = BoxSecret::of_device(&DeviceKeys::from_secret(&[14; 32]));
    let recovery = RecoverySecret::from_random([6; 20]).box_secret();
    let context = BoxContext { kind: 3, object: [5; 16], revision: 7, made_at: NOW };
    let expected =
        BoxExpected { clinic: clinic().fingerprint(), kind: 3, object: [5; 16], least_revision: 7, now: NOW };
    let payload = "What colleagues share ✓";
    let readers = [reader.public(), recovery.public()];
    let sealed = seal_staff_box(&context, payload.as_bytes(), &readers, &device(), &[40; 32]).unwrap();
    assert!(open_staff_box(&sealed, &reader, &expected).is_ok());
    let written_on = |at: usize| {
        let mut padded = padded(payload.as_bytes()).to_vec();
        padded[at] = 1;
        padded
    };
    let refused: Vec<_> = [
        ("something in the first byte of the padding", written_on(4 + payload.len())),
        ("something in the last byte of the padding", written_on(255)),
        ("a step too many", [padded(payload.as_bytes()).as_slice(), &[0; 256]].concat()),
        ("not a whole step", padded(payload.as_bytes())[..255].to_vec()),
        ("longer than what is there", written_on(2)),
    ]
    .into_iter()
    .map(|(name, padded)| {
        let sealed = seal_padded(&context, &padded, &readers, &device(), &[41; 32]).unwrap();
        let error = open_staff_box(&sealed, &reader, &expected).unwrap_err();
        json!({"name": name, "box": hex(&sealed), "error": format!("{error:?}")})
    })
    .collect();
    compare(
        "staff_box",
        &json!({
            "clinic_fingerprint": hex(&clinic().fingerprint().0),
            "kind": 3,
            "object": hex(&[5; 16]),
            "revision": 7,
            "made_at": NOW.0,
            "payload": payload,
            "creator_device_secret": hex(&[13; 32]),
            "reader_device_secret": hex(&[14; 32]),
            "reader_public": hex(&reader.public()),
            "recovery_secret": hex(&[6; 20]),
            "recovery_public": hex(&recovery.public()),
            "random": hex(&[40; 32]),
            "box": hex(&sealed),
            "refused": refused,
        }),
    );
}

#[test]
fn recovery_sheets() {
    let vectors: Vec<_> = [[0; 20], [0xff; 20], std::array::from_fn(|at| (at * 13) as u8)]
        .into_iter()
        .map(|bits| {
            let secret = RecoverySecret::from_random(bits);
            json!({
                "secret": hex(&bits),
                "sheet": secret.to_sheet(),
                "clinic_fingerprint": hex(&secret.clinic_key().fingerprint().0),
                "box_public": hex(&secret.box_secret().public()),
            })
        })
        .collect();
    compare("recovery", &json!(vectors));
}
