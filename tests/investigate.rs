//! `exfilguard investigate` through the built program: generated incidents against their truth, log files that are damaged or
//! there twice, findings of every shape, and GuardDuty and Macie in the emulator.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;
#[allow(dead_code, reason = "the example uses all of it")]
#[path = "../examples/incident/generator/mod.rs"]
mod generator;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Output;

use emulated::{Emulator, program, repository};
use generator::{Kind, Plan};
use serde_json::{Value, json};

/// An incident in a folder of its own.
struct Incident {
    folder: tempfile::TempDir,
    truth: Value,
}

impl Incident {
    fn of(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        generator::write(&Plan { kind, seed: 7, days: 3, records: 2_400 }, folder.path()).unwrap();
        let truth = read_json(&folder.path().join("truth.json"));
        Self { folder, truth }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The JSON report, begun with a file of the folder.
    fn report(&self, finding: &str, more: &[&str]) -> Value {
        let (output, report) = investigate(self.folder.path(), &self.path(finding), more);
        assert!(output.status.success(), "{}", errors(&output));
        report
    }

    /// The log files.
    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path("AWSLogs")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }

    /// A file of the day of the theft: earlier days are not looked at.
    fn file_of_the_day(&self) -> PathBuf {
        self.files().into_iter().find(|path| path.to_string_lossy().contains("/2026/01/15/")).unwrap()
    }
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn investigate(logs: &Path, finding: &Path, more: &[&str]) -> (Output, Value) {
    // No AWS endpoint, no credentials, no region: whatever asked AWS would fail.
    let mut program = program();
    program.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    program
        .args(["investigate", "--output", "json", "--logs"])
        .arg(logs)
        .arg("--finding")
        .arg(finding)
        .args(more);
    let output = program.output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output, report)
}

fn texts<'a>(values: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    values.into_iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn masked(key: &str) -> String {
    format!("{}…{}", &key[..4], &key[key.len() - 4..])
}

/// Principals, keys, buckets, objects, bytes, ways out, changes and gaps are exactly the truth.
fn assert_is_the_truth(report: &Value, truth: &Value) {
    let impact = &report["data_impact"];
    assert_eq!(impact["objects_count"], truth["objects"]);
    assert_eq!(impact["bytes_out"], truth["bytes"]);
    let actors = list(&report["actors"]);
    assert_eq!(texts(actors.iter().map(|actor| &actor["principal"])), texts(list(&truth["principals"])));
    let keys = texts(actors.iter().flat_map(|actor| list(&actor["access_keys"])));
    let truly: BTreeSet<String> = texts(list(&truth["access_keys"])).iter().map(|key| masked(key)).collect();
    assert_eq!(keys, truly);
    let addresses = texts(
        actors
            .iter()
            .flat_map(|actor| list(&actor["ips"]))
            .filter(|ip| ip["set_apart"] == false)
            .map(|ip| &ip["ip"]),
    );
    assert!(texts(list(&truth["addresses"])).is_subset(&addresses), "{addresses:?}");
    for bucket in list(&impact["buckets"]) {
        let name = bucket["bucket"].as_str().unwrap();
        let none = json!({"objects": 0, "bytes": 0});
        let truly = truth["buckets"].get(name).unwrap_or(&none);
        assert_eq!(
            (&bucket["objects"], &bucket["bytes_out"]),
            (&truly["objects"], &truly["bytes"]),
            "{name}"
        );
        assert_eq!(bucket["deleted"], truth["deleted"].get(name).cloned().unwrap_or(json!(0)), "{name}");
    }
    let named = texts(list(&impact["buckets"]).iter().map(|bucket| &bucket["bucket"]));
    assert!(truth["buckets"].as_object().unwrap().keys().all(|bucket| named.contains(bucket)), "{named:?}");
    assert_ways_out(report, truth);
    let told =
        |change: &Value| [&change["time_utc"], &change["event_name"], &change["resource"]].map(Clone::clone);
    let truly =
        |change: &Value| [&change["time"], &change["event_name"], &change["resource"]].map(Clone::clone);
    let done: Vec<_> = list(&report["control_plane_changes"])
        .iter()
        .filter(|change| change["outcome"] == "done")
        .map(told)
        .collect();
    let mut truly: Vec<_> = list(&truth["control_plane_changes"]).iter().map(truly).collect();
    // Trails are told by the name that the request gives.
    for change in &mut truly {
        if change[1] == "StopLogging" {
            change[2] = json!("arn:aws:cloudtrail:eu-west-1:123456789012:trail/organization");
        }
    }
    assert_eq!(done, truly);
    let gaps: Vec<_> = list(&report["logging_confidence"]["gaps"])
        .iter()
        .map(|gap| [gap["from"].clone(), gap["to"].clone()])
        .collect();
    let truly: Vec<_> =
        list(&truth["gaps"]).iter().map(|gap| [gap["from"].clone(), gap["to"].clone()]).collect();
    assert_eq!(gaps, truly);
}

