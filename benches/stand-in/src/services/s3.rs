//! S3: buckets and their configuration. REST with XML; a bucket answers in its own region only.

use hyper::Method;
use serde_json::Value;

use super::{CREATED_AT, page, page_size};
use crate::answer::{Content, Failure, Xml};
use crate::operations::{Call, Outcome};
use crate::record::{flag, known, list, part_of_arn, reading, some_text, text};

/// Buckets on a page.
const PAGE: usize = 10_000;
/// What makes an XML type of a grantee known.
const SCHEMA_INSTANCE: &str = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// The configuration of a bucket that is asked for by a word in the query string.
const OF_A_BUCKET: [(&str, &str); 14] = [
    ("acl", "GetBucketAcl"),
    ("encryption", "GetBucketEncryption"),
    ("inventory", "ListBucketInventoryConfigurations"),
    ("lifecycle", "GetBucketLifecycleConfiguration"),
    ("location", "GetBucketLocation"),
    ("logging", "GetBucketLogging"),
    ("notification", "GetBucketNotificationConfiguration"),
    ("object-lock", "GetObjectLockConfiguration"),
    ("ownershipControls", "GetBucketOwnershipControls"),
    ("policy", "GetBucketPolicy"),
    ("publicAccessBlock", "GetPublicAccessBlock"),
    ("replication", "GetBucketReplication"),
    ("tagging", "GetBucketTagging"),
    ("versioning", "GetBucketVersioning"),
];

/// The operation of a path and query string.
pub fn operation(method: &Method, path: &[&str], asks: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    if method != Method::GET {
        return None;
    }
    match path {
        [] => Some("ListBuckets"),
        [_] => OF_A_BUCKET.iter().find(|(word, _)| asks(word)).map(|(_, operation)| *operation),
        _ => None,
    }
}

pub fn list_buckets(call: &Call<'_>) -> Outcome {
    let buckets = list(reading(call.account.field("buckets"), "s3:ListBuckets")?);
    let (buckets, next) =
        page(buckets, &call.parameter("continuation-token"), page_size(call, "max-buckets", PAGE));
    let mut xml = Xml::default();
    if let Some(owner) = some_text(call.account.record(), "canonical_user") {
        xml.element("Owner", |xml| xml.text("ID", owner));
    }
    xml.element("Buckets", |xml| {
        for bucket in buckets {
            xml.element("Bucket", |xml| {
                xml.text("Name", text(bucket, "name"));
                xml.text("CreationDate", CREATED_AT);
                xml.some_text("BucketRegion", known(&bucket["region"]).as_str());
            });
        }
    });
    xml.some_text("ContinuationToken", next.as_deref());
    Ok(Content::Xml("ListAllMyBucketsResult", xml))
}

/// The bucket that the path names, for whoever asks in its region.
fn bucket<'a>(call: &'a Call<'_>) -> Result<&'a Value, Failure> {
    let name = call.request.part(0);
    let Some(bucket) = call.account.bucket(name) else {
        return Err(Failure::new(404, "NoSuchBucket", "The specified bucket does not exist"));
    };
    let region = known(&bucket["region"]).as_str().unwrap_or(call.region());
    if region != call.region() {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. \
                       Please send all future requests to this endpoint.";
        let failure = Failure::new(301, "PermanentRedirect", message);
        return Err(Failure { bucket_region: Some(region.to_owned()), ..failure });
    }
    Ok(bucket)
}

/// What is configured, or what S3 says where nothing is.
fn configured<'a>(
    part: &'a Value,
    operation: &str,
    absent: (&'static str, &'static str),
) -> Result<&'a Value, Failure> {
    let value = reading(part, operation)?;
    if value.is_null() { Err(Failure::new(404, absent.0, absent.1)) } else { Ok(value) }
}

pub fn get_bucket_location(call: &Call<'_>) -> Outcome {
    let Some(bucket) = call.account.bucket(call.request.part(0)) else {
        return Err(Failure::new(404, "NoSuchBucket", "The specified bucket does not exist"));
    };
    let region = reading(&bucket["region"], "s3:GetBucketLocation")?.as_str().unwrap_or_default();
    // The oldest region has no name here.
    let region = if region == "us-east-1" { "" } else { region };
    let mut xml = Xml::default();
    xml.word(region);
    Ok(Content::Xml("LocationConstraint", xml))
}

pub fn get_bucket_policy(call: &Call<'_>) -> Outcome {
    let absent = ("NoSuchBucketPolicy", "The bucket policy does not exist");
    let policy = configured(&bucket(call)?["policy"], "s3:GetBucketPolicy", absent)?;
    Ok(Content::Document(policy.as_str().unwrap_or_default().to_owned()))
}

