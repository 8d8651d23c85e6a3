//! Applies the policy file's exceptions to the results, and says which of them are worth a look.
//!
//! An exception turns failures into excepted results, and nothing else: what is unknown stays unknown. One that is over
//! hides nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::catalogue::{ResourceKind, Status};
use crate::policy::{ExceptionRule, PolicyFile, Position};
use crate::score::ExceptionUse;
use crate::score::assessment::{AccountAudit, AccountStatus, Exception, PolicyWarning, ResultRecord};
use crate::snapshot::Organization;

/// The exceptions of a policy file on one day.
pub(super) struct Exceptions<'a> {
    /// The policy file.
    pub(super) policy: &'a PolicyFile,
    /// The day on which the audit began, in UTC.
    pub(super) today: Date,
}

/// What each exception met, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Met(Vec<Count>);

/// What one exception met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Count {
    /// How many resources it names, of any status but not-applicable.
    resources: u64,
    failing: u64,
    undecided: u64,
}

impl Met {
    /// Adds what was met in another account.
    pub(super) fn join(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), Count::default());
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            mine.resources += theirs.resources;
            mine.failing += theirs.failing;
            mine.undecided += theirs.undecided;
        }
    }
}

impl Exceptions<'_> {
    /// Excepts failures among the results of one account.
    pub(super) fn except(&self, results: &mut [ResultRecord]) -> Met {
        let rules = &self.policy.exceptions;
        let mut met = Met(vec![Count::default(); rules.len()]);
        if rules.is_empty() {
            return met;
        }
        let mut resources: BTreeSet<(usize, ResourceKind, String)> = BTreeSet::new();
        let mut by_check: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for result in results {
            let of_check = by_check.entry(result.check.clone()).or_insert_with(|| {
                let rules = rules.iter().enumerate();
                rules.filter(|(_, rule)| rule.check.matches(&result.check)).map(|(index, _)| index).collect()
            });
            for index in of_check.iter().copied() {
                let (Some(rule), Some(count)) = (rules.get(index), met.0.get_mut(index)) else { continue };
                if self.meets(rule, result) {
                    let resource = (index, result.resource.kind, result.resource.id.clone());
                    count.resources += u64::from(resources.insert(resource));
                    // What an earlier exception took is a failure still.
                    count.failing += u64::from(matches!(result.status, Status::Fail | Status::Excepted));
                    count.undecided += u64::from(matches!(result.status, Status::Unknown | Status::Error));
                    self.apply(rule, result);
                }
            }
        }
        met
    }

    fn meets(&self, rule: &ExceptionRule, result: &ResultRecord) -> bool {
        let resource = &result.resource;
        result.status != Status::NotApplicable
            && rule.covers(&result.account_id, &resource.id, resource.arn.as_deref())
    }

    /// The first exception in the file that is not over applies.
    fn apply(&self, rule: &ExceptionRule, result: &mut ResultRecord) {
        if result.status == Status::Fail && !rule.is_expired(self.today) {
            result.status = Status::Excepted;
            result.remediation = None;
            result.exception = Some(Exception {
                reason: rule.reason.clone(),
                owner: rule.owner.clone(),
                expires: rule.expires.to_string(),
            });
        }
    }
}

/// What exceptions are held against, once every account was judged.
pub(super) struct Audited<'a> {
    /// The exceptions.
    pub(super) exceptions: Exceptions<'a>,
    /// The organization.
    pub(super) organization: &'a Organization,
    /// The accounts in scope.
    pub(super) accounts: &'a [AccountAudit],
    /// The ids of the checks that ran.
    pub(super) checks: BTreeSet<&'a str>,
}

impl Audited<'_> {
    /// What each exception met, in the order of the file.
    pub(super) fn uses(&self, met: &Met) -> Vec<ExceptionUse> {
        let file = self.file();
        let nothing = Count::default();
        let rules = self.exceptions.policy.exceptions.iter().enumerate();
        rules
            .map(|(index, rule)| {
                let count = met.0.get(index).unwrap_or(&nothing);
                ExceptionUse {
                    file: file.clone(),
                    line: number(rule.position.line),
                    column: number(rule.position.column),
                    check: rule.check.written().to_owned(),
                    account: rule.account.as_ref().map(|pattern| pattern.written().to_owned()),
                    resource: rule.resource.as_ref().map(|pattern| pattern.written().to_owned()),
                    expires: rule.expires.to_string(),
                    resources: count.resources,
                    failing: count.failing,
                    undecided: count.undecided,
                    audited: self.was_audited(rule),
                    foreign: self.is_foreign(rule),
                }
            })
            .collect()
    }

    /// What is worth a look in the policy file, in its order.
    pub(super) fn warnings(&self, uses: &[ExceptionUse]) -> Vec<PolicyWarning> {
        let (today, partition) = (self.exceptions.today, self.organization.partition.as_str());
        let mut warnings: Vec<PolicyWarning> =
            uses.iter().flat_map(|use_| use_.warnings(today, partition)).collect();
        warnings.extend(self.unused_units().into_iter().map(|(position, message)| PolicyWarning {
            file: self.file(),
            line: number(position.line),
            column: number(position.column),
            message,
        }));
        warnings.sort();
        warnings
    }

    /// Whether the organization has no such account. Whether it has is only known if its accounts could be listed.
    fn is_foreign(&self, rule: &ExceptionRule) -> bool {
        let (Some(pattern), Some(listed)) = (&rule.account, self.organization.accounts.known()) else {
            return false;
        };
        let listed = listed.iter().map(|account| account.id.as_str());
        let audited = self.accounts.iter().map(|account| account.id.as_str());
        !listed.chain(audited).any(|id| pattern.matches(id))
    }

    /// Whether the audit could have met what the exception names: one of its checks ran, one of its accounts was read.
    fn was_audited(&self, rule: &ExceptionRule) -> bool {
        let read = |account: &&AccountAudit| {
            matches!(account.status, AccountStatus::Audited | AccountStatus::Partial)
        };
        let named =
            |account: &AccountAudit| rule.account.as_ref().is_none_or(|pattern| pattern.matches(&account.id));
        self.checks.iter().any(|check| rule.check.matches(check))
            && self.accounts.iter().filter(read).any(named)
    }

    /// Organizational units of the policy file that no account is below, if the place of every account is known.
    fn unused_units(&self) -> Vec<(Position, String)> {
        let units = &self.exceptions.policy.organizational_units;
        let Some(accounts) = self.organization.accounts.known() else { return Vec::new() };
        let mut parents: BTreeSet<&str> = BTreeSet::new();
        for account in accounts {
            let Some(above) = account.parents.known() else { return Vec::new() };
            parents.extend(above.iter().map(String::as_str));
        }
        let unused = units.iter().filter(|(id, _)| !parents.contains(id.as_str()));
        unused
            .map(|(id, unit)| (unit.position, format!("no account of the organization is below `{id}`")))
            .collect()
    }

    fn file(&self) -> String {
        self.exceptions.policy.path.as_deref().map(|path| path.display().to_string()).unwrap_or_default()
    }
}

fn number(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
