//! Probes of a bucket: B1 to B7 of `aws-semantics.md` 7.7.

use crate::semantics::verdict::Verdict;

use super::super::context::ContextValue;
use super::super::policy_set::{Part, PolicySet};
use super::access_points::ThroughAccessPoint;
use super::actions::{
    ActionClass, CONTROLS, EVERY_CLASS, READS, classes, is_asked_on_objects, works_through_access_point,
};
use super::named::{Named, Tried};
use super::scene::{
    Actor, Place, anonymous, insider, internet, known_or_absent, network, own_organization, own_target,
    paths_of, probe, service, set_for, strangers,
};
use super::search::{Probe, all_refused};
use super::{FOREIGN_ORGANIZATION, Perimeter};

/// A bucket and what its policies name.
pub(super) struct Bucket<'a> {
    arn: String,
    set: &'a PolicySet,
    pub named: Named<'a>,
    pub perimeter: &'a Perimeter,
    keys: Tried<String>,
    /// The access point that requests go through, if they do.
    through: Option<&'a ThroughAccessPoint>,
}

/// Who asks for something in a bucket, and from where: a probe without action.
pub(super) struct Stance(Probe);

impl<'a> Bucket<'a> {
    pub fn new(name: &str, set: &'a PolicySet, perimeter: &'a Perimeter) -> Self {
        let arn = format!("arn:{}:s3:::{name}", perimeter.partition());
        let named = Named::of(set);
        let keys = named.object_keys(&arn);
        Self { arn, set, named, perimeter, keys, through: None }
    }

    /// The bucket as it is reached through an access point.
    pub fn through(
        name: &str,
        point: &'a ThroughAccessPoint,
        set: &'a PolicySet,
        perimeter: &'a Perimeter,
    ) -> Self {
        let mut bucket = Self::new(name, set, perimeter);
        // Its policy names keys in a form of its own.
        let more = bucket.named.object_keys(&format!("{}/object", point.arn));
        for key in more.values {
            if !bucket.keys.values.contains(&key) {
                bucket.keys.values.push(key);
            }
        }
        bucket.keys.complete &= more.complete;
        bucket.through = Some(point);
        bucket
    }

    /// Whether requests go through an access point.
    pub fn is_through(&self) -> bool {
        self.through.is_some()
    }

    /// Whether the objects that are tried stand for all that the policies tell apart.
    pub fn is_complete(&self) -> bool {
        self.keys.complete
    }

    /// The actions that the probes try where any action counts: one of each class, and those that a statement names.
    pub fn every_action(&self) -> Vec<String> {
        let mut actions: Vec<String> = EVERY_CLASS.iter().map(|action| (*action).to_owned()).collect();
        for action in self.named.actions() {
            // Not what concerns no bucket of its own (`s3:ListAllMyBuckets`) or an access point.
            let other =
                ["accesspoint", "allmybuckets", "job", "storagelens", "accessgrant", "s3:createbucket"];
            if !other.iter().any(|part| action.contains(part))
                && !actions.iter().any(|known| known.eq_ignore_ascii_case(&action))
            {
                actions.push(action);
            }
        }
        if self.through.is_some() {
            actions.retain(|action| works_through_access_point(action));
        }
        actions
    }

    /// [`Bucket::every_action`], by what the policies tell apart.
    pub fn every_class(&self) -> Vec<ActionClass> {
        classes(self.every_action().iter().map(String::as_str), &self.named)
    }

    /// The resources that an action is asked for.
    pub fn resources(&self, action: &str) -> Vec<String> {
        if is_asked_on_objects(action) {
            self.keys.values.iter().map(|key| format!("{}/{key}", self.arn)).collect()
        } else {
            vec![self.arn.clone()]
        }
    }

    /// What an actor may ask of the bucket from one of these places, whatever the action.
    pub fn stance(&self, actor: &Actor, places: &[Place], fixed: &[(&str, ContextValue)]) -> Stance {
        let through = self.through.map(ThroughAccessPoint::keys).unwrap_or_default();
        let fixed: Vec<(&str, ContextValue)> = fixed.iter().cloned().chain(through).collect();
        let target = own_target(self.perimeter, self.arn.clone());
        Stance(probe(&self.named, actor, places, "", &target, &fixed))
    }

