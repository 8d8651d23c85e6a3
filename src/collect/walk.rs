//! Walks the organization: who is in scope, who comes first, and how each account is entered.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use super::account::{self, AccountScope};
use super::calls::CallCounts;
use super::connection::{Access, Connection};
use super::credentials::AssumedRole;
use super::ec2;
use super::estimate::Estimate;
use super::failure::Failure;
use super::organization::{self, Caller};
use super::refusal;
use super::wanted::Wanted;
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
    /// Only this part of the accounts.
    pub shard: Option<Shard>,
}

impl Scope {
    /// Whether an account is asked for, in whichever part of the accounts it is.
    fn includes(&self, account: &OrganizationAccount) -> bool {
        let named = self.accounts.is_empty() || self.accounts.contains(&account.id);
        let below = self.organizational_units.is_empty()
            || account
                .parents
                .known()
                .is_some_and(|parents| parents.iter().any(|p| self.organizational_units.contains(p)));
        named && below && !self.exclude_accounts.contains(&account.id)
    }
}

/// One of several parts of the accounts. Which part an account is in depends on its id and the number of parts alone, so
/// that processes agree without talking to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub index: u32,
    /// How many parts there are.
    pub of: NonZeroU32,
}

impl Shard {
    /// Whether an account is in the part.
    #[must_use]
    pub fn holds(self, account: &str) -> bool {
        let hash = Sha256::digest(account.as_bytes());
        let number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number % u64::from(self.of.get()) + 1 == u64::from(self.index)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is no shard: write I/N, the first of four is `1/4`");
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let (index, of): (u32, NonZeroU32) =
            (index.parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?);
        if index == 0 || index > of.get() {
            return Err(format!("`{text}` is no shard: the first number is between 1 and {of}"));
        }
        Ok(Self { index, of })
    }
}

/// What is known once the organization is entered: enough to go on in another process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entered {
    /// The caller's ARN.
    pub caller_arn: String,
    /// What was read once for the organization.
    pub organization: Organization,
    /// The regions that are enabled in the caller's account, if these were asked for.
    pub enabled: Option<Reading<Vec<String>>>,
}

/// Reading cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// AWS does not accept the caller.
    #[error("AWS does not accept the caller: {}", .0.unreadable_clause())]
    Caller(Failure),
    /// A run of another account's caller is to be gone on with.
    #[error("the run was begun by account {begun}, and these are credentials of account {now}")]
    OtherCaller {
        /// Whose run it is.
        begun: String,
        /// Whose credentials these are.
        now: String,
    },
    /// The user named accounts that are not there.
    #[error("no account is in scope: {0}")]
    NothingInScope(String),
}

