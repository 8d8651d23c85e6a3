//! From failing results to changes. Pure: the snapshot and the policy file in, changes and refusals out.

use std::collections::BTreeMap;

use super::difference;
use super::kinds::{KINDS, Kind, Place, Proposal, Situation};
use super::plan::{BeforeAfter, Change, Mended, Refusal, Risk, Step};
use crate::catalogue::Status;
use crate::policy::PolicyFile;
use crate::score::assessment::ResultRecord;
use crate::snapshot::{AccountSnapshot, Organization};

/// What changes are proposed from.
pub struct Proposer<'a> {
    /// What was read once for the organization.
    pub organization: &'a Organization,
    /// The accounts; afterwards as they would be with all proposed changes.
    pub accounts: BTreeMap<String, AccountSnapshot>,
    /// The organization's policy file.
    pub policy: &'a PolicyFile,
    /// The role that will make the changes.
    pub role: &'a str,
    /// Whether the management account may be changed.
    pub management_account: bool,
    /// Only these kinds, if any are named.
    pub kinds: &'a [String],
}

/// Changes, and results that are left alone.
#[derive(Debug, Default)]
pub struct Proposed {
    /// The changes in order of account, then in the order in which they are applied.
    pub changes: Vec<Change>,
    /// Results whose remedy is refused.
    pub refused: Vec<Refusal>,
}

impl Proposer<'_> {
    /// Proposes changes for failing results. Each is proposed on top of those before it, so that two changes of one bucket
    /// policy follow each other.
    pub fn propose(&mut self, results: &[ResultRecord]) -> Proposed {
        let mut proposed = Proposed::default();
        for kind in KINDS {
            if !self.kinds.is_empty() && !self.kinds.iter().any(|name| name == kind.name) {
                continue;
            }
            let failing: Vec<&ResultRecord> = results
                .iter()
                .filter(|result| result.status == Status::Fail)
                .filter(|result| result.remediation.as_deref() == Some(kind.name))
                .collect();
            self.kind(kind, &failing, &mut proposed);
        }
        proposed.changes.sort_by(|a, b| a.account.cmp(&b.account));
        proposed
    }

    fn kind(&mut self, kind: &Kind, failing: &[&ResultRecord], proposed: &mut Proposed) {
        let mut places: BTreeMap<Place, Vec<&ResultRecord>> = BTreeMap::new();
        for result in failing {
            let situation = self.situation();
            let place = self
                .allowed(kind)
                .and_then(|()| situation.not_excluded(result))
                .and_then(|()| (kind.place)(result, &situation));
            match place.and_then(|place| self.admitted(&place.account).map(|()| place)) {
                Ok(place) => places.entry(place).or_default().push(result),
                Err(reason) => proposed.refused.push(refusal(kind.name, result, reason)),
            }
        }
        for (place, results) in places {
            let change = (kind.propose)(&place, &results, &self.situation())
                .and_then(|proposal| self.change(kind, &place, &results, proposal));
            match change {
                Ok(change) => proposed.changes.push(change),
                Err(reason) => {
                    let refused = results.iter().map(|result| refusal(kind.name, result, reason.clone()));
                    proposed.refused.extend(refused);
                }
            }
        }
    }

    fn situation(&self) -> Situation<'_> {
        Situation {
            organization: self.organization,
            accounts: &self.accounts,
            policy: self.policy,
            role: self.role,
            management_account: self.management_account,
        }
    }

    fn allowed(&self, kind: &Kind) -> Result<(), String> {
        if self.policy.remediation.allow.contains(kind.name) {
            return Ok(());
        }
        Err("the policy file's `remediation.allow` does not name this kind of change".to_owned())
    }

    fn admitted(&self, account: &str) -> Result<(), String> {
        let identity = self.organization.identity.known().and_then(Option::as_ref);
        let management = identity.is_some_and(|identity| identity.management_account == account);
        if management && !self.management_account {
            return Err("the change would be made in the organization's management account, which needs \
                        `--include-management-account`"
                .to_owned());
        }
        if self.policy.remediation.exclude_accounts.iter().any(|excluded| excluded == account) {
            return Err(
                "the policy file's `exclude_accounts` leaves out the account of the change".to_owned()
            );
        }
        Ok(())
    }

    fn change(
        &mut self,
        kind: &Kind,
        place: &Place,
        results: &[&ResultRecord],
        proposal: Proposal,
    ) -> Result<Change, String> {
        for member in proposal.settings.iter().filter_map(|(setting, _)| setting.member()) {
            self.admitted(member)?;
        }
        let account = self.accounts.get_mut(&place.account).ok_or("its account was not read")?;
        let mut steps = Vec::new();
        // On a copy, so that a change is either proposed whole or not at all.
        let mut changed = account.clone();
        for (setting, wanted) in proposal.settings {
            let present = setting.get(&changed, &place.region)?;
            if setting.same(&present, &wanted) {
                continue;
            }
            setting.put(&mut changed, &place.region, &wanted)?;
            steps.push(Step {
                difference: difference::lines(&present, &wanted),
                call: setting.call(&place.account, &wanted)?,
                undo: setting.call(&place.account, &present)?,
                sets: setting,
                present,
                wanted,
            });
        }
        if steps.is_empty() {
            return Err("what this change would set is set already; see the message of the result".to_owned());
        }
        *account = changed;
        for step in &steps {
            if let Some((other, setting)) = step.sets.seen_by()
                && let Some(account) = self.accounts.get_mut(&other)
            {
                setting.put(account, &place.region, &step.wanted)?;
            }
        }
        Ok(Change {
            id: format!("{}/{}/{}/{}", kind.name, place.account, place.region, place.resource),
            kind: kind.name.to_owned(),
            account: place.account.clone(),
            region: place.region.clone(),
            resource: place.resource.clone(),
            summary: proposal.summary,
            results: results.iter().map(|result| mended(result)).collect(),
            steps,
            risk: Risk { level: kind.risk.0, why: kind.risk.1.to_owned() },
            cost: proposal.cost.unwrap_or_else(|| kind.cost.to_owned()),
            undo: kind.undo.to_owned(),
            simulation: BeforeAfter::default(),
        })
    }
}

/// What is refused, of which result.
#[must_use]
pub fn refusal(kind: &str, result: &ResultRecord, reason: String) -> Refusal {
    Refusal {
        account: result.account_id.clone(),
        region: result.region.clone(),
        check: result.check.clone(),
        resource: result.resource.id.clone(),
        kind: kind.to_owned(),
        reason,
    }
}

fn mended(result: &ResultRecord) -> Mended {
    Mended {
        check: result.check.clone(),
        account: result.account_id.clone(),
        region: result.region.clone(),
        kind: result.resource.kind,
        resource: result.resource.id.clone(),
        after: Status::Unknown,
    }
}
