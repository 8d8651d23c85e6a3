//! What the program survives: denied calls, broken answers, accounts that cannot be entered. Tests are named by the ids
//! of the list of faults that the project keeps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use emulated::{Audit, Emulator, program};
use exfilguard::engine::{self, Checks, Schemas};
use exfilguard::facts;
use serde_json::json;

/// Operations without which nothing can be audited at all, or a single account only; and the list of regions, for which
/// the regions that the user named are taken.
const ENTRY: [&str; 4] = [
    "sts:GetCallerIdentity",
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
    "ec2:DescribeRegions",
];

/// Operations without which the resources of many kinds are not known; no check names them.
const EVERY_AUDIT: [&str; 2] = ["s3:ListBuckets", "sts:AssumeRole"];

/// Denies each operation in turn. `part` of 2 says which half of the operations.
fn deny_each_operation(part: usize) {
    let (emulator, _) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let undisturbed = emulator.audit(folder.path(), &[]).statuses();
    let operations: Vec<String> = emulator.requests().into_keys().collect();
    assert!(operations.len() > 25, "{operations:?}");
    for operation in operations.iter().skip(part).step_by(2).filter(|name| !ENTRY.contains(&name.as_str())) {
        let (service, name) = operation.split_once(':').unwrap();
        emulator.fail(&json!([{"service": service, "operation": name,
            "action": {"status": 403, "code": "AccessDenied", "message": "denied by a test"}}]));
        let audit = emulator.audit(folder.path(), &[]);
        assert_eq!(audit.code(), 3, "{operation}: {}", audit.errors());
        let incomplete = audit.report["run"]["incomplete"].to_string();
        assert!(incomplete.contains(operation.as_str()), "{operation} is not named: {incomplete}");
        let statuses = audit.statuses();
        note_changed(operation, &undisturbed, &statuses);
        for (key, status) in &statuses {
            let before = undisturbed.get(key).map(String::as_str);
            let allowed = match status.as_str() {
                "pass" => before == Some("pass"),
                "fail" => before == Some("fail"),
                "not-applicable" => before == Some("not-applicable"),
                other => other == "unknown",
            };
            assert!(allowed, "{operation}: {key:?} was {before:?} and is {status}");
        }
        for ([check, account, region, resource], _) in undisturbed.iter().filter(|(_, s)| *s == "fail") {
            let unread = |key: &[String; 4]| key[0] == *check && key[1] == *account && key[3].ends_with('*');
            let entered = audit.account(account) != "unreachable";
            let there =
                statuses.contains_key(&[check.clone(), account.clone(), region.clone(), resource.clone()]);
            assert!(
                there || !entered || statuses.keys().any(unread),
                "{operation}: the failure of {check} on {resource} in {account} has disappeared"
            );
        }
    }
}

/// A check whose verdicts change when an operation is denied says in its METADATA that it needs the operation.
fn note_changed(
    operation: &str,
    before: &BTreeMap<[String; 4], String>,
    after: &BTreeMap<[String; 4], String>,
) {
    let keys: BTreeSet<&[String; 4]> = before.keys().chain(after.keys()).collect();
    let changed: BTreeSet<&str> = keys
        .into_iter()
        .filter(|&key| before.get(key) != after.get(key))
        .map(|key| key[0].as_str())
        .collect();
    if let Ok(file) = std::env::var("EXFILGUARD_NOTE_CALLS") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
        writeln!(file, "{}", json!({"operation": operation, "checks": changed})).unwrap();
        return;
    }
    let sources = engine::builtin();
    let checks = Checks::load(&sources, &Schemas(facts::schemas())).unwrap();
    for id in changed {
        let calls = &checks.get(id).unwrap().metadata().calls;
        assert!(
            calls.iter().any(|call| call == operation) || EVERY_AUDIT.contains(&operation),
            "{id} depends on {operation}, but does not say so in `calls`"
        );
    }
}

#[test]
fn f05_a_denied_operation_never_makes_a_pass_first_half() {
    deny_each_operation(0);
}

#[test]
fn f05_a_denied_operation_never_makes_a_pass_second_half() {
    deny_each_operation(1);
}

