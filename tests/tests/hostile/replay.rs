//! Boxes of another time or another visit, and boxes that come late, twice, in another order or not at all.

use std::time::Duration;

use call::Refusal;
use signaling_protocol::{Base64, Event, Role};

use crate::apps::Habit;
use crate::clinic::Clinic;
use crate::fixtures::guest_bundle;
use crate::script::{Script, Told, now};
use crate::verdict::{connects, goes_on, honest, nothing_came_through, refused, refused_as, same_keys};
use crate::world::{LIMIT, World};

#[test]
fn boxes_of_another_visit_for_the_patient() {
    spliced(Role::Guest, Refusal::Tampered);
}

#[test]
fn boxes_of_another_visit_for_the_clinician() {
    spliced(Role::Host, Refusal::Tampered);
}

/// The boxes of a visit of the same clinician, at the same server, that was held before: the twin.
#[track_caller]
fn spliced(victim: Role, refusal: Refusal) {
    let clinic = Clinic::open();
    let mut before = World::open(&clinic, Script::honest(), &Habit::default());
    connects(&mut before);
    same_keys(&mut before);
    let other = if victim == Role::Host { Role::Guest } else { Role::Host };
    let visit = before.proxy.liar.seats(other)[0].visit;
    let old: Vec<_> = before.proxy.liar.boxes_of(visit, other);
    before.close();
    let script = Script::boxes(victim, move |envelope| {
        envelope.sealed = old[envelope.seq as usize % old.len()].sealed.clone();
    });
    let mut world = World::open(&clinic, script, &Habit::default());
    world.until(LIMIT, |world| world.seen(victim).refused(refusal) || world.is_live());
    assert!(world.seen(victim).refused(refusal), "{:?}", world.seen);
    nothing_came_through(world, victim, refusal);
}

#[test]
fn boxes_sent_back_to_who_sealed_them() {
    refused(Role::Host, Refusal::Tampered, || {
        let mut own: Vec<Base64> = Vec::new();
        Script::honest().events(move |seat, mut event| {
            if let Event::Message { envelope } = &mut event {
                match seat.role {
                    Role::Guest => own.push(envelope.sealed.clone()),
                    Role::Host => envelope.sealed = own[envelope.seq as usize % own.len()].clone(),
                }
            }
            now(event)
        })
    });
}

#[test]
fn a_bundle_of_the_same_patient_from_an_earlier_join() {
    refused_as(Role::Guest, Refusal::Tampered, |lies| {
        if !lies {
            return honest();
        }
        let habit = Habit::default();
        let earlier = habit.stolen.clone();
        let script = Script::bundles(Role::Guest, move |_, _| {
            let link = earlier.get().expect("it was given out");
            guest_bundle(3, link.invite, &link.secret)
        });
        (script, habit)
    });
}

#[test]
fn every_box_twice() {
    goes_on(
        || messages(|event| vec![(Duration::ZERO, event.clone()), (Duration::from_millis(200), event)]),
        |world| world.pass(Duration::from_millis(300)),
    );
}

#[test]
fn all_boxes_again_in_the_call() {
    goes_on(Script::honest, |world| {
        for (from, to) in [(Role::Host, Role::Guest), (Role::Guest, Role::Host)] {
            let (from, to) = (world.proxy.liar.seats(from)[0], world.proxy.liar.seats(to)[0]);
            for mut envelope in world.proxy.liar.boxes_of(from.visit, from.role) {
                envelope.from = Some(from.endpoint);
                world.proxy.liar.tell(to.endpoint, &Event::Message { envelope });
            }
        }
        world.pass(Duration::from_millis(500));
        assert!(world.is_live(), "{:?}", world.seen);
    });
}

#[test]
fn all_that_was_told_again_in_the_call() {
    goes_on(
        || {
            let mut told = Vec::new();
            Script::honest().events(move |seat, event| {
                // When the host is told that somebody is in, everybody hears everything again.
                told.push((seat.endpoint, event.clone()));
                let mine = told.iter().filter(|(to, _)| *to == seat.endpoint);
                let again: Told = mine.map(|(_, event)| (Duration::from_millis(400), event.clone())).collect();
                let news = now(event.clone());
                if matches!(event, Event::Admitted { .. }) { [news, again].concat() } else { news }
            })
        },
        |world| world.pass(Duration::from_millis(800)),
    );
}

#[test]
fn boxes_in_another_order() {
    goes_on(
        || {
            messages(|event| {
                let Event::Message { envelope } = &event else { return now(event) };
                let late = if envelope.seq.is_multiple_of(2) { 300 } else { 0 };
                vec![(Duration::from_millis(late), event)]
            })
        },
        |_| {},
    );
}

#[test]
fn every_third_box_dropped() {
    goes_on(
        || {
            // By steps of the golden section: what is said again comes three boxes at a time, and every third box would always be
            // the same of them.
            let mut place = 0.0_f64;
            messages(move |event| {
                place = (place + 0.618_034) % 1.0;
                if place < 1.0 / 3.0 { Vec::new() } else { now(event) }
            })
        },
        |_| {},
    );
}

#[test]
fn the_first_offer_dropped() {
    goes_on(|| drop_the_first(Role::Guest), |_| {});
}

#[test]
fn the_first_answer_dropped() {
    goes_on(|| drop_the_first(Role::Host), |_| {});
}

fn drop_the_first(to: Role) -> Script {
    let mut dropped = false;
    Script::honest().events(move |seat, event| {
        let is_box = matches!(event, Event::Message { .. }) && seat.role == to;
        if is_box && !std::mem::replace(&mut dropped, true) { Vec::new() } else { now(event) }
    })
}

#[test]
fn every_box_delayed() {
    goes_on(|| messages(|event| vec![(Duration::from_millis(1_500), event)]), |_| {});
}

#[test]
fn everything_that_is_told_delayed() {
    goes_on(|| Script::honest().events(|_, event| vec![(Duration::from_millis(700), event)]), |_| {});
}

fn messages(mut lie: impl FnMut(Event) -> Told + Send + 'static) -> Script {
    Script::honest()
        .events(move |_, event| if matches!(event, Event::Message { .. }) { lie(event) } else { now(event) })
}
