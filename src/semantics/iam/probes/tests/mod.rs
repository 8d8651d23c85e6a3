#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and what it unwraps is what it asserts"
)]

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::acl::{Acl, AclGrant, AclGrantee, AclPermission};
use super::super::policy_set::{Part, PolicySet, SharedDocument};
use super::super::{Json, PolicyDocument, Request, decide};
use super::*;
use crate::semantics::configuration::PublicAccessBlock;
use crate::semantics::verdict::{Tri, Verdict};

mod access_points;
mod actions;
mod buckets;
mod endpoints;
mod legitimate;
mod outside;

const BUCKET: &str = "crown-jewels";
const OWN: &str = "111122223333";
const ORG: &str = "o-example12345";

fn perimeter() -> Perimeter {
    Perimeter {
        account: OWN.to_owned(),
        organization: Some(ORG.to_owned()),
        organization_accounts: Arc::new([OWN, "222233334444"].map(str::to_owned).into()),
        trusted_networks: vec!["203.0.113.0/24".parse().unwrap()],
        canonical_users: ["owner-id".to_owned()].into(),
        ..Perimeter::default()
    }
}

fn document(statements: Value) -> SharedDocument {
    let value = json!({"Version": "2012-10-17", "Statement": statements});
    Arc::new(PolicyDocument::parse(&value.to_string()).unwrap())
}

fn bucket(statements: Value) -> PolicySet {
    PolicySet {
        resource: Part::Known(document(statements)),
        acl: Part::Known(Acl::default()),
        ..PolicySet::default()
    }
}

fn on_bucket(mut statement: Value) -> Value {
    let object = statement.as_object_mut().unwrap();
    object.entry("Effect").or_insert(json!("Deny"));
    object.entry("Principal").or_insert(json!("*"));
    object.entry("Action").or_insert(json!("s3:*"));
    object.entry("Resource").or_insert(json!(["arn:aws:s3:::crown-jewels", "arn:aws:s3:::crown-jewels/*"]));
    statement
}

fn tls_only() -> Value {
    on_bucket(json!({"Sid": "TlsOnly", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}))
}

/// The good bucket policy of `aws-semantics.md` 7.7.
fn good_bucket() -> PolicySet {
    bucket(json!([
        tls_only(),
        on_bucket(json!({"Sid": "IdentityPerimeter", "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}})),
        on_bucket(json!({"Sid": "ServicesOnlyForUs", "Condition": {
            "StringNotEqualsIfExists": {"aws:SourceOrgID": ORG},
            "Null": {"aws:SourceAccount": "false"},
            "Bool": {"aws:PrincipalIsAWSService": "true"}}})),
        on_bucket(json!({"Sid": "NetworkPerimeter", "Condition": {
            "NotIpAddressIfExists": {"aws:SourceIp": ["203.0.113.0/24"]},
            "StringNotEqualsIfExists": {"aws:VpceOrgID": ORG},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
            "ArnNotLikeIfExists": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/break-glass"]}}}))
    ]))
}

#[track_caller]
fn assert_no(verdict: &Verdict, part: &str) {
    assert_eq!(verdict.value, Tri::No, "{}", verdict.reason);
    assert!(verdict.reason.contains(part), "{}", verdict.reason);
    assert!(verdict.witness.is_some(), "{}", verdict.reason);
}

#[track_caller]
fn assert_yes(verdict: &Verdict) {
    assert_eq!(verdict.value, Tri::Yes, "{} {:?}", verdict.reason, verdict.witness);
}

fn public_read(extra: Value) -> PolicySet {
    let mut statement = json!({"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::crown-jewels/*"});
    for (key, value) in extra.as_object().unwrap() {
        statement[key] = value.clone();
    }
    bucket(json!([statement]))
}
