//! What to do now: advice with commands ready to be run by who may. Nothing of it is done here, and what the records say was
//! done already is marked so.
//!
//! Names come from logs, which anybody can write into: a name that has not the alphabet that AWS gives such a name stands in
//! no command.

use super::gather::Gathered;
use super::report::{Actor, Containment, DataImpact, ExfilPath};
use super::rows::or_empty;

/// The advice, in the order in which to follow it.
#[must_use]
pub fn containment(
    gathered: &Gathered,
    actors: &[Actor],
    paths: &[ExfilPath],
    impact: &DataImpact,
    now: &str,
) -> Vec<Containment> {
    let mut advice = Vec::new();
    for actor in actors {
        advice.extend(credentials(actor, now));
    }
    for path in paths.iter().filter(|path| path.stays_open) {
        advice.extend(door(path));
    }
    advice.extend(trails(gathered));
    for bucket in impact.buckets.iter().filter(|bucket| bucket.objects > 0 || bucket.deleted > 0) {
        advice.extend(deny(&bucket.bucket, actors));
    }
    if impact.deleted_count > 0 || impact.unnamed_deletions > 0 {
        for bucket in &impact.buckets {
            advice.extend(restore(&bucket.bucket).filter(|_| bucket.deleted > 0));
        }
    }
    advice.push(pending(
        "Keep the evidence: put a legal hold on the log files of the window, or copy them to a bucket with Object Lock",
        "log files can expire or be deleted; GuardDuty keeps findings for 90 days",
        "aws s3 sync s3://TRAIL_BUCKET/AWSLogs/ s3://EVIDENCE_BUCKET/AWSLogs/ --exclude '*' --include '*/CloudTrail/*'",
    ));
    advice
}

fn pending(action: &str, why: &str, command: &str) -> Containment {
    Containment {
        action: action.to_owned(),
        why: why.to_owned(),
        command: command.to_owned(),
        who: None,
        when: None,
        status: "pending".to_owned(),
    }
}

/// Keys are deactivated, sessions are revoked.
fn credentials(actor: &Actor, now: &str) -> Vec<Containment> {
    let arn: Vec<&str> = actor.principal.splitn(6, ':').collect();
    let Some(resource) = arn.get(5) else { return Vec::new() };
    let account = arn.get(4).copied().unwrap_or_default();
    let name = resource.rsplit('/').next().unwrap_or_default();
    if !is_name(name) {
        return Vec::new();
    }
    if resource.starts_with("user/") {
        let keys =
            actor.access_keys.iter().filter_map(|key| key.rsplit('…').next()).filter(|end| is_name(end));
        return keys
            .map(|end| {
                pending(
                    &format!("Deactivate the access key …{end} of the user {name} in account {account}"),
                    "whoever has it can go on using it",
                    &format!(
                        "aws iam list-access-keys --user-name {name} --output text --query \
                         \"AccessKeyMetadata[?ends_with(AccessKeyId,'{end}')].AccessKeyId\" | xargs -n1 aws iam \
                         update-access-key --user-name {name} --status Inactive --access-key-id"
                    ),
                )
            })
            .collect();
    }
    if resource.starts_with("role/") {
        let policy = format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\
             \"Condition\":{{\"DateLessThan\":{{\"aws:TokenIssueTime\":\"{now}\"}}}}}}]}}"
        );
        return vec![pending(
            &format!(
                "Revoke the sessions of the role {name} in account {account} that were issued until now"
            ),
            "a session goes on until it expires, also when the key that asked for it is gone. Workloads with the role get \
             new sessions by themselves",
            &format!(
                "aws iam put-role-policy --role-name {name} --policy-name RevokeOlderSessions --policy-document '{policy}'"
            ),
        )];
    }
    Vec::new()
}

fn door(path: &ExfilPath) -> Vec<Containment> {
    let buckets = path.from_buckets.iter().filter(|bucket| is_bucket(bucket));
    buckets
        .map(|bucket| match path.kind.as_str() {
            "replication" => pending(
                &format!("Take away the replication of {bucket}"),
                "every new object goes to the other bucket, without any credential of the actor",
                &format!(
                    "aws s3api get-bucket-replication --bucket {bucket} > {bucket}-replication.json && aws s3api \
                     delete-bucket-replication --bucket {bucket}"
                ),
            ),
            "export" => pending(
                &format!("Look at where lists and logs of {bucket} go, and take away what the actor set"),
                "they go on without any credential of the actor",
                &format!("aws s3api list-bucket-inventory-configurations --bucket {bucket}; aws s3api get-bucket-logging --bucket {bucket}"),
            ),
            _ => pending(
                &format!("Put the former policy of {bucket} back, and block public access"),
                "others can read the bucket, without any credential of the actor",
                &format!(
                    "aws s3api get-bucket-policy --bucket {bucket} --query Policy --output text > {bucket}-policy.json && aws \
                     s3api put-bucket-policy --bucket {bucket} --policy file://FORMER_POLICY.json"
                ),
            ),
        })
        .collect()
}

