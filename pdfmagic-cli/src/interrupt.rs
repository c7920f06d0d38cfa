//! What is done when the command is interrupted: temporary files that have a name are removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, Once, PoisonError};

static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// As shells tell that a signal ended a program: 128 and the number of SIGINT.
const STATUS: i32 = 130;

/// Has a file removed when the command is interrupted, until [`forget`] is called.
pub(crate) fn remove_on_interrupt(path: &Path) {
    static INSTALL: Once = Once::new();
    // Not at the start: most runs have no such file, and a handler is a thread.
    INSTALL.call_once(|| {
        // Without a handler a file may be left behind, which is no reason to fail.
        let _ = ctrlc::set_handler(|| {
            for path in temporary().drain(..) {
                let _ = fs::remove_file(path);
            }
            process::exit(STATUS);
        });
    });
    temporary().push(path.to_owned());
}

/// The file has another name now, or is gone.
pub(crate) fn forget(path: &Path) {
    temporary().retain(|temporary| temporary != path);
}

fn temporary() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner)
}
