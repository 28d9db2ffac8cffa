//! The loop around the day of who is signed in: the list as it changes, the cards that can be opened, what the person wants.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use desk::day::{
    Calendar, ClocksChange, Colleague, DayIntent, DayProblem, DaySnapshot, OtherDay, Queue, QueueRow, Whose,
    colleagues_visits,
};
use desk::{DeskInput, DeskIntent};
use serde_json::Value;
use signaling_client::ClientError;
use signaling_protocol::{VisitId, VisitState, VisitsReply};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use units::Phi;

use crate::headless::InputError;
use crate::office::{Appointment, DayCommand, Moved, Office};
use crate::visit::{Surroundings, as_sentence};

/// What waits for the day. A window's wish that does not get through is dropped.
const INPUTS: usize = 16;

/// When the list is asked for again after it was not to be had.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// When the card of a visit that was taken over is looked for again: a colleague's app may be sealing it just now.
const LOOK_FOR_CARD: Duration = Duration::from_secs(2);

/// A list, and at which turn it was asked for.
type Listed = (u32, Result<VisitsReply, ClientError>);

/// What came of something that was asked for.
enum Answer {
    /// With the visit that was to be moved, if that was it.
    Done(Option<VisitId>, Result<Value, InputError>),
    OfColleagues(Result<VisitsReply, InputError>),
    TakenOver(Result<(), InputError>),
}

/// The day of who is signed in, for a window.
#[derive(Debug, Clone)]
pub struct DayHandle {
    intents: mpsc::Sender<DayIntent>,
    snapshots: watch::Receiver<DaySnapshot>,
}

impl DayHandle {
    /// Tells the day what the person wants.
    pub fn intend(&self, intent: DayIntent) {
        let _ = self.intents.try_send(intent);
    }

    /// The day as the person sees it.
    pub fn snapshot(&self) -> DaySnapshot {
        self.snapshots.borrow().clone()
    }
}

/// Runs until it is dropped: when somebody signs out.
pub(crate) struct DayDriver {
    office: Arc<Office>,
    calendar: Calendar,
    /// A moment of the day that is shown; today without one.
    day: Option<u64>,
    /// Waits for the next list.
    looking: Option<AbortHandle>,
    /// How often another day was turned to.
    turn: u32,
    queue: Queue,
    shown: DaySnapshot,
    colleagues: Vec<Colleague>,
    /// Visits that colleagues took over, by when, whose cards were sealed to them from here.
    shared: BTreeSet<(VisitId, u64)>,
    around: Arc<Surroundings>,
    desk: mpsc::Sender<DeskInput>,
    snapshots: watch::Sender<DaySnapshot>,
}

impl DayDriver {
    /// Starts the loop. To be called within the runtime.
    pub(crate) fn open(
        office: Office,
        calendar: Calendar,
        around: Arc<Surroundings>,
        desk: mpsc::Sender<DeskInput>,
    ) -> (DayHandle, AbortHandle) {
        let (intents_out, intents) = mpsc::channel(INPUTS);
        let (snapshots, seen) = watch::channel(DaySnapshot::default());
        let (queue, shown) = (Queue::default(), DaySnapshot::default());
        let driver = Self {
            office: Arc::new(office),
            calendar,
            day: None,
            looking: None,
            turn: 0,
            queue,
            shown,
            colleagues: Vec::new(),
            shared: BTreeSet::new(),
            around,
            desk,
            snapshots,
        };
        let task = tokio::spawn(driver.run(intents));
        (DayHandle { intents: intents_out, snapshots: seen }, task.abort_handle())
    }

    async fn run(mut self, mut intents: mpsc::Receiver<DayIntent>) {
        let (lists_out, mut lists) = mpsc::channel(1);
        let (answers_out, mut answers) = mpsc::channel(INPUTS);
        self.look(None, Duration::ZERO, &lists_out);
        loop {
            tokio::select! {
                intent = intents.recv() => match intent {
                    Some(DayIntent::Show(other)) => self.turn_to(other, &lists_out),
                    Some(intent) => self.intend(intent, &answers_out).await,
                    // The window is closed.
                    None => return,
                },
                // One that was on its way when another day was turned to is of no use.
                Some((turn, list)) = lists.recv() => if turn == self.turn {
                    self.listed(list, &lists_out).await;
                },
                Some(answer) = answers.recv() => self.answered(answer, &answers_out),
            }
            self.show();
        }
    }

