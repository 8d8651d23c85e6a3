//! Ways from a call to a person, whole and with one link that is broken.

use super::*;
use crate::facts::samples;
use crate::semantics::configuration::{
    EventSelector, MetricAlarm, MetricFilter, MetricTransformation, TrailSelectors,
};
use crate::snapshot::{Alarms, LogGroup, Reading, RegionAlarms, Target, Trail, TrailDetails, TrailStatus};

const LOG_GROUP: &str = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*";
const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/all";

/// An account with a topic and a trail of management events in its only region, and nothing that tells of them.
fn account() -> AccountSnapshot {
    let mut account = samples::account_with_topic();
    region(&mut account).trails = Reading::Known(vec![Trail {
        name: "all".into(),
        arn: TRAIL.into(),
        home_region: samples::REGION.into(),
        multi_region: true,
        organization: false,
        include_global_service_events: true,
        s3_bucket: "logs".into(),
        log_group_arn: Some(LOG_GROUP.into()),
        log_group_role_arn: Some("arn:aws:iam::111122223333:role/trail".into()),
        kms_key_id: None,
        log_file_validation: true,
    }]);
    let status = TrailStatus { is_logging: true, ..TrailStatus::default() };
    let details =
        TrailDetails { status: Reading::Known(status), selectors: Reading::Known(TrailSelectors::default()) };
    account.trail_details.insert(TRAIL.into(), details);
    account.log_groups.insert(LOG_GROUP.into(), log_group(Vec::new()));
    account
}

fn log_group(filters: Vec<MetricFilter>) -> LogGroup {
    LogGroup { class: Reading::Known(Some("STANDARD".into())), metric_filters: Reading::Known(filters) }
}

fn region(account: &mut AccountSnapshot) -> &mut crate::snapshot::Region {
    account.regional.entry(samples::REGION.into()).or_insert_with(samples::region)
}

fn rule(pattern: &Value) -> Rule {
    Rule {
        name: "tampering".into(),
        arn: "arn:aws:events:eu-west-1:111122223333:rule/tampering".into(),
        bus: "default".into(),
        event_pattern: pattern.to_string(),
        state: "ENABLED".into(),
        managed_by: None,
        targets: Reading::Known(vec![Target { id: "1".into(), arn: samples::TOPIC.into(), role_arn: None }]),
    }
}

fn all_calls() -> Value {
    json!({"source": ["aws.s3", "aws.cloudtrail", "aws.guardduty"], "detail-type": ["AWS API Call via CloudTrail"]})
}

fn with_rules(rules: Vec<Rule>) -> AccountSnapshot {
    let mut account = account();
    region(&mut account).rules = Reading::Known(rules);
    account
}

/// The account with a metric filter of this pattern, and an alarm from `threshold` calls on.
fn with_filter(pattern: &str, threshold: f64) -> AccountSnapshot {
    let mut account = account();
    let filter = MetricFilter {
        filter_name: "tampering".into(),
        filter_pattern: pattern.into(),
        log_group_name: "trail".into(),
        metric_transformations: vec![MetricTransformation {
            metric_name: "Tampering".into(),
            metric_namespace: "Security".into(),
            metric_value: "1".into(),
            ..MetricTransformation::default()
        }],
        ..MetricFilter::default()
    };
    account.log_groups.insert(LOG_GROUP.into(), log_group(vec![filter]));
    let alarm = MetricAlarm {
        alarm_name: "tampering".into(),
        alarm_arn: "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:tampering".into(),
        actions_enabled: true,
        alarm_actions: vec![samples::TOPIC.into()],
        state_value: "OK".into(),
        namespace: Some("Security".into()),
        metric_name: Some("Tampering".into()),
        statistic: Some("Sum".into()),
        period: Some(300),
        evaluation_periods: 1,
        threshold: Some(threshold),
        comparison_operator: "GreaterThanOrEqualToThreshold".into(),
        treat_missing_data: Some("notBreaching".into()),
        ..MetricAlarm::default()
    };
    let alarms = RegionAlarms {
        alarms: Reading::Known(Alarms { metric: vec![alarm], ..Alarms::default() }),
        mute_rules: Reading::Known(Vec::new()),
        read_at: samples::NOW.into(),
    };
    account.alarms.insert(samples::REGION.into(), alarms);
    account
}

