//! Functions of Trino that DataFusion lacks, by the same names, so that a hunt's SQL serves Athena and log files alike.
//!
//! <https://trino.io/docs/current/functions/json.html>, <https://trino.io/docs/current/functions/datetime.html>

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, StringArray, StringBuilder, TimestampSecondArray,
};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use ipnet::IpNet;

use super::json;

/// The name of the function that reads a moment.
pub(super) const FROM_ISO8601_TIMESTAMP: &str = "from_iso8601_timestamp";

/// All functions.
pub(super) fn all() -> Vec<ScalarUDF> {
    let texts = |count| Signature::exact(vec![DataType::Utf8; count], Volatility::Immutable);
    let function = |name, signature, returns, work| {
        ScalarUDF::new_from_impl(Function { name, signature, returns, work })
    };
    let moment = DataType::Timestamp(TimeUnit::Second, Some("UTC".into()));
    vec![
        function("json_extract_scalar", texts(2), DataType::Utf8, Work::JsonExtractScalar),
        function(FROM_ISO8601_TIMESTAMP, texts(1), moment, Work::FromIso8601Timestamp),
        function("bucket_owner", Signature::any(1, Volatility::Immutable), DataType::Utf8, Work::BucketOwner),
        function(
            "in_networks",
            Signature::any(2, Volatility::Immutable),
            DataType::Boolean,
            Work::InNetworks,
        ),
    ]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Function {
    name: &'static str,
    signature: Signature,
    returns: DataType,
    work: Work,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Work {
    JsonExtractScalar,
    FromIso8601Timestamp,
    BucketOwner,
    InNetworks,
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { arguments.number_rows };
        let result: ArrayRef = match (self.work, arguments.args.as_slice()) {
            (Work::JsonExtractScalar, [document, path]) => {
                let path = path_of(path)?;
                let documents = document.to_array(rows)?;
                let documents = texts(&documents)?;
                let mut found = StringBuilder::with_capacity(documents.len(), documents.len() * 16);
                for document in documents {
                    found.append_option(document.and_then(|document| extract(document, &path)));
                }
                Arc::new(found.finish())
            }
            (Work::FromIso8601Timestamp, [text]) => {
                let array = text.to_array(rows)?;
                let seconds: TimestampSecondArray =
                    texts(&array)?.iter().map(|text| text.and_then(second_of)).collect();
                Arc::new(seconds.with_timezone("UTC"))
            }
            (Work::BucketOwner, [resources]) => Arc::new(owners(&resources.to_array(rows)?)?),
            (Work::InNetworks, [address, networks]) => {
                let networks = networks_of(networks)?;
                let array = address.to_array(rows)?;
                let array = datafusion::arrow::compute::cast(&array, &DataType::Utf8)?;
                let within = |text: &str| {
                    let address: IpAddr = text.parse().ok()?;
                    Some(networks.iter().any(|network| network.contains(&address)))
                };
                Arc::new(texts(&array)?.iter().map(|text| text.and_then(within)).collect::<BooleanArray>())
            }
            _ => return exec_err!("{}: wrong arguments", self.name),
        };
        if constant {
            return ScalarValue::try_from_array(&result, 0).map(ColumnarValue::Scalar);
        }
        Ok(ColumnarValue::Array(result))
    }
}

fn texts(array: &ArrayRef) -> Result<&StringArray> {
    match array.as_string_opt::<i32>() {
        Some(texts) => Ok(texts),
        None => exec_err!("expected texts, not {}", array.data_type()),
    }
}

/// A step of a JSON path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

fn path_of(value: &ColumnarValue) -> Result<Vec<Step>> {
    let text = match value {
        ColumnarValue::Scalar(ScalarValue::Utf8(Some(text))) => text,
        _ => return exec_err!("json_extract_scalar: the path must be a text that stands in the query"),
    };
    match read_path(text) {
        Some(path) => Ok(path),
        None => exec_err!("json_extract_scalar: `{text}` is no path such as $.a[0] or $[\"a-b\"]"),
    }
}

/// Reads `$`, then any of `.name`, `["name"]` and `[0]`.
fn read_path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut path = Vec::new();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let (name, behind) = quoted.split_once("\"]")?;
            path.push(Step::Member(name.to_owned()));
            rest = behind;
        } else if let Some(indexed) = rest.strip_prefix('[') {
            let (index, behind) = indexed.split_once(']')?;
            path.push(Step::Element(index.parse().ok()?));
            rest = behind;
        } else {
            let named = rest.strip_prefix('.')?;
            let end = named.find(['.', '[']).unwrap_or(named.len());
            let name = named.get(..end).filter(|name| !name.is_empty())?;
            path.push(Step::Member(name.to_owned()));
            rest = named.get(end..)?;
        }
    }
    Some(path)
}

