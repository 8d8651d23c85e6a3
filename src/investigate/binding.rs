//! From a hunt and its values to what a back end is sent: SQL whose placeholders are bound, or Logs Insights text with
//! quoted values.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::hunt::{DAY_SUFFIX, Direction, HOUR_SUFFIX, Hunt, NEXT_DAY_SUFFIX};
use super::parameters::{ParameterType, ParameterValue, Parameters};
use super::template::{self, Piece};

/// How a dialect spells a bound parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// Athena: `?`, in the order of `ExecutionParameters`.
    Athena,
    /// The local engine: `$1`, `$2`, …
    Local,
}

/// SQL and the values of its placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundSql {
    /// The SQL: placeholders, no values.
    pub text: String,
    /// The values, one for each `?`, or for `$1` and so on.
    pub values: Vec<BoundValue>,
}

/// The value of one placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundValue {
    /// A text of a closed alphabet.
    Text(String),
    /// A number.
    Integer(i64),
}

impl BoundValue {
    /// The value as an SQL literal, for back ends whose parameters are literals (Athena's `ExecutionParameters`).
    #[must_use]
    pub fn literal(&self) -> String {
        match self {
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Integer(number) => number.to_string(),
        }
    }
}

/// The name of a table, perhaps with its database: letters, digits and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName(Vec<String>);

impl TableName {
    /// Reads `table` or `database.table`.
    ///
    /// # Errors
    /// The name has other characters than letters, digits and `_`, or too many parts.
    pub fn read(text: &str) -> Result<Self, String> {
        let plain = |part: &str| {
            (1..=128).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        if parts.len() > 2 || !parts.iter().all(|part| plain(part)) {
            let text = crate::visible::visible_start(text, 60);
            return Err(format!(
                "`{text}` is no table: write `table` or `database.table` of letters, digits and `_`"
            ));
        }
        Ok(Self(parts))
    }

    /// The name as SQL, in quotes.
    #[must_use]
    pub fn sql(&self) -> String {
        let quoted: Vec<String> = self.0.iter().map(|part| format!("\"{part}\"")).collect();
        quoted.join(".")
    }
}

impl Hunt {
    /// The hunt's SQL for a back end, with its order and one row more than the limit: so that it can be told whether
    /// there are more rows.
    #[must_use]
    pub fn bind(&self, binding: Binding, table: &TableName, parameters: &Parameters) -> BoundSql {
        let text = match binding {
            Binding::Athena => self.athena.as_str(),
            Binding::Local => self.local_sql(),
        };
        self.bind_text(text, binding, table, parameters)
    }

    /// The SQL that makes the hunt's rows of those that Logs Insights gave, which are in the table; likewise with order and
    /// limit. None if they are the hunt's rows already.
    #[must_use]
    pub fn bind_finish(
        &self,
        binding: Binding,
        table: &TableName,
        parameters: &Parameters,
    ) -> Option<BoundSql> {
        let text = self.logs_insights.finish.as_deref()?;
        Some(self.bind_text(text, binding, table, parameters))
    }

    fn bind_text(
        &self,
        text: &str,
        binding: Binding,
        table: &TableName,
        parameters: &Parameters,
    ) -> BoundSql {
        let mut bound = BoundSql { text: String::with_capacity(text.len() + 256), values: Vec::new() };
        for piece in template::resolve(text.trim_end(), |name| is_given(name, parameters)) {
            match piece {
                Piece::Placeholder(TABLE) => bound.text.push_str(&table.sql()),
                Piece::Placeholder(name) => bound.push(binding, placeholder_values(name, parameters)),
                Piece::Text(text) => bound.text.push_str(text),
                Piece::Open | Piece::Close => {}
            }
        }
        let _infallible = write!(bound.text, "\nORDER BY {}\nLIMIT ", self.order_by());
        let one_more = i64::try_from(parameters.limit()).unwrap_or(i64::MAX).saturating_add(1);
        bound.push(binding, vec![BoundValue::Integer(one_more)]);
        bound
    }

    /// The hunt's text for CloudWatch Logs Insights with its values in quotes. Lists are written as `["a","b"]`, networks as the condition that the record's address is in one of them: the language takes no
    /// list there. The window is not in it: it belongs to the call.
    #[must_use]
    pub fn insights_text(&self, parameters: &Parameters) -> String {
        let query = self.logs_insights.query.trim_end();
        let mut text = String::with_capacity(query.len() + 64);
        for piece in template::resolve(query, |name| is_given(name, parameters)) {
            match piece {
                Piece::Placeholder(name) if self.is_of_networks(name) => {
                    text.push_str(&in_a_subnet(name, parameters));
                }
                Piece::Placeholder(name) => text.push_str(&insights_value(name, parameters)),
                Piece::Text(plain) => text.push_str(plain),
                Piece::Open | Piece::Close => {}
            }
        }
        text
    }

