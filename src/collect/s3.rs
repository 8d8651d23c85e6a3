//! S3: the buckets of an account and what decides who may read them.

use std::collections::BTreeMap;

use aws_sdk_s3::types::Grantee;
use futures::stream::{self, StreamExt as _};

use super::connection::Access;
use super::exports;
use super::failure::Failure;
use crate::semantics::configuration::PublicAccessBlock;
use crate::snapshot::{AclGrant, Bucket, BucketAcl, BucketExports, Reading, Unreadable};

/// Buckets whose calls are under way at once in one account.
const BUCKETS_AT_ONCE: usize = 16;

/// Which regions' buckets are read.
#[derive(Debug)]
pub struct BucketScope<'a> {
    /// The regions in scope, where the user named some.
    pub only: Option<&'a [String]>,
    /// The regions enabled in the account, where they could be read.
    pub enabled: Option<&'a [String]>,
}

/// Lists the account's general purpose buckets and reads each in its own region.
pub async fn buckets(access: &Access, home: &str, scope: BucketScope<'_>) -> Reading<Vec<Bucket>> {
    let listed = match list(access, home).await {
        Ok(listed) => listed,
        Err(failure) => return Reading::Unreadable(failure.into()),
    };
    let scope = &scope;
    let mut buckets: Vec<Bucket> = stream::iter(listed)
        .map(|(name, region)| async move {
            let region = match region {
                Some(region) => Reading::Known(region),
                None => location(access, home, &name).await?,
            };
            bucket(access, name, region, scope).await
        })
        .buffer_unordered(BUCKETS_AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    buckets.sort_by(|a, b| a.name.cmp(&b.name));
    Reading::Known(buckets)
}

/// Names and, where S3 says so, regions. `MaxBuckets` is sent because S3 names the region only when a parameter is given.
async fn list(access: &Access, home: &str) -> Result<Vec<(String, Option<String>)>, Failure> {
    let pages = access.s3(home).list_buckets().max_buckets(10_000).into_paginator().send();
    let pages = access.pages("s3:ListBuckets", pages).await?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.buckets.unwrap_or_default())
        .filter_map(|bucket| Some((bucket.name?, bucket.bucket_region)))
        .collect())
}

/// The region by `GetBucketLocation`; nothing when the bucket has gone since it was listed.
async fn location(access: &Access, home: &str, name: &str) -> Option<Reading<String>> {
    let call = access.s3(home).get_bucket_location().bucket(name).send();
    match access.call("s3:GetBucketLocation", call).await {
        Ok(answer) => {
            let region = answer.location_constraint.map(|c| c.as_str().to_owned()).unwrap_or_default();
            Some(Reading::Known(match region.as_str() {
                // The two spellings from before regions had names.
                "" => "us-east-1".to_owned(),
                "EU" => "eu-west-1".to_owned(),
                _ => region,
            }))
        }
        Err(failure) if failure.code() == "NoSuchBucket" => None,
        Err(failure) => Some(Reading::Unreadable(failure.into())),
    }
}

/// Reads one bucket; nothing when it is out of scope or has gone since it was listed.
async fn bucket(
    access: &Access,
    name: String,
    region: Reading<String>,
    scope: &BucketScope<'_>,
) -> Option<Bucket> {
    let at = match &region {
        Reading::Unreadable(why) => return Some(unread(name, region.clone(), why)),
        Reading::Known(at) => at.clone(),
    };
    if scope.only.is_some_and(|only| !only.contains(&at)) {
        return None;
    }
    if scope.enabled.is_some_and(|enabled| !enabled.contains(&at)) {
        let why = Unreadable {
            operation: "s3:GetBucketPolicy".to_owned(),
            code: "RegionNotEnabled".to_owned(),
            message: format!("the bucket is in `{at}`, which is not enabled in the account"),
        };
        return Some(unread(name, region, &why));
    }
    let client = access.s3(&at);
    let (policy, block, acl, object_ownership, exports, tags, protection) = tokio::join!(
        access.call("s3:GetBucketPolicy", client.get_bucket_policy().bucket(&name).send()),
        access.call("s3:GetPublicAccessBlock", client.get_public_access_block().bucket(&name).send()),
        access.call("s3:GetBucketAcl", client.get_bucket_acl().bucket(&name).send()),
        ownership(&client, access, &name),
        exports::exports(&client, access, &name),
        access.call("s3:GetBucketTagging", client.get_bucket_tagging().bucket(&name).send()),
        super::s3_protection::read(access, &client, &name),
    );
    let gone = |code: &str| code == "NoSuchBucket";
    if policy.as_ref().is_err_and(|f| gone(f.code())) || acl.as_ref().is_err_and(|f| gone(f.code())) {
        return None;
    }
    Some(Bucket {
        name,
        region,
        policy: json_text(
            absent_on(policy.map(|answer| answer.policy), "NoSuchBucketPolicy"),
            "s3:GetBucketPolicy",
        ),
        public_access_block: absent_on(
            block.map(|answer| answer.public_access_block_configuration.map(|b| flags(&b))),
            "NoSuchPublicAccessBlockConfiguration",
        ),
        acl: acl.map(read_acl).map_err(Unreadable::from).into(),
        object_ownership,
        exports,
        tags: absent_on(tags.map(|answer| Some(answer.tag_set)), "NoSuchTagSet").map(|tags| {
            tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect::<BTreeMap<_, _>>()
        }),
        protection,
    })
}

