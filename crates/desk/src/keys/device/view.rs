//! This device as its person sees it.

use super::*;

impl OwnDevice {
    pub(in super::super) fn standing(&self, now: UnixTime, standing: Option<&Standing>) -> DeviceStanding {
        let State::Known { record, end } = &self.state else {
            return match self.state {
                State::Locked => DeviceStanding::KeyringLocked,
                State::Unreadable => DeviceStanding::KeyringUnreadable,
                State::Opening | State::Known { .. } => DeviceStanding::Opening,
            };
        };
        let Some(standing) = standing else { return DeviceStanding::Opening };
        match (record.clinic, said_clinic(Some(standing))) {
            (None, None) => return DeviceStanding::NoClinic,
            (Some(believed), said) if said != Some(believed) => return DeviceStanding::AnotherClinic,
            _ => {}
        }
        match end {
            Some(End::Differ) => return DeviceStanding::Differ,
            Some(End::Refused) => return DeviceStanding::Refused,
            Some(End::Revoked) => return DeviceStanding::Revoked,
            Some(End::Replaced) => return DeviceStanding::Replaced,
            Some(End::Over) => return DeviceStanding::Over,
            None => {}
        }
        if let (Some(identity), Some(certified)) = (&self.identity, &record.certified) {
            let facts = identity.facts();
            let days_left = facts.validity.until.0.saturating_sub(now.0) / 86_400;
            return DeviceStanding::Certified { name: certified.name.clone(), role: facts.role, days_left };
        }
        let check = self.check.as_ref().map(|check| &check.digits);
        match check {
            Some(check) if check.is_compared() => DeviceStanding::Confirmed,
            Some(check) if check.is_running() => {
                DeviceStanding::Comparing(check.digits().map(|digits| Phi::new(digits.to_string())))
            }
            _ if self.listed.is_some() && record.clinic.is_some() => DeviceStanding::Confirmed,
            // Certified before its person said that the digits are the same, and what was compared is forgotten.
            _ if self.listed.is_some() => DeviceStanding::Refused,
            _ => DeviceStanding::Waiting,
        }
    }
}
