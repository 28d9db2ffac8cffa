//! Reviews of visits that were taken over by breaking the glass: an admin's and an auditor's.

use signaling_protocol::{ReviewOutcome, StaffRow, TakeOver, TakeOverId};

use super::typed::problem_of;
use super::*;
use crate::{ReviewLine, ReviewsView, TakeOvers};

/// What is to be reviewed.
#[derive(Default)]
pub(super) struct Reviews {
    asked: Option<RequestNumber>,
    lines: Vec<ReviewLine>,
    is_open: bool,
    problem: Option<DeskProblem>,
}

impl Reviews {
    pub(super) fn view(&self) -> Option<ReviewsView> {
        self.is_open.then(|| ReviewsView {
            lines: self.lines.clone(),
            is_asking: self.asked.is_some(),
            problem: self.problem.clone(),
        })
    }

    /// How many wait for a review.
    pub(super) fn open(&self) -> usize {
        self.lines.iter().filter(|line| line.review.is_none()).count()
    }
}

impl Desk {
    /// Asks what there is to review, after this outcome of one, if there is one. One thing at a time.
    pub(super) fn ask_for_reviews(&mut self, review: Option<(TakeOverId, ReviewOutcome)>) {
        let Some(signed_in) = self.state.beside_visits().filter(|one| one.reviews) else { return };
        let token = signed_in.token.clone();
        if self.reviews.asked.is_none() {
            self.reviews.asked = Some(self.ask(DeskRequest::TakeOvers { token, review }));
            self.reviews.problem = None;
        }
    }

    pub(super) fn show_reviews(&mut self, shown: bool) {
        self.reviews.is_open = shown && self.state.beside_visits().is_some_and(|one| one.reviews);
        if shown {
            self.ask_for_reviews(None);
        }
    }

    /// An answer about reviews; given back if it is of something else.
    pub(super) fn answered_reviews(
        &mut self,
        now: Timestamp,
        number: RequestNumber,
        answer: DeskAnswer,
    ) -> Option<DeskAnswer> {
        if self.reviews.asked != Some(number) {
            return Some(answer);
        }
        self.reviews.asked = None;
        match answer {
            DeskAnswer::TakeOvers(take_overs) => self.reviews.lines = lines(*take_overs),
            DeskAnswer::Refused(Code::NotSignedIn) => self.sign_out(Some(DeskProblem::SignInOver)),
            other => self.reviews.problem = Some(problem_of(now, other)),
        }
        None
    }
}

fn lines(TakeOvers { reply, staff, mut notes }: TakeOvers) -> Vec<ReviewLine> {
    let name = |whom| staff.iter().find(|row: &&StaffRow| row.staff == whom).map(|row| row.name.clone());
    let line = |one: &TakeOver| ReviewLine {
        take_over: one.take_over,
        by: name(one.by),
        from: name(one.from),
        reason: one.reason,
        ago: Duration::from_secs(reply.now_unix_secs.saturating_sub(one.at_unix_secs)),
        left: one.review_by_unix_secs.checked_sub(reply.now_unix_secs).map(Duration::from_secs),
        note: notes.remove(&one.take_over),
        review: one.review.map(|review| review.outcome),
    };
    reply.take_overs.iter().map(line).collect()
}
