//! Runs checks over facts: three values in, one status out, and whatever breaks stays with its resource.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use regorus::rvm::RegoVM;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::{Value as Json, json};

use super::check::{Check, Checks};
use super::projection::{FactNode, assume, fact_nodes, project};
use super::schema::Step;
use crate::catalogue::Status;
use crate::policy::PolicyFile;

/// Unknown facts that are tried both ways; with more the outcome is unknown.
const MAX_UNKNOWN: usize = 6;
/// Instructions of the virtual machine per evaluation; a check takes some hundreds.
const MAX_INSTRUCTIONS: usize = 2_000_000;
/// Wall-clock time per evaluation.
const TIME_LIMIT: Duration = Duration::from_millis(500);

/// What a module sees besides the facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Surroundings {
    /// `data.account`: `id` and `name`.
    pub account: Json,
    /// `data.organization`: `id`.
    pub organization: Json,
    /// `data.policy.trust`.
    pub trust: Json,
}

/// The outcome of one check on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Pass, fail, unknown, not-applicable, or error if the check is defective.
    pub status: Status,
    /// What is wrong, what is not known, or why the check is defective; for a pass the reasons why.
    pub message: String,
    /// JSON pointers to the facts that the check read in this resource.
    pub read: Vec<String>,
}

/// What a module answered for one completion.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    NotApplicable,
    Pass,
    Fail(String),
    Defect(String),
}

/// Evaluates checks on one thread.
pub struct Evaluator<'a> {
    checks: &'a Checks,
    machines: BTreeMap<&'a str, RegoVM>,
    data: BTreeMap<&'a str, (Surroundings, Value)>,
    /// By check id; those of [`Checks::set_parameters`] unless set for some accounts.
    parameters: BTreeMap<String, Json>,
}

impl fmt::Debug for Evaluator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator").field("checks", &self.checks).finish_non_exhaustive()
    }
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(checks: &'a Checks) -> Self {
        let machines = checks.all().map(|check| (check.metadata().id.as_str(), machine(check))).collect();
        Self { checks, machines, data: BTreeMap::new(), parameters: checks.parameters().clone() }
    }

    /// Takes the parameters of another policy from now on, such as that of an organizational unit.
    pub fn set_parameters(&mut self, policy: &PolicyFile) {
        let parameters = self.checks.parameters_under(policy);
        if parameters != self.parameters {
            self.parameters = parameters;
            self.data.clear();
        }
    }

    /// Evaluates a check over the facts of one resource of its kind.
    pub fn evaluate(&mut self, check: &'a Check, facts: &Json, surroundings: &Surroundings) -> Outcome {
        self.evaluate_seen(check, &Seen::of(facts), surroundings)
    }

    /// The same over facts that several checks are asked about.
    pub fn evaluate_seen(
        &mut self,
        check: &'a Check,
        seen: &Seen<'_>,
        surroundings: &Surroundings,
    ) -> Outcome {
        let data = self.data(check, surroundings);
        completions(check, seen, |input| self.ask(check, input, &data))
    }

    fn data(&mut self, check: &'a Check, surroundings: &Surroundings) -> Value {
        let id = check.metadata().id.as_str();
        if let Some((known, data)) = self.data.get(id)
            && known == surroundings
        {
            return data.clone();
        }
        let data = Value::from(data_document(&self.parameters, id, surroundings));
        self.data.insert(id, (surroundings.clone(), data.clone()));
        data
    }

    /// A panic stays with this one evaluation; the machine is made anew after it.
    fn ask(&mut self, check: &'a Check, input: &Value, data: &Value) -> Answer {
        let id = check.metadata().id.as_str();
        let Some(vm) = self.machines.get_mut(id) else {
            return Answer::Defect("the check is not loaded".to_owned());
        };
        let answer = catch_unwind(AssertUnwindSafe(|| {
            vm.set_data(data.clone()).map_err(|error| error.to_string())?;
            vm.set_input(input.clone());
            answer(check.has_applies(), |rule| {
                let entry = check.entry_point(rule);
                vm.execute_entry_point_by_name(&entry).map_err(|error| error.to_string())
            })
        }));
        match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::Defect(error),
            Err(_) => {
                self.machines.insert(id, machine(check));
                Answer::Defect("the evaluation panicked".to_owned())
            }
        }
    }
}

