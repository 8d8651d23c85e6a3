//! The policy file as the built program obeys it, on the saved example organization. Nothing here depends on how many
//! checks there are, or on the example's score.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod saved;

use std::fmt::Write as _;

use saved::{Place, count, results};
use serde_json::Value;

/// A check that fails on several buckets of the example, and one of them.
const CHECK: &str = "bucket-requires-tls";

fn failing(place: &Place) -> (Value, Value) {
    let report = place.audit(&[]).json();
    let one = results(&report, CHECK, Some("fail"))[0].clone();
    (report, one)
}

fn exception(fields: &str) -> String {
    format!("exceptions:\n  - {{ check: {CHECK}, reason: \"as agreed\", owner: \"web team\", {fields} }}\n")
}

#[test]
fn an_excepted_failure_is_shown_everywhere_and_counts_nowhere() {
    let place = Place::new();
    let (before, one) = failing(&place);
    let account = one["account_id"].as_str().unwrap();
    let lines = exception(&format!(
        "account: \"{account}\", resource: \"{}\", expires: 2030-01-31",
        one["resource"]["arn"].as_str().unwrap()
    ));
    let audited =
        place.audit_under(&lines, &["--output", "junit=report.xml", "--output", "terminal=report.txt"]);
    let after = audited.json();
    let excepted = results(&after, CHECK, Some("excepted"));
    assert_eq!(excepted.len(), 1);
    assert_eq!(excepted[0]["resource"], one["resource"]);
    assert_eq!(
        excepted[0]["exception"],
        serde_json::json!({"reason": "as agreed", "owner": "web team", "expires": "2030-01-31"})
    );
    assert_eq!(excepted[0]["message"], one["message"], "what is wrong is still said");
    assert_eq!(count(&after, "fail") + 1, count(&before, "fail"));
    assert_eq!(count(&after, "pass"), count(&before, "pass"));
    let score = |report: &Value| report["score"]["by_account_and_area"][account]["buckets"].as_f64().unwrap();
    // Where nothing passes the check besides, leaving one out changes nothing.
    assert!(score(&after) >= score(&before), "{} {}", score(&after), score(&before));
    assert_eq!(after["policy_warnings"], serde_json::json!([]));
    assert!(!audited.stderr.contains("warning"), "{}", audited.stderr);

    let xml = std::fs::read_to_string(place.path("report.xml")).unwrap();
    assert!(
        xml.contains(
            "<skipped message=\"excepted until 2030-01-31 by web team: as agreed\" type=\"excepted\">"
        ),
        "{xml}"
    );
    let text = std::fs::read_to_string(place.path("report.txt")).unwrap();
    assert!(text.contains("until 2030-01-31 by web team: as agreed"), "{text}");
    assert!(text.contains("1 excepted"), "{text}");

    let without = place.audit(&["--no-exceptions"]);
    assert_eq!(without.json()["results"], before["results"]);
}

#[test]
fn an_expired_exception_hides_nothing_and_is_reported_with_its_line() {
    let place = Place::new();
    let (before, _) = failing(&place);
    let audited = place.audit_under(&exception("expires: 2020-01-31"), &[]);
    let after = audited.json();
    assert_eq!(after["results"], before["results"]);
    let said = audited.said();
    assert!(
        said.contains(
            "warning: exfilguard.yaml:3:5: the exception of `bucket-requires-tls` expired on 2020-01-31"
        ),
        "{said}"
    );
    let warning = &after["policy_warnings"][0];
    assert_eq!((&warning["file"], &warning["line"]), (&"exfilguard.yaml".into(), &3.into()));
    assert!(!place.audit(&["--no-exceptions"]).said().contains("expired"));
    let shown = place.run(&["audit", "--snapshot", saved::example().to_str().unwrap()]).stdout;
    assert!(shown.contains("exfilguard.yaml:3:5: the exception of `bucket-requires-tls` expired"), "{shown}");
}

