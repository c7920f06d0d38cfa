//! Replicas that are each limited to a share of a processor: three against one, and a third added over time.

use std::io;
use std::thread;
use std::time::Duration;

use pdfmagic_load::generator::Until;
use pdfmagic_load::plot::{Chart, Series};
use pdfmagic_load::tally::Tally;

use crate::Part;
use crate::lab::{Lab, Load};
use crate::promise::Promise;
use crate::quota::Quota;
use crate::report::Report;
use crate::servers::{Kind, Layer, Server, balance, free_address};

/// The share of a processor that each replica gets, in percent. Three replicas, the balancer and the load generator
/// then fit on two processors.
const PERCENT: u32 = 10;

/// The number of rounds that a run is divided into.
const ROUNDS: u64 = 5;

/// The factor by which three replicas should have more throughput than one.
const GAIN: f64 = 2.8;

pub(crate) fn three_replicas(lab: &Lab, report: &mut Report) -> io::Result<()> {
    report.section("[Q] Are three replicas satisfactory?");
    if !Quota::is_available() {
        report.say(
            "Not measured: the effect of replicas can only be distinguished from that of more processors where each \
             replica is limited to a share of one, and control groups cannot be made on this machine.",
        );
        return Ok(());
    }
    let time = Duration::from_secs(15);
    let mut runs = Vec::new();
    let mut rounds = Vec::new();
    // The processor time of a request.
    let mut costs = Vec::new();
    for count in 1..=3 {
        let cluster = Cluster::start(Kind::Pdfmagic, count)?;
        let name = format!("pdfmagic × {count}");
        let run = cluster.measure(lab, &name, time)?;
        let answered = u32::try_from(run.summary().answered).map_err(io::Error::other)?;
        costs.push(cluster.cpu_time()? / answered);
        rounds.extend(divided(&run));
        runs.push(run);
    }
    let [one, three] = [&runs[0], &runs[2]].map(Series::summary);
    let gain = three.per_second / one.per_second;
    let verdict = if gain >= GAIN { "Yes" } else { "No" };
    // With this share of a processor, the original takes most of a second for a conversion.
    let originals = [
        Cluster::start(Kind::Original, 1)?.measure(lab, "original × 1", time * 2)?,
        Cluster::start(Kind::Original, 3)?.measure(lab, "original × 3", time * 2)?,
    ];
    let original_gain = originals[1].summary().per_second / originals[0].summary().per_second;
    report.say(&format!(
        "{verdict}, in terms of throughput: three replicas of pdfmagic answer {gain:.2} times as many requests as one, three \
         of the original {original_gain:.2} times as many. With three replicas the median of pdfmagic falls from {:.0} to \
         {:.0} ms, and its p99 from {:.0} to {:.0} ms. Ten clients send in a closed loop through a balancer, which \
         distributes requests (L7) to pdfmagic, and connections (L4) to the original, since its redirect would otherwise \
         not find the file. A control group limits each replica to {PERCENT} % of one processor, since all of them share \
         this machine. The chart divides each run into {ROUNDS} rounds, to show how much they vary.\n\n\
         That three can do more than three times as much as one is due to the processor time of a request: {} µs with one \
         replica and {} µs with three, which alone would make three replicas {:.2} times as fast. The \
         likely cause is that one replica always has ten requests at once, and is stopped amid them whenever it has spent \
         its share. With three, a replica has fewer requests at a time, and finds more of each body in place when it \
         reads. *Promises* has the range of the ratio over several rounds.",
        one.service.p50,
        three.service.p50,
        one.service.p99,
        three.service.p99,
        costs[0].as_micros(),
        costs[2].as_micros(),
        costs[0].div_duration_f64(costs[2]) * 3.0
    ));
    report.answer(
        Part::Replicas,
        &format!("yes for throughput: {gain:.2} times that of one"),
    );
    report.table(&[&runs[0], &runs[1], &runs[2], &originals[0], &originals[1]]);
    plot(report, &runs, &rounds, &originals)?;
    report.section("[Q] Was scaling out the right idea? What is the underlying problem?");
    report.say(&format!(
        "No. Three replicas answer about three times as many requests, at three times the price. One replica of pdfmagic \
         answers {:.0} times as many as three of the original, with a third of the processor time. The problem is the \
         work per request: the original starts a process that decodes the JPEG and encodes it again, by way of files, \
         although a PDF can contain the JPEG unchanged. *Where the time goes* has the details.",
        one.per_second / originals[1].summary().per_second
    ));
    report.answer(
        Part::Replicas,
        "no; the problem is that the original decodes and encodes what could be copied",
    );
    Ok(())
}

/// Draws the runs of one, two and three replicas of pdfmagic, the rounds of these runs, and the runs of one and three
/// replicas of the original.
fn plot(
    report: &mut Report,
    runs: &[Series],
    rounds: &[Series],
    originals: &[Series],
) -> io::Result<()> {
    let limited = format!("with {PERCENT} % of a processor each");
    let ends = [runs[0].clone(), runs[2].clone()];
    report.plot(
        Chart::Scaling,
        "replicas-scaling",
        &format!("pdfmagic: throughput by replicas {limited}"),
        rounds,
    )?;
    report.plot(
        Chart::Share,
        "replicas-share",
        "pdfmagic: which of three replicas answered",
        &runs[2..],
    )?;
    report.plot(
        Chart::Ecdf,
        "replicas-ecdf",
        &format!("pdfmagic: one and three replicas {limited}"),
        &ends,
    )?;
    report.plot(
        Chart::Tail,
        "replicas-tail",
        &format!("pdfmagic: slowest requests, one and three replicas {limited}"),
        &ends,
    )?;
    report.plot(
        Chart::Ecdf,
        "replicas-original",
        &format!("Original: one and three replicas {limited}"),
        originals,
    )
}

