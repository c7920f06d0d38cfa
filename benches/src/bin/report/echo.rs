//! The service against what its stack does at best: an echo.

use std::fs;
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use pdfmagic_benches::client::Upload;
use pdfmagic_benches::image::{Picture, jpeg};
use pdfmagic_benches::page;
use tempfile::TempDir;

use crate::bench::{Bench, middle};
use crate::servers::{Kind, Server};

/// Has wrk send a file, and say how many answers came, in how many microseconds, and how many did not.
const SCRIPT: &str = r#"
wrk.method, wrk.body = "POST", io.open("FILE", "rb"):read("*a")
wrk.headers["Content-Type"] = "image/jpeg"
function done(summary)
    local failed = 0
    for _, count in pairs(summary.errors) do failed = failed + count end
    io.stderr:write(table.concat({summary.requests, summary.duration, failed}, " "))
end
"#;

/// How soon the service is to be ready.
const READY: Duration = Duration::from_millis(15);

pub(crate) fn measure(bench: &mut Bench) -> io::Result<()> {
    bench.promise(
        "15 ms, against the time from start to ready",
        1.0,
        1.0,
        |_| {
            let begin = Instant::now();
            let _server = Server::start(Kind::Pdfmagic, None)?;
            Ok(READY.as_secs_f64() / begin.elapsed().as_secs_f64())
        },
    )?;
    // 200 kB, 326 kB and 4.5 MB.
    let mut settings = vec![(816, 612, 10, 0.97), (3872, 2904, 10, 0.97)];
    if !bench.quick {
        settings.extend([
            (816, 612, 100, 0.9),
            (1040, 780, 10, 0.9),
            (1040, 780, 100, 0.9),
            (3872, 2904, 100, 0.9),
        ]);
        settings.sort_by_key(|&(width, _, connections, _)| (width, connections));
    }
    let mut rows = Vec::new();
    for (width, height, connections, floor) in settings {
        let photo = jpeg(Picture::Photo, width, height, 90, 0).map_err(io::Error::other)?;
        let pdf = pdfmagic_core::jpeg_to_pdf(&photo).map_err(io::Error::other)?;
        let size = photo.len() / 1000;
        let mut ours = Side::start(Kind::Pdfmagic, "v1/pdf", &photo, connections)?;
        let mut echo = Side::start(Kind::Echo, "", &pdf, connections)?;
        for (side, upload) in [(&ours, &photo), (&echo, &pdf)] {
            let upload = Upload::raw(upload.clone());
            page::check(&bench.ask(&side.url, &upload)?, &photo)?;
        }
        let what =
            format!("requests a second, against an echo ({size} kB, {connections} connections)");
        bench.promise(&what, floor, 0.97, |_| Ok(ours.run()? / echo.run()?))?;
        let (our_rate, our_time) = ours.medians();
        let (rate, time) = echo.medians();
        rows.push(format!(
            "| {size} | {connections} | {our_rate:.0} | {rate:.0} | {our_time:.0} | {time:.0} |"
        ));
    }
    bench.say(
        "\n## The service against an echo\n\n\
         Asked by `wrk`, one thread, a second each in turn. An echo takes the body whole, as axum's `Bytes`, and sends it \
         back: axum on hyper, as ours, on tokio's runtime as it comes. What comes in pieces it copies together, which the \
         service does less often. It is sent the PDF, the service the photo in it. Processor time is the server's alone, \
         without the client's; what the service takes of it beyond the echo goes into the photo's header, the PDF around \
         it, bounds, metrics and the log. Medians of all rounds.\n\n\
         | kB | connections | pdfmagic: requests a second | echo | pdfmagic: processor time for a request [µs] | echo |\n\
         |--:|--:|--:|--:|--:|--:|"
    );
    for row in rows {
        bench.say(&row);
    }
    Ok(())
}

/// One side of a ratio: a server that is asked again and again.
struct Side {
    server: Server,
    url: String,
    connections: u32,
    /// With what is sent, and the script.
    directory: TempDir,
    /// Requests a second, in each round.
    rates: Vec<f64>,
    /// Processor time for a request, in microseconds.
    times: Vec<f64>,
}

impl Side {
    fn start(kind: Kind, path: &str, upload: &[u8], connections: u32) -> io::Result<Self> {
        let server = Server::start(kind, None)?;
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("upload");
        fs::write(&file, upload)?;
        let script = SCRIPT.replace("FILE", &file.display().to_string());
        fs::write(directory.path().join("post.lua"), script)?;
        Ok(Self {
            url: format!("http://{}/{path}", server.address),
            server,
            connections,
            directory,
            rates: Vec::new(),
            times: Vec::new(),
        })
    }

    /// Keeps it busy for a second, the least that wrk knows. Returns the requests a second.
    fn run(&mut self) -> io::Result<f64> {
        let before = self.server.cpu_time()?;
        let out = Command::new("wrk")
            .args(["--threads=1", "--duration=1s"])
            .arg(format!("--connections={}", self.connections))
            .arg("--script")
            .arg(self.directory.path().join("post.lua"))
            .arg(&self.url)
            .output()?;
        let spent = self.server.cpu_time()?.saturating_sub(before);
        let said = String::from_utf8_lossy(&out.stderr);
        let numbers: Vec<_> = said.split(' ').map(str::parse).collect();
        let &[Ok(requests), Ok(micros), Ok(0.0)] = &numbers[..] else {
            return Err(io::Error::other(format!("wrk, {}: {said}", self.url)));
        };
        let rate: f64 = requests / micros * 1e6;
        self.rates.push(rate);
        self.times.push(spent.as_secs_f64() * 1e6 / requests);
        Ok(rate)
    }

    /// Of all rounds: requests a second, and processor time for one in microseconds.
    fn medians(&self) -> (f64, f64) {
        (middle(&self.rates), middle(&self.times))
    }
}
