//! The request context: what AWS knows about a request besides principal, action and resource.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::json::Json;

/// The most text that a request's context may hold, in bytes; S3 refuses headers beyond 8 KiB.
const MAX_CONTEXT_BYTES: usize = 64 * 1024;

/// What is known of one condition key in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextValue {
    /// The key is in the request with these values, never none. Shared, because a search sets the same ones in many requests.
    Known(Arc<[String]>),
    /// The key may be in the request or not, with whatever value.
    Unknown,
    /// The key is not in the request.
    Absent,
}

impl ContextValue {
    /// A key with a single value.
    #[must_use]
    pub fn one(value: impl Into<String>) -> Self {
        Self::Known(Arc::new([value.into()]))
    }

    /// The value, if the key is known to have exactly one.
    #[must_use]
    pub fn single(&self) -> Option<&str> {
        match self {
            Self::Known(values) => match &**values {
                [only] => Some(only),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A condition key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    lower_case: String,
    /// As it was given.
    spelling: String,
}

/// Spellings that a thread keeps at most; the policies of an organization name some hundred.
const MAX_SPELLINGS: usize = 10_000;

impl Key {
    /// The key as it was given.
    pub fn spelling(&self) -> &str {
        &self.spelling
    }

    /// The key in lower case.
    pub fn lower_case(&self) -> &str {
        &self.lower_case
    }

    /// The key of a spelling. A search sets the same few keys in thousands of requests: each is put into lower case once.
    pub fn of(spelling: &str) -> Arc<Self> {
        thread_local! {
            static KNOWN: RefCell<HashMap<String, Arc<Key>>> = RefCell::default();
        }
        KNOWN.with_borrow_mut(|known| {
            if let Some(key) = known.get(spelling) {
                return Arc::clone(key);
            }
            let key =
                Arc::new(Self { lower_case: spelling.to_ascii_lowercase(), spelling: spelling.to_owned() });
            if known.len() == MAX_SPELLINGS {
                known.clear();
            }
            known.insert(spelling.to_owned(), Arc::clone(&key));
            key
        })
    }
}

/// The condition keys of a request. Keys are case-insensitive; a key that was not set is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// In order of the lower-case keys. A clone shares them until one of both is changed.
    entries: Arc<Vec<(Arc<Key>, ContextValue)>>,
}

impl Context {
    /// A context without any key.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `{key: value, [values], {"unknown": true} or null for absent}`. An empty list is absent.
    ///
    /// # Errors
    /// A clause that names the key whose value is of another form, or says that the context is too large.
    pub fn from_json(json: &Json) -> Result<Self, String> {
        let members =
            json.members().ok_or_else(|| format!("`context` must be an object, not {}", json.kind()))?;
        let mut context = Self::new();
        let mut size = 0_usize;
        for (key, value) in members {
            let value = read_value(key, value)?;
            if let ContextValue::Known(values) = &value {
                size = values.iter().fold(size + key.len(), |size, value| size + value.len() + 1);
            }
            if context.given(&key.to_ascii_lowercase()).is_some() {
                return Err(format!("the context key `{key}` is given more than once"));
            }
            context.set(key, value);
        }
        if size > MAX_CONTEXT_BYTES {
            return Err(format!("the context is larger than {MAX_CONTEXT_BYTES} bytes"));
        }
        Ok(context)
    }

    /// Sets a key, whatever it was before.
    pub fn set(&mut self, key: &str, value: ContextValue) {
        self.set_key(Key::of(key), value);
    }

    /// As [`Context::set`], with a key that was looked up before.
    pub(super) fn set_key(&mut self, key: Arc<Key>, value: ContextValue) {
        let value = match value {
            ContextValue::Known(values) if values.is_empty() => ContextValue::Absent,
            value => value,
        };
        let place = self.place(&key.lower_case);
        let entries = Arc::make_mut(&mut self.entries);
        match place {
            // The place was found in the same list.
            Ok(index) => {
                if let Some(entry) = entries.get_mut(index) {
                    *entry = (key, value);
                }
            }
            Err(index) => entries.insert(index, (key, value)),
        }
    }

    /// Where a key (in lower case) is among the entries, or belongs.
    fn place(&self, lower_case_key: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(key, _)| key.lower_case.as_str().cmp(lower_case_key))
    }

    /// The same context with a key that has this one value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.set(key, ContextValue::one(value));
        self
    }

    /// The same context with a key whose value is not known.
    #[must_use]
    pub fn with_unknown(mut self, key: &str) -> Self {
        self.set(key, ContextValue::Unknown);
        self
    }

    /// What was set for a key (in lower case); nothing if it was not mentioned at all.
    #[must_use]
    pub fn given(&self, lower_case_key: &str) -> Option<&ContextValue> {
        let index = self.place(lower_case_key).ok()?;
        self.entries.get(index).map(|(_, value)| value)
    }

    /// The keys that were set, as they were spelled, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValue)> {
        self.entries.iter().map(|(key, value)| (key.spelling.as_str(), value))
    }

    /// The context as [`Context::from_json`] reads it, without the keys that are absent.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        for (key, value) in self.iter() {
            let value = match value {
                ContextValue::Known(values) => match &**values {
                    [only] => json!(only),
                    values => json!(values),
                },
                ContextValue::Unknown => json!({ "unknown": true }),
                ContextValue::Absent => continue,
            };
            object.insert(key.to_owned(), value);
        }
        Value::Object(object)
    }
}

fn read_value(key: &str, json: &Json) -> Result<ContextValue, String> {
    match json {
        Json::Null => Ok(ContextValue::Absent),
        Json::Object(_) => match json.get("unknown") {
            Some(Json::Bool(true)) => Ok(ContextValue::Unknown),
            _ => Err(format!(
                "the context key `{key}` must have a value, a list of values, or {{\"unknown\": true}}"
            )),
        },
        other => other
            .one_or_many()
            .iter()
            .map(|item| {
                item.scalar()
                    .ok_or_else(|| format!("the context key `{key}` has {} among its values", item.kind()))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(|values| ContextValue::Known(values.into())),
    }
}
