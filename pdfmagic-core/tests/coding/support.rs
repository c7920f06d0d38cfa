//! libjpeg-turbo's programs, and the files to show them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use pdfmagic_core::{Backend, Error, Jpeg, Limits};

/// The samples of a JPEG that `djpeg` decodes without a warning.
pub(crate) fn djpeg(jpeg: &[u8]) -> Option<Vec<u8>> {
    djpeg_with(&["-pnm", "-maxscans", "1000"], jpeg)
}

pub(crate) fn djpeg_with(options: &[&str], jpeg: &[u8]) -> Option<Vec<u8>> {
    let (is_sound, samples) = run("djpeg", options, jpeg);
    is_sound.then_some(samples)
}

/// What `jpegtran` makes of a sound JPEG.
pub(crate) fn jpegtran(options: &[&str], jpeg: &[u8]) -> Vec<u8> {
    let (is_sound, data) = run("jpegtran", &[&["-copy", "none"], options].concat(), jpeg);
    assert!(is_sound, "jpegtran {options:?} complains");
    data
}

/// Feeds a program; says whether it had nothing to complain of, and what it made.
pub(crate) fn run(program: &str, options: &[&str], input: &[u8]) -> (bool, Vec<u8>) {
    let mut child = Command::new(program)
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} does not run: {error}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    let output = thread::scope(|scope| {
        // It may stop reading before the end.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output()
    })
    .unwrap_or_else(|error| panic!("{program} does not end: {error}"));
    (output.status.success(), output.stdout)
}

/// Without `djpeg` nothing can be said; a machine that decides about merging must have it.
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

pub(crate) fn shared_corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus")
}

/// The corpus in the repository, and the one beside it where there is one.
pub(crate) fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = shared_corpus();
    let mut folders = vec![root.join("tests/corpus"), shared.join("synthetic")];
    if let Ok(public) = fs::read_dir(shared.join("public")) {
        folders.extend(public.map(|entry| entry.expect("it can be listed").path()));
    }
    let files = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    files
        .flatten()
        .map(|entry| entry.expect("it can be listed").path())
        .collect()
}

pub(crate) fn coded(jpeg: &[u8], backend: &dyn Backend) -> Result<Vec<u8>, Error> {
    let limits = Limits::default();
    let image = backend.image(&Jpeg::parse(jpeg, &limits)?, &limits)?;
    let pieces = image.data.iter();
    Ok(pieces
        .flat_map(|piece| piece.bytes(jpeg))
        .copied()
        .collect())
}

/// How many files of the corpus in the repository `djpeg` decodes, at the least.
pub(crate) const FEWEST: usize = 50;

/// Runs a test over the corpus on two threads.
pub(crate) fn over_corpus(test: impl Fn(&Path) -> Result<bool, String> + Sync) {
    if !has_djpeg() {
        return;
    }
    let files = corpus();
    let (left, right) = files.split_at(files.len() / 2);
    let run = |half: &[PathBuf]| -> Vec<_> { half.iter().map(|path| test(path)).collect() };
    let results = thread::scope(|scope| {
        let left = scope.spawn(|| run(left));
        [run(right), left.join().expect("no panic")].concat()
    });
    let compared = results.iter().filter(|result| **result == Ok(true)).count();
    let wrong: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(compared >= FEWEST, "only {compared} files were compared");
    println!("{compared} files have the same samples");
}
