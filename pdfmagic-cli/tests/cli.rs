//! The command as people use it: the real binary, on real files and pipes.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_pdfmagic-cli");

/// A folder of its own with `a.jpg` and `b.jpg`, in which commands run.
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

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs, and returns standard output of a run that succeeds and has nothing to say.
    fn done(&self, words: &[&str]) -> Vec<u8> {
        let output = self.run(words);
        assert_eq!(
            (output.status.code(), stderr(&output)),
            (Some(0), String::new()),
            "{words:?}"
        );
        output.stdout
    }

    /// Runs, and returns what is said by a run that fails.
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

/// The pages of a PDF, read strictly.
fn pages(pdf: &[u8]) -> usize {
    lopdf::Document::load_mem(pdf).unwrap().get_pages().len()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

mod words {
    use super::*;

    #[test]
    fn the_last_path_is_the_output() {
        let folder = Folder::new();
        folder.done(&["a.jpg", "b.jpg", "out.pdf"]);
        let pdf = folder.read("out.pdf");
        assert_eq!(pages(&pdf), 2);
        assert!(contains(&pdf, &jpeg(1)) && contains(&pdf, &jpeg(2)));
        assert_eq!(folder.names(), ["a.jpg", "b.jpg", "out.pdf"]);
    }

    #[test]
    fn an_option_can_name_the_output() {
        let folder = Folder::new();
        folder.done(&["-o", "out.pdf", "a.jpg", "b.jpg"]);
        folder.done(&["a.jpg", "b.jpg", "--output", "same.pdf"]);
        assert_eq!(pages(&folder.read("out.pdf")), 2);
        assert_eq!(folder.read("out.pdf"), folder.read("same.pdf"));
    }

    #[test]
    fn a_dash_is_standard_input_or_output() {
        let folder = Folder::new();
        let expected = {
            folder.done(&["a.jpg", "out.pdf"]);
            folder.read("out.pdf")
        };
        assert_eq!(folder.done(&["a.jpg", "-"]), expected);
        for words in [&["-", "-"][..], &["-o", "-"], &["-o", "-", "-"]] {
            let mut command = folder.command(words);
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(&jpeg(1)).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            assert_eq!(output.stdout, expected, "{words:?}");
        }
    }

    #[test]
    fn that_make_no_sense_end_with_2_and_the_way_out() {
        let folder = Folder::new();
        for (words, hint) in [
            (&[][..], "pdfmagic-cli in.jpg out.pdf"),
            (&["a.jpg"], "pdfmagic-cli in.jpg out.pdf"),
            (&["a.jpg", "b.jpg"], "-o out.pdf"),
            (&["a.jpg", "out.pdf", "--quality", "50"], "backend reencode"),
            (
                &[
                    "a.jpg",
                    "out.pdf",
                    "--backend",
                    "reencode",
                    "--quality",
                    "101",
                ],
                "from 1 to 100",
            ),
            (&["a.jpg", "out.pdf", "--backend", "magic"], "passthrough"),
            (&["a.jpg", "out.pdf", "--quite"], "--quiet"),
        ] {
            let said = folder.failed(words, 2);
            assert!(said.contains(hint), "{words:?}: {said}");
        }
        assert_eq!(folder.names(), ["a.jpg", "b.jpg"]);
    }

    #[test]
    fn can_ask_for_help_and_the_version() {
        let folder = Folder::new();
        let help = String::from_utf8(folder.done(&["--help"])).unwrap();
        for part in [
            "Examples:",
            "Exit status:",
            "--backend",
            "--quality",
            "--json",
            "--quiet",
        ] {
            assert!(help.contains(part), "{part}");
        }
        let version = String::from_utf8(folder.done(&["--version"])).unwrap();
        assert_eq!(
            version,
            format!("pdfmagic-cli {}\n", env!("CARGO_PKG_VERSION"))
        );
    }

    #[test]
    fn can_name_files_in_any_encoding() {
        let folder = Folder::new();
        let name = OsStr::from_bytes(b"caf\xE9 \n.jpg");
        folder.write(name, &jpeg(1));
        let output = folder
            .command(&[])
            .arg(name)
            .arg("out.pdf")
            .output()
            .unwrap();
        assert!(output.status.success());
        folder.write(name, b"GIF89a");
        let said = stderr(
            &folder
                .command(&[])
                .arg(name)
                .arg("out.pdf")
                .output()
                .unwrap(),
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }

    #[test]
    fn can_ask_for_fewer_bytes_with_or_without_loss() {
        let folder = Folder::new();
        let size = |words: &[&str]| {
            folder.done(&[words, &["a.jpg", "out.pdf"]].concat());
            folder.read("out.pdf").len()
        };
        let [whole, optimized, reencoded] = [
            size(&[]),
            size(&["--optimize"]),
            size(&[
                "--backend",
                "reencode",
                "--quality",
                "30",
                "--max-density",
                "48",
                "--gray",
            ]),
        ];
        assert!(
            whole > optimized && optimized > reencoded,
            "{whole}, {optimized}, {reencoded}"
        );
    }

    #[test]
    fn can_ask_for_another_backend() {
        let folder = Folder::new();
        folder.done(&[
            "--backend",
            "reencode",
            "--quality",
            "20",
            "a.jpg",
            "small.pdf",
        ]);
        let pdf = folder.read("small.pdf");
        assert!(pages(&pdf) == 1 && !contains(&pdf, &jpeg(1)) && pdf.len() < jpeg(1).len());
    }
}

mod output {
    use super::*;

    #[test]
    fn is_the_same_each_time() {
        let folder = Folder::new();
        folder.done(&["a.jpg", "1.pdf"]);
        folder.done(&["a.jpg", "2.pdf"]);
        assert_eq!(folder.read("1.pdf"), folder.read("2.pdf"));
    }

    #[test]
    fn stays_as_it_was_when_anything_fails() {
        let folder = Folder::new();
        folder.write("out.pdf", b"older");
        folder.write("bad.jpg", b"\x89PNG\r\n");
        for words in [
            &["bad.jpg", "out.pdf"][..],
            &["a.jpg", "bad.jpg", "out.pdf"],
            &["a.jpg", "gone.jpg", "out.pdf"],
        ] {
            folder.failed(words, 1);
            assert_eq!(folder.read("out.pdf"), b"older");
            assert_eq!(folder.names(), ["a.jpg", "b.jpg", "bad.jpg", "out.pdf"]);
        }
    }

    #[test]
    fn replaces_an_older_one_and_keeps_its_mode() {
        let folder = Folder::new();
        folder.write("out.pdf", b"older");
        fs::set_permissions(folder.path("out.pdf"), fs::Permissions::from_mode(0o640)).unwrap();
        folder.done(&["a.jpg", "out.pdf"]);
        assert_eq!(pages(&folder.read("out.pdf")), 1);
        let mode = fs::metadata(folder.path("out.pdf"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn has_the_mode_of_any_new_file() {
        let folder = Folder::new();
        folder.done(&["a.jpg", "out.pdf"]);
        let mode = |name| {
            fs::metadata(folder.path(name))
                .unwrap()
                .permissions()
                .mode()
        };
        assert_eq!(mode("out.pdf"), mode("a.jpg"));
    }

    #[test]
    fn goes_where_a_symbolic_link_leads() {
        let folder = Folder::new();
        for target in ["new.pdf", "old.pdf"] {
            let _ = fs::remove_file(folder.path("link.pdf"));
            symlink(target, folder.path("link.pdf")).unwrap();
            folder.write("old.pdf", b"older");
            folder.done(&["a.jpg", "link.pdf"]);
            assert!(
                fs::symlink_metadata(folder.path("link.pdf"))
                    .unwrap()
                    .is_symlink()
            );
            assert_eq!(pages(&folder.read(target)), 1, "{target}");
        }
    }

    #[test]
    fn may_be_a_device_which_stays_one() {
        let folder = Folder::new();
        folder.done(&["a.jpg", "/dev/null"]);
        assert!(
            fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );
        assert_eq!(pages(&folder.done(&["a.jpg", "/dev/stdout"])), 1);
    }

    #[test]
    fn is_added_where_standard_output_is_to_be_added() {
        let folder = Folder::new();
        for output in ["-", "/dev/stdout"] {
            folder.write("all", b"older");
            let all = OpenOptions::new()
                .append(true)
                .open(folder.path("all"))
                .unwrap();
            let status = folder
                .command(&["a.jpg", output])
                .stdout(all)
                .status()
                .unwrap();
            assert!(
                status.success() && folder.read("all").starts_with(b"older%PDF"),
                "{output}"
            );
        }
    }

    #[test]
    fn that_cannot_be_written_is_told() {
        let folder = Folder::new();
        for (output, told) in [
            ("/dev/full", "No space left on device"),
            ("no/such/out.pdf", "there is no such directory"),
            (".", "Is a directory"),
            ("/proc/out.pdf", "cannot be"),
        ] {
            let said = folder.failed(&["-o", output, "a.jpg"], 1);
            assert!(
                said.starts_with(&format!("pdfmagic-cli: {output}: ")) && said.contains(told),
                "{said}"
            );
            assert_eq!(said.lines().count(), 1);
        }
    }

    #[test]
    fn never_is_an_input() {
        let folder = Folder::new();
        fs::hard_link(folder.path("a.jpg"), folder.path("same.jpg")).unwrap();
        symlink("a.jpg", folder.path("linked.jpg")).unwrap();
        for output in ["a.jpg", "same.jpg", "linked.jpg", "./a.jpg"] {
            let said = folder.failed(&["-o", output, "b.jpg", "a.jpg"], 1);
            assert!(said.contains("is also an input"), "{said}");
            assert_eq!(folder.read("a.jpg"), jpeg(1));
        }
    }

    #[test]
    fn is_not_written_to_a_terminal() {
        let folder = Folder::new();
        // script(1) runs a command on a terminal.
        let output = Command::new("script")
            .args(["-qec", &format!("{BINARY} a.jpg -"), "/dev/null"])
            .current_dir(&folder.0)
            .stdin(Stdio::null())
            .output()
            .expect("script is in util-linux");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("is a terminal") && !said.contains("%PDF"),
            "{said}"
        );
    }

    #[test]
    fn that_nobody_reads_to_the_end_is_no_failure() {
        let folder = Folder::new();
        folder.write("long.jpg", &[jpeg(1), vec![0; 1 << 20]].concat());
        let mut child = folder
            .command(&["--quiet", "long.jpg", "-"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 4]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), stderr(&output)),
            (Some(0), String::new())
        );
    }

    #[test]
    fn leaves_nothing_behind_when_the_command_is_killed() {
        let folder = Folder::new();
        let mut child = folder
            .command(&["a.jpg", "-", "out.pdf"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        // The first page is written, the second is waited for.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        let fds = format!("/proc/{}/fd", child.id());
        let is_writing = || {
            let fds = fs::read_dir(&fds).into_iter().flatten().flatten();
            fds.filter_map(|fd| fs::read_link(fd.path()).ok())
                .any(|file| file.starts_with(folder.0.path()) && !file.ends_with("a.jpg"))
        };
        while !is_writing() {
            assert!(std::time::Instant::now() < deadline, "nothing is written");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(folder.names(), ["a.jpg", "b.jpg"]);
    }
}

mod input {
    use super::*;

    #[test]
    fn may_be_a_named_pipe() {
        let folder = Folder::new();
        assert!(
            Command::new("mkfifo")
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

    #[test]
    fn of_any_size_takes_less_than_8_mib() {
        const MIB: u64 = 1 << 20;
        let folder = Folder::new();
        let file = OpenOptions::new()
            .write(true)
            .open(folder.path("a.jpg"))
            .unwrap();
        // A hole, and an EOI after it: the core does not look at the data.
        file.set_len(1024 * MIB).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &[0xFF, 0xD9], 1024 * MIB - 2).unwrap();
        let mut child = folder
            .command(&["a.jpg", "-"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        // Near the end it waits for us, and can be asked.
        std::io::copy(&mut (&mut stdout).take(1023 * MIB), &mut std::io::sink()).unwrap();
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
        assert!(child.wait().unwrap().success());
        assert!((512..8 * 1024).contains(&peak), "{peak} KiB");
    }

    #[test]
    fn that_shrinks_is_an_error_and_no_broken_pdf() {
        let folder = Folder::new();
        let file = OpenOptions::new()
            .write(true)
            .open(folder.path("a.jpg"))
            .unwrap();
        file.set_len(64 << 20).unwrap();
        // The page goes into a pipe that is full until the input has shrunk.
        let mut child = folder
            .command(&["--quiet", "a.jpg", "-"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 4]).unwrap();
        file.set_len(8 << 20).unwrap();
        std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            stderr(&output),
            "pdfmagic-cli: a.jpg: shrank while it was being read: try again once it is complete\n"
        );
    }

    #[test]
    fn that_is_wrong_is_told_in_one_line_with_the_place() {
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
            ("png.jpg", "not a JPEG: the input looks like PNG".to_owned()),
            ("empty.jpg", "not a JPEG: the input is empty".to_owned()),
            (
                "gone.jpg",
                "cannot be read: No such file or directory (os error 2)".to_owned(),
            ),
        ] {
            assert_eq!(
                folder.failed(&[input, "out.pdf"], 1),
                format!("pdfmagic-cli: {input}: {told}\n")
            );
        }
    }
}

mod report {
    use super::*;

    fn json(bytes: &[u8]) -> serde_json::Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn of_what_was_odd_goes_to_standard_error_unless_quiet() {
        let folder = Folder::new();
        folder.write("odd.jpg", &[b"junk", &jpeg(1)[..]].concat());
        let output = folder.run(&["odd.jpg", "out.pdf"]);
        assert!(output.status.success());
        assert_eq!(
            stderr(&output),
            "pdfmagic-cli: odd.jpg: note: bytes before the JPEG were left out\n"
        );
        folder.done(&["--quiet", "odd.jpg", "out.pdf"]);
    }

    #[test]
    fn can_be_one_json_object() {
        let folder = Folder::new();
        folder.write("odd.jpg", &[b"junk", &jpeg(1)[..]].concat());
        let report = json(&folder.done(&["--json", "a.jpg", "odd.jpg", "out.pdf"]));
        assert_eq!(report["output"], "out.pdf");
        assert_eq!(report["size"], folder.read("out.pdf").len());
        assert_eq!(report["pages"][0]["notices"], serde_json::json!([]));
        assert_eq!(report["pages"][1]["input"], "odd.jpg");
        assert_eq!(
            report["pages"][1]["notices"][0]["code"],
            "soi.leading.skipped"
        );
    }

    #[test]
    fn of_a_failure_can_be_json_too() {
        let folder = Folder::new();
        folder.write("png.jpg", b"\x89PNG\r\n\x1A\n");
        let output = folder.run(&["--json", "png.jpg", "out.pdf"]);
        assert_eq!(
            (output.status.code(), stderr(&output)),
            (Some(1), String::new())
        );
        let error = &json(&output.stdout)["error"];
        assert_eq!(
            (&error["code"], &error["input"]),
            (&"not_jpeg.png".into(), &"png.jpg".into())
        );
        assert_eq!(error["message"], "not a JPEG: the input looks like PNG");
        let output = folder.run(&["--json", "a.jpg", "gone/out.pdf"]);
        assert_eq!(json(&output.stdout)["error"]["code"], "io.no_directory");
    }

    #[test]
    fn in_json_makes_way_for_the_pdf() {
        let folder = Folder::new();
        let output = folder.run(&["--json", "a.jpg", "-"]);
        assert_eq!(pages(&output.stdout), 1);
        assert_eq!(json(&output.stderr)["size"], output.stdout.len());
    }

    #[test]
    fn that_nobody_can_hear_changes_nothing() {
        let folder = Folder::new();
        folder.write("odd.jpg", &[b"junk", &jpeg(1)[..]].concat());
        let full = File::options().write(true).open("/dev/full").unwrap();
        let status = folder
            .command(&["odd.jpg", "out.pdf"])
            .stderr(full)
            .status()
            .unwrap();
        assert!(status.success());
        assert_eq!(pages(&folder.read("out.pdf")), 1);
    }
}
