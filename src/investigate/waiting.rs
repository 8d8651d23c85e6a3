//! Waiting for the end of a query at AWS: asked again less and less often, until it ends, the person stops it, or it takes
//! too long.

use std::time::Duration;

use tokio::time::Instant;

use crate::audit::Stop;
use crate::collect::failure::Failure;

/// The first pause between two questions.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Tells the person something while a query is under way.
pub type Tell = Box<dyn Fn(&str) + Send + Sync>;

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    until: Instant,
}

impl Patience {
    /// From now on.
    #[must_use]
    pub fn new(time_out: Duration) -> Self {
        let now = Instant::now();
        // A time-out that no clock can hold is none that anybody sees: a century.
        Self { until: now.checked_add(time_out).unwrap_or(now + Duration::from_secs(3_155_760_000)) }
    }
}

/// What ended the waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waited<T> {
    /// What was waited for.
    Ended(T),
    /// The person.
    Stopped,
    /// Time.
    TooLong,
}

/// Asks until there is an answer.
///
/// # Errors
/// A question failed.
pub async fn wait<T, F>(
    stop: &Stop,
    patience: Patience,
    mut ask: impl FnMut() -> F,
) -> Result<Waited<T>, Failure>
where
    F: Future<Output = Result<Option<T>, Failure>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::select! {
            biased;
            () = stop.requested() => return Ok(Waited::Stopped),
            answer = ask() => if let Some(answer) = answer? {
                return Ok(Waited::Ended(answer));
            },
        }
        if Instant::now() >= patience.until {
            return Ok(Waited::TooLong);
        }
        let next = (Instant::now() + pause).min(patience.until);
        tokio::select! {
            () = stop.requested() => return Ok(Waited::Stopped),
            () = tokio::time::sleep_until(next) => {}
        }
        pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[tokio::test]
    async fn it_is_asked_until_it_answers() {
        let mut asked = 0;
        let stop = Stop::never();
        let waited = wait(&stop, Patience::new(Duration::from_secs(600)), || {
            asked += 1;
            std::future::ready(Ok((asked == 2).then_some("done")))
        });
        assert_eq!(waited.await.unwrap(), Waited::Ended("done"));
    }

    #[tokio::test]
    async fn a_person_and_time_end_the_waiting() {
        let (stopper, stop) = Stop::new();
        stopper.stop();
        let never = || std::future::ready(Ok(None::<()>));
        assert_eq!(wait(&stop, Patience::new(Duration::MAX), never).await.unwrap(), Waited::Stopped);
        let impatient = Patience::new(Duration::ZERO);
        assert_eq!(wait(&Stop::never(), impatient, never).await.unwrap(), Waited::TooLong);
    }
}
