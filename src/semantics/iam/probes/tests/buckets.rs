use super::endpoints::good_endpoint;
use super::outside::found;
use super::*;

fn network_deny(extra: Value) -> Value {
    let mut statement = on_bucket(json!({"Sid": "Network", "Condition": {
        "NotIpAddressIfExists": {"aws:SourceIp": ["203.0.113.0/24"]},
        "StringNotEqualsIfExists": {"aws:VpceOrgID": ORG},
        "BoolIfExists": {"aws:ViaAWSService": "false"}}}));
    for (key, value) in extra.as_object().unwrap() {
        statement[key] = value.clone();
    }
    statement
}

#[test]
fn the_recommended_bucket_policy_holds_every_line() {
    let (set, perimeter) = (good_bucket(), perimeter());
    assert_yes(&bucket_not_public(BUCKET, &set, &perimeter));
    assert_yes(&bucket_requires_tls(BUCKET, &set, &perimeter));
    assert_yes(&denies_internet(BUCKET, &set, &perimeter));
    assert_yes(&denies_foreign_endpoint(BUCKET, &set, &perimeter));
    assert_yes(&denies_presigned(BUCKET, &set, &perimeter));
    assert_yes(&bucket_control_plane_perimeter(BUCKET, &set, &perimeter));
    assert_yes(&bucket_identity_perimeter(BUCKET, &set, &perimeter));
    assert_eq!(outside_grants(BUCKET, &set, &perimeter), []);
    assert_yes(&bucket_serves_own_endpoint(BUCKET, &set, &perimeter));
    assert_yes(&bucket_serves_forward_access(BUCKET, &set, &perimeter));
    let role = "arn:aws:iam::111122223333:role/break-glass";
    assert_yes(&bucket_serves_break_glass(BUCKET, role, &set, &perimeter));
    assert_yes(&bucket_serves_services(BUCKET, &set, &perimeter));
}

#[test]
fn the_same_denials_hold_as_a_resource_control_policy() {
    let mut set = bucket(json!([]));
    let Part::Known(denials) = good_bucket().resource else { unreachable!() };
    set.resource_control = Part::Known(vec![vec![denials]]);
    assert_yes(&denies_internet(BUCKET, &set, &perimeter()));
    assert_yes(&denies_foreign_endpoint(BUCKET, &set, &perimeter()));
    assert_yes(&bucket_requires_tls(BUCKET, &set, &perimeter()));
    set.resource = Part::Unreadable("access was denied".to_owned());
    assert_yes(&denies_internet(BUCKET, &set, &perimeter()));
    set.resource_control = Part::NotAsked;
    assert_eq!(denies_internet(BUCKET, &set, &perimeter()).value, Tri::Unknown);
    assert_eq!(bucket_not_public(BUCKET, &set, &perimeter()).value, Tri::Unknown);
}

#[test]
fn a_bucket_without_a_policy_is_closed_to_the_public_and_open_to_stolen_credentials() {
    let (set, perimeter) = (bucket(json!([])), perimeter());
    assert_yes(&bucket_not_public(BUCKET, &set, &perimeter));
    assert_no(&bucket_requires_tls(BUCKET, &set, &perimeter), "s3:GetObject");
    assert_no(&denies_internet(BUCKET, &set, &perimeter), "s3:GetObject");
    assert_no(&denies_foreign_endpoint(BUCKET, &set, &perimeter), "vpce-0badc0ffee0badc0f");
    assert_no(&denies_presigned(BUCKET, &set, &perimeter), "s3:GetObject");
    assert_eq!(outside_grants(BUCKET, &set, &perimeter), []);
}

#[test]
fn witnesses_are_requests_that_the_evaluator_allows() {
    let (set, perimeter) = (bucket(json!([])), perimeter());
    for verdict in [denies_internet(BUCKET, &set, &perimeter), bucket_requires_tls(BUCKET, &set, &perimeter)]
    {
        let witness = Json::from_value(&verdict.witness.unwrap()).unwrap();
        let request = Request::from_json(&witness).unwrap();
        assert_eq!(decide(&set, &request).value, Tri::Yes);
    }
}

