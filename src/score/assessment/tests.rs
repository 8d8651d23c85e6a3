#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::examples::{account, denied, organization, result, run};
use super::*;

#[test]
fn the_fields_are_written_in_the_order_of_the_contract() {
    let json = serde_json::to_value(organization()).unwrap();
    let keys = |pointer: &str| -> Vec<String> {
        let object = json.pointer(pointer).unwrap().as_object().unwrap();
        object.keys().cloned().collect()
    };
    assert_eq!(keys(""), ["schema", "run", "score", "accounts", "results", "policy_warnings", "simulation"]);
    assert_eq!(
        keys("/run"),
        [
            "id",
            "tool_version",
            "started_at",
            "finished_at",
            "source",
            "organization_id",
            "management_account",
            "accounts_in_scope",
            "accounts_audited",
            "regions",
            "complete",
            "incomplete",
            "api_calls",
        ]
    );
    assert_eq!(
        keys("/run/incomplete/0"),
        ["account_id", "region", "operation", "resource", "code", "message"]
    );
    assert_eq!(keys("/run/api_calls"), ["total", "retries", "throttled", "by_operation"]);
    assert_eq!(keys("/score")[..3], ["overall", "by_area", "by_account"]);
    assert_eq!(keys("/accounts/0")[..4], ["id", "name", "status", "regions"]);
    assert_eq!(
        keys("/results/0")[..14],
        [
            "check",
            "area",
            "severity",
            "status",
            "account_id",
            "region",
            "resource",
            "message",
            "evidence",
            "witness",
            "assumptions",
            "remediation",
            "exception",
            "since_baseline",
        ]
    );
    assert_eq!(keys("/results/0/resource"), ["kind", "id", "arn"]);
    assert_eq!(json["simulation"], serde_json::json!([]));
    assert_eq!(json["run"]["started_at"], "2026-11-23T06:00:00Z");
    assert_eq!(json["run"]["finished_at"], "2026-11-23T06:01:30.5Z");
    assert_eq!(json["run"]["source"], "live");
}

#[test]
fn accounts_are_counted_from_their_states() {
    let assessment = organization();
    assert_eq!(assessment.run.accounts_in_scope, 4);
    assert_eq!(assessment.run.accounts_audited, 1);
    assert!(!assessment.run.complete);
}

#[test]
fn an_audit_of_readable_and_suspended_accounts_is_complete() {
    let mut suspended = account("222233334444");
    suspended.status = AccountStatus::Suspended;
    let unknown = result("bucket-not-public", Severity::Critical, Status::Unknown, "one");
    let assessment = Assessment::new(run(), vec![account("111122223333"), suspended], vec![unknown]);
    assert!(assessment.run.complete);
    assert_eq!(assessment.run.accounts_audited, 1);
}

#[test]
fn a_defective_check_makes_the_audit_incomplete() {
    let error = result("bucket-not-public", Severity::Critical, Status::Error, "one");
    let assessment = Assessment::new(run(), vec![account("111122223333")], vec![error]);
    assert!(!assessment.run.complete);
}

#[test]
fn results_are_sorted_by_account_region_check_and_resource() {
    let mut results = Vec::new();
    for account in ["222233334444", "111122223333"] {
        for region in [Some("us-east-1"), Some("eu-central-1"), None] {
            for check in ["object-reads-logged", "bucket-not-public"] {
                for id in ["b", "a"] {
                    let mut record = result(check, Severity::High, Status::Pass, id);
                    record.account_id = account.to_owned();
                    record.region = region.map(str::to_owned);
                    results.push(record);
                }
            }
        }
    }
    let assessment = Assessment::new(run(), Vec::new(), results);
    let order: Vec<_> =
        assessment.results.iter().map(|r| (&r.account_id, &r.region, &r.check, &r.resource.id)).collect();
    assert!(order.is_sorted());
    assert_eq!(assessment.results[0].region, None);
    assert_eq!(assessment.run.regions, ["eu-central-1", "us-east-1"]);
}

#[test]
fn what_could_not_be_read_is_listed_once_and_in_order() {
    let mut run = run();
    run.incomplete = vec![
        denied("222233334444", "s3:GetBucketPolicy", Some("b")),
        denied("222233334444", "s3:GetBucketPolicy", Some("a")),
        denied("111122223333", "s3:ListBuckets", None),
        denied("222233334444", "s3:GetBucketPolicy", Some("a")),
    ];
    let assessment = Assessment::new(run, Vec::new(), Vec::new());
    let order: Vec<_> =
        assessment.run.incomplete.iter().map(|i| (i.account_id.as_str(), i.resource.as_deref())).collect();
    assert_eq!(order, [("111122223333", None), ("222233334444", Some("a")), ("222233334444", Some("b")),]);
}

#[test]
fn the_letter_follows_the_score() {
    let letters: Vec<&str> = [100.0, 90.0, 89.9, 80.0, 79.9, 70.0, 69.9, 50.0, 49.9, 0.0]
        .into_iter()
        .map(|score| Grade::of(score).as_str())
        .collect();
    assert_eq!(letters, ["A", "A", "B", "B", "C", "C", "D", "D", "E", "E"]);
}
