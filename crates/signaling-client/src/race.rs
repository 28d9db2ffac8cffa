//! Several attempts at the same thing, of which the first to succeed counts: where packets get lost, another attempt a moment
//! later is sooner there than the first one repeated by the system.

use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

/// How attempts follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How long the first attempt is alone.
    pub(crate) first: Duration,
    /// How many attempts are begun at most.
    pub(crate) most: u32,
    /// So many are begun in any case if all before have failed: to other addresses, it may be.
    pub(crate) least: u32,
}

impl Pace {
    /// How long to wait for so many attempts before the next one is begun beside them: half as long again each time.
    fn patience(&self, begun: u32) -> Duration {
        self.first.mul_f64(1.5_f64.powi(begun.saturating_sub(1).min(16) as i32))
    }
}

/// Begins attempts at this pace, numbered from 0, until one succeeds. One that fails ends the beginning of others, since it
/// was an answer; the error is the last of those under way.
pub(crate) async fn race<T, E, F>(pace: Pace, mut attempt: impl FnMut(u32) -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut under_way = FuturesUnordered::new();
    under_way.push(attempt(0));
    let (mut begun, mut failed) = (1, false);
    let mut next = Instant::now() + pace.patience(begun);
    loop {
        tokio::select! {
            Some(done) = under_way.next() => match done {
                Ok(done) => return Ok(done),
                Err(_) if begun < pace.least => {
                    under_way.push(attempt(begun));
                    begun += 1;
                    next = Instant::now() + pace.patience(begun);
                }
                Err(error) if under_way.is_empty() => return Err(error),
                Err(_) => failed = true,
            },
            () = sleep_until(next), if !failed && begun < pace.most => {
                under_way.push(attempt(begun));
                begun += 1;
                next += pace.patience(begun);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const PACE: Pace = Pace { first: Duration::from_millis(400), most: 4, least: 1 };

    /// When each attempt began, and the outcome with its time: attempts that take so long and end so.
    async fn run(
        pace: Pace,
        attempts: &[(u64, Result<u32, &'static str>)],
    ) -> (Vec<u128>, Result<u32, &'static str>, u128) {
        let (start, begun) = (Instant::now(), RefCell::new(Vec::new()));
        let outcome = race(pace, |number| {
            begun.borrow_mut().push(start.elapsed().as_millis());
            let (millis, outcome) = attempts[number as usize];
            async move {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                outcome
            }
        })
        .await;
        (begun.into_inner(), outcome, start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn what_succeeds_in_time_is_attempted_once() {
        assert_eq!(run(PACE, &[(399, Ok(0))]).await, (vec![0], Ok(0), 399));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_to_succeed_counts_and_pauses_grow() {
        let never = (60_000, Err("late"));
        assert_eq!(run(PACE, &[never, (50, Ok(1))]).await, (vec![0, 400], Ok(1), 450));
        assert_eq!(run(PACE, &[(450, Ok(0)), (70, Ok(1))]).await, (vec![0, 400], Ok(0), 450));
        assert_eq!(run(PACE, &[never, never, never, (50, Ok(3))]).await, (vec![0, 400, 1_000, 1_900], Ok(3), 1_950));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_taken_for_one() {
        assert_eq!(run(PACE, &[(50, Err("no"))]).await, (vec![0], Err("no"), 50));
        // What was begun before the answer may still succeed, but nothing more is begun.
        assert_eq!(run(PACE, &[(450, Err("no")), (900, Ok(1))]).await, (vec![0, 400], Ok(1), 1_300));
    }

    #[tokio::test(start_paused = true)]
    async fn all_addresses_are_tried_at_once_when_one_refuses() {
        let pace = Pace { least: 3, ..PACE };
        assert_eq!(run(pace, &[(5, Err("a")), (5, Err("b")), (5, Ok(2))]).await, (vec![0, 5, 10], Ok(2), 15));
        assert_eq!(run(pace, &[(5, Err("a")), (5, Err("b")), (5, Err("c"))]).await, (vec![0, 5, 10], Err("c"), 15));
    }
}
