//! `pdfmagic-report`: answers the practical's questions by measuring on this machine, with plots, and checks the promises
//! that the project makes about its speed.
//!
//! ```text
//! quota ─▶ servers ──────────────────┐
//! lab (clients, pictures) ───────────┼─▶ practical, replicas, time_breakdown, against_… ─▶ main
//! promise ─▶ report (text, plots) ───┘
//! ```

mod against_commands;
mod against_echo;
#[cfg(feature = "rivals")]
mod against_libraries;
mod against_original;
mod lab;
mod practical;
mod promise;
mod quota;
mod replicas;
mod report;
mod servers;
mod time_breakdown;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use lab::Lab;
use pdfmagic_load::sample::machine;
use report::Report;

/// Measures the answers to the practical's questions, and writes REPORT.md, its plots and summary.csv.
///
/// Needs Debian's haproxy, hyperfine, imagemagick, img2pdf, libjpeg-turbo-progs, poppler-utils and wrk, and the programs
/// that `make programs` builds in the folder of this one.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder for the report.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    output: PathBuf,
    /// Folder for the plots as PNG, and for all their numbers as CSV.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/report/raw"))]
    raw: PathBuf,
    /// Check the promises only, which takes two minutes where all are kept.
    #[arg(long, conflicts_with = "only")]
    quick: bool,
    /// Measure one part only.
    #[arg(long)]
    only: Option<Part>,
}

/// A part of the report, which can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Where the PDF is stored.
    Storage,
    /// One client and ten clients.
    Clients,
    /// One, two and three replicas.
    Replicas,
    /// Fifty clients, and replicas that are added.
    Job,
    /// More requests than the original can answer.
    Overload,
    /// The stages of a request.
    Stages,
    /// Other libraries.
    #[cfg(feature = "rivals")]
    Libraries,
    /// The promise about three replicas.
    Scaling,
    /// A server that sends back what it gets.
    Echo,
    /// The original.
    Original,
    /// Other commands.
    Commands,
}

impl Part {
    /// Whether promises are checked in this part.
    fn has_promises(self) -> bool {
        matches!(
            self,
            Self::Scaling | Self::Echo | Self::Original | Self::Commands
        )
    }

    /// Its name on the command line.
    fn name(self) -> String {
        let value = self.to_possible_value().expect("no part is hidden");
        value.get_name().to_owned()
    }

    fn measure(self, lab: &Lab, report: &mut Report) -> io::Result<()> {
        match self {
            Self::Storage => practical::where_the_pdf_is_stored(lab, report),
            Self::Clients => practical::clients(lab, report),
            Self::Replicas => replicas::three_replicas(lab, report),
            Self::Job => replicas::the_job(lab, report),
            Self::Overload => practical::overload(lab, report),
            Self::Stages => time_breakdown::measure(report),
            #[cfg(feature = "rivals")]
            Self::Libraries => against_libraries::measure(report),
            Self::Scaling => replicas::scaling(lab, report),
            Self::Echo => against_echo::measure(lab, report),
            Self::Original => against_original::measure(lab, report),
            Self::Commands => against_commands::measure(lab, report),
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(broken) if broken.is_empty() => ExitCode::SUCCESS,
        Ok(broken) => {
            for promise in broken {
                eprintln!("pdfmagic-report: {promise}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("pdfmagic-report: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the measurements, and returns the broken promises.
fn run(arguments: Arguments) -> io::Result<Vec<String>> {
    let lab = Lab::new(arguments.quick)?;
    let mut report = Report::new(arguments.output, arguments.raw)?;
    introduce(&lab, &mut report)?;
    let chosen = |part: &Part| match arguments.only {
        Some(only) => *part == only,
        None => part.has_promises() || !lab.quick,
    };
    for part in Part::value_variants().iter().filter(|part| chosen(part)) {
        part.measure(&lab, &mut report)?;
    }
    report.finish()
}

fn introduce(lab: &Lab, report: &mut Report) -> io::Result<()> {
    let load = fs::read_to_string("/proc/loadavg")?;
    let load: Vec<_> = load.split(' ').take(3).collect();
    report.say(&format!(
        "# The practical, answered\n\n\
         The *practical* is the exercise that this project grew out of: students scale out a web service that converts \
         JPEG to PDF, and answer questions about it. Those questions are marked [Q]. The *original* is the service as the \
         practical has it, rebuilt for measurement (`benches/report/src/bin/original.rs`); *pdfmagic* is the service of \
         this project.\n\n\
         All figures come from one run of `make report` on {}. Before it, the load averages over 1, 5 and 15 minutes were \
         {}. The load generator, the balancer and the servers share the machine, so compare ratios, not absolute times. \
         Ratios of the original to pdfmagic differ between sections, since pictures, connections and shares of the \
         processor differ.\n\n\
         *Service time* is from the start of a request to the end of its answer; *response time* is from its scheduled \
         start. An *ECDF* shows the share of requests that took at most a given time. Unless a section says otherwise, \
         a picture has 640 × 480 pixels of noise and {} kB; all pictures are made before anything is timed. \
         `summary.csv` has all runs; plots as PNG and all their numbers are in `target/report/raw` after a run.",
        machine(),
        load.join(", "),
        lab.noise[0].len() / 1000,
    ));
    Ok(())
}
