//! Records of requests and of whole runs, as JSON Lines. The first line says how the run was measured.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One request that was answered or abandoned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The number of the client.
    pub client: u32,
    /// The number of the request: among those of the client, or in an open loop among all requests.
    pub seq: u64,
    /// The scheduled start, in Unix nanoseconds.
    pub intended_ns: u64,
    /// The actual start, in Unix nanoseconds. If the request was shed and retried, this is the start of the last
    /// attempt.
    pub start_ns: u64,
    /// The time to open the connection, in microseconds; 0 if one was already open.
    pub connect_us: u64,
    /// The time from the start to the head of the answer, in microseconds.
    pub ttfb_us: u64,
    /// The service time: from the start to the last byte of the answer, in microseconds.
    pub total_us: u64,
    /// The status of the answer; 0 without an answer.
    pub status: u16,
    /// The size of the request's body, in bytes.
    pub bytes_up: u64,
    /// The size of the answer's body, in bytes.
    pub bytes_down: u64,
    /// The replica that answered, if the answer names it.
    pub replica: Option<String>,
    /// The time in the server's queue in microseconds, if the answer states it.
    pub server_queue_us: Option<u64>,
    /// The time of the conversion in microseconds, if the answer states it.
    pub server_convert_us: Option<u64>,
    /// The number of times that the request was shed (429 or 503) before this attempt.
    pub shed: u32,
    /// The reason why the answer is not a PDF with one page.
    pub error: Option<String>,
    /// Whether the client started later than the others. Its samples show a server that was not under full load.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
}

impl Sample {
    /// The time from the start to the last byte.
    #[must_use]
    pub fn service_time(&self) -> Duration {
        Duration::from_micros(self.total_us)
    }

    /// The time from the scheduled start to the last byte.
    #[must_use]
    pub fn response_time(&self) -> Duration {
        let late = self.start_ns.saturating_sub(self.intended_ns);
        Duration::from_nanos(late) + self.service_time()
    }

    /// Whether the server rejected the request because of overload. Such an answer is counted, but its latency is not.
    #[must_use]
    pub fn is_shed(&self) -> bool {
        matches!(self.status, 429 | 503)
    }
}

/// The method of measurement of a run, without which its numbers cannot be understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The host and port that were measured.
    pub target: String,
    /// The number of clients.
    pub clients: u32,
    /// The scheduled requests per second (open loop), or `None` if each client waited for its answer (closed loop).
    pub rate: Option<f64>,
    /// Whether clients kept their connections; otherwise, they opened one per request.
    pub reuse: bool,
    /// The processors and the system of the load generator's machine.
    pub machine: String,
}

impl Run {
    /// Whether both runs had the same kind of loop and of connections, so that their times can be compared.
    #[must_use]
    pub fn is_comparable(&self, other: &Self) -> bool {
        (self.rate.is_some(), self.reuse) == (other.rate.is_some(), other.reuse)
    }

    /// Returns one line for a caption.
    #[must_use]
    pub fn caption(&self) -> String {
        let pace = match self.rate {
            None => "closed loop".to_owned(),
            Some(rate) => format!("open loop at {rate}/s"),
        };
        let clients = match self.clients {
            1 => "1 client".to_owned(),
            count => format!("{count} clients"),
        };
        let connections = if self.reuse {
            "connections reused"
        } else {
            "one connection per request"
        };
        let machine = &self.machine;
        format!("{clients}, {pace}, {connections}; {machine}")
    }
}

/// Describes the processors and the system of this machine.
#[must_use]
pub fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("processor", |(_, model)| model);
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let release = read("/proc/sys/kernel/osrelease");
    format!("{count} × {model}, Linux {}", release.trim())
}

/// The beginning of the first line of a recording.
const RUN: &str = "{\"target\":";

/// A run and its samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// The method of measurement.
    pub run: Run,
    /// The samples, in the order of their start.
    pub samples: Vec<Sample>,
}

