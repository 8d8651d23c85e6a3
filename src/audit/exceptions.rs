//! Applies the policy file's exceptions to the results, and says which of them are worth a look.
//!
//! An exception turns failures into excepted results, and nothing else: what is unknown stays unknown. One that is over
//! hides nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::catalogue::{ResourceKind, Status};
use crate::policy::{ExceptionRule, PolicyFile, Position};
use crate::score::assessment::{AccountAudit, AccountStatus, Exception, PolicyWarning, ResultRecord};
use crate::snapshot::Organization;

/// The most resources that an exception names without a warning.
const MAX_RESOURCES: usize = 50;

/// An exception that ends later than this many years from now has no end that anybody will see.
const MAX_YEARS: i32 = 5;

/// What exceptions are held against.
pub(super) struct Audited<'a> {
    /// The policy file.
    pub(super) policy: &'a PolicyFile,
    /// The day on which the audit began, in UTC.
    pub(super) today: Date,
    /// The organization.
    pub(super) organization: &'a Organization,
    /// The accounts in scope.
    pub(super) accounts: &'a [AccountAudit],
    /// The ids of the checks that ran.
    pub(super) checks: BTreeSet<&'a str>,
}

/// What one exception met.
#[derive(Default)]
struct Met {
    /// The resources that it names, of any status but not-applicable.
    resources: BTreeSet<(String, ResourceKind, String)>,
    failing: usize,
    undecided: usize,
}

impl Audited<'_> {
    /// Excepts failures, and returns warnings in the order of the file.
    pub(super) fn except(&self, results: &mut [ResultRecord]) -> Vec<PolicyWarning> {
        let rules = &self.policy.exceptions;
        let mut met: Vec<(&ExceptionRule, Met)> = rules.iter().map(|rule| (rule, Met::default())).collect();
        let mut by_check: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for result in results {
            let of_check = by_check.entry(result.check.clone()).or_insert_with(|| {
                let rules = rules.iter().enumerate();
                rules.filter(|(_, rule)| rule.check.matches(&result.check)).map(|(index, _)| index).collect()
            });
            self.judge(result, of_check, &mut met);
        }
        let mut warnings: Vec<(Position, String)> = Vec::new();
        for (rule, met) in &met {
            warnings.extend(self.warnings(rule, met).into_iter().map(|text| (rule.position, text)));
        }
        warnings.extend(self.unused_units());
        warnings.sort();
        warnings.into_iter().map(|(position, message)| self.warning(position, message)).collect()
    }

    /// The first exception in the file that is not over applies; all that name the result are counted.
    fn judge(&self, result: &mut ResultRecord, rules: &[usize], met: &mut [(&ExceptionRule, Met)]) {
        if result.status == Status::NotApplicable {
            return;
        }
        let failed = result.status == Status::Fail;
        for index in rules {
            let Some((rule, met)) = met.get_mut(*index) else { continue };
            let resource = &result.resource;
            if !rule.covers(&result.account_id, &resource.id, resource.arn.as_deref()) {
                continue;
            }
            met.resources.insert((result.account_id.clone(), resource.kind, resource.id.clone()));
            met.failing += usize::from(failed);
            met.undecided += usize::from(matches!(result.status, Status::Unknown | Status::Error));
            if failed && result.exception.is_none() && !rule.is_expired(self.today) {
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

    fn warnings(&self, rule: &ExceptionRule, met: &Met) -> Vec<String> {
        let check = rule.check.written();
        if rule.is_expired(self.today) {
            let counted = match met.failing {
                0 => "remove it".to_owned(),
                1 => "1 failure that it accepted counts again".to_owned(),
                more => format!("{more} failures that it accepted count again"),
            };
            let message = format!(
                "the exception of `{check}` expired on {} and hides nothing: {counted}",
                rule.expires
            );
            return vec![message];
        }
        let mut warnings = Vec::new();
        if let Some(account) = self.unknown_account(rule) {
            warnings.push(account);
        } else if met.failing + met.undecided == 0 && self.was_audited(rule) {
            warnings.push(self.unused(rule, met));
        }
        if met.resources.len() > MAX_RESOURCES {
            warnings.push(format!(
                "the exception of `{check}` matches {} resources, more than {MAX_RESOURCES}: name them more narrowly",
                met.resources.len()
            ));
        }
        if self.today.checked_add(MAX_YEARS.years()).is_ok_and(|horizon| rule.expires > horizon) {
            warnings.push(format!(
                "the exception of `{check}` holds until {}, more than {MAX_YEARS} years from now",
                rule.expires
            ));
        }
        warnings
    }

    /// A warning if the organization has no such account. Whether it has is only known if its accounts could be listed.
    fn unknown_account(&self, rule: &ExceptionRule) -> Option<String> {
        let pattern = rule.account.as_ref()?;
        let listed = self.organization.accounts.known()?.iter().map(|account| account.id.as_str());
        let audited = self.accounts.iter().map(|account| account.id.as_str());
        if listed.chain(audited).any(|id| pattern.matches(id)) {
            return None;
        }
        let check = rule.check.written();
        Some(format!(
            "the exception of `{check}` names account `{}`, which is not in the organization",
            pattern.written()
        ))
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

    fn unused(&self, rule: &ExceptionRule, met: &Met) -> String {
        let check = rule.check.written();
        match met.resources.len() {
            0 => {}
            1 => {
                return format!(
                    "the exception of `{check}` is unused: the resource that it names does not fail"
                );
            }
            more => {
                return format!("the exception of `{check}` is unused: none of its {more} resources fails");
            }
        }
        let own = self.organization.partition.as_str();
        let mut arn = rule.resource.as_ref().map_or("", |pattern| pattern.written()).split(':');
        match (arn.next(), arn.next()) {
            (Some("arn"), Some(other)) if other != own && !other.contains('*') => format!(
                "the exception of `{check}` matches no resource: its ARN is of partition `{other}`, the organization's \
                 are of `{own}`"
            ),
            _ => format!("the exception of `{check}` matches no resource"),
        }
    }

    /// Organizational units of the policy file that no account is below, if the place of every account is known.
    fn unused_units(&self) -> Vec<(Position, String)> {
        let units = &self.policy.organizational_units;
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

    fn warning(&self, position: Position, message: String) -> PolicyWarning {
        let file = self.policy.path.as_deref().map(|path| path.display().to_string());
        PolicyWarning {
            file: file.unwrap_or_default(),
            line: u64::try_from(position.line).unwrap_or(u64::MAX),
            column: u64::try_from(position.column).unwrap_or(u64::MAX),
            message,
        }
    }
}

#[cfg(test)]
mod tests;
