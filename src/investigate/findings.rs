//! Findings of GuardDuty and Macie, as they stand in the answers.
//!
//! A finding has very many fields and gets new ones; who reads it reads AWS's own JSON, whichever way it came (a file, an
//! event, this). So the body of each answer is kept as it was sent.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_guardduty::types as guardduty;
use aws_sdk_macie2::types as macie;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

use crate::collect::macie::is_not_enabled;
use crate::collect::{Access, Failure};
use crate::snapshot::Unreadable;

/// Ids of one `GetFindings`, and of one page of a list: the most that AWS allows.
const PAGE: i32 = 50;

/// Which findings of GuardDuty are wanted.
#[derive(Debug, Clone)]
pub struct GuardDutyQuestion {
    /// Their types; all if there are none. AWS takes 50.
    pub types: Vec<String>,
    /// Those that were archived, or those that were not.
    pub archived: bool,
    /// Updated at this time or later, in milliseconds since 1970.
    pub updated_from: i64,
    /// Updated before this time.
    pub updated_to: i64,
}

/// Which findings of Macie are wanted.
#[derive(Debug, Clone)]
pub struct MacieQuestion {
    /// About these buckets.
    pub buckets: Vec<String>,
    /// `CLASSIFICATION` or `POLICY`.
    pub category: &'static str,
}

/// The body of an answer, as it was sent.
#[derive(Debug, Clone, Default)]
struct Body(Arc<Mutex<Vec<u8>>>);

impl Body {
    /// The answer as JSON.
    fn json(&self, operation: &str) -> Result<Value, Failure> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::of(Unreadable {
                operation: operation.to_owned(),
                code: "MalformedAnswer".to_owned(),
                message: error.to_string(),
            })
        })
    }
}

impl Intercept for Body {
    fn name(&self) -> &'static str {
        "Body"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(bytes) = context.response().body().bytes() {
            bytes.clone_into(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        }
        Ok(())
    }
}

/// The detector of a region; none where GuardDuty was never enabled.
///
/// # Errors
/// It cannot be listed.
pub async fn detector(access: &Access, region: &str) -> Result<Option<String>, Failure> {
    let pages = access.guardduty(region).list_detectors().into_paginator().send();
    let pages = access.pages("guardduty:ListDetectors", pages).await?;
    Ok(pages.into_iter().flat_map(|page| page.detector_ids.unwrap_or_default()).next())
}

/// The findings of a detector that a question is about, the severest first: answers of `GetFindings`.
///
/// # Errors
/// They cannot be listed or read.
pub async fn guardduty_findings(
    access: &Access,
    region: &str,
    detector: &str,
    question: &GuardDutyQuestion,
) -> Result<Vec<Value>, Failure> {
    let archived = guardduty::Condition::builder().equals(question.archived.to_string()).build();
    let updated = guardduty::Condition::builder()
        .greater_than_or_equal(question.updated_from)
        .less_than(question.updated_to)
        .build();
    let mut criteria = guardduty::FindingCriteria::builder()
        .criterion("service.archived", archived)
        .criterion("updatedAt", updated);
    if !question.types.is_empty() {
        let types = guardduty::Condition::builder().set_equals(Some(question.types.clone())).build();
        criteria = criteria.criterion("type", types);
    }
    let sort = guardduty::SortCriteria::builder()
        .attribute_name("severity")
        .order_by(guardduty::OrderBy::Desc)
        .build();
    let list = access
        .guardduty(region)
        .list_findings()
        .detector_id(detector)
        .finding_criteria(criteria.build())
        .sort_criteria(sort)
        .max_results(PAGE);
    let pages = access.pages("guardduty:ListFindings", list.into_paginator().send()).await?;
    let ids: Vec<String> = pages.into_iter().flat_map(|page| page.finding_ids.unwrap_or_default()).collect();
    guardduty_findings_by_id(access, region, detector, &ids).await
}

/// Findings by their ids: answers of `GetFindings`. An id that there is not is left out by AWS.
///
/// # Errors
/// They cannot be read.
pub async fn guardduty_findings_by_id(
    access: &Access,
    region: &str,
    detector: &str,
    ids: &[String],
) -> Result<Vec<Value>, Failure> {
    const OPERATION: &str = "guardduty:GetFindings";
    let mut answers = Vec::new();
    for ids in ids.chunks(PAGE.unsigned_abs() as usize) {
        let body = Body::default();
        let call = access.guardduty(region).get_findings().detector_id(detector);
        let call = call.set_finding_ids(Some(ids.to_vec())).customize().interceptor(body.clone());
        access.call(OPERATION, call.send()).await?;
        answers.push(body.json(OPERATION)?);
    }
    Ok(answers)
}

