//! Where the PDF goes: whole or not at all, where that is possible.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempPath};

use crate::failure::{OutputError, is_standard};

/// An output being written. Dropped before it is finished, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) file: File,
    target: Target,
    /// Device and inode of what is there already, if that is a regular file.
    existing: Option<(u64, u64)>,
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
            return Self::in_place(io::stdout().as_fd().try_clone_to_owned()?.into());
        }
        // Opened to see what it is, and whether it may be written.
        match OpenOptions::new().write(true).open(path) {
            Ok(existing) if existing.metadata()?.is_file() => Self::replacing(path, &existing),
            Ok(special) => Self::in_place(special),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::new(path),
            Err(error) => Err(error.into()),
        }
    }

    fn in_place(file: File) -> Result<Self, OutputError> {
        if file.is_terminal() {
            return Err(OutputError::Terminal);
        }
        let metadata = file.metadata()?;
        Ok(Self {
            file,
            target: Target::InPlace,
            existing: metadata
                .is_file()
                .then_some((metadata.dev(), metadata.ino())),
        })
    }

    fn replacing(path: &Path, existing: &File) -> Result<Self, OutputError> {
        let metadata = existing.metadata()?;
        let mut output = Self::new(path)?;
        output.existing = Some((metadata.dev(), metadata.ino()));
        output.file.set_permissions(metadata.permissions())?;
        Ok(output)
    }

    fn new(path: &Path) -> Result<Self, OutputError> {
        let path = followed(path);
        let (file, target) = if let Ok(file) = unnamed_in(directory(&path)) {
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
            _ => allocate(&self.file, size),
        }
    }

    /// Whether this input would be lost.
    pub(crate) fn is(&self, input: &Path) -> bool {
        let input = if is_standard(input) {
            Path::new("/dev/stdin")
        } else {
            input
        };
        self.existing.is_some_and(|existing| {
            fs::metadata(input).is_ok_and(|input| (input.dev(), input.ino()) == existing)
        })
    }

    /// Writes the rest, and lets the output appear.
    pub(crate) fn finish(mut self, rest: &[u8]) -> io::Result<()> {
        self.file.write_all(rest)?;
        match self.target {
            Target::InPlace => Ok(()),
            Target::FromUnnamed(path) => appear(&self.file, &path),
            Target::FromNamed(temporary, path) => Ok(temporary.persist(path)?),
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

/// A file without a name (`O_TMPFILE`): however the process ends, nothing is left behind.
#[cfg(target_os = "linux")]
fn unnamed_in(directory: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    Ok(open(directory, flags, Mode::from_raw_mode(0o666))?.into())
}

#[cfg(not(target_os = "linux"))]
fn unnamed_in(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
fn allocate(mut file: &File, size: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use std::io::Seek;
    let at = file.stream_position()?;
    match fallocate(file, FallocateFlags::KEEP_SIZE, at, size) {
        Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
        result => Ok(result?),
    }
}

#[cfg(not(target_os = "linux"))]
fn allocate(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

/// Gives the file a name, in place of what has it.
fn appear(file: &File, path: &Path) -> io::Result<()> {
    match link(file, path) {
        // A link never replaces; a rename does.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let temporary =
                temporary().make_in(directory(path), |temporary| link(file, temporary))?;
            Ok(temporary.into_temp_path().persist(path)?)
        }
        result => result,
    }
}

#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd;
    let file = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, file, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// For file systems without `O_TMPFILE`.
fn named_in(directory: &Path) -> io::Result<(File, TempPath)> {
    Ok(temporary()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)?
        .into_parts())
}

fn temporary() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".pdfmagic-");
    builder
}
