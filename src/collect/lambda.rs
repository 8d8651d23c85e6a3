//! Lambda: the policies of functions that rules name.

use super::connection::Access;
use super::s3::absent_on;
use crate::snapshot::Reading;

/// The resource-based policy of a function, version or alias, by the ARN that a rule gives
/// (`arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`), in the region that the ARN names.
pub async fn function_policy(access: &Access, arn: &str) -> Reading<Option<String>> {
    let parts: Vec<&str> = arn.splitn(8, ':').collect();
    let region = parts.get(3).copied().unwrap_or_default();
    let function = parts.get(..7).map_or_else(|| arn.to_owned(), |parts| parts.join(":"));
    let qualifier = parts.get(7).map(|qualifier| (*qualifier).to_owned());
    let call = access.lambda(region).get_policy().function_name(function).set_qualifier(qualifier).send();
    let answer = access.call("lambda:GetPolicy", call).await;
    // The same code for a function that does not exist and for one without a policy.
    absent_on(answer.map(|answer| answer.policy), "ResourceNotFoundException")
}
