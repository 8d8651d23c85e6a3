//! What went out and by which ways, and what was destroyed: distinct objects, requests and bytes.
//!
//! Only requests that succeeded take anything. A ranged read and a repeated one are requests of their own for the same
//! object: the object counts once, the bytes each time. A copy tells no bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::doors::{Door, DoorKind};
use super::gather::Gathered;
use super::report::{BucketImpact, Confidence, DataImpact, ExfilPath, Sensitive, SetApart, TakenObject};
use super::rows::{ObjectRequests, or_empty};
use super::sensitive::{Classified, SensitiveObjects};
use super::suspects::is_outside;

/// The most objects that the report lists.
const MOST_OBJECTS: usize = 10_000;

/// The most addresses that are named in a way out.
const MOST_ADDRESSES: usize = 8;

/// A way out, for grouping: its kind and where it goes.
type Way = (&'static str, String);

#[derive(Debug, Default)]
struct Taken {
    ways: BTreeSet<&'static str>,
    requests: u64,
    bytes: u64,
    first: String,
}

#[derive(Debug, Default)]
struct Path {
    objects: BTreeSet<(String, String)>,
    buckets: BTreeSet<String>,
    addresses: BTreeSet<String>,
    owner: Option<String>,
    bytes: u64,
    first: String,
    last: String,
}

/// Everything that went out, as it is added up.
#[derive(Debug, Default)]
struct Ledger {
    taken: BTreeMap<(String, String), Taken>,
    paths: BTreeMap<Way, Path>,
    buckets: BTreeMap<String, BucketImpact>,
    deleted: BTreeSet<(String, String)>,
    unnamed_deletions: u64,
    apart: SetApart,
    apart_objects: BTreeSet<(String, String)>,
}

/// One request, or several, that took an object.
struct Take<'a> {
    way: Way,
    object: (&'a str, &'a str),
    requests: u64,
    bytes: u64,
    first: &'a str,
    last: &'a str,
}

/// Whether a use of a followed credential is set apart: by key, as only some are in honest use elsewhere.
#[derive(Debug, Default)]
pub struct Apart {
    /// Keys that are also used within the organization's own network, while the finding tells of an address outside.
    shared_keys: BTreeSet<String>,
    ours: BTreeSet<String>,
    actor_addresses: BTreeSet<String>,
}

impl Apart {
    /// Finds the keys that the workload uses at the same time.
    #[must_use]
    pub fn of(gathered: &Gathered) -> Self {
        let ours = gathered.accounts.clone();
        let named_outside = gathered.suspects.addresses.iter().any(|address| is_outside(address));
        let within = |endpoint_account: &Option<String>, address: &str| {
            endpoint_account.as_ref().is_some_and(|account| ours.contains(account) && !is_outside(address))
        };
        let followed = gathered.uses.iter().filter(|one| gathered.suspects.has(&one.access_key));
        let shared_keys: BTreeSet<String> = followed
            .filter(|one| named_outside && within(&one.vpc_endpoint_account, or_empty(&one.source_ip)))
            .filter_map(|one| one.access_key.clone())
            .collect();
        let direct = gathered.uses.iter().filter(|one| {
            gathered.suspects.has(&one.access_key)
                && one.authentication.as_deref() != Some("QueryString")
                && is_outside(or_empty(&one.source_ip))
        });
        let actor_addresses = direct.filter_map(|one| one.source_ip.clone()).collect();
        Self { shared_keys, ours, actor_addresses }
    }

    /// Whether a request is not counted: it came through the organization's own endpoint with a key that was also used
    /// from outside, or with a presigned URL that the workload may have signed, from an address that is not the actor's.
    #[must_use]
    pub fn is(
        &self,
        key: &Option<String>,
        endpoint_account: &Option<String>,
        address: &Option<String>,
        authentication: &Option<String>,
    ) -> bool {
        if !key.as_ref().is_some_and(|key| self.shared_keys.contains(key)) {
            return false;
        }
        let address = or_empty(address);
        let within = endpoint_account.as_ref().is_some_and(|account| self.ours.contains(account));
        let presigned = authentication.as_deref() == Some("QueryString");
        (within && !is_outside(address)) || (presigned && !self.actor_addresses.contains(address))
    }
}

