#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use miette::GraphicalReportHandler;
use serde_json::json;

use super::*;
use crate::catalogue::{FailOn, Severity};
use crate::semantics::verdict::Tri;

mod form;
mod sections;

fn known_checks() -> Vec<CheckDescription> {
    let parameter =
        |kind, default| ParameterDescription { kind, default, description: "for tests".to_owned() };
    let check = |id: &str, alias: Option<&str>, parameters: BTreeMap<_, _>| CheckDescription {
        id: id.to_owned(),
        title: format!("{id} is good"),
        severity: Severity::Medium,
        aliases: alias.map(str::to_owned).into_iter().collect(),
        parameters,
    };
    vec![
        check(
            "bulk-download-alarm",
            None,
            BTreeMap::from([
                ("objects".to_owned(), parameter(ParameterKind::Integer, json!(1000))),
                ("within".to_owned(), parameter(ParameterKind::Duration, json!("1h"))),
                ("share".to_owned(), parameter(ParameterKind::Number, json!(0.5))),
                ("label".to_owned(), parameter(ParameterKind::String, json!("x"))),
                ("strict".to_owned(), parameter(ParameterKind::Boolean, json!(true))),
            ]),
        ),
        check("bucket-requires-tls", Some("bucket-ssl-only"), BTreeMap::new()),
    ]
}

fn read(text: &str) -> Result<PolicyFile, PolicyError> {
    PolicyFile::parse(Path::new("exfilguard.yaml"), text.to_owned(), &known_checks())
}

/// The mistakes of a file that has some, one a line.
fn mistakes(text: &str) -> Vec<String> {
    read(text).unwrap_err().lines()
}

/// The mistakes of a file of version 1 with these further lines.
fn mistakes_of(lines: &str) -> Vec<String> {
    mistakes(&format!("version: 1\n{lines}"))
}

fn policy_of(lines: &str) -> PolicyFile {
    read(&format!("version: 1\n{lines}")).unwrap()
}

#[test]
fn the_whole_form_is_read() {
    let policy = read(
        r#"
version: 1
organization: { role: ExfilguardAudit, external_id: very-secret-1, regions: [ eu-central-1, us-gov-west-1 ], exclude_accounts: [ "000000000012" ] }
trust:
  organizations: [ o-exampleorgid ]
  accounts: [ "111122223333" ]
  vpc_endpoints: [ vpce-0123456789abcdef0 ]
  networks: [ 203.0.113.0/24, "2001:db8::/32", 198.51.100.7 ]
sensitive:
  tags: { DataClassification: [ Confidential, Restricted ] }
  buckets: [ "*-pii", "customer-*" ]
checks:
  bulk-download-alarm: { severity: critical, parameters: { objects: 250, within: 1h 30m, share: 1, label: "on", strict: false } }
  bucket-requires-tls: { enabled: false }
organizational_units: { ou-ab12-cd34ef56: { checks: { bulk-download-alarm: { enabled: false } }, sensitive: { buckets: [ "*" ] } } }
exceptions:
  - { check: bucket-requires-tls, resource: "arn:aws:s3:::public-site", account: "111122223333", reason: "public", owner: "web team", expires: 2027-06-30 }
gates: { fail_on: medium, minimum_score: 80, maximum_unknown: 0 }
remediation: { allow: [ enable-s3-data-events ], role: ExfilguardRemediate, maximum_changes: 5, maximum_accounts: 2 }
"#,
    )
    .unwrap();
    assert_eq!(policy.organization.role, "ExfilguardAudit");
    assert_eq!(policy.organization.external_id.as_ref().unwrap().reveal(), "very-secret-1");
    assert_eq!(policy.organization.regions, ["eu-central-1", "us-gov-west-1"]);
    assert_eq!(policy.organization.exclude_accounts, ["000000000012"]);
    assert!(policy.trust.organization("o-exampleorgid"));
    assert!(policy.trust.account("111122223333"));
    assert!(policy.trust.vpc_endpoint("vpce-0123456789abcdef0"));
    assert!(policy.trust.address("203.0.113.9".parse().unwrap()));
    assert!(policy.trust.address("198.51.100.7".parse().unwrap()));
    assert!(!policy.trust.address("198.51.100.8".parse().unwrap()));
    assert!(policy.trust.network(&"2001:db8:1::/48".parse().unwrap()));
    assert!(!policy.trust.network(&"203.0.112.0/23".parse().unwrap()));
    assert!(!policy.is_enabled("bucket-requires-tls"));
    assert!(policy.is_enabled("object-reads-logged"));
    assert_eq!(policy.severity("bulk-download-alarm", Severity::High), Severity::Critical);
    assert_eq!(policy.severity("bucket-requires-tls", Severity::Medium), Severity::Medium);
    let alarm = known_checks().remove(0);
    assert_eq!(
        json!(policy.parameters(&alarm)),
        json!({"objects": 250, "within": 5400, "share": 1.0, "label": "on", "strict": false})
    );
    assert_eq!(
        policy.gates,
        Gates { fail_on: FailOn::Medium, minimum_score: 80.0, maximum_unknown: Some(0) }
    );
    let exception = &policy.exceptions[0];
    assert_eq!(exception.check.written(), "bucket-requires-tls");
    assert_eq!((exception.reason.as_str(), exception.owner.as_str()), ("public", "web team"));
    assert_eq!(exception.expires.to_string(), "2027-06-30");
    assert_eq!(exception.position, Position { line: 17, column: 5 });
    assert_eq!(policy.organizational_units.len(), 1);
    let limits = &policy.remediation;
    assert_eq!(limits.allow.iter().collect::<Vec<_>>(), ["enable-s3-data-events"]);
    assert_eq!(limits.role.as_deref(), Some("ExfilguardRemediate"));
    assert_eq!((limits.maximum_changes, limits.maximum_accounts), (5, 2));
}

