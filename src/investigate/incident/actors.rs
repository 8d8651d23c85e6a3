//! Who did it: the principals behind the followed credentials, and who else shares an address or a role with them.

use std::collections::{BTreeMap, BTreeSet};

use super::detection::{Detection, RemoteAddress};
use super::gather::Gathered;
use super::impact::Apart;
use super::report::{Actor, ActorAddress, Confidence, Related, masked};
use super::rows::{Use, or_empty};
use super::suspects::{Joined, is_outside};

/// The most lines of those who are only related.
const MOST_RELATED: usize = 200;

/// The most names of clients of one actor.
const MOST_AGENTS: usize = 20;

/// The actors, those with the most requests first.
#[must_use]
pub fn actors(gathered: &Gathered, apart: &Apart, detections: &[Detection]) -> Vec<Actor> {
    let mut by_principal: BTreeMap<&str, Vec<&Use>> = BTreeMap::new();
    for one in gathered.uses.iter().filter(|one| gathered.suspects.has(&one.access_key)) {
        by_principal.entry(or_empty(&one.principal)).or_default().push(one);
    }
    let mut actors: Vec<Actor> = by_principal
        .into_iter()
        .map(|(principal, uses)| actor(principal, &uses, gathered, apart, detections))
        .collect();
    // A key of which there is no record is followed, too: what it did, if anything, was not recorded.
    for (key, (joined, _)) in &gathered.suspects.keys {
        if !gathered.uses.iter().any(|one| one.access_key.as_deref() == Some(key)) {
            actors.push(unseen(key, joined));
        }
    }
    actors.sort_by(|a, b| {
        (a.confidence, b.requests, &a.principal).cmp(&(b.confidence, a.requests, &b.principal))
    });
    actors
}

fn actor(
    principal: &str,
    uses: &[&Use],
    gathered: &Gathered,
    apart: &Apart,
    detections: &[Detection],
) -> Actor {
    let keys: BTreeSet<&str> = uses.iter().map(|one| or_empty(&one.access_key)).collect();
    let sessions: BTreeSet<&str> = uses
        .iter()
        .map(|one| or_empty(&one.session))
        .filter(|session| *session != principal && !session.is_empty())
        .collect();
    let is_apart =
        |one: &Use| apart.is(&one.access_key, &one.vpc_endpoint_account, &one.source_ip, &one.authentication);
    let counted: Vec<&Use> = uses.iter().copied().filter(|one| !is_apart(one)).collect();
    let agents: BTreeSet<&str> =
        counted.iter().map(|one| or_empty(&one.user_agent)).filter(|agent| !agent.is_empty()).collect();
    let (joined, confidence) = joined(&keys, gathered);
    Actor {
        principal: principal.to_owned(),
        account: uses.iter().find_map(|one| one.account.clone()).unwrap_or_default(),
        joined,
        confidence,
        access_keys: keys.into_iter().map(masked).collect(),
        sessions: sessions.into_iter().map(str::to_owned).collect(),
        ips: addresses(uses, &is_apart, detections),
        user_agents: agents.into_iter().take(MOST_AGENTS).map(str::to_owned).collect(),
        requests: counted.iter().map(|one| one.requests).sum(),
        failed_requests: counted.iter().filter(|one| one.error_code.is_some()).map(|one| one.requests).sum(),
        first_seen: counted.iter().map(|one| or_empty(&one.first_seen)).min().unwrap_or_default().to_owned(),
        last_seen: counted.iter().map(|one| or_empty(&one.last_seen)).max().unwrap_or_default().to_owned(),
    }
}

fn unseen(key: &str, joined: &Joined) -> Actor {
    let (text, _) = in_words(joined);
    Actor {
        principal: "not told by any record".to_owned(),
        account: String::new(),
        joined: format!("{text}; no record in the window was made with it"),
        confidence: Confidence::Inferred,
        access_keys: vec![masked(key)],
        sessions: Vec::new(),
        ips: Vec::new(),
        user_agents: Vec::new(),
        requests: 0,
        failed_requests: 0,
        first_seen: String::new(),
        last_seen: String::new(),
    }
}

fn addresses(uses: &[&Use], is_apart: &dyn Fn(&Use) -> bool, detections: &[Detection]) -> Vec<ActorAddress> {
    let mut by_address: BTreeMap<(&str, Option<&str>, bool), u64> = BTreeMap::new();
    for one in uses {
        let place = (or_empty(&one.source_ip), one.vpc_endpoint.as_deref(), is_apart(one));
        *by_address.entry(place).or_default() += one.requests;
    }
    let mut addresses: Vec<ActorAddress> = by_address
        .into_iter()
        .map(|((ip, endpoint, set_apart), requests)| {
            let named = named(ip, detections);
            ActorAddress {
                ip: ip.to_owned(),
                asn: named.map(|(_, address)| network(address)).filter(|text| !text.is_empty()),
                tor: named.map(|(detection, _)| detection.kind.contains("TorIPCaller")).filter(|tor| *tor),
                vpc_endpoint: endpoint.map(str::to_owned),
                named_by_finding: named.is_some(),
                set_apart,
                requests,
            }
        })
        .collect();
    addresses.sort_by(|a, b| (a.set_apart, b.requests, &a.ip).cmp(&(b.set_apart, a.requests, &b.ip)));
    addresses
}

