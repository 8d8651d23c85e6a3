//! Where a bucket sends data by itself, and to whom that belongs (BKT-10).

use serde_json::{Value, json};

use super::context::{Context, owner_of};
use super::fact::{Evidence, Fact};
use super::resources::Export;
use super::unread::UNREAD;
use crate::semantics::iam::arn::is_account_id;
use crate::semantics::verdict::Tri;
use crate::snapshot::{AccountSnapshot, Bucket, Reading, Unreadable};

/// The operation that reads each kind of export.
const REPLICATION: (&str, &str) = ("replication", "s3:GetBucketReplication");
const INVENTORY: (&str, &str) = ("inventory", "s3:ListBucketInventoryConfigurations");
const ACCESS_LOG: (&str, &str) = ("access-log", "s3:GetBucketLogging");
const NOTIFICATION: (&str, &str) = ("notification", "s3:GetBucketNotificationConfiguration");

/// Everything that a bucket carries elsewhere by itself. What is switched off carries nothing and is left out; a kind
/// that could not be read stands as one entry.
#[must_use]
pub fn of(account: &AccountSnapshot, bucket: &Bucket, context: &Context<'_>) -> Vec<Export> {
    let owners = Owners { account, context };
    let mut exports = Vec::new();
    match &bucket.exports.replication {
        Reading::Unreadable(why) => exports.push(unread(REPLICATION.0, why)),
        Reading::Known(rules) => {
            for rule in rules.iter().filter(|rule| rule.status != "Disabled") {
                let shown = json!({"ID": rule.id, "Status": rule.status,
                    "Destination": {"Bucket": rule.bucket_arn, "Account": rule.account}});
                let inside = owners.of_bucket(&rule.bucket_arn, rule.account.as_deref());
                exports.push(inside.export(REPLICATION, bucket, "/ReplicationConfiguration/Rules", shown));
            }
        }
    }
    match &bucket.exports.inventories {
        Reading::Unreadable(why) => exports.push(unread(INVENTORY.0, why)),
        Reading::Known(inventories) => {
            for inventory in inventories.iter().filter(|inventory| inventory.enabled) {
                let shown = json!({"Id": inventory.id, "Destination": {"S3BucketDestination":
                    {"Bucket": inventory.bucket_arn, "AccountId": inventory.account}}});
                let inside = owners.of_bucket(&inventory.bucket_arn, inventory.account.as_deref());
                exports.push(inside.export(INVENTORY, bucket, "/InventoryConfigurationList", shown));
            }
        }
    }
    match &bucket.exports.access_logs {
        Reading::Unreadable(why) => exports.push(unread(ACCESS_LOG.0, why)),
        Reading::Known(None) => {}
        Reading::Known(Some(target)) => {
            let inside = owners.of_log_bucket(target);
            exports.push(inside.export(ACCESS_LOG, bucket, "/LoggingEnabled/TargetBucket", json!(target)));
        }
    }
    match &bucket.exports.notifications {
        Reading::Unreadable(why) => exports.push(unread(NOTIFICATION.0, why)),
        Reading::Known(arns) => {
            for arn in arns {
                exports.push(owners.of_arn(arn).export(NOTIFICATION, bucket, "", json!(arn)));
            }
        }
    }
    exports
}

/// Exports of which nothing is known.
fn unread(kind: &str, why: &Unreadable) -> Export {
    Export {
        kind: kind.to_owned(),
        destination: UNREAD.to_owned(),
        account_id: String::new(),
        inside: Fact::unread(why),
    }
}

/// A destination and whose it is.
struct Destination {
    name: String,
    account_id: String,
    inside: Fact,
}

impl Destination {
    fn export(self, (kind, operation): (&str, &str), bucket: &Bucket, pointer: &str, shown: Value) -> Export {
        Export {
            kind: kind.to_owned(),
            destination: self.name,
            account_id: self.account_id,
            inside: self.inside.with(Evidence::new(operation, &bucket.name, pointer, shown)),
        }
    }
}

/// Whose destinations are.
struct Owners<'a> {
    account: &'a AccountSnapshot,
    context: &'a Context<'a>,
}

