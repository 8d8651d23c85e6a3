//! Actions of one class are answered alike, whatever the policies say.

use proptest::prelude::*;

use super::super::actions::{EVERY_CLASS, classes, is_asked_on_objects};
use super::super::named::Named;
use super::*;
use crate::semantics::iam::Principal;

const PATTERNS: [&str; 14] = [
    "*",
    "s3:*",
    "s3:Get*",
    "s3:*Object*",
    "S3:GETOBJECT",
    "s3:Put*",
    "s3:*Acl",
    "s3:ListBucket*",
    "s3:GetBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:?etObject",
    "s3:*Version*",
    "s3:BypassGovernanceRetention",
    "kms:*",
];

fn statement() -> impl Strategy<Value = Value> {
    let patterns = prop::sample::subsequence(&PATTERNS[..], 1..4);
    let principals = prop::sample::select(vec![
        json!("*"),
        json!({"AWS": "111122223333"}),
        json!({"AWS": "arn:aws:iam::999999999999:role/exfilguard-probe"}),
    ]);
    (prop::bool::ANY, prop::bool::weighted(0.3), patterns, principals, prop::bool::ANY).prop_map(
        |(allow, negated, patterns, principal, unknown)| {
            let mut statement = json!({"Effect": if allow { "Allow" } else { "Deny" }, "Principal": principal,
                "Resource": ["arn:aws:s3:::crown-jewels", "arn:aws:s3:::crown-jewels/*"]});
            statement[if negated { "NotAction" } else { "Action" }] = json!(patterns);
            if unknown {
                statement["Condition"] = json!({"StringEquals": {"aws:PrincipalTag/team": "data"}});
            }
            statement
        },
    )
}

fn acl() -> impl Strategy<Value = Acl> {
    use AclPermission as P;
    let permissions = vec![P::Read, P::Write, P::ReadAcp, P::WriteAcp, P::FullControl];
    let grantees = vec![
        AclGrantee::AllUsers,
        AclGrantee::AuthenticatedUsers,
        AclGrantee::CanonicalUser("other-id".to_owned()),
    ];
    let grant = (prop::sample::select(grantees), prop::sample::select(permissions))
        .prop_map(|(grantee, permission)| AclGrant { grantee, permission });
    (prop::collection::vec(grant, 0..3), prop::bool::ANY)
        .prop_map(|(grants, objects_may_grant)| Acl { grants, objects_may_grant })
}

fn principal() -> impl Strategy<Value = Principal> {
    prop::sample::select(vec![
        Principal::Anonymous,
        Principal::Arn("arn:aws:iam::111122223333:root".to_owned()),
        Principal::Arn("arn:aws:iam::111122223333:role/app".to_owned()),
        Principal::Arn("arn:aws:sts::999999999999:assumed-role/exfilguard-probe/s".to_owned()),
        Principal::CanonicalUser("other-id".to_owned()),
        Principal::Service("cloudtrail.amazonaws.com".to_owned()),
    ])
}

fn request(action: &str, principal: Principal) -> Request {
    let key = if is_asked_on_objects(action) { "/key" } else { "" };
    let mut request = Request::new(action, &format!("arn:aws:s3:::{BUCKET}{key}"), principal);
    request.resource_account = Some(OWN.to_owned());
    request.context = request.context.with_unknown("aws:PrincipalTag/team");
    request
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn actions_of_a_class_are_answered_alike(
        statements in prop::collection::vec(statement(), 0..5),
        binding in prop::collection::vec(statement(), 0..2),
        acl in acl(),
        restrict in prop::bool::ANY,
        principal in principal(),
    ) {
        let mut set = bucket(json!(statements));
        set.acl = Part::Known(acl);
        let binding: Vec<SharedDocument> = binding.into_iter().map(|statement| document(json!([statement]))).collect();
        set.resource_control = Part::Known(vec![binding]);
        set.block_public_access =
            Part::Known(PublicAccessBlock { restrict_public_buckets: restrict, ..PublicAccessBlock::default() });
        let classes = classes(EVERY_CLASS, &Named::of(&set));
        prop_assert_eq!(classes.iter().map(|class| class.actions.len()).sum::<usize>(), EVERY_CLASS.len());
        for class in classes {
            let expected = decide(&set, &request(class.representative(), principal.clone()));
            for action in &class.actions {
                prop_assert_eq!(&decide(&set, &request(action, principal.clone())), &expected, "{}", action);
            }
        }
    }
}

#[test]
fn actions_that_a_statement_spells_out_are_told_apart() {
    let set = public_read(json!({}));
    let actions =
        ["s3:GetObject", "s3:GetObjectAcl", "s3:DeleteObject", "s3:ListBucket", "s3:PutObjectTagging"];
    let classes: Vec<Vec<String>> =
        classes(actions, &Named::of(&set)).into_iter().map(|class| class.actions).collect();
    let expected = [
        vec!["s3:GetObject"],
        // What an object's own access control list may grant is a class of its own.
        vec!["s3:GetObjectAcl"],
        vec!["s3:DeleteObject", "s3:PutObjectTagging"],
        vec!["s3:ListBucket"],
    ];
    assert_eq!(classes, expected);
}
