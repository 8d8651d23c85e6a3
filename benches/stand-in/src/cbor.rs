//! JSON values as CBOR, for Smithy's RPC v2: times are tagged, whole numbers and others have types of their own.
//!
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>

use ciborium::Value as Cbor;
use serde_json::Value;

/// The tag of a time, in seconds since 1970.
const TIME: u64 = 1;

/// Writes a value. A field whose name ends in `Timestamp` is a time; nulls are left out.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A vector takes whatever is written to it.
    let _written = ciborium::into_writer(&from_json(value), &mut bytes);
    bytes
}

fn from_json(value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => Cbor::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cbor::Integer(whole.into()),
            None => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(all) => Cbor::Array(all.iter().map(from_json).collect()),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Cbor::Map(kept.map(|(name, value)| (Cbor::Text(name.clone()), field(name, value))).collect())
        }
    }
}

/// Half a microsecond: SDKs cut a time to milliseconds, and the double next to 0.26 is less than that.
const NOT_TO_BE_CUT: f64 = 5e-7;

fn field(name: &str, value: &Value) -> Cbor {
    match value.as_f64().filter(|_| name.ends_with("Timestamp")) {
        Some(seconds) => Cbor::Tag(TIME, Box::new(Cbor::Float(seconds + NOT_TO_BE_CUT))),
        None => from_json(value),
    }
}

/// Reads what a client sent; null if it is no CBOR.
pub fn decode(bytes: &[u8]) -> Value {
    ciborium::from_reader::<Cbor, _>(bytes).map_or(Value::Null, to_json)
}

fn to_json(value: Cbor) -> Value {
    match value {
        Cbor::Bool(value) => Value::Bool(value),
        Cbor::Integer(whole) => i64::try_from(whole).map_or(Value::Null, Value::from),
        Cbor::Float(number) => Value::from(number),
        Cbor::Text(text) => Value::String(text),
        Cbor::Array(all) => Value::Array(all.into_iter().map(to_json).collect()),
        Cbor::Map(fields) => {
            let named =
                fields.into_iter().filter_map(|(name, value)| Some((name.into_text().ok()?, to_json(value))));
            Value::Object(named.collect())
        }
        Cbor::Tag(_, inner) => to_json(*inner),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_written_is_read_again_with_times_tagged() {
        let bytes =
            encode(&json!({"Threshold": 5.0, "Period": 60, "StateUpdatedTimestamp": 1.26, "Unit": null}));
        let read = decode(&bytes);
        assert_eq!((&read["Threshold"], &read["Period"], read.get("Unit")), (&json!(5.0), &json!(60), None));
        assert!(bytes.windows(2).any(|window| window == [0xc1, 0xfb]), "a tag and a double: {bytes:x?}");
        let milliseconds = (read["StateUpdatedTimestamp"].as_f64().unwrap_or_default() * 1e3).trunc();
        assert!((milliseconds - 1260.0).abs() < f64::EPSILON, "{milliseconds}");
    }
}
