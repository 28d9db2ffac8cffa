//! A day of two clinicians, nine visits each: patients who come early, late, not at all, who drop and come back, one who is
//! handed over to the colleague; over a bad network, with a server that is started again and again.

use std::time::Duration;

use call::{Input, Intent, Phase};
use rand::RngExt;
use rand::seq::SliceRandom;
use server::visits::{Command, StaffMember};
use signaling_protocol::{AssignRequest, CancelReason, EndReason, StaffId, VisitState};
use units::Timestamp;

use crate::app::secrets;
use crate::clinic::STAFF;
use crate::plan::{Plan, Who, at};
use crate::world::World;

const COLLEAGUE: StaffId = StaffId::from_random([2; 16]);
const VISITS: usize = 9;
/// From one planned visit to the next.
const SLOT_SECS: f64 = 120.0;

/// What is special about a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patient {
    Usual,
    /// Comes when the visit was to be over.
    Late,
    NoShow,
    /// Their app dies in the middle, and they open the link again.
    Drops,
    /// Hangs up before the clinician does.
    HangsUp,
    /// Is handed over to the colleague while they wait.
    HandedOver,
}

/// One of the eighteen.
struct Appointment {
    patient: Patient,
    comes_at: Timestamp,
    talks_for: Duration,
    first_live: Option<Timestamp>,
    was_live: bool,
    dropped: Option<Timestamp>,
    over: bool,
}

struct Day {
    world: World,
    appointments: Vec<Appointment>,
    /// The visits that each of the two still has before them, by room; the first is the one that goes on.
    lists: [Vec<usize>; 2],
}

impl Day {
    fn new(seed: u64) -> Self {
        let mut plan = Plan { hangs_up: None, calm_at: Timestamp::NEVER, ..Plan::lossy(seed) };
        // The first visit of the model is one of ours as well; nobody comes to it by the model's own plan.
        plan.joins = [(Who::Host, Timestamp::NEVER), (Who::Guest, Timestamp::NEVER)];
        plan.stream_breaks = Some(Duration::from_secs(15 + seed % 40));
        let end = SLOT_SECS * VISITS as f64;
        plan.server_down = (0..3 + seed % 5)
            .map(|number| {
                let start = 20.0 + number as f64 * end / 8.0 + (seed % 97) as f64;
                at(start)..at(start + 0.3 + (seed % 13) as f64)
            })
            .collect();
        let mut world = World::new(plan);
        for room in 1..2 * VISITS {
            let staff = if room < VISITS { STAFF } else { COLLEAGUE };
            let keys = secrets(room).map(|secret| secret.invite_key());
            world.clinic.add_room(Timestamp::ZERO, staff, &keys);
        }
        let mut appointments = Vec::new();
        for clinician in 0..2 {
            let mut patients = vec![Patient::Usual; VISITS];
            let special = [Patient::Late, Patient::NoShow, Patient::Drops, Patient::HangsUp, Patient::HandedOver];
            patients[..special.len() - clinician].copy_from_slice(&special[..special.len() - clinician]);
            patients.shuffle(&mut world.dice);
            for (number, patient) in patients.into_iter().enumerate() {
                let planned = number as f64 * SLOT_SECS + 5.0;
                let comes = match patient {
                    Patient::Late => planned + SLOT_SECS,
                    _ => planned + world.dice.random_range(-4.0..20.0),
                };
                appointments.push(Appointment {
                    patient,
                    comes_at: at(comes),
                    talks_for: Duration::from_secs_f64(world.dice.random_range(15.0..40.0)),
                    first_live: None,
                    was_live: false,
                    dropped: None,
                    over: false,
                });
            }
        }
        let lists = [(0..VISITS).collect(), (VISITS..2 * VISITS).collect()];
        Self { world, appointments, lists }
    }

    /// Until all is over, or far too late.
    fn run(&mut self) {
        let too_late = at(4.0 * SLOT_SECS * VISITS as f64);
        while self.world.now() < too_late && self.lists.iter().any(|list| !list.is_empty()) {
            self.world.run_for(Duration::from_secs(1));
            self.patients();
            for clinician in 0..2 {
                self.clinician(clinician);
            }
        }
        // Whoever lost the server hears of the end when they find it again; who hears nothing gives up after ten minutes.
        self.world.run_for(Duration::from_secs(1_500));
    }

    fn phase(&self, room: usize, who: Who) -> Option<Phase> {
        let app = self.world.newest_in(room, who).filter(|app| self.world.apps[*app].alive)?;
        Some(self.world.phase(app))
    }

