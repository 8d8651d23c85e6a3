//! What GuardDuty's administrator knows of the organization in one region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DetectorFeature, Reading};

/// GuardDuty's administration of an organization in one region, as its delegated administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardDutyAdministration {
    /// What is switched on by itself in accounts of the organization (`guardduty:DescribeOrganizationConfiguration`).
    pub auto_enable: Reading<GuardDutyAutoEnable>,
    /// The members (`guardduty:ListMembers`), in order of account.
    pub members: Reading<Vec<GuardDutyMember>>,
}

/// What GuardDuty switches on by itself in accounts of an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardDutyAutoEnable {
    /// Whose detectors: `ALL`, `NEW` or `NONE`; empty when AWS did not say.
    pub members: String,
    /// Whose features, by the feature's name: `ALL`, `NEW` or `NONE`.
    pub features: BTreeMap<String, String>,
    /// Whether there are as many members as the administrator may have: further accounts are left out.
    pub member_limit_reached: bool,
}

/// An account that GuardDuty's administrator manages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardDutyMember {
    /// The account's id.
    pub account: String,
    /// The member's detector; empty while it has none.
    pub detector_id: String,
    /// `Enabled`, or why the administrator does not see its findings: `Paused`, `Removed`, `Resigned`, …
    pub relationship: String,
    /// The features of the member's detector (`guardduty:GetMemberDetectors`).
    pub features: Reading<Vec<DetectorFeature>>,
}

impl GuardDutyMember {
    /// The code of features of a member that AWS left out of its answer (`unprocessedAccounts`), for example because
    /// GuardDuty is suspended there.
    pub const UNPROCESSED: &str = "UnprocessedAccount";
}