#[test]
fn an_unknown_account_and_an_unused_exception_are_warnings() {
    let place = Place::new();
    let audited = place.audit_under(&exception("account: \"999999999999\", expires: 2030-01-31"), &[]);
    assert!(audited.said().contains("exfilguard.yaml:3:5: the exception of `bucket-requires-tls` names account `999999999999`, which is not in the organization"), "{}", audited.said());
    let audited = place.audit_under(&exception("resource: no-such-bucket, expires: 2030-01-31"), &[]);
    assert!(
        audited.said().contains(
            "warning: exfilguard.yaml:3:5: the exception of `bucket-requires-tls` matches no resource"
        ),
        "{}",
        audited.said()
    );
    assert_eq!(audited.code, 1, "a warning changes no exit code");
    let elsewhere = place.audit(&["--only", "guardduty"]);
    assert!(!elsewhere.said().contains("warning"), "its check did not run: {}", elsewhere.said());
}

#[test]
fn each_gate_decides_the_exit_code_and_is_named() {
    let place = Place::new();
    let cases = [
        ("gates: { fail_on: none }", 0, ""),
        ("gates: { fail_on: high }", 1, "gate missed: "),
        ("gates: { fail_on: none, minimum_score: 100 }", 1, "is below 100 (`minimum_score`)"),
        ("gates: { fail_on: none, minimum_score: 0.0, maximum_unknown: null }", 0, ""),
    ];
    for (gates, code, said) in cases {
        let audited = place.audit_under(gates, &[]);
        assert_eq!(audited.code, code, "{gates}: {}", audited.stderr);
        assert!(audited.said().contains(said), "{gates}: {}", audited.stderr);
        assert_eq!(audited.said().contains("gate missed"), code == 1, "{}", audited.stderr);
    }
    let flag = place.audit_under("gates: { fail_on: none }", &["--fail-on", "high"]);
    assert_eq!(flag.code, 1, "the command line wins");
    let flag = place.audit_under("gates: { fail_on: high }", &["--fail-on", "none"]);
    assert_eq!(flag.code, 0, "the command line wins");
}

#[test]
fn unknown_results_beyond_the_maximum_miss_the_gate() {
    let place = Place::new();
    let snapshot = without_parents(&place);
    let lines = format!(
        "gates: {{ fail_on: none, maximum_unknown: 0 }}\norganizational_units: {{ r-ab12: {{ checks: {{ {CHECK}: {{ severity: low }} }} }} }}\n"
    );
    place.write("exfilguard.yaml", format!("version: 1\n{lines}"));
    let audited = place.audit_of(&snapshot, &["--incomplete-ok"]);
    assert_eq!(audited.code, 1);
    assert!(
        audited.said().contains("results are unknown, more than 0 (`maximum_unknown`)"),
        "{}",
        audited.said()
    );
    assert_eq!(place.audit_of(&snapshot, &[]).code, 3, "incomplete wins");
}

/// The header of the example's snapshot.
fn header(place: &Place) -> (Value, Vec<String>) {
    let shown = place.run(&["snapshot", "show", saved::example().to_str().unwrap()]).stdout;
    let mut lines = shown.lines().map(str::to_owned);
    let header = serde_json::from_str(&lines.next().unwrap()).unwrap();
    (header, lines.collect())
}

/// The example in which it could not be read where the accounts are.
fn without_parents(place: &Place) -> std::path::PathBuf {
    let (mut header, accounts) = header(place);
    for account in header["organization"]["accounts"]["known"].as_array_mut().unwrap() {
        account["parents"] = serde_json::json!({"unreadable": {
            "operation": "organizations:ListParents", "code": "AccessDeniedException", "message": "no"}});
    }
    let mut text = format!("{header}\n");
    for account in &accounts {
        writeln!(text, "{account}").unwrap();
    }
    writeln!(text, "{{\"accounts\":{}}}", accounts.len()).unwrap();
    place.write("without-parents.jsonl", text);
    place.path("without-parents.jsonl")
}

