//! Answers and errors in the form that each of AWS's protocols has for them.
//!
//! <https://smithy.io/2.0/aws/protocols/index.html>

use std::borrow::Cow;

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use crate::cbor;
use crate::record::text;

/// The id of every answer: nobody asks for support.
const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";
const XML_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The body of an answer, whole.
pub type Body = http_body_util::Full<hyper::body::Bytes>;

/// How a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.0.
    Json10,
    /// AWS JSON 1.1.
    Json11,
    /// REST with JSON bodies.
    RestJson,
    /// REST with XML bodies; the namespace of S3.
    S3,
    /// REST with XML bodies; the namespace of S3 Control.
    S3Control,
    /// Forms, answered in XML, in a namespace.
    Query(&'static str),
    /// Forms, answered in EC2's XML.
    Ec2,
    /// Smithy RPC v2 in CBOR.
    Cbor,
}

/// What a call is answered.
pub enum Content {
    /// JSON, or what is written as CBOR. Nulls in it are left out, as AWS leaves them out.
    Json(Value),
    /// XML: the name of the root, which query protocols give themselves, and what is in it.
    Xml(&'static str, Xml),
    /// A document as it is.
    Document(String),
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// AWS's error code.
    pub code: Cow<'static, str>,
    /// The message.
    pub message: String,
    /// Where the bucket is that was asked for elsewhere.
    pub bucket_region: Option<String>,
}

impl Failure {
    /// An error by its status, code and message.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: Cow::Borrowed(code), message: message.into(), bucket_region: None }
    }

    /// The failure that a snapshot recorded.
    pub fn recorded(why: &Value) -> Self {
        let code = text(why, "code").to_owned();
        let denied =
            ["AccessDenied", "Unauthorized", "Authorization"].iter().any(|word| code.starts_with(word));
        let status = if denied { 403 } else { 400 };
        Self { status, code: Cow::Owned(code), message: text(why, "message").to_owned(), bucket_region: None }
    }

    /// "Slow down", as the service says it.
    pub fn throttled(protocol: Protocol, service: &str) -> Self {
        let message = "Rate exceeded";
        match (protocol, service) {
            (Protocol::S3 | Protocol::S3Control, _) => {
                Self::new(503, "SlowDown", "Please reduce your request rate.")
            }
            (Protocol::Ec2, _) => Self::new(503, "RequestLimitExceeded", "Request limit exceeded."),
            (Protocol::RestJson, _) => Self::new(429, "TooManyRequestsException", message),
            (_, "organizations") => Self::new(400, "TooManyRequestsException", message),
            (Protocol::Query(_), _) => Self::new(400, "Throttling", message),
            _ => Self::new(400, "ThrottlingException", message),
        }
    }
}

/// XML as text.
#[derive(Debug, Default)]
pub struct Xml(String);

impl Xml {
    /// An element with text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.element(name, |xml| {
            // A carriage return would be read as a line feed.
            let escaped = quick_xml::escape::escape(text);
            if escaped.contains('\r') {
                xml.0.push_str(&escaped.replace('\r', "&#13;"));
            } else {
                xml.0.push_str(&escaped);
            }
        });
    }

    /// An element with text, if there is any.
    pub fn some_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// An element that says yes or no.
    pub fn flag(&mut self, name: &str, value: bool) {
        self.text(name, if value { "true" } else { "false" });
    }

    /// Text, of the letters of a name.
    pub fn word(&mut self, word: &str) {
        self.0.push_str(word);
    }

    /// An element with others in it. A name may carry attributes.
    pub fn element(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
        inner(self);
        self.0.push_str("</");
        self.0.push_str(name.split(' ').next().unwrap_or(name));
        self.0.push('>');
    }
}

/// An answer as HTTP.
pub fn response(protocol: Protocol, operation: &str, content: Content) -> Response<Body> {
    let (kind, body) = match (protocol, content) {
        (Protocol::Cbor, Content::Json(value)) => ("application/cbor", cbor::encode(&value)),
        (_, Content::Json(value)) => (content_type(protocol), without_nulls(value).to_string().into_bytes()),
        (_, Content::Document(text)) => ("application/json", text.into_bytes()),
        (_, Content::Xml(root, Xml(inner))) => {
            ("text/xml", xml(protocol, operation, root, &inner).into_bytes())
        }
    };
    build(200, kind, protocol, body)
}

