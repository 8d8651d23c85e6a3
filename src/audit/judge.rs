//! Judging one account: facts, then every check on every resource of its kind.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::missing;
use crate::catalogue::Status;
use crate::collect::Planned;
use crate::engine::{Check, Checks, Evaluator, Outcome, Seen, Surroundings};
use crate::facts::{self, Context, Prepared};
use crate::policy::PolicyFile;
use crate::score::assessment::{AccountAudit, AccountStatus, Evidence, Incomplete, Resource, ResultRecord};
use crate::simulate::{Cell, Gains, Simulated, Simulation};
use crate::snapshot::{AccountSnapshot, Entry, Unreadable};

/// Evidence that a result shows at most; what a bucket's coverage rests on may be hundreds of trails.
const MAX_EVIDENCE: usize = 20;

/// The checks that run, with the organization's policy.
#[derive(Debug)]
pub struct Judge {
    checks: Checks,
    policy: PolicyFile,
    simulation: Option<Simulation>,
}

/// What was found in one account.
#[derive(Debug)]
pub struct Judgement {
    /// The account and how far the audit came.
    pub account: AccountAudit,
    /// The results.
    pub results: Vec<ResultRecord>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
    /// What becomes of each technique on each bucket.
    pub simulation: Vec<Cell>,
    /// What mending checks would do to that.
    pub gains: Gains,
    /// The same under what the simulation assumes.
    pub what_if: Vec<Cell>,
}

impl Judge {
    /// Judges by these checks under this policy.
    #[must_use]
    pub fn new(checks: Checks, policy: PolicyFile) -> Self {
        Self { checks, policy, simulation: None }
    }

    /// The same judge, who also simulates.
    #[must_use]
    pub fn with_simulation(self, simulation: Simulation) -> Self {
        Self { simulation: Some(simulation), ..self }
    }

    /// The organization's policy.
    #[must_use]
    pub fn policy(&self) -> &PolicyFile {
        &self.policy
    }

    /// The checks that run.
    #[must_use]
    pub fn checks(&self) -> &Checks {
        &self.checks
    }

    /// Whether the thief is simulated, too.
    #[must_use]
    pub fn simulates(&self) -> bool {
        self.simulation.is_some()
    }

    /// A digest of what decides over results: the check modules and the text of the policy file, where it can be read
    /// still. Assessments of the same digest can be joined.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        let mut add = |text: &[u8]| {
            digest.update(text.len().to_be_bytes());
            digest.update(text);
        };
        for check in self.checks.all() {
            add(check.metadata().id.as_bytes());
            add(check.text().as_bytes());
        }
        let policy = self.policy.path.as_deref().and_then(|path| std::fs::read(path).ok());
        add(&policy.unwrap_or_default());
        // `--no-exceptions` and `--only` change what is judged, too.
        add(&self.policy.exceptions.len().to_be_bytes());
        add(&[u8::from(self.simulates())]);
        digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A worker for one thread.
    #[must_use]
    pub fn worker(&self) -> Worker<'_> {
        Worker { judge: self, evaluator: self.checks.evaluator() }
    }
}

/// Judges accounts one after the other on one thread.
#[derive(Debug)]
pub struct Worker<'a> {
    judge: &'a Judge,
    evaluator: Evaluator<'a>,
}

/// What the resources of one account are judged under.
struct Terms<'a> {
    account: &'a AccountSnapshot,
    policy: &'a PolicyFile,
    surroundings: Surroundings,
    /// Why the account's place in the organization is not known, and the checks that have settings for some places.
    undetermined: Option<(String, BTreeSet<&'a str>)>,
}

