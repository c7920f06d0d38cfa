//! The load generator, measured: against servers whose delays are known.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use hdrhistogram::Histogram;
use pdfmagic_benches::client::{Target, Upload};
use pdfmagic_benches::load::{End, Plan, run};
use pdfmagic_benches::sample::Sample;
use pdfmagic_benches::tally::Tally;
use tokio::net::TcpListener;

const PDF: &str = "%PDF-1.7\n/Count 1\n%%EOF\n";

async fn serve(app: Router) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    target
}

fn plan(target: Target) -> Plan {
    Plan {
        target,
        uploads: vec![Upload::form(b"any file will do")],
        clients: 1,
        first_client: 0,
        end: End::Requests(1),
        rate: None,
        reuse: true,
        warm_up: 0,
        start_at: None,
        think_time: Duration::ZERO,
        retries: 0,
        timeout: Duration::from_secs(20),
    }
}

async fn samples(plan: Plan) -> Vec<Sample> {
    let mut receiver = run(plan);
    let mut samples = Vec::new();
    while let Some(sample) = receiver.recv().await {
        samples.push(sample);
    }
    samples
}

#[tokio::test(flavor = "multi_thread")]
async fn percentiles_are_those_of_the_server_within_two_percent() {
    #[derive(Clone)]
    struct Delays {
        next: Arc<AtomicU32>,
        taken: Arc<Mutex<Histogram<u64>>>,
    }
    async fn answer(State(delays): State<Delays>) -> &'static str {
        let start = Instant::now();
        // From 100 to 300 ms, each equally often, in no order.
        let turn = delays.next.fetch_add(1, Ordering::Relaxed) * 77 % 201;
        tokio::time::sleep(Duration::from_millis(u64::from(100 + turn))).await;
        let taken = u64::try_from(start.elapsed().as_micros()).unwrap();
        delays.taken.lock().unwrap().record(taken).unwrap();
        PDF
    }
    let taken = Arc::new(Mutex::new(Histogram::new(3).unwrap()));
    let delays = Delays {
        next: Arc::default(),
        taken: Arc::clone(&taken),
    };
    let target = serve(Router::new().route("/", post(answer)).with_state(delays)).await;
    let samples = samples(Plan {
        clients: 16,
        end: End::Requests(20),
        ..plan(target)
    })
    .await;
    let summary = Tally::from_iter(&samples).report().service;
    let taken = taken.lock().unwrap();
    assert_eq!((samples.len(), taken.len()), (320, 320));
    for (percentile, actual) in [
        (50.0, summary.p50),
        (90.0, summary.p90),
        (95.0, summary.p95),
        (99.0, summary.p99),
    ] {
        let micros = u32::try_from(taken.value_at_percentile(percentile)).unwrap();
        let expected = f64::from(micros) / 1000.0;
        assert!(
            (actual / expected - 1.0).abs() < 0.02,
            "p{percentile}: {actual} ms, but the server took {expected} ms"
        );
    }
    assert!((150.0..300.0).contains(&summary.p50), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_loop_reports_a_stall_that_a_closed_loop_hides() {
    /// Answers at once, but for a second in the middle.
    async fn answer(State(begin): State<Instant>) -> &'static str {
        let (from, to) = (Duration::from_secs(1), Duration::from_secs(2));
        if begin.elapsed() >= from {
            tokio::time::sleep(to.saturating_sub(begin.elapsed())).await;
        }
        PDF
    }
    let stalling = || {
        serve(
            Router::new()
                .route("/", post(answer))
                .with_state(Instant::now()),
        )
    };
    let three_seconds = End::After(Duration::from_secs(3));

    let closed = samples(Plan {
        end: three_seconds,
        think_time: Duration::from_millis(10),
        ..plan(stalling().await)
    })
    .await;
    let open = samples(Plan {
        end: three_seconds,
        rate: Some(100.0),
        ..plan(stalling().await)
    })
    .await;

    let closed = Tally::from_iter(&closed).report();
    let open = Tally::from_iter(&open).report();
    assert_eq!(open.answered, 300);
    // A third of the users came during the stall, and waited half of it on average: p90 is 0.7 s.
    assert!(open.response.p90 > 500.0, "open loop: {open}");
    // Who waits for each answer asked once during the stall.
    assert!(closed.service.p90 < 100.0, "closed loop: {closed}");
    assert!(open.service.p90 < 100.0, "open loop: {open}");
}

