//! Devices: asked for by their owners, compared by two people, certified by an admin's app.

use std::sync::Arc;

use rusqlite::Connection;
use signaling_protocol::{
    CertifyRequest, CheckMessage, CheckReply, CheckSide, Code, DeviceId, DeviceReply, DevicesReply, EnrolRequest,
};
use units::Timestamp;

use super::rules::{self, Step, sized};
use super::{Done, Staff, draw, lock, records};
use crate::permissions::Caller;
use crate::store::Event;

/// Certified devices in one answer: about 80 KiB at most.
const PAGE: usize = 64;

impl Staff {
    /// A device wants to be certified. Asked again with the same keys, it is the same device.
    pub(crate) async fn enrol(
        self: &Arc<Self>,
        now: Timestamp,
        unix_micros: u64,
        by: Caller,
        asked: EnrolRequest,
    ) -> Result<DeviceReply, Code> {
        let limits = self.limits;
        sized(&asked.request, limits.device_request_bytes)?;
        let fresh = draw()?;
        let oldest = self.oldest(unix_micros);
        let device = self
            .change(now, by, move |database, told| {
                records::forget_waiting(database, oldest)?;
                if let Some(known) = records::device_with(database, by.staff, &asked.request)? {
                    return Ok(known);
                }
                if records::count_devices(database, by.staff, true)? >= limits.devices_waiting {
                    return Err(Code::QuotaFull.into());
                }
                records::add_waiting(database, fresh, by.staff, &asked.request, unix_micros)?;
                let event = Event::DeviceAsked { device: fresh, staff: by.staff };
                told.push(event, Box::new(|standing| standing.devices = standing.next()));
                Ok(fresh)
            })
            .await?;
        Ok(DeviceReply { device, expires_in_secs: limits.device_request_secs })
    }

    /// The devices that are certified, and those that wait: one's own, and all for who certifies.
    pub(crate) async fn devices(
        self: &Arc<Self>,
        now: Timestamp,
        unix_micros: u64,
        by: Caller,
        after: Option<DeviceId>,
    ) -> Result<DevicesReply, Code> {
        let (oldest, life) = (self.oldest(unix_micros), self.limits.device_request_secs);
        self.change(now, by, move |database, _| {
            records::forget_waiting(database, oldest)?;
            let left = |asked: u64| life.saturating_sub(unix_micros.saturating_sub(asked) / 1_000_000);
            let waiting = match after {
                // Colleagues know each other's devices; only who certifies needs those that wait.
                None => records::waiting(database, (!by.certifies()).then_some(by.staff), PAGE, left)?,
                Some(_) => Vec::new(),
            };
            let mut devices = records::devices(database, by.own(), after, PAGE)?;
            let more = devices.len() > PAGE;
            devices.truncate(PAGE);
            Ok(DevicesReply { devices, waiting, more })
        })
        .await
    }

    /// One message of a device's spoken check.
    pub(crate) async fn say(
        self: &Arc<Self>,
        now: Timestamp,
        unix_micros: u64,
        by: Caller,
        device: DeviceId,
        asked: CheckMessage,
    ) -> Result<(), Code> {
        let oldest = self.oldest(unix_micros);
        let this = Arc::clone(self);
        self.change(now, by, move |database, told| {
            records::forget_waiting(database, oldest)?;
            let owner = waits(database, by, device)?;
            let is_own_side = match asked.side {
                CheckSide::Device => owner == by.staff,
                CheckSide::Voucher => by.certifies(),
            };
            if !is_own_side {
                return Err(Code::NotAllowed.into());
            }
            if lock(&this.checks).say(now, device, asked, &this.limits)? == Step::Write {
                told.push_unkept(Box::new(|standing| standing.checks = standing.next()));
            }
            Ok(())
        })
        .await
    }

    /// What was said in a device's spoken check.
    pub(crate) async fn heard(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        device: DeviceId,
    ) -> Result<CheckReply, Code> {
        self.read(now, by, move |database| waits(database, by, device).map(drop)).await?;
        Ok(CheckReply { messages: lock(&self.checks).heard(now, device) })
    }

    /// An admin's app certifies a device, for the first time or anew.
    pub(crate) async fn certify(
        self: &Arc<Self>,
        now: Timestamp,
        unix_micros: u64,
        by: Caller,
        device: DeviceId,
        asked: CertifyRequest,
    ) -> Result<(), Code> {
        let limits = self.limits;
        sized(&asked.issuer, limits.certificate_bytes)?;
        sized(&asked.certificate, limits.certificate_bytes)?;
        let oldest = self.oldest(unix_micros);
        let this = Arc::clone(self);
        self.change(now, by, move |database, told| {
            if records::clinic(database)?.is_none() {
                return Err(Code::ClinicNotSetUp.into());
            }
            records::forget_waiting(database, oldest)?;
            let known = records::device(database, device)?.ok_or(Code::DeviceNotFound)?;
            let newest = known.certificate.as_ref().map_or(0, |known| known.revision);
            if rules::revise(Some(newest), asked.revision, known.certificate.as_ref() == Some(&asked))? == Step::Same {
                return Ok(());
            }
            if newest == 0 && records::count_devices(database, known.staff, false)? >= limits.devices {
                return Err(Code::QuotaFull.into());
            }
            records::certify(database, device, &asked)?;
            let event = Event::DeviceCertified { device, revision: asked.revision };
            told.push(
                event,
                Box::new(move |standing| {
                    lock(&this.checks).end(device);
                    standing.devices = standing.next();
                }),
            );
            Ok(())
        })
        .await
    }

    /// Takes a device off the list: one's own that waits, or any for who certifies. Whether it was there or not, it is gone.
    pub(crate) async fn forget_device(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        device: DeviceId,
    ) -> Result<(), Code> {
        let this = Arc::clone(self);
        self.change(now, by, move |database, told| {
            let Some(known) = records::device(database, device)? else { return Ok(()) };
            by.over(known.staff).map_err(|_| Code::DeviceNotFound)?;
            // Of a certified one the others must hear by a notice: its owner alone cannot take it away.
            if known.certificate.is_some() && !by.certifies() {
                return Err(Code::NotAllowed.into());
            }
            records::remove_device(database, device)?;
            told.push(
                Event::DeviceForgotten { device },
                Box::new(move |standing| {
                    lock(&this.checks).end(device);
                    standing.devices = standing.next();
                    standing.boxes = standing.version;
                }),
            );
            Ok(())
        })
        .await
    }

    /// Before when a device must have asked that does not wait any more.
    fn oldest(&self, unix_micros: u64) -> u64 {
        unix_micros.saturating_sub(self.limits.device_request_secs * 1_000_000)
    }
}

/// Whose device this is, if it waits and the caller may know of it.
fn waits(database: &Connection, by: Caller, device: DeviceId) -> Done<signaling_protocol::StaffId> {
    let known = records::device(database, device)?.filter(|known| known.certificate.is_none());
    let owner = known.ok_or(Code::DeviceNotFound)?.staff;
    by.over(owner).map_err(|_| Code::DeviceNotFound)?;
    Ok(owner)
}
