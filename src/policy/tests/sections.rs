//! Exceptions, gates, limits of remediation, and settings of organizational units.

use std::borrow::Cow;

use jiff::civil::date;

use super::*;

const EXCEPTION: &str = "check: bucket-requires-tls, reason: x, owner: y, expires: 2027-06-30";

fn exception(more: &str) -> ExceptionRule {
    let mut policy = policy_of(&format!("exceptions:\n  - {{ {EXCEPTION}{more} }}\n"));
    policy.exceptions.remove(0)
}

#[test]
fn every_mistake_in_an_exception_is_placed() {
    let whole = [
        ("check", "check: bucket-requires-tls"),
        ("reason", "reason: x"),
        ("owner", "owner: y"),
        ("expires", "expires: 2027-06-30"),
    ];
    for (missing, _) in whole {
        let fields: Vec<&str> =
            whole.iter().filter(|(key, _)| *key != missing).map(|(_, field)| *field).collect();
        for rest in [String::new(), format!(", {missing}:"), format!(", {missing}: null")] {
            let found = mistakes_of(&format!("exceptions:\n  - {{ {}{rest} }}\n", fields.join(", ")));
            assert_eq!(found.len(), 1, "{found:?}");
            let expected = format!("exfilguard.yaml:3:5: the exception has no `{missing}`; ");
            assert!(found[0].starts_with(&expected), "{found:?}");
        }
    }
    let cases = [
        ("expires: 2027-02-30", "`2027-02-30` is no date: there is no such day"),
        ("expires: 2027-13-01", "`2027-13-01` is no date: there is no such day"),
        ("expires: 2027-00-10", "`2027-00-10` is no date: there is no such day"),
        ("expires: 2027-06-300", "`2027-06-300` is no date: write year, month and day, such as `2027-06-30`"),
        ("expires: 30.06.2027", "`30.06.2027` is no date: write"),
        ("expires: never", "`never` is no date: write"),
        ("expires: \"-2027-06-30\"", "`-2027-06-30` is no date: write"),
        ("expires: 2027-06-30T00:00:00Z", "`2027-06-30T00:00:00Z` is no date: write"),
        ("expires: 2027", "`expires` must be a text, not a number; quote it: \"2027\""),
        ("reason: \"  \"", "`reason` is empty"),
        ("owner: [ a ]", "`owner` must be a text, not a list"),
        (
            "check: bucket-require-tls",
            "unknown check `bucket-require-tls`; did you mean `bucket-requires-tls`?",
        ),
        ("check: bucket-ssl-only", "check `bucket-ssl-only` has another id now; write `bucket-requires-tls`"),
        ("check: bukket-*", "`bukket-*` matches no check; "),
        ("check: \"a[\"", "`a[` is no pattern: "),
        ("check: \"\"", "a pattern must not be empty"),
        ("resource: \"\"", "a pattern must not be empty"),
        ("resource: \"{a\"", "`{a` is no pattern: "),
        ("account: 111122223333", "account id `111122223333` is not quoted: "),
        ("account: 012345678901", "account id `012345678901` is not quoted: "),
        ("account: \"11112222333\"", "`11112222333` is no account id: "),
        ("account: \"prod-*\"", "`prod-*` is no account id: "),
        ("account:", "`an account id` must be a text, not nothing"),
        ("resource:", "`resource` must be a text, not nothing"),
        (
            "aproved: x",
            "unknown key `aproved`; allowed here: check, account, resource, reason, owner, expires",
        ),
        ("expire: 2027-06-30", "unknown key `expire`; did you mean `expires`? "),
    ];
    for (field, expected) in cases {
        let key = field.split(':').next().unwrap();
        let mut fields: Vec<&str> =
            EXCEPTION.split(", ").filter(|f| !f.starts_with(&format!("{key}:"))).collect();
        fields.push(field);
        let text = format!("exceptions:\n  - {}\n", fields.join("\n    "));
        let found = mistakes_of(&text);
        assert_eq!(found.len(), 1, "{text}{found:?}");
        let line = 2 + fields.len();
        let (place, message) = found[0].split_once(": ").unwrap();
        assert!(place.starts_with(&format!("exfilguard.yaml:{line}:")), "{text}{found:?}");
        assert!(message.starts_with(expected), "{text}{found:?}");
    }
    assert_eq!(
        mistakes_of("exceptions: [ bucket-requires-tls ]"),
        ["exfilguard.yaml:2:15: `an exception` must be a mapping (`{ check: …, reason: … }`), not a text"]
    );
    assert!(mistakes_of("exceptions: {}")[0].contains("`exceptions` must be a list"));
    let long = mistakes_of(&format!("exceptions: [ {{ {EXCEPTION}, resource: {} }} ]", "a".repeat(3000)));
    assert!(long[0].ends_with("a pattern has at most 2048 characters"), "{long:?}");
}

