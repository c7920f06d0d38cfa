//! `pdfmagic-load`: measures a deployment.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use clap::{Args, Parser, Subcommand, ValueEnum};
use pdfmagic_benches::client::{Target, Upload};
use pdfmagic_benches::image::{self, Picture};
use pdfmagic_benches::load::{self, End, Plan};
#[cfg(feature = "plot")]
use pdfmagic_benches::plot::{Chart, Figure, Series};
use pdfmagic_benches::sample::{self, Recording, Run};
use pdfmagic_benches::tally::{Report, Tally};
use tokio::time::MissedTickBehavior;

/// Measures a deployment: clients post pictures, and every answer is checked and timed.
///
/// `pdfmagic-load HOST:PORT 100 10` sends 100 requests from each of 10 clients, as in the practical.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    measure: Option<Measure>,
}

#[derive(Debug, Subcommand)]
enum Command {
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
struct Measure {
    /// HOST:PORT, or http://HOST:PORT/PATH.
    #[arg(value_parser = Target::parse)]
    target: Target,
    /// Requests of each client [default: 100, unless there is a duration].
    #[arg(value_name = "CALLS", conflicts_with = "requests")]
    calls: Option<u64>,
    /// Clients [default: 1].
    #[arg(value_name = "CLIENTS", conflicts_with = "clients")]
    parallel: Option<u32>,
    /// As CALLS.
    #[arg(long, conflicts_with = "duration")]
    requests: Option<u64>,
    /// As CLIENTS. In an open loop: how many requests can be under way.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    clients: Option<u32>,
    /// Seconds for which requests start, in place of a number of requests.
    #[arg(long, value_parser = seconds, conflicts_with = "calls")]
    duration: Option<Duration>,
    /// Open loop: so many requests a second of all clients together, whether answers come or not.
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// Whether a client keeps its connection. One for each request is what curl does, and what spreads over replicas.
    #[arg(long, value_enum, default_value_t = Connections::PerRequest)]
    connections: Connections,
    /// Requests of each client before those that are measured.
    #[arg(long, default_value_t = 1)]
    warm_up: u32,
    /// When to start, in Unix seconds, so that several load generators start together.
    #[arg(long, value_parser = seconds)]
    start_at: Option<Duration>,
    /// Start when the clock next shows a full multiple of so many seconds: a start together without a word beforehand.
    #[arg(long, value_parser = seconds, conflicts_with = "start_at")]
    start_every: Option<Duration>,
    /// Seconds that a client rests after an answer.
    #[arg(long, value_parser = seconds, default_value = "0")]
    think_time: Duration,
    /// How often a request that was shed (429, 503) is sent again, after Retry-After.
    #[arg(long, default_value_t = 3)]
    retries: u32,
    /// Seconds to wait for an answer.
    #[arg(long, value_parser = seconds, default_value = "60")]
    timeout: Duration,
    /// Number of the first client, to tell load generators apart.
    #[arg(long, default_value_t = 0)]
    client_id: u32,
    /// Send the JPEG as the body, not as the file of a form.
    #[arg(long)]
    raw: bool,
    /// What the pictures show.
    #[arg(long, value_enum, default_value_t = Picture::Noise)]
    picture: Picture,
    /// Width and height of the pictures, in pixels.
    #[arg(long, value_parser = dimensions, default_value = "640x480")]
    size: (u16, u16),
    /// How many different pictures.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    pictures: u64,
    /// Send these files in place of made pictures.
    #[arg(long, num_args = 1.., conflicts_with_all = ["picture", "size", "pictures"])]
    files: Vec<PathBuf>,
    /// Where the samples go, as JSON Lines.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
    /// Fail if the 99th percentile of the response time is above this, in milliseconds.
    #[arg(long, value_name = "MS")]
    max_p99: Option<f64>,
    /// Fail if more than this part of the requests failed.
    #[arg(long, value_name = "PART", default_value_t = 0.0)]
    max_error_rate: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Connections {
    Reuse,
    PerRequest,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn rate(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0)
        .ok_or_else(|| "expected a number above zero".to_owned())
}

fn dimensions(text: &str) -> Result<(u16, u16), String> {
    text.split_once('x')
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)))
        .filter(|&(width, height)| width > 0 && height > 0)
        .ok_or_else(|| "expected WIDTHxHEIGHT, each from 1 to 65535".to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match (arguments.command, arguments.measure) {
        (Some(Command::Merge { output, inputs }), _) => merge(&output, &inputs),
        #[cfg(feature = "plot")]
        (
            Some(Command::Plot {
                chart,
                output,
                title,
                inputs,
            }),
            _,
        ) => plot(chart, &output, title, &inputs),
        (None, Some(measure)) => measure.run().await,
        (None, None) => unreachable!("clap demands one of them"),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("pdfmagic-load: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Measure {
    async fn run(self) -> io::Result<ExitCode> {
        let plan = self.plan()?;
        let run = Run {
            target: plan.target.authority.clone(),
            clients: plan.clients,
            rate: plan.rate,
            reuse: plan.reuse,
            machine: sample::machine(),
        };
        let mut output = self.output.as_deref().map(create).transpose()?;
        if let Some(output) = &mut output {
            sample::line(output, &run)?;
        }
        let mut tally = Tally::default();
        let mut progress = Progress::new();
        let mut samples = load::run(plan);
        loop {
            tokio::select! {
                sample = samples.recv() => {
                    let Some(sample) = sample else { break };
                    tally.add(&sample);
                    if let Some(output) = &mut output {
                        sample::line(output, &sample)?;
                    }
                }
                () = progress.tick() => progress.show(&tally),
            }
        }
        progress.clear();
        if let Some(mut output) = output {
            output.flush()?;
        }
        let report = tally.report();
        if self.json {
            sample::line(&mut io::stdout(), &report)?;
        } else {
            println!("{}\n{report}", run.caption());
        }
        Ok(self.verdict(&report))
    }

    fn plan(&self) -> io::Result<Plan> {
        let uploads = self.jpegs()?.into_iter().map(|jpeg| {
            if self.raw {
                Upload::raw(jpeg)
            } else {
                Upload::form(&jpeg)
            }
        });
        Ok(Plan {
            target: self.target.clone(),
            uploads: uploads.collect(),
            clients: self.clients.or(self.parallel).unwrap_or(1).max(1),
            first_client: self.client_id,
            end: match self.duration {
                Some(duration) => End::After(duration),
                None => End::Requests(self.requests.or(self.calls).unwrap_or(100)),
            },
            rate: self.rate,
            reuse: self.connections == Connections::Reuse,
            warm_up: self.warm_up,
            start_at: self
                .start_at
                .or(self.start_every.and_then(next_multiple))
                .map(|at| SystemTime::UNIX_EPOCH + at),
            think_time: self.think_time,
            retries: self.retries,
            timeout: self.timeout,
        })
    }

    fn jpegs(&self) -> io::Result<Vec<Vec<u8>>> {
        // What the original's `convert` takes.
        const QUALITY: u8 = 92;
        if self.files.is_empty() {
            let (width, height) = self.size;
            (0..self.pictures)
                .map(|seed| image::jpeg(self.picture, width, height, QUALITY, seed))
                .collect::<Result<_, _>>()
                .map_err(io::Error::other)
        } else {
            self.files
                .iter()
                .map(|path| std::fs::read(path).map_err(|error| at(path, &error)))
                .collect()
        }
    }

    fn verdict(&self, report: &Report) -> ExitCode {
        let mut code = ExitCode::SUCCESS;
        if report.error_rate() > self.max_error_rate {
            eprintln!(
                "pdfmagic-load: {} of {} requests failed, more than --max-error-rate {}",
                report.failed,
                report.failed + report.answered,
                self.max_error_rate
            );
            code = ExitCode::FAILURE;
        }
        if let Some(max) = self.max_p99
            && report.response.p99 > max
        {
            let p99 = report.response.p99;
            eprintln!("pdfmagic-load: p99 is {p99} ms, above --max-p99 {max}");
            code = ExitCode::FAILURE;
        }
        code
    }
}

fn merge(output: &Path, inputs: &[PathBuf]) -> io::Result<ExitCode> {
    let recordings = inputs
        .iter()
        .map(|path| read(path))
        .collect::<io::Result<Vec<_>>>()?;
    let all = Recording::merge(recordings).expect("clap demands an input");
    let mut output = create(output)?;
    all.write(&mut output)?;
    output.flush()?;
    println!(
        "{}\n{}",
        all.run.caption(),
        Tally::from_iter(&all.samples).report()
    );
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "plot")]
fn plot(
    chart: Chart,
    output: &Path,
    title: Option<String>,
    inputs: &[PathBuf],
) -> io::Result<ExitCode> {
    let series = inputs
        .iter()
        .map(|path| {
            Ok(Series {
                name: path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                recording: read(path)?,
            })
        })
        .collect::<io::Result<Vec<_>>>()?;
    let title = title.unwrap_or_else(|| series[0].recording.run.target.clone());
    Figure::new(chart, &title, &series)
        .map_err(io::Error::other)?
        .save(output)
        .map_err(|error| at(output, &error))?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> io::Result<Recording> {
    File::open(path)
        .and_then(|file| Recording::read(BufReader::new(file)))
        .map_err(|error| at(path, &error))
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    File::create(path)
        .map(BufWriter::new)
        .map_err(|error| at(path, &error))
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A line that tells a person how far it is.
struct Progress {
    ticks: tokio::time::Interval,
    since: Instant,
    is_shown: bool,
}

impl Progress {
    fn new() -> Self {
        let mut ticks = tokio::time::interval(Duration::from_millis(500));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self {
            ticks,
            since: Instant::now(),
            is_shown: io::stderr().is_terminal(),
        }
    }

    async fn tick(&mut self) {
        self.ticks.tick().await;
    }

    fn show(&self, tally: &Tally) {
        if self.is_shown {
            let report = tally.report();
            eprint!(
                "\r\x1b[K{:.1} s  {} answered  {} shed  {} failed  {:.0}/s  p50 {:.2} ms  p99 {:.2} ms",
                self.since.elapsed().as_secs_f64(),
                report.answered,
                report.shed,
                report.failed,
                report.per_second,
                report.service.p50,
                report.service.p99
            );
        }
    }

    fn clear(&self) {
        if self.is_shown {
            eprint!("\r\x1b[K");
        }
    }
}

/// The first multiple of `period` from now on, in Unix time.
fn next_multiple(period: Duration) -> Option<Duration> {
    let now = SystemTime::UNIX_EPOCH.elapsed().ok()?.as_secs();
    let at = now.checked_next_multiple_of(period.as_secs())?;
    Some(Duration::from_secs(at))
}
