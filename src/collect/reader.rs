//! Reads one account: how it is entered, and that no failure of it is another one's.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::account::{self, AccountScope};
use super::connection::{Access, Connection};
use super::credentials::AssumedRole;
use super::ec2;
use super::failure::Failure;
use super::organization::{self, Basics, Caller, News};
use super::walk::{Scope, StartError};
use crate::snapshot::{AccountSnapshot, Entry, Organization, Reading, Unreadable};

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
    pub(super) hub: bool,
    /// Log groups of this account that trails of other accounts deliver to.
    pub(super) log_groups: BTreeSet<String>,
}

/// Who asks, and for what, before anything is known of the organization.
#[derive(Debug, Clone)]
pub(super) struct Entrance {
    pub(super) connection: Arc<Connection>,
    pub(super) hub: Access,
    pub(super) caller: Caller,
    pub(super) scope: Scope,
    /// The regions that are enabled in the caller's own account, if these were asked for.
    pub(super) enabled: Option<Reading<Vec<String>>>,
}

impl Entrance {
    /// Finds out who the caller is, and which regions are enabled if none were named.
    ///
    /// # Errors
    /// AWS does not accept the caller.
    pub(super) async fn find(connection: Arc<Connection>, scope: Scope) -> Result<Self, StartError> {
        let mut entrance = Self::with_regions(connection, scope, None).await?;
        if entrance.scope.regions.is_empty() {
            let home = organization::leading_region(&entrance.caller.partition);
            entrance.enabled = Some(ec2::enabled_regions(&entrance.hub.at(home), home).await);
        }
        Ok(entrance)
    }

    /// Finds out who the caller is; the regions were read before.
    ///
    /// # Errors
    /// AWS does not accept the caller.
    pub(super) async fn with_regions(
        connection: Arc<Connection>,
        scope: Scope,
        enabled: Option<Reading<Vec<String>>>,
    ) -> Result<Self, StartError> {
        let hub = connection.caller();
        let region = connection.configured_region().unwrap_or_else(|| "us-east-1".to_owned());
        let caller = organization::caller(&hub, &region).await.map_err(StartError::Caller)?;
        Ok(Self { connection, hub, caller, scope, enabled })
    }

    /// Reads the organization.
    pub(super) async fn organization(&self, news: &UnboundedSender<News>) -> Organization {
        let regions = match &self.enabled {
            Some(enabled) => enabled.known().cloned().unwrap_or_default(),
            None => self.scope.regions.clone(),
        };
        organization::organization(&self.hub, &self.caller, &regions, news).await
    }

    /// Who reads accounts, once this is known of the organization.
    pub(super) fn reader(self, basics: Basics) -> Reader {
        let Self { connection, hub, caller, scope, enabled } = self;
        Reader { connection, hub, caller, scope, enabled, basics }
    }
}

/// Reads accounts.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) connection: Arc<Connection>,
    hub: Access,
    pub(super) caller: Caller,
    pub(super) scope: Scope,
    /// The regions that are enabled in the caller's own account, if these were asked for.
    pub(super) enabled: Option<Reading<Vec<String>>>,
    basics: Basics,
}

impl Reader {
    /// Reads one account, in a task of its own, so that accounts are read on all threads of the runtime. Never fails: what
    /// cannot be read is recorded as such, and so is a defect of the reading itself.
    pub(super) async fn collect(self: &Arc<Self>, planned: &Planned) -> AccountSnapshot {
        let (reader, account) = (Arc::clone(self), planned.clone());
        contained(planned, async move { reader.read(&account).await }).await
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
        account::account(&access, &self.hub, &self.basics, &planned.id, &planned.name, &scope).await
    }

    /// Access to an account: with the caller's own credentials to his own, by the role elsewhere.
    ///
    /// # Errors
    /// The role cannot be assumed.
    pub(super) async fn enter(&self, account: &str) -> Result<Access, Failure> {
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
