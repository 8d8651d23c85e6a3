//! What an HTTP request means to AWS: which operation of which service, in which region, by which account.

use std::borrow::Cow;

use hyper::Method;
use hyper::http::request::Parts;
use serde_json::Value;

use crate::answer::Protocol;
use crate::cbor;
use crate::services::{guardduty, lambda, macie2, s3, s3control};

/// The first letters of the access keys that the stand-in gives out; the account's id follows.
const GIVEN: &str = "ASIA";
const NAMESPACE_OF_SNS: &str = "http://sns.amazonaws.com/doc/2010-03-31/";
const NAMESPACE_OF_STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The access key that a role's session in an account has: it says which account it is.
pub fn access_key(account: &str) -> String {
    format!("{GIVEN}{account}XFIL")
}

/// How a REST service's operation follows from method, path and the names in the query string.
type Route = fn(&Method, &[&str], &dyn Fn(&str) -> bool) -> Option<&'static str>;

/// A request, read.
#[derive(Debug)]
pub struct Request {
    /// The service, by its IAM prefix.
    pub service: &'static str,
    /// The operation, by AWS's name.
    pub operation: Cow<'static, str>,
    /// How the service speaks.
    pub protocol: Protocol,
    /// The region that the request is signed for.
    pub region: String,
    /// The account of the access key; none for keys that the stand-in did not give.
    pub account: Option<String>,
    /// The parts of the path, decoded.
    pub path: Vec<String>,
    parameters: Parameters,
}

#[derive(Debug)]
enum Parameters {
    /// Of a query string or a form.
    Form(Vec<(String, String)>),
    /// Of a JSON or CBOR body, with those of the query string.
    Document(Value, Vec<(String, String)>),
}

impl Request {
    /// Reads a request; none if it is for no service that the stand-in knows.
    pub fn read(head: &Parts, body: &[u8]) -> Option<Self> {
        let scope = Scope::of(head)?;
        let path: Vec<String> = head
            .uri
            .path()
            .split('/')
            .skip(1)
            .filter(|part| !part.is_empty())
            .map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect();
        let query = pairs(head.uri.query().unwrap_or_default().as_bytes());
        let service = service(scope.service, &path)?;
        let (operation, protocol, parameters) = match service {
            "cloudwatch" => {
                let [_, _, _, operation] = path.as_slice() else { return None };
                let document = Parameters::Document(cbor::decode(body), query);
                (Cow::Owned(operation.clone()), Protocol::Cbor, document)
            }
            "ec2" | "sts" | "sns" => {
                let form = pairs(body);
                let action = form.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.clone());
                let protocol = match service {
                    "ec2" => Protocol::Ec2,
                    "sns" => Protocol::Query(NAMESPACE_OF_SNS),
                    _ => Protocol::Query(NAMESPACE_OF_STS),
                };
                (Cow::Owned(action?), protocol, Parameters::Form(form))
            }
            "s3" | "s3control" | "guardduty" | "lambda" | "macie2" => {
                let parts: Vec<&str> = path.iter().map(String::as_str).collect();
                let (protocol, route): (_, Route) = match service {
                    "s3" => (Protocol::S3, s3::operation),
                    "s3control" => (Protocol::S3Control, s3control::operation),
                    "guardduty" => (Protocol::RestJson, guardduty::operation),
                    "lambda" => (Protocol::RestJson, lambda::operation),
                    _ => (Protocol::RestJson, macie2::operation),
                };
                let asks = |name: &str| query.iter().any(|(of, _)| of == name);
                let operation = route(&head.method, &parts, &asks)?;
                let document = serde_json::from_slice(body).unwrap_or_default();
                (Cow::Borrowed(operation), protocol, Parameters::Document(document, query))
            }
            _ => {
                let target = head.headers.get("x-amz-target")?.to_str().ok()?;
                let (_, operation) = target.rsplit_once('.')?;
                let protocol = if service == "sqs" { Protocol::Json10 } else { Protocol::Json11 };
                let document = serde_json::from_slice(body).unwrap_or_default();
                (Cow::Owned(operation.to_owned()), protocol, Parameters::Document(document, query))
            }
        };
        let account = scope.key.strip_prefix(GIVEN).and_then(|rest| rest.get(..12)).map(str::to_owned);
        Some(Self {
            service,
            operation,
            protocol,
            region: scope.region.to_owned(),
            account,
            path,
            parameters,
        })
    }

    /// A parameter as text; an empty one is none.
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        let form = match &self.parameters {
            Parameters::Form(form) => form,
            Parameters::Document(document, query) => match &document[name] {
                Value::String(text) => {
                    return Some(Cow::Borrowed(text.as_str())).filter(|text| !text.is_empty());
                }
                Value::Null => query,
                other => return Some(Cow::Owned(other.to_string())),
            },
        };
        let found = form.iter().find(|(of, _)| of == name).map(|(_, value)| Cow::Borrowed(value.as_str()));
        found.filter(|value| !value.is_empty())
    }

    /// A parameter that is a list of texts.
    pub fn parameters(&self, name: &str) -> Vec<&str> {
        match &self.parameters {
            Parameters::Document(document, _) => {
                document[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
            }
            Parameters::Form(_) => Vec::new(),
        }
    }

    /// A part of the path, from 0.
    pub fn part(&self, place: usize) -> &str {
        self.path.get(place).map(String::as_str).unwrap_or_default()
    }
}

