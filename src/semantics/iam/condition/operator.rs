//! The names of condition operators.

use std::fmt;

/// How a single value of the request is compared with a single value of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseOperator {
    /// `StringEquals`, `StringNotEquals`.
    StringEquals,
    /// `StringEqualsIgnoreCase`, `StringNotEqualsIgnoreCase`.
    StringEqualsIgnoreCase,
    /// `StringLike`, `StringNotLike`.
    StringLike,
    /// `NumericEquals`, `NumericNotEquals`.
    NumericEquals,
    /// `NumericLessThan`.
    NumericLessThan,
    /// `NumericLessThanEquals`.
    NumericLessThanEquals,
    /// `NumericGreaterThan`.
    NumericGreaterThan,
    /// `NumericGreaterThanEquals`.
    NumericGreaterThanEquals,
    /// `DateEquals`, `DateNotEquals`.
    DateEquals,
    /// `DateLessThan`.
    DateLessThan,
    /// `DateLessThanEquals`.
    DateLessThanEquals,
    /// `DateGreaterThan`.
    DateGreaterThan,
    /// `DateGreaterThanEquals`.
    DateGreaterThanEquals,
    /// `Bool`.
    Bool,
    /// `BinaryEquals`.
    BinaryEquals,
    /// `IpAddress`, `NotIpAddress`.
    IpAddress,
    /// `ArnEquals`, `ArnLike` and their negations: AWS treats the two alike.
    Arn,
    /// `Null`.
    Null,
}

/// How an operator treats a request's several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// `ForAllValues:`, true without any value.
    ForAllValues,
    /// `ForAnyValue:`, false without any value.
    ForAnyValue,
}

/// A condition operator with its prefix and suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    /// How values are compared.
    pub base: BaseOperator,
    /// Whether the comparison is negated (`StringNotEquals`).
    pub negated: bool,
    /// `ForAllValues:` or `ForAnyValue:`.
    pub quantifier: Option<Quantifier>,
    /// `…IfExists`: true without the key.
    pub if_exists: bool,
    /// The base operator's name, for messages.
    name: &'static str,
}

const NAMES: [(&str, BaseOperator, bool); 27] = [
    ("StringEquals", BaseOperator::StringEquals, false),
    ("StringNotEquals", BaseOperator::StringEquals, true),
    ("StringEqualsIgnoreCase", BaseOperator::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", BaseOperator::StringEqualsIgnoreCase, true),
    ("StringLike", BaseOperator::StringLike, false),
    ("StringNotLike", BaseOperator::StringLike, true),
    ("NumericEquals", BaseOperator::NumericEquals, false),
    ("NumericNotEquals", BaseOperator::NumericEquals, true),
    ("NumericLessThan", BaseOperator::NumericLessThan, false),
    ("NumericLessThanEquals", BaseOperator::NumericLessThanEquals, false),
    ("NumericGreaterThan", BaseOperator::NumericGreaterThan, false),
    ("NumericGreaterThanEquals", BaseOperator::NumericGreaterThanEquals, false),
    ("DateEquals", BaseOperator::DateEquals, false),
    ("DateNotEquals", BaseOperator::DateEquals, true),
    ("DateLessThan", BaseOperator::DateLessThan, false),
    ("DateLessThanEquals", BaseOperator::DateLessThanEquals, false),
    ("DateGreaterThan", BaseOperator::DateGreaterThan, false),
    ("DateGreaterThanEquals", BaseOperator::DateGreaterThanEquals, false),
    ("Bool", BaseOperator::Bool, false),
    ("BinaryEquals", BaseOperator::BinaryEquals, false),
    ("IpAddress", BaseOperator::IpAddress, false),
    ("NotIpAddress", BaseOperator::IpAddress, true),
    ("ArnEquals", BaseOperator::Arn, false),
    ("ArnLike", BaseOperator::Arn, false),
    ("ArnNotEquals", BaseOperator::Arn, true),
    ("ArnNotLike", BaseOperator::Arn, true),
    ("Null", BaseOperator::Null, false),
];

impl Operator {
    /// Reads an operator's name, exactly as AWS spells it. `Null` takes neither prefix nor suffix.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (quantifier, rest) = match name.split_once(':') {
            None => (None, name),
            Some(("ForAllValues", rest)) => (Some(Quantifier::ForAllValues), rest),
            Some(("ForAnyValue", rest)) => (Some(Quantifier::ForAnyValue), rest),
            Some(_) => return None,
        };
        let (rest, if_exists) = match rest.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (name, base, negated) = NAMES.iter().find(|(known, _, _)| *known == rest)?;
        if *base == BaseOperator::Null && (quantifier.is_some() || if_exists) {
            return None;
        }
        Some(Self { base: *base, negated: *negated, quantifier, if_exists, name })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.quantifier {
            None => "",
            Some(Quantifier::ForAllValues) => "ForAllValues:",
            Some(Quantifier::ForAnyValue) => "ForAnyValue:",
        })?;
        f.write_str(self.name)?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test fails by panicking, and what it unwraps is what it asserts"
    )]
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for (name, base, negated) in &NAMES {
            let operator = Operator::parse(name).unwrap();
            assert_eq!((operator.base, operator.negated), (*base, *negated));
            assert_eq!(operator.to_string(), *name);
        }
        for name in ["ForAllValues:StringLikeIfExists", "ForAnyValue:ArnLike"] {
            assert_eq!(Operator::parse(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_aws_does_not_document_is_not_known() {
        for name in [
            "stringequals",
            "NullIfExists",
            "ForAllValues:Null",
            "ForSomeValues:StringEquals",
            "StringMatches",
            "BoolNotEquals",
            "IfExists",
            "",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
