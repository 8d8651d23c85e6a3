//! JSON as exfilguard writes it: indented, and without characters that a terminal obeys.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use serde::ser::Error as _;

use crate::visible::is_hidden;

/// Writes a value, indented and ended by a line feed.
///
/// # Errors
/// The JSON writer refused a value, or what is written to failed.
pub fn write_value(value: &impl Serialize, out: &mut dyn Write) -> Result<(), serde_json::Error> {
    serde_json::to_writer_pretty(&mut Escaping { out, begun: Vec::new() }, value)?;
    out.write_all(b"\n").map_err(serde_json::Error::io)
}

/// A value as text, indented and ended by a line feed.
///
/// # Errors
/// The JSON writer refused a value.
pub fn render_value(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = Vec::new();
    write_value(value, &mut text)?;
    String::from_utf8(text).map_err(serde_json::Error::custom)
}

/// How elements of an array stand in an object that is written so, as one of its fields: without the brackets around them,
/// each after a line feed and indented as deep as it is there. Empty if there are none. Such texts are joined by commas.
///
/// # Errors
/// The JSON writer refused a value.
pub fn elements(records: &[impl Serialize]) -> Result<String, serde_json::Error> {
    const BEFORE: &str = "{\n  \"\": [";
    const BEHIND: &str = "\n  ]\n}";
    let mut text = serde_json::to_string_pretty(&std::collections::BTreeMap::from([("", records)]))?;
    // Looked through once: piece by piece takes as long as making it.
    if !is_plain(text.as_bytes()) {
        let mut escaped = Vec::new();
        Escaping { out: &mut escaped, begun: Vec::new() }.text(&text).map_err(serde_json::Error::io)?;
        text = String::from_utf8(escaped).map_err(serde_json::Error::custom)?;
    }
    // An empty array is written without a line feed.
    let inner = text.strip_prefix(BEFORE).and_then(|text| text.strip_suffix(BEHIND));
    Ok(inner.unwrap_or_default().to_owned())
}

/// Whether no byte of a text is one of a character that might have to be escaped.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~'))
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
        if self.begun.is_empty() && is_plain(bytes) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::json;

    use super::*;

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
    fn elements_joined_by_commas_are_the_array() {
        let records = [json!({"a": [1, {"b": "\n  ]\n}"}]}), json!([]), json!("\u{9b}")];
        let whole = render_value(&json!({"x": records, "y": 1})).unwrap();
        let (first, rest) = records.split_at(1);
        let joined = format!("{},{}", elements(first).unwrap(), elements(rest).unwrap());
        assert_eq!(whole, format!("{{\n  \"x\": [{joined}\n  ],\n  \"y\": 1\n}}\n"));
        assert_eq!(elements(&[] as &[u8]).unwrap(), "");
    }
}
