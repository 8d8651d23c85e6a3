//! Where the results of judged accounts wait for the reports. Each account is in pieces, its results, its cells and what
//! reports say of it, so that a report reads only what it shows. The index is all that stays in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::json;
use crate::score::assessment::ResultRecord;
use crate::score::{AccountRecords, Chunks, Records, ReportNeeds, Section, Sections, Texts};
use crate::simulate::Cell;
use crate::temporary::{Packed, Place, TemporaryRecords};

/// Records of accounts, on disk.
#[derive(Debug)]
pub struct Spill {
    kept: Arc<TemporaryRecords>,
    needs: ReportNeeds,
    results: Index,
    cells: Index,
    /// By the name of the report; an error if it has no text for some account.
    sections: BTreeMap<&'static str, io::Result<Index>>,
}

/// Where the pieces of a kind are, by account.
type Index = BTreeMap<String, Place>;

/// Records of one account, compressed; none where there are none.
#[derive(Debug)]
pub struct PackedAccount {
    results: Option<Packed>,
    cells: Option<Packed>,
    /// By the name of the report. One that cannot be made ends its own report, no other.
    sections: Vec<(&'static str, io::Result<Packed>)>,
}

impl PackedAccount {
    /// Compresses what reports need of an account.
    ///
    /// # Errors
    /// The writer of a format refused a value.
    pub fn of(account: &AccountRecords<'_>, cells: &[Cell], needs: &ReportNeeds) -> io::Result<Self> {
        let results = account.results;
        let wanted = needs.sections.iter().filter(|_| !results.is_empty());
        Ok(Self {
            results: (needs.results && !results.is_empty()).then(|| packed(results)).transpose()?,
            cells: (needs.cells && !cells.is_empty()).then(|| packed(cells)).transpose()?,
            sections: wanted.map(|section| (section.report, made(section, account))).collect(),
        })
    }
}

impl Default for Spill {
    /// Nothing yet; everything is kept.
    fn default() -> Self {
        Self::keeping(ReportNeeds::ALL)
    }
}

impl Spill {
    /// Nothing yet of what is to be kept.
    #[must_use]
    pub fn keeping(needs: ReportNeeds) -> Self {
        let sections = needs.sections.iter().map(|section| (section.report, Ok(Index::new()))).collect();
        Self { kept: Arc::default(), needs, results: Index::new(), cells: Index::new(), sections }
    }

    /// Keeps an account's records.
    ///
    /// # Errors
    /// The disk is full or failing.
    pub fn put(&mut self, account: &str, packed: PackedAccount) -> io::Result<()> {
        for (piece, index) in [(&packed.results, &mut self.results), (&packed.cells, &mut self.cells)] {
            if let Some(piece) = piece {
                index.insert(account.to_owned(), self.kept.put(piece)?);
            }
        }
        for (report, piece) in packed.sections {
            match (self.sections.get_mut(report), piece) {
                (Some(Ok(index)), Ok(piece)) => _ = index.insert(account.to_owned(), self.kept.put(&piece)?),
                (Some(index @ Ok(_)), Err(error)) => *index = Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Records for Spill {
    fn results(&self) -> Chunks<'_, ResultRecord> {
        Box::new(self.each(&self.results, self.needs.results, unpacked).map(|chunk| chunk.map(Cow::Owned)))
    }

    fn cells(&self) -> Chunks<'_, Cell> {
        Box::new(self.each(&self.cells, self.needs.cells, unpacked).map(|chunk| chunk.map(Cow::Owned)))
    }

    fn results_text(&self) -> Texts<'_> {
        Box::new(self.each(&self.results, self.needs.results, TemporaryRecords::text))
    }

    fn cells_text(&self) -> Texts<'_> {
        Box::new(self.each(&self.cells, self.needs.cells, TemporaryRecords::text))
    }

    fn sections(&self, report: &str) -> Option<Sections<'_>> {
        let index = match self.sections.get(report)? {
            Ok(index) => index,
            Err(error) => return Some(Box::new(std::iter::once(Err(io::Error::other(error.to_string()))))),
        };
        let texts = self.each(index, true, TemporaryRecords::text);
        Some(Box::new(index.keys().zip(texts).map(|(account, text)| Ok((account.clone(), text?)))))
    }
}

impl Spill {
    /// What is not kept is not taken for empty: a report that reads more than it says is not written.
    fn each<T: Send + 'static>(
        &self,
        index: &Index,
        kept: bool,
        read: fn(&TemporaryRecords, Place) -> io::Result<T>,
    ) -> impl Iterator<Item = io::Result<T>> {
        let missing = (!kept).then(|| Err(io::Error::other("these records were not kept")));
        missing.into_iter().chain(self.kept.each(index.values().copied().collect(), read))
    }
}

/// A section, compressed. A panic in the code of one report ends no other.
fn made(section: &Section, account: &AccountRecords<'_>) -> io::Result<Packed> {
    // It is made of what nobody changes; what was half made is dropped.
    let text = catch_unwind(AssertUnwindSafe(|| (section.text)(account)));
    let broken = || io::Error::other("exfilguard broke over an account; please report it");
    Ok(Packed::text(&text.unwrap_or_else(|_| Err(broken()))?))
}

/// Records as they stand in a written assessment, so that it need not be made anew.
fn packed(records: &[impl Serialize]) -> io::Result<Packed> {
    Ok(Packed::text(&json::elements(records)?))
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

    const COUNT: Section = Section { report: "count", text: |of| Ok(format!("{} ", of.results.len())) };
    const BROKEN: Section = Section { report: "broken", text: |_| panic!("a defect") };

    fn of(account: u64) -> ResultRecord {
        let mut record = result("bucket-not-public", Severity::High, Status::Fail, "one");
        record.account_id = format!("{account:012}");
        record
    }

    fn spilled(needs: ReportNeeds, accounts: &[u64]) -> Spill {
        let mut spill = Spill::keeping(needs);
        let mut put = |id: &str, results: &[ResultRecord]| {
            let records = AccountRecords { account: None, incomplete: &[], results };
            let packed = PackedAccount::of(&records, &[], &spill.needs).unwrap();
            spill.put(id, packed).unwrap();
        };
        for account in accounts {
            let record = of(*account);
            put(&record.account_id, std::slice::from_ref(&record));
        }
        put("000000000000", &[]);
        spill
    }

    #[test]
    fn accounts_come_back_in_order() {
        let spill = spilled(ReportNeeds::RESULTS, &[3, 1, 2]);
        let read: Vec<ResultRecord> = spill.results().flat_map(|chunk| chunk.unwrap().into_owned()).collect();
        assert_eq!(read, [of(1), of(2), of(3)]);
        assert!(spill.cells().next().unwrap().is_err(), "what is not kept is not empty");
        assert!(spill.sections("count").is_none(), "what was not made is not empty");
    }

    #[test]
    fn what_a_report_says_of_each_account_comes_back_in_order_and_one_that_breaks_ends_no_other() {
        let needs = ReportNeeds::section(COUNT).and(ReportNeeds::section(BROKEN)).and(ReportNeeds::RESULTS);
        let spill = spilled(needs, &[2, 1]);
        let sections: Vec<(String, String)> = spill.sections("count").unwrap().map(Result::unwrap).collect();
        assert_eq!(sections, [1, 2].map(|account| (format!("{account:012}"), "1 ".to_owned())));
        let broken: Vec<_> = spill.sections("broken").unwrap().collect();
        assert_eq!(broken.len(), 1);
        assert!(broken[0].as_ref().unwrap_err().to_string().contains("please report it"));
        assert_eq!(spill.results().count(), 2);
    }
}
