//! Snapshots of organizations of any size, made of the accounts of `examples/organization.jsonl.gz`: each with an id and
//! buckets of its own, so that it is judged as it would be in an organization that large.

use std::path::Path;

use exfilguard::snapshot::{
    AccountSnapshot, Bucket, Header, OrganizationAccount, Reading, SnapshotReader, SnapshotWriter,
};

/// The example organization.
pub fn example() -> SnapshotReader {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/organization.jsonl.gz");
    SnapshotReader::open(&path).unwrap()
}

/// Writes a snapshot of so many accounts with so many buckets each. The accounts that others are judged by stay as they
/// are and come on top.
pub fn write(path: &Path, accounts: usize, buckets: usize) {
    let reader = example();
    let header = reader.header().clone();
    let all: Vec<AccountSnapshot> = reader.map(Result::unwrap).collect();
    let (hubs, members): (Vec<_>, Vec<_>) = all.into_iter().partition(|a| header.hubs.contains(&a.id));
    let members: Vec<AccountSnapshot> = members
        .into_iter()
        .filter(|a| a.buckets.known().is_some_and(|buckets| !buckets.is_empty()))
        .collect();
    let id = |number: usize| format!("{:012}", 500_000_000_000 + number);
    let mut header = Header { scope: header.hubs.clone(), ..header };
    header.scope.extend((0..accounts).map(id));
    if let Reading::Known(listed) = &mut header.organization.accounts {
        let parents = listed[0].parents.clone();
        listed.retain(|account| header.hubs.contains(&account.id));
        listed.extend((0..accounts).map(|number| OrganizationAccount {
            id: id(number),
            name: format!("account {number}"),
            state: "ACTIVE".to_owned(),
            parents: parents.clone(),
        }));
    }
    let mut writer = SnapshotWriter::create(path, &header).unwrap();
    for hub in &hubs {
        writer.account(hub).unwrap();
    }
    for number in 0..accounts {
        writer.account(&account(&members[number % members.len()], &id(number), buckets)).unwrap();
    }
    writer.finish().unwrap();
}

/// An account like another, with its buckets in turn until there are so many.
fn account(like: &AccountSnapshot, id: &str, buckets: usize) -> AccountSnapshot {
    let text = serde_json::to_string(like).unwrap().replace(&like.id, id);
    let mut account: AccountSnapshot = serde_json::from_str(&text).unwrap();
    let models = account.buckets.known().cloned().unwrap_or_default();
    let repeated = (0..buckets).map(|number| bucket(&models[number % models.len()], id, number)).collect();
    account.buckets = Reading::Known(repeated);
    id.clone_into(&mut account.name);
    account
}

/// A bucket like another under a name of its own, also in its policy.
fn bucket(like: &Bucket, account: &str, number: usize) -> Bucket {
    let text = serde_json::to_string(like).unwrap();
    let name = format!("{}-{account}-{number}", like.name);
    serde_json::from_str(&text.replace(&like.name, &name)).unwrap()
}
