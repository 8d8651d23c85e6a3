//! The hunts on log files, through the built program: each on hand-written records with the rows that it must find, files
//! that are damaged in every way, and values that try to be more than values.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use exfilguard::investigate::parameters::Given;
use exfilguard::investigate::{Binding, BoundValue, Hunts, Parameters, TableName};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/AppRole";

/// What the program said.
struct Outcome {
    code: i32,
    answer: Value,
    stderr: String,
}

fn exfilguard(arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_exfilguard")).args(arguments).output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        answer: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A read of an object by a session of [`ROLE`], changed by what is given.
fn record(number: u32, changes: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventCategory": "Data", "managementEvent": false, "readOnly": true,
        "eventTime": format!("2026-01-15T03:{:02}:{:02}Z", number / 60 % 60, number % 60),
        "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "eventType": "AwsApiCall",
        "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.23",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/AppRole/x",
            "accountId": "111122223333", "accessKeyId": "ASIAAAAAAAAAAAAAAAAA",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE, "accountId": "111122223333"}}},
        "requestParameters": {"bucketName": "crown-jewels", "key": format!("pii/{number}.csv")},
        "responseElements": null,
        "additionalEventData": {"AuthenticationMethod": "AuthHeader", "bytesTransferredIn": 0.0, "bytesTransferredOut": 100.0},
        "eventID": format!("00000000-0000-4000-8000-{number:012}"),
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::crown-jewels/x"},
            {"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::crown-jewels"}],
        "recipientAccountId": "111122223333"
    });
    json_patch::merge(&mut record, &changes);
    record
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn file_of(records: &[Value]) -> Vec<u8> {
    gzip(json!({"Records": records}).to_string().as_bytes())
}

/// A folder in AWS's layout with one file of these records.
fn folder(records: &[Value]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "2026/01/15/a.json.gz", &file_of(records));
    folder
}

