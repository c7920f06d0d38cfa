//! The practical's questions about one service, and the behavior of both services under overload.

use std::fs;
use std::io;
use std::process::Command;
use std::time::Duration;

use pdfmagic_benches::process::{CONVERT, run};
use pdfmagic_benches::timing::median;
use pdfmagic_load::generator::Until;
use pdfmagic_load::plot::{Chart, Series};
use pdfmagic_load::tally::Tally;

use crate::Part;
use crate::lab::{Lab, Load};
use crate::replicas::{addresses, replicas};
use crate::report::Report;
use crate::servers::{Kind, Layer, Server, balance};

pub(crate) fn where_the_pdf_is_stored(lab: &Lab, report: &mut Report) -> io::Result<()> {
    report.section("[Q] Where is the PDF stored?");
    let originals = replicas(Kind::Original, 3, None)?;
    let ours = replicas(Kind::Pdfmagic, 3, None)?;
    let mut runs = Vec::new();
    for (name, servers, layer) in [
        ("original behind L4", &originals, Layer::Four),
        ("original behind L7", &originals, Layer::Seven),
        ("pdfmagic behind L7", &ours, Layer::Seven),
    ] {
        let balancer = balance(layer, &addresses(servers))?;
        runs.push(lab.measure(name, &balancer.address, lab.practical(1, 30))?);
    }
    let (mut files, mut size) = (0, 0);
    for server in &originals {
        for file in fs::read_dir(server.directory.path())? {
            files += 1;
            size += file?.metadata()?.len();
        }
    }
    report.say(&format!(
        "The original stores it on the disk of the replica that took the upload, and never deletes it. These runs left \
         {files} files with {} kB in total. The answer is a redirect to `/Download/<id>`, which only that replica can serve. \
         A balancer that distributes connections (L4, a Service) hides this, since curl follows the redirect on the same \
         connection. A balancer that distributes requests (L7, an Ingress) sends the client to a replica that does not \
         have the file. pdfmagic stores nothing: the PDF is the answer to the POST. Three replicas of each, one client:",
        size / 1000
    ));
    report.answer(
        Part::Storage,
        "on the disk of the replica that took the upload; with pdfmagic, nowhere",
    );
    report.table(&runs.iter().collect::<Vec<_>>());
    Ok(())
}

/// Measures one client, and then ten.
pub(crate) fn clients(lab: &Lab, report: &mut Report) -> io::Result<()> {
    let alone = one_client(lab, report)?;
    ten_clients(lab, report, alone)
}

/// Measures one client. Returns the mean of the original, in milliseconds.
fn one_client(lab: &Lab, report: &mut Report) -> io::Result<f64> {
    let runs = both(lab, 1, 100)?;
    let [original, ours] = &runs;
    let (was, is) = (original.distribution(), ours.distribution());
    let picture = making_a_picture()?.as_secs_f64() * 1e3;
    report.section("[Q] How long does a request take on average?");
    report.say(&format!(
        "One client sends one request after another. The original takes {:.1} ± {:.1} ms, pdfmagic {:.2} ± {:.2} ms (95 % \
         confidence): {:.0} times less. The practical's client includes in its time how long it takes to make each \
         picture, by `convert` from /dev/urandom. Here that is {picture:.0} ms (median): {:.1} times a request of the \
         original, and {:.0} times one of pdfmagic, which would disappear in it.",
        was.mean,
        was.mean_within,
        is.mean,
        is.mean_within,
        was.mean / is.mean,
        picture / was.mean,
        picture / is.mean,
    ));
    report.answer(
        Part::Clients,
        &format!(
            "{:.1} ms with the original, {:.2} ms with pdfmagic",
            was.mean, is.mean
        ),
    );
    report.table(&[original, ours]);
    report.section("[Q] How are the times of 100 requests distributed?");
    report.answer(
        Part::Clients,
        "closely around the median, with a tail to one side",
    );
    report.say(&format!(
        "Closely around the median, with a tail. Of the original's requests, 95 % took at most {:.2} times the median and \
         the slowest took {:.2} times the median; of pdfmagic's, {:.2} and {:.2} times. A disturbance of a millisecond is \
         invisible in a request of the original, but shows in one of pdfmagic, whose median is {:.2} ms.\n",
        was.p95 / was.p50,
        was.max / was.p50,
        is.p95 / is.p50,
        is.max / is.p50,
        is.p50
    ));
    report.plot(
        Chart::Histogram,
        "one-original",
        "Original: 1 client × 100 requests",
        &runs[..1],
    )?;
    report.plot(
        Chart::Histogram,
        "one-pdfmagic",
        "pdfmagic: 1 client × 100 requests",
        &runs[1..],
    )?;
    report.plot(Chart::Ecdf, "one-ecdf", "1 client × 100 requests", &runs)?;
    Ok(was.mean)
}

