//! The parameters of a hunt: those that every hunt takes, and the values of one run.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::hunt::{Hunt, ParameterDefinition, days_before};
pub use super::parameter_type::{ParameterType, ParameterValue};
use crate::visible::visible_start;

/// What was given for each parameter, as a person types it: values of a list in one text with commas between them, or one
/// text each.
pub type Given = BTreeMap<String, Vec<String>>;

/// A parameter that every hunt takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandardParameter {
    /// The name.
    pub name: &'static str,
    /// The form of its value.
    pub kind: ParameterType,
    /// Whether a hunt cannot be asked without it.
    pub required: bool,
    /// The value where none is given.
    pub default: Option<&'static str>,
    /// What it is for.
    pub description: &'static str,
}

/// The parameters that every hunt takes.
pub const STANDARD: [StandardParameter; 5] = [
    StandardParameter {
        name: "from",
        kind: ParameterType::Timestamp,
        required: true,
        default: None,
        description: "the beginning of the window; a record of that second is in it",
    },
    StandardParameter {
        name: "to",
        kind: ParameterType::Timestamp,
        required: true,
        default: None,
        description: "the end of the window; a record of that second is no longer in it",
    },
    StandardParameter {
        name: "accounts",
        kind: ParameterType::AccountIds,
        required: false,
        default: None,
        description: "only records that were delivered for these accounts",
    },
    StandardParameter {
        name: "regions",
        kind: ParameterType::Regions,
        required: false,
        default: None,
        description: "only records of these regions",
    },
    StandardParameter {
        name: "limit",
        kind: ParameterType::Limit,
        required: false,
        default: Some("1000"),
        description: "the most rows; if there are more, the answer says so",
    },
];

impl From<&StandardParameter> for ParameterDefinition {
    fn from(standard: &StandardParameter) -> Self {
        Self {
            name: standard.name.to_owned(),
            kind: standard.kind,
            required: standard.required,
            default: standard.default.map(str::to_owned),
            description: standard.description.to_owned(),
        }
    }
}

/// The values of one run of a hunt: all that are required are there, and each is of its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Parameters(BTreeMap<String, ParameterValue>);

/// Values that do not fit the hunt. Nothing was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum ParameterError {
    /// The hunt has no such parameter.
    #[error("the hunt `{hunt}` has no parameter `{name}`")]
    #[diagnostic(help("its parameters: {}", known.join(", ")))]
    Unknown {
        /// The hunt.
        hunt: String,
        /// What was given.
        name: String,
        /// The names that it has.
        known: Vec<String>,
    },
    /// A required parameter was not given.
    #[error("the hunt `{hunt}` needs the parameter `{name}`: {description}")]
    #[diagnostic(help(
        "give it with `--set {name}=VALUE`; `exfilguard hunt explain {hunt}` shows all parameters"
    ))]
    Missing {
        /// The hunt.
        hunt: String,
        /// The parameter.
        name: String,
        /// What it is for.
        description: String,
    },
    /// A value is not of its parameter's type.
    #[error("the parameter `{name}` of type {kind}: {why}")]
    Invalid {
        /// The parameter.
        name: String,
        /// Its type.
        kind: ParameterType,
        /// What is wrong.
        why: String,
    },
    /// The window ends before it begins.
    #[error("the window from {from} to {to} is empty")]
    EmptyWindow {
        /// Its beginning.
        from: Timestamp,
        /// Its end.
        to: Timestamp,
    },
}

impl Parameters {
    /// Reads what was given for a hunt and adds defaults. In names `-` stands for `_`, too.
    ///
    /// # Errors
    /// A name that the hunt does not have, a value that is not of its type, one that is missing, or an empty window.
    pub fn read(hunt: &Hunt, given: &Given) -> Result<Self, ParameterError> {
        let definitions = hunt.all_parameters();
        let mut values = BTreeMap::new();
        for (name, texts) in given {
            let name = name.replace('-', "_");
            let Some(definition) = definitions.iter().find(|definition| definition.name == name) else {
                let known = definitions.into_iter().map(|definition| definition.name).collect();
                let name = visible_start(&name, 60);
                return Err(ParameterError::Unknown { hunt: hunt.id.clone(), name, known });
            };
            let value = definition.kind.read_all(texts).map_err(|why| ParameterError::Invalid {
                name: name.clone(),
                kind: definition.kind,
                why,
            })?;
            values.insert(name, value);
        }
        for definition in definitions {
            if values.contains_key(&definition.name) {
                continue;
            }
            let days = definition.default.as_deref().and_then(days_before);
            let from = match values.get("from") {
                Some(ParameterValue::Timestamp(from)) => Some(*from),
                _ => None,
            };
            let before = days
                .zip(from)
                .and_then(|(days, from)| from.checked_sub(SignedDuration::from_hours(24 * days)).ok());
            match before.map(ParameterValue::Timestamp).or_else(|| definition.default_value()) {
                Some(value) => _ = values.insert(definition.name, value),
                None if definition.required => {
                    return Err(ParameterError::Missing {
                        hunt: hunt.id.clone(),
                        name: definition.name,
                        description: definition.description,
                    });
                }
                None => {}
            }
        }
        let parameters = Self(values);
        match parameters.window() {
            (from, to) if from < to => Ok(parameters),
            (from, to) => Err(ParameterError::EmptyWindow { from, to }),
        }
    }

