//! The environment that the program should have been started with.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::config;

/// What was decoded goes back to the system as soon as it is freed: left to itself, glibc raises the first bound to the
/// largest block it has seen, and keeps what it frees. The buffers of connections, which come and go with each request,
/// stay: a fifth of the time for a small photo would go into getting them again. In bytes.
const ALLOCATOR: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "1048576"),
    ("MALLOC_TRIM_THRESHOLD_", "4194304"),
];

/// Starts the program once more if its environment is not as it should be: without settings for glibc's allocator, which
/// are read before `main`, or with settings that are empty, which count as unset. To be called before the process has done
/// anything.
pub fn settle_environment() {
    let is_set = |(name, _)| env::var_os(name).is_some();
    let is_settled = cfg!(not(target_env = "gnu")) || ALLOCATOR.into_iter().any(is_set);
    let empty: Vec<_> = config::variables()
        .filter(|name| env::var_os(name).is_some_and(|value| value.is_empty()))
        .collect();
    if is_settled && empty.is_empty() {
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
    again.args(words);
    if !is_settled {
        again.envs(ALLOCATOR);
    }
    for name in empty {
        again.env_remove(name);
    }
    // Returns only where that cannot be; then it goes on as it is.
    let _ = again.exec();
}
