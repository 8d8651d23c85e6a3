//! The simulation of an account: every bucket in scope, every technique asked for.

use globset::GlobSet;

use super::cell::Cell;
use super::gains::Gains;
use super::technique::Technique;
use super::walk::{Assumptions, Walk};
use crate::facts::Context;
use crate::snapshot::{AccountSnapshot, Entry};

/// What is simulated.
#[derive(Debug, Clone, Default)]
pub struct Simulation {
    /// The techniques, in the order of their ids.
    pub techniques: Vec<Technique>,
    /// Only buckets whose name matches; all if none.
    pub buckets: Option<GlobSet>,
    /// What is taken for mended.
    pub assumptions: Assumptions,
}

impl Simulation {
    /// The cells of an account that was entered; none of one that was not, or whose buckets could not be listed.
    #[must_use]
    pub fn account(&self, account: &AccountSnapshot, context: &Context<'_>) -> (Vec<Cell>, Gains) {
        let mut gains = Gains::default();
        if account.entry != Entry::Entered {
            return (Vec::new(), gains);
        }
        let walk = Walk::of(account, context);
        let buckets = account.buckets.known().into_iter().flatten();
        let cells = buckets
            .filter(|bucket| self.buckets.as_ref().is_none_or(|names| names.is_match(&bucket.name)))
            .flat_map(|bucket| walk.bucket(bucket, &self.techniques, &self.assumptions, &mut gains))
            .collect();
        (cells, gains)
    }
}
