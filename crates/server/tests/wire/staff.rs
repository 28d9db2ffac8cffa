//! What colleagues keep, by the product's own client: the clinic, devices, revocations, boxes; and after a restart.

use hyper::StatusCode;
use serde_json::json;
use signaling_client::{ClientError, SignalingClient, StaffEventStream, StreamEvent};
use signaling_protocol::{
    Base64, CertifyRequest, CheckMessage, CheckSide, Clinic as ClinicKey, ClinicFingerprint, Code, DeviceId,
    EnrolRequest, FreeId, Notice, NoticeRequest, ObjectId, StaffEvent, StaffLimits, StaffRole, WriteBoxRequest,
};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use units::Phi;

use crate::client::{Clinic, PATIENCE};

fn key(byte: u8, generation: u16) -> ClinicKey {
    ClinicKey { fingerprint: ClinicFingerprint([byte; 32]), generation, head: Base64(vec![byte; 147]) }
}

fn notice(epoch: u32) -> Notice {
    Notice { epoch, notice: Base64(epoch.to_be_bytes().repeat(60)) }
}

fn revoking(epoch: u32, revoked: Vec<DeviceId>) -> NoticeRequest {
    NoticeRequest { notice: notice(epoch), revoked }
}

fn request(byte: u8) -> EnrolRequest {
    EnrolRequest { request: Base64(vec![byte; 64]) }
}

fn certificate(revision: u32) -> CertifyRequest {
    CertifyRequest { revision, issuer: Base64(vec![1; 147]), certificate: Base64(vec![revision as u8; 186]) }
}

fn sealed(revision: u32, byte: u8, bytes: usize) -> WriteBoxRequest {
    WriteBoxRequest { revision, sealed: Base64(vec![byte; bytes]) }
}

