//! F-30, F-31: disks that fail, and outputs that are no files.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::emulated::{PROGRAM, program, repository};
use crate::runs::{SMALL, emulator, said, through_shell};

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