pub fn get_public_access_block(call: &Call<'_>) -> Outcome {
    let absent =
        ("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found");
    let block = configured(&bucket(call)?["public_access_block"], "s3:GetPublicAccessBlock", absent)?;
    let mut xml = Xml::default();
    public_access_block(&mut xml, block);
    Ok(Content::Xml("PublicAccessBlockConfiguration", xml))
}

/// The four switches, which S3 Control spells the same.
pub fn public_access_block(xml: &mut Xml, block: &Value) {
    xml.flag("BlockPublicAcls", flag(block, "block_public_acls"));
    xml.flag("IgnorePublicAcls", flag(block, "ignore_public_acls"));
    xml.flag("BlockPublicPolicy", flag(block, "block_public_policy"));
    xml.flag("RestrictPublicBuckets", flag(block, "restrict_public_buckets"));
}

pub fn get_bucket_acl(call: &Call<'_>) -> Outcome {
    let acl = reading(&bucket(call)?["acl"], "s3:GetBucketAcl")?;
    let own = some_text(call.account.record(), "canonical_user").unwrap_or_default();
    let owner = some_text(acl, "owner").unwrap_or(own);
    let mut xml = Xml::default();
    xml.element("Owner", |xml| xml.text("ID", owner));
    xml.element("AccessControlList", |xml| {
        if acl.is_null() {
            grant(xml, owner, "FULL_CONTROL");
        }
        for of in list(&acl["grants"]) {
            grant(xml, text(of, "grantee"), text(of, "permission"));
        }
    });
    Ok(Content::Xml("AccessControlPolicy", xml))
}

fn grant(xml: &mut Xml, grantee: &str, permission: &str) {
    let (kind, field) = match grantee {
        _ if grantee.starts_with("http") => ("Group", "URI"),
        _ if grantee.contains('@') => ("AmazonCustomerByEmail", "EmailAddress"),
        _ => ("CanonicalUser", "ID"),
    };
    xml.element("Grant", |xml| {
        xml.element(&format!("Grantee {SCHEMA_INSTANCE} xsi:type=\"{kind}\""), |xml| {
            xml.text(field, grantee)
        });
        xml.text("Permission", permission);
    });
}

pub fn get_bucket_ownership_controls(call: &Call<'_>) -> Outcome {
    let absent = ("OwnershipControlsNotFoundError", "The bucket ownership controls were not found");
    let ownership = configured(&bucket(call)?["object_ownership"], "s3:GetBucketOwnershipControls", absent)?;
    let mut xml = Xml::default();
    xml.element("Rule", |xml| xml.text("ObjectOwnership", ownership.as_str().unwrap_or_default()));
    Ok(Content::Xml("OwnershipControls", xml))
}

pub fn get_bucket_replication(call: &Call<'_>) -> Outcome {
    let rules = list(reading(&bucket(call)?["exports"]["replication"], "s3:GetBucketReplication")?);
    if rules.is_empty() {
        let message = "The replication configuration was not found";
        return Err(Failure::new(404, "ReplicationConfigurationNotFoundError", message));
    }
    let mut xml = Xml::default();
    let (partition, account) = (call.organization.partition(), &call.account.id);
    xml.text("Role", &format!("arn:{partition}:iam::{account}:role/replication"));
    for rule in rules {
        xml.element("Rule", |xml| {
            xml.text("ID", text(rule, "id"));
            xml.text("Status", text(rule, "status"));
            xml.element("Destination", |xml| {
                xml.text("Bucket", text(rule, "bucket_arn"));
                xml.some_text("Account", some_text(rule, "account"));
            });
        });
    }
    Ok(Content::Xml("ReplicationConfiguration", xml))
}

pub fn list_bucket_inventory_configurations(call: &Call<'_>) -> Outcome {
    let inventories =
        list(reading(&bucket(call)?["exports"]["inventories"], "s3:ListBucketInventoryConfigurations")?);
    let (shown, next) = page(inventories, &call.parameter("continuation-token"), 100);
    let mut xml = Xml::default();
    for inventory in shown {
        xml.element("InventoryConfiguration", |xml| {
            xml.text("Id", text(inventory, "id"));
            xml.flag("IsEnabled", flag(inventory, "enabled"));
            xml.element("Destination", |xml| {
                xml.element("S3BucketDestination", |xml| {
                    xml.some_text("AccountId", some_text(inventory, "account"));
                    xml.text("Bucket", text(inventory, "bucket_arn"));
                    xml.text("Format", "CSV");
                });
            });
            xml.element("Schedule", |xml| xml.text("Frequency", "Daily"));
            xml.text("IncludedObjectVersions", "Current");
        });
    }
    xml.flag("IsTruncated", next.is_some());
    xml.some_text("NextContinuationToken", next.as_deref());
    Ok(Content::Xml("ListInventoryConfigurationsResult", xml))
}

