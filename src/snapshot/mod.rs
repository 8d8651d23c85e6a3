//! The typed record of what was read from AWS: per organization, account and region, each part `Known` or
//! `Unreadable`. Nothing here judges; what the record means is for [`crate::facts`].

mod access_point;
mod account;
mod bucket_protection;
mod change;
mod difference;
mod distinct;
mod exports;
mod file;
mod guardduty;
mod joined;
mod macie;
mod network;
mod organization;
mod reading;
mod roll;
mod unread;

pub use access_point::{AccessPoint, AccessPointBucket};
pub use account::{
    AccountSnapshot, AclGrant, AlarmMuteRule, Alarms, Bucket, BucketAcl, Detector, DetectorFeature, Entry,
    EventDataStore, LogGroup, QueueRecord, Region, RegionAlarms, Rule, Target, TopicRecord, Trail,
    TrailDetails, TrailStatus, TrustedList, VpcEndpoint, key_name,
};
pub use bucket_protection::{BucketProtection, DefaultEncryption, ObjectLock, Versioning};
pub use change::{Change, ChangeError};
pub use difference::{Difference, DifferenceError, differences};
pub use exports::{BucketExports, Inventory, ReplicationRule};
pub use file::{Header, SCHEMA, SnapshotError, SnapshotReader, SnapshotWriter};
pub use guardduty::{GuardDutyAdministration, GuardDutyAutoEnable, GuardDutyMember};
pub use joined::{JoinError, join};
pub use macie::{Macie, MacieBucket};
pub use network::{NetworkInterface, RegionNetwork, Route, RouteTable, Vpc};
pub use organization::{
    Organization, OrganizationAccount, OrganizationIdentity, OrganizationPolicy, PolicyType,
};
pub use reading::{Reading, Unreadable};
pub use unread::Gap;
