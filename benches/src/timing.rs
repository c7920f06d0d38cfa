//! Measures times, on a number of processors.

use std::io;
use std::ops::RangeInclusive;
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The numbers of processors to measure on: one, and two if the machine has them.
#[must_use]
pub fn processors() -> RangeInclusive<usize> {
    1..=thread::available_parallelism().map_or(1, |count| count.get().min(2))
}

/// Calls `run` on a number of processors. Threads and processes that it starts are bound to the same processors.
///
/// # Errors
///
/// Returns the errors of `run`, or an error if the system does not allow the choice of processors.
pub fn on<T>(processors: usize, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let all = sched_getaffinity(None)?;
    let mut some = CpuSet::new();
    (0..CpuSet::MAX_CPU)
        .filter(|&number| all.is_set(number))
        .take(processors)
        .for_each(|number| some.set(number));
    sched_setaffinity(None, &some)?;
    let done = run();
    sched_setaffinity(None, &all)?;
    done
}

/// Returns the median time of 3 to 50 calls within about a second. A call that takes more than 3 seconds is made only
/// once.
///
/// # Errors
///
/// Returns the errors of `run`.
pub fn median(mut run: impl FnMut() -> io::Result<()>) -> io::Result<Duration> {
    let (enough, maximum) = (Duration::from_secs(1), Duration::from_secs(3));
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.len() < 50 {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed());
        let spent = begin.elapsed();
        if spent > maximum || spent > enough && times.len() >= 3 {
            break;
        }
    }
    times.sort();
    Ok(times[times.len() / 2])
}
