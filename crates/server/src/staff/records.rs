//! What colleagues keep, as rows: each function is a part of one transaction.

use rusqlite::{Connection, OptionalExtension, Row, params};
use signaling_protocol::{
    Base64, BoxLabel, BoxReply, CertifyRequest, Clinic, ClinicFingerprint, Device, DeviceId, Notice, ObjectId, StaffId,
    WaitingDevice, WriteBoxRequest,
};

use units::Phi;

use crate::store::parsed;

type Result<T> = rusqlite::Result<T>;

/// A device of which nothing but its owner and its certificate counts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) staff: StaffId,
    /// None while it waits.
    pub(super) certificate: Option<CertifyRequest>,
}

pub(super) fn clinic(database: &Connection) -> Result<Option<Clinic>> {
    let read = |row: &Row<'_>| {
        Ok(Clinic { fingerprint: ClinicFingerprint(row.get(0)?), generation: row.get(1)?, head: Base64(row.get(2)?) })
    };
    database.query_row("SELECT fingerprint, generation, head FROM clinic", [], read).optional()
}

pub(super) fn write_clinic(database: &Connection, clinic: &Clinic) -> Result<()> {
    let values = params![clinic.fingerprint.0, clinic.generation, clinic.head.0];
    database.execute("INSERT OR REPLACE INTO clinic VALUES (1, ?, ?, ?)", values).map(drop)
}

pub(super) fn notice(database: &Connection) -> Result<Option<Notice>> {
    let read = |row: &Row<'_>| Ok(Notice { epoch: row.get(0)?, notice: Base64(row.get(1)?) });
    database.query_row("SELECT epoch, notice FROM notices", [], read).optional()
}

pub(super) fn write_notice(database: &Connection, notice: &Notice) -> Result<()> {
    let values = params![notice.epoch, notice.notice.0];
    database.execute("INSERT OR REPLACE INTO notices VALUES (1, ?, ?)", values).map(drop)
}

/// Forgets what has waited since before `unix_micros`.
pub(super) fn forget_waiting(database: &Connection, unix_micros: u64) -> Result<()> {
    let values = params![unix_micros as i64];
    database.execute("DELETE FROM devices WHERE revision = 0 AND asked_unix_micros <= ?", values).map(drop)
}

/// A device of this account with these very keys, whether it waits or not.
pub(super) fn device_with(database: &Connection, staff: StaffId, request: &Base64) -> Result<Option<DeviceId>> {
    let sql = "SELECT device FROM devices WHERE staff = ? AND request = ?";
    database.query_row(sql, params![staff.to_string(), request.0], |row| parsed(row, 0)).optional()
}

/// How many devices of this account wait, or are certified.
pub(super) fn count_devices(database: &Connection, staff: StaffId, waiting: bool) -> Result<usize> {
    let sql = "SELECT count(*) FROM devices WHERE staff = ? AND (revision = 0) = ?";
    database.query_row(sql, params![staff.to_string(), waiting], |row| count(row, 0))
}

pub(super) fn add_waiting(
    database: &Connection,
    device: DeviceId,
    staff: StaffId,
    request: &Base64,
    unix_micros: u64,
) -> Result<()> {
    let sql = "INSERT INTO devices (device, staff, request, asked_unix_micros) VALUES (?, ?, ?, ?)";
    let values = params![device.to_string(), staff.to_string(), request.0, unix_micros as i64];
    database.execute(sql, values).map(drop)
}

pub(super) fn device(database: &Connection, device: DeviceId) -> Result<Option<Known>> {
    let sql = "SELECT staff, revision, issuer, certificate FROM devices WHERE device = ?";
    let read = |row: &Row<'_>| {
        let revision = row.get(1)?;
        let certificate = match revision {
            0 => None,
            revision => {
                Some(CertifyRequest { revision, issuer: Base64(row.get(2)?), certificate: Base64(row.get(3)?) })
            }
        };
        Ok(Known { staff: parsed(row, 0)?, certificate })
    };
    database.query_row(sql, [device.to_string()], read).optional()
}

