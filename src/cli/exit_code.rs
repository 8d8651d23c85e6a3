//! The exit codes of the contract, and which of them an audit ends with.

use std::process::ExitCode as ProcessExitCode;

use super::arguments::OutcomeArguments;
use crate::catalogue::Status;
use crate::policy::Gates;
use crate::score::AssessmentView;
use crate::score::assessment::{Assessment, SinceBaseline};

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
    /// Something in scope could not be read, a check errored, or a report could not be written. The other reports are.
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

    /// What an audit ends with. An incomplete audit wins over a missed gate, unless the caller accepts that it is
    /// incomplete.
    #[must_use]
    pub fn of(assessment: &Assessment, gate_missed: bool, incomplete_ok: bool) -> Self {
        if !assessment.run.complete && !incomplete_ok {
            Self::Incomplete
        } else if gate_missed {
            Self::Findings
        } else {
            Self::Success
        }
    }
}

/// What an audit must reach: the policy file's gates, after the command line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// The gates.
    pub gates: Gates,
    /// Whether only failures that are new since the baseline count. The score, which old failures lower too, is no gate
    /// then.
    pub only_new: bool,
}

impl Gate {
    /// The policy file's gates, after the command line.
    #[must_use]
    pub fn of(gates: Gates, arguments: &OutcomeArguments) -> Self {
        let fail_on = arguments.fail_on.unwrap_or(gates.fail_on);
        Self { gates: Gates { fail_on, ..gates }, only_new: arguments.fail_on_new }
    }

    /// The gates that the audit misses, one clause each. Unknown and excepted results are no failures.
    #[must_use]
    pub fn missed(&self, view: &AssessmentView<'_>) -> Vec<String> {
        let Gates { fail_on, minimum_score, maximum_unknown } = self.gates;
        let mut missed = Vec::new();
        let failed = view.overview().failed(|severity, since| {
            fail_on.counts(severity) && (!self.only_new || since != Some(SinceBaseline::Known))
        });
        if failed > 0 {
            let new = if self.only_new { "new " } else { "" };
            let results = if failed == 1 { "result" } else { "results" };
            missed.push(format!("{failed} {new}failed {results} of severity {fail_on} or worse (`fail_on`)"));
        }
        let score = view.head().score.overall;
        if score < minimum_score && !self.only_new {
            missed.push(format!("the score {score:.1} is below {minimum_score} (`minimum_score`)"));
        }
        let count = |status| view.overview().count(status);
        let unknown = count(Status::Unknown).saturating_add(count(Status::Error));
        if let Some(most) = maximum_unknown
            && u64::try_from(unknown).unwrap_or(u64::MAX) > most
        {
            missed.push(format!("{unknown} results are unknown, more than {most} (`maximum_unknown`)"));
        }
        missed
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
    use crate::catalogue::{FailOn, Severity};
    use crate::score::assessment::ResultRecord;
    use crate::score::assessment::examples::{account, denied, result, run};

    fn code(assessment: &Assessment, fail_on: FailOn, incomplete_ok: bool) -> ExitCode {
        let gate = Gate { gates: Gates { fail_on, ..Gates::default() }, only_new: false };
        ExitCode::of(assessment, !gate.missed(&AssessmentView::from(assessment)).is_empty(), incomplete_ok)
    }

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
        assert_eq!(code(&high, FailOn::High, false), ExitCode::Findings);
        assert_eq!(code(&high, FailOn::Low, false), ExitCode::Findings);
        assert_eq!(code(&high, FailOn::Critical, false), ExitCode::Success);
        assert_eq!(code(&high, FailOn::None, false), ExitCode::Success);
    }

    #[test]
    fn only_failures_are_findings() {
        for status in [Status::Pass, Status::Unknown, Status::NotApplicable, Status::Excepted] {
            let audit = audit(with(Severity::Critical, status));
            assert_eq!(code(&audit, FailOn::Info, false), ExitCode::Success, "{status}");
        }
    }

    #[test]
    fn an_incomplete_audit_wins_over_findings_unless_accepted() {
        let failing = incomplete(with(Severity::High, Status::Fail));
        assert_eq!(code(&failing, FailOn::High, false), ExitCode::Incomplete);
        assert_eq!(code(&failing, FailOn::High, true), ExitCode::Findings);
        let passing = incomplete(with(Severity::High, Status::Pass));
        assert_eq!(code(&passing, FailOn::High, false), ExitCode::Incomplete);
        assert_eq!(code(&passing, FailOn::High, true), ExitCode::Success);
    }

    #[test]
    fn a_defective_check_makes_the_audit_incomplete() {
        let audit = audit(with(Severity::Low, Status::Error));
        assert_eq!(code(&audit, FailOn::High, false), ExitCode::Incomplete);
    }

    #[test]
    fn each_gate_is_named_when_it_is_missed() {
        let mut results = with(Severity::High, Status::Fail);
        results.push(result("object-writes-logged", Severity::High, Status::Unknown, "one"));
        results.push(result("object-writes-logged", Severity::High, Status::Error, "two"));
        let audit = audit(results);
        let missed = |gates| Gate { gates, only_new: false }.missed(&AssessmentView::from(&audit));
        let none = Gates { fail_on: FailOn::None, ..Gates::default() };
        assert!(missed(none).is_empty());
        assert_eq!(missed(Gates::default()), ["1 failed result of severity high or worse (`fail_on`)"]);
        assert_eq!(
            missed(Gates { minimum_score: 0.5, ..none }),
            ["the score 0.0 is below 0.5 (`minimum_score`)"]
        );
        assert_eq!(
            missed(Gates { maximum_unknown: Some(1), ..none }),
            ["2 results are unknown, more than 1 (`maximum_unknown`)"]
        );
        assert!(missed(Gates { maximum_unknown: Some(2), ..none }).is_empty());
    }

    #[test]
    fn a_score_at_its_gate_passes_it() {
        let audit = audit(with(Severity::High, Status::Pass));
        let gates = Gates { minimum_score: 100.0, ..Gates::default() };
        assert!(Gate { gates, only_new: false }.missed(&AssessmentView::from(&audit)).is_empty());
    }

    #[test]
    fn with_a_baseline_only_new_failures_count() {
        let mut known = audit(with(Severity::Critical, Status::Fail));
        let gates = Gates { minimum_score: 100.0, ..Gates::default() };
        let gate = Gate { gates, only_new: true };
        for (since, number) in [(SinceBaseline::Known, 0), (SinceBaseline::New, 1)] {
            known.results.iter_mut().for_each(|result| result.since_baseline = Some(since));
            assert_eq!(gate.missed(&AssessmentView::from(&known)).len(), number);
        }
    }
}
