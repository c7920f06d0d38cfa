//! What the words on the command line ask for.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use pdfmagic_core::{Backend, ImageOptions, InputOptions, Options, PageOptions};

use crate::failure::shown;

/// A conversion to be done.
#[derive(Debug)]
pub(crate) struct Job {
    /// At least one; `-` is standard input.
    pub(crate) inputs: Vec<PathBuf>,
    /// `-` is standard output.
    pub(crate) output: PathBuf,
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) options: Options,
    pub(crate) quiet: bool,
    pub(crate) json: bool,
}

/// Reads the command line. Help, the version and usage errors end the process.
pub(crate) fn parse() -> Job {
    job(Cli::parse()).unwrap_or_else(|message| {
        Cli::command()
            .error(ErrorKind::ValueValidation, message)
            .exit()
    })
}

const USAGE: &str = "pdfmagic-cli [OPTIONS] IN... OUT\n       \
                     pdfmagic-cli [OPTIONS] -o OUT [IN...]";

const AFTER_HELP: &str = "\
Examples:
  pdfmagic-cli photo.jpg photo.pdf       one photo, one page
  pdfmagic-cli *.jpg -o album.pdf        a page for each photo, in this order
  scan | pdfmagic-cli - - | lp           from a pipe to a pipe
  pdfmagic-cli --optimize photo.jpg smaller.pdf
  pdfmagic-cli --max-side 2000 --quality 60 photo.jpg small.pdf

Files:
  OUT appears whole or not at all: on any failure an older OUT stays as it was, and nothing else is left behind.
  An input is never overwritten, and a PDF is not written to a terminal.
  Where IN is a file, only its header is read and the system copies the rest; a pipe is read whole.

Exit status:
  0  done, or the reader of a pipe had enough
  1  an input or the output failed; one line on standard error says which and why
  2  the command line makes no sense; said in words, with --json as well";

#[derive(Debug, Parser)]
#[command(
    version,
    about = "Turns JPEGs into a PDF, a page for each, without loss unless asked.",
    override_usage = USAGE,
    after_help = AFTER_HELP,
    max_term_width = 100
)]
struct Cli {
    /// JPEGs, then the PDF to write; `-` is standard input or output
    #[arg(value_name = "PATH", help_heading = "Input and output")]
    paths: Vec<PathBuf>,

    /// The PDF to write; then every PATH is a JPEG, and without one standard input is
    #[arg(short, long, value_name = "OUT", help_heading = "Input and output")]
    output: Option<PathBuf>,

    #[command(flatten)]
    page: PageOptions,

    #[command(flatten)]
    image: ImageOptions,

    #[command(flatten)]
    input: InputOptions,

    /// Do not say what was odd about an input
    #[arg(short, long, help_heading = "Reporting")]
    quiet: bool,

    /// Say what was done, or why not, as one JSON object on standard output, or on standard error
    /// if the PDF goes to standard output
    #[arg(long, help_heading = "Reporting")]
    json: bool,
}

fn job(cli: Cli) -> Result<Job, String> {
    let backend = cli.image.backend().map_err(|error| format!("--{error}"))?;
    let mut options = Options::default();
    options.page = cli.page;
    options.input = cli.input;
    let (inputs, output) = match cli.output {
        Some(output) => (inputs_or_stdin(cli.paths)?, output),
        None => split_last(cli.paths)?,
    };
    // Where standard output is a file, it is not to be replaced.
    let output = if output.as_os_str() == "/dev/stdout" {
        "-".into()
    } else {
        output
    };
    Ok(Job {
        inputs,
        output,
        backend,
        options,
        quiet: cli.quiet,
        json: cli.json,
    })
}

fn inputs_or_stdin(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, String> {
    if !paths.is_empty() {
        return Ok(paths);
    }
    if std::io::stdin().is_terminal() {
        return Err("no JPEG is named, and standard input is a terminal: \
                    pdfmagic-cli -o out.pdf in.jpg"
            .into());
    }
    Ok(vec!["-".into()])
}

/// The last path is the output. That of a JPEG is refused: it comes from a pattern such as `*.jpg`, and the last photo would be lost.
fn split_last(mut paths: Vec<PathBuf>) -> Result<(Vec<PathBuf>, PathBuf), String> {
    let output = paths.pop();
    let Some(output) = output.filter(|_| !paths.is_empty()) else {
        return Err("name the JPEGs and the PDF to write: pdfmagic-cli in.jpg out.pdf".into());
    };
    let extension = output.extension().map(OsString::from).unwrap_or_default();
    if extension.eq_ignore_ascii_case("jpg") || extension.eq_ignore_ascii_case("jpeg") {
        return Err(format!(
            "the last path is where the PDF goes, and {} looks like a JPEG: \
             name the PDF last, or with -o out.pdf",
            shown(&output, "-")
        ));
    }
    Ok((paths, output))
}
