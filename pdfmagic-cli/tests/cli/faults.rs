//! Tests of system faults: kills, full disks, exceeded quotas, interrupted system calls, and no network.

use std::process::{Command, Output};

use super::{BINARY, Folder, jpeg, may, stderr};

/// The system calls that change files.
const CALLS: [&str; 6] = [
    "fchmod",
    "fallocate",
    "write",
    "copy_file_range",
    "linkat",
    "renameat",
];

/// Returns a folder with `old.jpg`, its copy `new.jpg`, and an `old.pdf` to be replaced; and the PDF of the JPEG. The
/// kernel copies a part of the JPEG, since it is large.
fn folder() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    let mut large = jpeg(1);
    let eoi = large.split_off(large.len() - 2);
    large.resize(100_000, 0x11);
    large.extend(eoi);
    folder.write("old.jpg", &large);
    folder.write("new.jpg", &large);
    let pdf = folder.done(&["old.jpg", "-"]);
    folder.write("old.pdf", b"older");
    (folder, pdf)
}

fn may_trace() -> bool {
    let strace = Command::new("strace")
        .args(["-o/dev/null", "true"])
        .status();
    may("strace", strace.is_ok_and(|status| status.success()))
}

/// Runs the command under strace, which injects a fault.
fn traced(folder: &Folder, strace: &[&str], words: &[&str]) -> Output {
    let mut command = Command::new("strace");
    command.args(["-f", "-o/dev/null"]).args(strace);
    command.arg(BINARY).args(words).current_dir(&folder.0);
    command.output().unwrap()
}

#[test]
fn a_killed_command_leaves_no_partial_output() {
    if !may_trace() {
        return;
    }
    let (folder, pdf) = folder();
    let mut kills = 0;
    for words in [
        &["old.jpg", "new.pdf"][..],
        &["old.jpg", "old.pdf"],
        &["--each", "--jobs=1", "new.jpg", "old.jpg"],
    ] {
        for call in CALLS {
            for when in 1.. {
                folder.write("old.pdf", b"older");
                let _ = std::fs::remove_file(folder.path("new.pdf"));
                let fault = format!("--inject={call}:signal=KILL:when={when}");
                let is_done = traced(&folder, &[&fault], words).status.success();
                for name in folder.names() {
                    let is_whole = folder.read(&name) == pdf;
                    let may_be = match &*name {
                        "a.jpg" | "b.jpg" | "old.jpg" | "new.jpg" => true,
                        "old.pdf" => is_whole || folder.read(&name) == b"older",
                        "new.pdf" => is_whole,
                        // The new file has a temporary name before it replaces the old one.
                        _ => is_whole && call == "renameat",
                    };
                    assert!(may_be, "{words:?}, {fault}: {name}");
                    if name.starts_with(".pdfmagic-") {
                        std::fs::remove_file(folder.path(&name)).unwrap();
                    }
                }
                if is_done {
                    break;
                }
                kills += 1;
            }
        }
    }
    assert!(kills > 3 * CALLS.len(), "{kills}");
}

#[test]
fn an_interrupt_while_replacing_a_file_leaves_no_temporary_file() {
    if !may_trace() {
        return;
    }
    for signal in ["INT", "TERM", "HUP"] {
        let (folder, pdf) = folder();
        let names = folder.names();
        // The first link fails, since the file exists.
        let fault = format!("--inject=linkat:signal={signal}:when=2");
        traced(&folder, &[&fault], &["old.jpg", "old.pdf"]);
        assert_eq!(folder.names(), names, "{signal}");
        // The command may finish before the handler ends it.
        assert!([&b"older"[..], &pdf].contains(&&*folder.read("old.pdf")));
    }
}

