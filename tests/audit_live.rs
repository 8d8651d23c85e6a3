//! The main job over HTTP: the organization of traps, live and from its snapshot.
//!
//! The expected verdicts are the reviewed table `tests/emulator/expected_trap.md`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::collections::BTreeMap;

use emulated::{Audit, Emulator, program, repository};
use serde_json::Value;

/// Rows of the reviewed table: trap, check, account, region, resource, status.
fn expected(seeded: &Value) -> Vec<[String; 6]> {
    let text = std::fs::read_to_string(repository("tests/emulator/expected_trap.md")).unwrap();
    text.lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>())
        .filter(|cells| cells.len() == 7 && cells[0] != "trap" && !cells[0].starts_with("---"))
        .map(|cells| {
            let [trap, check, _, account, region, resource, status] = cells.try_into().unwrap();
            let resource = match resource.split_once('.') {
                Some((kind @ ("endpoints" | "vpcs"), name)) => {
                    seeded[kind][name].as_str().unwrap().to_owned()
                }
                _ => resource,
            };
            [trap, check, account, region, resource, status]
        })
        .collect()
}

/// A report without the part that differs between two runs.
fn without_run(report: &Value) -> Value {
    let mut report = report.clone();
    report.as_object_mut().unwrap().remove("run");
    report
}

/// JUnit's numbers as its reader sees them: cases, failures, errors, skipped.
fn junit_counts(junit: &str) -> [usize; 4] {
    ["<testcase ", "<failure ", "<error", "<skipped"].map(|tag| {
        junit.matches(tag).count() - usize::from(tag == "<error") * junit.matches("<errors").count()
    })
}