#[test]
fn a_denial_of_one_action_or_one_resource_is_no_perimeter() {
    let perimeter = perimeter();
    let internet = |extra: Value| denies_internet(BUCKET, &bucket(json!([network_deny(extra)])), &perimeter);
    assert_yes(&internet(json!({})));
    assert_no(&internet(json!({"Action": "s3:GetObject"})), "`s3:GetObjectVersion`");
    assert_no(&internet(json!({"Action": ["s3:GetObject", "s3:GetObjectVersion"]})), "`s3:ListBucket`");
    assert_no(&internet(json!({"Resource": "arn:aws:s3:::crown-jewels"})), "`s3:GetObject`");
    assert_no(&internet(json!({"Resource": "arn:aws:s3:::crown-jewels/*"})), "`s3:ListBucket`");
    assert_no(
        &internet(json!({"Resource": ["arn:aws:s3:::crown-jewels", "arn:aws:s3:::crown-jewels/secret/*"]})),
        "crown-jewels/exfilguard-probe",
    );
    assert_no(
        &internet(json!({"Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}})),
        "`s3:GetObject`",
    );
    let reads = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket*"];
    assert_yes(&internet(json!({"Action": reads})));
    let set = bucket(json!([network_deny(json!({"Action": reads}))]));
    assert_no(&bucket_control_plane_perimeter(BUCKET, &set, &perimeter), "`s3:PutBucketPolicy`");
}

#[test]
fn presigned_urls_can_be_refused_alone() {
    let set = bucket(json!([on_bucket(
        json!({"Condition": {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}})
    )]));
    assert_yes(&denies_presigned(BUCKET, &set, &perimeter()));
    assert_no(&denies_internet(BUCKET, &set, &perimeter()), "s3:GetObject");
    let set = bucket(json!([on_bucket(
        json!({"Condition": {"NumericGreaterThan": {"s3:signatureAge": "600000"}}})
    )]));
    assert_no(&denies_presigned(BUCKET, &set, &perimeter()), "s3:GetObject");
}

#[test]
fn an_endpoint_of_unknown_ownership_is_no_proof() {
    let set =
        bucket(json!([on_bucket(json!({"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}))]));
    let mut perimeter = perimeter();
    assert_yes(&denies_internet(BUCKET, &set, &perimeter));
    assert_eq!(denies_foreign_endpoint(BUCKET, &set, &perimeter).value, Tri::Unknown);
    perimeter.trusted_vpc_endpoints.insert("vpce-1".to_owned());
    assert_yes(&denies_foreign_endpoint(BUCKET, &set, &perimeter));
    let set = bucket(json!([on_bucket(json!({"Condition": {
        "StringNotEqualsIfExists": {"aws:VpceOrgID": [ORG, "o-otherorg1234"]}}}))]));
    assert_no(&denies_foreign_endpoint(BUCKET, &set, &perimeter), "s3:GetObject");
    perimeter.trusted_organizations.insert("o-otherorg1234".to_owned());
    assert_yes(&denies_foreign_endpoint(BUCKET, &set, &perimeter));
    let set = bucket(json!([on_bucket(json!({"Condition": {"Null": {"aws:SourceVpce": "true"}}}))]));
    assert_no(&denies_foreign_endpoint(BUCKET, &set, &perimeter), "s3:GetObject");
}

#[test]
fn tls_must_cover_every_class_of_action() {
    let perimeter = perimeter();
    assert_yes(&bucket_requires_tls(BUCKET, &bucket(json!([tls_only()])), &perimeter));
    for (key, value) in [
        ("Action", json!("s3:GetObject")),
        ("Action", json!(["s3:Get*", "s3:List*", "s3:PutObject"])),
        ("Resource", json!("arn:aws:s3:::crown-jewels/*")),
        ("Resource", json!("arn:aws:s3:::crown-jewels")),
        ("Principal", json!({"AWS": "222233334444"})),
    ] {
        let mut statement = tls_only();
        statement[key] = value;
        assert_no(&bucket_requires_tls(BUCKET, &bucket(json!([statement])), &perimeter), "s3:");
    }
    let mut set = bucket(json!([]));
    set.resource_control = Part::Known(vec![vec![document(json!([{
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}]))]]);
    assert_yes(&bucket_requires_tls(BUCKET, &set, &perimeter));
}

#[test]
fn public_buckets_are_found_with_the_request_that_is_allowed() {
    let perimeter = perimeter();
    let public = |extra: Value| bucket_not_public(BUCKET, &public_read(extra), &perimeter);
    assert_no(&public(json!({})), "anonymous");
    assert_no(&public(json!({"Resource": "arn:aws:s3:::crown-jewels/public/*"})), "public/");
    assert_no(
        &public(json!({"Condition": {"StringLike": {"aws:Referer": "https://example.com/*"}}})),
        "anonymous",
    );
    let paths =
        json!({"Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-example12345/*"}}});
    assert_no(&public(paths), "s3:GetObject");
    assert_no(
        &public(json!({"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "222233334444"}}})),
        "anonymous",
    );
    assert_no(
        &public(json!({"Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/reader"}}})),
        "reader",
    );
    assert_no(
        &public(json!({"Condition": {"StringEquals": {"aws:PrincipalTag/team": "data"}}})),
        "999999999999",
    );
    assert_no(&public(json!({"Condition": {"IpAddress": {"aws:SourceIp": "128.0.0.0/1"}}})), "anonymous");
    assert_no(&public(json!({"Action": "s3:GetObjectTagging"})), "s3:GetObjectTagging");
    assert_yes(&public(json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": ORG}}})));
    assert_yes(&public(json!({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}})));
    assert_yes(&public(json!({"Principal": {"AWS": "444455556666"}})));
    let mut not_principal = public_read(json!({}));
    not_principal.resource =
        Part::Known(document(json!([{"Effect": "Allow", "NotPrincipal": {"AWS": "444455556666"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::crown-jewels/*"}])));
    assert_no(&bucket_not_public(BUCKET, &not_principal, &perimeter), "anonymous");
}

#[test]
fn block_public_access_closes_a_public_bucket() {
    let mut set = public_read(json!({}));
    let all = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
    set.block_public_access = Part::Known(all);
    assert_yes(&bucket_not_public(BUCKET, &set, &perimeter()));
    set.block_public_access = Part::Unreadable("denied".to_owned());
    assert_eq!(bucket_not_public(BUCKET, &set, &perimeter()).value, Tri::Unknown);
}

#[test]
fn an_organization_that_could_not_be_read_proves_nothing() {
    let unsure = Perimeter { organization: None, organization_unknown: true, ..perimeter() };
    let set = good_bucket();
    assert_eq!(denies_foreign_endpoint(BUCKET, &set, &unsure).value, Tri::Unknown);
    assert_yes(&bucket_requires_tls(BUCKET, &set, &unsure));
    assert_eq!(endpoint_denies_org_to_foreign_bucket(&good_endpoint(), &unsure).value, Tri::Unknown);
    let granted = public_read(json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": ORG}}}));
    assert_eq!(found(&granted, &unsure), [(ORG.to_owned(), "organization", Tri::Unknown)]);
    assert_no(&denies_internet(BUCKET, &bucket(json!([])), &unsure), "s3:GetObject");
}

#[test]
fn probes_of_a_large_policy_end() {
    let cidrs: Vec<String> = (0..120).map(|n| format!("198.{}.{n}.0/24", n % 50)).collect();
    let tags: serde_json::Map<String, Value> =
        (0..40).map(|n| (format!("aws:RequestTag/k{n}"), json!("v"))).collect();
    let set = bucket(json!([on_bucket(json!({"Condition": {
        "NotIpAddress": {"aws:SourceIp": cidrs}, "StringNotEquals": tags}}))]));
    let started = std::time::Instant::now();
    let verdict = denies_internet(BUCKET, &set, &perimeter());
    assert_ne!(verdict.value, Tri::Yes, "{}", verdict.reason);
    assert!(started.elapsed() < std::time::Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn objects_that_a_denial_leaves_out_are_found() {
    let mut statement = network_deny(json!({"NotResource": "arn:aws:s3:::crown-jewels/public/*"}));
    statement.as_object_mut().unwrap().remove("Resource");
    assert_no(&denies_internet(BUCKET, &bucket(json!([statement])), &perimeter()), "crown-jewels/public/");
}

#[test]
fn exceptions_that_an_attacker_can_claim_are_found() {
    let perimeter = perimeter();
    let with = |condition: Value| {
        denies_internet(BUCKET, &bucket(json!([on_bucket(json!({"Condition": condition}))])), &perimeter)
    };
    // Another network than the trusted one is let in as well.
    assert_no(
        &with(json!({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "192.0.2.0/24"]}})),
        "192.0.2.",
    );
    assert_no(
        &with(json!({"NotIpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}})),
        "internet address",
    );
    assert_no(&with(json!({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}})), "internet address");
    // The user agent is the attacker's to choose.
    assert_no(
        &with(json!({
            "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"},
            "StringNotLike": {"aws:UserAgent": "*backup-agent*"}})),
        "internet address",
    );
    // Private addresses are no internet addresses.
    assert_yes(&with(json!({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "10.0.0.0/8"]}})));
    // A denial that depends on an object's tag says nothing certain.
    let tagged = with(json!({
        "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"},
        "StringEquals": {"s3:ExistingObjectTag/class": "secret"}}));
    assert_ne!(tagged.value, Tri::Yes);
}

#[test]
fn exceptions_for_service_linked_roles_and_tagged_principals_are_no_gap() {
    // As in AWS's samples for data perimeters.
    let set = bucket(json!([on_bucket(json!({"Condition": {
        "NotIpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"},
        "StringNotEqualsIfExists": {"aws:VpceOrgID": ORG, "aws:PrincipalTag/dp:exclude:network": "true"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
        "ArnNotLikeIfExists": {"aws:PrincipalArn": ["arn:aws:iam::*:role/aws-service-role/*"]},
        "StringEquals": {"aws:PrincipalOrgID": ORG}}}))]));
    assert_yes(&denies_internet(BUCKET, &set, &perimeter()));
    assert_yes(&denies_foreign_endpoint(BUCKET, &set, &perimeter()));
    let service_roles = on_bucket(json!({"Condition": {
        "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}}));
    assert_no(
        &denies_internet(BUCKET, &bucket(json!([service_roles])), &perimeter()),
        "assumed-role/exfilguard-probe",
    );
}
