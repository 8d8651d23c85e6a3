//! A hunt: one question to CloudTrail's records, as a file of `queries/` says it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

use super::binding::TABLE;
use super::fragments::Fragments;
use super::insights_text::LogsInsights;
use super::parameters::{ParameterType, ParameterValue, STANDARD};
use super::template;

/// The files of hunts, and `fragments.yaml`.
#[derive(RustEmbed)]
#[folder = "queries"]
#[include = "*.yaml"]
pub(super) struct Embedded;

/// The file of `queries/` that is no hunt.
pub(super) const FRAGMENTS_FILE: &str = "fragments.yaml";

/// One question to CloudTrail's records.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Hunt {
    /// The name on the command line, in kebab-case; equals the file's name.
    pub id: String,
    /// A few words for lists.
    pub title: String,
    /// The question that it answers, and what an answer means and does not mean.
    pub question: String,
    /// The techniques of MITRE ATT&CK (Enterprise) that its rows may show, such as `T1530` or `T1090.003`.
    pub attack: Vec<String>,
    /// Its own parameters, besides the [`STANDARD`] ones that every hunt takes.
    #[serde(default)]
    pub parameters: Vec<ParameterDefinition>,
    /// The columns of its rows, in order.
    pub columns: Vec<Column>,
    /// By which columns rows are sorted; rows that are equal there are sorted by all columns from left to right.
    pub order: Vec<SortKey>,
    /// Whether the hunt is asked again with what it found, until it finds nothing new.
    #[serde(default)]
    pub repeat: Option<Repeat>,
    /// The SQL for Athena (Trino), without `ORDER BY` and `LIMIT`, which are added from [`Hunt::order`] and the parameter
    /// `limit`. `:name` is a parameter, `{{name}}` a fragment, `[[…]]` is left out if a parameter in it is not given.
    pub athena: String,
    /// The SQL for log files at hand, where the dialect differs from Athena's.
    #[serde(default)]
    pub local: Option<String>,
    /// The text for CloudWatch Logs Insights, in the same notation.
    pub logs_insights: LogsInsights,
}

/// How a hunt goes on from what it found: the values of a column are the next step's parameter. Each step is one query.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// The column whose values are asked next.
    pub column: String,
    /// The parameter, a list, that takes them.
    pub parameter: String,
    /// The parameter, a number, that is told the step, from 1.
    pub step: String,
    /// The most steps.
    pub steps: u32,
}

/// A parameter of a hunt.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterDefinition {
    /// The name: lower-case letters and `_`. On the command line `-` may be written for `_`.
    pub name: String,
    /// The form of its value.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// Whether the hunt cannot be asked without it.
    #[serde(default)]
    pub required: bool,
    /// The value where none is given, as a person would type it.
    #[serde(default)]
    pub default: Option<String>,
    /// What it is for.
    pub description: String,
}

/// A column of a hunt's rows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name, as the SQL gives it.
    pub name: String,
    /// The type to which every back end converts its values. A value may be null.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// What it says.
    pub meaning: String,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnType {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A moment as CloudTrail writes it: UTC, `2026-01-15T03:12:44Z`.
    Timestamp,
    /// True or false.
    Boolean,
}

/// A column by which rows are sorted: `name` or `name desc` in the file. Null is last either way.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct SortKey {
    /// The column's name.
    pub column: String,
    /// Which way.
    pub direction: Direction,
}

/// Which way rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

impl TryFrom<String> for SortKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (column, direction) = match text.split_once(' ') {
            None => (text.as_str(), Direction::Ascending),
            Some((column, "desc")) => (column, Direction::Descending),
            Some(_) => return Err(format!("`{text}` is no sort key: write `column` or `column desc`")),
        };
        Ok(Self { column: column.to_owned(), direction })
    }
}

impl From<SortKey> for String {
    fn from(key: SortKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.column)?;
        if self.direction == Direction::Descending {
            f.write_str(" desc")?;
        }
        Ok(())
    }
}

