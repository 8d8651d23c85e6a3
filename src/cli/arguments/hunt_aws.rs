//! What `exfilguard hunt` and `exfilguard investigate` take about Athena and CloudWatch Logs Insights.

use std::time::Duration;

use clap::Args;

use super::{account_id, endpoint_url, region};
use crate::investigate::names::{
    BucketName, CatalogName, Day, KeyPrefix, LogGroupId, OrganizationId, OutputLocation, WorkGroupName,
};
use crate::investigate::price::PricePerTerabyte;

/// Where and how queries are asked at AWS.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "AWS")]
pub struct AwsBackEndArguments {
    /// How Athena is asked.
    #[command(flatten)]
    pub athena: AthenaArguments,
    /// With `athena`: ask although the work group has no limit on the bytes that a query may scan
    #[arg(long)]
    pub no_scan_limit: bool,
    /// With `athena`: what a terabyte that is scanned costs, in US dollars; the default is what most regions cost
    #[arg(long, value_name = "USD", default_value = "5")]
    pub price_per_terabyte: PricePerTerabyte,
    /// With `logs-insights`: a log group that a trail delivers to, or its ARN; repeatable
    #[arg(long, value_name = "NAME")]
    pub log_group: Vec<LogGroupId>,
}

/// How Athena is asked.
#[derive(Debug, Clone, Args)]
pub struct AthenaArguments {
    /// The region of the table or log group [default: that of your AWS configuration]
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub region: Option<String>,
    /// With `athena`: the work group; its limit on scanned bytes bounds what a query may cost
    #[arg(long, value_name = "NAME", default_value = "exfilguard")]
    pub work_group: WorkGroupName,
    /// With `athena`: the database of the table over the trail's files
    #[arg(long, value_name = "NAME", default_value = "exfilguard")]
    pub database: CatalogName,
    /// With `athena`: that table; `exfilguard hunt setup` makes it
    #[arg(long, value_name = "NAME", default_value = "cloudtrail")]
    pub table: CatalogName,
    /// With `athena`: where results go, if the work group does not say so
    #[arg(long, value_name = "S3-URL")]
    pub output_location: Option<OutputLocation>,
    /// How long a query may take, in seconds; then it is cancelled
    #[arg(long, value_name = "SECONDS", default_value = "1800", value_parser = seconds)]
    pub query_time_out: Duration,
    /// Send all calls to this URL, for emulators and private endpoints
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    pub endpoint_url: Option<String>,
}

/// `exfilguard hunt setup`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard hunt setup --print --bucket trail-logs --organization-id o-example12345 --regions eu-west-1,us-east-1\n  \
    exfilguard hunt setup --apply --bucket trail-logs --accounts 111122223333 --regions eu-west-1\n\n\
    Without --accounts, each hunt has to name the accounts that it asks about.")]
pub struct HuntSetupArguments {
    /// Print the statement that makes the table; no network at all
    #[arg(long, required_unless_present = "apply", conflicts_with = "apply")]
    pub print: bool,
    /// Make the table, after asking; one that is there is never changed
    #[arg(long)]
    pub apply: bool,
    /// The bucket that the trail delivers to
    #[arg(long, value_name = "NAME")]
    pub bucket: BucketName,
    /// The prefix that the trail was given
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<KeyPrefix>,
    /// The organization's id, if it is an organization's trail
    #[arg(long, value_name = "ID")]
    pub organization_id: Option<OrganizationId>,
    /// The accounts whose files are there, up to 1,000
    #[arg(long, value_name = "ID,…", value_delimiter = ',', value_parser = account_id)]
    pub accounts: Vec<String>,
    /// The regions whose files are there
    #[arg(long, value_name = "REGION,…", value_delimiter = ',', required = true, value_parser = region)]
    pub regions: Vec<String>,
    /// The first day that the table reaches back to
    #[arg(long, value_name = "DAY", default_value = "2020-01-01")]
    pub since: Day,
    /// With --apply: do not ask
    #[arg(long, requires = "apply")]
    pub yes: bool,
    /// How Athena is asked.
    #[command(flatten)]
    pub athena: AthenaArguments,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
    seconds.ok_or_else(|| format!("`{text}` is no number of seconds above 0"))
}
