//! Where the PDF goes: whole or not at all, where that is possible.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Read, Seek, Write};
use std::path::{Path, PathBuf};

use pdfmagic_core::FileKind;
use tempfile::{Builder, TempPath};

use crate::failure::{OutputError, is_standard};
use crate::inputs::is_named_jpeg;
use crate::interrupt;
use crate::system::{self, FileId};

/// What may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// Everything but images.
    AllButImages,
    /// Everything.
    All,
    /// Nothing.
    Nothing,
}

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
    FromNamed(Temporary, PathBuf),
    /// In this file, whose folder takes no other.
    Over(File),
    /// Nowhere.
    Nowhere,
}

/// How an output had to be written where that was not as usual.
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
        // Opened to see what it is, and whether it may be written.
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

    /// The same, but written nowhere.
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

    /// Whether nothing is written.
    pub(crate) fn is_dry(&self) -> bool {
        matches!(self.target, Target::Nowhere)
    }

    /// Lets the file system find room for more bytes. Copying is faster into room that is there, and a full
    /// disk is noticed at once.
    pub(crate) fn reserve(&self, size: u64) -> io::Result<()> {
        match self.target {
            Target::InPlace | Target::Nowhere => Ok(()),
            // A short image waits for what comes next, and the system finds no room for nothing.
            _ if size == 0 => Ok(()),
            _ => system::reserve(&self.file, size),
        }
    }

    /// Writes all of a file of `size` bytes.
    pub(crate) fn copy(&mut self, mut from: &File, size: u64) -> io::Result<()> {
        if self.is_dry() {
            return Ok(());
        }
        self.reserve(size)?;
        io::copy(&mut from, &mut self.file).map(drop)
    }

    /// Writes the rest, and lets the output appear. Says if that could not be done as usual.
    pub(crate) fn finish(self, rest: &[u8]) -> io::Result<Option<WrittenInPlace>> {
        let Self {
            mut file, target, ..
        } = self;
        if !matches!(target, Target::Nowhere) {
            file.write_all(rest)?;
        }
        match target {
            Target::InPlace | Target::Nowhere => Ok(None),
            Target::FromUnnamed(path) => appear(file, &path),
            Target::FromNamed(temporary, path) => temporary.rename(file, &path),
            Target::Over(existing) => write_over(existing, file).map(Some),
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

/// Refuses to replace a file that must stay.
fn check(path: &Path, overwrite: Overwrite) -> Result<(), OutputError> {
    /// Enough to tell what a file is, in bytes.
    const HEAD: u64 = 4 << 10;
    if overwrite == Overwrite::All {
        return Ok(());
    }
    let mut head = Vec::new();
    // What may be written but not read may be an image.
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    // One that is broken, or packed, has but the name of a JPEG.
    let is_by_name = is_named_jpeg(path) && !head.is_empty() && !head.starts_with(b"%PDF-");
    if is_by_name || FileKind::is_image(&head) {
        return Err(OutputError::IsImage);
    }
    if overwrite == Overwrite::Nothing {
        return Err(OutputError::Exists);
    }
    Ok(())
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

/// Whether a folder refuses new files, though one in it may be writable.
fn takes_no_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Gives the file a name, in place of what has it.
fn appear(file: File, path: &Path) -> io::Result<Option<WrittenInPlace>> {
    match system::link(&file, path) {
        // A link never replaces; a rename does.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let made =
                temporary().make_in(directory(path), |temporary| system::link(&file, temporary));
            Temporary::new(made?.into_temp_path()).rename(file, path)
        }
        result => result.map(|()| None),
    }
}

/// Writes over a file that cannot be replaced. It is whole again only at the end.
fn write_over(mut existing: File, mut written: File) -> io::Result<WrittenInPlace> {
    written.rewind()?;
    existing.set_len(0)?;
    io::copy(&mut written, &mut existing)?;
    Ok(WrittenInPlace)
}

/// For systems and file systems without `O_TMPFILE`.
fn named_in(directory: &Path) -> io::Result<(File, Temporary)> {
    let (file, path) = temporary().tempfile_in(directory)?.into_parts();
    Ok((file, Temporary::new(path)))
}

fn temporary() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".pdfmagic-");
    #[cfg(unix)]
    // As any new file, and not for the owner alone.
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// A temporary file with a name, which goes whatever happens.
#[derive(Debug)]
struct Temporary(Option<TempPath>);

impl Temporary {
    fn new(path: TempPath) -> Self {
        interrupt::remove_on_interrupt(&path);
        Self(Some(path))
    }

    /// Gives the file its name, in place of what has it.
    fn rename(mut self, file: File, path: &Path) -> io::Result<Option<WrittenInPlace>> {
        let Some(temporary) = self.0.take() else {
            return Ok(None);
        };
        let name = temporary.to_path_buf();
        // Some systems do not rename a file that is open.
        #[cfg(windows)]
        drop(file);
        let renamed = temporary.persist(path);
        interrupt::forget(&name);
        match renamed {
            Ok(()) => Ok(None),
            #[cfg(not(windows))]
            // Something is mounted there.
            Err(error) if error.error.kind() == io::ErrorKind::ResourceBusy => {
                let existing = OpenOptions::new().write(true).open(path)?;
                write_over(existing, file).map(Some)
            }
            Err(error) => Err(error.error),
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
