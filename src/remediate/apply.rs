//! Carrying out a plan: in waves of accounts, each call announced in the journal before it is made, each value read back
//! after it, and the checks judged again after each wave.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use serde_json::Value;

use super::calls::{Hands, is_transient};
use super::difference;
use super::journal::{Event, Intent, Journal, JournalError};
use super::kinds::bucket_policy::acting_is_kept;
use super::plan::{Change, Plan, Step};
use super::progress::{Progress, StepKey, progress};
use super::setting::{Call, Setting};
use crate::collect::Failure;
use crate::collect::connection::Access;
use crate::policy::RemediationLimits;
use crate::snapshot::Organization;

/// Accounts that are changed at once.
const ACCOUNTS_AT_ONCE: usize = 8;

/// How often a call that was throttled is made, and how often a value is read until it is what was set: AWS's own
/// configuration takes a moment to be seen.
const ATTEMPTS: u32 = 5;

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Its settings have the wanted values, and at least one of them was set by this plan.
    Done,
    /// Everything was as wanted, by somebody else's doing or as an earlier run verified: nothing was called.
    Already,
    /// Nothing was called (further), for this reason.
    Refused(String),
    /// It was called, and did not become what was wanted.
    Failed(String),
}

/// How an account is entered.
#[expect(async_fn_in_trait, reason = "it is used within this program only")]
pub trait Doors: Sync {
    /// Access to an account with the remediation role; refuses credentials of another account.
    async fn enter(&self, account: &str) -> Result<Entered, String>;

    /// The organization whose accounts are entered.
    fn organization(&self) -> &Organization;
}

/// An account that was entered.
#[derive(Debug, Clone)]
pub struct Entered {
    /// Access to it.
    pub access: Access,
    /// Who acts there, by his ARN.
    pub arn: String,
}

/// What the limits of the policy file refuse; one clause each. Nothing is applied then.
#[must_use]
pub fn beyond_limits(plan: &Plan, limits: &RemediationLimits) -> Vec<String> {
    let mut beyond = Vec::new();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let (changes, accounts) = (number(plan.changes.len()), number(plan.accounts().len()));
    let named: BTreeSet<&str> = plan.accounts().into_iter().chain(plan.callers()).collect();
    if changes > limits.maximum_changes {
        beyond.push(format!(
            "the plan has {changes} changes, more than the {} of `maximum_changes`",
            limits.maximum_changes
        ));
    }
    if accounts > limits.maximum_accounts {
        beyond.push(format!(
            "the plan changes {accounts} accounts, more than the {} of `maximum_accounts`",
            limits.maximum_accounts
        ));
    }
    for account in named {
        if limits.exclude_accounts.iter().any(|excluded| excluded == account) {
            beyond.push(format!("account {account} is among those that `exclude_accounts` leaves out"));
        }
    }
    let kinds: BTreeSet<&str> = plan.changes.iter().map(|change| change.kind.as_str()).collect();
    for kind in kinds {
        if super::kinds::kind(kind).is_none() {
            beyond.push(format!("`{kind}` is no kind of change that this program knows"));
        } else if !limits.allow.contains(kind) {
            beyond.push(format!("`{kind}` is not among the kinds that `allow` names"));
        }
    }
    beyond
}

/// The accounts of a plan in waves of 1, 2, 4, ….
#[must_use]
pub fn waves(plan: &Plan) -> Vec<Vec<&str>> {
    let accounts = plan.accounts();
    let mut rest = accounts.as_slice();
    let (mut waves, mut size) = (Vec::new(), 1_usize);
    while !rest.is_empty() {
        let (wave, after) = rest.split_at(size.min(rest.len()));
        waves.push(wave.to_vec());
        rest = after;
        size = size.saturating_mul(2);
    }
    waves
}

/// Carries out plans.
pub struct Applier<'a, D> {
    /// How accounts are entered.
    pub doors: &'a D,
    /// Where everything is recorded.
    pub journal: &'a Journal,
    /// What the policy file leaves out.
    pub limits: &'a RemediationLimits,
    /// How far an earlier run came.
    pub before: BTreeMap<StepKey, Progress>,
}

impl<'a, D: Doors> Applier<'a, D> {
    /// One that goes on where the journal ends.
    #[must_use]
    pub fn new(doors: &'a D, journal: &'a Journal, limits: &'a RemediationLimits) -> Self {
        let (_, before) = progress(journal.entries());
        Self { doors, journal, limits, before }
    }

