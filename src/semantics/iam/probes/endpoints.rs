//! Probes of a VPC endpoint's policy: V1 to V4 of `aws-semantics.md` 7.6.

use std::collections::BTreeSet;

use crate::semantics::verdict::Verdict;

use super::super::arn::{Arn, is_account_id};
use super::super::context::ContextValue;
use super::super::evaluation::Evaluation;
use super::super::glob::Glob;
use super::super::policy_set::{Part, PolicySet};
use super::super::request::Request;
use super::super::resource::ResourcePattern;
use super::super::template::Resolved;
use super::actions::is_object_action;
use super::named::{FILLER, Named};
use super::scene::{
    Actor, Place, Target, anonymous, insider, known_or_absent, network, outsider, own_organization,
    own_target, paths_of, probe, strangers,
};
use super::search::{Probe, all_refused};
use super::{AWS_OWNED_BUCKETS, FOREIGN_ORGANIZATION, Perimeter};

/// The bucket that a stranger has registered.
const FOREIGN_BUCKET: &str = "exfilguard-probe-attacker";

/// An endpoint's policy, alone.
pub(super) struct Endpoint<'a> {
    pub set: PolicySet,
    pub named: &'a Named<'a>,
    pub perimeter: &'a Perimeter,
}

/// The policies without those that are not the endpoint's.
pub(super) fn alone(set: &PolicySet) -> PolicySet {
    PolicySet { endpoint: set.endpoint.clone(), ..PolicySet::default() }
}

impl<'a> Endpoint<'a> {
    pub fn new(set: &PolicySet, named: &'a Named<'a>, perimeter: &'a Perimeter) -> Self {
        Self { set: alone(set), named, perimeter }
    }

    /// Requests that go through the endpoint: which it is and where it stands is not known here.
    pub fn place(&self) -> Vec<Place> {
        vec![network(&[
            ("aws:SourceVpce", ContextValue::Unknown),
            ("aws:SourceVpc", ContextValue::Unknown),
            ("aws:VpcSourceIp", ContextValue::Unknown),
            ("aws:VpceAccount", ContextValue::one(&self.perimeter.account)),
            ("aws:VpceOrgID", own_organization(self.perimeter)),
            ("aws:VpceOrgPaths", paths_of(self.perimeter, &self.perimeter.account)),
        ])]
    }

    /// The organization's principals: any, and those whom an allowing statement names.
    pub fn insiders(&self) -> Vec<Actor> {
        let own = self.perimeter.account.as_str();
        let partition = self.perimeter.partition();
        let other = self.perimeter.organization_accounts.iter().find(|account| *account != own);
        let mut arns: BTreeSet<String> = std::iter::once(own)
            .chain(other.map(String::as_str))
            .map(|account| format!("arn:{partition}:sts::{account}:assumed-role/{FILLER}/{FILLER}"))
            .collect();
        arns.insert(format!("arn:{partition}:iam::{own}:user/{FILLER}"));
        arns.insert(format!("arn:{partition}:iam::{own}:root"));
        for list in self.named.granted_lists() {
            arns.extend(list.arns.iter().cloned());
            arns.extend(
                list.accounts
                    .iter()
                    .map(|account| format!("arn:{partition}:sts::{account}:assumed-role/{FILLER}/{FILLER}")),
            );
        }
        for arn in self.named.examples_in_allows("aws:principalarn") {
            arns.insert(with_account(&arn, own));
        }
        let accounts = self.named.examples_in_allows("aws:principalaccount");
        arns.extend(
            accounts
                .into_iter()
                .filter(|account| is_account_id(account))
                .map(|account| format!("arn:{partition}:sts::{account}:assumed-role/{FILLER}/{FILLER}")),
        );
        arns.iter()
            .filter_map(|arn| Arn::parse(arn).map(|parts| (arn, parts.account.to_owned())))
            .filter(|(_, account)| self.perimeter.has_account(account))
            .take(64)
            .map(|(arn, account)| insider(self.perimeter, &account, Some(arn)))
            .collect()
    }

