//! Who outside the organization can use a bucket (BKT-03, B2 and B8 of `aws-semantics.md` 7.7).

use std::collections::{BTreeMap, BTreeSet};

use crate::semantics::verdict::{Tri, Verdict};

use super::super::acl::AclGrantee;
use super::super::arn::{Arn, is_account_id};
use super::super::context::ContextValue;
use super::super::policy_set::{Part, PolicySet};
use super::buckets::Bucket;
use super::named::{FILLER, account_of};
use super::scene::{
    Actor, Place, anonymous, internet, known_or_absent, network, outsider, service, strangers,
};
use super::search::{Found, place_of, search};
use super::{FOREIGN_ORGANIZATION, Perimeter};

/// What kind of outsider a grant goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GranteeKind {
    /// An AWS account or one of its principals; the grantee is the account's id.
    Account,
    /// The accounts of another organization; the grantee is the organization's id.
    Organization,
    /// An account by its S3 canonical user id.
    CanonicalUser,
    /// An AWS service that may be made to act for a stranger.
    Service,
    /// Everyone, without signing in; the grantee is `*`.
    Anonymous,
    /// Every AWS account (the grantee is `*`), or an identity provider.
    Other,
}

impl GranteeKind {
    /// The kind as the facts spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Organization => "organization",
            Self::CanonicalUser => "canonical-user",
            Self::Service => "service",
            Self::Anonymous => "anonymous",
            Self::Other => "other",
        }
    }
}

/// Somebody outside the organization whom a policy or an access control list names or admits.
#[derive(Debug, Clone, PartialEq)]
pub struct OutsideGrantFound {
    /// Who: an account id, an organization id, a canonical user id, a service, an identity provider or `*`.
    pub grantee: String,
    /// What the grantee is.
    pub kind: GranteeKind,
    /// The account, if the grantee is one; else empty.
    pub account_id: String,
    /// Whether the grantee can use at least one action. The witness is the request that is allowed or in doubt.
    pub verdict: Verdict,
    /// The actions that are not certainly refused, sorted: with a `Yes` those that are allowed, with an `Unknown` those
    /// that may be.
    pub actions: Vec<String>,
}

