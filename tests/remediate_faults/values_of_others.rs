//! What somebody else set is never overwritten, neither by a change nor when it is taken back.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::remediation_site::{Site, changes, code, errors};

/// F-34, and F-38 of a rollback after somebody else's change.
#[test]
fn f34_f38_what_somebody_else_changed_is_left_alone() {
    let site = Site::new();
    let plan = site.plan_of_untouched("require-tls");
    let bucket = "trap-one-prefix-222222222222";
    let theirs = r#"{"Version":"2012-10-17","Statement":[]}"#;
    site.emulator.put(&json!([{"kind": "bucket_policy", "bucket": bucket, "text": theirs}]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("somebody else"), "{}", errors(&applied));
    let writes = site.writes();
    assert_eq!(writes["s3:PutBucketPolicy"], changes(&plan).len() as u64 - 1, "{writes:?}");
    let states = site.states();
    let refused: Vec<_> = states.iter().filter(|(_, state)| *state == "refused").collect();
    assert_eq!(refused.len(), 1, "{states:?}");
    assert!(refused[0].0.ends_with(bucket));

    // Rolling back refuses what was changed after us, too.
    let other = "trap-write-only-222222222222";
    site.emulator.put(&json!([{"kind": "bucket_policy", "bucket": other, "text": theirs}]));
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 5, "{}", errors(&back));
    let states = site.states();
    let refused: Vec<_> = states.iter().filter(|(_, state)| *state == "undo-refused").collect();
    assert_eq!(refused.len(), 1, "{states:?}");
    assert!(refused[0].0.ends_with(other));
    // What he wrote is shown beside what was there before him.
    assert!(errors(&back).contains("-       \"Sid\": \"ExfilguardRequireTls\""), "{}", errors(&back));

    // As text, too.
    let told = site.run(&["status", "plan.json.journal"]);
    assert_eq!(code(&told), 0, "{}", errors(&told));
    let text = String::from_utf8(told.stdout).unwrap();
    let digest = plan["digest"].as_str().unwrap();
    assert!(text.starts_with(&format!("plan {}, begun 20", &digest[..12])), "{text}");
    let line = |state: &str, bucket: &str, call: &str| {
        let found = text.lines().find(|line| line.starts_with(state) && line.contains(bucket));
        found.is_some_and(|line| line.ends_with(call))
    };
    assert!(line("refused ", bucket, "(no call)"), "{text}");
    assert!(line("undo-refused ", other, "(s3:PutBucketPolicy)"), "{text}");
    assert!(text.contains("               it was changed by somebody else since:"), "{text}");
    let counts = format!("1 refused, 1 undo-refused, {} undone", changes(&plan).len() - 2);
    assert_eq!(text.lines().last(), Some(counts.as_str()), "{text}");
}

/// F-38: what somebody sets after a rollback is his, even if it is what the plan wanted.
#[test]
fn f38_what_somebody_sets_after_a_rollback_is_not_taken_back() {
    let site = Site::new();
    let plan = site.plan_of("block-public-access", &["888888888888"]);
    assert_eq!(code(&site.apply()), 0);
    assert_eq!(code(&site.rollback(&[])), 0);
    let bucket = changes(&plan)[0]["resource"].as_str().unwrap();
    let all = "dict(BlockPublicAcls=True, IgnorePublicAcls=True, BlockPublicPolicy=True, RestrictPublicBuckets=True)";
    site.somebody(&format!(
        "client('s3', account='888888888888').put_public_access_block(Bucket='{bucket}', \
         PublicAccessBlockConfiguration={all})"
    ));
    let theirs = site.configuration_of(&["888888888888"]);
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert!(
        errors(&applied).contains(&format!("already   block-public-access/888888888888/us-east-1/{bucket}"))
    );
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration_of(&["888888888888"]), theirs);
}

/// F-38: a call that AWS refused leaves nothing to take back, whoever sets the value later.
#[test]
fn f38_what_somebody_sets_after_a_refused_call_is_not_taken_back() {
    let site = Site::new();
    let plan = site.plan_of("disable-acls", &["888888888888"]);
    site.emulator.fail(&json!([{"service": "s3", "operation": "PutBucketOwnershipControls",
        "action": {"status": 403, "code": "AccessDenied", "message": "not you"}}]));
    assert_eq!(code(&site.apply()), 5);
    site.emulator.fail(&json!([]));
    for change in changes(&plan) {
        site.somebody(&format!(
            "client('s3', account='888888888888').put_bucket_ownership_controls(Bucket='{}', OwnershipControls=\
             {{'Rules': [{{'ObjectOwnership': 'BucketOwnerEnforced'}}]}})",
            change["resource"].as_str().unwrap()
        ));
    }
    let theirs = site.configuration_of(&["888888888888"]);
    assert_eq!(code(&site.apply()), 0);
    assert_eq!(code(&site.rollback(&[])), 0);
    assert_eq!(site.configuration_of(&["888888888888"]), theirs);
}