#[test]
fn f01_throttling_is_retried_and_changes_nothing() {
    let (emulator, _) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let undisturbed = emulator.audit(folder.path(), &[]);
    let once = |service: &str, operation: &str, code: &str| {
        json!({"service": service, "operation": operation, "times": 1,
            "action": {"status": 400, "code": code, "message": "slow down"}})
    };
    emulator.fail(&json!([
        once("cloudtrail", "DescribeTrails", "ThrottlingException"),
        once("events", "ListRules", "TooManyRequestsException"),
        once("s3", "GetBucketAcl", "SlowDown"),
        once("ec2", "DescribeVpcEndpoints", "RequestLimitExceeded"),
        once("sns", "GetTopicAttributes", "Throttling"),
    ]));
    let throttled = emulator.audit(folder.path(), &[]);
    assert_eq!(throttled.code(), 1, "{}", throttled.errors());
    assert_eq!(throttled.statuses(), undisturbed.statuses());
    let calls = &throttled.report["run"]["api_calls"];
    let before = undisturbed.report["run"]["api_calls"]["total"].as_u64().unwrap();
    assert_eq!(calls["total"], before + 5, "retries are requests too");
    assert_eq!(calls["retries"], 5, "{calls}");
    assert_eq!(calls["throttled"], 5, "{calls}");
}

