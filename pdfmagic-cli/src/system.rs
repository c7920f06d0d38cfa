//! The differences between operating systems. `--cfg portable` selects code that needs only `std`, so that Linux can
//! test it.

pub(crate) use identity::FileId;
pub(crate) use unnamed::{link, reserve, unnamed_in};

use std::fs::{self, File};
use std::io::{self, Read, Seek};

/// Returns the memory limit of the container, in bytes, by control groups of version 2 or 1. `None` if there is none, except
/// that version 1 then has a number near 2⁶³.
pub(crate) fn memory_limit() -> Option<u64> {
    let version_2 = fs::read_to_string("/sys/fs/cgroup/memory.max");
    let version_1 = || fs::read_to_string("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    version_2.or_else(|_| version_1()).ok()?.trim().parse().ok()
}

/// Returns standard output as a file into which the system can copy.
pub(crate) fn stdout() -> io::Result<File> {
    #[cfg(unix)]
    let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let stdout = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
    Ok(stdout.into())
}

/// Copies at most `size` bytes, and returns their number. Unlike `io::copy`, retries when a signal interrupts
/// `copy_file_range`.
pub(crate) fn copy(mut from: &File, size: u64, to: &mut File) -> io::Result<u64> {
    let start = from.stream_position()?;
    loop {
        let copied = from.stream_position()? - start;
        match io::copy(&mut from.take(size - copied), to) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return Ok(copied + result?),
        }
    }
}

/// Determines whether two paths lead to the same file.
#[cfg(all(unix, not(portable)))]
mod identity {
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    /// Device and inode.
    #[derive(Debug, PartialEq, Eq)]
    pub(crate) struct FileId(u64, u64);

    impl FileId {
        #[expect(
            clippy::unnecessary_wraps,
            reason = "the version for other systems can fail"
        )]
        pub(crate) fn of(_: &Path, metadata: &Metadata) -> Option<Self> {
            Some(Self(metadata.dev(), metadata.ino()))
        }
    }
}

/// Determines whether two paths lead to the same file, except for hard links: replacing one of these leaves the others
/// alone.
#[cfg(any(not(unix), portable))]
mod identity {
    use std::fs::{self, Metadata};
    use std::path::{Path, PathBuf};

    /// The path without symbolic links.
    #[derive(Debug, PartialEq, Eq)]
    pub(crate) struct FileId(PathBuf);

    impl FileId {
        pub(crate) fn of(path: &Path, _: &Metadata) -> Option<Self> {
            fs::canonicalize(path).ok().map(Self)
        }
    }
}

/// Unnamed files (`O_TMPFILE`), which leave nothing behind, however the process ends.
#[cfg(all(target_os = "linux", not(portable)))]
mod unnamed {
    use std::fs::File;
    use std::io::{self, Seek};
    use std::os::fd::AsRawFd;
    use std::path::Path;

    use rustix::fs::{
        AtFlags, CWD, FallocateFlags, Mode, OFlags, fallocate, fstatfs, linkat, open,
    };

    /// The file systems that can share blocks between files: Btrfs and XFS (`statfs(2)`).
    const SHARING: [u64; 2] = [0x9123_683E, 0x5846_5342];

    /// The minimum size of data that is aligned so that its blocks can be shared, in bytes.
    const SHARED_SIZE: u64 = 256 << 10;

    pub(crate) fn unnamed_in(directory: &Path) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        Ok(open(directory, flags, Mode::from_raw_mode(0o666))?.into())
    }

    /// Lets the file system reserve space for more bytes, unless it will share the blocks of another file: then the
    /// space would remain reserved but unused.
    pub(crate) fn reserve(mut file: &File, size: u64) -> io::Result<()> {
        if size >= SHARED_SIZE
            && u64::try_from(fstatfs(file)?.f_type).is_ok_and(|kind| SHARING.contains(&kind))
        {
            return Ok(());
        }
        let at = file.stream_position()?;
        let reserve = || fallocate(file, FallocateFlags::KEEP_SIZE, at, size);
        // On tmpfs, a signal that stops and continues the process interrupts this.
        match rustix::io::retry_on_intr(reserve) {
            Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
            result => Ok(result?),
        }
    }

    pub(crate) fn link(file: &File, path: &Path) -> io::Result<()> {
        let file = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(linkat(CWD, file, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
    }
}

/// A replacement without unnamed files.
#[cfg(any(not(target_os = "linux"), portable))]
mod unnamed {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub(crate) fn unnamed_in(_: &Path) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn reserve(_: &File, _: u64) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn link(_: &File, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
