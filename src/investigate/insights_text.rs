//! A hunt as CloudWatch Logs Insights understands it: the text, and what the language cannot say and is made afterwards, of
//! the rest of a row or, with SQL, of all rows. JSON's booleans are `1` and `0` in it (A-23).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hunt::ColumnType;
use super::logs_insights::text::{Merge, Shape};
use super::parameters::{ParameterValue, Parameters};

/// A hunt as CloudWatch Logs Insights understands it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogsInsights {
    /// The query. `sort` is added; with [`LogsInsights::finish`] it is not, since all rows are needed then.
    pub query: String,
    /// SQL that the program makes the hunt's rows with, of those of the query: what compares rows with one another. It is in
    /// the dialect and the notation of [`Hunt::athena`](super::Hunt::athena), without `ORDER BY` and `LIMIT`; `:table` has the
    /// columns [`LogsInsights::gathered`]. None where the query's rows are the hunt's.
    #[serde(default)]
    pub finish: Option<String>,
    /// Which field of the result each column is; a column that is not named here has the field's own name.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Columns whose field is the whole record (`@message`), with the member of it that is the column's value, as JSON: an
    /// object is no field of Logs Insights.
    #[serde(default)]
    pub from_record: BTreeMap<String, String>,
    /// Columns that are decided by others of the row, since the language has no conditional function: the first case that
    /// holds.
    #[serde(default)]
    pub cases: BTreeMap<String, Vec<Case>>,
}

/// A value of a column, and when the column has it: if all that is said of the field is so. A field that the row lacks equals
/// nothing and is in no list and outside of none, as null is in SQL.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The value.
    pub is: String,
    /// A field of the result; without one the case always holds.
    #[serde(default)]
    pub field: Option<String>,
    /// The row lacks it.
    #[serde(default)]
    pub missing: bool,
    /// It has this value.
    #[serde(default)]
    pub equals: Option<String>,
    /// It has a value that is not in this parameter, a list.
    #[serde(default)]
    pub not_in: Option<String>,
}

/// The fields of one row of a result, without those that it lacks.
pub type Fields = BTreeMap<String, String>;

impl LogsInsights {
    /// The field of the result that a column is.
    #[must_use]
    pub fn field<'a>(&'a self, column: &'a str) -> &'a str {
        self.fields.get(column).map_or(column, String::as_str)
    }

    /// The value of a column in a row; null if it has none.
    #[must_use]
    pub fn value(&self, column: &str, row: &Fields, parameters: &Parameters) -> Value {
        if let Some(cases) = self.cases.get(column) {
            let holding = cases.iter().find(|case| case.holds(row, parameters));
            return holding.map_or(Value::Null, |case| Value::String(case.is.clone()));
        }
        let field = row.get(self.field(column));
        match (self.from_record.get(column), field) {
            (Some(member), Some(record)) => member_of(record, member),
            (None, Some(text)) => Value::String(text.clone()),
            (_, None) => Value::Null,
        }
    }

    /// The columns of the query's rows that [`LogsInsights::finish`] reads, with their types: `count` is whole, `sum` a number,
    /// all else a text. A value that a row lacks is null.
    ///
    /// # Errors
    /// The rows are not groups of such aggregates that parts of a window can be put together of.
    pub fn gathered(&self) -> Result<Vec<(String, ColumnType)>, String> {
        let shape = Shape::of(&self.query);
        match shape {
            Shape::Groups(ref fields) if shape.can_be_split() => {
                let kind = |merge: Merge| match merge {
                    Merge::Count => ColumnType::Integer,
                    Merge::Sum => ColumnType::Number,
                    Merge::Group | Merge::Least | Merge::Greatest | Merge::Unknowable => ColumnType::Text,
                };
                Ok(fields.iter().map(|(name, merge)| (name.clone(), kind(*merge))).collect())
            }
            _ => {
                Err("a query with a `finish` ends with `stats` of counts, sums, first and last values"
                    .to_owned())
            }
        }
    }

    /// Looks whether what is said of rows fits together.
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.finish.is_none() {
            return Ok(());
        }
        let of_rows = self.fields.is_empty() && self.from_record.is_empty() && self.cases.is_empty();
        if !of_rows {
            return Err("columns are made by `finish`, or by `fields`, `from_record` and `cases`".to_owned());
        }
        self.gathered().map(drop)
    }

    /// The columns and parameters that it names besides those of its text.
    pub(super) fn names(&self) -> (impl Iterator<Item = &str>, impl Iterator<Item = &str>) {
        let columns = self.fields.keys().chain(self.from_record.keys()).chain(self.cases.keys());
        let cases = self.cases.values().flatten();
        (columns.map(String::as_str), cases.filter_map(|case| case.not_in.as_deref()))
    }
}