/// An account of the example that lies in an organizational unit, and that unit.
fn unit(place: &Place) -> (String, String) {
    let (header, _) = header(place);
    let accounts = header["organization"]["accounts"]["known"].as_array().unwrap().clone();
    let inside = |account: &&Value| {
        account["parents"]["known"].as_array().unwrap().len() > 1 && account["state"] == "ACTIVE"
    };
    let account = accounts.iter().find(inside).unwrap();
    let unit = account["parents"]["known"].as_array().unwrap().last().unwrap();
    (account["id"].as_str().unwrap().to_owned(), unit.as_str().unwrap().to_owned())
}

#[test]
fn settings_of_an_organizational_unit_hold_below_it_only() {
    let place = Place::new();
    let (inside, unit) = unit(&place);
    let before = place.audit(&[]).json();
    let lines = format!(
        "organizational_units:\n  {unit}:\n    checks:\n      {CHECK}: {{ severity: info }}\n      bucket-blocks-public-access: {{ enabled: false }}\n      bulk-download-alarm: {{ parameters: {{ objects: 7 }} }}\n"
    );
    let audited = place.audit_under(&lines, &[]);
    assert!(!audited.stderr.contains("warning"), "{}", audited.stderr);
    let after = audited.json();
    let (mut seen_inside, mut seen_outside) = (false, false);
    for result in results(&after, CHECK, None) {
        let below = below(&place, result["account_id"].as_str().unwrap(), &unit);
        assert_eq!(result["severity"] == "info", below, "{result}");
        seen_inside |= below;
        seen_outside |= !below;
    }
    assert!(seen_inside && seen_outside);
    let public = |report: &Value, of: &str| {
        let all = results(report, "bucket-blocks-public-access", None);
        all.into_iter().filter(|result| result["account_id"] == of).count()
    };
    assert!(public(&before, &inside) > 0);
    assert_eq!(public(&after, &inside), 0);
    let untouched = |report: &Value| -> Vec<Value> {
        let results = report["results"].as_array().unwrap().iter();
        results.filter(|r| !below(&place, r["account_id"].as_str().unwrap(), &unit)).cloned().collect()
    };
    assert_eq!(untouched(&after), untouched(&before));
}

fn below(place: &Place, account: &str, unit: &str) -> bool {
    let (header, _) = header(place);
    let accounts = header["organization"]["accounts"]["known"].as_array().unwrap().clone();
    let listed = accounts.iter().find(|listed| listed["id"] == account).unwrap();
    listed["parents"]["known"].as_array().unwrap().contains(&unit.into())
}

#[test]
fn what_an_organizational_unit_says_is_sensitive_is_sensitive_there() {
    let place = Place::new();
    let (inside, unit) = unit(&place);
    let lines = format!("organizational_units: {{ {unit}: {{ sensitive: {{ buckets: [ \"*\" ] }} }} }}");
    let report = place.audit_under(&lines, &[]).json();
    let (mut within, mut outside) = (0, 0);
    for result in results(&report, CHECK, None) {
        let sensitive = result["sensitive"] == true;
        within += usize::from(sensitive && result["account_id"] == inside.as_str());
        outside += usize::from(sensitive && !below(&place, result["account_id"].as_str().unwrap(), &unit));
    }
    assert!(within > 0);
    assert_eq!(outside, 0);
}

#[test]
fn a_check_whose_settings_depend_on_an_unknown_place_is_unknown() {
    let place = Place::new();
    let snapshot = without_parents(&place);
    place.write(
        "exfilguard.yaml",
        format!("version: 1\norganizational_units: {{ r-ab12: {{ checks: {{ {CHECK}: {{ enabled: false }} }} }} }}\n"),
    );
    let report = place.audit_of(&snapshot, &[]).json();
    let of_check = results(&report, CHECK, None);
    assert!(!of_check.is_empty());
    assert!(of_check.iter().all(|result| result["status"] == "unknown"));
    assert!(of_check[0]["message"].as_str().unwrap().contains("`organizations:ListParents` failed"));
    assert!(!results(&report, "bucket-not-public", Some("pass")).is_empty(), "other checks are judged");
}

