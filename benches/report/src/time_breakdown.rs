//! The distribution of the time of a request, for JPEGs from 100 kB to 100 MB, on one processor and on two.

use std::io;
use std::time::Duration;

use pdfmagic_benches::stages::{SIZES, Stage, Stages};
use pdfmagic_benches::timing::{median, on, processors};
use pdfmagic_load::client::{Client, Target, Upload};
use pdfmagic_load::picture::{Picture, jpeg};
use pdfmagic_load::plot::Figure;
use pdfmagic_load::sample::machine;
use tokio::runtime;

use crate::Part;
use crate::lab::TIMEOUT;
use crate::report::Report;
use crate::servers::{Kind, Server};

/// The parts of a request.
const PARTS: [&str; 7] = [
    "process start",
    "files",
    "decoding",
    "color conversion",
    "encoding",
    "PDF assembly",
    "HTTP",
];

/// The ways from a JPEG to a PDF: a name, the server, and the path for uploads.
const WAYS: [(&str, Kind, &str); 4] = [
    ("original", Kind::Original, ""),
    ("`Reencode`", Kind::Pdfmagic, "v1/pdf?backend=reencode"),
    ("`Transcode`", Kind::Pdfmagic, "v1/pdf?backend=transcode"),
    (
        "`Passthrough`",
        Kind::Pdfmagic,
        "v1/pdf?backend=passthrough",
    ),
];

/// The index of the way that consists of HTTP and assembly only.
const PASSTHROUGH: usize = 3;

/// The size whose parts are in the table.
const DETAILED: &str = "1 MB";

/// The times in milliseconds: for each of [`WAYS`], its [`PARTS`].
type Parts = [[f64; PARTS.len()]; WAYS.len()];

/// The measurements of one size on a number of processors.
struct Measured {
    processors: usize,
    size: &'static str,
    parts: Parts,
    /// The times of whole requests as a client measures them, in milliseconds, for each of [`WAYS`].
    requests: [f64; WAYS.len()],
}

pub(crate) fn measure(report: &mut Report) -> io::Result<()> {
    let mut all = Vec::new();
    for (size, side) in SIZES {
        let jpeg = jpeg(Picture::Noise, side, side, 92, 0).map_err(io::Error::other)?;
        for count in processors() {
            eprintln!("pdfmagic-report: where the time goes, {size} on {count} processors");
            let (parts, requests) = on(count, || {
                let requests = requests(&jpeg)?;
                Ok((parts(&jpeg, requests[PASSTHROUGH])?, requests))
            })?;
            all.push(Measured {
                processors: count,
                size,
                parts,
                requests,
            });
        }
    }
    let maximum = all.last().map_or(1, |last| last.processors);
    report.section("Where the time goes");
    report.say(&format!(
        "The parts of a request of one client with {DETAILED} of noise on {maximum} processors, in milliseconds (medians; \
         `cargo bench --profile dist -p pdfmagic-benches --bench stages` shows how much they vary). Decoding, encoding and \
         PDF assembly of the original are differences between `convert` to nothing, to a JPEG and to a PDF. Its color \
         conversion is not visible from outside, so a plain loop over all samples, both ways, stands in for it and is \
         subtracted from decoding and encoding. pdfmagic decodes and encodes coefficients, so it does not convert colors; \
         its decoding is one pass over all coded data, and its encoding is the rest. HTTP is the time of a request with \
         `Passthrough` without its assembly. The last line is what a client of each server measures. Parts and requests \
         are medians of different runs, so a request can take less than all parts.\n"
    ));
    let titles = WAYS.map(|(name, ..)| name).join(" | ");
    report.say(&format!("| | {titles} |\n|---|--:|--:|--:|--:|"));
    let detailed = all
        .iter()
        .find(|one| one.size == DETAILED && one.processors == maximum);
    if let Some(detailed) = detailed {
        for (part, name) in PARTS.iter().enumerate() {
            let cells = detailed.parts.map(|parts| milliseconds(parts[part]));
            report.say(&format!("| {name} | {} |", cells.join(" | ")));
        }
        let sums = detailed.parts.map(|parts| parts.iter().sum::<f64>());
        let sums = sums.map(milliseconds);
        report.say(&format!("| **all parts** | {} |", sums.join(" | ")));
        let requests = detailed.requests.map(milliseconds);
        report.say(&format!("| a request | {} |", requests.join(" | ")));
        report.say(&conclusion(&detailed.parts, &all[0].parts));
        let [start, _, decoding, color, encoding, assembly, _] = detailed.parts[0];
        report.answer(
            Part::Stages,
            &format!(
                "the original spends {:.1} of {} ms on samples and {start:.1} ms on starting a process",
                decoding + color + encoding + assembly,
                sums[0]
            ),
        );
    }

    let bars: Vec<_> = WAYS
        .iter()
        .enumerate()
        .flat_map(|(way, (name, ..))| {
            all.iter()
                .filter(|one| one.processors == maximum)
                .map(move |one| {
                    let name = format!("{} {}", name.trim_matches('`'), one.size);
                    (name, one.parts[way].to_vec())
                })
        })
        .collect();
    let caption = format!(
        "medians of up to 50 requests of noise; 1 client, closed loop, connections reused; {}",
        machine()
    );
    report.draw(
        Figure::parts("The parts of a request", &caption, &PARTS, &bars),
        "time-breakdown",
        "The parts of a request",
    )?;

    let sizes = SIZES.map(|(size, _)| size).join(" | ");
    report.say(&format!(
        "The whole request in milliseconds, on one processor that the client shares, and on two:\n\n\
         | | processors | {sizes} |\n|---|--:|--:|--:|--:|--:|"
    ));
    for (way, (name, ..)) in WAYS.iter().enumerate() {
        for count in processors() {
            let cells: Vec<_> = all
                .iter()
                .filter(|one| one.processors == count)
                .map(|one| milliseconds(one.requests[way]))
                .collect();
            report.say(&format!("| {name} | {count} | {} |", cells.join(" | ")));
        }
    }
    Ok(())
}

