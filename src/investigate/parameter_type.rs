//! The forms of a parameter's value. Reading a value is validating it: each form has a closed alphabet without quotes,
//! backslashes and control characters, so that a value can harm no query, whether it is bound or, where a back end cannot
//! bind, rendered.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use crate::visible::visible_start;

/// The form of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterType {
    /// A moment: RFC 3339, or a day (its beginning in UTC). Whole seconds, as in CloudTrail's records.
    Timestamp,
    /// A whole number.
    Integer,
    /// A number of rows, from 1 to 1,000,000.
    Limit,
    /// Account ids: twelve digits, a text because of leading zeros.
    AccountIds,
    /// Regions, such as `eu-west-1`.
    Regions,
    /// A bucket's name.
    BucketName,
    /// Names of buckets.
    BucketNames,
    /// An ARN.
    Arn,
    /// ARNs. They may hold commas, so that each must be given in a text of its own.
    Arns,
    /// An access key's id, such as `AKIA…` or `ASIA…`.
    AccessKeyId,
    /// Ids of access keys.
    AccessKeyIds,
    /// An address, IPv4 or IPv6.
    Ip,
    /// Addresses.
    Ips,
    /// Networks in CIDR notation.
    Networks,
    /// Names of CloudTrail events, such as `GetObject`.
    EventNames,
}

/// A validated value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ParameterValue {
    /// A moment.
    #[serde(serialize_with = "as_text")]
    Timestamp(Timestamp),
    /// A number.
    Integer(i64),
    /// One text.
    Text(String),
    /// At least one text, sorted, each once.
    Texts(Vec<String>),
}

fn as_text<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}

impl ParameterType {
    /// The spelling in the hunts' files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::Integer => "integer",
            Self::Limit => "limit",
            Self::AccountIds => "account-ids",
            Self::Regions => "regions",
            Self::BucketName => "bucket-name",
            Self::BucketNames => "bucket-names",
            Self::Arn => "arn",
            Self::Arns => "arns",
            Self::AccessKeyId => "access-key-id",
            Self::AccessKeyIds => "access-key-ids",
            Self::Ip => "ip",
            Self::Ips => "ips",
            Self::Networks => "networks",
            Self::EventNames => "event-names",
        }
    }

    /// Reads a value from one text.
    ///
    /// # Errors
    /// What is wrong with it, and what the form is.
    pub fn read(self, text: &str) -> Result<ParameterValue, String> {
        self.read_all(&[text.to_owned()])
    }

    /// Reads a value from one or more texts.
    ///
    /// # Errors
    /// What is wrong with them, and what the form is. A list without a value is refused: nothing would be in it.
    pub fn read_all(self, texts: &[String]) -> Result<ParameterValue, String> {
        match self {
            Self::Timestamp => moment(single(texts)?).map(ParameterValue::Timestamp),
            Self::Integer => integer(single(texts)?, i64::MIN..=i64::MAX).map(ParameterValue::Integer),
            Self::Limit => integer(single(texts)?, 1..=1_000_000).map(ParameterValue::Integer),
            Self::BucketName => bucket_name(single(texts)?).map(ParameterValue::Text),
            Self::Arn => arn(single(texts)?).map(ParameterValue::Text),
            Self::AccessKeyId => access_key_id(single(texts)?).map(ParameterValue::Text),
            Self::Ip => address(single(texts)?).map(ParameterValue::Text),
            Self::AccountIds => list(texts, account_id),
            Self::Regions => list(texts, region),
            Self::BucketNames => list(texts, bucket_name),
            Self::Arns => set(texts.iter().map(String::as_str), arn),
            Self::AccessKeyIds => list(texts, access_key_id),
            Self::Ips => list(texts, address),
            Self::Networks => list(texts, network),
            Self::EventNames => list(texts, event_name),
        }
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The only text.
fn single(texts: &[String]) -> Result<&str, String> {
    match texts {
        [text] => Ok(text.trim()),
        [] => Err("no value was given".to_owned()),
        _ => Err("it takes one value, but several were given".to_owned()),
    }
}

/// Values between commas.
fn list(texts: &[String], read: impl Fn(&str) -> Result<String, String>) -> Result<ParameterValue, String> {
    set(texts.iter().flat_map(|text| text.split(',')).filter(|text| !text.trim().is_empty()), read)
}

/// Sorted, each once.
fn set<'t>(
    texts: impl Iterator<Item = &'t str>,
    read: impl Fn(&str) -> Result<String, String>,
) -> Result<ParameterValue, String> {
    let values: BTreeSet<String> = texts.map(|text| read(text.trim())).collect::<Result<_, _>>()?;
    if values.is_empty() {
        return Err("the list is empty".to_owned());
    }
    Ok(ParameterValue::Texts(values.into_iter().collect()))
}

