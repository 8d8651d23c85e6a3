//! F-06 to F-10: what AWS does not permit.

use std::collections::BTreeSet;

use serde_json::json;

use crate::place::{code, fails, gaps, message_of, of, place, times};

#[test]
fn f06_what_a_denial_says_is_kept_and_nothing_is_decoded() {
    let place = place();
    let good = place.account("good");
    let encoded: String = (0..1800).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
    let of_ec2 = format!(
        "You are not authorized to perform this operation. Encoded authorization failure message: {encoded}"
    );
    let of_scp = format!(
        "User: arn:aws:sts::{good}:assumed-role/x is not authorized to perform: cloudtrail:DescribeTrails with an \
         explicit deny in a service control policy"
    );
    let rules = json!([
        of(
            &good,
            fails(
                "ec2",
                "DescribeVpcEndpoints",
                json!({"status": 403, "code": "UnauthorizedOperation", "message": of_ec2})
            )
        ),
        of(
            &good,
            fails(
                "cloudtrail",
                "DescribeTrails",
                json!({"status": 400, "code": "AccessDeniedException", "message": of_scp})
            )
        ),
    ]);
    let audit = place.audit(&["good"], &rules, &[]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert!(
        message_of(&audit, "ec2:DescribeVpcEndpoints").ends_with(&encoded),
        "it can be decoded by whoever may"
    );
    assert!(
        message_of(&audit, "cloudtrail:DescribeTrails").contains("explicit deny in a service control policy")
    );
    let calls = place.emulator.requests();
    assert!(!calls.keys().any(|call| call.contains("DecodeAuthorizationMessage")), "{calls:?}");
}

#[test]
fn f07_a_session_that_ends_in_mid_run_is_entered_once_more() {
    let place = place();
    let good = place.account("good");
    let undisturbed = place.audit(&["good"], &json!([]), &[]);
    let entered = place.emulator.requests()["sts:AssumeRole"];
    assert_eq!(undisturbed.code(), 0, "{}", undisturbed.errors());
    // In the words of each protocol; with one call at a time nobody else can fetch the credentials.
    for (service, operation, concurrency) in [
        ("s3", "GetBucketPolicy", "64"),
        ("ec2", "DescribeVpcEndpoints", "64"),
        ("cloudtrail", "GetTrailStatus", "64"),
        ("cloudwatch", "DescribeAlarms", "64"),
        ("sns", "GetTopicAttributes", "1"),
    ] {
        let rules = json!([of(&good, times(1, fails(service, operation, json!({"expire": true}))))]);
        let audit = place.audit(&["good"], &rules, &["--max-concurrency", concurrency]);
        assert_eq!(audit.statuses(), undisturbed.statuses(), "{service}: {}", audit.errors());
        assert_eq!(audit.code(), 0, "{service}: {}", audit.errors());
        assert_eq!(place.emulator.requests()["sts:AssumeRole"], entered + 1, "{service}");
    }
}

#[test]
fn f07_credentials_that_never_work_are_not_fetched_again_and_again() {
    let place = place();
    let good = place.account("good");
    let rules = json!([{"account": good, "action": code(400, "ExpiredToken")}]);
    let audit = place.audit(&["good"], &rules, &["--only", "guardduty"]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert_eq!(
        place.emulator.requests()["sts:AssumeRole"],
        1,
        "the members of which others are judged are left out"
    );
    assert!(gaps(&audit).iter().any(|gap| gap.ends_with(" ExpiredToken")), "{:?}", gaps(&audit));
}

#[test]
fn f08_credentials_that_aws_does_not_take_end_with_4_and_a_hint() {
    let place = place();
    let expired = "Signature expired: 20261130T000000Z is now earlier than 20261130T001000Z";
    for (code, message, hint) in [
        (
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            "deleted or deactivated",
        ),
        (
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match",
            "AWS_SECRET_ACCESS_KEY",
        ),
        ("SignatureDoesNotMatch", expired, "the clock of this machine"),
        (
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large",
            "clock",
        ),
        ("ExpiredToken", "The security token included in the request is expired", "sign in again"),
    ] {
        let action = json!({"status": 403, "code": code, "message": message});
        let audit = place.audit(&["good"], &json!([fails("sts", "GetCallerIdentity", action)]), &[]);
        let said = audit.errors().replace("\n  │ ", " ").replace("\n        ", " ");
        assert_eq!(audit.code(), 4, "{code}: {said}");
        assert!(said.contains(code) && said.contains(hint), "{code}: {said}");
        assert!(audit.report.is_null());
    }
}

#[test]
fn f09_a_role_that_is_missing_or_a_wrong_external_id_locks_only_the_members() {
    let place = place();
    let roles = ["management", "good", "closed"];
    let audit = place.audit(&roles, &json!([]), &["--role", "NobodyMadeIt"]);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    assert_eq!(audit.account(&place.account("good")), "unreachable");
    assert_eq!(audit.account(&place.account("closed")), "suspended");
    assert_eq!(audit.account(&place.account("management")), "audited");
    assert_eq!(gaps(&audit), BTreeSet::from(["sts:AssumeRole AccessDenied".to_owned()]));

    let wanted = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "the-right-one"}}}]}"#;
    let good = place.account("good");
    place.emulator.boto(&format!(
        "import botocore\n\
         iam = boto3.client('iam', endpoint_url='{}', region_name='us-east-1')\n\
         iam.meta.events.register('before-sign.iam', lambda request, **_: request.headers.add_header('x-moto-account-id', '{good}'))\n\
         try: iam.create_role(RoleName='WithId', AssumeRolePolicyDocument='''{wanted}''')\n\
         except iam.exceptions.EntityAlreadyExistsException: pass",
        place.emulator.endpoint()
    ));
    let wrong = place.audit(&["good"], &json!([]), &["--role", "WithId", "--external-id", "another-one"]);
    assert_eq!((wrong.code(), wrong.account(&good).as_str()), (3, "unreachable"), "{}", wrong.errors());
    assert!(!wrong.report.to_string().contains("another-one") && !wrong.errors().contains("another-one"));
    let right = place.audit(&["good"], &json!([]), &["--role", "WithId", "--external-id", "the-right-one"]);
    assert_eq!(right.account(&good), "audited", "{}", right.errors());
}

#[test]
fn f10_without_the_list_of_accounts_the_callers_own_is_audited_and_that_is_said() {
    let place = place();
    let rules = json!([fails("organizations", "ListAccounts", code(400, "AccessDeniedException"))]);
    let audit = place.audit(&["management"], &rules, &[]);
    let accounts = audit.report["accounts"].as_array().unwrap();
    assert_eq!(
        (accounts.len(), &accounts[0]["id"]),
        (1, &json!(place.account("management"))),
        "{}",
        audit.errors()
    );
    assert!(audit.errors().contains("could not be listed"), "{}", audit.errors());
    assert!(audit.errors().contains("auditing account 123456789012 alone"), "{}", audit.errors());
}
