//! Tests of the sources of JPEGs.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};

use super::{Folder, contains, jpeg, stderr};

#[cfg(unix)]
#[test]
fn may_be_a_named_pipe() {
    let folder = Folder::new();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(folder.path("pipe"))
            .status()
            .unwrap()
            .success()
    );
    let mut child = folder.command(&["pipe", "out.pdf"]).spawn().unwrap();
    OpenOptions::new()
        .write(true)
        .open(folder.path("pipe"))
        .unwrap()
        .write_all(&jpeg(1))
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert!(contains(&folder.read("out.pdf"), &jpeg(1)));
}

#[test]
fn may_have_a_header_larger_than_the_first_read() {
    let folder = Folder::new();
    let comment = [&[0xFF, 0xFE, 0xFF, 0xFF][..], &b"x".repeat(0xFFFD)].concat();
    let jpeg = jpeg(1);
    let long = [&jpeg[..2], &comment.repeat(20), &jpeg[2..]].concat();
    folder.write("long.jpg", &long);
    folder.done(&["long.jpg", "out.pdf"]);
    assert!(contains(&folder.read("out.pdf"), &long));
}

#[cfg(target_os = "linux")]
#[test]
fn of_any_size_takes_little_memory() {
    use std::io::Read;
    const MIB: u64 = 1 << 20;
    let folder = Folder::new();
    // pdfmagic-core does not read the data.
    enlarge(&folder, 1024 * MIB);
    let mut child = folder
        .command(&["a.jpg", "-"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    // Near the end, the command waits for us, so its memory can be measured.
    std::io::copy(&mut (&mut stdout).take(1023 * MIB), &mut std::io::sink()).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success());
    assert!((512..16 * 1024).contains(&peak), "{peak} KiB");
}

#[test]
fn that_shrinks_while_it_is_read_is_an_error() {
    let folder = Folder::new();
    let (status, said, _) = changed(&folder, &["--quiet", "a.jpg", "-"], 8 << 20);
    assert_eq!(status, Some(1));
    assert_eq!(
        said,
        "pdfmagic-cli: a.jpg: shrank while it was being read: try again once it is complete\n"
    );
}

/// Gives `a.jpg` a size by a hole with an EOI after it, and returns the file.
fn enlarge(folder: &Folder, size: u64) -> File {
    let mut file = OpenOptions::new()
        .write(true)
        .open(folder.path("a.jpg"))
        .unwrap();
    file.seek(SeekFrom::Start(size - 2)).unwrap();
    file.write_all(b"\xFF\xD9").unwrap();
    file
}

/// Runs on a large `a.jpg`, and changes it while the page waits in a full pipe.
fn changed(folder: &Folder, words: &[&str], size: u64) -> (Option<i32>, String, Vec<u8>) {
    let file = enlarge(folder, 64 << 20);
    let (child, mut stdout) = folder.begun(words);
    file.set_len(size).unwrap();
    let mut pdf = Vec::new();
    std::io::Read::read_to_end(&mut stdout, &mut pdf).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), stderr(&output), pdf)
}

#[test]
fn that_grows_while_it_is_read_is_an_error() {
    let folder = Folder::new();
    let (status, said, _) = changed(&folder, &["a.jpg", "-"], 65 << 20);
    assert_eq!(status, Some(1));
    assert_eq!(
        said,
        "pdfmagic-cli: a.jpg: grew while it was being read: try again once it is complete\n"
    );
}

#[test]
fn that_shrinks_after_the_output_began_fails_despite_keep_going() {
    let folder = Folder::new();
    let words = ["--keep-going", "a.jpg", "b.jpg", "-"];
    let (status, said, pdf) = changed(&folder, &words, 8 << 20);
    assert_eq!((status, said.lines().count()), (Some(1), 1), "{said}");
    assert!(!pdf.ends_with(b"%%EOF\n"));
}

#[test]
fn that_is_invalid_is_reported_in_one_line() {
    let folder = Folder::new();
    let mut broken = jpeg(1);
    let frame = broken.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    broken[frame + 3] = 99;
    folder.write("broken.jpg", &broken);
    folder.write("png.jpg", b"\x89PNG\r\n\x1A\n");
    folder.write("empty.jpg", b"");
    for (input, told) in [
        (
            "broken.jpg",
            format!(
                "malformed JPEG at byte {frame}: frame header length disagrees with its component count"
            ),
        ),
        ("png.jpg", "not a JPEG: it looks like PNG".to_owned()),
        ("empty.jpg", "not a JPEG: it is empty".to_owned()),
        (
            "gone.jpg",
            "cannot be read: no such file or directory".to_owned(),
        ),
    ] {
        assert_eq!(
            folder.failed(&[input, "out.pdf"], 1),
            format!("pdfmagic-cli: {input}: {told}\n")
        );
    }
}
