//! Credentials of a run: a role in each account, and what happens when AWS calls credentials expired in mid-run.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextMut, InterceptorContext,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use super::connection::Access;
use super::failure::Failure;

/// How long before their end credentials are fetched anew.
const BEFORE_THEIR_END: Duration = Duration::from_secs(60);

/// What AWS says of credentials that have ended: most services, JSON services, EC2.
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

/// Credentials that are kept until they end, and fetched anew when AWS says that they have ended: a session may be
/// revoked, or the clock may be wrong. Takes the place of the SDK's cache, which only looks at the clock.
#[derive(Debug, Clone)]
pub struct Renewable(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: SharedCredentialsProvider,
    held: Mutex<Option<Held>>,
    /// Held while credentials are fetched, so that many calls fetch them once.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct Held {
    credentials: Credentials,
    fetched_at: SystemTime,
    /// Whether AWS has answered a call with them.
    worked: bool,
}

impl Held {
    fn new(credentials: Credentials) -> Self {
        Self { credentials, fetched_at: SystemTime::now(), worked: false }
    }

    fn has_time_left(&self, now: SystemTime) -> bool {
        let Some(end) = self.credentials.expiry() else { return true };
        // Credentials that were fetched just now are as good as they get, however soon they end.
        now + BEFORE_THEIR_END < end || (now < end && now < self.fetched_at + BEFORE_THEIR_END)
    }
}

impl Renewable {
    /// Credentials from a provider; `first` are the ones to begin with, if they were fetched before.
    #[must_use]
    pub fn new(source: SharedCredentialsProvider, first: Option<Credentials>) -> Self {
        let held = Mutex::new(first.map(Held::new));
        Self(Arc::new(Inner { source, held, fetching: tokio::sync::Mutex::default() }))
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usable(&self) -> Option<Credentials> {
        let held = self.held();
        held.as_ref()
            .filter(|held| held.has_time_left(SystemTime::now()))
            .map(|held| held.credentials.clone())
    }

    async fn credentials(&self) -> provider::Result {
        if let Some(credentials) = self.usable() {
            return Ok(credentials);
        }
        let _only_one = self.0.fetching.lock().await;
        if let Some(credentials) = self.usable() {
            return Ok(credentials);
        }
        let credentials = self.0.source.provide_credentials().await?;
        *self.held() = Some(Held::new(credentials.clone()));
        Ok(credentials)
    }

    fn worked(&self, key: &str) {
        if let Some(held) = self.held().as_mut().filter(|held| held.credentials.access_key_id() == key) {
            held.worked = true;
        }
    }

    /// AWS called the credentials with this access key id expired: whether the call is worth another attempt. Credentials
    /// that AWS never took are not fetched again: the next ones would be as bad.
    fn expired(&self, key: &str) -> bool {
        let mut held = self.held();
        match held.as_ref() {
            Some(now) if now.credentials.access_key_id() == key && !now.worked => false,
            Some(now) if now.credentials.access_key_id() == key => {
                *held = None;
                true
            }
            // They were renewed, or are about to be, since the call was sent.
            _ => true,
        }
    }
}

impl ProvideCredentials for Renewable {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// The access key id that a request was signed with.
#[derive(Debug)]
struct SignedBy(String);

impl Storable for SignedBy {
    type Storer = StoreReplace<Self>;
}

/// Marks an answer whose call is worth another attempt with new credentials.
#[derive(Debug, Clone)]
struct WithNewCredentials;

impl Intercept for Renewable {
    fn name(&self) -> &'static str {
        "Renewable"
    }

    fn read_after_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let signature = context.request().headers().get("authorization").unwrap_or_default();
        let key = signature.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next());
        if let Some(key) = key {
            configuration.interceptor_state().store_put(SignedBy(key.to_owned()));
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(SignedBy(key)) = configuration.load::<SignedBy>()
            && context.response().status().is_success()
        {
            self.worked(key);
        }
        Ok(())
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(response) = context.response_mut()
            && says_expired(response)
            && let Some(SignedBy(key)) = configuration.load::<SignedBy>()
            && self.expired(key)
        {
            response.add_extension(WithNewCredentials);
        }
        Ok(())
    }
}

