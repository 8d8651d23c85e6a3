//! Calls by which an attacker opens a bucket or switches the watching off: as CloudTrail records them, and as EventBridge
//! delivers them (`aws-semantics.md` 6.2 and 9, ALM-05 and EVT-03).

use serde_json::{Value, json};

/// A time for synthetic events; no evaluator depends on it.
const TIME: &str = "2026-01-15T03:12:44Z";

/// A call that must not go unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TamperingCall {
    /// The service's short name, for example `s3`: the event's source is `aws.s3`, the record's `s3.amazonaws.com`.
    pub service: &'static str,
    /// The name in the record, for example `PutBucketPolicy`.
    pub name: &'static str,
}

const fn call(service: &'static str, name: &'static str) -> TamperingCall {
    TamperingCall { service, name }
}

/// Calls that stop a trail from logging, or what it logs (CIS AWS Foundations Benchmark 5.5 and ALM-05).
pub const OF_TRAILS: [TamperingCall; 4] = [
    call("cloudtrail", "StopLogging"),
    call("cloudtrail", "DeleteTrail"),
    call("cloudtrail", "PutEventSelectors"),
    call("cloudtrail", "UpdateTrail"),
];

/// Calls that open a bucket, or have it copied away (CIS AWS Foundations Benchmark 5.8 and ALM-05).
pub const OF_BUCKETS: [TamperingCall; 6] = [
    call("s3", "PutBucketPolicy"),
    call("s3", "PutBucketAcl"),
    call("s3", "DeleteBucketPolicy"),
    call("s3", "PutBucketReplication"),
    call("s3", "DeleteBucketPublicAccessBlock"),
    call("s3", "DeleteAccountPublicAccessBlock"),
];

/// Calls of which a person must hear in every region (EVT-03).
pub const EVERYWHERE: [TamperingCall; 6] = [
    call("s3", "PutBucketPolicy"),
    call("s3", "PutBucketReplication"),
    call("cloudtrail", "PutEventSelectors"),
    call("cloudtrail", "StopLogging"),
    call("cloudtrail", "DeleteTrail"),
    call("guardduty", "DeleteDetector"),
];

/// Where a call is made, and on what.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The account.
    pub account: &'a str,
    /// The region.
    pub region: &'a str,
    /// The partition.
    pub partition: &'a str,
    /// The bucket that a call to S3 is about.
    pub bucket: &'a str,
}

impl TamperingCall {
    /// CloudTrail's records of the call by an assumed role and by an IAM user; an alert must see both.
    #[must_use]
    pub fn records(&self, scene: &Scene<'_>) -> [Value; 2] {
        let Scene { account, partition, .. } = *scene;
        let role = json!({
            "type": "AssumedRole", "principalId": "AROAEXAMPLEID:attacker",
            "arn": format!("arn:{partition}:sts::{account}:assumed-role/AppRole/attacker"),
            "accountId": account, "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role", "principalId": "AROAEXAMPLEID", "userName": "AppRole",
                    "arn": format!("arn:{partition}:iam::{account}:role/AppRole"), "accountId": account},
                "attributes": {"creationDate": "2026-01-15T02:00:00Z", "mfaAuthenticated": "false"}}});
        let user = json!({
            "type": "IAMUser", "principalId": "AIDAEXAMPLEID", "userName": "backup",
            "arn": format!("arn:{partition}:iam::{account}:user/backup"), "accountId": account,
            "accessKeyId": "AKIAEXAMPLE"});
        [role, user].map(|identity| self.record(scene, &identity))
    }

    fn record(&self, scene: &Scene<'_>, identity: &Value) -> Value {
        json!({
            "eventVersion": "1.11", "eventCategory": "Management", "managementEvent": true, "readOnly": false,
            "eventTime": TIME, "eventSource": format!("{}.amazonaws.com", self.service),
            "eventName": self.name, "eventType": "AwsApiCall", "awsRegion": scene.region,
            "sourceIPAddress": "198.51.100.23", "userAgent": "[aws-cli/2.15.0]", "userIdentity": identity,
            "requestParameters": self.parameters(scene), "responseElements": null,
            "requestID": "R1", "eventID": "11111111-2222-3333-4444-555555555555",
            "recipientAccountId": scene.account,
        })
    }

    fn parameters(&self, scene: &Scene<'_>) -> Value {
        let Scene { account, region, partition, bucket } = *scene;
        let trail = format!("arn:{partition}:cloudtrail:{region}:{account}:trail/a-trail");
        match (self.service, self.name) {
            ("cloudtrail", "PutEventSelectors") => json!({"trailName": trail}),
            ("cloudtrail", _) => json!({"name": trail}),
            ("guardduty", _) => json!({"detectorId": "12abc34d567e8fa901bc2d34e56789f0"}),
            ("s3", "DeleteAccountPublicAccessBlock") => {
                json!({"accountId": account, "Host": format!("{account}.s3-control.{region}.amazonaws.com")})
            }
            _ => json!({"bucketName": bucket, "Host": format!("{bucket}.s3.{region}.amazonaws.com")}),
        }
    }

    /// The call as EventBridge delivers a record of it (EventBridge user guide, *AWS service events delivered via AWS
    /// CloudTrail*).
    #[must_use]
    pub fn event(&self, record: &Value, scene: &Scene<'_>) -> Value {
        json!({
            "version": "0", "id": "36eb8523-97d0-4518-b33d-ee3579ff19f0",
            "detail-type": "AWS API Call via CloudTrail", "source": format!("aws.{}", self.service),
            "account": scene.account, "time": TIME, "region": scene.region, "resources": [], "detail": record,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::event_pattern::EventPattern;
    use crate::semantics::filter_pattern::FilterPattern;
    use crate::semantics::verdict::Tri;

    const SCENE: Scene<'static> =
        Scene { account: "111122223333", region: "eu-west-1", partition: "aws", bucket: "ledger" };

    #[test]
    fn the_pattern_of_the_benchmark_sees_calls_on_trails() {
        let pattern = "{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) \
                       || ($.eventName = StartLogging) || ($.eventName = StopLogging) }";
        let pattern = FilterPattern::parse(pattern).map_err(|error| error.to_string());
        for call in OF_TRAILS {
            for record in call.records(&SCENE) {
                let seen = pattern.as_ref().map(|pattern| pattern.matches_event(&record).value);
                assert_eq!(seen, Ok((call.name != "PutEventSelectors").into()), "{}", call.name);
            }
        }
    }

    #[test]
    fn a_rule_on_calls_via_cloudtrail_sees_the_event() {
        let pattern = json!({"source": ["aws.guardduty"], "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {"eventSource": ["guardduty.amazonaws.com"], "eventName": ["DeleteDetector"]}});
        let pattern = EventPattern::from_value(&pattern).map_err(|error| error.to_string());
        for call in EVERYWHERE {
            for record in call.records(&SCENE) {
                let event = call.event(&record, &SCENE);
                let seen = pattern.as_ref().map(|pattern| pattern.matches(&event).value);
                assert_eq!(seen, Ok(Tri::from(call.name == "DeleteDetector")), "{}", call.name);
            }
        }
    }

    #[test]
    fn a_call_on_a_bucket_names_it() {
        let [record, _] = OF_BUCKETS[0].records(&SCENE);
        assert_eq!(record["requestParameters"]["bucketName"], "ledger");
        assert_eq!(record["readOnly"], false);
    }
}