    /// Makes the changes of one wave of accounts, and says what came of each.
    ///
    /// # Errors
    /// The journal cannot be written: nothing is called any more.
    pub async fn wave<'p>(
        &self,
        plan: &'p Plan,
        accounts: &[&str],
    ) -> Result<Vec<(&'p Change, Fate)>, JournalError> {
        let done: Vec<Result<Vec<_>, JournalError>> = stream::iter(accounts.to_vec())
            .map(|account| self.account(plan, account))
            .buffered(ACCOUNTS_AT_ONCE)
            .collect()
            .await;
        let mut fates = Vec::new();
        for account in done {
            fates.extend(account?);
        }
        Ok(fates)
    }

    async fn account<'p>(
        &self,
        plan: &'p Plan,
        account: &str,
    ) -> Result<Vec<(&'p Change, Fate)>, JournalError> {
        let mut doors: BTreeMap<&str, Result<Entered, String>> = BTreeMap::new();
        let mut fates = Vec::new();
        for change in plan.changes.iter().filter(|change| change.affects() == account) {
            let caller = change.account.as_str();
            let entered = match doors.remove(caller) {
                Some(entered) => entered,
                None => self.doors.enter(caller).await,
            };
            let admitted = match &entered {
                Ok(entered) => self.admitted(change, entered).await,
                Err(why) => Err(why.clone()),
            };
            let fate = match (&admitted, &entered) {
                (Ok(()), Ok(entered)) => self.change(plan, change, &entered.access).await?,
                (Err(why), _) | (_, Err(why)) => {
                    let why = why.clone();
                    self.journal.write(&change.id, 0, Event::Refused { reason: why.clone() })?;
                    Fate::Refused(why)
                }
            };
            doors.insert(caller, entered);
            fates.push((change, fate));
        }
        Ok(fates)
    }

    /// Whether a change may be made here and now by him who acts.
    async fn admitted(&self, change: &Change, entered: &Entered) -> Result<(), String> {
        self.acting_is_kept(change, &entered.arn)?;
        if self.limits.exclude_tags.is_empty() {
            return Ok(());
        }
        let hands = Hands::new(entered.access.clone(), &change.account, &change.region);
        // The bucket may have got the tag, or the policy file the exclusion, since the plan.
        for bucket in change.steps.iter().filter_map(|step| step.sets.bucket()) {
            let tags = hands.bucket_tags(bucket).await;
            let tags = tags.map_err(|why| {
                format!("whether the tags of bucket `{bucket}` exclude it is not known: {}", why.clause())
            })?;
            self.limits.admit_tags(&tags)?;
        }
        Ok(())
    }

    async fn change(&self, plan: &Plan, change: &Change, access: &Access) -> Result<Fate, JournalError> {
        let hands = Hands::new(access.clone(), &change.account, &change.region);
        let mut fate = Fate::Already;
        for (number, step) in change.steps.iter().enumerate() {
            let event = self.step(plan, change, number, step, &hands).await?;
            match event {
                // What an earlier run verified is as it was then.
                Event::Already | Event::Verified => {}
                Event::Refused { reason } => return Ok(Fate::Refused(reason)),
                Event::Failed { reason, .. } => return Ok(Fate::Failed(reason)),
                _ => fate = Fate::Done,
            }
        }
        Ok(fate)
    }

    /// The plan was proved for the role that it expects; this is for him who acts.
    fn acting_is_kept(&self, change: &Change, arn: &str) -> Result<(), String> {
        for step in &change.steps {
            if let (Setting::BucketPolicy { bucket }, Some(wanted)) = (&step.sets, step.wanted.as_str()) {
                acting_is_kept(self.doors.organization(), &change.account, bucket, arn, wanted)?;
            }
        }
        Ok(())
    }

    async fn step(
        &self,
        plan: &Plan,
        change: &Change,
        number: usize,
        step: &Step,
        hands: &Hands,
    ) -> Result<Event, JournalError> {
        let setting = &step.sets;
        let earlier = self.before.get(&(change.id.clone(), number));
        // A step that was taken back begins anew.
        let ours = earlier.and_then(Progress::in_force);
        let event = match hands.read(setting).await {
            Err(why) => Event::Refused { reason: format!("{}: {}", why.clause(), why.message) },
            Ok(value) if setting.same(&value, &step.wanted) || is_followed(plan, change, setting, &value) => {
                match (ours, earlier.map(|known| &known.last)) {
                    (None, _) => Event::Already,
                    (Some(_), Some(Event::Verified)) => Event::Verified,
                    // An earlier run made the call.
                    (Some(_), _) => Event::Done,
                }
            }
            Ok(value) if setting.same(&value, &step.present) => {
                let intent = Intent {
                    account: change.account.clone(),
                    region: change.region.clone(),
                    sets: setting.clone(),
                    before: value,
                    after: step.wanted.clone(),
                    call: step.call.clone(),
                };
                self.journal.write(&change.id, number, Event::Intent(Box::new(intent)))?;
                match set(hands, setting, &step.call, &step.wanted).await {
                    Ok(()) => Event::Done,
                    Err(Unset { reason, without_effect }) => Event::Failed { reason, without_effect },
                }
            }
            Ok(value) => Event::Refused { reason: moved_on(&step.present, &value) },
        };
        // Saying the same again in each run would let the journal grow without end.
        if earlier.is_none_or(|known| known.last != event) {
            self.journal.write(&change.id, number, event.clone())?;
        }
        Ok(event)
    }
}

