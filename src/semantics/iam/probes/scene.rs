//! Who asks, from where, and for what: the parts that probes are put together from.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::super::arn::Arn;
use super::super::context::{Context, ContextValue, Key};
use super::super::policy_set::{Part, PolicySet};
use super::super::request::{Principal, Request};
use super::named::{FILLER, Named};
use super::search::{Alternative, Dimension, Probe};
use super::{FOREIGN_ORGANIZATION, Perimeter};

/// Somebody who asks.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub principal: Principal,
    pub canonical_user: Option<String>,
    /// What AWS says about the principal.
    pub context: Context,
    /// Whether the principal chooses what AWS says about it (its names and tags), as an attacker in his own account
    /// does. Else it is a principal that no statement makes an exception for.
    pub chooses: bool,
    /// How people call it.
    pub label: String,
}

/// Where somebody asks from: every key that tells networks apart, see [`NETWORK_KEYS`].
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub keys: Alternative,
}

/// The keys that tell networks apart.
pub(super) const NETWORK_KEYS: [&str; 7] = [
    "aws:SourceIp",
    "aws:VpcSourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
];

/// The bucket or object that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub resource: String,
    pub account: String,
    /// `aws:ResourceOrgID` and `aws:ResourceOrgPaths`.
    pub organization: ContextValue,
    pub paths: ContextValue,
    /// Whether the one who asks owns the target and so chooses its tags.
    pub attackers: bool,
}

/// A principal of the organization, of which no policy makes an exception.
pub(super) fn insider(perimeter: &Perimeter, account: &str, principal_arn: Option<&str>) -> Actor {
    let arn = principal_arn.map_or_else(
        || format!("arn:{}:sts::{account}:assumed-role/{FILLER}/{FILLER}", perimeter.partition()),
        str::to_owned,
    );
    let mut context = signed_in();
    context.set("aws:userid", ContextValue::one(format!("AROAEXFILGUARDPROBE11:{FILLER}")));
    set_role(&arn, &mut context);
    context.set("aws:PrincipalOrgID", own_organization(perimeter));
    context.set("aws:PrincipalOrgPaths", paths_of(perimeter, account));
    Actor {
        label: format!("by `{arn}`"),
        principal: Principal::Arn(arn),
        canonical_user: None,
        context,
        chooses: false,
    }
}

/// A principal of an account outside the organization.
pub(super) fn outsider(arn: &str, organization: Option<&str>) -> Actor {
    let mut context = signed_in();
    set_role(arn, &mut context);
    context.set("aws:PrincipalOrgID", known_or_absent(organization));
    let paths = organization.map(|id| format!("{id}/r-prob/ou-prob-{FILLER}/"));
    context.set("aws:PrincipalOrgPaths", known_or_absent(paths.as_deref()));
    let of = organization.map_or_else(String::new, |id| format!(" of organization `{id}`"));
    Actor {
        principal: Principal::Arn(arn.to_owned()),
        // Canonical users who are named are actors of their own.
        canonical_user: Some(FILLER.to_owned()),
        context,
        chooses: true,
        label: format!("by `{arn}`{of}"),
    }
}

/// A probing session's role has no path, so no exception for `role/aws-service-role/*` and the like is for it.
fn set_role(arn: &str, context: &mut Context) {
    let Some(arn) = Arn::parse(arn) else {
        return;
    };
    if let Some((role, _)) = arn.role_session() {
        let role = format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account);
        context.set("aws:PrincipalArn", ContextValue::one(role));
    }
}

/// Somebody who does not sign the request.
pub(super) fn anonymous() -> Actor {
    let mut context = Context::new();
    for key in SERVICE_KEYS {
        context.set(key, ContextValue::Absent);
    }
    context.set("s3:authType", ContextValue::Absent);
    context.set("s3:signatureversion", ContextValue::Absent);
    context.set("s3:signatureAge", ContextValue::Absent);
    Actor {
        principal: Principal::Anonymous,
        canonical_user: None,
        context,
        chooses: true,
        label: "by an anonymous caller".to_owned(),
    }
}

/// A service that acts for a resource of this account.
pub(super) fn service(name: &str, account: &str, organization: ContextValue, paths: ContextValue) -> Actor {
    let mut context = Context::new();
    context.set("aws:SourceAccount", ContextValue::one(account));
    context.set("aws:SourceOwner", ContextValue::one(account));
    context.set("aws:SourceOrgID", organization);
    context.set("aws:SourceOrgPaths", paths);
    context.set("aws:PrincipalOrgID", ContextValue::Absent);
    context.set("aws:PrincipalOrgPaths", ContextValue::Absent);
    context.set("aws:PrincipalAccount", ContextValue::Absent);
    context.set("aws:PrincipalArn", ContextValue::Absent);
    context.set("aws:ViaAWSService", ContextValue::one("false"));
    Actor {
        principal: Principal::Service(name.to_owned()),
        canonical_user: None,
        context,
        chooses: false,
        label: format!("by `{name}` for account {account}"),
    }
}

