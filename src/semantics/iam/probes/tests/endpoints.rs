use super::*;

fn endpoint(statements: Value) -> PolicySet {
    PolicySet { endpoint: Part::Known(document(statements)), ..PolicySet::default() }
}

fn allow_all(condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition})
}

fn three(set: &PolicySet) -> [Tri; 3] {
    let perimeter = perimeter();
    [
        endpoint_denies_org_to_foreign_bucket(set, &perimeter).value,
        endpoint_denies_foreign_to_foreign_bucket(set, &perimeter).value,
        endpoint_denies_anonymous_to_foreign_bucket(set, &perimeter).value,
    ]
}

/// The good endpoint policy of `aws-semantics.md` 7.6.
pub(super) fn good_endpoint() -> PolicySet {
    endpoint(json!([
        allow_all(json!({"StringEquals": {"aws:PrincipalOrgID": ORG, "aws:ResourceOrgID": ORG}})),
        allow_all(json!({"Bool": {"aws:PrincipalIsAWSService": "true"}})),
        {"Sid": "AwsOwnedReadOnly", "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
         "Resource": ["arn:aws:s3:::al2023-repos-eu-west-1-de612dc2/*", "arn:aws:s3:::amazon-ssm-eu-west-1/*"]}
    ]))
}

#[test]
fn the_recommended_endpoint_policy_holds_every_line() {
    let (set, perimeter) = (good_endpoint(), perimeter());
    assert_eq!(three(&set), [Tri::Yes; 3]);
    assert_yes(&endpoint_denies_foreign_to_own_bucket(&set, &perimeter));
    assert_yes(&endpoint_serves_organization(BUCKET, &set, &perimeter));
    assert_yes(&endpoint_serves_services(BUCKET, &set, &perimeter));
    assert_yes(&endpoint_serves_aws_owned_bucket("al2023-repos-eu-west-1-de612dc2", &set, &perimeter));
    assert_eq!(endpoint_serves_aws_owned_bucket("other", &set, &perimeter).value, Tri::No);
}

#[test]
fn bad_endpoint_policies_are_told_apart() {
    use Tri::{No, Yes};
    let default = PolicySet {
        endpoint: Part::Known(Arc::new(PolicyDocument::endpoint_default())),
        ..PolicySet::default()
    };
    assert_eq!(three(&default), [No, No, No]);
    let of = |condition: Value| three(&endpoint(json!([allow_all(condition)])));
    assert_eq!(of(json!({"StringEquals": {"aws:PrincipalOrgID": ORG}})), [No, Yes, Yes]);
    assert_eq!(of(json!({"StringEquals": {"aws:ResourceOrgID": ORG}})), [Yes, Yes, Yes]);
    assert_eq!(of(json!({"ForAllValues:StringEquals": {"aws:ResourceOrgID": ORG}})), [No, No, No]);
    assert_eq!(of(json!({"StringEqualsIfExists": {"aws:ResourceOrgID": ORG}})), [No, No, No]);
    assert_eq!(of(json!({"StringEquals": {"aws:ResourceAccount": [OWN, "444455556666"]}})), [No, No, No]);
    let own = endpoint(json!([allow_all(json!({"StringEquals": {"aws:ResourceOrgID": ORG}}))]));
    assert_no(&endpoint_denies_foreign_to_own_bucket(&own, &perimeter()), "s3:GetObject");
    let denying = endpoint(json!([
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
         "Condition": {"StringNotEquals": {"aws:ResourceOrgID": ORG}}}]));
    assert_eq!(three(&denying), [Yes, Yes, Yes]);
    let reading = endpoint(json!([
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*",
         "Condition": {"StringNotEquals": {"aws:ResourceOrgID": ORG}}}]));
    assert_eq!(three(&reading), [No, No, Yes]);
    let not_principal = endpoint(json!([
        {"Effect": "Allow", "NotPrincipal": {"AWS": "444455556666"}, "Action": "s3:*", "Resource": "*"}]));
    assert_eq!(three(&not_principal), [No, No, No]);
}

#[test]
fn names_that_an_attacker_can_register_are_tried() {
    use Tri::{No, Yes};
    let on = |resource: Value| {
        three(&endpoint(
            json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": resource}]),
        ))
    };
    assert_eq!(on(json!(["arn:aws:s3:::approved-1", "arn:aws:s3:::approved-1/*"])), [Yes, Yes, Yes]);
    assert_eq!(on(json!("arn:aws:s3:::approved-*/*")), [No, No, No]);
    assert_eq!(on(json!("arn:aws:s3:::approved-*")), [No, No, No]);
    assert_eq!(on(json!("arn:aws:s3:::*-approved/*")), [No, No, No]);
    assert_eq!(on(json!("arn:aws:s3:::data-${aws:PrincipalAccount}-*/*")), [No, No, No]);
    let verdict = endpoint_denies_org_to_foreign_bucket(
        &endpoint(json!([{"Sid": "S", "Effect": "Allow", "Principal": "*", "Action": "s3:*",
            "Resource": "arn:aws:s3:::approved-*"}])),
        &perimeter(),
    );
    assert_no(&verdict, "arn:aws:s3:::approved-attacker/");
}

#[test]
fn principals_whom_an_endpoint_policy_names_are_tried() {
    let named =
        endpoint(json!([{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"},
        "Action": "s3:*", "Resource": "*"}]));
    assert_eq!(three(&named), [Tri::No, Tri::Yes, Tri::Yes]);
    let by_condition = endpoint(json!([allow_all(json!({
        "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/app-*"}}))]));
    assert_eq!(three(&by_condition), [Tri::No, Tri::Yes, Tri::Yes]);
    let by_tag = endpoint(json!([allow_all(json!({"StringEquals": {"aws:PrincipalTag/egress": "yes"}}))]));
    assert_eq!(three(&by_tag), [Tri::No, Tri::No, Tri::Yes]);
    let unreadable = PolicySet { endpoint: Part::Unreadable("denied".to_owned()), ..PolicySet::default() };
    assert_eq!(three(&unreadable), [Tri::Unknown; 3]);
    assert_eq!(three(&PolicySet::default()), [Tri::Unknown; 3]);
}

#[test]
fn an_account_without_an_organization_is_judged_too() {
    let alone = Perimeter { account: OWN.to_owned(), ..Perimeter::default() };
    let set = endpoint(json!([allow_all(json!({"StringEquals": {"aws:ResourceAccount": OWN}}))]));
    assert_yes(&endpoint_denies_org_to_foreign_bucket(&set, &alone));
    assert_no(&denies_internet(BUCKET, &bucket(json!([])), &alone), "s3:GetObject");
}
