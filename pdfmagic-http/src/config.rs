//! The settings for operators. Each is a flag and an environment variable.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use tokio::sync::Semaphore;

/// The memory in addition to the budget, for code, the runtime and the first buffers of connections, in bytes.
const HEADROOM: usize = 32 << 20;

/// The maximum number of workers, which is the maximum number of the runtime's blocking threads.
const MOST_WORKERS: usize = 512;

/// JPEG in, PDF out, over HTTP.
#[derive(Debug, Parser)]
#[command(name = "pdfmagic-http", version)]
pub(crate) struct Cli {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Print the settings in force, as an environment file, and exit
    #[arg(long)]
    pub(crate) print_config: bool,
    /// How to serve.
    #[command(flatten)]
    pub(crate) config: Config,
}

/// Other things that the program does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Ask the running service whether it is ready; for probes in an image without a shell
    Health,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line, for programs
    Json,
}

/// Everything that can be set.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address and port to listen on; `[::]` means all addresses, or all IPv4 addresses if there is no IPv6
    #[arg(long, env = "PDFMAGIC_LISTEN", default_value = "[::]:8080")]
    pub(crate) listen: SocketAddr,
    /// Address and port for health, metrics and settings; not for clients
    #[arg(
        long,
        env = "PDFMAGIC_ADMIN_LISTEN",
        default_value = "[::]:9090",
        global = true
    )]
    pub(crate) admin_listen: SocketAddr,
    /// How log lines look
    #[arg(long, env = "PDFMAGIC_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// What is logged: error, warn, info (each request), or debug (also health checks, connections and memory)
    #[arg(
        long,
        env = "PDFMAGIC_LOG_LEVEL",
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub(crate) log_level: tracing::Level,
    /// Address of this replica, to be shown on the page [default: the socket's own]
    #[arg(long, env = "POD_IP", value_name = "ADDRESS")]
    pub(crate) replica: Option<IpAddr>,

    /// Bearer token that clients must send to convert anything [default: none]
    #[arg(long, env = "PDFMAGIC_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Other sites whose pages may use the service, such as `https://example.org`, separated by commas; `*` means all
    #[arg(
        long,
        env = "PDFMAGIC_CORS_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGINS"
    )]
    pub(crate) cors_origins: Vec<HeaderValue>,
    /// Maximum conversions per second of one client, on average [default: no limit]
    #[arg(long, env = "PDFMAGIC_RATE_LIMIT", value_name = "N")]
    pub(crate) rate_limit: Option<NonZeroU32>,
    /// Maximum conversions of one client in a burst, if there is a rate limit
    #[arg(
        long,
        env = "PDFMAGIC_RATE_BURST",
        default_value = "20",
        value_name = "N"
    )]
    pub(crate) rate_burst: NonZeroU32,
    /// Header in which a proxy names the client, such as X-Forwarded-For; the last address in it counts [default: none;
    /// the client is the address that connects]
    #[arg(long, env = "PDFMAGIC_CLIENT_HEADER", value_name = "NAME")]
    pub(crate) client_header: Option<HeaderName>,

    /// Maximum size of a file, in bytes
    #[arg(long, env = "PDFMAGIC_MAX_BODY", default_value_t = 32 << 20, value_name = "BYTES")]
    pub(crate) max_body: usize,
    /// Maximum size of all files of a form, in bytes [default: four times the maximum of a file, or half of the memory for
    /// requests if that is less]
    #[arg(long, env = "PDFMAGIC_MAX_FORM", value_name = "BYTES")]
    pub(crate) max_form: Option<usize>,
    /// Maximum size of a file that is streamed, in bytes
    #[arg(
        long,
        env = "PDFMAGIC_MAX_STREAM",
        default_value_t = 4 << 30,
        value_name = "BYTES"
    )]
    pub(crate) max_stream: usize,
    /// Maximum number of files in a form
    #[arg(
        long,
        env = "PDFMAGIC_MAX_PARTS",
        default_value_t = 200,
        value_name = "N"
    )]
    pub(crate) max_parts: usize,
    /// Maximum width × height of an image that is decoded
    #[arg(
        long,
        env = "PDFMAGIC_MAX_PIXELS",
        default_value_t = 100_000_000,
        value_name = "N"
    )]
    pub(crate) max_pixels: u64,
    /// Maximum number of scans of an image that is decoded
    #[arg(
        long,
        env = "PDFMAGIC_MAX_SCANS",
        default_value_t = 1_000,
        value_name = "N"
    )]
    pub(crate) max_scans: u32,
    /// Maximum number of marker segments in a header
    #[arg(
        long,
        env = "PDFMAGIC_MAX_SEGMENTS",
        default_value_t = 4_096,
        value_name = "N"
    )]
    pub(crate) max_segments: u32,
    /// Memory that the process may use, in bytes [default: the container's limit, or 1056 MiB]
    #[arg(long, env = "PDFMAGIC_MEMORY_LIMIT", value_name = "BYTES")]
    pub(crate) memory_limit: Option<usize>,
    /// Memory for all requests together, in bytes; an eighth is for the buffers of their connections [default: the
    /// memory limit less 32 MiB]
    #[arg(long, env = "PDFMAGIC_MEMORY_BUDGET", value_name = "BYTES")]
    pub(crate) memory_budget: Option<usize>,
    /// Number of threads that convert images [default: the number of processors]
    #[arg(long, env = "PDFMAGIC_WORKERS", value_name = "N")]
    pub(crate) workers: Option<usize>,
    /// Maximum number of requests that wait for a worker
    #[arg(long, env = "PDFMAGIC_QUEUE", default_value_t = 64, value_name = "N")]
    pub(crate) queue: usize,
    /// Maximum number of connections at a time
    #[arg(
        long,
        env = "PDFMAGIC_MAX_CONNECTIONS",
        default_value_t = 1_024,
        value_name = "N"
    )]
    pub(crate) max_connections: usize,
    /// Also speak HTTP/2 without TLS, with clients that start with it (prior knowledge)
    #[arg(long, env = "PDFMAGIC_HTTP2")]
    pub(crate) http2: bool,
    /// Maximum number of requests on a connection, reduced by up to a tenth, so that new replicas get their share
    #[arg(
        long,
        env = "PDFMAGIC_CONNECTION_REQUESTS",
        default_value_t = 10_000,
        value_name = "N"
    )]
    pub(crate) connection_requests: u32,

    /// How long a connection may live, give or take a tenth
    #[arg(long, env = "PDFMAGIC_CONNECTION_AGE", default_value = "300", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) connection_age: Duration,
    /// How long the header of a request may take to arrive
    #[arg(long, env = "PDFMAGIC_HEADER_TIMEOUT", default_value = "5", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) header_timeout: Duration,
    /// How long a connection may be idle between requests
    #[arg(long, env = "PDFMAGIC_IDLE_TIMEOUT", default_value = "30", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) idle_timeout: Duration,
    /// How long a client may pause while it sends a body; on the admin port, how long a whole request may take
    #[arg(long, env = "PDFMAGIC_STALL_TIMEOUT", default_value = "10", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) stall_timeout: Duration,
    /// Minimum rate of a request body, in bytes per second, averaged over --body-timeout
    #[arg(
        long,
        env = "PDFMAGIC_MIN_RATE",
        default_value_t = 16 << 10,
        value_name = "BYTES"
    )]
    pub(crate) min_rate: usize,
    /// How long a request body may be slower than --min-rate, and how long a client may read so little of an answer
    /// that nothing more can be sent
    #[arg(long, env = "PDFMAGIC_BODY_TIMEOUT", default_value = "60", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) body_timeout: Duration,
    /// How long a request may wait for a worker
    #[arg(long, env = "PDFMAGIC_QUEUE_TIMEOUT", default_value = "5", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) queue_timeout: Duration,
    /// How long a conversion may take once it has a worker; the worker still finishes the page that it is at
    #[arg(long, env = "PDFMAGIC_CONVERT_TIMEOUT", default_value = "10", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) convert_timeout: Duration,
    /// How long to go on serving after SIGTERM while /readyz answers 503
    #[arg(long, env = "PDFMAGIC_DRAIN_DELAY", default_value = "1", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) drain_delay: Duration,
    /// How long requests in flight may take to finish after that
    #[arg(long, env = "PDFMAGIC_GRACE", default_value = "75", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) grace: Duration,

    /// Names of environment variables, and the values in force.
    #[arg(skip)]
    pub(crate) settings: Vec<(String, String)>,
}

