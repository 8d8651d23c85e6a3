//! What people type: values, formats, where the organization's accounts come from.

use std::fs;
use std::path::Path;

use exfilguard::investigate::Hunts;
use serde_json::{Value, json};

use crate::log_folder::{chosen, exfilguard, folder, hunt_in, record};

#[test]
fn more_rows_than_the_limit_are_said_and_every_format_is_written() {
    let records: Vec<Value> =
        (1..=5).map(|n| record(n, json!({"sourceIPAddress": format!("192.0.2.{n}")}))).collect();
    let folder = folder(&records);
    let limited = hunt_in(folder.path(), "top-readers", &["--limit", "2"]);
    assert_eq!(limited.answer["rows"].as_array().unwrap().len(), 2);
    assert_eq!(limited.answer["query"]["notes"][0]["kind"], "truncated");
    assert_eq!(limited.code, 0);
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let at = |name: &str| format!("{name}={}", out.join(name).display());
    let (csv, markdown, terminal) = (at("csv"), at("markdown"), at("terminal"));
    let more = ["--output", &csv, "--output", &markdown, "--output", &terminal];
    assert_eq!(hunt_in(folder.path(), "top-readers", &more).code, 0);
    for name in ["csv", "markdown", "terminal"] {
        let text = fs::read_to_string(out.join(name)).unwrap();
        assert!(text.contains("192.0.2.5"), "{name}: {text}");
    }
    let junit = hunt_in(folder.path(), "top-readers", &["--output", "junit=x"]);
    assert_eq!(junit.code, 2);
}

#[test]
fn values_that_are_more_than_values_are_refused() {
    let folder = folder(&[record(1, json!({}))]);
    for (hunt, setting) in [
        ("top-readers", "bucket=x' OR '1'='1"),
        ("top-readers", "principals=arn:aws:iam::111122223333:role/x') OR ('1'='1"),
        ("top-readers", "limit=1; DROP TABLE cloudtrail"),
        ("top-readers", "from=2026-01-15T03:00:00Z' OR 1=1 --"),
        ("top-readers", "accounts=111122223333') OR (1=1"),
        ("top-readers", "regions=eu-west-1' OR 'a'='a"),
        ("unusual-addresses", "networks=10.0.0.0/8') OR (1=1"),
        ("outside-writes", "organization_buckets=a','b"),
        ("credential-spread", "access_keys=AKIAIOSFODNN7EXAMPLE') OR (1=1"),
        ("hourly-baseline", "least_requests=0 OR 1=1"),
        ("top-readers", "table=other"),
        ("top-readers", "nothing=1"),
    ] {
        let outcome = hunt_in(folder.path(), hunt, &["--set", setting]);
        assert_eq!(outcome.code, 2, "{setting}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    }
}

#[test]
fn what_cannot_be_asked_is_said() {
    assert_eq!(exfilguard(&["hunt", "top-readers"]).code, 2);
    assert!(exfilguard(&["hunt", "no-such-hunt", "--logs", "."]).stderr.contains("top-readers"));
    assert_eq!(exfilguard(&["hunt", "top-readers", "--logs", "/no/such/path", "--last", "1h"]).code, 2);
    let list = exfilguard(&["hunt", "list", "--output", "json"]);
    assert_eq!(
        (list.code, list.answer.as_array().unwrap().len()),
        (0, Hunts::load().unwrap().iter().count())
    );
    for hunt in Hunts::load().unwrap().iter() {
        let explained = exfilguard(&["hunt", "explain", &hunt.id]);
        assert_eq!(explained.code, 0);
        assert!(explained.stdout.contains(hunt.logs_insights.query.trim()), "{}", hunt.id);
        let finish = hunt.logs_insights.finish.as_ref();
        assert!(finish.is_none_or(|sql| explained.stdout.contains(sql.trim())), "{}", hunt.id);
    }
}

#[test]
fn the_organizations_accounts_and_buckets_come_from_a_snapshot_or_an_assessment() {
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/organization.jsonl.gz");
    let snapshot = snapshot.to_str().unwrap();
    let out = tempfile::tempdir().unwrap();
    let assessment = out.path().join("audit.json");
    let to = format!("json={}", assessment.display());
    exfilguard(&["audit", "--fail-on", "none", "--snapshot", snapshot, "--output", &to]);
    let audit: Value = serde_json::from_slice(&fs::read(&assessment).unwrap()).unwrap();
    let ours = audit["accounts"][0]["id"].as_str().unwrap();
    let results = audit["results"].as_array().unwrap();
    let bucket = results.iter().find(|result| result["resource"]["kind"] == "bucket").unwrap();
    let bucket = bucket["resource"]["id"].as_str().unwrap();
    let written = |number: u32, owner: &str, name: &str| {
        record(
            number,
            json!({"eventName": "PutObject", "requestParameters": {"bucketName": name},
                "resources": [{"type": "AWS::S3::Bucket", "accountId": owner}]}),
        )
    };
    let folder = folder(&[
        written(1, ours, bucket),
        written(2, ours, "unlisted-bucket"),
        written(3, "999999999999", "elsewhere"),
    ]);
    assert_eq!(hunt_in(folder.path(), "outside-writes", &[]).code, 2, "nobody says who is inside");
    for source in [["--assessment", assessment.to_str().unwrap()], ["--snapshot", snapshot]] {
        let outcome = hunt_in(folder.path(), "outside-writes", &source);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let mut rows = chosen(&outcome.answer, &["bucket", "why"]);
        rows.as_array_mut().unwrap().sort_by_key(ToString::to_string);
        assert_eq!(
            rows,
            json!([["elsewhere", "owner-outside"], ["unlisted-bucket", "not-in-inventory"]]),
            "{source:?}"
        );
        // What a person says counts.
        let accounts = format!("{ours},999999999999");
        let told = [&source[..], &["--organization-accounts", &accounts]].concat();
        let outcome = hunt_in(folder.path(), "outside-writes", &told);
        assert_eq!(outcome.answer["rows"].as_array().unwrap().len(), 2, "{}", outcome.stderr);
        assert!(!outcome.answer["rows"].to_string().contains("owner-outside"));
    }
    let both = ["--assessment", assessment.to_str().unwrap(), "--snapshot", snapshot];
    assert_eq!(hunt_in(folder.path(), "outside-writes", &both).code, 2);
    fs::write(&assessment, "{}").unwrap();
    let broken = hunt_in(folder.path(), "outside-writes", &both[..2]);
    assert!(broken.code == 2 && broken.stderr.contains("audit.json"), "{}", broken.stderr);
}