pub(super) fn certify(database: &Connection, device: DeviceId, with: &CertifyRequest) -> Result<()> {
    let sql = "UPDATE devices SET revision = ?, issuer = ?, certificate = ? WHERE device = ?";
    let values = params![with.revision, with.issuer.0, with.certificate.0, device.to_string()];
    database.execute(sql, values).map(drop)
}

/// Takes a device off the list, with what colleagues keep about it. Answers whose it was.
pub(super) fn remove_device(database: &Connection, device: DeviceId) -> Result<Option<StaffId>> {
    let device = device.to_string();
    let sql = "DELETE FROM devices WHERE device = ? RETURNING staff";
    let owner = database.query_row(sql, [&device], |row| parsed(row, 0)).optional()?;
    database.execute("DELETE FROM staff_objects WHERE object = ?", [&device])?;
    Ok(owner)
}

/// Certified devices after `after`, of one account or of all: one more than `most` if there are more.
pub(super) fn devices(
    database: &Connection,
    of: Option<StaffId>,
    after: Option<DeviceId>,
    most: usize,
) -> Result<Vec<Device>> {
    let sql =
        "SELECT device, staff, request, revision, issuer, certificate, name FROM devices LEFT JOIN staff USING (staff)
               WHERE revision > 0 AND device > ? AND (?2 IS NULL OR staff = ?2) ORDER BY device LIMIT ?3";
    let read = |row: &Row<'_>| {
        Ok(Device {
            device: parsed(row, 0)?,
            staff: parsed(row, 1)?,
            account: account(row, 6)?,
            request: Base64(row.get(2)?),
            revision: row.get(3)?,
            issuer: Base64(row.get(4)?),
            certificate: Base64(row.get(5)?),
        })
    };
    let after = after.map(|device| device.to_string()).unwrap_or_default();
    let values = params![after, of.map(|staff| staff.to_string()), one_more(most)];
    database.prepare_cached(sql)?.query_map(values, read)?.collect()
}

/// Devices that wait, of one account or of all: the `most` that have waited longest.
pub(super) fn waiting(
    database: &Connection,
    of: Option<StaffId>,
    most: usize,
    left_secs: impl Fn(u64) -> u64,
) -> Result<Vec<WaitingDevice>> {
    let sql = "SELECT device, staff, request, asked_unix_micros, name FROM devices LEFT JOIN staff USING (staff)
               WHERE revision = 0 AND (?1 IS NULL OR staff = ?1) ORDER BY asked_unix_micros, device LIMIT ?2";
    let read = |row: &Row<'_>| {
        let asked: i64 = row.get(3)?;
        Ok(WaitingDevice {
            device: parsed(row, 0)?,
            staff: parsed(row, 1)?,
            account: account(row, 4)?,
            request: Base64(row.get(2)?),
            expires_in_secs: left_secs(asked.unsigned_abs()),
        })
    };
    let values = params![of.map(|staff| staff.to_string()), most as i64];
    database.prepare_cached(sql)?.query_map(values, read)?.collect()
}

/// Whether what a box is to be about is there.
pub(super) fn exists(database: &Connection, object: ObjectId) -> Result<bool> {
    let sql = match object {
        ObjectId::Visit(_) => "SELECT count(*) FROM visits WHERE visit = ?",
        ObjectId::Invite(_) => "SELECT count(*) FROM invites WHERE invite = ?",
        ObjectId::Device(_) => "SELECT count(*) FROM devices WHERE device = ?",
        ObjectId::Free(_) => return Ok(true),
    };
    database.query_row(sql, [object.to_string()], |row| row.get(0))
}