fn assert_ways_out(report: &Value, truth: &Value) {
    let ways = truth["ways_out"].as_object().unwrap();
    for (way, truly) in ways {
        let (kind, destination) = way.split_once(' ').unwrap_or((way, ""));
        let found = list(&report["exfil_paths"]).iter().find(|path| {
            path["kind"] == kind && (destination.is_empty() || path["destination"] == destination)
        });
        let found = found.unwrap_or_else(|| panic!("{way} is not told"));
        assert_eq!((&found["objects"], &found["bytes_out"]), (&truly["objects"], &truly["bytes"]), "{way}");
    }
    assert_eq!(list(&report["exfil_paths"]).len(), ways.len());
}

#[test]
fn bulk_reads_through_tor_are_told_apart_from_the_instance_that_uses_the_same_session() {
    let incident = Incident::of(Kind::Tor);
    let report = incident.report("finding.json", &[]);
    assert_is_the_truth(&report, &incident.truth);
    let apart = &report["data_impact"]["set_apart"];
    assert!(apart["objects"].as_u64().unwrap() > 0, "the instance went on reading: {apart}");
    let refused = list(&report["control_plane_changes"])
        .iter()
        .find(|change| change["event_name"] == "PutBucketPublicAccessBlock");
    assert_eq!(refused.unwrap()["outcome"], "AccessDenied");
    let tor = list(&report["actors"][0]["ips"]).iter().find(|ip| ip["named_by_finding"] == true).unwrap();
    assert_eq!((&tor["tor"], &tor["ip"]), (&json!(true), &json!("198.51.100.10")));
    // Somebody else at an exit node is shown, and counted for nothing.
    let others = list(&report["related"]);
    assert!(
        others.iter().any(|other| other["principal"] == "anonymous" && other["shares"] == "an address"),
        "{others:?}"
    );
}

#[test]
fn copies_replication_and_a_policy_for_a_foreign_account_are_followed_from_the_session_to_the_leaked_key() {
    let incident = Incident::of(Kind::ForeignCopy);
    for finding in ["finding.json", "attack-sequence.json"] {
        let report = incident.report(finding, &[]);
        assert_is_the_truth(&report, &incident.truth);
        let open: BTreeSet<&str> = list(&report["exfil_paths"])
            .iter()
            .filter(|path| path["stays_open"] == true)
            .map(|path| path["kind"].as_str().unwrap())
            .collect();
        assert_eq!(open, BTreeSet::from(["outside-account", "replication"]));
    }
}

#[test]
fn a_stopped_trail_is_a_gap_and_what_was_deleted_is_counted() {
    let incident = Incident::of(Kind::Ransom);
    let report = incident.report("finding.json", &[]);
    assert_is_the_truth(&report, &incident.truth);
    assert_eq!(report["data_impact"]["unnamed_deletions"], incident.truth["unnamed_deletes"]);
    let steps = list(&report["containment"]);
    let started =
        steps.iter().find(|step| step["action"].as_str().unwrap().contains("Start the trail")).unwrap();
    assert_eq!((&started["status"], &started["when"]), (&json!("done"), &incident.truth["gaps"][0]["to"]));
    assert!(
        list(&report["statements"])
            .iter()
            .any(|one| one["about"] == "logging" && one["confidence"] == "not-assessable")
    );
}

