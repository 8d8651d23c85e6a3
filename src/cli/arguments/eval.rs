//! `exfilguard eval`.

use clap::{Args, ValueEnum};

/// `exfilguard eval`.
#[derive(Debug, Args)]
#[command(
    after_help = "Each line of standard input is a question, each line of standard output its answer:\n  \
    {\"id\": …, \"result\": \"yes|no|unknown|invalid\", \"reason\": \"…\"}\n\n\
    Questions:\n  \
    event-pattern    {\"id\", \"pattern\": object or text, \"event\": object}\n  \
    filter-pattern   {\"id\", \"pattern\": text, \"message\": text or object}\n  \
    event-selectors  {\"id\", \"event_selectors\" or \"advanced_event_selectors\": list, \"event\": CloudTrail record}\n  \
    policy           {\"id\", \"policies\": {\"resource\", \"endpoint\", \"scp\", \"rcp\", \"identity\", \"block_public_access\"},\n                   \
                     \"request\": {\"action\", \"resource\", \"resource_account\", \"principal\", \"context\"}}\n  \
    public           {\"id\", \"policy\": document}\n\n\
    Example:\n  \
    echo '{\"id\": 1, \"pattern\": {\"source\": [\"aws.guardduty\"]}, \"event\": {\"source\": \"aws.guardduty\"}}' |\n    \
    exfilguard eval event-pattern"
)]
pub struct EvalArguments {
    /// Which evaluator
    #[arg(value_enum)]
    pub evaluator: Evaluator,
}

/// An evaluator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Evaluator {
    /// Does EventBridge match the event?
    EventPattern,
    /// Does the CloudWatch Logs metric filter match the log line?
    FilterPattern,
    /// Does a trail with these selectors log the event?
    EventSelectors,
    /// Is the request allowed?
    Policy,
    /// Is the policy public, as S3 Block Public Access defines it?
    Public,
}
