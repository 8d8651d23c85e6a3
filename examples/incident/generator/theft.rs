//! What the thief does, by kind of theft, with what each step takes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Kind;
use super::organization::{
    CLI, CUSTOMERS, EXPORTS, FOREIGN, MANAGEMENT, PAYROLL, PRODUCTION, SDK, WEBSITE, customer_key, data,
    internet, later, management, numbers, session, shop, size, user,
};
use super::record::{Data, Event, From, Identity, Session, example_id, uuid};
use super::traffic::issued;

const BOTO: &str = "[Boto3/1.35.60 md/Botocore#1.35.60 ua/2.0 os/linux#6.6.15-amd64 lang/python#3.12.7]";
/// The buckets of the thief.
pub const COPY_SINK: &str = "backup-sync-7f3a";
pub const REPLICA_SINK: &str = "replica-sink-91c2";

/// What a step takes or changes.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Nothing that counts.
    Nothing,
    /// A request that was refused.
    Refused,
    /// An object's bytes went to the thief.
    Read { bucket: &'static str, key: String, bytes: u64, presigned: bool },
    /// An object was read by the thief's own account, which the thief let in.
    OutsideRead { bucket: &'static str, key: String, bytes: u64 },
    /// An object was copied to the thief's bucket.
    Copied { bucket: &'static str, key: String },
    /// An object went to the thief's bucket by the replication that the thief set up.
    Replicated { bucket: &'static str, key: String },
    /// An object was deleted.
    Deleted { bucket: &'static str, key: String },
    /// Objects were deleted by a request whose record does not name them.
    DeletedUnnamed,
    /// A setting was changed.
    Changed { resource: String },
}

/// One step.
pub struct Act {
    pub event: Event,
    pub effect: Effect,
    /// Whether the request was made with a credential of the thief.
    pub own: bool,
}

/// A theft.
pub struct Theft {
    pub kind: Kind,
    pub seed: u64,
    /// When it begins.
    pub start: Timestamp,
    /// How many objects it is about.
    pub objects: u64,
}

impl Theft {
    /// The interval in which no trail logged, if there is one.
    pub fn silence(&self) -> Option<(Timestamp, Timestamp)> {
        (self.kind == Kind::Ransom).then(|| (later(self.start, 2_400), later(self.start, 9_600)))
    }

    /// The steps from a time until before another, in no order.
    pub fn acts(&self, from: Timestamp, to: Timestamp) -> Vec<Act> {
        let span = Span { from, to };
        match self.kind {
            Kind::Tor => self.through_tor(&span),
            Kind::ForeignCopy => self.to_a_foreign_bucket(&span),
            Kind::Ransom => self.ransom(&span),
        }
    }

    fn through_tor(&self, span: &Span) -> Vec<Act> {
        let who = Identity::Role(shop(self.seed, self.start));
        // Another exit node for every 16 objects.
        let exit = |turn: u64| internet(format!("198.51.100.{}", 10 + turn * 7 % 60), BOTO);
        let mut acts = Acts::new(span, self.start);
        acts.look(0, "sts.amazonaws.com", "GetCallerIdentity", &who, exit(0), json!(null));
        acts.look(21, "s3.amazonaws.com", "ListBuckets", &who, exit(0), json!({"Host": "s3.amazonaws.com"}));
        acts.look(
            44,
            "s3.amazonaws.com",
            "GetBucketPolicy",
            &who,
            exit(0),
            json!({"bucketName": CUSTOMERS, "policy": ""}),
        );
        acts.list(61, &who, exit(0), CUSTOMERS);
        acts.list(73, &who, exit(0), EXPORTS);
        acts.refused(
            88,
            data(acts.at(88), "ListObjects", who.clone(), exit(1), PAYROLL, None, Data::default()),
        );
        for number in 0..2 {
            let time = acts.at(95 + number);
            let key = format!("2025/payroll-{number:02}.xlsx");
            acts.refused(
                95,
                data(time, "GetObject", who.clone(), exit(1), PAYROLL, Some(&key), Data::default()),
            );
        }
        let open = json!({"bucketName": CUSTOMERS, "publicAccessBlock": "", "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": false, "IgnorePublicAcls": false, "BlockPublicPolicy": false, "RestrictPublicBuckets": false}});
        let event = management(
            acts.at(120),
            "s3.amazonaws.com",
            "PutBucketPublicAccessBlock",
            who.clone(),
            exit(1),
            open,
        );
        acts.refused(120, event);
        // The same exit node serves others, too.
        let other = data(
            acts.at(1_900),
            "GetObject",
            Identity::Anonymous,
            exit(1),
            WEBSITE,
            Some("index.html"),
            Data { bytes_out: 5_120, ..Data::default() },
        );
        acts.add(other, Effect::Nothing, false);
        acts.bulk(300, 10_000, self.objects, |number, time| {
            let (bucket, key) = if number % 6 == 5 {
                (EXPORTS, format!("exports/2026-01-{:02}/report-{:04}.csv", 1 + number % 14, number))
            } else {
                (CUSTOMERS, customer_key(number * 13 % 40_000 + number / 40_000 * 40_000))
            };
            let from = exit(number / 16);
            if number % 31 == 30 {
                let mut event =
                    data(time, "GetObject", who.clone(), from, bucket, Some(&key), Data::default());
                event.error = Some(("NoSuchKey", "The specified key does not exist."));
                return vec![Act { event, effect: Effect::Refused, own: true }];
            }
            // Large objects are read in three ranges; some reads are repeated.
            let parts = if number % 10 == 9 { 3 } else { 1 + number % 23 / 22 };
            let bytes = if number % 10 == 9 { size(number).div_ceil(3) } else { size(number) };
            (0..parts).map(|_| read(time, &who, &from, bucket, &key, bytes, false)).collect()
        });
        acts.done
    }

    fn to_a_foreign_bucket(&self, span: &Span) -> Vec<Act> {
        let mut acts = Acts::new(span, self.start);
        let leaked = user(self.seed, MANAGEMENT, "deploy-legacy");
        let pipeline = self.stolen(PRODUCTION, "DataPipeline", "sync-job", 180);
        let host = || internet("203.0.113.77", CLI);
        acts.look(0, "sts.amazonaws.com", "GetCallerIdentity", &leaked, host(), json!(null));
        acts.look(35, "iam.amazonaws.com", "ListRoles", &leaked, host(), json!(null));
        acts.assume(180, &leaked, host(), &pipeline, self.seed);
        let who = Identity::Role(pipeline);
        acts.look(200, "s3.amazonaws.com", "ListBuckets", &who, host(), json!({"Host": "s3.amazonaws.com"}));
        acts.list(230, &who, host(), EXPORTS);
        acts.list(245, &who, host(), CUSTOMERS);
        // A key of its own, for later.
        let created = example_id(&mut numbers(self.seed, "svc-backup", 2), "AKIA");
        let mut event = management(
            acts.at(400),
            "iam.amazonaws.com",
            "CreateAccessKey",
            leaked,
            host(),
            json!({"userName": "svc-backup"}),
        );
        event.response =
            json!({"accessKey": {"accessKeyId": created, "userName": "svc-backup", "status": "Active"}});
        acts.add(event, Effect::Changed { resource: "svc-backup".to_owned() }, true);
        let Identity::User { account, name, id, .. } = user(self.seed, MANAGEMENT, "svc-backup") else {
            return acts.done;
        };
        let backup = Identity::User { account, name, id, key: created };
        self.doors(&mut acts, &who, &host());
        let (quarter, half) = (self.objects / 4, self.objects / 2);
        let exported = |number: u64| format!("exports/2026-01-{:02}/report-{number:04}.csv", 1 + number % 14);
        acts.bulk(900, 5_000, half, |number, time| {
            let key = exported(number);
            let parameters = json!({
                "bucketName": COPY_SINK, "Host": format!("{COPY_SINK}.s3.eu-west-1.amazonaws.com"), "key": key,
                "x-amz-copy-source": format!("{EXPORTS}/{key}"),
            });
            let mut event = management(time, "s3.amazonaws.com", "CopyObject", who.clone(), host(), parameters);
            event.data = Some(Data::default());
            // The owner of a foreign bucket is not always told.
            event.bucket_owner = (number % 2 == 0).then_some(FOREIGN);
            vec![Act { event, effect: Effect::Copied { bucket: EXPORTS, key }, own: true }]
        });
        acts.bulk(2_000, 6_000, quarter, |number, time| {
            // The first are among those that were copied: an object counts once.
            let shared = number < 5;
            let key = if shared { exported(number) } else { customer_key(number) };
            let bucket = if shared { EXPORTS } else { CUSTOMERS };
            let (identity, presigned) = if number % 5 == 4 { (&who, true) } else { (&backup, false) };
            let from = if presigned { internet("192.0.2.222", BOTO) } else { host() };
            vec![read(time, identity, &from, bucket, &key, size(number), presigned)]
        });
        acts.bulk(4_000, 6_000, quarter, |number, time| {
            let key = customer_key(20_000 + number);
            let bytes = size(number);
            let identity =
                Identity::Account { account: FOREIGN, principal_id: "AIDATHIEFEXAMPLE00000".to_owned() };
            let from = internet("203.0.113.90", SDK);
            let got = Data { bytes_out: bytes, ..Data::default() };
            let mut event = data(time, "GetObject", identity, from, CUSTOMERS, Some(&key), got);
            event.shared = Some(uuid(&mut numbers(self.seed, "outside", number as i64)));
            vec![Act { event, effect: Effect::OutsideRead { bucket: CUSTOMERS, key, bytes }, own: false }]
        });
        acts.bulk(5_000, 14_000, quarter.div_ceil(2), |number, time| {
            let key = format!("exports/2026-01-15/new-{number:04}.csv");
            let mut role = session(self.seed, time, PRODUCTION, "s3-replication", "s3-replication", false);
            role.invoked_by = Some("s3.amazonaws.com");
            let from = internet("s3.amazonaws.com", "s3.amazonaws.com");
            let sent = Data { bytes_in: size(number), ..Data::default() };
            let mut event =
                data(time, "PutObject", Identity::Role(role), from, REPLICA_SINK, Some(&key), sent);
            event.bucket_owner = Some(FOREIGN);
            vec![Act { event, effect: Effect::Replicated { bucket: EXPORTS, key }, own: false }]
        });
        acts.done
    }

    /// The doors that stay open: a policy that lets the thief's account in, and a replication to its bucket.
    fn doors(&self, acts: &mut Acts<'_>, who: &Identity, host: &From) {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "Backup", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{FOREIGN}:root")},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [format!("arn:aws:s3:::{CUSTOMERS}"), format!("arn:aws:s3:::{CUSTOMERS}/*")]}]});
        let parameters = json!({"bucketName": CUSTOMERS, "Host": format!("{CUSTOMERS}.s3.eu-west-1.amazonaws.com"),
            "policy": "", "bucketPolicy": policy});
        acts.change(600, "s3.amazonaws.com", "PutBucketPolicy", who, host.clone(), parameters, CUSTOMERS);
        let replication = json!({"bucketName": EXPORTS, "replication": "", "ReplicationConfiguration": {
            "Role": format!("arn:aws:iam::{PRODUCTION}:role/s3-replication"),
            "Rule": {"ID": "sync", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""},
                "DeleteMarkerReplication": {"Status": "Disabled"},
                "Destination": {"Bucket": format!("arn:aws:s3:::{REPLICA_SINK}"), "Account": FOREIGN}}}});
        acts.change(700, "s3.amazonaws.com", "PutBucketReplication", who, host.clone(), replication, EXPORTS);
    }

    fn ransom(&self, span: &Span) -> Vec<Act> {
        let mut acts = Acts::new(span, self.start);
        let leaked = user(self.seed, MANAGEMENT, "break-glass-admin");
        let member = self.stolen(PRODUCTION, "OrganizationAccountAccessRole", "admin", 240);
        let host = || internet("203.0.113.66", CLI);
        let trail = json!({"name": format!("arn:aws:cloudtrail:eu-west-1:{MANAGEMENT}:trail/organization")});
        acts.look(0, "sts.amazonaws.com", "GetCallerIdentity", &leaked, host(), json!(null));
        acts.look(60, "organizations.amazonaws.com", "ListAccounts", &leaked, host(), json!(null));
        acts.assume(240, &leaked, host(), &member, self.seed);
        let who = Identity::Role(member);
        acts.look(270, "s3.amazonaws.com", "ListBuckets", &who, host(), json!({"Host": "s3.amazonaws.com"}));
        acts.list(300, &who, host(), PAYROLL);
        let payroll = |number: u64| format!("2025/{:02}/payslip-{number:05}.pdf", 1 + number % 12);
        acts.bulk(400, 1_900, self.objects / 4, |number, time| {
            vec![read(time, &who, &host(), PAYROLL, &payroll(number), size(number), false)]
        });
        acts.change(
            2_400,
            "cloudtrail.amazonaws.com",
            "StopLogging",
            &leaked,
            host(),
            trail.clone(),
            "organization",
        );
        // Nobody records what happens now.
        acts.bulk(2_500, 6_900, self.objects / 4, |number, time| {
            vec![delete(time, &who, &host(), PAYROLL, payroll(number))]
        });
        let repair = Identity::Role(session(
            self.seed,
            acts.at(9_600),
            MANAGEMENT,
            "SecurityAutomation",
            "restart-trail",
            false,
        ));
        let event = management(
            acts.at(9_600),
            "cloudtrail.amazonaws.com",
            "StartLogging",
            repair,
            internet("lambda.amazonaws.com", "lambda.amazonaws.com"),
            trail,
        );
        acts.add(event, Effect::Nothing, false);
        let suspended = json!({"bucketName": CUSTOMERS, "versioning": "", "VersioningConfiguration": {"Status": "Suspended"}});
        acts.change(9_900, "s3.amazonaws.com", "PutBucketVersioning", &who, host(), suspended, CUSTOMERS);
        let expiry = json!({"bucketName": CUSTOMERS, "lifecycle": "", "LifecycleConfiguration": {"Rule": {
            "ID": "cleanup", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}}});
        acts.change(9_950, "s3.amazonaws.com", "PutBucketLifecycle", &who, host(), expiry, CUSTOMERS);
        acts.bulk(10_000, 12_500, self.objects / 2, |number, time| {
            vec![delete(time, &who, &host(), CUSTOMERS, customer_key(number))]
        });
        for number in 0..3 {
            let time = acts.at(12_600 + number);
            let mut event = data(
                time,
                "DeleteObjects",
                who.clone(),
                host(),
                EXPORTS,
                None,
                Data { bytes_in: 48_000, ..Data::default() },
            );
            event.parameters["delete"] = "".into();
            acts.add(event, Effect::DeletedUnnamed, true);
        }
        let note = data(
            acts.at(12_700),
            "PutObject",
            who,
            host(),
            CUSTOMERS,
            Some("READ_ME_TO_RECOVER.txt"),
            Data { bytes_in: 812, ..Data::default() },
        );
        acts.add(note, Effect::Nothing, true);
        acts.done
    }

    fn stolen(&self, account: &'static str, role: &'static str, name: &str, after: i64) -> Session {
        let mut session = session(self.seed, self.start, account, role, name, false);
        session.created = later(self.start, after);
        session
    }
}

fn read(
    time: Timestamp,
    who: &Identity,
    from: &From,
    bucket: &'static str,
    key: &str,
    bytes: u64,
    presigned: bool,
) -> Act {
    let got = Data { bytes_out: bytes, presigned, ..Data::default() };
    let event = data(time, "GetObject", who.clone(), from.clone(), bucket, Some(key), got);
    Act { event, effect: Effect::Read { bucket, key: key.to_owned(), bytes, presigned }, own: true }
}

fn delete(time: Timestamp, who: &Identity, from: &From, bucket: &'static str, key: String) -> Act {
    let event = data(time, "DeleteObject", who.clone(), from.clone(), bucket, Some(&key), Data::default());
    Act { event, effect: Effect::Deleted { bucket, key }, own: true }
}

struct Span {
    from: Timestamp,
    to: Timestamp,
}

/// The steps of a span of time; times are told in seconds after the beginning.
struct Acts<'a> {
    span: &'a Span,
    start: Timestamp,
    done: Vec<Act>,
}

impl<'a> Acts<'a> {
    fn new(span: &'a Span, start: Timestamp) -> Self {
        Self { span, start, done: Vec::new() }
    }

    fn at(&self, seconds: i64) -> Timestamp {
        later(self.start, seconds)
    }

    fn add(&mut self, event: Event, effect: Effect, own: bool) {
        if (self.span.from..self.span.to).contains(&event.time) {
            self.done.push(Act { event, effect, own });
        }
    }

    fn look(
        &mut self,
        after: i64,
        source: &'static str,
        name: &'static str,
        who: &Identity,
        from: From,
        parameters: Value,
    ) {
        let mut event = management(self.at(after), source, name, who.clone(), from, parameters);
        event.read_only = true;
        self.add(event, Effect::Nothing, true);
    }

    fn list(&mut self, after: i64, who: &Identity, from: From, bucket: &str) {
        let answer = Data { bytes_out: 183_211, ..Data::default() };
        self.add(
            data(self.at(after), "ListObjects", who.clone(), from, bucket, None, answer),
            Effect::Nothing,
            true,
        );
    }

    fn refused(&mut self, _after: i64, mut event: Event) {
        event.error = Some(("AccessDenied", "Access Denied"));
        self.add(event, Effect::Refused, true);
    }

    #[allow(clippy::too_many_arguments, reason = "one call with all that its record tells")]
    fn change(
        &mut self,
        after: i64,
        source: &'static str,
        name: &'static str,
        who: &Identity,
        from: From,
        parameters: Value,
        resource: &str,
    ) {
        let event = management(self.at(after), source, name, who.clone(), from, parameters);
        self.add(event, Effect::Changed { resource: resource.to_owned() }, true);
    }

    /// A role of another account is assumed: a record for the caller and one for the role's account.
    fn assume(&mut self, after: i64, who: &Identity, from: From, into: &Session, seed: u64) {
        let time = self.at(after);
        let parameters =
            json!({"roleArn": into.issuer(), "roleSessionName": into.name, "durationSeconds": 3600});
        let mut event = management(time, "sts.amazonaws.com", "AssumeRole", who.clone(), from, parameters);
        event.read_only = true;
        event.response = issued(&into.key, time);
        event.shared = Some(uuid(&mut numbers(seed, "assume", after)));
        let mut theirs = event.clone();
        theirs.recipient = into.account;
        if let Identity::User { account, id, .. } = who {
            theirs.identity = Identity::Account { account, principal_id: id.clone() };
        }
        self.add(event, Effect::Nothing, true);
        self.add(theirs, Effect::Nothing, false);
    }

    /// `count` steps, evenly spread from a time until another. Only those of the span are made.
    fn bulk(&mut self, after: i64, until: i64, count: u64, mut make: impl FnMut(u64, Timestamp) -> Vec<Act>) {
        let (start, length) = (self.at(after), i128::from(until - after));
        let count = i128::from(count);
        let index = |time: Timestamp| {
            let seconds = i128::from(time.as_second() - start.as_second()).clamp(0, length);
            // The first step that is not before the time.
            (seconds * count + length - 1) / length
        };
        for number in index(self.span.from)..index(self.span.to) {
            let time = later(start, (number * length / count) as i64);
            let number = u64::try_from(number).unwrap_or_default();
            self.done.extend(make(number, time));
        }
    }
}
