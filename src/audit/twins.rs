//! Tests that buckets are judged together as each would be alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use super::Judge;
use crate::engine::{Checks, Schemas, Source, builtin};
use crate::facts::{self, Context, Guardrails, Prepared};
use crate::policy::PolicyFile;
use crate::simulate::{Simulation, Techniques};
use crate::snapshot::{AccountSnapshot, Bucket, Reading, SnapshotReader};

/// A check of a user that looks at names.
const CHECK: &str = r#"# METADATA
# title: The bucket is no twin
# description: A check that looks at the bucket's name.
# custom:
#   id: bucket-no-twin
#   area: buckets
#   resource: bucket
#   severity: low
#   since: "0.1.0"
#   status: stable
#   mend: Rename it.
#   calls: []
package custom.buckets.bucket_no_twin

import rego.v1

pass if {
	not startswith(input.name, "twin-of")
	input.versioned.holds in {true, false}
}

message := sprintf("`%s` is a twin", [input.name])
"#;

/// A bucket like another under a name of its own, also in its policy.
fn twin(of: &Bucket) -> Bucket {
    let text = serde_json::to_string(of).unwrap();
    serde_json::from_str(&text.replace(&of.name, &format!("twin-of-{}", of.name))).unwrap()
}

fn judge() -> Judge {
    let own =
        Source { path: "own/buckets/bucket_no_twin.rego".to_owned(), text: CHECK.to_owned(), builtin: false };
    let sources: Vec<Source> = builtin().into_iter().chain([own]).collect();
    let checks = Checks::load(&sources, &Schemas(facts::schemas())).unwrap();
    let techniques = Techniques::load(&[]).unwrap().iter().cloned().collect();
    let simulation = Simulation { techniques, with_evidence: true, ..Simulation::default() };
    Judge::new(checks, PolicyFile::default()).with_simulation(simulation)
}

/// What is found of each bucket, by its name: results, cells and facts.
fn judged(judge: &Judge, account: &AccountSnapshot, context: &Context<'_>) -> BTreeMap<String, Vec<String>> {
    let mut judged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let judgement = judge.worker().account(account, context);
    for cell in &judgement.simulation {
        judged.entry(cell.bucket.clone()).or_default().push(serde_json::to_string(cell).unwrap());
    }
    let found = judgement.results.iter().map(|result| (&result.resource.id, serde_json::to_string(result)));
    let derived = facts::derive(account, context);
    let facts = derived.iter().map(|resource| (&resource.id, Ok(resource.facts.to_string())));
    for (id, text) in found.chain(facts) {
        if let Some(of_bucket) = judged.get_mut(id) {
            of_bucket.push(text.unwrap());
        }
    }
    judged.values_mut().for_each(|found| found.sort());
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
    let (judge, policy) = (judge(), PolicyFile::default());
    let context =
        Context { organization: &header.organization, hubs: &hubs, policy: &policy, guardrails: &guardrails };
    let (mut compared, mut together) = (0, 0);
    for account in accounts {
        let Some(buckets) = account.buckets.known().cloned() else { continue };
        let with =
            |buckets: Vec<Bucket>| AccountSnapshot { buckets: Reading::Known(buckets), ..account.clone() };
        let twins: Vec<Bucket> = buckets.iter().flat_map(|bucket| [bucket.clone(), twin(bucket)]).collect();
        let whole = with(twins.clone());
        together += Prepared::of(&whole, &context).buckets.iter().filter(|class| class.stands_in()).count();
        for (name, found) in judged(&judge, &whole, &context) {
            let one = twins.iter().find(|bucket| bucket.name == name).unwrap().clone();
            let alone = judged(&judge, &with(vec![one]), &context).remove(&name).unwrap();
            assert_eq!(found, alone, "{name}");
            let is_twin = found.iter().any(|text| text.contains(&format!("`{name}` is a twin")));
            assert_eq!(is_twin, name.starts_with("twin-of-"), "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 16, "{compared} buckets");
    assert!(together >= 4, "{together} classes");
}
