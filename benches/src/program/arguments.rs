//! The command line of `pdfmagic-load`.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use pdfmagic_http::seconds;

use crate::client::Target;
use crate::image::Picture;
#[cfg(feature = "plot")]
use crate::plot::Chart;

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
    /// Puts recordings that were made side by side into one, and sums it up.
    Merge {
        /// Where the samples of all go.
        #[arg(short, long)]
        output: PathBuf,
        /// Recordings.
        #[arg(required = true)]
        inputs: Vec<PathBuf>,
    },
    #[cfg(feature = "plot")]
    /// Draws recordings: an SVG, a PNG, and a CSV of the numbers in them.
    Plot {
        /// What to draw.
        #[arg(value_enum)]
        chart: Chart,
        /// Path of the files to write, without an extension.
        #[arg(short, long, value_name = "STEM")]
        output: PathBuf,
        /// Title of the chart [default: the first recording's target].
        #[arg(long)]
        title: Option<String>,
        /// Recordings; each is called as its file.
        #[arg(required = true)]
        inputs: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Measure {
    /// HOST:PORT, or http://HOST:PORT/PATH.
    #[arg(value_parser = Target::parse)]
    pub(super) target: Target,
    /// Requests of each client [default: 100, unless there is a duration].
    #[arg(value_name = "CALLS", conflicts_with = "requests")]
    pub(super) calls: Option<u64>,
    /// Clients [default: 1].
    #[arg(value_name = "CLIENTS", conflicts_with = "clients", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) parallel: Option<u32>,
    /// As CALLS.
    #[arg(long, conflicts_with = "duration")]
    pub(super) requests: Option<u64>,
    /// As CLIENTS. In an open loop: how many requests can be under way.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) clients: Option<u32>,
    /// Seconds for which requests start, in place of a number of requests.
    #[arg(long, value_parser = seconds, conflicts_with = "calls")]
    pub(super) duration: Option<Duration>,
    /// Open loop: so many requests a second of all clients together, whether answers come or not.
    #[arg(long, value_parser = rate)]
    pub(super) rate: Option<f64>,
    /// Whether a client keeps its connection. One for each request is what curl does, and what spreads over replicas.
    #[arg(long, value_enum, default_value_t = Connections::PerRequest)]
    pub(super) connections: Connections,
    /// Requests of each client before those that are measured.
    #[arg(long, default_value_t = 1)]
    pub(super) warm_up: u32,
    /// When to start, in Unix seconds, so that several load generators start together.
    #[arg(long, value_parser = seconds)]
    pub(super) start_at: Option<Duration>,
    /// Start when the clock next shows a full multiple of so many seconds: a start together without a word beforehand.
    #[arg(long, value_parser = period, conflicts_with = "start_at")]
    pub(super) start_every: Option<Duration>,
    /// Seconds that a client rests after an answer.
    #[arg(long, value_parser = seconds, default_value = "0")]
    pub(super) think_time: Duration,
    /// How often a request that was shed (429, 503) is sent again, after Retry-After, if that is not over the timeout.
    #[arg(long, default_value_t = 3)]
    pub(super) retries: u32,
    /// Seconds to wait for an answer.
    #[arg(long, value_parser = seconds, default_value = "60")]
    pub(super) timeout: Duration,
    /// Number of the first client, to tell load generators apart.
    #[arg(long, default_value_t = 0)]
    pub(super) client_id: u32,
    /// Send the JPEG as the body, not as the file of a form.
    #[arg(long)]
    pub(super) raw: bool,
    /// What the pictures show.
    #[arg(long, value_enum, default_value_t = Picture::Noise)]
    pub(super) picture: Picture,
    /// Width and height of the pictures, in pixels.
    #[arg(long, value_parser = dimensions, default_value = "640x480")]
    pub(super) size: (u16, u16),
    /// How many different pictures.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) pictures: u64,
    /// Send these files in place of made pictures.
    #[arg(long, num_args = 1.., conflicts_with_all = ["picture", "size", "pictures"])]
    pub(super) files: Vec<PathBuf>,
    /// Where the samples go, as JSON Lines. With `-` they go to standard output, and the summary to standard error.
    #[arg(short, long)]
    pub(super) output: Option<PathBuf>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Fail if the 99th percentile of the response time is above this, in milliseconds.
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    pub(super) max_p99: Option<f64>,
    /// Fail if more than this part of the requests failed, from 0 to 1.
    #[arg(long, value_name = "PART", default_value_t = 0.0, value_parser = part)]
    pub(super) max_error_rate: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Connections {
    Reuse,
    PerRequest,
}

fn period(text: &str) -> Result<Duration, String> {
    let period = seconds(text)?;
    if period.is_zero() {
        return Err("expected a number of seconds above 0".to_owned());
    }
    Ok(period)
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, 1e-6..=1e9)
        .ok_or_else(|| "expected a number from 0.000001 to 1000000000".to_owned())
}

fn milliseconds(text: &str) -> Result<f64, String> {
    number(text, 0.0..=f64::MAX).ok_or_else(|| "expected a number of milliseconds".to_owned())
}

fn part(text: &str) -> Result<f64, String> {
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
