//! What an account is judged against: the organization, the accounts that others depend on, and the policy file.

use std::collections::BTreeMap;

use super::guardrails::Guardrails;
use crate::policy::PolicyFile;
use crate::snapshot::{
    AccountSnapshot, Organization, OrganizationAccount, Reading, Trail, TrailDetails, Unreadable,
};

/// The surroundings of an account.
#[derive(Debug)]
pub struct Context<'a> {
    /// What was read once for the organization.
    pub organization: &'a Organization,
    /// The accounts that others are judged by, by id.
    pub hubs: &'a BTreeMap<String, AccountSnapshot>,
    /// What the organization says is sensitive and trusted.
    pub policy: &'a PolicyFile,
    /// The organization's service control and resource control policies.
    pub guardrails: &'a Guardrails,
}

impl<'a> Context<'a> {
    /// The organization's id, if it is known.
    #[must_use]
    pub fn organization_id(&self) -> Option<&'a str> {
        self.organization.identity.known().and_then(Option::as_ref).map(|identity| identity.id.as_str())
    }

    /// The management account's id, if it is known.
    #[must_use]
    pub fn management_account(&self) -> Option<&'a str> {
        let identity = self.organization.identity.known().and_then(Option::as_ref)?;
        Some(identity.management_account.as_str())
    }

    /// Whether the account is in the organization's list.
    #[must_use]
    pub fn is_member(&self, account: &str) -> bool {
        self.guardrails.has(account)
    }

    /// The entry of an account in the organization's list.
    #[must_use]
    pub fn listed(&self, account: &str) -> Option<&'a OrganizationAccount> {
        self.organization.accounts.known()?.iter().find(|listed| listed.id == account)
    }

    /// The snapshot of another account, if it is one that others are judged by.
    #[must_use]
    pub fn other<'b>(&self, id: &str, own: &'b AccountSnapshot) -> Option<&'b AccountSnapshot>
    where
        'a: 'b,
    {
        if id == own.id { Some(own) } else { self.hubs.get(id) }
    }
}

/// The account that an ARN names; empty for a global one.
#[must_use]
pub fn owner_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// The region that an ARN names; empty for a global one.
#[must_use]
pub fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// A trail that covers an account, with what its owner could read about it.
#[derive(Debug, Clone, Copy)]
pub struct CoveringTrail<'a> {
    /// The trail.
    pub trail: &'a Trail,
    /// Status and selectors; none when only the owner could read them and he was not asked.
    pub details: Option<&'a TrailDetails>,
}

/// The trails that may log an account's events: its own, and the organization's.
///
/// Organization trails are read in the account that owns them and credited to every member (`aws-semantics.md` 3.1). One
/// that only shows as a shadow is listed without details.
#[must_use]
pub fn covering_trails<'a>(
    account: &'a AccountSnapshot,
    context: &Context<'a>,
) -> BTreeMap<&'a str, CoveringTrail<'a>> {
    let mut trails = BTreeMap::new();
    let is_member = context.is_member(&account.id);
    for hub in context.hubs.values().filter(|hub| is_member && hub.id != account.id) {
        for trail in visible(hub).filter(|t| t.organization && owner_of(&t.arn) == hub.id) {
            let details = hub.trail_details.get(&trail.arn);
            trails.insert(trail.arn.as_str(), CoveringTrail { trail, details });
        }
    }
    for trail in visible(account) {
        let details = account.trail_details.get(&trail.arn);
        trails.entry(trail.arn.as_str()).or_insert(CoveringTrail { trail, details });
    }
    trails
}

fn visible(account: &AccountSnapshot) -> impl Iterator<Item = &Trail> {
    account.regional.values().filter_map(|region| region.trails.known()).flatten()
}

/// Why the trails that may log events of `region` are not all known, if they are not. A region that was read shows the
/// shadows of all multi-region trails too, so one reading settles the region.
#[must_use]
pub fn unseen_trails<'a>(account: &'a AccountSnapshot, region: &str) -> Option<&'a Unreadable> {
    match account.regional.get(region) {
        Some(read) => read.trails.unreadable(),
        None => account.regions.unreadable(),
    }
}

/// A reading's value, or the reason why there is none as a clause.
pub(super) fn known_or_clause<T>(reading: &Reading<T>) -> Result<&T, String> {
    reading.as_result().map_err(|why| format!("not known because {}", why.clause()))
}