    /// The probes for one action.
    pub fn probes(&self, stance: &Stance, action: &str) -> Vec<Probe> {
        let ask = |resource: String| match self.through {
            Some(point) => {
                let through = point.resource(&self.arn, &resource);
                stance.0.asking(action, resource).through(through)
            }
            None => stance.0.asking(action, resource),
        };
        self.resources(action).into_iter().map(ask).collect()
    }

    /// The policies that meet a request of the actor.
    pub fn set_for(&self, actor: &Actor) -> PolicySet {
        let mut set = set_for(self.set, self.perimeter, actor);
        if self.through.is_some() {
            set.access_point = self.set.access_point.clone();
        }
        set
    }

    /// Whether all of these actors are refused all of these actions from each of these places.
    pub fn refuses<'b>(
        &self,
        actors: &[Actor],
        places: &[Place],
        actions: impl IntoIterator<Item = &'b str>,
        fixed: &[(&str, ContextValue)],
        covered: bool,
    ) -> Verdict {
        if self.set.resource == Part::NotAsked {
            return Verdict::unknown("the bucket policy was not asked for");
        }
        let classes = classes(actions, &self.named);
        let mut total: Option<Verdict> = None;
        for actor in actors {
            let set = self.set_for(actor);
            let stance = self.stance(actor, places, fixed);
            let probes = classes.iter().flat_map(|class| self.probes(&stance, class.representative()));
            let verdict = all_refused(&set, probes, covered && self.keys.complete);
            if verdict.value.is_no() {
                return verdict;
            }
            total = Some(match total {
                Some(total) if total.value.is_unknown() => total,
                _ => verdict,
            });
        }
        total.unwrap_or_else(|| Verdict::unknown("there is no request to try"))
    }

    /// Principals of the organization whose credentials were stolen: of the owner's account, by role and as a user, and
    /// of another account of the organization.
    fn insiders(&self) -> Vec<Actor> {
        let own = &self.perimeter.account;
        let user = format!("arn:{}:iam::{own}:user/exfilguard-probe", self.perimeter.partition());
        let mut actors = vec![insider(self.perimeter, own, None), insider(self.perimeter, own, Some(&user))];
        // The organization may have thousands of accounts: they are not gone through.
        let (listed, named) = (&self.perimeter.organization_accounts, self.named.accounts());
        let of_organization = named.iter().filter(|account| *account != own && listed.contains(*account));
        let unnamed = listed.iter().filter(|account| *account != own && !named.contains(*account));
        let accounts = of_organization.take(16).chain(unnamed.take(1));
        actors.extend(accounts.map(|account| insider(self.perimeter, account, None)));
        actors
    }

    /// The internet, outside the trusted networks.
    pub fn internet(&self) -> Tried<Place> {
        let trusted = &self.perimeter.trusted_networks;
        let tried = self.named.addresses(|address| !self.perimeter.trusts_address(address), trusted);
        Tried { values: tried.values.into_iter().map(internet).collect(), complete: tried.complete }
    }

    /// VPC endpoints that certainly are not the organization's.
    pub fn foreign_endpoints(&self) -> Vec<Place> {
        let stranger = self.perimeter.stranger(&self.named);
        let mut owners: Vec<(String, Option<String>)> =
            vec![(stranger.clone(), None), (stranger.clone(), Some(FOREIGN_ORGANIZATION.to_owned()))];
        for account in self.named.examples("aws:vpceaccount") {
            if super::super::arn::is_account_id(&account) && self.perimeter.is_foreign_account(&account) {
                owners.push((account, None));
            }
        }
        let paths = self.named.examples("aws:vpceorgpaths");
        let organizations = paths.iter().filter_map(|path| path.split('/').next()).map(str::to_owned);
        for id in self.named.examples("aws:vpceorgid").into_iter().chain(organizations) {
            if self.perimeter.is_foreign_organization(&id) {
                owners.push((stranger.clone(), Some(id)));
            }
        }
        owners
            .into_iter()
            .take(24)
            .map(|(account, organization)| endpoint_of(&account, organization.as_deref()))
            .collect()
    }

    /// VPC endpoints and VPCs that the policies name without that anybody said whose they are.
    pub fn doubtful_endpoints(&self) -> Vec<Place> {
        let unknown = |endpoint: ContextValue, vpc: ContextValue| {
            network(&[
                ("aws:SourceVpce", endpoint),
                ("aws:SourceVpc", vpc),
                ("aws:VpcSourceIp", ContextValue::one("10.0.0.7")),
                ("aws:VpceAccount", ContextValue::Unknown),
                ("aws:VpceOrgID", ContextValue::Unknown),
                ("aws:VpceOrgPaths", ContextValue::Unknown),
            ])
        };
        let endpoints = self.named.examples("aws:sourcevpce").into_iter();
        let vpcs = self.named.examples("aws:sourcevpc").into_iter();
        endpoints
            .filter(|id| !self.perimeter.trusted_vpc_endpoints.contains(id))
            .map(|id| unknown(ContextValue::one(&id), ContextValue::Unknown))
            .chain(
                vpcs.filter(|id| !self.perimeter.trusted_vpcs.contains(id))
                    .map(|id| unknown(ContextValue::Unknown, ContextValue::one(&id))),
            )
            .take(48)
            .collect()
    }
}

