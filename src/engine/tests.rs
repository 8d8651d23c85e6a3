#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
//! The guards of the contract: each with a module that breaks it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::evaluate::interpret;
use super::*;
use crate::catalogue::{ResourceKind, Status};
use crate::collect::permission;
use crate::facts;

const HEAD: &str = r#"# METADATA
# title: Sample
# description: A sample.
# custom:
#   id: sample
#   area: data-events
#   resource: bucket
#   severity: high
#   since: "0.1.0"
#   status: stable
"#;

const BODY: &str = r#"
pass if input.reads_logged.holds
message := sprintf("reads of `%s`: %s", [input.name, input.reads_logged.reason])
"#;

fn schemas() -> Schemas {
    Schemas(facts::schemas())
}

fn module(more_metadata: &str, body: &str) -> Source {
    let text =
        format!("{HEAD}{more_metadata}package exfilguard.data_events.sample\n\nimport rego.v1\n{body}");
    Source { path: "checks/data-events/sample.rego".into(), text, builtin: true }
}

fn load(body: &str) -> Result<Checks, Vec<LoadError>> {
    Checks::load(&[module("", body)], &schemas())
}

/// The messages of a refused module.
fn refused(body: &str) -> String {
    let errors = load(body).unwrap_err();
    errors.iter().map(|error| format!("{error} {}\n", error.help.clone().unwrap_or_default())).collect()
}

fn fact(holds: &str) -> Value {
    json!({"holds": holds, "reason": format!("it is {holds}")})
}

fn bucket(reads: &str, writes: &str) -> Value {
    json!({"name": "b", "reads_logged": fact(reads), "writes_logged": fact(writes), "outside_grants": []})
}

fn surroundings() -> Surroundings {
    Surroundings {
        account: json!({"id": "111122223333", "name": "one"}),
        organization: json!({"id": "o-a"}),
        trust: json!({"organizations": [], "accounts": [], "vpc_endpoints": [], "networks": []}),
    }
}

fn judge(body: &str, facts: &Value) -> Outcome {
    let checks = load(body).unwrap();
    let check = checks.get("sample").unwrap();
    let outcome = checks.evaluator().evaluate(check, facts, &surroundings());
    assert_eq!(outcome, interpret(&checks, check, facts, &surroundings()), "interpreter and machine agree");
    outcome
}

#[test]
fn three_values_come_out_as_three_statuses() {
    let status = |reads: &str| judge(BODY, &bucket(reads, "no")).status;
    assert_eq!(status("yes"), Status::Pass);
    assert_eq!(status("no"), Status::Fail);
    assert_eq!(status("unknown"), Status::Unknown);
    let failed = judge(BODY, &bucket("no", "yes"));
    assert_eq!(failed.message, "reads of `b`: it is no");
    assert_eq!(failed.read, ["/reads_logged"]);
    assert_eq!(judge(BODY, &bucket("unknown", "yes")).message, "it is unknown");
}

#[test]
fn an_unknown_fact_hides_no_certain_failure() {
    let both = r#"
pass if { input.reads_logged.holds; input.writes_logged.holds }
message := "not both"
"#;
    assert_eq!(judge(both, &bucket("unknown", "no")).status, Status::Fail);
    assert_eq!(judge(both, &bucket("unknown", "yes")).status, Status::Unknown);
    let either = r#"
pass if input.reads_logged.holds
pass if input.writes_logged.holds
message := "neither"
"#;
    assert_eq!(judge(either, &bucket("unknown", "yes")).status, Status::Pass);
}

#[test]
fn six_unknown_facts_are_tried_and_seven_are_not() {
    let body = r#"
pass if { some grant in input.outside_grants; grant.granted.holds; input.reads_logged.holds }
message := "no"
"#;
    let grants = |n: usize| {
        let mut facts = bucket("no", "no");
        facts["outside_grants"] = json!(vec![json!({"granted": fact("unknown")}); n]);
        facts
    };
    assert_eq!(judge(body, &grants(6)).status, Status::Fail);
    assert_eq!(judge(body, &grants(7)).status, Status::Unknown);
}

