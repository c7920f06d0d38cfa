//! What a request is made of, each part by itself.

use std::fs;
use std::hint::black_box;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jpeg_encoder::{ColorType, Encoder};
use pdfmagic_core::backend::Reencode;
use pdfmagic_core::{Backend, Document, Options, Page, Passthrough, Source, Transcode};

/// One part.
#[expect(missing_debug_implementations, reason = "a closure has none")]
pub struct Stage<'a> {
    /// In a table and in a benchmark.
    pub name: &'static str,
    /// Who does it: the original, pdfmagic, or both.
    pub whose: &'static str,
    /// Does it once.
    pub run: Box<dyn FnMut() + 'a>,
}

/// The parts of converting a JPEG of three components by the original's way and by ours. Files go to `directory`.
///
/// # Errors
///
/// If the JPEG cannot be decoded, `convert` does not write a PDF, or a file cannot be written.
pub fn stages<'a>(jpeg: &'a [u8], directory: &'a Path) -> io::Result<Vec<Stage<'a>>> {
    let (source, pdf) = (directory.join("stage.jpg"), directory.join("stage.pdf"));
    fs::write(&source, jpeg)?;
    let convert_file = {
        let (source, pdf) = (source.clone(), pdf.clone());
        move || command(convert().arg(&source).arg(&pdf))
    };
    convert_file()?;
    let made = fs::read(&pdf)?;
    if !made.starts_with(b"%PDF-") {
        return Err(io::Error::other(
            "`convert` wrote no PDF: does its policy permit it?",
        ));
    }
    let (samples, width, height) = decode(jpeg)?;
    let stage = |name, whose, run: Box<dyn FnMut() + 'a>| Stage { name, whose, run };
    Ok(vec![
        stage(
            "the whole conversion by `convert`",
            "original",
            Box::new(move || drop(black_box(convert_file()))),
        ),
        stage(
            "process start (`convert -version`)",
            "original",
            Box::new(move || drop(black_box(command(convert().arg("-version"))))),
        ),
        stage(
            "files (write the JPEG, read the PDF)",
            "original",
            Box::new(move || {
                let written = fs::write(&source, jpeg);
                drop(black_box((written, fs::read(&pdf))));
            }),
        ),
        stage(
            "decode, with color conversion",
            "original",
            Box::new(move || drop(black_box(decode(jpeg)))),
        ),
        stage(
            "encode, with color conversion",
            "original",
            Box::new(move || drop(black_box(encode(&samples, width, height)))),
        ),
        stage(
            "the whole conversion by `Reencode`, quality 85",
            "pdfmagic",
            Box::new(move || drop(black_box(assemble(jpeg, &Reencode::default())))),
        ),
        stage(
            "the whole conversion by `Transcode`",
            "pdfmagic",
            Box::new(move || drop(black_box(assemble(jpeg, &Transcode::default())))),
        ),
        stage(
            "the whole conversion by `Passthrough`: PDF assembly",
            "pdfmagic",
            Box::new(move || drop(black_box(assemble(jpeg, &Passthrough)))),
        ),
        stage(
            "copying the JPEG in memory, for comparison",
            "nobody",
            Box::new(move || drop(black_box(jpeg.to_vec()))),
        ),
    ])
}

/// `ImageMagick`'s converter as Debian names it, with a policy that permits PDF.
#[must_use]
pub fn convert() -> Command {
    let mut command = Command::new(CONVERT);
    command.env("XDG_CONFIG_HOME", POLICY);
    command
}

/// `ImageMagick`'s converter as Debian names it.
pub const CONVERT: &str = "convert-im6.q16";

/// Where it finds the policy that permits PDF, if this is `XDG_CONFIG_HOME`.
pub const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/magick");

/// Median of `count` times.
pub fn median(count: usize, mut run: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..count.max(1))
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// Runs a command to its end.
///
/// # Errors
///
/// If it cannot be started, or fails.
pub fn command(command: &mut Command) -> io::Result<()> {
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| io::Error::new(error.kind(), format!("{command:?}: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{command:?}: {status}")))
    }
}

fn decode(jpeg: &[u8]) -> io::Result<(Vec<u8>, u16, u16)> {
    let mut decoder = jpeg_decoder::Decoder::new(jpeg);
    let samples = decoder.decode().map_err(io::Error::other)?;
    let info = decoder
        .info()
        .ok_or_else(|| io::Error::other("no header"))?;
    Ok((samples, info.width, info.height))
}

fn encode(samples: &[u8], width: u16, height: u16) -> Result<Vec<u8>, jpeg_encoder::EncodingError> {
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, 92).encode(samples, width, height, ColorType::Rgb)?;
    Ok(jpeg)
}

/// All that pdfmagic does for a request but to send it.
fn assemble(jpeg: &[u8], backend: &dyn Backend) -> Result<usize, pdfmagic_core::Error> {
    let page = Page::from_jpeg(Source::Whole(jpeg), &Options::default(), backend)?;
    let mut document = Document::new();
    let pieces = document.push(page);
    Ok(pieces.len() + document.finish()?.len())
}
