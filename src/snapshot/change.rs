//! What if: a JSON Patch (RFC 6902) on a snapshot, applied to each record as it is read.
//!
//! The patch sees the snapshot as one document, `{"organization": …, "accounts": {"111122223333": …}}`. Its pointers may name
//! an element of a list by its name, id or ARN instead of its number, and leave out the `known` of a part that was read:
//! `/accounts/111122223333/buckets/ledger/policy`. A policy may be given as an object. Removing a part that was read means
//! that nothing is configured there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The largest patch that is read, in bytes.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;

/// Fields that hold a JSON document as text.
const DOCUMENTS: [&str; 4] = ["policy", "content", "event_pattern", "filter_policy"];

/// What an element of a list is called by, in this order.
pub(super) const NAMES: [&str; 8] =
    ["name", "id", "arn", "account", "alarm_name", "filter_name", "subscription_arn", "grantee"];

/// A change cannot be read, or does not fit the snapshot.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The file system said no.
    #[error("the change `{}` cannot be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file is no JSON Patch.
    #[error("`{}` is no JSON Patch (RFC 6902): {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An operation does not fit.
    #[error("`{}`, operation {number} (`{pointer}`): {problem}", path.display())]
    Operation {
        /// The file.
        path: PathBuf,
        /// Which one, from 1.
        number: usize,
        /// Its path.
        pointer: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// One operation of the patch.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    op: String,
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

/// A value of `null` is a value.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A JSON Patch on a snapshot.
#[derive(Debug, Clone)]
pub struct Change {
    path: PathBuf,
    organization: Vec<(usize, Operation)>,
    accounts: BTreeMap<String, Vec<(usize, Operation)>>,
    met: BTreeSet<String>,
}

impl Change {
    /// Reads a patch.
    ///
    /// # Errors
    /// The file cannot be read, is no JSON Patch, or names neither the organization nor an account.
    pub fn load(path: &Path) -> Result<Self, ChangeError> {
        let io = |source| ChangeError::Io { path: path.to_owned(), source };
        let size = std::fs::metadata(path).map_err(io)?.len();
        if size > SIZE_LIMIT {
            let problem = format!("it has {size} bytes, more than {SIZE_LIMIT}");
            return Err(ChangeError::Format { path: path.to_owned(), problem });
        }
        let text = std::fs::read_to_string(path).map_err(io)?;
        Self::parse(path, &text)
    }

    /// Reads a patch from text; `path` is for messages.
    ///
    /// # Errors
    /// As for [`Change::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ChangeError> {
        let operations: Vec<Operation> = serde_json::from_str(text)
            .map_err(|error| ChangeError::Format { path: path.to_owned(), problem: error.to_string() })?;
        let mut change = Self {
            path: path.to_owned(),
            organization: Vec::new(),
            accounts: BTreeMap::new(),
            met: BTreeSet::new(),
        };
        for (number, mut operation) in (1..).zip(operations) {
            let root = root(&operation.path);
            let from = operation.from.as_deref().map(self::root);
            let (Some(root), true) = (&root, from.is_none_or(|from| from == root)) else {
                return Err(change.refused(
                    number,
                    &operation.path,
                    "paths begin with /organization/ or /accounts/ID/, and `from` is in the same account",
                ));
            };
            // From here on a path is one into the record.
            let prefix = match root {
                Root::Organization => "/organization".to_owned(),
                Root::Account(id) => format!("/accounts/{id}"),
            };
            let into = |path: &str| path.strip_prefix(&prefix).unwrap_or(path).to_owned();
            operation.from = operation.from.as_deref().map(into);
            operation.path = into(&operation.path);
            match root {
                Root::Organization => change.organization.push((number, operation)),
                Root::Account(id) => {
                    change.accounts.entry(id.clone()).or_default().push((number, operation));
                }
            }
        }
        Ok(change)
    }

    /// Changes what was read once for the organization.
    ///
    /// # Errors
    /// An operation does not fit.
    pub fn organization(&self, record: &mut Value) -> Result<(), ChangeError> {
        self.apply(&self.organization, record)
    }

    /// Whether an account's record is changed.
    #[must_use]
    pub fn concerns(&self, account: &str) -> bool {
        self.accounts.contains_key(account)
    }

    /// Changes an account's record.
    ///
    /// # Errors
    /// An operation does not fit.
    pub fn account(&mut self, account: &str, record: &mut Value) -> Result<(), ChangeError> {
        self.met.insert(account.to_owned());
        let Some(operations) = self.accounts.get(account) else { return Ok(()) };
        self.apply(operations, record)
    }

    /// To be asked after the last account: whether every account that the patch names was there.
    ///
    /// # Errors
    /// One was not.
    pub fn finish(&self) -> Result<(), ChangeError> {
        match self.accounts.iter().find(|(account, _)| !self.met.contains(*account)) {
            Some((account, operations)) => {
                let (number, pointer) =
                    operations.first().map_or((0, ""), |(number, operation)| (*number, &operation.path));
                let problem = format!("account {account} is not in the snapshot");
                Err(self.refused(number, &format!("/accounts/{account}{pointer}"), &problem))
            }
            None => Ok(()),
        }
    }

    fn apply(&self, operations: &[(usize, Operation)], record: &mut Value) -> Result<(), ChangeError> {
        for (number, operation) in operations {
            let refused = |problem: &str| self.refused(*number, &operation.path, problem);
            let exact = exact(operation, record).map_err(|problem| refused(&problem))?;
            let patch: json_patch::Patch =
                serde_json::from_value(json!([exact])).map_err(|error| refused(&error.to_string()))?;
            json_patch::patch(record, &patch).map_err(|error| refused(&error.kind.to_string()))?;
        }
        Ok(())
    }

    fn refused(&self, number: usize, pointer: &str, problem: &str) -> ChangeError {
        ChangeError::Operation {
            path: self.path.clone(),
            number,
            pointer: pointer.to_owned(),
            problem: problem.to_owned(),
        }
    }
}

