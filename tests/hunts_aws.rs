//! Hunts at AWS through the built program: Athena's SQL is executed (ministack, DuckDB), and so are the texts of Logs
//! Insights (`tests/emulator/insights_language.py`).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod emulated;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use emulated::{Athena, Emulator, repository};
use exfilguard::investigate::{Hunt, Hunts, ParameterType};
use serde_json::{Value, json};

const CALLER: &str = "123456789012";
const ACCOUNTS: [&str; 2] = ["111122223333", "012345678901"];
const TRAIL: &str = "AWSLogs/o-example12345";

/// Both back ends with the same records: as files of an organization's trail, and as events of its log group.
struct Site {
    emulator: Emulator,
    athena: Athena,
    /// The same files at hand.
    folder: tempfile::TempDir,
}

impl Site {
    /// A work group with a limit, an empty trail bucket and an empty log group.
    fn new() -> Self {
        let (emulator, athena) = Emulator::with_athena();
        athena.boto(
            "place = {'CreateBucketConfiguration': {'LocationConstraint': 'eu-west-1'}}\n\
             for name in ('trail-bucket', 'results'): client('s3').create_bucket(Bucket=name, **place)\n\
             for name, limit, about in (('exfilguard', 10**9, ''), ('boundless', None, ''), ('tight', 10**7, ''), ('slow', 10**9, 'slow 60')):\n\
             \x20   result = {'ResultConfiguration': {'OutputLocation': 's3://results/'}}\n\
             \x20   limits = {'BytesScannedCutoffPerQuery': limit} if limit else {}\n\
             \x20   client('athena').create_work_group(Name=name, Description=about, Configuration=result | limits)",
            &Value::Null,
        );
        let site = Self { emulator, athena, folder: tempfile::tempdir().unwrap() };
        site.logs("client('logs').create_log_group(logGroupName='trail')");
        site
    }

    /// One with the table and these records.
    fn with(records: &[Value]) -> Self {
        let site = Self::new();
        site.deliver(records);
        let made = site
            .hunt(&[&["setup", "--apply", "--yes", "--accounts", &ACCOUNTS.join(",")], &SETUP[..]].concat());
        assert_eq!(made.code, 0, "{}", made.errors);
        site
    }

    /// Runs Python statements with `client`, for the services that moto answers for.
    fn logs(&self, statements: &str) {
        let endpoint = self.emulator.endpoint();
        self.emulator.boto(&format!(
            "client = lambda name: boto3.client(name, endpoint_url='{endpoint}', region_name='eu-west-1')\n{statements}"
        ));
    }

    /// Delivers records, each under its account, region and day, and five minutes later to the log group.
    fn deliver(&self, records: &[Value]) {
        let mut files = BTreeMap::<String, Vec<&Value>>::new();
        for record in records {
            let text = |name: &str| record[name].as_str().unwrap();
            let day = text("eventTime")[..10].replace('-', "/");
            let folder =
                format!("{TRAIL}/{}/CloudTrail/{}/{day}", text("recipientAccountId"), text("awsRegion"));
            files.entry(format!("{folder}/one.json.gz")).or_default().push(record);
        }
        let files: BTreeMap<_, _> =
            files.into_iter().map(|(key, all)| (key, json!({"Records": all}))).collect();
        for (key, file) in &files {
            let path = self.folder.path().join(key.trim_end_matches(".gz"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file.to_string()).unwrap();
        }
        self.athena.boto(
            "for key, file in argument.items():\n\
             \x20   body = gzip.compress(json.dumps(file).encode())\n\
             \x20   client('s3').put_object(Bucket='trail-bucket', Key=key, Body=body)",
            &json!(files),
        );
        self.emulator
            .put(&json!({"kind": "log_events", "account": CALLER, "region": "eu-west-1", "name": "trail",
            "seconds_late": 300, "records": records}));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut program = self.emulator.program();
        program.env("AWS_REGION", "eu-west-1").arg("hunt").args(arguments);
        program
    }

    fn hunt(&self, arguments: &[&str]) -> Answered {
        Answered::of(&self.command(arguments).output().unwrap())
    }

    /// Asks a hunt for the window.
    fn ask(&self, hunt: &str, back_end: &str, more: &[&str]) -> Answered {
        self.hunt(&asking(hunt, back_end, more))
    }

    /// Starts a hunt and interrupts it once an operation was called.
    fn interrupted_after(&self, operation: &str, hunt: &[&str]) -> Answered {
        self.emulator.forget_requests();
        let process = self.command(hunt).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while !self.emulator.requests().contains_key(operation) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{operation} was not called");
            std::thread::sleep(Duration::from_millis(50));
        }
        interrupt(&process);
        Answered::of(&process.wait_with_output().unwrap())
    }