impl Owners<'_> {
    /// The owner of a destination bucket: the account that the configuration names (S3 refuses a bucket of another), or
    /// else the one in which a bucket of that name was read, because names are unique in a partition.
    fn of_bucket(&self, arn: &str, named: Option<&str>) -> Destination {
        let name = arn.rsplit(':').next().unwrap_or(arn).to_owned();
        let read = || {
            let hubs = self.context.hubs.values().chain([self.account]);
            hubs.into_iter().find(|account| has_bucket(account, &name)).map(|account| account.id.clone())
        };
        match named.map(str::to_owned).or_else(read) {
            Some(account_id) => {
                let inside = self.is_inside(&account_id);
                Destination { name, account_id, inside }
            }
            None => {
                let inside = Fact::new(
                    Tri::Unknown,
                    "the configuration names no account, and no bucket of that name was read in this account or a \
                     central one",
                );
                Destination { name, account_id: String::new(), inside }
            }
        }
    }

    /// Server access logs go to a bucket of the same account and region (S3 user guide, *Enabling Amazon S3 server access
    /// logging*): if there is none of that name, whoever registers the name next may be waiting for them.
    fn of_log_bucket(&self, name: &str) -> Destination {
        let own = self.account.id.clone();
        let (account_id, inside) = if has_bucket(self.account, name) {
            let inside = self.is_inside(&own);
            (own, inside)
        } else {
            let inside = match &self.account.buckets {
                Reading::Unreadable(why) => Fact::unread(why),
                Reading::Known(_) => Fact::new(Tri::No, "the account has no bucket of that name"),
            };
            (String::new(), inside)
        };
        Destination { name: name.to_owned(), account_id, inside }
    }

    fn of_arn(&self, arn: &str) -> Destination {
        let owner = owner_of(arn);
        let (account_id, inside) = if is_account_id(owner) {
            (owner.to_owned(), self.is_inside(owner))
        } else {
            (String::new(), Fact::new(Tri::Unknown, "the destination's ARN names no account"))
        };
        Destination { name: arn.to_owned(), account_id, inside }
    }

    /// Whether an account belongs to the organization.
    fn is_inside(&self, id: &str) -> Fact {
        if id == self.account.id {
            return Fact::new(Tri::Yes, "it belongs to the same account");
        }
        let organization = self.context.organization;
        if matches!(organization.identity, Reading::Known(None)) {
            return Fact::new(Tri::No, format!("account {id} is another one, and there is no organization"));
        }
        match &organization.accounts {
            Reading::Unreadable(why) => {
                let clause = why.clause();
                let reason =
                    format!("whether account {id} belongs to the organization is not known because {clause}");
                Fact::new(Tri::Unknown, reason)
            }
            Reading::Known(accounts) if accounts.iter().any(|account| account.id == id) => {
                Fact::new(Tri::Yes, format!("account {id} belongs to the organization"))
            }
            Reading::Known(_) => {
                Fact::new(Tri::No, format!("account {id} does not belong to the organization"))
            }
        }
    }
}

