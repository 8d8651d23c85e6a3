//! What stands for resources that could not be listed: one resource named `*` of which nothing is known, so that its
//! checks are unknown instead of absent.

use super::fact::Fact;
use super::resources::{
    AccessPointFacts, AccountRegionFacts, AlarmFacts, BucketFacts, EventRuleFacts, Export, ForeignNetwork,
    LegitimateUse, OutsideGrant, PublicAccessBlocked, TrailFacts, VpcEndpointFacts, VpcFacts,
};

/// The name of what could not be listed.
pub const UNREAD: &str = "*";

/// Buckets that could not be listed.
pub fn buckets(unknown: &Fact) -> BucketFacts {
    let fact = || unknown.clone();
    BucketFacts {
        name: UNREAD.to_owned(),
        region: String::new(),
        sensitive: fact(),
        classified: fact(),
        reads_logged: fact(),
        writes_logged: fact(),
        not_public: fact(),
        outside_grants: vec![OutsideGrant {
            grantee: UNREAD.to_owned(),
            kind: "other".to_owned(),
            account_id: String::new(),
            granted: fact(),
            actions: Vec::new(),
        }],
        denies_foreign_network: ForeignNetwork {
            from_internet: fact(),
            from_foreign_endpoint: fact(),
            by_presigned_url: fact(),
        },
        public_access_blocked: PublicAccessBlocked {
            block_public_acls: fact(),
            ignore_public_acls: fact(),
            block_public_policy: fact(),
            restrict_public_buckets: fact(),
        },
        requires_tls: fact(),
        versioned: fact(),
        locked: fact(),
        key_denies_outside: fact(),
        identity_perimeter: fact(),
        control_plane_perimeter: fact(),
        legitimate_use: LegitimateUse {
            own_endpoint: fact(),
            services: fact(),
            forward_access: fact(),
            repair: fact(),
        },
        acls_disabled: fact(),
        exports: vec![Export {
            kind: UNREAD.to_owned(),
            destination: UNREAD.to_owned(),
            account_id: String::new(),
            inside: fact(),
        }],
    }
}

/// Access points that could not be listed.
pub fn access_points(region: &str, unknown: &Fact) -> AccessPointFacts {
    AccessPointFacts {
        name: UNREAD.to_owned(),
        region: region.to_owned(),
        buckets: vec![UNREAD.to_owned()],
        bucket_account_id: String::new(),
        network_origin: String::new(),
        vpc_id: String::new(),
        outside_grants: vec![OutsideGrant {
            grantee: UNREAD.to_owned(),
            kind: "other".to_owned(),
            account_id: String::new(),
            granted: unknown.clone(),
            actions: Vec::new(),
        }],
    }
}

/// Trails that could not be listed.
pub fn trails(region: &str, unknown: &Fact) -> TrailFacts {
    TrailFacts {
        name: UNREAD.to_owned(),
        arn: String::new(),
        home_region: region.to_owned(),
        logging: unknown.clone(),
        delivering: unknown.clone(),
        log_file_validation: unknown.clone(),
        encrypted: unknown.clone(),
        log_bucket: super::protection::unread(UNREAD, unknown),
    }
}

/// Regions that could not be listed.
pub fn regions(account: &str, unknown: &Fact) -> AccountRegionFacts {
    AccountRegionFacts {
        account_id: account.to_owned(),
        region: UNREAD.to_owned(),
        management_events_logged: unknown.clone(),
        some_data_events_logged: unknown.clone(),
        guardduty_enabled: unknown.clone(),
        guardduty_publishes_promptly: unknown.clone(),
        guardduty_findings_kept: unknown.clone(),
        guardduty_narrowed_filters: Vec::new(),
        guardduty_trusts_nobody: unknown.clone(),
        guardduty_s3_protection: unknown.clone(),
        guardduty_member_expected: unknown.clone(),
        guardduty_member_healthy: unknown.clone(),
        guardduty_findings_routed: unknown.clone(),
        tampering_heard: unknown.clone(),
        holds_sensitive_buckets: unknown.clone(),
        macie_enabled: unknown.clone(),
    }
}

/// Alarms that could not be listed.
pub fn alarms(region: &str, unknown: &Fact) -> AlarmFacts {
    AlarmFacts {
        name: UNREAD.to_owned(),
        region: region.to_owned(),
        security_relevant: unknown.clone(),
        actions_enabled: unknown.clone(),
        can_act: unknown.clone(),
        reaches_someone: unknown.clone(),
    }
}

/// Rules that could not be listed.
pub fn event_rules(region: &str, unknown: &Fact) -> EventRuleFacts {
    EventRuleFacts {
        name: UNREAD.to_owned(),
        bus: UNREAD.to_owned(),
        region: region.to_owned(),
        concerns_guardduty: unknown.clone(),
        not_dead: unknown.clone(),
        retired_types: Vec::new(),
        keeps_severities: unknown.clone(),
        enabled: unknown.clone(),
        watches_exfiltration: unknown.clone(),
        target_reachable: unknown.clone(),
    }
}

/// VPC endpoints that could not be listed.
pub fn vpc_endpoints(unknown: &Fact) -> VpcEndpointFacts {
    VpcEndpointFacts {
        id: UNREAD.to_owned(),
        vpc_id: String::new(),
        service_name: String::new(),
        denies_org_to_foreign_bucket: unknown.clone(),
        denies_foreign_to_foreign_bucket: unknown.clone(),
        denies_anonymous_to_foreign_bucket: unknown.clone(),
        denies_foreign_to_own_bucket: unknown.clone(),
    }
}

/// VPCs that could not be listed.
pub fn vpcs(region: &str, unknown: &Fact) -> VpcFacts {
    VpcFacts {
        id: UNREAD.to_owned(),
        region: region.to_owned(),
        has_workloads: unknown.clone(),
        s3_through_endpoint: unknown.clone(),
    }
}
