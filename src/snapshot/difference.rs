//! What changed between two snapshots: per account, region and resource, with pointers that a
//! [`Change`](super::Change) takes.
//!
//! The earlier snapshot waits in a temporary file, so that no more than one account of each is in memory. Elements of lists
//! are told apart by their names, so that a new bucket is one difference and not one for each bucket behind it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use super::change::{NAMES, is_reading};
use super::{AccountSnapshot, SnapshotError, SnapshotReader};
use crate::temporary::{Packed, Place, TemporaryRecords};

/// Fields that tell when something was read or last delivered: they differ from one reading to the next, and nobody changed
/// anything.
const MOMENTS: [&str; 3] = ["read_at", "latest_delivery_time", "latest_log_group_delivery_time"];

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The account; none for what was read once for the organization.
    pub account_id: Option<String>,
    /// The region, if it is about something of one.
    pub region: Option<String>,
    /// The resource that it is about: its name, id or ARN.
    pub resource: Option<String>,
    /// Where in the snapshot, as a change of `--with-change` names it.
    pub pointer: String,
    /// What was there; nothing if it is new. Of a whole account its name alone.
    pub before: Option<Value>,
    /// What is there; nothing if it is gone. Of a whole account its name alone.
    pub after: Option<Value>,
}

/// Snapshots cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DifferenceError {
    /// One of them cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The earlier one cannot be kept in the temporary file.
    #[error("the snapshot cannot be kept in a temporary file: {0}")]
    Io(#[from] std::io::Error),
    /// A record cannot be written as JSON: a defect of exfilguard.
    #[error("a record of the snapshot cannot be compared: {0}")]
    Json(#[from] serde_json::Error),
}

/// Finds what changed from one snapshot to another and hands on the differences: of the organization, then of each account
/// of the later one in its order, then the accounts that are gone. `found` says whether it wants more.
///
/// # Errors
/// A snapshot is damaged, or the disk is full.
pub fn differences(
    mut before: SnapshotReader,
    mut after: SnapshotReader,
    mut found: impl FnMut(Vec<Difference>) -> bool,
) -> Result<(), DifferenceError> {
    let organization = |reader: &SnapshotReader| serde_json::to_value(&reader.header().organization);
    let root = Root { account: None, pointer: "/organization".to_owned() };
    if !found(root.differences(&organization(&before)?, &organization(&after)?)) {
        return Ok(());
    }
    let kept = TemporaryRecords::default();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for account in &mut before {
        let account = account?;
        places.insert(account.id.clone(), kept.put(&Packed::of(&account)?)?);
    }
    for account in &mut after {
        let account = account?;
        let root = Root { account: Some(account.id.clone()), pointer: format!("/accounts/{}", account.id) };
        let differences = match places.remove(&account.id) {
            Some(place) => {
                let earlier: AccountSnapshot = kept.get(place)?;
                if earlier == account {
                    continue;
                }
                root.differences(&serde_json::to_value(&earlier)?, &serde_json::to_value(&account)?)
            }
            None => vec![root.whole(None, Some(account.name.as_str().into()))],
        };
        if !found(differences) {
            return Ok(());
        }
    }
    for (id, place) in places {
        let account: AccountSnapshot = kept.get(place)?;
        let root = Root { pointer: format!("/accounts/{id}"), account: Some(id) };
        if !found(vec![root.whole(Some(account.name.as_str().into()), None)]) {
            return Ok(());
        }
    }
    Ok(())
}

/// A record of a snapshot.
struct Root {
    account: Option<String>,
    pointer: String,
}

impl Root {
    fn whole(&self, before: Option<Value>, after: Option<Value>) -> Difference {
        let (account_id, pointer) = (self.account.clone(), self.pointer.clone());
        Difference { account_id, region: None, resource: None, pointer, before, after }
    }

    fn differences(&self, before: &Value, after: &Value) -> Vec<Difference> {
        let mut walk =
            Walk { root: self, path: Vec::new(), regions: regions(before, after), found: Vec::new() };
        walk.value(Some(before), Some(after));
        walk.found
    }
}

/// The regions of an account's buckets, by name.
fn regions(before: &Value, after: &Value) -> BTreeMap<String, String> {
    let buckets = |record: &Value| {
        let buckets = record.pointer("/buckets/known").and_then(Value::as_array).cloned();
        buckets.unwrap_or_default().into_iter().filter_map(|bucket| {
            let text = |pointer: &str| bucket.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            Some((text("/name")?, text("/region/known")?))
        })
    };
    buckets(before).chain(buckets(after)).collect()
}

struct Walk<'a> {
    root: &'a Root,
    path: Vec<String>,
    regions: BTreeMap<String, String>,
    found: Vec<Difference>,
}