/// F-38: a topic in whose policy somebody else wrote since is not deleted with what he wrote.
#[test]
fn f38_what_others_built_on_is_not_taken_away_below_them() {
    let site = Site::new();
    let plan = site.plan_of("create-guardduty-event-rule", &["222222222222"]);
    let makes = |change: &&Value| change["steps"][0]["call"]["operation"] == "CreateTopic";
    let change = changes(&plan).iter().find(makes).unwrap();
    let (account, region) = (change["account"].as_str().unwrap(), change["region"].as_str().unwrap());
    let topic = change["steps"][0]["sets"]["topic"].as_str().unwrap();
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    site.somebody(&format!(
        "sns = client('sns', '{region}', '{account}')\n\
         policy = json.loads(sns.get_topic_attributes(TopicArn='{topic}')['Attributes']['Policy'])\n\
         policy['Statement'].append(dict(Sid='Theirs', Effect='Allow', Action='sns:Publish', Resource='{topic}', \
         Principal=dict(Service='backup.amazonaws.com')))\n\
         sns.set_topic_attributes(TopicArn='{topic}', AttributeName='Policy', AttributeValue=json.dumps(policy))"
    ));
    for _ in 0..2 {
        let back = site.rollback(&[]);
        assert_eq!(code(&back), 5, "{}", errors(&back));
        let states = site.step_states();
        let of_change = states.iter().filter(|(id, _)| *id == change["id"]).map(|(_, state)| state.as_str());
        // The topic, the subscription and the policy stay; the rule and its target were nobody else's.
        assert_eq!(
            of_change.collect::<Vec<_>>(),
            ["undo-refused", "undo-refused", "undo-refused", "undone", "undone"],
            "{states:?}"
        );
    }
    let kept = site.configuration_of(&["222222222222"]);
    let text = serde_json::to_string(&kept).unwrap();
    assert!(!text.contains("\"exfilguard-guardduty-s3-findings\""));
    site.somebody(&format!(
        "topics = [t['TopicArn'] for t in client('sns', '{region}', '{account}').list_topics()['Topics']]\n\
         assert '{topic}' in topics, topics"
    ));
}

/// F-34 of each kind: what somebody else made of a setting since the plan is not overwritten.
#[test]
fn f34_a_concurrent_edit_of_any_kind_is_never_overwritten() {
    let site = Site::new();
    let plan = site.plan(&[]);
    let mut edited = BTreeSet::new();
    let mut edits = String::new();
    for change in changes(&plan) {
        let kind = change["kind"].as_str().unwrap();
        // A change that is the first to set what it sets, so that it is the edit alone that stands in its way.
        let first_of_setting = |other: &Value| other["steps"][0]["sets"] == change["steps"][0]["sets"];
        let is_first =
            changes(&plan).iter().find(|other| first_of_setting(other)).unwrap()["id"] == change["id"];
        if is_first && edited.insert(kind) {
            edits.push_str(&format!("edit(json.loads({:?}))\n", change.to_string()));
        }
    }
    site.somebody(&format!("{EDITS}{edits}"));
    let theirs = site.configuration();
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    let mut left = BTreeSet::new();
    for (change, state) in site.step_states() {
        if state == "refused" || state == "already" {
            left.insert(change.split('/').next().unwrap().to_owned());
        }
    }
    assert_eq!(edited.iter().map(|kind| (*kind).to_owned()).collect::<BTreeSet<_>>(), left);
    let back = site.rollback(&["--stop-logging"]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration(), theirs);
}

