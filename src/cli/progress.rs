//! Progress on standard error: a bar on a terminal, a plain line now and then elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::console::Console;

/// How often a plain line is written where there is no terminal.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Counts accounts as they are done.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    plain: Option<Mutex<Instant>>,
}

impl Progress {
    /// Progress over `accounts` accounts.
    #[must_use]
    pub fn new(console: &Console, accounts: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if console.shows_progress() && terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let total = u64::try_from(accounts).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} accounts {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        let plain = (console.shows_progress() && !terminal).then(|| Mutex::new(Instant::now()));
        Self { bar, plain }
    }

    /// One more account is done. `name` is shown as it is: an id, never text from outside.
    pub fn done(&self, id: &str) {
        self.bar.inc(1);
        self.bar.set_message(id.to_owned());
        let Some(last) = &self.plain else { return };
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.elapsed() >= HEARTBEAT {
            *last = Instant::now();
            let (done, total) = (self.bar.position(), self.bar.length().unwrap_or_default());
            let _closed_pipe = writeln!(std::io::stderr(), "{done} of {total} accounts read");
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
