//! Counts and percentiles of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::sample::Sample;

/// What is told of a distribution, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Summary {
    pub mean: f64,
    /// Half the width of the 95 % confidence interval of the mean.
    pub mean_within: f64,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Summary {
    fn of(micros: &Histogram<u64>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
        let count = micros.len().max(1) as f64;
        let percentile = |p| to_ms(micros.value_at_percentile(p));
        Self {
            mean: micros.mean() / 1000.0,
            mean_within: 1.96 * micros.stdev() / count.sqrt() / 1000.0,
            p50: percentile(50.0),
            p90: percentile(90.0),
            p95: percentile(95.0),
            p99: percentile(99.0),
            p999: percentile(99.9),
            max: to_ms(micros.max()),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            mean,
            mean_within,
            p50,
            p90,
            p95,
            p99,
            p999,
            max,
        } = self;
        write!(
            f,
            "mean {mean:.3} ± {mean_within:.3}  p50 {p50:.3}  p90 {p90:.3}  p95 {p95:.3}  p99 {p99:.3}  \
             p99.9 {p999:.3}  max {max:.3} ms"
        )
    }
}

/// Adds samples up as they come.
#[derive(Debug, Clone)]
pub struct Tally {
    service: Histogram<u64>,
    response: Histogram<u64>,
    shed: u64,
    failed: u64,
    bytes_up: u64,
    replicas: BTreeMap<String, u64>,
    errors: BTreeMap<String, u64>,
    begin_ns: u64,
    end_ns: u64,
}

impl Default for Tally {
    fn default() -> Self {
        // To a thousandth of the value, up to a day.
        let histogram = Histogram::new_with_bounds(1, 86_400_000_000, 3)
            .expect("the bounds are as the constructor demands");
        Self {
            service: histogram.clone(),
            response: histogram,
            shed: 0,
            failed: 0,
            bytes_up: 0,
            replicas: BTreeMap::new(),
            errors: BTreeMap::new(),
            begin_ns: u64::MAX,
            end_ns: 0,
        }
    }
}

impl Tally {
    /// Adds a sample.
    pub fn add(&mut self, sample: &Sample) {
        self.begin_ns = self.begin_ns.min(sample.start_ns);
        self.end_ns = self.end_ns.max(sample.start_ns + sample.total_us * 1000);
        self.shed += u64::from(sample.shed);
        if sample.is_shed() {
            self.shed += 1;
        } else if let Some(error) = &sample.error {
            self.failed += 1;
            *self.errors.entry(error.clone()).or_default() += 1;
        } else {
            self.bytes_up += sample.bytes_up;
            self.service.saturating_record(to_us(sample.service_time()));
            self.response
                .saturating_record(to_us(sample.response_time()));
            let replica = sample.replica.clone().unwrap_or_else(|| "?".to_owned());
            *self.replicas.entry(replica).or_default() += 1;
        }
    }

    /// What is to be told.
    #[must_use]
    pub fn report(&self) -> Report {
        let seconds = Duration::from_nanos(self.end_ns.saturating_sub(self.begin_ns)).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
        let per_second = |n: u64| n as f64 / seconds.max(1e-9);
        Report {
            answered: self.service.len(),
            shed: self.shed,
            failed: self.failed,
            seconds,
            per_second: per_second(self.service.len()),
            megabytes_per_second: per_second(self.bytes_up) / 1e6,
            service: Summary::of(&self.service),
            response: Summary::of(&self.response),
            replicas: self.replicas.clone(),
            errors: self.errors.clone(),
        }
    }
}

impl<'s> FromIterator<&'s Sample> for Tally {
    fn from_iter<T: IntoIterator<Item = &'s Sample>>(samples: T) -> Self {
        let mut tally = Self::default();
        samples.into_iter().for_each(|sample| tally.add(sample));
        tally
    }
}

/// A run in a few lines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Requests whose PDF came back: the only ones in the percentiles.
    pub answered: u64,
    /// Answers that said the server is full.
    pub shed: u64,
    /// Requests without a right answer.
    pub failed: u64,
    /// From the first start to the last end.
    pub seconds: f64,
    /// Answered requests a second.
    pub per_second: f64,
    /// Bodies uploaded, in 10⁶ bytes a second.
    pub megabytes_per_second: f64,
    /// From the start of a request.
    pub service: Summary,
    /// From its intended start.
    pub response: Summary,
    /// How many requests each replica answered.
    pub replicas: BTreeMap<String, u64>,
    /// How often each error came.
    pub errors: BTreeMap<String, u64>,
}

impl Report {
    /// Failed requests as a part of all that were not shed.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    pub fn error_rate(&self) -> f64 {
        self.failed as f64 / (self.failed + self.answered).max(1) as f64
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} answered, {} shed, {} failed in {:.2} s: {:.1}/s, {:.1} MB/s",
            self.answered,
            self.shed,
            self.failed,
            self.seconds,
            self.per_second,
            self.megabytes_per_second
        )?;
        if self.answered > 0 {
            write!(f, "\nservice   {}", self.service)?;
            write!(f, "\nresponse  {}", self.response)?;
        }
        if self.replicas.len() > 1 {
            for (replica, count) in &self.replicas {
                write!(f, "\nreplica {replica}: {count}")?;
            }
        }
        for (error, count) in &self.errors {
            write!(f, "\nfailed {count} ×: {error}")?;
        }
        Ok(())
    }
}

fn to_us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
fn to_ms(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shed_or_failed_request_is_counted_but_is_no_latency() {
        let answered = Sample {
            total_us: 1000,
            status: 200,
            shed: 2,
            ..Sample::default()
        };
        let shed = Sample {
            status: 503,
            error: Some("status 503".to_owned()),
            total_us: 1,
            ..Sample::default()
        };
        let failed = Sample {
            error: Some("no connection".to_owned()),
            total_us: 9_000_000,
            ..Sample::default()
        };
        let report = Tally::from_iter(&[answered, shed.clone(), failed.clone()]).report();
        assert_eq!((report.answered, report.shed, report.failed), (1, 3, 1));
        assert!((report.service.max - 1.0).abs() < 0.001);
        assert!((report.error_rate() - 0.5).abs() < 1e-9);
        assert!(report.to_string().contains("\nservice   mean 1.000"));
        let without = Tally::from_iter(&[shed, failed]).report();
        assert!(!without.to_string().contains("mean"), "{without}");
    }

    #[test]
    fn percentiles_are_those_of_the_samples_within_a_thousandth() {
        let samples: Vec<_> = (1..=10_000)
            .map(|total_us| Sample {
                total_us,
                ..Sample::default()
            })
            .collect();
        let summary = Tally::from_iter(&samples).report().service;
        for (actual, expected) in [
            (summary.p50, 5.0),
            (summary.p90, 9.0),
            (summary.p99, 9.9),
            (summary.p999, 9.99),
            (summary.mean, 5.0005),
        ] {
            assert!((actual / expected - 1.0).abs() < 0.001, "{actual}");
        }
    }
}