fn xml(protocol: Protocol, operation: &str, root: &str, inner: &str) -> String {
    match protocol {
        Protocol::Query(namespace) => format!(
            "{XML_HEAD}<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{inner}</{operation}Result>\
             <ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></{operation}Response>"
        ),
        Protocol::Ec2 => format!(
            "{XML_HEAD}<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>{REQUEST_ID}</requestId>{inner}</{operation}Response>"
        ),
        Protocol::S3Control => format!(
            "{XML_HEAD}<{root} xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">{inner}</{root}>"
        ),
        _ => format!("{XML_HEAD}<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}</{root}>"),
    }
}

/// An error as HTTP.
pub fn error(protocol: Protocol, service: &str, failure: &Failure) -> Response<Body> {
    let Failure { status, code, message, bucket_region } = failure;
    let (kind, body) = match protocol {
        Protocol::Cbor => {
            let body = json!({"__type": format!("com.amazonaws.{service}#{code}"), "message": message});
            ("application/cbor", cbor::encode(&body))
        }
        Protocol::Json10 | Protocol::Json11 => {
            let body = json!({"__type": code, "message": message, "Message": message});
            (content_type(protocol), body.to_string().into_bytes())
        }
        Protocol::RestJson => {
            let body = json!({"__type": code, "message": message});
            (content_type(protocol), body.to_string().into_bytes())
        }
        _ => ("text/xml", error_xml(protocol, failure).into_bytes()),
    };
    let mut response = build(*status, kind, protocol, body);
    let headers = response.headers_mut();
    if let Ok(code) = HeaderValue::from_str(code) {
        headers.insert(HeaderName::from_static("x-amzn-errortype"), code);
    }
    if let Some(region) = bucket_region {
        let at = HeaderValue::from_str(region).unwrap_or(HeaderValue::from_static(""));
        headers.insert(HeaderName::from_static("x-amz-bucket-region"), at);
        headers.insert(LOCATION, HeaderValue::from_static("https://s3.amazonaws.com/"));
    }
    response
}

fn error_xml(protocol: Protocol, failure: &Failure) -> String {
    let mut plain = Xml::default();
    plain.text("Code", &failure.code);
    plain.text("Message", &failure.message);
    let Xml(plain) = plain;
    match protocol {
        Protocol::Ec2 => format!(
            "{XML_HEAD}<Response><Errors><Error>{plain}</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
        ),
        Protocol::Query(namespace) => {
            let who = if failure.status < 500 { "Sender" } else { "Receiver" };
            format!(
                "{XML_HEAD}<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{who}</Type>{plain}</Error>\
                 <RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
            )
        }
        Protocol::S3Control => format!(
            "{XML_HEAD}<ErrorResponse><Error>{plain}</Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
        ),
        _ => format!("{XML_HEAD}<Error>{plain}<RequestId>{REQUEST_ID}</RequestId></Error>"),
    }
}

fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Json11 => "application/x-amz-json-1.1",
        _ => "application/json",
    }
}

fn build(status: u16, kind: &'static str, protocol: Protocol, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(HeaderName::from_static("x-amzn-requestid"), HeaderValue::from_static(REQUEST_ID));
    if protocol == Protocol::Cbor {
        headers.insert(HeaderName::from_static("smithy-protocol"), HeaderValue::from_static("rpc-v2-cbor"));
    }
    response
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_xml_is_read_as_it_was_written() {
        let mut xml = Xml::default();
        xml.text("Policy", "a<b & \"c\"\r\n");
        assert_eq!(xml.0, "<Policy>a&lt;b &amp; &quot;c&quot;&#13;\n</Policy>");
    }

    #[test]
    fn each_service_has_its_own_word_for_slow_down() {
        let code = |protocol, service| Failure::throttled(protocol, service).code.into_owned();
        assert_eq!(code(Protocol::S3, "s3"), "SlowDown");
        assert_eq!(code(Protocol::Ec2, "ec2"), "RequestLimitExceeded");
        assert_eq!(code(Protocol::Json11, "organizations"), "TooManyRequestsException");
        assert_eq!(code(Protocol::Json11, "cloudtrail"), "ThrottlingException");
    }
}
