//! Walks the organization: who is in scope, who comes first, and how each account is entered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::account::{self, AccountScope};
use super::calls::CallCounts;
use super::connection::{Access, AssumedRole, Connection};
use super::ec2;
use super::failure::Failure;
use super::organization::{self, Caller};
use crate::snapshot::{AccountSnapshot, Entry, Organization, OrganizationAccount, Reading, Unreadable};

/// What the user wants read, and how accounts are entered.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only these accounts, if any are named.
    pub accounts: Vec<String>,
    /// Only accounts below these organizational units or roots, if any are named.
    pub organizational_units: Vec<String>,
    /// Not these accounts.
    pub exclude_accounts: Vec<String>,
    /// Only these regions, if any are named.
    pub regions: Vec<String>,
    /// The name of the role in each member account.
    pub role: String,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
}

/// Reading cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// AWS does not accept the caller.
    #[error("AWS does not accept the caller: {}", .0.unreadable_clause())]
    Caller(Failure),
    /// The user named accounts that are not there.
    #[error("no account is in scope: {0}")]
    NothingInScope(String),
}

impl Failure {
    fn unreadable_clause(&self) -> String {
        format!("{}: {}", self.unreadable.clause(), self.unreadable.message)
    }
}

/// One account that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The account's id.
    pub id: String,
    /// The account's name.
    pub name: String,
    /// Whether it is suspended or closed: listed, not entered.
    pub suspended: bool,
    /// Whether results about it were asked for; a hub may be read only because others are judged by it.
    pub in_scope: bool,
    /// Whether others are judged by it.
    hub: bool,
    /// Log groups of this account that trails of other accounts deliver to.
    log_groups: BTreeSet<String>,
}

/// Reads an organization account by account.
#[derive(Debug)]
pub struct Collector {
    connection: Arc<Connection>,
    hub: Access,
    caller: Caller,
    scope: Scope,
    organization: Organization,
    /// The regions that are enabled in the caller's own account, if these were asked for.
    enabled: Option<Reading<Vec<String>>>,
    /// What the person should know about how the run began.
    notes: Vec<String>,
}

impl Collector {
    /// Finds out who the caller is and what the organization looks like.
    ///
    /// # Errors
    /// AWS does not accept the caller, or nothing is in scope.
    pub async fn start(connection: Arc<Connection>, scope: Scope) -> Result<Self, StartError> {
        let hub = connection.caller();
        let region = connection.configured_region().unwrap_or_else(|| "us-east-1".to_owned());
        let caller = organization::caller(&hub, &region).await.map_err(StartError::Caller)?;
        let enabled = if scope.regions.is_empty() {
            let home = organization::leading_region(&caller.partition);
            Some(ec2::enabled_regions(&hub.at(home), home).await)
        } else {
            None
        };
        let regions = match &enabled {
            Some(enabled) => enabled.known().cloned().unwrap_or_default(),
            None => scope.regions.clone(),
        };
        let organization = organization::organization(&hub, &caller, &regions).await;
        let notes = notes(&organization);
        let collector = Self { connection, hub, caller, scope, organization, enabled, notes };
        if collector.planned().iter().all(|planned| !planned.in_scope) {
            return Err(StartError::NothingInScope(collector.why_nothing()));
        }
        Ok(collector)
    }

    /// What was read once for the organization.
    #[must_use]
    pub fn organization(&self) -> &Organization {
        &self.organization
    }

    /// The caller's ARN.
    #[must_use]
    pub fn caller_arn(&self) -> &str {
        &self.caller.arn
    }

    /// What the person should know about how the run began, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The calls made until now.
    #[must_use]
    pub fn counts(&self) -> CallCounts {
        self.connection.counts()
    }

    /// The accounts to read, in order of id: those in scope, and the hubs.
    #[must_use]
    pub fn planned(&self) -> Vec<Planned> {
        let hubs = self.first_hubs();
        let own = [OrganizationAccount {
            id: self.caller.account.clone(),
            name: String::new(),
            state: "ACTIVE".to_owned(),
            parents: Reading::Known(Vec::new()),
        }];
        let accounts = match &self.organization.accounts {
            Reading::Known(accounts) if !accounts.is_empty() => accounts.as_slice(),
            _ => own.as_slice(),
        };
        accounts
            .iter()
            .map(|account| Planned {
                id: account.id.clone(),
                name: account.name.clone(),
                suspended: !matches!(account.state.as_str(), "ACTIVE" | ""),
                in_scope: self.includes(account),
                hub: hubs.contains(&account.id),
                log_groups: BTreeSet::new(),
            })
            .filter(|planned| planned.in_scope || hubs.contains(&planned.id))
            .collect()
    }

