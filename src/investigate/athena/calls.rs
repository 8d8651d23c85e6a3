//! The calls to Athena: nothing is decided here.

use aws_sdk_athena::types::{
    QueryExecution, QueryExecutionContext, ResultConfiguration, TableMetadata, WorkGroup,
};
use serde_json::Value;

use super::trail_table::CataloguedTable;
use crate::collect::connection::Access;
use crate::collect::failure::Failure;
use crate::investigate::names::{CatalogName, OutputLocation, WorkGroupName};

/// The catalogue that Athena has from the start: Glue's of the caller's account.
const CATALOGUE: &str = "AwsDataCatalog";

/// A statement to execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The SQL.
    pub text: &'a str,
    /// The values of its `?`, as SQL literals.
    pub values: Vec<String>,
    /// Where the results go, unless the work group says so.
    pub output_location: Option<&'a OutputLocation>,
    /// The database in which names are looked up.
    pub database: &'a CatalogName,
    /// The work group.
    pub work_group: &'a WorkGroupName,
}

/// The rows of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultTable {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The values as texts, or null.
    pub rows: Vec<Vec<Value>>,
}

/// Athena in one region, with one account's credentials.
#[derive(Debug, Clone)]
pub struct Calls {
    access: Access,
    region: String,
}

impl Calls {
    /// Athena in a region.
    #[must_use]
    pub fn new(access: &Access, region: &str) -> Self {
        Self { access: access.at(region), region: region.to_owned() }
    }

    /// A work group's settings.
    pub async fn work_group(&self, name: &WorkGroupName) -> Result<Option<WorkGroup>, Failure> {
        let call = self.client().get_work_group().work_group(name.as_str()).send();
        Ok(self.access.call("athena:GetWorkGroup", call).await?.work_group)
    }

    /// A table of the catalogue; none if there is no such table or database.
    pub async fn table(
        &self,
        database: &CatalogName,
        table: &CatalogName,
    ) -> Result<Option<CataloguedTable>, Failure> {
        let request = self.client().get_table_metadata().catalog_name(CATALOGUE);
        let call = request.database_name(database.as_str()).table_name(table.as_str()).send();
        match self.access.call("athena:GetTableMetadata", call).await {
            Err(failure) if is_no_entity(&failure) => Ok(None),
            answer => Ok(answer?.table_metadata.map(catalogued)),
        }
    }

    /// Whether there is a database of the name.
    pub async fn has_database(&self, database: &CatalogName) -> Result<bool, Failure> {
        let request = self.client().get_database().catalog_name(CATALOGUE);
        let call = request.database_name(database.as_str()).send();
        match self.access.call("athena:GetDatabase", call).await {
            Err(failure) if is_no_entity(&failure) => Ok(false),
            answer => Ok(answer?.database.is_some()),
        }
    }

    /// Starts a query and gives its id. A repetition of the call, whose answer was lost, starts no second query: the SDK
    /// sends the same token.
    pub async fn start(&self, statement: &Statement<'_>) -> Result<String, Failure> {
        let context =
            QueryExecutionContext::builder().catalog(CATALOGUE).database(statement.database.as_str());
        let results = statement
            .output_location
            .map(|location| ResultConfiguration::builder().output_location(location.as_str()).build());
        let values = Some(statement.values.clone()).filter(|values| !values.is_empty());
        let request = self.client().start_query_execution().query_string(statement.text);
        let request =
            request.work_group(statement.work_group.as_str()).query_execution_context(context.build());
        let call = request.set_result_configuration(results).set_execution_parameters(values).send();
        let answer = self.access.call("athena:StartQueryExecution", call).await?;
        Ok(answer.query_execution_id.unwrap_or_default())
    }

    /// How a query stands.
    pub async fn execution(&self, id: &str) -> Result<Option<QueryExecution>, Failure> {
        let call = self.client().get_query_execution().query_execution_id(id).send();
        Ok(self.access.call("athena:GetQueryExecution", call).await?.query_execution)
    }

    /// Cancels a query; nothing happens to one that has ended.
    pub async fn stop(&self, id: &str) -> Result<(), Failure> {
        let call = self.client().stop_query_execution().query_execution_id(id).send();
        self.access.call("athena:StopQueryExecution", call).await.map(|_| ())
    }

    /// All rows of a query that succeeded. The first row of a SELECT's first page are the columns' names.
    pub async fn results(&self, id: &str) -> Result<ResultTable, Failure> {
        let call = self.client().get_query_results().query_execution_id(id);
        let pages = call.into_paginator().stop_on_duplicate_token(false).send();
        let mut table = ResultTable::default();
        let pages = self.access.pages("athena:GetQueryResults", pages).await?;
        for (number, page) in pages.into_iter().enumerate() {
            let Some(set) = page.result_set else { continue };
            if number == 0 {
                let columns = set.result_set_metadata.and_then(|metadata| metadata.column_info);
                table.columns = columns.unwrap_or_default().into_iter().map(|column| column.name).collect();
            }
            let mut rows = set.rows.unwrap_or_default().into_iter().map(values);
            if number == 0 {
                let header: Vec<Value> = table.columns.iter().cloned().map(Value::String).collect();
                table.rows.extend(rows.next().filter(|first| *first != header));
            }
            table.rows.extend(rows);
        }
        Ok(table)
    }

    fn client(&self) -> aws_sdk_athena::Client {
        self.access.athena(&self.region)
    }
}

/// Whether Glue says that there is no such table or database: its error is within the message of Athena's.
fn is_no_entity(failure: &Failure) -> bool {
    failure.code() == "MetadataException" && failure.message().contains("EntityNotFound")
}

/// A value that is null has no text; one that is empty has the empty text.
fn values(row: aws_sdk_athena::types::Row) -> Vec<Value> {
    let data = row.data.unwrap_or_default().into_iter();
    data.map(|datum| datum.var_char_value.map_or(Value::Null, Value::String)).collect()
}

fn catalogued(table: TableMetadata) -> CataloguedTable {
    let partitions = table.partition_keys.unwrap_or_default();
    let partition_columns = partitions.len();
    let columns = table.columns.unwrap_or_default().into_iter().chain(partitions);
    CataloguedTable {
        columns: columns.map(|column| (column.name, column.r#type.unwrap_or_default())).collect(),
        partition_columns,
        properties: table.parameters.unwrap_or_default().into_iter().collect(),
    }
}
