//! The exit codes of the contract, and which of them an audit ends with.

use std::process::ExitCode as ProcessExitCode;

use crate::catalogue::{FailOn, Status};
use crate::score::assessment::Assessment;

/// What the process tells its caller. All other codes are reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Complete, and nothing at or above the gate failed.
    Success = 0,
    /// At least one failed result at or above the gate.
    Findings = 1,
    /// Usage, policy file, check module or input file is wrong; nothing was audited.
    Usage = 2,
    /// Something in scope could not be read, or a check errored. Reports are still written.
    Incomplete = 3,
    /// No credentials, or the organization cannot be entered at all.
    NoEntry = 4,
    /// `remediate`: something had changed since the plan, or a change was refused or failed.
    ChangeRefused = 5,
    /// Interrupted; the journal holds what was done.
    Interrupted = 130,
}

impl ExitCode {
    /// The number of the contract.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// What an audit ends with. An incomplete audit wins over findings, unless the caller accepts that it is
    /// incomplete. Unknown and excepted results are no findings.
    #[must_use]
    pub fn of(assessment: &Assessment, gate: FailOn, incomplete_ok: bool) -> Self {
        let finding = |result: &crate::score::assessment::ResultRecord| {
            result.status == Status::Fail && gate.counts(result.severity)
        };
        if !assessment.run.complete && !incomplete_ok {
            Self::Incomplete
        } else if assessment.results.iter().any(finding) {
            Self::Findings
        } else {
            Self::Success
        }
    }
}

impl From<ExitCode> for ProcessExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Severity;
    use crate::score::assessment::ResultRecord;
    use crate::score::assessment::examples::{account, denied, result, run};

    fn audit(results: Vec<ResultRecord>) -> Assessment {
        Assessment::new(run(), vec![account("111122223333")], results)
    }

    fn incomplete(results: Vec<ResultRecord>) -> Assessment {
        let mut run = run();
        run.incomplete = vec![denied("111122223333", "s3:GetBucketPolicy", Some("one"))];
        Assessment::new(run, vec![account("111122223333")], results)
    }

    fn with(severity: Severity, status: Status) -> Vec<ResultRecord> {
        vec![result("object-reads-logged", severity, status, "one")]
    }

    #[test]
    fn the_numbers_are_those_of_the_contract() {
        let numbers = [
            ExitCode::Success,
            ExitCode::Findings,
            ExitCode::Usage,
            ExitCode::Incomplete,
            ExitCode::NoEntry,
            ExitCode::ChangeRefused,
            ExitCode::Interrupted,
        ]
        .map(ExitCode::number);
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 130]);
    }

    #[test]
    fn a_failure_counts_from_the_gate_on() {
        let high = audit(with(Severity::High, Status::Fail));
        assert_eq!(ExitCode::of(&high, FailOn::High, false), ExitCode::Findings);
        assert_eq!(ExitCode::of(&high, FailOn::Low, false), ExitCode::Findings);
        assert_eq!(ExitCode::of(&high, FailOn::Critical, false), ExitCode::Success);
        assert_eq!(ExitCode::of(&high, FailOn::None, false), ExitCode::Success);
    }

    #[test]
    fn only_failures_are_findings() {
        for status in [Status::Pass, Status::Unknown, Status::NotApplicable, Status::Excepted] {
            let audit = audit(with(Severity::Critical, status));
            assert_eq!(ExitCode::of(&audit, FailOn::Info, false), ExitCode::Success, "{status}");
        }
    }

    #[test]
    fn an_incomplete_audit_wins_over_findings_unless_accepted() {
        let failing = incomplete(with(Severity::High, Status::Fail));
        assert_eq!(ExitCode::of(&failing, FailOn::High, false), ExitCode::Incomplete);
        assert_eq!(ExitCode::of(&failing, FailOn::High, true), ExitCode::Findings);
        let passing = incomplete(with(Severity::High, Status::Pass));
        assert_eq!(ExitCode::of(&passing, FailOn::High, false), ExitCode::Incomplete);
        assert_eq!(ExitCode::of(&passing, FailOn::High, true), ExitCode::Success);
    }

    #[test]
    fn a_defective_check_makes_the_audit_incomplete() {
        let audit = audit(with(Severity::Low, Status::Error));
        assert_eq!(ExitCode::of(&audit, FailOn::High, false), ExitCode::Incomplete);
    }
}
