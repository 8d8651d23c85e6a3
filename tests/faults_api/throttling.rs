//! F-01 to F-04: too many calls, and servers that fail.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::place::{code, fails, gaps, of, place, times};

/// The error codes that mean "slow down", by the service documentation and the SDKs' common list, each at an operation.
const THROTTLING: [(&str, &str, &str); 14] = [
    ("Throttling", "sns", "GetTopicAttributes"),
    ("ThrottlingException", "cloudtrail", "DescribeTrails"),
    ("ThrottledException", "guardduty", "ListDetectors"),
    ("RequestThrottledException", "guardduty", "GetDetector"),
    ("TooManyRequestsException", "events", "ListRules"),
    ("ProvisionedThroughputExceededException", "logs", "DescribeMetricFilters"),
    ("TransactionInProgressException", "kms", "DescribeKey"),
    ("RequestLimitExceeded", "ec2", "DescribeVpcEndpoints"),
    ("BandwidthLimitExceeded", "s3", "GetBucketLogging"),
    ("LimitExceededException", "events", "ListEventBuses"),
    ("RequestThrottled", "sns", "ListSubscriptionsByTopic"),
    ("SlowDown", "s3", "GetBucketAcl"),
    ("PriorRequestNotComplete", "s3", "GetBucketTagging"),
    ("EC2ThrottledException", "ec2", "DescribeVpcs"),
];

#[test]
fn f01_each_throttling_code_is_retried_and_counted() {
    let place = place();
    let good = place.account("good");
    // Ownership decides whether the ACL is asked for at all.
    let rules: Vec<Value> = THROTTLING
        .into_iter()
        .map(|(name, service, operation)| {
            let operation =
                if operation == "GetBucketAcl" { "GetBucketOwnershipControls" } else { operation };
            let status = if name == "SlowDown" { 503 } else { 400 };
            of(&good, times(1, fails(service, operation, code(status, name))))
        })
        .collect();
    let audit = place.audit(&["good"], &json!(rules), &[]);
    assert_eq!(audit.statuses(), place.expected(&["good"]), "{}", audit.errors());
    let calls = &audit.report["run"]["api_calls"];
    assert_eq!((&calls["retries"], &calls["throttled"]), (&json!(14), &json!(14)), "{calls}");
    assert_eq!(audit.report["run"]["complete"], true);
}

#[test]
fn f02_an_operation_that_is_throttled_for_ever_is_given_up_and_alone() {
    let place = place();
    let good = place.account("good");
    let rules = json!([of(&good, fails("events", "ListRules", code(400, "ThrottlingException")))]);
    let audit = place.audit(&["good", "perimeter"], &rules, &["--call-timeout", "20"]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert_eq!(gaps(&audit), BTreeSet::from(["events:ListRules ThrottlingException".to_owned()]));
    let unknown = place.unknown(&["good", "perimeter"], &audit);
    assert!(!unknown.is_empty() && unknown.iter().all(|[_, account, ..]| *account == good), "{unknown:?}");
    // Two regions, five attempts each.
    assert_eq!(audit.report["run"]["api_calls"]["throttled"], 10);
}

#[test]
fn f03_server_errors_are_retried_and_those_that_stay_are_unknown() {
    let place = place();
    let good = place.account("good");
    let page = |status: u16| json!({"status": status, "body": "<html><h1>Bad gateway</h1></html>"});
    let once = json!([
        of(&good, times(1, fails("s3", "GetBucketTagging", code(500, "InternalError")))),
        of(&good, times(1, fails("cloudtrail", "DescribeTrails", page(502)))),
        of(&good, times(1, fails("ec2", "DescribeVpcEndpoints", page(503)))),
        of(&good, times(1, fails("guardduty", "ListDetectors", page(504)))),
    ]);
    let audit = place.audit(&["good"], &once, &[]);
    assert_eq!(audit.statuses(), place.expected(&["good"]), "{}", audit.errors());
    assert_eq!(audit.report["run"]["api_calls"]["retries"], 4);

    let for_ever = json!([of(&good, fails("s3", "GetBucketPolicy", page(502)))]);
    let audit = place.audit(&["good"], &for_ever, &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert_eq!(gaps(&audit), BTreeSet::from(["s3:GetBucketPolicy HTTP502".to_owned()]));
    assert!(!place.unknown(&["good"], &audit).is_empty());
}

/// The SDK counts repetitions per service and region of the whole process: what one account uses up would be missing to
/// every other one.
#[test]
fn f03_an_account_that_is_broken_takes_no_retries_from_the_others() {
    let place = place();
    let (good, perimeter) = (place.account("good"), place.account("perimeter"));
    let bucket_calls = [
        "GetBucketPolicy",
        "GetBucketTagging",
        "GetBucketEncryption",
        "GetBucketVersioning",
        "GetBucketReplication",
    ];
    let mut rules: Vec<Value> = bucket_calls
        .into_iter()
        .map(|call| of(&perimeter, fails("s3", call, code(500, "InternalError"))))
        .collect();
    // Late enough that the other account's calls have failed by then.
    let late = json!({"status": 500, "code": "InternalError", "message": "once", "delay_seconds": 4});
    rules.push(of(&good, times(1, fails("s3", "GetBucketTagging", late))));
    let audit = place.audit(&["good", "perimeter"], &json!(rules), &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    let unknown = place.unknown(&["good", "perimeter"], &audit);
    assert!(unknown.iter().all(|[_, account, ..]| *account == perimeter), "{unknown:?}");
    assert!(!unknown.is_empty());
}

#[test]
fn f04_a_service_that_asks_for_two_minutes_is_not_waited_for_beyond_the_deadline() {
    let place = place();
    let good = place.account("good");
    let mut slow = code(503, "SlowDown");
    slow["headers"] = json!({"x-amz-retry-after": "120000"});
    let rules = json!([of(&good, fails("s3", "GetBucketPolicy", slow))]);
    let audit = place.audit(&["good"], &rules, &["--call-timeout", "12"]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    let gaps = gaps(&audit);
    let expected = ["s3:GetBucketPolicy SlowDown", "s3:GetBucketPolicy TimeoutError"];
    assert!(!gaps.is_empty() && gaps.iter().all(|gap| expected.contains(&gap.as_str())), "{gaps:?}");
    assert!(!place.unknown(&["good"], &audit).is_empty());
}
