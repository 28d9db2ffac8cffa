//! What time and quotas do, on a real database.

use futures_util::FutureExt;
use signaling_protocol::{
    Base64, CertifyRequest, ClinicFingerprint, EnrolRequest, FreeId, ObjectId, StaffRole, WriteBoxRequest,
};
use tempfile::TempDir;

use super::*;
use crate::permissions::Scope;

const DAY: u64 = 24 * 3_600 * 1_000_000;
/// 2026-01-01
const BEGIN: u64 = 1_767_225_600_000_000;

struct House {
    staff: Arc<Staff>,
    now: Timestamp,
    _data: TempDir,
}

impl House {
    async fn new(limits: StaffLimits) -> Self {
        let data = tempfile::tempdir().unwrap();
        let staff = Staff { limits, ..Staff::open(data.path(), 1, None).unwrap() };
        for number in [1, 2] {
            let values = rusqlite::params![StaffId::from_random([number; 16]).to_string(), number.to_string()];
            let add = "INSERT INTO staff (staff, name, role, password_hash) VALUES (?, ?, 'admin', '')";
            staff.database.lock().await.forge().execute(add, values).unwrap();
        }
        Self { staff: Arc::new(staff), now: Timestamp::ZERO, _data: data }
    }

    /// A second later, so that nobody's rate is used up.
    fn later(&mut self) -> Timestamp {
        self.now += Duration::from_secs(1);
        self.now
    }

    async fn enrols(&mut self, by: Caller, byte: u8, unix_micros: u64) -> Result<DeviceId, Code> {
        let now = self.later();
        let asked = EnrolRequest { request: Base64(vec![byte; 64]) };
        self.staff.enrol(now, unix_micros, by, asked).await.map(|reply| reply.device)
    }

    async fn certifies(&mut self, device: DeviceId, unix_micros: u64) -> Result<(), Code> {
        let now = self.later();
        let asked = CertifyRequest { revision: 1, issuer: Base64(vec![1]), certificate: Base64(vec![2]) };
        self.staff.certify(now, unix_micros, somebody(2), device, asked).await
    }

    async fn writes(&mut self, by: Caller, object: u8, revision: u32, bytes: usize) -> Result<(), Code> {
        let now = self.later();
        let which = (7, ObjectId::Free(FreeId::from_random([object; 16])));
        self.staff.write_box(now, by, which, WriteBoxRequest { revision, sealed: Base64(vec![1; bytes]) }).await
    }

    async fn sets_up(&mut self) {
        let now = self.later();
        let clinic = Clinic { fingerprint: ClinicFingerprint([1; 32]), generation: 1, head: Base64(vec![1]) };
        self.staff.set_up(now, somebody(2), clinic).await.unwrap();
    }
}

/// One of the two who have accounts.
fn somebody(number: u8) -> Caller {
    Caller::of(StaffId::from_random([number; 16]), StaffRole::Admin, Scope::All)
}

#[tokio::test]
async fn a_device_that_nobody_certifies_is_forgotten_after_a_day() {
    let mut house = House::new(StaffLimits::default()).await;
    house.sets_up().await;
    let (first, second) = (
        house.enrols(somebody(1), 1, BEGIN).await.unwrap(),
        house.enrols(somebody(1), 2, BEGIN + DAY / 2).await.unwrap(),
    );
    let waiting = async |house: &mut House, at: u64| {
        let now = house.later();
        let reply = house.staff.devices(now, at, somebody(2), None).await.unwrap();
        reply.waiting.into_iter().map(|one| (one.device, one.expires_in_secs)).collect::<Vec<_>>()
    };
    assert_eq!(waiting(&mut house, BEGIN + DAY - 1_000_000).await, [(first, 1), (second, 43_201)]);
    assert_eq!(waiting(&mut house, BEGIN + DAY).await, [(second, 43_200)]);
    assert_eq!(house.certifies(first, BEGIN + DAY).await, Err(Code::DeviceNotFound));
    house.certifies(second, BEGIN + DAY).await.unwrap();
    assert_eq!(house.certifies(first, BEGIN + 9 * DAY).await, Err(Code::DeviceNotFound));
    let now = house.later();
    let reply = house.staff.devices(now, BEGIN + 9 * DAY, somebody(2), None).await.unwrap();
    assert_eq!(reply.devices.len(), 1, "what is certified stays");
}

#[tokio::test]
async fn an_account_has_so_many_devices_and_takes_none_of_anothers() {
    let mut house = House::new(StaffLimits { devices: 2, ..StaffLimits::default() }).await;
    let first = house.enrols(somebody(1), 1, BEGIN).await.unwrap();
    assert_eq!(house.certifies(first, BEGIN).await, Err(Code::ClinicNotSetUp));
    house.sets_up().await;
    house.certifies(first, BEGIN).await.unwrap();
    let second = house.enrols(somebody(1), 2, BEGIN).await.unwrap();
    house.certifies(second, BEGIN).await.unwrap();
    let third = house.enrols(somebody(1), 3, BEGIN).await.unwrap();
    assert_eq!(house.certifies(third, BEGIN).await, Err(Code::QuotaFull));
    let others = house.enrols(somebody(2), 4, BEGIN).await.unwrap();
    house.certifies(others, BEGIN).await.unwrap();
}

