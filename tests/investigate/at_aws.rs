//! GuardDuty and Macie in the emulator, and CloudTrail's records asked of Athena and Logs Insights.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use crate::emulated::Emulator;
use crate::generator::Kind;
use crate::incident::{Incident, assert_is_the_truth, errors, list, read_json};
use crate::trail_site::TrailSite;

#[test]
fn guardduty_and_macie_are_asked_region_by_region_in_pages_and_batches() {
    let incident = Incident::of(Kind::ForeignCopy);
    let emulator = Emulator::start();
    emulator.boto(&format!(
        "import boto3\nfor region in ('eu-west-1', 'us-east-1'):\n    \
         boto3.client('guardduty', endpoint_url='{0}', region_name=region).create_detector(Enable=True)\n    \
         boto3.client('macie2', endpoint_url='{0}', region_name=region).enable_macie()",
        emulator.endpoint()
    ));
    let good = read_json(&incident.path("finding.json"))["detail"].clone();
    let mut state = Vec::new();
    let put = |kind: &str, value: &Value| json!({"kind": kind, "account": "123456789012", "region": "eu-west-1", "value": value});
    state.push(put("guardduty_finding", &good));
    for number in 0..120 {
        let mut other = good.clone();
        other["id"] = format!("other-{number}").into();
        other["service"]["archived"] = (number % 2 == 0).into();
        if number >= 110 {
            other["updatedAt"] = "2025-01-01T00:00:00.000Z".into();
        }
        state.push(put("guardduty_finding", &other));
    }
    for finding in list(&read_json(&incident.path("macie-findings.json"))["findings"]) {
        state.push(put("macie_finding", finding));
    }
    emulator.put(&json!(state));
    emulator.forget_requests();
    let id = good["id"].as_str().unwrap();
    let mut program = emulator.program();
    program.args([
        "investigate",
        "--output",
        "json",
        "--regions",
        "us-east-1,eu-west-1",
        "--finding",
        id,
        "--logs",
    ]);
    let output = program.arg(incident.folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_is_the_truth(&report, &incident.truth);
    let findings = list(&report["detection"]["findings"]);
    assert_eq!(findings.len(), 111, "those of other days are left out");
    assert_eq!(findings.iter().filter(|finding| finding["archived"] == true).count(), 55);
    assert_eq!(findings.iter().filter(|finding| finding["starting_point"] == true).count(), 1);
    assert_eq!(report["data_impact"]["sensitive"]["object_count"], 6);
    let requests = emulator.requests();
    // Two pages of 56 unarchived and two of 55 archived ones, in batches of 50, and one for the finding itself.
    assert_eq!(requests["guardduty:ListFindings"], 2 + 4);
    assert_eq!(requests["guardduty:GetFindings"], 2 + 4);
    assert!(!requests.contains_key("macie2:CreateClassificationJob"));
    assert_eq!(emulator.violations(), [""; 0]);
}

#[test]
fn a_classification_job_is_started_only_after_its_cost_was_shown_and_agreed_to() {
    let incident = Incident::of(Kind::ForeignCopy);
    let emulator = Emulator::start();
    emulator.boto(&format!(
        "boto3.client('macie2', endpoint_url='{0}', region_name='us-east-1').enable_macie()\n\
         s3.create_bucket(Bucket='customer-exports-prod')",
        emulator.endpoint()
    ));
    emulator.put(&json!([{"kind": "macie_bucket", "account": "123456789012", "region": "us-east-1", "name": "customer-exports-prod",
        "value": {"classifiableObjectCount": 4_000, "classifiableSizeInBytes": 250_000_000_000_u64}}]));
    for (yes, code, jobs) in [(None, 2, 0), (Some("--yes"), 3, 1)] {
        emulator.forget_requests();
        let mut program = emulator.program();
        program.args(["investigate", "--output", "json", "--start-classification-job", "--finding"]);
        program.arg(incident.path("finding.json")).arg("--logs").arg(incident.folder.path()).args(yes);
        let output = program.stdin(std::process::Stdio::null()).output().unwrap();
        // 3: GuardDuty is not enabled there, which the report tells.
        assert_eq!(output.status.code(), Some(code), "{}", errors(&output));
        let told = errors(&output);
        assert!(
            told.contains("10 percent of 4,000 objects (250.0 GB)") && told.contains("about 25.00 USD"),
            "{told}"
        );
        let requests = emulator.requests();
        assert_eq!(requests.get("macie2:CreateClassificationJob").copied().unwrap_or_default(), jobs);
        let changing = requests.keys().filter(|name| {
            !["Get", "List", "Describe"].iter().any(|verb| name.contains(&format!(":{verb}")))
        });
        assert_eq!(changing.count() as u64, jobs, "it only reads: {requests:?}");
    }
    assert_eq!(emulator.violations(), [""; 0]);
}

/// The records of all log files of an incident.
fn records(incident: &Incident) -> Vec<Value> {
    let unpacked = |path: &PathBuf| -> Value {
        serde_json::from_reader(flate2::read::GzDecoder::new(fs::File::open(path).unwrap())).unwrap()
    };
    incident.files().iter().flat_map(|path| list(&unpacked(path)["Records"]).to_vec()).collect()
}

/// A trail with the records of an incident, GuardDuty and Macie enabled.
fn site(incident: &Incident) -> TrailSite {
    let site = TrailSite::new();
    site.deliver(&records(incident));
    site.logs("client('guardduty').create_detector(Enable=True)\nclient('macie2').enable_macie()");
    site
}

fn at(site: &TrailSite, incident: &Incident, more: &[&str]) -> (Output, Value) {
    let mut program = site.program();
    program
        .args(["investigate", "--output", "json", "--finding"])
        .arg(incident.path("finding.json"))
        .args(more);
    let output = program.output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output, report)
}

