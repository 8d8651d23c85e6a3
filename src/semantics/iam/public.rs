//! Whether S3 Block Public Access calls a bucket policy public (S3 user guide, *The meaning of "public"*).
//!
//! S3 assumes that a policy is public unless every `Allow` grants to fixed values only: single principals, or fixed
//! values (without wildcard or variable) of the condition keys that it lists. `Deny` statements are not looked at.

use serde_json::json;

use crate::semantics::verdict::Verdict;

use super::arn::{Arn, is_account_id};
use super::condition::{BaseOperator, Condition, PolicyValue, Quantifier};
use super::document::{Effect, PolicyDocument, PrincipalElement, Statement, label};
use super::template::Template;

/// How a statement or a document stands to S3's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Publicness {
    /// Every grant goes to fixed values.
    NotPublic,
    /// It cannot be told what S3 makes of it.
    Unknown,
    /// Public by the letter of the definition, although a condition outside S3's list narrows the grant: whether S3's
    /// own evaluation sees that is not documented.
    PublicByDefinition,
    /// Public.
    Public,
}

/// Whether the policy is public: a yes names the first statement that makes it so, as witness.
#[must_use]
pub fn is_public(document: &PolicyDocument) -> Verdict {
    let (publicness, index) = publicness(document);
    let statement = index.and_then(|index| document.statements.get(index).map(|s| (index, s)));
    let name = statement.map_or_else(
        || "the document".to_owned(),
        |(index, statement)| label(statement.sid.as_deref(), index),
    );
    let verdict = match publicness {
        Publicness::NotPublic => {
            return Verdict::no("every allowing statement grants to fixed principals or values only");
        }
        Publicness::Unknown => Verdict::unknown(match &document.defect {
            Some(why) => why.clone(),
            None => format!("whether S3 calls {name} public is not documented"),
        }),
        Publicness::Public => Verdict::yes(format!("{name} grants to everyone")),
        Publicness::PublicByDefinition => Verdict::yes(format!(
            "{name} grants to everyone, narrowed only by conditions that are not on S3's list of fixed values"
        )),
    };
    match statement {
        Some((index, statement)) => verdict.with_witness(json!({
            "statement": document.pointer(index),
            "sid": statement.sid,
        })),
        None => verdict,
    }
}

/// Whether an access point's policy is public. One that only a VPC reaches (`network_origin` is `VPC`) never is.
#[must_use]
pub fn is_access_point_public(document: &PolicyDocument, network_origin: &str) -> Verdict {
    if network_origin.eq_ignore_ascii_case("vpc") {
        Verdict::no("an access point with a VPC origin is never public")
    } else {
        is_public(document)
    }
}

/// How the document stands to the definition, and the statement that decides.
#[must_use]
pub fn publicness(document: &PolicyDocument) -> (Publicness, Option<usize>) {
    if document.defect.is_some() {
        return (Publicness::Unknown, None);
    }
    let mut worst = (Publicness::NotPublic, None);
    for (index, statement) in document.statements.iter().enumerate() {
        let publicness = of_statement(statement);
        if publicness > worst.0 {
            worst = (publicness, Some(index));
        }
    }
    worst
}

fn of_statement(statement: &Statement) -> Publicness {
    if statement.defect.is_some() {
        return Publicness::Unknown;
    }
    match statement.effect {
        Some(Effect::Deny) => return Publicness::NotPublic,
        None => return Publicness::Unknown,
        Some(Effect::Allow) => {}
    }
    match &statement.principal {
        PrincipalElement::Principal(list) if list.is_fixed() => return Publicness::NotPublic,
        PrincipalElement::None => return Publicness::Unknown,
        PrincipalElement::Principal(_) | PrincipalElement::NotPrincipal(_) => {}
    }
    let narrowing = statement.conditions.conditions.iter().map(narrowing).max().unwrap_or(Narrowing::None);
    match narrowing {
        Narrowing::Fixed => Publicness::NotPublic,
        Narrowing::Undocumented => Publicness::Unknown,
        _ if statement.conditions.defect.is_some() => Publicness::Unknown,
        Narrowing::OffTheList => Publicness::PublicByDefinition,
        Narrowing::None => Publicness::Public,
    }
}

/// How much a condition narrows a grant to everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Narrowing {
    /// Not at all as S3 sees it.
    None,
    /// It does, but not by a key and an operator of S3's list.
    OffTheList,
    /// By a key of the list, in a way of which S3 does not say what it makes.
    Undocumented,
    /// To fixed values of a key on the list.
    Fixed,
}

