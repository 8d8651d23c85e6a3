//! Why AWS cannot be entered, and what to do about it.

use super::environment;
use super::failure::Failure;

/// What a person can do when AWS does not take the caller, by what it said.
#[must_use]
pub fn advice(failure: &Failure) -> String {
    let message = failure.message();
    let off = ["Signature expired", "Signature not yet current"].iter().any(|text| message.contains(text));
    match failure.code() {
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => clock(),
        _ if off => clock(),
        "SignatureDoesNotMatch" | "InvalidSignatureException" => format!(
            "`AWS_SECRET_ACCESS_KEY` (or that of the profile) does not belong to the access key; if it does, {}",
            clock()
        ),
        "InvalidClientTokenId" | "UnrecognizedClientException" | "InvalidAccessKeyId" | "AuthFailure" => {
            "AWS does not know the access key: it was deleted or deactivated, is of another partition, or its session \
             token (`AWS_SESSION_TOKEN`) is missing"
                .to_owned()
        }
        "ExpiredToken" | "ExpiredTokenException" => {
            "the session has ended: sign in again (`aws sso login`), or fetch new credentials".to_owned()
        }
        Failure::NO_CREDENTIALS if message.contains("external process") => {
            "the `credential_process` of the profile (AWS_PROFILE) failed: run its command by hand".to_owned()
        }
        Failure::NO_CREDENTIALS if message.contains("/sso/") || message.contains("SSO") => {
            "there is no token of an SSO session, or it has ended: sign in (`aws sso login`)".to_owned()
        }
        Failure::NO_CREDENTIALS => {
            "looked in: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE and the profiles of ~/.aws/config and \
             ~/.aws/credentials (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE), a web identity token \
             (AWS_WEB_IDENTITY_TOKEN_FILE), the container's endpoint (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI) and the \
             instance's metadata. Try `aws sts get-caller-identity`"
                .to_owned()
        }
        "DispatchFailure" | "TimeoutError" => way(),
        _ => "try `aws sts get-caller-identity` with the same credentials".to_owned(),
    }
}

fn clock() -> String {
    format!(
        "the clock of this machine may be wrong: it says {} UTC, and AWS allows five minutes",
        jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S")
    )
}

fn way() -> String {
    let set = environment::of_the_way();
    let which = match set.as_slice() {
        [] => {
            "none of the variables that lead elsewhere is set (AWS_ENDPOINT_URL, HTTPS_PROXY, AWS_CA_BUNDLE, \
               AWS_REGION): is there a network, and does it let `https://sts.REGION.amazonaws.com` through?"
                .to_owned()
        }
        set => format!("what leads there: {}", set.join(", ")),
    };
    format!("AWS could not be reached; {which}")
}
