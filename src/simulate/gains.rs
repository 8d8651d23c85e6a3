//! What mending a check would do to the matrix: found by walking each cell again with the check taken for mended.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What mending one check would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gain {
    /// The check.
    pub check: String,
    /// How many cells of the matrix would have a better outcome.
    pub cells: u64,
    /// By how much, weighed by the buckets' sensitivity and the techniques' weight.
    pub gain: f64,
}

/// The gains of several accounts, by check: cells, and the gain in tenths. Every weight is a whole number and every step of
/// the ladder some tenths, so that sums are exact in whatever order accounts come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gains(BTreeMap<String, (u64, u64)>);

impl Gains {
    /// One more cell that would be better by this much.
    pub fn add(&mut self, check: &str, gain: f64) {
        let (cells, sum) = self.0.entry(check.to_owned()).or_default();
        *cells += 1;
        *sum += tenths(gain);
    }

    /// Adds what was found in another account.
    pub fn join(&mut self, other: &Self) {
        for (check, (cells, gain)) in &other.0 {
            let (all_cells, sum) = self.0.entry(check.clone()).or_default();
            *all_cells += cells;
            *sum += gain;
        }
    }

    /// The checks, the one that would help most first.
    #[must_use]
    pub fn ranked(&self) -> Vec<Gain> {
        let mut gains: Vec<Gain> = self
            .0
            .iter()
            .map(|(check, (cells, gain))| Gain {
                check: check.clone(),
                cells: *cells,
                gain: *gain as f64 / 10.0,
            })
            .collect();
        gains.sort_by(|a, b| b.gain.total_cmp(&a.gain).then_with(|| a.check.cmp(&b.check)));
        gains
    }
}

impl<'a> FromIterator<&'a Gain> for Gains {
    /// What an assessment says of its accounts.
    fn from_iter<I: IntoIterator<Item = &'a Gain>>(gains: I) -> Self {
        let mut all = Self::default();
        for Gain { check, cells, gain } in gains {
            let (all_cells, sum) = all.0.entry(check.clone()).or_default();
            *all_cells += cells;
            *sum += tenths(*gain);
        }
        all
    }
}

fn tenths(gain: f64) -> u64 {
    (gain * 10.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_of_accounts_are_joined_and_ranked() {
        let (mut one, mut two) = (Gains::default(), Gains::default());
        one.add("b", 2.0);
        one.add("a", 1.0);
        two.add("a", 4.0);
        one.join(&two);
        let ranked: Vec<(String, u64, f64)> =
            one.ranked().into_iter().map(|gain| (gain.check, gain.cells, gain.gain)).collect();
        assert_eq!(ranked, [("a".to_owned(), 2, 5.0), ("b".to_owned(), 1, 2.0)]);
    }
}
