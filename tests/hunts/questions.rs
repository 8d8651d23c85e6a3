//! Each hunt on hand-written records with the rows that it must find.

use std::fs;

use serde_json::{Value, json};

use crate::log_folder::{ROLE, chosen, file_of, folder, hunt_in, put, record, rows};

#[test]
fn top_readers_sums_floats_and_leaves_out_errors_and_other_windows() {
    let records = [
        record(1, json!({})),
        record(2, json!({"additionalEventData": {"bytesTransferredOut": 2143.0}})),
        record(
            3,
            json!({"requestParameters": {"key": "pii/2.csv"}, "additionalEventData": {"bytesTransferredOut": "12"}}),
        ),
        record(4, json!({"additionalEventData": null})),
        record(5, json!({"errorCode": "AccessDenied"})),
        record(6, json!({"eventTime": "2026-01-15T05:00:00Z"})),
        record(7, json!({"eventTime": "2026-01-15T02:59:59Z"})),
        record(8, json!({"eventName": "PutObject"})),
        record(9, json!({"eventSource": "s3express.amazonaws.com"})),
        record(
            10,
            json!({"userIdentity": {"sessionContext": null, "accessKeyId": null, "arn": null, "type": "AWSService",
            "accountId": null, "invokedBy": "athena.amazonaws.com"}, "sourceIPAddress": "athena.amazonaws.com"}),
        ),
    ];
    let found = rows(
        "top-readers",
        &records,
        &[],
        &[
            "principal",
            "access_key",
            "source_ip",
            "requests",
            "distinct_keys",
            "bytes_out",
            "first_seen",
            "last_seen",
        ],
    );
    assert_eq!(
        found,
        json!([
            [
                ROLE,
                "ASIAAAAAAAAAAAAAAAAA",
                "198.51.100.23",
                4,
                3,
                2255,
                "2026-01-15T03:00:01Z",
                "2026-01-15T03:00:04Z"
            ],
            [
                "athena.amazonaws.com",
                null,
                "athena.amazonaws.com",
                1,
                1,
                100,
                "2026-01-15T03:00:10Z",
                "2026-01-15T03:00:10Z"
            ]
        ])
    );
    let one = rows("top-readers", &records, &["--set", "bucket=other"], &["principal"]);
    assert_eq!(one, json!([]));
    let account = ["--accounts", "111122223333", "--regions", "eu-west-1"];
    assert_eq!(rows("top-readers", &records, &account, &["requests"]), json!([[4], [1]]));
    assert_eq!(rows("top-readers", &records, &["--regions", "us-east-1"], &["requests"]), json!([]));
}

#[test]
fn unusual_addresses_are_those_that_the_baseline_and_the_networks_lack() {
    let earlier = json!({"eventTime": "2026-01-10T10:00:00Z"});
    let mut known = record(1, earlier);
    known["sourceIPAddress"] = json!("203.0.113.5");
    let records = [
        known,
        record(2, json!({"sourceIPAddress": "203.0.113.5"})),
        record(3, json!({"sourceIPAddress": "185.220.101.1"})),
        record(4, json!({"sourceIPAddress": "10.1.2.3"})),
        record(5, json!({"sourceIPAddress": "athena.amazonaws.com"})),
    ];
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "2026/01/10/a.json.gz", &file_of(&records[..1]));
    put(folder.path(), "2026/01/15/b.json.gz", &file_of(&records[1..]));
    let all = hunt_in(folder.path(), "unusual-addresses", &[]);
    let addresses = chosen(&all.answer, &["source_ip"]);
    assert_eq!(
        addresses,
        json!([["10.1.2.3"], ["185.220.101.1"], ["athena.amazonaws.com"]]),
        "{}",
        all.stderr
    );
    let fewer = hunt_in(folder.path(), "unusual-addresses", &["--set", "networks=10.0.0.0/8,2001:db8::/32"]);
    assert_eq!(chosen(&fewer.answer, &["source_ip"]), json!([["185.220.101.1"], ["athena.amazonaws.com"]]));
    let shorter = hunt_in(
        folder.path(),
        "unusual-addresses",
        &["--set", "baseline-from=2026-01-12", "--set", "networks=10.0.0.0/8"],
    );
    assert_eq!(chosen(&shorter.answer, &["source_ip"]).as_array().unwrap().len(), 3);
}

