//! What the environment, the network's edge, the system and the disk may do (F-19 to F-31 of `docs/faults.md`), and what
//! the program never does: show a secret, write to AWS, call what its policy does not allow.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what cannot be tested on a machine is said")]

mod emulated;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use emulated::{Emulator, PROGRAM, program, repository};
use exfilguard::collect::permission::{self, IN_EACH_ACCOUNT, IN_THE_CENTRAL_ACCOUNT};
use serde_json::{Value, json};

/// A part of the example organization whose audit takes few calls.
const SMALL: [&str; 5] = ["audit", "--regions", "us-east-1", "--only", "guardduty-enabled"];

/// The emulator with the example organization, for one test at a time.
fn emulator() -> MutexGuard<'static, Emulator> {
    static EMULATOR: OnceLock<Mutex<Emulator>> = OnceLock::new();
    let emulator = EMULATOR.get_or_init(|| Mutex::new(Emulator::with("example").0));
    let emulator = emulator.lock().unwrap_or_else(PoisonError::into_inner);
    emulator.fail(&json!([]));
    emulator.forget_requests();
    emulator
}

/// What was printed to standard error, as one line without the frames of diagnostics.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let plain: String = text.chars().map(|c| if "│×╭╰─▶┬┤├·".contains(c) { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The program with fake keys for an endpoint where nothing answers; a test that gets so far has gone wrong.
fn nowhere() -> Command {
    let mut program = program();
    program
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_REGION", "us-east-1");
    program.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").args(SMALL);
    program
}

/// Runs a program through the shell, which sets it limits or pipes first.
fn through_shell(before: &str, program: &Command, after: &str) -> Command {
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("{before} \"$0\" \"$@\" {after}")]).arg(PROGRAM).args(program.get_args());
    shell.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[test]
fn f19_a_name_that_does_not_resolve_and_a_broken_handshake_end_with_4() {
    let emulator = emulator();
    let mut unknown_name = nowhere();
    unknown_name.env("AWS_ENDPOINT_URL", "http://no-such-host.invalid").args(["--call-timeout", "8"]);
    let output = unknown_name.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("AWS_ENDPOINT_URL") && said(&output).contains("dns"), "{}", said(&output));
    let mut no_tls = nowhere();
    no_tls
        .env("AWS_ENDPOINT_URL", emulator.endpoint().replace("http:", "https:"))
        .args(["--call-timeout", "8"]);
    let output = no_tls.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("AWS_ENDPOINT_URL"), "{}", said(&output));
}

#[test]
fn f20_proxies_are_used_and_the_variable_is_named_when_one_is_wrong() {
    let emulator = emulator();
    // The emulator answers for any host: it can play the proxy.
    let unreachable = "http://192.0.2.1:1";
    let mut proxied = nowhere();
    proxied.env("AWS_ENDPOINT_URL", unreachable).env("HTTP_PROXY", emulator.endpoint());
    let output = proxied.output().unwrap();
    assert!([0, 1].contains(&output.status.code().unwrap()), "{}", said(&output));
    assert!(emulator.requests().contains_key("sts:GetCallerIdentity"));
    emulator.forget_requests();
    proxied.env("NO_PROXY", "192.0.2.1").args(["--call-timeout", "4"]);
    let output = proxied.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("NO_PROXY"), "{}", said(&output));
    assert!(emulator.requests().is_empty());

    let mut down = emulator.program();
    down.env("HTTP_PROXY", "http://127.0.0.1:9").args(SMALL).args(["--call-timeout", "4"]);
    let output = down.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("HTTP_PROXY"), "{}", said(&output));
    assert!(emulator.requests().is_empty());

    let folder = tempfile::tempdir().unwrap();
    let no_certificate = folder.path().join("empty.pem");
    std::fs::write(&no_certificate, "not a certificate").unwrap();
    for (variable, value) in [
        ("HTTPS_PROXY", "htp:/proxy"),
        ("https_proxy", "http://proxy:port"),
        ("AWS_CA_BUNDLE", "/no/such/bundle.pem"),
        ("AWS_CA_BUNDLE", no_certificate.to_str().unwrap()),
        ("SSL_CERT_FILE", "/no/such/bundle.pem"),
    ] {
        let output = emulator.program().env(variable, value).args(SMALL).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{variable}={value}: {}", said(&output));
        assert!(said(&output).contains(variable), "{variable}={value}: {}", said(&output));
    }
    assert!(emulator.requests().is_empty(), "{:?}", emulator.requests());
}