/// A file of `queries/` that cannot be used: a defect of the program, since the files are embedded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("queries/{file}: {problem}")]
pub struct HuntError {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub problem: String,
}

/// All hunts by id, and the fragments that their texts share.
#[derive(Debug, Clone, PartialEq)]
pub struct Hunts {
    hunts: BTreeMap<String, Hunt>,
}

impl Hunts {
    /// The hunts that are embedded in the program, their fragments put in place.
    ///
    /// # Errors
    /// A file is not of the form, or its texts name what it does not declare.
    pub fn load() -> Result<Self, HuntError> {
        let fragments = Fragments::parse(FRAGMENTS_FILE, &text_of(FRAGMENTS_FILE))?;
        let mut hunts = BTreeMap::new();
        let mut names: Vec<Cow<'static, str>> = Embedded::iter().collect();
        names.sort();
        for name in names.iter().filter(|name| name.as_ref() != FRAGMENTS_FILE) {
            let hunt = Hunt::parse(name, &text_of(name), &fragments)?;
            hunts.insert(hunt.id.clone(), hunt);
        }
        Ok(Self { hunts })
    }

    /// In the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Hunt> {
        self.hunts.values()
    }

    /// The hunt with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Hunt> {
        self.hunts.get(id)
    }
}

fn text_of(file: &str) -> String {
    Embedded::get(file).map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

impl Hunt {
    /// Reads a hunt from the text of its file and puts the fragments into its texts.
    ///
    /// # Errors
    /// The text is not of the form, or names parameters, columns or fragments that are not there.
    pub fn parse(file: &str, text: &str, fragments: &Fragments) -> Result<Self, HuntError> {
        let problem = |problem: String| HuntError { file: file.to_owned(), problem };
        let mut hunt: Self = serde_saphyr::from_str(text).map_err(|error| problem(error.to_string()))?;
        hunt.expand(fragments).map_err(problem)?;
        hunt.validate(file).map_err(problem)?;
        Ok(hunt)
    }

    /// The definition of a parameter: the hunt's own, or one of the [`STANDARD`] ones.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<ParameterDefinition> {
        let own = self.parameters.iter().find(|parameter| parameter.name == name).cloned();
        own.or_else(|| {
            STANDARD.iter().find(|parameter| parameter.name == name).map(ParameterDefinition::from)
        })
    }

    /// All parameters: the hunt's own, then the [`STANDARD`] ones.
    #[must_use]
    pub fn all_parameters(&self) -> Vec<ParameterDefinition> {
        let standard = STANDARD.iter().map(ParameterDefinition::from);
        self.parameters.iter().cloned().chain(standard).collect()
    }

    /// The SQL for log files at hand, fragments in place.
    #[must_use]
    pub fn local_sql(&self) -> &str {
        self.local.as_deref().unwrap_or(&self.athena)
    }

    /// The field of Logs Insights that a column is.
    #[must_use]
    pub fn insights_field<'a>(&'a self, column: &'a str) -> &'a str {
        self.logs_insights.field(column)
    }

    /// Puts the fragments into the texts. A text that is the same for both dialects becomes two where a fragment
    /// differs.
    fn expand(&mut self, fragments: &Fragments) -> Result<(), String> {
        let shared = self.local.take().unwrap_or_else(|| self.athena.clone());
        let local = fragments.expand(&shared, |fragment| fragment.local())?;
        self.athena = fragments.expand(&self.athena, |fragment| fragment.athena.as_deref())?;
        self.local = (local != self.athena).then_some(local);
        let insights = &mut self.logs_insights;
        insights.query = fragments.expand(&insights.query, |fragment| fragment.logs_insights.as_deref())?;
        if let Some(finish) = &mut insights.finish {
            // The engine that reads log files executes it.
            *finish = fragments.expand(finish, |fragment| fragment.local())?;
        }
        Ok(())
    }

    fn validate(&self, file: &str) -> Result<(), String> {
        let stem = file.strip_suffix(".yaml").unwrap_or(file);
        if stem != self.id {
            return Err(format!("its id is `{}`; the file's name must be the same", self.id));
        }
        if self.columns.is_empty() || self.order.is_empty() {
            return Err("it has no columns, or no order".to_owned());
        }
        unique("parameter", self.all_parameters().iter().map(|parameter| parameter.name.as_str()))?;
        unique("column", self.columns.iter().map(|column| column.name.as_str()))?;
        if let Some(id) = self.attack.iter().find(|id| !is_technique(id)) {
            return Err(format!("`{id}` is no technique of MITRE ATT&CK, such as T1530 or T1090.003"));
        }
        if let Some(key) = self.order.iter().find(|key| !self.has_column(&key.column)) {
            return Err(format!("it is sorted by `{}`, which is no column", key.column));
        }
        if let Some(Repeat { column, parameter, step, .. }) = &self.repeat
            && (!self.has_column(column)
                || self.parameter(parameter).is_none()
                || self.parameter(step).is_none())
        {
            return Err(format!(
                "it repeats with `{column}`, `{parameter}` and `{step}`, which are not all there"
            ));
        }
        self.logs_insights.validate()?;
        let (mut columns, mut parameters) = self.logs_insights.names();
        if let Some(name) = columns.find(|name| !self.has_column(name)) {
            return Err(format!("`logs_insights` tells of `{name}`, which is no column"));
        }
        if let Some(name) = parameters.find(|name| self.parameter(name).is_none()) {
            return Err(format!("`logs_insights` tells of `{name}`, which is no parameter"));
        }
        for parameter in &self.parameters {
            if let Some(default) = &parameter.default {
                let days = parameter.kind == ParameterType::Timestamp && days_before(default).is_some();
                let read = if days { Ok(()) } else { parameter.kind.read(default).map(drop) };
                read.map_err(|why| format!("`{}`: {why}", parameter.name))?;
            }
            if parameter.required && parameter.default.is_some() {
                return Err(format!("`{}` is required, but has a default", parameter.name));
            }
        }
        self.validate_texts()
    }

    /// Every placeholder is a parameter, and every parameter of the hunt's own has a place.
    fn validate_texts(&self) -> Result<(), String> {
        if self.parameter(TABLE).is_some() {
            return Err(format!("`:{TABLE}` is the back end's table; no parameter can have that name"));
        }
        let insights = &self.logs_insights;
        let sql = [Some(self.athena.as_str()), Some(self.local_sql()), insights.finish.as_deref()];
        let texts = sql.into_iter().flatten().chain([insights.query.as_str()]);
        for text in texts {
            for name in template::placeholders(text)? {
                if name != TABLE && self.definition_of_placeholder(&name).is_none() {
                    return Err(format!("the text names `:{name}`, which is no parameter"));
                }
            }
        }
        let used = template::placeholders(&self.athena)?;
        let unused = |parameter: &&ParameterDefinition| {
            !used.iter().any(|name| {
                self.definition_of_placeholder(name).is_some_and(|found| found.name == parameter.name)
            })
        };
        match self.parameters.iter().find(unused) {
            Some(parameter) => Err(format!("the parameter `{}` has no place in the SQL", parameter.name)),
            None => Ok(()),
        }
    }

    /// The parameter that a placeholder stands for: its own name, or the day of a moment (`from_day` of `from`).
    pub(super) fn definition_of_placeholder(&self, placeholder: &str) -> Option<ParameterDefinition> {
        self.parameter(placeholder).or_else(|| {
            let suffixes = [NEXT_DAY_SUFFIX, DAY_SUFFIX, HOUR_SUFFIX];
            let moment = suffixes.iter().find_map(|suffix| placeholder.strip_suffix(suffix))?;
            self.parameter(moment).filter(|parameter| parameter.kind == ParameterType::Timestamp)
        })
    }

    fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }
}