/// Everybody outside the organization whom the bucket's policy or access control list names, or admits by a wildcard, a
/// `NotPrincipal` or a condition; sorted by kind and grantee, each once.
///
/// Principals whom an allowing statement or the access control list names are there even if they are refused (their
/// verdict is then `No`); the others only if they are not. Trusted accounts and organizations are there too: whether
/// they may is the policy's business. Requests come from every network that the policies name.
#[must_use]
pub fn outside_grants(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Vec<OutsideGrantFound> {
    let bucket = Bucket::new(bucket, set, perimeter);
    let mut grants = found(&bucket, set, &places(&bucket));
    for part in [
        unreadable(&set.resource).map(|why| ("the bucket policy", why)),
        unreadable(&set.acl).map(|why| ("the access control list", why)),
    ]
    .into_iter()
    .flatten()
    {
        let known = grants.iter().any(|grant| grant.grantee == "*");
        if !known {
            grants.push(OutsideGrantFound {
                grantee: "*".to_owned(),
                kind: GranteeKind::Other,
                account_id: String::new(),
                verdict: Verdict::unknown(format!("{} could not be read: {}", part.0, part.1)),
                actions: Vec::new(),
            });
        }
    }
    grants.sort_by(|a, b| (a.kind, &a.grantee).cmp(&(b.kind, &b.grantee)));
    grants
}

/// The grants that requests from these places show.
pub(super) fn found(bucket: &Bucket<'_>, set: &PolicySet, places: &[Place]) -> Vec<OutsideGrantFound> {
    let perimeter = bucket.perimeter;
    let mut grants = Vec::new();
    for candidate in candidates(bucket, set) {
        let (mut verdict, actions) = try_all(bucket, &candidate.actors, places);
        if candidate.listed && verdict.value.is_no() && !bucket.is_complete() {
            verdict = Verdict::unknown("the policies name more objects than can be tried");
        }
        if perimeter.organization_unknown
            && candidate.kind == GranteeKind::Organization
            && verdict.value.is_yes()
        {
            verdict.value = Tri::Unknown;
            verdict.reason =
                format!("{}, but whether the organization is the own is not known", verdict.reason);
        }
        if candidate.listed || !verdict.value.is_no() {
            grants.push(OutsideGrantFound {
                grantee: candidate.grantee,
                kind: candidate.kind,
                account_id: candidate.account_id,
                verdict,
                actions,
            });
        }
    }
    grants
}

fn unreadable<T>(part: &Part<T>) -> Option<&str> {
    match part {
        Part::Unreadable(why) => Some(why),
        Part::NotAsked | Part::Known(_) => None,
    }
}

struct Candidate {
    grantee: String,
    kind: GranteeKind,
    account_id: String,
    /// Whether a grant names the grantee.
    listed: bool,
    actors: Vec<Actor>,
}

impl Candidate {
    fn new(kind: GranteeKind, grantee: &str, listed: bool, actors: Vec<Actor>) -> Self {
        let account_id = if kind == GranteeKind::Account { grantee.to_owned() } else { String::new() };
        Self { grantee: grantee.to_owned(), kind, account_id, listed, actors }
    }
}

fn candidates(bucket: &Bucket<'_>, set: &PolicySet) -> Vec<Candidate> {
    let stranger = bucket.perimeter.stranger(&bucket.named);
    let mut all = vec![
        Candidate::new(GranteeKind::Anonymous, "*", false, vec![anonymous()]),
        Candidate::new(GranteeKind::Other, "*", false, {
            let mut actors = strangers(bucket.perimeter, &bucket.named, &stranger);
            actors.extend(through_own_access_points(bucket, &stranger));
            actors
        }),
    ];
    all.extend(accounts(bucket));
    all.extend(organizations(bucket, &stranger));
    all.extend(canonical_users(bucket, set, &stranger));
    all.extend(services(bucket, &stranger));
    let providers: BTreeSet<&String> =
        bucket.named.granted_lists().flat_map(|list| &list.federated).collect();
    all.extend(providers.into_iter().map(|provider| {
        let mut actors = strangers(bucket.perimeter, &bucket.named, &stranger);
        for actor in &mut actors {
            actor.context.set("aws:FederatedProvider", ContextValue::one(provider));
        }
        Candidate::new(GranteeKind::Other, provider, true, actors)
    }));
    all
}

/// Every account outside the organization that the policies name anywhere.
fn accounts(bucket: &Bucket<'_>) -> Vec<Candidate> {
    let partition = bucket.perimeter.partition();
    let mut listed: BTreeSet<String> = BTreeSet::new();
    let mut arns: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for list in bucket.named.granted_lists() {
        listed.extend(list.accounts.iter().cloned());
        for arn in &list.arns {
            if let Some(account) = account_of(arn) {
                listed.insert(account.clone());
                arns.entry(account).or_default().insert(arn.clone());
            }
        }
    }
    for example in bucket.named.examples("aws:principalarn") {
        if let Some(account) = account_of(&example) {
            arns.entry(account).or_default().insert(example);
        }
    }
    let outside = bucket.named.accounts().iter().filter(|account| !bucket.perimeter.has_account(account));
    outside
        .take(2_048)
        .map(|account| {
            let mut names = arns.remove(account).unwrap_or_default();
            names.insert(format!("arn:{partition}:sts::{account}:assumed-role/{FILLER}/{FILLER}"));
            names.insert(format!("arn:{partition}:iam::{account}:root"));
            let actors = names
                .iter()
                .take(32)
                .filter(|arn| Arn::parse(arn).is_some_and(|arn| is_account_id(arn.account)))
                .flat_map(|arn| in_any_organization(bucket, arn))
                .chain(through_own_access_points(bucket, account))
                .collect();
            Candidate::new(GranteeKind::Account, account, listed.contains(account), actors)
        })
        .collect()
}

/// A principal of the account that comes through access points which the account itself made for the bucket, if the
/// bucket's policy leaves it to access points who may: their policies are the account's own affair.
fn through_own_access_points(bucket: &Bucket<'_>, account: &str) -> Vec<Actor> {
    const KEYS: [&str; 2] = ["s3:dataaccesspointarn", "s3:dataaccesspointaccount"];
    let named = bucket.named.keys(true);
    if bucket.is_through() || !KEYS.iter().any(|key| named.contains(*key)) {
        return Vec::new();
    }
    let partition = bucket.perimeter.partition();
    let mut points: BTreeSet<String> =
        arns_of(&bucket.named.examples(KEYS[0]), account).into_iter().take(8).collect();
    points.insert(format!("arn:{partition}:s3:us-east-1:{account}:accesspoint/{FILLER}"));
    let role = format!("arn:{partition}:sts::{account}:assumed-role/{FILLER}/{FILLER}");
    points
        .into_iter()
        .map(|point| {
            let mut actor = outsider(&role, None);
            actor.label = format!("{} through access point `{point}`", actor.label);
            actor.context.set("s3:DataAccessPointArn", ContextValue::one(point));
            actor.context.set("s3:DataAccessPointAccount", ContextValue::one(account));
            actor.context.set("s3:AccessPointNetworkOrigin", ContextValue::one("Internet"));
            actor
        })
        .collect()
}

/// The principal in no organization, in an arbitrary one, and in each foreign one that is named: which of them its
/// account belongs to is not known.
fn in_any_organization(bucket: &Bucket<'_>, arn: &str) -> Vec<Actor> {
    let own = bucket.perimeter.organization.clone();
    let named = bucket.named.examples("aws:principalorgid").into_iter();
    let named = named.filter(|id| id.starts_with("o-") && own.as_ref() != Some(id)).take(4);
    let mut actors = vec![outsider(arn, None), outsider(arn, Some(FOREIGN_ORGANIZATION))];
    actors.extend(named.map(|id| outsider(arn, Some(&id))));
    actors
}

fn organizations(bucket: &Bucket<'_>, stranger: &str) -> Vec<Candidate> {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for key in ["aws:principalorgid", "aws:sourceorgid"] {
        ids.extend(bucket.named.examples(key));
    }
    for key in ["aws:principalorgpaths", "aws:sourceorgpaths"] {
        for path in bucket.named.examples(key) {
            let id = path.split('/').next().unwrap_or_default().to_owned();
            paths.entry(id.clone()).or_default().insert(path);
            ids.insert(id);
        }
    }
    let own = bucket.perimeter.organization.as_deref();
    let role = format!("arn:{}:sts::{stranger}:assumed-role/{FILLER}/{FILLER}", bucket.perimeter.partition());
    ids.iter()
        .filter(|id| id.starts_with("o-") && own != Some(id.as_str()) && !id.contains(FILLER))
        .take(64)
        .map(|id| {
            let mut actors = vec![outsider(&role, Some(id))];
            for path in paths.get(id).into_iter().flatten().take(8) {
                let mut actor = outsider(&role, Some(id));
                actor.context.set("aws:PrincipalOrgPaths", ContextValue::one(path));
                actors.push(actor);
            }
            Candidate::new(GranteeKind::Organization, id, false, actors)
        })
        .collect()
}

