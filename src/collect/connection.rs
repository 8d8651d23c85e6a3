//! The one place for credentials, HTTP, retries, time-outs and clients.

use std::any::Any;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::app_name::AppName;

use super::calls::{CallCounter, CallCounts, Pace};
use super::failure::Failure;
use super::rate::{TokenBucket, TokenBuckets};
use super::wanted::Wanted;

/// How the program talks to AWS.
#[derive(Debug, Clone)]
pub struct ConnectionOptions {
    /// An emulator or private endpoint that answers for every service.
    pub endpoint_url: Option<String>,
    /// Calls under way at once.
    pub max_concurrency: usize,
    /// Calls started per second, if bounded.
    pub max_calls_per_second: Option<NonZeroU32>,
    /// The operations that are asked at all.
    pub wanted: Wanted,
}

/// One HTTP client, one pace and one call counter, shared by all accounts.
#[derive(Debug)]
pub struct Connection {
    base: SdkConfig,
    pace: Pace,
    counter: CallCounter,
    custom_endpoint: Option<String>,
    wanted: Wanted,
}

impl Connection {
    /// Reads the environment and the AWS configuration files; makes no call.
    pub async fn open(options: &ConnectionOptions) -> Arc<Self> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(20))
            .operation_attempt_timeout(Duration::from_secs(30))
            .operation_timeout(Duration::from_secs(120))
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(5))
            .timeout_config(timeouts);
        // A SOC sees who is asking: an audit looks like reconnaissance.
        if let Ok(name) = AppName::new(concat!("exfilguard-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let base = loader.load().await;
        let custom_endpoint = base.endpoint_url().map(str::to_owned);
        Arc::new(Self {
            base,
            pace: Pace::new(options.max_concurrency, options.max_calls_per_second),
            counter: CallCounter::default(),
            custom_endpoint,
            wanted: options.wanted.clone(),
        })
    }

    /// The region of the caller's configuration, if one is set.
    #[must_use]
    pub fn configured_region(&self) -> Option<String> {
        self.base.region().map(ToString::to_string)
    }

    /// The calls made until now.
    #[must_use]
    pub fn counts(&self) -> CallCounts {
        self.counter.counts()
    }

    /// Counts the calls of an earlier process of the same run, too.
    pub fn count_before(&self, counts: &CallCounts) {
        self.counter.add(counts);
    }

    /// The operations that are asked at all.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Access with the caller's own credentials.
    #[must_use]
    pub fn caller(self: &Arc<Self>) -> Access {
        Access::new(Arc::clone(self), self.base.clone())
    }
}

/// Access to one account: the connection with that account's credentials.
#[derive(Debug, Clone)]
pub struct Access {
    connection: Arc<Connection>,
    config: SdkConfig,
    clients: Arc<Clients>,
    buckets: Arc<TokenBuckets>,
    /// The region that is asked, for the pace; empty for global services.
    region: String,
}

