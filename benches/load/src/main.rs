//! `pdfmagic-load`: measures a deployment, and draws the results.

mod arguments;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use arguments::{Arguments, Command, Connections, Measure};
use clap::Parser;
use pdfmagic_load::client::Upload;
use pdfmagic_load::generator::{self, Plan, Until};
use pdfmagic_load::picture;
use pdfmagic_load::plot::{Chart, Figure, Series};
use pdfmagic_load::sample::{self, Recording, Run};
use pdfmagic_load::tally::{Summary, Tally};
use tokio::time::MissedTickBehavior;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match (arguments.command, arguments.measure) {
        (Some(Command::Merge { output, inputs }), _) => merge(&output, &inputs),
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
        (None, None) => unreachable!("clap requires one of them"),
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
        let mut late = false;
        let mut progress = Progress::new();
        let mut samples = generator::run(plan);
        loop {
            tokio::select! {
                sample = samples.recv() => {
                    let Some(sample) = sample else { break };
                    tally.add(&sample);
                    late |= sample.late;
                    if let Some(output) = &mut output {
                        sample::line(output, &sample)?;
                    }
                }
                () = progress.tick() => progress.show(&tally),
            }
        }
        progress.clear();
        if late {
            eprintln!(
                "pdfmagic-load: started late: plots and merged recordings leave this run out"
            );
        }
        if let Some(mut output) = output {
            output.flush()?;
        }
        let summary = tally.summary();
        let mut printed = away_from(self.output.as_deref());
        if self.json {
            sample::line(&mut printed, &summary)?;
        } else {
            writeln!(printed, "{}\n{summary}", run.caption())?;
        }
        Ok(self.verdict(&summary))
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
            clients: self.clients.or(self.parallel).unwrap_or(1),
            first_client: self.client_id,
            until: match self.duration {
                Some(duration) => Until::Elapsed(duration),
                None => Until::Requests(self.requests.or(self.calls).unwrap_or(100)),
            },
            rate: self.rate,
            reuse: self.connections == Connections::Reuse,
            warm_up: self.warm_up,
            start_at: self.start_at.map(|at| SystemTime::UNIX_EPOCH + at),
            think_time: self.think_time,
            retries: self.retries,
            timeout: self.timeout,
        })
    }

    fn jpegs(&self) -> io::Result<Vec<Vec<u8>>> {
        // This is the default of ImageMagick, which the practical's clients use.
        const QUALITY: u8 = 92;
        if self.files.is_empty() {
            let (width, height) = self.size;
            (0..self.pictures)
                .map(|seed| picture::jpeg(self.picture, width, height, QUALITY, seed))
                .collect::<Result<_, _>>()
                .map_err(io::Error::other)
        } else {
            self.files
                .iter()
                .map(|path| std::fs::read(path).map_err(|error| at(path, &error)))
                .collect()
        }
    }

    /// Returns success unless a threshold is missed, and prints the missed ones.
    fn verdict(&self, summary: &Summary) -> ExitCode {
        let mut code = ExitCode::SUCCESS;
        if summary.answered == 0 {
            eprintln!("pdfmagic-load: no request was answered");
            code = ExitCode::FAILURE;
        }
        if summary.error_rate() > self.max_error_rate {
            eprintln!(
                "pdfmagic-load: {} of {} requests failed, more than --max-error-rate {}",
                summary.failed,
                summary.failed + summary.answered,
                self.max_error_rate
            );
            code = ExitCode::FAILURE;
        }
        if let Some(max) = self.max_p99
            && summary.response.p99 > max
        {
            let p99 = summary.response.p99;
            eprintln!("pdfmagic-load: p99 is {p99} ms, above --max-p99 {max}");
            code = ExitCode::FAILURE;
        }
        code
    }
}

fn merge(path: &Path, inputs: &[PathBuf]) -> io::Result<ExitCode> {
    let recordings = inputs
        .iter()
        .map(|path| read(path))
        .collect::<io::Result<Vec<_>>>()?;
    let all = Recording::merge(recordings).map_err(io::Error::other)?;
    let mut output = create(path)?;
    all.write(&mut output)?;
    output.flush()?;
    let summary = all.on_time().collect::<Tally>().summary();
    let mut printed = away_from(Some(path));
    writeln!(printed, "{}\n{summary}", all.run.caption())?;
    if let Some(late) = all.late() {
        writeln!(printed, "{late}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn plot(
    chart: Chart,
    output: &Path,
    title: Option<String>,
    inputs: &[PathBuf],
) -> io::Result<ExitCode> {
    let series = inputs
        .iter()
        .enumerate()
        .map(|(color, path)| {
            Ok(Series {
                color,
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

/// The file name that means standard output.
const STDOUT: &str = "-";

/// Returns the stream for a summary: standard output, unless the samples are written there.
fn away_from(output: Option<&Path>) -> Box<dyn Write> {
    if output == Some(Path::new(STDOUT)) {
        Box::new(io::stderr())
    } else {
        Box::new(io::stdout())
    }
}

fn create(path: &Path) -> io::Result<Box<dyn Write>> {
    if path == Path::new(STDOUT) {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    }
    let file = File::create(path).map_err(|error| at(path, &error))?;
    Ok(Box::new(BufWriter::new(file)))
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A line that shows the progress on a terminal.
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
            let summary = tally.summary();
            eprint!(
                "\r\x1b[K{:.1} s  {} answered  {} shed  {} failed  {:.0}/s  p50 {:.2} ms  p99 {:.2} ms",
                self.since.elapsed().as_secs_f64(),
                summary.answered,
                summary.shed,
                summary.failed,
                summary.per_second,
                summary.service.p50,
                summary.service.p99
            );
        }
    }

    fn clear(&self) {
        if self.is_shown {
            eprint!("\r\x1b[K");
        }
    }
}
