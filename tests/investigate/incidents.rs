//! Generated incidents of three kinds against their truth, and log files that are damaged or there twice.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::emulated::program;
use crate::generator::Kind;
use crate::incident::{Incident, assert_is_the_truth, errors, investigate, list};

#[test]
fn bulk_reads_through_tor_are_told_apart_from_the_instance_that_uses_the_same_session() {
    let incident = Incident::of(Kind::Tor);
    let report = incident.report("finding.json", &[]);
    assert_is_the_truth(&report, &incident.truth);
    let apart = &report["data_impact"]["set_apart"];
    assert!(apart["objects"].as_u64().unwrap() > 0, "the instance went on reading: {apart}");
    let refused = list(&report["control_plane_changes"])
        .iter()
        .find(|change| change["event_name"] == "PutBucketPublicAccessBlock");
    assert_eq!(refused.unwrap()["outcome"], "AccessDenied");
    let tor = list(&report["actors"][0]["ips"]).iter().find(|ip| ip["named_by_finding"] == true).unwrap();
    assert_eq!((&tor["tor"], &tor["ip"]), (&json!(true), &json!("198.51.100.10")));
    // Somebody else at an exit node is shown, and counted for nothing.
    let others = list(&report["related"]);
    assert!(
        others.iter().any(|other| other["principal"] == "anonymous" && other["shares"] == "an address"),
        "{others:?}"
    );
}

#[test]
fn copies_replication_and_a_policy_for_a_foreign_account_are_followed_from_the_session_to_the_leaked_key() {
    let incident = Incident::of(Kind::ForeignCopy);
    for finding in ["finding.json", "attack-sequence.json"] {
        let report = incident.report(finding, &[]);
        assert_is_the_truth(&report, &incident.truth);
        let open: BTreeSet<&str> = list(&report["exfil_paths"])
            .iter()
            .filter(|path| path["stays_open"] == true)
            .map(|path| path["kind"].as_str().unwrap())
            .collect();
        assert_eq!(open, BTreeSet::from(["outside-account", "replication"]));
    }
}

#[test]
fn a_stopped_trail_is_a_gap_and_what_was_deleted_is_counted() {
    let incident = Incident::of(Kind::Ransom);
    let report = incident.report("finding.json", &[]);
    assert_is_the_truth(&report, &incident.truth);
    assert_eq!(report["data_impact"]["unnamed_deletions"], incident.truth["unnamed_deletes"]);
    let steps = list(&report["containment"]);
    let started =
        steps.iter().find(|step| step["action"].as_str().unwrap().contains("Start the trail")).unwrap();
    assert_eq!((&started["status"], &started["when"]), (&json!("done"), &incident.truth["gaps"][0]["to"]));
    assert!(
        list(&report["statements"])
            .iter()
            .any(|one| one["about"] == "logging" && one["confidence"] == "not-assessable")
    );
}

/// Investigates what a person names, over two days.
fn begun_with(incident: &Incident, start: &[&str]) -> Value {
    let mut program = program();
    program.args(["investigate", "--output", "json", "--from", "2026-01-14", "--to", "2026-01-16"]);
    let output = program.arg("--logs").arg(incident.folder.path()).args(start).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_person_can_begin_with_a_key_a_principal_or_a_bucket() {
    let incident = Incident::of(Kind::Ransom);
    let key = incident.truth["access_keys"][0].as_str().unwrap().to_owned();
    for start in
        [["--access-key", key.as_str()], ["--principal", "arn:aws:iam::123456789012:user/break-glass-admin"]]
    {
        let report = begun_with(&incident, &start);
        assert_eq!(report["detection"]["source"], "operator");
        assert_eq!(report["data_impact"]["deleted_count"], 100, "{start:?}");
    }
    let report = begun_with(&incident, &["--bucket", "payroll-archive"]);
    assert_eq!(report["data_impact"]["objects_count"], incident.truth["objects"]);
    let limitations = report["limitations"].to_string();
    assert!(limitations.contains("only a bucket is named"), "{limitations}");
}

#[test]
fn files_that_are_there_twice_or_cut_off_change_no_number_and_are_told() {
    let incident = Incident::of(Kind::ForeignCopy);
    let before = incident.report("finding.json", &[]);
    for path in incident.files().iter().take(12) {
        let twice = path.with_file_name(format!("again-{}", path.file_name().unwrap().to_string_lossy()));
        fs::copy(path, twice).unwrap();
    }
    // A truncated copy of a file: its records are there already, whole or not.
    let whole = fs::read(incident.file_of_the_day()).unwrap();
    let cut = incident.file_of_the_day().with_file_name("cut.json.gz");
    fs::write(cut, &whole[..whole.len() / 2]).unwrap();
    let (output, after) = investigate(incident.folder.path(), &incident.path("finding.json"), &[]);
    assert_eq!(output.status.code(), Some(3), "a file could not be read to its end: {}", errors(&output));
    for part in ["data_impact", "exfil_paths", "actors", "control_plane_changes"] {
        assert_eq!(before[part], after[part], "{part}");
    }
    let notes = after["evidence"].to_string();
    assert!(notes.contains("cut.json.gz") && notes.to_lowercase().contains("once"), "{notes}");
    assert!(list(&after["limitations"]).len() > list(&before["limitations"]).len());
}