/// What a path is into.
#[derive(PartialEq)]
enum Root {
    Organization,
    Account(String),
}

fn root(path: &str) -> Option<Root> {
    let rest = path.strip_prefix('/')?;
    let (first, rest) = rest.split_once('/')?;
    match first {
        "organization" => Some(Root::Organization),
        "accounts" => {
            let id = rest.split('/').next().filter(|id| rest.len() > id.len())?;
            (id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())).then(|| Root::Account(id.to_owned()))
        }
        _ => None,
    }
}

/// The operation with exact pointers, and with its value in the form of the record.
fn exact(operation: &Operation, record: &Value) -> Result<Operation, String> {
    let mut exact = operation.clone();
    let is_new = operation.op == "add";
    let (path, present) = resolve(record, &operation.path, is_new)?;
    if let Some(from) = &operation.from {
        exact.from = Some(resolve(record, from, false)?.0);
    }
    exact.path = path;
    let reading = present.is_some_and(is_reading);
    if operation.op == "remove" && reading {
        "replace".clone_into(&mut exact.op);
        exact.value = Some(json!({"known": null}));
        return Ok(exact);
    }
    if let Some(value) = exact.value.take() {
        let last = operation.path.rsplit('/').next().unwrap_or_default();
        let value = if is_reading(&value) { value } else { written(last, value) };
        let wrapped = if reading && !is_reading(&value) { json!({"known": value}) } else { value };
        exact.value = Some(wrapped);
        // A part that is there is replaced, whether one says so or not; into a list one adds.
        if is_new && reading {
            "replace".clone_into(&mut exact.op);
        }
    }
    Ok(exact)
}

/// A document may be given as an object; the record has its text.
fn written(field: &str, value: Value) -> Value {
    match value {
        Value::Object(_) if DOCUMENTS.contains(&field) => Value::String(value.to_string()),
        value => value,
    }
}

/// Whether a value is a part that was read, or not.
pub(super) fn is_reading(value: &Value) -> bool {
    value.as_object().is_some_and(|object| {
        object.len() == 1 && (object.contains_key("known") || object.contains_key("unreadable"))
    })
}

