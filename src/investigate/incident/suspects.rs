//! Which credentials belong to the actor: those that a finding or a person names, those that were issued to them, and who
//! issued them, until nothing is new (`aws-semantics.md` 13.6).
//!
//! An address alone makes nobody an actor: behind a proxy, an office or an exit of Tor there are many. It counts only
//! together with something else that is shared: the role, or the issued session.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::detection::is_access_key;
use super::rows::{Issued, Use, or_empty};

/// How many steps of issued sessions are followed.
pub const MAX_DEPTH: u8 = 5;

/// Why a credential is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    /// A finding or a person names the key.
    Named,
    /// A person names the principal that used it.
    OfNamedPrincipal,
    /// It was used from an address that the finding names, which names no key.
    AtNamedAddress(String),
    /// It was used on a bucket that a person or a finding names, and nothing else is known.
    OnNamedBucket(String),
    /// It was issued to a followed credential.
    IssuedTo {
        /// The key that asked.
        key: String,
        /// `AssumeRole`, `CreateAccessKey`, ….
        event_name: String,
        /// The record.
        event_id: String,
    },
    /// A followed credential was issued to it, at an address of the actor.
    Issued {
        /// The key that was issued.
        key: String,
        /// The address.
        address: String,
        /// The record.
        event_id: String,
    },
    /// Another session of a followed role or user, at an address of the actor.
    SameRoleAtAddress(String),
}

/// The credentials that are followed.
#[derive(Debug, Clone, Default)]
pub struct Suspects {
    /// By key: why, and after how many steps.
    pub keys: BTreeMap<String, (Joined, u8)>,
    /// The addresses of the actor: those that are named, and those at which an issued credential was used.
    pub addresses: BTreeSet<String>,
    /// Whether following ended because of [`MAX_DEPTH`].
    pub cut: bool,
}

impl Suspects {
    /// Follows a key that is named.
    pub fn name(&mut self, key: &str, joined: Joined) {
        if is_access_key(key) {
            self.keys.entry(key.to_owned()).or_insert((joined, 0));
        }
    }

    /// Whether a key is followed.
    #[must_use]
    pub fn has(&self, key: &Option<String>) -> bool {
        key.as_ref().is_some_and(|key| self.keys.contains_key(key))
    }

    /// The roles and users behind the followed keys.
    #[must_use]
    pub fn principals(&self, uses: &[Use]) -> BTreeSet<String> {
        let followed = uses.iter().filter(|one| self.has(&one.access_key));
        followed.filter_map(|one| one.principal.clone()).collect()
    }

    /// Takes in what one more round of questions told; whether anything is new.
    pub fn grow(&mut self, issued: &[Issued], uses: &[Use]) -> bool {
        let before = (self.keys.len(), self.addresses.len());
        self.follow_issued(issued);
        self.follow_issuers(issued);
        self.take_addresses(uses);
        let principals = self.principals(uses);
        for one in uses
            .iter()
            .filter(|one| !self.keys.contains_key(or_empty(&one.access_key)))
            .cloned()
            .collect::<Vec<_>>()
        {
            let here = self.addresses.contains(or_empty(&one.source_ip));
            let same = one.principal.as_ref().is_some_and(|principal| principals.contains(principal));
            // Who holds only a presigned URL is not who signed it.
            if here && same && one.authentication.as_deref() != Some("QueryString") {
                self.name(
                    or_empty(&one.access_key),
                    Joined::SameRoleAtAddress(or_empty(&one.source_ip).to_owned()),
                );
            }
        }
        before != (self.keys.len(), self.addresses.len())
    }

    fn follow_issued(&mut self, issued: &[Issued]) {
        for one in issued.iter().filter(|one| one.error_code.is_none()) {
            let (Some(key), Some(new)) = (&one.access_key, &one.issued_key) else { continue };
            let Some(depth) = self.keys.get(key).map(|(_, depth)| *depth) else { continue };
            if self.keys.contains_key(new) || !is_access_key(new) {
                continue;
            }
            if depth >= MAX_DEPTH {
                self.cut = true;
                continue;
            }
            let joined = Joined::IssuedTo {
                key: key.clone(),
                event_name: or_empty(&one.event_name).to_owned(),
                event_id: or_empty(&one.event_id).to_owned(),
            };
            self.keys.insert(new.clone(), (joined, depth + 1));
        }
    }

    fn follow_issuers(&mut self, issued: &[Issued]) {
        for one in issued.iter().filter(|one| self.has(&one.issued_key)).cloned().collect::<Vec<_>>() {
            let address = or_empty(&one.source_ip);
            let known = one.access_key.as_ref().is_none_or(|key| self.keys.contains_key(key));
            if known || !self.addresses.contains(address) {
                continue;
            }
            let joined = Joined::Issued {
                key: or_empty(&one.issued_key).to_owned(),
                address: address.to_owned(),
                event_id: or_empty(&one.event_id).to_owned(),
            };
            self.name(or_empty(&one.access_key), joined);
        }
    }