#[test]
fn a_unit_that_no_account_is_below_is_a_warning() {
    let place = Place::new();
    let audited = place.audit_under("organizational_units:\n  ou-zzzz-zzzzzzzz: {}\n", &[]);
    assert!(
        audited.said().contains(
            "warning: exfilguard.yaml:3:3: no account of the organization is below `ou-zzzz-zzzzzzzz`"
        ),
        "{}",
        audited.said()
    );
}

#[test]
fn only_and_skip_select_by_id_area_and_pattern() {
    let place = Place::new();
    let checks = |arguments: &[&str]| -> Vec<String> {
        let report = place.audit(arguments).json();
        let results = report["results"].as_array().unwrap();
        let mut checks: Vec<String> =
            results.iter().map(|result| result["check"].as_str().unwrap().to_owned()).collect();
        checks.sort();
        checks.dedup();
        checks
    };
    assert_eq!(checks(&["--only", CHECK]), [CHECK]);
    assert_eq!(checks(&["--only", CHECK, "--only", "bucket-not-public"]), ["bucket-not-public", CHECK]);
    let buckets = checks(&["--only", "buckets"]);
    assert!(buckets.contains(&CHECK.to_owned()) && !buckets.contains(&"guardduty-enabled".to_owned()));
    assert_eq!(checks(&["--only", "bucket-r*-tl?"]), [CHECK]);
    let skipped = checks(&["--only", "buckets", "--skip", "bucket-requires-*"]);
    assert!(!skipped.contains(&CHECK.to_owned()) && skipped.len() + 1 == buckets.len());
    assert!(!checks(&["--skip", "buckets"]).contains(&CHECK.to_owned()));
}

#[test]
fn a_selection_of_nothing_is_an_error_with_the_nearest_name() {
    let place = Place::new();
    let cases: [(&[&str], &str); 5] = [
        (
            &["--only", "bucket-require-tls"],
            "--only `bucket-require-tls` matches no check help: did you mean `bucket-requires-tls`?",
        ),
        (&["--skip", "guardduti"], "--skip `guardduti` matches no check help: did you mean `guardduty`?"),
        (&["--only", ""], "matches no check"),
        (&["--only", "a["], "is no pattern"),
        (&["--only", CHECK, "--skip", "buckets"], "leave no check"),
    ];
    for (arguments, expected) in cases {
        let refused = place.audit(arguments);
        assert_eq!(refused.code, 2, "{arguments:?}");
        assert!(refused.said().contains(expected), "{arguments:?}: {}", refused.said());
        assert!(refused.stdout.is_empty());
    }
    let off = place.audit_under(&format!("checks: {{ {CHECK}: {{ enabled: false }} }}"), &["--only", CHECK]);
    assert_eq!(off.code, 2);
    assert!(off.said().contains("the policy file switches off every check that is left"), "{}", off.said());
}

#[test]
fn init_writes_a_file_that_changes_nothing_and_overwrites_none() {
    let place = Place::new();
    let before = place.audit(&[]).json();
    let written = place.run(&["init"]);
    assert_eq!((written.code, written.stdout.as_str()), (0, ""));
    let audited = place.audit(&[]);
    assert!(!audited.stderr.contains("warning"), "{}", audited.stderr);
    let after = audited.json();
    assert_eq!((&after["results"], &after["score"]), (&before["results"], &before["score"]));
    let text = std::fs::read_to_string(place.path("exfilguard.yaml")).unwrap();

    let again = place.run(&["init"]);
    assert_eq!(again.code, 2);
    assert!(again.said().contains("`exfilguard.yaml` cannot be written"), "{}", again.said());
    assert_eq!(std::fs::read_to_string(place.path("exfilguard.yaml")).unwrap(), text);

    assert_eq!(place.run(&["init", "other.yaml"]).code, 0);
    assert_eq!(place.run(&["init", "no/such/folder.yaml"]).code, 2);
}