/// Whether an answer says that the credentials have ended, by protocol in a header or in the body.
fn says_expired(response: &HttpResponse) -> bool {
    if !response.status().is_client_error() {
        return false;
    }
    let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
    let body = response.body().bytes().unwrap_or_default();
    let body = String::from_utf8_lossy(body.get(..body.len().min(2048)).unwrap_or_default());
    // CBOR ends a text without a mark.
    let cbor = response.headers().get("content-type").is_some_and(|kind| kind.contains("cbor"));
    let named = |code: &str| {
        header.split(':').next() == Some(code)
            || (cbor && body.contains(&format!("#{code}")))
            || body.contains(&format!("<Code>{code}</Code>"))
            || body.contains(&format!("\"{code}\""))
            || body.contains(&format!("#{code}\""))
    };
    EXPIRED.into_iter().any(named)
}

/// Asks for another attempt with the new credentials.
#[derive(Debug)]
pub struct RetryRenewed;

impl ClassifyRetry for RetryRenewed {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let renewed = context.response().is_some_and(|r| r.extension::<WithNewCredentials>().is_some());
        if renewed { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "RetryRenewed"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// A role to assume in a member account.
#[derive(Clone)]
pub struct AssumedRole {
    /// The role's ARN.
    pub arn: String,
    /// The external id that its trust policy asks for. A secret: never shown.
    pub external_id: Option<String>,
}

impl std::fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssumedRole").field("arn", &self.arn).finish_non_exhaustive()
    }
}

/// Assumes a role as often as it is asked for credentials.
#[derive(Debug)]
pub struct RoleCredentials {
    hub: Access,
    role: AssumedRole,
    region: String,
}

impl RoleCredentials {
    /// The call that assumes it.
    pub const OPERATION: &'static str = "sts:AssumeRole";

    /// The role as it is assumed with the access of `hub`, at STS of a region.
    #[must_use]
    pub fn new(hub: Access, role: AssumedRole, region: &str) -> Self {
        Self { hub, role, region: region.to_owned() }
    }

    /// Assumes the role.
    ///
    /// # Errors
    /// The role cannot be assumed.
    pub async fn assume(&self) -> Result<Credentials, Failure> {
        let request = self
            .hub
            .sts(&self.region)
            .assume_role()
            .role_arn(&self.role.arn)
            .role_session_name("exfilguard")
            .set_external_id(self.role.external_id.clone());
        // Without waiting for a turn: the call that needs the credentials has its turn already, and if every turn were
        // taken by such calls, none would ever go on.
        let answer = request.send().await.map_err(|error| Failure::new(Self::OPERATION, error))?;
        let credentials = answer.credentials.ok_or_else(|| {
            Failure::of(crate::snapshot::Unreadable {
                operation: Self::OPERATION.to_owned(),
                code: "NoCredentials".to_owned(),
                message: "the answer holds no credentials".to_owned(),
            })
        })?;
        Ok(Credentials::new(
            credentials.access_key_id,
            credentials.secret_access_key,
            Some(credentials.session_token),
            SystemTime::try_from(credentials.expiration).ok(),
            "exfilguard",
        ))
    }
}

impl ProvideCredentials for RoleCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            self.assume()
                .await
                .map_err(|failure| CredentialsError::provider_error(failure.unreadable.clause()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(key: &str, left: Option<u64>) -> Credentials {
        let end = left.map(|seconds| SystemTime::now() + Duration::from_secs(seconds));
        Credentials::new(key, "secret", None, end, "test")
    }

    #[test]
    fn credentials_are_renewed_before_their_end_but_not_at_every_call() {
        let now = SystemTime::now();
        assert!(Held::new(credentials("A", None)).has_time_left(now));
        assert!(Held::new(credentials("A", Some(3600))).has_time_left(now));
        assert!(Held::new(credentials("A", Some(30))).has_time_left(now), "as good as they get");
        let mut old = Held::new(credentials("A", Some(30)));
        old.fetched_at = now - Duration::from_secs(600);
        assert!(!old.has_time_left(now));
        assert!(!Held::new(credentials("A", Some(30))).has_time_left(now + Duration::from_secs(31)));
    }

    #[tokio::test]
    async fn only_credentials_that_worked_are_fetched_again() {
        let renewable = Renewable::new(
            SharedCredentialsProvider::new(credentials("B", None)),
            Some(credentials("A", None)),
        );
        assert!(!renewable.expired("A"), "AWS never took them");
        renewable.worked("A");
        assert!(renewable.expired("A"));
        assert!(renewable.expired("A"), "a call that was under way meanwhile");
        let next = renewable.credentials().await.map(|c| c.access_key_id().to_owned());
        assert_eq!(next.ok().as_deref(), Some("B"));
        assert!(renewable.expired("A"), "renewed meanwhile");
        assert!(!renewable.expired("B"));
    }
}