/// A server with a certificate of its own that answers everything with an error of STS; prints its port.
const HTTPS_SERVER: &str = r#"
import datetime, http.server, ipaddress, ssl, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
now = datetime.datetime.now(datetime.UTC)
day = datetime.timedelta(days=1)
def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
def certificate(of, key, by, signer, ca):
    builder = (
        x509.CertificateBuilder().subject_name(name(of)).issuer_name(name(by)).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
    )
    if not ca:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
private = key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
open(sys.argv[1] + "/ca.pem", "wb").write(certificate("test root", root, "test root", root, True))
open(sys.argv[1] + "/both.pem", "wb").write(certificate("test", key, "test root", root, False) + private)
class Refuse(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/both.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

#[test]
fn f20_certificates_of_a_bundle_are_trusted_instead_of_the_systems() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(repository("target/emulator/bin/python"))
        .args(["-c", HTTPS_SERVER])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    let mut stdout = std::io::BufReader::new(server.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut port).unwrap();
    let ask = |bundle: Option<&Path>| {
        let mut program = nowhere();
        program.env("AWS_ENDPOINT_URL", format!("https://127.0.0.1:{}", port.trim()));
        program.args(["--call-timeout", "8"]).envs(bundle.map(|bundle| ("AWS_CA_BUNDLE", bundle)));
        program.output().unwrap()
    };
    let trusted = ask(Some(&folder.path().join("ca.pem")));
    let distrusted = ask(None);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(said(&trusted).contains("InvalidClientTokenId"), "{}", said(&trusted));
    assert_eq!(distrusted.status.code(), Some(4), "{}", said(&distrusted));
    assert!(said(&distrusted).contains("certificate"), "{}", said(&distrusted));
}

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

#[test]
fn f24_few_files_one_processor_and_little_memory_are_enough_or_are_named() {
    let emulator = emulator();
    let folder = tempfile::tempdir().unwrap();
    let audit = |name: &str| {
        let mut program = emulator.program();
        program.args(SMALL).arg("--output").arg(format!("json={}", folder.path().join(name).display()));
        program
    };
    let results = |name: &str| -> Value {
        serde_json::from_slice::<Value>(&std::fs::read(folder.path().join(name)).unwrap()).unwrap()["results"]
            .take()
    };
    let whole = audit("whole.json").output().unwrap();
    let few = through_shell("ulimit -n 128; exec", &audit("few.json"), "").output().unwrap();
    assert_eq!(few.status.code(), whole.status.code(), "{}", said(&few));
    assert_eq!(results("few.json"), results("whole.json"));
    assert!(said(&few).contains("ulimit -n"), "{}", said(&few));
    let one = through_shell("exec taskset -c 0", &audit("one.json"), "").output().unwrap();
    assert_eq!(one.status.code(), whole.status.code(), "{}", said(&one));
    assert_eq!(results("one.json"), results("whole.json"));
    // 256 MiB of addresses are too few for a debug build on some machines: then it says so and breaks nothing.
    let little = through_shell("ulimit -v 262144; exec", &audit("little.json"), "").output().unwrap();
    let text = said(&little);
    assert!(
        little.status.code() == whole.status.code() || text.contains("memory") || text.contains("thread"),
        "{:?}: {text}",
        little.status
    );
}

#[test]
fn f26_a_reader_that_has_seen_enough_and_closed_outputs_are_no_error() {
    let emulator = emulator();
    let mut audit = emulator.program();
    audit.args(SMALL).args(["--output", "json", "--fail-on", "none"]);
    let head = through_shell("set -o pipefail;", &audit, "| head -c 20").output().unwrap();
    assert_eq!(head.status.code(), Some(0), "{}", said(&head));
    assert_eq!(head.stdout.len(), 20);
    for closed in [">&-", "2>&-", "<&-", ">&- 2>&- <&-"] {
        let output = through_shell("", &audit, closed).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{closed}: {}", said(&output));
    }
}

