//! What the exceptions of the policy file met in an audit, and which of them are worth a look. Counts of several shards
//! can be added: what is unused in one may be of use in another.

use jiff::ToSpan as _;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assessment::PolicyWarning;

/// The most resources that an exception names without a warning.
const MAX_RESOURCES: u64 = 50;

/// An exception that ends later than this many years from now has no end that anybody will see.
const MAX_YEARS: i32 = 5;

/// One exception of the policy file, and what it met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionUse {
    /// The policy file as it was named.
    pub file: String,
    /// The exception's line in it, from 1.
    pub line: u64,
    /// The exception's column, from 1.
    pub column: u64,
    /// The check or pattern of checks that it names.
    pub check: String,
    /// The account or pattern of accounts; none: every account.
    pub account: Option<String>,
    /// The resource or pattern of resources; none: every resource.
    pub resource: Option<String>,
    /// The last day on which it holds (`YYYY-MM-DD`).
    pub expires: String,
    /// How many resources it names to which its checks apply.
    pub resources: u64,
    /// How many results of them fail, or would without it.
    pub failing: u64,
    /// How many results of them are unknown.
    pub undecided: u64,
    /// Whether it could be met: one of its checks ran, and one of its accounts was read.
    pub audited: bool,
    /// Whether the organization is known to have no such account.
    pub foreign: bool,
}

impl ExceptionUse {
    /// Whether both are of the same exception of the same policy file, wherever that lies.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let names = |use_: &Self| {
            (
                use_.line,
                use_.column,
                use_.check.clone(),
                use_.account.clone(),
                use_.resource.clone(),
                use_.expires.clone(),
            )
        };
        names(self) == names(other)
    }

    /// Adds what it met among other accounts.
    pub fn join(&mut self, other: &Self) {
        self.resources += other.resources;
        self.failing += other.failing;
        self.undecided += other.undecided;
        self.audited |= other.audited;
        self.foreign &= other.foreign;
    }

    /// What is worth a look about it, for an audit of this day in this partition of AWS.
    #[must_use]
    pub fn warnings(&self, today: Date, partition: &str) -> Vec<PolicyWarning> {
        self.texts(today, partition)
            .into_iter()
            .map(|message| PolicyWarning {
                file: self.file.clone(),
                line: self.line,
                column: self.column,
                message,
            })
            .collect()
    }

    fn texts(&self, today: Date, partition: &str) -> Vec<String> {
        let check = &self.check;
        let expires = self.expires.parse::<Date>().ok();
        if expires.is_some_and(|last| today > last) {
            let counted = match self.failing {
                0 => "remove it".to_owned(),
                1 => "1 failure that it accepted counts again".to_owned(),
                more => format!("{more} failures that it accepted count again"),
            };
            return vec![format!(
                "the exception of `{check}` expired on {} and hides nothing: {counted}",
                self.expires
            )];
        }
        let mut texts = Vec::new();
        if self.foreign {
            let account = self.account.as_deref().unwrap_or_default();
            texts.push(format!(
                "the exception of `{check}` names account `{account}`, which is not in the organization"
            ));
        } else if self.failing + self.undecided == 0 && self.audited {
            texts.push(self.unused(partition));
        }
        if self.resources > MAX_RESOURCES {
            texts.push(format!(
                "the exception of `{check}` matches {} resources, more than {MAX_RESOURCES}: name them more narrowly",
                self.resources
            ));
        }
        let horizon = today.checked_add(MAX_YEARS.years()).ok();
        if expires.zip(horizon).is_some_and(|(last, horizon)| last > horizon) {
            texts.push(format!(
                "the exception of `{check}` holds until {}, more than {MAX_YEARS} years from now",
                self.expires
            ));
        }
        texts
    }

    fn unused(&self, partition: &str) -> String {
        let check = &self.check;
        match self.resources {
            0 => {}
            1 => {
                return format!(
                    "the exception of `{check}` is unused: the resource that it names does not fail"
                );
            }
            more => {
                return format!("the exception of `{check}` is unused: none of its {more} resources fails");
            }
        }
        let mut arn = self.resource.as_deref().unwrap_or_default().split(':');
        match (arn.next(), arn.next()) {
            (Some("arn"), Some(other)) if other != partition && !other.contains('*') => format!(
                "the exception of `{check}` matches no resource: its ARN is of partition `{other}`, the organization's \
                 are of `{partition}`"
            ),
            _ => format!("the exception of `{check}` matches no resource"),
        }
    }
}
