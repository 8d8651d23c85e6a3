//! What AWS, or something on the way to it, may answer (F-01 to F-19 of `docs/faults.md`): right verdicts for what could be
//! read, `unknown` with the reason for what could not, and nobody else's audit affected.
//!
//! All tests share one emulator with the organization of traps; each has it to itself while it runs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use emulated::{Audit, Emulator};
use serde_json::{Value, json};

type Statuses = BTreeMap<[String; 4], String>;

/// The emulator, and what an undisturbed audit of it finds.
struct Place {
    emulator: Emulator,
    seeded: Value,
    undisturbed: Statuses,
}

/// The place, for one test at a time. The emulator ends with the test program, which holds the pipe that it listens to.
fn place() -> MutexGuard<'static, Place> {
    static PLACE: OnceLock<Mutex<Place>> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        let (emulator, seeded) = Emulator::with("trap");
        let folder = tempfile::tempdir().unwrap();
        let audit = emulator.audit(folder.path(), &[]);
        assert_eq!(audit.code(), 1, "{}", audit.errors());
        let undisturbed = audit.statuses();
        Mutex::new(Place { emulator, seeded, undisturbed })
    });
    let place = place.lock().unwrap_or_else(PoisonError::into_inner);
    place.emulator.fail(&json!([]));
    place.emulator.forget_requests();
    place
}

impl Place {
    fn account(&self, role: &str) -> String {
        self.seeded["accounts"][role].as_str().unwrap().to_owned()
    }

    /// Audits some accounts under faults.
    fn audit(&self, roles: &[&str], faults: &Value, more: &[&str]) -> Audit {
        let accounts: Vec<String> = roles.iter().map(|role| self.account(role)).collect();
        self.emulator.fail(faults);
        self.emulator.forget_requests();
        let folder = tempfile::tempdir().unwrap();
        let accounts = accounts.join(",");
        let audit = self.emulator.audit(folder.path(), &[&["--accounts", &accounts], more].concat());
        self.emulator.fail(&json!([]));
        audit
    }

    /// What an undisturbed audit finds in these accounts.
    fn expected(&self, roles: &[&str]) -> Statuses {
        let accounts: Vec<String> = roles.iter().map(|role| self.account(role)).collect();
        let of_accounts = self.undisturbed.iter().filter(|([_, account, ..], _)| accounts.contains(account));
        of_accounts.map(|(key, status)| (key.clone(), status.clone())).collect()
    }

    /// The results that differ from an undisturbed audit. Every one of them is unknown now.
    fn unknown(&self, roles: &[&str], audit: &Audit) -> BTreeSet<[String; 4]> {
        let (before, after) = (self.expected(roles), audit.statuses());
        let mut changed = BTreeSet::new();
        for (key, status) in &after {
            if before.get(key) != Some(status) {
                assert_eq!(status, "unknown", "{key:?} was {:?}", before.get(key));
                changed.insert(key.clone());
            }
        }
        changed
    }
}

fn fails(service: &str, operation: &str, action: Value) -> Value {
    json!({"service": service, "operation": operation, "action": action})
}

/// The same rule for one account.
fn of(account: &str, mut rule: Value) -> Value {
    rule["account"] = json!(account);
    rule
}

fn times(count: u64, mut rule: Value) -> Value {
    rule["times"] = json!(count);
    rule
}

fn code(status: u16, code: &str) -> Value {
    json!({"status": status, "code": code, "message": format!("{code} says a test")})
}

/// The gaps of a report, `operation code` each.
fn gaps(audit: &Audit) -> BTreeSet<String> {
    let gaps = audit.report["run"]["incomplete"].as_array().unwrap();
    let text = |gap: &Value, name: &str| gap[name].as_str().unwrap().to_owned();
    gaps.iter().map(|gap| format!("{} {}", text(gap, "operation"), text(gap, "code"))).collect()
}

fn message_of(audit: &Audit, operation: &str) -> String {
    let gaps = audit.report["run"]["incomplete"].as_array().unwrap();
    let gap = gaps.iter().find(|gap| gap["operation"] == operation);
    gap.unwrap_or_else(|| panic!("no gap of {operation}: {gaps:?}"))["message"].as_str().unwrap().to_owned()
}

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