/// Macie's findings about buckets: answers of `GetFindings`; none where Macie is not enabled.
///
/// # Errors
/// They cannot be listed or read.
pub async fn macie_findings(
    access: &Access,
    region: &str,
    question: &MacieQuestion,
) -> Result<Option<Vec<Value>>, Failure> {
    const OPERATION: &str = "macie2:GetFindings";
    let equals =
        |values: Vec<String>| macie::CriterionAdditionalProperties::builder().set_eq(Some(values)).build();
    let criteria = macie::FindingCriteria::builder()
        .criterion("category", equals(vec![question.category.to_owned()]))
        .criterion("resourcesAffected.s3Bucket.name", equals(question.buckets.clone()))
        .build();
    let sort =
        macie::SortCriteria::builder().attribute_name("updatedAt").order_by(macie::OrderBy::Desc).build();
    let list = access
        .macie(region)
        .list_findings()
        .finding_criteria(criteria)
        .sort_criteria(sort)
        .max_results(PAGE)
        .into_paginator()
        .send();
    let pages = match access.pages("macie2:ListFindings", list).await {
        Ok(pages) => pages,
        Err(failure) if is_not_enabled(failure.code(), failure.message()) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let ids: Vec<String> = pages.into_iter().flat_map(|page| page.finding_ids.unwrap_or_default()).collect();
    let mut answers = Vec::new();
    for ids in ids.chunks(PAGE.unsigned_abs() as usize) {
        let body = Body::default();
        let call = access.macie(region).get_findings().set_finding_ids(Some(ids.to_vec()));
        access.call(OPERATION, call.customize().interceptor(body.clone()).send()).await?;
        answers.push(body.json(OPERATION)?);
    }
    Ok(Some(answers))
}

/// How much Macie could classify in buckets of a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classifiable {
    /// The bucket.
    pub bucket: String,
    /// Its account.
    pub account: String,
    /// Objects.
    pub objects: u64,
    /// Bytes, as they are stored.
    pub bytes: u64,
}

/// What Macie says of buckets of a region: those that it knows there.
///
/// # Errors
/// They cannot be described.
pub async fn classifiable(
    access: &Access,
    region: &str,
    buckets: &[String],
) -> Result<Vec<Classifiable>, Failure> {
    let names = macie::BucketCriteriaAdditionalProperties::builder().set_eq(Some(buckets.to_vec())).build();
    let pages = access
        .macie(region)
        .describe_buckets()
        .criteria("bucketName", names)
        .max_results(PAGE)
        .into_paginator();
    let pages = access.pages("macie2:DescribeBuckets", pages.send()).await?;
    let known = pages.into_iter().flat_map(|page| page.buckets.unwrap_or_default());
    let count = |number: Option<i64>| u64::try_from(number.unwrap_or_default()).unwrap_or_default();
    let mut found: Vec<Classifiable> = known
        .filter_map(|bucket| {
            Some(Classifiable {
                bucket: bucket.bucket_name?,
                account: bucket.account_id?,
                objects: count(bucket.classifiable_object_count),
                bytes: count(bucket.classifiable_size_in_bytes),
            })
        })
        .filter(|bucket| buckets.contains(&bucket.bucket))
        .collect();
    found.sort_by(|a, b| (&a.account, &a.bucket).cmp(&(&b.account, &b.bucket)));
    Ok(found)
}

/// Starts a one-time job that classifies a sample of the objects of buckets; its id. The only call of an investigation that
/// changes anything: it costs money.
///
/// # Errors
/// It cannot be started.
pub async fn start_classification_job(
    access: &Access,
    region: &str,
    name: &str,
    token: &str,
    sampling_percentage: u8,
    buckets: &[Classifiable],
) -> Result<String, Failure> {
    let mut job = macie::S3JobDefinition::builder();
    for buckets in buckets.chunk_by(|a, b| a.account == b.account) {
        let mut definition = macie::S3BucketDefinitionForJob::builder();
        for bucket in buckets {
            definition = definition.account_id(&bucket.account).buckets(&bucket.bucket);
        }
        job = job.bucket_definitions(definition.build());
    }
    let call = access
        .without_retries()
        .macie(region)
        .create_classification_job()
        .name(name)
        .client_token(token)
        .job_type(macie::JobType::OneTime)
        .managed_data_identifier_selector(macie::ManagedDataIdentifierSelector::Recommended)
        .sampling_percentage(i32::from(sampling_percentage))
        .s3_job_definition(job.build());
    let answer = access.call("macie2:CreateClassificationJob", call.send()).await?;
    Ok(answer.job_id.unwrap_or_default())
}
