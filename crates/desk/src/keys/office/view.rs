//! The office as an admin sees it.

use super::*;

impl Office {
    pub(in super::super) fn snapshot(
        &self,
        now: UnixTime,
        standing: Option<&Standing>,
        own: Option<DeviceId>,
    ) -> OfficeSnapshot {
        let rows = self.listed.iter().flatten().map(|listed| self.row(listed, own));
        let waiting = self.waiting.iter().filter(|waiting| Some(waiting.device) != own);
        OfficeSnapshot {
            stage: self.stage(standing),
            waiting: waiting.filter_map(row_of_waiting).collect(),
            devices: rows.collect(),
            comparing: self.comparison.as_ref().map(|comparison| Comparing {
                device: comparison.device,
                name: comparison.card.name.clone(),
                digits: comparison.digits.digits().map(|digits| Phi::new(digits.to_string())),
            }),
            busy: self.asked.as_ref().is_some_and(|(_, job)| !matches!(job, Job::List | Job::Heard(_))),
            issuer_days_left: self
                .issuing
                .as_ref()
                .map(|issuing| issuing.record.until.0.saturating_sub(now.0) / 86_400),
        }
    }

    fn stage(&self, standing: Option<&Standing>) -> OfficeStage {
        if let Some(SettingUp { secret, asked }) = &self.setting_up {
            let (groups, asked) = (Phi::new(secret.to_sheet()), *asked);
            return OfficeStage::Sheet(Sheet { groups, fingerprint: shown(&secret.clinic_key().fingerprint()), asked });
        }
        match standing {
            None => OfficeStage::Opening,
            Some(_) if !self.loaded => OfficeStage::Opening,
            Some(_) if self.issuing.is_some() => OfficeStage::Here,
            Some(standing) if standing.clinic.is_some() => OfficeStage::Elsewhere,
            Some(_) => OfficeStage::NotSetUp,
        }
    }

    fn row(&self, listed: &Listed, own: Option<DeviceId>) -> DeviceRow {
        let card = if let CardState::Read(card) = &listed.card { Some(card) } else { None };
        let ours = self.issuing.as_ref().is_some_and(|issuing| listed.device.issuer.0 == issuing.record.head);
        let state = match (Some(listed.device.device) == own, ours, card) {
            (true, _, _) => RowState::ThisOne,
            (_, true, _) => RowState::Certified,
            (_, false, Some(_)) => RowState::ToCertifyAnew,
            (_, false, None) => RowState::Unknown,
        };
        DeviceRow {
            device: listed.device.device,
            name: card.map(|card| card.name.clone()),
            account: listed.device.account.clone(),
            role: card.map(|card| card.role),
            state,
        }
    }
}

fn row_of_waiting(waiting: &WaitingDevice) -> Option<WaitingRow> {
    let request = DeviceRequest::read(&waiting.request.0)?;
    Some(WaitingRow { device: waiting.device, account: waiting.account.clone(), role: request.role })
}

fn shown(fingerprint: &trust::KeyFingerprint) -> String {
    fingerprint.to_string()
}
