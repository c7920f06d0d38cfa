//! Errors, and where they occurred.

use std::io;
use std::path::{Path, PathBuf};

/// The reason why there is no PDF, or an incomplete one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{}: {cause}", shown(path, "standard input"))]
    Input { path: PathBuf, cause: InputError },
    #[error("{}: {cause}", shown(path, "standard output"))]
    Output { path: PathBuf, cause: OutputError },
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("{}", named(.0))]
    Core(#[from] pdfmagic_core::Error),
    #[error(transparent)]
    Pdf(#[from] pdfmagic_core::PdfError),
    #[error("--{0}")]
    Option(#[from] pdfmagic_core::OptionError),
    #[error("cannot be read: {}", plain(.0))]
    Read(#[from] io::Error),
    #[error("shrank while it was being read: try again once it is complete")]
    Shrank,
    #[error("grew while it was being read: try again once it is complete")]
    Grew,
    #[error("is a folder that holds no JPEG")]
    NoJpegInside,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    #[error("{}", named(.0))]
    Core(#[from] pdfmagic_core::Error),
    #[error("cannot be written: {}", plain(.0))]
    Write(#[from] io::Error),
    #[error("cannot be created: there is no such folder")]
    NoFolder,
    #[error("is a terminal, which cannot show a PDF: name a file, or redirect the output")]
    Terminal,
    #[error("is also an input and would be overwritten: name another file")]
    IsInput,
    #[error("is an image and would be overwritten: name another file, or use -o with --force")]
    IsImage,
    #[error("exists already, and is kept")]
    Exists,
    #[error("would be written twice: {} has the same name", shown(.0, "-"))]
    Twice(PathBuf),
}

impl Failure {
    /// A stable name, for programs: one of pdfmagic-core's, or one of those below.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Input { cause, .. } => match cause {
                InputError::Core(error) => error.code(),
                InputError::Pdf(error) => error.code(),
                InputError::Option(_) => "option",
                InputError::Read(_) => "io.read",
                InputError::Shrank => "io.shrank",
                InputError::Grew => "io.grew",
                InputError::NoJpegInside => "io.no_jpeg",
            },
            Self::Output { cause, .. } => match cause {
                OutputError::Core(error) => error.code(),
                OutputError::Write(_) => "io.write",
                OutputError::NoFolder => "io.no_directory",
                OutputError::Terminal => "output.is_terminal",
                OutputError::IsInput => "output.is_input",
                OutputError::IsImage => "output.is_image",
                OutputError::Exists => "output.exists",
                OutputError::Twice(_) => "output.twice",
            },
        }
    }

    /// Describes the error, without the place.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Input { cause, .. } => cause.to_string(),
            Self::Output { cause, .. } => cause.to_string(),
        }
    }

    /// Whether the command line is wrong because it would have destroyed something.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Output {
                cause: OutputError::IsInput | OutputError::IsImage,
                ..
            }
        )
    }

    /// Whether the reader of our output stopped reading, as `| head` does.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output { cause: OutputError::Write(error), .. }
            if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Returns the text of pdfmagic-core's error, with options as they are written on the command line.
fn named(error: &pdfmagic_core::Error) -> String {
    match error {
        pdfmagic_core::Error::Option { option, reason } => format!("--{option} {reason}"),
        error => error.to_string(),
    }
}

/// Returns the text of a system error, without its number and in lower case. Names of temporary files are omitted.
pub(crate) fn plain(error: &io::Error) -> String {
    // The wrapper of a system error adds a path.
    let is_wrapped = error.get_ref().is_some();
    let kind = error.kind();
    // Windows has other words for this, and even others for a pattern, which cannot be a name there.
    let is_missing = kind == io::ErrorKind::NotFound
        || (cfg!(windows) && kind == io::ErrorKind::InvalidFilename);
    let text = if is_missing {
        "no such file or directory".to_owned()
    } else if is_wrapped {
        kind.to_string()
    } else {
        error.to_string()
    };
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

/// Returns a path for display, which is always on one line.
pub(crate) fn shown(path: &Path, standard: &str) -> String {
    if is_standard(path) {
        return standard.into();
    }
    let mut shown = String::new();
    for c in path.to_string_lossy().chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether this path means standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_has_the_same_text_on_every_system() {
        let error = io::ErrorKind::NotFound.into();
        assert_eq!(plain(&error), "no such file or directory");
    }
}