    fn patients(&mut self) {
        let now = self.world.now();
        for room in 0..self.appointments.len() {
            let came = self.world.newest_in(room, Who::Guest);
            let one = &self.appointments[room];
            match (came, one.patient) {
                (None, Patient::NoShow) => {}
                (None, _) if now >= one.comes_at => drop(self.world.start_in(room, Who::Guest)),
                (Some(app), Patient::Drops) => {
                    let talked = one.first_live.is_some_and(|live| now.since(live) > Duration::from_secs(8));
                    match one.dropped {
                        None if talked => {
                            self.appointments[room].dropped = Some(now);
                            self.world.kill(app);
                        }
                        Some(dropped)
                            if now.since(dropped) > Duration::from_secs(12) && !self.world.apps[app].alive =>
                        {
                            self.world.start_in(room, Who::Guest);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    /// What a clinician does about the first of their list.
    fn clinician(&mut self, clinician: usize) {
        let Some(room) = self.lists[clinician].first().copied() else { return };
        let now = self.world.now();
        let planned = at((room % VISITS) as f64 * SLOT_SECS);
        match (self.phase(room, Who::Host), self.appointments[room].patient) {
            (None, _) if now < planned => {}
            (None, Patient::NoShow) => self.cancel(clinician, room),
            (None, Patient::HandedOver) if clinician == 0 => self.hand_over(room),
            (None, _) if !self.appointments[room].over => drop(self.world.start_in(room, Who::Host)),
            (Some(Phase::Ended(_)), _) => self.done(clinician),
            (Some(_), _) => self.talk(room),
            (None, _) => self.done(clinician),
        }
    }

    fn done(&mut self, clinician: usize) {
        let room = self.lists[clinician].remove(0);
        self.appointments[room].over = true;
    }

    fn cancel(&mut self, clinician: usize, room: usize) {
        let (now, by) = (self.world.now(), StaffMember::all(StaffId::from_random([9; 16])));
        let visit = self.world.clinic.rooms[room].visit;
        let Some(visits) = self.world.clinic.visits.as_mut() else { return };
        visits.handle(now, Command::Cancel { by, visit, reason: CancelReason::NoShow }).expect("nobody is in it");
        self.world.pump_server();
        self.done(clinician);
    }

    fn hand_over(&mut self, room: usize) {
        let now = self.world.now();
        let visit = self.world.clinic.rooms[room].visit;
        let Some(visits) = self.world.clinic.visits.as_mut() else { return };
        let request = AssignRequest { clinician: Some(COLLEAGUE) };
        visits.handle(now, Command::Assign { by: StaffMember::own(STAFF), visit, request }).expect("it is theirs");
        self.world.pump_server();
        self.world.clinic.rooms[room].staff = COLLEAGUE;
        self.lists[0].remove(0);
        // After what the colleague has just now.
        let next = 1.min(self.lists[1].len());
        self.lists[1].insert(next, room);
    }

    fn talk(&mut self, room: usize) {
        let now = self.world.now();
        let host = self.world.newest_in(room, Who::Host).expect("it was started");
        let live = [Who::Host, Who::Guest].iter().all(|who| matches!(self.phase(room, *who), Some(Phase::Live { .. })));
        let one = &mut self.appointments[room];
        if live {
            one.first_live.get_or_insert(now);
        }
        // Of somebody who dropped: once they are back.
        let is_back = one.patient != Patient::Drops || one.dropped.is_some();
        one.was_live |= live && is_back;
        let talked = one.was_live && live && one.first_live.is_some_and(|since| now.since(since) >= one.talks_for);
        if talked {
            let leaves = if one.patient == Patient::HangsUp { self.world.newest_in(room, Who::Guest) } else { None };
            self.world.tell(leaves.unwrap_or(host), Input::Intent(Intent::HangUp));
        }
    }

    /// Every visit ended as it should, and nobody was in a wrong one.
    fn check(&mut self, seed: u64) {
        let log = |day: &Self| day.world.witness.log().join("\n");
        for (list, name) in self.lists.iter().zip(["first", "second"]) {
            assert!(list.is_empty(), "seed {seed}: the {name} clinician never came to {list:?}\n{}", log(self));
        }
        for (who, whom) in self.world.witness.heard_pairs() {
            let (one, other) = (&self.world.apps[who], &self.world.apps[whom]);
            assert_eq!(one.room, other.room, "seed {seed}");
            assert!((one.who == Who::Host) != (other.who == Who::Host), "seed {seed}: two patients");
        }
        let rows = self.world.clinic.load();
        for (room, one) in self.appointments.iter().enumerate() {
            let visit = self.world.clinic.rooms[room].visit;
            let row = rows.visits.iter().find(|row| row.visit == visit).expect("kept for its time");
            let met = one.patient != Patient::NoShow;
            let reason = if met { EndReason::HostEnded } else { EndReason::NoShow };
            let stands = (row.state, row.ended);
            assert_eq!(
                stands,
                (VisitState::Ended, Some(reason)),
                "seed {seed}, {room} {:?}\n{}",
                one.patient,
                log(self)
            );
            assert_eq!(one.was_live, met, "seed {seed}, {room} {:?}\n{}", one.patient, log(self));
            let handed_over = one.patient == Patient::HandedOver;
            let whose = if room < VISITS && !handed_over { STAFF } else { COLLEAGUE };
            assert_eq!(row.host, Some(whose), "seed {seed}, {room}");
            // Whoever joined this visit joined no other.
            let members = rows.endpoints.iter().filter(|endpoint| endpoint.visit == visit);
            for member in members {
                if let Some(app) = self.world.app_at(member.endpoint) {
                    assert_eq!(self.world.apps[app].room, room, "seed {seed}");
                }
            }
        }
        for app in 0..self.world.apps.len() {
            let is_over = !self.world.apps[app].alive || self.world.call(app).is_finished();
            assert!(is_over, "seed {seed}: app {app} in {}\n{}", self.world.apps[app].room, log(self));
        }
    }
}

fn run(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut day = Day::new(seed);
        day.run();
        day.check(seed);
    }
}

#[test]
fn two_clinicians_and_eighteen_visits_end_as_they_should_1() {
    run(0..5);
}

#[test]
fn two_clinicians_and_eighteen_visits_end_as_they_should_2() {
    run(5..10);
}

#[test]
fn long_two_clinicians_and_eighteen_visits_end_as_they_should_1() {
    run(10..510);
}

#[test]
fn long_two_clinicians_and_eighteen_visits_end_as_they_should_2() {
    run(510..1_010);
}

/// What is taken back while two talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TakenBack {
    Invite,
    Person,
    Visit,
}

#[test]
fn what_is_taken_back_ends_live_calls_within_five_seconds_and_lets_nobody_in_after_one() {
    for seed in 0..30 {
        for what in [TakenBack::Invite, TakenBack::Person, TakenBack::Visit] {
            let mut world = World::new(Plan { hangs_up: None, hangs_up_at: at(60.0), ..Plan::lossy(seed) });
            world.run_until_hang_up();
            world.assert_both_live();
            let (host, guest) = (world.app_of(Who::Host), world.app_of(Who::Guest));
            let now = world.now();
            let (visit, invite) = (world.clinic.rooms[0].visit, world.clinic.rooms[0].invites[0].0);
            let me = world.apps[host].me.expect("it has joined");
            let visits = world.clinic.visits.as_mut().expect("it runs");
            match what {
                TakenBack::Invite => {
                    let by = StaffMember::own(STAFF);
                    visits.handle(now, Command::RevokeInvite { by, visit, invite }).expect("its own");
                }
                TakenBack::Person => {
                    visits.put_out_staff(now, STAFF);
                    world.clinic.signed_out.insert(STAFF);
                }
                TakenBack::Visit => drop(visits.handle(now, Command::End { by: me }).expect("the host")),
            }
            world.pump_server();
            // Whoever comes now, by the same link, and as the same person.
            world.run_for(Duration::from_secs(1));
            let late = world.start_in(0, Who::Guest);
            let same_person = (what == TakenBack::Person).then(|| world.start_in(0, Who::Host));
            world.run_for(Duration::from_secs(4));
            for app in [host, guest] {
                let phase = world.phase(app);
                assert!(!matches!(phase, Phase::Live { .. }), "seed {seed}, {what:?}: {phase:?}");
            }
            let out = if what == TakenBack::Invite { guest } else { host };
            assert!(world.phase(out).is_ended(), "seed {seed}, {what:?}: {:?}", world.phase(out));
            world.run_for(Duration::from_secs(20));
            let phase = world.phase(late);
            match same_person {
                None => assert!(phase.is_ended(), "seed {seed}, {what:?}: {phase:?}"),
                // The link is good still, and nobody is there to let its holder in.
                Some(person) => {
                    let is_out = matches!(phase, Phase::Lobby | Phase::WaitingRoom { .. } | Phase::Ended(_));
                    assert!(is_out, "seed {seed}: {phase:?}");
                    let phase = world.phase(person);
                    assert!(phase.is_ended(), "seed {seed}, the same person: {phase:?}");
                    assert!(world.apps[person].me.is_none(), "seed {seed}: joined");
                }
            }
            for app in same_person.into_iter().chain([late]) {
                assert!(!world.witness.heard_anybody(app), "seed {seed}, {what:?}");
            }
        }
    }
}