/// A pattern that counts every call by name.
fn filter_of(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("($.eventName = {name})")).collect();
    format!("{{ {} }}", names.join(" || "))
}

const TRAIL_CALLS: [&str; 4] = ["StopLogging", "DeleteTrail", "PutEventSelectors", "UpdateTrail"];

fn judged(account: &AccountSnapshot) -> [Fact; 3] {
    samples::with_context(&samples::organization(), |context| {
        let alerting = Alerting::of(account, context);
        let tampering = Tampering::of(account, context, &alerting);
        [tampering.of_trails(), tampering.of_buckets(), tampering.in_region(samples::REGION)]
    })
}

fn answers(account: &AccountSnapshot) -> [Tri; 3] {
    judged(account).map(|fact| fact.holds)
}

#[test]
fn without_an_alarm_or_a_rule_nobody_hears_and_every_call_is_named() {
    let [trails, buckets, region] = judged(&account());
    assert_eq!([trails.holds, buckets.holds, region.holds], [Tri::No; 3]);
    assert_eq!(
        trails.reason,
        "`StopLogging` in `eu-west-1`: no metric filter with an alarm counts it; no EventBridge rule matches it (in \
         all: `DeleteTrail`, `PutEventSelectors`, `StopLogging`, `UpdateTrail` in `eu-west-1`)"
    );
    let calls = region.witness.unwrap_or_default()["unheard_calls"].clone();
    assert_eq!(calls.as_array().map(Vec::len), Some(6), "{calls}");
    assert_eq!(calls[0], json!({"eventName": "PutBucketPolicy", "awsRegion": "eu-west-1"}));
}

#[test]
fn a_rule_on_all_calls_tells_of_all() {
    let account = with_rules(vec![rule(&all_calls())]);
    assert_eq!(answers(&account), [Tri::Yes; 3], "{:?}", judged(&account));
}

#[test]
fn an_alarm_tells_of_what_its_filter_counts() {
    let account = with_filter(&filter_of(&TRAIL_CALLS), 1.0);
    assert_eq!(answers(&account), [Tri::Yes, Tri::No, Tri::No], "{:?}", judged(&account));
}

#[test]
fn rules_and_alarms_share_the_calls_out() {
    let mut account = with_filter(&filter_of(&TRAIL_CALLS), 1.0);
    let pattern = json!({"source": ["aws.s3", "aws.guardduty"]});
    region(&mut account).rules = Reading::Known(vec![rule(&pattern)]);
    assert_eq!(answers(&account), [Tri::Yes; 3], "{:?}", judged(&account));
}

#[test]
fn an_alarm_that_one_call_does_not_raise_tells_of_nothing() {
    let [trails, ..] = judged(&with_filter(&filter_of(&TRAIL_CALLS), 5.0));
    assert_eq!(trails.holds, Tri::No);
    assert!(
        trails.reason.contains("alarm `tampering` is surely raised only by 9 such calls, not by one"),
        "{}",
        trails.reason
    );
}

#[test]
fn a_filter_on_one_kind_of_caller_misses_the_other() {
    let only_users = "{ ($.userIdentity.type = IAMUser) && ($.eventSource = cloudtrail.amazonaws.com) }";
    assert_eq!(answers(&with_filter(only_users, 1.0))[0], Tri::No);
}

#[test]
fn a_trail_that_does_not_reach_its_log_group_feeds_no_filter() {
    let mut account = with_filter(&filter_of(&TRAIL_CALLS), 1.0);
    if let Some(TrailDetails { status: Reading::Known(status), .. }) = account.trail_details.get_mut(TRAIL) {
        status.latest_log_group_delivery_error = Some("AccessDenied".into());
    }
    assert_eq!(answers(&account)[0], Tri::No);
}