fn put(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join("AWSLogs/o-abc1234567/111122223333/CloudTrail/eu-west-1").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

fn hunt_in(folder: &Path, hunt: &str, more: &[&str]) -> Outcome {
    let window = ["--from", "2026-01-15T03:00:00Z", "--to", "2026-01-15T05:00:00Z", "--output", "json"];
    let mut arguments = vec!["hunt", hunt, "--logs", folder.to_str().unwrap()];
    arguments.extend(window);
    arguments.extend(more);
    exfilguard(&arguments)
}

/// The rows that a hunt finds in records, of the columns that are named.
fn rows(hunt: &str, records: &[Value], more: &[&str], columns: &[&str]) -> Value {
    let folder = folder(records);
    let outcome = hunt_in(folder.path(), hunt, more);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    chosen(&outcome.answer, columns)
}

fn chosen(answer: &Value, columns: &[&str]) -> Value {
    let names: Vec<&str> =
        answer["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    let index =
        |name: &&str| names.iter().position(|known| known == name).unwrap_or_else(|| panic!("{name}"));
    let indexes: Vec<usize> = columns.iter().map(index).collect();
    let rows = answer["rows"].as_array().unwrap();
    rows.iter().map(|row| indexes.iter().map(|index| row[*index].clone()).collect::<Value>()).collect()
}

#[test]
fn top_readers_sums_floats_and_leaves_out_errors_and_other_windows() {
    let records = [
        record(1, json!({})),
        record(2, json!({"additionalEventData": {"bytesTransferredOut": 2143.0}})),
        record(
            3,
            json!({"requestParameters": {"key": "pii/2.csv"}, "additionalEventData": {"bytesTransferredOut": "12"}}),
        ),
        record(4, json!({"additionalEventData": null})),
        record(5, json!({"errorCode": "AccessDenied"})),
        record(6, json!({"eventTime": "2026-01-15T05:00:00Z"})),
        record(7, json!({"eventTime": "2026-01-15T02:59:59Z"})),
        record(8, json!({"eventName": "PutObject"})),
        record(9, json!({"eventSource": "s3express.amazonaws.com"})),
        record(
            10,
            json!({"userIdentity": {"sessionContext": null, "accessKeyId": null, "arn": null, "type": "AWSService",
            "accountId": null, "invokedBy": "athena.amazonaws.com"}, "sourceIPAddress": "athena.amazonaws.com"}),
        ),
    ];
    let found = rows(
        "top-readers",
        &records,
        &[],
        &[
            "principal",
            "access_key",
            "source_ip",
            "requests",
            "distinct_keys",
            "bytes_out",
            "first_seen",
            "last_seen",
        ],
    );
    assert_eq!(
        found,
        json!([
            [
                ROLE,
                "ASIAAAAAAAAAAAAAAAAA",
                "198.51.100.23",
                4,
                3,
                2255,
                "2026-01-15T03:00:01Z",
                "2026-01-15T03:00:04Z"
            ],
            [
                "athena.amazonaws.com",
                null,
                "athena.amazonaws.com",
                1,
                1,
                100,
                "2026-01-15T03:00:10Z",
                "2026-01-15T03:00:10Z"
            ]
        ])
    );
    let one = rows("top-readers", &records, &["--set", "bucket=other"], &["principal"]);
    assert_eq!(one, json!([]));
    let account = ["--accounts", "111122223333", "--regions", "eu-west-1"];
    assert_eq!(rows("top-readers", &records, &account, &["requests"]), json!([[4], [1]]));
    assert_eq!(rows("top-readers", &records, &["--regions", "us-east-1"], &["requests"]), json!([]));
}

#[test]
fn unusual_addresses_are_those_that_the_baseline_and_the_networks_lack() {
    let earlier = json!({"eventTime": "2026-01-10T10:00:00Z"});
    let mut known = record(1, earlier);
    known["sourceIPAddress"] = json!("203.0.113.5");
    let records = [
        known,
        record(2, json!({"sourceIPAddress": "203.0.113.5"})),
        record(3, json!({"sourceIPAddress": "185.220.101.1"})),
        record(4, json!({"sourceIPAddress": "10.1.2.3"})),
        record(5, json!({"sourceIPAddress": "athena.amazonaws.com"})),
    ];
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "2026/01/10/a.json.gz", &file_of(&records[..1]));
    put(folder.path(), "2026/01/15/b.json.gz", &file_of(&records[1..]));
    let all = hunt_in(folder.path(), "unusual-addresses", &[]);
    let addresses = chosen(&all.answer, &["source_ip"]);
    assert_eq!(
        addresses,
        json!([["10.1.2.3"], ["185.220.101.1"], ["athena.amazonaws.com"]]),
        "{}",
        all.stderr
    );
    let fewer = hunt_in(folder.path(), "unusual-addresses", &["--set", "networks=10.0.0.0/8,2001:db8::/32"]);
    assert_eq!(chosen(&fewer.answer, &["source_ip"]), json!([["185.220.101.1"], ["athena.amazonaws.com"]]));
    let shorter = hunt_in(
        folder.path(),
        "unusual-addresses",
        &["--set", "baseline-from=2026-01-12", "--set", "networks=10.0.0.0/8"],
    );
    assert_eq!(chosen(&shorter.answer, &["source_ip"]).as_array().unwrap().len(), 3);
}

#[test]
fn outside_writes_goes_by_the_owner_of_the_bucket_and_the_inventory() {
    let bucket = |owner: Value, name: &str| json!([{"type": "AWS::S3::Object", "ARN": "x"}, {"accountId": owner, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{name}")}]);
    let write = |number, name: &str, owner: Value, event: &str| {
        record(
            number,
            json!({"eventName": event, "resources": bucket(owner, name), "requestParameters": {"bucketName": name},
            "additionalEventData": {"bytesTransferredIn": 50.0}}),
        )
    };
    let mut copy = write(1, "thief", json!("999988887777"), "CopyObject");
    copy["requestParameters"]["x-amz-copy-source"] = json!("/crown-jewels/pii/1.csv");
    let mut encoded = write(2, "thief", json!("999988887777"), "CopyObject");
    encoded["requestParameters"]["x-amz-copy-source"] = json!("crown-jewels%2Fpii/2.csv");
    let mut none = write(5, "nameless", json!(null), "PutObject");
    none.as_object_mut().unwrap().remove("resources");
    let records = [
        copy,
        encoded,
        write(3, "ours", json!("111122223333"), "PutObject"),
        write(4, "unowned", json!(null), "PutObject"),
        none,
        write(6, "ours-too", json!("444455556666"), "UploadPart"),
        record(
            7,
            json!({"eventName": "CopyObject", "errorCode": "AccessDenied", "resources": bucket(json!("999988887777"), "thief")}),
        ),
        write(8, "inventoried", json!(null), "PutObject"),
    ];
    let accounts = ["--organization-accounts", "111122223333,444455556666"];
    let columns = ["bucket", "bucket_owner", "why", "event_name", "source_bucket", "requests", "bytes_in"];
    let outside = json!(["thief", "999988887777", "owner-outside", "CopyObject", "crown-jewels", 2, 100]);
    let unknown = |name: &str| json!([name, null, "owner-unknown", "PutObject", null, 1, 50]);
    assert_eq!(
        rows("outside-writes", &records, &accounts, &columns),
        json!([outside, unknown("inventoried"), unknown("nameless"), unknown("unowned")])
    );
    let inventory = [
        "--organization-accounts",
        "111122223333,444455556666",
        "--set",
        "organization_buckets=ours,inventoried",
    ];
    assert_eq!(
        rows("outside-writes", &records, &inventory, &columns),
        json!([
            outside,
            unknown("nameless"),
            ["ours-too", "444455556666", "not-in-inventory", "UploadPart", null, 1, 50],
            unknown("unowned")
        ])
    );
    let folder = folder(&records);
    let without = hunt_in(folder.path(), "outside-writes", &[]);
    assert_eq!(without.code, 2);
    assert!(without.stderr.contains("organization_accounts"), "{}", without.stderr);
}

#[test]
fn foreign_readers_are_told_apart() {
    let reader = |number, identity: Value| {
        let mut record = record(number, json!({}));
        record["userIdentity"] = identity;
        record
    };
    let mut endpoint =
        record(5, json!({"vpcEndpointId": "vpce-0123456789abcdef0", "vpcEndpointAccountId": "999988887777"}));
    endpoint["requestParameters"]["key"] = json!("k");
    let records = [
        record(1, json!({})),
        reader(2, json!({"type": "AWSAccount", "accountId": "anonymous"})),
        reader(3, json!({"type": "AWSAccount", "accountId": "012345678901", "principalId": "AIDA"})),
        reader(4, json!({"type": "AWSService", "invokedBy": "cloudfront.amazonaws.com"})),
        endpoint,
        reader(6, json!({"type": "AWSAccount", "accountId": "444455556666"})),
        reader(7, json!({"type": "Unknown"})),
    ];
    let accounts = ["--organization-accounts", "111122223333,444455556666"];
    let mut found =
        rows("foreign-readers", &records, &accounts, &["why", "caller_account", "principal", "requests"]);
    found.as_array_mut().unwrap().sort_by_key(ToString::to_string);
    assert_eq!(
        found,
        json!([
            ["anonymous", "anonymous", "anonymous", 1],
            ["aws-service", null, "cloudfront.amazonaws.com", 1],
            ["foreign-account", "012345678901", "012345678901", 1],
            ["foreign-vpc-endpoint", "111122223333", ROLE, 1],
            ["other-account-of-the-organization", "444455556666", "444455556666", 1],
            ["unknown-caller", null, "Unknown", 1]
        ])
    );
}

#[test]
fn presigned_urls_are_told_by_the_signature() {
    let signed = json!({"additionalEventData": {"AuthenticationMethod": "QueryString"}, "sourceIPAddress": "185.220.101.1"});
    let records = [
        record(1, json!({})),
        record(2, signed.clone()),
        record(3, signed),
        record(4, json!({"additionalEventData": null})),
        record(
            5,
            json!({"additionalEventData": {"AuthenticationMethod": "QueryString"}, "errorCode": "AccessDenied"}),
        ),
    ];
    let found = rows(
        "presigned-urls",
        &records,
        &[],
        &["principal", "source_ip", "event_name", "requests", "bytes_out"],
    );
    assert_eq!(found, json!([[ROLE, "185.220.101.1", "GetObject", 2, 200]]));
}

#[test]
fn control_plane_changes_are_listed_with_those_that_were_refused() {
    let call = |number, source: &str, name: &str, more: Value| {
        let mut record =
            record(number, json!({"eventSource": source, "eventName": name, "eventCategory": "Management"}));
        json_patch::merge(&mut record, &more);
        record
    };
    let records = [
        call(1, "s3.amazonaws.com", "PutBucketPolicy", json!({"requestParameters": {"key": null}})),
        call(
            2,
            "cloudtrail.amazonaws.com",
            "StopLogging",
            json!({"errorCode": "AccessDenied", "requestParameters": {"bucketName": null, "key": null, "name": "t"}}),
        ),
        call(3, "s3.amazonaws.com", "PutBucketInventoryConfiguration", json!({})),
        call(4, "s3.amazonaws.com", "GetBucketPolicy", json!({})),
        call(5, "evil.amazonaws.com", "StopLogging", json!({})),
    ];
    let found =
        rows("control-plane-changes", &records, &[], &["event_name", "bucket", "error_code", "request"]);
    assert_eq!(
        found,
        json!([
            ["PutBucketPolicy", "crown-jewels", null, "{\"bucketName\":\"crown-jewels\"}"],
            ["StopLogging", null, "AccessDenied", "{\"name\":\"t\"}"],
            [
                "PutBucketInventoryConfiguration",
                "crown-jewels",
                null,
                "{\"bucketName\":\"crown-jewels\",\"key\":\"pii/3.csv\"}"
            ]
        ])
    );
    let keys = ["--set", "access_keys=AKIAIOSFODNN7EXAMPLE"];
    assert_eq!(rows("control-plane-changes", &records, &keys, &["event_name"]), json!([]));
    let own = ["--set", "access_keys=ASIAAAAAAAAAAAAAAAAA", "--set", &format!("principals={ROLE}")];
    assert_eq!(rows("control-plane-changes", &records, &own, &["event_name"]).as_array().unwrap().len(), 3);
}

#[test]
fn credential_spread_goes_on_to_a_fixed_point_of_five_steps() {
    let issue = |number: u32, from: &str, to: Value| {
        let mut record = record(
            number,
            json!({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
            "responseElements": {"credentials": {"accessKeyId": to}, "assumedRoleUser": {"arn": format!("arn:aws:sts::111122223333:assumed-role/R/{number}")}}}),
        );
        record["userIdentity"]["accessKeyId"] = json!(from);
        record["requestParameters"] = json!({"roleArn": ROLE});
        record
    };
    let key = |letter: char| format!("ASIA{}", letter.to_string().repeat(16));
    let chain: Vec<Value> = ('A'..='G')
        .zip('B'..='H')
        .zip(1..)
        .map(|((from, to), number)| issue(number, &key(from), json!(key(to))))
        .collect();
    let mut records = chain[..3].to_vec();
    records.push(issue(20, &key('D'), json!(key('A'))));
    let mut refused = issue(21, &key('B'), json!(null));
    refused["errorCode"] = json!("AccessDenied");
    refused["responseElements"] = json!(null);
    records.push(refused);
    records.push(issue(22, &key('X'), json!(key('Y'))));
    let keys = format!("access_keys={}", key('A'));
    let found = rows(
        "credential-spread",
        &records,
        &["--set", &keys],
        &["step", "access_key", "issued_key", "error_code"],
    );
    assert_eq!(
        found,
        json!([
            [1, key('A'), key('B'), null],
            [2, key('B'), key('C'), null],
            [2, key('B'), null, "AccessDenied"],
            [3, key('C'), key('D'), null],
            [4, key('D'), key('A'), null]
        ])
    );
    let folder = folder(&chain);
    let outcome = hunt_in(folder.path(), "credential-spread", &["--set", &keys]);
    assert_eq!(chosen(&outcome.answer, &["step"]), json!([[1], [2], [3], [4], [5]]));
    assert!(outcome.stderr.contains("after 5 steps"), "{}", outcome.stderr);
}

#[test]
fn deletes_and_overwrites_are_told_by_kind() {
    let on = |number: u32, event: &str, parameters: Value| {
        let mut record = record(number, json!({"eventName": event}));
        record["requestParameters"] = parameters;
        record
    };
    let object = |key: &str| json!({"bucketName": "b", "key": key});
    let records = [
        on(1, "GetObject", object("k1")),
        on(2, "PutObject", object("k1")),
        on(3, "PutObject", object("new")),
        on(4, "DeleteObject", object("k1")),
        on(5, "DeleteObject", json!({"bucketName": "b", "key": "k2", "versionId": "v"})),
        on(6, "DeleteObjects", json!({"bucketName": "b", "delete": ""})),
        on(
            7,
            "CopyObject",
            json!({"bucketName": "b", "key": "k3", "x-amz-server-side-encryption-customer-algorithm": "AES256"}),
        ),
        on(8, "PutBucketLifecycle", json!({"bucketName": "b"})),
    ];
    let mut found =
        rows("deletes-and-overwrites", &records, &[], &["kind", "bucket", "requests", "distinct_keys"]);
    found.as_array_mut().unwrap().sort_by_key(ToString::to_string);
    assert_eq!(
        found,
        json!([
            ["delete", "b", 1, 1],
            ["delete-many", "b", 1, 0],
            ["delete-version", "b", 1, 1],
            ["encrypt-with-customer-key", "b", 1, 1],
            ["expire", "b", 1, 0],
            ["overwrite", "b", 1, 1]
        ])
    );
}

#[test]
fn hourly_baseline_needs_twenty_samples_and_three_deviations() {
    let mut records = Vec::new();
    let mut number = 0;
    let mut reads = |time: &str, count: usize, bucket: &str| {
        for _ in 0..count {
            number += 1;
            records.push(record(
                number,
                json!({"eventTime": time, "requestParameters": {"bucketName": bucket}}),
            ));
        }
    };
    for hour in 0..20 {
        // 10 and 12 by turns: average 11, deviation 1.026, threshold 14.078.
        reads(&format!("2026-01-14T{hour:02}:30:00Z"), 10 + hour % 2 * 2, "steady");
        if hour < 19 {
            reads(&format!("2026-01-14T{hour:02}:30:00Z"), 1, "young");
        }
    }
    reads("2026-01-15T03:10:00Z", 14, "steady");
    reads("2026-01-15T04:10:00Z", 15, "steady");
    reads("2026-01-15T03:10:00Z", 5, "young");
    let columns = ["bucket", "hour", "requests", "samples", "usual_requests", "threshold", "verdict"];
    let folder = tempfile::tempdir().unwrap();
    let flat = folder.path().join("flat.json");
    fs::write(&flat, json!({"Records": records}).to_string()).unwrap();
    let least = |count: &str| {
        let outcome = hunt_in(&flat, "hourly-baseline", &["--set", &format!("least_requests={count}")]);
        chosen(&outcome.answer, &columns)
    };
    let above = json!(["steady", "2026-01-15T04", 15, 20, 11.0, 14.078, "above-baseline"]);
    assert_eq!(least("100"), json!([above]));
    assert_eq!(least("5"), json!([above, ["young", "2026-01-15T03", 5, 19, 1.0, 1.0, "no-baseline"]]));
}

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
        assert_eq!(exfilguard(&["hunt", "explain", &hunt.id]).code, 0);
    }
}

/// Values for every parameter of every hunt.
fn every_value(name: &str) -> Option<&'static str> {
    Some(match name {
        "from" => "2026-01-14T03:00:00Z",
        "to" => "2026-01-15T03:00:00Z",
        "limit" => "50",
        "accounts" | "organization_accounts" => "111122223333,012345678901",
        "regions" => "eu-west-1,us-east-1",
        "bucket" => "crown-jewels",
        "principals" => "arn:aws:iam::111122223333:role/AppRole",
        "access_keys" => "AKIAIOSFODNN7EXAMPLE,ASIAIOSFODNN7EXAMPLE",
        "addresses" => "198.51.100.7,2001:db8::7",
        "buckets" => "crown-jewels,other",
        "networks" => "10.0.0.0/8,2001:db8::/32",
        "organization_buckets" => "ours,ours-too",
        "baseline_from" => "2025-12-15",
        _ => return None,
    })
}

/// The SQL of every hunt with all parameters and with only the required ones, for `tests/hunts/parse.py`.
#[test]
fn every_hunts_sql_is_written_down_for_the_independent_parser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/hunt-sql");
    fs::create_dir_all(&folder).unwrap();
    let mut lines = Vec::new();
    for hunt in Hunts::load().unwrap().iter() {
        for everything in [true, false] {
            let given: Given = hunt
                .all_parameters()
                .iter()
                .filter(|parameter| everything || parameter.required)
                .filter_map(|parameter| {
                    let texts = every_value(&parameter.name)?;
                    Some((parameter.name.clone(), vec![texts.to_owned()]))
                })
                .collect();
            let parameters = Parameters::read(hunt, &given).unwrap();
            let sql =
                hunt.bind(Binding::Athena, &TableName::read("logs.cloudtrail_org").unwrap(), &parameters);
            assert_eq!(sql.text.matches('?').count(), sql.values.len(), "{}: {}", hunt.id, sql.text);
            for needed in ["dt BETWEEN", "from_iso8601_timestamp(eventtime)"] {
                assert!(sql.text.contains(needed), "{} has no `{needed}`", hunt.id);
            }
            assert_eq!(
                sql.text.contains("account IN") && sql.text.contains("region IN"),
                everything,
                "{}",
                hunt.id
            );
            let literals: Vec<String> = sql.values.iter().map(BoundValue::literal).collect();
            lines.push(json!({"hunt": hunt.id, "sql": sql.text, "values": literals, "columns": hunt.columns.iter().map(|c| &c.name).collect::<Vec<_>>()}).to_string());
        }
    }
    assert!(lines.len() >= 18);
    fs::write(folder.join("athena.jsonl"), lines.join("\n")).unwrap();
}

