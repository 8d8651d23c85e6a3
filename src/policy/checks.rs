//! What the policy file says about single checks: on or off, severity and parameters.

use std::collections::BTreeMap;
use std::fmt;

use jiff::SpanRelativeTo;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::catalogue::Severity;

/// What the policy reader must know of a check, from its METADATA.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckDescription {
    /// The check's id.
    pub id: String,
    /// The good state in one sentence.
    pub title: String,
    /// The check's own severity.
    pub severity: Severity,
    /// Ids that the check once had. Naming one is an error that says the present id.
    pub aliases: Vec<String>,
    /// The check's parameters by name.
    pub parameters: BTreeMap<String, ParameterDescription>,
}

/// One parameter of a check, as its METADATA declares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterDescription {
    /// The kind of value.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// The value if the policy file gives none, in the form of a policy file (`"1h"` for a duration).
    pub default: Json,
    /// What it is for.
    pub description: String,
}

/// The kind of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterKind {
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A text.
    String,
    /// A positive time of whole seconds, such as `15m`, `1h 30m` or `7d`.
    Duration,
    /// `true` or `false`.
    Boolean,
}

impl ParameterKind {
    /// How the value is written, for messages.
    #[must_use]
    pub fn form(self) -> &'static str {
        match self {
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::String => "a text",
            Self::Duration => "a duration such as `15m`, `1h` or `7d`",
            Self::Boolean => "`true` or `false`",
        }
    }

    /// Reads a value of this kind from JSON, such as the default of a check's METADATA.
    ///
    /// # Errors
    /// A message that says what is allowed.
    pub fn read(self, value: &Json) -> Result<ParameterValue, String> {
        let read = match self {
            Self::Integer => value.as_i64().map(ParameterValue::Integer),
            Self::Number => value.as_f64().map(ParameterValue::Number),
            Self::String => value.as_str().map(|text| ParameterValue::String(text.to_owned())),
            Self::Duration => value.as_str().and_then(seconds).map(ParameterValue::Duration),
            Self::Boolean => value.as_bool().map(ParameterValue::Boolean),
        };
        read.ok_or_else(|| format!("must be {}, not `{value}`", self.form()))
    }
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    String(String),
    /// A time in seconds, at least 1.
    Duration(u64),
    /// `true` or `false`.
    Boolean(bool),
}

impl ParameterValue {
    /// The value as checks see it below `data.parameters`: a duration is its number of seconds.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Integer(value) => (*value).into(),
            Self::Number(value) => (*value).into(),
            Self::String(value) => value.as_str().into(),
            Self::Duration(seconds) => (*seconds).into(),
            Self::Boolean(value) => (*value).into(),
        }
    }
}

impl fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(seconds) => write!(f, "{seconds} s"),
            other => write!(f, "{}", other.to_json()),
        }
    }
}

/// The seconds of a duration such as `1h 30m` or `PT1H`; a day has 24 hours. None if it is no duration, is not
/// positive, is not of whole seconds, or counts months or years.
fn seconds(text: &str) -> Option<u64> {
    // Longer than any sensible duration; bounds the parser's work.
    if text.len() > 64 {
        return None;
    }
    let span: jiff::Span = text.trim().parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    if duration.subsec_nanos() != 0 {
        return None;
    }
    u64::try_from(duration.as_secs()).ok().filter(|seconds| *seconds > 0)
}

/// What the policy file says about one check; what it does not say is left to the check, or to the file's own settings
/// above those of an organizational unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckSettings {
    /// Whether the check runs.
    pub enabled: Option<bool>,
    /// The severity instead of the check's own.
    pub severity: Option<Severity>,
    /// Parameters that differ from the check's defaults, by name.
    pub parameters: BTreeMap<String, ParameterValue>,
}

impl CheckSettings {
    /// Puts what `nearer` says above what these settings say, key by key.
    pub(super) fn override_with(&mut self, nearer: &Self) {
        self.enabled = nearer.enabled.or(self.enabled);
        self.severity = nearer.severity.or(self.severity);
        for (name, value) in &nearer.parameters {
            self.parameters.insert(name.clone(), value.clone());
        }
    }
}
