//! The receipts of a visit: each signed by the key of its endpoint's join, and those of both ends the same.

use std::collections::{BTreeMap, BTreeSet};

use super::Refusal;
use crate::encoding::from_base64;
use crate::receipt::{Happened, Receipt};
use crate::row::Row;

#[derive(Default)]
pub(super) struct Receipts {
    /// The keys of the joins, by endpoint.
    keys: BTreeMap<String, [u8; 32]>,
    /// What each end saw of each other: hashes of both certificates.
    seen: BTreeMap<(String, String), BTreeSet<[u8; 32]>>,
}

impl Receipts {
    /// Looks at a row that is in the log.
    pub(super) fn take(&mut self, row: &Row<'_>) -> Result<(), Refusal> {
        match row.what {
            "endpoint" => {
                let record = row.record();
                let key = record.text("key").and_then(from_base64);
                if let (Some(endpoint), Some(key)) = (record.text("endpoint"), key) {
                    // The first one stands: an endpoint has one key as long as it lives.
                    self.keys.entry(endpoint.to_owned()).or_insert(key);
                }
                Ok(())
            }
            "receipt" => self.take_receipt(row),
            _ => Ok(()),
        }
    }

    fn take_receipt(&mut self, row: &Row<'_>) -> Result<(), Refusal> {
        let refused = Refusal::Receipt { number: row.number };
        let (receipt, signature) = Receipt::of_row(row.record()).map_err(|_| refused.clone())?;
        let Some(key) = self.keys.get(&receipt.endpoint) else {
            return Err(refused);
        };
        receipt.verify(key, &signature).map_err(|_| refused)?;
        if receipt.happened == Happened::Opened {
            self.seen.entry((receipt.endpoint, receipt.peer)).or_default().insert(receipt.agreed);
        }
        Ok(())
    }

    /// How many connections both ends saw alike, and how many only one has told of.
    pub(super) fn compare(&self) -> Result<(u64, u64), Refusal> {
        let (mut agreed, mut one_sided) = (0, 0);
        for ((one, other), seen) in &self.seen {
            match self.seen.get(&(other.clone(), one.clone())) {
                None => one_sided += seen.len() as u64,
                // Each pair is met twice.
                Some(_) if one > other => {}
                Some(theirs) => {
                    let same = seen.intersection(theirs).count();
                    if same == 0 {
                        return Err(Refusal::ReceiptsDiffer { one: one.clone(), other: other.clone() });
                    }
                    agreed += same as u64;
                    one_sided += (seen.len() + theirs.len() - 2 * same) as u64;
                }
            }
        }
        Ok((agreed, one_sided))
    }
}