    fn calls(&self, operation: &str) -> u64 {
        self.emulator.requests().get(operation).copied().unwrap_or_default()
    }
}

const SETUP: [&str; 8] = [
    "--bucket",
    "trail-bucket",
    "--organization-id",
    "o-example12345",
    "--regions",
    "eu-west-1,us-east-1",
    "--since",
    "2025-12-01",
];

fn asking<'a>(hunt: &'a str, back_end: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let window = ["--from", "2026-01-15T00:00:00Z", "--to", "2026-01-16T00:00:00Z"];
    let mut all = vec!["run", hunt, "--backend", back_end, "--output", "json"];
    all.extend(window);
    if back_end == "logs-insights" {
        all.extend(["--log-group", "trail"]);
    }
    all.extend(more);
    all
}

fn interrupt(process: &Child) {
    let sent = Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// What the program answered.
struct Answered {
    code: i32,
    answer: Value,
    errors: String,
}

impl Answered {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            answer: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            // Without the lines' ends and their frame.
            errors: String::from_utf8_lossy(&output.stderr)
                .split_whitespace()
                .filter(|word| *word != "│")
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    fn rows(&self) -> &[Value] {
        assert!(self.answer.is_object(), "no answer: {}", self.errors);
        self.answer["rows"].as_array().unwrap()
    }

    /// The values of a column.
    fn column(&self, name: &str) -> Vec<&Value> {
        let columns = self.answer["columns"].as_array().unwrap();
        let place = columns.iter().position(|column| column["name"] == name).unwrap();
        self.rows().iter().map(|row| &row[place]).collect()
    }

    fn notes(&self) -> String {
        let notes = self.answer["query"]["notes"].as_array().unwrap();
        notes
            .iter()
            .map(|note| {
                format!("{}: {}\n", note["kind"].as_str().unwrap(), note["message"].as_str().unwrap())
            })
            .collect()
    }

    fn scanned(&self) -> u64 {
        self.answer["query"]["scanned_bytes"].as_u64().unwrap()
    }
}

/// A record of a read; `change` replaces or, with null, takes away fields of it.
fn read(number: usize, time: &str, change: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAEXAMPLE:app", "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/App/app", "accessKeyId": "ASIAAAAAAAAAAAAAAAAA",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/App", "accountId": "111122223333", "userName": "App"},
                "attributes": {"mfaAuthenticated": "false", "creationDate": "2026-01-15T01:00:00Z"}}},
        "eventTime": time, "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7", "userAgent": "[Boto3/1.34]",
        "requestParameters": {"bucketName": "crown-jewels", "key": format!("a/ümlaut {number}")},
        "responseElements": null,
        "additionalEventData": {"AuthenticationMethod": "AuthHeader", "bytesTransferredIn": 0.0, "bytesTransferredOut": 10_485_760.0},
        "requestID": format!("R{number}"), "eventID": format!("00000000-0000-4000-8000-{number:012}"), "readOnly": true,
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::crown-jewels/a"},
                      {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::crown-jewels", "accountId": "111122223333"}],
        "eventType": "AwsApiCall", "managementEvent": false, "recipientAccountId": "111122223333", "eventCategory": "Data",
    });
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            record.as_object_mut().unwrap().remove(name);
        } else {
            record[name] = value.clone();
        }
    }
    record
}