#[test]
fn without_a_file_the_defaults_hold() {
    let policy = PolicyFile::default();
    assert_eq!(policy.gates.fail_on, FailOn::High);
    assert!(policy.is_enabled("bucket-requires-tls"));
    let alarm = known_checks().remove(0);
    assert_eq!(policy.parameters(&alarm)["within"], json!(3600));
    assert_eq!(policy.is_sensitive("customer-data", None), Tri::No);
    assert_eq!(read("version: 1\n").unwrap(), PolicyFile::default());
    assert_eq!(
        read("version: 1\ntrust:\nsensitive:\nchecks:\ngates:\norganization:\nexceptions:\nremediation:\norganizational_units:\n").unwrap(),
        PolicyFile::default()
    );
}

#[test]
fn a_bucket_is_sensitive_by_name_or_tag_and_unknown_without_its_tags() {
    let policy =
        policy_of("sensitive: { tags: { Class: [ secret ] }, buckets: [ '*-pii', 'a[bc]?-{x,y}' ] }");
    let tags = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    assert_eq!(policy.is_sensitive("shop-pii", None), Tri::Yes);
    assert_eq!(policy.is_sensitive("ab1-y", Some(&BTreeMap::new())), Tri::Yes);
    assert_eq!(policy.is_sensitive("logs", Some(&tags("Class", "secret"))), Tri::Yes);
    assert_eq!(policy.is_sensitive("logs", Some(&tags("Class", "Secret"))), Tri::No);
    assert_eq!(policy.is_sensitive("logs", Some(&tags("class", "secret"))), Tri::No);
    assert_eq!(policy.is_sensitive("logs", Some(&BTreeMap::new())), Tri::No);
    assert_eq!(policy.is_sensitive("logs", None), Tri::Unknown);
    let by_name = policy_of("sensitive: { buckets: [ '*-pii' ] }");
    assert_eq!(by_name.is_sensitive("logs", None), Tri::No);
}

