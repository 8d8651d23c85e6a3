//! A plan for teams that change AWS through their own pipeline: as commands, Terraform or CloudFormation.
//!
//! What Terraform or CloudFormation can only say in the resource that somebody else's code already has (a bucket's own
//! properties, a trail's selectors) is said as a remark with the value, never as a resource of its own that would fight it.

pub mod cloudformation;
pub mod terraform;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::plan::{Change, Plan};
use super::setting::{Call, Setting};

/// The beginning of a script of commands.
const SCRIPT: &str = r#"#!/bin/sh
# Run it once with the credentials of each account: what belongs to another account is left out.
set -eu
account=$(aws sts get-caller-identity --query Account --output text)
echo "changing account $account" >&2
"#;

/// The plan as commands of the AWS CLI, in order. Each is made with the credentials of the account that it is for, or not at
/// all.
#[must_use]
pub fn commands(plan: &Plan) -> String {
    let mut text = SCRIPT.to_owned();
    for change in &plan.changes {
        let _infallible = writeln!(text, "\n# {}: {}", comment(&change.id), comment(&change.summary));
        let _infallible = writeln!(text, "if [ \"$account\" = {} ]; then", quoted(&change.account));
        for step in &change.steps {
            let _infallible = writeln!(text, "  {}", command(change, &step.call));
        }
        text.push_str("fi\n");
    }
    text
}

fn command(change: &Change, call: &Call) -> String {
    let service = if call.service == "s3" { "s3api" } else { &call.service };
    format!(
        "aws {service} {} --region {} --cli-input-json {}",
        kebab(&call.operation),
        quoted(&change.region),
        quoted(&call.input.to_string())
    )
}

/// `PutBucketPolicy` is `put-bucket-policy`.
fn kebab(operation: &str) -> String {
    let mut text = String::new();
    for (number, letter) in operation.chars().enumerate() {
        if letter.is_ascii_uppercase() && number > 0 {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// One word of a shell, whatever stands in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Text of one line: names in AWS are chosen by others.
fn comment(text: &str) -> String {
    crate::collect::clean(text, 400)
}

/// A name for a resource: letters, digits and underscores. Two names that are alike but for other characters stay different.
fn identifier(text: &str) -> String {
    let mapped = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let mut name: String = mapped.collect();
    // `-` is the one character that names are made of everywhere, and `_` stands for it.
    if text.chars().any(|c| !c.is_ascii_alphanumeric() && c != '-') {
        let _infallible = write!(name, "_{}", fingerprint(text));
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("r_{name}") } else { name }
}

/// What tells two texts apart, in 8 hexadecimal digits.
fn fingerprint(text: &str) -> String {
    Sha256::digest(text).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// The change of a plan that makes the topic, if one does: what names it has to come after it.
fn maker<'a>(plan: &'a Plan, topic: &str) -> Option<&'a Change> {
    let makes = |sets: &Setting| matches!(sets, Setting::Topic { topic: made, .. } if made == topic);
    plan.changes.iter().find(|change| change.steps.iter().any(|step| makes(&step.sets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_and_words_are_the_shell_s() {
        assert_eq!(kebab("PutBucketPolicy"), "put-bucket-policy");
        assert_eq!(kebab("ModifyVpcEndpoint"), "modify-vpc-endpoint");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert!(identifier("1.b/c").starts_with("r_1_b_c_"));
        assert_eq!(identifier("a-b"), "a_b");
        let alike: std::collections::BTreeSet<String> =
            ["a-b", "a.b", "a_b", "a/b", "a\u{fc}b", "a\u{e4}b"].into_iter().map(identifier).collect();
        assert_eq!(alike.len(), 6);
    }
}
