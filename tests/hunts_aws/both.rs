//! Pages, failures, interruptions: of both back ends.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::emulated::{PROGRAM, repository};
use crate::records::{read, records};
use crate::site::{Site, asking};
use crate::trail_site::CALLER;

#[test]
fn a_long_answer_comes_page_by_page() {
    let addresses = |n: usize| format!("10.0.{}.{}", n / 250, n % 250);
    let records: Vec<Value> = (0..2500)
        .map(|n| read(n, "2026-01-15T01:00:00Z", &json!({"sourceIPAddress": addresses(n)})))
        .collect();
    let site = Site::with(&records);
    site.emulator.forget_requests();
    let athena = site.ask("top-readers", "athena", &["--set", "limit=5000"]);
    assert_eq!(athena.rows().len(), 2500, "{}", athena.errors);
    assert_eq!(site.calls("athena:GetQueryResults"), 3);
    site.emulator.put(&json!({"kind": "insights_behaviour", "account": CALLER, "region": "eu-west-1", "value": {"page": 900, "questions": 2}}));
    let insights = site.ask("top-readers", "logs-insights", &["--set", "limit=5000"]);
    assert_eq!(insights.rows(), athena.rows());
    assert_eq!(site.calls("logs:GetQueryResults"), 2 + 3, "two questions while it runs, then three pages");
    let few = site.ask("top-readers", "athena", &["--set", "limit=10"]);
    assert!(
        few.rows() == &athena.rows()[..10] && few.notes().contains("truncated: there are more rows"),
        "{}",
        few.notes()
    );
    assert_eq!(few.code, 0);
}

#[test]
fn failures_are_named_with_what_aws_says_and_throttling_is_waited_out() {
    let site = Site::with(&records());
    let denied = |service: &str, operation: &str, code: &str| {
        site.emulator.fail(&json!([{"service": service, "operation": operation,
            "action": {"status": 400, "code": code, "message": "you may not"}}]));
        let back_end = if service == "athena" { "athena" } else { "logs-insights" };
        site.ask("top-readers", back_end, &[])
    };
    for (service, operation) in [
        ("athena", "GetWorkGroup"),
        ("athena", "StartQueryExecution"),
        ("athena", "GetQueryResults"),
        ("logs", "StartQuery"),
    ] {
        let answered = denied(service, operation, "AccessDeniedException");
        assert_eq!(answered.code, 3, "{operation}: {}", answered.errors);
        let permission = format!("the permission `{service}:{operation}` is missing");
        assert!(answered.errors.contains(&permission), "{}", answered.errors);
    }
    let unread = denied("cloudtrail", "DescribeTrails", "AccessDeniedException");
    assert!(unread.code == 0 && unread.notes().contains("not evidence of absence"), "{}", unread.errors);

    site.emulator.fail(&json!([
        {"service": "athena", "operation": "StartQueryExecution", "times": 2, "action": {"status": 400, "code": "TooManyRequestsException", "message": "slow down"}},
        {"service": "logs", "operation": "StartQuery", "times": 2, "action": {"status": 400, "code": "LimitExceededException", "message": "too many"}}]));
    for back_end in ["athena", "logs-insights"] {
        let answered = site.ask("top-readers", back_end, &[]);
        assert_eq!(answered.code, 0, "{back_end}: {}", answered.errors);
    }
    // A question that gets no answer ends the waiting; the query must not run on.
    site.emulator.forget_requests();
    site.emulator.fail(&json!([{"service": "athena", "operation": "GetQueryExecution", "action": {"status": 400, "code": "InvalidRequestException", "message": "no"}}]));
    let lost = site.ask("top-readers", "athena", &["--work-group", "slow"]);
    assert!(lost.code == 3 && site.calls("athena:StopQueryExecution") == 1, "{}", lost.errors);
}

#[test]
fn a_query_that_takes_too_long_or_is_interrupted_is_cancelled() {
    let site = Site::with(&records());
    site.emulator.put(&json!({"kind": "insights_behaviour", "account": CALLER, "region": "eu-west-1", "value": {"questions": 10_000}}));
    let cases = [
        ("athena", "athena:GetQueryExecution", "athena:StopQueryExecution"),
        ("logs-insights", "logs:GetQueryResults", "logs:StopQuery"),
    ];
    for (back_end, question, stop) in cases {
        site.emulator.forget_requests();
        let slow = ["--work-group", "slow", "--query-time-out", "1"];
        let late = site.ask("top-readers", back_end, &slow);
        assert!(late.code == 3 && late.errors.contains("took longer than 1 s"), "{}", late.errors);
        assert_eq!(site.calls(stop), 1, "{back_end}");
        let interrupted = site.interrupted_after(question, &asking("top-readers", back_end, &slow[..2]));
        assert_eq!(interrupted.code, 130, "{}", interrupted.errors);
        assert_eq!(site.calls(stop), 1, "{back_end}");
    }
}

#[test]
fn what_belongs_to_the_organization_comes_from_an_assessment() {
    let folder = tempfile::tempdir().unwrap();
    let assessment = folder.path().join("audit.json");
    let audited = Command::new(PROGRAM)
        .args(["audit", "--fail-on", "none", "--snapshot"])
        .arg(repository("examples/organization.jsonl.gz"))
        .args(["--output", &format!("json={}", assessment.display())])
        .output()
        .unwrap();
    assert!(audited.status.success(), "{}", String::from_utf8_lossy(&audited.stderr));
    let audit: Value = serde_json::from_slice(&fs::read(&assessment).unwrap()).unwrap();
    let ours = audit["accounts"][0]["id"].as_str().unwrap();
    let results = audit["results"].as_array().unwrap();
    let listed = results.iter().find(|result| result["resource"]["kind"] == "bucket").unwrap();
    let written = |number: usize, owner: &str, bucket: &str| {
        let arn = format!("arn:aws:s3:::{bucket}");
        let change = json!({"eventName": "PutObject", "readOnly": false,
            "requestParameters": {"bucketName": bucket, "key": "x"},
            "resources": [{"type": "AWS::S3::Bucket", "ARN": arn, "accountId": owner}]});
        read(number, "2026-01-15T05:00:00Z", &change)
    };
    let site = Site::with(&[
        written(1, ours, listed["resource"]["id"].as_str().unwrap()),
        written(2, ours, "unlisted-bucket"),
        written(3, "999999999999", "elsewhere"),
    ]);
    for back_end in ["athena", "logs-insights"] {
        let unsaid = site.ask("outside-writes", back_end, &[]);
        assert_eq!(unsaid.code, 2, "{back_end}: nobody says who is inside: {}", unsaid.errors);
        let asked = site.ask("outside-writes", back_end, &["--assessment", assessment.to_str().unwrap()]);
        assert_eq!(asked.code, 0, "{back_end}: {}", asked.errors);
        let mut found: Vec<(&Value, &Value)> =
            asked.column("bucket").into_iter().zip(asked.column("why")).collect();
        found.sort_by_key(|found| found.0.to_string());
        let expected = [
            (&json!("elsewhere"), &json!("owner-outside")),
            (&json!("unlisted-bucket"), &json!("not-in-inventory")),
        ];
        assert_eq!(found, expected, "{back_end}");
    }
}
