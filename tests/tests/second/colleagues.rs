//! What colleagues share, what they revoke, and the sheet on paper, between the two implementations.

use clinic::{BoxContext, BoxExpected, BoxSecret, RecoverySecret, StaffBoxError, open_staff_box, seal_staff_box};
use serde_json::{Value, json};
use trust::{DeviceKeys, Epoch};

use crate::clinic::{COUNTER, Clinic, GENERATION, NOW, SERIAL, days, fresh, issuer};
use crate::node::{Node, bytes_of, hex};

const PAYLOAD: &str = "What colleagues share: Ünïcode ✓";

#[test]
fn a_staff_box_of_either_implementation_is_opened_by_the_other() {
    let (clinic, mut node) = (Clinic::open(), Node::start());
    let secret: [u8; 32] = fresh();
    let device = BoxSecret::of_device(&DeviceKeys::from_secret(&secret));
    let recovery = RecoverySecret::from_sheet(&clinic.sheet).expect("as printed").box_secret();
    let context = BoxContext { kind: 2, object: fresh(), revision: u32::MAX, made_at: NOW };
    let about = |others: Value| {
        let mut all = json!({
            "kind": context.kind,
            "object": hex(&context.object),
            "revision": context.revision,
            "made_at": context.made_at.0,
        });
        all.as_object_mut().expect("made above").append(&mut others.as_object().expect("an object").clone());
        all
    };

    // An empty payload, one that fills its padding to the last byte, and the longest.
    for payload in ["", PAYLOAD, &"x".repeat(252), &"y".repeat(253), &"z".repeat(32 * 1024)] {
        let readers = [device.public(), recovery.public()];
        let ours = seal_staff_box(&context, payload.as_bytes(), &readers, &clinic.device, &fresh()).expect("it fits");
        for sheet in [None, Some(&clinic.sheet)] {
            let open = about(json!({
                "box": hex(&ours),
                "device_secret": hex(&secret),
                "sheet": sheet,
                "clinic": hex(&clinic.device.clinic().0),
            }));
            let opened = node.ask("open_staff_box", open);
            assert_eq!(
                (opened["payload"].as_str(), opened["serial"].as_str()),
                (Some(payload), Some(SERIAL.to_string().as_str()))
            );
        }

        let theirs = node.ask(
            "seal_staff_box",
            about(json!({
                "device_secret": hex(&clinic.device_secret),
                "chain": hex(&clinic.chain),
                "readers": readers.map(|reader| hex(&reader)),
                "payload": payload,
            })),
        );
        let mut theirs = bytes_of(&theirs, "box");
        let expected = BoxExpected {
            clinic: clinic.device.clinic(),
            kind: context.kind,
            object: context.object,
            least_revision: context.revision,
            now: NOW,
        };
        for own in [&device, &recovery] {
            let opened = open_staff_box(&theirs, own, &expected).expect("it is sealed to this key");
            assert_eq!((opened.payload.as_slice(), opened.context), (payload.as_bytes(), context));
        }
        *theirs.last_mut().expect("not empty") ^= 1;
        assert_eq!(open_staff_box(&theirs, &recovery, &expected), Err(StaffBoxError::NotSealedForUs));
    }
}

#[test]
fn a_staff_box_that_is_not_shared_with_a_device_is_refused() {
    let (clinic, mut node) = (Clinic::open(), Node::start());
    let context = BoxContext { kind: 2, object: fresh(), revision: 1, made_at: NOW };
    let reader = BoxSecret::of_device(&DeviceKeys::from_secret(&fresh())).public();
    let sealed = seal_staff_box(&context, PAYLOAD.as_bytes(), &[reader], &clinic.device, &fresh()).expect("it fits");
    let open = json!({
        "box": hex(&sealed),
        "device_secret": hex(&fresh::<32>()),
        "sheet": null,
        "clinic": hex(&clinic.device.clinic().0),
        "kind": context.kind,
        "object": hex(&context.object),
        "revision": context.revision,
        "made_at": context.made_at.0,
    });
    assert_eq!(node.refusal_of("open_staff_box", open), "NotSealedForUs");
}

#[test]
fn a_sheet_of_one_is_the_clinic_of_the_other() {
    let mut node = Node::start();
    for _ in 0..20 {
        let secret = RecoverySecret::from_random(fresh());
        let read = node.ask("sheet", json!({"sheet": secret.to_sheet()}));
        assert_eq!(read["sheet"], secret.to_sheet());
        assert_eq!(bytes_of(&read, "clinic"), secret.clinic_key().fingerprint().0);
        assert_eq!(bytes_of(&read, "reader"), secret.box_secret().public());
    }
}

#[test]
fn a_notice_ends_a_device_that_was_lost_and_no_other() {
    let (clinic, mut node) = (Clinic::open(), Node::start());
    let with = |notice: &[u8]| {
        json!({
            "clinic": hex(&clinic.device.clinic().0),
            "least_epoch": clinic.device.epoch().0,
            "now": NOW.0,
            "chain": hex(&clinic.chain),
            "notice": hex(notice),
        })
    };
    let notice = |counter, serials: &[u64]| {
        clinic.issuer.notice(&clinic.issuer.revoke(counter, serials, days(7)).expect("a week"))
    };
    let taken = node.ask("notice", with(&notice(COUNTER + 1, &[SERIAL - 1, SERIAL + 1])));
    assert_eq!(taken["epoch"], Epoch::new(GENERATION, COUNTER + 1).0);
    assert_eq!(node.refusal_of("notice", with(&notice(COUNTER + 1, &[SERIAL]))), "Revoked");
    assert_eq!(node.refusal_of("notice", with(&notice(COUNTER - 1, &[SERIAL]))), "RevocationsTooOld");
    let mut forged = notice(COUNTER + 1, &[SERIAL]);
    *forged.last_mut().expect("not empty") ^= 1;
    assert_eq!(node.refusal_of("notice", with(&forged)), "WrongSignature");

    let recovery = RecoverySecret::from_sheet(&clinic.sheet).expect("as printed");
    let next = issuer(&recovery, GENERATION + 1);
    let replaced = next.notice(&next.revoke(0, &[], days(7)).expect("a week"));
    assert_eq!(node.refusal_of("notice", with(&replaced)), "Revoked");
    let theirs = issuer(&RecoverySecret::from_random(fresh()), GENERATION + 1);
    let of_others = theirs.notice(&theirs.revoke(0, &[], days(7)).expect("a week"));
    assert_eq!(node.refusal_of("notice", with(&of_others)), "AnotherClinic");
}
