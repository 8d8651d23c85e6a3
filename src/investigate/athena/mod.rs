//! Athena over the trail's bucket: a hunt's SQL with its values bound, one query for all accounts.
//!
//! A table whose accounts are not listed (`injected` projection) takes a list of accounts in one query, too: Athena needs
//! "only static equality conditions", and its own example is an `IN` list
//! (<https://docs.aws.amazon.com/athena/latest/ug/partition-projection-dynamic-id-partitioning.html>). So counts of
//! distinct keys, baselines and the like are computed by Athena over all accounts, and nothing has to be merged.

mod calls;
mod execution;
pub mod setup;
mod statement;
pub mod trail_table;

use std::time::Duration;

use aws_sdk_athena::types::WorkGroup;
use jiff::Timestamp;
use serde_json::Value;

use self::calls::{Calls, ResultTable, Statement};
use self::execution::{Executor, succeeded};
use self::trail_table::{CataloguedTable, PARTITION_COLUMNS};
use super::backend::{BackEnd, QueryBackend, QueryError};
use super::binding::{Binding, TableName};
use super::hunt::Hunt;
use super::names::{CatalogName, Day, OutputLocation, WorkGroupName};
use super::parameters::{ParameterValue, Parameters};
use super::price::{PricePerTerabyte, readable};
use super::rows::{Answer, Execution, Note, NoteKind};
use super::waiting::Tell;
use crate::audit::Stop;
use crate::collect::connection::Access;

/// The longest statement that Athena takes, in bytes.
///
/// <https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>
const LONGEST_STATEMENT: usize = 262_144;

/// What a person says about Athena.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The work group, whose limit on scanned bytes bounds what a query may cost.
    pub work_group: WorkGroupName,
    /// The database of the table.
    pub database: CatalogName,
    /// The table over the trail's files.
    pub table: CatalogName,
    /// Where results go, if the work group does not say so.
    pub output_location: Option<OutputLocation>,
    /// Whether queries may scan as much as they like if the work group has no limit.
    pub no_scan_limit: bool,
    /// The price of what is scanned.
    pub price: PricePerTerabyte,
    /// How long a query may take.
    pub time_out: Duration,
}

/// Athena, with a work group and a table that were looked at.
pub struct Athena {
    executor: Executor,
    settings: Settings,
    limit: Option<u64>,
    table: CataloguedTable,
}

impl Athena {
    /// Looks at the work group and the table; asks nothing that costs.
    ///
    /// # Errors
    /// They cannot be read, the work group is disabled or has no limit on scanned bytes, results have no place to go, or
    /// the table has other partitions than [`PARTITION_COLUMNS`].
    pub async fn open(
        access: &Access,
        region: &str,
        settings: Settings,
        stop: Stop,
        tell: Tell,
    ) -> Result<Self, QueryError> {
        let executor = Executor::new(access, region, settings.time_out, stop, tell);
        let group =
            work_group(&executor.calls, &settings.work_group, settings.output_location.as_ref()).await?;
        let limit = scan_limit(&group, &settings)?;
        let (database, name) = (&settings.database, &settings.table);
        let table = executor.calls.table(database, name).await?.ok_or_else(|| {
            refused(
                format!("there is no table `{database}.{name}` in {region}"),
                "make it with `exfilguard hunt setup`, or name another one with --database and --table",
            )
        })?;
        let partitions: Vec<&str> = table.partitions().collect();
        if let Some(missing) = PARTITION_COLUMNS.iter().find(|name| !partitions.contains(name)) {
            return Err(refused(
                format!(
                    "the table `{database}.{name}` has no partitions by `{missing}`: each query would read all files"
                ),
                "make one that has them with `exfilguard hunt setup`",
            ));
        }
        let price = settings.price;
        let most = match limit {
            Some(bytes) => format!("at most {} ({} at {price})", readable(bytes), price.of(bytes)),
            None => format!("as much as it likes: there is no limit (at {price})"),
        };
        executor.tell(&format!("a query in the work group `{}` may scan {most}", settings.work_group));
        Ok(Self { executor, settings, limit, table })
    }

