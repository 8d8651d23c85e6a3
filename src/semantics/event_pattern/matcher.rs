//! The elements of a leaf array: literals and the operators (`prefix`, `anything-but`, `numeric`, …), parsed and
//! validated as event-ruler's `JsonRuleCompiler` does.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Number, Value};

use super::wildcard::Wildcard;

/// Bounds of the `numeric` operator: EventBridge accepts values from -5.0e9 to +5.0e9 inclusive.
pub(super) const NUMERIC_LIMIT: f64 = 5.0e9;

/// One alternative of a leaf array.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Matcher {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number literal.
    Number(Number),
    /// A string literal; the address when it is written as one, because event-ruler compares those as addresses.
    Exact(String, Option<IpAddr>),
    /// `{"prefix": s}`.
    Prefix(String),
    /// `{"prefix": {"equals-ignore-case": s}}`.
    PrefixIgnoreCase(String),
    /// `{"suffix": s}`.
    Suffix(String),
    /// `{"suffix": {"equals-ignore-case": s}}`.
    SuffixIgnoreCase(String),
    /// `{"equals-ignore-case": s}`.
    EqualsIgnoreCase(String),
    /// `{"wildcard": s}`.
    Wildcard(Wildcard),
    /// `{"anything-but": …}`.
    AnythingBut(Excluded),
    /// `{"numeric": […]}`.
    Numeric(Range),
    /// `{"cidr": s}`.
    Cidr(IpNet),
    /// `{"exists": b}`.
    Exists(bool),
}

/// What an `anything-but` excludes; never empty and never mixed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Excluded {
    /// String literals.
    Strings(Vec<String>),
    /// Number literals.
    Numbers(Vec<Number>),
    /// `{"prefix": s | [s]}`.
    Prefixes(Vec<String>),
    /// `{"suffix": s | [s]}`.
    Suffixes(Vec<String>),
    /// `{"equals-ignore-case": s | [s]}`.
    EqualsIgnoreCase(Vec<String>),
    /// `{"wildcard": s | [s]}`.
    Wildcards(Vec<Wildcard>),
}

/// A `numeric` comparison as an interval; `=` is the closed interval of one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    /// The lower bound, and whether it belongs to the interval.
    pub(super) lower: Option<(f64, bool)>,
    /// The upper bound, and whether it belongs to the interval.
    pub(super) upper: Option<(f64, bool)>,
}

impl Matcher {
    /// Parses one element of a leaf array.
    ///
    /// # Errors
    /// Why EventBridge would reject it, without the path of the field.
    pub(super) fn parse(element: &Value) -> Result<Self, String> {
        match element {
            Value::Null => Ok(Self::Null),
            Value::Bool(value) => Ok(Self::Bool(*value)),
            Value::Number(number) => Ok(Self::Number(number.clone())),
            Value::String(text) => Ok(Self::Exact(text.clone(), text.parse().ok())),
            Value::Array(_) => Err("an array inside the array of alternatives is not allowed; \
                list strings, numbers, true, false, null and operator objects"
                .to_owned()),
            Value::Object(_) => {
                let (operator, operand) = sole_entry(element)?;
                Self::parse_operator(operator, operand)
            }
        }
    }

    fn parse_operator(operator: &str, operand: &Value) -> Result<Self, String> {
        match operator {
            "prefix" => match ignoring_case(operator, operand)? {
                Some(text) => Ok(Self::PrefixIgnoreCase(text)),
                None => string(operator, operand).map(Self::Prefix),
            },
            "suffix" => match ignoring_case(operator, operand)? {
                Some(text) => Ok(Self::SuffixIgnoreCase(text)),
                None => string(operator, operand).map(Self::Suffix),
            },
            "equals-ignore-case" => string(operator, operand).map(Self::EqualsIgnoreCase),
            "wildcard" => Wildcard::parse(&string(operator, operand)?).map(Self::Wildcard),
            "anything-but" => Excluded::parse(operand).map(Self::AnythingBut),
            "numeric" => Range::parse(operand).map(Self::Numeric),
            "cidr" => network(operand).map(Self::Cidr),
            "exists" => match operand {
                Value::Bool(expected) => Ok(Self::Exists(*expected)),
                _ => Err("`exists` must be true or false".to_owned()),
            },
            _ => Err(unknown_operator(operator)),
        }
    }
}

