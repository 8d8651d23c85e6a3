//! The assessment as JSON: written for programs, and read back.

use std::io::{self, Write};

use serde::ser::{Error as _, SerializeSeq as _, SerializeStruct as _};
use serde::{Deserialize, Serialize, Serializer};

use super::format::ReportError;
pub use crate::json::{render_value, write_value};
use crate::score::assessment::{Assessment, SCHEMA};
use crate::score::{AssessmentView, Texts};

/// Writes an assessment: indented, deterministic, ended by a line feed.
///
/// # Errors
/// The JSON writer refused a value, what is written to failed, or the results cannot be read.
pub fn write(assessment: &AssessmentView<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    // Only fields of the object itself stand behind a line feed and two spaces: no text holds a line feed.
    let without = render_value(&Head(assessment.head()))?;
    let split = |text: &str, field: &str| -> Result<(String, String), ReportError> {
        let (before, behind) = text.split_once(&format!("\n  \"{field}\": []")).ok_or_else(|| {
            ReportError::Json(serde_json::Error::custom(format!("the head has no field `{field}`")))
        })?;
        Ok((format!("{before}\n  \"{field}\": "), behind.to_owned()))
    };
    let (before, rest) = split(&without, "results")?;
    let (between, behind) = split(&rest, "simulation")?;
    out.write_all(before.as_bytes())?;
    write_elements(assessment.results_text(), out)?;
    out.write_all(between.as_bytes())?;
    write_elements(assessment.cells_text(), out)?;
    Ok(out.write_all(behind.as_bytes())?)
}

/// Writes an array of which the elements are made already.
fn write_elements(mut texts: Texts<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = texts.next() else { return out.write_all(b"[]") };
    out.write_all(b"[")?;
    out.write_all(first?.as_bytes())?;
    for text in texts {
        out.write_all(b",")?;
        out.write_all(text?.as_bytes())?;
    }
    out.write_all(b"\n  ]")
}

/// Writes an array in the same way, of whose elements no more than a chunk is in memory.
///
/// # Errors
/// The JSON writer refused a value, what is written to failed, or an element cannot be read.
pub fn write_array<T: Serialize, I: Iterator<Item = io::Result<Vec<T>>>>(
    chunks: impl Fn() -> I,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    Ok(write_value(&Elements(chunks), out)?)
}

/// An assessment without its records. The fields are those of [`Assessment`], in the same order.
struct Head<'a>(&'a Assessment);

impl Serialize for Head<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Assessment {
            schema,
            run,
            score,
            accounts,
            results: _,
            policy_warnings,
            simulation: _,
            mend_first,
            other_gains,
            exceptions,
            comparison: _,
        } = self.0;
        let mut object = serializer.serialize_struct("Assessment", 10)?;
        object.serialize_field("schema", schema)?;
        object.serialize_field("run", run)?;
        object.serialize_field("score", score)?;
        object.serialize_field("accounts", accounts)?;
        object.serialize_field("results", &[(); 0])?;
        object.serialize_field("policy_warnings", policy_warnings)?;
        object.serialize_field("simulation", &[(); 0])?;
        if !mend_first.is_empty() {
            object.serialize_field("mend_first", mend_first)?;
        }
        if !other_gains.is_empty() {
            object.serialize_field("other_gains", other_gains)?;
        }
        if !exceptions.is_empty() {
            object.serialize_field("exceptions", exceptions)?;
        }
        object.end()
    }
}

/// An array that is made while it is written, chunk by chunk.
struct Elements<F>(F);

impl<F, I, C, T> Serialize for Elements<F>
where
    F: Fn() -> I,
    I: Iterator<Item = io::Result<C>>,
    C: std::ops::Deref<Target = [T]>,
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for chunk in (self.0)() {
            for element in &*chunk.map_err(S::Error::custom)? {
                array.serialize_element(element)?;
            }
        }
        array.end()
    }
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
    use crate::report::{Format, Look};
    use crate::score::assessment::examples::{organization, result};
    use crate::visible::is_hidden;

    fn render(assessment: &Assessment) -> Result<String, ReportError> {
        crate::report::render(Format::Json, assessment, Look::PLAIN)
    }

    #[test]
    fn what_is_written_account_by_account_is_what_the_whole_would_be() {
        let mut assessment = organization();
        assert_eq!(render(&assessment).unwrap(), render_value(&assessment).unwrap());
        let gain = crate::simulate::Gain { check: "a".to_owned(), cells: 1, gain: 0.2 };
        assessment.mend_first = vec![gain.clone()];
        assessment.other_gains = vec![gain];
        assert_eq!(render(&assessment).unwrap(), render_value(&assessment).unwrap());
        assessment.results.clear();
        assert_eq!(render(&assessment).unwrap(), render_value(&assessment).unwrap());
    }

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
