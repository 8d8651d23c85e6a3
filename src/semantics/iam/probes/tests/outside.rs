use super::*;

#[test]
fn access_control_lists_are_looked_at() {
    let grant = |grantee, permission| AclGrant { grantee, permission };
    let with = |grants: Vec<AclGrant>| {
        let mut set = bucket(json!([]));
        set.acl = Part::Known(Acl { grants, objects_may_grant: false });
        set
    };
    let perimeter = perimeter();
    let owner = || grant(AclGrantee::CanonicalUser("owner-id".to_owned()), AclPermission::FullControl);
    assert_yes(&bucket_not_public(BUCKET, &with(vec![owner()]), &perimeter));
    let public = with(vec![owner(), grant(AclGrantee::AllUsers, AclPermission::Read)]);
    assert_no(&bucket_not_public(BUCKET, &public, &perimeter), "s3:ListBucket");
    let signed = with(vec![owner(), grant(AclGrantee::AuthenticatedUsers, AclPermission::ReadAcp)]);
    assert_no(&bucket_not_public(BUCKET, &signed, &perimeter), "s3:GetBucketAcl");
    let other =
        with(vec![owner(), grant(AclGrantee::CanonicalUser("other-id".to_owned()), AclPermission::Write)]);
    let found = outside_grants(BUCKET, &other, &perimeter);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].grantee.as_str(), found[0].kind), ("other-id", GranteeKind::CanonicalUser));
    assert_eq!(
        (found[0].verdict.value, found[0].actions.as_slice()),
        (Tri::Yes, &["s3:PutObject".to_owned()][..])
    );
}

pub(super) fn found(set: &PolicySet, perimeter: &Perimeter) -> Vec<(String, &'static str, Tri)> {
    outside_grants(BUCKET, set, perimeter)
        .into_iter()
        .map(|grant| (grant.grantee, grant.kind.as_str(), grant.verdict.value))
        .collect()
}

#[test]
fn everyone_outside_who_is_named_or_admitted_is_found() {
    let perimeter = perimeter();
    let of = |extra: Value| found(&public_read(extra), &perimeter);
    let account = |id: &str, value| (id.to_owned(), "account", value);
    assert_eq!(
        of(json!({"Principal": {"AWS": "arn:aws:iam::444455556666:root"}})),
        [account("444455556666", Tri::Yes)]
    );
    assert_eq!(
        of(json!({"Principal": {"AWS": ["arn:aws:iam::444455556666:role/etl", "222233334444", OWN]}})),
        [account("444455556666", Tri::Yes)]
    );
    assert_eq!(
        of(json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-partner1234"}}})),
        [("o-partner1234".to_owned(), "organization", Tri::Yes)]
    );
    assert_eq!(
        of(json!({"Condition": {"StringEquals": {"aws:PrincipalAccount": "444455556666"}}})),
        [account("444455556666", Tri::Yes)]
    );
    assert_eq!(of(json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": ORG}}})), []);
    assert_eq!(of(json!({})), [("*".to_owned(), "anonymous", Tri::Yes), ("*".to_owned(), "other", Tri::Yes)]);
    assert_eq!(
        of(json!({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}})),
        [("*".to_owned(), "anonymous", Tri::Yes), ("*".to_owned(), "other", Tri::Yes)]
    );
    assert_eq!(
        of(json!({"Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"})),
        [("logging.s3.amazonaws.com".to_owned(), "service", Tri::Yes)]
    );
    assert_eq!(
        of(json!({"Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
            "Condition": {"StringEquals": {"aws:SourceAccount": OWN}}})),
        []
    );
    assert_eq!(
        of(json!({"Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}}))
        .first()
        .map(|g| g.1),
        Some("service")
    );
    assert_eq!(
        of(json!({"Principal": {"CanonicalUser": "abc"}})),
        [("abc".to_owned(), "canonical-user", Tri::Yes)]
    );
    // Trusted accounts are listed all the same.
    let mut trusting = perimeter.clone();
    trusting.trusted_accounts.insert("444455556666".to_owned());
    assert_eq!(
        found(&public_read(json!({"Principal": {"AWS": "444455556666"}})), &trusting),
        [account("444455556666", Tri::Yes)]
    );
}

#[test]
fn a_named_account_that_is_refused_is_listed_as_refused() {
    let mut set = public_read(json!({"Principal": {"AWS": "444455556666"}}));
    set.resource_control = Part::Known(vec![vec![document(json!([{
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG},
                      "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}}]))]]);
    assert_eq!(found(&set, &perimeter()), [("444455556666".to_owned(), "account", Tri::No)]);
}

#[test]
fn the_actions_of_an_outsider_are_listed() {
    let set = public_read(
        json!({"Principal": {"AWS": "444455556666"}, "Action": ["s3:Get*", "s3:PutBucketPolicy"],
        "Resource": ["arn:aws:s3:::crown-jewels", "arn:aws:s3:::crown-jewels/*"]}),
    );
    let grants = outside_grants(BUCKET, &set, &perimeter());
    for action in ["s3:GetObject", "s3:GetBucketAcl", "s3:PutBucketPolicy"] {
        assert!(grants[0].actions.iter().any(|known| known == action), "{:?}", grants[0].actions);
    }
    assert!(!grants[0].actions.iter().any(|known| known == "s3:ListBucket"));
}

#[test]
fn many_named_accounts_are_judged_in_bounded_time() {
    let accounts: Vec<String> = (0..400).map(|n| format!("3000000{n:05}")).collect();
    let set = public_read(json!({"Principal": {"AWS": accounts}}));
    let started = std::time::Instant::now();
    assert_eq!(outside_grants(BUCKET, &set, &perimeter()).len(), 400);
    assert!(started.elapsed() < std::time::Duration::from_secs(60), "{:?}", started.elapsed());
}