#[test]
fn a_failed_system_call_is_reported_and_changes_no_file() {
    if !may_trace() {
        return;
    }
    let (folder, _) = folder();
    let names = folder.names();
    for (error, reason) in [
        ("ENOSPC", "no space left on device"),
        ("EDQUOT", "disk quota exceeded"),
        ("EIO", "input/output error"),
    ] {
        for call in CALLS {
            let fault = format!("--inject={call}:error={error}:when=1");
            let output = traced(&folder, &[&fault], &["old.jpg", "old.pdf"]);
            assert_eq!(
                (output.status.code(), stderr(&output)),
                (
                    Some(1),
                    format!("pdfmagic-cli: old.pdf: cannot be written: {reason}\n")
                ),
                "{fault}"
            );
            assert_eq!(folder.read("old.pdf"), b"older", "{fault}");
            assert_eq!(folder.names(), names, "{fault}");
        }
    }
}

/// NFS may report an exceeded quota only when data is synchronized. Elsewhere the file is unnamed, which NFS does not have.
#[test]
#[cfg(portable)]
fn a_late_write_error_is_reported_and_changes_no_file() {
    if !may_trace() {
        return;
    }
    let (folder, _) = folder();
    let names = folder.names();
    let fault = "--inject=fdatasync:error=EDQUOT";
    let output = traced(&folder, &[fault], &["old.jpg", "old.pdf"]);
    let message = "pdfmagic-cli: old.pdf: cannot be written: disk quota exceeded\n";
    assert_eq!(
        (output.status.code(), &*stderr(&output)),
        (Some(1), message)
    );
    assert_eq!(folder.read("old.pdf"), b"older");
    assert_eq!(folder.names(), names);
}

#[test]
fn a_full_or_read_only_file_system_is_reported() {
    let (folder, _) = folder();
    std::fs::create_dir(folder.path("disk")).unwrap();
    let script = "exec 2>&1
        mount -t tmpfs -o size=64k none disk || exit
        printf older >disk/old.pdf
        $0 old.jpg disk/old.pdf || echo status $?
        $0 --each --out-dir disk a.jpg old.jpg || echo status $?
        mount -o remount,ro disk
        $0 a.jpg disk/old.pdf || echo status $?
        $0 a.jpg disk/new.pdf 2>/dev/null || echo status $?
        ls -A disk && cat disk/old.pdf";
    // The mount disappears with its namespace.
    let mut command = Command::new("unshare");
    command
        .args(["-rm", "sh", "-c", script, BINARY])
        .current_dir(&folder.0);
    let output = command.output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    if may("mounts", output.contains("status")) {
        assert_eq!(
            output,
            "pdfmagic-cli: disk/old.pdf: cannot be written: no space left on device\n\
             status 1\n\
             pdfmagic-cli: disk/old.pdf: cannot be written: no space left on device\n\
             pdfmagic-cli: 1 of 2 failed\n\
             status 1\n\
             pdfmagic-cli: disk/old.pdf: cannot be written: read-only file system\n\
             status 1\n\
             status 1\n\
             a.pdf\n\
             old.pdf\n\
             older"
        );
    }
}

#[test]
fn interrupted_system_calls_are_retried() {
    if !may_trace() {
        return;
    }
    let (folder, pdf) = folder();
    let path = folder.path("old.jpg");
    // The dynamic loader does not retry reads, so only those of the input are interrupted.
    let input = format!("--trace-path={}", path.display());
    for (call, only) in [
        ("read", Some(&*input)),
        ("write", None),
        ("fallocate", None),
        ("copy_file_range", None),
    ] {
        let inject = format!("--inject={call}:error=EINTR:when=1+2");
        let output = traced(
            &folder,
            &[&[&*inject][..], only.as_slice()].concat(),
            &["old.jpg", "new.pdf"],
        );
        assert_eq!(
            (output.status.code(), stderr(&output)),
            (Some(0), String::new()),
            "{call}"
        );
        assert_eq!(folder.read("new.pdf"), pdf, "{call}");
    }
}

#[test]
fn no_network_is_needed() {
    let (folder, pdf) = folder();
    let alone = |words: &[&str]| {
        let mut command = Command::new("unshare");
        command.arg("-rn").args(words).current_dir(&folder.0);
        command.output()
    };
    if may(
        "network namespaces",
        alone(&["true"]).is_ok_and(|output| output.status.success()),
    ) {
        assert_eq!(alone(&[BINARY, "old.jpg", "-"]).unwrap().stdout, pdf);
    }
}