/// The exact pointer, and what is there now.
fn resolve<'a>(
    record: &'a Value,
    pointer: &str,
    is_new: bool,
) -> Result<(String, Option<&'a Value>), String> {
    let mut here = Some(record);
    let mut exact = String::new();
    let mut tokens = pointer.split('/').skip(1).peekable();
    while let Some(token) = tokens.next() {
        let name = token.replace("~1", "/").replace("~0", "~");
        let last = tokens.peek().is_none();
        let mut place = here.ok_or_else(|| format!("there is nothing at `{exact}`"))?;
        if is_reading(place) && name != "known" && name != "unreadable" {
            place = place.get("known").ok_or_else(|| format!("`{exact}` could not be read"))?;
            exact.push_str("/known");
        }
        let found = match place {
            Value::Object(object) => in_object(object, &name, last && is_new),
            Value::Array(elements) => in_list(elements, &name, last && is_new),
            _ => Err(format!("`{exact}` has no parts")),
        };
        let key = found.map_err(|problem| format!("{problem} (at `{exact}/`)"))?;
        here = match place {
            Value::Object(object) => object.get(&key),
            Value::Array(elements) => key.parse::<usize>().ok().and_then(|index| elements.get(index)),
            _ => None,
        };
        exact.push('/');
        exact.push_str(&key.replace('~', "~0").replace('/', "~1"));
    }
    Ok((exact, here))
}

fn in_object(object: &Map<String, Value>, name: &str, is_new: bool) -> Result<String, String> {
    if object.contains_key(name) || is_new {
        return Ok(name.to_owned());
    }
    let names: Vec<&str> = object.keys().map(String::as_str).collect();
    Err(format!("there is no `{name}`; there are: {}", names.join(", ")))
}

