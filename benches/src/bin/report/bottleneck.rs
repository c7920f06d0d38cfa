//! Where the time of a request goes, for JPEGs from 100 kB to 100 MB, on one processor and on two.

use std::io;
use std::time::Duration;

use pdfmagic_benches::client::{Client, Target, Upload};
use pdfmagic_benches::image::{Picture, jpeg};
use pdfmagic_benches::plot::Figure;
use pdfmagic_benches::sample::machine;
use pdfmagic_benches::stage::{SIZES, Stage, Stages, median, on, processors};
use tokio::runtime;

use crate::bench::Bench;
use crate::servers::{Kind, Server};

/// What a request can be made of.
const PARTS: [&str; 7] = [
    "process start",
    "files",
    "decoding",
    "color conversion",
    "encoding",
    "PDF assembly",
    "HTTP",
];

/// Ways from a JPEG to a PDF: a name, the server, and where it takes uploads.
const WAYS: [(&str, Kind, &str); 4] = [
    ("original", Kind::Legacy, ""),
    ("`Reencode`", Kind::Pdfmagic, "v1/pdf?backend=reencode"),
    ("`Transcode`", Kind::Pdfmagic, "v1/pdf?backend=transcode"),
    (
        "`Passthrough`",
        Kind::Pdfmagic,
        "v1/pdf?backend=passthrough",
    ),
];

/// Which of them does no more than HTTP and assembly.
const PASSTHROUGH: usize = 3;

/// The size whose parts are told in numbers.
const TOLD: &str = "1 MB";

/// In milliseconds: each way in the order of [`WAYS`], and in each the parts in the order of [`PARTS`].
type Parts = [[f64; PARTS.len()]; WAYS.len()];

/// One size on so many processors, each way by itself.
struct Measured {
    processors: usize,
    size: &'static str,
    parts: Parts,
    /// Whole requests as a client sees them, in milliseconds.
    requests: [f64; WAYS.len()],
}

pub(crate) fn measure(bench: &mut Bench) -> io::Result<()> {
    let mut all = Vec::new();
    for (size, side) in SIZES {
        let jpeg = jpeg(Picture::Noise, side, side, 92, 0).map_err(io::Error::other)?;
        for count in processors() {
            eprintln!("report: where the time goes, {size} on {count} of the processors");
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
    let most = all.last().map_or(1, |last| last.processors);
    bench.say(&format!(
        "\n## Where the time goes\n\n\
         A request of one client with {TOLD} of noise on {most} of the processors, taken apart: medians in \
         milliseconds (`cargo bench -p pdfmagic-benches --bench bottleneck` has their spread). The original's decoding, \
         encoding and PDF assembly are differences between `convert` to nothing, to a JPEG and to a PDF. Its color \
         conversion cannot be seen from outside; a plain loop over all samples, both ways, stands in for it and is taken \
         off decoding and encoding. pdfmagic decodes and encodes coefficients, so it converts no colors; its decoding is \
         a pass over all coded data, its encoding the rest. HTTP is what a request takes that is passed through, beyond its assembly. The \
         last line is what a client of the real server sees; parts and requests are medians of different runs, so that what \
         is in no part can be less than nothing.\n"
    ));
    let titles = WAYS.map(|(name, ..)| name).join(" | ");
    bench.say(&format!("| | {titles} |\n|---|--:|--:|--:|--:|"));
    let told = all
        .iter()
        .find(|one| one.size == TOLD && one.processors == most);
    if let Some(told) = told {
        for (part, name) in PARTS.iter().enumerate() {
            let cells = told.parts.map(|parts| milliseconds(parts[part]));
            bench.say(&format!("| {name} | {} |", cells.join(" | ")));
        }
        let sums = told.parts.map(|parts| parts.iter().sum::<f64>());
        let rests = told
            .requests
            .iter()
            .zip(sums)
            .map(|(whole, sum)| milliseconds(whole - sum));
        bench.say(&format!(
            "| in no part | {} |",
            rests.collect::<Vec<_>>().join(" | ")
        ));
        let requests = told.requests.map(milliseconds);
        bench.say(&format!("| **a request** | {} |", requests.join(" | ")));
        bench.say(&conclusion(&told.parts, &all[0].parts));
    }

    let bars: Vec<_> = WAYS
        .iter()
        .enumerate()
        .flat_map(|(way, (name, ..))| {
            all.iter()
                .filter(|one| one.processors == most)
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
    bench.draw(
        Figure::parts("What a request is made of", &caption, &PARTS, &bars),
        "bottleneck",
        "What a request is made of",
    )?;

    let sizes = SIZES.map(|(size, _)| size).join(" | ");
    bench.say(&format!(
        "\nThe whole request, in milliseconds, on one processor that the client shares, and on two:\n\n\
         | | processors | {sizes} |\n|---|--:|--:|--:|--:|--:|"
    ));
    for (way, (name, ..)) in WAYS.iter().enumerate() {
        for count in processors() {
            let cells: Vec<_> = all
                .iter()
                .filter(|one| one.processors == count)
                .map(|one| milliseconds(one.requests[way]))
                .collect();
            bench.say(&format!("| {name} | {count} | {} |", cells.join(" | ")));
        }
    }
    Ok(())
}

/// Where most of the original's time goes, for the size that is told and for the smallest, and what is left of it.
fn conclusion(told: &Parts, smallest: &Parts) -> String {
    let [start, files, decoding, color, encoding, assembly, _] = told[0];
    let whole: f64 = told[0].iter().sum();
    let percent = |part: f64| 100.0 * part / whole;
    format!(
        "\nOf the original's time for {TOLD}, {:.0} % go into samples: out of the JPEG, into another one, and into the PDF \
         around that ({:.0} %); {:.0} % go into starting the process, and {:.0} % into files. Of its time for {}, the \
         process's start alone is {:.0} %. `Passthrough` has none of it: HTTP is all but {:.1} % of its request.\n",
        percent(decoding + color + encoding + assembly),
        percent(assembly),
        percent(start),
        percent(files),
        SIZES[0].0,
        100.0 * smallest[0][0] / smallest[0].iter().sum::<f64>(),
        100.0 * told[PASSTHROUGH][5] / told[PASSTHROUGH].iter().sum::<f64>(),
    )
}

/// What each way is made of, in milliseconds, of which a request takes so many that is passed through.
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

/// Requests to the real servers, as one client sees them, in milliseconds.
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
        let mut client = Client::new(target, true, Duration::from_secs(120));
        *request = to_ms(median(|| {
            let answer = runtime.block_on(client.post(&upload));
            answer
                .and_then(|answer| answer.check())
                .map_err(io::Error::other)
        })?);
    }
    Ok(requests)
}

/// What is left of a whole, where both are medians of different runs.
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
