use super::*;

const POINT: &str = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reports";
const PARTNER: &str = "444455556666";

fn point() -> ThroughAccessPoint {
    ThroughAccessPoint { arn: POINT.to_owned(), network_origin: "Internet".to_owned(), vpc_id: None }
}

/// The bucket leaves it to the account's access points who may.
fn delegation() -> Value {
    on_bucket(json!({"Effect": "Allow", "Condition": {"StringEquals": {"s3:DataAccessPointAccount": OWN}}}))
}

fn allow(principal: Value, below: &str) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
        "Resource": format!("{POINT}/object/{below}*")})
}

fn through(bucket_statements: Value, point_statements: Value) -> PolicySet {
    PolicySet { access_point: Part::Known(document(point_statements)), ..bucket(bucket_statements) }
}

fn found(set: &PolicySet) -> Vec<(String, GranteeKind, Tri, Vec<String>)> {
    let grants = access_point_outside_grants(BUCKET, &point(), set, &perimeter());
    grants.into_iter().map(|g| (g.grantee, g.kind, g.verdict.value, g.actions)).collect()
}

#[test]
fn an_account_that_both_policies_let_in_is_found() {
    let set = through(json!([delegation()]), json!([allow(json!({"AWS": PARTNER}), "")]));
    let reads = vec!["s3:GetObject".to_owned()];
    assert_eq!(found(&set), [(PARTNER.to_owned(), GranteeKind::Account, Tri::Yes, reads)]);
}

#[test]
fn a_prefix_of_the_access_point_is_enough() {
    let set = through(json!([delegation()]), json!([allow(json!({"AWS": PARTNER}), "out/2026/")]));
    assert_eq!(found(&set).len(), 1);
    assert_eq!(found(&set)[0].2, Tri::Yes);
}

#[test]
fn either_policy_alone_opens_nothing() {
    let set = through(json!([]), json!([allow(json!({"AWS": PARTNER}), "")]));
    assert_eq!(found(&set), [(PARTNER.to_owned(), GranteeKind::Account, Tri::No, Vec::new())]);
    assert_eq!(found(&through(json!([delegation()]), json!([]))), []);
    let own = allow(json!({"AWS": OWN}), "");
    assert_eq!(found(&through(json!([delegation()]), json!([own]))), []);
}

#[test]
fn an_access_control_list_grants_only_what_the_access_point_lets_through() {
    let mut set = through(json!([]), json!([allow(json!({"AWS": OWN}), "")]));
    let grantee = AclGrantee::CanonicalUser("partner-id".to_owned());
    let grants = vec![AclGrant { grantee, permission: AclPermission::Read }];
    set.acl = Part::Known(Acl { grants, objects_may_grant: false });
    assert!(found(&set).iter().all(|(_, _, value, _)| *value == Tri::No), "{:?}", found(&set));
}

#[test]
fn everybody_is_found_unless_public_access_is_blocked() {
    let mut set = through(json!([delegation()]), json!([allow(json!("*"), "")]));
    let everybody = found(&set);
    assert!(everybody.iter().any(|(who, kind, value, _)| {
        who == "*" && *kind == GranteeKind::Anonymous && *value == Tri::Yes
    }));
    set.block_public_access = Part::Known(PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    });
    assert_eq!(found(&set), []);
}

#[test]
fn an_access_point_in_a_vpc_lets_in_from_there() {
    let set = through(json!([delegation()]), json!([allow(json!({"AWS": PARTNER}), "")]));
    let private = ThroughAccessPoint {
        network_origin: "VPC".to_owned(),
        vpc_id: Some("vpc-ours".to_owned()),
        ..point()
    };
    let grants = access_point_outside_grants(BUCKET, &private, &set, &perimeter());
    assert_eq!(grants.len(), 1);
    let witness = grants[0].verdict.witness.as_ref().unwrap();
    assert_eq!(witness["context"]["aws:SourceVpc"], json!("vpc-ours"), "{witness}");
    assert_eq!(witness["access_point_resource"], json!(format!("{POINT}/object/exfilguard-probe")));
}

#[test]
fn an_unread_part_is_unknown_unless_the_other_refuses() {
    let mut set = through(json!([]), json!([allow(json!({"AWS": PARTNER}), "")]));
    set.resource = Part::Unreadable("access was denied".to_owned());
    assert!(found(&set).iter().any(|(who, _, value, _)| who == PARTNER && *value == Tri::Unknown));
    set.access_point = Part::Known(document(json!([])));
    assert_eq!(found(&set), []);
    let mut set = through(json!([delegation()]), json!([]));
    set.access_point = Part::Unreadable("access was denied".to_owned());
    assert!(found(&set).iter().any(|(who, _, value, _)| who == "*" && *value == Tri::Unknown));
}

#[test]
fn a_bucket_left_to_the_access_points_of_a_stranger_is_shared_with_him() {
    let delegated = |key: &str, value: &str| {
        bucket(json!([on_bucket(json!({"Effect": "Allow", "Condition": {"StringLike": {key: value}}}))]))
    };
    let shared = |set: &PolicySet| {
        let grants = outside_grants(BUCKET, set, &perimeter()).into_iter();
        grants.filter(|g| g.verdict.value.is_yes()).map(|g| g.grantee).collect::<Vec<_>>()
    };
    assert_eq!(shared(&delegated("s3:DataAccessPointAccount", PARTNER)), [PARTNER]);
    let arn = format!("arn:aws:s3:*:{PARTNER}:accesspoint/*");
    assert_eq!(shared(&delegated("s3:DataAccessPointArn", &arn)), [PARTNER]);
    assert_eq!(shared(&delegated("s3:DataAccessPointArn", "arn:aws:s3:*:*:accesspoint/*")), ["*"]);
    assert_eq!(shared(&delegated("s3:DataAccessPointAccount", OWN)), Vec::<String>::new());
}