fn named<'a>(ip: &str, detections: &'a [Detection]) -> Option<(&'a Detection, &'a RemoteAddress)> {
    let all = detections
        .iter()
        .flat_map(|detection| detection.addresses.iter().map(move |address| (detection, address)));
    // A finding that says Tor says more than another one.
    let mut found: Vec<_> = all.filter(|(_, address)| address.address == ip).collect();
    found.sort_by_key(|(detection, _)| !detection.kind.contains("TorIPCaller"));
    found.first().copied()
}

fn network(address: &RemoteAddress) -> String {
    let number = address.asn.as_ref().map(|number| format!("AS{number}"));
    let parts = [number, address.organization.clone(), address.country.clone()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn joined(keys: &BTreeSet<&str>, gathered: &Gathered) -> (String, Confidence) {
    let reasons =
        keys.iter().filter_map(|key| gathered.suspects.keys.get(*key)).map(|(joined, _)| in_words(joined));
    let mut reasons: Vec<(String, Confidence)> = reasons.collect();
    reasons.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    reasons.dedup();
    let confidence = reasons.first().map_or(Confidence::Inferred, |(_, confidence)| *confidence);
    (reasons.into_iter().map(|(text, _)| text).collect::<Vec<_>>().join("; "), confidence)
}

/// Why a credential is followed, and how sure that makes it.
fn in_words(joined: &Joined) -> (String, Confidence) {
    match joined {
        Joined::Named => ("named by the finding or by who asked".to_owned(), Confidence::Confirmed),
        Joined::OfNamedPrincipal => ("used by the named principal".to_owned(), Confidence::Confirmed),
        Joined::AtNamedAddress(address) => {
            (format!("used from {address}, which the finding names"), Confidence::Inferred)
        }
        Joined::OnNamedBucket(bucket) => (format!("used on the bucket `{bucket}`"), Confidence::Inferred),
        Joined::IssuedTo { key, event_name, .. } => {
            (format!("issued to {} by {event_name}", masked(key)), Confidence::Confirmed)
        }
        Joined::Issued { key, address, .. } => (
            format!("{} was issued to it, at {address}, an address of the actor", masked(key)),
            Confidence::Confirmed,
        ),
        Joined::SameRoleAtAddress(address) => (
            format!("another session of a followed role, at {address}, an address of the actor"),
            Confidence::Inferred,
        ),
    }
}

/// Others at an address of the actor, and other sessions of a followed role.
#[must_use]
pub fn related(gathered: &Gathered, apart: &Apart) -> Vec<Related> {
    let principals = gathered.suspects.principals(&gathered.uses);
    let followed = gathered.uses.iter().filter(|one| gathered.suspects.has(&one.access_key));
    let counted = followed.filter(|one| {
        !apart.is(&one.access_key, &one.vpc_endpoint_account, &one.source_ip, &one.authentication)
    });
    let addresses: BTreeSet<&str> =
        counted.map(|one| or_empty(&one.source_ip)).filter(|ip| is_outside(ip)).collect();
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&Use>> = BTreeMap::new();
    for one in gathered.uses.iter().filter(|one| !gathered.suspects.has(&one.access_key)) {
        let shares = if addresses.contains(or_empty(&one.source_ip)) {
            "an address"
        } else if one.principal.as_ref().is_some_and(|principal| principals.contains(principal)) {
            "the role or user"
        } else {
            continue;
        };
        groups.entry((or_empty(&one.principal), or_empty(&one.access_key), shares)).or_default().push(one);
    }
    let mut all: Vec<Related> = groups
        .into_iter()
        .map(|((principal, key, shares), uses)| {
            let ips: BTreeSet<&str> = uses.iter().map(|one| or_empty(&one.source_ip)).collect();
            let source_ip = match ips.len() {
                1 => ips.iter().copied().collect(),
                more => format!("{more} addresses"),
            };
            Related {
                principal: principal.to_owned(),
                access_key: masked(key),
                source_ip,
                shares: shares.to_owned(),
                requests: uses.iter().map(|one| one.requests).sum(),
                bytes_out: uses.iter().map(|one| one.bytes_out.unwrap_or_default()).sum(),
                first_seen: uses
                    .iter()
                    .map(|one| or_empty(&one.first_seen))
                    .min()
                    .unwrap_or_default()
                    .to_owned(),
                last_seen: uses
                    .iter()
                    .map(|one| or_empty(&one.last_seen))
                    .max()
                    .unwrap_or_default()
                    .to_owned(),
            }
        })
        .collect();
    all.sort_by(|a, b| (&a.shares, b.requests, &a.principal).cmp(&(&b.shares, a.requests, &b.principal)));
    all.truncate(MOST_RELATED);
    all
}
