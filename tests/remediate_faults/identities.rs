//! Who acts, where, and who must be able to afterwards.

use serde_json::{Value, json};

use crate::remediation_site::{ACCOUNTS, Site, changes, code, errors};

/// F-40: whoever acts could not repair what he did.
#[test]
fn f40_a_change_that_locks_out_him_who_acts_is_refused() {
    let site = Site::new();
    let policy = "version: 1\nsensitive: { buckets: [\"*\"] }\ntrust: { networks: [203.0.113.0/24] }\n\
         remediation: { role: ExfilguardRemediate, break_glass: [operations/BreakGlass] }\n";
    std::fs::write(site.path("policy.yaml"), policy).unwrap();
    let closed = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*",
        "Resource":["arn:aws:s3:::trap-one-prefix-222222222222","arn:aws:s3:::trap-one-prefix-222222222222/*"],
        "Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/ExfilguardRemediate"}}}]}"#;
    let bucket = "trap-one-prefix-222222222222";
    site.emulator.put(&json!([{"kind": "bucket_policy", "bucket": bucket, "text": closed}]));
    let plan = site.plan(&["restrict-bucket-policy"]);
    let refused = plan["refused"].as_array().unwrap().iter().filter(|found| found["resource"] == bucket);
    let reasons: Vec<&str> = refused.map(|found| found["reason"].as_str().unwrap()).collect();
    assert!(!reasons.is_empty() && reasons.iter().all(|reason| reason.contains("even now")), "{reasons:#?}");
    let names_the_network = |change: &&Value| change.to_string().contains("ExfilguardNetworkPerimeter");
    let of_the_network: Vec<&Value> = changes(&plan).iter().filter(names_the_network).collect();
    assert!(!of_the_network.is_empty(), "{plan:#}");
    // Both who act and who are called last are left out by name.
    for change in &of_the_network {
        let (account, wanted) =
            (change["account"].as_str().unwrap(), change["steps"][0]["wanted"].as_str().unwrap());
        for role in ["ExfilguardRemediate", "operations/BreakGlass"] {
            assert!(wanted.contains(&format!("\"arn:aws:iam::{account}:role/{role}\"")), "{wanted}");
        }
    }
    // A policy that shuts out the role of last resort is for a person to mend first, whatever is to be added.
    site.emulator.put(&json!([{"kind": "bucket_policy", "bucket": bucket,
        "text": closed.replace("ExfilguardRemediate", "operations/BreakGlass")}]));
    let applicable = std::fs::read(site.path("plan.json")).unwrap();
    let other = site.plan_of("restrict-bucket-policy", &["222222222222"]);
    let of_bucket = other["refused"].as_array().unwrap().iter().filter(|found| found["resource"] == bucket);
    let reasons: Vec<&str> = of_bucket.map(|found| found["reason"].as_str().unwrap()).collect();
    let why = "role/operations/BreakGlass` may not do";
    assert!(!reasons.is_empty() && reasons.iter().all(|reason| reason.contains(why)), "{reasons:#?}");
    std::fs::write(site.path("plan.json"), applicable).unwrap();

    // The statements leave out the role that the plan was made for, and another one applies it.
    let applied = site.run(&["apply", "plan.json", "--yes", "--role", "OrganizationAccountAccessRole"]);
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("could be locked out"), "{}", errors(&applied));
    assert!(errors(&applied).contains("\"action\""), "the request is shown: {}", errors(&applied));
    let states = site.states();
    for change in &of_the_network {
        let state = states.get(change["id"].as_str().unwrap());
        assert!(state.is_none_or(|state| state == "refused"), "{states:#?}");
    }
}

