#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and what it unwraps is what it asserts"
)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::context::ContextValue;
use super::super::eval;
use super::super::json::Json;
use super::super::request::Request;
use super::*;

fn set(policies: &Value) -> PolicySet {
    PolicySet::from_json(&Json::from_value(policies).unwrap()).unwrap()
}

fn request(json: &Value) -> Request {
    Request::from_json(&Json::from_value(json).unwrap()).unwrap()
}

fn read(principal: Value) -> Request {
    request(
        &json!({"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "resource_account": "111122223333",
        "principal": principal}),
    )
}

const OWN_ROLE: &str = "arn:aws:iam::111122223333:role/app";

#[test]
fn the_deciding_statement_is_named() {
    let policies = set(&json!({"scp": [
        [{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}],
        [{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
         {"Statement": [{"Sid": "NoReads", "Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}]}]]}));
    let decision = decide(&policies, &read(json!({"arn": OWN_ROLE})));
    assert_eq!(decision.value, Tri::No);
    assert_eq!(decision.layer, Layer::ServiceControlPolicy);
    let statement = decision.statement.unwrap();
    assert_eq!(statement.pointer, "/scp/1/1/Statement/0");
    assert_eq!(statement.sid.as_deref(), Some("NoReads"));
    assert!(decision.reason.contains("statement `NoReads`"), "{}", decision.reason);
    assert!(!decision.identity_assumed);
}

#[test]
fn assumed_permissions_are_told() {
    let policies = set(&json!({"resource": {"Statement": []}}));
    assert!(decide(&policies, &read(json!({"arn": OWN_ROLE}))).identity_assumed);
    let known =
        set(&json!({"identity": [{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}]}));
    assert!(!decide(&known, &read(json!({"arn": OWN_ROLE}))).identity_assumed);
}

#[test]
fn a_root_user_without_policies_is_sure_of_its_own_account_only() {
    let granted = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["111122223333", "444455556666"]},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]});
    let policies = set(&json!({"identity": [], "resource": granted}));
    let root =
        |account: &str| decide(&policies, &read(json!({"arn": format!("arn:aws:iam::{account}:root")})));
    assert_eq!(root("111122223333").value, Tri::Yes);
    let foreign = root("444455556666");
    assert_eq!(foreign.value, Tri::Unknown);
    assert_eq!(
        foreign.reason,
        "what a root user may do in another account without a policy is not documented"
    );
    let not_granted = set(&json!({"identity": [], "resource": {"Statement": []}}));
    assert_eq!(decide(&not_granted, &read(json!({"arn": "arn:aws:iam::444455556666:root"}))).value, Tri::No);
}

#[test]
fn an_access_point_gives_its_keys_to_the_request() {
    let point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/k";
    let mut asked = read(json!("anonymous"));
    asked.access_point_resource = Some(point.to_owned());
    let context = asked.derived_context();
    assert_eq!(
        context.given("s3:dataaccesspointarn").and_then(ContextValue::single),
        Some("arn:aws:s3:eu-west-1:111122223333:accesspoint/ap")
    );
    assert_eq!(context.given("s3:accesspointnetworkorigin"), Some(&ContextValue::Unknown));
}

#[test]
fn a_missing_or_odd_question_is_refused_in_words() {
    for (question, part) in [
        (json!({}), "no `request`"),
        (json!({"request": {}}), "no `principal`"),
        (json!({"request": 1}), "must be an object"),
        (json!({"policies": {"bucket": {}}, "request": {}}), "no field `bucket`"),
        (json!({"policies": {"resource": {"Statement": {"Effect": "Allow"}}}, "request": {}}), "statement 1"),
    ] {
        let error = eval::policy_question(&Json::from_value(&question).unwrap()).unwrap_err();
        assert!(error.reason.contains(part), "{}", error.reason);
    }
}

fn any_principal_element() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("*")),
        Just(json!({"AWS": "111122223333"})),
        Just(
            json!({"AWS": ["arn:aws:iam::444455556666:role/r", "arn:aws:sts::444455556666:assumed-role/r/s"]})
        ),
        Just(json!({"Service": "s3.amazonaws.com"})),
        Just(json!({"CanonicalUser": "abc"})),
    ]
}

const KEYS: [&str; 6] =
    ["aws:SourceIp", "aws:UserAgent", "aws:PrincipalOrgID", "aws:TagKeys", "aws:username", "s3:max-keys"];

fn any_condition() -> impl Strategy<Value = Value> {
    let operators = prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLikeIfExists",
        "StringEqualsIgnoreCase",
        "ForAllValues:StringLike",
        "ForAnyValue:StringNotEquals",
        "ForAnyValue:StringEqualsIfExists",
        "NumericLessThan",
        "IpAddress",
        "NotIpAddressIfExists",
        "Null",
        "Bool",
        "ArnLike",
        "Strange",
    ]);
    let values = prop::sample::select(vec![
        "a",
        "b",
        "*",
        "a*",
        "true",
        "false",
        "5",
        "203.0.113.0/24",
        "${aws:username}",
        "${aws:username, 'a'}",
        "",
        "arn:aws:s3:::*",
    ]);
    let keys = prop::sample::select(KEYS.to_vec());
    prop::collection::vec((operators, keys, prop::collection::vec(values, 0..3)), 0..3).prop_map(|lines| {
        let mut condition = serde_json::Map::new();
        for (operator, key, values) in lines {
            condition.insert(operator.to_owned(), json!({key: values}));
        }
        Value::Object(condition)
    })
}

