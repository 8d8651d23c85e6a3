//! Counting, pacing and bounding of every AWS call.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::rate::TokenBucket;

/// How many calls were made, by operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCounts {
    /// Requests sent, by `service:Operation`, repetitions included.
    pub by_operation: BTreeMap<String, u64>,
    /// Requests that were repetitions of a failed one.
    pub retries: u64,
    /// Answers that said "slow down".
    pub throttled: u64,
}

impl CallCounts {
    /// All requests sent.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_operation.values().sum()
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (operation, count) in &other.by_operation {
            *self.by_operation.entry(operation.clone()).or_default() += count;
        }
        self.retries += other.retries;
        self.throttled += other.throttled;
    }
}

/// Politeness: how many calls may be under way, and how many may start per second.
#[derive(Debug)]
pub struct Pace {
    under_way: Semaphore,
    per_second: Option<DefaultDirectRateLimiter>,
}

impl Pace {
    /// A pace of at most `concurrent` calls at once and, if given, `per_second` calls started in a second.
    #[must_use]
    pub fn new(concurrent: usize, per_second: Option<NonZeroU32>) -> Self {
        Self {
            under_way: Semaphore::new(concurrent.max(1)),
            per_second: per_second.map(|n| RateLimiter::direct(Quota::per_second(n))),
        }
    }

    /// Waits until one more call may start. The call is under way until the permit is dropped.
    pub async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed; an error would only mean an unbounded call.
        let permit = self.under_way.acquire().await.ok();
        if let Some(limiter) = &self.per_second {
            limiter.until_ready().await;
        }
        permit
    }
}

/// Counts each request as it is sent, and each answer that throttles; tells the latter to the service's token bucket.
#[derive(Debug, Clone, Default)]
pub struct CallCounter {
    counts: Arc<Mutex<CallCounts>>,
    bucket: Option<TokenBucket>,
}

impl CallCounter {
    /// What was counted until now.
    #[must_use]
    pub fn counts(&self) -> CallCounts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on counting from what was counted before.
    pub fn add(&self, counts: &CallCounts) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).add(counts);
    }

    /// The same counter for the clients of one service in one region.
    #[must_use]
    pub fn telling(&self, bucket: TokenBucket) -> Self {
        Self { counts: Arc::clone(&self.counts), bucket: Some(bucket) }
    }
}

tokio::task_local! {
    /// Why the last attempt of the call failed that the task makes.
    static LAST_ATTEMPT: Arc<Mutex<Option<String>>>;
}

/// Makes a call, and tells why its last attempt failed: a call that was given up says only that it took too long.
pub async fn with_last_attempt<T>(call: impl Future<Output = T>) -> (T, Option<String>) {
    let last = Arc::default();
    let answer = LAST_ATTEMPT.scope(Arc::clone(&last), call).await;
    let why = last.lock().unwrap_or_else(PoisonError::into_inner).take();
    (answer, why)
}

/// Marks in an operation's configuration how many of its requests were sent.
#[derive(Debug)]
struct Attempts(u32);

impl aws_smithy_types::config_bag::Storable for Attempts {
    type Storer = aws_smithy_types::config_bag::StoreReplace<Self>;
}

impl Intercept for CallCounter {
    fn name(&self) -> &'static str {
        "CallCounter"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attempt = configuration.load::<Attempts>().map_or(0, |a| a.0);
        configuration.interceptor_state().store_put(Attempts(attempt + 1));
        if let Some(operation) = configuration.load::<Metadata>() {
            let name = operation_name(operation.service(), operation.name());
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            *counts.by_operation.entry(name).or_default() += 1;
            if attempt > 0 {
                counts.retries += 1;
            }
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Err(error)) = context.output_or_error() {
            let why = super::failure::chain(error);
            // Outside of a call of ours nobody asks.
            _ = LAST_ATTEMPT
                .try_with(|last| *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(why));
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let throttled = is_throttled(context.response());
        if throttled {
            self.counts.lock().unwrap_or_else(PoisonError::into_inner).throttled += 1;
        }
        if let Some(bucket) = &self.bucket {
            bucket.answered(throttled);
        }
        Ok(())
    }
}

/// Refuses the answer to a question that is empty or cut off. Every protocol writes an empty list as something (`{}`, an
/// element), but the SDK takes nothing at all for one, and so it does half an XML document: a proxy that answers 200 to
/// everything would pass for an empty account.
#[derive(Debug, Clone, Copy)]
pub struct WholeAnswers;

