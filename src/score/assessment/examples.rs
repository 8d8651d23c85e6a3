//! Small assessments for unit tests of this crate.

use serde_json::json;

use super::*;

/// An audited account with three buckets.
pub(crate) fn account(id: &str) -> AccountAudit {
    AccountAudit {
        id: id.to_owned(),
        name: format!("name of {id}"),
        status: AccountStatus::Audited,
        regions: vec!["eu-central-1".to_owned()],
        buckets: Some(3),
    }
}

/// A result of account `111122223333` for a check whose area follows from its name.
pub(crate) fn result(check: &str, severity: Severity, status: Status, id: &str) -> ResultRecord {
    let (area, kind) = match check {
        c if c.starts_with("guardduty-s3-findings") => (Area::EventRules, ResourceKind::AccountRegion),
        c if c.starts_with("guardduty") => (Area::Guardduty, ResourceKind::AccountRegion),
        c if c.starts_with("object") || c.starts_with("management") => {
            (Area::DataEvents, ResourceKind::Bucket)
        }
        c if c.starts_with("trail") => (Area::DataEvents, ResourceKind::Trail),
        c if c.contains("alarm") => (Area::Alarms, ResourceKind::Account),
        c if c.starts_with("event-rule") => (Area::EventRules, ResourceKind::EventRule),
        c if c.starts_with("endpoint") => (Area::Endpoints, ResourceKind::VpcEndpoint),
        _ => (Area::Buckets, ResourceKind::Bucket),
    };
    ResultRecord {
        check: check.to_owned(),
        area,
        severity,
        status,
        account_id: "111122223333".to_owned(),
        region: Some("eu-central-1".to_owned()),
        resource: Resource {
            kind,
            id: id.to_owned(),
            arn: (kind == ResourceKind::Bucket).then(|| format!("arn:aws:s3:::{id}")),
        },
        message: format!("{check} says something about {id}"),
        evidence: Vec::new(),
        witness: json!({}),
        assumptions: Vec::new(),
        remediation: None,
        exception: None,
        since_baseline: None,
        sensitive: false,
    }
}

/// A run in which nothing was unreadable.
pub(crate) fn run() -> Run {
    Run {
        id: "0193".to_owned(),
        tool_version: "0.1.0".to_owned(),
        started_at: "2026-11-23T06:00:00Z".parse().unwrap_or_default(),
        finished_at: "2026-11-23T06:01:30.5Z".parse().unwrap_or_default(),
        source: Source::Live,
        shard: None,
        partition: None,
        judged_by: None,
        organization_id: Some("o-exampleorgid".to_owned()),
        management_account: Some("111122223333".to_owned()),
        accounts_in_scope: 0,
        accounts_audited: 0,
        regions: vec!["us-east-1".to_owned(), "eu-central-1".to_owned()],
        complete: false,
        incomplete: Vec::new(),
        api_calls: ApiCalls {
            total: 42,
            retries: 1,
            throttled: 0,
            by_operation: BTreeMap::from([("s3:ListBuckets".to_owned(), 42)]),
        },
    }
}

/// One thing that could not be read.
pub(crate) fn denied(account_id: &str, operation: &str, resource: Option<&str>) -> Incomplete {
    Incomplete {
        account_id: account_id.to_owned(),
        region: Some("eu-central-1".to_owned()),
        operation: operation.to_owned(),
        resource: resource.map(str::to_owned),
        code: "AccessDenied".to_owned(),
        message: "not authorized".to_owned(),
    }
}

/// An organization of four accounts in every state, with every status.
pub(crate) fn organization() -> Assessment {
    let mut run = run();
    run.incomplete = vec![
        denied("222233334444", "s3:GetBucketPolicy", Some("archive")),
        Incomplete {
            region: None,
            message: "role/exfilguard-audit cannot be assumed".to_owned(),
            ..denied("333344445555", "sts:AssumeRole", None)
        },
    ];
    let with = |id: &str, name: &str, status, buckets| AccountAudit {
        name: name.to_owned(),
        status,
        buckets,
        ..account(id)
    };
    let accounts = vec![
        with("444455556666", "closed", AccountStatus::Suspended, None),
        with("111122223333", "production", AccountStatus::Audited, Some(7)),
        with("222233334444", "data lake", AccountStatus::Partial, Some(1)),
        with("333344445555", "sandbox", AccountStatus::Unreachable, None),
    ];
    let of = |account: &str, mut record: ResultRecord| {
        record.account_id = account.to_owned();
        record
    };
    let mut excepted = result("bucket-not-shared-outside", Severity::High, Status::Excepted, "site");
    excepted.exception = Some(Exception {
        reason: "public web site".to_owned(),
        owner: "web team".to_owned(),
        expires: "2027-06-30".to_owned(),
    });
    let mut public = result("bucket-not-public", Severity::Critical, Status::Fail, "site");
    public.sensitive = true;
    public.remediation = Some("block-public-access".to_owned());
    public.witness = json!({"action": "s3:GetObject", "principal": "anonymous"});
    public.assumptions = vec!["A-07".to_owned()];
    public.evidence = vec![Evidence {
        operation: "s3:GetBucketPolicy".to_owned(),
        resource: "site".to_owned(),
        pointer: "/Statement/0/Principal".to_owned(),
        value: json!("*"),
    }];
    let mut reads = result("object-reads-logged", Severity::High, Status::Fail, "customer-data");
    reads.remediation = Some("enable-s3-data-events".to_owned());
    let results = vec![
        of("222233334444", result("bucket-not-public", Severity::Critical, Status::Unknown, "archive")),
        of("222233334444", result("object-reads-logged", Severity::High, Status::Pass, "archive")),
        public,
        reads,
        excepted,
        result("bucket-restricts-network", Severity::High, Status::NotApplicable, "site"),
        result("bucket-requires-tls", Severity::Medium, Status::Error, "site"),
        result("guardduty-enabled", Severity::Critical, Status::Pass, "111122223333/eu-central-1"),
    ];
    Assessment::new(run, accounts, results)
}
