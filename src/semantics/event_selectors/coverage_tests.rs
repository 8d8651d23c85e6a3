#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
//! The traps of coverage: critical points, reasons, doubt and size.

use serde_json::{Value, json};

use super::tests::{advanced, all_buckets, bucket, covered, data, observer, values};
use super::{EventClass, ObservedSelectors, Observer, coverage};
use crate::semantics::verdict::{Assumption, Tri, Verdict};

#[test]
fn starts_and_ends_that_overlap_are_told_apart() {
    let value =
        |more: Value| covered(&advanced(json!([data(&json!([])), data(&more)])), EventClass::Read).value;
    assert_eq!(value(json!([{"Field": "resources.ARN", "EndsWith": [".csv"]}])), Tri::Yes);
    let split = |first: Value, second: Value| {
        covered(&advanced(json!([data(&first), data(&second)])), EventClass::Read)
    };
    let verdict = split(
        json!([{"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::crown-jewels/pii/"]}]),
        json!([{"Field": "resources.ARN", "NotEndsWith": [".csv"]}]),
    );
    assert_eq!(verdict.value, Tri::No);
    let witness = verdict.witness.unwrap();
    let arn = witness["resources"][0]["ARN"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:s3:::crown-jewels/pii/") && arn.ends_with(".csv"), "{arn}");
    let verdict = split(
        json!([{"Field": "eventName", "NotStartsWith": ["Get"]}]),
        json!([{"Field": "eventName", "NotEndsWith": ["Zz"]}]),
    );
    assert_eq!(verdict.value, Tri::No, "a future `Get…Zz` escapes both");
    let verdict = split(
        json!([{"Field": "resources.ARN", "EndsWith": ["/a"]}]),
        json!([{"Field": "resources.ARN", "NotEquals": ["arn:aws:s3:::crown-jewels/a"]}]),
    );
    assert_eq!(
        verdict.value,
        Tri::Yes,
        "an end that reaches back into the bucket's name: {}",
        verdict.reason
    );
}

#[test]
fn a_caller_or_a_console_session_left_out_is_an_escape() {
    let value = |more: Value| covered(&advanced(json!([data(&more)])), EventClass::Read);
    let console = value(json!([{"Field": "sessionCredentialFromConsole", "NotEquals": ["true"]}]));
    assert_eq!(console.value, Tri::No);
    assert_eq!(console.witness.unwrap()["sessionCredentialFromConsole"], "true");
    let anonymous = value(json!([{"Field": "userIdentity.arn", "StartsWith": ["arn:"]}]));
    assert_eq!(anonymous.value, Tri::No, "callers without an ARN escape");
    assert!(anonymous.witness.unwrap().get("userIdentity").is_none());
    let hoped =
        value(json!([{"Field": "userIdentity.arn", "NotEquals": ["arn:aws:iam::111122223333:role/*"]}]));
    assert_eq!(hoped.value, Tri::Yes, "{}", hoped.reason);
    assert!(hoped.assumptions.contains(&Assumption(8)));
}

#[test]
fn listings_are_judged_on_the_whole_bucket() {
    let objects = data(&json!([{"Field": "eventName", "NotEquals": ["ListObjects"]}]));
    let only = |arn: Value| {
        let mut selector = json!({"Field": "resources.ARN"});
        selector["StartsWith"] = arn;
        data(&json!([{"Field": "eventName", "Equals": ["ListObjects"]}, selector]))
    };
    let below = advanced(json!([objects, only(json!(["arn:aws:s3:::crown-jewels/pii/"]))]));
    let verdict = covered(&below, EventClass::Read);
    assert_eq!(verdict.value, Tri::No);
    assert_eq!(verdict.witness.unwrap()["resources"][0]["ARNPrefix"], "arn:aws:s3:::crown-jewels/");
    let whole = advanced(json!([objects, only(json!(["arn:aws:s3:::crown-jewels/"]))]));
    assert_eq!(covered(&whole, EventClass::Read).value, Tri::Yes);
    let exactly = advanced(json!([
        objects,
        data(&json!([
        {"Field": "eventName", "Equals": ["ListObjects"]},
        {"Field": "resources.ARN", "Equals": ["arn:aws:s3:::crown-jewels/"]}]))
    ]));
    assert_eq!(
        covered(&exactly, EventClass::Read).value,
        Tri::Unknown,
        "it is not documented what a prefix's listing names"
    );
}

