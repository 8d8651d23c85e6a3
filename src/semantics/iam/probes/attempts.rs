//! Single requests of a thief, for the simulation (`aws-semantics.md` 8): is this one refused, whatever he chooses?

use std::collections::BTreeSet;

use crate::semantics::verdict::Verdict;

use super::super::arn::is_account_id;
use super::super::context::ContextValue;
use super::super::policy_set::{Part, PolicySet};
use super::actions::is_object_action;
use super::buckets::{Bucket, endpoint_of, own_endpoint};
use super::named::Named;
use super::scene::{Actor, Place, Target, anonymous, insider, known_or_absent, own_target, probe, strangers};
use super::search::all_refused;
use super::{FOREIGN_ORGANIZATION, Perimeter};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// A principal of the bucket's account, whose credentials were stolen.
    Own,
    /// A principal of an account outside the organization that is not trusted.
    Outsider,
    /// Nobody: the request is not signed.
    Anonymous,
}

/// From which network a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// An internet address outside the trusted networks.
    Internet,
    /// A VPC endpoint of somebody else.
    ForeignEndpoint,
    /// A VPC endpoint of the organization.
    OwnEndpoint,
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aim {
    /// The bucket with this name, or its objects.
    Bucket(String),
    /// A bucket of somebody outside the organization, or its objects.
    ForeignBucket,
    /// A resource of the account with this ARN, or `*`.
    Account(String),
}

/// A request of a thief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// The IAM action.
    pub action: &'a str,
    /// Who asks.
    pub party: Party,
    /// From where.
    pub route: Route,
    /// For what.
    pub aim: Aim,
    /// Whether the signature stands in the URL.
    pub presigned: bool,
}

/// Whether the request is refused in every variant that the thief may choose, whatever the principal's own permissions
/// are. `No` has the request that is allowed as its witness.
#[must_use]
pub fn attempt_refused(attempt: &Attempt<'_>, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    match &attempt.aim {
        Aim::Bucket(name) => on_bucket(attempt, name, set, perimeter),
        Aim::ForeignBucket => on_foreign_bucket(attempt, set, perimeter),
        Aim::Account(resource) => on_account(attempt, resource, set, perimeter),
    }
}

/// Whether a KMS key's policy, the resource policy of `set`, refuses everybody outside the organization who is not
/// trusted: decryption with the key, and grants that allow it. `No` has the request that is allowed as its witness.
#[must_use]
pub fn key_denies_outsiders(key_arn: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let named = Named::of(set);
    let target = own_target(perimeter, key_arn.to_owned());
    let (places, covered) = places(Route::Internet, &named, perimeter);
    let mut probes = Vec::new();
    for actor in outsiders(perimeter, &named) {
        let account = actor.principal.account().unwrap_or_default().to_owned();
        // Who calls is a fact that KMS states, not something the caller chooses.
        let fixed = [("kms:CallerAccount", ContextValue::one(account))];
        for action in ["kms:Decrypt", "kms:CreateGrant"] {
            probes.push(probe(&named, &actor, &places, action, &target, &fixed));
        }
    }
    let set = PolicySet { service_control: Part::NotAsked, identity: Part::NotAsked, ..set.clone() };
    perimeter.doubt(all_refused(&set, probes, covered), &named)
}

/// The account id of the thief: one that no policy names and nobody trusts.
#[must_use]
pub fn outsider_account(set: &PolicySet, perimeter: &Perimeter) -> String {
    perimeter.stranger(&Named::of(set))
}

fn on_bucket(attempt: &Attempt<'_>, name: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(name, set, perimeter);
    let actors = match attempt.party {
        Party::Own => own_principals(perimeter),
        Party::Outsider => outsiders(perimeter, &bucket.named),
        Party::Anonymous => vec![anonymous()],
    };
    let (places, covered) = match attempt.route {
        Route::Internet => {
            let tried = bucket.internet();
            (tried.values, tried.complete)
        }
        Route::ForeignEndpoint => (bucket.foreign_endpoints(), true),
        Route::OwnEndpoint => (vec![own_endpoint(perimeter)], true),
    };
    let fixed = signature(attempt);
    let verdict = bucket.refuses(&actors, &places, [attempt.action], &fixed, covered);
    perimeter.doubt(verdict, &bucket.named)
}

/// A session of a role, and a user.
fn own_principals(perimeter: &Perimeter) -> Vec<Actor> {
    let own = &perimeter.account;
    let user = format!("arn:{}:iam::{own}:user/exfilguard-probe", perimeter.partition());
    vec![insider(perimeter, own, None), insider(perimeter, own, Some(&user))]
}

