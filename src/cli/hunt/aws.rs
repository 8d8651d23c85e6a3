//! The back ends at AWS, opened as the command line says.

use std::num::NonZeroU32;
use std::sync::Arc;

use miette::miette;

use super::failed;
use crate::audit::Stop;
use crate::cli::arguments::{AthenaArguments, AwsBackEndArguments};
use crate::cli::console::Console;
use crate::cli::{Failure, live};
use crate::collect::{Access, Connection, ConnectionOptions, Wanted};
use crate::investigate::athena::{Athena, Settings};
use crate::investigate::logs_insights::{LogsInsights, Settings as InsightsSettings};
use crate::investigate::waiting::Tell;

/// Calls under way at once: a query is waited for by one call after the other.
const CALLS_AT_ONCE: usize = 4;

/// The caller's access to AWS and the region that is asked.
///
/// # Errors
/// No region is named, neither here nor in the AWS configuration.
pub async fn access(arguments: &AthenaArguments) -> Result<(Access, String), Failure> {
    let options = ConnectionOptions {
        endpoint_url: arguments.endpoint_url.clone(),
        max_concurrency: CALLS_AT_ONCE,
        max_calls_per_second: None::<NonZeroU32>,
        call_timeout: ConnectionOptions::CALL_TIMEOUT,
        wanted: Wanted::All,
    };
    let connection: Arc<Connection> = Connection::open(&options).await.map_err(live::misled)?;
    let region = arguments.region.clone().or_else(|| connection.configured_region());
    let region = region.ok_or_else(|| {
        Failure::usage(miette!(
            help = "name it with --region, AWS_REGION or in ~/.aws/config",
            "it is not known in which region the table or the log group is"
        ))
    })?;
    Ok((connection.caller(), region))
}

/// Athena, its work group and table looked at.
///
/// # Errors
/// It cannot be asked: see [`Athena::open`].
pub async fn athena(
    arguments: &AwsBackEndArguments,
    stop: Stop,
    console: &Console,
) -> Result<Athena, Failure> {
    let (access, region) = access(&arguments.athena).await?;
    let asked = arguments.athena.clone();
    let settings = Settings {
        work_group: asked.work_group,
        database: asked.database,
        table: asked.table,
        output_location: asked.output_location,
        no_scan_limit: arguments.no_scan_limit,
        price: arguments.price_per_terabyte,
        time_out: asked.query_time_out,
    };
    Athena::open(&access, &region, settings, stop, teller(console)).await.map_err(failed)
}

/// Logs Insights, its log groups looked at; what is made of its rows may take so many bytes of memory.
///
/// # Errors
/// It cannot be asked: see [`LogsInsights::open`].
pub async fn logs_insights(
    arguments: &AwsBackEndArguments,
    memory: usize,
    stop: Stop,
    console: &Console,
) -> Result<LogsInsights, Failure> {
    if arguments.log_group.is_empty() {
        return Err(Failure::usage(miette!(
            help = "it is the one in `CloudWatchLogsLogGroupArn` of `aws cloudtrail describe-trails`",
            "no log group is named: say --log-group NAME"
        )));
    }
    let (access, region) = access(&arguments.athena).await?;
    let settings = InsightsSettings {
        groups: arguments.log_group.clone(),
        time_out: arguments.athena.query_time_out,
        memory,
    };
    LogsInsights::open(&access, &region, settings, stop, teller(console)).await.map_err(failed)
}

/// Says on standard error what is under way.
pub fn teller(console: &Console) -> Tell {
    let console = console.clone();
    Box::new(move |text| console.note(text))
}

/// Whether an error code of AWS says that it does not know the caller.
pub fn is_about_credentials(code: &str) -> bool {
    const CODES: [&str; 5] = [
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ];
    CODES.contains(&code)
}