    /// Who owns foreign buckets: a stranger without and with an organization, and whoever the policy names without
    /// being trusted.
    fn owners(&self) -> Vec<(String, Option<String>)> {
        let stranger = self.perimeter.stranger(self.named);
        let mut owners =
            vec![(stranger.clone(), None), (stranger.clone(), Some(FOREIGN_ORGANIZATION.to_owned()))];
        for key in ["aws:resourceaccount", "s3:resourceaccount"] {
            let named = self.named.examples(key).into_iter();
            let foreign =
                named.filter(|account| is_account_id(account) && self.perimeter.is_foreign_account(account));
            owners.extend(foreign.map(|account| (account, None)));
        }
        let paths = self.named.examples("aws:resourceorgpaths");
        let organizations = paths.iter().filter_map(|path| path.split('/').next()).map(str::to_owned);
        for id in self.named.examples("aws:resourceorgid").into_iter().chain(organizations) {
            if self.perimeter.is_foreign_organization(&id) {
                owners.push((stranger.clone(), Some(id)));
            }
        }
        owners.truncate(24);
        owners
    }

    /// The names that an attacker can give his bucket so that it fits the policy's patterns, for a request of this
    /// actor; and whether every pattern was met.
    fn foreign_buckets(&self, actor: &Actor) -> (BTreeSet<String>, bool) {
        let mut buckets = BTreeSet::from([FOREIGN_BUCKET.to_owned()]);
        let mut complete = true;
        let partition = self.perimeter.partition();
        let mut request = Request::new("s3:PutObject", "", actor.principal.clone());
        request.context = actor.context.clone();
        let evaluation = Evaluation::new(&request);
        let any_bucket = Glob::new(&format!("arn:{partition}:s3:::*"));
        for source in self.named.resource_patterns() {
            let Ok(pattern) = ResourcePattern::parse(source, source.contains("${")) else {
                continue;
            };
            let Resolved::Pattern(glob, _) = pattern.template().resolve(&evaluation) else {
                // A variable without a certain value: whether a name can be made to fit is not told.
                complete &= pattern.template().variables().all(|key| key.starts_with("aws:principalaccount"));
                continue;
            };
            let certain = format!("arn:{partition}:s3:::{FOREIGN_BUCKET}/{FILLER}");
            if !glob.overlaps(&any_bucket) || glob.matches(&certain) {
                continue;
            }
            let Some((_, name)) = source.rsplit_once(":::") else {
                complete = false;
                continue;
            };
            let bucket = name.split('/').next().unwrap_or_default();
            let own_choice = bucket.contains("${") && actor.chooses;
            if !bucket.contains(['*', '?']) && !own_choice {
                continue;
            }
            let Some(example) = bucket_example(bucket, &evaluation) else {
                complete = false;
                continue;
            };
            buckets.insert(example);
        }
        complete &= buckets.len() <= 256;
        (buckets.into_iter().take(256).collect(), complete)
    }

    fn refuses_foreign(&self, actors: &[Actor], actions: &[&str]) -> Verdict {
        if self.set.endpoint == Part::NotAsked {
            return Verdict::unknown("the endpoint policy was not asked for");
        }
        let places = self.place();
        let mut probes: Vec<Probe> = Vec::new();
        let mut covered = true;
        for actor in actors {
            let (buckets, complete) = self.foreign_buckets(actor);
            covered &= complete;
            for (account, organization) in self.owners() {
                for bucket in &buckets {
                    let target = self.foreign(bucket, &account, organization.as_deref());
                    for action in actions {
                        probes.push(probe(self.named, actor, &places, action, &target, &[]));
                    }
                }
            }
        }
        self.perimeter.doubt(all_refused(&self.set, probes, covered), self.named)
    }

    fn foreign(&self, bucket: &str, account: &str, organization: Option<&str>) -> Target {
        let paths = organization.map(|id| format!("{id}/r-prob/ou-prob-{FILLER}/"));
        Target {
            resource: format!("arn:{}:s3:::{bucket}/{FILLER}", self.perimeter.partition()),
            account: account.to_owned(),
            organization: known_or_absent(organization),
            paths: known_or_absent(paths.as_deref()),
            attackers: true,
        }
    }

    /// Strangers who brought their own credentials into the VPC.
    fn foreigners(&self) -> Vec<Actor> {
        let stranger = self.perimeter.stranger(self.named);
        let mut actors = strangers(self.perimeter, self.named, &stranger);
        let partition = self.perimeter.partition();
        let untrusted =
            self.named.accounts().iter().filter(|account| self.perimeter.is_foreign_account(account));
        for account in untrusted.take(24) {
            let arn = format!("arn:{partition}:sts::{account}:assumed-role/{FILLER}/{FILLER}");
            actors.push(outsider(&arn, None));
        }
        let listed = self.named.granted_lists().flat_map(|list| &list.arns);
        for arn in listed.take(24) {
            if Arn::parse(arn).is_some_and(|parsed| self.perimeter.is_foreign_account(parsed.account)) {
                actors.push(outsider(arn, None));
            }
        }
        let role = format!("arn:{partition}:sts::{stranger}:assumed-role/{FILLER}/{FILLER}");
        let organizations = self.named.examples("aws:principalorgid");
        let organizations = organizations.iter().filter(|id| self.perimeter.is_foreign_organization(id));
        actors.extend(organizations.take(24).map(|id| outsider(&role, Some(id))));
        actors
    }
}

