//! `report`: measures everything the practical asks about on this machine, and writes the answers with plots.

mod bench;
mod bottleneck;
mod echo;
#[cfg(feature = "rivals")]
mod libraries;
mod peers;
mod practical;
mod replicas;
#[cfg(feature = "rivals")]
#[path = "../../../rivals/mod.rs"]
mod rivals;
mod servers;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use bench::Bench;
use clap::Parser;
use pdfmagic_benches::sample::machine;

/// Measures everything the practical asks about, and writes REPORT.md and its plots.
///
/// Needs Debian's haproxy, hyperfine, imagemagick, img2pdf, libjpeg-turbo-progs, poppler-utils and wrk, and what `make
/// programs` builds beside it.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder for the report.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR")))]
    output: PathBuf,
    /// Measure the promised ratios alone, which takes two minutes where all are kept.
    #[arg(long)]
    quick: bool,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(broken) if broken.is_empty() => ExitCode::SUCCESS,
        Ok(broken) => {
            for promise in broken {
                eprintln!("report: {promise}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> io::Result<Vec<String>> {
    let mut bench = Bench::new(arguments.output, arguments.quick)?;
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load: Vec<_> = load.split(' ').take(3).collect();
    bench.say(&format!(
        "# The practical, answered\n\n\
         The *practical* is the exercise that this project grew out of: a web service that makes PDFs of JPEGs is to be \
         scaled out, and questions about that are to be answered; they are marked [Q]. The *original* is the service as \
         the practical has it, rebuilt to be measured (`benches/src/bin/legacy.rs`); *pdfmagic* is this project's.\n\n\
         Made by `make report` in one run, on {}, with a load (of 1, 5 and 15 minutes) of {} before it. The load generator, \
         the balancer and the servers share the machine, so ratios count and absolute times do not; ratios of the original \
         to pdfmagic differ between sections, as pictures, connections and shares of the processor do. *Service time* is \
         from the start of a request to the end of its answer; *response time* is from when it was meant to start; an \
         *ECDF* is the part of requests that took at most so long. Pictures are made before anything is timed: 640 × 480 \
         pixels of noise, {} kB each, unless a section says otherwise. Beside each plot lie a PNG and the numbers in it.",
        machine(),
        load.join(", "),
        bench.noise[0].len() / 1000,
    ));
    if !bench.quick {
        practical::where_it_lies(&mut bench)?;
        let alone = practical::one_client(&mut bench)?;
        practical::ten_clients(&mut bench, alone)?;
        replicas::three_replicas(&mut bench)?;
        replicas::the_job(&mut bench)?;
        practical::queue(&mut bench)?;
        bottleneck::measure(&mut bench)?;
        #[cfg(feature = "rivals")]
        libraries::measure(&mut bench)?;
    }
    replicas::scaling(&mut bench)?;
    echo::measure(&mut bench)?;
    peers::service(&mut bench)?;
    peers::command_line(&mut bench)?;
    bench.finish()
}