    /// Asks for the list: at once, or when it is another one than `known`.
    fn look(&mut self, known: Option<u64>, after: Duration, lists: &mpsc::Sender<Listed>) {
        let (office, lists, turn) = (self.office.clone(), lists.clone(), self.turn);
        let span = self.calendar.day(self.day.unwrap_or_else(|| office.unix_now()));
        let looking = tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let list = office.client.visits(&office.token, span, known).await;
            let _ = lists.send((turn, list)).await;
        });
        self.looking = Some(looking.abort_handle());
    }

    /// Another day is shown. A list of the one before that is on its way is not waited for.
    fn turn_to(&mut self, other: OtherDay, lists: &mpsc::Sender<Listed>) {
        let today = self.office.unix_now();
        let at = self.day.unwrap_or(today);
        let day = match other {
            OtherDay::Before => self.calendar.day_before(at),
            OtherDay::Today => today,
            OtherDay::After => self.calendar.day_after(at),
        };
        self.day = (self.calendar.day(day) != self.calendar.day(today)).then_some(day);
        self.shown.date = self.day.map(|day| self.calendar.date(day));
        if let Some(looking) = self.looking.take() {
            looking.abort();
        }
        self.turn = self.turn.wrapping_add(1);
        self.look(None, Duration::ZERO, lists);
    }

    async fn listed(&mut self, list: Result<VisitsReply, ClientError>, lists: &mpsc::Sender<Listed>) {
        match list {
            Ok(reply) => {
                let is_first = self.queue.version().is_none();
                self.share(&reply);
                self.queue.listed(reply);
                if is_first && let Ok(colleagues) = self.office.colleagues().await {
                    self.colleagues.clone_from(&colleagues);
                    let named = colleagues.into_iter().filter(|one| one.role == desk::DeviceRole::Clinician);
                    let mut named: Vec<_> = named.filter_map(|one| Some((one.staff, one.account?))).collect();
                    named.retain(|(staff, _)| *staff != self.office.staff);
                    named.dedup_by_key(|(staff, _)| *staff);
                    self.shown.colleagues = named;
                }
                for visit in self.queue.unread() {
                    // A visit that was made at once has no card, and one that is not for us does not open.
                    if let Ok((card, _)) = self.office.card(visit).await {
                        self.queue.opened(visit, card);
                    }
                }
                let is_looked_for = |row: &QueueRow| {
                    row.whose == Whose::Own && row.listed.taken_over_unix_secs.is_some() && row.card.is_none()
                };
                let rows = self.queue.snapshot(self.office.staff).visits;
                match rows.iter().any(|row| is_looked_for(row) && row.listed.state != VisitState::Ended) {
                    true => self.look(None, LOOK_FOR_CARD, lists),
                    false => self.look(self.queue.version(), Duration::ZERO, lists),
                }
            }
            // Signed out: the desk is told of that by its own way.
            Err(error) if error.is_definite() => {}
            Err(_) => self.look(None, TRY_AGAIN, lists),
        }
    }

    /// Who took a colleague's visit over is to read its card, once for each time.
    fn share(&mut self, list: &VisitsReply) {
        for listed in &list.visits {
            let is_anothers = listed.clinician.is_some_and(|clinician| clinician != self.office.staff);
            let Some(at) = listed.taken_over_unix_secs.filter(|_| is_anothers) else { continue };
            if listed.state != VisitState::Ended && self.shared.insert((listed.visit, at)) {
                let (office, listed) = (self.office.clone(), listed.clone());
                tokio::spawn(async move {
                    match office.share_taken_over(&listed).await {
                        Ok(shared) => tracing::debug!(shared, "a visit was taken over"),
                        Err(error) => tracing::debug!(%error, "the card of a visit that was taken over is not shared"),
                    }
                });
            }
        }
    }

    async fn intend(&mut self, intent: DayIntent, answers: &mpsc::Sender<Answer>) {
        (self.shown.problem, self.shown.clocks_change) = (None, None);
        let zone = self.calendar.name().to_owned();
        let command = match intent {
            DayIntent::PutLinkAway => {
                self.shown.link = None;
                return;
            }
            // Turned to by the loop itself.
            DayIntent::Show(_) => return,
            DayIntent::Hold(visit) => return self.hold(visit, false).await,
            DayIntent::TakeHere(visit) => return self.hold(visit, true).await,
            DayIntent::HideColleagues => {
                self.shown.of_colleagues = None;
                return;
            }
            DayIntent::ShowColleagues => return self.ask_for_colleagues(answers),
            DayIntent::TakeOver(visit, wish) => {
                self.shown.busy = true;
                let (office, answers) = (self.office.clone(), answers.clone());
                tokio::spawn(async move {
                    let _ = answers.send(Answer::TakenOver(office.take_over(visit, &wish).await)).await;
                });
                return;
            }
            DayIntent::Schedule { start, minutes, clinician, card, choice } => {
                let start = Some(start).filter(|start| !start.trim().is_empty());
                let card = *card;
                DayCommand::Schedule(Box::new(Appointment { start, zone, choice, minutes, clinician, card }))
            }
            DayIntent::Move { visit, start, minutes, choice } => {
                DayCommand::Move(visit, Moved { start, zone, choice, minutes: Some(minutes) })
            }
            DayIntent::Cancel(visit, reason) => DayCommand::Cancel(visit, reason),
            DayIntent::Reinvite(visit) => DayCommand::Reinvite(visit),
            DayIntent::Invite(visit, role) => DayCommand::Invite(visit, role),
            DayIntent::Revoke(visit, invite) => DayCommand::Revoke(visit, invite),
            DayIntent::Tell(visit, note) => DayCommand::Tell(visit, note),
            DayIntent::HandOver(visit, clinician) => DayCommand::HandOver(visit, Some(clinician)),
        };
        self.shown.busy = true;
        let moved = if let DayCommand::Move(visit, _) = &command { Some(*visit) } else { None };
        let (office, answers) = (self.office.clone(), answers.clone());
        tokio::spawn(async move {
            let _ = answers.send(Answer::Done(moved, office.carry_out(command).await)).await;
        });
    }

    fn ask_for_colleagues(&mut self, answers: &mpsc::Sender<Answer>) {
        self.shown.busy = true;
        let (office, answers) = (self.office.clone(), answers.clone());
        let span = self.calendar.day(office.unix_now());
        tokio::spawn(async move {
            let _ = answers.send(Answer::OfColleagues(office.colleagues_visits(span).await)).await;
        });
    }

    /// The desk begins the call, by what the card says.
    async fn hold(&mut self, visit: VisitId, takes_over: bool) {
        match self.queue.card(visit).cloned() {
            Some(card) => {
                let length = self.queue.planned(visit).map(crate::office::length_of);
                let intent = DeskIntent::HoldVisit { visit, card: Box::new(card), length, takes_over };
                let _ = self.desk.send(DeskInput::Intent(intent)).await;
            }
            None => self.shown.problem = Some(DayProblem::NotShared),
        }
    }

    fn answered(&mut self, answer: Answer, answers: &mpsc::Sender<Answer>) {
        self.shown.busy = false;
        let mut of_move = None;
        let answer = match answer {
            Answer::Done(moved, answer) => {
                of_move = moved;
                answer
            }
            Answer::OfColleagues(list) => list.map(|list| {
                self.shown.of_colleagues = Some(colleagues_visits(&list, &self.colleagues, &self.calendar));
                Value::Null
            }),
            Answer::TakenOver(done) => done.map(|()| {
                self.ask_for_colleagues(answers);
                Value::Null
            }),
        };
        match answer {
            Ok(answer) => {
                if let Some(link) = answer["link"].as_str() {
                    self.shown.link = Some(Phi::new(link.to_owned()));
                }
            }
            Err(InputError::ClocksChange { earlier, later }) => {
                self.shown.clocks_change = Some(ClocksChange { visit: of_move, earlier, later });
            }
            Err(error) => self.shown.problem = Some(problem_of(&error)),
        }
    }

    fn show(&mut self) {
        self.shown.queue = self.queue.snapshot(self.office.staff);
        let at =
            |row: &QueueRow| row.listed.planned.as_ref().map(|planned| self.calendar.clock(planned.start_unix_secs));
        self.shown.clocks = self.shown.queue.visits.iter().map(at).collect();
        let changed = self.snapshots.send_if_modified(|shown| {
            let changed = *shown != self.shown;
            if changed {
                shown.clone_from(&self.shown);
            }
            changed
        });
        if changed {
            (self.around.repaint)();
        }
    }
}

/// What went wrong, as the window has words for it.
fn problem_of(error: &InputError) -> DayProblem {
    match error {
        InputError::Asked(asked) | InputError::SignIn(asked) => match (asked, asked.trouble()) {
            (_, Some(trouble)) => DayProblem::Server(trouble),
            (ClientError::Refused(refusal), None) => DayProblem::Refused(refusal.code),
            (other, None) => DayProblem::Machine(as_sentence(other)),
        },
        InputError::NoteMissing => DayProblem::NoteMissing,
        InputError::WrongDigits => DayProblem::WrongDigits,
        InputError::TimeOver => DayProblem::TimeOver,
        InputError::Calendar(error) => DayProblem::Calendar(*error),
        other => DayProblem::Machine(as_sentence(other)),
    }
}
