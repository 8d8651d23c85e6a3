//! What is read once for the whole organization: identity, accounts, policies, delegated administrators.

use std::collections::BTreeMap;

use aws_sdk_organizations::operation::list_accounts::ListAccountsOutput;
use futures::stream::{self, StreamExt as _};
use tokio::sync::mpsc::UnboundedSender;

use super::connection::Access;
use super::failure::Failure;
use super::guardduty;
use crate::snapshot::{
    Organization, OrganizationAccount, OrganizationIdentity, OrganizationPolicy, PolicyType, Reading,
    Unreadable,
};

/// Organizations allows few calls per second, and all accounts share them.
const CALLS_AT_ONCE: usize = 2;

/// Who the caller is (`sts:GetCallerIdentity`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The caller's account.
    pub account: String,
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// The caller's ARN.
    pub arn: String,
}

/// Asks AWS who the credentials belong to.
///
/// # Errors
/// There are no credentials, or AWS refuses them.
pub async fn caller(access: &Access, region: &str) -> Result<Caller, Failure> {
    let call = access.sts(region).get_caller_identity().send();
    let answer = access.call("sts:GetCallerIdentity", call).await?;
    let arn = answer.arn.unwrap_or_default();
    let partition = arn.split(':').nth(1).filter(|p| !p.is_empty()).unwrap_or("aws").to_owned();
    Ok(Caller { account: answer.account.unwrap_or_default(), partition, arn })
}

/// The region in which a partition's global services, Organizations among them, answer.
#[must_use]
pub fn leading_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-northwest-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-iso-e" => "eu-isoe-west-1",
        "aws-iso-f" => "us-isof-south-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

/// What the reading of an account must know of its organization.
#[derive(Debug, Clone)]
pub struct Basics {
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// The types of policies that are switched on.
    pub enabled_policy_types: Reading<Vec<String>>,
    /// GuardDuty's administrator of each region.
    pub guardduty_administrators: BTreeMap<String, Reading<Option<String>>>,
}

impl From<&Organization> for Basics {
    fn from(organization: &Organization) -> Self {
        Self {
            partition: organization.partition.clone(),
            enabled_policy_types: organization.enabled_policy_types.clone(),
            guardduty_administrators: organization.guardduty_administrators.clone(),
        }
    }
}

/// What is known of the organization while it is still being read.
#[derive(Debug)]
pub enum News {
    /// Enough to read accounts.
    Basics {
        /// The management account.
        management: String,
        /// What the reading of accounts must know.
        basics: Basics,
    },
    /// Some of the accounts: those that came with their place in the organization.
    Accounts(Vec<OrganizationAccount>),
}

/// Reads the organization; `regions` are those in which GuardDuty's administrator is asked for. What is known already is
/// told as news; nobody need listen.
pub async fn organization(
    access: &Access,
    caller: &Caller,
    regions: &[String],
    news: &UnboundedSender<News>,
) -> Organization {
    let region = leading_region(&caller.partition);
    let everywhere = access;
    let access = &access.at(region);
    let identity: Reading<Option<OrganizationIdentity>> = identity(access, region).await;
    let mut organization = Organization {
        partition: caller.partition.clone(),
        caller_account: caller.account.clone(),
        enabled_policy_types: Reading::Known(Vec::new()),
        policies: BTreeMap::new(),
        guardduty_administrators: BTreeMap::new(),
        guardduty_policies: BTreeMap::new(),
        accounts: Reading::Known(Vec::new()),
        identity,
    };
    if matches!(organization.identity, Reading::Known(None)) {
        return organization;
    }
    let identity = organization.identity.known().cloned().flatten();
    let beside = async {
        let (enabled_policy_types, guardduty_administrators) =
            tokio::join!(policy_types(access, region), administrators(everywhere, regions));
        let partition = caller.partition.clone();
        let basics = Basics { partition, enabled_policy_types, guardduty_administrators };
        if let Some(OrganizationIdentity { management_account: management, .. }) = identity {
            _ = news.send(News::Basics { management, basics: basics.clone() });
        }
        basics
    };
    let (accounts, basics) = tokio::join!(accounts(access, region, news), beside);
    let types = basics.enabled_policy_types;
    organization.accounts = accounts;
    organization.policies = policies(access, region, &types).await;
    organization.guardduty_policies =
        guardduty_policies(access, region, &organization.accounts, &types).await;
    organization.enabled_policy_types = types;
    organization.guardduty_administrators = basics.guardduty_administrators;
    organization
}

