//! What somebody does about their own account: another password, other recovery codes.

use signaling_protocol::PasswordRequest;

use super::typed::{plain_code, problem_of};
use super::*;
use crate::{AccountDone, AccountView};

/// The page of one's own account, while it is open.
#[derive(Default)]
pub(super) struct OwnAccount {
    asked: Option<RequestNumber>,
    view: Option<AccountView>,
}

impl OwnAccount {
    pub(super) fn view(&self) -> Option<AccountView> {
        self.view.clone().map(|view| AccountView { is_asking: self.asked.is_some(), ..view })
    }
}

impl Desk {
    pub(super) fn show_account(&mut self) {
        if self.state.beside_visits().is_some() {
            self.account = OwnAccount { asked: None, view: Some(AccountView::default()) };
        }
    }

    pub(super) fn change_password(&mut self, password: Phi<String>, new_password: Phi<String>, totp: &Phi<String>) {
        let totp = plain_code(totp);
        let problem = match () {
            () if password.expose().is_empty() || new_password.expose().is_empty() => {
                Some(DeskProblem::PasswordMissing)
            }
            () if totp.expose().is_empty() => Some(DeskProblem::DigitsMissing),
            () => None,
        };
        let request = PasswordRequest { password, new_password, totp };
        self.ask_about_account(problem, |token| DeskRequest::ChangePassword { token, request });
    }

    pub(super) fn renew_codes(&mut self, totp: &Phi<String>) {
        let totp = plain_code(totp);
        let problem = totp.expose().is_empty().then_some(DeskProblem::DigitsMissing);
        self.ask_about_account(problem, |token| DeskRequest::RenewRecoveryCodes { token, totp });
    }

    /// One thing at a time: what is asked for meanwhile is passed over.
    fn ask_about_account(&mut self, problem: Option<DeskProblem>, request: impl FnOnce(Phi<String>) -> DeskRequest) {
        let Some(token) = self.state.beside_visits().map(|one| one.token.clone()) else { return };
        if self.account.asked.is_some() || self.account.view.is_none() {
            return;
        }
        let is_sound = problem.is_none();
        self.account.view = Some(AccountView { problem, ..AccountView::default() });
        if is_sound {
            self.account.asked = Some(self.ask(request(token)));
        }
    }

    /// An answer about one's own account; given back if it is of something else.
    pub(super) fn answered_account(
        &mut self,
        now: Timestamp,
        number: RequestNumber,
        answer: DeskAnswer,
    ) -> Option<DeskAnswer> {
        if self.account.asked != Some(number) {
            return Some(answer);
        }
        self.account.asked = None;
        let mut view = AccountView::default();
        match answer {
            DeskAnswer::PasswordChanged => view.done = Some(AccountDone::PasswordChanged),
            DeskAnswer::RecoveryCodes(codes) => view.codes = Some(codes),
            DeskAnswer::Refused(Code::NotSignedIn) => {
                self.sign_out(Some(DeskProblem::SignInOver));
                return None;
            }
            DeskAnswer::Refused(Code::SignInRefused) => view.problem = Some(DeskProblem::WrongProof),
            other => view.problem = Some(problem_of(now, other)),
        }
        self.account.view = Some(view);
        None
    }
}
