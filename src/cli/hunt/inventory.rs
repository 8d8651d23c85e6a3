//! The organization's accounts and buckets, from an audit that was saved: so that nobody has to type them.

use std::path::Path;

use miette::IntoDiagnostic as _;

use crate::cli::console::Console;
use crate::cli::{Failure, assessment_file};
use crate::investigate::Hunt;
use crate::investigate::incident::AuditView;
use crate::investigate::parameters::Given;
use crate::snapshot::SnapshotReader;

/// What an audit lists. What it could not read is missing.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The accounts of the organization, each at least once.
    pub accounts: Vec<String>,
    /// The names of their buckets.
    pub buckets: Vec<String>,
}

impl Inventory {
    /// From a saved snapshot.
    pub fn of_snapshot(path: &Path, console: &Console) -> Result<Self, Failure> {
        let reader = SnapshotReader::open(path).into_diagnostic().map_err(Failure::usage)?;
        let organization = &reader.header().organization;
        let listed = organization.accounts.known().into_iter().flatten().map(|account| account.id.clone());
        let mut inventory = Self { accounts: listed.collect(), buckets: Vec::new() };
        let mut unread = 0_usize;
        for account in reader {
            let account = account.into_diagnostic().map_err(Failure::usage)?;
            match account.buckets.known() {
                Some(known) => inventory.buckets.extend(known.iter().map(|bucket| bucket.name.clone())),
                None => unread += 1,
            }
            inventory.accounts.push(account.id);
        }
        if unread > 0 {
            console.warn(&format!(
                "in {unread} accounts of the snapshot the buckets could not be read; theirs are not in the inventory"
            ));
        }
        Ok(inventory)
    }

    /// From an assessment: the accounts that were audited, and the buckets that it has results of.
    pub fn of_assessment(path: &Path, console: &Console) -> Result<Self, Failure> {
        let assessment = assessment_file::read(path)?;
        let view = AuditView::of(&assessment);
        if let Some(why) = view.may_lack_accounts() {
            console.warn(&format!("{why}: what it does not list counts as outside of the organization"));
        }
        Ok(Self {
            accounts: view.accounts().map(str::to_owned).collect(),
            buckets: view.buckets().into_iter().collect(),
        })
    }

    /// Gives it to a hunt that asks for it and was not given anything else.
    pub fn give(&self, hunt: &Hunt, given: &mut Given) {
        for (name, values) in
            [("organization_accounts", &self.accounts), ("organization_buckets", &self.buckets)]
        {
            if hunt.parameter(name).is_some() && !values.is_empty() {
                given.entry(name.to_owned()).or_insert_with(|| values.clone());
            }
        }
    }
}