#[test]
fn f06_what_a_denial_says_is_kept_and_nothing_is_decoded() {
    let place = place();
    let good = place.account("good");
    let encoded: String = (0..1800).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
    let of_ec2 = format!(
        "You are not authorized to perform this operation. Encoded authorization failure message: {encoded}"
    );
    let of_scp = format!(
        "User: arn:aws:sts::{good}:assumed-role/x is not authorized to perform: cloudtrail:DescribeTrails with an \
         explicit deny in a service control policy"
    );
    let rules = json!([
        of(
            &good,
            fails(
                "ec2",
                "DescribeVpcEndpoints",
                json!({"status": 403, "code": "UnauthorizedOperation", "message": of_ec2})
            )
        ),
        of(
            &good,
            fails(
                "cloudtrail",
                "DescribeTrails",
                json!({"status": 400, "code": "AccessDeniedException", "message": of_scp})
            )
        ),
    ]);
    let audit = place.audit(&["good"], &rules, &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert!(
        message_of(&audit, "ec2:DescribeVpcEndpoints").ends_with(&encoded),
        "it can be decoded by whoever may"
    );
    assert!(
        message_of(&audit, "cloudtrail:DescribeTrails").contains("explicit deny in a service control policy")
    );
    let calls = place.emulator.requests();
    assert!(!calls.keys().any(|call| call.contains("DecodeAuthorizationMessage")), "{calls:?}");
}

#[test]
fn f07_a_session_that_ends_in_mid_run_is_entered_once_more() {
    let place = place();
    let good = place.account("good");
    let undisturbed = place.audit(&["good"], &json!([]), &[]);
    let entered = place.emulator.requests()["sts:AssumeRole"];
    assert_eq!(undisturbed.code(), 0, "{}", undisturbed.errors());
    // In the words of each protocol; with one call at a time nobody else can fetch the credentials.
    for (service, operation, concurrency) in [
        ("s3", "GetBucketPolicy", "64"),
        ("ec2", "DescribeVpcEndpoints", "64"),
        ("cloudtrail", "GetTrailStatus", "64"),
        ("cloudwatch", "DescribeAlarms", "64"),
        ("sns", "GetTopicAttributes", "1"),
    ] {
        let rules = json!([of(&good, times(1, fails(service, operation, json!({"expire": true}))))]);
        let audit = place.audit(&["good"], &rules, &["--max-concurrency", concurrency]);
        assert_eq!(audit.statuses(), undisturbed.statuses(), "{service}: {}", audit.errors());
        assert_eq!(audit.code(), 0, "{service}: {}", audit.errors());
        assert_eq!(place.emulator.requests()["sts:AssumeRole"], entered + 1, "{service}");
    }
}

#[test]
fn f07_credentials_that_never_work_are_not_fetched_again_and_again() {
    let place = place();
    let good = place.account("good");
    let rules = json!([{"account": good, "action": code(400, "ExpiredToken")}]);
    let audit = place.audit(&["good"], &rules, &["--only", "guardduty"]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert_eq!(
        place.emulator.requests()["sts:AssumeRole"],
        1,
        "the members of which others are judged are left out"
    );
    assert!(gaps(&audit).iter().any(|gap| gap.ends_with(" ExpiredToken")), "{:?}", gaps(&audit));
}

#[test]
fn f08_credentials_that_aws_does_not_take_end_with_4_and_a_hint() {
    let place = place();
    let expired = "Signature expired: 20261130T000000Z is now earlier than 20261130T001000Z";
    for (code, message, hint) in [
        (
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            "deleted or deactivated",
        ),
        (
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match",
            "AWS_SECRET_ACCESS_KEY",
        ),
        ("SignatureDoesNotMatch", expired, "the clock of this machine"),
        (
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large",
            "clock",
        ),
        ("ExpiredToken", "The security token included in the request is expired", "sign in again"),
    ] {
        let action = json!({"status": 403, "code": code, "message": message});
        let audit = place.audit(&["good"], &json!([fails("sts", "GetCallerIdentity", action)]), &[]);
        let said = audit.errors().replace("\n  │ ", " ").replace("\n        ", " ");
        assert_eq!(audit.code(), 4, "{code}: {said}");
        assert!(said.contains(code) && said.contains(hint), "{code}: {said}");
        assert!(audit.report.is_null());
    }
}

#[test]
fn f09_a_role_that_is_missing_or_a_wrong_external_id_locks_only_the_members() {
    let place = place();
    let roles = ["management", "good", "closed"];
    let audit = place.audit(&roles, &json!([]), &["--role", "NobodyMadeIt"]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert_eq!(audit.account(&place.account("good")), "unreachable");
    assert_eq!(audit.account(&place.account("closed")), "suspended");
    assert_eq!(audit.account(&place.account("management")), "audited");
    assert_eq!(gaps(&audit), BTreeSet::from(["sts:AssumeRole AccessDenied".to_owned()]));

    let wanted = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "the-right-one"}}}]}"#;
    let good = place.account("good");
    place.emulator.boto(&format!(
        "import botocore\n\
         iam = boto3.client('iam', endpoint_url='{}', region_name='us-east-1')\n\
         iam.meta.events.register('before-sign.iam', lambda request, **_: request.headers.add_header('x-moto-account-id', '{good}'))\n\
         try: iam.create_role(RoleName='WithId', AssumeRolePolicyDocument='''{wanted}''')\n\
         except iam.exceptions.EntityAlreadyExistsException: pass",
        place.emulator.endpoint()
    ));
    let wrong = place.audit(&["good"], &json!([]), &["--role", "WithId", "--external-id", "another-one"]);
    assert_eq!((wrong.code(), wrong.account(&good).as_str()), (3, "unreachable"), "{}", wrong.errors());
    assert!(!wrong.report.to_string().contains("another-one") && !wrong.errors().contains("another-one"));
    let right = place.audit(&["good"], &json!([]), &["--role", "WithId", "--external-id", "the-right-one"]);
    assert_eq!(right.account(&good), "audited", "{}", right.errors());
}