pub fn get_bucket_logging(call: &Call<'_>) -> Outcome {
    let target = reading(&bucket(call)?["exports"]["access_logs"], "s3:GetBucketLogging")?;
    let mut xml = Xml::default();
    if let Some(target) = target.as_str() {
        xml.element("LoggingEnabled", |xml| {
            xml.text("TargetBucket", target);
            xml.text("TargetPrefix", "");
        });
    }
    Ok(Content::Xml("BucketLoggingStatus", xml))
}

pub fn get_bucket_notification_configuration(call: &Call<'_>) -> Outcome {
    let arns = reading(&bucket(call)?["exports"]["notifications"], "s3:GetBucketNotificationConfiguration")?;
    let mut xml = Xml::default();
    for arn in list(arns).iter().filter_map(Value::as_str) {
        let (configuration, field) = match part_of_arn(arn, 2) {
            "sns" => ("TopicConfiguration", "Topic"),
            "sqs" => ("QueueConfiguration", "Queue"),
            _ => ("CloudFunctionConfiguration", "CloudFunction"),
        };
        xml.element(configuration, |xml| {
            xml.text("Id", "created");
            xml.text(field, arn);
            xml.text("Event", "s3:ObjectCreated:*");
        });
    }
    Ok(Content::Xml("NotificationConfiguration", xml))
}

pub fn get_bucket_tagging(call: &Call<'_>) -> Outcome {
    let tags = reading(&bucket(call)?["tags"], "s3:GetBucketTagging")?;
    let tags: Vec<_> = tags.as_object().into_iter().flatten().collect();
    if tags.is_empty() {
        return Err(Failure::new(404, "NoSuchTagSet", "The TagSet does not exist"));
    }
    let mut xml = Xml::default();
    xml.element("TagSet", |xml| {
        for (key, value) in tags {
            xml.element("Tag", |xml| {
                xml.text("Key", key);
                xml.text("Value", value.as_str().unwrap_or_default());
            });
        }
    });
    Ok(Content::Xml("Tagging", xml))
}

pub fn get_bucket_versioning(call: &Call<'_>) -> Outcome {
    let versioning = reading(&bucket(call)?["protection"]["versioning"], "s3:GetBucketVersioning")?;
    let mut xml = Xml::default();
    xml.some_text("Status", some_text(versioning, "status"));
    if flag(versioning, "mfa_delete") {
        xml.text("MfaDelete", "Enabled");
    }
    Ok(Content::Xml("VersioningConfiguration", xml))
}

pub fn get_object_lock_configuration(call: &Call<'_>) -> Outcome {
    let absent =
        ("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket");
    let lock =
        configured(&bucket(call)?["protection"]["object_lock"], "s3:GetObjectLockConfiguration", absent)?;
    let mut xml = Xml::default();
    if flag(lock, "enabled") {
        xml.text("ObjectLockEnabled", "Enabled");
    }
    if let Some(mode) = some_text(lock, "default_mode") {
        xml.element("Rule", |xml| {
            xml.element("DefaultRetention", |xml| {
                xml.text("Mode", mode);
                xml.text("Days", "30");
            });
        });
    }
    Ok(Content::Xml("ObjectLockConfiguration", xml))
}

pub fn get_bucket_lifecycle_configuration(call: &Call<'_>) -> Outcome {
    let days =
        list(reading(&bucket(call)?["protection"]["expiry_days"], "s3:GetBucketLifecycleConfiguration")?);
    if days.is_empty() {
        let message = "The lifecycle configuration does not exist";
        return Err(Failure::new(404, "NoSuchLifecycleConfiguration", message));
    }
    let mut xml = Xml::default();
    for days in days {
        xml.element("Rule", |xml| {
            xml.text("ID", &format!("expire-{days}"));
            xml.element("Filter", |xml| xml.text("Prefix", ""));
            xml.text("Status", "Enabled");
            xml.element("Expiration", |xml| match days.as_u64() {
                // A date that has come: what the snapshot records as no day at all.
                Some(0) => xml.text("Date", CREATED_AT),
                _ => xml.text("Days", &days.to_string()),
            });
        });
    }
    Ok(Content::Xml("LifecycleConfiguration", xml))
}

pub fn get_bucket_encryption(call: &Call<'_>) -> Outcome {
    let absent = (
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    );
    let encryption =
        configured(&bucket(call)?["protection"]["encryption"], "s3:GetBucketEncryption", absent)?;
    let mut xml = Xml::default();
    xml.element("Rule", |xml| {
        xml.element("ApplyServerSideEncryptionByDefault", |xml| {
            xml.text("SSEAlgorithm", text(encryption, "algorithm"));
            xml.some_text("KMSMasterKeyID", some_text(encryption, "key"));
        });
        xml.flag("BucketKeyEnabled", false);
    });
    Ok(Content::Xml("ServerSideEncryptionConfiguration", xml))
}
