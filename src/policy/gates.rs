//! What makes an audit fail: the gates of the policy file.

use super::problem::Problem;
use super::reader::Reader;
use super::yaml::{Node, Value};
use crate::catalogue::FailOn;

/// The keys of `gates`.
pub(super) const KEYS: &[&str] = &["fail_on", "minimum_score", "maximum_unknown"];

/// What makes the exit code 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gates {
    /// The least severity whose failures count.
    pub fail_on: FailOn,
    /// The least score of the whole assessment, 0 to 100; 0 is always reached.
    pub minimum_score: f64,
    /// The most results that may be unknown; none if any number may.
    pub maximum_unknown: Option<u64>,
}

pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Gates {
    let fields = reader.fields(node, "gates", KEYS);
    let fail_on = fields.get("fail_on").and_then(|node| {
        reader.parsed(node, "fail_on", |text| text.parse::<FailOn>().map_err(|error| error.to_string()))
    });
    Gates {
        fail_on: fail_on.unwrap_or_default(),
        minimum_score: fields.get("minimum_score").and_then(|node| score(reader, node)).unwrap_or_default(),
        maximum_unknown: fields
            .get_set("maximum_unknown")
            .and_then(|node| count(reader, node, "maximum_unknown", 0)),
    }
}

fn score(reader: &mut Reader<'_>, node: &Node) -> Option<f64> {
    let score = match node.value {
        Value::Integer(score) => i32::try_from(score).ok().map(f64::from),
        Value::Number(score) => Some(score),
        _ => None,
    };
    let score = score.filter(|score| (0.0..=100.0).contains(score));
    if score.is_none() {
        reader.wrong_kind(node, "minimum_score", "a number from 0 to 100");
    }
    score
}

/// A whole number that is not below `least`.
pub(super) fn count(reader: &mut Reader<'_>, node: &Node, name: &str, least: u64) -> Option<u64> {
    let count = match node.value {
        Value::Integer(count) => u64::try_from(count).ok().filter(|count| *count >= least),
        _ => None,
    };
    if count.is_none() {
        let written = reader.beginning(node.place);
        let message = format!("`{name}` must be a whole number from {least} on, not `{written}`");
        reader.report(Problem::new(node.place, message));
    }
    count
}
