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

use clap::Parser;
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
    #[arg(long)]
    quick: bool,
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
    if !lab.quick {
        practical::where_the_pdf_is_stored(&lab, &mut report)?;
        let alone = practical::one_client(&lab, &mut report)?;
        practical::ten_clients(&lab, &mut report, alone)?;
        replicas::three_replicas(&lab, &mut report)?;
        replicas::the_job(&lab, &mut report)?;
        practical::overload(&lab, &mut report)?;
        time_breakdown::measure(&mut report)?;
        #[cfg(feature = "rivals")]
        against_libraries::measure(&mut report)?;
    }
    replicas::scaling(&lab, &mut report)?;
    against_echo::measure(&lab, &mut report)?;
    against_original::measure(&lab, &mut report)?;
    against_commands::measure(&lab, &mut report)?;
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
