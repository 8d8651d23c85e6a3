//! One request against one document.

use crate::semantics::verdict::Tri;

use super::arn::Arn;
use super::condition;
use super::context::{Context, ContextValue};
use super::document::{Effect, PolicyDocument, PrincipalElement, ResourceElement, Statement, label};
use super::principal::PrincipalMatch;
use super::request::{Principal, Request};
use super::template::Keys;

/// Where a document is attached, as far as it changes how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A bucket's policy: its resources are buckets and objects.
    Bucket,
    /// An access point's policy: its resources are access points and objects seen through them.
    AccessPoint,
    /// A VPC endpoint's policy.
    Endpoint,
    /// An identity, service control or resource control policy.
    Elsewhere,
}

/// What a document says of a request: the strongest statement for each question.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Whether some statement allows it.
    pub allow: Finding,
    /// Whether some statement allows the principal itself, not only its account.
    pub allow_directly: Tri,
    /// Whether some statement denies it.
    pub deny: Finding,
}

/// An answer and the statement that gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The answer.
    pub value: Tri,
    /// The number of the statement, from 0; nothing if no statement decides.
    pub statement: Option<usize>,
    /// Why the answer is not certain.
    pub doubt: Option<String>,
}

impl Finding {
    const NO: Self = Self { value: Tri::No, statement: None, doubt: None };

    fn raise(&mut self, value: Tri, statement: usize, doubt: impl FnOnce() -> Option<String>) {
        let stronger = match (self.value, value) {
            (_, Tri::No) | (Tri::Yes, _) => false,
            (Tri::No, _) | (Tri::Unknown, Tri::Yes) => true,
            (Tri::Unknown, Tri::Unknown) => false,
        };
        if stronger {
            *self = Self {
                value,
                statement: Some(statement),
                doubt: if value == Tri::Unknown { doubt() } else { None },
            };
        }
    }
}

/// A request, prepared for being asked of many documents.
#[derive(Debug)]
pub struct Evaluation<'a> {
    request: &'a Request,
    derived: Context,
    action: String,
    role_path_is_unknown: bool,
}

impl Keys for Evaluation<'_> {
    fn key(&self, lower_case_key: &str) -> &ContextValue {
        self.request
            .context
            .given(lower_case_key)
            .or_else(|| self.derived.given(lower_case_key))
            .unwrap_or(&ContextValue::Absent)
    }

    fn role_path_is_unknown(&self) -> bool {
        self.role_path_is_unknown
    }
}

impl<'a> Evaluation<'a> {
    /// Prepares a request.
    #[must_use]
    pub fn new(request: &'a Request) -> Self {
        Self::deriving(request, request.derived_context())
    }

    /// Prepares a request whose [`Request::derived_context`] is at hand: a search varies nothing that it depends on.
    #[must_use]
    pub fn deriving(request: &'a Request, derived: Context) -> Self {
        let is_session = match &request.principal {
            Principal::Arn(arn) => Arn::parse(arn).is_some_and(|arn| arn.role_session().is_some()),
            _ => false,
        };
        Self {
            request,
            derived,
            action: request.action.to_ascii_lowercase(),
            role_path_is_unknown: is_session && request.context.given("aws:principalarn").is_none(),
        }
    }

