//! What the stand-in answers from: the records of a snapshot (`docs/semantics.md`, `exfilguard schema snapshot`), read as
//! they are written. Not by the program's own types: the stand-in shares no code with what it is to test.

use std::collections::HashMap;

use serde_json::Value;

use crate::answer::Failure;

/// What nobody asked for when the snapshot was taken.
const NOT_ASKED: &str = "NotAsked";

/// The absence of a part.
pub static NOTHING: Value = Value::Null;

/// What a snapshot records of one account.
#[derive(Debug)]
pub struct Account {
    /// The account's id, twelve digits.
    pub id: String,
    record: Value,
    buckets: HashMap<String, usize>,
}

impl Account {
    /// An account of a line of a snapshot.
    pub fn new(record: Value) -> Self {
        let id = text(&record, "id").to_owned();
        let listed = record["buckets"]["known"].as_array().map(Vec::as_slice).unwrap_or_default();
        let buckets =
            listed.iter().enumerate().map(|(at, bucket)| (text(bucket, "name").to_owned(), at)).collect();
        Self { id, record, buckets }
    }

    /// An account of which nothing is recorded.
    pub fn unknown(id: &str) -> Self {
        Self { id: id.to_owned(), record: Value::Null, buckets: HashMap::new() }
    }

    /// A field of the record; null if it has none of that name.
    pub fn field(&self, name: &str) -> &Value {
        &self.record[name]
    }

    /// What is recorded of one region.
    pub fn region(&self, region: &str) -> &Value {
        &self.record["regional"][region]
    }

    /// A bucket by its name.
    pub fn bucket(&self, name: &str) -> Option<&Value> {
        self.record["buckets"]["known"].get(*self.buckets.get(name)?)
    }

    /// Why the account cannot be entered, if it cannot.
    pub fn closed(&self) -> Option<Failure> {
        match &self.record["entry"] {
            Value::Object(entry) => Some(Failure::recorded(&entry["unreachable"])),
            Value::String(entry) if entry == "suspended" => {
                Some(Failure::new(403, "AccessDenied", "the account is suspended"))
            }
            _ => None,
        }
    }

    /// The whole record.
    pub fn record(&self) -> &Value {
        &self.record
    }
}

/// A part of a record for whoever asks by `operation`: its value, or the failure that was recorded of that operation.
/// Null where nothing was asked, and where another operation failed before this one was made.
///
/// # Errors
/// The operation failed when the snapshot was taken.
pub fn reading<'a>(part: &'a Value, operation: &str) -> Result<&'a Value, Failure> {
    let why = &part["unreadable"];
    if text(why, "operation") == operation && text(why, "code") != NOT_ASKED {
        return Err(Failure::recorded(why));
    }
    Ok(known(part))
}

/// A part's value; null where it was not read.
pub fn known(part: &Value) -> &Value {
    part.get("known").unwrap_or(&NOTHING)
}

/// A list as a slice; nothing for anything else.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A field's text; empty if it has none.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    some_text(value, field).unwrap_or_default()
}

/// A field's text, if it has one.
pub fn some_text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

/// Whether a field is true.
pub fn flag(value: &Value, field: &str) -> bool {
    value.get(field).and_then(Value::as_bool).unwrap_or_default()
}

/// The part of an ARN at a place, from 0.
pub fn part_of_arn(arn: &str, place: usize) -> &str {
    arn.splitn(7, ':').nth(place).unwrap_or_default()
}
