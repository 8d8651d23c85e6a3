//! An organization that is made up: of any size, always the same for the same seed, some of it well configured and some not.
//!
//! What is made is what a snapshot would record of it, so that it can be written as one, too. Account 0 is the management
//! account and the caller's, account 1 administers GuardDuty.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::record::Account;

/// When the organization was recorded, as it were.
pub const RECORDED_AT: &str = "2026-11-30T00:00:00Z";
const ORGANIZATION: &str = "o-generated1";
const ROOT: &str = "r-gen1";
const UNITS: usize = 10;
/// The id of the first account; others follow.
const FIRST: u64 = 200_000_000_000;
const PARTNER: &str = "999988887777";
const TRAIL: &str = "organization-trail";

/// How large the organization is, and what its chances are drawn from.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many accounts there are.
    pub accounts: usize,
    /// The regions that every account has enabled, in order.
    pub regions: Vec<String>,
    /// How many buckets each account has.
    pub buckets: usize,
    /// Another seed is another organization.
    pub seed: u64,
}

fn known(value: impl Into<Value>) -> Value {
    json!({"known": value.into()})
}

fn not_asked(operation: &str, why: &str) -> Value {
    json!({"unreadable": {"operation": operation, "code": "NotAsked", "message": why}})
}

fn id(place: usize) -> String {
    (FIRST + place as u64).to_string()
}

fn unit(place: usize) -> String {
    format!("ou-gen1-{:08}", place % UNITS)
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string().into()
}

impl Plan {
    /// The place of an account, from 0.
    pub fn place(&self, id: &str) -> Option<usize> {
        let place = usize::try_from(id.parse::<u64>().ok()?.checked_sub(FIRST)?).ok()?;
        (place < self.accounts).then_some(place)
    }

    /// The ids of all accounts, in order.
    pub fn ids(&self) -> Vec<String> {
        (0..self.accounts).map(id).collect()
    }

    /// The accounts that others are judged by.
    pub fn hubs(&self) -> Vec<String> {
        (0..self.accounts.min(2)).map(id).collect()
    }

    /// The places of all accounts; those that others are judged by come first, as it happens.
    pub fn places_hubs_first(&self) -> Vec<usize> {
        (0..self.accounts).collect()
    }

    fn administrator(&self) -> usize {
        1.min(self.accounts - 1)
    }