#[test]
fn a_person_can_begin_with_a_key_a_principal_or_a_bucket() {
    let incident = Incident::of(Kind::Ransom);
    let key = incident.truth["access_keys"][0].as_str().unwrap().to_owned();
    for start in
        [["--access-key", key.as_str()], ["--principal", "arn:aws:iam::123456789012:user/break-glass-admin"]]
    {
        let mut program = program();
        program.args([
            "investigate",
            "--output",
            "json",
            "--from",
            "2026-01-14",
            "--to",
            "2026-01-16",
            "--logs",
        ]);
        let output = program.arg(incident.folder.path()).args(start).output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["detection"]["source"], "operator");
        assert_eq!(report["data_impact"]["deleted_count"], 100, "{start:?}");
    }
    let mut program = program();
    program.args([
        "investigate",
        "--output",
        "json",
        "--from",
        "2026-01-14",
        "--to",
        "2026-01-16",
        "--bucket",
        "payroll-archive",
        "--logs",
    ]);
    let output = program.arg(incident.folder.path()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["data_impact"]["objects_count"], incident.truth["objects"]);
    assert!(
        list(&report["limitations"])
            .iter()
            .any(|text| text.as_str().unwrap().contains("only a bucket is named"))
    );
}

#[test]
fn files_that_are_there_twice_or_cut_off_change_no_number_and_are_told() {
    let incident = Incident::of(Kind::ForeignCopy);
    let before = incident.report("finding.json", &[]);
    for path in incident.files().iter().take(12) {
        let twice = path.with_file_name(format!("again-{}", path.file_name().unwrap().to_string_lossy()));
        fs::copy(path, twice).unwrap();
    }
    // A truncated copy of a file: its records are there already, whole or not.
    let whole = fs::read(incident.file_of_the_day()).unwrap();
    let cut = incident.file_of_the_day().with_file_name("cut.json.gz");
    fs::write(cut, &whole[..whole.len() / 2]).unwrap();
    let (output, after) = investigate(incident.folder.path(), &incident.path("finding.json"), &[]);
    assert_eq!(output.status.code(), Some(3), "a file could not be read to its end: {}", errors(&output));
    for part in ["data_impact", "exfil_paths", "actors", "control_plane_changes"] {
        assert_eq!(before[part], after[part], "{part}");
    }
    let notes = after["evidence"].to_string();
    assert!(notes.contains("cut.json.gz") && notes.to_lowercase().contains("once"), "{notes}");
    assert!(list(&after["limitations"]).len() > list(&before["limitations"]).len());
}

#[test]
fn the_data_set_in_examples_is_what_the_generator_makes() {
    let made = tempfile::tempdir().unwrap();
    generator::write(&Plan::EXAMPLE, made.path()).unwrap();
    let committed = repository("examples/incident");
    let files = |folder: &Path| {
        let mut found = BTreeSet::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path)
                } else {
                    found.insert(path.strip_prefix(folder).unwrap().to_owned());
                }
            }
        }
        found.retain(|path| {
            path.extension().is_some_and(|extension| extension == "gz" || extension == "json")
        });
        found
    };
    assert_eq!(
        files(made.path()),
        files(&committed),
        "run `cargo run --example incident -- examples/incident`"
    );
    let mut size = 0;
    for file in files(&committed) {
        let (a, b) = (fs::read(made.path().join(&file)).unwrap(), fs::read(committed.join(&file)).unwrap());
        size += b.len();
        // What is compressed, not how: another release of the library may compress otherwise.
        assert_eq!(unpacked(&file, &a), unpacked(&file, &b), "{}", file.display());
    }
    assert!(size < 300_000, "{size}");
}

fn unpacked(file: &Path, bytes: &[u8]) -> Vec<u8> {
    if file.extension().is_none_or(|extension| extension != "gz") {
        return bytes.to_vec();
    }
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut content).unwrap();
    content
}

