//! Whether selectors look at the names of buckets at all: if not, what they make of one bucket's event they make of every
//! bucket's.

use super::event::S3_OBJECT;
use crate::semantics::configuration::{DataResource, TrailSelectors};

/// The fields of advanced selectors that hold nothing of a bucket's name (CloudTrail API reference, *AdvancedFieldSelector*).
const OTHER_FIELDS: [&str; 10] = [
    "eventCategory",
    "readOnly",
    "eventName",
    "eventSource",
    "eventType",
    "userIdentity.arn",
    "sessionCredentialFromConsole",
    "errorCode",
    "vpcEndpointId",
    "resources.type",
];

/// Whether what the selectors make of an event may depend on the name of the bucket that it is about.
#[must_use]
pub fn look_at_bucket_names(selectors: &TrailSelectors) -> bool {
    let basic = selectors.event_selectors.iter().flat_map(|selector| &selector.data_resources);
    let advanced = selectors.advanced_event_selectors.iter().flat_map(|selector| &selector.field_selectors);
    basic.into_iter().any(names_buckets)
        || advanced.into_iter().any(|field| !OTHER_FIELDS.contains(&field.field.as_str()))
}

/// Whether a data resource is about some buckets only: the whole service is named without a bucket.
fn names_buckets(resource: &DataResource) -> bool {
    let whole = |value: &String| value.ends_with(":s3") || value.ends_with(":::");
    resource.r#type.starts_with("AWS::S3")
        && !(resource.r#type == S3_OBJECT && resource.values.iter().all(whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::configuration::{AdvancedEventSelector, EventSelector, FieldSelector};

    fn basic(kind: &str, value: &str) -> TrailSelectors {
        let resource = DataResource { r#type: kind.into(), values: vec![value.into()] };
        let selector = EventSelector { data_resources: vec![resource], ..EventSelector::default() };
        TrailSelectors { event_selectors: vec![selector], ..TrailSelectors::default() }
    }

    fn advanced(field: &str) -> TrailSelectors {
        let field =
            FieldSelector { field: field.into(), equals: vec!["x".into()], ..FieldSelector::default() };
        let selector =
            AdvancedEventSelector { field_selectors: vec![field], ..AdvancedEventSelector::default() };
        TrailSelectors { advanced_event_selectors: vec![selector], ..TrailSelectors::default() }
    }

    #[test]
    fn who_names_a_bucket_or_what_is_not_known_looks_at_names() {
        for (selectors, expected) in [
            (TrailSelectors::default(), false),
            (basic("AWS::S3::Object", "arn:aws:s3"), false),
            (basic("AWS::S3::Object", "arn:aws:s3:::"), false),
            (basic("AWS::Lambda::Function", "arn:aws:lambda:eu-west-1:111122223333:function:f"), false),
            (basic("AWS::S3::Object", "arn:aws:s3:::crown/"), true),
            (basic("AWS::S3::Bucket", "arn:aws:s3"), true),
            (advanced("readOnly"), false),
            (advanced("resources.ARN"), true),
            (advanced("something.new"), true),
        ] {
            assert_eq!(look_at_bucket_names(&selectors), expected, "{selectors:?}");
        }
    }
}