#[test]
fn outside_writes_goes_by_the_owner_of_the_bucket_and_the_inventory() {
    let bucket = |owner: Value, name: &str| json!([{"type": "AWS::S3::Object", "ARN": "x"}, {"accountId": owner, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{name}")}]);
    let write = |number, name: &str, owner: Value, event: &str| {
        record(
            number,
            json!({"eventName": event, "resources": bucket(owner, name), "requestParameters": {"bucketName": name},
            "additionalEventData": {"bytesTransferredIn": 50.0}}),
        )
    };
    let mut copy = write(1, "thief", json!("999988887777"), "CopyObject");
    copy["requestParameters"]["x-amz-copy-source"] = json!("/crown-jewels/pii/1.csv");
    let mut encoded = write(2, "thief", json!("999988887777"), "CopyObject");
    encoded["requestParameters"]["x-amz-copy-source"] = json!("crown-jewels%2Fpii/2.csv");
    let mut none = write(5, "nameless", json!(null), "PutObject");
    none.as_object_mut().unwrap().remove("resources");
    let records = [
        copy,
        encoded,
        write(3, "ours", json!("111122223333"), "PutObject"),
        write(4, "unowned", json!(null), "PutObject"),
        none,
        write(6, "ours-too", json!("444455556666"), "UploadPart"),
        record(
            7,
            json!({"eventName": "CopyObject", "errorCode": "AccessDenied", "resources": bucket(json!("999988887777"), "thief")}),
        ),
        write(8, "inventoried", json!(null), "PutObject"),
    ];
    let accounts = ["--organization-accounts", "111122223333,444455556666"];
    let columns = ["bucket", "bucket_owner", "why", "event_name", "source_bucket", "requests", "bytes_in"];
    let outside = json!(["thief", "999988887777", "owner-outside", "CopyObject", "crown-jewels", 2, 100]);
    let unknown = |name: &str| json!([name, null, "owner-unknown", "PutObject", null, 1, 50]);
    assert_eq!(
        rows("outside-writes", &records, &accounts, &columns),
        json!([outside, unknown("inventoried"), unknown("nameless"), unknown("unowned")])
    );
    let inventory = [
        "--organization-accounts",
        "111122223333,444455556666",
        "--set",
        "organization_buckets=ours,inventoried",
    ];
    assert_eq!(
        rows("outside-writes", &records, &inventory, &columns),
        json!([
            outside,
            unknown("nameless"),
            ["ours-too", "444455556666", "not-in-inventory", "UploadPart", null, 1, 50],
            unknown("unowned")
        ])
    );
    let folder = folder(&records);
    let without = hunt_in(folder.path(), "outside-writes", &[]);
    assert_eq!(without.code, 2);
    assert!(without.stderr.contains("organization_accounts"), "{}", without.stderr);
}

#[test]
fn foreign_readers_are_told_apart() {
    let reader = |number, identity: Value| {
        let mut record = record(number, json!({}));
        record["userIdentity"] = identity;
        record
    };
    let mut endpoint =
        record(5, json!({"vpcEndpointId": "vpce-0123456789abcdef0", "vpcEndpointAccountId": "999988887777"}));
    endpoint["requestParameters"]["key"] = json!("k");
    let records = [
        record(1, json!({})),
        reader(2, json!({"type": "AWSAccount", "accountId": "anonymous"})),
        reader(3, json!({"type": "AWSAccount", "accountId": "012345678901", "principalId": "AIDA"})),
        reader(4, json!({"type": "AWSService", "invokedBy": "cloudfront.amazonaws.com"})),
        endpoint,
        reader(6, json!({"type": "AWSAccount", "accountId": "444455556666"})),
        reader(7, json!({"type": "Unknown"})),
    ];
    let accounts = ["--organization-accounts", "111122223333,444455556666"];
    let mut found =
        rows("foreign-readers", &records, &accounts, &["why", "caller_account", "principal", "requests"]);
    found.as_array_mut().unwrap().sort_by_key(ToString::to_string);
    assert_eq!(
        found,
        json!([
            ["anonymous", "anonymous", "anonymous", 1],
            ["aws-service", null, "cloudfront.amazonaws.com", 1],
            ["foreign-account", "012345678901", "012345678901", 1],
            ["foreign-vpc-endpoint", "111122223333", ROLE, 1],
            ["other-account-of-the-organization", "444455556666", "444455556666", 1],
            ["unknown-caller", null, "Unknown", 1]
        ])
    );
}

#[test]
fn presigned_urls_are_told_by_the_signature() {
    let signed = json!({"additionalEventData": {"AuthenticationMethod": "QueryString"}, "sourceIPAddress": "185.220.101.1"});
    let records = [
        record(1, json!({})),
        record(2, signed.clone()),
        record(3, signed),
        record(4, json!({"additionalEventData": null})),
        record(
            5,
            json!({"additionalEventData": {"AuthenticationMethod": "QueryString"}, "errorCode": "AccessDenied"}),
        ),
    ];
    let found = rows(
        "presigned-urls",
        &records,
        &[],
        &["principal", "source_ip", "event_name", "requests", "bytes_out"],
    );
    assert_eq!(found, json!([[ROLE, "185.220.101.1", "GetObject", 2, 200]]));
}

#[test]
fn control_plane_changes_are_listed_with_those_that_were_refused() {
    let call = |number, source: &str, name: &str, more: Value| {
        let mut record =
            record(number, json!({"eventSource": source, "eventName": name, "eventCategory": "Management"}));
        json_patch::merge(&mut record, &more);
        record
    };
    let records = [
        call(1, "s3.amazonaws.com", "PutBucketPolicy", json!({"requestParameters": {"key": null}})),
        call(
            2,
            "cloudtrail.amazonaws.com",
            "StopLogging",
            json!({"errorCode": "AccessDenied", "requestParameters": {"bucketName": null, "key": null, "name": "t"}}),
        ),
        call(3, "s3.amazonaws.com", "PutBucketInventoryConfiguration", json!({})),
        call(4, "s3.amazonaws.com", "GetBucketPolicy", json!({})),
        call(5, "evil.amazonaws.com", "StopLogging", json!({})),
    ];
    let found =
        rows("control-plane-changes", &records, &[], &["event_name", "bucket", "error_code", "request"]);
    assert_eq!(
        found,
        json!([
            ["PutBucketPolicy", "crown-jewels", null, "{\"bucketName\":\"crown-jewels\"}"],
            ["StopLogging", null, "AccessDenied", "{\"name\":\"t\"}"],
            [
                "PutBucketInventoryConfiguration",
                "crown-jewels",
                null,
                "{\"bucketName\":\"crown-jewels\",\"key\":\"pii/3.csv\"}"
            ]
        ])
    );
    let keys = ["--set", "access_keys=AKIAIOSFODNN7EXAMPLE"];
    assert_eq!(rows("control-plane-changes", &records, &keys, &["event_name"]), json!([]));
    let own = ["--set", "access_keys=ASIAAAAAAAAAAAAAAAAA", "--set", &format!("principals={ROLE}")];
    assert_eq!(rows("control-plane-changes", &records, &own, &["event_name"]).as_array().unwrap().len(), 3);
}

#[test]
fn credential_spread_goes_on_to_a_fixed_point_of_five_steps() {
    let issue = |number: u32, from: &str, to: Value| {
        let mut record = record(
            number,
            json!({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
            "responseElements": {"credentials": {"accessKeyId": to}, "assumedRoleUser": {"arn": format!("arn:aws:sts::111122223333:assumed-role/R/{number}")}}}),
        );
        record["userIdentity"]["accessKeyId"] = json!(from);
        record["requestParameters"] = json!({"roleArn": ROLE});
        record
    };
    let key = |letter: char| format!("ASIA{}", letter.to_string().repeat(16));
    let chain: Vec<Value> = ('A'..='G')
        .zip('B'..='H')
        .zip(1..)
        .map(|((from, to), number)| issue(number, &key(from), json!(key(to))))
        .collect();
    let mut records = chain[..3].to_vec();
    records.push(issue(20, &key('D'), json!(key('A'))));
    let mut refused = issue(21, &key('B'), json!(null));
    refused["errorCode"] = json!("AccessDenied");
    refused["responseElements"] = json!(null);
    records.push(refused);
    records.push(issue(22, &key('X'), json!(key('Y'))));
    let mut made = issue(23, &key('D'), json!(null));
    made["eventSource"] = json!("iam.amazonaws.com");
    made["eventName"] = json!("CreateAccessKey");
    made["responseElements"] =
        json!({"accessKey": {"accessKeyId": "AKIAZZZZZZZZZZZZZZZZ", "userName": "backdoor"}});
    records.push(made);
    let keys = format!("access_keys={}", key('A'));
    let found = rows(
        "credential-spread",
        &records,
        &["--set", &keys],
        &["step", "access_key", "issued_key", "error_code"],
    );
    assert_eq!(
        found,
        json!([
            [1, key('A'), key('B'), null],
            [2, key('B'), key('C'), null],
            [2, key('B'), null, "AccessDenied"],
            [3, key('C'), key('D'), null],
            [4, key('D'), key('A'), null],
            [4, key('D'), "AKIAZZZZZZZZZZZZZZZZ", null]
        ])
    );
    let folder = folder(&chain);
    let outcome = hunt_in(folder.path(), "credential-spread", &["--set", &keys]);
    assert_eq!(chosen(&outcome.answer, &["step"]), json!([[1], [2], [3], [4], [5]]));
    assert!(outcome.stderr.contains("after 5 steps"), "{}", outcome.stderr);
}

#[test]
fn deletes_and_overwrites_are_told_by_kind() {
    let on = |number: u32, event: &str, parameters: Value| {
        let mut record = record(number, json!({"eventName": event}));
        record["requestParameters"] = parameters;
        record
    };
    let object = |key: &str| json!({"bucketName": "b", "key": key});
    let records = [
        on(1, "GetObject", object("k1")),
        on(2, "PutObject", object("k1")),
        on(3, "PutObject", object("new")),
        on(4, "DeleteObject", object("k1")),
        on(5, "DeleteObject", json!({"bucketName": "b", "key": "k2", "versionId": "v"})),
        on(6, "DeleteObjects", json!({"bucketName": "b", "delete": ""})),
        on(
            7,
            "CopyObject",
            json!({"bucketName": "b", "key": "k3", "x-amz-server-side-encryption-customer-algorithm": "AES256"}),
        ),
        on(8, "PutBucketLifecycle", json!({"bucketName": "b"})),
        // The beginning of an upload in parts has written nothing yet.
        on(9, "CreateMultipartUpload", object("large")),
        on(10, "CompleteMultipartUpload", object("large")),
    ];
    let mut found =
        rows("deletes-and-overwrites", &records, &[], &["kind", "bucket", "requests", "distinct_keys"]);
    found.as_array_mut().unwrap().sort_by_key(ToString::to_string);
    assert_eq!(
        found,
        json!([
            ["delete", "b", 1, 1],
            ["delete-many", "b", 1, 0],
            ["delete-version", "b", 1, 1],
            ["encrypt-with-customer-key", "b", 1, 1],
            ["expire", "b", 1, 0],
            ["overwrite", "b", 1, 1]
        ])
    );
}

#[test]
fn hourly_baseline_needs_twenty_samples_and_three_deviations() {
    let mut records = Vec::new();
    let mut number = 0;
    let mut reads = |time: &str, count: usize, bucket: &str| {
        for _ in 0..count {
            number += 1;
            records.push(record(
                number,
                json!({"eventTime": time, "requestParameters": {"bucketName": bucket}}),
            ));
        }
    };
    for hour in 0..20 {
        // 10 and 12 by turns: average 11, deviation 1.026, threshold 14.078.
        reads(&format!("2026-01-14T{hour:02}:30:00Z"), 10 + hour % 2 * 2, "steady");
        if hour < 19 {
            reads(&format!("2026-01-14T{hour:02}:30:00Z"), 1, "young");
        }
    }
    reads("2026-01-15T03:10:00Z", 14, "steady");
    reads("2026-01-15T04:10:00Z", 15, "steady");
    reads("2026-01-15T03:10:00Z", 5, "young");
    let columns = ["bucket", "hour", "requests", "samples", "usual_requests", "threshold", "verdict"];
    let folder = tempfile::tempdir().unwrap();
    let flat = folder.path().join("flat.json");
    fs::write(&flat, json!({"Records": records}).to_string()).unwrap();
    let least = |count: &str| {
        let outcome = hunt_in(&flat, "hourly-baseline", &["--set", &format!("least_requests={count}")]);
        chosen(&outcome.answer, &columns)
    };
    let above = json!(["steady", "2026-01-15T04", 15, 20, 11.0, 14.078, "above-baseline"]);
    assert_eq!(least("100"), json!([above]));
    assert_eq!(least("5"), json!([above, ["young", "2026-01-15T03", 5, 19, 1.0, 1.0, "no-baseline"]]));
}
