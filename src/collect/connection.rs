//! The one place for credentials, HTTP, retries, time-outs and clients.

use std::any::Any;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket as RetryQuota};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::app_name::AppName;

use super::calls::{CallCounter, CallCounts, Pace, WholeAnswers, with_last_attempt};
use super::credentials::{AssumedRole, Renewable, RetryRenewed, RoleCredentials};
use super::environment::{Environment, EnvironmentError};
use super::failure::Failure;
use super::pages::{Walk, WalkInCircles};
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
    /// How long one call may take, its repetitions included.
    pub call_timeout: Duration,
    /// The operations that are asked at all.
    pub wanted: Wanted,
}

impl ConnectionOptions {
    /// How long one call may take if nothing else is said.
    pub const CALL_TIMEOUT: Duration = Duration::from_secs(120);

    /// A quarter of the time for each attempt, so that an answer that never comes is asked for again.
    fn timeouts(&self) -> TimeoutConfig {
        let attempt = self.call_timeout / 4;
        TimeoutConfig::builder()
            .connect_timeout(attempt.min(Duration::from_secs(5)))
            .read_timeout(attempt * 2 / 3)
            .operation_attempt_timeout(attempt)
            .operation_timeout(self.call_timeout)
            .build()
    }
}

/// One HTTP client, one pace and one call counter, shared by all accounts.
#[derive(Debug)]
pub struct Connection {
    base: SdkConfig,
    pace: Pace,
    counter: CallCounter,
    custom_endpoint: Option<String>,
    wanted: Wanted,
    notes: Vec<String>,
}

impl Connection {
    /// Reads the environment and the AWS configuration files; makes no call.
    ///
    /// # Errors
    /// A variable of the environment cannot be used.
    pub async fn open(options: &ConnectionOptions) -> Result<Arc<Self>, EnvironmentError> {
        let environment = Environment::read(options.endpoint_url.is_some()).await?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(5))
            .timeout_config(options.timeouts());
        // A SOC sees who is asking: an audit looks like reconnaissance.
        if let Ok(name) = AppName::new(concat!("exfilguard-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let base = loader.http_client(OnePool(http_client(&environment))).load().await;
        let custom_endpoint = base.endpoint_url().map(str::to_owned);
        let concurrency = options.max_concurrency.min(environment.connections.unwrap_or(usize::MAX));
        Ok(Arc::new(Self {
            base,
            pace: Pace::new(concurrency, options.max_calls_per_second),
            counter: CallCounter::default(),
            custom_endpoint,
            wanted: options.wanted.clone(),
            notes: environment.notes,
        }))
    }

    /// What the person should know of the environment, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
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
        let provider = self.base.credentials_provider();
        let credentials = provider.map(|provider| Renewable::new(provider, None));
        Access::new(Arc::clone(self), &self.base, credentials)
    }
}

/// The HTTP client of all services and accounts, so that a connection that one has done with serves the next one. The SDK
/// would make one of its own, with its own connections and its own copy of the authorities, for each client of a service.
#[derive(Debug)]
struct OnePool(SharedHttpClient);

