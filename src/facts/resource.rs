//! From what was read of an account to the resources that checks judge.

use serde::Serialize;
use serde_json::{Value, json};

use super::bucket_class::BucketClass;
use super::context::{Context, known_or_clause, owner_of};
use super::fact::{Evidence, Fact};
use super::logging;
use super::prepared::Prepared;
use super::prevention;
use super::resources::{
    AccountFacts, AccountRegionFacts, BucketFacts, EventRuleFacts, TrailFacts, VpcEndpointFacts,
};
use super::suppression::Suppression;
use super::tampering::Tampering;
use super::trail_coverage::TrailCoverage;
use super::{
    access_points, detector, exports, guardduty_administration, macie, network, ownership, protection,
    public_access, rule_pattern, rule_severities, rule_targets, unread,
};
use crate::catalogue::ResourceKind;
use crate::semantics::event_selectors::{BucketIdentity, EventClass};
use crate::semantics::iam::any_bucket::{ANY_BUCKET, replaced};
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::{AccountSnapshot, Bucket, Entry, Reading, Region, Rule, Trail};

/// One resource with its facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The kind of resource.
    pub kind: ResourceKind,
    /// The resource's own name or id; the account id for an account, `account/region` for an account's region; `*` for
    /// resources that could not be listed.
    pub id: String,
    /// The ARN, where AWS has one for this kind.
    pub arn: Option<String>,
    /// The region, where the resource has one.
    pub region: Option<String>,
    /// Whether it is certainly a sensitive bucket.
    pub sensitive: bool,
    /// The facts, in the form of the kind's schema.
    pub facts: Value,
    /// The buckets for which it stands, called [`ANY_BUCKET`] in all of this; none: it stands for itself.
    pub stands_for: Vec<String>,
}

impl Resource {
    /// Each of the resources for which it stands; itself, if it stands for no others.
    #[must_use]
    pub fn each(&self) -> Vec<Self> {
        if self.stands_for.is_empty() {
            return vec![self.clone()];
        }
        let told = |name: &String| Self {
            id: self.id.replace(ANY_BUCKET, name),
            arn: self.arn.as_ref().map(|arn| arn.replace(ANY_BUCKET, name)),
            facts: replaced(&self.facts, ANY_BUCKET, name),
            stands_for: Vec::new(),
            kind: self.kind,
            region: self.region.clone(),
            sensitive: self.sensitive,
        };
        self.stands_for.iter().map(told).collect()
    }
}

/// Everything that is derived from, in one place.
struct Derivation<'a> {
    account: &'a AccountSnapshot,
    context: &'a Context<'a>,
    prepared: &'a Prepared<'a>,
    tampering: Tampering<'a>,
    resources: Vec<Resource>,
}

/// The resources of an account that was entered, in no particular order; none of one that was not.
#[must_use]
pub fn derive(account: &AccountSnapshot, context: &Context<'_>) -> Vec<Resource> {
    derive_together(&Prepared::of(account, context)).iter().flat_map(Resource::each).collect()
}

/// The same, where one may stand for several.
#[must_use]
pub fn derive_together(prepared: &Prepared<'_>) -> Vec<Resource> {
    let (account, context) = (prepared.account, prepared.context);
    if account.entry != Entry::Entered {
        return Vec::new();
    }
    let mut derivation = Derivation {
        account,
        context,
        prepared,
        tampering: Tampering::of(account, context, &prepared.alerting),
        resources: Vec::new(),
    };
    derivation.account();
    derivation.buckets();
    derivation.access_points();
    derivation.trails();
    derivation.alarms();
    derivation.regions();
    derivation.organization_regions();
    derivation.resources
}