#[test]
fn all_mistakes_are_found_at_once_in_the_order_of_the_file() {
    let found = mistakes(
        "version: 1\ntrust:\n  acounts: [ \"111122223333\" ]\nchecks:\n  bucket-require-tls: { enabled: false }\n  bulk-download-alarm: { enabeld: yes, severity: hihg }\ngates: { fail_on: never }\n",
    );
    assert_eq!(
        found,
        [
            "exfilguard.yaml:3:3: unknown key `acounts`; did you mean `accounts`? allowed here: organizations, accounts, vpc_endpoints, networks",
            "exfilguard.yaml:5:3: unknown check `bucket-require-tls`; did you mean `bucket-requires-tls`? `exfilguard checks list` prints all ids",
            "exfilguard.yaml:6:26: unknown key `enabeld`; did you mean `enabled`? allowed here: enabled, severity, parameters",
            "exfilguard.yaml:6:50: `hihg` is no severity; allowed: critical, high, medium, low, info",
            "exfilguard.yaml:7:19: `never` is no severity for the gate; allowed: critical, high, medium, low, info, none",
        ]
    );
}

#[test]
fn mistakes_are_shown_in_the_text_of_the_file() {
    let error = read("version: 1\nchecks:\n  bucket-require-tls: {}\n").unwrap_err();
    let mut shown = String::new();
    GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor())
        .render_report(&mut shown, &error)
        .unwrap();
    assert!(shown.contains("exfilguard.yaml:3:3"), "{shown}");
    assert!(shown.contains("bucket-require-tls: {}"), "{shown}");
    assert!(shown.contains("did you mean `bucket-requires-tls`"), "{shown}");
    assert!(shown.contains("1 mistake"), "{shown}");
}

#[test]
fn an_old_check_id_names_its_successor() {
    assert_eq!(
        mistakes_of("checks: { bucket-ssl-only: { enabled: true } }"),
        ["exfilguard.yaml:2:11: check `bucket-ssl-only` has another id now; write `bucket-requires-tls`"]
    );
}

#[test]
fn an_unquoted_account_id_says_why_it_must_be_quoted() {
    for id in ["012345678901", "111122223333", "0o1234567012", "1_1112222_333"] {
        let found = mistakes_of(&format!("trust:\n  accounts:\n    - {id}\n"));
        assert_eq!(found.len(), 1, "{id}: {found:?}");
        if id.contains('_') {
            continue;
        }
        assert_eq!(
            found[0],
            format!(
                "exfilguard.yaml:4:7: account id `{id}` is not quoted: YAML reads it as a number, which loses leading zeros; write \"{id}\""
            )
        );
    }
    let short = mistakes_of("organization: { exclude_accounts: [ \"12345678901\" ] }");
    assert_eq!(
        short,
        ["exfilguard.yaml:2:37: `12345678901` is no account id: it must be twelve digits in quotes"]
    );
}

