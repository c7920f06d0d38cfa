//! Tests of the command as people use it: the real binary, on real files and pipes.

mod arguments;
mod broken;
mod each;
mod existing;
#[cfg(all(target_os = "linux", not(portable)))]
mod faults;
mod input;
mod inspect;
mod many_inputs;
mod options;
mod output;
mod photos;
mod report;
mod reported;
#[cfg(target_os = "linux")]
mod terminal;

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_pdfmagic-cli");

/// A temporary folder with `a.jpg` and `b.jpg`, in which commands run.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.write("a.jpg", &jpeg(1));
        folder.write("b.jpg", &jpeg(2));
        folder
    }

    fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.0.path().join(name.as_ref())
    }

    fn write(&self, name: impl AsRef<OsStr>, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(words)
            .current_dir(&self.0)
            .stdin(Stdio::null());
        command
    }

    /// Starts a run, and reads the first bytes of its standard output, so that the PDF has begun.
    fn begun(&self, words: &[&str]) -> (Child, ChildStdout) {
        let mut child = self
            .command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 4]).unwrap();
        (child, stdout)
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs successfully and without messages. Returns standard output.
    fn done(&self, words: &[&str]) -> Vec<u8> {
        let output = self.run(words);
        assert_eq!(
            (output.status.code(), stderr(&output)),
            (Some(0), String::new()),
            "{words:?}"
        );
        output.stdout
    }

    /// Runs and fails. Returns the messages.
    fn failed(&self, words: &[&str], code: i32) -> String {
        let output = self.run(words);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{words:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
        stderr(&output)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn jpeg(seed: u8) -> Vec<u8> {
    let samples: Vec<u8> = (0..=255)
        .cycle()
        .skip(seed.into())
        .take(64 * 48 * 3)
        .collect();
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 90)
        .encode(&samples, 64, 48, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    jpeg
}

/// Returns the number of pages of a PDF, read strictly.
fn pages(pdf: &[u8]) -> usize {
    lopdf::Document::load_mem(pdf).unwrap().get_pages().len()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whether a test may run, since it needs something that not every machine provides. If CI says that it must be there,
/// its absence is a failure.
#[cfg(target_os = "linux")]
fn may(what: &str, is_there: bool) -> bool {
    if !is_there {
        eprintln!("not tested here: {what}");
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "{what}"
        );
    }
    is_there
}
