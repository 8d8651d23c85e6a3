//! Whether two policy documents say the same.
//!
//! AWS does not give a policy back letter by letter: lists come in another order, a list of one as the one, and an account's
//! id as the ARN of its root user. A change that is verified by reading back must not mistake that for somebody's edit.

use serde_json::{Map, Value, json};

/// The parts of a statement that are lists without an order.
const LISTS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];

/// Whether two texts are policies that say the same: the same statements in the same order, whatever the order within their
/// lists.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[must_use]
pub fn same_policy(one: &Value, other: &Value) -> bool {
    let read = |value: &Value| value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    match (read(one), read(other)) {
        (Some(one), Some(other)) => canonical(one) == canonical(other),
        _ => false,
    }
}

fn canonical(document: Value) -> Value {
    let Value::Object(mut document) = document else { return document };
    if let Some(statements) = document.get_mut("Statement") {
        let all = match statements.take() {
            Value::Array(all) => all,
            one => vec![one],
        };
        *statements = all.into_iter().map(statement).collect();
    }
    Value::Object(document)
}

fn statement(statement: Value) -> Value {
    let Value::Object(mut parts) = statement else { return statement };
    for (name, part) in &mut parts {
        let value = part.take();
        *part = match name.as_str() {
            list if LISTS.contains(&list) => sorted(value, &scalar),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => each(value, |keys| each(keys, |values| sorted(values, &scalar))),
            _ => value,
        };
    }
    Value::Object(parts)
}

/// Everybody, `"*"`, is written as `{"AWS": "*"}`, too.
fn principals(value: Value) -> Value {
    let value = if value == "*" { json!({"AWS": "*"}) } else { value };
    each(value, |ids| sorted(ids, &principal))
}

/// The root user's ARN means the account.
fn principal(id: &str) -> String {
    match id.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "iam", "", account, "root"] => (*account).to_owned(),
        _ => id.to_owned(),
    }
}

fn scalar(text: &str) -> String {
    text.to_owned()
}

fn each(value: Value, change: impl Fn(Value) -> Value) -> Value {
    let Value::Object(parts) = value else { return value };
    Value::Object(parts.into_iter().map(|(name, part)| (name, change(part))).collect::<Map<_, _>>())
}

/// A list in order, of texts: `true` and `"true"` are the same to a condition.
fn sorted(value: Value, form: &dyn Fn(&str) -> String) -> Value {
    let all = match value {
        Value::Array(all) => all,
        one => vec![one],
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), form);
    let mut all: Vec<String> = all.iter().map(text).collect();
    all.sort();
    all.dedup();
    json!(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statement: &Value) -> Value {
        json!(json!({"Version": "2012-10-17", "Statement": statement}).to_string())
    }

    #[test]
    fn what_aws_writes_in_its_own_way_is_the_same() {
        let ours = policy(
            &json!([{"Effect": "Deny", "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "b"]},
            "Action": ["s3:PutObject", "s3:GetObject"], "Resource": ["x"], "Condition": {"Bool": {"k": [true]}}}]),
        );
        let theirs = policy(&json!({"Effect": "Deny", "Principal": {"AWS": ["b", "111122223333"]},
            "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "x", "Condition": {"Bool": {"k": "true"}}}));
        assert!(same_policy(&ours, &theirs));
        let (everybody, aws) = (json!({"Principal": "*"}), json!({"Principal": {"AWS": ["*"]}}));
        assert!(same_policy(&policy(&everybody), &policy(&aws)));
    }

    #[test]
    fn what_says_something_else_is_another() {
        let of =
            |part: &str, value: Value| policy(&json!([{"Effect": "Deny", "Principal": "*", part: value}]));
        assert!(!same_policy(&of("Action", json!("s3:GetObject")), &of("Action", json!("s3:*"))));
        assert!(!same_policy(&of("Action", json!("s3:*")), &of("NotAction", json!("s3:*"))));
        assert!(!same_policy(&of("Sid", json!("a")), &of("Sid", json!("b"))));
        assert!(!same_policy(&of("Action", json!(["a"])), &of("Action", json!(["a", "b"]))));
        let (one, other) = (json!([{"Sid": "a"}, {"Sid": "b"}]), json!([{"Sid": "b"}, {"Sid": "a"}]));
        assert!(!same_policy(&policy(&one), &policy(&other)), "the order of statements is somebody's");
        assert!(!same_policy(&Value::Null, &policy(&one)));
        assert!(!same_policy(&json!("no policy"), &json!("none")));
    }
}
