//! What stands against a request: denials anywhere, and layers that must allow but do not.

use std::borrow::Cow;
use std::fmt;

use crate::semantics::verdict::Tri;

use super::super::arn::Arn;
use super::super::context::ContextValue;
use super::super::document::{PolicyDocument, label};
use super::super::evaluation::{Evaluation, Finding, Outcome, Place};
use super::super::policy_set::{Part, PolicySet, SharedDocument};
use super::super::public::{Publicness, publicness};
use super::super::request::Principal;
use super::super::template::Keys as _;
use super::{Answer, Layer, StatementRef};

/// A request together with what each part of a policy set says of it.
pub(super) struct Asked<'a> {
    pub set: &'a PolicySet,
    pub evaluation: &'a Evaluation<'a>,
    pub bucket: Part<Outcome>,
    pub access_point: Part<Outcome>,
    pub identity: Part<Outcome>,
    /// Whether the principal belongs to the resource's account.
    pub same_account: Tri,
    obstacles: Vec<Answer>,
}

/// What the bucket owner's root user may always do, whatever the bucket policy says (S3 API reference,
/// *PutBucketPolicy*).
const ROOT_ALWAYS: [&str; 3] = ["s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"];

/// Whether the bucket owner's root user may always use an action, given in lower case.
pub(in crate::semantics::iam) fn is_root_always_allowed(action: &str) -> bool {
    ROOT_ALWAYS.contains(&action)
}

impl<'a> Asked<'a> {
    pub fn new(set: &'a PolicySet, evaluation: &'a Evaluation<'a>) -> Self {
        let mut asked = Self {
            set,
            evaluation,
            bucket: Part::NotAsked,
            access_point: Part::NotAsked,
            identity: Part::NotAsked,
            same_account: same_account(evaluation),
            obstacles: Vec::new(),
        };
        asked.ask_resource_control();
        asked.ask_service_control();
        asked.ask_endpoint();
        asked.ask_resource_policies();
        asked.ask_block_public_access();
        asked.ask_identity();
        asked
    }

    /// The first obstacle that stands so, in the order in which the layers are named to people.
    pub fn take_obstacle(&mut self, value: Tri) -> Option<Answer> {
        let index = self.obstacles.iter().position(|obstacle| obstacle.value == value)?;
        Some(self.obstacles.swap_remove(index))
    }

    /// Whether the principal is the root user of the resource's own account.
    pub fn is_owners_root(&self) -> bool {
        self.same_account == Tri::Yes && self.is_root()
    }

    /// Whether the principal is some account's root user, to whom nobody attaches policies.
    pub fn is_root(&self) -> bool {
        matches!(&self.evaluation.request().principal, Principal::Arn(arn)
            if Arn::parse(arn).is_some_and(|arn| arn.is_root()))
    }

    /// Whether the request is one that the bucket owner's root user may always make.
    pub fn is_always_allowed_to_root(&self) -> bool {
        is_root_always_allowed(self.evaluation.action()) && self.is_owners_root()
    }

