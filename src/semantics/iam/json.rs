//! JSON as policy documents need it: bounded, in order, and aware of repeated keys.
//!
//! `serde_json::Value` keeps only the last of two equal keys, which would hide half of a statement. [`Json`] keeps
//! all of them, so that the reader of a document can say that its meaning is not determined.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The largest policy text that is read, in bytes: several times the largest that any AWS API accepts (the largest
/// is a KMS key policy, 32 KiB).
pub const MAX_TEXT_BYTES: usize = 128 * 1024;

/// The deepest nesting that is read; a policy document needs six levels.
const MAX_DEPTH: usize = 100;

/// A JSON value that keeps the order of object members and every repetition of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as text.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, with repeated keys as often as they stand there.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text that is at most [`MAX_TEXT_BYTES`] long.
    ///
    /// # Errors
    /// A clause that says why the text is no JSON, or that it is too long.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(format!(
                "the document is longer than {MAX_TEXT_BYTES} bytes, which no AWS API accepts"
            ));
        }
        serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))
    }

    /// Converts a value that was read elsewhere; repeated keys are lost already.
    ///
    /// # Errors
    /// The value is nested too deeply or is larger than [`MAX_TEXT_BYTES`].
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let mut budget = MAX_TEXT_BYTES;
        convert(value, MAX_DEPTH, &mut budget)
    }

    /// The members of an object, if it is one.
    #[must_use]
    pub fn members(&self) -> Option<&[(String, Json)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The first member of that name, if this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.members()?.iter().find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, number or boolean: AWS reads `true` and `"true"` alike where it expects a value.
    #[must_use]
    pub fn scalar(&self) -> Option<String> {
        match self {
            Self::String(text) | Self::Number(text) => Some(text.clone()),
            Self::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// A single value, or the elements of an array: AWS accepts both wherever it accepts a list.
    #[must_use]
    pub fn one_or_many(&self) -> &[Json] {
        match self {
            Self::Array(items) => items,
            other => std::slice::from_ref(other),
        }
    }

    /// The first key that this object has more than once.
    #[must_use]
    pub fn repeated_key(&self) -> Option<&str> {
        let members = self.members()?;
        if members.len() > 32 {
            let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
            keys.sort_unstable();
            return keys.windows(2).find_map(|pair| match pair {
                [a, b] if a == b => Some(*a),
                _ => None,
            });
        }
        members.iter().enumerate().find_map(|(index, (key, _))| {
            members.iter().skip(index + 1).any(|(other, _)| other == key).then_some(key.as_str())
        })
    }

    /// What kind of value this is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The same value for messages and witnesses; of repeated keys the last remains.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(text) => {
                text.parse::<serde_json::Number>().map_or_else(|_| Value::String(text.clone()), Value::Number)
            }
            Self::String(text) => Value::String(text.clone()),
            Self::Array(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(key, value)| (key.clone(), value.to_value())).collect())
            }
        }
    }
}

fn convert(value: &Value, depth: usize, budget: &mut usize) -> Result<Json, String> {
    let size = match value {
        Value::String(text) => text.len() + 2,
        _ => 2,
    };
    if depth == 0 {
        return Err(format!("nested more than {MAX_DEPTH} levels deep"));
    }
    *budget = budget
        .checked_sub(size)
        .ok_or_else(|| format!("larger than {MAX_TEXT_BYTES} bytes, which no AWS API accepts"))?;
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::Number(number.to_string()),
        Value::String(text) => Json::String(text.clone()),
        Value::Array(items) => {
            Json::Array(items.iter().map(|item| convert(item, depth - 1, budget)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => Json::Object(
            members
                .iter()
                .map(|(key, value)| {
                    *budget = budget.saturating_sub(key.len());
                    Ok((key.clone(), convert(value, depth - 1, budget)?))
                })
                .collect::<Result<_, String>>()?,
        ),
    })
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test fails by panicking, and what it unwraps is what it asserts"
    )]
    use super::*;

    #[test]
    fn repeated_keys_are_kept_and_found() {
        let json = Json::parse(r#"{"a": 1, "b": [true, null], "a": "x"}"#).unwrap();
        assert_eq!(json.repeated_key(), Some("a"));
        assert_eq!(json.members().unwrap().len(), 3);
        assert_eq!(Json::parse(r#"{"a": 1, "A": 1}"#).unwrap().repeated_key(), None);
        let many: Vec<String> = (0..100).map(|i| format!("\"k{}\": 0", i % 99)).collect();
        let json = Json::parse(&format!("{{{}}}", many.join(","))).unwrap();
        assert_eq!(json.repeated_key(), Some("k0"));
    }

    #[test]
    fn bombs_are_refused_in_bounded_time() {
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
        assert!(Json::parse(&format!("\"{}\"", "a".repeat(MAX_TEXT_BYTES))).is_err());
        assert!(Json::parse(r#""\ud800""#).is_err());
        let mut value = Value::Null;
        for _ in 0..1_000 {
            value = Value::Array(vec![value]);
        }
        assert!(Json::from_value(&value).is_err());
    }
}
