//! What may follow what: the one clinic, its revocations, and whatever has revisions. Pure.

use signaling_protocol::{Base64, Clinic, Code, Notice, StaffLimits};

/// What a request that is allowed changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is to be written.
    Write,
    /// It stands there already: the answer to the first time was lost.
    Same,
}

/// By how much a revision may rise at once: enough after a server was set back to a backup, and too little for one account
/// to use all numbers up.
const LONGEST_STRIDE: u32 = 1_000;

/// Whether bytes that are opaque here have a length that can be.
pub(super) fn sized(bytes: &Base64, most: usize) -> Result<(), Code> {
    match bytes.len() {
        0 => Err(Code::Malformed),
        len if len > most => Err(Code::TooLarge),
        _ => Ok(()),
    }
}

/// Whether this clinic may be set up. Its key stays for good; only the next generation of its issuing key may follow, which
/// is what recovering a clinic from its sheet makes.
pub(super) fn set_up(known: Option<&Clinic>, asked: &Clinic, limits: &StaffLimits) -> Result<Step, Code> {
    sized(&asked.head, limits.certificate_bytes)?;
    if asked.generation == 0 {
        return Err(Code::Malformed);
    }
    let Some(known) = known else { return Ok(Step::Write) };
    if known == asked {
        return Ok(Step::Same);
    }
    let follows = known.generation.checked_add(1) == Some(asked.generation);
    if follows && known.fingerprint == asked.fingerprint { Ok(Step::Write) } else { Err(Code::ClinicMismatch) }
}

/// Whether these revocations may follow: never a lower epoch, and none of a generation of the issuing key that is yet to
/// come, so that one wrong number does not shut out all later ones.
pub(super) fn revoke(
    clinic: Option<&Clinic>,
    known: Option<&Notice>,
    asked: &Notice,
    limits: &StaffLimits,
) -> Result<Step, Code> {
    sized(&asked.notice, limits.notice_bytes)?;
    let clinic = clinic.ok_or(Code::ClinicNotSetUp)?;
    if known == Some(asked) {
        return Ok(Step::Same);
    }
    let generation = asked.epoch >> 16;
    let is_later = known.is_none_or(|known| asked.epoch > known.epoch);
    if is_later && (1..=u32::from(clinic.generation)).contains(&generation) {
        Ok(Step::Write)
    } else {
        Err(Code::EpochRefused)
    }
}

/// Whether this revision may follow. `is_same` says whether it stands there with the very same content, by the same hand.
pub(super) fn revise(known: Option<u32>, asked: u32, is_same: bool) -> Result<Step, Code> {
    match known {
        None => Ok(Step::Write),
        Some(known) if known == asked && is_same => Ok(Step::Same),
        Some(known) if asked > known && asked - known <= LONGEST_STRIDE => Ok(Step::Write),
        Some(_) => Err(Code::RevisionRefused),
    }
}

#[cfg(test)]
mod tests {
    use signaling_protocol::ClinicFingerprint;

    use super::*;

    const LIMITS: fn() -> StaffLimits = StaffLimits::default;

    fn clinic(key: u8, generation: u16) -> Clinic {
        Clinic { fingerprint: ClinicFingerprint([key; 32]), generation, head: Base64(vec![key, generation as u8]) }
    }

    fn notice(epoch: u32, byte: u8) -> Notice {
        Notice { epoch, notice: Base64(vec![byte]) }
    }

    #[test]
    fn a_clinic_is_set_up_once_and_recovered_by_its_next_generation() {
        let set_up = |known: Option<&Clinic>, asked: Clinic| super::set_up(known, &asked, &LIMITS());
        let known = clinic(1, 4);
        assert_eq!(set_up(None, known.clone()), Ok(Step::Write));
        assert_eq!(set_up(Some(&known), known.clone()), Ok(Step::Same));
        assert_eq!(set_up(Some(&known), clinic(1, 5)), Ok(Step::Write));
        let another_head = Clinic { head: Base64(vec![9]), ..known.clone() };
        for asked in [clinic(2, 5), clinic(2, 4), clinic(1, 6), clinic(1, 3), another_head] {
            assert_eq!(set_up(Some(&known), asked.clone()), Err(Code::ClinicMismatch), "{asked:?}");
        }
        let last = clinic(1, u16::MAX);
        assert_eq!(set_up(Some(&last), clinic(1, 1)), Err(Code::ClinicMismatch));
        assert_eq!(set_up(None, clinic(1, 0)), Err(Code::Malformed));
        assert_eq!(set_up(None, Clinic { head: Base64(vec![]), ..known.clone() }), Err(Code::Malformed));
        assert_eq!(set_up(None, Clinic { head: Base64(vec![0; 257]), ..known }), Err(Code::TooLarge));
    }

    #[test]
    fn revocations_only_rise_and_not_beyond_the_issuing_key() {
        let clinic = clinic(1, 2);
        let known = notice(0x0001_0005, 1);
        let revoke = |known: Option<&Notice>, asked: Notice| super::revoke(Some(&clinic), known, &asked, &LIMITS());
        assert_eq!(revoke(None, known.clone()), Ok(Step::Write));
        assert_eq!(revoke(Some(&known), known.clone()), Ok(Step::Same));
        for epoch in [0x0001_0006, 0x0001_FFFF, 0x0002_0000] {
            assert_eq!(revoke(Some(&known), notice(epoch, 2)), Ok(Step::Write), "{epoch:x}");
        }
        for epoch in [0, 0xFFFF, 0x0001_0004, 0x0001_0005, 0x0003_0000, u32::MAX] {
            assert_eq!(revoke(Some(&known), notice(epoch, 2)), Err(Code::EpochRefused), "{epoch:x}");
        }
        assert_eq!(super::revoke(None, None, &known, &LIMITS()), Err(Code::ClinicNotSetUp));
        let large = Notice { notice: Base64(vec![0; 769]), ..known };
        assert_eq!(revoke(None, large), Err(Code::TooLarge));
    }

    #[test]
    fn a_revision_only_rises_and_not_by_leaps() {
        assert_eq!(revise(None, 7, false), Ok(Step::Write));
        for (asked, wanted) in [
            (8, Ok(Step::Write)),
            (1_007, Ok(Step::Write)),
            (1_008, Err(Code::RevisionRefused)),
            (u32::MAX, Err(Code::RevisionRefused)),
            (7, Err(Code::RevisionRefused)),
            (6, Err(Code::RevisionRefused)),
        ] {
            assert_eq!(revise(Some(7), asked, false), wanted, "{asked}");
        }
        assert_eq!(revise(Some(7), 7, true), Ok(Step::Same));
        assert_eq!(revise(Some(7), 6, true), Err(Code::RevisionRefused));
    }
}
