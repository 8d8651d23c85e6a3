//! The organization's service control and resource control policies, parsed once, as they bind one account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::semantics::iam::{Part, PolicyDocument, SharedDocument};
use crate::snapshot::{Organization, OrganizationPolicy, PolicyType, Reading};

/// Documents by level, from the root of the organization down to the account.
type Levels = Vec<Vec<SharedDocument>>;

/// A policy whose document was read and parsed, or why not.
#[derive(Debug)]
struct Guardrail {
    document: Result<SharedDocument, String>,
    targets: Vec<String>,
}

/// All policies of both types, by type; the error says why a type is not known.
#[derive(Debug, Default)]
pub struct Guardrails {
    by_type: BTreeMap<PolicyType, Result<Vec<Guardrail>, String>>,
    /// Whether there is an organization at all.
    organization: bool,
    management_account: String,
    parents: BTreeMap<String, Result<Vec<String>, String>>,
    /// The organization's accounts; none where they could not be listed.
    accounts: Arc<BTreeSet<String>>,
    identity_unread: Option<String>,
}

impl Guardrails {
    /// Parses the organization's policies.
    #[must_use]
    pub fn of(organization: &Organization) -> Self {
        let identity = organization.identity.known().and_then(Option::as_ref);
        let parents = organization.accounts.known().into_iter().flatten().map(|account| {
            let parents = account.parents.as_result().cloned().map_err(|why| why.clause());
            (account.id.clone(), parents)
        });
        Self {
            by_type: organization.policies.iter().map(|(kind, policies)| (*kind, parse(policies))).collect(),
            organization: identity.is_some(),
            management_account: identity.map(|i| i.management_account.clone()).unwrap_or_default(),
            parents: parents.collect(),
            accounts: Arc::new(
                organization
                    .accounts
                    .known()
                    .into_iter()
                    .flatten()
                    .map(|account| account.id.clone())
                    .collect(),
            ),
            identity_unread: organization.identity.unreadable().map(|why| why.clause()),
        }
    }

    /// The organization's accounts; none where they could not be listed. One set for all: an organization has thousands.
    #[must_use]
    pub fn accounts(&self) -> Arc<BTreeSet<String>> {
        Arc::clone(&self.accounts)
    }

    /// Whether an account is in the organization's list.
    #[must_use]
    pub fn has(&self, account: &str) -> bool {
        self.accounts.contains(account)
    }

    /// The policies of a type that bind an account, by level. Neither type binds the management account.
    #[must_use]
    pub fn binding(&self, kind: PolicyType, account: &str) -> Part<Levels> {
        if let Some(clause) = &self.identity_unread {
            return Part::Unreadable(format!("whether the account belongs to an organization: {clause}"));
        }
        if !self.organization || account == self.management_account {
            return Part::NotAsked;
        }
        let policies = match self.by_type.get(&kind) {
            Some(Ok(policies)) if policies.is_empty() => return Part::NotAsked,
            Some(Ok(policies)) => policies,
            Some(Err(clause)) => return Part::Unreadable(clause.clone()),
            None => return Part::Unreadable(format!("no {} was read", kind.as_str())),
        };
        let above = match self.parents.get(account) {
            Some(Ok(parents)) => parents,
            Some(Err(clause)) => return Part::Unreadable(clause.clone()),
            None => {
                return Part::Unreadable("the account's place in the organization was not read".to_owned());
            }
        };
        match levels(policies, above.iter().map(String::as_str).chain([account])) {
            Ok(levels) if levels.is_empty() => Part::NotAsked,
            Ok(levels) => Part::Known(levels),
            Err(clause) => Part::Unreadable(clause),
        }
    }
}

