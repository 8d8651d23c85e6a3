//! Files that are cut off, malformed or there twice are counted and named, and never counted twice.

use std::fs;

use serde_json::{Value, json};

use crate::log_folder::{chosen, file_of, folder, gzip, hunt_in, put, record};

#[test]
fn b13_damaged_files_are_counted_and_named_and_nothing_counts_twice() {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<Value> = (1..=50).map(|number| record(number, json!({}))).collect();
    let whole = file_of(&records[..10]);
    put(folder.path(), "2026/01/15/a.json.gz", &whole);
    put(folder.path(), "2026/01/15/copy-of-a.json.gz", &whole);
    // Redelivered the next day: one old record, one new.
    put(folder.path(), "2026/01/16/late.json.gz", &file_of(&records[9..11]));
    let long: Vec<Value> = (11..=50)
        .map(|n| {
            record(n, json!({"requestID": format!("{:x}", u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15))}))
        })
        .collect();
    let cut = file_of(&long);
    put(folder.path(), "2026/01/15/truncated.json.gz", &cut[..cut.len() - 20]);
    put(
        folder.path(),
        "2026/01/15/malformed.json",
        br#"{"Records":[{"eventTime":"2026-01-15T03:00:00Z", oops},{"eventName":"GetObject"}, 7]}"#,
    );
    put(folder.path(), "2026/01/15/binary.json.gz", b"\x1f\x8bnot gzip at all");
    put(folder.path(), "2026/01/15/text.json", b"hello");
    put(
        folder.path(),
        "2026/01/15/shapes.json",
        record(60, json!({"userIdentity": "a text"})).to_string().as_bytes(),
    );
    put(
        folder.path(),
        "2026/01/15/unknown.json",
        record(61, json!({"newField": {"x": [1]}, "eventVersion": "9.99"})).to_string().as_bytes(),
    );
    put(folder.path(), "2026/01/15/empty.json", b"");
    put(folder.path(), "2026/01/13/pruned.json.gz", b"\x1f\x8bnever opened");
    let digest = folder.path().join("AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/15/d.json.gz");
    fs::create_dir_all(digest.parent().unwrap()).unwrap();
    fs::write(&digest, gzip(b"{}")).unwrap();
    let outcome = hunt_in(folder.path(), "top-readers", &[]);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    let notes = &outcome.answer["query"]["notes"];
    let note = |kind: &str| {
        let found = notes.as_array().unwrap().iter().find(|note| note["kind"] == kind);
        found.unwrap_or_else(|| panic!("no note `{kind}`: {notes}")).clone()
    };
    let unread = note("files-unread");
    assert_eq!(unread["count"], 3, "{unread}");
    for name in ["truncated.json.gz", "binary.json.gz", "text.json"] {
        assert!(
            unread["examples"].to_string().contains(name) && outcome.stderr.contains(name),
            "{name}: {unread}"
        );
    }
    let malformed = note("records-unread");
    assert_eq!(malformed["count"], 4, "{malformed}");
    assert!(
        malformed["examples"].to_string().contains("malformed.json")
            && malformed["examples"].to_string().contains("userIdentity")
    );
    let again = note("duplicates");
    assert!(again["examples"].to_string().contains("a.json.gz"), "{again}");
    assert_eq!(note("files-left-out")["count"], 1);
    assert!(!outcome.stderr.contains("pruned"), "{}", outcome.stderr);
    let total: i64 = chosen(&outcome.answer, &["requests"])
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[0].as_i64().unwrap())
        .sum();
    let read = outcome.answer["query"]["scanned_records"].as_u64().unwrap();
    let twice = again["count"].as_u64().unwrap();
    assert_eq!(u64::try_from(total).unwrap(), read - twice, "every record that was read counts once");
    assert!(total >= 13, "{total}");
    assert!(twice >= 11, "{again}");
}

#[test]
fn b13_a_file_of_nothing_but_repeats_changes_no_row() {
    let records: Vec<Value> = (1..=20).map(|number| record(number, json!({}))).collect();
    let once = folder(&records);
    let twice = folder(&records);
    put(twice.path(), "2026/01/15/again.json.gz", &file_of(&records));
    let (once, twice) = (hunt_in(once.path(), "top-readers", &[]), hunt_in(twice.path(), "top-readers", &[]));
    assert_eq!((once.code, twice.code), (0, 0), "{}", twice.stderr);
    assert_eq!(once.answer["query"]["sha256"], twice.answer["query"]["sha256"]);
    assert_eq!(once.answer["rows"], twice.answer["rows"]);
    assert_eq!(twice.answer["query"]["notes"][0]["count"], 20);
}

#[test]
fn b13_another_json_document_beside_the_logs_is_left_out_and_an_empty_record_within_them_is_not() {
    let folder = folder(&[record(1, json!({}))]);
    put(
        folder.path(),
        "finding.json",
        json!({"id": "x", "detail": {"eventFirstSeen": "t"}}).to_string().as_bytes(),
    );
    let beside = hunt_in(folder.path(), "top-readers", &[]);
    assert_eq!(beside.code, 0, "{}", beside.stderr);
    assert!(beside.answer["query"]["notes"].to_string().contains("finding.json"), "{}", beside.stderr);
    put(folder.path(), "within.json", json!({"Records": [{}, record(2, json!({}))]}).to_string().as_bytes());
    put(
        folder.path(),
        "behind.json",
        json!({"owner": "x", "Records": [record(3, json!({}))]}).to_string().as_bytes(),
    );
    let within = hunt_in(folder.path(), "top-readers", &[]);
    assert_eq!(within.code, 3, "{}", within.stderr);
    assert!(
        within.stderr.contains("within.json") && within.stderr.contains("behind.json"),
        "{}",
        within.stderr
    );
}

#[test]
fn b13_a_record_that_never_ends_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = b"{\"Records\":[{\"requestParameters\":\"".to_vec();
    text.extend(std::iter::repeat_n(b'x', 17 << 20));
    text.extend(b"\"},");
    text.extend(record(1, json!({})).to_string().as_bytes());
    text.extend(b"]}");
    put(folder.path(), "2026/01/15/long.json.gz", &gzip(&text));
    let outcome = hunt_in(folder.path(), "top-readers", &[]);
    assert_eq!(outcome.code, 3);
    assert_eq!(chosen(&outcome.answer, &["requests"]), json!([[1]]));
    assert!(outcome.stderr.contains("larger than"), "{}", outcome.stderr);
}
