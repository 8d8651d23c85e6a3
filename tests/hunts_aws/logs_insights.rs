//! Logs Insights: more rows than a query gives, and what is known of the log group.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::records::{read, records};
use crate::site::{Site, asking};
use crate::trail_site::CALLER;

#[test]
fn groups_beyond_what_a_query_gives_are_never_silently_missing() {
    let records: Vec<Value> = (0..10_050)
        .map(|n| {
            let bytes = if n < 40 { 1000 + n } else { 1 };
            let change = json!({"sourceIPAddress": format!("10.{}.{}.7", n / 250, n % 250), "additionalEventData": {"bytesTransferredOut": bytes}});
            read(n, "2026-01-15T01:00:00Z", &change)
        })
        .collect();
    let site = Site::new();
    site.emulator
        .put(&json!({"kind": "log_events", "account": CALLER, "region": "eu-west-1", "name": "trail",
        "seconds_late": 0, "records": records}));
    let first = site.ask("top-readers", "logs-insights", &["--set", "limit=30"]);
    assert_eq!(first.code, 0, "the greatest are given for certain: {}", first.notes());
    assert_eq!(first.column("bytes_out")[29], &json!(1010));
    assert!(first.notes().contains("truncated"), "{}", first.notes());
    let more = site.ask("top-readers", "logs-insights", &["--set", "limit=100"]);
    assert_eq!(more.code, 3, "which of the equal ones are left out is not known: {}", more.notes());
    assert!(more.notes().contains("source-unread: there are more than the 10000 rows"), "{}", more.notes());
    assert_eq!(more.rows().len(), 100);
}

#[test]
fn a_window_is_asked_in_parts_without_losing_or_doubling_a_row() {
    let change = |number: usize, time: String| {
        let policy =
            json!({"eventName": "PutBucketPolicy", "eventCategory": "Management", "managementEvent": true});
        read(number, &time, &policy)
    };
    // One every seven seconds, so that parts begin and end at seconds with a record and without one.
    let spread = (0..12_000_usize).map(|n| {
        let second = n * 7;
        change(n, format!("2026-01-15T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60))
    });
    let site = Site::new();
    let deliver = |name: &str, records: Vec<Value>| {
        site.logs(&format!("client('logs').create_log_group(logGroupName='{name}')"));
        site.emulator
            .put(&json!({"kind": "log_events", "account": CALLER, "region": "eu-west-1", "name": name,
            "seconds_late": 900, "records": records}));
    };
    deliver("spread", spread.collect());
    deliver("burst", (0..10_001).map(|n| change(n, "2026-01-15T01:00:00Z".to_owned())).collect());
    let ask = |group: &str, limit: &str| {
        site.emulator.forget_requests();
        let window = ["--from", "2026-01-15", "--to", "2026-01-16", "--limit", limit, "--output", "json"];
        let who = ["run", "control-plane-changes", "--backend", "logs-insights", "--log-group", group];
        site.hunt(&[&who[..], &window[..]].concat())
    };
    let all = ask("spread", "20000");
    assert_eq!(all.code, 0, "{}", all.errors);
    let ids: BTreeSet<&str> = all.column("event_id").into_iter().filter_map(Value::as_str).collect();
    assert_eq!((all.rows().len(), ids.len()), (12_000, 12_000));
    assert_eq!(site.calls("logs:StartQuery"), 1 + 2, "the whole, then two parts");
    let first = ask("spread", "10");
    assert_eq!(first.rows(), &all.rows()[..10]);
    assert_eq!(site.calls("logs:StartQuery"), 1, "the first rows are known from the whole");
    let burst = ask("burst", "20000");
    assert_eq!(burst.code, 3, "a second has no parts: {}", burst.errors);
    assert!(
        burst.rows().len() == 10_000 && burst.notes().contains("source-unread: there are more"),
        "{}",
        burst.notes()
    );
}

#[test]
fn what_is_known_of_the_log_group_is_said_with_the_answer() {
    let site = Site::with(&records());
    let missing = site.hunt(&asking("top-readers", "logs-insights", &["--log-group", "nowhere"]));
    assert!(
        missing.code == 2 && missing.errors.contains("there is no log group `nowhere`"),
        "{}",
        missing.errors
    );
    let unknown = site.ask("top-readers", "logs-insights", &[]);
    assert!(
        unknown.notes().contains("no trail that this account can see delivers to `trail`"),
        "{}",
        unknown.notes()
    );
    assert!(unknown.scanned() > 0 && unknown.errors.contains("scanned in 1 query"), "{}", unknown.errors);
    site.logs(
        "client('s3').create_bucket(Bucket='logs', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})\n\
         arn = 'arn:aws:logs:eu-west-1:123456789012:log-group:trail:*'\n\
         client('cloudtrail').create_trail(Name='all', S3BucketName='logs', CloudWatchLogsLogGroupArn=arn, \
         CloudWatchLogsRoleArn='arn:aws:iam::123456789012:role/x')\n\
         client('cloudtrail').start_logging(Name='all')",
    );
    let delivering = site.ask("top-readers", "logs-insights", &[]);
    assert_eq!(
        delivering.notes(),
        "remark: Logs Insights counts different values by approximation where there are very many\n"
    );
    let arn = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/all";
    site.emulator.put(&json!({"kind": "trail_status", "arn": arn, "value": {"LatestCloudWatchLogsDeliveryError": "AccessDenied"}}));
    let failing = site.ask("top-readers", "logs-insights", &[]);
    assert!(
        failing.notes().contains("failed (AccessDenied): an empty result is not evidence of absence"),
        "{}",
        failing.notes()
    );
}
