//! The roles in `deploy/` grant exactly what `exfilguard iam-policy` prints.
//!
//! `EXFILGUARD_UPDATE=1 cargo test --test deploy` writes the files anew; read the difference.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;

use std::fmt::Write as _;
use std::path::PathBuf;

use emulated::{program, repository};
use serde_json::Value;

/// A role: its file, what it is for, its default name, and what the template says about itself.
struct Role {
    file: &'static str,
    purpose: &'static str,
    name: &'static str,
    description: &'static str,
    /// What stands for a name in the printed policy, and the parameter that takes its place.
    parameters: &'static [(&'static str, &'static str, &'static str)],
}

const ROLES: [Role; 3] = [
    Role {
        file: "audit",
        purpose: "audit",
        name: "ExfilguardAudit",
        description: "exfilguard reads configuration with this role: no objects, no changes",
        parameters: &[],
    },
    Role {
        file: "investigation",
        purpose: "investigate",
        name: "ExfilguardInvestigate",
        description: "exfilguard reads logs and findings with this role, in the account that holds the trail's files",
        parameters: &[
            ("TRAIL_BUCKET", "TrailBucket", "The bucket of the trail's files"),
            ("RESULTS_BUCKET", "ResultsBucket", "The bucket for Athena's results"),
            ("TRAIL_KEY", "TrailKeyId", "The id of the KMS key that encrypts the trail's files"),
            ("TRAIL_LOG_GROUP", "TrailLogGroup", "The trail's log group"),
        ],
    },
    Role {
        file: "remediation",
        purpose: "remediate",
        name: "ExfilguardRemediate",
        description: "exfilguard makes reviewed changes with this role; give it to fewer people than the audit role",
        parameters: &[],
    },
];

fn printed(arguments: &[&str]) -> String {
    let output = program().arg("iam-policy").args(arguments).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// A text as YAML: `!Sub` where it holds the partition or a parameter.
fn scalar(text: &str, role: Option<&Role>) -> String {
    let mut shown = text.replace("arn:aws:", "arn:${AWS::Partition}:");
    for (placeholder, parameter, _) in role.map_or(&[][..], |role| role.parameters) {
        shown = shown.replace(placeholder, &format!("${{{parameter}}}"));
    }
    if shown == text { format!("{:?}", text) } else { format!("!Sub {shown:?}") }
}

fn values(yaml: &mut String, key: &str, value: &Value, role: Option<&Role>) {
    match value {
        Value::Array(all) => {
            writeln!(yaml, "                {key}:").unwrap();
            for one in all {
                let one = one.as_str().unwrap();
                let shown = if key == "Action" { one.to_owned() } else { scalar(one, role) };
                writeln!(yaml, "                  - {shown}").unwrap();
            }
        }
        one => writeln!(yaml, "                {key}: {}", scalar(one.as_str().unwrap(), role)).unwrap(),
    }
}

/// The statements of a policy, indented as they stand in a role's inline policy.
fn statements(policy: &Value, role: Option<&Role>) -> String {
    let mut yaml = String::new();
    for statement in policy["Statement"].as_array().unwrap() {
        writeln!(yaml, "              - Sid: {}", statement["Sid"].as_str().unwrap()).unwrap();
        writeln!(yaml, "                Effect: {}", statement["Effect"].as_str().unwrap()).unwrap();
        values(&mut yaml, "Action", &statement["Action"], role);
        values(&mut yaml, "Resource", &statement["Resource"], role);
        if let Some(condition) = statement.get("Condition") {
            writeln!(yaml, "                Condition: {condition}").unwrap();
        }
    }
    yaml
}

const HEAD: &str = "# Generated from `exfilguard iam-policy`: `EXFILGUARD_UPDATE=1 cargo test --test deploy` writes it anew.\n\
                    AWSTemplateFormatVersion: \"2010-09-09\"\n";

fn role_template(role: &Role) -> String {
    let policy: Value = serde_json::from_str(&printed(&[role.purpose])).unwrap();
    let mut more = String::new();
    for (_, parameter, description) in role.parameters {
        write!(more, "  {parameter}:\n    Type: String\n    MinLength: 1\n    Description: {description}\n")
            .unwrap();
    }
    let Role { file, name, description, .. } = role;
    format!(
        r#"{HEAD}Description: "{description}"
Parameters:
  TrustedPrincipalArn:
    Type: String
    AllowedPattern: "arn:aws[a-z-]*:iam::[0-9]{{12}}:(root|role/.+|user/.+)"
    Description: Who may assume the role, best the one role that runs exfilguard in the central account
  ExternalId:
    Type: String
    MinLength: 8
    MaxLength: 1224
    Description: What the caller must name, too (EXFILGUARD_EXTERNAL_ID)
  RoleName:
    Type: String
    Default: {name}
    Description: The same in every account (audit --role)
{more}Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref RoleName
      Description: "{description}"
      MaxSessionDuration: 3600
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Ref TrustedPrincipalArn
            Action: sts:AssumeRole
            Condition:
              StringEquals:
                sts:ExternalId: !Ref ExternalId
      Policies:
        - PolicyName: exfilguard-{file}
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
{}Outputs:
  RoleArn:
    Description: The role's ARN
    Value: !GetAtt Role.Arn
"#,
        statements(&policy, Some(role))
    )
}

/// What the role that runs the audit in the central account needs besides: a policy to attach to it.
fn central_template() -> String {
    let policy: Value =
        serde_json::from_str(&printed(&["audit", "--central", "--role", "ExfilguardAudit"])).unwrap();
    let statements = statements(&policy, None)
        .replace("                ", "            ")
        .replace("              - Sid", "          - Sid");
    format!(
        r#"{HEAD}Description: "What the role that runs exfilguard in the central account needs: attach this policy to it"
Resources:
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: ExfilguardCentral
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
{statements}Outputs:
  PolicyArn:
    Description: The policy's ARN
    Value: !Ref Policy
"#
    )
}

/// All files, by path in the repository.
fn files() -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for role in &ROLES {
        let path = format!("deploy/cloudformation/{}-role.yaml", role.file);
        all.push((repository(&path), role_template(role)));
        let path = format!("deploy/terraform/policies/{}.json", role.file);
        all.push((repository(&path), printed(&[role.purpose])));
    }
    all.push((repository("deploy/cloudformation/central-policy.yaml"), central_template()));
    let central = printed(&["audit", "--central", "--role", "ExfilguardAudit"]);
    all.push((repository("deploy/terraform/policies/central.json"), central));
    all
}

#[test]
fn what_is_rolled_out_grants_what_the_program_prints() {
    for (path, text) in files() {
        if std::env::var_os("EXFILGUARD_UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "{} is stale: EXFILGUARD_UPDATE=1 cargo test --test deploy", path.display());
    }
}
