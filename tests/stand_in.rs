//! The stand-in for AWS at scale answers as the emulator does: the same organization in both gives the same assessment.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;
#[path = "stand_in_size/mod.rs"]
mod size;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use emulated::stand_in::{StandIn, stand_in};
use emulated::{Audit, Emulator, repository};
use serde_json::Value;

const REGIONS: &str = "us-east-1,eu-west-1";

/// The assessment without what differs between two runs over the same state.
fn but_for_the_run(audit: &Audit) -> Value {
    let mut report = audit.report.clone();
    report.as_object_mut().unwrap().remove("run").unwrap();
    report
}

fn audit(mut program: Command, arguments: &[&str]) -> Audit {
    let folder = tempfile::tempdir().unwrap();
    program.arg("audit").args(arguments);
    let audit = Audit::run(program, folder.path());
    assert!([0, 1, 3].contains(&audit.code()), "{}", audit.errors());
    audit
}

fn counted(audit: &Audit) -> BTreeMap<String, u64> {
    serde_json::from_value(audit.report["run"]["api_calls"]["by_operation"].clone()).unwrap()
}

/// The lines of a snapshot, without the times at which things were read.
fn lines(snapshot: &Path) -> Vec<Value> {
    let file = flate2::read::MultiGzDecoder::new(std::fs::File::open(snapshot).unwrap());
    let mut lines: Vec<Value> =
        BufReader::new(file).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    for line in &mut lines {
        for part in ["macie", "alarms"] {
            let regions = line.get_mut(part).and_then(Value::as_object_mut).into_iter().flatten();
            for (_, region) in regions {
                region.as_object_mut().unwrap().remove("read_at").unwrap();
            }
        }
    }
    lines
}

/// The same organization in the emulator and in the stand-in: the same assessment, snapshot and calls.
fn stands_in_for(organization: &str) {
    let (emulator, _) = Emulator::with(organization);
    let folder = tempfile::tempdir().unwrap();
    let (saved, again) = (folder.path().join("emulated.jsonl.gz"), folder.path().join("stood-in.jsonl.gz"));
    let policy = repository("tests/emulator/trap_policy.yaml");
    let of = |program: Command, snapshot: &Path| {
        let (policy, snapshot) = (policy.to_str().unwrap(), snapshot.to_str().unwrap());
        audit(program, &["--regions", REGIONS, "--policy", policy, "--save-snapshot", snapshot])
    };
    let emulated = of(emulator.program(), &saved);
    let stand_in = StandIn::of(&saved);
    let stood_in = of(stand_in.program(), &again);
    assert_eq!(emulated.code(), stood_in.code(), "{}", stood_in.errors());
    assert_eq!(but_for_the_run(&stood_in), but_for_the_run(&emulated));
    assert_eq!(emulated.report["run"]["incomplete"], stood_in.report["run"]["incomplete"]);
    assert_eq!(lines(&again).get(1..), lines(&saved).get(1..));

    // The same calls; but as AWS does, and the emulator does not, it says where an account is in its list.
    let mut calls = counted(&emulated);
    calls.remove("organizations:ListParents");
    assert_eq!(counted(&stood_in), calls);
    assert_eq!(counted(&stood_in), stand_in.requests());
    assert_eq!(stand_in.asked()["throttled"], 0);
}

#[test]
fn the_example_organization_in_the_emulator_and_in_the_stand_in_gives_the_same_assessment() {
    stands_in_for("example");
}

#[test]
fn the_trap_organization_in_the_emulator_and_in_the_stand_in_gives_the_same_assessment() {
    stands_in_for("trap");
}

#[test]
fn a_generated_organization_is_read_as_it_was_written() {
    let size = ["--accounts", "5", "--buckets", "12", "--seed", "7"];
    let folder = tempfile::tempdir().unwrap();
    let (written, read) = (folder.path().join("written.jsonl.gz"), folder.path().join("read.jsonl.gz"));
    let status = Command::new(stand_in()).args(size).arg("--write-snapshot").arg(&written).status().unwrap();
    assert!(status.success());
    let stand_in = StandIn::start(&size);
    let live = audit(stand_in.program(), &["--save-snapshot", read.to_str().unwrap()]);
    assert_eq!(live.report["run"]["complete"], true, "{}", live.report["run"]["incomplete"]);
    let (written, read) = (lines(&written), lines(&read));
    assert_eq!(read.len(), written.len());
    for (read, written) in read.iter().zip(&written).skip(1) {
        assert_eq!(read, written);
    }
    assert_eq!(read[0]["organization"], written[0]["organization"]);

    // It is worth judging: most checks both pass and fail somewhere.
    let mut of_check: BTreeMap<&str, std::collections::BTreeSet<&str>> = BTreeMap::new();
    for result in live.results() {
        let of = of_check.entry(result["check"].as_str().unwrap()).or_default();
        of.insert(result["status"].as_str().unwrap());
    }
    let mixed = of_check.values().filter(|found| found.contains("pass") && found.contains("fail")).count();
    assert!(mixed >= 12, "{of_check:#?}");
}