#[test]
fn reasons_say_what_each_observer_lacks() {
    let (writes, prefix, all) =
        (all_buckets("WriteOnly"), values(json!(["arn:aws:s3:::crown-jewels/pii/"])), all_buckets("All"));
    let stopped = Observer { active: Verdict::no("trail `z` is stopped"), ..observer("trail `z`", &all) };
    let observers = [observer("trail `x`", &writes), observer("trail `y`", &prefix), stopped];
    let verdict = coverage(&bucket(), EventClass::Read, &observers).verdict();
    assert!(
        verdict.reason.ends_with(
            "trail `x` logs only writes; trail `y` logs only keys below `pii/`; trail `z` is stopped"
        ),
        "{}",
        verdict.reason
    );
    let slashless = covered(&values(json!(["arn:aws:s3:::crown-jewels"])), EventClass::Read);
    assert!(slashless.reason.contains("without the slash"), "{}", slashless.reason);
    let other = covered(&values(json!(["arn:aws:s3:::other/"])), EventClass::Read);
    assert_eq!(other.reason, "trail `main` logs data events of other buckets only");
    let out = advanced(json!([data(&json!([
        {"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::crown-jewels/"]}]))]));
    assert_eq!(covered(&out, EventClass::Read).reason, "trail `main` leaves bucket `crown-jewels` out");
    let names = advanced(json!([data(&json!([{"Field": "eventName", "Equals": ["GetObject"]}]))]));
    let verdict = covered(&names, EventClass::Read);
    assert!(verdict.reason.ends_with("trail `main` logs only operations `GetObject`"), "{}", verdict.reason);
}

#[test]
fn a_doubtful_trail_makes_doubt_and_no_more() {
    let (all, writes) = (all_buckets("All"), all_buckets("WriteOnly"));
    let doubtful = |selectors| Observer {
        active: Verdict::unknown("its status is not known"),
        ..observer("t", selectors)
    };
    let read = EventClass::Read;
    let verdict = coverage(&bucket(), read, &[doubtful(&all)]).verdict();
    assert_eq!((verdict.value, verdict.reason.as_str()), (Tri::Unknown, "its status is not known"));
    assert_eq!(coverage(&bucket(), read, &[doubtful(&writes)]).verdict().value, Tri::No);
    let unread = Observer { selectors: ObservedSelectors::Unknown, ..observer("trail `u`", &all) };
    let verdict = coverage(&bucket(), read, std::slice::from_ref(&unread)).verdict();
    assert_eq!(verdict.reason, "what trail `u` selects is not known");
    let stopped = Observer { active: Verdict::no("stopped"), ..unread };
    assert_eq!(coverage(&bucket(), read, &[stopped]).verdict().value, Tri::No);
}

#[test]
fn unknown_fields_and_types_make_doubt() {
    let unknown = advanced(json!([data(&json!([{"Field": "resources.tags", "Equals": ["x"]}]))]));
    assert_eq!(covered(&unknown, EventClass::Read).value, Tri::Unknown);
    assert_eq!(covered(&all_buckets("Sometimes"), EventClass::Read).value, Tri::Unknown);
}

#[test]
fn hundreds_of_values_are_looked_at_exactly_and_soon() {
    let started = std::time::Instant::now();
    let arns: Vec<String> = (0..500).map(|n| format!("arn:aws:s3:::crown-jewels/{n:03}/")).collect();
    let selectors = advanced(json!([
        data(&json!([{"Field": "resources.ARN", "StartsWith": arns}])),
        data(&json!([{"Field": "resources.ARN", "NotStartsWith": arns}]))
    ]));
    assert_eq!(covered(&selectors, EventClass::Read).value, Tri::Yes);
    let mut fewer = arns.clone();
    fewer.pop();
    let selectors = advanced(json!([
        data(&json!([{"Field": "resources.ARN", "StartsWith": fewer}])),
        data(&json!([{"Field": "resources.ARN", "NotStartsWith": arns}]))
    ]));
    let verdict = covered(&selectors, EventClass::Read);
    assert_eq!(verdict.value, Tri::No);
    assert!(verdict.witness.unwrap()["resources"][0]["ARN"].as_str().unwrap().contains("/499/"));
    let ends: Vec<String> = (0..250).map(|n| format!(".{n}")).collect();
    let selectors = advanced(json!([
        data(&json!([{"Field": "resources.ARN", "StartsWith": arns[..250], "EndsWith": ends}])),
        data(&json!([{"Field": "resources.ARN", "NotStartsWith": arns[..250]}])),
        data(&json!([{"Field": "resources.ARN", "NotEndsWith": ends}]))
    ]));
    assert_eq!(covered(&selectors, EventClass::Read).value, Tri::Yes);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn overlong_keys_do_not_exist() {
    let long = format!("arn:aws:s3:::crown-jewels/{}", "k".repeat(1025));
    let selectors = advanced(json!([data(&json!([{"Field": "resources.ARN", "NotEquals": [long]}]))]));
    assert_eq!(covered(&selectors, EventClass::Read).value, Tri::Unknown);
}

#[test]
fn a_new_operation_on_the_whole_bucket_is_doubt() {
    let selectors = advanced(json!([
        data(&json!([{"Field": "eventName", "NotEndsWith": ["Put"], "NotEquals": ["ListObjects"]}])),
        data(&json!([{"Field": "resources.ARN", "NotEquals": ["arn:aws:s3:::crown-jewels/"]}])),
    ]));
    assert_eq!(covered(&selectors, EventClass::Write).value, Tri::Unknown);
}
