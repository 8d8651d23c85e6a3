//! The critical events of a bucket: the values of each field among which the search looks.

use serde_json::{Value, json};

use super::coverage::BucketIdentity;
use super::dimension::Literals;
use super::event::{Category, Event, Resource, S3_OBJECT};
use super::operations::{EventClass, FUTURE};
use super::rules::{Field, Rule, literals};
use super::search::{Point, Space};

/// Events that are asked about together.
#[derive(Debug)]
pub struct Scene {
    /// Their fields.
    pub space: Space,
    /// Whether all of them may really occur. One that may not, and escapes, makes nothing but doubt.
    pub certain: bool,
}

/// Values of one field at most: beyond, nothing is claimed.
const MAX_VALUES: usize = 100_000;
/// The longest key, in bytes (S3 user guide, *Naming Amazon S3 objects*).
const MAX_KEY: usize = 1024;

/// An event with what all events of a class have in common.
pub fn event<'a>(class: EventClass, point: &'a Point) -> Event<'a> {
    let [arn, name, caller, console] = point;
    let resource = |arn: &'a String| Resource { kind: S3_OBJECT.into(), arn: arn.as_str().into() };
    Event {
        category: Category::Data,
        name: name.as_deref().map(Into::into),
        source: Some("s3.amazonaws.com".into()),
        event_type: Some("AwsApiCall".into()),
        read_only: Some(class == EventClass::Read),
        resources: arn.iter().map(resource).collect(),
        user_arn: caller.as_deref().map(Into::into),
        from_console: console.as_deref().map(Into::into),
        error_code: None,
        vpc_endpoint: None,
    }
}

/// The plainest event of a class: it stands for what events of the class have in common.
pub fn plainest(bucket: &BucketIdentity, class: EventClass) -> Point {
    let name = class.on_objects().first().map(|name| (*name).to_owned());
    [Some(format!("{}a", root(bucket))), name, Some(role(&bucket.partition, &bucket.account)), None]
}

/// The record of a critical event, with the fields that selectors look at.
pub fn record(bucket: &BucketIdentity, class: EventClass, point: &Point) -> Value {
    let [arn, name, caller, console] = point;
    let bucket_arn = format!("arn:{}:s3:::{}", bucket.partition, bucket.name);
    let place = if name.as_deref().is_some_and(EventClass::is_on_bucket) { "ARNPrefix" } else { "ARN" };
    let mut record = json!({
        "eventCategory": "Data", "managementEvent": false, "readOnly": class == EventClass::Read,
        "eventSource": "s3.amazonaws.com", "eventName": name, "eventType": "AwsApiCall",
        "awsRegion": bucket.region, "recipientAccountId": bucket.account,
        "resources": [
            {"type": S3_OBJECT, place: arn},
            {"accountId": bucket.account, "type": "AWS::S3::Bucket", "ARN": bucket_arn}],
    });
    caller_fields(&mut record, caller.as_deref(), console.as_deref());
    record
}

/// Puts the caller into a record.
pub fn caller_fields(record: &mut Value, caller: Option<&str>, console: Option<&str>) {
    let Some(fields) = record.as_object_mut() else {
        return;
    };
    if let Some(caller) = caller {
        fields.insert("userIdentity".to_owned(), json!({"arn": caller}));
    }
    if let Some(console) = console {
        fields.insert("sessionCredentialFromConsole".to_owned(), json!(console));
    }
}

/// What the ARNs of a bucket's objects begin with.
pub fn root(bucket: &BucketIdentity) -> String {
    format!("arn:{}:s3:::{}/", bucket.partition, bucket.name)
}