#[test]
fn an_exception_names_accounts_and_resources_by_text_or_pattern() {
    let arn = Some("arn:aws:s3:::public-site");
    let covers = |more: &str| exception(more).covers("111122223333", "public-site", arn);
    for more in [
        "",
        ", resource: public-site",
        ", resource: 'public-*'",
        ", resource: 'arn:aws:s3:::public-site'",
        ", resource: 'arn:*:s3:::{public,private}-site'",
        ", account: '111122223333'",
        ", account: '1111*'",
        ", account: '*', resource: '*'",
    ] {
        assert!(covers(more), "{more}");
    }
    for more in [
        ", resource: public",
        ", resource: 'Public-*'",
        ", resource: 'arn:aws-cn:s3:::public-site'",
        ", account: '111122223334'",
        ", account: '2*'",
        ", account: '111122223333', resource: other",
        ", account: '2*', resource: public-site",
    ] {
        assert!(!covers(more), "{more}");
    }
    let region = exception(", resource: '111122223333/*'");
    assert!(region.covers("111122223333", "111122223333/eu-west-1", None));
    let bracket = exception(", resource: 'a[1]'");
    assert!(bracket.covers("111122223333", "a[1]", None), "a name is always equal to itself");
}

#[test]
fn an_exception_holds_until_the_end_of_its_last_day() {
    let rule = exception("");
    assert!(!rule.is_expired(date(2027, 6, 30)));
    assert!(rule.is_expired(date(2027, 7, 1)));
}

#[test]
fn a_past_expiry_is_no_mistake_of_the_form() {
    let policy = policy_of("exceptions: [ { check: 'bucket-*', reason: x, owner: y, expires: 2001-01-01 } ]");
    assert_eq!(policy.exceptions[0].expires, date(2001, 1, 1));
}

#[test]
fn gates_and_limits_outside_their_range_are_refused() {
    let cases = [
        (
            "gates: { minimum_score: 101 }",
            "2:25: `minimum_score` must be a number from 0 to 100, not a number, `101`",
        ),
        ("gates: { minimum_score: -1 }", "2:25: `minimum_score` must be a number from 0 to 100"),
        ("gates: { minimum_score: .nan }", "2:25: `minimum_score` must be a number from 0 to 100"),
        (
            "gates: { minimum_score: \"80\" }",
            "2:25: `minimum_score` must be a number from 0 to 100, not a text",
        ),
        (
            "gates: { maximum_unknown: -1 }",
            "2:27: `maximum_unknown` must be a whole number from 0 on, not `-1`",
        ),
        (
            "gates: { maximum_unknown: 0.5 }",
            "2:27: `maximum_unknown` must be a whole number from 0 on, not `0.5`",
        ),
        ("gates: { maximum: 1 }", "2:10: unknown key `maximum`; "),
        ("gates: [ high ]", "2:8: `gates` must be a mapping"),
        (
            "remediation: { maximum_changes: 0 }",
            "2:33: `maximum_changes` must be a whole number from 1 on, not `0`",
        ),
        (
            "remediation: { maximum_accounts: many }",
            "2:34: `maximum_accounts` must be a whole number from 1 on, not `many`",
        ),
        (
            "remediation: { allow: [ require-tsl ] }",
            "2:25: unknown kind of change `require-tsl`; did you mean `require-tls`?",
        ),
        ("remediation: { allow: require-tls }", "2:23: `allow` must be a list"),
        ("remediation: { role: \"a b\" }", "2:22: `a b` is no role name"),
    ];
    for (text, expected) in cases {
        let found = mistakes_of(text);
        let expected = format!("exfilguard.yaml:{expected}");
        assert!(found[0].starts_with(&expected), "{text}\ngave     {found:?}\nexpected {expected}");
    }
    let policy = policy_of(
        "gates: { minimum_score: 72.5, maximum_unknown: null }\nremediation: { allow: [], role: null }",
    );
    assert_eq!(policy.gates, Gates { minimum_score: 72.5, ..Gates::default() });
    assert!(policy.remediation.allow.is_empty(), "an empty list allows nothing");
    assert_eq!(PolicyFile::default().remediation.allow.len(), 12);
}

const UNITS: &str = "\
sensitive: { tags: { Class: [ secret ] }, buckets: [ '*-pii' ] }
checks:
  bulk-download-alarm: { severity: critical, parameters: { objects: 500, within: 2h } }
organizational_units:
  r-ab12: { checks: { bulk-download-alarm: { severity: low, parameters: { objects: 50 } } } }
  ou-ab12-aaaaaaaa:
    checks: { bulk-download-alarm: { enabled: false, parameters: { objects: 5 } } }
    sensitive: { buckets: [] }
  ou-ab12-bbbbbbbb:
    checks: { bulk-download-alarm: { enabled: true } }
    sensitive: { tags: {} }
