//! What an investigation begins with or is given besides: findings of every shape, hostile texts, an audit.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::emulated::{program, repository};
use crate::generator::Kind;
use crate::incident::{Incident, errors, investigate, list, read_json};

#[test]
fn an_audit_tells_what_was_logged_and_what_let_it_happen() {
    let incident = Incident::of(Kind::Tor);
    let audit = incident.path("audit.json");
    let snapshot = repository("examples/organization.jsonl.gz");
    let mut judged = program();
    judged.args(["audit", "--fail-on", "none", "--snapshot"]).arg(&snapshot);
    let output = judged.arg("--output").arg(format!("json={}", audit.display())).output().unwrap();
    assert!(audit.is_file(), "{}", errors(&output));
    for source in [["--assessment", audit.to_str().unwrap()], ["--snapshot", snapshot.to_str().unwrap()]] {
        let report = incident.report("finding.json", &source);
        assert!(report["logging_confidence"]["basis"].as_str().unwrap().starts_with("audit "));
        let coverage = list(&report["logging_confidence"]["buckets"]);
        assert!(
            coverage.iter().all(|bucket| bucket["reads"] == "unknown"),
            "the audit knows none of these buckets"
        );
        assert!(list(&report["recommendations"]).iter().all(|one| one["failing"].is_boolean()));
    }
}

#[test]
fn b14_findings_of_every_shape_are_told_and_followed() {
    let incident = Incident::of(Kind::Tor);
    let good = read_json(&incident.path("finding.json"));
    let with = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut finding = good.clone();
        change(&mut finding["detail"]);
        let path = incident.path(name);
        fs::write(&path, finding.to_string()).unwrap();
        path
    };
    let limits = |path: &Path| {
        let (output, report) = investigate(incident.folder.path(), path, &[]);
        assert!(output.status.success(), "{}", errors(&output));
        (report["limitations"].to_string(), report)
    };
    let (told, report) =
        limits(&with("unknown.txt", &|detail| detail["type"] = "Exfiltration:S3/FromTheFuture".into()));
    assert!(told.contains("not among those that tell"), "{told}");
    assert_eq!(report["data_impact"]["objects_count"], incident.truth["objects"]);
    let (told, _) =
        limits(&with("bare.txt", &|detail| _ = detail.as_object_mut().unwrap().remove("service")));
    assert!(told.contains("no `service` section"), "{told}");
    let (told, report) = limits(&with("sample.txt", &|detail| detail["title"] = "[SAMPLE] x".into()));
    assert!(told.contains("sample") && report["detection"]["findings"][0]["sample"] == true, "{told}");
    let (told, _) = limits(&with("archived.txt", &|detail| detail["service"]["archived"] = true.into()));
    assert!(told.contains("archived"), "{told}");
    let (told, _) = limits(&with("other.txt", &|detail| detail["accountId"] = "999999999999".into()));
    assert!(told.contains("account 999999999999, of which there is no record"), "{told}");
    let nothing = with("nothing.txt", &|detail| *detail = json!({"id": "x", "type": "Unknown:Type/Y"}));
    let (output, _) = investigate(incident.folder.path(), &nothing, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("give --from and --to"), "{}", errors(&output));
    fs::write(incident.path("no.txt"), "{").unwrap();
    let (output, _) = investigate(incident.folder.path(), &incident.path("no.txt"), &[]);
    assert!(output.status.code() == Some(2) && errors(&output).contains("no JSON"), "{}", errors(&output));
}

#[test]
fn b06_what_the_logs_hold_is_shown_harmlessly_in_all_three_reports() {
    const HOSTILE: &str = "</script><script>alert(1)</script>\u{1b}[2J\u{202e}txt|[x](http://evil)`<img src=x onerror=alert(1)>";
    let incident = Incident::of(Kind::Tor);
    let finding = read_json(&incident.path("finding.json"));
    let key = finding["detail"]["resource"]["accessKeyDetails"]["accessKeyId"].clone();
    let record = json!({"Records": [{
        "eventVersion": "1.11", "eventTime": "2026-01-15T02:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
        "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.10", "userAgent": HOSTILE, "eventID": "hostile-1", "readOnly": true,
        "userIdentity": {"type": "AssumedRole", "arn": HOSTILE, "accountId": "111122223333", "accessKeyId": key,
            "sessionContext": {"sessionIssuer": {"arn": HOSTILE}}},
        "requestParameters": {"bucketName": HOSTILE, "key": HOSTILE}, "eventCategory": "Data", "managementEvent": false,
        "additionalEventData": {"bytesTransferredOut": 5.0}, "recipientAccountId": "111122223333",
        "resources": [{"type": "AWS::S3::Bucket", "accountId": "111122223333", "ARN": HOSTILE}],
    }]});
    let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    file.write_all(record.to_string().as_bytes()).unwrap();
    let hostile = incident.file_of_the_day().with_file_name("hostile_CloudTrail.json.gz");
    fs::write(hostile, file.finish().unwrap()).unwrap();
    let mut program = program();
    program.args(["investigate", "--analyst", HOSTILE, "--classification", HOSTILE, "--logs"]);
    program.arg(incident.folder.path()).arg("--finding").arg(incident.path("finding.json"));
    for format in ["html", "json", "markdown"] {
        program
            .arg("--output")
            .arg(format!("{format}={}", incident.path(&format!("out.{format}")).display()));
    }
    let output = program.output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    let text = |format: &str| fs::read_to_string(incident.path(&format!("out.{format}"))).unwrap();
    for format in ["html", "json", "markdown"] {
        let text = text(format);
        assert!(text.contains("alert(1)") || text.contains("alert\\(1\\)"), "{format} shows the text");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{format}");
    }
    let html = text("html");
    assert!(!html.contains("<script") && !html.contains("<img"), "no element is added");
    assert!(html.contains("default-src 'none'; style-src 'sha256-"), "strict policy");
    assert!(!text("markdown").contains("<script") && !text("markdown").contains("](http"));
    let report: Value = serde_json::from_str(&text("json")).unwrap();
    assert!(report["actors"].to_string().contains("alert(1)"));
    // A name that no shell may see stands in no command.
    assert!(
        list(&report["containment"]).iter().all(|step| !step["command"].as_str().unwrap().contains("alert"))
    );
}
