//! Tests of the destination of the PDF.

use std::fs::{self, OpenOptions};
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

#[cfg(target_os = "linux")]
use super::may;
use super::{Folder, jpeg, pages, stderr};

#[test]
fn is_reproducible() {
    let folder = Folder::new();
    folder.done(&["a.jpg", "1.pdf"]);
    folder.done(&["a.jpg", "2.pdf"]);
    assert_eq!(folder.read("1.pdf"), folder.read("2.pdf"));
}

#[test]
fn is_unchanged_on_failure() {
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

#[cfg(unix)]
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

#[cfg(unix)]
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

#[cfg(unix)]
#[test]
fn follows_symbolic_links() {
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

#[cfg(unix)]
#[test]
fn can_be_a_device() {
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
fn is_appended_if_standard_output_is_in_append_mode() {
    let folder = Folder::new();
    let outputs = ["-", "/dev/stdout"];
    for output in &outputs[..if cfg!(unix) { 2 } else { 1 }] {
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

#[cfg(target_os = "linux")]
#[test]
fn that_cannot_be_written_is_reported() {
    let folder = Folder::new();
    for (output, told) in [
        ("/dev/full", "no space left on device"),
        ("no/such/out.pdf", "there is no such folder"),
        (".", "is a directory"),
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
fn cannot_also_be_an_input() {
    let folder = Folder::new();
    let outputs = ["a.jpg", "./a.jpg", "linked.jpg"];
    #[cfg(unix)]
    symlink("a.jpg", folder.path("linked.jpg")).unwrap();
    for output in &outputs[..if cfg!(unix) { 3 } else { 2 }] {
        let said = folder.failed(&["-o", output, "b.jpg", "a.jpg"], 2);
        assert!(said.contains("is also an input"), "{said}");
        assert_eq!(folder.read("a.jpg"), jpeg(1));
    }
}

#[test]
fn cannot_be_a_hard_link_to_an_input() {
    let folder = Folder::new();
    fs::hard_link(folder.path("a.jpg"), folder.path("same.jpg")).unwrap();
    let said = folder.failed(&["-o", "same.jpg", "b.jpg", "a.jpg"], 2);
    assert!(said.contains("would be overwritten"), "{said}");
    assert_eq!(folder.read("a.jpg"), jpeg(1));
}

#[cfg(target_os = "linux")]
#[test]
fn is_not_written_to_a_terminal() {
    let folder = Folder::new();
    // script(1) runs a command on a terminal.
    let output = std::process::Command::new("script")
        .args(["-qec", &format!("{} a.jpg -", super::BINARY), "/dev/null"])
        .current_dir(&folder.0)
        .stdin(std::process::Stdio::null())
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
fn to_a_pipe_that_is_closed_early_is_not_an_error() {
    let folder = Folder::new();
    folder.write("long.jpg", &[jpeg(1), vec![0; 1 << 20]].concat());
    let (child, stdout) = folder.begun(&["--quiet", "long.jpg", "-"]);
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(0), String::new())
    );
}

#[test]
fn of_any_command_to_a_closed_pipe_is_not_an_error() {
    let folder = Folder::new();
    for words in [
        &["completions", "bash"][..],
        &["completions", "zsh"],
        &["completions", "fish"],
        &["man"],
        &["--help"],
        &["--version"],
        &["inspect", "a.jpg"],
        &["inspect", "--json", "a.jpg"],
        &["--json", "a.jpg", "a.pdf"],
        &["--dry-run", "a.jpg", "a.pdf"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = folder.command(words).stdout(writer).output().unwrap();
        assert_eq!(
            (output.status.code(), stderr(&output)),
            (Some(0), String::new()),
            "{words:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn leaves_no_files_behind_if_interrupted() {
    // A named file cannot be removed when the process is killed.
    let signals = if cfg!(portable) {
        &["INT"][..]
    } else {
        &["INT", "TERM", "HUP", "KILL"]
    };
    for signal in signals {
        assert_no_files_left_after(signal);
    }
}

#[cfg(target_os = "linux")]
fn assert_no_files_left_after(signal: &str) {
    use std::time::{Duration, Instant};
    let folder = Folder::new();
    folder.write("out.pdf", b"older");
    let mut child = folder
        .command(&["a.jpg", "-", "out.pdf"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The first page is written, and the command waits for the second.
    let deadline = Instant::now() + Duration::from_secs(300);
    let fds = format!("/proc/{}/fd", child.id());
    let is_writing = || {
        let fds = fs::read_dir(&fds).into_iter().flatten().flatten();
        fds.filter_map(|fd| fs::read_link(fd.path()).ok())
            .any(|file| file.starts_with(folder.0.path()) && !file.ends_with("a.jpg"))
    };
    while !is_writing() {
        assert!(Instant::now() < deadline, "nothing is written");
    }
    let id = child.id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-s", signal, &id]).status().unwrap().success());
    assert!(!child.wait().unwrap().success());
    assert_eq!(folder.names(), ["a.jpg", "b.jpg", "out.pdf"], "{signal}");
    assert_eq!(folder.read("out.pdf"), b"older");
}

#[test]
fn is_kept_with_no_clobber() {
    let folder = Folder::new();
    folder.write("out.pdf", b"older");
    let said = folder.failed(&["--no-clobber", "a.jpg", "out.pdf"], 1);
    assert_eq!(said, "pdfmagic-cli: out.pdf: exists already, and is kept\n");
    assert_eq!(folder.read("out.pdf"), b"older");
    folder.done(&["--no-clobber", "a.jpg", "new.pdf"]);
}

#[test]
fn that_appears_during_the_run_is_kept_like_any_other() {
    for (words, older, code) in [
        (&["--no-clobber", "-", "out.pdf"][..], &b"older"[..], 1),
        (&["-", "out.pdf"], &jpeg(2), 2),
    ] {
        let folder = Folder::new();
        let mut child = folder
            .command(words)
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // This is more than a pipe holds, so the command has opened its output once all of it is written.
        let jpeg = [jpeg(1), vec![0; 1 << 20]].concat();
        stdin.write_all(&jpeg).unwrap();
        folder.write("out.pdf", older);
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert_eq!(folder.read("out.pdf"), older);
        assert_eq!(folder.names(), ["a.jpg", "b.jpg", "out.pdf"]);
    }
}

#[test]
fn is_not_written_in_a_dry_run() {
    let folder = Folder::new();
    folder.write("out.pdf", b"older");
    let said = folder.done(&["--dry-run", "a.jpg", "b.jpg", "out.pdf"]);
    folder.done(&["a.jpg", "b.jpg", "real.pdf"]);
    let size = folder.read("real.pdf").len();
    let expected = format!("out.pdf: 2 pages, {size} bytes; not written\n");
    assert_eq!(String::from_utf8(said).unwrap(), expected);
    assert_eq!(folder.read("out.pdf"), b"older");
    folder.failed(&["--dry-run", "gone.jpg", "out.pdf"], 1);
}

#[cfg(target_os = "linux")]
#[test]
fn is_written_in_place_on_a_bind_mount() {
    let folder = Folder::new();
    folder.write("real.pdf", b"older");
    folder.write("out.pdf", b"");
    let paths = [folder.path("real.pdf"), folder.path("out.pdf")];
    let mount = std::process::Command::new("mount")
        .arg("--bind")
        .args(&paths)
        .output();
    if !may(
        "bind mounts",
        mount.is_ok_and(|mount| mount.status.success()),
    ) {
        return;
    }
    let output = folder.run(&["a.jpg", "out.pdf"]);
    let umount = std::process::Command::new("umount").arg(&paths[1]).status();
    assert!(umount.unwrap().success());
    assert_eq!(
        (output.status.code(), &*stderr(&output)),
        (
            Some(0),
            "pdfmagic-cli: out.pdf: note: written in place, since no other file can take its place\n"
        )
    );
    assert_eq!(pages(&folder.read("real.pdf")), 1);
    assert_eq!(folder.names(), ["a.jpg", "b.jpg", "out.pdf", "real.pdf"]);
}

#[cfg(target_os = "linux")]
#[test]
fn is_written_in_place_in_an_unwritable_folder() {
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    let folder = Folder::new();
    folder.write("out.pdf", b"older");
    let mode = |name: &str, mode| {
        fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("out.pdf", 0o666);
    mode("", 0o755);
    let mut command = folder.command(&["a.jpg", "out.pdf"]);
    let output = command.uid(NOBODY).gid(NOBODY).output();
    // Another user must be allowed to run the binary as well.
    if !may(
        "another user",
        output
            .as_ref()
            .is_ok_and(|output| output.status.code() == Some(0)),
    ) {
        return;
    }
    let said = stderr(&output.unwrap());
    assert!(said.contains("written in place"), "{said}");
    assert_eq!(pages(&folder.read("out.pdf")), 1);
    assert_eq!(folder.names(), ["a.jpg", "b.jpg", "out.pdf"]);
}
