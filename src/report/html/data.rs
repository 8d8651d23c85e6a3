//! The data block of the page: everything that the script shows, as one compact JSON object.
//!
//! Texts that repeat (checks, accounts, regions, steps of a path) are named by their place in a list, so that 50,000
//! results stay a few ten megabytes.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::super::finding::{
    NOT_AUDITED, about, account_names, by_hand, command, fingerprint, mend, planned, title, unseen,
    worst_first,
};
use crate::catalogue::{Area, Severity, Status};
use crate::score::assessment::{Assessment, ResultRecord, SinceBaseline};
use crate::simulate::{Outcome, Techniques};
use crate::visible::{is_hidden, visible_start};

/// Above this many results, those that pass or do not apply come without evidence.
pub(super) const ALL_EVIDENCE: usize = 10_000;

/// The most characters of a text.
const MAX_TEXT: usize = 4_000;

/// How many readings of a result are shown.
const MAX_EVIDENCE: usize = 30;

/// Texts, each once, by their place.
#[derive(Default)]
struct Names {
    places: HashMap<String, usize>,
    names: Vec<String>,
}

impl Names {
    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    fn shown(&self) -> Vec<String> {
        self.names.iter().map(|name| text(name)).collect()
    }
}

fn text(text: &str) -> String {
    visible_start(text, MAX_TEXT)
}

/// The object as JSON that can stand between `<script type="application/json">` and its end: no `<`, `>` or `&`, and no
/// character that nobody sees.
///
/// # Errors
/// The JSON writer refused a value.
pub(super) fn block(assessment: &Assessment) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(&data(assessment))?;
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, '<' | '>' | '&') || is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(character);
        }
    }
    Ok(escaped)
}

