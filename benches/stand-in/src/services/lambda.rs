//! Lambda: the policies of functions. REST with JSON.

use hyper::Method;
use serde_json::json;

use crate::answer::{Content, Failure};
use crate::operations::{Call, Outcome};
use crate::record::reading;

/// The operation of a path.
pub fn operation(method: &Method, path: &[&str], _asks: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    (method == Method::GET && matches!(path, ["2015-03-31", "functions", _, "policy"])).then_some("GetPolicy")
}

pub fn get_policy(call: &Call<'_>) -> Outcome {
    let mut arn = call.request.part(2).to_owned();
    if let Some(qualifier) = call.request.parameter("Qualifier") {
        arn = format!("{arn}:{qualifier}");
    }
    let policy = reading(&call.account.field("functions")[&arn], "lambda:GetPolicy")?;
    match policy.as_str() {
        Some(policy) => {
            Ok(Content::Json(json!({"Policy": policy, "RevisionId": "00000000-0000-4000-8000-000000000000"})))
        }
        None => {
            let message = "The resource you requested does not exist.";
            Err(Failure::new(404, "ResourceNotFoundException", message))
        }
    }
}