    /// The request that was prepared.
    #[must_use]
    pub fn request(&self) -> &'a Request {
        self.request
    }

    /// The action in lower case.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// What a document says of the request to this resource.
    #[must_use]
    pub fn ask(&self, document: &PolicyDocument, place: Place, resource: &str) -> Outcome {
        let mut outcome = Outcome { allow: Finding::NO, allow_directly: Tri::No, deny: Finding::NO };
        if let Some(why) = &document.defect {
            let doubt = Finding { value: Tri::Unknown, statement: None, doubt: Some(why.clone()) };
            return Outcome { allow: doubt.clone(), allow_directly: Tri::Unknown, deny: doubt };
        }
        for (index, statement) in document.statements.iter().enumerate() {
            let (applies, directly) = self.applies(statement, place, resource);
            if applies == Tri::No {
                continue;
            }
            let doubt = || Some(self.doubt(statement, index));
            match statement.effect {
                Some(Effect::Allow) => {
                    outcome.allow.raise(applies, index, doubt);
                    outcome.allow_directly = outcome.allow_directly.or(directly);
                }
                Some(Effect::Deny) => outcome.deny.raise(applies, index, doubt),
                None => {
                    outcome.allow.raise(Tri::Unknown, index, doubt);
                    outcome.allow_directly = outcome.allow_directly.or(Tri::Unknown);
                    outcome.deny.raise(Tri::Unknown, index, doubt);
                }
            }
        }
        outcome
    }

    /// Whether a statement applies to the request, and whether it names the principal itself.
    fn applies(&self, statement: &Statement, place: Place, resource: &str) -> (Tri, Tri) {
        if statement.defect.is_some() {
            return (Tri::Unknown, Tri::Unknown);
        }
        let mut rest = Tri::from(statement.action.covers(&self.action));
        if rest == Tri::No {
            return (Tri::No, Tri::No);
        }
        rest = rest.and(self.resource_matches(statement.resource.as_ref(), place, resource));
        if rest == Tri::No {
            return (Tri::No, Tri::No);
        }
        let principal = self.principal_matches(&statement.principal, place);
        rest = rest.and(condition::evaluate(&statement.conditions, self));
        (principal.listed.and(rest), principal.directly.and(rest))
    }

    fn resource_matches(&self, element: Option<&ResourceElement>, place: Place, resource: &str) -> Tri {
        let Some(element) = element else {
            // AWS refuses such a statement in every kind of policy that is read here.
            return Tri::Unknown;
        };
        let through_access_point = Arn::parse(resource).is_some_and(|arn| arn.is_access_point());
        let listed = Tri::any(element.patterns.iter().map(|pattern| {
            if element.negated && pattern.template().lacks_a_value(self) {
                return Tri::Unknown;
            }
            let matches = pattern.matches(resource, self);
            let about_access_points = pattern.template().source().contains(":accesspoint");
            let other_form = match place {
                Place::Bucket => through_access_point && !about_access_points,
                Place::AccessPoint => !through_access_point && about_access_points,
                Place::Endpoint | Place::Elsewhere => false,
            };
            // The request names the resource in another form than the policy: which bucket it is, is not known.
            if matches == Tri::No && other_form { Tri::Unknown } else { matches }
        }));
        if element.negated { !listed } else { listed }
    }

    fn principal_matches(&self, element: &PrincipalElement, place: Place) -> PrincipalMatch {
        match element {
            PrincipalElement::None => {
                // An endpoint or resource policy must name principals; AWS does not say what one without does.
                let value = match place {
                    Place::Elsewhere => Tri::Yes,
                    _ => Tri::Unknown,
                };
                PrincipalMatch { listed: value, directly: value }
            }
            PrincipalElement::Principal(list) => {
                let mut matched = list.matches(self.request, self);
                if place == Place::Endpoint && matched.directly != Tri::Yes && matched.listed == Tri::Yes {
                    // At a gateway endpoint an account stands for its root user alone, at an interface endpoint for
                    // the whole account (VPC user guide, "Principals for gateway endpoints").
                    let is_root = matches!(&self.request.principal, Principal::Arn(arn)
                        if Arn::parse(arn).is_some_and(|arn| arn.is_root()));
                    matched.listed = if is_root { Tri::Yes } else { Tri::Unknown };
                }
                matched
            }
            PrincipalElement::NotPrincipal(list) => {
                let value = !list.excludes(self.request, self);
                PrincipalMatch { listed: value, directly: value }
            }
        }
    }

    /// Why it is not certain whether a statement applies.
    fn doubt(&self, statement: &Statement, index: usize) -> String {
        let name = label(statement.sid.as_deref(), index);
        if let Some(why) = &statement.defect {
            return why.clone();
        }
        if let Some(why) = &statement.conditions.defect {
            return format!("{name}: {why}");
        }
        let mut unknown: Vec<&str> = statement
            .conditions
            .conditions
            .iter()
            .filter(|condition| *self.key(&condition.lower_case_key) == ContextValue::Unknown)
            .map(|condition| condition.key.as_str())
            .collect();
        unknown.dedup();
        if unknown.is_empty() {
            format!("{name} may or may not apply to this principal, resource or context")
        } else {
            format!("{name} depends on `{}`, which is not known", unknown.join("`, `"))
        }
    }

    /// Whether the principal is a service-linked role, which no service or resource control policy binds.
    #[must_use]
    pub fn is_service_linked_role(&self) -> Tri {
        const PATH: &str = ":role/aws-service-role/";
        let Principal::Arn(text) = &self.request.principal else {
            return Tri::No;
        };
        if text.contains(PATH) {
            return Tri::Yes;
        }
        let Some((role, _)) = Arn::parse(text).and_then(|arn| arn.role_session()) else {
            return Tri::No;
        };
        match self.request.context.given("aws:principalarn") {
            Some(value) => match value.single() {
                Some(arn) => Tri::from(arn.contains(PATH)),
                None => Tri::No,
            },
            // A session does not show the path of its role, and only the path makes it service-linked.
            None if role.starts_with("AWSServiceRoleFor") => Tri::Unknown,
            None => Tri::No,
        }
    }
}
