//! Hunts that compare events with one another: in Logs Insights, over parts of the window, what was gathered is finished here.

use serde_json::{Value, json};

use crate::records::read;
use crate::same_rows::same_rows;
use crate::site::Site;
use crate::trail_site::CALLER;

/// A moment of the day.
fn at(second: usize) -> String {
    format!("2026-01-15T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Numbered records.
#[derive(Default)]
struct Records(Vec<Value>);

impl Records {
    fn add(&mut self, time: &str, change: &Value) {
        let number = self.0.len();
        self.0.push(read(number, time, change));
    }

    /// A request for a key.
    fn deed(&mut self, name: &str, key: &str, time: &str) {
        self.with(name, json!({"bucketName": "crown-jewels", "key": key}), time);
    }

    fn with(&mut self, name: &str, parameters: Value, time: &str) {
        self.add(time, &json!({"eventName": name, "requestParameters": parameters}));
    }
}

fn caller(kind: &str, access_key: Value) -> Value {
    let arn = format!("arn:aws:iam::111122223333:user/{kind}");
    json!({"type": "IAMUser", "arn": arn, "accountId": "111122223333", "accessKeyId": access_key})
}

/// How many `kind`s there are of the rows of `deletes-and-overwrites`: requests and different keys.
fn of_kind(rows: &[Value], kind: &str) -> (u64, u64) {
    let rows = rows.iter().filter(|row| row[4] == kind);
    rows.fold((0, 0), |(requests, keys), row| {
        (requests + row[5].as_u64().unwrap(), keys + row[6].as_u64().unwrap())
    })
}

#[test]
fn an_overwrite_is_told_by_the_first_event_of_its_object_in_another_part_of_the_window() {
    let mut all = Records::default();
    for n in 0..5_100 {
        let key = format!("object {n}");
        all.deed("GetObject", &key, &at(n));
        // Another reader of the same object is no other row.
        let parameters = json!({"bucketName": "crown-jewels", "key": key});
        let other = caller("other", json!(format!("AKIA{n:016}")));
        all.add(&at(n + 1), &json!({"userIdentity": other, "requestParameters": parameters}));
        all.deed("PutObject", &key, &at(72_000 + n));
    }
    let none = Value::Null;
    for (name, key, time) in [
        ("PutObject", "written once", at(100)),
        ("PutObject", "twice in its first second", at(100)),
        ("PutObject", "twice in its first second", at(100)),
        ("PutObject", "twice", at(100)),
        ("CopyObject", "twice", at(40_000)),
        ("PutObject", "read in the second of its writing", at(100)),
        ("GetObject", "read in the second of its writing", at(100)),
        ("PutObject", "read before the window", at(50_000)),
        ("GetObject", "read before the window", "2026-01-14T23:59:59Z".to_owned()),
        ("GetObject", "read after its writing", at(60_000)),
        ("PutObject", "read after its writing", at(50_000)),
        ("DeleteObject", "deleted twice", at(100)),
        ("DeleteObject", "deleted twice", at(80_000)),
        ("CompleteMultipartUpload", "twice", at(80_001)),
        ("CreateMultipartUpload", "in parts", at(100)),
        ("CompleteMultipartUpload", "in parts", at(80_001)),
    ] {
        all.deed(name, key, &time);
    }
    for version in ["null", "3HL4kqtJvjVBH40Nrjfkd", "4HL4kqtJvjVBH40Nrjfkd"] {
        let parameters = json!({"bucketName": "crown-jewels", "key": "of versions", "versionId": version});
        all.with("DeleteObject", parameters.clone(), &at(3_000));
        all.with("GetObject", parameters, &at(2_000));
    }
    let customer = json!({"bucketName": "crown-jewels", "key": "twice", "x-amz-server-side-encryption-customer-algorithm": "AES256"});
    for name in ["PutObject", "GetObject", "CreateMultipartUpload"] {
        all.with(name, customer.clone(), &at(81_000));
    }
    // Requests without a key, callers without one, with an empty one, and of a service without any ARN.
    for who in [
        caller("keyless", none),
        caller("nameless", json!("")),
        json!({"type": "AWSService", "invokedBy": "s3.amazonaws.com"}),
        json!({"type": "Unknown"}),
    ] {
        for (name, second) in
            [("DeleteObjects", 4_000), ("DeleteObjects", 82_000), ("PutBucketLifecycleConfiguration", 82_000)]
        {
            let change = json!({"eventName": name, "userIdentity": who, "requestParameters": {"bucketName": "crown-jewels"}});
            all.add(&at(second), &change);
        }
    }
    all.with("DeleteObject", json!({"bucketName": "other", "key": "twice"}), &at(100));
    all.with("PutObject", json!({"bucketName": "other", "key": "twice"}), &at(101));
    all.add(&at(82_000), &json!({"eventName": "DeleteObject", "errorCode": "AccessDenied"}));

    let site = Site::with(&all.0);
    site.emulator.forget_requests();
    let rows = same_rows(&site, "deletes-and-overwrites", &[]);
    assert_eq!(site.calls("logs:StartQuery"), 1 + 3, "the whole, then three parts");
    assert_eq!(of_kind(&rows, "overwrite"), (5_100 + 2 + 1, 5_100 + 1 + 1), "{rows:?}");
    assert_eq!(of_kind(&rows, "delete"), (3, 2));
    assert_eq!(of_kind(&rows, "delete-version"), (3, 1));
    assert_eq!(of_kind(&rows, "encrypt-with-customer-key"), (2, 1));
    assert_eq!(of_kind(&rows, "delete-many"), (8, 0));
    assert_eq!(of_kind(&rows, "expire"), (4, 0));
    let other = same_rows(&site, "deletes-and-overwrites", &["--set", "bucket=other"]);
    assert_eq!(other.len(), 2, "{other:?}");

    let few = site.ask("deletes-and-overwrites", "logs-insights", &["--limit", "1"]);
    assert_eq!(few.rows(), &rows[..1], "all rows are gathered, however few are shown");
    let text = few.answer["query"]["text"].as_str().unwrap();
    let (query, finish) =
        text.split_once("\n\n-- Of these rows, as the table \"gathered\", here:\n").unwrap();
    assert!(query.contains("| stats count(*) as requests") && !query.contains("| sort"), "{query}");
    assert!(finish.contains("FROM \"gathered\"") && finish.ends_with("LIMIT $1"), "{finish}");
}

#[test]
fn an_hour_is_compared_with_a_baseline_that_was_gathered_in_parts() {
    let mut all = Records::default();
    let mut bucket_read = |bucket: &str, day: &str, hour: usize, times: usize| {
        for time in 0..times {
            // The first ten minutes after the hour, the others forty minutes later.
            let minute = 10 + 40 * time.min(1);
            let parameters = json!({"bucketName": bucket, "key": "k"});
            all.add(&format!("{day}T{hour:02}:{minute}:00Z"), &json!({"requestParameters": parameters}));
        }
    };
    // Hours of thirty days before the window and of its day, in fourteen buckets.
    let days =
        (16..=31).map(|day| format!("2025-12-{day}")).chain((1..=15).map(|day| format!("2026-01-{day:02}")));
    for day in days {
        for hour in 0..24 {
            for bucket in 0..14 {
                let twice = bucket < 3 && [5, 12].contains(&hour);
                bucket_read(&format!("bucket-{bucket}"), &day, hour, 1 + usize::from(twice));
            }
        }
    }
    bucket_read("bucket-0", "2026-01-15", 7, 9);
    bucket_read("bucket-9", "2026-01-15", 7, 1);
    bucket_read("seldom", "2026-01-14", 7, 1);
    bucket_read("seldom", "2026-01-15", 7, 12);

    let site = Site::with(&all.0);
    site.emulator.forget_requests();
    // The second part begins at 12:20 of a day: an hour with two requests is one sample, not two.
    let values = ["--set", "least_requests=12", "--set", "baseline_from=2025-12-16T00:40:00Z"];
    let rows = same_rows(&site, "hourly-baseline", &values);
    assert_eq!(site.calls("logs:StartQuery"), 1 + 2, "the whole, then two parts");
    let found: Vec<Value> = rows.iter().map(|row| json!([row[1], row[2], row[3], row[5], row[8]])).collect();
    let busy = |bucket: &str, hour: &str, requests: u64| {
        json!([bucket, format!("2026-01-15T{hour}"), requests, 719, "above-baseline"])
    };
    let mut expected = vec![busy("bucket-0", "07", 10)];
    for bucket in ["bucket-0", "bucket-1", "bucket-2"] {
        expected.extend(["05", "12"].map(|hour| busy(bucket, hour, 2)));
    }
    expected.push(busy("bucket-9", "07", 2));
    expected.push(json!(["seldom", "2026-01-15T07", 12, 1, "no-baseline"]));
    assert_eq!(found, expected);
}

#[test]
fn a_comparison_with_rows_that_were_not_given_is_said_to_be_doubtful() {
    let site = Site::new();
    let deletes: Vec<Value> = (0..10_001)
        .map(|n| read(n, "2026-01-15T01:00:00Z", &json!({"eventName": "DeleteObject", "readOnly": false})))
        .collect();
    site.emulator
        .put(&json!({"kind": "log_events", "account": CALLER, "region": "eu-west-1", "name": "trail",
        "seconds_late": 0, "records": deletes}));
    let burst = site.ask("deletes-and-overwrites", "logs-insights", &[]);
    assert_eq!(burst.code, 3, "a second has no parts: {}", burst.errors);
    assert_eq!(burst.column("requests"), [10_000]);
    let said = "source-unread: there are more than the 10000 rows that a query gives, and no smaller part can be asked; what is \
                compared with those that are missing may be wrong";
    assert!(burst.notes().contains(said), "{}", burst.notes());
}