/// The list of hunts in `docs/hunts.md`, from the hunts' files.
fn list_of_hunts() -> String {
    let mut text = String::new();
    for hunt in Hunts::load().unwrap().iter() {
        let question = hunt.question.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(text, "\n### `{}`\n\n{}.\n\n{question}\n", hunt.id, hunt.title).unwrap();
        writeln!(text, "MITRE ATT&CK: {}.", hunt.attack.join(", ")).unwrap();
        if !hunt.parameters.is_empty() {
            writeln!(text, "\n| Parameter | Type | Default | What it is for |\n|---|---|---|---|").unwrap();
        }
        for parameter in &hunt.parameters {
            let default =
                parameter.default.as_deref().unwrap_or(if parameter.required { "required" } else { "" });
            writeln!(
                text,
                "| `{}` | {} | {default} | {} |",
                parameter.name, parameter.kind, parameter.description
            )
            .unwrap();
        }
        let columns: Vec<String> = hunt.columns.iter().map(|column| format!("`{}`", column.name)).collect();
        writeln!(text, "\nColumns: {}.", columns.join(", ")).unwrap();
    }
    text
}

#[test]
fn the_list_in_the_documents_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hunts.md");
    let present = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let mark = "writes it anew. -->\n";
    let (head, list) = present.split_once(mark).unwrap();
    if std::env::var_os("EXFILGUARD_UPDATE").is_some() {
        fs::write(&path, format!("{head}{mark}{}", list_of_hunts())).unwrap();
    } else {
        assert_eq!(
            list,
            list_of_hunts(),
            "stale, run `EXFILGUARD_UPDATE=1 cargo test --test hunts the_list`"
        );
    }
}