#[test]
fn the_example_works_out_of_the_box_with_all_three_reports() {
    let folder = tempfile::tempdir().unwrap();
    let example = repository("examples/incident");
    let mut program = program();
    program.arg("investigate").arg("--logs").arg(&example).arg("--finding").arg(example.join("finding.json"));
    program.arg("--macie-findings").arg(example.join("macie-findings.json"));
    for (format, file) in [("html", "a.html"), ("json", "a.json"), ("markdown", "a.md")] {
        program.arg("--output").arg(format!("{format}={}", folder.path().join(file).display()));
    }
    let output = program.output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{}", errors(&output));
    let report = read_json(&folder.path().join("a.json"));
    assert_is_the_truth(&report, &read_json(&example.join("truth.json")));
    let sensitive = &report["data_impact"]["sensitive"];
    assert_eq!((&sensitive["object_count"], &sensitive["severity"]), (&json!(6), &json!("High")));
    assert_eq!(sensitive["categories"], json!(["FINANCIAL_INFORMATION", "PERSONAL_INFORMATION"]));
    for file in ["a.html", "a.md"] {
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        for key in list(&read_json(&example.join("truth.json"))["access_keys"]) {
            assert!(!text.contains(key.as_str().unwrap()), "keys are masked in {file}");
        }
    }
    assert!(
        !fs::read_to_string(folder.path().join("a.json")).unwrap().contains("AQoDYXdz"),
        "no session token"
    );
}

#[test]
fn an_audit_tells_what_was_logged_and_what_let_it_happen() {
    let incident = Incident::of(Kind::Tor);
    let audit = incident.path("audit.json");
    let snapshot = repository("examples/organization.jsonl.gz");
    let mut judged = program();
    judged.args(["audit", "--fail-on", "none", "--snapshot"]).arg(&snapshot);
    let output = judged.arg("--output").arg(format!("json={}", audit.display())).output().unwrap();
    assert!(audit.is_file(), "{}", errors(&output));
    for source in [["--assessment", audit.to_str().unwrap()], ["--snapshot", snapshot.to_str().unwrap()]] {
        let report = incident.report("finding.json", &source);
        assert!(report["logging_confidence"]["basis"].as_str().unwrap().starts_with("audit "));
        let coverage = list(&report["logging_confidence"]["buckets"]);
        assert!(
            coverage.iter().all(|bucket| bucket["reads"] == "unknown"),
            "the audit knows none of these buckets"
        );
        assert!(list(&report["recommendations"]).iter().all(|one| one["failing"].is_boolean()));
    }
}

#[test]
fn b14_findings_of_every_shape_are_told_and_followed() {
    let incident = Incident::of(Kind::Tor);
    let good = read_json(&incident.path("finding.json"));
    let with = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut finding = good.clone();
        change(&mut finding["detail"]);
        let path = incident.path(name);
        fs::write(&path, finding.to_string()).unwrap();
        path
    };
    let limits = |path: &Path| {
        let (output, report) = investigate(incident.folder.path(), path, &[]);
        assert!(output.status.success(), "{}", errors(&output));
        (report["limitations"].to_string(), report)
    };
    let (told, report) =
        limits(&with("unknown.txt", &|detail| detail["type"] = "Exfiltration:S3/FromTheFuture".into()));
    assert!(told.contains("not among those that tell"), "{told}");
    assert_eq!(report["data_impact"]["objects_count"], incident.truth["objects"]);
    let (told, _) =
        limits(&with("bare.txt", &|detail| _ = detail.as_object_mut().unwrap().remove("service")));
    assert!(told.contains("no `service` section"), "{told}");
    let (told, report) = limits(&with("sample.txt", &|detail| detail["title"] = "[SAMPLE] x".into()));
    assert!(told.contains("sample") && report["detection"]["findings"][0]["sample"] == true, "{told}");
    let (told, _) = limits(&with("archived.txt", &|detail| detail["service"]["archived"] = true.into()));
    assert!(told.contains("archived"), "{told}");
    let (told, _) = limits(&with("other.txt", &|detail| detail["accountId"] = "999999999999".into()));
    assert!(told.contains("account 999999999999, of which there is no record"), "{told}");
    let nothing = with("nothing.txt", &|detail| *detail = json!({"id": "x", "type": "Unknown:Type/Y"}));
    let (output, _) = investigate(incident.folder.path(), &nothing, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("give --from and --to"), "{}", errors(&output));
    fs::write(incident.path("no.txt"), "{").unwrap();
    let (output, _) = investigate(incident.folder.path(), &incident.path("no.txt"), &[]);
    assert!(output.status.code() == Some(2) && errors(&output).contains("no JSON"), "{}", errors(&output));
}