/// An arbitrary account outside, and those that the policies name without that anybody trusts them.
fn outsiders(perimeter: &Perimeter, named: &Named<'_>) -> Vec<Actor> {
    let stranger = perimeter.stranger(named);
    let listed = named.accounts().iter();
    let listed = listed.filter(|account| is_account_id(account) && perimeter.is_foreign_account(account));
    std::iter::once(stranger)
        .chain(listed.take(16).cloned())
        .flat_map(|account| strangers(perimeter, named, &account))
        .collect()
}

fn signature(attempt: &Attempt<'_>) -> Vec<(&'static str, ContextValue)> {
    if attempt.presigned {
        // The thief uses the URL at once.
        let query = ContextValue::one("REST-QUERY-STRING");
        vec![("s3:authType", query), ("s3:signatureAge", ContextValue::one("1000"))]
    } else {
        Vec::new()
    }
}

/// The thief's own bucket admits whom he wants: only what binds the principal or the network is asked.
fn on_foreign_bucket(attempt: &Attempt<'_>, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let service_control = match attempt.party {
        Party::Own => set.service_control.clone(),
        Party::Outsider | Party::Anonymous => Part::NotAsked,
    };
    let endpoint = match attempt.route {
        Route::OwnEndpoint => set.endpoint.clone(),
        Route::Internet | Route::ForeignEndpoint => Part::NotAsked,
    };
    let binding = PolicySet { service_control, endpoint, ..PolicySet::default() };
    let named = Named::of(&binding);
    let stranger = perimeter.stranger(&named);
    let actors = match attempt.party {
        Party::Own => own_principals(perimeter),
        Party::Outsider => strangers(perimeter, &named, &stranger),
        Party::Anonymous => vec![anonymous()],
    };
    let name = format!("arn:{}:s3:::exfilguard-probe-attacker", perimeter.partition());
    let resource = if is_object_action(attempt.action) { format!("{name}/exfilguard-probe") } else { name };
    let (places, covered) = places(attempt.route, &named, perimeter);
    let targets: Vec<Target> = [None, Some(FOREIGN_ORGANIZATION)]
        .into_iter()
        .map(|organization| Target {
            resource: resource.clone(),
            account: stranger.clone(),
            organization: known_or_absent(organization),
            paths: known_or_absent(organization.map(|id| format!("{id}/r-prob/ou-prob/")).as_deref()),
            attackers: true,
        })
        .collect();
    let fixed = signature(attempt);
    let probes = actors.iter().flat_map(|actor| {
        targets
            .iter()
            .map(|target| probe(&named, actor, &places, attempt.action, target, &fixed))
            .collect::<Vec<_>>()
    });
    let verdict = all_refused(&binding, probes, covered);
    perimeter.doubt(verdict, &named)
}

/// A call on the account itself: only service control policies bind it.
fn on_account(attempt: &Attempt<'_>, resource: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let binding = PolicySet { service_control: set.service_control.clone(), ..PolicySet::default() };
    let named = Named::of(&binding);
    let (places, covered) = places(attempt.route, &named, perimeter);
    let target = own_target(perimeter, resource.to_owned());
    let actors = own_principals(perimeter);
    let probes = actors.iter().map(|actor| probe(&named, actor, &places, attempt.action, &target, &[]));
    all_refused(&binding, probes, covered)
}

