//! Runs the vectors of `tests/conformance/event-selectors/*.json` against the evaluator of CloudTrail event selectors.
//!
//! A vector is `{"name", "event_selectors" or "advanced_event_selectors", "event", "expect", "source"}`; `expect` is `yes`,
//! `no`, `unknown` or `invalid` (AWS rejects the selectors).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing vector fails the test")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use exfilguard::semantics::event_selectors::question;
use serde_json::Value;

/// `CONFORMANCE_DIR`, or `tests/conformance` of this package.
fn directory() -> PathBuf {
    let root = std::env::var_os("CONFORMANCE_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conformance"), PathBuf::from);
    root.join("event-selectors")
}

fn vectors() -> Vec<(String, Value)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut vectors = Vec::new();
    for path in files {
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let list: Vec<Value> = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{} is not a list: {error}", path.display()));
        vectors.extend(list.into_iter().map(|vector| (format!("{file}: {}", vector["name"]), vector)));
    }
    vectors
}

#[test]
fn every_vector_has_the_expected_answer() {
    let mut failures = Vec::new();
    let vectors = vectors();
    for (name, vector) in &vectors {
        let answer = match question(vector) {
            Ok(verdict) => format!("{} ({})", verdict.value, verdict.reason),
            Err(error) => format!("invalid ({error})"),
        };
        let expected = vector["expect"].as_str().unwrap();
        if answer.split(' ').next() != Some(expected) {
            failures.push(format!("{name}: expected {expected}, got {answer}"));
        }
    }
    assert!(failures.is_empty(), "{} of {} failed:\n{}", failures.len(), vectors.len(), failures.join("\n"));
    assert!(vectors.len() >= 100, "only {} vectors found", vectors.len());
}

#[test]
fn every_vector_is_named_once_and_has_a_source() {
    let mut names = BTreeSet::new();
    for (name, vector) in vectors() {
        assert!(
            vector["source"].as_str().is_some_and(|source| source.starts_with("https://")),
            "{name} has no source"
        );
        assert!(names.insert(name.clone()), "{name} is given twice");
    }
}
