//! Replicas that are each held to a part of a processor: three against one, and more of them along time.

use std::io;
use std::thread;
use std::time::Duration;

use pdfmagic_benches::load::End;
use pdfmagic_benches::plot::{Chart, Series};
use pdfmagic_benches::tally::Tally;

use crate::bench::{Bench, Load, tally};
use crate::servers::{Kind, Layer, Quota, Server, balance, free_address};

/// Part of a processor that a replica gets where replicas are compared, so that three of them, the balancer and the
/// load generator fit on two processors. With half of it ratios were unsteadier.
const PERCENT: u32 = 10;

/// How many times as much as one replica three are to do.
const GAIN: f64 = 2.8;

pub(crate) fn three_replicas(bench: &mut Bench) -> io::Result<()> {
    bench.say("\n## [Q] Three replicas: is it satisfying?\n");
    if !Quota::is_available() {
        bench.say(
            "Not measured: replicas can be told apart from more processors only where each is held to a part of one, \
             and the control groups of this machine cannot be written.",
        );
        return Ok(());
    }
    let seconds = Duration::from_secs(15);
    let mut runs = Vec::new();
    // Processor time of a request.
    let mut costs = Vec::new();
    for count in 1..=3 {
        let name = format!("pdfmagic × {count}");
        let cluster = Cluster::start(Kind::Pdfmagic, count)?;
        let run = cluster.measure(bench, &name, seconds)?;
        let answered = u32::try_from(tally(&run).answered).map_err(io::Error::other)?;
        costs.push(cluster.cpu_time()? / answered);
        runs.push(run);
    }
    let [one, three] = [&runs[0], &runs[2]].map(tally);
    let gain = three.per_second / one.per_second;
    let verdict = if gain >= GAIN { "It is" } else { "It is not" };
    // A conversion takes the original most of a second on a part of a processor.
    let originals = [
        Cluster::start(Kind::Legacy, 1)?.measure(bench, "original × 1", seconds * 2)?,
        Cluster::start(Kind::Legacy, 3)?.measure(bench, "original × 3", seconds * 2)?,
    ];
    let original_gain = tally(&originals[1]).per_second / tally(&originals[0]).per_second;
    let against = one.per_second / tally(&originals[1]).per_second;
    bench.say(&format!(
        "{verdict}, as far as throughput goes: three replicas of pdfmagic do {gain:.2} times as much as one, three of the \
         original {original_gain:.2} times (where its redirect finds the file: the balancer deals connections to it, L4, \
         and requests to pdfmagic, L7). Of pdfmagic's times the median goes from {:.0} to {:.0} ms, p99 from {:.0} to {:.0} \
         ms. Each replica is held to {PERCENT} % of one processor by a control group, since all share this machine; ten \
         clients ask without a pause through a balancer. A request took {} µs of processor time by the one replica and \
         {} µs by three, whose shares would so do {:.2} times as much. *What is promised* measures the ratio in turns, \
         and says between which values it lies.",
        one.service.p50,
        three.service.p50,
        one.service.p99,
        three.service.p99,
        costs[0].as_micros(),
        costs[2].as_micros(),
        costs[0].div_duration_f64(costs[2]) * 3.0
    ));
    bench.table(&[&runs[0], &runs[1], &runs[2], &originals[0], &originals[1]]);
    bench.plot(
        Chart::Scaling,
        "replicas-scaling",
        &format!("pdfmagic: throughput by replicas, each on {PERCENT} % of a processor"),
        &runs,
    )?;
    bench.plot(
        Chart::Share,
        "replicas-share",
        "Three replicas: who answered",
        &runs[2..],
    )?;
    let ends = [runs[0].clone(), runs[2].clone()];
    bench.plot(
        Chart::Ecdf,
        "replicas-ecdf",
        &format!("pdfmagic: one replica against three, each on {PERCENT} % of a processor"),
        &ends,
    )?;
    bench.plot(
        Chart::Tail,
        "replicas-tail",
        &format!(
            "pdfmagic: one replica against three, each on {PERCENT} % of a processor, the slowest"
        ),
        &ends,
    )?;
    bench.plot(
        Chart::Ecdf,
        "replicas-original",
        &format!("The original: one replica against three, each on {PERCENT} % of a processor"),
        &originals,
    )?;
    bench.say(&format!(
        "\n## [Q] Was scaling out the right idea? What is the underlying problem?\n\n\
         No. Three replicas do about three times as much, at three times the price; one replica of pdfmagic does \
         {against:.0} times as much as three of the original on a third of the processor time. The problem is the work \
         for each request: a process is started, which decodes the JPEG and encodes it anew, by way of files, where a PDF \
         can hold the JPEG as it is. *Where the time goes* takes it apart."
    ));
    Ok(())
}

