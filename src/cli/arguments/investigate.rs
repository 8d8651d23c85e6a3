//! `exfilguard investigate`, as people type it.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::{AwsBackEndArguments, account_id, region};
use crate::investigate::BackEnd;
use crate::report::Destination;

/// `exfilguard investigate`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("start").required(true).multiple(true).args(["finding", "bucket", "principal", "access_key"]),
    after_help = "Examples:\n  \
    exfilguard investigate --logs examples/incident --finding examples/incident/finding.json\n  \
    exfilguard investigate --logs logs --finding finding.json --macie-findings macie.json --assessment audit.json \\\n    \
    --output html=incident.html --output json=incident.json\n  \
    exfilguard investigate --logs logs --access-key AKIAIOSFODNN7EXAMPLE --from 2026-01-14 --to 2026-01-16\n  \
    exfilguard investigate --backend athena --finding 60baffd3f9042e38640f2300d5c5a631 --regions eu-west-1\n\n\
    With --logs and a finding that is a file nothing is asked of AWS. It only reads; what to do is advice. The one\n\
    call that changes anything is that of --start-classification-job, after showing its cost and asking."
)]
pub struct InvestigateArguments {
    /// A GuardDuty finding: its id, or a file (as EventBridge carries it, or as GetFindings answers; attack sequences, too)
    #[arg(long, value_name = "ID|FILE", help_heading = "Where it begins")]
    pub finding: Option<String>,
    /// A bucket; repeatable
    #[arg(long, value_name = "NAME", help_heading = "Where it begins")]
    pub bucket: Vec<String>,
    /// The ARN of a role or user; repeatable
    #[arg(long, value_name = "ARN", help_heading = "Where it begins")]
    pub principal: Vec<String>,
    /// The id of an access key; repeatable
    #[arg(long, value_name = "ID", help_heading = "Where it begins")]
    pub access_key: Vec<String>,
    /// The beginning of the window [default: a day before the first event of the finding]
    #[arg(long, value_name = "TIME", value_parser = moment, help_heading = "Where it begins")]
    pub from: Option<Timestamp>,
    /// The end of the window [default: a day after the last event of the finding]
    #[arg(long, value_name = "TIME", value_parser = moment, help_heading = "Where it begins")]
    pub to: Option<Timestamp>,
    /// CloudTrail's files, or a folder of them; repeatable
    #[arg(long, value_name = "PATH", help_heading = "Evidence")]
    pub logs: Vec<PathBuf>,
    /// Who is asked for CloudTrail's records [default: local with --logs]
    #[arg(long, value_enum, value_name = "BACK END", help_heading = "Evidence")]
    pub backend: Option<BackEnd>,
    /// What Macie found, as its GetFindings answers (`aws macie2 get-findings`); repeatable
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    pub macie_findings: Vec<PathBuf>,
    /// An assessment (`exfilguard audit --output json=FILE`): what was logged, and which checks fail
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot", help_heading = "Evidence")]
    pub assessment: Option<PathBuf>,
    /// The same from a saved snapshot, which is judged first
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    pub snapshot: Option<PathBuf>,
    /// With --snapshot: the organization's policy file
    #[arg(long, value_name = "FILE", requires = "snapshot", help_heading = "Evidence")]
    pub policy: Option<PathBuf>,
    /// Accounts of the organization, besides those of the audit and those whose trails recorded something
    #[arg(long, value_name = "ID,…", value_delimiter = ',', value_parser = account_id, help_heading = "Evidence")]
    pub organization_accounts: Vec<String>,
    /// Ask GuardDuty and Macie for their findings, also if the finding is a file
    #[arg(long, help_heading = "AWS")]
    pub ask_aws: bool,
    /// The regions whose GuardDuty and Macie are asked [default: that of your AWS configuration]
    #[arg(long, value_name = "R,…", value_delimiter = ',', value_parser = region, help_heading = "AWS")]
    pub regions: Vec<String>,
    /// Let Macie classify a sample of the buckets' objects: costs money, shows how much, and asks first
    #[arg(long, help_heading = "AWS")]
    pub start_classification_job: bool,
    /// Of how many percent of the objects
    #[arg(long, value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=100), help_heading = "AWS")]
    pub sampling_percentage: u8,
    /// What Macie takes for a gigabyte, in US dollars; the default is the list price of the first terabytes
    #[arg(long, value_name = "USD", default_value_t = 1.0, value_parser = price, help_heading = "AWS")]
    pub price_per_gigabyte: f64,
    /// Do not ask before the classification job is started
    #[arg(long, requires = "start_classification_job", help_heading = "AWS")]
    pub yes: bool,
    /// Who investigates; stands in the report
    #[arg(long, value_name = "NAME", help_heading = "Reports")]
    pub analyst: Option<String>,
    /// How the report is to be handled; stands in the report
    #[arg(long, value_name = "TEXT", default_value = "Confidential: incident", help_heading = "Reports")]
    pub classification: String,
    /// Write the report: json, markdown or html, to standard output or to =PATH; repeatable [default: markdown]
    #[arg(long, value_name = "FORMAT[=PATH]", help_heading = "Reports")]
    pub output: Vec<Destination>,
    /// The back ends at AWS.
    #[command(flatten)]
    pub aws: AwsBackEndArguments,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    use crate::investigate::{ParameterType, ParameterValue};
    match ParameterType::Timestamp.read(text)? {
        ParameterValue::Timestamp(moment) => Ok(moment),
        _ => Err("a moment, such as 2026-01-15T03:00:00Z or 2026-01-15".to_owned()),
    }
}

fn price(text: &str) -> Result<f64, String> {
    let price = text.parse().ok().filter(|price: &f64| price.is_finite() && *price >= 0.0);
    price.ok_or_else(|| "a price in US dollars, for example 1.00".to_owned())
}
