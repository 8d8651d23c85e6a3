//! The fields of a CloudTrail record that selectors look at.

use std::borrow::Cow;

use serde_json::Value;

/// `eventCategory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Control plane operations.
    Management,
    /// Operations on or in a resource, such as S3 objects.
    Data,
    /// Calls through a VPC endpoint.
    NetworkActivity,
}

impl Category {
    /// AWS's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Management => "Management",
            Self::Data => "Data",
            Self::NetworkActivity => "NetworkActivity",
        }
    }
}

/// A resource of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource<'a> {
    /// For example `AWS::S3::Object`.
    pub kind: Cow<'a, str>,
    /// The ARN; for a listing the prefix that it lists.
    pub arn: Cow<'a, str>,
}

/// What selectors see of a record.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    pub category: Category,
    pub name: Option<Cow<'a, str>>,
    pub source: Option<Cow<'a, str>>,
    pub event_type: Option<Cow<'a, str>>,
    pub read_only: Option<bool>,
    pub resources: Vec<Resource<'a>>,
    pub user_arn: Option<Cow<'a, str>>,
    pub from_console: Option<Cow<'a, str>>,
    pub error_code: Option<Cow<'a, str>>,
    pub vpc_endpoint: Option<Cow<'a, str>>,
}

/// The resource type of objects in general purpose buckets.
pub const S3_OBJECT: &str = "AWS::S3::Object";

impl<'a> Event<'a> {
    /// Reads a record.
    ///
    /// # Errors
    /// A clause that says what cannot be told from it.
    pub fn read(record: &'a Value) -> Result<Self, String> {
        let Some(fields) = record.as_object() else {
            return Err("the event is no CloudTrail record: it must be an object".to_owned());
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(Cow::Borrowed);
        let category = match (text("eventCategory").as_deref(), fields.get("managementEvent")) {
            (Some("Management"), _) | (None, Some(Value::Bool(true))) => Category::Management,
            (Some("Data"), _) | (None, Some(Value::Bool(false))) => Category::Data,
            (Some("NetworkActivity"), _) => Category::NetworkActivity,
            (Some(other), _) => {
                return Err(format!("events of category `{other}` are not selected by event selectors"));
            }
            (None, _) => {
                return Err("the event names neither its `eventCategory` nor `managementEvent`".to_owned());
            }
        };
        let read_only = match fields.get("readOnly") {
            Some(Value::Bool(read_only)) => Some(*read_only),
            Some(Value::String(text)) if text == "true" => Some(true),
            Some(Value::String(text)) if text == "false" => Some(false),
            _ => None,
        };
        Ok(Self {
            category,
            name: text("eventName"),
            source: text("eventSource"),
            event_type: text("eventType"),
            read_only,
            resources: resources(record, category),
            user_arn: record.pointer("/userIdentity/arn").and_then(Value::as_str).map(Cow::Borrowed),
            from_console: from_console(fields.get("sessionCredentialFromConsole")),
            error_code: text("errorCode"),
            vpc_endpoint: text("vpcEndpointId"),
        })
    }

    /// Whether it is a management event.
    pub fn is_management(&self) -> bool {
        self.category == Category::Management
    }

    /// The ARNs of its resources of a type.
    pub fn arns(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.resources
            .iter()
            .filter(move |resource| resource.kind == kind)
            .map(|resource| resource.arn.as_ref())
    }
}

fn from_console(value: Option<&Value>) -> Option<Cow<'_, str>> {
    match value? {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
        _ => None,
    }
}

/// The record's resources. A listing names its object resource by `ARNPrefix`; an operation on the bucket itself (such as
/// `HeadBucket`) that names only the bucket counts as one on the bucket's root.
fn resources(record: &Value, category: Category) -> Vec<Resource<'_>> {
    let listed = record.get("resources").and_then(Value::as_array);
    let mut resources = Vec::new();
    let mut bucket = None;
    for resource in listed.into_iter().flatten() {
        let Some(kind) = resource.get("type").and_then(Value::as_str) else {
            continue;
        };
        let arn = resource.get("ARN").or_else(|| resource.get("ARNPrefix")).and_then(Value::as_str);
        let Some(arn) = arn else { continue };
        if kind == "AWS::S3::Bucket" {
            bucket = Some(arn);
        }
        resources.push(Resource { kind: kind.into(), arn: arn.into() });
    }
    let has_object = resources.iter().any(|resource| resource.kind == S3_OBJECT);
    if let Some(bucket) = bucket
        && category == Category::Data
        && !has_object
        && resources.len() == 1
    {
        resources.push(Resource { kind: S3_OBJECT.into(), arn: format!("{bucket}/").into() });
    }
    resources
}
