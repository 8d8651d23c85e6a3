//! Lists in pages: whether a list comes to an end.
//!
//! A service that gives a page token twice would be walked in circles for ever, and the SDK's paginators take a token
//! that follows itself for the end of the list: a part of the list would pass for all of it. So they are told not to
//! (`stop_on_duplicate_token(false)`), and every request of a walk is held against the earlier ones instead.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use sha2::{Digest as _, Sha256};

use super::failure::Failure;
use crate::snapshot::Unreadable;

tokio::task_local! {
    /// The requests of the walk that the task is at.
    static WALK: Walk;
}

/// The requests of one walk through a list.
#[derive(Debug, Clone, Default)]
pub struct Walk(Arc<Mutex<BTreeSet<[u8; 32]>>>);

impl Walk {
    /// Does a part of the walk.
    pub async fn step<T>(&self, part: impl Future<Output = T>) -> T {
        WALK.scope(self.clone(), part).await
    }

    /// Whether the request is a new one.
    fn goes_on(&self, request: &[u8; 32]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(*request)
    }
}

/// The same page was about to be asked for a second time.
#[derive(Debug, thiserror::Error)]
#[error("the service gave the same page token twice: what it listed is not the whole list")]
pub struct RepeatedPage;

impl RepeatedPage {
    /// The code under which it is recorded.
    pub const CODE: &'static str = "RepeatedPageToken";

    /// The failure of an operation whose pages are walked without the SDK's paginators.
    #[must_use]
    pub fn of(operation: &str) -> Failure {
        Failure::of(Unreadable {
            operation: operation.to_owned(),
            code: Self::CODE.to_owned(),
            message: Self.to_string(),
        })
    }
}

/// Refuses a request that was sent in the same walk before; repetitions of a failed one are no second request.
#[derive(Debug, Clone, Copy)]
pub struct WalkInCircles;

impl Intercept for WalkInCircles {
    fn name(&self) -> &'static str {
        "WalkInCircles"
    }

    fn read_after_serialization(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let new = WALK.try_with(|walk| {
            let mut digest = Sha256::new();
            digest.update(request.uri().as_bytes());
            digest.update([0]);
            digest.update(request.body().bytes().unwrap_or_default());
            walk.goes_on(&digest.finalize().into())
        });
        // Outside of a walk nothing is repeated.
        if new.unwrap_or(true) { Ok(()) } else { Err(RepeatedPage.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_walk_knows_where_it_was() {
        let walk = Walk::default();
        let at =
            |page: u8| async move { WALK.try_with(|walk| walk.goes_on(&[page; 32])).unwrap_or_default() };
        assert!(walk.step(at(1)).await);
        assert!(walk.step(at(2)).await);
        assert!(!walk.step(at(1)).await, "a circle of two");
        assert!(WALK.try_with(|_| ()).is_err());
    }

    #[tokio::test]
    async fn f18_ten_thousand_pages_are_a_walk_and_the_first_one_again_is_a_circle() {
        let walk = Walk::default();
        let at = |page: u32| async move {
            let mut request = [0; 32];
            request[..4].copy_from_slice(&page.to_be_bytes());
            WALK.try_with(|walk| walk.goes_on(&request)).unwrap_or_default()
        };
        for page in 0..10_000 {
            assert!(walk.step(at(page)).await, "page {page}");
        }
        assert!(!walk.step(at(0)).await);
    }
}