/// Records of several kinds around the window of the tests, the 15th of January.
fn records() -> Vec<Value> {
    let nobody = json!({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"});
    let foreign_bucket = json!([{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::loot/x"},
        {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::loot", "accountId": "999988887777"}]);
    let changes = [
        ("2026-01-14T23:59:59Z", json!({})),
        ("2026-01-15T00:00:00Z", json!({})),
        ("2026-01-15T03:00:00Z", json!({"sourceIPAddress": "203.0.113.9"})),
        ("2026-01-15T03:00:01Z", json!({"errorCode": "AccessDenied", "errorMessage": "Access Denied"})),
        (
            "2026-01-15T03:00:02Z",
            json!({"userIdentity": nobody, "additionalEventData": {"bytesTransferredOut": 5}}),
        ),
        (
            "2026-01-15T03:00:03Z",
            json!({"additionalEventData": null, "vpcEndpointId": "vpce-1", "vpcEndpointAccountId": "111122223333"}),
        ),
        (
            "2026-01-15T04:00:00Z",
            json!({"recipientAccountId": "012345678901", "awsRegion": "us-east-1",
            "requestParameters": {"bucketName": "other", "key": "k"}}),
        ),
        (
            "2026-01-15T05:00:00Z",
            json!({"eventName": "PutObject", "readOnly": false, "resources": foreign_bucket,
            "requestParameters": {"bucketName": "loot", "key": "x", "x-amz-copy-source": "crown-jewels/a"}}),
        ),
        ("2026-01-15T06:00:00Z", json!({"eventName": "DeleteObject", "readOnly": false})),
        (
            "2026-01-15T07:00:00Z",
            json!({"additionalEventData": {"AuthenticationMethod": "QueryString", "bytesTransferredOut": 7.0}}),
        ),
        (
            "2026-01-15T08:00:00Z",
            json!({"eventName": "PutBucketPolicy", "eventCategory": "Management", "managementEvent": true,
            "readOnly": false, "requestParameters": {"bucketName": "crown-jewels", "bucketPolicy": {"Version": "2012-10-17"}}}),
        ),
        ("2026-01-15T23:59:59Z", json!({})),
        ("2026-01-16T00:00:00Z", json!({})),
    ];
    changes.iter().enumerate().map(|(number, (time, change))| read(number, time, change)).collect()
}

/// A value for each required parameter of a hunt, by its type.
fn required(hunt: &Hunt) -> Vec<String> {
    let value = |kind: ParameterType| match kind {
        ParameterType::Timestamp => "2026-01-14T00:00:00Z",
        ParameterType::Integer | ParameterType::Limit => "1",
        ParameterType::AccountIds => "111122223333,012345678901",
        ParameterType::Regions => "eu-west-1",
        ParameterType::BucketName | ParameterType::BucketNames => "crown-jewels",
        ParameterType::Arn | ParameterType::Arns => "arn:aws:iam::111122223333:role/App",
        ParameterType::AccessKeyId | ParameterType::AccessKeyIds => "ASIAAAAAAAAAAAAAAAAA",
        ParameterType::Ip | ParameterType::Ips => "198.51.100.7",
        ParameterType::Networks => "198.51.100.0/24",
        ParameterType::EventNames => "GetObject",
    };
    let own = hunt.parameters.iter().filter(|parameter| parameter.required);
    own.flat_map(|parameter| ["--set".to_owned(), format!("{}={}", parameter.name, value(parameter.kind))])
        .collect()
}

/// Hunts of `investigate` whose Logs Insights texts have not been run yet (`if` is not in the interpreter's language): they
/// are compared between Athena and log files only.
const NOT_RUN_BY_LOGS_INSIGHTS: [&str; 8] = [
    "bucket-writes",
    "changes-by-credential",
    "credential-use",
    "log-hours",
    "logging-changes",
    "objects-touched",
    "outside-access",
    "sessions-issued",
];

#[test]
fn every_hunt_has_the_same_rows_in_all_back_ends() {
    let site = Site::with(&records());
    let hunts = Hunts::load().unwrap();
    let mut asked = 0;
    for hunt in hunts.iter() {
        let more = required(hunt);
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let athena = site.ask(&hunt.id, "athena", &more);
        assert_eq!(athena.code, 0, "{}: {}", hunt.id, athena.errors);
        let folder = site.folder.path().to_str().unwrap();
        let local = site.ask(&hunt.id, "local", &[&["--logs", folder], more.as_slice()].concat());
        assert_eq!(local.code, 0, "{}: {}", hunt.id, local.errors);
        assert_eq!(athena.rows(), local.rows(), "{}", hunt.id);
        if NOT_RUN_BY_LOGS_INSIGHTS.contains(&hunt.id.as_str()) {
            continue;
        }
        let insights = site.ask(&hunt.id, "logs-insights", &more);
        let Some(text) = &hunt.logs_insights else {
            assert!(
                insights.code == 2 && insights.errors.contains("cannot be asked of logs-insights"),
                "{}",
                insights.errors
            );
            continue;
        };
        assert_eq!(insights.code, 0, "{}: {}", hunt.id, insights.errors);
        if text.differs.is_none() {
            assert_eq!(athena.rows(), insights.rows(), "{}", hunt.id);
            assert_eq!(athena.answer["query"]["sha256"], insights.answer["query"]["sha256"]);
        }
        asked += 1;
    }
    assert!(asked > 0);
    assert_eq!(site.emulator.violations(), [""; 0]);
}

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
fn a_long_answer_comes_page_by_page() {
    let addresses = |n: usize| format!("10.0.{}.{}", n / 250, n % 250);
    let records: Vec<Value> = (0..2500)
        .map(|n| read(n, "2026-01-15T01:00:00Z", &json!({"sourceIPAddress": addresses(n)})))
        .collect();
    let site = Site::with(&records);
    site.emulator.forget_requests();
    let athena = site.ask("top-readers", "athena", &["--set", "limit=5000"]);
    assert_eq!(athena.rows().len(), 2500, "{}", athena.errors);
    assert_eq!(site.calls("athena:GetQueryResults"), 3);
    site.emulator.put(&json!({"kind": "insights_behaviour", "account": CALLER, "region": "eu-west-1", "value": {"page": 900, "questions": 2}}));
    let insights = site.ask("top-readers", "logs-insights", &["--set", "limit=5000"]);
    assert_eq!(insights.rows(), athena.rows());
    assert_eq!(site.calls("logs:GetQueryResults"), 2 + 3, "two questions while it runs, then three pages");
    let few = site.ask("top-readers", "athena", &["--set", "limit=10"]);
    assert!(
        few.rows() == &athena.rows()[..10] && few.notes().contains("truncated: there are more rows"),
        "{}",
        few.notes()
    );
    assert_eq!(few.code, 0);
}

#[test]
fn groups_beyond_what_a_query_gives_are_never_silently_missing() {
    let records: Vec<Value> = (0..10_050)
        .map(|n| {
            let bytes = if n < 40 { 1000 + n } else { 1 };
            let change = json!({"sourceIPAddress": format!("10.{}.{}.7", n / 250, n % 250), "additionalEventData": {"bytesTransferredOut": bytes}});
            read(n, "2026-01-15T01:00:00Z", &change)
        })
        .collect();
    let site = Site::new();
    site.emulator
        .put(&json!({"kind": "log_events", "account": CALLER, "region": "eu-west-1", "name": "trail",
        "seconds_late": 0, "records": records}));
    let first = site.ask("top-readers", "logs-insights", &["--set", "limit=30"]);
    assert_eq!(first.code, 0, "the greatest are given for certain: {}", first.notes());
    assert_eq!(first.column("bytes_out")[29], &json!(1010));
    assert!(first.notes().contains("truncated"), "{}", first.notes());
    let more = site.ask("top-readers", "logs-insights", &["--set", "limit=100"]);
    assert_eq!(more.code, 3, "which of the equal ones are left out is not known: {}", more.notes());
    assert!(more.notes().contains("source-unread: there are more than the 10000 rows"), "{}", more.notes());
    assert_eq!(more.rows().len(), 100);
}

#[test]
fn a_window_is_asked_in_parts_without_losing_or_doubling_a_row() {
    let change = |number: usize, time: String| {
        let policy =
            json!({"eventName": "PutBucketPolicy", "eventCategory": "Management", "managementEvent": true});
        read(number, &time, &policy)
    };
    // One every seven seconds, so that parts begin and end at seconds with a record and without one.
    let spread = (0..12_000_usize).map(|n| {
        let second = n * 7;
        change(n, format!("2026-01-15T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60))
    });
    let site = Site::new();
    let deliver = |name: &str, records: Vec<Value>| {
        site.logs(&format!("client('logs').create_log_group(logGroupName='{name}')"));
        site.emulator
            .put(&json!({"kind": "log_events", "account": CALLER, "region": "eu-west-1", "name": name,
            "seconds_late": 900, "records": records}));
    };
    deliver("spread", spread.collect());
    deliver("burst", (0..10_001).map(|n| change(n, "2026-01-15T01:00:00Z".to_owned())).collect());
    let ask = |group: &str, limit: &str| {
        site.emulator.forget_requests();
        let window = ["--from", "2026-01-15", "--to", "2026-01-16", "--limit", limit, "--output", "json"];
        let who = ["run", "control-plane-changes", "--backend", "logs-insights", "--log-group", group];
        site.hunt(&[&who[..], &window[..]].concat())
    };
    let all = ask("spread", "20000");
    assert_eq!(all.code, 0, "{}", all.errors);
    let ids: BTreeSet<&str> = all.column("event_id").into_iter().filter_map(Value::as_str).collect();
    assert_eq!((all.rows().len(), ids.len()), (12_000, 12_000));
    assert_eq!(site.calls("logs:StartQuery"), 1 + 2, "the whole, then two parts");
    let first = ask("spread", "10");
    assert_eq!(first.rows(), &all.rows()[..10]);
    assert_eq!(site.calls("logs:StartQuery"), 1, "the first rows are known from the whole");
    let burst = ask("burst", "20000");
    assert_eq!(burst.code, 3, "a second has no parts: {}", burst.errors);
    assert!(
        burst.rows().len() == 10_000 && burst.notes().contains("source-unread: there are more"),
        "{}",
        burst.notes()
    );
}

#[test]
fn failures_are_named_with_what_aws_says_and_throttling_is_waited_out() {
    let site = Site::with(&records());
    let denied = |service: &str, operation: &str, code: &str| {
        site.emulator.fail(&json!([{"service": service, "operation": operation,
            "action": {"status": 400, "code": code, "message": "you may not"}}]));
        let back_end = if service == "athena" { "athena" } else { "logs-insights" };
        site.ask("top-readers", back_end, &[])
    };
    for (service, operation) in [
        ("athena", "GetWorkGroup"),
        ("athena", "StartQueryExecution"),
        ("athena", "GetQueryResults"),
        ("logs", "StartQuery"),
    ] {
        let answered = denied(service, operation, "AccessDeniedException");
        assert_eq!(answered.code, 3, "{operation}: {}", answered.errors);
        let permission = format!("the permission `{service}:{operation}` is missing");
        assert!(answered.errors.contains(&permission), "{}", answered.errors);
    }
    let unread = denied("cloudtrail", "DescribeTrails", "AccessDeniedException");
    assert!(unread.code == 0 && unread.notes().contains("not evidence of absence"), "{}", unread.errors);

    site.emulator.fail(&json!([
        {"service": "athena", "operation": "StartQueryExecution", "times": 2, "action": {"status": 400, "code": "TooManyRequestsException", "message": "slow down"}},
        {"service": "logs", "operation": "StartQuery", "times": 2, "action": {"status": 400, "code": "LimitExceededException", "message": "too many"}}]));
    for back_end in ["athena", "logs-insights"] {
        let answered = site.ask("top-readers", back_end, &[]);
        assert_eq!(answered.code, 0, "{back_end}: {}", answered.errors);
    }
    // A question that gets no answer ends the waiting; the query must not run on.
    site.emulator.forget_requests();
    site.emulator.fail(&json!([{"service": "athena", "operation": "GetQueryExecution", "action": {"status": 400, "code": "InvalidRequestException", "message": "no"}}]));
    let lost = site.ask("top-readers", "athena", &["--work-group", "slow"]);
    assert!(lost.code == 3 && site.calls("athena:StopQueryExecution") == 1, "{}", lost.errors);
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

#[test]
fn a_query_that_takes_too_long_or_is_interrupted_is_cancelled() {
    let site = Site::with(&records());
    site.emulator.put(&json!({"kind": "insights_behaviour", "account": CALLER, "region": "eu-west-1", "value": {"questions": 10_000}}));
    let cases = [
        ("athena", "athena:GetQueryExecution", "athena:StopQueryExecution"),
        ("logs-insights", "logs:GetQueryResults", "logs:StopQuery"),
    ];
    for (back_end, question, stop) in cases {
        site.emulator.forget_requests();
        let slow = ["--work-group", "slow", "--query-time-out", "1"];
        let late = site.ask("top-readers", back_end, &slow);
        assert!(late.code == 3 && late.errors.contains("took longer than 1 s"), "{}", late.errors);
        assert_eq!(site.calls(stop), 1, "{back_end}");
        let interrupted = site.interrupted_after(question, &asking("top-readers", back_end, &slow[..2]));
        assert_eq!(interrupted.code, 130, "{}", interrupted.errors);
        assert_eq!(site.calls(stop), 1, "{back_end}");
    }
}

#[test]
fn what_is_known_of_the_log_group_is_said_with_the_answer() {
    let site = Site::with(&records());
    let missing = site.hunt(&asking("top-readers", "logs-insights", &["--log-group", "nowhere"]));
    assert!(
        missing.code == 2 && missing.errors.contains("there is no log group `nowhere`"),
        "{}",
        missing.errors
    );
    let unknown = site.ask("top-readers", "logs-insights", &[]);
    assert!(
        unknown.notes().contains("no trail that this account can see delivers to `trail`"),
        "{}",
        unknown.notes()
    );
    assert!(unknown.scanned() > 0 && unknown.errors.contains("scanned in 1 query"), "{}", unknown.errors);
    site.logs(
        "client('s3').create_bucket(Bucket='logs', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})\n\
         arn = 'arn:aws:logs:eu-west-1:123456789012:log-group:trail:*'\n\
         client('cloudtrail').create_trail(Name='all', S3BucketName='logs', CloudWatchLogsLogGroupArn=arn, \
         CloudWatchLogsRoleArn='arn:aws:iam::123456789012:role/x')\n\
         client('cloudtrail').start_logging(Name='all')",
    );
    let delivering = site.ask("top-readers", "logs-insights", &[]);
    assert_eq!(
        delivering.notes(),
        "remark: Logs Insights counts different values by approximation where there are very many\n"
    );
    let arn = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/all";
    site.emulator.put(&json!({"kind": "trail_status", "arn": arn, "value": {"LatestCloudWatchLogsDeliveryError": "AccessDenied"}}));
    let failing = site.ask("top-readers", "logs-insights", &[]);
    assert!(
        failing.notes().contains("failed (AccessDenied): an empty result is not evidence of absence"),
        "{}",
        failing.notes()
    );
}

#[test]
fn the_interpreter_of_logs_insights_means_what_aws_documents() {
    let output = Command::new(repository("target/emulator/bin/python"))
        .args(["-B", "-m", "unittest", "insights_language_test"])
        .current_dir(repository("tests/emulator"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
