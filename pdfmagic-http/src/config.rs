//! What an operator may choose: each flag is also an environment variable.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::Parser;

/// Room beside the budget for code, connections and answers in the making, in bytes.
const HEADROOM: usize = 32 << 20;

/// JPEG in, PDF out, over HTTP.
#[derive(Debug, Clone, Parser)]
#[command(name = "pdfmagic-http", version)]
#[non_exhaustive]
pub struct Config {
    /// Address and port to listen on
    #[arg(long, env = "PDFMAGIC_LISTEN", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// Address of this replica, to be shown on the page [default: the socket's own]
    #[arg(long, env = "POD_IP", value_name = "ADDRESS")]
    pub replica: Option<IpAddr>,

    /// Largest request body, in bytes
    #[arg(long, env = "PDFMAGIC_MAX_BODY", default_value_t = 32 << 20, value_name = "BYTES")]
    pub max_body: usize,
    /// Most files in a form
    #[arg(
        long,
        env = "PDFMAGIC_MAX_PARTS",
        default_value_t = 200,
        value_name = "N"
    )]
    pub max_parts: usize,
    /// Largest width × height to be decoded
    #[arg(
        long,
        env = "PDFMAGIC_MAX_PIXELS",
        default_value_t = 100_000_000,
        value_name = "N"
    )]
    pub max_pixels: u64,
    /// Most scans to be decoded
    #[arg(
        long,
        env = "PDFMAGIC_MAX_SCANS",
        default_value_t = 1_000,
        value_name = "N"
    )]
    pub max_scans: u32,
    /// Most marker segments in a header
    #[arg(
        long,
        env = "PDFMAGIC_MAX_SEGMENTS",
        default_value_t = 4_096,
        value_name = "N"
    )]
    pub max_segments: u32,
    /// Memory that requests may hold together, in bytes [default: the container's limit less 32 MiB, or 512 MiB]
    #[arg(long, env = "PDFMAGIC_MEMORY_BUDGET", value_name = "BYTES")]
    pub memory_budget: Option<usize>,
    /// Threads for work that takes the processor [default: one for each processor there is]
    #[arg(long, env = "PDFMAGIC_WORKERS", value_name = "N")]
    pub workers: Option<usize>,
    /// Most requests that wait for a worker
    #[arg(long, env = "PDFMAGIC_QUEUE", default_value_t = 64, value_name = "N")]
    pub queue: usize,
    /// Most connections at a time
    #[arg(
        long,
        env = "PDFMAGIC_MAX_CONNECTIONS",
        default_value_t = 1_024,
        value_name = "N"
    )]
    pub max_connections: usize,
    /// Most requests on a connection, so that new replicas get their share
    #[arg(
        long,
        env = "PDFMAGIC_CONNECTION_REQUESTS",
        default_value_t = 10_000,
        value_name = "N"
    )]
    pub connection_requests: u32,

    /// How long a connection may live, give or take a tenth
    #[arg(long, env = "PDFMAGIC_CONNECTION_AGE", default_value = "300", value_parser = seconds, value_name = "SECONDS")]
    pub connection_age: Duration,
    /// How long the head of a request may take
    #[arg(long, env = "PDFMAGIC_HEADER_TIMEOUT", default_value = "5", value_parser = seconds, value_name = "SECONDS")]
    pub header_timeout: Duration,
    /// How long a connection may be without a request
    #[arg(long, env = "PDFMAGIC_IDLE_TIMEOUT", default_value = "30", value_parser = seconds, value_name = "SECONDS")]
    pub idle_timeout: Duration,
    /// How long a client may neither send nor take anything of a body
    #[arg(long, env = "PDFMAGIC_STALL_TIMEOUT", default_value = "10", value_parser = seconds, value_name = "SECONDS")]
    pub stall_timeout: Duration,
    /// How long a request body may take
    #[arg(long, env = "PDFMAGIC_BODY_TIMEOUT", default_value = "60", value_parser = seconds, value_name = "SECONDS")]
    pub body_timeout: Duration,
    /// How long a request may wait for a worker
    #[arg(long, env = "PDFMAGIC_QUEUE_TIMEOUT", default_value = "5", value_parser = seconds, value_name = "SECONDS")]
    pub queue_timeout: Duration,
    /// How long to go on serving after SIGTERM while /readyz answers 503
    #[arg(long, env = "PDFMAGIC_DRAIN_DELAY", default_value = "1", value_parser = seconds, value_name = "SECONDS")]
    pub drain_delay: Duration,
    /// How long requests in flight may take to finish after that
    #[arg(long, env = "PDFMAGIC_GRACE", default_value = "30", value_parser = seconds, value_name = "SECONDS")]
    pub grace: Duration,
}

impl Config {
    /// The memory budget in force, in bytes.
    #[must_use]
    pub fn memory_budget(&self) -> usize {
        const WITHOUT_LIMIT: usize = 512 << 20;
        self.memory_budget.unwrap_or_else(|| {
            container_memory().map_or(WITHOUT_LIMIT, |limit| limit.saturating_sub(HEADROOM))
        })
    }

    /// The number of workers in force. The standard library heeds the container's quota.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
            .max(1)
    }

    /// What does not fit together, and how to mend it.
    ///
    /// # Errors
    ///
    /// One line for the first thing that does not.
    pub fn check(&self) -> Result<(), String> {
        let budget = self.memory_budget();
        if budget < self.max_body {
            return Err(format!(
                "a budget of {budget} bytes has no room for a body of {}: raise --memory-budget or lower --max-body",
                self.max_body
            ));
        }
        if self.queue == 0 || self.max_connections == 0 {
            return Err("--queue and --max-connections must be at least 1".to_owned());
        }
        if self.stall_timeout > self.body_timeout {
            return Err("--stall-timeout must not be longer than --body-timeout".to_owned());
        }
        Ok(())
    }
}

/// The memory limit of the control group, version 2 or 1, in bytes.
fn container_memory() -> Option<usize> {
    let files = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let text = files
        .iter()
        .find_map(|file| std::fs::read_to_string(file).ok())?;
    // Version 2 says "max" where there is none, version 1 a number near 2⁶³.
    text.trim().parse().ok().filter(|limit| *limit < 1 << 50)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
