//! Boxes that colleagues seal to each other: kept, counted, and gone with what they are about.

use std::sync::Arc;

use rusqlite::Connection;
use signaling_protocol::{BoxReply, BoxesReply, Code, ObjectId, StaffId, WriteBoxRequest};
use units::Timestamp;

use super::rules::{self, Step, sized};
use super::{Done, Staff, records};
use crate::permissions::Caller;
use crate::store::Event;

/// Labels in one answer: about 40 KiB.
const PAGE: usize = 500;

/// The kind of box that is about a device and says as what it is certified (`PROTOCOL.md`, "Devices").
const CARD: u8 = 1;

impl Staff {
    /// Keeps a box. Those of others about the same object stay, so that nobody's mistake takes away what another knew.
    pub(crate) async fn write_box(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        (kind, object): (u8, ObjectId),
        asked: WriteBoxRequest,
    ) -> Result<(), Code> {
        let limits = self.limits;
        sized(&asked.sealed, limits.box_bytes)?;
        self.change(now, by, move |database, told| {
            if !records::exists(database, object)? {
                return Err(Code::ObjectNotFound.into());
            }
            let known = records::box_of(database, kind, object)?.map(|(_, revision)| revision);
            let is_same = records::is_written(database, kind, object, by.staff, &asked)?;
            if rules::revise(known, asked.revision, is_same)? == Step::Same {
                return Ok(());
            }
            let (boxes, bytes) = records::share(database, by.staff, kind, object)?;
            if boxes >= limits.boxes || bytes + asked.sealed.len() > limits.boxes_bytes {
                return Err(Code::QuotaFull.into());
            }
            records::write_box(database, kind, object, by.staff, &asked)?;
            let event = Event::BoxWritten { kind, object, revision: asked.revision };
            told.push(event, Box::new(|standing| standing.boxes = standing.next()));
            Ok(())
        })
        .await
    }

    /// The newest revision of a box, or the newest lower than `below`: another's, if the newest is of no use. Who may read
    /// their own alone hears of no other that there is one.
    pub(crate) async fn read_box(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        (kind, object): (u8, ObjectId),
        below: Option<u32>,
    ) -> Result<BoxReply, Code> {
        self.read(now, by, move |database| {
            if let Some(reader) = by.own()
                && !is_own_card(database, reader, kind, object)?
            {
                return Err(Code::BoxNotFound.into());
            }
            Ok(records::read_box(database, kind, object, below)?.ok_or(Code::BoxNotFound)?)
        })
        .await
    }

    /// What boxes of a kind there are.
    pub(crate) async fn boxes(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        kind: u8,
        after: Option<ObjectId>,
    ) -> Result<BoxesReply, Code> {
        self.read(now, by, move |database| {
            let mut boxes = records::labels(database, kind, after, PAGE)?;
            let more = boxes.len() > PAGE;
            boxes.truncate(PAGE);
            Ok(BoxesReply { boxes, more })
        })
        .await
    }

    /// A box goes with all its revisions, by who made it or an admin. Whether it was there or not, it is gone.
    pub(crate) async fn remove_box(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        (kind, object): (u8, ObjectId),
    ) -> Result<(), Code> {
        self.change(now, by, move |database, told| {
            let Some((creator, _)) = records::box_of(database, kind, object)? else { return Ok(()) };
            by.over(creator)?;
            records::remove_box(database, kind, object)?;
            told.push(Event::BoxRemoved { kind, object }, Box::new(|standing| standing.boxes = standing.next()));
            Ok(())
        })
        .await
    }
}

/// Whether a box is the card of a device of this account: without it a device does not know as what it is certified.
fn is_own_card(database: &Connection, reader: StaffId, kind: u8, object: ObjectId) -> Done<bool> {
    let ObjectId::Device(device) = object else { return Ok(false) };
    Ok(kind == CARD && records::device(database, device)?.is_some_and(|known| known.staff == reader))
}
