//! Who sits at a desk that nobody touches: signs in, starts one visit, gives up at last.

use std::time::Duration;

use desk::{DeskPhase, DeskProblem, DeskSnapshot};
use signaling_protocol::Code;
use units::Timestamp;

/// What the person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeskWish {
    /// Sign in, with the digits of this moment.
    SignIn,
    /// Start the visit.
    StartVisit,
    /// Nothing more: the answer is no, and another try would not change it.
    LeaveRefused,
    /// Nothing more: the time in which a visit was to be made is over.
    LeaveInVain,
}

/// A person of a few habits, until there is a visit or there will be none. Decides only; told the time.
#[derive(Debug)]
pub(crate) struct DeskPerson {
    gives_up_at: Timestamp,
    tries_at: Timestamp,
    pause: Duration,
    /// What was asked and is not answered yet.
    asked: Option<DeskWish>,
    done: bool,
}

/// The first pause before another try, and the longest: as long as a rural router takes, and no burden for a server.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl DeskPerson {
    /// Sits down at `now`, and waits at most `give_up` for a visit.
    pub(crate) fn new(now: Timestamp, give_up: Option<Duration>) -> Self {
        let gives_up_at = give_up.map_or(Timestamp::NEVER, |give_up| now + give_up);
        Self { gives_up_at, tries_at: now, pause: PAUSE, asked: None, done: false }
    }

    /// What the person does now, seeing `snapshot`.
    pub(crate) fn decide(&mut self, now: Timestamp, snapshot: &DeskSnapshot) -> Option<DeskWish> {
        if self.done {
            return None;
        }
        let wish = match &snapshot.phase {
            // Nobody sits there who could compare digits: an identity is to be given, or the time runs out.
            DeskPhase::SigningIn
            | DeskPhase::Beginning { .. }
            | DeskPhase::RecoveryCodes(_)
            | DeskPhase::Keys
            | DeskPhase::MakingVisit => None,
            DeskPhase::SignedOut { problem } | DeskPhase::Locked { problem } => {
                self.ask(now, DeskWish::SignIn, problem.as_ref())
            }
            // The front desk's account, which enters no visits.
            DeskPhase::Ready { .. } if !snapshot.enters_visits => Some(DeskWish::LeaveRefused),
            DeskPhase::Ready { problem } => self.ask(now, DeskWish::StartVisit, problem.as_ref()),
            DeskPhase::InVisit { .. } | DeskPhase::Summary(_) => {
                self.done = true;
                return None;
            }
        };
        let wish = wish.or_else(|| (self.gives_up_at <= now).then_some(DeskWish::LeaveInVain));
        self.done |= matches!(wish, Some(DeskWish::LeaveRefused | DeskWish::LeaveInVain));
        wish
    }

    /// When the person looks again though nothing has changed.
    pub(crate) fn wakes_at(&self, now: Timestamp) -> Timestamp {
        if self.done {
            return Timestamp::NEVER;
        }
        if self.tries_at > now { self.gives_up_at.min(self.tries_at) } else { self.gives_up_at }
    }

    fn ask(&mut self, now: Timestamp, wish: DeskWish, problem: Option<&DeskProblem>) -> Option<DeskWish> {
        match problem {
            // Asked before and back without an answer: somebody took over.
            None if self.asked == Some(wish) && now >= self.tries_at => {
                self.done = true;
                None
            }
            Some(problem) if !is_passing(problem) => Some(DeskWish::LeaveRefused),
            Some(_) if self.asked == Some(wish) => {
                self.asked = None;
                self.tries_at = now + self.pause;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                None
            }
            _ if now < self.tries_at => None,
            _ => {
                self.asked = Some(wish);
                Some(wish)
            }
        }
    }
}

/// Whether another try may end another way.
fn is_passing(problem: &DeskProblem) -> bool {
    match problem {
        DeskProblem::Unreachable | DeskProblem::Delayed { .. } => true,
        DeskProblem::Refused(code) => *code == Code::Unknown || code.is_passing(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use units::Phi;

    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    fn signed_out(problem: Option<DeskProblem>) -> DeskSnapshot {
        DeskSnapshot::of(DeskPhase::SignedOut { problem })
    }

    fn person() -> DeskPerson {
        let mut person = DeskPerson::new(at(0), Some(Duration::from_secs(60)));
        assert_eq!(person.decide(at(0), &signed_out(None)), Some(DeskWish::SignIn));
        assert_eq!(person.decide(at(0), &DeskSnapshot::of(DeskPhase::SigningIn)), None);
        person
    }

    #[test]
    fn signing_in_is_followed_by_one_visit() {
        let mut person = person();
        let ready = DeskSnapshot { enters_visits: true, ..DeskSnapshot::of(DeskPhase::Ready { problem: None }) };
        assert_eq!(person.decide(at(1), &ready), Some(DeskWish::StartVisit));
        assert_eq!(person.decide(at(1), &DeskSnapshot::of(DeskPhase::MakingVisit)), None);
        assert_eq!(person.decide(at(2), &DeskSnapshot::of(DeskPhase::InVisit { link: Phi::new(String::new()) })), None);
        assert_eq!(person.decide(at(99), &ready), None, "the next visit is for who sits there");
        assert_eq!(person.wakes_at(at(99)), Timestamp::NEVER);
    }

    #[test]
    fn a_server_that_is_not_reached_is_asked_again_ever_more_seldom() {
        let mut person = person();
        let unreachable = signed_out(Some(DeskProblem::Unreachable));
        assert_eq!(person.decide(at(5), &unreachable), None);
        assert_eq!(person.wakes_at(at(5)), at(6));
        assert_eq!(person.decide(at(6), &unreachable), Some(DeskWish::SignIn));
        assert_eq!(person.decide(at(6), &DeskSnapshot::of(DeskPhase::SigningIn)), None);
        assert_eq!(person.decide(at(10), &unreachable), None);
        assert_eq!(person.wakes_at(at(10)), at(12));
    }

    #[test]
    fn a_refusal_ends_it_and_so_does_the_time() {
        let refused = signed_out(Some(DeskProblem::Refused(Code::SignInRefused)));
        let mut wrong = person();
        assert_eq!(wrong.decide(at(1), &refused), Some(DeskWish::LeaveRefused));
        assert_eq!(wrong.decide(at(2), &refused), None);
        let mut vain = person();
        let unreachable = signed_out(Some(DeskProblem::Unreachable));
        assert_eq!(vain.decide(at(59), &unreachable), None);
        assert_eq!(vain.wakes_at(at(59)), at(60));
        assert_eq!(vain.decide(at(60), &DeskSnapshot::of(DeskPhase::SigningIn)), Some(DeskWish::LeaveInVain));
    }

    #[test]
    fn whoever_cancels_has_taken_over() {
        let mut person = person();
        assert_eq!(person.decide(at(3), &signed_out(None)), None);
        assert_eq!(person.decide(at(50), &signed_out(None)), None);
        assert_eq!(person.wakes_at(at(50)), Timestamp::NEVER);
    }
}