/// Whether a value is what a later change of the plan sets on top of this one: then this one was made.
fn is_followed(plan: &Plan, change: &Change, setting: &Setting, value: &Value) -> bool {
    let later = plan.changes.iter().skip_while(|other| other.id != change.id).skip(1);
    let of_account = later.filter(|other| other.account == change.account && other.region == change.region);
    let mut steps = of_account.flat_map(|other| &other.steps).filter(|step| step.sets == *setting);
    steps.any(|step| setting.same(value, &step.wanted))
}

/// Somebody else changed a value.
#[must_use]
pub fn moved_on(expected: &Value, found: &Value) -> String {
    let lines = difference::lines(expected, found);
    format!("it was changed by somebody else since:\n{}", lines.join("\n"))
}

/// A setting that has not the value that it was to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unset {
    /// Why.
    pub reason: String,
    /// Whether AWS refused the call, so that it certainly took no effect.
    pub without_effect: bool,
}

/// Makes a call and reads back whether the setting has the value. A call whose answer was lost is not made again if it took
/// effect; one that was throttled is.
///
/// # Errors
/// The setting has not the value.
pub async fn set(hands: &Hands, setting: &Setting, call: &Call, wanted: &Value) -> Result<(), Unset> {
    let mut failure: Option<Failure> = None;
    let mut all_refused = true;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            pause(attempt).await;
        }
        match hands.write(call).await {
            Ok(()) => {
                failure = None;
                break;
            }
            Err(error) => {
                let lost = error.status.is_none() || is_transient(&error);
                if lost && has(hands, setting, wanted, 1).await.is_ok() {
                    return Ok(());
                }
                all_refused &= error.status.is_some_and(|status| (400..500).contains(&status));
                let again = is_transient(&error);
                failure = Some(error);
                if !again {
                    break;
                }
            }
        }
    }
    match failure {
        Some(error) => {
            let reason = format!("{}: {}", error.unreadable.clause(), error.message());
            Err(Unset { reason, without_effect: all_refused })
        }
        None => {
            let read_back = has(hands, setting, wanted, ATTEMPTS).await;
            read_back.map_err(|reason| Unset { reason, without_effect: false })
        }
    }
}

/// Whether a setting has a value, read up to so many times.
async fn has(hands: &Hands, setting: &Setting, wanted: &Value, attempts: u32) -> Result<(), String> {
    let mut found = Err("it was not read back".to_owned());
    for attempt in 0..attempts {
        if attempt > 0 {
            pause(attempt).await;
        }
        found = match hands.read(setting).await {
            Ok(value) if setting.same(&value, wanted) => return Ok(()),
            Ok(value) => Err(format!(
                "the call succeeded, and what is read back is not what was set:\n{}",
                difference::lines(wanted, &value).join("\n")
            )),
            Err(why) => Err(format!("it cannot be read back: {}: {}", why.clause(), why.message)),
        };
    }
    found
}

/// 0.2, 0.4, 0.8, … seconds.
async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(100).saturating_mul(2_u32.saturating_pow(attempt))).await;
}
