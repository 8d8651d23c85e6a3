//! The HTML report in headless Chromium, used as people use it (`tests/browser/page.py`): axe-core, keyboard, filters, links,
//! light and dark, desktop and phone, print, and 50,000 results. And the pages of `investigate` and `simulate`, which run no
//! script.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod saved;

use std::path::Path;
use std::process::Command;

use saved::{Place, example};
use serde_json::{Value, json};

/// Opens a page of the place, and has it do what people do; `report` is the JSON report of the same audit.
fn used(place: &Place, what: &str, page: &str, report: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/browser/bin/python");
    let output = Command::new(&python)
        .arg(root.join("tests/browser/page.py"))
        .arg(what)
        .args([place.path(page), place.path(report)])
        .output()
        .unwrap_or_else(|error| {
            panic!("{}: {error}; scripts/test installs the browser's driver", python.display())
        });
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// The example with an accepted failure, a reading that failed, and a baseline in which some things were otherwise.
#[test]
fn the_page_is_used_by_mouse_keyboard_link_and_paper() {
    let place = Place::new();
    let mut baseline = place.audit(&[]).json();
    let results = baseline["results"].as_array_mut().unwrap();
    let mut changed = 0;
    for result in results.iter_mut().filter(|result| result["resource"]["kind"] == "bucket").step_by(5) {
        match result["status"].as_str() {
            Some("fail") => result["status"] = json!("pass"),
            Some("pass") => result["status"] = json!("fail"),
            _ => continue,
        }
        changed += 1;
    }
    assert!(changed > 5, "{changed}");
    place.write("baseline.json", baseline.to_string());
    let unreadable = json!([{
        "op": "replace",
        "path": "/accounts/222222222222/buckets/acme-analytics-events/policy",
        "value": { "unreadable": { "operation": "s3:GetBucketPolicy", "code": "AccessDenied", "message": "not authorized" } },
    }]);
    place.write("change.json", unreadable.to_string());
    let exceptions = "exceptions:\n  - { check: bucket-not-shared-outside, resource: \"arn:aws:s3:::*\", account: \
                      \"222222222222\", reason: a partner reads it until the migration, owner: data platform, expires: \
                      2029-06-30 }\n";
    place.write("exfilguard.yaml", format!("version: 1\n{exceptions}"));
    let snapshot = example();
    let run = place.run(&[
        "audit",
        "--snapshot",
        snapshot.to_str().unwrap(),
        "--with-change",
        "change.json",
        "--baseline",
        "baseline.json",
        "--output",
        "html=page.html",
        "--output",
        "json=report.json",
    ]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    let report: Value = serde_json::from_slice(&std::fs::read(place.path("report.json")).unwrap()).unwrap();
    assert!(saved::count(&report, "excepted") > 0 && saved::count(&report, "unknown") > 0, "{}", run.stderr);
    used(&place, "whole", "page.html", "report.json");
}

/// The example's accounts again and again, under other ids, until there are 50,000 results.
fn large(example: &Value) -> Value {
    let mut large = example.clone();
    let audited: Vec<&Value> =
        example["accounts"].as_array().unwrap().iter().filter(|a| a["status"] == "audited").collect();
    let list = |field: &str| example[field].as_array().unwrap().clone();
    let (mut accounts, mut results, mut simulation) = (Vec::new(), Vec::new(), Vec::new());
    let scores = ["by_account", "by_account_and_area"];
    for by in scores {
        large["score"][by] = json!({});
    }
    let mut number = 0_u64;
    while results.len() < 50_000 {
        let account = audited[usize::try_from(number).unwrap() % audited.len()];
        let id = format!("{:012}", 100_000_000_000 + number);
        let renamed = |value: &Value| -> Value {
            let text = value.to_string().replace(account["id"].as_str().unwrap(), &id);
            serde_json::from_str(&text).unwrap()
        };
        accounts.push(renamed(account));
        for by in scores {
            large["score"][by][&id] = example["score"][by][account["id"].as_str().unwrap()].clone();
        }
        let of_account = |value: &&Value| value["account_id"] == account["id"];
        results.extend(list("results").iter().filter(of_account).map(renamed));
        if number < 100 {
            simulation.extend(list("simulation").iter().filter(of_account).map(renamed));
        }
        number += 1;
    }
    large["accounts"] = Value::Array(accounts);
    large["results"] = Value::Array(results);
    large["simulation"] = Value::Array(simulation);
    large
}

#[test]
fn fifty_thousand_results_open_and_are_filtered() {
    let place = Place::new();
    let report = large(&place.audit(&[]).json());
    place.write("report.json", report.to_string());
    let run = place.run(&["compare", "report.json", "report.json", "--output", "html=page.html"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    used(&place, "large", "page.html", "report.json");
}

#[test]
fn the_incident_and_the_matrix_are_read_on_desktop_phone_and_paper() {
    let place = Place::new();
    let incident = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    let finding = incident.join("finding.json");
    let run = place.run(&[
        "investigate",
        "--logs",
        incident.to_str().unwrap(),
        "--finding",
        finding.to_str().unwrap(),
        "--output",
        "html=incident.html",
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    used(&place, "still", "incident.html", "");
    let run =
        place.run(&["simulate", "--snapshot", example().to_str().unwrap(), "--output", "html=matrix.html"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    used(&place, "still", "matrix.html", "");
}