#[test]
fn a_pass_is_exactly_true() {
    let broken = "pass := \"true\"\nmessage := \"no\"\n";
    let outcome = judge(broken, &bucket("yes", "yes"));
    assert_eq!(outcome.status, Status::Error);
    assert!(outcome.message.contains("not true or false"), "{}", outcome.message);
    assert_eq!(judge("pass := 1\nmessage := \"no\"\n", &bucket("yes", "yes")).status, Status::Error);
    let value = "pass := input.reads_logged.holds\nmessage := \"no\"\n";
    assert_eq!(judge(value, &bucket("yes", "yes")).status, Status::Pass);
    assert_eq!(judge(value, &bucket("no", "yes")).status, Status::Fail);
}

#[test]
fn a_failure_without_a_message_is_a_defect() {
    for message in [
        "message := \"x\" if input.reads_logged.holds",
        "message := \" \"",
        "message := 1",
        "message := [\"a\"]",
    ] {
        let body = format!("pass if input.reads_logged.holds\n{message}\n");
        assert_eq!(judge(&body, &bucket("no", "yes")).status, Status::Error, "{message}");
        assert_eq!(judge(&body, &bucket("yes", "yes")).status, Status::Pass, "{message}");
    }
}

#[test]
fn definitions_that_may_contradict_each_other_are_refused() {
    for body in [
        "pass if input.reads_logged.holds\npass := false if input.writes_logged.holds\nmessage := \"no\"\n",
        "pass if input.reads_logged.holds\nmessage := \"a\"\nmessage := \"b\" if input.name\n",
    ] {
        assert!(refused(body).contains("contradict"), "{body}");
    }
    let else_chain =
        "pass if input.reads_logged.holds\nmessage := \"a\" if input.name == \"x\"\nelse := \"b\"\n";
    assert_eq!(judge(else_chain, &bucket("no", "no")).message, "b");
}

#[test]
fn what_does_not_apply_is_not_judged() {
    let body = format!("applies if input.writes_logged.holds\n{BODY}");
    assert_eq!(judge(&body, &bucket("no", "no")).status, Status::NotApplicable);
    assert_eq!(judge(&body, &bucket("no", "yes")).status, Status::Fail);
    assert_eq!(judge(&body, &bucket("no", "unknown")).status, Status::Unknown);
}

#[test]
fn f29_an_endless_evaluation_is_a_defect_of_its_resource_only() {
    let body = r#"
pass if {
    some a in input.outside_grants
    some b in input.outside_grants
    some c in input.outside_grants
    some d in input.outside_grants
    concat("", [a.grantee, b.grantee, c.grantee, d.grantee]) == input.name
}
message := "no"
"#;
    let checks = load(body).unwrap();
    let check = checks.get("sample").unwrap();
    let mut evaluator = checks.evaluator();
    let mut facts = bucket("yes", "yes");
    facts["outside_grants"] = json!(vec![json!({"grantee": "x"}); 300]);
    let outcome = evaluator.evaluate(check, &facts, &surroundings());
    assert_eq!(outcome.status, Status::Error, "{}", outcome.message);
    facts["outside_grants"] = json!([{"grantee": "x"}]);
    assert_eq!(evaluator.evaluate(check, &facts, &surroundings()).status, Status::Fail);
}

#[test]
fn what_makes_much_of_little_is_refused() {
    for call in ["numbers.range(1, 1000000000)", "replace(input.name, \"a\", \"aaaa\")"] {
        assert!(
            refused(&format!("pass if {call}\nmessage := \"no\"\n")).contains("must not be called"),
            "{call}"
        );
    }
}

