//! Walks the organization: who is in scope, who comes first, and how each account is entered.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::ahead::Ahead;
use super::calls::CallCounts;
use super::connection::{Access, Connection};
use super::estimate::Estimate;
use super::failure::Failure;
use super::organization::Basics;
use super::reader::{Entrance, Planned, Reader};
use super::refusal;
use super::wanted::Wanted;
use crate::snapshot::{AccountSnapshot, Organization, OrganizationAccount, Reading};

/// Accounts that are read at once: what is under way of them is in memory. One account takes a second however little there
/// is to read, because its calls wait for its token buckets and for each other; a few dozen keep `--concurrency` in use.
pub const ACCOUNTS_AT_ONCE: usize = 32;

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

    /// Whether an account is asked for, and in this part of the accounts.
    pub(super) fn holds(&self, account: &OrganizationAccount) -> bool {
        self.includes(account) && self.shard.is_none_or(|shard| shard.holds(&account.id))
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

/// Reads an organization account by account.
#[derive(Debug)]
pub struct Collector {
    reader: Arc<Reader>,
    organization: Organization,
    /// What was read while the organization was still being listed.
    ahead: Ahead,
    /// What the person should know about how the run began.
    notes: Vec<String>,
}

impl Collector {
    /// Finds out who the caller is and what the organization looks like.
    ///
    /// # Errors
    /// AWS does not accept the caller, or nothing is in scope.
    pub async fn start(connection: Arc<Connection>, scope: Scope) -> Result<Self, StartError> {
        let (news, _) = mpsc::unbounded_channel();
        let entrance = Entrance::find(connection, scope).await?;
        let organization = entrance.organization(&news).await;
        Self::of(entrance, organization, Ahead::default())
    }

    /// The same, and accounts are read while the organization is still being listed, as far as it is known.
    ///
    /// # Errors
    /// Those of [`Collector::start`].
    pub async fn start_reading(connection: Arc<Connection>, scope: Scope) -> Result<Self, StartError> {
        let (news, heard) = mpsc::unbounded_channel();
        let entrance = Entrance::find(connection, scope).await?;
        let ahead = Ahead::default();
        // What was begun goes on when the list is complete; nothing more is begun then.
        let organization = tokio::select! {
            organization = entrance.organization(&news) => organization,
            never = ahead.read(heard, &entrance.scope, |basics| entrance.clone().reader(basics)) => match never {},
        };
        // Without a list nobody but the caller is read; what was begun ends.
        let ahead = if organization.accounts.known().is_some() { ahead } else { Ahead::default() };
        Self::of(entrance, organization, ahead)
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
        let Entered { organization, enabled, .. } = entered;
        let entrance = Entrance::with_regions(connection, scope, enabled).await?;
        if entrance.caller.account != organization.caller_account {
            let now = entrance.caller.account;
            return Err(StartError::OtherCaller { begun: organization.caller_account, now });
        }
        let notes = entrance.connection.notes().to_vec();
        let reader = Arc::new(entrance.reader(Basics::from(&organization)));
        Self { reader, organization, ahead: Ahead::default(), notes }.with_something_in_scope()
    }

    fn of(entrance: Entrance, organization: Organization, ahead: Ahead) -> Result<Self, StartError> {
        let notes = entrance.connection.notes().iter().cloned().chain(notes(&organization)).collect();
        let reader = Arc::new(entrance.reader(Basics::from(&organization)));
        Self { reader, organization, ahead, notes }.with_something_in_scope()
    }

    fn with_something_in_scope(self) -> Result<Self, StartError> {
        let collector = self;
        // Of few accounts some of many parts are empty, and that is in order.
        let anywhere = |account: &OrganizationAccount| collector.reader.scope.includes(account);
        let listed = collector.organization.accounts.known();
        let of_other_shard =
            collector.reader.scope.shard.is_some() && listed.is_some_and(|all| all.iter().any(anywhere));
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
        self.reader.connection.wanted()
    }

    /// What another process needs to go on.
    #[must_use]
    pub fn entered(&self) -> Entered {
        Entered {
            caller_arn: self.reader.caller.arn.clone(),
            organization: self.organization.clone(),
            enabled: self.reader.enabled.clone(),
        }
    }

    /// The caller's ARN.
    #[must_use]
    pub fn caller_arn(&self) -> &str {
        &self.reader.caller.arn
    }

    /// What the person should know about how the run began, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The calls made until now.
    #[must_use]
    pub fn counts(&self) -> CallCounts {
        self.reader.connection.counts()
    }

    /// The accounts to read, in order of id: those in scope, and the hubs.
    #[must_use]
    pub fn planned(&self) -> Vec<Planned> {
        let hubs = self.first_hubs();
        let own = [OrganizationAccount {
            id: self.reader.caller.account.clone(),
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
                suspended: is_suspended(account),
                in_scope: self.reader.scope.holds(account),
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
        let regions = match &self.reader.enabled {
            Some(enabled) => enabled.known().map_or(0, Vec::len),
            None => self.reader.scope.regions.len(),
        };
        Estimate::of(self.reader.connection.wanted(), accounts, accounts.saturating_mul(regions as u64))
    }

    /// The accounts that others are judged by: the management account and GuardDuty's administrators. Only where the whole
    /// organization is visible; a single account is judged alone.
    #[must_use]
    pub fn first_hubs(&self) -> BTreeSet<String> {
        let mut hubs = BTreeSet::new();
        if self.organization.accounts.known().is_none() {
            return hubs;
        }
        let identity = self.organization.identity.known().and_then(Option::as_ref);
        hubs.extend(identity.map(|identity| identity.management_account.clone()));
        hubs.extend(administrators(&self.organization.guardduty_administrators));
        hubs
    }

    /// After the hubs in `read` were read: further accounts that own a log group to which a trail of theirs delivers, and
    /// that are not among `planned` as hubs yet. Their log groups are added to the plan.
    pub fn log_group_owners<'a>(
        &self,
        planned: &mut [Planned],
        read: impl Iterator<Item = &'a AccountSnapshot>,
    ) -> BTreeSet<String> {
        let mut by_owner = log_groups_elsewhere(read);
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

    /// Reads one account, unless it was read already while the organization was listed. Never fails: what cannot be read is
    /// recorded as such, and so is a defect of the reading itself.
    pub async fn collect(&self, planned: &Planned) -> AccountSnapshot {
        match self.ahead.take(planned).await {
            Some(account) => account,
            None => self.reader.collect(planned).await,
        }
    }

    /// Access to an account: with the caller's own credentials to his own, by the role elsewhere.
    ///
    /// # Errors
    /// The role cannot be assumed.
    pub async fn enter(&self, account: &str) -> Result<Access, Failure> {
        self.reader.enter(account).await
    }

    /// The role that is assumed in each account, with its path.
    #[must_use]
    pub fn role(&self) -> &str {
        &self.reader.scope.role
    }

    fn why_nothing(&self) -> String {
        let visible = self.organization.accounts.known().map_or(1, Vec::len).max(1);
        format!(
            "of the {visible} accounts that `{}` can see, none is named by --accounts, \
             --organizational-units, --exclude-accounts and --shard together",
            self.reader.caller.arn
        )
    }
}

/// GuardDuty's administrators in any region.
pub(super) fn administrators(
    by_region: &BTreeMap<String, Reading<Option<String>>>,
) -> impl Iterator<Item = String> {
    by_region.values().filter_map(|administrator| administrator.known().cloned().flatten())
}

/// Whether an account is to be listed, but not entered.
pub(super) fn is_suspended(account: &OrganizationAccount) -> bool {
    !matches!(account.state.as_str(), "ACTIVE" | "")
}

/// The log groups of other accounts to which trails deliver that these accounts show, by owner.
pub(super) fn log_groups_elsewhere<'a>(
    read: impl Iterator<Item = &'a AccountSnapshot>,
) -> BTreeMap<String, BTreeSet<String>> {
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
    by_owner
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