/// What of a report does not depend on who answered, and when.
fn told(report: &Value) -> Vec<String> {
    let parts = [
        "data_impact",
        "exfil_paths",
        "actors",
        "related",
        "control_plane_changes",
        "timeline",
        "logging_confidence",
        "statements",
        "containment",
    ];
    let now = report["generated_at"].as_str().unwrap();
    parts.iter().map(|part| report[part].to_string().replace(now, "now")).collect()
}

fn hashes(report: &Value) -> BTreeMap<&str, &str> {
    list(&report["evidence"])
        .iter()
        .map(|query| (query["query_id"].as_str().unwrap(), query["sha256"].as_str().unwrap()))
        .collect()
}

#[test]
fn athena_and_logs_insights_tell_the_same_as_the_log_files() {
    for kind in [Kind::Tor, Kind::ForeignCopy, Kind::Ransom] {
        let incident = Incident::of(kind);
        let site = site(&incident);
        // The table lists no accounts: each query names those that are told.
        site.make_table(&[]);
        let local = incident.report(
            "finding.json",
            &["--macie-findings", incident.path("macie-findings.json").to_str().unwrap()],
        );
        let back_ends: [(&str, &[&str]); 2] = [
            ("athena", &["--organization-accounts", "111122223333,123456789012,444455556666"]),
            ("logs-insights", &["--log-group", "trail"]),
        ];
        for (back_end, more) in back_ends {
            let (output, report) = at(
                &site,
                &incident,
                &[
                    &[
                        "--backend",
                        back_end,
                        "--macie-findings",
                        incident.path("macie-findings.json").to_str().unwrap(),
                    ],
                    more,
                ]
                .concat(),
            );
            assert!(output.status.success(), "{back_end}: {}", errors(&output));
            assert_is_the_truth(&report, &incident.truth);
            assert_eq!(told(&local), told(&report), "{back_end}");
            assert_eq!(hashes(&local), hashes(&report), "{back_end}");
            let evidence = report["evidence"].to_string();
            for key in list(&incident.truth["access_keys"]) {
                assert!(
                    !evidence.contains(key.as_str().unwrap()),
                    "keys are masked, also in {back_end}'s texts"
                );
            }
        }
        assert_eq!(site.emulator.violations(), [""; 0]);
    }
}

#[test]
fn what_a_back_end_at_aws_cannot_answer_ends_with_its_reason_and_no_report() {
    let incident = Incident::of(Kind::Tor);
    let site = site(&incident);
    site.make_table(&[]);
    let (unnamed, _) = at(&site, &incident, &["--backend", "athena"]);
    assert!(
        unnamed.status.code() == Some(2) && errors(&unnamed).contains("does not list its accounts"),
        "{}",
        errors(&unnamed)
    );
    let (no_group, _) = at(&site, &incident, &["--backend", "logs-insights"]);
    assert!(
        no_group.status.code() == Some(2) && errors(&no_group).contains("--log-group"),
        "{}",
        errors(&no_group)
    );
    site.emulator.fail(&json!([{"service": "logs", "operation": "GetQueryResults",
        "action": {"status": 400, "code": "AccessDeniedException", "message": "you may not"}}]));
    let (denied, _) = at(&site, &incident, &["--backend", "logs-insights", "--log-group", "trail"]);
    assert!(
        denied.status.code() == Some(3) && errors(&denied).contains("`logs:GetQueryResults` is missing"),
        "{}",
        errors(&denied)
    );
    assert!(denied.stdout.is_empty(), "a report of half the answers would tell wrong numbers");
}