/// GuardDuty's administrator of each region.
async fn administrators(access: &Access, regions: &[String]) -> BTreeMap<String, Reading<Option<String>>> {
    stream::iter(regions)
        .map(|region| async move {
            (region.clone(), guardduty::administrator(&access.at(region), region).await)
        })
        .buffer_unordered(8)
        .collect()
        .await
}

async fn identity(access: &Access, region: &str) -> Reading<Option<OrganizationIdentity>> {
    let call = access.organizations(region).describe_organization().send();
    match access.call("organizations:DescribeOrganization", call).await {
        Ok(answer) => Reading::Known(answer.organization.and_then(|organization| {
            Some(OrganizationIdentity {
                id: organization.id?,
                management_account: organization.master_account_id.unwrap_or_default(),
            })
        })),
        Err(failure) if failure.code() == "AWSOrganizationsNotInUseException" => Reading::Known(None),
        Err(failure) => Reading::Unreadable(failure.into()),
    }
}

async fn accounts(
    access: &Access,
    region: &str,
    news: &UnboundedSender<News>,
) -> Reading<Vec<OrganizationAccount>> {
    const OPERATION: &str = "organizations:ListAccounts";
    let pages =
        access.organizations(region).list_accounts().into_paginator().stop_on_duplicate_token(false).send();
    let tell = |page: &ListAccountsOutput| _ = news.send(News::Accounts(placed(page.accounts())));
    let pages = match access.pages_shown(OPERATION, pages, tell).await {
        Ok(pages) => pages,
        Err(failure) => return Reading::Unreadable(failure.into()),
    };
    let listed: Vec<_> = pages.into_iter().flat_map(|page| page.accounts.unwrap_or_default()).collect();
    if listed.is_empty() {
        // An organization has at least its management account: an empty list was not meant for this caller.
        return Reading::Unreadable(Unreadable {
            operation: OPERATION.to_owned(),
            code: "EmptyList".to_owned(),
            message: "the organization's accounts are shown only to its management account and \
                      delegated administrators"
                .to_owned(),
        });
    }
    let parents = Parents::default();
    let mut accounts: Vec<OrganizationAccount> = stream::iter(listed)
        .filter_map(|account| async { account.id.clone().map(|id| (id, account)) })
        .map(|(id, account)| {
            let parents = &parents;
            async move {
                let parents = match path(&account) {
                    Some(path) => Reading::Known(parents_in(path)),
                    None => parents.of(access, region, &id).await,
                };
                organization_account(id, &account, parents)
            }
        })
        .buffer_unordered(CALLS_AT_ONCE)
        .collect()
        .await;
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    accounts.dedup_by(|a, b| a.id == b.id);
    Reading::Known(accounts)
}

/// The accounts of a page that came with their place in the organization.
fn placed(page: &[aws_sdk_organizations::types::Account]) -> Vec<OrganizationAccount> {
    let account = |account: &aws_sdk_organizations::types::Account| {
        let parents = Reading::Known(parents_in(path(account)?));
        Some(organization_account(account.id.clone()?, account, parents))
    };
    page.iter().filter_map(account).collect()
}

fn organization_account(
    id: String,
    account: &aws_sdk_organizations::types::Account,
    parents: Reading<Vec<String>>,
) -> OrganizationAccount {
    // `State` replaced `Status`; older answers have only that.
    let state = account.state.as_ref().map(|s| s.as_str().to_owned()).or_else(|| status(&account.status));
    let name = account.name.clone().unwrap_or_default();
    OrganizationAccount { id, name, state: state.unwrap_or_default(), parents }
}

fn path(account: &aws_sdk_organizations::types::Account) -> Option<&str> {
    account.paths().first().map(String::as_str)
}

fn status(status: &Option<aws_sdk_organizations::types::AccountStatus>) -> Option<String> {
    status.as_ref().map(|s| s.as_str().to_owned())
}

/// Root and organizational units of a path such as `o-x/r-x/ou-x/111122223333/`.
fn parents_in(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| part.starts_with("r-") || part.starts_with("ou-"))
        .map(str::to_owned)
        .collect()
}

/// Parents found by walking up, each asked once.
#[derive(Default)]
struct Parents(tokio::sync::Mutex<BTreeMap<String, Option<String>>>);

