//! The policy file that `exfilguard init` writes: every key with its default and a comment.

use std::fmt::Write as _;

use super::checks::CheckDescription;
use super::file::DEFAULT_ROLE;
use super::remediation::RemediationLimits;

const BEGINNING: &str = "\
# The policy file of exfilguard: what it cannot know of your organization. Every key stands here with its default;
# docs/policy-file.md describes them, and `exfilguard schema policy` prints a JSON Schema for editors.
version: 1

# How the organization is entered, and how far. The command line wins.
organization:
  # The role to assume in each member account: its name, with its path if it has one.
  role: @ROLE@
  # The external id that the role's trust policy asks for. EXFILGUARD_EXTERNAL_ID keeps it out of this file.
  external_id: null
  # Regions to audit, such as [eu-central-1, us-east-1]; none: those that are enabled in each account.
  regions: []
  # Accounts to leave out, such as [\"111122223333\"]. Account ids need their quotation marks.
  exclude_accounts: []

# Who may hold access besides the audited organization.
trust:
  # Ids of other organizations, such as [o-a1b2c3d4e5].
  organizations: []
  # Ids of outside accounts, such as [\"111122223333\"].
  accounts: []
  # VPC endpoints besides the organization's own, such as [vpce-0123456789abcdef0].
  vpc_endpoints: []
  # Networks from which requests are expected, such as [203.0.113.0/24].
  networks: []

# Which buckets hold sensitive data. They weigh five times in the score, and some checks are about them only.
sensitive:
  # Tag keys with the values that mean sensitive, such as { DataClassification: [Confidential, Restricted] }.
  tags: {}
  # Patterns for bucket names, such as [\"*-pii\", \"customer-*\"].
  buckets: []

# Settings for the accounts below single organizational units or roots; the nearest one wins, key by key. For example:
#   ou-ab12-cd34ef56:
#     checks: { bucket-requires-tls: { enabled: false } }
#     sensitive: { buckets: [\"*\"] }
organizational_units: {}

# Failures that you accept: until a day, with a reason and somebody who answers for it. For example:
#   - check: bucket-not-shared-outside        # the check's id, or a pattern
#     account: \"111122223333\"                 # or a pattern; without it every account
#     resource: \"arn:aws:s3:::public-site\"    # the resource's id or ARN, or a pattern; without it every resource
#     reason: \"the public web site\"
#     owner: \"web team\"
#     expires: 2027-06-30                     # the last day on which it holds
exceptions: []

# What makes the exit code 1.
gates:
  # The least severity whose failures count: critical, high, medium, low, info or none.
  fail_on: high
  # The least score, 0 to 100.
  minimum_score: 0
  # The most results that may be unknown, such as 0; null: any number.
  maximum_unknown: null

# How far `exfilguard remediate` may go.
remediation:
  # The kinds of change that may be made.
  allow:
@ALLOW@  # The role to assume for changes; null: the one that reads.
  role: null
  # The most changes of one plan, and the most accounts that it changes.
  maximum_changes: @CHANGES@
  maximum_accounts: @ACCOUNTS@
  # Roles that no change may lock out, besides the one that makes the changes, such as [break-glass].
  break_glass: []
  # Accounts, and buckets with one of these tags, in which nothing is changed.
  exclude_accounts: []
  exclude_tags: {}
  # Whom a new topic alerts where none reaches a person, such as { protocol: email, endpoint: soc@example.com }; he
  # has to confirm it. null: no topic is made.
  alert: null

# Settings of single checks. Each line below is a check as it is without it: remove the `#` and change what you need.
# `exfilguard checks explain ID` tells what a check and its parameters are for.
checks:
";

/// The text of a policy file that says what holds without one.
#[must_use]
pub fn template(known_checks: &[CheckDescription]) -> String {
    let limits = RemediationLimits::default();
    let allow: String = limits.allow.iter().map(|kind| format!("    - {kind}\n")).collect();
    let mut text = BEGINNING
        .replace("@ROLE@", DEFAULT_ROLE)
        .replace("@ALLOW@", &allow)
        .replace("@CHANGES@", &limits.maximum_changes.to_string())
        .replace("@ACCOUNTS@", &limits.maximum_accounts.to_string());
    for check in known_checks {
        let parameters: Vec<String> = check
            .parameters
            .iter()
            // JSON is YAML: a quoted text stays one.
            .map(|(name, parameter)| format!("{name}: {}", parameter.default))
            .collect();
        let parameters = match parameters.as_slice() {
            [] => String::new(),
            some => format!(", parameters: {{ {} }}", some.join(", ")),
        };
        let title = check.title.split_whitespace().collect::<Vec<_>>().join(" ");
        let settings = format!("enabled: true, severity: {}{parameters}", check.severity);
        // Writing to a text cannot fail.
        let _written = write!(text, "  # {title}\n  #{}: {{ {settings} }}\n", check.id);
    }
    text
}