#[test]
fn the_program_keeps_within_the_documented_limits_and_an_impatient_client_does_not() {
    let stand_in = StandIn::start(&["--accounts", "3", "--buckets", "40"]);
    let polite = audit(stand_in.program(), &[]);
    assert_eq!(polite.report["run"]["complete"], true);
    assert_eq!(stand_in.asked()["throttled"], polite.report["run"]["api_calls"]["throttled"]);
    let before = stand_in.asked()["throttled"].as_u64().unwrap();
    // Fifty `DescribeTrails` at once from one account: ten are let in.
    let url = format!("{}/", stand_in.endpoint());
    let ask = || {
        ureq::post(&url)
            .header("x-amz-target", "CloudTrail_20131101.DescribeTrails")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=any/20261130/us-east-1/cloudtrail/aws4_request",
            )
            .send("{}")
    };
    let refused = (0..50).filter(|_| matches!(ask(), Err(ureq::Error::StatusCode(400)))).count();
    assert!(refused >= 20, "{refused} of 50 were refused");
    assert_eq!(stand_in.asked()["throttled"], before + refused as u64);
}

#[test]
fn a_connection_that_one_account_has_done_with_serves_the_next_one() {
    let stand_in = StandIn::start(&["--accounts", "12", "--buckets", "5", "--latency-ms", "5"]);
    let audit = audit(stand_in.program(), &["--max-concurrency", "8"]);
    assert_eq!(audit.report["run"]["complete"], true);
    let connections = stand_in.asked()["connections"].as_u64().unwrap();
    // Twelve accounts have some thirty clients each. hyper may open one that it does not need while another becomes free.
    assert!((1..=40).contains(&connections), "{connections} connections were opened for 8 calls at once");
}

#[test]
fn a_large_organization_is_listed_at_the_rate_that_is_allowed_without_being_slowed_down() {
    let stand_in = StandIn::start(&["--accounts", "300", "--buckets", "1"]);
    let planned = stand_in.program().args(["audit", "--plan-calls"]).output().unwrap();
    assert!(planned.status.success(), "{}", String::from_utf8_lossy(&planned.stderr));
    assert_eq!(stand_in.requests().get("organizations:ListAccounts"), Some(&15), "pages of twenty");
    assert_eq!(stand_in.asked()["throttled"], 0);
}

#[test]
fn accounts_are_read_while_the_organization_is_still_listed_and_none_is_read_twice() {
    let of = |more: &[&str]| {
        let stand_in = StandIn::start(&["--accounts", "240", "--buckets", "1"]);
        let folder = tempfile::tempdir().unwrap();
        let mut program = stand_in.program();
        program.current_dir(folder.path()).args(["audit", "--output", "json=report.json"]).args(more);
        let mut running = program.stderr(Stdio::null()).spawn().unwrap();
        let (mut before, list) = (0, "organizations:ListAccounts");
        while running.try_wait().unwrap().is_none() {
            let asked = stand_in.requests();
            if asked.get(list).is_none_or(|pages| *pages < 12) {
                before = asked.get("s3:ListBuckets").copied().unwrap_or_default();
            }
            sleep(Duration::from_millis(50));
        }
        let report = std::fs::read(folder.path().join("report.json")).unwrap();
        let mut report: Value = serde_json::from_slice(&report).unwrap();
        let run = report.as_object_mut().unwrap().remove("run").unwrap();
        let counted: BTreeMap<String, u64> =
            serde_json::from_value(run["api_calls"]["by_operation"].clone()).unwrap();
        assert_eq!(counted, stand_in.requests());
        assert_eq!(stand_in.asked()["throttled"], 0);
        (before, counted, report)
    };
    let (before, calls, report) = of(&[]);
    assert!(before > 20, "{before} accounts were read before the last page was asked for");
    // What is read before a run is on record would be lost with the process.
    let (before, calls_with_state, report_with_state) = of(&["--state", "state"]);
    assert_eq!(before, 0);
    assert_eq!(calls, calls_with_state);
    assert!(report == report_with_state, "the assessment depends on when accounts are read");
}

#[test]
fn nobody_is_entered_where_no_account_is_in_scope() {
    let stand_in = StandIn::start(&["--accounts", "240", "--buckets", "1"]);
    let refused = stand_in.program().args(["audit", "--accounts", "999999999999"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
    let asked = stand_in.requests();
    assert_eq!((asked.get("sts:AssumeRole"), asked.get("s3:ListBuckets")), (None, None), "{asked:?}");
}