    /// The value of a parameter, if it has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ParameterValue> {
        self.0.get(name)
    }

    /// All values by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParameterValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The window: from the first second on, up to the second before the second.
    #[must_use]
    pub fn window(&self) -> (Timestamp, Timestamp) {
        let moment = |name: &str, otherwise| match self.0.get(name) {
            Some(ParameterValue::Timestamp(moment)) => *moment,
            _ => otherwise,
        };
        (moment("from", Timestamp::MIN), moment("to", Timestamp::MAX))
    }

    /// The earliest moment that any parameter names: a baseline begins before the window.
    #[must_use]
    pub fn earliest(&self) -> Timestamp {
        let moments = self.0.values().filter_map(|value| match value {
            ParameterValue::Timestamp(moment) => Some(*moment),
            _ => None,
        });
        moments.min().unwrap_or(Timestamp::MIN)
    }

    /// The most rows.
    #[must_use]
    pub fn limit(&self) -> usize {
        match self.0.get("limit") {
            Some(ParameterValue::Integer(limit)) => usize::try_from(*limit).unwrap_or(usize::MAX),
            _ => usize::MAX,
        }
    }

    /// The same values but for one, which must be of the parameter's type.
    pub(super) fn with(&self, name: &str, value: ParameterValue) -> Self {
        let mut values = self.0.clone();
        values.insert(name.to_owned(), value);
        Self(values)
    }

    /// The same values, and, unless they name accounts or there are none, records of these accounts only.
    #[must_use]
    pub fn or_of_accounts(self, accounts: &[String]) -> Self {
        if self.0.contains_key("accounts") || accounts.is_empty() {
            return self;
        }
        match ParameterType::AccountIds.read_all(accounts) {
            Ok(value) => self.with("accounts", value),
            Err(_) => self,
        }
    }

    /// The same values for another window; for back ends that split one.
    #[must_use]
    pub fn with_window(&self, from: Timestamp, to: Timestamp) -> Self {
        self.with("from", ParameterValue::Timestamp(from)).with("to", ParameterValue::Timestamp(to))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::investigate::hunt::Hunts;

    fn given(values: &[(&str, &str)]) -> Given {
        values.iter().map(|(name, text)| ((*name).to_owned(), vec![(*text).to_owned()])).collect()
    }

    #[test]
    fn what_does_not_fit_the_hunt_is_named() {
        let hunts = Hunts::load().unwrap();
        let hunt = hunts.get("top-readers").unwrap();
        let window = [("from", "2026-01-14"), ("to", "2026-01-15")];
        let read = |more: &[(&str, &str)]| {
            let mut all = window.to_vec();
            all.extend_from_slice(more);
            Parameters::read(hunt, &given(&all))
        };
        assert_eq!(read(&[]).unwrap().limit(), 1000);
        assert_eq!(read(&[("limit", "7")]).unwrap().limit(), 7);
        assert!(
            matches!(read(&[("buckets", "x")]), Err(ParameterError::Unknown { name, .. }) if name == "buckets")
        );
        assert!(
            matches!(read(&[("bucket", "x'")]), Err(ParameterError::Invalid { name, .. }) if name == "bucket")
        );
        let missing = Parameters::read(hunt, &given(&window[..1])).unwrap_err();
        assert!(matches!(missing, ParameterError::Missing { name, .. } if name == "to"));
        let backwards = Parameters::read(hunt, &given(&[("from", "2026-01-15"), ("to", "2026-01-15")]));
        assert!(matches!(backwards, Err(ParameterError::EmptyWindow { .. })));
    }
}
