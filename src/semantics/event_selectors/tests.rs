#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
//! The traps of the domain reference, one by one.

use serde_json::json;

use super::*;
use crate::semantics::verdict::Assumption;

pub fn bucket() -> BucketIdentity {
    BucketIdentity {
        name: "crown-jewels".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        partition: "aws".into(),
    }
}

fn basic(selectors: Value) -> TrailSelectors {
    TrailSelectors {
        event_selectors: serde_json::from_value(selectors).unwrap(),
        ..TrailSelectors::default()
    }
}

pub fn advanced(selectors: Value) -> TrailSelectors {
    TrailSelectors {
        advanced_event_selectors: serde_json::from_value(selectors).unwrap(),
        ..TrailSelectors::default()
    }
}

pub fn observer<'a>(name: &'a str, selectors: &'a TrailSelectors) -> Observer<'a> {
    Observer { name, selectors: ObservedSelectors::Known(selectors), active: Verdict::yes("it is logging") }
}

pub fn covered(selectors: &TrailSelectors, class: EventClass) -> Verdict {
    coverage(&bucket(), class, &[observer("trail `main`", selectors)]).verdict()
}

pub fn all_buckets(kind: &str) -> TrailSelectors {
    basic(json!([{"ReadWriteType": kind,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]))
}

pub fn values(values: Value) -> TrailSelectors {
    basic(json!([{"DataResources": [{"Type": "AWS::S3::Object", "Values": values}]}]))
}

#[test]
fn a_selector_of_all_buckets_logs_both_ways() {
    let selectors = all_buckets("All");
    assert_eq!(covered(&selectors, EventClass::Read).value, Tri::Yes);
    assert_eq!(covered(&selectors, EventClass::Write).value, Tri::Yes);
}

#[test]
fn a_write_only_selector_logs_no_reads() {
    let verdict = covered(&all_buckets("WriteOnly"), EventClass::Read);
    assert_eq!(verdict.value, Tri::No);
    assert_eq!(verdict.reason, "trail `main` logs only writes");
    assert_eq!(verdict.witness.unwrap()["eventName"], "GetObject");
    assert_eq!(covered(&all_buckets("WriteOnly"), EventClass::Write).value, Tri::Yes);
}

#[test]
fn a_selector_of_one_prefix_misses_the_other_keys() {
    let verdict = covered(&values(json!(["arn:aws:s3:::crown-jewels/pii/"])), EventClass::Read);
    assert_eq!(verdict.value, Tri::No);
    assert_eq!(
        verdict.reason,
        "`GetObject` of key `a` and `ListObjects` are not logged: trail `main` logs only keys below `pii/`"
    );
    let whole = covered(&values(json!(["arn:aws:s3:::crown-jewels/"])), EventClass::Read);
    assert_eq!(whole.value, Tri::Yes, "{}", whole.reason);
}

#[test]
fn a_bucket_without_its_slash_is_never_credited() {
    let verdict = covered(&values(json!(["arn:aws:s3:::crown-jewels"])), EventClass::Read);
    assert_eq!(verdict.value, Tri::No);
}

#[test]
fn three_colons_mean_everything_by_assumption() {
    let verdict = covered(&values(json!(["arn:aws:s3:::"])), EventClass::Read);
    assert_eq!(verdict.value, Tri::Yes);
    assert!(verdict.assumptions.contains(&Assumption(6)));
}

#[test]
fn a_wildcard_is_a_plain_character() {
    assert_eq!(covered(&values(json!(["arn:aws:s3:::*"])), EventClass::Read).value, Tri::No);
    assert_eq!(covered(&values(json!(["arn:aws:s3:::crown-jewels/*"])), EventClass::Read).value, Tri::No);
}

#[test]
fn another_partitions_buckets_are_not_ours() {
    assert_eq!(covered(&values(json!(["arn:aws-cn:s3"])), EventClass::Read).value, Tri::No);
}

#[test]
fn a_trail_without_selectors_logs_no_data_events() {
    let verdict = covered(&TrailSelectors::default(), EventClass::Read);
    assert_eq!(verdict.value, Tri::No);
    assert_eq!(verdict.reason, "trail `main` logs no S3 data events");
}

#[test]
fn no_trail_logs_nothing() {
    let verdict = coverage(&bucket(), EventClass::Read, &[]).verdict();
    assert_eq!(verdict.value, Tri::No);
    assert!(verdict.reason.contains("no trail"), "{}", verdict.reason);
}

#[test]
fn a_stopped_trail_says_so() {
    let selectors = all_buckets("All");
    let stopped =
        Observer { active: Verdict::no("trail `main` is stopped"), ..observer("trail `main`", &selectors) };
    let verdict = coverage(&bucket(), EventClass::Read, &[stopped]).verdict();
    assert_eq!(verdict.value, Tri::No);
    assert_eq!(verdict.reason, "trail `main` is stopped");
}

#[test]
fn two_trails_together_may_cover_a_bucket() {
    let (reads, writes) = (all_buckets("ReadOnly"), all_buckets("WriteOnly"));
    let both = [observer("trail `r`", &reads), observer("trail `w`", &writes)];
    assert_eq!(coverage(&bucket(), EventClass::Read, &both).verdict().value, Tri::Yes);
    assert_eq!(coverage(&bucket(), EventClass::Write, &both).verdict().value, Tri::Yes);
    let halves =
        [values(json!(["arn:aws:s3:::crown-jewels/a"])), values(json!(["arn:aws:s3:::crown-jewels/b"]))];
    let halves: Vec<Observer<'_>> = halves.iter().map(|half| observer("trail `h`", half)).collect();
    assert_eq!(coverage(&bucket(), EventClass::Read, &halves).verdict().value, Tri::No);
}

pub fn data(more: &Value) -> Value {
    let mut fields = vec![
        json!({"Field": "eventCategory", "Equals": ["Data"]}),
        json!({"Field": "resources.type", "Equals": ["AWS::S3::Object"]}),
    ];
    fields.extend(more.as_array().unwrap().iter().cloned());
    json!({"FieldSelectors": fields})
}

#[test]
fn advanced_selectors_cover_what_they_do_not_narrow() {
    let value = |more: Value| covered(&advanced(json!([data(&more)])), EventClass::Read).value;
    assert_eq!(value(json!([])), Tri::Yes);
    assert_eq!(value(json!([{"Field": "readOnly", "Equals": ["true"]}])), Tri::Yes);
    assert_eq!(value(json!([{"Field": "readOnly", "Equals": ["false"]}])), Tri::No);
    assert_eq!(value(json!([{"Field": "eventName", "Equals": ["GetObject"]}])), Tri::No);
    assert_eq!(value(json!([{"Field": "eventName", "NotEquals": ["DeleteObject"]}])), Tri::Yes);
    assert_eq!(value(json!([{"Field": "eventName", "NotStartsWith": ["Put", "Delete"]}])), Tri::Yes);
    assert_eq!(value(json!([{"Field": "eventName", "NotEquals": ["HeadObject"]}])), Tri::No);
    let log_bucket = json!([{"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::log-bucket/"]}]);
    assert_eq!(value(log_bucket), Tri::Yes);
    let this_bucket = json!([{"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::crown-jewels/"]}]);
    assert_eq!(value(this_bucket), Tri::No);
    let one_key = json!([{"Field": "resources.ARN", "NotEndsWith": [".log"]}]);
    assert_eq!(value(one_key), Tri::No);
    let role = json!([{"Field": "userIdentity.arn", "NotStartsWith": ["arn:aws:sts::111122223333:assumed-role/etl"]}]);
    assert_eq!(value(role), Tri::No);
}

