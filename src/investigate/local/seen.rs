//! Which events were seen: a record that was delivered twice counts once.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use uuid::Uuid;

/// How many parts the set has, so that threads seldom wait for each other and no part is large when it grows.
const SHARDS: usize = 64;
/// The bytes of one place of the set: an id and a control byte.
const PLACE: usize = 17;

/// The ids of the events that were seen. Its memory counts against the limit of the query.
#[derive(Debug)]
pub(super) struct Seen {
    shards: Vec<Mutex<HashSet<u128>>>,
    hashers: [RandomState; 2],
    memory: MemoryReservation,
}

impl Seen {
    /// Nothing was seen.
    pub(super) fn new(memory: MemoryReservation) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hashers: [RandomState::new(), RandomState::new()], memory }
    }

    /// Whether the event is seen for the first time.
    ///
    /// # Errors
    /// The memory of the query is used up.
    pub(super) fn is_new(&self, event_id: &str) -> Result<bool> {
        // The ids of CloudTrail's events are UUIDs. Any other is known by 128 bits of its keyed hash.
        let id = Uuid::try_parse(event_id).map(|id| id.as_u128()).unwrap_or_else(|_| {
            let [high, low] = [0, 1].map(|index| self.hashers.get(index).map_or(0, |h| h.hash_one(event_id)));
            (u128::from(high) << 64) | u128::from(low)
        });
        let index = usize::try_from(id % SHARDS as u128).unwrap_or_default();
        let Some(shard) = self.shards.get(index) else { return Ok(true) };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let before = shard.capacity();
        let new = shard.insert(id);
        if shard.capacity() > before {
            self.memory.try_grow((shard.capacity() - before) * PLACE * 8 / 7)?;
        }
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::Arc;

    use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryPool};

    use super::*;

    fn seen(limit: usize) -> Seen {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(limit));
        Seen::new(MemoryConsumer::new("events").register(&pool))
    }

    #[test]
    fn an_event_is_new_once_whatever_its_id_looks_like() {
        let seen = seen(1 << 20);
        for id in ["11111111-2222-3333-4444-555555555555", "not a uuid", ""] {
            assert!(seen.is_new(id).unwrap(), "{id}");
            assert!(!seen.is_new(id).unwrap(), "{id}");
        }
        assert!(!seen.is_new("11111111-2222-3333-4444-555555555555".to_uppercase().as_str()).unwrap());
    }

    #[test]
    fn its_memory_is_bounded() {
        let seen = seen(4096);
        assert!((0..100_000).any(|n: u32| seen.is_new(&n.to_string()).is_err()));
    }
}
