//! Removes named temporary files when the command is interrupted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, Once, PoisonError};

static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The exit status after an interrupt, by the convention of shells: 128 plus the number of SIGINT.
const STATUS: i32 = 130;

/// Removes a file if the command is interrupted, until [`forget`] is called.
pub(crate) fn remove_on_interrupt(path: &Path) {
    static INSTALL: Once = Once::new();
    // The handler is not installed at the start, since it is a thread and most runs have no such file.
    INSTALL.call_once(|| {
        // Without a handler, a file may be left behind, which is no reason to fail.
        let _ = ctrlc::set_handler(|| {
            for path in temporary().drain(..) {
                let _ = fs::remove_file(path);
            }
            process::exit(STATUS);
        });
    });
    temporary().push(path.to_owned());
}

/// Stops tracking the file, since it was renamed or removed.
pub(crate) fn forget(path: &Path) {
    temporary().retain(|temporary| temporary != path);
}

fn temporary() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner)
}
