//! Shards: their assessments and snapshots joined are those of one run, byte for byte but for `run`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;
mod saved;

use std::path::{Path, PathBuf};

use emulated::{Emulator, repository};
use saved::{Place, Run, example, results};
use serde_json::Value;

/// The members of a report but for `run`, as they are written.
fn but_for_run(text: &str) -> String {
    let mut report: Value = serde_json::from_str(text).unwrap();
    report.as_object_mut().unwrap().remove("run").unwrap();
    serde_json::to_string_pretty(&report).unwrap()
}

/// Merges into JSON on standard output.
fn merge(place: &Place, parts: &[PathBuf], more: &[&str]) -> Run {
    let mut arguments = vec!["merge", "--output", "json"];
    arguments.extend(more);
    arguments.extend(parts.iter().map(|path| path.to_str().unwrap()));
    place.run(&arguments)
}

/// The assessments of all shards of the example organization.
fn shards(place: &Place, number: u32, more: &[&str]) -> Vec<PathBuf> {
    (1..=number)
        .map(|index| {
            let (shard, name) = (format!("{index}/{number}"), format!("{index}.json"));
            let mut arguments = vec!["--shard", &shard];
            arguments.extend(more);
            let run = place.audit(&arguments);
            assert!(matches!(run.code, 0 | 1 | 3), "{}", run.stderr);
            place.write(&name, &run.stdout);
            place.path(&name)
        })
        .collect()
}

/// One exception that matches in one account alone, one that matches nothing anywhere, one that is over.
const POLICY: &str = "exceptions:\n\
  - { check: bucket-requires-tls, reason: x, owner: y, expires: 2027-06-30 }\n\
  - { check: bucket-requires-tls, resource: no-such-bucket, reason: x, owner: y, expires: 2027-06-30 }\n\
  - { check: bucket-not-public, reason: x, owner: y, expires: 2020-01-01 }\n";

#[test]
fn eight_shards_of_a_snapshot_merged_are_one_run() {
    let place = Place::new();
    let whole = place.audit_under(POLICY, &[]);
    let parts = shards(&place, 8, &[]);
    let merged = merge(&place, &parts, &[]);
    assert_eq!(but_for_run(&merged.stdout), but_for_run(&whole.stdout));
    assert_eq!(merged.code, whole.code, "{}", merged.stderr);
    let (merged, whole) = (merged.json(), whole.json());
    assert!(!whole["mend_first"].as_array().unwrap().is_empty());
    assert!(whole["score"]["simulation"].is_number());
    assert_eq!(whole["policy_warnings"].as_array().unwrap().len(), 2, "{}", whole["policy_warnings"]);
    for field in
        ["accounts_in_scope", "accounts_audited", "regions", "complete", "incomplete", "organization_id"]
    {
        assert_eq!(merged["run"][field], whole["run"][field], "{field}");
    }
    assert_eq!(merged["run"]["shard"], Value::Null);
    // Some shards have none of the accounts, and each account is in one.
    let accounts = |path: &PathBuf| {
        let report: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        report["accounts"].as_array().unwrap().len()
    };
    let of_shards: Vec<usize> = parts.iter().map(accounts).collect();
    assert!(
        of_shards.contains(&0) && of_shards.iter().filter(|number| **number > 0).count() > 1,
        "{of_shards:?}"
    );
    assert_eq!(of_shards.iter().sum::<usize>(), whole["accounts"].as_array().unwrap().len());
}

#[test]
fn every_report_of_the_merged_is_that_of_one_run() {
    let place = Place::new();
    // Those that do not tell when the audit was.
    let formats = ["junit", "csv", "markdown", "terminal"];
    let report = |folder: &str, format: &str| {
        std::fs::read_to_string(place.path(&format!("{folder}-{format}"))).unwrap()
    };
    let outputs = |folder: &str| -> Vec<String> {
        let to = |format: &&str| format!("{format}={}", place.path(&format!("{folder}-{format}")).display());
        formats.iter().map(to).flat_map(|destination| ["--output".to_owned(), destination]).collect()
    };
    let whole = outputs("whole");
    place.audit(&whole.iter().map(String::as_str).collect::<Vec<_>>());
    let parts = shards(&place, 3, &[]);
    let merged = outputs("merged");
    merge(&place, &parts, &merged.iter().map(String::as_str).collect::<Vec<_>>());
    for format in formats {
        assert_eq!(report("merged", format), report("whole", format), "{format}");
    }
}

#[test]
fn what_is_new_is_told_of_the_whole() {
    let place = Place::new();
    let parts = shards(&place, 2, &[]);
    let whole = place.audit(&[]);
    let mut before: Value = whole.json();
    let failing = results(&before, "bucket-requires-tls", Some("fail")).len();
    before["results"].as_array_mut().unwrap().retain(|result| result["check"] != "bucket-requires-tls");
    place.write("before.json", before.to_string());
    let baseline = place.path("before.json");
    let merged = merge(&place, &parts, &["--baseline", baseline.to_str().unwrap(), "--fail-on", "none"]);
    let report = merged.json();
    let new = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| result["since_baseline"] == "new")
        .count();
    assert_eq!(new, failing);
    assert!(failing > 0);
}

