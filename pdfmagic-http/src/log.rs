//! The log on standard error: what the service does, with one line for each request. It contains no names of files and
//! no data.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::config::{Config, LogFormat};

/// The time that a line may wait for others, so that they share one system call.
const DELAY: Duration = Duration::from_millis(20);

/// The maximum number of bytes of waiting lines.
const MAX: usize = 1 << 20;

/// The capacity that suffices for a line about a request, in bytes.
const ROOM: usize = 512;

/// A buffered log. Requests never wait for its reader: if the reader is too slow, lines are dropped. With
/// tracing-subscriber and the non-blocking writer of tracing-appender in its place, a small photo took 15 % more processor
/// time, and the service 5 MB more memory.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    format: LogFormat,
    level: Level,
    waiting: Mutex<Waiting>,
    is_waiting: Condvar,
    /// A lock that is held while lines are written.
    writing: Mutex<()>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    lost: u64,
}

impl Log {
    /// Receives all log lines from now on.
    pub(crate) fn start(config: &Config) -> io::Result<Self> {
        let log = Self(Arc::new(Shared {
            format: config.log_format,
            level: config.log_level,
            waiting: Mutex::default(),
            is_waiting: Condvar::new(),
            writing: Mutex::default(),
        }));
        tracing::subscriber::set_global_default(log.clone()).map_err(io::Error::other)?;
        let writer = log.clone();
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writer.write_all())?;
        Ok(log)
    }

    /// Begins a line about a request, if such lines are logged. A `tracing` event with as many fields would take half
    /// as long again.
    pub(crate) fn line(&self, at: SystemTime, level: Level, message: &str) -> Option<Line> {
        let mut line = (level <= self.0.level).then(|| Line::new(self.0.format, at, level))?;
        line.message(message);
        Some(line)
    }

    /// Adds a finished line.
    pub(crate) fn add(&self, line: Line) {
        let line = line.end();
        let mut waiting = self.waiting();
        if waiting.lines.is_empty() {
            self.0.is_waiting.notify_one();
        }
        if waiting.lines.len() + line.len() > MAX {
            waiting.lost += 1;
        } else {
            waiting.lines.extend_from_slice(&line);
        }
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

    /// Writes the waiting lines. This must be called before the process ends.
    pub(crate) fn write(&self) {
        let _writing = self.0.writing.lock();
        let Waiting { lines, lost } = std::mem::take(&mut *self.waiting());
        // If nobody reads standard error, the lines are lost.
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

/// Spans are not used.
impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.0.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.level.into())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "log lines have a wall-clock time"
    )]
    fn event(&self, event: &Event<'_>) {
        let mut line = Line::new(self.0.format, SystemTime::now(), *event.metadata().level());
        event.record(&mut line);
        self.add(line);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A line of the log while it is built.
#[derive(Debug)]
pub(crate) struct Line {
    text: Vec<u8>,
    format: LogFormat,
}

impl Line {
    fn new(format: LogFormat, at: SystemTime, level: Level) -> Self {
        let mut text = Vec::with_capacity(ROOM);
        let time = humantime::format_rfc3339_micros(at);
        match format {
            LogFormat::Text => write!(text, "{time} {level}"),
            LogFormat::Json => write!(text, r#"{{"timestamp":"{time}","level":"{level}""#),
        }
        .expect("writing to a Vec cannot fail");
        Self { text, format }
    }

    fn message(&mut self, message: &str) {
        match self.format {
            LogFormat::Text => self.push([" ", message]),
            LogFormat::Json => self.text("message", message),
        }
    }

    pub(crate) fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.push([itoa::Buffer::new().format(value)]);
    }

    /// Adds a text, which both formats write as in JSON.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        serde_json::to_writer(&mut self.text, value).expect("text can be JSON");
    }

    /// Adds a word of ours, which needs no escaping.
    pub(crate) fn word(&mut self, name: &str, value: &'static str) {
        self.name(name);
        self.push(["\"", value, "\""]);
    }

    fn name(&mut self, name: &str) {
        match self.format {
            LogFormat::Text => self.push([" ", name, "="]),
            LogFormat::Json => self.push([",\"", name, "\":"]),
        }
    }

    #[inline]
    fn push<const N: usize>(&mut self, texts: [&str; N]) {
        for text in texts {
            self.text.extend_from_slice(text.as_bytes());
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.push(match self.format {
            LogFormat::Text => ["\n"],
            LogFormat::Json => ["}\n"],
        });
        self.text
    }
}

impl Visit for Line {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        match field.name() {
            "message" => self.message(&value),
            name => self.text(name, &value),
        }
    }
}
