//! Policy documents: read once, evaluated many times.

use std::fmt;

use serde_json::Value;

use super::condition::ConditionBlock;
use super::glob::Glob;
use super::json::Json;
use super::principal::PrincipalList;
use super::resource::ResourcePattern;

/// A policy document with everything prepared for evaluation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicyDocument {
    /// `Version`, if given.
    pub version: Option<String>,
    /// The statements in their order.
    pub statements: Vec<Statement>,
    /// Why nothing certain can be said of the whole document (a repeated key).
    pub defect: Option<String>,
    /// Whether `Statement` is an array; else evidence points at the one statement itself.
    statement_is_array: bool,
}

/// `Allow` or `Deny`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Forbids, whatever else grants.
    Deny,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// `Sid`, if given.
    pub sid: Option<String>,
    /// `Effect`; nothing, if a repeated key leaves it open.
    pub effect: Option<Effect>,
    /// `Principal` or `NotPrincipal`.
    pub principal: PrincipalElement,
    /// `Action` or `NotAction`.
    pub action: ActionElement,
    /// `Resource` or `NotResource`; nothing, if the statement has neither.
    pub resource: Option<ResourceElement>,
    /// `Condition`.
    pub conditions: ConditionBlock,
    /// Why nothing certain can be said of the statement (a repeated key).
    pub defect: Option<String>,
}

/// Whom a statement is about.
#[derive(Debug, Clone, PartialEq)]
pub enum PrincipalElement {
    /// The statement has neither element, as in identity policies and service control policies.
    None,
    /// `Principal`.
    Principal(PrincipalList),
    /// `NotPrincipal`.
    NotPrincipal(PrincipalList),
}

/// Which actions a statement is about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActionElement {
    /// Whether the element is `NotAction`.
    pub negated: bool,
    /// In lower case, because actions are case-insensitive.
    pub patterns: Vec<Glob>,
}

impl ActionElement {
    /// Whether the statement is about an action, given in lower case.
    #[must_use]
    pub fn covers(&self, lower_case_action: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(lower_case_action)) != self.negated
    }
}

/// Which resources a statement is about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceElement {
    /// Whether the element is `NotResource`.
    pub negated: bool,
    /// ARNs with wildcards and variables.
    pub patterns: Vec<ResourcePattern>,
}

/// A document that AWS would not accept, and so no policy of anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidPolicy {
    /// What is wrong, naming the statement by `Sid` or number.
    pub reason: String,
}

impl InvalidPolicy {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// What a document is attached to; each kind demands and forbids other elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// A bucket policy, an access point policy, or the policy of another resource.
    Resource,
    /// A VPC endpoint policy.
    Endpoint,
    /// A user's, group's or role's policy.
    Identity,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resource => "a resource policy",
            Self::Endpoint => "an endpoint policy",
            Self::Identity => "an identity policy",
            Self::ServiceControl => "a service control policy",
            Self::ResourceControl => "a resource control policy",
        })
    }
}

impl PolicyDocument {
    /// A document without statements: what a resource has that is known to have no policy.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The policy that a VPC endpoint has unless it is given another: everything is allowed.
    #[must_use]
    pub fn endpoint_default() -> Self {
        let everything = || Glob::new("*");
        Self {
            version: None,
            statements: vec![Statement {
                sid: None,
                effect: Some(Effect::Allow),
                principal: PrincipalElement::Principal(PrincipalList {
                    everyone: true,
                    ..PrincipalList::default()
                }),
                action: ActionElement { negated: false, patterns: vec![everything()] },
                resource: Some(ResourceElement {
                    negated: false,
                    patterns: vec![ResourcePattern::everything()],
                }),
                conditions: ConditionBlock::default(),
                defect: None,
            }],
            defect: None,
            statement_is_array: true,
        }
    }

    /// Reads a document's text.
    ///
    /// # Errors
    /// The text is no JSON, longer than any AWS API accepts, or breaks the grammar of IAM policies. Text that has a
    /// key twice is no error: what AWS makes of it is not documented, so nothing certain is said of it.
    pub fn parse(text: &str) -> Result<Self, InvalidPolicy> {
        Self::from_json(&Json::parse(text).map_err(InvalidPolicy::new)?)
    }

    /// Reads a document that was parsed already. Repeated keys are lost then; prefer [`PolicyDocument::parse`].
    ///
    /// # Errors
    /// As [`PolicyDocument::parse`].
    pub fn from_value(value: &Value) -> Result<Self, InvalidPolicy> {
        Self::from_json(&Json::from_value(value).map_err(InvalidPolicy::new)?)
    }

