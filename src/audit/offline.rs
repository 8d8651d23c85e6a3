//! Judging a saved snapshot: no network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::assembly::{Kept, Sink};
use super::judge::{Judge, Judgement};
use super::pool::{Pool, Surroundings};
use super::wanted::unasked;
use crate::collect::Shard;
use crate::score::assessment::Incomplete;
use crate::snapshot::{AccountSnapshot, Organization, SnapshotError, SnapshotReader};

/// A snapshot cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The file is not a whole snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The system refuses to start a thread.
    #[error("cannot start a worker thread")]
    Thread(#[source] std::io::Error),
}

/// What is known of a snapshot once its accounts were judged.
#[derive(Debug)]
pub struct Offline {
    /// What was read once for the organization.
    pub organization: Organization,
    /// What the judge needs and the snapshot does not have.
    pub unasked: Vec<Incomplete>,
}

/// Judges every account of a snapshot that is in scope, in memory. `done` hears of each account.
///
/// # Errors
/// The file is damaged, or no thread can be started.
pub fn offline(
    reader: SnapshotReader,
    judge: &Arc<Judge>,
    done: impl Fn(&str),
) -> Result<(Offline, Vec<Judgement>), OfflineError> {
    let kept = Arc::new(Kept::default());
    let sink: Arc<dyn Sink> = Arc::<Kept>::clone(&kept);
    let read = offline_into(reader, judge, None, &sink, done)?;
    Ok((read, kept.into_judgements()))
}

/// Judges every account of a snapshot that is in scope, and in this part of the accounts if there is one; what was judged
/// goes into the sink. `done` hears of each account.
///
/// # Errors
/// The file is damaged, or no thread can be started.
pub fn offline_into(
    mut reader: SnapshotReader,
    judge: &Arc<Judge>,
    shard: Option<Shard>,
    sink: &Arc<dyn Sink>,
    done: impl Fn(&str),
) -> Result<Offline, OfflineError> {
    let header = reader.header().clone();
    let mut hubs: BTreeMap<String, AccountSnapshot> = BTreeMap::new();
    while hubs.len() < header.hubs.len() {
        let Some(account) = reader.next().transpose()? else { break };
        hubs.insert(account.id.clone(), account);
    }
    let scope: BTreeSet<&str> = header.scope.iter().map(String::as_str).collect();
    let in_scope = |account: &AccountSnapshot| {
        scope.contains(account.id.as_str()) && shard.is_none_or(|shard| shard.holds(&account.id))
    };
    let surroundings = Arc::new(Surroundings::new(header.organization.clone(), hubs));
    let pool = Pool::start(judge, &surroundings, sink).map_err(OfflineError::Thread)?;
    let sender = pool.sender();
    let mut damaged = None;
    let first = surroundings.hubs.values().cloned().map(Ok);
    for account in first.chain(&mut reader) {
        match account {
            Ok(account) if in_scope(&account) => {
                done(&account.id);
                // The workers live until the sender is dropped.
                if sender.blocking_send(Arc::new(account)).is_err() {
                    break;
                }
            }
            Ok(_) => {}
            Err(error) => {
                damaged = Some(error);
                break;
            }
        }
    }
    drop(sender);
    pool.finish();
    let unasked = unasked(&header, judge);
    match damaged {
        Some(error) => Err(error.into()),
        None => Ok(Offline { organization: header.organization, unasked }),
    }
}
