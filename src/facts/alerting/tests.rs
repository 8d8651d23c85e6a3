//! Chains from a read to a person, each with one link that is broken.

use std::collections::BTreeMap;

use super::*;
use crate::facts::samples;
use crate::semantics::configuration::{
    CompositeAlarm, DataResource, EventSelector, MetricTransformation, TrailSelectors,
};
use crate::snapshot::{AlarmMuteRule, Alarms, Reading, RegionAlarms, TrailStatus};

const LOG_GROUP: &str = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*";
const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/all";

fn filter(pattern: &str, dimensions: &[(&str, &str)]) -> MetricFilter {
    MetricFilter {
        filter_name: "reads".into(),
        filter_pattern: pattern.into(),
        log_group_name: "trail".into(),
        metric_transformations: vec![MetricTransformation {
            metric_name: "Reads".into(),
            metric_namespace: "Security".into(),
            metric_value: "1".into(),
            dimensions: dimensions.iter().map(|(name, path)| ((*name).into(), (*path).into())).collect(),
            ..MetricTransformation::default()
        }],
        ..MetricFilter::default()
    }
}

fn alarm(name: &str, dimensions: &[(&str, &str)]) -> MetricAlarm {
    MetricAlarm {
        alarm_name: name.into(),
        alarm_arn: format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"),
        actions_enabled: true,
        alarm_actions: vec![samples::TOPIC.into()],
        state_value: "OK".into(),
        namespace: Some("Security".into()),
        metric_name: Some("Reads".into()),
        dimensions: dimensions.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        statistic: Some("Sum".into()),
        period: Some(300),
        evaluation_periods: 1,
        threshold: Some(100.0),
        comparison_operator: "GreaterThanOrEqualToThreshold".into(),
        treat_missing_data: Some("notBreaching".into()),
        ..MetricAlarm::default()
    }
}

const DOWNLOADS: &str = "{ ($.eventSource = \"s3.amazonaws.com\") && ($.eventName = \"GetObject\") }";

