//! What a journal did, as a person reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::journal::{Entry, Event, Header};
use super::progress::progress;

/// How a step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepStatus {
    /// The change's id.
    pub change: String,
    /// The number of the step.
    pub step: usize,
    /// `done`, `verified`, `announced`, `already`, `refused`, `failed`, `unverified`, `undone`, `undo-announced`,
    /// `undo-refused`.
    pub state: String,
    /// The call that was made, if one was.
    pub call: Option<String>,
    /// Why, where it is no good state.
    pub reason: Option<String>,
}

/// How each step stands, in the order in which they were begun.
#[must_use]
pub fn steps(entries: &[Entry]) -> Vec<StepStatus> {
    let (order, mut steps) = progress(entries);
    let found = order.into_iter().filter_map(|key| {
        let step = steps.remove(&key)?;
        let (state, reason) = state(&step.last);
        let call = step.intent.map(|intent| intent.call.name());
        Some(StepStatus { change: key.0, step: key.1, state: state.to_owned(), call, reason })
    });
    found.collect()
}

fn state(event: &Event) -> (&'static str, Option<String>) {
    match event {
        Event::Intent(_) => {
            ("announced", Some("nobody knows whether the call was made: apply again".to_owned()))
        }
        Event::Done => ("done", None),
        Event::Already => ("already", None),
        Event::Refused { reason } => ("refused", Some(reason.clone())),
        Event::Failed { reason, .. } => ("failed", Some(reason.clone())),
        Event::Verified => ("verified", None),
        Event::Unverified { reason } => ("unverified", Some(reason.clone())),
        Event::UndoIntent => {
            ("undo-announced", Some("nobody knows whether the call was made: roll back again".to_owned()))
        }
        Event::Undone => ("undone", None),
        Event::UndoRefused { reason } => ("undo-refused", Some(reason.clone())),
    }
}

/// All of it as text.
#[must_use]
pub fn text(header: &Header, steps: &[StepStatus]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut text = format!("plan {}, begun {}\n", header.plan.get(..12).unwrap_or(&header.plan), header.at);
    for step in steps {
        *counts.entry(&step.state).or_default() += 1;
        let call = step.call.as_deref().unwrap_or("no call");
        let _infallible = writeln!(text, "{:<14} {} ({call})", step.state, step.change);
        for line in step.reason.iter().flat_map(|reason| reason.lines()) {
            let _infallible = writeln!(text, "               {line}");
        }
    }
    let counts: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let _infallible = writeln!(
        text,
        "{}",
        if counts.is_empty() { "nothing was done".to_owned() } else { counts.join(", ") }
    );
    text
}
