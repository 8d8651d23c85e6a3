//! Taking back what a journal recorded, the newest first.

use super::apply::{Doors, moved_on, set};
use super::calls::Hands;
use super::journal::{Event, Intent, Journal, JournalError, progress};
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
        let intent = step.intent.filter(|_| step.last != Event::Undone)?;
        Some(Undo { change: key.0, step: key.1, intent })
    });
    made.collect()
}

/// Takes one step back.
///
/// # Errors
/// The journal cannot be written: nothing was called.
pub async fn undo(
    undo: &Undo,
    doors: &impl Doors,
    journal: &Journal,
    stop_logging: bool,
) -> Result<Fate, JournalError> {
    let fate = attempt(undo, doors, journal, stop_logging).await?;
    let event = match &fate {
        Fate::Undone | Fate::Already => Event::Undone,
        Fate::Refused(reason) => Event::UndoRefused { reason: reason.clone() },
    };
    journal.write(&undo.change, undo.step, event)?;
    Ok(fate)
}

async fn attempt(
    undo: &Undo,
    doors: &impl Doors,
    journal: &Journal,
    stop_logging: bool,
) -> Result<Fate, JournalError> {
    let Intent { account, region, sets, before, after, .. } = &undo.intent;
    let stops = matches!(sets, Setting::TrailLogging { .. }) && *before == Value::Bool(false);
    if stops && !stop_logging {
        let reason = "stopping a trail is what a thief does; it is done only with `--stop-logging`, by a role that may";
        return Ok(Fate::Refused(reason.to_owned()));
    }
    let access = match doors.enter(account).await {
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
    journal.write(&undo.change, undo.step, Event::UndoIntent)?;
    match set(&hands, sets, &call, before).await {
        Ok(()) => Ok(Fate::Undone),
        Err(why) => Ok(Fate::Refused(why)),
    }
}
