//! IAM's and S3's documented behaviour as data: each case asks the evaluator what `exfilguard eval policy` or
//! `exfilguard eval public` would ask it. The cases stand in `tests/conformance`, or in the directory that the
//! environment variable `CONFORMANCE_DIR` names.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and what it unwraps is what it asserts")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use exfilguard::semantics::iam::{Json, eval};
use exfilguard::semantics::verdict::Tri;
use serde_json::Value;

/// How many cases there are at least, so that a directory that is not found does not pass.
const AT_LEAST: usize = 250;

fn directory() -> PathBuf {
    std::env::var_os("CONFORMANCE_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance"), PathBuf::from)
}

fn cases(kind: &str) -> Vec<(String, Value)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory().join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
        let file = format!("{kind}/{}", path.file_name().unwrap().to_string_lossy());
        cases.into_iter().map(move |case| (file.clone(), case))
    };
    files.into_iter().flat_map(read).collect()
}

fn judge(kind: &str, answer: impl Fn(&Json) -> (&'static str, String)) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for (file, case) in cases(kind) {
        let text = |field: &str| case.get(field).and_then(Value::as_str).unwrap().to_owned();
        let (name, expected) = (text("name"), text("expect"));
        assert!(text("source").starts_with("https://docs.aws.amazon.com/"), "{file}: `{name}` has no source");
        let (result, reason) = answer(&Json::from_value(&case).unwrap());
        if result != expected {
            wrong.push(format!("{file}: `{name}` is {result}, expected {expected}: {reason}"));
        }
        assert!(names.insert(name.clone()), "{file}: `{name}` is there twice");
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), names.len(), wrong.join("\n"));
    names
}

fn policy(question: &Json) -> (&'static str, String) {
    eval::answer(eval::policy_question(question).map(|decision| (decision.value, decision.reason)))
}

fn public(question: &Json) -> (&'static str, String) {
    let outcome: Result<(Tri, String), _> =
        eval::public_question(question).map(|verdict| (verdict.value, verdict.reason));
    eval::answer(outcome)
}

#[test]
fn policies_mean_what_aws_documents() {
    let names = judge("policy", policy);
    let public_names = judge("public", public);
    assert!(
        names.len() + public_names.len() >= AT_LEAST,
        "there are only {} cases",
        names.len() + public_names.len()
    );
    for trap in 1..=16 {
        let prefix = format!("P{trap} ");
        assert!(names.iter().any(|name| name.starts_with(&prefix)), "no case shows trap P{trap}");
    }
}
