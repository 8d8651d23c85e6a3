//! The form of the policy file: which keys it has and what each may hold.

use std::collections::{BTreeMap, BTreeSet};

use super::checks::{CheckDescription, CheckSettings, ParameterKind, ParameterValue};
use super::file::{DEFAULT_ROLE, ExternalId, OrganizationScope, PolicyFile};
use super::identifiers;
use super::problem::{Place, Problem};
use super::reader::{Key, Reader, nearest, shortened};
use super::sensitive::{self, Sensitive};
use super::trust::Trust;
use super::yaml::{self, Node, Value};
use super::{exceptions, gates, remediation, units};
use crate::catalogue::Severity;

/// The version of the form that this program reads.
const VERSION: i128 = 1;

/// The keys of the whole file.
pub(super) const KEYS: &[&str] = &[
    "version",
    "organization",
    "trust",
    "sensitive",
    "checks",
    "organizational_units",
    "exceptions",
    "gates",
    "remediation",
];

/// The keys of `organization`.
pub(super) const ORGANIZATION_KEYS: &[&str] = &["role", "external_id", "regions", "exclude_accounts"];

/// The keys of `trust`.
pub(super) const TRUST_KEYS: &[&str] = &["organizations", "accounts", "vpc_endpoints", "networks"];

/// The keys of `sensitive`.
pub(super) const SENSITIVE_KEYS: &[&str] = &["tags", "buckets"];

/// The keys of one check below `checks`.
pub(super) const CHECK_KEYS: &[&str] = &["enabled", "severity", "parameters"];

/// Reads a policy file's text.
///
/// # Errors
/// All mistakes.
pub(super) fn read(text: &str, known_checks: &[CheckDescription]) -> Result<PolicyFile, Vec<Problem>> {
    let root = yaml::parse(text).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(text);
    let policy = policy(&mut reader, &root, known_checks);
    let problems = reader.into_problems();
    if problems.is_empty() { Ok(policy) } else { Err(problems) }
}

fn policy(reader: &mut Reader<'_>, root: &Node, known_checks: &[CheckDescription]) -> PolicyFile {
    let fields = reader.fields(root, "the policy file", KEYS);
    if matches!(root.value, Value::Mapping(_) | Value::Null) {
        version(reader, root.place, fields.get("version"));
    }
    let exceptions = reader.list(fields.get("exceptions"), "exceptions", |reader, node| {
        exceptions::read(reader, node, known_checks)
    });
    PolicyFile {
        path: None,
        organization: section(fields.get("organization"), |node| organization(reader, node)),
        trust: section(fields.get("trust"), |node| trust(reader, node)),
        sensitive: section(fields.get("sensitive"), |node| sensitive(reader, node)),
        checks: section(fields.get("checks"), |node| checks(reader, node, known_checks)),
        organizational_units: section(fields.get("organizational_units"), |node| {
            units::read(reader, node, known_checks)
        }),
        exceptions,
        gates: section(fields.get("gates"), |node| gates::read(reader, node)),
        remediation: section(fields.get("remediation"), |node| remediation::read(reader, node)),
    }
}

/// Reads a part of the file that may be missing.
fn section<T: Default>(node: Option<&Node>, read: impl FnOnce(&Node) -> T) -> T {
    node.map(read).unwrap_or_default()
}

fn version(reader: &mut Reader<'_>, beginning: Place, node: Option<&Node>) {
    let Some(node) = node else {
        let place = Place { length: 0, ..beginning };
        let problem = Problem::new(place, "`version` is missing")
            .with_help(format!("add the line `version: {VERSION}`"));
        return reader.report(problem);
    };
    match &node.value {
        Value::Integer(VERSION) => {}
        Value::Integer(newer) if *newer > VERSION => reader.report(Problem::new(
            node.place,
            format!("version {newer} is newer than this exfilguard, which reads version {VERSION}"),
        )),
        _ => reader.wrong_kind(node, "version", &format!("the number {VERSION}")),
    }
}

