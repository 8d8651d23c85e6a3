//! What speaks for a request: the grant that it needs, which depends on whose principal asks.

use crate::semantics::verdict::Tri;

use super::super::document::label;
use super::super::evaluation::Outcome;
use super::super::policy_set::Part;
use super::super::request::Principal;
use super::gates::{Asked, Pointer, Source};
use super::{Answer, Layer};

/// Whether the request is granted, and whether that rests on assumed permissions of the principal.
pub(super) fn grant(asked: &Asked<'_>) -> (Answer, bool) {
    if asked.is_always_allowed_to_root() {
        let reason = "the root user of the bucket's account may always read and change its policy";
        return (Answer::new(Tri::Yes, Layer::Implicit, reason), false);
    }
    match asked.evaluation.request().principal {
        Principal::Anonymous | Principal::Service(_) => (by_resource(asked), false),
        _ => {
            let assumed = asked.identity == Part::NotAsked;
            let grant = match asked.same_account {
                Tri::Yes => in_same_account(asked),
                Tri::No => across_accounts(asked),
                Tri::Unknown => {
                    let (same, across) = (in_same_account(asked), across_accounts(asked));
                    if same.value == across.value {
                        same
                    } else {
                        Answer::new(
                            Tri::Unknown,
                            Layer::Implicit,
                            "it depends on whether the principal belongs to the resource's account, which is not known",
                        )
                    }
                }
            };
            (grant, assumed)
        }
    }
}

/// The principal's own policies or the resource's policy grant it; either is enough.
fn in_same_account(asked: &Asked<'_>) -> Answer {
    let identity = by_identity(asked);
    if identity.value == Tri::Yes {
        return identity;
    }
    let directly = |part: &Part<Outcome>| match part {
        Part::Known(outcome) => outcome.allow_directly,
        Part::Unreadable(_) => Tri::Unknown,
        Part::NotAsked => Tri::No,
    };
    let resource = match asked.access_point {
        Part::NotAsked => directly(&asked.bucket),
        ref point => directly(point).and(directly(&asked.bucket)),
    };
    match resource {
        Tri::Yes => by_resource(asked),
        Tri::No => identity,
        Tri::Unknown if identity.value == Tri::Unknown => identity,
        Tri::Unknown => {
            let mut answer = by_resource(asked);
            answer.value = Tri::Unknown;
            answer
        }
    }
}

/// The resource's policy and the principal's own policies must both grant it.
fn across_accounts(asked: &Asked<'_>) -> Answer {
    let resource = by_resource(asked);
    let identity = by_identity(asked);
    match resource.value.and(identity.value) {
        Tri::No if resource.value == Tri::No => resource,
        Tri::No => identity,
        Tri::Unknown if resource.value == Tri::Unknown => resource,
        Tri::Unknown => identity,
        Tri::Yes => resource,
    }
}

fn by_identity(asked: &Asked<'_>) -> Answer {
    if asked.is_owners_root() {
        return Answer::new(Tri::Yes, Layer::Identity, "the root user holds every permission in its account");
    }
    match &asked.identity {
        Part::NotAsked => Answer::new(
            Tri::Yes,
            Layer::Identity,
            "nothing denies it, and the principal's own permissions are assumed",
        ),
        Part::Unreadable(why) => Answer::new(
            Tri::Unknown,
            Layer::Identity,
            format!("the identity policies could not be read: {why}"),
        ),
        Part::Known(outcome) => match outcome.allow.value {
            Tri::Yes => Answer::new(Tri::Yes, Layer::Identity, "allowed by the identity policy"),
            // IAM documents that a root user holds every permission in its own account, and no more.
            Tri::No if asked.is_root() => Answer::new(
                Tri::Unknown,
                Layer::Identity,
                "what a root user may do in another account without a policy is not documented",
            ),
            Tri::No => Answer::new(Tri::No, Layer::Implicit, "no policy of the principal allows it"),
            Tri::Unknown => Answer::new(
                Tri::Unknown,
                Layer::Identity,
                format!(
                    "the identity policy may not allow it: {}",
                    outcome.allow.doubt.as_deref().unwrap_or_default()
                ),
            ),
        },
    }
}

/// The bucket's policy or its access control list; and the access point's policy too, if the request goes through one,
/// which opens nothing that the bucket does not, and the other way round.
fn by_resource(asked: &Asked<'_>) -> Answer {
    let policy = by_policy(asked, Layer::BucketPolicy);
    let list = by_acl(asked);
    let bucket = if policy.value.or(list.value) == policy.value { policy } else { list };
    match asked.access_point {
        Part::NotAsked => bucket,
        _ => {
            let point = by_policy(asked, Layer::AccessPoint);
            if point.value.and(bucket.value) == point.value { point } else { bucket }
        }
    }
}

fn by_policy(asked: &Asked<'_>, layer: Layer) -> Answer {
    let (outcome, document) = match layer {
        Layer::AccessPoint => (&asked.access_point, &asked.set.access_point),
        _ => (&asked.bucket, &asked.set.resource),
    };
    match outcome {
        Part::NotAsked => {
            Answer::new(Tri::Yes, layer, "nothing denies it, and the resource's own policy was not asked")
        }
        Part::Unreadable(why) => {
            Answer::new(Tri::Unknown, layer, format!("{layer} could not be read: {why}"))
        }
        Part::Known(outcome) => {
            let statement = document.known().and_then(|document| {
                Source::new(layer, document, Pointer::of(layer)).statement(&outcome.allow)
            });
            let reason = match outcome.allow.value {
                Tri::Yes => {
                    let sid = statement.as_ref().and_then(|s| s.sid.as_deref());
                    let name = label(sid, outcome.allow.statement.unwrap_or_default());
                    format!("allowed by {name} of {layer}")
                }
                Tri::No => format!("no statement of {layer} allows it"),
                Tri::Unknown => {
                    let doubt = outcome.allow.doubt.as_deref().unwrap_or_default();
                    format!("{layer} may or may not allow it: {doubt}")
                }
            };
            let layer = match outcome.allow.value {
                Tri::No => Layer::Implicit,
                _ => layer,
            };
            Answer { value: outcome.allow.value, layer, reason: reason.into(), statement }
        }
    }
}

fn by_acl(asked: &Asked<'_>) -> Answer {
    let layer = Layer::AccessControlList;
    let ignore_public = match &asked.set.block_public_access {
        Part::NotAsked => Tri::No,
        Part::Known(settings) => Tri::from(settings.ignore_public_acls),
        Part::Unreadable(_) => Tri::Unknown,
    };
    match &asked.set.acl {
        Part::NotAsked => Answer::new(Tri::No, layer, "no access control list grants it"),
        Part::Unreadable(why) => {
            Answer::new(Tri::Unknown, layer, format!("{layer} could not be read: {why}"))
        }
        Part::Known(acl) => {
            let value = acl.allows(asked.evaluation.request(), asked.evaluation.action(), ignore_public);
            let reason = match value {
                Tri::Yes => "granted by the bucket's access control list",
                Tri::No => "no access control list grants it",
                Tri::Unknown => "an access control list, of the bucket or of an object, may grant it",
            };
            Answer::new(value, layer, reason)
        }
    }
}
