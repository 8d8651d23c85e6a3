//! `exfilguard eval`: asks one evaluator directly, a JSON line at a time, without credentials.

use std::borrow::Cow;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write};

use miette::miette;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Failure;
use super::arguments::{EvalArguments, Evaluator};
use super::exit_code::ExitCode;
use crate::semantics::iam::{self, Json};
use crate::semantics::verdict::{Tri, Verdict};
use crate::semantics::{event_pattern, event_selectors, filter_pattern};

/// What is written for a line.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    id: Value,
    result: &'static str,
    reason: Cow<'a, str>,
}

/// A line of which only the id is wanted; the rest is passed over without recursion.
#[derive(Deserialize)]
struct Passed {
    #[serde(default)]
    id: Value,
}

/// Why the lines ended.
enum End {
    /// All were answered, or nobody reads the answers any more.
    Done,
    /// A line is no JSON.
    NoJson { line: usize, problem: String },
    /// Standard input cannot be read or standard output cannot be written.
    Io(io::Error),
}

/// Answers every line of standard input.
pub fn run(arguments: &EvalArguments) -> Result<ExitCode, Failure> {
    let end = answer_lines(arguments.evaluator, io::stdin().lock(), io::stdout().lock());
    match end {
        End::Done => Ok(ExitCode::Success),
        End::NoJson { line, problem } => Err(Failure::usage(miette!(
            help = "each line is one JSON object; see `exfilguard eval --help`",
            "line {line} of standard input is no JSON: {problem}"
        ))),
        End::Io(error) => Err(Failure::usage(miette!("standard input or output failed: {error}"))),
    }
}

/// Reads, answers and writes line by line: memory does not grow with the number of lines.
fn answer_lines(evaluator: Evaluator, input: impl Read, output: impl Write) -> End {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut output = BufWriter::with_capacity(1 << 16, output);
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        // Whoever asks one question and waits for its answer gets it.
        if input.buffer().is_empty()
            && let Err(error) = output.flush()
        {
            return broken(error);
        }
        line.clear();
        match input.read_until(b'\n', &mut line) {
            Err(error) => return End::Io(error),
            Ok(0) => break,
            Ok(_) => number += 1,
        }
        match answer(evaluator, &line) {
            Ok(answer) => {
                let written = serde_json::to_writer(&mut output, &answer).map_err(io::Error::from);
                if let Err(error) = written.and_then(|()| output.write_all(b"\n")) {
                    return broken(error);
                }
            }
            Err(problem) => {
                return match output.flush() {
                    Ok(()) => End::NoJson { line: number, problem },
                    Err(error) => broken(error),
                };
            }
        }
    }
    match output.flush() {
        Ok(()) => End::Done,
        Err(error) => broken(error),
    }
}

/// A closed pipe is no error.
fn broken(error: io::Error) -> End {
    if error.kind() == io::ErrorKind::BrokenPipe { End::Done } else { End::Io(error) }
}

/// Answers one line.
///
/// # Errors
/// Why it is no JSON.
fn answer(evaluator: Evaluator, line: &[u8]) -> Result<Answer<'static>, String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    let answered = match evaluator {
        Evaluator::Policy | Evaluator::Public => {
            Json::parse(text).map(|question| by_document(evaluator, &question))
        }
        _ => serde_json::from_str(text)
            .map_err(|error| error.to_string())
            .map(|question| by_value(evaluator, question)),
    };
    answered.or_else(|problem| {
        // JSON that is nested too deep, or holds half a surrogate pair, is JSON; but nothing can be told of it.
        let passed: Passed = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(Answer { id: passed.id, result: "invalid", reason: problem.into() })
    })
}

fn by_value(evaluator: Evaluator, question: Value) -> Answer<'static> {
    let verdict = match evaluator {
        Evaluator::EventPattern => event_pattern::question(&question).map_err(|error| error.to_string()),
        Evaluator::FilterPattern => filter_pattern::question(&question).map_err(|error| error.to_string()),
        _ => event_selectors::question(&question).map_err(|error| error.to_string()),
    };
    let id = match question {
        Value::Object(mut fields) => fields.remove("id").unwrap_or_default(),
        _ => Value::Null,
    };
    of_verdict(id, verdict)
}

