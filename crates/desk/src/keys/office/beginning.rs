//! How the clinic's key is made at set-up, and made good at a recovery.

use super::*;

impl Office {
    /// A clinic's key, on a sheet that is shown.
    pub(in super::super) fn set_up(&mut self, tools: &mut Tools) {
        if self.issuing.is_some() || self.setting_up.is_some() {
            return;
        }
        let secret = RecoverySecret::from_random(tools.random());
        let [first, second] = tools.random::<2>().map(usize::from);
        // Two different ones of the eight.
        let first = first % 8;
        let second = (first + 1 + second % 7) % 8;
        self.setting_up = Some(SettingUp { secret, asked: [first.min(second) + 1, first.max(second) + 1] });
    }

    pub(in super::super) fn leave_set_up(&mut self) {
        self.setting_up = None;
    }

    /// What was typed of the sheet: if it is right, the clinic begins.
    pub(in super::super) fn confirm(&mut self, now: UnixTime, typed: &[Phi<String>], tools: &mut Tools) {
        let Some(SettingUp { secret, asked }) = &self.setting_up else { return };
        let sheet = secret.to_sheet();
        for (place, group) in asked.iter().enumerate() {
            let typed = typed.get(place).map(|typed| typed.expose().trim()).unwrap_or_default();
            let groups = sheet.split('-').enumerate();
            let with: Vec<_> = groups.map(|(at, printed)| if at + 1 == *group { typed } else { printed }).collect();
            if RecoverySecret::from_sheet(&with.join("-")).ok().as_ref() != Some(secret) {
                self.problem = Some(KeysProblem::SheetGroup(*group));
                return;
            }
        }
        let secret = secret.clone();
        self.setting_up = None;
        self.problem = None;
        self.begin(now, &secret, 1, tools);
    }

    /// The clinic's keys are lost, and the sheet is not.
    pub(in super::super) fn recover(
        &mut self,
        now: UnixTime,
        typed: &str,
        standing: Option<&Standing>,
        tools: &mut Tools,
    ) {
        let Some(clinic) = standing.and_then(|standing| standing.clinic.as_ref()) else { return };
        let secret = match RecoverySecret::from_sheet(typed) {
            Ok(secret) => secret,
            Err(RecoveryError::Length) => return self.problem = Some(KeysProblem::SheetLength),
            Err(RecoveryError::Group(group)) => return self.problem = Some(KeysProblem::SheetGroup(group)),
        };
        if secret.clinic_key().fingerprint().0 != clinic.fingerprint.0 {
            return self.problem = Some(KeysProblem::AnotherSheet);
        }
        let Some(generation) = clinic.generation.checked_add(1) else {
            return self.problem = Some(KeysProblem::OddAnswer);
        };
        self.problem = None;
        self.recovery = Some(secret.box_secret());
        for listed in self.listed.iter_mut().flatten() {
            listed.card = CardState::ToRead;
        }
        self.begin(now, &secret, generation, tools);
    }

    /// Another issuing key, kept before anybody hears of it. The clinic's own key is forgotten when this returns.
    fn begin(&mut self, now: UnixTime, recovery: &RecoverySecret, generation: u16, tools: &mut Tools) {
        let clinic = recovery.clinic_key();
        let secret = zeroize::Zeroizing::new(tools.random::<32>());
        let from = before(now);
        let validity = Validity { from, until: from.plus(trust::certificate::ISSUER_SECONDS) };
        let head = clinic.certify_issuer(&IssuingKey::public_key(&secret), generation, validity);
        let Some((head, key)) = head.ok().and_then(|head| IssuingKey::new(&secret, &head).ok().map(|key| (head, key)))
        else {
            return self.problem = Some(KeysProblem::OddAnswer);
        };
        let record = IssuingRecord {
            secret,
            head,
            recovery: recovery.box_secret().public(),
            generation,
            until: validity.until,
            counter: 0,
            made_at: UnixTime(0),
            revoked: Vec::new(),
        };
        let issuing = Issuing { record, key, statement: None };
        issuing.keep(tools);
        self.jobs.clear();
        (self.told, self.halted) = ((None, None), false);
        self.jobs.push_back(Job::SetUp(issuing.clinic()));
        self.issuing = Some(issuing);
    }
}