#[test]
fn references_to_what_is_not_there_are_refused_with_the_nearest_name() {
    let message = refused("pass if input.read_logged.holds\nmessage := \"no\"\n");
    assert!(message.contains("checks/data-events/sample.rego:14:"), "{message}");
    assert!(message.contains("`input` has no field `read_logged`"), "{message}");
    assert!(message.contains("did you mean `reads_logged`?"), "{message}");
    for body in [
        "pass if input.reads_logged.hold\nmessage := \"no\"\n",
        "pass if input.reads_logged.evidence\nmessage := \"no\"\n",
        "pass if { some g in input.outside_grants; g.grantd.holds }\nmessage := \"no\"\n",
        "pass if input[\"reads\"]\nmessage := \"no\"\n",
        "pass if data.parameters.objects > 1\nmessage := \"no\"\n",
        "pass if data.account.secret\nmessage := \"no\"\n",
        "pass if data.exfilguard.other.rule\nmessage := \"no\"\n",
        "f(x) if x.nothing\npass if f(input.reads_logged)\nmessage := \"no\"\n",
        "pass if { x := input.reads_logged; x.nothing }\nmessage := \"no\"\n",
        "pass if { x.nothing; x := input.reads_logged }\nmessage := \"no\"\n",
        "pass if { some f in [input.reads_logged, input.writes_logged]; f.nothing }\nmessage := \"no\"\n",
        "pass if input.name\nmessage := sprintf(\"%v\", [input])\n",
    ] {
        assert!(load(body).is_err(), "{body}");
    }
}

#[test]
fn what_is_no_function_of_the_facts_is_refused() {
    for (body, named) in [
        ("pass if input.name with input as {}\nmessage := \"no\"\n", "with"),
        ("pass if { walk(input.reads_logged, [p, v]) }\nmessage := \"no\"\n", "walk"),
        ("pass if { print(input.name); input.name }\nmessage := \"no\"\n", "print"),
        ("pass if { http.send({\"url\": \"http://a\"}) }\nmessage := \"no\"\n", "http.send"),
        ("pass if { time.now_ns() > 1 }\nmessage := \"no\"\n", "time.now_ns"),
        ("pass if { rand.intn(\"a\", 2) == 1 }\nmessage := \"no\"\n", "rand.intn"),
        ("default pass := true\nmessage := \"no\"\n", "default"),
        ("import data.other\npass if input.name\nmessage := \"no\"\n", "rego.v1"),
        ("message := \"no\"\n", "no rule `pass`"),
        ("pass if input.reads_logged.holds\n", "no rule `message`"),
    ] {
        let message = refused(body);
        assert!(message.contains(named), "{body}: {message}");
    }
}

#[test]
fn a_rule_that_refers_to_itself_is_refused() {
    assert!(load("pass if a\na if b\nb if a\nmessage := \"no\"\n").is_err());
}

#[test]
fn what_holds_for_an_empty_list_must_be_meant() {
    let spellings = [
        "pass if { every g in input.outside_grants { not g.granted.holds } }",
        "pass if count(input.outside_grants) == 0",
        "pass if 0 == count(input.outside_grants)",
        "pass if count(input.outside_grants) < 1",
        "bad := [g | some g in input.outside_grants; g.granted.holds]\npass if count(bad) == 0",
        "bad if { some g in input.outside_grants; g.granted.holds }\npass if not bad",
    ];
    for spelling in spellings {
        let body = format!("{spelling}\nmessage := \"no\"\n");
        assert!(refused(&body).contains("when the list is empty"), "{spelling}");
        let meant = "#   empty_is: pass\n#   empty_reason: Nothing granted is good.\n";
        let loaded = Checks::load(&[module(meant, &body)], &schemas());
        assert!(loaded.is_ok(), "{spelling}: {loaded:?}");
    }
    let asks = "pass if count(input.outside_grants) > 0\nmessage := \"no\"\n";
    assert!(load(asks).is_ok());
}

#[test]
fn metadata_is_held_against_the_file() {
    let good = module("", BODY);
    for (from, to, named) in [
        ("severity: high", "severity: terrible", "terrible"),
        ("id: sample", "id: other", "is not the file's name"),
        ("area: data-events", "area: buckets", "is not the folder's name"),
        ("status: stable", "status: stable\n#   colour: red", "colour"),
        ("status: stable", "status: stable\n#   remediation: pray", "no kind of change"),
        ("# METADATA", "# METADAT", "no METADATA"),
        ("exfilguard.data_events.sample", "exfilguard.data_events.samples", "the package is"),
        ("exfilguard.data_events.sample", "custom.data_events.sample", "the package is"),
        ("status: stable", "status: stable\n#   empty_is: pass", "empty_reason"),
    ] {
        let text = good.text.replace(from, to);
        let errors = Checks::load(&[Source { text, ..good.clone() }], &schemas()).unwrap_err();
        assert!(errors[0].to_string().contains(named), "{to}: {}", errors[0]);
    }
}

