//! Concurrent clients. In a closed loop, each sends the next request after its answer; in an open loop, all together
//! send at a constant rate.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use hyper::StatusCode;
use hyper::header::{HeaderName, RETRY_AFTER};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Barrier, Mutex, OnceCell};

use crate::client::{Answer, Client, Target, Upload};
use crate::sample::Sample;

const REPLICA: HeaderName = HeaderName::from_static("pdfmagic-replica");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The maximum delay after the planned start with which a client still counts as punctual.
const PUNCTUAL: Duration = Duration::from_secs(1);

/// The requests to send, their target, and their pace.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The address that requests are sent to.
    pub target: Target,
    /// The uploads, which are sent in turn. There must be at least one.
    pub uploads: Vec<Upload>,
    /// The number of clients. In an open loop, this is the maximum number of requests in flight.
    pub clients: u32,
    /// The number of the first client; the others are numbered consecutively.
    pub first_client: u32,
    /// When to stop.
    pub until: Until,
    /// Requests per second of all clients together, independent of answers (open loop); `None` for a closed loop.
    pub rate: Option<f64>,
    /// Whether clients keep their connections.
    pub reuse: bool,
    /// The number of requests that each client sends first and that are not measured.
    pub warm_up: u32,
    /// The common start of all clients; `None` to start at once. Samples of clients that start more than a second later
    /// are marked.
    pub start_at: Option<SystemTime>,
    /// The time that a client of a closed loop pauses after an answer.
    pub think_time: Duration,
    /// The number of times that a shed request (429, 503) is retried.
    pub retries: u32,
    /// The time that a client waits for an answer.
    pub timeout: Duration,
}

/// The condition on which clients stop.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After this number of requests per client.
    Requests(u64),
    /// After this time. No request starts later.
    Elapsed(Duration),
}

impl Until {
    fn is_reached(self, seq: u64, elapsed: Duration) -> bool {
        match self {
            Self::Requests(count) => seq >= count,
            Self::Elapsed(duration) => elapsed >= duration,
        }
    }
}

/// Starts the clients. The channel closes when the last client has finished.
#[must_use]
pub fn run(plan: Plan) -> UnboundedReceiver<Sample> {
    let (samples, receiver) = unbounded_channel();
    let shared = Arc::new(Shared {
        barrier: Barrier::new(plan.clients as usize),
        start: OnceCell::new(),
        plan,
    });
    for number in 0..shared.plan.clients {
        tokio::spawn(run_client(number, Arc::clone(&shared), samples.clone()));
    }
    receiver
}

#[derive(Debug)]
struct Shared {
    plan: Plan,
    barrier: Barrier,
    start: OnceCell<Start>,
}

/// The common start of all clients.
#[derive(Debug)]
struct Start {
    at: Instant,
    unix: Duration,
    is_late: bool,
    /// The requests as they become due, in an open loop.
    due: Option<Mutex<UnboundedReceiver<Turn>>>,
}

/// The number of a request, and its scheduled start.
type Turn = (u64, Instant);

