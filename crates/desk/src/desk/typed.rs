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
    let server = match server.contains("://") {
        true => ServerAddress::from_base_url(server),
        false => server.strip_suffix('/').unwrap_or(server).parse(),
    }
    .map_err(DeskProblem::Server)?;
    let name = Phi::new(name.expose().trim().to_owned());
    if name.expose().is_empty() {
        return Err(DeskProblem::NameMissing);
    }
    if password.expose().is_empty() {
        return Err(DeskProblem::PasswordMissing);
    }
    // People write the six digits in two groups.
    let totp = totp.map(|code| Phi::new(code.expose().split_whitespace().collect::<String>()));
    let totp = totp.filter(|code| !code.expose().is_empty());
    Ok((server, SignInRequest { name, password, totp }))
}

pub(super) fn problem_of(answer: DeskAnswer) -> DeskProblem {
    match answer {
        DeskAnswer::Refused(code) => DeskProblem::Refused(code),
        DeskAnswer::Unreachable => DeskProblem::Unreachable,
        DeskAnswer::Failed { sentence } => DeskProblem::Failed(sentence),
        DeskAnswer::SignedIn(_) | DeskAnswer::VisitMade(_) | DeskAnswer::InviteMade(_) => DeskProblem::OddAnswer,
    }
}
