//! Names that stand in statements and calls as they are. Reading one is validating it: none has a quote, a backslash, a
//! space or a `$`.

use std::fmt;
use std::str::FromStr;

use crate::visible::visible_start;

/// A text of a closed alphabet.
macro_rules! name {
    ($(#[$meaning:meta])* $name:ident, $what:literal, $good:expr) => {
        $(#[$meaning])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let good: fn(&str) -> bool = $good;
                if good(text) {
                    return Ok(Self(text.to_owned()));
                }
                Err(format!("`{}` is not {}", visible_start(text, 60), $what))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name!(
    /// A database or a table of the Glue catalogue. Athena folds names to lower case.
    CatalogName,
    "a name of lower-case letters, digits and `_`, such as `security`",
    |text| {
        (1..=255).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    }
);

name!(
    /// A work group of Athena.
    WorkGroupName,
    "the name of a work group: 1 to 128 letters, digits, `.`, `_` and `-`",
    |text| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    }
);

name!(
    /// The bucket that a trail delivers to.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
    BucketName,
    "a bucket's name: 3 to 63 lower-case letters, digits, `.` and `-`, with a letter or digit at both ends",
    is_bucket_name
);

name!(
    /// The prefix that a trail was given within its bucket, without slashes at its ends.
    ///
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>
    KeyPrefix,
    "a prefix of at most 200 letters, digits and `!_.*()/-`, without slashes at its ends and without empty parts",
    |text| text.len() <= 200 && is_prefix(text)
);

name!(
    /// An organization's id.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html>
    OrganizationId,
    "an organization's id, such as `o-example12345`",
    |text| {
        text.strip_prefix("o-").is_some_and(|id| {
            (10..=32).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
    }
);

name!(
    /// Where Athena writes results.
    OutputLocation,
    "a place in S3, such as `s3://bucket/prefix/`",
    |text| {
        let Some(rest) = text.strip_prefix("s3://") else { return false };
        let (bucket, prefix) = rest.trim_end_matches('/').split_once('/').unwrap_or((rest, ""));
        is_bucket_name(bucket.trim_end_matches('/')) && (prefix.is_empty() || is_prefix(prefix))
    }
);

name!(
    /// A log group's name, or its ARN if it is another account's.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html>
    LogGroupId,
    "the name or ARN of a log group: 1 to 2,048 letters, digits and `_-/.#:`",
    |text| {
        (1..=2048).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.#:".contains(&b))
            && (!text.contains(':') || text.starts_with("arn:"))
    }
);

impl LogGroupId {
    /// The log group's name, also of one that is named by its ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        let of_arn = self.0.split(":log-group:").nth(1).and_then(|rest| rest.split(':').next());
        of_arn.unwrap_or(&self.0)
    }
}

fn is_bucket_name(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    (3..=63).contains(&bytes.len())
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(b))
        && !text.contains("..")
}

fn is_prefix(text: &str) -> bool {
    text.split('/').all(|part| !part.is_empty())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!_.*()/-".contains(&b))
}

/// A day, as partitions spell it: `2026/01/15`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(jiff::civil::Date);

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let date = text.replace('/', "-").parse().map(Self);
        date.map_err(|_| format!("`{}` is no day, such as 2026-01-15", visible_start(text, 60)))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y/%m/%d"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// What a person may type, and what nobody may get into a statement.
    const HOSTILE: [&str; 7] = ["", "a'b", "a\"b", "a`b", "a\nb", "a b", "${x}"];

    fn only<N: FromStr<Err = String> + fmt::Display>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(text.parse::<N>().unwrap().to_string(), *text);
        }
        for text in bad.iter().chain(&HOSTILE) {
            assert!(text.parse::<N>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_name_is_of_its_alphabet() {
        only::<CatalogName>(&["security", "t_2"], &["2t", "A", "a.b", "a-b"]);
        only::<WorkGroupName>(&["primary", "Sec.Ops-1_x"], &["a/b", &"x".repeat(129)]);
        only::<BucketName>(&["trail-bucket", "a.b.c"], &["ab", "Trail", "-ab", "a..b", &"x".repeat(64)]);
        only::<KeyPrefix>(&["logs", "a/b-(c)!"], &["/a", "a/", "a//b", &"x".repeat(201)]);
        only::<OrganizationId>(&["o-example12345"], &["o-short", "r-example12345", "o-EXAMPLE12345"]);
        only::<OutputLocation>(
            &["s3://results", "s3://results/", "s3://results/a/b/"],
            &["results", "https://x", "s3://A/b"],
        );
        only::<LogGroupId>(
            &["CloudTrail/logs", "arn:aws:logs:eu-west-1:111122223333:log-group:trail"],
            &["a:b", "x|y"],
        );
    }

    #[test]
    fn a_log_groups_name_is_within_its_arn() {
        let arn = "arn:aws:logs:eu-west-1:111122223333:log-group:a/trail:*";
        assert!(arn.parse::<LogGroupId>().is_err(), "AWS wants it without the star");
        let name = |text: &str| text.parse::<LogGroupId>().unwrap().name().to_owned();
        assert_eq!(name(arn.trim_end_matches(":*")), "a/trail");
        assert_eq!(name("a/trail"), "a/trail");
    }

    #[test]
    fn days_are_spelt_as_partitions_are() {
        assert_eq!("2025-01-02".parse::<Day>().unwrap().to_string(), "2025/01/02");
        assert_eq!("2025/01/02".parse::<Day>().unwrap().to_string(), "2025/01/02");
        for bad in ["2025-02-30", "yesterday", "2025-01-01'"] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }
}
