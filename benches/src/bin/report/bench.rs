//! Where measurements are made and what becomes of them: recordings, plots, and ratios that must hold.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pdfmagic_benches::client::{Client, Target, Upload};
use pdfmagic_benches::image::{Picture, jpeg};
use pdfmagic_benches::load::{self, End, Plan};
use pdfmagic_benches::plot::{Chart, Figure, Series};
use pdfmagic_benches::sample::{Recording, Run, machine};
use pdfmagic_benches::tally::{Report, Tally};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// The bench, and the report that grows on it.
pub(crate) struct Bench {
    runtime: Runtime,
    output: PathBuf,
    /// Whether to measure no longer than the ratios need.
    pub(crate) quick: bool,
    /// The practical's pictures: 640 × 480 pixels of noise.
    pub(crate) noise: Vec<Vec<u8>>,
    /// 200 kB of photo.
    pub(crate) photo: Vec<u8>,
    begin: Instant,
    text: String,
    ratios: Vec<Ratio>,
    /// What could not be measured, and why.
    left_out: Vec<String>,
}

/// A promise.
struct Ratio {
    what: String,
    rounds: Vec<f64>,
    /// The median is never below this, on however busy a machine.
    floor: f64,
    at_least: f64,
}

impl Ratio {
    /// Whether the median of the rounds keeps it.
    fn is_reached(&self) -> bool {
        middle(&self.rounds) >= self.at_least
    }

    /// Whether the median is below the floor, or nine of ten rounds miss the promise.
    fn is_broken(&self) -> bool {
        let misses = self.rounds.iter().filter(|round| **round < self.at_least);
        middle(&self.rounds) < self.floor || 10 * misses.count() >= 9 * self.rounds.len()
    }
}

/// How many rounds a promise is measured in at first, and again while their median misses it.
pub(crate) const ROUNDS: usize = 10;

/// A machine that is busy with something else is given so long to come to rest.
const LONGEST: Duration = Duration::from_secs(60);

/// How long an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How to ask.
pub(crate) struct Load {
    pub(crate) uploads: Vec<Upload>,
    pub(crate) clients: u32,
    pub(crate) end: End,
    pub(crate) rate: Option<f64>,
    pub(crate) reuse: bool,
}

