//! F-19: answers that come late or break off.

use serde_json::json;

use crate::place::{fails, gaps, of, place, times};

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