#[test]
fn a_rule_hears_of_nothing_where_no_trail_logs_the_call() {
    let rules = || vec![rule(&all_calls())];
    let mut stopped = with_rules(rules());
    if let Some(TrailDetails { status: Reading::Known(status), .. }) = stopped.trail_details.get_mut(TRAIL) {
        status.is_logging = false;
    }
    let mut reads_only = with_rules(rules());
    if let Some(details) = reads_only.trail_details.get_mut(TRAIL) {
        let selector = EventSelector { read_write_type: Some("ReadOnly".into()), ..EventSelector::default() };
        details.selectors =
            Reading::Known(TrailSelectors { event_selectors: vec![selector], ..TrailSelectors::default() });
    }
    let mut none = with_rules(rules());
    region(&mut none).trails = Reading::Known(Vec::new());
    for account in [stopped, reads_only, none] {
        assert_eq!(answers(&account), [Tri::No; 3], "{:?}", judged(&account));
    }
    let mut unread = with_rules(rules());
    region(&mut unread).trails = samples::denied("cloudtrail:DescribeTrails");
    assert_eq!(answers(&unread), [Tri::Unknown; 3]);
}

#[test]
fn a_rule_that_is_off_or_reaches_nobody_tells_of_nothing() {
    let mut mute = with_rules(vec![rule(&all_calls())]);
    if let Some(topic) = mute.topics.get_mut(samples::TOPIC) {
        topic.subscriptions = Reading::Known(Vec::new());
    }
    let off = with_rules(vec![Rule { state: "DISABLED".into(), ..rule(&all_calls()) }]);
    let elsewhere = with_rules(vec![Rule { bus: "custom".into(), ..rule(&all_calls()) }]);
    for account in [mute, off, elsewhere] {
        assert_eq!(answers(&account), [Tri::No; 3], "{:?}", judged(&account));
    }
}

#[test]
fn unread_rules_or_filters_leave_doubt_unless_the_other_way_is_whole() {
    let mut rules = account();
    region(&mut rules).rules = samples::denied("events:ListRules");
    assert_eq!(answers(&rules), [Tri::Unknown; 3]);
    let mut alarmed = with_filter(&filter_of(&TRAIL_CALLS), 1.0);
    region(&mut alarmed).rules = samples::denied("events:ListRules");
    assert_eq!(answers(&alarmed), [Tri::Yes, Tri::Unknown, Tri::Unknown]);
    let mut filters = with_filter("", 1.0);
    if let Some(group) = filters.log_groups.get_mut(LOG_GROUP) {
        group.metric_filters = samples::denied("logs:DescribeMetricFilters");
    }
    assert_eq!(answers(&filters), [Tri::Unknown; 3]);
    assert_eq!(answers(&with_filter("{ broken", 1.0)), [Tri::Unknown; 3]);
}

#[test]
fn a_rule_on_named_buckets_must_name_all_of_the_region() {
    let pattern = json!({"source": ["aws.s3"], "detail": {"requestParameters": {"bucketName": ["one"]}}});
    let others = json!({"source": ["aws.cloudtrail", "aws.guardduty"]});
    let mut account = with_rules(vec![rule(&pattern), rule(&others)]);
    account.buckets = Reading::Known(vec![samples::bucket("one")]);
    assert_eq!(answers(&account)[2], Tri::Yes, "{:?}", judged(&account));
    account.buckets = Reading::Known(vec![samples::bucket("one"), samples::bucket("two")]);
    let [.., fact] = judged(&account);
    assert_eq!(fact.holds, Tri::No);
    assert!(
        fact.reason.starts_with("`PutBucketPolicy` in `eu-west-1`: on bucket `two`, no "),
        "{}",
        fact.reason
    );
    account.buckets = samples::denied("s3:ListBuckets");
    assert_eq!(answers(&account)[2], Tri::Unknown);
}

#[test]
fn unread_buckets_do_not_matter_where_no_pattern_asks_for_them() {
    let mut account = with_rules(vec![rule(&all_calls())]);
    account.buckets = samples::denied("s3:ListBuckets");
    assert_eq!(answers(&account), [Tri::Yes; 3]);
}

#[test]
fn unread_regions_leave_doubt() {
    let mut account = with_rules(vec![rule(&all_calls())]);
    account.regions = samples::denied("ec2:DescribeRegions");
    assert_eq!(answers(&account)[1], Tri::Unknown);
}