impl Worker<'_> {
    /// Judges an account.
    #[must_use]
    pub fn account(&mut self, account: &AccountSnapshot, context: &Context<'_>) -> Judgement {
        let judge = self.judge;
        let parents = parents(account, context);
        let policy = judge.policy.for_account(parents.as_ref().ok().copied());
        let context = &Context { policy: &policy, ..*context };
        if !judge.policy.organizational_units.is_empty() {
            self.evaluator.set_parameters(&policy);
        }
        let terms = Terms {
            account,
            policy: &policy,
            surroundings: self.surroundings(account, context),
            undetermined: parents.err().map(|why| (why, judge.policy.checks_of_units())),
        };
        let prepared = Prepared::of(account, context);
        let derived = facts::derive_together(&prepared);
        let results = derived.iter().flat_map(|resource| self.resource(resource, &terms)).collect();
        let simulated = judge.simulation.as_ref().map(|simulation| simulation.account(&prepared));
        let Simulated { cells: simulation, gains, what_if } = simulated.unwrap_or_default();
        Judgement {
            account: audited(account, status(account)),
            results,
            incomplete: account.gaps().iter().map(missing).collect(),
            simulation,
            gains,
            what_if,
        }
    }

    /// The results of all checks on a resource, or on each of those for which it stands.
    fn resource(&mut self, resource: &facts::Resource, terms: &Terms<'_>) -> Vec<ResultRecord> {
        if resource.stands_for.is_empty() {
            return self.judged_by(resource, terms, |_| true);
        }
        // Checks of ours look at no bucket's name but to tell it; those of users may.
        let of_all = self.judged_by(resource, terms, Check::is_builtin);
        let told = |name: &String| of_all.iter().map(|result| result.of_bucket(name)).collect::<Vec<_>>();
        let mut results: Vec<ResultRecord> = resource.stands_for.iter().flat_map(told).collect();
        if self.judge.checks.all().any(|check| !check.is_builtin()) {
            for one in &resource.each() {
                results.extend(self.judged_by(one, terms, |check| !check.is_builtin()));
            }
        }
        results
    }

    /// The results of these checks on a resource.
    fn judged_by(
        &mut self,
        resource: &facts::Resource,
        terms: &Terms<'_>,
        which: impl Fn(&Check) -> bool,
    ) -> Vec<ResultRecord> {
        let Terms { account, policy, surroundings, undetermined } = terms;
        let (judge, seen) = (self.judge, Seen::of(&resource.facts));
        let mut results = Vec::new();
        for check in judge.checks.all().filter(|c| c.metadata().resource == resource.kind && which(c)) {
            let id = check.metadata().id.as_str();
            let outcome = match undetermined {
                Some((why, checks)) if checks.contains(id) => unplaced(why),
                _ if !policy.is_enabled(id) => continue,
                _ => self.evaluator.evaluate_seen(check, &seen, surroundings),
            };
            results.push(record(policy, account, resource, check, outcome));
        }
        results
    }

    fn surroundings(&self, account: &AccountSnapshot, context: &Context<'_>) -> Surroundings {
        Surroundings {
            account: json!({"id": account.id, "name": account.name}),
            organization: json!({"id": context.organization_id().unwrap_or_default()}),
            trust: json!(self.judge.policy.trust),
        }
    }
}

impl Judgement {
    /// What stands for an account whose judging itself broke.
    #[must_use]
    pub fn defective(account: &AccountSnapshot) -> Self {
        let broken = Incomplete {
            account_id: account.id.clone(),
            region: None,
            operation: "exfilguard:Judge".to_owned(),
            resource: None,
            code: "Defect".to_owned(),
            message: "exfilguard broke while it judged this account; please report it".to_owned(),
        };
        let mut incomplete: Vec<Incomplete> = account.gaps().iter().map(missing).collect();
        incomplete.push(broken);
        Self {
            account: audited(account, AccountStatus::Partial),
            results: Vec::new(),
            incomplete,
            simulation: Vec::new(),
            gains: Gains::default(),
            what_if: Vec::new(),
        }
    }
}

/// What stands for an account that the run did not come to before it was ended.
pub fn not_come_to(planned: &Planned) -> Judgement {
    let interrupted = Incomplete {
        account_id: planned.id.clone(),
        region: None,
        operation: "exfilguard:Audit".to_owned(),
        resource: None,
        code: "Interrupted".to_owned(),
        message: "the run was interrupted before this account was read".to_owned(),
    };
    Judgement {
        account: AccountAudit {
            id: planned.id.clone(),
            name: planned.name.clone(),
            status: AccountStatus::Unreachable,
            regions: Vec::new(),
            buckets: None,
        },
        results: Vec::new(),
        incomplete: vec![interrupted],
        simulation: Vec::new(),
        gains: Gains::default(),
        what_if: Vec::new(),
    }
}

