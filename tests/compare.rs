//! Baselines and comparisons, by the built program on the saved example organization.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod saved;

use std::sync::OnceLock;

use saved::{Place, count};
use serde_json::{Value, json};

/// The example's assessment in a file, and as JSON.
fn assessment(place: &Place, name: &str) -> Value {
    static EXAMPLE: OnceLock<String> = OnceLock::new();
    let report = EXAMPLE.get_or_init(|| Place::new().audit(&[]).stdout);
    place.write(name, report);
    serde_json::from_str(report).unwrap()
}

/// The first result that fails with high severity or worse.
fn failing(report: &mut Value) -> &mut Value {
    let bad = |result: &&mut Value| {
        result["status"] == "fail" && (result["severity"] == "high" || result["severity"] == "critical")
    };
    report["results"].as_array_mut().unwrap().iter_mut().find(bad).unwrap()
}

fn write(place: &Place, name: &str, report: &Value) {
    place.write(name, report.to_string());
}

#[test]
fn against_itself_everything_is_known_and_only_new_failures_count() {
    let place = Place::new();
    let mut report = assessment(&place, "same.json");
    let known = place.audit(&["--baseline", "same.json"]);
    assert_eq!(known.code, 1, "known failures count unless told otherwise");
    for result in known.json()["results"].as_array().unwrap() {
        let expected = if result["status"] == "fail" { json!("known") } else { Value::Null };
        assert_eq!(result["since_baseline"], expected);
    }
    assert_eq!(place.audit(&["--baseline", "same.json", "--fail-on-new"]).code, 0);

    let mended = failing(&mut report);
    mended["status"] = json!("pass");
    let (check, resource) = (mended["check"].clone(), mended["resource"].clone());
    write(&place, "better.json", &report);
    let worse = place.audit(&["--baseline", "better.json", "--fail-on-new"]);
    assert_eq!(worse.code, 1);
    assert!(
        worse.said().contains("gate missed: 1 new failed result of severity high or worse"),
        "{}",
        worse.stderr
    );
    let marked = worse.json();
    let new: Vec<&Value> =
        marked["results"].as_array().unwrap().iter().filter(|r| r["since_baseline"] == "new").collect();
    assert_eq!(new.len(), 1);
    assert_eq!((&new[0]["check"], &new[0]["resource"]), (&check, &resource));
}

#[test]
fn the_score_is_no_gate_for_new_failures() {
    let place = Place::new();
    assessment(&place, "same.json");
    place.write("exfilguard.yaml", "version: 1\ngates: { minimum_score: 100 }\n");
    assert_eq!(place.audit(&["--baseline", "same.json", "--fail-on-new"]).code, 0);
    assert_eq!(place.audit(&["--baseline", "same.json", "--fail-on", "none"]).code, 1);
}

#[test]
fn a_baseline_that_cannot_be_used_is_refused_before_anything_is_audited() {
    let place = Place::new();
    let mut report = assessment(&place, "same.json");
    report["a_field_of_the_future"] = json!(1);
    report["schema"] = json!("exfilguard.assessment/1.7");
    write(&place, "minor.json", &report);
    assert_eq!(place.audit(&["--baseline", "minor.json", "--fail-on-new"]).code, 0);
    report["schema"] = json!("exfilguard.assessment/2");
    write(&place, "major.json", &report);
    report["schema"] = json!("exfilguard.assessment/12");
    write(&place, "twelve.json", &report);
    place.write("empty.json", "");
    place.write("other.json", "{\"schema\": \"exfilguard.snapshot/1\"}");
    for (file, expected) in [
        (
            "major.json",
            "the assessment has schema `exfilguard.assessment/2`; this exfilguard reads `exfilguard.assessment/1`",
        ),
        ("twelve.json", "the assessment has schema `exfilguard.assessment/12`"),
        ("empty.json", "`empty.json` cannot be used: not an assessment of exfilguard"),
        ("other.json", "the assessment has schema `exfilguard.snapshot/1`"),
        ("missing.json", "`missing.json` cannot be used: No such file"),
    ] {
        for arguments in [["compare", "same.json", file], ["compare", file, "same.json"]] {
            let refused = place.run(&arguments);
            assert_eq!(refused.code, 2, "{arguments:?}");
            assert!(refused.said().contains(expected), "{arguments:?}: {}", refused.said());
        }
        let refused = place.audit(&["--baseline", file]);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{file}");
        assert!(refused.said().contains(expected), "{file}: {}", refused.said());
    }
    assert_eq!(place.audit(&["--fail-on-new"]).code, 2, "it needs a baseline");
}

