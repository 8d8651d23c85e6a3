//! F-34 to F-43 of changes, and F-03, F-05, F-22, F-25, F-26 and F-30 at their steps: through the built program, against the
//! organization of traps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;
mod remediation_site;

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

use remediation_site::{ACCOUNTS, KINDS, Site, changes, code, errors};
use serde_json::{Value, json};

/// F-34, and F-38 of a rollback after somebody else's change.
#[test]
fn f34_f38_what_somebody_else_changed_is_left_alone() {
    let site = Site::new();
    let plan = site.plan(&["require-tls"]);
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
}

/// F-03 and F-05 in the midst of changes.
#[test]
fn f03_f05_failed_throttled_and_denied_writes_are_told_apart() {
    let site = Site::new();
    let plan = site.plan(&["require-tls"]);
    let accounts = ["222222222222", "333333333333", "444444444444"];
    let put = |account: &str, times: u64, action: Value| {
        json!({"account": account, "service": "s3", "operation": "PutBucketPolicy", "times": times,
            "action": action})
    };
    site.emulator.fail(&json!([
        put(accounts[0], 2, json!({"status": 503, "code": "SlowDown", "message": "slow down"})),
        put(accounts[1], 1, json!({"status": 500, "code": "InternalError", "message": "we stumbled"})),
        put(accounts[2], 1, json!({"status": 403, "code": "AccessDenied", "message": "no"})),
    ]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    let states = site.states();
    for (change, state) in &states {
        let account = change.split('/').nth(1).unwrap();
        let good = ["verified", "done"].contains(&state.as_str());
        let one_may_fail = account == accounts[2];
        assert!(good || (one_may_fail && state == "failed"), "{change} is {state}");
    }
    assert_eq!(states.values().filter(|state| *state == "failed").count(), 1, "{states:?}");
    // The wave that failed was finished; the next was not begun.
    assert!(states.len() < changes(&plan).len());
    assert!(errors(&applied).contains("were not begun"), "{}", errors(&applied));

    // Again, without faults: the rest is done, and nothing twice.
    site.emulator.fail(&json!([]));
    site.emulator.forget_requests();
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    let done = states.values().filter(|state| *state != "failed").count();
    let made = site.writes()["s3:PutBucketPolicy"];
    assert_eq!(made, (changes(&plan).len() - done) as u64);
}

/// F-42 and F-43.
#[test]
fn f42_f43_plans_that_were_edited_or_go_too_far_are_refused() {
    let site = Site::new();
    site.plan(&["block-public-access"]);
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

/// F-30 of the journal.
#[test]
fn f30_without_a_journal_nothing_is_called() {
    let site = Site::new();
    site.plan(&["require-tls"]);
    let nowhere = site.run(&["apply", "plan.json", "--yes", "--journal", "no/such/folder"]);
    assert_eq!(code(&nowhere), 5, "{}", errors(&nowhere));
    // A full disk: the journal may have 512 bytes, which its first line fits into and no announcement of a call.
    let program = site.emulator.program();
    let mut full = std::process::Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", emulated::PROGRAM]);
    full.env_clear().current_dir(site.folder.path());
    full.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    full.args(["remediate", "apply", "plan.json", "--yes", "--policy"]);
    full.arg("policy.yaml");
    let applied = full.output().unwrap();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("journal"), "{}", errors(&applied));
    assert!(site.writes().is_empty(), "{:?}", site.writes());
    // With space it goes on from the torn line.
    assert_eq!(code(&site.apply()), 0);
}

/// F-35: the write took effect, and nobody heard of it.
#[test]
fn f35_a_write_whose_answer_is_lost_is_seen_and_not_repeated() {
    let site = Site::new();
    let plan = site.plan(&["block-public-access"]);
    let steps = changes(&plan).len();
    assert!(steps >= 3, "{plan:#}");
    let lost = |place: usize, action: Value| {
        json!({"account": changes(&plan)[place]["account"], "service": "s3", "operation": "PutPublicAccessBlock",
            "resource": changes(&plan)[place]["resource"], "times": 1, "action": action})
    };
    let stumbled = json!({"done": true, "status": 500, "code": "InternalError", "message": "we stumbled"});
    let garbled = json!({"done": true, "status": 200, "body": "<html>", "content_type": "text/html"});
    site.emulator.fail(&json!([
        lost(0, json!({"done": true, "disconnect": true})),
        lost(1, stumbled),
        lost(2, garbled),
    ]));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert_eq!(site.writes()["s3:PutPublicAccessBlock"], steps as u64, "none is made twice");
    assert!(site.states().values().all(|state| ["verified", "done"].contains(&state.as_str())));
}

/// F-37: the k-th of n changes fails. What was done is recorded, nothing further is begun, and all of it is taken back.
#[test]
fn f37_after_a_failure_the_rest_is_not_begun_and_what_was_done_is_taken_back() {
    let site = Site::new();
    let first = site.configuration();
    let plan = site.plan(&["require-tls"]);
    let accounts: std::collections::BTreeSet<&str> =
        changes(&plan).iter().map(|change| change["account"].as_str().unwrap()).collect();
    // The second wave has the second and the third account.
    let failing = *accounts.iter().nth(1).unwrap();
    site.emulator.fail(&json!([{"account": failing, "service": "s3", "operation": "PutBucketPolicy",
        "action": {"status": 403, "code": "AccessDenied", "message": "an SCP says no"}}]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    let states = site.states();
    for (change, state) in &states {
        let account = change.split('/').nth(1).unwrap();
        let place = accounts.iter().position(|known| *known == account).unwrap();
        assert!(place <= 2, "{change} is of a later wave");
        assert_eq!(account == failing, state == "failed", "{change} is {state}");
    }
    assert!(states.len() < changes(&plan).len());
    site.emulator.fail(&json!([]));
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration(), first);
}

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

/// F-40: whoever acts could not repair what he did.
#[test]
fn f40_a_change_that_locks_out_him_who_acts_is_refused() {
    let site = Site::new();
    let policy = "version: 1\nsensitive: { buckets: [\"*\"] }\ntrust: { networks: [203.0.113.0/24] }\n\
         remediation: { role: ExfilguardRemediate }\n";
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
    let plan = site.plan(&["require-tls"]);
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
    // Each call names the owner, so that AWS refuses a bucket that has another one by now.
    for change in changes(&plan) {
        assert_eq!(change["steps"][0]["call"]["input"]["ExpectedBucketOwner"], change["account"]);
    }
}

/// F-36: what AWS says it did and what is there are two things.
#[test]
fn f36_a_call_that_succeeds_without_effect_is_a_failure() {
    let site = Site::new();
    let plan = site.plan(&["block-public-access"]);
    site.emulator.fail(&json!([{"service": "s3", "operation": "PutPublicAccessBlock", "times": 1,
        "action": {"status": 200, "body": "", "content_type": "application/xml"}}]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("what is read back is not what was set"), "{}", errors(&applied));
    let states = site.states();
    assert_eq!(states.values().filter(|state| *state == "failed").count(), 1, "{states:?}");
    assert_eq!(states.len(), changes(&plan).len(), "the others of the account went on: {states:?}");
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.writes()["s3:DeletePublicAccessBlock"], changes(&plan).len() as u64 - 1);
}

/// Numbers that differ from run to run.
struct Random(u32);

impl Random {
    fn new() -> Self {
        Self(std::process::id())
    }

    /// Below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u64::from(self.0 >> 8) % bound
    }
}

fn steps(plan: &Value) -> Vec<&Value> {
    changes(plan).iter().flat_map(|change| change["steps"].as_array().unwrap()).collect()
}

/// `service:Operation` of calls.
fn operations<'a>(steps: &[&'a Value], which: &str) -> BTreeSet<(&'a str, &'a str)> {
    let text = |call: &'a Value, name: &str| call[name].as_str().unwrap();
    steps.iter().map(|step| (text(&step[which], "service"), text(&step[which], "operation"))).collect()
}

