//! The output of a PDF, which is complete or does not appear at all, where that is possible.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Read, Seek, Write};
use std::path::{Path, PathBuf};

use pdfmagic_core::FileKind;
use tempfile::{Builder, NamedTempFile, TempPath};

use crate::failure::{OutputError, is_standard};
use crate::inputs::is_named_jpeg;
use crate::interrupt;
use crate::system::{self, FileId};

/// The files that may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// All files except images.
    AllButImages,
    /// All files.
    All,
    /// No files.
    Nothing,
}

/// An output being written. If it is dropped before it is finished, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) file: File,
    target: Target,
    /// The identity of the existing file at the path, if that is a regular file.
    existing: Option<FileId>,
}

/// The destination of the written data.
#[derive(Debug)]
enum Target {
    /// The output itself is written: standard output, a pipe, or a device.
    InPlace,
    /// An unnamed file gets this path at the end.
    FromUnnamed(PathBuf),
    /// A named temporary file in the same folder gets this path at the end.
    FromNamed(Temporary, PathBuf),
    /// The data is copied over this file at the end, since its folder accepts no new file.
    Over(File),
    /// The data is discarded.
    Nowhere,
}

/// A sign that the output had to be written over an existing file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrittenInPlace;

impl Output {
    /// Opens an output that is none of the inputs.
    pub(crate) fn open(
        path: &Path,
        overwrite: Overwrite,
        inputs: &[PathBuf],
    ) -> Result<Self, OutputError> {
        let output = Self::open_any(path, overwrite, inputs)?;
        match &output.existing {
            Some(id) if inputs.iter().any(|input| is(id, input)) => Err(OutputError::IsInput),
            _ => Ok(output),
        }
    }

