//! F-21: where credentials come from.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::emulated::program;
use crate::runs::{SMALL, said};

/// The program with one profile and no keys, so that the profile decides.
fn with_profile(folder: &Path, profile: &str) -> Command {
    let file = folder.join("config");
    std::fs::write(&file, format!("[profile work]\nregion = us-east-1\n{profile}\n")).unwrap();
    let mut program = program();
    program.env("AWS_CONFIG_FILE", &file).env("AWS_PROFILE", "work").env("HOME", folder);
    program.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").args(SMALL).args(["--call-timeout", "8"]);
    program
}

#[test]
fn f21_the_provider_of_credentials_that_fails_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let script = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        format!("credential_process = {}", path.display())
    };
    let sso = "sso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n\
               sso_account_id = 111122223333\nsso_role_name = audit";
    for (profile, reasons) in [
        (script("fails", "echo the vault is sealed >&2; exit 1"), ["credential_process", "exited with code"]),
        (script("babbles", "echo this is no JSON"), ["credential_process", "JSON"]),
        (
            script("lacks", "echo '{\"Version\": 1, \"AccessKeyId\": \"AKIDEXAMPLE\"}'"),
            ["credential_process", "SecretAccessKey"],
        ),
        (sso.to_owned(), ["aws sso login", "no token"]),
    ] {
        let output = with_profile(folder.path(), &profile).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(4), "{profile}: {said}");
        let lower = said.to_lowercase();
        for reason in reasons {
            assert!(lower.contains(&reason.to_lowercase()), "{profile}: `{reason}` is not in {said}");
        }
    }
    // Instance metadata that is not there, and that never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in ["127.0.0.1:9".to_owned(), silent.local_addr().unwrap().to_string()] {
        let mut program = program();
        program
            .env_remove("AWS_EC2_METADATA_DISABLED")
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", format!("http://{address}"));
        program.env("AWS_REGION", "us-east-1").env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").args(SMALL);
        let output = program.args(["--call-timeout", "12"]).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{address}: {}", said(&output));
        assert!(said(&output).to_lowercase().contains("metadata"), "{address}: {}", said(&output));
    }
}
