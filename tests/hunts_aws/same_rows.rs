//! The three back ends give the same rows on the same events.

use std::process::Command;

use exfilguard::investigate::{Hunt, Hunts, ParameterType};
use serde_json::Value;

use crate::emulated::repository;
use crate::records::{deeds, records};
use crate::site::Site;

/// Values of a hunt's own parameters, by their types: of all of them, or of those that it cannot do without.
fn values(hunt: &Hunt, all: bool) -> Vec<String> {
    let value = |kind: ParameterType| match kind {
        ParameterType::Timestamp => "2026-01-14T00:00:00Z",
        ParameterType::Integer | ParameterType::Limit => "1",
        ParameterType::AccountIds => "111122223333,012345678901",
        ParameterType::Regions => "eu-west-1",
        ParameterType::BucketName => "crown-jewels",
        ParameterType::BucketNames => "crown-jewels,loot",
        ParameterType::Arn | ParameterType::Arns => "arn:aws:iam::111122223333:role/App",
        ParameterType::AccessKeyId | ParameterType::AccessKeyIds => "ASIAAAAAAAAAAAAAAAAA",
        ParameterType::Ip | ParameterType::Ips => "198.51.100.7",
        ParameterType::Networks => "198.51.100.0/24,2001:db8::/32",
        ParameterType::EventNames => "GetObject",
    };
    let own = hunt.parameters.iter().filter(|parameter| parameter.required || all);
    own.flat_map(|parameter| ["--set".to_owned(), format!("{}={}", parameter.name, value(parameter.kind))])
        .collect()
}

/// Asks a hunt of all three back ends: the rows, which must be the same ones.
pub fn same_rows(site: &Site, hunt: &str, more: &[&str]) -> Vec<Value> {
    let folder = site.folder.path().to_str().unwrap();
    let local = site.ask(hunt, "local", &[&["--logs", folder], more].concat());
    assert_eq!(local.code, 0, "{hunt}: {}", local.errors);
    for other in ["athena", "logs-insights"].map(|back_end| site.ask(hunt, back_end, more)) {
        assert_eq!(other.code, 0, "{hunt}: {}", other.errors);
        assert_eq!(local.rows(), other.rows(), "{hunt}: {}", other.answer["query"]["back_end"]);
        assert_eq!(local.answer["query"]["sha256"], other.answer["query"]["sha256"]);
    }
    local.rows().to_vec()
}

#[test]
fn every_hunt_has_the_same_rows_in_all_back_ends() {
    let mut all = records();
    all.extend(deeds());
    let site = Site::with(&all);
    let hunts = Hunts::load().unwrap();
    for hunt in hunts.iter() {
        let rows = |all| {
            let values = values(hunt, all);
            same_rows(&site, &hunt.id, &values.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let (with_all, with_few) = (rows(true), rows(false));
        assert!(!with_all.is_empty() || !with_few.is_empty(), "{} finds nothing to compare", hunt.id);
    }
    // A baseline that begins within the window: what is before it does not count.
    for hunt in ["hourly-baseline", "unusual-addresses"] {
        let late = ["--set", "baseline_from=2026-01-15T04:30:00Z", "--set", "least_requests=1"];
        let late = if hunt == "hourly-baseline" { &late[..] } else { &late[..2] };
        assert!(!same_rows(&site, hunt, late).is_empty(), "{hunt}");
    }
    assert_eq!(site.emulator.violations(), [""; 0]);
}

#[test]
fn the_interpreter_of_logs_insights_means_what_aws_documents() {
    let output = Command::new(repository("target/emulator/bin/python"))
        .args(["-B", "-m", "unittest", "insights_language_test"])
        .current_dir(repository("tests/emulator"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