/// `data` of a check.
fn data_document(parameters: &BTreeMap<String, Json>, id: &str, surroundings: &Surroundings) -> Json {
    json!({
        "account": surroundings.account,
        "organization": surroundings.organization,
        "policy": {"trust": surroundings.trust},
        "parameters": parameters.get(id).cloned().unwrap_or_else(|| json!({})),
    })
}

fn machine(check: &Check) -> RegoVM {
    let mut vm = RegoVM::new();
    vm.load_program(check.program().clone());
    vm.set_max_instructions(MAX_INSTRUCTIONS);
    vm.set_strict_builtin_errors(true);
    vm.set_execution_timer_config(Some(timer(TIME_LIMIT)));
    vm
}

pub(super) fn timer(limit: Duration) -> ExecutionTimerConfig {
    ExecutionTimerConfig { limit, check_interval: NonZeroU32::MIN.saturating_add(1023) }
}

/// The same evaluation by regorus' interpreter instead of its virtual machine: the tests hold one against the other.
#[must_use]
pub fn interpret(checks: &Checks, check: &Check, facts: &Json, surroundings: &Surroundings) -> Outcome {
    let data = Value::from(data_document(checks.parameters(), &check.metadata().id, surroundings));
    completions(check, &Seen::of(facts), |input| {
        let interpreted = || -> Result<Answer, String> {
            let mut engine = Engine::new();
            engine.set_rego_v0(false);
            engine.set_strict_builtin_errors(true);
            engine.set_execution_timer_config(timer(TIME_LIMIT));
            let text = |error: &dyn fmt::Display| error.to_string();
            engine
                .add_policy(check.path().to_owned(), check.text().to_owned())
                .map_err(|error| text(&error))?;
            engine.add_data(data.clone()).map_err(|error| text(&error))?;
            engine.set_input(input.clone());
            answer(check.has_applies(), |rule| {
                engine.eval_rule(check.entry_point(rule)).map_err(|error| text(&error))
            })
        };
        interpreted().unwrap_or_else(Answer::Defect)
    })
}

/// Asks for `applies`, `pass` and `message`, and holds the answers to the contract: a pass is exactly `true`; anything
/// but `true`, `false` or nothing, and a failure without a message, is a defect.
fn answer(has_applies: bool, mut ask: impl FnMut(&str) -> Result<Value, String>) -> Result<Answer, String> {
    if has_applies {
        match ask("applies")? {
            Value::Bool(true) => {}
            Value::Bool(false) | Value::Undefined => return Ok(Answer::NotApplicable),
            other => return Ok(Answer::Defect(format!("`applies` is {other}, not true or false"))),
        }
    }
    match ask("pass")? {
        Value::Bool(true) => return Ok(Answer::Pass),
        Value::Bool(false) | Value::Undefined => {}
        other => return Ok(Answer::Defect(format!("`pass` is {other}, not true or false"))),
    }
    Ok(match ask("message")? {
        Value::String(message) if !message.trim().is_empty() => Answer::Fail(message.to_string()),
        Value::Undefined => Answer::Defect("it neither passes nor says what is wrong".to_owned()),
        other => Answer::Defect(format!("`message` is {other}, not a text")),
    })
}

/// The facts of one resource as modules see them: made once for all checks of its kind.
#[derive(Debug)]
pub struct Seen<'f> {
    facts: &'f Json,
    projected: Json,
    /// The same for the virtual machine; clones share it.
    input: Value,
}

