//! The organization in which it happens: accounts, buckets, roles, people and where they come from.

use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::record::{Data, Event, From, Identity, Session, example_id};

pub const ORGANIZATION: &str = "o-exampleorg1";
pub const MANAGEMENT: &str = "123456789012";
pub const PRODUCTION: &str = "111122223333";
pub const ANALYTICS: &str = "444455556666";
/// The thief's account, where there is one.
pub const FOREIGN: &str = "555566667777";
pub const ACCOUNTS: [&str; 3] = [PRODUCTION, ANALYTICS, MANAGEMENT];

pub const REGION: &str = "eu-west-1";
/// Where IAM and the console record.
pub const GLOBAL: &str = "us-east-1";

pub const CUSTOMERS: &str = "customer-data-prod";
pub const EXPORTS: &str = "customer-exports-prod";
pub const PAYROLL: &str = "payroll-archive";
pub const LAKE: &str = "analytics-lake-prod";
pub const WEBSITE: &str = "www-example-site";
pub const ARTIFACTS: &str = "build-artifacts-prod";

pub const ENDPOINT: (&str, &str) = ("vpce-0a1b2c3d4e5f67890", PRODUCTION);
pub const SDK: &str =
    "[aws-sdk-java/2.29.1 ua/2.1 os/Linux#6.1.115 lang/java#21.0.5 md/OpenJDK_64-Bit_Server_VM]";
pub const CLI: &str =
    "[aws-cli/2.22.4 md/awscrt#0.22.0 ua/2.0 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.6]";
pub const BROWSER: &str =
    "[Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36]";

/// The account that owns a bucket.
pub fn owner(bucket: &str) -> &'static str {
    match bucket {
        LAKE => ANALYTICS,
        ARTIFACTS => MANAGEMENT,
        _ => PRODUCTION,
    }
}

/// Numbers that depend only on the seed, what they are for, and a count: whatever is made before or after.
pub fn numbers(seed: u64, what: &str, count: i64) -> ChaCha8Rng {
    // FNV-1a, to spread names over seeds.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in what.bytes().chain(count.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    ChaCha8Rng::seed_from_u64(seed ^ hash)
}

/// The session of the web shop's instances that is in use at a time: the credentials of the instance change every six hours.
pub fn shop(seed: u64, time: Timestamp) -> Session {
    session(seed, time, PRODUCTION, "WebShop", "i-0123456789abcdef0", true)
}

/// The session of a role that is in use at a time.
pub fn session(
    seed: u64,
    time: Timestamp,
    account: &'static str,
    role: &'static str,
    name: &str,
    from_instance: bool,
) -> Session {
    const LIFE: i64 = 6 * 3600;
    let turn = time.as_second().div_euclid(LIFE);
    Session {
        account,
        role,
        role_id: example_id(&mut numbers(seed, role, 0), "AROA"),
        name: name.to_owned(),
        key: example_id(&mut numbers(seed, &format!("{role}/{name}"), turn), "ASIA"),
        created: Timestamp::from_second(turn * LIFE).unwrap_or(time),
        invoked_by: None,
        from_instance,
    }
}

/// A user of IAM.
pub fn user(seed: u64, account: &'static str, name: &'static str) -> Identity {
    let id = example_id(&mut numbers(seed, name, 0), "AIDA");
    Identity::User { account, name, id, key: example_id(&mut numbers(seed, name, 1), "AKIA") }
}

/// From an address on the internet.
pub fn internet(address: impl Into<String>, agent: &'static str) -> From {
    From { address: address.into(), agent, endpoint: None }
}

/// From within the VPC of production.
pub fn inside(last: u8) -> From {
    From { address: format!("10.20.30.{last}"), agent: SDK, endpoint: Some(ENDPOINT) }
}

/// A call that reads or changes settings.
pub fn management(
    time: Timestamp,
    source: &'static str,
    name: &'static str,
    identity: Identity,
    from: From,
    parameters: Value,
) -> Event {
    let read_only = ["Get", "List", "Describe", "Lookup", "Head"].iter().any(|verb| name.starts_with(verb));
    let recipient = match &identity {
        Identity::Role(session) => session.account,
        Identity::User { account, .. } => account,
        _ => PRODUCTION,
    };
    let global = matches!(source, "iam.amazonaws.com" | "signin.amazonaws.com");
    let bucket = parameters.get("bucketName").and_then(Value::as_str);
    let bucket_owner = bucket.map(owner);
    Event {
        time,
        recipient,
        region: if global { GLOBAL } else { REGION },
        source,
        name,
        read_only,
        identity,
        from,
        parameters,
        response: Value::Null,
        error: None,
        data: None,
        bucket_owner,
        shared: None,
    }
}

/// A call on an object, or on the list of a bucket's objects (`key` is none).
pub fn data(
    time: Timestamp,
    name: &'static str,
    identity: Identity,
    from: From,
    bucket: &str,
    key: Option<&str>,
    data: Data,
) -> Event {
    let host = format!("{bucket}.s3.{REGION}.amazonaws.com");
    let mut parameters = json!({"bucketName": bucket, "Host": host});
    match key {
        Some(key) => parameters["key"] = key.into(),
        None if name == "ListObjects" => {
            parameters["list-type"] = "2".into();
            parameters["prefix"] = "".into();
        }
        None => {}
    }
    let mut event = management(time, "s3.amazonaws.com", name, identity, from, parameters);
    event.read_only = matches!(name, "GetObject" | "HeadObject" | "ListObjects" | "ListObjectVersions");
    event.data = Some(data);
    event
}

/// The name of a customer's object.
pub fn customer_key(number: u64) -> String {
    format!("customers/{:03}/profile-{number:06}.json", number % 997)
}

/// How large an object is.
pub fn size(number: u64) -> u64 {
    18_250 + (number * 7_919 % 1_000) * 1_531
}

/// A time a number of seconds later.
pub fn later(time: Timestamp, seconds: i64) -> Timestamp {
    time.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(time)
}