#[test]
fn f10_without_the_list_of_accounts_the_callers_own_is_audited_and_that_is_said() {
    let place = place();
    let rules = json!([fails("organizations", "ListAccounts", code(400, "AccessDeniedException"))]);
    let audit = place.audit(&["management"], &rules, &[]);
    let accounts = audit.report["accounts"].as_array().unwrap();
    assert_eq!(
        (accounts.len(), &accounts[0]["id"]),
        (1, &json!(place.account("management"))),
        "{}",
        audit.errors()
    );
    assert!(audit.errors().contains("could not be listed"), "{}", audit.errors());
    assert!(audit.errors().contains("auditing account 123456789012 alone"), "{}", audit.errors());
}

#[test]
fn f11_a_region_that_refuses_is_unreadable_and_one_that_is_not_enabled_is_not_asked() {
    let place = place();
    let good = place.account("good");
    for refusal in ["OptInRequired", "InvalidClientTokenId", "UnrecognizedClientException"] {
        let rules = json!([{"account": good, "region": "eu-west-1", "action": code(403, refusal)}]);
        let audit = place.audit(&["good"], &rules, &[]);
        assert_eq!(audit.code(), 3, "{refusal}: {}", audit.errors());
        let unknown = place.unknown(&["good"], &audit);
        assert!(unknown.iter().any(|[_, _, region, _]| region == "eu-west-1"), "{refusal}: {unknown:?}");
        assert!(gaps(&audit).iter().all(|gap| gap.ends_with(refusal)), "{:?}", gaps(&audit));
        let here = |key: &&[String; 4]| key[2] == "us-east-1" && key[0].starts_with("guardduty");
        assert!(!unknown.iter().any(|key| here(&key)), "{refusal}: {unknown:?}");
    }
    let only = "<DescribeRegionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><regionInfo><item>\
                <regionName>us-east-1</regionName><optInStatus>opt-in-not-required</optInStatus></item></regionInfo>\
                </DescribeRegionsResponse>";
    let rules = json!([of(
        &good,
        fails("ec2", "DescribeRegions", json!({"body": only, "content_type": "text/xml"}))
    )]);
    let audit = place.audit(&["good"], &rules, &["--only", "guardduty"]);
    assert!(audit.statuses().keys().all(|[_, _, region, _]| region != "eu-west-1"), "{:?}", audit.statuses());
    // Only the bucket that is there all the same cannot be read.
    assert_eq!(gaps(&audit), BTreeSet::from(["s3:GetBucketPolicy RegionNotEnabled".to_owned()]));
}

