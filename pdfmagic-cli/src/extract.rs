//! Extracts the JPEGs in PDFs to files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pdfmagic_core::{ExtractedJpeg, extract_jpegs};
use serde_json::{Value, json};

use crate::args::ExtractArgs;
use crate::failure::{Failure, InputError, OutputError};
use crate::output::{Output, Overwrite};
use crate::report::report_extracted;

/// The JPEGs from one PDF.
#[derive(Debug)]
pub(crate) struct Extracted {
    pub(crate) pdf: PathBuf,
    /// The number of JPEGs.
    pub(crate) found: usize,
    /// The report about each JPEG.
    pub(crate) images: Vec<Value>,
}

/// Extracts the JPEGs from all PDFs.
pub(crate) fn extract(args: &ExtractArgs) -> ExitCode {
    let (mut all, mut failures) = (Vec::new(), Vec::new());
    for pdf in &args.pdfs {
        let mut extracted = Extracted {
            pdf: pdf.clone(),
            found: 0,
            images: Vec::new(),
        };
        match jpegs_in(pdf) {
            Ok(jpegs) => {
                extracted.found = jpegs.len();
                for (index, jpeg) in jpegs.iter().enumerate() {
                    let path = path(pdf, args.output.as_deref(), index, jpegs.len());
                    match write(&path, jpeg, args) {
                        Ok(()) => extracted.images.push(told(&path, jpeg)),
                        Err(cause) => failures.push(Failure::Output { path, cause }),
                    }
                }
                all.push(extracted);
            }
            Err(cause) => failures.push(Failure::Input {
                path: pdf.clone(),
                cause,
            }),
        }
    }
    report_extracted(&all, &failures, args)
}

fn jpegs_in(pdf: &Path) -> Result<Vec<ExtractedJpeg>, InputError> {
    Ok(extract_jpegs(&fs::read(pdf)?)?)
}

/// Returns a path with the name of the PDF and a number, which has as many digits as the last one.
fn path(pdf: &Path, folder: Option<&Path>, index: usize, count: usize) -> PathBuf {
    let digits = count.to_string().len();
    let stem = pdf.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{stem}-{:0digits$}.jpg", index + 1);
    folder.unwrap_or(Path::new("")).join(name)
}

fn write(path: &Path, jpeg: &ExtractedJpeg, args: &ExtractArgs) -> Result<(), OutputError> {
    let overwrite = match (args.force, &args.output) {
        (true, Some(_)) => Overwrite::All,
        (true, None) => Overwrite::AllButImages,
        (false, _) => Overwrite::Nothing,
    };
    let output = Output::open(path, overwrite, &args.pdfs)?;
    if !args.dry_run {
        output.finish(&jpeg.data, overwrite)?;
    }
    Ok(())
}

fn told(path: &Path, jpeg: &ExtractedJpeg) -> Value {
    json!({
        "output": path.to_string_lossy(),
        "size": jpeg.data.len(),
        "page": jpeg.page,
        "orientation": jpeg.orientation.exif(),
        "icc_profile": jpeg.icc_profile.as_ref().map(Vec::len),
    })
}