impl Walk<'_> {
    fn value(&mut self, before: Option<&Value>, after: Option<&Value>) {
        if before == after {
            return;
        }
        let (inner_before, inner_after) = (before.and_then(known), after.and_then(known));
        match (inner_before.or(before), inner_after.or(after)) {
            // What could not be read is compared as such.
            _ if inner_before.is_some() != inner_after.is_some() => self.note(before, after),
            (Some(Value::Object(before)), Some(Value::Object(after))) => self.object(before, after),
            (Some(Value::Array(before)), Some(Value::Array(after))) => self.list(before, after),
            (before, after) => self.note(before, after),
        }
    }

    fn object(&mut self, before: &Map<String, Value>, after: &Map<String, Value>) {
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys.into_iter().filter(|key| !MOMENTS.contains(&key.as_str())) {
            self.step(key, before.get(key), after.get(key));
        }
    }

    /// Lists whose elements have names of their own are compared by these; others as they are.
    fn list(&mut self, before: &[Value], after: &[Value]) {
        // Of an account its id stays, of other things their name.
        let fields: &[&str] = if self.root.account.is_none() { &["id"] } else { &NAMES };
        let (Some(earlier), Some(later)) = (by_name(before, fields), by_name(after, fields)) else {
            return self.note(Some(&before.into()), Some(&after.into()));
        };
        let names: BTreeSet<&&str> = earlier.keys().chain(later.keys()).collect();
        for name in names {
            self.step(name, earlier.get(*name).copied(), later.get(*name).copied());
        }
    }

    fn step(&mut self, name: &str, before: Option<&Value>, after: Option<&Value>) {
        self.path.push(name.to_owned());
        self.value(before, after);
        self.path.pop();
    }

    fn note(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let mut pointer = self.root.pointer.clone();
        for name in &self.path {
            pointer.push('/');
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        }
        let (region, resource) = self.about();
        self.found.push(Difference {
            account_id: self.root.account.clone(),
            region,
            resource,
            pointer,
            before: before.cloned(),
            after: after.cloned(),
        });
    }

    /// The region and the resource that the path is about.
    fn about(&self) -> (Option<String>, Option<String>) {
        let at = |place: usize| self.path.get(place).cloned();
        let of_arn = |arn: Option<String>| {
            let region =
                arn.as_deref().and_then(|arn| arn.split(':').nth(3)).filter(|region| !region.is_empty());
            (region.map(str::to_owned), arn)
        };
        match self.path.first().map(String::as_str) {
            Some("buckets") => (at(1).and_then(|name| self.regions.get(&name).cloned()), at(1)),
            Some("regional" | "alarms" | "macie") => {
                // Behind the region the kind of resource, then which one; `network` has one more kind in between.
                let resource = if at(2).as_deref() == Some("network") { at(4) } else { at(3) };
                let listed =
                    !matches!(at(2).as_deref(), Some("detector" | "guardduty_administration" | "status"));
                (at(1), resource.filter(|_| listed))
            }
            Some("trail_details" | "log_groups" | "topics" | "queues" | "functions" | "keys") => {
                of_arn(at(1))
            }
            Some("multi_region_access_points") => (None, at(1)),
            _ if self.root.account.is_none() => (None, at(1)),
            _ => (None, None),
        }
    }
}

/// What was read, if the value is a part that was.
fn known(value: &Value) -> Option<&Value> {
    if is_reading(value) { value.get("known") } else { None }
}

