//! One alternative of a pattern against one scalar of an event.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde_json::{Number, Value};

use super::matcher::{Excluded, Matcher, NUMERIC_LIMIT};
use crate::semantics::verdict::Tri;

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Comparison {
    /// Whether the value matches.
    pub(super) value: Tri,
    /// Two equal numbers were written differently (`300` and `300.0`), which is assumption A-17.
    pub(super) spelling: bool,
}

impl From<Tri> for Comparison {
    fn from(value: Tri) -> Self {
        Self { value, spelling: false }
    }
}

impl From<bool> for Comparison {
    fn from(value: bool) -> Self {
        Tri::from(value).into()
    }
}

/// Whether a scalar of an event matches; `scalar` is never an array or object.
pub(super) fn compare(matcher: &Matcher, scalar: &Value) -> Comparison {
    match matcher {
        Matcher::Null => scalar.is_null().into(),
        Matcher::Bool(expected) => (scalar.as_bool() == Some(*expected)).into(),
        Matcher::Number(expected) => {
            scalar.as_number().map_or(Comparison::from(false), |number| equal_numbers(expected, number))
        }
        Matcher::Numeric(range) => {
            scalar.as_f64().map_or(Tri::No, |number| in_range(range.contains(number), number)).into()
        }
        Matcher::Exists(expected) => (*expected).into(),
        Matcher::AnythingBut(excluded) => {
            let outcome = is_excluded(excluded, scalar);
            Comparison { value: !outcome.value, spelling: outcome.spelling }
        }
        _ => scalar.as_str().map_or(Tri::No, |text| compare_text(matcher, text)).into(),
    }
}

fn compare_text(matcher: &Matcher, text: &str) -> Tri {
    match matcher {
        Matcher::Exact(expected, address) => exact(expected, *address, text),
        Matcher::Prefix(prefix) => text.starts_with(prefix.as_str()).into(),
        Matcher::PrefixIgnoreCase(prefix) => {
            starts_ignoring_case(prefix.chars(), text.chars()).is_some().into()
        }
        Matcher::Suffix(suffix) => text.ends_with(suffix.as_str()).into(),
        Matcher::SuffixIgnoreCase(suffix) => {
            starts_ignoring_case(suffix.chars().rev(), text.chars().rev()).is_some().into()
        }
        Matcher::EqualsIgnoreCase(expected) => equals_ignoring_case(expected, text).into(),
        Matcher::Wildcard(wildcard) => wildcard.matches(text).into(),
        Matcher::Cidr(network) => contains(network, text),
        _ => Tri::No,
    }
}

/// Documented is a character-by-character comparison, but event-ruler compares literals that are IP addresses as
/// addresses; the two differ only for unusual spellings of one address.
fn exact(expected: &str, address: Option<IpAddr>, text: &str) -> Tri {
    if expected == text {
        return Tri::Yes;
    }
    match address {
        Some(address) if text.parse() == Ok(address) => Tri::Unknown,
        _ => Tri::No,
    }
}

/// A `numeric` outcome: AWS documents the operator only for event values within ±5.0e9.
fn in_range(inside: bool, number: f64) -> Tri {
    match inside {
        true if number.abs() > NUMERIC_LIMIT => Tri::Unknown,
        inside => inside.into(),
    }
}

/// Number literals: the documentation compares their text, the service was seen to compare their value.
fn equal_numbers(expected: &Number, number: &Number) -> Comparison {
    if let (Some(a), Some(b)) = (integer(expected), integer(number)) {
        return (a == b).into();
    }
    if expected.as_f64() != number.as_f64() {
        return false.into();
    }
    let spelling = integer(expected).is_some() != integer(number).is_some();
    let small = number.as_f64().is_some_and(|value| value.abs() <= NUMERIC_LIMIT);
    let value = if small || !spelling { Tri::Yes } else { Tri::Unknown };
    Comparison { value, spelling }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn is_excluded(excluded: &Excluded, scalar: &Value) -> Comparison {
    if let Excluded::Numbers(numbers) = excluded {
        let Some(number) = scalar.as_number() else {
            return false.into();
        };
        return numbers.iter().map(|expected| equal_numbers(expected, number)).fold(false.into(), either);
    }
    let Some(text) = scalar.as_str() else {
        return false.into();
    };
    let found = match excluded {
        Excluded::Strings(values) => values.iter().any(|value| value == text),
        Excluded::Prefixes(values) => values.iter().any(|value| text.starts_with(value.as_str())),
        Excluded::Suffixes(values) => values.iter().any(|value| text.ends_with(value.as_str())),
        Excluded::EqualsIgnoreCase(values) => values.iter().any(|value| equals_ignoring_case(value, text)),
        Excluded::Wildcards(values) => values.iter().any(|value| value.matches(text)),
        Excluded::Numbers(_) => false,
    };
    found.into()
}

/// Disjunction. A yes rests on the better-founded alternative, a no on all of them.
pub(super) fn either(a: Comparison, b: Comparison) -> Comparison {
    let value = a.value.or(b.value);
    match (a.value == value, b.value == value) {
        (true, true) if value.is_no() => Comparison { value, spelling: a.spelling || b.spelling },
        (true, true) => Comparison { value, spelling: a.spelling && b.spelling },
        (true, false) => a,
        _ => b,
    }
}

fn equals_ignoring_case(expected: &str, text: &str) -> bool {
    starts_ignoring_case(expected.chars(), text.chars()).is_some_and(|mut rest| rest.next().is_none())
}

/// The rest of `text` after `expected`, compared character by character regardless of case.
fn starts_ignoring_case<T: Iterator<Item = char>>(
    expected: impl Iterator<Item = char>,
    mut text: T,
) -> Option<T> {
    for wanted in expected {
        if !same_letter(wanted, text.next()?) {
            return None;
        }
    }
    Some(text)
}

fn same_letter(wanted: char, found: char) -> bool {
    wanted == found || wanted.to_lowercase().eq([found]) || wanted.to_uppercase().eq([found])
}

/// `cidr`: whether the address is in the network. Unknown for the two spellings that Java releases read differently:
/// an IPv4 address written inside IPv6 and octets with leading zeros.
fn contains(network: &IpNet, text: &str) -> Tri {
    let Ok(address) = text.parse::<IpAddr>() else {
        let inside = zero_padded(text).is_some_and(|address| network.contains(&address));
        return if inside { Tri::Unknown } else { Tri::No };
    };
    if let IpAddr::V6(inner) = address
        && let Some(embedded) = inner.to_ipv4_mapped()
    {
        let inside = network.contains(&address) || network.contains(&IpAddr::V4(embedded));
        return if inside { Tri::Unknown } else { Tri::No };
    }
    network.contains(&address).into()
}

/// `010.0.0.1` read as decimal.
fn zero_padded(text: &str) -> Option<IpAddr> {
    let octets: Vec<u8> = text
        .split('.')
        .take(5)
        .map(|octet| octet.trim_start_matches('0').parse().ok().or_else(|| all_zero(octet)))
        .collect::<Option<_>>()?;
    let octets: [u8; 4] = octets.try_into().ok()?;
    Some(IpAddr::V4(Ipv4Addr::from(octets)))
}

fn all_zero(octet: &str) -> Option<u8> {
    (!octet.is_empty() && octet.bytes().all(|byte| byte == b'0')).then_some(0)
}