impl HttpClient for OnePool {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    // The SDK's validates by building a connector, only to drop it, with every client of a service.

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

/// The SDK's own HTTP client, which also knows `AWS_CA_BUNDLE`, and keeps few connections where few files may be open.
fn http_client(environment: &Environment) -> SharedHttpClient {
    let (authorities, few) = (environment.authorities.clone(), environment.connections.is_some());
    Builder::new().build_with_connector_fn(move |settings, components| {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let mut connector = ConnectorBuilder::default().tls_provider(provider);
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        if let Some(authorities) = &authorities {
            let trusted = TrustStore::empty().with_pem_certificate(authorities.clone());
            // Without additional server names nothing can be wrong with it; the SDK's own would be used then.
            if let Ok(context) = TlsContext::builder().with_trust_store(trusted).build() {
                connector = connector.tls_context(context);
            }
        }
        if few {
            connector.set_pool_idle_timeout(Some(Some(Duration::from_secs(1))));
            connector.set_pool_max_idle_per_host(Some(2));
        }
        connector.build()
    })
}

/// Access to one account: the connection with that account's credentials.
#[derive(Debug, Clone)]
pub struct Access {
    connection: Arc<Connection>,
    config: SdkConfig,
    credentials: Option<Renewable>,
    clients: Arc<Clients>,
    buckets: Arc<TokenBuckets>,
    /// The region that is asked, for the pace; empty for global services.
    region: String,
    /// The region to which S3 sent a call on.
    redirected: Arc<OnceLock<String>>,
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

/// What the clients of all services have in common, as a builder of the service's configuration.
macro_rules! configuration {
    ($access:ident, $service:ident, $prefix:literal, $region:ident) => {{
        let access: &Access = $access;
        let mut configuration = $service::config::Builder::from(&access.config)
            .region(Region::new($region.to_owned()))
            // The SDK would count the repetitions of all accounts together: an account that is throttled, or broken, would
            // take the others' from them.
            .retry_partition(RetryPartition::custom($prefix).token_bucket(RetryQuota::default()).build())
            .interceptor(access.connection.counter.telling(access.buckets.of($prefix, $region)))
            .interceptor(WholeAnswers)
            .interceptor(WalkInCircles);
        if let Some(credentials) = &access.credentials {
            configuration = configuration.interceptor(credentials.clone()).retry_classifier(RetryRenewed);
        }
        configuration
    }};
}

/// A method that gives a service's client for a region.
macro_rules! client {
    ($name:ident, $service:ident, $prefix:literal, $what:literal) => {
        #[doc = concat!("A client of ", $what, " in a region.")]
        #[must_use]
        pub fn $name(&self, region: &str) -> $service::Client {
            self.clients.of($prefix, region, || {
                $service::Client::from_conf(configuration!(self, $service, $prefix, region).build())
            })
        }
    };
}

impl Access {
    fn new(connection: Arc<Connection>, config: &SdkConfig, credentials: Option<Renewable>) -> Self {
        // The credentials are kept by `Renewable`, which the SDK's cache would only hide.
        let mut builder = config.to_builder().identity_cache(IdentityCache::no_cache());
        builder.set_credentials_provider(credentials.clone().map(SharedCredentialsProvider::new));
        Self {
            connection,
            config: builder.build(),
            credentials,
            clients: Arc::default(),
            buckets: Arc::default(),
            region: String::new(),
            redirected: Arc::default(),
        }
    }

    /// The same access for calls to one region: they wait for the token buckets of that region.
    #[must_use]
    pub fn at(&self, region: &str) -> Self {
        Self { region: region.to_owned(), redirected: Arc::default(), ..self.clone() }
    }

    /// The region that S3 named when it sent a call on, since [`Access::at`].
    #[must_use]
    pub fn redirected_to(&self) -> Option<&str> {
        self.redirected.get().map(String::as_str).filter(|region| *region != self.region)
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
            let mut configuration = configuration!(self, aws_sdk_s3control, "s3control", region);
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
        let (answer, last) = with_last_attempt(call).await;
        let answer = answer.map_err(|error| Failure::new(operation, error).after(last));
        if let Err(failure) = &answer {
            tracing::debug!(operation, code = failure.code(), "call failed");
            if let Some(region) = &failure.bucket_region {
                _ = self.redirected.set(region.clone());
            }
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
        pages: aws_smithy_async::future::pagination_stream::PaginationStream<
            Result<T, SdkError<E, HttpResponse>>,
        >,
    ) -> Result<Vec<T>, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + std::fmt::Debug + 'static,
    {
        self.pages_shown(operation, pages, |_| ()).await
    }

    /// The same, and shows each page as it comes to who can use a part of the list already.
    ///
    /// # Errors
    /// Those of [`Access::pages`].
    pub async fn pages_shown<T, E>(
        &self,
        operation: &str,
        mut pages: aws_smithy_async::future::pagination_stream::PaginationStream<
            Result<T, SdkError<E, HttpResponse>>,
        >,
        mut show: impl FnMut(&T),
    ) -> Result<Vec<T>, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + std::fmt::Debug + 'static,
    {
        let mut all = Vec::new();
        let walk = Walk::default();
        loop {
            let bucket = self.turn(operation).await?;
            let page = {
                let _permit = self.connection.pace.permit().await;
                walk.step(pages.try_next()).await.map_err(|error| Failure::new(operation, error))?
            };
            match page {
                Some(page) => {
                    show(&page);
                    all.push(page);
                }
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
        let source = RoleCredentials::new(self.clone(), role, region);
        // Asked once here, so that an account that cannot be entered is known before any other call is tried.
        let first = {
            let _bucket = self.turn(RoleCredentials::OPERATION).await?;
            let _permit = self.connection.pace.permit().await;
            source.assume().await?
        };
        let credentials = Renewable::new(SharedCredentialsProvider::new(source), Some(first));
        Ok(Self::new(Arc::clone(&self.connection), &self.config, Some(credentials)))
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