    fn rng(&self, place: usize) -> Rng {
        Rng::with_seed(self.seed ^ (place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn name(place: usize) -> String {
        match place {
            0 => "management".to_owned(),
            1 => "security-tooling".to_owned(),
            _ => format!("workload-{place:05}"),
        }
    }

    fn home(&self) -> &str {
        self.regions.first().map(String::as_str).unwrap_or("us-east-1")
    }

    /// What is recorded once.
    pub fn organization(&self) -> Value {
        let accounts: Vec<Value> = (0..self.accounts)
            .map(|place| {
                let above = if place == 0 { json!([ROOT]) } else { json!([ROOT, unit(place)]) };
                json!({"id": id(place), "name": Self::name(place), "state": "ACTIVE", "parents": known(above)})
            })
            .collect();
        let administrator = id(self.administrator());
        let administrators: Map<String, Value> =
            self.regions.iter().map(|region| (region.clone(), known(administrator.clone()))).collect();
        let all = policy(&[json!({"Effect": "Allow", "Action": "*", "Resource": "*"})]);
        let stay = policy(&[json!({"Sid": "StayInside", "Effect": "Deny",
            "Action": ["organizations:LeaveOrganization", "cloudtrail:StopLogging", "guardduty:DeleteDetector"],
            "Resource": "*"})]);
        let perimeter =
            policy(&[json!({"Sid": "OnlyOurs", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "*", "Condition": {
                "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}})]);
        let attached = |id: &str, name: &str, content: &Value, to: &str| json!({"id": id, "name": name, "content": known(content.clone()), "targets": known(json!([to]))});
        json!({
            "partition": "aws", "caller_account": id(0),
            "identity": known(json!({"id": ORGANIZATION, "management_account": id(0)})),
            "accounts": known(accounts),
            "enabled_policy_types": known(json!(["RESOURCE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY"])),
            "policies": {
                "SERVICE_CONTROL_POLICY": known(json!([
                    attached("p-11111111", "FullAWSAccess", &all, ROOT),
                    attached("p-22222222", "stay-inside", &stay, ROOT),
                ])),
                "RESOURCE_CONTROL_POLICY": known(json!([
                    attached("p-33333333", "RCPFullAWSAccess", &all, ROOT),
                    attached("p-44444444", "only-ours", &perimeter, &unit(3)),
                ])),
            },
            "guardduty_administrators": administrators, "guardduty_policies": {},
        })
    }

    /// What is recorded of one account.
    pub fn account(&self, place: usize) -> Account {
        let mut rng = self.rng(place);
        let account = Made { plan: self, place, id: id(place), hub: place <= self.administrator() };
        Account::new(account.record(&mut rng))
    }
}

/// One account while it is made.
struct Made<'a> {
    plan: &'a Plan,
    place: usize,
    id: String,
    /// Others are judged by it.
    hub: bool,
}

fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(0..100) < percent
}

fn hex(rng: &mut Rng, length: usize) -> String {
    (0..length).map(|_| char::from_digit(rng.u32(0..16), 16).unwrap_or('0')).collect()
}

impl Made<'_> {
    fn record(&self, rng: &mut Rng) -> Value {
        let blocks_all = chance(rng, 50);
        let canonical_user = hex(rng, 64);
        let key = format!("arn:aws:kms:{}:{}:key/{}", self.plan.home(), self.id, self.uuid(rng));
        let mut keys = Map::new();
        let mut buckets: Vec<Value> = (0..self.plan.buckets)
            .map(|number| {
                let name = format!("generated-{}-{number:05}", self.id);
                self.bucket(rng, &name, blocks_all, &canonical_user, &key, &mut keys)
            })
            .collect();
        if self.place == 0 {
            buckets.push(self.log_bucket(rng, blocks_all));
        }
        let mut topics = Map::new();
        let regional: Map<String, Value> = self
            .plan
            .regions
            .iter()
            .map(|region| (region.clone(), self.region(rng, region, &mut topics)))
            .collect();
        let macie = self.macie(rng, &buckets);
        let (trail_details, log_groups, alarms) = self.alerting(rng, &mut topics);
        json!({
            "id": self.id, "name": Plan::name(self.place), "entry": "entered", "regions": known(json!(self.plan.regions)),
            "public_access_block": known(if blocks_all { block(true) } else { Value::Null }),
            "organization_blocks_public_access": known(Value::Null), "canonical_user": canonical_user,
            "buckets": known(buckets), "multi_region_access_points": known(json!([])), "regional": regional,
            "macie": macie, "trail_details": trail_details, "log_groups": log_groups, "alarms": alarms, "keys": keys,
            "topics": topics, "functions": {}, "queues": {},
        })
    }

    fn uuid(&self, rng: &mut Rng) -> String {
        let (a, b, c) = (hex(rng, 8), hex(rng, 4), hex(rng, 12));
        format!("{a}-{b}-4000-8000-{c}")
    }

    fn bucket(
        &self,
        rng: &mut Rng,
        name: &str,
        account_blocks: bool,
        canonical_user: &str,
        key: &str,
        keys: &mut Map<String, Value>,
    ) -> Value {
        let arn = format!("arn:aws:s3:::{name}");
        let region = rng.choice(&self.plan.regions).cloned().unwrap_or_default();
        let at_home = region == self.plan.home();
        let enforced = chance(rng, 85);
        let acl = if enforced {
            not_asked("s3:GetBucketAcl", "`BucketOwnerEnforced` switches it off")
        } else {
            let own = json!({"grantee": canonical_user, "permission": "FULL_CONTROL"});
            let all =
                json!({"grantee": "http://acs.amazonaws.com/groups/global/AllUsers", "permission": "READ"});
            let grants = if chance(rng, 10) { json!([own, all]) } else { json!([own]) };
            known(json!({"owner": canonical_user, "grants": grants}))
        };
        let own_block = match rng.u32(0..10) {
            0 => Value::Null,
            1 => block(false),
            _ => block(true),
        };
        let public_access_block = if account_blocks {
            not_asked("s3:GetPublicAccessBlock", "the account's own block is wholly on")
        } else {
            known(own_block)
        };
        let encryption = if at_home && chance(rng, 20) {
            keys.entry(key.to_owned()).or_insert_with(|| known(self.key(key)));
            json!({"algorithm": "aws:kms", "key": key})
        } else {
            json!({"algorithm": "AES256", "key": null})
        };
        let versioned = chance(rng, 40);
        let sensitive = chance(rng, 15);
        let tags = if sensitive {
            json!({"DataClassification": "Confidential", "team": "payments"})
        } else {
            json!({})
        };
        let replication = if chance(rng, 3) {
            let (to, account) =
                if chance(rng, 50) { ("partner-copy", PARTNER) } else { ("our-copy", self.id.as_str()) };
            json!([{"id": "copy", "status": "Enabled", "bucket_arn": format!("arn:aws:s3:::{to}"), "account": account}])
        } else {
            json!([])
        };
        json!({
            "name": name, "region": known(region), "policy": known(bucket_policy(rng, &arn)),
            "public_access_block": public_access_block, "acl": acl,
            "object_ownership": known(if enforced { "BucketOwnerEnforced" } else { "ObjectWriter" }),
            "exports": {
                "replication": known(replication), "inventories": known(json!([])),
                "access_logs": known(if chance(rng, 20) { json!(name) } else { Value::Null }),
                "notifications": known(json!([])),
            },
            "tags": known(tags),
            "protection": {
                "versioning": known(json!({"status": versioned.then_some("Enabled"), "mfa_delete": false})),
                "object_lock": known(Value::Null),
                "expiry_days": if self.hub { known(json!([])) } else {
                    not_asked("s3:GetBucketLifecycleConfiguration", "no trail delivers to the bucket")
                },
                "encryption": known(encryption),
            },
        })
    }

    fn log_bucket_name(&self) -> String {
        format!("generated-logs-{}", id(0))
    }

    fn log_bucket(&self, _rng: &mut Rng, account_blocks: bool) -> Value {
        let name = self.log_bucket_name();
        let arn = format!("arn:aws:s3:::{name}");
        let writes = json!({"Sid": "TrailWrite", "Effect": "Allow", "Action": "s3:PutObject", "Resource": format!("{arn}/*"),
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceOrgID": ORGANIZATION}}});
        let public_access_block = if account_blocks {
            not_asked("s3:GetPublicAccessBlock", "the account's own block is wholly on")
        } else {
            known(block(true))
        };
        json!({
            "name": name, "region": known(self.plan.home()), "policy": known(policy(&[tls(&arn), writes])),
            "public_access_block": public_access_block,
            "acl": not_asked("s3:GetBucketAcl", "`BucketOwnerEnforced` switches it off"),
            "object_ownership": known("BucketOwnerEnforced"),
            "exports": {"replication": known(json!([])), "inventories": known(json!([])),
                "access_logs": known(Value::Null), "notifications": known(json!([]))},
            "tags": known(json!({})),
            "protection": {
                "versioning": known(json!({"status": "Enabled", "mfa_delete": false})),
                "object_lock": known(json!({"enabled": true, "default_mode": "COMPLIANCE"})),
                "expiry_days": known(json!([])), "encryption": known(json!({"algorithm": "AES256", "key": null})),
            },
        })
    }

    fn key(&self, arn: &str) -> Value {
        let root = format!("arn:aws:iam::{}:root", self.id);
        json!({"arn": arn, "key_manager": "CUSTOMER", "key_state": "Enabled",
            "policy": policy(&[json!({"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"})])})
    }

    fn trail_arn(&self) -> String {
        format!("arn:aws:cloudtrail:{}:{}:trail/{TRAIL}", self.plan.home(), id(0))
    }

    fn log_group_arn(&self) -> String {
        format!("arn:aws:logs:{}:{}:log-group:{TRAIL}:*", self.plan.home(), id(0))
    }

    fn region(&self, rng: &mut Rng, region: &str, topics: &mut Map<String, Value>) -> Value {
        let administrates = self.place == self.plan.administrator();
        let trail = json!({
            "name": TRAIL, "arn": self.trail_arn(), "home_region": self.plan.home(), "multi_region": true,
            "organization": true, "include_global_service_events": true, "s3_bucket": self.log_bucket_name(),
            "log_group_arn": self.log_group_arn(), "log_group_role_arn": format!("arn:aws:iam::{}:role/trail", id(0)),
            "kms_key_id": null, "log_file_validation": true,
        });
        let detector = if chance(rng, 92) || administrates { self.detector(rng) } else { Value::Null };
        let has_detector = !detector.is_null();
        let filters = if has_detector && chance(rng, 5) {
            json!([{"name": "quiet", "action": "ARCHIVE", "criteria": {"type": {"equals": ["Exfiltration:S3/AnomalousBehavior"]}}}])
        } else {
            json!([])
        };
        let lists = if has_detector && chance(rng, 3) {
            json!([{"kind": "ip-set", "name": "offices", "status": "ACTIVE", "location": "https://s3.amazonaws.com/lists/offices.txt"}])
        } else {
            json!([])
        };
        let rules = if chance(rng, 60) { json!([self.rule(rng, region, topics)]) } else { json!([]) };
        let vpc = format!("vpc-{}", hex(rng, 17));
        let endpoints = if chance(rng, 55) { json!([self.endpoint(rng, region, &vpc)]) } else { json!([]) };
        let network = network(rng, &vpc, &self.id, &endpoints);
        json!({
            "trails": known(json!([trail])), "event_data_stores": known(json!([])), "detector": known(detector),
            "finding_filters": known(filters), "trusted_lists": known(lists),
            "guardduty_administration": if administrates { self.administration(region) } else { Value::Null },
            "rules": known(rules), "vpc_endpoints": known(endpoints), "network": network,
            "access_points": known(json!([])),
        })
    }

    fn detector(&self, rng: &mut Rng) -> Value {
        let s3 = if chance(rng, 85) { "ENABLED" } else { "DISABLED" };
        let id = hex(rng, 32);
        json!({
            "id": id, "status": "ENABLED", "features": features(s3), "legacy_s3_logs": s3,
            "finding_publishing_frequency": if chance(rng, 70) { "FIFTEEN_MINUTES" } else { "SIX_HOURS" },
        })
    }

    /// What the administrator sees: every other account that has a detector of its own in the region.
    fn administration(&self, region: &str) -> Value {
        let mut members = Vec::new();
        for place in (0..self.plan.accounts).filter(|place| *place != self.place) {
            let account = self.plan.account(place);
            let detector = account.region(region)["detector"]["known"].clone();
            if detector.is_null() {
                continue;
            }
            members
                .push(json!({"account": id(place), "detector_id": detector["id"], "relationship": "Enabled",
                "features": known(detector["features"].clone())}));
        }
        json!({
            "auto_enable": known(json!({"members": "ALL", "features": {"S3_DATA_EVENTS": "NEW"}, "member_limit_reached": false})),
            "members": known(members),
        })
    }

    fn rule(&self, rng: &mut Rng, region: &str, topics: &mut Map<String, Value>) -> Value {
        let topic = format!("arn:aws:sns:{region}:{}:findings", self.id);
        let confirmed = chance(rng, 80);
        let subscription =
            if confirmed { format!("{topic}:{}", self.uuid(rng)) } else { "PendingConfirmation".to_owned() };
        topics.insert(topic.clone(), self.topic(&topic, &subscription, "events.amazonaws.com"));
        let pattern = if chance(rng, 70) {
            json!({"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]})
        } else {
            json!({"source": ["aws.guardduty"], "detail": {"severity": [{"numeric": [">=", 8]}]}})
        };
        json!({
            "name": "guardduty-findings", "arn": format!("arn:aws:events:{region}:{}:rule/guardduty-findings", self.id),
            "bus": "default", "event_pattern": pattern.to_string(),
            "state": if chance(rng, 95) { "ENABLED" } else { "DISABLED" }, "managed_by": null,
            "targets": known(json!([{"id": "topic", "arn": topic, "role_arn": null}])),
        })
    }

    fn topic(&self, arn: &str, subscription: &str, service: &str) -> Value {
        let publishes = json!({"Sid": "Publish", "Effect": "Allow", "Principal": {"Service": service},
            "Action": "sns:Publish", "Resource": arn});
        json!({
            "attributes": known(json!({"arn": arn, "owner": self.id, "policy": policy(&[publishes])})),
            "subscriptions": known(json!([{"subscription_arn": subscription, "protocol": "email", "endpoint": "oncall@example.com"}])),
            "key": null,
        })
    }

    fn endpoint(&self, rng: &mut Rng, region: &str, vpc: &str) -> Value {
        let whole = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
        let ours = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {
            "StringEquals": {"aws:ResourceOrgID": ORGANIZATION, "aws:PrincipalOrgID": ORGANIZATION}}});
        let of = if chance(rng, 50) { policy(&[whole]) } else { policy(&[ours]) };
        json!({
            "id": format!("vpce-{}", hex(rng, 17)), "vpc_id": vpc, "service_name": format!("com.amazonaws.{region}.s3"),
            "kind": "Gateway", "state": "available", "policy": of, "route_tables": [format!("rtb-{}", hex(rng, 17))],
            "private_dns": false, "private_dns_for_inbound_only": false,
        })
    }

    fn macie(&self, rng: &mut Rng, buckets: &[Value]) -> Value {
        let enabled = chance(rng, 30);
        let of_region = |region: &String| {
            let here = buckets.iter().filter(|bucket| bucket["region"]["known"] == json!(region));
            let mut described: Vec<Value> = here
                .map(|bucket| {
                    json!({"name": bucket["name"], "automated_discovery": "MONITORED",
                        "last_automated_discovery": "2026-11-29T12:00:00Z", "defined_in_job": "FALSE",
                        "last_job_run": null, "error_code": null})
                })
                .collect();
            if described.is_empty() {
                return None;
            }
            if !enabled {
                described.clear();
            }
            let status = enabled.then_some("ENABLED");
            Some((
                region.clone(),
                json!({"status": known(status), "buckets": known(described), "read_at": RECORDED_AT}),
            ))
        };
        Value::Object(self.plan.regions.iter().filter_map(of_region).collect())
    }

    /// The trail with its alarm: in the management account.
    fn alerting(&self, rng: &mut Rng, topics: &mut Map<String, Value>) -> (Value, Value, Value) {
        if self.place != 0 {
            return (json!({}), json!({}), json!({}));
        }
        let topic = format!("arn:aws:sns:{}:{}:alarms", self.plan.home(), self.id);
        let subscription = format!("{topic}:{}", self.uuid(rng));
        topics.insert(topic.clone(), self.topic(&topic, &subscription, "cloudwatch.amazonaws.com"));
        let selectors = json!({"advanced_event_selectors": [
            {"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
            {"Name": "objects", "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
                {"Field": "resources.ARN", "NotStartsWith": [format!("arn:aws:s3:::{}/", self.log_bucket_name())]},
            ]},
        ]});
        let status = json!({"is_logging": true, "latest_delivery_error": null, "latest_delivery_time": RECORDED_AT,
            "latest_log_group_delivery_error": null, "latest_log_group_delivery_time": RECORDED_AT});
        let details = json!({self.trail_arn(): {"status": known(status), "selectors": known(selectors)}});
        let filter = json!({
            "filter_name": "object-reads", "filter_pattern": "{ $.eventName = GetObject }", "log_group_name": TRAIL,
            "metric_transformations": [{"metric_name": "ObjectReads", "metric_namespace": "Exfiltration", "metric_value": "1",
                "default_value": 0.0}],
            "apply_on_transformed_logs": false,
        });
        let groups = json!({self.log_group_arn(): {"class": known("STANDARD"), "metric_filters": known(json!([filter]))}});
        let alarm = json!({
            "alarm_name": "bulk-download", "actions_enabled": true, "alarm_actions": [topic], "state_value": "OK",
            "alarm_arn": format!("arn:aws:cloudwatch:{}:{}:alarm:bulk-download", self.plan.home(), self.id),
            "state_transitioned_at": RECORDED_AT, "namespace": "Exfiltration", "metric_name": "ObjectReads",
            "statistic": "Sum", "period": 300, "evaluation_periods": 1, "threshold": 500.0,
            "comparison_operator": "GreaterThanThreshold", "treat_missing_data": "notBreaching",
        });
        let alarms = json!({self.plan.home(): {
            "alarms": known(json!({"metric": [alarm], "composite": [], "log": []})),
            "mute_rules": known(json!([])), "read_at": RECORDED_AT,
        }});
        (details, groups, alarms)
    }
}

fn block(on: bool) -> Value {
    json!({"block_public_acls": on, "ignore_public_acls": on, "block_public_policy": on, "restrict_public_buckets": on})
}

fn features(s3: &str) -> Value {
    let of = |name: &str, status: &str| json!({"name": name, "status": status});
    json!([
        of("CLOUD_TRAIL", "ENABLED"),
        of("DNS_LOGS", "ENABLED"),
        of("FLOW_LOGS", "ENABLED"),
        of("S3_DATA_EVENTS", s3)
    ])
}

fn tls(arn: &str) -> Value {
    json!({"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")], "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
}

fn bucket_policy(rng: &mut Rng, arn: &str) -> Value {
    let objects = format!("{arn}/*");
    let perimeter = json!({"Sid": "IdentityPerimeter", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [arn, objects], "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}});
    let partner = json!({"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{PARTNER}:root")},
        "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [arn, objects]});
    let public = json!({"Sid": "Everybody", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": objects});
    match rng.u32(0..100) {
        0..30 => policy(&[tls(arn), perimeter]),
        30..60 => policy(&[tls(arn)]),
        60..66 => policy(&[tls(arn), partner]),
        66..69 => policy(&[public]),
        _ => Value::Null,
    }
}

/// A VPC with one subnet in use, and its way out.
fn network(rng: &mut Rng, vpc: &str, owner: &str, endpoints: &Value) -> Value {
    let subnet = format!("subnet-{}", hex(rng, 17));
    let interface = json!({"vpc_id": vpc, "subnet_id": subnet, "kind": "interface", "requester": "", "id": format!("eni-{}", hex(rng, 17))});
    let own = format!("rtb-{}", hex(rng, 17));
    let table = endpoints[0]["route_tables"][0].as_str().unwrap_or(&own);
    let mut routes = vec![
        json!({"destination": "10.0.0.0/16", "target": "local", "active": true}),
        json!({"destination": "0.0.0.0/0", "target": format!("nat-{}", hex(rng, 17)), "active": true}),
    ];
    if let Some(endpoint) = endpoints[0]["id"].as_str() {
        routes.push(json!({"destination": "pl-6da54004", "target": endpoint, "active": true}));
    }
    json!({
        "vpcs": known(json!([{"id": vpc, "owner": owner}])), "interfaces": known(json!([interface])),
        "route_tables": known(json!([{"id": table, "vpc_id": vpc, "main": true, "subnets": [], "routes": routes}])),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: u64) -> Plan {
        Plan { accounts: 4, regions: vec!["eu-west-1".into(), "us-east-1".into()], buckets: 20, seed }
    }

    #[test]
    fn the_same_seed_makes_the_same_organization_and_another_seed_another() {
        let record = |seed| plan(seed).account(2).record().clone();
        assert_eq!(record(7), record(7));
        assert_ne!(record(7), record(8));
    }

    #[test]
    fn an_id_leads_back_to_its_place() {
        let plan = plan(1);
        assert_eq!(plan.place(&id(3)), Some(3));
        assert_eq!(plan.place(&id(4)), None);
        assert_eq!(plan.place("111122223333"), None);
    }
}
