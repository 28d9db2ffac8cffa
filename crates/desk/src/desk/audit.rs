//! The audit log, for who may read it.

use std::path::PathBuf;

use super::typed::problem_of;
use super::*;
use crate::auditing::{
    AuditAnswer, AuditAsk, AuditFilter, AuditIntent, AuditLine, AuditProblem, AuditTold, AuditView, Chase, LogStanding,
    Span, access_lines,
};

/// The log, while it is looked at.
#[derive(Default)]
pub(super) struct AuditDesk {
    asked: Option<(RequestNumber, Asked)>,
    view: Option<AuditView>,
    /// Before which row each page begins, up to the one that is shown; the first begins at the end of the log.
    pages: Vec<Option<u64>>,
}

/// What an answer is to.
enum Asked {
    /// A page of rows by this filter; it takes the place of these.
    Rows(AuditFilter, Vec<Option<u64>>),
    Other,
}

impl AuditDesk {
    pub(super) fn view(&self) -> Option<AuditView> {
        self.view.clone().map(|view| AuditView { is_asking: self.asked.is_some(), ..view })
    }
}

impl Desk {
    pub(super) fn audit_intent(&mut self, intent: AuditIntent) {
        if self.state.beside_visits().is_none_or(|one| !one.reads_log) {
            return;
        }
        match intent {
            AuditIntent::Hide => return self.audit = AuditDesk::default(),
            AuditIntent::Show => {
                let empty = || AuditView {
                    log: self.log.clone(),
                    verified_at: None,
                    zone: self.config.calendar.name().to_owned(),
                    accounts: Vec::new(),
                    filter: AuditFilter::default(),
                    rows: Vec::new(),
                    has_older: false,
                    has_newer: false,
                    touched: None,
                    access: None,
                    exported: None,
                    folder: self.config.folder.clone(),
                    is_asking: true,
                    problem: None,
                };
                self.audit.view.get_or_insert_with(empty);
            }
            _ => {}
        }
        // One thing at a time: what is asked for meanwhile is passed over.
        if self.audit.asked.is_some() {
            return;
        }
        let Some(view) = &mut self.audit.view else { return };
        view.problem = None;
        let calendar = &self.config.calendar;
        let filter = view.filter.clone();
        let asked = match intent {
            AuditIntent::Show => rows(calendar, filter, vec![None]),
            AuditIntent::Find(filter) => rows(calendar, filter, vec![None]),
            AuditIntent::Older => {
                let last = view.rows.last().map(|row| row.number).filter(|_| view.has_older);
                let Some(last) = last else { return };
                rows(calendar, filter, self.audit.pages.iter().copied().chain([Some(last)]).collect())
            }
            AuditIntent::Newer => {
                let Some((_, pages)) = self.audit.pages.split_last().filter(|(_, pages)| !pages.is_empty()) else {
                    return;
                };
                rows(calendar, filter, pages.to_vec())
            }
            AuditIntent::TouchedBy { device, from, until } => touched(calendar, &device, &from, &until),
            AuditIntent::ShowAccess => Ok((AuditAsk::Access, Asked::Other)),
            AuditIntent::Export { visit, file } => export(&visit, &file),
            AuditIntent::Hide => return,
        };
        match asked {
            Ok((ask, about)) => self.ask_about_log(ask, about),
            Err(problem) => view.problem = Some(problem),
        }
    }

    fn ask_about_log(&mut self, ask: AuditAsk, about: Asked) {
        let Some(token) = self.state.beside_visits().map(|one| one.token.clone()) else { return };
        let number = self.ask(DeskRequest::Audit { token, ask });
        self.audit.asked = Some((number, about));
    }

    /// How the log stands, by what was verified on this machine.
    pub(super) fn log_stands(&mut self, log: LogStanding) {
        let log = log.seen_since(&self.log);
        if let (Some(view), LogStanding::Verified(verified)) = (&mut self.audit.view, &log) {
            view.verified_at = Some(self.config.calendar.second(verified.unix_micros / 1_000_000));
        }
        if let Some(view) = &mut self.audit.view {
            view.log = log.clone();
        }
        self.log = log;
    }

    /// An answer about the log; given back if it is of something else.
    pub(super) fn answered_audit(
        &mut self,
        now: Timestamp,
        number: RequestNumber,
        answer: DeskAnswer,
    ) -> Option<DeskAnswer> {
        let Some((_, asked)) = self.audit.asked.take_if(|(asked, _)| *asked == number) else { return Some(answer) };
        match answer {
            DeskAnswer::Audit(answer) => self.told_of_log(now, asked, *answer),
            DeskAnswer::Refused(Code::NotSignedIn) => self.sign_out(Some(DeskProblem::SignInOver)),
            other => self.audit_problem(AuditProblem::Desk(problem_of(now, other))),
        }
        None
    }

    fn audit_problem(&mut self, problem: AuditProblem) {
        if let Some(view) = &mut self.audit.view {
            view.problem = Some(problem);
        }
    }

    fn told_of_log(&mut self, now: Timestamp, asked: Asked, answer: AuditAnswer) {
        let AuditAnswer { log, staff, told } = answer;
        self.log_stands(log);
        let calendar = &self.config.calendar;
        let Some(view) = &mut self.audit.view else { return };
        view.accounts = staff;
        match (told, asked) {
            (AuditTold::Rows { rows, more }, Asked::Rows(filter, pages)) => {
                view.rows = rows.iter().filter_map(|row| AuditLine::read(row, calendar)).collect();
                (view.has_older, view.has_newer) = (more, pages.len() > 1);
                view.filter = filter;
                self.audit.pages = pages;
            }
            (AuditTold::Touched(touched), _) => view.touched = Some(touched.shown_by(calendar)),
            (AuditTold::Access(found), _) => {
                let now = self.config.unix_at_zero.plus(now.as_micros() / 1_000_000);
                view.access = Some(access_lines(&view.accounts, &found, self.identity.as_ref(), now, calendar));
            }
            (AuditTold::Exported(exported), _) => view.exported = Some(exported),
            (AuditTold::NotWritten(why), _) => view.problem = Some(AuditProblem::NotWritten(why)),
            (AuditTold::Withheld, _) => view.rows.clear(),
            (AuditTold::Rows { .. }, Asked::Other) => view.problem = Some(AuditProblem::Desk(DeskProblem::OddAnswer)),
        }
    }
}

type Question = Result<(AuditAsk, Asked), AuditProblem>;

fn rows(calendar: &Calendar, filter: AuditFilter, pages: Vec<Option<u64>>) -> Question {
    let wanted = filter.wanted(calendar, pages.last().copied().flatten())?;
    Ok((AuditAsk::Rows(wanted), Asked::Rows(filter, pages)))
}

fn touched(calendar: &Calendar, device: &str, from: &str, until: &str) -> Question {
    let known = Chase::of(device).map(|_| device.trim().to_owned()).ok_or(AuditProblem::NotADevice)?;
    Ok((AuditAsk::Touched(known, Span::read(calendar, from, until)?), Asked::Other))
}

fn export(visit: &str, file: &str) -> Question {
    let visit = visit.trim().parse().map_err(|_| AuditProblem::NotAVisit)?;
    match file.trim() {
        "" => Err(AuditProblem::NoFile),
        file => Ok((AuditAsk::Export(visit, PathBuf::from(file)), Asked::Other)),
    }
}
