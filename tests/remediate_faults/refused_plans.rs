//! What is refused in the plan already.

use serde_json::{Value, json};

use crate::remediation_site::{Site, changes, code, errors};

/// F-39: what AWS would refuse, or what is somebody else's under our name, is refused in the plan.
#[test]
fn f39_what_cannot_be_merged_is_refused_in_the_plan() {
    let site = Site::new();
    let long = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Long","Effect":"Deny","Principal":"*","Action":"s3:GetObject",
        "Resource":"arn:aws:s3:::trap-write-only-222222222222/*","Condition":{{"StringEquals":{{"aws:userid":["{}"]}}}}}}]}}"#,
        "x".repeat(20_100)
    );
    let ours = r#"{"Version":"2012-10-17","Statement":[{"Sid":"ExfilguardRequireTls","Effect":"Deny","Principal":"*",
        "Action":"s3:GetObject","Resource":"arn:aws:s3:::trap-one-prefix-222222222222/*",
        "Condition":{"StringEquals":{"aws:userid":"theirs"}}}]}"#;
    site.emulator.put(&json!([
        {"kind": "bucket_policy", "bucket": "trap-write-only-222222222222", "text": long},
        {"kind": "bucket_policy", "bucket": "trap-one-prefix-222222222222", "text": ours},
    ]));
    let plan = site.plan(&["require-tls"]);
    let reason = |bucket: &str| {
        let refused = plan["refused"].as_array().unwrap();
        let found = refused.iter().find(|found| found["resource"] == bucket);
        found.unwrap_or_else(|| panic!("{bucket} is not refused"))["reason"].as_str().unwrap().to_owned()
    };
    assert!(
        reason("trap-write-only-222222222222").contains("20480"),
        "{}",
        reason("trap-write-only-222222222222")
    );
    assert!(
        reason("trap-one-prefix-222222222222").contains("Sid"),
        "{}",
        reason("trap-one-prefix-222222222222")
    );
    assert!(!changes(&plan).is_empty(), "the others go on");
}

/// F-39 of selectors, and what others selected is there afterwards.
#[test]
fn f39_selectors_up_to_the_limit_are_added_to_and_beyond_it_refused() {
    let site = Site::new();
    let theirs = |values: usize| {
        site.somebody(&format!(
            "value = lambda n: f'arn:aws:s3:::nowhere-{{n}}/'\n\
             equals = lambda field, value: {{'Field': field, 'Equals': [value]}}\n\
             names = {{'Field': 'resources.ARN', 'StartsWith': [value(n) for n in range({values})]}}\n\
             data = [equals('eventCategory', 'Data'), equals('resources.type', 'AWS::S3::Object'), names]\n\
             management = [equals('eventCategory', 'Management')]\n\
             for trail in ('one-prefix', 'write-only'):\n    \
             client('cloudtrail', account='222222222222').put_event_selectors(TrailName=trail, AdvancedEventSelectors=[\
             {{'Name': 'theirs', 'FieldSelectors': management}}, {{'FieldSelectors': data}}])"
        ));
    };
    // Ours has four values: category, type, and the log bucket that is left out; AWS takes 500 of all selectors.
    theirs(495);
    let plan = site.plan_of("enable-s3-data-events", &["222222222222"]);
    assert!(changes(&plan).is_empty(), "{plan:#}");
    assert!(plan["refused"].to_string().contains("at most 500"), "{plan:#}");
    theirs(494);
    let first = site.configuration_of(&["222222222222"]);
    let plan = site.plan_of("enable-s3-data-events", &["222222222222"]);
    let [change] = changes(&plan) else { panic!("{plan:#}") };
    let (present, wanted) = (&change["steps"][0]["present"], &change["steps"][0]["wanted"]);
    let of = |value: &Value| value["advanced_event_selectors"].as_array().unwrap().clone();
    assert_eq!(of(wanted)[..2], of(present)[..], "what others selected stays");
    assert!(of(wanted)[2].to_string().contains("arn:aws:s3:::organization-logs-123456789012/"), "{wanted:#}");
    assert_eq!(change["region"], "us-east-1", "the trail's home");
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration_of(&["222222222222"]), first);
}

