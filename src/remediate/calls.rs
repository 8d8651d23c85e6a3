//! The few calls that write, and those that read a setting again. Decides nothing: what is called is the plan's.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::types as cloudtrail;
use aws_sdk_guardduty::types as guardduty;
use aws_sdk_s3::types as s3;
use serde_json::{Value, json};

use super::setting::{Call, Setting};
use crate::collect::connection::Access;
use crate::collect::s3::{absent_on, flags};
use crate::collect::{Failure, guardduty_members};
use crate::semantics::configuration::{AdvancedEventSelector, EventSelector};
use crate::snapshot::{Trail, Unreadable};

/// One account's AWS, in one region.
#[derive(Debug, Clone)]
pub struct Hands {
    /// For reads, with the usual retries.
    pub(super) reads: Access,
    /// For writes, without any: whether a lost write took effect is seen by reading.
    pub(super) writes: Access,
    account: String,
    pub(super) region: String,
}

impl Hands {
    /// Access to an account, in a region.
    #[must_use]
    pub fn new(access: Access, account: &str, region: &str) -> Self {
        let writes = access.without_retries();
        Self { reads: access, writes, account: account.to_owned(), region: region.to_owned() }
    }

    /// The present value of a setting, in the form in which the plan has it.
    ///
    /// # Errors
    /// It cannot be read, or the resource is not there any more.
    pub async fn read(&self, setting: &Setting) -> Result<Value, Unreadable> {
        match setting {
            Setting::BucketPolicy { .. }
            | Setting::BucketPublicAccessBlock { .. }
            | Setting::BucketOwnership { .. } => self.read_bucket(setting).await,
            Setting::TrailLogging { trail } | Setting::TrailSelectors { trail } => {
                self.read_trail(setting, trail).await
            }
            Setting::EndpointPolicy { endpoint } => {
                let client = self.reads.ec2(&self.region);
                let call = client.describe_vpc_endpoints().vpc_endpoint_ids(endpoint).send();
                let answer = self.reads.call("ec2:DescribeVpcEndpoints", call).await?;
                let found = answer.vpc_endpoints.unwrap_or_default().into_iter().next();
                let found = found.ok_or_else(|| gone("ec2:DescribeVpcEndpoints", endpoint))?;
                Ok(json!(found.policy_document.filter(|policy| !policy.is_empty())))
            }
            Setting::FilterAction { detector, filter } => {
                let client = self.reads.guardduty(&self.region);
                let call = client.get_filter().detector_id(detector).filter_name(filter).send();
                let answer = self.reads.call("guardduty:GetFilter", call).await?;
                Ok(json!(answer.action.map(|action| action.as_str().to_owned())))
            }
            Setting::DetectorFeature { detector, .. }
            | Setting::MemberFeature { detector, .. }
            | Setting::AutomaticFeature { detector, .. } => self.read_features(setting, detector).await,
            _ => self.read_alerting(setting).await,
        }
    }

