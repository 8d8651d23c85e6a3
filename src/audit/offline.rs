//! Judging a saved snapshot: no network.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::judge::{Judge, Judgement};
use super::pool::{Pool, Surroundings};
use super::wanted::unasked;
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

/// Judges every account of a snapshot that is in scope. `done` hears of each account.
///
/// # Errors
/// The file is damaged, or no thread can be started.
pub fn offline(
    mut reader: SnapshotReader,
    judge: &Arc<Judge>,
    done: impl Fn(&str),
) -> Result<(Organization, Vec<Judgement>), OfflineError> {
    let header = reader.header().clone();
    let mut hubs: BTreeMap<String, AccountSnapshot> = BTreeMap::new();
    while hubs.len() < header.hubs.len() {
        let Some(account) = reader.next().transpose()? else { break };
        hubs.insert(account.id.clone(), account);
    }
    let in_scope = |account: &AccountSnapshot| header.scope.contains(&account.id);
    let surroundings = Arc::new(Surroundings::new(header.organization.clone(), hubs));
    let pool = Pool::start(judge, &surroundings).map_err(OfflineError::Thread)?;
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
    let mut judgements = pool.finish();
    // It is said once, as a gap of the whole.
    if let Some(first) = judgements.first_mut() {
        first.incomplete.extend(unasked(&header, judge));
    }
    match damaged {
        Some(error) => Err(error.into()),
        None => Ok((header.organization, judgements)),
    }
}