/// The clients of an account, by service and region: making one costs more than a call.
#[derive(Default)]
struct Clients(Mutex<BTreeMap<(&'static str, String), Client>>);

/// A client of any service.
type Client = Box<dyn Any + Send + Sync>;

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

impl Clients {
    fn of<C: Clone + Send + Sync + 'static>(
        &self,
        service: &'static str,
        region: &str,
        make: impl FnOnce() -> C,
    ) -> C {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (service, region.to_owned());
        if let Some(client) = clients.get(&key).and_then(|client| client.downcast_ref::<C>()) {
            return client.clone();
        }
        let client = make();
        clients.insert(key, Box::new(client.clone()));
        client
    }
}

/// Builds a service's client for a region with the shared counter.
macro_rules! client {
    ($name:ident, $service:ident, $prefix:literal, $what:literal) => {
        #[doc = concat!("A client of ", $what, " in a region.")]
        #[must_use]
        pub fn $name(&self, region: &str) -> $service::Client {
            self.clients.of($prefix, region, || {
                let configuration = $service::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(self.connection.counter.telling(self.buckets.of($prefix, region)))
                    .build();
                $service::Client::from_conf(configuration)
            })
        }
    };
}

impl Access {
    fn new(connection: Arc<Connection>, config: SdkConfig) -> Self {
        Self { connection, config, clients: Arc::default(), buckets: Arc::default(), region: String::new() }
    }

    /// The same access for calls to one region: they wait for the token buckets of that region.
    #[must_use]
    pub fn at(&self, region: &str) -> Self {
        Self { region: region.to_owned(), ..self.clone() }
    }

    /// Waits for the turn of one call of an operation, by what its service allows in the account and region.
    async fn turn(&self, operation: &str) -> Result<TokenBucket, Failure> {
        if !self.connection.wanted.includes(operation) {
            return Err(Failure::not_asked(operation));
        }
        let service = operation.split(':').next().unwrap_or_default();
        let bucket = self.buckets.of(service, &self.region);
        bucket.take().await;
        Ok(bucket)
    }

    client!(athena, aws_sdk_athena, "athena", "Athena");
    client!(cloudtrail, aws_sdk_cloudtrail, "cloudtrail", "CloudTrail");
    client!(cloudwatch, aws_sdk_cloudwatch, "cloudwatch", "CloudWatch");
    client!(ec2, aws_sdk_ec2, "ec2", "EC2");
    client!(eventbridge, aws_sdk_eventbridge, "events", "EventBridge");
    client!(guardduty, aws_sdk_guardduty, "guardduty", "GuardDuty");
    client!(macie, aws_sdk_macie2, "macie2", "Macie");
    client!(kms, aws_sdk_kms, "kms", "KMS");
    client!(lambda, aws_sdk_lambda, "lambda", "Lambda");
    client!(logs, aws_sdk_cloudwatchlogs, "logs", "CloudWatch Logs");
    client!(organizations, aws_sdk_organizations, "organizations", "Organizations");
    client!(s3, aws_sdk_s3, "s3", "S3");
    client!(security_hub, aws_sdk_securityhub, "securityhub", "Security Hub");
    client!(sns, aws_sdk_sns, "sns", "SNS");
    client!(sqs, aws_sdk_sqs, "sqs", "SQS");
    client!(sts, aws_sdk_sts, "sts", "STS");

    /// A client of S3 Control in a region. Its endpoint rules put the account id before the host, which an emulator's IP
    /// address does not survive: with a custom endpoint the id is taken away again.
    #[must_use]
    pub fn s3control(&self, region: &str) -> aws_sdk_s3control::Client {
        self.clients.of("s3control", region, || {
            let mut configuration = aws_sdk_s3control::config::Builder::from(&self.config)
                .region(Region::new(region.to_owned()))
                .interceptor(self.connection.counter.telling(self.buckets.of("s3control", region)));
            if let Some(endpoint) = &self.connection.custom_endpoint {
                configuration = configuration.interceptor(FixedEndpoint(endpoint.clone()));
            }
            aws_sdk_s3control::Client::from_conf(configuration.build())
        })
    }

    /// Makes one call: waits for its turn, and names the operation in the failure.
    ///
    /// # Errors
    /// The call failed after the SDK's retries, or nobody wants its answer.
    pub async fn call<T, E>(
        &self,
        operation: &str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + std::fmt::Debug + 'static,
    {
        self.turn(operation).await?;
        let _permit = self.connection.pace.permit().await;
        let answer = call.await.map_err(|error| Failure::new(operation, error));
        if let Err(failure) = &answer {
            tracing::debug!(operation, code = failure.code(), "call failed");
        }
        answer
    }

    /// Walks all pages of a list.
    ///
    /// # Errors
    /// Any page failed, or a page token was repeated: a partial list is not a list.
    pub async fn pages<T, E>(
        &self,
        operation: &str,
        mut pages: aws_smithy_async::future::pagination_stream::PaginationStream<
            Result<T, SdkError<E, HttpResponse>>,
        >,
    ) -> Result<Vec<T>, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + std::fmt::Debug + 'static,
    {
        let mut all = Vec::new();
        loop {
            let bucket = self.turn(operation).await?;
            let page = {
                let _permit = self.connection.pace.permit().await;
                pages.try_next().await.map_err(|error| Failure::new(operation, error))?
            };
            match page {
                Some(page) => all.push(page),
                None => {
                    bucket.give_back();
                    return Ok(all);
                }
            }
        }
    }

    /// The same access, which never sends a request twice: a write whose answer was lost is looked at, not repeated.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        let config = self.config.to_builder().retry_config(RetryConfig::disabled()).build();
        Self { config, clients: Arc::default(), ..self.clone() }
    }

    /// Access to another account by assuming a role in it.
    ///
    /// # Errors
    /// The role cannot be assumed.
    pub async fn assume_role(&self, role: AssumedRole, region: &str) -> Result<Self, Failure> {
        let source = RoleCredentials { hub: self.clone(), role, region: region.to_owned() };
        // Asked once here, so that an account that cannot be entered is known before any other call is tried.
        let first = source.assume().await?;
        let config = self
            .config
            .to_builder()
            .credentials_provider(provider::SharedCredentialsProvider::new(source.starting_with(first)))
            .build();
        Ok(Self::new(Arc::clone(&self.connection), config))
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

/// Assumes a role again whenever the SDK finds its credentials about to end.
#[derive(Debug)]
struct RoleCredentials {
    hub: Access,
    role: AssumedRole,
    region: String,
}

impl RoleCredentials {
    async fn assume(&self) -> Result<Credentials, Failure> {
        const OPERATION: &str = "sts:AssumeRole";
        let request = self
            .hub
            .sts(&self.region)
            .assume_role()
            .role_arn(&self.role.arn)
            .role_session_name("exfilguard")
            .set_external_id(self.role.external_id.clone());
        let answer = self.hub.call(OPERATION, request.send()).await?;
        let credentials = answer.credentials.ok_or_else(|| Failure {
            unreadable: crate::snapshot::Unreadable {
                operation: OPERATION.to_owned(),
                code: "NoCredentials".to_owned(),
                message: "the answer holds no credentials".to_owned(),
            },
            status: None,
        })?;
        Ok(Credentials::new(
            credentials.access_key_id,
            credentials.secret_access_key,
            Some(credentials.session_token),
            std::time::SystemTime::try_from(credentials.expiration).ok(),
            "exfilguard",
        ))
    }

    fn starting_with(self, first: Credentials) -> StartingWith {
        StartingWith { first: std::sync::Mutex::new(Some(first)), then: self }
    }
}

/// Gives the credentials that were already fetched once, then fetches.
#[derive(Debug)]
struct StartingWith {
    first: std::sync::Mutex<Option<Credentials>>,
    then: RoleCredentials,
}

impl ProvideCredentials for StartingWith {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let first = self.first.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        match first {
            Some(credentials) => future::ProvideCredentials::ready(Ok(credentials)),
            None => future::ProvideCredentials::new(async move {
                self.then.assume().await.map_err(|failure| {
                    provider::error::CredentialsError::provider_error(failure.unreadable.clause())
                })
            }),
        }
    }
}

/// Sends a request to the custom endpoint's host, keeping its path and query.
#[derive(Debug)]
struct FixedEndpoint(String);

impl Intercept for FixedEndpoint {
    fn name(&self) -> &'static str {
        "FixedEndpoint"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let path = request.uri().splitn(4, '/').nth(3).unwrap_or_default().to_owned();
        request.set_uri(format!("{}/{path}", self.0.trim_end_matches('/')))?;
        Ok(())
    }
}