const LISTED_KEYS: [&str; 11] = [
    "aws:principalorgid",
    "aws:sourceip",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "aws:userid",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
];

/// Keys beside the list that only certain principals, networks or resources can satisfy.
const NARROWING_KEYS: [&str; 11] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgpaths",
    "aws:principalserviceName",
    "aws:principalisawsservice",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:username",
];

fn narrowing(condition: &Condition) -> Narrowing {
    let operator = condition.operator;
    let key = condition.lower_case_key.as_str();
    let listed = LISTED_KEYS.contains(&key);
    if operator.negated || operator.if_exists || operator.base == BaseOperator::Null {
        // `NotIpAddress` and the like leave almost everyone in; `…IfExists` lets in whoever lacks the key.
        return Narrowing::None;
    }
    if operator.quantifier == Some(Quantifier::ForAllValues) {
        // True for requests without the key (trap P3), though S3's page names the operator beside `ForAnyValue`.
        return if listed { Narrowing::OffTheList } else { Narrowing::None };
    }
    if !listed {
        let narrows = NARROWING_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))
            || key.starts_with("aws:principaltag/");
        return if narrows { Narrowing::OffTheList } else { Narrowing::None };
    }
    match key {
        "aws:sourceip" => of_networks(condition),
        "s3:dataaccesspointarn" => of_all(condition, access_point_is_fixed),
        _ => of_all(condition, |template| is_fixed(template, operator.base)),
    }
}

/// The weakest of the values: each of them is let in.
fn of_all(condition: &Condition, of_value: impl Fn(&Template) -> Narrowing) -> Narrowing {
    condition
        .values
        .iter()
        .map(|value| value.template().map_or(Narrowing::Undocumented, &of_value))
        .min()
        .unwrap_or(Narrowing::Fixed)
}

fn is_fixed(template: &Template, operator: BaseOperator) -> Narrowing {
    let source = template.source();
    if source.contains("${") {
        // In a document of the older version this is plain text, of which S3 does not say what it makes.
        return if template.variables().next().is_some() { Narrowing::None } else { Narrowing::Undocumented };
    }
    if !source.contains(['*', '?']) {
        return Narrowing::Fixed;
    }
    match operator {
        BaseOperator::StringLike => Narrowing::None,
        // A wildcard in another part of an ARN whose account is fixed does narrow the grant.
        BaseOperator::Arn if Arn::parse(source).is_some_and(|arn| is_account_id(arn.account)) => {
            Narrowing::OffTheList
        }
        BaseOperator::Arn => Narrowing::None,
        // Under `StringEquals` the character is no wildcard, but S3's page calls no value fixed that contains it.
        _ => Narrowing::Undocumented,
    }
}

/// S3's page allows a wildcard for the access point's name, as long as the account is fixed.
fn access_point_is_fixed(template: &Template) -> Narrowing {
    let source = template.source();
    if !source.contains(['*', '?', '$']) {
        return Narrowing::Fixed;
    }
    match Arn::parse(source) {
        Some(arn) if is_account_id(arn.account) && !source.contains('$') => {
            let fixed_before =
                [arn.partition, arn.service, arn.region].iter().all(|part| !part.contains(['*', '?']));
            if fixed_before && arn.resource.starts_with("accesspoint/") {
                Narrowing::Fixed
            } else {
                Narrowing::Undocumented
            }
        }
        _ => Narrowing::None,
    }
}

/// Networks are fixed unless they are broader than /8 (IPv4) or /32 (IPv6).
fn of_networks(condition: &Condition) -> Narrowing {
    condition
        .values
        .iter()
        .map(|value| match value {
            PolicyValue::Network(network) => {
                let broadest = match network {
                    ipnet::IpNet::V4(_) => 8,
                    ipnet::IpNet::V6(_) => 32,
                };
                if network.prefix_len() < broadest { Narrowing::None } else { Narrowing::Fixed }
            }
            // A text comparison with one address narrows, but is not what S3's page describes.
            _ => Narrowing::Undocumented,
        })
        .min()
        .unwrap_or(Narrowing::Fixed)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test fails by panicking, and what it unwraps is what it asserts"
    )]
    use super::*;

    #[test]
    fn the_witness_names_the_statement() {
        let document = PolicyDocument::parse(
            r#"{"Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:*", "Resource": "*"},
                {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}"#,
        )
        .unwrap();
        let verdict = is_public(&document);
        assert!(verdict.value.is_yes());
        assert_eq!(verdict.witness.unwrap(), json!({"statement": "/Statement/1", "sid": "Open"}));
        assert!(is_access_point_public(&document, "VPC").value.is_no());
    }
}
