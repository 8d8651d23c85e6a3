//! A plan for teams that change AWS through their own pipeline: as commands, Terraform or CloudFormation.
//!
//! What Terraform or CloudFormation can only say in the resource that somebody else's code already has (a bucket's own
//! properties, a trail's selectors) is said as a remark with the value, never as a resource of its own that would fight it.

pub mod cloudformation;
pub mod terraform;

use std::fmt::Write as _;

use super::plan::{Change, Plan};
use super::setting::Call;

/// The plan as commands of the AWS CLI, in order. Whoever runs them chooses the credentials of each account.
#[must_use]
pub fn commands(plan: &Plan) -> String {
    let mut text =
        "#!/bin/sh\n# Each command needs the credentials of the account that is named above it.\nset -eu\n"
            .to_owned();
    for change in &plan.changes {
        let _infallible = writeln!(text, "\n# account {}: {}", change.account, comment(&change.summary));
        for step in &change.steps {
            let _infallible = writeln!(text, "{}", command(change, &step.call));
        }
    }
    text
}

fn command(change: &Change, call: &Call) -> String {
    let service = if call.service == "s3" { "s3api" } else { &call.service };
    format!(
        "aws {service} {} --region {} --cli-input-json {}",
        kebab(&call.operation),
        change.region,
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

/// A name for a resource: letters, digits and underscores.
fn identifier(text: &str) -> String {
    let mapped = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let name: String = mapped.collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("r_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_and_words_are_the_shell_s() {
        assert_eq!(kebab("PutBucketPolicy"), "put-bucket-policy");
        assert_eq!(kebab("ModifyVpcEndpoint"), "modify-vpc-endpoint");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(identifier("1.b/c"), "r_1_b_c");
    }
}