impl Intercept for WholeAnswers {
    fn name(&self) -> &'static str {
        "WholeAnswers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let asked = configuration.load::<Metadata>().is_some_and(|operation| is_question(operation.name()));
        let Some(body) = response.body().bytes().filter(|_| asked && response.status().is_success()) else {
            return Ok(());
        };
        if body.is_empty() {
            return Err("the answer is empty".into());
        }
        if is_cut_off(body) { Err("the answer is cut off".into()) } else { Ok(()) }
    }
}

/// Whether a body is an XML document without its end. What else is wrong with it, the SDK finds by itself.
fn is_cut_off(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let mut rest = text.trim_start_matches('\u{feff}').trim();
    let whole = rest;
    while let Some(after) = rest.strip_prefix("<?").or_else(|| rest.strip_prefix("<!")) {
        rest = after.split_once('>').map_or("", |(_, rest)| rest.trim_start());
    }
    let Some(root) = rest.strip_prefix('<') else { return whole.starts_with('<') };
    let name = root.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
    let alone = root.split_once('>').is_some_and(|(tag, rest)| tag.ends_with('/') && rest.is_empty());
    let end = whole.strip_suffix('>').map(str::trim_end).and_then(|text| text.strip_suffix(name));
    !(alone || end.is_some_and(|text| text.ends_with("</")))
}

/// Whether an operation asks something, so that its answer has content.
fn is_question(operation: &str) -> bool {
    ["Get", "List", "Describe", "AssumeRole"].iter().any(|verb| operation.starts_with(verb))
}

/// Whether an answer says "slow down": by status, or by one of the error codes that the SDK's standard retry knows. The
/// code stands in a header or in the body, by protocol; it is looked for as text because the error's type is erased here.
fn is_throttled(response: &HttpResponse) -> bool {
    if response.status().is_success() {
        return false;
    }
    let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
    let body = response.body().bytes().unwrap_or_default();
    let body = String::from_utf8_lossy(body.get(..body.len().min(4096)).unwrap_or_default());
    response.status().as_u16() == 429
        || THROTTLING_ERRORS.iter().any(|code| header.contains(code) || body.contains(code))
}

/// `service:Operation` with the service's IAM prefix, as contract and IAM policies spell it.
fn operation_name(service: &str, operation: &str) -> String {
    let prefix = match service {
        "CloudWatch Logs" => "logs",
        "EventBridge" => "events",
        "S3 Control" => "s3control",
        other => return format!("{}:{operation}", other.to_ascii_lowercase()),
    };
    format!("{prefix}:{operation}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_by_their_iam_prefix() {
        assert_eq!(operation_name("CloudTrail", "DescribeTrails"), "cloudtrail:DescribeTrails");
        assert_eq!(operation_name("CloudWatch Logs", "DescribeLogGroups"), "logs:DescribeLogGroups");
        assert_eq!(operation_name("EventBridge", "ListRules"), "events:ListRules");
        assert_eq!(operation_name("S3", "GetBucketPolicy"), "s3:GetBucketPolicy");
    }

    #[test]
    fn an_xml_document_has_an_end() {
        for whole in [
            "<?xml version=\"1.0\"?>\n<A xmlns=\"x\"><b/></A>\n",
            "<A/>",
            "<A x=\"1\" />",
            "<!-- note --><A></A >",
            "{\"a\": 1}",
            "no XML",
        ] {
            assert!(!is_cut_off(whole.as_bytes()), "{whole}");
        }
        for cut in ["<A><b>", "<A><b/>", "<?xml version=\"1.0\"?>", "<A", "<A></B>", "<?xml", "<A><A/>"] {
            assert!(is_cut_off(cut.as_bytes()), "{cut}");
        }
    }

    #[tokio::test]
    async fn no_more_calls_are_under_way_than_allowed() {
        let pace = Pace::new(1, NonZeroU32::new(1000));
        let first = pace.permit().await;
        assert!(first.is_some());
        let second = tokio::time::timeout(std::time::Duration::from_millis(20), pace.permit()).await;
        assert!(second.is_err(), "a second call started while the only permit was held");
        drop(first);
        assert!(pace.permit().await.is_some());
    }
}
