//! What a hunt found: rows of its columns, and the record of how they were found.

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};

use super::backend::{BackEnd, QueryError};
use super::hunt::{Column, ColumnType, Direction, Hunt};
use super::parameters::Parameters;

/// The rows of a hunt and how they were found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The hunt's columns.
    pub columns: Vec<Column>,
    /// The rows: a value or null per column, of the column's type, in the hunt's order.
    pub rows: Vec<Vec<Value>>,
    /// How they were found.
    pub query: QueryRecord,
}

/// How rows were found: what an evidence list needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QueryRecord {
    /// The hunt's id.
    pub hunt: String,
    /// Who answered.
    pub back_end: BackEnd,
    /// The text as it was executed: with placeholders, not with values, where the back end binds them.
    pub text: String,
    /// The values.
    pub parameters: Parameters,
    /// How many bytes the back end read (and bills), where it tells: for log files, their size on disk.
    pub scanned_bytes: Option<u64>,
    /// How many records were looked at, where the back end tells.
    pub scanned_records: Option<u64>,
    /// How many rows the answer has.
    pub row_count: usize,
    /// SHA-256, in hexadecimal, of the rows as compact JSON (an array of arrays).
    pub sha256: String,
    /// What the rows do not say: files that could not be read, records that were left out, rows beyond the limit.
    pub notes: Vec<Note>,
}

/// Something that a reader of the rows must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// How many.
    pub count: u64,
    /// In words.
    pub message: String,
    /// Some of them by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// There are more rows than the limit.
    Truncated,
    /// Files that could not be read, or not to their end.
    FilesUnread,
    /// Records that are malformed or too large.
    RecordsUnread,
    /// Records that were delivered more than once and count once.
    Duplicates,
    /// Files that hold no records, such as digests.
    FilesLeftOut,
    /// Part of the window or of the sources could not be asked.
    SourceUnread,
    /// Anything else worth knowing.
    Remark,
}

impl NoteKind {
    /// Whether something is missing because it could not be read: rows that are not there prove nothing then.
    #[must_use]
    pub fn is_incomplete(self) -> bool {
        matches!(self, Self::FilesUnread | Self::RecordsUnread | Self::SourceUnread)
    }
}

/// What a back end knows of a query besides its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Execution {
    /// The text as it was executed.
    pub text: String,
    /// Bytes read.
    pub scanned_bytes: Option<u64>,
    /// Records looked at.
    pub scanned_records: Option<u64>,
    /// Notes.
    pub notes: Vec<Note>,
}

impl Answer {
    /// Makes an answer of the rows that a back end found: each value converted to its column's type, rows in the hunt's
    /// order, no more than the limit.
    ///
    /// # Errors
    /// A row has another number of values than the hunt has columns, or a value is not of its column's type.
    pub fn new(
        hunt: &Hunt,
        parameters: &Parameters,
        back_end: BackEnd,
        rows: Vec<Vec<Value>>,
        execution: Execution,
    ) -> Result<Self, QueryError> {
        let wrong = |message: String| QueryError::WrongAnswer { hunt: hunt.id.clone(), back_end, message };
        let mut converted = Vec::with_capacity(rows.len());
        for row in rows {
            if row.len() != hunt.columns.len() {
                return Err(wrong(format!("a row has {} values, not {}", row.len(), hunt.columns.len())));
            }
            let convert = |(column, value): (&Column, Value)| {
                column.kind.convert(value).map_err(|why| wrong(format!("column `{}`: {why}", column.name)))
            };
            converted.push(hunt.columns.iter().zip(row).map(convert).collect::<Result<Vec<_>, _>>()?);
        }
        converted.sort_by(|a, b| hunt.compare(a, b));
        let Execution { text, scanned_bytes, scanned_records, mut notes } = execution;
        let limit = parameters.limit();
        if converted.len() > limit {
            converted.truncate(limit);
            let message = format!("there are more rows than the limit of {limit}; the others are not shown");
            notes.push(Note { kind: NoteKind::Truncated, count: 1, message, examples: Vec::new() });
        }
        let query = QueryRecord {
            hunt: hunt.id.clone(),
            back_end,
            text,
            parameters: parameters.clone(),
            scanned_bytes,
            scanned_records,
            row_count: converted.len(),
            sha256: hash(&converted),
            notes,
        };
        Ok(Self { columns: hunt.columns.clone(), rows: converted, query })
    }

    /// Whether everything that was asked for could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.query.notes.iter().any(|note| note.kind.is_incomplete())
    }

    /// The values of a column, row by row; nothing if there is no such column.
    pub fn column<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Value> {
        let index = self.columns.iter().position(|column| column.name == name);
        self.rows.iter().filter_map(move |row| row.get(index?))
    }
}