fn organization(reader: &mut Reader<'_>, node: &Node) -> OrganizationScope {
    let fields = reader.fields(node, "organization", ORGANIZATION_KEYS);
    let role = fields.get("role").and_then(|node| reader.parsed(node, "role", identifiers::role_name));
    OrganizationScope {
        role: role.unwrap_or_else(|| DEFAULT_ROLE.to_owned()),
        external_id: fields
            .get_set("external_id")
            .and_then(|node| reader.parsed(node, "external_id", identifiers::external_id))
            .map(ExternalId::new),
        regions: reader.list(fields.get("regions"), "regions", |reader, node| {
            reader.parsed(node, "a region", identifiers::region)
        }),
        exclude_accounts: reader.list(fields.get("exclude_accounts"), "exclude_accounts", account_id),
    }
}

/// An account id. Unquoted it would be a number, which loses leading zeros and may be read as octal.
pub(super) fn account_id(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    if matches!(node.value, Value::Integer(_) | Value::Number(_)) {
        let written = shortened(reader.written(node.place));
        let message = format!(
            "account id `{written}` is not quoted: YAML reads it as a number, which loses leading zeros"
        );
        reader.report(Problem::new(node.place, message).with_help(format!("write \"{written}\"")));
        return None;
    }
    reader.parsed(node, "an account id", identifiers::account_id)
}

fn trust(reader: &mut Reader<'_>, node: &Node) -> Trust {
    let fields = reader.fields(node, "trust", TRUST_KEYS);
    let organizations = reader.list(fields.get("organizations"), "organizations", |r, node| {
        r.parsed(node, "an organization id", identifiers::organization_id)
    });
    let accounts = reader.list(fields.get("accounts"), "accounts", account_id);
    let vpc_endpoints = reader.list(fields.get("vpc_endpoints"), "vpc_endpoints", |r, node| {
        r.parsed(node, "a VPC endpoint id", identifiers::vpc_endpoint_id)
    });
    let networks = reader.list(fields.get("networks"), "networks", |r, node| {
        r.parsed(node, "a network", identifiers::network)
    });
    Trust {
        organizations: organizations.into_iter().collect(),
        accounts: accounts.into_iter().collect(),
        vpc_endpoints: vpc_endpoints.into_iter().collect(),
        networks,
    }
}

fn sensitive(reader: &mut Reader<'_>, node: &Node) -> Sensitive {
    let fields = reader.fields(node, "sensitive", SENSITIVE_KEYS);
    let tags = section(fields.get("tags"), |node| tags(reader, node));
    named(reader, tags, fields.get("buckets"))
}