impl StartError {
    /// What the person can do about it.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Caller(failure) => Some(refusal::advice(failure)),
            Self::OtherCaller { .. } => {
                Some("use the credentials with which the run was begun, or another --state folder".to_owned())
            }
            Self::NothingInScope(_) => None,
        }
    }
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
        let notes = connection.notes().iter().cloned().chain(notes(&organization)).collect();
        let collector = Self { connection, hub, caller, scope, organization, enabled, notes };
        collector.with_something_in_scope()
    }

    /// Goes on where another process entered.
    ///
    /// # Errors
    /// AWS does not accept the caller, it is another one, or nothing is in scope.
    pub async fn go_on(
        connection: Arc<Connection>,
        scope: Scope,
        entered: Entered,
    ) -> Result<Self, StartError> {
        let hub = connection.caller();
        let region = connection.configured_region().unwrap_or_else(|| "us-east-1".to_owned());
        let caller = organization::caller(&hub, &region).await.map_err(StartError::Caller)?;
        let Entered { organization, enabled, .. } = entered;
        if caller.account != organization.caller_account {
            return Err(StartError::OtherCaller { begun: organization.caller_account, now: caller.account });
        }
        let notes = connection.notes().to_vec();
        let collector = Self { connection, hub, caller, scope, organization, enabled, notes };
        collector.with_something_in_scope()
    }

    fn with_something_in_scope(self) -> Result<Self, StartError> {
        let collector = self;
        // Of few accounts some of many parts are empty, and that is in order.
        let anywhere = |account: &OrganizationAccount| collector.scope.includes(account);
        let listed = collector.organization.accounts.known();
        let of_other_shard =
            collector.scope.shard.is_some() && listed.is_some_and(|all| all.iter().any(anywhere));
        if collector.planned().iter().all(|planned| !planned.in_scope) && !of_other_shard {
            return Err(StartError::NothingInScope(collector.why_nothing()));
        }
        Ok(collector)
    }

    /// What was read once for the organization.
    #[must_use]
    pub fn organization(&self) -> &Organization {
        &self.organization
    }

    /// Which operations it asks.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        self.connection.wanted()
    }

    /// What another process needs to go on.
    #[must_use]
    pub fn entered(&self) -> Entered {
        Entered {
            caller_arn: self.caller.arn.clone(),
            organization: self.organization.clone(),
            enabled: self.enabled.clone(),
        }
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

    /// How many calls reading the planned accounts will take, as far as that is known. Where no regions were named,
    /// each account is taken to have those of the caller's.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        let accounts = self.planned().iter().filter(|planned| !planned.suspended).count() as u64;
        let regions = match &self.enabled {
            Some(enabled) => enabled.known().map_or(0, Vec::len),
            None => self.scope.regions.len(),
        };
        Estimate::of(self.connection.wanted(), accounts, accounts.saturating_mul(regions as u64))
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

    /// Reads one account, in a task of its own, so that accounts are read on all threads of the runtime. Never fails: what
    /// cannot be read is recorded as such, and so is a defect of the reading itself.
    pub async fn collect(self: &Arc<Self>, planned: &Planned) -> AccountSnapshot {
        let (collector, account) = (Arc::clone(self), planned.clone());
        contained(planned, async move { collector.read(&account).await }).await
    }

    async fn read(&self, planned: &Planned) -> AccountSnapshot {
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

    /// The role that is assumed in each account, with its path.
    #[must_use]
    pub fn role(&self) -> &str {
        &self.scope.role
    }

    fn includes(&self, account: &OrganizationAccount) -> bool {
        self.scope.includes(account) && self.scope.shard.is_none_or(|shard| shard.holds(&account.id))
    }

    fn why_nothing(&self) -> String {
        let visible = self.organization.accounts.known().map_or(1, Vec::len).max(1);
        format!(
            "of the {visible} accounts that `{}` can see, none is named by --accounts, \
             --organizational-units, --exclude-accounts and --shard together",
            self.caller.arn
        )
    }
}

/// A panic while one account is read ends nobody else's audit. Whoever stops waiting ends the reading, too.
async fn contained(
    planned: &Planned,
    reading: impl Future<Output = AccountSnapshot> + Send + 'static,
) -> AccountSnapshot {
    // A set of one, because it ends its task when it is dropped.
    let mut task = JoinSet::new();
    task.spawn(reading);
    // What a panic left half done is the account's own clients and what was read until then: both are dropped.
    if let Some(Ok(account)) = task.join_next().await {
        return account;
    }
    let why = Unreadable {
        operation: "exfilguard:Collect".to_owned(),
        code: "Defect".to_owned(),
        message: "exfilguard broke while it read this account; please report it".to_owned(),
    };
    account::not_entered(&planned.id, &planned.name, Entry::Unreachable(why))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn f28_a_panic_while_an_account_is_read_stays_with_it() {
        let planned = Planned {
            id: "111122223333".to_owned(),
            name: "ledger".to_owned(),
            suspended: false,
            in_scope: true,
            hub: false,
            log_groups: BTreeSet::new(),
        };
        let account = contained(&planned, async { panic!("a defect of a collector") }).await;
        assert!(
            matches!(&account.entry, Entry::Unreachable(why) if why.operation == "exfilguard:Collect"),
            "{:?}",
            account.entry
        );
        assert_eq!((account.id.as_str(), account.name.as_str()), ("111122223333", "ledger"));
    }
}