#[test]
fn two_advanced_selectors_may_complement_each_other() {
    let selectors = advanced(json!([
        data(&json!([{"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::crown-jewels/pii/"]}])),
        data(&json!([{"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::crown-jewels/pii/"]}])),
    ]));
    let verdict = covered(&selectors, EventClass::Read);
    assert_eq!(verdict.value, Tri::Yes, "{}", verdict.reason);
}

#[test]
fn directory_buckets_are_another_type() {
    let selectors = advanced(json!([{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3Express::Object"]},
    ]}]));
    assert_eq!(covered(&selectors, EventClass::Read).value, Tri::No);
}

#[test]
fn unread_selectors_are_unknown_unless_another_trail_covers() {
    let unread = || Observer {
        name: "trail `x`",
        selectors: ObservedSelectors::Unknown,
        active: Verdict::unknown("not known because of a denial"),
    };
    let class = EventClass::Read;
    assert_eq!(coverage(&bucket(), class, &[unread()]).verdict().value, Tri::Unknown);
    let selectors = all_buckets("All");
    let with = [unread(), observer("trail `main`", &selectors)];
    assert_eq!(coverage(&bucket(), class, &with).verdict().value, Tri::Yes);
}

fn management(selectors: &TrailSelectors) -> Verdict {
    management_coverage("111122223333", "eu-west-1", "aws", &[observer("trail `main`", selectors)])
}