#[test]
fn every_wrong_kind_of_value_is_named_with_what_is_allowed() {
    let cases = [
        ("[ 1 ]", "1:1: `the policy file` must be a mapping (`key: value`), not a list"),
        (
            "version: 1\norganization: [ a ]",
            "2:15: `organization` must be a mapping (`key: value`), not a list",
        ),
        (
            "version: 1\norganization: { role: 7 }",
            "2:23: `role` must be a text, not a number; quote it: \"7\"",
        ),
        ("version: 1\norganization: { role: [ x ] }", "2:23: `role` must be a text, not a list"),
        ("version: 1\norganization: { role: }", "2:21: `role` must be a text, not nothing"),
        (
            "version: 1\norganization: { role: \"arn:aws:iam::1:role/x y\" }",
            "2:23: `arn:aws:iam::1:role/x y` is no role name",
        ),
        ("version: 1\norganization: { external_id: \"x\" }", "2:30: the external id must be 2 to 1224"),
        (
            "version: 1\norganization: { regions: eu-central-1 }",
            "2:26: `regions` must be a list (`[ … ]`), not a text",
        ),
        ("version: 1\norganization: { regions: [ Frankfurt ] }", "2:28: `Frankfurt` is no region"),
        ("version: 1\ntrust: { organizations: [ o-X ] }", "2:27: `o-X` is no organization id"),
        (
            "version: 1\ntrust: { vpc_endpoints: [ vpc-0123456789abcdef0 ] }",
            "2:27: `vpc-0123456789abcdef0` is no VPC endpoint id",
        ),
        ("version: 1\ntrust: { networks: [ 203.0.113.0/33 ] }", "2:22: `203.0.113.0/33` is no network"),
        (
            "version: 1\ntrust: { networks: [ 203.0.113.9/24 ] }",
            "2:22: `203.0.113.9/24` is an address within a network; did you mean `203.0.113.0/24`?",
        ),
        ("version: 1\ntrust: { networks: [ 0.0.0.0/0 ] }", "2:22: `0.0.0.0/0` is every address"),
        ("version: 1\nsensitive: { buckets: [ \"a[b\" ] }", "2:25: `a[b` is no pattern"),
        ("version: 1\nsensitive: { buckets: [ \"\" ] }", "2:25: a pattern must not be empty"),
        (
            "version: 1\nsensitive: { buckets: [ 7 ] }",
            "2:25: `a pattern` must be a text, not a number; quote it: \"7\"",
        ),
        ("version: 1\nsensitive: { tags: [ a ] }", "2:20: `tags` must be a mapping"),
        ("version: 1\nsensitive: { tags: { Class: [] } }", "2:29: `Class` names no value"),
        ("version: 1\nsensitive: { tags: { Class: Secret } }", "2:29: `Class` must be a list"),
        (
            "version: 1\nsensitive: { tags: { Class: [ true ] } }",
            "2:31: `Class` must be a text, not a boolean; quote it: \"true\"",
        ),
        (
            "version: 1\nsensitive: { tags: { 7: [ a ] } }",
            "2:22: a key of `tags` must be a text, not a number; quote it",
        ),
        ("version: 1\nchecks: [ bucket-requires-tls ]", "2:9: `checks` must be a mapping"),
        (
            "version: 1\nchecks: { bucket-requires-tls: { enabled: no } }",
            "2:43: `enabled` must be `true` or `false`, not the text `no`",
        ),
        (
            "version: 1\nchecks: { bucket-requires-tls: { enabled: 1 } }",
            "2:43: `enabled` must be `true` or `false`, not a number, `1`",
        ),
        ("version: 1\nchecks: { bucket-requires-tls: { severity: 3 } }", "2:44: `severity` must be a text"),
        (
            "version: 1\nchecks: { bucket-requires-tls: { parameters: { x: 1 } } }",
            "2:48: check `bucket-requires-tls` has no parameters",
        ),
        (
            "version: 1\nchecks: { bulk-download-alarm: { parameters: { object: 1 } } }",
            "2:48: unknown parameter `object`; did you mean `objects`? allowed here: label, objects, share, strict, within",
        ),
        (
            "version: 1\nchecks: { bulk-download-alarm: { parameters: { objects: \"many\" } } }",
            "2:57: `objects` must be a whole number, not `\"many\"`",
        ),
        (
            "version: 1\nchecks: { bulk-download-alarm: { parameters: { objects: 1.5 } } }",
            "2:57: `objects` must be a whole number, not `1.5`",
        ),
        (
            "version: 1\nchecks: { bulk-download-alarm: { parameters: { objects: 99999999999999999999 } } }",
            "2:57: `objects` must be a whole number",
        ),
        (
            "version: 1\nchecks: { bulk-download-alarm: { parameters: { within: 60 } } }",
            "2:56: `within` must be a duration such as `15m`, `1h` or `7d`, not `60`",
        ),
        (
            "version: 1\nchecks: { bulk-download-alarm: { parameters: { within: -1h } } }",
            "2:56: `within` must be a duration",
        ),
        (
            "version: 1\nchecks: { bulk-download-alarm: { parameters: { within: 1mo } } }",
            "2:56: `within` must be a duration",
        ),
        (
            "version: 1\nchecks: { bulk-download-alarm: { parameters: { strict: [] } } }",
            "2:56: `strict` must be `true` or `false`",
        ),
        ("version: 1\ngates: { fail_on: no }", "2:19: `no` is no severity for the gate"),
        ("version: 1\n<<: { trust: {} }", "2:1: unknown key `<<`"),
    ];
    for (text, expected) in cases {
        let found = mistakes(text);
        let expected = format!("exfilguard.yaml:{}", expected);
        assert!(found[0].starts_with(&expected), "{text}\ngave     {found:?}\nexpected {expected}");
    }
}