pub(super) fn endpoint_of(account: &str, organization: Option<&str>) -> Place {
    let path = organization.map(|id| format!("{id}/r-prob/ou-prob-exfilguard-probe/"));
    network(&[
        ("aws:SourceVpce", ContextValue::one("vpce-0badc0ffee0badc0f")),
        ("aws:SourceVpc", ContextValue::one("vpc-0badc0ffee0badc0f")),
        ("aws:VpcSourceIp", ContextValue::one("10.0.0.7")),
        ("aws:VpceAccount", ContextValue::one(account)),
        ("aws:VpceOrgID", known_or_absent(organization)),
        ("aws:VpceOrgPaths", known_or_absent(path.as_deref())),
    ])
}

/// Whether neither anonymous callers nor just any AWS account can use the bucket in any way (BKT-02, B1).
///
/// The requests come from the internet and from strangers' VPC endpoints. What the policy opens to fixed networks or
/// endpoints only is not public by S3's definition; [`outside_grants`](super::outside_grants) finds it. `No` has the
/// request that is allowed as its witness.
#[must_use]
pub fn bucket_not_public(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let stranger = perimeter.stranger(&bucket.named);
    let mut actors = vec![anonymous()];
    actors.extend(strangers(perimeter, &bucket.named, &stranger));
    // Only networks that S3 calls too broad to be fixed count beside arbitrary addresses.
    let broad: Vec<ipnet::IpNet> = bucket
        .named
        .networks("aws:sourceip")
        .into_iter()
        .filter(|network| match network {
            ipnet::IpNet::V4(network) => network.prefix_len() >= 8,
            ipnet::IpNet::V6(network) => network.prefix_len() >= 32,
        })
        .collect();
    let fixed = |address: std::net::IpAddr| broad.iter().any(|network| network.contains(&address));
    let tried = bucket.named.addresses(|address| !fixed(address), &[]);
    let mut places: Vec<Place> = tried.values.into_iter().map(internet).collect();
    places.push(endpoint_of(&stranger, None));
    places.push(endpoint_of(&stranger, Some(FOREIGN_ORGANIZATION)));
    let actions = bucket.every_action();
    bucket.refuses(&actors, &places, actions.iter().map(String::as_str), &[], tried.complete)
}

/// Whether requests without TLS are refused, whoever makes them (BKT-07, B6): every class of action on the bucket and
/// on its objects, by principals of the owner's account, of the organization, by strangers and anonymously.
#[must_use]
pub fn bucket_requires_tls(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let mut actors = bucket.insiders();
    let stranger = perimeter.stranger(&bucket.named);
    actors.extend(strangers(perimeter, &bucket.named, &stranger));
    actors.push(anonymous());
    let mut places = bucket.internet();
    let trusted = perimeter.trusted_networks.iter().map(|network| internet(network.addr()));
    places.values.extend(trusted.take(4));
    places.values.push(own_endpoint(perimeter));
    let plain =
        [("aws:SecureTransport", ContextValue::one("false")), ("s3:TlsVersion", ContextValue::Absent)];
    bucket.refuses(&actors, &places.values, EVERY_CLASS, &plain, places.complete)
}

