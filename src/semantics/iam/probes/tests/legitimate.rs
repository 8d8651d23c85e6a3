use super::*;

fn own_endpoint(statement: Value) -> Tri {
    let mut perimeter = perimeter();
    perimeter.trusted_vpc_endpoints = ["vpce-ours", "vpce-ours-too"].map(str::to_owned).into();
    bucket_serves_own_endpoint(BUCKET, &bucket(json!([on_bucket(statement)])), &perimeter).value
}

fn unless(condition: Value) -> Value {
    json!({"Sid": "Only", "Condition": condition})
}

#[test]
fn the_recommended_bucket_policy_locks_nobody_out() {
    let (set, perimeter) = (good_bucket(), perimeter());
    assert_yes(&bucket_serves_own_endpoint(BUCKET, &set, &perimeter));
    assert_yes(&bucket_serves_forward_access(BUCKET, &set, &perimeter));
    assert_yes(&bucket_serves_services(BUCKET, &set, &perimeter));
    assert_yes(&bucket_serves_repair(BUCKET, &set, &perimeter));
}

#[test]
fn a_bucket_for_addresses_only_refuses_endpoints_and_services_that_read_for_somebody() {
    let only = || on_bucket(unless(json!({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}})));
    let set = bucket(json!([only()]));
    assert_no(&bucket_serves_own_endpoint(BUCKET, &set, &perimeter()), "s3:GetObject");
    assert_no(&bucket_serves_forward_access(BUCKET, &set, &perimeter()), "s3:GetObject");
}

#[test]
fn a_bucket_for_one_of_the_own_endpoints_is_served_through_it() {
    let only = |id: &str| unless(json!({"StringNotEquals": {"aws:SourceVpce": id}}));
    assert_eq!(own_endpoint(only("vpce-ours-too")), Tri::Yes);
    // It may be the endpoint of another account of the organization.
    assert_eq!(own_endpoint(only("vpce-whose")), Tri::Unknown);
}

#[test]
fn a_bucket_for_one_role_is_served_to_it() {
    let role = |account: &str| format!("arn:aws:iam::{account}:role/app");
    let only = |account: &str| unless(json!({"ArnNotLike": {"aws:PrincipalArn": role(account)}}));
    assert_eq!(own_endpoint(only(OWN)), Tri::Yes);
    assert_eq!(own_endpoint(only("999999999999")), Tri::No);
}

#[test]
fn an_exception_by_unique_id_may_be_somebody() {
    assert_eq!(own_endpoint(unless(json!({"StringNotLike": {"aws:userid": "AROAEXAMPLE:*"}}))), Tri::Unknown);
}

#[test]
fn a_bucket_that_refuses_everything_is_repaired_by_the_root_user_unless_the_organization_refuses() {
    let everything = on_bucket(json!({}));
    let mut set = bucket(json!([everything]));
    assert_no(&bucket_serves_own_endpoint(BUCKET, &set, &perimeter()), "s3:GetObject");
    assert_yes(&bucket_serves_repair(BUCKET, &set, &perimeter()));
    let refuse = document(json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]));
    set.resource_control = Part::Known(vec![vec![refuse]]);
    assert_no(&bucket_serves_repair(BUCKET, &set, &perimeter()), "s3:GetBucketPolicy");
}

#[test]
fn a_service_that_is_named_and_refused_is_locked_out() {
    let deliver = on_bucket(json!({"Effect": "Allow", "Action": "s3:PutObject",
        "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Resource": "arn:aws:s3:::crown-jewels/*"}));
    let organization = on_bucket(json!({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": ORG}}}));
    let set = bucket(json!([deliver.clone(), organization]));
    assert_eq!(bucket_serves_services(BUCKET, &set, &perimeter()).value, Tri::No);
    assert_yes(&bucket_serves_services(BUCKET, &bucket(json!([deliver])), &perimeter()));
}

#[test]
fn an_unread_policy_serves_nobody_for_certain() {
    let mut set = bucket(json!([]));
    set.resource = Part::Unreadable("access was denied".to_owned());
    assert_eq!(bucket_serves_own_endpoint(BUCKET, &set, &perimeter()).value, Tri::Unknown);
    assert_eq!(bucket_serves_forward_access(BUCKET, &set, &perimeter()).value, Tri::Unknown);
}
