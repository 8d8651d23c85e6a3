//! B-12: variables that are wrong.

use crate::runs::{SMALL, emulator, said};

#[test]
fn b12_variables_that_are_wrong_are_named() {
    let emulator = emulator();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, "[profile work]\nregion = us-east-1\n[profile play]\nregion = us-east-1\n")
        .unwrap();
    let config = config.to_str().unwrap();
    let no_keys = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let unknown_profile: Vec<(&str, &str)> =
        no_keys.into_iter().chain([("AWS_PROFILE", "wrk"), ("AWS_CONFIG_FILE", config)]).collect();
    for (variables, named) in [
        (unknown_profile, vec!["AWS_PROFILE", "wrk", "play, work"]),
        (vec![("AWS_ENDPOINT_URL", "localhost:5000")], vec!["AWS_ENDPOINT_URL", "http://"]),
        (vec![("AWS_ENDPOINT_URL_S3", "s3.local")], vec!["AWS_ENDPOINT_URL_S3"]),
        (vec![("AWS_ENDPOINT_URL", "")], vec!["AWS_ENDPOINT_URL", "unset"]),
        (vec![("AWS_REGION", "Frankfurt")], vec!["AWS_REGION", "eu-west-1"]),
        (vec![("AWS_SECRET_ACCESS_KEY", "")], vec!["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"]),
        (
            [&no_keys[..], &[("AWS_PROFILE", "work"), ("AWS_CONFIG_FILE", "/no/such/file")]].concat(),
            vec!["AWS_CONFIG_FILE", "/no/such/file"],
        ),
    ] {
        let output = emulator.program().envs(variables.clone()).args(SMALL).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{variables:?}: {}", said(&output));
        for text in named {
            assert!(said(&output).contains(text), "{variables:?}: `{text}` is not in {}", said(&output));
        }
    }
    assert!(emulator.requests().is_empty(), "{:?}", emulator.requests());
    // These are no obstacle.
    let mut both = emulator.program();
    both.env("AWS_PROFILE", "work").env("AWS_CONFIG_FILE", config).args(SMALL);
    let output = both.output().unwrap();
    assert!([0, 1].contains(&output.status.code().unwrap()), "{}", said(&output));
    assert!(said(&output).contains("AWS_PROFILE") && said(&output).contains("not used"), "{}", said(&output));
    let mut bare = emulator.program();
    bare.env_remove("HOME").env_remove("AWS_REGION").env_remove("TMPDIR").env("LC_ALL", "C").args(SMALL);
    let bare = bare.output().unwrap();
    assert!([0, 1].contains(&bare.status.code().unwrap()), "{}", said(&bare));
    let elsewhere = emulator.program().env("TMPDIR", "/no/such/folder").args(SMALL).output().unwrap();
    assert!([0, 1].contains(&elsewhere.status.code().unwrap()), "{}", said(&elsewhere));
}