/// Through an endpoint of the owner's account.
pub(super) fn own_endpoint(perimeter: &Perimeter) -> Place {
    let endpoint =
        perimeter.trusted_vpc_endpoints.iter().next().map_or("vpce-0a1b2c3d4e5f60718", String::as_str);
    let vpc = perimeter.trusted_vpcs.iter().next().map_or("vpc-0a1b2c3d4e5f60718", String::as_str);
    network(&[
        ("aws:SourceVpce", ContextValue::one(endpoint)),
        ("aws:SourceVpc", ContextValue::one(vpc)),
        ("aws:VpcSourceIp", ContextValue::one("10.0.0.7")),
        ("aws:VpceAccount", ContextValue::one(&perimeter.account)),
        ("aws:VpceOrgID", own_organization(perimeter)),
        ("aws:VpceOrgPaths", paths_of(perimeter, &perimeter.account)),
    ])
}

/// Whether the organization's credentials are refused from internet addresses outside the trusted networks (BKT-05,
/// B3): objects, their versions and both listings. An address that a policy makes an exception for is tried too, so a
/// network that is let in must be among the trusted ones.
#[must_use]
pub fn denies_internet(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let places = bucket.internet();
    bucket.refuses(&bucket.insiders(), &places.values, READS, &[], places.complete)
}

/// Whether the organization's credentials are refused through somebody else's VPC endpoint (BKT-05, B4): that of an
/// arbitrary account, and of each untrusted account or organization that the policies name. It is unknown if a policy
/// lets an endpoint or VPC in by an id that is not in [`Perimeter::trusted_vpc_endpoints`] or
/// [`Perimeter::trusted_vpcs`].
#[must_use]
pub fn denies_foreign_endpoint(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let insiders = bucket.insiders();
    let verdict = bucket.refuses(&insiders, &bucket.foreign_endpoints(), READS, &[], true);
    let doubtful = bucket.doubtful_endpoints();
    let verdict = perimeter.doubt(verdict, &bucket.named);
    if !verdict.value.is_yes() || doubtful.is_empty() {
        return verdict;
    }
    match bucket.refuses(&insiders, &doubtful, READS, &[], true) {
        refused if refused.value.is_yes() => verdict,
        allowed => Verdict {
            value: crate::semantics::verdict::Tri::Unknown,
            reason: format!("{}, and whose network that is, is not known", allowed.reason),
            ..allowed
        },
    }
}

/// Whether a presigned URL of one of the organization's principals is refused on the internet (BKT-05, B5), outside the
/// trusted networks.
#[must_use]
pub fn denies_presigned(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let places = bucket.internet();
    let presigned = [
        ("s3:authType", ContextValue::one("REST-QUERY-STRING")),
        // The attacker uses the URL at once.
        ("s3:signatureAge", ContextValue::one("1000")),
    ];
    bucket.refuses(&bucket.insiders(), &places.values, READS, &presigned, places.complete)
}

/// Whether an attacker with the organization's credentials is refused every change of the bucket's controls from the
/// internet, outside the trusted networks (BKT-06, B7).
#[must_use]
pub fn bucket_control_plane_perimeter(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let places = bucket.internet();
    bucket.refuses(&bucket.insiders(), &places.values, CONTROLS, &[], places.complete)
}

/// Whether strangers, and AWS services that act for strangers, are refused (BKT-04, B2 and B8).
///
/// Only strangers whom no statement names are tried; for those who are named, see
/// [`outside_grants`](super::outside_grants).
#[must_use]
pub fn bucket_identity_perimeter(bucket: &str, set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let bucket = Bucket::new(bucket, set, perimeter);
    let stranger = perimeter.stranger(&bucket.named);
    let mut actors = strangers(perimeter, &bucket.named, &stranger);
    let services = bucket.named.granted_lists().flat_map(|list| list.services.iter().map(String::as_str));
    let services: std::collections::BTreeSet<&str> =
        services.chain(["s3.amazonaws.com", "cloudtrail.amazonaws.com"]).take(24).collect();
    for name in services {
        for organization in [None, Some(FOREIGN_ORGANIZATION)] {
            let path = organization.map(|id| format!("{id}/r-prob/ou-prob-exfilguard-probe/"));
            actors.push(service(
                name,
                &stranger,
                known_or_absent(organization),
                known_or_absent(path.as_deref()),
            ));
        }
    }
    let places = bucket.internet();
    let mut everywhere = places.values;
    everywhere.push(endpoint_of(&stranger, None));
    let actions = bucket.every_action();
    bucket.refuses(&actors, &everywhere, actions.iter().map(String::as_str), &[], places.complete)
}
