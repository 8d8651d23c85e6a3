//! Every check on every saved organization, against one table: `tests/matrix/expected.md`.
//!
//! `EXFILGUARD_UPDATE=1 cargo test --test matrix` writes it anew; look at the difference before you commit it. What a
//! single change in a golden account makes stands in `tests/golden/*/expected.md`, and what each trap of the emulator
//! makes in `tests/emulator/expected_trap.md`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use emulated::{program, repository};
use serde_json::Value;

/// The statuses that have a column of their own.
const COLUMNS: [&str; 4] = ["pass", "fail", "unknown", "not-applicable"];

/// What is judged: its name, and the arguments of the audit after `--output json`.
fn organizations() -> Vec<(&'static str, Vec<String>)> {
    let path = |path: &str| repository(path).to_str().unwrap().to_owned();
    let policy = path("tests/emulator/trap_policy.yaml");
    let of = |snapshot: &str, more: &[String]| {
        let mut arguments = vec!["--snapshot".to_owned(), path(snapshot)];
        arguments.extend(more.iter().cloned());
        arguments
    };
    let under_policy = ["--policy".to_owned(), policy];
    vec![
        ("the example organization", of("examples/organization.jsonl.gz", &[])),
        (
            "the example organization under tests/emulator/trap_policy.yaml",
            of("examples/organization.jsonl.gz", &under_policy),
        ),
        ("the golden accounts' base", of("tests/golden/base.jsonl.gz", &under_policy)),
    ]
}

fn audit(arguments: &[String]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut program = program();
    program.current_dir(folder.path()).args(["audit", "--output", "json"]).args(arguments);
    let output = program.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
}

/// Ids of all checks, each with its number of results by status, and its failing resources.
fn by_check(report: &Value) -> BTreeMap<String, (BTreeMap<String, usize>, Vec<String>)> {
    let mut all: BTreeMap<String, (BTreeMap<String, usize>, Vec<String>)> = BTreeMap::new();
    for check in ids() {
        all.insert(check, Default::default());
    }
    for result in report["results"].as_array().unwrap() {
        let text = |pointer: &str| result.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (counts, failing) = all.get_mut(text("/check")).unwrap();
        let status = text("/status");
        assert!(COLUMNS.contains(&status), "{}: {status}: {}", text("/check"), text("/message"));
        *counts.entry(status.to_owned()).or_default() += 1;
        if status == "fail" {
            failing.push(resource(result));
        }
    }
    all
}

/// The account's name, the region where there is one, and the resource where it is neither.
fn resource(result: &Value) -> String {
    let text = |pointer: &str| result.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (account, region, id) = (text("/account_id"), text("/region"), text("/resource/id"));
    let is_place = id == account || id == format!("{account}/{region}");
    let parts = [account, region, if is_place { "" } else { id }];
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

fn ids() -> Vec<String> {
    let output = program().args(["checks", "list", "--output", "json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    listed.as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap().to_owned()).collect()
}

/// The table, and the checks that neither passed nor failed anything.
fn table() -> (String, Vec<String>) {
    let mut text = "# Every check on every saved organization\n\n\
        `EXFILGUARD_UPDATE=1 cargo test --test matrix` writes it anew; look at the difference before you commit it. A check \
        without any result judged nothing there.\n"
        .to_owned();
    let mut idle = ids();
    for (name, arguments) in organizations() {
        let report = audit(&arguments);
        writeln!(
            text,
            "\n## {name}\n\n| check | {} | failing |\n|---|---|---|---|---|---|",
            COLUMNS.join(" | ")
        )
        .unwrap();
        for (check, (counts, failing)) in by_check(&report) {
            if counts.contains_key("pass") || counts.contains_key("fail") {
                idle.retain(|id| *id != check);
            }
            let numbers = COLUMNS.map(|status| counts.get(status).copied().unwrap_or_default().to_string());
            writeln!(text, "| {check} | {} | {} |", numbers.join(" | "), failing.join(", ")).unwrap();
        }
    }
    (text, idle)
}

#[test]
fn every_check_judges_every_saved_organization_as_expected() {
    let path = repository("tests/matrix/expected.md");
    let (found, idle) = table();
    assert!(idle.is_empty(), "no saved organization has anything that these checks pass or fail: {idle:?}");
    if std::env::var_os("EXFILGUARD_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap_or_else(|| Path::new("."))).unwrap();
        std::fs::write(&path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let (mut wrong, mut section) = (Vec::new(), "");
    let before: Vec<&str> = expected.lines().collect();
    let after: Vec<&str> = found.lines().collect();
    for (number, line) in after.iter().enumerate() {
        if line.starts_with("## ") {
            section = line;
        }
        let earlier = before.get(number).copied().unwrap_or_default();
        if earlier != *line {
            wrong.push(format!("{section}\n  - {earlier}\n  + {line}"));
        }
    }
    wrong.extend(before.iter().skip(after.len()).map(|line| format!("  - {line}")));
    assert!(
        wrong.is_empty(),
        "not as expected; if it is right, run `EXFILGUARD_UPDATE=1 cargo test --test matrix`:\n{}",
        wrong.join("\n")
    );
}