/// Promises that three replicas do nearly three times as much as one.
pub(crate) fn scaling(bench: &mut Bench) -> io::Result<()> {
    if !Quota::is_available() {
        let why = "replicas cannot be limited: no control group can be written under /sys/fs/cgroup; run it as root";
        if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
            return Err(io::Error::other(why));
        }
        bench.leave_out(&format!("three replicas against one; {why}"));
        return Ok(());
    }
    let one = Cluster::start(Kind::Pdfmagic, 1)?;
    let three = Cluster::start(Kind::Pdfmagic, 3)?;
    bench.promise(
        "three quota-limited replicas, against one",
        GAIN,
        GAIN,
        |bench| {
            let rate = |cluster: &Cluster, name| {
                let run = cluster.measure(bench, name, Duration::from_millis(1500))?;
                Ok::<_, io::Error>(tally(&run).per_second)
            };
            Ok(rate(&three, "three replicas")? / rate(&one, "one replica")?)
        },
    )
}

pub(crate) fn the_job(bench: &mut Bench) -> io::Result<()> {
    bench.say("\n## [Q] A Job of fifty clients, along time\n");
    let step = Duration::from_secs(8);
    let percent = Quota::is_available().then_some(PERCENT);
    let addresses = [free_address()?, free_address()?, free_address()?];
    let first = Server::start_at(Kind::Pdfmagic, &addresses[0], percent)?;
    let balancer = balance(Layer::Seven, &addresses)?;
    let later: Vec<_> = addresses[1..].to_vec();
    let adding = thread::spawn(move || -> io::Result<Vec<Server>> {
        later
            .iter()
            .map(|address| {
                thread::sleep(step);
                Server::start_at(Kind::Pdfmagic, address, percent)
            })
            .collect()
    });
    let load = Load {
        end: End::After(step * 3),
        ..bench.practical(50, 0)
    };
    let run = bench.measure("pdfmagic", &balancer.address, load)?;
    let added = adding
        .join()
        .map_err(|_| io::Error::other("a replica could not be added"))??;
    drop((first, added));
    let begin = run.recording.samples[0].start_ns;
    let between = |from: u32, to: u32| {
        let [from, to] = [from, to].map(|halves| (step * halves / 2).as_nanos());
        let samples = run.recording.samples.iter();
        let then =
            samples.filter(|sample| (from..to).contains(&u128::from(sample.start_ns - begin)));
        then.collect::<Tally>().report().service
    };
    let (early, late) = (between(0, 1), between(5, 6));
    let half = (step / 2).as_secs();
    bench.say(&format!(
        "Fifty clients ask without a pause while a replica is added about every {} seconds; each is held to {}. {} \
         requests failed. In the first {half} seconds, with one replica, half of the requests took {:.0} ms or more, and \
         five of a hundred {:.0} ms or more; in the last {half}, with three, {:.0} and {:.0} ms.",
        step.as_secs(),
        percent.map_or("nothing".to_owned(), |percent| format!("{percent} % of a processor")),
        tally(&run).failed,
        early.p50,
        early.p95,
        late.p50,
        late.p95
    ));
    bench.table(&[&run]);
    bench.plot(
        Chart::Timeline,
        "job-timeline",
        "50 clients, one to three replicas",
        &[run],
    )
}

/// Replicas that are held to a part of a processor each, behind a balancer.
struct Cluster {
    balancer: Server,
    replicas: Vec<Server>,
}

impl Cluster {
    fn start(kind: Kind, count: usize) -> io::Result<Self> {
        let layer = match kind {
            Kind::Legacy => Layer::Four,
            Kind::Pdfmagic | Kind::Echo => Layer::Seven,
        };
        let replicas = replicas(kind, count, Some(PERCENT))?;
        Ok(Self {
            balancer: balance(layer, &addresses(&replicas))?,
            replicas,
        })
    }

    /// Ten clients keep it busy.
    fn measure(&self, bench: &Bench, name: &str, duration: Duration) -> io::Result<Series> {
        let load = Load {
            end: End::After(duration),
            ..bench.practical(10, 0)
        };
        bench.measure(name, &self.balancer.address, load)
    }

    /// What its replicas have spent.
    fn cpu_time(&self) -> io::Result<Duration> {
        self.replicas.iter().map(Server::cpu_time).sum()
    }
}

pub(crate) fn replicas(kind: Kind, count: usize, percent: Option<u32>) -> io::Result<Vec<Server>> {
    (0..count).map(|_| Server::start(kind, percent)).collect()
}

pub(crate) fn addresses(servers: &[Server]) -> Vec<String> {
    servers
        .iter()
        .map(|server| server.address.clone())
        .collect()
}
