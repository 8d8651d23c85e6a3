//! The queries of a report, so that somebody else can ask the same.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::investigate::parameters::ParameterValue;
use crate::investigate::rows::QueryRecord;

/// A query and what it answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evidence {
    /// The hunt.
    pub query_id: String,
    /// Who answered: `athena`, `logs-insights` or `local`.
    pub back_end: String,
    /// The text as it was executed, with placeholders where values were bound; keys are masked.
    pub sql: String,
    /// The values of its parameters; keys are masked.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Bytes that were read, where the back end tells.
    pub scanned_bytes: Option<u64>,
    /// Records that were looked at, where the back end tells.
    pub scanned_records: Option<u64>,
    /// How many rows it answered.
    pub rows: u64,
    /// SHA-256 of the rows as compact JSON, in hexadecimal.
    pub sha256: String,
    /// What the rows do not say: files that could not be read, duplicates, rows beyond the limit.
    pub notes: Vec<String>,
}

impl Evidence {
    /// The evidence that a query record is.
    #[must_use]
    pub fn of(query: &QueryRecord) -> Self {
        let texts = |value: &ParameterValue| match value {
            ParameterValue::Timestamp(moment) => vec![moment.to_string()],
            ParameterValue::Integer(number) => vec![number.to_string()],
            ParameterValue::Text(text) => vec![text.clone()],
            ParameterValue::Texts(texts) => texts.clone(),
        };
        let shown = |name: &str, value: &ParameterValue| {
            let texts = texts(value);
            if name.contains(KEYS) { texts.iter().map(|key| masked(key)).collect() } else { texts }
        };
        let note = |note: &crate::investigate::rows::Note| {
            let examples = if note.examples.is_empty() {
                String::new()
            } else {
                format!(" ({})", note.examples.join(", "))
            };
            format!("{}{examples}", note.message)
        };
        Self {
            query_id: query.hunt.clone(),
            back_end: query.back_end.as_str().to_owned(),
            sql: with_keys_masked(query),
            parameters: query
                .parameters
                .iter()
                .map(|(name, value)| (name.to_owned(), shown(name, value)))
                .collect(),
            scanned_bytes: query.scanned_bytes,
            scanned_records: query.scanned_records,
            rows: query.row_count as u64,
            sha256: query.sha256.clone(),
            notes: query.notes.iter().map(note).collect(),
        }
    }
}

/// The text with keys masked: where a back end cannot bind values, they stand in it.
fn with_keys_masked(query: &QueryRecord) -> String {
    let mut text = query.text.clone();
    for (name, value) in query.parameters.iter() {
        if let ParameterValue::Texts(keys) = value
            && name.contains(KEYS)
        {
            keys.iter().for_each(|key| text = text.replace(key.as_str(), &masked(key)));
        }
    }
    text
}

/// What the names of parameters hold whose values are keys.
const KEYS: &str = "access_key";

/// A key with its middle hidden: `AKIA…WXYZ`.
#[must_use]
pub fn masked(key: &str) -> String {
    let characters: Vec<char> = key.chars().collect();
    if characters.len() < 12 {
        return if key.is_empty() { String::new() } else { "…".to_owned() };
    }
    let (start, end) = (characters.iter().take(4), characters.iter().skip(characters.len() - 4));
    start.chain(std::iter::once(&'…')).chain(end).collect()
}
