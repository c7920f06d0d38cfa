//! The metrics and the log line of a request that has ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::{HeaderValue, StatusCode};
use tracing::Level;

use crate::log::Log;
use crate::metrics::{Answered, Kind, Metrics, Reason, Route};
use crate::paths;
use crate::problem::Refusal;

/// The conversion behind an answer, as an extension of the response.
#[derive(Debug, Clone)]
pub(crate) struct ConversionReport {
    /// The backend of the first page.
    pub(crate) backend: &'static str,
    pub(crate) pages: usize,
    /// The size of the JPEGs in bytes; `None` while they still arrive.
    pub(crate) input: Option<usize>,
    /// The time that the body took to arrive.
    pub(crate) read: Duration,
    /// The time that the conversion waited for a worker, if it did.
    pub(crate) queue: Option<Duration>,
    pub(crate) convert: Duration,
    /// The notices, as `code;page=n`.
    pub(crate) notices: String,
}

/// A request that has ended.
#[derive(Debug)]
pub(crate) struct RequestRecord {
    pub(crate) at: SystemTime,
    /// The time from the head to the last byte of the answer.
    pub(crate) took: Duration,
    pub(crate) id: HeaderValue,
    pub(crate) traceparent: Option<HeaderValue>,
    pub(crate) method: &'static str,
    pub(crate) route: &'static str,
    pub(crate) status: u16,
    pub(crate) report: Option<ConversionReport>,
    pub(crate) refusal: Option<Refusal>,
    /// The number of bytes of the answer's body that the system has accepted.
    pub(crate) sent: u64,
}

/// The destinations of records.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    pub(crate) metrics: Arc<Metrics>,
    /// The log; `None` if requests are only counted.
    pub(crate) log: Option<Log>,
}

impl Records {
    /// Counts and logs a request.
    pub(crate) fn add(&self, record: &RequestRecord) {
        record.count(&self.metrics);
        if let Some(log) = &self.log {
            record.log(log);
        }
    }
}

impl RequestRecord {
    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_ref()?.to_str().ok()
    }

    fn count(&self, metrics: &Metrics) {
        metrics.output.inc_by(self.sent);
        let route = self.route;
        let answered = Answered {
            route,
            method: self.method,
            status: self.status,
        };
        metrics.requests.get_or_create(&answered).inc();
        metrics
            .duration
            .get_or_create(&Route { route })
            .observe(self.took.as_secs_f64());
        if let Some(Refusal { code, bound }) = self.refusal {
            metrics.errors.get_or_create(&Kind { kind: code }).inc();
            if let Some(reason) = bound {
                metrics.rejected.get_or_create(&Reason { reason }).inc();
            }
        }
        if let Some(report) = &self.report
            && self.status == StatusCode::OK.as_u16()
        {
            metrics.input.inc_by(report.input.unwrap_or(0) as u64);
            metrics.pages.inc_by(report.pages as u64);
            if let Some(queue) = report.queue {
                metrics.queue_wait.observe(queue.as_secs_f64());
            }
            metrics.converted(report.backend, report.convert);
        }
    }

    fn log(&self, log: &Log) {
        // Health probes are too frequent for the normal level.
        let level = if paths::is_health(self.route) {
            Level::DEBUG
        } else {
            Level::INFO
        };
        let Some(mut line) = log.line(self.at, level, "request") else {
            return;
        };
        line.text("id", self.id.to_str().unwrap_or_default());
        if let Some(traceparent) = self.traceparent() {
            line.text("traceparent", traceparent);
        }
        line.word("method", self.method);
        line.word("route", self.route);
        line.number("status", self.status.into());
        if let Some(refusal) = &self.refusal {
            line.word("code", refusal.code);
        }
        if let Some(report) = &self.report {
            line.word("backend", report.backend);
            line.number("pages", report.pages as u64);
            if let Some(input) = report.input {
                line.number("bytes_in", input as u64);
            }
            line.number("queue_us", micros(report.queue.unwrap_or_default()));
            line.number("read_us", micros(report.read));
            line.number("convert_us", micros(report.convert));
        }
        line.number("bytes_out", self.sent);
        line.number("total_us", micros(self.took));
        log.add(line);
    }
}

/// Returns whole microseconds.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
