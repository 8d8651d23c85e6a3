//! A generated incident in a folder of its own, and what of a report must be its truth.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::emulated::program;
use crate::generator::{self, Kind, Plan};

/// An incident in a folder of its own.
pub struct Incident {
    pub folder: tempfile::TempDir,
    pub truth: Value,
}

impl Incident {
    pub fn of(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        generator::write(&Plan { kind, seed: 7, days: 3, records: 2_400 }, folder.path()).unwrap();
        let truth = read_json(&folder.path().join("truth.json"));
        Self { folder, truth }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The JSON report, begun with a file of the folder.
    pub fn report(&self, finding: &str, more: &[&str]) -> Value {
        let (output, report) = investigate(self.folder.path(), &self.path(finding), more);
        assert!(output.status.success(), "{}", errors(&output));
        report
    }

    /// The log files.
    pub fn files(&self) -> Vec<PathBuf> {
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
    pub fn file_of_the_day(&self) -> PathBuf {
        self.files().into_iter().find(|path| path.to_string_lossy().contains("/2026/01/15/")).unwrap()
    }
}

pub fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn investigate(logs: &Path, finding: &Path, more: &[&str]) -> (Output, Value) {
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

pub fn texts<'a>(values: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    values.into_iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

pub fn masked(key: &str) -> String {
    format!("{}…{}", &key[..4], &key[key.len() - 4..])
}

/// Principals, keys, buckets, objects, bytes, ways out, changes and gaps are exactly the truth.
pub fn assert_is_the_truth(report: &Value, truth: &Value) {
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

pub fn assert_ways_out(report: &Value, truth: &Value) {
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