/// A trail that was stopped is started again, if nobody did.
fn trails(gathered: &Gathered) -> Vec<Containment> {
    let done = |change: &&super::rows::LoggingChange| change.error_code.is_none();
    let mut advice = Vec::new();
    for (index, stop) in gathered.logging_changes.iter().enumerate().filter(|(_, change)| done(change)) {
        if or_empty(&stop.event_name) != "StopLogging" {
            continue;
        }
        let trail = or_empty(&stop.trail);
        let same = |change: &&super::rows::LoggingChange| {
            or_empty(&change.event_name) == "StartLogging" && or_empty(&change.trail) == trail
        };
        let started = gathered.logging_changes.iter().skip(index + 1).filter(done).find(same);
        if !is_arn_or_name(trail) {
            continue;
        }
        let mut step = pending(
            &format!("Start the trail {trail} again"),
            "until then nothing is recorded by it",
            &format!("aws cloudtrail start-logging --name {trail}"),
        );
        if let Some(started) = started {
            "done".clone_into(&mut step.status);
            step.who.clone_from(&started.principal);
            step.when.clone_from(&started.event_time);
        }
        advice.push(step);
    }
    advice
}

/// A bucket denies the actor, whatever other credentials it holds of the same principal.
fn deny(bucket: &str, actors: &[Actor]) -> Option<Containment> {
    let named = actors.iter().filter(|actor| actor.principal.starts_with("arn:") && actor.requests > 0);
    let principals: Vec<String> = named
        .filter(|actor| is_arn_or_name(&actor.principal))
        .map(|actor| format!("\"{}\"", actor.principal))
        .collect();
    if !is_bucket(bucket) || principals.is_empty() {
        return None;
    }
    let statement = format!(
        "{{\"Sid\":\"IncidentDeny\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":[\"arn:aws:s3:::{bucket}\",\
         \"arn:aws:s3:::{bucket}/*\"],\"Condition\":{{\"ArnEquals\":{{\"aws:PrincipalArn\":[{}]}}}}}}",
        principals.join(",")
    );
    Some(pending(
        &format!(
            "Until it is clear which credentials are stolen, deny the followed principals the bucket {bucket}"
        ),
        "a role or user may have more keys than are known. It stops workloads with the same role, too",
        &format!("add to the policy of {bucket}, which put-bucket-policy replaces as a whole: {statement}"),
    ))
}

fn restore(bucket: &str) -> Option<Containment> {
    is_bucket(bucket).then(|| {
        pending(
            &format!("Find out which deleted objects of {bucket} can be restored"),
            "in a versioned bucket a deletion leaves a marker, unless the version itself was deleted",
            &format!("aws s3api list-object-versions --bucket {bucket} --query 'DeleteMarkers[?IsLatest].[Key,VersionId]' --output text"),
        )
    })
}

/// A name of IAM: letters, digits and a few signs, none of which a shell obeys.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b))
        && !text.starts_with('-')
}

/// A bucket's name, or an old one with capitals and `_`.
fn is_bucket(text: &str) -> bool {
    (3..=255).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        && !text.starts_with('-')
}

fn is_arn_or_name(text: &str) -> bool {
    (1..=2048).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-/:".contains(&b))
        && !text.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::investigate::incident::report::Confidence;

    fn actor(principal: &str) -> Actor {
        Actor {
            principal: principal.to_owned(),
            account: "111122223333".to_owned(),
            joined: String::new(),
            confidence: Confidence::Confirmed,
            access_keys: vec!["AKIA…WXYZ".to_owned()],
            sessions: Vec::new(),
            ips: Vec::new(),
            user_agents: Vec::new(),
            requests: 1,
            failed_requests: 0,
            first_seen: String::new(),
            last_seen: String::new(),
        }
    }

    #[test]
    fn a_key_is_deactivated_and_sessions_are_revoked() {
        let user = credentials(&actor("arn:aws:iam::111122223333:user/deploy"), "NOW");
        assert!(user[0].command.contains("--user-name deploy --status Inactive"), "{}", user[0].command);
        let role = credentials(&actor("arn:aws:iam::111122223333:role/path/Shop"), "NOW");
        assert!(
            role[0].command.contains("--role-name Shop ")
                && role[0].command.contains("\"aws:TokenIssueTime\":\"NOW\"")
        );
    }

    #[test]
    fn a_name_that_a_shell_would_obey_stands_in_no_command() {
        for name in ["x;reboot", "$(reboot)", "`reboot`", "a b", "-rf", "a'b", "a\nb", ""] {
            let principal = format!("arn:aws:iam::111122223333:user/{name}");
            assert!(credentials(&actor(&principal), "NOW").is_empty(), "{name}");
            assert!(deny(name, &[actor("arn:aws:iam::1:role/a")]).is_none(), "{name}");
        }
    }
}