    fn is_of_networks(&self, placeholder: &str) -> bool {
        self.parameter(placeholder).is_some_and(|parameter| parameter.kind == ParameterType::Networks)
    }

    /// The columns of `ORDER BY`: those of the hunt, then all others, so that the order is total.
    pub(super) fn order_by(&self) -> String {
        let named = self.order.iter().map(|key| match key.direction {
            Direction::Ascending => format!("{} NULLS LAST", key.column),
            Direction::Descending => format!("{} DESC NULLS LAST", key.column),
        });
        let others =
            self.columns.iter().filter(|column| !self.order.iter().any(|key| key.column == column.name));
        named.chain(others.map(|column| format!("{} NULLS LAST", column.name))).collect::<Vec<_>>().join(", ")
    }
}

/// The placeholder that stands for the back end's table.
pub(super) const TABLE: &str = "table";

impl BoundSql {
    /// A placeholder for each value, commas between them.
    fn push(&mut self, binding: Binding, values: Vec<BoundValue>) {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.values.push(value);
            let _infallible = match binding {
                Binding::Athena => write!(self.text, "?"),
                Binding::Local => write!(self.text, "${}", self.values.len()),
            };
        }
    }
}

fn is_given(placeholder: &str, parameters: &Parameters) -> bool {
    placeholder == TABLE || !placeholder_values(placeholder, parameters).is_empty()
}

/// What a placeholder stands for; nothing if its parameter has no value.
fn placeholder_values(placeholder: &str, parameters: &Parameters) -> Vec<BoundValue> {
    match parameters.get(placeholder) {
        Some(ParameterValue::Timestamp(moment)) => vec![BoundValue::Text(moment.to_string())],
        Some(ParameterValue::Integer(number)) => vec![BoundValue::Integer(*number)],
        Some(ParameterValue::Text(text)) => vec![BoundValue::Text(text.clone())],
        Some(ParameterValue::Texts(texts)) => texts.iter().cloned().map(BoundValue::Text).collect(),
        None => part_of_moment(placeholder, parameters).map(BoundValue::Text).into_iter().collect(),
    }
}

/// The day of a moment, or the day after it, as partitions spell it; or its hour, as records do.
fn part_of_moment(placeholder: &str, parameters: &Parameters) -> Option<String> {
    let moment = |suffix: &str| match parameters.get(placeholder.strip_suffix(suffix)?) {
        Some(ParameterValue::Timestamp(moment)) => Some(moment.to_zoned(TimeZone::UTC).datetime()),
        _ => None,
    };
    let day = |date: jiff::civil::Date| date.strftime("%Y/%m/%d").to_string();
    if let Some(moment) = moment(NEXT_DAY_SUFFIX) {
        return Some(day(moment.date().tomorrow().unwrap_or(moment.date())));
    }
    let hour = moment(HOUR_SUFFIX).map(|moment| moment.strftime("%Y-%m-%dT%H").to_string());
    moment(DAY_SUFFIX).map(|moment| day(moment.date())).or(hour)
}

/// A value as Logs Insights writes it. The alphabets have no quotes and no backslashes.
fn insights_value(placeholder: &str, parameters: &Parameters) -> String {
    let quoted = |text: &String| format!("\"{text}\"");
    match parameters.get(placeholder) {
        Some(ParameterValue::Texts(texts)) => {
            format!("[{}]", texts.iter().map(quoted).collect::<Vec<_>>().join(","))
        }
        Some(ParameterValue::Text(text)) => quoted(text),
        Some(ParameterValue::Integer(number)) => number.to_string(),
        Some(ParameterValue::Timestamp(moment)) => quoted(&moment.to_string()),
        None => part_of_moment(placeholder, parameters).map(|part| quoted(&part)).unwrap_or_default(),
    }
}

