//! What the allocator of glibc is told.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// What was decoded goes back to the system as soon as it is let go: left to itself, glibc raises the first bound to the
/// largest block it has seen, and keeps what it frees. The buffers of connections, which come and go with each request,
/// stay: a fifth of the time for a small photo would go into getting them again. In bytes.
const SETTINGS: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "1048576"),
    ("MALLOC_TRIM_THRESHOLD_", "4194304"),
];

/// Sees to it that glibc's allocator keeps what a server needs again at once, and nothing else, unless the environment has
/// settings for it. They are read before `main`, so the process starts its program once more: to be called before it has
/// done anything.
pub fn settle() {
    let is_set = |(name, _)| env::var_os(name).is_some();
    if cfg!(not(target_env = "gnu")) || SETTINGS.into_iter().any(is_set) {
        return;
    }
    let Ok(program) = env::current_exe() else {
        return;
    };
    let mut words = env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = words.next() {
        again.arg0(name);
    }
    // Returns only where that cannot be; then it goes without.
    let _ = again.args(words).envs(SETTINGS).exec();
}