/// The text, if all of it is of these characters and its length is within the bounds.
fn of(
    text: &str,
    lengths: std::ops::RangeInclusive<usize>,
    allowed: impl Fn(char) -> bool,
    form: &str,
) -> Result<String, String> {
    if lengths.contains(&text.len()) && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(format!("`{}` is not {form}", visible_start(text, 60)))
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || {
        let date = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10)?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    let parsed = text.parse::<Timestamp>().ok().or_else(day);
    let second = parsed.and_then(|moment| Timestamp::from_second(moment.as_second()).ok());
    second.ok_or_else(|| {
        format!("`{}` is no moment, such as 2026-01-15T03:00:00Z or 2026-01-15", visible_start(text, 60))
    })
}

fn integer(text: &str, allowed: std::ops::RangeInclusive<i64>) -> Result<i64, String> {
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| {
        let (least, most) = (allowed.start(), allowed.end());
        let bounds = if *least == i64::MIN { String::new() } else { format!(" from {least} to {most}") };
        format!("`{}` is no whole number{bounds}", visible_start(text, 60))
    })
}

fn account_id(text: &str) -> Result<String, String> {
    of(text, 12..=12, |c| c.is_ascii_digit(), "an account id: twelve digits, with leading zeros")
}

fn region(text: &str) -> Result<String, String> {
    let form = "a region, such as eu-west-1";
    let text = of(text, 5..=32, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-', form)?;
    if text.split('-').count() < 3 || text.split('-').any(str::is_empty) {
        return Err(format!("`{text}` is not {form}"));
    }
    Ok(text)
}

/// Buckets of before 2018 in us-east-1 may have upper-case letters and `_` in their names.
fn bucket_name(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    of(text, 3..=255, allowed, "a bucket's name: 3 to 255 letters, digits, `.`, `-` and `_`")
}

/// Names of IAM are letters, digits and `+=,.@_-`, paths have `/`; other services add `:` and `*`.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
fn arn(text: &str) -> Result<String, String> {
    let form = "an ARN, such as arn:aws:iam::111122223333:role/Name";
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/:*".contains(c);
    let text = of(text, 8..=2048, allowed, form)?;
    if !text.starts_with("arn:") || text.split(':').count() < 6 {
        return Err(format!("`{}` is not {form}", visible_start(&text, 60)));
    }
    Ok(text)
}

fn access_key_id(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    of(text, 16..=128, allowed, "an access key's id: 16 to 128 upper-case letters and digits")
}

fn address(text: &str) -> Result<String, String> {
    let parsed: Result<IpAddr, _> = text.parse();
    parsed
        .map(|address| address.to_string())
        .map_err(|_| format!("`{}` is no IP address", visible_start(text, 60)))
}

fn network(text: &str) -> Result<String, String> {
    let parsed = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    parsed.map(|network| network.trunc().to_string()).map_err(|_| {
        format!("`{}` is no network, such as 203.0.113.0/24 or 2001:db8::/32", visible_start(text, 60))
    })
}

fn event_name(text: &str) -> Result<String, String> {
    of(text, 1..=128, |c| c.is_ascii_alphanumeric(), "an event's name: letters and digits")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const ALL: [ParameterType; 15] = [
        ParameterType::Timestamp,
        ParameterType::Integer,
        ParameterType::Limit,
        ParameterType::AccountIds,
        ParameterType::Regions,
        ParameterType::BucketName,
        ParameterType::BucketNames,
        ParameterType::Arn,
        ParameterType::Arns,
        ParameterType::AccessKeyId,
        ParameterType::AccessKeyIds,
        ParameterType::Ip,
        ParameterType::Ips,
        ParameterType::Networks,
        ParameterType::EventNames,
    ];

    #[test]
    fn no_value_of_any_type_can_end_a_literal_or_begin_a_comment() {
        let attempts = [
            "' OR '1'='1",
            "x'; DROP TABLE cloudtrail; --",
            "\" or 1=1",
            "a\\",
            "a`b",
            "x) UNION SELECT 1 --",
            "1; SELECT",
            "arn:aws:iam::111122223333:role/x' OR ''='",
            "arn:aws:iam::111122223333:role/x\"|filter 1=1",
            "111122223333' --",
            "eu-west-1' --",
            "AKIAAAAAAAAAAAAAAAAA' OR 1=1",
            "bucket'--",
            "10.0.0.0/8' OR 1=1",
            "203.0.113.1\"",
            "GetObject\"] or 1=1",
            "2026-01-15T03:00:00Z' OR 1=1",
            "2026-01-15T03:00:00Z[Europe/Berlin'x]",
            "\u{0}",
            "a\nb",
            "",
            "  ",
            ",",
        ];
        for kind in ALL {
            for attempt in attempts {
                let read = kind.read(attempt);
                assert!(read.is_err(), "{kind}: {attempt:?} was read as {read:?}");
            }
        }
    }

    #[test]
    fn values_of_each_type_are_read() {
        let texts = |texts: &[&str]| ParameterValue::Texts(texts.iter().map(|t| (*t).to_owned()).collect());
        let moment = |text: &str| ParameterValue::Timestamp(text.parse().unwrap());
        let text = |text: &str| ParameterValue::Text(text.to_owned());
        for (kind, given, value) in [
            (ParameterType::Timestamp, "2026-01-15", moment("2026-01-15T00:00:00Z")),
            (ParameterType::Timestamp, "2026-01-15T03:00:00.9+02:00", moment("2026-01-15T01:00:00Z")),
            (
                ParameterType::AccountIds,
                "444455556666, 012345678901,444455556666",
                texts(&["012345678901", "444455556666"]),
            ),
            (ParameterType::Regions, "eu-west-1,us-gov-west-1", texts(&["eu-west-1", "us-gov-west-1"])),
            (ParameterType::BucketName, "Old_Bucket.x-1", text("Old_Bucket.x-1")),
            (
                ParameterType::Arns,
                "arn:aws:sts::111122223333:assumed-role/R/a,b@c",
                texts(&["arn:aws:sts::111122223333:assumed-role/R/a,b@c"]),
            ),
            (ParameterType::AccessKeyIds, "AKIAIOSFODNN7EXAMPLE", texts(&["AKIAIOSFODNN7EXAMPLE"])),
            (ParameterType::Ip, "2001:DB8::0:1", text("2001:db8::1")),
            (
                ParameterType::Networks,
                "203.0.113.7/24,198.51.100.1",
                texts(&["198.51.100.1/32", "203.0.113.0/24"]),
            ),
            (ParameterType::Integer, "-3", ParameterValue::Integer(-3)),
            (ParameterType::Limit, "50", ParameterValue::Integer(50)),
            (ParameterType::EventNames, "GetObject", texts(&["GetObject"])),
        ] {
            assert_eq!(kind.read(given).unwrap(), value, "{kind}");
        }
        assert!(ParameterType::Limit.read("0").unwrap_err().contains("from 1 to 1000000"));
        assert!(ParameterType::AccountIds.read("12345678901").unwrap_err().contains("leading zeros"));
    }
}
