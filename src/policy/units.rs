//! Settings for the accounts below single organizational units.
//!
//! An account's settings are the file's own, then those of the root and of each organizational unit on the way down to
//! it, key by key: the nearest one wins.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::checks::{CheckDescription, CheckSettings};
use super::document;
use super::exceptions::Position;
use super::file::PolicyFile;
use super::identifiers;
use super::problem::Problem;
use super::reader::Reader;
use super::sensitive::{Sensitive, SensitiveOverride};
use super::yaml::Node;

/// The keys of an organizational unit.
pub(super) const KEYS: &[&str] = &["checks", "sensitive"];

/// What the policy file says for the accounts below one organizational unit or root.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitSettings {
    /// What it says about single checks, by check id.
    pub checks: BTreeMap<String, CheckSettings>,
    /// What is sensitive there.
    pub sensitive: SensitiveOverride,
    /// Where it stands.
    pub position: Position,
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    node: &Node,
    known_checks: &[CheckDescription],
) -> BTreeMap<String, UnitSettings> {
    let mut units = BTreeMap::new();
    for (key, node) in reader.entries(node, "organizational_units") {
        let id = match identifiers::organizational_unit_id(key.name) {
            Ok(id) => id,
            Err(message) => {
                reader.report(Problem::new(key.place, message));
                continue;
            }
        };
        let fields = reader.fields(node, key.name, KEYS);
        let checks = fields.get("checks").map(|node| document::checks(reader, node, known_checks));
        let sensitive = fields.get("sensitive").map(|node| sensitive(reader, node));
        let (line, column) = reader.line_and_column(key.place);
        let settings = UnitSettings {
            checks: checks.unwrap_or_default(),
            sensitive: sensitive.unwrap_or_default(),
            position: Position { line, column },
        };
        units.insert(id, settings);
    }
    units
}

/// Keys that are not there leave what is above as it is; an empty one makes nothing sensitive.
fn sensitive(reader: &mut Reader<'_>, node: &Node) -> SensitiveOverride {
    let fields = reader.fields(node, "sensitive", document::SENSITIVE_KEYS);
    let tags = fields.get("tags").map(|node| document::tags(reader, node));
    let buckets = fields.get("buckets").map(|node| document::named(reader, BTreeMap::new(), Some(node)));
    SensitiveOverride { tags, buckets }
}

impl PolicyFile {
    /// The policy for an account below these roots and organizational units, root first. Without them (`None`: they
    /// could not be read) what some unit says is sensitive cannot be told, and every bucket's answer is unknown.
    #[must_use]
    pub fn for_account(&self, parents: Option<&[String]>) -> Cow<'_, Self> {
        let units = &self.organizational_units;
        let Some(parents) = parents else {
            if units.values().all(|unit| unit.sensitive.is_empty()) {
                return Cow::Borrowed(self);
            }
            return Cow::Owned(Self { sensitive: Sensitive::undetermined(), ..self.clone() });
        };
        let mut policy = Cow::Borrowed(self);
        for unit in parents.iter().filter_map(|id| units.get(id)) {
            let policy = policy.to_mut();
            policy.sensitive.override_with(&unit.sensitive);
            for (check, settings) in &unit.checks {
                policy.checks.entry(check.clone()).or_default().override_with(settings);
            }
        }
        policy
    }

    /// The checks for which some organizational unit has settings of its own.
    #[must_use]
    pub fn checks_of_units(&self) -> BTreeSet<&str> {
        self.organizational_units.values().flat_map(|unit| unit.checks.keys().map(String::as_str)).collect()
    }

    /// Whether a check runs in any account.
    #[must_use]
    pub fn is_enabled_somewhere(&self, check: &str) -> bool {
        let enabled = |unit: &UnitSettings| unit.checks.get(check).and_then(|settings| settings.enabled);
        self.is_enabled(check) || self.organizational_units.values().any(|unit| enabled(unit) == Some(true))
    }
}
