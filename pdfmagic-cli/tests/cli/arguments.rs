//! Tests of arguments.

use std::io::Write;
use std::process::Stdio;

use super::{Folder, contains, jpeg, pages};

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
fn that_are_invalid_exit_with_2_and_a_hint() {
    let folder = Folder::new();
    for (words, hint) in [
        (&[][..], "pdfmagic-cli in.jpg out.pdf"),
        (&["a.jpg"], "pdfmagic-cli in.jpg out.pdf"),
        (&["a.jpg", "b.jpg"], "-o out.pdf"),
        (
            &[
                "a.jpg",
                "out.pdf",
                "--quality",
                "50",
                "--backend",
                "transcode",
            ],
            "requires the backend reencode",
        ),
        (&["a.jpg", "out.pdf", "--pagesize", "A11"], "210mmx297mm"),
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

#[cfg(target_os = "linux")]
#[test]
fn can_name_files_in_any_encoding() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xE9 \n.jpg");
    folder.write(name, &jpeg(1));
    let output = folder
        .command(&[])
        .arg(name)
        .arg("out.pdf")
        .output()
        .unwrap();
    assert!(output.status.success());
    folder.write(name, b"GIF89a");
    let said = super::stderr(
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
fn can_request_lossless_or_lossy_compression() {
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

#[test]
fn completions_and_the_manual_have_every_option() {
    let folder = Folder::new();
    let text = |words: &[&str]| String::from_utf8(folder.done(words)).unwrap();
    let mut options: Vec<_> = [
        "--help",
        "inspect --help",
        "extract --help",
        "append --help",
    ]
    .iter()
    .flat_map(|words| {
        let help = text(&words.split(' ').collect::<Vec<_>>());
        let names = help.lines().filter_map(|line| {
            let (_, name) = line.trim_start().split_once("--")?;
            let is_option = line.trim_start().starts_with('-');
            let end = name.find([' ', ',', ')', '\'']).unwrap_or(name.len());
            is_option.then(|| format!("--{}", &name[..end]))
        });
        names.collect::<Vec<_>>()
    })
    .collect();
    options.dedup();
    assert!(options.len() > 60, "{options:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&["completions", shell]);
        for option in &options {
            // The completions for fish name options without hyphens.
            let name = option.trim_start_matches('-');
            assert!(script.contains(name), "{shell}: {option}");
        }
    }
    let manual = text(&["man"]).replace("\\*(Aq", "'").replace('\\', "");
    for help in [
        "--help",
        "inspect --help",
        "extract --help",
        "append --help",
    ] {
        let help = text(&help.split(' ').collect::<Vec<_>>());
        let mut lines = help.lines().map(str::trim).peekable();
        while let Some(line) = lines.next() {
            let is_option = line.starts_with('-') && !line.starts_with("- ");
            if is_option && !line.contains("--help") && !line.contains("--version") {
                let inline = line
                    .split_once("  ")
                    .map(|(_, description)| description.trim());
                let description = inline.or(lines.peek().copied()).unwrap();
                assert!(manual.contains(description), "{line}: {description}");
            }
        }
    }
}