    /// The tags of a bucket.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn bucket_tags(&self, bucket: &str) -> Result<BTreeMap<String, String>, Unreadable> {
        let client = self.reads.s3(&self.region);
        let tags = crate::collect::s3::tags(&self.reads, &client, bucket).await;
        tags.as_result().cloned().map_err(Clone::clone)
    }

    async fn read_bucket(&self, setting: &Setting) -> Result<Value, Unreadable> {
        let client = self.reads.s3(&self.region);
        let owner = &self.account;
        let reading = match setting {
            Setting::BucketPolicy { bucket } => {
                let call = client.get_bucket_policy().bucket(bucket).expected_bucket_owner(owner).send();
                let answer = self.reads.call("s3:GetBucketPolicy", call).await;
                absent_on(answer.map(|answer| answer.policy), "NoSuchBucketPolicy").map(|found| json!(found))
            }
            Setting::BucketPublicAccessBlock { bucket } => {
                let call =
                    client.get_public_access_block().bucket(bucket).expected_bucket_owner(owner).send();
                let answer = self.reads.call("s3:GetPublicAccessBlock", call).await;
                let answer = answer.map(|answer| answer.public_access_block_configuration.map(|b| flags(&b)));
                absent_on(answer, "NoSuchPublicAccessBlockConfiguration").map(|found| json!(found))
            }
            _ => {
                let Setting::BucketOwnership { bucket } = setting else {
                    return Err(gone("s3:GetBucketOwnershipControls", "the setting"));
                };
                let call =
                    client.get_bucket_ownership_controls().bucket(bucket).expected_bucket_owner(owner).send();
                let answer = self.reads.call("s3:GetBucketOwnershipControls", call).await;
                let answer = answer.map(|answer| {
                    let rules = answer.ownership_controls.map(|controls| controls.rules).unwrap_or_default();
                    rules.into_iter().next().map(|rule| rule.object_ownership.as_str().to_owned())
                });
                absent_on(answer, "OwnershipControlsNotFoundError").map(|found| json!(found))
            }
        };
        reading.as_result().cloned().map_err(Clone::clone)
    }

    async fn read_trail(&self, setting: &Setting, arn: &str) -> Result<Value, Unreadable> {
        let trail = Trail {
            name: String::new(),
            arn: arn.to_owned(),
            home_region: self.region.clone(),
            multi_region: false,
            organization: false,
            include_global_service_events: false,
            s3_bucket: String::new(),
            log_group_arn: None,
            log_group_role_arn: None,
            kms_key_id: None,
            log_file_validation: false,
        };
        let details = crate::collect::cloudtrail::details(&self.reads, &trail).await;
        let details = details.ok_or_else(|| gone("cloudtrail:GetTrailStatus", arn))?;
        let value = match setting {
            Setting::TrailLogging { .. } => details.status.map(|status| json!(status.is_logging)),
            _ => details.selectors.map(|selectors| json!(selectors)),
        };
        value.as_result().cloned().map_err(Clone::clone)
    }

    async fn read_features(&self, setting: &Setting, id: &str) -> Result<Value, Unreadable> {
        let detector = crate::collect::guardduty::detector(&self.reads, &self.region).await;
        let Some(found) = detector.as_result().map_err(Clone::clone)?.as_ref().filter(|d| d.id == id) else {
            return Err(gone("guardduty:GetDetector", id));
        };
        let status = |features: &[crate::snapshot::DetectorFeature], name: &str| {
            features.iter().find(|feature| feature.name == name).map_or(Value::Null, |f| json!(f.status))
        };
        if let Setting::DetectorFeature { feature, .. } = setting {
            return Ok(status(found.features.as_deref().unwrap_or_default(), feature));
        }
        let administration =
            guardduty_members::administration(&self.reads, &self.region, true, &detector).await;
        let administration = administration.ok_or_else(|| gone("guardduty:ListMembers", id))?;
        match setting {
            Setting::AutomaticFeature { feature, .. } => {
                let found = administration.auto_enable.as_result().map_err(Clone::clone)?;
                let whose = found.features.get(feature).map_or("NONE", String::as_str);
                Ok(json!({"members": found.members, "feature": whose}))
            }
            Setting::MemberFeature { member, feature, .. } => {
                let members = administration.members.as_result().map_err(Clone::clone)?;
                let found = members.iter().find(|found| found.account == *member);
                let found = found.ok_or_else(|| gone("guardduty:ListMembers", member))?;
                Ok(status(found.features.as_result().map_err(Clone::clone)?, feature))
            }
            _ => Err(gone("guardduty:GetDetector", id)),
        }
    }

    /// Makes a call, once.
    ///
    /// # Errors
    /// It failed, or is none of those that this program makes.
    pub async fn write(&self, call: &Call) -> Result<(), Failure> {
        match call.service.as_str() {
            "s3" => self.write_s3(call).await,
            "cloudtrail" => self.write_cloudtrail(call).await,
            "guardduty" => self.write_guardduty(call).await,
            "ec2" => self.write_ec2(call).await,
            "events" => self.write_events(call).await,
            "sns" => self.write_sns(call).await,
            "logs" => self.write_logs(call).await,
            "cloudwatch" => self.write_cloudwatch(call).await,
            _ => Err(not_ours(call)),
        }
    }

    async fn write_s3(&self, call: &Call) -> Result<(), Failure> {
        let client = self.writes.s3(&self.region);
        let (input, name) = (&call.input, call.name());
        let bucket = text(input, "Bucket", call)?;
        // What is sent is for this account's bucket alone, whatever the plan says.
        let owner = self.account.as_str();
        match name.as_str() {
            "s3:PutBucketPolicy" => {
                let policy = text(input, "Policy", call)?;
                let send = client.put_bucket_policy().bucket(bucket).policy(policy);
                self.made(&name, send.expected_bucket_owner(owner).send()).await
            }
            "s3:DeleteBucketPolicy" => {
                let send = client.delete_bucket_policy().bucket(bucket).expected_bucket_owner(owner).send();
                self.made(&name, send).await
            }
            "s3:PutPublicAccessBlock" => {
                let flags = &input["PublicAccessBlockConfiguration"];
                let flag = |name: &str| flags[name].as_bool().unwrap_or_default();
                let block = s3::PublicAccessBlockConfiguration::builder()
                    .block_public_acls(flag("BlockPublicAcls"))
                    .ignore_public_acls(flag("IgnorePublicAcls"))
                    .block_public_policy(flag("BlockPublicPolicy"))
                    .restrict_public_buckets(flag("RestrictPublicBuckets"))
                    .build();
                let send = client.put_public_access_block().bucket(bucket);
                let send = send.public_access_block_configuration(block).expected_bucket_owner(owner).send();
                self.made(&name, send).await
            }
            "s3:DeletePublicAccessBlock" => {
                let send = client.delete_public_access_block().bucket(bucket);
                self.made(&name, send.expected_bucket_owner(owner).send()).await
            }
            "s3:PutBucketOwnershipControls" => {
                let ownership = input["OwnershipControls"]["Rules"][0]["ObjectOwnership"].as_str();
                let ownership = ownership.ok_or_else(|| not_ours(call))?;
                let rule = s3::OwnershipControlsRule::builder().object_ownership(ownership.into()).build();
                let rule = rule.map_err(|_| not_ours(call))?;
                let controls = s3::OwnershipControls::builder().rules(rule).build();
                let controls = controls.map_err(|_| not_ours(call))?;
                let send = client.put_bucket_ownership_controls().bucket(bucket);
                let send = send.ownership_controls(controls).expected_bucket_owner(owner).send();
                self.made(&name, send).await
            }
            "s3:DeleteBucketOwnershipControls" => {
                let send = client.delete_bucket_ownership_controls().bucket(bucket);
                self.made(&name, send.expected_bucket_owner(owner).send()).await
            }
            _ => Err(not_ours(call)),
        }
    }

    async fn write_cloudtrail(&self, call: &Call) -> Result<(), Failure> {
        let client = self.writes.cloudtrail(&self.region);
        let (input, name) = (&call.input, call.name());
        match name.as_str() {
            "cloudtrail:StartLogging" => {
                self.made(&name, client.start_logging().name(text(input, "Name", call)?).send()).await
            }
            "cloudtrail:StopLogging" => {
                self.made(&name, client.stop_logging().name(text(input, "Name", call)?).send()).await
            }
            "cloudtrail:PutEventSelectors" => {
                let basic: Vec<EventSelector> = list(input, "EventSelectors", call)?;
                let advanced: Vec<AdvancedEventSelector> = list(input, "AdvancedEventSelectors", call)?;
                let mut send = client.put_event_selectors().trail_name(text(input, "TrailName", call)?);
                for selector in basic {
                    send = send.event_selectors(basic_selector(selector));
                }
                for selector in advanced {
                    let selector = advanced_selector(selector).ok_or_else(|| not_ours(call))?;
                    send = send.advanced_event_selectors(selector);
                }
                self.made(&name, send.send()).await
            }
            _ => Err(not_ours(call)),
        }
    }

    async fn write_guardduty(&self, call: &Call) -> Result<(), Failure> {
        let client = self.writes.guardduty(&self.region);
        let (input, name) = (&call.input, call.name());
        let detector = text(input, "DetectorId", call)?;
        let feature = &input["Features"][0];
        let named = |field: &str| feature[field].as_str().ok_or_else(|| not_ours(call));
        match name.as_str() {
            "guardduty:UpdateDetector" => {
                let feature = guardduty::DetectorFeatureConfiguration::builder()
                    .name(named("Name")?.into())
                    .status(named("Status")?.into())
                    .build();
                self.made(&name, client.update_detector().detector_id(detector).features(feature).send())
                    .await
            }
            "guardduty:UpdateMemberDetectors" => {
                let accounts: Vec<String> = list(input, "AccountIds", call)?;
                let feature = guardduty::MemberFeaturesConfiguration::builder()
                    .name(named("Name")?.into())
                    .status(named("Status")?.into())
                    .build();
                let send = client.update_member_detectors().detector_id(detector);
                let send = send.set_account_ids(Some(accounts)).features(feature).send();
                self.made(&name, send).await
            }
            "guardduty:UpdateOrganizationConfiguration" => {
                let feature = guardduty::OrganizationFeatureConfiguration::builder()
                    .name(named("Name")?.into())
                    .auto_enable(named("AutoEnable")?.into())
                    .build();
                let members = text(input, "AutoEnableOrganizationMembers", call)?;
                let send = client.update_organization_configuration().detector_id(detector);
                let send = send.auto_enable_organization_members(members.into()).features(feature).send();
                self.made(&name, send).await
            }
            "guardduty:UpdateFilter" => {
                let action = text(input, "Action", call)?;
                let send = client.update_filter().detector_id(detector);
                let send = send.filter_name(text(input, "FilterName", call)?).action(action.into()).send();
                self.made(&name, send).await
            }
            _ => Err(not_ours(call)),
        }
    }

    async fn write_ec2(&self, call: &Call) -> Result<(), Failure> {
        let (input, name) = (&call.input, call.name());
        match name.as_str() {
            "ec2:ModifyVpcEndpoint" => {
                let client = self.writes.ec2(&self.region);
                let send = client.modify_vpc_endpoint().vpc_endpoint_id(text(input, "VpcEndpointId", call)?);
                let send = match input.get("PolicyDocument").and_then(Value::as_str) {
                    Some(policy) => send.policy_document(policy),
                    None => send.reset_policy(true),
                };
                self.made(&name, send.send()).await
            }
            _ => Err(not_ours(call)),
        }
    }

    /// Makes a call and throws its answer away: what it did is seen by reading.
    pub(super) async fn made<T, E>(
        &self,
        operation: &str,
        send: impl Future<
            Output = Result<
                T,
                aws_smithy_runtime_api::client::result::SdkError<
                    E,
                    aws_smithy_runtime_api::client::orchestrator::HttpResponse,
                >,
            >,
        >,
    ) -> Result<(), Failure>
    where
        E: aws_smithy_types::error::metadata::ProvideErrorMetadata
            + std::error::Error
            + std::fmt::Debug
            + 'static,
    {
        self.writes.call(operation, send).await.map(drop)
    }
}

