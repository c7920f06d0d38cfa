//! The practical's questions about one service, and what its queue hides.

use std::fs;
use std::io;
use std::process::Command;
use std::time::Duration;

use pdfmagic_benches::load::End;
use pdfmagic_benches::plot::{Chart, Series};
use pdfmagic_benches::stage::{CONVERT, command, median};
use pdfmagic_benches::tally::Tally;

use crate::bench::{Bench, Load, tally};
use crate::replicas::{addresses, replicas};
use crate::servers::{Kind, Layer, Server, balance};

pub(crate) fn where_it_lies(bench: &mut Bench) -> io::Result<()> {
    bench.say("\n## [Q] Where does the PDF lie?\n");
    let legacy = replicas(Kind::Legacy, 3, None)?;
    let ours = replicas(Kind::Pdfmagic, 3, None)?;
    let mut runs = Vec::new();
    for (name, servers, layer) in [
        ("original behind L4", &legacy, Layer::Four),
        ("original behind L7", &legacy, Layer::Seven),
        ("pdfmagic behind L7", &ours, Layer::Seven),
    ] {
        let balancer = balance(layer, &addresses(servers))?;
        runs.push(bench.measure(name, &balancer.address, bench.practical(1, 30))?);
    }
    let (mut files, mut size) = (0, 0);
    for server in &legacy {
        for file in fs::read_dir(server.directory.path())? {
            files += 1;
            size += file?.metadata()?.len();
        }
    }
    bench.say(&format!(
        "In the original: on the disk of the one replica that took the upload, for ever. These runs left {files} \
         files of {} kB in all. The answer is a redirect to `/Download/<id>`, and only that replica can follow it. A \
         balancer that deals connections (L4, a Service) hides this, since curl follows on the same connection; one \
         that deals requests (L7, an Ingress) sends the client on to a replica without the file. In pdfmagic: in the \
         answer to the POST, and nowhere else. Three replicas each, one client:",
        size / 1000
    ));
    bench.table(&runs.iter().collect::<Vec<_>>());
    Ok(())
}

/// Returns the original's mean, in milliseconds.
pub(crate) fn one_client(bench: &mut Bench) -> io::Result<f64> {
    let runs = both(bench, 1, 100)?;
    let [original, ours] = &runs;
    let (was, is) = (tally(original).service, tally(ours).service);
    let picture = making_a_picture()?.as_secs_f64() * 1e3;
    bench.say(&format!(
        "\n## [Q] How long does a request take on average?\n\n\
         One client, one request after another: {:.1} ± {:.1} ms by the original, {:.2} ± {:.2} ms by pdfmagic, {:.0} \
         times less (95 % confidence). The practical's client makes each picture while its clock runs, by `convert` from \
         /dev/urandom: {picture:.0} ms here (median), {:.1} times the original's request and {:.0} times pdfmagic's, which \
         such a clock would hide.",
        was.mean,
        was.mean_within,
        is.mean,
        is.mean_within,
        was.mean / is.mean,
        picture / was.mean,
        picture / is.mean,
    ));
    bench.table(&[original, ours]);
    bench.say(&format!(
        "## [Q] How are the times of 100 requests distributed?\n\n\
         Around one value, with a tail: by the original 95 of 100 took at most {:.2} times the median and the slowest \
         {:.2} times, by pdfmagic {:.2} and {:.2} times. What disturbs the machine for a millisecond is hidden in a request \
         of the original, and shows in one that takes less than that.",
        was.p95 / was.p50,
        was.max / was.p50,
        is.p95 / is.p50,
        is.max / is.p50
    ));
    bench.plot(
        Chart::Histogram,
        "one-original",
        "The original: 1 client × 100",
        &runs[..1],
    )?;
    bench.plot(
        Chart::Histogram,
        "one-pdfmagic",
        "pdfmagic: 1 client × 100",
        &runs[1..],
    )?;
    bench.plot(Chart::Ecdf, "one-ecdf", "1 client × 100", &runs)?;
    Ok(was.mean)
}

