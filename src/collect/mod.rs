//! All calls that read AWS: one file per service, one place for credentials and counting, one that walks accounts.
//! Nothing here judges what it reads.

mod access_points;
mod account;
mod calls;
mod cloudtrail;
mod cloudwatch;
mod connection;
mod ec2;
mod eventbridge;
mod exports;
mod failure;
mod guardduty;
mod guardduty_filters;
mod guardduty_members;
mod kms;
mod lambda;
mod logs;
mod macie;
mod organization;
pub mod permission;
mod s3;
mod s3_protection;
mod s3control;
mod sns;
mod sqs;
mod vpc;
mod walk;

pub use calls::CallCounts;
pub use connection::{Access, Connection, ConnectionOptions};
pub use failure::clean;
pub use walk::{Collector, Planned, Scope, StartError};
