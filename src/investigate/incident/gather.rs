//! Asks the hunts that an investigation needs, one after the other, each with what the earlier ones told.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::detection::Detection;
use super::doors::{Door, DoorKind, doors};
use super::rows::{self, Changed, Issued, LogHour, LoggingChange, ObjectRequests, Use, or_empty};
use super::suspects::{Joined, MAX_DEPTH, Suspects, is_outside};
use crate::investigate::backend::{QueryBackend, QueryError};
use crate::investigate::hunt::Hunts;
use crate::investigate::parameters::{Given, ParameterType, Parameters};
use crate::investigate::rows::{NoteKind, QueryRecord};

/// The most rows of one answer.
const LIMIT: &str = "1000000";

/// The most credentials that are followed because they touched a named bucket.
const MOST_CANDIDATES: usize = 20;

/// The most values of one list of a question.
const MOST_VALUES: usize = 500;

/// Where an investigation begins.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The findings that it begins with.
    pub detections: Vec<Detection>,
    /// Keys that a person names.
    pub access_keys: Vec<String>,
    /// Roles and users that a person names.
    pub principals: Vec<String>,
    /// Buckets that a person names.
    pub buckets: Vec<String>,
    /// The window's beginning.
    pub from: Timestamp,
    /// The window's end.
    pub to: Timestamp,
    /// Accounts that are ours besides those whose trails recorded something.
    pub accounts: BTreeSet<String>,
    /// Buckets that are ours: a record does not always tell the owner.
    pub our_buckets: BTreeSet<String>,
}

/// What the hunts answered.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// The followed credentials.
    pub suspects: Suspects,
    /// The organization's accounts, as far as known.
    pub accounts: BTreeSet<String>,
    /// Buckets that are known to be ours.
    pub our_buckets: BTreeSet<String>,
    /// What the credentials, their roles and addresses did.
    pub uses: Vec<Use>,
    /// What was issued to them and to whom they were issued.
    pub issued: Vec<Issued>,
    /// Objects that they touched.
    pub touched: Vec<ObjectRequests>,
    /// What they changed.
    pub changes: Vec<Changed>,
    /// Doors that these changes opened.
    pub doors: Vec<Door>,
    /// What went out through a door to other accounts.
    pub outside: Vec<ObjectRequests>,
    /// What was written into the destinations of a replication.
    pub writes: Vec<ObjectRequests>,
    /// Records by hour.
    pub hours: Vec<LogHour>,
    /// Who stopped or changed logging.
    pub logging_changes: Vec<LoggingChange>,
    /// The queries, in the order in which they were asked; each question once.
    pub evidence: Vec<QueryRecord>,
    /// What could not be asked or followed, one sentence each.
    pub limitations: Vec<String>,
}

/// Why an investigation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// A hunt failed.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A hunt or its answer is defective.
    #[error("the hunt `{hunt}` is defective: {why}")]
    Defect {
        /// The hunt.
        hunt: String,
        /// Why.
        why: String,
    },
}

/// Asks everything. `tell` is told what is being asked, for progress.
///
/// # Errors
/// A hunt failed; what a back end cannot be asked at all is a limitation instead.
pub async fn gather<B: QueryBackend>(
    hunts: &Hunts,
    backend: &B,
    question: &Question,
    tell: &(dyn Fn(&str) + Send + Sync),
) -> Result<Gathered, GatherError> {
    let mut asker = Asker { hunts, backend, question, tell, gathered: Gathered::default() };
    asker.logging().await?;
    asker.follow().await?;
    asker.deeds().await?;
    asker.through_doors().await?;
    asker.neighbours().await?;
    Ok(asker.gathered)
}

struct Asker<'a, B> {
    hunts: &'a Hunts,
    backend: &'a B,
    question: &'a Question,
    tell: &'a (dyn Fn(&str) + Send + Sync),
    gathered: Gathered,
}

