//! One audit from end to end: accounts come from AWS or from a snapshot, are judged on worker threads, and are joined to
//! an [`Assessment`](crate::score::assessment::Assessment). Their results wait for the reports in a temporary file.

mod assembly;
mod exceptions;
mod judge;
mod live;
mod merge;
mod offline;
mod pool;
mod spill;
mod state;
mod stop;
#[cfg(test)]
mod twins;
mod wanted;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use assembly::{Assembly, Assessed, Kept, Sink, Whole, assemble};
pub use judge::{Judge, Judgement};
pub use live::{LiveAudit, LiveError, collect_snapshot};
pub use merge::{Merge, MergeError};
pub use offline::{Offline, OfflineError, offline, offline_into};
pub use pool::Surroundings;
pub use state::{Begun, Settings, State, StateError};
pub use stop::{Stop, Stopper};
pub use wanted::{Selection, wanted};

use crate::score::assessment::Incomplete;
use crate::snapshot::Gap;

/// When an audit began and how it is called.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    id: String,
    #[serde(with = "crate::score::assessment::rfc3339")]
    at: Timestamp,
}

impl Start {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self { id: uuid::Uuid::now_v7().to_string(), at: Timestamp::now() }
    }

    /// The day, in UTC.
    #[must_use]
    pub fn date(&self) -> Date {
        self.at.to_zoned(TimeZone::UTC).date()
    }

    /// The time, RFC 3339 in UTC with whole seconds.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

/// A gap as the assessment lists it.
fn missing(gap: &Gap<'_>) -> Incomplete {
    Incomplete {
        account_id: gap.account_id.to_owned(),
        region: gap.region.map(str::to_owned),
        operation: gap.why.operation.clone(),
        resource: gap.resource.map(str::to_owned),
        code: gap.why.code.clone(),
        message: gap.why.message.clone(),
    }
}