#[test]
fn f12_a_bucket_of_another_region_is_followed_there_once() {
    let place = place();
    let good = place.account("good");
    let bucket = format!("plain-{good}");
    let elsewhere = |region: &str, to: &str| {
        let mut action = code(301, "PermanentRedirect");
        action["headers"] = json!({"x-amz-bucket-region": to});
        json!({"service": "s3", "account": good, "region": region, "resource": bucket, "action": action})
    };
    // Where it is said to be is asked in the first region and answered.
    let located = json!({"service": "s3", "operation": "GetBucketLocation", "action": {"delay_seconds": 0}});
    let audit = place.audit(&["good"], &json!([located, elsewhere("us-east-1", "eu-west-1")]), &[]);
    assert_eq!(audit.report["run"]["complete"], true, "{:?}", gaps(&audit));
    let of_bucket = |statuses: Statuses| -> Vec<(String, String)> {
        let of_bucket = statuses.into_iter().filter(|([_, _, _, resource], _)| *resource == bucket);
        of_bucket.map(|([check, ..], status)| (check, status)).collect()
    };
    assert_eq!(of_bucket(audit.statuses()), of_bucket(place.expected(&["good"])));
    let circle = json!([located, elsewhere("us-east-1", "eu-west-1"), elsewhere("eu-west-1", "us-east-1")]);
    let audit = place.audit(&["good"], &circle, &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert!(gaps(&audit).contains("s3:GetBucketPolicy PermanentRedirect"), "{:?}", gaps(&audit));
    let asked = &audit.report["run"]["api_calls"]["by_operation"]["s3:GetBucketPolicy"];
    let before = 3;
    assert_eq!(*asked, before + 1 + hub_buckets(&place), "the bucket is asked for once in each region");
}

/// The buckets of the management account, which is read, too.
fn hub_buckets(place: &Place) -> u64 {
    place
        .undisturbed
        .keys()
        .filter(|[check, account, ..]| {
            check == "bucket-not-public" && *account == place.account("management")
        })
        .count() as u64
}

#[test]
fn f13_what_vanishes_between_list_and_get_is_known_to_be_gone() {
    let place = place();
    let good = place.account("good");
    let bucket = format!("plain-{good}");
    for call in
        ["GetBucketTagging", "GetBucketPolicy", "GetBucketEncryption", "ListBucketInventoryConfigurations"]
    {
        let mut rule = of(&good, fails("s3", call, code(404, "NoSuchBucket")));
        rule["resource"] = json!(bucket);
        let audit = place.audit(&["good"], &json!([rule]), &[]);
        assert_eq!(audit.report["run"]["complete"], true, "{call}: {:?}", gaps(&audit));
        let mut expected = place.expected(&["good"]);
        expected.retain(|[_, _, _, resource], _| *resource != bucket);
        assert_eq!(audit.statuses(), expected, "{call}");
    }
    for call in ["GetTrailStatus", "GetEventSelectors"] {
        let rules = json!([of(&good, fails("cloudtrail", call, code(400, "TrailNotFoundException")))]);
        let audit = place.audit(&["good"], &rules, &[]);
        assert_eq!(audit.report["run"]["complete"], true, "{call}: {:?}", gaps(&audit));
        let statuses = audit.statuses();
        assert!(!statuses.keys().any(|[check, ..]| check == "trail-is-delivering"), "{call}: {statuses:?}");
        // What was logged by that trail alone is logged by nobody.
        let reads = audit.status("object-reads-logged", &good, &bucket);
        assert_eq!(reads, "fail", "{call}");
    }
    let not_owned = json!({"status": 400, "code": "BadRequestException",
        "message": "The request is rejected because the input detectorId is not owned by the current account."});
    let rules = json!([
        of(&good, fails("events", "ListTargetsByRule", code(400, "ResourceNotFoundException"))),
        of(&good, fails("sns", "GetSubscriptionAttributes", code(404, "NotFound"))),
        of(&good, fails("guardduty", "GetDetector", not_owned)),
    ]);
    let audit = place.audit(&["good"], &rules, &[]);
    assert_eq!(audit.report["run"]["complete"], true, "{:?}", gaps(&audit));
    let statuses = audit.statuses();
    assert!(!statuses.keys().any(|[check, ..]| check == "event-rule-targets-reachable"), "{statuses:?}");
    assert_eq!(audit.status("guardduty-enabled", &good, &format!("{good}/us-east-1")), "fail");
    assert_eq!(audit.status("bulk-download-alarm", &good, &good), "fail", "nobody is subscribed any more");
}

#[test]
fn f14_what_is_not_configured_is_known_to_be_empty() {
    let place = place();
    let perimeter = place.account("perimeter");
    let none = [
        ("s3", "GetBucketPolicy", "NoSuchBucketPolicy"),
        ("s3", "GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        ("s3", "GetBucketTagging", "NoSuchTagSet"),
        ("s3", "GetBucketOwnershipControls", "OwnershipControlsNotFoundError"),
        ("s3", "GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError"),
        ("s3", "GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration"),
        ("s3", "GetBucketReplication", "ReplicationConfigurationNotFoundError"),
        ("s3", "GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"),
        ("s3control", "GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        ("s3control", "GetAccessPointPolicy", "NoSuchAccessPointPolicy"),
    ];
    let rules: Vec<Value> = none
        .into_iter()
        .map(|(service, call, code_)| of(&perimeter, fails(service, call, code(404, code_))))
        .collect();
    let audit = place.audit(&["perimeter"], &json!(rules), &[]);
    assert_eq!(audit.report["run"]["complete"], true, "{:?}", gaps(&audit));
    let asked = place.emulator.requests();
    for (service, call, _) in none {
        assert!(asked.contains_key(&format!("{service}:{call}")), "{service}:{call} was not asked at all");
    }
    let statuses = audit.statuses();
    let unknown: Vec<_> = statuses.iter().filter(|(_, status)| *status == "unknown").collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let bucket = format!("trap-org-paths-{perimeter}");
    assert_eq!(audit.status("bucket-blocks-public-access", &perimeter, &bucket), "fail");
    assert_eq!(
        audit.status("bucket-not-public", &perimeter, &bucket),
        "pass",
        "without a policy nobody is let in"
    );
}

#[test]
fn f15_an_error_code_that_nobody_knows_is_recorded_as_it_is() {
    let place = place();
    let good = place.account("good");
    let rules = json!([
        of(&good, fails("events", "ListRules", code(400, "TeapotException"))),
        of(&good, fails("s3", "GetBucketPolicy", code(400, "OutOfCheese"))),
        of(&good, fails("ec2", "DescribeVpcEndpoints", code(418, "Client.Whatever"))),
    ]);
    let audit = place.audit(&["good"], &rules, &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    let expected = [
        "ec2:DescribeVpcEndpoints Client.Whatever",
        "events:ListRules TeapotException",
        "s3:GetBucketPolicy OutOfCheese",
    ];
    assert_eq!(gaps(&audit), expected.map(str::to_owned).into());
    assert!(!place.unknown(&["good"], &audit).is_empty());
}

#[test]
fn f16_bodies_that_are_no_answer_make_nothing_known() {
    let place = place();
    let good = place.account("good");
    let body =
        |status: u16, body: &str, kind: &str| json!({"status": status, "body": body, "content_type": kind});
    let json_instead = body(403, r#"{"__type": "AccessDenied", "message": "no"}"#, "application/json");
    let big = json!({"status": 400, "body": "<html>\u{7}captive portal ", "body_size": 5_000_000});
    let rules = json!([
        // A proxy that answers 200 to everything, without a word.
        of(&good, fails("cloudtrail", "DescribeTrails", body(200, "", "application/x-amz-json-1.1"))),
        of(&good, fails("guardduty", "ListFilters", body(200, "", "application/json"))),
        of(&good, fails("s3", "GetBucketReplication", body(200, "", "application/xml"))),
        of(&good, fails("ec2", "DescribeVpcs", body(200, "", "text/xml"))),
        of(
            &good,
            fails(
                "ec2",
                "DescribeVpcEndpoints",
                body(200, "<DescribeVpcEndpointsResponse><vpcEndp", "text/xml")
            )
        ),
        of(&good, fails("s3", "GetBucketPolicy", json_instead)),
        of(&good, fails("s3", "GetBucketTagging", body(403, "", "application/xml"))),
        of(
            &good,
            fails(
                "s3",
                "GetBucketLogging",
                body(200, "<?xml version=\"1.0\" encoding=\"UTF-16\"?><BucketLog\u{e4}", "application/xml")
            )
        ),
        of(&good, fails("events", "ListRules", big)),
        of(&good, fails("guardduty", "ListIPSets", body(200, "<html>sign in first</html>", "text/html"))),
    ]);
    let audit = place.audit(&["good"], &rules, &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    let operations: BTreeSet<String> =
        gaps(&audit).iter().map(|gap| gap.split(' ').next().unwrap().to_owned()).collect();
    let expected = [
        "cloudtrail:DescribeTrails",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "events:ListRules",
        "guardduty:ListFilters",
        "guardduty:ListIPSets",
        "s3:GetBucketLogging",
        "s3:GetBucketPolicy",
        "s3:GetBucketReplication",
        "s3:GetBucketTagging",
    ];
    assert_eq!(operations, expected.map(str::to_owned).into(), "{:?}", gaps(&audit));
    for gap in audit.report["run"]["incomplete"].as_array().unwrap() {
        let message = gap["message"].as_str().unwrap();
        assert!(message.chars().count() <= 400 && !message.chars().any(char::is_control), "{message:?}");
    }
    let portal = message_of(&audit, "events:ListRules");
    assert!(portal.contains("captive portal") && portal.chars().count() <= 240, "{portal}");
    // Nothing that rests on them passes or fails.
    place.unknown(&["good"], &audit);
}

#[test]
fn f17_values_that_nobody_knows_are_kept_and_make_no_pass() {
    let place = place();
    let good = place.account("good");
    let body = |value: Value| json!({"body": value.to_string(), "content_type": "application/json"});
    let detector = json!({"status": "HIBERNATING", "serviceRole": null, "surprise": {"a": [1, null]},
        "features": [{"name": "S3_DATA_EVENTS", "status": "HALF"}, {"name": "MIND_READING", "status": "ENABLED"}],
        "findingPublishingFrequency": "EVERY_FULL_MOON", "createdAt": "2026-01-01T00:00:00.000Z"});
    let status = json!({"IsLogging": null, "Surprise": "x", "LatestDeliveryTime": null});
    let rules = json!([
        of(&good, fails("guardduty", "GetDetector", body(detector))),
        of(&good, fails("cloudtrail", "GetTrailStatus", body(status))),
    ]);
    let audit = place.audit(&["good"], &rules, &[]);
    let at = format!("{good}/us-east-1");
    for check in ["guardduty-enabled", "guardduty-s3-protection", "guardduty-publishes-promptly"] {
        let status = audit.status(check, &good, &at);
        assert!(["fail", "unknown"].contains(&status.as_str()), "{check} is {status}");
    }
    let trail = audit.status("trail-is-delivering", &good, "all-data-events");
    assert!(["fail", "unknown"].contains(&trail.as_str()), "{trail}");
    assert!(!audit.errors().contains("panicked"), "{}", audit.errors());

    // A number written as text is not guessed at.
    let rules =
        json!([of(&good, fails("events", "ListRules", body(json!({"Rules": "none", "NextToken": 7}))))]);
    let audit = place.audit(&["good"], &rules, &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert!(gaps(&audit).iter().all(|gap| gap.starts_with("events:ListRules ")), "{:?}", gaps(&audit));
    place.unknown(&["good"], &audit);
}

#[test]
fn f18_a_part_of_a_list_is_never_the_whole_of_it() {
    let place = place();
    let good = place.account("good");
    let page = |value: Value| json!({"body": value.to_string(), "content_type": "application/json"});
    let circle = |service: &str, call: &str, field: &str, token: &str| {
        of(&good, fails(service, call, page(json!({field: [], token: "the-same"}))))
    };
    let in_one_region = |service: &str, call: &str, action: Value| {
        let mut rule = fails(service, call, action);
        rule["region"] = json!("us-east-1");
        rule
    };
    let xml = |body: &str| json!({"body": body, "content_type": "text/xml"});
    for (rules, gap) in [
        // The same token again and again.
        (
            vec![circle("guardduty", "ListFilters", "filterNames", "nextToken")],
            "guardduty:ListFilters RepeatedPageToken",
        ),
        (
            vec![circle("events", "ListEventBuses", "EventBuses", "NextToken")],
            "events:ListEventBuses RepeatedPageToken",
        ),
        (
            vec![circle("cloudtrail", "ListEventDataStores", "EventDataStores", "NextToken")],
            "cloudtrail:ListEventDataStores RepeatedPageToken",
        ),
        // A circle of two.
        (
            vec![
                of(
                    &good,
                    times(
                        1,
                        in_one_region(
                            "guardduty",
                            "ListIPSets",
                            page(json!({"ipSetIds": [], "nextToken": "a"})),
                        ),
                    ),
                ),
                of(
                    &good,
                    times(
                        1,
                        in_one_region(
                            "guardduty",
                            "ListIPSets",
                            page(json!({"ipSetIds": [], "nextToken": "b"})),
                        ),
                    ),
                ),
                of(
                    &good,
                    times(
                        1,
                        in_one_region(
                            "guardduty",
                            "ListIPSets",
                            page(json!({"ipSetIds": [], "nextToken": "a"})),
                        ),
                    ),
                ),
            ],
            "guardduty:ListIPSets RepeatedPageToken",
        ),
        // More, but not where.
        (
            vec![of(
                &good,
                fails(
                    "s3",
                    "ListBucketInventoryConfigurations",
                    xml(
                        "<ListInventoryConfigurationsResult><IsTruncated>true</IsTruncated></ListInventoryConfigurationsResult>",
                    ),
                ),
            )],
            "s3:ListBucketInventoryConfigurations BrokenPagination",
        ),
        // The second page is refused.
        (
            vec![
                json!({"account": good, "service": "events", "operation": "ListRules", "resource": "second-page",
                "action": code(400, "InvalidToken")}),
                of(
                    &good,
                    fails("events", "ListRules", page(json!({"Rules": [], "NextToken": "second-page"}))),
                ),
            ],
            "events:ListRules InvalidToken",
        ),
    ] {
        let audit = place.audit(&["good"], &json!(rules), &["--regions", "us-east-1"]);
        assert_eq!(audit.code(), 3, "{gap}: {}", audit.errors());
        assert_eq!(gaps(&audit), BTreeSet::from([gap.to_owned()]));
        // What a trail logs, no event data store need log.
        let decides = !gap.starts_with("cloudtrail:ListEventDataStores");
        assert_eq!(!place.unknown(&["good"], &audit).is_empty(), decides, "{gap}");
    }
    // What is listed twice is there once; an empty page is not the end.
    let twice = format!(
        "<ListAllMyBucketsResult><Owner><ID>x</ID></Owner><Buckets><Bucket><Name>plain-{good}</Name></Bucket>\
         <Bucket><Name>plain-{good}</Name></Bucket></Buckets></ListAllMyBucketsResult>"
    );
    let empty = "<ListAllMyBucketsResult><Owner><ID>x</ID></Owner><Buckets/><ContinuationToken>next</ContinuationToken>\
                 </ListAllMyBucketsResult>";
    let rules = json!([
        of(&good, times(1, fails("s3", "ListBuckets", xml(empty)))),
        of(&good, fails("s3", "ListBuckets", xml(&twice))),
    ]);
    let audit = place.audit(&["good"], &rules, &["--only", "buckets"]);
    assert_eq!(audit.report["run"]["complete"], true, "{:?}", gaps(&audit));
    let of_check = audit.results().iter().filter(|result| result["check"] == "bucket-not-public").count();
    assert_eq!(of_check, 1, "{:?}", audit.statuses());
}

#[test]
fn f19_answers_that_come_late_or_break_off_are_asked_for_again_or_given_up() {
    let place = place();
    let good = place.account("good");
    // Once: asked for again.
    let broken = |stop: &str, after: u64| json!({"stop_after_bytes": after, "stop": stop});
    let once = json!([
        of(&good, times(1, fails("cloudtrail", "DescribeTrails", broken("reset", 30)))),
        of(&good, times(1, fails("s3", "GetBucketPolicy", broken("reset", 1)))),
        of(&good, times(1, fails("guardduty", "GetDetector", broken("stall", 10)))),
        of(&good, times(1, fails("ec2", "DescribeVpcs", json!({"disconnect": true})))),
        of(&good, times(1, fails("sns", "GetTopicAttributes", json!({"delay_seconds": 60})))),
    ]);
    let audit = place.audit(&["good"], &once, &["--call-timeout", "12"]);
    assert_eq!(audit.statuses(), place.expected(&["good"]), "{}", audit.errors());
    assert_eq!(audit.report["run"]["complete"], true);
    // For ever: given up.
    for (action, codes) in [
        (json!({"delay_seconds": 60}), ["TimeoutError"].as_slice()),
        (broken("stall", 10), &["TimeoutError", "HTTP200"]),
        (broken("reset", 10), &["DispatchFailure", "HTTP200", "TimeoutError"]),
    ] {
        let mut rule = of(&good, fails("guardduty", "ListFilters", action.clone()));
        rule["region"] = json!("us-east-1");
        let audit = place.audit(&["good"], &json!([rule]), &["--call-timeout", "12"]);
        assert_eq!(audit.code(), 3, "{action}: {}", audit.errors());
        let mut gaps = gaps(&audit);
        // On a machine with much to do other calls may be late, too.
        gaps.retain(|gap| gap.starts_with("guardduty:ListFilters "));
        let known = |gap: &String| codes.iter().any(|code| *gap == format!("guardduty:ListFilters {code}"));
        assert!(gaps.len() == 1 && gaps.iter().all(known), "{action}: {gaps:?}");
        assert_eq!(
            audit.status("guardduty-findings-not-suppressed", &good, &format!("{good}/us-east-1")),
            "unknown"
        );
        place.unknown(&["good"], &audit);
    }
}

/// `microburst`, a fault injector of others, before the emulator.
struct Microburst {
    process: std::process::Child,
    endpoint: String,
}

impl Microburst {
    fn before(emulator: &Emulator) -> Self {
        let program = emulated::repository("target/microburst/bin/microburst");
        assert!(program.exists(), "{} is missing: run scripts/test, which installs it", program.display());
        // Free a moment ago; it takes no other way of choosing one.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = std::process::Command::new(program)
            .args(["--upstream", emulator.endpoint(), "--host", "127.0.0.1", "--port", &port.to_string()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let microburst = Self { process, endpoint: format!("http://127.0.0.1:{port}") };
        for _ in 0..600 {
            if ureq::get(microburst.control("fired")).call().is_ok() {
                return microburst;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("microburst did not answer within a minute");
    }

    fn control(&self, what: &str) -> String {
        format!("{}/_microburst/{what}", self.endpoint)
    }

    fn fail(&self, rules: &Value) {
        ureq::post(self.control("rules")).send_json(rules).unwrap();
    }

    fn fired(&self) -> Vec<Value> {
        ureq::get(self.control("fired")).call().unwrap().body_mut().read_json().unwrap()
    }
}

impl Drop for Microburst {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _status = self.process.wait();
    }
}

#[test]
fn f01_f03_f05_f09_f19_the_faults_of_another_injector_have_the_same_outcomes() {
    let place = place();
    let (good, perimeter) = (place.account("good"), place.account("perimeter"));
    let microburst = Microburst::before(&place.emulator);
    let locked = format!("contains(RoleArn, '{perimeter}')");
    microburst.fail(&json!([
        {"service": "sts", "operation": "AssumeRole", "body": locked, "error": {"code": "AccessDenied", "status": 403}},
        {"service": "cloudtrail", "operation": "DescribeTrails", "times": 2, "error": {"code": "ThrottlingException", "status": 400}},
        {"service": "s3", "operation": "GetBucketTagging", "times": 1, "error": {"code": "InternalError", "status": 500}},
        {"service": "ec2", "operation": "DescribeVpcs", "times": 1, "reset": true},
        {"service": "guardduty", "operation": "ListFilters", "region": "eu-west-1", "error": {"code": "AccessDeniedException", "status": 403}},
    ]));
    let folder = tempfile::tempdir().unwrap();
    let accounts = format!("{good},{perimeter}");
    // Its first answer takes some seconds.
    let more = ["--accounts", &accounts, "--endpoint-url", &microburst.endpoint];
    let audit = place.emulator.audit(folder.path(), &more);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    let fired: BTreeSet<String> = microburst
        .fired()
        .iter()
        .map(|fault| fault["operation"].as_str().unwrap_or_default().to_owned())
        .collect();
    let expected = ["AssumeRole", "DescribeTrails", "DescribeVpcs", "GetBucketTagging", "ListFilters"];
    assert_eq!(fired, expected.map(str::to_owned).into());
    assert_eq!(audit.account(&perimeter), "unreachable");
    let expected = ["guardduty:ListFilters AccessDeniedException", "sts:AssumeRole AccessDenied"];
    assert!(expected.iter().all(|gap| gaps(&audit).contains(*gap)), "{:?}", gaps(&audit));
    assert_eq!(gaps(&audit).len(), 2, "{:?}", gaps(&audit));
    let unknown = place.unknown(&["good"], &audit);
    assert!(
        !unknown.is_empty()
            && unknown
                .iter()
                .all(|[check, _, region, _]| check.starts_with("guardduty") && region == "eu-west-1"),
        "{unknown:?}"
    );
}
