//! The simulation of an account: every bucket in scope, every technique asked for.

use globset::GlobSet;

use super::cell::Cell;
use super::gains::Gains;
use super::technique::Technique;
use super::walk::{Assumptions, Walk};
use crate::facts::Prepared;
use crate::snapshot::Entry;

/// What is simulated.
#[derive(Debug, Clone, Default)]
pub struct Simulation {
    /// The techniques, in the order of their ids.
    pub techniques: Vec<Technique>,
    /// Only buckets whose name matches; all if none.
    pub buckets: Option<GlobSet>,
    /// What is taken for mended in the what-if.
    pub assumptions: Assumptions,
    /// Whether each cell says what was read to find out; much for an organization's report.
    pub with_evidence: bool,
}

/// What the simulation found in an account.
#[derive(Debug, Clone, Default)]
pub struct Simulated {
    /// The cells as things are.
    pub cells: Vec<Cell>,
    /// What mending checks would do to them.
    pub gains: Gains,
    /// The cells under the simulation's assumptions; empty where nothing is assumed.
    pub what_if: Vec<Cell>,
}

impl Simulation {
    /// The cells of an account that was entered; none of one that was not, or whose buckets could not be listed.
    #[must_use]
    pub fn account(&self, prepared: &Prepared<'_>) -> Simulated {
        let mut found = Simulated::default();
        if prepared.account.entry != Entry::Entered {
            return found;
        }
        let walk = Walk::of(prepared).with_evidence(self.with_evidence);
        let nothing = Assumptions::default();
        let wanted = |name: &str| self.buckets.as_ref().is_none_or(|names| names.is_match(name));
        for class in &prepared.buckets {
            let cells = walk.class(class, wanted, &self.techniques, &nothing, &mut found.gains);
            found.cells.extend(cells);
            if !self.assumptions.pass.is_empty() {
                let mut gains = Gains::default();
                let cells = walk.class(class, wanted, &self.techniques, &self.assumptions, &mut gains);
                found.what_if.extend(cells);
            }
        }
        found
    }
}
