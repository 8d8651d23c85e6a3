//! Folders of log files with records that tests write, and the program that hunts in them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// The role behind the session of [`record`].
pub const ROLE: &str = "arn:aws:iam::111122223333:role/AppRole";

/// What the program said.
pub struct Outcome {
    pub code: i32,
    pub answer: Value,
    pub stdout: String,
    pub stderr: String,
}

pub fn exfilguard(arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_exfilguard")).args(arguments).output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        answer: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A read of an object by a session of [`ROLE`], changed by what is given.
pub fn record(number: u32, changes: Value) -> Value {
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

pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub fn file_of(records: &[Value]) -> Vec<u8> {
    gzip(json!({"Records": records}).to_string().as_bytes())
}

/// A folder in AWS's layout with one file of these records.
pub fn folder(records: &[Value]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "2026/01/15/a.json.gz", &file_of(records));
    folder
}

pub fn put(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join("AWSLogs/o-abc1234567/111122223333/CloudTrail/eu-west-1").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

pub fn hunt_in(folder: &Path, hunt: &str, more: &[&str]) -> Outcome {
    let window = ["--from", "2026-01-15T03:00:00Z", "--to", "2026-01-15T05:00:00Z", "--output", "json"];
    let mut arguments = vec!["hunt", hunt, "--logs", folder.to_str().unwrap()];
    arguments.extend(window);
    arguments.extend(more);
    exfilguard(&arguments)
}

/// The rows that a hunt finds in records, of the columns that are named.
pub fn rows(hunt: &str, records: &[Value], more: &[&str], columns: &[&str]) -> Value {
    let folder = folder(records);
    let outcome = hunt_in(folder.path(), hunt, more);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    chosen(&outcome.answer, columns)
}

pub fn chosen(answer: &Value, columns: &[&str]) -> Value {
    let names: Vec<&str> =
        answer["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    let index =
        |name: &&str| names.iter().position(|known| known == name).unwrap_or_else(|| panic!("{name}"));
    let indexes: Vec<usize> = columns.iter().map(index).collect();
    let rows = answer["rows"].as_array().unwrap();
    rows.iter().map(|row| indexes.iter().map(|index| row[*index].clone()).collect::<Value>()).collect()
}