/// Lets each call that writes take a while, so that a moment within it can be met.
fn slowly(site: &Site, plan: &Value) {
    let steps = steps(plan);
    let all: BTreeSet<_> = operations(&steps, "call").union(&operations(&steps, "undo")).copied().collect();
    let rule = |(service, operation): &(&str, &str)| json!({"service": service, "operation": operation, "action": {"delay_seconds": 0.1}});
    site.emulator.fail(&json!(all.iter().map(rule).collect::<Vec<_>>()));
}

/// Kills a program some time after so many writes were asked for, while it runs.
fn killed_after(site: &Site, mut program: std::process::Command, writes: u64, milliseconds: u64) {
    let mut process = program.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while site.write_count() < writes {
        assert!(process.try_wait().unwrap().is_none(), "it ended before {writes} writes");
        assert!(Instant::now() < deadline, "{writes} writes were not made");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(milliseconds));
    assert!(process.try_wait().unwrap().is_none(), "it ended soon after {writes} writes");
    process.kill().unwrap();
    process.wait().unwrap();
    // What was sent arrives, though nobody waits for the answer.
    std::thread::sleep(Duration::from_millis(200));
}

/// F-25: killed at 20 moments of an apply of more than 30 changes of all kinds, and at 5 of its rollback.
#[test]
fn f25_an_apply_that_is_killed_again_and_again_ends_where_one_run_ends() {
    let site = Site::new();
    let first = site.configuration();
    let plan = site.plan(&[]);
    assert!(changes(&plan).len() >= 30, "{} changes", changes(&plan).len());
    let calls = steps(&plan).len() as u64;
    site.emulator.forget_requests();
    slowly(&site, &plan);
    let mut random = Random::new();
    for kill in 1..=20 {
        killed_after(&site, site.applying(), (calls - 2) * kill / 20, random.below(150));
    }
    site.emulator.fail(&json!([]));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    // A write that a kill cut off after it was sent is seen, not made again.
    assert_eq!(site.write_count(), calls, "{:?}", site.writes());
    let states = site.step_states();
    assert_eq!(states.len() as u64, calls);
    assert!(states.iter().all(|(_, state)| state == "verified"), "{states:?}");

    site.emulator.forget_requests();
    slowly(&site, &plan);
    for kill in 1..=5 {
        killed_after(&site, site.restoring(), (calls - 2) * kill / 5, random.below(150));
    }
    site.emulator.fail(&json!([]));
    let back = site.rollback(&["--stop-logging"]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.write_count(), calls, "{:?}", site.writes());
    // The texts of all policies among it.
    assert_eq!(site.configuration(), first);
}

