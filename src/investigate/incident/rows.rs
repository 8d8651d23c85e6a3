//! The rows of the hunts that an investigation asks, with names for their columns.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::investigate::rows::Answer;

/// A row of `credential-use`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Use {
    /// The role, user, service or account.
    pub principal: Option<String>,
    /// The session's or user's ARN.
    pub session: Option<String>,
    /// The access key.
    pub access_key: Option<String>,
    /// The caller's account.
    pub account: Option<String>,
    /// The address, or the AWS service.
    pub source_ip: Option<String>,
    /// The VPC endpoint.
    pub vpc_endpoint: Option<String>,
    /// Its owner.
    pub vpc_endpoint_account: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The service.
    pub event_source: Option<String>,
    /// The operation.
    pub event_name: Option<String>,
    /// The bucket.
    pub bucket: Option<String>,
    /// `QueryString` for a presigned URL.
    pub authentication: Option<String>,
    /// Why it was refused.
    pub error_code: Option<String>,
    /// Requests.
    pub requests: u64,
    /// Bytes sent.
    pub bytes_out: Option<u64>,
    /// The first request.
    pub first_seen: Option<String>,
    /// The last one.
    pub last_seen: Option<String>,
}

/// A row of `sessions-issued`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Issued {
    /// When.
    pub event_time: Option<String>,
    /// The record's id.
    pub event_id: Option<String>,
    /// The operation.
    pub event_name: Option<String>,
    /// Who asked.
    pub principal: Option<String>,
    /// With which key.
    pub access_key: Option<String>,
    /// From where.
    pub source_ip: Option<String>,
    /// The key that was issued.
    pub issued_key: Option<String>,
    /// For which role or user.
    pub issued_to: Option<String>,
    /// Why nothing was issued.
    pub error_code: Option<String>,
}

/// Requests of one kind on one object: a row of `objects-touched`, `outside-access` or `bucket-writes`. What the hunt does not
/// tell is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ObjectRequests {
    /// Who asked.
    pub principal: Option<String>,
    /// The caller's account, or `anonymous`.
    pub account: Option<String>,
    /// The access key.
    pub access_key: Option<String>,
    /// From where.
    pub source_ip: Option<String>,
    /// The owner of the VPC endpoint.
    pub vpc_endpoint_account: Option<String>,
    /// `QueryString` for a presigned URL.
    pub authentication: Option<String>,
    /// The operation.
    pub event_name: Option<String>,
    /// The bucket that was asked.
    pub bucket: Option<String>,
    /// Its owner.
    pub bucket_owner: Option<String>,
    /// The object's key.
    pub object_key: Option<String>,
    /// What was copied.
    pub copy_source: Option<String>,
    /// Requests.
    pub requests: u64,
    /// Bytes sent.
    pub bytes_out: Option<u64>,
    /// The first request.
    pub first_seen: Option<String>,
    /// The last one.
    pub last_seen: Option<String>,
}

/// A row of `changes-by-credential`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Changed {
    /// When.
    pub event_time: Option<String>,
    /// The record's id.
    pub event_id: Option<String>,
    /// The service.
    pub event_source: Option<String>,
    /// The operation.
    pub event_name: Option<String>,
    /// Who.
    pub principal: Option<String>,
    /// The account whose trail recorded it.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// From where.
    pub source_ip: Option<String>,
    /// The bucket that it names.
    pub bucket: Option<String>,
    /// What was asked for, as JSON.
    pub request_parameters: Option<String>,
    /// Why it was refused.
    pub error_code: Option<String>,
}

impl Changed {
    /// What was asked for; null if it is not told as JSON.
    #[must_use]
    pub fn parameters(&self) -> Value {
        let text = self.request_parameters.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

/// A row of `log-hours`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LogHour {
    /// `2026-01-15T03`.
    pub hour: Option<String>,
    /// The account whose trail recorded.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Records.
    pub records: u64,
}

/// A row of `logging-changes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LoggingChange {
    /// When.
    pub event_time: Option<String>,
    /// The record's id.
    pub event_id: Option<String>,
    /// The operation.
    pub event_name: Option<String>,
    /// Who.
    pub principal: Option<String>,
    /// With which key.
    pub access_key: Option<String>,
    /// The account whose trail recorded it.
    pub account: Option<String>,
    /// From where.
    pub source_ip: Option<String>,
    /// The trail or event data store.
    pub trail: Option<String>,
    /// Why it was refused.
    pub error_code: Option<String>,
}

/// The rows of an answer. Columns that the type does not name are left out; null is a missing value.
///
/// # Errors
/// A value is not of the column's type: a defect of the hunt or its back end.
pub fn read<T: DeserializeOwned>(answer: &Answer) -> Result<Vec<T>, serde_json::Error> {
    let row = |values: &Vec<Value>| {
        let named = answer.columns.iter().zip(values).filter(|(_, value)| !value.is_null());
        let fields: Map<String, Value> =
            named.map(|(column, value)| (column.name.clone(), value.clone())).collect();
        serde_json::from_value(Value::Object(fields))
    };
    answer.rows.iter().map(row).collect()
}

/// The text, or nothing.
#[must_use]
pub fn or_empty(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}
