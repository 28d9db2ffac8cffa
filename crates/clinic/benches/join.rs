//! What sealing costs a join: processor time and bytes, for both sides. `cargo xtask bench join` runs it and publishes what it
//! prints.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used, missing_docs)]

#[path = "../tests/join/mod.rs"]
mod join;

use std::hint::black_box;
use std::time::{Duration, Instant};

use join::{Joined, People, said_by_guest, said_by_host};
use trust::InnerMessage;

/// So many joins a step, and so many steps: the fastest step is what the work costs when nothing disturbs it.
const JOINS: u32 = 50;
const STEPS: u32 = 40;

fn main() {
    let people = People::new();
    let rows = [
        ("the clinician's app: its bundle, the patient's verified", cost(|| drop(black_box(people.host_meets())))),
        ("the patient's app: its bundle, the clinician's verified", cost(|| drop(black_box(people.guest_meets())))),
        ("the clinician's app: its first box sealed, the patient's opened", {
            let joined = Joined::new(&people);
            cost(move || joined.host_talks())
        }),
        ("the patient's app: its first box sealed, the clinician's opened", {
            let joined = Joined::new(&people);
            cost(move || joined.guest_talks())
        }),
    ];
    let in_the_open = cost(|| {
        for message in [said_by_host(), said_by_guest()].concat() {
            black_box(InnerMessage::from_bytes(&message.to_bytes()).unwrap());
        }
    });
    println!("| what | processor time |");
    println!("|---|---|");
    let host = rows[0].1 + rows[2].1;
    let guest = rows[1].1 + rows[3].1;
    for (what, time) in rows {
        println!("| {what} | {} |", millis(time));
    }
    println!("| **the clinician's join** | **{}** |", millis(host));
    println!("| **the patient's join** | **{}** |", millis(guest));
    println!("| the same messages written and read in the open, both sides | {} |", millis(in_the_open));
    let ratio = (host + guest).as_secs_f64() / in_the_open.as_secs_f64();
    println!("| both joins beside that | {ratio:.0} times |");
    println!();
    println!("| bytes added to a join | bundle | boxes beyond what is in them | in all | as base64 |");
    println!("|---|---|---|---|---|");
    let joined = Joined::new(&people);
    for (who, cost) in [("clinician's", joined.bytes_of_host()), ("patient's", joined.bytes_of_guest())] {
        println!("| {who} | {} | {} | {} | {} |", cost.bundle, cost.boxes, cost.in_all(), cost.as_base64());
    }
}

/// Of one run, the least of all steps: this program has one thread, and what disturbs it only makes it slower.
fn cost(mut work: impl FnMut()) -> Duration {
    let mut step = || {
        let start = Instant::now();
        for _ in 0..JOINS {
            work();
        }
        start.elapsed() / JOINS
    };
    step();
    (0..STEPS).map(|_| step()).min().unwrap()
}

fn millis(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}