/// A bucket's name that fits the pattern of one, with the attacker's own text for its wildcard.
fn bucket_example(pattern: &str, evaluation: &Evaluation<'_>) -> Option<String> {
    let pattern = ResourcePattern::parse(pattern, pattern.contains("${")).ok()?;
    match pattern.template().resolve(evaluation) {
        Resolved::Pattern(glob, _) => Some(glob.example("attacker")),
        Resolved::Nothing | Resolved::Unknown => None,
    }
}

fn with_account(arn: &str, account: &str) -> String {
    let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
    if let Some(part) = parts.get_mut(4)
        && !is_account_id(part)
    {
        *part = account;
    }
    parts.join(":")
}

/// Whether the organization's principals are refused buckets outside the organization (V1): writing, which includes
/// multipart uploads, and reading.
///
/// `set.endpoint` alone is asked. Buckets that the policy spells out in full are taken to be meant; a name pattern such
/// as `approved-*` is not, because anybody can register a bucket that fits it.
#[must_use]
pub fn endpoint_denies_org_to_foreign_bucket(set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let alone = alone(set);
    let named = Named::of(&alone);
    let endpoint = Endpoint::new(set, &named, perimeter);
    endpoint.refuses_foreign(&endpoint.insiders(), &["s3:PutObject", "s3:GetObject"])
}

/// Whether a stranger's credentials, brought into the VPC, are refused a stranger's bucket (V2).
#[must_use]
pub fn endpoint_denies_foreign_to_foreign_bucket(set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let alone = alone(set);
    let named = Named::of(&alone);
    let endpoint = Endpoint::new(set, &named, perimeter);
    endpoint.refuses_foreign(&endpoint.foreigners(), &["s3:PutObject", "s3:GetObject"])
}

/// Whether unsigned requests are refused writing to a stranger's bucket (V3).
#[must_use]
pub fn endpoint_denies_anonymous_to_foreign_bucket(set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let alone = alone(set);
    let named = Named::of(&alone);
    let endpoint = Endpoint::new(set, &named, perimeter);
    endpoint.refuses_foreign(&[anonymous()], &["s3:PutObject"])
}

/// Whether a stranger's credentials are refused the organization's own buckets (V4).
#[must_use]
pub fn endpoint_denies_foreign_to_own_bucket(set: &PolicySet, perimeter: &Perimeter) -> Verdict {
    let alone = alone(set);
    let named = Named::of(&alone);
    let endpoint = Endpoint::new(set, &named, perimeter);
    if endpoint.set.endpoint == Part::NotAsked {
        return Verdict::unknown("the endpoint policy was not asked for");
    }
    let places = endpoint.place();
    let mut probes = Vec::new();
    for actor in endpoint.foreigners() {
        let (mut buckets, _) = endpoint.foreign_buckets(&actor);
        buckets.extend(endpoint.spelled_out());
        for bucket in &buckets {
            for action in ["s3:GetObject", "s3:PutObject", "s3:ListBucket"] {
                let arn = format!("arn:{}:s3:::{bucket}", perimeter.partition());
                let resource = if is_object_action(action) { format!("{arn}/{FILLER}") } else { arn };
                probes.push(probe(&named, &actor, &places, action, &own_target(perimeter, resource), &[]));
            }
        }
    }
    all_refused(&endpoint.set, probes, true)
}

impl Endpoint<'_> {
    /// The buckets that the policy spells out and that may be the organization's.
    fn spelled_out(&self) -> Vec<String> {
        self.named
            .resource_patterns()
            .into_iter()
            .filter_map(|source| source.rsplit_once(":::"))
            .map(|(_, name)| name.split('/').next().unwrap_or_default().to_owned())
            .filter(|bucket| !bucket.is_empty() && !bucket.contains(['*', '?', '$']))
            .filter(|bucket| {
                !AWS_OWNED_BUCKETS.iter().any(|owned| Glob::new(&owned.replace("<r>", "*")).matches(bucket))
            })
            .take(64)
            .collect()
    }
}