impl Case {
    fn holds(&self, row: &Fields, parameters: &Parameters) -> bool {
        let Some(field) = &self.field else { return true };
        let value = row.get(field);
        let equals = |wanted: &String| value == Some(wanted);
        let is_outside = |list: &String| match (value, parameters.get(list)) {
            (Some(value), Some(ParameterValue::Texts(texts))) => !texts.contains(value),
            _ => false,
        };
        (!self.missing || value.is_none())
            && self.equals.as_ref().is_none_or(equals)
            && self.not_in.as_ref().is_none_or(is_outside)
    }
}

/// A member of a record as compact JSON; null if the record has none.
fn member_of(record: &str, member: &str) -> Value {
    let record: Value = serde_json::from_str(record).unwrap_or_default();
    match record.get(member) {
        None | Some(Value::Null) => Value::Null,
        Some(value) => Value::String(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::fragments::Fragments;
    use super::super::hunt::Hunt;
    use super::*;

    const HUNT: &str = "
id: example
title: Example
question: What?
attack: []
parameters:
  - {name: ours, type: account-ids, required: true, description: accounts}
columns:
  - {name: why, type: text, meaning: why}
  - {name: request, type: text, meaning: request}
  - {name: who, type: text, meaning: who}
order: [who]
athena: SELECT why, request, who FROM :table WHERE owner IN (:ours)
logs_insights:
  query: fields owner, kind, @message as request, name
  fields: {who: name}
  from_record: {request: requestParameters}
  cases:
    why:
      - {is: unknown, field: owner, missing: true}
      - {is: outside, field: owner, not_in: ours}
      - {is: service, field: kind, equals: AWSService}
      - {is: inside}
";

    #[test]
    fn gathered_rows_have_columns_of_the_types_of_their_aggregates() {
        let text = |query: &str| LogsInsights {
            query: query.to_owned(),
            finish: None,
            fields: BTreeMap::new(),
            from_record: BTreeMap::new(),
            cases: BTreeMap::new(),
        };
        let of = |name: &str, kind| (name.to_owned(), kind);
        assert_eq!(
            text("fields a as who | stats count(*) as n, sum(b) as bytes, sortsLast(t) as last by who")
                .gathered(),
            Ok(vec![
                of("n", ColumnType::Integer),
                of("bytes", ColumnType::Number),
                of("last", ColumnType::Text),
                of("who", ColumnType::Text)
            ])
        );
        for query in ["fields a", "stats avg(a) as b by c", "stats count(*) as n by a | filter n > 1"] {
            assert!(text(query).gathered().is_err(), "{query}");
        }
    }

    #[test]
    fn columns_are_made_of_the_rest_of_the_row() {
        let hunt = Hunt::parse("example.yaml", HUNT, &Fragments::default()).unwrap();
        let one = |name: &str, text: &str| (name.to_owned(), vec![text.to_owned()]);
        let given = [one("from", "2026-01-01"), one("to", "2026-01-02"), one("ours", "111122223333")].into();
        let parameters = Parameters::read(&hunt, &given).unwrap();
        let insights = hunt.logs_insights;
        let value = |column: &str, fields: &[(&str, &str)]| {
            let row = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            insights.value(column, &row, &parameters)
        };
        assert_eq!(value("why", &[]), "unknown");
        assert_eq!(value("why", &[("owner", "999988887777"), ("kind", "AWSService")]), "outside");
        assert_eq!(value("why", &[("owner", "111122223333"), ("kind", "AWSService")]), "service");
        assert_eq!(value("why", &[("owner", "111122223333")]), "inside");
        assert_eq!(value("who", &[("name", "x")]), "x");
        let record = r#"{"a":1,"requestParameters":{"z":1.50,"a":[true]}}"#;
        assert_eq!(value("request", &[("request", record)]), r#"{"z":1.5,"a":[true]}"#);
        for without in [r#"{"requestParameters":null}"#, "{}", "no JSON"] {
            assert_eq!(value("request", &[("request", without)]), Value::Null);
        }
    }
}
