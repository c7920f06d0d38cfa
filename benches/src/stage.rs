//! What a request is made of, each part by itself.

use std::fs;
use std::hint::black_box;
use std::io::{self, Error};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use bytes::Bytes;
use jpeg_encoder::rgb_to_ycbcr;
use pdfmagic_core::Reencode;
use pdfmagic_core::{Backend, Document, Jpeg, Limits, Options, Page, Passthrough, Transcode};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::client::{Client, Target, Upload};

/// Sizes of JPEGs, and the width and height that noise of quality 92 has in each.
pub const SIZES: [(&str, u16); 4] = [
    ("100 kB", 222),
    ("1 MB", 703),
    ("10 MB", 2222),
    ("100 MB", 7028),
];

/// One part, or some that cannot be had apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Starting `convert`, and no more.
    Start,
    /// `convert` up to the samples.
    Read,
    /// `convert` from a JPEG to a JPEG.
    Recode,
    /// `convert` from a JPEG to a PDF, as the original calls it.
    Convert,
    /// Writing the upload, and reading the PDF.
    Files,
    /// All samples from RGB to YCbCr, in a plain loop; the way back takes as long.
    Color,
    /// Passing over all coded data, as decoding does, to keep nothing.
    Walk,
    /// All that pdfmagic does to send other data of a lower quality.
    Reencode,
    /// All that pdfmagic does to send the same coefficients in another coding.
    Transcode,
    /// All that pdfmagic does to send the data as they are: making the PDF around them.
    Passthrough,
    /// An upload and an answer of the same size, on the stack that the service is built on, as it comes.
    Http,
}

impl Stage {
    /// Each once.
    pub const ALL: [Self; 11] = [
        Self::Start,
        Self::Read,
        Self::Recode,
        Self::Convert,
        Self::Files,
        Self::Color,
        Self::Walk,
        Self::Reencode,
        Self::Transcode,
        Self::Passthrough,
        Self::Http,
    ];
}

/// A JPEG and what its stages need.
#[derive(Debug)]
pub struct Stages {
    jpeg: Vec<u8>,
    samples: Vec<u8>,
    directory: TempDir,
    runtime: Runtime,
    client: Client,
    upload: Upload,
}

impl Stages {
    /// Prepares the stages of a JPEG of three components.
    ///
    /// # Errors
    ///
    /// If it cannot be decoded, `convert` does not write a PDF, or there is no room for files or no port.
    pub fn new(jpeg: Vec<u8>) -> io::Result<Self> {
        let samples = jpeg_decoder::Decoder::new(&jpeg[..])
            .decode()
            .map_err(Error::other)?;
        let directory = tempfile::tempdir()?;
        fs::write(directory.path().join("in.jpg"), &jpeg)?;
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let target = Target::parse(&listener.local_addr()?.to_string()).map_err(Error::other)?;
        let echo = Router::new()
            .route("/", post(async |body: Bytes| body))
            .layer(DefaultBodyLimit::disable());
        runtime.spawn(async { axum::serve(listener, echo).await });
        let mut stages = Self {
            upload: Upload::raw(jpeg.clone()),
            jpeg,
            samples,
            directory,
            runtime,
            client: Client::new(target, true, Duration::from_secs(60)),
        };
        stages.run(Stage::Convert)?;
        let pdf = fs::read(stages.directory.path().join("out.pdf"))?;
        if !pdf.starts_with(b"%PDF-") {
            return Err(Error::other(
                "`convert` wrote no PDF: does its policy permit it?",
            ));
        }
        Ok(stages)
    }

    /// Does a stage once.
    ///
    /// # Errors
    ///
    /// If a program or a file fails.
    pub fn run(&mut self, stage: Stage) -> io::Result<()> {
        let path = |name| self.directory.path().join(name);
        let convert = |to: PathBuf| command(convert().arg(path("in.jpg")).arg(to));
        match stage {
            Stage::Start => command(self::convert().arg("-version"))?,
            Stage::Read => convert("null:".into())?,
            Stage::Recode => convert(path("out.jpg"))?,
            Stage::Convert => convert(path("out.pdf"))?,
            Stage::Files => {
                fs::write(path("in.jpg"), &self.jpeg)?;
                black_box(fs::read(path("out.pdf"))?);
            }
            Stage::Color => {
                for pixel in self.samples.chunks_exact(3) {
                    black_box(rgb_to_ycbcr(pixel[0], pixel[1], pixel[2]));
                }
            }
            Stage::Walk => {
                let limits = Limits::default();
                let jpeg = Jpeg::parse(&self.jpeg, &limits).map_err(Error::other)?;
                black_box(jpeg.verify(&limits).map_err(Error::other)?);
            }
            Stage::Reencode => self.assemble(&Reencode::default())?,
            Stage::Transcode => self.assemble(&Transcode::default())?,
            Stage::Passthrough => self.assemble(&Passthrough)?,
            Stage::Http => {
                let answer = self.runtime.block_on(self.client.post(&self.upload));
                black_box(answer.map_err(Error::other)?);
            }
        }
        Ok(())
    }

    /// All that pdfmagic does for a request but to send it.
    fn assemble(&self, backend: &dyn Backend) -> io::Result<()> {
        let page =
            Page::from_jpeg(&self.jpeg, &Options::default(), backend).map_err(Error::other)?;
        let mut document = Document::new();
        black_box(document.push(page));
        black_box(document.finish().map_err(Error::other)?);
        Ok(())
    }
}

/// One processor, and two if there are so many.
#[must_use]
pub fn processors() -> RangeInclusive<usize> {
    1..=thread::available_parallelism().map_or(1, |count| count.get().min(2))
}

/// Does something on so many processors, and so do the threads and processes that it starts.
///
/// # Errors
///
/// As `run`, or if the system does not let it choose processors.
pub fn on<T>(processors: usize, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let all = sched_getaffinity(None)?;
    let mut some = CpuSet::new();
    (0..CpuSet::MAX_CPU)
        .filter(|&number| all.is_set(number))
        .take(processors)
        .for_each(|number| some.set(number));
    sched_setaffinity(None, &some)?;
    let done = run();
    sched_setaffinity(None, &all)?;
    done
}

/// Median of as many times as there are in a second, of three to fifty; once is enough of what takes longer than three.
///
/// # Errors
///
/// As `run`.
pub fn median(mut run: impl FnMut() -> io::Result<()>) -> io::Result<Duration> {
    let (enough, most) = (Duration::from_secs(1), Duration::from_secs(3));
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.len() < 50 {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed());
        let spent = begin.elapsed();
        if spent > most || spent > enough && times.len() >= 3 {
            break;
        }
    }
    times.sort();
    Ok(times[times.len() / 2])
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
        .map_err(|error| Error::new(error.kind(), format!("{command:?}: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::other(format!("{command:?}: {status}")))
    }
}
