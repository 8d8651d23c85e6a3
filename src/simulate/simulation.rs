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
    pub fn account(&self, account: &AccountSnapshot, context: &Context<'_>) -> Simulated {
        let mut found = Simulated::default();
        if account.entry != Entry::Entered {
            return found;
        }
        let walk = Walk::of(account, context).with_evidence(self.with_evidence);
        let nothing = Assumptions::default();
        let buckets = account.buckets.known().into_iter().flatten();
        for bucket in
            buckets.filter(|bucket| self.buckets.as_ref().is_none_or(|names| names.is_match(&bucket.name)))
        {
            found.cells.extend(walk.bucket(bucket, &self.techniques, &nothing, &mut found.gains));
            if !self.assumptions.pass.is_empty() {
                let mut gains = Gains::default();
                found.what_if.extend(walk.bucket(bucket, &self.techniques, &self.assumptions, &mut gains));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::facts::{self, Guardrails};
    use crate::policy::PolicyFile;
    use crate::simulate::Techniques;
    use crate::snapshot::{Bucket, Reading, SnapshotReader};

    /// A bucket like another under a name of its own, also in its policy.
    fn twin(of: &Bucket) -> Bucket {
        let text = serde_json::to_string(of).unwrap();
        serde_json::from_str(&text.replace(&of.name, &format!("twin-of-{}", of.name))).unwrap()
    }

    /// The facts and cells of each bucket, by its name.
    fn judged(account: &AccountSnapshot, context: &Context<'_>) -> BTreeMap<String, String> {
        let techniques = Techniques::load(&[]).unwrap().iter().cloned().collect();
        let simulation = Simulation { techniques, with_evidence: true, ..Simulation::default() };
        let mut judged: BTreeMap<String, String> = BTreeMap::new();
        for cell in simulation.account(account, context).cells {
            *judged.entry(cell.bucket.clone()).or_default() += &serde_json::to_string(&cell).unwrap();
        }
        for resource in facts::derive(account, context) {
            if let Some(of_bucket) = judged.get_mut(&resource.id) {
                *of_bucket += &resource.facts.to_string();
            }
        }
        judged
    }

    #[test]
    fn buckets_are_judged_together_as_each_alone() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/organization.jsonl.gz");
        let reader = SnapshotReader::open(&path).unwrap();
        let header = reader.header().clone();
        let accounts: Vec<AccountSnapshot> = reader.map(Result::unwrap).collect();
        let hubs: BTreeMap<String, AccountSnapshot> = accounts
            .iter()
            .filter(|account| header.hubs.contains(&account.id))
            .map(|account| (account.id.clone(), account.clone()))
            .collect();
        let guardrails = Guardrails::of(&header.organization);
        let policy = PolicyFile::default();
        let context = Context {
            organization: &header.organization,
            hubs: &hubs,
            policy: &policy,
            guardrails: &guardrails,
        };
        let mut compared = 0;
        for account in accounts {
            let Some(buckets) = account.buckets.known().cloned() else { continue };
            let with = |buckets: Vec<Bucket>| AccountSnapshot {
                buckets: Reading::Known(buckets),
                ..account.clone()
            };
            let twins: Vec<Bucket> =
                buckets.iter().flat_map(|bucket| [bucket.clone(), twin(bucket)]).collect();
            for (name, together) in judged(&with(twins.clone()), &context) {
                let one = twins.iter().find(|bucket| bucket.name == name).unwrap().clone();
                let alone = judged(&with(vec![one]), &context).remove(&name).unwrap();
                assert_eq!(together, alone, "{name}");
                compared += 1;
            }
        }
        assert!(compared >= 16, "{compared} buckets");
    }
}
