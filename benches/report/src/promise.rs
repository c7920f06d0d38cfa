//! Promises: ratios that must reach a value, measured in rounds.

use std::io;
use std::time::{Duration, Instant};

/// The number of rounds at first, and of further rounds while their median misses the promise.
pub(crate) const ROUNDS: usize = 10;

/// The maximum time for more rounds, in which a machine that is busy with other work may come to rest.
const LONGEST: Duration = Duration::from_secs(60);

/// A ratio, and the value that it must reach.
pub(crate) struct Promise {
    what: String,
    rounds: Vec<f64>,
    /// The value that the median must reach on any machine, however busy.
    floor: f64,
    promised: f64,
}

impl Promise {
    /// Measures until the median of all rounds reaches `promised`, or the time is up. Each round measures both sides of
    /// the ratio, so that other load on the machine affects both. Every round counts.
    pub(crate) fn measure(
        what: String,
        floor: f64,
        promised: f64,
        mut round: impl FnMut() -> io::Result<f64>,
    ) -> io::Result<Self> {
        let mut promise = Self {
            what,
            rounds: Vec::new(),
            floor,
            promised,
        };
        let begin = Instant::now();
        loop {
            for _ in 0..ROUNDS {
                promise.rounds.push(round()?);
            }
            if promise.is_reached() || begin.elapsed() > LONGEST {
                return Ok(promise);
            }
        }
    }

    /// Whether the median of the rounds reaches the promised value.
    fn is_reached(&self) -> bool {
        median(&self.rounds) >= self.promised
    }

    /// Whether the median is below the floor, or nine of ten rounds miss the promise.
    fn is_broken(&self) -> bool {
        let misses = self.rounds.iter().filter(|round| **round < self.promised);
        median(&self.rounds) < self.floor || 10 * misses.count() >= 9 * self.rounds.len()
    }

    /// Returns a row of the table with the columns of [`Self::HEAD`].
    pub(crate) fn row(&self) -> String {
        let least = self.rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = self.rounds.iter().copied().fold(0.0, f64::max);
        let verdict = match (self.is_reached(), self.is_broken()) {
            (true, _) => "kept",
            (false, false) => "missed, but above the floor",
            (false, true) => "**broken**",
        };
        format!(
            "| {} | {:.2} | {least:.2} | {greatest:.2} | {} | {} | {} | {verdict} |",
            self.what,
            median(&self.rounds),
            self.rounds.len(),
            self.promised,
            self.floor
        )
    }

    /// The columns of a row.
    pub(crate) const HEAD: &str = "| ratio | median | least | greatest | rounds | promised | floor | |\n\
                                   |---|--:|--:|--:|--:|--:|--:|---|";

    /// Describes a broken promise, and what was measured.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.is_broken().then(|| {
            format!(
                "{}: {:.2}, but {} is promised and {} is the floor",
                self.what,
                median(&self.rounds),
                self.promised,
                self.floor
            )
        })
    }
}

/// Returns the median.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_broken_if_90_percent_of_rounds_miss_it_or_the_median_is_below_the_floor() {
        for (misses, floor, is_reached, is_broken) in [
            (0, 0.85, true, false),
            (53, 0.85, false, false),
            (54, 0.85, false, true),
            (53, 0.95, false, true),
        ] {
            let rounds = (0..60).map(|round| if round < misses { 0.9 } else { 1.0 });
            let promise = Promise {
                what: "a ratio".to_owned(),
                rounds: rounds.collect(),
                floor,
                promised: 0.97,
            };
            assert_eq!(
                (promise.is_reached(), promise.is_broken()),
                (is_reached, is_broken),
                "{misses}, {floor}"
            );
            assert_eq!(promise.complaint().is_some(), is_broken);
        }
    }

    #[test]
    fn measuring_stops_after_ten_rounds_if_the_promise_is_reached() {
        let promise = Promise::measure("a ratio".to_owned(), 1.0, 1.0, || Ok(1.5)).unwrap();
        assert_eq!(
            promise.row(),
            "| a ratio | 1.50 | 1.50 | 1.50 | 10 | 1 | 1 | kept |"
        );
    }
}