    /// The most bytes that a query may scan; none: there is no limit.
    #[must_use]
    pub fn scan_limit(&self) -> Option<u64> {
        self.limit
    }

    /// What cannot be in the answer because the table does not reach it, and what the person must name.
    fn coverage(&self, hunt: &Hunt, parameters: &Parameters) -> Result<(String, Vec<Note>), QueryError> {
        let accounts = texts(parameters, "accounts");
        if self.table.needs_accounts() && accounts.is_none() {
            return Err(refused(
                format!(
                    "the table `{}` does not list its accounts, so that `{}` has to name them",
                    self.settings.table, hunt.id
                ),
                "name them with `--accounts 111122223333,…`, or let `--assessment FILE` name them",
            ));
        }
        let mut notes = Vec::new();
        let mut parts = vec![count(days(parameters), "day")];
        for (column, asked) in [("account", accounts), ("region", texts(parameters, "regions"))] {
            let listed = self.table.listed(column);
            if let (Some(asked), Some(listed)) = (asked, &listed) {
                let missing: Vec<String> =
                    asked.iter().filter(|one| !listed.contains(&one.as_str())).cloned().collect();
                if !missing.is_empty() {
                    notes.push(Note {
                        kind: NoteKind::SourceUnread,
                        count: missing.len() as u64,
                        message: format!(
                            "the table does not list each {column} that was asked for: of these nothing was read"
                        ),
                        examples: missing,
                    });
                }
            }
            if let Some(number) = asked.map(<[_]>::len).or(listed.map(|all| all.len())) {
                parts.push(count(number as u64, column));
            }
        }
        notes.extend(self.before_the_table(parameters));
        Ok((format!("`{}` reads the files of {}", hunt.id, parts.join(" × ")), notes))
    }

    /// A note if the window begins before the first day that the table knows.
    fn before_the_table(&self, parameters: &Parameters) -> Option<Note> {
        let range = self.table.properties.get("projection.dt.range")?;
        let first = range.split(',').next()?.trim();
        // A table that begins at `NOW-90DAYS` or the like says no day.
        let first: Day = first.parse().ok()?;
        let asked: Day = parameters.earliest().strftime("%Y-%m-%d").to_string().parse().ok()?;
        (asked < first).then(|| Note {
            kind: NoteKind::SourceUnread,
            count: 1,
            message: format!("the table begins on {first}: of the days before nothing was read"),
            examples: Vec::new(),
        })
    }
}

/// A work group in which queries can be asked.
async fn work_group(
    calls: &Calls,
    name: &WorkGroupName,
    output_location: Option<&OutputLocation>,
) -> Result<WorkGroup, QueryError> {
    const OTHER: &str = "name another one with --work-group";
    let group = calls.work_group(name).await?;
    let group = group.ok_or_else(|| refused(format!("there is no work group `{name}`"), OTHER))?;
    if group.state.as_ref().is_some_and(|state| state.as_str() != "ENABLED") {
        return Err(refused(format!("the work group `{name}` is disabled"), OTHER));
    }
    if !has_place_for_results(&group) && output_location.is_none() {
        return Err(refused(
            format!("the work group `{name}` does not say where results go"),
            "say it with --output-location s3://bucket/prefix/",
        ));
    }
    Ok(group)
}

/// The most bytes that a query of the work group may scan.
fn scan_limit(group: &WorkGroup, settings: &Settings) -> Result<Option<u64>, QueryError> {
    let limit = group.configuration.as_ref().and_then(|c| c.bytes_scanned_cutoff_per_query);
    let limit = limit.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0);
    if limit.is_none() && !settings.no_scan_limit {
        return Err(refused(
            format!(
                "the work group `{}` has no limit on the bytes that a query may scan",
                settings.work_group
            ),
            "set one (`aws athena update-work-group --work-group NAME --configuration-updates \
             BytesScannedCutoffPerQuery=BYTES`), or say --no-scan-limit",
        ));
    }
    Ok(limit)
}

