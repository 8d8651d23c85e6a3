//! The bounds that the policy file puts on changes.

use std::collections::{BTreeMap, BTreeSet};

use super::gates::count;
use super::reader::Reader;
use super::yaml::Node;
use super::{document, identifiers};
use crate::catalogue::REMEDIATIONS;

/// The keys of `remediation`.
pub(super) const KEYS: &[&str] = &[
    "allow",
    "role",
    "break_glass",
    "maximum_changes",
    "maximum_accounts",
    "exclude_accounts",
    "exclude_tags",
];

/// How far `exfilguard remediate` may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemediationLimits {
    /// The kinds of change that may be made, among [`REMEDIATIONS`].
    pub allow: BTreeSet<String>,
    /// The role to assume for changes; none: the one that reads.
    pub role: Option<String>,
    /// The most changes of one plan.
    pub maximum_changes: u64,
    /// The most accounts that one plan changes.
    pub maximum_accounts: u64,
    /// Names of roles that no change may lock out, besides the one that makes the changes.
    pub break_glass: Vec<String>,
    /// Accounts in which nothing is changed.
    pub exclude_accounts: Vec<String>,
    /// Tag keys with the values of buckets that are not changed.
    pub exclude_tags: BTreeMap<String, BTreeSet<String>>,
}

impl Default for RemediationLimits {
    fn default() -> Self {
        Self {
            allow: REMEDIATIONS.into_iter().map(str::to_owned).collect(),
            role: None,
            maximum_changes: 50,
            maximum_accounts: 10,
            break_glass: Vec::new(),
            exclude_accounts: Vec::new(),
            exclude_tags: BTreeMap::new(),
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> RemediationLimits {
    let fields = reader.fields(node, "remediation", KEYS);
    let default = RemediationLimits::default();
    let allow = fields.get("allow").map(|node| {
        let kinds = reader.list(Some(node), "allow", |reader, node| {
            let kind = reader.text(node, "allow")?;
            if REMEDIATIONS.contains(&kind) {
                return Some(kind.to_owned());
            }
            reader.unknown_name(node.place, "kind of change", kind, REMEDIATIONS.into_iter());
            None
        });
        kinds.into_iter().collect()
    });
    let mut limit = |key: &str, default: u64| {
        fields.get(key).and_then(|node| count(reader, node, key, 1)).unwrap_or(default)
    };
    let maximum_changes = limit("maximum_changes", default.maximum_changes);
    let maximum_accounts = limit("maximum_accounts", default.maximum_accounts);
    RemediationLimits {
        allow: allow.unwrap_or(default.allow),
        role: fields.get_set("role").and_then(|node| reader.parsed(node, "role", identifiers::role_name)),
        maximum_changes,
        maximum_accounts,
        break_glass: reader.list(fields.get("break_glass"), "break_glass", |reader, node| {
            reader.parsed(node, "a role", identifiers::role_name)
        }),
        exclude_accounts: reader.list(
            fields.get("exclude_accounts"),
            "exclude_accounts",
            document::account_id,
        ),
        exclude_tags: fields.get("exclude_tags").map(|node| document::tags(reader, node)).unwrap_or_default(),
    }
}
