//! What was read once for the whole organization.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Reading;
use super::distinct::distinct;

/// The organization as the caller sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// `aws`, `aws-cn`, `aws-us-gov`, … from the caller's ARN.
    pub partition: String,
    /// The account of the caller's own credentials.
    pub caller_account: String,
    /// The organization; known and `None` when the account belongs to none.
    pub identity: Reading<Option<OrganizationIdentity>>,
    /// All accounts of the organization; only the caller's own when they could not be listed.
    pub accounts: Reading<Vec<OrganizationAccount>>,
    /// Policy types that are enabled on the root, for example `SERVICE_CONTROL_POLICY`.
    pub enabled_policy_types: Reading<Vec<String>>,
    /// The service control and resource control policies with what they are attached to, if they could be read.
    #[serde(deserialize_with = "distinct")]
    pub policies: BTreeMap<PolicyType, Reading<Vec<OrganizationPolicy>>>,
    /// GuardDuty's delegated administrator by region (`guardduty:ListOrganizationAdminAccounts`).
    #[serde(deserialize_with = "distinct")]
    pub guardduty_administrators: BTreeMap<String, Reading<Option<String>>>,
    /// The effective GuardDuty policy (`GUARDDUTY_POLICY`) of each active account as text, where the organization has that
    /// type of policy enabled; known and `None` when none is in force.
    #[serde(deserialize_with = "distinct")]
    pub guardduty_policies: BTreeMap<String, Reading<Option<String>>>,
}

/// Identity of an organization (`organizations:DescribeOrganization`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationIdentity {
    /// The organization's id, `o-…`.
    pub id: String,
    /// The management account's id.
    pub management_account: String,
}

/// One account of an organization (`organizations:ListAccounts`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationAccount {
    /// The account's id, twelve digits.
    pub id: String,
    /// The account's name.
    pub name: String,
    /// `ACTIVE`, `SUSPENDED`, `PENDING_CLOSURE`, … (`State`, or the older `Status` where that is all there is).
    pub state: String,
    /// The ids of the root and the organizational units above the account, root first.
    pub parents: Reading<Vec<String>>,
}

/// The kinds of organization policy that bound what principals and resources may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PolicyType {
    /// Bounds the principals of an account.
    ServiceControlPolicy,
    /// Bounds the resources of an account.
    ResourceControlPolicy,
}

impl PolicyType {
    /// AWS's name of the type.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceControlPolicy => "SERVICE_CONTROL_POLICY",
            Self::ResourceControlPolicy => "RESOURCE_CONTROL_POLICY",
        }
    }
}

/// An organization policy and the roots, organizational units and accounts that it is attached to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationPolicy {
    /// The policy's id, `p-…`.
    pub id: String,
    /// The policy's name.
    pub name: String,
    /// The policy document as text.
    pub content: Reading<String>,
    /// Ids of what it is attached to.
    pub targets: Reading<Vec<String>>,
}
