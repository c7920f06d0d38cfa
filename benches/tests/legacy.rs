//! The original's design, as it was: what is measured beside pdfmagic must be it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use pdfmagic_benches::client::{Answer, Client, Target, Upload};

/// Takes a while, and leaves how many like it were at work.
const CONVERT: &str = "#!/bin/sh
mkdir \"$2.busy\"; sleep 0.3; ls -d \"$(dirname \"$2\")\"/*.busy | wc -l >> \"$(dirname \"$2\")/counts\"; rmdir \"$2.busy\"
printf '%%PDF-1.3 /Count 1 %%%%EOF' > \"$2\"
";

struct Legacy(Child);

impl Legacy {
    fn start(port: u16, directory: &Path, convert: &Path) -> Self {
        let address = format!("127.0.0.1:{port}");
        let child = Command::new(env!("CARGO_BIN_EXE_legacy"))
            .args(["--listen", &address, "--directory"])
            .args([directory, "--convert".as_ref(), convert])
            .spawn()
            .unwrap();
        while TcpStream::connect(&address).is_err() {
            sleep(Duration::from_millis(10));
        }
        Self(child)
    }
}

impl Drop for Legacy {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

async fn post(port: u16) -> Answer {
    let target = Target::parse(&format!("127.0.0.1:{port}")).unwrap();
    let mut client = Client::new(target, false, Duration::from_secs(20));
    client.post(&Upload::form(b"a picture")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_stay_as_files_and_ten_at_a_time_are_converted() {
    let directory = tempfile::tempdir().unwrap();
    let convert = directory.path().join("convert");
    fs::write(&convert, CONVERT).unwrap();
    fs::set_permissions(&convert, fs::Permissions::from_mode(0o755)).unwrap();
    let files = directory.path().join("files");
    fs::create_dir(&files).unwrap();
    let port = free_port();
    let _legacy = Legacy::start(port, &files, &convert);

    let asked: Vec<_> = (0..25).map(|_| tokio::spawn(post(port))).collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap().check(), Ok(()));
    }
    let named = |end: &str| {
        let names = fs::read_dir(&files)
            .unwrap()
            .map(|file| file.unwrap().file_name());
        names
            .filter(|name| name.to_str().unwrap().ends_with(end))
            .count()
    };
    assert_eq!((named(".jpg"), named(".pdf")), (25, 25));
    let counts = fs::read_to_string(files.join("counts")).unwrap();
    let most = counts
        .lines()
        .map(|count| count.parse::<u32>().unwrap())
        .max();
    // Of ten, one may have come too late to be seen beside the others.
    assert!(
        most.is_some_and(|most| (6..=10).contains(&most)),
        "{counts}"
    );
}

#[test]
fn the_client_is_sent_on_to_where_only_this_replica_has_the_file() {
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let ports = [free_port(), free_port()];
    let replicas =
        [0, 1].map(|at| Legacy::start(ports[at], directories[at].path(), "true".as_ref()));
    let ask = |port: u16, request: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let form = "--b\r\nContent-Disposition: form-data; name=\"myfile\"; filename=\"a.jpg\"\r\n\r\na picture\r\n--b--\r\n";
    let head = "POST / HTTP/1.1\r\nHost: replica\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=b";
    let answer = ask(
        ports[0],
        &format!("{head}\r\nContent-Length: {}\r\n\r\n{form}", form.len()),
    );
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let (_, rest) = answer
        .split_once("location: http://replica/Download/")
        .unwrap();
    let (id, _) = rest.split_once("\r\n").unwrap();
    fs::write(directories[0].path().join(format!("{id}.pdf")), "%PDF-").unwrap();
    let download =
        format!("GET /Download/{id} HTTP/1.1\r\nHost: replica\r\nConnection: close\r\n\r\n");
    let starts = ports.map(|port| ask(port, &download)[..12].to_owned());
    assert_eq!(starts, ["HTTP/1.1 200", "HTTP/1.1 500"]);
    drop(replicas);
}
