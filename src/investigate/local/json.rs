//! Finds values in JSON text without building them: a record has dozens of fields, a hunt reads a few of them.
//!
//! What is skipped is only held to the grammar as far as its extent depends on it; what a hunt reads is read by
//! `serde_json`. (`serde_json`'s own raw values cost a fifth more per byte, and `jiter`, which is as fast, brings features of
//! shared crates with which the whole query engine would have to be built anew.)

use std::borrow::Cow;
use std::ops::Range;

/// Why a value's end was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// The text ends before the value does.
    Incomplete,
    /// The text is not JSON; what was expected.
    Malformed(&'static str),
}

/// The index of the next byte that is no white space; the length if there is none.
pub(super) fn skip_space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len())
}

fn byte(text: &[u8], at: usize) -> Result<u8, Cut> {
    text.get(at).copied().ok_or(Cut::Incomplete)
}

/// The index behind the string that begins at `at`.
fn string_end(text: &[u8], at: usize) -> Result<usize, Cut> {
    if byte(text, at)? != b'"' {
        return Err(Cut::Malformed("expected a string"));
    }
    let mut at = at + 1;
    loop {
        let rest = text.get(at..).ok_or(Cut::Incomplete)?;
        let special = |byte: &u8| *byte == b'"' || *byte == b'\\';
        let found = rest.iter().position(special).ok_or(Cut::Incomplete)?;
        if rest.get(found) == Some(&b'"') {
            return Ok(at + found + 1);
        }
        at += found + 2;
    }
}

/// The index behind the value that begins at `at`.
pub(super) fn value_end(text: &[u8], at: usize) -> Result<usize, Cut> {
    match byte(text, at)? {
        b'"' => string_end(text, at),
        b'{' | b'[' => container_end(text, at),
        b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
            let rest = text.get(at..).unwrap_or_default();
            let end = |byte: &u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
            let length = rest.iter().position(end).ok_or(Cut::Incomplete)?;
            Ok(at + length)
        }
        _ => Err(Cut::Malformed("expected a value")),
    }
}

fn container_end(text: &[u8], mut at: usize) -> Result<usize, Cut> {
    let mut depth = 0_usize;
    loop {
        match byte(text, at)? {
            b'"' => at = string_end(text, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth -= 1;
                at += 1;
                if depth == 0 {
                    return Ok(at);
                }
            }
            _ => at += 1,
        }
    }
}

/// Tells `each` the name (without quotes, escapes not resolved) and the value's place of every member of the object that
/// begins at `at`, until it says that it has enough. Gives the index behind the object, or behind the last member told.
pub(super) fn members(
    text: &[u8],
    at: usize,
    mut each: impl FnMut(&[u8], Range<usize>) -> bool,
) -> Result<usize, Cut> {
    if byte(text, at)? != b'{' {
        return Err(Cut::Malformed("expected an object"));
    }
    let mut at = skip_space(text, at + 1);
    if byte(text, at)? == b'}' {
        return Ok(at + 1);
    }
    loop {
        let end = string_end(text, at)?;
        let name = text.get(at + 1..end - 1).unwrap_or_default();
        let colon = skip_space(text, end);
        if byte(text, colon)? != b':' {
            return Err(Cut::Malformed("expected `:`"));
        }
        let begin = skip_space(text, colon + 1);
        let end = value_end(text, begin)?;
        if !each(name, begin..end) {
            return Ok(end);
        }
        at = skip_space(text, end);
        match byte(text, at)? {
            b',' => at = skip_space(text, at + 1),
            b'}' => return Ok(at + 1),
            _ => return Err(Cut::Malformed("expected `,` or `}`")),
        }
    }
}

/// Tells `each` the place of every element of the array that begins at `at`, until it says that it has enough.
pub(super) fn elements(
    text: &[u8],
    at: usize,
    mut each: impl FnMut(Range<usize>) -> bool,
) -> Result<(), Cut> {
    if byte(text, at)? != b'[' {
        return Err(Cut::Malformed("expected a list"));
    }
    let mut at = skip_space(text, at + 1);
    if byte(text, at)? == b']' {
        return Ok(());
    }
    loop {
        let end = value_end(text, at)?;
        if !each(at..end) {
            return Ok(());
        }
        at = skip_space(text, end);
        match byte(text, at)? {
            b',' => at = skip_space(text, at + 1),
            b']' => return Ok(()),
            _ => return Err(Cut::Malformed("expected `,` or `]`")),
        }
    }
}