";

#[test]
fn the_nearest_organizational_unit_wins_key_by_key() {
    let policy = policy_of(UNITS);
    let alarm = known_checks().remove(0);
    let under = |parents: &[&str]| {
        let parents: Vec<String> = parents.iter().map(|id| (*id).to_owned()).collect();
        policy.for_account(Some(&parents)).into_owned()
    };
    let seen = |policy: &PolicyFile| {
        let parameters = policy.parameters(&alarm);
        (
            policy.is_enabled(&alarm.id),
            policy.severity(&alarm.id, Severity::High),
            parameters["objects"].as_u64().unwrap(),
            parameters["within"].as_u64().unwrap(),
        )
    };
    assert_eq!(seen(&under(&[])), (true, Severity::Critical, 500, 7200));
    assert_eq!(seen(&under(&["r-ab12"])), (true, Severity::Low, 50, 7200));
    assert_eq!(seen(&under(&["r-ab12", "ou-ab12-aaaaaaaa"])), (false, Severity::Low, 5, 7200));
    let nested = under(&["r-ab12", "ou-ab12-aaaaaaaa", "ou-ab12-bbbbbbbb"]);
    assert_eq!(seen(&nested), (true, Severity::Low, 5, 7200));
    assert_eq!(under(&["r-zzzz", "ou-zzzz-aaaaaaaa"]), policy);

    let secret = BTreeMap::from([("Class".to_owned(), "secret".to_owned())]);
    let sensitive = |policy: &PolicyFile| {
        (policy.is_sensitive("a-pii", Some(&BTreeMap::new())), policy.is_sensitive("b", Some(&secret)))
    };
    assert_eq!(sensitive(&policy), (Tri::Yes, Tri::Yes));
    assert_eq!(sensitive(&under(&["r-ab12", "ou-ab12-aaaaaaaa"])), (Tri::No, Tri::Yes));
    assert_eq!(sensitive(&nested), (Tri::No, Tri::No));
}

#[test]
fn without_the_parents_nothing_is_said_about_sensitive_buckets() {
    let policy = policy_of(UNITS);
    assert_eq!(policy.for_account(None).is_sensitive("a-pii", Some(&BTreeMap::new())), Tri::Unknown);
    assert_eq!(policy.checks_of_units().into_iter().collect::<Vec<_>>(), ["bulk-download-alarm"]);
    let plain = policy_of("organizational_units: { r-ab12: { checks: {} } }\nsensitive: { buckets: [ a ] }");
    assert!(matches!(plain.for_account(None), Cow::Borrowed(_)));
    assert!(matches!(PolicyFile::default().for_account(None), Cow::Borrowed(_)));
}

#[test]
fn a_check_that_one_unit_switches_on_runs_somewhere() {
    let policy = policy_of(
        "checks: { bucket-requires-tls: { enabled: false } }\norganizational_units: { r-ab12: { checks: { bucket-requires-tls: { enabled: true } } } }",
    );
    assert!(!policy.is_enabled("bucket-requires-tls"));
    assert!(policy.is_enabled_somewhere("bucket-requires-tls"));
    let off = policy_of("checks: { bucket-requires-tls: { enabled: false } }");
    assert!(!off.is_enabled_somewhere("bucket-requires-tls"));
}

#[test]
fn mistakes_in_organizational_units_are_placed() {
    let cases = [
        ("organizational_units: { prod: {} }", "2:25: `prod` is no organizational unit: its id looks like"),
        ("organizational_units: { ou-ab12: {} }", "2:25: `ou-ab12` is no organizational unit"),
        (
            "organizational_units: { ou-ab12-cd34ef56: { gates: {} } }",
            "2:45: unknown key `gates`; allowed here: checks, sensitive",
        ),
        (
            "organizational_units: { r-ab12: { checks: { bucket-require-tls: {} } } }",
            "2:45: unknown check `bucket-require-tls`; did you mean `bucket-requires-tls`?",
        ),
        (
            "organizational_units: { r-ab12: { sensitive: { bucket: [] } } }",
            "2:48: unknown key `bucket`; did you mean `buckets`?",
        ),
        ("organizational_units: [ r-ab12 ]", "2:23: `organizational_units` must be a mapping"),
        (
            "organizational_units: { r-ab12: {}, r-ab12: {} }",
            "2:37: `r-ab12` stands here for the second time",
        ),
    ];
    for (text, expected) in cases {
        let found = mistakes_of(text);
        let expected = format!("exfilguard.yaml:{expected}");
        assert!(found[0].starts_with(&expected), "{text}\ngave     {found:?}\nexpected {expected}");
    }
}
