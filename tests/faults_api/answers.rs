//! F-16 to F-18: answers that are none, that nobody knows, or that are a part.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::place::{code, fails, gaps, message_of, of, place, times};

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
fn f18_a_list_of_accounts_that_breaks_off_is_no_list_though_accounts_of_it_were_read_already() {
    let place = place();
    let (management, good) = (place.account("management"), place.account("good"));
    let listed = |id: &String| json!({"Id": id, "Name": "any", "State": "ACTIVE", "Paths": [format!("o-a1/r-a1/{id}/")]});
    let page = json!({"Accounts": [listed(&management), listed(&good)], "NextToken": "the-rest"});
    let list = |action: Value| fails("organizations", "ListAccounts", action);
    let mut late = code(400, "AccessDeniedException");
    late["delay_seconds"] = json!(10);
    place.emulator.fail(&json!([times(1, list(json!({"body": page.to_string()}))), list(late)]));
    let folder = tempfile::tempdir().unwrap();
    let audit = place.emulator.audit(folder.path(), &[]);
    place.emulator.fail(&json!([]));
    let entered = place.emulator.requests_by_account();
    assert!(entered.contains_key(&good), "it was read while the list went on: {entered:?}");
    let accounts: Vec<&str> =
        audit.report["accounts"].as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap()).collect();
    assert_eq!(accounts, [management.as_str()], "{}", audit.errors());
    assert!(audit.errors().contains("could not be listed"), "{}", audit.errors());
    // It is judged as the caller's own account always is where nothing else is known.
    let without = place.audit(&["management"], &json!([list(code(400, "AccessDeniedException"))]), &[]);
    assert_eq!(audit.statuses(), without.statuses());
}
