//! Compares the command with other commands.

use std::fs;
use std::io;
use std::process::Command;

use pdfmagic_benches::page_check;
use pdfmagic_benches::process::{CONVERT, POLICY, run};
use serde::Deserialize;

use crate::lab::Lab;
use crate::promise::{Promise, median};
use crate::report::Report;
use crate::servers::sibling;

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let source = directory.path().join("in.jpg");
    fs::write(&source, &lab.photo)?;
    let ours = sibling("pdfmagic-cli")?;
    let (ours, source) = (ours.display(), source.display());
    let target = directory.path().join("out.pdf");
    let pdf = target.display();
    let few = if lab.quick { 2 } else { 5 };
    let contenders = [
        (
            "`pdfmagic-cli`",
            format!("'{ours}' {source} {pdf}"),
            60 * few,
        ),
        ("`cp`", format!("cp {source} {pdf}"), 60 * few),
        ("`img2pdf`", format!("img2pdf {source} -o {pdf}"), few),
        (
            "ImageMagick's `convert`",
            format!("{CONVERT} {source} {pdf}"),
            few,
        ),
    ];
    for (name, line, _) in &contenders {
        hyperfine(line, 1)?;
        if *name != "`cp`" {
            page_check::check(&fs::read(&target)?, &lab.photo)?;
        }
    }
    let mut rounds = [const { Vec::new() }; 4];
    let what = "processor time of `img2pdf` to that of `pdfmagic-cli`".to_owned();
    report.promise(Promise::measure(what, 90.0, 100.0, || {
        for ((_, line, count), rounds) in contenders.iter().zip(&mut rounds) {
            rounds.push(hyperfine(line, *count)?);
        }
        let cpu_time = |at: usize| rounds[at].last().map_or(f64::NAN, |[_, time]| *time);
        Ok(cpu_time(2) / cpu_time(0))
    })?);
    report.section("The command against others");
    report.say(&format!(
        "From a file of {} kB to a PDF, including the start of the process: medians, over rounds in turn, of the median \
         time and the mean processor time that `hyperfine` measures, and their ratios to `pdfmagic-cli`. The promise is \
         about processor time, since time on a busy machine is mostly waiting for a processor. `cp` shows how long copying \
         a file takes; Debian's loads a C library first.\n\n\
         | | time [ms] | ratio | processor time [ms] | ratio |\n|---|--:|--:|--:|--:|",
        lab.photo.len() / 1000
    ));
    let times = rounds.map(|rounds| {
        [0, 1].map(|column| median(&rounds.iter().map(|round| round[column]).collect::<Vec<_>>()))
    });
    for ((name, ..), [time, cpu_time]) in contenders.iter().zip(times) {
        report.say(&format!(
            "| {name} | {:.2} | {:.2} | {:.2} | {:.2} |",
            time * 1e3,
            time / times[0][0],
            cpu_time * 1e3,
            cpu_time / times[0][1]
        ));
    }
    Ok(())
}

/// Returns the median time of `count` runs of a command line, and their mean processor time, in seconds.
fn hyperfine(line: &str, count: usize) -> io::Result<[f64; 2]> {
    #[derive(Deserialize)]
    struct Export {
        results: [Times; 1],
    }
    #[derive(Deserialize)]
    struct Times {
        median: f64,
        user: f64,
        system: f64,
    }
    let export = tempfile::NamedTempFile::new()?;
    run(Command::new("hyperfine")
        .args(["-N", "--warmup", "3", "--runs", &count.to_string()])
        .arg("--export-json")
        .arg(export.path())
        .arg(line)
        .env("XDG_CONFIG_HOME", POLICY))?;
    let Export { results: [times] } = serde_json::from_reader(export)?;
    Ok([times.median, times.user + times.system])
}