/// What was taken, and the ways.
#[must_use]
pub fn impact(
    gathered: &Gathered,
    apart: &Apart,
    sensitive: Option<&SensitiveObjects>,
) -> (DataImpact, Vec<ExfilPath>) {
    let mut ledger = Ledger::default();
    let owners = owners(gathered);
    for one in &gathered.touched {
        if apart.is(&one.access_key, &one.vpc_endpoint_account, &one.source_ip, &one.authentication) {
            ledger.set_apart(one);
        } else {
            ledger.touched(one, gathered, &owners);
        }
    }
    ledger.through_doors(gathered);
    let paths = ledger.exfil_paths(gathered);
    (ledger.data_impact(sensitive, &owners), paths)
}

/// The owners of buckets, where any record tells.
fn owners(gathered: &Gathered) -> BTreeMap<String, String> {
    let touched = gathered.touched.iter().map(|one| (&one.bucket, &one.bucket_owner));
    let outside = gathered.outside.iter().map(|one| (&one.bucket, &one.bucket_owner));
    let writes = gathered.writes.iter().map(|one| (&one.bucket, &one.bucket_owner));
    touched
        .chain(outside)
        .chain(writes)
        .filter_map(|(bucket, owner)| Some((bucket.clone()?, owner.clone()?)))
        .collect()
}

/// The bucket and key of a copy's source: `bucket/key`, perhaps with a slash before and a version behind, percent-encoded.
#[must_use]
pub fn copy_source(text: &str) -> Option<(String, String)> {
    let text = text.strip_prefix('/').unwrap_or(text);
    let text = text.split_once("?versionId=").map_or(text, |(before, _)| before);
    let (bucket, key) = text.split_once('/')?;
    // An access point stands as `arn:aws:s3:…:accesspoint/name/object/key`.
    if bucket.starts_with("arn:") {
        let (name, key) = key.split_once("/object/")?;
        return Some((format!("{bucket}/{name}"), decoded(key)));
    }
    Some((bucket.to_owned(), decoded(key)))
}

/// Percent-decoded; as it is if that is no text.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

impl Ledger {
    fn set_apart(&mut self, one: &ObjectRequests) {
        if reads(or_empty(&one.event_name)) {
            self.apart.requests += one.requests;
            self.apart.bytes_out += one.bytes_out.unwrap_or_default();
            let object = (or_empty(&one.bucket).to_owned(), or_empty(&one.object_key).to_owned());
            self.apart_objects.insert(object);
        }
    }

