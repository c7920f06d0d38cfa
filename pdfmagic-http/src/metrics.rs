//! The metrics, by the names that dashboards and alerts use.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use rustix::time::{ClockId, clock_gettime};

/// The upper bounds of the histogram in seconds, around typical times of conversions, and around what people tolerate.
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// A request that has ended. The route is a template, never the path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Answered {
    pub(crate) route: &'static str,
    pub(crate) method: &'static str,
    pub(crate) status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Route {
    pub(crate) route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Mode {
    pub(crate) mode: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Reason {
    pub(crate) reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Kind {
    pub(crate) kind: &'static str,
}

/// All metrics.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<Answered, Counter>,
    pub(crate) duration: Histograms<Route>,
    pub(crate) queue_wait: Histogram,
    pub(crate) conversion: Histograms<Mode>,
    pub(crate) inflight: Gauge,
    pub(crate) rejected: Family<Reason, Counter>,
    pub(crate) errors: Family<Kind, Counter>,
    pub(crate) input: Counter,
    pub(crate) output: Counter,
    pub(crate) pages: Counter,
    pub(crate) connections: Gauge,
    pub(crate) connections_closed: Family<Reason, Counter>,
    pub(crate) connection_waits: Counter,
    queued: Gauge,
    reserved: Gauge,
    budget: Gauge,
    draining: Gauge,
    tasks: Gauge,
    cpu: Counter<f64, AtomicU64>,
    resident: Gauge,
    descriptors: Gauge,
}

/// Values that are read when metrics are requested.
#[derive(Debug)]
pub(crate) struct Gauges {
    /// The number of conversions that wait for a worker.
    pub(crate) queued: usize,
    /// The memory reserved by requests, in bytes.
    pub(crate) reserved: usize,
    /// The memory that requests may reserve, in bytes.
    pub(crate) budget: usize,
    pub(crate) is_draining: bool,
    /// The number of live tasks of the runtime.
    pub(crate) tasks: usize,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            duration: Family::new_with_constructor(histogram),
            queue_wait: histogram(),
            conversion: Family::new_with_constructor(histogram),
            inflight: Gauge::default(),
            rejected: Family::default(),
            errors: Family::default(),
            input: Counter::default(),
            output: Counter::default(),
            pages: Counter::default(),
            connections: Gauge::default(),
            connections_closed: Family::default(),
            connection_waits: Counter::default(),
            queued: Gauge::default(),
            reserved: Gauge::default(),
            budget: Gauge::default(),
            draining: Gauge::default(),
            tasks: Gauge::default(),
            cpu: Counter::default(),
            resident: Gauge::default(),
            descriptors: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    #[rustfmt::skip]
    fn register(&mut self) {
        let mut to = std::mem::take(&mut self.registry);
        let ours = to.sub_registry_with_prefix("pdfmagic");
        ours.register("http_requests", "Requests that have ended; status 499 if the client hung up", self.requests.clone());
        ours.register("http_request_duration_seconds", "From the head of a request until the system has taken the last byte of its answer", self.duration.clone());
        ours.register("queue_wait_seconds", "How long conversions waited for a worker", self.queue_wait.clone());
        ours.register("conversion_duration_seconds", "How long conversions took, by backend", self.conversion.clone());
        ours.register("inflight", "Requests being answered", self.inflight.clone());
        ours.register("queued", "Conversions waiting for a worker", self.queued.clone());
        ours.register("inflight_bytes", "Memory reserved by requests", self.reserved.clone());
        ours.register("budget_bytes", "Memory that requests may reserve", self.budget.clone());
        ours.register("rejected", "Requests turned away by a bound", self.rejected.clone());
        ours.register("errors", "Requests answered with a problem, by its code", self.errors.clone());
        ours.register("input_bytes", "Bytes of JPEG converted", self.input.clone());
        ours.register("output_bytes", "Bytes of answers sent", self.output.clone());
        ours.register("pages", "Pages made", self.pages.clone());
        ours.register("connections", "Open connections", self.connections.clone());
        ours.register("connections_closed", "Connections closed by a bound, or for what is not HTTP", self.connections_closed.clone());
        ours.register("connection_waits", "Times that no further connection was accepted, since there were as many as may be", self.connection_waits.clone());
        ours.register("draining", "1 while the service finishes before it stops", self.draining.clone());
        ours.register("tasks", "Live tasks of the runtime", self.tasks.clone());
        let build = Family::<Vec<(&str, &str)>, Gauge>::default();
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION"))]).set(1);
        ours.register("build_info", "The version that runs", build);
        let process = to.sub_registry_with_prefix("process");
        process.register("cpu_seconds", "Time of processors that the process has used", self.cpu.clone());
        process.register("resident_memory_bytes", "Memory in use by the process", self.resident.clone());
        process.register("open_fds", "Open file descriptors", self.descriptors.clone());
        self.registry = to;
    }

    /// Returns all metrics in the OpenMetrics format.
    pub(crate) fn open_metrics(&self, now: &Gauges) -> String {
        let set = |gauge: &Gauge, value: usize| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.queued, now.queued);
        set(&self.reserved, now.reserved);
        set(&self.budget, now.budget);
        set(&self.draining, now.is_draining.into());
        set(&self.tasks, now.tasks);
        self.cpu.inc_by(cpu_time().as_secs_f64() - self.cpu.get());
        set(&self.resident, resident().unwrap_or_default());
        let descriptors = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        set(&self.descriptors, descriptors);
        let mut out = String::new();
        text::encode(&mut out, &self.registry).expect("writing to a String cannot fail");
        out
    }

    pub(crate) fn closed(&self, reason: &'static str) {
        self.connections_closed
            .get_or_create(&Reason { reason })
            .inc();
    }

    pub(crate) fn converted(&self, mode: &'static str, took: Duration) {
        self.conversion
            .get_or_create(&Mode { mode })
            .observe(took.as_secs_f64());
    }
}

/// Converts metrics to Prometheus's older format, which many tools still use: there, the suffix of a counter is in
/// comments as well.
pub(crate) fn classic(open_metrics: &str) -> String {
    let lines = open_metrics.lines().filter(|line| *line != "# EOF");
    let counters: HashSet<_> = lines
        .clone()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut text = String::new();
    for line in lines {
        let mut words = line.splitn(4, ' ');
        let comment = (words.next(), words.next(), words.next(), words.next());
        if let (Some("#"), Some(key), Some(name), Some(rest)) = comment
            && counters.contains(name)
        {
            writeln!(text, "# {key} {name}_total {rest}")
        } else {
            writeln!(text, "{line}")
        }
        .expect("writing to a String cannot fail");
    }
    text
}

/// Returns the processor time that this process has used.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.try_into().unwrap_or_default()
}

/// Returns the resident memory of this process, in bytes (proc(5)).
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
