//! Property tests of the whole walk (`aws-semantics.md` 14.2): what becomes unknown raises no outcome and lowers no
//! possibility, and more logging lowers no outcome. The account is the golden one, with some of the golden changes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Cell, Outcome, Simulation, Techniques};
use crate::facts::{Context, Guardrails, Prepared};
use crate::policy::PolicyFile;
use crate::snapshot::{AccountSnapshot, Change, Organization, SnapshotReader};

const ACCOUNT: &str = "111111111111";

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The organization, the accounts that others are judged by, and the account.
struct World {
    organization: Organization,
    hubs: BTreeMap<String, AccountSnapshot>,
    account: AccountSnapshot,
}

/// The golden account after some of the changes, taken from their folders.
fn world(cases: &[String]) -> World {
    let operations: Vec<Value> = cases
        .iter()
        .flat_map(|case| {
            let text = std::fs::read_to_string(golden(case).join("change.json")).unwrap();
            serde_json::from_str::<Vec<Value>>(&text).unwrap()
        })
        .collect();
    let change = Change::parse(Path::new("changes"), &Value::from(operations).to_string()).unwrap();
    let reader = SnapshotReader::open(&golden("base.jsonl.gz")).unwrap().with_change(change).unwrap();
    let organization = reader.header().organization.clone();
    let (account, hubs) = reader.map(Result::unwrap).partition::<Vec<_>, _>(|account| account.id == ACCOUNT);
    World {
        organization,
        hubs: hubs.into_iter().map(|hub| (hub.id.clone(), hub)).collect(),
        account: account.into_iter().next().unwrap(),
    }
}

fn cells(world: &World, account: &AccountSnapshot) -> BTreeMap<(String, String), Cell> {
    let guardrails = Guardrails::of(&world.organization);
    let text = "version: 1\ntrust: { networks: [203.0.113.0/24] }\nsensitive: { buckets: [\"good-*\"] }";
    let policy = PolicyFile::parse(Path::new("p.yaml"), text.to_owned(), &[]).unwrap();
    let context = Context {
        organization: &world.organization,
        hubs: &world.hubs,
        policy: &policy,
        guardrails: &guardrails,
    };
    let techniques = Techniques::load(&[]).unwrap().iter().cloned().collect();
    let simulated =
        Simulation { techniques, ..Simulation::default() }.account(&Prepared::of(account, &context));
    simulated.cells.into_iter().map(|cell| ((cell.bucket.clone(), cell.technique.clone()), cell)).collect()
}

/// Pointers to every part of a record that was read.
fn parts(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if object.len() == 1 && object.contains_key("known") {
                found.push(at.to_owned());
            }
            for (key, child) in object {
                parts(child, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(i, child)| parts(child, &format!("{at}/{i}"), found));
        }
        _ => {}
    }
}

fn hidden(account: &AccountSnapshot, chosen: &[prop::sample::Index]) -> (AccountSnapshot, Vec<String>) {
    let mut record = serde_json::to_value(account).unwrap();
    let mut places = Vec::new();
    parts(&record, "", &mut places);
    // Without its buckets or regions the account has no cells to compare.
    places.retain(|place| !matches!(place.as_str(), "/buckets" | "/regions") && !place.ends_with("/region"));
    let mut chosen: Vec<String> = chosen.iter().map(|index| index.get(&places).clone()).collect();
    chosen.sort();
    chosen.dedup();
    for place in &chosen {
        // One within another that is hidden is gone already.
        if let Some(part) = record.pointer_mut(place) {
            *part = json!({"unreadable": {"operation": "x:Y", "code": "AccessDenied", "message": "no"}});
        }
    }
    (serde_json::from_value(record).unwrap(), chosen)
}

/// Changes that make it worse in one way each.
const FLAWS: [&str; 13] = [
    "b-write-only-selector",
    "d-stopped-trail",
    "f-pending-subscription",
    "h-mute-rule-active",
    "i-rule-disabled",
    "j-rule-for-a-retired-type",
    "k-suppression-filter-on-type",
    "l-guardduty-missing-in-one-region",
    "m-default-endpoint-policy",
    "n-bucket-policies-p1-and-p3",
    "p-replication-to-outside",
    "q-average-alarm",
    "s-trusted-list-of-all-addresses",
];

fn flaws() -> impl Strategy<Value = Vec<String>> {
    prop::sample::subsequence(FLAWS.to_vec(), 0..4)
        .prop_map(|flaws| flaws.into_iter().map(str::to_owned).collect())
}

/// Few cases, because each walks through an account four times; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let more = std::env::var_os("PROPTEST_CASES").map(|_| ProptestConfig::default().cases);
    ProptestConfig { cases: more.unwrap_or(24), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_becomes_unknown_raises_no_outcome_and_lowers_no_possibility(
        flaws in flaws(), chosen in prop::collection::vec(any::<prop::sample::Index>(), 1..4)
    ) {
        let world = world(&flaws);
        let before = cells(&world, &world.account);
        let (account, places) = hidden(&world.account, &chosen);
        for (key, after) in cells(&world, &account) {
            let before = &before[&key];
            let cell = format!("{key:?} after {places:?} was hidden: {after:#?}\nbefore: {before:#?}");
            prop_assert!(after.outcome <= before.outcome, "{}", cell);
            prop_assert!(after.possible >= before.possible, "{}", cell);
        }
    }

    #[test]
    fn more_logging_lowers_no_outcome(flaws in flaws()) {
        let world = world(&flaws);
        let before = cells(&world, &world.account);
        let mut record = serde_json::to_value(&world.account).unwrap();
        let arn = format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/more");
        for region in ["us-east-1", "eu-west-1"] {
            let trails = record["regional"][region]["trails"]["known"].as_array_mut().unwrap();
            let mut more = trails[0].clone();
            more["name"] = "more".into();
            more["arn"] = arn.clone().into();
            trails.push(more);
        }
        record["trail_details"][&arn] = json!({
            "status": {"known": {"is_logging": true, "latest_delivery_time": "2026-01-01T00:00:00Z",
                "latest_log_group_delivery_time": "2026-01-01T00:00:00Z"}},
            "selectors": {"known": {"event_selectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]}},
        });
        let account: AccountSnapshot = serde_json::from_value(record).unwrap();
        for (key, after) in cells(&world, &account) {
            let before = &before[&key];
            prop_assert!(after.outcome >= before.outcome, "{:?}: {} was {}", key, after.outcome, before.outcome);
            prop_assert!(after.logged.is_yes() || !before.logged.is_yes(), "{:?}", key);
        }
    }
}

#[test]
fn the_golden_account_has_a_cell_for_every_bucket_and_technique() {
    let world = world(&[]);
    let cells = cells(&world, &world.account);
    assert_eq!(cells.len(), 3 * 22);
    assert!(cells.values().any(|cell| cell.outcome == Outcome::Alerted));
    assert!(cells.values().any(|cell| cell.outcome == Outcome::Prevented));
}