/// The rounds of a run, which take the same time.
fn divided(run: &Series) -> Vec<Series> {
    let samples = &run.recording.samples;
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Vec::new();
    };
    let length = (last.start_ns - first.start_ns) / ROUNDS + 1;
    let round = |number: u64| {
        let mut round = run.clone();
        round
            .recording
            .samples
            .retain(|sample| (sample.start_ns - first.start_ns) / length == number);
        round
    };
    (0..ROUNDS).map(round).collect()
}

/// Checks the promise that three replicas have nearly three times the throughput of one.
pub(crate) fn scaling(lab: &Lab, report: &mut Report) -> io::Result<()> {
    if !Quota::is_available() {
        let why = "control groups cannot be made under /sys/fs/cgroup, which takes root";
        if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
            return Err(io::Error::other(why));
        }
        report.leave_out(&format!("three replicas against one, since {why}"));
        return Ok(());
    }
    let one = Cluster::start(Kind::Pdfmagic, 1)?;
    let three = Cluster::start(Kind::Pdfmagic, 3)?;
    let rate = |cluster: &Cluster, name| {
        let run = cluster.measure(lab, name, Duration::from_millis(1500))?;
        Ok::<_, io::Error>(run.summary().per_second)
    };
    let what = "throughput of three limited replicas to that of one";
    report.promise(Promise::measure(what.to_owned(), GAIN, GAIN, || {
        Ok(rate(&three, "three replicas")? / rate(&one, "one replica")?)
    })?);
    Ok(())
}

pub(crate) fn the_job(lab: &Lab, report: &mut Report) -> io::Result<()> {
    report.section("[Q] How do the times of a Job with fifty clients develop?");
    let step = Duration::from_secs(8);
    let percent = Quota::is_available().then_some(PERCENT);
    let addresses = [free_address()?, free_address()?, free_address()?];
    let first = Server::start_at(Kind::Pdfmagic, &addresses[0], percent)?;
    let balancer = balance(Layer::Seven, &addresses)?;
    let later = addresses[1..].to_vec();
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
        until: Until::Elapsed(step * 3),
        ..lab.practical(50, 0)
    };
    let run = lab.measure("Job of 50 clients", &balancer.address, load)?;
    let added = adding
        .join()
        .map_err(|_| io::Error::other("a replica could not be added"))??;
    drop((first, added));
    let begin = run.recording.samples[0].start_ns;
    // Times are in halves of a step.
    let between = |from: u32, to: u32| {
        let [from, to] = [from, to].map(|halves| (step * halves / 2).as_nanos());
        let samples = run.recording.samples.iter();
        let within =
            samples.filter(|sample| (from..to).contains(&u128::from(sample.start_ns - begin)));
        within.collect::<Tally>().summary().service
    };
    let (early, late) = (between(0, 1), between(5, 6));
    let half = (step / 2).as_secs();
    report.say(&format!(
        "Fifty clients send in a closed loop while a replica is added about every {} seconds; {}. {} requests failed. In the \
         first {half} seconds, with one replica, the median is {:.0} ms and p95 {:.0} ms; in the last {half} seconds, with \
         three replicas, {:.0} and {:.0} ms.",
        step.as_secs(),
        percent.map_or("none is limited".to_owned(), |percent| format!(
            "each is limited to {percent} % of a processor"
        )),
        run.summary().failed,
        early.p50,
        early.p95,
        late.p50,
        late.p95
    ));
    report.answer(
        Part::Job,
        &format!(
            "with each replica the median falls: from {:.0} ms with one to {:.0} ms with three",
            early.p50, late.p50
        ),
    );
    report.table(&[&run]);
    report.plot(
        Chart::Timeline,
        "job-timeline",
        "pdfmagic: 50 clients, one to three replicas",
        &[run],
    )
}

/// Limited replicas behind a balancer.
struct Cluster {
    balancer: Server,
    replicas: Vec<Server>,
}

impl Cluster {
    fn start(kind: Kind, count: usize) -> io::Result<Self> {
        let layer = match kind {
            Kind::Original => Layer::Four,
            Kind::Pdfmagic | Kind::Echo | Kind::Bare => Layer::Seven,
        };
        let replicas = replicas(kind, count, Some(PERCENT))?;
        Ok(Self {
            balancer: balance(layer, &addresses(&replicas))?,
            replicas,
        })
    }

    /// Keeps the cluster busy with ten clients for some time.
    fn measure(&self, lab: &Lab, name: &str, time: Duration) -> io::Result<Series> {
        let load = Load {
            until: Until::Elapsed(time),
            ..lab.practical(10, 0)
        };
        lab.measure(name, &self.balancer.address, load)
    }

    /// Returns the processor time of all replicas.
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