impl Recording {
    /// Reads JSON Lines: one recording, or several in sequence, which are merged.
    ///
    /// # Errors
    ///
    /// If the input cannot be read, or if a line is malformed; the error names the line.
    pub fn read(input: impl BufRead) -> io::Result<Self> {
        let mut recordings: Vec<Self> = Vec::new();
        for (at, text) in input.lines().enumerate() {
            let text = text?;
            match recordings.last_mut() {
                Some(last) if !text.starts_with(RUN) => last.samples.push(parse(at, &text)?),
                _ => recordings.push(Self {
                    run: parse(at, &text)?,
                    samples: Vec::new(),
                }),
            }
        }
        Self::merge(recordings).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Writes JSON Lines.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn write(&self, output: &mut impl Write) -> io::Result<()> {
        line(output, &self.run)?;
        self.samples
            .iter()
            .try_for_each(|sample| line(output, sample))
    }

    /// Merges runs that were measured at the same time. The result has all their samples; percentiles are never
    /// averaged.
    ///
    /// # Errors
    ///
    /// If there is no recording, or if their times cannot be compared.
    pub fn merge(recordings: impl IntoIterator<Item = Self>) -> Result<Self, String> {
        let mut recordings = recordings.into_iter();
        let mut all = recordings.next().ok_or("there is no recording")?;
        for other in recordings {
            if !other.run.is_comparable(&all.run) {
                let (first, other) = (all.run.caption(), other.run.caption());
                return Err(format!(
                    "not comparable with the first recording: {other}, but the first: {first}"
                ));
            }
            all.run.clients += other.run.clients;
            all.run.rate = all.run.rate.zip(other.run.rate).map(|(a, b)| a + b);
            all.samples.extend(other.samples);
        }
        all.samples.sort_by_key(|sample| sample.start_ns);
        Ok(all)
    }

    /// The samples of the clients that started together.
    pub fn on_time(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter().filter(|sample| !sample.late)
    }

    /// Returns the number of clients that started later than the others, in words. `None` if there are none.
    #[must_use]
    pub fn late(&self) -> Option<String> {
        let late = self.samples.iter().filter(|sample| sample.late);
        let clients: BTreeSet<_> = late.map(|sample| sample.client).collect();
        match clients.len() {
            0 => None,
            1 => Some("1 client was late and is left out".to_owned()),
            count => Some(format!("{count} clients were late and are left out")),
        }
    }
}

/// Writes one line of JSON.
///
/// # Errors
///
/// If writing fails.
pub fn line(output: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, value)?;
    output.write_all(b"\n")
}

fn parse<'de, T: Deserialize<'de>>(at: usize, line: &'de str) -> io::Result<T> {
    serde_json::from_str(line).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("line {}: {error}", at + 1),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(starts: &[u64]) -> Recording {
        Recording {
            run: Run {
                target: "http://127.0.0.1/".to_owned(),
                clients: 1,
                rate: Some(5.0),
                reuse: false,
                machine: "2 processors".to_owned(),
            },
            samples: starts
                .iter()
                .map(|&start_ns| Sample {
                    start_ns,
                    ..Sample::default()
                })
                .collect(),
        }
    }

    #[test]
    fn recordings_round_trip() {
        let mut lines = Vec::new();
        recording(&[1, 2]).write(&mut lines).unwrap();
        assert_eq!(Recording::read(&lines[..]).unwrap(), recording(&[1, 2]));
    }

    #[test]
    fn an_invalid_line_is_reported_by_number() {
        let mut lines = Vec::new();
        recording(&[1]).write(&mut lines).unwrap();
        lines.extend_from_slice(b"{}\n");
        let error = Recording::read(&lines[..]).unwrap_err().to_string();
        assert!(error.starts_with("line 3: missing field"), "{error}");
        let error = Recording::read(&b""[..]).unwrap_err().to_string();
        assert_eq!(error, "there is no recording");
    }

    #[test]
    fn merging_keeps_all_samples_in_chronological_order() {
        let all = Recording::merge([recording(&[1, 5]), recording(&[2, 3])]).unwrap();
        let starts: Vec<_> = all.samples.iter().map(|sample| sample.start_ns).collect();
        assert_eq!(starts, [1, 2, 3, 5]);
        assert_eq!((all.run.clients, all.run.rate), (2, Some(10.0)));
    }

    /// `kubectl logs` prints the recordings of a Job's pods in this way.
    #[test]
    fn concatenated_recordings_are_merged() {
        let mut lines = Vec::new();
        recording(&[1, 5]).write(&mut lines).unwrap();
        recording(&[2, 3]).write(&mut lines).unwrap();
        let merged = Recording::merge([recording(&[1, 5]), recording(&[2, 3])]);
        assert_eq!(Recording::read(&lines[..]).unwrap(), merged.unwrap());
    }

    #[test]
    fn runs_that_cannot_be_compared_are_not_merged() {
        let mut other = recording(&[2]);
        other.run.reuse = true;
        let error = Recording::merge([recording(&[1]), other]).unwrap_err();
        assert!(
            error.starts_with("not comparable with the first recording"),
            "{error}"
        );
    }
}
