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

impl RoleDoors<'_> {
    /// Who acts, as `aws:PrincipalArn` names him: a session's ARN does not hold the path of its role.
    fn principal(&self, account: &str, arn: String) -> String {
        let role = self.collector.role();
        let name = role.rsplit('/').next().unwrap_or(role);
        let partition = &self.collector.organization().partition;
        if arn.starts_with(&format!("arn:{partition}:sts::{account}:assumed-role/{name}/")) {
            return format!("arn:{partition}:iam::{account}:role/{role}");
        }
        arn
    }
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
        Ok(Entered { access, arn: self.principal(account, caller.arn) })
    }

    fn organization(&self) -> &Organization {
        self.collector.organization()
    }
}
