//! Reads accounts while the organization is still being listed. Organizations allows about three calls a second, and one lists
//! twenty accounts: a thousand are listed in the time in which some hundred can be read.
//!
//! What was read waits on disk until the plan is known. It is taken only if the plan asks for the very same reading.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::{JoinSet, spawn_blocking};

use super::organization::{Basics, News};
use super::reader::{Planned, Reader};
use super::walk::{ACCOUNTS_AT_ONCE, Scope, administrators, is_suspended, log_groups_elsewhere};
use crate::snapshot::{AccountSnapshot, OrganizationAccount};
use crate::temporary::{Packed, Place, TemporaryRecords};

/// Accounts that were read before the plan was known, and those that are being read.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    begun: Mutex<BTreeMap<String, Begun>>,
    kept: Arc<Waiting>,
}

/// Where accounts wait. Each is put there and got back on a thread that may block, but on few at once: every thread holds on to
/// as much memory as the largest account took that it packed.
#[derive(Debug)]
struct Waiting {
    records: TemporaryRecords,
    at_once: Semaphore,
}

impl Default for Waiting {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { records: TemporaryRecords::default(), at_once: Semaphore::new(processors) }
    }
}

impl Waiting {
    async fn put(self: &Arc<Self>, account: AccountSnapshot) -> io::Result<Place> {
        self.blocking(move |records| records.put(&Packed::of(&account)?)).await
    }

    async fn get(self: &Arc<Self>, place: Place) -> io::Result<AccountSnapshot> {
        self.blocking(move |records| records.get(place)).await
    }

    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&TemporaryRecords) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let _turn = self.at_once.acquire().await.map_err(io::Error::other)?;
        let waiting = Arc::clone(self);
        spawn_blocking(move || work(&waiting.records)).await?
    }
}

/// A reading that was begun. It ends when this is dropped.
#[derive(Debug)]
struct Begun {
    planned: Planned,
    /// One task: reads the account and keeps it.
    task: JoinSet<io::Result<Place>>,
}

/// What is heard until accounts can be read.
#[derive(Default)]
struct Heard {
    basics: Option<(String, Basics)>,
    /// Accounts in scope.
    listed: Vec<OrganizationAccount>,
}

impl Ahead {
    /// Reads accounts as they become known: the management account, which says who else is read in another way, then those
    /// in scope that others are not judged by. Never ends; dropped, it begins no further reading.
    pub(super) async fn read(
        &self,
        mut news: UnboundedReceiver<News>,
        scope: &Scope,
        reader: impl FnOnce(Basics) -> Reader,
    ) -> Infallible {
        let Heard { basics, listed } = hear(&mut news, scope).await;
        // Without an account in scope there is no plan that these readings could be part of.
        let Some((management, basics)) = basics.filter(|_| !listed.is_empty()) else {
            return pending().await;
        };
        let mut others: BTreeSet<String> = administrators(&basics.guardduty_administrators).collect();
        let reader = Arc::new(reader(basics));
        others.extend(self.log_group_owners(&reader, &management).await);
        others.insert(management);
        let slots = Arc::new(Semaphore::new(ACCOUNTS_AT_ONCE));
        let mut listed = listed;
        loop {
            for account in listed {
                // An account may be listed twice; whoever was read is one of the others from then on.
                let other = !others.insert(account.id.clone());
                if other || is_suspended(&account) {
                    continue;
                }
                // It is never closed.
                let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return pending().await };
                let planned = plan(account.id, false);
                self.begin(&reader, &planned, Some(slot), |_| ());
            }
            listed = match news.recv().await {
                Some(News::Accounts(mut accounts)) => {
                    accounts.retain(|account| scope.holds(account));
                    accounts
                }
                Some(News::Basics { .. }) => Vec::new(),
                None => return pending().await,
            };
        }
    }

    /// Reads the management account, and says who owns a log group that its trails deliver to.
    async fn log_group_owners(&self, reader: &Arc<Reader>, management: &str) -> BTreeSet<String> {
        let (tell, owners) = oneshot::channel();
        let tell = |account: &AccountSnapshot| {
            _ = tell.send(log_groups_elsewhere(std::iter::once(account)).into_keys().collect());
        };
        self.begin(reader, &plan(management.to_owned(), true), None, tell);
        // It is always told; else nobody is read in another way than the plan's.
        owners.await.unwrap_or_default()
    }

    /// Begins to read an account, and gives back the slot when it waits on disk.
    fn begin(
        &self,
        reader: &Arc<Reader>,
        planned: &Planned,
        slot: Option<OwnedSemaphorePermit>,
        read: impl FnOnce(&AccountSnapshot) + Send + 'static,
    ) {
        let (reader, kept, account) = (Arc::clone(reader), Arc::clone(&self.kept), planned.clone());
        let mut task = JoinSet::new();
        // In a box: what is left of a task that is done is as large as what it was.
        task.spawn(Box::pin(async move {
            let account = reader.collect(&account).await;
            read(&account);
            let place = kept.put(account).await;
            drop(slot);
            place
        }));
        let begun = Begun { planned: planned.clone(), task };
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(planned.id.clone(), begun);
    }

    /// The account, if it was read as it is planned, or is being read. None if it is to be read now; so it is where the disk
    /// did not keep it.
    pub(super) async fn take(&self, planned: &Planned) -> Option<AccountSnapshot> {
        let mut begun =
            self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&planned.id).filter(
                |begun| {
                    let Planned { id: _, name: _, suspended, in_scope: _, hub, log_groups } = &begun.planned;
                    (*suspended, *hub, log_groups) == (planned.suspended, planned.hub, &planned.log_groups)
                },
            )?;
        let place = begun.task.join_next().await?.ok()?.ok()?;
        let account = self.kept.get(place).await.ok()?;
        Some(AccountSnapshot { name: planned.name.clone(), ..account })
    }
}