    /// Reads a document, or a string that holds the document's text.
    ///
    /// # Errors
    /// As [`PolicyDocument::parse`].
    pub fn from_json(json: &Json) -> Result<Self, InvalidPolicy> {
        if let Json::String(text) = json {
            let inner = Json::parse(text).map_err(InvalidPolicy::new)?;
            if matches!(inner, Json::String(_)) {
                return Err(InvalidPolicy::new("the document is a string in a string"));
            }
            return Self::from_json(&inner);
        }
        let members = json.members().ok_or_else(|| {
            InvalidPolicy::new(format!("the document must be an object, not {}", json.kind()))
        })?;
        for (key, _) in members {
            if !["Version", "Id", "Statement"].contains(&key.as_str()) {
                return Err(InvalidPolicy::new(format!(
                    "the document has no element `{key}`; it may have Version, Id and Statement"
                )));
            }
        }
        let version = read_version(json)?;
        let variables = version.as_deref() == Some("2012-10-17");
        let statements =
            json.get("Statement").ok_or_else(|| InvalidPolicy::new("the document has no Statement"))?;
        let mut document = Self {
            version,
            statements: Vec::new(),
            defect: json.repeated_key().map(|key| format!("the document has `{key}` more than once")),
            statement_is_array: matches!(statements, Json::Array(_)),
        };
        for (index, statement) in statements.one_or_many().iter().enumerate() {
            document.statements.push(Statement::from_json(statement, index, variables)?);
        }
        Ok(document)
    }

    /// Checks what AWS demands of the kind of policy: who must name a principal and who must not, and that a
    /// statement names its resources.
    ///
    /// # Errors
    /// Names the first statement that breaks the rule.
    pub fn check_kind(&self, kind: PolicyKind) -> Result<(), InvalidPolicy> {
        for (index, statement) in self.statements.iter().enumerate() {
            if statement.defect.is_some() {
                continue;
            }
            let label = label(statement.sid.as_deref(), index);
            let names_principal = statement.principal != PrincipalElement::None;
            let wants_principal = match kind {
                PolicyKind::Resource | PolicyKind::Endpoint | PolicyKind::ResourceControl => true,
                PolicyKind::Identity | PolicyKind::ServiceControl => false,
            };
            if wants_principal && !names_principal {
                return Err(InvalidPolicy::new(format!("{label} has no Principal, which {kind} must have")));
            }
            if !wants_principal && names_principal {
                return Err(InvalidPolicy::new(format!(
                    "{label} has a Principal, which {kind} must not have"
                )));
            }
            if statement.resource.is_none() {
                return Err(InvalidPolicy::new(format!("{label} has no Resource, which {kind} must have")));
            }
        }
        Ok(())
    }

    /// The JSON pointer of a statement in the document.
    #[must_use]
    pub fn pointer(&self, index: usize) -> String {
        if self.statement_is_array { format!("/Statement/{index}") } else { "/Statement".to_owned() }
    }

    /// The condition keys, in lower case, that the document's outcome can depend on, with repetitions.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(|statement| {
            statement.conditions.keys().chain(
                statement
                    .resource
                    .iter()
                    .flat_map(|element| &element.patterns)
                    .flat_map(|pattern| pattern.template().variables()),
            )
        })
    }
}

/// How messages call a statement.
#[must_use]
pub fn label(sid: Option<&str>, index: usize) -> String {
    match sid {
        Some(sid) if !sid.is_empty() => format!("statement `{sid}`"),
        _ => format!("statement {}", index + 1),
    }
}

fn read_version(json: &Json) -> Result<Option<String>, InvalidPolicy> {
    match json.get("Version") {
        None => Ok(None),
        Some(Json::String(version)) if ["2012-10-17", "2008-10-17"].contains(&version.as_str()) => {
            Ok(Some(version.clone()))
        }
        Some(other) => Err(InvalidPolicy::new(format!(
            "Version is {}, but must be \"2012-10-17\" or \"2008-10-17\"",
            other.scalar().map_or_else(|| other.kind().to_owned(), |text| format!("`{text}`"))
        ))),
    }
}