/// Measures ten clients. `alone` is the original's mean for one client, in milliseconds.
fn ten_clients(lab: &Lab, report: &mut Report, alone: f64) -> io::Result<()> {
    let runs = both(lab, 10, 100)?;
    let [original, ours] = &runs;
    let summary = original.summary();
    report.section("[Q] What changes with ten clients at the same time?");
    report.say(&format!(
        "The original answers {:.1} requests per second, and each client waits {:.1} times as long as one client alone: \
         its threads wait for processes that compete for the processors. pdfmagic answers {:.0} per second.",
        summary.per_second,
        summary.service.mean / alone,
        ours.summary().per_second
    ));
    report.answer(
        Part::Clients,
        &format!(
            "the original's clients wait {:.1} times as long as one alone; pdfmagic's wait {:.1} ms",
            summary.service.mean / alone,
            ours.summary().service.mean
        ),
    );
    report.table(&[original, ours]);
    report.plot(Chart::Ecdf, "ten-ecdf", "10 clients × 100 requests", &runs)?;
    for (chart, [first, second]) in [
        (
            Chart::Clients,
            ["ten-clients-original", "ten-clients-pdfmagic"],
        ),
        (
            Chart::Timeline,
            ["ten-timeline-original", "ten-timeline-pdfmagic"],
        ),
    ] {
        report.plot(
            chart,
            first,
            "Original: 10 clients × 100 requests",
            &runs[..1],
        )?;
        report.plot(
            chart,
            second,
            "pdfmagic: 10 clients × 100 requests",
            &runs[1..],
        )?;
    }
    report.plot(
        Chart::Tail,
        "ten-tail",
        "10 clients × 100 requests: the slowest",
        &runs,
    )
}

pub(crate) fn overload(lab: &Lab, report: &mut Report) -> io::Result<()> {
    const SECONDS: u32 = 20;
    let theirs = Server::start(Kind::Original, None)?;
    let capacity = lab.measure("capacity", &theirs.address, lab.practical(10, 20))?;
    let rate = (capacity.summary().per_second * 1.5).ceil();
    let ours = Server::start(Kind::Pdfmagic, None)?;
    let load = || Load {
        until: Until::Elapsed(Duration::from_secs(SECONDS.into())),
        rate: Some(rate),
        // There are more clients than requests in flight, so that no request waits for a client.
        ..lab.practical(2000, 0)
    };
    let original = lab.measure("original under overload", &theirs.address, load())?;
    let pdfmagic = lab.measure("pdfmagic at the same rate", &ours.address, load())?;
    let samples = &original.recording.samples;
    let one_second = samples.len() / SECONDS as usize;
    let [first, last] = [
        &samples[..one_second],
        &samples[samples.len() - one_second..],
    ]
    .map(|part| Tally::from_iter(part).summary().response.p50 / 1e3);
    report.section("A queue that no metric shows");
    report.say(&format!(
        "{rate} requests per second arrive whether or not answers come (an open loop): 1.5 times what the original can \
         answer. Its ten threads are busy, and all other requests wait in a queue that no metric shows. The requests of \
         the first second took {first:.1} s, those of the last second {last:.1} s (medians). A closed loop, where clients \
         wait for their answers, would hide this.\n\n\
         Response times fall again before the load ends, since a client waits twice: with its upload, and then with its \
         download, which comes behind all uploads that arrived in the meantime. At 1.5 times the capacity, the uploads \
         that arrive in the first two thirds of {SECONDS} s are converted before the last one arrives. Those that come \
         later find ever fewer uploads between their own and their download."
    ));
    report.answer(
        Part::Overload,
        &format!(
            "the original's response time grows to {:.0} s; pdfmagic's stays at {:.1} ms (p99)",
            original.distribution().max / 1e3,
            pdfmagic.distribution().p99
        ),
    );
    report.table(&[&original, &pdfmagic]);
    report.plot(
        Chart::Timeline,
        "overload-original",
        "Original under overload",
        &[original],
    )
}

/// Returns the time that the practical's client takes to make a picture.
fn making_a_picture() -> io::Result<Duration> {
    let directory = tempfile::tempdir()?;
    let line = format!(
        "head -c {} /dev/urandom | {CONVERT} -depth 8 -size 640x480 RGB:- {}",
        640 * 480 * 3,
        directory.path().join("random.jpg").display()
    );
    median(|| run(Command::new("sh").args(["-c", &line])))
}

/// Measures the original and pdfmagic, one after the other.
fn both(lab: &Lab, clients: u32, requests: u64) -> io::Result<[Series; 2]> {
    let run = |name, kind| {
        let server = Server::start(kind, None)?;
        let plural = if clients == 1 { "" } else { "s" };
        let name = format!("{name} ({clients} client{plural})");
        lab.measure(&name, &server.address, lab.practical(clients, requests))
    };
    Ok([
        run("original", Kind::Original)?,
        run("pdfmagic", Kind::Pdfmagic)?,
    ])
}
