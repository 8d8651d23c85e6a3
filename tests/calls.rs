//! How many calls an audit makes: exactly these, and only those that its checks need (issue: fewest calls).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::collections::BTreeMap;

use emulated::{Audit, Emulator, repository};
use serde_json::Value;

/// The checks whose questions Prowler 5.46 asks too: logging of objects and of the control plane, trails, GuardDuty,
/// buckets' public access, policies, TLS and ACLs, the alarm for bucket policies.
const ALSO_IN_PROWLER: [&str; 11] = [
    "object-reads-logged",
    "object-writes-logged",
    "management-events-logged",
    "trail-log-validation",
    "trail-encrypted",
    "guardduty-enabled",
    "guardduty-s3-protection",
    "bucket-blocks-public-access",
    "bucket-requires-tls",
    "bucket-acls-disabled",
    "bucket-not-public",
];

fn audit(emulator: &Emulator, more: &[&str]) -> Audit {
    let folder = tempfile::tempdir().unwrap();
    emulator.forget_requests();
    let audit = emulator.audit(folder.path(), more);
    assert!([0, 1].contains(&audit.code()), "{}", audit.errors());
    audit
}

fn counted(audit: &Audit) -> BTreeMap<String, u64> {
    serde_json::from_value(audit.report["run"]["api_calls"]["by_operation"].clone()).unwrap()
}

/// An extra call is a failing test: `EXFILGUARD_UPDATE=1` writes the list anew, for a review.
#[test]
fn the_example_organization_is_read_with_exactly_these_calls() {
    let (emulator, _) = Emulator::with("example");
    let whole = audit(&emulator, &[]);
    let calls = counted(&whole);
    assert_eq!(calls, emulator.requests(), "what the program says and what the emulator heard");
    let path = repository("tests/calls/example.json");
    if std::env::var_os("EXFILGUARD_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, serde_json::to_string_pretty(&calls).unwrap() + "\n").unwrap();
    }
    let expected: BTreeMap<String, u64> =
        serde_json::from_slice(&std::fs::read(&path).unwrap_or_default()).unwrap_or_default();
    assert_eq!(calls, expected);

    // An area alone: the same results, fewer calls, and nothing that is read twice.
    for area in ["alarms", "buckets", "data-events", "endpoints", "event-rules", "guardduty", "macie"] {
        let part = audit(&emulator, &["--only", area]);
        let of_area: Vec<&Value> = whole.results().iter().filter(|result| result["area"] == area).collect();
        assert!(!of_area.is_empty());
        assert_eq!(part.results().iter().collect::<Vec<_>>(), of_area, "{area}");
        let fewer = counted(&part);
        assert!(
            fewer.iter().all(|(operation, count)| calls.get(operation) >= Some(count)),
            "{area}: {fewer:?}"
        );
        assert!(fewer.values().sum::<u64>() < calls.values().sum(), "{area}: {fewer:?}");
    }

    // What was saved for a few checks is judged by these, and is not enough for all.
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("few.jsonl.gz");
    let live = audit(&emulator, &["--only", "endpoints", "--save-snapshot", saved.to_str().unwrap()]);
    let offline = |more: &[&str]| {
        let mut program = std::process::Command::new(emulated::PROGRAM);
        program.arg("audit").arg("--snapshot").arg(&saved).args(more);
        Audit::run(program, folder.path())
    };
    let again = offline(&["--only", "endpoints"]);
    assert_eq!(again.code(), live.code(), "{}", again.errors());
    assert_eq!(again.results(), live.results());
    let all = offline(&[]);
    assert_eq!(all.code(), 3, "{}", all.errors());
    let missing = all.report["run"]["incomplete"].as_array().unwrap();
    assert!(missing.iter().all(|gap| gap["code"] == "NotAsked"), "{missing:#?}");
    assert!(missing.iter().any(|gap| gap["operation"] == "s3:GetBucketPolicy"), "{missing:#?}");

    // The simulation does not look at what only Macie's checks need.
    let without_macie = audit(&emulator, &["--skip", "macie"]);
    assert_eq!(without_macie.report["simulation"], whole.report["simulation"]);
    assert!(!counted(&without_macie).keys().any(|operation| operation.starts_with("macie2:")));
}

#[test]
fn an_account_in_three_regions_costs_at_most_thirty_calls_and_three_for_each_bucket() {
    let emulator = Emulator::start();
    let buckets = 8_u64;
    emulator.boto(&format!(
        "for number in range({buckets}):\n    s3.create_bucket(Bucket=f'plain-{{number}}', \
         ObjectOwnership='BucketOwnerEnforced')"
    ));
    let mut more = vec!["--regions", "us-east-1,eu-west-1,eu-central-1"];
    more.extend(ALSO_IN_PROWLER.iter().flat_map(|id| ["--only", id]));
    let folder = tempfile::tempdir().unwrap();
    let mut program = emulator.program();
    program.arg("audit").args(more);
    let audit = Audit::run(program, folder.path());
    assert!([0, 1].contains(&audit.code()), "{}", audit.errors());
    let calls = counted(&audit);
    let total: u64 = calls.values().sum();
    assert!(total <= 30 + 3 * buckets, "{total} calls: {calls:?}");
}

#[test]
fn the_plan_of_calls_is_what_is_made_where_nothing_is_found() {
    let emulator = Emulator::start();
    let mut program = emulator.program();
    let output =
        program.args(["audit", "--plan-calls", "--regions", "us-east-1,eu-west-1"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let planned: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix("together"))
        .and_then(|number| number.trim().parse().ok())
        .unwrap_or_else(|| panic!("no sum in {text}"));
    let folder = tempfile::tempdir().unwrap();
    let empty = emulator.audit(folder.path(), &[]);
    let made: u64 = counted(&empty).values().sum();
    // Without a detector its lists are not asked for, without an organization its policies are not: a plan is no less.
    assert!(planned >= made && planned - made <= 20, "planned {planned}, made {made}: {text}");
}
