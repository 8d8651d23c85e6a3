//! One audit from end to end: accounts come from AWS or from a snapshot, are judged on worker threads, and are joined to
//! an [`Assessment`](crate::score::assessment::Assessment).

mod exceptions;
mod judge;
mod live;
mod offline;
mod pool;
mod state;
mod stop;
mod wanted;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use judge::{Judge, Judgement};
pub use live::{Judged, LiveAudit, LiveError, collect_snapshot};
pub use offline::{OfflineError, offline};
pub use pool::Surroundings;
pub use state::{Begun, Settings, State, StateError};
pub use stop::{Stop, Stopper};
pub use wanted::{Selection, wanted};

use crate::collect::CallCounts;
use crate::score::assessment::{ApiCalls, Assessment, Incomplete, Run, Source};
use crate::simulate::Gains;
use crate::snapshot::{Gap, Organization};

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

/// Joins what was judged to one assessment, with the exceptions of the policy file.
#[must_use]
pub fn assemble(
    start: &Start,
    source: Source,
    judge: &Judge,
    organization: &Organization,
    judgements: Vec<Judgement>,
    calls: &CallCounts,
) -> Assessment {
    let mut incomplete: Vec<Incomplete> = organization.gaps().iter().map(missing).collect();
    let (mut accounts, mut results, mut regions) = (Vec::new(), Vec::new(), Vec::new());
    let (mut simulation, mut gains) = (Vec::new(), Gains::default());
    for judgement in judgements {
        incomplete.extend(judgement.incomplete);
        regions.extend(judgement.account.regions.iter().cloned());
        accounts.push(judgement.account);
        results.extend(judgement.results);
        simulation.extend(judgement.simulation);
        gains.join(&judgement.gains);
    }
    let identity = organization.identity.known().and_then(Option::as_ref);
    let run = Run {
        id: start.id.clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: start.at,
        finished_at: Timestamp::now(),
        source,
        organization_id: identity.map(|identity| identity.id.clone()),
        management_account: identity.map(|identity| identity.management_account.clone()),
        accounts_in_scope: 0,
        accounts_audited: 0,
        regions,
        complete: false,
        incomplete,
        api_calls: ApiCalls {
            total: calls.total(),
            retries: calls.retries,
            throttled: calls.throttled,
            by_operation: calls.by_operation.clone(),
        },
    };
    let checks = judge.checks().all().map(|check| check.metadata().id.as_str());
    let policy = judge.policy();
    let audited = exceptions::Audited {
        policy,
        today: start.date(),
        organization,
        accounts: &accounts,
        checks: checks.filter(|check| policy.is_enabled_somewhere(check)).collect(),
    };
    let policy_warnings = audited.except(&mut results);
    let mut assessment = Assessment::new(run, accounts, results);
    assessment.policy_warnings = policy_warnings;
    assessment.with_simulation(simulation, &gains)
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
