//! CloudTrail: trails, their status and selectors, event data stores. AWS JSON 1.1.

use serde_json::{Value, json};

use super::{page, seconds};
use crate::answer::{Content, Failure};
use crate::operations::{Call, Outcome};
use crate::record::{flag, known, list, reading, some_text, text};

/// Event data stores on a page.
const PAGE: usize = 100;

pub fn describe_trails(call: &Call<'_>) -> Outcome {
    let region = call.account.region(call.region());
    let shadows = call.parameter("includeShadowTrails") != "false";
    let trails = list(reading(&region["trails"], "cloudtrail:DescribeTrails")?).iter();
    let shown = trails.filter(|trail| shadows || text(trail, "home_region") == call.region()).map(|trail| {
        json!({
            "Name": trail["name"], "TrailARN": trail["arn"], "HomeRegion": trail["home_region"],
            "S3BucketName": trail["s3_bucket"], "IsMultiRegionTrail": trail["multi_region"],
            "IsOrganizationTrail": trail["organization"], "HasCustomEventSelectors": true,
            "IncludeGlobalServiceEvents": trail["include_global_service_events"],
            "CloudWatchLogsLogGroupArn": trail["log_group_arn"],
            "CloudWatchLogsRoleArn": trail["log_group_role_arn"], "KmsKeyId": trail["kms_key_id"],
            "LogFileValidationEnabled": trail["log_file_validation"], "HasInsightSelectors": false,
        })
    });
    Ok(Content::Json(json!({"trailList": shown.collect::<Vec<_>>()})))
}

/// A trail's details: only its owner has them, in its home region.
fn details<'a>(call: &'a Call<'_>, parameter: &str) -> Result<(String, &'a Value), Failure> {
    let arn = call.parameter(parameter).into_owned();
    let found = call.account.field("trail_details").get(&arn);
    let at_home = arn.split(':').nth(3) == Some(call.region());
    match found.filter(|_| at_home) {
        Some(details) => Ok((arn, details)),
        None => Err(Failure::new(400, "TrailNotFoundException", format!("Unknown trail: {arn}"))),
    }
}

pub fn get_trail_status(call: &Call<'_>) -> Outcome {
    let (_, details) = details(call, "Name")?;
    let status = reading(&details["status"], "cloudtrail:GetTrailStatus")?;
    Ok(Content::Json(json!({
        "IsLogging": flag(status, "is_logging"),
        "LatestDeliveryError": status["latest_delivery_error"],
        "LatestDeliveryTime": seconds(some_text(status, "latest_delivery_time")),
        "LatestCloudWatchLogsDeliveryError": status["latest_log_group_delivery_error"],
        "LatestCloudWatchLogsDeliveryTime": seconds(some_text(status, "latest_log_group_delivery_time")),
    })))
}

pub fn get_event_selectors(call: &Call<'_>) -> Outcome {
    let (arn, details) = details(call, "TrailName")?;
    let selectors = reading(&details["selectors"], "cloudtrail:GetEventSelectors")?;
    // The snapshot spells selectors as AWS does.
    Ok(Content::Json(json!({
        "TrailARN": arn, "EventSelectors": selectors["event_selectors"],
        "AdvancedEventSelectors": selectors["advanced_event_selectors"],
    })))
}

pub fn list_event_data_stores(call: &Call<'_>) -> Outcome {
    let region = call.account.region(call.region());
    let stores = list(reading(&region["event_data_stores"], "cloudtrail:ListEventDataStores")?);
    let (stores, next) = page(stores, &call.parameter("NextToken"), PAGE);
    let shown = stores.iter().map(|store| json!({"EventDataStoreArn": store["arn"], "Name": store["name"]}));
    Ok(Content::Json(json!({"EventDataStores": shown.collect::<Vec<_>>(), "NextToken": next})))
}

pub fn get_event_data_store(call: &Call<'_>) -> Outcome {
    let arn = call.parameter("EventDataStore");
    let stores = &call.account.region(call.region())["event_data_stores"];
    reading(stores, "cloudtrail:GetEventDataStore")?;
    let found = list(known(stores)).iter().find(|store| text(store, "arn") == arn);
    let Some(store) = found else {
        return Err(Failure::new(
            400,
            "EventDataStoreNotFoundException",
            format!("no event data store {arn}"),
        ));
    };
    Ok(Content::Json(json!({
        "EventDataStoreArn": store["arn"], "Name": store["name"], "Status": store["status"],
        "AdvancedEventSelectors": store["advanced_event_selectors"],
        "MultiRegionEnabled": store["multi_region"], "OrganizationEnabled": store["organization"],
    })))
}