fn object(byte: u8) -> ObjectId {
    ObjectId::Free(FreeId::from_random([byte; 16]))
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, ClientError>) -> Code {
    match result {
        Err(ClientError::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

/// Reads standings until one is as wanted.
async fn hears(stream: &mut Receiver<StreamEvent<StaffEvent>>, wanted: impl Fn(&StaffEvent) -> bool) -> StaffEvent {
    loop {
        match timeout(PATIENCE, stream.recv()).await.expect("in time").expect("the stream goes on") {
            StreamEvent::Event(event) if wanted(&event) => return event,
            StreamEvent::Refused(refusal) => panic!("{refusal:?}"),
            _ => {}
        }
    }
}

fn epoch_of(event: &StaffEvent) -> Option<u32> {
    match event {
        StaffEvent::Clinic { notice, .. } => notice.as_ref().map(|notice| notice.epoch),
        StaffEvent::Bye { .. } => None,
    }
}

/// A clinic that is set up, with an admin and a clinician.
async fn set_up() -> (Clinic, SignalingClient, Phi<String>, Phi<String>) {
    let clinic = Clinic::start().await;
    let ada = clinic.staff("ada", StaffRole::Admin).await.token;
    let cleo = clinic.staff("cleo", StaffRole::Clinician).await.token;
    let client = clinic.signaling();
    client.set_up_clinic(&ada, &key(1, 1)).await.unwrap();
    (clinic, client, ada, cleo)
}

#[tokio::test]
async fn a_clinic_is_set_up_once_and_keeps_its_key_when_it_is_recovered() {
    let clinic = Clinic::start().await;
    let ada = clinic.staff("ada", StaffRole::Admin).await.token;
    let client = clinic.signaling();
    let before = client.clinic(&ada).await.unwrap();
    assert_eq!((before.clinic, before.notice, before.limits), (None, None, StaffLimits::default()));
    assert_eq!(refused(client.revoke(&ada, &revoking(0x1_0001, vec![])).await), Code::ClinicNotSetUp);
    client.set_up_clinic(&ada, &key(1, 1)).await.unwrap();
    client.set_up_clinic(&ada, &key(1, 1)).await.unwrap();
    assert_eq!(refused(client.set_up_clinic(&ada, &key(2, 1)).await), Code::ClinicMismatch);
    assert_eq!(refused(client.set_up_clinic(&ada, &key(2, 2)).await), Code::ClinicMismatch);
    client.set_up_clinic(&ada, &key(1, 2)).await.unwrap();
    assert_eq!(client.clinic(&ada).await.unwrap().clinic, Some(key(1, 2)));
}

#[tokio::test]
async fn a_device_is_asked_for_compared_and_certified() {
    let (clinic, client, ada, cleo) = set_up().await;
    let device = client.enrol_device(&cleo, &request(1)).await.unwrap().device;
    assert_eq!(client.enrol_device(&cleo, &request(1)).await.unwrap().device, device, "asked again");
    let waiting = client.devices(&ada, None).await.unwrap().waiting;
    assert_eq!(
        waiting.iter().map(|one| (one.device, &one.request)).collect::<Vec<_>>(),
        [(device, &request(1).request)]
    );
    assert!((86_300..=86_400).contains(&waiting[0].expires_in_secs));
    let fay = clinic.staff("fay", StaffRole::FrontDesk).await.token;
    assert_eq!(client.devices(&fay, None).await.unwrap().waiting, [], "of no use to colleagues");

    let mut said = Vec::new();
    for number in 0..3 {
        for (token, side) in [(&cleo, CheckSide::Device), (&ada, CheckSide::Voucher)] {
            said.push(CheckMessage { run: 1, side, number, message: Base64(vec![number; 256]) });
            client.say_in_check(token, device, said.last().unwrap()).await.unwrap();
        }
    }
    for token in [&ada, &cleo] {
        assert_eq!(client.heard_in_check(token, device).await.unwrap().messages, said);
    }
    let more = CheckMessage { number: 3, ..said[0].clone() };
    assert_eq!(refused(client.say_in_check(&cleo, device, &more).await), Code::CheckOutOfTurn);

    client.certify_device(&ada, device, &certificate(1)).await.unwrap();
    client.certify_device(&ada, device, &certificate(1)).await.unwrap();
    let reply = client.devices(&fay, None).await.unwrap();
    assert_eq!((reply.devices.len(), reply.waiting.len(), reply.more), (1, 0, false));
    assert_eq!((reply.devices[0].device, reply.devices[0].revision), (device, 1));
    assert_eq!(reply.devices[0].certificate, certificate(1).certificate);
    assert_eq!(refused(client.heard_in_check(&cleo, device).await), Code::DeviceNotFound, "it waits no more");
    assert_eq!(
        refused(client.certify_device(&ada, device, &CertifyRequest { revision: 1, ..certificate(9) }).await),
        Code::RevisionRefused
    );
    client.certify_device(&ada, device, &certificate(2)).await.unwrap();
    assert_eq!(refused(client.certify_device(&ada, device, &certificate(1)).await), Code::RevisionRefused);
    assert_eq!(refused(client.forget_device(&cleo, device).await), Code::NotAllowed, "the others must hear of that");
}

#[tokio::test]
async fn one_account_waits_with_two_devices_and_no_more() {
    let (_clinic, client, ada, cleo) = set_up().await;
    let first = client.enrol_device(&cleo, &request(1)).await.unwrap().device;
    client.enrol_device(&cleo, &request(2)).await.unwrap();
    assert_eq!(refused(client.enrol_device(&cleo, &request(3)).await), Code::QuotaFull);
    client.enrol_device(&ada, &request(3)).await.unwrap();
    client.forget_device(&cleo, first).await.unwrap();
    client.forget_device(&cleo, first).await.unwrap();
    client.enrol_device(&cleo, &request(3)).await.unwrap();
    assert_eq!(refused(client.certify_device(&ada, first, &certificate(1)).await), Code::DeviceNotFound);
    assert_eq!(
        refused(client.enrol_device(&ada, &EnrolRequest { request: Base64(vec![0; 257]) }).await),
        Code::TooLarge
    );
}

#[tokio::test]
async fn revocations_are_heard_at_once_in_visits_and_at_work_and_the_owner_is_signed_out() {
    let (clinic, client, ada, cleo) = set_up().await;
    let device = client.enrol_device(&cleo, &request(1)).await.unwrap().device;
    client.certify_device(&ada, device, &certificate(1)).await.unwrap();
    client.write_box(&ada, 3, ObjectId::Device(device), &sealed(1, 1, 100)).await.unwrap();
    let (_, host, guest) = clinic.call().await;
    let mut in_visit = [host.listen(None).await, guest.listen(None).await];
    for stream in &mut in_visit {
        stream.until("hello").await;
    }
    let mut at_work = StaffEventStream::open(client.clone(), ada.clone());
    hears(&mut at_work, |event| epoch_of(event).is_none()).await;
    let mut lost = StaffEventStream::open(client.clone(), cleo.clone());
    hears(&mut lost, |_| true).await;

    client.revoke(&ada, &revoking(0x1_0001, vec![device])).await.unwrap();
    for stream in &mut in_visit {
        let event = stream.until("notice").await;
        assert_eq!((&event["epoch"], &event["notice"]), (&json!(0x1_0001), &json!(notice(0x1_0001).notice)));
    }
    hears(&mut at_work, |event| epoch_of(event) == Some(0x1_0001)).await;
    assert_eq!(client.devices(&ada, None).await.unwrap().devices, []);
    assert_eq!(refused(client.read_box(&ada, 3, ObjectId::Device(device), None).await), Code::BoxNotFound);
    assert_eq!(refused(client.clinic(&cleo).await), Code::NotSignedIn);
    let last = async {
        loop {
            if let StreamEvent::Refused(refusal) = lost.recv().await.expect("the last word") {
                return refusal.code;
            }
        }
    };
    assert_eq!(timeout(PATIENCE, last).await.unwrap(), Code::NotSignedIn);

    for epoch in [0x1_0000, 0x1_0001, 0x2_0001] {
        let other = NoticeRequest { notice: Notice { epoch, notice: Base64(vec![9]) }, revoked: vec![] };
        assert_eq!(refused(client.revoke(&ada, &other).await), Code::EpochRefused, "{epoch:x}");
    }
    client.revoke(&ada, &revoking(0x1_0001, vec![device])).await.unwrap();
    // Who comes later hears it after hello, and only once.
    drop(in_visit);
    let mut later = guest.listen(None).await;
    assert_eq!(later.kind().await.as_deref(), Some("hello"));
    later.until("notice").await;
}

#[tokio::test]
async fn a_box_has_revisions_that_rise_and_nobody_takes_anothers_away() {
    let (clinic, client, ada, cleo) = set_up().await;
    let which = object(1);
    assert_eq!(refused(client.read_box(&cleo, 7, which, None).await), Code::BoxNotFound);
    client.write_box(&cleo, 7, which, &sealed(1, 1, 10)).await.unwrap();
    client.write_box(&cleo, 7, which, &sealed(1, 1, 10)).await.unwrap();
    for (revision, byte) in [(1, 2), (0, 1), (1_002, 1), (u32::MAX, 1)] {
        let refused = refused(client.write_box(&cleo, 7, which, &sealed(revision, byte, 10)).await);
        assert_eq!(refused, Code::RevisionRefused, "{revision}");
    }
    assert_eq!(refused(client.write_box(&ada, 7, which, &sealed(1, 1, 10)).await), Code::RevisionRefused, "by another");
    let fay = clinic.staff("fay", StaffRole::FrontDesk).await.token;
    client.write_box(&fay, 7, which, &sealed(2, 2, 10)).await.unwrap();
    client.write_box(&fay, 7, which, &sealed(3, 3, 10)).await.unwrap();
    let read = async |below| client.read_box(&ada, 7, which, below).await;
    assert_eq!(read(None).await.unwrap().sealed, Base64(vec![3; 10]));
    assert_eq!(read(Some(3)).await.unwrap().sealed, Base64(vec![1; 10]), "what fay wrote cannot push cleo's out");
    assert_eq!(refused(read(Some(1)).await), Code::BoxNotFound);
    client.write_box(&fay, 8, which, &sealed(1, 4, 10)).await.unwrap();
    assert_eq!(client.boxes(&ada, 7, None).await.unwrap().boxes.len(), 1, "another kind is another box");
    client.remove_box(&cleo, 7, which).await.unwrap();
    client.remove_box(&cleo, 7, which).await.unwrap();
    assert_eq!(client.boxes(&ada, 7, None).await.unwrap().boxes, []);
    assert_eq!(read(None).await.map_err(|_| ()), Err(()));
}

#[tokio::test]
async fn a_box_may_have_64_kib_and_not_a_byte_more() {
    let (_clinic, client, _, cleo) = set_up().await;
    client.write_box(&cleo, 7, object(1), &sealed(1, 1, 64 * 1024)).await.unwrap();
    assert_eq!(client.read_box(&cleo, 7, object(1), None).await.unwrap().sealed.len(), 64 * 1024);
    assert_eq!(refused(client.write_box(&cleo, 7, object(2), &sealed(1, 1, 64 * 1024 + 1)).await), Code::TooLarge);
    assert_eq!(refused(client.write_box(&cleo, 7, object(2), &sealed(1, 1, 100 * 1024)).await), Code::TooLarge);
    assert_eq!(refused(client.write_box(&cleo, 7, object(2), &sealed(1, 1, 0)).await), Code::Malformed);
}

#[tokio::test]
async fn a_box_about_what_does_not_exist_is_refused() {
    let (clinic, client, _, cleo) = set_up().await;
    let link = clinic.link(cleo.expose(), 7).await;
    for there in [ObjectId::Visit(link.visit), ObjectId::Invite(link.invite)] {
        client.write_box(&cleo, 7, there, &sealed(1, 1, 10)).await.unwrap();
    }
    let nothing = [9; 16];
    for nowhere in [
        ObjectId::Visit(signaling_protocol::VisitId::from_random(nothing)),
        ObjectId::Invite(signaling_protocol::InviteId::from_random(nothing)),
        ObjectId::Device(DeviceId::from_random(nothing)),
    ] {
        let answer = client.write_box(&cleo, 7, nowhere, &sealed(1, 1, 10)).await;
        assert_eq!(refused(answer), Code::ObjectNotFound, "{nowhere}");
    }
    for wrong in ["stf_AAAAAAAAAAAAAAAAAAAAAA", "obj_", "x"] {
        let path = format!("/v1/boxes/7/{wrong}");
        let answer = clinic.client().post(&path, Some(cleo.expose()), &json!({ "revision": 1, "box": "AA" })).await;
        assert_eq!(answer.code(), Code::ObjectNotFound, "{wrong}");
    }
    for wrong in ["256", "-1", "x"] {
        let path = format!("/v1/boxes/{wrong}");
        let answer = clinic.client().request("GET", &path, Some(cleo.expose()), vec![]).await;
        assert_eq!(answer.code(), Code::BoxNotFound, "{wrong}");
    }
}

#[tokio::test]
async fn labels_go_on_after_the_one_that_was_seen_last() {
    let (clinic, client, _, cleo) = set_up().await;
    for number in [1, 2, 3] {
        client.write_box(&cleo, 7, object(number), &sealed(1, 1, 1)).await.unwrap();
    }
    let reply = client.boxes(&cleo, 7, Some(object(1))).await.unwrap();
    assert_eq!(reply.boxes.iter().map(|label| label.object).collect::<Vec<_>>(), [object(2), object(3)]);
    assert!(!reply.more);
    let answer = clinic.client().request("GET", "/v1/boxes/7?after=x", Some(cleo.expose()), vec![]).await;
    assert_eq!(answer.code(), Code::Malformed);
}

#[tokio::test]
async fn an_account_has_eight_streams() {
    let (clinic, _, ada, cleo) = set_up().await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(clinic.client().stream("/v1/events", cleo.expose()).await);
    }
    let one_more = async || clinic.client().request("GET", "/v1/events?poll=1", Some(cleo.expose()), vec![]).await;
    assert_eq!(one_more().await.code(), Code::TooManyRequests);
    clinic.client().request("GET", "/v1/events?poll=1", Some(ada.expose()), vec![]).await.is(StatusCode::OK);
    open.pop();
    let began = std::time::Instant::now();
    while one_more().await.status != StatusCode::OK {
        assert!(began.elapsed() < PATIENCE);
    }
}

#[tokio::test]
async fn a_restart_loses_nothing_but_the_messages_of_a_check() {
    let (clinic, client, ada, cleo) = set_up().await;
    let (certified, waits) = (
        client.enrol_device(&cleo, &request(1)).await.unwrap().device,
        client.enrol_device(&cleo, &request(2)).await.unwrap().device,
    );
    client.certify_device(&ada, certified, &certificate(1)).await.unwrap();
    let said = CheckMessage { run: 1, side: CheckSide::Device, number: 0, message: Base64(vec![7; 32]) };
    client.say_in_check(&cleo, waits, &said).await.unwrap();
    client.revoke(&ada, &revoking(0x1_0001, vec![])).await.unwrap();
    client.write_box(&cleo, 7, object(1), &sealed(5, 1, 1_000)).await.unwrap();
    let before = (client.clinic(&ada).await.unwrap(), client.devices(&ada, None).await.unwrap().devices);
    let (_, host, _) = clinic.call().await;

    let clinic = clinic.restart().await;
    let client = clinic.signaling();
    let (ada, cleo) = (clinic.client().sign_in("ada").await.token, clinic.client().sign_in("cleo").await.token);
    let after = client.devices(&ada, None).await.unwrap();
    assert_eq!((client.clinic(&ada).await.unwrap(), after.devices), before);
    assert_eq!(after.waiting.iter().map(|one| one.device).collect::<Vec<_>>(), [waits]);
    assert_eq!(client.heard_in_check(&cleo, waits).await.unwrap().messages, []);
    assert_eq!(client.read_box(&ada, 7, object(1), None).await.unwrap().revision, 5);
    assert_eq!(refused(client.write_box(&cleo, 7, object(1), &sealed(4, 2, 1)).await), Code::RevisionRefused);
    assert_eq!(
        refused(
            client
                .revoke(
                    &ada,
                    &NoticeRequest { notice: Notice { epoch: 0x1_0001, notice: Base64(vec![1]) }, revoked: vec![] }
                )
                .await
        ),
        Code::EpochRefused
    );
    host.listen(None).await.until("notice").await;
}

#[tokio::test]
async fn without_room_on_the_disk_nothing_is_changed_and_nothing_is_told() {
    let clinic = Clinic::start_with(|config| config.database_room = Some(64)).await;
    let ada = clinic.staff("ada", StaffRole::Admin).await.token;
    let client = clinic.signaling();
    let mut last = None;
    for number in 0..16 {
        match client.write_box(&ada, 7, object(number), &sealed(1, number, 64 * 1024)).await {
            Ok(()) => last = Some(number),
            Err(error) => {
                assert_eq!(refused::<()>(Err(error)), Code::StorageFailed);
                break;
            }
        }
    }
    let last = last.expect("there was room at first");
    assert!(last < 15, "there was an end to it");
    let labels = client.boxes(&ada, 7, None).await.unwrap().boxes;
    assert_eq!(labels.len(), usize::from(last) + 1);
    client.remove_box(&ada, 7, object(0)).await.unwrap();
    client.write_box(&ada, 7, object(last + 1), &sealed(1, 1, 60 * 1024)).await.unwrap();
}