#[test]
fn a_syntax_error_names_its_line() {
    let message = refused("pass if {\nmessage := \"no\"\n");
    assert!(message.contains("checks/data-events/sample.rego:1"), "{message}");
    assert!(message.contains("no valid Rego"), "{message}");
}

#[test]
fn two_modules_of_one_id_are_refused() {
    let errors = Checks::load(&[module("", BODY), module("", BODY)], &schemas()).unwrap_err();
    assert!(errors[0].to_string().contains("is taken"), "{}", errors[0]);
}

#[test]
fn the_users_modules_live_in_a_package_of_their_own() {
    let own = module("", BODY);
    let text = own.text.replace("package exfilguard.", "package custom.");
    let own = Source { text, path: "/home/me/data-events/sample.rego".into(), builtin: false };
    assert!(Checks::load(std::slice::from_ref(&own), &schemas()).is_ok());
    let intruder = Source { text: module("", BODY).text, ..own };
    assert!(Checks::load(&[intruder], &schemas()).is_err());
}

#[test]
fn the_built_in_checks_load_and_their_tests_hold_and_cover_every_line() {
    let sources = builtin();
    let checks = Checks::load(&sources, &schemas())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    assert_eq!(checks.unwrap().all().count(), sources.iter().filter(|s| !s.is_test()).count());
    let by_path: BTreeMap<&str, &Source> = sources.iter().map(|s| (s.path.as_str(), s)).collect();
    for check in sources.iter().filter(|source| !source.is_test()) {
        let test = check.path.replace(".rego", "_test.rego");
        let test = by_path.get(test.as_str()).copied();
        assert!(test.is_some(), "{} has no test module", check.path);
        let report = run_tests(check, test.unwrap()).unwrap();
        assert!(report.is_good() && report.unmissed.is_empty(), "{}: {report:?}", check.path);
        assert!(report.conditions > 0, "{}: `pass` has no condition", check.path);
    }
}

/// Every built-in check says how to mend a failure and which calls it needs; the program makes each of them.
#[test]
fn built_in_checks_tell_how_to_mend_a_failure_and_which_calls_they_need() {
    let checks = Checks::load(&builtin(), &schemas()).unwrap();
    let made: Vec<&str> =
        [&permission::IN_EACH_ACCOUNT[..], &permission::IN_THE_CENTRAL_ACCOUNT[..]].concat();
    for check in checks.all() {
        let metadata = check.metadata();
        let mend = metadata.mend.as_deref().unwrap_or_default();
        assert!(mend.contains("aws "), "{}: mend names no call of the AWS command line", metadata.id);
        assert!(
            !metadata.calls.is_empty() && metadata.calls.is_sorted(),
            "{}: {:?}",
            metadata.id,
            metadata.calls
        );
        for call in &metadata.calls {
            assert!(made.contains(&call.as_str()), "{}: `{call}` is never called", metadata.id);
        }
    }
}

#[test]
fn no_built_in_check_reads_facts_of_another_kind() {
    let checks = Checks::load(&builtin(), &schemas()).unwrap();
    let kinds: Vec<ResourceKind> = facts::schemas().into_keys().collect();
    for check in checks.all() {
        assert!(kinds.contains(&check.metadata().resource));
        assert!(!check.facts_read().is_empty(), "{} reads no fact", check.metadata().id);
    }
}

#[test]
fn the_readme_of_the_checks_lists_the_functions_that_they_may_call() {
    let readme = include_str!("../../checks/README.md");
    for function in super::syntax::expressions::FUNCTIONS {
        assert!(readme.contains(&format!("`{function}`")), "{function}");
    }
}