/// The only entry of an operator object.
fn sole_entry(object: &Value) -> Result<(&str, &Value), String> {
    let mut entries = object.as_object().into_iter().flatten();
    let first = entries
        .next()
        .ok_or("an empty operator object is not allowed; name one operator such as `prefix`")?;
    match entries.next() {
        None => Ok((first.0, first.1)),
        Some((second, _)) => Err(format!(
            "an operator object has exactly one operator, not `{}` and `{second}`; use one object for each",
            first.0
        )),
    }
}

fn unknown_operator(operator: &str) -> String {
    const OPERATORS: &str = "`prefix`, `suffix`, `equals-ignore-case`, `wildcard`, `anything-but`, `numeric`, `cidr` and `exists`";
    format!("unknown operator `{}`; the operators are {OPERATORS}, in lower case", shortened(operator))
}

fn string(operator: &str, operand: &Value) -> Result<String, String> {
    match operand {
        Value::String(text) => Ok(text.clone()),
        _ => Err(format!("the value of `{operator}` must be a string")),
    }
}

/// The text of `{"equals-ignore-case": s}`, `None` if the operand is no object.
fn ignoring_case(operator: &str, operand: &Value) -> Result<Option<String>, String> {
    if !operand.is_object() {
        return Ok(None);
    }
    match sole_entry(operand)? {
        ("equals-ignore-case", text) => string("equals-ignore-case", text).map(Some),
        (other, _) => Err(format!(
            "`{operator}` takes a string or an object with `equals-ignore-case`, not `{}`",
            shortened(other)
        )),
    }
}

/// A network; event-ruler's `CIDR` rejects a block of a single address.
fn network(operand: &Value) -> Result<IpNet, String> {
    let text = string("cidr", operand)?;
    let network: IpNet = text.parse().map_err(|_| {
        format!("`{}` is not a CIDR block; write it as `10.0.0.0/24` or `2001:db8::/32`", shortened(&text))
    })?;
    if network.prefix_len() == network.max_prefix_len() {
        return Err(format!(
            "`{text}` is a single address; `cidr` takes at most {} bits, so list the address as a string",
            network.max_prefix_len() - 1
        ));
    }
    Ok(network)
}

impl Excluded {
    fn parse(operand: &Value) -> Result<Self, String> {
        match operand {
            Value::Object(_) => {
                let (operator, values) = sole_entry(operand)?;
                Self::parse_operator(operator, values)
            }
            Value::Array(values) => Self::parse_list(values),
            single => Self::parse_list(std::slice::from_ref(single)),
        }
    }

    fn parse_list(values: &[Value]) -> Result<Self, String> {
        const ALLOWED: &str =
            "`anything-but` takes a string, a number, or a list of only strings or only numbers";
        let strings: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let numbers: Vec<Number> = values.iter().filter_map(Value::as_number).cloned().collect();
        if values.is_empty() {
            return Err(format!("an empty list is not allowed: {ALLOWED}"));
        }
        if strings.len() == values.len() {
            return Ok(Self::Strings(strings));
        }
        if numbers.len() != values.len() {
            return Err(ALLOWED.to_owned());
        }
        Ok(Self::Numbers(numbers))
    }

    fn parse_operator(operator: &str, values: &Value) -> Result<Self, String> {
        let list = || strings_of(operator, values);
        match operator {
            "prefix" => non_empty(operator, list()?).map(Self::Prefixes),
            "suffix" => non_empty(operator, list()?).map(Self::Suffixes),
            "equals-ignore-case" => list().map(Self::EqualsIgnoreCase),
            "wildcard" => {
                let wildcards: Result<Vec<_>, _> = list()?.iter().map(|text| Wildcard::parse(text)).collect();
                wildcards.map(Self::Wildcards)
            }
            _ => Err(format!(
                "`anything-but` takes values or an object with `prefix`, `suffix`, `equals-ignore-case` or `wildcard`, not `{}`",
                shortened(operator)
            )),
        }
    }
}

