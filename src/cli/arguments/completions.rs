//! `exfilguard completions`.

use clap::Args;

/// `exfilguard completions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    exfilguard completions bash > /etc/bash_completion.d/exfilguard\n  \
    exfilguard completions zsh > ~/.zfunc/_exfilguard\n  \
    exfilguard completions fish > ~/.config/fish/completions/exfilguard.fish")]
pub struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
