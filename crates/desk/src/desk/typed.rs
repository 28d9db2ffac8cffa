//! What was typed to sign in, and what is wrong with it.

use super::*;

/// What was typed to sign in.
pub(super) struct Credentials {
    pub(super) server: String,
    pub(super) pin: Option<TlsPin>,
    pub(super) name: Phi<String>,
    pub(super) password: Phi<String>,
    pub(super) totp: Option<Phi<String>>,
}

/// What was typed, or what is wrong with it.
pub(super) fn read(
    server: &str,
    name: Phi<String>,
    password: Phi<String>,
    totp: Option<Phi<String>>,
) -> Result<(ServerAddress, SignInRequest), DeskProblem> {
    let server = read_server(server)?;
    let name = Phi::new(name.expose().trim().to_owned());
    if name.expose().is_empty() {
        return Err(DeskProblem::NameMissing);
    }
    if password.expose().is_empty() {
        return Err(DeskProblem::PasswordMissing);
    }
    let mut request = SignInRequest::new(name, password, None);
    match totp.map(|code| plain_code(&code)).filter(|code| !code.expose().is_empty()) {
        Some(code) if code.expose().bytes().all(|byte| byte.is_ascii_digit()) => request.totp = Some(code),
        Some(code) => request.recovery_code = Some(code),
        None => {}
    }
    Ok((server, request))
}

pub(super) fn read_server(server: &str) -> Result<ServerAddress, DeskProblem> {
    match server.contains("://") {
        true => ServerAddress::from_base_url(server),
        false => server.strip_suffix('/').unwrap_or(server).parse(),
    }
    .map_err(DeskProblem::Server)
}

/// People write the six digits in two groups, and other codes as they like.
pub(super) fn plain_code(code: &Phi<String>) -> Phi<String> {
    Phi::new(code.expose().split_whitespace().collect())
}

pub(super) fn problem_of(now: Timestamp, answer: DeskAnswer) -> DeskProblem {
    match answer {
        DeskAnswer::Refused(code) => DeskProblem::Refused(code),
        DeskAnswer::Unreachable => DeskProblem::Unreachable,
        DeskAnswer::Failed { sentence } => DeskProblem::Failed(sentence),
        DeskAnswer::CodeNeeded => DeskProblem::CodeNeeded,
        DeskAnswer::Delayed(wait) => DeskProblem::Delayed { until: now + wait },
        DeskAnswer::SignedIn(_)
        | DeskAnswer::SignedUp(_)
        | DeskAnswer::Sessions(_)
        | DeskAnswer::Colleagues(..)
        | DeskAnswer::PasswordChanged
        | DeskAnswer::RecoveryCodes(_)
        | DeskAnswer::TakeOvers(_)
        | DeskAnswer::Audit(_)
        | DeskAnswer::VisitMade(_)
        | DeskAnswer::InviteMade(_) => DeskProblem::OddAnswer,
    }
}