#[test]
fn a_comparison_lists_what_is_new_resolved_and_unchanged() {
    let place = Place::new();
    let old = assessment(&place, "old.json");
    let failed = count(&old, "fail");
    let mut new = old.clone();
    let mended = failing(&mut new);
    mended["status"] = json!("pass");
    let mended = mended.clone();
    let unread = failing(&mut new);
    unread["status"] = json!("unknown");
    let unread = unread.clone();
    let results = new["results"].as_array_mut().unwrap();
    let broken = results.iter_mut().find(|r| r["status"] == "pass" && r["check"] != mended["check"]).unwrap();
    broken["status"] = json!("fail");
    let broken = broken.clone();
    new["score"]["overall"] = json!(99.5);
    write(&place, "new.json", &new);

    let compared = place.run(&["compare", "old.json", "new.json", "--output", "json"]);
    assert_eq!(compared.code, 0);
    let comparison = compared.json();
    assert_eq!(comparison["schema"], "exfilguard.comparison/1");
    assert_eq!(comparison["score"]["overall"]["before"], old["score"]["overall"]);
    assert_eq!(comparison["score"]["overall"]["after"], 99.5);
    let list = |name: &str| comparison["findings"][name].as_array().unwrap().clone();
    for (name, result, before, after) in [
        ("new", &broken, "pass", "fail"),
        ("resolved", &mended, "fail", "pass"),
        ("undetermined", &unread, "fail", "unknown"),
    ] {
        let list = list(name);
        assert_eq!(list.len(), 1, "{name}");
        for field in ["check", "area", "severity", "account_id", "region", "resource", "message"] {
            assert_eq!(list[0][field], result[field], "{name} {field}");
        }
        assert_eq!((&list[0]["before"], &list[0]["after"]), (&json!(before), &json!(after)));
    }
    assert_eq!(list("unchanged").len(), failed - 2);
    assert_eq!(comparison["improved_by_exclusion_only"], false);

    let text = place.run(&["compare", "old.json", "new.json"]);
    assert_eq!(text.code, 0);
    for part in
        ["→ 99.5", "New: 1", "Resolved: 1", "so not resolved: 1", &format!("Unchanged: {}", failed - 2)]
    {
        assert!(text.stdout.contains(part), "`{part}` is missing:\n{}", text.stdout);
    }
    assert!(text.stdout.contains(broken["check"].as_str().unwrap()));
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 100), "{}", text.stdout);
}

#[test]
fn a_comparison_with_itself_has_nothing_new_and_nothing_resolved() {
    let place = Place::new();
    let report = assessment(&place, "same.json");
    let comparison = place.run(&["compare", "same.json", "same.json", "--output", "json"]).json();
    for empty in ["new", "resolved", "excepted", "undetermined"] {
        assert_eq!(comparison["findings"][empty], json!([]), "{empty}");
    }
    assert_eq!(comparison["findings"]["unchanged"].as_array().unwrap().len(), count(&report, "fail"));
}

#[test]
fn what_an_exception_took_away_is_not_resolved() {
    let place = Place::new();
    assessment(&place, "old.json");
    place.write(
        "exfilguard.yaml",
        "version: 1\nexceptions: [ { check: '*', reason: x, owner: y, expires: 2030-01-01 } ]\n",
    );
    let run =
        place.run(&["audit", "--snapshot", saved::example().to_str().unwrap(), "--output", "json=new.json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let comparison = place.run(&["compare", "old.json", "new.json", "--output", "json"]).json();
    assert_eq!(comparison["findings"]["resolved"], json!([]));
    assert!(!comparison["findings"]["excepted"].as_array().unwrap().is_empty());
    assert_eq!(comparison["improved_by_exclusion_only"], true);
    let text = place.run(&["compare", "old.json", "new.json"]).stdout;
    assert!(text.contains("The score rose although nothing that failed passes now"), "{text}");
}
