#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::investigate::incident::rows::Use;
use crate::investigate::incident::suspects::Joined;

const KEY: &str = "ASIAABCDEFGHIEXAMPLE";
const OURS: &str = "111122223333";
const THEIRS: &str = "555566667777";

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn touched(name: &str, bucket: &str, key: &str, bytes: u64) -> ObjectRequests {
    ObjectRequests {
        access_key: text(KEY),
        source_ip: text("203.0.113.7"),
        event_name: text(name),
        bucket: text(bucket),
        bucket_owner: text(OURS),
        object_key: text(key),
        requests: 1,
        bytes_out: Some(bytes),
        first_seen: text("2026-01-15T01:00:00Z"),
        last_seen: text("2026-01-15T01:00:00Z"),
        ..ObjectRequests::default()
    }
}

fn gathered(rows: Vec<ObjectRequests>) -> Gathered {
    let mut gathered =
        Gathered { touched: rows, accounts: BTreeSet::from([OURS.to_owned()]), ..Gathered::default() };
    gathered.suspects.name(KEY, Joined::Named);
    gathered.suspects.addresses.insert("203.0.113.7".to_owned());
    gathered
}

fn measured(gathered: &Gathered) -> (DataImpact, Vec<ExfilPath>) {
    impact(gathered, &Apart::of(gathered), None)
}

#[test]
fn an_object_counts_once_and_its_bytes_each_time() {
    let mut ranges = touched("GetObject", "b", "large", 300);
    ranges.requests = 3;
    let again = ObjectRequests { source_ip: text("198.51.100.1"), ..touched("GetObject", "b", "large", 100) };
    let (impact, paths) = measured(&gathered(vec![ranges, again, touched("GetObject", "c", "large", 5)]));
    assert_eq!(
        (impact.objects_count, impact.distinct_keys, impact.bytes_out, impact.requests),
        (2, 1, 405, 5)
    );
    assert_eq!(paths.len(), 1);
    assert_eq!((paths[0].kind.as_str(), paths[0].objects, paths[0].bytes_out), ("direct-read", 2, 405));
    assert_eq!(paths[0].destination, "198.51.100.1, 203.0.113.7");
}

#[test]
fn a_copy_takes_its_source_and_only_if_it_goes_outside() {
    let copy = |to: &str, owner: Option<&str>, source: &str| ObjectRequests {
        bucket_owner: owner.map(str::to_owned),
        copy_source: text(source),
        ..touched("CopyObject", to, "k", 0)
    };
    let rows = vec![
        copy("sink", Some(THEIRS), "/b/a%20b.csv?versionId=7"),
        copy("sink", None, "b/plain.csv"),
        copy("ours", Some(OURS), "b/inside.csv"),
        copy("nobody-told", None, "b/unclear.csv"),
    ];
    let (impact, paths) = measured(&gathered(rows));
    let keys: Vec<&str> = impact.objects.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys, ["a b.csv", "plain.csv", "unclear.csv"]);
    let of = |to: &str| paths.iter().find(|path| path.destination == to).unwrap();
    // The owner of the sink is told by another record of it.
    assert_eq!(
        (of("sink").objects, of("sink").confidence, of("sink").owner.as_deref()),
        (2, Confidence::Confirmed, Some(THEIRS))
    );
    assert_eq!(of("nobody-told").confidence, Confidence::Inferred);
    assert_eq!(paths.len(), 2);
    let mut known = gathered(vec![copy("nobody-told", None, "b/unclear.csv")]);
    known.our_buckets.insert("nobody-told".to_owned());
    assert_eq!(measured(&known).0.objects_count, 0, "the audit knows the bucket as ours");
}

#[test]
fn what_the_workload_does_with_the_same_key_is_set_apart() {
    let within = ObjectRequests {
        source_ip: text("10.0.0.5"),
        vpc_endpoint_account: text(OURS),
        ..touched("GetObject", "b", "daily", 7)
    };
    let customer = ObjectRequests {
        source_ip: text("192.0.2.1"),
        authentication: text("QueryString"),
        ..touched("GetObject", "b", "invoice", 9)
    };
    let mut all = gathered(vec![within, customer, touched("GetObject", "b", "stolen", 100)]);
    let used = |address: &str, endpoint: Option<&str>| Use {
        access_key: text(KEY),
        source_ip: text(address),
        vpc_endpoint_account: endpoint.map(str::to_owned),
        ..Use::default()
    };
    all.uses = vec![used("10.0.0.5", Some(OURS)), used("203.0.113.7", None)];
    let (impact, _) = measured(&all);
    assert_eq!((impact.objects_count, impact.bytes_out), (1, 100));
    assert_eq!(impact.set_apart, SetApart { objects: 2, requests: 2, bytes_out: 16 });
    // Without an address outside that a finding names, the workload itself may be the thief: all counts.
    all.suspects.addresses.clear();
    assert_eq!(measured(&all).0.objects_count, 3);
    // Through somebody else's endpoint it is not the workload.
    all.suspects.addresses.insert("203.0.113.7".to_owned());
    for one in &mut all.touched {
        one.vpc_endpoint_account = one.vpc_endpoint_account.take().map(|_| THEIRS.to_owned());
    }
    assert!(measured(&all).0.objects.iter().any(|object| object.key == "daily"));
}