/// `:from_day` is the day of the moment `from` as the table's partitions spell it, `2026/01/15`.
pub(super) const DAY_SUFFIX: &str = "_day";
/// `:to_next_day` is the day after that of `to`: a record is filed under the day of its delivery, which may be the next.
pub(super) const NEXT_DAY_SUFFIX: &str = "_next_day";
/// `:from_hour` is the hour of `from` as records spell it, `2026-01-15T03`.
pub(super) const HOUR_SUFFIX: &str = "_hour";

/// The days in a default like `30 days before from`.
pub(super) fn days_before(default: &str) -> Option<i64> {
    default.strip_suffix(" days before from")?.parse().ok().filter(|days| (1..=366).contains(days))
}

impl ParameterDefinition {
    /// Its default, read.
    #[must_use]
    pub fn default_value(&self) -> Option<ParameterValue> {
        self.default.as_deref().and_then(|default| self.kind.read(default).ok())
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        let plain =
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !plain || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err(format!("the {what} `{name}` is not of lower-case letters, digits and `_`"));
        }
        if !seen.insert(name) {
            return Err(format!("the {what} `{name}` stands twice"));
        }
    }
    Ok(())
}

/// Whether this is the id of a technique or sub-technique.
fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let Some(rest) = id.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        None => digits(rest, 4),
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const GOOD: &str = "
id: example
title: Example
question: What?
attack: [T1090.003]
parameters:
  - {name: key, type: access-key-id, description: key}
