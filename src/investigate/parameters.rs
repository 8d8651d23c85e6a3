//! The values of a hunt's parameters. Reading a value is validating it: each type has a closed alphabet without quotes,
//! backslashes and control characters, so that a value can harm no query, whether it is bound or, where a back end cannot
//! bind, rendered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

use super::hunt::{Hunt, ParameterDefinition, days_before};
use crate::visible::visible_start;

/// What was given for each parameter, as a person types it: values of a list in one text with commas between them, or one
/// text each.
pub type Given = BTreeMap<String, Vec<String>>;

/// A parameter that every hunt takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandardParameter {
    /// The name.
    pub name: &'static str,
    /// The form of its value.
    pub kind: ParameterType,
    /// Whether a hunt cannot be asked without it.
    pub required: bool,
    /// The value where none is given.
    pub default: Option<&'static str>,
    /// What it is for.
    pub description: &'static str,
}

/// The parameters that every hunt takes.
pub const STANDARD: [StandardParameter; 5] = [
    StandardParameter {
        name: "from",
        kind: ParameterType::Timestamp,
        required: true,
        default: None,
        description: "the beginning of the window; a record of that second is in it",
    },
    StandardParameter {
        name: "to",
        kind: ParameterType::Timestamp,
        required: true,
        default: None,
        description: "the end of the window; a record of that second is no longer in it",
    },
    StandardParameter {
        name: "accounts",
        kind: ParameterType::AccountIds,
        required: false,
        default: None,
        description: "only records that were delivered for these accounts",
    },
    StandardParameter {
        name: "regions",
        kind: ParameterType::Regions,
        required: false,
        default: None,
        description: "only records of these regions",
    },
    StandardParameter {
        name: "limit",
        kind: ParameterType::Limit,
        required: false,
        default: Some("1000"),
        description: "the most rows; if there are more, the answer says so",
    },
];

impl From<&StandardParameter> for ParameterDefinition {
    fn from(standard: &StandardParameter) -> Self {
        Self {
            name: standard.name.to_owned(),
            kind: standard.kind,
            required: standard.required,
            default: standard.default.map(str::to_owned),
            description: standard.description.to_owned(),
        }
    }
}

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

/// The values of one run of a hunt: all that are required are there, and each is of its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Parameters(BTreeMap<String, ParameterValue>);

/// Values that do not fit the hunt. Nothing was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum ParameterError {
    /// The hunt has no such parameter.
    #[error("the hunt `{hunt}` has no parameter `{name}`")]
    #[diagnostic(help("its parameters: {}", known.join(", ")))]
    Unknown {
        /// The hunt.
        hunt: String,
        /// What was given.
        name: String,
        /// The names that it has.
        known: Vec<String>,
    },
    /// A required parameter was not given.
    #[error("the hunt `{hunt}` needs the parameter `{name}`: {description}")]
    #[diagnostic(help(
        "give it with `--set {name}=VALUE`; `exfilguard hunt explain {hunt}` shows all parameters"
    ))]
    Missing {
        /// The hunt.
        hunt: String,
        /// The parameter.
        name: String,
        /// What it is for.
        description: String,
    },
    /// A value is not of its parameter's type.
    #[error("the parameter `{name}` of type {kind}: {why}")]
    Invalid {
        /// The parameter.
        name: String,
        /// Its type.
        kind: ParameterType,
        /// What is wrong.
        why: String,
    },
    /// The window ends before it begins.
    #[error("the window from {from} to {to} is empty")]
    EmptyWindow {
        /// Its beginning.
        from: Timestamp,
        /// Its end.
        to: Timestamp,
    },
}

