//! Investigation: named questions to CloudTrail's records, asked of Athena, of CloudWatch Logs Insights or of log files at
//! hand, and the incident report that is made of the answers.
//!
//! A [`Hunt`] is a question in a file of `queries/`: its parameters, its columns, its SQL. [`Parameters`] are values of
//! closed alphabets that are bound to the SQL's placeholders, never spliced into it. A [`QueryBackend`] answers with an
//! [`Answer`]: rows of the hunt's columns in the hunt's order, whichever back end it is, and the [`QueryRecord`] that an
//! evidence list needs. What a back end could not read stands in the record's notes; it is never left unsaid.

pub mod athena;
pub mod backend;
pub mod binding;
pub mod findings;
pub mod fragments;
pub mod hunt;
pub mod incident;
pub mod insights_text;
pub mod local;
pub mod logs_insights;
pub mod names;
pub mod parameter_type;
pub mod parameters;
pub mod price;
pub mod repeat;
pub mod rows;
mod template;
pub mod waiting;

pub use backend::{BackEnd, QueryBackend, QueryError};
pub use binding::{Binding, BoundSql, BoundValue, TableName};
pub use hunt::{Column, ColumnType, Direction, Hunt, HuntError, Hunts, ParameterDefinition, Repeat, SortKey};
pub use local::LocalLogs;
pub use parameters::{ParameterError, ParameterType, ParameterValue, Parameters, STANDARD};
pub use rows::{Answer, Execution, Note, NoteKind, QueryRecord};
