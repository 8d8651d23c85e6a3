//! Amazon EventBridge event patterns: does a rule match an event?
//!
//! Follows the EventBridge User Guide ("Creating event patterns", "Comparison operators for use in event patterns") and,
//! where the guide is silent, the engine that AWS publishes (aws/event-ruler). See `matching` for how a pattern is
//! evaluated, `pattern` and `matcher` for what makes it invalid.
//!
//! ```
//! use exfilguard::semantics::event_pattern::EventPattern;
//!
//! let pattern = EventPattern::parse(r#"{"detail": {"severity": [{"numeric": [">=", 7]}]}}"#)?;
//! let event = serde_json::json!({"source": "aws.guardduty", "detail": {"severity": 8}});
//! assert!(pattern.matches(&event).value.is_yes());
//! # Ok::<(), exfilguard::semantics::event_pattern::InvalidPattern>(())
//! ```

mod comparison;
mod json;
mod matcher;
mod matching;
mod pattern;
mod wildcard;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::matcher::{Matcher, shortened};
use self::matching::{Footing, Outcome};
use self::pattern::{Formula, Goal, Leaf};
use crate::semantics::verdict::{Assumption, Verdict};

/// The longest event pattern, in characters: the quota "Event pattern size" is 2048 and can be raised to 4096.
pub const MAX_CHARACTERS: usize = 4096;
/// The longest SNS filter policy, in characters (150 KB, Amazon SNS "Filter policy constraints").
pub const MAX_FILTER_POLICY_CHARACTERS: usize = 150 * 1024;

/// A parsed and validated event pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPattern {
    formula: Formula,
}

/// Why AWS would reject a pattern; displays as a clause for a person that names the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidPattern {
    reason: String,
}

impl InvalidPattern {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// A value with which a pattern compares a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// The field must be this string.
    Exact(String),
    /// The field must begin with this string.
    Prefix(String),
    /// The field must match this `wildcard`, with its escapes as written.
    Wildcard(String),
    /// Any other alternative: a number, `null`, `exists`, `anything-but`, a comparison regardless of case, …
    Other,
}

