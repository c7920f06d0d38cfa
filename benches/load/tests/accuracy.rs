//! Tests that samples are correct, by comparing them with what servers of known behavior observed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use pdfmagic_load::client::{Target, Upload};
use pdfmagic_load::generator::{Plan, Until, run};
use pdfmagic_load::sample::Sample;
use pdfmagic_load::tally::Tally;
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
        until: Until::Requests(1),
        rate: None,
        reuse: true,
        warm_up: 0,
        start_at: None,
        think_time: Duration::ZERO,
        retries: 0,
        timeout: Duration::from_secs(600),
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
async fn measured_times_include_the_server_time_and_fit_into_the_run() {
    /// Takes 5 to 55 ms, and reports how long it took.
    async fn answer(State(next): State<Arc<AtomicU32>>) -> impl IntoResponse {
        let start = Instant::now();
        let turn = next.fetch_add(1, Ordering::Relaxed) * 7 % 51;
        tokio::time::sleep(Duration::from_millis(u64::from(5 + turn))).await;
        let taken = start.elapsed().as_secs_f64() * 1000.0;
        ([("server-timing", format!("convert;dur={taken}"))], PDF)
    }
    let target = serve(
        Router::new()
            .route("/", post(answer))
            .with_state(Arc::default()),
    )
    .await;
    let start = Instant::now();
    let samples = samples(Plan {
        clients: 8,
        until: Until::Requests(20),
        ..plan(target)
    })
    .await;
    let run = start.elapsed();
    assert_eq!(samples.len(), 160);
    for sample in &samples {
        // Both times are truncated to whole microseconds.
        assert!(
            sample.total_us + 1 >= sample.server_convert_us.unwrap(),
            "{sample:?}"
        );
        assert!(sample.connect_us <= sample.ttfb_us && sample.ttfb_us <= sample.total_us);
    }
    // Requests of one client do not overlap.
    for client in 0..8 {
        let of_client = samples.iter().filter(|sample| sample.client == client);
        let total: Duration = of_client.map(Sample::service_time).sum();
        assert!(total <= run, "client {client}: {total:?} of {run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_loop_reports_a_stall_that_a_closed_loop_hides() {
    const STALL: Duration = Duration::from_secs(1);
    /// Answers at once, except the fiftieth request.
    async fn answer(State(next): State<Arc<AtomicU32>>) -> &'static str {
        if next.fetch_add(1, Ordering::Relaxed) == 50 {
            tokio::time::sleep(STALL).await;
        }
        PDF
    }
    let stalling = || {
        serve(
            Router::new()
                .route("/", post(answer))
                .with_state(Arc::default()),
        )
    };
    let closed = samples(Plan {
        until: Until::Requests(200),
        ..plan(stalling().await)
    })
    .await;
    let open = samples(Plan {
        until: Until::Requests(200),
        rate: Some(100.0),
        ..plan(stalling().await)
    })
    .await;
    assert_eq!((closed.len(), open.len()), (200, 200));
    // Half of the hundred requests that were due during the stall waited for at least half of it.
    let waited = open
        .iter()
        .filter(|sample| sample.response_time() >= STALL / 2);
    assert!(waited.count() >= 50);
    // The single client sent none of these requests until the stall was over, so only one service time contains it.
    assert!(open[50].service_time() >= STALL && closed[50].service_time() >= STALL);
    // A closed loop schedules nothing before the answer, so its response times cannot contain the stall of another
    // request.
    for pair in closed.windows(2) {
        assert!(pair[1].intended_ns >= pair[0].start_ns + pair[0].total_us * 1000);
    }
}

#[tokio::test]
async fn shed_requests_are_retried_and_counted_separately() {
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
    let summary = Tally::from_iter(&impatient).summary();
    assert_eq!((summary.answered, summary.shed, summary.failed), (0, 2, 0));
}

#[tokio::test]
async fn a_client_waits_no_longer_than_the_timeout() {
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
async fn a_redirect_is_followed_and_the_answer_s_headers_are_recorded() {
    let app = Router::new()
        .route("/", post(async || Redirect::to("/Download/7")))
        .route(
            "/Download/7",
            get(async || {
                let headers = [
                    ("pdfmagic-replica", "a"),
                    ("server-timing", "queue;dur=1, convert;dur=2.5"),
                ];
                (headers, PDF)
            }),
        );
    let samples = samples(plan(serve(app).await)).await;
    assert_eq!(samples[0].error, None);
    assert_eq!(samples[0].replica.as_deref(), Some("a"));
    assert_eq!(samples[0].server_queue_us, Some(1000));
    assert_eq!(samples[0].server_convert_us, Some(2500));
}

#[tokio::test]
async fn warm_up_requests_are_not_measured() {
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
        until: Until::Requests(5),
        ..plan(target)
    })
    .await;
    assert_eq!((samples.len(), asked.load(Ordering::Relaxed)), (10, 16));
}

#[tokio::test]
async fn connections_are_reused_or_opened_for_each_request() {
    let target = serve(Router::new().route("/", post(async || PDF))).await;
    let connects = async |reuse| {
        let plan = Plan {
            reuse,
            warm_up: 1,
            until: Until::Requests(10),
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
async fn non_pdf_answers_and_unreachable_servers_are_errors() {
    let target = serve(Router::new().route("/", post(async || "<html>"))).await;
    let wrong = samples(plan(target)).await;
    assert_eq!(wrong[0].error.as_deref(), Some("the answer is not a PDF"));
    // Nothing listens on port 1.
    let missing = samples(plan(Target::parse("127.0.0.1:1").unwrap())).await;
    let error = missing[0].error.as_deref().unwrap();
    assert!(
        error.starts_with("cannot connect to 127.0.0.1:1"),
        "{error}"
    );
    assert_eq!(missing[0].status, 0);
}
