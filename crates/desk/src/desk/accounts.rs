//! Beginning by a one-time code, and the sessions of who is signed in.

use signaling_protocol::{Base64, SessionId, SessionRow, SignUpReply, SignUpRequest};

use super::typed::{plain_code, read_server};
use super::*;
use crate::{Enrolment, SessionLine, SessionsView};

/// What is typed to begin.
pub(super) struct Beginning {
    pub(super) server: String,
    pub(super) pin: Option<TlsPin>,
    pub(super) code: Phi<String>,
    pub(super) name: Phi<String>,
    pub(super) password: Phi<String>,
    pub(super) totp: Phi<String>,
}

/// The sessions, while they are looked at.
#[derive(Default)]
pub(super) struct Sessions {
    asked: Option<RequestNumber>,
    lines: Option<Vec<SessionLine>>,
    problem: Option<DeskProblem>,
}

impl Sessions {
    pub(super) fn view(&self) -> Option<SessionsView> {
        let is_open = self.asked.is_some() || self.lines.is_some() || self.problem.is_some();
        is_open.then(|| SessionsView {
            lines: self.lines.clone().unwrap_or_default(),
            is_asking: self.asked.is_some(),
            problem: self.problem.clone(),
        })
    }
}

impl Desk {
    /// Shows the way to begin: a second factor is drawn, for the person's authenticator app.
    pub(super) fn show_beginning(&mut self) {
        let mut secret = [0; 20];
        self.rng.fill_bytes(&mut secret);
        self.state = State::Beginning { enrolment: Enrolment::new(secret), asked: None, problem: None };
    }

    pub(super) fn begin(&mut self, typed: Beginning) {
        let State::Beginning { enrolment, asked: None, .. } = &self.state else { return };
        let enrolment = enrolment.clone();
        let asked = match read_beginning(typed, &enrolment) {
            Ok((server, pin, request)) => {
                self.known_as = Some(KnownAs { name: request.name.clone(), server: server.clone() });
                let number = self.ask(DeskRequest::SignUp { server: server.clone(), pin, request });
                Ok((number, server, pin))
            }
            Err(problem) => Err(problem),
        };
        self.state = match asked {
            Ok(asked) => State::Beginning { enrolment, asked: Some(asked), problem: None },
            Err(problem) => State::Beginning { enrolment, asked: None, problem: Some(problem) },
        };
    }

    /// An answer to what this page asked; given back if it is of something else.
    pub(super) fn began(&mut self, now: Timestamp, number: RequestNumber, answer: DeskAnswer) -> Option<DeskAnswer> {
        let State::Beginning { enrolment, asked: Some((asked, server, pin)), .. } = &self.state else {
            return Some(answer);
        };
        if *asked != number {
            return Some(answer);
        }
        let (enrolment, server, pin) = (enrolment.clone(), server.clone(), *pin);
        match answer {
            DeskAnswer::SignedUp(reply) => {
                let SignUpReply { signed_in, recovery_codes } = *reply;
                self.state = State::ShowingCodes { server, pin, reply: Box::new(signed_in), codes: recovery_codes };
            }
            other => {
                self.outputs.push_back(DeskOutput::ForgetToken);
                self.state = State::Beginning { enrolment, asked: None, problem: Some(problem_of(now, other)) };
            }
        }
        None
    }

    /// The recovery codes are written down.
    pub(super) fn codes_are_kept(&mut self) {
        let State::ShowingCodes { server, pin, reply, .. } = &self.state else { return };
        let (server, pin, reply) = (server.clone(), *pin, (**reply).clone());
        self.signed_in(self.active_at, server, pin, reply);
    }

    pub(super) fn show_sessions(&mut self) {
        let Some(signed_in) = self.state.beside_visits().cloned() else { return };
        let number = self.ask(DeskRequest::Sessions { token: signed_in.token, staff: signed_in.staff });
        self.sessions.asked = Some(number);
        self.sessions.problem = None;
    }

    pub(super) fn end_session(&mut self, session: SessionId) {
        let Some(signed_in) = self.state.beside_visits().cloned() else { return };
        let number = self.ask(DeskRequest::EndSession { token: signed_in.token, staff: signed_in.staff, session });
        self.sessions.asked = Some(number);
        self.sessions.problem = None;
    }

    /// An answer about sessions; given back if it is of something else.
    pub(super) fn answered_sessions(
        &mut self,
        now: Timestamp,
        number: RequestNumber,
        answer: DeskAnswer,
    ) -> Option<DeskAnswer> {
        if self.sessions.asked != Some(number) {
            return Some(answer);
        }
        self.sessions.asked = None;
        match answer {
            DeskAnswer::Sessions(reply) => {
                let unix_now = self.config.unix_at_zero.0 + now.as_micros() / 1_000_000;
                let ago = |unix_secs| Duration::from_secs(unix_now.saturating_sub(unix_secs));
                let line = |row: SessionRow| SessionLine {
                    session: row.session,
                    label: row.label,
                    began_ago: ago(row.began_unix_secs),
                    used_ago: ago(row.used_unix_secs),
                    is_this: row.is_this,
                };
                self.sessions.lines = Some(reply.sessions.into_iter().map(line).collect());
            }
            DeskAnswer::Refused(Code::NotSignedIn) => self.sign_out(Some(DeskProblem::SignInOver)),
            other => self.sessions.problem = Some(problem_of(now, other)),
        }
        None
    }
}

/// What was typed, or what is wrong with it.
fn read_beginning(
    typed: Beginning,
    enrolment: &Enrolment,
) -> Result<(ServerAddress, Option<TlsPin>, SignUpRequest), DeskProblem> {
    let server = read_server(typed.server.trim())?;
    let name = Phi::new(typed.name.expose().trim().to_owned());
    if plain_code(&typed.code).expose().is_empty() {
        return Err(DeskProblem::BeginningCodeMissing);
    }
    if name.expose().is_empty() {
        return Err(DeskProblem::NameMissing);
    }
    if typed.password.expose().is_empty() {
        return Err(DeskProblem::PasswordMissing);
    }
    let totp = plain_code(&typed.totp);
    if totp.expose().is_empty() {
        return Err(DeskProblem::DigitsMissing);
    }
    let totp_secret = Phi::new(Base64(enrolment.secret().to_vec()));
    let (code, password) = (typed.code, typed.password);
    // The driver says which kind of device this is.
    let request = SignUpRequest { code, name, password, totp_secret, totp, label: String::new() };
    Ok((server, typed.pin, request))
}
