//! Runs work on several threads, with results in order.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::panic;
use std::thread::{self, ScopedJoinHandle};

/// The result of beginning a piece of work.
pub(crate) enum Begun<B, R> {
    /// The work is done.
    Done(R),
    /// More work remains, which takes long.
    Long(B),
}

enum Slot<'scope, R> {
    Done(R),
    Running(ScopedJoinHandle<'scope, R>),
}

/// Begins each of `count` pieces of work on this thread, finishes long ones on other threads, and takes the results on
/// this thread, in order. At most `jobs` pieces are in memory at a time.
pub(crate) fn in_order<B: Send, R: Send>(
    count: usize,
    jobs: NonZeroUsize,
    mut begin: impl FnMut(usize) -> Begun<B, R>,
    finish: impl Fn(B) -> R + Sync,
    mut take: impl FnMut(usize, R),
) {
    let finish = &finish;
    thread::scope(|scope| {
        let mut slots = VecDeque::new();
        let (mut next, mut taken) = (0, 0);
        loop {
            while next < count
                && slots.len() < jobs.get()
                && !matches!(slots.front(), Some(Slot::Done(_)))
            {
                slots.push_back(match begin(next) {
                    Begun::Done(result) => Slot::Done(result),
                    Begun::Long(rest) if jobs.get() == 1 || count == 1 => Slot::Done(finish(rest)),
                    Begun::Long(rest) => Slot::Running(scope.spawn(move || finish(rest))),
                });
                next += 1;
            }
            let result = match slots.pop_front() {
                None => break,
                Some(Slot::Done(result)) => result,
                Some(Slot::Running(thread)) => thread
                    .join()
                    .unwrap_or_else(|panic| panic::resume_unwind(panic)),
            };
            take(taken, result);
            taken += 1;
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_are_in_order_and_at_most_one_per_job_is_held() {
        for jobs in 1..5 {
            let held = AtomicUsize::new(0);
            let mut results = Vec::new();
            let begin = |number| {
                assert!(held.fetch_add(1, Ordering::SeqCst) < jobs);
                if number % 3 == 0 {
                    Begun::Done(number)
                } else {
                    Begun::Long(number)
                }
            };
            let take = |at, result| {
                assert_eq!(at, result);
                held.fetch_sub(1, Ordering::SeqCst);
                results.push(result);
            };
            in_order(
                20,
                NonZeroUsize::new(jobs).unwrap(),
                begin,
                |number| number,
                take,
            );
            assert_eq!(results, (0..20).collect::<Vec<_>>());
        }
    }
}
