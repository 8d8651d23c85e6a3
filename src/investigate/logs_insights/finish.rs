//! Makes the hunt's rows of those that Logs Insights gathered, with SQL and the engine that is built in: what compares rows
//! with one another, which the language cannot.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use serde_json::Value;

use super::calls::Row;
use crate::investigate::backend::{BackEnd, QueryError};
use crate::investigate::binding::{Binding, BoundSql, TableName};
use crate::investigate::hunt::{ColumnType, Hunt};
use crate::investigate::local::{Engine, EngineFailure};
use crate::investigate::parameters::Parameters;

/// The name of the table with the gathered rows.
pub const TABLE: &str = "gathered";

/// The hunt's SQL over the gathered rows, if it has one.
///
/// # Errors
/// The table's name is none: a defect of the program.
pub fn bind(hunt: &Hunt, parameters: &Parameters) -> Result<Option<BoundSql>, QueryError> {
    let table =
        TableName::read(TABLE).map_err(|message| QueryError::Engine { hunt: hunt.id.clone(), message })?;
    Ok(hunt.bind_finish(Binding::Local, &table, parameters))
}

/// The hunt's rows, made of all gathered ones.
///
/// # Errors
/// A gathered value is not of its column's type, or the engine failed, for example for want of memory.
pub async fn rows(
    hunt: &Hunt,
    gathered: &[Row],
    sql: &BoundSql,
    memory: usize,
) -> Result<Vec<Vec<Value>>, QueryError> {
    let wrong =
        |message| QueryError::WrongAnswer { hunt: hunt.id.clone(), back_end: BackEnd::LogsInsights, message };
    let columns = hunt.logs_insights.gathered().map_err(wrong)?;
    let arrays = columns.iter().map(|(name, kind)| array(gathered, name, *kind));
    let arrays = arrays.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    let table = table(&columns, arrays).map_err(|error| EngineFailure::from(error).of(hunt))?;
    let rows = Engine::new(memory).rows(TABLE, Arc::new(table), sql);
    rows.await.map_err(|failure| failure.of(hunt))
}

fn table(columns: &[(String, ColumnType)], arrays: Vec<ArrayRef>) -> Result<MemTable, DataFusionError> {
    let fields = columns.iter().zip(&arrays);
    let fields = fields.map(|((name, _), array)| Field::new(name, array.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(DataFusionError::from)?;
    MemTable::try_new(schema, vec![vec![batch]])
}

/// The values of a field, row by row.
fn array(rows: &[Row], name: &str, kind: ColumnType) -> Result<ArrayRef, String> {
    let texts = rows.iter().map(|row| row.get(name));
    let converted = || {
        let convert = |text: Option<&String>| match text {
            None => Ok(Value::Null),
            Some(text) => kind.convert(Value::String(text.clone())).map_err(|why| format!("`{name}`: {why}")),
        };
        texts.clone().map(convert).collect::<Result<Vec<_>, _>>()
    };
    Ok(match kind {
        ColumnType::Integer => Arc::new(converted()?.iter().map(Value::as_i64).collect::<Int64Array>()),
        ColumnType::Number => Arc::new(converted()?.iter().map(Value::as_f64).collect::<Float64Array>()),
        ColumnType::Text | ColumnType::Timestamp | ColumnType::Boolean => {
            Arc::new(texts.collect::<StringArray>())
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;
    use crate::investigate::fragments::Fragments;

    const HUNT: &str = "
id: example
title: Example
question: What?
attack: []
parameters:
  - {name: least, type: integer, required: true, description: least}
columns:
  - {name: who, type: text, meaning: who}
  - {name: share, type: number, meaning: the share of all requests}
  - {name: bytes, type: integer, meaning: bytes}
order: [share desc]
athena: SELECT who, share, bytes FROM :table WHERE n >= :least
logs_insights:
  query: filter a = 1 | stats count(*) as n, sum(b) as bytes by who
  finish: |
    SELECT who, share, bytes
    FROM (SELECT who, n, CAST(n AS double) / SUM(n) OVER () AS share, CAST(bytes AS bigint) AS bytes FROM :table) AS shares
    WHERE n >= :least
";

    async fn finished(gathered: &[&[(&str, &str)]], memory: usize) -> Result<Vec<Vec<Value>>, QueryError> {
        let hunt = Hunt::parse("example.yaml", HUNT, &Fragments::default()).unwrap();
        let one = |name: &str, text: &str| (name.to_owned(), vec![text.to_owned()]);
        let given = [one("from", "2026-01-01"), one("to", "2026-01-02"), one("least", "2")].into();
        let parameters = Parameters::read(&hunt, &given).unwrap();
        let row = |fields: &&[(&str, &str)]| {
            fields.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        let gathered: Vec<Row> = gathered.iter().map(row).collect();
        let sql = bind(&hunt, &parameters).unwrap().unwrap();
        rows(&hunt, &gathered, &sql, memory).await
    }

    #[tokio::test]
    async fn rows_are_compared_with_one_another_and_what_is_missing_is_null() {
        let gathered: [&[(&str, &str)]; 3] = [
            &[("n", "2"), ("bytes", "1.048576E9"), ("who", "a")],
            &[("n", "1"), ("bytes", "1"), ("who", "b")],
            &[("n", "5"), ("bytes", "12.0")],
        ];
        let rows = finished(&gathered, 64 << 20).await.unwrap();
        assert_eq!(
            rows,
            [vec![json!(null), json!(0.625), json!(12)], vec![json!("a"), json!(0.25), json!(1_048_576_000)]]
        );
        assert!(finished(&[], 64 << 20).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_no_number_is_an_error_and_so_is_too_little_memory() {
        let wrong = finished(&[&[("n", "many")]], 64 << 20).await.unwrap_err();
        assert!(
            matches!(wrong, QueryError::WrongAnswer { .. }) && wrong.to_string().contains("`n`"),
            "{wrong}"
        );
        let scarce = finished(&[&[("n", "2")]], 1).await.unwrap_err();
        assert!(scarce.to_string().contains("`--memory`"), "{scarce}");
    }
}
