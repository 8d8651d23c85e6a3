//! Hunts that go on from what they found: which keys did the sessions get that these keys opened, and which did those?

use std::collections::BTreeSet;

use serde_json::Value;

use super::backend::{QueryBackend, QueryError};
use super::hunt::{Hunt, Repeat};
use super::parameters::{ParameterValue, Parameters};
use super::rows::{Answer, Execution, Note, NoteKind};

/// Asks a hunt, and, if it is one that goes on, asks again with what is new until nothing is or the steps are used up. Each
/// step is one query; the answer joins their rows, and its record their sizes and notes.
///
/// # Errors
/// A step has no answer.
pub async fn ask<B: QueryBackend>(
    back_end: &B,
    hunt: &Hunt,
    parameters: &Parameters,
) -> Result<Answer, QueryError> {
    let Some(repeat) = &hunt.repeat else { return back_end.run(hunt, parameters).await };
    let mut known: BTreeSet<String> = match parameters.get(&repeat.parameter) {
        Some(ParameterValue::Texts(values)) => values.iter().cloned().collect(),
        _ => BTreeSet::new(),
    };
    let mut joined = Joined::default();
    let mut next = parameters.with(&repeat.step, ParameterValue::Integer(1));
    for step in 1..=repeat.steps {
        let answer = back_end.run(hunt, &next).await?;
        let new = new_values(hunt, repeat, &answer, &mut known);
        joined.add(answer);
        if new.is_empty() {
            break;
        }
        if step == repeat.steps {
            joined.notes.push(Note {
                kind: NoteKind::Truncated,
                count: 1,
                message: format!(
                    "after {step} steps there were still new values; what they lead to was not asked"
                ),
                examples: new,
            });
            break;
        }
        next = parameters
            .with(&repeat.parameter, ParameterValue::Texts(new))
            .with(&repeat.step, ParameterValue::Integer(i64::from(step) + 1));
    }
    joined.finish(hunt, parameters, back_end)
}

/// The values of the repeated column that no step asked for, if they are of the parameter's type.
fn new_values(hunt: &Hunt, repeat: &Repeat, answer: &Answer, known: &mut BTreeSet<String>) -> Vec<String> {
    let texts = answer.column(&repeat.column).filter_map(Value::as_str).map(str::to_owned);
    let kind = hunt.parameter(&repeat.parameter).map(|parameter| parameter.kind);
    let valid = |text: &String| kind.is_some_and(|kind| kind.read(text).is_ok());
    let new: BTreeSet<String> = texts.filter(valid).filter(|text| known.insert(text.clone())).collect();
    new.into_iter().collect()
}

/// The answers of the steps so far.
#[derive(Debug, Default)]
struct Joined {
    rows: Vec<Vec<Value>>,
    text: String,
    bytes: Option<u64>,
    records: Option<u64>,
    notes: Vec<Note>,
}

impl Joined {
    fn add(&mut self, answer: Answer) {
        self.rows.extend(answer.rows);
        self.text = answer.query.text;
        let sum = |a: Option<u64>, b: Option<u64>| a.map_or(b, |a| Some(a + b.unwrap_or_default()));
        self.bytes = sum(self.bytes, answer.query.scanned_bytes);
        self.records = sum(self.records, answer.query.scanned_records);
        for note in answer.query.notes {
            // Each step reads the same files: what one could not read is said once.
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    fn finish<B: QueryBackend>(
        self,
        hunt: &Hunt,
        parameters: &Parameters,
        back_end: &B,
    ) -> Result<Answer, QueryError> {
        let Self { rows, text, bytes, records, notes } = self;
        let execution = Execution { text, scanned_bytes: bytes, scanned_records: records, notes };
        Answer::new(hunt, parameters, back_end.back_end(), rows, execution)
    }
}