impl Parameters {
    /// Reads what was given for a hunt and adds defaults. In names `-` stands for `_`, too.
    ///
    /// # Errors
    /// A name that the hunt does not have, a value that is not of its type, one that is missing, or an empty window.
    pub fn read(hunt: &Hunt, given: &Given) -> Result<Self, ParameterError> {
        let definitions = hunt.all_parameters();
        let mut values = BTreeMap::new();
        for (name, texts) in given {
            let name = name.replace('-', "_");
            let Some(definition) = definitions.iter().find(|definition| definition.name == name) else {
                let known = definitions.into_iter().map(|definition| definition.name).collect();
                let name = visible_start(&name, 60);
                return Err(ParameterError::Unknown { hunt: hunt.id.clone(), name, known });
            };
            let value = definition.kind.read_all(texts).map_err(|why| ParameterError::Invalid {
                name: name.clone(),
                kind: definition.kind,
                why,
            })?;
            values.insert(name, value);
        }
        for definition in definitions {
            if values.contains_key(&definition.name) {
                continue;
            }
            let days = definition.default.as_deref().and_then(days_before);
            let from = match values.get("from") {
                Some(ParameterValue::Timestamp(from)) => Some(*from),
                _ => None,
            };
            let before = days
                .zip(from)
                .and_then(|(days, from)| from.checked_sub(SignedDuration::from_hours(24 * days)).ok());
            match before.map(ParameterValue::Timestamp).or_else(|| definition.default_value()) {
                Some(value) => _ = values.insert(definition.name, value),
                None if definition.required => {
                    return Err(ParameterError::Missing {
                        hunt: hunt.id.clone(),
                        name: definition.name,
                        description: definition.description,
                    });
                }
                None => {}
            }
        }
        let parameters = Self(values);
        match parameters.window() {
            (from, to) if from < to => Ok(parameters),
            (from, to) => Err(ParameterError::EmptyWindow { from, to }),
        }
    }

    /// The value of a parameter, if it has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ParameterValue> {
        self.0.get(name)
    }

    /// All values by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParameterValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The window: from the first second on, up to the second before the second.
    #[must_use]
    pub fn window(&self) -> (Timestamp, Timestamp) {
        let moment = |name: &str, otherwise| match self.0.get(name) {
            Some(ParameterValue::Timestamp(moment)) => *moment,
            _ => otherwise,
        };
        (moment("from", Timestamp::MIN), moment("to", Timestamp::MAX))
    }

    /// The earliest moment that any parameter names: a baseline begins before the window.
    #[must_use]
    pub fn earliest(&self) -> Timestamp {
        let moments = self.0.values().filter_map(|value| match value {
            ParameterValue::Timestamp(moment) => Some(*moment),
            _ => None,
        });
        moments.min().unwrap_or(Timestamp::MIN)
    }

    /// The most rows.
    #[must_use]
    pub fn limit(&self) -> usize {
        match self.0.get("limit") {
            Some(ParameterValue::Integer(limit)) => usize::try_from(*limit).unwrap_or(usize::MAX),
            _ => usize::MAX,
        }
    }

    /// The same values but for one, which must be of the parameter's type.
    pub(super) fn with(&self, name: &str, value: ParameterValue) -> Self {
        let mut values = self.0.clone();
        values.insert(name.to_owned(), value);
        Self(values)
    }

    /// The same values for another window; for back ends that split one.
    #[must_use]
    pub fn with_window(&self, from: Timestamp, to: Timestamp) -> Self {
        self.with("from", ParameterValue::Timestamp(from)).with("to", ParameterValue::Timestamp(to))
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
    use crate::investigate::hunt::Hunts;

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

    fn given(values: &[(&str, &str)]) -> Given {
        values.iter().map(|(name, text)| ((*name).to_owned(), vec![(*text).to_owned()])).collect()
    }

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

    #[test]
    fn what_does_not_fit_the_hunt_is_named() {
        let hunts = Hunts::load().unwrap();
        let hunt = hunts.get("top-readers").unwrap();
        let window = [("from", "2026-01-14"), ("to", "2026-01-15")];
        let read = |more: &[(&str, &str)]| {
            let mut all = window.to_vec();
            all.extend_from_slice(more);
            Parameters::read(hunt, &given(&all))
        };
        assert_eq!(read(&[]).unwrap().limit(), 1000);
        assert_eq!(read(&[("limit", "7")]).unwrap().limit(), 7);
        assert!(
            matches!(read(&[("buckets", "x")]), Err(ParameterError::Unknown { name, .. }) if name == "buckets")
        );
        assert!(
            matches!(read(&[("bucket", "x'")]), Err(ParameterError::Invalid { name, .. }) if name == "bucket")
        );
        let missing = Parameters::read(hunt, &given(&window[..1])).unwrap_err();
        assert!(matches!(missing, ParameterError::Missing { name, .. } if name == "to"));
        let backwards = Parameters::read(hunt, &given(&[("from", "2026-01-15"), ("to", "2026-01-15")]));
        assert!(matches!(backwards, Err(ParameterError::EmptyWindow { .. })));
    }
}