/// Describes how the original spends its time, for the detailed size and for the smallest.
fn conclusion(detailed: &Parts, smallest: &Parts) -> String {
    let [start, files, decoding, color, encoding, assembly, _] = detailed[0];
    let whole: f64 = detailed[0].iter().sum();
    let percent = |part: f64| 100.0 * part / whole;
    format!(
        "\nThe original spends {:.0} % of its time for {DETAILED} on samples: decoding, encoding, and copying them into the PDF \
         ({:.0} %). It spends {:.0} % on starting the process, and {:.0} % on files. With {}, starting the process alone \
         takes {:.0} %. `Passthrough` does none of this: all of its request but {:.1} % is HTTP.\n",
        percent(decoding + color + encoding + assembly),
        percent(assembly),
        percent(start),
        percent(files),
        SIZES[0].0,
        100.0 * smallest[0][0] / smallest[0].iter().sum::<f64>(),
        100.0 * detailed[PASSTHROUGH][5] / detailed[PASSTHROUGH].iter().sum::<f64>(),
    )
}

/// Measures the parts of each way. `passed` is the time of a request with passthrough, in milliseconds.
fn parts(jpeg: &[u8], passed: f64) -> io::Result<Parts> {
    let mut stages = Stages::new(jpeg.to_vec())?;
    let mut time = |stage| Ok::<_, io::Error>(to_ms(median(|| stages.run(stage))?));
    let (start, read, recode, convert) = (
        time(Stage::Start)?,
        time(Stage::Read)?,
        time(Stage::Recode)?,
        time(Stage::Convert)?,
    );
    let (files, color) = (time(Stage::Files)?, time(Stage::Color)?);
    let (walk, assembly) = (time(Stage::Walk)?, time(Stage::Passthrough)?);
    let http = rest(passed, assembly);
    let ours = |whole: f64| {
        let encoding = rest(whole, walk + assembly);
        [0.0, 0.0, walk, 0.0, encoding, assembly, http]
    };
    Ok([
        [
            start,
            files,
            rest(read, start + color),
            2.0 * color,
            rest(recode, read + color),
            rest(convert, recode),
            http,
        ],
        ours(time(Stage::Reencode)?),
        ours(time(Stage::Transcode)?),
        [0.0, 0.0, 0.0, 0.0, 0.0, assembly, http],
    ])
}

/// Measures requests to the servers with one client, in milliseconds.
fn requests(jpeg: &[u8]) -> io::Result<[f64; WAYS.len()]> {
    let upload = Upload::form(jpeg);
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut requests = [0.0; WAYS.len()];
    for ((_, kind, path), request) in WAYS.into_iter().zip(&mut requests) {
        let server = Server::start(kind, None)?;
        let target = Target::parse(&format!("http://{}/{path}", server.address));
        let target = target.map_err(io::Error::other)?;
        let mut client = Client::new(target, true, TIMEOUT);
        *request = to_ms(median(|| {
            let answer = runtime.block_on(client.post(&upload));
            answer
                .and_then(|answer| answer.check())
                .map_err(io::Error::other)
        })?);
    }
    Ok(requests)
}

/// Returns the remainder of a whole. Both are medians of different runs, so a negative difference counts as zero.
fn rest(whole: f64, known: f64) -> f64 {
    (whole - known).max(0.0)
}

fn milliseconds(time: f64) -> String {
    if time == 0.0 {
        "–".to_owned()
    } else {
        format!("{time:.3}")
    }
}

fn to_ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
