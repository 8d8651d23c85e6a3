//! STS: who the caller is, and sessions of roles in other accounts. The query protocol.

use jiff::{SignedDuration, Timestamp};

use crate::answer::{Content, Failure, Xml};
use crate::call::access_key;
use crate::operations::{Call, Outcome};
use crate::record::part_of_arn;

/// How long a session lasts.
const SESSION: SignedDuration = SignedDuration::from_hours(1);

pub fn get_caller_identity(call: &Call<'_>) -> Outcome {
    let (partition, account) = (call.organization.partition(), &call.account.id);
    let mut xml = Xml::default();
    xml.text("Arn", &format!("arn:{partition}:sts::{account}:assumed-role/exfilguard/session"));
    xml.text("UserId", "AROAEXFILGUARDSTANDIN:session");
    xml.text("Account", account);
    Ok(Content::Xml("", xml))
}

pub fn assume_role(call: &Call<'_>) -> Outcome {
    let role = call.parameter("RoleArn");
    let account = part_of_arn(&role, 4);
    let denied = || {
        Failure::new(
            403,
            "AccessDenied",
            format!("User is not authorized to perform: sts:AssumeRole on resource: {role}"),
        )
    };
    let found = call.organization.find(account).ok_or_else(denied)?;
    if let Some(why) = found.closed() {
        return Err(why);
    }
    let session = call.parameter("RoleSessionName");
    let name = role.rsplit('/').next().unwrap_or_default();
    let ends = Timestamp::now().checked_add(SESSION).unwrap_or(Timestamp::MAX);
    let mut xml = Xml::default();
    xml.element("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", &format!("AROAEXFILGUARDSTANDIN:{session}"));
        xml.text(
            "Arn",
            &format!("arn:{}:sts::{account}:assumed-role/{name}/{session}", call.organization.partition()),
        );
    });
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &access_key(account));
        xml.text("SecretAccessKey", "not-a-secret-of-the-stand-in");
        xml.text("SessionToken", "session-of-the-stand-in");
        xml.text("Expiration", &ends.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    });
    Ok(Content::Xml("", xml))
}
