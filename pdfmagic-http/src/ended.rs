//! Requests that have ended: counted and logged many at a time, since what all threads share goes from one processor's cache
//! to another's when each request touches it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::{HeaderValue, StatusCode};
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::Level;

use crate::app::App;
use crate::exchange::{Refusal, Report, micros};
use crate::log::Log;
use crate::metrics::{Answered, Kind, Metrics, Reason, Route};

/// How many wait for each other.
const MANY: usize = 64;

/// How long they wait. Whoever asks for the metrics sees all that have ended.
const DELAY: Duration = Duration::from_millis(20);

/// What is counted and logged of a request that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) at: SystemTime,
    /// From the head to the last byte of the answer.
    pub(crate) took: Duration,
    pub(crate) id: HeaderValue,
    pub(crate) traceparent: Option<HeaderValue>,
    pub(crate) method: &'static str,
    pub(crate) route: &'static str,
    pub(crate) status: u16,
    pub(crate) report: Option<Report>,
    pub(crate) refusal: Option<Refusal>,
    /// Bytes of the answer's body that the system has taken.
    pub(crate) sent: u64,
}

/// Requests that are not yet counted.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    ended: Mutex<Vec<Ended>>,
    is_waiting: Notify,
}

impl Waiting {
    /// Takes a request.
    pub(crate) fn add(&self, one: Ended, app: &App) {
        let many = {
            let mut ended = self.lock();
            if ended.is_empty() {
                self.is_waiting.notify_one();
            }
            ended.push(one);
            (ended.len() >= MANY).then(|| take(&mut ended))
        };
        note(&many.unwrap_or_default(), app);
    }

    /// Counts and logs all that have ended.
    pub(crate) fn note(&self, app: &App) {
        let ended = take(&mut self.lock());
        note(&ended, app);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Ended>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts and logs the few that are not many in time.
pub(crate) async fn note_in_time(app: Arc<App>) {
    loop {
        app.ended.is_waiting.notified().await;
        sleep(DELAY).await;
        app.ended.note(&app);
    }
}

fn take(ended: &mut Vec<Ended>) -> Vec<Ended> {
    std::mem::replace(ended, Vec::with_capacity(MANY))
}

fn note(ended: &[Ended], app: &App) {
    for one in ended {
        one.count(&app.metrics);
        one.log(&app.log);
    }
}

impl Ended {
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
        // Too many, and too dull.
        let is_health = matches!(self.route, "/livez" | "/readyz");
        let level = if is_health { Level::DEBUG } else { Level::INFO };
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
