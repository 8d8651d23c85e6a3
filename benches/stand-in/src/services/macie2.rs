//! Macie: whether it is on, and what it says of buckets. REST with JSON.

use hyper::Method;
use serde_json::{Value, json};

use super::{CREATED_AT, page, page_size};
use crate::answer::{Content, Failure};
use crate::operations::{Call, Outcome};
use crate::record::{list, reading, some_text};

/// Buckets on a page.
const PAGE: usize = 50;

/// The operation of a path.
pub fn operation(method: &Method, path: &[&str], _asks: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    match (method, path) {
        (&Method::GET, ["macie"]) => Some("GetMacieSession"),
        (&Method::POST, ["datasources", "s3"]) => Some("DescribeBuckets"),
        _ => None,
    }
}

pub fn get_macie_session(call: &Call<'_>) -> Outcome {
    let status = reading(&call.account.field("macie")[call.region()]["status"], "macie2:GetMacieSession")?;
    match status.as_str() {
        Some(status) => Ok(Content::Json(json!({
            "createdAt": CREATED_AT, "updatedAt": CREATED_AT, "status": status,
            "findingPublishingFrequency": "FIFTEEN_MINUTES",
        }))),
        // As AWS says it: the code of a denial, and a message that tells.
        None => Err(Failure::new(403, "AccessDeniedException", "Macie is not enabled.")),
    }
}

pub fn describe_buckets(call: &Call<'_>) -> Outcome {
    let buckets =
        list(reading(&call.account.field("macie")[call.region()]["buckets"], "macie2:DescribeBuckets")?);
    let (buckets, next) = page(buckets, &call.parameter("nextToken"), page_size(call, "maxResults", PAGE));
    let shown = buckets.iter().map(|bucket| {
        json!({
            "accountId": call.account.id, "bucketName": bucket["name"], "region": call.region(),
            "automatedDiscoveryMonitoringStatus": filled(bucket, "automated_discovery"),
            "lastAutomatedDiscoveryTime": bucket["last_automated_discovery"],
            "jobDetails": {
                "isDefinedInJob": filled(bucket, "defined_in_job"), "lastJobRunTime": bucket["last_job_run"],
            },
            "errorCode": bucket["error_code"],
        })
    });
    Ok(Content::Json(json!({"buckets": shown.collect::<Vec<_>>(), "nextToken": next})))
}

/// A text that is not empty: what AWS did not say is recorded as empty.
fn filled<'a>(of: &'a Value, field: &str) -> Option<&'a str> {
    some_text(of, field).filter(|text| !text.is_empty())
}
