//! Calls that fail, are lost or have no effect.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::remediation_site::{Site, changes, code, errors};
use crate::steps;

/// F-03 and F-05 in the midst of changes.
#[test]
fn f03_f05_failed_throttled_and_denied_writes_are_told_apart() {
    let site = Site::new();
    let plan = site.plan_of_untouched("require-tls");
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

/// F-35: the write took effect, and nobody heard of it.
#[test]
fn f35_a_write_whose_answer_is_lost_is_seen_and_not_repeated() {
    let site = Site::new();
    let plan = site.plan_of_untouched("block-public-access");
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
    let plan = site.plan_of_untouched("require-tls");
    let accounts: BTreeSet<&str> =
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

/// F-36: what AWS says it did and what is there are two things.
#[test]
fn f36_a_call_that_succeeds_without_effect_is_a_failure() {
    let site = Site::new();
    let plan = site.plan_of_untouched("block-public-access");
    site.emulator.fail(&json!([{"service": "s3", "operation": "PutPublicAccessBlock", "times": 1,
        "action": {"status": 200, "body": "", "content_type": "application/xml"}}]));
    let applied = site.apply();
    assert_eq!(code(&applied), 5, "{}", errors(&applied));
    assert!(errors(&applied).contains("what is read back is not what was set"), "{}", errors(&applied));
    let offered = "`exfilguard remediate rollback plan.json.journal` takes it back";
    assert!(errors(&applied).contains(offered), "{}", errors(&applied));
    let states = site.states();
    assert_eq!(states.values().filter(|state| *state == "failed").count(), 1, "{states:?}");
    assert_eq!(states.len(), changes(&plan).len(), "the others of the account went on: {states:?}");
    let back = site.rollback(&[]);
    assert_eq!(code(&back), 0, "{}", errors(&back));
    assert_eq!(site.writes()["s3:DeletePublicAccessBlock"], changes(&plan).len() as u64 - 1);
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
    let plan = site.plan_of_untouched("require-tls");
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