#[test]
fn b06_what_the_logs_hold_is_shown_harmlessly_in_all_three_reports() {
    const HOSTILE: &str = "</script><script>alert(1)</script>\u{1b}[2J\u{202e}txt|[x](http://evil)`<img src=x onerror=alert(1)>";
    let incident = Incident::of(Kind::Tor);
    let finding = read_json(&incident.path("finding.json"));
    let key = finding["detail"]["resource"]["accessKeyDetails"]["accessKeyId"].clone();
    let record = json!({"Records": [{
        "eventVersion": "1.11", "eventTime": "2026-01-15T02:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
        "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.10", "userAgent": HOSTILE, "eventID": "hostile-1", "readOnly": true,
        "userIdentity": {"type": "AssumedRole", "arn": HOSTILE, "accountId": "111122223333", "accessKeyId": key,
            "sessionContext": {"sessionIssuer": {"arn": HOSTILE}}},
        "requestParameters": {"bucketName": HOSTILE, "key": HOSTILE}, "eventCategory": "Data", "managementEvent": false,
        "additionalEventData": {"bytesTransferredOut": 5.0}, "recipientAccountId": "111122223333",
        "resources": [{"type": "AWS::S3::Bucket", "accountId": "111122223333", "ARN": HOSTILE}],
    }]});
    let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    file.write_all(record.to_string().as_bytes()).unwrap();
    let hostile = incident.file_of_the_day().with_file_name("hostile_CloudTrail.json.gz");
    fs::write(hostile, file.finish().unwrap()).unwrap();
    let mut program = program();
    program.args(["investigate", "--analyst", HOSTILE, "--classification", HOSTILE, "--logs"]);
    program.arg(incident.folder.path()).arg("--finding").arg(incident.path("finding.json"));
    for format in ["html", "json", "markdown"] {
        program
            .arg("--output")
            .arg(format!("{format}={}", incident.path(&format!("out.{format}")).display()));
    }
    let output = program.output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    let text = |format: &str| fs::read_to_string(incident.path(&format!("out.{format}"))).unwrap();
    for format in ["html", "json", "markdown"] {
        let text = text(format);
        assert!(text.contains("alert(1)") || text.contains("alert\\(1\\)"), "{format} shows the text");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{format}");
    }
    let html = text("html");
    assert!(!html.contains("<script") && !html.contains("<img"), "no element is added");
    assert!(html.contains("default-src 'none'; style-src 'sha256-"), "strict policy");
    assert!(!text("markdown").contains("<script") && !text("markdown").contains("](http"));
    let report: Value = serde_json::from_str(&text("json")).unwrap();
    assert!(report["actors"].to_string().contains("alert(1)"));
    // A name that no shell may see stands in no command.
    assert!(
        list(&report["containment"]).iter().all(|step| !step["command"].as_str().unwrap().contains("alert"))
    );
}

