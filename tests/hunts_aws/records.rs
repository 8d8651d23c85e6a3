//! The records that are asked for.

use serde_json::{Value, json};

/// A record of a read; `change` replaces or, with null, takes away fields of it.
pub fn read(number: usize, time: &str, change: &Value) -> Value {
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
pub fn records() -> Vec<Value> {
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

/// More records within the window, so that every hunt of an investigation finds something.
pub fn deeds() -> Vec<Value> {
    let management = |service: &str, name: &str, more: Value| {
        let mut change = json!({"eventSource": format!("{service}.amazonaws.com"), "eventName": name, "eventCategory": "Management",
            "managementEvent": true, "readOnly": false, "resources": null, "additionalEventData": null});
        change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        change
    };
    let foreign = json!({"type": "AWSAccount", "principalId": "AIDAFOREIGN", "accountId": "999988887777"});
    let service = json!({"type": "AWSService", "invokedBy": "replication.s3.amazonaws.com"});
    let unknown = json!({"type": "Unknown", "principalId": "x", "accountId": "111122223333"});
    let nameless = json!({"type": "WebIdentityUser", "principalId": "x"});
    let issued = |key: &str| {
        json!({"credentials": {"accessKeyId": key, "sessionToken": "x"},
        "assumedRoleUser": {"arn": "arn:aws:sts::111122223333:assumed-role/App/next"}})
    };
    let by_endpoint = json!([{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::loot/y"},
        {"type": "AWS::S3::AccessPoint", "ARN": "arn:aws:s3:eu-west-1:111122223333:accesspoint/x", "accountId": "111122223333"},
        {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::loot", "accountId": "999988887777"}]);
    let ownerless = json!([{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::loot/z"}, {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::loot"}]);
    let changes = [
        management(
            "sts",
            "AssumeRole",
            json!({"requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/App", "roleSessionName": "next"},
            "responseElements": issued("ASIABBBBBBBBBBBBBBBB")}),
        ),
        management(
            "sts",
            "AssumeRole",
            json!({"errorCode": "AccessDenied", "requestParameters": {"roleArn": "arn:aws:iam::999988887777:role/X"}}),
        ),
        management(
            "iam",
            "CreateAccessKey",
            json!({"requestParameters": {"userName": "backdoor"},
            "responseElements": {"accessKey": {"accessKeyId": "AKIACCCCCCCCCCCCCCCC", "userName": "backdoor", "status": "Active"}}}),
        ),
        management(
            "cloudtrail",
            "StopLogging",
            json!({"requestParameters": {"name": "organization"}, "awsRegion": "us-east-1"}),
        ),
        management(
            "cloudtrail",
            "PutEventSelectors",
            json!({"errorCode": "AccessDenied", "requestParameters": {"trailName": "organization",
            "eventSelectors": [{"includeManagementEvents": false, "dataResources": []}]}}),
        ),
        json!({"userIdentity": foreign}),
        json!({"userIdentity": foreign, "vpcEndpointId": "vpce-9", "vpcEndpointAccountId": "999988887777"}),
        json!({"userIdentity": {"type": "IAMUser", "principalId": "AIDAFOREIGN", "accountId": "999988887777"}}),
        json!({"userIdentity": {"type": "Unknown", "principalId": "AIDAFOREIGN", "accountId": "999988887777"}}),
        json!({"userIdentity": service}),
        json!({"userIdentity": unknown}),
        json!({"userIdentity": nameless}),
        json!({"vpcEndpointId": "vpce-9", "vpcEndpointAccountId": "999988887777"}),
        json!({"eventName": "CopyObject", "readOnly": false, "resources": by_endpoint,
            "requestParameters": {"bucketName": "loot", "key": "y", "x-amz-copy-source": "/crown-jewels%2Fa/ümlaut 1"}}),
        json!({"eventName": "CopyObject", "readOnly": false, "resources": ownerless,
            "requestParameters": {"bucketName": "loot", "key": "z", "x-amz-copy-source": "crown-jewels/a"}}),
        json!({"eventName": "PutObject", "readOnly": false, "requestParameters": {"bucketName": "not-listed", "key": "k"}}),
        json!({"eventName": "PutObject", "readOnly": false, "userIdentity": service, "additionalEventData": {"bytesTransferredIn": 9.0}}),
        json!({"sourceIPAddress": "192.0.2.77"}),
        json!({"sourceIPAddress": "athena.amazonaws.com"}),
        json!({"sourceIPAddress": "2001:db8::7"}),
        json!({"sourceIPAddress": "2001:db9::7"}),
    ];
    changes
        .iter()
        .enumerate()
        .map(|(number, change)| read(100 + number, &format!("2026-01-15T09:00:{number:02}Z"), change))
        .collect()
}
