//! What happens on every day: the shop reads its data, builds are published, people look, services do their rounds.

use jiff::Timestamp;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::organization::{
    ACCOUNTS, ANALYTICS, ARTIFACTS, BROWSER, CLI, CUSTOMERS, EXPORTS, LAKE, MANAGEMENT, PAYROLL, PRODUCTION,
    SDK, WEBSITE, customer_key, data, inside, internet, later, management, numbers, session, shop, size,
    user,
};
use super::record::{Data, Event, Identity, example_id, uuid};

/// How much happens in an hour of the day, compared with the others.
pub fn weight(hour: i8) -> u64 {
    match hour {
        7..=17 => 5,
        18..=22 => 3,
        _ => 2,
    }
}

/// The events of one hour, some more than `count`, in no order.
pub fn hour(seed: u64, start: Timestamp, count: u64) -> Vec<Event> {
    let random = &mut numbers(seed, "traffic", start.as_second());
    let mut events = Vec::new();
    // Services that do their rounds whether anybody works or not.
    for (number, account) in (0..).zip(ACCOUNTS) {
        events.push(recorder(seed, later(start, 127 + 600 * number), account));
    }
    while (events.len() as u64) < count {
        let time = later(start, random.random_range(0..3600));
        one(seed, time, random, &mut events);
    }
    events
}

/// AWS Config looks at what is there.
fn recorder(seed: u64, time: Timestamp, account: &'static str) -> Event {
    let role = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";
    let mut session = session(seed, time, account, role, "AWSConfig-Describe", false);
    session.key = example_id(&mut numbers(seed, account, time.as_second() / 21_600), "ASIA");
    session.invoked_by = Some("config.amazonaws.com");
    let from = internet("config.amazonaws.com", "config.amazonaws.com");
    management(
        time,
        "s3.amazonaws.com",
        "ListBuckets",
        Identity::Role(session),
        from,
        json!({"Host": "s3.amazonaws.com"}),
    )
}

fn one(seed: u64, time: Timestamp, random: &mut ChaCha8Rng, events: &mut Vec<Event>) {
    let number = random.random_range(0..40_000);
    let bytes = size(number);
    let reads = |bytes_out| Data { bytes_out, ..Data::default() };
    let shop = || Identity::Role(shop(seed, time));
    match random.random_range(0..100) {
        0..40 => {
            let key = customer_key(number);
            let from = inside(11 + (number % 5) as u8);
            events.push(data(time, "GetObject", shop(), from, CUSTOMERS, Some(&key), reads(bytes)));
        }
        40..48 => {
            let key = customer_key(number);
            let sent = Data { bytes_in: bytes, ..Data::default() };
            events.push(data(time, "PutObject", shop(), inside(12), CUSTOMERS, Some(&key), sent));
        }
        48..51 => {
            let key = customer_key(90_000 + number);
            let mut event =
                data(time, "HeadObject", shop(), inside(13), CUSTOMERS, Some(&key), Data::default());
            event.error = Some(("NoSuchKey", "The specified key does not exist."));
            events.push(event);
        }
        51..60 => partner(seed, time, number, random, events),
        60..66 => {
            let key = format!("exports/{}/report-{:04}.csv", time.strftime("%Y-%m-%d"), number % 400);
            let presigned = Data { bytes_out: bytes * 3, presigned: true, ..Data::default() };
            let from = internet(format!("192.0.2.{}", number % 200), BROWSER);
            events.push(data(time, "GetObject", shop(), from, EXPORTS, Some(&key), presigned));
        }
        66..74 => {
            let key = format!("assets/{:02}.js", number % 30);
            let from = internet(format!("192.0.2.{}", number % 250), BROWSER);
            events.push(data(
                time,
                "GetObject",
                Identity::Anonymous,
                from,
                WEBSITE,
                Some(&key),
                reads(40_112),
            ));
        }
        74..80 => build(seed, time, number, bytes, random, events),
        80..84 => {
            // A person who tries what is not theirs.
            let from = internet("203.0.113.10", CLI);
            let mut event =
                data(time, "ListObjects", person(seed, time), from, PAYROLL, None, Data::default());
            event.error = Some(("AccessDenied", "Access Denied"));
            events.push(event);
        }
        84..92 => {
            let (source, name) = [
                ("s3.amazonaws.com", "ListBuckets"),
                ("ec2.amazonaws.com", "DescribeInstances"),
                ("iam.amazonaws.com", "ListRoles"),
                ("cloudtrail.amazonaws.com", "GetTrailStatus"),
            ][(number % 4) as usize];
            let from = internet("203.0.113.10", BROWSER);
            events.push(management(time, source, name, person(seed, time), from, json!({})));
        }
        92..96 => {
            let from = internet("203.0.113.11", CLI);
            let parameters = json!({"policyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[]}", "bucketName": ARTIFACTS});
            let platform =
                Identity::Role(session(seed, time, MANAGEMENT, "PlatformPipeline", "terraform", false));
            events.push(management(time, "s3.amazonaws.com", "PutBucketPolicy", platform, from, parameters));
        }
        _ => {
            let from = internet("ec2.amazonaws.com", "ec2.amazonaws.com");
            let parameters = json!({
                "roleArn": format!("arn:aws:iam::{PRODUCTION}:role/WebShop"), "roleSessionName": "i-0123456789abcdef0",
            });
            let service = Identity::Service("ec2.amazonaws.com");
            let mut event = management(time, "sts.amazonaws.com", "AssumeRole", service, from, parameters);
            event.read_only = true;
            event.response = issued(&shop_key(seed, time), time);
            events.push(event);
        }
    }
}