impl Parents {
    async fn of(&self, access: &Access, region: &str, account: &str) -> Reading<Vec<String>> {
        let mut above = Vec::new();
        let mut child = account.to_owned();
        loop {
            match self.parent(access, region, &child).await {
                // Organizational units nest five deep; a longer walk is a loop.
                Ok(Some(parent)) if above.len() < 8 => {
                    above.push(parent.clone());
                    if parent.starts_with("r-") {
                        break;
                    }
                    child = parent;
                }
                Ok(_) => break,
                Err(failure) => return Reading::Unreadable(failure.into()),
            }
        }
        above.reverse();
        Reading::Known(above)
    }

    async fn parent(&self, access: &Access, region: &str, child: &str) -> Result<Option<String>, Failure> {
        // Held across the call on purpose: two accounts of one unit would otherwise both ask for its parent.
        let mut known = self.0.lock().await;
        if let Some(parent) = known.get(child) {
            return Ok(parent.clone());
        }
        let pages = access
            .organizations(region)
            .list_parents()
            .child_id(child)
            .into_paginator()
            .stop_on_duplicate_token(false)
            .send();
        let pages = access.pages("organizations:ListParents", pages).await?;
        let parent = pages.into_iter().flat_map(|page| page.parents.unwrap_or_default()).find_map(|p| p.id);
        known.insert(child.to_owned(), parent.clone());
        Ok(parent)
    }
}