fn any_statement() -> impl Strategy<Value = Value> {
    let effects = prop::sample::select(vec!["Allow", "Deny"]);
    let actions = prop::sample::select(vec!["*", "s3:*", "s3:GetObject", "s3:Put*"]);
    let resources = prop::sample::select(vec![
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b",
        "arn:aws:s3:::b/${aws:username}*",
    ]);
    (effects, any_principal_element(), any::<[bool; 3]>(), actions, resources, any_condition()).prop_map(
        |(effect, principal, [not_principal, not_action, not_resource], action, resource, condition)| {
            json!({
                "Effect": effect,
                if not_principal { "NotPrincipal" } else { "Principal" }: principal,
                if not_action { "NotAction" } else { "Action" }: action,
                if not_resource { "NotResource" } else { "Resource" }: resource,
                "Condition": condition,
            })
        },
    )
}

fn any_policies() -> impl Strategy<Value = Value> {
    let document = || {
        prop::collection::vec(any_statement(), 0..4)
            .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
    };
    let setting = any::<[bool; 2]>().prop_map(|[ignore, restrict]| {
        json!({"block_public_acls": false, "ignore_public_acls": ignore, "block_public_policy": false,
            "restrict_public_buckets": restrict})
    });
    let acl = prop::sample::select(vec![
        json!({"grants": []}),
        json!({"grants": [{"grantee": "AllUsers", "permission": "FULL_CONTROL"}], "objects_may_grant": true}),
    ]);
    (document(), prop::option::of(document()), prop::option::of(document()), prop::option::of(setting), acl)
        .prop_map(|(resource, endpoint, rcp, setting, acl)| {
            json!({"resource": resource, "endpoint": endpoint, "rcp": rcp.map(|rcp| json!([[rcp]])),
                "block_public_access": setting, "acl": acl})
        })
}

fn any_request() -> impl Strategy<Value = Request> {
    let principals = prop::sample::select(vec![
        json!("anonymous"),
        json!({"arn": OWN_ROLE}),
        json!({"arn": "arn:aws:iam::111122223333:user/ann"}),
        json!({"arn": "arn:aws:iam::111122223333:root"}),
        json!({"arn": "arn:aws:sts::444455556666:assumed-role/r/s"}),
        json!({"account": "444455556666"}),
        json!({"service": "s3.amazonaws.com"}),
        json!({"canonical_user": "abc"}),
    ]);
    let values = prop::sample::select(vec!["a", "b", "ann", "5", "true", "203.0.113.7", "arn:aws:s3:::x"]);
    let context = prop::collection::btree_map(
        prop::sample::select(KEYS.to_vec()),
        prop::collection::vec(values, 0..3),
        0..5,
    );
    let actions = prop::sample::select(vec!["s3:GetObject", "s3:PutObject", "s3:ListBucket"]);
    (principals, actions, any::<bool>(), context).prop_map(|(principal, action, owned, context)| {
        let mut json = json!({"action": action, "resource": "arn:aws:s3:::b/annk", "principal": principal,
            "context": context});
        if owned {
            json["resource_account"] = json!("111122223333");
        }
        request(&json)
    })
}

/// How much an answer allows.
fn allowance(value: Tri) -> u8 {
    match value {
        Tri::No => 0,
        Tri::Unknown => 1,
        Tri::Yes => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn another_denial_never_allows_more(policies in any_policies(), extra in any_statement(), asked in any_request()) {
        // The root user may repair a bucket policy whatever it denies, and publicness regards allowances only.
        let mut denial = extra;
        denial["Effect"] = json!("Deny");
        let before = decide(&set(&policies), &asked).value;
        for part in ["resource", "endpoint"] {
            let mut stricter = policies.clone();
            if let Some(statements) = stricter[part]["Statement"].as_array_mut() {
                statements.push(denial.clone());
                let after = decide(&set(&stricter), &asked).value;
                prop_assert!(allowance(after) <= allowance(before), "{before} became {after} with {denial}");
            }
        }
    }

    #[test]
    fn forgetting_a_value_leads_to_the_same_answer_or_to_none(
        policies in any_policies(),
        asked in any_request(),
        key in prop::sample::select(KEYS.to_vec()),
    ) {
        let set = set(&policies);
        let before = decide(&set, &asked).value;
        let mut forgetful = asked.clone();
        forgetful.context.set(key, ContextValue::Unknown);
        let after = decide(&set, &forgetful).value;
        prop_assert!(after == before || after == Tri::Unknown, "{before} became {after} without {key}");
    }

    #[test]
    fn no_text_makes_the_evaluator_panic(
        policy in r#"[\[\]{}",:*?$ a-zA-Z0-9/]{0,200}"#,
        name in "\\PC{0,40}",
    ) {
        let _ = super::super::PolicyDocument::parse(&policy);
        let question = json!({
            "policies": {"resource": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": name},
                "Action": name, "Resource": name, "Condition": {"StringLike": {name.clone(): name}, "IpAddress": {"a": name}}}]}},
            "request": {"action": name, "resource": name, "principal": {"account": "111122223333"}, "context": {name.clone(): name}},
        });
        let _ = eval::policy_question(&Json::from_value(&question).unwrap());
        let public = json!({"policy": question["policies"]["resource"]});
        let _ = eval::public_question(&Json::from_value(&public).unwrap());
    }

    #[test]
    fn random_documents_are_judged(policies in any_policies(), asked in any_request()) {
        let set = set(&policies);
        let decision = decide(&set, &asked);
        prop_assert!(!decision.reason.is_empty());
        if let Some(document) = set.resource.known() {
            prop_assert!(!super::super::is_public(document).reason.is_empty());
        }
        let back = Request::from_json(&Json::from_value(&asked.to_json()).unwrap()).unwrap();
        prop_assert_eq!(decide(&set, &back).value, decision.value);
    }
}
