//! What a plan promised, judged after each wave of accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use miette::IntoDiagnostic as _;

use super::{enter, refused, visible_lines};
use crate::audit::{Judge, LiveAudit, Start, Whole, assemble};
use crate::catalogue::Status;
use crate::cli::Failure;
use crate::cli::arguments::ApplyArguments;
use crate::remediate::calls::Hands;
use crate::remediate::journal::{Event, Journal};
use crate::remediate::plan::{Change, Mended, Plan};
use crate::remediate::proof;
use crate::remediate::setting::{PENDING, Setting};
use crate::score::assessment::{Assessment, Source};

/// How long to wait before accounts are judged once more, should a change not be verified at first.
const JUDGE_AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Reads the accounts of changed resources again and judges them: what the plan promised must be so.
pub struct Verification<'a> {
    /// How AWS is entered.
    pub arguments: &'a ApplyArguments,
    /// What was promised.
    pub plan: &'a Plan,
    /// Who judges.
    pub judge: &'a Arc<Judge>,
    /// Where it is recorded.
    pub journal: &'a Journal,
    /// The accounts whose changes are still to be made: results there are held to the plan after those.
    pub later: BTreeSet<&'a str>,
}

impl Verification<'_> {
    /// Verifies what can be verified by now, and takes from `pending` what is settled. Whether nothing is amiss.
    pub async fn run(&self, pending: &mut Vec<&Change>) -> Result<bool, Failure> {
        let promised = |mended: &&Mended| mended.after == Status::Pass;
        let ready = |mended: &&Mended| !self.later.contains(mended.account.as_str());
        let accounts: BTreeSet<String> = pending
            .iter()
            .flat_map(|change| &change.results)
            .filter(|mended| promised(mended) && ready(mended))
            .map(|mended| mended.account.clone())
            .collect();
        if accounts.is_empty() {
            return Ok(true);
        }
        let waiting = self.waiting(pending).await?;
        let accounts: Vec<String> = accounts.into_iter().collect();
        let mut after = self.judged(accounts.clone()).await?;
        // What was read back may still be answered otherwise elsewhere in AWS for a moment.
        for pause in JUDGE_AGAIN_AFTER {
            let amiss = |change: &&Change| {
                waiting_for(change, &waiting).is_none() && self.wrong(change, &after).is_some()
            };
            if !pending.iter().any(amiss) {
                break;
            }
            tokio::time::sleep(pause).await;
            after = self.judged(accounts.clone()).await?;
        }
        let mut all = true;
        let mut deferred = Vec::new();
        for change in pending.drain(..) {
            let mut promised = change.results.iter().filter(promised);
            let event = match self.wrong(change, &after) {
                None if promised.any(|mended| !ready(&mended)) => {
                    deferred.push(change);
                    continue;
                }
                None => Event::Verified,
                Some(_) if let Some(who) = waiting_for(change, &waiting) => {
                    let reason = format!("`{who}` has to confirm the subscription before anybody is alerted");
                    let said = format!("waits     {}: {reason}", change.id);
                    let _closed_pipe = write!(std::io::stdout(), "{}", visible_lines(&said));
                    Event::Unverified { reason }
                }
                Some(reason) => {
                    all = false;
                    let said = format!("unverified {}: {reason}", change.id);
                    let _closed_pipe = write!(std::io::stdout(), "{}", visible_lines(&said));
                    Event::Unverified { reason }
                }
            };
            for step in 0..change.steps.len() {
                self.journal.write(&change.id, step, event.clone()).map_err(refused)?;
            }
        }
        *pending = deferred;
        Ok(all)
    }

    /// What an assessment says otherwise than the plan promised of a change, among what can be held to it by now.
    fn wrong(&self, change: &Change, after: &Assessment) -> Option<String> {
        let held = change
            .results
            .iter()
            .filter(|mended| mended.after == Status::Pass && !self.later.contains(mended.account.as_str()));
        held.into_iter().find_map(|mended| match proof::status_of(after, mended) {
            Some((Status::Pass, _)) => None,
            Some((status, message)) => Some(format!("`{}` is {status}: {message}", mended.check)),
            None => Some(format!("`{}` did not judge `{}`", mended.check, mended.resource)),
        })
    }

    /// Topics with a subscription that nobody confirmed yet, with who has to.
    async fn waiting(&self, pending: &[&Change]) -> Result<BTreeMap<String, String>, Failure> {
        let asks = |change: &&&Change| change.steps.iter().any(|step| subscription(&step.sets).is_some());
        let asking: Vec<&Change> = pending.iter().filter(asks).copied().collect();
        let mut waiting = BTreeMap::new();
        if asking.is_empty() {
            return Ok(waiting);
        }
        let accounts: BTreeSet<String> = asking.iter().map(|change| change.account.clone()).collect();
        let regions = self.plan.regions.clone();
        let write = &self.arguments.write;
        let collector = enter(write, self.judge.policy(), accounts.into_iter().collect(), regions).await?;
        for change in asking {
            let Ok(access) = collector.enter(&change.account).await else { continue };
            let hands = Hands::new(access, &change.account, &change.region);
            for setting in change.steps.iter().map(|step| &step.sets) {
                let Some((topic, endpoint)) = subscription(setting) else { continue };
                if hands.read(setting).await.is_ok_and(|value| value.as_str() == Some(PENDING)) {
                    waiting.insert(topic.to_owned(), endpoint.to_owned());
                }
            }
        }
        Ok(waiting)
    }

    async fn judged(&self, accounts: Vec<String>) -> Result<Assessment, Failure> {
        let judge = self.judge;
        let regions = self.plan.regions.clone();
        let collector = enter(&self.arguments.write, judge.policy(), accounts, regions).await?;
        let start = Start::now();
        let audit = LiveAudit::new(&collector, &start, &|_| {});
        let judgements = audit.judge(judge).await.into_diagnostic().map_err(Failure::usage)?;
        let organization = collector.organization();
        let calls = collector.counts();
        Ok(assemble(judge, Whole::new(&start, Source::Live, organization, &calls), judgements))
    }
}

/// The topic and the endpoint of a subscription.
fn subscription(setting: &Setting) -> Option<(&str, &str)> {
    match setting {
        Setting::TopicSubscription { topic, endpoint, .. } => Some((topic, endpoint)),
        _ => None,
    }
}

/// Who has to confirm a subscription before a change can be verified, if it alerts by a topic that waits for him.
fn waiting_for<'a>(change: &Change, waiting: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let topics = change.steps.iter().filter_map(|step| match &step.sets {
        Setting::TopicPolicy { topic } => Some(topic),
        _ => None,
    });
    topics.into_iter().find_map(|topic| waiting.get(topic)).map(String::as_str)
}
