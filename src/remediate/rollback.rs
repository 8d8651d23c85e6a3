//! Taking back what a journal recorded, the newest first.

use super::apply::{Doors, moved_on, set};
use super::calls::Hands;
use super::journal::{Event, Intent, Journal, JournalError};
use super::progress::progress;
use super::setting::Setting;
use serde_json::Value;

/// What came of a step that was to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It has its former value again.
    Undone,
    /// It had it already.
    Already,
    /// It was left as it is, for this reason.
    Refused(String),
}

/// A step that may be taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Undo {
    /// The change's id.
    pub change: String,
    /// The number of the step.
    pub step: usize,
    /// What was done.
    pub intent: Intent,
}

/// The steps of a journal that may have been made and were not taken back yet, the newest first.
#[must_use]
pub fn to_undo(journal: &Journal) -> Vec<Undo> {
    let (order, mut steps) = progress(journal.entries());
    let made = order.into_iter().rev().filter_map(|key| {
        let step = steps.remove(&key)?;
        let intent = step.in_force()?.clone();
        Some(Undo { change: key.0, step: key.1, intent })
    });
    made.collect()
}

/// Takes steps back, in the order in which it is given them.
#[derive(Debug)]
pub struct Restorer<'a, D> {
    /// How accounts are entered.
    pub doors: &'a D,
    /// The journal.
    pub journal: &'a Journal,
    /// Whether trails that were started are stopped.
    pub stop_logging: bool,
    /// What was left as it is.
    kept: Vec<Undo>,
}

impl<'a, D: Doors> Restorer<'a, D> {
    /// One that has taken nothing back yet.
    #[must_use]
    pub fn new(doors: &'a D, journal: &'a Journal, stop_logging: bool) -> Self {
        Self { doors, journal, stop_logging, kept: Vec::new() }
    }

    /// Takes one step back.
    ///
    /// # Errors
    /// The journal cannot be written: nothing was called.
    pub async fn undo(&mut self, undo: &Undo) -> Result<Fate, JournalError> {
        let fate = match self.built_on(undo) {
            Some(reason) => Fate::Refused(reason),
            None => self.attempt(undo).await?,
        };
        let event = match &fate {
            Fate::Undone | Fate::Already => Event::Undone,
            Fate::Refused(reason) => {
                self.kept.push(undo.clone());
                Event::UndoRefused { reason: reason.clone() }
            }
        };
        self.journal.write(&undo.change, undo.step, event)?;
        Ok(fate)
    }

    /// Why a step must stay because of what was left as it is: it was built on it, and would break or vanish with it.
    fn built_on(&self, undo: &Undo) -> Option<String> {
        let of_change = self.kept.iter().find(|kept| kept.change == undo.change);
        let of_topic = match &undo.intent.sets {
            Setting::Topic { topic, .. } => self.kept.iter().find(|kept| names(&kept.intent, topic)),
            _ => None,
        };
        let kept = of_change.or(of_topic)?;
        let step = kept.intent.call.name();
        Some(format!(
            "it stays, because what was built on it does: `{step}` of `{}` was not taken back",
            kept.change
        ))
    }

    async fn attempt(&self, undo: &Undo) -> Result<Fate, JournalError> {
        let Intent { account, region, sets, before, after, .. } = &undo.intent;
        let stops = matches!(sets, Setting::TrailLogging { .. }) && *before == Value::Bool(false);
        if stops && !self.stop_logging {
            let reason = "stopping a trail is what a thief does; it is done only with `--stop-logging`, by a role that may";
            return Ok(Fate::Refused(reason.to_owned()));
        }
        let access = match self.doors.enter(account).await {
            Ok(entered) => entered.access,
            Err(why) => return Ok(Fate::Refused(why)),
        };
        let hands = Hands::new(access, account, region);
        let value = match hands.read(sets).await {
            Ok(value) => value,
            Err(why) => return Ok(Fate::Refused(format!("{}: {}", why.clause(), why.message))),
        };
        if sets.same(&value, before) {
            return Ok(Fate::Already);
        }
        if !sets.same(&value, after) {
            return Ok(Fate::Refused(moved_on(after, &value)));
        }
        let call = match sets.call(account, before) {
            Ok(call) => call,
            Err(why) => return Ok(Fate::Refused(why)),
        };
        self.journal.write(&undo.change, undo.step, Event::UndoIntent)?;
        match set(&hands, sets, &call, before).await {
            Ok(()) => Ok(Fate::Undone),
            Err(why) => Ok(Fate::Refused(why.reason)),
        }
    }
}

/// Whether what a call set names a topic.
fn names(intent: &Intent, topic: &str) -> bool {
    intent.after.to_string().contains(topic)
        || matches!(&intent.sets, Setting::TopicPolicy { topic: of } if of == topic)
}