/// Whether a call that failed so may be made again: it was throttled, or the service stumbled.
#[must_use]
pub fn is_transient(failure: &Failure) -> bool {
    let throttled = aws_runtime::retries::classifiers::THROTTLING_ERRORS.contains(&failure.code());
    let stumbled = failure.status.is_some_and(|status| status == 429 || status >= 500);
    throttled || stumbled || ["TimeoutError", "DispatchFailure"].contains(&failure.code())
}

pub(super) fn text<'a>(input: &'a Value, field: &str, call: &Call) -> Result<&'a str, Failure> {
    input.get(field).and_then(Value::as_str).ok_or_else(|| not_ours(call))
}

pub(super) fn list<T: serde::de::DeserializeOwned>(
    input: &Value,
    field: &str,
    call: &Call,
) -> Result<Vec<T>, Failure> {
    match input.get(field) {
        None => Ok(Vec::new()),
        Some(found) => serde_json::from_value(found.clone()).map_err(|_| not_ours(call)),
    }
}

pub(super) fn gone(operation: &str, what: &str) -> Unreadable {
    Unreadable {
        operation: operation.to_owned(),
        code: "NotFound".to_owned(),
        message: format!("`{what}` is not there any more"),
    }
}

pub(super) fn not_ours(call: &Call) -> Failure {
    Failure::of(Unreadable {
        operation: call.name(),
        code: "UnknownCall".to_owned(),
        message: "this program does not make such a call".to_owned(),
    })
}