#[test]
fn f09_an_account_that_cannot_be_entered_ends_nobody_elses_audit() {
    let (emulator, seeded) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let undisturbed = emulator.audit(folder.path(), &[]).statuses();
    let locked = seeded["accounts"]["selectors"].as_str().unwrap();
    let role = format!("arn:aws:iam::{locked}:role");
    emulator.fail(&json!([{"service": "sts", "operation": "AssumeRole", "resource": role,
        "action": {"status": 403, "code": "AccessDenied", "message": "not authorized to assume the role"}}]));
    let audit = emulator.audit(folder.path(), &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert_eq!(audit.account(locked), "unreachable");
    let mut others = undisturbed;
    others.retain(|[_, account, ..], _| account != locked);
    assert_eq!(audit.statuses(), others);
    let suite = audit.junit.split("<testsuite ").find(|suite| suite.contains(locked)).unwrap();
    assert_eq!(suite.matches("<error").count(), 1, "{suite}");
    assert!(suite.contains("sts:AssumeRole"), "{suite}");
}

#[test]
fn f16_an_answer_that_is_no_answer_is_unreadable_and_quoted_briefly() {
    let (emulator, _) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let page = format!("<html>\u{7}\u{1b}[31m captive portal {}</html>", "x".repeat(5000));
    emulator.fail(&json!([
        {"service": "guardduty", "operation": "ListDetectors", "action": {"status": 200, "body": page}},
        {"service": "events", "operation": "ListRules", "action": {"status": 200, "body": "{"}},
        {"service": "ec2", "operation": "DescribeVpcEndpoints", "action": {"status": 404, "body": "<html>no</html>"}},
    ]));
    let audit = emulator.audit(folder.path(), &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    for gap in audit.report["run"]["incomplete"].as_array().unwrap() {
        let message = gap["message"].as_str().unwrap();
        assert!(message.chars().count() <= 700, "{message}");
        assert!(!message.chars().any(char::is_control), "{message:?}");
    }
    for ([check, ..], status) in audit.statuses() {
        if check == "guardduty-enabled" || check == "endpoint-restricts-buckets" {
            assert_eq!(status, "unknown", "{check}");
        }
    }
}

#[test]
fn a_policy_that_is_no_json_is_unknown_and_names_the_bucket() {
    let (emulator, seeded) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let account = seeded["accounts"]["perimeter"].as_str().unwrap();
    let bucket = format!("trap-not-principal-{account}");
    emulator.put(&json!([{"kind": "bucket_policy", "bucket": bucket, "text": "{\"Statement\": [no json"}]));
    let audit = emulator.audit(folder.path(), &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    for check in ["bucket-not-public", "bucket-not-shared-outside", "bucket-requires-tls"] {
        let of_bucket =
            |r: &&serde_json::Value| r["check"] == check && r["resource"]["id"] == bucket.as_str();
        let result = audit.results().iter().find(of_bucket).unwrap();
        assert_eq!(result["status"], "unknown", "{check}: {}", result["message"]);
        assert!(result["message"].as_str().unwrap().contains(&bucket), "{check}: {}", result["message"]);
    }
}

#[test]
fn a_call_that_never_answers_is_given_up() {
    let (emulator, seeded) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let account = seeded["accounts"]["good"].as_str().unwrap();
    emulator.fail(&json!([{"service": "guardduty", "operation": "ListFilters", "account": account,
        "region": "us-east-1", "action": {"disconnect": true}}]));
    let audit = emulator.audit(folder.path(), &["--accounts", account]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    let status = |check: &str, region: &str| audit.status(check, account, &format!("{account}/{region}"));
    assert_eq!(status("guardduty-findings-not-suppressed", "us-east-1"), "unknown");
    assert_eq!(status("guardduty-findings-not-suppressed", "eu-west-1"), "pass");
}

#[test]
fn what_guarddutys_administrator_says_stands_in_for_a_detector_that_cannot_be_read() {
    let (emulator, seeded) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let account = |role: &str| seeded["accounts"][role].as_str().unwrap().to_owned();
    let (good, single) = (account("good"), account("single-region"));
    emulator.fail(&json!([{"service": "guardduty", "operation": "GetDetector",
        "action": {"status": 403, "code": "AccessDeniedException", "message": "no"}}]));
    let audit = emulator.audit(folder.path(), &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    let status =
        |account: &str| audit.status("guardduty-s3-protection", account, &format!("{account}/eu-west-1"));
    // Its own detector is denied too: the administrator cannot ask by it.
    assert_eq!([status(&good), status(&single)], ["unknown", "unknown"]);
    emulator.fail(&json!(
        [&good, &single].map(|account| json!({"service": "guardduty", "operation": "GetDetector",
        "account": account, "action": {"status": 403, "code": "AccessDeniedException", "message": "no"}}))
    ));
    let audit = emulator.audit(folder.path(), &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    let status =
        |account: &str| audit.status("guardduty-s3-protection", account, &format!("{account}/eu-west-1"));
    assert_eq!([status(&good), status(&single)], ["pass", "fail"]);
    let publishes = audit.status("guardduty-publishes-promptly", &good, &format!("{good}/eu-west-1"));
    assert_eq!(publishes, "unknown");
}

#[test]
fn f11_a_bucket_in_a_region_that_is_not_enabled_is_unknown() {
    let (emulator, seeded) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let account = seeded["accounts"]["good"].as_str().unwrap();
    let only = "<DescribeRegionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><regionInfo><item>\
                <regionName>us-east-1</regionName><optInStatus>opt-in-not-required</optInStatus></item></regionInfo>\
                </DescribeRegionsResponse>";
    emulator.fail(&json!([{"service": "ec2", "operation": "DescribeRegions",
        "action": {"status": 200, "body": only, "content_type": "text/xml"}}]));
    let mut program = emulator.program();
    program.args(["audit", "--accounts", account]);
    let audit = Audit::run(program, folder.path());
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    let (here, elsewhere) = (format!("good-us-east-1-{account}"), format!("good-eu-west-1-{account}"));
    assert_eq!(audit.status("object-reads-logged", account, &here), "pass");
    for check in ["object-reads-logged", "bucket-not-public", "bucket-requires-tls"] {
        assert_eq!(audit.status(check, account, &elsewhere), "unknown", "{check}");
    }
    assert!(audit.report["run"]["incomplete"].to_string().contains("RegionNotEnabled"));
}

#[test]
fn incomplete_ok_turns_three_into_what_the_findings_say() {
    let (emulator, _) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    emulator.fail(&json!([{"service": "s3", "operation": "GetBucketAcl",
        "action": {"status": 403, "code": "AccessDenied", "message": "no"}}]));
    assert_eq!(emulator.audit(folder.path(), &["--incomplete-ok"]).code(), 1);
    assert_eq!(emulator.audit(folder.path(), &["--incomplete-ok", "--fail-on", "none"]).code(), 0);
}

#[test]
fn without_credentials_the_exit_code_is_4_and_the_places_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = program();
    program.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_REGION", "us-east-1").arg("audit");
    let audit = Audit::run(program, folder.path());
    assert_eq!(audit.code(), 4, "{}", audit.errors());
    for place in ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"] {
        assert!(audit.errors().contains(place), "{}", audit.errors());
    }
    assert!(audit.report.is_null());
}

#[test]
fn f31_an_output_that_cannot_be_written_is_refused_before_any_call() {
    let emulator = Emulator::start();
    let folder = tempfile::tempdir().unwrap();
    for (flag, path) in [
        ("--output", format!("json={}/missing/report.json", folder.path().display())),
        ("--output", format!("junit={}", folder.path().display())),
        ("--output", "json=".to_owned()),
        ("--output", "yaml=report.yaml".to_owned()),
        ("--save-snapshot", format!("{}/missing/snapshot.gz", folder.path().display())),
    ] {
        let output = emulator.program().args(["audit", flag, &path]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(emulator.requests().is_empty(), "{:?}", emulator.requests());
}
