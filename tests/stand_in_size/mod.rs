//! F-23: organizations, accounts and documents that are very large. The sizes are those that an unoptimized build judges in
//! seconds; `benches/run live` and `cargo bench --bench offline` measure thousands of accounts.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{audit, counted, lines};
use crate::emulated::program;
use crate::emulated::stand_in::{StandIn, stand_in};

fn generate(accounts: usize, buckets: usize, path: &Path) {
    let [accounts, buckets] = [accounts, buckets].map(|number| number.to_string());
    let mut command = Command::new(stand_in());
    command.args(["--accounts", &accounts, "--buckets", &buckets, "--write-snapshot"]).arg(path);
    assert!(command.status().unwrap().success());
}

fn write(lines: &[Value], path: &Path) {
    let file = std::fs::File::create(path).unwrap();
    let mut file = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    file.finish().unwrap();
}

/// The most memory that a process had resident, in KiB.
fn peak_memory(child: &mut Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let resident = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = resident.unwrap_or(peak);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    peak
}

#[cfg(target_os = "linux")]
#[test]
fn f23_memory_stays_flat_as_accounts_grow() {
    let folder = tempfile::tempdir().unwrap();
    let peak_of = |accounts: usize| {
        let snapshot = folder.path().join(format!("{accounts}.jsonl.gz"));
        generate(accounts, 4, &snapshot);
        let mut audit = program();
        audit.args(["audit", "--fail-on", "none", "--snapshot"]).arg(&snapshot);
        for format in ["json", "junit", "csv", "sarif", "markdown", "ocsf"] {
            audit.arg("--output").arg(format!("{format}={}", folder.path().join(format).display()));
        }
        let mut child = audit.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let peak = peak_memory(&mut child);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        peak
    };
    let (few, many) = (peak_of(10), peak_of(100));
    assert!(few > 0 && many * 2 <= few * 3, "10 accounts: {few} KiB, 100 accounts: {many} KiB");
    let report: Value = serde_json::from_slice(&std::fs::read(folder.path().join("json")).unwrap()).unwrap();
    assert_eq!(report["accounts"].as_array().unwrap().len(), 100);
}

#[test]
fn f23_every_bucket_of_a_large_account_is_asked_about_once() {
    let stand_in = StandIn::start(&["--accounts", "1", "--buckets", "400"]);
    let check = "bucket-acls-disabled";
    let read = audit(stand_in.program(), &["--only", check, "--regions", super::REGIONS]);
    assert_eq!(read.report["run"]["complete"], true, "{}", read.report["run"]["incomplete"]);
    let judged = read.results().iter().filter(|result| result["check"] == check).count();
    // One more holds the logs.
    assert_eq!(judged, 401);
    assert_eq!(counted(&read)["s3:GetBucketOwnershipControls"], 401);
    assert_eq!(counted(&read), stand_in.requests());
}

#[test]
fn f23_large_documents_are_judged_and_decide_nothing_wrongly() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("small.jsonl.gz");
    generate(1, 6, &snapshot);
    let plain = lines_of(&snapshot);
    let judged = |lines: &[Value]| {
        let path = folder.path().join("large.jsonl.gz");
        write(lines, &path);
        let audit = audit(program(), &["--snapshot", path.to_str().unwrap()]);
        assert!(audit.results().iter().all(|result| result["status"] != "error"), "{}", audit.errors());
        audit
    };
    let before = judged(&plain).statuses();

    // 2,000 rules that listen to something else than findings.
    let mut lines = plain.clone();
    for region in lines[1]["regional"].as_object_mut().unwrap().values_mut() {
        let rules = region["rules"]["known"].as_array_mut().unwrap();
        rules.extend((0..2_000).map(|number| {
            json!({"arn": format!("arn:aws:events:us-east-1:200000000000:rule/of-orders-{number}"), "bus": "default",
                "event_pattern": json!({"source": [format!("shop.orders-{number}")]}).to_string(), "managed_by": null,
                "name": format!("of-orders-{number}"), "state": "ENABLED", "targets": {"known": []}})
        }));
    }
    same(&judged(&lines).statuses(), &before);

    // A policy of 20 KB that lets in a thousand roles of the account itself, beside what it says already.
    let mut lines = plain.clone();
    let buckets = lines[1]["buckets"]["known"].as_array_mut().unwrap();
    let bucket = buckets.iter_mut().find(|bucket| bucket["policy"]["known"].is_string()).unwrap();
    let mut policy: Value = serde_json::from_str(bucket["policy"]["known"].as_str().unwrap()).unwrap();
    let roles: Vec<String> =
        (0..1_000).map(|number| format!("arn:aws:iam::200000000000:role/{number}")).collect();
    let arn = format!("arn:aws:s3:::{}/*", bucket["name"].as_str().unwrap());
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.push(
        json!({"Effect": "Allow", "Principal": {"AWS": roles}, "Action": "s3:GetObject", "Resource": arn}),
    );
    bucket["policy"]["known"] = json!(policy.to_string());
    same(&judged(&lines).statuses(), &before);

    // 250 buckets named by the selectors of a trail: each bucket that is not among them is not logged.
    let mut lines = plain;
    let name = |index: usize, lines: &[Value]| {
        lines[1]["buckets"]["known"][index]["name"].as_str().unwrap().to_owned()
    };
    let (logged, other) = (name(0, &lines), name(1, &lines));
    let values: Vec<String> = (0..249)
        .map(|number| format!("arn:aws:s3:::somebody-elses-{number}/"))
        .chain([format!("arn:aws:s3:::{logged}/")])
        .collect();
    let trails = lines[1]["trail_details"].as_object_mut().unwrap();
    for trail in trails.values_mut() {
        trail["selectors"] = json!({"known": {"event_selectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": values}]}]}});
    }
    let audit = judged(&lines);
    let status = |bucket: &str| {
        let of = |result: &&Value| {
            result["check"] == "object-reads-logged"
                && result["resource"]["id"].as_str().unwrap().ends_with(bucket)
        };
        audit.results().iter().find(of).unwrap()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!((status(&logged).as_str(), status(&other).as_str()), ("pass", "fail"));
}

/// Whatever was judged before is judged the same.
fn same(after: &BTreeMap<[String; 4], String>, before: &BTreeMap<[String; 4], String>) {
    for (what, status) in before {
        assert_eq!(after.get(what), Some(status), "{what:?}");
    }
}

fn lines_of(snapshot: &Path) -> Vec<Value> {
    // What `lines` leaves out is the time of reading, which a snapshot must have.
    let mut whole = lines(snapshot);
    for part in ["macie", "alarms"] {
        for line in whole.iter_mut().skip(1) {
            let regions = line.get_mut(part).and_then(Value::as_object_mut).into_iter().flatten();
            for (_, region) in regions {
                region["read_at"] = json!("2026-11-30T00:00:00Z");
            }
        }
    }
    whole
}
