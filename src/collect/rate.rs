//! How fast each service of an account is asked: a token bucket per account, region and service, as AWS itself throttles.
//!
//! It starts at the rate that AWS documents, or at a careful one, is halved by every answer that says "slow down", and
//! grows by one call per second with every twenty calls that went well (AIMD, as TCP does it), but not above a documented
//! rate: more would only be refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Calls that went well until the rate grows by one per second.
const SUCCESSES_TO_GROW: u32 = 20;

/// The rate is never throttled below this.
const SLOWEST: f64 = 0.5;

/// Calls per second, and how many may come at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rate {
    per_second: f64,
    burst: f64,
}

/// What a service is asked at first, in one account and region, and at most.
///
/// Documented are CloudTrail (10 per second), CloudWatch (`DescribeAlarms` 9), CloudWatch Logs (5), EC2 (`Describe…`: a
/// bucket of 100 that is refilled with 20 per second) and Organizations (few, and all accounts share them: a burst that is as
/// large as AWS's own would end with a call that is a moment too early). S3 documents rates of prefixes only, in the
/// thousands; the calls on its buckets' configuration begin with a hundredth of these. Others are not published.
fn starting(service: &str) -> (Rate, f64) {
    let documented = |per_second, burst| (Rate { per_second, burst }, per_second);
    let unpublished = |per_second, burst| (Rate { per_second, burst }, f64::INFINITY);
    match service {
        "cloudtrail" => documented(10.0, 10.0),
        "cloudwatch" => documented(9.0, 9.0),
        "ec2" => documented(20.0, 100.0),
        "logs" => documented(5.0, 5.0),
        "organizations" => documented(3.0, 9.0),
        "s3" => unpublished(50.0, 200.0),
        "sts" => unpublished(50.0, 100.0),
        _ => unpublished(5.0, 10.0),
    }
}

#[derive(Debug)]
struct State {
    rate: Rate,
    /// The rate does not grow above this.
    fastest: f64,
    /// Below zero: calls that wait already have taken them.
    tokens: f64,
    filled_at: Instant,
    successes: u32,
}

/// The token bucket of one service in one region of an account.
#[derive(Debug, Clone)]
pub struct TokenBucket(Arc<Mutex<State>>);

impl TokenBucket {
    /// A full bucket at the rate that a service begins with.
    #[must_use]
    pub fn of(service: &str) -> Self {
        let (rate, fastest) = starting(service);
        let state = State { rate, fastest, tokens: rate.burst, filled_at: Instant::now(), successes: 0 };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Waits for a token.
    pub async fn take(&self) {
        let wait = self.reserve(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Gives back a token for a call that was not made after all.
    pub fn give_back(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).tokens += 1.0;
    }

    /// An answer came.
    pub fn answered(&self, throttled: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if throttled {
            state.successes = 0;
            state.rate.per_second = (state.rate.per_second / 2.0).max(SLOWEST);
            // What was saved up for a burst was too much, too.
            state.tokens = state.tokens.min(0.0);
            state.rate.burst = state.rate.burst.min(state.rate.per_second.max(1.0));
        } else {
            state.successes += 1;
            if state.successes == SUCCESSES_TO_GROW {
                state.successes = 0;
                state.rate.per_second = (state.rate.per_second + 1.0).min(state.fastest);
            }
        }
    }

    /// Takes a token, and says how long to wait for it.
    fn reserve(&self, now: Instant) -> Duration {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(state.filled_at).as_secs_f64();
        state.filled_at = now;
        state.tokens = (state.tokens + passed * state.rate.per_second).min(state.rate.burst) - 1.0;
        let missing = -state.tokens;
        if missing > 0.0 { Duration::from_secs_f64(missing / state.rate.per_second) } else { Duration::ZERO }
    }
}

/// The token buckets of one account.
#[derive(Debug, Default)]
pub struct TokenBuckets(Mutex<BTreeMap<(String, String), TokenBucket>>);

impl TokenBuckets {
    /// The bucket of a service in a region.
    #[must_use]
    pub fn of(&self, service: &str, region: &str) -> TokenBucket {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (service.to_owned(), region.to_owned());
        buckets.entry(key).or_insert_with(|| TokenBucket::of(service)).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_the_rate_holds() {
        let bucket = TokenBucket::of("cloudtrail");
        let now = Instant::now();
        assert!((0..10).all(|_| bucket.reserve(now).is_zero()));
        let waits: Vec<f64> = (0..10).map(|_| bucket.reserve(now).as_secs_f64()).collect();
        let last = waits.last().copied().unwrap_or_default();
        assert!((last - 1.0).abs() < 0.05, "the tenth more at ten per second waits {last} s");
        let later = now + Duration::from_secs(5);
        assert!(bucket.reserve(later).is_zero(), "it was filled again");
    }

    #[test]
    fn throttling_halves_the_rate_and_success_makes_it_grow() {
        let bucket = TokenBucket::of("cloudtrail");
        bucket.answered(true);
        let rate =
            |bucket: &TokenBucket| bucket.0.lock().unwrap_or_else(PoisonError::into_inner).rate.per_second;
        assert!((rate(&bucket) - 5.0).abs() < f64::EPSILON);
        for _ in 0..SUCCESSES_TO_GROW {
            bucket.answered(false);
        }
        assert!((rate(&bucket) - 6.0).abs() < f64::EPSILON);
        for _ in 0..100 {
            bucket.answered(true);
        }
        assert!((rate(&bucket) - SLOWEST).abs() < f64::EPSILON, "it never stands still");
    }

    #[test]
    fn a_documented_rate_is_not_exceeded_however_well_it_goes() {
        for (service, expected) in [("organizations", 3.0), ("cloudtrail", 10.0), ("s3", 60.0)] {
            let bucket = TokenBucket::of(service);
            for _ in 0..SUCCESSES_TO_GROW * 10 {
                bucket.answered(false);
            }
            let rate = bucket.0.lock().unwrap_or_else(PoisonError::into_inner).rate.per_second;
            assert!((rate - expected).abs() < f64::EPSILON, "{service}: {rate} per second");
        }
    }

    #[test]
    fn regions_and_services_have_buckets_of_their_own() {
        let buckets = TokenBuckets::default();
        let one = buckets.of("s3", "eu-west-1");
        assert!(Arc::ptr_eq(&one.0, &buckets.of("s3", "eu-west-1").0));
        assert!(!Arc::ptr_eq(&one.0, &buckets.of("s3", "us-east-1").0));
        assert!(!Arc::ptr_eq(&one.0, &buckets.of("ec2", "eu-west-1").0));
    }
}
