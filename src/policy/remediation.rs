//! The bounds that the policy file puts on changes.

use std::collections::{BTreeMap, BTreeSet};

use super::gates::count;
use super::problem::Problem;
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
    "alert",
];

/// The keys of `remediation.alert`.
const ALERT_KEYS: &[&str] = &["protocol", "endpoint"];

/// The protocols of SNS that reach a person, or a tool that calls one.
pub const ALERT_PROTOCOLS: [&str; 4] = ["email", "email-json", "https", "sms"];

/// Who is told when something happens, where nobody is yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// One of [`ALERT_PROTOCOLS`].
    pub protocol: String,
    /// The address, in the form that the protocol asks for.
    pub endpoint: String,
}

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
    /// Whom new topics alert; none: no topic is made.
    pub alert: Option<Alert>,
}

impl RemediationLimits {
    /// Whether a bucket with these tags may be changed.
    ///
    /// # Errors
    /// `exclude_tags` leaves it out; the tag.
    pub fn admit_tags(&self, tags: &BTreeMap<String, String>) -> Result<(), String> {
        let excluded = |(key, value): &(&String, &String)| {
            self.exclude_tags.get(*key).is_some_and(|values| values.contains(*value))
        };
        match tags.iter().find(excluded) {
            Some((key, value)) => {
                Err(format!("the policy file's `exclude_tags` leaves out `{key}` = `{value}`"))
            }
            None => Ok(()),
        }
    }
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
            alert: None,
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
        alert: fields.get_set("alert").and_then(|node| alert(reader, node)),
    }
}

fn alert(reader: &mut Reader<'_>, node: &Node) -> Option<Alert> {
    let fields = reader.fields(node, "alert", ALERT_KEYS);
    let (Some(protocol), Some(endpoint)) = (fields.get("protocol"), fields.get("endpoint")) else {
        let message = "`alert` needs `protocol` and `endpoint`".to_owned();
        let help = "for example `alert: { protocol: email, endpoint: soc@example.com }`";
        reader.report(Problem::new(node.place, message).with_help(help));
        return None;
    };
    let name = reader.text(protocol, "protocol")?;
    if !ALERT_PROTOCOLS.contains(&name) {
        reader.unknown_name(protocol.place, "protocol", name, ALERT_PROTOCOLS.into_iter());
        return None;
    }
    let name = name.to_owned();
    let address = reader.parsed(endpoint, "endpoint", |text| {
        let fits = match name.as_str() {
            "https" => text.starts_with("https://") && text.len() > "https://".len(),
            "sms" => {
                text.starts_with('+') && text.len() > 5 && text.chars().skip(1).all(|c| c.is_ascii_digit())
            }
            _ => text.split_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.')),
        };
        if fits && !text.contains(char::is_whitespace) {
            Ok(text.to_owned())
        } else {
            Err(format!("`{text}` is no address for `{name}`"))
        }
    })?;
    Some(Alert { protocol: name, endpoint: address })
}