/// SHA-256 of the rows as compact JSON, in hexadecimal.
#[must_use]
pub fn hash(rows: &[Vec<Value>]) -> String {
    let mut digest = Sha256::new();
    for (index, row) in rows.iter().enumerate() {
        digest.update(if index == 0 { "[" } else { "," });
        // Values are scalars and texts, which JSON can always say.
        digest.update(serde_json::to_vec(row).unwrap_or_default());
    }
    digest.update(if rows.is_empty() { "[]" } else { "]" });
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl ColumnType {
    /// A value of any back end as a value of this type. Athena and Logs Insights give every value as a text.
    ///
    /// # Errors
    /// The value is not of this type.
    pub fn convert(self, value: Value) -> Result<Value, String> {
        let wrong = |value: &Value| format!("{value} is not of type {self:?}");
        match (self, value) {
            (_, Value::Null) => Ok(Value::Null),
            (Self::Text | Self::Timestamp, Value::String(text)) => Ok(Value::String(text)),
            (Self::Text, value @ (Value::Number(_) | Value::Bool(_))) => Ok(Value::String(value.to_string())),
            (Self::Boolean, value @ Value::Bool(_)) => Ok(value),
            (Self::Boolean, Value::String(text)) => {
                text.parse().map(Value::Bool).map_err(|_| wrong(&Value::String(text)))
            }
            (Self::Integer, Value::Number(number)) => {
                integer(&number.to_string()).ok_or_else(|| wrong(&Value::Number(number)))
            }
            (Self::Integer, Value::String(text)) => integer(&text).ok_or_else(|| wrong(&Value::String(text))),
            (Self::Number, Value::Number(number)) => {
                decimal(&number.to_string()).ok_or_else(|| wrong(&Value::Number(number)))
            }
            (Self::Number, Value::String(text)) => decimal(&text).ok_or_else(|| wrong(&Value::String(text))),
            (_, value) => Err(wrong(&value)),
        }
    }
}

/// A whole number, also as `2143.0` or `1.048576E9`.
fn integer(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(Value::Number(number.into()));
    }
    let number: f64 = text.parse().ok()?;
    // Beyond 2^53 a double no longer names one whole number.
    let exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "the line above holds it within the range")]
    exact.then(|| Value::Number((number as i64).into()))
}

fn decimal(text: &str) -> Option<Value> {
    Number::from_f64(text.parse().ok()?).map(Value::Number)
}

impl Hunt {
    /// The order of two rows: by the hunt's keys, then by all columns from left to right. Null is last.
    fn compare(&self, a: &[Value], b: &[Value]) -> Ordering {
        let index = |name: &str| self.columns.iter().position(|column| column.name == name);
        for key in &self.order {
            let Some((a, b)) = index(&key.column).and_then(|index| a.get(index).zip(b.get(index))) else {
                continue;
            };
            let order = match (a.is_null(), b.is_null(), key.direction) {
                (false, false, Direction::Descending) => compare(b, a),
                _ => compare(a, b),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        let pairs = a.iter().zip(b).map(|(a, b)| compare(a, b));
        pairs.fold(Ordering::Equal, Ordering::then)
    }
}

/// The order of two values of one type; null is last.
fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default()),
        },
        (a, b) => a.is_null().cmp(&b.is_null()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;
    use crate::investigate::fragments::Fragments;
    use crate::investigate::parameters::Given;

    fn hunt() -> Hunt {
        let text = "
id: example
title: Example
question: What?
attack: []
columns:
  - {name: who, type: text, meaning: who}
  - {name: bytes, type: integer, meaning: bytes}
order: [bytes desc]
athena: SELECT who, bytes FROM :table
logs_insights: {query: 'fields who, bytes'}
";
        Hunt::parse("example.yaml", text, &Fragments::default()).unwrap()
    }

    fn answer(limit: &str, rows: Value) -> Result<Answer, QueryError> {
        let one = |name: &str, text: &str| (name.to_owned(), vec![text.to_owned()]);
        let given: Given = [one("from", "2026-01-01"), one("to", "2026-01-02"), one("limit", limit)].into();
        let parameters = Parameters::read(&hunt(), &given).unwrap();
        let rows = serde_json::from_value(rows).unwrap();
        Answer::new(&hunt(), &parameters, BackEnd::Local, rows, Execution::default())
    }

    #[test]
    fn every_back_ends_values_become_the_same_rows() {
        let local = answer("9", json!([["b", 1], ["a", null], ["c", 1_048_576.0], ["a", 1]])).unwrap();
        let athena = answer("9", json!([["a", "1"], ["c", "1.048576E9"], ["b", "1"], ["a", null]]));
        assert_eq!(
            local.rows,
            [json!(["c", 1_048_576]), json!(["a", 1]), json!(["b", 1]), json!(["a", null])]
                .map(|row| row.as_array().unwrap().clone())
        );
        assert_ne!(local.query.sha256, athena.unwrap().query.sha256);
        let athena = answer("9", json!([["a", "1"], ["c", "1048576.0"], ["b", "1"], ["a", null]])).unwrap();
        assert_eq!(local.rows, athena.rows);
        assert_eq!(local.query.sha256, athena.query.sha256);
        assert!(local.is_complete());
    }

    #[test]
    fn the_hash_is_that_of_the_compact_json() {
        let rows: Vec<Vec<Value>> = serde_json::from_value(json!([["a", 1], ["b", null]])).unwrap();
        let whole = |text: &str| -> String {
            Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        assert_eq!(hash(&rows), whole(r#"[["a",1],["b",null]]"#));
        assert_eq!(hash(&[]), whole("[]"));
    }

    #[test]
    fn more_rows_than_the_limit_are_said() {
        let answer = answer("1", json!([["a", 1], ["b", 2]])).unwrap();
        assert_eq!(answer.rows, [vec![json!("b"), json!(2)]]);
        assert_eq!(answer.query.notes[0].kind, NoteKind::Truncated);
        assert!(answer.is_complete());
    }

    #[test]
    fn what_is_not_of_the_form_is_an_error() {
        for rows in [json!([["a"]]), json!([["a", "x"]]), json!([["a", 1.5]]), json!([[["a"], 1]])] {
            let wrong = answer("9", rows.clone()).unwrap_err();
            assert!(matches!(wrong, QueryError::WrongAnswer { .. }), "{rows}");
        }
    }
}