    /// An issued session is the actor's alone, and so are the addresses at which it is used.
    fn take_addresses(&mut self, uses: &[Use]) {
        for one in uses {
            let issued = one.access_key.as_ref().and_then(|key| self.keys.get(key));
            let own = issued.is_some_and(|(joined, _)| matches!(joined, Joined::IssuedTo { .. }));
            if own && one.authentication.as_deref() != Some("QueryString") {
                let address = or_empty(&one.source_ip);
                if is_outside(address) {
                    self.addresses.insert(address.to_owned());
                }
            }
        }
    }
}

/// Whether this is an address on the internet: not a private one and not the name of an AWS service.
#[must_use]
pub fn is_outside(address: &str) -> bool {
    match address.parse() {
        Ok(IpAddr::V4(address)) => {
            let shared = address.octets()[0] == 100 && (64..128).contains(&address.octets()[1]);
            !(address.is_private() || address.is_loopback() || address.is_link_local() || shared)
        }
        Ok(IpAddr::V6(address)) => {
            !(address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local())
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(by: &str, new: &str, address: &str) -> Issued {
        let text = |text: &str| Some(text.to_owned());
        Issued {
            access_key: text(by),
            issued_key: text(new),
            source_ip: text(address),
            event_name: text("AssumeRole"),
            event_id: text("e"),
            ..Issued::default()
        }
    }

    fn used(key: &str, principal: &str, address: &str, authentication: &str) -> Use {
        let text = |text: &str| Some(text.to_owned());
        Use {
            access_key: text(key),
            principal: text(principal),
            source_ip: text(address),
            authentication: text(authentication),
            ..Use::default()
        }
    }

    fn key(number: u32) -> String {
        format!("ASIA{number:016}")
    }

    fn suspects() -> Suspects {
        let mut suspects = Suspects::default();
        suspects.name(&key(0), Joined::Named);
        suspects.addresses.insert("203.0.113.7".to_owned());
        suspects
    }

    #[test]
    fn sessions_that_were_issued_are_followed_up_to_the_fifth() {
        let chain: Vec<Issued> = (0..8).map(|n| issued(&key(n), &key(n + 1), "192.0.2.1")).collect();
        let mut suspects = suspects();
        while suspects.grow(&chain, &[]) {}
        assert_eq!(suspects.keys.len(), 6);
        assert!(suspects.cut);
        assert!(!suspects.keys.contains_key(&key(6)));
    }

    #[test]
    fn who_issued_a_followed_session_is_followed_only_from_an_address_of_the_actor() {
        for (address, followed) in [("203.0.113.7", true), ("192.0.2.1", false)] {
            let mut suspects = suspects();
            suspects.grow(&[issued(&key(9), &key(0), address)], &[]);
            assert_eq!(suspects.keys.contains_key(&key(9)), followed, "{address}");
        }
    }

    #[test]
    fn an_address_alone_makes_nobody_an_actor() {
        let uses = [
            used(&key(0), "role/a", "198.51.100.1", "AuthHeader"),
            used(&key(1), "role/b", "203.0.113.7", "AuthHeader"),
            used(&key(2), "role/a", "192.0.2.9", "AuthHeader"),
            used(&key(3), "role/a", "203.0.113.7", "QueryString"),
            used(&key(4), "role/a", "203.0.113.7", "AuthHeader"),
        ];
        let mut suspects = suspects();
        while suspects.grow(&[], &uses) {}
        let followed: Vec<&String> = suspects.keys.keys().collect();
        assert_eq!(followed, [&key(0), &key(4)]);
        // The named key may be in honest use elsewhere: its addresses are not taken for the actor's.
        assert!(!suspects.addresses.contains("198.51.100.1"));
    }

    #[test]
    fn what_was_refused_issued_nothing() {
        let mut refused = issued(&key(0), &key(1), "203.0.113.7");
        refused.error_code = Some("AccessDenied".to_owned());
        let mut suspects = suspects();
        assert!(!suspects.grow(&[refused], &[]));
    }

    #[test]
    fn addresses_within_are_not_outside() {
        for (address, outside) in [
            ("10.0.0.1", false),
            ("172.16.3.4", false),
            ("100.64.0.1", false),
            ("fd00::1", false),
            ("ec2.amazonaws.com", false),
            ("AWS Internal", false),
            ("", false),
            ("203.0.113.7", true),
            ("2001:db8::1", true),
        ] {
            assert_eq!(is_outside(address), outside, "{address}");
        }
    }
}
