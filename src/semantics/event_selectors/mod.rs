//! CloudTrail event selectors: is this event logged, and is everything of a kind logged? (`aws-semantics.md` 3.3 to 3.6)
//!
//! [`matches`] answers for one CloudTrail record. [`coverage`] answers for all reads or all writes of a bucket: since every
//! constraint compares a few fields with literals, it suffices to ask about finitely many critical events. [`management_coverage`]
//! answers for the management events that matter for S3.

mod advanced;
mod basic;
mod bits;
mod bucket_names;
mod coverage;
mod critical_points;
mod dimension;
mod event;
mod management;
mod operations;
mod reason;
mod rules;
mod search;
mod validity;

#[cfg(test)]
mod coverage_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use bucket_names::look_at_bucket_names;
pub use coverage::{BucketIdentity, Coverage, Witness, coverage, logs_something};
pub use management::management_coverage;
pub use operations::EventClass;
pub use validity::{InvalidSelectors, question, validate};

use self::event::Event;
use super::configuration::TrailSelectors;
use super::verdict::{Tri, Verdict};

/// Somebody who may log an event: a trail or an event data store.
#[derive(Debug, Clone)]
pub struct Observer<'a> {
    /// How it is called in reasons, for example ``trail `main` ``.
    pub name: &'a str,
    /// What it selects.
    pub selectors: ObservedSelectors<'a>,
    /// Whether it logs and delivers at all.
    pub active: Verdict,
}

/// What is known of an observer's selectors.
#[derive(Debug, Clone, Copy)]
pub enum ObservedSelectors<'a> {
    /// They were read.
    Known(&'a TrailSelectors),
    /// They were not.
    Unknown,
}

/// Whether a trail with these selectors logs a CloudTrail record.
///
/// A trail without any selectors logs all management events and no data events.
#[must_use]
pub fn matches(selectors: &TrailSelectors, event: &Value) -> Verdict {
    match Event::read(event) {
        Ok(event) => logs(selectors, &event),
        Err(clause) => Verdict::unknown(clause),
    }
}

fn logs(selectors: &TrailSelectors, event: &Event<'_>) -> Verdict {
    if !selectors.advanced_event_selectors.is_empty() {
        any(selectors.advanced_event_selectors.iter().map(|selector| advanced::matches(selector, event)))
    } else if !selectors.event_selectors.is_empty() {
        any(selectors.event_selectors.iter().map(|selector| basic::matches(selector, event)))
    } else if event.is_management() {
        Verdict::yes("a trail without selectors logs all management events")
    } else {
        Verdict::no("a trail without selectors logs no data events")
    }
}

/// Whether any selector matches. The reason is that of the first that decides.
fn any(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut unknown: Option<Verdict> = None;
    let mut no: Option<Verdict> = None;
    for verdict in verdicts {
        match verdict.value {
            Tri::Yes => return verdict,
            Tri::Unknown => unknown = unknown.or(Some(verdict)),
            Tri::No => {
                no = Some(match no {
                    None => verdict,
                    Some(mut first) => {
                        first.assumptions.extend(verdict.assumptions);
                        first
                    }
                });
            }
        }
    }
    unknown.or(no).unwrap_or_else(|| Verdict::no("no selector matches"))
}
