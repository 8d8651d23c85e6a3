//! The search for a variant of a request that is allowed.

use std::sync::Arc;

use crate::semantics::verdict::{Tri, Verdict};

use super::super::context::{Context, ContextValue, Key};
use super::super::decision::{Decision, decide_prepared};
use super::super::document::label;
use super::super::evaluation::{Evaluation, Place};
use super::super::policy_set::PolicySet;
use super::super::request::Request;

/// How many requests may be decided for one probe before the search gives up without an answer.
const BUDGET: usize = 4_000;

/// What is set for each key of a dimension.
pub(super) type Alternative = Arc<[(Arc<Key>, ContextValue)]>;

/// One thing about a request that may be otherwise.
#[derive(Debug, Clone)]
pub(super) struct Dimension {
    /// The ways it may be; each sets all of the dimension's keys. Shared by the probes of an actor, which are many.
    pub alternatives: Arc<[Alternative]>,
    /// Whether there is no other way. Else the keys may have values that nobody thought of.
    pub exhaustive: bool,
}

impl Dimension {
    /// The dimension's keys: those of any alternative.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.alternatives.first().into_iter().flat_map(|keys| keys.iter()).map(|(key, _)| key)
    }
}

/// A request with what may vary in it, and how to tell people of it.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    pub request: Request,
    /// What follows from the request, whatever varies: its [`Request::derived_context`].
    pub derived: Context,
    pub dimensions: Arc<[Dimension]>,
    /// The request's context with everything open that varies.
    open: Context,
    /// Who asks, for example ``by `arn:…` ``.
    pub label: String,
}

impl Probe {
    /// A request with these dimensions; `derived` is what follows from it.
    pub fn new(request: Request, derived: Context, dimensions: Vec<Dimension>, label: String) -> Self {
        let mut open = request.context.clone();
        for key in dimensions.iter().flat_map(Dimension::keys) {
            open.set_key(Arc::clone(key), ContextValue::Unknown);
        }
        Self { request, derived, dimensions: dimensions.into(), open, label }
    }

    /// The same for another action on another resource of the same owner. Neither is an access point, so that nothing
    /// else is otherwise.
    pub fn asking(&self, action: &str, resource: String) -> Self {
        let mut probe = self.clone();
        action.clone_into(&mut probe.request.action);
        probe.request.resource = resource;
        probe
    }

    /// The same request as it is made through an access point, which it names so.
    pub fn through(mut self, access_point_resource: String) -> Self {
        self.request.access_point_resource = Some(access_point_resource);
        self.derived = self.request.derived_context();
        self
    }
}

/// What the search found.
#[derive(Debug, Clone)]
pub(super) enum Found {
    /// This variant is allowed.
    Allowed(Box<Request>, Box<Decision>),
    /// Every variant is refused.
    Refused(Box<Decision>),
    /// Neither was shown.
    Unsure(Box<Request>, Box<Decision>),
}

/// Searches the variants of a probe for one that is allowed.
pub(super) fn search(set: &PolicySet, probe: &Probe) -> Found {
    let request = Request { context: probe.open.clone(), ..probe.request.clone() };
    Search { set, derived: &probe.derived, request, budget: BUDGET }.descend(&probe.dimensions)
}

struct Search<'a> {
    set: &'a PolicySet,
    derived: &'a Context,
    /// As far as it is fixed.
    request: Request,
    /// How many requests may still be decided.
    budget: usize,
}