fn data(assessment: &Assessment) -> Value {
    let unseen = unseen(assessment);
    let mut all: Vec<&ResultRecord> = worst_first(&assessment.results);
    // They are unknown: behind the failures, before everything else that is unknown.
    let place = all.iter().position(|result| result.status != Status::Fail).unwrap_or(all.len());
    all.splice(place..place, &unseen);
    let all_evidence = all.len() <= ALL_EVIDENCE;
    let (mut checks, mut accounts, mut regions) = (Names::default(), Names::default(), Names::default());
    // What mends a result is told once for all results that it mends, with the kind of change.
    let mut mends = Names::default();
    let mut kinds: Vec<Option<&str>> = Vec::new();
    for account in &assessment.accounts {
        accounts.place(&account.id);
    }
    let mut areas: BTreeMap<&str, Area> = BTreeMap::new();
    let rows: Vec<Value> = all
        .iter()
        .map(|result| {
            areas.insert(&result.check, result.area);
            let quiet = matches!(result.status, Status::Pass | Status::NotApplicable);
            let wanted = matches!(result.status, Status::Fail | Status::Excepted);
            let mending = (wanted || result.check == NOT_AUDITED).then(|| mends.place(&mend(result)));
            if mending == Some(kinds.len()) {
                kinds.push(planned(result));
            }
            json!([
                fingerprint(result).get(..16).unwrap_or_default(),
                checks.place(&result.check),
                Severity::WORST_FIRST.iter().position(|severity| *severity == result.severity),
                Status::ALL.iter().position(|status| *status == result.status),
                accounts.place(&result.account_id),
                result.region.as_deref().map(|region| regions.place(region)),
                result.resource.kind.as_str(),
                text(&result.resource.id),
                text(&result.message),
                more(result, mending, all_evidence || !quiet),
            ])
        })
        .collect();
    let (matrix, paths) = matrix(assessment, &mut accounts);
    let names = account_names(assessment);
    let accounts: Vec<[String; 2]> = accounts
        .names
        .iter()
        .map(|id| [text(id), names.get(id.as_str()).map_or_else(String::new, |name| text(name))])
        .collect();
    let checks: Vec<Value> = checks
        .names
        .iter()
        .map(|check| {
            let metadata = about(check);
            let area = areas.get(check.as_str()).filter(|_| check != NOT_AUDITED);
            json!({
                "id": text(check),
                "title": text(title(check)),
                "area": area.map(|area| area.as_str()),
                "why": metadata.map(|metadata| text(&metadata.description.split_whitespace().collect::<Vec<_>>().join(" "))),
                "links": metadata.map(|m| m.related_resources.iter().map(|r| r.r#ref.as_str()).collect::<Vec<_>>()),
                "by_hand": by_hand(check).iter().map(|part| json!([part.code, lines(&part.text)])).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "organization": assessment.run.organization_id.as_deref().map(text),
        "severities": Severity::WORST_FIRST.map(Severity::as_str),
        "statuses": Status::ALL.map(Status::as_str),
        "areas": Area::ALL.map(Area::as_str),
        "checks": checks,
        "accounts": accounts,
        "regions": regions.shown(),
        "mends": mends.shown().into_iter().zip(kinds).collect::<Vec<_>>(),
        "results": rows,
        "outcomes": Outcome::ALL.map(|outcome| outcome.to_string()),
        "techniques": techniques(assessment),
        "paths": paths,
        "matrix": matrix,
    })
}

/// What only some results have.
fn more(result: &ResultRecord, mending: Option<usize>, with_evidence: bool) -> Value {
    let mut more = Map::new();
    let mut add = |key: &str, value: Option<Value>| {
        more.extend(value.map(|value| (key.to_owned(), value)));
    };
    add("arn", result.resource.arn.as_deref().map(|arn| json!(text(arn))));
    add("since", result.since_baseline.map(|since| json!(SinceBaseline::as_str(since))));
    add("sensitive", result.sensitive.then_some(json!(true)));
    if mending.is_some() {
        add("mend", mending.map(|place| json!(place)));
        add("command", command(result).map(|command| json!(command)));
    }
    let exception = result.exception.as_ref();
    add("exception", exception.map(|e| json!([text(&e.reason), text(&e.owner), text(&e.expires)])));
    if with_evidence {
        let evidence = result.evidence.iter().take(MAX_EVIDENCE).map(|evidence| {
            let value = match &evidence.value {
                Value::Null => String::new(),
                value => pretty(value),
            };
            json!([text(&evidence.operation), text(&evidence.resource), text(&evidence.pointer), value])
        });
        let evidence: Vec<Value> = evidence.collect();
        add(
            "left_out",
            Some(result.evidence.len().saturating_sub(MAX_EVIDENCE)).filter(|n| *n > 0).map(|n| json!(n)),
        );
        add("evidence", (!evidence.is_empty()).then(|| json!(evidence)));
        let witness = result.witness.as_object().is_some_and(|witness| !witness.is_empty());
        add("witness", witness.then(|| json!(pretty(&result.witness))));
    }
    add("assumptions", (!result.assumptions.is_empty()).then(|| json!(result.assumptions)));
    Value::Object(more)
}

/// JSON over several lines, each made visible.
fn pretty(value: &Value) -> String {
    let json = serde_json::to_string_pretty(value).unwrap_or_default();
    let start: String = json.chars().take(MAX_TEXT).collect();
    let cut = if start.len() < json.len() { "…" } else { "" };
    lines(&start) + cut
}

/// A text of several lines, each made visible.
fn lines(whole: &str) -> String {
    whole.split('\n').map(text).collect::<Vec<_>>().join("\n")
}

/// The techniques that the matrix has: id, and where they are built in title, description and MITRE ATT&CK ids.
pub(super) fn techniques(assessment: &Assessment) -> Vec<[String; 4]> {
    let known = Techniques::load(&[]).unwrap_or_default();
    let mut ids: Vec<&str> = assessment.simulation.iter().map(|cell| cell.technique.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter()
        .map(|id| match known.iter().find(|technique| technique.id == id) {
            Some(technique) => [
                text(id),
                text(&technique.title),
                text(&technique.description.split_whitespace().collect::<Vec<_>>().join(" ")),
                text(&technique.attack.join(", ")),
            ],
            None => [text(id), text(id), String::new(), String::new()],
        })
        .collect()
}

/// A row per bucket, the least defended first: account, bucket, and per technique outcome, possible outcome,
/// path, the checks that mend it and the first broken link.
fn matrix(assessment: &Assessment, accounts: &mut Names) -> (Vec<Value>, Vec<String>) {
    let mut ids: Vec<&str> = assessment.simulation.iter().map(|cell| cell.technique.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut steps = Names::default();
    let mut rows: Vec<(f64, Value)> = Vec::new();
    for cells in assessment.simulation.chunk_by(|a, b| a.account_id == b.account_id && a.bucket == b.bucket) {
        let Some(first) = cells.first() else { continue };
        let places: Vec<Value> = ids
            .iter()
            .map(|id| {
                let cell = cells.iter().find(|cell| cell.technique == *id)?;
                let place = |outcome| Outcome::ALL.iter().position(|other| *other == outcome);
                let path: Vec<usize> = cell.path.iter().map(|step| steps.place(step)).collect();
                let checks: Vec<String> = cell.mended_by.iter().map(|check| text(check)).collect();
                let broken = cell.broken_link.as_deref().map(text);
                Some(json!([place(cell.outcome), place(cell.possible), path, checks, broken]))
            })
            .map(Option::unwrap_or_default)
            .collect();
        let total: f64 = cells.iter().map(|cell| cell.weight).sum();
        let reached: f64 = cells.iter().map(|cell| cell.weight * cell.outcome.value()).sum();
        let row =
            json!([accounts.place(&first.account_id), text(&first.bucket), text(&first.region), places]);
        rows.push((if total > 0.0 { reached / total } else { 0.0 }, row));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    (rows.into_iter().map(|(_, row)| row).collect(), steps.shown())
}
