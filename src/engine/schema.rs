//! Finding one's way in a published JSON Schema: does a path exist, and what is there?

use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalogue::ResourceKind;

/// The schemas of the facts, by kind of resource.
#[derive(Debug, Clone)]
pub struct Schemas(pub BTreeMap<ResourceKind, Value>);

/// One step of a path into facts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A field of an object.
    Field(String),
    /// Every entry of a list.
    Each,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A three-valued fact.
    Fact,
    /// `holds` or `reason` of a fact.
    InFact,
    /// A list.
    List,
    /// An object that is no fact.
    Object,
    /// A text, number, true or false.
    Plain,
}

/// A path that the schema does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchPath {
    /// What is missing, for a person.
    pub message: String,
    /// The nearest name, if one is near.
    pub nearest: Option<String>,
}

/// The fields of a fact that policy code sees.
const FACT_FIELDS: [&str; 2] = ["holds", "reason"];

/// What stands at a path below the root of a schema.
///
/// # Errors
/// The schema has no such path.
pub fn look_up(schema: &Value, path: &[Step]) -> Result<Place, NoSuchPath> {
    let mut node = schema;
    let mut shown = "input".to_owned();
    let mut steps = path.iter();
    while let Some(step) = steps.next() {
        if is_fact(node) {
            return in_fact(&shown, step, steps.as_slice());
        }
        let resolved = resolve(schema, node);
        node = match step {
            Step::Field(name) => match resolved.get("properties").and_then(|all| all.get(name)) {
                Some(field) => field,
                None => return Err(missing(&shown, name, resolved)),
            },
            Step::Each => match resolved.get("items") {
                Some(items) => items,
                None => {
                    let message = format!("`{shown}` is no list");
                    return Err(NoSuchPath { message, nearest: None });
                }
            },
        };
        match step {
            Step::Field(name) => shown = format!("{shown}.{name}"),
            Step::Each => shown.push_str("[_]"),
        }
    }
    Ok(if is_fact(node) {
        Place::Fact
    } else {
        let resolved = resolve(schema, node);
        if resolved.get("items").is_some() {
            Place::List
        } else if resolved.get("properties").is_some() {
            Place::Object
        } else {
            Place::Plain
        }
    })
}

fn in_fact(shown: &str, step: &Step, rest: &[Step]) -> Result<Place, NoSuchPath> {
    match step {
        Step::Field(name) if FACT_FIELDS.contains(&name.as_str()) && rest.is_empty() => Ok(Place::InFact),
        Step::Field(name) if FACT_FIELDS.contains(&name.as_str()) => {
            Err(NoSuchPath { message: format!("`{shown}.{name}` has no fields"), nearest: None })
        }
        Step::Field(name) => Err(NoSuchPath {
            message: format!("`{shown}` is a fact: it has `holds` and `reason`, but no `{name}`"),
            nearest: None,
        }),
        Step::Each => Err(NoSuchPath { message: format!("`{shown}` is no list"), nearest: None }),
    }
}

fn missing(shown: &str, name: &str, object: &Value) -> NoSuchPath {
    let names = object.get("properties").and_then(Value::as_object);
    let nearest = names
        .into_iter()
        .flat_map(|names| names.keys())
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known.clone());
    NoSuchPath { message: format!("`{shown}` has no field `{name}`"), nearest }
}

fn is_fact(node: &Value) -> bool {
    node.get("$ref").and_then(Value::as_str) == Some("#/$defs/Fact")
}

fn resolve<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
    match node.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => schema.pointer(pointer).unwrap_or(node),
        None => node,
    }
}

/// What the schema says about the place at a path, as one line.
#[must_use]
pub fn description(schema: &Value, path: &[Step]) -> Option<String> {
    let mut node = schema;
    for step in path {
        let resolved = resolve(schema, node);
        node = match step {
            Step::Field(name) => resolved.get("properties")?.get(name)?,
            Step::Each => resolved.get("items")?,
        };
    }
    let text = node.get("description").or_else(|| resolve(schema, node).get("description"))?.as_str()?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The paths of all facts at or below a path.
#[must_use]
pub fn facts_below(schema: &Value, path: &[Step]) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    let mut waiting = vec![path.to_vec()];
    while let Some(path) = waiting.pop() {
        match look_up(schema, &path) {
            Ok(Place::Fact) => found.push(path),
            Ok(Place::List) => waiting.push(path.into_iter().chain([Step::Each]).collect()),
            Ok(Place::Object) => {
                for name in fields(schema, &path) {
                    waiting.push(path.iter().cloned().chain([Step::Field(name)]).collect());
                }
            }
            _ => {}
        }
    }
    found.sort();
    found
}

fn fields(schema: &Value, path: &[Step]) -> Vec<String> {
    let mut node = resolve(schema, schema);
    for step in path {
        let next = match step {
            Step::Field(name) => node.get("properties").and_then(|all| all.get(name)),
            Step::Each => node.get("items"),
        };
        match next {
            Some(next) => node = resolve(schema, next),
            None => return Vec::new(),
        }
    }
    let names = node.get("properties").and_then(Value::as_object);
    names.into_iter().flat_map(|names| names.keys().cloned()).collect()
}
