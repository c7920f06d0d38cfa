//! Compares the service with the original.

use std::io;
use std::iter;
use std::time::{Duration, Instant};

use pdfmagic_benches::page_check;
use pdfmagic_load::client::{Client, Target, Upload};

use crate::lab::{Lab, TIMEOUT};
use crate::promise::Promise;
use crate::report::Report;
use crate::servers::{Kind, Server};

/// The number of clients.
const CLIENTS: usize = 10;

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> io::Result<()> {
    let form = Upload::form(&lab.photo);
    let mut ours = Contender::start("pdfmagic", Kind::Pdfmagic, form.clone())?;
    let mut original = Contender::start("original", Kind::Original, form)?;
    for contender in [&ours, &original] {
        let pdf = lab.convert(&contender.url, &contender.upload)?;
        page_check::check(&pdf, &lab.photo)?;
    }
    let second = Duration::from_secs(1);
    let what = "requests per second, to those of the original".to_owned();
    report.promise(Promise::measure(what, 200.0, 200.0, || {
        Ok(ours.run(lab, second / 4)? / original.run(lab, second)?)
    })?);
    report.section("The service against the original");
    report.say(&format!(
        "{CLIENTS} clients post a photo of {} kB in a form, over connections that they keep. Processor time is that of the \
         server, without the load generator. The figures are of all rounds together.\n\n\
         | | per second | p50 [ms] | p99 [ms] | processor time per request [µs] |\n|---|--:|--:|--:|--:|",
        lab.photo.len() / 1000,
    ));
    for contender in [ours, original] {
        report.say(&contender.row());
    }
    Ok(())
}

/// A server, and its measurements in all rounds.
struct Contender {
    name: &'static str,
    server: Server,
    url: String,
    upload: Upload,
    clients: Vec<Client>,
    /// The total length of all rounds.
    elapsed: Duration,
    /// The time of each answer.
    times: Vec<Duration>,
    /// The processor time of the server.
    cpu_time: Duration,
}

impl Contender {
    fn start(name: &'static str, kind: Kind, upload: Upload) -> io::Result<Self> {
        let server = Server::start(kind, None)?;
        let url = format!("http://{}/", server.address);
        let target = Target::parse(&url).map_err(io::Error::other)?;
        let client = || Client::new(target.clone(), true, TIMEOUT);
        Ok(Self {
            name,
            clients: iter::repeat_with(client).take(CLIENTS).collect(),
            url,
            server,
            upload,
            elapsed: Duration::ZERO,
            times: Vec::new(),
            cpu_time: Duration::ZERO,
        })
    }

    /// Measures a round. Returns the requests per second.
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    fn run(&mut self, lab: &Lab, time: Duration) -> io::Result<f64> {
        let (before, start) = (self.server.cpu_time()?, Instant::now());
        let times = lab.keep_busy(&mut self.clients, &self.upload, time)?;
        let elapsed = start.elapsed();
        self.cpu_time += self.server.cpu_time()?.saturating_sub(before);
        self.elapsed += elapsed;
        let rate = times.len() as f64 / elapsed.as_secs_f64();
        self.times.extend(times);
        Ok(rate)
    }

    /// Returns its row in the table.
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    fn row(mut self) -> String {
        self.times.sort();
        let percentile =
            |percent: usize| self.times[self.times.len() * percent / 100].as_secs_f64() * 1e3;
        let count = self.times.len() as f64;
        format!(
            "| {} | {:.0} | {:.2} | {:.2} | {:.0} |",
            self.name,
            count / self.elapsed.as_secs_f64(),
            percentile(50),
            percentile(99),
            self.cpu_time.as_secs_f64() * 1e6 / count
        )
    }
}
