//! Plans that were edited, and what the policy file does not let through.

use serde_json::{Value, json};

use crate::remediation_site::{Site, changes, code, errors};

/// F-42 and F-43.
#[test]
fn f42_f43_plans_that_were_edited_or_go_too_far_are_refused() {
    let site = Site::new();
    site.plan_of_untouched("block-public-access");
    let text = std::fs::read_to_string(site.path("plan.json")).unwrap();
    let refused = |text: &str, code_wanted: i32, why: &str| {
        std::fs::write(site.path("plan.json"), text).unwrap();
        let applied = site.apply();
        assert_eq!(code(&applied), code_wanted, "{}", errors(&applied));
        assert!(errors(&applied).contains(why), "{}", errors(&applied));
    };
    refused(&text.replace("888888888888", "777777777777"), 2, "edited");
    refused(&text.replace("exfilguard.plan/1", "exfilguard.plan/9"), 2, "exfilguard.plan/9");
    refused("[]", 2, "format");
    // A kind of a later version, in a plan that nobody edited.
    let known = exfilguard::remediate::plan::Plan::load(&{
        std::fs::write(site.path("plan.json"), &text).unwrap();
        site.path("plan.json")
    })
    .unwrap();
    let mut changes = known.changes;
    changes[0].kind = "make-coffee".to_owned();
    let later =
        exfilguard::remediate::plan::Plan::new(known.organization_id, known.regions, changes, known.refused);
    refused(&serde_json::to_string(&later).unwrap(), 5, "`make-coffee` is no kind of change");
    std::fs::write(site.path("plan.json"), &text).unwrap();
    assert_eq!(code(&site.run(&["apply", "plan.json"])), 2, "nobody was asked");

    // The limits may have been lowered since.
    for (limit, why) in [
        ("maximum_changes: 1", "more than the 1 of `maximum_changes`"),
        ("allow: [require-tls]", "not among the kinds"),
        ("exclude_accounts: [\"888888888888\"]", "leaves out"),
    ] {
        let policy = site.path("exfilguard.yaml");
        std::fs::write(&policy, format!("version: 1\nremediation: {{ {limit} }}\n")).unwrap();
        let mut program = site.emulator.program();
        program.current_dir(site.folder.path()).args(["remediate", "apply", "plan.json", "--yes"]);
        let applied = program.output().unwrap();
        assert_eq!(code(&applied), 5, "{}", errors(&applied));
        assert!(errors(&applied).replace('\n', " ").contains(why), "{}", errors(&applied));
    }
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}

/// F-42: a bucket that got the tag since, or a policy file that got the exclusion.
#[test]
fn f42_tags_that_exclude_a_bucket_are_asked_for_again() {
    let site = Site::new();
    let plan = site.plan_of_untouched("require-tls");
    let policy = std::fs::read_to_string(site.path("policy.yaml")).unwrap();
    let policy = policy.replace("remediation: {", "remediation: { exclude_tags: { Keep: [\"yes\"] },");
    std::fs::write(site.path("policy.yaml"), policy).unwrap();
    let buckets: Vec<&str> =
        changes(&plan).iter().map(|change| change["resource"].as_str().unwrap()).collect();
    let (tagged, unreadable) = (buckets[0], *buckets.last().unwrap());
    let account = changes(&plan)[0]["account"].as_str().unwrap();
    site.somebody(&format!(
        "client('s3', account='{account}').put_bucket_tagging(Bucket='{tagged}', Tagging={{'TagSet': [{{'Key': 'Keep', 'Value': 'yes'}}]}})"
    ));
    site.emulator.fail(&json!([{"service": "s3", "operation": "GetBucketTagging", "resource": unreadable,
        "times": 1, "action": {"status": 403, "code": "AccessDenied", "message": "not you"}}]));
    site.emulator.forget_requests();
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("leaves out `Keep` = `yes`"), "{}", errors(&applied));
    assert!(errors(&applied).contains("exclude it is not known"), "{}", errors(&applied));
    let refused: Vec<String> =
        site.states().into_iter().filter(|(_, state)| state == "refused").map(|(change, _)| change).collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(
        refused.iter().all(|change| change.ends_with(tagged) || change.ends_with(unreadable)),
        "{refused:?}"
    );
    assert_eq!(site.write_count(), buckets.len() as u64 - 2, "the others go on");
}

/// F-42 and F-43 of accounts in which GuardDuty's administrator changes something.
#[test]
fn f42_f43_members_count_where_their_administrator_makes_the_call() {
    let site = Site::new();
    let plan = site.plan(&["enable-guardduty-s3-protection"]);
    let change = &changes(&plan)[0];
    let (caller, member) = (change["account"].as_str().unwrap(), change["resource"].as_str().unwrap());
    assert_ne!(caller, member, "{plan:#}");
    let with = |limit: &str| {
        let policy = format!("version: 1\nremediation: {{ {limit} }}\n");
        std::fs::write(site.path("exfilguard.yaml"), policy).unwrap();
        let mut program = site.emulator.program();
        program.current_dir(site.folder.path()).arg("remediate");
        program
    };
    let excluded = format!("exclude_accounts: [\"{member}\"]");
    let refused = with(&excluded).args(["apply", "plan.json", "--yes"]).output().unwrap();
    assert_eq!(code(&refused), 5, "{}", errors(&refused));
    assert!(errors(&refused).contains(member), "{}", errors(&refused));
    let mut again = with(&excluded);
    again.args([
        "plan",
        "--include-management-account",
        "--regions",
        "us-east-1,eu-west-1",
        "--kind",
        "enable-guardduty-s3-protection",
        "--kind",
        "enable-guardduty-auto-s3",
        "--format",
        "json",
    ]);
    let again = again.output().unwrap();
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert!(changes(&again).iter().all(|change| change["resource"] != member), "{again:#}");
    // What is switched on everywhere would be switched on there, too.
    let everywhere = |found: &&Value| found["kind"] == "enable-guardduty-auto-s3";
    let reasons: Vec<&str> = again["refused"]
        .as_array()
        .unwrap()
        .iter()
        .filter(everywhere)
        .map(|found| found["reason"].as_str().unwrap())
        .collect();
    assert!(!reasons.is_empty() && reasons.iter().all(|why| why.contains(member)), "{again:#}");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}
