//! Entering the accounts that are changed, and only those.

use super::apply::{Doors, Entered};
use crate::collect::{Collector, organization};
use crate::snapshot::Organization;

/// Accounts entered with the remediation role.
#[derive(Debug)]
pub struct RoleDoors<'a> {
    /// Whose scope names the role.
    pub collector: &'a Collector,
}

impl Doors for RoleDoors<'_> {
    async fn enter(&self, account: &str) -> Result<Entered, String> {
        let access = self.collector.enter(account).await.map_err(|failure| {
            format!(
                "account {account} cannot be entered: {}: {}",
                failure.unreadable.clause(),
                failure.message()
            )
        })?;
        let region = organization::leading_region(&self.collector.organization().partition);
        let caller = organization::caller(&access, region).await.map_err(|failure| {
            format!("who the credentials belong to is not known: {}", failure.unreadable.clause())
        })?;
        if caller.account != account {
            return Err(format!("the credentials are those of account {}, not of {account}", caller.account));
        }
        Ok(Entered { access, arn: caller.arn })
    }

    fn organization(&self) -> &Organization {
        self.collector.organization()
    }
}