fn by_document(evaluator: Evaluator, question: &Json) -> Answer<'static> {
    let id = question.get("id").map(Json::to_value).unwrap_or_default();
    let outcome = match evaluator {
        Evaluator::Policy => {
            iam::eval::policy_question(question).map(|decision| (decision.value, decision.reason))
        }
        _ => iam::eval::public_question(question).map(|verdict| (verdict.value, verdict.reason)),
    };
    let (result, reason) = iam::eval::answer(outcome);
    Answer { id, result, reason: reason.into() }
}

fn of_verdict(id: Value, verdict: Result<Verdict, String>) -> Answer<'static> {
    match verdict {
        Err(reason) => Answer { id, result: "invalid", reason: reason.into() },
        Ok(verdict) => {
            let result = match verdict.value {
                Tri::Yes => "yes",
                Tri::No => "no",
                Tri::Unknown => "unknown",
            };
            Answer { id, result, reason: verdict.reason.into() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(evaluator: Evaluator, input: &str) -> (String, Option<usize>) {
        let mut output = Vec::new();
        let end = answer_lines(evaluator, input.as_bytes(), &mut output);
        let line = match end {
            End::Done => None,
            End::NoJson { line, .. } => Some(line),
            End::Io(error) => panic!("{error}"),
        };
        (String::from_utf8(output).unwrap(), line)
    }

    #[test]
    fn lines_are_answered_in_order() {
        let input = "{\"id\": 1, \"pattern\": {\"a\": [1]}, \"event\": {\"a\": 1}}\n\
                     {\"id\": \"two\", \"pattern\": {\"a\": [2]}, \"event\": {\"a\": 1}}\n\
                     {\"pattern\": {\"a\": 2}, \"event\": {}}\n";
        let (output, end) = ask(Evaluator::EventPattern, input);
        let results: Vec<(Value, Value)> = output
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|answer| (answer["id"].clone(), answer["result"].clone()))
            .collect();
        assert_eq!(end, None);
        assert_eq!(
            results,
            [(1.into(), "yes".into()), ("two".into(), "no".into()), (Value::Null, "invalid".into())]
        );
    }

    #[test]
    fn a_line_that_is_no_json_ends_after_the_answers_before_it() {
        let good = r#"{"id": 1, "pattern": "ERROR", "message": "an ERROR"}"#;
        let (output, end) = ask(Evaluator::FilterPattern, &format!("{good}\nno json\n{good}\n"));
        assert_eq!(output.lines().count(), 1);
        assert_eq!(end, Some(2));
        assert_eq!(ask(Evaluator::Policy, "{}\n\n").1, Some(2));
    }

    #[test]
    fn json_that_cannot_be_told_anything_of_is_invalid() {
        let bomb = format!("{{\"id\": 7, \"pattern\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let half = r#"{"id": 7, "pattern": "\ud800", "event": {}}"#;
        for evaluator in [Evaluator::EventPattern, Evaluator::Policy] {
            for line in [bomb.as_str(), half] {
                let (output, end) = ask(evaluator, line);
                assert_eq!(end, None, "{output}");
                let answer: Value = serde_json::from_str(&output).unwrap();
                assert_eq!((&answer["id"], &answer["result"]), (&7.into(), &"invalid".into()));
            }
        }
    }

    #[test]
    fn every_evaluator_answers_what_is_no_question() {
        for evaluator in [
            Evaluator::EventPattern,
            Evaluator::FilterPattern,
            Evaluator::EventSelectors,
            Evaluator::Policy,
            Evaluator::Public,
        ] {
            for line in ["[]", "1", "null", "{}", "\"text\""] {
                let (output, end) = ask(evaluator, line);
                assert_eq!(end, None);
                assert!(output.contains("\"invalid\""), "{evaluator:?} {line}: {output}");
            }
        }
    }
}
