//! Who can use buckets through access points (BKT-11, `aws-semantics.md` 7.5).

use std::sync::Arc;

use serde_json::{Value, json};

use super::context::{Context, known_or_clause, region_of};
use super::fact::Evidence;
use super::prevention::{self, BucketPolicies};
use super::public_access;
use super::resources::{AccessPointFacts, OutsideGrant};
use crate::semantics::iam::probes::{self, ThroughAccessPoint};
use crate::semantics::iam::{Part, PolicyDocument, PolicySet, SharedDocument};
use crate::snapshot::{
    AccessPoint, AccessPointBucket, AccountSnapshot, Bucket, BucketExports, Reading, Unreadable,
};

/// An access point's facts. `region` is `None` for one of several regions.
#[must_use]
pub fn of(
    point: &AccessPoint,
    region: Option<&str>,
    account: &AccountSnapshot,
    context: &Context<'_>,
) -> AccessPointFacts {
    let grants = point.buckets.iter().flat_map(|bucket| outside_grants(point, bucket, account, context));
    let bucket = point.buckets.first();
    AccessPointFacts {
        name: point.name.clone(),
        region: region.unwrap_or_default().to_owned(),
        buckets: point.buckets.iter().map(|bucket| bucket.name.clone()).collect(),
        bucket_account_id: bucket.and_then(|b| b.account.clone()).unwrap_or_else(|| account.id.clone()),
        network_origin: point.network_origin.clone(),
        vpc_id: point.vpc_id.clone().unwrap_or_default(),
        outside_grants: grants.collect(),
    }
}

fn outside_grants(
    point: &AccessPoint,
    named: &AccessPointBucket,
    account: &AccountSnapshot,
    context: &Context<'_>,
) -> Vec<OutsideGrant> {
    let owner_id = named.account.as_deref().unwrap_or(&account.id);
    let owner = context.other(owner_id, account);
    let stand_in;
    let bucket = match owner.and_then(|owner| bucket_of(owner, &named.name)) {
        Some(bucket) => bucket,
        None => {
            stand_in = unread_bucket(&named.name, owner_id, owner);
            &stand_in
        }
    };
    let owner = owner.unwrap_or(account);
    let perimeter = prevention::perimeter(owner, context);
    let policies = BucketPolicies::of(owner, bucket, context, &perimeter);
    let set = PolicySet {
        access_point: policy(point),
        block_public_access: public_access::through_access_point(
            &policies.set.block_public_access,
            &point.public_access_block,
        ),
        ..policies.set.clone()
    };
    let through = ThroughAccessPoint {
        arn: point.arn.clone(),
        network_origin: point.network_origin.clone(),
        vpc_id: point.vpc_id.clone(),
    };
    let found = probes::access_point_outside_grants(&named.name, &through, &set, &perimeter);
    let several_regions = region_of(&point.arn).is_empty();
    let (list_operation, policy_operation, policy_pointer) = if several_regions {
        (
            "s3control:ListMultiRegionAccessPoints",
            "s3control:GetMultiRegionAccessPointPolicy",
            "/Policy/Established/Policy",
        )
    } else {
        ("s3control:ListAccessPoints", "s3control:GetAccessPointPolicy", "/Policy")
    };
    let shown = match &point.policy {
        Reading::Known(text) => Some(Evidence::new(
            policy_operation,
            &point.name,
            policy_pointer,
            text.as_deref().map_or(Value::Null, prevention::document),
        )),
        Reading::Unreadable(_) => None,
    };
    let origin = if several_regions {
        Evidence::new(list_operation, &point.name, "/AccessPoints/Alias", json!(point.arn))
    } else {
        Evidence::new(
            list_operation,
            &point.name,
            "/AccessPointList/NetworkOrigin",
            json!(point.network_origin),
        )
    };
    found
        .into_iter()
        .map(|grant| {
            let mut grant = policies.grant(grant);
            grant.granted = grant.granted.with_all(shown.clone()).with(origin.clone());
            grant
        })
        .collect()
}

fn bucket_of<'a>(owner: &'a AccountSnapshot, name: &str) -> Option<&'a Bucket> {
    owner.buckets.known()?.iter().find(|bucket| bucket.name == name)
}

fn policy(point: &AccessPoint) -> Part<SharedDocument> {
    let name = &point.name;
    match known_or_clause(&point.policy) {
        Err(clause) => Part::Unreadable(format!("the policy of access point `{name}` is {clause}")),
        Ok(None) => Part::Known(Arc::new(PolicyDocument::empty())),
        Ok(Some(text)) => match PolicyDocument::parse(text) {
            Ok(document) => Part::Known(Arc::new(document)),
            Err(error) => {
                Part::Unreadable(format!("the policy of access point `{name}` cannot be read: {error}"))
            }
        },
    }
}