#[test]
fn f26_a_second_interrupt_ends_at_once() {
    let emulator = emulator();
    // Nothing is done before the first call is answered.
    emulator.fail(&json!([{"service": "guardduty", "action": {"delay_seconds": 30}}]));
    let folder = tempfile::tempdir().unwrap();
    let mut program = emulator.program();
    program.args(SMALL).arg("--output").arg(format!("json={}", folder.path().join("r.json").display()));
    let child = program.stderr(Stdio::piped()).spawn().unwrap();
    while !emulator.requests().contains_key("guardduty:ListDetectors")
        && !emulator.requests().contains_key("guardduty:ListOrganizationAdminAccounts")
    {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = child.id().to_string();
    let interrupt = || Command::new("kill").args(["-INT", &id]).status().unwrap();
    interrupt();
    interrupt();
    std::thread::sleep(std::time::Duration::from_millis(300));
    interrupt();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
}

#[test]
fn f22_a_second_read_that_shows_the_old_value_is_read_again() {
    let (emulator, seeded) = Emulator::with("trap");
    let folder = tempfile::tempdir().unwrap();
    let policy = "version: 1\nremediation: { allow: [ block-public-access ] }\n";
    std::fs::write(folder.path().join("exfilguard.yaml"), policy).unwrap();
    let account = seeded["accounts"]["perimeter"].as_str().unwrap();
    let remediate = |arguments: &[&str]| {
        let mut program = emulator.program();
        let output = program.current_dir(folder.path()).arg("remediate").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
    };
    let kind = ["--kind", "block-public-access", "--output", "plan.json"];
    remediate(&[&["plan", "--accounts", account, "--regions", "us-east-1"], &kind[..]].concat());
    let plan: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("plan.json")).unwrap()).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    assert!(!changes.is_empty(), "{plan:#}");
    let reads = |journal: &str, faults: &Value| {
        emulator.fail(faults);
        emulator.forget_requests();
        remediate(&["apply", "plan.json", "--yes", "--journal", journal]);
        let requests = emulator.requests();
        emulator.fail(&json!([]));
        assert_eq!(requests["s3:PutPublicAccessBlock"], changes.len() as u64, "nothing is written twice");
        requests["s3:GetPublicAccessBlock"]
    };
    // The first read is the one before the write.
    let old = json!([{"service": "s3", "operation": "GetPublicAccessBlock", "resource": changes[0]["resource"],
        "skip": 1, "times": 1, "action": {"status": 404, "code": "NoSuchPublicAccessBlockConfiguration"}}]);
    let with_old_value = reads("one.journal", &old);
    remediate(&["rollback", "one.journal", "--yes"]);
    assert_eq!(with_old_value, reads("two.journal", &json!([])) + 1);
}

/// Fails one call on a file below a folder: `FAULT_CALL` (write, sync, open), the `FAULT_AT`-th, with `FAULT_ERRNO`. Makes
/// the file `FAULT_MARK` when it did.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int calls;

static int below(const char *path) {
    const char *folder = getenv("FAULT_FOLDER");
    return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int hit(const char *call) {
    const char *wanted = getenv("FAULT_CALL"), *at = getenv("FAULT_AT"), *mark = getenv("FAULT_MARK");
    if (!wanted || !at || strcmp(wanted, call) != 0) return 0;
    if (__sync_add_and_fetch(&calls, 1) != atoi(at)) return 0;
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    int fd = real(mark, O_CREAT | O_WRONLY, 0600);
    if (fd >= 0) close(fd);
    errno = atoi(getenv("FAULT_ERRNO"));
    return 1;
}

static int hit_fd(const char *call, int fd) {
    char link[64], path[PATH_MAX + 1];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path) && hit(call);
}