/// Whose key signed the request for what (`Credential=KEY/DATE/REGION/SERVICE/aws4_request`). The signature itself is not
/// looked at.
struct Scope<'a> {
    key: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> Scope<'a> {
    fn of(head: &'a Parts) -> Option<Self> {
        let header = head.headers.get(hyper::header::AUTHORIZATION)?.to_str().ok()?;
        let (_, credential) = header.split_once("Credential=")?;
        let mut parts = credential.split([',', ' ']).next()?.split('/');
        let (key, _date, region, service) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self { key, region, service })
    }
}

/// The service by its IAM prefix, from the name that its requests are signed with.
fn service(signed: &str, path: &[String]) -> Option<&'static str> {
    Some(match signed {
        "s3" if path.first().is_some_and(|first| first == "v20180820") => "s3control",
        "s3" => "s3",
        "monitoring" => "cloudwatch",
        "cloudtrail" => "cloudtrail",
        "ec2" => "ec2",
        "events" => "events",
        "guardduty" => "guardduty",
        "kms" => "kms",
        "lambda" => "lambda",
        "logs" => "logs",
        "macie2" => "macie2",
        "organizations" => "organizations",
        "sns" => "sns",
        "sqs" => "sqs",
        "sts" => "sts",
        _ => return None,
    })
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(request: hyper::http::request::Builder, key: &str, service: &str) -> Parts {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20261130/eu-west-1/{service}/aws4_request, SignedHeaders=host"
        );
        request.header("authorization", scope).body(()).expect("a request").into_parts().0
    }

    #[test]
    fn the_access_key_says_which_account_it_is() {
        let request = hyper::Request::get("/ledger?policy");
        let read = Request::read(&head(request, &access_key("111122223333"), "s3"), b"").expect("s3");
        assert_eq!((read.service, &*read.operation), ("s3", "GetBucketPolicy"));
        assert_eq!((read.account.as_deref(), read.region.as_str()), (Some("111122223333"), "eu-west-1"));
        let request = hyper::Request::get("/");
        assert_eq!(Request::read(&head(request, "testing", "s3"), b"").expect("s3").account, None);
    }

    #[test]
    fn each_protocol_names_its_operation_elsewhere() {
        let read =
            |request, service, body: &[u8]| Request::read(&head(request, "k", service), body).expect(service);
        let form = read(hyper::Request::post("/"), "ec2", b"Action=DescribeVpcs&MaxResults=5");
        assert_eq!((&*form.operation, form.parameter("MaxResults").as_deref()), ("DescribeVpcs", Some("5")));
        let target = hyper::Request::post("/").header("x-amz-target", "AWSEvents.ListRules");
        let json = read(target, "events", br#"{"EventBusName": "default", "Limit": 3}"#);
        assert_eq!((&*json.operation, json.parameter("Limit").as_deref()), ("ListRules", Some("3")));
        let path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        assert_eq!(read(hyper::Request::post(path), "monitoring", b"\xa0").operation, "DescribeAlarms");
        let rest = read(hyper::Request::get("/detector/d1/filter/x%20y"), "guardduty", b"");
        assert_eq!((&*rest.operation, rest.part(3)), ("GetFilter", "x y"));
        let control = read(hyper::Request::get("/v20180820/accesspoint"), "s3", b"");
        assert_eq!((control.service, &*control.operation), ("s3control", "ListAccessPoints"));
    }
}
