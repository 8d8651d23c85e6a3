//! The assessment as JSON: written for programs, and read back.

use serde::{Deserialize, Serialize};

use crate::score::assessment::{Assessment, SCHEMA};
use crate::visible::is_hidden;

/// Writes an assessment: indented, deterministic, ended by a line feed.
///
/// # Errors
/// The JSON writer refused a value.
pub fn render(assessment: &Assessment) -> Result<String, serde_json::Error> {
    render_value(assessment)
}

/// Writes any value in the same way.
///
/// # Errors
/// The JSON writer refused a value.
pub fn render_value(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string_pretty(value)?;
    let mut escaped = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        // serde_json escapes only what JSON demands. Other characters that a terminal obeys can stand only within
        // strings, where an escape means the same.
        if character == '\n' || !is_hidden(character) {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped.push('\n');
    Ok(escaped)
}

/// Why a text is no assessment that this version can use.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ReadError {
    /// It is no JSON, or lacks a field, or has a field of the wrong kind. The cause names line and column.
    #[error("not an assessment of exfilguard: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It has another schema, or another major version of it.
    #[error("the assessment has schema `{found}`; this exfilguard reads `{SCHEMA}`")]
    OtherSchema {
        /// The schema that it names.
        found: String,
    },
}

/// Reads an assessment. Fields that this version does not know are ignored.
///
/// # Errors
/// The text is malformed or of another major version.
pub fn read(json: &[u8]) -> Result<Assessment, ReadError> {
    #[derive(Deserialize)]
    struct Header {
        schema: String,
    }
    let Header { schema } = serde_json::from_slice(json)?;
    if schema != SCHEMA && !schema.starts_with(&format!("{SCHEMA}.")) {
        return Err(ReadError::OtherSchema { found: schema });
    }
    Ok(serde_json::from_slice(json)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::json;

    use super::*;
    use crate::catalogue::{Severity, Status};
    use crate::score::assessment::examples::{organization, result};

    #[test]
    fn an_assessment_is_read_back_as_it_was() {
        let written = render(&organization()).unwrap();
        assert!(written.ends_with("}\n"));
        let read = read(written.as_bytes()).unwrap();
        assert_eq!(read, organization());
        assert_eq!(render(&read).unwrap(), written);
    }

    #[test]
    fn unknown_fields_are_ignored_and_other_versions_refused() {
        let mut json = serde_json::to_value(organization()).unwrap();
        json["new_field"] = json!({"a": 1});
        json["results"][0]["another"] = json!(null);
        assert_eq!(read(json.to_string().as_bytes()).unwrap(), organization());
        json["schema"] = json!("exfilguard.assessment/2");
        json["results"] = json!("of another form");
        assert_eq!(
            read(json.to_string().as_bytes()).unwrap_err().to_string(),
            "the assessment has schema `exfilguard.assessment/2`; this exfilguard reads `exfilguard.assessment/1`"
        );
    }

    #[test]
    fn what_is_no_assessment_is_refused_with_its_place() {
        for text in ["", "[]", "{}", "{\"schema\": \"exfilguard.assessment/1\"}", "nonsense"] {
            assert!(matches!(read(text.as_bytes()), Err(ReadError::Malformed(_))), "{text}");
        }
        let bomb = format!("{{\"schema\": {}", "[".repeat(1 << 20));
        assert!(matches!(read(bomb.as_bytes()), Err(ReadError::Malformed(_))));
    }

    #[test]
    fn hostile_text_is_escaped_and_comes_back_whole() {
        let hostile = "\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{2028}\u{e0041}\u{ffff}\0\"\\</script>]]>🙂";
        let mut assessment = organization();
        assessment.results = vec![result("bucket-not-public", Severity::Critical, Status::Fail, hostile)];
        let written = render(&assessment).unwrap();
        assert!(written.chars().all(|c| c == '\n' || !is_hidden(c)), "{written}");
        assert_eq!(read(written.as_bytes()).unwrap(), assessment);
    }
}