/// Tag keys with the values that mean sensitive.
pub(super) fn tags(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<String, BTreeSet<String>> {
    let entries = reader.entries(node, "tags");
    entries.into_iter().map(|(key, values)| (key.name.to_owned(), tag_values(reader, key, values))).collect()
}

/// What these tags and the patterns for names in a list make sensitive.
pub(super) fn named(
    reader: &mut Reader<'_>,
    tags: BTreeMap<String, BTreeSet<String>>,
    buckets: Option<&Node>,
) -> Sensitive {
    let patterns =
        reader.list(buckets, "buckets", |reader, node| reader.parsed(node, "a pattern", sensitive::pattern));
    Sensitive::new(tags, patterns).unwrap_or_else(|message| {
        let place = buckets.map(|node| node.place).unwrap_or_default();
        reader.report(Problem::new(place, message));
        Sensitive::default()
    })
}

/// The values of one tag key. An empty list would make nothing sensitive, which nobody writes on purpose.
fn tag_values(reader: &mut Reader<'_>, key: Key<'_>, node: &Node) -> BTreeSet<String> {
    if reader.items(node, key.name).is_empty() && matches!(node.value, Value::List(_) | Value::Null) {
        let message = format!("`{}` names no value", shortened(key.name));
        reader.report(Problem::new(node.place, message).with_help("name the values that mean sensitive"));
    }
    let values =
        reader.list(Some(node), key.name, |reader, node| reader.text(node, key.name).map(str::to_owned));
    values.into_iter().collect()
}

pub(super) fn checks(
    reader: &mut Reader<'_>,
    node: &Node,
    known_checks: &[CheckDescription],
) -> BTreeMap<String, CheckSettings> {
    let mut settings = BTreeMap::new();
    for (key, node) in reader.entries(node, "checks") {
        match known_checks.iter().find(|check| check.id == key.name) {
            Some(check) => {
                settings.insert(check.id.clone(), check_settings(reader, node, check));
            }
            None => unknown_check(reader, key.name, key.place, known_checks),
        }
    }
    settings
}

pub(super) fn unknown_check(
    reader: &mut Reader<'_>,
    id: &str,
    place: Place,
    known_checks: &[CheckDescription],
) {
    let name = shortened(id);
    let successor = known_checks.iter().find(|check| check.aliases.iter().any(|alias| alias == id));
    let problem = if let Some(successor) = successor {
        Problem::new(place, format!("check `{name}` has another id now"))
            .with_help(format!("write `{}`", successor.id))
    } else {
        let mut help = "`exfilguard checks list` prints all ids".to_owned();
        if let Some(nearest) = nearest(id, known_checks.iter().map(|c| c.id.as_str())) {
            help = format!("did you mean `{nearest}`? {help}");
        }
        Problem::new(place, format!("unknown check `{name}`")).with_help(help)
    };
    reader.report(problem);
}

fn check_settings(reader: &mut Reader<'_>, node: &Node, check: &CheckDescription) -> CheckSettings {
    let fields = reader.fields(node, &check.id, CHECK_KEYS);
    CheckSettings {
        enabled: fields.get("enabled").and_then(|node| reader.boolean(node, "enabled")),
        severity: fields.get("severity").and_then(|node| {
            reader
                .parsed(node, "severity", |text| text.parse::<Severity>().map_err(|error| error.to_string()))
        }),
        parameters: section(fields.get("parameters"), |node| parameters(reader, node, check)),
    }
}

fn parameters(
    reader: &mut Reader<'_>,
    node: &Node,
    check: &CheckDescription,
) -> BTreeMap<String, ParameterValue> {
    let mut values = BTreeMap::new();
    for (key, node) in reader.entries(node, "parameters") {
        let Some(description) = check.parameters.get(key.name) else {
            unknown_parameter(reader, key, check);
            continue;
        };
        if let Some(value) = parameter(reader, node, key.name, description.kind) {
            values.insert(key.name.to_owned(), value);
        }
    }
    values
}

fn unknown_parameter(reader: &mut Reader<'_>, key: Key<'_>, check: &CheckDescription) {
    if check.parameters.is_empty() {
        let message = format!("check `{}` has no parameters", check.id);
        reader.report(Problem::new(key.place, message));
    } else {
        let allowed = check.parameters.keys().map(String::as_str);
        reader.unknown_name(key.place, "parameter", key.name, allowed);
    }
}

fn parameter(
    reader: &mut Reader<'_>,
    node: &Node,
    name: &str,
    kind: ParameterKind,
) -> Option<ParameterValue> {
    let json = match &node.value {
        Value::Boolean(value) => (*value).into(),
        Value::Integer(value) => i64::try_from(*value).map_or(serde_json::Value::Null, Into::into),
        Value::Number(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Null | Value::List(_) | Value::Mapping(_) => serde_json::Value::Null,
    };
    if let Ok(value) = kind.read(&json) {
        return Some(value);
    }
    let written = reader.beginning(node.place);
    let message = format!("`{name}` must be {}, not `{written}`", kind.form());
    reader.report(Problem::new(node.place, message));
    None
}
