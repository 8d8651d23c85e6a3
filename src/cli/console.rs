//! What goes to standard error: logs, notes and errors; and whether there is colour.

use std::io::{IsTerminal as _, Write as _};

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::Failure;
use super::arguments::{ColorWhen, GlobalArguments};
use crate::report::Look;
use crate::visible::visible;

/// How loud the program is, and in which colours.
#[derive(Debug, Clone)]
pub struct Console {
    quiet: bool,
    verbose: u8,
    color: ColorWhen,
    progress: bool,
}

impl Console {
    /// Reads the options that every command takes.
    #[must_use]
    pub fn new(arguments: &GlobalArguments) -> Self {
        Self {
            quiet: arguments.quiet,
            verbose: arguments.verbose,
            color: arguments.color,
            progress: !arguments.no_progress && !arguments.quiet,
        }
    }

    /// Sends logs to standard error: warnings by default, more with `-v`, and what `EXFILGUARD_LOG` says.
    pub fn start_logging(&self) {
        let level = match (self.quiet, self.verbose) {
            (true, _) => "error",
            (false, 0) => "exfilguard=warn,error",
            (false, 1) => "exfilguard=info,warn",
            (false, 2) => "exfilguard=debug,info",
            // Bodies and headers, which hold secrets, are logged by no level of ours; the SDK redacts its own.
            (false, _) => "exfilguard=trace,info",
        };
        let filter = tracing_subscriber::EnvFilter::try_from_env("EXFILGUARD_LOG")
            .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
        let started = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(self.colors(std::io::stderr().is_terminal()))
            .try_init();
        if started.is_err() {
            // A second start in one process (a test): the first one's settings stay.
            tracing::debug!("logging was started before");
        }
    }

    /// Whether standard output gets colour.
    #[must_use]
    pub fn colors_stdout(&self) -> bool {
        self.colors(std::io::stdout().is_terminal())
    }

    /// How a report for a person looks on standard output.
    #[must_use]
    pub fn look(&self) -> Look {
        let color = self.colors_stdout();
        let links = color && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout);
        Look { width: terminal_width(), color, links }
    }

    /// Whether progress is shown.
    #[must_use]
    pub fn shows_progress(&self) -> bool {
        self.progress
    }

    /// Tells the person something that is no result.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _closed_pipe = writeln!(std::io::stderr(), "note: {text}");
        }
    }

    /// Tells the person what is worth a look, though it stops nothing.
    pub fn warn(&self, text: &str) {
        if !self.quiet {
            let _closed_pipe = writeln!(std::io::stderr(), "warning: {}", visible(text));
        }
    }

    /// Says why a command ended without doing its work.
    pub fn report(&self, failure: &Failure) {
        let theme = if self.colors(std::io::stderr().is_terminal()) {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(terminal_width().max(60));
        let mut text = String::new();
        if handler.render_report(&mut text, failure.report.as_ref()).is_err() {
            text = format!("error: {}", failure.report);
        }
        let _closed_pipe = writeln!(std::io::stderr(), "{}", text.trim_end());
    }

    /// `--color` first, then `NO_COLOR`, `FORCE_COLOR` and `CLICOLOR_FORCE`, then whether it is a terminal.
    fn colors(&self, terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self.color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto if set("NO_COLOR") => false,
            ColorWhen::Auto if forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") => true,
            ColorWhen::Auto => terminal,
        }
    }
}

fn forced(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Columns of the terminal, or 100 where there is none.
#[must_use]
pub fn terminal_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))).unwrap_or(100)
}
