//! What really happened, and what of it was recorded.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::organization::FOREIGN;
use super::record::{Identity, seconds};
use super::theft::{Act, COPY_SINK, Effect, REPLICA_SINK};

/// The truth of an incident. Everything counts what CloudTrail recorded, but for `not_recorded`.
#[derive(Debug, Default, Serialize)]
pub struct Truth {
    pub kind: String,
    pub seed: u64,
    pub records: u64,
    /// Of the thief's requests with credentials of the organization.
    pub first_seen: String,
    pub last_seen: String,
    /// By ARN; of a session that of its role.
    pub principals: BTreeSet<String>,
    pub access_keys: BTreeSet<String>,
    pub addresses: BTreeSet<String>,
    /// Distinct objects that left, by whatever way.
    pub objects: usize,
    /// Bytes that CloudTrail tells of them.
    pub bytes: u64,
    pub buckets: BTreeMap<String, Taken>,
    pub ways_out: BTreeMap<String, Taken>,
    pub deleted: BTreeMap<String, usize>,
    /// Requests to delete whose records do not name the objects.
    pub unnamed_deletes: usize,
    pub refused: usize,
    pub control_plane_changes: Vec<Change>,
    pub gaps: Vec<Gap>,
    pub not_recorded: usize,
    #[serde(skip)]
    taken: BTreeSet<(String, String)>,
    #[serde(skip)]
    deletions: BTreeSet<(String, String)>,
}

/// Objects and bytes.
#[derive(Debug, Default, Serialize)]
pub struct Taken {
    pub objects: usize,
    pub bytes: u64,
    #[serde(skip)]
    names: BTreeSet<(String, String)>,
}

/// A setting that was changed.
#[derive(Debug, Serialize)]
pub struct Change {
    pub time: String,
    pub event_name: String,
    pub resource: String,
}

/// An interval without records.
#[derive(Debug, Serialize)]
pub struct Gap {
    pub from: String,
    pub to: String,
}

impl Truth {
    /// Of an incident in which nothing happened yet.
    pub fn of(kind: String, seed: u64) -> Self {
        Self { kind, seed, ..Self::default() }
    }

    /// Takes a step of the thief into account.
    pub fn saw(&mut self, act: &Act, recorded: bool) {
        if !recorded {
            self.not_recorded += 1;
            return;
        }
        if act.own {
            self.actor(act);
        }
        match &act.effect {
            Effect::Nothing => {}
            Effect::Refused => self.refused += 1,
            Effect::Read { bucket, key, bytes, presigned } => {
                self.take(if *presigned { "presigned-url" } else { "direct-read" }, bucket, key, *bytes);
            }
            Effect::OutsideRead { bucket, key, bytes } => {
                self.take(&format!("outside-account {FOREIGN}"), bucket, key, *bytes);
            }
            Effect::Copied { bucket, key } => self.take(&format!("copy {COPY_SINK}"), bucket, key, 0),
            Effect::Replicated { bucket, key } => {
                self.take(&format!("replication {REPLICA_SINK}"), bucket, key, 0)
            }
            Effect::Deleted { bucket, key } => {
                if self.deletions.insert(((*bucket).to_owned(), key.clone())) {
                    *self.deleted.entry((*bucket).to_owned()).or_default() += 1;
                }
            }
            Effect::DeletedUnnamed => self.unnamed_deletes += 1,
            Effect::Changed { resource } => self.control_plane_changes.push(Change {
                time: seconds(act.event.time),
                event_name: act.event.name.to_owned(),
                resource: resource.clone(),
            }),
        }
    }

    fn actor(&mut self, act: &Act) {
        let time = seconds(act.event.time);
        if self.first_seen.is_empty() {
            self.first_seen.clone_from(&time);
        }
        self.last_seen = time;
        self.addresses.insert(act.event.from.address.clone());
        match &act.event.identity {
            Identity::Role(session) => {
                self.principals.insert(session.issuer());
                self.access_keys.insert(session.key.clone());
            }
            Identity::User { account, name, key, .. } => {
                self.principals.insert(format!("arn:aws:iam::{account}:user/{name}"));
                self.access_keys.insert(key.clone());
            }
            _ => {}
        }
    }

    fn take(&mut self, way: &str, bucket: &str, key: &str, bytes: u64) {
        let object = (bucket.to_owned(), key.to_owned());
        for taken in [
            self.buckets.entry(bucket.to_owned()).or_default(),
            self.ways_out.entry(way.to_owned()).or_default(),
        ] {
            taken.bytes += bytes;
            taken.names.insert(object.clone());
            taken.objects = taken.names.len();
        }
        self.bytes += bytes;
        self.taken.insert(object);
        self.objects = self.taken.len();
    }

    /// An interval in which no trail logged.
    pub fn silence(&mut self, (from, to): (Timestamp, Timestamp)) {
        self.gaps.push(Gap { from: seconds(from), to: seconds(to) });
    }
}