impl Bench {
    pub(crate) fn new(output: PathBuf, quick: bool) -> io::Result<Self> {
        fs::create_dir_all(output.join("plots"))?;
        let noise = (0..4)
            .map(|seed| jpeg(Picture::Noise, 640, 480, 92, seed))
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)?;
        let photo = jpeg(Picture::Photo, 816, 612, 90, 0).map_err(io::Error::other)?;
        Ok(Self {
            // One thread, so that as much as can be is left to the servers.
            runtime: Builder::new_current_thread().enable_all().build()?,
            output,
            quick,
            noise,
            photo,
            begin: Instant::now(),
            text: String::new(),
            ratios: Vec::new(),
            left_out: Vec::new(),
        })
    }

    /// The practical's client: forms with noise, a connection for each request, each request after the last answer.
    pub(crate) fn practical(&self, clients: u32, requests: u64) -> Load {
        Load {
            uploads: self.noise.iter().map(|jpeg| Upload::form(jpeg)).collect(),
            clients,
            end: End::Requests(requests),
            rate: None,
            reuse: false,
        }
    }

    /// Measures.
    pub(crate) fn measure(&self, name: &str, address: &str, load: Load) -> io::Result<Series> {
        eprintln!("report: {name}");
        let plan = Plan {
            target: Target::parse(address).map_err(io::Error::other)?,
            uploads: load.uploads,
            clients: load.clients,
            first_client: 0,
            end: load.end,
            rate: load.rate,
            reuse: load.reuse,
            // In an open loop clients are places for requests, most of which stay empty.
            warm_up: u32::from(load.rate.is_none()),
            start_at: None,
            think_time: Duration::ZERO,
            retries: 0,
            timeout: PATIENCE,
        };
        let run = Run {
            target: address.to_owned(),
            clients: load.clients,
            rate: load.rate,
            reuse: load.reuse,
            machine: machine(),
        };
        let mut samples = self.runtime.block_on(async {
            let mut receiver = load::run(plan);
            let mut samples = Vec::new();
            while let Some(sample) = receiver.recv().await {
                samples.push(sample);
            }
            samples
        });
        samples.sort_by_key(|sample| sample.start_ns);
        Ok(Series {
            name: name.to_owned(),
            recording: Recording { run, samples },
        })
    }

    /// The body of one answer.
    pub(crate) fn ask(&self, address: &str, upload: &Upload) -> io::Result<Bytes> {
        let target = Target::parse(address).map_err(io::Error::other)?;
        let mut client = Client::new(target, false, PATIENCE);
        let answer = self.runtime.block_on(client.post(upload));
        Ok(answer.map_err(io::Error::other)?.body)
    }

    /// Has clients ask, each on the connection that it has, as long as requests may start. Returns how long each answer took.
    pub(crate) fn keep_busy(
        &self,
        clients: &mut Vec<Client>,
        upload: &Upload,
        time: Duration,
    ) -> io::Result<Vec<Duration>> {
        let until = Instant::now() + time;
        let asked = self.runtime.block_on(async {
            let mut asking = JoinSet::new();
            for mut client in clients.drain(..) {
                let upload = upload.clone();
                asking.spawn(async move {
                    let mut took = Vec::new();
                    loop {
                        let answer = client.post(&upload).await?;
                        answer.check()?;
                        took.push(answer.total);
                        if Instant::now() >= until {
                            break;
                        }
                    }
                    Ok::<_, String>((client, took))
                });
            }
            asking.join_all().await
        });
        let mut took = Vec::new();
        for asked in asked {
            let (client, times) = asked.map_err(io::Error::other)?;
            clients.push(client);
            took.extend(times);
        }
        Ok(took)
    }

    /// Draws a chart into the report.
    pub(crate) fn plot(
        &mut self,
        chart: Chart,
        file: &str,
        title: &str,
        series: &[Series],
    ) -> io::Result<()> {
        let figure = Figure::new(chart, title, series).map_err(io::Error::other)?;
        self.draw(figure, file, title)
    }

    /// Draws a figure into the report.
    pub(crate) fn draw(&mut self, figure: Figure, file: &str, title: &str) -> io::Result<()> {
        figure.save(&self.output.join("plots").join(file))?;
        self.say(&format!("\n![{title}](plots/{file}.svg)\n"));
        Ok(())
    }

    /// Adds a line.
    pub(crate) fn say(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a table of runs.
    pub(crate) fn table(&mut self, runs: &[&Series]) {
        self.say(
            "\n| | requests | failed | a second | mean [ms] | p50 | p95 | p99 | max |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|",
        );
        for run in runs {
            let report = tally(run);
            let time = if run.recording.run.rate.is_some() {
                report.response
            } else {
                report.service
            };
            let times = if report.answered == 0 {
                "– | – | – | – | –".to_owned()
            } else {
                format!(
                    "{:.2} ± {:.2} | {:.2} | {:.2} | {:.2} | {:.2}",
                    time.mean, time.mean_within, time.p50, time.p95, time.p99, time.max
                )
            };
            self.say(&format!(
                "| {} | {} | {} | {:.1} | {times} |",
                run.name,
                report.answered + report.failed,
                report.failed,
                report.per_second,
            ));
        }
        self.say("");
    }

    /// Promises that the median of rounds is at least so much, and never below the floor. A round measures both sides of
    /// the ratio, so that what else the machine does hits both; every round counts.
    pub(crate) fn promise(
        &mut self,
        what: &str,
        floor: f64,
        at_least: f64,
        mut round: impl FnMut(&Self) -> io::Result<f64>,
    ) -> io::Result<()> {
        let mut ratio = Ratio {
            what: what.to_owned(),
            rounds: Vec::new(),
            floor,
            at_least,
        };
        let begin = Instant::now();
        loop {
            for _ in 0..ROUNDS {
                ratio.rounds.push(round(self)?);
            }
            if ratio.is_reached() || begin.elapsed() > LONGEST {
                break;
            }
        }
        self.ratios.push(ratio);
        Ok(())
    }

    /// Says that something could not be measured.
    pub(crate) fn leave_out(&mut self, what: &str) {
        eprintln!("report: not measured: {what}");
        self.left_out.push(format!("\nNot measured: {what}"));
    }

    /// Writes the report. Returns the promises that were not kept.
    pub(crate) fn finish(mut self) -> io::Result<Vec<String>> {
        self.say(
            "\n## What is promised\n\n\
             Medians of rounds that measure both sides in turn. A ratio that is missed gets more rounds, and all count. \
             *From* and *to* are the least and the greatest round. `report` fails where the median is below the *floor*, or nine of ten rounds miss the promise.\n\n\
             | ratio | measured | from | to | rounds | promised | floor | |\n|---|--:|--:|--:|--:|--:|--:|---|",
        );
        let mut broken = Vec::new();
        for ratio in &self.ratios {
            let Ratio {
                what,
                rounds,
                floor,
                at_least,
            } = ratio;
            let value = middle(rounds);
            let least = rounds.iter().copied().fold(f64::INFINITY, f64::min);
            let most = rounds.iter().copied().fold(0.0, f64::max);
            let verdict = match (ratio.is_reached(), ratio.is_broken()) {
                (true, _) => "kept",
                (false, false) => "missed, but above the floor",
                (false, true) => "**not kept**",
            };
            // Writing to a string does not fail.
            let _ = writeln!(
                self.text,
                "| {what} | {value:.2} | {least:.2} | {most:.2} | {} | {at_least} | {floor} | {verdict} |",
                rounds.len()
            );
            if ratio.is_broken() {
                broken.push(format!(
                    "{what}: {value:.2}, but {at_least} is promised, and {floor} the floor"
                ));
            }
        }
        self.text.extend(self.left_out);
        let seconds = self.begin.elapsed().as_secs();
        // Writing to a string does not fail.
        let _ = writeln!(
            self.text,
            "\nAll this took {} min {} s.",
            seconds / 60,
            seconds % 60
        );
        fs::write(self.output.join("REPORT.md"), self.text)?;
        Ok(broken)
    }
}

/// The median.
pub(crate) fn middle(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A run in numbers.
pub(crate) fn tally(series: &Series) -> Report {
    Tally::from_iter(&series.recording.samples).report()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_broken_where_rounds_agree_that_it_is() {
        for (misses, floor, is_reached, is_broken) in [
            (0, 0.85, true, false),
            (53, 0.85, false, false),
            (54, 0.85, false, true),
            (53, 0.95, false, true),
        ] {
            let rounds = (0..60).map(|round| if round < misses { 0.9 } else { 1.0 });
            let ratio = Ratio {
                what: String::new(),
                rounds: rounds.collect(),
                floor,
                at_least: 0.97,
            };
            assert_eq!(
                (ratio.is_reached(), ratio.is_broken()),
                (is_reached, is_broken),
                "{misses}, {floor}"
            );
        }
    }
}
