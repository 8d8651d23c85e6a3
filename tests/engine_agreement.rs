//! All checks over the example organization: regorus' virtual machine, which the program runs, against its interpreter.
//!
//! The machine is the faster one, and once passed a failing `every`; the interpreter is a second implementation of the
//! same language. A third and independent one runs the checks' own tests (`tests/rego/independent.py`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use exfilguard::catalogue::Status;
use exfilguard::engine::{Checks, Schemas, Surroundings, builtin, interpret};
use exfilguard::facts::{self, Context, Guardrails, Resource};
use exfilguard::policy::PolicyFile;
use exfilguard::snapshot::{AccountSnapshot, SnapshotReader};
use serde_json::{Value, json};

/// The resources of every account of the example organization.
fn resources() -> Vec<(String, Vec<Resource>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/organization.jsonl.gz");
    let reader = SnapshotReader::open(&path).unwrap();
    let header = reader.header().clone();
    let accounts: Vec<AccountSnapshot> = reader.map(Result::unwrap).collect();
    let is_hub = |account: &&AccountSnapshot| header.hubs.contains(&account.id);
    let hubs: BTreeMap<String, AccountSnapshot> =
        accounts.iter().filter(is_hub).map(|hub| (hub.id.clone(), hub.clone())).collect();
    let policy = PolicyFile::default();
    let guardrails = Guardrails::of(&header.organization);
    let context =
        Context { organization: &header.organization, hubs: &hubs, policy: &policy, guardrails: &guardrails };
    accounts.iter().map(|account| (account.id.clone(), facts::derive(account, &context))).collect()
}

/// The same facts with the ones at these places not known.
fn forget(facts: &Value, pointers: &[&str]) -> Value {
    let mut facts = facts.clone();
    for pointer in pointers {
        if let Some(fact) = facts.pointer_mut(pointer) {
            fact["holds"] = json!("unknown");
        }
    }
    facts
}

/// What a module sees of facts: each as true or false, with its reason.
fn seen(facts: &Value) -> Value {
    match facts {
        Value::Object(fields) => match (fields.get("holds").and_then(Value::as_str), fields.get("reason")) {
            (Some(holds), Some(reason)) => json!({"holds": holds == "yes", "reason": reason}),
            _ => fields.iter().map(|(name, value)| (name.clone(), seen(value))).collect(),
        },
        Value::Array(entries) => entries.iter().map(seen).collect(),
        plain => plain.clone(),
    }
}

/// Writes what `tests/rego/agreement.py` asks the independent implementation: one line per check and resource.
fn write_cases(cases: &[Value]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/rego-cases");
    std::fs::create_dir_all(&folder).unwrap();
    let lines: Vec<String> = cases.iter().map(ToString::to_string).collect();
    std::fs::write(folder.join("example.jsonl"), lines.join("\n")).unwrap();
}

#[test]
fn machine_and_interpreter_agree_on_every_check_and_resource() {
    let checks = Checks::load(&builtin(), &Schemas(facts::schemas())).unwrap();
    let mut evaluator = checks.evaluator();
    let mut seen: BTreeMap<&str, BTreeSet<Status>> = BTreeMap::new();
    let mut compared = 0;
    let mut cases = Vec::new();
    let accounts = resources();
    let kinds: BTreeSet<_> = accounts.iter().flat_map(|(_, resources)| resources).map(|r| r.kind).collect();
    for (account, resources) in &accounts {
        let surroundings = Surroundings {
            account: json!({"id": account, "name": "sample"}),
            organization: json!({"id": "o-exfilguard"}),
            trust: json!({"organizations": [], "accounts": [], "vpc_endpoints": [], "networks": []}),
        };
        for resource in resources {
            for check in checks.all().filter(|check| check.metadata().resource == resource.kind) {
                let outcome = evaluator.evaluate(check, &resource.facts, &surroundings);
                assert_eq!(outcome, interpret(&checks, check, &resource.facts, &surroundings));
                assert_ne!(outcome.status, Status::Error, "{}", outcome.message);
                let parameters = PolicyFile::default().parameters(&check.description());
                cases.push(json!({
                    "path": check.path(), "package": check.package(), "input": self::seen(&resource.facts),
                    "data": {"account": surroundings.account, "organization": surroundings.organization,
                        "policy": {"trust": surroundings.trust}, "parameters": parameters},
                    "status": outcome.status, "message": outcome.message,
                }));
                seen.entry(&check.metadata().id).or_default().insert(outcome.status);
                compared += 1;

                // Forgetting facts makes unknown of pass and fail, and nothing else.
                let read: Vec<&str> = outcome.read.iter().map(String::as_str).collect();
                for pointers in read.chunks(1).chain([read.as_slice()]) {
                    let blurred = forget(&resource.facts, pointers);
                    let doubted = evaluator.evaluate(check, &blurred, &surroundings);
                    assert_eq!(doubted, interpret(&checks, check, &blurred, &surroundings));
                    assert!(
                        doubted.status == outcome.status || doubted.status == Status::Unknown,
                        "{} on {}: {} became {} when {pointers:?} was forgotten",
                        check.metadata().id,
                        resource.id,
                        outcome.status,
                        doubted.status
                    );
                    compared += 1;
                }
            }
        }
    }
    write_cases(&cases);
    assert!(compared > 300, "{compared} evaluations");
    let judged = |check: &exfilguard::engine::Check| seen.contains_key(check.metadata().id.as_str());
    let left_out = checks.all().filter(|check| !judged(check) && kinds.contains(&check.metadata().resource));
    assert_eq!(left_out.count(), 0, "every check on a kind that the example has judges something: {seen:?}");
    let both: Vec<&&str> = seen
        .iter()
        .filter(|(_, statuses)| statuses.contains(&Status::Pass) && statuses.contains(&Status::Fail))
        .map(|(check, _)| check)
        .collect();
    assert!(both.len() >= 10, "the example shows pass and fail of {both:?}");
}
