//! The same faults by a fault injector of others.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::emulated::{Emulator, repository};
use crate::place::{gaps, place};

/// `microburst`, a fault injector of others, before the emulator.
struct Microburst {
    process: std::process::Child,
    endpoint: String,
}

impl Microburst {
    fn before(emulator: &Emulator) -> Self {
        let program = repository("target/microburst/bin/microburst");
        assert!(program.exists(), "{} is missing: run scripts/test, which installs it", program.display());
        // Free a moment ago; it takes no other way of choosing one.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = std::process::Command::new(program)
            .args(["--upstream", emulator.endpoint(), "--host", "127.0.0.1", "--port", &port.to_string()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let microburst = Self { process, endpoint: format!("http://127.0.0.1:{port}") };
        for _ in 0..600 {
            if ureq::get(microburst.control("fired")).call().is_ok() {
                return microburst;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("microburst did not answer within a minute");
    }

    fn control(&self, what: &str) -> String {
        format!("{}/_microburst/{what}", self.endpoint)
    }

    fn fail(&self, rules: &Value) {
        ureq::post(self.control("rules")).send_json(rules).unwrap();
    }

    fn fired(&self) -> Vec<Value> {
        ureq::get(self.control("fired")).call().unwrap().body_mut().read_json().unwrap()
    }
}

impl Drop for Microburst {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _status = self.process.wait();
    }
}

#[test]
fn f01_f03_f05_f09_f19_the_faults_of_another_injector_have_the_same_outcomes() {
    let place = place();
    let (good, perimeter) = (place.account("good"), place.account("perimeter"));
    let microburst = Microburst::before(&place.emulator);
    let locked = format!("contains(RoleArn, '{perimeter}')");
    microburst.fail(&json!([
        {"service": "sts", "operation": "AssumeRole", "body": locked, "error": {"code": "AccessDenied", "status": 403}},
        {"service": "cloudtrail", "operation": "DescribeTrails", "times": 2, "error": {"code": "ThrottlingException", "status": 400}},
        {"service": "s3", "operation": "GetBucketTagging", "times": 1, "error": {"code": "InternalError", "status": 500}},
        {"service": "ec2", "operation": "DescribeVpcs", "times": 1, "reset": true},
        {"service": "guardduty", "operation": "ListFilters", "region": "eu-west-1", "error": {"code": "AccessDeniedException", "status": 403}},
    ]));
    let folder = tempfile::tempdir().unwrap();
    let accounts = format!("{good},{perimeter}");
    // Its first answer takes some seconds.
    let more = ["--accounts", &accounts, "--endpoint-url", &microburst.endpoint];
    let audit = place.emulator.audit(folder.path(), &more);
    assert_eq!(audit.code(), 3, "{}", audit.errors());
    let fired: BTreeSet<String> = microburst
        .fired()
        .iter()
        .map(|fault| fault["operation"].as_str().unwrap_or_default().to_owned())
        .collect();
    let expected = ["AssumeRole", "DescribeTrails", "DescribeVpcs", "GetBucketTagging", "ListFilters"];
    assert_eq!(fired, expected.map(str::to_owned).into());
    assert_eq!(audit.account(&perimeter), "unreachable");
    let expected = ["guardduty:ListFilters AccessDeniedException", "sts:AssumeRole AccessDenied"];
    assert!(expected.iter().all(|gap| gaps(&audit).contains(*gap)), "{:?}", gaps(&audit));
    assert_eq!(gaps(&audit).len(), 2, "{:?}", gaps(&audit));
    let unknown = place.unknown(&["good"], &audit);
    assert!(
        !unknown.is_empty()
            && unknown
                .iter()
                .all(|[check, _, region, _]| check.starts_with("guardduty") && region == "eu-west-1"),
        "{unknown:?}"
    );
}