#[test]
fn what_goes_through_a_door_counts_only_for_whom_it_lets_in() {
    let mut all = gathered(Vec::new());
    let door = |kind, accounts: Option<&str>| Door {
        kind,
        event_name: "e".to_owned(),
        event_id: "id".to_owned(),
        since: "2026-01-15T01:00:00Z".to_owned(),
        bucket: "b".to_owned(),
        destinations: vec!["sink".to_owned()],
        accounts: accounts.map(|account| BTreeSet::from([account.to_owned()])),
    };
    all.doors = vec![door(DoorKind::Outside, Some(THEIRS)), door(DoorKind::Replication, None)];
    let read = |account: &str, key: &str| ObjectRequests {
        account: text(account),
        bucket: text("b"),
        object_key: text(key),
        requests: 1,
        bytes_out: Some(10),
        first_seen: text("2026-01-15T02:00:00Z"),
        last_seen: text("2026-01-15T02:00:00Z"),
        ..ObjectRequests::default()
    };
    all.outside = vec![read(THEIRS, "x"), read("999999999999", "partner")];
    let write = |key: &str, by: &str| ObjectRequests {
        access_key: text(by),
        bucket: text("sink"),
        object_key: text(key),
        requests: 1,
        ..ObjectRequests::default()
    };
    all.writes = vec![write("new", "ASIAREPLICATION00000"), write("own", KEY)];
    let (impact, paths) = measured(&all);
    let keys: Vec<&str> = impact.objects.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys, ["x", "new"]);
    assert!(paths.iter().all(|path| path.stays_open), "{paths:?}");
    all.outside.clear();
    let (impact, paths) = measured(&all);
    assert_eq!(impact.objects_count, 1);
    assert!(
        paths.iter().any(|path| path.kind == "open-access" && path.confidence == Confidence::Inferred),
        "{paths:?}"
    );
}

#[test]
fn deletions_are_no_way_out() {
    let rows = vec![
        touched("DeleteObject", "b", "a", 0),
        touched("DeleteObject", "b", "a", 0),
        touched("DeleteObjects", "b", "", 0),
    ];
    let (impact, paths) = measured(&gathered(rows));
    assert_eq!((impact.objects_count, impact.deleted_count, impact.unnamed_deletions), (0, 1, 1));
    assert_eq!(paths, []);
}

#[test]
fn objects_without_a_finding_of_macie_are_of_unknown_sensitivity() {
    let found = serde_json::json!({"findings": [{"category": "CLASSIFICATION", "severity": {"description": "Medium"},
        "resourcesAffected": {"s3Bucket": {"name": "b"}, "s3Object": {"key": "pii"}},
        "classificationDetails": {"result": {"sensitiveData": [{"category": "PERSONAL_INFORMATION"}]}}}]});
    let sensitive = SensitiveObjects::read(found.to_string().as_bytes()).unwrap();
    let all = gathered(vec![touched("GetObject", "b", "pii", 1), touched("GetObject", "b", "other", 2)]);
    let (impact, _) = impact(&all, &Apart::of(&all), Some(&sensitive));
    assert_eq!((impact.sensitive.object_count, impact.unclassified_count), (1, 1));
    assert_eq!(impact.sensitive.severity.as_deref(), Some("Medium"));
    assert_eq!(impact.objects[0].key, "pii");
}

#[test]
fn copy_sources_are_read_as_s3_does() {
    let some = |bucket: &str, key: &str| Some((bucket.to_owned(), key.to_owned()));
    assert_eq!(copy_source("b/k"), some("b", "k"));
    assert_eq!(copy_source("/b/a/b%2Fc"), some("b", "a/b/c"));
    assert_eq!(copy_source("b/100%"), some("b", "100%"));
    assert_eq!(copy_source("b/%ff"), some("b", "%ff"));
    assert_eq!(
        copy_source("arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/k"),
        some("arn:aws:s3:eu-west-1:111122223333:accesspoint/ap", "k")
    );
    assert_eq!(copy_source("b"), None);
}