/// Whether the record's address is in one of the networks, in the language of Logs Insights.
fn in_a_subnet(placeholder: &str, parameters: &Parameters) -> String {
    let Some(ParameterValue::Texts(networks)) = parameters.get(placeholder) else { return String::new() };
    let conditions = networks.iter().map(|network| format!("isIpInSubnet(sourceIPAddress, \"{network}\")"));
    conditions.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::investigate::fragments::Fragments;
    use crate::investigate::parameters::Given;

    fn hunt() -> Hunt {
        let fragments = "window: {meaning: m, athena: 'dt BETWEEN :from_day AND :to_next_day'}";
        let fragments = Fragments::parse("fragments.yaml", fragments).unwrap();
        let text = r#"
id: example
title: Example
question: What?
attack: [T1530]
parameters:
  - {name: keys, type: access-key-ids, description: keys}
  - {name: least, type: integer, default: "3", description: least}
columns:
  - {name: n, type: integer, meaning: how many}
  - {name: who, type: text, meaning: who}
order: [n desc]
athena: |
  SELECT COUNT(*) AS n, who FROM :table
  WHERE {{window}} AND x = 'AWS::S3 :not' [[AND k IN (:keys)]] [[AND account IN (:accounts)]]
  GROUP BY 2 HAVING COUNT(*) >= :least
logs_insights:
  query: |
    filter x > :least [[| filter k in :keys]] | stats count(*) as n by who
  finish: SELECT n, who FROM :table WHERE n >= :least
"#;
        Hunt::parse("example.yaml", text, &fragments).unwrap()
    }

    fn parameters(more: &[(&str, &str)]) -> Parameters {
        let mut given: Given = Given::new();
        for (name, text) in
            [("from", "2026-01-31T03:00:00Z"), ("to", "2026-01-31T05:00:00Z")].iter().chain(more)
        {
            given.insert((*name).to_owned(), vec![(*text).to_owned()]);
        }
        Parameters::read(&hunt(), &given).unwrap()
    }

    #[test]
    fn values_are_bound_in_the_order_of_their_placeholders() {
        let parameters =
            parameters(&[("keys", "ASIAAAAAAAAAAAAAAAAA,AKIAAAAAAAAAAAAAAAAA"), ("limit", "10")]);
        let table = TableName::read("logs.cloudtrail").unwrap();
        let bound = hunt().bind(Binding::Athena, &table, &parameters);
        assert_eq!(
            bound.text,
            "SELECT COUNT(*) AS n, who FROM \"logs\".\"cloudtrail\"\nWHERE dt BETWEEN ? AND ? AND x = 'AWS::S3 :not' \
             AND k IN (?, ?) \nGROUP BY 2 HAVING COUNT(*) >= ?\nORDER BY n DESC NULLS LAST, who NULLS LAST\nLIMIT ?"
        );
        let literals: Vec<String> = bound.values.iter().map(BoundValue::literal).collect();
        assert_eq!(
            literals,
            ["'2026/01/31'", "'2026/02/01'", "'AKIAAAAAAAAAAAAAAAAA'", "'ASIAAAAAAAAAAAAAAAAA'", "3", "11"]
        );
        let local = hunt().bind(Binding::Local, &TableName::read("t").unwrap(), &parameters);
        assert!(local.text.contains("k IN ($3, $4)") && local.text.ends_with("LIMIT $6"), "{}", local.text);
        assert_eq!(local.values, bound.values);
    }

    #[test]
    fn logs_insights_gets_quoted_values() {
        let text =
            hunt().insights_text(&parameters(&[("keys", "ASIAAAAAAAAAAAAAAAAA,AKIAAAAAAAAAAAAAAAAA")]));
        assert_eq!(
            text,
            "filter x > 3 | filter k in [\"AKIAAAAAAAAAAAAAAAAA\",\"ASIAAAAAAAAAAAAAAAAA\"] | stats count(*) as n by who"
        );
        assert_eq!(hunt().insights_text(&parameters(&[])), "filter x > 3  | stats count(*) as n by who");
    }

    #[test]
    fn what_finishes_the_rows_of_logs_insights_is_bound_too() {
        let table = TableName::read("gathered").unwrap();
        let bound = hunt().bind_finish(Binding::Local, &table, &parameters(&[("limit", "10")])).unwrap();
        assert_eq!(
            bound.text,
            "SELECT n, who FROM \"gathered\" WHERE n >= $1\nORDER BY n DESC NULLS LAST, who NULLS LAST\nLIMIT $2"
        );
        assert_eq!(bound.values, [BoundValue::Integer(3), BoundValue::Integer(11)]);
    }

    #[test]
    fn a_table_is_letters_digits_and_underscores() {
        for bad in ["", "a.b.c", "a\"b", "a b", "a;b", "x' OR", ".x", "ä"] {
            assert!(TableName::read(bad).is_err(), "{bad}");
        }
        assert_eq!(TableName::read("cloudtrail_org").unwrap().sql(), "\"cloudtrail_org\"");
    }
}