/// Who made a box, and its newest revision.
pub(super) fn box_of(database: &Connection, kind: u8, object: ObjectId) -> Result<Option<(StaffId, u32)>> {
    let sql = "SELECT creator, revision FROM staff_objects WHERE kind = ? AND object = ?";
    let read = |row: &Row<'_>| Ok((parsed(row, 0)?, row.get(1)?));
    database.query_row(sql, params![kind, object.to_string()], read).optional()
}

/// Whether this account's own revision of a box is this one.
pub(super) fn is_written(
    database: &Connection,
    kind: u8,
    object: ObjectId,
    by: StaffId,
    asked: &WriteBoxRequest,
) -> Result<bool> {
    let sql = "SELECT count(*) FROM staff_boxes
               WHERE kind = ? AND object = ? AND staff = ? AND revision = ? AND sealed = ?";
    let values = params![kind, object.to_string(), by.to_string(), asked.revision, asked.sealed.0];
    database.query_row(sql, values, |row| row.get(0))
}

/// How many boxes an account has here and how many bytes, its revision of this one left out.
pub(super) fn share(database: &Connection, of: StaffId, kind: u8, object: ObjectId) -> Result<(usize, usize)> {
    let sql = "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM staff_boxes
               WHERE staff = ? AND NOT (kind = ? AND object = ?)";
    let values = params![of.to_string(), kind, object.to_string()];
    database.query_row(sql, values, |row| Ok((count(row, 0)?, count(row, 1)?)))
}

/// Writes an account's revision, in the place of its last one; those of others stay.
pub(super) fn write_box(
    database: &Connection,
    kind: u8,
    object: ObjectId,
    by: StaffId,
    asked: &WriteBoxRequest,
) -> Result<()> {
    let (object, by) = (object.to_string(), by.to_string());
    database.execute(
        "INSERT INTO staff_objects VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision",
        params![kind, object, by, asked.revision],
    )?;
    database
        .execute(
            "INSERT INTO staff_boxes VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed",
            params![kind, object, by, asked.revision, asked.sealed.0],
        )
        .map(drop)
}

/// The newest revision of a box, or the newest that is lower than `below`.
pub(super) fn read_box(
    database: &Connection,
    kind: u8,
    object: ObjectId,
    below: Option<u32>,
) -> Result<Option<BoxReply>> {
    let sql = "SELECT revision, staff, sealed FROM staff_boxes
               WHERE kind = ? AND object = ? AND (?3 IS NULL OR revision < ?3) ORDER BY revision DESC LIMIT 1";
    let read = |row: &Row<'_>| Ok(BoxReply { revision: row.get(0)?, by: parsed(row, 1)?, sealed: Base64(row.get(2)?) });
    database.query_row(sql, params![kind, object.to_string(), below], read).optional()
}

/// All revisions of a box go.
pub(super) fn remove_box(database: &Connection, kind: u8, object: ObjectId) -> Result<()> {
    let sql = "DELETE FROM staff_objects WHERE kind = ? AND object = ?";
    database.execute(sql, params![kind, object.to_string()]).map(drop)
}

/// The labels after `after`: one more than `most` if there are more.
pub(super) fn labels(database: &Connection, kind: u8, after: Option<ObjectId>, most: usize) -> Result<Vec<BoxLabel>> {
    let sql = "SELECT object, revision FROM staff_objects WHERE kind = ? AND object > ? ORDER BY object LIMIT ?";
    let read = |row: &Row<'_>| Ok(BoxLabel { object: parsed(row, 0)?, revision: row.get(1)? });
    let after = after.map(|object| object.to_string()).unwrap_or_default();
    database.prepare_cached(sql)?.query_map(params![kind, after, one_more(most)], read)?.collect()
}

/// The name of an account.
fn account(row: &Row<'_>, column: usize) -> Result<Option<Phi<String>>> {
    row.get::<_, Option<String>>(column).map(|name| name.map(Phi::new))
}

fn count(row: &Row<'_>, column: usize) -> Result<usize> {
    Ok(usize::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// So that whoever asks sees that there are more.
fn one_more(most: usize) -> i64 {
    most as i64 + 1
}
