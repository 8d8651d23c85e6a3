//! Reading pattern text: JSON in which a repeated key is an error and nesting is bounded.

use std::fmt;
use std::io;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep a pattern may nest; far beyond what fits into a sensible pattern, and safe for recursion.
pub(super) const DEPTH: usize = 100;

/// Parses `text`.
///
/// # Errors
/// Malformed JSON, a repeated key or more than [`DEPTH`] levels, as a message for a person.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer).map_err(|error| error.to_string())?;
    deserializer.end().map_err(|error| error.to_string())?;
    Ok(value)
}

/// Whether `value` nests at most `levels` deep.
pub(super) fn is_shallow(value: &Value, levels: usize) -> bool {
    let inside = |child: &Value| levels.checked_sub(1).is_some_and(|left| is_shallow(child, left));
    match value {
        Value::Array(items) => items.iter().all(inside),
        Value::Object(map) => map.values().all(inside),
        _ => true,
    }
}

/// The length in characters of the compact serialization, or `None` above `limit`.
pub(super) fn compact_length(value: &Value, limit: usize) -> Option<usize> {
    let mut counter = Counter { characters: 0, limit };
    serde_json::to_writer(&mut counter, value).ok().map(|()| counter.characters)
}

/// Counts characters of UTF-8 and stops above the limit.
struct Counter {
    characters: usize,
    limit: usize,
}

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Continuation bytes (0b10xx_xxxx) do not start a character.
        self.characters += bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        if self.characters > self.limit {
            return Err(io::Error::other("too long"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Builds a [`Value`] and refuses repeated keys, of which `serde_json` would silently keep the last.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH {
            return Err(E::custom(format_args!("more than {DEPTH} levels of nesting are not supported")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(seed)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "key `{key}` is repeated; a key may stand only once in an object"
                )));
            }
            map.insert(key, entries.next_value_seed(seed)?);
        }
        Ok(Value::Object(map))
    }
}