impl Start {
    #[expect(
        clippy::disallowed_methods,
        reason = "clients on several machines share only the wall clock"
    )]
    async fn new(plan: &Plan) -> Self {
        let now = SystemTime::now();
        let start_at = plan.start_at.unwrap_or(now);
        tokio::time::sleep(start_at.duration_since(now).unwrap_or_default()).await;
        let at = Instant::now();
        Self {
            at,
            unix: SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(),
            is_late: start_at + PUNCTUAL < SystemTime::now(),
            due: plan
                .rate
                .map(|rate| Mutex::new(keep_pace(at, rate, plan.until, plan.clients))),
        }
    }

    fn unix_ns(&self, at: Instant) -> u64 {
        let since = self.unix + at.saturating_duration_since(self.at);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Sends the turn of each request when it is due. This uses a thread, since the runtime's timer has a resolution of 1
/// ms.
fn keep_pace(at: Instant, rate: f64, until: Until, clients: u32) -> UnboundedReceiver<Turn> {
    let (turns, receiver) = unbounded_channel();
    let until = match until {
        Until::Requests(count) => Until::Requests(count.saturating_mul(clients.into())),
        elapsed @ Until::Elapsed(_) => elapsed,
    };
    thread::spawn(move || {
        for seq in 0.. {
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
            let offset = Duration::from_secs_f64(seq as f64 / rate);
            if until.is_reached(seq, offset) {
                break;
            }
            thread::sleep((at + offset).saturating_duration_since(Instant::now()));
            if turns.send((seq, at + offset)).is_err() {
                break;
            }
        }
    });
    receiver
}

async fn run_client(number: u32, shared: Arc<Shared>, samples: UnboundedSender<Sample>) {
    let plan = &shared.plan;
    let mut client = Client::new(plan.target.clone(), plan.reuse, plan.timeout);
    for _ in 0..plan.warm_up {
        // An error here will occur again where it is counted.
        drop(client.post(&plan.uploads[0]).await);
    }
    shared.barrier.wait().await;
    let start = shared.start.get_or_init(|| Start::new(plan)).await;
    for count in 0.. {
        let turn = match &start.due {
            Some(due) => due.lock().await.recv().await,
            None => Some((count, Instant::now()))
                .filter(|(seq, now)| !plan.until.is_reached(*seq, now.duration_since(start.at))),
        };
        let Some((seq, intended)) = turn else { break };
        let (sent, mut sample) = plan.send(&mut client, number, seq).await;
        sample.client = plan.first_client + number;
        sample.seq = seq;
        sample.intended_ns = start.unix_ns(intended);
        sample.start_ns = start.unix_ns(sent);
        sample.late = start.is_late;
        let is_answered = sample.status != 0;
        if samples.send(sample).is_err() {
            break;
        }
        if !is_answered {
            // A server that does not answer is not retried immediately.
            tokio::time::sleep(Duration::from_millis(100)).await;
        } else if plan.rate.is_none() && !plan.think_time.is_zero() {
            tokio::time::sleep(plan.think_time).await;
        }
    }
}

impl Plan {
    /// Sends a request, and retries it while it is shed. Returns the start of the last attempt, and its outcome.
    async fn send(&self, client: &mut Client, number: u32, seq: u64) -> (Instant, Sample) {
        let turn = seq.wrapping_add(u64::from(number)) % self.uploads.len() as u64;
        let upload = &self.uploads[usize::try_from(turn).expect("less than a length")];
        let mut shed = 0;
        loop {
            let start = Instant::now();
            let answer = client.post(upload).await;
            if let Ok(answer) = &answer
                && let Some(pause) = retry_after(answer)
                // A pause longer than the timeout counts as no pause at all.
                && pause <= self.timeout
                && shed < self.retries
            {
                shed += 1;
                tokio::time::sleep(pause).await;
                continue;
            }
            let mut sample = answer.map_or_else(
                |error| Sample {
                    error: Some(error),
                    total_us: micros(start.elapsed()),
                    ..Sample::default()
                },
                |answer| answered(&answer),
            );
            sample.bytes_up = upload.size();
            sample.shed = shed;
            return (start, sample);
        }
    }
}

fn answered(answer: &Answer) -> Sample {
    let timing = answer.header(&SERVER_TIMING).unwrap_or_default();
    Sample {
        connect_us: micros(answer.connect),
        ttfb_us: micros(answer.first_byte),
        total_us: micros(answer.total),
        status: answer.status.as_u16(),
        bytes_down: answer.body.len() as u64,
        replica: answer.header(&REPLICA).map(str::to_owned),
        server_queue_us: server_timing(timing, "queue"),
        server_convert_us: server_timing(timing, "convert"),
        error: answer.check().err(),
        ..Sample::default()
    }
}

/// Returns the pause before the next attempt if the server is overloaded: the time that it names, or a second.
fn retry_after(answer: &Answer) -> Option<Duration> {
    matches!(
        answer.status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
    .then(|| {
        let text = answer.header(&RETRY_AFTER);
        text.and_then(pause).unwrap_or(Duration::from_secs(1))
    })
}

/// Parses a number of seconds, or a date (RFC 9110, 10.2.3).
#[expect(clippy::disallowed_methods, reason = "dates are wall-clock times")]
fn pause(retry_after: &str) -> Option<Duration> {
    let seconds = retry_after.parse().map(Duration::from_secs);
    seconds.ok().or_else(|| {
        let date = httpdate::parse_http_date(retry_after).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    })
}

/// Returns the duration of a metric in a Server-Timing header (W3C Server Timing, 3), in microseconds. The header has
/// milliseconds.
fn server_timing(header: &str, metric: &str) -> Option<u64> {
    let entry = header.split(',').find_map(|entry| {
        let (name, parameters) = entry.trim().split_once(';')?;
        (name.trim() == metric).then_some(parameters)
    })?;
    let milliseconds: f64 = entry
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("dur="))?
        .parse()
        .ok()?;
    Duration::try_from_secs_f64(milliseconds / 1000.0)
        .ok()
        .map(micros)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "dates are wall-clock times")]
    fn retry_after_is_a_number_of_seconds_or_a_date() {
        let in_an_hour = SystemTime::now() + Duration::from_secs(3600);
        let wait = pause(&httpdate::fmt_http_date(in_an_hour)).unwrap();
        assert!((3000..=3600).contains(&wait.as_secs()), "{wait:?}");
        assert_eq!(pause("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(pause("7"), Some(Duration::from_secs(7)));
        assert_eq!(pause("soon"), None);
    }

    #[test]
    fn server_timing_metrics_are_found_by_name() {
        let header = "queue;dur=0.25, read;dur=3;desc=\"the body\", convert;desc=x;dur=1.5";
        assert_eq!(server_timing(header, "queue"), Some(250));
        assert_eq!(server_timing(header, "convert"), Some(1500));
        assert_eq!(server_timing(header, "dur"), None);
        assert_eq!(server_timing("convert;dur=nonsense", "convert"), None);
        assert_eq!(server_timing("", "convert"), None);
    }
}
