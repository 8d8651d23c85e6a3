//! The organization that is served: that of a snapshot file, or a generated one.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use quick_cache::sync::Cache;
use serde_json::{Value, json};

use crate::generated::Plan;
use crate::record::{Account, text};

/// Generated accounts that are kept: those that are being read, and more.
const KEPT: usize = 512;

/// Who is who, and what is recorded of each.
pub struct Organization {
    /// What a snapshot records of the organization.
    pub record: Value,
    accounts: Accounts,
}

enum Accounts {
    Recorded(HashMap<String, Arc<Account>>),
    Generated(Plan, Cache<String, Arc<Account>>),
}

impl Organization {
    /// That of a snapshot file, compressed or plain.
    ///
    /// # Errors
    /// The file cannot be read, or is no snapshot.
    pub fn recorded(path: &Path) -> Result<Self, Error> {
        let mut file = BufReader::new(File::open(path)?);
        let compressed = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let input: Box<dyn Read> =
            if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut lines = BufReader::new(input).lines();
        let header: Value = serde_json::from_str(&lines.next().unwrap_or_else(|| Ok(String::new()))?)?;
        if !text(&header, "schema").starts_with("exfilguard.snapshot/") {
            return Err(Error::new(ErrorKind::InvalidData, "the file is no snapshot of exfilguard"));
        }
        let mut accounts = HashMap::new();
        for line in lines {
            let record: Value = serde_json::from_str(&line?)?;
            // The last line has no id: the number of accounts.
            if record.get("id").is_some() {
                let account = Account::new(record);
                accounts.insert(account.id.clone(), Arc::new(account));
            }
        }
        Ok(Self { record: header["organization"].clone(), accounts: Accounts::Recorded(accounts) })
    }

    /// A generated one. An account is made when it is asked for, always the same.
    pub fn generated(plan: Plan) -> Self {
        Self { record: plan.organization(), accounts: Accounts::Generated(plan, Cache::new(KEPT)) }
    }

    /// The account whose credentials are nobody else's.
    pub fn caller(&self) -> &str {
        text(&self.record, "caller_account")
    }

    /// The partition, such as `aws`.
    pub fn partition(&self) -> &str {
        text(&self.record, "partition")
    }

    /// The management account; empty where there is no organization.
    pub fn management(&self) -> &str {
        text(&self.record["identity"]["known"], "management_account")
    }

    /// An account, of which nothing is known if it is not in the organization.
    pub fn account(&self, id: &str) -> Arc<Account> {
        self.find(id).unwrap_or_else(|| Arc::new(Account::unknown(id)))
    }

    /// An account of the organization.
    pub fn find(&self, id: &str) -> Option<Arc<Account>> {
        match &self.accounts {
            Accounts::Recorded(accounts) => accounts.get(id).cloned(),
            Accounts::Generated(plan, kept) => {
                let place = plan.place(id)?;
                let made = kept.get_or_insert_with(id, || Ok::<_, Error>(Arc::new(plan.account(place))));
                made.ok()
            }
        }
    }

    /// Writes a generated organization as a snapshot file.
    ///
    /// # Errors
    /// The file cannot be written, or the organization is not a generated one.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let Accounts::Generated(plan, _) = &self.accounts else {
            return Err(Error::new(ErrorKind::InvalidInput, "only a generated organization is written"));
        };
        let mut file = GzEncoder::new(File::create(path)?, Compression::fast());
        let header = json!({
            "schema": "exfilguard.snapshot/1", "tool_version": env!("CARGO_PKG_VERSION"),
            "recorded_at": crate::generated::RECORDED_AT, "scope": plan.ids(), "hubs": plan.hubs(),
            "organization": self.record,
        });
        writeln!(file, "{header}")?;
        let places = plan.places_hubs_first();
        for &place in &places {
            writeln!(file, "{}", plan.account(place).record())?;
        }
        writeln!(file, "{}", json!({"accounts": places.len()}))?;
        file.finish()?.sync_all()
    }
}
