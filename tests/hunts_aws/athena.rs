//! Athena: the table, values, limits.

use serde_json::{Value, json};

use crate::records::{read, records};
use crate::site::Site;
use crate::trail_site::{CALLER, SETUP};

#[test]
fn rows_are_those_of_the_window_and_only_its_files_are_read() {
    let site = Site::with(&records());
    let answered = site.ask("top-readers", "athena", &[]);
    assert_eq!(answered.code, 0, "{}", answered.errors);
    let of =
        |name| answered.column(name).into_iter().map(|value| value.as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(of("bytes_out"), [20_971_527, 10_485_760, 10_485_760, 5, 0]);
    assert_eq!(of("requests"), [3, 1, 1, 1, 1]);
    assert_eq!(answered.column("vpc_endpoint").iter().filter(|value| value.is_null()).count(), 4);
    assert!(
        answered.errors.contains("`top-readers` reads the files of 3 days × 2 accounts × 2 regions"),
        "{}",
        answered.errors
    );
    assert!(answered.errors.contains("may scan at most 1.0 GB"), "{}", answered.errors);
    assert!(answered.errors.contains("scanned, less than 0.01 USD"), "{}", answered.errors);
    let all = answered.scanned();
    let one =
        site.ask("top-readers", "athena", &["--set", "accounts=012345678901", "--set", "regions=us-east-1"]);
    assert_eq!(one.column("bucket"), [&json!("other")]);
    assert!(0 < one.scanned() && one.scanned() < all, "{} of {all}", one.scanned());
}

#[test]
fn values_are_bound_and_hostile_ones_refused() {
    let site = Site::with(&records());
    let answered = site.ask(
        "top-readers",
        "athena",
        &["--set", "bucket=crown-jewels", "--set", "accounts=012345678901"],
    );
    assert_eq!(answered.rows().len(), 0, "{}", answered.errors);
    let text = answered.answer["query"]["text"].as_str().unwrap();
    assert!(text.contains('?') && !text.contains("crown-jewels") && !text.contains("012345678901"), "{text}");
    for hostile in ["bucket=x' OR '1'='1", "accounts=1 OR 1", "limit=5; DROP TABLE cloudtrail"] {
        for back_end in ["athena", "logs-insights"] {
            let answered = site.ask("top-readers", back_end, &["--set", hostile]);
            assert_eq!(answered.code, 2, "{hostile}: {}", answered.errors);
        }
    }
    for hostile in
        [["--table", "a;b"], ["--database", "x`y"], ["--work-group", "a b"], ["--log-group", "a|b"]]
    {
        assert_eq!(site.ask("top-readers", "athena", &hostile).code, 2, "{hostile:?}");
    }
}

#[test]
fn the_table_is_printed_without_a_network_and_made_once() {
    let site = Site::new();
    let setup = |more: &[&str]| site.hunt(&[&["setup"], more, &SETUP[..]].concat());
    site.emulator.forget_requests();
    let printed = site.command(&[&["setup", "--print"], &SETUP[..]].concat()).output().unwrap();
    let statement = String::from_utf8(printed.stdout).unwrap();
    assert!(statement.starts_with("CREATE EXTERNAL TABLE `exfilguard`.`cloudtrail` ("), "{statement}");
    assert!(statement.contains("'projection.account.type' = 'injected'"), "{statement}");
    assert!(site.emulator.requests().is_empty());

    let unasked = setup(&["--apply"]);
    assert!(unasked.code == 2 && unasked.errors.contains("`--yes` is missing"), "{}", unasked.errors);
    assert!(
        unasked.errors.contains("CREATE DATABASE IF NOT EXISTS `exfilguard`"),
        "it says what it would do"
    );
    assert_eq!(site.calls("athena:StartQueryExecution"), 0);

    let made = setup(&["--apply", "--yes"]);
    assert!(made.code == 0 && made.errors.contains("was made"), "{}", made.errors);
    assert_eq!(site.calls("athena:StartQueryExecution"), 2);
    let again = setup(&["--apply", "--yes"]);
    assert!(again.code == 0 && again.errors.contains("nothing was changed"), "{}", again.errors);
    let other = setup(&["--apply", "--yes", "--accounts", "111122223333"]);
    assert!(other.code == 2 && other.errors.contains("is never changed"), "{}", other.errors);
    assert!(other.errors.contains("`projection.account.type` is"), "{}", other.errors);
    assert_eq!(site.calls("athena:StartQueryExecution"), 2, "a table that is there stays as it is");

    let hostile = [
        ["--prefix", "a'b"],
        ["--accounts", "1"],
        ["--since", "x"],
        ["--regions", "r'"],
        ["--bucket", "Trail'"],
    ];
    for [option, value] in hostile {
        let given = SETUP.chunks(2).filter(|pair| pair[0] != option).flatten().copied();
        let arguments: Vec<&str> = ["setup", "--print", option, value].into_iter().chain(given).collect();
        let refused = site.hunt(&arguments);
        assert!(
            refused.code == 2 && refused.errors.contains("invalid value"),
            "{option}: {}",
            refused.errors
        );
    }
}

#[test]
fn a_table_that_lists_no_accounts_asks_for_them_and_takes_several_at_once() {
    let site = Site::new();
    site.deliver(&records());
    assert_eq!(site.hunt(&[&["setup", "--apply", "--yes"], &SETUP[..]].concat()).code, 0);
    let unnamed = site.ask("top-readers", "athena", &[]);
    assert!(unnamed.code == 2 && unnamed.errors.contains("has to name them"), "{}", unnamed.errors);
    site.emulator.forget_requests();
    let named = site.ask("top-readers", "athena", &["--set", "accounts=012345678901,111122223333"]);
    assert_eq!(named.code, 0, "{}", named.errors);
    assert!(named.column("bucket").contains(&&json!("other")) && named.rows().len() > 3);
    assert_eq!(site.calls("athena:StartQueryExecution"), 1);
}

#[test]
fn what_the_table_does_not_reach_is_said() {
    let site = Site::with(&records());
    let answered = site.ask("top-readers", "athena", &["--set", "accounts=111122223333,999988887777"]);
    assert_eq!(answered.code, 3, "rows that are not there prove nothing: {}", answered.errors);
    assert!(
        answered.notes().contains("source-unread: the table does not list each account"),
        "{}",
        answered.notes()
    );
    let early = ["--from", "2025-11-01", "--to", "2026-01-16", "--backend", "athena", "--output", "json"];
    let before = site.hunt(&[&["run", "top-readers"], &early[..]].concat());
    assert_eq!(before.code, 3, "{}", before.errors);
    assert!(before.notes().contains("source-unread: the table begins on 2025/12/01"), "{}", before.notes());
    let missing = site.ask("top-readers", "athena", &["--table", "elsewhere"]);
    assert!(missing.code == 2 && missing.errors.contains("hunt setup"), "{}", missing.errors);
}

#[test]
fn no_query_may_scan_without_a_limit_unless_a_person_says_so() {
    let site = Site::with(&records());
    let refused = site.ask("top-readers", "athena", &["--work-group", "boundless"]);
    assert!(refused.code == 2 && refused.errors.contains("--no-scan-limit"), "{}", refused.errors);
    assert_eq!(site.calls("athena:GetQueryResults"), 0);
    let allowed = site.ask("top-readers", "athena", &["--work-group", "boundless", "--no-scan-limit"]);
    assert_eq!(allowed.code, 0, "{}", allowed.errors);
    assert!(allowed.errors.contains("there is no limit"), "{}", allowed.errors);
    // Incompressible, so that the files are larger than the limit.
    let large: Vec<Value> = (0..400_u64)
        .map(|n| {
            let noise: String = (0..4000_u64)
                .map(|m| format!("{:016x}", (n * 4000 + m + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
                .collect();
            read(usize::try_from(n).unwrap() + 100, "2026-01-15T10:00:00Z", &json!({"userAgent": noise}))
        })
        .collect();
    site.deliver(&large);
    let over = site.ask("top-readers", "athena", &["--work-group", "tight"]);
    assert!(
        over.code == 3 && over.errors.contains("CANCELLED: Bytes scanned limit was exceeded"),
        "{}",
        over.errors
    );
}

#[test]
fn a_query_that_fails_is_told_with_its_reason() {
    let site = Site::with(&records());
    site.athena.boto(
        "table = client('glue').get_table(DatabaseName='exfilguard', Name='cloudtrail')['Table']\n\
         storage = table['StorageDescriptor'] | {'Columns': table['StorageDescriptor']['Columns'][2:]}\n\
         client('glue').create_table(DatabaseName='exfilguard', TableInput={'Name': 'narrow', 'StorageDescriptor': storage,\n\
         \x20   'PartitionKeys': table['PartitionKeys'], 'Parameters': table['Parameters'], 'TableType': 'EXTERNAL_TABLE'})",
        &Value::Null,
    );
    let athena = site.ask("top-readers", "athena", &["--table", "narrow"]);
    assert!(athena.code == 3 && athena.errors.contains("FAILED: SYNTAX_ERROR"), "{}", athena.errors);
    assert!(athena.errors.contains("useridentity"), "{}", athena.errors);
    for end in ["Failed", "Timeout", "Cancelled"] {
        site.emulator.put(&json!({"kind": "insights_behaviour", "account": CALLER, "region": "eu-west-1", "value": {"end": end}}));
        let insights = site.ask("top-readers", "logs-insights", &[]);
        assert!(
            insights.code == 3 && insights.errors.contains(&format!("{end}: the query")),
            "{}",
            insights.errors
        );
    }
}
