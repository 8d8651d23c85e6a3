//! One statement from its start to its end.

use std::time::Duration;

use aws_sdk_athena::types::{QueryExecution, QueryExecutionState as State, QueryExecutionStatus};

use super::calls::{Calls, Statement};
use crate::audit::Stop;
use crate::collect::connection::Access;
use crate::collect::failure::clean;
use crate::investigate::backend::{BackEnd, QueryError};
use crate::investigate::waiting::{self, Patience, Tell, Waited};

/// The longest reason that is kept, in characters.
const REASON_LIMIT: usize = 1000;

/// Executes statements; whatever ends the waiting before the statement does cancels it.
pub struct Executor {
    /// The calls to Athena.
    pub calls: Calls,
    time_out: Duration,
    stop: Stop,
    tell: Tell,
}

impl Executor {
    /// Athena in one region.
    #[must_use]
    pub fn new(access: &Access, region: &str, time_out: Duration, stop: Stop, tell: Tell) -> Self {
        Self { calls: Calls::new(access, region), time_out, stop, tell }
    }

    /// Tells the person something.
    pub fn tell(&self, text: &str) {
        (self.tell)(text);
    }

    /// Executes a statement and waits for its end, well or not. Gives the execution's id with it.
    pub async fn execute(
        &self,
        what: &str,
        statement: &Statement<'_>,
    ) -> Result<(String, QueryExecution), QueryError> {
        // Not interrupted: a query whose id never came could not be cancelled.
        let id = self.calls.start(statement).await?;
        tracing::debug!(what, query = id, "started in Athena");
        let ended = waiting::wait(&self.stop, Patience::new(self.time_out), || async {
            let execution = self.calls.execution(&id).await?;
            let state = execution.as_ref().and_then(|e| e.status.as_ref()?.state.clone());
            let ended = matches!(state, Some(State::Succeeded | State::Failed | State::Cancelled));
            Ok(execution.filter(|_| ended))
        });
        let why = match ended.await {
            Ok(Waited::Ended(execution)) => return Ok((id, execution)),
            Ok(Waited::Stopped) => QueryError::Interrupted,
            Ok(Waited::TooLong) => QueryError::TimedOut {
                back_end: BackEnd::Athena,
                what: what.to_owned(),
                seconds: self.time_out.as_secs(),
            },
            Err(failure) => failure.into(),
        };
        if let Err(failure) = self.calls.stop(&id).await {
            let message = failure.message();
            self.tell(&format!("the query {id} could not be cancelled and may run on: {message}"));
        }
        Err(why)
    }
}

/// An error, unless the query succeeded: with Athena's reason.
pub fn succeeded(status: Option<QueryExecutionStatus>) -> Result<(), QueryError> {
    let Some(status) = status else { return Ok(()) };
    let Some(state) = status.state.filter(|state| *state != State::Succeeded) else { return Ok(()) };
    let of_error = status.athena_error.as_ref().and_then(|error| error.error_message.clone());
    let reason = status.state_change_reason.filter(|reason| !reason.is_empty()).or(of_error);
    let mut message = clean(reason.as_deref().unwrap_or("Athena gives no reason"), REASON_LIMIT);
    if status.athena_error.is_some_and(|error| error.retryable) {
        message.push_str(" (Athena says that it may be tried again)");
    }
    Err(QueryError::Aws {
        operation: "athena:StartQueryExecution".to_owned(),
        code: state.as_str().to_owned(),
        message,
    })
}
