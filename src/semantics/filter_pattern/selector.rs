//! Property selectors: `$.a.b`, `$.a[0][1]`, `$.['a.b']`, and one wildcard as in `$.a[*]` or `$.*`.

use serde_json::Value;

use super::InvalidPattern;
use super::cursor::Cursor;

/// Which node of the event a condition is about.
#[derive(Debug, Clone)]
pub(super) struct Selector {
    steps: Vec<Step>,
    /// As written.
    pub(super) source: String,
}

#[derive(Debug, Clone)]
enum Step {
    /// The property of an object.
    Name(String),
    /// The element of an array, from zero.
    Index(usize),
    /// Every element of an array or property of an object.
    Every,
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// A missing `$` or property, a name outside `[A-Za-z0-9_-]`, an index that is no number, or a second wildcard.
    pub(super) fn parse(cursor: &mut Cursor) -> Result<Self, InvalidPattern> {
        let start = cursor.column();
        if !cursor.take("$") {
            return Err(cursor.error(missing(cursor)));
        }
        let mut selector = Self { steps: Vec::new(), source: "$".to_owned() };
        loop {
            let step = match (cursor.peek(), cursor.peek_second()) {
                (Some('.'), Some('[')) => {
                    cursor.next();
                    selector.source.push('.');
                    bracketed(cursor)?
                }
                (Some('.'), _) => {
                    cursor.next();
                    selector.source.push('.');
                    property(cursor)?
                }
                (Some('['), _) => bracketed(cursor)?,
                _ => break,
            };
            match &step {
                Step::Name(name) if name.contains('.') => {
                    selector.source.push_str(&format!("['{name}']"));
                }
                Step::Name(name) => selector.source.push_str(name),
                Step::Index(index) => selector.source.push_str(&format!("[{index}]")),
                Step::Every if selector.source.ends_with('.') => selector.source.push('*'),
                Step::Every => selector.source.push_str("[*]"),
            }
            if selector.has_wildcard() && matches!(step, Step::Every) {
                return Err(cursor.error("a selector may have at most one wildcard"));
            }
            selector.steps.push(step);
        }
        if selector.steps.is_empty() {
            return Err(InvalidPattern::at(
                start,
                "the selector names no property; write one such as `$.eventName`",
            ));
        }
        Ok(selector)
    }

    /// Whether it may select one of these properties of the event, or something below it.
    pub(super) fn is_about(&self, properties: &[&str]) -> bool {
        match self.steps.first() {
            Some(Step::Name(name)) => properties.contains(&name.as_str()),
            _ => true,
        }
    }

    /// Whether one of the steps selects every element or property.
    pub(super) fn has_wildcard(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Every))
    }

    /// The selected nodes of `event`; at most one without a wildcard.
    pub(super) fn select<'a>(&self, event: &'a Value) -> Vec<&'a Value> {
        let mut nodes = vec![event];
        for step in &self.steps {
            nodes = match step {
                Step::Name(name) => {
                    nodes.into_iter().filter_map(|node| node.as_object()?.get(name)).collect()
                }
                Step::Index(index) => {
                    nodes.into_iter().filter_map(|node| node.as_array()?.get(*index)).collect()
                }
                Step::Every => nodes.into_iter().flat_map(children).collect(),
            };
        }
        nodes
    }
}

fn children(node: &Value) -> Vec<&Value> {
    match node {
        Value::Array(elements) => elements.iter().collect(),
        Value::Object(properties) => properties.values().collect(),
        _ => Vec::new(),
    }
}

/// What to write instead, where a condition begins without `$`.
fn missing(cursor: &Cursor) -> String {
    match cursor.peek() {
        Some('!') => "a condition cannot be negated with `!`; use `!=` or `NOT EXISTS`".to_owned(),
        Some(first) if first.is_ascii_alphabetic() => {
            "a selector begins with `$.`, such as `$.eventName`".to_owned()
        }
        _ => format!("a condition such as `$.eventName = \"GetObject\"` is missing: {}", cursor.found()),
    }
}

/// Reads the name after a `.`.
fn property(cursor: &mut Cursor) -> Result<Step, InvalidPattern> {
    if cursor.take("*") {
        return Ok(Step::Every);
    }
    let name = cursor.take_while(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '-'));
    if name.is_empty() {
        return Err(cursor.error(format!(
            "a property name of letters, digits, `_` and `-` is missing: {}; write other names as `$.['name']`",
            cursor.found()
        )));
    }
    Ok(Step::Name(name))
}

/// Reads `[0]`, `[*]` or `['name']`.
fn bracketed(cursor: &mut Cursor) -> Result<Step, InvalidPattern> {
    let start = cursor.column();
    cursor.next();
    let step = match cursor.peek() {
        Some('*') => {
            cursor.next();
            Step::Every
        }
        Some(quote @ ('\'' | '"')) => {
            cursor.next();
            let name = cursor.take_while(|next| next != quote);
            if cursor.next().is_none() {
                return Err(InvalidPattern::at(start, "the property name has no closing quote"));
            }
            Step::Name(name)
        }
        _ => {
            let digits = cursor.take_while(|next| next.is_ascii_digit());
            let Ok(index) = digits.parse() else {
                return Err(InvalidPattern::at(
                    start,
                    "brackets hold an array index such as `[0]`, `[*]` or a quoted property name",
                ));
            };
            Step::Index(index)
        }
    };
    if !cursor.take("]") {
        return Err(cursor
            .error(format!("`]` is missing after the array index or property name: {}", cursor.found())));
    }
    Ok(step)
}
