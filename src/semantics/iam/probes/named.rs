//! What the policies name: the values that a search must try, because they may be the exception.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::super::arn::{Arn, is_account_id};
use super::super::condition::{Condition, PolicyValue};
use super::super::context::{ContextValue, Key};
use super::super::document::{Effect, PrincipalElement, Statement};
use super::super::glob::Glob;
use super::super::policy_set::PolicySet;
use super::super::principal::PrincipalList;
use super::search::{Alternative, Dimension};

/// What stands for a name of the prober's own choice.
pub(super) const FILLER: &str = "exfilguard-probe";

/// The most names of one kind that are tried; policies of AWS's size limits hardly hold more.
const MAX_TRIED: usize = 48;

/// The statements of a policy set.
#[derive(Debug)]
pub(super) struct Named<'a> {
    statements: Vec<&'a Statement>,
    accounts: BTreeSet<String>,
    /// See [`Named::keys`]: asked for by each probe.
    keys: BTreeSet<String>,
    keys_of_allows: BTreeSet<String>,
    /// See [`Named::dimension`].
    dimensions: RefCell<BTreeMap<String, Dimension>>,
}

/// Texts to try, and whether they stand for all that the policies tell apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tried<T> {
    pub values: Vec<T>,
    pub complete: bool,
}

impl<'a> Named<'a> {
    pub fn of(set: &'a PolicySet) -> Self {
        let statements: Vec<&Statement> = set.documents().flat_map(|document| &document.statements).collect();
        let mut named = Self {
            statements,
            accounts: BTreeSet::new(),
            keys: BTreeSet::new(),
            keys_of_allows: BTreeSet::new(),
            dimensions: RefCell::default(),
        };
        named.accounts = named.collect_accounts();
        named.keys = named.collect_keys(false);
        named.keys_of_allows = named.collect_keys(true);
        named
    }

    /// Every account id that the policies name as a principal, in an ARN, or as a condition's value.
    pub fn accounts(&self) -> &BTreeSet<String> {
        &self.accounts
    }

    fn collect_accounts(&self) -> BTreeSet<String> {
        let mut accounts = BTreeSet::new();
        for list in self.principal_lists() {
            accounts.extend(list.accounts.iter().cloned());
            accounts.extend(list.arns.iter().filter_map(|arn| account_of(arn)));
        }
        for text in self.conditions().flat_map(|(_, c)| c.values.iter().filter_map(source)) {
            accounts.extend(account_of(text));
        }
        accounts
    }

