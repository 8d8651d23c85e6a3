//! The emulator that all tests share, and the rules by which it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};

use crate::emulated::{Audit, Emulator};

pub type Statuses = BTreeMap<[String; 4], String>;

/// The emulator, and what an undisturbed audit of it finds.
pub struct Place {
    pub emulator: Emulator,
    seeded: Value,
    pub undisturbed: Statuses,
}

/// The place, for one test at a time. The emulator ends with the test program, which holds the pipe that it listens to.
pub fn place() -> MutexGuard<'static, Place> {
    static PLACE: OnceLock<Mutex<Place>> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        let (emulator, seeded) = Emulator::with("trap");
        let folder = tempfile::tempdir().unwrap();
        let audit = emulator.audit(folder.path(), &[]);
        assert_eq!(audit.code(), 1, "{}", audit.errors());
        let undisturbed = audit.statuses();
        Mutex::new(Place { emulator, seeded, undisturbed })
    });
    let place = place.lock().unwrap_or_else(PoisonError::into_inner);
    place.emulator.fail(&json!([]));
    place.emulator.forget_requests();
    place
}

impl Place {
    pub fn account(&self, role: &str) -> String {
        self.seeded["accounts"][role].as_str().unwrap().to_owned()
    }

    /// Audits some accounts under faults.
    pub fn audit(&self, roles: &[&str], faults: &Value, more: &[&str]) -> Audit {
        let accounts: Vec<String> = roles.iter().map(|role| self.account(role)).collect();
        self.emulator.fail(faults);
        self.emulator.forget_requests();
        let folder = tempfile::tempdir().unwrap();
        let accounts = accounts.join(",");
        let audit = self.emulator.audit(folder.path(), &[&["--accounts", &accounts], more].concat());
        self.emulator.fail(&json!([]));
        audit
    }

    /// What an undisturbed audit finds in these accounts.
    pub fn expected(&self, roles: &[&str]) -> Statuses {
        let accounts: Vec<String> = roles.iter().map(|role| self.account(role)).collect();
        let of_accounts = self.undisturbed.iter().filter(|([_, account, ..], _)| accounts.contains(account));
        of_accounts.map(|(key, status)| (key.clone(), status.clone())).collect()
    }

    /// The results that differ from an undisturbed audit. Every one of them is unknown now.
    pub fn unknown(&self, roles: &[&str], audit: &Audit) -> BTreeSet<[String; 4]> {
        let (before, after) = (self.expected(roles), audit.statuses());
        let mut changed = BTreeSet::new();
        for (key, status) in &after {
            if before.get(key) != Some(status) {
                assert_eq!(status, "unknown", "{key:?} was {:?}", before.get(key));
                changed.insert(key.clone());
            }
        }
        changed
    }
}

pub fn fails(service: &str, operation: &str, action: Value) -> Value {
    json!({"service": service, "operation": operation, "action": action})
}

/// The same rule for one account.
pub fn of(account: &str, mut rule: Value) -> Value {
    rule["account"] = json!(account);
    rule
}

pub fn times(count: u64, mut rule: Value) -> Value {
    rule["times"] = json!(count);
    rule
}

pub fn code(status: u16, code: &str) -> Value {
    json!({"status": status, "code": code, "message": format!("{code} says a test")})
}

/// The gaps of a report, `operation code` each.
pub fn gaps(audit: &Audit) -> BTreeSet<String> {
    let gaps = audit.report["run"]["incomplete"].as_array().unwrap();
    let text = |gap: &Value, name: &str| gap[name].as_str().unwrap().to_owned();
    gaps.iter().map(|gap| format!("{} {}", text(gap, "operation"), text(gap, "code"))).collect()
}

pub fn message_of(audit: &Audit, operation: &str) -> String {
    let gaps = audit.report["run"]["incomplete"].as_array().unwrap();
    let gap = gaps.iter().find(|gap| gap["operation"] == operation);
    gap.unwrap_or_else(|| panic!("no gap of {operation}: {gaps:?}"))["message"].as_str().unwrap().to_owned()
}
