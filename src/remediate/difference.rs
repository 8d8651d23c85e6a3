//! The difference of two values as a person reads it.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

/// Lines around a difference.
const CONTEXT: usize = 2;

/// The difference of two values, a line each, beginning with `-`, `+` or a blank. Documents are indented first.
#[must_use]
pub fn lines(present: &Value, wanted: &Value) -> Vec<String> {
    let (present, wanted) = (text(present), text(wanted));
    let difference = TextDiff::from_lines(&present, &wanted);
    let mut lines = Vec::new();
    for (number, group) in difference.grouped_ops(CONTEXT).iter().enumerate() {
        if number > 0 {
            lines.push("  …".to_owned());
        }
        for change in group.iter().flat_map(|operation| difference.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push(format!("{sign} {}", change.value().trim_end_matches('\n')));
        }
    }
    lines
}

/// A value in lines; a document in a text as the document.
fn text(value: &Value) -> String {
    let document = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut text = match (value, document) {
        (Value::Null, _) => "(none)".to_owned(),
        (_, Some(document)) => format!("{document:#}"),
        (Value::String(text), None) => text.clone(),
        (value, None) => format!("{value:#}"),
    };
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_compared_line_by_line() {
        assert_eq!(lines(&Value::Null, &json!("{\"a\":1}")), ["- (none)", "+ {", "+   \"a\": 1", "+ }"]);
        assert_eq!(lines(&json!(false), &json!(true)), ["- false", "+ true"]);
        assert!(lines(&json!("x"), &json!("x")).is_empty());
    }
}