const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl Statement {
    fn from_json(json: &Json, index: usize, variables: bool) -> Result<Self, InvalidPolicy> {
        let sid = json.get("Sid").and_then(Json::scalar);
        let fail = |why: String| InvalidPolicy::new(format!("{} {why}", label(sid.as_deref(), index)));
        let members =
            json.members().ok_or_else(|| fail(format!("must be an object, not {}", json.kind())))?;
        for (key, _) in members {
            if !STATEMENT_ELEMENTS.contains(&key.as_str()) {
                return Err(fail(format!(
                    "has no element `{key}`; its elements are {}",
                    STATEMENT_ELEMENTS.join(", ")
                )));
            }
        }
        let repeated = json.repeated_key();
        let mut statement = Self {
            effect: read_effect(json).map_err(&fail)?,
            principal: read_principal(json).map_err(&fail)?,
            action: read_action(json).map_err(&fail)?,
            resource: read_resource(json, variables).map_err(&fail)?,
            conditions: match json.get("Condition") {
                None => ConditionBlock::default(),
                Some(condition) => ConditionBlock::from_json(condition, variables).map_err(&fail)?,
            },
            defect: repeated
                .map(|key| format!("{} has `{key}` more than once", label(sid.as_deref(), index))),
            sid: sid.clone(),
        };
        if repeated == Some("Effect") {
            statement.effect = None;
        }
        if let Some(Json::Object(_)) = json.get("Principal").or(json.get("NotPrincipal"))
            && let Some(key) = json.get("Principal").or(json.get("NotPrincipal")).and_then(Json::repeated_key)
        {
            statement.defect.get_or_insert(format!(
                "the Principal of {} has `{key}` more than once",
                label(sid.as_deref(), index)
            ));
        }
        Ok(statement)
    }
}

fn read_effect(json: &Json) -> Result<Option<Effect>, String> {
    match json.get("Effect") {
        None => Err("has no Effect".to_owned()),
        Some(Json::String(text)) if text == "Allow" => Ok(Some(Effect::Allow)),
        Some(Json::String(text)) if text == "Deny" => Ok(Some(Effect::Deny)),
        Some(other) => Err(format!(
            "has the Effect {}, but it must be `Allow` or `Deny`, with a capital letter",
            other.scalar().map_or_else(|| other.kind().to_owned(), |text| format!("`{text}`"))
        )),
    }
}

fn read_principal(json: &Json) -> Result<PrincipalElement, String> {
    match (json.get("Principal"), json.get("NotPrincipal")) {
        (None, None) => Ok(PrincipalElement::None),
        (Some(value), None) => PrincipalList::from_json(value)
            .map(PrincipalElement::Principal)
            .map_err(|why| format!("has a Principal that {why}")),
        (None, Some(value)) => PrincipalList::from_json(value)
            .map(PrincipalElement::NotPrincipal)
            .map_err(|why| format!("has a NotPrincipal that {why}")),
        (Some(_), Some(_)) => Err("has both Principal and NotPrincipal".to_owned()),
    }
}

/// The strings of one of two elements that exclude each other, and whether it is the negated one.
fn read_list(json: &Json, name: &str, negated_name: &str) -> Result<Option<(bool, Vec<String>)>, String> {
    let (negated, element, value) = match (json.get(name), json.get(negated_name)) {
        (None, None) => return Ok(None),
        (Some(value), None) => (false, name, value),
        (None, Some(value)) => (true, negated_name, value),
        (Some(_), Some(_)) => return Err(format!("has both {name} and {negated_name}")),
    };
    let items = value.one_or_many();
    if items.is_empty() {
        return Err(format!("has an empty {element}"));
    }
    let texts = items
        .iter()
        .map(|item| {
            item.as_str()
                .map(str::to_owned)
                .ok_or_else(|| format!("has {} in {element} instead of a string", item.kind()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Some((negated, texts)))
}

fn read_action(json: &Json) -> Result<ActionElement, String> {
    let Some((negated, texts)) = read_list(json, "Action", "NotAction")? else {
        return Err("has neither Action nor NotAction".to_owned());
    };
    let mut patterns = Vec::with_capacity(texts.len());
    for text in texts {
        let named =
            text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
        if !named && (text.is_empty() || text.bytes().any(|byte| byte != b'*')) {
            return Err(format!("has the action `{text}`, but an action is `*` or `service:Name`"));
        }
        patterns.push(Glob::new(&text.to_ascii_lowercase()));
    }
    Ok(ActionElement { negated, patterns })
}

fn read_resource(json: &Json, variables: bool) -> Result<Option<ResourceElement>, String> {
    let Some((negated, texts)) = read_list(json, "Resource", "NotResource")? else {
        return Ok(None);
    };
    let patterns = texts
        .iter()
        .map(|text| ResourcePattern::parse(text, variables))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| format!("has a resource that cannot be read: {why}"))?;
    Ok(Some(ResourceElement { negated, patterns }))
}