/// An account in which every link holds, with two buckets.
fn account() -> AccountSnapshot {
    let mut account = samples::account_with_topic();
    account.buckets = Reading::Known(vec![samples::bucket("one"), samples::bucket("two")]);
    if let Some(region) = account.regional.get_mut(samples::REGION) {
        region.trails = Reading::Known(vec![Trail {
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
    }
    let selectors = TrailSelectors {
        event_selectors: vec![EventSelector {
            data_resources: vec![DataResource {
                r#type: "AWS::S3::Object".into(),
                values: vec!["arn:aws:s3".into()],
            }],
            ..EventSelector::default()
        }],
        ..TrailSelectors::default()
    };
    let status = TrailStatus { is_logging: true, ..TrailStatus::default() };
    account.trail_details.insert(
        TRAIL.into(),
        TrailDetails { status: Reading::Known(status), selectors: Reading::Known(selectors) },
    );
    account.log_groups.insert(
        LOG_GROUP.into(),
        LogGroup {
            class: Reading::Known(Some("STANDARD".into())),
            metric_filters: Reading::Known(vec![filter(DOWNLOADS, &[])]),
        },
    );
    with_alarms(account, vec![alarm("bulk", &[])])
}

fn with_alarms(mut account: AccountSnapshot, metric: Vec<MetricAlarm>) -> AccountSnapshot {
    let alarms = RegionAlarms {
        alarms: Reading::Known(Alarms { metric, ..Alarms::default() }),
        mute_rules: Reading::Known(Vec::new()),
        read_at: samples::NOW.into(),
    };
    account.alarms = BTreeMap::from([(samples::REGION.into(), alarms)]);
    account
}

fn with_filters(mut account: AccountSnapshot, filters: Vec<MetricFilter>) -> AccountSnapshot {
    if let Some(group) = account.log_groups.get_mut(LOG_GROUP) {
        group.metric_filters = Reading::Known(filters);
    }
    account
}

fn chains(account: &AccountSnapshot) -> Vec<BulkDownloadAlarm> {
    samples::with_context(&samples::organization(), |context| {
        Alerting::of(account, context).bulk_download_alarms()
    })
}

/// What the only chain says: covers, detects, reaches.
fn only(account: &AccountSnapshot) -> [Tri; 3] {
    let chains = chains(account);
    assert_eq!(chains.len(), 1, "{chains:?}");
    let chain = &chains[0];
    [chain.covers_bucket_reads.holds, chain.detects.holds, chain.reaches_someone.holds]
}

fn the_alarm(account: &mut AccountSnapshot) -> &mut MetricAlarm {
    let alarms = account.alarms.get_mut(samples::REGION).map(|region| &mut region.alarms);
    match alarms {
        Some(Reading::Known(alarms)) => &mut alarms.metric[0],
        _ => panic!("the sample has an alarm"),
    }
}

#[test]
fn a_whole_chain_holds_in_every_link() {
    let account = account();
    assert_eq!(only(&account), [Tri::Yes; 3]);
    let chain = &chains(&account)[0];
    assert_eq!((chain.smallest_burst, chain.seconds_to_alarm), (199, 360));
}

#[test]
fn a_filter_that_can_never_match_covers_nothing() {
    let never = filter("{ ($.eventName = \"GetObject\") && ($.eventName = \"PutObject\") }", &[]);
    assert_eq!(only(&with_filters(account(), vec![never]))[0], Tri::No);
}

#[test]
fn a_filter_on_one_bucket_leaves_the_other_out() {
    let one = filter("{ $.eventName = \"GetObject\" && $.requestParameters.bucketName = \"one\" }", &[]);
    let found = chains(&with_filters(account(), vec![one]));
    assert_eq!(found[0].covers_bucket_reads.holds, Tri::No);
    assert!(found[0].covers_bucket_reads.reason.starts_with("bucket `two`"), "{:?}", found[0]);
}

#[test]
fn a_pattern_that_cannot_be_read_is_unknown() {
    assert_eq!(only(&with_filters(account(), vec![filter("{ broken", &[])]))[0], Tri::Unknown);
}

#[test]
fn an_alarm_whose_actions_are_off_reaches_nobody() {
    let mut account = account();
    the_alarm(&mut account).actions_enabled = false;
    assert_eq!(only(&account)[2], Tri::No);
}

#[test]
fn a_composite_alarm_may_act_for_it() {
    let mut account = account();
    the_alarm(&mut account).alarm_actions.clear();
    assert_eq!(only(&account)[2], Tri::No);
    if let Some(RegionAlarms { alarms: Reading::Known(alarms), .. }) = account.alarms.get_mut(samples::REGION)
    {
        alarms.composite.push(CompositeAlarm {
            alarm_name: "any".into(),
            alarm_arn: "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:any".into(),
            actions_enabled: true,
            alarm_actions: vec![samples::TOPIC.into()],
            state_value: "OK".into(),
            alarm_rule: "ALARM(\"bulk\") OR ALARM(\"other\")".into(),
            ..CompositeAlarm::default()
        });
    }
    assert_eq!(only(&account)[2], Tri::Yes);
}

#[test]
fn a_rule_on_the_alarms_state_may_tell_somebody() {
    let mut account = account();
    the_alarm(&mut account).alarm_actions.clear();
    if let Some(region) = account.regional.get_mut(samples::REGION) {
        region.rules = Reading::Known(vec![crate::snapshot::Rule {
            name: "alarms".into(),
            arn: "arn:aws:events:eu-west-1:111122223333:rule/alarms".into(),
            bus: "default".into(),
            event_pattern: "{\"source\": [\"aws.cloudwatch\"]}".into(),
            state: "ENABLED".into(),
            managed_by: None,
            targets: Reading::Known(vec![crate::snapshot::Target {
                id: "1".into(),
                arn: samples::TOPIC.into(),
                role_arn: None,
            }]),
        }]);
    }
    assert_eq!(only(&account)[2], Tri::Yes);
}

#[test]
fn a_muted_alarm_reaches_nobody() {
    let mut account = account();
    let mute = |status: &str, duration: &str| AlarmMuteRule {
        arn: "arn:aws:cloudwatch:eu-west-1:111122223333:alarm-mute-rule:night".into(),
        status: status.into(),
        duration: duration.into(),
        alarm_names: vec!["bulk".into()],
        ..AlarmMuteRule::default()
    };
    for (status, duration, reaches) in [
        ("ACTIVE", "PT4H", Tri::No),
        ("SCHEDULED", "PT4H", Tri::Yes),
        ("SCHEDULED", "P2D", Tri::No),
        ("SCHEDULED", "soon", Tri::Unknown),
        ("EXPIRED", "P2D", Tri::Yes),
    ] {
        if let Some(region) = account.alarms.get_mut(samples::REGION) {
            region.mute_rules = Reading::Known(vec![mute(status, duration)]);
        }
        assert_eq!(only(&account)[2], reaches, "{status} {duration}");
    }
    if let Some(region) = account.alarms.get_mut(samples::REGION) {
        region.mute_rules = samples::denied("cloudwatch:ListAlarmMuteRules");
    }
    assert_eq!(only(&account)[2], Tri::Unknown);
}

#[test]
fn alarms_per_bucket_cover_an_account_only_together() {
    let by_bucket = filter(DOWNLOADS, &[("Bucket", "$.requestParameters.bucketName")]);
    let account = with_filters(account(), vec![by_bucket]);
    let per_bucket = |name: &str| alarm(name, &[("Bucket", name)]);
    let one = chains(&with_alarms(account.clone(), vec![per_bucket("one")]));
    assert!(one.iter().all(|chain| chain.covers_bucket_reads.holds.is_no()), "{one:?}");
    let both = chains(&with_alarms(account, vec![per_bucket("one"), per_bucket("two")]));
    let joined = both.iter().find(|chain| chain.alarm == "one + two");
    assert_eq!(joined.map(|chain| chain.covers_bucket_reads.holds), Some(Tri::Yes), "{both:?}");
    assert_eq!(joined.map(|chain| chain.smallest_burst), Some(199));
}

#[test]
fn an_alarm_on_another_metric_is_no_chain() {
    let mut account = account();
    the_alarm(&mut account).metric_name = Some("Writes".into());
    assert!(chains(&account).is_empty());
    // The filter publishes a dimension that the alarm does not have.
    let by_bucket = filter(DOWNLOADS, &[("Bucket", "$.requestParameters.bucketName")]);
    assert!(chains(&with_filters(self::account(), vec![by_bucket])).is_empty());
}

#[test]
fn a_log_group_of_another_class_has_no_metric_filters() {
    let mut account = account();
    if let Some(group) = account.log_groups.get_mut(LOG_GROUP) {
        group.class = Reading::Known(Some("INFREQUENT_ACCESS".into()));
    }
    assert!(chains(&account).is_empty());
}

#[test]
fn a_trail_that_fails_to_deliver_to_its_log_group_covers_nothing() {
    let mut account = account();
    if let Some(TrailDetails { status: Reading::Known(status), .. }) = account.trail_details.get_mut(TRAIL) {
        status.latest_log_group_delivery_error = Some("AccessDenied".into());
    }
    assert_eq!(only(&account)[0], Tri::No);
}

#[test]
fn what_could_not_be_read_stands_as_a_chain_of_which_nothing_is_known() {
    let mut unread_filters = account();
    if let Some(group) = unread_filters.log_groups.get_mut(LOG_GROUP) {
        group.metric_filters = samples::denied("logs:DescribeMetricFilters");
    }
    let mut unread_alarms = account();
    unread_alarms.alarms.clear();
    let mut unread_trails = account();
    if let Some(region) = unread_trails.regional.get_mut(samples::REGION) {
        region.trails = samples::denied("cloudtrail:DescribeTrails");
    }
    for account in [unread_filters, unread_alarms, unread_trails] {
        assert_eq!(only(&account), [Tri::Unknown; 3]);
    }
}

#[test]
fn an_alarm_is_about_security_if_a_trails_log_feeds_it() {
    let account = account();
    let facts = |alarm: &MetricAlarm| {
        samples::with_context(&samples::organization(), |context| {
            Alerting::of(&account, context).alarm(alarm, samples::REGION)
        })
    };
    assert_eq!(facts(&alarm("bulk", &[])).security_relevant.holds, Tri::Yes);
    let cpu = MetricAlarm { metric_name: Some("CPUUtilization".into()), ..alarm("cpu", &[]) };
    assert_eq!(facts(&cpu).security_relevant.holds, Tri::No);
}

fn can_act(account: &AccountSnapshot) -> Fact {
    let mut account = account.clone();
    let alarm = the_alarm(&mut account).clone();
    samples::with_context(&samples::organization(), |context| {
        Alerting::of(&account, context).alarm(&alarm, samples::REGION).can_act
    })
}

fn with_composite(mut account: AccountSnapshot, composite: CompositeAlarm) -> AccountSnapshot {
    if let Some(RegionAlarms { alarms: Reading::Known(alarms), .. }) = account.alarms.get_mut(samples::REGION)
    {
        alarms.composite.push(composite);
    }
    account
}

fn parent() -> CompositeAlarm {
    CompositeAlarm {
        alarm_name: "any".into(),
        alarm_arn: "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:any".into(),
        actions_enabled: true,
        alarm_actions: vec![samples::TOPIC.into()],
        state_value: "OK".into(),
        alarm_rule: "ALARM(\"bulk\") OR ALARM(\"other\")".into(),
        ..CompositeAlarm::default()
    }
}

#[test]
fn an_alarm_acts_unless_something_holds_its_actions_back() {
    assert_eq!(can_act(&account()).holds, Tri::Yes);
    type Change = fn(&mut MetricAlarm);
    let changes: [(Change, Tri, &str); 8] = [
        (|alarm| alarm.actions_enabled = false, Tri::No, "the actions of alarm `bulk` are switched off"),
        (|alarm| alarm.alarm_actions.clear(), Tri::No, "alarm `bulk` has no action"),
        (
            |alarm| alarm.alarm_actions = vec!["arn:aws:sns:us-east-1:111122223333:alerts".into()],
            Tri::No,
            "topic `arn:aws:sns:us-east-1:111122223333:alerts` is in another region than `eu-west-1`",
        ),
        (
            |alarm| alarm.alarm_actions = vec!["arn:aws:sns:eu-west-1:111122223333:unread".into()],
            Tri::Unknown,
            "topic `arn:aws:sns:eu-west-1:111122223333:unread` was not read",
        ),
        (
            |alarm| alarm.alarm_actions = vec!["arn:aws:automate:eu-west-1:ec2:stop".into()],
            Tri::Unknown,
            "alarm `bulk` acts on `arn:aws:automate:eu-west-1:ec2:stop`, and whether that exists and lets it is not read",
        ),
        (
            |alarm| alarm.state_value = "ALARM".into(),
            Tri::Unknown,
            "since when alarm `bulk` is in ALARM is not known",
        ),
        (
            |alarm| raised(alarm, "2026-01-14T03:59:59Z"),
            Tri::No,
            "alarm `bulk` is in ALARM since 2026-01-14T03:59:59Z, for more than a day, and acts only when it enters \
             that state",
        ),
        (|alarm| raised(alarm, "2026-01-14T04:00:00Z"), Tri::Yes, "topic `alerts` lets CloudWatch publish"),
    ];
    for (change, holds, reason) in changes {
        let mut account = account();
        change(the_alarm(&mut account));
        let fact = can_act(&account);
        assert_eq!(fact.holds, holds, "{fact:?}");
        assert!(fact.reason.starts_with(reason), "{fact:?}");
    }
}

fn raised(alarm: &mut MetricAlarm, since: &str) {
    alarm.state_value = "ALARM".into();
    alarm.state_transitioned_at = Some(since.into());
}

#[test]
fn one_action_that_is_taken_is_enough_and_nobody_need_hear_of_it() {
    let mut account = account();
    the_alarm(&mut account).alarm_actions.insert(0, "arn:aws:sns:us-east-1:111122223333:elsewhere".into());
    if let Some(topic) = account.topics.get_mut(samples::TOPIC) {
        topic.subscriptions = Reading::Known(Vec::new());
    }
    assert_eq!(can_act(&account).holds, Tri::Yes);
    if let Some(topic) = account.topics.get_mut(samples::TOPIC) {
        topic.attributes = Reading::Known(None);
    }
    assert_eq!(can_act(&account).holds, Tri::No);
}

#[test]
fn a_composite_alarm_acts_for_a_child_without_actions() {
    let mut silent = account();
    the_alarm(&mut silent).alarm_actions.clear();
    assert_eq!(can_act(&with_composite(silent.clone(), parent())).holds, Tri::Yes);
    for (composite, holds) in [
        (CompositeAlarm { alarm_rule: "ALARM(other)".into(), ..parent() }, Tri::No),
        (CompositeAlarm { alarm_rule: "ALARM(bulk) AND ALARM(other)".into(), ..parent() }, Tri::No),
        (CompositeAlarm { alarm_rule: "ALARM(".into(), ..parent() }, Tri::Unknown),
        (CompositeAlarm { actions_enabled: false, ..parent() }, Tri::No),
        (CompositeAlarm { alarm_actions: Vec::new(), ..parent() }, Tri::No),
        (CompositeAlarm { actions_suppressor: Some("maintenance".into()), ..parent() }, Tri::Unknown),
        (
            CompositeAlarm {
                state_value: "ALARM".into(),
                state_transitioned_at: Some("2026-01-01T00:00:00Z".into()),
                ..parent()
            },
            Tri::No,
        ),
    ] {
        let fact = can_act(&with_composite(silent.clone(), composite.clone()));
        assert_eq!(fact.holds, holds, "{composite:?}: {fact:?}");
    }
    // A child that stays raised raises nothing.
    raised(the_alarm(&mut silent), "2026-01-01T00:00:00Z");
    assert_eq!(can_act(&with_composite(silent, parent())).holds, Tri::No);
}

#[test]
fn a_muted_alarm_does_not_act_but_its_composite_alarm_does() {
    let mut account = account();
    if let Some(region) = account.alarms.get_mut(samples::REGION) {
        region.mute_rules = Reading::Known(vec![AlarmMuteRule {
            arn: "arn:aws:cloudwatch:eu-west-1:111122223333:alarm-mute-rule:night".into(),
            status: "ACTIVE".into(),
            duration: "PT4H".into(),
            alarm_names: vec!["bulk".into()],
            ..AlarmMuteRule::default()
        }]);
    }
    let fact = can_act(&account);
    assert_eq!(fact.holds, Tri::No);
    assert!(fact.reason.starts_with("alarm `bulk` is muted now by rule"), "{fact:?}");
    assert_eq!(can_act(&with_composite(account, parent())).holds, Tri::Yes);
}

#[test]
fn an_alarm_that_stays_raised_reaches_nobody_in_any_way() {
    let mut account = with_composite(account(), parent());
    raised(the_alarm(&mut account), "2026-01-01T00:00:00Z");
    assert_eq!(only(&account)[2], Tri::No);
    // For less than a day it may be a thief that it tells of.
    raised(the_alarm(&mut account), "2026-01-15T03:00:00Z");
    the_alarm(&mut account).alarm_actions.clear();
    assert_eq!(only(&account)[2], Tri::Yes);
}
