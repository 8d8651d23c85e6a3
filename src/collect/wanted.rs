//! Which operations are asked at all: those whose answers a selected check needs.

use std::collections::BTreeSet;

/// What every run asks, whatever is selected: who the caller is, which accounts, regions and buckets there are.
const ALWAYS: [&str; 7] = [
    "ec2:DescribeRegions",
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
    "s3:GetBucketLocation",
    "s3:ListBuckets",
    "sts:AssumeRole",
    "sts:GetCallerIdentity",
];

/// The operations whose answers are needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Wanted {
    /// All.
    #[default]
    All,
    /// These (`service:Operation`), and what every run asks.
    Only(BTreeSet<String>),
}

impl Wanted {
    /// The same and one more operation.
    #[must_use]
    pub fn and(mut self, operation: &str) -> Self {
        if let Self::Only(operations) = &mut self {
            operations.insert(operation.to_owned());
        }
        self
    }

    /// The operations that are asked; none: all.
    #[must_use]
    pub fn operations(&self) -> Option<BTreeSet<String>> {
        match self {
            Self::All => None,
            Self::Only(operations) => {
                Some(operations.iter().cloned().chain(ALWAYS.map(str::to_owned)).collect())
            }
        }
    }

    /// Whether an operation is asked.
    #[must_use]
    pub fn includes(&self, operation: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(operations) => operations.contains(operation) || ALWAYS.contains(&operation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accounts_are_found_whatever_is_wanted() {
        let only = Wanted::Only(BTreeSet::from(["s3:GetBucketPolicy".to_owned()]));
        assert!(only.includes("s3:GetBucketPolicy") && only.includes("organizations:ListAccounts"));
        assert!(!only.includes("s3:GetBucketAcl"));
        assert!(Wanted::All.includes("s3:GetBucketAcl"));
    }
}