ssize_t write(int fd, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    return hit_fd("write", fd) ? -1 : real(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    return hit_fd("write", fd) ? -1 : real(fd, data, size, at);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fsync");
    return hit_fd("sync", fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    return hit_fd("sync", fd) ? -1 : real(fd);
}

static int opened(const char *name, const char *path, int flags, int mode) {
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, name);
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && below(path) && hit("open")) return -1;
    return real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return opened("open64", path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return opened("open", path, flags, mode);
}
"#;

const ENOSPC: i32 = 28;
const EIO: i32 = 5;
const EROFS: i32 = 30;
const EACCES: i32 = 13;

/// The shim, compiled; nothing where there is no C compiler.
fn shim(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
    std::fs::write(&source, SHIM).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ldl")
        .output();
    match compiled {
        Ok(output) if output.status.success() => Some(library),
        other => {
            eprintln!("the disk's faults are not tested: no C compiler ({other:?})");
            None
        }
    }
}

/// Runs a program with the n-th call of a kind failing, for every n (from the ninth on every `stride`-th), until no call is left to fail. Returns how many runs
/// were disturbed.
fn with_each_fault(
    shim: &Path,
    folder: &Path,
    stride: usize,
    make: &dyn Fn() -> Command,
    look: &dyn Fn(&str, &Output),
) -> usize {
    let mut disturbed = 0;
    for (call, errno) in [("write", ENOSPC), ("sync", EIO), ("open", EROFS), ("open", EACCES)] {
        let mut at = 0;
        while at < 60 {
            // The first ones are all different, the later ones are much alike.
            at += if at < 8 { 1 } else { stride };
            let mark = shim.with_file_name("hit");
            _ = std::fs::remove_file(&mark);
            let mut program = make();
            program.env("LD_PRELOAD", shim).env("FAULT_FOLDER", folder).env("FAULT_CALL", call);
            program
                .env("FAULT_AT", at.to_string())
                .env("FAULT_ERRNO", errno.to_string())
                .env("FAULT_MARK", &mark);
            let output = program.output().unwrap();
            let what = format!("{call} {at} fails with {errno}");
            assert!(!said(&output).contains("panicked"), "{what}: {}", said(&output));
            look(&what, &output);
            if !mark.exists() {
                break;
            }
            disturbed += 1;
        }
    }
    disturbed
}

fn names(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn f30_a_disk_that_fails_at_the_nth_call_leaves_the_old_report_or_the_new_one() {
    let tools = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let Some(shim) = shim(tools.path()) else { return };
    let snapshot = repository("examples/organization.jsonl.gz");
    let reports = [("json", folder.path().join("report.json")), ("junit", folder.path().join("report.xml"))];
    let make = || {
        for (_, path) in &reports {
            std::fs::write(path, "the old report").unwrap();
        }
        let mut program = program();
        program.args(["audit", "--no-progress", "--only", "guardduty-enabled", "--snapshot"]).arg(&snapshot);
        for (format, path) in &reports {
            program.arg("--output").arg(format!("{format}={}", path.display()));
        }
        program
    };
    let disturbed = with_each_fault(&shim, folder.path(), 1, &make, &|what, output| {
        let mut old = 0;
        for (format, path) in &reports {
            let text = std::fs::read_to_string(path).unwrap();
            let whole = match *format {
                "json" => serde_json::from_str::<Value>(&text).is_ok(),
                _ => text.trim_end().ends_with("</testsuites>"),
            };
            old += usize::from(text == "the old report");
            assert!(whole || text == "the old report", "{what}: {format} is neither old nor new: {text:.60}");
        }
        let expected =
            reports.iter().map(|(_, path)| path.file_name().unwrap().to_string_lossy().into_owned());
        assert_eq!(names(folder.path()), expected.collect(), "{what}: nothing is left lying about");
        if old > 0 {
            // Refused before the audit, or not written after it.
            let code = if old == reports.len() && !said(output).contains("report cannot") { 2 } else { 3 };
            assert_eq!(output.status.code(), Some(code), "{what}: {}", said(output));
            assert!(said(output).contains("report."), "{what}: the file is named: {}", said(output));
        }
    });
    assert!(disturbed >= 6, "only {disturbed} calls failed");
}

#[test]
fn f30_a_disk_that_fails_under_the_state_folder_loses_nothing_that_was_kept() {
    let emulator = emulator();
    let tools = tempfile::tempdir().unwrap();
    let Some(shim) = shim(tools.path()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (state, saved) = (folder.path().join("state"), folder.path().join("saved.jsonl.gz"));
    let command = |more: &[&str]| {
        let mut program = emulator.program();
        program.args(SMALL).args(["--no-progress", "--output", "json", "--state"]).arg(&state).args(more);
        program
    };
    let undisturbed = command(&["--save-snapshot", saved.to_str().unwrap()]).output().unwrap();
    let results = |output: &Output| {
        serde_json::from_slice::<Value>(&output.stdout).ok().map(|mut report| report["results"].take())
    };
    let wanted = results(&undisturbed);
    assert!(wanted.is_some(), "{}", said(&undisturbed));
    let make = || {
        _ = std::fs::remove_dir_all(&state);
        std::fs::write(&saved, "the old snapshot").unwrap();
        command(&["--save-snapshot", saved.to_str().unwrap()])
    };
    let disturbed = with_each_fault(&shim, folder.path(), 20, &make, &|what, output| {
        let kept = std::fs::read(&saved).unwrap();
        assert!(kept == b"the old snapshot" || kept.starts_with(&[0x1f, 0x8b]), "{what}");
        if results(output) != wanted {
            assert_eq!(output.status.code(), Some(2), "{what}: {}", said(output));
            // With room again the run goes on, or begins anew where nothing was kept yet.
            let again = command(&["--resume"]).output().unwrap();
            assert_eq!(results(&again), wanted, "{what}: {}", said(&again));
        }
    });
    assert!(disturbed >= 10, "only {disturbed} calls failed");
}

#[test]
fn f30_a_rename_that_fails_keeps_the_old_report() {
    // `rename` is made without the C library: only a tracer can let it fail.
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("not tested: there is no strace");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    for error in ["ENOSPC", "EACCES", "EIO"] {
        std::fs::write(&report, "the old report").unwrap();
        let mut traced = Command::new("strace");
        traced.args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            &format!("inject=rename,renameat,renameat2:error={error}"),
        ]);
        traced.arg(PROGRAM).args(["audit", "--no-progress", "--only", "guardduty-enabled", "--snapshot"]);
        traced.arg(repository("examples/organization.jsonl.gz"));
        let output = traced.arg("--output").arg(format!("json={}", report.display())).output().unwrap();
        if said(&output).contains("ptrace") {
            eprintln!("not tested: {}", said(&output));
            return;
        }
        assert_eq!(output.status.code(), Some(3), "{error}: {}", said(&output));
        assert_eq!(std::fs::read(&report).unwrap(), b"the old report", "{error}");
        assert_eq!(names(folder.path()), BTreeSet::from(["report.json".to_owned()]), "{error}");
    }
}

#[test]
fn f31_outputs_that_are_no_files_are_refused_before_any_call() {
    let emulator = emulator();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    Command::new("mkfifo").arg(at("fifo")).status().unwrap();
    std::fs::write(at("read-only.json"), "old").unwrap();
    std::fs::set_permissions(at("read-only.json"), std::fs::Permissions::from_mode(0o444)).unwrap();
    std::os::unix::fs::symlink(at("nowhere/file"), at("dangling")).unwrap();
    std::os::unix::fs::symlink(folder.path(), at("to-folder")).unwrap();
    std::fs::create_dir(at("inner")).unwrap();
    let long = "x".repeat(300);
    let refused: Vec<Vec<String>> = vec![
        vec![format!("json={}", folder.path().display())],
        vec![format!("json={}", at("to-folder"))],
        vec![format!("json={}", at("fifo"))],
        vec!["json=/dev/full".to_owned()],
        vec![format!("json={}", at("read-only.json"))],
        vec![format!("json={}", at("dangling"))],
        vec![format!("json={}", at(&long))],
        vec![format!("json={}", at("inner/.."))],
        vec![format!("json={}", at("one")), format!("html={}", at("inner/../one"))],
        vec!["json".to_owned(), "csv".to_owned()],
    ];
    for outputs in refused {
        let mut program = emulator.program();
        program.args(SMALL);
        for output in &outputs {
            program.args(["--output", output]);
        }
        let output = program.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{outputs:?}: {}", said(&output));
    }
    assert!(emulator.requests().is_empty(), "{:?}", emulator.requests());
    assert_eq!(std::fs::read(at("read-only.json")).unwrap(), b"old");
    // These can be written: a link to a file, `..` in the middle, bytes that are no UTF-8.
    std::fs::write(at("real.json"), "old").unwrap();
    std::os::unix::fs::symlink(at("real.json"), at("link.json")).unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"json=\xff\xfe.json");
    let snapshot = repository("examples/organization.jsonl.gz");
    let mut program = program();
    program
        .args(["audit", "--only", "guardduty-enabled", "--snapshot"])
        .arg(snapshot)
        .current_dir(folder.path());
    program.args(["--output", &format!("csv={}", at("link.json"))]);
    program.args(["--output", &format!("html={}", at("inner/../page.html"))]).arg("--output").arg(odd);
    let output = program.output().unwrap();
    assert!([0, 1].contains(&output.status.code().unwrap()), "{}", said(&output));
    assert!(std::fs::symlink_metadata(at("link.json")).unwrap().is_symlink(), "the link is still one");
    assert!(std::fs::read_to_string(at("real.json")).unwrap().contains("guardduty-enabled"));
    assert!(folder.path().join("page.html").is_file());
    assert!(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe.json")).is_file());
    // A full device as standard output.
    let mut full = emulator.program();
    full.args(SMALL).args([
        "--incomplete-ok",
        "--output",
        "json",
        "--output",
        &format!("csv={}", at("beside.csv")),
    ]);
    let output = through_shell("", &full, "> /dev/full").output().unwrap();
    // It was audited, which code 2 denies; and 0 or 1 would say that what was asked for is there.
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("standard output"), "{}", said(&output));
    assert!(std::fs::read_to_string(at("beside.csv")).unwrap().lines().count() > 1);
}

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

