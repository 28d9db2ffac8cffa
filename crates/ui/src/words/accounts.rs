//! Beginning by a one-time code, and where somebody is signed in.

use std::time::Duration;

use desk::{AccountState, StaffRole};

use super::{clock, span};

words! {
    begin,
    begin_why,
    one_time_code,
    new_password,
    new_password_hint,
    password_again,
    passwords_differ,
    second_factor,
    second_factor_help,
    second_factor_qr,
    second_factor_text,
    digits,
    begin_now,
    beginning,

    recovery_codes,
    recovery_codes_why,
    codes_are_kept,
    copy_codes,

    code_or_digits_hint,
    code_when_locked_hint,

    lock,
    sessions,
    sessions_help,
    looking,
    this_device,
    close_sessions,

    colleagues,
    close_colleagues,
    new_colleague,
    colleagues_role,
    add_colleague,
    code_help,

    own_account,
    close_own_account,
    change_password_help,
    password_now,
    password_to_be,
    password_to_be_again,
    fresh_digits,
    fresh_digits_hint,
    codes_digits,
    change_password,
    password_changed,
    new_codes,
    new_codes_help,
    draw_new_codes,
    codes_shown_once,
    other_role_help,
}

/// How such a code looks.
pub(crate) const ONE_TIME_CODE_HINT: &str = "abcd-efgh-ijkl-mnop";

/// The button that shows what else somebody could do.
pub(crate) fn other_role_of(name: &str) -> String {
    say!(other_role_of, name = name)
}

/// The button that lets somebody do something else.
pub(crate) fn make_role(name: &str, of: StaffRole) -> String {
    say!(make_role, name = name, role = role(of))
}

/// What an account may do, as people say it.
pub(crate) fn role(role: StaffRole) -> &'static str {
    match role {
        StaffRole::Admin => say!(role_admin),
        StaffRole::Clinician => say!(role_clinician),
        StaffRole::FrontDesk => say!(role_front_desk),
        StaffRole::Auditor => say!(role_auditor),
    }
}

/// An account in the list.
pub(crate) fn account(name: &str, of: StaffRole) -> String {
    format!("{name}, {}", role(of))
}

/// How an account stands.
pub(crate) fn account_state(state: AccountState) -> &'static str {
    match state {
        AccountState::Waiting => say!(account_state_waiting),
        AccountState::Active => say!(account_state_active),
        AccountState::Disabled => say!(account_state_disabled),
    }
}

/// Whom the code is for that is shown.
pub(crate) fn code_for(name: &str) -> String {
    say!(code_for, name = name)
}

/// The button that lets somebody begin anew.
pub(crate) fn new_code_for(name: &str) -> String {
    say!(new_code_for, name = name)
}

/// The button that shuts an account.
pub(crate) fn disable(name: &str) -> String {
    say!(disable, name = name)
}

/// The button that opens it again.
pub(crate) fn enable(name: &str) -> String {
    say!(enable, name = name)
}

words! {
    /// What a session that has no name is called.
    some_device,
}

/// How old a session is, and when it was last used.
pub(crate) fn session_times(began_ago: Duration, used_ago: Duration) -> String {
    say!(session_times, began = span(began_ago), used = span(used_ago))
}

/// The button that ends a session.
pub(crate) fn end_session(label: &str) -> String {
    say!(end_session, label = label)
}

/// There were too many tries.
pub(crate) fn delayed(left: Duration) -> String {
    if left.is_zero() {
        return say!(delayed_now_over).to_owned();
    }
    say!(delayed, left = clock(left))
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
