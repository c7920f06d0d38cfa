//! Removes named temporary files when the command is interrupted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, Once, PoisonError};

use tempfile::NamedTempFile;

static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The exit status after an interrupt, by the convention of shells: 128 plus the number of SIGINT.
const STATUS: i32 = 130;

/// Creates a file that is removed if the command is interrupted, until [`forget`] is called.
pub(crate) fn create<F>(
    create: impl FnOnce() -> io::Result<NamedTempFile<F>>,
) -> io::Result<NamedTempFile<F>> {
    static INSTALL: Once = Once::new();
    // The handler is not installed at the start, since it is a thread and most runs have no such file.
    INSTALL.call_once(|| {
        // Without a handler, a file may be left behind, which is no reason to fail.
        let _ = ctrlc::set_handler(|| {
            // The lock is held until the end, so that no further file is created.
            let mut files = temporary();
            for path in files.drain(..) {
                let _ = fs::remove_file(path);
            }
            process::exit(STATUS);
        });
    });
    let mut files = temporary();
    let created = create()?;
    files.push(created.path().to_owned());
    Ok(created)
}

/// Stops tracking the file, since it was renamed or removed.
pub(crate) fn forget(path: &Path) {
    temporary().retain(|temporary| temporary != path);
}

fn temporary() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner)
}
