//! The progress bar on a terminal.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The time before a bar is shown; shorter work shows none.
const PATIENCE: Duration = Duration::from_millis(300);

/// The progress in bytes of input. It is shown if standard error is a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    /// The bytes of inputs that are done.
    done: u64,
    /// The bytes done of the current input.
    within: u64,
    began: Instant,
    is_wanted: bool,
}

impl Progress {
    /// Calls `total` only if the progress is shown.
    pub(crate) fn new(is_wanted: bool, total: impl FnOnce() -> u64) -> Self {
        let is_wanted = is_wanted && io::stderr().is_terminal();
        Self {
            bar: None,
            total: if is_wanted { total() } else { 0 },
            done: 0,
            within: 0,
            began: Instant::now(),
            is_wanted,
        }
    }

    /// Advances within the current input.
    pub(crate) fn advance(&mut self, bytes: u64) {
        self.within += bytes;
        self.show();
    }

    /// Advances to the next input, after one of this size in bytes.
    pub(crate) fn next(&mut self, size: u64) {
        self.done += size;
        self.within = 0;
        self.show();
    }

    fn show(&mut self) {
        if !self.is_wanted || self.bar.is_none() && self.began.elapsed() < PATIENCE {
            return;
        }
        let bar = self
            .bar
            .get_or_insert_with(|| bar(self.total, self.began.elapsed()));
        bar.set_position(self.done + self.within);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: u64, elapsed: Duration) -> ProgressBar {
    let style = "{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style).expect("the template is valid");
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.with_style(style).with_elapsed(elapsed)
}
