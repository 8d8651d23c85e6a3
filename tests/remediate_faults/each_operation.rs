//! Each operation of each kind of change is denied, or stumbles.

use std::collections::BTreeSet;

use serde_json::json;

use crate::remediation_site::{KINDS, Site, changes, code, errors};
use crate::{operations, steps};

/// What `apply` and `rollback` read of the settings, by kind of change, besides what all of them do.
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
        &["sns:GetTopicAttributes", "events:ListRules", "events:ListTargetsByRule"],
    ),
    (
        "create-bulk-download-alarm",
        &["sns:GetTopicAttributes", "logs:DescribeMetricFilters", "cloudwatch:DescribeAlarms"],
    ),
    ("restrict-endpoint-policy", &["ec2:DescribeVpcEndpoints"]),
    ("require-tls", &["s3:GetBucketPolicy"]),
    ("restrict-bucket-policy", &["s3:GetBucketPolicy"]),
    ("disable-acls", &["s3:GetBucketOwnershipControls"]),
    ("block-public-access", &["s3:GetPublicAccessBlock"]),
];

/// What is first asked when the change is made, to verify it: of a rule that does not exist nobody lists the targets.
const READ_TO_VERIFY: [&str; 1] = ["events:ListTargetsByRule"];

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
        let (verified, read): (Vec<&str>, Vec<&str>) =
            reads.iter().partition(|name| READ_TO_VERIFY.contains(name));
        let named = |names: &[&'static str]| -> Vec<_> {
            names.iter().map(|name| name.split_once(':').unwrap()).collect()
        };
        for which in ["call", "undo"] {
            let mut all: Vec<_> = operations(&steps, which).into_iter().collect();
            if which == "call" {
                all.splice(0..0, named(&read));
                all.extend(named(&verified));
            }
            for (service, operation) in all {
                site.emulator.fail(&json!([{"service": service, "operation": operation,
                    "action": {"status": 403, "code": "AccessDenied", "message": "not you"}}]));
                let denied = if which == "call" { site.apply() } else { site.rollback(&["--stop-logging"]) };
                assert_eq!(code(&denied), 5, "{kind} without {operation}: {}", errors(&denied));
                assert!(
                    errors(&denied).contains("AccessDenied"),
                    "{kind} without {operation}: {}",
                    errors(&denied)
                );
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
