//! What `audit` and `snapshot collect` share: how AWS is entered.

use std::sync::Arc;
use std::time::Duration;

use miette::miette;

use super::Failure;
use super::arguments::LiveArguments;
use super::console::Console;
use crate::audit::Stopper;
use crate::collect::{Collector, Connection, ConnectionOptions, EnvironmentError, Scope, StartError, Wanted};
use crate::policy::PolicyFile;

/// The scope of a run: the command line first, then the policy file.
#[must_use]
pub fn scope(arguments: &LiveArguments, policy: &PolicyFile) -> Scope {
    let file = &policy.organization;
    let or = |given: &[String], file: &[String]| {
        if given.is_empty() { file.to_vec() } else { given.to_vec() }
    };
    // An account that the command line names is wanted, whatever the file leaves out.
    let mut left_out = or(&arguments.exclude_accounts, &file.exclude_accounts);
    if arguments.exclude_accounts.is_empty() {
        left_out.retain(|account| !arguments.accounts.contains(account));
    }
    let external_id = file.external_id.as_ref().map(|secret| secret.reveal().to_owned());
    Scope {
        accounts: arguments.accounts.clone(),
        organizational_units: arguments.organizational_units.clone(),
        exclude_accounts: left_out,
        regions: or(&arguments.regions, &file.regions),
        role: arguments.role.clone().unwrap_or_else(|| file.role.clone()),
        external_id: arguments.external_id.clone().or(external_id),
        shard: None,
    }
}

/// The connection to AWS, to ask what is wanted.
pub async fn connection(arguments: &LiveArguments, wanted: Wanted) -> Result<Arc<Connection>, Failure> {
    let options = ConnectionOptions {
        endpoint_url: arguments.endpoint_url.clone(),
        max_concurrency: usize::from(arguments.max_concurrency),
        max_calls_per_second: arguments.max_calls_per_second,
        call_timeout: Duration::from_secs(u64::from(arguments.call_timeout)),
        wanted,
    };
    Connection::open(&options).await.map_err(misled)
}

/// Enters AWS, to ask what is wanted.
pub async fn enter(
    arguments: &LiveArguments,
    scope: Scope,
    wanted: Wanted,
) -> Result<Arc<Collector>, Failure> {
    let connection = connection(arguments, wanted).await?;
    Collector::start(connection, scope).await.map(Arc::new).map_err(refused)
}

/// Why AWS cannot be entered, and what to do about it.
pub fn refused(error: StartError) -> Failure {
    let report = match error.advice() {
        Some(advice) => miette!(help = advice, "{error}"),
        None => miette!("{error}"),
    };
    match error {
        StartError::NothingInScope(_) | StartError::OtherCaller { .. } => Failure::usage(report),
        StartError::Caller(_) => Failure::no_entry(report),
    }
}

/// A variable of the environment that cannot be used.
pub fn misled(error: EnvironmentError) -> Failure {
    let help = format!("correct `{}`, or unset it", error.variable);
    Failure::usage(miette!(help = help, "the environment variable {error}"))
}

/// The asynchronous runtime, and what ends it: the work, or an interrupt.
pub fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    block_on(async {
        tokio::select! {
            outcome = work => outcome,
            () = interrupt() => Err(Failure::interrupted()),
        }
    })
}

/// The same for work that ends by itself when it is told to: the first interrupt tells it, the second ends it at once.
pub fn run_until_told<T>(
    stopper: &Stopper,
    console: &Console,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    block_on(async {
        let interrupts = async {
            interrupt().await;
            console.warn("interrupted: ending with what is done; interrupt again to end at once");
            stopper.stop();
            interrupt().await;
        };
        tokio::select! {
            outcome = work => outcome,
            () = interrupts => Err(Failure::interrupted()),
        }
    })
}

/// The stack of each thread of the runtime, in bytes: what a program's first thread has. Accounts are read in tasks, and the
/// frames of one reading need more than tokio's 2 MiB where nothing is optimized.
const STACK: usize = 8 << 20;

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build().map_err(
            |error| Failure::usage(miette!("the asynchronous runtime cannot be started: {error}")),
        )?;
    let outcome = runtime.block_on(work);
    // Whatever still runs on other threads is not waited for.
    runtime.shutdown_background();
    outcome
}

/// Waits for Ctrl-C or, where there are such things, a request to terminate.
async fn interrupt() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    _ = tokio::signal::ctrl_c().await;
}
