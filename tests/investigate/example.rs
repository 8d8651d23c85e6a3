//! The data set in `examples/incident`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::json;

use crate::emulated::{program, repository};
use crate::generator::{self, Plan};
use crate::incident::{assert_is_the_truth, errors, list, read_json};

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
