//! How far each step of a plan has come, by what its journal says.

use std::collections::BTreeMap;

use super::journal::{Entry, Event, Intent};

/// A step of a change.
pub type StepKey = (String, usize);

/// How far a step has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What was about to be done first; none if nothing ever was.
    pub intent: Option<Intent>,
    /// What happened last.
    pub last: Event,
    /// Whether it was taken back or never took effect, and nothing was called for it since: whatever its value is by now, it
    /// is not ours.
    pub void: bool,
}

impl Progress {
    /// What was about to be done, if it may still be in force.
    #[must_use]
    pub fn in_force(&self) -> Option<&Intent> {
        self.intent.as_ref().filter(|_| !self.void)
    }
}

/// How far each step has come, in the order in which they were begun.
#[must_use]
pub fn progress(entries: &[Entry]) -> (Vec<StepKey>, BTreeMap<StepKey, Progress>) {
    let mut order: Vec<StepKey> = Vec::new();
    let mut steps: BTreeMap<StepKey, Progress> = BTreeMap::new();
    for entry in entries {
        let key = (entry.change.clone(), entry.step);
        let (known, void) = match steps.get(&key) {
            Some(known) => (known.intent.clone(), known.void),
            None => (None, false),
        };
        if !order.contains(&key) {
            order.push(key.clone());
        }
        let (intent, void) = match (&entry.event, known) {
            // The value before the first call is what is restored; after a rollback it begins anew.
            (Event::Intent(intent), known) => {
                (known.filter(|_| !void).or_else(|| Some((**intent).clone())), false)
            }
            (Event::Undone | Event::Failed { without_effect: true, .. }, known) => (known, true),
            (_, known) => (known, void),
        };
        steps.insert(key, Progress { intent, last: entry.event.clone(), void });
    }
    (order, steps)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::super::journal::tests::intent;
    use super::*;

    /// What somebody else set after a rollback is his.
    #[test]
    fn what_was_taken_back_is_no_longer_ours() {
        let entry = |event| Entry { at: String::new(), change: "a".into(), step: 0, event };
        let taken_back = vec![intent(json!("first")), Event::Done, Event::UndoIntent, Event::Undone];
        let denied = Event::Failed { reason: String::new(), without_effect: true };
        let (_, steps) = progress(&[intent(json!("first")), denied, Event::Already].map(entry));
        assert_eq!(steps.get(&("a".to_owned(), 0)).unwrap().in_force(), None);
        for later in [Event::Already, Event::Refused { reason: String::new() }] {
            let entries: Vec<Entry> = taken_back.iter().cloned().chain([later]).map(entry).collect();
            let (_, steps) = progress(&entries);
            assert_eq!(steps.get(&("a".to_owned(), 0)).unwrap().in_force(), None);
        }
        let again = taken_back.into_iter().chain([Event::Already, intent(json!("second"))]).map(entry);
        let (_, steps) = progress(&again.collect::<Vec<_>>());
        let step = steps.get(&("a".to_owned(), 0)).unwrap();
        assert_eq!(step.in_force().unwrap().before, json!("second"));
    }

    #[test]
    fn the_value_before_the_first_call_is_the_one_that_is_restored() {
        let entry = |event| Entry { at: String::new(), change: "a".into(), step: 0, event };
        let entries = [intent(json!("first")), intent(json!("second")), Event::Done].map(entry);
        let (_, steps) = progress(&entries);
        let step = steps.get(&("a".to_owned(), 0)).unwrap();
        assert_eq!(step.intent.as_ref().unwrap().before, json!("first"));
    }
}