#[test]
fn the_templates_checks_are_those_of_the_program_with_their_own_settings() {
    let place = Place::new();
    let before = place.audit(&[]).json();
    assert_eq!(place.run(&["init"]).code, 0);
    let text = std::fs::read_to_string(place.path("exfilguard.yaml")).unwrap();
    let uncommented: String = text
        .lines()
        .map(|line| match line.strip_prefix("  #") {
            Some(check) if !check.starts_with(' ') => format!("  {check}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    place.write("exfilguard.yaml", &uncommented);
    let after = place.audit(&[]).json();
    assert_eq!((&after["results"], &after["score"]), (&before["results"], &before["score"]));
    let listed = place.run(&["checks", "list", "--output", "json"]).json();
    for check in listed.as_array().unwrap() {
        assert!(uncommented.contains(&format!("\n  {}: {{", check["id"].as_str().unwrap())), "{check}");
    }
}

#[test]
fn the_schema_knows_every_check_and_its_parameters() {
    let place = Place::new();
    let schema = place.run(&["schema", "policy"]).json();
    let known = schema["properties"]["checks"]["properties"].as_object().unwrap();
    let listed = place.run(&["checks", "list", "--output", "json"]).json();
    let ids: Vec<&str> =
        listed.as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap()).collect();
    assert_eq!(known.len(), ids.len());
    assert!(ids.iter().all(|id| known.contains_key(*id)));
    let parameters = &known["bulk-download-alarm"]["properties"]["parameters"]["properties"];
    assert_eq!(parameters["within"]["type"], "string");
}

/// Each mistake ends the run before anything is audited, and names file, line and column.
#[test]
fn bad_policy_files_are_refused_with_file_and_line() {
    let mut nested = "version: 1\na0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(",");
        writeln!(nested, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    let text = |text: &str| text.as_bytes().to_vec();
    let utf16: Vec<u8> = "version: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (text("version: 1\ntrust:\n\taccounts: []\n"), "exfilguard.yaml:3:"),
        (text("version: 1\ntrust: {}\ntrust: {}\n"), "exfilguard.yaml:3:1"),
        (
            text(
                "version: 1\nexceptions:\n  - { check: bucket-requires-tls, owner: y, expires: 2030-01-01 }\n",
            ),
            "exfilguard.yaml:3:5",
        ),
        (
            text("version: 1\nexceptions:\n  - { check: bucket-requires-tls, reason: x, owner: y }\n"),
            "exfilguard.yaml:3:5",
        ),
        (
            text(
                "version: 1\nexceptions:\n  - { check: bucket-requires-tls, reason: x, owner: y, expires: 2027-02-30 }\n",
            ),
            "exfilguard.yaml:3:65",
        ),
        (text("version: 1\ntrust: { accounts: [ 012345678901 ] }\n"), "exfilguard.yaml:2:22"),
        (nested.into_bytes(), "exfilguard.yaml:2:9"),
        (text("\u{feff}version: 1\r\ntrusd: {}\r\n"), "exfilguard.yaml:2:1"),
        (text(""), "exfilguard.yaml:1:1"),
        (text("version: 1\nchecks: { no-such-check: {} }\n"), "exfilguard.yaml:2:11"),
        (b"version: 1\n# Gr\xf6\xdfe\n".to_vec(), "exfilguard.yaml:2:5"),
        (utf16, "exfilguard.yaml:1:"),
        (b"# x\n".repeat((10 << 20) / 4), "exfilguard.yaml:1:1"),
    ];
    for (content, place_of_mistake) in cases {
        let place = Place::new();
        place.write("exfilguard.yaml", &content);
        let refused = place.audit(&[]);
        let start = String::from_utf8_lossy(content.get(..60).unwrap_or(&content)).into_owned();
        assert_eq!(refused.code, 2, "{start}: {}", refused.stderr);
        assert!(refused.stdout.is_empty(), "{start}");
        assert!(refused.said().contains(place_of_mistake), "{start}: {}", refused.stderr);
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_read() {
    let place = Place::new();
    place.write("exfilguard.yaml", "\u{feff}version: 1\r\ngates: { fail_on: none }\r\n");
    assert_eq!(place.audit(&[]).code, 0);
}