/// Canonical users that the policy or the access control list names. The account behind one is not known.
fn canonical_users(bucket: &Bucket<'_>, set: &PolicySet, stranger: &str) -> Vec<Candidate> {
    let mut ids: BTreeSet<String> =
        bucket.named.granted_lists().flat_map(|list| list.canonical_users.iter().cloned()).collect();
    for grant in set.acl.known().into_iter().flat_map(|acl| &acl.grants) {
        if let AclGrantee::CanonicalUser(id) = &grant.grantee {
            ids.insert(id.clone());
        }
    }
    let role = format!("arn:{}:sts::{stranger}:assumed-role/{FILLER}/{FILLER}", bucket.perimeter.partition());
    ids.into_iter()
        .filter(|id| !bucket.perimeter.canonical_users.contains(id))
        .take(128)
        .map(|id| {
            let mut actors = in_any_organization(bucket, &role);
            for actor in &mut actors {
                actor.context.set("aws:PrincipalAccount", ContextValue::Unknown);
                actor.label = format!("by the canonical user `{id}`");
                actor.canonical_user = Some(id.clone());
            }
            Candidate::new(GranteeKind::CanonicalUser, &id, true, actors)
        })
        .collect()
}

/// Services that the policy grants something, acting for a stranger or for an outside account that is named.
fn services(bucket: &Bucket<'_>, stranger: &str) -> Vec<Candidate> {
    let names: BTreeSet<&String> = bucket.named.granted_lists().flat_map(|list| &list.services).collect();
    let mut sources =
        vec![(stranger.to_owned(), None), (stranger.to_owned(), Some(FOREIGN_ORGANIZATION.to_owned()))];
    let outside = bucket.named.accounts().iter().filter(|account| !bucket.perimeter.has_account(account));
    sources.extend(outside.take(24).map(|account| (account.clone(), None)));
    let foreign = bucket.named.examples("aws:sourceorgid").into_iter();
    let own = bucket.perimeter.organization.clone();
    sources.extend(
        foreign.filter(|id| own.as_ref() != Some(id)).take(24).map(|id| (stranger.to_owned(), Some(id))),
    );
    let arns = bucket.named.examples("aws:sourcearn");
    names
        .into_iter()
        .take(64)
        .map(|name| {
            let mut actors = Vec::new();
            for (account, organization) in &sources {
                let path = organization.as_ref().map(|id| format!("{id}/r-prob/ou-prob-{FILLER}/"));
                let mut actor = service(
                    name,
                    account,
                    known_or_absent(organization.as_deref()),
                    known_or_absent(path.as_deref()),
                );
                actors.extend(arns_of(&arns, account).into_iter().take(8).map(|arn| {
                    let mut actor = actor.clone();
                    actor.context.set("aws:SourceArn", ContextValue::one(arn));
                    actor
                }));
                let short = name.split('.').next().unwrap_or_default();
                let arn =
                    format!("arn:{}:{short}:us-east-1:{account}:{FILLER}", bucket.perimeter.partition());
                actor.context.set("aws:SourceArn", ContextValue::one(arn));
                actors.push(actor);
            }
            Candidate::new(GranteeKind::Service, name, false, actors)
        })
        .collect()
}

