//! S3: the buckets of an account and what decides who may read them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types::Grantee;
use futures::stream::{self, StreamExt as _};

use super::connection::Access;
use super::exports;
use super::failure::Failure;
use crate::semantics::configuration::PublicAccessBlock;
use crate::snapshot::{AclGrant, Bucket, BucketAcl, BucketExports, Reading, Unreadable};

/// Buckets whose calls are under way at once in one account.
const BUCKETS_AT_ONCE: usize = 16;

/// Which regions' buckets are read, and what decides which questions about them are needless.
#[derive(Debug)]
pub struct BucketScope<'a> {
    /// The regions in scope, where the user named some.
    pub only: Option<&'a [String]>,
    /// The regions enabled in the account, where they could be read.
    pub enabled: Option<&'a [String]>,
    /// Whether the account's own Block Public Access is wholly on; the bucket's adds nothing then.
    pub account_blocks_public_access: bool,
    /// The buckets that a trail delivers to, where these are known and nobody else's trails matter. Only of these the
    /// lifecycle is asked.
    pub hold_logs: Option<BTreeSet<String>>,
}

/// The buckets of an account, and who owns them.
#[derive(Debug)]
pub struct Buckets {
    /// The general purpose buckets.
    pub buckets: Reading<Vec<Bucket>>,
    /// The account's canonical user id, if S3 gave it.
    pub canonical_user: Option<String>,
}

/// Lists the account's general purpose buckets and reads each in its own region.
pub async fn buckets(access: &Access, home: &str, scope: BucketScope<'_>) -> Buckets {
    match list(&access.at(home), home).await {
        Ok(Listed { buckets, canonical_user }) => {
            Buckets { buckets: read(access, home, &scope, buckets).await, canonical_user }
        }
        Err(failure) => Buckets { buckets: Reading::Unreadable(failure.into()), canonical_user: None },
    }
}

