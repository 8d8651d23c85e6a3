//! How fast the evaluators and the checks are: `cargo bench`. Prints counts per second and ratios, asserts nothing.
//!
//! Questions are the conformance cases, so that every operator has its share.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to report")]
#![allow(clippy::print_stdout, reason = "that is what a benchmark is for")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use exfilguard::engine::{Checks, Schemas, Surroundings, builtin, interpret};
use exfilguard::facts;
use exfilguard::semantics::iam::{Json, eval};
use exfilguard::semantics::{event_pattern, event_selectors, filter_pattern};
use serde_json::{Value, json};

/// How long each question set is asked over and over.
const DURATION: Duration = Duration::from_secs(2);

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The conformance cases of an evaluator, one JSON line each.
fn lines(evaluator: &str) -> Vec<String> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(repository("tests/conformance").join(evaluator))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| serde_json::from_slice::<Vec<Value>>(&std::fs::read(file).unwrap()).unwrap())
        .map(|case| case.to_string())
        .filter(|line| line.len() < 4096)
        .collect()
}

/// Calls per second of a function that works through a set of `size`.
fn rate(size: usize, mut work: impl FnMut()) -> f64 {
    work();
    let start = Instant::now();
    let mut done = 0_u32;
    while start.elapsed() < DURATION {
        work();
        done += 1;
    }
    f64::from(done) * size as f64 / start.elapsed().as_secs_f64()
}

fn evaluator(name: &str, answer: impl Fn(&str)) {
    let lines = lines(name);
    let rate = rate(lines.len(), || lines.iter().for_each(|line| answer(line)));
    println!("{name:>16}: {rate:>9.0} questions a second, read from JSON ({} different ones)", lines.len());
}

fn checks() {
    let checks = Checks::load(&builtin(), &Schemas(facts::schemas())).unwrap();
    let check = checks.get("bucket-not-shared-outside").unwrap();
    let fact = |holds: &str| json!({"holds": holds, "reason": "because"});
    let grant = json!({"grantee": "999999999999", "kind": "account", "account_id": "999999999999",
        "granted": fact("no"), "actions": []});
    let facts = json!({"name": "bucket", "outside_grants": vec![grant; 10]});
    let surroundings = Surroundings {
        account: json!({"id": "111122223333", "name": "one"}),
        organization: json!({"id": "o-a"}),
        trust: json!({"organizations": [], "accounts": [], "vpc_endpoints": [], "networks": []}),
    };
    let mut evaluator = checks.evaluator();
    let machine = rate(1, || {
        black_box(evaluator.evaluate(check, &facts, &surroundings));
    });
    let interpreter = rate(1, || {
        black_box(interpret(&checks, check, &facts, &surroundings));
    });
    println!("           checks: {machine:>9.0} evaluations a second of a check over ten grants");
    println!(
        "                   {:>9.1} times the interpreter's, which compiles each time",
        machine / interpreter
    );
}

fn main() {
    let value = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    evaluator("event-pattern", |line| drop(black_box(event_pattern::question(&value(line)))));
    evaluator("filter-pattern", |line| drop(black_box(filter_pattern::question(&value(line)))));
    evaluator("event-selectors", |line| drop(black_box(event_selectors::question(&value(line)))));
    evaluator("policy", |line| drop(black_box(eval::policy_question(&Json::parse(line).unwrap()))));
    evaluator("public", |line| drop(black_box(eval::public_question(&Json::parse(line).unwrap()))));
    checks();
}
