//! The many parts of an assessment, account by account: so that a report needs no more than one account's in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use super::Overview;
use super::assessment::{AccountAudit, Assessment, Incomplete, ResultRecord};
use crate::json;
use crate::simulate::Cell;

/// The records of one account after the other, accounts by id; none of an account that has none.
pub type Chunks<'a, T> = Box<dyn Iterator<Item = io::Result<Cow<'a, [T]>>> + 'a>;

/// Records as text, account by account.
pub type Texts<'a> = Box<dyn Iterator<Item = io::Result<String>> + 'a>;

/// Where the results and the cells of the simulation are. Both can be gone through any number of times, in canonical
/// order.
pub trait Records {
    /// The results as they stand in a written assessment ([`json::elements`]); a text per account. An error means that they
    /// cannot be read from disk.
    fn results_text(&self) -> Texts<'_>;

    /// The cells of the simulation in the same form.
    fn cells_text(&self) -> Texts<'_>;

    /// The results; a chunk per account. An error means that they cannot be read from disk.
    fn results(&self) -> Chunks<'_, ResultRecord>;

    /// The cells of the simulation; a chunk per account. An error means that they cannot be read from disk.
    fn cells(&self) -> Chunks<'_, Cell>;

    /// The sections of a report that were made while judging; none if they were not made.
    fn sections(&self, _report: &str) -> Option<Sections<'_>> {
        None
    }
}

/// What reports read of each account's records, and what is kept for them therefore.
#[derive(Debug, Clone, Default)]
pub struct ReportNeeds {
    /// The results.
    pub results: bool,
    /// The cells of the simulation.
    pub cells: bool,
    /// Texts that are made at once instead.
    pub sections: Vec<Section>,
}

impl ReportNeeds {
    /// All records.
    pub const ALL: Self = Self { results: true, cells: true, sections: Vec::new() };
    /// Nothing: what is told of them together is enough.
    pub const NONE: Self = Self { results: false, cells: false, sections: Vec::new() };
    /// The results alone.
    pub const RESULTS: Self = Self { results: true, cells: false, sections: Vec::new() };

    /// Nothing but a text of each account.
    #[must_use]
    pub fn section(section: Section) -> Self {
        Self { sections: vec![section], ..Self::NONE }
    }

    /// What either needs.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for section in other.sections {
            if self.sections.iter().all(|mine| mine.report != section.report) {
                self.sections.push(section);
            }
        }
        Self { results: self.results || other.results, cells: self.cells || other.cells, ..self }
    }
}

/// What a report says of one account and of no other, as it stands in the report. It can be made as soon as the account is
/// judged, so that the report need only be put together in the end.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The name of the report's format.
    pub report: &'static str,
    /// Makes it.
    pub text: fn(&AccountRecords<'_>) -> io::Result<String>,
}

/// What a [`Section`] is made of.
#[derive(Debug, Clone, Copy)]
pub struct AccountRecords<'a> {
    /// The account; none if it is in no list of accounts.
    pub account: Option<&'a AccountAudit>,
    /// What could not be read, of this account and maybe of others, in canonical order.
    pub incomplete: &'a [Incomplete],
    /// Its results in canonical order; never empty.
    pub results: &'a [ResultRecord],
}

/// Sections with the ids of their accounts, in order of these; none of an account without results.
pub type Sections<'a> = Box<dyn Iterator<Item = io::Result<(String, String)>> + 'a>;

impl Records for Assessment {
    fn results_text(&self) -> Texts<'_> {
        Box::new(Records::results(self).map(|chunk| Ok(json::elements(&chunk?)?)))
    }

    fn cells_text(&self) -> Texts<'_> {
        Box::new(Records::cells(self).map(|chunk| Ok(json::elements(&chunk?)?)))
    }

    fn results(&self) -> Chunks<'_, ResultRecord> {
        Box::new(self.results.chunk_by(|a, b| a.account_id == b.account_id).map(|chunk| Ok(chunk.into())))
    }

    fn cells(&self) -> Chunks<'_, Cell> {
        Box::new(self.simulation.chunk_by(|a, b| a.account_id == b.account_id).map(|chunk| Ok(chunk.into())))
    }
}

/// An assessment for reports: its head, what is told of its records together, and where they are.
#[derive(Clone)]
pub struct AssessmentView<'a> {
    head: &'a Assessment,
    overview: Cow<'a, Overview>,
    records: &'a dyn Records,
}

impl<'a> AssessmentView<'a> {
    /// An assessment of which `head` has everything but the records.
    #[must_use]
    pub fn new(head: &'a Assessment, overview: &'a Overview, records: &'a dyn Records) -> Self {
        Self { head, overview: Cow::Borrowed(overview), records }
    }

    /// Everything but the results and the cells of the simulation.
    #[must_use]
    pub fn head(&self) -> &'a Assessment {
        self.head
    }

    /// What is told of them together.
    #[must_use]
    pub fn overview(&self) -> &Overview {
        &self.overview
    }

    /// The results; a chunk per account.
    #[must_use]
    pub fn results(&self) -> Chunks<'a, ResultRecord> {
        self.records.results()
    }

    /// The cells of the simulation; a chunk per account.
    #[must_use]
    pub fn cells(&self) -> Chunks<'a, Cell> {
        self.records.cells()
    }

    /// What a report says of each account that has results: as it was made while judging, else made now.
    #[must_use]
    pub fn sections(&self, section: Section) -> Sections<'a> {
        if let Some(made) = self.records.sections(section.report) {
            return made;
        }
        let incomplete = &self.head.run.incomplete;
        let accounts: BTreeMap<&str, &AccountAudit> =
            self.head.accounts.iter().map(|account| (account.id.as_str(), account)).collect();
        Box::new(self.records.results().map(move |results| {
            let results = &*results?;
            let id = results.first().map(|result| result.account_id.clone()).unwrap_or_default();
            let account = accounts.get(id.as_str()).copied();
            let text = (section.text)(&AccountRecords { account, incomplete, results })?;
            Ok((id, text))
        }))
    }

    /// The results as they stand in a written assessment; a text per account.
    #[must_use]
    pub fn results_text(&self) -> Texts<'a> {
        self.records.results_text()
    }

    /// The cells of the simulation in the same form.
    #[must_use]
    pub fn cells_text(&self) -> Texts<'a> {
        self.records.cells_text()
    }

    /// All of it in memory.
    ///
    /// # Errors
    /// The records cannot be read from disk.
    pub fn whole(&self) -> io::Result<Assessment> {
        let mut whole = Assessment { results: Vec::new(), simulation: Vec::new(), ..self.head.clone() };
        for chunk in self.results() {
            whole.results.extend(chunk?.into_owned());
        }
        for chunk in self.cells() {
            whole.simulation.extend(chunk?.into_owned());
        }
        Ok(whole)
    }
}

impl std::fmt::Debug for AssessmentView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssessmentView").field("run", &self.head.run.id).finish_non_exhaustive()
    }
}

impl<'a> From<&'a Assessment> for AssessmentView<'a> {
    fn from(assessment: &'a Assessment) -> Self {
        Self { head: assessment, overview: Cow::Owned(Overview::of(assessment)), records: assessment }
    }
}