async fn read(
    access: &Access,
    home: &str,
    scope: &BucketScope<'_>,
    listed: Vec<(String, Option<String>)>,
) -> Reading<Vec<Bucket>> {
    let mut buckets: Vec<Bucket> = stream::iter(listed)
        .map(|(name, region)| async move {
            let region = match region {
                Some(region) => Reading::Known(region),
                None => location(&access.at(home), home, &name).await?,
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

/// What `s3:ListBuckets` says: names and, where S3 says so, regions; and the owner.
struct Listed {
    buckets: Vec<(String, Option<String>)>,
    canonical_user: Option<String>,
}

/// Lists the buckets. `MaxBuckets` is sent because S3 names the region only when a parameter is given.
async fn list(access: &Access, home: &str) -> Result<Listed, Failure> {
    let pages = access
        .s3(home)
        .list_buckets()
        .max_buckets(10_000)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = access.pages("s3:ListBuckets", pages).await?;
    let canonical_user = pages.iter().find_map(|page| page.owner.as_ref()?.id.clone());
    let buckets: BTreeMap<String, Option<String>> = pages
        .into_iter()
        .flat_map(|page| page.buckets.unwrap_or_default())
        .filter_map(|bucket| Some((bucket.name?, bucket.bucket_region)))
        .collect();
    Ok(Listed { buckets: buckets.into_iter().collect(), canonical_user })
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

/// Reads one bucket; nothing when it is out of scope or has gone since it was listed. A bucket that S3 says is in another
/// region is read there: once, so that two regions that name each other end nowhere.
async fn bucket(
    access: &Access,
    name: String,
    region: Reading<String>,
    scope: &BucketScope<'_>,
) -> Option<Bucket> {
    let at = match place(&name, region, scope) {
        Place::Read(at) => at,
        Place::Unread(bucket) => return Some(*bucket),
        Place::OutOfScope => return None,
    };
    let access_there = access.at(&at);
    let found = read_bucket(&access_there, &name, &at, scope).await;
    let Some(elsewhere) = access_there.redirected_to() else { return found };
    match place(&name, Reading::Known(elsewhere.to_owned()), scope) {
        Place::Read(at) => read_bucket(&access.at(&at), &name, &at, scope).await,
        Place::Unread(bucket) => Some(*bucket),
        Place::OutOfScope => None,
    }
}

/// Whether and where a bucket is read.
enum Place {
    Read(String),
    Unread(Box<Bucket>),
    OutOfScope,
}

fn place(name: &str, region: Reading<String>, scope: &BucketScope<'_>) -> Place {
    let at = match &region {
        Reading::Unreadable(why) => {
            return Place::Unread(Box::new(unread(name.to_owned(), region.clone(), why)));
        }
        Reading::Known(at) => at.clone(),
    };
    if scope.only.is_some_and(|only| !only.contains(&at)) {
        return Place::OutOfScope;
    }
    if scope.enabled.is_some_and(|enabled| !enabled.contains(&at)) {
        let why = Unreadable {
            operation: "s3:GetBucketPolicy".to_owned(),
            code: "RegionNotEnabled".to_owned(),
            message: format!("the bucket is in `{at}`, which is not enabled in the account"),
        };
        return Place::Unread(Box::new(unread(name.to_owned(), region, &why)));
    }
    Place::Read(at)
}

async fn read_bucket(access: &Access, name: &str, at: &str, scope: &BucketScope<'_>) -> Option<Bucket> {
    let client = access.s3(at);
    let holds_logs = scope.hold_logs.as_ref().is_none_or(|buckets| buckets.contains(name));
    let (policy, public_access_block, (object_ownership, acl), exports, tags, protection) = tokio::join!(
        access.call("s3:GetBucketPolicy", client.get_bucket_policy().bucket(name).send()),
        public_access_block(&client, access, name, scope.account_blocks_public_access),
        ownership_and_acl(&client, access, name),
        exports::exports(&client, access, name),
        tags(access, &client, name),
        super::s3_protection::read(access, &client, name, holds_logs),
    );
    let bucket = Bucket {
        name: name.to_owned(),
        region: Reading::Known(at.to_owned()),
        policy: json_text(
            absent_on(policy.map(|answer| answer.policy), "NoSuchBucketPolicy"),
            "s3:GetBucketPolicy",
        ),
        public_access_block,
        acl,
        object_ownership,
        exports,
        tags,
        protection,
    };
    // Whichever call was the first to find it gone.
    let gone = bucket.gaps().iter().any(|gap| gap.code == "NoSuchBucket");
    (!gone).then_some(bucket)
}

/// A bucket's tags.
pub(crate) async fn tags(
    access: &Access,
    client: &aws_sdk_s3::Client,
    name: &str,
) -> Reading<BTreeMap<String, String>> {
    let tags = access.call("s3:GetBucketTagging", client.get_bucket_tagging().bucket(name).send()).await;
    absent_on(tags.map(|answer| Some(answer.tag_set)), "NoSuchTagSet")
        .map(|tags| tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
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

/// The bucket's own Block Public Access, which adds nothing where the account's is wholly on.
async fn public_access_block(
    client: &aws_sdk_s3::Client,
    access: &Access,
    name: &str,
    account_blocks: bool,
) -> Reading<Option<PublicAccessBlock>> {
    const OPERATION: &str = "s3:GetPublicAccessBlock";
    if account_blocks {
        return Reading::Unreadable(Unreadable::not_asked(OPERATION, "the account's own block is wholly on"));
    }
    let answer = access.call(OPERATION, client.get_public_access_block().bucket(name).send()).await;
    absent_on(
        answer.map(|answer| answer.public_access_block_configuration.map(|b| flags(&b))),
        "NoSuchPublicAccessBlockConfiguration",
    )
}

/// Who owns objects and, unless the owner's rule switches them off, the access control list.
async fn ownership_and_acl(
    client: &aws_sdk_s3::Client,
    access: &Access,
    name: &str,
) -> (Reading<Option<String>>, Reading<BucketAcl>) {
    const OPERATION: &str = "s3:GetBucketAcl";
    let ownership = ownership(client, access, name).await;
    let acl = match &ownership {
        Reading::Known(Some(ownership)) if ownership == "BucketOwnerEnforced" => {
            Reading::Unreadable(Unreadable::not_asked(OPERATION, "`BucketOwnerEnforced` switches it off"))
        }
        _ => {
            let answer = access.call(OPERATION, client.get_bucket_acl().bucket(name).send()).await;
            answer.map(read_acl).map_err(Unreadable::from).into()
        }
    };
    (ownership, acl)
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