/// A document that is no JSON was not read, whatever the answer's status.
pub(crate) fn json_text(document: Reading<Option<String>>, operation: &str) -> Reading<Option<String>> {
    match document {
        Reading::Known(Some(text)) => match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Ok(_) => Reading::Known(Some(text)),
            Err(error) => Reading::Unreadable(Unreadable {
                operation: operation.to_owned(),
                code: "MalformedPolicyDocument".to_owned(),
                message: format!("the policy is no JSON: {error}"),
            }),
        },
        other => other,
    }
}

async fn ownership(client: &aws_sdk_s3::Client, access: &Access, name: &str) -> Reading<Option<String>> {
    let call = client.get_bucket_ownership_controls().bucket(name).send();
    let answer = access.call("s3:GetBucketOwnershipControls", call).await.map(|answer| {
        answer
            .ownership_controls
            .and_then(|controls| controls.rules.into_iter().next())
            .map(|rule| rule.object_ownership.as_str().to_owned())
    });
    absent_on(answer, "OwnershipControlsNotFoundError")
}

fn read_acl(answer: aws_sdk_s3::operation::get_bucket_acl::GetBucketAclOutput) -> BucketAcl {
    let grantee = |grantee: Option<Grantee>| {
        grantee.and_then(|g| g.uri.or(g.id).or(g.email_address)).unwrap_or_default()
    };
    BucketAcl {
        owner: answer.owner.and_then(|owner| owner.id).unwrap_or_default(),
        grants: answer
            .grants
            .unwrap_or_default()
            .into_iter()
            .map(|grant| AclGrant {
                grantee: grantee(grant.grantee),
                permission: grant.permission.map(|p| p.as_str().to_owned()).unwrap_or_default(),
            })
            .collect(),
    }
}

pub(crate) fn flags(block: &aws_sdk_s3::types::PublicAccessBlockConfiguration) -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: block.block_public_acls.unwrap_or_default(),
        ignore_public_acls: block.ignore_public_acls.unwrap_or_default(),
        block_public_policy: block.block_public_policy.unwrap_or_default(),
        restrict_public_buckets: block.restrict_public_buckets.unwrap_or_default(),
    }
}

/// A failure with the code that means "there is none" is a known absence.
pub(crate) fn absent_on<T>(answer: Result<Option<T>, Failure>, code: &str) -> Reading<Option<T>> {
    match answer {
        Ok(value) => Reading::Known(value),
        Err(failure) if failure.code() == code => Reading::Known(None),
        Err(failure) => Reading::Unreadable(failure.into()),
    }
}

/// A bucket of which nothing but the name could be read.
fn unread(name: String, region: Reading<String>, why: &Unreadable) -> Bucket {
    Bucket {
        name,
        region,
        policy: Reading::Unreadable(why.clone()),
        public_access_block: Reading::Unreadable(why.clone()),
        acl: Reading::Unreadable(why.clone()),
        object_ownership: Reading::Unreadable(why.clone()),
        exports: BucketExports::unread(why),
        tags: Reading::Unreadable(why.clone()),
        protection: crate::snapshot::BucketProtection::unread(why),
    }
}