/// A value as the text that CloudTrail's table shows: a string without its quotes, anything else as it is written; null is
/// none. The value is checked.
///
/// # Errors
/// The value is not JSON.
pub(super) fn text_of(value: &[u8]) -> Result<Option<Cow<'_, str>>, ()> {
    if let [b'"', inner @ .., b'"'] = value {
        let plain = !inner.iter().any(|byte| *byte == b'\\' || *byte < 0x20);
        if plain {
            return std::str::from_utf8(inner).map(|text| Some(Cow::Borrowed(text))).map_err(|_| ());
        }
        return serde_json::from_slice::<String>(value).map(|text| Some(Cow::Owned(text))).map_err(|_| ());
    }
    match value {
        b"null" => Ok(None),
        b"true" => Ok(Some(Cow::Borrowed("true"))),
        b"false" => Ok(Some(Cow::Borrowed("false"))),
        _ => {
            serde_json::from_slice::<serde::de::IgnoredAny>(value).map_err(|_| ())?;
            std::str::from_utf8(value).map(|text| Some(Cow::Borrowed(text))).map_err(|_| ())
        }
    }
}

/// The value of a member of the object that is the whole text, by its name as it is written.
pub(super) fn member<'t>(text: &'t [u8], name: &[u8]) -> Option<&'t [u8]> {
    let mut found = None;
    let wanted = |known: &[u8], place: Range<usize>| {
        if known == name {
            found = text.get(place);
        }
        found.is_none()
    };
    // Text that is no object has no member.
    let _end = members(text, skip_space(text, 0), wanted);
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[\\PC\"\\\\{}\\[\\],:\n]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-zA-Z\"\\\\{}é]{0,5}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn members_and_elements_are_those_that_serde_json_reads(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let text = text.as_bytes();
            let mut found = Vec::new();
            match &value {
                Value::Object(map) => {
                    let end = members(text, 0, |name, place| {
                        let name: String = serde_json::from_slice(&[b"\"", name, b"\""].concat()).unwrap();
                        found.push((name, serde_json::from_slice::<Value>(&text[place]).unwrap()));
                        true
                    });
                    prop_assert_eq!(end, Ok(text.len()));
                    let expected: Vec<_> = map.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                    prop_assert_eq!(found, expected);
                }
                Value::Array(list) => {
                    let mut found = Vec::new();
                    elements(text, 0, |place| {
                        found.push(serde_json::from_slice::<Value>(&text[place]).unwrap());
                        true
                    }).unwrap();
                    prop_assert_eq!(&found, list);
                }
                Value::String(string) => {
                    let read = text_of(text).unwrap().unwrap();
                    prop_assert_eq!(read.as_ref(), string.as_str());
                }
                Value::Null => prop_assert_eq!(text_of(text), Ok(None)),
                _ => {
                    let read = text_of(text).unwrap().unwrap();
                    prop_assert_eq!(read.as_bytes(), text);
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "[\\PC\"\\\\{}\\[\\],:]{0,40}", cut in 0_usize..60) {
            let bytes = text.as_bytes();
            let bytes = &bytes[..cut.min(bytes.len())];
            let _ = members(bytes, 0, |_, _| true);
            let _ = elements(bytes, 0, |_| true);
            let _ = text_of(bytes);
        }
    }

    #[test]
    fn what_is_cut_off_is_told_from_what_is_wrong() {
        let whole = br#"{"a": [1, {"b": "}"}], "c": "x"}"#;
        for cut in 0..whole.len() {
            assert_eq!(members(&whole[..cut], 0, |_, _| true), Err(Cut::Incomplete), "{cut}");
        }
        assert_eq!(members(whole, 0, |_, _| true), Ok(whole.len()));
        for wrong in ["{a: 1}", "{\"a\" 1}", "{\"a\": }", "{\"a\": 1 \"b\": 2}", "[1]"] {
            assert!(matches!(members(wrong.as_bytes(), 0, |_, _| true), Err(Cut::Malformed(_))), "{wrong}");
        }
        assert!(text_of(b"{\"a\": tru}").is_err());
        assert!(text_of(b"\"\xff\"").is_err());
    }
}
