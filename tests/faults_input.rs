//! Files and command lines that were made by hand, by accident or by somebody else (F-32, F-33, B-11 of `docs/faults.md`),
//! and the table of faults itself.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod saved;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use saved::{Place, example};
use serde_json::{Value, json};

/// The lines of the example organization's snapshot.
fn lines() -> Vec<String> {
    let mut text = String::new();
    let file = std::fs::File::open(example()).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The last line of an account with regions and buckets.
fn an_account(lines: &[String]) -> usize {
    let of_use = |line: &String| {
        let account: Value = serde_json::from_str(line).unwrap();
        let buckets = account["buckets"]["known"].as_array().is_some_and(|buckets| !buckets.is_empty());
        buckets && account["regional"].as_object().is_some_and(|regions| !regions.is_empty())
    };
    let hubs: Value = serde_json::from_str(&lines[0]).unwrap();
    let first = 1 + hubs["hubs"].as_array().unwrap().len();
    (first..lines.len() - 1).rev().find(|at| of_use(&lines[*at])).unwrap()
}

/// The snapshot with one line changed, as a file of its own.
fn with_line(place: &Place, at: usize, change: impl FnOnce(&mut Value)) -> PathBuf {
    let mut lines = lines();
    let mut record: Value = serde_json::from_str(&lines[at]).unwrap();
    change(&mut record);
    lines[at] = record.to_string();
    written(place, &lines)
}

fn written(place: &Place, lines: &[String]) -> PathBuf {
    place.write("changed.jsonl", lines.join("\n") + "\n");
    place.path("changed.jsonl")
}

/// The audit of a file is refused, with these words.
fn refused(place: &Place, snapshot: &Path, words: &[&str]) {
    let run = place.audit_of(snapshot, &["--only", "guardduty-enabled"]);
    assert_eq!(run.code, 2, "{words:?}: {}", run.said());
    assert!(run.stdout.is_empty(), "{words:?}");
    for word in [&["changed.jsonl"], words].concat() {
        assert!(run.said().contains(word), "`{word}` is not in {}", run.said());
    }
}

#[test]
fn f33_a_snapshot_that_was_edited_is_refused_with_line_and_place() {
    let place = Place::new();
    let whole = lines();
    let last = an_account(&whole);
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    // Accounts that do not belong, or do not come.
    let unknown = with_line(&place, last, |account| account["id"] = json!("999988887777"));
    refused(
        &place,
        &unknown,
        &[&format!("line {}", last + 1), "/id", "999988887777", "none of the organization's"],
    );
    for name in ["../../etc/passwd", "1", "12345678901a"] {
        let odd = with_line(&place, last, |account| account["id"] = json!(name));
        refused(&place, &odd, &["/id", "12 digits"]);
    }
    let mut twice = whole.clone();
    twice[last] = whole[last - 1].clone();
    refused(&place, &written(&place, &twice), &["/id", "earlier line"]);
    let mut missing = whole.clone();
    let gone = id(&missing.remove(last));
    *missing.last_mut().unwrap() = json!({"accounts": missing.len() - 2}).to_string();
    refused(&place, &written(&place, &missing), &[&gone, "has no line"]);
    // Keys and buckets that are there twice: one of them would win without a word.
    let mut keys = whole.clone();
    keys[last] = keys[last].replacen("\"regional\":{", "\"regional\":{\"us-east-1\":null,", 1);
    let run = place.audit_of(&written(&place, &keys), &[]);
    assert_eq!(run.code, 2, "{}", run.said());
    let mut keys = whole.clone();
    let account: Value = serde_json::from_str(&keys[last]).unwrap();
    let (region, read) = account["regional"].as_object().unwrap().iter().next().unwrap();
    keys[last] = keys[last].replacen("\"regional\":{", &format!("\"regional\":{{\"{region}\":{read},"), 1);
    refused(&place, &written(&place, &keys), &["regional", "is there twice"]);
    let mut keys = whole.clone();
    keys[last] = keys[last].replacen("\"name\":", "\"id\":\"111111111111\",\"name\":", 1);
    refused(&place, &written(&place, &keys), &["duplicate field `id`"]);
    let buckets = with_line(&place, last, |account| {
        let known = account["buckets"]["known"].as_array_mut().unwrap();
        assert!(!known.is_empty());
        let first = known[0].clone();
        known.push(first);
    });
    refused(&place, &buckets, &["/buckets/known/", "is there twice"]);
    // A type that is none.
    let wrong = with_line(&place, last, |account| account["regional"] = json!([]));
    refused(&place, &wrong, &["regional", "invalid type"]);
}

#[test]
fn f33_depth_and_size_are_bounded() {
    let place = Place::new();
    let whole = lines();
    let last = an_account(&whole);
    let deep = "[".repeat(1_000_000);
    for line in [0, last] {
        let mut lines = whole.clone();
        lines[line] = lines[line].replacen('{', &format!("{{\"deep\":{deep},"), 1);
        refused(&place, &written(&place, &lines), &[&format!("line {}", line + 1)]);
    }
    // Documents inside of the record have the depth of their own.
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let document = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let policy = with_line(&place, last, |account| {
            for bucket in account["buckets"]["known"].as_array_mut().unwrap() {
                bucket["policy"] = json!({"known": document});
            }
            for region in account["regional"].as_object_mut().unwrap().values_mut() {
                for rule in region["rules"]["known"].as_array_mut().into_iter().flatten() {
                    rule["event_pattern"] = json!(document);
                }
            }
        });
        let run = place.audit_of(&policy, &[]);
        assert!([0, 1, 3].contains(&run.code), "{}: {}", run.code, run.said());
        let id = serde_json::from_str::<Value>(&whole[last]).unwrap()["id"].clone();
        let report = run.json();
        let of_account =
            report["results"].as_array().unwrap().iter().filter(|result| result["account_id"] == id);
        let judged: Vec<&Value> =
            of_account.filter(|result| result["check"] == "bucket-not-public").collect();
        assert!(!judged.is_empty() && judged.iter().all(|result| result["status"] != "pass"), "{judged:?}");
    }
}