/// The critical events of a class on a bucket, the plainest first; none if there are too many to look at.
pub fn scenes(bucket: &BucketIdentity, class: EventClass, rules: &[Rule<'_>]) -> Option<Vec<Scene>> {
    let [arns, names, callers, consoles] = Field::ALL.map(|field| literals(rules, field));
    if [&arns, &names, &callers].into_iter().any(|literals| literals.count() > MAX_VALUES) {
        return None;
    }
    let (keys, overlong) = object_arns(bucket, &arns);
    let whole = vec![Some(root(bucket))];
    let on_objects = names_of(class.on_objects(), &names, |name| {
        class.may_hold(name) && !class.on_buckets().contains(&name)
    });
    let on_bucket: Vec<Option<String>> =
        class.on_buckets().iter().map(|name| Some((*name).to_owned())).collect();
    let known = |name: &str| class.on_objects().contains(&name) || class.on_buckets().contains(&name);
    let mut new = on_objects.clone();
    new.retain(|name| name.as_deref().is_some_and(|name| !known(name)));
    let callers = caller_arns(&callers, &bucket.partition, &bucket.account);
    let consoles = console_values(&consoles);
    let scene = |certain: bool, arns: &[Option<String>], names: &[Option<String>]| Scene {
        space: Space::new(
            rules,
            Category::Data,
            [arns.to_vec(), names.to_vec(), callers.clone(), consoles.clone()],
        ),
        certain,
    };
    Some(vec![
        scene(true, &keys, &on_objects),
        scene(true, &whole, &on_bucket),
        // Not documented: whether a listing of a prefix, or a batch of deletions, names more than the bucket.
        scene(false, &keys, &on_bucket),
        scene(false, &overlong, &on_objects),
        // A new operation may be one on the whole bucket.
        scene(false, &whole, &new),
    ])
}

/// ARNs of objects: of keys that may exist, and of those too long to exist although a shorter one alike might.
fn object_arns(
    bucket: &BucketIdentity,
    literals: &Literals<'_>,
) -> (Vec<Option<String>>, Vec<Option<String>>) {
    let root = root(bucket);
    let mut keys = vec!["a".to_owned()];
    keys.extend(literals.values(&root).into_iter().filter(|key| !key.is_empty()));
    let (keys, overlong): (Vec<String>, Vec<String>) = keys.into_iter().partition(|key| key.len() <= MAX_KEY);
    let arns = |keys: Vec<String>| keys.into_iter().map(|key| Some(format!("{root}{key}"))).collect();
    (arns(keys), arns(overlong))
}

/// Event names: the known ones, one that does not exist yet, and those near literals that may be of the class.
pub fn names_of(
    known: &[&str],
    literals: &Literals<'_>,
    belongs: impl Fn(&str) -> bool,
) -> Vec<Option<String>> {
    let mut names: Vec<Option<String>> = known.iter().map(|name| Some((*name).to_owned())).collect();
    names.push(Some(FUTURE.to_owned()));
    names.extend(literals.values("").into_iter().filter(|name| belongs(name)).map(Some));
    names
}

fn role(partition: &str, account: &str) -> String {
    format!("arn:{partition}:sts::{account}:assumed-role/AppRole/attacker")
}

/// Callers: a role, a user, one whose ARN is absent (an anonymous one, an AWS service), and those near literals.
pub fn caller_arns(literals: &Literals<'_>, partition: &str, account: &str) -> Vec<Option<String>> {
    let mut callers = vec![
        Some(role(partition, account)),
        Some(format!("arn:{partition}:iam::{account}:user/backup")),
        None,
    ];
    callers.extend(literals.values("").into_iter().filter(|arn| may_call(arn)).map(Some));
    callers
}

/// Whether a caller may have an ARN: the name at its end has neither `*` nor `?` (IAM API, `RoleName`, `RoleSessionName`),
/// so that a literal which hopes for wildcards excludes nobody.
fn may_call(arn: &str) -> bool {
    let name = arn.rsplit('/').next().unwrap_or_default();
    !name.contains(['*', '?'])
}

/// `sessionCredentialFromConsole` is absent, or `true` for what the console does (CloudTrail record contents).
pub fn console_values(literals: &Literals<'_>) -> Vec<Option<String>> {
    if literals.count() > 1 { vec![None, Some("true".to_owned())] } else { vec![None] }
}
