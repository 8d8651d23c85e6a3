//! Each operation of each kind of change is denied, or stumbles.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::remediation_site::{KINDS, Site, changes, code, errors, is_read};
use crate::{operations, steps};

/// What `apply` and `rollback` read of the settings, by kind of change, besides what all of them do. Of kinds with several steps
/// with their calls between, in the order in which they are made: a step is begun when those before it are done.
const READS: [(&str, &[&str]); 12] = [
    ("start-trail-logging", &["cloudtrail:GetTrailStatus"]),
    ("enable-s3-data-events", &["cloudtrail:GetEventSelectors"]),
    (
        "enable-guardduty-s3-protection",
        &[
            "guardduty:ListDetectors",
            "guardduty:GetDetector",
            "guardduty:ListMembers",
            "guardduty:GetMemberDetectors",
        ],
    ),
    ("enable-guardduty-auto-s3", &["guardduty:DescribeOrganizationConfiguration"]),
    ("unsuppress-findings", &["guardduty:GetFilter"]),
    (
        "create-guardduty-event-rule",
        &[
            "sns:GetTopicAttributes",
            "sns:SetTopicAttributes",
            "events:ListRules",
            "events:PutRule",
            // Nobody asks for the targets of a rule that does not exist.
            "events:ListTargetsByRule",
            "events:PutTargets",
        ],
    ),
    (
        "create-bulk-download-alarm",
        &[
            "sns:GetTopicAttributes",
            "sns:SetTopicAttributes",
            "logs:DescribeMetricFilters",
            "logs:PutMetricFilter",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:PutMetricAlarm",
        ],
    ),
    ("restrict-endpoint-policy", &["ec2:DescribeVpcEndpoints"]),
    ("require-tls", &["s3:GetBucketPolicy"]),
    ("restrict-bucket-policy", &["s3:GetBucketPolicy"]),
    ("disable-acls", &["s3:GetBucketOwnershipControls"]),
    ("block-public-access", &["s3:GetPublicAccessBlock"]),
];

/// The operations of steps, each once, in the order in which they are made.
fn in_order<'a>(steps: &[&'a Value], which: &str) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<(&str, &str)> = Vec::new();
    let mut add = |step: &'a Value| {
        let operation =
            (step[which]["service"].as_str().unwrap(), step[which]["operation"].as_str().unwrap());
        if !all.contains(&operation) {
            all.push(operation);
        }
    };
    if which == "undo" {
        // The newest is taken back first.
        steps.iter().rev().for_each(|step| add(step));
    } else {
        steps.iter().for_each(|step| add(step));
    }
    all
}

/// Where each kind is tried: the fewest accounts that have something to mend.
fn place_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "start-trail-logging" | "unsuppress-findings" => &["333333333333"],
        "enable-guardduty-s3-protection" => &["123456789012", "444444444444"],
        "enable-guardduty-auto-s3" => &["123456789012"],
        "create-guardduty-event-rule" | "create-bulk-download-alarm" => &["666666666666"],
        "restrict-bucket-policy" => &["444444444444"],
        "restrict-endpoint-policy" | "disable-acls" | "block-public-access" => &["888888888888"],
        _ => &["222222222222"],
    }
}

/// F-05 at every step: whatever is denied, nothing is done that is not recorded, and with the permission it goes on.
#[test]
fn f05_each_operation_of_each_kind_may_be_denied() {
    let site = Site::new();
    let first = site.configuration();
    for (kind, reads) in READS {
        let plan = site.plan_of(kind, place_of(kind));
        assert!(!changes(&plan).is_empty(), "{kind}: {plan:#}");
        let steps = steps(&plan);
        for which in ["call", "undo"] {
            let mut all = in_order(&steps, which);
            if which == "call" {
                let mut first: Vec<(&str, &str)> =
                    reads.iter().map(|name| name.split_once(':').unwrap()).collect();
                all.retain(|operation| !first.contains(operation));
                first.extend(all);
                all = first;
            }
            for (place, (service, operation)) in all.iter().enumerate() {
                // What writes is denied together with what is written after it: of changes that are independent of each
                // other the rest would be done already when its turn comes.
                let is_write =
                    |(service, operation): &(&str, &str)| !is_read(&format!("{service}:{operation}"));
                let denied: Value = all[place..]
                    .iter()
                    .enumerate()
                    .filter(|(after, other)| *after == 0 || (is_write(&all[place]) && is_write(other)))
                    .map(|(_, (service, operation))| {
                        json!({"service": service, "operation": operation,
                            "action": {"status": 403, "code": "AccessDenied", "message": "not you"}})
                    })
                    .collect();
                site.emulator.fail(&denied);
                let denied = if which == "call" { site.apply() } else { site.rollback(&["--stop-logging"]) };
                let said = errors(&denied);
                assert_eq!(code(&denied), 5, "{kind} without {operation}: {said}");
                assert!(said.contains("AccessDenied"), "{kind} without {operation}: {said}");
                let named = said.contains(&format!("{service}:{operation}"));
                assert!(named || !is_write(&all[place]), "{kind} without {operation}: {said}");
            }
            site.emulator.fail(&json!([]));
            let done = if which == "call" { site.apply() } else { site.rollback(&["--stop-logging"]) };
            assert_eq!(code(&done), 0, "{kind}: {}", errors(&done));
        }
        std::fs::remove_file(site.path("plan.json.journal")).unwrap();
    }
    assert_eq!(site.configuration(), first);
}

/// F-03 at every step: each operation stumbles once, and all kinds of change are made and taken back all the same.
#[test]
fn f03_each_operation_of_each_kind_may_stumble_once() {
    let site = Site::new();
    let first = site.configuration();
    let plan = site.plan(&[]);
    let steps = steps(&plan);
    let kinds: BTreeSet<&str> =
        changes(&plan).iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, KINDS.into_iter().collect());
    let reads = READS.iter().flat_map(|(_, reads)| *reads).map(|name| name.split_once(':').unwrap());
    for which in ["call", "undo"] {
        let all: BTreeSet<_> = reads.clone().chain(operations(&steps, which)).collect();
        let stumble = |(service, operation): &(&str, &str)| {
            json!({"service": service, "operation": operation, "times": 1,
                "action": {"status": 503, "code": "ServiceUnavailable", "message": "we stumbled"}})
        };
        site.emulator.fail(&json!(all.iter().map(stumble).collect::<Vec<_>>()));
        let done = if which == "call" { site.apply() } else { site.rollback(&["--stop-logging"]) };
        assert_eq!(code(&done), 0, "{}", errors(&done));
    }
    site.emulator.fail(&json!([]));
    assert_eq!(site.configuration(), first);
}