columns:
  - {name: who, type: text, meaning: who}
order: [who]
athena: SELECT who FROM :table WHERE k = :key AND dt >= :from_day
logs_insights: {query: fields who}
";

    fn parse(text: &str) -> Result<Hunt, HuntError> {
        Hunt::parse("example.yaml", text, &Fragments::default())
    }

    #[test]
    fn a_file_of_the_form_is_read() {
        let hunt = parse(GOOD).unwrap();
        assert_eq!(hunt.local_sql(), hunt.athena);
        assert_eq!(hunt.all_parameters().len(), 1 + STANDARD.len());
    }

    #[test]
    fn a_file_that_is_not_of_the_form_is_refused() {
        for (from, to, why) in [
            ("title: Example", "title: Example\nsqlite: x", "sqlite"),
            ("id: example", "id: other", "file's name"),
            ("T1090.003", "T109.003", "no technique"),
            ("order: [who]", "order: [whom]", "no column"),
            ("order: [who]", "order: [who down]", "sort key"),
            (":key", ":keys", "no parameter"),
            ("k = :key AND ", "", "no place"),
            ("k = :key", "k = :key [[AND 1 = 1]]", "no placeholder"),
            ("name: key", "name: from", "stands twice"),
            ("name: key", "name: Key", "lower-case"),
            ("k = :key", "k = :key_day", "no parameter"),
            ("k = :key", "k = {{key}}", "no fragment"),
            ("description: key", "description: key, default: x", "access key"),
            ("logs_insights: {query: fields who}", "", "logs_insights"),
            ("query: fields who", "query: fields a, fields: {whom: a}", "no column"),
            (
                "query: fields who",
                "query: fields a, cases: {who: [{is: x, field: a, not_in: b}]}",
                "no parameter",
            ),
            ("query: fields who", "query: fields who, finish: SELECT who FROM :table", "ends with `stats`"),
            (
                "query: fields who",
                "query: stats avg(a) as b by who, finish: SELECT who FROM :table",
                "ends with",
            ),
            (
                "query: fields who",
                "query: stats count(*) as n by who, fields: {who: w}, finish: SELECT who FROM :table",
                "made by `finish`, or",
            ),
            (
                "query: fields who",
                "query: stats count(*) as n by who, finish: 'SELECT :whom'",
                "no parameter",
            ),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let problem = parse(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(problem.contains(why), "{to}: {problem}");
        }
    }
}