/// A check of one's own, which passes as long as `pass` does, and which blocking public access mends.
fn house_rule(site: &Site, pass: &str) {
    let folder = site.path("my-checks/buckets");
    std::fs::create_dir_all(&folder).unwrap();
    let module = format!(
        "# METADATA\n# title: The website stays as it is\n# description: Visitors read it without credentials.\n# custom:\n\
         #   id: house-rule\n#   area: buckets\n#   resource: bucket\n#   severity: medium\n#   since: \"0.1.0\"\n\
         #   status: preview\n#   remediation: block-public-access\npackage custom.buckets.house_rule\n\nimport rego.v1\n\npass if {{ {pass} }}\n\n\
         message := sprintf(\"bucket `%s` is not as the house wants it\", [input.name])\n"
    );
    std::fs::write(folder.join("house_rule.rego"), module).unwrap();
}

/// The dry proof: what passes goes on passing, by the checks of the house, too.
#[test]
fn a_change_that_would_turn_a_passing_check_into_a_failing_one_is_refused() {
    let site = Site::new();
    site.emulator.forget_requests();
    let open = site.plan_of("block-public-access", &["888888888888"]);
    let bucket = changes(&open)[0]["resource"].as_str().unwrap();
    assert!(changes(&open).len() > 1, "{open:#}");
    let planned = |kinds: &[&str]| {
        let mut arguments =
            vec!["plan", "--checks", "my-checks", "--snapshot", "collected", "--output", "plan.json"];
        kinds.iter().for_each(|kind| arguments.extend(["--kind", kind]));
        site.run(&arguments)
    };
    house_rule(
        &site,
        &format!(
            "not is_blocked }}\n\nis_blocked if {{ input.name == \"{bucket}\"\n\tinput.public_access_blocked.block_public_policy.holds"
        ),
    );
    let output = planned(&["block-public-access"]);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    let plan: Value = serde_json::from_slice(&std::fs::read(site.path("plan.json")).unwrap()).unwrap();
    assert_eq!(changes(&plan).len(), changes(&open).len() - 1, "the others go on");
    let reason = |found: &&Value| found["resource"] == bucket && found["kind"] == "block-public-access";
    let refused = plan["refused"].as_array().unwrap().iter().find(reason).unwrap();
    let why =
        format!("`house-rule` passes now for `{bucket}` in account 888888888888 and would not any more");
    assert!(refused["reason"].as_str().unwrap().starts_with(&why), "{refused}");
    assert!(String::from_utf8_lossy(&output.stdout).contains(&why), "people read it, too");

    // Of two changes neither of which does harm alone, none is made.
    house_rule(
        &site,
        "not is_both }\n\nis_both if { input.requires_tls.holds\n\tinput.public_access_blocked.block_public_policy.holds",
    );
    std::fs::remove_file(site.path("plan.json")).unwrap();
    let output = planned(&["block-public-access", "require-tls"]);
    assert_eq!(code(&output), 5, "{}", errors(&output));
    let said = errors(&output).replace('\n', " ");
    assert!(said.contains("together make things worse") && said.contains("house-rule"), "{said}");
    assert!(!site.path("plan.json").exists());
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}

/// A plan that promises something of a check of the house is carried out only where that check can hold it to that.
#[test]
fn a_plan_of_checks_that_are_not_loaded_is_not_carried_out() {
    let site = Site::new();
    house_rule(&site, "input.public_access_blocked.block_public_policy.holds");
    let kind = ["--checks", "my-checks", "--kind", "block-public-access", "--accounts", "888888888888"];
    let arguments = [&["plan", "--output", "plan.json"], &kind[..]].concat();
    let planned = site.run(&arguments);
    assert_eq!(code(&planned), 0, "{}", errors(&planned));
    let plan: Value = serde_json::from_slice(&std::fs::read(site.path("plan.json")).unwrap()).unwrap();
    let mended = changes(&plan).iter().flat_map(|change| change["results"].as_array().unwrap());
    assert!(mended.clone().any(|result| result["check"] == "house-rule" && result["after"] == "pass"));
    let unknown = site.apply();
    assert_eq!(code(&unknown), 2, "{}", errors(&unknown));
    let said = errors(&unknown).replace('\n', " ");
    assert!(said.contains("`house-rule`") && said.contains("--checks"), "{said}");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
    let applied = site.run(&["apply", "plan.json", "--yes", "--checks", "my-checks"]);
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert!(site.states().values().all(|state| state == "verified"), "{:?}", site.states());
}