fn has_bucket(account: &AccountSnapshot, name: &str) -> bool {
    account.buckets.known().into_iter().flatten().any(|bucket| bucket.name == name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::facts::samples;
    use crate::snapshot::{BucketExports, Inventory, Organization, ReplicationRule};

    const STRANGER: &str = "999999999999";

    fn judged(exports: BucketExports, organization: &Organization) -> Vec<(String, String, Tri)> {
        let bucket = Bucket { exports, ..samples::bucket("ledger") };
        let mut account = samples::account();
        account.buckets = Reading::Known(vec![bucket.clone(), samples::bucket("logs")]);
        samples::with_context(organization, |context| {
            let exports = of(&account, &bucket, context);
            exports.into_iter().map(|export| (export.kind, export.account_id, export.inside.holds)).collect()
        })
    }

    fn none() -> BucketExports {
        samples::bucket("b").exports
    }

    fn replication(status: &str, bucket: &str, account: Option<&str>) -> BucketExports {
        let rule = ReplicationRule {
            id: "rule".into(),
            status: status.into(),
            bucket_arn: format!("arn:aws:s3:::{bucket}"),
            account: account.map(str::to_owned),
        };
        BucketExports { replication: Reading::Known(vec![rule]), ..none() }
    }

    fn one(exports: BucketExports) -> (String, Tri) {
        let mut judged = judged(exports, &samples::organization());
        assert_eq!(judged.len(), 1, "{judged:?}");
        let (_, account, holds) = judged.remove(0);
        (account, holds)
    }

    #[test]
    fn a_bucket_that_sends_nothing_has_no_exports() {
        assert_eq!(judged(none(), &samples::organization()), []);
    }

    #[test]
    fn copies_belong_to_the_account_that_the_rule_names_or_that_has_the_bucket() {
        assert_eq!(one(replication("Enabled", "elsewhere", Some(STRANGER))), (STRANGER.into(), Tri::No));
        assert_eq!(
            one(replication("Enabled", "elsewhere", Some(samples::ACCOUNT))),
            (samples::ACCOUNT.into(), Tri::Yes)
        );
        assert_eq!(one(replication("Enabled", "logs", None)), (samples::ACCOUNT.into(), Tri::Yes));
        assert_eq!(one(replication("Enabled", "elsewhere", None)), (String::new(), Tri::Unknown));
    }

    #[test]
    fn what_is_switched_off_sends_nothing() {
        let mut exports = replication("Disabled", "elsewhere", Some(STRANGER));
        let inventory = Inventory {
            id: "all".into(),
            enabled: false,
            bucket_arn: "arn:aws:s3:::elsewhere".into(),
            account: Some(STRANGER.into()),
        };
        exports.inventories = Reading::Known(vec![inventory]);
        assert_eq!(judged(exports, &samples::organization()), []);
    }

    #[test]
    fn an_inventory_is_judged_like_a_copy() {
        let inventory = Inventory {
            id: "all".into(),
            enabled: true,
            bucket_arn: "arn:aws:s3:::elsewhere".into(),
            account: Some(STRANGER.into()),
        };
        let exports = BucketExports { inventories: Reading::Known(vec![inventory]), ..none() };
        assert_eq!(one(exports), (STRANGER.into(), Tri::No));
    }

    #[test]
    fn access_logs_stay_in_the_account_or_go_to_a_bucket_that_is_gone() {
        let to = |bucket: &str| BucketExports { access_logs: Reading::Known(Some(bucket.into())), ..none() };
        assert_eq!(one(to("logs")), (samples::ACCOUNT.into(), Tri::Yes));
        assert_eq!(one(to("gone")), (String::new(), Tri::No));
    }

    #[test]
    fn events_go_to_the_account_of_the_arn() {
        let to = |arn: String| BucketExports { notifications: Reading::Known(vec![arn]), ..none() };
        let queue = |account: &str| to(format!("arn:aws:sqs:eu-west-1:{account}:events"));
        assert_eq!(one(queue(samples::ACCOUNT)), (samples::ACCOUNT.into(), Tri::Yes));
        assert_eq!(one(queue(STRANGER)), (STRANGER.into(), Tri::No));
        assert_eq!(one(to("queue".into())), (String::new(), Tri::Unknown));
    }

    #[test]
    fn an_unread_kind_is_one_entry_of_which_nothing_is_known() {
        let why = samples::denied::<()>("s3:GetBucketReplication").unreadable().unwrap().clone();
        let judged = judged(BucketExports::unread(&why), &samples::organization());
        assert_eq!(judged.len(), 4);
        assert!(judged.iter().all(|(_, account, holds)| account.is_empty() && *holds == Tri::Unknown));
    }

    #[test]
    fn who_cannot_be_told_from_a_member_is_unknown_unless_there_is_no_organization() {
        let mut organization = samples::organization();
        organization.accounts = samples::denied("organizations:ListAccounts");
        let exports = || replication("Enabled", "elsewhere", Some(STRANGER));
        let holds = |organization: &Organization| judged(exports(), organization).remove(0).2;
        assert_eq!(holds(&organization), Tri::Unknown);
        organization.identity = Reading::Known(None);
        assert_eq!(holds(&organization), Tri::No);
    }
}
