//! libjpeg-turbo's programs, which are the reference for reading JPEGs.

use std::io::Write;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

/// Returns the samples of a JPEG if `djpeg` decodes it without a warning.
pub(crate) fn djpeg(jpeg: &[u8]) -> Option<Vec<u8>> {
    djpeg_with(&["-pnm", "-maxscans", "1000"], jpeg)
}

pub(crate) fn djpeg_with(options: &[&str], jpeg: &[u8]) -> Option<Vec<u8>> {
    let (is_sound, samples) = run("djpeg", options, jpeg);
    is_sound.then_some(samples)
}

/// Returns the verdict of `djpeg` on a JPEG: `ok`, `warning` or `error`; `too large` if it is not run.
pub(crate) fn verdict(jpeg: &[u8]) -> &'static str {
    if is_too_large(jpeg) {
        return "too large";
    }
    let (status, _) = run_to_end("djpeg", &["-pnm", "-maxscans", "1000"], jpeg);
    match status.code() {
        Some(0) => "ok",
        // EXIT_WARNING
        Some(2) => "warning",
        _ => "error",
    }
}

/// Whether anything like a frame header states more pixels than these programs should decode, since they would take
/// gigabytes.
pub(crate) fn is_too_large(jpeg: &[u8]) -> bool {
    const MAX_PIXELS: u64 = 1 << 24;
    jpeg.windows(9).any(|header| {
        let &[0xFF, marker, 0, _, _, y1, y0, x1, x0] = header else {
            return false;
        };
        let [height, width] = [[y1, y0], [x1, x0]].map(|side| u64::from(u16::from_be_bytes(side)));
        // Of these markers, DHT, JPG and DAC do not begin a frame (T.81 Table B.1).
        let is_frame = matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC);
        is_frame && width * height > MAX_PIXELS
    })
}

/// Returns the output of `jpegtran` for a valid JPEG.
pub(crate) fn jpegtran(options: &[&str], jpeg: &[u8]) -> Vec<u8> {
    let (is_sound, data) = run("jpegtran", &[&["-copy", "none"], options].concat(), jpeg);
    assert!(is_sound, "jpegtran {options:?} complains");
    data
}

/// Runs a program with an input. Returns whether it succeeded without a warning, and its output.
pub(crate) fn run(program: &str, options: &[&str], input: &[u8]) -> (bool, Vec<u8>) {
    let (status, output) = run_to_end(program, options, input);
    (status.success(), output)
}

fn run_to_end(program: &str, options: &[&str], input: &[u8]) -> (ExitStatus, Vec<u8>) {
    let mut child = Command::new(program)
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} does not run: {error}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    let output = thread::scope(|scope| {
        // The program may stop reading before the end.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output()
    })
    .unwrap_or_else(|error| panic!("{program} does not end: {error}"));
    (output.status, output.stdout)
}

/// Whether these programs are installed. In CI, they must be.
pub(crate) fn has_djpeg() -> bool {
    let found = Command::new("djpeg")
        .arg("-version")
        .stderr(Stdio::null())
        .status()
        .is_ok();
    let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(
        found || !is_ci,
        "djpeg is missing: install libjpeg-turbo-progs"
    );
    if !found {
        eprintln!("not tested: djpeg is missing; install libjpeg-turbo-progs");
    }
    found
}