/// A bucket of which only the name is known: of an account that was not read, or not in its list.
fn unread_bucket(name: &str, owner: &str, read: Option<&AccountSnapshot>) -> Bucket {
    let why = match read.and_then(|account| account.buckets.unreadable()) {
        Some(why) => why.clone(),
        None => Unreadable {
            operation: "s3:GetBucketPolicy".to_owned(),
            code: "NotRead".to_owned(),
            message: format!("bucket `{name}` of account {owner} was not read"),
        },
    };
    Bucket {
        name: name.to_owned(),
        region: Reading::Unreadable(why.clone()),
        policy: Reading::Unreadable(why.clone()),
        public_access_block: Reading::Unreadable(why.clone()),
        acl: Reading::Unreadable(why.clone()),
        object_ownership: Reading::Unreadable(why.clone()),
        exports: BucketExports::unread(&why),
        protection: crate::snapshot::BucketProtection::unread(&why),
        tags: Reading::Unreadable(why),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::facts::samples;
    use crate::semantics::configuration::PublicAccessBlock;
    use crate::semantics::verdict::Tri;

    const POINT: &str = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reports";

    fn delegating() -> Bucket {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "s3:*",
            "Resource": ["arn:aws:s3:::shared", "arn:aws:s3:::shared/*"],
            "Condition": {"StringEquals": {"s3:DataAccessPointAccount": samples::ACCOUNT}}}]});
        Bucket { policy: Reading::Known(Some(policy.to_string())), ..samples::bucket("shared") }
    }

    fn point(principal: &Value) -> AccessPoint {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": format!("{POINT}/object/*")}]});
        AccessPoint {
            name: "reports".into(),
            arn: POINT.into(),
            network_origin: "Internet".into(),
            vpc_id: None,
            buckets: vec![AccessPointBucket { name: "shared".into(), account: None }],
            public_access_block: Reading::Known(None),
            policy: Reading::Known(Some(policy.to_string())),
        }
    }

    fn granted(point: &AccessPoint, bucket: Option<Bucket>) -> Vec<(String, Tri)> {
        let mut account = samples::account();
        account.buckets = Reading::Known(bucket.into_iter().collect());
        samples::with_context(&samples::organization(), |context| {
            let facts = of(point, Some(samples::REGION), &account, context);
            facts.outside_grants.into_iter().map(|grant| (grant.grantee, grant.granted.holds)).collect()
        })
    }

    fn partner() -> Value {
        json!({"AWS": "999999999999"})
    }

    #[test]
    fn a_stranger_whom_both_policies_admit_is_named() {
        let found = granted(&point(&partner()), Some(delegating()));
        assert_eq!(found, [("999999999999".to_owned(), Tri::Yes)]);
        assert_eq!(
            granted(&point(&partner()), Some(samples::bucket("shared"))),
            [("999999999999".to_owned(), Tri::No)]
        );
    }

    #[test]
    fn an_access_point_without_a_policy_admits_nobody_even_before_a_bucket_that_was_not_read() {
        let bare = AccessPoint { policy: Reading::Known(None), ..point(&partner()) };
        assert_eq!(granted(&bare, Some(delegating())), []);
        assert_eq!(granted(&bare, None), []);
    }

    #[test]
    fn a_bucket_that_was_not_read_may_admit() {
        let found = granted(&point(&partner()), None);
        assert!(found.contains(&("999999999999".to_owned(), Tri::Unknown)), "{found:?}");
        let mut of_another = point(&partner());
        of_another.buckets =
            vec![AccessPointBucket { name: "shared".into(), account: Some("444455556666".into()) }];
        let found = granted(&of_another, Some(delegating()));
        assert!(found.contains(&("999999999999".to_owned(), Tri::Unknown)), "{found:?}");
    }

    #[test]
    fn an_unread_policy_may_admit() {
        let unread =
            AccessPoint { policy: samples::denied("s3control:GetAccessPointPolicy"), ..point(&partner()) };
        let found = granted(&unread, Some(delegating()));
        assert!(found.iter().any(|(who, holds)| who == "*" && *holds == Tri::Unknown), "{found:?}");
    }

    #[test]
    fn an_access_point_that_blocks_public_access_is_not_public() {
        let on = PublicAccessBlock {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: true,
        };
        let public = point(&json!("*"));
        assert!(granted(&public, Some(delegating())).contains(&("*".to_owned(), Tri::Yes)));
        let blocked = AccessPoint { public_access_block: Reading::Known(Some(on)), ..public.clone() };
        assert_eq!(granted(&blocked, Some(delegating())), []);
        let unread =
            AccessPoint { public_access_block: samples::denied("s3control:GetAccessPoint"), ..public };
        assert!(granted(&unread, Some(delegating())).contains(&("*".to_owned(), Tri::Unknown)));
    }

    #[test]
    fn every_bucket_of_an_access_point_of_several_regions_is_looked_at() {
        let mut several = point(&partner());
        several.buckets.insert(0, AccessPointBucket { name: "closed".into(), account: None });
        let mut account = samples::account();
        account.buckets = Reading::Known(vec![delegating(), samples::bucket("closed")]);
        let facts =
            samples::with_context(&samples::organization(), |context| of(&several, None, &account, context));
        let holds: Vec<Tri> = facts.outside_grants.iter().map(|grant| grant.granted.holds).collect();
        assert_eq!(holds, [Tri::No, Tri::Yes]);
    }
}