/// What somebody does to the setting of a change's first step: another value where there is a third one, else the wanted
/// value, which is his then.
const EDITS: &str = r#"
def edit(change):
    account, region, sets = change['account'], change['region'], change['steps'][0]['sets']
    at = lambda service: client(service, region, account)
    theirs = {'Sid': 'Theirs', 'Effect': 'Deny', 'Principal': '*', 'Action': 's3:DeleteObject', 'Resource': '*'}
    match sets['setting']:
        case 'bucket-policy':
            bucket = sets['bucket']
            theirs['Resource'] = f'arn:aws:s3:::{bucket}/*'
            policy = json.dumps({'Version': '2012-10-17', 'Statement': [theirs]})
            at('s3').put_bucket_policy(Bucket=bucket, Policy=policy)
        case 'bucket-public-access-block':
            flags = dict(BlockPublicAcls=True, IgnorePublicAcls=False, BlockPublicPolicy=False, RestrictPublicBuckets=False)
            at('s3').put_public_access_block(Bucket=sets['bucket'], PublicAccessBlockConfiguration=flags)
        case 'bucket-ownership':
            rules = {'Rules': [{'ObjectOwnership': 'BucketOwnerPreferred'}]}
            at('s3').put_bucket_ownership_controls(Bucket=sets['bucket'], OwnershipControls=rules)
        case 'trail-logging':
            at('cloudtrail').start_logging(Name=sets['trail'])
        case 'trail-selectors':
            at('cloudtrail').put_event_selectors(TrailName=sets['trail'], EventSelectors=[
                {'ReadWriteType': 'WriteOnly', 'IncludeManagementEvents': True, 'DataResources': []}])
        case 'member-feature':
            guardduty = client('guardduty', region, sets['member'])
            feature = {'Name': sets['feature'], 'Status': 'ENABLED'}
            guardduty.update_detector(DetectorId=guardduty.list_detectors()['DetectorIds'][0], Features=[feature])
        case 'automatic-feature':
            at('guardduty').update_organization_configuration(DetectorId=sets['detector'],
                AutoEnableOrganizationMembers='ALL', Features=[{'Name': sets['feature'], 'AutoEnable': 'NONE'}])
        case 'filter-action':
            at('guardduty').update_filter(DetectorId=sets['detector'], FilterName=sets['filter'], Action='NOOP')
        case 'endpoint-policy':
            policy = json.dumps({'Version': '2012-10-17', 'Statement': [theirs]})
            at('ec2').modify_vpc_endpoint(VpcEndpointId=sets['endpoint'], PolicyDocument=policy)
        case 'topic':
            name = sets['topic'].rsplit(':', 1)[1]
            arn = at('sns').create_topic(Name=name)['TopicArn']
            at('sns').subscribe(TopicArn=arn, Protocol='email', Endpoint='theirs@example.com')
        case 'topic-policy':
            topic = sets['topic']
            policy = json.loads(at('sns').get_topic_attributes(TopicArn=topic)['Attributes']['Policy'])
            policy['Statement'].append(dict(Sid='Theirs', Effect='Allow', Action='sns:Publish', Resource=topic,
                                            Principal=dict(Service='backup.amazonaws.com')))
            at('sns').set_topic_attributes(TopicArn=topic, AttributeName='Policy', AttributeValue=json.dumps(policy))
"#;

/// AWS gives a policy back in its own way: that is nobody's edit, neither before the change nor before it is taken back.
#[test]
fn a_policy_that_aws_writes_otherwise_is_still_the_same() {
    let site = Site::new();
    let bucket = "trap-one-prefix-222222222222";
    let policy = |principals: &str, actions: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Theirs","Effect":"Allow","Principal":{{"AWS":{principals}}},"Action":{actions},"Resource":"arn:aws:s3:::{bucket}/*"}}]}}"#
        )
    };
    let put = |text: &str| {
        site.somebody(&format!(
            "client('s3', account='222222222222').put_bucket_policy(Bucket='{bucket}', Policy={text:?})"
        ));
    };
    put(&policy(r#"["222222222222","444444444444"]"#, r#"["s3:GetObject"]"#));
    let plan = site.plan_of("require-tls", &["222222222222"]);
    put(&policy(r#"["arn:aws:iam::444444444444:root","222222222222"]"#, r#""s3:GetObject""#));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    let put_again = site.writes()["s3:PutBucketPolicy"] - 1;
    assert_eq!(put_again, changes(&plan).len() as u64);
    // After the change, too.
    let change = changes(&plan).iter().find(|change| change["resource"] == bucket).unwrap();
    let wanted: Value = serde_json::from_str(change["steps"][0]["wanted"].as_str().unwrap()).unwrap();
    let mut rewritten = wanted.clone();
    rewritten["Statement"][1]["Resource"].as_array_mut().unwrap().reverse();
    assert_ne!(rewritten, wanted);
    put(&rewritten.to_string());
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
}