#[test]
fn management_events_are_logged_unless_selectors_drop_them() {
    assert_eq!(management(&TrailSelectors::default()).value, Tri::Yes);
    assert_eq!(management(&all_buckets("All")).value, Tri::Yes);
    assert_eq!(management(&all_buckets("WriteOnly")).value, Tri::No);
    let without = basic(json!([{"IncludeManagementEvents": false}]));
    assert_eq!(management(&without).value, Tri::No);
    let kms = basic(json!([{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]));
    assert_eq!(management(&kms).value, Tri::Yes);
    let only_data = advanced(json!([data(&json!([]))]));
    let verdict = management(&only_data);
    assert_eq!(verdict.value, Tri::No, "an advanced selector drops the default management logging");
    assert_eq!(verdict.witness.unwrap()["eventCategory"], "Management");
    let both = advanced(json!([data(&json!([])),
        {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]));
    assert_eq!(management(&both).value, Tri::Yes);
}

#[test]
fn a_listing_is_logged_by_a_selector_of_its_bucket() {
    let listing = json!({"eventCategory": "Data", "readOnly": true, "eventName": "ListObjects",
        "resources": [{"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::crown-jewels/"},
            {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::crown-jewels"}]});
    assert_eq!(matches(&values(json!(["arn:aws:s3:::crown-jewels/"])), &listing).value, Tri::Yes);
    assert_eq!(matches(&values(json!(["arn:aws:s3:::crown-jewels/pii"])), &listing).value, Tri::No);
}

#[test]
fn absent_fields_fail_positive_and_pass_negative_conditions() {
    let event = json!({"eventCategory": "Data", "readOnly": true, "eventName": "GetObject",
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k"}]});
    let ask = |more: Value| matches(&advanced(json!([data(&more)])), &event);
    let positive = ask(json!([{"Field": "userIdentity.arn", "StartsWith": ["arn:"]}]));
    assert_eq!(positive.value, Tri::No);
    let negative = ask(json!([{"Field": "userIdentity.arn", "NotEquals": ["arn:x"]}]));
    assert_eq!(negative.value, Tri::Yes);
    assert!(negative.assumptions.contains(&Assumption(8)));
}

#[test]
fn what_aws_rejects_is_invalid() {
    let event = json!({"eventCategory": "Data"});
    for line in [
        json!({"advanced_event_selectors": [{"FieldSelectors": [{"Field": "readOnly", "Equals": ["true"]}]}]}),
        json!({"advanced_event_selectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]}),
        json!({"event_selectors": [{"ReadWriteType": "Both"}]}),
        json!({"event_selectors": [{"readWriteType": "All"}]}),
        json!({"event_selectors": [{}], "advanced_event_selectors": [data(&json!([]))]}),
        json!({"advanced_event_selectors": [data(&json!([{"Field": "readOnly", "StartsWith": ["t"]}]))]}),
        json!({"advanced_event_selectors": [data(&json!([{"Field": "nothing", "Equals": ["t"]}]))]}),
        json!({"event_selectors": [{}, {}, {}, {}, {}, {}]}),
        json!({"event_selectors": "All"}),
    ] {
        let mut line = line;
        line["event"] = event.clone();
        assert!(question(&line).is_err(), "{line}");
    }
    assert!(question(&json!({"event_selectors": []})).is_err());
}

#[test]
fn event_data_stores_may_narrow_management_events() {
    let store = |more: Value| {
        let mut fields = vec![json!({"Field": "eventCategory", "Equals": ["Management"]})];
        fields.extend(more.as_array().unwrap().iter().cloned());
        management(&advanced(json!([{"FieldSelectors": fields}])))
    };
    assert_eq!(store(json!([])).value, Tri::Yes);
    assert_eq!(store(json!([{"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}])).value, Tri::Yes);
    let no_s3 = store(json!([{"Field": "eventSource", "NotEquals": ["s3.amazonaws.com"]}]));
    assert_eq!(no_s3.value, Tri::No);
    assert_eq!(
        no_s3.reason,
        "`PutBucketPolicy` of s3.amazonaws.com is not logged in eu-west-1: trail `main` does not select it"
    );
    let writes = store(json!([{"Field": "readOnly", "Equals": ["false"]}]));
    assert_eq!(writes.witness.unwrap()["eventName"], "GetBucketPolicy");
    assert_eq!(store(json!([{"Field": "eventName", "NotEquals": ["StopLogging"]}])).value, Tri::No);
    let role = store(json!([{"Field": "userIdentity.arn", "NotEndsWith": ["/etl"]}]));
    assert_eq!(role.value, Tri::No);
    assert!(role.witness.unwrap()["userIdentity"]["arn"].as_str().unwrap().ends_with("/etl"));
    let nothing = management_coverage("111122223333", "eu-west-1", "aws", &[]);
    assert_eq!(nothing.reason, "no trail or event data store covers account 111122223333 in eu-west-1");
    assert!(nothing.witness.is_some());
}

#[test]
fn misspelt_keys_of_a_part_are_invalid() {
    let event = json!({"eventCategory": "Data"});
    for line in [
        json!({"event_selectors": [{"DataResources": [{"Type": "AWS::S3::Object", "values": []}]}]}),
        json!({"advanced_event_selectors": [{"FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Management"], "notEquals": ["x"]}]}]}),
        json!({"EventSelectors": [{}]}),
        json!({"advanced_event_selectors": [{"Name": "x"}]}),
        json!({"advanced_event_selectors": [null]}),
    ] {
        let mut line = line;
        line["event"] = event.clone();
        assert!(question(&line).is_err(), "{line}");
    }
}