    /// The principals that statements list, by `Principal` and by `NotPrincipal`.
    pub fn principal_lists(&self) -> impl Iterator<Item = &'a PrincipalList> {
        self.statements.iter().filter_map(|statement| match &statement.principal {
            PrincipalElement::Principal(list) | PrincipalElement::NotPrincipal(list) => Some(list),
            PrincipalElement::None => None,
        })
    }

    /// The principals that statements grant something.
    pub fn granted_lists(&self) -> impl Iterator<Item = &'a PrincipalList> {
        self.statements.iter().filter(|s| s.effect != Some(Effect::Deny)).filter_map(|s| match &s.principal {
            PrincipalElement::Principal(list) => Some(list),
            _ => None,
        })
    }

    /// All conditions with their statements.
    pub fn conditions(&self) -> impl Iterator<Item = (&'a Statement, &'a Condition)> {
        self.statements.iter().flat_map(|statement| {
            statement.conditions.conditions.iter().map(move |condition| (*statement, condition))
        })
    }

    /// The condition keys in lower case that the outcome can depend on; those of `Allow` statements alone, or all.
    pub fn keys(&self, allows_only: bool) -> &BTreeSet<String> {
        if allows_only { &self.keys_of_allows } else { &self.keys }
    }

    fn collect_keys(&self, allows_only: bool) -> BTreeSet<String> {
        let statements = self.statements.iter().filter(|s| !allows_only || s.effect != Some(Effect::Deny));
        statements
            .flat_map(|statement| {
                let patterns = statement.resource.iter().flat_map(|element| &element.patterns);
                statement.conditions.keys().chain(patterns.flat_map(|pattern| pattern.template().variables()))
            })
            .map(str::to_owned)
            .collect()
    }

    /// Values to try for a condition key: an example of each value that the policies compare it with.
    pub fn examples(&self, lower_case_key: &str) -> BTreeSet<String> {
        self.conditions()
            .filter(|(_, condition)| condition.lower_case_key == lower_case_key)
            .flat_map(|(_, condition)| condition.values.iter().flat_map(examples))
            .collect()
    }

    /// As [`Named::examples`], of the statements that allow something, and only where the operator is not negated.
    pub fn examples_in_allows(&self, lower_case_key: &str) -> BTreeSet<String> {
        self.conditions()
            .filter(|(statement, condition)| {
                statement.effect != Some(Effect::Deny)
                    && !condition.operator.negated
                    && condition.lower_case_key == lower_case_key
            })
            .flat_map(|(_, condition)| condition.values.iter().flat_map(examples))
            .collect()
    }

    /// The addresses and networks that the policies compare a key with.
    pub fn networks(&self, lower_case_key: &str) -> BTreeSet<IpNet> {
        self.conditions()
            .filter(|(_, condition)| condition.lower_case_key == lower_case_key)
            .flat_map(|(_, condition)| &condition.values)
            .filter_map(|value| match value {
                PolicyValue::Network(network) => Some(network.trunc()),
                _ => None,
            })
            .collect()
    }

    /// Internet addresses to try: one that nothing names, and the ends of each network that is named.
    pub fn addresses(&self, admit: impl Fn(IpAddr) -> bool, trusted: &[IpNet]) -> Tried<IpAddr> {
        const ANYWHERE: [&str; 6] =
            ["198.51.100.23", "45.83.64.17", "185.220.101.9", "2001:db8:bad::23", "2a0b:f4c2::9", "8.8.4.4"];
        let anywhere: Vec<IpAddr> = ANYWHERE.iter().filter_map(|text| text.parse().ok()).collect();
        let mut values: Vec<IpAddr> = anywhere.into_iter().filter(|address| admit(*address)).collect();
        let mut complete = true;
        for network in self.networks("aws:sourceip") {
            let borders = trusted.iter().flat_map(|trusted| [after(trusted), before(trusted)]).flatten();
            let ends = [network.addr(), network.broadcast()].into_iter().chain(borders);
            let inside =
                ends.filter(|address| network.contains(address) && is_public(*address) && admit(*address));
            for address in inside.take(4) {
                if values.len() >= MAX_TRIED {
                    complete = false;
                } else if !values.contains(&address) {
                    values.push(address);
                }
            }
        }
        Tried { values, complete }
    }

    /// Object keys of a bucket to try: one that nothing names, and an example of each resource pattern.
    pub fn object_keys(&self, bucket_arn: &str) -> Tried<String> {
        let within = Glob::new(&format!("{bucket_arn}/*"));
        let mut values = vec![FILLER.to_owned()];
        let mut complete = true;
        for pattern in self.resource_patterns() {
            let source = without_variables(pattern);
            let glob = Glob::new(&source);
            if !glob.overlaps(&within) {
                continue;
            }
            let tail = source.split_once('/').map(|(_, key)| key);
            let whole = source.rsplit_once(":::").map_or(source.as_str(), |(_, name)| name);
            // Behind the name that is asked for, or behind that of an access point by a pattern.
            let behind = source.strip_prefix(bucket_arn).and_then(|rest| rest.strip_prefix('/'));
            let seen_through = source.split_once("/object/").map(|(_, key)| key);
            let candidates = [behind, seen_through, tail, Some(whole.trim_start_matches('*'))];
            let fitting = candidates
                .into_iter()
                .flatten()
                .flat_map(|key| [Glob::new(key).example(FILLER), key.replace(['*', '?'], "a")])
                .find(|key| !key.is_empty() && glob.matches(&format!("{bucket_arn}/{key}")));
            match fitting {
                Some(key) if values.contains(&key) => {}
                Some(key) if values.len() < MAX_TRIED => values.push(key),
                None if glob.matches(&format!("{bucket_arn}/{FILLER}")) => {}
                _ => complete = false,
            }
        }
        Tried { values, complete }
    }

    /// The patterns of `Resource` and `NotResource`.
    pub fn resource_patterns(&self) -> BTreeSet<&'a str> {
        let elements = self.statements.iter().filter_map(|statement| statement.resource.as_ref());
        elements.flat_map(|element| &element.patterns).map(|pattern| pattern.template().source()).collect()
    }

    /// The actions that statements spell out, without wildcards and in lower case.
    pub fn actions(&self) -> BTreeSet<String> {
        self.statements
            .iter()
            .flat_map(|statement| &statement.action.patterns)
            .filter_map(Glob::as_literal)
            .filter(|action| action.starts_with("s3:"))
            .take(256)
            .collect()
    }

    /// For each statement, whether it is about an action, given in lower case.
    pub fn covering(&self, lower_case_action: &str) -> impl Iterator<Item = bool> {
        self.statements.iter().map(move |statement| statement.action.covers(lower_case_action))
    }

    /// What a search tries for a key (in lower case) that the one who asks chooses: no value, those that the policies
    /// compare it with, and another. Each probe asks, so it is found out once.
    pub fn dimension(&self, lower_case_key: &str) -> Dimension {
        if let Some(known) = self.dimensions.borrow().get(lower_case_key) {
            return known.clone();
        }
        let absent = match lower_case_key {
            "aws:vpcsourceip" => ContextValue::one("10.0.0.7"),
            _ => ContextValue::Absent,
        };
        let alternatives = std::iter::once(absent)
            .chain(self.examples(lower_case_key).into_iter().take(12).map(ContextValue::one))
            .chain([ContextValue::one(FILLER)])
            .map(|value| Arc::new([(Key::of(lower_case_key), value)]) as Alternative)
            .collect();
        let dimension = Dimension { alternatives, exhaustive: false };
        self.dimensions.borrow_mut().insert(lower_case_key.to_owned(), dimension.clone());
        dimension
    }
}

