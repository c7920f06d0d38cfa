//! Compares the service with an echo server, which does the least that a service on the same libraries can do with a
//! body, and with a bare loop, which converts without these libraries.

use std::fs;
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use pdfmagic_benches::page_check;
use pdfmagic_load::client::Upload;
use pdfmagic_load::picture::{Picture, jpeg};
use tempfile::TempDir;

use crate::lab::Lab;
use crate::promise::{Promise, median};
use crate::report::Report;
use crate::servers::{Kind, Server};

/// A script for wrk, which sends a file and prints the number of answers, the time in microseconds and the number of
/// errors.
const SCRIPT: &str = r#"
wrk.method, wrk.body = "POST", io.open("FILE", "rb"):read("*a")
wrk.headers["Content-Type"] = "image/jpeg"
function done(summary)
    local failed = 0
    for _, count in pairs(summary.errors) do failed = failed + count end
    io.stderr:write(table.concat({summary.requests, summary.duration, failed}, " "))
end
"#;

/// The time from start to readiness that the service should not exceed.
const READY: Duration = Duration::from_millis(15);

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> io::Result<()> {
    let what = "15 ms, to the time from start to ready".to_owned();
    report.promise(Promise::measure(what, 1.0, 1.0, || {
        let begin = Instant::now();
        let _server = Server::start(Kind::Pdfmagic, None)?;
        Ok(READY.as_secs_f64() / begin.elapsed().as_secs_f64())
    })?);
    // Each setting has the width and height of the photo (200 kB and 4.5 MB), the number of connections, the floor of
    // the ratio and the promised ratio. The aim is 0.97. Since requests are no longer finished in batches, small photos
    // reach 0.91 of an echo.
    let mut settings = vec![(816, 612, 10, 0.85, 0.85), (3872, 2904, 10, 0.97, 0.97)];
    if !lab.quick {
        // 1040 × 780 pixels are 326 kB.
        settings.extend([
            (816, 612, 100, 0.85, 0.85),
            (1040, 780, 10, 0.9, 0.97),
            (1040, 780, 100, 0.9, 0.97),
            (3872, 2904, 100, 0.9, 0.97),
        ]);
        settings.sort_by_key(|&(width, _, connections, ..)| (width, connections));
    }
    let mut rows = Vec::new();
    for (width, height, connections, floor, promised) in settings {
        let photo = jpeg(Picture::Photo, width, height, 90, 0).map_err(io::Error::other)?;
        let pdf = pdfmagic_core::jpeg_to_pdf(&photo).map_err(io::Error::other)?;
        let size = photo.len() / 1000;
        let mut ours = Side::start(Kind::Pdfmagic, "v1/pdf", &photo, connections)?;
        let mut echo = Side::start(Kind::Echo, "", &pdf, connections)?;
        let mut bare = Side::start(Kind::Bare, "", &photo, connections)?;
        for (side, upload) in [(&ours, &photo), (&echo, &pdf), (&bare, &photo)] {
            let answer = lab.convert(&side.url, &Upload::raw(upload.clone()))?;
            page_check::check(&answer, &photo)?;
        }
        let what = format!(
            "requests per second, to those of an echo ({size} kB, {connections} connections)"
        );
        report.promise(Promise::measure(what, floor, promised, || {
            if !lab.quick {
                bare.run()?;
            }
            Ok(ours.run()? / echo.run()?)
        })?);
        let (our_rate, our_time) = ours.medians();
        let (rate, time) = echo.medians();
        let mut row = format!(
            "| {size} | {connections} | {our_rate:.0} | {rate:.0} | {our_time:.0} | {time:.0} |"
        );
        if !lab.quick {
            let (_, bare) = bare.medians();
            row = format!("{row} {bare:.0} | {:.2} |", our_time / bare);
        }
        rows.push(row);
    }
    report.section("The service against an echo");
    report.say(
        "`wrk` sends with one thread, a second to each server in turn. The echo reads the whole body as axum's `Bytes` and \
         sends it back. Like the service it is axum on hyper, but it runs on tokio's runtime with its defaults. It copies the \
         pieces of a body together, which the service does less often. The service gets a photo, and the echo the PDF \
         of that photo. Processor time is that of the server. The service spends the difference to the echo on the \
         photo's header, the PDF around it, limits, metrics and the log. The bare loop converts the photo, too, but without \
         these libraries: it has a thread per connection, one buffer for all requests of a connection, one system call per \
         answer, and no limits, metrics or log. Medians of all rounds:\n",
    );
    let (names, rule) = if lab.quick {
        ("", "")
    } else {
        (" bare loop | pdfmagic / bare loop |", "--:|--:|")
    };
    report.say(&format!(
        "| kB | connections | pdfmagic: requests per second | echo | pdfmagic: processor time per request [µs] | echo |{names}\n\
         |--:|--:|--:|--:|--:|--:|{rule}"
    ));
    for row in rows {
        report.say(&row);
    }
    Ok(())
}

/// One side of a ratio: a server, and its measurements in each round.
struct Side {
    server: Server,
    url: String,
    connections: u32,
    /// The folder with the upload and the script.
    directory: TempDir,
    /// The requests per second, in each round.
    rates: Vec<f64>,
    /// The processor time per request in microseconds, in each round.
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

    /// Measures a round of one second, the shortest that wrk allows. Returns the requests per second.
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

    /// Returns the medians of all rounds: requests per second, and processor time per request in microseconds.
    fn medians(&self) -> (f64, f64) {
        (median(&self.rates), median(&self.times))
    }
}
