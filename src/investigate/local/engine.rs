//! The engine that is built in: a statement over one table, in bounded memory. It reads log files, and finishes what Logs
//! Insights gathered.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::config::Dialect;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{self, visit_expressions_mut};
use serde_json::{Number, Value};

use super::{distinct, functions};
use crate::investigate::backend::QueryError;
use crate::investigate::binding::{BoundSql, BoundValue};
use crate::investigate::hunt::Hunt;

/// The engine.
#[derive(Debug, Clone, Copy)]
pub(in crate::investigate) struct Engine {
    memory: usize,
}

/// Why the engine has no rows.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(in crate::investigate) struct EngineFailure(#[from] DataFusionError);

impl From<ArrowError> for EngineFailure {
    fn from(error: ArrowError) -> Self {
        Self(error.into())
    }
}

impl EngineFailure {
    /// The error of the hunt that was asked.
    pub(in crate::investigate) fn of(&self, hunt: &Hunt) -> QueryError {
        let message = match self.0.find_root() {
            DataFusionError::ResourcesExhausted(why) => {
                format!(
                    "it needs more memory than it may use; give it more (`--memory`), or a shorter window. {why}"
                )
            }
            _ => self.0.strip_backtrace(),
        };
        QueryError::Engine { hunt: hunt.id.clone(), message }
    }
}

impl Engine {
    /// One whose statements take at most so many bytes each, and fail rather than take more.
    pub(in crate::investigate) fn new(memory: usize) -> Self {
        Self { memory }
    }

    /// The rows of a statement over the table of this name.
    ///
    /// # Errors
    /// The engine refuses the statement, cannot read the table, or has not enough memory.
    pub(in crate::investigate) async fn rows(
        self,
        name: &str,
        table: Arc<dyn TableProvider>,
        sql: &BoundSql,
    ) -> Result<Vec<Vec<Value>>, EngineFailure> {
        // What does not fit into memory is not written to disk: logs stay where the person put them.
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_limit(self.memory, 1.0)
            .with_disk_manager_builder(disk)
            .build_arc()?;
        // One thread puts together what the readers found, so that no group is in memory twice.
        let config = SessionConfig::new().with_target_partitions(1);
        let context = SessionContext::new_with_config_rt(config, runtime);
        for function in functions::all() {
            context.register_udf(function);
        }
        context.register_udaf(distinct::function());
        context.register_table(name, table)?;
        let state = context.state();
        let mut statement = state.sql_to_statement(&sql.text, &Dialect::Generic)?;
        bind(&mut statement, &sql.values);
        let plan = state.statement_to_plan(statement).await?;
        let batches = context.execute_logical_plan(plan).await?.collect().await?;
        let mut rows = Vec::new();
        for batch in &batches {
            rows.extend(json_rows(batch)?);
        }
        Ok(rows)
    }
}

/// Puts the values in the place of their placeholders, in the syntax tree: they are never read as SQL. (The engine's own
/// parameters have no type before they are bound, which its functions on lists need.) And counts what is different with
/// [`distinct`].
fn bind(statement: &mut Statement, values: &[BoundValue]) {
    let Statement::Statement(query) = statement else { return };
    let _all_visited = visit_expressions_mut(query, |expression| {
        distinct::put_in(expression);
        if let ast::Expr::Value(place) = expression
            && let ast::Value::Placeholder(name) = &place.value
            && let Some(number) = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok())
            && let Some(value) = number.checked_sub(1).and_then(|index| values.get(index))
        {
            place.value = match value {
                BoundValue::Text(text) => ast::Value::SingleQuotedString(text.clone()),
                BoundValue::Integer(number) => ast::Value::Number(number.to_string(), false),
            };
        }
        ControlFlow::<()>::Continue(())
    });
}

/// The rows of a batch as JSON values.
fn json_rows(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, ArrowError> {
    let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
    for column in batch.columns() {
        let kind = column.data_type();
        let wanted = match kind {
            DataType::Boolean => DataType::Boolean,
            kind if kind.is_integer() => DataType::Int64,
            kind if kind.is_floating() => DataType::Float64,
            _ => DataType::Utf8,
        };
        let column = cast(column, &wanted)?;
        for (index, row) in rows.iter_mut().enumerate() {
            let value = if column.is_null(index) {
                Value::Null
            } else {
                match wanted {
                    DataType::Boolean => Value::Bool(column.as_boolean().value(index)),
                    DataType::Int64 => Value::Number(column.as_primitive::<Int64Type>().value(index).into()),
                    DataType::Float64 => {
                        // No number and infinity have no JSON: nothing is known.
                        Number::from_f64(column.as_primitive::<Float64Type>().value(index))
                            .map_or(Value::Null, Value::Number)
                    }
                    _ => Value::String(column.as_string::<i32>().value(index).to_owned()),
                }
            };
            row.push(value);
        }
    }
    Ok(rows)
}