fn basic_selector(selector: EventSelector) -> cloudtrail::EventSelector {
    let excluded = Some(selector.exclude_management_event_sources).filter(|sources| !sources.is_empty());
    let resources = selector.data_resources.into_iter().map(|resource| {
        cloudtrail::DataResource::builder().r#type(resource.r#type).set_values(Some(resource.values)).build()
    });
    cloudtrail::EventSelector::builder()
        .set_read_write_type(selector.read_write_type.map(|t| t.as_str().into()))
        .set_include_management_events(selector.include_management_events)
        .set_data_resources(Some(resources.collect()))
        .set_exclude_management_event_sources(excluded)
        .build()
}

fn advanced_selector(selector: AdvancedEventSelector) -> Option<cloudtrail::AdvancedEventSelector> {
    let some = |values: Vec<String>| Some(values).filter(|values| !values.is_empty());
    let mut built = cloudtrail::AdvancedEventSelector::builder().set_name(selector.name);
    for field in selector.field_selectors {
        let field = cloudtrail::AdvancedFieldSelector::builder()
            .field(field.field)
            .set_equals(some(field.equals))
            .set_starts_with(some(field.starts_with))
            .set_ends_with(some(field.ends_with))
            .set_not_equals(some(field.not_equals))
            .set_not_starts_with(some(field.not_starts_with))
            .set_not_ends_with(some(field.not_ends_with))
            .build()
            .ok()?;
        built = built.field_selectors(field);
    }
    built.build().ok()
}