    /// The forms in which the request names its resource: all of them must be allowed, and none denied.
    fn resources(&self) -> Vec<&'a str> {
        let request = self.evaluation.request();
        let mut resources = vec![request.resource.as_str()];
        resources.extend(request.access_point_resource.as_deref());
        resources
    }

    fn oppose(
        &mut self,
        value: Tri,
        layer: Layer,
        reason: impl Into<Cow<'static, str>>,
        statement: Option<StatementRef>,
    ) {
        if value != Tri::No {
            self.obstacles.push(Answer { value, layer, reason: reason.into(), statement });
        }
    }

    fn oppose_denial(&mut self, finding: &Finding, source: &Source<'_>, unless: Tri) {
        let value = finding.value.and(!unless);
        if value == Tri::No {
            return;
        }
        let statement = source.statement(finding);
        let by = statement_name(statement.as_ref(), finding);
        let reason = match value {
            Tri::Yes => format!("denied by {by} of {}", source.layer),
            _ => match &finding.doubt {
                Some(doubt) => format!("{} may deny it: {doubt}", source.layer),
                None => format!("{by} of {} may deny it, unless the role is service-linked", source.layer),
            },
        };
        self.oppose(value, source.layer, reason, statement);
    }

    fn oppose_unreadable(&mut self, layer: Layer, why: &str) {
        let reason = format!("{layer} could not be read: {why}");
        self.oppose(Tri::Unknown, layer, reason, None);
    }

    fn ask_resource_control(&mut self) {
        let layer = Layer::ResourceControlPolicy;
        let exempt = self.evaluation.is_service_linked_role();
        match &self.set.resource_control {
            Part::NotAsked => {}
            Part::Unreadable(why) if exempt != Tri::Yes => self.oppose_unreadable(layer, why),
            Part::Unreadable(_) => {}
            Part::Known(levels) => {
                for (level, documents) in levels.iter().enumerate() {
                    for (index, document) in documents.iter().enumerate() {
                        let source = Source::new(layer, document, Pointer::Level("/rcp", level, index));
                        let outcome = self.ask(document, Place::Elsewhere, &self.resources());
                        self.oppose_denial(&outcome.deny, &source, exempt);
                    }
                }
            }
        }
    }

    fn ask_service_control(&mut self) {
        let layer = Layer::ServiceControlPolicy;
        let binds = match self.evaluation.request().principal {
            Principal::Service(_) | Principal::Anonymous => Tri::No,
            _ => !self.evaluation.is_service_linked_role(),
        };
        if binds == Tri::No {
            return;
        }
        match &self.set.service_control {
            Part::NotAsked => {}
            Part::Unreadable(why) => self.oppose_unreadable(layer, why),
            Part::Known(levels) => {
                for (level, documents) in levels.iter().enumerate() {
                    self.ask_service_control_level(level, documents, binds);
                }
            }
        }
    }

    fn ask_service_control_level(&mut self, level: usize, documents: &'a [SharedDocument], binds: Tri) {
        let layer = Layer::ServiceControlPolicy;
        let mut allowed = Tri::No;
        let mut doubt = None;
        for (index, document) in documents.iter().enumerate() {
            let source = Source::new(layer, document, Pointer::Level("/scp", level, index));
            let outcome = self.ask(document, Place::Elsewhere, &self.resources());
            self.oppose_denial(&outcome.deny, &source, !binds);
            allowed = allowed.or(outcome.allow.value);
            doubt = doubt.or(outcome.allow.doubt);
        }
        let (value, reason) = match allowed {
            _ if documents.is_empty() => (
                Tri::Unknown,
                format!("no service control policy is known at level {level}, where AWS demands one"),
            ),
            Tri::Yes => return,
            Tri::No => (Tri::Yes, format!("no service control policy at level {level} allows it")),
            Tri::Unknown => (
                Tri::Unknown,
                format!(
                    "the service control policies at level {level} may not allow it: {}",
                    doubt.unwrap_or_default()
                ),
            ),
        };
        self.oppose(value.and(binds), layer, reason, None);
    }

    fn ask_endpoint(&mut self) {
        let layer = Layer::Endpoint;
        match &self.set.endpoint {
            Part::NotAsked => {}
            Part::Unreadable(why) => self.oppose_unreadable(layer, why),
            Part::Known(document) => {
                let source = Source::new(layer, document, Pointer::of(layer));
                let outcome = self.ask(document, Place::Endpoint, &self.resources());
                self.oppose_denial(&outcome.deny, &source, Tri::No);
                match outcome.allow.value {
                    Tri::Yes => {}
                    Tri::No => self.oppose(Tri::Yes, layer, "the endpoint policy does not allow it", None),
                    Tri::Unknown => {
                        let statement = source.statement(&outcome.allow);
                        let reason = format!(
                            "the endpoint policy may not allow it: {}",
                            outcome.allow.doubt.unwrap_or_default()
                        );
                        self.oppose(Tri::Unknown, layer, reason, statement);
                    }
                }
            }
        }
    }

    fn ask_resource_policies(&mut self) {
        let request = self.evaluation.request();
        let root = Tri::from(self.is_always_allowed_to_root());
        let through = match &request.access_point_resource {
            Some(resource) => resource.as_str(),
            None => request.resource.as_str(),
        };
        self.access_point = self.ask_resource_policy(
            &self.set.access_point,
            Layer::AccessPoint,
            Place::AccessPoint,
            through,
            Tri::No,
        );
        self.bucket = self.ask_resource_policy(
            &self.set.resource,
            Layer::BucketPolicy,
            Place::Bucket,
            request.resource.as_str(),
            root,
        );
    }

    fn ask_resource_policy(
        &mut self,
        part: &'a Part<SharedDocument>,
        layer: Layer,
        place: Place,
        resource: &str,
        exempt: Tri,
    ) -> Part<Outcome> {
        match part {
            Part::NotAsked => Part::NotAsked,
            Part::Unreadable(why) => {
                if exempt != Tri::Yes {
                    self.oppose_unreadable(layer, why);
                }
                Part::Unreadable(why.clone())
            }
            Part::Known(document) => {
                let outcome = self.evaluation.ask(document, place, resource);
                let source = Source::new(layer, document, Pointer::of(layer));
                self.oppose_denial(&outcome.deny, &source, exempt);
                Part::Known(outcome)
            }
        }
    }

    /// With `RestrictPublicBuckets`, a public policy serves only the owner's account and AWS services.
    fn ask_block_public_access(&mut self) {
        let layer = Layer::BlockPublicAccess;
        let outsider = match self.evaluation.request().principal {
            Principal::Service(_) => Tri::No,
            _ => !self.same_account,
        };
        let restricts = match &self.set.block_public_access {
            Part::NotAsked => return,
            Part::Known(settings) => Tri::from(settings.restrict_public_buckets),
            Part::Unreadable(_) => Tri::Unknown,
        };
        let concerned = outsider.and(restricts);
        if concerned == Tri::No {
            return;
        }
        let public = self.policy_is_public(&self.set.resource).or(
            // An access point that only a VPC reaches is never public.
            self.policy_is_public(&self.set.access_point).and(!self.access_point_is_private()),
        );
        let value = concerned.and(public);
        let reason = match value {
            Tri::Yes => "Block Public Access keeps a bucket with a public policy to its own account",
            _ => "Block Public Access may keep the bucket to its own account",
        };
        self.oppose(value, layer, reason, None);
    }

    fn policy_is_public(&self, part: &Part<SharedDocument>) -> Tri {
        match part {
            Part::NotAsked => Tri::No,
            Part::Unreadable(_) => Tri::Unknown,
            Part::Known(document) => match publicness(document).0 {
                Publicness::Public => Tri::Yes,
                Publicness::NotPublic => Tri::No,
                Publicness::PublicByDefinition | Publicness::Unknown => Tri::Unknown,
            },
        }
    }

    fn access_point_is_private(&self) -> Tri {
        match self.evaluation.key("s3:accesspointnetworkorigin") {
            ContextValue::Known(values) => {
                Tri::from(values.iter().any(|value| value.eq_ignore_ascii_case("vpc")))
            }
            ContextValue::Unknown => Tri::Unknown,
            ContextValue::Absent => Tri::No,
        }
    }

    fn ask_identity(&mut self) {
        let layer = Layer::Identity;
        let unsigned =
            matches!(self.evaluation.request().principal, Principal::Anonymous | Principal::Service(_));
        if unsigned || self.is_owners_root() {
            return;
        }
        self.identity = match &self.set.identity {
            Part::NotAsked => Part::NotAsked,
            Part::Unreadable(why) => {
                self.oppose_unreadable(layer, why);
                Part::Unreadable(why.clone())
            }
            Part::Known(documents) => {
                let mut total: Option<Outcome> = None;
                for (index, document) in documents.iter().enumerate() {
                    let source = Source::new(layer, document, Pointer::Listed("/identity", index));
                    let outcome = self.ask(document, Place::Elsewhere, &self.resources());
                    self.oppose_denial(&outcome.deny, &source, Tri::No);
                    total = Some(match total {
                        Some(total) if total.allow.value.or(outcome.allow.value) == total.allow.value => {
                            total
                        }
                        _ => outcome,
                    });
                }
                let nothing = || self.evaluation.ask(&PolicyDocument::empty(), Place::Elsewhere, "");
                Part::Known(total.unwrap_or_else(nothing))
            }
        };
    }

    /// What a document says of all of these resources together.
    fn ask(&self, document: &PolicyDocument, place: Place, resources: &[&str]) -> Outcome {
        let mut outcomes = resources.iter().map(|resource| self.evaluation.ask(document, place, resource));
        let first = outcomes.next().unwrap_or_else(|| self.evaluation.ask(document, place, ""));
        outcomes.fold(first, |total, next| Outcome {
            allow: if total.allow.value.and(next.allow.value) == total.allow.value {
                total.allow
            } else {
                next.allow
            },
            allow_directly: total.allow_directly.and(next.allow_directly),
            deny: if total.deny.value.or(next.deny.value) == total.deny.value {
                total.deny
            } else {
                next.deny
            },
        })
    }
}