/// The scalar at a path: a string without quotes, a number or truth value as it is written. Objects, lists and null give
/// nothing.
fn extract<'d>(document: &'d str, path: &[Step]) -> Option<std::borrow::Cow<'d, str>> {
    let mut value = document.trim().as_bytes();
    for step in path {
        value = match step {
            Step::Member(name) => json::member(value, name.as_bytes())?,
            Step::Element(index) => element(value, *index)?,
        };
    }
    if value.starts_with(b"{") || value.starts_with(b"[") {
        return None;
    }
    json::text_of(value).ok().flatten()
}

fn element(list: &[u8], index: usize) -> Option<&[u8]> {
    let (mut found, mut at) = (None, 0);
    let each = |place: Range<usize>| {
        if at == index {
            found = list.get(place);
        }
        at += 1;
        found.is_none()
    };
    json::elements(list, 0, each).ok()?;
    found
}

/// The second since 1970 of an ISO 8601 moment. CloudTrail writes `2026-01-15T03:12:44Z`.
pub(super) fn second_of(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// Of each list of resources the account of the first bucket that has one.
fn owners(resources: &ArrayRef) -> Result<StringArray> {
    let Some(lists) = resources.as_list_opt::<i32>() else {
        return exec_err!("bucket_owner: expected resources, not {}", resources.data_type());
    };
    let items = lists.values().as_struct();
    let column = |name| items.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let (Some(kinds), Some(accounts)) = (column("type"), column("accountid")) else {
        return exec_err!("bucket_owner: resources have no type or no account");
    };
    let owner = |row: usize| {
        let offsets = lists.value_offsets();
        let (from, to) = (*offsets.get(row)?, *offsets.get(row + 1)?);
        let mut places = usize::try_from(from).ok()?..usize::try_from(to).ok()?;
        let place = places.find(|at| {
            kinds.is_valid(*at) && kinds.value(*at) == "AWS::S3::Bucket" && accounts.is_valid(*at)
        })?;
        Some(accounts.value(place))
    };
    Ok((0..lists.len()).map(owner).collect())
}

fn networks_of(value: &ColumnarValue) -> Result<Vec<IpNet>> {
    let array = value.to_array(1)?;
    let Some(lists) = array.as_list_opt::<i32>() else {
        return exec_err!("in_networks: expected a list of networks, not {}", array.data_type());
    };
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    let list = datafusion::arrow::compute::cast(&lists.value(0), &DataType::Utf8)?;
    let parsed = texts(&list)?.iter().flatten().map(str::parse::<IpNet>).collect();
    match parsed {
        Ok(networks) => Ok(networks),
        Err(_) => exec_err!("in_networks: not all are networks"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn scalars_are_extracted_as_trino_does() {
        let document = r#"{"bucketName": "b\u00e9", "n": 2143.0, "x-amz-copy-source": "/s/k", "o": {"p": [true, {"q": "r"}]}, "z": null}"#;
        let get = |path: &str| extract(document, &read_path(path).unwrap()).map(std::borrow::Cow::into_owned);
        for (path, value) in [
            ("$.bucketName", Some("bé")),
            ("$.n", Some("2143.0")),
            ("$[\"x-amz-copy-source\"]", Some("/s/k")),
            ("$.o.p[0]", Some("true")),
            ("$.o.p[1].q", Some("r")),
            ("$.o.p[2]", None),
            ("$.o", None),
            ("$.z", None),
            ("$.missing.deeper", None),
        ] {
            assert_eq!(get(path).as_deref(), value, "{path}");
        }
        assert_eq!(extract("not json", &read_path("$.a").unwrap()), None);
        for bad in ["a", "$a", "$.", "$[x]", "$[\"x\""] {
            assert_eq!(read_path(bad), None, "{bad}");
        }
    }

    #[test]
    fn moments_are_read() {
        assert_eq!(second_of("1970-01-01T00:01:00Z"), Some(60));
        assert_eq!(second_of("2026-01-15T03:12:44Z"), second_of("2026-01-15T05:12:44+02:00"));
        assert_eq!(second_of("yesterday"), None);
    }
}
