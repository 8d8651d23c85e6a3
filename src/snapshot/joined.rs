//! Joining the snapshots of several shards to one. Accounts stream through: of each file no more than one is in memory,
//! besides those that others are judged by.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{AccountSnapshot, Header, Organization, Reading, SnapshotError, SnapshotReader, SnapshotWriter};

/// Snapshots that do not make one.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// One of them cannot be read, or the whole cannot be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Nothing to join.
    #[error("there is no snapshot to join")]
    Nothing,
    /// They are of different organizations.
    #[error("`{first}` and `{other}` are of different organizations ({of_first}, {of_other})")]
    Organizations {
        /// The snapshot that came first.
        first: String,
        /// The other one.
        other: String,
        /// Whose the first is.
        of_first: String,
        /// Whose the other is.
        of_other: String,
    },
    /// An account is in the scope of two of them.
    #[error("account {account} is in the scope both of `{first}` and of `{other}`")]
    Overlap {
        /// The account.
        account: String,
        /// The snapshot that came first.
        first: String,
        /// The other one.
        other: String,
    },
}

/// One of the snapshots, with the account that comes next.
struct Source {
    reader: SnapshotReader,
    next: Option<AccountSnapshot>,
}

impl Source {
    fn advance(&mut self) -> Result<Option<AccountSnapshot>, SnapshotError> {
        let next = self.reader.next().transpose()?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

/// Joins snapshots, each with what it is called in errors, to one at `path`. Returns how many accounts are in it.
///
/// # Errors
/// They are not of one organization, have an account in common, are damaged, or the whole cannot be written.
pub fn join(snapshots: Vec<(String, SnapshotReader)>, path: &Path) -> Result<usize, JoinError> {
    let header = header(&snapshots)?;
    let mut sources: Vec<Source> =
        snapshots.into_iter().map(|(_, reader)| Source { reader, next: None }).collect();
    let mut hubs = hubs(&mut sources)?;
    let mut writer = SnapshotWriter::create(path, &header)?;
    let mut written = 0;
    for id in &header.hubs {
        if let Some(hub) = hubs.remove(id) {
            writer.account(&hub)?;
            written += 1;
        }
    }
    let ahead: BTreeSet<&str> = header.hubs.iter().map(String::as_str).collect();
    while let Some(source) = sources
        .iter_mut()
        .filter(|source| source.next.is_some())
        .min_by(|a, b| a.next.as_ref().map(|next| &next.id).cmp(&b.next.as_ref().map(|next| &next.id)))
    {
        let Some(account) = source.advance()? else { break };
        // An account that others are judged by is written already.
        if !ahead.contains(account.id.as_str()) {
            writer.account(&account)?;
            written += 1;
        }
    }
    writer.finish()?;
    Ok(written)
}

/// What comes first of every snapshot: of each account that others are judged by, the record of the snapshot that has it in
/// its scope, else of the first. The sources stand behind them, each with its next account.
fn hubs(sources: &mut [Source]) -> Result<BTreeMap<String, AccountSnapshot>, SnapshotError> {
    let mut hubs: BTreeMap<String, AccountSnapshot> = BTreeMap::new();
    for source in sources {
        let header = source.reader.header();
        let (count, scope) = (header.hubs.len(), header.scope.iter().cloned().collect::<BTreeSet<String>>());
        for _ in 0..count {
            let Some(hub) = source.reader.next().transpose()? else { break };
            if scope.contains(&hub.id) || !hubs.contains_key(&hub.id) {
                hubs.insert(hub.id.clone(), hub);
            }
        }
        source.advance()?;
    }
    Ok(hubs)
}

/// The first line of the whole.
fn header(snapshots: &[(String, SnapshotReader)]) -> Result<Header, JoinError> {
    let mut all = snapshots.iter().map(|(name, reader)| (name, reader.header()));
    let (first, header) = all.next().ok_or(JoinError::Nothing)?;
    let mut whole = header.clone();
    let mut scope: BTreeMap<String, &String> = header.scope.iter().map(|id| (id.clone(), first)).collect();
    let mut hubs: BTreeSet<String> = header.hubs.iter().cloned().collect();
    for (name, header) in all {
        let (of_first, of_other) = (owner(&whole.organization), owner(&header.organization));
        if of_first != of_other {
            let (first, other) = (first.clone(), name.clone());
            return Err(JoinError::Organizations { first, other, of_first, of_other });
        }
        for account in &header.scope {
            if let Some(first) = scope.insert(account.clone(), name) {
                let (account, first, other) = (account.clone(), first.clone(), name.clone());
                return Err(JoinError::Overlap { account, first, other });
            }
        }
        hubs.extend(header.hubs.iter().cloned());
        whole.recorded_at = whole.recorded_at.min(header.recorded_at.clone());
        // What was not asked everywhere was not asked for the whole.
        whole.asked = match (whole.asked, &header.asked) {
            (Some(mine), Some(theirs)) => Some(mine.intersection(theirs).cloned().collect()),
            (Some(asked), None) => Some(asked),
            (None, asked) => asked.clone(),
        };
        fill(&mut whole.organization, &header.organization);
    }
    env!("CARGO_PKG_VERSION").clone_into(&mut whole.tool_version);
    whole.scope = scope.into_keys().collect();
    whole.hubs = hubs.into_iter().collect();
    Ok(whole)
}

/// Whose snapshot it is: the organization's id, or the account of one without.
fn owner(organization: &Organization) -> String {
    match organization.identity.known().and_then(Option::as_ref) {
        Some(identity) => identity.id.clone(),
        None => organization.caller_account.clone(),
    }
}

/// What another process could read of the organization and the first could not.
fn fill(mine: &mut Organization, theirs: &Organization) {
    better(&mut mine.accounts, &theirs.accounts);
    better(&mut mine.enabled_policy_types, &theirs.enabled_policy_types);
    for (kind, policies) in &theirs.policies {
        better(mine.policies.entry(*kind).or_insert_with(|| policies.clone()), policies);
    }
    for (region, administrator) in &theirs.guardduty_administrators {
        let present = mine.guardduty_administrators.entry(region.clone());
        better(present.or_insert_with(|| administrator.clone()), administrator);
    }
    for (account, policy) in &theirs.guardduty_policies {
        let present = mine.guardduty_policies.entry(account.clone());
        better(present.or_insert_with(|| policy.clone()), policy);
    }
}

fn better<T: Clone>(mine: &mut Reading<T>, theirs: &Reading<T>) {
    if mine.known().is_none() && theirs.known().is_some() {
        mine.clone_from(theirs);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::snapshot::{Organization, OrganizationAccount, Reading, SCHEMA};

    fn listed(id: u64) -> OrganizationAccount {
        OrganizationAccount {
            id: id.to_string(),
            name: String::new(),
            state: "ACTIVE".to_owned(),
            parents: Reading::Known(Vec::new()),
        }
    }

    fn written(folder: &Path, name: &str, scope: &[&str], hubs: &[&str]) -> (String, SnapshotReader) {
        let header = Header {
            schema: SCHEMA.to_owned(),
            tool_version: "0.1.0".to_owned(),
            recorded_at: format!("2026-11-23T06:00:0{}Z", scope.len()),
            scope: scope.iter().map(|id| (*id).to_owned()).collect(),
            hubs: hubs.iter().map(|id| (*id).to_owned()).collect(),
            asked: None,
            organization: Organization {
                accounts: Reading::Known((1..=9).map(|digit| listed(digit * 100_000_000_000_u64)).collect()),
                ..crate::facts::samples::organization()
            },
        };
        let path = folder.join(name);
        let mut writer = SnapshotWriter::create(&path, &header).unwrap();
        let others = scope.iter().filter(|id| !hubs.contains(id));
        for id in hubs.iter().chain(others) {
            // The name tells which file the record is from.
            let account = AccountSnapshot {
                id: (*id).to_owned(),
                name: name.to_owned(),
                ..crate::facts::samples::account()
            };
            writer.account(&account).unwrap();
        }
        writer.finish().unwrap();
        (name.to_owned(), SnapshotReader::open(&path).unwrap())
    }

    #[test]
    fn each_account_is_once_in_the_whole_and_hubs_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let parts = vec![
            written(folder.path(), "1", &["200000000000", "400000000000"], &["900000000000"]),
            written(folder.path(), "2", &["100000000000", "300000000000", "900000000000"], &["900000000000"]),
        ];
        let path = folder.path().join("whole");
        assert_eq!(join(parts, &path).unwrap(), 5);
        let reader = SnapshotReader::open(&path).unwrap();
        assert_eq!(reader.header().hubs, ["900000000000"]);
        assert_eq!(reader.header().scope.len(), 5);
        assert_eq!(reader.header().recorded_at, "2026-11-23T06:00:02Z");
        let accounts: Vec<(String, String)> =
            reader.map(|account| account.unwrap()).map(|account| (account.id, account.name)).collect();
        let expected = [
            ("900000000000", "2"),
            ("100000000000", "2"),
            ("200000000000", "1"),
            ("300000000000", "2"),
            ("400000000000", "1"),
        ];
        assert_eq!(accounts, expected.map(|(id, name)| (id.to_owned(), name.to_owned())));
    }

    #[test]
    fn what_does_not_fit_together_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("whole");
        let twice = vec![
            written(folder.path(), "1", &["200000000000"], &[]),
            written(folder.path(), "2", &["200000000000"], &[]),
        ];
        let error = join(twice, &path).unwrap_err().to_string();
        assert_eq!(error, "account 200000000000 is in the scope both of `1` and of `2`");
        assert!(matches!(join(Vec::new(), &path), Err(JoinError::Nothing)));
        assert!(!path.exists());
    }
}
