//! What keeps the objects of a bucket.

use aws_sdk_s3::types::ExpirationStatus;

use super::connection::Access;
use super::failure::Failure;
use super::s3::absent_on;
use crate::snapshot::{BucketProtection, DefaultEncryption, ObjectLock, Reading, Unreadable, Versioning};

/// Reads a bucket's versioning, Object Lock, default encryption and, of a bucket that holds logs, the lifecycle.
pub async fn read(
    access: &Access,
    client: &aws_sdk_s3::Client,
    name: &str,
    holds_logs: bool,
) -> BucketProtection {
    let (versioning, expiry_days, encryption) = tokio::join!(
        versioning(access, client, name),
        expiry_days(access, client, name, holds_logs),
        encryption(access, client, name)
    );
    // A bucket that never kept versions has no Object Lock, which needs them.
    let object_lock = match &versioning {
        Reading::Known(Versioning { status: None, .. }) => Reading::Known(None),
        _ => object_lock(access, client, name).await,
    };
    BucketProtection { versioning, object_lock, expiry_days, encryption }
}

async fn versioning(access: &Access, client: &aws_sdk_s3::Client, name: &str) -> Reading<Versioning> {
    let call = client.get_bucket_versioning().bucket(name).send();
    let answer = access.call("s3:GetBucketVersioning", call).await.map(|answer| Versioning {
        status: answer.status.map(|status| status.as_str().to_owned()),
        mfa_delete: answer.mfa_delete.is_some_and(|status| status.as_str() == "Enabled"),
    });
    match answer {
        Err(failure) => match under_another_name(failure.message()) {
            Some(versioning) => Reading::Known(versioning),
            None => Reading::Unreadable(failure.into()),
        },
        Ok(versioning) => Reading::Known(versioning),
    }
}

/// moto names the root of this answer after the operation, where S3 says `VersioningConfiguration`; the SDK refuses it.
fn under_another_name(excerpt: &str) -> Option<Versioning> {
    let (_, content) = excerpt.split_once("<GetBucketVersioningResponse ")?;
    let status = content.split_once("<Status>").and_then(|(_, rest)| rest.split_once("</Status>"));
    let mfa_delete = content.contains("<MfaDelete>Enabled<");
    Some(Versioning { status: status.map(|(status, _)| status.to_owned()), mfa_delete })
}

async fn object_lock(
    access: &Access,
    client: &aws_sdk_s3::Client,
    name: &str,
) -> Reading<Option<ObjectLock>> {
    let call = client.get_object_lock_configuration().bucket(name).send();
    let answer = access.call("s3:GetObjectLockConfiguration", call).await.map(|answer| {
        answer.object_lock_configuration.map(|lock| ObjectLock {
            enabled: lock.object_lock_enabled.is_some_and(|enabled| enabled.as_str() == "Enabled"),
            default_mode: lock
                .rule
                .and_then(|rule| rule.default_retention)
                .and_then(|retention| retention.mode)
                .map(|mode| mode.as_str().to_owned()),
        })
    });
    absent_on(answer, "ObjectLockConfigurationNotFoundError")
}

async fn expiry_days(
    access: &Access,
    client: &aws_sdk_s3::Client,
    name: &str,
    holds_logs: bool,
) -> Reading<Vec<u64>> {
    const OPERATION: &str = "s3:GetBucketLifecycleConfiguration";
    if !holds_logs {
        return Reading::Unreadable(Unreadable::not_asked(OPERATION, "no trail delivers to the bucket"));
    }
    let call = client.get_bucket_lifecycle_configuration().bucket(name).send();
    let answer: Result<Option<Vec<u64>>, Failure> = access.call(OPERATION, call).await.map(|answer| {
        let rules = answer.rules.unwrap_or_default().into_iter();
        let in_force = rules.filter(|rule| rule.status == ExpirationStatus::Enabled);
        let expirations = in_force.filter_map(|rule| rule.expiration);
        let days = expirations.filter_map(|expiration| match (expiration.days, expiration.date) {
            (Some(days), _) => u64::try_from(days).ok(),
            // A date that has come deletes everything there is.
            (None, Some(_)) => Some(0),
            (None, None) => None,
        });
        Some(days.collect())
    });
    absent_on(answer, "NoSuchLifecycleConfiguration").map(Option::unwrap_or_default)
}

async fn encryption(
    access: &Access,
    client: &aws_sdk_s3::Client,
    name: &str,
) -> Reading<Option<DefaultEncryption>> {
    let call = client.get_bucket_encryption().bucket(name).send();
    let answer = access.call("s3:GetBucketEncryption", call).await.map(|answer| {
        let rules = answer.server_side_encryption_configuration.map(|configuration| configuration.rules);
        let default = rules
            .unwrap_or_default()
            .into_iter()
            .find_map(|rule| rule.apply_server_side_encryption_by_default);
        default.map(|default| DefaultEncryption {
            algorithm: default.sse_algorithm.as_str().to_owned(),
            key: default.kms_master_key_id.filter(|key| !key.is_empty()),
        })
    });
    absent_on(answer, "ServerSideEncryptionConfigurationNotFoundError")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_other_name_of_the_root_is_taken_for_an_answer() {
        let of = |content: &str| {
            under_another_name(&format!(
                "the answer is no AWS answer: <GetBucketVersioningResponse xmlns=\"x\">{content}"
            ))
        };
        assert_eq!(of("<Status>Enabled</Status>").and_then(|found| found.status).as_deref(), Some("Enabled"));
        assert_eq!(of("/>"), Some(Versioning::default()));
        assert_eq!(under_another_name("the answer is no AWS answer: <html>"), None);
    }
}
