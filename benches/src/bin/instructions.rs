//! Instructions that a conversion takes, held to the figures written down here: unlike time, they are the same on a
//! busy machine. `make instructions`

use std::env;
use std::hint::black_box;
use std::process::{Command, ExitCode};

use pdfmagic_benches::image::{Picture, jpeg};
use pdfmagic_core::{Backend, Document, Options, Page, Passthrough, Transcode};
use pdfmagic_core::{Quality, Reencode};

/// A backend, and the instructions it takes for the picture (x86-64).
///
/// They change with the compiler too, so the message of a regression tells how to renew them.
const FIGURES: [(&str, u64); 3] = [
    ("passthrough", 6_641),
    ("transcode", 18_480_124),
    ("requantize", 20_948_635),
];

/// What a figure may rise by before it is a regression, in percent.
const TOLERANCE: u64 = 5;

/// Conversions a figure is the mean of. One more is not counted, so that none pays for the first use of anything.
const COUNTED: u32 = 4;

fn backend(name: &str) -> Box<dyn Backend> {
    match name {
        "passthrough" => Box::new(Passthrough),
        "transcode" => Box::new(Transcode::default()),
        "requantize" => Box::new(Reencode {
            quality: Quality::new(75).expect("within 1 to 100"),
            ..Reencode::default()
        }),
        _ => panic!("no backend is called {name}: see FIGURES"),
    }
}

/// Converts up to the pieces; copying them is the caller's.
fn convert(name: &str, times: u32) {
    let backend = backend(name);
    let jpeg = jpeg(Picture::Photo, 640, 480, 90, 1).expect("the size is not zero");
    for _ in 0..times {
        let page = Page::from_jpeg(black_box(&jpeg), &Options::default(), backend.as_ref())
            .expect("the picture is sound");
        let mut document = Document::new();
        black_box(document.push(page));
        black_box(document.finish().expect("it has a page"));
    }
}

/// Instructions of this program for so many conversions, with its start and the making of the picture.
fn count(name: &str, times: u32) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let run = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no"])
        .arg("--cachegrind-out-file=/dev/null")
        .arg(program)
        .args([name, &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}; `make tools` installs it"))?;
    let report = String::from_utf8_lossy(&run.stderr);
    report
        .split_once("refs:")
        .filter(|_| run.status.success())
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .and_then(|figure| figure.replace(',', "").parse().ok())
        .ok_or_else(|| format!("valgrind counted nothing for {name}: {report}"))
}

/// Prints a line for each figure, and whether all are kept.
fn compare() -> Result<bool, String> {
    let mut kept = true;
    for (name, figure) in FIGURES {
        let counted = (count(name, 1 + COUNTED)? - count(name, 1)?).div_ceil(u64::from(COUNTED));
        let regression = counted * 100 > figure * (100 + TOLERANCE);
        let improvement = counted * (100 + TOLERANCE) < figure * 100;
        println!("{name}: {counted} instructions, {figure} written down");
        if regression || improvement {
            println!(
                "{name}: more than {TOLERANCE} % {}; if that is meant, or the compiler is another, \
                 write {counted} into FIGURES in benches/src/bin/instructions.rs",
                if regression { "above" } else { "below" }
            );
        }
        kept &= !regression;
    }
    Ok(kept)
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [name, times] = arguments.as_slice() {
        convert(name, times.parse().expect("a number of conversions"));
        return ExitCode::SUCCESS;
    }
    match compare() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}
