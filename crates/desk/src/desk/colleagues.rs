//! What an admin does about colleagues' accounts.

use signaling_protocol::{CodeReply, StaffReply};

use super::typed::problem_of;
use super::*;
use crate::{ColleagueChange, ColleaguesView};

/// The accounts, while they are looked at.
#[derive(Default)]
pub(super) struct Colleagues {
    asked: Option<RequestNumber>,
    view: Option<ColleaguesView>,
}

impl Colleagues {
    pub(super) fn view(&self) -> Option<ColleaguesView> {
        self.view.clone().map(|view| ColleaguesView { is_asking: self.asked.is_some(), ..view })
    }
}

impl Desk {
    /// Asks for all accounts, after this change. One thing at a time: what is asked for meanwhile is passed over.
    pub(super) fn ask_for_colleagues(&mut self, change: Option<ColleagueChange>) {
        let Some(signed_in) = self.state.beside_visits().filter(|one| one.is_admin) else { return };
        if self.colleagues.asked.is_some() {
            return;
        }
        let token = signed_in.token.clone();
        self.colleagues.asked = Some(self.ask(DeskRequest::Colleagues { token, change }));
        let empty = || ColleaguesView { rows: Vec::new(), code: None, is_asking: true, problem: None };
        let view = self.colleagues.view.get_or_insert_with(empty);
        (view.code, view.problem) = (None, None);
    }

    /// An answer about accounts; given back if it is of something else.
    pub(super) fn answered_colleagues(
        &mut self,
        now: Timestamp,
        number: RequestNumber,
        answer: DeskAnswer,
    ) -> Option<DeskAnswer> {
        if self.colleagues.asked != Some(number) {
            return Some(answer);
        }
        self.colleagues.asked = None;
        match answer {
            DeskAnswer::Colleagues(StaffReply { staff }, code) => {
                let told = |CodeReply { staff: whom, code, .. }: CodeReply| {
                    let row = staff.iter().find(|row| row.staff == whom)?;
                    Some((row.name.clone(), code))
                };
                let code = code.and_then(told);
                self.colleagues.view = Some(ColleaguesView { rows: staff, code, is_asking: false, problem: None });
            }
            DeskAnswer::Refused(Code::NotSignedIn) => self.sign_out(Some(DeskProblem::SignInOver)),
            other => {
                if let Some(view) = &mut self.colleagues.view {
                    view.problem = Some(problem_of(now, other));
                }
            }
        }
        None
    }
}
