//! Counts and percentiles of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::sample::Sample;

/// A distribution of times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are clear")]
pub struct Distribution {
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

impl Distribution {
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

impl fmt::Display for Distribution {
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

/// Accumulates samples as they arrive.
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
        // Times are exact to a thousandth of their value, up to a day.
        let histogram = Histogram::new_with_bounds(1, 86_400_000_000, 3)
            .expect("the bounds are in the constructor's range");
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

    /// Returns the counts and distributions of all samples so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let seconds = Duration::from_nanos(self.end_ns.saturating_sub(self.begin_ns)).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
        let per_second = |n: u64| n as f64 / seconds.max(1e-9);
        Summary {
            answered: self.service.len(),
            shed: self.shed,
            failed: self.failed,
            seconds,
            per_second: per_second(self.service.len()),
            megabytes_per_second: per_second(self.bytes_up) / 1e6,
            service: Distribution::of(&self.service),
            response: Distribution::of(&self.response),
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

/// A run in a few numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The requests that were answered with a PDF. Only these are in the distributions.
    pub answered: u64,
    /// The answers that reported overload.
    pub shed: u64,
    /// The requests without an answer, or with a wrong one.
    pub failed: u64,
    /// The time from the first start to the last end, in seconds.
    pub seconds: f64,
    /// Answered requests per second.
    pub per_second: f64,
    /// The throughput of uploaded bodies, in 10⁶ bytes per second.
    pub megabytes_per_second: f64,
    /// The service times, from the start of each request.
    pub service: Distribution,
    /// The response times, from the scheduled start of each request.
    pub response: Distribution,
    /// The number of requests that each replica answered.
    pub replicas: BTreeMap<String, u64>,
    /// The number of occurrences of each error.
    pub errors: BTreeMap<String, u64>,
}

impl Summary {
    /// Returns the share of failed requests among all that were not shed, from 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
    pub fn error_rate(&self) -> f64 {
        self.failed as f64 / (self.failed + self.answered).max(1) as f64
    }
}

impl fmt::Display for Summary {
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
    fn shed_and_failed_requests_are_counted_without_latency() {
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
        let summary = Tally::from_iter(&[answered, shed.clone(), failed.clone()]).summary();
        assert_eq!((summary.answered, summary.shed, summary.failed), (1, 3, 1));
        assert!((summary.service.max - 1.0).abs() < 0.001);
        assert!((summary.error_rate() - 0.5).abs() < 1e-9);
        assert!(summary.to_string().contains("\nservice   mean 1.000"));
        let without = Tally::from_iter(&[shed, failed]).summary();
        assert!(!without.to_string().contains("mean"), "{without}");
    }

    #[test]
    fn percentiles_are_exact_to_a_thousandth() {
        let samples: Vec<_> = (1..=10_000)
            .map(|total_us| Sample {
                total_us,
                ..Sample::default()
            })
            .collect();
        let service = Tally::from_iter(&samples).summary().service;
        for (actual, expected) in [
            (service.p50, 5.0),
            (service.p90, 9.0),
            (service.p99, 9.9),
            (service.p999, 9.99),
            (service.mean, 5.0005),
        ] {
            assert!((actual / expected - 1.0).abs() < 0.001, "{actual}");
        }
    }
}