fn in_list(elements: &[Value], name: &str, is_new: bool) -> Result<String, String> {
    if name == "-" || name.parse::<usize>().is_ok_and(|index| index < elements.len()) {
        return Ok(name.to_owned());
    }
    let called = |element: &Value| {
        let fields = NAMES.iter().filter_map(|field| element.get(field)?.as_str());
        fields.map(str::to_owned).collect::<Vec<_>>()
    };
    if let Some(index) = elements.iter().position(|element| called(element).iter().any(|n| n == name)) {
        return Ok(index.to_string());
    }
    if is_new {
        return Ok("-".to_owned());
    }
    let names: Vec<String> =
        elements.iter().filter_map(|element| called(element).into_iter().next()).collect();
    Err(format!("no element is called `{name}`; there are: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const ID: &str = "111122223333";

    fn record() -> Value {
        json!({
            "id": ID,
            "buckets": {"known": [
                {"name": "ledger", "policy": {"known": null}, "acl": {"unreadable": {"code": "AccessDenied"}}},
                {"name": "a/b", "policy": {"known": "{}"}},
            ]},
            "alarms": {"eu-west-1": {"alarms": {"known": {"metric": [{"alarm_name": "bulk", "actions_enabled": true}]}}}},
        })
    }

    fn changed(patch: &Value) -> Result<Value, String> {
        let mut change =
            Change::parse(Path::new("c.json"), &patch.to_string()).map_err(|error| error.to_string())?;
        let mut record = record();
        change.account(ID, &mut record).map_err(|error| error.to_string())?;
        change.finish().map_err(|error| error.to_string())?;
        Ok(record)
    }

    fn one(op: &str, pointer: &str, value: Value) -> Result<Value, String> {
        changed(&json!([{"op": op, "path": format!("/accounts/{ID}{pointer}"), "value": value}]))
    }

    #[test]
    fn elements_go_by_name_and_known_goes_without_saying() {
        let policy = json!({"Version": "2012-10-17", "Statement": []});
        let record = one("replace", "/buckets/ledger/policy", policy.clone()).unwrap();
        let text = record.pointer("/buckets/known/0/policy/known").unwrap().as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), policy);
        let record = one("add", "/buckets/known/1/policy", policy).unwrap();
        assert!(record.pointer("/buckets/known/1/policy/known").unwrap().is_string());
        let record = one("replace", "/buckets/a~1b/policy/known", json!("text")).unwrap();
        assert_eq!(record.pointer("/buckets/known/1/policy/known").unwrap(), "text");
        let record =
            one("replace", "/alarms/eu-west-1/alarms/metric/bulk/actions_enabled", json!(false)).unwrap();
        assert_eq!(record.pointer("/alarms/eu-west-1/alarms/known/metric/0/actions_enabled").unwrap(), false);
    }

    #[test]
    fn what_could_not_be_read_can_be_told_and_what_was_read_be_hidden() {
        let record = one("replace", "/buckets/ledger/acl", json!({"owner": "me"})).unwrap();
        assert_eq!(record.pointer("/buckets/known/0/acl/known/owner").unwrap(), "me");
        let denied = json!({"unreadable": {"code": "AccessDenied"}});
        let record = one("replace", "/buckets/ledger/policy", denied.clone()).unwrap();
        assert_eq!(record.pointer("/buckets/known/0/policy").unwrap(), &denied);
    }

    #[test]
    fn removing_a_part_means_that_nothing_is_configured_and_removing_an_element_removes_it() {
        let record = changed(&json!([
            {"op": "remove", "path": format!("/accounts/{ID}/buckets/a~1b/policy")},
            {"op": "remove", "path": format!("/accounts/{ID}/buckets/ledger")},
        ]))
        .unwrap();
        assert_eq!(record["buckets"], json!({"known": [{"name": "a/b", "policy": {"known": null}}]}));
    }

    #[test]
    fn an_element_is_added_and_copied() {
        let record = one("add", "/buckets/-", json!({"name": "new"})).unwrap();
        assert_eq!(record.pointer("/buckets/known/2/name").unwrap(), "new");
        let record = changed(&json!([{"op": "copy", "from": format!("/accounts/{ID}/buckets/a~1b/policy"),
            "path": format!("/accounts/{ID}/buckets/ledger/policy")}]))
        .unwrap();
        assert_eq!(record.pointer("/buckets/known/0/policy/known").unwrap(), "{}");
    }

    #[test]
    fn what_does_not_fit_is_refused_by_number_and_with_what_there_is() {
        for (pointer, expected) in [
            ("/buckets/lodger/policy", "no element is called `lodger`; there are: ledger, a/b"),
            ("/bucket/ledger", "there is no `bucket`; there are: id, buckets, alarms"),
            ("/buckets/ledger/acl/owner", "could not be read"),
            ("/id/x", "has no parts"),
        ] {
            let message = one("replace", pointer, json!(1)).unwrap_err();
            assert!(message.contains(expected) && message.contains("operation 1"), "{message}");
        }
        for path in ["/", "/accounts/123/buckets", "/accounts/111122223333", "/regions/x", "accounts"] {
            let message = changed(&json!([{"op": "remove", "path": path}])).unwrap_err();
            assert!(message.contains("paths begin with"), "{path}: {message}");
        }
        let elsewhere = json!([{"op": "remove", "path": "/accounts/999999999999/buckets"}]);
        assert!(changed(&elsewhere).unwrap_err().contains("account 999999999999 is not in the snapshot"));
        let test = one("test", "/id", json!("999999999999")).unwrap_err();
        assert!(test.contains("operation 1"), "{test}");
        for text in ["{}", "[{}]", "[{\"op\": \"pray\", \"path\": \"/organization/x\"}]", "no"] {
            let result = Change::parse(Path::new("c.json"), text)
                .and_then(|change| change.organization(&mut json!({"x": 1})));
            assert!(result.is_err(), "{text}");
        }
    }

    #[test]
    fn the_organization_is_changed_too() {
        let patch = json!([{"op": "replace", "path": "/organization/policies/SCP/p-1/content",
            "value": {"Statement": []}}]);
        let change = Change::parse(Path::new("c.json"), &patch.to_string()).unwrap();
        let mut organization =
            json!({"policies": {"SCP": {"known": [{"id": "p-1", "content": {"known": "{}"}}]}}});
        change.organization(&mut organization).unwrap();
        assert_eq!(
            organization.pointer("/policies/SCP/known/0/content/known").unwrap(),
            "{\"Statement\":[]}"
        );
        assert!(!change.concerns(ID));
    }
}