#[tokio::test]
async fn a_shed_request_is_sent_again_and_counted_apart() {
    async fn answer(State(count): State<Arc<AtomicU32>>) -> Response {
        if count.fetch_add(1, Ordering::Relaxed) < 2 {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, "0")],
            )
                .into_response()
        } else {
            PDF.into_response()
        }
    }
    let app = || {
        Router::new()
            .route("/", post(answer))
            .with_state(Arc::default())
    };
    let patient = samples(Plan {
        retries: 2,
        ..plan(serve(app()).await)
    })
    .await;
    assert_eq!((patient[0].shed, patient[0].status), (2, 200));
    let impatient = samples(Plan {
        retries: 1,
        ..plan(serve(app()).await)
    })
    .await;
    let report = Tally::from_iter(&impatient).report();
    assert_eq!((report.answered, report.shed, report.failed), (0, 2, 0));
}

#[tokio::test]
async fn nobody_waits_for_a_server_longer_than_the_timeout() {
    let later = [(header::RETRY_AFTER, "1000000")];
    let answer = (StatusCode::SERVICE_UNAVAILABLE, later);
    let app = Router::new().route("/", post(async move || answer));
    let told_to_wait = samples(Plan {
        retries: 3,
        ..plan(serve(app).await)
    })
    .await;
    assert_eq!((told_to_wait[0].shed, told_to_wait[0].status), (0, 503));

    let never = post(std::future::pending::<&str>);
    let silent = samples(Plan {
        timeout: Duration::from_millis(200),
        ..plan(serve(Router::new().route("/", never)).await)
    })
    .await;
    assert_eq!(silent[0].error.as_deref(), Some("no answer within 200ms"));
}

#[tokio::test]
async fn a_redirect_is_followed_and_what_the_server_says_is_kept() {
    let app = Router::new()
        .route("/", post(async || Redirect::to("/Download/7")))
        .route(
            "/Download/7",
            get(async || {
                let told = [
                    ("pdfmagic-replica", "a"),
                    ("server-timing", "queue;dur=1, convert;dur=2.5"),
                ];
                (told, PDF)
            }),
        );
    let samples = samples(plan(serve(app).await)).await;
    assert_eq!(samples[0].error, None);
    assert_eq!(samples[0].replica.as_deref(), Some("a"));
    assert_eq!(samples[0].server_queue_us, Some(1000));
    assert_eq!(samples[0].server_convert_us, Some(2500));
}

#[tokio::test]
async fn what_warms_the_server_up_is_not_measured() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = async |State(asked): State<Arc<AtomicU32>>| {
        asked.fetch_add(1, Ordering::Relaxed);
        PDF
    };
    let app = Router::new().route("/", post(count));
    let target = serve(app.with_state(Arc::clone(&asked))).await;
    let samples = samples(Plan {
        warm_up: 3,
        clients: 2,
        end: End::Requests(5),
        ..plan(target)
    })
    .await;
    assert_eq!((samples.len(), asked.load(Ordering::Relaxed)), (10, 16));
}

#[tokio::test]
async fn a_connection_is_kept_or_opened_for_each_request() {
    let target = serve(Router::new().route("/", post(async || PDF))).await;
    let connects = async |reuse| {
        let plan = Plan {
            reuse,
            warm_up: 1,
            end: End::Requests(10),
            ..plan(target.clone())
        };
        let samples = samples(plan).await;
        samples
            .iter()
            .filter(|sample| sample.connect_us > 0)
            .count()
    };
    assert_eq!(connects(true).await, 0);
    assert_eq!(connects(false).await, 10);
}

#[tokio::test]
async fn what_is_no_pdf_or_no_server_is_an_error() {
    let target = serve(Router::new().route("/", post(async || "<html>"))).await;
    let wrong = samples(plan(target)).await;
    assert_eq!(wrong[0].error.as_deref(), Some("the answer is not a PDF"));
    // Port 1 is nobody's.
    let away = samples(plan(Target::parse("127.0.0.1:1").unwrap())).await;
    let error = away[0].error.as_deref().unwrap();
    assert!(
        error.starts_with("cannot connect to 127.0.0.1:1"),
        "{error}"
    );
    assert_eq!(away[0].status, 0);
}