#[tokio::test]
async fn an_accounts_share_of_boxes_is_its_own() {
    let limits = StaffLimits { boxes: 3, boxes_bytes: 100, ..StaffLimits::default() };
    let mut house = House::new(limits).await;
    let (me, other) = (somebody(1), somebody(2));
    house.writes(me, 1, 1, 60).await.unwrap();
    assert_eq!(house.writes(me, 2, 1, 41).await, Err(Code::QuotaFull));
    house.writes(me, 2, 1, 40).await.unwrap();
    house.writes(other, 3, 1, 100).await.unwrap();
    // A next revision takes the last one's place.
    house.writes(me, 1, 2, 59).await.unwrap();
    house.writes(me, 3, 2, 1).await.unwrap();
    assert_eq!(house.writes(me, 4, 1, 0).await, Err(Code::Malformed));
    house.writes(me, 1, 3, 1).await.unwrap();
    assert_eq!(house.writes(me, 4, 1, 1).await, Err(Code::QuotaFull), "the fourth");
    assert_eq!(
        house.writes(other, 1, 4, 1).await,
        Err(Code::QuotaFull),
        "what others wrote is not counted, one's own is"
    );
    let now = house.later();
    house.staff.remove_box(now, me, (7, ObjectId::Free(FreeId::from_random([3; 16])))).await.unwrap();
    house.writes(other, 1, 4, 1).await.unwrap();
}

#[tokio::test]
async fn revocations_are_told_though_who_asked_has_gone() {
    let mut house = House::new(StaffLimits::default()).await;
    house.sets_up().await;
    let mut standing = house.staff.watch();
    let (tell, told) = tokio::sync::oneshot::channel();
    let notice = Notice { epoch: 0x1_0001, notice: Base64(vec![1]) };
    let asked = NoticeRequest { notice: notice.clone(), revoked: vec![] };
    let now = house.later();
    let asking = house.staff.revoke(now, somebody(2), asked, |notice, _| drop(tell.send(notice)));
    assert!(asking.now_or_never().is_none(), "hung up before the answer");
    assert_eq!(told.await.unwrap(), notice);
    let heard = standing.wait_for(|standing| standing.notice.is_some()).await.unwrap();
    assert_eq!(heard.notice, Some(notice));
}

#[tokio::test]
async fn every_change_is_told_with_a_higher_number() {
    let mut house = House::new(StaffLimits::default()).await;
    let standing = house.staff.watch();
    let number = || match standing.borrow().event() {
        StaffEvent::Clinic { devices, checks, boxes, .. } => (standing.borrow().version, devices, checks, boxes),
        StaffEvent::Bye { .. } => panic!(),
    };
    let before = number();
    house.writes(somebody(1), 1, 1, 10).await.unwrap();
    let after = number();
    assert!(after.0 > before.0 && after.3 > before.3 && (after.1, after.2) == (before.1, before.2));
    // What is the same already, or refused, is no news.
    house.writes(somebody(1), 1, 1, 10).await.unwrap();
    house.writes(somebody(1), 1, 1, 11).await.unwrap_err();
    assert_eq!(number(), after);
    house.enrols(somebody(1), 1, BEGIN).await.unwrap();
    let enrolled = number();
    assert!(enrolled.0 > after.0 && enrolled.1 > after.1 && (enrolled.2, enrolled.3) == (after.2, after.3));
}

#[tokio::test]
async fn who_asks_without_end_is_slowed_down_and_colleagues_are_not() {
    let mut house = House::new(StaffLimits::default()).await;
    let at = house.later();
    let ask = async |by, at| house.staff.boxes(at, by, 7, None).await.map(drop);
    for _ in 0..120 {
        assert_eq!(ask(somebody(1), at).await, Ok(()));
    }
    assert_eq!(ask(somebody(1), at).await, Err(Code::TooManyRequests));
    assert_eq!(ask(somebody(2), at).await, Ok(()));
    let second_later = at + Duration::from_secs(1);
    for wanted in [Ok(()); 20].into_iter().chain([Err(Code::TooManyRequests)]) {
        assert_eq!(ask(somebody(1), second_later).await, wanted);
    }
}

#[tokio::test]
async fn lists_come_in_pages_and_none_is_left_out() {
    let mut house = House::new(StaffLimits::default()).await;
    let me = somebody(1);
    {
        let mut database = house.staff.database.lock().await;
        let transaction = database.forge().transaction().unwrap();
        for number in 0..1_001_u16 {
            let bits = [number.to_be_bytes(); 8].concat().try_into().unwrap();
            let values = rusqlite::params![FreeId::from_random(bits).to_string(), me.staff.to_string()];
            transaction.execute("INSERT INTO staff_objects VALUES (7, ?, ?, 1)", values).unwrap();
            if number < 65 {
                let values = rusqlite::params![DeviceId::from_random(bits).to_string(), me.staff.to_string(), number];
                let add = "INSERT INTO devices VALUES (?, ?, CAST(?3 AS BLOB), 0, 1, x'01', x'02')";
                transaction.execute(add, values).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
    let (mut after, mut pages, mut labels) = (None, Vec::new(), Vec::new());
    loop {
        let now = house.later();
        let reply = house.staff.boxes(now, me, 7, after).await.unwrap();
        pages.push(reply.boxes.len());
        labels.extend(reply.boxes);
        if !reply.more {
            break;
        }
        after = labels.last().map(|label| label.object);
    }
    assert_eq!(pages, [500, 500, 1]);
    labels.dedup();
    assert_eq!(labels.len(), 1_001);
    let now = house.later();
    let first = house.staff.devices(now, BEGIN, me, None).await.unwrap();
    assert_eq!((first.devices.len(), first.more), (64, true));
    let rest = house.staff.devices(now, BEGIN, me, first.devices.last().map(|one| one.device)).await.unwrap();
    assert_eq!((rest.devices.len(), rest.more), (1, false));
    assert!(!first.devices.contains(&rest.devices[0]));
}
