//! Reading AWS and judging at the same time, account by account.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use futures::stream::{self, StreamExt as _};

use super::Start;
use super::judge::{Judge, Judgement};
use super::pool::{Pool, Surroundings};
use crate::collect::{Collector, Planned};
use crate::snapshot::{AccountSnapshot, Header, SCHEMA, SnapshotError, SnapshotWriter};

/// Accounts that are read at once.
const ACCOUNTS_AT_ONCE: usize = 8;

/// A live audit could not be carried through.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The snapshot cannot be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The system refuses to start a thread.
    #[error("cannot start a worker thread")]
    Thread(#[source] std::io::Error),
}

/// A live audit: who reads, and what hears of each account.
pub struct LiveAudit<'a> {
    /// Reads the accounts.
    pub collector: &'a Collector,
    /// When the audit began.
    pub start: &'a Start,
    /// Where to keep what is read.
    pub save_snapshot: Option<&'a Path>,
    /// Hears the id of each account that was read.
    pub done: &'a (dyn Fn(&str) + Sync),
}

/// The accounts that others are judged by, read first, and the plan for the rest.
struct Beginning {
    hubs: BTreeMap<String, AccountSnapshot>,
    planned: Vec<Planned>,
}

impl LiveAudit<'_> {
    /// Reads and judges every account in scope.
    ///
    /// # Errors
    /// The snapshot cannot be written, or no thread can be started.
    pub async fn judge(&self, judge: &Arc<Judge>) -> Result<Vec<Judgement>, LiveError> {
        let Beginning { hubs, planned } = self.begin().await;
        let mut writer = self.writer(&hubs, &planned)?;
        let organization = self.collector.organization().clone();
        let surroundings = Arc::new(Surroundings::new(organization, hubs));
        let pool = Pool::start(judge, &surroundings).map_err(LiveError::Thread)?;
        let sender = pool.sender();
        let in_scope: BTreeSet<&str> = planned.iter().filter(|p| p.in_scope).map(|p| p.id.as_str()).collect();
        let written = self
            .each(&surroundings.hubs, &planned, async |account: AccountSnapshot| {
                if let Some(writer) = &mut writer {
                    writer.account(&account)?;
                }
                if in_scope.contains(account.id.as_str()) {
                    // The workers live until the sender is dropped.
                    let _sent = sender.send(Arc::new(account)).await;
                }
                Ok(())
            })
            .await;
        drop(sender);
        // Joining threads blocks: not on the runtime's own threads.
        let judgements = tokio::task::spawn_blocking(|| pool.finish()).await.unwrap_or_default();
        written?;
        if let Some(writer) = writer {
            writer.finish()?;
        }
        Ok(judgements)
    }

    /// Management account first; then GuardDuty's administrators and whoever owns a log group of the management account's
    /// trails, because those log groups are only known then.
    async fn begin(&self) -> Beginning {
        let mut planned = self.collector.planned();
        let hubs = self.collector.first_hubs();
        let organization = self.collector.organization();
        let identity = organization.identity.known().and_then(Option::as_ref);
        let management = identity.map(|identity| identity.management_account.clone());
        let mut read = BTreeMap::new();
        self.read_into(&mut read, &planned, |p| Some(&p.id) == management.as_ref()).await;
        let owners = self.collector.log_group_owners(&mut planned, read.values());
        let first: BTreeSet<String> = read.keys().cloned().collect();
        self.read_into(&mut read, &planned, |p| {
            !first.contains(&p.id) && (hubs.contains(&p.id) || owners.contains(&p.id))
        })
        .await;
        Beginning { hubs: read, planned }
    }

    async fn read_into(
        &self,
        read: &mut BTreeMap<String, AccountSnapshot>,
        planned: &[Planned],
        which: impl Fn(&Planned) -> bool,
    ) {
        let accounts: Vec<AccountSnapshot> = stream::iter(planned.iter().filter(|p| which(p)))
            .map(|planned| self.collector.collect(planned))
            .buffered(ACCOUNTS_AT_ONCE)
            .collect()
            .await;
        for account in accounts {
            (self.done)(&account.id);
            read.insert(account.id.clone(), account);
        }
    }

    /// Hands on the hubs, then each other account as it is read, in order of id.
    async fn each(
        &self,
        hubs: &BTreeMap<String, AccountSnapshot>,
        planned: &[Planned],
        mut hand_on: impl AsyncFnMut(AccountSnapshot) -> Result<(), SnapshotError>,
    ) -> Result<(), SnapshotError> {
        for hub in hubs.values() {
            hand_on(hub.clone()).await?;
        }
        let others = planned.iter().filter(|p| p.in_scope && !hubs.contains_key(&p.id));
        let mut accounts =
            stream::iter(others).map(|planned| self.collector.collect(planned)).buffered(ACCOUNTS_AT_ONCE);
        while let Some(account) = accounts.next().await {
            (self.done)(&account.id);
            hand_on(account).await?;
        }
        Ok(())
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
    let Beginning { hubs, planned } = audit.begin().await;
    let Some(mut writer) = audit.writer(&hubs, &planned)? else { return Ok(0) };
    let mut written = 0;
    audit
        .each(&hubs, &planned, async |account: AccountSnapshot| {
            written += 1;
            writer.account(&account)
        })
        .await?;
    writer.finish()?;
    Ok(written)
}