fn status(account: &AccountSnapshot) -> AccountStatus {
    match &account.entry {
        Entry::Suspended => AccountStatus::Suspended,
        Entry::Unreachable(_) => AccountStatus::Unreachable,
        Entry::Entered if account.gaps().is_empty() => AccountStatus::Audited,
        Entry::Entered => AccountStatus::Partial,
    }
}

fn audited(account: &AccountSnapshot, status: AccountStatus) -> AccountAudit {
    let mut regions = account.regions.known().cloned().unwrap_or_default();
    regions.sort();
    AccountAudit {
        id: account.id.clone(),
        name: account.name.clone(),
        status,
        regions,
        buckets: account.buckets.known().map(|buckets| buckets.len() as u64),
    }
}

/// The roots and organizational units above an account, root first, or why they are not known. An account without an
/// organization has none.
fn parents<'a>(account: &AccountSnapshot, context: &Context<'a>) -> Result<&'a [String], String> {
    if context.policy.organizational_units.is_empty() {
        return Ok(&[]);
    }
    context.organization.accounts.as_result().map_err(Unreadable::clause)?;
    match context.listed(&account.id) {
        Some(listed) => Ok(listed.parents.as_result().map_err(Unreadable::clause)?),
        None => Ok(&[]),
    }
}

/// What stands for a check whose settings depend on a place in the organization that is not known.
fn unplaced(why: &str) -> Outcome {
    let message = format!(
        "the policy file has settings of this check for some organizational units, and which ones the account is in is \
         not known because {why}"
    );
    Outcome { status: Status::Unknown, message, read: Vec::new() }
}

fn record(
    policy: &PolicyFile,
    account: &AccountSnapshot,
    resource: &facts::Resource,
    check: &Check,
    outcome: Outcome,
) -> ResultRecord {
    let metadata = check.metadata();
    let read: Vec<&Value> =
        outcome.read.iter().filter_map(|pointer| resource.facts.pointer(pointer)).collect();
    ResultRecord {
        check: metadata.id.clone(),
        area: metadata.area,
        severity: policy.severity(&metadata.id, metadata.severity),
        status: outcome.status,
        account_id: account.id.clone(),
        region: resource.region.clone(),
        resource: Resource { kind: resource.kind, id: resource.id.clone(), arn: resource.arn.clone() },
        evidence: evidence(&read),
        witness: witness(outcome.status, &read),
        assumptions: assumptions(&read),
        message: outcome.message,
        remediation: metadata.remediation.clone().filter(|_| outcome.status == Status::Fail),
        exception: None,
        since_baseline: None,
        sensitive: resource.sensitive,
    }
}

/// What the facts that the check read rest on, each reading once.
fn evidence(read: &[&Value]) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = Vec::new();
    let shown = read.iter().filter_map(|fact| fact.get("evidence")?.as_array()).flatten();
    for item in shown {
        if all.len() == MAX_EVIDENCE {
            break;
        }
        let text = |field: &str| item.get(field).and_then(Value::as_str);
        let (Some(operation), Some(resource), Some(pointer), Some(value)) =
            (text("operation"), text("resource"), text("pointer"), item.get("value"))
        else {
            continue;
        };
        let same = |known: &Evidence| {
            known.operation == operation
                && known.resource == resource
                && known.pointer == pointer
                && known.value == *value
        };
        if !all.iter().any(same) {
            let [operation, resource, pointer] = [operation, resource, pointer].map(str::to_owned);
            all.push(Evidence { operation, resource, pointer, value: value.clone() });
        }
    }
    all
}

/// The witness of the first fact that does not hold; nothing for a good outcome.
fn witness(status: Status, read: &[&Value]) -> Value {
    let wanted = match status {
        Status::Fail => "no",
        Status::Unknown => "unknown",
        _ => return json!({}),
    };
    read.iter()
        .filter(|fact| fact.get("holds").and_then(Value::as_str) == Some(wanted))
        .find_map(|fact| fact.get("witness").cloned())
        .unwrap_or_else(|| json!({}))
}

fn assumptions(read: &[&Value]) -> Vec<String> {
    let mut all: Vec<String> = read
        .iter()
        .filter_map(|fact| fact.get("assumptions")?.as_array())
        .flatten()
        .filter_map(|assumption| assumption.as_str().map(str::to_owned))
        .collect();
    all.sort();
    all.dedup();
    all
}