fn same_account(evaluation: &Evaluation<'_>) -> Tri {
    let request = evaluation.request();
    match &request.principal {
        Principal::Service(_) | Principal::Anonymous => Tri::No,
        Principal::CanonicalUser(_) => Tri::Unknown,
        principal => match (principal.account(), request.resource_owner()) {
            (Some(a), Some(b)) => Tri::from(a == b),
            _ => Tri::Unknown,
        },
    }
}

/// Where a document stands in the `policies` of `exfilguard eval policy`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pointer {
    /// The part's single document.
    Single(&'static str),
    /// One of a list.
    Listed(&'static str, usize),
    /// One of a level.
    Level(&'static str, usize, usize),
}

impl Pointer {
    /// That of a layer with a single document.
    pub fn of(layer: Layer) -> Self {
        Self::Single(match layer {
            Layer::AccessPoint => "/access_point",
            Layer::Endpoint => "/endpoint",
            _ => "/resource",
        })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single(part) => f.write_str(part),
            Self::Listed(part, index) => write!(f, "{part}/{index}"),
            Self::Level(part, level, index) => write!(f, "{part}/{level}/{index}"),
        }
    }
}

/// A document and where it stands.
pub(super) struct Source<'a> {
    layer: Layer,
    document: &'a PolicyDocument,
    pointer: Pointer,
}

impl<'a> Source<'a> {
    pub fn new(layer: Layer, document: &'a PolicyDocument, pointer: Pointer) -> Self {
        Self { layer, document, pointer }
    }

    pub fn statement(&self, finding: &Finding) -> Option<StatementRef> {
        let index = finding.statement?;
        Some(StatementRef {
            layer: self.layer,
            pointer: format!("{}{}", self.pointer, self.document.pointer(index)),
            sid: self.document.statements.get(index).and_then(|statement| statement.sid.clone()),
        })
    }
}

fn statement_name(statement: Option<&StatementRef>, finding: &Finding) -> String {
    match finding.statement {
        Some(index) => label(statement.and_then(|s| s.sid.as_deref()), index),
        None => "a statement".to_owned(),
    }
}