/// Everything that could be kept or said, searched for what must not be.
#[test]
fn secrets_are_in_no_report_log_journal_or_command_line() {
    let emulator = emulator();
    let folder = tempfile::tempdir().unwrap();
    let secrets = [
        ("AWS_ACCESS_KEY_ID", "AKIACANARYCANARYAAAA"),
        ("AWS_SECRET_ACCESS_KEY", "canary/secret/canary/secret/canary/secre"),
        ("AWS_SESSION_TOKEN", "canarysessiontokencanarysessiontoken"),
        ("EXFILGUARD_EXTERNAL_ID", "canary-external-id-canary"),
        ("HTTP_PROXY", ""),
    ];
    let at = |name: &str| folder.path().join(name).display().to_string();
    let run = |more: &[&str]| {
        let mut program = emulator.program();
        program.envs(secrets).args(more).output().unwrap()
    };
    let mut outputs = vec![run(&[
        "audit",
        "--regions",
        "us-east-1",
        "-vvv",
        "--state",
        &at("state"),
        "--save-snapshot",
        &at("saved.jsonl"),
        "--output",
        &format!("json={}", at("r.json")),
        "--output",
        &format!("html={}", at("r.html")),
        "--output",
        &format!("junit={}", at("r.xml")),
        "--output",
        &format!("csv={}", at("r.csv")),
        "--output",
        &format!("sarif={}", at("r.sarif")),
        "--output",
        &format!("markdown={}", at("r.md")),
        "--output",
        &format!("ocsf={}", at("r.ocsf")),
        "--output",
        &format!("asff={}", at("r.asff")),
        "--output",
        "terminal",
    ])];
    assert!([0, 1, 3].contains(&outputs[0].status.code().unwrap()), "{}", said(&outputs[0]));
    // Refused calls, broken answers, and a caller whom AWS does not take: errors quote what they were told.
    emulator.fail(
        &json!([{"service": "s3", "action": {"status": 403, "code": "AccessDenied", "message": "no"}}]),
    );
    outputs.push(run(&["audit", "--regions", "us-east-1", "-vvv", "--only", "buckets"]));
    emulator.fail(&json!([{"service": "sts", "action": {"status": 403, "code": "SignatureDoesNotMatch", "message": "no"}}]));
    outputs.push(run(&["audit", "-vvv"]));
    emulator.fail(&json!([{"service": "sts", "action": {"disconnect": true}}]));
    outputs.push(run(&["audit", "-vvv", "--call-timeout", "4"]));
    emulator.fail(&json!([]));
    outputs.push(run(&[
        "remediate",
        "plan",
        "--regions",
        "us-east-1",
        "-o",
        &at("plan.json"),
        "--kind",
        "block-public-access",
    ]));
    let mut texts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (at, output) in outputs.into_iter().enumerate() {
        texts.insert(format!("standard output {at}"), output.stdout);
        texts.insert(format!("standard error {at}"), output.stderr);
    }
    let mut folders = vec![folder.path().to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = std::fs::read(&path).unwrap();
            if bytes.starts_with(&[0x1f, 0x8b]) {
                let mut plain = Vec::new();
                flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
                bytes = plain;
            }
            texts.insert(path.display().to_string(), bytes);
        }
    }
    assert!(texts.len() >= 20, "{:?}", texts.keys());
    for (place, text) in &texts {
        for (name, secret) in secrets.iter().filter(|(_, secret)| !secret.is_empty()) {
            // The access key id is no secret by itself, but tells whose the others are.
            let found = text.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name} is in {place}");
        }
    }
}