fn has_place_for_results(group: &WorkGroup) -> bool {
    let configuration = group.configuration.as_ref();
    let location = configuration.and_then(|c| c.result_configuration.as_ref()?.output_location.as_deref());
    let managed = configuration.and_then(|c| c.managed_query_results_configuration.as_ref());
    location.is_some_and(|location| !location.is_empty()) || managed.is_some_and(|managed| managed.enabled)
}

impl QueryBackend for Athena {
    fn back_end(&self) -> BackEnd {
        BackEnd::Athena
    }

    /// The table may not list them.
    fn needs_accounts(&self) -> bool {
        self.table.needs_accounts()
    }

    async fn run(&self, hunt: &Hunt, parameters: &Parameters) -> Result<Answer, QueryError> {
        let (reads, mut notes) = self.coverage(hunt, parameters)?;
        self.executor.tell(&reads);
        let name = TableName::read(&format!("{}.{}", self.settings.database, self.settings.table));
        let name = name.map_err(|why| refused(why, "name another one with --database and --table"))?;
        let (text, values) = statement::bind_what_can_be(&hunt.bind(Binding::Athena, &name, parameters));
        if text.len() > LONGEST_STATEMENT {
            return Err(QueryError::Unsupported {
                hunt: hunt.id.clone(),
                back_end: BackEnd::Athena,
                why: format!(
                    "with these values it is longer than the {LONGEST_STATEMENT} bytes that Athena takes"
                ),
            });
        }
        let statement = Statement {
            text: &text,
            values,
            output_location: self.settings.output_location.as_ref(),
            database: &self.settings.database,
            work_group: &self.settings.work_group,
        };
        let (id, execution) = self.executor.execute(&hunt.id, &statement).await?;
        let scanned = execution.statistics.and_then(|statistics| statistics.data_scanned_in_bytes);
        let scanned_bytes = scanned.and_then(|bytes| u64::try_from(bytes).ok());
        let cost = scanned_bytes
            .map(|bytes| format!("{} scanned, {}", readable(bytes), self.settings.price.of(bytes)));
        self.executor.tell(&format!(
            "`{}`: {}",
            hunt.id,
            cost.as_deref().unwrap_or("Athena does not say how much it scanned")
        ));
        succeeded(execution.status)?;
        let rows = in_order(hunt, self.executor.calls.results(&id).await?)?;
        notes.push(Note {
            kind: NoteKind::Remark,
            count: 1,
            message: format!("the execution of the query in Athena is {id}"),
            examples: Vec::new(),
        });
        let execution = Execution { text, scanned_bytes, scanned_records: None, notes };
        Answer::new(hunt, parameters, BackEnd::Athena, rows, execution)
    }
}

/// The rows' values in the order of the hunt's columns.
fn in_order(hunt: &Hunt, table: ResultTable) -> Result<Vec<Vec<Value>>, QueryError> {
    let place = |name: &str| table.columns.iter().position(|column| column.eq_ignore_ascii_case(name));
    let places = hunt.columns.iter().map(|column| {
        place(&column.name).ok_or_else(|| QueryError::WrongAnswer {
            hunt: hunt.id.clone(),
            back_end: BackEnd::Athena,
            message: format!("the column `{}` is missing among `{}`", column.name, table.columns.join(", ")),
        })
    });
    let places: Vec<usize> = places.collect::<Result<_, _>>()?;
    let pick = |row: Vec<Value>| {
        places.iter().map(|&place| row.get(place).cloned().unwrap_or(Value::Null)).collect()
    };
    Ok(table.rows.into_iter().map(pick).collect())
}

fn texts<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p [String]> {
    match parameters.get(name) {
        Some(ParameterValue::Texts(texts)) => Some(texts),
        _ => None,
    }
}

/// How many days' folders are read: up to that of the day after the window, where late files are.
fn days(parameters: &Parameters) -> u64 {
    const DAY: i64 = 86_400;
    let (from, to) = (parameters.earliest(), parameters.window().1);
    let day = |moment: Timestamp| moment.as_second().div_euclid(DAY);
    u64::try_from(day(to) - day(from) + 2).unwrap_or(1)
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn refused(why: impl Into<String>, next: &str) -> QueryError {
    QueryError::Refused { back_end: BackEnd::Athena, why: why.into(), next: next.to_owned() }
}
