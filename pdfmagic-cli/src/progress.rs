//! A bar on a terminal that shows how far the work is.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that ends sooner shows no bar.
const PATIENCE: Duration = Duration::from_millis(300);

/// How far the work is, in bytes of input. Shown where standard error is a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    /// Of inputs that are done.
    done: u64,
    /// Of the one that is not.
    within: u64,
    began: Instant,
    is_wanted: bool,
}

impl Progress {
    /// `total` is asked only if it is to be shown.
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

    /// More of an input is done.
    pub(crate) fn advance(&mut self, bytes: u64) {
        self.within += bytes;
        self.show();
    }

    /// All of an input is done.
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
    let style = ProgressStyle::with_template(style).expect("the template is sound");
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.with_style(style).with_elapsed(elapsed)
}