    /// The accounts that others are judged by: the management account and GuardDuty's administrators. Only where the whole
    /// organization is visible; a single account is judged alone.
    #[must_use]
    pub fn first_hubs(&self) -> BTreeSet<String> {
        let mut hubs = BTreeSet::new();
        if self.organization.accounts.known().is_none() {
            return hubs;
        }
        if let Reading::Known(Some(identity)) = &self.organization.identity {
            hubs.insert(identity.management_account.clone());
        }
        let administrators = self.organization.guardduty_administrators.values();
        hubs.extend(administrators.filter_map(|admin| admin.known().cloned().flatten()));
        hubs
    }

    /// After the hubs in `read` were read: further accounts that own a log group to which a trail of theirs delivers, and
    /// that are not among `planned` as hubs yet. Their log groups are added to the plan.
    pub fn log_group_owners<'a>(
        &self,
        planned: &mut [Planned],
        read: impl Iterator<Item = &'a AccountSnapshot>,
    ) -> BTreeSet<String> {
        let mut by_owner: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for account in read {
            let trails = account.regional.values().filter_map(|region| region.trails.known()).flatten();
            for arn in trails.filter_map(|trail| trail.log_group_arn.as_ref()) {
                let owner = arn.split(':').nth(4).unwrap_or_default();
                if owner != account.id {
                    by_owner.entry(owner.to_owned()).or_default().insert(arn.clone());
                }
            }
        }
        let mut owners = BTreeSet::new();
        for account in planned {
            if let Some(log_groups) = by_owner.remove(&account.id) {
                account.log_groups = log_groups;
                account.hub = true;
                owners.insert(account.id.clone());
            }
        }
        owners
    }

    /// Reads one account. Never fails: what cannot be read is recorded as such.
    pub async fn collect(&self, planned: &Planned) -> AccountSnapshot {
        if planned.suspended {
            return account::not_entered(&planned.id, &planned.name, Entry::Suspended);
        }
        let access = match self.enter(&planned.id).await {
            Ok(access) => access,
            Err(failure) => {
                let why = Unreadable::from(failure);
                return account::not_entered(&planned.id, &planned.name, Entry::Unreachable(why));
            }
        };
        let regions = Some(self.scope.regions.clone()).filter(|regions| !regions.is_empty());
        let scope = AccountScope {
            regions,
            enabled: self.enabled.clone().filter(|_| planned.id == self.caller.account),
            hub: planned.hub,
            log_groups: planned.log_groups.clone(),
        };
        account::account(&access, &self.hub, &self.organization, &planned.id, &planned.name, &scope).await
    }

    /// Access to an account: with the caller's own credentials to his own, by the role elsewhere.
    ///
    /// # Errors
    /// The role cannot be assumed.
    pub async fn enter(&self, account: &str) -> Result<Access, Failure> {
        if account == self.caller.account {
            return Ok(self.hub.clone());
        }
        let role = AssumedRole {
            arn: format!("arn:{}:iam::{account}:role/{}", self.caller.partition, self.scope.role),
            external_id: self.scope.external_id.clone(),
        };
        let region = self
            .connection
            .configured_region()
            .unwrap_or_else(|| organization::leading_region(&self.caller.partition).to_owned());
        self.hub.assume_role(role, &region).await
    }

    fn includes(&self, account: &OrganizationAccount) -> bool {
        let scope = &self.scope;
        let named = scope.accounts.is_empty() || scope.accounts.contains(&account.id);
        let below = scope.organizational_units.is_empty()
            || account
                .parents
                .known()
                .is_some_and(|parents| parents.iter().any(|p| scope.organizational_units.contains(p)));
        named && below && !scope.exclude_accounts.contains(&account.id)
    }

    fn why_nothing(&self) -> String {
        let visible = self.organization.accounts.known().map_or(1, Vec::len).max(1);
        format!(
            "of the {visible} accounts that `{}` can see, none is named by --accounts, \
             --organizational-units and --exclude-accounts together",
            self.caller.arn
        )
    }
}

fn notes(organization: &Organization) -> Vec<String> {
    let mut notes = Vec::new();
    match &organization.identity {
        Reading::Known(None) => notes.push(format!(
            "account {} belongs to no organization: auditing it alone",
            organization.caller_account
        )),
        Reading::Unreadable(why) => notes.push(format!(
            "the organization could not be read ({}): auditing account {} alone",
            why.clause(),
            organization.caller_account
        )),
        Reading::Known(Some(identity)) => {
            if let Reading::Unreadable(why) = &organization.accounts {
                notes.push(format!(
                    "the accounts of organization {} could not be listed ({}): auditing account {} alone",
                    identity.id,
                    why.clause(),
                    organization.caller_account
                ));
            }
        }
    }
    notes
}