impl Cli {
    /// Reads the command line and the environment. Invalid settings end the process.
    pub(crate) fn read() -> Self {
        let command = Self::command();
        let matches = command.clone().get_matches();
        let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        cli.config.settings = settings(&command, &matches, &cli.config);
        cli
    }
}

/// Returns all settings in force, except secrets.
fn settings(
    command: &clap::Command,
    matches: &ArgMatches,
    config: &Config,
) -> Vec<(String, String)> {
    let known = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_env_values_set());
    let setting = |arg: &clap::Arg| {
        let name = arg.get_env()?.to_str()?.to_owned();
        let value = match arg.get_id().as_str() {
            "memory_limit" => config.memory_limit().to_string(),
            "memory_budget" => config.memory_budget().to_string(),
            "max_form" => config.max_form().to_string(),
            "workers" => config.workers().to_string(),
            id => {
                let given = matches.get_raw(id).unwrap_or_default();
                given
                    .map(|value| value.to_string_lossy())
                    .collect::<Vec<_>>()
                    .join(",")
            }
        };
        Some((name, value))
    };
    known.filter_map(setting).collect()
}

/// Returns the environment variables that are settings.
pub(crate) fn variables() -> impl Iterator<Item = OsString> {
    let variables = Cli::command()
        .get_arguments()
        .filter_map(|arg| arg.get_env().map(ToOwned::to_owned))
        .collect::<Vec<_>>();
    variables.into_iter()
}

