//! Programs that are measured, or that check the measured results.

use std::io::{self, Error, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

/// The name of `ImageMagick`'s `convert` in Debian.
pub const CONVERT: &str = "convert-im6.q16";

/// The value of `XDG_CONFIG_HOME` under which `ImageMagick` finds a policy that permits PDF; Debian's own forbids it.
pub const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/magick");

/// Returns a command for `ImageMagick`'s `convert`, which is allowed to write PDF.
#[must_use]
pub fn convert() -> Command {
    let mut command = Command::new(CONVERT);
    command.env("XDG_CONFIG_HOME", POLICY);
    command
}

/// Runs a program without input, and discards its output.
///
/// # Errors
///
/// If it cannot be started, or fails.
pub fn run(command: &mut Command) -> io::Result<()> {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| named(command, &error))?;
    succeeded(command, status)
}

/// Runs a program with `input` as its standard input. Returns its standard output.
///
/// # Errors
///
/// If it cannot be started, or fails.
pub fn output(command: &mut Command, input: &[u8]) -> io::Result<Vec<u8>> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| named(command, &error))?;
    let stdin = child.stdin.take();
    // The program may write before it has read everything, and may end without reading: its status says whether it failed.
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.map(|mut pipe| pipe.write_all(input)));
        child.wait_with_output()
    })?;
    succeeded(command, output.status)?;
    Ok(output.stdout)
}

fn succeeded(command: &Command, status: ExitStatus) -> io::Result<()> {
    if status.success() {
        Ok(())
    } else {
        Err(Error::other(format!("{command:?}: {status}")))
    }
}

fn named(command: &Command, error: &Error) -> Error {
    Error::new(error.kind(), format!("{command:?}: {error}"))
}
