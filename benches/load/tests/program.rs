//! Tests the load generator as a program.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use pdfmagic_load::sample::Recording;
use serde_json::Value;
use tokio::net::TcpListener;

const PDF: &str = "%PDF-1.7\n/Count 1\n%%EOF\n";

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    address
}

/// Runs `pdfmagic-load` with these arguments, small pictures and no warm-up.
fn load(words: &[&str]) -> Output {
    tokio::task::block_in_place(|| {
        Command::new(env!("CARGO_BIN_EXE_pdfmagic-load"))
            .args(words)
            .args(["--size", "16x16", "--warm-up", "0"])
            .output()
            .unwrap()
    })
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_threshold_is_reported_and_fails_the_run() {
    let slow = async || {
        tokio::time::sleep(Duration::from_millis(20)).await;
        PDF
    };
    let right = serve(Router::new().route("/", post(slow)))
        .await
        .to_string();
    let wrong = serve(Router::new().route("/", post(async || "<html>")));
    let wrong = wrong.await.to_string();
    for (words, missed) in [
        (&[&right, "5", "2", "--max-p99", "1e9"][..], ""),
        (&[&right, "5", "--max-p99", "10"], "above --max-p99 10"),
        (&[&wrong, "5"], "5 of 5 requests failed"),
        (
            &[&wrong, "5", "--max-error-rate", "1"],
            "no request was answered",
        ),
    ] {
        let run = load(words);
        assert_eq!(
            run.status.success(),
            missed.is_empty(),
            "{words:?}: {run:?}"
        );
        assert!(text(&run.stderr).contains(missed), "{words:?}: {run:?}");
        assert_eq!(
            run.stderr.is_empty(),
            missed.is_empty(),
            "{words:?}: {run:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_progress_and_then_the_summary() {
    // The second answer waits until the first one is shown.
    let (first_shown, wait) = tokio::sync::watch::channel(false);
    let count = Arc::new(AtomicU32::new(0));
    let answer = async move || {
        if count.fetch_add(1, Ordering::Relaxed) > 0 {
            let _ = wait.clone().wait_for(|shown| *shown).await;
        }
        PDF
    };
    let address = serve(Router::new().route("/", post(answer))).await;
    let load = env!("CARGO_BIN_EXE_pdfmagic-load");
    // `script` provides a pseudo terminal.
    let mut script = Command::new("script")
        .args(["--quiet", "--return", "--command"])
        .arg(format!("'{load}' {address} 2 --size 16x16 --warm-up 0"))
        .arg("/dev/null")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut terminal = BufReader::new(script.stdout.take().unwrap());
    tokio::task::block_in_place(|| {
        let mut read = |until: u8| {
            let mut text = Vec::new();
            assert!(terminal.read_until(until, &mut text).unwrap() > 0);
            String::from_utf8(text).unwrap()
        };
        while !read(b'd').ends_with("  1 answered") {}
        first_shown.send(true).unwrap();
        let rest = read(0);
        let (_, summary) = rest.rsplit_once("\r\x1b[K").unwrap();
        assert!(summary.starts_with("1 client, closed loop"), "{rest:?}");
        assert!(summary.contains("2 answered"), "{rest:?}");
        assert!(script.wait().unwrap().success());
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_requests_were_all_shed_fails() {
    let full = async || {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "0")],
        )
    };
    let address = serve(Router::new().route("/", post(full)))
        .await
        .to_string();
    let run = load(&[&address, "4", "--json"]);
    assert!(!run.status.success());
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    // Each request was sent four times.
    assert_eq!(
        (&report["shed"], &report["failed"]),
        (&16.into(), &0.into())
    );
    assert!(text(&run.stderr).contains("no request was answered"));
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "samples have a wall-clock time")]
async fn every_request_is_recorded_as_a_line_of_json() {
    let headers = [
        ("pdfmagic-replica", "a"),
        ("server-timing", "queue;dur=1, convert;dur=2"),
    ];
    let answer = async move |_: axum::body::Bytes| (headers, PDF).into_response();
    let address = serve(Router::new().route("/", post(answer)))
        .await
        .to_string();
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("run.jsonl");
    let before = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let before = u64::try_from(before).unwrap();
    load(&[
        &address,
        "3",
        "2",
        "--client-id",
        "7",
        "--output",
        output.to_str().unwrap(),
    ]);
    let lines = std::fs::read_to_string(&output).unwrap();
    let samples: Vec<Value> = lines
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(samples.len(), 6, "{lines}");
    let size = PDF.len() as u64;
    for sample in &samples {
        for (name, range) in [
            ("client", 7..=8),
            ("seq", 0..=2),
            ("connect_us", 1..=u64::MAX),
            ("ttfb_us", 1..=u64::MAX),
            ("total_us", 1..=u64::MAX),
            ("status", 200..=200),
            ("bytes_up", 300..=10_000),
            ("bytes_down", size..=size),
            ("server_queue_us", 1000..=1000),
            ("server_convert_us", 2000..=2000),
            ("shed", 0..=0),
        ] {
            let value = sample[name].as_u64();
            assert!(
                value.is_some_and(|value| range.contains(&value)),
                "{name}: {sample}"
            );
        }
        let [intended, start] =
            ["intended_ns", "start_ns"].map(|name| sample[name].as_u64().unwrap());
        assert!(before <= intended && intended <= start, "{sample}");
        assert_eq!(
            (&sample["replica"], &sample["error"]),
            (&"a".into(), &Value::Null)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_and_pace_are_as_requested() {
    // The server returns a description of the body as the name of the replica.
    let answer = async |headers: HeaderMap, body: Bytes| {
        let kind = headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        let starts_as_jpeg = body.starts_with(&[0xFF, 0xD8]);
        (
            [(
                "pdfmagic-replica",
                format!("{kind} {starts_as_jpeg} {}", body.len()),
            )],
            PDF,
        )
    };
    let address = serve(Router::new().route("/", post(answer)))
        .await
        .to_string();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("own.jpg");
    std::fs::write(&file, [0xFF, 0xD8, 0, 0]).unwrap();
    let sizes = |words: &[&str]| {
        let run = tokio::task::block_in_place(|| {
            Command::new(env!("CARGO_BIN_EXE_pdfmagic-load"))
                .args([&address, "--output=-", "--raw", "--warm-up=0"])
                .args(words)
                .output()
                .unwrap()
        });
        assert!(text(&run.stderr).contains(" answered"), "{run:?}");
        let recording = Recording::read(&run.stdout[..]).unwrap();
        let replicas = recording.samples.iter().map(|sample| {
            let size = sample
                .replica
                .as_deref()?
                .strip_prefix("image/jpeg true ")?;
            size.parse::<u32>().ok()
        });
        (replicas.map(Option::unwrap).collect::<Vec<_>>(), recording)
    };
    let (own, _) = sizes(&["2", "--files", file.to_str().unwrap()]);
    assert_eq!(own, [4, 4]);
    let [(noise, _), (photo, _)] =
        ["noise", "photo"].map(|what| sizes(&["1", "--size=160x120", "--picture", what]));
    assert!(noise[0] > 2 * photo[0], "{noise:?} {photo:?}");
    let (_, open) = sizes(&["20", "--size=16x16", "--rate=100"]);
    let due: Vec<_> = open
        .samples
        .iter()
        .map(|sample| sample.intended_ns)
        .collect();
    assert_eq!(open.run.rate, Some(100.0));
    for pair in due.windows(2) {
        assert!(
            (9_999_999..=10_000_001).contains(&(pair[1] - pair[0])),
            "{due:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concatenated_logs_of_clients_are_plotted_as_one_recording() {
    let address = serve(Router::new().route("/", post(async || PDF)))
        .await
        .to_string();
    let directory = tempfile::tempdir().unwrap();
    let gathered = directory.path().join("samples.jsonl");
    let logs =
        ["7", "8"].map(|client| load(&[&address, "3", "--output=-", "--client-id", client]).stdout);
    std::fs::write(&gathered, logs.concat()).unwrap();
    let stem = directory.path().join("picture");
    let plot = Command::new(env!("CARGO_BIN_EXE_pdfmagic-load"))
        .args(["plot", "clients", "--title=Both", "--output"])
        .args([&stem, &gathered])
        .output()
        .unwrap();
    assert!(plot.status.success(), "{plot:?}");
    let read = |extension| std::fs::read(stem.with_extension(extension)).unwrap();
    assert!(text(&read("svg")).contains("2 clients, closed loop"));
    assert!(read("png").starts_with(b"\x89PNG"));
    let csv = read("csv");
    let clients = text(&csv).lines().skip(1).map(|line| &line[..2]);
    assert_eq!(clients.collect::<String>(), "7,7,7,8,8,8,");
}

#[test]
fn numbers_outside_their_range_are_refused() {
    let seconds = "expected a number of seconds";
    for (word, values, reason) in [
        (
            "--duration",
            &["-1", "nan", "inf", "1e10", "soon"][..],
            seconds,
        ),
        (
            "--start-at",
            &["-1", "1e19", "START_AT"],
            "expected Unix seconds",
        ),
        ("--rate", &["0", "nan", "1e-300"], "expected a number from"),
        ("--clients", &["0"], "0 is not in"),
        (
            "--max-p99",
            &["nan", "-1", "inf"],
            "expected a number of milliseconds",
        ),
        (
            "--max-error-rate",
            &["5", "nan"],
            "expected a number from 0 to 1",
        ),
        ("--size", &["0x1", "1"], "expected WIDTHxHEIGHT"),
    ] {
        for value in values {
            let run = Command::new(env!("CARGO_BIN_EXE_pdfmagic-load"))
                .args(["127.0.0.1:1", &format!("{word}={value}")])
                .output()
                .unwrap();
            let error = text(&run.stderr).lines().next().unwrap();
            assert_eq!(run.status.code(), Some(2), "{error}");
            assert!(error.contains(word) && error.contains(reason), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "clients on several machines share only the wall clock"
)]
async fn a_late_client_is_reported_and_excluded() {
    let address = serve(Router::new().route("/", post(async || PDF)))
        .await
        .to_string();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let run = |name: &str, client: &str, start_at: &str| {
        let output = path(name);
        let words = [&address, "3", "--client-id", client, "--start-at", start_at];
        load(&[&words[..], &["--output", &output]].concat())
    };
    let late = run("late", "7", &(now - 5).to_string());
    assert!(late.status.success(), "{late:?}");
    assert!(text(&late.stderr).contains("started late"), "{late:?}");
    assert!(text(&late.stdout).contains("3 answered"), "{late:?}");
    // This is far enough ahead for a busy machine.
    let prompt = run("prompt", "8", &(now + 3).to_string());
    assert_eq!(text(&prompt.stderr), "");
    let tool = |words: &[&str]| {
        let both = ["late", "prompt"].map(path);
        Command::new(env!("CARGO_BIN_EXE_pdfmagic-load"))
            .args(words)
            .args(if words[0] == "merge" { &both[..] } else { &[] })
            .output()
            .unwrap()
    };
    let all = path("all");
    let merged = tool(&["merge", "--output", &all]);
    let summary = text(&merged.stdout);
    assert!(summary.contains("3 answered"), "{merged:?}");
    assert!(
        summary.ends_with("1 client was late and is left out\n"),
        "{merged:?}"
    );
    let stem = path("figure");
    let plot = |input: &str| tool(&["plot", "clients", "--output", &stem, input]);
    assert!(plot(&all).status.success());
    let csv = std::fs::read_to_string(stem.clone() + ".csv").unwrap();
    let clients = csv.lines().skip(1).map(|line| &line[..2]);
    assert_eq!(clients.collect::<String>(), "8,8,8,");
    let svg = std::fs::read_to_string(stem.clone() + ".svg").unwrap();
    assert!(
        svg.contains("n = 3, 1 client was late and is left out"),
        "{svg}"
    );
    let error = plot(&path("late")).stderr;
    assert!(text(&error).ends_with("no request was answered; 1 client was late and is left out\n"));
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "clients on several machines share only the wall clock"
)]
async fn simultaneous_runs_are_merged_with_all_samples() {
    let address = serve(Router::new().route("/", post(async || PDF)))
        .await
        .to_string();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let at = SystemTime::UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(2);
    let start_at = at.as_secs().to_string();
    let both = ["a", "b"].map(path);
    std::thread::scope(|scope| {
        for output in &both {
            scope.spawn(|| {
                Command::new(env!("CARGO_BIN_EXE_pdfmagic-load"))
                    .args([&address, "--duration", "2", "--think-time", "0.7"])
                    .args([
                        "--start-at",
                        &start_at,
                        "--size",
                        "16x16",
                        "--output",
                        output,
                    ])
                    .output()
                    .unwrap()
            });
        }
    });
    let merged = path("merged");
    let [a, b] = &both;
    let merge = Command::new(env!("CARGO_BIN_EXE_pdfmagic-load"))
        .args(["merge", a, b, "--output", &merged])
        .output()
        .unwrap();
    assert!(merge.status.success(), "{merge:?}");
    let read = |path: &String| Recording::read(&std::fs::read(path).unwrap()[..]).unwrap();
    let [a, b, all] = [a, b, &merged].map(read);
    assert_eq!(all.samples.len(), a.samples.len() + b.samples.len());
    assert!(text(&merge.stdout).contains(&format!("{} answered", all.samples.len())));
    for run in [a, b] {
        // Two seconds have room for two pauses.
        assert!((1..=3).contains(&run.samples.len()), "{run:?}");
        let starts = run.samples.iter().map(|sample| sample.start_ns);
        assert!(
            starts.min() >= Some(at.as_secs() * 1_000_000_000),
            "{run:?}"
        );
    }
}