fn shop_key(seed: u64, time: Timestamp) -> String {
    shop(seed, time).key
}

/// What STS answers. The token is an example, as documented.
pub fn issued(key: &str, time: Timestamp) -> serde_json::Value {
    json!({"credentials": {
        "accessKeyId": key, "sessionToken": "AQoDYXdzEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGd",
        "expiration": later(time, 3600).strftime("%b %-d, %Y, %-I:%M:%S %p").to_string(),
    }})
}

fn person(seed: u64, time: Timestamp) -> Identity {
    let role = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Developer_0123456789abcdef";
    Identity::Role(session(seed, time, PRODUCTION, role, "jane.doe@example.com", false))
}

/// The analysts' role reads the lake, and across accounts the exports of production: two records of one request.
fn partner(seed: u64, time: Timestamp, number: u64, random: &mut ChaCha8Rng, events: &mut Vec<Event>) {
    let analyst = session(seed, time, ANALYTICS, "LakeReader", "spark-nightly", false);
    let key = format!("exports/{}/report-{:04}.csv", time.strftime("%Y-%m-%d"), number % 400);
    let reads = Data { bytes_out: size(number) * 3, ..Data::default() };
    let from = || internet("203.0.113.40", SDK);
    if number.is_multiple_of(2) {
        let key = format!("lake/orders/part-{:05}.parquet", number % 5_000);
        events.push(data(time, "GetObject", Identity::Role(analyst), from(), LAKE, Some(&key), reads));
        return;
    }
    let shared = Some(uuid(random));
    let seen = Identity::Account {
        account: ANALYTICS,
        principal_id: format!("{}:{}", analyst.role_id, analyst.name),
    };
    let mut own =
        data(time, "GetObject", Identity::Role(analyst), from(), EXPORTS, Some(&key), reads.clone());
    own.shared.clone_from(&shared);
    let mut theirs = data(time, "GetObject", seen, from(), EXPORTS, Some(&key), reads);
    theirs.recipient = PRODUCTION;
    theirs.shared = shared;
    events.extend([own, theirs]);
}

/// A build takes a role with the token of its workflow and publishes something; an older one still has a user's key.
fn build(
    seed: u64,
    time: Timestamp,
    number: u64,
    bytes: u64,
    random: &mut ChaCha8Rng,
    events: &mut Vec<Event>,
) {
    let sent = Data { bytes_in: bytes, ..Data::default() };
    let key = format!("builds/{number:06}.tar.gz");
    if number.is_multiple_of(3) {
        let from = internet("203.0.113.12", CLI);
        let legacy = user(seed, MANAGEMENT, "deploy-legacy");
        events.push(data(time, "PutObject", legacy, from, ARTIFACTS, Some(&key), sent));
        return;
    }
    let from = || internet(format!("198.51.100.{}", 200 + number % 50), CLI);
    let mut build = session(seed, time, MANAGEMENT, "BuildPublisher", "GitHubActions", false);
    build.key = example_id(random, "ASIA");
    let token = Identity::Web {
        provider: "token.actions.githubusercontent.com",
        user: "repo:example/shop:ref:refs/heads/main",
    };
    let parameters = json!({"roleArn": build.issuer(), "roleSessionName": build.name});
    let mut taken =
        management(time, "sts.amazonaws.com", "AssumeRoleWithWebIdentity", token, from(), parameters);
    taken.recipient = MANAGEMENT;
    taken.read_only = true;
    taken.response = issued(&build.key, time);
    events.push(taken);
    events.push(data(
        later(time, 1),
        "PutObject",
        Identity::Role(build),
        from(),
        ARTIFACTS,
        Some(&key),
        sent,
    ));
}
