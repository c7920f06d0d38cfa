//! Where the PDF goes: whole or not at all, where that is possible.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempPath};

use crate::failure::{OutputError, is_standard};
use crate::system::{self, FileId};

/// An output being written. Dropped before it is finished, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) file: File,
    target: Target,
    /// Which file is there already, if that is a regular file.
    existing: Option<FileId>,
}

/// Where what was written appears at the end.
#[derive(Debug)]
enum Target {
    /// It is there already: standard output, a pipe, a device.
    InPlace,
    /// Here, from a file that has no name.
    FromUnnamed(PathBuf),
    /// Here, from a file that has a name beside it.
    FromNamed(TempPath, PathBuf),
}

impl Output {
    pub(crate) fn open(path: &Path) -> Result<Self, OutputError> {
        if is_standard(path) {
            return Self::in_place(system::stdout()?, Path::new("/dev/stdout"));
        }
        // Opened to see what it is, and whether it may be written.
        match OpenOptions::new().write(true).open(path) {
            Ok(existing) if existing.metadata()?.is_file() => Self::replacing(path, &existing),
            Ok(special) => Self::in_place(special, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::new(path),
            Err(error) => Err(error.into()),
        }
    }

    fn in_place(file: File, path: &Path) -> Result<Self, OutputError> {
        if file.is_terminal() {
            return Err(OutputError::Terminal);
        }
        let metadata = file.metadata()?;
        let id = metadata.is_file().then(|| FileId::of(path, &metadata));
        Ok(Self {
            file,
            target: Target::InPlace,
            existing: id.flatten(),
        })
    }

    fn replacing(path: &Path, existing: &File) -> Result<Self, OutputError> {
        let metadata = existing.metadata()?;
        let mut output = Self::new(path)?;
        output.existing = FileId::of(path, &metadata);
        output.file.set_permissions(metadata.permissions())?;
        Ok(output)
    }

    fn new(path: &Path) -> Result<Self, OutputError> {
        let path = followed(path);
        let (file, target) = if let Ok(file) = system::unnamed_in(directory(&path)) {
            (file, Target::FromUnnamed(path))
        } else {
            let (file, temporary) = named_in(directory(&path)).map_err(|error| {
                if error.kind() == io::ErrorKind::NotFound {
                    OutputError::NoDirectory
                } else {
                    error.into()
                }
            })?;
            (file, Target::FromNamed(temporary, path))
        };
        Ok(Self {
            file,
            target,
            existing: None,
        })
    }

    /// Lets the file system find room for so many more bytes. Copying is faster into room that is there, and a full
    /// disk is noticed at once.
    pub(crate) fn reserve(&self, size: u64) -> io::Result<()> {
        match self.target {
            Target::InPlace => Ok(()),
            // A short image waits for what comes next, and the system finds no room for nothing.
            _ if size == 0 => Ok(()),
            _ => system::allocate(&self.file, size),
        }
    }

    /// Whether this input would be lost.
    pub(crate) fn is(&self, input: &Path) -> bool {
        let input = if is_standard(input) {
            Path::new("/dev/stdin")
        } else {
            input
        };
        let id = |metadata| FileId::of(input, &metadata);
        self.existing.is_some() && self.existing == fs::metadata(input).ok().and_then(id)
    }

    /// Writes the rest, and lets the output appear.
    pub(crate) fn finish(self, rest: &[u8]) -> io::Result<()> {
        let Self {
            mut file, target, ..
        } = self;
        file.write_all(rest)?;
        match target {
            Target::InPlace => Ok(()),
            Target::FromUnnamed(path) => appear(&file, &path),
            Target::FromNamed(temporary, path) => {
                // Some systems do not rename a file that is open.
                drop(file);
                Ok(temporary.persist(path)?)
            }
        }
    }
}

/// The file at the end of symbolic links, whether it exists or not.
fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    while let Ok(link) = fs::read_link(&path) {
        path = directory(&path).join(link);
    }
    path
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Gives the file a name, in place of what has it.
fn appear(file: &File, path: &Path) -> io::Result<()> {
    match system::link(file, path) {
        // A link never replaces; a rename does.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let temporary =
                temporary().make_in(directory(path), |temporary| system::link(file, temporary))?;
            Ok(temporary.into_temp_path().persist(path)?)
        }
        result => result,
    }
}

/// For systems and file systems without `O_TMPFILE`.
fn named_in(directory: &Path) -> io::Result<(File, TempPath)> {
    Ok(temporary().tempfile_in(directory)?.into_parts())
}

fn temporary() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".pdfmagic-");
    #[cfg(unix)]
    // As any new file, and not for the owner alone.
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}
