//! How AWS is read, for every command that reads it.

use std::num::NonZeroU32;

use clap::Args;

use super::{account_id, organizational_unit, region, role_name};
use crate::collect::environment::endpoint_url;

/// How AWS is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Source")]
pub struct LiveArguments {
    /// Only these accounts
    #[arg(long, alias = "account", value_name = "ID,…", value_delimiter = ',', value_parser = account_id)]
    pub accounts: Vec<String>,
    /// Only accounts below these organizational units (or roots)
    #[arg(long, value_name = "ID,…", value_delimiter = ',', value_parser = organizational_unit)]
    pub organizational_units: Vec<String>,
    /// Not these accounts
    #[arg(long, value_name = "ID,…", value_delimiter = ',', value_parser = account_id)]
    pub exclude_accounts: Vec<String>,
    /// Only these regions [default: the regions enabled in each account]
    #[arg(long, value_name = "R,…", value_delimiter = ',', value_parser = region)]
    pub regions: Vec<String>,
    /// The role to assume in each member account [default: OrganizationAccountAccessRole]
    #[arg(long, value_name = "NAME", value_parser = role_name)]
    pub role: Option<String>,
    /// The external id that the role's trust policy asks for
    #[arg(long, value_name = "ID", env = "EXFILGUARD_EXTERNAL_ID", hide_env_values = true)]
    pub external_id: Option<String>,
    /// Calls under way at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub max_concurrency: u16,
    /// Calls started per second, over all accounts [default: as fast as AWS answers]
    #[arg(long, value_name = "N")]
    pub max_calls_per_second: Option<NonZeroU32>,
    /// Give up a call after so many seconds, its repetitions included
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u16).range(4..=3600))]
    pub call_timeout: u16,
    /// An emulator or a private endpoint that answers for every service (also AWS_ENDPOINT_URL)
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    pub endpoint_url: Option<String>,
}
