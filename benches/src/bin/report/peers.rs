//! Where the time goes, and how far it is to others and to what is possible.

use std::fs;
use std::io;
use std::iter;
use std::process::Command;
use std::time::{Duration, Instant};

use pdfmagic_benches::client::{Client, Target, Upload};
use pdfmagic_benches::page;
use pdfmagic_benches::stage::{CONVERT, POLICY, command};
use serde::Deserialize;

use crate::bench::{Bench, PATIENCE, middle};
use crate::servers::{Kind, Server, sibling};

pub(crate) fn service(bench: &mut Bench) -> io::Result<()> {
    let photo = bench.photo.clone();
    let form = Upload::form(&photo);
    let mut ours = Contender::start("pdfmagic", Kind::Pdfmagic, form.clone())?;
    let mut original = Contender::start("original", Kind::Legacy, form)?;
    for contender in [&ours, &original] {
        page::check(&bench.ask(&contender.url, &contender.upload)?, &photo)?;
    }
    let second = Duration::from_secs(1);
    bench.promise(
        "requests a second, against the original",
        200.0,
        200.0,
        |bench| Ok(ours.run(bench, second / 4)? / original.run(bench, second)?),
    )?;
    bench.say(&format!(
        "\n## The service against the original\n\n\
         A photo of {} kB in a form, from {CLIENTS} clients on connections of their own. Processor time is the server's \
         alone, the load generator's share not in it. All rounds, in turn, are taken together.\n\n\
         | | a second | p50 [ms] | p99 [ms] | processor time for a request [µs] |\n|---|--:|--:|--:|--:|",
        photo.len() / 1000,
    ));
    for contender in [ours, original] {
        let row = contender.row();
        bench.say(&row);
    }
    Ok(())
}

/// How many clients ask at the same time.
const CLIENTS: usize = 10;

/// A server that is asked again and again.
struct Contender {
    name: &'static str,
    server: Server,
    url: String,
    upload: Upload,
    clients: Vec<Client>,
    /// How long it was asked, and how long each answer took.
    elapsed: Duration,
    took: Vec<Duration>,
    /// Processor time of the server.
    spent: Duration,
}

impl Contender {
    fn start(name: &'static str, kind: Kind, upload: Upload) -> io::Result<Self> {
        let server = Server::start(kind, None)?;
        let url = format!("http://{}/", server.address);
        let target = Target::parse(&url).map_err(io::Error::other)?;
        let client = || Client::new(target.clone(), true, PATIENCE);
        Ok(Self {
            name,
            clients: iter::repeat_with(client).take(CLIENTS).collect(),
            url,
            server,
            upload,
            elapsed: Duration::ZERO,
            took: Vec::new(),
            spent: Duration::ZERO,
        })
    }

    /// Its clients keep it busy. Returns the requests a second.
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    fn run(&mut self, bench: &Bench, duration: Duration) -> io::Result<f64> {
        let (before, start) = (self.server.cpu_time()?, Instant::now());
        let took = bench.keep_busy(&mut self.clients, &self.upload, duration)?;
        let elapsed = start.elapsed();
        self.spent += self.server.cpu_time()?.saturating_sub(before);
        self.elapsed += elapsed;
        let rate = took.len() as f64 / elapsed.as_secs_f64();
        self.took.extend(took);
        Ok(rate)
    }

    /// Its row of the table.
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    fn row(mut self) -> String {
        self.took.sort();
        let percentile =
            |percent: usize| self.took[self.took.len() * percent / 100].as_secs_f64() * 1e3;
        let count = self.took.len() as f64;
        format!(
            "| {} | {:.0} | {:.2} | {:.2} | {:.0} |",
            self.name,
            count / self.elapsed.as_secs_f64(),
            percentile(50),
            percentile(99),
            self.spent.as_secs_f64() * 1e6 / count
        )
    }
}

pub(crate) fn command_line(bench: &mut Bench) -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let source = directory.path().join("in.jpg");
    fs::write(&source, &bench.photo)?;
    let ours = sibling("pdfmagic-cli")?;
    let (ours, source) = (ours.display(), source.display());
    let target = directory.path().join("out.pdf");
    let pdf = target.display();
    let few = if bench.quick { 2 } else { 5 };
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
            page::check(&fs::read(&target)?, &bench.photo)?;
        }
    }
    let mut rounds = [const { Vec::new() }; 4];
    let what = "`img2pdf`'s processor time, against `pdfmagic-cli`'s";
    bench.promise(what, 90.0, 100.0, |_| {
        for ((_, line, count), rounds) in contenders.iter().zip(&mut rounds) {
            rounds.push(hyperfine(line, *count)?);
        }
        let spent = |at: usize| rounds[at].last().map_or(f64::NAN, |[_, spent]| *spent);
        Ok(spent(2) / spent(0))
    })?;
    bench.say(&format!(
        "\n## The command against others\n\n\
         From a file of {} kB to a PDF, process start included: medians, over rounds in turn, of `hyperfine`'s \
         median time and mean processor time. On a busy machine time is mostly waiting for a processor, so what is promised \
         is processor time. `cp` is there for what copying a file takes; as Debian builds it, it loads a C library first.\n\n\
         | | ms | times | processor time [ms] | times |\n|---|--:|--:|--:|--:|",
        bench.photo.len() / 1000
    ));
    let times = rounds.map(|rounds| {
        [0, 1].map(|column| middle(&rounds.iter().map(|round| round[column]).collect::<Vec<_>>()))
    });
    for ((name, ..), [time, spent]) in contenders.iter().zip(times) {
        bench.say(&format!(
            "| {name} | {:.2} | {:.2} | {:.2} | {:.2} |",
            time * 1e3,
            time / times[0][0],
            spent * 1e3,
            spent / times[0][1]
        ));
    }
    Ok(())
}

/// Median time of a command line, and its mean processor time, in seconds.
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
    command(
        Command::new("hyperfine")
            .args(["-N", "--warmup", "3", "--runs", &count.to_string()])
            .arg("--export-json")
            .arg(export.path())
            .arg(line)
            .env("XDG_CONFIG_HOME", POLICY),
    )?;
    let Export { results: [times] } = serde_json::from_reader(export)?;
    Ok([times.median, times.user + times.system])
}