impl Derivation<'_> {
    fn push(
        &mut self,
        kind: ResourceKind,
        id: &str,
        arn: Option<String>,
        region: Option<&str>,
        facts: &impl Serialize,
    ) -> Option<&mut Resource> {
        // The facts are plain data with text keys: they always serialize.
        let facts = serde_json::to_value(facts).unwrap_or_default();
        self.resources.push(Resource {
            kind,
            id: id.to_owned(),
            arn,
            region: region.map(str::to_owned),
            sensitive: false,
            facts,
            stands_for: Vec::new(),
        });
        self.resources.last_mut()
    }

    fn partition(&self) -> &str {
        &self.context.organization.partition
    }

    fn account(&mut self) {
        let account = self.account;
        let facts = AccountFacts {
            id: account.id.clone(),
            name: account.name.clone(),
            management_events_logged: self.management_events_logged(),
            organization_trail_covers: self.trail_coverage().by_organization(),
            foreign_reads_logged: self.trail_coverage().foreign_buckets(EventClass::Read),
            foreign_writes_logged: self.trail_coverage().foreign_buckets(EventClass::Write),
            data_events_can_alert: self.trail_coverage().can_alert(),
            bulk_download_alarms: self.prepared.alerting.bulk_download_alarms(),
            log_tampering_heard: self.tampering.of_trails(),
            bucket_policy_changes_heard: self.tampering.of_buckets(),
        };
        self.push(ResourceKind::Account, &account.id, None, None, &facts);
    }

    fn trail_coverage(&self) -> TrailCoverage<'_> {
        TrailCoverage { account: self.account, context: self.context, observers: &self.prepared.observers }
    }

    fn management_events_logged(&self) -> Fact {
        let regions = match known_or_clause(&self.account.regions) {
            Ok(regions) => regions,
            Err(clause) => return Verdict::unknown(clause).into(),
        };
        let mut decisive: Option<Fact> = None;
        for region in regions {
            let fact = self.prepared.observers.management_events(&self.account.id, region, self.partition());
            decisive = Some(match decisive {
                None => fact,
                Some(first) if first.holds.and(fact.holds) == first.holds => first,
                Some(_) => fact,
            });
        }
        decisive.unwrap_or_else(|| Fact::new(Tri::Yes, "no region is in scope"))
    }

    fn buckets(&mut self) {
        let account = self.account;
        match &account.buckets {
            Reading::Unreadable(why) => {
                let facts = unread::buckets(&Fact::unread(why));
                self.push(ResourceKind::Bucket, unread::UNREAD, None, None, &facts);
            }
            Reading::Known(_) => {
                let prepared = self.prepared;
                prepared.buckets.iter().for_each(|class| self.bucket(class));
            }
        }
    }

    fn bucket(&mut self, class: &BucketClass<'_>) {
        let bucket: &Bucket = &class.bucket;
        let region = bucket.region.known().cloned();
        let policies = self.prepared.policies(class);
        let facts = BucketFacts {
            name: bucket.name.clone(),
            region: region.clone().unwrap_or_default(),
            reads_logged: self.logged(bucket, EventClass::Read),
            writes_logged: self.logged(bucket, EventClass::Write),
            not_public: policies.not_public(),
            outside_grants: policies.outside_grants(),
            denies_foreign_network: policies.denies_foreign_network(),
            public_access_blocked: public_access::in_effect(self.account, bucket),
            requires_tls: policies.requires_tls(),
            versioned: protection::versioned(bucket),
            locked: protection::locked(bucket),
            key_denies_outside: protection::key_denies_outside(
                self.account,
                bucket,
                &self.prepared.perimeter,
            ),
            identity_perimeter: policies.identity_perimeter(),
            control_plane_perimeter: policies.control_plane_perimeter(),
            legitimate_use: policies.legitimate_use(),
            acls_disabled: ownership::acls_disabled(bucket),
            exports: exports::of(self.account, bucket, self.context),
            sensitive: class.sensitive.clone(),
            classified: class.classified.clone(),
        };
        let arn = format!("arn:{}:s3:::{}", self.partition(), bucket.name);
        let pushed = self.push(ResourceKind::Bucket, &bucket.name, Some(arn), region.as_deref(), &facts);
        if let Some(resource) = pushed {
            resource.sensitive = facts.sensitive.holds.is_yes();
            resource.stands_for = class.stands_for();
        }
    }

    fn access_points(&mut self) {
        let account = self.account;
        if let Some(why) = account.regions.unreadable() {
            let facts = unread::access_points(unread::UNREAD, &Fact::unread(why));
            self.push(ResourceKind::AccessPoint, unread::UNREAD, None, Some(unread::UNREAD), &facts);
        }
        let of_regions = account.regional.iter().map(|(region, read)| (Some(region), &read.access_points));
        for (region, points) in of_regions.chain([(None, &account.multi_region_access_points)]) {
            let region = region.map(String::as_str);
            match points {
                Reading::Unreadable(why) => {
                    let facts = unread::access_points(region.unwrap_or_default(), &Fact::unread(why));
                    self.push(ResourceKind::AccessPoint, unread::UNREAD, None, region, &facts);
                }
                Reading::Known(points) => {
                    for point in points {
                        let facts = access_points::of(point, region, account, self.context);
                        let arn = Some(point.arn.clone());
                        self.push(ResourceKind::AccessPoint, &point.name, arn, region, &facts);
                    }
                }
            }
        }
    }

    fn logged(&self, bucket: &Bucket, class: EventClass) -> Fact {
        let region = match known_or_clause(&bucket.region) {
            Ok(region) => region,
            Err(clause) => return Verdict::unknown(clause).into(),
        };
        if !self.account.regional.contains_key(region) {
            let why =
                format!("region `{region}` was not read: it is not enabled in the account, or not in scope");
            return Verdict::unknown(why).into();
        }
        let identity = BucketIdentity {
            name: bucket.name.clone(),
            account: self.account.id.clone(),
            region: region.clone(),
            partition: self.partition().to_owned(),
        };
        self.prepared.observers.bucket(&identity, class)
    }

    fn trails(&mut self) {
        let account = self.account;
        let mut own: std::collections::BTreeMap<&str, &Trail> = std::collections::BTreeMap::new();
        for (region, read) in &account.regional {
            match &read.trails {
                Reading::Known(trails) => {
                    let of_account = trails.iter().filter(|trail| owner_of(&trail.arn) == account.id);
                    own.extend(of_account.map(|trail| (trail.arn.as_str(), trail)));
                }
                Reading::Unreadable(why) => {
                    let facts = unread::trails(region, &Fact::unread(why));
                    self.push(ResourceKind::Trail, unread::UNREAD, None, Some(region), &facts);
                }
            }
        }
        for trail in own.into_values() {
            self.trail(trail);
        }
    }

    fn trail(&mut self, trail: &Trail) {
        let account = self.account;
        let (logging, delivering) = match account.trail_details.get(&trail.arn) {
            None => {
                let unknown = Fact::new(Tri::Unknown, "the trail's status was not read");
                (unknown.clone(), unknown)
            }
            Some(details) => {
                let evidence = details.status.known().map(|status| {
                    let shown = json!({
                        "IsLogging": status.is_logging,
                        "LatestDeliveryError": status.latest_delivery_error,
                    });
                    Evidence::new("cloudtrail:GetTrailStatus", &trail.arn, "", shown)
                });
                let fact = |verdict: Verdict| Fact::from(verdict).with_all(evidence.clone());
                (
                    fact(logging::is_logging(&trail.name, details)),
                    fact(logging::delivery_succeeds(&trail.name, details)),
                )
            }
        };
        let facts = TrailFacts {
            name: trail.name.clone(),
            arn: trail.arn.clone(),
            home_region: trail.home_region.clone(),
            logging,
            delivering,
            log_file_validation: validated(trail),
            encrypted: protection::trail_encrypted(account, trail),
            log_bucket: protection::log_bucket(account, trail, self.context),
        };
        let (arn, region) = (Some(trail.arn.clone()), Some(trail.home_region.as_str()));
        self.push(ResourceKind::Trail, &trail.name, arn, region, &facts);
    }

    fn alarms(&mut self) {
        let account = self.account;
        for (region, read) in &account.regional {
            // Without its trails nobody knows which log groups matter, and so which alarms.
            if let (Some(why), None) = (read.trails.unreadable(), account.alarms.get(region)) {
                let facts = unread::alarms(region, &Fact::unread(why));
                self.push(ResourceKind::Alarm, unread::UNREAD, None, Some(region), &facts);
            }
        }
        for (region, read) in &account.alarms {
            match &read.alarms {
                Reading::Unreadable(why) => {
                    let facts = unread::alarms(region, &Fact::unread(why));
                    self.push(ResourceKind::Alarm, unread::UNREAD, None, Some(region), &facts);
                }
                Reading::Known(alarms) => {
                    for alarm in &alarms.metric {
                        let facts = self.prepared.alerting.alarm(alarm, region);
                        let arn = Some(alarm.alarm_arn.clone());
                        self.push(ResourceKind::Alarm, &alarm.alarm_name, arn, Some(region), &facts);
                    }
                }
            }
        }
    }

    fn regions(&mut self) {
        let account = self.account;
        if let Some(why) = account.regions.unreadable() {
            let facts = unread::regions(&account.id, &Fact::unread(why));
            let id = format!("{}/{}", account.id, unread::UNREAD);
            self.push(ResourceKind::AccountRegion, &id, None, None, &facts);
        }
        for (region, read) in &account.regional {
            let suppression = Suppression::of(account, region, self.context);
            let (guardduty_enabled, guardduty_s3_protection) = self.guardduty(read, region);
            let facts = AccountRegionFacts {
                account_id: account.id.clone(),
                region: region.clone(),
                management_events_logged: self.prepared.observers.management_events(
                    &account.id,
                    region,
                    self.partition(),
                ),
                some_data_events_logged: self.trail_coverage().some_data_events(region),
                guardduty_enabled,
                guardduty_publishes_promptly: detector::publishes_promptly(read, region),
                guardduty_findings_kept: suppression.kept(),
                guardduty_narrowed_filters: suppression.narrowed(),
                guardduty_trusts_nobody: suppression.trusts_nobody(),
                guardduty_s3_protection,
                guardduty_member_expected: guardduty_administration::member_expected(
                    account,
                    region,
                    self.context,
                ),
                guardduty_member_healthy: guardduty_administration::member_healthy(
                    account,
                    region,
                    self.context,
                ),
                guardduty_findings_routed: self.finding_routes(region),
                tampering_heard: self.tampering.in_region(region),
                holds_sensitive_buckets: macie::holds_sensitive_buckets(account, region, self.context),
                macie_enabled: macie::enabled(account, region),
            };
            let id = format!("{}/{region}", account.id);
            self.push(ResourceKind::AccountRegion, &id, None, Some(region), &facts);
            self.event_rules(region, read);
            self.vpcs(region, read);
            self.vpc_endpoints(region, read);
        }
    }

    fn finding_routes(&self, region: &str) -> Fact {
        match self.prepared.routes.get(region) {
            Some(routes) => routes.all(),
            None => Fact::new(Tri::Unknown, format!("region `{region}` was not read")),
        }
    }

    /// Whether GuardDuty is enabled and watches S3: by the account's own detector, or where that could not be read by what
    /// the administrator says of it.
    fn guardduty(&self, read: &Region, region: &str) -> (Fact, Fact) {
        let of_member = match &read.detector {
            Reading::Known(_) => None,
            Reading::Unreadable(_) => guardduty_administration::of_member(self.account, region, self.context),
        };
        of_member.unwrap_or_else(|| (detector::enabled(read, region), detector::s3_protection(read, region)))
    }

    /// The organization is judged with its management account, or with the account that is audited alone.
    fn organization_regions(&mut self) {
        let account = self.account;
        let judged_here = match &self.context.organization.identity {
            Reading::Known(Some(identity)) => identity.management_account == account.id,
            Reading::Known(None) | Reading::Unreadable(_) => true,
        };
        if !judged_here {
            return;
        }
        for region in account.regional.keys() {
            let facts = guardduty_administration::of_region(account, region, self.context);
            let id = if facts.organization_id.is_empty() { &account.id } else { &facts.organization_id };
            let id = format!("{id}/{region}");
            self.push(ResourceKind::OrganizationRegion, &id, None, Some(region), &facts);
        }
    }

    fn event_rules(&mut self, region: &str, read: &Region) {
        match &read.rules {
            Reading::Unreadable(why) => {
                let facts = unread::event_rules(region, &Fact::unread(why));
                self.push(ResourceKind::EventRule, unread::UNREAD, None, Some(region), &facts);
            }
            Reading::Known(rules) => {
                let events = if rules.is_empty() {
                    Vec::new()
                } else {
                    rule_targets::events(&self.account.id, region, self.partition())
                };
                for rule in rules {
                    let facts = self.event_rule(rule, rules, region, &events);
                    let id = if rule.bus == "default" {
                        rule.name.clone()
                    } else {
                        format!("{}/{}", rule.bus, rule.name)
                    };
                    self.push(ResourceKind::EventRule, &id, Some(rule.arn.clone()), Some(region), &facts);
                }
            }
        }
    }

    fn event_rule(
        &self,
        rule: &Rule,
        rules: &[Rule],
        region: &str,
        events: &[(&str, Value)],
    ) -> EventRuleFacts {
        let pattern = rule_pattern::judged(rule);
        let enabled = rule.state != "DISABLED";
        let why = if enabled { "the rule is enabled" } else { "the rule is disabled" };
        EventRuleFacts {
            name: rule.name.clone(),
            bus: rule.bus.clone(),
            region: region.to_owned(),
            concerns_guardduty: pattern.concerns_guardduty,
            not_dead: pattern.not_dead,
            retired_types: pattern.retired_types,
            keeps_severities: rule_severities::kept(rule, rules, self.account, region, self.partition()),
            enabled: Fact::new(enabled, why).with(Evidence::new(
                "events:ListRules",
                &rule.arn,
                "/Rules/State",
                json!(rule.state),
            )),
            watches_exfiltration: rule_targets::watches(rule, events),
            target_reachable: rule_targets::reachable(rule, self.account),
        }
    }

    /// VPCs that others share are judged where they are owned: only their owner can give them an endpoint.
    fn vpcs(&mut self, region: &str, read: &Region) {
        match &read.network.vpcs {
            Reading::Unreadable(why) => {
                let facts = unread::vpcs(region, &Fact::unread(why));
                self.push(ResourceKind::Vpc, unread::UNREAD, None, Some(region), &facts);
            }
            Reading::Known(vpcs) => {
                let account = self.account.id.clone();
                for vpc in vpcs.iter().filter(|vpc| vpc.owner == account || vpc.owner.is_empty()) {
                    let facts = network::of(vpc, region, read);
                    let arn = format!("arn:{}:ec2:{region}:{account}:vpc/{}", self.partition(), vpc.id);
                    self.push(ResourceKind::Vpc, &vpc.id, Some(arn), Some(region), &facts);
                }
            }
        }
    }

    fn vpc_endpoints(&mut self, region: &str, read: &Region) {
        match &read.vpc_endpoints {
            Reading::Unreadable(why) => {
                let facts = unread::vpc_endpoints(&Fact::unread(why));
                self.push(ResourceKind::VpcEndpoint, unread::UNREAD, None, Some(region), &facts);
            }
            Reading::Known(endpoints) => {
                for endpoint in endpoints {
                    let denials = prevention::endpoint(endpoint, &self.prepared.perimeter);
                    let facts = VpcEndpointFacts {
                        id: endpoint.id.clone(),
                        vpc_id: endpoint.vpc_id.clone(),
                        service_name: endpoint.service_name.clone(),
                        denies_org_to_foreign_bucket: denials.org_to_foreign_bucket,
                        denies_foreign_to_foreign_bucket: denials.foreign_to_foreign_bucket,
                        denies_anonymous_to_foreign_bucket: denials.anonymous_to_foreign_bucket,
                        denies_foreign_to_own_bucket: denials.foreign_to_own_bucket,
                    };
                    let arn = format!(
                        "arn:{}:ec2:{region}:{}:vpc-endpoint/{}",
                        self.partition(),
                        self.account.id,
                        endpoint.id
                    );
                    self.push(ResourceKind::VpcEndpoint, &endpoint.id, Some(arn), Some(region), &facts);
                }
            }
        }
    }
}

/// Whether a trail writes digests of its files.
fn validated(trail: &Trail) -> Fact {
    let why = if trail.log_file_validation { "on" } else { "off" };
    Fact::new(trail.log_file_validation, format!("log file validation is switched {why}")).with(
        Evidence::new(
            "cloudtrail:DescribeTrails",
            &trail.arn,
            "/trailList/LogFileValidationEnabled",
            json!(trail.log_file_validation),
        ),
    )
}