#[test]
fn what_does_not_make_a_whole_is_refused() {
    let place = Place::new();
    let parts = shards(&place, 3, &[]);
    let refused = |parts: &[PathBuf], problem: &str| {
        let run = merge(&place, parts, &[]);
        assert_eq!(run.code, 2, "{}", run.stdout);
        assert!(run.said().contains(problem), "{}", run.said());
        assert!(run.stdout.is_empty());
    };
    refused(&parts[..2], "of 3 shards 3 is missing");
    refused(&[parts[0].clone(), parts[1].clone(), parts[1].clone()], "are both of shard 2/3");
    place.write("exfilguard.yaml", format!("version: 1\n{POLICY}"));
    let run = place.audit(&["--shard", "3/3"]);
    place.write("other.json", &run.stdout);
    refused(
        &[parts[0].clone(), parts[1].clone(), place.path("other.json")],
        "they were judged by different checks or policy files",
    );
    place.write("broken.json", "{}");
    refused(
        &[parts[0].clone(), place.path("broken.json")],
        "cannot be used: not an assessment of exfilguard",
    );
}

/// Audits the emulated organization as one run and as shards, with snapshots.
#[test]
fn shards_of_a_live_audit_merged_are_one_run() {
    let (emulator, _) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let audit = |name: &str, more: &[&str]| {
        let (report, snapshot) = (path(&format!("{name}.json")), path(&format!("{name}.jsonl.gz")));
        let mut program = emulator.program();
        program.args(["audit", "--regions", "us-east-1,eu-west-1", "--policy"]);
        program.arg(repository("tests/emulator/trap_policy.yaml")).arg("--save-snapshot").arg(&snapshot);
        program.arg("--output").arg(format!("json={}", report.display())).args(more);
        let output = program.output().unwrap();
        assert!(report.exists(), "{}", String::from_utf8_lossy(&output.stderr));
        (std::fs::read_to_string(report).unwrap(), output.status.code())
    };
    let (whole, code) = audit("whole", &[]);
    for shard in 1..=3 {
        audit(&shard.to_string(), &["--shard", &format!("{shard}/3")]);
    }
    let of_shards = |ending: &str| [1, 2, 3].map(|shard| path(&format!("{shard}.{ending}")));
    let run = |arguments: &[&str], files: &[PathBuf]| {
        let output = emulated::program().args(arguments).args(files).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (String::from_utf8(output.stdout).unwrap(), output.status.code(), errors)
    };
    let (merged, merged_code, errors) = run(&["merge", "--output", "json"], &of_shards("json"));
    assert_eq!(merged_code, code, "{errors}");
    assert_eq!(but_for_run(&merged), but_for_run(&whole));

    let joined = path("joined.jsonl.gz");
    let joined_name = joined.to_str().unwrap();
    let (_, code, errors) = run(&["snapshot", "merge", "--output", joined_name], &of_shards("jsonl.gz"));
    assert_eq!(code, Some(0), "{errors}");
    let (difference, code, errors) = run(&["snapshot", "diff"], &[path("whole.jsonl.gz"), joined]);
    assert_eq!((difference.as_str(), code), ("nothing changed\n", Some(0)), "{errors}");
}

/// The snapshot without its last account, and without the first bucket policy.
fn changed(place: &Place, from: &Path) -> PathBuf {
    let text = place.run(&["snapshot", "show", from.to_str().unwrap()]).stdout;
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let bucket = lines.iter_mut().skip(1).find_map(|account| {
        let buckets = account.pointer_mut("/buckets/known")?.as_array_mut()?;
        buckets.iter_mut().find(|bucket| bucket.pointer("/policy/known").is_some_and(Value::is_string))
    });
    bucket.unwrap()["policy"] = serde_json::json!({"known": null});
    let gone = lines.pop().unwrap()["id"].clone();
    lines[0]["scope"].as_array_mut().unwrap().retain(|id| *id != gone);
    let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    text.push_str(&format!("{{\"accounts\":{}}}\n", lines.len() - 1));
    place.write("changed.jsonl", text);
    place.path("changed.jsonl")
}

#[test]
fn the_difference_of_two_snapshots_names_what_changed() {
    let place = Place::new();
    let changed = changed(&place, &example());
    let arguments =
        ["snapshot", "diff", example().to_str().unwrap(), changed.to_str().unwrap()].map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let json = place.run(&[&arguments[..], &["--output", "json"]].concat());
    assert_eq!(json.code, 0, "{}", json.stderr);
    let found = json.json();
    let found = found.as_array().unwrap();
    assert_eq!(found.len(), 2, "{}", json.stdout);
    let pointer = found[0]["pointer"].as_str().unwrap();
    assert!(pointer.ends_with("/policy") && pointer.starts_with("/accounts/"), "{pointer}");
    assert!(found[0]["before"].is_string() && found[0]["after"].is_null() && found[0]["region"].is_string());
    assert!(found[1]["after"].is_null() && found[1]["resource"].is_null());
    let text = place.run(&arguments);
    assert!(text.stdout.contains(pointer) && text.stdout.contains("\n  gone: /accounts/"), "{}", text.stdout);
    assert!(text.stdout.contains("    + (none)"), "{}", text.stdout);

    // The pointers are those of a change: applied to the earlier snapshot it gives the later one's verdicts.
    let patch = serde_json::json!([{"op": "remove", "path": pointer}]);
    place.write("patch.json", patch.to_string());
    let patch = place.path("patch.json");
    let patched = place.audit(&["--with-change", patch.to_str().unwrap()]).json();
    let later = place.audit_of(&changed, &[]).json();
    let bucket = found[0]["resource"].as_str().unwrap();
    let of_bucket = |report: &Value| -> Vec<Value> {
        report["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|r| r["resource"]["id"] == bucket)
            .cloned()
            .collect()
    };
    assert!(!of_bucket(&later).is_empty());
    assert_eq!(of_bucket(&patched), of_bucket(&later));
}