async fn policy_types(access: &Access, region: &str) -> Reading<Vec<String>> {
    let pages =
        access.organizations(region).list_roots().into_paginator().stop_on_duplicate_token(false).send();
    match access.pages("organizations:ListRoots", pages).await {
        Ok(pages) => {
            let roots = pages.into_iter().flat_map(|page| page.roots.unwrap_or_default());
            let mut types: Vec<String> = roots
                .flat_map(|root| root.policy_types.unwrap_or_default())
                // Anything but "being switched off" may bind.
                .filter(|t| t.status.as_ref().is_none_or(|s| s.as_str() != "PENDING_DISABLE"))
                .filter_map(|t| t.r#type.map(|t| t.as_str().to_owned()))
                .collect();
            types.sort();
            types.dedup();
            Reading::Known(types)
        }
        Err(failure) => Reading::Unreadable(failure.into()),
    }
}

async fn policies(
    access: &Access,
    region: &str,
    enabled: &Reading<Vec<String>>,
) -> BTreeMap<PolicyType, Reading<Vec<OrganizationPolicy>>> {
    let mut all = BTreeMap::new();
    for kind in [PolicyType::ServiceControlPolicy, PolicyType::ResourceControlPolicy] {
        let policies = match enabled {
            Reading::Unreadable(why) => Reading::Unreadable(why.clone()),
            Reading::Known(types) if !types.iter().any(|t| t == kind.as_str()) => Reading::Known(Vec::new()),
            Reading::Known(_) => policies_of(access, region, kind).await,
        };
        all.insert(kind, policies);
    }
    all
}

/// The policies of a type with their targets: two calls per policy, however many accounts there are.
async fn policies_of(access: &Access, region: &str, kind: PolicyType) -> Reading<Vec<OrganizationPolicy>> {
    let client = access.organizations(region);
    let pages = client
        .list_policies()
        .filter(aws_sdk_organizations::types::PolicyType::from(kind.as_str()))
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = match access.pages("organizations:ListPolicies", pages).await {
        Ok(pages) => pages,
        Err(failure) => return Reading::Unreadable(failure.into()),
    };
    let client = &client;
    let mut policies: Vec<OrganizationPolicy> =
        stream::iter(pages.into_iter().flat_map(|page| page.policies.unwrap_or_default()))
            .filter_map(|summary| async move { summary.id.map(|id| (id, summary.name)) })
            .map(|(id, name)| async move {
                let content = content(access, client, &id).await;
                let targets = targets(access, client, &id).await;
                // It has gone since it was listed.
                if is_gone(&content) || is_gone(&targets) {
                    return None;
                }
                Some(OrganizationPolicy {
                    id,
                    name: name.unwrap_or_default(),
                    content: content.map_err(Into::into).into(),
                    targets: targets.map_err(Into::into).into(),
                })
            })
            .buffer_unordered(CALLS_AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await;
    policies.sort_by(|a, b| a.id.cmp(&b.id));
    policies.dedup_by(|a, b| a.id == b.id);
    Reading::Known(policies)
}

fn is_gone<T>(answer: &Result<T, Failure>) -> bool {
    answer.as_ref().is_err_and(|failure| failure.code() == "PolicyNotFoundException")
}

async fn content(
    access: &Access,
    client: &aws_sdk_organizations::Client,
    id: &str,
) -> Result<String, Failure> {
    let call = client.describe_policy().policy_id(id).send();
    let answer = access.call("organizations:DescribePolicy", call).await?;
    Ok(answer.policy.and_then(|policy| policy.content).unwrap_or_default())
}

async fn targets(
    access: &Access,
    client: &aws_sdk_organizations::Client,
    id: &str,
) -> Result<Vec<String>, Failure> {
    let pages =
        client.list_targets_for_policy().policy_id(id).into_paginator().stop_on_duplicate_token(false).send();
    let pages = access.pages("organizations:ListTargetsForPolicy", pages).await?;
    let targets = pages.into_iter().flat_map(|page| page.targets.unwrap_or_default());
    let mut ids: Vec<String> = targets.filter_map(|target| target.target_id).collect();
    ids.sort();
    Ok(ids)
}

/// Whether the organization's S3 policy blocks all public access to an account's buckets; `None` without such a policy.
pub async fn blocks_public_access(
    access: &Access,
    organization: &Basics,
    account: &str,
) -> Reading<Option<bool>> {
    match &organization.enabled_policy_types {
        Reading::Unreadable(why) => return Reading::Unreadable(why.clone()),
        Reading::Known(types) if !types.iter().any(|t| t == "S3_POLICY") => return Reading::Known(None),
        Reading::Known(_) => {}
    }
    let region = leading_region(&organization.partition);
    match effective_policy(&access.at(region), region, "S3_POLICY", account).await {
        Reading::Known(content) => Reading::Known(content.and_then(|text| blocks_all(&text))),
        Reading::Unreadable(why) => Reading::Unreadable(why),
    }
}

/// The GuardDuty policy in force of each active account; nothing where the organization has no such policies.
async fn guardduty_policies(
    access: &Access,
    region: &str,
    accounts: &Reading<Vec<OrganizationAccount>>,
    types: &Reading<Vec<String>>,
) -> BTreeMap<String, Reading<Option<String>>> {
    const TYPE: &str = "GUARDDUTY_POLICY";
    if !types.known().is_some_and(|types| types.iter().any(|t| t == TYPE)) {
        return BTreeMap::new();
    }
    let active = accounts.known().into_iter().flatten().filter(|account| account.state == "ACTIVE");
    stream::iter(active)
        .map(|account| async move {
            (account.id.clone(), effective_policy(access, region, TYPE, &account.id).await)
        })
        .buffer_unordered(CALLS_AT_ONCE)
        .collect()
        .await
}

/// What the policies of a management type come to in an account, as text; `None` when none is in force.
async fn effective_policy(
    access: &Access,
    region: &str,
    kind: &str,
    account: &str,
) -> Reading<Option<String>> {
    let client = access.organizations(region);
    let call = client.describe_effective_policy().policy_type(kind.into()).target_id(account).send();
    match access.call("organizations:DescribeEffectivePolicy", call).await {
        Ok(answer) => Reading::Known(answer.effective_policy.and_then(|policy| policy.policy_content)),
        Err(failure) if failure.code() == "EffectivePolicyNotFoundException" => Reading::Known(None),
        Err(failure) => Reading::Unreadable(failure.into()),
    }
}

/// Reads `{"s3_attributes": {"public_access_block_configuration": "all" | "none"}}`.
fn blocks_all(text: &str) -> Option<bool> {
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    let setting = document.pointer("/s3_attributes/public_access_block_configuration")?;
    let setting = setting.as_str().or_else(|| setting.get("@@assign").and_then(|v| v.as_str()))?;
    Some(setting == "all")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_root_and_units_in_order() {
        assert_eq!(parents_in("o-a1/r-b2/ou-b2-c3/ou-b2-d4/111122223333/"), ["r-b2", "ou-b2-c3", "ou-b2-d4"]);
    }

    #[test]
    fn an_s3_policy_blocks_only_when_it_says_all() {
        let policy =
            |value: &str| format!(r#"{{"s3_attributes": {{"public_access_block_configuration": {value}}}}}"#);
        assert_eq!(blocks_all(&policy(r#""all""#)), Some(true));
        assert_eq!(blocks_all(&policy(r#"{"@@assign": "all"}"#)), Some(true));
        assert_eq!(blocks_all(&policy(r#""none""#)), Some(false));
        assert_eq!(blocks_all("{}"), None);
        assert_eq!(blocks_all("no json"), None);
    }
}