impl<'f> Seen<'f> {
    /// Facts as modules see them.
    #[must_use]
    pub fn of(facts: &'f Json) -> Self {
        let projected = project(facts);
        let input = Value::from(projected.clone());
        Self { facts, projected, input }
    }
}

/// Evaluates every completion of the unknown facts that the check reads.
fn completions(check: &Check, seen: &Seen<'_>, mut ask: impl FnMut(&Value) -> Answer) -> Outcome {
    let facts = seen.facts;
    let nodes = nodes_at(facts, check.facts_read());
    let read: Vec<String> = nodes.iter().map(|node| node.pointer.clone()).collect();
    let unknown: Vec<&str> =
        nodes.iter().filter(|node| node.unknown).map(|node| node.pointer.as_str()).collect();
    let outcome = |status, message| Outcome { status, message, read: read.clone() };
    if unknown.len() > MAX_UNKNOWN {
        return outcome(Status::Unknown, reasons(facts, &unknown));
    }
    let mut first: Option<Answer> = None;
    // The completion in which every unknown fact holds comes first: its message says what is certainly wrong.
    for completion in (0..1_u32 << unknown.len()).rev() {
        let answer = if unknown.is_empty() {
            ask(&seen.input)
        } else {
            let mut input = seen.projected.clone();
            for (bit, pointer) in unknown.iter().enumerate() {
                assume(&mut input, pointer, completion & (1 << bit) != 0);
            }
            ask(&Value::from(input))
        };
        if let Answer::Defect(problem) = answer {
            return outcome(
                Status::Error,
                format!("the check `{}` is defective: {problem}", check.metadata().id),
            );
        }
        match &first {
            None => first = Some(answer),
            Some(first) if same_kind(first, &answer) => {}
            Some(_) => return outcome(Status::Unknown, reasons(facts, &unknown)),
        }
    }
    match first {
        Some(Answer::Pass) => outcome(Status::Pass, passing(facts, &nodes)),
        Some(Answer::Fail(message)) => outcome(Status::Fail, message),
        Some(Answer::NotApplicable) => not_applicable(facts, &nodes_at(facts, check.applies_reads())),
        Some(Answer::Defect(_)) | None => outcome(Status::Error, "the check was not evaluated".to_owned()),
    }
}

/// What does not apply is explained by what decided that, and by nothing else.
fn not_applicable(facts: &Json, nodes: &[FactNode]) -> Outcome {
    Outcome {
        status: Status::NotApplicable,
        message: passing(facts, nodes),
        read: nodes.iter().map(|node| node.pointer.clone()).collect(),
    }
}

/// The facts at these paths, each once, in the order of their pointers.
fn nodes_at(facts: &Json, paths: &[Vec<Step>]) -> Vec<FactNode> {
    let mut nodes: Vec<FactNode> = paths.iter().flat_map(|path| fact_nodes(facts, path)).collect();
    nodes.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    nodes.dedup();
    nodes
}

fn same_kind(a: &Answer, b: &Answer) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// Reasons that a message shows at most.
const MAX_REASONS: usize = 3;

/// Why facts are not known, each reason once.
fn reasons(facts: &Json, pointers: &[&str]) -> String {
    let mut all: Vec<&str> = Vec::new();
    for pointer in pointers {
        let reason = facts.pointer(pointer).and_then(|fact| fact.get("reason")).and_then(Json::as_str);
        if let Some(reason) = reason.filter(|reason| !reason.is_empty())
            && !all.contains(&reason)
        {
            all.push(reason);
        }
    }
    let more = all.len().saturating_sub(MAX_REASONS);
    let mut text = all.iter().take(MAX_REASONS).copied().collect::<Vec<_>>().join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more reasons"));
    }
    text
}

/// The reasons of all facts that were read, for a result that needs no message of the check.
fn passing(facts: &Json, nodes: &[FactNode]) -> String {
    let pointers: Vec<&str> = nodes.iter().map(|node| node.pointer.as_str()).collect();
    reasons(facts, &pointers)
}