/// F-26 of changes.
#[cfg(unix)]
#[test]
fn f26_an_interrupted_apply_says_so_and_goes_on() {
    let site = Site::new();
    let plan = site.plan(&["require-tls"]);
    let calls = steps(&plan).len() as u64;
    assert!(calls >= 8, "{calls} calls");
    site.emulator.forget_requests();
    slowly(&site, &plan);
    for (signal, writes) in [("INT", 2), ("TERM", 6)] {
        let mut process = site.applying().stderr(Stdio::piped()).spawn().unwrap();
        while site.write_count() < writes && process.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let sent = std::process::Command::new("kill")
            .args([&format!("-{signal}"), &process.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let output = process.wait_with_output().unwrap();
        assert_eq!(code(&output), 130, "{}", errors(&output));
        assert!(errors(&output).contains("the journal holds what was done"), "{}", errors(&output));
        std::thread::sleep(Duration::from_millis(200));
    }
    site.emulator.fail(&json!([]));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert_eq!(site.write_count(), calls, "{:?}", site.writes());
}

/// F-22: AWS takes a moment until everybody is told the new value.
#[test]
fn f22_stale_answers_after_a_change_are_asked_again() {
    let site = Site::new();
    let plan = site.plan_of("require-tls", &["222222222222"]);
    let bucket = changes(&plan)[0]["resource"].as_str().unwrap();
    assert!(changes(&plan)[0]["steps"][0]["present"].is_null(), "{plan:#}");
    site.emulator.forget_requests();
    site.emulator.fail(&json!([
        // Before the change that is so, and twice afterwards.
        {"service": "s3", "operation": "GetBucketPolicy", "resource": bucket, "times": 3,
            "action": {"status": 404, "code": "NoSuchBucketPolicy", "message": "no policy"}},
        // Only the checks ask for the list of buckets.
        {"account": "222222222222", "service": "s3", "operation": "ListBuckets", "times": 1,
            "action": {"status": 403, "code": "AccessDenied", "message": "not yet"}},
    ]));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert_eq!(site.write_count(), changes(&plan).len() as u64);
    assert!(site.states().values().all(|state| state == "verified"), "{:?}", site.states());
}

/// A change that is made and does not lead to what the plan promised.
#[test]
fn what_cannot_be_verified_stops_further_waves() {
    let site = Site::new();
    let plan = site.plan(&["require-tls"]);
    let account = changes(&plan)[0]["account"].as_str().unwrap();
    let denied = json!({"status": 403, "code": "AccessDenied", "message": "not you"});
    site.emulator.fail(&json!([
        {"account": account, "service": "s3", "operation": "ListBuckets", "action": denied},
    ]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("were not begun"), "{}", errors(&applied));
    let states = site.states();
    assert!(!states.is_empty() && states.len() < changes(&plan).len());
    for (change, state) in &states {
        assert!(change.contains(account) && state == "unverified", "{change} is {state}");
    }
    site.emulator.fail(&json!([]));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert_eq!(site.write_count(), steps(&plan).len() as u64);
}

/// What `apply` and `rollback` read of the settings, by kind of change, besides what all of them do.
const READS: [(&str, &[&str]); 12] = [
    ("start-trail-logging", &["cloudtrail:GetTrailStatus"]),
    ("enable-s3-data-events", &["cloudtrail:GetEventSelectors"]),
    (
        "enable-guardduty-s3-protection",
        &[
            "guardduty:ListDetectors",
            "guardduty:GetDetector",
            "guardduty:ListMembers",
            "guardduty:GetMemberDetectors",
        ],
    ),
    ("enable-guardduty-auto-s3", &["guardduty:DescribeOrganizationConfiguration"]),
    ("unsuppress-findings", &["guardduty:GetFilter"]),
    (
        "create-guardduty-event-rule",
        &["sns:GetTopicAttributes", "events:ListRules", "events:ListTargetsByRule"],
    ),
    (
        "create-bulk-download-alarm",
        &["sns:GetTopicAttributes", "logs:DescribeMetricFilters", "cloudwatch:DescribeAlarms"],
    ),
    ("restrict-endpoint-policy", &["ec2:DescribeVpcEndpoints"]),
    ("require-tls", &["s3:GetBucketPolicy"]),
    ("restrict-bucket-policy", &["s3:GetBucketPolicy"]),
    ("disable-acls", &["s3:GetBucketOwnershipControls"]),
    ("block-public-access", &["s3:GetPublicAccessBlock"]),
];

/// What is first asked when the change is made, to verify it: of a rule that does not exist nobody lists the targets.
const READ_TO_VERIFY: [&str; 1] = ["events:ListTargetsByRule"];

/// Where each kind is tried: the fewest accounts that have something to mend.
fn place_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "start-trail-logging" | "unsuppress-findings" => &["333333333333"],
        "enable-guardduty-s3-protection" => &["123456789012", "444444444444"],
        "enable-guardduty-auto-s3" => &["123456789012"],
        "create-guardduty-event-rule" | "create-bulk-download-alarm" => &["666666666666"],
        "restrict-bucket-policy" => &["444444444444"],
        "restrict-endpoint-policy" | "disable-acls" | "block-public-access" => &["888888888888"],
        _ => &["222222222222"],
    }
}

/// F-05 at every step: whatever is denied, nothing is done that is not recorded, and with the permission it goes on.
#[test]
fn f05_each_operation_of_each_kind_may_be_denied() {
    let site = Site::new();
    let first = site.configuration();
    for (kind, reads) in READS {
        let plan = site.plan_of(kind, place_of(kind));
        assert!(!changes(&plan).is_empty(), "{kind}: {plan:#}");
        let steps = steps(&plan);
        let (verified, read): (Vec<&str>, Vec<&str>) =
            reads.iter().partition(|name| READ_TO_VERIFY.contains(name));
        let named = |names: &[&'static str]| -> Vec<_> {
            names.iter().map(|name| name.split_once(':').unwrap()).collect()
        };
        for which in ["call", "undo"] {
            let mut all: Vec<_> = operations(&steps, which).into_iter().collect();
            if which == "call" {
                all.splice(0..0, named(&read));
                all.extend(named(&verified));
            }
            for (service, operation) in all {
                site.emulator.fail(&json!([{"service": service, "operation": operation,
                    "action": {"status": 403, "code": "AccessDenied", "message": "not you"}}]));
                let denied = if which == "call" { site.apply() } else { site.rollback(&["--stop-logging"]) };
                assert_eq!(code(&denied), 5, "{kind} without {operation}: {}", errors(&denied));
                assert!(
                    errors(&denied).contains("AccessDenied"),
                    "{kind} without {operation}: {}",
                    errors(&denied)
                );
            }
            site.emulator.fail(&json!([]));
            let done = if which == "call" { site.apply() } else { site.rollback(&["--stop-logging"]) };
            assert_eq!(code(&done), 0, "{kind}: {}", errors(&done));
        }
        std::fs::remove_file(site.path("plan.json.journal")).unwrap();
    }
    assert_eq!(site.configuration(), first);
}

/// F-03 at every step: each operation stumbles once, and all kinds of change are made and taken back all the same.
#[test]
fn f03_each_operation_of_each_kind_may_stumble_once() {
    let site = Site::new();
    let first = site.configuration();
    let plan = site.plan(&[]);
    let steps = steps(&plan);
    let kinds: BTreeSet<&str> =
        changes(&plan).iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, KINDS.into_iter().collect());
    let reads = READS.iter().flat_map(|(_, reads)| *reads).map(|name| name.split_once(':').unwrap());
    for which in ["call", "undo"] {
        let all: BTreeSet<_> = reads.clone().chain(operations(&steps, which)).collect();
        let stumble = |(service, operation): &(&str, &str)| {
            json!({"service": service, "operation": operation, "times": 1,
                "action": {"status": 503, "code": "ServiceUnavailable", "message": "we stumbled"}})
        };
        site.emulator.fail(&json!(all.iter().map(stumble).collect::<Vec<_>>()));
        let done = if which == "call" { site.apply() } else { site.rollback(&["--stop-logging"]) };
        assert_eq!(code(&done), 0, "{}", errors(&done));
    }
    site.emulator.fail(&json!([]));
    assert_eq!(site.configuration(), first);
}

