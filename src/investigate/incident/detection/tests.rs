#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;

use super::*;

fn finding() -> Value {
    json!({
        "id": "f1", "type": "Exfiltration:S3/AnomalousBehavior", "accountId": "111122223333", "region": "eu-west-1",
        "severity": 8, "title": "t", "createdAt": "2026-01-15T05:00:00.000Z", "updatedAt": "2026-01-15T06:00:00.000Z",
        "resource": {
            "accessKeyDetails": {"accessKeyId": "ASIAABCDEFGHIEXAMPLE", "principalId": "AROA:x", "userType": "AssumedRole", "userName": "R"},
            "s3BucketDetails": [{"name": "crown-jewels"}],
        },
        "service": {
            "archived": false,
            "eventFirstSeen": "2026-01-15T03:00:00.000Z", "eventLastSeen": "2026-01-15T04:00:00.000Z",
            "action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {
                "remoteIpDetails": {"ipAddressV4": "198.51.100.23", "organization": {"asn": "64500", "asnOrg": "Example"},
                    "country": {"countryName": "Exampleland"}},
                "affectedResources": {"AWS::S3::Bucket": "crown-jewels"}}},
        },
    })
}

fn one(value: &Value) -> Detection {
    read(value.to_string().as_bytes()).unwrap().pop().unwrap()
}

/// The names as the AWS CLI prints them.
fn capitals(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| {
                    let mut rest = name.chars();
                    let first = rest.next().unwrap().to_ascii_uppercase();
                    (std::iter::once(first).chain(rest).collect(), capitals(value))
                })
                .collect(),
        ),
        Value::Array(list) => Value::Array(list.iter().map(capitals).collect()),
        other => other.clone(),
    }
}

#[test]
fn the_same_is_read_in_whatever_form_it_comes() {
    let alone = one(&finding());
    assert_eq!(alone.notes, [""; 0]);
    assert_eq!(alone.credentials[0].access_key, "ASIAABCDEFGHIEXAMPLE");
    assert_eq!(alone.buckets, ["crown-jewels"]);
    assert_eq!(alone.addresses[0].asn.as_deref(), Some("64500"));
    for form in [
        json!({"detail-type": "GuardDuty Finding", "source": "aws.guardduty", "detail": finding()}),
        json!({"findings": [finding()]}),
        json!([finding()]),
        capitals(&json!({"findings": [finding()]})),
    ] {
        assert_eq!(one(&form), alone, "{form}");
    }
}

#[test]
fn what_is_no_finding_is_refused() {
    for (text, why) in [
        ("{", "no JSON"),
        ("{}", "no GuardDuty finding"),
        ("7", "no GuardDuty finding"),
        ("{\"findings\": []}", "empty"),
        ("{\"findings\": [{}]}", "no GuardDuty finding"),
        ("{\"Records\": []}", "no GuardDuty finding"),
        (
            "{\"id\": \"x\", \"type\": \"SensitiveData:S3Object/Personal\", \"category\": \"CLASSIFICATION\"}",
            "no GuardDuty",
        ),
    ] {
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn b14_what_a_finding_lacks_is_told() {
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value = finding();
        change(&mut value);
        one(&value)
    };
    let has = |detection: &Detection, note: &str| detection.notes.iter().any(|known| known.contains(note));
    let unknown = changed(&|value| value["type"] = "Exfiltration:S3/FromTheFuture".into());
    assert!(has(&unknown, "not among those"), "{:?}", unknown.notes);
    assert_eq!(unknown.buckets, ["crown-jewels"], "what it names is followed all the same");
    let retired = changed(&|value| value["type"] = "Exfiltration:S3/ObjectRead.Unusual".into());
    assert!(has(&retired, "retired"), "{:?}", retired.notes);
    let bare = changed(&|value| _ = value.as_object_mut().unwrap().remove("service"));
    assert!(has(&bare, "no `service` section") && has(&bare, "no remote address"), "{:?}", bare.notes);
    assert!(
        has(&bare, "was written"),
        "the times of writing stand for those of the events: {:?}",
        bare.notes
    );
    assert_eq!(bare.first_seen.unwrap().to_string(), "2026-01-15T05:00:00Z");
    let timeless = changed(&|value| {
        for name in ["service", "createdAt", "updatedAt"] {
            value.as_object_mut().unwrap().remove(name);
        }
    });
    assert!(has(&timeless, "--from and --to") && timeless.first_seen.is_none());
    let archived = changed(&|value| value["service"]["archived"] = true.into());
    assert!(archived.archived && has(&archived, "archived"));
    for sample in [
        changed(&|value| value["service"]["additionalInfo"] = json!({"sample": true})),
        changed(&|value| {
            value["service"]["additionalInfo"] = json!({"type": "default", "value": "{\"sample\":true}"})
        }),
        changed(&|value| value["title"] = "[SAMPLE] t".into()),
    ] {
        assert!(sample.sample && has(&sample, "sample"));
    }
    let generated = changed(&|value| {
        value["resource"]["accessKeyDetails"]["accessKeyId"] = "GeneratedFindingAccessKeyId".into();
    });
    assert!(has(&generated, "no access key"), "{:?}", generated.notes);
}

#[test]
fn an_attack_sequence_tells_by_its_actors_endpoints_resources_and_signals() {
    let sequence = json!({
        "id": "s1", "type": "AttackSequence:S3/CompromisedData", "accountId": "111122223333", "region": "eu-west-1", "severity": 9.0,
        "resource": {"resourceType": "AttackSequence"},
        "service": {"archived": false, "eventFirstSeen": "2026-01-15T03:00:00.000Z", "eventLastSeen": "2026-01-15T04:00:00.000Z",
            "detection": {"sequence": {
                "actors": [
                    {"id": "1", "user": {"name": "R", "uid": "AROA:x", "type": "AssumedRole", "credentialUid": "ASIAABCDEFGHIEXAMPLE",
                        "account": {"uid": "111122223333"}}},
                    {"id": "2", "user": {"name": "u", "type": "IAMUser"}, "session": {"uid": "AKIAABCDEFGHIEXAMPLE"}},
                ],
                "endpoints": [{"id": "e", "ip": "203.0.113.7", "autonomousSystem": {"name": "Example", "number": 64500}}],
                "resources": [
                    {"uid": "arn:aws:s3:::crown-jewels", "name": "crown-jewels", "resourceType": "S3_BUCKET"},
                    {"uid": "arn:aws:s3:::other/key", "resourceType": "S3_OBJECT"},
                    {"uid": "i-1", "resourceType": "EC2_INSTANCE"},
                ],
                "signals": [{"uid": "1", "type": "CLOUD_TRAIL", "name": "StopLogging", "firstSeenAt": 1_768_440_000.0, "lastSeenAt": 1_768_440_000.0, "count": 2}],
            }}},
    });
    let detection = one(&sequence);
    let keys: Vec<&str> =
        detection.credentials.iter().map(|credential| credential.access_key.as_str()).collect();
    assert_eq!(keys, ["ASIAABCDEFGHIEXAMPLE", "AKIAABCDEFGHIEXAMPLE"]);
    assert_eq!(detection.buckets, ["crown-jewels", "other"]);
    assert_eq!(detection.addresses[0].address, "203.0.113.7");
    assert_eq!(detection.signals[0].count, Some(2));
    // The signals began before the sequence says.
    assert_eq!(detection.first_seen.unwrap().to_string(), "2026-01-15T01:20:00Z");
    assert_eq!(detection.notes, [""; 0]);
}
