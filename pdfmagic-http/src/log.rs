//! Lines on standard error: what the service does, one for each request. No names of files, no data.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use crate::config::{Config, LogFormat};

/// How long a line may wait for others, so that they need one system call together.
const DELAY: Duration = Duration::from_millis(20);

/// How many bytes of lines may wait.
const MAX: usize = 1 << 20;

/// Lines on their way to standard error. No request waits for whoever reads there: if that is too slow, lines are lost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    is_waiting: Condvar,
    /// Held while lines are written.
    writing: Mutex<()>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    lost: u64,
}

impl Log {
    /// Takes all log lines from now on.
    pub(crate) fn start(config: &Config) -> io::Result<Self> {
        let log = Self::default();
        let lines = tracing_subscriber::fmt()
            .with_max_level(config.log_level)
            .with_target(false)
            .with_writer(log.clone());
        match config.log_format {
            LogFormat::Text => lines.with_ansi(false).init(),
            LogFormat::Json => lines
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .init(),
        }
        let writer = log.clone();
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writer.write_all())?;
        Ok(log)
    }

    fn write_all(&self) -> ! {
        loop {
            let is_empty = |waiting: &mut Waiting| waiting.lines.is_empty();
            let waiting = self.0.is_waiting.wait_while(self.waiting(), is_empty);
            drop(waiting);
            std::thread::sleep(DELAY);
            self.write();
        }
    }

    /// Writes what waits. To be called before the process ends.
    pub(crate) fn write(&self) {
        let _writing = self.0.writing.lock();
        let Waiting { lines, lost } = std::mem::take(&mut *self.waiting());
        // Where nobody listens, nothing can be said.
        let _ = io::stderr().write_all(&lines);
        if lost > 0 {
            tracing::warn!("{lost} lines of this log were lost: standard error is read too slowly");
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for &Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.waiting();
        if waiting.lines.is_empty() {
            self.0.is_waiting.notify_one();
        }
        if waiting.lines.len() + line.len() > MAX {
            waiting.lost += 1;
        } else {
            waiting.lines.extend_from_slice(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = &'a Log;

    fn make_writer(&'a self) -> &'a Log {
        self
    }
}
