//! Reading AWS and judging at the same time, account by account.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use futures::stream::{self, StreamExt as _};

use super::assembly::{Kept, Sink};
use super::judge::{Judge, Judgement};
use super::pool::{Pool, Surroundings};
use super::state::{State, StateError};
use super::stop::Stop;
use super::{Start, judge};
use crate::collect::{ACCOUNTS_AT_ONCE, Collector, Planned};
use crate::snapshot::{AccountSnapshot, Header, SCHEMA, SnapshotError, SnapshotWriter};

/// A live audit could not be carried through.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The snapshot cannot be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// What was read cannot be kept in the state folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// The system refuses to start a thread.
    #[error("cannot start a worker thread")]
    Thread(#[source] std::io::Error),
}

/// A live audit: who reads, and what hears of each account.
pub struct LiveAudit<'a> {
    /// Reads the accounts.
    pub collector: &'a Arc<Collector>,
    /// When the audit began.
    pub start: &'a Start,
    /// Where to keep what is read.
    pub save_snapshot: Option<&'a Path>,
    /// Where each finished account is kept, so that another process can go on.
    pub state: Option<&'a State>,
    /// Whether the run is to end before everything is read.
    pub stop: Stop,
    /// Hears the id of each account that was read.
    pub done: &'a (dyn Fn(&str) + Sync),
}

/// The accounts that others are judged by, read first, and the plan for the rest.
struct Beginning {
    hubs: BTreeMap<String, AccountSnapshot>,
    planned: Vec<Planned>,
}

impl<'a> LiveAudit<'a> {
    /// An audit that keeps nothing on disk and runs to its end.
    #[must_use]
    pub fn new(collector: &'a Arc<Collector>, start: &'a Start, done: &'a (dyn Fn(&str) + Sync)) -> Self {
        Self { collector, start, save_snapshot: None, state: None, stop: Stop::never(), done }
    }

    /// Reads and judges every account in scope, in memory.
    ///
    /// # Errors
    /// The snapshot or the state cannot be written, or no thread can be started.
    pub async fn judge(&self, judge: &Arc<Judge>) -> Result<Vec<Judgement>, LiveError> {
        let kept = Arc::new(Kept::default());
        let sink: Arc<dyn Sink> = Arc::<Kept>::clone(&kept);
        self.judge_into(judge, &sink).await?;
        Ok(kept.into_judgements())
    }

    /// Reads and judges every account in scope, or what can be until the run is to end. What was judged goes into the sink,
    /// accounts that were not come to as such. Returns whether the run ended before everything was read.
    ///
    /// # Errors
    /// The snapshot or the state cannot be written, or no thread can be started.
    pub async fn judge_into(&self, judge: &Arc<Judge>, sink: &Arc<dyn Sink>) -> Result<bool, LiveError> {
        let beginning = tokio::select! {
            beginning = self.begin() => beginning?,
            () = self.stop.requested() => {
                let planned = self.collector.planned();
                planned.iter().filter(|p| p.in_scope).map(judge::not_come_to).for_each(|j| sink.take(j));
                return Ok(true);
            }
        };
        let Beginning { hubs, planned } = beginning;
        let mut writer = self.writer(&hubs, &planned)?;
        let organization = self.collector.organization().clone();
        let surroundings = Arc::new(Surroundings::new(organization, hubs));
        let pool = Pool::start(judge, &surroundings, sink).map_err(LiveError::Thread)?;
        let sender = pool.sender();
        let mut left: BTreeSet<&str> = planned.iter().filter(|p| p.in_scope).map(|p| p.id.as_str()).collect();
        let written = self
            .each(&surroundings.hubs, &planned, async |account: AccountSnapshot| {
                if let Some(writer) = &mut writer {
                    writer.account(&account)?;
                }
                if left.remove(account.id.as_str()) {
                    // The workers live until the sender is dropped.
                    let _sent = sender.send(Arc::new(account)).await;
                }
                Ok(())
            })
            .await;
        drop(sender);
        // Joining threads blocks: not on the runtime's own threads.
        _ = tokio::task::spawn_blocking(|| pool.finish()).await;
        written?;
        let interrupted = !left.is_empty();
        if interrupted {
            // A part of a snapshot is no snapshot: the temporary file goes.
            drop(writer);
            let missed = planned.iter().filter(|planned| left.contains(planned.id.as_str()));
            missed.map(judge::not_come_to).for_each(|judgement| sink.take(judgement));
        } else {
            if let Some(writer) = writer {
                writer.finish()?;
            }
            if let Some(state) = self.state {
                tokio::task::block_in_place(|| state.finish())?;
            }
        }
        Ok(interrupted)
    }

