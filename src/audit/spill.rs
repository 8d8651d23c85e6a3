//! Where the results of judged accounts wait for the reports. Each account is two pieces, its results and its cells, so that
//! a report reads only what it shows. The index is all that stays in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::json;
use crate::score::assessment::ResultRecord;
use crate::score::{Chunks, RecordKinds, Records, Texts};
use crate::simulate::Cell;
use crate::temporary::{Packed, Place, TemporaryRecords};

/// Records of accounts, on disk.
#[derive(Debug)]
pub struct Spill {
    kept: Arc<TemporaryRecords>,
    kinds: RecordKinds,
    results: BTreeMap<String, Place>,
    cells: BTreeMap<String, Place>,
}

/// Records of one account, compressed; none where there are none.
#[derive(Debug)]
pub struct PackedAccount {
    results: Option<Packed>,
    cells: Option<Packed>,
}

impl PackedAccount {
    /// Compresses those of an account's records that are kept.
    ///
    /// # Errors
    /// The JSON writer refused a value.
    pub fn of(results: &[ResultRecord], cells: &[Cell], kept: RecordKinds) -> io::Result<Self> {
        Ok(Self {
            results: (kept.results && !results.is_empty()).then(|| packed(results)).transpose()?,
            cells: (kept.cells && !cells.is_empty()).then(|| packed(cells)).transpose()?,
        })
    }
}

impl Default for Spill {
    /// Nothing yet; everything is kept.
    fn default() -> Self {
        Self::keeping(RecordKinds::ALL)
    }
}

impl Spill {
    /// Nothing yet of what is to be kept.
    #[must_use]
    pub fn keeping(kinds: RecordKinds) -> Self {
        Self { kept: Arc::default(), kinds, results: BTreeMap::new(), cells: BTreeMap::new() }
    }

    /// Keeps an account's records.
    ///
    /// # Errors
    /// The disk is full or failing.
    pub fn put(&mut self, account: &str, packed: &PackedAccount) -> io::Result<()> {
        for (piece, index) in [(&packed.results, &mut self.results), (&packed.cells, &mut self.cells)] {
            if let Some(piece) = piece {
                index.insert(account.to_owned(), self.kept.put(piece)?);
            }
        }
        Ok(())
    }
}

impl Records for Spill {
    fn results(&self) -> Chunks<'_, ResultRecord> {
        Box::new(self.each(&self.results, self.kinds.results, unpacked).map(|chunk| chunk.map(Cow::Owned)))
    }

    fn cells(&self) -> Chunks<'_, Cell> {
        Box::new(self.each(&self.cells, self.kinds.cells, unpacked).map(|chunk| chunk.map(Cow::Owned)))
    }

    fn results_text(&self) -> Texts<'_> {
        Box::new(self.each(&self.results, self.kinds.results, TemporaryRecords::text))
    }

    fn cells_text(&self) -> Texts<'_> {
        Box::new(self.each(&self.cells, self.kinds.cells, TemporaryRecords::text))
    }
}

impl Spill {
    /// What is not kept is not taken for empty: a report that reads more than it says is not written.
    fn each<T: Send + 'static>(
        &self,
        index: &BTreeMap<String, Place>,
        kept: bool,
        read: fn(&TemporaryRecords, Place) -> io::Result<T>,
    ) -> impl Iterator<Item = io::Result<T>> {
        let missing = (!kept).then(|| Err(io::Error::other("these records were not kept")));
        missing.into_iter().chain(self.kept.each(index.values().copied().collect(), read))
    }
}

/// Records as they stand in a written assessment, so that it need not be made anew.
fn packed(records: &[impl Serialize]) -> io::Result<Packed> {
    Packed::text(&json::elements(records)?)
}

fn unpacked<T: DeserializeOwned>(kept: &TemporaryRecords, place: Place) -> io::Result<Vec<T>> {
    Ok(serde_json::from_str(&format!("[{}]", kept.text(place)?))?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::catalogue::{Severity, Status};
    use crate::score::assessment::examples::result;

    #[test]
    fn accounts_come_back_in_order() {
        let of = |account: u64| {
            let mut record = result("bucket-not-public", Severity::High, Status::Fail, "one");
            record.account_id = format!("{account:012}");
            record
        };
        let mut spill = Spill::keeping(RecordKinds::RESULTS);
        for account in [3, 1, 2] {
            let record = of(account);
            let packed = PackedAccount::of(std::slice::from_ref(&record), &[], spill.kinds).unwrap();
            spill.put(&record.account_id, &packed).unwrap();
        }
        spill.put("000000000000", &PackedAccount::of(&[], &[], spill.kinds).unwrap()).unwrap();
        let read: Vec<ResultRecord> = spill.results().flat_map(|chunk| chunk.unwrap().into_owned()).collect();
        assert_eq!(read, [of(1), of(2), of(3)]);
        assert!(spill.cells().next().unwrap().is_err(), "what is not kept is not empty");
    }
}
