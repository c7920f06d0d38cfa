//! `make instructions`: counts the instructions of a conversion and compares them with the figures below, and compares
//! the command with PDF/A and without. Unlike times, instructions do not depend on how busy the machine is.

use std::env;
use std::hint::black_box;
use std::process::{Command, ExitCode};

use pdfmagic_core::{Backend, Document, Options, Page, Passthrough, Quality, Reencode, Transcode};
use pdfmagic_load::picture::{Picture, jpeg};

/// A backend, and its instructions for one picture (x86-64, profile `dist`).
///
/// They also change with the compiler, so the message of a regression says how to update them.
const FIGURES: [(&str, u64); 3] = [
    ("passthrough", 8_837),
    ("transcode", 18_645_417),
    ("requantize", 21_797_907),
];

/// The maximum number of instructions of the command with PDF/A for a photo of 4.5 MB, from file to file, in percent of
/// those with an option that has no effect. Without any option, the command takes a shortcut that costs less than
/// everything else.
const MAX_ARCHIVE: u64 = 105;

/// The percentage by which a count may exceed its figure before it is a regression.
const TOLERANCE: u64 = 5;

/// The number of conversions over which a figure is averaged. One more conversion precedes them and is not counted,
/// since it includes the initialization.
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

/// Converts a picture to pieces. Copying them is up to the caller, so it is not counted.
fn convert(name: &str, times: u32) {
    let backend = backend(name);
    let jpeg = jpeg(Picture::Photo, 640, 480, 90, 1).expect("the size is not zero");
    for _ in 0..times {
        let page = Page::from_jpeg(black_box(&jpeg), &Options::default(), backend.as_ref())
            .expect("the picture is valid");
        let mut document = Document::new();
        black_box(document.push(page));
        black_box(document.finish().expect("it has a page"));
    }
}

/// Counts the instructions of this program for a number of conversions, including its start and the encoding of the
/// picture.
fn count(name: &str, times: u32) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| format!("this program: {error}"))?;
    count_of(Command::new(program).args([name, &times.to_string()]), name)
}

/// Counts the instructions of a program, from its start to its end.
fn count_of(program: &Command, name: &str) -> Result<u64, String> {
    let run = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no"])
        .arg("--cachegrind-out-file=/dev/null")
        .arg(program.get_program())
        .args(program.get_args())
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

/// Prints a line for each figure. Returns whether there is no regression.
fn compare() -> Result<bool, String> {
    let mut kept = true;
    for (name, figure) in FIGURES {
        let counted = (count(name, 1 + COUNTED)? - count(name, 1)?).div_ceil(u64::from(COUNTED));
        let regression = counted * 100 > figure * (100 + TOLERANCE);
        let improvement = counted * (100 + TOLERANCE) < figure * 100;
        println!("{name}: {counted} instructions, expected {figure}");
        if regression || improvement {
            println!(
                "{name}: more than {TOLERANCE} % {}; if that is intended, or the compiler has changed, \
                 write {counted} into FIGURES in benches/src/bin/instructions.rs",
                if regression { "above" } else { "below" }
            );
        }
        kept &= !regression;
    }
    Ok(kept)
}

/// Prints the cost of PDF/A. Returns whether it is within the limit.
fn compare_archive() -> Result<bool, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("a folder: {error}"))?;
    let photo = folder.path().join("photo.jpg");
    let picture = jpeg(Picture::Photo, 4000, 3000, 90, 1).map_err(|error| error.to_string())?;
    std::fs::write(&photo, &picture).map_err(|error| format!("the photo: {error}"))?;
    let program = env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let program = program.with_file_name("pdfmagic-cli");
    // An output that exists would have to be replaced, which costs more than a new one.
    let count = |pdf: &str, words: &[&str]| {
        let mut command = Command::new(&program);
        command.args(words).arg(&photo).arg(folder.path().join(pdf));
        count_of(&command, "pdfmagic-cli")
    };
    let plain = count("plain.pdf", &["--quiet"])?;
    let archive = count("archive.pdf", &["--pdfa", "2b"])?;
    let size = picture.len();
    println!(
        "file to file, {size} bytes: {plain} instructions, with PDF/A-2b {archive}: {} % of it, at most {MAX_ARCHIVE} %",
        archive * 100 / plain
    );
    Ok(archive * 100 <= plain * MAX_ARCHIVE)
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [name, times] = arguments.as_slice() {
        convert(name, times.parse().expect("a number of conversions"));
        return ExitCode::SUCCESS;
    }
    match compare().and_then(|kept| Ok(compare_archive()? && kept)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}