    fn touched(&mut self, one: &ObjectRequests, gathered: &Gathered, owners: &BTreeMap<String, String>) {
        let (bucket, key) = (or_empty(&one.bucket), or_empty(&one.object_key));
        let (first, last) = (or_empty(&one.first_seen), or_empty(&one.last_seen));
        let (requests, bytes) = (one.requests, one.bytes_out.unwrap_or_default());
        let owner = one.bucket_owner.as_ref().or_else(|| owners.get(bucket));
        let foreign = match owner {
            Some(owner) => !gathered.accounts.contains(owner),
            None => !gathered.our_buckets.contains(bucket),
        };
        match or_empty(&one.event_name) {
            name if reads(name) => {
                let presigned = one.authentication.as_deref() == Some("QueryString");
                let way = (if presigned { "presigned-url" } else { "direct-read" }, String::new());
                self.take(&Take { way: way.clone(), object: (bucket, key), requests, bytes, first, last });
                if let Some(path) = self.paths.get_mut(&way) {
                    path.addresses.extend(one.source_ip.clone());
                }
            }
            "CopyObject" | "UploadPartCopy" if foreign => {
                let Some((from, source)) = copy_source(or_empty(&one.copy_source)) else { return };
                let way = ("copy", bucket.to_owned());
                self.take(&Take {
                    way: way.clone(),
                    object: (&from, &source),
                    requests,
                    bytes: 0,
                    first,
                    last,
                });
                if let Some(path) = self.paths.get_mut(&way) {
                    path.owner = path.owner.take().or_else(|| owner.cloned());
                }
            }
            "PutObject" | "UploadPart" | "CompleteMultipartUpload" if foreign => {
                let path = self.paths.entry(("upload", bucket.to_owned())).or_default();
                path.objects.insert((bucket.to_owned(), key.to_owned()));
                path.owner = path.owner.take().or_else(|| owner.cloned());
                path.span(first, last);
            }
            "DeleteObject" if self.deleted.insert((bucket.to_owned(), key.to_owned())) => {
                self.bucket(bucket).deleted += 1;
            }
            "DeleteObjects" => {
                self.unnamed_deletions += requests;
                self.bucket(bucket);
            }
            _ => {}
        }
    }

    fn through_doors(&mut self, gathered: &Gathered) {
        let of = |kind: DoorKind| gathered.doors.iter().filter(move |door| door.kind == kind);
        for one in &gathered.outside {
            let bucket = or_empty(&one.bucket);
            let caller = or_empty(&one.account);
            let lets_in = |door: &&Door| {
                door.bucket == bucket
                    && door.since.as_str() <= or_empty(&one.last_seen)
                    && door.accounts.as_ref().is_none_or(|accounts| accounts.contains(caller))
            };
            if of(DoorKind::Outside).any(|door| lets_in(&door)) {
                let way = ("outside-account", caller.to_owned());
                self.take(&Take {
                    way: way.clone(),
                    object: (bucket, or_empty(&one.object_key)),
                    requests: one.requests,
                    bytes: one.bytes_out.unwrap_or_default(),
                    first: or_empty(&one.first_seen),
                    last: or_empty(&one.last_seen),
                });
                if let Some(path) = self.paths.get_mut(&way) {
                    path.owner = Some(caller.to_owned()).filter(|caller| caller != "anonymous");
                    path.addresses.extend(one.source_ip.clone());
                }
            }
        }
        // What the actor wrote there itself is a copy already.
        for one in gathered.writes.iter().filter(|one| !gathered.suspects.has(&one.access_key)) {
            let sink = or_empty(&one.bucket);
            let Some(door) =
                of(DoorKind::Replication).find(|door| door.destinations.iter().any(|to| to == sink))
            else {
                continue;
            };
            let way = ("replication", sink.to_owned());
            let object = (door.bucket.as_str(), or_empty(&one.object_key));
            let (first, last) = (or_empty(&one.first_seen), or_empty(&one.last_seen));
            self.take(&Take { way: way.clone(), object, requests: one.requests, bytes: 0, first, last });
            if let Some(path) = self.paths.get_mut(&way) {
                path.owner = path.owner.take().or_else(|| one.bucket_owner.clone());
            }
        }
    }

    fn bucket(&mut self, name: &str) -> &mut BucketImpact {
        let impact = self.buckets.entry(name.to_owned()).or_default();
        name.clone_into(&mut impact.bucket);
        impact
    }

    fn take(&mut self, take: &Take<'_>) {
        let object = (take.object.0.to_owned(), take.object.1.to_owned());
        let path = self.paths.entry(take.way.clone()).or_default();
        path.objects.insert(object.clone());
        path.buckets.insert(object.0.clone());
        path.bytes += take.bytes;
        path.span(take.first, take.last);
        let new = !self.taken.contains_key(&object);
        let impact = self.bucket(&object.0);
        impact.objects += u64::from(new);
        impact.requests += take.requests;
        impact.bytes_out += take.bytes;
        widen(&mut impact.first_seen, &mut impact.last_seen, take.first, take.last);
        let taken = self.taken.entry(object).or_default();
        taken.ways.insert(take.way.0);
        taken.requests += take.requests;
        taken.bytes += take.bytes;
        if taken.first.is_empty() || take.first < taken.first.as_str() {
            take.first.clone_into(&mut taken.first);
        }
    }

