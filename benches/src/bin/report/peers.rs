//! Where the time goes, and how far it is to others and to what is possible.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use pdfmagic_benches::client::Upload;
use pdfmagic_benches::load::End;
use pdfmagic_benches::plot::Series;
use pdfmagic_benches::stage::{CONVERT, POLICY, command, median, stages};

use crate::bench::{Bench, Load, tally};
use crate::servers::{Kind, Server, sibling};

/// How often the service and the echo are measured in turn.
const ROUNDS: u32 = 9;

pub(crate) fn bottleneck(bench: &mut Bench) -> io::Result<()> {
    bench.say(
        "\n## Where the time goes\n\n\
         One request of the practical, taken apart (medians; `cargo bench --bench bottleneck` has the spread):\n\n\
         | part | whose | µs |\n|---|---|--:|",
    );
    let directory = tempfile::tempdir()?;
    let jpeg = bench.noise[0].clone();
    let count = usize::try_from(bench.scaled(50)).map_err(io::Error::other)?;
    for stage in stages(&jpeg, directory.path())? {
        let time = median(count, stage.run);
        bench.say(&format!(
            "| {} | {} | {:.1} |",
            stage.name,
            stage.whose,
            micros(time)
        ));
    }
    Ok(())
}

pub(crate) fn service(bench: &mut Bench) -> io::Result<()> {
    let (pdfmagic, echo, legacy) = (
        Server::start(Kind::Pdfmagic, None)?,
        Server::start(Kind::Echo, None)?,
        Server::start(Kind::Legacy, None)?,
    );
    let pdf = pdfmagic_core::jpeg_to_pdf(&bench.photo).map_err(io::Error::other)?;
    let raw = format!("http://{}/v1/pdf", pdfmagic.address);
    let echo_address = format!("http://{}/", echo.address);
    let seconds = Duration::from_secs(bench.scaled(3));
    let load = |upload| Load {
        uploads: vec![upload],
        clients: 10,
        end: End::After(seconds),
        rate: None,
        reuse: true,
    };
    // In turn, so that what else the machine does hits both.
    let (mut rates, mut spent) = (Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..ROUNDS {
        let ours = timed(
            bench,
            "pdfmagic",
            &raw,
            &pdfmagic,
            load(Upload::raw(bench.photo.clone())),
        )?;
        let best = timed(
            bench,
            "echo",
            &echo_address,
            &echo,
            load(Upload::raw(pdf.clone())),
        )?;
        rates.push(tally(&ours.0).per_second / tally(&best.0).per_second);
        spent.push(best.1 / ours.1);
        last = Some((ours, best));
    }
    let ((ours, ours_cpu), (best, best_cpu)) = last.ok_or_else(|| io::Error::other("no rounds"))?;
    let form = load(Upload::form(&bench.photo));
    let (original, original_cpu) = timed(bench, "original", &legacy.address, &legacy, form)?;
    let form = load(Upload::form(&bench.photo));
    let (formed, formed_cpu) = timed(bench, "pdfmagic, form", &pdfmagic.address, &pdfmagic, form)?;
    bench.say(&format!(
        "\n## The service against an echo, and against the original\n\n\
         A photo of {} kB from 10 clients on connections of their own. An echo on the same stack is what a service can \
         do at best. Processor time is the server's alone, the load generator's share not in it.\n\n\
         | | a second | p50 [ms] | p99 [ms] | processor time for a request [µs] |\n|---|--:|--:|--:|--:|",
        bench.photo.len() / 1000
    ));
    for (series, cpu) in [
        (&best, best_cpu),
        (&ours, ours_cpu),
        (&formed, formed_cpu),
        (&original, original_cpu),
    ] {
        let report = tally(series);
        bench.say(&format!(
            "| {} | {:.0} | {:.2} | {:.2} | {:.0} |",
            series.name,
            report.per_second,
            report.service.p50,
            report.service.p99,
            cpu * 1e6
        ));
    }
    let gain = tally(&formed).per_second / tally(&original).per_second;
    bench.promise(
        "requests a second, against an echo (median of rounds in turn)",
        middle(rates),
        0.97,
    );
    bench.say(&format!(
        "\nOf processor time, an echo needs {:.2} of what pdfmagic needs (median of {ROUNDS} rounds).",
        middle(spent)
    ));
    bench.promise(
        "requests a second, against the original (form, 200 kB)",
        gain,
        200.0,
    );
    Ok(())
}

/// A run, and the server's processor time for a request in seconds.
fn timed(
    bench: &Bench,
    name: &str,
    url: &str,
    server: &Server,
    load: Load,
) -> io::Result<(Series, f64)> {
    let before = server.cpu_time()?;
    let series = bench.measure(name, url, load)?;
    let spent = server.cpu_time()?.saturating_sub(before).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    let count = tally(&series).answered.max(1) as f64;
    Ok((series, spent / count))
}

pub(crate) fn command_line(bench: &mut Bench) -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let (source, target) = (
        directory.path().join("in.jpg"),
        directory.path().join("out.pdf"),
    );
    fs::write(&source, &bench.photo)?;
    let pdfmagic = sibling("pdfmagic-cli")?;
    let count = usize::try_from(bench.scaled(30)).map_err(io::Error::other)?;
    bench.say(&format!(
        "\n## The command against others\n\nFrom a file of {} kB to a PDF, process start included (medians):\n\n\
         | | ms | times pdfmagic-cli |\n|---|--:|--:|",
        bench.photo.len() / 1000
    ));
    let (source, target) = (&source, &target);
    let run = |program: &Path, order: &dyn Fn(&mut Command)| -> io::Result<Duration> {
        let mut failed = None;
        let time = median(count, || {
            let mut words = Command::new(program);
            order(&mut words);
            if let Err(error) = command(&mut words) {
                failed = Some(error);
            }
        });
        failed.map_or(Ok(time), Err)
    };
    let plain = |words: &mut Command| {
        words.arg(source).arg(target);
    };
    let ours = run(&pdfmagic, &plain)?;
    let img2pdf = run(Path::new("img2pdf"), &|words| {
        words.arg(source).arg("-o").arg(target);
    })?;
    let imagemagick = run(Path::new(CONVERT), &|words| {
        plain(words.env("XDG_CONFIG_HOME", POLICY));
    })?;
    let cp = run(Path::new("cp"), &plain)?;
    for (name, time) in [
        ("`pdfmagic-cli`", ours),
        ("`cp`", cp),
        ("`img2pdf`", img2pdf),
        ("ImageMagick's `convert`", imagemagick),
    ] {
        bench.say(&format!(
            "| {name} | {:.2} | {:.2} |",
            micros(time) / 1000.0,
            ratio(time, ours)
        ));
    }
    bench.promise(
        "`img2pdf`'s time, against `pdfmagic-cli`'s",
        ratio(img2pdf, ours),
        100.0,
    );
    Ok(())
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn ratio(time: Duration, other: Duration) -> f64 {
    time.as_secs_f64() / other.as_secs_f64()
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
