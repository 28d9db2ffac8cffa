//! Beginning by a one-time code, and where somebody is signed in.

use std::time::Duration;

use desk::{AccountState, StaffRole};

use super::{clock, span};

pub(crate) const BEGIN: &str = "Begin with a code";
pub(crate) const BEGIN_WHY: &str =
    "You were given a one-time code, by an admin of your clinic or by whoever set the server up. It works once.";
pub(crate) const ONE_TIME_CODE: &str = "The code that you were given";
pub(crate) const ONE_TIME_CODE_HINT: &str = "abcd-efgh-ijkl-mnop";
pub(crate) const NEW_PASSWORD: &str = "A password of your own";
pub(crate) const NEW_PASSWORD_HINT: &str = "At least eight characters";
pub(crate) const PASSWORD_AGAIN: &str = "The password once more";
pub(crate) const PASSWORDS_DIFFER: &str = "The two passwords are not the same. Type them again.";
pub(crate) const SECOND_FACTOR: &str = "Your second factor";
pub(crate) const SECOND_FACTOR_HELP: &str =
    "Open an authenticator app on your telephone, add an account there, and let it read this code:";
pub(crate) const SECOND_FACTOR_QR: &str = "Your second factor as a QR code";
pub(crate) const SECOND_FACTOR_TEXT: &str = "Or type these letters into it:";
pub(crate) const DIGITS: &str = "The six digits that it shows";
pub(crate) const BEGIN_NOW: &str = "Begin";
pub(crate) const BEGINNING: &str = "Beginning…";

pub(crate) const RECOVERY_CODES: &str = "Your recovery codes";
pub(crate) const RECOVERY_CODES_WHY: &str = "If your telephone is lost, each of these signs you in once, in the place of \
                                             the digits. Write them down or print them, and keep them apart from this \
                                             machine. They are shown now and never again.";
pub(crate) const CODES_ARE_KEPT: &str = "I have them";
pub(crate) const COPY_CODES: &str = "Copy them";

pub(crate) const CODE_OR_DIGITS_HINT: &str = "Six digits, or a recovery code";
pub(crate) const CODE_WHEN_LOCKED_HINT: &str = "Only if you are asked for it";

pub(crate) const LOCK: &str = "Lock";
pub(crate) const SESSIONS: &str = "Where you are signed in";
pub(crate) const SESSIONS_HELP: &str = "End what you do not know, and change your password then.";
pub(crate) const LOOKING: &str = "Looking…";
pub(crate) const THIS_DEVICE: &str = "This device, now";
pub(crate) const CLOSE_SESSIONS: &str = "Close the list";

pub(crate) const COLLEAGUES: &str = "Accounts of your clinic";
pub(crate) const CLOSE_COLLEAGUES: &str = "Close the accounts";
pub(crate) const NEW_COLLEAGUE: &str = "Name of a new colleague";
pub(crate) const COLLEAGUES_ROLE: &str = "What they do";
pub(crate) const ADD_COLLEAGUE: &str = "Make an account";
pub(crate) const CODE_HELP: &str = "Tell it to nobody else. They open Housecall, choose \u{201c}Begin with a code\u{201d} and type it. It works once, for three \
     days, and is not shown again.";

pub(crate) const OWN_ACCOUNT: &str = "Your password and recovery codes";
pub(crate) const CLOSE_OWN_ACCOUNT: &str = "Close your account";
pub(crate) const CHANGE_PASSWORD_HELP: &str = "Everywhere else you are signed out by it.";
pub(crate) const PASSWORD_NOW: &str = "Your password now";
pub(crate) const PASSWORD_TO_BE: &str = "Your new password";
pub(crate) const PASSWORD_TO_BE_AGAIN: &str = "Your new password once more";
pub(crate) const FRESH_DIGITS: &str = "Six digits of your authenticator app";
pub(crate) const FRESH_DIGITS_HINT: &str = "Ones that you have not used yet";
pub(crate) const CODES_DIGITS: &str = "Six digits of your authenticator app, for new codes";
pub(crate) const CHANGE_PASSWORD: &str = "Change the password";
pub(crate) const PASSWORD_CHANGED: &str = "Your password is changed. Everywhere else you are signed out.";
pub(crate) const NEW_CODES: &str = "New recovery codes";
pub(crate) const NEW_CODES_HELP: &str = "Those that you have are worth nothing then.";
pub(crate) const DRAW_NEW_CODES: &str = "Make new codes";
pub(crate) const CODES_SHOWN_ONCE: &str = "Write them down or print them, and keep them apart from this machine. They are \
                                           shown now and never again.";
pub(crate) const OTHER_ROLE_HELP: &str =
    "They are signed out by it, and their device asks to be certified for what they do then.";

/// The button that shows what else somebody could do.
pub(crate) fn other_role_of(name: &str) -> String {
    format!("What {name} does…")
}

/// The button that lets somebody do something else.
pub(crate) fn make_role(name: &str, of: StaffRole) -> String {
    format!("Make {name}: {}", role(of))
}

/// What an account may do, as people say it.
pub(crate) const fn role(role: StaffRole) -> &'static str {
    match role {
        StaffRole::Admin => "admin",
        StaffRole::Clinician => "clinician",
        StaffRole::FrontDesk => "front desk",
        StaffRole::Auditor => "auditor",
    }
}

/// An account in the list.
pub(crate) fn account(name: &str, of: StaffRole) -> String {
    format!("{name}, {}", role(of))
}

/// How an account stands.
pub(crate) const fn account_state(state: AccountState) -> &'static str {
    match state {
        AccountState::Waiting => "Has not begun yet.",
        AccountState::Active => "Can sign in.",
        AccountState::Disabled => "Cannot sign in.",
    }
}

/// Whom the code is for that is shown.
pub(crate) fn code_for(name: &str) -> String {
    format!("The code for {name}:")
}

/// The button that lets somebody begin anew.
pub(crate) fn new_code_for(name: &str) -> String {
    format!("New code for {name}")
}

/// The button that shuts an account.
pub(crate) fn disable(name: &str) -> String {
    format!("Disable {name}")
}

/// The button that opens it again.
pub(crate) fn enable(name: &str) -> String {
    format!("Enable {name}")
}

/// What a session that has no name is called.
pub(crate) const SOME_DEVICE: &str = "A device";

/// How old a session is, and when it was last used.
pub(crate) fn session_times(began_ago: Duration, used_ago: Duration) -> String {
    format!("Signed in {} ago, used {} ago", span(began_ago), span(used_ago))
}

/// The button that ends a session.
pub(crate) fn end_session(label: &str) -> String {
    format!("Sign out there: {label}")
}

/// There were too many tries.
pub(crate) fn delayed(left: Duration) -> String {
    if left.is_zero() {
        return "That was tried too often. You can try again now.".to_owned();
    }
    format!("That was tried too often. You can try again in {}.", clock(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_told_with_the_time_that_is_left() {
        assert_eq!(delayed(Duration::from_secs(90)), "That was tried too often. You can try again in 1:30.");
        assert!(delayed(Duration::ZERO).ends_with("now."));
    }
}