/// The keys that only requests of services have, and `aws:PrincipalOrgID`, which each signed-in actor sets anew.
const SERVICE_KEYS: [&str; 13] = [
    "aws:ViaAWSService",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:SourceArn",
    "aws:SourceAccount",
    "aws:SourceOwner",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:FederatedProvider",
    "aws:PrincipalOrgID",
];

/// What every signed-in principal has in common; put together once, because every probe begins with it.
fn signed_in() -> Context {
    static COMMON: LazyLock<Context> = LazyLock::new(|| {
        let mut context = Context::new();
        for key in SERVICE_KEYS {
            context.set(key, ContextValue::Absent);
        }
        context.set("aws:ViaAWSService", ContextValue::one("false"));
        context
    });
    COMMON.clone()
}

/// The network of an internet address.
pub(super) fn internet(address: std::net::IpAddr) -> Place {
    network(&[("aws:SourceIp", ContextValue::one(address.to_string()))])
}

/// A network with these keys and without the others.
pub(super) fn network(given: &[(&str, ContextValue)]) -> Place {
    let keys = NETWORK_KEYS.iter().map(|key| {
        let value = given.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        (Key::of(key), value.unwrap_or(ContextValue::Absent))
    });
    Place { keys: keys.collect() }
}

/// The organization paths of an account of the organization.
pub(super) fn paths_of(perimeter: &Perimeter, account: &str) -> ContextValue {
    if perimeter.organization_unknown {
        return ContextValue::Unknown;
    }
    match (&perimeter.organization, perimeter.account_paths.get(account)) {
        (None, _) => ContextValue::Absent,
        (Some(_), Some(path)) => ContextValue::one(path),
        (Some(_), None) => ContextValue::Unknown,
    }
}

/// The own organization's id.
pub(super) fn own_organization(perimeter: &Perimeter) -> ContextValue {
    if perimeter.organization_unknown {
        ContextValue::Unknown
    } else {
        known_or_absent(perimeter.organization.as_deref())
    }
}

/// A value, or none.
pub(super) fn known_or_absent(text: Option<&str>) -> ContextValue {
    text.map_or(ContextValue::Absent, ContextValue::one)
}

/// The bucket of the perimeter, or an object in it.
pub(super) fn own_target(perimeter: &Perimeter, resource: String) -> Target {
    Target {
        resource,
        account: perimeter.account.clone(),
        organization: own_organization(perimeter),
        paths: paths_of(perimeter, &perimeter.account),
        attackers: false,
    }
}

/// A role of a stranger's account, and roles there that are named as the policies' patterns want.
pub(super) fn strangers(perimeter: &Perimeter, named: &Named<'_>, account: &str) -> Vec<Actor> {
    let partition = perimeter.partition();
    let mut arns = BTreeSet::new();
    for example in named.examples("aws:principalarn") {
        // A wildcard for the account leaves the filler there: the stranger puts his own account in.
        let mut parts: Vec<&str> = example.splitn(6, ':').collect();
        if let Some(part) = parts.get_mut(4)
            && !super::super::arn::is_account_id(part)
        {
            *part = account;
        }
        let arn = parts.join(":");
        let foreign = Arn::parse(&arn).is_some_and(|a| a.account == account && a.service == "iam");
        if foreign && arns.len() < 8 {
            arns.insert(arn);
        }
    }
    let role = format!("arn:{partition}:sts::{account}:assumed-role/{FILLER}/{FILLER}");
    let organizations = [None, Some(FOREIGN_ORGANIZATION)];
    std::iter::once(role)
        .chain(arns)
        .flat_map(|arn| organizations.map(|organization| outsider(&arn, organization)))
        .collect()
}

