//! The assessment as JSON: written for programs, and read back.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::ser::{Error as _, SerializeSeq as _, SerializeStruct as _};
use serde::{Deserialize, Serialize, Serializer};

use super::format::ReportError;
use crate::score::AssessmentView;
use crate::score::assessment::{Assessment, SCHEMA};
use crate::visible::is_hidden;

/// Writes an assessment: indented, deterministic, ended by a line feed.
///
/// # Errors
/// The JSON writer refused a value, what is written to failed, or the results cannot be read.
pub fn write(assessment: &AssessmentView<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    Ok(write_value(&Whole(assessment), out)?)
}

/// Writes any value in the same way.
///
/// # Errors
/// The JSON writer refused a value, or what is written to failed.
pub fn write_value(value: &impl Serialize, out: &mut dyn Write) -> Result<(), serde_json::Error> {
    let mut out = Escaping { out, begun: Vec::new() };
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n").map_err(serde_json::Error::io)
}

/// Any value as text.
///
/// # Errors
/// The JSON writer refused a value.
pub fn render_value(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = Vec::new();
    write_value(value, &mut text)?;
    String::from_utf8(text).map_err(serde_json::Error::custom)
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

/// An assessment whose records are read while it is written. The fields are those of [`Assessment`], in the same order.
struct Whole<'a>(&'a AssessmentView<'a>);

impl Serialize for Whole<'_> {
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
        } = self.0.head();
        let mut object = serializer.serialize_struct("Assessment", 10)?;
        object.serialize_field("schema", schema)?;
        object.serialize_field("run", run)?;
        object.serialize_field("score", score)?;
        object.serialize_field("accounts", accounts)?;
        object.serialize_field("results", &Elements(|| self.0.results()))?;
        object.serialize_field("policy_warnings", policy_warnings)?;
        object.serialize_field("simulation", &Elements(|| self.0.cells()))?;
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

/// Writes what it gets, with every character as an escape that a terminal obeys and that JSON does not demand to be
/// escaped. Such a character can stand only within strings, where an escape means the same.
struct Escaping<'a> {
    out: &'a mut dyn Write,
    /// The beginning of a character whose end has not come yet.
    begun: Vec<u8>,
}

impl Escaping<'_> {
    fn text(&mut self, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some(place) = rest.find(|character| character != '\n' && is_hidden(character)) {
            let (plain, hidden) = rest.split_at(place);
            self.out.write_all(plain.as_bytes())?;
            let mut characters = hidden.chars();
            for unit in characters.next().unwrap_or_default().encode_utf16(&mut [0; 2]) {
                write!(self.out, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        self.out.write_all(rest.as_bytes())
    }
}

impl Write for Escaping<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Most of what is written are single signs and plain words.
        if self.begun.is_empty() && bytes.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
            self.out.write_all(bytes)?;
            return Ok(bytes.len());
        }
        let mut all = Cow::Borrowed(bytes);
        if !self.begun.is_empty() {
            let mut begun = std::mem::take(&mut self.begun);
            begun.extend_from_slice(bytes);
            all = Cow::Owned(begun);
        }
        match std::str::from_utf8(&all) {
            Ok(text) => self.text(text)?,
            Err(error) if error.error_len().is_none() => {
                let (whole, begun) = all.split_at(error.valid_up_to());
                self.begun = begun.to_owned();
                self.text(&String::from_utf8_lossy(whole))?;
            }
            Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
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
    fn a_character_in_two_pieces_is_one() {
        let mut out = Vec::new();
        let mut escaping = Escaping { out: &mut out, begun: Vec::new() };
        for byte in "a\u{9b}🙂\u{202e}".as_bytes() {
            escaping.write_all(&[*byte]).unwrap();
        }
        assert_eq!(String::from_utf8(out).unwrap(), "a\\u009b🙂\\u202e");
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