#[test]
fn b11_wrong_command_lines_end_with_2_and_an_example() {
    let place = Place::new();
    let snapshot = example();
    let snapshot = snapshot.to_str().unwrap();
    for (arguments, words) in [
        (vec!["audit", "--shard", "0/0"], vec!["1/4"]),
        (vec!["audit", "--shard", "5/4"], vec!["between 1 and 4"]),
        (vec!["audit", "--shard", "1"], vec!["1/4"]),
        (vec!["audit", "--accounts", "12345678901"], vec!["12 digits", "111122223333"]),
        (vec!["audit", "--accounts", "12345678901,"], vec!["12 digits"]),
        (vec!["audit", "--regions", "Frankfurt"], vec!["eu-west-1"]),
        (vec!["audit", "--snapshot", snapshot, "--only", ""], vec!["--only"]),
        (vec!["audit", "--snapshot", snapshot, "--skip", ""], vec!["--skip"]),
        (vec!["audit", "--snapshot", snapshot, "--only", "["], vec!["["]),
        (
            vec!["audit", "--snapshot", snapshot, "--output", "json", "--output", "json"],
            vec!["standard output", "=FILE"],
        ),
        (vec!["audit", "--snapshot", snapshot, "--output", "yaml"], vec!["yaml", "junit=report.xml"]),
        (vec!["audit", "--snapshot", snapshot, "--accounts", "111122223333"], vec!["cannot be used with"]),
        (vec!["audit", "--quiet", "--verbose", "--snapshot", snapshot], vec!["cannot be used with"]),
        (vec!["audit", "--resume"], vec!["--state"]),
        (vec!["audit", "--fail-on-new", "--snapshot", snapshot], vec!["--baseline"]),
        (vec!["audit", "--call-timeout", "0"], vec!["4..=3600"]),
        (vec!["audit", "--max-concurrency", "0"], vec!["1..=1024"]),
        (vec!["audit", "--endpoint-url", "localhost"], vec!["http://127.0.0.1:5000"]),
        (vec!["audit", "--role", "arn:aws:iam::1:role/x"], vec!["ExfilguardAudit"]),
        (vec!["audit", "--with-change", "x.json"], vec!["--snapshot"]),
        (vec!["audti"], vec!["audit"]),
        (vec!["audit", "--snapshoot", snapshot], vec!["--snapshot"]),
        (vec!["remediate", "plan", "--kind", "block-public-acess"], vec!["block-public-access"]),
        (vec!["checks", "explain", "bucket-not-publik"], vec!["bucket-not-public"]),
    ] {
        let run = place.run(&arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.said());
        assert!(run.stdout.is_empty(), "{arguments:?}: {}", run.stdout);
        for word in words {
            assert!(run.said().contains(word), "{arguments:?}: `{word}` is not in {}", run.said());
        }
    }
}

/// A row of the table in `docs/faults.md`.
struct Row {
    id: String,
    tests: String,
}

fn table() -> Vec<Row> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| F-") || line.starts_with("| B-"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{line}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{line}");
        Row { id: cells[0].to_owned(), tests: cells[3].to_owned() }
    })
    .collect()
}

/// The names of all test functions, with the files that they are in.
fn tests() -> BTreeMap<String, Vec<PathBuf>> {
    let mut tests: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let mut is_test = false;
                for line in text.lines().map(str::trim) {
                    if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                        is_test = true;
                    } else if let Some(rest) =
                        line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "))
                        && std::mem::take(&mut is_test)
                    {
                        let name = rest.split(['(', '<']).next().unwrap().to_owned();
                        tests.entry(name).or_default().push(path.clone());
                    }
                }
            }
        }
    }
    tests
}

#[test]
fn every_fault_names_tests_that_exist_or_says_why_there_is_none() {
    let rows = table();
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let expected: Vec<String> =
        (1..=43).map(|n| format!("F-{n:02}")).chain((1..=14).map(|n| format!("B-{n:02}"))).collect();
    assert_eq!(ids, expected);
    let tests = tests();
    assert!(tests.len() > 500, "{}", tests.len());
    for row in &rows {
        // Names stand in backticks; where there are none, the cell says why.
        let names: Vec<&str> = row.tests.split('`').skip(1).step_by(2).collect();
        for name in &names {
            assert!(tests.contains_key(*name), "{}: there is no test `{name}`", row.id);
        }
        assert!(!names.is_empty() || row.tests.starts_with("none: "), "{}: {}", row.id, row.tests);
    }
}
