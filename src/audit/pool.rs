//! Judging on worker threads: never on the async runtime, and with bounded memory.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::assembly::Sink;
use super::judge::{Judge, Judgement};
use crate::facts::{Context, Guardrails};
use crate::snapshot::{AccountSnapshot, Organization};

/// What every account is judged against, shared by the workers.
#[derive(Debug)]
pub struct Surroundings {
    /// What was read once for the organization.
    pub organization: Organization,
    /// The accounts that others are judged by.
    pub hubs: BTreeMap<String, AccountSnapshot>,
    guardrails: Guardrails,
}

impl Surroundings {
    /// Parses the organization's policies once for all accounts.
    #[must_use]
    pub fn new(organization: Organization, hubs: BTreeMap<String, AccountSnapshot>) -> Self {
        let guardrails = Guardrails::of(&organization);
        Self { organization, hubs, guardrails }
    }
}

/// Worker threads that judge accounts as they arrive.
#[derive(Debug)]
pub struct Pool {
    sender: mpsc::Sender<Arc<AccountSnapshot>>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Starts a worker per core; each hands on what it judged at once.
    ///
    /// # Errors
    /// The system refuses to start a thread.
    pub fn start(
        judge: &Arc<Judge>,
        surroundings: &Arc<Surroundings>,
        sink: &Arc<dyn Sink>,
    ) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (sender, receiver) = mpsc::channel(cores * 2);
        let receiver = Arc::new(Mutex::new(receiver));
        let mut workers = Vec::with_capacity(cores);
        for _ in 0..cores {
            let (judge, surroundings) = (Arc::clone(judge), Arc::clone(surroundings));
            let (receiver, sink) = (Arc::clone(&receiver), Arc::clone(sink));
            let worker = std::thread::Builder::new().name("judge".to_owned());
            workers.push(worker.spawn(move || work(&judge, &surroundings, &receiver, sink.as_ref()))?);
        }
        Ok(Self { sender, workers })
    }

    /// Where accounts are put in. Full while the workers are busy: reading then waits.
    #[must_use]
    pub fn sender(&self) -> mpsc::Sender<Arc<AccountSnapshot>> {
        self.sender.clone()
    }

    /// Waits for the workers.
    pub fn finish(self) {
        drop(self.sender);
        for worker in self.workers {
            // A worker only ends by a panic if the containment below fails; what others judged is kept.
            _ = worker.join();
        }
    }
}

fn work(
    judge: &Judge,
    surroundings: &Surroundings,
    receiver: &Mutex<mpsc::Receiver<Arc<AccountSnapshot>>>,
    sink: &dyn Sink,
) {
    let context = Context {
        organization: &surroundings.organization,
        hubs: &surroundings.hubs,
        policy: judge.policy(),
        guardrails: &surroundings.guardrails,
    };
    let mut worker = judge.worker();
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(account) = next else { return };
        // One account's failure never ends the others' audit.
        let judgement = catch_unwind(AssertUnwindSafe(|| worker.account(&account, &context)));
        sink.take(judgement.unwrap_or_else(|_| {
            // Whatever state the panic left behind is thrown away.
            worker = judge.worker();
            Judgement::defective(&account)
        }));
    }
}