#[test]
fn guardduty_and_macie_are_asked_region_by_region_in_pages_and_batches() {
    let incident = Incident::of(Kind::ForeignCopy);
    let emulator = Emulator::start();
    emulator.boto(&format!(
        "import boto3\nfor region in ('eu-west-1', 'us-east-1'):\n    \
         boto3.client('guardduty', endpoint_url='{0}', region_name=region).create_detector(Enable=True)\n    \
         boto3.client('macie2', endpoint_url='{0}', region_name=region).enable_macie()",
        emulator.endpoint()
    ));
    let good = read_json(&incident.path("finding.json"))["detail"].clone();
    let mut state = Vec::new();
    let put = |kind: &str, value: &Value| json!({"kind": kind, "account": "123456789012", "region": "eu-west-1", "value": value});
    state.push(put("guardduty_finding", &good));
    for number in 0..120 {
        let mut other = good.clone();
        other["id"] = format!("other-{number}").into();
        other["service"]["archived"] = (number % 2 == 0).into();
        if number >= 110 {
            other["updatedAt"] = "2025-01-01T00:00:00.000Z".into();
        }
        state.push(put("guardduty_finding", &other));
    }
    for finding in list(&read_json(&incident.path("macie-findings.json"))["findings"]) {
        state.push(put("macie_finding", finding));
    }
    emulator.put(&json!(state));
    emulator.forget_requests();
    let id = good["id"].as_str().unwrap();
    let mut program = emulator.program();
    program.args([
        "investigate",
        "--output",
        "json",
        "--regions",
        "us-east-1,eu-west-1",
        "--finding",
        id,
        "--logs",
    ]);
    let output = program.arg(incident.folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_is_the_truth(&report, &incident.truth);
    let findings = list(&report["detection"]["findings"]);
    assert_eq!(findings.len(), 111, "those of other days are left out");
    assert_eq!(findings.iter().filter(|finding| finding["archived"] == true).count(), 55);
    assert_eq!(findings.iter().filter(|finding| finding["starting_point"] == true).count(), 1);
    assert_eq!(report["data_impact"]["sensitive"]["object_count"], 6);
    let requests = emulator.requests();
    // Two pages of 56 unarchived and two of 55 archived ones, in batches of 50, and one for the finding itself.
    assert_eq!(requests["guardduty:ListFindings"], 2 + 4);
    assert_eq!(requests["guardduty:GetFindings"], 2 + 4);
    assert!(!requests.contains_key("macie2:CreateClassificationJob"));
    assert_eq!(emulator.violations(), [""; 0]);
}

#[test]
fn a_classification_job_is_started_only_after_its_cost_was_shown_and_agreed_to() {
    let incident = Incident::of(Kind::ForeignCopy);
    let emulator = Emulator::start();
    emulator.boto(&format!(
        "boto3.client('macie2', endpoint_url='{0}', region_name='us-east-1').enable_macie()\n\
         s3.create_bucket(Bucket='customer-exports-prod')",
        emulator.endpoint()
    ));
    emulator.put(&json!([{"kind": "macie_bucket", "account": "123456789012", "region": "us-east-1", "name": "customer-exports-prod",
        "value": {"classifiableObjectCount": 4_000, "classifiableSizeInBytes": 250_000_000_000_u64}}]));
    for (yes, code, jobs) in [(None, 2, 0), (Some("--yes"), 3, 1)] {
        emulator.forget_requests();
        let mut program = emulator.program();
        program.args(["investigate", "--output", "json", "--start-classification-job", "--finding"]);
        program.arg(incident.path("finding.json")).arg("--logs").arg(incident.folder.path()).args(yes);
        let output = program.stdin(std::process::Stdio::null()).output().unwrap();
        // 3: GuardDuty is not enabled there, which the report tells.
        assert_eq!(output.status.code(), Some(code), "{}", errors(&output));
        let told = errors(&output);
        assert!(
            told.contains("10 percent of 4,000 objects (250.0 GB)") && told.contains("about 25.00 USD"),
            "{told}"
        );
        let requests = emulator.requests();
        assert_eq!(requests.get("macie2:CreateClassificationJob").copied().unwrap_or_default(), jobs);
        let changing = requests.keys().filter(|name| {
            !["Get", "List", "Describe"].iter().any(|verb| name.contains(&format!(":{verb}")))
        });
        assert_eq!(changing.count() as u64, jobs, "it only reads: {requests:?}");
    }
    assert_eq!(emulator.violations(), [""; 0]);
}

#[test]
fn wrong_usage_says_what_is_wrong_and_asks_nothing() {
    let logs = repository("examples/incident");
    let logs = logs.to_str().unwrap();
    for (arguments, why) in [
        (vec!["--logs", logs], "--finding"),
        (vec!["--logs", logs, "--bucket", "b'; DROP"], "--bucket"),
        (vec!["--logs", logs, "--access-key", "x"], "--access-key"),
        (vec!["--logs", logs, "--bucket", "some-bucket"], "give --from and --to"),
        (
            vec!["--logs", logs, "--bucket", "some-bucket", "--from", "2026-01-02", "--to", "2026-01-01"],
            "empty",
        ),
        (vec!["--logs", logs, "--bucket", "some-bucket", "--output", "junit"], "no format `junit`"),
        (
            vec![
                "--logs",
                "/nowhere",
                "--bucket",
                "some-bucket",
                "--from",
                "2026-01-01",
                "--to",
                "2026-01-02",
            ],
            "/nowhere",
        ),
    ] {
        let output = program().arg("investigate").args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", errors(&output));
        assert!(errors(&output).contains(why), "{arguments:?}: {}", errors(&output));
    }
}
