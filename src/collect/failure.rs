//! From an SDK error to the record of a part that could not be read.

use std::error::Error;
use std::fmt::Debug;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::pages::RepeatedPage;
use crate::snapshot::Unreadable;

/// Longest message that is kept, in characters.
const MESSAGE_LIMIT: usize = 400;
/// Longest message that holds an encoded authorization message, in characters: cut, it could not be decoded
/// (`aws sts decode-authorization-message`, for whoever may).
const ENCODED_LIMIT: usize = 8000;
/// Longest message of providers of credentials, in characters.
const PROVIDERS_LIMIT: usize = 2000;
/// Longest excerpt of an answer that was no AWS error, in characters.
const BODY_LIMIT: usize = 200;

/// An AWS call that failed, before it is known whether the failure means "there is none".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is recorded if the failure is one.
    pub unreadable: Unreadable,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The region that S3 sent the call on to.
    pub bucket_region: Option<String>,
}

impl Failure {
    /// The code of a call that was not sent because there are no credentials to sign it with.
    pub const NO_CREDENTIALS: &'static str = "NoCredentials";

    /// Turns an SDK error into a failure of `operation` (`service:Operation`).
    pub fn new<E>(operation: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Debug + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let region = error.raw_response().and_then(|response| response.headers().get("x-amz-bucket-region"));
        let bucket_region = region.filter(|_| status.is_some_and(sends_on)).map(|region| clean(region, 40));
        let (code, message) = code_and_message(&error);
        let encoded = message.contains("Encoded authorization failure message");
        let limit = match code.as_str() {
            // It tells of every provider that was tried.
            Self::NO_CREDENTIALS => PROVIDERS_LIMIT,
            _ if encoded => ENCODED_LIMIT,
            _ => MESSAGE_LIMIT,
        };
        Self {
            unreadable: Unreadable { operation: operation.to_owned(), code, message: clean(&message, limit) },
            status,
            bucket_region,
        }
    }

    /// A call that was given up, with why its last attempt failed.
    #[must_use]
    pub fn after(mut self, last_attempt: Option<String>) -> Self {
        if self.code() == "TimeoutError"
            && let Some(why) = last_attempt.filter(|why| !self.message().contains(why))
        {
            let message = format!("{}; the last attempt: {why}", self.message());
            self.unreadable.message = clean(&message, MESSAGE_LIMIT);
        }
        self
    }

    /// A call that was not made because nothing that was selected needs its answer.
    #[must_use]
    pub fn not_asked(operation: &str) -> Self {
        let message = "no check that was selected needs it";
        Self { unreadable: Unreadable::not_asked(operation, message), status: None, bucket_region: None }
    }

    /// A part that could not be read, as the failure of what needed it.
    #[must_use]
    pub fn of(unreadable: Unreadable) -> Self {
        Self { unreadable, status: None, bucket_region: None }
    }

    /// AWS's error code, or ours.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.unreadable.code
    }

    /// The service's message, or an excerpt of an answer that is none.
    pub fn message(&self) -> &str {
        &self.unreadable.message
    }
}

impl From<Failure> for Unreadable {
    fn from(failure: Failure) -> Self {
        failure.unreadable
    }
}

/// Whether S3 answers so for a bucket of another region: `PermanentRedirect`, `TemporaryRedirect`,
/// `AuthorizationHeaderMalformed`.
fn sends_on(status: u16) -> bool {
    matches!(status, 301 | 307 | 400)
}

/// Failures of ours and of credentials, which come wrapped as if the network had failed.
fn of_our_own(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<RepeatedPage>() {
            return Some(RepeatedPage::CODE);
        }
        if error.is::<CredentialsError>() {
            return Some(Failure::NO_CREDENTIALS);
        }
        cause = error.source();
    }
    None
}

fn code_and_message<E>(error: &SdkError<E, HttpResponse>) -> (String, String)
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) if of_our_own(error).is_some() => {
            (of_our_own(error).unwrap_or_default().to_owned(), chain(error))
        }
        SdkError::ServiceError(service) => {
            let metadata = service.err().meta();
            match metadata.code() {
                Some(code) => (code.to_owned(), metadata.message().unwrap_or_default().to_owned()),
                None => not_an_aws_answer(service.raw(), &chain(service.err())),
            }
        }
        SdkError::ResponseError(response) => not_an_aws_answer(response.raw(), &chain(error)),
        SdkError::TimeoutError(_) => ("TimeoutError".to_owned(), chain(error)),
        SdkError::DispatchFailure(dispatch) => {
            let code = if dispatch.is_timeout() { "TimeoutError" } else { "DispatchFailure" };
            (code.to_owned(), chain(error))
        }
        _ => ("ConstructionFailure".to_owned(), chain(error)),
    }
}

/// A captive portal's page, a proxy's error, a truncated body: named by its HTTP status, with an excerpt.
fn not_an_aws_answer(response: &HttpResponse, cause: &str) -> (String, String) {
    let status = response.status().as_u16();
    let excerpt = response
        .body()
        .bytes()
        .map(|bytes| clean(&String::from_utf8_lossy(bytes), BODY_LIMIT))
        .filter(|text| !text.is_empty());
    let message = match excerpt {
        Some(excerpt) => format!("the answer is no AWS answer: {excerpt}"),
        None => format!("the answer is no AWS answer: {cause}"),
    };
    (format!("HTTP{status}"), message)
}

/// The error and its causes, most general first.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let next = cause.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = cause.source();
    }
    text
}

/// Text from outside, without control characters and cut to `limit` characters.
#[must_use]
pub fn clean(text: &str, limit: usize) -> String {
    let mut words = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    match words.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_and_cleaned() {
        assert_eq!(clean("a\u{1b}[31m b\r\n\tc\0d", 100), "a [31m b c d");
        assert_eq!(clean("äöü", 2), "äö…");
        assert_eq!(clean("äöü", 3), "äöü");
    }
}