/// S3 Protection that a GuardDuty policy of the organization rules is switched by nobody's call, and a member's only where it
/// is known whose it is.
#[test]
fn guardduty_that_others_rule_is_left_to_them() {
    let site = Site::new();
    let member = "444444444444";
    let plan = |kind: &str, account: &str| {
        let plan = site.plan_of(kind, &["123456789012", account]);
        let of_account = |found: &&Value| {
            found["resource"].as_str().unwrap().starts_with(account) || kind.ends_with("auto-s3")
        };
        let reasons: Vec<String> = plan["refused"]
            .as_array()
            .unwrap()
            .iter()
            .filter(of_account)
            .map(|found| found["reason"].as_str().unwrap().to_owned())
            .collect();
        (
            changes(&plan).iter().filter(|change| change["results"].to_string().contains(account)).count(),
            reasons,
        )
    };
    let (made, _) = plan("enable-guardduty-s3-protection", member);
    assert!(made > 0);
    // Who is a member is not known: it may be the administrator's to switch.
    site.emulator.fail(&json!([{"service": "guardduty", "operation": "ListMembers",
        "action": {"status": 403, "code": "AccessDenied", "message": "not you"}}]));
    let (made, reasons) = plan("enable-guardduty-s3-protection", member);
    assert_eq!(made, 0, "{reasons:#?}");
    assert!(reasons.iter().any(|why| why.contains("members of GuardDuty's administrator")), "{reasons:#?}");
    site.emulator.fail(&json!([]));

    let off = json!({"status": {"@@assign": "disabled"}, "s3_data_events": {"status": "disabled"}});
    let content = json!({"guardduty": {"enablement": {"default": off}}}).to_string();
    site.emulator
        .put(&json!([{"kind": "effective_policy", "account": member, "policy_type": "GUARDDUTY_POLICY",
        "content": content}]));
    for kind in ["enable-guardduty-s3-protection", "enable-guardduty-auto-s3"] {
        let (made, reasons) = plan(kind, member);
        assert_eq!(made, 0, "{kind}: {reasons:#?}");
        let ruled = format!("a GuardDuty policy of the organization rules S3 Protection of account {member}");
        assert!(reasons.iter().any(|why| why.starts_with(&ruled)), "{kind}: {reasons:#?}");
    }
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}

/// A trail of the account alone with basic selectors, which delivers elsewhere: nothing it records is its own delivery.
#[test]
fn a_basic_trail_that_delivers_to_another_account_records_all_buckets() {
    let site = Site::new();
    let first = site.configuration_of(&["222222222222"]);
    let plan = site.plan_of("enable-s3-data-events", &["222222222222"]);
    let [change] = changes(&plan) else { panic!("{plan:#}") };
    let (present, wanted) = (&change["steps"][0]["present"], &change["steps"][0]["wanted"]);
    assert!(!present["event_selectors"].as_array().unwrap().is_empty(), "{present:#}");
    assert!(wanted["event_selectors"].to_string().contains("\"arn:aws:s3\""), "{wanted:#}");
    let mended =
        change["results"].as_array().unwrap().iter().map(|result| (&result["check"], &result["after"]));
    assert!(
        mended.clone().any(|(check, after)| check == "foreign-bucket-activity-logged" && after == "pass")
    );
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert!(site.states().values().all(|state| state == "verified"), "{:?}", site.states());
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration_of(&["222222222222"]), first);
}
