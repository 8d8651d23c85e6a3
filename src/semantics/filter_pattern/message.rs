//! Log lines read as JSON, with bounded depth.

use serde_json::Value;

/// Levels of nesting that are read: what `serde_json` takes without growing the stack.
const DEEPEST: usize = 127;

/// The reason for not reading deeper JSON.
pub(super) const TOO_DEEP: &str = "the event is nested deeper than 127 levels";

/// A log line.
pub(super) enum Document {
    /// A JSON object.
    Object(Value),
    /// Anything else: text, another JSON value, or broken JSON.
    NoObject,
    /// Perhaps an object, but not one that can be read; the reason says why.
    Unread(&'static str),
}

impl Document {
    /// Reads a line. Of a property given twice, the last one counts.
    pub(super) fn parse(line: &str) -> Self {
        if !line.trim_start().starts_with('{') {
            return Self::NoObject;
        }
        if deeper_than_read(line) {
            return Self::Unread(TOO_DEEP);
        }
        match serde_json::from_str(line) {
            Ok(event @ Value::Object(_)) => Self::Object(event),
            Ok(_) => Self::NoObject,
            Err(error) => {
                let reason = error.to_string();
                // Both are grammatical JSON that other readers take.
                if reason.contains("surrogate") || reason.contains("end of hex escape") {
                    Self::Unread("the event has a lone surrogate, which is no text")
                } else if reason.contains("number out of range") {
                    Self::Unread("the event has a number outside the range of a double")
                } else {
                    Self::NoObject
                }
            }
        }
    }
}

/// Whether brackets outside strings nest deeper than [`DEEPEST`].
fn deeper_than_read(line: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in line.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > DEEPEST {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The compact serialization of `event`; `None` when it is nested too deep to be written without growing the stack.
pub(super) fn compact(event: &Value) -> Option<String> {
    let mut open = vec![(event, 0_usize)];
    while let Some((node, depth)) = open.pop() {
        if depth > DEEPEST {
            return None;
        }
        match node {
            Value::Array(elements) => open.extend(elements.iter().map(|node| (node, depth + 1))),
            Value::Object(properties) => {
                open.extend(properties.values().map(|node| (node, depth + 1)));
            }
            _ => {}
        }
    }
    Some(event.to_string())
}
