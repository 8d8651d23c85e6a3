//! Which accounts a snapshot file says it holds, held against those that it does hold: a file that was edited, or put
//! together by hand, must not lose an account without a word.

use std::collections::BTreeSet;

use super::{AccountSnapshot, Header};

/// The accounts of a file, ticked off as they come.
#[derive(Debug)]
pub struct Roll {
    /// The organization's accounts, where they are known.
    organization: Option<BTreeSet<String>>,
    promised: BTreeSet<String>,
    came: BTreeSet<String>,
}

impl Roll {
    /// The roll of a file that begins with this header.
    ///
    /// # Errors
    /// What is wrong with the header's lists, with a JSON pointer to it.
    pub fn of(header: &Header) -> Result<Self, String> {
        for (list, ids) in [("scope", &header.scope), ("hubs", &header.hubs)] {
            if let Some(at) = ids.iter().position(|id| !is_account_id(id)) {
                return Err(format!(
                    "/{list}/{at}: `{}` is no account id: those have 12 digits",
                    shown(ids, at)
                ));
            }
        }
        let accounts = header.organization.accounts.known().filter(|accounts| !accounts.is_empty());
        let organization =
            accounts.map(|accounts| accounts.iter().map(|account| account.id.clone()).collect());
        let promised = header.scope.iter().chain(&header.hubs).cloned().collect();
        Ok(Self { organization, promised, came: BTreeSet::new() })
    }

    /// An account came.
    ///
    /// # Errors
    /// Why it cannot be one of this file, with a JSON pointer into its line.
    pub fn tick(&mut self, account: &AccountSnapshot) -> Result<(), String> {
        let id = &account.id;
        if !is_account_id(id) {
            return Err(format!(
                "/id: `{}` is no account id: those have 12 digits",
                crate::visible::visible(id)
            ));
        }
        if !self.came.insert(id.clone()) {
            return Err(format!("/id: account {id} was in an earlier line already"));
        }
        if self.organization.as_ref().is_some_and(|accounts| !accounts.contains(id)) {
            return Err(format!(
                "/id: account {id} is none of the organization's (`/organization/accounts` of line 1)"
            ));
        }
        let mut names = BTreeSet::new();
        for (at, bucket) in account.buckets.known().into_iter().flatten().enumerate() {
            if !names.insert(bucket.name.as_str()) {
                let name = crate::visible::visible(&bucket.name);
                return Err(format!("/buckets/known/{at}/name: bucket `{name}` is there twice"));
            }
        }
        Ok(())
    }

    /// All lines were read.
    ///
    /// # Errors
    /// An account that line 1 names did not come.
    pub fn close(&self) -> Result<(), String> {
        match self.promised.difference(&self.came).next() {
            None => Ok(()),
            Some(missing) => {
                Err(format!("account {missing} is named in `/scope` or `/hubs` of line 1 and has no line"))
            }
        }
    }
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn shown(ids: &[String], at: usize) -> String {
    let id = ids.get(at).map(String::as_str).unwrap_or_default();
    crate::visible::visible_start(id, 40)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::samples;

    fn header(scope: &[&str]) -> Header {
        Header {
            schema: super::super::SCHEMA.to_owned(),
            tool_version: String::new(),
            recorded_at: String::new(),
            scope: scope.iter().map(|&id| id.to_owned()).collect(),
            hubs: Vec::new(),
            asked: None,
            organization: samples::organization(),
        }
    }

    #[test]
    fn an_account_that_is_promised_comes_and_comes_once() {
        let account = samples::account();
        let mut roll = Roll::of(&header(&[&account.id])).ok();
        let roll = roll.as_mut();
        assert!(roll.is_some());
        if let Some(roll) = roll {
            assert!(roll.close().is_err_and(|error| error.contains("has no line")));
            assert_eq!(roll.tick(&account), Ok(()));
            assert!(roll.tick(&account).is_err_and(|error| error.contains("earlier line")));
            assert_eq!(roll.close(), Ok(()));
            let other = AccountSnapshot { id: "../../etc".to_owned(), ..account };
            assert!(roll.tick(&other).is_err_and(|error| error.contains("12 digits")));
        }
        assert!(Roll::of(&header(&["1"])).is_err_and(|error| error.starts_with("/scope/0:")));
    }
}
