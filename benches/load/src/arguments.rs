//! The command line of `pdfmagic-load`.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use pdfmagic_load::client::Target;
use pdfmagic_load::picture::Picture;
use pdfmagic_load::plot::Chart;

/// Measures a deployment: clients post pictures, and every answer is checked and timed.
///
/// `pdfmagic-load HOST:PORT 100 10` sends 100 requests from each of 10 clients, as in the practical.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) measure: Option<Measure>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Merge recordings that were made at the same time, and print a summary.
    Merge {
        /// The merged recording.
        #[arg(short, long)]
        output: PathBuf,
        /// Recordings to merge.
        #[arg(required = true)]
        inputs: Vec<PathBuf>,
    },
    /// Draw recordings: writes an SVG, a PNG, and a CSV with the numbers.
    Plot {
        /// The kind of chart.
        #[arg(value_enum)]
        chart: Chart,
        /// The files to write, without an extension.
        #[arg(short, long, value_name = "STEM")]
        output: PathBuf,
        /// The title of the chart [default: the target of the first recording].
        #[arg(long)]
        title: Option<String>,
        /// Recordings to draw. The legend has their file names.
        #[arg(required = true)]
        inputs: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Measure {
    /// Where to send requests: HOST:PORT or http://HOST:PORT/PATH.
    #[arg(value_parser = Target::parse)]
    pub(super) target: Target,
    /// Requests per client [default: 100, unless --duration is given].
    #[arg(value_name = "CALLS", conflicts_with = "requests")]
    pub(super) calls: Option<u64>,
    /// Number of clients [default: 1].
    #[arg(value_name = "CLIENTS", conflicts_with = "clients", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) parallel: Option<u32>,
    /// The same as CALLS.
    #[arg(long, conflicts_with = "duration")]
    pub(super) requests: Option<u64>,
    /// The same as CLIENTS. With --rate: how many requests can be in flight.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) clients: Option<u32>,
    /// Start requests for this many seconds, instead of a number of requests.
    #[arg(long, value_parser = seconds, conflicts_with = "calls")]
    pub(super) duration: Option<Duration>,
    /// Open loop: send this many requests per second in total, whether answers come or not.
    #[arg(long, value_parser = rate)]
    pub(super) rate: Option<f64>,
    /// Whether clients keep their connections. One per request is what curl does, and spreads requests over replicas.
    #[arg(long, value_enum, default_value_t = Connections::PerRequest)]
    pub(super) connections: Connections,
    /// Requests that each client sends first and that are not measured.
    #[arg(long, default_value_t = 1)]
    pub(super) warm_up: u32,
    /// When to start, in Unix seconds, so that several load generators start together. One that starts more than a second
    /// late says so, and its requests are left out of plots and of what `merge` prints.
    #[arg(long, value_parser = unix_time)]
    pub(super) start_at: Option<Duration>,
    /// Seconds that a client pauses after an answer.
    #[arg(long, value_parser = seconds, default_value = "0")]
    pub(super) think_time: Duration,
    /// How often a request that was shed (429, 503) is sent again. The pause is Retry-After, unless it exceeds --timeout.
    #[arg(long, default_value_t = 3)]
    pub(super) retries: u32,
    /// Maximum seconds to wait for an answer.
    #[arg(long, value_parser = seconds, default_value = "60")]
    pub(super) timeout: Duration,
    /// Number of the first client, to distinguish load generators.
    #[arg(long, default_value_t = 0)]
    pub(super) client_id: u32,
    /// Send the JPEG as the body, instead of as the file of a form.
    #[arg(long)]
    pub(super) raw: bool,
    /// What the pictures show.
    #[arg(long, value_enum, default_value_t = Picture::Noise)]
    pub(super) picture: Picture,
    /// Width and height of the pictures, in pixels.
    #[arg(long, value_parser = dimensions, default_value = "640x480")]
    pub(super) size: (u16, u16),
    /// Number of different pictures.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) pictures: u64,
    /// Send these files instead of generated pictures.
    #[arg(long, num_args = 1.., conflicts_with_all = ["picture", "size", "pictures"])]
    pub(super) files: Vec<PathBuf>,
    /// Record every request as a line of JSON. `-` is standard output; the summary then goes to standard error.
    #[arg(short, long)]
    pub(super) output: Option<PathBuf>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Fail if the 99th percentile of the response time exceeds this, in milliseconds.
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    pub(super) max_p99: Option<f64>,
    /// Fail if a larger share of the requests failed, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(super) max_error_rate: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Connections {
    Reuse,
    PerRequest,
}

/// A time that can be added to any date before the year 2400.
fn seconds(text: &str) -> Result<Duration, String> {
    number(text, 0.0..=u32::MAX.into())
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("expected a number of seconds from 0 to {}", u32::MAX))
}

fn unix_time(text: &str) -> Result<Duration, String> {
    seconds(text).map_err(|_| "expected Unix seconds, such as $(($(date +%s) + 60))".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, 1e-6..=1e9)
        .ok_or_else(|| "expected a number from 0.000001 to 1000000000".to_owned())
}

fn milliseconds(text: &str) -> Result<f64, String> {
    number(text, 0.0..=f64::MAX).ok_or_else(|| "expected a number of milliseconds".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    number(text, 0.0..=1.0).ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

fn number(text: &str, range: RangeInclusive<f64>) -> Option<f64> {
    text.parse().ok().filter(|number| range.contains(number))
}

fn dimensions(text: &str) -> Result<(u16, u16), String> {
    text.split_once('x')
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)))
        .filter(|&(width, height)| width > 0 && height > 0)
        .ok_or_else(|| "expected WIDTHxHEIGHT, each from 1 to 65535".to_owned())
}