    fn exfil_paths(&self, gathered: &Gathered) -> Vec<ExfilPath> {
        let mut paths: Vec<ExfilPath> = self.paths.iter().map(|(way, path)| path.report(way)).collect();
        // A door through which nobody was seen to go stands open all the same.
        for door in &gathered.doors {
            let used = |path: &ExfilPath| match door.kind {
                DoorKind::Outside => {
                    path.kind == "outside-account" && path.from_buckets.contains(&door.bucket)
                }
                DoorKind::Replication => {
                    path.kind == "replication" && door.destinations.contains(&path.destination)
                }
                DoorKind::Export => false,
            };
            if !paths.iter().any(used) {
                paths.push(open_door(door));
            }
        }
        paths.sort_by(|a, b| (b.objects, &a.first_seen, &a.kind).cmp(&(a.objects, &b.first_seen, &b.kind)));
        paths
    }

    fn data_impact(
        mut self,
        sensitive: Option<&SensitiveObjects>,
        owners: &BTreeMap<String, String>,
    ) -> DataImpact {
        let mut found = Sensitive { assessed: sensitive.is_some(), ..Sensitive::default() };
        let mut categories: BTreeSet<String> = BTreeSet::new();
        let mut severity = 0;
        let (mut requests, mut bytes_out) = (0, 0);
        let mut objects = Vec::with_capacity(self.taken.len());
        for ((bucket, key), taken) in std::mem::take(&mut self.taken) {
            requests += taken.requests;
            bytes_out += taken.bytes;
            let classified: Option<&Classified> = sensitive.and_then(|sensitive| sensitive.of(&bucket, &key));
            if let Some(classified) = classified {
                found.object_count += 1;
                categories.extend(classified.categories.iter().cloned());
                severity = severity.max(classified.severity);
                self.bucket(&bucket).sensitive_objects += 1;
            }
            objects.push(TakenObject {
                sensitive: classified.map(|c| c.categories.iter().cloned().collect()).unwrap_or_default(),
                bucket,
                key,
                ways: taken.ways.into_iter().map(str::to_owned).collect(),
                requests: taken.requests,
                bytes_out: taken.bytes,
                first_seen: taken.first,
            });
        }
        found.categories = categories.into_iter().collect();
        found.severity = (found.object_count > 0).then(|| Classified::severity_name(severity).to_owned());
        let count = objects.len() as u64;
        let keys: BTreeSet<&str> = objects.iter().map(|object| object.key.as_str()).collect();
        let distinct_keys = keys.len() as u64;
        objects.sort_by(|a, b| {
            (a.sensitive.is_empty(), b.bytes_out, &a.bucket, &a.key).cmp(&(
                b.sensitive.is_empty(),
                a.bytes_out,
                &b.bucket,
                &b.key,
            ))
        });
        objects.truncate(MOST_OBJECTS);
        let mut buckets: Vec<BucketImpact> = self.buckets.into_values().collect();
        for impact in &mut buckets {
            impact.account = owners.get(&impact.bucket).cloned();
        }
        buckets.sort_by(|a, b| (b.objects, b.deleted, &a.bucket).cmp(&(a.objects, a.deleted, &b.bucket)));
        self.apart.objects = self.apart_objects.len() as u64;
        DataImpact {
            buckets,
            objects_count: count,
            distinct_keys,
            bytes_out,
            requests,
            unclassified_count: count - found.object_count,
            sensitive: found,
            deleted_count: self.deleted.len() as u64,
            unnamed_deletions: self.unnamed_deletions,
            set_apart: self.apart,
            objects_left_out: count - objects.len() as u64,
            objects,
        }
    }
}

