//! Macie: whether it is enabled in a region, and what it says of the buckets there.

use aws_sdk_macie2::primitives::DateTime;
use aws_sdk_macie2::types::BucketMetadata;

use super::connection::Access;
use super::failure::Failure;
use crate::snapshot::{Macie, MacieBucket, Reading};

/// Buckets of one page, the most that AWS allows.
const PAGE: i32 = 50;

/// Reads Macie in a region.
pub async fn macie(access: &Access, region: &str) -> Macie {
    let read_at = jiff::Timestamp::now().to_string();
    let status: Reading<Option<String>> = status(access, region).await.map_err(Into::into).into();
    let buckets = match &status {
        Reading::Known(Some(status)) if status == "ENABLED" => {
            buckets(access, region).await.map_err(Into::into).into()
        }
        _ => Reading::Known(Vec::new()),
    };
    Macie { status, buckets, read_at }
}

async fn status(access: &Access, region: &str) -> Result<Option<String>, Failure> {
    let call = access.macie(region).get_macie_session().send();
    match access.call("macie2:GetMacieSession", call).await {
        Ok(answer) => Ok(Some(answer.status.map(|s| s.as_str().to_owned()).unwrap_or_default())),
        Err(failure) if is_not_enabled(failure.code(), failure.message()) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Macie has one code for a caller who may not ask and for an account without it; only the message tells.
pub(crate) fn is_not_enabled(code: &str, message: &str) -> bool {
    code == "AccessDeniedException" && message.to_ascii_lowercase().contains("macie is not enabled")
}

async fn buckets(access: &Access, region: &str) -> Result<Vec<MacieBucket>, Failure> {
    let pages = access
        .macie(region)
        .describe_buckets()
        .max_results(PAGE)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = access.pages("macie2:DescribeBuckets", pages).await?;
    let mut buckets: Vec<MacieBucket> =
        pages.into_iter().flat_map(|page| page.buckets.unwrap_or_default()).filter_map(bucket).collect();
    buckets.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(buckets)
}

fn bucket(bucket: BucketMetadata) -> Option<MacieBucket> {
    let jobs = bucket.job_details;
    let time = |time: DateTime| jiff::Timestamp::from_second(time.secs()).ok().map(|time| time.to_string());
    Some(MacieBucket {
        name: bucket.bucket_name?,
        automated_discovery: bucket
            .automated_discovery_monitoring_status
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        last_automated_discovery: bucket.last_automated_discovery_time.and_then(time),
        defined_in_job: jobs
            .as_ref()
            .and_then(|jobs| jobs.is_defined_in_job.as_ref())
            .map(|defined| defined.as_str().to_owned())
            .unwrap_or_default(),
        last_job_run: jobs.and_then(|jobs| jobs.last_job_run_time).and_then(time),
        error_code: bucket.error_code.map(|code| code.as_str().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_message_says_that_macie_is_not_enabled() {
        assert!(is_not_enabled("AccessDeniedException", "Macie is not enabled."));
        let denied = "User: arn:aws:iam::1:user/a is not authorized to perform: macie2:GetMacieSession";
        assert!(!is_not_enabled("AccessDeniedException", denied));
        assert!(!is_not_enabled("ThrottlingException", "Macie is not enabled"));
    }
}