/// The account that a text names: an account id, or the account part of an ARN.
pub(super) fn account_of(text: &str) -> Option<String> {
    if is_account_id(text) {
        return Some(text.to_owned());
    }
    Arn::parse(text).map(|arn| arn.account).filter(|account| is_account_id(account)).map(str::to_owned)
}

/// A policy value as written, where it is text.
pub(super) fn source(value: &PolicyValue) -> Option<&str> {
    value.template().map(|template| template.source())
}

fn examples(value: &PolicyValue) -> Vec<String> {
    match value {
        PolicyValue::Text(template) => {
            template.as_glob().map(|glob| glob.example(FILLER)).into_iter().collect()
        }
        PolicyValue::Number(number) => [*number, number - 1.0, number + 1.0].map(|n| n.to_string()).to_vec(),
        PolicyValue::Boolean(_) => vec!["true".to_owned(), "false".to_owned()],
        PolicyValue::Network(network) => vec![network.addr().to_string()],
        PolicyValue::Instant(_) | PolicyValue::Bytes(_) => Vec::new(),
    }
}

/// The pattern with each variable replaced by the name that probing principals have.
fn without_variables(pattern: &str) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let Some((variable, behind)) = after.split_once('}') else {
            text.push_str("${");
            rest = after;
            continue;
        };
        match variable {
            "*" | "?" | "$" => text.push_str(variable),
            _ => text.push_str(FILLER),
        }
        rest = behind;
    }
    text.push_str(rest);
    text
}

fn after(network: &IpNet) -> Option<IpAddr> {
    match network.broadcast() {
        IpAddr::V4(address) => u32::from(address).checked_add(1).map(|n| IpAddr::V4(n.into())),
        IpAddr::V6(address) => u128::from(address).checked_add(1).map(|n| IpAddr::V6(n.into())),
    }
}

fn before(network: &IpNet) -> Option<IpAddr> {
    match network.network() {
        IpAddr::V4(address) => u32::from(address).checked_sub(1).map(|n| IpAddr::V4(n.into())),
        IpAddr::V6(address) => u128::from(address).checked_sub(1).map(|n| IpAddr::V6(n.into())),
    }
}

/// Whether a request over the internet can come from the address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let local = address.is_private() || address.is_loopback() || address.is_link_local();
            !(local || address.is_multicast() || address.is_broadcast() || address.is_unspecified())
        }
        IpAddr::V6(address) => {
            let [first, ..] = address.segments();
            !(address.is_loopback()
                || address.is_multicast()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80)
        }
    }
}