/// The elements by name; none if some element has none, or two have the same.
fn by_name<'a>(elements: &'a [Value], fields: &[&str]) -> Option<BTreeMap<&'a str, &'a Value>> {
    let mut named = BTreeMap::new();
    for element in elements {
        let name = fields.iter().find_map(|field| element.get(field)?.as_str())?;
        if named.insert(name, element).is_some() {
            return None;
        }
    }
    Some(named)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn between(before: &Value, after: &Value) -> Vec<Difference> {
        let root =
            Root { account: Some("111122223333".to_owned()), pointer: "/accounts/111122223333".to_owned() };
        root.differences(before, after)
    }

    #[test]
    fn a_new_element_before_others_is_one_difference() {
        let bucket = |name: &str, policy: Value| json!({"name": name, "region": {"known": "eu-west-1"}, "policy": policy});
        let before = json!({"buckets": {"known": [bucket("b", json!({"known": null})), bucket("c", json!({"known": "x"}))]}});
        let after = json!({"buckets": {"known": [
            bucket("a", json!({"known": null})), bucket("b", json!({"known": "{}"})),
            bucket("c", json!({"unreadable": {"code": "AccessDenied"}}))]}});
        let found = between(&before, &after);
        let told: Vec<(&str, Option<&str>, Option<&Value>)> = found
            .iter()
            .map(|difference| {
                (difference.pointer.as_str(), difference.resource.as_deref(), difference.before.as_ref())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("/accounts/111122223333/buckets/a", Some("a"), None),
                ("/accounts/111122223333/buckets/b/policy", Some("b"), Some(&Value::Null)),
                ("/accounts/111122223333/buckets/c/policy", Some("c"), Some(&json!({"known": "x"}))),
            ]
        );
        assert!(found.iter().all(|difference| difference.region.as_deref() == Some("eu-west-1")));
        assert_eq!(found[1].after, Some(json!("{}")));
        assert!(between(&after, &after).is_empty());
    }

    #[test]
    fn lists_without_names_are_compared_as_they_are() {
        let found =
            between(&json!({"regions": {"known": ["a", "b"]}}), &json!({"regions": {"known": ["b"]}}));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (&found[0].pointer[..], &found[0].after),
            ("/accounts/111122223333/regions", &Some(json!(["b"])))
        );
        let twice = json!({"grants": [{"grantee": "a", "x": 1}, {"grantee": "a", "x": 2}]});
        assert_eq!(between(&twice, &json!({"grants": []})).len(), 1);
    }

    #[test]
    fn the_moment_of_reading_is_no_change() {
        let status = |time: &str, logging: bool| {
            json!({"trail_details": {"arn:aws:cloudtrail:eu-west-1:1:trail/t": {"status": {"known":
                {"latest_delivery_time": time, "is_logging": logging}}}}})
        };
        assert!(
            between(&status("2026-11-30T04:11:14Z", true), &status("2026-11-30T04:12:14Z", true)).is_empty()
        );
        let found = between(&status("2026-11-30T04:11:14Z", true), &status("2026-11-30T04:12:14Z", false));
        assert_eq!(found.len(), 1);
        assert!(found[0].pointer.ends_with(":trail~1t/status/is_logging"), "{}", found[0].pointer);
    }

    #[test]
    fn region_and_resource_are_told() {
        let rule = |state: &str| {
            json!({"regional": {"eu-west-1": {"rules": {"known": [{"name": "r", "state": state}]},
            "detector": {"known": {"id": state}}}}, "topics": {"arn:aws:sns:eu-central-1:1:t": {"key": state}}})
        };
        let found = between(&rule("ENABLED"), &rule("DISABLED"));
        let told: Vec<(&str, Option<&str>, Option<&str>)> = found
            .iter()
            .map(|d| (d.pointer.rsplit('/').next().unwrap(), d.region.as_deref(), d.resource.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("id", Some("eu-west-1"), None),
                ("state", Some("eu-west-1"), Some("r")),
                ("key", Some("eu-central-1"), Some("arn:aws:sns:eu-central-1:1:t")),
            ]
        );
    }
}
