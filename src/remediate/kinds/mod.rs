//! The kinds of change, one file each. A kind is a static descriptor and two pure functions: what a failing result wants
//! changed, and which settings get which values for it.

mod block_public_access;
pub mod bucket_policy;
mod create_bulk_download_alarm;
mod create_guardduty_event_rule;
mod disable_acls;
mod enable_guardduty_auto_s3;
mod enable_guardduty_s3_protection;
mod enable_s3_data_events;
mod require_tls;
mod restrict_bucket_policy;
mod restrict_endpoint_policy;
mod start_trail_logging;
mod topics;
mod unsuppress_findings;

use std::collections::BTreeMap;

use serde_json::Value;

use super::plan::RiskLevel;
use super::setting::Setting;
use crate::facts::{Context, Guardrails};
use crate::policy::PolicyFile;
use crate::score::assessment::ResultRecord;
use crate::snapshot::{AccountSnapshot, Bucket, Organization};

/// A kind of change.
pub struct Kind {
    /// Its name, among [`REMEDIATIONS`](crate::catalogue::REMEDIATIONS).
    pub name: &'static str,
    /// What may break, and how much.
    pub risk: (RiskLevel, &'static str),
    /// What it costs.
    pub cost: &'static str,
    /// How it is undone.
    pub undo: &'static str,
    /// What a failing result wants changed.
    pub place: fn(&ResultRecord, &Situation<'_>) -> Result<Place, String>,
    /// The change for all failing results that want the same place changed.
    pub propose: fn(&Place, &[&ResultRecord], &Situation<'_>) -> Result<Proposal, String>,
}

/// All kinds, in the order in which they are proposed and applied within an account: logging before detection, detection
/// before prevention.
pub const KINDS: [&Kind; 12] = [
    &start_trail_logging::KIND,
    &enable_s3_data_events::KIND,
    &enable_guardduty_s3_protection::KIND,
    &enable_guardduty_auto_s3::KIND,
    &unsuppress_findings::KIND,
    &create_guardduty_event_rule::KIND,
    &create_bulk_download_alarm::KIND,
    &restrict_endpoint_policy::KIND,
    &require_tls::KIND,
    &restrict_bucket_policy::KIND,
    &disable_acls::KIND,
    &block_public_access::KIND,
];

/// What is known when a change is proposed. The accounts are as they would be after the changes proposed before.
pub struct Situation<'a> {
    /// What was read once for the organization.
    pub organization: &'a Organization,
    /// The accounts that were read, as far as anything is to be changed there or others are judged by them.
    pub accounts: &'a BTreeMap<String, AccountSnapshot>,
    /// The organization's policy file.
    pub policy: &'a PolicyFile,
    /// The role that will make the changes, by name.
    pub role: &'a str,
    /// Whether the management account may be changed.
    pub management_account: bool,
}

impl<'a> Situation<'a> {
    /// The surroundings of an account, as facts are derived in them.
    #[must_use]
    pub fn context(&self, guardrails: &'a Guardrails) -> Context<'a> {
        Context { organization: self.organization, hubs: self.accounts, policy: self.policy, guardrails }
    }

    /// An account's snapshot.
    ///
    /// # Errors
    /// It was not read.
    pub fn account(&self, id: &str) -> Result<&AccountSnapshot, String> {
        self.accounts.get(id).ok_or_else(|| format!("account {id} was not read"))
    }

    /// A bucket of an account.
    ///
    /// # Errors
    /// It was not read.
    pub fn bucket(&self, account: &str, name: &str) -> Result<&Bucket, String> {
        let buckets = self.account(account)?.buckets.as_result().map_err(|why| why.clause())?;
        buckets
            .iter()
            .find(|bucket| bucket.name == name)
            .ok_or_else(|| format!("bucket `{name}` is not in what was read"))
    }

    /// The ARNs of who must never be locked out of an account: the role that makes the changes, and those of last resort.
    #[must_use]
    pub fn keepers(&self, account: &str) -> Vec<String> {
        let names =
            std::iter::once(self.role).chain(self.policy.remediation.break_glass.iter().map(String::as_str));
        names.map(|name| format!("arn:{}:iam::{account}:role/{name}", self.organization.partition)).collect()
    }

    /// Why a bucket is not changed, if the policy file leaves it out by its tags.
    ///
    /// # Errors
    /// The reason.
    pub fn not_excluded(&self, result: &ResultRecord) -> Result<(), String> {
        if self.policy.remediation.exclude_tags.is_empty()
            || result.resource.kind != crate::catalogue::ResourceKind::Bucket
        {
            return Ok(());
        }
        let tags = self.bucket(&result.account_id, &result.resource.id)?.tags.as_result();
        let tags =
            tags.map_err(|why| format!("whether its tags exclude it is not known: {}", why.clause()))?;
        self.policy.remediation.admit_tags(tags)
    }
}

/// Where a change is made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The account in which the calls are made.
    pub account: String,
    /// The region.
    pub region: String,
    /// The resource's name or id.
    pub resource: String,
}

/// What a kind wants done.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// What is done, as one sentence.
    pub summary: String,
    /// The settings with the values that they get, in order.
    pub settings: Vec<(Setting, Value)>,
    /// What this one costs, where that is more than the kind's own note.
    pub cost: Option<String>,
}

/// The kind of this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.name == name)
}

/// GuardDuty's administrator in a region, with the id of its detector there.
fn administrator<'a>(situation: &'a Situation<'_>, region: &str) -> Option<(&'a AccountSnapshot, String)> {
    let id = situation.organization.guardduty_administrators.get(region)?.known()?.as_ref()?;
    let account = situation.accounts.get(id)?;
    let detector = account.regional.get(region)?.detector.known()?.as_ref()?;
    Some((account, detector.id.clone()))
}

/// A bucket's place: the bucket's own account and region.
fn bucket_place(result: &ResultRecord, situation: &Situation<'_>) -> Result<Place, String> {
    let bucket = situation.bucket(&result.account_id, &result.resource.id)?;
    let region = bucket.region.as_result().map_err(|why| why.clause())?;
    Ok(Place { account: result.account_id.clone(), region: region.clone(), resource: bucket.name.clone() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue::REMEDIATIONS;

    #[test]
    fn every_kind_has_a_file_and_every_file_a_kind() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/remediate/kinds");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().replace('_', "-"))
            .filter(|name| name != "mod" && REMEDIATIONS.contains(&name.as_str()))
            .collect();
        assert_eq!(files, KINDS.iter().map(|kind| kind.name.to_owned()).collect());
        assert!(KINDS.iter().all(|kind| REMEDIATIONS.contains(&kind.name)));
    }
}
