//! A trail whose records can be asked of both back ends at AWS.

// Each test program uses a part of this.
#![allow(dead_code, reason = "shared by several test programs")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use crate::emulated::{Athena, Emulator};

/// The account whose credentials the program has.
pub const CALLER: &str = "123456789012";
/// Where the trail puts its files.
const TRAIL: &str = "AWSLogs/o-example12345";

/// Both back ends with the same records: as files of an organization's trail, and as events of its log group.
pub struct TrailSite {
    /// What answers for all of AWS but Athena.
    pub emulator: Emulator,
    /// What executes Athena's queries.
    pub athena: Athena,
    /// The same files at hand.
    pub folder: tempfile::TempDir,
}

impl TrailSite {
    /// A work group with a limit, an empty trail bucket and an empty log group.
    pub fn new() -> Self {
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

    /// Runs Python statements with `client`, for the services that moto answers for.
    pub fn logs(&self, statements: &str) {
        let endpoint = self.emulator.endpoint();
        self.emulator.boto(&format!(
            "client = lambda name: boto3.client(name, endpoint_url='{endpoint}', region_name='eu-west-1')\n{statements}"
        ));
    }

    /// Delivers records, each under its account, region and day, and five minutes later to the log group.
    pub fn deliver(&self, records: &[Value]) {
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

    /// `exfilguard` in the trail's region.
    pub fn program(&self) -> Command {
        let mut program = self.emulator.program();
        program.env("AWS_REGION", "eu-west-1");
        program
    }

    /// Makes the table over the trail's files.
    pub fn make_table(&self, more: &[&str]) {
        let output = self
            .program()
            .args(["hunt", "setup", "--apply", "--yes"])
            .args(SETUP)
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What `hunt setup` is told of the trail.
pub const SETUP: [&str; 8] = [
    "--bucket",
    "trail-bucket",
    "--organization-id",
    "o-example12345",
    "--regions",
    "eu-west-1,us-east-1",
    "--since",
    "2025-12-01",
];