fn places(route: Route, named: &Named<'_>, perimeter: &Perimeter) -> (Vec<Place>, bool) {
    match route {
        Route::Internet => {
            let tried =
                named.addresses(|address| !perimeter.trusts_address(address), &perimeter.trusted_networks);
            (tried.values.into_iter().map(super::scene::internet).collect(), tried.complete)
        }
        Route::ForeignEndpoint => {
            let stranger = perimeter.stranger(named);
            let organizations: BTreeSet<Option<&str>> = BTreeSet::from([None, Some(FOREIGN_ORGANIZATION)]);
            (organizations.into_iter().map(|id| endpoint_of(&stranger, id)).collect(), true)
        }
        Route::OwnEndpoint => (vec![own_endpoint(perimeter)], true),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::semantics::iam::PolicyDocument;
    use crate::semantics::verdict::Tri;
    use std::sync::Arc;

    const OWN: &str = "111122223333";

    fn perimeter() -> Perimeter {
        Perimeter {
            account: OWN.into(),
            organization: Some("o-own".into()),
            organization_accounts: Arc::new(BTreeSet::from([OWN.into()])),
            trusted_networks: vec!["203.0.113.0/24".parse().unwrap()],
            ..Perimeter::default()
        }
    }

    fn document(statements: &str) -> Arc<PolicyDocument> {
        Arc::new(
            PolicyDocument::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#))
                .unwrap(),
        )
    }

    fn bucket(statements: &str) -> PolicySet {
        PolicySet { resource: Part::Known(document(statements)), ..PolicySet::default() }
    }

    fn guardrail(statements: &str) -> PolicySet {
        let allow = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
        let level = vec![document(allow), document(statements)];
        PolicySet {
            resource: Part::Known(Arc::new(PolicyDocument::empty())),
            service_control: Part::Known(vec![level]),
            ..PolicySet::default()
        }
    }

    fn attempt(action: &str, party: Party, route: Route, aim: Aim) -> Attempt<'_> {
        Attempt { action, party, route, aim, presigned: false }
    }

    fn refused(attempt: &Attempt<'_>, set: &PolicySet) -> Tri {
        attempt_refused(attempt, set, &perimeter()).value
    }

    #[test]
    fn a_network_perimeter_refuses_the_stolen_key_outside_and_only_there() {
        let set = bucket(
            r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
                "Condition": {"NotIpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}, "StringNotEqualsIfExists": {"aws:VpceOrgID": "o-own"}}}"#,
        );
        let of = |route| attempt("s3:GetObject", Party::Own, route, Aim::Bucket("b".into()));
        assert_eq!(refused(&of(Route::Internet), &set), Tri::Yes);
        assert_eq!(refused(&of(Route::ForeignEndpoint), &set), Tri::Yes);
        assert_eq!(refused(&of(Route::OwnEndpoint), &set), Tri::No);
        let open = bucket(
            r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"}"#,
        );
        assert_eq!(refused(&of(Route::Internet), &open), Tri::No);
    }

    #[test]
    fn an_outsider_who_is_named_is_let_in_and_nobody_else() {
        let set = bucket(
            r#"{"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}"#,
        );
        let of = |party| attempt("s3:GetObject", party, Route::Internet, Aim::Bucket("b".into()));
        assert_eq!(refused(&of(Party::Outsider), &set), Tri::No);
        assert_eq!(refused(&of(Party::Anonymous), &set), Tri::Yes);
        let trusted = Perimeter { trusted_accounts: BTreeSet::from(["444455556666".into()]), ..perimeter() };
        assert_eq!(attempt_refused(&of(Party::Outsider), &set, &trusted).value, Tri::Yes);
    }

    #[test]
    fn only_a_guardrail_on_the_resource_s_organization_stops_the_copy_to_a_foreign_bucket() {
        let copy = attempt("s3:PutObject", Party::Own, Route::Internet, Aim::ForeignBucket);
        assert_eq!(refused(&copy, &bucket("")), Tri::No);
        let set = guardrail(
            r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEqualsIfExists": {"aws:ResourceOrgID": "o-own"}}}"#,
        );
        assert_eq!(refused(&copy, &set), Tri::Yes);
        // Nothing of the organization binds somebody else's credentials on the internet.
        let foreign = attempt("s3:PutObject", Party::Outsider, Route::Internet, Aim::ForeignBucket);
        assert_eq!(refused(&foreign, &set), Tri::No);
    }

    #[test]
    fn an_endpoint_policy_stops_what_goes_through_it() {
        let policy = document(
            r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceOrgID": "o-own", "aws:PrincipalOrgID": "o-own"}}}"#,
        );
        let set = PolicySet { endpoint: Part::Known(policy), ..PolicySet::default() };
        for party in [Party::Own, Party::Outsider, Party::Anonymous] {
            let upload = attempt("s3:PutObject", party, Route::OwnEndpoint, Aim::ForeignBucket);
            assert_eq!(refused(&upload, &set), Tri::Yes, "{party:?}");
        }
        let around = attempt("s3:PutObject", Party::Outsider, Route::Internet, Aim::ForeignBucket);
        assert_eq!(refused(&around, &set), Tri::No);
    }

    #[test]
    fn a_guardrail_protects_the_trail() {
        let stop = attempt(
            "cloudtrail:StopLogging",
            Party::Own,
            Route::Internet,
            Aim::Account("arn:aws:cloudtrail:eu-west-1:111122223333:trail/t".into()),
        );
        let set = guardrail(r#"{"Effect": "Deny", "Action": "cloudtrail:StopLogging", "Resource": "*"}"#);
        assert_eq!(refused(&stop, &set), Tri::Yes);
        assert_eq!(
            refused(&stop, &guardrail(r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}"#)),
            Tri::No
        );
        let unread = PolicySet { service_control: Part::Unreadable("denied".into()), ..PolicySet::default() };
        assert_eq!(refused(&stop, &unread), Tri::Unknown);
    }
}
