//! The values that conditions compare with.

use std::net::IpAddr;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::template::Template;
use super::operator::BaseOperator;

/// A value of a condition, as its operator reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicyValue {
    /// For the string operators and the ARN operators.
    Text(Template),
    /// For the numeric operators.
    Number(f64),
    /// For the date operators.
    Instant(Timestamp),
    /// For `Bool` and `Null`.
    Boolean(bool),
    /// For `BinaryEquals`.
    Bytes(Vec<u8>),
    /// For `IpAddress`.
    Network(IpNet),
}

impl PolicyValue {
    /// Reads a value for an operator. `variables` says whether the document's version has policy variables; they
    /// stand for something only where the string and ARN operators compare.
    ///
    /// # Errors
    /// A clause that says what the value would have to be. AWS does not document what such a condition does.
    pub fn parse(text: &str, operator: BaseOperator, variables: bool) -> Result<Self, String> {
        use BaseOperator as B;
        let wanted = |what: &str| format!("`{text}` is not {what}");
        match operator {
            B::StringEquals | B::StringEqualsIgnoreCase => {
                Template::parse(text, variables, false).map(Self::Text)
            }
            B::StringLike | B::Arn => Template::parse(text, variables, true).map(Self::Text),
            B::NumericEquals
            | B::NumericLessThan
            | B::NumericLessThanEquals
            | B::NumericGreaterThan
            | B::NumericGreaterThanEquals => {
                parse_number(text).map(Self::Number).ok_or_else(|| wanted("a number"))
            }
            B::DateEquals
            | B::DateLessThan
            | B::DateLessThanEquals
            | B::DateGreaterThan
            | B::DateGreaterThanEquals => parse_instant(text)
                .map(Self::Instant)
                .ok_or_else(|| wanted("a date in ISO 8601 form or in seconds since 1970")),
            B::Bool | B::Null => {
                parse_boolean(text).map(Self::Boolean).ok_or_else(|| wanted("true or false"))
            }
            B::BinaryEquals => STANDARD.decode(text).map(Self::Bytes).map_err(|_| wanted("base64 text")),
            B::IpAddress => {
                parse_network(text).map(Self::Network).ok_or_else(|| wanted("an IP address or a CIDR block"))
            }
        }
    }

    /// The condition keys, in lower case, that the value's variables refer to.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let template = match self {
            Self::Text(template) => Some(template),
            _ => None,
        };
        template.into_iter().flat_map(Template::variables)
    }

    /// The value as text, for those that were compared as text.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        match self {
            Self::Text(template) => Some(template),
            _ => None,
        }
    }
}

/// A decimal number, without the words that Rust would also take.
pub fn parse_number(text: &str) -> Option<f64> {
    let plain = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    plain.then(|| text.parse::<f64>().ok()).flatten().filter(|number| number.is_finite())
}

/// `true` or `false`, in whatever case.
pub fn parse_boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The W3C profile of ISO 8601 (year; year and month; date; date and time with zone), or seconds since 1970.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    if text.len() > 64 {
        return None;
    }
    let digits = |text: &str, count: usize| {
        (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<i16>().ok())
            .flatten()
    };
    let start_of = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    if let Some(year) = digits(text, 4) {
        return start_of(Date::new(year, 1, 1).ok()?);
    }
    if let Some(seconds) = parse_number(text) {
        // Milliseconds carry the fraction well within what a policy can mean.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "out of range saturates, and is then out of the time stamp's range"
        )]
        return Timestamp::from_millisecond((seconds * 1_000.0) as i64).ok();
    }
    if let Some((year, month)) = text.split_once('-')
        && let (Some(year), Some(month)) = (digits(year, 4), digits(month, 2))
    {
        return start_of(Date::new(year, i8::try_from(month).ok()?, 1).ok()?);
    }
    if text.contains(['T', 't', ' ']) {
        return Timestamp::from_str(text).ok();
    }
    start_of(Date::from_str(text).ok()?)
}

/// An address, or a CIDR block whose host bits may be set.
pub fn parse_network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_form_that_aws_names() {
        let seconds = |text: &str| parse_instant(text).map(Timestamp::as_second);
        assert_eq!(seconds("1970"), Some(0));
        assert_eq!(seconds("1970-02"), Some(31 * 86_400));
        assert_eq!(seconds("1970-01-02"), Some(86_400));
        assert_eq!(seconds("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(seconds("1970-01-01T00:00:01.5Z"), Some(1));
        assert_eq!(seconds("1735689600"), Some(1_735_689_600));
        for bad in ["", "soon", "1970-13-01", "1e300", "-", "1970-01-01T00:00:00"] {
            assert_eq!(parse_instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_and_networks_are_read_strictly() {
        assert_eq!(parse_number("10"), Some(10.0));
        for bad in ["inf", "NaN", "", "0x10", "1_0", "ten", "1e999"] {
            assert_eq!(parse_number(bad), None, "{bad}");
        }
        assert!(parse_network("203.0.113.5/24").is_some());
        assert!(parse_network("2001:db8::1").is_some());
        assert_eq!(parse_network("203.0.113.0/33"), None);
    }
}