/// F-30: the disk is full at any line of the journal.
#[test]
fn f30_a_disk_that_fills_up_at_any_line_loses_nothing() {
    let site = Site::new();
    let first = site.configuration();
    let plan = site.plan(&["require-tls", "block-public-access"]);
    let calls = steps(&plan).len() as u64;
    site.emulator.forget_requests();
    let (mut full, mut blocks) = (0, 2);
    loop {
        // Blocks of 512 bytes; more each time, because each run also adds what it found to be verified already.
        let program = site.applying();
        let mut limited = std::process::Command::new("sh");
        limited.args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
            "sh",
            emulated::PROGRAM,
        ]);
        limited.args(program.get_args()).env_clear().current_dir(site.folder.path());
        limited.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let applied = limited.output().unwrap();
        // Each write was announced, on the disk, before it was made.
        let text = std::fs::read_to_string(site.path("plan.json.journal")).unwrap();
        let announced = text.matches("\"event\":\"intent\"").count() as u64;
        assert!(site.write_count() <= announced, "{:?} of {announced}", site.writes());
        if code(&applied) == 0 {
            break;
        }
        assert_eq!(code(&applied), 5, "{}", errors(&applied));
        assert!(errors(&applied).contains("cannot be written"), "{}", errors(&applied));
        full += 1;
        blocks += 4 + blocks / 3;
    }
    assert!(full >= 5, "{full} times");
    assert_eq!(site.write_count(), calls, "{:?}", site.writes());
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration(), first);
}

