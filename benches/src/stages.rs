//! The separate stages of a request: those of the practical's original service, and those of pdfmagic.

use std::fs;
use std::hint::black_box;
use std::io::{self, Error};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use bytes::Bytes;
use jpeg_encoder::rgb_to_ycbcr;
use pdfmagic_core::Reencode;
use pdfmagic_core::{Backend, Document, Jpeg, Limits, Options, Page, Passthrough, Transcode};
use pdfmagic_load::client::{Client, Target, Upload};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::process::{convert, run};

/// The names of sizes, and the width and height of a JPEG of noise at quality 92 that has each size.
pub const SIZES: [(&str, u16); 4] = [
    ("100 kB", 222),
    ("1 MB", 703),
    ("10 MB", 2222),
    ("100 MB", 7028),
];

/// One stage, or several that cannot be measured separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Starting `convert` without any work.
    Start,
    /// `convert` from a JPEG to samples.
    Read,
    /// `convert` from a JPEG to a JPEG.
    Recode,
    /// `convert` from a JPEG to a PDF, as the original service calls it.
    Convert,
    /// Writing the upload to a file, and reading the PDF from one.
    Files,
    /// Converting all samples from RGB to YCbCr in a plain loop. The conversion back takes as long.
    Color,
    /// Decoding all coded data without storing anything.
    Walk,
    /// pdfmagic's conversion with `Reencode`, at a lower quality.
    Reencode,
    /// pdfmagic's conversion with `Transcode`, which re-encodes the same coefficients.
    Transcode,
    /// pdfmagic's conversion with `Passthrough`, which writes the PDF around the unchanged data.
    Passthrough,
    /// An upload and an answer of the same size, on the libraries that the service is built on, with their defaults.
    Http,
}

impl Stage {
    /// Every stage.
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

/// A JPEG, and everything that its stages need.
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
    /// If it cannot be decoded, if `convert` does not write a PDF, or if no file or port is available.
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
                "`convert` wrote no PDF; its policy may forbid it",
            ));
        }
        Ok(stages)
    }

    /// Runs a stage once.
    ///
    /// # Errors
    ///
    /// If a program fails, or a file cannot be read or written.
    pub fn run(&mut self, stage: Stage) -> io::Result<()> {
        let path = |name| self.directory.path().join(name);
        let convert_to = |to: PathBuf| run(convert().arg(path("in.jpg")).arg(to));
        match stage {
            Stage::Start => run(convert().arg("-version"))?,
            Stage::Read => convert_to("null:".into())?,
            Stage::Recode => convert_to(path("out.jpg"))?,
            Stage::Convert => convert_to(path("out.pdf"))?,
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

    /// Runs the whole conversion. Sending the pieces is up to the service.
    fn assemble(&self, backend: &dyn Backend) -> io::Result<()> {
        let page =
            Page::from_jpeg(&self.jpeg, &Options::default(), backend).map_err(Error::other)?;
        let mut document = Document::new();
        black_box(document.push(page));
        black_box(document.finish().map_err(Error::other)?);
        Ok(())
    }
}
