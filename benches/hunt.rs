//! How fast a hunt reads log files, against just decompressing and scanning them with as many threads, and how much memory
//! it takes.
//!
//! `cargo bench --bench hunt` makes 200,000 records in a temporary folder and prints one JSON object per hunt.
//! `HUNT_RECORDS=10000000` makes another number, `HUNT_LOGS=FOLDER` takes a folder that is there (its window is `HUNT_FROM` to
//! `HUNT_TO`), `HUNT_NAMES=top-readers,…` other hunts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement fails by panicking"
)]

use std::fs::{self, File};
use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use exfilguard::investigate::parameters::Given;
use exfilguard::investigate::{Hunts, LocalLogs, Parameters, repeat};
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECORDS_PER_FILE: u64 = 10_000;

fn main() {
    let variable = |name: &str, otherwise: &str| std::env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let records: u64 = variable("HUNT_RECORDS", "200000").parse().unwrap();
    let made = tempfile::tempdir().unwrap();
    let folder = std::env::var("HUNT_LOGS").map(PathBuf::from).unwrap_or_else(|_| {
        make(made.path(), records);
        made.path().to_path_buf()
    });
    let (bytes, scanning) = decompress_and_scan(&folder);
    let hunts = Hunts::load().unwrap();
    let given: Given = [
        ("from", variable("HUNT_FROM", "2026-01-15")),
        ("to", variable("HUNT_TO", "2026-01-16")),
        ("organization_accounts", "111122223333".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), vec![value]))
    .collect();
    for name in variable("HUNT_NAMES", "top-readers,control-plane-changes").split(',') {
        let hunt = hunts.get(name).unwrap();
        let mut given = given.clone();
        given.retain(|name, _| hunt.parameter(name).is_some());
        let parameters = Parameters::read(hunt, &given).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let begin = Instant::now();
        let logs = LocalLogs::open(std::slice::from_ref(&folder), LocalLogs::MEMORY).unwrap();
        let answer = runtime.block_on(repeat::ask(&logs, hunt, &parameters)).unwrap();
        let seconds = begin.elapsed().as_secs_f64();
        let count = answer.query.scanned_records.unwrap();
        println!(
            "{}",
            serde_json::json!({
                "hunt": name,
                "records": count,
                "compressed_bytes": answer.query.scanned_bytes,
                "bytes": bytes,
                "rows": answer.query.row_count,
                "complete": answer.is_complete(),
                "seconds": seconds,
                "records_per_second": (count as f64 / seconds).round(),
                "decompress_and_scan_seconds": scanning,
                "ratio": seconds / scanning,
                "peak_memory_bytes": peak_memory(),
                "threads": threads(),
            })
        );
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// The most memory that the process ever had, where the system tells (Linux).
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Decompresses all files and counts the records in them, with as many threads as a hunt has. Gives bytes and seconds.
fn decompress_and_scan(folder: &Path) -> (u64, f64) {
    let files = files(folder);
    let (next, bytes, found) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                let mut buffer = vec![0; 256 << 10];
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut stream = MultiGzDecoder::new(BufReader::new(File::open(path).unwrap()));
                    loop {
                        let length = stream.read(&mut buffer).unwrap();
                        if length == 0 {
                            break;
                        }
                        let braces = buffer[..length].iter().filter(|byte| **byte == b'{').count();
                        bytes.fetch_add(length as u64, Ordering::Relaxed);
                        found.fetch_add(braces as u64, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(found.into_inner() > 0, "there is nothing to scan");
    (bytes.into_inner(), begin.elapsed().as_secs_f64())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.to_string_lossy().ends_with(".json.gz") {
            found.push(path);
        }
    }
    found
}

/// Writes so many records in AWS's layout: mostly reads of objects by 40 roles, as real trails hold them.
fn make(folder: &Path, records: u64) {
    let folder = folder.join("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/15");
    fs::create_dir_all(&folder).unwrap();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for file in 0..records.div_ceil(RECORDS_PER_FILE) {
        let name = format!("111122223333_CloudTrail_eu-west-1_20260115T0000Z_{file:08}.json.gz");
        let mut out = GzEncoder::new(File::create(folder.join(name)).unwrap(), Compression::default());
        out.write_all(b"{\"Records\":[").unwrap();
        let first = file * RECORDS_PER_FILE;
        for number in first..(first + RECORDS_PER_FILE).min(records) {
            if number > first {
                out.write_all(b",").unwrap();
            }
            write_record(&mut out, number, &mut random);
        }
        out.write_all(b"]}").unwrap();
        out.finish().unwrap();
    }
}

fn write_record(out: &mut impl std::io::Write, number: u64, random: &mut u64) {
    // xorshift64: https://www.jstatsoft.org/article/view/v008i14
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    let r = *random;
    let (role, bucket, object) = (r % 40, (r >> 8) % 25, (r >> 16) % 50_000);
    let name = match r >> 40 & 0xff {
        0..=5 => "PutObject",
        6..=10 => "ListObjects",
        11..=40 => "HeadObject",
        _ => "GetObject",
    };
    let (hour, minute, second) = (number / 3600 % 24, number / 60 % 60, number % 60);
    write!(
        out,
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE{role:05}:session","arn":"arn:aws:sts::111122223333:assumed-role/Role{role}/session","accountId":"111122223333","accessKeyId":"ASIA{role:016}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE{role:05}","arn":"arn:aws:iam::111122223333:role/Role{role}","accountId":"111122223333","userName":"Role{role}"}},"attributes":{{"creationDate":"2026-01-15T02:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-01-15T{hour:02}:{minute:02}:{second:02}Z","eventSource":"s3.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"10.0.{bucket}.{role}","userAgent":"[Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#5.15 md/arch#x86_64 lang/python#3.11.4]","requestParameters":{{"bucketName":"bucket-{bucket}","Host":"bucket-{bucket}.s3.eu-west-1.amazonaws.com","key":"data/{}/part-{object:05}.parquet"}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0.0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"{r:016x}{:016x}","bytesTransferredOut":{}.0}},"requestID":"{:016X}","eventID":"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}","readOnly":true,"resources":[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::bucket-{bucket}/data/part-{object:05}.parquet"}},{{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::bucket-{bucket}"}}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"bucket-{bucket}.s3.eu-west-1.amazonaws.com"}}}}"#,
        object % 100,
        r.rotate_left(17),
        r % 5_000_000,
        r.rotate_left(29),
        (r >> 32) as u32,
        r as u16,
        r >> 20 & 0xfff,
        r >> 48 & 0xfff,
        number,
    )
    .unwrap();
}
