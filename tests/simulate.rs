//! `exfilguard simulate` as a person runs it, on the saved example organization.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod saved;

use saved::{Place, Run};
use serde_json::{Value, json};

const BUCKET: &str = "acme-payments-statements";
const PAYMENTS: &str = "111111111111";

fn simulate(place: &Place, more: &[&str]) -> Run {
    let snapshot = saved::example();
    let mut arguments = vec!["simulate", "--snapshot", snapshot.to_str().unwrap()];
    arguments.extend(more);
    place.run(&arguments)
}

fn cells(place: &Place, more: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = more.iter().copied().chain(["--output", "json"]).collect();
    let run = simulate(place, &arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.json().as_array().unwrap().clone()
}

#[test]
fn the_array_is_that_of_the_contract_sorted_and_explains_itself() {
    let place = Place::new();
    let cells = cells(&place, &[]);
    let key = |cell: &Value| {
        ["account_id", "bucket", "technique"].map(|name| cell[name].as_str().unwrap().to_owned())
    };
    let keys: Vec<_> = cells.iter().map(key).collect();
    let mut sorted = keys.clone();
    sorted.sort();
    assert_eq!(keys, sorted);
    assert_eq!(keys.len() % 22, 0);
    for cell in &cells {
        let outcome = cell["outcome"].as_str().unwrap();
        assert!(["blind", "logged", "detected", "alerted", "prevented"].contains(&outcome), "{outcome}");
        for answer in ["logged", "detected", "alerted", "prevented"] {
            assert!(["yes", "no", "unknown"].contains(&cell[answer].as_str().unwrap()), "{cell}");
        }
        assert!(!cell["path"].as_array().unwrap().is_empty(), "{cell}");
        let told = matches!(outcome, "alerted" | "prevented");
        assert_eq!(cell["broken_link"].is_string(), !told, "{cell}");
        assert!(!cell["evidence"].as_array().unwrap().is_empty(), "{cell}");
    }
}

#[test]
fn cells_are_chosen_by_account_bucket_and_technique() {
    let place = Place::new();
    let chosen = cells(&place, &["--bucket", "acme-payments-s*", "--technique", "T-01,T-20"]);
    let found: Vec<_> = chosen.iter().map(|cell| (&cell["bucket"], &cell["technique"])).collect();
    assert_eq!(found, [(&json!(BUCKET), &json!("T-01")), (&json!(BUCKET), &json!("T-20"))]);
    for flag in ["--accounts", "--account"] {
        let of_account = cells(&place, &[flag, PAYMENTS]);
        assert!(!of_account.is_empty() && of_account.iter().all(|cell| cell["account_id"] == PAYMENTS));
    }
    let unknown = simulate(&place, &["--technique", "T-99"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.said().contains("there is no technique `T-99`"), "{}", unknown.said());
    let nothing = simulate(&place, &["--bucket", "nowhere", "--output", "json"]);
    assert_eq!((nothing.code, nothing.json()), (0, json!([])));
    assert!(nothing.said().contains("nothing to simulate"), "{}", nothing.said());
}

#[test]
fn the_audit_carries_the_same_matrix_and_shows_it() {
    let place = Place::new();
    let report = place.audit(&[]).json();
    let plain = |cells: &[Value]| -> Vec<Value> {
        cells
            .iter()
            .map(|cell| {
                let mut cell = cell.clone();
                cell.as_object_mut().unwrap().remove("evidence");
                cell
            })
            .collect()
    };
    assert_eq!(plain(report["simulation"].as_array().unwrap()), plain(&cells(&place, &[])));
    let snapshot = saved::example();
    let text = place.run(&["audit", "--snapshot", snapshot.to_str().unwrap()]).stdout;
    assert!(text.contains("If somebody took the data tonight"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn what_is_assumed_is_shown_before_and_after() {
    let place = Place::new();
    let after = cells(&place, &["--assume", "object-reads-logged=pass", "--technique", "T-01"]);
    let raised: Vec<&Value> = after.iter().filter(|cell| cell["before"] != cell["outcome"]).collect();
    assert!(!raised.is_empty());
    for cell in &after {
        assert!(cell["path"].to_string().contains("taken for mended") || cell["before"] == cell["outcome"]);
    }
    let text = simulate(&place, &["--assume", "object-reads-logged=pass"]).stdout;
    assert!(text.contains("What changes") && text.contains("blind → logged"), "{text}");
    let wrong = simulate(&place, &["--assume", "object-reads=pass"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.said().contains("there is no check `object-reads`"), "{}", wrong.said());
}

#[test]
fn a_proposed_bucket_policy_is_tried_before_it_is_put() {
    let place = Place::new();
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{BUCKET}"), format!("arn:aws:s3:::{BUCKET}/*")],
        "Condition": {"NotIpAddressIfExists": {"aws:SourceIp": ["203.0.113.0/24"]},
            "StringNotEqualsIfExists": {"aws:VpceOrgID": "o-exfilguard"},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}}}]});
    let path = format!("/accounts/{PAYMENTS}/buckets/{BUCKET}/policy");
    place.write("change.json", json!([{"op": "replace", "path": path, "value": deny}]).to_string());
    place.write("exfilguard.yaml", "version: 1\ntrust: { networks: [203.0.113.0/24] }\n");
    let after = cells(&place, &["--with-change", "change.json", "--bucket", BUCKET, "--technique", "T-01"]);
    assert_eq!((&after[0]["before"], &after[0]["outcome"]), (&json!("alerted"), &json!("prevented")));
    // The same change under the audit.
    let status = |more: &[&str]| {
        let report = place.audit(more).json();
        let results = saved::results(&report, "bucket-control-plane-perimeter", None);
        results.iter().find(|result| result["resource"]["id"] == BUCKET).unwrap()["status"].clone()
    };
    let before = status(&[]);
    place.write(
        "exfilguard.yaml",
        format!(
            "version: 1\ntrust: {{ networks: [203.0.113.0/24] }}\nsensitive: {{ buckets: [{BUCKET}] }}\n"
        ),
    );
    assert_eq!((before, status(&[])), (json!("not-applicable"), json!("fail")));
    assert_eq!(status(&["--with-change", "change.json"]), "pass");
}

#[test]
fn a_change_that_does_not_fit_is_refused_with_what_there_is() {
    let place = Place::new();
    for (patch, expected) in [
        (
            json!([{"op": "remove", "path": format!("/accounts/{PAYMENTS}/buckets/nowhere")}]),
            "no element is called `nowhere`",
        ),
        (
            json!([{"op": "remove", "path": "/accounts/999999999999/buckets"}]),
            "account 999999999999 is not in the snapshot",
        ),
        (
            json!([{"op": "replace", "path": format!("/accounts/{PAYMENTS}/buckets/{BUCKET}/name"), "value": 1}]),
            "after the change it is no record any more",
        ),
        (json!({"op": "remove"}), "is no JSON Patch"),
    ] {
        place.write("change.json", patch.to_string());
        let run = simulate(&place, &["--with-change", "change.json"]);
        assert_eq!(run.code, 2, "{patch}");
        assert!(run.said().contains(expected), "{patch}: {}", run.said());
    }
    let missing = simulate(&place, &["--with-change", "nowhere.json"]);
    assert_eq!(missing.code, 2);
    assert!(missing.said().contains("the change `nowhere.json` cannot be read"), "{}", missing.said());
    let live = place.run(&["simulate", "--with-change", "change.json"]);
    assert_eq!(live.code, 2, "{}", live.stderr);
    assert!(live.said().contains("--snapshot"), "{}", live.said());
}

#[test]
fn the_matrix_goes_to_every_format_by_bucket_and_by_account() {
    let place = Place::new();
    let run = simulate(
        &place,
        &[
            "--by",
            "account",
            "--output",
            "terminal",
            "--output",
            "markdown=m.md",
            "--output",
            "html=m.html",
            "--output",
            "json=m.json",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("Accounts by the worst of their buckets") && run.stdout.contains("3 buckets")
    );
    let markdown = std::fs::read_to_string(place.path("m.md")).unwrap();
    assert!(markdown.contains("| account | bucket | T-01 | T-02 |") && markdown.contains("`3 buckets`"));
    let html = std::fs::read_to_string(place.path("m.html")).unwrap();
    assert!(html.contains("Content-Security-Policy") && !html.contains("<script"), "no script runs");
    let explained = simulate(&place, &["--bucket", BUCKET, "--technique", "T-01", "--explain"]).stdout;
    for part in [
        "list the objects: logged: trail `payments-objects`",
        "needs 201 of them",
        "a day stay below",
        "topic `payments-oncall` reaches a person by email",
    ] {
        let flat = explained.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(part), "`{part}` is missing: {explained}");
    }
}

#[test]
fn techniques_of_ones_own_are_walked_too_and_wrong_ones_are_named() {
    let place = Place::new();
    std::fs::create_dir(place.path("techniques")).unwrap();
    place.write("techniques/X-01.yaml", "id: X-01\ntitle: Read one object\ndescription: One is enough.\nattack: [T1530]\n\
        weight: 3\nchains:\n  - name: read\n    steps:\n      - name: read it\n        event: { name: GetObject, class: data-read }\n\
        \u{20}       requests:\n          - { action: s3:GetObject }\nfindings: []\nreferences: []\n");
    let own = cells(&place, &["--techniques", "techniques", "--technique", "X-01", "--bucket", BUCKET]);
    assert_eq!((own.len(), &own[0]["logged"]), (1, &json!("yes")));
    place.write("techniques/X-02.yaml", "id: X-02\ntitle: Nothing\n");
    let wrong = simulate(&place, &["--techniques", "techniques"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.said().contains("X-02.yaml"), "{}", wrong.said());
}
