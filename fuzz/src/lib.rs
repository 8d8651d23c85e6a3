//! What each fuzz target does with its input. A target must return, whatever the bytes are: an input that nobody can read
//! is answered with an error. Beyond that each target states something that must hold of every answer.
#![allow(clippy::panic, reason = "a fuzz target reports by panicking")]

use std::fs;
use std::path::Path;

use exfilguard::engine::{self, Checks, Source};
use exfilguard::policy::PolicyFile;
use exfilguard::semantics::alarm::AlarmRule;
use exfilguard::semantics::event_pattern::EventPattern;
use exfilguard::semantics::filter_pattern::FilterPattern;
use exfilguard::semantics::iam::{self, Json, PolicyDocument};
use exfilguard::semantics::{event_pattern, event_selectors, filter_pattern};
use exfilguard::snapshot::{SnapshotReader, SnapshotWriter};
use serde_json::Value;

/// A target: what is done with an input.
pub type Target = fn(&[u8]);

/// All targets by name, which is that of their file in `fuzz_targets/` and of their corpus.
pub const TARGETS: [(&str, Target); 9] = [
    ("alarm_rule", alarm_rule),
    ("event_pattern", event_pattern),
    ("event_selectors", event_selectors),
    ("filter_pattern", filter_pattern),
    ("policy_document", policy_document),
    ("policy_file", policy_file),
    ("policy_question", policy_question),
    ("rego_module", rego_module),
    ("snapshot", snapshot),
];

/// The rule of a composite alarm: the same answer for an alarm that it names by name or not at all, twice.
pub fn alarm_rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(rule) = AlarmRule::parse(text) else { return };
    let arn = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a";
    assert_eq!(rule.fires("a", arn), rule.fires("a", arn));
    if !rule.names("a", arn) {
        assert!(!rule.fires("a", arn).is_yes(), "an alarm that the rule does not name raises it");
    }
}

/// A line of `exfilguard eval event-pattern`, and the same bytes as the text of a rule.
pub fn event_pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(line) = serde_json::from_str::<Value>(text) {
        let first = event_pattern::question(&line).map(|verdict| verdict.value);
        let second = event_pattern::question(&line).map(|verdict| verdict.value);
        assert_eq!(first.ok(), second.ok());
        // A rule's text and its value are the same pattern; the text may be refused for keys that stand twice.
        if EventPattern::parse(text).is_ok() {
            assert!(EventPattern::from_value(&line).is_ok(), "the text is a pattern and its value is none");
        }
    }
}

/// A line of `exfilguard eval event-selectors`.
pub fn event_selectors(data: &[u8]) {
    let Ok(line) = serde_json::from_slice::<Value>(data) else { return };
    let first = event_selectors::question(&line).map(|verdict| verdict.value);
    let second = event_selectors::question(&line).map(|verdict| verdict.value);
    assert_eq!(first.ok(), second.ok());
}

/// A line of `exfilguard eval filter-pattern`, and the same bytes as a pattern of its own.
pub fn filter_pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(line) = serde_json::from_str::<Value>(text) {
        let first = filter_pattern::question(&line).map(|verdict| verdict.value);
        let second = filter_pattern::question(&line).map(|verdict| verdict.value);
        assert_eq!(first.ok(), second.ok());
    }
    if let Ok(pattern) = FilterPattern::parse(text) {
        for message in ["", "{}", "[ERROR] 1 2 3", r#"{"a": {"b": [1, "x", null, true]}}"#] {
            assert_eq!(pattern.matches(message).value, pattern.matches(message).value);
        }
    }
}

/// A policy document: one that can be read can be asked whether it is public, and says the same when it is read again.
pub fn policy_document(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(document) = PolicyDocument::parse(text) else { return };
    let again = PolicyDocument::parse(text).map(|again| iam::is_public(&again).value);
    assert_eq!(again.ok(), Some(iam::is_public(&document).value));
}

/// The text of `exfilguard.yaml`: mistakes are named with their places, which lie in the text.
pub fn policy_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = text.lines().count() + 1;
    if let Err(error) = PolicyFile::parse(Path::new("exfilguard.yaml"), text.to_owned(), &[]) {
        for message in error.lines() {
            let line: usize = message.split(':').nth(1).and_then(|line| line.parse().ok()).unwrap_or(1);
            assert!(line <= lines, "`{message}` names a line that is not there");
        }
    }
}

/// A line of `exfilguard eval policy` or `public`.
pub fn policy_question(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(line) = Json::parse(text) else { return };
    let ask = || iam::eval::policy_question(&line).map(|decision| decision.value).ok();
    assert_eq!(ask(), ask());
    let ask = || iam::eval::public_question(&line).map(|verdict| verdict.value).ok();
    assert_eq!(ask(), ask());
}

/// A check module with its METADATA: it is refused, or it loads.
pub fn rego_module(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Source { path: "custom/fuzzed.rego".to_owned(), text: text.to_owned(), builtin: false };
    if let Err(errors) = Checks::load(&[source], &engine::Schemas(exfilguard::facts::schemas())) {
        assert!(!errors.is_empty(), "a module is refused without a reason");
    }
}

/// A snapshot file, plain or compressed: one that can be read is written and read back unchanged.
pub fn snapshot(data: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    if fs::write(&first, data).is_err() {
        return;
    }
    let Ok(reader) = SnapshotReader::open(&first) else { return };
    let header = reader.header().clone();
    let Ok(accounts) = reader.collect::<Result<Vec<_>, _>>() else { return };
    let Ok(mut writer) = SnapshotWriter::create(&second, &header) else { return };
    for account in &accounts {
        if writer.account(account).is_err() {
            return;
        }
    }
    if writer.finish().is_err() {
        return;
    }
    let Ok(reader) = SnapshotReader::open(&second) else { panic!("what was written cannot be read") };
    assert_eq!(reader.header(), &header);
    let again = reader.collect::<Result<Vec<_>, _>>().unwrap_or_default();
    assert_eq!(again, accounts);
}
