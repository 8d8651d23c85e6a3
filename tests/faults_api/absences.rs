//! F-11 to F-15: regions, buckets and settings that are elsewhere, gone, or not there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::place::{Place, Statuses, code, fails, gaps, of, place};

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