/// Who plans reads with the audit's role, and who changes acts with the remediation role alone.
#[test]
fn changes_are_made_with_the_remediation_role() {
    let site = Site::new();
    let policy = std::fs::read_to_string(site.path("policy.yaml")).unwrap();
    let policy = policy.replace("remediation: {", "remediation: { role: ExfilguardRemediate,");
    std::fs::write(site.path("policy.yaml"), policy + "organization: { role: ExfilguardAudit }\n").unwrap();
    let closed = |role: &str| {
        json!([{"service": "sts", "operation": "AssumeRole", "resource": format!("role/{role}"),
            "action": {"status": 403, "code": "AccessDenied", "message": "not this role"}}])
    };
    let accounts: Vec<&str> = ACCOUNTS.into_iter().filter(|id| *id != "123456789012").collect();
    site.somebody(&format!(
        "for account in {accounts:?}:\n    for role in ('ExfilguardAudit', 'ExfilguardRemediate'):\n        \
         client('iam', account=account).create_role(RoleName=role, AssumeRolePolicyDocument='{{}}')"
    ));
    site.emulator.fail(&closed("ExfilguardRemediate"));
    // The network perimeter leaves out the role that acts.
    let plan = site.plan(&["restrict-bucket-policy"]);
    assert!(plan.to_string().contains("role/ExfilguardRemediate"), "{plan:#}");
    site.emulator.fail(&closed("ExfilguardAudit"));
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert!(site.states().values().all(|state| state == "verified"), "{:?}", site.states());
    site.emulator.fail(&closed("ExfilguardRemediate"));
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 5, "{}", errors(&back));
    assert!(errors(&back).contains("not this role"), "{}", errors(&back));
}

/// F-42: a bucket that got the tag since, or a policy file that got the exclusion.
#[test]
fn f42_tags_that_exclude_a_bucket_are_asked_for_again() {
    let site = Site::new();
    let plan = site.plan(&["require-tls"]);
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
    let theirs = site.configuration();
    let applied = site.apply();
    assert_eq!(code(&applied), 0, "{}", errors(&applied));
    assert!(
        errors(&applied).contains(&format!("already   block-public-access/888888888888/us-east-1/{bucket}"))
    );
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.configuration(), theirs);
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
    let theirs = site.configuration();
    assert_eq!(code(&site.apply()), 0);
    assert_eq!(code(&site.rollback(&[])), 0);
    assert_eq!(site.configuration(), theirs);
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
    let kept = site.configuration();
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
    let first = site.configuration();
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
    assert_eq!(site.configuration(), first);
}

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
