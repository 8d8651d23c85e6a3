//! Which AWS operations an audit needs: those that its checks name in `calls`, and those of the simulation.

use std::collections::BTreeSet;

use super::judge::Judge;
use crate::collect::Wanted;
use crate::collect::permission::{IN_EACH_ACCOUNT, IN_THE_CENTRAL_ACCOUNT};
use crate::score::assessment::Incomplete;
use crate::snapshot::{Header, Unreadable};

/// Operations that no technique of the simulation looks at.
const NOT_SIMULATED: [&str; 4] = [
    "macie2:DescribeBuckets",
    "macie2:GetMacieSession",
    "s3:GetBucketLifecycleConfiguration",
    "s3:GetBucketTagging",
];

/// The operation that tells tags, by which the policy file may call buckets sensitive.
const TAGS: &str = "s3:GetBucketTagging";

/// What an audit does beside running its checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// Whether the thief is simulated.
    pub simulated: bool,
    /// Whether what is read is kept, to be judged again under other settings.
    pub kept: bool,
    /// Whether the accounts of some organizational units were asked for.
    pub units: bool,
}

/// The operations that the checks of a judge need. A module that names no `calls` may need any.
#[must_use]
pub fn wanted(judge: &Judge, selection: Selection) -> Wanted {
    let policy = judge.policy();
    let checks = || judge.checks().all().map(crate::engine::Check::metadata);
    let enabled = || checks().filter(|metadata| policy.is_enabled_somewhere(&metadata.id));
    if enabled().any(|metadata| metadata.calls.is_empty()) {
        return Wanted::All;
    }
    let mut operations: BTreeSet<String> = enabled().flat_map(|metadata| metadata.calls.clone()).collect();
    if selection.simulated {
        let all = IN_EACH_ACCOUNT.iter().chain(&IN_THE_CENTRAL_ACCOUNT);
        operations.extend(all.filter(|o| !NOT_SIMULATED.contains(o)).map(|&o| o.to_owned()));
    }
    if selection.units || !policy.organizational_units.is_empty() {
        operations.insert("organizations:ListParents".to_owned());
    }
    // A sensitive bucket weighs more, whatever is asked about it.
    if policy.looks_at_tags() {
        operations.insert(TAGS.to_owned());
    } else if !selection.kept {
        operations.remove(TAGS);
    }
    Wanted::Only(operations)
}

/// What a judge needs and a snapshot does not have, because it was saved by an audit with fewer checks.
#[must_use]
pub fn unasked(header: &Header, judge: &Judge) -> Vec<Incomplete> {
    let Some(asked) = &header.asked else { return Vec::new() };
    let all = || IN_EACH_ACCOUNT.iter().chain(&IN_THE_CENTRAL_ACCOUNT).map(|&operation| operation.to_owned());
    let selection = Selection { simulated: judge.simulates(), ..Selection::default() };
    let needed = wanted(judge, selection).operations().unwrap_or_else(|| all().collect());
    let missing = needed.difference(asked);
    missing
        .map(|operation| Incomplete {
            account_id: header.organization.caller_account.clone(),
            region: None,
            operation: operation.clone(),
            resource: None,
            code: Unreadable::NOT_ASKED.to_owned(),
            message: "the snapshot was saved by an audit whose checks do not read it; save one of all checks"
                .to_owned(),
        })
        .collect()
}