#[test]
fn a_version_that_is_missing_or_newer_is_refused() {
    let missing = "`version` is missing; add the line `version: 1`";
    assert_eq!(mistakes(""), [format!("exfilguard.yaml:1:1: {missing}")]);
    assert_eq!(mistakes("# nothing\n"), [format!("exfilguard.yaml:2:1: {missing}")]);
    assert_eq!(mistakes("trust: {}\n"), [format!("exfilguard.yaml:1:1: {missing}")]);
    assert!(mistakes("version: 2\n")[0].contains("newer than this exfilguard"));
    assert!(mistakes("version: \"1\"\n")[0].contains("`version` must be the number 1, not a text"));
    assert!(mistakes("version: 0\n")[0].contains("must be the number 1"));
}

#[test]
fn what_is_no_yaml_is_placed() {
    assert_eq!(
        mistakes_of("trust: {}\ntrust: {}\n"),
        ["exfilguard.yaml:3:1: `trust` stands here for the second time; keep one of the two"]
    );
    assert!(
        mistakes_of("trust:\n\taccounts: []\n")[0].starts_with("exfilguard.yaml:3:2: not valid YAML: tabs")
    );
    assert!(mistakes_of("trust: [ a\nchecks: {}\n")[0].starts_with("exfilguard.yaml:3:"));
    assert!(mistakes_of("---\nversion: 1\n")[0].contains("a second document begins here"));
    assert!(mistakes_of("trust: \"a\0b\"")[0].starts_with("exfilguard.yaml:2:"));
    assert!(
        mistakes_of("trust: !mine {}")[0]
            .starts_with("exfilguard.yaml:2:14: not valid YAML: unsupported tag `!mine`")
    );
    for line in mistakes_of("trust: [ a\nchecks: {}\n") {
        assert!(!line.contains(" at line "), "{line}");
    }
}

#[test]
fn a_byte_order_mark_and_crlf_line_ends_are_read() {
    let policy = read("\u{feff}version: 1\r\ngates: { fail_on: low }\r\n").unwrap();
    assert_eq!(policy.gates.fail_on, FailOn::Low);
    assert_eq!(
        mistakes("\u{feff}trusd: {}\r\nversion: 1\r\n"),
        [
            "exfilguard.yaml:1:1: unknown key `trusd`; did you mean `trust`? allowed here: version, organization, trust, sensitive, checks, organizational_units, exceptions, gates, remediation"
        ]
    );
}

#[test]
fn columns_are_counted_in_characters() {
    let found = mistakes_of("sensitive: { tags: { \"Größe\": [ 7 ] } }");
    assert!(found[0].starts_with("exfilguard.yaml:2:33: "), "{found:?}");
}

