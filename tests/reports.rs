//! Every output format, read by libraries that exfilguard does not use (`tests/reports/README.md`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use exfilguard::report::{Format, Look, json, render};
use exfilguard::score::assessment::Assessment;
use serde_json::{Value, json};

/// What a bucket, tag, statement or error message may hold to attack a reader.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script><!--",
    "]]><x/>",
    "\"><img src=x onerror=alert(3)>",
    "=cmd|' /C calc'!A0",
    "@SUM(1)\t+1\r\n-1",
    "\u{1b}[2J\u{1b}]8;;http://a.b\u{7}\u{0}\u{b}\u{9b}",
    "nimda\u{202e}\u{2066}admin\u{200f}\u{feff}\u{2028}\u{ffff}",
    "[x](javascript:alert(4)) ![y](http://a.b/c.png) <http://a.b> www.a.b | `code` ~~ @all #1 **",
    "a|b\\|c`d|e",
    "👩\u{200d}💻🏳️‍🌈 é 数据",
    "../../etc/passwd?x=%2e%2e#{0} ${jndi:ldap://a.b}",
];

/// A result whose every text is `text`.
fn result(number: usize, status: &str, text: &str) -> Value {
    let id = format!("{text}{number}");
    json!({
        "check": if number.is_multiple_of(2) { "bucket-not-public".to_owned() } else { format!("own-{text}") },
        "area": "buckets", "severity": (["critical", "high", "medium", "low", "info"][number % 5]), "status": status,
        "account_id": "111122223333", "region": if number.is_multiple_of(3) { Value::Null } else { json!(text) },
        "resource": { "kind": "bucket", "id": id, "arn": if number.is_multiple_of(2) { json!(text) } else { Value::Null } },
        "message": text,
        "evidence": [{ "operation": text, "resource": text, "pointer": text, "value": { text: [text, null, 1] } }],
        "witness": { text: text }, "assumptions": ["A-07"],
        "remediation": if number.is_multiple_of(4) { json!("block-public-access") } else { json!(text) },
        "exception": if status == "excepted" { json!({ "reason": text, "owner": text, "expires": text }) } else { Value::Null },
        "since_baseline": if status == "fail" { json!((["new", "known"][number % 2])) } else { Value::Null },
    })
}

/// An assessment of these results, with an account that could not be entered and a gap for each text.
fn assessment(results: Vec<Value>, texts: &[&str]) -> Assessment {
    let account = |id: &str, name: &str, status: &str| json!({ "id": id, "name": name, "status": status, "regions": ["eu-west-1"], "buckets": 1 });
    let name = texts.first().copied().unwrap_or("production");
    let mut accounts = vec![account("111122223333", name, "partial")];
    let gaps: Vec<Value> = texts
        .iter()
        .map(|text| {
            json!({ "account_id": "111122223333", "region": text, "operation": text, "resource": text, "code": "AccessDenied", "message": text })
        })
        .collect();
    if !texts.is_empty() {
        accounts.push(account("222233334444", name, "unreachable"));
    }
    let simulation: Vec<Value> = texts
        .iter()
        .map(|text| {
            json!({ "account_id": "111122223333", "bucket": text, "region": text, "technique": "T-01", "outcome": "blind",
                "possible": "logged", "logged": "unknown", "detected": "no", "alerted": "no", "prevented": "no",
                "ml_dependent": false, "path": [text], "mended_by": [text], "broken_link": text, "weight": 1.0 })
        })
        .collect();
    let document = json!({
        "schema": "exfilguard.assessment/1",
        "run": { "id": name, "tool_version": "0.1.0", "started_at": "2026-11-23T06:00:00Z", "finished_at": "2026-11-23T06:01:30.5Z",
            "source": "live", "organization_id": name, "management_account": name, "accounts_in_scope": 2, "accounts_audited": 0,
            "regions": [name], "complete": false, "incomplete": gaps,
            "api_calls": { "total": 0, "retries": 0, "throttled": 0, "by_operation": {} } },
        "score": { "overall": 12.3, "by_area": { "buckets": 12.3 }, "by_account": { "111122223333": 12.3 },
            "by_account_and_area": { "111122223333": { "buckets": 12.3 } } },
        "accounts": accounts,
        "results": results,
        "policy_warnings": texts.iter().map(|text| json!({ "file": text, "line": 1, "column": 1, "message": text })).collect::<Vec<_>>(),
        "simulation": simulation,
    });
    json::read(document.to_string().as_bytes()).unwrap()
}

/// Writes every format and has each read.
fn readers_accept(assessment: &Assessment) {
    let folder = tempfile::tempdir().unwrap();
    for format in Format::ALL {
        // A person reads the terminal, which has tests of its own.
        if format == Format::Terminal {
            continue;
        }
        // A browser tells a page by its name.
        let name = if format == Format::Html { "page.html" } else { format.as_str() };
        std::fs::write(folder.path().join(name), render(format, assessment, Look::PLAIN).unwrap()).unwrap();
    }
    let schema = serde_json::to_string(&schemars::schema_for!(Assessment)).unwrap();
    std::fs::write(folder.path().join("assessment.schema.json"), schema).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("EXFILGUARD_REPORT_READERS")
        .map_or_else(|| root.join("target/reports/bin/python"), PathBuf::from);
    let unreachable =
        assessment.accounts.iter().filter(|account| account.status.as_str() == "unreachable").count();
    let output = Command::new(&python)
        .arg(root.join("tests/reports/independent.py"))
        .arg(folder.path())
        .args([assessment.results.len(), unreachable, assessment.run.incomplete.len()].map(|n| n.to_string()))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; scripts/test installs the readers", python.display()));
    let read = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{read}{}", String::from_utf8_lossy(&output.stderr));
    for format in ["json", "csv", "markdown", "junit", "sarif", "ocsf", "asff", "html"] {
        assert!(read.contains(&format!("{format}: ")), "{format} was not read:\n{read}");
    }
}

#[test]
fn every_reader_takes_names_that_attack_it() {
    let long = "x<&>\"'`|=\u{202e}".repeat(6_000);
    let mut texts = HOSTILE.to_vec();
    texts.push(&long);
    let statuses = ["fail", "unknown", "error", "excepted", "pass", "not-applicable"];
    let mut results = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        for (number, status) in statuses.iter().enumerate() {
            results.push(result(place * statuses.len() + number, status, text));
        }
    }
    readers_accept(&assessment(results, &texts));
}

#[test]
fn every_reader_takes_an_audit_without_results() {
    readers_accept(&assessment(Vec::new(), &[]));
}

#[test]
fn every_reader_takes_thousands_of_results() {
    let status = |number: usize| if number.is_multiple_of(3) { "pass" } else { "fail" };
    let results = (0..1_200).map(|number| result(number, status(number), "bucket")).collect();
    readers_accept(&assessment(results, &["a gap"]));
}
