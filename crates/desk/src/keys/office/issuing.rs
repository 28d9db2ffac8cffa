//! The issuing key: what it states and whom it certifies.

use super::*;

/// The issuing key, as it is kept and as it signs.
pub(super) struct Issuing {
    pub(super) record: IssuingRecord,
    pub(super) key: IssuingKey,
    /// The newest, if it was made since the start.
    pub(super) statement: Option<Vec<u8>>,
}

impl Issuing {
    pub(super) fn keep(&self, tools: &mut Tools) {
        tools.outputs.push_back(KeysOutput::Keep(Entry::Issuing, self.record.to_bytes()));
    }

    pub(super) fn epoch(&self) -> Epoch {
        Epoch::new(self.record.generation, self.record.counter)
    }

    /// As the server keeps it.
    pub(super) fn clinic(&self) -> Clinic {
        Clinic {
            fingerprint: ClinicFingerprint(self.key.clinic().0),
            generation: self.record.generation,
            head: Base64(self.record.head.clone()),
        }
    }

    /// Another statement of who is revoked.
    pub(super) fn state(&mut self, now: UnixTime, counter: u16) -> Option<Vec<u8>> {
        self.record.revoked.retain(|(_, until)| *until >= now);
        let mut serials: Vec<u64> = self.record.revoked.iter().map(|(serial, _)| *serial).collect();
        serials.sort_unstable();
        let statement = self.key.revoke(counter, &serials, week(now)).ok()?;
        (self.record.counter, self.record.made_at) = (counter, now);
        self.statement = Some(statement.clone());
        Some(statement)
    }

    /// The newest statement.
    pub(super) fn revocations<'a>(&'a self, standing: &'a Standing) -> Option<&'a [u8]> {
        let published = || standing.notice.as_ref()?.notice.0.strip_prefix(self.record.head.as_slice());
        self.statement.as_deref().or_else(published)
    }

    pub(super) fn certificate(&self, card: &Card, now: UnixTime) -> Option<Vec<u8>> {
        let name_hash = name_hash(&card.salt, card.name.expose())?;
        let facts = DeviceFacts { role: card.role, serial: serial_of(&card.keys), validity: week(now), name_hash };
        self.key.certify_device(&card.keys, &facts).ok()
    }

    /// The admin's own device, to make cards with.
    pub(super) fn admin(
        &self,
        own: &DeviceKeys,
        account: &str,
        revocations: &[u8],
        now: UnixTime,
    ) -> Option<DeviceIdentity> {
        let name = fitting(account);
        let salt = [0; 16];
        let card = Card { keys: own.public(), role: DeviceRole::Admin, name: Phi::new(name.clone()), salt };
        let chain = self.key.chain(&self.certificate(&card, now)?, revocations);
        DeviceIdentity::new(own.clone(), chain, &name, salt).ok()
    }
}

/// A patient's clock may be behind ours.
pub(super) fn before(now: UnixTime) -> UnixTime {
    UnixTime(now.0.saturating_sub(3_600))
}

fn week(now: UnixTime) -> Validity {
    let from = before(now);
    Validity { from, until: from.plus(trust::certificate::DEVICE_SECONDS) }
}