    fn open_any(
        path: &Path,
        overwrite: Overwrite,
        inputs: &[PathBuf],
    ) -> Result<Self, OutputError> {
        if is_standard(path) {
            return Self::in_place(system::stdout()?, Path::new("/dev/stdout"));
        }
        // The file is opened to find out its type, and whether it may be written.
        match OpenOptions::new().write(true).open(path) {
            Ok(existing) if existing.metadata()?.is_file() => {
                let id = FileId::of(path, &existing.metadata()?);
                if id.is_some_and(|id| inputs.iter().any(|input| is(&id, input))) {
                    return Err(OutputError::IsInput);
                }
                check(path, overwrite)?;
                Self::replacing(path, existing)
            }
            Ok(special) => Self::in_place(special, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::new(path),
            Err(error) => Err(error.into()),
        }
    }

    /// Turns this into an output that discards the data.
    pub(crate) fn dry(self) -> Self {
        Self {
            target: Target::Nowhere,
            ..self
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

    fn replacing(path: &Path, existing: File) -> Result<Self, OutputError> {
        let metadata = existing.metadata()?;
        let id = FileId::of(path, &metadata);
        match Self::new(path) {
            Ok(output) => {
                output.file.set_permissions(metadata.permissions())?;
                Ok(Self {
                    existing: id,
                    ..output
                })
            }
            Err(OutputError::Write(error)) if takes_no_file(&error) => Ok(Self {
                file: tempfile::tempfile()?,
                target: Target::Over(existing),
                existing: id,
            }),
            Err(error) => Err(error),
        }
    }

    fn new(path: &Path) -> Result<Self, OutputError> {
        let path = followed(path);
        let (file, target) = if let Ok(file) = system::unnamed_in(directory(&path)) {
            (file, Target::FromUnnamed(path))
        } else {
            let (file, temporary) = named_in(directory(&path)).map_err(|error| {
                if error.kind() == io::ErrorKind::NotFound {
                    OutputError::NoFolder
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

    /// Whether the data is discarded.
    pub(crate) fn is_dry(&self) -> bool {
        matches!(self.target, Target::Nowhere)
    }

    /// Lets the file system reserve space for more bytes. Copying into reserved space is faster, and a full disk is
    /// noticed at once.
    pub(crate) fn reserve(&self, size: u64) -> io::Result<()> {
        match self.target {
            Target::InPlace | Target::Nowhere => Ok(()),
            // A short image is held back until more follows, and reserving zero bytes fails.
            _ if size == 0 => Ok(()),
            _ => system::reserve(&self.file, size),
        }
    }

    /// Writes a whole file of `size` bytes.
    pub(crate) fn copy(&mut self, from: &File, size: u64) -> io::Result<()> {
        if self.is_dry() {
            return Ok(());
        }
        self.reserve(size)?;
        system::copy(from, size, &mut self.file).map(drop)
    }

    /// Writes the rest, and makes the output appear. Reports whether it had to be written over an existing file. Files
    /// that appeared since the output was opened are kept like those that existed before.
    pub(crate) fn finish(
        self,
        rest: &[u8],
        overwrite: Overwrite,
    ) -> Result<Option<WrittenInPlace>, OutputError> {
        let Self {
            mut file, target, ..
        } = self;
        if !matches!(target, Target::Nowhere) {
            file.write_all(rest)?;
        }
        match target {
            Target::InPlace | Target::Nowhere => Ok(None),
            Target::FromUnnamed(path) => appear(file, &path, overwrite),
            Target::FromNamed(temporary, path) => {
                // File systems without unnamed files may be on a network, where some errors are reported only now.
                file.sync_data()?;
                temporary.rename(file, &path, overwrite)
            }
            Target::Over(existing) => Ok(Some(write_over(existing, file)?)),
        }
    }
}

/// Whether this input is that file.
fn is(id: &FileId, input: &Path) -> bool {
    let input = if is_standard(input) {
        Path::new("/dev/stdin")
    } else {
        input
    };
    let input_id = |metadata| FileId::of(input, &metadata);
    fs::metadata(input).ok().and_then(input_id).as_ref() == Some(id)
}

/// Rejects the replacement of a file that must be kept.
fn check(path: &Path, overwrite: Overwrite) -> Result<(), OutputError> {
    /// The number of bytes that suffice to identify a file.
    const HEAD: u64 = 4 << 10;
    if overwrite == Overwrite::All {
        return Ok(());
    }
    let mut head = Vec::new();
    // A file that can be written but not read may be an image.
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    // A JPEG that is broken or compressed is recognized only by its name.
    let is_by_name = is_named_jpeg(path) && !head.is_empty() && !head.starts_with(b"%PDF-");
    if is_by_name || FileKind::is_image(&head) {
        return Err(OutputError::IsImage);
    }
    if overwrite == Overwrite::Nothing {
        return Err(OutputError::Exists);
    }
    Ok(())
}

/// Returns the path at the end of symbolic links, whether a file exists there or not.
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

/// Whether a folder rejects new files, though a file in it may be writable.
fn takes_no_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Gives the file a path, and replaces any file there that may be replaced.
fn appear(
    file: File,
    path: &Path,
    overwrite: Overwrite,
) -> Result<Option<WrittenInPlace>, OutputError> {
    match system::link(&file, path) {
        // A link never replaces a file, but a rename does.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let link = |temporary: &Path| system::link(&file, temporary);
            let ((), temporary) = Temporary::create(|| temporary().make_in(directory(path), link))?;
            temporary.rename(file, path, overwrite)
        }
        result => Ok(result.map(|()| None)?),
    }
}

/// Copies over a file that cannot be replaced. It is incomplete until the end.
fn write_over(mut existing: File, mut written: File) -> io::Result<WrittenInPlace> {
    written.rewind()?;
    existing.set_len(0)?;
    system::copy(&written, u64::MAX, &mut existing)?;
    existing.sync_data()?;
    Ok(WrittenInPlace)
}

/// Creates a temporary file for systems and file systems without `O_TMPFILE`.
fn named_in(directory: &Path) -> io::Result<(File, Temporary)> {
    Temporary::create(|| temporary().tempfile_in(directory))
}

fn temporary() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".pdfmagic-");
    #[cfg(unix)]
    // The file gets the permissions of any new file, not only those for its owner.
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// A named temporary file, which is removed unless the process is killed.
#[derive(Debug)]
struct Temporary(Option<TempPath>);

impl Temporary {
    fn create<F>(create: impl FnOnce() -> io::Result<NamedTempFile<F>>) -> io::Result<(F, Self)> {
        let (file, path) = interrupt::create(create)?.into_parts();
        Ok((file, Self(Some(path))))
    }

    /// Renames the file, and replaces any file at that path that may be replaced.
    fn rename(
        mut self,
        file: File,
        path: &Path,
        overwrite: Overwrite,
    ) -> Result<Option<WrittenInPlace>, OutputError> {
        if path.exists() {
            check(path, overwrite)?;
        }
        let Some(temporary) = self.0.take() else {
            return Ok(None);
        };
        let name = temporary.to_path_buf();
        // Some systems cannot rename an open file.
        #[cfg(windows)]
        drop(file);
        let renamed = match overwrite {
            Overwrite::Nothing => temporary.persist_noclobber(path),
            Overwrite::AllButImages | Overwrite::All => temporary.persist(path),
        };
        interrupt::forget(&name);
        match renamed {
            Ok(()) => Ok(None),
            #[cfg(not(windows))]
            // A file system is mounted at that path.
            Err(error) if error.error.kind() == io::ErrorKind::ResourceBusy => {
                let existing = OpenOptions::new().write(true).open(path)?;
                Ok(Some(write_over(existing, file)?))
            }
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(OutputError::Exists)
            }
            Err(error) => Err(error.error.into()),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            interrupt::forget(path);
        }
    }
}
