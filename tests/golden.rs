//! The golden accounts of `aws-semantics.md` 14.4: an account in which everything is right, and one change in each that is
//! not. What the change does to verdicts, witnesses, scores and the matrix stands in `expected.md` beside it, reviewed.
//!
//! `EXFILGUARD_UPDATE=1 cargo test --test golden` writes them anew; look at the difference before you commit it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use emulated::{program, repository};
use serde_json::Value;

/// The account that the changes are about; the management account is there for what it decides.
const ACCOUNT: &str = "111111111111";

fn report(change: Option<&Path>) -> Value {
    let mut program = program();
    program.args(["audit", "--output", "json", "--snapshot"]).arg(repository("tests/golden/base.jsonl.gz"));
    program.arg("--policy").arg(repository("tests/emulator/trap_policy.yaml"));
    if let Some(change) = change {
        program.arg("--with-change").arg(change);
    }
    let output = program.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
}

/// Results that are neither passed nor not applicable, by account, region, check and resource.
fn unsettled(report: &Value) -> BTreeMap<String, String> {
    let results = report["results"].as_array().unwrap();
    let worth = results.iter().filter(|r| r["status"] != "pass" && r["status"] != "not-applicable");
    worth
        .map(|result| {
            let text = |pointer: &str| result.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
            let key = format!(
                "{} · {} · {} · {}",
                text("/account_id"),
                text("/region"),
                text("/check"),
                text("/resource/id")
            );
            let mut said = format!("**{}**: {}", text("/status"), text("/message"));
            if result["witness"].as_object().is_some_and(|witness| !witness.is_empty()) {
                write!(said, "\n  - witness `{}`", shortened(&result["witness"].to_string())).unwrap();
            }
            (key, said)
        })
        .collect()
}

fn shortened(text: &str) -> String {
    if text.chars().count() > 200 {
        format!("{}…", text.chars().take(200).collect::<String>())
    } else {
        text.to_owned()
    }
}

/// Outcome and first broken link by bucket and technique.
fn matrix(report: &Value) -> BTreeMap<(String, String), (String, String)> {
    let cells = report["simulation"].as_array().unwrap().iter();
    cells
        .filter(|cell| cell["account_id"] == ACCOUNT)
        .map(|cell| {
            let text = |name: &str| cell[name].as_str().unwrap_or_default().to_owned();
            let (mut outcome, possible) = (text("outcome"), text("possible"));
            if outcome != possible {
                write!(outcome, " to {possible}").unwrap();
            }
            if cell["ml_dependent"] == true {
                outcome.push_str(" (by GuardDuty's judgement only)");
            }
            match (cell["prevented"].as_str(), cell["logged"].as_str()) {
                (Some("yes"), _) | (_, Some("yes")) => {}
                (_, Some("no")) => outcome.push_str(", not logged"),
                _ => outcome.push_str(", perhaps logged"),
            }
            ((text("bucket"), text("technique")), (outcome, text("broken_link")))
        })
        .collect()
}

fn scores(report: &Value) -> String {
    format!(
        "Score {}, of the account {}; simulation {}.\n",
        report["score"]["overall"], report["score"]["by_account"][ACCOUNT], report["score"]["simulation"]
    )
}

fn whole(report: &Value) -> String {
    let mut text = scores(report);
    text.push_str("\n## Not passed\n\n");
    for (key, said) in unsettled(report) {
        writeln!(text, "- {key}: {said}").unwrap();
    }
    text.push_str("\n## Matrix\n\n");
    let matrix = matrix(report);
    let mut techniques: Vec<&str> = matrix.keys().map(|(_, technique)| technique.as_str()).collect();
    techniques.sort_unstable();
    techniques.dedup();
    let mut buckets: Vec<&str> = matrix.keys().map(|(bucket, _)| bucket.as_str()).collect();
    buckets.dedup();
    writeln!(text, "| technique | {} |\n|---|{}", buckets.join(" | "), "---|".repeat(buckets.len())).unwrap();
    for technique in techniques {
        let row =
            buckets.iter().map(|bucket| matrix[&((*bucket).to_owned(), technique.to_owned())].0.clone());
        writeln!(text, "| {technique} | {} |", row.collect::<Vec<_>>().join(" | ")).unwrap();
    }
    text
}

fn difference(base: &Value, report: &Value) -> String {
    let mut text = scores(report);
    text.push_str("\n## Verdicts that the change makes\n\n");
    let (before, after) = (unsettled(base), unsettled(report));
    for (key, said) in &after {
        if before.get(key) != Some(said) {
            writeln!(text, "- {key}: {said}").unwrap();
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        writeln!(text, "- {key}: no longer").unwrap();
    }
    text.push_str("\n## Cells that it changes\n\n| bucket | technique | before | after | first broken link |\n|---|---|---|---|---|\n");
    let (before, after) = (matrix(base), matrix(report));
    for (key @ (bucket, technique), (outcome, broken)) in &after {
        let earlier = before.get(key).map(|(earlier, _)| earlier.as_str()).unwrap_or("-");
        if earlier != outcome {
            writeln!(text, "| {bucket} | {technique} | {earlier} | {outcome} | {broken} |").unwrap();
        }
    }
    text
}

fn cases() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(repository("tests/golden"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// The report of each change, two audits at a time: each keeps one core busy.
fn reports(cases: &[PathBuf]) -> Vec<Value> {
    let pair = |pair: &[PathBuf]| {
        std::thread::scope(|scope| {
            let audits: Vec<_> = pair
                .iter()
                .map(|case| scope.spawn(move || report(Some(&case.join("change.json")))))
                .collect();
            audits.into_iter().map(|audit| audit.join().unwrap()).collect::<Vec<_>>()
        })
    };
    cases.chunks(2).flat_map(pair).collect()
}

#[test]
fn each_change_makes_the_verdicts_and_the_matrix_that_were_reviewed() {
    let update = std::env::var_os("EXFILGUARD_UPDATE").is_some();
    let base = report(None);
    let cases = cases();
    let letters: String = cases
        .iter()
        .map(|case| case.file_name().unwrap().to_string_lossy().chars().next().unwrap())
        .collect();
    assert_eq!(letters, "abcdefghijklmnopqrst");
    let mut wrong = Vec::new();
    for (case, changed) in cases.iter().zip(reports(&cases)) {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let body = if name.starts_with("a-") { whole(&changed) } else { difference(&base, &changed) };
        let got = format!("# {name}\n\n{body}");
        let path = case.join("expected.md");
        if update {
            std::fs::write(&path, &got).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if got != expected {
            wrong.push(format!("{}\n--- expected\n{expected}\n--- got\n{got}", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n\nEXFILGUARD_UPDATE=1 cargo test --test golden writes them anew",
        wrong.join("\n")
    );
}
