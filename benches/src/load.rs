//! Clients that ask at the same time: each after its answer (closed loop), or all at a constant rate (open loop).

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

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where requests go.
    pub target: Target,
    /// What is sent, in turn. At least one.
    pub uploads: Vec<Upload>,
    /// How many clients; in an open loop, how many requests can be under way.
    pub clients: u32,
    /// Number of the first client.
    pub first_client: u32,
    /// When to stop.
    pub end: End,
    /// Requests a second of all clients together, whether answers come or not; nothing for a closed loop.
    pub rate: Option<f64>,
    /// Whether a client keeps its connection.
    pub reuse: bool,
    /// Requests of each client that are not measured, before all start together.
    pub warm_up: u32,
    /// When all start.
    pub start_at: Option<SystemTime>,
    /// How long a client rests after an answer, in a closed loop.
    pub think_time: Duration,
    /// How often a request that was shed is sent again.
    pub retries: u32,
    /// How long to wait for an answer.
    pub timeout: Duration,
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// After so many requests of each client.
    Requests(u64),
    /// When no request may start any more.
    After(Duration),
}

impl End {
    fn is_at(self, seq: u64, elapsed: Duration) -> bool {
        match self {
            Self::Requests(count) => seq >= count,
            Self::After(duration) => elapsed >= duration,
        }
    }
}

/// Starts the clients. The channel closes when the last of them is done.
#[must_use]
pub fn run(plan: Plan) -> UnboundedReceiver<Sample> {
    let (samples, receiver) = unbounded_channel();
    let shared = Arc::new(Shared {
        barrier: Barrier::new(plan.clients as usize),
        beginning: OnceCell::new(),
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
    beginning: OnceCell<Beginning>,
}

/// Where all start together.
#[derive(Debug)]
struct Beginning {
    at: Instant,
    unix: Duration,
    /// The requests of an open loop, as they become due.
    due: Option<Mutex<UnboundedReceiver<Turn>>>,
}

/// A request's number, and when it is meant to start.
type Turn = (u64, Instant);

impl Beginning {
    async fn new(plan: &Plan) -> Self {
        let wait = plan
            .start_at
            .and_then(|at| at.duration_since(SystemTime::now()).ok());
        tokio::time::sleep(wait.unwrap_or_default()).await;
        let at = Instant::now();
        Self {
            at,
            unix: SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(),
            due: plan
                .rate
                .map(|rate| Mutex::new(keep_pace(at, rate, plan.end, plan.clients))),
        }
    }

    fn unix_ns(&self, at: Instant) -> u64 {
        let since = self.unix + at.saturating_duration_since(self.at);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Says when requests are due. A thread of its own, since the runtime's timer is a millisecond coarse.
fn keep_pace(at: Instant, rate: f64, end: End, clients: u32) -> UnboundedReceiver<Turn> {
    let (turns, receiver) = unbounded_channel();
    let end = match end {
        End::Requests(count) => End::Requests(count.saturating_mul(clients.into())),
        after @ End::After(_) => after,
    };
    thread::spawn(move || {
        for seq in 0.. {
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
            let offset = Duration::from_secs_f64(seq as f64 / rate);
            if end.is_at(seq, offset) {
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
        // What goes wrong here goes wrong again when it is counted.
        drop(client.post(&plan.uploads[0]).await);
    }
    shared.barrier.wait().await;
    let beginning = shared.beginning.get_or_init(|| Beginning::new(plan)).await;
    for count in 0.. {
        let turn = match &beginning.due {
            Some(due) => due.lock().await.recv().await,
            None => Some((count, Instant::now()))
                .filter(|(seq, now)| !plan.end.is_at(*seq, now.duration_since(beginning.at))),
        };
        let Some((seq, intended)) = turn else { break };
        let (start, mut sample) = plan.ask(&mut client, number, seq).await;
        sample.client = plan.first_client + number;
        sample.seq = seq;
        sample.intended_ns = beginning.unix_ns(intended);
        sample.start_ns = beginning.unix_ns(start);
        let is_answered = sample.status != 0;
        if samples.send(sample).is_err() {
            break;
        }
        if !is_answered {
            // A server that is away is not asked again at once.
            tokio::time::sleep(Duration::from_millis(100)).await;
        } else if plan.rate.is_none() && !plan.think_time.is_zero() {
            tokio::time::sleep(plan.think_time).await;
        }
    }
}

impl Plan {
    /// Sends until it is not shed. Returns when the last attempt started, and what came of it.
    async fn ask(&self, client: &mut Client, number: u32, seq: u64) -> (Instant, Sample) {
        let turn = seq.wrapping_add(u64::from(number)) % self.uploads.len() as u64;
        let upload = &self.uploads[usize::try_from(turn).expect("less than a length")];
        let mut shed = 0;
        loop {
            let start = Instant::now();
            let answer = client.post(upload).await;
            if let Ok(answer) = &answer
                && let Some(pause) = retry_after(answer)
                // Who is told to wait longer than for an answer gives up.
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

/// How long to wait before another attempt, if the server is full: a second unless it says something else.
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

/// A number of seconds, or a date (RFC 9110 10.2.3).
fn pause(retry_after: &str) -> Option<Duration> {
    let seconds = retry_after.parse().map(Duration::from_secs);
    seconds.ok().or_else(|| {
        let date = httpdate::parse_http_date(retry_after).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    })
}

/// The duration of a metric in a Server-Timing header (W3C Server Timing 3), which is in milliseconds.
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
    fn a_server_names_a_pause_or_a_date() {
        let in_a_minute = SystemTime::now() + Duration::from_secs(60);
        let wait = pause(&httpdate::fmt_http_date(in_a_minute)).unwrap();
        assert!((55..=60).contains(&wait.as_secs()), "{wait:?}");
        assert_eq!(pause("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(pause("7"), Some(Duration::from_secs(7)));
        assert_eq!(pause("soon"), None);
    }

    #[test]
    fn a_server_s_timing_is_found_by_its_name() {
        let header = "queue;dur=0.25, read;dur=3;desc=\"the body\", convert;desc=x;dur=1.5";
        assert_eq!(server_timing(header, "queue"), Some(250));
        assert_eq!(server_timing(header, "convert"), Some(1500));
        assert_eq!(server_timing(header, "dur"), None);
        assert_eq!(server_timing("convert;dur=nonsense", "convert"), None);
        assert_eq!(server_timing("", "convert"), None);
    }
}
