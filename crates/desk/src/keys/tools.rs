//! What both halves of the keys work with: questions with numbers, what is to be done, randomness.

use std::collections::VecDeque;
use std::fmt;

use rand_core::Rng;
use trust::KeyFingerprint;

use crate::{KeysOutput, KeysRequest, RequestNumber};

pub(super) struct Tools {
    pub(super) rng: Box<dyn Rng + Send>,
    pub(super) outputs: VecDeque<KeysOutput>,
    next: u64,
}

impl Tools {
    pub(super) fn new(rng: Box<dyn Rng + Send>) -> Self {
        Self { rng, outputs: VecDeque::new(), next: 0 }
    }

    pub(super) fn ask(&mut self, request: KeysRequest) -> RequestNumber {
        let number = RequestNumber(self.next);
        self.next += 1;
        self.outputs.push_back(KeysOutput::Ask { number, request });
        number
    }

    pub(super) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bits = [0; N];
        self.rng.fill_bytes(&mut bits);
        bits
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tools").field("outputs", &self.outputs.len()).finish_non_exhaustive()
    }
}

/// Which clinic a head is of: it begins with the clinic's key.
pub(super) fn clinic_of(head: &[u8]) -> Option<KeyFingerprint> {
    head.first_chunk().map(KeyFingerprint::of_key)
}