/// Puts a request together. What the policies depend on and the scene leaves open becomes a dimension of the search.
pub(super) fn probe(
    named: &Named<'_>,
    actor: &Actor,
    places: &[Place],
    action: &str,
    target: &Target,
    fixed: &[(&str, ContextValue)],
) -> Probe {
    let mut request = Request::new(action, &target.resource, actor.principal.clone());
    request.canonical_user.clone_from(&actor.canonical_user);
    request.resource_account = Some(target.account.clone());
    request.context = actor.context.clone();
    request.context.set("aws:ResourceOrgID", target.organization.clone());
    request.context.set("aws:ResourceOrgPaths", target.paths.clone());
    request.context.set("aws:SecureTransport", ContextValue::one("true"));
    if actor.principal != Principal::Anonymous {
        request.context.set("s3:authType", ContextValue::one("REST-HEADER"));
        request.context.set("s3:signatureversion", ContextValue::one("AWS4-HMAC-SHA256"));
        request.context.set("s3:signatureAge", ContextValue::Absent);
    }
    request.context.set("s3:TlsVersion", ContextValue::one("1.3"));
    for (key, value) in fixed {
        request.context.set(key, value.clone());
    }
    let mut dimensions = Vec::new();
    if !places.is_empty() {
        let alternatives = places.iter().map(|place| Arc::clone(&place.keys)).collect();
        dimensions.push(Dimension { alternatives, exhaustive: true });
    }
    let derived = request.derived_context();
    let open = open_keys(named, actor, target, &mut request, (&derived, &dimensions));
    dimensions.extend(open.iter().map(|key| named.dimension(key)));
    Probe::new(request, derived, dimensions, actor.label.clone())
}

/// The keys that the outcome can depend on and that whoever asks may choose. Others that are open are settled.
fn open_keys<'n>(
    named: &'n Named<'_>,
    actor: &Actor,
    target: &Target,
    request: &mut Request,
    (derived, dimensions): (&Context, &[Dimension]),
) -> Vec<&'n str> {
    let in_allows = named.keys(true);
    let varies =
        |key: &str| dimensions.iter().flat_map(Dimension::keys).any(|varied| varied.lower_case() == key);
    let mut open = Vec::new();
    for key in named.keys(false) {
        if request.context.given(key).is_some() || varies(key) {
            continue;
        }
        let value = derived.given(key);
        if value.is_some_and(|value| *value != ContextValue::Unknown) {
            continue;
        }
        match kind_of(key) {
            _ if actor.principal == Principal::Anonymous && is_of_identity(key) => {
                request.context.set(key, ContextValue::Absent);
            }
            Kind::Personal if !actor.chooses && !in_allows.contains(key) => {
                request.context.set(key, ContextValue::Absent);
            }
            Kind::OfTarget if !target.attackers => request.context.set(key, ContextValue::Unknown),
            Kind::Time => request.context.set(key, ContextValue::Unknown),
            Kind::AccessPoint => request.context.set(key, ContextValue::Absent),
            Kind::Personal | Kind::OfTarget | Kind::Chosen => open.push(key.as_str()),
        }
    }
    open
}

/// Whether only signed requests have the key.
fn is_of_identity(lower_case_key: &str) -> bool {
    [
        "aws:principal",
        "aws:multifactorauth",
        "aws:source",
        "aws:calledvia",
        "saml:",
        "sts:",
        "ec2:",
        "lambda:",
    ]
    .iter()
    .any(|prefix| lower_case_key.starts_with(prefix))
        || ["aws:username", "aws:userid", "aws:tokenissuetime", "aws:viaawsservice", "aws:federatedprovider"]
            .contains(&lower_case_key)
}

/// Who decides what a condition key's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It tells one principal from another.
    Personal,
    /// It belongs to the bucket or object.
    OfTarget,
    /// It passes.
    Time,
    /// Only requests through an access point have it.
    AccessPoint,
    /// Whoever asks.
    Chosen,
}

fn kind_of(lower_case_key: &str) -> Kind {
    if lower_case_key.starts_with("aws:principaltag/")
        || ["aws:userid", "aws:username", "aws:principalarn", "aws:principaltype"].contains(&lower_case_key)
    {
        return Kind::Personal;
    }
    if ["aws:resourcetag/", "s3:existingobjecttag/", "s3:buckettag/", "s3:resourcetag/"]
        .iter()
        .any(|prefix| lower_case_key.starts_with(prefix))
    {
        return Kind::OfTarget;
    }
    match lower_case_key {
        "aws:currenttime" | "aws:epochtime" => Kind::Time,
        "s3:dataaccesspointarn" | "s3:dataaccesspointaccount" | "s3:accesspointnetworkorigin" => {
            Kind::AccessPoint
        }
        _ => Kind::Chosen,
    }
}

/// The policies that meet a request of this actor to the perimeter's bucket: the service control policies are those of
/// the owner's account, so they bind its principals only, and no request here goes through an access point.
pub(super) fn set_for(set: &PolicySet, perimeter: &Perimeter, actor: &Actor) -> PolicySet {
    let mut set = set.clone();
    if actor.principal.account() != Some(perimeter.account.as_str()) {
        set.service_control = Part::NotAsked;
    }
    set.identity = Part::NotAsked;
    set.endpoint = Part::NotAsked;
    set.access_point = Part::NotAsked;
    set
}
