//! Tests of output that appears only on a terminal.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{BINARY, Folder, jpeg, stderr};

/// Runs on a terminal of 80 columns, which script(1) provides, and returns what is shown there.
fn seen(folder: &Folder, words: &str) -> String {
    let command = format!("stty cols 80 rows 40; {BINARY} {words}");
    let output = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(&folder.0)
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .expect("script is in util-linux");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Removes escape sequences.
fn plain(seen: &str) -> String {
    let mut plain = String::new();
    let mut parts = seen.split("\u{1B}[");
    plain.extend(parts.next());
    for part in parts {
        let end = part
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or(part.len(), |at| at + 1);
        plain.push_str(&part[end..]);
    }
    plain
}

/// Replaces a file by a pipe that is written to after `delay`.
fn late(folder: &Folder, name: &str, delay: Duration) -> thread::JoinHandle<()> {
    let path = folder.path(name);
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    thread::spawn(move || {
        thread::sleep(delay);
        fs::write(path, jpeg(3)).unwrap();
    })
}

#[test]
fn short_help_fits_on_one_screen() {
    let help = plain(&seen(&Folder::new(), "-h"));
    let lines: Vec<_> = help.lines().collect();
    assert!(lines.len() <= 40, "{} lines:\n{help}", lines.len());
    assert!(
        lines
            .iter()
            .all(|line| line.trim_end().chars().count() <= 80),
        "{help}"
    );
    assert!(help.contains("Examples:") && help.contains("--pagesize"));
    // The long help begins in the same way, and is complete.
    let long = plain(&seen(&Folder::new(), "--help"));
    let first: Vec<_> = long.lines().take(40).collect();
    assert!(first.join("\n").contains("Examples:"));
    assert!(long.contains("--viewer-fullscreen") && long.contains("Exit status:"));
}

#[test]
fn progress_is_shown_for_long_runs() {
    // The second input arrives after half a second, when the bar is due.
    let folder = Folder::new();
    let writer = late(&folder, "late.jpg", Duration::from_millis(500));
    let shown = seen(&folder, "a.jpg late.jpg b.jpg out.pdf");
    writer.join().unwrap();
    assert!(shown.contains(" left"), "{shown:?}");
    // The bar is removed at the end.
    assert!(shown.ends_with("\r\u{1B}[2K"), "{shown:?}");
}

#[test]
fn no_progress_is_shown_in_a_pipe_or_with_quiet() {
    let folder = Folder::new();
    let writer = late(&folder, "late.jpg", Duration::from_millis(500));
    let output = folder.run(&["a.jpg", "late.jpg", "b.jpg", "out.pdf"]);
    writer.join().unwrap();
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(0), String::new())
    );
    let folder = Folder::new();
    let writer = late(&folder, "late.jpg", Duration::from_millis(500));
    let shown = seen(&folder, "--quiet a.jpg late.jpg b.jpg out.pdf");
    writer.join().unwrap();
    assert_eq!(shown, "");
}

#[test]
fn colors_are_only_for_terminals_and_without_no_color() {
    let folder = Folder::new();
    folder.write("gif.jpg", b"GIF89a");
    let words = "gif.jpg out.pdf";
    assert!(seen(&folder, words).contains("\u{1B}["));
    let wanted_plain = seen(&folder, &format!("{words}; NO_COLOR=1 {BINARY} {words}"));
    let last = wanted_plain.lines().last().unwrap();
    assert!(!last.contains("\u{1B}["), "{last:?}");
    let said = folder.failed(&["gif.jpg", "out.pdf"], 1);
    assert!(!said.contains("\u{1B}["));
}
