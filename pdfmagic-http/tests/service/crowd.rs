//! Tests that a thousand clients of all kinds take no more memory than the budget.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::jpeg;
use super::memory::{BESIDE, BUDGET, MIB, big};
use super::running::{Answer, Service};

/// The behavior of a client with a body of 20 MB.
#[derive(Debug, Clone, Copy)]
enum Client {
    Honest,
    /// It sends at once, and does not read the answer for a while.
    SlowReader,
    /// It sends a little from time to time.
    SlowWriter,
    /// It announces 20 MB, and sends one.
    Liar,
    /// It does not announce the size.
    Chunked,
    /// It requests work that decodes the image.
    Decoding,
}

impl Client {
    const ALL: [Self; 6] = [
        Self::Honest,
        Self::SlowReader,
        Self::SlowWriter,
        Self::Liar,
        Self::Chunked,
        Self::Decoding,
    ];

    /// Runs the client. Returns the status of its answer.
    async fn run(self, service: std::net::SocketAddr, big: &[u8]) -> std::io::Result<u16> {
        let (answers, mut stream) = TcpStream::connect(service).await?.into_split();
        let path = match self {
            Self::Decoding => "/v1/pdf?backend=reencode",
            _ => "/v1/pdf",
        };
        let length = match self {
            Self::Chunked => "Transfer-Encoding: chunked".to_owned(),
            _ => format!("Content-Length: {}", big.len()),
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: image/jpeg\r\n{length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut reading = tokio::spawn(async move {
            if matches!(self, Self::SlowReader) {
                sleep(Duration::from_secs(2)).await;
            }
            read(answers).await
        });
        // Like most clients, it stops sending once there is an answer.
        let answer = tokio::select! {
            answer = &mut reading => answer,
            Ok(()) = self.send(&mut stream, big) => reading.await,
        };
        let answer = answer.expect("the reader does not panic")?;
        match answer.status {
            200 => assert!(answer.body.starts_with(b"%PDF") && answer.body.ends_with(b"%%EOF\n")),
            503 => assert!(answer.header("retry-after").is_some()),
            // On a busy machine, any client may be too slow.
            408 => {}
            other => panic!("{self:?} got {other}: {}", answer.text()),
        }
        Ok(answer.status)
    }

    async fn send(self, stream: &mut OwnedWriteHalf, big: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Honest | Self::Decoding | Self::SlowReader => stream.write_all(big).await,
            Self::SlowWriter => {
                for chunk in big.chunks(1_000_000) {
                    stream.write_all(chunk).await?;
                    sleep(Duration::from_millis(100)).await;
                }
                Ok(())
            }
            Self::Liar => stream.write_all(&big[..1_000_000]).await,
            Self::Chunked => {
                for chunk in big.chunks(100_000) {
                    let size = format!("{:x}\r\n", chunk.len());
                    stream.write_all(size.as_bytes()).await?;
                    stream.write_all(chunk).await?;
                    stream.write_all(b"\r\n").await?;
                }
                stream.write_all(b"0\r\n\r\n").await
            }
        }
    }
}

/// Reads an answer with a Content-Length.
async fn read(mut stream: OwnedReadHalf) -> std::io::Result<Answer> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if bytes.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    let length: usize = Answer::parse(&bytes)
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .expect("the length is stated");
    let head = bytes
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .expect("it was found")
        + 4;
    bytes.reserve(length);
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Answer::parse(&bytes))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_with_20_mb_each_take_no_more_than_the_budget() {
    let budget = BUDGET.to_string();
    let service = Service::start(&[
        "--memory-budget",
        &budget,
        "--stall-timeout=5",
        "--convert-timeout=3600",
        "--grace=9000",
    ]);
    let (fds, tasks) = (
        service.metric("process_open_fds"),
        service.metric("pdfmagic_tasks"),
    );
    let big: &'static [u8] = Box::leak(big().into_boxed_slice());
    let mut clients = JoinSet::new();
    for client in Client::ALL.into_iter().cycle().take(1000) {
        let run = client.run(service.address, big);
        clients.spawn(timeout(Duration::from_secs(600), run));
    }
    let (mut converted, mut shed, mut torn) = (0, 0, 0);
    while let Some(done) = clients.join_next().await {
        match done
            .expect("no client panics")
            .expect("no client waits for ever")
        {
            Ok(200) => converted += 1,
            Ok(_) => shed += 1,
            Err(_) => torn += 1,
        }
    }
    let peak = service.peak();
    assert!(
        peak <= BUDGET + BESIDE,
        "{} MiB, {converted} converted, {shed} shed",
        peak / MIB
    );
    assert!(
        converted > 0 && shed > 0,
        "{converted} converted, {shed} shed"
    );
    println!(
        "peak {} MiB, {converted} converted, {shed} shed, {torn} torn",
        peak / MIB
    );
    // All memory is freed.
    service.until(|| service.metric("pdfmagic_inflight_bytes") == 0);
    service.until(|| service.metric("process_open_fds") <= fds);
    service.until(|| service.metric("pdfmagic_tasks") <= tasks);
    // Only the allocator's memory for the connections' buffers remains.
    service.until(|| service.metric("process_resident_memory_bytes") <= 80 * MIB);
    assert_eq!(
        service.send("POST /v1/pdf", "image/jpeg", &jpeg(1)).pages(),
        1
    );
}
