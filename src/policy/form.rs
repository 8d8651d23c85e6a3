//! The JSON Schema of the policy file, for editors. The reader decides; the tests hold the schema against its keys.

use std::collections::BTreeMap;

use schemars::{JsonSchema, schema_for};
use serde_json::{Map, Value as Json, json};

use super::checks::{CheckDescription, ParameterKind};
use crate::catalogue::{FailOn, REMEDIATIONS, Severity};

/// The policy file of exfilguard: what it cannot know of an organization.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "exfilguard.yaml")]
#[expect(dead_code, reason = "only its schema is used")]
struct PolicyForm {
    /// The version of the form.
    #[schemars(extend("const" = 1))]
    version: u8,
    /// How the organization is entered, and how far. The command line wins.
    organization: Option<OrganizationForm>,
    /// Who may hold access besides the audited organization.
    trust: Option<TrustForm>,
    /// Which buckets hold sensitive data.
    sensitive: Option<SensitiveForm>,
    /// Settings of single checks, by check id.
    checks: Option<BTreeMap<String, CheckForm>>,
    /// Settings for the accounts below single organizational units or roots, by id. The nearest one wins, key by key.
    organizational_units: Option<BTreeMap<String, UnitForm>>,
    /// Failures that are accepted until a day.
    exceptions: Option<Vec<ExceptionForm>>,
    /// What makes the exit code 1.
    gates: Option<GatesForm>,
    /// How far `exfilguard remediate` may go.
    remediation: Option<RemediationForm>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct OrganizationForm {
    /// The role to assume in each member account: its name, with its path if it has one.
    role: Option<String>,
    /// The external id that the role's trust policy asks for. Never logged or reported.
    external_id: Option<String>,
    /// Regions to audit; none: those that are enabled in each account.
    #[schemars(inner(regex(pattern = r"^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$")))]
    regions: Option<Vec<String>>,
    /// Ids of accounts to leave out, in quotation marks.
    #[schemars(inner(regex(pattern = r"^[0-9]{12}$")))]
    exclude_accounts: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct TrustForm {
    /// Ids of organizations besides the audited one.
    #[schemars(inner(regex(pattern = r"^o-[a-z0-9]{10,32}$")))]
    organizations: Option<Vec<String>>,
    /// Ids of outside accounts that may hold access, in quotation marks.
    #[schemars(inner(regex(pattern = r"^[0-9]{12}$")))]
    accounts: Option<Vec<String>>,
    /// VPC endpoints besides those of the organization.
    #[schemars(inner(regex(pattern = r"^vpce-[0-9A-Fa-f]{8,17}$")))]
    vpc_endpoints: Option<Vec<String>>,
    /// Networks in CIDR form.
    networks: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct SensitiveForm {
    /// Tag keys with the values that mean sensitive, compared exactly.
    tags: Option<BTreeMap<String, Vec<String>>>,
    /// Glob patterns for names of sensitive buckets.
    #[schemars(inner(length(min = 1, max = 128)))]
    buckets: Option<Vec<String>>,
}

/// What the file says about one check.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct CheckForm {
    /// Whether the check runs.
    enabled: Option<bool>,
    /// The severity instead of the check's own.
    severity: Option<Severity>,
    /// The check's parameters. Durations are written `15m`, `1h 30m`, `7d`.
    parameters: Option<Map<String, Json>>,
}

/// Settings for the accounts below one organizational unit or root.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct UnitForm {
    /// Settings of single checks, by check id.
    checks: Option<BTreeMap<String, CheckForm>>,
    /// What is sensitive there: each key instead of the one above.
    sensitive: Option<SensitiveForm>,
}

/// An accepted failure.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct ExceptionForm {
    /// The check's id, or a glob pattern of ids.
    #[schemars(length(min = 1))]
    check: String,
    /// The account's id, or a glob pattern of ids, in quotation marks; without it every account.
    #[schemars(regex(pattern = r"^([0-9]{12}|[0-9*?\[\]!-]+)$"))]
    account: Option<String>,
    /// The resource's id or ARN, or a glob pattern of one; without it every resource.
    #[schemars(length(min = 1, max = 2048))]
    resource: Option<String>,
    /// Why the failure is accepted.
    #[schemars(length(min = 1, max = 1000))]
    reason: String,
    /// Who answers for it.
    #[schemars(length(min = 1, max = 1000))]
    owner: String,
    /// The last day on which it holds, in UTC.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    expires: String,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct GatesForm {
    /// The least severity whose failures count.
    fail_on: Option<FailOn>,
    /// The least score of the whole assessment.
    #[schemars(range(min = 0, max = 100))]
    minimum_score: Option<f64>,
    /// The most results that may be unknown; nothing: any number.
    maximum_unknown: Option<u64>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct RemediationForm {
    /// The kinds of change that may be made.
    allow: Option<Vec<String>>,
    /// The role to assume for changes; nothing: the one that reads.
    role: Option<String>,
    /// The most changes of one plan.
    #[schemars(range(min = 1))]
    maximum_changes: Option<u64>,
    /// The most accounts that one plan changes.
    #[schemars(range(min = 1))]
    maximum_accounts: Option<u64>,
    /// Names of roles that no change may lock out, besides the one that makes the changes.
    break_glass: Option<Vec<String>>,
    /// Ids of accounts in which nothing is changed, in quotation marks.
    #[schemars(inner(regex(pattern = r"^[0-9]{12}$")))]
    exclude_accounts: Option<Vec<String>>,
    /// Tag keys with the values of buckets that are not changed, compared exactly.
    exclude_tags: Option<BTreeMap<String, Vec<String>>>,
    /// Whom topics alert that are made because an account has none that reaches a person; nothing: none is made.
    alert: Option<AlertForm>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct AlertForm {
    /// How: a protocol of SNS.
    protocol: String,
    /// Where, in the form that the protocol asks for.
    endpoint: String,
}

/// The keys whose value may be nothing (`null`), besides all lists and mappings.
const NULLABLE: [(&str, &str); 3] =
    [("OrganizationForm", "external_id"), ("GatesForm", "maximum_unknown"), ("RemediationForm", "role")];

/// The JSON Schema of the policy file. Checks that are not known here, such as those of a user's folder, may have any
/// parameters.
#[must_use]
pub fn schema(known_checks: &[CheckDescription]) -> Json {
    let mut schema = schema_for!(PolicyForm).to_value();
    let names: Vec<String> = schema
        .pointer("/$defs")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(n, _)| n.clone())
        .collect();
    for name in names {
        let scalars: Vec<String> = ["FailOn", "Severity"].map(|name| format!("#/$defs/{name}")).into();
        if let Some(properties) =
            schema.pointer_mut(&format!("/$defs/{name}/properties")).and_then(Json::as_object_mut)
        {
            for (key, property) in properties {
                if !NULLABLE.contains(&(name.as_str(), key.as_str())) {
                    refuse_nothing(property, &scalars);
                }
            }
        }
    }
    if let Some(kinds) = schema.pointer_mut("/$defs/RemediationForm/properties/allow/items") {
        *kinds = json!({"enum": REMEDIATIONS});
    }
    if let Some(protocol) = schema.pointer_mut("/$defs/AlertForm/properties/protocol") {
        protocol["enum"] = json!(super::remediation::ALERT_PROTOCOLS);
    }
    if let Some(checks) = schema.pointer_mut("/properties/checks").and_then(Json::as_object_mut) {
        let known = known_checks.iter().map(|check| (check.id.clone(), check_schema(check)));
        checks.insert("properties".to_owned(), known.collect::<Map<_, _>>().into());
    }
    if let Some(checks) = schema.pointer_mut("/$defs/UnitForm/properties/checks") {
        *checks =
            json!({"$ref": "#/properties/checks", "description": "Settings of single checks, by check id."});
    }
    schema
}

/// Takes `null` from what is neither a list nor a mapping: the reader refuses it there.
fn refuse_nothing(property: &mut Json, scalars: &[String]) {
    let kinds = property.get("type").and_then(Json::as_array);
    if let Some(kind) = kinds.and_then(|kinds| kinds.first()).and_then(Json::as_str)
        && !matches!(kind, "array" | "object")
    {
        let kind = kind.to_owned();
        property["type"] = kind.into();
    }
    let scalar = property
        .pointer("/anyOf/0/$ref")
        .filter(|target| target.as_str().is_some_and(|target| scalars.iter().any(|scalar| scalar == target)))
        .cloned();
    if let (Some(target), Some(property)) = (scalar, property.as_object_mut()) {
        property.remove("anyOf");
        property.insert("$ref".to_owned(), target);
    }
}

/// One check with its parameters.
fn check_schema(check: &CheckDescription) -> Json {
    let parameters = check.parameters.iter().map(|(name, parameter)| {
        let kind = match parameter.kind {
            ParameterKind::Integer => "integer",
            ParameterKind::Number => "number",
            ParameterKind::String | ParameterKind::Duration => "string",
            ParameterKind::Boolean => "boolean",
        };
        let schema =
            json!({"description": parameter.description, "type": kind, "default": parameter.default});
        (name.clone(), schema)
    });
    json!({
        "description": check.title,
        "type": ["object", "null"],
        "properties": {
            "enabled": {"description": "Whether the check runs.", "type": "boolean", "default": true},
            "severity": {"description": "The severity instead of the check's own.", "$ref": "#/$defs/Severity", "default": check.severity},
            "parameters": {
                "description": "The check's parameters.",
                "type": ["object", "null"],
                "properties": parameters.collect::<Map<_, _>>(),
                "additionalProperties": false,
            },
        },
        "additionalProperties": false,
    })
}