fn reads(name: &str) -> bool {
    matches!(name, "GetObject" | "SelectObjectContent" | "GetObjectTorrent")
}

fn widen(first: &mut String, last: &mut String, from: &str, to: &str) {
    if first.is_empty() || from < first.as_str() {
        from.clone_into(first);
    }
    if to > last.as_str() {
        to.clone_into(last);
    }
}

impl Path {
    fn span(&mut self, first: &str, last: &str) {
        widen(&mut self.first, &mut self.last, first, last);
    }

    fn report(&self, (kind, destination): &Way) -> ExfilPath {
        let objects = self.objects.len() as u64;
        let owner = self.owner.as_deref().map_or_else(
            || "an account that the records do not tell".to_owned(),
            |owner| format!("account {owner}"),
        );
        let known = self.owner.is_some();
        let (text, confidence, stays_open) = match *kind {
            "direct-read" => ("read with a followed credential".to_owned(), Confidence::Confirmed, false),
            "presigned-url" => (
                "read with presigned URLs that a followed credential signed; whoever has such a URL can use it until it \
                 expires or the credential is deactivated"
                    .to_owned(),
                Confidence::Confirmed,
                false,
            ),
            "copy" => {
                let confidence = if known { Confidence::Confirmed } else { Confidence::Inferred };
                (format!("copied into the bucket `{destination}` of {owner}"), confidence, false)
            }
            "upload" => (
                format!("written into the bucket `{destination}` of {owner}; what was in it the records do not tell"),
                Confidence::Inferred,
                false,
            ),
            "replication" => (
                format!("replicated by S3 itself into the bucket `{destination}` of {owner}, by a rule of the actor"),
                Confidence::Confirmed,
                true,
            ),
            _ => (
                format!("read by {}, which a change of the actor let in", caller(destination)),
                Confidence::Confirmed,
                true,
            ),
        };
        ExfilPath {
            kind: (*kind).to_owned(),
            destination: if destination.is_empty() { self.places() } else { destination.clone() },
            owner: self.owner.clone(),
            from_buckets: self.buckets.iter().cloned().collect(),
            objects,
            bytes_out: self.bytes,
            first_seen: self.first.clone(),
            last_seen: self.last.clone(),
            stays_open,
            confidence,
            text,
        }
    }

    /// The addresses, not too many.
    fn places(&self) -> String {
        let shown: Vec<&str> = self.addresses.iter().take(MOST_ADDRESSES).map(String::as_str).collect();
        let more = self.addresses.len().saturating_sub(MOST_ADDRESSES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", shown.join(", "))
    }
}

fn caller(account: &str) -> String {
    if account == "anonymous" {
        "anybody, without credentials".to_owned()
    } else {
        format!("account {account}")
    }
}

fn open_door(door: &Door) -> ExfilPath {
    let (kind, text) = match door.kind {
        DoorKind::Outside => {
            ("open-access", "a change of the actor lets others read the bucket; no use of it is recorded")
        }
        DoorKind::Replication => {
            ("replication", "a rule of the actor replicates new objects; none is recorded to have gone")
        }
        DoorKind::Export => {
            ("export", "lists or logs of the bucket go to another one; what went is not recorded")
        }
    };
    let accounts = door.accounts.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    let destination = if door.destinations.is_empty() { accounts } else { door.destinations.join(", ") };
    ExfilPath {
        kind: kind.to_owned(),
        destination: if destination.is_empty() { "anybody".to_owned() } else { destination },
        owner: None,
        from_buckets: vec![door.bucket.clone()],
        objects: 0,
        bytes_out: 0,
        first_seen: door.since.clone(),
        last_seen: door.since.clone(),
        stays_open: true,
        confidence: Confidence::Inferred,
        text: format!("{text} ({})", door.event_name),
    }
}

#[cfg(test)]
mod tests;
