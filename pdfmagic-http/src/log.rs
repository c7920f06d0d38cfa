//! Lines on standard error: what the service does, one for each request. No names of files, no data.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Config, LogFormat};

/// How long a line may wait for others, so that they need one system call together.
const DELAY: Duration = Duration::from_millis(20);

/// How many bytes of lines may wait.
const MAX: usize = 1 << 20;

/// What a line about a request has room in, in bytes.
const ROOM: usize = 512;

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
        tracing_subscriber::fmt()
            .with_max_level(config.log_level)
            .event_format(Lines(config.log_format))
            .with_writer(log.clone())
            .init();
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

/// How a line looks. What `tracing_subscriber` has for that takes three times as long, which is a tenth of what the
/// server does for a small photo.
#[derive(Debug)]
struct Lines(LogFormat);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = event.metadata().level().as_str();
        let time = humantime::format_rfc3339_micros(SystemTime::now());
        let mut line = String::with_capacity(ROOM);
        match self.0 {
            LogFormat::Text => write!(line, "{time} {level}"),
            LogFormat::Json => write!(line, r#"{{"timestamp":"{time}","level":"{level}""#),
        }?;
        let mut fields = Fields {
            line,
            format: self.0,
        };
        event.record(&mut fields);
        fields.line.push_str(match self.0 {
            LogFormat::Text => "\n",
            LogFormat::Json => "}\n",
        });
        out.write_str(&fields.line)
    }
}

/// What an event says, one after the other.
struct Fields {
    line: String,
    format: LogFormat,
}

impl Fields {
    fn add(&mut self, field: &Field, value: &str) {
        let name = field.name();
        let parts = match self.format {
            LogFormat::Text if name == "message" => [" ", "", "", value],
            LogFormat::Text => [" ", name, "=", value],
            LogFormat::Json => [",\"", name, "\":", value],
        };
        self.line.extend(parts);
    }
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, itoa::Buffer::new().format(value));
    }

    /// In both formats as JSON has it.
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(
            field,
            &serde_json::to_string(value).expect("text can be JSON"),
        );
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        match self.format {
            LogFormat::Text => self.add(field, &value),
            LogFormat::Json => self.record_str(field, &value),
        }
    }
}
