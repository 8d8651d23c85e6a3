//! Concrete requests that show whether a bucket or an endpoint lets data out (`aws-semantics.md` 7.6 and 7.7).
//!
//! A probe is a request as an attacker, an outsider or a workload would make it, put to [`decide`](super::decide). What
//! the one who asks may choose (headers, addresses, names) is not guessed once but searched: the values that the
//! policies themselves name are tried, and a certain answer for every value is needed before a probe counts as refused.
//! The principals' own permissions are assumed throughout (7.9).

mod access_points;
mod actions;
mod attempts;
mod buckets;
mod endpoints;
mod legitimate;
mod named;
mod outside;
mod scene;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;

use crate::semantics::verdict::Verdict;

pub use access_points::{ThroughAccessPoint, access_point_outside_grants};
pub use attempts::{Aim, Attempt, Party, Route, attempt_refused, key_denies_outsiders, outsider_account};
pub use buckets::{
    bucket_control_plane_perimeter, bucket_identity_perimeter, bucket_not_public, bucket_requires_tls,
    denies_foreign_endpoint, denies_internet, denies_presigned,
};
pub use endpoints::{
    endpoint_denies_anonymous_to_foreign_bucket, endpoint_denies_foreign_to_foreign_bucket,
    endpoint_denies_foreign_to_own_bucket, endpoint_denies_org_to_foreign_bucket,
};
pub use legitimate::{
    AWS_OWNED_BUCKETS, bucket_serves_break_glass, bucket_serves_forward_access, bucket_serves_own_endpoint,
    bucket_serves_repair, bucket_serves_services, endpoint_serves_aws_owned_bucket,
    endpoint_serves_organization, endpoint_serves_services,
};
pub use outside::{GranteeKind, OutsideGrantFound, outside_grants};

/// Where the organization ends: what a probe needs to make requests from inside and from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Perimeter {
    /// `aws`, `aws-cn`, `aws-us-gov`, …; empty is `aws`.
    pub partition: String,
    /// The account that owns the bucket or the endpoint.
    pub account: String,
    /// The organization paths (`o-…/r-…/ou-…/`) of the organization's accounts, by account. A path that is missing is
    /// an unknown value of `aws:PrincipalOrgPaths` and its like.
    pub account_paths: BTreeMap<String, String>,
    /// The organization's id (`o-…`); nothing for an account that belongs to none, or with
    /// [`Perimeter::organization_unknown`].
    pub organization: Option<String>,
    /// Whether it could not be read which organization the account belongs to. Whatever depends on it is then unknown.
    pub organization_unknown: bool,
    /// The organization's accounts, as every account of it has them. The owner counts as one of them, listed or not.
    pub organization_accounts: Arc<BTreeSet<String>>,
    /// The S3 canonical user ids of the organization's accounts, as far as they are known; above all the bucket
    /// owner's, which stands in every access control list.
    pub canonical_users: BTreeSet<String>,
    /// Outside accounts that may hold access.
    pub trusted_accounts: BTreeSet<String>,
    /// Organizations besides the own that may hold access.
    pub trusted_organizations: BTreeSet<String>,
    /// VPC endpoints that are the organization's own or trusted like these.
    pub trusted_vpc_endpoints: BTreeSet<String>,
    /// VPCs that are the organization's own or trusted like these.
    pub trusted_vpcs: BTreeSet<String>,
    /// Networks from which the organization's principals are expected.
    pub trusted_networks: Vec<IpNet>,
}

impl Perimeter {
    /// The partition of ARNs.
    fn partition(&self) -> &str {
        if self.partition.is_empty() { "aws" } else { &self.partition }
    }

    /// Whether the organization has accounts besides the owner.
    pub(crate) fn has_other_accounts(&self) -> bool {
        self.organization_accounts.iter().any(|account| *account != self.account)
    }

    /// Whether an account belongs to the organization.
    pub(crate) fn has_account(&self, account: &str) -> bool {
        account == self.account || self.organization_accounts.contains(account)
    }

    /// Whether an account is outside the organization and not trusted either.
    fn is_foreign_account(&self, account: &str) -> bool {
        !self.has_account(account) && !self.trusted_accounts.contains(account)
    }

    /// Whether an organization is neither the own nor trusted.
    fn is_foreign_organization(&self, organization: &str) -> bool {
        !self.organization_unknown
            && self.organization.as_deref() != Some(organization)
            && !self.trusted_organizations.contains(organization)
    }

    /// A yes that rests on an organization that the policies name, although the own is not known, is none.
    fn doubt(&self, verdict: Verdict, named: &named::Named<'_>) -> Verdict {
        const KEYS: [&str; 4] =
            ["aws:resourceorgid", "aws:resourceorgpaths", "aws:vpceorgid", "aws:vpceorgpaths"];
        if verdict.value.is_yes()
            && self.organization_unknown
            && KEYS.iter().any(|key| !named.examples(key).is_empty())
        {
            return Verdict::unknown(
                "whether the organization that the policy names is the own is not known",
            );
        }
        verdict
    }

    /// Whether an address lies in a trusted network.
    fn trusts_address(&self, address: std::net::IpAddr) -> bool {
        self.trusted_networks.iter().any(|network| network.contains(&address))
    }

    /// An account id that is neither the organization's, nor trusted, nor named by the policies.
    fn stranger(&self, named: &named::Named<'_>) -> String {
        const CANDIDATES: [&str; 4] = ["999999999999", "987654321098", "909090909090", "918273645546"];
        let free = CANDIDATES
            .iter()
            .find(|account| self.is_foreign_account(account) && !named.accounts().contains(**account));
        (*free.unwrap_or(&CANDIDATES[0])).to_owned()
    }
}

/// The organization of a stranger who has one.
const FOREIGN_ORGANIZATION: &str = "o-exfilprobe";

#[cfg(test)]
mod tests;
