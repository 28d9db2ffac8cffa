//! Whether this device is certified: its card, and the chain that is good now.

use super::*;

impl OwnDevice {
    pub(super) fn card(&mut self, now: UnixTime, tried: u8, reply: &BoxReply) {
        let State::Known { record, .. } = &mut self.state else { return };
        let (Some(clinic), Some(device)) = (record.clinic, record.device) else { return };
        let keys = DeviceKeys::from_secret(&record.secret);
        let card = card::open(&reply.sealed.0, &clinic::BoxSecret::of_device(&keys), clinic, device, now);
        match card.filter(|card| card.keys == keys.public()) {
            Some(card) => {
                let chain = record.certified.take().map(|before| before.chain).unwrap_or_default();
                record.certified = Some(Certified { name: card.name, salt: card.salt, chain });
            }
            // A colleague may have written over it: what the admin wrote is still there, below.
            None if tried < MOST_CARDS => self.wants.card = Some((Some(reply.revision), tried + 1)),
            None => {
                self.wants.no_card = true;
                self.problem = Some(KeysProblem::OddAnswer);
            }
        }
    }

    /// Whether this device is certified now, by the newest that there is.
    pub(super) fn evaluate(&mut self, now: UnixTime, standing: &Standing, tools: &mut Tools) {
        let State::Known { record, end } = &mut self.state else { return };
        let Some(clinic) = record.clinic.filter(|clinic| said_clinic(Some(standing)) == Some(*clinic)) else {
            self.identity = None;
            return;
        };
        if matches!(end, Some(End::Differ | End::Refused | End::Revoked)) {
            self.identity = None;
            return;
        }
        let keys = DeviceKeys::from_secret(&record.secret);
        let expected = |least_epoch| Expected { clinic, least_epoch, role: None, now };
        let bytes = standing.notice.as_ref().map(|notice| notice.notice.0.as_slice());
        let notice = bytes.and_then(|bytes| Notice::verify(bytes, &expected(record.epoch)).ok());
        if let Some(notice) = notice.as_ref().filter(|notice| notice.epoch() > record.epoch) {
            record.epoch = notice.epoch();
            keep(record, tools);
        }
        let newest = self.listed.clone().or_else(|| parts_of(&record.certified.as_ref()?.chain));
        let newest = newest.and_then(|(head, certificate)| {
            let revocations = bytes?.strip_prefix(head.as_slice())?;
            Some([head.as_slice(), &certificate, revocations].concat())
        });
        let (mut verified, mut why) = (None, None);
        if let Some(chain) = newest {
            match Chain::verify(&chain, &expected(record.epoch)) {
                Ok(_) => verified = Some(chain),
                Err(error) => why = Some(error),
            }
        }
        if verified.is_none() && why != Some(CertificateError::Revoked) {
            // What was good before stays good until its own time is over, whatever the server brings, or does not.
            let before = record.certified.as_ref().map(|certified| certified.chain.clone());
            if let Some(before) = before.filter(|before| !before.is_empty()) {
                match Chain::verify(&before, &expected(Epoch::default())) {
                    Ok(chain) => match notice.as_ref().filter(|notice| notice.revokes(&chain)) {
                        Some(notice) if notice.epoch().0 >> 16 > chain.epoch.0 >> 16 => *end = Some(End::Replaced),
                        Some(_) => why = Some(CertificateError::Revoked),
                        None => verified = Some(before),
                    },
                    Err(error) => why = why.or(Some(error)),
                }
            }
        }
        let Some(chain) = verified else {
            self.identity = None;
            match why {
                Some(CertificateError::Revoked) => {
                    *end = Some(End::Revoked);
                    record.revoked = true;
                    keep(record, tools);
                }
                Some(
                    CertificateError::Expired | CertificateError::RevocationsExpired | CertificateError::NotYetValid,
                ) if *end != Some(End::Replaced) => {
                    *end = Some(End::Over);
                }
                _ => {}
            }
            return;
        };
        let named = record.certified.as_ref().filter(|certified| !certified.name.expose().is_empty());
        let identity =
            named.map(|Certified { name, salt, .. }| DeviceIdentity::new(keys, chain.clone(), name.expose(), *salt));
        match identity {
            Some(Ok(identity)) => {
                *end = None;
                let epoch = record.epoch.max(identity.epoch());
                if let Some(certified) = &mut record.certified
                    && (certified.chain != chain || record.epoch != epoch)
                {
                    certified.chain = chain;
                    record.epoch = epoch;
                    keep(record, tools);
                }
                (self.check, self.problem) = (None, None);
                self.identity = Some(identity);
            }
            // Certified for the first time, or under another name.
            Some(Err(_)) | None => {
                self.identity = None;
                let asks = matches!(self.asked, Some((_, What::Card(_))));
                if !asks && !self.wants.no_card && self.wants.card.is_none() {
                    self.wants.card = Some((None, 0));
                }
            }
        }
    }
}

/// The issuing key's part of a chain with the clinic's key before it, and the device's.
fn parts_of(chain: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (head, rest) = chain.split_at_checked(HEAD_BYTES)?;
    Some((head.to_vec(), rest.get(..CERTIFICATE_BYTES)?.to_vec()))
}

/// A clinic's key and its certificate for an issuing key; a device's certificate (docs/trust.md, "Certificates").
const HEAD_BYTES: usize = 32 + 115;
const CERTIFICATE_BYTES: usize = 186;
/// Cards that are looked at before it is said that none is an admin's.
const MOST_CARDS: u8 = 8;