impl EventPattern {
    /// Parses the JSON text of a rule's `EventPattern`. `{}` is accepted and matches every event.
    ///
    /// # Errors
    /// Malformed JSON, repeated keys, more than [`MAX_CHARACTERS`] characters, nesting beyond any sensible pattern, and
    /// everything that `PutRule` rejects with `InvalidEventPatternException`.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        Self::parse_text(text, MAX_CHARACTERS)
    }

    /// Parses the JSON text of an SNS subscription's `FilterPolicy` with scope `MessageBody`, which has the same
    /// operators and a larger size. The quota of 150 combinations of values is not checked.
    ///
    /// # Errors
    /// As [`Self::parse`], with [`MAX_FILTER_POLICY_CHARACTERS`].
    pub fn parse_filter_policy(text: &str) -> Result<Self, InvalidPattern> {
        Self::parse_text(text, MAX_FILTER_POLICY_CHARACTERS)
    }

    fn parse_text(text: &str, limit: usize) -> Result<Self, InvalidPattern> {
        // The length in bytes bounds the one in characters, so that an enormous text is not counted.
        if text.len() > limit && (text.len() > limit * 4 || text.chars().count() > limit) {
            return Err(too_long(limit));
        }
        let value =
            json::parse(text).map_err(|error| InvalidPattern::new(format!("not valid JSON: {error}")))?;
        Formula::parse(&value).map(|formula| Self { formula })
    }

    /// Takes a pattern that is already JSON; its length is that of its compact serialization.
    ///
    /// # Errors
    /// As [`Self::parse`], except that repeated keys cannot be seen any more.
    pub fn from_value(value: &Value) -> Result<Self, InvalidPattern> {
        if !json::is_shallow(value, json::DEPTH) {
            return Err(InvalidPattern::new(format!(
                "more than {} levels of nesting are not supported",
                json::DEPTH
            )));
        }
        if json::compact_length(value, MAX_CHARACTERS).is_none() {
            return Err(too_long(MAX_CHARACTERS));
        }
        Formula::parse(value).map(|formula| Self { formula })
    }

    /// Whether what it makes of an event may depend on one of these fields, or on what is below it; each is the names from
    /// the event's top, joined with dots.
    #[must_use]
    pub fn reads(&self, fields: &[&str]) -> bool {
        let below = |path: &str, field: &str| {
            path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let leaves = &self.formula.leaves;
        leaves
            .iter()
            .any(|leaf| fields.iter().any(|field| below(&leaf.path, field) || below(field, &leaf.path)))
    }

    /// Whether the pattern matches `event`, the whole event envelope (`source`, `detail-type`, `detail`, …).
    ///
    /// Unknown where AWS does not document the outcome, and for an event that is no object or too large to evaluate.
    /// Assumption A-17 is named when equal numbers were written differently, A-18 when a dotted key stood for a nested
    /// one.
    #[must_use]
    pub fn matches(&self, event: &Value) -> Verdict {
        if !event.is_object() {
            return Verdict::unknown("the event is not a JSON object, as every event on an event bus is");
        }
        match matching::evaluate(&self.formula, event) {
            Outcome::Matched(footing) if footing.unknown => based_on(
                Verdict::unknown(
                    "AWS does not document whether the event pattern matches such a value or array",
                ),
                footing,
            ),
            Outcome::Matched(footing) => {
                based_on(Verdict::yes("the event matches the event pattern"), footing)
            }
            Outcome::Failed { goal, footing } => based_on(Verdict::no(self.failure(goal)), footing),
            Outcome::GaveUp(reason) => Verdict::unknown(reason),
        }
    }

    /// The values with which the pattern compares the field at `path` (such as `["detail", "type"]`), inside `$or` too.
    /// Empty if it does not look at that field.
    #[must_use]
    pub fn literals(&self, path: &[&str]) -> Vec<Literal> {
        let path = path.join(".");
        let leaves = self.formula.leaves.iter().filter(|leaf| leaf.path == path);
        leaves.flat_map(|leaf| &leaf.matchers).map(literal).collect()
    }

    fn failure(&self, goal: usize) -> String {
        match self.formula.root.goals.get(goal) {
            Some(Goal::Leaf(index)) => self.formula.leaves.get(*index).map_or_else(String::new, leaf_failure),
            Some(Goal::AnyOf(branches)) => {
                format!("none of the {} alternatives of `$or` matches", branches.len())
            }
            None => String::new(),
        }
    }
}

fn leaf_failure(leaf: &Leaf) -> String {
    const SHOWN: usize = 4;
    let mut alternatives: Vec<String> = leaf.matchers.iter().take(SHOWN).map(ToString::to_string).collect();
    if leaf.matchers.len() > SHOWN {
        alternatives.push("…".to_owned());
    }
    format!("field `{}` does not match `[{}]`", shortened(&leaf.path), alternatives.join(", "))
}

fn too_long(limit: usize) -> InvalidPattern {
    InvalidPattern::new(format!("the pattern is longer than {limit} characters, the most that AWS accepts"))
}

fn based_on(verdict: Verdict, footing: Footing) -> Verdict {
    let verdict = if footing.spelling { verdict.assuming(Assumption(17)) } else { verdict };
    if footing.flattened { verdict.assuming(Assumption(18)) } else { verdict }
}

fn literal(matcher: &Matcher) -> Literal {
    match matcher {
        Matcher::Exact(text, _) => Literal::Exact(text.clone()),
        Matcher::Prefix(text) => Literal::Prefix(text.clone()),
        Matcher::Wildcard(wildcard) => Literal::Wildcard(wildcard.source().to_owned()),
        _ => Literal::Other,
    }
}

/// Answers one line of `exfilguard eval event-pattern`: `{"pattern": object or string, "event": object}`.
///
/// # Errors
/// An invalid pattern, and a line without `pattern` or without an object as `event`.
pub fn question(line: &Value) -> Result<Verdict, InvalidPattern> {
    let pattern = match line.get("pattern") {
        Some(Value::String(text)) => EventPattern::parse(text)?,
        Some(value @ Value::Object(_)) => EventPattern::from_value(value)?,
        _ => {
            return Err(InvalidPattern::new("`pattern` must be an object or a string with JSON"));
        }
    };
    match line.get("event") {
        Some(event @ Value::Object(_)) => Ok(pattern.matches(event)),
        _ => Err(InvalidPattern::new("`event` must be an object")),
    }
}
