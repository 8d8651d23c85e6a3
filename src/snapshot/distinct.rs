//! Maps of a file that somebody may have edited: a key that stands there twice is refused, because one of its values would
//! silently win.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

/// Reads a map in which no key stands twice, for `#[serde(deserialize_with)]`.
///
/// # Errors
/// It is no such map.
pub fn distinct<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord + Debug,
    V: Deserialize<'de>,
{
    deserializer.deserialize_map(DistinctKeys(PhantomData))
}

struct DistinctKeys<K, V>(PhantomData<(K, V)>);

impl<'de, K, V> Visitor<'de> for DistinctKeys<K, V>
where
    K: Deserialize<'de> + Ord + Debug,
    V: Deserialize<'de>,
{
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = entries.next_key::<K>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} is there twice")));
            }
            let value = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Record {
        #[serde(deserialize_with = "distinct")]
        map: BTreeMap<String, u8>,
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused() {
        let read = |text: &str| serde_json::from_str::<Record>(text).map(|record| record.map.len());
        assert_eq!(read(r#"{"map": {"a": 1, "b": 1}}"#).ok(), Some(2));
        let error =
            read(r#"{"map": {"a": 1, "a": 2}}"#).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("the key \"a\" is there twice"), "{error}");
    }
}