    /// Reads an account, unless it was read before.
    async fn read(&self, planned: &Planned) -> Result<AccountSnapshot, StateError> {
        let Some(state) = self.state else { return Ok(self.collector.collect(planned).await) };
        // Reading and writing a file blocks; the other threads of the runtime go on.
        if let Some(account) = tokio::task::block_in_place(|| state.account(&planned.id))? {
            return Ok(account);
        }
        let account = self.collector.collect(planned).await;
        tokio::task::block_in_place(|| state.put(&account, &self.collector.counts()))?;
        Ok(account)
    }

    /// Management account first; then GuardDuty's administrators and whoever owns a log group of the management account's
    /// trails, because those log groups are only known then.
    async fn begin(&self) -> Result<Beginning, LiveError> {
        let mut planned = self.collector.planned();
        let hubs = self.collector.first_hubs();
        let organization = self.collector.organization();
        let identity = organization.identity.known().and_then(Option::as_ref);
        let management = identity.map(|identity| identity.management_account.clone());
        let mut read = BTreeMap::new();
        self.read_into(&mut read, &planned, |p| Some(&p.id) == management.as_ref()).await?;
        let owners = self.collector.log_group_owners(&mut planned, read.values());
        let first: BTreeSet<String> = read.keys().cloned().collect();
        self.read_into(&mut read, &planned, |p| {
            !first.contains(&p.id) && (hubs.contains(&p.id) || owners.contains(&p.id))
        })
        .await?;
        Ok(Beginning { hubs: read, planned })
    }

    async fn read_into(
        &self,
        read: &mut BTreeMap<String, AccountSnapshot>,
        planned: &[Planned],
        which: impl Fn(&Planned) -> bool,
    ) -> Result<(), LiveError> {
        let mut accounts = stream::iter(planned.iter().filter(|p| which(p)))
            .map(|planned| self.read(planned))
            .buffer_unordered(ACCOUNTS_AT_ONCE);
        while let Some(account) = accounts.next().await {
            let account = account?;
            (self.done)(&account.id);
            read.insert(account.id.clone(), account);
        }
        Ok(())
    }

    /// Hands on the hubs, then each other account as it is read: in order of id where a snapshot is written, as they come
    /// elsewhere. Ends early when the run is to end.
    async fn each(
        &self,
        hubs: &BTreeMap<String, AccountSnapshot>,
        planned: &[Planned],
        mut hand_on: impl AsyncFnMut(AccountSnapshot) -> Result<(), LiveError>,
    ) -> Result<(), LiveError> {
        for hub in hubs.values() {
            hand_on(hub.clone()).await?;
        }
        let others = planned.iter().filter(|p| p.in_scope && !hubs.contains_key(&p.id));
        let reads = stream::iter(others).map(|planned| self.read(planned));
        let mut accounts = if self.save_snapshot.is_some() {
            reads.buffered(ACCOUNTS_AT_ONCE).left_stream()
        } else {
            reads.buffer_unordered(ACCOUNTS_AT_ONCE).right_stream()
        };
        loop {
            let next = tokio::select! {
                next = accounts.next() => next,
                () = self.stop.requested() => return Ok(()),
            };
            let Some(account) = next.transpose()? else { return Ok(()) };
            (self.done)(&account.id);
            hand_on(account).await?;
        }
    }

    fn writer(
        &self,
        hubs: &BTreeMap<String, AccountSnapshot>,
        planned: &[Planned],
    ) -> Result<Option<SnapshotWriter>, SnapshotError> {
        let Some(path) = self.save_snapshot else { return Ok(None) };
        let header = Header {
            schema: SCHEMA.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            recorded_at: self.start.rfc3339(),
            scope: planned.iter().filter(|p| p.in_scope).map(|p| p.id.clone()).collect(),
            hubs: hubs.keys().cloned().collect(),
            asked: self.collector.wanted().operations(),
            organization: self.collector.organization().clone(),
        };
        SnapshotWriter::create(path, &header).map(Some)
    }
}

/// Reads AWS and saves what was read, without judging it. Returns how many accounts were written.
///
/// # Errors
/// The snapshot cannot be written.
pub async fn collect_snapshot(audit: &LiveAudit<'_>) -> Result<usize, LiveError> {
    let Beginning { hubs, planned } = audit.begin().await?;
    let Some(mut writer) = audit.writer(&hubs, &planned)? else { return Ok(0) };
    let mut written = 0;
    audit
        .each(&hubs, &planned, async |account: AccountSnapshot| {
            written += 1;
            Ok(writer.account(&account)?)
        })
        .await?;
    writer.finish()?;
    Ok(written)
}