/// Returns environment variables that look like settings but are unknown: misspelled, or of another version.
pub(crate) fn unknown_variables() -> impl Iterator<Item = String> {
    let known: Vec<OsString> = variables().collect();
    std::env::vars_os()
        .map(|(name, _)| name)
        .filter(move |name| {
            name.as_encoded_bytes().starts_with(b"PDFMAGIC_") && !known.contains(name)
        })
        .map(|name| name.to_string_lossy().into_owned())
}

impl Config {
    /// Reads settings as on a command line, such as `--max-body 1000000`; the others come from the environment.
    ///
    /// # Errors
    ///
    /// If settings are invalid or contradictory. The text says how to correct them.
    pub fn from_args(args: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, String> {
        let args = args.into_iter().map(Into::into);
        let words = std::iter::once(OsString::from("pdfmagic-http")).chain(args);
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        cli.config.check().map(|()| cli.config)
    }

    /// The memory limit in force, in bytes.
    pub(crate) fn memory_limit(&self) -> usize {
        const WITHOUT_LIMIT: usize = 1056 << 20;
        self.memory_limit
            .or_else(container_memory)
            .unwrap_or(WITHOUT_LIMIT)
    }

    /// The memory budget in force, in bytes.
    pub(crate) fn memory_budget(&self) -> usize {
        self.memory_budget
            .unwrap_or_else(|| self.memory_limit().saturating_sub(HEADROOM))
    }

    /// The part of the budget for the buffers of connections, in bytes.
    pub(crate) fn memory_for_connections(&self) -> usize {
        self.memory_budget() / 8
    }

    /// The rest of the budget, for everything but those buffers, in bytes.
    pub(crate) fn memory_for_bodies(&self) -> usize {
        self.memory_budget() - self.memory_for_connections()
    }

    /// The maximum size of a form in force, in bytes.
    pub(crate) fn max_form(&self) -> usize {
        let by_file = self.max_body.saturating_mul(4);
        let by_memory = self.memory_for_bodies() / 2;
        self.max_form
            .unwrap_or_else(|| by_file.min(by_memory).max(self.max_body))
    }

    /// The number of workers in force. The standard library heeds the container's quota.
    pub(crate) fn workers(&self) -> usize {
        self.workers
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// Rejects contradictory settings, and says how to correct them.
    pub(crate) fn check(&self) -> Result<(), String> {
        let budget = self.memory_budget();
        if self.memory_for_bodies() < self.max_body {
            return Err(format!(
                "a budget of {budget} bytes, less an eighth, has no room for a body of {}: raise --memory-budget or lower --max-body",
                self.max_body
            ));
        }
        if self.memory_for_bodies() < self.max_form() {
            return Err(format!(
                "a budget of {budget} bytes, less an eighth, has no room for a form of {}: raise --memory-budget or lower --max-form",
                self.max_form()
            ));
        }
        if self.memory_budget.is_some()
            && (self.memory_limit.is_some() || container_memory().is_some())
            && budget > self.memory_limit().saturating_sub(HEADROOM)
        {
            return Err(format!(
                "a budget of {budget} bytes and 32 MiB for the rest are over the memory limit of {}: lower --memory-budget",
                self.memory_limit()
            ));
        }
        for (flag, value, most) in [
            ("--queue", self.queue, Semaphore::MAX_PERMITS),
            (
                "--max-connections",
                self.max_connections,
                Semaphore::MAX_PERMITS,
            ),
            ("--workers", self.workers(), MOST_WORKERS),
        ] {
            if !(1..=most).contains(&value) {
                return Err(format!("{flag} must be from 1 to {most}"));
            }
        }
        let in_flight = self.body_timeout + self.queue_timeout + self.convert_timeout;
        if self.grace < in_flight {
            return Err(format!(
                "a body, the wait for a worker and a conversion may take {} s: raise --grace or lower --body-timeout",
                in_flight.as_secs_f64()
            ));
        }
        if self.stall_timeout > self.body_timeout {
            return Err("--stall-timeout must not be longer than --body-timeout".to_owned());
        }
        Ok(())
    }
}

/// Returns the memory limit of the control group, version 2 or 1, in bytes.
fn container_memory() -> Option<usize> {
    let files = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let text = files
        .iter()
        .find_map(|file| std::fs::read_to_string(file).ok())?;
    // Without a limit, version 2 has "max", and version 1 a number near 2⁶³.
    text.trim().parse().ok().filter(|limit| *limit < 1 << 50)
}

/// Parses a number of seconds that can be added to any time of a clock. The error says what is expected.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    const MAX: u32 = u32::MAX;
    text.parse()
        .ok()
        .filter(|seconds| (0.0..=f64::from(MAX)).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("expected a number of seconds from 0 to {MAX}"))
}
