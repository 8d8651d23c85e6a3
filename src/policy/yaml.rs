//! YAML as a tree in which every key and value knows its place in the text.
//!
//! The reading is bounded: no anchors, aliases, merge keys or tags of one's own (a policy file needs none, and they
//! are what YAML bombs are made of), one document, and limits on nesting and size.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};

use super::problem::{Place, Problem};
use crate::visible::visible_start;

/// The deepest nesting of lists and mappings.
const MAX_DEPTH: usize = 32;

/// The most keys, values, lists and mappings.
const MAX_NODES: usize = 100_000;

/// A YAML value with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

/// What a YAML value is, by the rules of YAML 1.2: `no` and `012` unquoted are text and number.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Number(f64),
    /// Text, quoted or not.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text. Keys are distinct.
    Mapping(Vec<(Node, Node)>),
}

impl Value {
    /// The kind of value, for messages: `a number`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) | Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

/// Reads one YAML document.
///
/// # Errors
/// The first place where the text is no YAML, has a key twice, or goes beyond the limits.
pub fn parse(text: &str) -> Result<Node, Problem> {
    // Comments are not kept: `init` writes long ones, and the parser limits how many it buffers.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 4,
            max_documents: 1,
            max_anchors: 0,
            max_aliases: 0,
        },
        emit_comments: false,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        reject_unsupported_tags: true,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Spanned<Value>>(text, options)
        .map(Node::from)
        .map_err(|error| problem(text, &error))
}

impl From<Spanned<Value>> for Node {
    fn from(spanned: Spanned<Value>) -> Self {
        Self { value: spanned.value, place: place(&spanned.referenced).unwrap_or_default() }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Value>>()? {
            list.push(item.into());
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut mapping = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<Value>>()? {
            let value: Spanned<Value> = entries.next_value()?;
            mapping.push((key.into(), value.into()));
        }
        Ok(Value::Mapping(mapping))
    }
}

fn place(location: &Location) -> Option<Place> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len().unwrap_or(0)).ok()?;
    Some(Place { start, length })
}

/// The parser's error in the words of this program.
fn problem(text: &str, error: &serde_saphyr::Error) -> Problem {
    let place = error
        .location()
        .map(|location| {
            place(&location).unwrap_or_else(|| Place::of_line(text, location.line(), location.column()))
        })
        .unwrap_or_default();
    match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => {
            let key = visible_start(key.as_deref().unwrap_or("a key"), 60);
            Problem::new(place, format!("`{key}` stands here for the second time"))
                .with_help("keep one of the two")
        }
        serde_saphyr::Error::Budget { breach, .. } => limit(place, breach),
        other => Problem::new(place, format!("not valid YAML: {}", parser_message(other))),
    }
}

fn limit(place: Place, breach: &BudgetBreach) -> Problem {
    match breach {
        BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } => {
            Problem::new(place, "anchors (`&`) and aliases (`*`) are not allowed")
                .with_help("write the value out; quote a text that begins with `*` or `&`")
        }
        BudgetBreach::Documents { .. } => Problem::new(place, "a second document begins here")
            .with_help("a policy file is one document: remove the `---`"),
        BudgetBreach::Depth { .. } => {
            Problem::new(place, format!("nested more than {MAX_DEPTH} levels deep"))
        }
        _ => Problem::new(place, format!("more than {MAX_NODES} keys and values")),
    }
}

/// The parser's own message without its position, as a fragment: positions are said once, by the problem.
fn parser_message(error: &serde_saphyr::Error) -> String {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    visible_start(message.trim_end_matches('.'), 200)
}