impl Search<'_> {
    /// Fixes one dimension after the other. As long as a dimension is open, its keys are unknown, so that a certain answer
    /// holds for every value. The request is left as it was.
    fn descend(&mut self, dimensions: &[Dimension]) -> Found {
        let evaluation = Evaluation::deriving(&self.request, self.derived.clone());
        let decision = Box::new(decide_prepared(self.set, &evaluation));
        if decision.value == Tri::No {
            return Found::Refused(decision);
        }
        let found = |request: &Request, decision| Found::Unsure(Box::new(request.clone()), decision);
        let Some((dimension, rest)) = dimensions.split_first() else {
            return match decision.value {
                Tri::Yes => Found::Allowed(Box::new(self.request.clone()), decision),
                _ => found(&self.request, decision),
            };
        };
        let mut unsure = None;
        let mut refused = None;
        let open = self.request.context.clone();
        for alternative in dimension.alternatives.iter() {
            if self.budget == 0 {
                return found(&self.request, decision);
            }
            self.budget -= 1;
            for (key, value) in alternative.iter() {
                self.request.context.set_key(Arc::clone(key), value.clone());
            }
            let descended = self.descend(rest);
            self.request.context = open.clone();
            match descended {
                found @ Found::Allowed(..) => return found,
                found @ Found::Unsure(..) => _ = unsure.get_or_insert(found),
                found @ Found::Refused(_) => _ = refused.get_or_insert(found),
            }
        }
        match (unsure, refused) {
            (Some(unsure), _) => unsure,
            (None, Some(refused)) if dimension.exhaustive => refused,
            _ => found(&self.request, decision),
        }
    }
}

/// Whether every probe is refused in every variant. `covered` says whether the probes stand for all requests of their
/// kind; if not, a yes cannot be certain.
pub(super) fn all_refused(
    set: &PolicySet,
    probes: impl IntoIterator<Item = Probe>,
    covered: bool,
) -> Verdict {
    let mut doubt: Option<Verdict> = None;
    let mut refusal: Option<String> = None;
    for probe in probes {
        match search(set, &probe) {
            Found::Allowed(request, decision) => {
                let reason = format!(
                    "`{}` on `{}` {}{} is allowed: {}",
                    request.action,
                    request.resource,
                    probe.label,
                    place_of(&request),
                    allowed_by(set, &request).unwrap_or(decision.reason)
                );
                return Verdict::no(reason).with_witness(request.to_json());
            }
            Found::Unsure(request, decision) => {
                let reason = format!(
                    "`{}` on `{}` {}{} may be allowed: {}",
                    request.action,
                    request.resource,
                    probe.label,
                    place_of(&request),
                    decision.reason
                );
                doubt.get_or_insert_with(|| Verdict::unknown(reason).with_witness(request.to_json()));
            }
            Found::Refused(decision) => _ = refusal.get_or_insert(decision.reason),
        }
    }
    match (doubt, refusal) {
        (Some(doubt), _) => doubt,
        (None, _) if !covered => {
            Verdict::unknown("the policies name more resources or networks than can be tried")
        }
        (None, Some(reason)) => Verdict::yes(format!("every such request is refused: {reason}")),
        (None, None) => Verdict::unknown("there is no request to try"),
    }
}

/// Which statement of the endpoint's policy allows the request, if an endpoint is all that was asked.
fn allowed_by(set: &PolicySet, request: &Request) -> Option<String> {
    let document = set.endpoint.known()?;
    let outcome = Evaluation::new(request).ask(document, Place::Endpoint, &request.resource);
    let index = outcome.allow.statement?;
    let sid = document.statements.get(index)?.sid.as_deref();
    Some(format!("allowed by {} of the endpoint policy", label(sid, index)))
}

/// Where a request comes from, as people read it; empty if that is left open.
pub(super) fn place_of(request: &Request) -> String {
    let known = |key: &str| request.context.given(key).and_then(ContextValue::single);
    match (known("aws:sourceip"), known("aws:sourcevpce"), known("aws:vpceaccount")) {
        (Some(address), _, _) => format!(" from the internet address {address}"),
        (None, Some(endpoint), Some(account)) => {
            format!(" through VPC endpoint `{endpoint}` of account {account}")
        }
        (None, Some(endpoint), None) => format!(" through VPC endpoint `{endpoint}`"),
        _ => String::new(),
    }
}