/// F-41: a plan for one account is never carried out in another.
#[test]
fn f41_credentials_of_another_account_and_buckets_of_another_owner_are_refused() {
    let site = Site::new();
    site.plan_of_untouched("require-tls");
    // Whoever is asked says that he is of another account.
    site.emulator.fail(&json!([{"account": "222222222222", "service": "sts", "operation": "GetCallerIdentity",
        "action": {"status": 200, "content_type": "text/xml", "body":
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws:sts::999999999999:assumed-role/x/y</Arn><UserId>A</UserId><Account>999999999999</Account>\
             </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>"}}]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("999999999999"), "{}", errors(&applied));
    let states = site.states();
    let refused: Vec<_> = states.iter().filter(|(_, state)| *state == "refused").collect();
    assert!(
        !refused.is_empty() && refused.iter().all(|(change, _)| change.contains("/222222222222/")),
        "{states:?}"
    );
}

/// F-41: the bucket was deleted since, and somebody else has one of its name.
#[test]
fn f41_a_bucket_that_is_somebody_else_s_by_now_is_neither_read_nor_changed() {
    let site = Site::new();
    let plan = site.plan_of_untouched("require-tls");
    let (bucket, theirs) = ("trap-one-prefix-222222222222", "444444444444");
    site.somebody(&format!(
        "client('s3', account='222222222222').delete_bucket(Bucket='{bucket}')\n\
         client('s3', account='{theirs}').create_bucket(Bucket='{bucket}')"
    ));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    let states = site.states();
    let id = format!("require-tls/222222222222/us-east-1/{bucket}");
    assert_eq!(states.get(&id).map(String::as_str), Some("refused"), "{states:?}");
    assert!(errors(&applied).contains(&format!("{id}: ")) && errors(&applied).contains("AccessDenied"));
    assert_eq!(site.writes()["s3:PutBucketPolicy"], changes(&plan).len() as u64 - 1, "the others go on");
    site.somebody(&format!(
        "from botocore.exceptions import ClientError\ntry:\n    \
         client('s3', account='{theirs}').get_bucket_policy(Bucket='{bucket}')\n    \
         raise SystemExit('it has a policy')\nexcept ClientError as none:\n    \
         assert none.response['Error']['Code'] == 'NoSuchBucketPolicy', none"
    ));
    // Every call on a bucket, of every kind and on the way back, names whom it expects.
    for kind in ["require-tls", "block-public-access", "disable-acls", "restrict-bucket-policy"] {
        let plan = site.plan_of(kind, &["444444444444", "888888888888"]);
        for change in changes(&plan) {
            for step in change["steps"].as_array().unwrap() {
                for call in ["call", "undo"] {
                    assert_eq!(step[call]["input"]["ExpectedBucketOwner"], change["account"], "{change:#}");
                }
            }
        }
    }
}

/// A role with a path: it is assumed by its whole name, and a session of it is known by its last part alone.
const REMEDIATE: &str = "security/tools/ExfilguardRemediate";

/// Who plans reads with the audit's role, and who changes acts with the remediation role alone.
#[test]
fn changes_are_made_with_the_remediation_role() {
    let site = Site::new();
    let policy = std::fs::read_to_string(site.path("policy.yaml")).unwrap();
    let policy = policy.replace("remediation: {", "remediation: { role: security/tools/ExfilguardRemediate,");
    std::fs::write(site.path("policy.yaml"), policy + "organization: { role: ExfilguardAudit }\n").unwrap();
    let closed = |role: &str| {
        json!([{"service": "sts", "operation": "AssumeRole", "resource": format!("role/{role}"),
            "action": {"status": 403, "code": "AccessDenied", "message": "not this role"}}])
    };
    let accounts: Vec<&str> = ACCOUNTS.into_iter().filter(|id| *id != "123456789012").collect();
    site.somebody(&format!(
        "for account in {accounts:?}:\n    for role in ('ExfilguardAudit', 'ExfilguardRemediate'):\n        \
         path = '/security/tools/' if role == 'ExfilguardRemediate' else '/'\n        \
         client('iam', account=account).create_role(RoleName=role, Path=path, AssumeRolePolicyDocument='{{}}')"
    ));
    site.emulator.fail(&closed(REMEDIATE));
    // The network perimeter leaves out the role that acts.
    let plan = site.plan(&["restrict-bucket-policy"]);
    assert!(plan.to_string().contains(&format!("role/{REMEDIATE}")), "{plan:#}");
    site.emulator.fail(&closed("ExfilguardAudit"));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert!(site.states().values().all(|state| state == "verified"), "{:?}", site.states());
    site.emulator.fail(&closed(REMEDIATE));
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 5, "{}", errors(&back));
    assert!(errors(&back).contains("not this role"), "{}", errors(&back));
}