/// `alone` is the original's mean for one client, in milliseconds.
pub(crate) fn ten_clients(bench: &mut Bench, alone: f64) -> io::Result<()> {
    let runs = both(bench, 10, 100)?;
    let [original, ours] = &runs;
    bench.say(&format!(
        "\n## [Q] And with ten clients at the same time?\n\n\
         The original does {:.1} requests a second, and each client waits {:.1} times as long as one alone: its threads \
         wait for processes that share the same processors. pdfmagic does {:.0} a second.",
        tally(original).per_second,
        tally(original).service.mean / alone,
        tally(ours).per_second
    ));
    bench.table(&[original, ours]);
    bench.plot(Chart::Ecdf, "ten-ecdf", "10 clients × 100", &runs)?;
    bench.plot(
        Chart::Clients,
        "ten-clients-original",
        "The original: 10 clients × 100",
        &runs[..1],
    )?;
    bench.plot(
        Chart::Clients,
        "ten-clients-pdfmagic",
        "pdfmagic: 10 clients × 100",
        &runs[1..],
    )?;
    bench.plot(
        Chart::Timeline,
        "ten-timeline-original",
        "The original: 10 clients × 100",
        &runs[..1],
    )?;
    bench.plot(
        Chart::Timeline,
        "ten-timeline-pdfmagic",
        "pdfmagic: 10 clients × 100",
        &runs[1..],
    )?;
    bench.plot(
        Chart::Tail,
        "ten-tail",
        "10 clients × 100: the slowest",
        &runs,
    )
}

pub(crate) fn queue(bench: &mut Bench) -> io::Result<()> {
    let legacy = Server::start(Kind::Legacy, None)?;
    let capacity = bench.measure("capacity", &legacy.address, bench.practical(10, 20))?;
    let rate = (tally(&capacity).per_second * 1.5).ceil();
    let ours = Server::start(Kind::Pdfmagic, None)?;
    let seconds = Duration::from_secs(20);
    let load = |bench: &Bench| Load {
        end: End::After(seconds),
        rate: Some(rate),
        // More than can come: none waits for another's answer.
        ..bench.practical(2000, 0)
    };
    let original = bench.measure("original", &legacy.address, load(bench))?;
    let pdfmagic = bench.measure("pdfmagic", &ours.address, load(bench))?;
    let samples = &original.recording.samples;
    // Those of a second.
    let count = samples.len() / 20;
    let [first, last] = [&samples[..count], &samples[samples.len() - count..]]
        .map(|part| Tally::from_iter(part).report().response.p50 / 1e3);
    bench.say(&format!(
        "\n## A queue that nobody sees\n\n\
         {rate} requests a second come, half again as many as the original can do, whether it answers or not (an open \
         loop). Its ten threads are busy, and the rest waits where no metric shows it: who came in the first second \
         waited {first:.1} s, who came in the last {last:.1} s (medians). A closed loop, where clients wait for their answers, \
         would hide that."
    ));
    bench.table(&[&original, &pdfmagic]);
    bench.plot(
        Chart::Timeline,
        "queue-original",
        "The original, asked too much",
        &[original],
    )
}

/// How long the practical's client takes for a picture.
fn making_a_picture() -> io::Result<Duration> {
    let directory = tempfile::tempdir()?;
    let line = format!(
        "head -c {} /dev/urandom | {CONVERT} -depth 8 -size 640x480 RGB:- {}",
        640 * 480 * 3,
        directory.path().join("random.jpg").display()
    );
    median(|| command(Command::new("sh").args(["-c", &line])))
}

/// The original and ours, alone on this machine.
fn both(bench: &Bench, clients: u32, requests: u64) -> io::Result<[Series; 2]> {
    let run = |name, kind| {
        let server = Server::start(kind, None)?;
        bench.measure(name, &server.address, bench.practical(clients, requests))
    };
    Ok([
        run("original", Kind::Legacy)?,
        run("pdfmagic", Kind::Pdfmagic)?,
    ])
}