impl<B: QueryBackend> Asker<'_, B> {
    async fn logging(&mut self) -> Result<(), GatherError> {
        let hours: Vec<LogHour> = self.ask("log-hours", &[], None).await?;
        self.gathered.accounts = hours.iter().filter_map(|hour| hour.account.clone()).collect();
        self.gathered.accounts.extend(self.question.accounts.iter().cloned());
        self.gathered.our_buckets.clone_from(&self.question.our_buckets);
        self.gathered.hours = hours;
        self.gathered.logging_changes = self.ask("logging-changes", &[], None).await?;
        Ok(())
    }

    /// From what is named to all credentials of the actor.
    async fn follow(&mut self) -> Result<(), GatherError> {
        let question = self.question;
        for detection in &question.detections {
            for credential in &detection.credentials {
                self.gathered.suspects.name(&credential.access_key, Joined::Named);
            }
            let addresses = detection.addresses.iter().map(|address| address.address.clone());
            self.gathered.suspects.addresses.extend(addresses.filter(|address| is_outside(address)));
        }
        for key in &question.access_keys {
            self.gathered.suspects.name(key, Joined::Named);
        }
        self.without_a_key().await?;
        for round in 0..=MAX_DEPTH {
            let keys: Vec<String> = self.gathered.suspects.keys.keys().cloned().collect();
            if keys.is_empty() {
                self.limit("no credential is known that could be followed: see what is said of the findings");
                return Ok(());
            }
            (self.tell)(&format!("following {} credentials", keys.len()));
            let issued: Vec<Issued> = self.ask("sessions-issued", &[("access_keys", keys)], None).await?;
            let uses = self.uses(&[]).await?;
            let new = self.gathered.suspects.grow(&issued, &uses);
            self.gathered.issued = issued;
            self.gathered.uses = uses;
            if !new {
                break;
            }
            if round == MAX_DEPTH {
                self.gathered.suspects.cut = true;
            }
        }
        if self.gathered.suspects.cut {
            self.limit("sessions were followed for five steps; there may be more");
        }
        Ok(())
    }

    /// Where no key is named: by principal, then by address, then by bucket.
    async fn without_a_key(&mut self) -> Result<(), GatherError> {
        let question = self.question;
        if !question.principals.is_empty() {
            let uses: Vec<Use> =
                self.ask("credential-use", &[("principals", question.principals.clone())], None).await?;
            for one in &uses {
                self.gathered.suspects.name(or_empty(&one.access_key), Joined::OfNamedPrincipal);
            }
        }
        if !self.gathered.suspects.keys.is_empty() {
            return Ok(());
        }
        let addresses: Vec<String> = self.gathered.suspects.addresses.iter().cloned().collect();
        let named = question.detections.iter().flat_map(|detection| detection.buckets.iter());
        let buckets: BTreeSet<String> = question.buckets.iter().chain(named).cloned().collect();
        if !addresses.is_empty() {
            let uses: Vec<Use> = self.ask("credential-use", &[("addresses", addresses)], None).await?;
            let on_bucket = |one: &&Use| buckets.is_empty() || buckets.contains(or_empty(&one.bucket));
            for one in uses.iter().filter(on_bucket) {
                let joined = Joined::AtNamedAddress(or_empty(&one.source_ip).to_owned());
                self.gathered.suspects.name(or_empty(&one.access_key), joined);
            }
        }
        if self.gathered.suspects.keys.is_empty() && !buckets.is_empty() {
            self.candidates(buckets.into_iter().collect()).await?;
        }
        Ok(())
    }

    /// Only a bucket is named: those who took the most from it, or changed or deleted something, are candidates.
    async fn candidates(&mut self, buckets: Vec<String>) -> Result<(), GatherError> {
        let uses: Vec<Use> = self.ask("credential-use", &[("buckets", buckets)], None).await?;
        let mut by_key: std::collections::BTreeMap<&str, (u64, u64, &str)> =
            std::collections::BTreeMap::new();
        for one in uses.iter().filter(|one| one.error_code.is_none() && one.access_key.is_some()) {
            let entry = by_key.entry(or_empty(&one.access_key)).or_insert((0, 0, or_empty(&one.bucket)));
            entry.0 += one.bytes_out.unwrap_or_default();
            entry.1 += one.requests;
        }
        let mut candidates: Vec<(&str, (u64, u64, &str))> = by_key.into_iter().collect();
        candidates.sort_by(|a, b| (b.1.0, b.1.1, a.0).cmp(&(a.1.0, a.1.1, b.0)));
        let all = candidates.len();
        for (key, (_, _, bucket)) in candidates.into_iter().take(MOST_CANDIDATES) {
            self.gathered.suspects.name(key, Joined::OnNamedBucket(bucket.to_owned()));
        }
        self.limit(&format!(
            "only a bucket is named: all {} credentials that read the most from it are followed, whether they were stolen or \
             not; name a key or a principal to tell them apart",
            all.min(MOST_CANDIDATES)
        ));
        Ok(())
    }

    async fn uses(&mut self, more_addresses: &[String]) -> Result<Vec<Use>, GatherError> {
        let suspects = &self.gathered.suspects;
        let keys: Vec<String> = suspects.keys.keys().cloned().collect();
        let mut principals: BTreeSet<String> = suspects.principals(&self.gathered.uses);
        principals.extend(self.question.principals.iter().cloned());
        let addresses: BTreeSet<String> = suspects.addresses.iter().chain(more_addresses).cloned().collect();
        let lists = [
            ("access_keys", keys),
            ("principals", principals.into_iter().collect()),
            ("addresses", addresses.into_iter().collect()),
        ];
        self.ask("credential-use", &lists, None).await
    }

    async fn deeds(&mut self) -> Result<(), GatherError> {
        let keys: Vec<String> = self.gathered.suspects.keys.keys().cloned().collect();
        if keys.is_empty() {
            return Ok(());
        }
        self.gathered.changes =
            self.ask("changes-by-credential", &[("access_keys", keys.clone())], None).await?;
        self.gathered.touched = self.ask("objects-touched", &[("access_keys", keys)], None).await?;
        self.gathered.doors = doors(&self.gathered.changes, &self.gathered.accounts);
        Ok(())
    }

    /// What went out through what the actor opened, since it was opened.
    async fn through_doors(&mut self) -> Result<(), GatherError> {
        let doors = self.gathered.doors.clone();
        let of = |kind: DoorKind| doors.iter().filter(move |door| door.kind == kind);
        let since = |kind: DoorKind| of(kind).filter_map(|door| door.since.parse::<Timestamp>().ok()).min();
        let ours: Vec<String> = self.gathered.accounts.iter().cloned().collect();
        let opened: BTreeSet<String> = of(DoorKind::Outside).map(|door| door.bucket.clone()).collect();
        let opened: Vec<String> = opened.into_iter().filter(|bucket| !bucket.is_empty()).collect();
        if !opened.is_empty() && !ours.is_empty() {
            let lists = [("buckets", opened), ("organization_accounts", ours)];
            self.gathered.outside = self.ask("outside-access", &lists, since(DoorKind::Outside)).await?;
        }
        let sinks: BTreeSet<String> =
            of(DoorKind::Replication).flat_map(|door| door.destinations.iter().cloned()).collect();
        if !sinks.is_empty() {
            let lists = [("buckets", sinks.into_iter().collect())];
            self.gathered.writes = self.ask("bucket-writes", &lists, since(DoorKind::Replication)).await?;
        }
        Ok(())
    }

    /// Who else was at the addresses from which the actor came.
    async fn neighbours(&mut self) -> Result<(), GatherError> {
        let suspects = &self.gathered.suspects;
        let followed = self.gathered.uses.iter().filter(|one| suspects.has(&one.access_key));
        let direct = followed.filter(|one| one.authentication.as_deref() != Some("QueryString"));
        let addresses: BTreeSet<String> =
            direct.filter_map(|one| one.source_ip.clone()).filter(|address| is_outside(address)).collect();
        let new: Vec<String> = addresses
            .into_iter()
            .filter(|address| !suspects.addresses.contains(address))
            .take(MOST_VALUES)
            .collect();
        if !new.is_empty() {
            (self.tell)("looking for others at the same addresses");
            self.gathered.uses = self.uses(&new).await?;
        }
        Ok(())
    }

    /// Asks a hunt with lists; values that are not of their type (the logs hold what others wrote) are left out.
    async fn ask<T: DeserializeOwned>(
        &mut self,
        id: &str,
        lists: &[(&str, Vec<String>)],
        since: Option<Timestamp>,
    ) -> Result<Vec<T>, GatherError> {
        let defect = |why: String| GatherError::Defect { hunt: id.to_owned(), why };
        let hunt = self.hunts.get(id).ok_or_else(|| defect("there is no such hunt".to_owned()))?;
        let from = since.unwrap_or(self.question.from).clamp(self.question.from, self.question.to);
        let mut given = Given::from([
            ("from".to_owned(), vec![from.to_string()]),
            ("to".to_owned(), vec![self.question.to.to_string()]),
            ("limit".to_owned(), vec![LIMIT.to_owned()]),
        ]);
        for (name, values) in lists {
            let kind = hunt.parameter(name).map(|parameter| parameter.kind);
            let kept = self.usable(kind.unwrap_or(ParameterType::Arns), values);
            if !kept.is_empty() {
                given.insert((*name).to_owned(), kept);
            }
        }
        if !lists.is_empty() && given.len() == 3 {
            return Ok(Vec::new());
        }
        (self.tell)(&hunt.title);
        let mut parameters = Parameters::read(hunt, &given).map_err(QueryError::from)?;
        if self.backend.needs_accounts() {
            let accounts: Vec<String> = self.question.accounts.iter().cloned().collect();
            parameters = parameters.or_of_accounts(&accounts);
        }
        let answer = match self.backend.run(hunt, &parameters).await {
            Ok(answer) => answer,
            Err(QueryError::Unsupported { why, .. }) => {
                self.limit(&format!(
                    "`{id}` could not be asked, so that what it tells is not assessable: {why}"
                ));
                return Ok(Vec::new());
            }
            Err(error) => return Err(error.into()),
        };
        for note in &answer.query.notes {
            if note.kind.is_incomplete() || note.kind == NoteKind::Truncated {
                self.limit(&format!("`{id}`: {}", note.message));
            }
        }
        let rows = rows::read(&answer).map_err(|error| defect(error.to_string()))?;
        let again = |earlier: &QueryRecord| {
            earlier.hunt == answer.query.hunt && earlier.parameters == answer.query.parameters
        };
        self.gathered.evidence.retain(|earlier| !again(earlier));
        self.gathered.evidence.push(answer.query);
        Ok(rows)
    }

    fn usable(&mut self, kind: ParameterType, values: &[String]) -> Vec<String> {
        let (mut kept, refused): (Vec<String>, Vec<String>) =
            values.iter().cloned().partition(|value| kind.read(value).is_ok());
        if !refused.is_empty() {
            self.limit(&format!("{} values of the logs are no {kind}, and were not followed", refused.len()));
        }
        if kept.len() > MOST_VALUES {
            self.limit(&format!("of {} {kind} only the first {MOST_VALUES} were followed", kept.len()));
            kept.truncate(MOST_VALUES);
        }
        kept
    }

    fn limit(&mut self, text: &str) {
        if !self.gathered.limitations.iter().any(|known| known == text) {
            self.gathered.limitations.push(text.to_owned());
        }
    }
}
