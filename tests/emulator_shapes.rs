//! The emulator's own answers are AWS's: those that it gives instead of moto are held against the shapes of botocore's
//! service models while the organizations are seeded and audited.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::process::Command;

use emulated::{Emulator, repository};
use serde_json::json;

#[test]
fn nothing_that_the_emulator_adds_differs_from_the_service_models() {
    for organization in ["trap", "example"] {
        let (emulator, _) = Emulator::with(organization);
        assert_eq!(emulator.violations(), [""; 0], "while {organization} was seeded");
        let folder = tempfile::tempdir().unwrap();
        let audit = emulator.audit(folder.path(), &[]);
        assert!(audit.code() == 1 && !audit.results().is_empty(), "{}", audit.errors());
        assert_eq!(emulator.violations(), [""; 0], "while {organization} was audited");
    }
}

#[test]
fn a_wrong_answer_of_the_emulator_is_caught() {
    let (emulator, seeded) = Emulator::with("trap");
    let account = seeded["accounts"]["good"].as_str().unwrap();
    let here = json!({"account": account, "region": "us-east-1"});
    let put = |kind: &str, name: Option<&str>, value: serde_json::Value| {
        let mut item = here.clone();
        item["kind"] = kind.into();
        item["value"] = value;
        if let Some(name) = name {
            item["name"] = name.into();
        }
        emulator.put(&item);
    };
    let store =
        "arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/00000000-0000-4000-8000-000000000000";
    put("event_data_store", None, json!({"EventDataStoreArn": store, "Name": "lake", "Status": "RUNNING"}));
    put("alarm_mute_rule", Some("nightly"), json!({"Status": "ACTIVE", "Colour": "red"}));
    let bucket = format!("good-us-east-1-{account}");
    put("macie_bucket", Some(&bucket), json!({"lastAutomatedDiscoveryTime": "yesterday"}));
    let folder = tempfile::tempdir().unwrap();
    let audit = emulator.audit(folder.path(), &["--accounts", account]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert_eq!(audit.status("sensitive-bucket-classified", account, &bucket), "unknown");
    let mut violations = emulator.violations();
    violations.sort();
    let expected = [
        "cloudtrail:GetEventDataStore: /Status is 'RUNNING'; there are [",
        "cloudwatch:GetAlarmMuteRule: /Colour is not in the shape GetAlarmMuteRuleOutput",
        "macie2:DescribeBuckets: /buckets/0/lastAutomatedDiscoveryTime is 'yesterday' and not a timestamp",
    ];
    assert_eq!(violations.len(), expected.len(), "{violations:#?}");
    for (violation, expected) in violations.iter().zip(expected) {
        assert!(violation.starts_with(expected), "{violation}");
    }
}

#[test]
fn the_validation_catches_what_it_should_in_every_protocol() {
    let python = std::env::var_os("EXFILGUARD_TEST_PYTHON")
        .map_or_else(|| repository("target/emulator/bin/python"), std::path::PathBuf::from);
    let output = Command::new(python)
        .args(["-B", "-m", "unittest", "shape_validation_test"])
        .current_dir(repository("tests/emulator"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
