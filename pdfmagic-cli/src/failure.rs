//! What can go wrong, and where.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{}: {cause}", shown(path, "standard input"))]
    Input { path: PathBuf, cause: InputError },
    #[error("{}: {cause}", shown(path, "standard output"))]
    Output { path: PathBuf, cause: OutputError },
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error(transparent)]
    Core(#[from] pdfmagic_core::Error),
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("shrank while it was being read: try again once it is complete")]
    Shrank,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    #[error(transparent)]
    Core(#[from] pdfmagic_core::Error),
    #[error("cannot be written: {0}")]
    Write(#[from] io::Error),
    #[error("cannot be created: there is no such directory")]
    NoDirectory,
    #[error("is a terminal, which cannot show a PDF: name a file, or redirect the output")]
    Terminal,
    #[error("is also an input, which would be lost: name another file")]
    IsInput,
}

impl Failure {
    /// A stable name, for programs: core's, or one of those below.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Input { cause, .. } => match cause {
                InputError::Core(error) => error.code(),
                InputError::Read(_) => "io.read",
                InputError::Shrank => "io.shrank",
            },
            Self::Output { cause, .. } => match cause {
                OutputError::Core(error) => error.code(),
                OutputError::Write(_) => "io.write",
                OutputError::NoDirectory => "io.no_directory",
                OutputError::Terminal => "output.is_terminal",
                OutputError::IsInput => "output.is_input",
            },
        }
    }

    /// Whether the reader of our output had enough, which is how `| head` ends.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output { cause: OutputError::Write(error), .. }
            if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// A path as people see it, on one line whatever it is made of.
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

/// Whether this stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}