#[test]
fn every_trap_gets_its_verdict_live_and_from_the_snapshot() {
    let (emulator, seeded) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("snapshot.jsonl.gz");
    let live = emulator.audit(folder.path(), &["--save-snapshot", snapshot.to_str().unwrap()]);
    assert_eq!(live.code(), 1, "{}", live.errors());

    // The verdicts.
    let statuses = live.statuses();
    let rows = expected(&seeded);
    assert!(rows.len() >= 40, "the table has {} rows", rows.len());
    let mut wrong = Vec::new();
    for [trap, check, account, region, resource, status] in rows {
        let key = [check, account, region, resource];
        if statuses.get(&key) != Some(&status) {
            wrong.push(format!("{trap}: {key:?} is {:?}, not {status}", statuses.get(&key)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unsettled: Vec<_> =
        statuses.iter().filter(|(_, status)| *status == "unknown" || *status == "error").collect();
    assert!(unsettled.is_empty(), "{unsettled:?}");
    let good = seeded["accounts"]["good"].as_str().unwrap();
    for (key, status) in statuses.iter().filter(|([_, account, ..], _)| account == good) {
        assert!(status == "pass" || status == "not-applicable", "{key:?} is {status}");
    }
    let closed = seeded["accounts"]["closed"].as_str().unwrap();
    assert_eq!(live.account(closed), "suspended");
    assert!(statuses.keys().all(|[_, account, ..]| account != closed));

    // The run.
    let run = &live.report["run"];
    assert_eq!(run["complete"], true, "{}", run["incomplete"]);
    assert_eq!(run["source"], "live");
    let counted: BTreeMap<String, u64> =
        serde_json::from_value(run["api_calls"]["by_operation"].clone()).unwrap();
    assert_eq!(counted, emulator.requests(), "every call is counted, and none twice");

    // JUnit and JSON have the same numbers.
    let number = |status: &[&str]| statuses.values().filter(|s| status.contains(&s.as_str())).count();
    let counts = [
        statuses.len(),
        number(&["fail"]),
        number(&["unknown", "error"]),
        number(&["not-applicable", "excepted"]),
    ];
    assert_eq!(junit_counts(&live.junit), counts);

    // Offline: no network, the same results byte for byte but for `run`.
    let offline_folder = tempfile::tempdir().unwrap();
    let mut offline = program();
    offline.args(["audit", "--snapshot"]).arg(&snapshot).arg("--policy");
    offline.arg(repository("tests/emulator/trap_policy.yaml"));
    let offline = Audit::run(offline, offline_folder.path());
    assert_eq!(offline.code(), 1, "{}", offline.errors());
    let (live_report, offline_report) = (without_run(&live.report), without_run(&offline.report));
    assert_eq!(live_report.to_string(), offline_report.to_string());
    assert_eq!(offline.report["run"]["api_calls"]["total"], 0);
    assert_eq!(offline.report["run"]["source"], "snapshot");
}

#[test]
fn calls_grow_with_accounts_regions_and_resources_only() {
    let (emulator, seeded) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    emulator.audit(folder.path(), &[]);
    let requests = emulator.requests();
    // Accounts that are entered; the caller's own needs no role.
    let entered = seeded["accounts"].as_object().unwrap().len() as u64 - 1;
    let regions = 2;
    assert_eq!(requests["sts:AssumeRole"], entered - 1);
    for once_per_account in ["ec2:DescribeRegions", "s3:ListBuckets", "s3control:GetPublicAccessBlock"] {
        assert_eq!(requests[once_per_account], entered, "{once_per_account}");
    }
    for once_per_region in [
        "cloudtrail:DescribeTrails",
        "cloudtrail:ListEventDataStores",
        "guardduty:ListDetectors",
        "events:ListRules",
        "ec2:DescribeVpcEndpoints",
    ] {
        assert_eq!(requests[once_per_region], entered * regions, "{once_per_region}");
    }
    for once in ["organizations:ListAccounts", "organizations:DescribeOrganization", "sts:GetCallerIdentity"]
    {
        assert_eq!(requests[once], 1, "{once}");
    }
    // An organization's trail is read once, by its owner.
    let trails = ["cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"].map(|call| requests[call]);
    assert_eq!(trails[0], trails[1]);
}

#[test]
fn a_caller_who_may_not_list_the_organization_audits_his_own_account() {
    let (emulator, _) = Emulator::with("trap");
    emulator.fail(&serde_json::json!([
        {"service": "organizations", "action": {"status": 400, "code": "AccessDeniedException", "message": "no"}}
    ]));
    let folder = tempfile::tempdir().unwrap();
    let audit = emulator.audit(folder.path(), &[]);
    let accounts = audit.report["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 1, "{}", audit.errors());
    assert_eq!(accounts[0]["id"], "123456789012");
    assert!(audit.errors().contains("auditing account 123456789012 alone"), "{}", audit.errors());
}

#[test]
fn the_scope_is_narrowed_by_accounts_regions_and_checks() {
    let (emulator, seeded) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let account = seeded["accounts"]["selectors"].as_str().unwrap();
    let audit = emulator
        .audit(folder.path(), &["--accounts", account, "--only", "data-events", "--skip", "*-writes-*"]);
    assert_eq!(audit.code(), 1, "{}", audit.errors());
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for [check, of, ..] in audit.statuses().into_keys() {
        assert_eq!(of, account);
        let module = root.join("checks/data-events").join(format!("{}.rego", check.replace('-', "_")));
        assert!(module.is_file() && check != "object-writes-logged", "{check}");
    }
    // The organization's trail is still credited.
    assert_eq!(audit.status("management-events-logged", account, account), "pass");
    let bucket = format!("trap-write-only-{account}");
    assert_eq!(audit.status("object-reads-logged", account, &bucket), "fail");
}

#[test]
fn a_region_without_guarddutys_administrator_fails_and_an_organizations_policy_makes_up_for_its_configuration()
 {
    let (emulator, seeded) = Emulator::with("trap");
    let account = |role: &str| seeded["accounts"][role].as_str().unwrap().to_owned();
    let (management, good) = (account("management"), account("good"));
    let region = "ap-southeast-2";
    let resource = format!("{}/{region}", seeded["organization"].as_str().unwrap());
    let audit = || {
        let folder = tempfile::tempdir().unwrap();
        let mut program = emulator.program();
        program.args(["audit", "--regions", region, "--accounts", &format!("{management},{good}")]);
        Audit::run(program, folder.path())
    };
    let before = audit();
    for check in ["guardduty-administrator-set", "guardduty-auto-enables-s3"] {
        assert_eq!(before.status(check, &management, &resource), "fail", "{check}");
    }
    assert_eq!(before.status("guardduty-member-healthy", &good, &format!("{good}/{region}")), "fail");

    let block = |region: &str| {
        let status = serde_json::json!({"status": "enabled"});
        let features = serde_json::json!({"foundational": status, "s3_data_events": status});
        serde_json::json!({"guardduty": {"enablement": {region: features}}}).to_string()
    };
    let put = |account: &str, region: &str| {
        emulator.put(&serde_json::json!({"kind": "effective_policy", "account": account,
            "policy_type": "GUARDDUTY_POLICY", "content": block(region)}));
    };
    let active = seeded["accounts"].as_object().unwrap().iter().filter(|(role, _)| *role != "closed");
    for (_, id) in active {
        put(id.as_str().unwrap(), "default");
    }
    let after = audit();
    assert_eq!(after.status("guardduty-administrator-set", &management, &resource), "fail");
    assert_eq!(after.status("guardduty-auto-enables-s3", &management, &resource), "pass");
    put(&good, "eu-north-1");
    assert_eq!(audit().status("guardduty-auto-enables-s3", &management, &resource), "fail");
}
