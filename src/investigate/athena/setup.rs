//! Making the table over a trail's files: the only thing of the investigation that changes anything at AWS, when a person
//! says so.

use std::time::Duration;

use super::calls::Statement;
use super::execution::{Executor, succeeded};
use super::trail_table::TrailTable;
use super::work_group;
use crate::audit::Stop;
use crate::collect::connection::Access;
use crate::investigate::backend::QueryError;
use crate::investigate::names::{OutputLocation, WorkGroupName};
use crate::investigate::waiting::Tell;

/// How the catalogue stands to the table that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The table is there as it is wanted.
    Made,
    /// A table of the name is there, and differs so. It is never changed or replaced.
    Other(Vec<String>),
    /// It is not there; these statements make it.
    Missing(Vec<String>),
}

/// Makes the table in a work group.
pub struct Setup<'a> {
    executor: Executor,
    table: &'a TrailTable,
    work_group: &'a WorkGroupName,
    output_location: Option<&'a OutputLocation>,
}

impl<'a> Setup<'a> {
    /// Looks at the work group.
    ///
    /// # Errors
    /// It cannot be read, is disabled, or has no place for results.
    pub async fn open(
        access: &Access,
        region: &str,
        table: &'a TrailTable,
        work_group_name: &'a WorkGroupName,
        output_location: Option<&'a OutputLocation>,
        (time_out, stop, tell): (Duration, Stop, Tell),
    ) -> Result<Self, QueryError> {
        let executor = Executor::new(access, region, time_out, stop, tell);
        work_group(&executor.calls, work_group_name, output_location).await?;
        Ok(Self { executor, table, work_group: work_group_name, output_location })
    }

    /// Whether the table is there, and what makes it if not.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub async fn standing(&self) -> Result<Standing, QueryError> {
        let (database, table) = (&self.table.database, &self.table.table);
        if let Some(there) = self.executor.calls.table(database, table).await? {
            let differences = there.differences(self.table);
            return Ok(if differences.is_empty() { Standing::Made } else { Standing::Other(differences) });
        }
        let mut statements = Vec::new();
        if !self.executor.calls.has_database(database).await? {
            statements.push(format!("CREATE DATABASE IF NOT EXISTS `{database}`"));
        }
        statements.push(self.table.to_string());
        Ok(Standing::Missing(statements))
    }

    /// Executes the statements, one after the other.
    ///
    /// # Errors
    /// One of them failed; those before it took effect.
    pub async fn make(&self, statements: &[String]) -> Result<(), QueryError> {
        for text in statements {
            let statement = Statement {
                text,
                values: Vec::new(),
                output_location: self.output_location,
                database: &self.table.database,
                work_group: self.work_group,
            };
            let (_, execution) = self.executor.execute("hunt setup", &statement).await?;
            succeeded(execution.status)?;
        }
        Ok(())
    }
}