/// The example ARNs as resources of the account: those that name it, and those whose account is open.
fn arns_of(examples: &BTreeSet<String>, account: &str) -> Vec<String> {
    examples
        .iter()
        .filter_map(|example| {
            let mut parts: Vec<&str> = example.splitn(6, ':').collect();
            match parts.get_mut(4) {
                Some(part) if *part == account || part.is_empty() => {}
                Some(part) if !is_account_id(part) => *part = account,
                _ => return None,
            }
            Some(parts.join(":"))
        })
        .collect()
}

/// Every network that somebody may ask from: those that the policies name, and an arbitrary one of each kind.
pub(super) fn places(bucket: &Bucket<'_>) -> Vec<Place> {
    let tried = bucket.named.addresses(|_| true, &[]);
    let mut places: Vec<Place> = tried.values.into_iter().map(internet).collect();
    let endpoints = bucket.named.examples("aws:sourcevpce");
    let vpcs = bucket.named.examples("aws:sourcevpc");
    let through = |endpoint: ContextValue, vpc: ContextValue| {
        network(&[
            ("aws:SourceVpce", endpoint),
            ("aws:SourceVpc", vpc),
            ("aws:VpcSourceIp", ContextValue::Unknown),
            ("aws:VpceAccount", ContextValue::Unknown),
            ("aws:VpceOrgID", ContextValue::Unknown),
            ("aws:VpceOrgPaths", ContextValue::Unknown),
        ])
    };
    let unnamed = || ContextValue::one("vpce-0badc0ffee0badc0f");
    places.extend(
        endpoints.into_iter().take(16).map(|id| through(ContextValue::one(id), ContextValue::Unknown)),
    );
    places.extend(vpcs.into_iter().take(16).map(|id| through(unnamed(), ContextValue::one(id))));
    places.push(through(unnamed(), ContextValue::one("vpc-0badc0ffee0badc0f")));
    places
}

fn try_all(bucket: &Bucket<'_>, actors: &[Actor], places: &[Place]) -> (Verdict, Vec<String>) {
    let classes = bucket.every_class();
    let mut allowed: BTreeSet<&str> = BTreeSet::new();
    let mut doubtful: BTreeSet<&str> = BTreeSet::new();
    let mut best = Verdict::no("every request of theirs is refused");
    let mut refusal = None;
    for actor in actors {
        let set = bucket.set_for(actor);
        let stance = bucket.stance(actor, places, &[]);
        for class in &classes {
            let action = class.representative();
            if allowed.contains(action) {
                continue;
            }
            for probe in bucket.probes(&stance, action) {
                let (value, request, decision) = match search(&set, &probe) {
                    Found::Refused(decision) => {
                        refusal.get_or_insert(decision.reason);
                        continue;
                    }
                    Found::Allowed(request, decision) => (Tri::Yes, request, decision),
                    Found::Unsure(request, decision) => (Tri::Unknown, request, decision),
                };
                let names = if value.is_yes() { &mut allowed } else { &mut doubtful };
                names.extend(class.actions.iter().map(String::as_str));
                if best.value.is_no() || (best.value.is_unknown() && value.is_yes()) {
                    let may = if value.is_yes() { "is" } else { "may be" };
                    let from = place_of(&request);
                    let reason = format!(
                        "`{action}` on `{}` {}{from} {may} allowed: {}",
                        request.resource, probe.label, decision.reason
                    );
                    best = Verdict::new(value, reason).with_witness(request.to_json());
                }
                if value.is_yes() {
                    break;
                }
            }
        }
    }
    if let (Tri::No, Some(refusal)) = (best.value, refusal) {
        best.reason = format!("{}: {refusal}", best.reason);
    }
    let actions = if best.value.is_yes() { allowed } else { doubtful };
    (best, actions.into_iter().map(str::to_owned).collect())
}