/// Verbs of operations that change nothing.
const READS: [&str; 6] = ["Get", "List", "Describe", "Lookup", "AssumeRole", "GetCallerIdentity"];

#[test]
fn nothing_but_questions_is_sent_and_only_those_of_the_printed_policy() {
    let granted: BTreeSet<String> = {
        let output = program().args(["iam-policy", "audit", "--central"]).output().unwrap();
        let policy: Value = serde_json::from_slice(&output.stdout).unwrap();
        let actions =
            policy["Statement"].as_array().unwrap().iter().flat_map(|s| s["Action"].as_array().unwrap());
        actions.map(|action| action.as_str().unwrap().to_owned()).collect()
    };
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let folder = tempfile::tempdir().unwrap();
    for organization in ["example", "trap"] {
        let (emulator, _) = Emulator::with(organization);
        let effective = json!({"kind": "effective_policy", "account": "123456789012", "policy_type": "S3_POLICY", "content": "{}"});
        let audit = emulator.audit(folder.path(), &[]);
        assert!([0, 1].contains(&audit.code()), "{}", audit.errors());
        emulator.put(&effective);
        let more = ["--organizational-units", "r-none", "--accounts", "123456789012"];
        for command in [
            vec!["audit", "--regions", "us-east-1", "--accounts", "123456789012"],
            [&["audit", "--regions", "us-east-1"], &more[..]].concat(),
            vec!["audit", "--plan-calls"],
            vec!["simulate", "--regions", "us-east-1", "--accounts", "123456789012"],
            vec!["remediate", "plan", "--regions", "us-east-1", "--accounts", "123456789012"],
        ] {
            emulator.program().args(&command).output().unwrap();
        }
        let saved = folder.path().join("saved.gz");
        let collect =
            ["snapshot", "collect", "--regions", "us-east-1", "--accounts", "123456789012", "--output"];
        assert!(emulator.program().args(collect).arg(&saved).output().unwrap().status.success());
        asked.extend(emulator.requests().into_keys());
    }
    for operation in &asked {
        let name = operation.split(':').nth(1).unwrap();
        assert!(READS.iter().any(|verb| name.starts_with(verb)), "{operation} is no question");
        let action = permission::action(operation);
        // Whoever he is, everybody may ask who he is.
        assert!(
            granted.contains(action) || operation == "sts:GetCallerIdentity",
            "{operation} needs {action}"
        );
    }
    // And the other way round: what is granted is used. The organizations of the emulator lack the reason for these.
    let without_reason: BTreeSet<&str> = BTreeSet::from([
        "cloudtrail:GetEventDataStore",
        // Where S3 does not say it in the list.
        "s3:GetBucketLocation",
        "guardduty:GetTrustedEntitySet",
        "guardduty:GetIPSet",
        "organizations:ListTargetsForPolicy",
        "organizations:DescribePolicy",
        "organizations:ListPolicies",
    ]);
    let used: BTreeSet<&str> = asked.iter().map(|operation| permission::action(operation)).collect();
    let all = IN_EACH_ACCOUNT.iter().chain(&IN_THE_CENTRAL_ACCOUNT);
    let unused: BTreeSet<&str> = all
        .copied()
        .filter(|operation| {
            !used.contains(permission::action(operation)) && !without_reason.contains(operation)
        })
        .collect();
    assert!(unused.is_empty(), "granted and never used: {unused:?}");
    let of_operations: BTreeSet<&str> = IN_EACH_ACCOUNT
        .iter()
        .chain(&IN_THE_CENTRAL_ACCOUNT)
        .map(|operation| permission::action(operation))
        .collect();
    let beyond: Vec<&String> =
        granted.iter().filter(|action| !of_operations.contains(action.as_str())).collect();
    assert!(beyond.is_empty(), "granted without an operation: {beyond:?}");
}
