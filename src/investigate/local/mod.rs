//! Log files at hand: CloudTrail's files, or a folder of them, asked with the engine that is built in. Nothing is asked of AWS.

mod distinct;
mod fields;
mod functions;
mod json;
mod predicate;
mod reader;
mod seen;
mod source;
mod table;
mod tally;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::config::Dialect;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{self, visit_expressions_mut};
use serde_json::{Number, Value};

use self::source::LogFiles;
use self::table::RecordTable;
use self::tally::Tally;
use super::backend::{BackEnd, QueryBackend, QueryError};
use super::binding::{Binding, BoundSql, BoundValue, TableName};
use super::hunt::Hunt;
use super::parameters::Parameters;
use super::rows::{Answer, Execution};

/// The name of the table in the engine.
const TABLE: &str = "cloudtrail";

/// Asks log files at hand.
#[derive(Debug)]
pub struct LocalLogs {
    files: Arc<LogFiles>,
    memory: usize,
    readers: usize,
}

impl LocalLogs {
    /// The memory in bytes that a query may use if nothing else is said: 768 MiB.
    pub const MEMORY: usize = 768 << 20;

    /// Looks for log files below paths. `memory` is the most bytes that a query may use; it fails rather than use more.
    ///
    /// # Errors
    /// A path cannot be read at all.
    pub fn open(paths: &[PathBuf], memory: usize) -> Result<Self, QueryError> {
        let files = Arc::new(LogFiles::find(paths)?);
        let readers = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self { files, memory, readers })
    }

    /// How many files may hold records.
    #[must_use]
    pub fn file_count(&self) -> usize {
        self.files.files.len()
    }

    async fn collect(&self, sql: &BoundSql, tally: &Arc<Tally>) -> Result<Vec<RecordBatch>, DataFusionError> {
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
        let table = RecordTable {
            files: Arc::clone(&self.files),
            tally: Arc::clone(tally),
            schema: fields::schema(),
            readers: self.readers,
        };
        context.register_table(TABLE, Arc::new(table))?;
        let state = context.state();
        let mut statement = state.sql_to_statement(&sql.text, &Dialect::Generic)?;
        bind(&mut statement, &sql.values);
        let plan = state.statement_to_plan(statement).await?;
        context.execute_logical_plan(plan).await?.collect().await
    }
}

impl QueryBackend for LocalLogs {
    fn back_end(&self) -> BackEnd {
        BackEnd::Local
    }

    async fn run(&self, hunt: &Hunt, parameters: &Parameters) -> Result<Answer, QueryError> {
        let table = TableName::read(TABLE)
            .map_err(|message| QueryError::Engine { hunt: hunt.id.clone(), message })?;
        let sql = hunt.bind(Binding::Local, &table, parameters);
        let tally = Arc::new(Tally::default());
        let failed = |error: DataFusionError| QueryError::Engine {
            hunt: hunt.id.clone(),
            message: match error.find_root() {
                DataFusionError::ResourcesExhausted(why) => {
                    format!(
                        "it needs more memory than it may use; give it more (`--memory`), or a shorter window. {why}"
                    )
                }
                _ => error.strip_backtrace(),
            },
        };
        let batches = self.collect(&sql, &tally).await.map_err(failed)?;
        let mut rows = Vec::new();
        for batch in &batches {
            rows.extend(json_rows(batch).map_err(|error| failed(error.into()))?);
        }
        let execution = Execution {
            text: sql.text,
            scanned_bytes: Some(tally.bytes(&self.files)),
            scanned_records: Some(tally.records()),
            notes: tally.notes(&self.files),
        };
        Answer::new(hunt, parameters, BackEnd::Local, rows, execution)
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
fn json_rows(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, datafusion::arrow::error::ArrowError> {
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
