//! `exfilguard iam-policy`.

use clap::{Args, ValueEnum};

use super::role_name;

/// `exfilguard iam-policy`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard iam-policy audit > member.json              for the role in each account\n  \
    exfilguard iam-policy audit --central > central.json   for who runs exfilguard and assumes that role")]
pub struct IamPolicyArguments {
    /// What the role is for
    #[arg(value_enum)]
    pub purpose: IamPurpose,
    /// Also what only the caller needs: to read the organization and to assume the role of each account
    #[arg(long)]
    pub central: bool,
    /// With `audit`: also what `audit --send-to-security-hub` needs
    #[arg(long)]
    pub send_to_security_hub: bool,
    /// With `investigate`: also what `hunt setup --apply` needs to make the table
    #[arg(long)]
    pub hunt_setup: bool,
    /// With `investigate`: also what `investigate --start-classification-job` needs; such a job costs money
    #[arg(long)]
    pub classification_job: bool,
    /// The role that is assumed in each account
    #[arg(long, value_name = "NAME", default_value = "OrganizationAccountAccessRole", value_parser = role_name)]
    pub role: String,
    /// aws, aws-cn, aws-us-gov, …
    #[arg(long, value_name = "NAME", default_value = "aws", value_parser = partition)]
    pub partition: String,
}

/// What a role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IamPurpose {
    /// To read configuration; never an object.
    Audit,
    /// To read logs and findings.
    Investigate,
    /// To change what a reviewed plan says.
    Remediate,
}

fn partition(text: &str) -> Result<String, String> {
    let good = text.starts_with("aws") && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if good {
        Ok(text.to_owned())
    } else {
        Err("a partition is `aws`, `aws-cn`, `aws-us-gov`, …".to_owned())
    }
}