#[test]
fn bombs_end_at_a_limit() {
    let mut nested = "version: 1\na0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(",");
        writeln!(nested, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    let many = format!("version: 1\na: &a [x]\nb: [{}]\n", vec!["*a"; 100_000].join(","));
    let flow = format!("version: 1\ntrust: {}{}", "[".repeat(10_000), "]".repeat(10_000));
    let mut block = "version: 1\n".to_owned();
    for level in 0..1000 {
        writeln!(block, "{}a:", " ".repeat(level)).unwrap();
    }
    let wide = format!("version: 1\ntrust: [{}]", "x,".repeat(400_000));
    // Each ends at the first thing beyond a limit, long before its end: the first anchor, the parser's own depth, the
    // 33rd level, the hundred thousandth value.
    let expected = [
        "2:9: anchors (`&`) and aliases (`*`) are not allowed; write the value out; quote a text that begins with `*` or `&`",
        "2:7: anchors (`&`) and aliases (`*`) are not allowed; write the value out; quote a text that begins with `*` or `&`",
        "2:263: not valid YAML: recursion limit exceeded",
        "34:33: nested more than 32 levels deep",
        "2:199999: more than 100000 keys and values",
    ];
    for (text, expected) in [nested, many, flow, block, wide].into_iter().zip(expected) {
        assert_eq!(mistakes(&text), [format!("exfilguard.yaml:{expected}")]);
    }
}

/// The library that draws a mistake in its line cannot do so beyond column 65,535.
#[test]
fn a_mistake_in_a_very_long_line_is_told_without_the_line() {
    let text = format!("version: 1\ntrust: [{} &a b]", "x,".repeat(40_000));
    let error = read(&text).unwrap_err();
    let mut shown = String::new();
    miette::GraphicalReportHandler::new().render_report(&mut shown, &error).unwrap();
    assert!(shown.contains("exfilguard.yaml:2:"), "{shown}");
    assert!(shown.len() < 2_000, "{}", shown.len());
}

#[test]
fn thousands_of_mistakes_are_counted_and_the_first_are_kept() {
    let text = format!("version: 1\ntrust: {{ accounts: [ {} ] }}", "1,".repeat(5000));
    let error = read(&text).unwrap_err();
    assert!(error.to_string().ends_with("cannot be used: 5000 mistakes"));
    assert_eq!(error.lines().len(), 50);
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let load = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        PolicyFile::load(&path, &known_checks())
    };
    let lines = |error: PolicyError| error.lines().join("\n");
    assert!(
        lines(load("latin1.yaml", b"version: 1\n# Gr\xf6\xdfe\n").unwrap_err())
            .contains(":2:5: not UTF-8 from here on")
    );
    let utf16: Vec<u8> = "\u{feff}version: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(lines(load("utf16.yaml", &utf16).unwrap_err()).contains(":1:1: not UTF-8"));
    let large = b"# x\n".repeat(3 << 20);
    assert!(lines(load("large.yaml", &large).unwrap_err()).contains("larger than 1024 KiB"));
    assert!(matches!(PolicyFile::load(folder.path(), &known_checks()), Err(PolicyError::Unreadable { .. })));
    let missing = PolicyFile::load_or_default(Some(&folder.path().join("none.yaml")), &[]);
    let Err(PolicyError::Unreadable { source, .. }) = missing else {
        panic!("a named file that does not exist is an error");
    };
    assert_eq!(source.kind(), io::ErrorKind::NotFound);
    let good = load("good.yaml", b"version: 1\n").unwrap();
    assert_eq!(good.path, Some(folder.path().join("good.yaml")));
}

#[test]
fn an_external_id_is_not_shown() {
    let policy = policy_of("organization: { external_id: canary-7f3a }");
    assert!(!format!("{policy:?}").contains("canary"));
}

#[test]
fn hostile_text_is_written_out_in_messages() {
    let found = mistakes_of("\"\\e[2Jtrust\": {}\nchecks: { \"a\\u202eb\": {} }");
    assert!(found[0].contains("unknown key `\\u{1b}[2Jtrust`"), "{found:?}");
    assert!(found[1].contains("unknown check `a\\u{202e}b`"), "{found:?}");
    let long = mistakes_of(&format!("{}: {{}}", "k".repeat(1000)));
    assert!(long[0].len() < 400, "{long:?}");
}

#[test]
fn defaults_of_checks_are_validated_by_kind() {
    assert_eq!(ParameterKind::Duration.read(&json!("7d")), Ok(ParameterValue::Duration(604_800)));
    assert_eq!(ParameterKind::Duration.read(&json!("PT5M")), Ok(ParameterValue::Duration(300)));
    assert_eq!(ParameterKind::Duration.read(&json!("90s")), Ok(ParameterValue::Duration(90)));
    for wrong in [
        json!("0s"),
        json!("1.5s ago"),
        json!("500ms"),
        json!(""),
        json!("1y"),
        json!(3600),
        json!("9".repeat(100)),
    ] {
        assert!(ParameterKind::Duration.read(&wrong).is_err(), "{wrong}");
    }
    assert_eq!(
        ParameterKind::Integer.read(&json!("1")),
        Err("must be a whole number, not `\"1\"`".to_owned())
    );
    let declared: ParameterDescription =
        serde_json::from_value(json!({"type": "duration", "default": "1h", "description": "d"})).unwrap();
    assert_eq!(declared.kind, ParameterKind::Duration);
}

#[test]
fn trust_is_written_for_checks_as_plain_lists() {
    let policy = policy_of("trust: { accounts: [ \"111122223333\" ], networks: [ 203.0.113.0/24 ] }");
    assert_eq!(
        serde_json::to_value(&policy.trust).unwrap(),
        json!({"organizations": [], "accounts": ["111122223333"], "vpc_endpoints": [], "networks": ["203.0.113.0/24"]})
    );
}
