//! All calls that read AWS: one file per service, one place for credentials and counting, one that walks accounts.
//! Nothing here judges what it reads.

mod access_points;
mod account;
mod ahead;
mod calls;
pub(crate) mod cloudtrail;
pub(crate) mod cloudwatch;
pub(crate) mod connection;
mod credentials;
pub(crate) mod ec2;
pub mod environment;
mod estimate;
pub(crate) mod eventbridge;
mod exports;
pub(crate) mod failure;
pub(crate) mod guardduty;
pub(crate) mod guardduty_filters;
pub(crate) mod guardduty_members;
mod kms;
mod lambda;
pub(crate) mod logs;
pub(crate) mod macie;
pub(crate) mod organization;
mod pages;
pub mod permission;
mod rate;
mod reader;
mod refusal;
pub(crate) mod s3;
mod s3_protection;
mod s3control;
pub(crate) mod sns;
mod sqs;
mod vpc;
mod walk;
mod wanted;

pub use calls::CallCounts;
pub use connection::{Access, Connection, ConnectionOptions};
pub use environment::EnvironmentError;
pub use estimate::{Estimate, Per};
pub use failure::{Failure, clean};
pub use reader::Planned;
pub use walk::{ACCOUNTS_AT_ONCE, Collector, Entered, Scope, Shard, StartError};
pub use wanted::Wanted;