/// A string or a non-empty list of strings.
fn strings_of(operator: &str, values: &Value) -> Result<Vec<String>, String> {
    let expected =
        || format!("`{operator}` inside `anything-but` takes a string or a non-empty list of strings");
    let list = match values {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    if list.is_empty() {
        return Err(expected());
    }
    list.iter().map(|value| value.as_str().map(str::to_owned).ok_or_else(expected)).collect()
}

fn non_empty(operator: &str, list: Vec<String>) -> Result<Vec<String>, String> {
    if list.iter().any(String::is_empty) {
        return Err(format!(
            "an empty `{operator}` inside `anything-but` is not allowed, because it excludes everything"
        ));
    }
    Ok(list)
}

impl Range {
    fn parse(operand: &Value) -> Result<Self, String> {
        const FORMS: &str = "`numeric` takes `[operator, number]` with `=`, `<`, `<=`, `>`, `>=`, \
            or a range such as `[\">\", 0, \"<=\", 5]` with the lower bound first";
        let Value::Array(parts) = operand else {
            return Err(FORMS.to_owned());
        };
        let single = |lower, upper| Ok(Self { lower, upper });
        match parts.as_slice() {
            [Value::String(operator), value] => {
                let value = bound(value)?;
                match operator.as_str() {
                    "=" => single(Some((value, true)), Some((value, true))),
                    "<" => single(None, Some((value, false))),
                    "<=" => single(None, Some((value, true))),
                    ">" => single(Some((value, false)), None),
                    ">=" => single(Some((value, true)), None),
                    _ => Err(FORMS.to_owned()),
                }
            }
            [Value::String(from), lower, Value::String(to), upper]
                if matches!(from.as_str(), ">" | ">=") && matches!(to.as_str(), "<" | "<=") =>
            {
                let (low, high) = (bound(lower)?, bound(upper)?);
                if low >= high {
                    return Err(format!(
                        "the lower bound {lower} of `numeric` must be less than the upper bound {upper}"
                    ));
                }
                single(Some((low, from == ">=")), Some((high, to == "<=")))
            }
            _ => Err(FORMS.to_owned()),
        }
    }

    /// Whether `value` lies in the interval.
    pub(super) fn contains(self, value: f64) -> bool {
        let above = self.lower.is_none_or(|(bound, closed)| value > bound || (closed && value == bound));
        let below = self.upper.is_none_or(|(bound, closed)| value < bound || (closed && value == bound));
        above && below
    }
}

/// A number that `numeric` accepts.
fn bound(value: &Value) -> Result<f64, String> {
    let number = value.as_f64().ok_or_else(|| "the operands of `numeric` must be JSON numbers".to_owned())?;
    if number.abs() > NUMERIC_LIMIT {
        return Err(format!("{value} is outside the range of `numeric`, which is -5.0e9 to 5.0e9"));
    }
    Ok(number)
}

/// At most the first 60 characters, for messages.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

impl fmt::Display for Matcher {
    /// The matcher in the notation of the pattern.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| Value::String(shortened(text)).to_string();
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Exact(text, _) => f.write_str(&quoted(text)),
            Self::Prefix(text) => write!(f, "{{\"prefix\":{}}}", quoted(text)),
            Self::PrefixIgnoreCase(text) => {
                write!(f, "{{\"prefix\":{{\"equals-ignore-case\":{}}}}}", quoted(text))
            }
            Self::Suffix(text) => write!(f, "{{\"suffix\":{}}}", quoted(text)),
            Self::SuffixIgnoreCase(text) => {
                write!(f, "{{\"suffix\":{{\"equals-ignore-case\":{}}}}}", quoted(text))
            }
            Self::EqualsIgnoreCase(text) => {
                write!(f, "{{\"equals-ignore-case\":{}}}", quoted(text))
            }
            Self::Wildcard(wildcard) => write!(f, "{{\"wildcard\":{}}}", quoted(wildcard.source())),
            Self::AnythingBut(_) => f.write_str("{\"anything-but\":…}"),
            Self::Numeric(_) => f.write_str("{\"numeric\":…}"),
            Self::Cidr(network) => write!(f, "{{\"cidr\":\"{network}\"}}"),
            Self::Exists(expected) => write!(f, "{{\"exists\":{expected}}}"),
        }
    }
}
