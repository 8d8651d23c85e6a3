//! S3 Block Public Access as it takes effect: organization, account and bucket together.

use serde_json::json;

use super::fact::{Evidence, Fact};
use super::resources::PublicAccessBlocked;
use crate::semantics::configuration::PublicAccessBlock;
use crate::semantics::iam::Part;
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{AccountSnapshot, Bucket, Reading};

/// Picks one of the four settings.
type Setting = fn(&PublicAccessBlock) -> bool;

/// The settings by name.
const SETTINGS: [(&str, Setting); 4] = [
    ("BlockPublicAcls", |block| block.block_public_acls),
    ("IgnorePublicAcls", |block| block.ignore_public_acls),
    ("BlockPublicPolicy", |block| block.block_public_policy),
    ("RestrictPublicBuckets", |block| block.restrict_public_buckets),
];

/// The four settings in effect on a bucket: each is on if it is on anywhere.
#[must_use]
pub fn in_effect(account: &AccountSnapshot, bucket: &Bucket) -> PublicAccessBlocked {
    let [block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets] =
        SETTINGS.map(|(name, setting)| effective(account, bucket, name, setting));
    PublicAccessBlocked {
        block_public_acls,
        ignore_public_acls,
        block_public_policy,
        restrict_public_buckets,
    }
}

fn effective(account: &AccountSnapshot, bucket: &Bucket, name: &str, setting: Setting) -> Fact {
    let organization = match &account.organization_blocks_public_access {
        Reading::Known(Some(true)) => {
            Verdict::yes(format!("the organization's S3 policy switches {name} on"))
        }
        Reading::Known(_) => Verdict::no(""),
        Reading::Unreadable(why) => Verdict::unknown(format!("not known because {}", why.clause())),
    };
    let on_account = level(&account.public_access_block, "on the account", name, setting);
    let on_bucket = level(&bucket.public_access_block, "on the bucket", name, setting);
    let mut verdict = organization.or(on_account).or(on_bucket);
    if verdict.value.is_no() {
        verdict.reason = format!("{name} is switched on neither on the bucket nor on the account");
    }
    Fact::from(verdict)
        .with_all(evidence("s3control:GetPublicAccessBlock", &account.id, name, &account.public_access_block))
        .with_all(evidence("s3:GetPublicAccessBlock", &bucket.name, name, &bucket.public_access_block))
}

fn level(block: &Reading<Option<PublicAccessBlock>>, place: &str, name: &str, setting: Setting) -> Verdict {
    match block {
        Reading::Known(Some(block)) if setting(block) => Verdict::yes(format!("{name} is on {place}")),
        Reading::Known(_) => Verdict::no(""),
        Reading::Unreadable(why) => Verdict::unknown(format!("not known because {}", why.clause())),
    }
}

fn evidence(
    operation: &str,
    resource: &str,
    name: &str,
    block: &Reading<Option<PublicAccessBlock>>,
) -> Option<Evidence> {
    let block = block.known()?;
    let pointer = format!("/PublicAccessBlockConfiguration/{name}");
    let value = SETTINGS
        .iter()
        .find(|(setting, _)| *setting == name)
        .and_then(|(_, setting)| block.as_ref().map(setting));
    Some(Evidence::new(operation, resource, &pointer, json!(value)))
}

/// The same for the policy evaluator, which needs to know all four settings or none.
#[must_use]
pub fn for_requests(account: &AccountSnapshot, bucket: &Bucket) -> Part<PublicAccessBlock> {
    all_or_none(&in_effect(account, bucket))
}

fn all_or_none(blocked: &PublicAccessBlocked) -> Part<PublicAccessBlock> {
    let on = |fact: &Fact| match fact.holds {
        Tri::Yes => Some(true),
        Tri::No => Some(false),
        Tri::Unknown => None,
    };
    let settings = [
        on(&blocked.block_public_acls),
        on(&blocked.ignore_public_acls),
        on(&blocked.block_public_policy),
        on(&blocked.restrict_public_buckets),
    ];
    match settings {
        [Some(acls), Some(ignore), Some(policy), Some(restrict)] => Part::Known(PublicAccessBlock {
            block_public_acls: acls,
            ignore_public_acls: ignore,
            block_public_policy: policy,
            restrict_public_buckets: restrict,
        }),
        _ => Part::Unreadable(blocked.restrict_public_buckets.reason.clone()),
    }
}

/// The same for requests through an access point, whose own settings add to those of its bucket.
#[must_use]
pub fn through_access_point(
    of_bucket: &Part<PublicAccessBlock>,
    of_point: &Reading<Option<PublicAccessBlock>>,
) -> Part<PublicAccessBlock> {
    let all_on = |block: &PublicAccessBlock| SETTINGS.iter().all(|(_, setting)| setting(block));
    match (of_bucket, of_point) {
        (Part::Known(block), _) | (_, Reading::Known(Some(block))) if all_on(block) => Part::Known(*block),
        (Part::Known(bucket), Reading::Known(point)) => {
            let on = |setting: Setting| setting(bucket) || point.as_ref().is_some_and(setting);
            Part::Known(PublicAccessBlock {
                block_public_acls: on(|block| block.block_public_acls),
                ignore_public_acls: on(|block| block.ignore_public_acls),
                block_public_policy: on(|block| block.block_public_policy),
                restrict_public_buckets: on(|block| block.restrict_public_buckets),
            })
        }
        (_, Reading::Unreadable(why)) => Part::Unreadable(format!("not known because {}", why.clause())),
        (other, _) => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::samples;
    use crate::snapshot::Unreadable;

    const ON: PublicAccessBlock = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    fn denied<T>() -> Reading<T> {
        Reading::Unreadable(Unreadable {
            operation: "s3:GetPublicAccessBlock".into(),
            code: "AccessDenied".into(),
            message: String::new(),
        })
    }

    #[test]
    fn a_setting_that_is_on_anywhere_is_on() {
        let (mut account, mut bucket) = (samples::account(), samples::bucket("b"));
        assert_eq!(in_effect(&account, &bucket).block_public_acls.holds, Tri::No);
        account.public_access_block = Reading::Known(Some(ON));
        assert_eq!(in_effect(&account, &bucket).block_public_acls.holds, Tri::Yes);
        account.public_access_block = Reading::Known(None);
        bucket.public_access_block = Reading::Known(Some(ON));
        assert_eq!(in_effect(&account, &bucket).restrict_public_buckets.holds, Tri::Yes);
        bucket.public_access_block = Reading::Known(None);
        account.organization_blocks_public_access = Reading::Known(Some(true));
        assert_eq!(in_effect(&account, &bucket).ignore_public_acls.holds, Tri::Yes);
    }

    #[test]
    fn an_unread_level_is_unknown_unless_another_decides() {
        let (mut account, mut bucket) = (samples::account(), samples::bucket("b"));
        bucket.public_access_block = denied();
        assert_eq!(in_effect(&account, &bucket).block_public_policy.holds, Tri::Unknown);
        assert!(matches!(for_requests(&account, &bucket), Part::Unreadable(_)));
        account.public_access_block = Reading::Known(Some(ON));
        assert_eq!(in_effect(&account, &bucket).block_public_policy.holds, Tri::Yes);
        assert_eq!(for_requests(&account, &bucket), Part::Known(ON));
    }
}
