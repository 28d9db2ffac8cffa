//! Which blocks of a file there are: a few runs, since most come in order.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A set of block numbers, kept as runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockSet {
    /// Sorted, none empty, none touching the next.
    runs: Vec<Range<u32>>,
    count: u32,
}

impl BlockSet {
    /// None.
    pub const fn new() -> Self {
        Self { runs: Vec::new(), count: 0 }
    }

    /// The first `total` blocks.
    pub fn all(total: u32) -> Self {
        let mut all = Self::new();
        all.insert(0..total);
        all
    }

    // What changes it.

    /// Puts these in; answers how many are new.
    pub fn insert(&mut self, blocks: Range<u32>) -> u32 {
        if blocks.is_empty() {
            return 0;
        }
        let from = self.runs.partition_point(|run| run.end < blocks.start);
        let to = self.runs.partition_point(|run| run.start <= blocks.end);
        let mut merged = blocks;
        let mut before = 0;
        for run in &self.runs[from..to] {
            before += length(run);
            merged = merged.start.min(run.start)..merged.end.max(run.end);
        }
        let new = length(&merged) - before;
        self.runs.splice(from..to, [merged]);
        self.count += new;
        new
    }

    /// Takes these out; answers how many were in.
    pub fn remove(&mut self, blocks: Range<u32>) -> u32 {
        if blocks.is_empty() {
            return 0;
        }
        let from = self.runs.partition_point(|run| run.end <= blocks.start);
        let to = self.runs.partition_point(|run| run.start < blocks.end);
        let Some(touched) = self.runs.get(from..to).filter(|touched| !touched.is_empty()) else { return 0 };
        let before: u32 = touched.iter().map(length).sum();
        let left = touched[0].start..blocks.start;
        let right = blocks.end..touched[touched.len() - 1].end;
        let kept: Vec<_> = [left, right].into_iter().filter(|run| !run.is_empty()).collect();
        let removed = before - kept.iter().map(length).sum::<u32>();
        self.runs.splice(from..to, kept);
        self.count -= removed;
        removed
    }

    /// Takes out the lowest run, `most` blocks of it at most.
    pub fn take_first(&mut self, most: u32) -> Option<Range<u32>> {
        let first = self.runs.first()?.clone();
        let taken = first.start..first.end.min(first.start.saturating_add(most));
        self.remove(taken.clone());
        Some(taken).filter(|taken| !taken.is_empty())
    }

    // What asks it.

    /// How many there are.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many of these are in.
    pub fn overlap(&self, blocks: &Range<u32>) -> u32 {
        let from = self.runs.partition_point(|run| run.end <= blocks.start);
        let touched = self.runs[from..].iter().take_while(|run| run.start < blocks.end);
        touched.map(|run| length(&(run.start.max(blocks.start)..run.end.min(blocks.end)))).sum()
    }

    /// Whether these would be a run of their own, touching none.
    pub fn stands_alone(&self, blocks: &Range<u32>) -> bool {
        let from = self.runs.partition_point(|run| run.end < blocks.start);
        self.runs.get(from).is_none_or(|run| run.start > blocks.end)
    }

    /// Of the first `total` blocks, those that are not in.
    pub fn missing(&self, total: u32) -> Self {
        let mut missing = Self::all(total);
        self.runs.iter().for_each(|run| {
            missing.remove(run.clone());
        });
        missing
    }

    /// The runs, in order.
    pub fn runs(&self) -> &[Range<u32>] {
        &self.runs
    }
}

fn length(run: &Range<u32>) -> u32 {
    run.end.saturating_sub(run.start)
}

/// The first runs of a [`BlockSet`], as they are said: `[from, to)` each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u32, u32)>", into = "Vec<(u32, u32)>")]
pub struct Pieces(BlockSet);

/// What was said is no such list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the list of what has arrived is not in order or too long")]
pub struct PiecesError;

impl Pieces {
    /// As many runs as are said at once: who sends in order and hears soon of what was lost leaves few gaps.
    pub const MOST: usize = 64;

    /// The first runs of `have`.
    pub fn of(have: &BlockSet) -> Self {
        let mut said = BlockSet::new();
        have.runs().iter().take(Self::MOST).for_each(|run| {
            said.insert(run.clone());
        });
        Self(said)
    }