fn levels<'a>(policies: &[Guardrail], path: impl Iterator<Item = &'a str>) -> Result<Levels, String> {
    let mut levels = Vec::new();
    for place in path {
        let attached = policies.iter().filter(|policy| policy.targets.iter().any(|t| t == place));
        let level = attached.map(|policy| policy.document.clone()).collect::<Result<Vec<_>, _>>()?;
        // AWS keeps at least one policy attached everywhere; a level without one was not shown to the caller.
        if !level.is_empty() {
            levels.push(level);
        }
    }
    Ok(levels)
}

fn parse(policies: &Reading<Vec<OrganizationPolicy>>) -> Result<Vec<Guardrail>, String> {
    let policies = policies.as_result().map_err(|why| why.clause())?;
    policies
        .iter()
        .map(|policy| {
            // A policy of which nobody knows where it is attached may bind every account.
            let targets = policy.targets.as_result().map_err(|why| why.clause())?.clone();
            let document = match policy.content.as_result() {
                Err(why) => Err(why.clause()),
                Ok(text) => PolicyDocument::parse(text)
                    .map(Arc::new)
                    .map_err(|error| format!("policy `{}` cannot be read: {error}", policy.name)),
            };
            Ok(Guardrail { document, targets })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::snapshot::{OrganizationAccount, OrganizationIdentity, Unreadable};

    const MEMBER: &str = "111122223333";

    fn organization(policies: Reading<Vec<OrganizationPolicy>>) -> Organization {
        Organization {
            partition: "aws".into(),
            caller_account: "999988887777".into(),
            identity: Reading::Known(Some(OrganizationIdentity {
                id: "o-a".into(),
                management_account: "999988887777".into(),
            })),
            accounts: Reading::Known(vec![OrganizationAccount {
                id: MEMBER.into(),
                name: "one".into(),
                state: "ACTIVE".into(),
                parents: Reading::Known(vec!["r-a".into(), "ou-a-b".into()]),
            }]),
            enabled_policy_types: Reading::Known(vec!["SERVICE_CONTROL_POLICY".into()]),
            policies: BTreeMap::from([(PolicyType::ServiceControlPolicy, policies)]),
            guardduty_administrators: BTreeMap::new(),
            guardduty_policies: BTreeMap::new(),
        }
    }

    fn policy(content: &str, targets: &[&str]) -> OrganizationPolicy {
        OrganizationPolicy {
            id: "p-1".into(),
            name: "one".into(),
            content: Reading::Known(content.into()),
            targets: Reading::Known(targets.iter().map(|t| (*t).to_owned()).collect()),
        }
    }

    const ALLOW: &str =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;

    #[test]
    fn levels_follow_the_path_from_the_root() {
        let policies = vec![policy(ALLOW, &["r-a", MEMBER]), policy(ALLOW, &["ou-other"])];
        let guardrails = Guardrails::of(&organization(Reading::Known(policies)));
        let Part::Known(levels) = guardrails.binding(PolicyType::ServiceControlPolicy, MEMBER) else {
            panic!("the levels are known");
        };
        assert_eq!(levels.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn the_management_account_is_not_bound() {
        let guardrails = Guardrails::of(&organization(Reading::Known(vec![policy(ALLOW, &["r-a"])])));
        let binding = guardrails.binding(PolicyType::ServiceControlPolicy, "999988887777");
        assert!(matches!(binding, Part::NotAsked));
    }

    #[test]
    fn what_was_not_read_stays_unreadable() {
        let denied = Reading::Unreadable(Unreadable {
            operation: "organizations:ListPolicies".into(),
            code: "AccessDeniedException".into(),
            message: String::new(),
        });
        let guardrails = Guardrails::of(&organization(denied));
        let binding = guardrails.binding(PolicyType::ServiceControlPolicy, MEMBER);
        assert!(matches!(binding, Part::Unreadable(why) if why.contains("ListPolicies")));
        let broken = vec![policy("no json", &["r-a"])];
        let guardrails = Guardrails::of(&organization(Reading::Known(broken)));
        let binding = guardrails.binding(PolicyType::ServiceControlPolicy, MEMBER);
        assert!(matches!(binding, Part::Unreadable(_)));
    }
}
