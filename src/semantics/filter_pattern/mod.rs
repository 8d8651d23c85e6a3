//! Filter patterns of CloudWatch Logs metric filters.
//!
//! "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail" of the CloudWatch Logs
//! user guide; sections 5.1 and 5.2 of the semantics reference. Three forms: JSON `{ … }`, space-delimited `[ … ]`, and terms
//! (`ERROR -Retry`, `?A ?B`, `"a phrase"`, `%regex%`). Matching is case-sensitive.

mod cursor;
mod expression;
mod glob;
mod json;
mod message;
mod regex;
mod selector;
mod space_delimited;
mod terms;
#[cfg(test)]
mod tests;
mod value;

use serde_json::Value;

use self::cursor::Cursor;
use self::json::JsonPattern;
use self::message::Document;
use self::space_delimited::SpaceDelimitedPattern;
use self::terms::TermPattern;
use super::verdict::Verdict;

/// Characters that a filter pattern may have (`PutMetricFilter`).
const LONGEST: usize = 1024;

/// A parsed filter pattern of CloudWatch Logs.
#[derive(Debug, Clone)]
pub struct FilterPattern {
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Json(JsonPattern),
    SpaceDelimited(SpaceDelimitedPattern),
    Terms(TermPattern),
}

/// Why a text is no filter pattern. Displays as `column 14: single quotes do not delimit strings; use double quotes`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {reason}")]
pub struct InvalidPattern {
    /// The 1-based column, in characters, at which the pattern goes wrong.
    column: usize,
    /// What is wrong and what is allowed: a lowercase fragment without a final period.
    reason: String,
}

impl InvalidPattern {
    fn at(column: usize, reason: impl Into<String>) -> Self {
        Self { column, reason: reason.into() }
    }
}

impl FilterPattern {
    /// Reads a filter pattern; the empty one matches every event.
    ///
    /// # Errors
    /// [`InvalidPattern`] for what the documented grammar and its quotas (1024 characters, 2 regular expressions, 3 wildcard
    /// selectors) do not allow. CloudWatch Logs may accept undocumented forms: for a pattern that was read from AWS, an
    /// error here means that its meaning is not known.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        if text.chars().nth(LONGEST).is_some() {
            return Err(InvalidPattern::at(
                LONGEST + 1,
                format!("the pattern is longer than {LONGEST} characters"),
            ));
        }
        let mut cursor = Cursor::new(text);
        cursor.skip_space();
        let form = match cursor.peek() {
            Some('{') => Form::Json(JsonPattern::parse(&mut cursor)?),
            Some('[') => Form::SpaceDelimited(SpaceDelimitedPattern::parse(&mut cursor)?),
            _ => Form::Terms(TermPattern::parse(&mut cursor)?),
        };
        cursor.skip_space();
        match cursor.peek() {
            None => Ok(Self { form }),
            Some(_) => {
                Err(cursor.error(format!("nothing may follow the closing bracket: {}", cursor.found())))
            }
        }
    }

    /// Whether a log line matches.
    ///
    /// The JSON form reads the line as JSON; a line that is no JSON object never matches it. Of a property that occurs twice in
    /// one object the last one counts. Unknown where AWS does not document the answer (assumption A-12), for JSON nested
    /// deeper than 127 levels, and for the space-delimited form on a JSON object.
    #[must_use]
    pub fn matches(&self, message: &str) -> Verdict {
        match &self.form {
            Form::Terms(terms) => terms.matches(message),
            Form::Json(pattern) => match Document::parse(message) {
                Document::Object(event) => pattern.matches(&event),
                Document::NoObject => Verdict::no("the log line is no JSON object"),
                Document::Unread(reason) => Verdict::unknown(reason),
            },
            Form::SpaceDelimited(pattern) => match Document::parse(message) {
                Document::Object(_) | Document::Unread(_) => space_delimited_on_json(),
                Document::NoObject => pattern.matches(message),
            },
        }
    }

    /// Whether what it makes of an event that is JSON may depend on one of these properties, named at the event's top.
    #[must_use]
    pub fn reads(&self, properties: &[&str]) -> bool {
        match &self.form {
            Form::Json(pattern) => pattern.reads(properties),
            Form::SpaceDelimited(_) | Form::Terms(_) => true,
        }
    }

    /// Whether an event that is already JSON matches. Terms see its compact serialization, in the order of its properties.
    #[must_use]
    pub fn matches_event(&self, event: &Value) -> Verdict {
        match &self.form {
            Form::Json(pattern) if event.is_object() => pattern.matches(event),
            Form::Json(_) => Verdict::no("the event is no JSON object"),
            Form::SpaceDelimited(_) if event.is_object() => space_delimited_on_json(),
            Form::SpaceDelimited(_) | Form::Terms(_) => match message::compact(event) {
                Some(line) => self.matches(&line),
                None => Verdict::unknown(message::TOO_DEEP),
            },
        }
    }
}

fn space_delimited_on_json() -> Verdict {
    Verdict::unknown(
        "what a space-delimited pattern means for a JSON event is not documented; use a JSON pattern `{ … }`",
    )
}

/// Answers one line of `exfilguard eval filter-pattern`: `{"pattern": string, "message": string or object}`.
///
/// # Errors
/// [`InvalidPattern`] when `pattern` or `message` is missing or of another type, or when the pattern is invalid.
pub fn question(line: &Value) -> Result<Verdict, InvalidPattern> {
    let Some(Value::String(pattern)) = line.get("pattern") else {
        return Err(InvalidPattern::at(1, "`pattern` must be a string"));
    };
    let pattern = FilterPattern::parse(pattern)?;
    match line.get("message") {
        Some(Value::String(message)) => Ok(pattern.matches(message)),
        Some(event @ Value::Object(_)) => Ok(pattern.matches_event(event)),
        _ => Err(InvalidPattern::at(1, "`message` must be a string or an object")),
    }
}