    /// What is said to be there.
    pub const fn blocks(&self) -> &BlockSet {
        &self.0
    }

    /// Up to which block this says everything; `None` if it does to the end.
    pub fn known_to(&self) -> Option<u32> {
        let runs = self.0.runs();
        if runs.len() < Self::MOST { None } else { runs.last().map(|run| run.end) }
    }
}

impl TryFrom<Vec<(u32, u32)>> for Pieces {
    type Error = PiecesError;

    fn try_from(said: Vec<(u32, u32)>) -> Result<Self, PiecesError> {
        let apart = said.windows(2).all(|pair| pair[0].1 < pair[1].0);
        if said.len() > Self::MOST || !apart || said.iter().any(|(from, to)| from >= to) {
            return Err(PiecesError);
        }
        let mut blocks = BlockSet::new();
        said.into_iter().for_each(|(from, to)| {
            blocks.insert(from..to);
        });
        Ok(Self(blocks))
    }
}

impl From<Pieces> for Vec<(u32, u32)> {
    fn from(pieces: Pieces) -> Self {
        pieces.0.runs.into_iter().map(|run| (run.start, run.end)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn runs_that_touch_become_one() {
        let mut set = BlockSet::new();
        assert_eq!((set.insert(0..2), set.insert(4..6), set.insert(2..4), set.insert(1..5)), (2, 2, 2, 0));
        assert_eq!((set.runs().len(), set.runs().first()), (1, Some(&(0..6))));
        assert_eq!(set.remove(2..3), 1);
        assert_eq!(set.missing(8).runs(), [2..3, 6..8]);
        assert!(set.stands_alone(&(8..9)) && !set.stands_alone(&(2..3)) && !set.stands_alone(&(6..7)));
    }

    #[test]
    fn what_is_said_of_many_runs_ends_where_the_list_does() {
        let mut set = BlockSet::new();
        (0..100).for_each(|run| {
            set.insert(run * 3..run * 3 + 1);
        });
        let said = Pieces::of(&set);
        assert_eq!(said.known_to(), Some(63 * 3 + 1));
        let few = Pieces::of(&BlockSet::all(7));
        assert_eq!((few.known_to(), serde_json::to_string(&few).expect("numbers")), (None, "[[0,7]]".to_owned()));
    }

    #[test]
    fn lists_that_no_honest_app_says_are_refused() {
        let most: Vec<_> = (0..65).map(|run| (run * 2, run * 2 + 1)).collect();
        for bad in [vec![(1, 1)], vec![(2, 1)], vec![(0, 2), (2, 3)], vec![(5, 6), (0, 1)], most] {
            assert_eq!(Pieces::try_from(bad), Err(PiecesError));
        }
    }

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec((any::<bool>(), 0_u32..60, 0_u32..20), 0..60), most in 1_u32..9) {
            let (mut set, mut model) = (BlockSet::new(), BTreeSet::new());
            for (puts, from, length) in steps {
                let blocks = from..from + length;
                let overlap = blocks.clone().filter(|block| model.contains(block)).count() as u32;
                prop_assert_eq!(set.overlap(&blocks), overlap);
                if puts {
                    prop_assert_eq!(set.insert(blocks.clone()), length - overlap);
                    model.extend(blocks);
                } else {
                    prop_assert_eq!(set.remove(blocks.clone()), overlap);
                    model.retain(|block| !blocks.contains(block));
                }
                prop_assert_eq!(set.count() as usize, model.len());
                prop_assert!(set.runs().windows(2).all(|pair| pair[0].end < pair[1].start));
                prop_assert!(set.runs().iter().cloned().flatten().eq(model.iter().copied()));
                let missing: Vec<u32> = (0..70).filter(|block| !model.contains(block)).collect();
                prop_assert!(set.missing(70).runs().iter().cloned().flatten().eq(missing));
            }
            let mut taken = Vec::new();
            while let Some(run) = set.take_first(most) {
                prop_assert!(run.len() as u32 <= most);
                taken.extend(run);
            }
            prop_assert!(taken.into_iter().eq(model));
        }
    }
}