/// Hears until it is known how accounts are read, and that some are in scope, or until there is nothing more to hear.
async fn hear(news: &mut UnboundedReceiver<News>, scope: &Scope) -> Heard {
    let mut heard = Heard::default();
    while heard.basics.is_none() || heard.listed.is_empty() {
        match news.recv().await {
            Some(News::Basics { management, basics }) => heard.basics = Some((management, basics)),
            Some(News::Accounts(accounts)) => {
                heard.listed.extend(accounts.into_iter().filter(|account| scope.holds(account)));
            }
            None => break,
        }
    }
    heard
}

/// How an account is read before there is a plan. Its name is set from the plan.
fn plan(id: String, hub: bool) -> Planned {
    let (name, log_groups) = (String::new(), BTreeSet::new());
    Planned { id, name, suspended: false, in_scope: true, hub, log_groups }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::collect::account::not_entered;
    use crate::snapshot::Entry;

    const ID: &str = "111122223333";

    /// One account that was read as a hub or as another, or that the disk did not keep.
    async fn read(hub: bool, kept: bool) -> Ahead {
        let ahead = Ahead::default();
        let account = not_entered(ID, "", Entry::Suspended);
        let place = ahead.kept.put(account).await.unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move { if kept { Ok(place) } else { Err(io::ErrorKind::StorageFull.into()) } });
        let begun = Begun { planned: plan(ID.to_owned(), hub), task };
        ahead.begun.lock().unwrap().insert(ID.to_owned(), begun);
        ahead
    }

    #[tokio::test]
    async fn a_reading_is_taken_once_and_under_the_name_of_the_plan() {
        let ahead = read(false, true).await;
        let planned = Planned { name: "ledger".to_owned(), in_scope: false, ..plan(ID.to_owned(), false) };
        let account = ahead.take(&planned).await.unwrap();
        assert_eq!((account.id.as_str(), account.name.as_str()), (ID, "ledger"));
        assert!(ahead.take(&planned).await.is_none());
    }

    #[tokio::test]
    async fn a_reading_that_is_not_the_planned_one_is_not_taken() {
        let group = BTreeSet::from(["arn:aws:logs:us-east-1:111122223333:log-group:trail:*".to_owned()]);
        for planned in [
            plan(ID.to_owned(), true),
            Planned { log_groups: group, ..plan(ID.to_owned(), false) },
            Planned { suspended: true, ..plan(ID.to_owned(), false) },
            plan("444455556666".to_owned(), false),
        ] {
            assert!(read(false, true).await.take(&planned).await.is_none(), "{planned:?}");
        }
        assert!(read(true, true).await.take(&plan(ID.to_owned(), true)).await.is_some());
    }

    #[tokio::test]
    async fn f30_what_the_disk_did_not_keep_is_read_again() {
        assert!(read(false, false).await.take(&plan(ID.to_owned(), false)).await.is_none());
    }
}
